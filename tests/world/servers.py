"""Servers for the tests: real sockets on 127.0.0.1, each connection in a thread of its own, none left behind."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import dns.exception
import dns.flags
import dns.message
import dns.rrset

HOST = "127.0.0.1"
Answer = Callable[[socket.socket], None]
Reply = Callable[[dns.message.Message, str], "dns.message.Message | list[bytes] | None"]


@contextlib.contextmanager
def tcp_server(answer: Answer) -> Iterator[int]:
    """The port of a server that hands each connection to *answer*."""
    listener = socket.create_server((HOST, 0), backlog=128)
    over = threading.Event()
    threads: list[threading.Thread] = []

    def one(connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            answer(connection)

    def accept() -> None:
        while True:
            connection, _ = listener.accept()
            if over.is_set():
                connection.close()
                return
            connection.settimeout(5)
            threads.append(threading.Thread(target=one, args=(connection,), daemon=True))
            threads[-1].start()

    accepting = threading.Thread(target=accept, daemon=True)
    accepting.start()
    try:
        yield listener.getsockname()[1]
    finally:
        over.set()
        socket.create_connection((HOST, listener.getsockname()[1])).close()
        for thread in (accepting, *threads):
            thread.join(timeout=10)
        listener.close()


def hears(connection: socket.socket) -> None:
    """Reads a request and hangs up."""
    read_request(connection)


def waits(over: threading.Event) -> Answer:
    """Says nothing until *over* is set."""

    def answer(_: socket.socket) -> None:
        over.wait(5)

    return answer


def read_request(connection: socket.socket) -> bytes:
    """The head of one request, and what came with it."""
    seen = b""
    while b"\r\n\r\n" not in seen and (more := connection.recv(65_536)):
        seen += more
    return seen


def says(*pieces: bytes, every: float = 0.0, over: threading.Event | None = None) -> Answer:
    """Reads a request, then sends the pieces, *every* so many seconds; stops early when *over* is set."""

    def answer(connection: socket.socket) -> None:
        read_request(connection)
        for piece in pieces:
            connection.sendall(piece)
            if every and over and over.wait(every):
                return

    return answer


def under_tls(context: ssl.SSLContext, answer: Answer, *, goodbye: bool = True) -> Answer:
    """The same answer under TLS, ended with a close_notify or without."""

    def secured(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as inner:
            answer(inner)
            if goodbye:
                inner.unwrap()

    return secured


@dataclass(slots=True)
class Heard:
    """What a DNS server was asked: (name, type, recursion desired, EDNS payload, transport)."""

    port: int = 0
    questions: list[tuple[str, str, bool, int, str]] = field(default_factory=list)

    @property
    def resolver(self) -> str:
        """Its address, as settings write it."""
        return f"{HOST}:{self.port}"


@contextlib.contextmanager
def dns_server(reply: Reply) -> Iterator[Heard]:
    """A DNS server over UDP and TCP; *reply* gives a message, raw packets, or nothing."""
    heard = Heard()
    datagrams, listener = _both()
    heard.port = datagrams.getsockname()[1]
    over = threading.Event()
    threads = [
        threading.Thread(target=serve, args=(socket_, reply, heard, over), daemon=True)
        for serve, socket_ in ((_serve_datagrams, datagrams), (_serve_streams, listener))
    ]
    for thread in threads:
        thread.start()
    try:
        yield heard
    finally:
        over.set()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as waker:
            waker.sendto(b"over", (HOST, heard.port))
        socket.create_connection((HOST, heard.port)).close()
        for thread in threads:
            thread.join(timeout=10)
        datagrams.close()
        listener.close()


def _packets(wire: bytes, reply: Reply, heard: Heard, transport: str) -> list[bytes]:
    query = dns.message.from_wire(wire)
    question = query.question[0]
    kind = dns.rdatatype.to_text(question.rdtype)
    recursive = bool(query.flags & dns.flags.RD)
    heard.questions.append((question.name.to_text(omit_final_dot=True), kind, recursive, query.payload, transport))
    answer = reply(query, transport)
    if answer is None:
        return []
    return answer if isinstance(answer, list) else [answer.to_wire(max_size=65_535)]


def _serve_datagrams(datagrams: socket.socket, reply: Reply, heard: Heard, over: threading.Event) -> None:
    while True:
        wire, sender = datagrams.recvfrom(65_535)
        if over.is_set():
            return
        for packet in _packets(wire, reply, heard, "udp"):
            datagrams.sendto(packet, sender)


def _serve_streams(listener: socket.socket, reply: Reply, heard: Heard, over: threading.Event) -> None:
    while True:
        connection, _ = listener.accept()
        with connection, contextlib.suppress(OSError, dns.exception.DNSException):
            if over.is_set():
                return
            connection.settimeout(5)
            length = int.from_bytes(connection.recv(2), "big")
            for packet in _packets(connection.recv(length), reply, heard, "tcp"):
                connection.sendall(len(packet).to_bytes(2, "big") + packet)


def _both() -> tuple[socket.socket, socket.socket]:
    """A UDP and a TCP socket on one free port."""
    for _ in range(20):
        datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        datagrams.bind((HOST, 0))
        try:
            return datagrams, socket.create_server(datagrams.getsockname())
        except OSError:
            datagrams.close()
    raise RuntimeError("no port is free for both UDP and TCP")


def closed_port() -> int:
    """A port on which nobody listens."""
    with socket.create_server((HOST, 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


def record(line: str) -> dns.rrset.RRset:
    """One line of a master file."""
    name, lifetime, kind_of, type_, value = line.split(maxsplit=4)
    return dns.rrset.from_text(name, int(lifetime), kind_of, type_, value)


def zone(*lines: str, rcode: str = "NOERROR", authoritative: bool = True) -> Reply:
    """Answers from master-file lines: what fits the name and type asked, CNAMEs followed; NXDOMAIN for other names."""
    records = [record(line) for line in lines]

    def reply(query: dns.message.Message, _: str) -> dns.message.Message:
        answer = dns.message.make_response(query)
        answer.set_rcode(dns.rcode.from_text(rcode))
        answer.flags |= dns.flags.AA if authoritative else 0
        owner, kind = query.question[0].name, query.question[0].rdtype
        for _hop in range(len(records) + 1):
            answer.answer += [each for each in records if each.name == owner and each.rdtype == kind]
            alias = [each for each in records if each.name == owner and each.rdtype == dns.rdatatype.CNAME]
            if (answer.answer and answer.answer[-1].rdtype == kind) or not alias:
                break
            answer.answer += alias
            owner = alias[0][0].target
        if not any(each.name == owner for each in records) and rcode == "NOERROR":
            answer.set_rcode(dns.rcode.NXDOMAIN)
        return answer

    return reply
