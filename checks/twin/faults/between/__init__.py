"""What stands between the harness and the twin while a fault is in: loopback servers outside the harness under test."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace

from checks.twin.faults.between import aws, edge, names
from checks.twin.faults.words import View
from checks.twin.state import Twin


@contextlib.contextmanager
def seen_through(view: View, twin: Twin) -> Iterator[Twin]:
    """The twin as whoever follows *view* meets it: the same, with other places to dial."""
    with contextlib.ExitStack() as stack:
        connect = dict(twin.connect)
        met = twin
        if view.aws:
            met = replace(met, endpoint=stack.enter_context(aws.standing(view.aws, twin)))
        if view.edge:
            connect |= stack.enter_context(edge.standing(view.edge, twin))
        if view.names:
            resolver, servers = stack.enter_context(names.standing(view.names, twin))
            connect |= servers
            met = replace(met, dns=resolver)
        yield replace(met, connect=connect)
