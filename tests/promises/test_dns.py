from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from checks.evidence import DnsAnswer, DnsAnswers, Silence
from checks.model import CannotLook, Verdict
from checks.promises import dns
from tests.promises.worlds import (
    APEX,
    HOSTILE,
    NOW,
    WWW,
    answer,
    certificate_resource,
    planned,
    resource,
    silence,
    site,
    target,
    world,
)

QUARTER = timedelta(minutes=15)


def test_hosts_first_then_the_domain() -> None:
    """Two families for each host, one authority and one made-up name for the domain."""
    names = list(planned(dns.checks(site(), negative_ttl=QUARTER)))

    hosts = [f"dns.{kind}[{host}]" for host in (APEX, WWW) for kind in ("address", "address_v6")]
    assert [*hosts, f"dns.caa[{APEX}]", f"dns.negative[{APEX}]"] == names


def test_without_a_domain_there_is_nothing_to_ask() -> None:
    """What does not apply is not planned."""
    assert {} == planned(dns.checks(target(), negative_ttl=QUARTER))


def test_the_caa_check_speaks_for_the_caa_records() -> None:
    """A record set of that type in the template is covered."""
    record = resource("AWS::Route53::RecordSet", {"Type": "CAA", "Name": f"{APEX}."}, subject="Dns/Caa")

    checks = planned(dns.checks(site(record), negative_ttl=QUARTER))

    assert ("DnsCaa",) == checks[f"dns.caa[{APEX}]"].place.covers


@pytest.mark.parametrize(
    ("properties", "wildcard"),
    (
        pytest.param({}, False, id="plain names"),
        pytest.param({"DomainName": f"*.{APEX}"}, True, id="its name"),
        pytest.param({"SubjectAlternativeNames": [f"*.{APEX}"]}, True, id="another name"),
    ),
)
def test_wildcards_are_known_from_the_certificates(properties: dict[str, object], *, wildcard: bool) -> None:
    """Only a certificate with a wildcard needs permission for wildcards."""
    checks = planned(dns.checks(target(certificate_resource(**properties), domain=APEX), negative_ttl=QUARTER))

    assert wildcard == checks[f"dns.caa[{APEX}]"].params["wildcard"]


@pytest.mark.parametrize(
    ("kind", "seen", "status"),
    (
        pytest.param("A", answer("203.0.113.9"), "pass", id="an address"),
        pytest.param("A", answer("192.0.2.1", "192.0.2.2", chain=("a.test",)), "pass", id="two, by a chain"),
        pytest.param("AAAA", answer("2001:db8::1"), "pass", id="IPv6"),
        pytest.param("A", answer(), "fail", id="an empty answer"),
        pytest.param("A", answer(chain=("b.test", "a.test")), "fail", id="a chain to nothing"),
        pytest.param("A", answer(rcode="NXDOMAIN"), "fail", id="no such name"),
        pytest.param("A", answer(rcode="SERVFAIL"), "fail", id="a failure"),
        pytest.param("A", silence(), "fail", id="silence"),
        pytest.param("A", answer("0.0.0.0"), "fail", id="nowhere"),
        pytest.param("A", answer("127.0.0.1"), "fail", id="the visitor's own machine"),
        pytest.param("A", answer("10.1.2.3"), "fail", id="private, class A"),
        pytest.param("A", answer("172.16.0.1"), "fail", id="private, first of class B"),
        pytest.param("A", answer("172.15.255.255"), "pass", id="just below class B"),
        pytest.param("A", answer("172.31.255.255"), "fail", id="private, last of class B"),
        pytest.param("A", answer("172.32.0.0"), "pass", id="just above class B"),
        pytest.param("A", answer("203.0.113.9", "192.168.1.1"), "fail", id="one of two private"),
        pytest.param("A", answer("169.254.169.254"), "fail", id="link-local"),
        pytest.param("A", answer("100.64.0.1"), "fail", id="carrier's own"),
        pytest.param("A", answer("224.0.0.1"), "fail", id="multicast"),
        pytest.param("A", answer("2001:db8::1"), "fail", id="the other family"),
        pytest.param("A", answer(HOSTILE), "fail", id="no address at all"),
        pytest.param("AAAA", answer("::1"), "fail", id="IPv6 loopback"),
        pytest.param("AAAA", answer("::ffff:203.0.113.9"), "fail", id="IPv4 in disguise"),
        pytest.param("AAAA", answer("fe80::1"), "fail", id="IPv6 link-local"),
        pytest.param("AAAA", answer("fd00::1"), "fail", id="IPv6 private"),
    ),
)
def test_addresses_are_such_as_visitors_can_reach(kind: str, seen: DnsAnswer | Silence, status: str) -> None:
    """An answer is not enough: it has to lead somewhere."""
    assert status == dns.judge_address(seen, NOW, host=APEX, kind=kind).status


@pytest.mark.parametrize(
    ("seen", "actual"),
    (
        pytest.param(answer(), "an empty answer", id="an empty answer"),
        pytest.param(
            answer(chain=("b.test", "a.test")), "an empty answer by way of b.test, a.test", id="a chain to nothing"
        ),
        pytest.param(answer(rcode="NXDOMAIN"), "NXDOMAIN", id="no such name"),
        pytest.param(answer(rcode="NXDOMAIN", chain=("b.test",)), "NXDOMAIN by way of b.test", id="a chain to no name"),
        pytest.param(answer("192.0.2.1", rcode="SERVFAIL"), "SERVFAIL", id="a failure"),
    ),
)
def test_an_answer_without_an_address_is_told_as_it_came(seen: DnsAnswer, actual: str) -> None:
    """No record, no name and no answer are cured in different places; so is what a name only points to."""
    assert actual == dns.judge_address(seen, NOW, host=APEX, kind="A").actual


@pytest.mark.parametrize(
    ("records", "wildcard", "status"),
    (
        pytest.param((), False, "pass", id="none"),
        pytest.param(('0 issue "amazon.com"',), False, "pass", id="Amazon"),
        pytest.param(('0 issue "amazonaws.com; account=1"',), False, "pass", id="Amazon with parameters"),
        pytest.param(('0 issue "letsencrypt.org"', '0 issue "awstrust.com"'), False, "pass", id="another and Amazon"),
        pytest.param(('0 iodef "mailto:a@b"',), False, "pass", id="a mailbox alone"),
        pytest.param(('0 issue "letsencrypt.org"',), False, "fail", id="another alone"),
        pytest.param(('0 issue ";"',), False, "fail", id="nobody"),
        pytest.param(('0 issue "amazon.com"', '0 issuewild ";"'), False, "pass", id="no wildcards, none wanted"),
        pytest.param(('0 issue "amazon.com"', '0 issuewild ";"'), True, "fail", id="no wildcards, one wanted"),
        pytest.param(('0 issue "amazon.com"',), True, "pass", id="issue stands for wildcards too"),
        pytest.param(('0 issue "amazon.com"', '128 tbs "x"'), False, "fail", id="a critical tag nobody knows"),
        pytest.param(('0 issue "amazon.com"', '0 tbs "x"'), False, "pass", id="an unknown tag that is not critical"),
        pytest.param(("garbage", HOSTILE), False, "pass", id="no property at all"),
        pytest.param((f"{'9' * 5000} tbs x",), False, "pass", id="a number beyond all bounds"),
    ),
)
def test_caa_lets_amazon_issue(records: tuple[str, ...], *, wildcard: bool, status: str) -> None:
    """One of four names suffices, none is needed where there are no records (RFC 8659)."""
    seen = DnsAnswers(answers=(answer(*records, type="CAA"),))

    assert status == dns.judge_caa(seen, NOW, wildcard=wildcard).status


@pytest.mark.parametrize(
    ("seen", "status"),
    (
        pytest.param(answer(rcode="NXDOMAIN"), "pass", id="no such name"),
        pytest.param(answer(rcode="SERVFAIL"), "fail", id="a failure"),
        pytest.param(silence(), "fail", id="silence"),
    ),
)
def test_an_authority_that_cannot_find_out_does_not_issue(seen: DnsAnswer | Silence, status: str) -> None:
    """RFC 8659 makes it refuse, so not to have been answered is no permission."""
    assert status == dns.judge_caa(DnsAnswers(answers=(seen,)), NOW, wildcard=False).status


@pytest.mark.parametrize(
    ("at_apex", "names"),
    (
        pytest.param(answer('0 issue "amazon.com"', name=APEX), [WWW, APEX], id="found at the domain"),
        pytest.param(answer(name=APEX), [WWW, APEX, "test"], id="found above it"),
        pytest.param(silence(APEX), [WWW, APEX], id="silence ends the climb"),
    ),
)
def test_the_search_for_caa_climbs_as_authorities_do(at_apex: DnsAnswer | Silence, names: list[str]) -> None:
    """The hosts themselves, then the domain, then above it until something is found."""
    asked: list[str] = []

    def ask(name: str, kind: str) -> DnsAnswer | Silence:
        asked.append(name)
        return (
            at_apex if name == APEX else answer('0 issue "amazon.com"' if name == "test" else "", name=name, type=kind)
        )

    planned(dns.checks(site(), negative_ttl=QUARTER))[f"dns.caa[{APEX}]"].sight.look(world({("ask",): ask}))

    assert names == asked


def _soa(minimum: str = "86400", ttl: int | None = 900, **changes: Any) -> DnsAnswer:  # noqa: ANN401
    return answer(f"ns host 1 7200 900 1209600 {minimum}", type="SOA", ttl=ttl, **changes)


NOBODY = answer(rcode="NXDOMAIN")
NO_SOA = "NXDOMAIN, no SOA record"
QUIET = f"{APEX}:443: connection refused"


@pytest.mark.parametrize(
    ("answers", "status", "actual"),
    (
        pytest.param((NOBODY, _soa()), "pass", "NXDOMAIN, remembered 900 s", id="the TTL is the limit"),
        pytest.param((NOBODY, _soa(ttl=901)), "fail", "NXDOMAIN, remembered 901 s", id="a second too long"),
        pytest.param((NOBODY, _soa("900", 86400)), "pass", "NXDOMAIN, remembered 900 s", id="the minimum is the limit"),
        pytest.param(
            (NOBODY, _soa("901", 86400)), "fail", "NXDOMAIN, remembered 901 s", id="a minimum a second too long"
        ),
        pytest.param((NOBODY, _soa(minimum="60", ttl=None)), "pass", "NXDOMAIN, remembered 60 s", id="no TTL told"),
        pytest.param((NOBODY, _soa(minimum=HOSTILE)), "fail", NO_SOA, id="no number"),
        pytest.param((NOBODY, _soa(minimum="")), "fail", NO_SOA, id="a number too few"),
        pytest.param((NOBODY, answer(type="SOA")), "fail", NO_SOA, id="no SOA"),
        pytest.param((NOBODY, silence()), "fail", f"unanswered: {QUIET}", id="no answer about the SOA"),
        pytest.param((answer("192.0.2.1"), _soa()), "fail", f"{APEX} is 192.0.2.1", id="a catch-all"),
        pytest.param((answer(), _soa()), "fail", f"{APEX} is NOERROR", id="a name without addresses"),
        pytest.param((answer(rcode="SERVFAIL"), _soa()), "fail", f"{APEX} is SERVFAIL", id="a failure"),
        pytest.param((silence(), _soa()), "fail", f"unanswered: {QUIET}", id="silence"),
        pytest.param((), "fail", "unanswered: none", id="nothing"),
    ),
)
def test_a_name_that_nobody_made_is_not_there_and_soon_forgotten(
    answers: tuple[DnsAnswer | Silence, ...], status: str, actual: str
) -> None:
    """A resolver keeps the answer for the lesser of two numbers of the SOA record (RFC 2308)."""
    verdict = dns.judge_negative(DnsAnswers(answers=answers), NOW, longest=QUARTER)

    assert (status, actual) == (verdict.status, verdict.actual)


def test_the_made_up_name_is_another_each_time_and_part_of_the_evidence() -> None:
    """A fixed name could be cached or made on purpose; the SOA may be that of a zone above."""

    def ask(name: str, kind: str) -> DnsAnswer:
        return _soa(name=name) if (name, kind) == ("test", "SOA") else answer(name=name, type=kind, rcode="NXDOMAIN")

    check = planned(dns.checks(site(), negative_ttl=QUARTER))[f"dns.negative[{APEX}]"]
    one, other = (check.sight.look(world({("ask",): ask})) for _ in range(2))

    assert isinstance(one, DnsAnswers)
    assert one != other
    assert "pass" == check.sight.judge(one, NOW).status


def test_silence_about_the_soa_ends_the_search() -> None:
    """A zone above that answers would not make up for it."""
    asked = {("ask", APEX, "SOA"): silence(), ("ask",): NOBODY}
    check = planned(dns.checks(site(), negative_ttl=QUARTER))[f"dns.negative[{APEX}]"]

    assert DnsAnswers(answers=(NOBODY, silence())) == check.sight.look(world(asked))


def test_a_search_that_finds_nothing_ends_at_the_top() -> None:
    """Neither CAA nor SOA anywhere: every name was asked, and the answers are empty."""
    checks = planned(dns.checks(site(), negative_ttl=QUARTER))
    here = world({("ask",): answer()})

    assert DnsAnswers(answers=(answer(),) * 3) == checks[f"dns.caa[{APEX}]"].sight.look(here)
    assert DnsAnswers(answers=(answer(),) * 2) == checks[f"dns.negative[{APEX}]"].sight.look(here)


def test_each_family_is_asked_for_by_its_type() -> None:
    """A for IPv4, AAAA for IPv6."""
    checks = planned(dns.checks(site(), negative_ttl=QUARTER))
    here = world({("ask", WWW, "A"): "four", ("ask", WWW, "AAAA"): "six"})

    assert ["four", "six"] == [checks[f"dns.{kind}[{WWW}]"].sight.look(here) for kind in ("address", "address_v6")]


THEIRS = ("192.0.2.53", "2001:db8::53")


def _asked_of(*answers: DnsAnswer | Silence) -> Verdict:
    """What becomes of the check of the apex when the resolvers answer so."""
    check = planned(dns.checks(replace(site(), resolvers=THEIRS), negative_ttl=QUARTER))[f"dns.resolvers[{APEX}]"]
    met = dict(zip(THEIRS, answers, strict=True))
    there = world({("ask",): lambda _name, _kind, *, server, recursive: recursive and met[server]})
    return check.sight.judge(check.sight.look(there), NOW)


HERE = answer("192.0.2.1", server=THEIRS[0])
THERE = answer("203.0.113.9", server=THEIRS[1])


@pytest.mark.parametrize(
    ("answers", "status", "actual"),
    (
        pytest.param((HERE, THERE), "pass", "2 of 2", id="each its own addresses"),
        pytest.param((HERE, NOBODY), "fail", "192.0.2.53: NXDOMAIN", id="one remembers that there was none"),
        pytest.param((HERE, answer(rcode="SERVFAIL")), "fail", "192.0.2.53: SERVFAIL", id="one does not believe it"),
        pytest.param((answer(), THERE), "fail", "192.0.2.53: an empty answer", id="one has no address"),
        pytest.param((HERE, answer("10.0.0.1")), "fail", "192.0.2.53: unusable 10.0.0.1", id="one leads nowhere"),
        pytest.param(
            (NOBODY, silence()), "fail", "192.0.2.53: NXDOMAIN", id="one denies it, whatever the other would say"
        ),
    ),
)
def test_every_resolver_knows_the_host(answers: tuple[DnsAnswer | Silence, ...], status: str, actual: str) -> None:
    """Who asks another one than we do is a visitor too."""
    verdict = _asked_of(*answers)

    assert (status, actual) == (verdict.status, verdict.actual)


@pytest.mark.parametrize("closed", (silence("192.0.2.53:53"), answer(rcode="REFUSED", server="192.0.2.53")))
def test_the_silence_of_a_resolver_is_no_word_about_the_host(closed: DnsAnswer | Silence) -> None:
    """It is nothing of the target's, and it may not be there for us: neither a failure nor a pass."""
    with pytest.raises(CannotLook, match=r"shop\.test: 192\.0\.2\.53"):
        _asked_of(closed, THERE)


def test_without_resolvers_in_the_settings_none_is_asked() -> None:
    """Whom visitors ask is for the target's owner to say."""
    assert [] == [
        name for name in planned(dns.checks(site(), negative_ttl=QUARTER)) if name.startswith("dns.resolvers")
    ]
