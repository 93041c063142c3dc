"""The canary on the deployed stack: its schedule, its role, its evidence, its alerts, and the dead man."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from zoneinfo import ZoneInfo

import botocore.exceptions
import pytest
from botocore.config import Config

from checks.doors import ledgers
from checks.nights.record import Record
from checks.nights.silence import silent
from checks.report.json import document
from tests.deployed.conftest import House, told

# Whole nights of a canary in a function of its own, some two minutes of them.
pytestmark = [pytest.mark.twin, pytest.mark.long, pytest.mark.usefixtures("quiet")]

REGION = "eu-west-1"
SAME = (
    *("name", "family", "promise", "subject", "stack", "region", "severity", "effect", "expected", "params", "covers"),
    *("status", "blocked_by", "waiver"),
)
# How often a machine that is busy with other things may keep a look waiting for too long.
TRIES, BUSY = 4, "stack.recovered["
PATIENCE = timedelta(seconds=90)


def output(house: House, key: str) -> str:
    """An output of the canary's stack."""
    return house.output(key, stack="KhayaCanary", region=REGION)


def call(house: House, **event: str) -> dict[str, Any]:
    """Call the canary by hand."""
    twin = house.twin
    import boto3

    session: Any = boto3.Session(twin.access_key_id, twin.secret_access_key, region_name=REGION)
    patient = Config(read_timeout=150, retries={"total_max_attempts": 1})
    functions = session.client("lambda", endpoint_url=twin.endpoint, verify=str(twin.ca_bundle), config=patient)
    answer = functions.invoke(FunctionName=output(house, "CanaryFunction"), Payload=json.dumps(event).encode())
    read: dict[str, Any] = json.loads(answer["Payload"].read())
    assert "FunctionError" not in answer, read
    return read


def unwell(results: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """What did not pass; that much passed at the second look is about the machine."""
    return [
        (each["name"], each["actual"])
        for each in results
        if each["status"] != "pass" and not each["name"].startswith(BUSY)
    ]


def well(house: House) -> dict[str, Any]:
    """The first run of the canary in which everything passes: on a busy machine a look may come too late."""
    seen = call(house)
    for _ in range(1, TRIES):
        if not unwell(seen["results"]):
            break
        seen = call(house)
    assert [] == unwell(seen["results"])
    return seen


def rows(house: House) -> list[Record]:
    """What the index holds."""
    return list(ledgers.records(house.settings))


def until(holds: Callable[[], bool], *, patience: float = PATIENCE.total_seconds()) -> bool:
    """Whether it holds before patience ends."""
    limit = time.monotonic() + patience
    while not holds():
        if time.monotonic() > limit:
            return False
        time.sleep(0.2)
    return True


class Mailbox(ThreadingHTTPServer):
    """A subscriber on loopback: what a topic sends, as it comes in."""

    def __init__(self) -> None:
        self.letters: list[Mapping[str, Any]] = []
        letters = self.letters

        class Slot(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                letters.append(json.loads(body))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Nothing is printed."""

        super().__init__(("127.0.0.1", 0), Slot)

    def of(self, kind: str) -> list[Mapping[str, Any]]:
        """The letters of one type."""
        return [each for each in self.letters if each["Type"] == kind]


@contextmanager
def subscribed(house: House, topic: str) -> Iterator[Mailbox]:
    """A mailbox that the topic writes to."""
    box, sns, arn = Mailbox(), house.aws("sns", REGION), output(house, topic)
    threading.Thread(target=box.serve_forever, daemon=True).start()
    sns.subscribe(TopicArn=arn, Protocol="http", Endpoint=f"http://127.0.0.1:{box.server_port}/")
    assert until(lambda: bool(box.of("SubscriptionConfirmation")))
    token = box.of("SubscriptionConfirmation")[0]["Token"]
    subscription = sns.confirm_subscription(TopicArn=arn, Token=token)["SubscriptionArn"]
    try:
        yield box
    finally:
        sns.unsubscribe(SubscriptionArn=subscription)
        box.shutdown()
        box.server_close()


def test_the_canary_sees_what_a_person_sees(house: House) -> None:
    """The same plan, the same results, the same controls; under a role that may do what the plan needs."""
    by_canary, by_hand = well(house), house.verify()
    expected = document(by_hand)

    def same(results: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        return [{key: each[key] for key in SAME} for each in results if not each["name"].startswith(BUSY)]

    assert ("kept", "canary") == (by_canary["verdict"], by_canary["door"]), by_canary["void"]
    assert "kept" == expected["verdict"], told(by_hand)
    assert expected["plan"] == by_canary["plan"]
    assert same(expected["results"]) == same(by_canary["results"])
    assert [(each["name"], each["status"]) for each in expected["controls"]] == [
        (each["name"], each["status"]) for each in by_canary["controls"]
    ]
    assert "CanaryRole" in next(each["actual"] for each in by_canary["results"] if each["family"] == "identity")


def test_a_run_leaves_document_row_and_metrics(house: House) -> None:
    """And the document can neither be changed nor deleted, not even by the administrator."""
    told_now = call(house, id="evidence")
    row = next(each for each in rows(house) if each.run_id == told_now["run_id"])
    kept = json.loads(ledgers.open_ledger(house.settings).read(row.document))
    s3, bucket = house.aws("s3", REGION), output(house, "EvidenceBucket")
    version = s3.list_object_versions(Bucket=bucket, Prefix=row.document)["Versions"][0]["VersionId"]

    assert told_now["results"] == kept["results"]
    assert row.valid
    assert row.cost_usd > 0
    with pytest.raises(botocore.exceptions.ClientError, match="AccessDenied"):
        s3.delete_object(Bucket=bucket, Key=row.document, VersionId=version)
    found = house.aws("cloudwatch", REGION).get_metric_statistics(
        Namespace="Checks",
        MetricName="ValidRuns",
        Dimensions=[{"Name": "Target", "Value": "local"}],
        StartTime=datetime.now(UTC) - timedelta(hours=1),
        EndTime=datetime.now(UTC) + timedelta(minutes=1),
        Period=3600,
        Statistics=["Sum"],
    )["Datapoints"]
    assert sum(each["Sum"] for each in found) >= 1


def test_the_role_may_do_nothing_else(house: House) -> None:
    """What its policies grant is what the plan asks for and what it takes to write evidence."""
    iam = house.aws("iam")
    role = next(each["RoleName"] for each in iam.list_roles()["Roles"] if "CanaryRole" in each["RoleName"])
    granted: set[str] = set()
    for each in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]:
        default = iam.get_policy(PolicyArn=each["PolicyArn"])["Policy"]["DefaultVersionId"]
        body = iam.get_policy_version(PolicyArn=each["PolicyArn"], VersionId=default)["PolicyVersion"]["Document"]
        granted |= {action for one in body["Statement"] for action in _listed(one["Action"])}
    from checks.doors import assembly
    from checks.permissions import RESOLVING

    ready = assembly.prepare(house.settings, assembly.connect(house.settings))
    wanted = {action for each in ready.plan.checks for action in each.promise.actions}

    assert wanted | set(RESOLVING) == granted


def test_a_broken_stack_is_one_alert_and_its_repair_one_recovery(house: House) -> None:
    """However often it is seen, and delivered."""
    dynamodb, table = house.aws("dynamodb"), house.resource("AWS::DynamoDB::Table", "DataUsersTable")

    def protect(*, on: bool) -> None:
        dynamodb.update_table(TableName=table, DeletionProtectionEnabled=on)

    well(house)
    with subscribed(house, "PageTopic") as page, subscribed(house, "NoticeTopic") as notice:
        protect(on=False)
        try:
            broken = call(house, id="broken-1")
            call(house, id="broken-1")
            call(house, id="broken-2")
        finally:
            protect(on=True)
        mended = well(house)
        # What was slow meanwhile must have been seen in time as well before all is over.
        for _ in range(TRIES):
            if until(lambda: any("RECOVERED" in each["Subject"] for each in page.of("Notification")), patience=2):
                break
            call(house)

    # A busy machine may have its own news, of looks that came too late.
    letters = [each for each in (*page.of("Notification"), *notice.of("Notification")) if table_is_named(each)]
    assert "kept" == mended["verdict"]
    assert 1 == sum("RECOVERED local: all" in each["Subject"] for each in letters)
    # Such news speaks of the table as well, since that is still broken; its subject says what is new.
    (alert,) = (each for each in letters if each["Subject"].startswith("BROKEN local: tables.protected"))
    for part in ("tables.protected[KhayaStack/Data/UsersTable]", "repeat", "evidence", broken["run_id"]):
        assert part in alert["Message"]


def table_is_named(letter: Mapping[str, Any]) -> bool:
    """Whether the letter speaks of the table that was broken."""
    return "tables.protected[KhayaStack/Data/UsersTable]" in letter["Message"]


@pytest.mark.long
def test_the_schedule_fires_in_its_time_zone_and_says_for_when(house: House) -> None:
    """A schedule like the nightly one, due in a moment by the clock of Johannesburg, makes one run of that moment."""
    scheduler = house.aws("scheduler", REGION)
    nightly = scheduler.get_schedule(Name=output(house, "NightlySchedule"))
    due = datetime.now(ZoneInfo(nightly["ScheduleExpressionTimezone"])) + timedelta(seconds=5)
    scheduler.create_schedule(
        Name="due",
        ScheduleExpression=f"at({due:%Y-%m-%dT%H:%M:%S})",
        ScheduleExpressionTimezone=nightly["ScheduleExpressionTimezone"],
        FlexibleTimeWindow={"Mode": "OFF"},
        Target=nightly["Target"],
    )
    minute = f"{due.astimezone(UTC):%Y%m%dT%H%M}"
    try:
        assert until(lambda: any(each.run_id.startswith(minute[:11]) and each.finished for each in rows(house)))
    finally:
        scheduler.delete_schedule(Name="due")
    assert ("Africa/Johannesburg", "cron(0 3 * * ? *)") == (
        nightly["ScheduleExpressionTimezone"],
        nightly["ScheduleExpression"],
    )


@pytest.mark.parametrize(
    ("age", "state"),
    (
        pytest.param(timedelta(hours=24, minutes=1), "OK", id="a minute later than yesterday"),
        pytest.param(timedelta(hours=25, minutes=30), "OK", id="late"),
        pytest.param(timedelta(hours=26, minutes=30), "ALARM", id="a night was missed"),
        pytest.param(timedelta(hours=50), "ALARM", id="two nights were missed"),
    ),
)
def test_the_emulators_alarm_and_the_rule_agree(house: House, age: timedelta, state: str) -> None:
    """Back-dated runs, an alarm as declared, and the pure function."""
    cloudwatch, now = house.aws("cloudwatch", REGION), datetime.now(UTC)
    declared = next(
        each for each in cloudwatch.describe_alarms()["MetricAlarms"] if each.get("MetricName") == "ValidRuns"
    )
    target = [{"Name": "Target", "Value": f"virtual-{age.total_seconds():.0f}"}]
    datum = {"MetricName": "ValidRuns", "Dimensions": target, "Timestamp": now - age, "Value": 1.0}
    cloudwatch.put_metric_data(Namespace="Checks", MetricData=[datum])
    same = ("Namespace", "MetricName", "Statistic", "Period", "EvaluationPeriods", "DatapointsToAlarm")
    more = ("Threshold", "ComparisonOperator", "TreatMissingData")
    name = f"silent-{age.total_seconds():.0f}"
    cloudwatch.put_metric_alarm(AlarmName=name, Dimensions=target, **{key: declared[key] for key in (*same, *more)})
    try:
        assert until(lambda: state == cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"][0]["StateValue"])
    finally:
        cloudwatch.delete_alarms(AlarmNames=[name])
    assert (state == "ALARM") is silent([now - age], now)


def _listed(actions: str | list[str]) -> list[str]:
    return [actions] if isinstance(actions, str) else actions
