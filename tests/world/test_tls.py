from __future__ import annotations

import errno
import os
import socket
import ssl
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

from checks.evidence import Accepted, Leaf, Protocols, Refused, Silence, Suites
from checks.model import CannotLook
from checks.world.real import trusting
from checks.world.trust import THROWAWAY, Trust
from tests.world.authorities import NOW, Issuer, with_rsa
from tests.world.servers import (
    HOST,
    Answer,
    closed_port,
    dns_server,
    hears,
    read_request,
    says,
    tcp_server,
    under_tls,
    waits,
    zone,
)
from tests.world.worlds import world_of

SITE = "site.example"
OK = says(b"HTTP/1.1 204 No Content\r\n\r\n")
Handshake = Accepted | Refused | Silence


def _shake(answer: Answer, issuer: Issuer, *, host: str = SITE, seconds: float = 5.0) -> Handshake:
    with tcp_server(answer) as port:
        return world_of(ca_bundle=issuer.bundle, seconds=seconds).tls.handshake(host, port=port, address=HOST)


def _versions(answer: Answer, *, seconds: float = 5.0) -> Protocols | Silence:
    with tcp_server(answer) as port:
        return world_of(seconds=seconds).tls.protocols("localhost", port=port)


def test_a_good_certificate_is_accepted_with_its_facts(issuer: Issuer) -> None:
    """Version, cipher and the leaf as it was served; its dates are aware and in UTC."""
    seen = _shake(under_tls(issuer.server(SITE, f"www.{SITE}"), OK), issuer)

    assert isinstance(seen, Accepted)
    assert (SITE, HOST, "TLSv1.3") == (seen.host, seen.address, seen.version)
    assert seen.cipher.startswith("TLS_")
    assert (SITE, f"www.{SITE}") == seen.leaf.names
    assert ("C=ZA, O=Tests, CN=Trusted", "c0ffee") == (seen.leaf.issuer, seen.leaf.serial)
    assert (NOW - timedelta(days=1), NOW + timedelta(days=60)) == (seen.leaf.not_before, seen.leaf.not_after)


def test_an_address_can_be_the_name(issuer: Issuer) -> None:
    """A certificate without that address is refused for its name, so the address was verified."""
    seen = _shake(under_tls(issuer.server(SITE), OK), issuer, host=HOST)

    assert isinstance(seen, Refused)
    assert 64 == seen.code


@pytest.mark.parametrize(
    ("make", "code", "words"),
    (
        pytest.param(lambda issuer, _: issuer.server(SITE, ends=NOW - timedelta(hours=1)), 10, "expired", id="expired"),
        pytest.param(lambda issuer, _: issuer.server(SITE, starts=NOW + timedelta(hours=1)), 9, "not yet", id="early"),
        pytest.param(lambda issuer, _: issuer.server("other.example"), 62, "mismatch", id="another name"),
        pytest.param(lambda issuer, _: issuer.server(f"*.{SITE}"), 62, "mismatch", id="wildcard for the label below"),
        pytest.param(lambda issuer, _: issuer.server(common_name=SITE), 62, "mismatch", id="common name alone"),
        pytest.param(lambda _, stranger: stranger.server(SITE), 20, "issuer", id="unknown authority"),
    ),
)
def test_a_bad_certificate_is_refused_for_its_own_reason(
    make: Callable[[Issuer, Issuer], ssl.SSLContext], code: int, words: str, issuer: Issuer, stranger: Issuer
) -> None:
    """OpenSSL's code tells one fault from another, and the facts are read although nobody trusts them."""
    seen = _shake(under_tls(make(issuer, stranger), OK), issuer)

    assert isinstance(seen, Refused)
    assert code == seen.code
    assert words in seen.reason
    assert seen.leaf is not None
    assert "c0ffee" == seen.leaf.serial


@pytest.mark.parametrize(("host", "accepted"), ((f"www.{SITE}", True), (f"a.www.{SITE}", False)))
def test_a_wildcard_covers_one_label(host: str, issuer: Issuer, *, accepted: bool) -> None:
    """One, and not two."""
    seen = _shake(under_tls(issuer.server(f"*.{SITE}"), OK), issuer, host=host)

    assert accepted == isinstance(seen, Accepted)


def test_the_expired_certificate_still_tells_when_it_expired(issuer: Issuer) -> None:
    """The reading that is needed most must not get lost with the refusal."""
    ends = NOW - timedelta(hours=1)

    seen = _shake(under_tls(issuer.server(SITE, ends=ends), OK), issuer)

    assert isinstance(seen, Refused)
    assert seen.leaf is not None
    assert (ends, (SITE,)) == (seen.leaf.not_after, seen.leaf.names)


def test_a_server_that_cannot_be_asked_twice_is_refused_without_facts(issuer: Issuer) -> None:
    """The second look is a courtesy; when it fails, the refusal stands."""
    asked = threading.Event()

    def once(connection: socket.socket) -> None:
        if not asked.is_set():
            asked.set()
            under_tls(issuer.server("other.example"), OK)(connection)

    seen = _shake(once, issuer)

    assert isinstance(seen, Refused)
    assert (62, None) == (seen.code, seen.leaf)


def test_a_certificate_that_cannot_be_read_is_refused(issuer: Issuer, monkeypatch: pytest.MonkeyPatch) -> None:
    """OpenSSL takes it and we cannot say what it is: nobody promises anything about it."""

    def unreadable(_: bytes) -> Leaf:
        raise ValueError("not a certificate")

    monkeypatch.setattr("checks.world.tls.leaf_of", unreadable)

    seen = _shake(under_tls(issuer.server(SITE), OK), issuer)

    assert Refused(host=SITE, address=HOST, reason="the certificate cannot be read") == seen


# --- a connection that is more than a handshake -----------------------------------------------------


def test_a_demand_for_a_client_certificate_is_seen_after_the_handshake(issuer: Issuer) -> None:
    """Under TLS 1.3 the handshake returns well, and the first read tells the truth."""
    context = issuer.server(SITE)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(issuer.bundle)

    seen = _shake(under_tls(context, OK), issuer)

    assert isinstance(seen, Refused)
    assert seen.reason.startswith("after the handshake")
    assert seen.leaf is not None


@pytest.mark.parametrize("goodbye", (True, False), ids=["with a goodbye", "without"])
def test_a_server_that_shakes_hands_and_says_nothing_is_refused(issuer: Issuer, *, goodbye: bool) -> None:
    """A handshake alone is no working site."""
    seen = _shake(under_tls(issuer.server(SITE), hears, goodbye=goodbye), issuer)

    assert isinstance(seen, Refused)
    assert "closed" in seen.reason


def test_a_server_that_shakes_hands_and_waits_is_silent(issuer: Issuer, over: threading.Event) -> None:
    """The deadline ends the look, and the reason says how far it came."""

    def wait(connection: socket.socket) -> None:
        read_request(connection)
        over.wait(5)

    started = time.monotonic()
    with tcp_server(under_tls(issuer.server(SITE), wait)) as port:
        seen = world_of(ca_bundle=issuer.bundle, seconds=0.4).tls.handshake(SITE, port=port, address=HOST)
        took = time.monotonic() - started
        over.set()

    assert isinstance(seen, Silence)
    assert "after a handshake that was fine" in seen.reason
    assert took < 1.5


def test_the_request_is_one_that_a_server_understands(issuer: Issuer) -> None:
    """HEAD, a Host header, a name of our own, and no wish to stay."""
    asked: list[bytes] = []

    def answer(connection: socket.socket) -> None:
        asked.append(read_request(connection))
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")

    with tcp_server(under_tls(issuer.server(SITE), answer)) as port:
        world_of(ca_bundle=issuer.bundle).tls.handshake(SITE, port=port, address=HOST)

    lines = asked[0].decode().split("\r\n")
    assert ["HEAD / HTTP/1.1", f"Host: {SITE}:{port}"] == lines[:2]
    assert "Connection: close" in lines


# --- nobody, or somebody else, answers --------------------------------------------------------------


def test_nobody_at_home_is_silence(issuer: Issuer) -> None:
    """A closed port is evidence about the target."""
    port = closed_port()

    seen = world_of(ca_bundle=issuer.bundle).tls.handshake(SITE, port=port, address=HOST)

    assert Silence(where=f"{SITE}:{port}", reason=f"{HOST}: connection refused") == seen


def test_a_server_that_hangs_up_is_silent(issuer: Issuer) -> None:
    """Accepting a connection is no answer."""
    seen = _shake(lambda connection: connection.shutdown(socket.SHUT_RDWR), issuer)

    assert isinstance(seen, Silence)
    assert "during the handshake" in seen.reason


def test_a_server_that_never_speaks_is_silent_at_the_deadline(issuer: Issuer, over: threading.Event) -> None:
    """Connected is not served."""
    started = time.monotonic()
    with tcp_server(waits(over)) as port:
        seen = world_of(ca_bundle=issuer.bundle, seconds=0.3).tls.handshake(SITE, port=port, address=HOST)
        took = time.monotonic() - started
        over.set()

    assert Silence(where=f"{SITE}:{port}", reason=f"{HOST}: no answer in time during the handshake") == seen
    assert took < 1.5


def test_a_dripping_handshake_ends_at_the_deadline(issuer: Issuer, over: threading.Event) -> None:
    """A byte now and then resets a time-out per read; it does not move a deadline."""

    def drip(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(b"\x16\x03\x03\x40\x00")
        while not over.wait(0.05):
            connection.sendall(b"\x02")

    started = time.monotonic()
    with tcp_server(drip) as port:
        seen = world_of(ca_bundle=issuer.bundle, seconds=0.4).tls.handshake(SITE, port=port, address=HOST)
        took = time.monotonic() - started
        over.set()

    assert isinstance(seen, Silence | Refused)
    assert took < 1.5


def test_plain_http_on_the_port_is_refused(issuer: Issuer) -> None:
    """Somebody answers, and no browser would take it."""
    seen = _shake(lambda connection: connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n"), issuer)

    assert isinstance(seen, Refused)
    assert (None, None) == (seen.code, seen.leaf)


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_an_old_server_is_refused(issuer: Issuer) -> None:
    """Below TLS 1.2 no browser speaks."""
    context = _old(issuer)
    context.maximum_version = ssl.TLSVersion.TLSv1_1

    seen = _shake(under_tls(context, OK), issuer)

    assert isinstance(seen, Refused)
    assert seen.code is None


def test_a_name_without_an_address_is_silence(issuer: Issuer) -> None:
    """NXDOMAIN is what a visitor would meet."""
    with dns_server(zone()) as server:
        seen = world_of(resolver=server.resolver, ca_bundle=issuer.bundle).tls.handshake(SITE)

    assert isinstance(seen, Silence)
    assert "NXDOMAIN" in seen.reason


def test_a_silent_resolver_is_our_own_trouble(issuer: Issuer) -> None:
    """Without names we have not looked at the target at all."""
    with pytest.raises(CannotLook, match="resolver"):
        world_of(ca_bundle=issuer.bundle).tls.handshake(SITE)


def test_the_name_leads_through_dns_and_the_map_to_the_server(issuer: Issuer) -> None:
    """The evidence names the public address; only the dialling knows better."""
    with (
        dns_server(zone(f"{SITE}. 60 IN A 192.0.2.1")) as names,
        tcp_server(under_tls(issuer.server(SITE), OK)) as port,
    ):
        world = world_of(resolver=names.resolver, ca_bundle=issuer.bundle, connect={("192.0.2.1", 443): (HOST, port)})
        seen = world.tls.handshake(SITE)

    assert isinstance(seen, Accepted)
    assert "192.0.2.1" == seen.address


def test_the_second_address_serves_when_the_first_does_not(issuer: Issuer) -> None:
    """As a browser does: the next address is tried when there is no connection."""
    with (
        dns_server(zone(f"{SITE}. 60 IN A 192.0.2.1", f"{SITE}. 60 IN A 192.0.2.2")) as names,
        tcp_server(under_tls(issuer.server(SITE), OK)) as port,
    ):
        connect = {("192.0.2.1", 443): (HOST, closed_port()), ("192.0.2.2", 443): (HOST, port)}
        world = world_of(resolver=names.resolver, ca_bundle=issuer.bundle, connect=connect)
        any_of_them = world.tls.handshake(SITE)
        that_one = world.tls.handshake(SITE, address="192.0.2.1")

    assert isinstance(any_of_them, Accepted)
    assert "192.0.2.2" == any_of_them.address
    assert Silence(where=f"{SITE}:443", reason="192.0.2.1: connection refused") == that_one


def test_an_address_outside_a_twin_is_never_dialled(issuer: Issuer) -> None:
    """Nothing leaves the machine when the target is on it."""
    with pytest.raises(CannotLook, match="is not on this machine"):
        world_of(ca_bundle=issuer.bundle).tls.handshake(SITE, address="192.0.2.1")


@pytest.mark.parametrize("trouble", (errno.ENETUNREACH, errno.EMFILE, errno.EADDRNOTAVAIL, errno.EPERM))
def test_what_this_machine_cannot_do_is_our_own_trouble(
    trouble: int, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No route, no descriptors, no ports, a local firewall: none of it is the target's fault."""

    def refuse(_: socket.socket, __: object) -> None:
        raise OSError(trouble, os.strerror(trouble))

    monkeypatch.setattr(socket.socket, "connect", refuse)

    with pytest.raises(CannotLook, match="this machine cannot connect"):
        world_of(ca_bundle=issuer.bundle).tls.handshake(SITE, port=1, address=HOST)


def test_a_missing_route_to_one_address_does_not_hide_the_fault_of_another(
    issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without IPv6 here and with a dead server there, the server is what is told."""
    connect, port = socket.socket.connect, closed_port()

    def without_ipv6(dialled: socket.socket, place: tuple[str, int]) -> None:
        if place[0] == "::1":
            raise OSError(errno.ENETUNREACH, "Network is unreachable")
        connect(dialled, place)

    with dns_server(zone(f"{SITE}. 60 IN A 127.0.0.1", f"{SITE}. 60 IN AAAA ::1")) as names:
        monkeypatch.setattr(socket.socket, "connect", without_ipv6)
        seen = world_of(resolver=names.resolver, ca_bundle=issuer.bundle, ipv6=True).tls.handshake(SITE, port=port)

    assert Silence(where=f"{SITE}:{port}", reason=f"{HOST}: connection refused") == seen


# --- trust ------------------------------------------------------------------------------------------


def test_the_bundle_is_all_that_is_trusted(issuer: Issuer, stranger: Issuer) -> None:
    """The same server, seen by one who trusts it and by one who does not."""
    with tcp_server(under_tls(stranger.server(SITE), OK)) as port:
        trusted = world_of(ca_bundle=stranger.bundle).tls.handshake(SITE, port=port, address=HOST)
        untrusted = world_of(ca_bundle=issuer.bundle).tls.handshake(SITE, port=port, address=HOST)
        by_the_system = world_of().tls.handshake(SITE, port=port, address=HOST)

    assert [Accepted, Refused, Refused] == [type(each) for each in (trusted, untrusted, by_the_system)]


def test_a_bundle_that_cannot_be_read_is_our_own_trouble(tmp_path: Path) -> None:
    """Named, so that it can be mended."""
    with pytest.raises(CannotLook, match=r"absent\.pem cannot be read"):
        world_of(ca_bundle=tmp_path / "absent.pem").tls.handshake(SITE, port=1, address=HOST)


def test_a_bundle_of_nonsense_is_our_own_trouble(tmp_path: Path) -> None:
    """A file that holds no certificate trusts nobody by accident."""
    path = tmp_path / "nonsense.pem"
    path.write_text("nonsense")

    with pytest.raises(CannotLook, match="cannot be read"):
        trusting(path).browser()


def test_authorities_are_read_once(issuer: Issuer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many looks and many attempts share one context: parsing a bundle costs more than a probe."""
    read: list[Path] = []

    load = ssl.SSLContext.load_verify_locations

    def counting(context: ssl.SSLContext, *, cafile: Path) -> None:
        read.append(cafile)
        load(context, cafile)

    monkeypatch.setattr(ssl.SSLContext, "load_verify_locations", counting)
    with tcp_server(under_tls(issuer.server(SITE), OK)) as port:
        world = world_of(ca_bundle=issuer.bundle)
        for _ in range(3):
            world.tls.handshake(SITE, port=port, address=HOST)
            world.http.fetch(f"https://localhost:{port}/")
            world = world.again()

    assert [issuer.bundle, THROWAWAY / "authority.pem"] == read


def test_the_context_is_as_strict_as_a_browser() -> None:
    """Each of these switches has hidden a fault from somebody."""
    context = Trust().browser()

    assert (ssl.CERT_REQUIRED, True) == (context.verify_mode, context.check_hostname)
    assert (False, ssl.TLSVersion.TLSv1_2) == (context.hostname_checks_common_name, context.minimum_version)


def test_session_keys_are_not_written_where_the_environment_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, issuer: Issuer
) -> None:
    """A run under somebody's SSLKEYLOGFILE gives nothing away and does not fail."""
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "keys.log"))

    _shake(under_tls(issuer.server(SITE), OK), issuer)

    assert not (tmp_path / "keys.log").exists()


def test_the_control_authority_vouches_for_nothing_real(issuer: Issuer) -> None:
    """Its certificates say which names it may sign, and its key is not in the package."""
    text = (THROWAWAY / "protects-nothing.key.pem").read_text()

    assert text.startswith("This key protects nothing")
    assert 1 == text.count("BEGIN PRIVATE KEY")
    with pytest.raises(ssl.SSLError, match="KEY_VALUES_MISMATCH"):
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(
            THROWAWAY / "authority.pem", THROWAWAY / "protects-nothing.key.pem"
        )


# --- versions ---------------------------------------------------------------------------------------


def _old(issuer: Issuer) -> ssl.SSLContext:
    """A server that speaks everything that OpenSSL can."""
    context = issuer.server(SITE)
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    return context


ALL = ("1.0", "1.1", "1.2", "1.3")


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
@pytest.mark.parametrize(
    ("lowest", "highest", "accepted"),
    (
        (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1, ("1.0",)),
        (ssl.TLSVersion.TLSv1_1, ssl.TLSVersion.TLSv1_1, ("1.1",)),
        (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_3, ALL),
        (ssl.TLSVersion.TLSv1_1, ssl.TLSVersion.TLSv1_2, ("1.1", "1.2")),
        (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3, ("1.2", "1.3")),
        (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_2, ("1.2",)),
        (ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.TLSv1_3, ("1.3",)),
    ),
    ids=lambda value: str(value) if isinstance(value, tuple) else value.name,
)
def test_each_version_is_accepted_or_refused_on_its_own(
    lowest: ssl.TLSVersion, highest: ssl.TLSVersion, accepted: tuple[str, ...], issuer: Issuer
) -> None:
    """A real server of each kind: what it speaks is accepted, everything else it refuses, nothing is unclear."""
    context = _old(issuer)
    context.maximum_version = highest
    context.minimum_version = lowest

    seen = _versions(under_tls(context, OK))

    refused = tuple(each for each in ALL if each not in accepted)
    assert Protocols(host="localhost", address=HOST, accepted=accepted, refused=refused) == seen


def _alert(level: int, description: int) -> bytes:
    return bytes((21, 3, 3, 0, 2, level, description))


def _tells(*records: bytes) -> Answer:
    def answer(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(b"".join(records))
        connection.shutdown(socket.SHUT_WR)
        connection.recv(1)

    return answer


@pytest.mark.parametrize(
    ("records", "refused"),
    (
        pytest.param([_alert(2, 70)], ALL, id="protocol version"),
        pytest.param([_alert(2, 40)], ALL, id="handshake failure"),
        pytest.param([_alert(1, 112), _alert(2, 70)], ALL, id="a warning first"),
        pytest.param([_alert(2, 80)], (), id="internal error"),
        pytest.param([_alert(1, 0)], (), id="close notify"),
        pytest.param([b"HTTP/1.1 400 Bad Request\r\n\r\n"], (), id="plain HTTP"),
        pytest.param([b"\x16\x03\x03\x00\x04\x02\x00\x00\x00"], (), id="half a hello"),
        pytest.param([b"\x16\x03\x03\xff\xff"], (), id="a record too long"),
        pytest.param([b"\x16\x03"], (), id="cut off"),
        pytest.param([], (), id="hung up"),
        pytest.param([_alert(1, 112)] * 9, (), id="warnings without end"),
    ),
)
def test_only_an_alert_about_versions_refuses_one(records: list[bytes], refused: tuple[str, ...]) -> None:
    """What fails for another reason is unclear, and unclear is no refusal."""
    seen = _versions(_tells(*records))

    unclear = tuple(each for each in ALL if each not in refused)
    assert Protocols(host="localhost", address=HOST, accepted=(), refused=refused, unclear=unclear) == seen


def test_a_server_that_ignores_old_hellos_costs_one_deadline(issuer: Issuer, over: threading.Event) -> None:
    """The versions are asked at the same time: three silences take no longer than one."""
    context = issuer.server(SITE)

    def answer(connection: socket.socket) -> None:
        hello = connection.recv(4096, socket.MSG_PEEK)
        if b"\x00\x2b\x00\x03\x02\x03\x04" in hello:  # supported_versions: TLS 1.3
            under_tls(context, OK)(connection)
        else:
            over.wait(5)

    started = time.monotonic()
    with tcp_server(answer) as port:
        seen = world_of(seconds=0.5).tls.protocols("localhost", port=port)
        took = time.monotonic() - started
        over.set()

    assert (
        Protocols(host="localhost", address=HOST, accepted=("1.3",), refused=(), unclear=("1.0", "1.1", "1.2")) == seen
    )
    assert took < 1.5


def test_nobody_at_home_speaks_no_version() -> None:
    """Silence is not a refusal of TLS 1.0."""
    port = closed_port()

    seen = world_of().tls.protocols("localhost", port=port)

    assert Silence(where=f"localhost:{port}", reason=f"{HOST}: connection refused") == seen


def test_versions_of_a_name_without_an_address_are_silence() -> None:
    """NXDOMAIN is not a refusal of TLS 1.0 either."""
    with dns_server(zone()) as server:
        seen = world_of(resolver=server.resolver).tls.protocols(SITE)

    assert isinstance(seen, Silence)


def test_the_versions_of_a_named_server_are_asked_by_its_name(issuer: Issuer) -> None:
    """A server that serves several names must know whose versions are meant."""
    names: list[str | None] = []
    context = _old(issuer)
    context.sni_callback = lambda _socket, name, _context: names.append(name)

    with dns_server(zone(f"{SITE}. 60 IN A 127.0.0.1")) as server, tcp_server(under_tls(context, OK)) as port:
        world_of(resolver=server.resolver).tls.protocols(SITE, port=port)

    assert [SITE] * 4 == names


# --- weak suites, and what is sent ------------------------------------------------------------------


def _offers(answer: Answer, *, seconds: float = 5.0) -> Suites | Silence:
    with tcp_server(answer) as port:
        return world_of(seconds=seconds).tls.suites("localhost", port=port)


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
@pytest.mark.parametrize(
    ("ciphers", "accepted"),
    (
        ("ECDHE+AESGCM", ()),
        ("ECDHE-ECDSA-NULL-SHA:@SECLEVEL=0", ("NULL",)),
        ("AECDH-AES128-SHA:@SECLEVEL=0", ("anonymous",)),
        ("ALL:eNULL:@SECLEVEL=0", ("NULL", "anonymous")),
    ),
)
def test_each_kind_of_weak_suite_is_offered_alone(ciphers: str, accepted: tuple[str, ...], issuer: Issuer) -> None:
    """A real server of each; today's OpenSSL knows neither RC4 nor 3DES, and static RSA needs a key of that kind."""
    context = issuer.server(SITE)
    context.set_ciphers(ciphers)

    seen = _offers(under_tls(context, OK))

    assert isinstance(seen, Suites)
    assert (accepted, ()) == (seen.accepted, seen.unclear)
    assert {"NULL", "anonymous", "RC4", "3DES", "static RSA"} == {*seen.accepted, *seen.refused}


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_a_weak_suite_of_an_older_version_is_accepted_all_the_same(issuer: Issuer) -> None:
    """Who speaks nothing newer answers the offer by TLS 1.1: that it agreed to is what counts."""
    context = issuer.server(SITE)
    context.set_ciphers("ALL:eNULL:@SECLEVEL=0")
    context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1

    seen = _offers(under_tls(context, OK))

    assert isinstance(seen, Suites)
    assert ("NULL", "anonymous") == seen.accepted


def test_static_rsa_is_seen_to_be_accepted(tmp_path: Path) -> None:
    """Whoever gets the key later reads everything that was recorded before."""
    context = with_rsa(tmp_path, SITE)
    context.set_ciphers("AES128-GCM-SHA256:@SECLEVEL=0")

    seen = _offers(under_tls(context, OK))

    assert isinstance(seen, Suites)
    assert ("static RSA",) == seen.accepted


def test_who_hangs_up_over_weak_suites_refuses_them() -> None:
    """Some servers say nothing when nothing on offer suits them."""

    def hangs_up(connection: socket.socket) -> None:
        connection.recv(4_096)

    seen = _offers(hangs_up)

    assert isinstance(seen, Suites)
    assert 5 == len(seen.refused)


def test_who_says_nothing_for_too_long_leaves_it_unclear() -> None:
    """Time may have run out on our side."""

    def holds(connection: socket.socket) -> None:
        while connection.recv(4_096):
            pass

    seen = _offers(holds, seconds=0.3)

    assert isinstance(seen, Suites)
    assert ((), 5) == (seen.accepted, len(seen.unclear))


def test_nobody_at_home_agrees_to_nothing() -> None:
    """Silence, as for any other question."""
    assert isinstance(world_of().tls.suites("localhost", port=closed_port()), Silence)


def test_certificates_are_told_as_they_were_sent(issuer: Issuer, tmp_path: Path) -> None:
    """The leaf first; what a server sends besides comes after it, in its order."""
    root = issuer.certificate.public_bytes(serialization.Encoding.PEM)
    leaf = ("CN=leaf", "C=ZA, O=Tests, CN=Trusted")
    alone = _shake(under_tls(issuer.server(SITE), OK), issuer)
    certificate, key = issuer.leaf(SITE)
    pem = serialization.Encoding.PEM
    (tmp_path / "both.pem").write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + certificate.public_bytes(pem)
        + root
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "both.pem")
    both = _shake(under_tls(context, OK), issuer)

    assert isinstance(alone, Accepted)
    assert isinstance(both, Accepted)
    assert (leaf,) == alone.chain
    assert (leaf, (leaf[1], leaf[1])) == both.chain
