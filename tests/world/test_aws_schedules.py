"""What EventBridge says of rules and schedules, and Lambda of who may call a function."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest

from checks import evidence as seen
from checks.model import CannotLook
from checks.world.aws import RealAws
from tests.world.scripted_aws import Make, error, json_reply

REGION = "af-south-1"
ACCOUNT = "123456789012"
FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:daily"
QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:dead"
ENDS = datetime(2027, 1, 1, tzinfo=UTC)
RULE = {"Name": "daily", "Arn": "arn:rule", "State": "ENABLED", "ScheduleExpression": "rate(1 day)"}


def client(service: str) -> Any:  # noqa: ANN401 - boto3 makes its clients at run time
    """Whoever makes the things that are looked at."""
    make: Any = boto3.client
    return make(service, region_name=REGION)


def test_a_rule_is_seen_with_its_targets(emulated: RealAws) -> None:
    """Sorted by id; with dead letters and retries where they are set."""
    events = client("events")
    arn = events.put_rule(Name="daily", ScheduleExpression="cron(30 23 * * ? *)")["RuleArn"]
    kept = {"DeadLetterConfig": {"Arn": QUEUE}, "RetryPolicy": {"MaximumRetryAttempts": 2}}
    targets = [{"Id": "B", "Arn": QUEUE}, {"Id": "A", "Arn": FUNCTION, **kept}]
    events.put_targets(Rule="daily", Targets=targets)

    assert seen.ScheduleSeen(
        name="daily",
        arn=arn,
        state="ENABLED",
        expression="cron(30 23 * * ? *)",
        timezone="UTC",
        ends=None,
        targets=(
            seen.ScheduleTarget(id="A", arn=FUNCTION, dead_letters=QUEUE, retries=2),
            seen.ScheduleTarget(id="B", arn=QUEUE),
        ),
    ) == emulated.rule(REGION, "default", "daily")


def test_the_rules_that_call_something_are_read_to_the_last_page(emulated: RealAws, told: Make) -> None:
    """By name, whoever made them; nobody is an answer too."""
    events = client("events")
    for name in ("daily", "by-hand"):
        events.put_rule(Name=name, ScheduleExpression="rate(1 day)")
        events.put_targets(Rule=name, Targets=[{"Id": "A", "Arn": FUNCTION}])
    asked, _ = told(json_reply({"RuleNames": ["a"], "NextToken": "t"}), json_reply({"RuleNames": ["b"]}))

    found = emulated.described("rules that call", REGION, FUNCTION)
    nobody = emulated.described("rules that call", REGION, QUEUE)
    paged = asked.described("rules that call", REGION, FUNCTION)

    assert [("by-hand", "daily"), (), ("a", "b")] == [
        tuple(name for name, _ in each.words) if isinstance(each, seen.Described) else each
        for each in (found, nobody, paged)
    ]


def test_a_rule_that_is_not_there_is_absent(emulated: RealAws) -> None:
    """EventBridge says so itself."""
    assert seen.Absent(what="rule daily in af-south-1") == emulated.rule(REGION, "default", "daily")


def test_targets_are_read_to_the_last_page_of_the_right_bus(told: Make) -> None:
    """A rule without a schedule has an empty one."""
    rule = {key: value for key, value in RULE.items() if key != "ScheduleExpression"}
    asked, endpoint = told(
        replace(json_reply(rule), about="DescribeRule"),
        json_reply({"Targets": [{"Id": "2", "Arn": "b"}], "NextToken": "t"}),
        json_reply({"Targets": [{"Id": "1", "Arn": "a", "RoleArn": "r"}]}),
    )

    found = asked.rule(REGION, "orders", "daily")

    assert isinstance(found, seen.ScheduleSeen)
    assert ("", ("a", "b"), ("r", "")) == (
        found.expression,
        tuple(each.arn for each in found.targets),
        tuple(each.role for each in found.targets),
    )
    assert ["orders"] * 3 == [json.loads(each.body)["EventBusName"] for each in endpoint.requests]


# Asked at the same time as its targets.
DESCRIBED = replace(json_reply(RULE), about="DescribeRule")


def test_a_rule_that_goes_between_two_questions_is_absent(told: Make) -> None:
    """It was described, and its targets were not."""
    asked, _ = told(DESCRIBED, error("ResourceNotFoundException"))

    assert isinstance(asked.rule(REGION, "default", "daily"), seen.Absent)


@pytest.mark.parametrize("target", ({"Id": "1"}, {"Arn": "a"}))
def test_a_target_without_its_name_is_not_one(told: Make, target: dict[str, str]) -> None:
    """Nobody judges half an answer."""
    asked, _ = told(DESCRIBED, json_reply({"Targets": [target]}))

    with pytest.raises(CannotLook, match="does not look like AWS"):
        asked.rule(REGION, "default", "daily")


SCHEDULE: dict[str, object] = {
    "Name": "daily",
    "Arn": "arn:schedule",
    "State": "DISABLED",
    "ScheduleExpression": "rate(1 day)",
    "ScheduleExpressionTimezone": "Africa/Johannesburg",
    "EndDate": ENDS.timestamp(),
    "Target": {
        "Arn": FUNCTION,
        "RoleArn": "arn:role",
        "RetryPolicy": {"MaximumRetryAttempts": 0, "MaximumEventAgeInSeconds": 60},
    },
}


def test_a_schedule_is_seen_with_its_target_zone_and_end(told: Make) -> None:
    """It has one target, which needs no id."""
    asked, endpoint = told(json_reply(SCHEDULE))

    assert seen.ScheduleSeen(
        name="daily",
        arn="arn:schedule",
        state="DISABLED",
        expression="rate(1 day)",
        timezone="Africa/Johannesburg",
        ends=ENDS,
        targets=(seen.ScheduleTarget(id="", arn=FUNCTION, role="arn:role", retries=0, age=60),),
    ) == asked.schedule(REGION, "nightly", "daily")
    assert "/schedules/daily?groupName=nightly" == endpoint.requests[0].path


def test_a_schedule_may_say_little(told: Make) -> None:
    """UTC, and no end."""
    asked, _ = told(
        json_reply({key: value for key, value in SCHEDULE.items() if "zone" not in key and key != "EndDate"})
    )

    found = asked.schedule(REGION, "default", "daily")

    assert isinstance(found, seen.ScheduleSeen)
    assert ("UTC", None) == (found.timezone, found.ends)


def test_a_schedule_that_is_not_there_is_absent(told: Make) -> None:
    """By name and group."""
    asked, _ = told(error("ResourceNotFoundException", status=404))

    assert seen.Absent(what="schedule default/daily in af-south-1") == asked.schedule(REGION, "default", "daily")


def test_the_policy_of_a_function_is_seen_as_it_is(told: Make) -> None:
    """Asked by name, and of an alias by its qualifier."""
    asked, endpoint = told(json_reply({"Policy": "{}", "RevisionId": "1"}))

    assert seen.ResourcePolicy(resource=FUNCTION, text="{}") == asked.function_policy(REGION, FUNCTION)
    assert f"{FUNCTION}:live" == getattr(asked.function_policy(REGION, f"{FUNCTION}:live"), "resource", "")
    assert ["/2015-03-31/functions/daily/policy", "/2015-03-31/functions/daily/policy?Qualifier=live"] == [
        each.path for each in endpoint.requests
    ]


def test_a_function_without_a_policy_has_none(told: Make) -> None:
    """Which Lambda tells as it tells of a function that is not there."""
    asked, _ = told(error("ResourceNotFoundException", status=404))

    assert seen.Absent(what="policy of function daily in af-south-1") == asked.function_policy(REGION, FUNCTION)


METRIC = ("AWS/Events", "Invocations")
NAMED = (("RuleName", "daily"),)


def test_what_was_counted_is_added_up(emulated: RealAws) -> None:
    """Since a moment; of another rule nothing, and where nothing was counted it was none."""
    now = datetime.now(UTC)
    watching = client("cloudwatch")
    for name, value, hours in (("daily", 1, 2), ("daily", 2, 1), ("daily", 4, 20), ("weekly", 8, 1)):
        told = {"MetricName": "Calls", "Dimensions": [{"Name": "RuleName", "Value": name}], "Value": value}
        watching.put_metric_data(
            Namespace="Test/Events", MetricData=[{**told, "Timestamp": now - timedelta(hours=hours)}]
        )
    counted = [
        emulated.counted(REGION, ("Test/Events", "Calls"), (("RuleName", name),), now - timedelta(hours=hours))
        for name, hours in (("daily", 3), ("daily", 22), ("weekly", 3), ("yearly", 3))
    ]

    assert [3, 7, 8, 0] == counted


@pytest.mark.parametrize(
    ("span", "period"),
    (
        (timedelta(hours=23), 60),
        (timedelta(hours=24), 3_600),
        (timedelta(days=59), 3_600),
        (timedelta(days=60), 86_400),
        (timedelta(days=400), 86_400),
    ),
)
def test_no_more_points_are_asked_for_than_are_given(told: Make, span: timedelta, period: int) -> None:
    """1,440 at most, and none smaller than AWS still keeps them."""
    asked, endpoint = told(json_reply({"Label": "Invocations"}))

    assert 0 == asked.counted(REGION, METRIC, NAMED, datetime.now(UTC) - span + timedelta(seconds=30))

    assert period == json.loads(endpoint.requests[0].body)["Period"]
    assert span.total_seconds() / period <= 1_440


@pytest.mark.parametrize("answer", ({"Label": "Invocations", "Datapoints": [{"Unit": "Count"}]}, {"Datapoints": []}))
def test_a_count_without_a_sum_is_no_count(told: Make, answer: dict[str, object]) -> None:
    """Nobody takes half an answer for none."""
    asked, _ = told(json_reply(answer))

    with pytest.raises(CannotLook, match="does not look like AWS"):
        asked.counted(REGION, METRIC, NAMED, datetime.now(UTC) - timedelta(hours=1))


def test_what_a_namespace_tells_is_listed_by_name(emulated: RealAws) -> None:
    """With a line for each set of dimensions; a namespace that tells nothing has no names."""
    watching = client("cloudwatch")
    for name, dimensions in (
        ("Sold", {}),
        ("Sold", {"shop": "b", "kind": "c"}),
        ("Sold", {"shop": "a"}),
        ("Broken", {}),
    ):
        said = [{"Name": key, "Value": value} for key, value in dimensions.items()]
        watching.put_metric_data(
            Namespace="Test/Shop", MetricData=[{"MetricName": name, "Dimensions": said, "Value": 1.0}]
        )

    found = emulated.described("metrics told", REGION, "Test/Shop")
    silent = emulated.described("metrics told", REGION, "Test/Nobody")

    words = {"Broken": "nothing", "Sold": "kind=c, shop=b\nnothing\nshop=a"}
    assert (words, ()) == (dict(getattr(found, "words", ())), getattr(silent, "words", None))
