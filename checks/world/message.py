"""Reads one HTTP/1.1 response (RFC 9112) from a connection: bounded in size, honest about what was cut off."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterator

from checks.frozen import dataclass
from checks.world.ports import MOST_BODY
from checks.world.wire import Unanswered, Wire, why

_MOST_HEAD = 65_536
_MOST_FIELDS = 200
_MOST_INTERIM = 10
_LONGEST_CHUNK_LINE = 4_096

_HEAD_END = re.compile(rb"\r?\n\r?\n")
_STATUS_LINE = re.compile(rb"HTTP/1\.[01] ([1-5]\d\d)(?: .*)?", re.DOTALL)
_FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*", re.DOTALL)
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,16})[ \t]*(?:;.*)?")
_NO_BODY = frozenset({204, 304})
_SWITCHING = 101
_INTERIM = range(100, 200)
_ZLIB_ANY_HEADER = zlib.MAX_WBITS | 32
_DECODABLE = frozenset({"gzip", "x-gzip", "deflate"})

Fields = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A response as it came: *body* decoded and no longer than asked for, *complete* and *capped* as in Response."""

    status: int
    fields: Fields
    body: bytes
    complete: bool
    capped: bool


class _CutOff(Exception):
    """The other side ended before its message did."""


@dataclass(slots=True)
class _Reader:
    """A connection read in lines and pieces; *pending* has arrived and is not yet used."""

    wire: Wire
    pending: bytes = b""

    def more(self) -> bool:
        """Wait for more; False when the other side has finished in order. Raises _CutOff when it broke off."""
        try:
            arrived = self.wire.receive()
        except TimeoutError:
            raise
        except OSError as error:
            raise _CutOff(why(error)) from error
        self.pending += arrived
        return bool(arrived)

    def line(self) -> bytes:
        """The next line without its end. Raises _CutOff, and Unanswered for an endless one."""
        while b"\n" not in self.pending:
            if len(self.pending) > _LONGEST_CHUNK_LINE:
                raise Unanswered(f"a line of more than {_LONGEST_CHUNK_LINE} bytes where a chunk was expected")
            if not self.more():
                raise _CutOff("closed within a chunked body")
        line, _, self.pending = self.pending.partition(b"\n")
        return line.removesuffix(b"\r")

    def pieces(self, count: int) -> Iterator[bytes]:
        """The next *count* bytes as they arrive. Raises _CutOff."""
        while count:
            if not self.pending and not self.more():
                raise _CutOff(f"closed {count} bytes too early")
            piece, self.pending = self.pending[:count], self.pending[count:]
            count -= len(piece)
            yield piece


def read_message(wire: Wire, method: str, most: int = MOST_BODY) -> Message:
    """The final response to a request with *method*, of whose body no more than *most* bytes are kept.

    Raises Unanswered for what is no response, TimeoutError at the deadline (a body dripped too slowly included).
    """
    reader = _Reader(wire)
    status, fields = _final_head(reader)
    if method == "HEAD" or status in _NO_BODY:
        return Message(status=status, fields=fields, body=b"", complete=True, capped=False)
    body = bytearray()
    decode = _decoder(fields, most)
    try:
        for piece in _body(reader, fields):
            decode.feed(piece, body)
            if len(body) > most:
                return Message(status=status, fields=fields, body=bytes(body[:most]), complete=True, capped=True)
    except (_CutOff, zlib.error):
        return Message(status=status, fields=fields, body=bytes(body), complete=False, capped=False)
    return Message(status=status, fields=fields, body=bytes(body), complete=decode.finished(), capped=False)


def _final_head(reader: _Reader) -> tuple[int, Fields]:
    for _ in range(_MOST_INTERIM):
        status, fields = _parsed(_head(reader))
        if status not in _INTERIM or status == _SWITCHING:
            return status, fields
    raise Unanswered(f"more than {_MOST_INTERIM} interim responses and no final one")


def _head(reader: _Reader) -> bytes:
    """The bytes of one head. What is left over is the beginning of the body."""
    while (end := _HEAD_END.search(reader.pending)) is None:
        if len(reader.pending) > _MOST_HEAD:
            raise Unanswered(f"headers of more than {_MOST_HEAD} bytes")
        try:
            going_on = reader.more()
        except _CutOff as error:
            raise Unanswered(f"{error}{_after(reader)}") from error
        if not going_on:
            raise Unanswered(f"the connection was closed{_after(reader)}")
    if end.start() > _MOST_HEAD:
        raise Unanswered(f"headers of more than {_MOST_HEAD} bytes")
    head, reader.pending = reader.pending[: end.start()], reader.pending[end.end() :]
    return head


def _after(reader: _Reader) -> str:
    return f" after {reader.pending[:60]!r}" if reader.pending else " without an answer"


def _parsed(head: bytes) -> tuple[int, Fields]:
    first, *lines = re.split(rb"\r?\n", head)
    status = _STATUS_LINE.fullmatch(first)
    if status is None:
        raise Unanswered(f"not HTTP: the answer begins with {first[:60]!r}")
    if len(lines) > _MOST_FIELDS:
        raise Unanswered(f"more than {_MOST_FIELDS} headers")
    fields: list[tuple[str, str]] = []
    for line in lines:
        if line[:1] in b" \t" and fields:
            name, value = fields.pop()
            fields.append((name, f"{value} {line.strip().decode('latin-1')}"))
            continue
        field = _FIELD.fullmatch(line)
        if field is None:
            raise Unanswered(f"a malformed header: {line[:60]!r}")
        fields.append((field[1].decode("ascii").lower(), field[2].decode("latin-1")))
    return int(status[1]), tuple(fields)


def _body(reader: _Reader, fields: Fields) -> Iterator[bytes]:
    """The body in pieces, as RFC 9112, 6.3 delimits it."""
    codings = _values(fields, "transfer-encoding")
    if codings:
        if codings != ["chunked"]:
            raise Unanswered(f"transfer-encoding {', '.join(codings)} is not understood")
        return _chunks(reader)
    lengths = set(_values(fields, "content-length"))
    if not lengths:
        return _until_closed(reader)
    length = lengths.pop()
    if lengths or not (length.isascii() and length.isdigit()):
        raise Unanswered(f"a contradictory content-length: {', '.join(sorted({length, *lengths}))}")
    return reader.pieces(int(length))


def _chunks(reader: _Reader) -> Iterator[bytes]:
    while True:
        line = reader.line()
        size = _CHUNK_SIZE.fullmatch(line)
        if size is None:
            raise Unanswered(f"a chunk begins with {line[:60]!r} where its size was expected")
        if not int(size[1], 16):
            break
        yield from reader.pieces(int(size[1], 16))
        if reader.line():
            raise Unanswered("a chunk is longer than it said")
    while reader.line():
        pass  # trailers say nothing that anybody here asks for


def _until_closed(reader: _Reader) -> Iterator[bytes]:
    while reader.pending or reader.more():
        yield reader.pending
        reader.pending = b""


def _values(fields: Fields, name: str) -> list[str]:
    return [part.strip().lower() for key, value in fields if key == name for part in value.split(",") if part.strip()]


@dataclass(slots=True)
class _Decoder:
    """Undoes the content coding, never making more than what may still be kept."""

    start: Callable[[bytes], zlib._Decompress] | None
    most: int
    inflating: zlib._Decompress | None = None

    def feed(self, piece: bytes, body: bytearray) -> None:
        """Add the decoded *piece* to *body*. Raises zlib.error for what cannot be decoded."""
        if self.start is None:
            body += piece
            return
        self.inflating = self.inflating or self.start(piece)
        body += self.inflating.decompress(piece, self.most + 1 - len(body))

    def finished(self) -> bool:
        """Whether the coding came to its own end."""
        return self.start is None or (self.inflating is not None and self.inflating.eof)


def _decoder(fields: Fields, most: int) -> _Decoder:
    # Only the plain body was asked for; a server may compress none the less.
    codings = [each for each in _values(fields, "content-encoding") if each != "identity"]
    if not codings:
        return _Decoder(None, most)
    if len(codings) > 1 or codings[0] not in _DECODABLE:
        raise Unanswered(f"the body came as {', '.join(codings)} although only identity was asked for")
    return _Decoder(_inflater, most)


def _inflater(first: bytes) -> zlib._Decompress:
    """For gzip, for deflate as it is specified (zlib), and for deflate as some servers send it (bare)."""
    bare = first[:1] != b"\x1f" and (first[0] & 0x0F != zlib.DEFLATED or int.from_bytes(first[:2], "big") % 31 != 0)
    return zlib.decompressobj(-zlib.MAX_WBITS if bare else _ZLIB_ANY_HEADER)
