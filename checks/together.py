"""Several looks of one check at the same time: what they cost is the slowest of them, not their sum."""

from __future__ import annotations

import _thread
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar, overload

T = TypeVar("T")
A = TypeVar("A")
B = TypeVar("B")


@overload
def together(first: Callable[[], A], second: Callable[[], B], /) -> tuple[A, B]: ...
@overload
def together(*looks: Callable[[], T]) -> tuple[T, ...]: ...
def together(*looks: Callable[[], T]) -> tuple[T, ...]:
    """What each of *looks* gives, in their order. Raises what the first of them (in that order) raised.

    All but the first get a thread each: threads of a pool that is itself waited for could wait for one another. Nobody
    waits for them at the end, nor until they have begun: a `Thread` would, and among sixty that start at once that is
    its turn at the interpreter.
    """
    others: list[Future[T]] = [_started(look) for look in looks[1:]]
    head = tuple(look() for look in looks[:1])
    return (*head, *(each.result() for each in others))


def _started(look: Callable[[], T]) -> Future[T]:
    promised: Future[T] = Future()
    _thread.start_new_thread(fulfil, (promised, look))
    return promised


def fulfil(promised: Future[T], look: Callable[[], T]) -> None:
    """Give *promised* what *look* gives, or what it raises."""
    try:
        promised.set_result(look())
    except BaseException as error:  # noqa: BLE001 - whatever it is belongs to whoever waits
        promised.set_exception(error)
