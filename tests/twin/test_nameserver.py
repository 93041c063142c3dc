"""The twin's DNS: what is answered (pure), and that it is answered at once (over UDP and TCP)."""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterator

import dns.flags
import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.rdataset
import dns.rdatatype
import pytest

from checks import twin as twins
from checks.twin import addresses, answering, loopback, nameserver
from checks.twin.answering import Known, Reply
from checks.twin.distributions import Distribution
from checks.twin.hosted_zones import Zone
from tests.twin.conftest import Site
from tests.twin.template import DOMAIN

SERVERS = ("ns-1.awsdns-00.com", "ns-2.awsdns-00.net", "ns-3.awsdns-00.org", "ns-4.awsdns-00.co.uk")
OTHERS = ("ns-5.awsdns-00.com", "ns-6.awsdns-00.net", "ns-7.awsdns-00.org", "ns-8.awsdns-00.co.uk")
LONG = " ".join(f'"{letter * 200}"' for letter in "abcdefghij")


def name(text: str) -> dns.name.Name:
    """An absolute name."""
    return dns.name.from_text(text)


def zone(origin: str, servers: tuple[str, ...], *lines: str) -> Zone:
    """A zone from lines of "name type values", the names relative to the origin ("@": itself)."""
    soa = f"@ SOA {servers[0]}. awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400"
    values: dict[tuple[dns.name.Name, str], list[str]] = {}
    for line in (soa, *(f"@ NS {server}." for server in servers), *lines):
        relative, kind, value = line.split(" ", 2)
        owner = name(origin) if relative == "@" else name(f"{relative}.{origin}")
        values.setdefault((owner, kind), []).append(value)
    records: dict[dns.name.Name, dict[dns.rdatatype.RdataType, dns.rdataset.Rdataset]] = {}
    for (owner, kind), texts in values.items():
        added = dns.rdataset.from_text_list("IN", kind, 900 if kind == "SOA" else 300, texts)
        records.setdefault(owner, {})[added.rdtype] = added
    return Zone(name(origin), servers, records)


def known(*zones: Zone, **delegations: tuple[str, ...]) -> Known:
    """What the name servers know, with delegations as keywords (`_` for a dot)."""
    slots = dict(zip((*SERVERS, *OTHERS), addresses.SERVERS, strict=False))
    named = {name(domain.replace("_", ".")): servers for domain, servers in delegations.items()}
    return Known(zones=zones, delegations=named, hosts={**slots, "a.nic.example": addresses.PARENT})


SITE = zone(
    "site.example.", SERVERS,
    "@ A 192.0.2.1", "www CNAME site.example.", "away CNAME elsewhere.example.", 'deep.down TXT "here"',
    "*.wild A 192.0.2.2", "real.wild A 192.0.2.3", "sub NS ns-5.awsdns-00.com.", "loop CNAME loop.site.example.",
    '@ CAA 0 issue "amazon.com"', f"long TXT {LONG}",
)  # fmt: skip
ALL = known(SITE, site_example=SERVERS)


def shape(reply: Reply) -> tuple[str, list[str], list[str]]:
    """The code, the answers as "type value", the types in the authority section."""
    return (
        dns.rcode.to_text(reply.rcode),
        sorted(f"{dns.rdatatype.to_text(each.rdtype)} {value}" for each in reply.answer for value in each),
        [dns.rdatatype.to_text(each.rdtype) for each in reply.authority],
    )


@pytest.mark.parametrize(
    ("asked", "kind", "expected"),
    (
        pytest.param("site.example.", "A", ("NOERROR", ["A 192.0.2.1"], []), id="a record"),
        pytest.param("site.example.", "AAAA", ("NOERROR", [], ["SOA"]), id="the name is there, the type is not"),
        pytest.param("nope.site.example.", "A", ("NXDOMAIN", [], ["SOA"]), id="no such name"),
        pytest.param("down.site.example.", "A", ("NOERROR", [], ["SOA"]), id="a name because of one below it"),
        pytest.param("deep.down.site.example.", "TXT", ("NOERROR", ['TXT "here"'], []), id="the one below it"),
        pytest.param(
            "www.site.example.", "A", ("NOERROR", ["A 192.0.2.1", "CNAME site.example."], []), id="alias within"
        ),
        pytest.param("www.site.example.", "CNAME", ("NOERROR", ["CNAME site.example."], []), id="the alias itself"),
        pytest.param(
            "away.site.example.", "A", ("NOERROR", ["CNAME elsewhere.example."], []), id="alias out of the zone"
        ),
        pytest.param("any.wild.site.example.", "A", ("NOERROR", ["A 192.0.2.2"], []), id="wildcard"),
        pytest.param("a.b.wild.site.example.", "A", ("NOERROR", ["A 192.0.2.2"], []), id="wildcard, two labels"),
        pytest.param("real.wild.site.example.", "AAAA", ("NOERROR", [], ["SOA"]), id="beside a wildcard"),
        pytest.param("x.real.wild.site.example.", "A", ("NXDOMAIN", [], ["SOA"]), id="below a name beside a wildcard"),
        pytest.param("sub.site.example.", "A", ("NOERROR", [], ["NS"]), id="referral"),
        pytest.param("x.sub.site.example.", "NS", ("NOERROR", [], ["NS"]), id="referral from below"),
        pytest.param("sub.site.example.", "DS", ("NOERROR", [], ["SOA"]), id="the parent's side of a cut"),
        pytest.param("site.example.", "CAA", ("NOERROR", ['CAA 0 issue "amazon.com"'], []), id="CAA"),
    ),
)
def test_a_zone_answers_as_the_rules_say(asked: str, kind: str, expected: tuple[str, list[str], list[str]]) -> None:
    """RFC 1034 4.3.2 and RFC 4592: records, aliases, wildcards, cuts, absence of type and of name."""
    assert expected == shape(answering.in_zone(SITE, name(asked), dns.rdatatype.from_text(kind)))


def test_an_absence_may_be_believed_for_15_minutes() -> None:
    """The SOA of a negative answer has the lesser of its own TTL (900 s) and its minimum (86400 s), RFC 2308."""
    assert 900 == answering.in_zone(SITE, name("nope.site.example."), dns.rdatatype.A).authority[0].ttl


def test_a_loop_of_aliases_ends() -> None:
    """The zone stops after a dozen links, the resolver says SERVFAIL."""
    assert len(answering.in_zone(SITE, name("loop.site.example."), dns.rdatatype.A).answer) <= 12
    assert dns.rcode.SERVFAIL == answering.resolved(ALL, name("loop.site.example."), dns.rdatatype.A).rcode


@pytest.mark.parametrize(
    ("servers", "expected"),
    (
        pytest.param(SERVERS, "NOERROR", id="the zone's own"),
        pytest.param((OTHERS[0], *SERVERS[1:]), "NOERROR", id="one of four is lame"),
        pytest.param(OTHERS, "SERVFAIL", id="all lame"),
        pytest.param(("ns.nowhere.example",), "SERVFAIL", id="a server without an address"),
    ),
)
def test_a_delegation_must_lead_to_a_server_that_has_the_zone(servers: tuple[str, ...], expected: str) -> None:
    """A resolver tries all, and gives up when nobody knows the zone."""
    reply = answering.resolved(known(SITE, site_example=servers), name("site.example."), dns.rdatatype.A)
    assert expected == dns.rcode.to_text(reply.rcode)


def test_a_zone_that_nobody_delegates_to_is_not_found() -> None:
    """The registry answers for a domain that is not registered, however perfect the zone."""
    reply = answering.resolved(known(SITE), name("site.example."), dns.rdatatype.A)
    assert ("NXDOMAIN", [], ["SOA"]) == shape(reply)


def test_of_two_zones_of_one_name_the_delegated_one_is_found() -> None:
    """Each answers on its own servers alone."""
    twin = zone("site.example.", OTHERS, "@ A 192.0.2.99")
    for servers, value in ((SERVERS, "A 192.0.2.1"), (OTHERS, "A 192.0.2.99")):
        both = known(SITE, twin, site_example=servers)
        assert ("NOERROR", [value], []) == shape(answering.resolved(both, name("site.example."), dns.rdatatype.A))
        slot = both.hosts[servers[0]]
        assert ("NOERROR", [value], []) == shape(
            answering.from_server(both, slot, name("site.example."), dns.rdatatype.A)
        )


def test_a_subdomain_may_live_in_a_zone_of_its_own() -> None:
    """The resolver follows the referral of the first zone to the second."""
    below = zone("sub.site.example.", OTHERS, "@ A 192.0.2.7")
    found = answering.resolved(known(SITE, below, site_example=SERVERS), name("sub.site.example."), dns.rdatatype.A)
    assert ("NOERROR", ["A 192.0.2.7"], []) == shape(found)
    lost = answering.resolved(ALL, name("sub.site.example."), dns.rdatatype.A)
    assert "SERVFAIL" == shape(lost)[0]


@pytest.mark.parametrize(
    ("asked", "kind", "expected"),
    (
        pytest.param("www.site.example.", "A", ("NOERROR", [], ["NS"]), id="referral"),
        pytest.param("site.example.", "DS", ("NOERROR", [], ["SOA"]), id="not signed"),
        pytest.param("free.example.", "A", ("NXDOMAIN", [], ["SOA"]), id="not registered"),
        pytest.param("example.", "NS", ("NOERROR", ["NS a.nic.example."], []), id="its own name servers"),
        pytest.param(".", "NS", ("NOERROR", ["NS a.root-servers.net."], []), id="the root"),
        pytest.param("org.", "A", ("NXDOMAIN", [], ["SOA"]), id="no such top-level domain"),
    ),
)
def test_the_registry_refers_and_answers_for_itself(
    asked: str, kind: str, expected: tuple[str, list[str], list[str]]
) -> None:
    """A referral is not authoritative, everything else is."""
    reply = answering.from_parent(ALL, name(asked), dns.rdatatype.from_text(kind))
    assert expected == shape(reply)
    assert (expected[2] != ["NS"]) == reply.authoritative


def test_a_registry_two_levels_deep_is_known() -> None:
    """`.co.za` lies in the root without a record of its own between them."""
    deep = known(zone("site.co.za.", SERVERS, "@ A 192.0.2.1"), site_co_za=SERVERS)
    assert "NOERROR" == shape(answering.resolved(deep, name("site.co.za."), dns.rdatatype.A))[0]
    assert ("NXDOMAIN", [], ["SOA"]) == shape(answering.resolved(deep, name("other.co.za."), dns.rdatatype.A))
    assert ("NOERROR", [], ["SOA"]) == shape(answering.resolved(deep, name("za."), dns.rdatatype.A))


def test_a_distributions_own_name_resolves_while_it_exists() -> None:
    """IPv6 only when the distribution has it."""
    made = Distribution(
        id="E1",
        domain="d1.cloudfront.net",
        aliases=(),
        enabled=True,
        ipv6=False,
        certificate=None,
        minimum_protocol="TLSv1",
        http2=True,
    )
    have = Known(distributions=(made,))
    assert len(addresses.EDGE_V4) == len(
        shape(answering.resolved(have, name("d1.cloudfront.net."), dns.rdatatype.A))[1]
    )
    assert ("NOERROR", [], ["SOA"]) == shape(answering.resolved(have, name("d1.cloudfront.net."), dns.rdatatype.AAAA))
    assert "NXDOMAIN" == shape(answering.resolved(have, name("d2.cloudfront.net."), dns.rdatatype.A))[0]


def wire(
    asked: str, kind: str = "A", *, slot: int = addresses.SERVERS[0], udp: bool = True,
    use_edns: int = -1, payload: int | None = None,
) -> dns.message.Message:  # fmt: skip
    """The answer of a server to a query, by way of bytes."""
    message = dns.message.make_query(asked, kind, use_edns=use_edns, payload=payload)
    return dns.message.from_wire(nameserver.answer_wire(lambda: ALL, slot, message.to_wire(), udp=udp))


def test_a_long_answer_is_cut_over_udp_and_whole_over_tcp() -> None:
    """512 bytes without EDNS, what the client can take with it; the TC bit says that there is more."""
    cut, taken = wire("long.site.example.", "TXT"), wire("long.site.example.", "TXT", use_edns=0, payload=4096)
    assert cut.flags & dns.flags.TC
    assert not cut.answer
    assert not taken.flags & dns.flags.TC
    assert len(wire("long.site.example.", "TXT", udp=False).answer[0][0].strings) == 10


def test_flags_tell_who_answers() -> None:
    """Resolvers offer recursion and are no authority; an authoritative server is the reverse."""
    own = wire("site.example.")
    assert (True, False) == (bool(own.flags & dns.flags.AA), bool(own.flags & dns.flags.RA))
    for slot in addresses.RESOLVERS:
        resolver = wire("site.example.", slot=slot)
        assert (False, True) == (bool(resolver.flags & dns.flags.AA), bool(resolver.flags & dns.flags.RA))
        assert resolver.answer


def test_foreign_zones_and_transfers_are_refused() -> None:
    """Route 53's servers answer for their own zones and hand out no zone as a whole."""
    assert dns.rcode.REFUSED == wire("foreign.example.").rcode()
    assert dns.rcode.REFUSED == wire("site.example.", "AXFR").rcode()


def test_before_the_apis_have_answered_once_nothing_is_claimed() -> None:
    """SERVFAIL: an empty world would say that names do not exist."""
    query = dns.message.make_query("site.example.", "A")
    for slot in (addresses.RESOLVER, addresses.PARENT, addresses.SERVERS[0]):
        answer = dns.message.from_wire(nameserver.answer_wire(lambda: None, slot, query.to_wire(), udp=True))
        assert dns.rcode.SERVFAIL == answer.rcode()


def test_odd_queries_are_answered_with_the_code_for_their_oddity() -> None:
    """EDNS of an unknown version, an unknown operation, rubbish, and an answer instead of a question."""
    assert dns.rcode.BADVERS == wire("site.example.", use_edns=1).rcode()
    update = dns.message.make_query("site.example.", "A")
    update.set_opcode(dns.opcode.NOTIFY)
    rubbish = update.to_wire()[:20]
    answered = nameserver.answer_wire(lambda: ALL, 1, update.to_wire(), udp=True)
    assert dns.rcode.NOTIMP == dns.message.from_wire(answered).rcode()
    assert dns.rcode.FORMERR == dns.message.from_wire(nameserver.answer_wire(lambda: ALL, 1, rubbish, udp=True)).rcode()
    assert b"" == nameserver.answer_wire(lambda: ALL, 1, b"short", udp=True)
    assert b"" == nameserver.answer_wire(lambda: ALL, 1, answered, udp=True)


@pytest.fixture
def delegated(site: Site) -> Iterator[Site]:
    """The site, whose delegation a test may break."""
    route53 = site.client("route53")
    own = route53.get_hosted_zone(Id=site.zone_id)["DelegationSet"]["NameServers"]
    yield site
    twins.delegate(site.twin, DOMAIN, own)


@pytest.mark.twin
def test_the_deployed_site_resolves_to_the_edge(site: Site) -> None:
    """Apex and www, IPv4 and IPv6, to documentation addresses that lead to the edge."""
    for host in (DOMAIN, f"www.{DOMAIN}"):
        for kind, handed in (("A", addresses.EDGE_V4), ("AAAA", addresses.EDGE_V6)):
            [answer] = site.ask(host, kind).answer
            assert (60, set(handed)) == (answer.ttl, {each.to_text() for each in answer})


@pytest.mark.twin
def test_parent_zone_and_api_name_the_same_servers_and_all_four_answer_alike(site: Site) -> None:
    """The delegation set of the API is the parent's and the zone's, and each of its servers is an authority."""
    told = set(site.client("route53").get_hosted_zone(Id=site.zone_id)["DelegationSet"]["NameServers"])
    [referral] = site.ask(DOMAIN, "NS", at=site.address_of("a.nic.example")).authority
    assert told == {each.target.to_text(omit_final_dot=True) for each in referral}
    for server in told:
        answer = site.ask(DOMAIN, "NS", at=site.address_of(server))
        assert answer.flags & dns.flags.AA
        assert told == {each.target.to_text(omit_final_dot=True) for each in answer.answer[0]}


@pytest.mark.twin
def test_tcp_answers_like_udp_and_several_times(site: Site) -> None:
    """Three queries over one connection."""
    with socket.create_connection(site.twin.dns, timeout=5) as stream:
        for _ in range(3):
            query = dns.message.make_query(DOMAIN, "AAAA")
            dns.query.send_tcp(stream, query)
            answer, _when = dns.query.receive_tcp(stream)
            assert (query.id, 8) == (answer.id, len(answer.answer[0]))


@pytest.mark.twin
def test_a_wrong_delegation_is_seen_at_once_and_so_is_its_repair(delegated: Site) -> None:
    """The zone is as it was, and the world cannot find it."""
    twins.delegate(delegated.twin, DOMAIN, OTHERS)
    assert dns.rcode.SERVFAIL == delegated.ask(DOMAIN).rcode()
    own = delegated.client("route53").get_hosted_zone(Id=delegated.zone_id)["DelegationSet"]["NameServers"]
    twins.delegate(delegated.twin, DOMAIN, own)
    assert dns.rcode.NOERROR == delegated.ask(DOMAIN).rcode()
    twins.delegate(delegated.twin, DOMAIN, [])
    assert dns.rcode.NXDOMAIN == delegated.ask(DOMAIN).rcode()


@pytest.mark.twin
def test_a_record_is_seen_by_the_next_query(site: Site) -> None:
    """Made, changed and deleted through the API, without a wait in between."""

    def change(action: str, value: str) -> None:
        records = {"Name": f"new.{DOMAIN}", "Type": "TXT", "TTL": 5, "ResourceRecords": [{"Value": f'"{value}"'}]}
        batch = {"Changes": [{"Action": action, "ResourceRecordSet": records}]}
        site.client("route53").change_resource_record_sets(HostedZoneId=site.zone_id, ChangeBatch=batch)

    for action, value, expected in (("CREATE", "one", "one"), ("UPSERT", "two", "two"), ("DELETE", "two", "")):
        change(action, value)
        answer = site.ask(f"new.{DOMAIN}", "TXT").answer
        assert expected == (answer[0][0].strings[0].decode() if answer else "")


@pytest.mark.twin
def test_a_second_zone_of_the_name_answers_on_its_own_servers_alone(delegated: Site) -> None:
    """Its records are seen there, and nowhere else until the parent delegates to it."""
    route53 = delegated.client("route53")
    made = route53.create_hosted_zone(Name=DOMAIN, CallerReference="second")
    second, servers = made["HostedZone"]["Id"], made["DelegationSet"]["NameServers"]
    try:
        answer = delegated.ask(DOMAIN, at=delegated.address_of(servers[0]))
        assert (dns.rcode.NOERROR, []) == (answer.rcode(), answer.answer)
        assert delegated.ask(DOMAIN).answer
        twins.delegate(delegated.twin, DOMAIN, servers)
        assert not delegated.ask(DOMAIN).answer
    finally:
        route53.delete_hosted_zone(Id=second)


@pytest.mark.twin
def test_an_alias_to_a_distribution_that_is_off_has_no_data(site: Site, restored: object) -> None:
    """Disabled: the name is there and has no address. Without IPv6: no AAAA."""
    cloudfront, which = site.client("cloudfront"), site.outputs["DistributionId"]

    def change(**changes: object) -> None:
        now = cloudfront.get_distribution_config(Id=which)
        cloudfront.update_distribution(
            Id=which, IfMatch=now["ETag"], DistributionConfig={**now["DistributionConfig"], **changes}
        )

    change(IsIPV6Enabled=False)
    assert (True, False) == (bool(site.ask(DOMAIN).answer), bool(site.ask(DOMAIN, "AAAA").answer))
    change(Enabled=False)
    off = site.ask(DOMAIN)
    assert (dns.rcode.NOERROR, [], dns.rdatatype.SOA) == (off.rcode(), off.answer, off.authority[0].rdtype)


@pytest.mark.twin
def test_regional_endpoints_resolve_to_the_emulator(site: Site) -> None:
    """The API's own host name leads to the emulator, as somebody who goes round the distribution would find it."""
    [answer] = site.ask(f"{site.outputs['ApiId']}.execute-api.af-south-1.amazonaws.com").answer
    host, port = site.twin.connect[answer[0].to_text(), 443]
    assert site.twin.endpoint == f"https://{host}:{port}"


@pytest.mark.twin
@pytest.mark.parametrize("server", ("192.0.2.1", "not a name..", ""), ids=("address", "two dots", "empty"))
def test_the_registrar_takes_names_alone(site: Site, server: str) -> None:
    """A parent that handed out an address would be nobody's."""
    with pytest.raises(twins.BadDelegation):
        twins.delegate(site.twin, DOMAIN, [server])


def test_without_a_127_0_0_x_of_its_own_each_server_has_a_port_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where only 127.0.0.1 can be bound, every server is still to be found."""
    listen = loopback.listen_both

    def only_one(host: str, port: int) -> tuple[socket.socket, socket.socket]:
        if host != "127.0.0.1":
            raise OSError(errno.EADDRNOTAVAIL, "Cannot assign requested address")
        return listen(host, port)

    monkeypatch.setattr(loopback, "listen_both", only_one)
    bound = nameserver._bind(0)
    try:
        where = [pair[0].getsockname() for pair in bound.values()]
        assert (set(addresses.SLOTS), {"127.0.0.1"}) == (set(bound), {host for host, _ in where})
        assert len(where) == len({port for _, port in where})
    finally:
        for pair in bound.values():
            for each in pair:
                each.close()
