from __future__ import annotations

import pytest

from checks.model import Unresolved
from checks.spelling import document, spelt


@pytest.mark.parametrize(
    ("value", "text"),
    (
        (None, ""),
        (True, "true"),
        (5.0, "5"),
        (0.5, "0.5"),
        (7, "7"),
        ("As it is ", "As it is "),
        (["b", "a"], '["a","b"]'),
        (["a"], '"a"'),
        ({"b": 1, "a": [True], "c": None}, '{"a":"true","b":"1"}'),
        (Unresolved("x"), "Unresolved(why='x')"),
    ),
)
def test_one_value_has_one_spelling(value: object, text: str) -> None:
    """Whoever writes it: a template in YAML, or a service in JSON."""
    assert text == spelt(value)


@pytest.mark.parametrize(
    ("one", "other"),
    (
        ({"a": ["x"]}, '{"a": "x"}'),
        ({"a": ["x", "y"], "b": 1}, '{"b": "1", "a": ["y", "x"]}'),
        ({"a": True}, '{"a": "true"}'),
    ),
)
def test_the_same_document_has_the_same_digest(one: object, other: object) -> None:
    """Order, and lists of one, do not count."""
    assert document(one) == document(other)


@pytest.mark.parametrize("other", ({"a": ["x", "y"]}, {"a": "y"}, {}, "", None, "{", {"b": "x"}))
def test_another_document_has_another(other: object) -> None:
    """And nothing has none."""
    assert document({"a": "x"}) != document(other)
    assert "" == document({}) == document("") == document(None)
