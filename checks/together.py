"""Several looks of one check at the same time: what they cost is the slowest of them, not their sum."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")


def together(*looks: Callable[[], T]) -> tuple[T, ...]:
    """What each of *looks* gives, in their order. Raises what the first of them (in that order) raised.

    All but the first get a daemon thread each: threads of a pool that is itself waited for could wait for one another.
    """
    others: list[Future[T]] = [_started(look) for look in looks[1:]]
    head = tuple(look() for look in looks[:1])
    return (*head, *(each.result() for each in others))


def _started(look: Callable[[], T]) -> Future[T]:
    promised: Future[T] = Future()
    threading.Thread(target=_fulfil, args=(promised, look), name="together", daemon=True).start()
    return promised


def _fulfil(promised: Future[T], look: Callable[[], T]) -> None:
    try:
        promised.set_result(look())
    except BaseException as error:  # noqa: BLE001 - whatever it is belongs to whoever waits
        promised.set_exception(error)
