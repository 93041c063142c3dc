"""Small questions put together into one."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from typing import Generic, TypeVar

from checks.together import fulfil

T = TypeVar("T")


class Batch(Generic[T]):
    """Puts single names together into one question.

    The first to come waits for *pause*, then asks for all who came meanwhile; later comers form the next batch.
    """

    def __init__(self, ask: Callable[[Sequence[str]], Mapping[str, T]], pause: Callable[[], None]) -> None:
        self._ask = ask
        self._pause = pause
        self._lock = threading.Lock()
        self._waiting: dict[str, Future[T]] = {}

    def get(self, name: str) -> T:
        """The answer for *name*; KeyError when the batch has none."""
        with self._lock:
            leads = not self._waiting
            mine = self._waiting.setdefault(name, Future())
        if leads:
            self._pause()
            self._ask_for_all()
        return mine.result()

    def _ask_for_all(self) -> None:
        with self._lock:
            waiting, self._waiting = self._waiting, {}
        answers: Future[Mapping[str, T]] = Future()
        fulfil(answers, lambda: self._ask(tuple(waiting)))
        for name, future in waiting.items():
            fulfil(future, lambda name=name: answers.result()[name])  # type: ignore[misc]
