"""Asks a server for one TLS version and reads its first word: a hello of its own, or an alert.

Written by hand, because OpenSSL's client refuses old versions and weak ciphers before it has asked, and reports
that in the same way as a server's refusal. Nothing is encrypted yet, so nothing else is needed.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Literal

from checks.world.names import literal
from checks.world.wire import Wire

Word = Literal["accepted", "refused"]

VERSIONS = {"1.3": 0x0304, "1.2": 0x0303, "1.1": 0x0302, "1.0": 0x0301}
_TLS12, _TLS13 = VERSIONS["1.2"], VERSIONS["1.3"]
_ALERT, _HANDSHAKE = 21, 22
_CLIENT_HELLO, _SERVER_HELLO = 1, 2
_FATAL = 2
# handshake_failure, protocol_version, insufficient_security: the alerts that refuse what was offered (RFC 8446, 6.2).
_REFUSALS = frozenset({40, 70, 71})
_MAX_RECORD = 16_384 + 2_048
# Warnings (an unrecognised name, say) may come before the hello.
_MAX_RECORDS = 4

_SUITES_13 = (0x1301, 0x1302, 0x1303)
# All that servers of the last 25 years may speak, best first: ECDHE, DHE, RSA, then 3DES, RC4, anonymous, NULL.
_SUITES = (
    0xC02C, 0xC02B, 0xC030, 0xC02F, 0xCCA9, 0xCCA8, 0x009F, 0x009E, 0xCCAA, 0xC024, 0xC023, 0xC028, 0xC027,
    0xC00A, 0xC009, 0xC014, 0xC013, 0x006B, 0x0067, 0x0039, 0x0033, 0x0038, 0x0032, 0x009D, 0x009C, 0x003D, 0x003C,
    0x0035, 0x002F, 0x0088, 0x0045, 0x0084, 0x0041, 0x0096, 0xC008, 0xC012, 0x0016, 0x0013, 0x000A,
    0xC007, 0xC011, 0x0005, 0x0004, 0x0009, 0xC019, 0xC018, 0xC017, 0x0034, 0x003A,
    0x0018, 0x001B, 0x003B, 0x0002, 0x0001,
)  # fmt: skip
# What no server should agree to any more, by what is wrong with it (RFC 7465, 8996, 9325; RFC 5246, A.5).
WEAK: Mapping[str, tuple[int, ...]] = {
    "NULL": (0x0001, 0x0002, 0x003B, 0xC001, 0xC006, 0xC00B, 0xC010, 0xC015),
    "anonymous": (0x0018, 0x001B, 0x0034, 0x003A, 0x006C, 0x006D, 0x00A6, 0x00A7, 0xC016, 0xC017, 0xC018, 0xC019),
    "RC4": (0x0004, 0x0005, 0xC002, 0xC007, 0xC00C, 0xC011),
    "3DES": (0x000A, 0x0013, 0x0016, 0xC003, 0xC008, 0xC00D, 0xC012),
    "static RSA": (0x002F, 0x0035, 0x003C, 0x003D, 0x0041, 0x0084, 0x0096, 0x009C, 0x009D, 0xC09C, 0xC09D),
}
_SERVER_NAME, _GROUPS, _POINT_FORMATS, _SIGNATURES = 0, 10, 11, 13
_SUPPORTED_VERSIONS, _PSK_MODES, _KEY_SHARE, _RENEGOTIATION = 43, 45, 51, 0xFF01
_X25519 = 29
_ALL_GROUPS = (_X25519, 23, 24, 25)
_ALL_SIGNATURES = (0x0403, 0x0503, 0x0603, 0x0804, 0x0805, 0x0806, 0x0401, 0x0501, 0x0601, 0x0203, 0x0201, 0x0807)


def client_hello(host: str, version: str, suites: Iterable[int] = ()) -> bytes:
    """The record that offers *version* and no other, with *suites* alone where some are given."""
    number = VERSIONS[version]
    new = number == _TLS13
    body = b"".join((
        _short(min(number, _TLS12)),
        os.urandom(32),
        # A session id, as TLS 1.3 clients send for the sake of middleboxes.
        _counted(1, os.urandom(32) if new else b""),
        _counted(2, b"".join(map(_short, tuple(suites) or (_SUITES_13 if new else _SUITES)))),
        _counted(1, b"\0"),
        _counted(2, b"".join(_extensions(host, number))),
    ))  # fmt: skip
    message = bytes((_CLIENT_HELLO,)) + _counted(3, body)
    return bytes((_HANDSHAKE, 3, 1)) + _counted(2, message)


def first_word(wire: Wire, version: str) -> Word | None:
    """What the server says to the offer of *version*; None when its first records decide nothing.

    A hello of another version is a refusal; without a *version* every hello is an acceptance. Raises OSError or
    Unanswered when it says nothing.
    """
    for _ in range(_MAX_RECORDS):
        header = wire.exactly(5)
        length = int.from_bytes(header[3:5], "big")
        if header[0] not in (_ALERT, _HANDSHAKE) or length > _MAX_RECORD:
            return None
        content = wire.exactly(length)
        if header[0] == _HANDSHAKE:
            return _of_hello(content, version)
        if content[:1] == bytes((_FATAL,)):
            return word_of(content)
    return None


def word_of(alert: bytes) -> Word | None:
    """What an alert says to the offer; None for a warning, and for one that is about something else."""
    return "refused" if alert[:1] == bytes((_FATAL,)) and alert[-1] in _REFUSALS else None


def _of_hello(message: bytes, asked: str) -> Word | None:
    if len(message) < 39 or message[0] != _SERVER_HELLO:  # noqa: PLR2004 - the fixed part of a ServerHello
        return None
    return "accepted" if not asked or _chosen(message) == VERSIONS[asked] else "refused"


def _chosen(message: bytes) -> int:
    """The version of a ServerHello: the extension's where there is one (RFC 8446, 4.2.1)."""
    legacy = int.from_bytes(message[4:6], "big")
    at = 39 + message[38] + 3 + 2  # session id, cipher suite and compression, length of the extensions
    while at + 4 <= len(message):
        kind, length = int.from_bytes(message[at : at + 2], "big"), int.from_bytes(message[at + 2 : at + 4], "big")
        if kind == _SUPPORTED_VERSIONS:
            return int.from_bytes(message[at + 4 : at + 4 + length], "big")
        at += 4 + length
    return legacy


def _extensions(host: str, number: int) -> list[bytes]:
    told = [
        _extension(_GROUPS, _counted(2, b"".join(map(_short, _ALL_GROUPS)))),
        _extension(_POINT_FORMATS, _counted(1, b"\0")),
        _extension(_RENEGOTIATION, _counted(1, b"")),
    ]
    if literal(host) is None:
        told.append(_extension(_SERVER_NAME, _counted(2, b"\0" + _counted(2, host.encode("ascii")))))
    if number >= _TLS12:
        told.append(_extension(_SIGNATURES, _counted(2, b"".join(map(_short, _ALL_SIGNATURES)))))
    if number == _TLS13:
        # Any 32 bytes are a public key of X25519; the handshake ends before its private half would be needed.
        share = _short(_X25519) + _counted(2, os.urandom(32))
        told.append(_extension(_SUPPORTED_VERSIONS, _counted(1, _short(_TLS13))))
        told.append(_extension(_PSK_MODES, _counted(1, b"\x01")))
        told.append(_extension(_KEY_SHARE, _counted(2, share)))
    return told


def _extension(kind: int, content: bytes) -> bytes:
    return _short(kind) + _counted(2, content)


def _short(number: int) -> bytes:
    return number.to_bytes(2, "big")


def _counted(width: int, content: bytes) -> bytes:
    """*content* after its length in *width* bytes."""
    return len(content).to_bytes(width, "big") + content
