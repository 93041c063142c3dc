"""A cursor is ours, whole, and for its list; or it is nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from khaya_api.cursors import LONGEST, seal, unseal

KEY, OTHER = b"k" * 32, b"o" * 32
SCOPE = "jobs?status=open"
POSITION = {"id": "0b9c2f9e-3f0e-4a51-9a77-0d3f4f3f8c11", "createdAt": "2026-11-22T12:00:00.123Z"}
CURSOR = seal(POSITION, scope=SCOPE, key=KEY)

positions = st.dictionaries(st.text(max_size=6), st.text(max_size=8), max_size=2)


@given(position=positions, scope=st.text(max_size=40))
def test_what_is_sealed_is_unsealed(position: dict[str, str], scope: str) -> None:
    """Whatever the position and the list."""
    assert position == unseal(seal(position, scope=scope, key=KEY), scope=scope, keys=[KEY])


def test_a_cursor_is_short_and_fits_a_url() -> None:
    """Letters, digits, `-` and `_` alone; far from the longest that is read."""
    assert CURSOR.replace("-", "").replace("_", "").isalnum()
    assert len(CURSOR) < LONGEST / 2


@given(at=st.integers(0, len(CURSOR) - 1), character=st.characters())
def test_a_cursor_with_one_other_character_is_none(at: int, character: str) -> None:
    """Each single character is covered, the spare bits of the last one too."""
    changed = CURSOR[:at] + character + CURSOR[at + 1 :]

    assert (POSITION if changed == CURSOR else None) == unseal(changed, scope=SCOPE, keys=[KEY])


@given(cut=st.integers(0, len(CURSOR) - 1))
def test_part_of_a_cursor_is_none(cut: int) -> None:
    """From either end."""
    assert unseal(CURSOR[:cut], scope=SCOPE, keys=[KEY]) is None
    assert unseal(CURSOR[cut + 1 :], scope=SCOPE, keys=[KEY]) is None


@given(st.text(max_size=LONGEST + 5))
def test_any_other_text_is_none(text: str) -> None:
    """And no text is an exception."""
    assert unseal(text, scope=SCOPE, keys=[KEY]) is None or text == CURSOR


@pytest.mark.parametrize("suffix", ("=", "==", "\n", " ", "A"))
def test_more_than_a_cursor_is_none(suffix: str) -> None:
    """There is one spelling of each cursor."""
    assert unseal(CURSOR + suffix, scope=SCOPE, keys=[KEY]) is None


@pytest.mark.parametrize("scope", ("jobs?status=expired", "jobs?status=ope", "", "bids?status=open"))
def test_a_cursor_is_for_its_own_list(scope: str) -> None:
    """The list is part of what is signed."""
    assert unseal(CURSOR, scope=scope, keys=[KEY]) is None


def test_scope_and_position_cannot_be_shifted_into_each_other() -> None:
    """Where the one ends and the other begins is part of what is signed."""
    position = {"a": "b"}

    assert seal(position, scope="x", key=KEY) != seal(position, scope="x\0", key=KEY)


@pytest.mark.parametrize(
    ("keys", "found"),
    (
        pytest.param([KEY], True, id="the key"),
        pytest.param([OTHER, KEY], True, id="the key before this one"),
        pytest.param([OTHER], False, id="another key"),
        pytest.param([], False, id="no key"),
    ),
)
def test_any_key_of_the_ring_opens(keys: list[bytes], found: bool) -> None:  # noqa: FBT001 - a column of the table
    """The first signs, all verify."""
    assert (POSITION if found else None) == unseal(CURSOR, scope=SCOPE, keys=keys)
