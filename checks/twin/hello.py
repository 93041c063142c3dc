"""Reads the server name of a TLS ClientHello without consuming it, so that the listener can choose before it answers.

Certificate, protocol floor and ciphers belong to the distribution; OpenSSL takes over the first of them alone when
the context is switched during a handshake.
"""

from __future__ import annotations

import select
import socket
import time

_RECORD_HEADER = 5
_HANDSHAKE, _CLIENT_HELLO = 22, 1
_SERVER_NAME, _HOST_NAME = 0, 0
_MAX_RECORD = 16_384 + _RECORD_HEADER
# Fatal alert `handshake_failure`: CloudFront's answer to a name that no distribution has.
REFUSAL = bytes((21, 3, 3, 0, 2, 2, 40))


class NotTls(Exception):
    """What arrived is no complete ClientHello."""


def server_name(connection: socket.socket, *, patience: float) -> str | None:
    """The name the client asks for, lower case; None when it names none.

    Nothing is taken from the connection. Raises NotTls for anything else than a ClientHello, or none in time.
    """
    limit = time.monotonic() + patience
    wanted = _RECORD_HEADER
    while True:
        connection.settimeout(max(0.01, limit - time.monotonic()))
        try:
            seen = connection.recv(_MAX_RECORD, socket.MSG_PEEK)
        except OSError as error:
            raise NotTls(f"no ClientHello: {error}") from error
        if not seen:
            raise NotTls("closed before a ClientHello")
        if len(seen) >= _RECORD_HEADER:
            if seen[0] != _HANDSHAKE:
                raise NotTls(f"record type {seen[0]}, {_HANDSHAKE} was expected")
            wanted = min(_RECORD_HEADER + int.from_bytes(seen[3:5]), _MAX_RECORD)
        if len(seen) >= wanted > _RECORD_HEADER:
            return _name_in(seen[_RECORD_HEADER:wanted])
        if time.monotonic() > limit or _left(connection):
            raise NotTls("half a ClientHello")
        # A peek returns at once as long as there is anything: give the rest of the record time to arrive.
        time.sleep(0.002)


def _left(connection: socket.socket) -> bool:
    """The client has closed its side; a peek cannot tell. Not known outside Linux, where patience ends it."""
    hung_up: int = getattr(select, "POLLRDHUP", 0)
    poll = select.poll()
    poll.register(connection, hung_up)
    return bool(hung_up and poll.poll(0))


def _name_in(hello: bytes) -> str | None:
    try:
        if hello[0] != _CLIENT_HELLO:
            raise NotTls(f"handshake message {hello[0]}, {_CLIENT_HELLO} was expected")
        at = 4 + 2 + 32  # message header, version, random
        at += 1 + hello[at]  # session id
        at += 2 + int.from_bytes(hello[at : at + 2])  # cipher suites
        at += 1 + hello[at]  # compression methods
        end = at + 2 + int.from_bytes(hello[at : at + 2])
        at += 2
        while at + 4 <= min(end, len(hello)):
            kind, length = int.from_bytes(hello[at : at + 2]), int.from_bytes(hello[at + 2 : at + 4])
            if kind == _SERVER_NAME:
                return _host_in(hello[at + 4 : at + 4 + length])
            at += 4 + length
    except IndexError as error:
        raise NotTls("a ClientHello that ends early") from error
    return None


def _host_in(extension: bytes) -> str | None:
    # server_name_list: length (2), then entries of type (1), length (2), name.
    if len(extension) < 5 or extension[2] != _HOST_NAME:  # noqa: PLR2004 - the sum of the lengths above
        return None
    length = int.from_bytes(extension[3:5])
    return extension[5 : 5 + length].decode("ascii", "replace").rstrip(".").lower() or None
