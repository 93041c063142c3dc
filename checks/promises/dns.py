"""What the world is told: addresses, who may certify the names, and names that nobody made."""

from __future__ import annotations

import ipaddress
import re
import secrets
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial

from checks import intent
from checks.evidence import DnsAnswer, DnsAnswers, Silence
from checks.model import CannotLook, Check, Place, Sight, Target, Verdict, promise
from checks.together import together
from checks.wording import quote, several, span
from checks.world.ports import World

# Any one of them lets ACM issue (ACM User Guide, "Configure a CAA record").
_AMAZON = frozenset({"amazon.com", "amazontrust.com", "awstrust.com", "amazonaws.com"})
_CAA_TAGS = frozenset({"issue", "issuewild", "iodef", "issuemail", "contactemail", "contactphone"})
_CAA_PARTS = 3
_CAA_CRITICAL = 128
_SOA_MINIMUM = 6
# A 32-bit number; more digits are nonsense that int() must not be asked to read.
_A_NUMBER = re.compile(r"[0-9]{1,10}")
# No visitor reaches these (RFC 6890). Documentation ranges are not among them: a rehearsal answers with such addresses.
_UNREACHABLE = tuple(
    ipaddress.ip_network(each)
    for each in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
        "192.168.0.0/16", "224.0.0.0/3", "::/96", "::ffff:0:0/96", "fc00::/7", "fe80::/10", "ff00::/8",
    )
)  # fmt: skip


@promise(
    "dns.address", says="the host has IPv4 addresses that visitors can reach", severity="critical", instrument="dns"
)
def address(*, host: str) -> Sight:
    """RFC 1035 3.4.1. An empty answer, a loop or a private address is an outage for everybody."""
    return Sight(look=partial(_ask, name=host, kind="A"), judge=partial(judge_address, host=host, kind="A"))


@promise("dns.address_v6", says="the host has IPv6 addresses", severity="warning", instrument="dns")
def address_v6(*, host: str) -> Sight:
    """Pitfall 28 (RFC 3596): visitors with IPv6 alone."""
    return Sight(look=partial(_ask, name=host, kind="AAAA"), judge=partial(judge_address, host=host, kind="AAAA"))


@promise(
    "dns.caa", says="no CAA record keeps Amazon from issuing the certificate", severity="warning", instrument="dns"
)
def caa(*, domain: str, hosts: tuple[str, ...], wildcard: bool) -> Sight:
    """Pitfall 30 (RFC 8659): nothing breaks today; the next renewal fails, and that has its own promises."""
    return Sight(look=partial(_look_caa, domain=domain, hosts=hosts), judge=partial(judge_caa, wildcard=wildcard))


@promise(
    "dns.negative",
    says="a name that does not exist does not resolve, and that answer is soon forgotten",
    severity="warning",
    instrument="dns",
)
def negative(*, domain: str, longest: timedelta) -> Sight:
    """Pitfall 26 (RFC 2308 5): a catch-all record hides missing names; a long negative TTL keeps new ones invisible."""
    return Sight(look=partial(_look_negative, domain=domain), judge=partial(judge_negative, longest=longest))


@promise(
    "dns.resolvers",
    says="every resolver that visitors may have knows the host",
    severity="warning",
    instrument="dns",
)
def resolvers(*, host: str, resolvers: tuple[str, ...]) -> Sight:
    """RFC 2308: one that asked too early, or before a change was everywhere, remembers what is past."""
    look = partial(_look_resolvers, host=host, resolvers=resolvers)
    return Sight(look=look, judge=partial(judge_resolvers, host=host))


def judge_address(seen: DnsAnswer | Silence, _now: datetime, *, host: str, kind: str) -> Verdict:
    """At least one address, and every one of them an address that the world can reach."""
    expected = f"{kind} of {host}: addresses that visitors can reach"
    remedy = f"dig {host} {kind}; then compare with the records of its hosted zone"
    match seen:
        case Silence(where=where, reason=reason):
            return Verdict.failed(expected=expected, actual=f"{quote(where)}: {quote(reason)}", remedy=remedy)
        case DnsAnswer(rcode="NOERROR", records=records) if records:
            bad = [each for each in records if not _reachable(each, kind)]
            if bad:
                return Verdict.failed(expected=expected, actual=f"unusable: {several(bad)}", remedy=remedy)
            return Verdict.passed(expected=expected, actual=several(records))
        case DnsAnswer(rcode=rcode, chain=chain):
            by = f" by way of {several(chain)}" if chain else ""
            answer = "an empty answer" if rcode == "NOERROR" else quote(rcode)
            return Verdict.failed(expected=expected, actual=f"{answer}{by}", remedy=remedy)


def judge_resolvers(seen: DnsAnswers, _now: datetime, *, host: str) -> Verdict:
    """Addresses that visitors can reach, from each of them; which ones may differ, by where a resolver stands."""
    expected = f"A of {host}: addresses that visitors can reach, from every resolver"
    amiss = [told for each in seen.answers if (told := _unhelpful(each))]
    if seen.answers and not amiss:
        return Verdict.passed(expected=expected, actual=f"{len(seen.answers)} of {len(seen.answers)}")
    remedy = f"dig {host} @<resolver>; wait as long as the zone's SOA has absence remembered, or have it flush the name"
    return Verdict.failed(expected=expected, actual=several(amiss or ["nobody was asked"]), remedy=remedy)


def judge_caa(seen: DnsAnswers, _now: datetime, *, wildcard: bool) -> Verdict:
    """Every CAA set that applies names one of Amazon's domains, or there is none (RFC 8659 3 and 4)."""
    expected = "no CAA records, or an issue record for amazon.com"
    remedy = 'add the record 0 issue "amazon.com" beside those that are there'
    silent = [_unanswered(each) for each in seen.answers if _unanswered(each)]
    forbidding = [
        f"{each.name}: {several(each.records)}"
        for each in seen.answers
        if isinstance(each, DnsAnswer) and not _allows(each.records, wildcard=wildcard)
    ]
    if silent or forbidding:
        return Verdict.failed(expected=expected, actual=several([*silent, *forbidding]), remedy=remedy)
    found = [record for each in seen.answers if isinstance(each, DnsAnswer) for record in each.records]
    return Verdict.passed(expected=expected, actual=several(found))


def judge_negative(seen: DnsAnswers, _now: datetime, *, longest: timedelta) -> Verdict:
    """NXDOMAIN, and an SOA record that has it remembered no longer than *longest*."""
    expected = f"NXDOMAIN for a name that nobody made, remembered at most {span(longest)}"
    match seen.answers:
        case (DnsAnswer(rcode="NXDOMAIN"), DnsAnswer(type="SOA") as soa):
            seconds = _remembered(soa)
            actual = "NXDOMAIN, no SOA record" if seconds is None else f"NXDOMAIN, remembered {seconds} s"
            if seconds is not None and seconds <= longest.total_seconds():
                return Verdict.passed(expected=expected, actual=actual)
            remedy = "lower the TTL of the zone's SOA record (Route 53: 900), or its last number"
            return Verdict.failed(expected=expected, actual=actual, remedy=remedy)
        case (DnsAnswer(name=name, rcode=rcode, records=records), *_) if rcode != "NXDOMAIN":
            answer = several(records) if records else quote(rcode)
            remedy = "remove the catch-all record (*) from the zone, or see why it does not answer"
            return Verdict.failed(expected=expected, actual=f"{quote(name)} is {answer}", remedy=remedy)
        case answers:
            remedy = "dig a name that does not exist, and the domain's SOA, and see which server keeps silent"
            silent = several(_unanswered(each) for each in answers if isinstance(each, Silence))
            return Verdict.failed(expected=expected, actual=f"unanswered: {silent}", remedy=remedy)


def checks(target: Target, *, negative_ttl: timedelta) -> Iterator[Check]:
    """Every host, then the domain as a whole. A target without a site has no names to ask about."""
    for host in target.hosts:
        yield address(Place(subject=host), host=host)
        yield address_v6(Place(subject=host), host=host)
        if target.resolvers:
            yield resolvers(Place(subject=host), host=host, resolvers=target.resolvers)
    if target.domain:
        records = [
            each for each in target.of_type("AWS::Route53::RecordSet") if intent.text(each.properties, "Type") == "CAA"
        ]
        at = Place(subject=target.domain, covers=tuple(each.logical_id for each in records))
        yield caa(at, domain=target.domain, hosts=target.hosts, wildcard=_wildcard(target))
        yield negative(Place(subject=target.domain), domain=target.domain, longest=negative_ttl)


def _wildcard(target: Target) -> bool:
    """Whether a certificate of the target asks for a wildcard, which CAA allows or forbids on its own."""
    certificates = [each.properties for each in target.of_type("AWS::CertificateManager::Certificate")]
    names = [intent.text(each, "DomainName") for each in certificates]
    names += [name for each in certificates for name in intent.texts(each, "SubjectAlternativeNames")]
    return any(name.startswith("*.") for name in names)


def _ask(world: World, *, name: str, kind: str) -> DnsAnswer | Silence:
    return world.dns.ask(name, kind)


def _look_resolvers(world: World, *, host: str, resolvers: tuple[str, ...]) -> DnsAnswers:
    """Raises CannotLook when one of them says nothing, or nothing to us, and none of the others denies the host.

    Whose resolvers they are is nothing of the target's: their silence is no word about it.
    """
    asked = together(*(partial(world.dns.ask, host, "A", server=each, recursive=True) for each in resolvers))
    closed = [each for each in asked if isinstance(each, Silence) or each.rcode == "REFUSED"]
    answers = tuple(each for each in asked if each not in closed)
    if closed and not any(map(_unhelpful, answers)):
        raise CannotLook(f"{host}: {several(map(_closed, closed))}")
    return DnsAnswers(answers=answers)


def _closed(answer: DnsAnswer | Silence) -> str:
    return f"{answer.where}: {answer.reason}" if isinstance(answer, Silence) else f"{answer.server}: {answer.rcode}"


def _unhelpful(answer: DnsAnswer | Silence) -> str:
    """What is wrong with an answer, and whose it is; empty for one that leads there."""
    if isinstance(answer, Silence):
        return f"{answer.where}: {answer.reason}"
    if answer.rcode != "NOERROR" or not answer.records:
        return f"{answer.server}: {answer.rcode if answer.rcode != 'NOERROR' else 'an empty answer'}"
    bad = [each for each in answer.records if not _reachable(each, "A")]
    return f"{answer.server}: unusable {several(bad)}" if bad else ""


def _look_caa(world: World, *, domain: str, hosts: tuple[str, ...]) -> DnsAnswers:
    """The sets of the hosts themselves, then the nearest one at or above the domain (RFC 8659 3 climbs like this)."""
    answers = [world.dns.ask(host, "CAA") for host in hosts if host != domain]
    for name in (domain, *intent.above(domain)):
        answers.append(world.dns.ask(name, "CAA"))
        if isinstance(answers[-1], Silence) or answers[-1].records:
            break
    return DnsAnswers(answers=tuple(answers))


def _look_negative(world: World, *, domain: str) -> DnsAnswers:
    """A name that is random, so that no cache and no zone has it, and what the zone says of such answers."""
    nobody = world.dns.ask(f"nobody-made-this-{secrets.token_hex(6)}.{domain}", "A")
    soa = world.dns.ask(domain, "SOA")
    for above in intent.above(domain):
        if isinstance(soa, Silence) or soa.records:
            break
        soa = world.dns.ask(above, "SOA")
    return DnsAnswers(answers=(nobody, soa))


def _remembered(soa: DnsAnswer) -> int | None:
    """How many seconds a resolver keeps a negative answer: the lesser of the SOA's TTL and minimum (RFC 2308 5)."""
    words = soa.records[0].split() if soa.records else []
    minimum = words[_SOA_MINIMUM] if len(words) > _SOA_MINIMUM else ""
    if not _A_NUMBER.fullmatch(minimum):
        return None
    return int(minimum) if soa.ttl is None else min(int(minimum), soa.ttl)


def _reachable(text: str, kind: str) -> bool:
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return False
    if found.version != {"A": 4, "AAAA": 6}[kind]:
        return False
    return not any(found in network for network in _UNREACHABLE)


def _unanswered(answer: DnsAnswer | Silence) -> str:
    """Why there is no usable answer: RFC 8659 3 makes an authority that cannot find out refuse."""
    if isinstance(answer, Silence):
        return f"{answer.where}: {answer.reason}"
    return "" if answer.rcode in {"NOERROR", "NXDOMAIN"} else f"{answer.name}: {answer.rcode}"


def _allows(records: tuple[str, ...], *, wildcard: bool) -> bool:
    properties = [_property(each) for each in records]
    if any(critical and tag not in _CAA_TAGS for critical, tag, _ in properties):
        return False
    issue = [value for _, tag, value in properties if tag == "issue"]
    wild = [value for _, tag, value in properties if tag == "issuewild"] or issue
    named = [issue, wild] if wildcard else [issue]
    return all(not values or _AMAZON.intersection(values) for values in named)


def _property(record: str) -> tuple[bool, str, str]:
    """``0 issue "amazon.com; account=1"`` as (critical, issue, amazon.com)."""
    words = record.split(None, _CAA_PARTS - 1)
    if len(words) < _CAA_PARTS:
        return False, "", ""
    flags, tag, value = words
    critical = _A_NUMBER.fullmatch(flags) is not None and int(flags) >= _CAA_CRITICAL
    return critical, tag.lower(), value.strip('"').partition(";")[0].strip().lower()


PROMISES = (address, address_v6, resolvers, caa, negative)
