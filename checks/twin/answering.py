"""How name servers answer: authoritative ones from a zone, the parent by referral, the resolver by following both.

Pure: what is known comes in as a value, no socket and no clock.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdataset
import dns.rdatatype
import dns.rrset

from checks.twin import addresses
from checks.twin.distributions import Distribution
from checks.twin.hosted_zones import Zone

_LINKS = 12
_DELEGATION_TTL = 172_800
_HOST_TTL = 172_800
_PUBLIC = ("cloudfront.net", "amazonaws.com", "amazoncognito.com")
_MINIMUM = 900

Name = dns.name.Name
Type = dns.rdatatype.RdataType
AXFR, IXFR = dns.rdatatype.AXFR, dns.rdatatype.IXFR


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer before it becomes a message."""

    rcode: dns.rcode.Rcode = dns.rcode.NOERROR
    answer: tuple[dns.rrset.RRset, ...] = ()
    authority: tuple[dns.rrset.RRset, ...] = ()
    authoritative: bool = False


@dataclass(frozen=True, slots=True)
class Known:
    """Everything the twin's DNS knows at a moment; *hosts* maps a name server's name to its slot."""

    zones: tuple[Zone, ...] = ()
    delegations: Mapping[Name, tuple[str, ...]] = field(default_factory=dict)
    hosts: Mapping[str, int] = field(default_factory=dict)
    distributions: tuple[Distribution, ...] = ()
    regional: tuple[str, ...] = ()

    @property
    def parents(self) -> tuple[Name, ...]:
        """The zones that the parent's server answers for: the root, and what delegated domains are registered in."""
        above = {domain.parent() for domain in self.delegations} | {dns.name.from_text("example.")}
        return (*sorted(above, key=len, reverse=True), dns.name.root)


def from_server(known: Known, slot: int, name: Name, kind: Type) -> Reply:
    """What the authoritative server in this slot says; REFUSED for a zone that it does not have."""
    mine = [zone for zone in known.zones if slot in {known.hosts.get(each) for each in zone.servers}]
    zone = _closest(mine, name)
    return in_zone(zone, name, kind) if zone else Reply(dns.rcode.REFUSED)


def in_zone(zone: Zone, name: Name, kind: Type) -> Reply:
    """What a zone holds: records, an alias chain within it, a referral, no data or no such name."""
    answer: list[dns.rrset.RRset] = []
    for _ in range(_LINKS):
        cut = _cut(zone, name, kind)
        if cut is not None:
            referral = (_rrset(cut, zone.records[cut][dns.rdatatype.NS]),)
            return Reply(answer=tuple(answer), authority=referral, authoritative=bool(answer))
        sets = _sets(zone, name)
        if sets is None:
            return Reply(dns.rcode.NXDOMAIN, tuple(answer), _soa(zone), authoritative=True)
        found = [each for each in sets.values() if kind in (each.rdtype, dns.rdatatype.ANY)]
        if found:
            return Reply(answer=(*answer, *(_rrset(name, each) for each in found)), authoritative=True)
        if dns.rdatatype.CNAME not in sets:
            return Reply(answer=tuple(answer), authority=_soa(zone), authoritative=True)
        answer.append(_rrset(name, sets[dns.rdatatype.CNAME]))
        name = _target(sets[dns.rdatatype.CNAME])
        if not name.is_subdomain(zone.origin):
            break
    return Reply(answer=tuple(answer), authoritative=True)


def from_parent(known: Known, name: Name, kind: Type) -> Reply:
    """What the registry's server says: a referral for a registered domain, otherwise its own word."""
    domain = _delegated(known, name)
    if domain is not None and not (name == domain and kind == dns.rdatatype.DS):
        return Reply(authority=(_name_servers(domain, known.delegations[domain]),))
    return in_zone(_registry(known, name), name, kind)


def resolved(known: Known, name: Name, kind: Type) -> Reply:
    """What a resolver says after following delegations and aliases; SERVFAIL when a delegation leads nowhere."""
    answer: list[dns.rrset.RRset] = []
    for _ in range(_LINKS):
        reply = _one_step(known, name, kind)
        answer += reply.answer
        last = answer[-1] if answer else None
        if reply.rcode or last is None or last.rdtype != dns.rdatatype.CNAME or kind == dns.rdatatype.CNAME:
            return Reply(reply.rcode, tuple(answer), reply.authority)
        name = _target(last)
    return Reply(dns.rcode.SERVFAIL)


def _one_step(known: Known, name: Name, kind: Type) -> Reply:
    if _is_public(known, name):
        return in_zone(_public_zone(known, name), name, kind)
    domain = _delegated(known, name)
    if domain is None or (name == domain and kind == dns.rdatatype.DS):
        return in_zone(_registry(known, name), name, kind)
    servers = known.delegations[domain]
    for _ in range(_LINKS):
        replies = (_ask(known, server, domain, name, kind) for server in servers)
        reply = next((each for each in replies if each is not None), Reply(dns.rcode.SERVFAIL))
        if reply.authoritative or reply.answer or reply.rcode or not reply.authority:
            return reply
        # A referral further down: the next zone cut must be below the last one, or it would go round for ever.
        cut = reply.authority[0]
        if not cut.name.is_subdomain(domain) or cut.name == domain:
            return Reply(dns.rcode.SERVFAIL)
        domain, servers = cut.name, tuple(each.target.to_text(omit_final_dot=True).lower() for each in cut)
    return Reply(dns.rcode.SERVFAIL)


def _ask(known: Known, server: str, domain: Name, name: Name, kind: Type) -> Reply | None:
    """The reply of one name server; None when it has no address, does not have the zone, or refers upwards."""
    slot = known.hosts.get(server)
    if slot is None:
        return None
    mine = [zone for zone in known.zones if server in zone.servers and zone.origin.is_subdomain(domain)]
    zone = _closest(mine, name)
    return in_zone(zone, name, kind) if zone else None


def _delegated(known: Known, name: Name) -> Name | None:
    below = [domain for domain in known.delegations if name.is_subdomain(domain)]
    # The registry answers for the shortest; whatever is deeper is the business of the domain itself.
    return min(below, key=len, default=None)


def _closest(zones: Iterable[Zone], name: Name) -> Zone | None:
    above = (zone for zone in zones if name.is_subdomain(zone.origin))
    return max(above, key=lambda zone: len(zone.origin), default=None)


def _cut(zone: Zone, name: Name, kind: Type) -> Name | None:
    for depth in range(len(zone.origin) + 1, len(name) + 1):
        node = name.split(depth)[1]
        if node == name and kind == dns.rdatatype.DS:
            return None
        if dns.rdatatype.NS in zone.records.get(node, {}):
            return node
    return None


def _sets(zone: Zone, name: Name) -> Mapping[Type, dns.rdataset.Rdataset] | None:
    """The records of a name, through a wildcard if need be; empty for a name with names below; None for no name."""
    if name in zone.records:
        return zone.records[name]
    if _has_below(zone, name):
        return {}
    encloser = name
    while encloser != zone.origin:
        encloser = encloser.parent()
        wildcard = dns.name.Name((b"*", *encloser.labels))
        if wildcard in zone.records:
            return zone.records[wildcard]
        if encloser in zone.records or _has_below(zone, encloser):
            return None
    return None


def _has_below(zone: Zone, name: Name) -> bool:
    return any(each.is_subdomain(name) for each in zone.records)


def _soa(zone: Zone) -> tuple[dns.rrset.RRset, ...]:
    soa = zone.records.get(zone.origin, {}).get(dns.rdatatype.SOA)
    if soa is None:
        return ()
    # RFC 2308: how long an absence may be believed is the lesser of the record's own TTL and its last field.
    return (dns.rrset.from_rdata(zone.origin, min(soa.ttl, soa[0].minimum), soa[0]),)


def _rrset(name: Name, rdataset: dns.rdataset.Rdataset) -> dns.rrset.RRset:
    return dns.rrset.from_rdata_list(name, rdataset.ttl, list(rdataset))


def _target(cname: Iterable[object]) -> Name:
    name: Name = next(iter(cname)).target  # type: ignore[attr-defined]  # the only field of a CNAME
    return name


def _name_servers(domain: Name, servers: Iterable[str]) -> dns.rrset.RRset:
    return dns.rrset.from_text_list(domain, _DELEGATION_TTL, "IN", "NS", [f"{each}." for each in servers])


def _registry(known: Known, name: Name) -> Zone:
    """The registry's zone that a name belongs to: its SOA and NS, and the names of registered domains' parents."""
    origin = next(each for each in known.parents if name.is_subdomain(each))
    server = parent_server(origin)
    soa = f"{server}. hostmaster.{server}. 1 1800 900 604800 {_MINIMUM}"
    apex = {
        dns.rdatatype.SOA: dns.rdataset.from_text("IN", "SOA", _MINIMUM, soa),
        dns.rdatatype.NS: dns.rdataset.from_text("IN", "NS", _DELEGATION_TTL, f"{server}."),
    }
    below: dict[Name, dict[Type, dns.rdataset.Rdataset]] = {
        # Registered domains and zones further down exist, although the registry holds nothing but their delegation.
        each: {}
        for each in (*known.delegations, *known.parents)
        if each.is_subdomain(origin) and each != origin
    }
    return Zone(origin, (server,), {**below, origin: apex})


def parent_server(origin: Name) -> str:
    """The name of the server of a registry's zone."""
    return f"a.nic.{origin.to_text(omit_final_dot=True)}" if origin != dns.name.root else "a.root-servers.net"


def _is_public(known: Known, name: Name) -> bool:
    text = name.to_text(omit_final_dot=True).lower()
    return text in known.hosts or any(text == top or text.endswith(f".{top}") for top in _PUBLIC)


def _public_zone(known: Known, name: Name) -> Zone:
    """The zone of AWS's own that a name is in: name servers, distributions, regional endpoints."""
    text = name.to_text(omit_final_dot=True).lower()
    origin = dns.name.from_text(next((top for top in _PUBLIC if text.endswith(top)), text.partition(".")[2]))
    apex = {
        dns.rdatatype.SOA: dns.rdataset.from_text(
            "IN", "SOA", _MINIMUM, "ns-1.awsdns-00.com. awsdns-hostmaster.amazon.com. 1 7200 900 1209600 60"
        )
    }
    v4, v6, ttl = _public_addresses(known, text)
    own: dict[Type, dns.rdataset.Rdataset] = {}
    if v4:
        own[dns.rdatatype.A] = dns.rdataset.from_text_list("IN", "A", ttl, v4)
    if v6:
        own[dns.rdatatype.AAAA] = dns.rdataset.from_text_list("IN", "AAAA", ttl, v6)
    return Zone(origin, (), {origin: apex} | ({name: own} if own else {}))


def _public_addresses(known: Known, name: str) -> tuple[tuple[str, ...], tuple[str, ...], int]:
    if name in known.hosts:
        slot = known.hosts[name]
        return (addresses.server_v4(slot),), (addresses.server_v6(slot),), _HOST_TTL
    for distribution in known.distributions:
        if name == distribution.domain:
            return addresses.EDGE_V4, addresses.EDGE_V6 if distribution.ipv6 else (), 60
    if any(name == each or (each.startswith("*.") and name.partition(".")[2] == each[2:]) for each in known.regional):
        return (addresses.REGIONAL_V4,), (), 60
    return (), (), 60
