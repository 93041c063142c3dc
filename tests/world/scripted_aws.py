"""An AWS on loopback that says what a test tells it to, in the words that AWS's protocols use."""

from __future__ import annotations

import json
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from checks.world.aws import RealAws

Send = Callable[[BaseHTTPRequestHandler], None]


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer; *send* takes over where an answer is not what a server should send.

    *about* is a part of the path, the target or the body that it belongs to, for questions that are asked at the same
    time.
    """

    body: bytes = b""
    status: int = 200
    request_id: str = ""
    after: float = 0.0
    headers: Mapping[str, str] = field(default_factory=dict)
    send: Send | None = None
    about: str = ""


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked, and when."""

    method: str
    path: str
    headers: Message
    body: bytes
    at: float

    @property
    def words(self) -> str:
        """Wherever the protocols of AWS name an operation."""
        return f"{self.path} {self.headers.get('X-Amz-Target', '')} {self.body.decode('latin-1')}"


def json_reply(body: object, *, request_id: str = "r-1", after: float = 0.0) -> Reply:
    """What a service that speaks JSON answers."""
    return Reply(body=json.dumps(body).encode(), request_id=request_id, after=after)


def error(code: str, *, status: int = 400, request_id: str = "r-1") -> Reply:
    """How a service that speaks JSON refuses."""
    return Reply(
        body=json.dumps({"__type": code, "message": "no"}).encode(),
        status=status,
        request_id=request_id,
        headers={"x-amzn-errortype": code},
    )


def xml_reply(operation: str, inner: str, *, request_id: str = "r-1") -> Reply:
    """What a service that speaks the query protocol answers."""
    metadata = f"<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata>" if request_id else ""
    return Reply(body=f"<{operation}Response>{inner}{metadata}</{operation}Response>".encode())


def rest_xml(body: str, **headers: str) -> Reply:
    """What a service that speaks REST with XML answers."""
    return Reply(body=f'<?xml version="1.0"?>{body}'.encode(), request_id="r-1", headers=headers)


def xml_error(code: str, *, status: int = 400, message: str = "no") -> Reply:
    """How a service that speaks XML refuses."""
    said = f"<Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>"
    return Reply(
        body=f"<ErrorResponse>{said}<RequestId>r-1</RequestId></ErrorResponse>".encode(),
        status=status,
        request_id="r-1",
    )


def _hang_up(handler: BaseHTTPRequestHandler) -> None:
    handler.close_connection = True


refused = Reply(send=_hang_up)


def cut(body: bytes) -> Reply:
    """A body that ends before its length."""

    def send(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(body) + 100))
        handler.end_headers()
        handler.wfile.write(body)
        handler.close_connection = True

    return Reply(send=send)


def silent(over: threading.Event) -> Reply:
    """No answer until *over*."""

    def send(handler: BaseHTTPRequestHandler) -> None:
        over.wait(10)
        handler.close_connection = True

    return Reply(send=send)


def dripping(over: threading.Event) -> Reply:
    """A byte every now and then, until *over*."""

    def send(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        while not over.wait(0.05):
            handler.wfile.write(b" ")
        handler.close_connection = True

    return Reply(send=send)


def meeting(reply: Reply, others: threading.Barrier) -> Reply:
    """The same answer, when all *others* have been asked as well."""

    def send(handler: BaseHTTPRequestHandler) -> None:
        others.wait(10)
        _answer(handler, reply)

    return Reply(send=send, about=reply.about)


class Endpoint:
    """A server that gives its replies in turn, the last one for good, and keeps what it was asked."""

    def __init__(self, replies: Iterable[Reply], *, tls: ssl.SSLContext | None = None) -> None:
        given = list(replies)
        self._bound = [each for each in given if each.about]
        self._replies = [each for each in given if not each.about]
        self._lock = threading.Lock()
        self._given = 0
        self.requests: list[Request] = []
        self.connections = 0
        self._server = _Server(("127.0.0.1", 0), self._handler())
        if tls:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        port = self._server.server_address[1]
        self.url = f"https://localhost:{port}" if tls else f"http://127.0.0.1:{port}"

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    def _next(self, request: Request) -> Reply:
        with self._lock:
            self.requests.append(request)
            for each in self._bound:
                if each.about in request.words:
                    return each
            reply = self._replies[min(self._given, len(self._replies) - 1)]
            self._given += 1
        return reply

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = 5

            def setup(self) -> None:
                super().setup()
                endpoint.connections += 1

            def do_POST(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                asked = Request(self.command, self.path, self.headers, self.rfile.read(length), time.monotonic())
                _answer(self, endpoint._next(asked))

            do_GET = do_POST  # noqa: N815 - the library calls it by this name
            do_HEAD = do_POST  # noqa: N815

            def log_message(self, *_: object) -> None:
                """Nothing."""

        return Handler


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, *_: object) -> None:
        """A client that went away is what some tests are about."""


def _answer(handler: BaseHTTPRequestHandler, reply: Reply) -> None:
    if reply.send:
        reply.send(handler)
        return
    time.sleep(reply.after)
    handler.send_response(reply.status)
    for name, value in reply.headers.items():
        handler.send_header(name, value)
    if reply.request_id:
        handler.send_header("x-amzn-RequestId", reply.request_id)
    handler.send_header("Content-Length", str(len(reply.body)))
    handler.end_headers()
    handler.wfile.write(reply.body)


Make = Callable[..., tuple[RealAws, Endpoint]]
