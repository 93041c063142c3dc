"""Ask once: equal questions within an attempt share one answer, also when they are asked at the same moment."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from typing import Any, TypeVar, cast

from checks.model import CannotLook

T = TypeVar("T")


class Memo:
    """What one attempt has already asked. Thread-safe; the first to ask looks, the others wait for that look."""

    __slots__ = ("_answers", "_lock")

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._answers: dict[Hashable, Future[Any]] = {}

    def once(self, question: Hashable, look: Callable[[], T]) -> T:
        """The answer to *question*, from *look* when it is asked for the first time. An exception is an answer too."""
        with self._lock:
            first = question not in self._answers
            answer = self._answers[question] if not first else self._answers.setdefault(question, Future())
        return self._found(question, answer, look) if first else cast("T", answer.result())

    def _found(self, question: Hashable, answer: Future[T], look: Callable[[], T]) -> T:
        try:
            seen = look()
        except Exception as error:
            answer.set_exception(error)
            raise
        except BaseException:
            # An interrupt belongs to the thread that it hit; the others must neither wait for ever nor repeat it.
            with self._lock:
                del self._answers[question]
            answer.set_exception(CannotLook("the look was interrupted"))
            raise
        answer.set_result(seen)
        return seen
