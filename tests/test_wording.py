from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.wording import quote, several, span
from tests.promises.worlds import HOSTILE


@pytest.mark.parametrize(
    ("length", "words"),
    (
        pytest.param(timedelta(0), "0 s", id="nothing"),
        pytest.param(timedelta(milliseconds=999), "0 s", id="less than a second"),
        pytest.param(timedelta(seconds=61), "1 min 1 s", id="a minute and a second"),
        pytest.param(timedelta(hours=26), "1 d 2 h", id="a day and two hours"),
        pytest.param(timedelta(days=7, seconds=1), "7 d 1 s", id="a week and a second"),
        pytest.param(timedelta(days=-1), "1 d", id="a day back"),
        pytest.param(timedelta.max, "999999999 d 23 h", id="the longest"),
    ),
)
def test_durations_are_told_in_their_two_largest_units(length: timedelta, words: str) -> None:
    """Enough to see which side of a limit it is on."""
    assert words == span(length)


def test_lists_are_short_and_never_empty() -> None:
    """How many are left out is said."""
    assert ["none", "a", "a, b and 2 more"] == [several([]), several("a"), several("abcd", limit=2)]


def test_what_a_terminal_could_obey_is_an_escape() -> None:
    """Control characters, reversed text and what is no character at all."""
    assert "\\u001b[31m\\u0000\\u202e\\ufffe" == quote(HOSTILE[:8])
    assert quote(HOSTILE, 20).endswith("…")


@given(st.text(st.characters(codec=None)))
def test_any_text_is_made_harmless(text: str) -> None:
    """Half of a surrogate pair too."""
    assert quote(text).isprintable()
    assert len(quote(text)) == len(quote(text).encode().decode())
