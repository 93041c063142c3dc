"""What Route 53 says."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from checks import evidence as seen
from checks.world.aws import refusals
from checks.world.aws.wire import Answer, Ask, Asking, shaped

ZONES = Ask(service="route53", operation="ListHostedZonesByName", needs=("HostedZones",))
ZONE = Ask(
    service="route53",
    operation="GetHostedZone",
    needs=("HostedZone",),
    gone=("NoSuchHostedZone",),
)
RECORDS = Ask(
    service="route53",
    operation="ListResourceRecordSets",
    needs=("ResourceRecordSets", "IsTruncated"),
    gone=("NoSuchHostedZone",),
)

# The word for each routing policy, by the key that a record set has when it uses it.
POLICIES = {
    "Weight": "weighted",
    "Region": "latency",
    "Failover": "failover",
    "GeoLocation": "geolocation",
    "GeoProximityLocation": "geoproximity",
    "CidrRoutingConfig": "ip-based",
    "MultiValueAnswer": "multivalue",
}


def zones(asking: Asking, region: str, name: str) -> seen.Zones:
    """The public zones of that very name: there may be none, and there may be two."""
    listed = shaped(ZONES, region, lambda: list(_zones_of(asking, region, plain(name))))
    answers = [asking.call(ZONE, region, Id=zone_id) for zone_id in listed]
    read = shaped(ZONE, region, lambda: [_zone(answer) for answer in answers if answer is not None])
    return seen.Zones(name=plain(name), zones=tuple(sorted(read, key=lambda zone: zone.id)))


def records(asking: Asking, region: str, zone_id: str, name: str) -> seen.Records:
    """The record sets of one name. A zone that does not exist has none."""
    found = shaped(RECORDS, region, lambda: list(_records_of(asking, region, zone_id, plain(name))))
    ordered = sorted(found, key=lambda record: (record.type, record.policy, record.values, record.alias))
    return seen.Records(zone=zone_id, name=plain(name), records=tuple(ordered))


def plain(name: str) -> str:
    r"""A name as people write it: lower case, no dot at the end, octal escapes undone (``\052`` is an asterisk)."""
    unescaped = re.sub(r"\\(\d{3})", lambda found: chr(int(found[1], 8)), name)
    return unescaped.rstrip(".").lower()


def _zones_of(asking: Asking, region: str, name: str) -> Iterator[str]:
    # The list begins at the name and goes on through all later ones, so it ends for us where the name changes.
    params: dict[str, object] = {"DNSName": name}
    while True:
        page = asking.demand(ZONES, region, **params)
        for zone in page["HostedZones"]:
            if plain(zone["Name"]) != name:
                return
            if not zone["Config"]["PrivateZone"]:
                yield zone["Id"].rpartition("/")[2]
        if not page.get("IsTruncated"):
            return
        following: dict[str, object] = {"DNSName": page["NextDNSName"], "HostedZoneId": page["NextHostedZoneId"]}
        params = _onwards(ZONES, region, params, following)


def _records_of(asking: Asking, region: str, zone_id: str, name: str) -> Iterator[seen.RecordSeen]:
    params: dict[str, object] = {"StartRecordName": name}
    while True:
        page = asking.call(RECORDS, region, HostedZoneId=zone_id, **params)
        if page is None:
            return
        for record in page["ResourceRecordSets"]:
            if plain(record["Name"]) != name:
                return
            yield _record(record)
        if not page["IsTruncated"]:
            return
        following = {"StartRecordName": page["NextRecordName"], "StartRecordType": page["NextRecordType"]}
        if "NextRecordIdentifier" in page:
            following["StartRecordIdentifier"] = page["NextRecordIdentifier"]
        params = _onwards(RECORDS, region, params, following)


def _onwards(ask: Ask, region: str, here: dict[str, object], there: dict[str, object]) -> dict[str, object]:
    if here == there:
        raise refusals.unlike_aws(ask.action, region, "its pages go round in a circle")
    return there


def _zone(answer: Answer) -> seen.ZoneSeen:
    zone = answer["HostedZone"]
    servers = answer.get("DelegationSet", {}).get("NameServers", ())
    return seen.ZoneSeen(
        id=zone["Id"].rpartition("/")[2],
        name=plain(zone["Name"]),
        nameservers=tuple(sorted(plain(server) for server in servers)),
        records=int(zone["ResourceRecordSetCount"]),
    )


def _record(one: Mapping[str, Any]) -> seen.RecordSeen:
    return seen.RecordSeen(
        name=plain(one["Name"]),
        type=one["Type"],
        ttl=one.get("TTL"),
        values=tuple(sorted(record["Value"] for record in one.get("ResourceRecords", ()))),
        alias=plain(one.get("AliasTarget", {}).get("DNSName", "")),
        policy=next((word for key, word in POLICIES.items() if key in one), "simple"),
    )
