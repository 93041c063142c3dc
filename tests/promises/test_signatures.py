"""Signed zones: what holds now and for a while, and what is denied although it is there."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.evidence import Denial, DnsAnswer, Signature, SignedAnswer, SignedZone, Silence
from checks.model import Check
from checks.promises import signatures
from tests.promises.worlds import APEX, DAY, HOSTILE, NOW, WWW, answer, planned, silence, site, target, world

KEY = (2371, 13)
DS = answer("2371 13 2 " + "ab" * 32, type="DS")
SECOND = timedelta(seconds=1)


def _check(word: str) -> Check:
    return planned(signatures.checks(site()))[f"dns.{word}[{APEX}]"]


def _signature(kind: str = "A", **changes: Any) -> Signature:  # noqa: ANN401 - fields of Signature
    given_: dict[str, Any] = {
        "type": kind,
        "signer": APEX,
        "tag": KEY[0],
        "algorithm": KEY[1],
        "inception": NOW - DAY,
        "expiration": NOW + 13 * DAY,
        "verified": True,
    }
    return Signature(**given_ | changes)


def _said(kind: str = "A", *signed: Signature, name: str = APEX, **changes: Any) -> SignedAnswer:  # noqa: ANN401 - fields of SignedAnswer
    given_: dict[str, Any] = {
        "name": name,
        "type": kind,
        "server": "ns1.test",
        "rcode": "NOERROR",
        "owner": name,
        "present": (kind,),
        "signatures": signed or (_signature(kind),),
    }
    return SignedAnswer(**given_ | changes)


KEYS = _said("DNSKEY")
NOTHING = _said("TYPE65280", _signature("SOA"), present=(), denials=(Denial(of=(APEX,), types=("A", "DNSKEY")),))


def _zone(*answers: SignedAnswer | Silence, above: DnsAnswer | Silence = DS) -> SignedZone:
    return SignedZone(zone=APEX, above=above, answers=answers)


def _judged(word: str, seen: SignedZone, now: datetime = NOW) -> str:
    return _check(word).sight.judge(seen, now).status


@pytest.mark.parametrize(
    ("seen", "status"),
    (
        pytest.param(_zone(KEYS, _said(), NOTHING), "pass", id="all of it"),
        pytest.param(_zone(above=answer(type="DS")), "pass", id="not signed"),
        pytest.param(_zone(above=silence()), "fail", id="nobody says whether it is"),
        pytest.param(_zone(above=answer(type="DS", rcode="SERVFAIL")), "fail", id="nobody can say"),
        pytest.param(_zone(), "fail", id="no server"),
        pytest.param(_zone(KEYS, _said(), silence()), "fail", id="one server is silent"),
        pytest.param(_zone(KEYS, _said(rcode="SERVFAIL")), "fail", id="one fails"),
        pytest.param(_zone(_said("DNSKEY", present=())), "fail", id="no keys"),
        pytest.param(_zone(KEYS, replace(_said(), signatures=())), "fail", id="one is not signed"),
        pytest.param(_zone(KEYS, replace(NOTHING, signatures=())), "fail", id="an absence is not signed"),
        pytest.param(_zone(KEYS, _said("A", _signature(signer="test"))), "fail", id="by another zone"),
        pytest.param(_zone(KEYS, _said("A", _signature("AAAA"))), "fail", id="of other records"),
        pytest.param(_zone(KEYS, _said("A", _signature(verified=False))), "fail", id="by another key"),
        pytest.param(_zone(KEYS, _said("A", _signature(verified=None))), "pass", id="dates alone"),
        pytest.param(
            _zone(_said("DNSKEY", _signature("DNSKEY", tag=1)), _said()), "fail", id="keys by no key of the DS"
        ),
        pytest.param(_zone(KEYS, _said("A", _signature(tag=9))), "pass", id="records by another key of the zone"),
        pytest.param(
            _zone(KEYS, _said("A", _signature(expiration=NOW), _signature())), "pass", id="one of two is enough"
        ),
    ),
)
def test_every_answer_is_signed_by_the_zone(seen: SignedZone, status: str) -> None:
    """Each server, each kind of record, and the word that there is none."""
    assert status == _judged("signatures", seen)


@pytest.mark.parametrize(
    ("begins", "ends", "status"),
    (
        pytest.param(-DAY, 13 * DAY, "pass", id="fresh"),
        pytest.param(-9 * DAY, DAY, "pass", id="a tenth is left"),
        pytest.param(-9 * DAY, DAY - SECOND, "fail", id="less than a tenth"),
        pytest.param(-9 * DAY, timedelta(0), "fail", id="its last second"),
        pytest.param(timedelta(0), DAY, "pass", id="its first second"),
        pytest.param(SECOND, DAY, "fail", id="from the future"),
        pytest.param(-timedelta(hours=1), timedelta(hours=2), "pass", id="for hours, as Route 53 signs"),
    ),
)
def test_signatures_hold_now_and_for_a_while(begins: timedelta, ends: timedelta, status: str) -> None:
    """What is too late for its own span was not renewed."""
    signature = _signature(inception=NOW + begins, expiration=NOW + ends)

    assert status == _judged("signatures", _zone(KEYS, _said("A", signature)))


@pytest.mark.parametrize(
    ("seen", "actual"),
    (
        pytest.param(_zone(KEYS, _said()), "2 signatures, the first ends in 13 d", id="all of it"),
        pytest.param(
            _zone(_said("DNSKEY", _signature("DNSKEY", expiration=NOW), _signature("DNSKEY")), _said()),
            "3 signatures, the first ends in 13 d",
            id="what has ended does not end first",
        ),
        pytest.param(
            _zone(KEYS, _said("A", _signature(verified=None))),
            "2 signatures, the first ends in 13 d",
            id="one of them is verified",
        ),
        pytest.param(
            _zone(_said("A", _signature(verified=None))),
            "1 signatures, the first ends in 13 d; their dates alone, nothing here can verify them",
            id="none is verified",
        ),
        pytest.param(
            _zone(_said("A", _signature(signer="test"))),
            f"ns1.test: {APEX} A: not signed by the zone's own key",
            id="by another zone",
        ),
        pytest.param(
            _zone(_said("A", _signature(expiration=NOW), _signature(verified=False))),
            f"ns1.test: {APEX} A: expired 0 s ago, not confirmed by key {KEY[0]}",
            id="each flaw of two",
        ),
    ),
)
def test_what_is_told_of_signatures(seen: SignedZone, actual: str) -> None:
    """How many there are, when the first of those that hold ends, what nobody could verify; or each flaw."""
    assert actual == _check("signatures").sight.judge(seen, NOW).actual


@pytest.mark.parametrize(
    ("record", "tag", "status"),
    (
        pytest.param("65535 13", 65535, "pass", id="the greatest tag"),
        pytest.param("123456 13", 123456, "fail", id="no tag is so long"),
        pytest.param("x 13", 1, "fail", id="no number"),
    ),
)
def test_a_ds_names_a_key_by_a_number_that_can_be_one(record: str, tag: int, status: str) -> None:
    """Tags have 16 bits; what is none leads to no key at all."""
    keys = _said("DNSKEY", _signature("DNSKEY", tag=tag))

    assert status == _judged("signatures", _zone(keys, _said(), above=answer(record, type="DS")))


@given(begins=st.integers(-10_000, 10_000), lasts=st.integers(1, 10_000))
def test_no_signature_is_believed_outside_its_dates(begins: int, lasts: int) -> None:
    """Whatever the span, what has not begun or has ended fails."""
    starts = NOW + timedelta(minutes=begins)
    ends = starts + timedelta(minutes=lasts)
    status = _judged("signatures", _zone(KEYS, _said("A", _signature(inception=starts, expiration=ends))))

    assert status == "fail" or starts <= NOW < ends
    assert status == "pass" or not starts <= NOW < ends - timedelta(minutes=lasts) / 10


@pytest.mark.parametrize(
    ("denial", "status"),
    (
        pytest.param(Denial(of=(APEX,), types=("A", "DNSKEY", "SOA")), "pass", id="it has these"),
        pytest.param(Denial(of=(APEX,), types=("DNSKEY", "SOA")), "fail", id="no A, which is there"),
        pytest.param(Denial(of=(), types=(), between=(WWW,)), "pass", id="another name"),
        pytest.param(Denial(of=(), types=(), between=(APEX,)), "fail", id="no such name, which is there"),
        pytest.param(Denial(of=(WWW,), types=()), "pass", id="of another name"),
    ),
)
def test_nothing_that_is_there_is_denied(denial: Denial, status: str) -> None:
    """A resolver that has seen the proof answers by it."""
    lying = replace(NOTHING, denials=(denial,))

    assert status == _judged("denials", _zone(KEYS, _said(), lying))


def test_a_wildcard_denied_is_every_name_below_it_denied() -> None:
    """What is there is the wildcard's; that the name itself is not there is the truth."""
    made = _said(name=WWW, owner=f"*.{APEX}")
    honest = replace(NOTHING, name=WWW, denials=(Denial(of=(f"*.{APEX}",), types=("A",), between=(WWW,)),))
    lying = replace(NOTHING, name=WWW, denials=(Denial(of=(f"*.{APEX}",), types=("AAAA",)),))

    assert ["pass", "fail"] == [_judged("denials", _zone(KEYS, made, each)) for each in (honest, lying)]


def test_one_server_may_not_deny_what_another_has() -> None:
    """Visitors meet both."""
    lying = replace(NOTHING, server="ns2.test", denials=(Denial(of=(APEX,), types=("DNSKEY",)),))

    told = _check("denials").sight.judge(_zone(KEYS, _said(), lying), NOW)
    assert ("fail", f"ns2.test: a proof that {APEX} has no A, which it has") == (told.status, told.actual)


@pytest.mark.parametrize("seen", (_zone(silence()), _zone(), _zone(above=silence())))
def test_silence_proves_no_absence_of_lies(seen: SignedZone) -> None:
    """Who was not heard may have said anything."""
    assert "fail" == _judged("denials", seen)


def test_an_unsigned_zone_is_asked_nothing() -> None:
    """The DS that dns.signed asks for settles both; a target without a site has neither."""
    there = world({("ask", APEX, "NS"): answer("ns1.test"), ("ask", APEX, "DS"): answer(type="DS")})

    for word in ("signatures", "denials"):
        assert "pass" == _check(word).sight.judge(_check(word).sight.look(there), NOW).status
    assert {} == planned(signatures.checks(target()))


def test_every_server_of_a_signed_zone_is_asked_about_its_hosts() -> None:
    """Those that are in the zone: an alias elsewhere is signed by others."""
    asked: list[tuple[str, tuple[str, ...], str]] = []

    def signed(zone: str, names: tuple[str, ...], *, server: str) -> tuple[SignedAnswer, ...]:
        asked.append((zone, names, server))
        return (replace(KEYS, server=server),)

    check = planned(signatures.checks(site(aliases=(WWW, "shop.example"))))[f"dns.signatures[{APEX}]"]
    seen = check.sight.look(
        world(
            {
                ("ask", APEX, "NS"): answer("ns1.test", "ns2.test"),
                ("ask", APEX, "DS"): DS,
                ("signed",): signed,
            }
        )
    )

    assert {(APEX, (APEX, WWW), "ns1.test"), (APEX, (APEX, WWW), "ns2.test")} == set(asked)
    assert _zone(KEYS, replace(KEYS, server="ns2.test")) == seen


def test_nothing_that_a_server_says_reaches_a_terminal() -> None:
    """Hostile text is one harmless line, and a DS that is none names no key."""
    hostile = _said(
        HOSTILE, _signature(HOSTILE), server=HOSTILE, name=HOSTILE, denials=(Denial(of=(HOSTILE,), types=()),)
    )
    for word in ("signatures", "denials"):
        for above in (answer(HOSTILE, type="DS"), DS):
            assert _check(word).sight.judge(_zone(hostile, above=above), NOW).actual.isprintable()
