"""The local authority and the reading of a ClientHello, without a twin."""

from __future__ import annotations

import socket
import ssl
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from checks.twin import authority, hello, leaves

NAMES = ("site.example", "*.site.example", "127.0.0.1")


@pytest.fixture(scope="module")
def ca(tmp_path_factory: pytest.TempPathFactory) -> authority.Authority:
    """An authority of its own."""
    return authority.found(tmp_path_factory.mktemp("authority"))


def shake_hands(ca: authority.Authority, leaf: authority.Leaf, name: str, folder: Path) -> str | None:
    """The TLS version that a strict client and a server with this leaf agree on."""
    leaves.keep(folder, "arn:of:the:leaf", leaf)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(leaves.path_of(folder, "arn:of:the:leaf"))
    client = ssl.create_default_context(cafile=ca.root)
    client.verify_flags |= ssl.VERIFY_X509_STRICT
    here, there = socket.socketpair()

    def answer() -> None:
        try:
            server.wrap_socket(there, server_side=True).close()
        except OSError:
            there.close()

    thread = threading.Thread(target=answer)
    thread.start()
    try:
        with client.wrap_socket(here, server_hostname=name) as connection:
            return connection.version()
    finally:
        here.close()
        thread.join()


@pytest.mark.parametrize("algorithm", ("EC_prime256v1", "EC_secp384r1", "RSA_2048"))
@pytest.mark.parametrize("name", ("site.example", "a.site.example", "127.0.0.1"))
def test_a_leaf_is_believed_for_its_names(ca: authority.Authority, tmp_path: Path, algorithm: str, name: str) -> None:
    """By a client that knows the root alone and checks as strictly as OpenSSL can."""
    assert shake_hands(ca, authority.mint(ca, NAMES, algorithm=algorithm), name, tmp_path)


@pytest.mark.parametrize(
    ("name", "left", "why"),
    (
        pytest.param("other.example", 1, "mismatch", id="another name"),
        pytest.param("a.b.site.example", 1, "mismatch", id="two labels under a wildcard"),
        pytest.param("site.example", -1, "expired", id="expired"),
    ),
)
def test_a_leaf_is_refused_otherwise(ca: authority.Authority, tmp_path: Path, name: str, left: int, why: str) -> None:
    """The success above hung on name and date."""
    leaf = authority.mint(ca, NAMES[:2], not_after=datetime.now(UTC) + timedelta(days=left))
    with pytest.raises(ssl.SSLCertVerificationError, match=why):
        shake_hands(ca, leaf, name, tmp_path)


def test_a_chain_without_its_issuer_is_refused(ca: authority.Authority, tmp_path: Path) -> None:
    """The root alone is trusted, so the issuer must be served."""
    leaf = authority.mint(ca, NAMES)
    alone = authority.Leaf(certificate=leaf.certificate, chain="", key=leaf.key)
    with pytest.raises(ssl.SSLCertVerificationError, match="unable to get local issuer"):
        shake_hands(ca, alone, "site.example", tmp_path)


def test_an_authority_is_founded_once(ca: authority.Authority) -> None:
    """What was issued yesterday is believed today."""
    before = ca.root.read_bytes()
    assert before == authority.found(ca.folder).root.read_bytes()
    assert 0o600 == (ca.folder / "issuer.key").stat().st_mode & 0o777
    issuer = x509.load_pem_x509_certificate(ca.issuer.read_bytes())
    assert 44 == len(authority.spki(ca))
    assert issuer.not_valid_after_utc > datetime.now(UTC) + timedelta(days=3000)


def greeting(name: str | None) -> bytes:
    """A ClientHello as OpenSSL writes it."""
    out = ssl.MemoryBIO()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with pytest.raises(ssl.SSLWantReadError):
        context.wrap_bio(ssl.MemoryBIO(), out, server_hostname=name).do_handshake()
    return out.read()


@pytest.mark.parametrize("name", ("site.example", None), ids=("named", "nameless"))
@pytest.mark.parametrize("pieces", (1, 7), ids=("at once", "in pieces"))
def test_the_name_is_read_and_nothing_is_taken(name: str | None, pieces: int) -> None:
    """However the bytes arrive, and the handshake still finds them all."""
    greeted = greeting(name)
    here, there = socket.socketpair()
    with here, there:
        size = -(-len(greeted) // pieces)

        def send() -> None:
            for at in range(0, len(greeted), size):
                there.sendall(greeted[at : at + size])

        thread = threading.Thread(target=send)
        thread.start()
        assert name == hello.server_name(here, patience=10)
        thread.join()
        assert greeted == here.recv(65_536)


@pytest.mark.parametrize(
    "sent",
    (
        pytest.param(b"GET / HTTP/1.1\r\n", id="plain http"),
        pytest.param(b"", id="nothing"),
        pytest.param(b"\x16\x03\x01\x02\x00half", id="half a hello"),
        pytest.param(b"\x16\x03\x01\x00\x04\x02\x00\x00\x00", id="another message"),
        pytest.param(b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00", id="ends early"),
    ),
)
def test_what_is_no_hello_is_said_so(sent: bytes) -> None:
    """And not waited for, once the client has closed its side."""
    here, there = socket.socketpair()
    with here, there:
        there.sendall(sent)
        there.shutdown(socket.SHUT_WR)
        with pytest.raises(hello.NotTls):
            hello.server_name(here, patience=10)
