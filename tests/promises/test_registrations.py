"""The registrar: who may take the domain away, and until when it is ours."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from checks.evidence import Absent, Registration
from checks.model import CannotLook, Check
from checks.promises import registrations
from tests.promises.worlds import APEX, DAY, HOSTILE, NOW, planned, site, target, world

LEFT = 45 * DAY
SECOND = timedelta(seconds=1)
ELSEWHERE = Absent(what="registration")


def _check(domain: str = APEX) -> Check:
    return planned(registrations.checks(site(domain=domain), left=LEFT))[f"dns.registration[{domain}]"]


def _seen(*statuses: str, renews: bool = True, expires: datetime | None = NOW + 200 * DAY) -> Registration:
    return Registration(domain=APEX, statuses=statuses, renews=renews, expires=expires)


LOCKED = "clientTransferProhibited"


@pytest.mark.parametrize(
    ("seen", "status"),
    (
        pytest.param(_seen(LOCKED), "pass", id="locked"),
        pytest.param(_seen("serverTransferProhibited"), "pass", id="locked by the registry"),
        pytest.param(_seen("ok"), "fail", id="open"),
        pytest.param(_seen(), "fail", id="nothing said"),
        pytest.param(_seen("clientDeleteProhibited"), "fail", id="locked against something else"),
        pytest.param(_seen(LOCKED, "clientHold"), "fail", id="on hold"),
        pytest.param(_seen(LOCKED, "pendingDelete"), "fail", id="about to be gone"),
        pytest.param(_seen("pendingTransfer", LOCKED), "fail", id="on its way"),
        pytest.param(_seen(LOCKED, renews=False), "pass", id="not renewed, for long enough"),
        pytest.param(_seen(LOCKED, renews=False, expires=NOW + LEFT), "pass", id="exactly long enough"),
        pytest.param(_seen(LOCKED, renews=False, expires=NOW + LEFT - SECOND), "fail", id="a second short"),
        pytest.param(_seen(LOCKED, expires=NOW + SECOND), "pass", id="renewed by itself"),
        pytest.param(_seen(LOCKED, expires=NOW - SECOND), "fail", id="was to be renewed, and ran out"),
        pytest.param(_seen(LOCKED, expires=None), "pass", id="no end known"),
        pytest.param(ELSEWHERE, "pass", id="of another registrar"),
    ),
)
def test_a_domain_stays_ours(seen: Registration | Absent, status: str) -> None:
    """Locked, in use, and not about to run out; what another registrar has is told as such."""
    check = _check()
    found = check.sight.look(world({("registration", APEX): seen}))

    assert status == check.sight.judge(found, NOW).status


@pytest.mark.parametrize(
    ("seen", "told"),
    (
        (_seen(LOCKED), f"{LOCKED}, renews"),
        (_seen(LOCKED, renews=False), LOCKED),
        (_seen("ok"), "no status clientTransferProhibited"),
        (_seen(LOCKED, "clientHold"), "status clientHold"),
        (_seen(LOCKED, renews=False, expires=NOW + SECOND), "1 s left"),
        (_seen(LOCKED, renews=False, expires=NOW), "expired 0 s ago"),
        (_seen(LOCKED, expires=NOW - SECOND), "expired 1 s ago"),
    ),
)
def test_what_is_amiss_is_told(seen: Registration, told: str) -> None:
    """What runs out has some time left until it ends, and from that very second on it has expired."""
    assert told == _check().sight.judge(seen, NOW).actual


def test_another_registrar_is_told() -> None:
    """A pass that saw nothing says so."""
    assert "not registered in this account: its registrar knows" == _check().sight.judge(ELSEWHERE, NOW).actual


def test_the_name_that_was_registered_may_be_above() -> None:
    """A site lives at a name below it; a top-level domain is nobody's, and is not asked for."""
    asked: list[str] = []

    def registration(domain: str) -> Registration | Absent:
        asked.append(domain)
        return replace(_seen(LOCKED), domain=domain) if domain == "shop.co.test" else ELSEWHERE

    there = world({("registration",): registration})

    assert replace(_seen(LOCKED), domain="shop.co.test") == _check("www.shop.co.test").sight.look(there)
    assert ELSEWHERE == _check("a.other.test").sight.look(there)
    assert ["www.shop.co.test", "shop.co.test", "a.other.test", "other.test"] == asked


def test_a_registrar_that_may_not_be_asked_is_no_other_registrar() -> None:
    """AccessDenied is about us."""
    with pytest.raises(CannotLook):
        _check().sight.look(world({("registration", APEX): CannotLook("AccessDenied")}))


def test_where_aws_is_no_registrar_it_is_not_asked() -> None:
    """In its other partitions; nor without a domain, or without an account to ask in."""
    for other in (replace(site(), partition="aws-cn"), target(), replace(site(), stacks=())):
        assert {} == planned(registrations.checks(other, left=LEFT))


def test_nothing_that_a_registrar_says_reaches_a_terminal() -> None:
    """Hostile text is one harmless line."""
    for seen in (_seen(LOCKED, HOSTILE), _seen(HOSTILE)):
        assert _check().sight.judge(seen, NOW).actual.isprintable()
