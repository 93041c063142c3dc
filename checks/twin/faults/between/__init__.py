"""What stands between the harness and the twin while a fault is in: loopback servers outside the harness under test."""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import threading
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from checks.twin.faults.between import aws, edge, names
from checks.twin.faults.words import View
from checks.twin.state import Address, CannotStart, Twin

_ALONE_WITHIN, _GONE_WITHIN, _TICK = 5.0, 15.0, 0.01


class Stuck(CannotStart):
    """What stood before the twin did not leave when it was told to; to look again may help."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Met:
    """Where the twin is met for a while."""

    endpoint: str
    dns: Address
    connect: dict[Address, Address]


@contextlib.contextmanager
def seen_through(view: View, twin: Twin) -> Iterator[Twin]:
    """The twin as whoever follows *view* meets it: the same, with other places to dial.

    What stands there is a process of its own, so that it does not share an interpreter with the harness. It is forked,
    because what a fault does there is a closure; it speaks to sockets alone, and its parent looks at nothing meanwhile.
    Raises CannotStart, and Stuck in the end for one that hung: what was seen through it means nothing.
    """
    if not (view.aws or view.edge or view.names):
        yield twin
        return
    told, leave = os.pipe(), os.pipe()
    _until_alone()
    with warnings.catch_warnings():
        # Python 3.12 warns of forks beside threads: what is left of them waits for an answer and holds no lock.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if not child:
        _stand(view, twin, told, leave)
    os.close(told[1])
    os.close(leave[0])
    try:
        with os.fdopen(told[0], "rb") as reader:
            said = reader.read()
        if not said:
            raise CannotStart("what was to stand before the twin could not be started")
        met: Met = pickle.loads(said)  # noqa: S301 - from our own child
        yield replace(twin, endpoint=met.endpoint, dns=met.dns, connect=met.connect)
    finally:
        os.close(leave[1])
        _until_gone(child)


def _until_alone() -> None:
    """Let the threads of earlier runs end: one that does so holds a lock of OpenSSL, and a fork keeps it for ever."""
    limit = time.monotonic() + _ALONE_WITHIN
    while _threads() > 1 and time.monotonic() < limit:
        time.sleep(_TICK)


def _threads() -> int:
    """How many there are, by the kernel where it tells: by Python one is gone a moment before it has ended."""
    try:
        return sum(1 for _ in Path("/proc/self/task").iterdir())
    except OSError:
        return threading.active_count()


def _until_gone(child: int) -> None:
    limit = time.monotonic() + _GONE_WITHIN
    while os.waitpid(child, os.WNOHANG) == (0, 0):
        if time.monotonic() > limit:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            raise Stuck("what stood before the twin hung and was ended; what was seen through it means nothing")
        time.sleep(_TICK)


def _stand(view: View, twin: Twin, told: tuple[int, int], leave: tuple[int, int]) -> None:
    """In the child: stand there until the parent lets go of its end. Never returns."""
    try:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.close(told[0])
        os.close(leave[1])
        with _standing(view, twin) as met:
            os.write(told[1], pickle.dumps(met))
            os.close(told[1])
            os.read(leave[0], 1)
    finally:
        os._exit(0)


@contextlib.contextmanager
def _standing(view: View, twin: Twin) -> Iterator[Met]:
    with contextlib.ExitStack() as stack:
        connect, endpoint, resolver = dict(twin.connect), twin.endpoint, twin.dns
        if view.aws:
            endpoint = stack.enter_context(aws.standing(view.aws, twin))
        if view.edge:
            connect |= stack.enter_context(edge.standing(view.edge, twin))
        if view.names:
            resolver, servers = stack.enter_context(names.standing(view.names, twin))
            connect |= servers
        yield Met(endpoint=endpoint, dns=resolver, connect=connect)
