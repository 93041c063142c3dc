from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from checks import codec
from checks.evidence import (
    Absent,
    Permissions,
    QueueSeen,
    ResourcePolicy,
    RunsSeen,
    ScheduleSeen,
    ScheduleTarget,
    StackSeen,
    TopicSeen,
)
from checks.model import CannotLook, Check, Unresolved, Verdict
from checks.promises import schedules
from tests.promises.worlds import ACCOUNT, NOW, REGION, planned, resource, target, world

RULE = f"arn:aws:events:{REGION}:{ACCOUNT}:rule/daily-1"
FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:daily"
DEAD = f"arn:aws:sqs:{REGION}:{ACCOUNT}:dead"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:told"
GONE = Absent(what="rule daily-1")
TARGET: dict[str, object] = {
    "Id": "Target0",
    "Arn": FUNCTION,
    "DeadLetterConfig": {"Arn": DEAD},
    "RetryPolicy": {"MaximumRetryAttempts": 2, "MaximumEventAgeInSeconds": 7200},
}
PROPERTIES: dict[str, object] = {"ScheduleExpression": "cron(30 23 * * ? *)", "State": "ENABLED", "Targets": [TARGET]}
LIVE = ScheduleTarget(id="Target0", arn=FUNCTION, dead_letters=DEAD, retries=2, age=7200)
GOOD = ScheduleSeen(
    name="daily-1",
    arn=RULE,
    state="ENABLED",
    expression="cron(30 23 * * ? *)",
    timezone="UTC",
    ends=None,
    targets=(LIVE,),
)
READ = ("enabled", "expression", "targets", "dead_letters")


def _allow(arn: str, action: str, **changes: object) -> str:
    statement = {
        "Sid": "S",
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": action,
        "Resource": arn,
        "Condition": {"ArnLike": {"AWS:SourceArn": RULE}},
    }
    return json.dumps({"Statement": [{**statement, **changes}]})


def _checks(physical_id: str = "daily-1", /, **changes: object) -> dict[str, Check]:
    properties = {key: value for key, value in {**PROPERTIES, **changes}.items() if value is not None}
    found = resource("AWS::Events::Rule", properties, subject="Daily", physical_id=physical_id)
    return planned(schedules.checks(target(found)))


def _verdict(promise: str, seen: object, **changes: object) -> Verdict:
    return _checks(**changes)[f"schedules.{promise}[Daily]"].sight.judge(seen, NOW)


def _queue(policy: str) -> QueueSeen:
    return QueueSeen(arn=DEAD, policy=policy, settings=(), messages=0)


LAST = NOW.replace(hour=23, minute=30) - timedelta(days=1)
STACK = StackSeen(
    name="Main", arn="arn:stack", status="UPDATE_COMPLETE", reason="", updated=LAST - timedelta(days=3), outputs=()
)


def _counted(name: str, since: datetime = LAST, dimensions: object = (("RuleName", "daily-1"),)) -> object:
    return ("counted", REGION, ("AWS/Events", name), dimensions, since)


WORLD: Mapping[object, object] = {
    ("stack", REGION, "Main"): STACK,
    _counted("Invocations"): 2,
    _counted("FailedInvocations"): 1,
    ("rule", REGION, "default", "daily-1"): GOOD,
    ("function_policy", REGION, FUNCTION): ResourcePolicy(
        resource=FUNCTION, text=_allow(FUNCTION, "lambda:InvokeFunction")
    ),
    ("queue", REGION, DEAD): _queue(_allow(DEAD, "sqs:SendMessage")),
    ("topic", REGION, TOPIC): TopicSeen(arn=TOPIC, policy=_allow(TOPIC, "sns:Publish"), subscriptions=()),
}


def test_everything_passes_where_everything_is_right() -> None:
    """Planned from the template, looked at through the world, judged."""
    checks = _checks(Targets=[TARGET, {"Id": "Target1", "Arn": TOPIC, "RetryPolicy": {"MaximumRetryAttempts": 0}}])
    live = replace(GOOD, targets=(LIVE, ScheduleTarget(id="Target1", arn=TOPIC, retries=0)))
    seen = world({**WORLD, ("rule", REGION, "default", "daily-1"): live})

    verdicts = {name: check.sight.judge(check.sight.look(seen), NOW) for name, check in checks.items()}

    assert [f"schedules.{name}[Daily]" for name in (*READ, "ran", "permitted")] == list(checks)
    assert {} == {name: verdict for name, verdict in verdicts.items() if verdict.status != "pass"}


def test_a_rule_without_a_schedule_is_none_of_ours() -> None:
    """It waits for events."""
    assert {} == _checks(ScheduleExpression=None, EventPattern={"source": ["aws.ec2"]})


@pytest.mark.parametrize("promise", (*READ, "ran"))
def test_a_missing_rule_fails_every_promise_about_it(promise: str) -> None:
    """With a remedy."""
    verdict = _verdict(promise, GONE)

    assert ("fail", f"there is no rule daily-1 in {REGION}") == (verdict.status, verdict.actual)
    assert verdict.remedy


def test_what_cannot_be_looked_at_is_not_judged_and_params_survive() -> None:
    """No look swallows CannotLook; a frozen plan is read back."""
    for check in _checks().values():
        with pytest.raises(CannotLook):
            check.sight.look(world({}))
        assert check.params == codec.decode_params(check.promise.bind, codec.encode(check.params))


@pytest.mark.parametrize(
    ("physical_id", "bus"),
    (
        ("orders|daily-1", None),
        ("daily-1", "orders"),
        ("daily-1", f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/orders"),
    ),
)
def test_iam_is_asked_for_this_rule_and_what_it_calls(physical_id: str, bus: str | None) -> None:
    """A rule on a bus of its own has a slash in its ARN."""
    checks = _checks(physical_id, EventBusName=bus)

    assert (f"arn:aws:events:{REGION}:{ACCOUNT}:rule/orders/daily-1",) == checks[
        "schedules.enabled[Daily]"
    ].place.resources
    assert (FUNCTION, DEAD) == checks["schedules.permitted[Daily]"].place.resources
    seen = world({("rule", REGION, "orders", "daily-1"): GOOD})
    assert GOOD == checks["schedules.enabled[Daily]"].sight.look(seen)


@pytest.mark.parametrize(
    ("state", "status"),
    (
        ("ENABLED", "pass"),
        ("ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS", "pass"),
        ("DISABLED", "fail"),
        ("", "fail"),
    ),
)
def test_a_rule_is_switched_on(state: str, status: str) -> None:
    """Or fires never."""
    verdict = _verdict("enabled", replace(GOOD, state=state))

    assert status == verdict.status
    assert ("enable-rule" in verdict.remedy) == (status == "fail")


def test_a_rule_that_the_template_switches_off_is_not_asked() -> None:
    """One whose state is open need only be there."""
    unknown = _verdict("enabled", replace(GOOD, state="DISABLED"), State=Unresolved("Ref On"))

    assert "schedules.enabled[Daily]" not in _checks(State="DISABLED")
    assert ("pass", True) == (unknown.status, "not compared: Ref On" in unknown.expected)


@pytest.mark.parametrize(
    ("live", "words"),
    (
        ("rate(30 days)", "expression rate(30 days)"),
        ("cron(30 1 * * ? *)", "expression cron(30 1 * * ? *)"),
        ("", "expression none"),
    ),
)
def test_the_expression_is_that_of_the_template(live: str, words: str) -> None:
    """To the letter."""
    verdict = _verdict("expression", replace(GOOD, expression=live))

    assert ("fail", words) == (verdict.status, verdict.actual)


@pytest.mark.parametrize(
    ("text", "words"),
    (
        ("cron(61 25 * * ? *)", "minutes: 61 is not within 0 to 59"),
        ("cron(0 5 * * ? 2020)", "no day is left"),
        ("cron(0 5 30 2 ? *)", "no day is left"),
        ("cron(0 5 * * * *)", "exactly one of"),
    ),
)
def test_an_expression_that_never_fires_is_wrong_even_in_a_template(text: str, words: str) -> None:
    """Emulators take it, and so does nobody's test."""
    verdict = _verdict("expression", replace(GOOD, expression=text), ScheduleExpression=text)

    assert ("fail", True) == (verdict.status, words in verdict.actual)


def test_an_open_expression_must_fire_all_the_same() -> None:
    """It is not compared, and said."""
    unknown = Unresolved("Ref When")

    assert "pass" == _verdict("expression", replace(GOOD, expression="rate(1 day)"), ScheduleExpression=unknown).status
    broken = _verdict("expression", replace(GOOD, expression=""), ScheduleExpression=unknown)
    assert ("fail", True) == (broken.status, "Ref When" in broken.expected)


@pytest.mark.parametrize(
    ("targets", "status"),
    (
        pytest.param((LIVE,), "pass", id="all"),
        pytest.param((LIVE, ScheduleTarget(id="Mine", arn=TOPIC)), "pass", id="one more"),
        pytest.param((), "fail", id="none"),
        pytest.param((ScheduleTarget(id="Target0", arn=TOPIC),), "fail", id="another behind the id"),
        pytest.param((ScheduleTarget(id="Other", arn=TOPIC),), "fail", id="another"),
    ),
)
def test_it_calls_every_target_of_the_template(targets: tuple[ScheduleTarget, ...], status: str) -> None:
    """A further one is no harm."""
    assert status == _verdict("targets", replace(GOOD, targets=targets)).status


def test_targets_that_are_open_are_known_by_their_id() -> None:
    """A rule that calls nothing is wrong whatever the template says; one without targets keeps nothing."""
    said = [{"Id": "Target0", "Arn": Unresolved("Fn::GetAtt X.Arn")}]
    elsewhere = replace(GOOD, targets=(ScheduleTarget(id="Target0", arn=TOPIC),))
    unknown = {"Targets": Unresolved("Fn::Transform")}

    verdict = _verdict("targets", elsewhere, Targets=said)

    assert ("pass", True) == (verdict.status, "not compared: Fn::GetAtt X.Arn" in verdict.expected)
    assert "pass" == _verdict("targets", GOOD, **unknown).status
    assert "fail" == _verdict("targets", replace(GOOD, targets=()), **unknown).status
    assert {f"schedules.{name}[Daily]" for name in (*READ[:3], "ran")} == set(_checks(**unknown))


@pytest.mark.parametrize(
    ("live", "words"),
    (
        pytest.param(replace(LIVE, dead_letters=""), "leaves them with nobody", id="no queue"),
        pytest.param(replace(LIVE, dead_letters=TOPIC), f"leaves them with {TOPIC}", id="another queue"),
        pytest.param(replace(LIVE, retries=185), "is retried 185 times", id="more often"),
        pytest.param(replace(LIVE, age=None), "within None s", id="for as long as it takes"),
        pytest.param(replace(LIVE, id="Other"), "is not called", id="not there"),
    ),
)
def test_what_fails_is_kept_as_the_template_says(live: ScheduleTarget, words: str) -> None:
    """Queue, retries and age."""
    verdict = _verdict("dead_letters", replace(GOOD, targets=(live,)))

    assert ("fail", True) == (verdict.status, words in verdict.actual)


BARE = ScheduleTarget(id="Target0", arn=FUNCTION)


@pytest.mark.parametrize(
    ("live", "status"),
    ((BARE, "fail"), (replace(BARE, dead_letters=DEAD), "pass"), (replace(BARE, retries=1), "pass")),
)
def test_a_template_that_thinks_of_no_failure_is_told(live: ScheduleTarget, status: str) -> None:
    """Unless somebody has thought of it since."""
    said = [{"Id": "Target0", "Arn": FUNCTION}]

    assert status == _verdict("dead_letters", replace(GOOD, targets=(live,)), Targets=said).status


def test_dead_letters_that_are_open_are_not_compared() -> None:
    """And said."""
    said = [{"Id": "Target0", "Arn": FUNCTION, "DeadLetterConfig": {"Arn": Unresolved("Ref Q")}}]

    verdict = _verdict("dead_letters", replace(GOOD, targets=(BARE,)), Targets=said)

    assert ("pass", True) == (verdict.status, "not compared: Ref Q" in verdict.expected)


def _permitted(function: str, queue: str = _allow(DEAD, "sqs:SendMessage")) -> Verdict:
    seen = {
        ("function_policy", REGION, FUNCTION): ResourcePolicy(resource=FUNCTION, text=function),
        ("queue", REGION, DEAD): _queue(queue),
    }
    check = _checks()["schedules.permitted[Daily]"]
    return check.sight.judge(check.sight.look(world(seen)), NOW)


INVOKE = "lambda:InvokeFunction"
ACCOUNT_ONLY = {"StringEquals": {"AWS:SourceAccount": ACCOUNT}}


@pytest.mark.parametrize(
    ("function", "status"),
    (
        pytest.param(_allow(FUNCTION, INVOKE), "pass", id="this rule"),
        pytest.param(_allow(FUNCTION, "lambda:*", Condition={}), "pass", id="any rule"),
        pytest.param(
            _allow(FUNCTION, INVOKE, Condition={"ArnLike": {"AWS:SourceArn": f"{RULE}2"}}), "fail", id="another"
        ),
        pytest.param(_allow(FUNCTION, INVOKE, Condition=ACCOUNT_ONLY), "fail", id="an account, which is not sent"),
        pytest.param(_allow(FUNCTION, "lambda:GetFunction"), "fail", id="another action"),
        pytest.param(_allow(TOPIC, INVOKE), "fail", id="another function"),
        pytest.param(_allow(FUNCTION, INVOKE, Principal={"Service": "s3.amazonaws.com"}), "fail", id="another service"),
        pytest.param(_allow(FUNCTION, INVOKE, Effect="Deny"), "fail", id="denied"),
        pytest.param("", "fail", id="nobody"),
    ),
)
def test_the_function_lets_this_rule_in(function: str, status: str) -> None:
    """The rule fires, and Lambda refuses: no alarm of the function tells."""
    verdict = _permitted(function)

    assert status == verdict.status
    assert status == "pass" or FUNCTION in verdict.actual


@pytest.mark.parametrize(
    ("queue", "status"),
    (
        (_allow(DEAD, "sqs:SendMessage", Condition=ACCOUNT_ONLY), "pass"),
        (_allow(DEAD, "sqs:SendMessage", Condition={"StringEquals": {"AWS:SourceAccount": "9"}}), "fail"),
        ("", "fail"),
    ),
)
def test_so_does_the_queue_of_its_failures(queue: str, status: str) -> None:
    """Which is told the account."""
    assert status == _permitted(_allow(FUNCTION, INVOKE), queue).status


def test_what_does_not_exist_lets_nobody_in() -> None:
    """Neither the function nor the queue."""
    check = _checks()["schedules.permitted[Daily]"]
    nowhere = world({("function_policy", REGION, FUNCTION): GONE, ("queue", REGION, DEAD): GONE})

    seen = check.sight.look(nowhere)

    assert Permissions(policies=(GONE, GONE)) == seen
    assert "fail" == check.sight.judge(seen, NOW).status


def test_what_is_called_as_a_role_or_is_of_another_kind_is_not_asked() -> None:
    """Its role decides; the dead letters are asked all the same."""
    role = {"Id": "A", "Arn": FUNCTION, "RoleArn": "arn:aws:iam::1:role/r"}
    machine = {"Id": "B", "Arn": f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:m"}

    assert "schedules.permitted[Daily]" not in _checks(Targets=[role, machine, {"Id": "C"}])
    kept = _checks(Targets=[{**role, "DeadLetterConfig": {"Arn": DEAD}}])["schedules.permitted[Daily]"]
    assert (DEAD,) == kept.params["callees"]


# --- Scheduler --------------------------------------------------------------------------------

SCHEDULE: dict[str, object] = {
    "ScheduleExpression": "rate(1 hours)",
    "ScheduleExpressionTimezone": "Africa/Johannesburg",
    "GroupName": "nightly",
    "Target": {"Arn": FUNCTION, "RoleArn": "arn:role", "RetryPolicy": {"MaximumRetryAttempts": 3}},
}
SEEN = ScheduleSeen(
    name="sweep",
    arn="arn:schedule",
    state="ENABLED",
    expression="rate(1 hours)",
    timezone="Africa/Johannesburg",
    ends=None,
    targets=(ScheduleTarget(id="", arn=FUNCTION, role="arn:role", retries=3, age=86_400),),
)


def _scheduled(**changes: object) -> dict[str, Check]:
    properties = {key: value for key, value in {**SCHEDULE, **changes}.items() if value is not None}
    return planned(
        schedules.checks(target(resource("AWS::Scheduler::Schedule", properties, subject="Sweep", physical_id="sweep")))
    )


def test_a_schedule_of_scheduler_is_asked_the_same() -> None:
    """It calls as a role, so no policy is asked."""
    checks = _scheduled()
    seen = world({("schedule", REGION, "nightly", "sweep"): SEEN})

    verdicts = {name: check.sight.judge(check.sight.look(seen), NOW) for name, check in checks.items()}

    assert [f"schedules.{name}[Sweep]" for name in READ] == list(checks)
    assert {} == {name: verdict for name, verdict in verdicts.items() if verdict.status != "pass"}
    assert {(f"arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule/nightly/sweep",)} == {
        check.place.resources for check in checks.values()
    }


@pytest.mark.parametrize(
    ("promise", "seen"),
    (
        ("enabled", replace(SEEN, state="DISABLED")),
        ("enabled", replace(SEEN, ends=NOW)),
        ("expression", replace(SEEN, timezone="UTC")),
        ("targets", replace(SEEN, targets=(replace(SEEN.targets[0], arn=TOPIC),))),
        ("dead_letters", replace(SEEN, targets=(replace(SEEN.targets[0], retries=185),))),
        ("enabled", GONE),
    ),
)
def test_and_fails_the_same(promise: str, seen: object) -> None:
    """One difference each."""
    verdict = _scheduled()[f"schedules.{promise}[Sweep]"].sight.judge(seen, NOW)

    assert ("fail", True) == (verdict.status, bool(verdict.remedy))


def test_a_schedule_ends_when_it_says() -> None:
    """A second before it has not."""
    check = _scheduled()["schedules.enabled[Sweep]"]

    assert "pass" == check.sight.judge(replace(SEEN, ends=NOW + timedelta(seconds=1)), NOW).status


def test_the_default_group_has_a_name_and_an_open_one_cannot_be_asked() -> None:
    """Nothing is planned that could not be looked at."""
    place = _scheduled(GroupName=None)["schedules.enabled[Sweep]"].place

    assert place.resources[0].endswith("schedule/default/sweep")
    assert {} == _scheduled(GroupName=Unresolved("Ref Group"))


@pytest.mark.parametrize(
    ("begun", "failed", "status", "actual"),
    (
        (1, 0, "pass", "1 calls since 2026-02-28 23:30 UTC"),
        (3, 2, "pass", "1 calls since 2026-02-28 23:30 UTC"),
        (2, 2, "fail", "all of 2 calls failed since 2026-02-28 23:30 UTC"),
        (0, 0, "fail", "no call since 2026-02-28 23:30 UTC"),
    ),
)
def test_what_was_due_was_done(begun: int, failed: int, status: str, actual: str) -> None:
    """One call that did not fail is enough; a rule that was switched off over night did nothing."""
    seen = world({**WORLD, _counted("Invocations"): begun, _counted("FailedInvocations"): failed})
    check = _checks()["schedules.ran[Daily]"]

    verdict = check.sight.judge(check.sight.look(seen), NOW)

    assert (status, actual) == (verdict.status, verdict.actual)
    assert bool(verdict.remedy) == (status == "fail")


@pytest.mark.parametrize(
    ("expression", "updated"),
    (
        pytest.param("cron(30 23 * * ? *)", LAST, id="deployed when it was due"),
        pytest.param("cron(50 11 * * ? *)", NOW - timedelta(hours=1), id="due so lately that nobody has counted yet"),
        pytest.param("rate(1 day)", NOW - timedelta(days=1), id="deployed less than a period ago"),
        pytest.param("cron(0 3 1 1 ? 2030)", NOW - timedelta(days=900), id="never due yet"),
        pytest.param("whenever", NOW - timedelta(days=900), id="an expression that means nothing"),
    ),
)
def test_what_was_not_due_yet_is_not_asked_for(expression: str, updated: datetime) -> None:
    """Nothing is counted, and the report says since when nothing was due."""
    live = replace(GOOD, expression=expression)
    seen = world(
        {("rule", REGION, "default", "daily-1"): live, ("stack", REGION, "Main"): replace(STACK, updated=updated)}
    )
    check = _checks()["schedules.ran[Daily]"]

    verdict = check.sight.judge(check.sight.look(seen), NOW)

    assert ("pass", True) == (
        verdict.status,
        verdict.actual.startswith(f"nothing was due since {updated:%Y-%m-%d %H:%M}"),
    )


def test_a_rule_of_another_bus_is_counted_there() -> None:
    """CloudWatch keeps it under the bus and the rule; a rate has to have been kept once within its period."""
    since = NOW - timedelta(minutes=15, hours=2)
    dimensions = (("EventBusName", "orders"), ("RuleName", "daily-1"))
    seen = world(
        {
            ("rule", REGION, "orders", "daily-1"): replace(GOOD, expression="rate(2 hours)"),
            ("stack", REGION, "Main"): STACK,
            _counted("Invocations", since, dimensions): 5,
            _counted("FailedInvocations", since, dimensions): 0,
        }
    )
    found = _checks("orders|daily-1")["schedules.ran[Daily]"].sight.look(seen)

    assert isinstance(found, RunsSeen)
    assert (since, 5, 0) == (found.due, found.begun, found.failed)


def test_a_stack_that_is_gone_is_not_a_missed_night() -> None:
    """That the stack is not there is said as it is."""
    check = _checks()["schedules.ran[Daily]"]
    seen = world({**WORLD, ("stack", REGION, "Main"): Absent(what="stack Main")})

    assert "fail" == check.sight.judge(check.sight.look(seen), NOW).status


def test_a_rule_that_the_template_switches_off_is_not_expected_to_run() -> None:
    """Nor to be on."""
    assert {"schedules.ran[Daily]", "schedules.enabled[Daily]"}.isdisjoint(_checks(State="DISABLED"))
