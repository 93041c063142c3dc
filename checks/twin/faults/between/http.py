"""A loopback server that passes HTTP on, lets a fault change it, and sends what the fault made of it."""

from __future__ import annotations

import contextlib
import http.client
import http.server
import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from socketserver import ThreadingMixIn
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

from checks.twin.state import Address

_PATIENCE = 30.0
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
_LEFT_OUT = frozenset({"connection", "keep-alive", "transfer-encoding", "content-length", "x-amz-crc32"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A request as it came in. *address* is where the client thought it was going, empty when it is not known."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    secure: bool

    def header(self, name: str) -> str:
        """The value of a header, empty when it was not sent."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), "")

    def without(self, *names: str) -> Visit:
        """The same request less these headers."""
        gone = {each.lower() for each in names}
        return replace(self, headers=tuple(pair for pair in self.headers if pair[0].lower() not in gone))

    @property
    def host(self) -> str:
        """The host that was asked for."""
        return self.header("host").partition(":")[0]

    @property
    def path(self) -> str:
        """The path without the query."""
        return urlsplit(self.target).path

    @property
    def service(self) -> str:
        """The AWS service that the request was signed for, empty without a signature."""
        scope = self.header("authorization").partition("Credential=")[2].partition(",")[0].split("/")
        return scope[3] if len(scope) > 3 else ""  # noqa: PLR2004 - key/date/region/service/aws4_request

    @property
    def operation(self) -> str:
        """The AWS operation: from its header, its path or its form; method and path where it is REST."""
        if target := self.header("x-amz-target"):
            return target.rpartition(".")[2]
        if "/operation/" in self.target:
            return self.target.rpartition("/")[2]
        form = parse_qs(self.body.decode("latin-1")) if b"Action=" in self.body[:2000] else {}
        return form["Action"][0] if "Action" in form else f"{self.method} {self.path}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A whole answer. Length and connection headers are made when it is sent."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    def header(self, name: str) -> str:
        """The value of a header, empty when there is none."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), "")

    def saying(self, **fields: str) -> Reply:
        """The same with these headers instead of those of the same names; underscores stand for hyphens."""
        named = {name.replace("_", "-"): value for name, value in fields.items()}
        kept = self.without(*named).headers
        return replace(self, headers=(*kept, *named.items()))

    def also(self, name: str, value: str) -> Reply:
        """The same with one header more, beside those of the same name."""
        return replace(self, headers=(*self.headers, (name, value)))

    def without(self, *names: str) -> Reply:
        """The same less these headers."""
        gone = {each.lower() for each in names}
        return replace(self, headers=tuple(pair for pair in self.headers if pair[0].lower() not in gone))

    def amended(self, change: Callable[[Any], object]) -> Reply:
        """The same with its JSON document changed in place by *change*."""
        document = json.loads(self.body)
        change(document)
        return replace(self, body=json.dumps(document).encode())

    def reworded(self, old: bytes, new: bytes) -> Reply:
        """The same with *old* in the body replaced."""
        return replace(self, body=self.body.replace(old, new))


@dataclass(frozen=True, slots=True, kw_only=True)
class Raw:
    """Bytes instead of an answer, then the end of the connection; nothing more after *hold* until we go."""

    pieces: Iterable[bytes] = ()
    hold: bool = False


Onward = Callable[[Visit], Reply]
Tamper = Callable[[Visit, Onward], Reply | Raw]
Dress = Callable[[socket.socket], socket.socket | None]


def answer(status: int, text: str | bytes = b"", kind: str = "application/json", **headers: str) -> Reply:
    """An answer of our own."""
    body = text.encode() if isinstance(text, str) else text
    return Reply(status=status, headers=(("Content-Type", kind),), body=body).saying(**headers)


@dataclass(frozen=True, slots=True, kw_only=True)
class Upstream:
    """Where requests go on to, under *trust* if it is given; *named* chooses the server name of the handshake."""

    address: Address
    trust: ssl.SSLContext | None = None
    named: Callable[[Visit], str] = lambda _: "127.0.0.1"

    def ask(self, visit: Visit) -> Reply:
        """What the twin answers. Raises OSError and http.client.HTTPException."""
        connection = http.client.HTTPConnection(*self.address, timeout=_PATIENCE)
        with contextlib.closing(connection):
            connection.connect()
            if self.trust:
                connection.sock = self.trust.wrap_socket(connection.sock, server_hostname=self.named(visit))
            connection.putrequest(visit.method, visit.target, skip_host=True, skip_accept_encoding=True)
            for name, value in visit.headers:
                if name.lower() not in {"connection", "content-length", "transfer-encoding", "expect"}:
                    connection.putheader(name, value)
            if visit.body or visit.method in {"POST", "PUT", "PATCH"}:
                connection.putheader("Content-Length", str(len(visit.body)))
            connection.endheaders(visit.body or None)
            got = connection.getresponse()
            return Reply(status=got.status, headers=tuple(got.getheaders()), body=got.read())


class _Server(ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def __init__(self, tamper: Tamper, onward: Onward, dress: Dress | None, *, secure: bool) -> None:
        self.tamper, self.onward, self.dress, self.secure = tamper, onward, dress, secure
        self.leaving = threading.Event()
        super().__init__(("127.0.0.1", 0), _Handler)

    def finish_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - as socketserver has it
        """In the connection's own thread: the handshake first, then the requests."""
        request.settimeout(_PATIENCE)
        dressed = self.dress(request) if self.dress else request
        if dressed is not None:
            _Handler(dressed, client_address, self)
            with contextlib.suppress(OSError):
                dressed.shutdown(socket.SHUT_WR)
                dressed.close()

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - as socketserver has it
        """A client that leaves, or refuses our certificate, is what many faults are about."""

    def server_bind(self) -> None:
        """Without the reverse lookup of our own name that the standard server makes."""
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = "127.0.0.1", int(self.server_address[1])


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server
    disable_nagle_algorithm: ClassVar[bool] = True

    def serve(self) -> None:
        length = int(self.headers.get("content-length") or 0)
        visit = Visit(
            method=self.command,
            target=self.path,
            headers=tuple(self.headers.items()),
            body=self.rfile.read(length),
            secure=self.server.secure,
        )
        try:
            said = self.server.tamper(visit, self.server.onward)
        except (OSError, http.client.HTTPException):
            said = answer(502, "the twin did not answer", "text/plain")
        if isinstance(said, Raw):
            self._send_raw(said)
        else:
            self.wfile.write(_wire(said, head=visit.method == "HEAD"))

    def _send_raw(self, said: Raw) -> None:
        self.close_connection = True
        for piece in said.pieces:
            if self.server.leaving.is_set():
                return
            self.wfile.write(piece)
            self.wfile.flush()
        if said.hold:
            self.server.leaving.wait()

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


for _method in _METHODS:
    setattr(_Handler, f"do_{_method}", _Handler.serve)


def _wire(said: Reply, *, head: bool) -> bytes:
    reason = http.client.responses.get(said.status, "Odd")
    kept = [(name, value) for name, value in said.headers if name.lower() not in _LEFT_OUT]
    fields = [*kept, ("Content-Length", str(len(said.body)))] if said.status not in {204, 304} else kept
    text = "".join(f"{name}: {value}\r\n" for name, value in fields)
    return f"HTTP/1.1 {said.status} {reason}\r\n{text}\r\n".encode("latin-1", "replace") + (b"" if head else said.body)


@contextlib.contextmanager
def between(tamper: Tamper, onward: Onward, *, dress: Dress | None = None, secure: bool = False) -> Iterator[Address]:
    """A server that stands there for a while; gives its address."""
    server = _Server(tamper, onward, dress, secure=secure)
    thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.05), daemon=True)
    thread.start()
    try:
        yield ("127.0.0.1", int(server.server_port))
    finally:
        server.leaving.set()
        server.shutdown()
        server.server_close()


def dressing(context: ssl.SSLContext) -> Dress:
    """A handshake as *context* has it."""
    return lambda plain: context.wrap_socket(plain, server_side=True)


def untouched(visit: Visit, onward: Onward) -> Reply | Raw:
    """Nothing is changed."""
    return onward(visit)


def only(fits: Mapping[str, str], change: Callable[[Reply], Reply | Raw]) -> Tamper:
    """Change the answers of the AWS operations in *fits* (service to a part of the operation's name)."""

    def tamper(visit: Visit, onward: Onward) -> Reply | Raw:
        wanted = fits.get(visit.service)
        said = onward(visit)
        return change(said) if wanted is not None and wanted in visit.operation else said

    return tamper
