"""The hosted zone: that there is one, that the world is sent to it, and where it leads the site's names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from functools import partial

from checks import intent
from checks.evidence import (
    Absent,
    Aliased,
    Delegation,
    DistributionSeen,
    DnsAnswer,
    DnsAnswers,
    Records,
    RecordSeen,
    Silence,
    Zones,
    ZoneSeen,
)  # fmt: skip
from checks.intent import hostname
from checks.model import Check, Place, Resource, Sight, Target, Verdict, promise
from checks.wording import quote, several
from checks.world.ports import World

RECORD = "AWS::Route53::RecordSet"
ZONE = "AWS::Route53::HostedZone"
_ZONES = ("route53:ListHostedZonesByName", "route53:GetHostedZone")
_SOA_SERIAL = 2
# A top-level domain has up to thirteen; the fifth is as silent as four before it.
_PARENT_SERVERS = 4


@promise(
    "dns.zone",
    says="the account has exactly one public hosted zone of this name",
    severity="critical",
    instrument="aws",
    actions=_ZONES,
)
def zone(*, zone: str, zone_id: str) -> Sight:
    """Pitfall 24: of two zones with one name, the records go into the one that nobody is sent to."""
    return Sight(look=partial(_zones, zone=zone, zone_id=zone_id), judge=partial(judge_zone, zone_id=zone_id))


@promise(
    "dns.delegation",
    says="the parent zone sends the world to the name servers of our zone, all of them and no others",
    severity="critical",
    instrument="dns",
    actions=_ZONES,
)
def delegation(*, zone: str, zone_id: str) -> Sight:
    """Pitfall 23: a zone made anew has other servers than the registrar hands out (RFC 1034 4.2.2)."""
    return Sight(look=partial(_look_delegation, zone=zone, zone_id=zone_id), judge=judge_delegation)


@promise(
    "dns.authorities",
    says="every authoritative server answers for the zone, and all of them agree",
    severity="critical",
    instrument="dns",
    actions=_ZONES,
)
def authorities(*, zone: str, zone_id: str, domain: str) -> Sight:
    """Pitfall 32: a lame or stale server fails a share of visitors (RFC 1912 2.8)."""
    look = partial(_look_authorities, zone=zone, zone_id=zone_id, domain=domain)
    return Sight(look=look, judge=partial(judge_authorities, domain=domain))


@promise(
    "dns.alias",
    says="the zone leads this host to this deployment's distribution, over IPv4 and IPv6, and nowhere else",
    severity="critical",
    instrument="aws",
    actions=(*_ZONES, "route53:ListResourceRecordSets", "cloudfront:GetDistribution"),
)
def alias(*, zone: str, zone_id: str, host: str, distribution: str) -> Sight:
    """Pitfalls 28 and 31: an alias to somebody else's distribution, or IPv4 alone (Route 53 guide, alias records)."""
    look = partial(_look_alias, zone=zone, zone_id=zone_id, host=host, distribution=distribution)
    return Sight(look=look, judge=partial(judge_alias, host=host))


def judge_zone(seen: Zones, _now: datetime, *, zone_id: str) -> Verdict:
    """Exactly one zone, and the one that the stack writes to where that is known."""
    name = quote(seen.name)
    expected = f"one public hosted zone {name}" + (f", {zone_id}" if zone_id else "")
    actual = several(f"{each.id} ({each.records} records)" for each in seen.zones)
    if len(seen.zones) == 1 and zone_id in {"", intent.zone_id(seen.zones[0].id)}:
        return Verdict.passed(expected=expected, actual=actual)
    remedy = f"keep the zone whose name servers the registrar of {name} hands out, delete the others, deploy again"
    return Verdict.failed(expected=expected, actual=actual, remedy=remedy)


def judge_delegation(seen: Delegation, _now: datetime) -> Verdict:
    """The parent's NS set equals the zone's."""
    zone = quote(seen.zones.name)
    remedy = f"at the registrar of {zone}, set the name servers to those of its hosted zone"
    ours = {hostname(each) for every in seen.zones.zones for each in every.nameservers}
    expected = f"{zone} delegated to {several(sorted(ours))}"
    if len(seen.zones.zones) != 1:
        actual = f"{len(seen.zones.zones)} public hosted zones of that name"
        return Verdict.failed(expected=f"{zone} delegated to its one zone", actual=actual, remedy=remedy)
    match seen.parent:
        case Silence(where=where, reason=reason):
            return Verdict.failed(expected=expected, actual=f"{quote(where)}: {quote(reason)}", remedy=remedy)
        case DnsAnswer(rcode=rcode) as answer:
            theirs = {hostname(each) for each in answer.referral or answer.records}
            actual = f"{quote(answer.server)} says {several(sorted(theirs)) if theirs else quote(rcode)}"
            if theirs and theirs == ours:
                return Verdict.passed(expected=expected, actual=actual)
            return Verdict.failed(expected=expected, actual=actual, remedy=remedy)


def judge_authorities(seen: DnsAnswers | Absent, _now: datetime, *, domain: str) -> Verdict:
    """Each server is authoritative, all have one serial, and either all have addresses or none has.

    The addresses themselves are not compared: Route 53 rotates those of an alias from question to question.
    """
    expected = f"the same authoritative answer for {domain} from every name server"
    remedy = "see which server differs: dig +norecurse @<server> SOA; servers of Route 53 recover by themselves"
    if isinstance(seen, Absent):
        return Verdict.failed(expected=expected, actual=f"no {quote(seen.what)}", remedy=f"create {seen.what}")
    trouble = [word for each in seen.answers for word in _trouble_at(each)]
    good = [each for each in seen.answers if isinstance(each, DnsAnswer)]
    trouble += _disagreement("serial", [(each.server, _serial(each)) for each in good if each.type == "SOA"])
    trouble += _disagreement("addresses", [(each.server, _any(each)) for each in good if each.type == "A"])
    if trouble or not good:
        return Verdict.failed(expected=expected, actual=several(trouble or ["no server"]), remedy=remedy)
    return Verdict.passed(expected=expected, actual=f"{len({each.server for each in good})} servers agree")


def judge_alias(seen: Aliased, _now: datetime, *, host: str) -> Verdict:
    """A, and AAAA where the distribution has IPv6, alias to the distribution; nothing of that name leads elsewhere."""
    remedy = f"deploy again, or restore the alias records of {host} by hand in Route 53"
    match seen:
        case Aliased(records=Records(records=records), distribution=DistributionSeen(domain=domain, ipv6=ipv6)):
            wanted = ("A", "AAAA") if ipv6 else ("A",)
            expected = f"{' and '.join(wanted)} of {host} alias to {domain}"
            amiss = [*_missing(records, wanted), *_elsewhere(records, domain)]
            if amiss:
                return Verdict.failed(expected=expected, actual=several(amiss), remedy=remedy)
            return Verdict.passed(expected=expected, actual="so they do")
        case Aliased(records=records, distribution=distribution):
            absent = [each.what for each in (records, distribution) if isinstance(each, Absent)]
            expected = f"{host} alias to its distribution"
            return Verdict.failed(expected=expected, actual=f"absent: {several(absent)}", remedy=remedy)


def _zones(world: World, *, zone: str, zone_id: str) -> Zones:
    """The zones called *zone*; those of a name above it when the stack writes into one of them instead."""
    here = world.aws.zones(zone)
    if not zone_id or _holds(here, zone_id):
        return here
    higher = (world.aws.zones(name) for name in intent.above(zone))
    return next((found for found in higher if _holds(found, zone_id)), here)


def _holds(found: Zones, zone_id: str) -> bool:
    return any(intent.zone_id(each.id) == zone_id for each in found.zones)


def _look_delegation(world: World, *, zone: str, zone_id: str) -> Delegation:
    zones = _zones(world, zone=zone, zone_id=zone_id)
    return Delegation(zones=zones, parent=_ask_parent(world, hostname(zones.name)))


def _ask_parent(world: World, zone: str) -> DnsAnswer | Silence:
    """What the first of the parent's servers with a usable answer hands out for *zone*."""
    answer: DnsAnswer | Silence = Silence(where=zone, reason="no zone above it has name servers")
    for parent in intent.above(zone):
        servers = world.dns.ask(parent, "NS")
        if isinstance(servers, Silence):
            return servers
        for server in servers.records[:_PARENT_SERVERS]:
            answer = world.dns.ask(zone, "NS", server=hostname(server))
            if isinstance(answer, DnsAnswer) and answer.rcode in {"NOERROR", "NXDOMAIN"}:
                return answer
        if servers.records:
            return answer
    return answer


def _look_authorities(world: World, *, zone: str, zone_id: str, domain: str) -> DnsAnswers | Absent:
    only = _only(_zones(world, zone=zone, zone_id=zone_id))
    if isinstance(only, Absent):
        return only
    questions = ((hostname(only.name), "SOA"), (domain, "A"))
    asked = (_ask_in_turn(world, hostname(server), questions) for server in only.nameservers)
    return DnsAnswers(answers=tuple(answer for answers in asked for answer in answers))


def _ask_in_turn(world: World, server: str, questions: tuple[tuple[str, str], ...]) -> Iterator[DnsAnswer | Silence]:
    """What *server* says. Silence ends it: asking on would cost the run seconds for each server that is dead."""
    for name, kind in questions:
        answer = world.dns.ask(name, kind, server=server)
        yield answer
        if isinstance(answer, Silence):
            return


def _look_alias(world: World, *, zone: str, zone_id: str, host: str, distribution: str) -> Aliased:
    found = _zones(world, zone=zone, zone_id=zone_id)
    chosen = tuple(each for each in found.zones if zone_id in {"", intent.zone_id(each.id)})
    only = _only(Zones(name=found.name, zones=chosen))
    records = only if isinstance(only, Absent) else world.aws.records(only.id, host)
    return Aliased(records=records, distribution=world.aws.distribution(distribution))


def _only(found: Zones) -> ZoneSeen | Absent:
    if len(found.zones) == 1:
        return found.zones[0]
    return Absent(what=f"single public hosted zone {found.name} ({len(found.zones)} found)")


def _trouble_at(answer: DnsAnswer | Silence) -> Iterator[str]:
    match answer:
        case Silence(where=where, reason=reason):
            yield f"{where}: {reason}"
        case DnsAnswer(server=server, rcode=rcode) if rcode != "NOERROR":
            yield f"{server}: {rcode}"
        case DnsAnswer(server=server, authoritative=False):
            yield f"{server}: not authoritative"
        case DnsAnswer(server=server, type="SOA", records=()):
            yield f"{server}: no SOA"
        case _:
            return


def _disagreement(noun: str, said: list[tuple[str, str]]) -> list[str]:
    if len({value for _, value in said}) <= 1:
        return []
    usual = Counter(value for _, value in said).most_common(1)[0][0]
    return [f"{server}: {noun} {value}, elsewhere {usual}" for server, value in said if value != usual]


def _serial(answer: DnsAnswer) -> str:
    words = answer.records[0].split() if answer.records else []
    return words[_SOA_SERIAL] if len(words) > _SOA_SERIAL else "none"


def _any(answer: DnsAnswer) -> str:
    return "some" if answer.records else "none"


def _missing(records: tuple[RecordSeen, ...], wanted: tuple[str, ...]) -> list[str]:
    there = {each.type for each in records if each.alias}
    return [f"no {kind} alias" for kind in wanted if kind not in there]


def _elsewhere(records: tuple[RecordSeen, ...], domain: str) -> list[str]:
    leading = [each for each in records if each.type in {"A", "AAAA", "CNAME"}]
    return [
        f"{each.type} leads to {each.alias or several(each.values)}"
        for each in leading
        if hostname(each.alias) != hostname(domain)
    ]


def checks(target: Target) -> Iterator[Check]:
    """The zone and its servers, then every host. A target without a site has no names to ask about."""
    if not target.domain:
        return
    records = [each for each in target.of_type(RECORD) if _name(each) in target.hosts]
    name, zone_id = _home(target, records)
    at = Place(subject=target.domain)
    made = tuple(each.logical_id for each in target.of_type(ZONE))
    yield zone(Place(subject=target.domain, covers=made), zone=name, zone_id=zone_id)
    yield delegation(at, zone=name, zone_id=zone_id)
    yield authorities(at, zone=name, zone_id=zone_id, domain=target.domain)
    for host in target.hosts:
        distribution = intent.serving(target, host)
        if distribution:
            place = _place(target, host, records, distribution, zone_id)
            yield alias(place, zone=name, zone_id=zone_id, host=host, distribution=distribution.physical_id)


def _place(target: Target, host: str, records: list[Resource], distribution: Resource, zone_id: str) -> Place:
    kinds = {"A", "AAAA", "CNAME"}
    mine = [each for each in records if _name(each) == host and intent.text(each.properties, "Type") in kinds]
    arns = [f"arn:{target.partition}:cloudfront::{target.account}:distribution/{distribution.physical_id}"]
    if zone_id:
        arns.append(f"arn:{target.partition}:route53:::hostedzone/{zone_id}")
    covers = tuple(each.logical_id for each in mine)
    return Place(subject=host, stack=mine[0].stack if mine else "", covers=covers, resources=tuple(arns))


def _home(target: Target, records: list[Resource]) -> tuple[str, str]:
    """Name and id of the zone that the stack's own records go into; the domain and nothing where they do not say."""
    made = {each.physical_id: hostname(intent.text(each.properties, "Name")) for each in target.of_type(ZONE)}
    for each in records:
        zone_id = intent.zone_id(intent.text(each.properties, "HostedZoneId"))
        name = hostname(intent.text(each.properties, "HostedZoneName")) or made.get(zone_id, "")
        if name or zone_id:
            return name or target.domain, zone_id
    return target.domain, ""


def _name(record: Resource) -> str:
    return hostname(intent.text(record.properties, "Name") or record.physical_id)


PROMISES = (zone, delegation, authorities, alias)
