"""Faults that only those with IPv6 meet: addresses that nobody answers at, or where another one does."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import dns.rrset

from checks.twin import addresses
from checks.twin.faults.bench import Bench
from checks.twin.faults.between.names import Answer, Onward, Question, Twist
from checks.twin.faults.chains import Wish
from checks.twin.faults.handshakes import shown
from checks.twin.faults.staging import edge_of
from checks.twin.faults.words import Fault, View

# Of the documentation's range, and of none of the twin's servers.
_STALE = "2001:db8:e::dead"


def _led_to(address: str, apex: str) -> Twist:
    """Names of the site have this IPv6 address and no other."""

    def twist(question: Question, onward: Onward) -> Answer:
        response = onward()
        if question.type == "AAAA" and (question.name == apex or question.name.endswith(f".{apex}")):
            name = question.message.question[0].name
            response.answer = [dns.rrset.from_text(name, 60, "IN", "AAAA", address)]
        return response

    return twist


def _hung_up(_: socket.socket) -> None:
    """Whoever comes is let in, and the line goes dead."""


@contextmanager
def stale(bench: Bench) -> Iterator[View]:
    """The name leads to where nobody speaks any more."""
    named = tuple(each.name for each in bench.checks("tls.addresses_v6")) or (bench.check("tls.addresses_v6").name,)
    edge = edge_of(bench, dress=_hung_up, at=(_STALE,))
    yield View(named=named, names=_led_to(_STALE, bench.apex), edge=edge)


FAULTS: tuple[Fault, ...] = (
    Fault(
        id="DNS-16",
        family="DNS / Route 53",
        breaks="there are IPv6 addresses that nobody answers at",
        stage=stale,
        promise="tls.addresses_v6",
    ),
    Fault(
        id="TLS-42",
        family="TLS / certificate",
        breaks="IPv6 addresses show another certificate",
        stage=shown(Wish(names=("another.example",)), "tls.addresses_v6", at=addresses.EDGE_V6),
        promise="tls.addresses_v6",
    ),
    Fault(
        id="X-TLS-08",
        family="TLS / certificate",
        breaks="one IPv6 address of several shows an expired certificate",
        stage=shown(Wish(days=(-90, -1)), "tls.addresses_v6", at=addresses.EDGE_V6[4:5]),
        promise="tls.addresses_v6",
    ),
)
