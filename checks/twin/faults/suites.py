"""A server that still agrees to suites which OpenSSL 3 no longer has: its hello is written by hand."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Callable

from checks.twin.faults.between.edge import Edge, as_served
from checks.twin.faults.between.http import Dress
from checks.twin.faults.handshakes import raw
from checks.twin.faults.words import Fault

# TLS_RSA_WITH_3DES_EDE_CBC_SHA and TLS_RSA_WITH_RC4_128_SHA, by their numbers (IANA, "TLS Cipher Suites").
_TRIPLE_DES, _RC4 = 0x000A, 0x0005
# What the edge itself would choose: those of TLS 1.3, and the elliptic ones with AES-GCM or ChaCha20.
OWN = frozenset({0x1301, 0x1302, 0x1303, 0xC02B, 0xC02C, 0xC02F, 0xC030, 0xCCA8, 0xCCA9})
_TLS12 = 0x0303
_RECORD, _MESSAGE, _FIXED = 5, 4, 34


def offered(record: bytes) -> frozenset[int]:
    """The suites of a ClientHello (RFC 5246, 7.4.1.2); none where the bytes are no such record."""
    at = _RECORD + _MESSAGE + _FIXED
    if record[:1] != b"\x16" or len(record) <= at:
        return frozenset()
    at += 1 + record[at]
    length = int.from_bytes(record[at : at + 2], "big")
    listed = record[at + 2 : at + 2 + length]
    return frozenset(int.from_bytes(listed[each : each + 2], "big") for each in range(0, len(listed) - 1, 2))


def hello(suite: int) -> bytes:
    """A ServerHello of TLS 1.2 that chooses *suite*, as a record."""
    body = _TLS12.to_bytes(2, "big") + os.urandom(32) + b"\0" + suite.to_bytes(2, "big") + b"\0"
    message = b"\x02" + len(body).to_bytes(3, "big") + body
    return b"\x16\x03\x03" + len(message).to_bytes(2, "big") + message


def agreeing(suite: int) -> Callable[[Edge], Dress]:
    """Whoever offers *suite* and nothing that the edge itself would choose is given it; others meet the edge."""

    def talk(edge: Edge) -> Dress:
        served = as_served(edge.leaf)

        def dress(plain: socket.socket) -> socket.socket | None:
            suites = offered(plain.recv(4096, socket.MSG_PEEK))
            if suite not in suites or suites & OWN:
                return served(plain)
            plain.sendall(hello(suite))
            with contextlib.suppress(OSError):
                plain.shutdown(socket.SHUT_WR)
            return None

        return dress

    return talk


FAULTS: tuple[Fault, ...] = (
    Fault(
        id="TLS-33",
        family="TLS / certificate",
        breaks="3DES is accepted",
        promise="tls.suites",
        stage=raw("tls.suites", agreeing(_TRIPLE_DES)),
    ),
    Fault(
        id="X-TLS-07",
        family="TLS / certificate",
        breaks="RC4 is accepted",
        promise="tls.suites",
        stage=raw("tls.suites", agreeing(_RC4)),
    ),
)
