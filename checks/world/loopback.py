"""Servers on 127.0.0.1 that are wrong on purpose, for as long as a control looks at them."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator

from checks.model import CannotLook
from checks.world.trust import THROWAWAY

Answer = Callable[[socket.socket], None]
_PATIENCE = 5.0
_HOST = "127.0.0.1"


@contextlib.contextmanager
def serving(answer: Answer) -> Iterator[int]:
    """The port of a server that hands every connection to *answer*, one after another; gone when the block ends.

    Raises CannotLook when this machine gives no port.
    """
    try:
        listener = socket.create_server((_HOST, 0))
    except OSError as error:
        raise CannotLook(f"no server on {_HOST} could be started: {error.strerror}") from error
    with listener:
        port: int = listener.getsockname()[1]
        over = threading.Event()
        thread = threading.Thread(target=_serve, args=(listener, answer, over), daemon=True)
        thread.start()
        try:
            yield port
        finally:
            over.set()
            # Wakes the thread from accept; closing the listener does not do that everywhere.
            with contextlib.suppress(OSError), socket.create_connection((_HOST, port), timeout=_PATIENCE):
                pass
            thread.join()


def presenting(certificate: str) -> Answer:
    """Shows a shipped certificate (``expired``, ``wrong-name``, ``unknown-authority``); answers 200 to who takes it."""
    shown = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    shown.load_cert_chain(THROWAWAY / f"{certificate}.pem", THROWAWAY / "protects-nothing.key.pem")

    def answer(connection: socket.socket) -> None:
        with shown.wrap_socket(connection, server_side=True) as secured:
            saying(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")(secured)

    return answer


def saying(response: bytes) -> Answer:
    """Reads one request and answers with these bytes, whatever was asked."""

    def answer(connection: socket.socket) -> None:
        asked = b""
        while b"\r\n\r\n" not in asked and (more := connection.recv(4096)):
            asked += more
        connection.sendall(response)

    return answer


def greeting(connection: socket.socket) -> None:
    """Agrees to TLS 1.0, whatever was offered, and leaves it at that.

    Written out byte by byte: an OpenSSL that is built or configured without TLS 1.0 could not serve it.
    """
    connection.recv(4096)
    # version, random, no session id, TLS_RSA_WITH_AES_128_CBC_SHA, no compression
    hello = b"\x03\x01" + bytes(range(32)) + b"\0" + b"\x00\x2f" + b"\0"
    message = b"\x02" + len(hello).to_bytes(3, "big") + hello
    connection.sendall(b"\x16\x03\x01" + len(message).to_bytes(2, "big") + message)


def _serve(listener: socket.socket, answer: Answer, over: threading.Event) -> None:
    while True:
        connection, _ = listener.accept()
        with connection, contextlib.suppress(OSError):
            if over.is_set():
                return
            connection.settimeout(_PATIENCE)
            answer(connection)
