from __future__ import annotations

import pytest

from checks.evidence import DnsAnswer, Silence
from checks.model import Check, Unresolved
from checks.promises import records
from tests.promises.worlds import APEX, NOW, answer, planned, resource, silence, target, world


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
