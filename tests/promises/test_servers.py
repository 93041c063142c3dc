from __future__ import annotations

from datetime import timedelta

import dns.dnssec
import dns.rdata
import pytest

from checks.evidence import DnsAnswer, DnsAnswers, Silence
from checks.model import Check
from checks.promises import servers
from tests.promises.worlds import APEX, HOSTILE, NOW, planned, silence, site, world

HOUR = timedelta(hours=1)
KEY = "257 3 13 mdsswUyr3DPW132mOi8V9xESWE8jTo0dxCjjnopKl+GqJxpVXckHAeF+KkxLbxILfDLUT0rAK9iUzy1L53eKGQ=="
OTHER = "256 3 13 oJMRESz5E4gYzS/q6XDrvU1qMPYIjCWzJaOau8XNEZeqCYKD5ar0IRd8KqXXFJkqmVfRvMGPmM1x8fGAa2XhSA=="


def _answer(kind: str = "A", records: tuple[str, ...] = ("192.0.2.1",), **changes: object) -> DnsAnswer:
    given = {"name": APEX, "type": kind, "server": "ns1.test", "rcode": "NOERROR", "ttl": 60}
    return DnsAnswer(**given | {"records": records} | changes)  # type: ignore[arg-type]  # fields of DnsAnswer


def _checks() -> dict[str, Check]:
    return planned(servers.checks(site(), longest=HOUR))


def _judged(promise: str, *answers: DnsAnswer | Silence) -> str:
    return _checks()[f"dns.{promise}[{APEX}]"].sight.judge(DnsAnswers(answers=answers), NOW).status


def _ds(key: str) -> str:
    made = dns.rdata.from_text("IN", "DNSKEY", key)
    return dns.dnssec.make_ds(f"{APEX}.", made, "SHA256").to_text()


@pytest.mark.parametrize("promise", ("tcp", "case"))
@pytest.mark.parametrize(
    ("answers", "status"),
    (
        ((_answer(), _answer(server="ns2.test")), "pass"),
        ((_answer(), silence("ns2.test:53")), "fail"),
        ((_answer(), _answer(rcode="REFUSED", records=())), "fail"),
        ((_answer(), _answer(records=())), "fail"),
        ((), "fail"),
    ),
    ids=("all", "one is silent", "one refuses", "one has nothing", "there is none"),
)
def test_every_server_answers(promise: str, answers: tuple[DnsAnswer | Silence, ...], status: str) -> None:
    """One that does not is one visitor in four."""
    assert status == _judged(promise, *answers)


@pytest.mark.parametrize(
    ("promise", "way"), (("tcp", {"tcp": True, "mixed": False}), ("case", {"tcp": False, "mixed": True}))
)
def test_each_server_of_the_zone_is_asked_in_that_way(promise: str, way: dict[str, bool]) -> None:
    """The servers are those of the nearest name that has some."""
    heard: list[tuple[object, ...]] = []

    def ask(name: str, kind: str, *, server: str = "", **named: bool) -> DnsAnswer:
        if kind == "NS":
            return _answer("NS", ("ns1.test", "ns2.test") if name == "test" else ())
        heard.append((name, kind, server, named))
        return _answer(server=server)

    check = _checks()[f"dns.{promise}[{APEX}]"]
    seen = check.sight.look(world({("ask",): ask}))

    assert [(APEX, "A", each, way) for each in ("ns1.test", "ns2.test")] == sorted(heard, key=lambda each: str(each[2]))
    assert "pass" == check.sight.judge(seen, NOW).status


@pytest.mark.parametrize(
    ("ttls", "status"),
    (((60, 60), "pass"), ((1, 3600), "pass"), ((0,), "fail"), ((60, 3601), "fail"), ((None,), "fail"), ((), "fail")),
)
def test_addresses_live_from_a_second_to_an_hour(ttls: tuple[int | None, ...], status: str) -> None:
    """Both ends belong to it."""
    assert status == _judged("lifetime", *(_answer(ttl=ttl, server=f"ns{at}") for at, ttl in enumerate(ttls)))


def test_a_server_without_addresses_says_nothing_of_their_lifetime() -> None:
    """That it has none is told elsewhere; that nobody has one is told here too."""
    assert "pass" == _judged("lifetime", _answer(), silence())
    assert "fail" == _judged("lifetime", silence())


@pytest.mark.parametrize(
    ("seen", "status"),
    (
        (_answer("CNAME", ()), "pass"),
        (_answer("CNAME", ("elsewhere.test",)), "fail"),
        (_answer("CNAME", (), rcode="NXDOMAIN"), "fail"),
        (_answer("CNAME", (), rcode="SERVFAIL"), "fail"),
        (silence(), "fail"),
    ),
)
def test_the_apex_is_no_alias(seen: DnsAnswer | Silence, status: str) -> None:
    """An answer without one is the only good one."""
    check = _checks()[f"dns.apex[{APEX}]"]
    found = check.sight.look(
        world({("ask", APEX, "CNAME"): seen, ("ask", APEX, "NS"): _answer("NS", rcode="SERVFAIL")})
    )

    assert status == check.sight.judge(found, NOW).status


BELOW = _answer("NS", (), chain=("elsewhere.test",), authoritative=True)


@pytest.mark.parametrize(
    ("resolver", "owners", "status"),
    (
        (_answer("NS", (), chain=("elsewhere.test",)), (BELOW, BELOW), "pass"),
        (_answer("NS", ("ns.elsewhere.test",), chain=("elsewhere.test",)), (BELOW, silence()), "pass"),
        (_answer("NS", (), chain=("elsewhere.test",)), (_answer("NS", (), referral=("ns1.shop.test",)),), "fail"),
        (_answer("NS", (), chain=("elsewhere.test",)), (BELOW, _answer("NS", (), rcode="REFUSED")), "fail"),
        (_answer("NS", (), chain=("elsewhere.test",)), (silence(), silence()), "fail"),
        (_answer("NS", ("ns0.test",)), (_answer("NS", ("ns0.test",), authoritative=True),), "fail"),
    ),
    ids=(
        "a name of the zone",
        "one to a zone",
        "a zone of its own",
        "one disagrees",
        "all silent",
        "an apex with both",
    ),
)
def test_a_name_below_the_apex_may_be_an_alias(
    resolver: DnsAnswer, owners: tuple[DnsAnswer | Silence, ...], status: str
) -> None:
    """Who has the zone answers by the CNAME; who has the one above a zone refers to its servers."""
    answers = dict(zip((f"ns{at}.test" for at in range(9)), owners, strict=False))

    def ask(name: str, kind: str, *, server: str = "") -> DnsAnswer | Silence:
        if server:
            return answers[server]
        if kind == "CNAME":
            return _answer("CNAME", ("elsewhere.test",))
        return resolver if name == APEX else _answer("NS", tuple(answers))

    check = _checks()[f"dns.apex[{APEX}]"]

    assert status == check.sight.judge(check.sight.look(world({("ask",): ask})), NOW).status


@pytest.mark.parametrize(
    ("above", "below", "status"),
    (
        ((), (), "pass"),
        ((_ds(KEY),), ((KEY, OTHER), (KEY,)), "pass"),
        ((_ds(KEY),), ((OTHER,), (KEY,)), "fail"),
        ((_ds(KEY),), ((OTHER,),), "fail"),
        ((_ds(KEY),), ((),), "fail"),
        ((_ds(KEY),), (), "fail"),
        (("nonsense",), ((KEY,),), "fail"),
        ((_ds(KEY),), (("257 3 13 !",),), "fail"),
        ((_ds(KEY),), ((f"{KEY}AAAA",),), "fail"),
        ((_ds(KEY),), (("99999 3 13 AAAA",),), "fail"),
        ((_ds(KEY),), (("257 999 13 AAAA",),), "fail"),
    ),
    ids=("unsigned", "signed", "at one server only", "another key", "no key", "no server", "odd DS", "odd key",
         "more behind the key", "odd flags", "odd protocol"),
)  # fmt: skip
def test_who_is_said_to_be_signed_is_signed(
    above: tuple[str, ...], below: tuple[tuple[str, ...], ...], status: str
) -> None:
    """The tag that a DS names is computed from the key, as RFC 4034 has it; dnspython agrees."""
    answers = (_answer("DS", above), *(_answer("DNSKEY", each) for each in below))

    assert status == _judged("signed", *answers)


def test_a_chain_of_trust_that_nobody_can_ask_for_is_broken() -> None:
    """A DS that a resolver cannot have, and a server that keeps its keys."""
    assert "fail" == _judged("signed", silence())
    assert "fail" == _judged("signed", _answer("DS", (), rcode="SERVFAIL"))
    assert "fail" == _judged("signed", _answer("DS", (_ds(KEY),)), silence())


@pytest.mark.parametrize(
    ("promise", "answers", "told"),
    (
        ("tcp", (_answer(), _answer(server="ns2.test", rcode="REFUSED", records=())), "ns2.test: REFUSED"),
        ("tcp", (_answer(server="ns2.test", records=()),), "ns2.test: no addresses"),
        ("case", (), "there is no name server"),
        ("lifetime", (_answer(ttl=0),), "ns1.test: 0 s"),
        ("lifetime", (), "no addresses"),
        ("apex", (_answer("CNAME", ()),), "none"),
        ("apex", (_answer("CNAME", ("elsewhere.test",)), BELOW), "CNAME to elsewhere.test, below the apex"),
        (
            "signed",
            (_answer("DS", (_ds(KEY),)), _answer("DNSKEY", ())),
            "DS 2371 (algorithm 13); keys none at ns1.test",
        ),
        ("signed", (_answer("DS", (_ds(KEY),)), _answer("DNSKEY", (KEY,))), "signed: 2371 (algorithm 13)"),
    ),
)
def test_what_was_seen_is_said(promise: str, answers: tuple[DnsAnswer | Silence, ...], told: str) -> None:
    """By server, by kind, by tag: whoever repairs it looks there first."""
    assert told == _checks()[f"dns.{promise}[{APEX}]"].sight.judge(DnsAnswers(answers=answers), NOW).actual


def test_keys_are_asked_for_only_where_a_ds_is() -> None:
    """Most zones are not signed; four questions are saved. A name below the apex has neither: its zone is asked for."""

    def ask(name: str, kind: str, *, server: str = "") -> DnsAnswer:
        answers = {"DS": (_ds(KEY),), "NS": ("ns1.test",), "DNSKEY": (KEY,)}
        return _answer(kind, answers[kind] if name == "test" else (), server=server)

    check = _checks()[f"dns.signed[{APEX}]"]
    seen = check.sight.look(world({("ask",): ask}))
    alone = check.sight.look(
        world({("ask", APEX, "NS"): _answer("NS", ("ns1.test",)), ("ask", APEX, "DS"): _answer("DS", ())})
    )

    assert isinstance(seen, DnsAnswers)
    assert isinstance(alone, DnsAnswers)
    assert ["DS", "DNSKEY"] == [each.type for each in seen.answers if isinstance(each, DnsAnswer)]
    assert 1 == len(alone.answers)


def test_nothing_that_a_server_says_reaches_a_terminal() -> None:
    """Hostile text is one harmless line."""
    hostile = _answer(records=(HOSTILE,), rcode="NOERROR", server=HOSTILE, ttl=0)
    for name, check in _checks().items():
        assert check.sight.judge(DnsAnswers(answers=(hostile, hostile)), NOW).actual.isprintable(), name
