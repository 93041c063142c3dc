from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from checks.model import CannotLook
from checks.world.memo import Memo


def test_a_question_is_looked_at_once() -> None:
    """The second to ask gets the very same answer."""
    memo = Memo()

    first, second = (memo.once("question", object) for _ in range(2))

    assert first is second


def test_another_question_is_another_look() -> None:
    """Nothing is answered from a neighbour's drawer."""
    memo = Memo()

    assert (1, 2) == (memo.once("one", lambda: 1), memo.once("two", lambda: 2))


def test_none_is_an_answer() -> None:
    """It is remembered like any other."""
    memo, looks = Memo(), list[int]()

    for _ in range(2):
        memo.once("question", lambda: looks.append(1))

    assert 1 == len(looks)


def test_a_failure_is_an_answer_too() -> None:
    """Who could not look once cannot look for anybody in this attempt."""
    memo, looks = Memo(), list[int]()

    def look() -> None:
        looks.append(1)
        raise CannotLook("no route", final=True)

    for _ in range(2):
        with pytest.raises(CannotLook, match="no route") as caught:
            memo.once("question", look)
        assert caught.value.final

    assert 1 == len(looks)


def test_those_who_ask_at_the_same_moment_wait_for_one_look() -> None:
    """Fifty threads, one look."""
    memo, looks, ready = Memo(), list[int](), threading.Barrier(50)

    def look() -> int:
        looks.append(1)
        return 7

    def ask(_: int) -> int:
        ready.wait(5)
        return memo.once("question", look)

    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(ask, range(50)))

    assert ([7] * 50, 1) == (answers, len(looks))


def test_a_look_may_ask_something_else() -> None:
    """A handshake asks for a name while others wait for the handshake."""
    memo = Memo()

    assert 3 == memo.once("outer", lambda: 1 + memo.once("inner", lambda: 2))


def test_an_interrupt_leaves_nobody_waiting() -> None:
    """Ctrl-C belongs to the thread that it hit; the others are told, and the next to ask looks afresh."""
    memo, looking, asked = Memo(), threading.Event(), threading.Event()

    def interrupted() -> int:
        looking.set()
        asked.wait(5)
        raise KeyboardInterrupt

    def first() -> str:
        try:
            memo.once("question", interrupted)
        except KeyboardInterrupt:
            return "interrupted"
        return "answered"

    def second() -> str:
        looking.wait(5)
        asked.set()
        try:
            return str(memo.once("question", lambda: 1))
        except CannotLook as error:
            return str(error)

    with ThreadPoolExecutor(2) as pool:
        one, two = pool.submit(first), pool.submit(second)

    assert "interrupted" == one.result()
    assert two.result() in {"the look was interrupted", "1"}
    assert 2 == memo.once("question" if two.result() != "1" else "another", lambda: 2)
