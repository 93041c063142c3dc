"""Records: every name that the template writes is answered with what it writes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial

from checks import intent
from checks.evidence import DnsAnswer, Records, Silence
from checks.model import Check, Place, Resource, Sight, Target, Verdict, promise
from checks.wording import left_out, quote, several
from checks.world.ports import World

RECORD = "AWS::Route53::RecordSet"
GROUP = "AWS::Route53::RecordSetGroup"
# Values of these are host names, in which case does not count and the root's dot is optional (RFC 1035, 2.3.3).
_NAMES = frozenset({"CNAME", "NS", "PTR"})
_ASKED = frozenset({"A", "AAAA", "CAA", "CNAME", "MX", "NS", "TXT"})


@promise(
    "dns.record",
    says="the name is answered with the values of the template, and no others",
    severity="critical",
    instrument="dns",
)
def record(*, name: str, kind: str, values: tuple[str, ...], gaps: tuple[str, ...]) -> Sight:
    """RFC 1035, 3.6: whoever writes one value of a set over it has taken the others away (SPF, CAA, validation)."""
    judge = partial(judge_record, name=name, kind=kind, values=values, gaps=gaps)
    return Sight(look=partial(_look, name=name, kind=kind), judge=judge)


@promise(
    "dns.alias_record",
    says="the alias record leads where the template says, and nowhere else",
    severity="critical",
    instrument="aws",
    actions=("route53:ListResourceRecordSets",),
)
def alias_record(*, zone_id: str, name: str, kind: str, to: str, gaps: tuple[str, ...]) -> Sight:
    """Route 53 Developer Guide, alias records: the names of APIs and sign-in pages go as one record goes."""
    judge = partial(judge_alias_record, name=name, kind=kind, to=to, gaps=gaps)
    return Sight(look=partial(_look_alias, zone_id=zone_id, name=name), judge=judge)


def judge_record(
    seen: DnsAnswer | Silence, _now: datetime, *, name: str, kind: str, values: tuple[str, ...], gaps: tuple[str, ...]
) -> Verdict:
    """The same set; where the template leaves values open, that those it knows are among the answers."""
    expected = f"{name} {kind} {several(values)}{left_out(gaps)}"
    remedy = "deploy the stack again; who changed the record by hand is in CloudTrail (ChangeResourceRecordSets)"
    if isinstance(seen, Silence):
        remedy = "see the delegation and the servers of the zone"
        return Verdict.failed(expected=expected, actual=quote(f"{seen.where}: {seen.reason}"), remedy=remedy)
    live = {_plain(each, kind) for each in seen.records}
    missing = [each for each in values if _plain(each, kind) not in live]
    extra = live - {_plain(each, kind) for each in values} if not gaps else set[str]()
    if missing or extra or not live:
        told = several(sorted(live)) if live else seen.rcode
        return Verdict.failed(expected=expected, actual=quote(told), remedy=remedy)
    return Verdict.passed(expected=expected, actual=several(sorted(live)))


def judge_alias_record(
    seen: Records, _now: datetime, *, name: str, kind: str, to: str, gaps: tuple[str, ...]
) -> Verdict:
    """One record of that kind, an alias to the template's target; with that left open, an alias to anything."""
    expected = f"{name} {kind} alias{f' to {to}' if to else ''}{left_out(gaps)}"
    live = [each for each in seen.records if each.type in {kind, "CNAME"}]
    wrong = [each for each in live if not each.alias or (to and _led(each.alias) != _led(to))]
    if wrong or not live:
        remedy = "deploy the stack again; who changed the record by hand is in CloudTrail (ChangeResourceRecordSets)"
        there = several(f"{each.type} {each.alias or several(each.values)}" for each in wrong)
        told = quote(there) if wrong else f"no {kind} record"
        return Verdict.failed(expected=expected, actual=told, remedy=remedy)
    return Verdict.passed(expected=expected, actual=quote(several(each.alias for each in live)))


def checks(target: Target) -> Iterator[Check]:
    """Every record of the template; the aliases of the site's own hosts are the matter of its distribution."""
    for one in target.of_type(RECORD):
        yield from _of(target, one, one.properties, one.subject)
    for group in target.of_type(GROUP):
        for each in intent.items(group.properties, "RecordSets"):
            name, kind = intent.text(each, "Name"), intent.text(each, "Type")
            said = {"HostedZoneId": intent.part(group.properties, "HostedZoneId"), **dict(_said(each))}
            yield from _of(target, group, said, f"{group.subject}/{name.rstrip('.')}/{kind}")


def _said(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}


def _of(target: Target, one: Resource, said: object, subject: str) -> Iterator[Check]:
    name, kind = intent.hostname(intent.text(said, "Name")), intent.text(said, "Type")
    routed = any(intent.part(said, key) is not None for key in ("Weight", "Failover", "GeoLocation", "Region"))
    if not name or kind not in _ASKED or routed:
        return
    values, gaps = intent.texts(said, "ResourceRecords"), intent.gaps(said, "ResourceRecords")
    place = Place(subject=subject, stack=one.stack, region=one.region, covers=(one.logical_id,))
    if values or gaps:
        yield record(place, name=name, kind=kind, values=values, gaps=gaps)
    zone = intent.zone_id(intent.text(said, "HostedZoneId"))
    its_own = name in target.hosts and intent.serving(target, name)
    if zone and not its_own and intent.part(said, "AliasTarget") is not None:
        to, gaps = intent.text(said, "AliasTarget", "DNSName"), intent.gaps(said, "AliasTarget")
        home = replace(place, resources=(f"arn:{target.partition}:route53:::hostedzone/{zone}",))
        yield alias_record(home, zone_id=zone, name=name, kind=kind, to=intent.hostname(to), gaps=gaps)


def _led(alias: str) -> str:
    """Where it leads: consoles write the name for both kinds of addresses, which is the same place."""
    return intent.hostname(alias).removeprefix("dualstack.")


def _look_alias(world: World, *, zone_id: str, name: str) -> Records:
    return world.aws.records(zone_id, name)


def _plain(value: str, kind: str) -> str:
    """One spelling: a TXT record's parts are one text, a host name ends without a dot."""
    if kind == "TXT":
        return "".join(part for part in value.replace('" "', "").split('"') if part)
    if kind in _NAMES:
        return intent.hostname(value)
    return " ".join(intent.hostname(part).replace('"', "") for part in value.split())


def _look(world: World, *, name: str, kind: str) -> DnsAnswer | Silence:
    return world.dns.ask(name, kind)


PROMISES = (record, alias_record)
