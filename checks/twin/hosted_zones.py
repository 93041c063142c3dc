"""What Route 53's API says about public zones, turned into records that can be answered with.

Aliases become addresses here, from the distributions of the same moment.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from xml.etree import ElementTree as ET

import dns.exception
import dns.name
import dns.rdataclass
import dns.rdataset
import dns.rdatatype

from checks.twin import addresses
from checks.twin.asking import Access, Asked, ask_xml
from checks.twin.distributions import Distribution

_API = "/2013-04-01"
# Route 53 developer guide: an alias to a distribution is answered with the TTL of CloudFront's own records.
_ALIAS_TTL = 60

Sets = dict[dns.rdatatype.RdataType, dns.rdataset.Rdataset]


@dataclass(frozen=True, slots=True)
class Zone:
    """A public zone: its name, its four name servers (lower case, no final dot), its records by name and type."""

    origin: dns.name.Name
    servers: tuple[str, ...]
    records: Mapping[dns.name.Name, Sets] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Record:
    name: dns.name.Name
    type: dns.rdatatype.RdataType
    ttl: int
    values: tuple[str, ...]
    alias: str
    weight: int


def load(access: Access, distributions: Iterable[Distribution]) -> tuple[Zone, ...]:
    """All public zones. Raises TwinRefuses when they cannot be read."""
    by_domain = {each.domain: each for each in distributions}
    return tuple(_zone(access, zone_id, by_domain) for zone_id in _public_zone_ids(access))


def _zone(access: Access, zone_id: str, distributions: Mapping[str, Distribution]) -> Zone:
    told = _get(access, f"/hostedzone/{zone_id}")
    records = list(_records(access, zone_id))
    return Zone(
        dns.name.from_text(told.findtext("HostedZone/Name") or "."),
        tuple((each.text or "").rstrip(".").lower() for each in told.iterfind("DelegationSet/NameServers/NameServer")),
        _by_name(records, distributions),
    )


def _by_name(records: list[_Record], distributions: Mapping[str, Distribution]) -> dict[dns.name.Name, Sets]:
    found: dict[dns.name.Name, Sets] = {}
    for record in records:
        values, ttl = _answers(record, records, distributions)
        # A name with a record exists even when its alias points nowhere: no data, not "no such name".
        sets = found.setdefault(record.name, {})
        # Of several records of one name and type (a routing policy) the heaviest is answered; see the list of gaps.
        if values and record.type not in sets:
            sets[record.type] = dns.rdataset.from_text_list("IN", record.type, ttl, values)
    return found


def _answers(
    record: _Record, records: list[_Record], distributions: Mapping[str, Distribution], depth: int = 4
) -> tuple[tuple[str, ...], int]:
    if not record.alias:
        return record.values, record.ttl
    distribution = distributions.get(record.alias)
    if distribution is not None:
        if not distribution.enabled:
            return (), _ALIAS_TTL
        v6 = addresses.EDGE_V6 if distribution.ipv6 else ()
        return (addresses.EDGE_V4 if record.type == dns.rdatatype.A else v6), _ALIAS_TTL
    if record.alias.endswith(".amazonaws.com") and record.type == dns.rdatatype.A:
        return (addresses.REGIONAL_V4,), _ALIAS_TTL
    target = dns.name.from_text(record.alias)
    same = [each for each in records if each.name == target and each.type == record.type]
    if not same or not depth:
        return (), _ALIAS_TTL
    return _answers(same[0], records, distributions, depth - 1)


def _public_zone_ids(access: Access) -> Iterator[str]:
    query = {"maxitems": "100"}
    while True:
        page = _get(access, "/hostedzone", query)
        for each in page.iterfind("HostedZones/HostedZone"):
            if each.findtext("Config/PrivateZone") != "true":
                yield (each.findtext("Id") or "").rpartition("/")[2]
        if page.findtext("IsTruncated") != "true":
            return
        query["marker"] = page.findtext("NextMarker") or ""


def _records(access: Access, zone_id: str) -> Iterator[_Record]:
    query = {"maxitems": "300"}
    while True:
        page = _get(access, f"/hostedzone/{zone_id}/rrset", query)
        found = [_record(each) for each in page.iterfind("ResourceRecordSets/ResourceRecordSet")]
        yield from sorted(found, key=lambda record: -record.weight)
        if page.findtext("IsTruncated") != "true":
            return
        fields = {"NextRecordName": "name", "NextRecordType": "type", "NextRecordIdentifier": "identifier"}
        query = {"maxitems": "300"} | {
            query_name: text for tag, query_name in fields.items() if (text := page.findtext(tag))
        }


def _record(element: ET.Element) -> _Record:
    alias = (element.findtext("AliasTarget/DNSName") or "").rstrip(".").lower()
    return _Record(
        # The API writes other signs than letters in octal, which is DNS's own way of writing them.
        name=dns.name.from_text((element.findtext("Name") or ".").lower()),
        type=dns.rdatatype.from_text(element.findtext("Type") or "A"),
        ttl=int(element.findtext("TTL") or 0),
        values=tuple(each.text or "" for each in element.iterfind("ResourceRecords/ResourceRecord/Value")),
        alias=alias.removeprefix("dualstack."),
        weight=int(element.findtext("Weight") or 0),
    )


def _get(access: Access, path: str, query: Mapping[str, str] | None = None) -> ET.Element:
    return ask_xml(access, Asked(service="route53", path=f"{_API}{path}", query=query, region="us-east-1"))
