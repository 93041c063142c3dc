from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from checks.evidence import (
    Absent,
    Aliased,
    Delegation,
    DnsAnswer,
    DnsAnswers,
    Records,
    RecordSeen,
    Silence,
    Zones,
    ZoneSeen,
)  # fmt: skip
from checks.model import Resource, Unresolved
from checks.promises import zones
from tests.promises.worlds import (
    APEX,
    HOSTILE,
    NOW,
    WWW,
    answer,
    distribution_resource,
    distribution_seen,
    planned,
    resource,
    silence,
    site,
    target,
    world,
)  # fmt: skip

NS = ("ns-1.example.net.", "NS-2.example.org")
ZONE = ZoneSeen(id="/hostedzone/Z1", name=f"{APEX}.", nameservers=NS, records=7)
ONE = Zones(name=APEX, zones=(ZONE,))
NONE = Zones(name=APEX, zones=())
TWO = Zones(name=APEX, zones=(ZONE, replace(ZONE, id="Z2")))


def _referral(*names: str, **changes: Any) -> DnsAnswer:  # noqa: ANN401
    return answer(type="NS", referral=names, **changes)


def _record(kind: str, alias: str = "d1.cloudfront.net.", *values: str) -> RecordSeen:
    return RecordSeen(name=APEX, type=kind, ttl=None, values=values, alias=alias, policy="simple")


def _records(*records: RecordSeen) -> Records:
    return Records(zone="Z1", name=APEX, records=records)


def _record_resource(**properties: object) -> Resource:
    given = {"Name": f"{WWW}.", "Type": "A", "HostedZoneId": "Z1"}
    return resource("AWS::Route53::RecordSet", given | properties, subject="Dns/Www")


def test_the_zone_is_asked_about_once_and_each_host_by_itself() -> None:
    """The plan names the domain for the zone, and every host for its records."""
    names = list(planned(zones.checks(site())))

    expected = [f"dns.zone[{APEX}]", f"dns.delegation[{APEX}]", f"dns.authorities[{APEX}]"]
    assert [*expected, f"dns.alias[{APEX}]", f"dns.alias[{WWW}]"] == names


def test_a_target_without_a_site_has_no_zone() -> None:
    """What does not apply is not planned."""
    assert {} == planned(zones.checks(target(distribution_resource())))


def test_a_site_without_a_distribution_has_no_alias_to_compare() -> None:
    """The zone itself is asked about all the same."""
    assert [f"dns.zone[{APEX}]"] == list(planned(zones.checks(target(domain=APEX))))[:1]


@pytest.mark.parametrize(
    ("more", "zone", "zone_id"),
    (
        pytest.param((_record_resource(),), APEX, "Z1", id="an id"),
        pytest.param((_record_resource(HostedZoneId=None, HostedZoneName="Test."),), "test", "", id="a name"),
        pytest.param((_record_resource(HostedZoneId=Unresolved("Fn::ImportValue")),), APEX, "", id="unresolved"),
        pytest.param((_record_resource(Name="other.test."),), APEX, "", id="a record of another name"),
        pytest.param(
            (_record_resource(), resource("AWS::Route53::HostedZone", {"Name": "test."}, physical_id="Z1")),
            "test",
            "Z1",
            id="a zone of the target",
        ),
        pytest.param((), APEX, "", id="nothing said"),
    ),
)
def test_the_zone_is_the_one_that_the_records_go_into(more: tuple[Resource, ...], zone: str, zone_id: str) -> None:
    """The template's own records say which zone they mean; the domain is it where they do not."""
    params = planned(zones.checks(site(*more)))[f"dns.zone[{APEX}]"].params

    assert {"zone": zone, "zone_id": zone_id} == params


def test_an_alias_check_speaks_for_the_records_of_its_host() -> None:
    """Coverage and permissions follow the records and the distribution."""
    text = resource("AWS::Route53::RecordSet", {"Name": WWW, "Type": "TXT"}, subject="Dns/Text")

    place = planned(zones.checks(site(_record_resource(), text)))[f"dns.alias[{WWW}]"].place

    assert ("DnsWww",) == place.covers
    assert "arn:aws:route53:::hostedzone/Z1" in place.resources


@pytest.mark.parametrize(
    ("seen", "zone_id", "status"),
    (
        pytest.param(ONE, "", "pass", id="one"),
        pytest.param(ONE, "Z1", "pass", id="the one of the stack"),
        pytest.param(ONE, "Z9", "fail", id="another than the stack's"),
        pytest.param(NONE, "", "fail", id="none"),
        pytest.param(TWO, "", "fail", id="two"),
        pytest.param(TWO, "Z1", "fail", id="two, one of them the stack's"),
    ),
)
def test_there_is_exactly_one_zone(seen: Zones, zone_id: str, status: str) -> None:
    """Records in a zone that nobody is sent to look right and serve nobody."""
    verdict = zones.judge_zone(seen, NOW, zone_id=zone_id)

    assert status == verdict.status
    assert f"one public hosted zone {APEX}{', ' if zone_id else ''}{zone_id}" == verdict.expected


@pytest.mark.parametrize(
    ("found", "parent", "status", "word"),
    (
        pytest.param(
            ONE,
            _referral("NS-1.example.net", "ns-2.example.org."),
            "pass",
            "says ns-1.example.net, ns-2.example.org",
            id="equal but for dots and case",
        ),
        pytest.param(
            ONE,
            answer(*NS, type="NS", authoritative=True),
            "pass",
            "says ns-1.example.net, ns-2.example.org",
            id="a parent that answers itself",
        ),
        pytest.param(ONE, _referral("ns-1.example.net"), "fail", "says ns-1.example.net", id="one of two"),
        pytest.param(ONE, _referral(*NS, "ns-3.example.net"), "fail", "ns-3.example.net", id="one too many"),
        pytest.param(ONE, _referral("old.example.net"), "fail", "says old.example.net", id="another's"),
        pytest.param(ONE, answer(type="NS", rcode="NXDOMAIN"), "fail", "says NXDOMAIN", id="not delegated"),
        pytest.param(ONE, silence(), "fail", "refused", id="silence"),
        pytest.param(NONE, _referral(), "fail", "0 public hosted zones", id="no zone, no delegation"),
        pytest.param(TWO, _referral(*NS), "fail", "2 public hosted zones", id="two zones"),
    ),
)
def test_the_parent_hands_out_the_servers_of_the_zone(
    found: Zones, parent: DnsAnswer | Silence, status: str, word: str
) -> None:
    """A zone made anew has other servers than the registrar knows."""
    verdict = zones.judge_delegation(Delegation(zones=found, parent=parent), NOW)

    assert status == verdict.status
    assert word in verdict.actual


def _soa(server: str, serial: str = "1", **changes: Any) -> DnsAnswer:  # noqa: ANN401
    record = (f"ns host {serial} 7200 900 1209600 86400",) if serial else ()
    return answer(*record, type="SOA", server=server, authoritative=True, **changes)


def _a(server: str, *addresses: str, **changes: Any) -> DnsAnswer:  # noqa: ANN401
    return answer(*addresses, server=server, **{"authoritative": True} | changes)


@pytest.mark.parametrize(
    ("answers", "status", "word"),
    (
        pytest.param((_soa("a"), _a("a", "192.0.2.1"), _soa("b"), _a("b", "192.0.2.1")), "pass", "2", id="agree"),
        pytest.param((_soa("a"), _a("a", "192.0.2.1"), _soa("b"), _a("b", "192.0.2.9")), "pass", "2", id="rotating"),
        pytest.param((_soa("a"), _a("a"), _soa("b"), _a("b")), "pass", "2", id="no addresses anywhere"),
        pytest.param(
            (_soa("a"), _a("a", "192.0.2.1"), _soa("b"), _a("b")),
            "fail",
            "b: addresses none, elsewhere some",
            id="some have none",
        ),
        pytest.param((_soa("a"), _soa("b"), _soa("c", "2")), "fail", "c: serial 2, elsewhere 1", id="an old copy"),
        pytest.param(
            (_soa("a"), _soa("b"), answer("ns host", type="SOA", server="c", authoritative=True)),
            "fail",
            "c: serial none, elsewhere 1",
            id="a SOA without a serial",
        ),
        pytest.param((_soa("a"), silence("b:53")), "fail", "b:53", id="one is silent"),
        pytest.param((_soa("a"), _soa("b", rcode="REFUSED")), "fail", "b: REFUSED", id="one is lame"),
        pytest.param((_a("a", "192.0.2.1", authoritative=False),), "fail", "not authoritative", id="a resolver"),
        pytest.param((_soa("a", ""),), "fail", "no SOA", id="no SOA"),
        pytest.param((), "fail", "no server", id="no servers"),
    ),
)
def test_every_server_answers_and_all_agree(answers: tuple[DnsAnswer | Silence, ...], status: str, word: str) -> None:
    """One lame or stale server of four fails a quarter of first tries; rotating addresses are no disagreement."""
    verdict = zones.judge_authorities(DnsAnswers(answers=answers), NOW, domain=APEX)

    assert status == verdict.status
    assert word in verdict.actual


@pytest.mark.parametrize(
    ("records", "ipv6", "status"),
    (
        pytest.param((_record("A"), _record("AAAA")), True, "pass", id="both"),
        pytest.param((_record("A"),), False, "pass", id="IPv4 alone, as the distribution"),
        pytest.param((_record("A"), _record("AAAA")), False, "pass", id="both, though the distribution has no IPv6"),
        pytest.param((_record("A"), _record("AAAA"), _record("TXT", "", "x")), True, "pass", id="and a text"),
        pytest.param((_record("A"),), True, "fail", id="no AAAA"),
        pytest.param((_record("AAAA"),), True, "fail", id="no A"),
        pytest.param((), True, "fail", id="nothing"),
        pytest.param((_record("A", "d9.cloudfront.net"), _record("AAAA")), True, "fail", id="another distribution"),
        pytest.param((_record("A"), _record("AAAA"), _record("A", "d9.cloudfront.net")), True, "fail", id="a second A"),
        pytest.param((_record("A", "", "192.0.2.1"), _record("AAAA")), True, "fail", id="an address"),
        pytest.param((_record("A"), _record("AAAA"), _record("CNAME", "", HOSTILE)), True, "fail", id="a CNAME"),
    ),
)
def test_the_records_lead_to_the_distribution_and_nowhere_else(
    records: tuple[RecordSeen, ...], *, ipv6: bool, status: str
) -> None:
    """Both families where the distribution has both; one record elsewhere is a share of visitors elsewhere."""
    seen = Aliased(records=_records(*records), distribution=distribution_seen(ipv6=ipv6))

    assert status == zones.judge_alias(seen, NOW, host=APEX).status


def test_an_absent_zone_or_distribution_is_named() -> None:
    """Nothing to compare with is not agreement."""
    seen = Aliased(records=Absent(what="zone"), distribution=Absent(what="distribution"))

    assert "absent: zone, distribution" == zones.judge_alias(seen, NOW, host=APEX).actual


def test_the_parent_is_asked_until_one_of_its_servers_gives_a_usable_answer() -> None:
    """The parent's servers come from the resolver; a refusal or silence of one leads to the next."""
    good = _referral(*NS)
    asked = {
        ("zones", APEX): ONE,
        ("ask", "test", "NS"): answer("a.test.", "b.test.", "c.test.", type="NS"),
        ("ask", APEX, "NS", ("server", "a.test")): silence(),
        ("ask", APEX, "NS", ("server", "b.test")): answer(rcode="REFUSED"),
        ("ask", APEX, "NS", ("server", "c.test")): good,
    }
    check = planned(zones.checks(site()))[f"dns.delegation[{APEX}]"]

    assert Delegation(zones=ONE, parent=good) == check.sight.look(world(asked))


@pytest.mark.parametrize(
    "servers",
    (
        pytest.param(silence("resolver"), id="the resolver is silent"),
        pytest.param(answer(type="NS"), id="nobody above has servers"),
        pytest.param(answer("a.test.", type="NS"), id="its only server is silent"),
    ),
)
def test_a_parent_that_cannot_be_asked_is_silence(servers: object) -> None:
    """The delegation of a zone whose parent does not answer was not seen."""
    asked = {("zones", APEX): ONE, ("ask", "test", "NS"): servers, ("ask",): silence()}
    check = planned(zones.checks(site()))[f"dns.delegation[{APEX}]"]

    seen = check.sight.look(world(asked))

    assert isinstance(seen, Delegation)
    assert isinstance(seen.parent, Silence)
    assert "fail" == check.sight.judge(seen, NOW).status


def test_every_server_of_the_zone_is_asked_for_serial_and_address() -> None:
    """Servers are asked themselves, by their names."""
    asked: dict[object, object] = {
        ("zones", APEX): ONE,
        **{("ask", APEX, "SOA", ("server", name)): _soa(name) for name in ("ns-1.example.net", "ns-2.example.org")},
        **{("ask", APEX, "A", ("server", name)): _a(name) for name in ("ns-1.example.net", "ns-2.example.org")},
    }
    check = planned(zones.checks(site()))[f"dns.authorities[{APEX}]"]

    seen = check.sight.look(world(asked))

    assert 4 == len(seen.answers)  # type: ignore[attr-defined]
    assert "pass" == check.sight.judge(seen, NOW).status


@pytest.mark.parametrize("found", (pytest.param(NONE, id="none"), pytest.param(TWO, id="two")))
def test_without_a_single_zone_there_are_no_servers_to_ask(found: Zones) -> None:
    """What is missing is said, and nothing is guessed."""
    checks = planned(zones.checks(site()))
    here = world({("zones", APEX): found, ("distribution", "D1"): distribution_seen()})

    servers = checks[f"dns.authorities[{APEX}]"].sight.look(here)
    aliased = checks[f"dns.alias[{APEX}]"].sight.look(here)

    assert isinstance(servers, Absent)
    assert "fail" == zones.judge_authorities(servers, NOW, domain=APEX).status
    assert "fail" == zones.judge_alias(aliased, NOW, host=APEX).status  # type: ignore[arg-type]


def test_a_zone_above_the_domain_is_found_by_the_id_that_the_records_name() -> None:
    """A site below another domain may live in that domain's zone, if the stack's records say so."""
    above = Zones(name="test", zones=(replace(ZONE, name="test."),))
    seen = _records(_record("A"), _record("AAAA"))
    asked = {
        ("zones", APEX): NONE,
        ("zones", "test"): above,
        ("records", "/hostedzone/Z1", WWW): seen,
        ("distribution", "D1"): distribution_seen(),
    }
    checks = planned(zones.checks(site(_record_resource())))

    assert above == checks[f"dns.zone[{APEX}]"].sight.look(world(asked))
    assert seen == checks[f"dns.alias[{WWW}]"].sight.look(world(asked)).records  # type: ignore[attr-defined]


def test_a_second_zone_of_the_name_hides_the_stacks_own_from_nobody() -> None:
    """Where one of two has the id that the records name, no zone above is looked for: two are the evidence."""
    above = Zones(name="test", zones=(replace(ZONE, name="test."),))
    check = planned(zones.checks(site(_record_resource())))[f"dns.zone[{APEX}]"]

    assert TWO == check.sight.look(world({("zones", APEX): TWO, ("zones", "test"): above}))


def test_a_zone_that_is_nowhere_stays_the_one_that_was_looked_for() -> None:
    """When no zone above has the id either, the answer about the domain itself is the evidence."""
    asked = {("zones", APEX): TWO, ("zones", "test"): NONE}
    check = planned(zones.checks(site(_record_resource(HostedZoneId="Z9"))))[f"dns.zone[{APEX}]"]

    assert TWO == check.sight.look(world(asked))
