"""One plain pool of daemon threads: a look that hangs past the deadline cannot keep the process alive."""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

from checks.together import fulfil

T = TypeVar("T")


class Pool:
    """Threads that run what is submitted. Not the standard executor: that one joins its threads at exit."""

    def __init__(self, size: int) -> None:
        self._work: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._size = size
        for number in range(size):
            threading.Thread(target=self._serve, name=f"look-{number}", daemon=True).start()

    def submit(self, work: Callable[[], T]) -> Future[T]:
        """Run *work* in a thread; its value or its exception is in the future."""
        future: Future[T] = Future()
        self._work.put(lambda: fulfil(future, work))
        return future

    def close(self) -> None:
        """Let every thread end once it has done what was submitted before; nothing is waited for."""
        for _ in range(self._size):
            self._work.put(None)

    def _serve(self) -> None:
        while work := self._work.get():
            work()


def arrived(ready: queue.SimpleQueue[T], *, within: float) -> list[T]:
    """All that is there once the first of them is; nothing when none comes *within* so many seconds.

    Asked of a queue: to wait for any of a thousand futures is to touch each of them, a thousand times over.
    """
    there: list[T] = []
    with contextlib.suppress(queue.Empty):
        there.append(ready.get(timeout=within))
        while True:
            there.append(ready.get_nowait())
    return there
