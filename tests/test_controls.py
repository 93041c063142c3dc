from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import formatdate
from pathlib import Path
from typing import Any, cast

import pytest

from checks import catalogue
from checks.controls import controls, measures, run_control
from checks.evidence import Accepted, Caller, DnsAnswer, Leaf, Protocols, Refused, Response, Silence
from checks.model import CannotLook, ControlResult, ControlStatus, Stack, Target
from checks.vantage import missing, relies_on
from checks.world.loopback import presenting, serving
from checks.world.ports import World
from checks.world.pretend import PretendClock, PretendWorld, asked, pretend_world
from checks.world.real import RealWorld
from checks.world.trust import Trust
from tests.world.authorities import Issuer, issuer_in
from tests.world.servers import HOST, dns_server, says, tcp_server, under_tls, zone
from tests.world.worlds import world_of

TARGET = Target(name="t", account="000000000000", domain="site.example", stacks=(Stack(name="S", region="af-south-1"),))
REGION = "af-south-1"
NAMED = {each.name: each for each in controls(TARGET)}
LEAF = Leaf(
    names=(),
    issuer="",
    serial="1",
    not_before=datetime(2026, 1, 1, tzinfo=UTC),
    not_after=datetime(2026, 1, 2, tzinfo=UTC),
)
ACCEPTED = Accepted(host="h", address="a", version="TLSv1.3", cipher="c", leaf=LEAF)
PROTOCOLS = Protocols(host="h", address="a", accepted=("1.2",), refused=("1.0",))
UNCLEAR = Protocols(host="h", address="a", accepted=(), refused=(), unclear=("1.0",))
BAD_CERTIFICATES = ("tls.expired", "tls.wrong_name", "tls.unknown_authority")
LOOPBACK = (*BAD_CERTIFICATES, "tls.old_protocol", "http.error_status", "http.cut_off")


@pytest.fixture(name="issuer")
def _issuer(tmp_path: Path) -> Issuer:
    return issuer_in(tmp_path, "Trusted")


@pytest.fixture(name="world")
def _world(issuer: Issuer) -> Iterator[RealWorld]:
    """A working network on loopback: a resolver that knows a parent zone, an anchor with a good certificate."""
    with ExitStack() as servers:
        names = servers.enter_context(dns_server(zone("example. 60 IN SOA ns.example. host.example. 1 2 3 4 5")))
        head = f"HTTP/1.1 200 OK\r\nDate: {formatdate(usegmt=True)}\r\nContent-Length: 0\r\n\r\n"
        good = under_tls(issuer.server("localhost"), says(head.encode()))
        port = servers.enter_context(tcp_server(good))
        yield world_of(resolver=names.resolver, ca_bundle=issuer.bundle, anchor=f"https://localhost:{port}/")


def _status(name: str, world: PretendWorld | RealWorld) -> ControlStatus:
    return run_control(NAMED[name], world).status


def test_every_instrument_has_both_sides() -> None:
    """What cannot be seen as bad is not proven by what is seen as good."""
    expected = {(instrument, known) for instrument in ("dns", "tls", "http", "aws") for known in ("good", "bad")}

    assert expected == {(each.instrument, each.known) for each in controls(TARGET)}
    assert len(NAMED) == len(controls(TARGET))


def test_all_hold_where_the_instruments_work(world: RealWorld) -> None:
    """dns, tls and http against real sockets, bad servers included."""
    seen = {each.name: run_control(each, world) for each in controls(TARGET) if each.instrument != "aws"}

    assert dict.fromkeys(seen, "held") == {name: each.status for name, each in seen.items()}, seen


def test_what_was_seen_of_a_body_is_told(world: RealWorld) -> None:
    """Cut off, as it was sent; an instrument that takes it for whole says so."""
    taken = Response(url="u", method="GET", address="a", status=200, headers=(), body="the beginning", complete=True)

    told = [run_control(NAMED["http.cut_off"], each).actual for each in (world, _saying(taken))]

    assert ["a body that is cut off", "a body that is complete"] == told


def test_each_bad_certificate_is_refused_for_its_own_reason(world: RealWorld) -> None:
    """By the very context that looks at the target."""
    told = [run_control(NAMED[name], world).actual for name in BAD_CERTIFICATES]

    assert all(words in actual for words, actual in zip(("code 10", "code 62", "code 20"), told, strict=True)), told


def test_the_certificate_with_the_wrong_name_is_good_for_its_own(world: RealWorld) -> None:
    """The failing twin differs in the name alone: authority and date are fine."""
    with serving(presenting("wrong-name")) as port:
        seen = world.tls.handshake("somebody-else.control.invalid", port=port, address=HOST)

    assert isinstance(seen, Accepted)


@dataclass(frozen=True)
class _Saying:
    """A port that gives the same answer to every question."""

    answer: object

    def __getattr__(self, _: str) -> object:
        return lambda *_args, **_kwargs: self.answer


@dataclass(frozen=True)
class _World:
    """A world that says one thing."""

    dns: _Saying
    tls: _Saying
    http: _Saying
    aws: _Saying


def _saying(answer: object) -> World:
    port = _Saying(answer)
    return cast("World", _World(port, port, port, port))


@pytest.mark.parametrize("name", BAD_CERTIFICATES)
def test_a_context_that_verifies_nothing_is_found_out(name: str, world: RealWorld) -> None:
    """The fault that this control exists for: somebody switched verification off."""
    context = world.tls.trust.browser()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE

    assert "wrong" == _status(name, world)


def test_a_context_that_checks_no_names_is_found_out(world: RealWorld) -> None:
    """Only the control for names sees that one."""
    world.tls.trust.browser().check_hostname = False

    assert ["held", "wrong", "held"] == [_status(name, world) for name in BAD_CERTIFICATES]


def test_a_bundle_that_does_not_fit_the_network_is_wrong(
    world: RealWorld, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The anchor is refused: every certificate would be."""
    stranger = issuer_in(tmp_path_factory.mktemp("stranger"), "Stranger")
    blind = replace(world, tls=replace(world.tls, trust=Trust(stranger.bundle)))

    assert "wrong" == _status("tls.anchor", blind)


@pytest.mark.parametrize(
    "name", ("dns.zone_above", "dns.invalid_name", "tls.anchor", "http.anchor", "aws.caller", "aws.forged_key")
)
def test_what_cannot_be_looked_at_is_unseen(name: str) -> None:
    """A world that cannot look proves nothing, and refutes nothing."""
    result = run_control(NAMED[name], pretend_world())

    assert "unseen" == result.status
    assert result.actual.startswith("could not look: ")


def test_a_network_without_anything_is_unseen_where_it_is_needed() -> None:
    """The loopback controls hold without any network; all others are unseen."""
    seen = {each.name: run_control(each, world_of(seconds=1)).status for each in controls(TARGET)}

    assert {"held", "unseen"} == set(seen.values())
    assert {name for name in seen if seen[name] == "held"} == set(LOOPBACK)


def _dns(rcode: str, *records: str, name: str = "example", kind: str = "SOA") -> DnsAnswer:
    return DnsAnswer(name=name, type=kind, server="s", rcode=rcode, records=records)


@pytest.mark.parametrize(
    ("parent", "root", "expected"),
    (
        (_dns("NOERROR", "soa"), _dns("NOERROR", "soa"), "held"),
        (_dns("NOERROR"), _dns("NOERROR", "soa"), "held"),
        (_dns("NOERROR"), _dns("NOERROR"), "wrong"),
        (_dns("NXDOMAIN"), _dns("NOERROR", "soa"), "wrong"),
        (_dns("SERVFAIL"), _dns("NOERROR", "soa"), "unseen"),
        (_dns("REFUSED"), _dns("NOERROR", "soa"), "unseen"),
        (Silence(where="s", reason="r"), _dns("NOERROR", "soa"), "unseen"),
    ),
    ids=["a zone", "not a zone of its own", "not even the root", "denied", "servfail", "refused", "silent"],
)
def test_the_zone_above_is_known(parent: DnsAnswer | Silence, root: DnsAnswer, expected: ControlStatus) -> None:
    """A resolver that denies a top-level zone lies; one that answers nothing cannot be judged."""
    world = pretend_world({asked("dns.ask", "example", "SOA"): parent, asked("dns.ask", ".", "SOA"): root})

    assert expected == _status("dns.zone_above", world)


def test_without_a_domain_the_root_is_asked() -> None:
    """A target without a site still has a resolver."""
    root = next(each for each in controls(replace(TARGET, domain="")) if each.name == "dns.zone_above")

    assert "held" == run_control(root, pretend_world({asked("dns.ask", ".", "SOA"): _dns("NOERROR", "soa")})).status


@pytest.mark.parametrize(
    ("rcode", "records", "expected"),
    (("NXDOMAIN", (), "held"), ("NOERROR", (), "held"), ("NOERROR", ("192.0.2.1",), "wrong")),
)
def test_a_resolver_that_finds_what_cannot_exist_is_wrong(
    rcode: str, records: tuple[str, ...], expected: ControlStatus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some providers sell advertisements where there is no name."""
    monkeypatch.setattr("checks.controls.secrets.token_hex", lambda _: "random")
    answer = _dns(rcode, *records, name="random.invalid", kind="A")

    assert expected == _status("dns.invalid_name", pretend_world({asked("dns.ask", "random.invalid", "A"): answer}))


def test_the_name_that_cannot_exist_is_another_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody can prepare for it."""
    told = {run_control(NAMED["dns.invalid_name"], pretend_world()).actual for _ in range(3)}

    assert 3 == len(told)


@pytest.mark.parametrize(
    ("seen", "expected"),
    (
        (ACCEPTED, "held"),
        (Refused(host="h", address="a", reason="r", code=20), "wrong"),
        (Silence(where="w", reason="r"), "unseen"),
    ),
)
def test_the_anchor_is_accepted(seen: object, expected: ControlStatus) -> None:
    """A network that breaks TLS open is not one to judge from."""
    world = pretend_world({asked("tls.handshake", "anchor.invalid"): seen})

    assert expected == _status("tls.anchor", world)


@pytest.mark.parametrize("anchor", ("http://anchor.invalid/", "https:///", ""))
def test_an_anchor_without_tls_proves_nothing(anchor: str) -> None:
    """It cannot be shaken hands with, and asking again would not help."""
    with pytest.raises(CannotLook, match="is no https URL") as caught:
        NAMED["tls.anchor"].look(cast("World", pretend_world(anchor=anchor)))

    assert caught.value.final


@pytest.mark.parametrize(("status", "expected"), ((200, "held"), (302, "wrong"), (503, "wrong")))
def test_the_anchor_answers_200(status: int, expected: ControlStatus) -> None:
    """A captive portal answers something else."""
    answer = Response(url="u", method="GET", address="a", status=status, headers=(), body="")
    world = pretend_world({asked("http.fetch", "https://anchor.invalid/"): answer})

    assert expected == _status("http.anchor", world)


def test_a_silent_anchor_is_unseen() -> None:
    """No network, no verdict."""
    world = pretend_world({asked("http.fetch", "https://anchor.invalid/"): Silence(where="w", reason="r")})

    assert "unseen" == _status("http.anchor", world)


@pytest.mark.parametrize(
    ("name", "answer"),
    (
        ("tls.old_protocol", PROTOCOLS),
        ("http.error_status", Response(url="u", method="GET", address="a", status=200, headers=(), body="")),
        ("http.cut_off", Response(url="u", method="GET", address="a", status=200, headers=(), body="the beginning")),
        *((name, ACCEPTED) for name in BAD_CERTIFICATES),
        *(
            (name, Refused(host="h", address="a", reason="other", code=19 if "unknown" not in name else 10))
            for name in BAD_CERTIFICATES
        ),
    ),
)
def test_an_instrument_that_takes_bad_for_good_is_wrong(name: str, answer: object) -> None:
    """Also when it refuses, but for another reason than the right one."""
    assert "wrong" == run_control(NAMED[name], _saying(answer)).status


@pytest.mark.parametrize("name", (*LOOPBACK, "dns.invalid_name"))
@pytest.mark.parametrize("answer", (Silence(where="w", reason="too slow"), UNCLEAR), ids=("silence", "unclear"))
def test_silence_proves_nothing(name: str, answer: object) -> None:
    """A machine too busy to hear its own servers has not looked; the run looks again."""
    if answer is UNCLEAR and name != "tls.old_protocol":
        answer = Silence(where="w", reason="reset")

    assert "unseen" == run_control(NAMED[name], _saying(answer)).status


@pytest.mark.parametrize(("forged", "expected"), (((True, "refused"), "held"), ((False, "welcomed"), "wrong")))
def test_a_forged_key_is_refused(forged: tuple[bool, str], expected: ControlStatus) -> None:
    """An endpoint that says yes to everybody is not AWS."""
    world = pretend_world({asked("aws.refuses_forged_key", REGION): forged})

    assert (expected, forged[1]) == (
        _status("aws.forged_key", world),
        run_control(NAMED["aws.forged_key"], world).actual,
    )


@pytest.mark.parametrize(
    ("account", "arn", "expected", "actual"),
    (
        ("000000000000", "arn:aws:iam::0:role/r", "held", "arn:aws:iam::0:role/r"),
        ("", "arn:aws:iam::0:role/r", "wrong", "arn:aws:iam::0:role/r"),
        ("000000000000", "", "wrong", "no ARN"),
    ),
)
def test_sts_says_who_we_are(account: str, arn: str, expected: ControlStatus, actual: str) -> None:
    """Whether that is who we should be is a promise of its own."""
    world = pretend_world({asked("aws.caller", REGION): Caller(account=account, arn=arn)})

    result = run_control(NAMED["aws.caller"], world)

    assert (expected, actual) == (result.status, result.actual)


def test_a_result_carries_what_was_expected_and_seen() -> None:
    """So that a void run explains itself."""
    world = pretend_world({asked("aws.caller", REGION): CannotLook("no credentials", final=True)})

    expected = ControlResult(
        name="aws.caller",
        instrument="aws",
        known="good",
        status="unseen",
        expected="STS says who we are",
        actual="could not look: no credentials",
    )
    assert expected == run_control(NAMED["aws.caller"], world)


def test_the_bad_servers_are_gone_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    """No thread and no port stays behind."""
    before, ports, create = set(threading.enumerate()), list[int](), socket.create_server

    def noting(address: tuple[str, int]) -> socket.socket:
        made = create(address)
        ports.append(made.getsockname()[1])
        return made

    world = world_of()
    monkeypatch.setattr(socket, "create_server", noting)
    for name in LOOPBACK:
        _status(name, world)

    assert (set(), len(LOOPBACK)) == (set(threading.enumerate()) - before, len(ports))
    for port in ports:
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((HOST, port))


@pytest.mark.parametrize("error", (KeyError("x"), OSError("x"), AttributeError("x")))
def test_a_control_that_breaks_is_wrong(error: Exception) -> None:
    """An instrument that falls apart over a known question is not one to judge with."""
    result = run_control(NAMED["aws.caller"], pretend_world({asked("aws.caller", REGION): error}))

    assert "wrong" == result.status
    assert type(error).__name__ in result.actual


def test_a_machine_without_a_free_port_cannot_look(monkeypatch: pytest.MonkeyPatch) -> None:
    """Our own trouble, not the instrument's."""

    def none(*_: object, **__: object) -> socket.socket:
        raise OSError(98, "Address already in use")

    world = world_of()
    monkeypatch.setattr(socket, "create_server", none)

    assert {"unseen"} == {_status(name, world) for name in (*BAD_CERTIFICATES, "http.cut_off")}


# --- our clock --------------------------------------------------------------------------------------

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
ANCHOR = "https://anchor.invalid/"
SECOND = timedelta(seconds=1)


def _dated(url: str, dated: str, **more: str) -> Response:
    headers = (*((("date", dated),) if dated else ()), *more.items())
    return Response(url=url, method="GET", address="a", status=200, headers=headers, body="", complete=True)


def _clock(ours: datetime, *, anchor: object, site: object = None) -> ControlResult:
    script = {asked("http.fetch", ANCHOR): anchor, asked("http.fetch", "https://site.example/"): site or SILENT}
    return run_control(NAMED["clock.dates"], pretend_world(script, clock=PretendClock(ours), anchor=ANCHOR))


SILENT = Silence(where="site.example:443", reason="refused")
AT_NOON = "Sun, 22 Nov 2026 12:00:00 GMT"


@pytest.mark.parametrize(
    ("ours", "status"),
    (
        (NOON, "held"),
        (NOON + 300 * SECOND, "held"),
        (NOON - 300 * SECOND, "held"),
        (NOON + 301 * SECOND, "unseen"),
        (NOON - 301 * SECOND, "unseen"),
        (NOON + timedelta(days=1), "unseen"),
    ),
)
def test_our_clock_is_compared_with_that_of_others(ours: datetime, status: ControlStatus) -> None:
    """Five minutes either way; further off it says nothing of dates, and that is not the target's fault."""
    seen = _clock(ours, anchor=_dated(ANCHOR, AT_NOON))

    assert (status, "clock") == (seen.status, seen.vantage)


@pytest.mark.parametrize(
    ("ours", "told"),
    (
        (NOON + 300 * SECOND, "our clock is 300 s ahead of anchor.invalid"),
        (NOON, "our clock is 0 s behind anchor.invalid"),
        (NOON - 300 * SECOND, "our clock is 300 s behind anchor.invalid"),
    ),
)
def test_whose_clock_is_ahead_is_told(ours: datetime, told: str) -> None:
    """By how much, and whose it was compared with."""
    assert told == _clock(ours, anchor=_dated(ANCHOR, AT_NOON)).actual


def test_a_clock_that_is_off_is_not_compared_again() -> None:
    """A second look would find it as it is."""
    script = {asked("http.fetch", url): _dated(url, AT_NOON) for url in (ANCHOR, "https://site.example/")}
    world = pretend_world(script, clock=PretendClock(NOON + timedelta(days=1)), anchor=ANCHOR)

    with pytest.raises(CannotLook, match=r"86400 s ahead of anchor\.invalid; nothing about dates is known") as caught:
        NAMED["clock.dates"].look(cast("World", world))

    assert caught.value.final


@pytest.mark.parametrize(
    ("anchor", "site", "status"),
    (
        (SILENT, _dated("s", AT_NOON), "held"),
        (_dated("a", ""), _dated("s", AT_NOON), "held"),
        (_dated("a", "yesterday"), _dated("s", AT_NOON), "held"),
        (_dated("a", "Sun, 22 Nov 2026 12:00:00 -0000"), SILENT, "held"),
        (_dated("a", "Sat, 21 Nov 2026 12:00:00 GMT"), _dated("s", AT_NOON), "held"),
        (SILENT, _dated("s", "Sun, 22 Nov 2026 11:00:00 GMT", age="3600"), "held"),
        (SILENT, _dated("s", "Sun, 22 Nov 2026 11:00:00 GMT", age="old"), "unseen"),
        (SILENT, SILENT, "unseen"),
        (_dated("a", AT_NOON), CannotLook("no resolver knows the site"), "held"),
        (CannotLook("no resolver knows the anchor"), _dated("s", AT_NOON), "held"),
        (CannotLook("no resolver"), CannotLook("no resolver"), "unseen"),
        (_dated("a", ""), _dated("s", ""), "unseen"),
    ),
)
def test_one_date_that_agrees_is_enough(anchor: object, site: object, status: ControlStatus) -> None:
    """A cache may answer with an old one, and its age is taken off; without any date nothing is known."""
    assert status == _clock(NOON, anchor=anchor, site=site).status


def test_a_clock_that_is_off_leaves_dates_unknown_and_everything_else_alone() -> None:
    """The run is not void: what has no date in it was seen as well as ever."""
    dated = [each.check for each in catalogue.NEEDS if each.capability == "clock"]

    assert relies_on("backups.restorable[Data/Jobs]", "clock", catalogue.NEEDS)
    assert not relies_on("tables.keys[Data/Jobs]", "clock", catalogue.NEEDS)
    assert "" == missing("tls.expiry[Edge/Certificate]", [], catalogue.NEEDS)
    assert {"tls.expiry[*]", "backups.lag[*]", "cdn.deployed[*]"} <= set(dated)


# --- what the place can do ----------------------------------------------------------------------------


def _measured(capability: str, *script: tuple[Any, object]) -> tuple[str, str]:
    """What becomes of the control that measures *capability* in a world that answers so."""
    (control,) = measures([capability], domain="shop.test", region="eu-west-1")
    seen = run_control(control, pretend_world(dict(script), clock=PretendClock(NOON)))
    return seen.status, seen.vantage


def _answer(*records: str, rcode: str = "NOERROR") -> DnsAnswer:
    """An answer with these records."""
    return DnsAnswer(name="n", type="t", server="s", rcode=rcode, records=records, ttl=60)


@pytest.mark.parametrize(
    ("reply", "status"),
    (
        pytest.param(_answer("a soa"), "held", id="an authority answers"),
        pytest.param(_answer(), "wrong", id="what answers is no authority"),
        pytest.param(Silence(where="ns.test:53", reason="timed out"), "unseen", id="nobody gets out"),
    ),
)
def test_port_53_is_measured_with_a_server_outside_the_target(reply: object, status: str) -> None:
    """One of the zone above, asked itself."""
    script = (
        (asked("dns.ask", "test", "NS"), _answer("ns.test")),
        (asked("dns.ask", "test", "SOA", server="ns.test"), reply),
    )

    assert (status, "udp53") == _measured("udp53", *script)


def test_a_zone_above_without_servers_is_climbed_over() -> None:
    """Not every name above a domain is a zone of its own; without any there is nothing to measure with."""
    (control,) = measures(["udp53"], domain="www.shop.test", region="eu-west-1")
    script = {
        asked("dns.ask", "shop.test", "NS"): _answer(),
        asked("dns.ask", "test", "NS"): _answer("ns.test"),
        asked("dns.ask", "test", "SOA", server="ns.test"): _answer("soa"),
    }
    nowhere = {asked("dns.ask", name, "NS"): _answer() for name in ("shop.test", "test", ".")}
    worlds = (pretend_world(each, clock=PretendClock(NOON)) for each in (script, nowhere))

    assert ["held", "unseen"] == [run_control(control, each).status for each in worlds]


@pytest.mark.parametrize("reply", (_answer(rcode="SERVFAIL"), Silence(where="x", reason="silent")))
def test_a_resolver_that_cannot_say_measures_nothing(reply: object) -> None:
    """SERVFAIL is about the resolver, and so is silence: nobody climbs over them."""
    script = (
        (asked("dns.ask", "test", "NS"), reply),
        (asked("dns.ask", ".", "NS"), _answer("ns.root")),
        (asked("dns.ask", ".", "SOA", server="ns.root"), _answer("soa")),
    )

    assert "unseen" == _measured("udp53", *script)[0]


REFUSED = Refused(host="h", address="a", reason="self-signed certificate", code=18)
_HOST = "s3.dualstack.eu-west-1.amazonaws.com"


@pytest.mark.parametrize(
    ("names", "shaken", "status"),
    (
        pytest.param(_answer("2001:db8::1"), ACCEPTED, "held", id="reached"),
        pytest.param(_answer("2001:db8::1"), REFUSED, "wrong", id="another answers"),
        pytest.param(_answer("2001:db8::1"), Silence(where="x", reason="no route"), "unseen", id="no route"),
        pytest.param(_answer(), None, "unseen", id="no address"),
        pytest.param(Silence(where="x", reason="silent"), None, "unseen", id="no resolver"),
    ),
)
def test_ipv6_is_measured_with_a_server_outside_the_target(names: object, shaken: object, status: str) -> None:
    """An address that nobody reaches from here is no address of the target that is broken."""
    script = [(asked("dns.ask", _HOST, "AAAA"), names)]
    if shaken is not None:
        script.append((asked("tls.handshake", _HOST, address="2001:db8::1"), shaken))

    assert (status, "ipv6") == _measured("ipv6", *script)
