"""What a server does with an offer: how large a group it exchanges keys in, and whether its HTTP/2 is any."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import Event, RequestReceived
from hypothesis import given
from hypothesis import strategies as st

from checks.evidence import Group, Multiplexed, Refused, Silence
from checks.twin.faults.offers import OAKLEY, parameters
from checks.world.deadline import Deadline
from checks.world.exchange import group_size
from checks.world.real import RealClock
from checks.world.wire import Wire
from tests.world.authorities import Issuer, with_rsa
from tests.world.servers import HOST, Answer, closed_port, dns_server, hears, tcp_server, under_tls, zone
from tests.world.worlds import world_of

SITE = "site.example"
# What servers choose: DHE_RSA_WITH_AES_128_GCM_SHA256, and the same over an elliptic curve, which nobody offered.
HELLO_DHE = b"\x03\x03" + bytes(32) + b"\0" + b"\x00\x9e" + b"\0"
HELLO_ECDHE = b"\x03\x03" + bytes(32) + b"\0" + b"\xc0\x2f" + b"\0"


def _message(kind: int, content: bytes) -> bytes:
    return bytes((kind,)) + len(content).to_bytes(3, "big") + content


def _records(data: bytes, *, size: int = 16_384, kind: int = 22) -> bytes:
    pieces = [data[at : at + size] for at in range(0, len(data), size)]
    return b"".join(bytes((kind, 3, 3)) + len(each).to_bytes(2, "big") + each for each in pieces)


def _exchange(bits: int) -> bytes:
    prime = (1 << (bits - 1) | 1).to_bytes((bits + 7) // 8, "big")
    return len(prime).to_bytes(2, "big") + prime + b"\0\x01\x02" + b"\0\x01\x05" + bytes(20)


def _flight(bits: int, *, hello: bytes = HELLO_DHE) -> bytes:
    return _message(2, hello) + _message(11, bytes(3000)) + _message(12, _exchange(bits)) + _message(14, b"")


def _answering(*sent: bytes) -> Answer:
    def answer(connection: socket.socket) -> None:
        connection.recv(4_096)
        for each in sent:
            connection.sendall(each)
        connection.shutdown(socket.SHUT_WR)

    return answer


def _group(answer: Answer, *, seconds: float = 5.0) -> Group | Silence:
    with tcp_server(answer) as port:
        return world_of(seconds=seconds).tls.group("localhost", port=port)


@pytest.mark.parametrize("bits", (512, 1023, 1024, 2048, 4096))
def test_the_size_of_a_group_is_that_of_its_prime(bits: int) -> None:
    """Read behind the hello and the certificates, whatever they are."""
    assert Group(host="localhost", address=HOST, bits=bits) == _group(_answering(_records(_flight(bits))))


@given(size=st.integers(1, 5_000), bits=st.sampled_from((1024, 2048)))
def test_messages_come_in_any_number_of_records(size: int, bits: int) -> None:
    """RFC 5246, 6.2.1: a record may hold several messages, and a message several records."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(_records(_flight(bits), size=max(size, 20)))
        theirs.shutdown(socket.SHUT_WR)

        assert bits == group_size(Wire(ours, Deadline.after(RealClock(), 30)))


@given(st.binary(max_size=200))
def test_what_is_no_handshake_is_told_as_such(data: bytes) -> None:
    """Whatever comes, it ends in a size, a refusal or a doubt."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(data)
        theirs.shutdown(socket.SHUT_WR)

        assert group_size(Wire(ours, Deadline.after(RealClock(), 30))) in {"refused", None, *range(4096)}


@pytest.mark.parametrize(
    ("sent", "unclear"),
    (
        pytest.param(_records(b"\x02\x28", kind=21), False, id="handshake_failure"),
        pytest.param(_records(b"\x01\x70", kind=21) + _records(b"\x02\x47", kind=21), False, id="after a warning"),
        pytest.param(b"", False, id="hung up"),
        pytest.param(_records(b"\x02\x50", kind=21), True, id="internal_error"),
        pytest.param(_records(_flight(1024, hello=HELLO_ECDHE)), True, id="a suite that nobody offered"),
        pytest.param(_records(_message(2, HELLO_DHE) + _message(14, b"")), True, id="no key exchange"),
        pytest.param(_records(_message(2, HELLO_DHE)), True, id="hung up in the middle"),
        pytest.param(_records(_message(2, HELLO_DHE) + _message(12, b"\0\x80\1")), True, id="half a prime"),
        pytest.param(b"HTTP/1.1 400 Bad Request\r\n\r\n", True, id="no TLS"),
    ),
)
def test_a_refusal_is_told_from_a_doubt(sent: bytes, unclear: bool) -> None:  # noqa: FBT001 - a column of the table
    """An alert about the offer, or hanging up over it, refuses it; everything else says nothing."""
    assert Group(host="localhost", address=HOST, unclear=unclear) == _group(_answering(sent))


def test_a_real_server_without_such_suites_refuses(issuer: Issuer) -> None:
    """As CloudFront does."""
    with tcp_server(under_tls(issuer.server(SITE), lambda _: None)) as port:
        seen = world_of().tls.group("localhost", port=port)

    assert Group(host="localhost", address=HOST) == seen


def test_a_server_that_keeps_silent_has_no_known_group() -> None:
    """Time may have run out on our side; nobody at home is silence."""

    def holds(connection: socket.socket) -> None:
        while connection.recv(4_096):
            pass

    assert Group(host="localhost", address=HOST, unclear=True) == _group(holds, seconds=0.3)
    assert isinstance(world_of().tls.group("localhost", port=closed_port()), Silence)
    assert isinstance(world_of().tls.http2("localhost", port=closed_port()), Silence)
    with dns_server(zone()) as server:
        nameless = world_of(resolver=server.resolver)
        assert isinstance(nameless.tls.group(SITE), Silence)
        assert isinstance(nameless.tls.http2(SITE), Silence)


def test_a_real_group_is_measured(tmp_path: Path) -> None:
    """OpenSSL's own exchange, in the group of long ago that the fault uses."""
    context = with_rsa(tmp_path, SITE)
    context.set_ciphers("DHE-RSA-AES128-GCM-SHA256:@SECLEVEL=0")
    (tmp_path / "group.pem").write_text(parameters(OAKLEY))
    context.load_dh_params(str(tmp_path / "group.pem"))
    with tcp_server(under_tls(context, hears)) as port:
        seen = world_of().tls.group("localhost", port=port)

    assert Group(host="localhost", address=HOST, bits=1024) == seen


# --- HTTP/2 -----------------------------------------------------------------------------------------


def _http2(answer: Answer, issuer: Issuer, *, seconds: float = 5.0, host: str = SITE) -> object:
    context = issuer.server(SITE)
    context.set_alpn_protocols(["h2", "http/1.1"])
    with (
        dns_server(zone(f"{host}. 60 IN A 127.0.0.1")) as server,
        tcp_server(under_tls(context, answer, goodbye=False)) as port,
    ):
        return world_of(resolver=server.resolver, seconds=seconds).tls.http2(host, port=port)


def _serving(asked: list[dict[bytes, bytes]]) -> Answer:
    """A server that speaks it, written by others."""

    def take(state: H2Connection, event: Event) -> bool:
        if isinstance(event, RequestReceived):
            asked.append({bytes(name): bytes(value) for name, value in event.headers or []})
            state.send_headers(event.stream_id or 0, [(b":status", b"204")], end_stream=True)
            return True
        return False

    def answer(connection: socket.socket) -> None:
        state = H2Connection(H2Configuration(client_side=False, header_encoding=None))
        state.initiate_connection()
        connection.sendall(state.data_to_send())
        while data := connection.recv(4_096):
            _ = [take(state, each) for each in state.receive_data(data)]
            connection.sendall(state.data_to_send())

    return answer


@pytest.mark.parametrize("host", (SITE, f"{'a' * 60}.{'b' * 60}.{'c' * 60}.{'d' * 60}.example"[-250:]))
def test_a_server_that_speaks_http2_answers(host: str, issuer: Issuer) -> None:
    """It understood the request: method, path and name are what was meant."""
    asked: list[dict[bytes, bytes]] = []
    seen = _http2(_serving(asked), issuer, host=host)

    assert Multiplexed(host=host, address=HOST, agreed="h2") == seen
    (request,) = asked
    assert (b"HEAD", b"https", b"/") == (request[b":method"], request[b":scheme"], request[b":path"])
    assert request[b":authority"].startswith(f"{host}:".encode())
    assert request[b"user-agent"].startswith(b"checks/")


def _frame(kind: int, flags: int = 0, stream: int = 0, payload: bytes = b"") -> bytes:
    return len(payload).to_bytes(3, "big") + bytes((kind, flags)) + stream.to_bytes(4, "big") + payload


SETTINGS, ACK = _frame(4), _frame(4, 1)


@pytest.mark.parametrize(
    ("sent", "trouble"),
    (
        pytest.param(b"", "closed", id="hangs up on the preface"),
        pytest.param(b"HTTP/1.1 400 Bad Request\r\n\r\n", "no HTTP/2 at all", id="another protocol"),
        pytest.param(ACK, "type 4, and not its settings", id="no settings of its own"),
        pytest.param(SETTINGS + _frame(1, 5, 1, b"\x88"), "closed", id="ours are never acknowledged"),
        pytest.param(SETTINGS + ACK + _frame(7, 0, 0, bytes(7) + b"\x02"), "error 2", id="goes away"),
        pytest.param(SETTINGS + ACK + _frame(3, 0, 1, b"\0\0\0\x07"), "error 7", id="breaks the request off"),
        pytest.param(SETTINGS + ACK + _frame(6, 0, 0, bytes(8)) * 70, "no answer", id="talks of something else"),
        pytest.param(SETTINGS + ACK + _frame(8, 0, 0, b"\0\0\1\0") + _frame(1, 5, 1, b"\x88"), "", id="answers"),
    ),
)
def test_what_is_no_http2_is_told(sent: bytes, trouble: str, issuer: Issuer) -> None:
    """A browser that agreed to it has no second choice."""

    def answer(connection: socket.socket) -> None:
        connection.recv(4_096)
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(4_096):
            pass

    seen = _http2(answer, issuer)

    assert isinstance(seen, Multiplexed)
    assert trouble in seen.trouble
    assert bool(trouble) == bool(seen.trouble)


def test_silence_after_an_agreement_is_the_servers_own(issuer: Issuer) -> None:
    """The handshake was fine, so the line is."""

    def holds(connection: socket.socket) -> None:
        while connection.recv(4_096):
            pass

    seen = _http2(holds, issuer, seconds=0.5)

    assert Multiplexed(host=SITE, address=HOST, agreed="h2", trouble="no answer in time") == seen


@pytest.mark.parametrize(("offered", "agreed"), ((["http/1.1"], "http/1.1"), ([], "")))
def test_who_agrees_to_something_else_is_not_asked(offered: list[str], agreed: str, issuer: Issuer) -> None:
    """HTTP/1.1 has checks of its own."""
    context = issuer.server(SITE)
    if offered:
        context.set_alpn_protocols(offered)
    with tcp_server(under_tls(context, lambda _: None)) as port:
        seen = world_of().tls.http2("localhost", port=port)

    assert Multiplexed(host="localhost", address=HOST, agreed=agreed) == seen


def test_a_handshake_that_fails_is_refused_or_silence() -> None:
    """Whatever else is wrong with it, tls.certificate says."""

    def plain(connection: socket.socket) -> None:
        connection.recv(4_096)
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    def resets(connection: socket.socket) -> None:
        connection.recv(4_096)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")

    for answer, kind in ((plain, Refused), (resets, Silence)):
        with tcp_server(answer) as port:
            assert isinstance(world_of().tls.http2("localhost", port=port), kind)
