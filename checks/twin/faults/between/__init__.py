"""What stands between the harness and the twin while a fault is in: loopback servers outside the harness under test."""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace

from checks.twin.faults.between import aws, edge, names
from checks.twin.faults.words import View
from checks.twin.state import Address, CannotStart, Twin


@dataclass(frozen=True, slots=True, kw_only=True)
class _Met:
    """Where the twin is met for a while."""

    endpoint: str
    dns: Address
    connect: dict[Address, Address]


@contextlib.contextmanager
def seen_through(view: View, twin: Twin) -> Iterator[Twin]:
    """The twin as whoever follows *view* meets it: the same, with other places to dial.

    What stands there is a process of its own, so that it does not share an interpreter with the harness. It is forked,
    because what a fault does there is a closure; it speaks to sockets alone, and its parent looks at nothing meanwhile.
    Raises CannotStart.
    """
    if not (view.aws or view.edge or view.names):
        yield twin
        return
    told, leave = os.pipe(), os.pipe()
    with warnings.catch_warnings():
        # Python 3.12 warns of forks beside threads: those of earlier runs wait for work and hold no lock.
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
        met: _Met = pickle.loads(said)  # noqa: S301 - from our own child
        yield replace(twin, endpoint=met.endpoint, dns=met.dns, connect=met.connect)
    finally:
        os.close(leave[1])
        os.waitpid(child, 0)


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
def _standing(view: View, twin: Twin) -> Iterator[_Met]:
    with contextlib.ExitStack() as stack:
        connect, endpoint, resolver = dict(twin.connect), twin.endpoint, twin.dns
        if view.aws:
            endpoint = stack.enter_context(aws.standing(view.aws, twin))
        if view.edge:
            connect |= stack.enter_context(edge.standing(view.edge, twin))
        if view.names:
            resolver, servers = stack.enter_context(names.standing(view.names, twin))
            connect |= servers
        yield _Met(endpoint=endpoint, dns=resolver, connect=connect)
