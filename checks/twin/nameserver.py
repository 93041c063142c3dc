"""The DNS of the twin: two resolvers, the registry's server, and four authoritative servers per hosted zone.

A process of its own, UDP and TCP. What it knows comes from the Route 53 and CloudFront APIs and from the registrar's
file, and is asked again when either has moved, before the next query is answered. Nothing is cached.
"""

from __future__ import annotations

import contextlib
import json
import logging
import selectors
import signal
import socket
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode

from checks.twin import addresses, answering, distributions, generation, hosted_zones, loopback, registrar
from checks.twin.answering import Known, Reply
from checks.twin.asking import Access, TwinRefuses
from checks.twin.processes import report_ready
from checks.twin.state import CannotStart

_UDP_MINIMUM, _UDP_MAXIMUM = 512, 4096
_OWN_PAYLOAD = 1232
_TCP_PATIENCE = 10.0
_TRIES = 20
_LOG = logging.getLogger(__name__)


@dataclass(slots=True)
class Servers:
    """What all servers know; *seen* and *heard* are the states of the APIs and of the registrar it is as of."""

    access: Access
    folder: Path
    moved: Callable[[], int]
    registered: Callable[[], tuple[int, int]]
    regional: tuple[str, ...]
    known: Known = field(default_factory=Known)
    seen: int = -1
    heard: tuple[int, int] = (-1, -1)
    turn: threading.Lock = field(default_factory=threading.Lock)

    def now(self) -> Known | None:
        """Everything as it is now; as it was last when the APIs are gone, as name servers would go on.

        None as long as the APIs have never answered: an empty world would be a false one.
        """
        with self.turn:
            moved, registered = self.moved(), self.registered()
            if moved != self.seen:
                try:
                    served = distributions.load(self.access)
                    zones = hosted_zones.load(self.access, served)
                except TwinRefuses as error:
                    _LOG.warning("zones as of change %d are answered on: %s", self.seen, error)
                else:
                    self.known = replace(self.known, zones=zones, distributions=served, regional=self.regional)
                    self.seen, self.heard = moved, (-1, -1)
            if self.seen < 0:
                return None
            if registered != self.heard:
                told = registrar.delegations(self.folder)
                named = {dns.name.from_text(domain): servers for domain, servers in told.items()}
                self.known = replace(self.known, delegations=named)
                self.known = replace(self.known, hosts=_hosts(self.known))
                self.heard = registered
            return self.known


def main(arguments: dict[str, str]) -> None:
    """Answer until told to stop."""
    folder = Path(arguments["folder"])
    servers = Servers(
        access=Access(**json.loads(arguments["access"])),
        folder=folder,
        moved=generation.reader(Path(arguments["generation"])),
        registered=registrar.watch(folder),
        regional=tuple(json.loads(arguments["regional"])),
    )
    # What is known before the first query is still known should the APIs be gone by then.
    servers.now()
    sockets = _bind(int(arguments["port"]))
    report_ready(arguments["ready"], {"servers": {slot: pair[0].getsockname() for slot, pair in sockets.items()}})
    _serve(servers, sockets)


def _hosts(known: Known) -> dict[str, int]:
    """The slot of each name server. Zones keep the order of the API, so that a slot stays while its zone is there."""
    hosts = {answering.parent_server(origin): addresses.PARENT for origin in known.parents}
    names = list(dict.fromkeys(name for zone in known.zones for name in zone.servers))
    return {**hosts, **dict(zip(names, addresses.SERVERS, strict=False))}


def _bind(wish: int) -> dict[int, tuple[socket.socket, socket.socket]]:
    """A pair of sockets for each slot: 127.0.0.<slot> and one port for all, else 127.0.0.1 and a port each."""
    for port in ([wish] if wish else []) + [0] * _TRIES:
        found = _bind_all(port)
        if found:
            return found
    try:
        return {slot: loopback.listen_both("127.0.0.1", 0) for slot in addresses.SLOTS}
    except OSError as error:
        raise CannotStart(f"no free ports for the name servers: {error}") from error


def _bind_all(port: int) -> dict[int, tuple[socket.socket, socket.socket]]:
    found: dict[int, tuple[socket.socket, socket.socket]] = {}
    try:
        for slot in addresses.SLOTS:
            found[slot] = loopback.listen_both(f"127.0.0.{slot}", port)
            port = found[slot][0].getsockname()[1]
    except OSError:
        for pair in found.values():
            for each in pair:
                each.close()
        return {}
    return found


def _serve(servers: Servers, sockets: dict[int, tuple[socket.socket, socket.socket]]) -> None:
    with selectors.DefaultSelector() as selector:
        for slot, (datagrams, stream) in sockets.items():
            datagrams.settimeout(0)
            selector.register(datagrams, selectors.EVENT_READ, (_take_datagram, slot))
            selector.register(stream, selectors.EVENT_READ, (_take_stream, slot))
        while True:
            for key, _ in selector.select():
                take, slot = key.data
                with contextlib.suppress(OSError):
                    take(servers, slot, key.fileobj)


def _take_datagram(servers: Servers, slot: int, datagrams: socket.socket) -> None:
    wire, client = datagrams.recvfrom(65_535)
    answer = answer_wire(servers.now, slot, wire, udp=True)
    if answer:
        datagrams.sendto(answer, client)


def _take_stream(servers: Servers, slot: int, stream: socket.socket) -> None:
    connection, _ = stream.accept()
    threading.Thread(target=_converse, args=(servers, slot, connection), daemon=True).start()


def _converse(servers: Servers, slot: int, connection: socket.socket) -> None:
    with contextlib.suppress(OSError), connection, connection.makefile("rb") as incoming:
        connection.settimeout(_TCP_PATIENCE)
        while length := int.from_bytes(incoming.read(2)):
            answer = answer_wire(servers.now, slot, incoming.read(length), udp=False)
            if not answer:
                return
            connection.sendall(len(answer).to_bytes(2) + answer)


def answer_wire(now: Callable[[], Known | None], slot: int, wire: bytes, *, udp: bool) -> bytes:
    """The answer to a query as bytes; nothing for what is no query at all."""
    try:
        query = dns.message.from_wire(wire)
    except dns.message.BadEDNS:
        return b""
    except dns.exception.DNSException:
        return _format_error(wire)
    if query.flags & dns.flags.QR:
        return b""
    recursive = slot in addresses.RESOLVERS
    response = dns.message.make_response(query, our_payload=_OWN_PAYLOAD, recursion_available=recursive)
    _fill(response, query, slot, now)
    limit = max(_UDP_MINIMUM, min(query.payload, _UDP_MAXIMUM)) if udp else 65_535
    try:
        return response.to_wire(max_size=limit, prefer_truncation=True)
    except dns.exception.DNSException:
        response.answer, response.authority, response.additional = [], [], []
        response.flags |= dns.flags.TC
        return response.to_wire()


def _fill(
    response: dns.message.Message, query: dns.message.Message, slot: int, now: Callable[[], Known | None]
) -> None:
    if query.edns > 0:
        response.set_rcode(dns.rcode.BADVERS)
    elif query.opcode() != dns.opcode.QUERY:
        response.set_rcode(dns.rcode.NOTIMP)
    elif len(query.question) != 1:
        response.set_rcode(dns.rcode.FORMERR)
    else:
        asked = query.question[0]
        reply = _reply(now(), slot, asked.name.canonicalize(), asked.rdtype)
        response.set_rcode(reply.rcode)
        response.answer, response.authority = list(reply.answer), list(reply.authority)
        if reply.authoritative and slot not in addresses.RESOLVERS:
            response.flags |= dns.flags.AA


def _reply(known: Known | None, slot: int, name: dns.name.Name, kind: answering.Type) -> Reply:
    if known is None:
        return Reply(dns.rcode.SERVFAIL)
    if kind in (answering.AXFR, answering.IXFR):
        return Reply(dns.rcode.REFUSED)
    if slot in addresses.RESOLVERS:
        return answering.resolved(known, name, kind)
    if slot == addresses.PARENT:
        return answering.from_parent(known, name, kind)
    return answering.from_server(known, slot, name, kind)


def _format_error(wire: bytes) -> bytes:
    """FORMERR in its shortest form: the header alone, with the id of what was not understood."""
    header = 12
    if len(wire) < header:
        return b""
    return wire[:2] + bytes((0x80 | (wire[2] & 0x79), dns.rcode.FORMERR)) + bytes(8)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    main(json.loads(sys.argv[1]))
