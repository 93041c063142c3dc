"""Several looks of one check at the same time."""

from __future__ import annotations

import threading

import pytest

from checks.together import together


def test_answers_come_in_the_order_of_the_questions() -> None:
    """Whoever is slower keeps their place."""
    second_is_done = threading.Event()

    def first() -> str:
        assert second_is_done.wait(timeout=10)
        return "first"

    def second() -> str:
        second_is_done.set()
        return "second"

    assert ("first", "second") == together(first, second)


def test_nothing_asked_is_nothing_answered() -> None:
    """An empty question has an empty answer."""
    assert () == together()


@pytest.mark.parametrize("place", (0, 1, 2))
def test_what_one_raises_is_raised(place: int) -> None:
    """A look that could not be made is not a look with an empty answer."""

    def breaks() -> int:
        raise LookupError("no answer")

    looks = [lambda: 1, lambda: 2, lambda: 3]
    looks[place] = breaks
    with pytest.raises(LookupError, match="no answer"):
        together(*looks)
