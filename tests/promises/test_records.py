from __future__ import annotations

import pytest

from checks.evidence import DnsAnswer, Records, RecordSeen, Silence
from checks.model import Check, Unresolved
from checks.promises import records
from tests.promises.worlds import (
    APEX,
    NOW,
    answer,
    distribution_resource,
    planned,
    resource,
    silence,
    target,
    world,
)


def _checks(kind: str = "TXT", values: object = ('"v=spf1 include:a.test -all"',), **said: object) -> dict[str, Check]:
    given = {"Name": f"{APEX}.", "Type": kind, "ResourceRecords": values, **said}
    return planned(records.checks(target(resource(records.RECORD, given, subject="Dns/One"))))


@pytest.mark.parametrize(
    ("kind", "values", "seen", "status"),
    (
        ("TXT", ['"v=spf1 -all"'], ("v=spf1 -all",), "pass"),
        ("TXT", ['"one" "two"'], ("onetwo",), "pass"),
        ("TXT", ['"v=spf1 include:a -all"'], ("v=spf1 mx -all",), "fail"),
        ("TXT", ['"a"'], ("a", "b"), "fail"),
        ("TXT", ['"a"', '"b"'], ("b",), "fail"),
        ("CAA", ['0 issue "amazon.com"'], ('0 issue "amazon.com"',), "pass"),
        ("CAA", ['0 issue "amazon.com"'], ('0 issue "other.test"',), "fail"),
        ("CAA", ["0 issue amazon.com"], ('0 issue "amazon.com"',), "pass"),
        ("MX", ["10 Mail.Shop.Test."], ("10 mail.shop.test",), "pass"),
        ("MX", ["10  mail.shop.test."], ("10 mail.shop.test",), "pass"),
        ("CNAME", ["Edge.Shop.Test."], ("edge.shop.test",), "pass"),
        ("A", ["192.0.2.1"], (), "fail"),
    ),
)
def test_a_record_is_answered_with_exactly_its_values(
    kind: str, values: list[str], seen: tuple[str, ...], status: str
) -> None:
    """Neither case of a host nor quotes nor the order count; a value more or less does."""
    check = _checks(kind, values)["dns.record[Dns/One]"]
    found = check.sight.look(world({("ask", APEX, kind): answer(*seen, type=kind)}))

    assert status == check.sight.judge(found, NOW).status


@pytest.mark.parametrize(
    ("seen", "told"),
    (
        (silence(), f"{APEX}:443: connection refused"),
        (answer(type="TXT", rcode="NXDOMAIN"), "NXDOMAIN"),
        (answer("v=spf1 mx -all", "another", type="TXT"), "another, v=spf1 mx -all"),
    ),
    ids=("silence", "no such name", "other values"),
)
def test_what_is_answered_instead_is_told(seen: DnsAnswer | Silence, told: str) -> None:
    """No answer is a failure too: the name is part of the target's public surface."""
    verdict = _checks()["dns.record[Dns/One]"].sight.judge(seen, NOW)

    assert ("fail", told) == (verdict.status, verdict.actual)


def test_values_that_are_open_are_left_out() -> None:
    """Those that are known must be among the answers."""
    check = _checks("TXT", ['"a"', Unresolved("Ref X")])["dns.record[Dns/One]"]

    assert "pass" == check.sight.judge(answer("a", "whatever", type="TXT"), NOW).status
    assert "fail" == check.sight.judge(answer("whatever", type="TXT"), NOW).status


@pytest.mark.parametrize(
    "said",
    ({"AliasTarget": {}, "ResourceRecords": None}, {"Weight": 10}, {"Type": "SOA"}),
    ids=("an alias", "one of several", "not asked for"),
)
def test_what_is_no_plain_record_is_not_asked_for(said: dict[str, object]) -> None:
    """An alias is the matter of what it leads to."""
    given = {"Name": APEX, "Type": "A", "ResourceRecords": ["192.0.2.1"], **said}

    assert {} == planned(records.checks(target(resource(records.RECORD, given))))


def test_a_group_is_several_records() -> None:
    """Each with a name of its own."""
    sets = [{"Name": APEX, "Type": kind, "ResourceRecords": ["x"]} for kind in ("A", "TXT")]
    group = resource(records.GROUP, {"RecordSets": sets}, subject="Dns/All")

    assert [f"dns.record[Dns/All/{APEX}/A]", f"dns.record[Dns/All/{APEX}/TXT]"] == list(
        planned(records.checks(target(group)))
    )


TO = "d-1.execute-api.af-south-1.amazonaws.com"
ZONE = "Z1"
API = f"api.{APEX}"


def _aliases(name: str = API, to: object = TO, **said: object) -> dict[str, Check]:
    led = {"Name": f"{name}.", "Type": "A", "HostedZoneId": ZONE, "AliasTarget": {"DNSName": to}, **said}
    one = resource(records.RECORD, led, subject="Dns/Api")
    return planned(records.checks(target(one, distribution_resource(), domain=APEX)))


def _live(kind: str = "A", alias: str = TO, *values: str) -> RecordSeen:
    return RecordSeen(name=API, type=kind, ttl=None, values=values, alias=alias, policy="")


@pytest.mark.parametrize(
    ("live", "status", "told"),
    (
        ((_live(),), "pass", TO),
        ((_live(alias=f"{TO.upper()}."),), "pass", f"{TO.upper()}."),
        ((_live(alias=f"dualstack.{TO}"),), "pass", f"dualstack.{TO}"),
        ((_live(), _live("AAAA", "other.test"), _live("TXT", "", "x")), "pass", TO),
        ((), "fail", "no A record"),
        ((_live("TXT", "", "x"),), "fail", "no A record"),
        ((_live(alias="other.test"),), "fail", "A other.test"),
        ((_live(), _live("CNAME", "", "other.test")), "fail", "CNAME other.test"),
        ((_live("A", "", "192.0.2.1"),), "fail", "A 192.0.2.1"),
    ),
)
def test_an_alias_leads_where_the_template_says(live: tuple[RecordSeen, ...], status: str, told: str) -> None:
    """Case, the root's dot and both kinds of addresses are the same place; what is gone, or leads elsewhere, is not."""
    check = _aliases()["dns.alias_record[Dns/Api]"]
    seen = Records(zone=ZONE, name=API, records=live)
    verdict = check.sight.judge(check.sight.look(world({("records", ZONE, API): seen})), NOW)

    assert (status, told) == (verdict.status, verdict.actual)
    assert f"{API} A alias to {TO}" == verdict.expected
    assert (f"arn:aws:route53:::hostedzone/{ZONE}",) == check.place.resources


def test_an_alias_to_what_is_not_known_leads_somewhere() -> None:
    """What the template leaves open is left out: it is still an alias, and no address."""
    check = _aliases(to=Unresolved("Fn::ImportValue"))["dns.alias_record[Dns/Api]"]

    for live, status in ((_live(), "pass"), (_live("A", "", "192.0.2.1"), "fail")):
        verdict = check.sight.judge(Records(zone=ZONE, name=API, records=(live,)), NOW)
        assert (status, True) == (verdict.status, verdict.expected.startswith(f"{API} A alias (not compared: "))


@pytest.mark.parametrize(
    "given",
    (
        {"name": APEX},
        {"Weight": 10, "SetIdentifier": "a"},
        {"HostedZoneId": Unresolved("Fn::ImportValue")},
        {"Type": "HTTPS"},
    ),
    ids=("a host of the site's distribution", "one of several", "a zone that is not known", "another kind"),
)
def test_an_alias_that_is_told_elsewhere_or_cannot_be_is_not_asked(given: dict[str, str]) -> None:
    """The site's own hosts are the matter of `dns.alias`."""
    assert {} == _aliases(**given)


def test_an_alias_within_a_group_has_the_zone_of_the_group() -> None:
    """Each record of it has a name of its own in the report."""
    led = {"Name": API, "Type": "AAAA", "AliasTarget": {"DNSName": TO}}
    group = resource(records.GROUP, {"HostedZoneId": f"/hostedzone/{ZONE}", "RecordSets": [led, "odd"]}, subject="Dns")

    found = planned(records.checks(target(group)))
    assert [ZONE] == [each.params["zone_id"] for each in found.values()]
    assert [f"dns.alias_record[Dns/{API}/AAAA]"] == list(found)
