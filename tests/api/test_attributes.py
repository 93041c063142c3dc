"""Our spelling of values is boto3's, which the functions do not pay for."""

from __future__ import annotations

from decimal import Decimal

import pytest
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from hypothesis import given
from hypothesis import strategies as st

from khaya_api import attributes

# DynamoDB holds 38 digits: beyond them there is nothing to be the same as.
NUMBERS = st.integers(-(10**37), 10**37) | st.decimals(-(10**9), 10**9, places=2)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@given(VALUES)
def test_what_is_written_is_what_boto3_would_write(value: object) -> None:
    """Rows written by either are the same rows."""
    assert TypeSerializer().serialize(value) == attributes.spelt(value)


@given(VALUES)
def test_what_is_read_is_what_boto3_would_read(value: object) -> None:
    """There and back."""
    written = TypeSerializer().serialize(value)

    assert TypeDeserializer().deserialize(written) == attributes.read(written)


def test_numbers_are_exact() -> None:
    """The last cent of a hundred million rand is still there."""
    assert Decimal(10_000_000_001) == attributes.read(attributes.spelt(10_000_000_001))


@pytest.mark.parametrize("value", (1.5, b"bytes", {"a"}, object()), ids=lambda value: type(value).__name__)
def test_what_no_row_holds_is_refused(value: object) -> None:
    """A float would lose digits, silently."""
    with pytest.raises(TypeError, match=f"no {type(value).__name__}"):
        attributes.spelt(value)


@pytest.mark.parametrize("kind", ("B", "SS", "NS", "BS"))
def test_what_no_row_of_ours_has_is_said(kind: str) -> None:
    """A row that somebody else wrote."""
    with pytest.raises(TypeError, match=f"type {kind}"):
        attributes.read({kind: []})
