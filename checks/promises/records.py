"""Records: every name that the template writes is answered with what it writes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import partial

from checks import intent
from checks.evidence import DnsAnswer, Silence
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


def checks(target: Target) -> Iterator[Check]:
    """Every record with values of its own; one that is an alias is the matter of what it leads to."""
    for one in target.of_type(RECORD):
        yield from _of(one, one.properties, one.subject)
    for group in target.of_type(GROUP):
        for each in intent.items(group.properties, "RecordSets"):
            name, kind = intent.text(each, "Name"), intent.text(each, "Type")
            yield from _of(group, each, f"{group.subject}/{name.rstrip('.')}/{kind}")


def _of(one: Resource, said: object, subject: str) -> Iterator[Check]:
    name, kind = intent.text(said, "Name").rstrip("."), intent.text(said, "Type")
    routed = any(intent.part(said, key) is not None for key in ("Weight", "Failover", "GeoLocation", "Region"))
    values, gaps = intent.texts(said, "ResourceRecords"), intent.gaps(said, "ResourceRecords")
    if name and kind in _ASKED and (values or gaps) and not routed:
        place = Place(subject=subject, stack=one.stack, region=one.region, covers=(one.logical_id,))
        yield record(place, name=name.lower(), kind=kind, values=values, gaps=gaps)


def _plain(value: str, kind: str) -> str:
    """One spelling: a TXT record's parts are one text, a host name ends without a dot."""
    if kind == "TXT":
        return "".join(part for part in value.replace('" "', "").split('"') if part)
    if kind in _NAMES:
        return intent.hostname(value)
    return " ".join(intent.hostname(part).replace('"', "") for part in value.split())


def _look(world: World, *, name: str, kind: str) -> DnsAnswer | Silence:
    return world.dns.ask(name, kind)


PROMISES = (record,)
