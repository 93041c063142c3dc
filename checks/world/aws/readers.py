"""How one thing is read: which operation, under which names, and what is kept of its answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from checks import evidence as seen
from checks.likeness import THERE
from checks.spelling import spelt
from checks.world.aws.wire import NOTHING, Answer, Ask, Asking, shaped

# A state, and words by their names as the service says them.
Found = tuple[str, Mapping[str, object]]
Read = Callable[[Asking, str, str], Found | None]

NOT_FOUND = ("ResourceNotFoundException", "NotFoundException", "NotFound", "NoSuchEntity")


def reading(
    ask: Ask,
    which: Callable[[str], Mapping[str, object]],
    words: Callable[[Answer], Mapping[str, object]] = lambda _: {},
    *,
    state: Callable[[Answer], str] = lambda _: THERE,
) -> Read:
    """A reader that needs a single call. *which* are its parameters for a name."""

    def read(asking: Asking, region: str, name: str) -> Found | None:
        answer = asking.call(ask, region, **which(name))
        if answer is None or answer is NOTHING:
            return None
        return shaped(ask, region, lambda: (state(answer), words(answer)))

    return read


def as_evidence(kind: str, name: str, found: Found) -> seen.Described:
    """What is kept: every word that has a value, in one spelling."""
    state, words = found
    kept = tuple(sorted((word, text) for word, value in words.items() if (text := spelt(value))))
    return seen.Described(kind=kind, name=name, state=state, words=kept)


def inside(value: Any, *path: str) -> Any:  # noqa: ANN401 - an answer of AWS has no narrower type
    """What *path* leads to in an answer; None where the answer is silent."""
    for key in path:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value
