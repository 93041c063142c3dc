"""Listening sockets on loopback, and nowhere else."""

from __future__ import annotations

import errno
import ipaddress
import socket

from checks.twin.state import CannotStart

_TRIES = 50


def listen(host: str, port: int, *, backlog: int = 256) -> socket.socket:
    """A listening TCP socket; the port that was wished for, or a free one when it is taken (0: any free one).

    Raises CannotStart when there is none.
    """
    _must_be_loopback(host)
    for wish in dict.fromkeys((port, 0)):
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            # A restarted part must get its old port back although connections of its past life linger.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((host, wish))
            listener.listen(backlog)
        except OSError as error:
            listener.close()
            if not wish or error.errno not in (errno.EADDRINUSE, errno.EACCES):
                raise CannotStart(f"no free port on {host}: {error.strerror}") from error
            continue
        return listener
    raise CannotStart(f"no free port on {host}")


def listen_both(host: str, port: int) -> tuple[socket.socket, socket.socket]:
    """A UDP and a listening TCP socket on the same port (0: one that is free for both).

    Raises OSError when they cannot be had.
    """
    _must_be_loopback(host)
    # The system finds a port that is free for UDP; TCP may have it in use already.
    for _ in range(_TRIES if not port else 1):
        pair = _pair(host, port)
        if pair:
            return pair
    raise OSError(errno.EADDRINUSE, f"no port of {host} is free for UDP and TCP")


def _pair(host: str, port: int) -> tuple[socket.socket, socket.socket] | None:
    datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    stream = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        datagrams.bind((host, port))
        stream.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        stream.bind((host, datagrams.getsockname()[1]))
        stream.listen(64)
    except OSError as error:
        datagrams.close()
        stream.close()
        if error.errno == errno.EADDRINUSE:
            return None
        raise
    return datagrams, stream


def _must_be_loopback(host: str) -> None:
    if not ipaddress.ip_address(host).is_loopback:
        raise CannotStart(f"{host} is not a loopback address; the twin listens nowhere else")
