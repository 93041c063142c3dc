from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from checks.evidence import Absent, ContinuousBackups, ItemsCounted, Recoverable, ResourcePolicy, TableSeen
from checks.model import Check, Unresolved
from checks.promises import table_rules
from tests.promises.test_tables import GONE, GOOD, RECOVERABLE
from tests.promises.worlds import ACCOUNT, HOSTILE, NOW, REGION, planned, resource, target, world

DAY = timedelta(days=1)
ARN = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/Users-1"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1234"
RECOVERS = {"PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True}}


def _checks(**properties: object) -> dict[str, Check]:
    table = resource("AWS::DynamoDB::Table", properties, subject="Users", physical_id="Users-1")
    return planned(table_rules.checks(target(table)))


def _status(check: Check, seen: object) -> str:
    return check.sight.judge(seen, NOW).status


@pytest.mark.parametrize(
    ("wanted", "live", "status"),
    (
        ({}, "", "pass"),
        ({}, f"KMS {KEY}", "fail"),
        ({"SSEEnabled": False}, "", "pass"),
        ({"SSEEnabled": True}, f"KMS {KEY}", "pass"),
        ({"SSEEnabled": True}, "", "fail"),
        ({"SSEEnabled": True, "KMSMasterKeyId": KEY}, f"KMS {KEY}", "pass"),
        ({"SSEEnabled": True, "KMSMasterKeyId": KEY}, f"KMS {KEY}5", "fail"),
        ({"SSEEnabled": True, "KMSMasterKeyId": "1234"}, f"KMS {KEY}", "pass"),
        ({"SSEEnabled": True, "KMSMasterKeyId": "1234"}, f"KMS {KEY}5", "fail"),
        ({"SSEEnabled": True, "KMSMasterKeyId": "alias/ours"}, f"KMS {KEY}", "pass"),
        ({"SSEEnabled": True, "KMSMasterKeyId": Unresolved("Fn::ImportValue")}, f"KMS {KEY}", "pass"),
        ({"SSEEnabled": True, "KMSMasterKeyId": Unresolved("Fn::ImportValue")}, "", "fail"),
        (Unresolved("Fn::If"), "", "pass"),
    ),
)
def test_a_table_has_the_key_of_the_template(wanted: object, live: str, status: str) -> None:
    """DynamoDB's own where the template asks for none; an alias says only that it is one of KMS."""
    check = _checks(SSESpecification=wanted)["tables.encrypted[Users]"]
    table = replace(GOOD, encryption=live)
    found = check.sight.look(world({("table", REGION, "Users-1"): table}))

    assert status == _status(check, found)
    assert "fail" == _status(check, GONE)


STATEMENT = {"Sid": "other", "Effect": "Allow", "Action": "dynamodb:GetItem", "Resource": "*"}


def _policy(principal: object, **more: object) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{**STATEMENT, "Principal": principal, **more}]})


@pytest.mark.parametrize(
    ("text", "status"),
    (
        ("", "pass"),
        (_policy({"AWS": f"arn:aws:iam::{ACCOUNT}:role/reader"}), "pass"),
        (_policy({"AWS": ACCOUNT}), "pass"),
        (_policy({"Service": "replication.dynamodb.amazonaws.com"}), "pass"),
        (_policy({"AWS": "*"}, Effect="Deny"), "pass"),
        (_policy({"AWS": "999988887777"}, Effect="Deny"), "pass"),
        (_policy({"AWS": "*"}, Condition={"StringEquals": {"aws:PrincipalAccount": ACCOUNT}}), "pass"),
        ("no policy at all", "fail"),
        (_policy({"AWS": "*"}, Condition={"StringNotEquals": {"aws:PrincipalAccount": ACCOUNT}}), "fail"),
        (_policy("*"), "fail"),
        (_policy({"AWS": "*"}), "fail"),
        (_policy({"AWS": "999988887777"}), "fail"),
        (_policy({"AWS": ["arn:aws:iam::999988887777:root", ACCOUNT]}), "fail"),
    ),
)
def test_nobody_from_outside_gets_at_a_table(text: str, status: str) -> None:
    """Everybody, and one named account, are both outside."""
    check = _checks()["tables.private[Users]"]
    found = check.sight.look(world({("table_policy", REGION, ARN): ResourcePolicy(resource=ARN, text=text)}))
    verdict = check.sight.judge(found, NOW)

    assert status == verdict.status
    assert status == "fail" or verdict.actual == ("none" if text else "it has no policy")
    assert "fail" == _status(check, GONE)


def test_an_account_that_the_template_names_is_let_in() -> None:
    """It was decided; any other was not."""
    given = {"PolicyDocument": {"Statement": {"Principal": {"AWS": "arn:aws:iam::999988887777:root"}}}}
    check = _checks(ResourcePolicy=given)["tables.private[Users]"]

    seen = ResourcePolicy(resource=ARN, text=_policy({"AWS": "999988887777"}))
    assert "pass" == _status(check, seen)
    assert "fail" == _status(check, replace(seen, text=_policy({"AWS": "444455556666"})))


def _recovery(days: int | None = 35, since: timedelta = 30 * DAY, made: timedelta = 30 * DAY) -> Recoverable:
    table = replace(GOOD, created=NOW - made)
    return Recoverable(table=table, backups=replace(RECOVERABLE, days=days, earliest=NOW - since))


@pytest.mark.parametrize(
    ("seen", "status"),
    (
        (_recovery(), "pass"),
        (_recovery(days=None), "pass"),
        (_recovery(days=7), "fail"),
        (_recovery(since=35 * DAY, made=300 * DAY), "pass"),
        (_recovery(since=34 * DAY, made=300 * DAY), "pass"),
        (_recovery(since=34 * DAY - timedelta(seconds=1), made=300 * DAY), "fail"),
        (_recovery(since=29 * DAY), "pass"),
        (_recovery(since=2 * DAY), "fail"),
        (Recoverable(table=GOOD, backups=replace(RECOVERABLE, earliest=None)), "fail"),
        (Recoverable(table=GONE, backups=RECOVERABLE), "fail"),
        (Recoverable(table=GOOD, backups=GONE), "fail"),
    ),
    ids=("whole", "of no period", "a shorter period", "of an old table", "a day short", "more than a day short",
         "made a day late", "begun anew", "none", "no table", "no backups"),
)  # fmt: skip
def test_recovery_goes_back_as_far_as_the_template_says(seen: Recoverable, status: str) -> None:
    """To the beginning of its period or of the table; a window that was begun anew is too short."""
    check = _checks(**RECOVERS)["tables.window[Users]"]
    answers = {("table", REGION, "Users-1"): seen.table, ("continuous_backups", REGION, "Users-1"): seen.backups}

    assert seen == check.sight.look(world(answers))
    assert status == _status(check, seen)


def test_a_period_of_the_template_is_the_one_that_counts() -> None:
    """Seven days are enough where seven days are asked for."""
    spec = {"PointInTimeRecoveryEnabled": True, "RecoveryPeriodInDays": 7}
    check = _checks(PointInTimeRecoverySpecification=spec)["tables.window[Users]"]

    assert "pass" == _status(check, _recovery(days=7, since=7 * DAY))
    assert "fail" == _status(check, _recovery(days=35, since=7 * DAY))


@pytest.mark.parametrize("spec", ({}, {"PointInTimeRecoveryEnabled": False}, Unresolved("Fn::If")))
def test_a_table_without_recovery_has_no_window(spec: object) -> None:
    """That it has none is another promise's matter."""
    assert "tables.window[Users]" not in _checks(PointInTimeRecoverySpecification=spec)


def test_nothing_that_aws_says_reaches_a_terminal() -> None:
    """Hostile text is one harmless line."""
    checks = _checks()
    table: TableSeen | Absent | ContinuousBackups = replace(GOOD, encryption=HOSTILE)
    policy = ResourcePolicy(resource=ARN, text=_policy("*", Sid=HOSTILE))

    assert checks["tables.encrypted[Users]"].sight.judge(table, NOW).actual.isprintable()
    assert checks["tables.private[Users]"].sight.judge(policy, NOW).actual.isprintable()


@pytest.mark.parametrize(
    ("wanted", "live", "status"),
    (
        pytest.param(None, (-1, -1), "pass", id="no ceiling"),
        pytest.param(None, (1, -1), "fail", id="reads held to one by hand"),
        pytest.param(None, (-1, 1), "fail", id="writes held to one by hand"),
        pytest.param({"MaxReadRequestUnits": 100}, (100, -1), "pass", id="as the template says"),
        pytest.param({"MaxReadRequestUnits": 100}, (99, -1), "fail", id="one less"),
        pytest.param({"MaxWriteRequestUnits": 100}, (-1, -1), "fail", id="taken off"),
        pytest.param({"MaxReadRequestUnits": -1, "MaxWriteRequestUnits": 5}, (-1, 5), "pass", id="AWS's own word"),
        pytest.param(Unresolved("Fn::If"), (1, 1), "pass", id="left open, and said"),
        pytest.param({"MaxReadRequestUnits": Unresolved("Ref"), "MaxWriteRequestUnits": 5}, (1, 6), "fail", id="half"),
    ),
)
def test_a_table_bears_as_much_as_the_template_says(wanted: object, live: tuple[int, int], status: str) -> None:
    """A ceiling that was set for an hour of trouble throttles every day after it."""
    check = _checks(**({} if wanted is None else {"OnDemandThroughput": wanted}))["tables.ceiling[Users]"]

    assert status == _status(check, replace(GOOD, ceiling=live))
    assert "fail" == _status(check, GONE)


def test_a_ceiling_that_is_open_is_said_to_be_left_out() -> None:
    """Green, and honest about what it did not compare."""
    check = _checks(OnDemandThroughput=Unresolved("Fn::If"))["tables.ceiling[Users]"]

    assert "not compared" in check.sight.judge(GOOD, NOW).expected


@pytest.mark.parametrize(("count", "status"), ((0, "fail"), (2, "fail"), (3, "pass"), (4, "pass")))
def test_a_table_holds_what_the_settings_expect(count: int, status: str) -> None:
    """So many items or more; one fewer is too few, and a table that is gone holds none."""
    table = resource("AWS::DynamoDB::Table", {}, subject="Users", physical_id="Users-1")
    check = planned(table_rules.filled_checks(target(table), {"Users": 3}))["tables.filled[Users]"]
    counted = ItemsCounted(table="Users-1", count=count)
    found = check.sight.look(world({("items", REGION, "Users-1", 3): counted}))

    assert status == _status(check, found)
    assert "fail" == _status(check, GONE)
    assert ((ARN,), "critical") == (check.place.resources, check.severity)


def test_a_table_that_nobody_expects_to_hold_anything_is_not_counted() -> None:
    """It may be empty on its first day."""
    table = resource("AWS::DynamoDB::Table", {}, subject="Users", physical_id="Users-1")

    assert {} == planned(table_rules.filled_checks(target(table), {"Others": 1}))
