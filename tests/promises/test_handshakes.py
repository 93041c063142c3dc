from __future__ import annotations

from dataclasses import replace

import pytest

from checks.evidence import Accepted, Group, Multiplexed, Refused, Silence, Suites
from checks.model import CannotLook, Check
from checks.promises import handshakes
from tests.promises.worlds import APEX, HOSTILE, NOW, WWW, accepted, planned, silence, site, world

LEAF, ISSUER, ROOT = ("CN=shop.test", "CN=M01"), ("CN=M01", "CN=Root"), ("CN=Root", "CN=Root")
WORDS = ("chain", "suites", "group", "http2")
REFUSED = Refused(host=APEX, address="192.0.2.1", reason="expired", code=10)


def _checks() -> dict[str, Check]:
    return planned(handshakes.checks(site()))


def _seen(**changes: object) -> Suites:
    given = {"host": APEX, "address": "192.0.2.1", "accepted": (), "refused": ("NULL", "RC4")}
    return Suites(**given | changes)  # type: ignore[arg-type]  # fields of Suites


def test_each_host_is_asked() -> None:
    """The apex, then its aliases."""
    assert [f"tls.{word}[{host}]" for host in (APEX, WWW) for word in WORDS] == list(_checks())


@pytest.mark.parametrize(
    ("chain", "status"),
    (
        ((LEAF,), "pass"),
        ((LEAF, ISSUER), "pass"),
        ((LEAF, ISSUER, ROOT), "pass"),
        ((LEAF, ROOT, ISSUER), "fail"),
        ((LEAF, LEAF, ISSUER), "fail"),
        ((LEAF, ISSUER, LEAF), "pass"),
        ((LEAF, ISSUER, ROOT, LEAF), "pass"),
    ),
    ids=(
        "leaf",
        "with its issuer",
        "with the root",
        "the wrong way round",
        "twice",
        "something of no use behind it",
        "or behind the root",
    ),
)
def test_certificates_come_in_order(chain: tuple[tuple[str, str], ...], status: str) -> None:
    """Each is vouched for by the next; whether the root comes too does not matter."""
    check = _checks()[f"tls.chain[{APEX}]"]
    seen = check.sight.look(world({("handshake", APEX): accepted(chain=chain)}))

    assert status == check.sight.judge(seen, NOW).status


@pytest.mark.parametrize("seen", (REFUSED, silence()), ids=("refused", "silent"))
def test_what_a_browser_refuses_is_not_in_order(seen: Refused | Silence) -> None:
    """The chain of a handshake that failed is nobody's."""
    check = _checks()[f"tls.chain[{APEX}]"]
    found = check.sight.look(world({("handshake", APEX): seen}))

    assert "fail" == check.sight.judge(found, NOW).status


def test_a_chain_that_cannot_be_read_is_not_judged() -> None:
    """Our own instrument could not show it, and would not at the next look."""
    with pytest.raises(CannotLook, match="cannot be read here") as raised:
        _checks()[f"tls.chain[{APEX}]"].sight.look(world({("handshake", APEX): accepted(chain=())}))

    assert raised.value.final


@pytest.mark.parametrize(
    ("seen", "status"),
    (
        (_seen(), "pass"),
        (_seen(accepted=("3DES",)), "fail"),
        (_seen(accepted=("static RSA",), unclear=("NULL",)), "fail"),
        (silence(), "fail"),
    ),
    ids=("none", "one", "one, another unclear", "silence"),
)
def test_no_weak_suite_is_accepted(seen: Suites | Silence, status: str) -> None:
    """One that is accepted settles it, whatever is unclear."""
    check = _checks()[f"tls.suites[{APEX}]"]
    found = check.sight.look(world({("suites", APEX): seen}))

    assert status == check.sight.judge(found, NOW).status


def test_an_offer_without_an_answer_is_not_a_refusal() -> None:
    """Time ran out, and that may be ours."""
    with pytest.raises(CannotLook, match="NULL alone"):
        _checks()[f"tls.suites[{APEX}]"].sight.look(world({("suites", APEX): _seen(unclear=("NULL",))}))


def test_nothing_that_a_server_says_reaches_a_terminal() -> None:
    """Hostile text is one harmless line."""
    checks = _checks()
    seen: tuple[Accepted | Refused, ...] = (
        accepted(chain=((HOSTILE, HOSTILE), LEAF)),
        replace(REFUSED, reason=HOSTILE),
    )
    for each in seen:
        assert checks[f"tls.chain[{APEX}]"].sight.judge(each, NOW).actual.isprintable()
    assert checks[f"tls.suites[{APEX}]"].sight.judge(_seen(accepted=(HOSTILE,)), NOW).actual.isprintable()


def _group(bits: int | None, *, unclear: bool = False) -> Group:
    return Group(host=APEX, address="192.0.2.1", bits=bits, unclear=unclear)


@pytest.mark.parametrize(
    ("seen", "status"),
    (
        pytest.param(_group(None), "pass", id="none is agreed to"),
        pytest.param(_group(2048), "pass", id="long enough"),
        pytest.param(_group(2047), "fail", id="a bit short"),
        pytest.param(_group(1024), "fail", id="of long ago"),
        pytest.param(silence(), "fail", id="silence"),
    ),
)
def test_keys_are_exchanged_in_large_groups(seen: Group | Silence, status: str) -> None:
    """2048 bits and more, or none of that kind."""
    check = _checks()[f"tls.group[{APEX}]"]
    found = check.sight.look(world({("group", APEX): seen}))

    assert status == check.sight.judge(found, NOW).status


def test_a_group_that_nobody_told_is_not_judged() -> None:
    """Neither agreed to nor refused: that is no pass."""
    with pytest.raises(CannotLook, match="no clear answer"):
        _checks()[f"tls.group[{APEX}]"].sight.look(world({("group", APEX): _group(None, unclear=True)}))


def _multiplexed(agreed: str, trouble: str = "") -> Multiplexed:
    return Multiplexed(host=APEX, address="192.0.2.1", agreed=agreed, trouble=trouble)


@pytest.mark.parametrize(
    ("seen", "status", "actual"),
    (
        pytest.param(_multiplexed("h2"), "pass", "answered by HTTP/2", id="works"),
        pytest.param(_multiplexed("h2", "closed"), "fail", "192.0.2.1: closed", id="hangs up"),
        pytest.param(_multiplexed("http/1.1"), "pass", "agreed on http/1.1", id="not agreed to"),
        pytest.param(_multiplexed(""), "pass", "agreed on nothing", id="nothing agreed"),
        pytest.param(REFUSED, "fail", "192.0.2.1: expired", id="refused"),
        pytest.param(silence(), "fail", f"{APEX}:443: connection refused", id="silence"),
    ),
)
def test_http2_works_where_it_is_agreed_on(seen: Multiplexed | Refused | Silence, status: str, actual: str) -> None:
    """What is not offered need not work."""
    check = _checks()[f"tls.http2[{APEX}]"]
    verdict = check.sight.judge(check.sight.look(world({("http2", APEX): seen})), NOW)

    assert (status, actual) == (verdict.status, verdict.actual)
