"""A pool that no hung look keeps alive, and how what comes out of it is collected."""

from __future__ import annotations

import queue
import threading
import time

import pytest

from checks.pool import Pool, arrived


def test_what_is_there_is_collected_at_once() -> None:
    """All of it, in the order in which it came; nobody waits for more."""
    ready: queue.SimpleQueue[int] = queue.SimpleQueue()
    for each in (3, 1, 2):
        ready.put(each)

    assert [3, 1, 2] == arrived(ready, within=600.0)
    assert ready.empty()


def test_the_first_to_come_ends_the_waiting() -> None:
    """However long one would have waited."""
    ready: queue.SimpleQueue[int] = queue.SimpleQueue()
    threading.Timer(0.05, ready.put, (7,)).start()

    assert [7] == arrived(ready, within=600.0)


@pytest.mark.parametrize("within", (0.0, 0.05))
def test_nothing_comes_of_nothing(within: float) -> None:
    """After the time that was given for it."""
    began = time.monotonic()

    assert [] == arrived(queue.SimpleQueue[int](), within=within)
    assert within <= time.monotonic() - began


def test_each_work_has_its_own_outcome() -> None:
    """A value or what was raised."""
    pool = Pool(2)

    seven, broken = pool.submit(lambda: 7), pool.submit(lambda: 1 // 0)

    assert 7 == seven.result(timeout=60)
    assert isinstance(broken.exception(timeout=60), ZeroDivisionError)


def test_a_closed_pool_does_what_was_submitted_before() -> None:
    """And its threads end then."""
    pool, begun = Pool(1), threading.Event()

    first, second = pool.submit(lambda: begun.wait(60)), pool.submit(threading.current_thread)
    pool.close()
    begun.set()

    assert first.result(timeout=60)
    worker = second.result(timeout=60)
    worker.join(timeout=60)
    assert not worker.is_alive()
