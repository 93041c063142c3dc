"""One request over HTTP/2, as the bytes that it is: the preface, our settings, a HEAD, and what comes back.

RFC 9113. Whether a server speaks it can be told from the kinds of its frames; nothing has to be decompressed.
"""

from __future__ import annotations

from checks.world.wire import Unanswered, Wire, why

_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_HEADERS, _RESET, _SETTINGS, _GOAWAY = 1, 3, 4, 7
_ACK, _ENDS = 1, 4 | 1
_STREAM = 1
_HEAD = 9
# RFC 9113, 4.2: longer frames are only sent to those who said that they take them.
_LONGEST = 16_384
# Windows, pings and priorities may come before the answer.
_FRAMES = 64
# RFC 7541, appendix A: ":scheme https" and ":path /", then the names that a value of ours is put to.
_HTTPS_ROOT = b"\x87\x84"
_METHOD, _AUTHORITY, _AGENT = b"\x02", b"\x01", b"\x0f\x2b"


def spoken(wire: Wire, host: str, agent: str) -> str:
    """What is wrong with the server's HTTP/2; empty when it took our settings and answered a HEAD request."""
    fields = _HTTPS_ROOT + b"".join(
        name + _text(value) for name, value in ((_METHOD, "HEAD"), (_AUTHORITY, host), (_AGENT, agent))
    )
    try:
        wire.send(_PREFACE + _frame(_SETTINGS) + _frame(_HEADERS, _ENDS, _STREAM, fields))
        return _answer(wire)
    except Unanswered as error:
        return str(error)
    except OSError as error:
        return why(error)


def _answer(wire: Wire) -> str:
    """RFC 9113, 3.4 and 6.5: their settings come first, ours are acknowledged; then the answer to the request."""
    heard = set[str]()
    for turn in range(_FRAMES):
        kind, flags, stream, payload = _next(wire)
        acknowledges = kind == _SETTINGS and bool(flags & _ACK)
        if turn == 0 and (kind != _SETTINGS or acknowledges):
            return f"the first frame is of type {kind}, and not its settings"
        if kind == _SETTINGS:
            heard.add("acknowledged" if acknowledges else "settings")
            if not acknowledges:
                wire.send(_frame(_SETTINGS, _ACK))
        if kind == _GOAWAY:
            return f"it ended the connection with error {int.from_bytes(payload[4:8], 'big')}"
        if kind == _RESET and stream == _STREAM:
            return f"it broke the request off with error {int.from_bytes(payload[:4], 'big')}"
        if kind == _HEADERS and stream == _STREAM:
            heard.add("answered")
        if {"settings", "acknowledged", "answered"} == heard:
            return ""
    return f"{_FRAMES} frames, and no {'answer' if 'answered' not in heard else 'word on our settings'}"


def _next(wire: Wire) -> tuple[int, int, int, bytes]:
    """Type, flags, stream and payload of a frame. Raises Unanswered for what is none."""
    head = wire.exactly(_HEAD)
    length = int.from_bytes(head[:3], "big")
    if length > _LONGEST:
        raise Unanswered(f"a frame of {length} bytes, or no HTTP/2 at all")
    return head[3], head[4], int.from_bytes(head[5:9], "big") & 0x7FFF_FFFF, wire.exactly(length)


def _frame(kind: int, flags: int = 0, stream: int = 0, payload: bytes = b"") -> bytes:
    return len(payload).to_bytes(3, "big") + bytes((kind, flags)) + stream.to_bytes(4, "big") + payload


def _text(value: str) -> bytes:
    """RFC 7541, 5.2, as it is; the longest host name takes a second byte for its length."""
    raw, most = value.encode("ascii"), 127
    if len(raw) < most:
        return bytes((len(raw),)) + raw
    rest = len(raw) - most
    return bytes((most, *((rest,) if rest <= most else (rest % 128 | 128, rest // 128)))) + raw
