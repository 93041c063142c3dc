from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from checks.evidence import Absent, Accepted, DnsAnswer, Handshakes, Protocols, Refused, Served, Silence
from checks.model import CannotLook, Unresolved
from checks.promises import tls
from tests.promises.worlds import (
    APEX,
    CERTIFICATE_ARN,
    DAY,
    HOSTILE,
    NOW,
    WWW,
    accepted,
    answer,
    certificate_seen,
    distribution_config,
    distribution_resource,
    distribution_seen,
    leaf,
    planned,
    silence,
    site,
    target,
    world,
)

LIMITS = {"expiry_critical": 7 * DAY, "expiry_warning": 30 * DAY}
SECOND = timedelta(seconds=1)


def _refused(code: int | None = 62, **changes: object) -> Refused:
    shown = leaf(**changes) if changes else None
    return Refused(host=APEX, address="192.0.2.1", reason="certificate verify failed", code=code, leaf=shown)


def test_each_host_is_asked_about_by_itself() -> None:
    """Seven questions a host; its remaining time is a warning only where no certificate of the target covers that."""
    words = ("certificate", "addresses", "addresses_v6", "served", "lifetime", "floor", "modern")

    expected = [f"tls.{word}[{host}]" for host in (APEX, WWW) for word in words]
    assert expected == list(planned(tls.checks(site(), **LIMITS)))


def test_a_certificate_from_elsewhere_gets_its_warning_from_the_handshake() -> None:
    """Attached but not a resource of the target: served is compared, renewal is seen from outside."""
    names = planned(tls.checks(target(distribution_resource(), domain=APEX), **LIMITS))

    assert f"tls.served[{APEX}]" in names
    assert f"tls.lifetime_warning[{APEX}]" in names


def test_an_unknown_certificate_is_not_compared() -> None:
    """A part that the template does not tell is left out, and the rest is asked."""
    config = distribution_config() | {"ViewerCertificate": Unresolved("Fn::ImportValue")}
    for one in (target(distribution_resource(config), domain=APEX), target(domain=APEX)):
        names = planned(tls.checks(one, **LIMITS))

        assert f"tls.served[{APEX}]" not in names
        assert f"tls.certificate[{APEX}]" in names


@pytest.mark.parametrize(
    ("seen", "status", "word"),
    (
        pytest.param(accepted(), "pass", "200 d left", id="accepted"),
        pytest.param(accepted(leaf=leaf(not_after=NOW + SECOND)), "pass", "1 s left", id="its last second but one"),
        pytest.param(accepted(leaf=leaf(not_after=NOW)), "pass", "expired 0 s ago", id="its last second"),
        pytest.param(_refused(10, not_after=NOW - DAY), "fail", "expired 1 d ago", id="expired"),
        pytest.param(_refused(62, names=("other.test",)), "fail", "other.test", id="another name"),
        pytest.param(_refused(20), "fail", "verify failed", id="unknown authority"),
        pytest.param(_refused(None), "fail", "verify failed", id="no handshake at all"),
        pytest.param(silence(), "fail", "refused", id="silence"),
    ),
)
def test_a_browser_accepts_the_certificate(seen: Accepted | Refused | Silence, status: str, word: str) -> None:
    """Everything else is a failure, and its facts are told all the same."""
    verdict = tls.judge_certificate(seen, NOW, host=APEX)

    assert status == verdict.status
    assert word in verdict.actual


def test_the_remedy_depends_on_what_is_wrong() -> None:
    """Renewing does not help against a wrong name."""
    remedies = {tls.judge_certificate(_refused(code), NOW, host=APEX).remedy for code in (9, 10, 20, 62, None)}

    assert 5 == len(remedies)


@pytest.mark.parametrize(
    ("addresses", "handshakes", "status", "word"),
    (
        pytest.param(answer("192.0.2.1", "192.0.2.2"), (accepted(), accepted()), "pass", "2 addresses", id="both"),
        pytest.param(answer("192.0.2.1", "192.0.2.2"), (accepted(), _refused(10)), "fail", "1 of 2:", id="one expired"),
        pytest.param(answer("192.0.2.1"), (silence(),), "fail", "1 of 1:", id="the only one is silent"),
        pytest.param(answer(rcode="NXDOMAIN"), (), "fail", "no address (NXDOMAIN)", id="no addresses"),
        pytest.param(silence(), (), "fail", "refused", id="no answer"),
    ),
)
def test_one_bad_edge_of_several_is_a_failure(
    addresses: DnsAnswer | Silence, handshakes: tuple[Accepted | Refused | Silence, ...], status: str, word: str
) -> None:
    """A single look meets the good one half of the time; how many are bad is told."""
    seen = Handshakes(addresses=addresses, handshakes=handshakes)

    verdict = tls.judge_addresses(seen, NOW, host=APEX)

    assert (status, f"the same welcome at every address of {APEX}") == (verdict.status, verdict.expected)
    assert word in verdict.actual


def test_every_address_is_visited_up_to_a_limit() -> None:
    """Each address of the answer by itself; an absurd answer does not become hundreds of handshakes."""
    check = planned(tls.checks(site(), **LIMITS))[f"tls.addresses[{APEX}]"]
    many = answer(*(f"192.0.2.{number}" for number in range(200)))

    seen = check.sight.look(
        world({("ask", APEX, "A"): many, ("handshake",): lambda host, address: accepted(host=host, address=address)})
    )

    assert isinstance(seen, Handshakes)
    assert [accepted(address=f"192.0.2.{number}") for number in range(16)] == list(seen.handshakes)


@pytest.mark.parametrize(
    ("addresses", "handshakes", "status"),
    (
        pytest.param(answer("2001:db8::1", type="AAAA"), (accepted(),), "pass", id="one"),
        pytest.param(answer("2001:db8::1", type="AAAA"), (silence(),), "fail", id="nobody there"),
        pytest.param(answer("2001:db8::1", "2001:db8::2", type="AAAA"), (accepted(), _refused(62)), "fail", id="half"),
        pytest.param(answer(type="AAAA"), (), "pass", id="none"),
        pytest.param(answer(type="AAAA", rcode="NXDOMAIN"), (), "pass", id="no name"),
        pytest.param(answer(type="AAAA", rcode="SERVFAIL"), (), "fail", id="nobody says"),
        pytest.param(silence(), (), "fail", id="no answer"),
    ),
)
def test_an_ipv6_address_that_is_there_works(
    addresses: DnsAnswer | Silence, handshakes: tuple[Accepted | Refused | Silence, ...], status: str
) -> None:
    """To have none is a matter of others; to lead people where nobody answers is not."""
    check = planned(tls.checks(site(), **LIMITS))[f"tls.addresses_v6[{APEX}]"]
    met = dict(zip(getattr(addresses, "records", ()), handshakes, strict=True))
    there = world({("ask", APEX, "AAAA"): addresses, ("handshake",): lambda _host, address: met[address]})

    verdict = check.sight.judge(check.sight.look(there), NOW)

    assert (status, f"the same welcome at every IPv6 address of {APEX}") == (verdict.status, verdict.expected)


def test_addresses_are_visited_at_the_same_time() -> None:
    """Those that keep silent cost one time-out; one after the other they would not meet here."""
    check = planned(tls.checks(site(), **LIMITS))[f"tls.addresses_v6[{APEX}]"]
    both = threading.Barrier(2, timeout=30)

    def met(host: str, address: str) -> Accepted:
        both.wait()
        return accepted(host=host, address=address)

    seen = check.sight.look(
        world({("ask", APEX, "AAAA"): answer("2001:db8::1", "2001:db8::2", type="AAAA"), ("handshake",): met})
    )

    assert isinstance(seen, Handshakes)
    assert ["2001:db8::1", "2001:db8::2"] == [each.address for each in seen.handshakes if isinstance(each, Accepted)]


def test_without_an_answer_nobody_is_visited() -> None:
    """Silence of the resolver is the evidence."""
    check = planned(tls.checks(site(), **LIMITS))[f"tls.addresses[{APEX}]"]

    assert Handshakes(addresses=silence(), handshakes=()) == check.sight.look(world({("ask", APEX, "A"): silence()}))


@pytest.mark.parametrize(
    ("seen", "status"),
    (
        pytest.param(
            Served(certificate=certificate_seen(), handshake=accepted(), distribution=distribution_seen()),
            "pass",
            id="same",
        ),
        pytest.param(
            Served(
                certificate=certificate_seen(serial="00:1F"),
                handshake=accepted(),
                distribution=Absent(what="distribution"),
            ),
            "pass",
            id="the same, written otherwise",
        ),
        pytest.param(
            Served(certificate=certificate_seen(serial="2f"), handshake=accepted(), distribution=distribution_seen()),
            "fail",
            id="another",
        ),
        pytest.param(
            Served(
                certificate=certificate_seen(serial="2f"),
                handshake=accepted(),
                distribution=distribution_seen(status="InProgress"),
            ),
            "not_yet",
            id="another while it is being deployed",
        ),
        pytest.param(
            Served(
                certificate=certificate_seen(), handshake=_refused(10, serial="1f"), distribution=distribution_seen()
            ),
            "pass",
            id="the same, though refused",
        ),
        pytest.param(
            Served(certificate=certificate_seen(serial=""), handshake=accepted(), distribution=distribution_seen()),
            "fail",
            id="ACM tells no serial",
        ),
        pytest.param(
            Served(certificate=certificate_seen(), handshake=_refused(None), distribution=distribution_seen()),
            "fail",
            id="no certificate shown",
        ),
        pytest.param(
            Served(
                certificate=certificate_seen(), handshake=silence(), distribution=distribution_seen(status="InProgress")
            ),
            "fail",
            id="silence",
        ),
        pytest.param(
            Served(certificate=Absent(what="certificate"), handshake=accepted(), distribution=distribution_seen()),
            "fail",
            id="ACM has none",
        ),
    ),
)
def test_the_edge_serves_what_acm_holds(seen: Served, status: str) -> None:
    """A renewed certificate that no visitor sees has not been renewed."""
    assert status == tls.judge_served(seen, NOW).status


@pytest.mark.parametrize(
    ("seen", "status"),
    (
        pytest.param(accepted(leaf=leaf(not_after=NOW + 7 * DAY + SECOND)), "pass", id="a second more"),
        pytest.param(accepted(leaf=leaf(not_after=NOW + 7 * DAY)), "fail", id="exactly the limit"),
        pytest.param(accepted(leaf=leaf(not_after=NOW - SECOND)), "fail", id="expired meanwhile"),
        pytest.param(_refused(62, not_after=NOW + 90 * DAY), "pass", id="refused for something else"),
        pytest.param(_refused(10, not_after=NOW - DAY), "fail", id="refused as expired"),
        pytest.param(_refused(None), "fail", id="none shown"),
        pytest.param(silence(), "fail", id="silence"),
    ),
)
def test_the_time_that_is_left_is_read_from_the_handshake(seen: Accepted | Refused | Silence, status: str) -> None:
    """A certificate that has expired does not lose its dates."""
    assert status == tls.judge_lifetime(seen, NOW, host=APEX, least=7 * DAY).status


def _protocols(accepted: str = "", refused: str = "", unclear: str = "") -> Protocols:
    lists = (tuple(each.split()) for each in (accepted, refused, unclear))
    return Protocols(
        host=APEX, address="192.0.2.1", **dict(zip(("accepted", "refused", "unclear"), lists, strict=True))
    )


@pytest.mark.parametrize(
    ("seen", "status", "actual"),
    (
        pytest.param(_protocols("1.2 1.3", "1.0 1.1"), "pass", "accepted 1.2, 1.3", id="modern"),
        pytest.param(_protocols("1.3", "1.0 1.1 1.2"), "pass", "accepted 1.3", id="1.3 alone"),
        pytest.param(_protocols("1.2", "1.0 1.1 1.3"), "pass", "accepted 1.2", id="1.2 alone"),
        pytest.param(_protocols("1.0 1.2 1.3", "1.1"), "fail", "1.0 accepted", id="1.0 accepted"),
        pytest.param(_protocols("1.1 1.2 1.3", "1.0"), "fail", "1.1 accepted", id="1.1 accepted"),
        pytest.param(
            _protocols("1.0", "1.1 1.2 1.3"), "fail", "1.0 accepted, neither 1.2 nor 1.3 accepted", id="1.0 alone"
        ),
        pytest.param(_protocols("", "1.0 1.1 1.2 1.3"), "fail", "neither 1.2 nor 1.3 accepted", id="nothing"),
        pytest.param(_protocols("1.2 1.3", "1.1", "1.0"), "fail", "1.0 unclear", id="1.0 unclear"),
        pytest.param(_protocols("1.2 1.3"), "fail", "1.0 unclear, 1.1 unclear", id="old ones not tried"),
        pytest.param(_protocols("1.0 1.2", "1.0 1.1"), "fail", "1.0 accepted", id="1.0 both ways"),
        pytest.param(silence(), "fail", "shop.test:443: connection refused", id="silence"),
    ),
)
def test_old_versions_are_seen_to_be_refused(seen: Protocols | Silence, status: str, actual: str) -> None:
    """Not to have seen an acceptance is no refusal, and is told as neither."""
    verdict = tls.judge_floor(seen, NOW)

    assert (status, actual) == (verdict.status, verdict.actual)


@pytest.mark.parametrize(
    ("seen", "status", "actual"),
    (
        pytest.param(_protocols("1.2 1.3", "1.0 1.1"), "pass", "accepted 1.2, 1.3", id="offered"),
        pytest.param(_protocols("1.2", "1.3"), "fail", "1.3 refused", id="refused"),
        pytest.param(_protocols("1.2", "", "1.3"), "fail", "1.3 unclear", id="unclear"),
        pytest.param(silence(), "fail", "shop.test:443: connection refused", id="silence"),
    ),
)
def test_the_newest_version_is_offered(seen: Protocols | Silence, status: str, actual: str) -> None:
    """TLS 1.3 was seen to be accepted."""
    verdict = tls.judge_modern(seen, NOW)

    assert (status, actual) == (verdict.status, verdict.actual)


def test_who_keeps_silent_about_versions_is_named_in_the_remedy() -> None:
    """The host and not its port: that is what there is to look at."""
    remedies = {judge(silence(f"{APEX}:8443"), NOW).remedy for judge in (tls.judge_floor, tls.judge_modern)}

    assert {tls.judge_certificate(silence(), NOW, host=APEX).remedy} == remedies
    assert APEX in remedies.pop()


@pytest.mark.parametrize(
    ("word", "seen"),
    (
        pytest.param("floor", _protocols("1.2 1.3", "1.1", "1.0"), id="an old version broke off"),
        pytest.param("floor", _protocols("1.3", "1.1", "1.0 1.2"), id="and a new one"),
        pytest.param("modern", _protocols("1.2", "1.0 1.1", "1.3"), id="the newest broke off"),
    ),
)
def test_what_could_not_be_told_was_not_seen(word: str, seen: Protocols) -> None:
    """A connection that breaks off may be our own network's doing: neither a pass nor a failure of the site."""
    check = planned(tls.checks(site(), **LIMITS))[f"tls.{word}[{APEX}]"]

    with pytest.raises(CannotLook, match="broke off"):
        check.sight.look(world({("protocols", APEX): seen}))


@pytest.mark.parametrize(
    ("word", "seen"),
    (
        pytest.param("floor", _protocols("1.1 1.2", "", "1.0"), id="one old version is accepted for sure"),
        pytest.param("floor", _protocols("", "1.1 1.2 1.3", "1.0"), id="no new version is accepted for sure"),
        pytest.param("floor", _protocols("1.2", "1.0 1.1", "1.3"), id="the unclear one does not matter"),
        pytest.param("modern", _protocols("1.3", "1.0", "1.1"), id="an old one does not matter"),
        pytest.param("modern", silence(), id="silence"),
    ),
)
def test_what_is_settled_is_judged(word: str, seen: Protocols | Silence) -> None:
    """An unclear version does not hide what was seen beside it."""
    check = planned(tls.checks(site(), **LIMITS))[f"tls.{word}[{APEX}]"]

    assert seen == check.sight.look(world({("protocols", APEX): seen}))


def test_served_compares_three_things_that_were_seen() -> None:
    """What ACM holds, what the edge shows, and whether the distribution has settled."""
    check = planned(tls.checks(site(), **LIMITS))[f"tls.served[{WWW}]"]
    asked = {
        ("certificate", "us-east-1", CERTIFICATE_ARN): certificate_seen(),
        ("handshake", WWW): accepted(),
        ("distribution", "D1"): distribution_seen(),
    }

    seen = check.sight.look(world(asked))

    assert "pass" == check.sight.judge(seen, NOW).status
    assert accepted() == planned(tls.checks(site(), **LIMITS))[f"tls.lifetime[{WWW}]"].sight.look(world(asked))


def test_hostile_names_are_made_harmless() -> None:
    """A certificate can carry any text."""
    verdict = tls.judge_certificate(accepted(leaf=leaf(names=(HOSTILE,) * 50)), NOW, host=APEX)

    assert verdict.actual.isprintable()
    assert len(verdict.actual) < 1000
