"""A recorded AWS: what the twin's emulator answered once, answered again at once and over TLS.

The emulator itself would be what is measured: it answers one question at a time. So every question that the workload
asks is put to it once through a recorder, and the recording is served by a server that only looks answers up, each
after the service time that a real service takes.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import http.client
import re
import ssl
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

HOST = "127.0.0.1"
SERVICE_S = 0.010
_BACKLOG = 1024
_SCOPE = re.compile(r"Credential=([^/]+)/[0-9]+/([^/]+)/([^/]+)/")
_MADE_BY_SERVERS = frozenset({"connection", "content-length", "transfer-encoding", "server", "date"})
_FORGED = (
    403,
    (("content-type", "text/xml"), ("x-amzn-requestid", "00000000-0000-0000-0000-000000000000")),
    (
        b"<ErrorResponse><Error><Type>Sender</Type><Code>InvalidClientTokenId</Code>"
        b"<Message>The security token included in the request is invalid.</Message></Error>"
        b"<RequestId>00000000-0000-0000-0000-000000000000</RequestId></ErrorResponse>"
    ),
)
_THROTTLED = (
    400,
    (("content-type", "application/x-amz-json-1.0"), ("x-amzn-requestid", "throttled")),
    b'{"__type":"com.amazon.coral.availability#ThrottlingException","message":"Rate exceeded"}',
)

# What is asked for several names at once may be asked for any of them: then the longest recorded answer counts.
_TOGETHER, _ANY = "DescribeAlarms", b"*"

# An operation, how often a second it may be asked, and how often at once.
Quota = tuple[str, float, int]
Answer = tuple[int, tuple[tuple[str, str], ...], bytes]
_NOTHING: Answer = (0, (), b"")


@dataclass(frozen=True, slots=True)
class Tape:
    """Answers by the digest of their question, and the one access key that is not refused."""

    answers: dict[str, Answer] = field(default_factory=dict)
    known_key: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """The AWS that is recorded, and the only access key that it knows."""

    host: str
    port: int
    trust: ssl.SSLContext
    access_key_id: str


def key_of(method: str, path: str, headers: dict[str, str], body: bytes) -> str:
    """The same for two requests that ask the same of the same service in the same region."""
    scope = _SCOPE.search(headers.get("authorization", ""))
    whom = f"{scope[2]}/{scope[3]}" if scope else "nobody"
    told = f"{method} {path} {whom} {headers.get('x-amz-target', '')}\n".encode() + body
    return hashlib.sha256(told).hexdigest()


@contextlib.contextmanager
def recording(source: Source) -> Iterator[tuple[int, Tape]]:
    """A plain HTTP port that leads to *source*, and the tape that it fills."""
    tape = Tape(known_key=source.access_key_id)

    class Recorder(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _any(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            body = self.rfile.read(int(headers.get("content-length") or 0))
            key = key_of(self.command, self.path, headers, body)
            answer = (
                _FORGED
                if _is_forged(headers, tape.known_key)
                else _asked(source, self.command, self.path, headers, body)
            )
            tape.answers[key] = answer
            together = key_of(self.command, self.path, headers, _ANY)
            if len(answer[2]) > len(tape.answers.get(together, _NOTHING)[2]):
                tape.answers[together] = answer
            status, told, text = answer
            self.send_response_only(status)
            for name, value in told:
                self.send_header(name, value)
            self.send_header("content-length", str(len(text)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(text)

        do_GET = do_POST = do_PUT = do_HEAD = do_DELETE = _any  # noqa: N815 - the handler's own naming

        def log_message(self, *_: object) -> None:
            """Nothing: the recording is what is kept."""

    server = ThreadingHTTPServer((HOST, 0), Recorder)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_address[1], tape
    finally:
        server.shutdown()
        server.server_close()


def _asked(source: Source, method: str, path: str, headers: dict[str, str], body: bytes) -> Answer:
    connection = http.client.HTTPSConnection(source.host, source.port, timeout=30, context=source.trust)
    kept = {name: value for name, value in headers.items() if name not in {"connection", "expect"}}
    with contextlib.closing(connection):
        connection.request(method, path, body=body or None, headers=kept)
        answer = connection.getresponse()
        text = answer.read()
    told = tuple((name.lower(), value) for name, value in answer.getheaders() if name.lower() not in _MADE_BY_SERVERS)
    return answer.status, told, text


def _is_forged(headers: dict[str, str], known_key: str) -> bool:
    scope = _SCOPE.search(headers.get("authorization", ""))
    return scope is not None and scope[1] != known_key


class Bucket:
    """A quota that is enforced: tokens that come back with time."""

    def __init__(self, allowed: Quota | None) -> None:
        self._allowed = allowed
        self._tokens = float(allowed[2]) if allowed else 0.0
        self._at = time.monotonic()

    def gives(self, target: str) -> bool:
        """Whether one more call of the operation in *target* is allowed now."""
        if self._allowed is None or not target.endswith(self._allowed[0]):
            return True
        _, rate, burst = self._allowed
        now = time.monotonic()
        self._tokens = min(float(burst), self._tokens + (now - self._at) * rate)
        self._at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


@dataclass(frozen=True, slots=True)
class Scene:
    """What is served: the recording, pages by host, under which certificate (with its key), within which quota."""

    tape: Tape
    certificate: Path
    site: dict[str, bytes]
    allowed: Quota | None = None


@dataclass(frozen=True, slots=True)
class Replayed:
    """A running replay: its port, and what it was asked since it was last asked for that."""

    port: int
    counted: Callable[[], Counter[str]]


@contextlib.contextmanager
def replaying(scene: Scene) -> Iterator[Replayed]:
    """An HTTPS port that plays *scene*; a process of its own."""
    here, there = get_context("spawn").Pipe()
    process = get_context("spawn").Process(target=_serve, args=(scene, there), daemon=True)
    process.start()

    def counted() -> Counter[str]:
        here.send("count")
        told: Counter[str] = here.recv()
        return told

    try:
        yield Replayed(here.recv(), counted)
    finally:
        process.terminate()
        process.join(timeout=10)


def _serve(scene: Scene, told: Connection) -> None:
    asyncio.run(_run(scene, told))


async def _run(scene: Scene, told: Connection) -> None:
    counts: Counter[str] = Counter()
    bucket = Bucket(scene.allowed)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(scene.certificate)

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while await _one(reader, writer, scene, bucket, counts):
                pass
        writer.close()

    server = await asyncio.start_server(connected, HOST, 0, ssl=context, backlog=_BACKLOG)

    ended = asyncio.Event()

    def asked() -> None:
        try:
            told.recv()
        except EOFError:
            ended.set()  # whoever started this was killed: nobody will end it
            asyncio.get_running_loop().remove_reader(told.fileno())
            return
        told.send(counts.copy())
        counts.clear()

    asyncio.get_running_loop().add_reader(told.fileno(), asked)
    told.send(server.sockets[0].getsockname()[1])
    await ended.wait()


def recorded_answer(tape: Tape, method: str, path: str, headers: dict[str, str], body: bytes) -> Answer | None:
    """What was answered to this question, or to the widest of its kind where that depends on who asks together."""
    told = tape.answers.get(key_of(method, path, headers, body))
    if told is None and f"{path} {headers.get('x-amz-target', '')}".endswith(_TOGETHER):
        return tape.answers.get(key_of(method, path, headers, _ANY))
    return told


async def _one(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    scene: Scene,
    bucket: Bucket,
    counts: Counter[str],
) -> bool:
    """Answer one request; whether the connection may be used for another."""
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    except asyncio.IncompleteReadError:
        return False
    method, path, _ = head[0].split(" ", 2)
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
    body = await reader.readexactly(int(headers.get("content-length") or 0))
    page = scene.site.get(headers.get("host", "").partition(":")[0])
    if page is not None:
        answer: Answer = (200, (("content-type", "text/html; charset=utf-8"),), page)
    else:
        forged = _is_forged(headers, scene.tape.known_key)
        counts[f"{'forged ' * forged}{headers.get('x-amz-target') or method + ' ' + path} {body[:80]!r}"] += 1
        missing: Answer = (500, (), f"not on the tape: {method} {path} {body[:200]!r}".encode())
        answer = _FORGED if forged else recorded_answer(scene.tape, method, path, headers, body) or missing
        if not bucket.gives(headers.get("x-amz-target", "")):
            answer = _THROTTLED
        await asyncio.sleep(SERVICE_S)
    status, fields, text = answer
    # Who has a clock tells the time (RFC 9110, 6.6.1), and a run believes its own only beside another's.
    lines = [
        f"HTTP/1.1 {status} OK",
        f"date: {formatdate(usegmt=True)}",
        *(f"{name}: {value}" for name, value in fields),
        f"content-length: {len(text)}",
    ]
    writer.write("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + (b"" if method == "HEAD" else text))
    await writer.drain()
    return headers.get("connection", "").lower() != "close"
