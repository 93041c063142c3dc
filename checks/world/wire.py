"""Connections that end at a deadline, and the translation of what went wrong on them."""

from __future__ import annotations

import contextlib
import errno
import socket
import ssl
from collections.abc import Sequence

from checks.frozen import dataclass
from checks.model import CannotLook
from checks.world.deadline import Deadline
from checks.world.names import Routes

# What only this machine can be the cause of: no route, no descriptors, no ports, a local firewall.
_OURS = frozenset({
    errno.ENETUNREACH, errno.ENETDOWN, errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT, errno.EACCES, errno.EPERM,
    errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM,
})  # fmt: skip

_WORDS: tuple[tuple[type[OSError], str], ...] = (
    (TimeoutError, "no answer in time"),
    (ssl.SSLEOFError, "the connection was closed"),
    (ssl.SSLZeroReturnError, "the connection was closed"),
    (ConnectionRefusedError, "connection refused"),
    (ConnectionError, "the connection was reset"),
)


class Unanswered(Exception):
    """The other side gave no usable answer; the text says why. Becomes Silence."""


@dataclass(frozen=True, slots=True)
class Wire:
    """A connected socket all of whose operations share one deadline. They raise OSError, TimeoutError included."""

    socket: socket.socket
    deadline: Deadline

    def send(self, data: bytes) -> None:
        """Send all of *data*."""
        # sendall of an SSLSocket starts its time-out again for each piece.
        rest = memoryview(data)
        while rest:
            self.socket.settimeout(self.deadline.left())
            rest = rest[self.socket.send(rest) :]

    def receive(self, most: int = 16_384) -> bytes:
        """What has arrived, at most *most* bytes; empty when the other side has finished."""
        self.socket.settimeout(self.deadline.left())
        return self.socket.recv(most)

    def exactly(self, count: int) -> bytes:
        """*count* bytes. Raises Unanswered when the other side ends before."""
        seen = b""
        while len(seen) < count:
            more = self.receive(count - len(seen))
            if not more:
                raise Unanswered("the connection was closed before the answer was complete")
            seen += more
        return seen

    def close(self) -> None:
        """End the connection without waiting for the other side."""
        with contextlib.suppress(OSError):
            self.socket.close()


def dial(candidates: Sequence[str], port: int, *, routes: Routes, deadline: Deadline) -> tuple[Wire, str]:
    """A connection to the first of the *candidates* (addresses) that accepts one, and that address.

    Raises Unanswered when none does, CannotLook when the fault is this machine's own.
    """
    troubles: list[tuple[str, OSError]] = []
    for tried, address in enumerate(candidates):
        place = routes.to(address, port)
        try:
            return Wire(_connected(place, deadline.share(len(candidates) - tried)), deadline), address
        except OSError as error:
            troubles.append((address, error))
    theirs = [each for each in troubles if not _is_ours(each[1])]
    raise Unanswered("; ".join(f"{address}: {why(error)}" for address, error in theirs or troubles))


def why(error: OSError) -> str:
    """In words, what the other side did. Raises CannotLook when the fault is this machine's own."""
    if _is_ours(error):
        raise CannotLook(f"this machine cannot connect: {error.strerror}") from error
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"certificate refused: {error.verify_message} (code {error.verify_code})"
    plain = next((words for kind, words in _WORDS if isinstance(error, kind)), "")
    if not plain and isinstance(error, ssl.SSLError):
        return f"TLS failed: {(error.reason or str(error)).lower().replace('_', ' ')}"
    return plain or error.strerror or str(error)


def family_of(host: str) -> socket.AddressFamily:
    """The address family of an IP address."""
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def _connected(place: tuple[str, int], deadline: Deadline) -> socket.socket:
    # Not create_connection: it asks getaddrinfo, which knows no time-out.
    dialled = socket.socket(family_of(place[0]), socket.SOCK_STREAM)
    try:
        dialled.settimeout(deadline.left())
        dialled.connect(place)
        # The end of a handshake and the request after it are two small writes; Nagle would hold the second back.
        dialled.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except OSError:
        dialled.close()
        raise
    return dialled


def _is_ours(error: OSError) -> bool:
    return error.errno in _OURS and not isinstance(error, ssl.SSLError)
