"""Name servers as resolvers meet them: over TCP too, in any case, believed by those who validate, not for too long."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from functools import partial

from checks.authorities import zone_of
from checks.evidence import DnsAnswer, DnsAnswers, Silence
from checks.model import Check, Place, Sight, Target, Verdict, promise
from checks.together import together
from checks.wording import quote, several, span
from checks.world.ports import World

_KEY = re.compile(r"([0-9]{1,5}) ([0-9]{1,3}) ([0-9]{1,3}) ([A-Za-z0-9+/= ]+)")
_SIGNER = re.compile(r"([0-9]{1,5}) ([0-9]{1,3}) [0-9]{1,3} [0-9A-Fa-f ]+")


@promise("dns.tcp", says="every name server of the zone answers over TCP as well", severity="warning", instrument="dns")
def tcp(*, domain: str) -> Sight:
    """RFC 7766, 5: an answer too long for one packet, and every resolver behind a strict network, comes over TCP."""
    return Sight(look=partial(_ask_all, domain=domain, tcp=True), judge=partial(judge_all, how="over TCP"))


@promise(
    "dns.case",
    says="a question in mixed case gets the same answer from every name server of the zone",
    severity="warning",
    instrument="dns",
)
def case(*, domain: str) -> Sight:
    """RFC 4343; large resolvers mix the case of their questions, and take no answer that spells them otherwise."""
    look = partial(_ask_all, domain=domain, mixed=True)
    return Sight(look=look, judge=partial(judge_all, how="in mixed case"))


@promise(
    "dns.lifetime",
    says="addresses are remembered for a while, and not for so long that a change is late",
    severity="warning",
    instrument="dns",
)
def lifetime(*, domain: str, longest: timedelta) -> Sight:
    """RFC 1035, 3.2.1: a TTL of nought asks our servers at every visit, one of a day keeps an outage for a day."""
    return Sight(look=partial(_ask_all, domain=domain), judge=partial(judge_lifetime, longest=longest))


@promise(
    "dns.apex",
    says="the domain is no alias by CNAME where it is the name of a zone",
    severity="critical",
    instrument="dns",
)
def apex(*, domain: str) -> Sight:
    """RFC 1034, 3.6.2: a CNAME stands alone, so that one at the apex hides the zone's own NS, SOA, MX and CAA."""
    return Sight(look=partial(_look_apex, domain=domain), judge=partial(judge_apex, domain=domain))


@promise(
    "dns.signed",
    says="the zone is signed where the zone above says so",
    severity="critical",
    instrument="dns",
)
def signed(*, domain: str) -> Sight:
    """Pitfall 32 (RFC 4035, 5): with a DS above and no key below, every resolver that validates answers SERVFAIL."""
    return Sight(look=partial(_look_signed, domain=domain), judge=judge_signed)


def judge_all(seen: DnsAnswers, _now: datetime, *, how: str) -> Verdict:
    """An answer of each, and none that refuses."""
    expected = f"an answer {how} from every name server"
    bad = [word for each in seen.answers for word in _trouble(each)]
    if seen.answers and not bad:
        return Verdict.passed(expected=expected, actual=f"{len(seen.answers)} of {len(seen.answers)}")
    remedy = f"ask the ones that are named {how} (dig +tcp, +noedns), and let port 53 through for TCP too"
    return Verdict.failed(expected=expected, actual=several(bad) if bad else "there is no name server", remedy=remedy)


def judge_lifetime(seen: DnsAnswers, _now: datetime, *, longest: timedelta) -> Verdict:
    """From a second to *longest*; a server that keeps silent is the matter of others."""
    expected = f"a TTL from 1 s to {span(longest)}"
    told = {each.server: each.ttl for each in seen.answers if isinstance(each, DnsAnswer) and each.records}
    amiss = [f"{server}: {ttl} s" for server, ttl in told.items() if not 1 <= (ttl or 0) <= longest.total_seconds()]
    if told and not amiss:
        return Verdict.passed(expected=expected, actual=several(sorted({f"{ttl} s" for ttl in told.values()})))
    remedy = "set the TTL of the record in its hosted zone; that of an alias is CloudFront's 60 s"
    return Verdict.failed(expected=expected, actual=several(amiss) if amiss else "no addresses", remedy=remedy)


def judge_apex(seen: DnsAnswers, _now: datetime, *, domain: str) -> Verdict:
    """No CNAME, unless every server of the zone answers by it: then the name is one of the zone's, and not its own."""
    expected = f"no CNAME of {domain}, if that is the name of a zone"
    alias, owners = _first(seen)
    if isinstance(alias, Silence):
        remedy = "see dns.authorities: a silent server says nothing of its records"
        return Verdict.failed(expected=expected, actual=quote(f"{alias.where}: {alias.reason}"), remedy=remedy)
    if alias.records and not _is_below(owners):
        remedy = "make it an alias record (A and AAAA) of the hosted zone; a CNAME may only stand below the apex"
        return Verdict.failed(expected=expected, actual=f"CNAME to {several(alias.records)}", remedy=remedy)
    if alias.rcode != "NOERROR":
        remedy = "see dns.delegation and dns.authorities: the name itself is not answered"
        return Verdict.failed(expected=expected, actual=quote(alias.rcode), remedy=remedy)
    told = f"CNAME to {several(alias.records)}, below the apex" if alias.records else "none"
    return Verdict.passed(expected=expected, actual=told)


def _first(seen: DnsAnswers) -> tuple[DnsAnswer | Silence, tuple[DnsAnswer | Silence, ...]]:
    """The answer that the others follow from, and those."""
    return (seen.answers or (Silence(where="the resolver", reason="it was not asked"),))[0], seen.answers[1:]


def _is_below(owners: Iterable[DnsAnswer | Silence]) -> bool:
    """Whether those who were asked for its name servers answer by the CNAME; at an apex they name or refer to them."""
    told = [each for each in owners if isinstance(each, DnsAnswer)]
    return bool(told) and all(each.authoritative and each.chain and not each.records for each in told)


def judge_signed(seen: DnsAnswers, _now: datetime) -> Verdict:
    """No DS at all; or at every server of the zone a key that one of the DS records names by tag and algorithm."""
    expected = "no DS record, or a DNSKEY of the zone that it names"
    above, below = _first(seen)
    if isinstance(above, Silence) or above.rcode not in {"NOERROR", "NXDOMAIN"}:
        remedy = "dig DS at the zone above; SERVFAIL is what a broken signature looks like"
        return Verdict.failed(expected=expected, actual=several(_trouble(above)), remedy=remedy)
    named = {(int(found[1]), int(found[2])) for each in above.records if (found := _SIGNER.fullmatch(each))}
    if not above.records:
        return Verdict.passed(expected=expected, actual="not signed, and nobody says that it is")
    keys = [_tags(each) for each in below]
    if named and below and all(named & each for each in keys):
        return Verdict.passed(expected=expected, actual=f"signed: {several(_spelt(named & keys[0]))}")
    actual = f"DS {several(_spelt(named))}; keys {several(sorted({_told(each) for each in below}))}"
    remedy = "take the DS record out at the registrar now; sign the zone first when it is put back (Route 53: KSK)"
    return Verdict.failed(expected=expected, actual=actual, remedy=remedy)


def checks(target: Target, *, longest: timedelta) -> Iterator[Check]:
    """Five questions about the domain. A target without a site has no names to ask about."""
    if domain := target.domain:
        place = Place(subject=domain)
        yield tcp(place, domain=domain)
        yield case(place, domain=domain)
        yield lifetime(place, domain=domain, longest=longest)
        yield apex(place, domain=domain)
        yield signed(place, domain=domain)


def _ask_all(world: World, *, domain: str, tcp: bool = False, mixed: bool = False) -> DnsAnswers:
    """The addresses of the domain, of each name server; over TCP alone, or with the name in mixed case."""
    _, servers = zone_of(world, domain)
    asked = (partial(world.dns.ask, domain, "A", server=each, tcp=tcp, mixed=mixed) for each in servers)
    return DnsAnswers(answers=together(*asked))


def _look_apex(world: World, *, domain: str) -> DnsAnswers:
    """Whether it is an alias; where it is, what the servers of its zone, or of the one above, say of its servers."""
    alias = world.dns.ask(domain, "CNAME")
    if isinstance(alias, Silence) or not alias.records:
        return DnsAnswers(answers=(alias,))
    _, servers = zone_of(world, domain)
    asked = (partial(world.dns.ask, domain, "NS", server=each) for each in servers)
    return DnsAnswers(answers=(alias, *together(*asked)))


def _look_signed(world: World, *, domain: str) -> DnsAnswers:
    """The DS records of the domain's zone, and of each of its servers the keys, where there are such records."""
    zone, servers = zone_of(world, domain)
    above = world.dns.ask(zone, "DS")
    if isinstance(above, Silence) or not above.records:
        return DnsAnswers(answers=(above,))
    asked = (partial(world.dns.ask, zone, "DNSKEY", server=each) for each in servers)
    return DnsAnswers(answers=(above, *together(*asked)))


def _trouble(answer: DnsAnswer | Silence) -> Iterator[str]:
    match answer:
        case Silence(where=where, reason=reason):
            yield f"{where}: {reason}"
        case DnsAnswer(rcode="NOERROR", records=records) if records:
            return
        case DnsAnswer(server=server, rcode=rcode):
            yield f"{server}: {rcode if rcode != 'NOERROR' else 'no addresses'}"


def _tags(answer: DnsAnswer | Silence) -> frozenset[tuple[int, int]]:
    """``(key tag, algorithm)`` of every key that signs."""
    if isinstance(answer, Silence):
        return frozenset()
    found = (_KEY.fullmatch(each) for each in answer.records)
    return frozenset(tag for each in found if each and (tag := _tag(each)))


def _tag(key: re.Match[str]) -> tuple[int, int] | None:
    """RFC 4034, appendix B: the sum of the record's 16-bit words, its carry added once."""
    flags, protocol, algorithm = (int(key[at]) for at in (1, 2, 3))
    try:
        data = base64.b64decode(key[4].replace(" ", ""), validate=True)
        wire = flags.to_bytes(2, "big") + bytes((protocol, algorithm)) + data
    except (binascii.Error, ValueError, OverflowError):
        return None
    total = sum(octet << 8 if at % 2 == 0 else octet for at, octet in enumerate(wire))
    return (total + (total >> 16)) & 0xFFFF, algorithm


def _spelt(tags: frozenset[tuple[int, int]] | set[tuple[int, int]]) -> list[str]:
    return [f"{tag} (algorithm {algorithm})" for tag, algorithm in sorted(tags)]


def _told(answer: DnsAnswer | Silence) -> str:
    if isinstance(answer, Silence):
        return f"{answer.where}: {answer.reason}"
    return ", ".join(_spelt(_tags(answer))) or f"none at {answer.server}"


PROMISES = (tcp, case, lifetime, apex, signed)
