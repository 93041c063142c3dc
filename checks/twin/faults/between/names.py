"""In front of the twin's name servers: a listener for each, on UDP and TCP, that lets a fault change the answers."""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import dns.exception
import dns.message
import dns.query
import dns.rdatatype

from checks.twin import addresses, loopback
from checks.twin.state import Address, Twin

_PATIENCE = 5.0
# Name servers of the first two hosted zones; a twin rarely has more, and those keep their own listeners.
_SLOTS = (*addresses.RESOLVERS, addresses.PARENT, *addresses.SERVERS[:8])


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A query as it came in. *slot* says which server was asked, as in ``checks.twin.addresses``."""

    message: dns.message.Message
    slot: int
    udp: bool

    @property
    def name(self) -> str:
        """The name, in lower case, without the final dot."""
        return self.message.question[0].name.to_text(omit_final_dot=True).lower()

    @property
    def type(self) -> str:
        """The record type, as text."""
        return dns.rdatatype.to_text(self.message.question[0].rdtype)

    @property
    def recursive(self) -> bool:
        """Whether a resolver was asked."""
        return self.slot in addresses.RESOLVERS

    @property
    def authority(self) -> int | None:
        """Which of a zone's four servers was asked, 0 to 3; None for resolvers and the parent."""
        return (self.slot - addresses.SERVERS[0]) % 4 if self.slot >= addresses.SERVERS[0] else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Twice:
    """Two packets for one question, the wrong one *first*; over UDP alone."""

    first: bytes
    then: dns.message.Message


Answer = dns.message.Message | Twice | None
Onward = Callable[[], dns.message.Message]
# None drops the question.
Twist = Callable[[Question, Onward], Answer]


@contextlib.contextmanager
def standing(twist: Twist, twin: Twin) -> Iterator[tuple[Address, dict[Address, Address]]]:
    """Gives the resolver to ask for a while, and where the addresses of the other servers lead meanwhile."""
    real: Mapping[int, Address] = {
        slot: twin.dns if slot == addresses.RESOLVER else twin.connect[addresses.server_v4(slot), 53] for slot in _SLOTS
    }
    pairs = {slot: loopback.listen_both("127.0.0.1", 0) for slot in _SLOTS}
    leaving = threading.Event()
    server = threading.Thread(target=_serve, args=(pairs, real, twist, leaving), daemon=True)
    server.start()
    there = {slot: pair[0].getsockname() for slot, pair in pairs.items()}
    try:
        yield (
            there[addresses.RESOLVER],
            {(where(slot), 53): there[slot] for slot in _SLOTS for where in (addresses.server_v4, addresses.server_v6)},
        )
    finally:
        leaving.set()
        server.join()
        for pair in pairs.values():
            for each in pair:
                each.close()


def _serve(
    pairs: Mapping[int, tuple[socket.socket, socket.socket]],
    real: Mapping[int, Address],
    twist: Twist,
    leaving: threading.Event,
) -> None:
    with selectors.DefaultSelector() as selector:
        for slot, (datagrams, stream) in pairs.items():
            selector.register(datagrams, selectors.EVENT_READ, (_datagram, slot))
            selector.register(stream, selectors.EVENT_READ, (_stream, slot))
        while not leaving.is_set():
            for key, _ in selector.select(timeout=0.05):
                take, slot = key.data
                with contextlib.suppress(OSError):
                    take(key.fileobj, slot, real[slot], twist)


def _datagram(datagrams: socket.socket, slot: int, real: Address, twist: Twist) -> None:
    wire, client = datagrams.recvfrom(65_535)

    def work() -> None:
        with contextlib.suppress(OSError, dns.exception.DNSException):
            for each in _said(wire, slot, real, twist, udp=True):
                datagrams.sendto(each, client)

    threading.Thread(target=work, daemon=True).start()


def _stream(stream: socket.socket, slot: int, real: Address, twist: Twist) -> None:
    connection, _ = stream.accept()

    def work() -> None:
        with contextlib.suppress(OSError, dns.exception.DNSException), connection, connection.makefile("rb") as reader:
            connection.settimeout(_PATIENCE)
            while length := int.from_bytes(reader.read(2)):
                for each in _said(reader.read(length), slot, real, twist, udp=False):
                    connection.sendall(len(each).to_bytes(2) + each)

    threading.Thread(target=work, daemon=True).start()


def _said(wire: bytes, slot: int, real: Address, twist: Twist, *, udp: bool) -> list[bytes]:
    query = dns.message.from_wire(wire)
    asked = Question(message=query, slot=slot, udp=udp)

    def onward() -> dns.message.Message:
        return dns.query.tcp(query, real[0], port=real[1], timeout=_PATIENCE)

    said = twist(asked, onward)
    if said is None:
        return []
    if isinstance(said, Twice):
        return [said.first, said.then.to_wire(max_size=65_535)]
    return [said.to_wire(max_size=65_535)]
