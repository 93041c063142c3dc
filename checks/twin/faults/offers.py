"""What an edge offers and does not keep, or should not: HTTP/2 that is none, and a group that is too small."""

from __future__ import annotations

import base64
import contextlib
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from checks.twin.faults.bench import Bench
from checks.twin.faults.between.edge import Edge, as_served
from checks.twin.faults.between.http import Dress
from checks.twin.faults.chains import Wish, chain
from checks.twin.faults.handshakes import raw
from checks.twin.faults.staging import edge_of
from checks.twin.faults.suites import OWN, offered
from checks.twin.faults.words import Fault, View

_FAMILY = "TLS / certificate"
# The second Oakley group (RFC 2409, 6.2): what half of the servers used until Logjam.
OAKLEY = bytes.fromhex(
    "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DD"
    "EF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED"
    "EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE65381FFFFFFFFFFFFFFFF"
)
# An empty SETTINGS frame, and a GOAWAY with error 2, INTERNAL_ERROR (RFC 9113, 6.5 and 6.8).
_SETTINGS = bytes(3) + b"\x04" + bytes(5)
_GOAWAY = b"\0\0\x08\x07" + bytes(9) + b"\0\0\0\x02"


def agreeing_to_http2(says: bytes) -> Callable[[Edge], Dress]:
    """Whoever offers HTTP/2 is agreed with, hears *says* and is hung up on; others are served as ever."""

    def talk(edge: Edge) -> Dress:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(edge.leaf)
        context.set_alpn_protocols(["h2", "http/1.1"])

        def dress(plain: socket.socket) -> socket.socket | None:
            secured = context.wrap_socket(plain, server_side=True)
            if secured.selected_alpn_protocol() != "h2":
                return secured
            with contextlib.suppress(OSError), secured:
                secured.recv(4096)
                secured.sendall(says)
            return None

        return dress

    return talk


@contextmanager
def in_a_small_group(bench: Bench) -> Iterator[View]:
    """Who offers Diffie-Hellman over finite fields alone is met with the parameters of long ago; others as ever."""
    named = tuple(each.name for each in bench.checks("tls.group")) or (bench.check("tls.group").name,)
    edge, folder = edge_of(bench), bench.twin.home / "tmp"
    (folder / "small.pem").write_text(parameters(OAKLEY))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("DHE-RSA-AES128-GCM-SHA256:@SECLEVEL=0")
    context.load_cert_chain(chain(bench, Wish(bits=2048), folder / "rsa.pem"))
    context.load_dh_params(str(folder / "small.pem"))
    usual = as_served(edge.leaf)

    def dress(plain: socket.socket) -> socket.socket | None:
        if offered(plain.recv(4096, socket.MSG_PEEK)) & OWN:
            return usual(plain)
        return context.wrap_socket(plain, server_side=True)

    yield View(named=named, edge=replace(edge, dress=dress))


def parameters(prime: bytes) -> str:
    """DHParameter (PKCS #3) of *prime* and the generator 2, as PEM: two INTEGERs in a SEQUENCE."""
    numbers = b"\x02" + _length(len(prime) + 1) + b"\0" + prime + b"\x02\x01\x02"
    told = base64.b64encode(b"\x30" + _length(len(numbers)) + numbers).decode()
    return f"-----BEGIN DH PARAMETERS-----\n{told}\n-----END DH PARAMETERS-----\n"


def _length(count: int) -> bytes:
    """More than 127 and less than 256 bytes (X.690, 8.1.3.5)."""
    return bytes((0x81, count))


FAULTS: tuple[Fault, ...] = (
    Fault(
        id="TLS-34",
        family=_FAMILY,
        breaks="a Diffie-Hellman group of 1024 bits is accepted",
        promise="tls.group",
        stage=in_a_small_group,
    ),
    Fault(
        id="TLS-43",
        family=_FAMILY,
        breaks="HTTP/2 is offered and does not work",
        promise="tls.http2",
        stage=raw("tls.http2", agreeing_to_http2(b"")),
    ),
    Fault(
        id="X-TLS-09",
        family=_FAMILY,
        breaks="HTTP/2 is agreed on, and requests by it end the connection",
        promise="tls.http2",
        stage=raw("tls.http2", agreeing_to_http2(_SETTINGS + _GOAWAY)),
    ),
)
