from __future__ import annotations

import json
from dataclasses import replace

import pytest

from checks import codec
from checks.evidence import Absent, LogGroupSeen, QueueSeen
from checks.model import CannotLook, Check, Resource, Unresolved, Verdict
from checks.promises import logs, queues
from tests.promises.worlds import ACCOUNT, NOW, REGION, planned, resource, target, world

ARN = f"arn:aws:sqs:{REGION}:{ACCOUNT}:jobs"
DEAD = f"arn:aws:sqs:{REGION}:{ACCOUNT}:dead"
SEAL = {
    "Effect": "Deny",
    "Principal": "*",
    "Action": "sqs:*",
    "Resource": ARN,
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}
SETTINGS = {
    "VisibilityTimeout": "90",
    "MessageRetentionPeriod": "1209600",
    "DelaySeconds": "0",
    "RedrivePolicy": json.dumps({"deadLetterTargetArn": DEAD, "maxReceiveCount": 3}),
    "SqsManagedSseEnabled": "true",
}
GOOD = QueueSeen(
    arn=ARN, policy=json.dumps({"Statement": [SEAL]}), settings=tuple(sorted(SETTINGS.items())), messages=0
)
GONE = Absent(what="queue")
PROPERTIES: dict[str, object] = {
    "VisibilityTimeout": 90,
    "MessageRetentionPeriod": 1_209_600,
    "RedrivePolicy": {"deadLetterTargetArn": DEAD, "maxReceiveCount": 3},
}
ALL = ("present", "settings", "tls_only", "empty_dead_letters")


def _queue(properties: dict[str, object], name: str = "jobs") -> Resource:
    url = f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{name}"
    return resource("AWS::SQS::Queue", properties, subject=name.capitalize(), physical_id=url)


def _caller(key: str, value: object) -> Resource:
    return resource("AWS::Events::Rule", {"Targets": [{key: value}]}, subject="Caller")


LEFT = _caller("DeadLetterConfig", {"Arn": ARN})


def _checks(*more: Resource, **changes: object) -> dict[str, Check]:
    properties = {key: value for key, value in {**PROPERTIES, **changes}.items() if value is not None}
    return planned(queues.checks(target(_queue(properties), *(more or (LEFT,)))))


def _verdict(promise: str, seen: object, **changes: object) -> Verdict:
    return _checks(**changes)[f"queues.{promise}[Jobs]"].sight.judge(seen, NOW)


def _with(**changes: str) -> QueueSeen:
    return replace(GOOD, settings=tuple(sorted({**SETTINGS, **changes}.items())))


def test_there_first_then_what_it_does() -> None:
    """The order in which a person would ask."""
    assert [f"queues.{name}[Jobs]" for name in ALL] == list(_checks())


def test_everything_passes_where_everything_is_right() -> None:
    """Planned from the template, looked at through the world, judged."""
    seen = world({("queue", REGION, ARN): GOOD})

    verdicts = {name: check.sight.judge(check.sight.look(seen), NOW) for name, check in _checks().items()}

    assert {} == {name: verdict for name, verdict in verdicts.items() if verdict.status != "pass"}


@pytest.mark.parametrize("promise", ALL)
def test_a_missing_queue_fails_every_promise(promise: str) -> None:
    """With a remedy."""
    verdict = _verdict(promise, GONE)

    assert ("fail", True) == (verdict.status, bool(verdict.remedy))


def test_what_cannot_be_looked_at_is_not_judged_and_params_survive() -> None:
    """No look swallows CannotLook; a frozen plan is read back; IAM is asked for this queue."""
    for check in _checks().values():
        with pytest.raises(CannotLook):
            check.sight.look(world({}))
        assert check.params == codec.decode_params(check.promise.bind, codec.encode(check.params))
        assert (ARN,) == check.place.resources


@pytest.mark.parametrize(
    ("changes", "words"),
    (
        ({"VisibilityTimeout": "30"}, "VisibilityTimeout 30"),
        ({"MessageRetentionPeriod": "345600"}, "MessageRetentionPeriod 345600"),
        ({"DelaySeconds": "60"}, "DelaySeconds 60"),
        ({"ReceiveMessageWaitTimeSeconds": "20"}, "ReceiveMessageWaitTimeSeconds 20"),
        ({"FifoQueue": "true"}, "FifoQueue true"),
        ({"RedrivePolicy": "{}"}, "deadLetterTargetArn none"),
        ({"RedrivePolicy": json.dumps({"deadLetterTargetArn": ARN, "maxReceiveCount": 3})}, "deadLetterTargetArn"),
        ({"RedrivePolicy": json.dumps({"deadLetterTargetArn": DEAD, "maxReceiveCount": 9})}, "maxReceiveCount 9"),
        ({"RedrivePolicy": "not JSON"}, "maxReceiveCount none"),
        ({"RedrivePolicy": "[]"}, "maxReceiveCount none"),
    ),
    ids=str,
)
def test_each_setting_is_that_of_the_template(changes: dict[str, str], words: str) -> None:
    """One difference is enough; what the template does not say has the default of SQS."""
    verdict = _verdict("settings", _with(**changes))

    assert ("fail", True) == (verdict.status, words in verdict.actual)


def test_an_open_setting_is_not_compared_and_said() -> None:
    """The rest is."""
    open_redrive = Unresolved("Fn::ImportValue")
    verdict = _verdict("settings", _with(RedrivePolicy="{}"), RedrivePolicy=open_redrive)

    assert ("pass", True) == (verdict.status, "Fn::ImportValue" in verdict.expected)
    assert "fail" == _verdict("settings", _with(VisibilityTimeout="1"), RedrivePolicy=open_redrive).status


@pytest.mark.parametrize(
    ("policy", "status"),
    (
        (GOOD.policy, "pass"),
        (json.dumps({"Statement": {**SEAL, "Action": "sqs:SendMessage"}}), "fail"),
        (json.dumps({"Statement": {**SEAL, "Resource": DEAD}}), "fail"),
        ("", "fail"),
    ),
)
def test_plain_http_is_refused_by_the_policy(policy: str, status: str) -> None:
    """For every action on this very queue; one that does too little is not told as none."""
    verdict = _verdict("tls_only", replace(GOOD, policy=policy))

    assert (status, not policy) == (verdict.status, verdict.actual == "it has no policy")


def test_a_message_among_the_dead_letters_is_a_failure_that_somebody_should_see() -> None:
    """Before it is deleted."""
    verdict = _verdict("empty_dead_letters", replace(GOOD, messages=1))

    assert ("fail", "about 1") == (verdict.status, verdict.actual)
    assert "each after 14 days" in verdict.remedy


@pytest.mark.parametrize(
    ("seconds", "days"),
    (
        pytest.param("60", " (each after 0.000694444 days)", id="a minute"),
        pytest.param("8640000", " (each after 100 days)", id="seven digits"),
        pytest.param("08640000", "", id="eight digits"),
        pytest.param("86400000", "", id="a number that SQS never says"),
        pytest.param("soon", "", id="no number"),
        pytest.param("", "", id="nothing"),
    ),
)
def test_how_long_a_dead_letter_lies_is_told_where_it_is_known(seconds: str, days: str) -> None:
    """At most a fortnight, which has seven digits of seconds."""
    verdict = _verdict("empty_dead_letters", replace(_with(MessageRetentionPeriod=seconds), messages=1))

    assert f"before they are deleted{days}, cure" in verdict.remedy


@pytest.mark.parametrize(
    ("caller", "asked"),
    (
        pytest.param(LEFT, True, id="a rule's target"),
        pytest.param(_caller("OnFailure", {"Destination": ARN}), True, id="a destination"),
        pytest.param(_queue({"RedrivePolicy": {"deadLetterTargetArn": ARN}}, "other"), True, id="another queue"),
        pytest.param(_caller("DeadLetterConfig", {"Arn": DEAD}), False, id="another queue's dead letters"),
        pytest.param(_caller("Arn", ARN), False, id="a mere target"),
        pytest.param(_caller("DeadLetterConfig", {"Arn": Unresolved("x")}), False, id="nobody knows"),
    ),
)
def test_only_what_failures_are_left_in_must_be_empty(caller: Resource, asked: bool) -> None:  # noqa: FBT001 - a column
    """A queue at work has messages."""
    assert asked == ("queues.empty_dead_letters[Jobs]" in _checks(caller))


# --- logs -------------------------------------------------------------------------------------

GROUP = resource("AWS::Logs::LogGroup", {"RetentionInDays": 90}, subject="Logs", physical_id="/shop/api")
FUNCTION = resource("AWS::Lambda::Function", {}, subject="Api", physical_id="api-1")
KEPT = LogGroupSeen(name="/shop/api", days=90)


def _logs(*resources: Resource) -> dict[str, Check]:
    return planned(logs.checks(target(*(resources or (GROUP, FUNCTION)))))


def test_logs_pass_where_everything_is_right() -> None:
    """A group by its name, a function's by Lambda's own."""
    seen = world({("log_group", REGION, "/shop/api"): KEPT, ("log_group", REGION, "/aws/lambda/api-1"): KEPT})
    checks = _logs()

    assert ["logs.kept[Logs]", "logs.of_functions[Api]"] == list(checks)
    assert {"pass"} == {check.sight.judge(check.sight.look(seen), NOW).status for check in checks.values()}
    for check in checks.values():
        assert check.params == codec.decode_params(check.promise.bind, codec.encode(check.params))
        assert (f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:*",) == check.place.resources


@pytest.mark.parametrize(
    ("days", "kept", "any_end", "told"),
    ((90, "pass", "pass", "90 days"), (30, "fail", "pass", "30 days"), (None, "fail", "fail", "for ever")),
    ids=str,
)
def test_events_are_kept_as_long_as_the_template_says(days: int | None, kept: str, any_end: str, told: str) -> None:
    """And never for ever; of a function's group any end will do."""
    verdicts = {name: check.sight.judge(LogGroupSeen(name="g", days=days), NOW) for name, check in _logs().items()}

    assert {"logs.kept[Logs]": kept, "logs.of_functions[Api]": any_end} == {
        name: each.status for name, each in verdicts.items()
    }
    assert [told, told] == [each.actual for each in verdicts.values()]
    assert [
        "log group /shop/api keeps events 90 days",
        "log group /aws/lambda/api-1 keeps events for a while, not for ever",
    ] == [each.expected for each in verdicts.values()]


def test_a_missing_log_group_fails() -> None:
    """Nobody could find out what happened."""
    assert {"fail"} == {check.sight.judge(Absent(what="g"), NOW).status for check in _logs().values()}


def test_a_template_that_keeps_for_ever_is_wrong() -> None:
    """And one that is open is any number."""
    silent = _logs(replace(GROUP, properties={}))["logs.kept[Logs]"].sight
    unknown = _logs(replace(GROUP, properties={"RetentionInDays": Unresolved("Ref Days")}))["logs.kept[Logs]"].sight

    assert "fail" == silent.judge(LogGroupSeen(name="g", days=None), NOW).status
    assert "pass" == unknown.judge(KEPT, NOW).status
    assert "Ref Days" in unknown.judge(KEPT, NOW).expected


def test_a_function_may_name_its_group() -> None:
    """One whose name is open is not asked for."""
    named = replace(FUNCTION, properties={"LoggingConfig": {"LogGroup": "/shop/api"}})
    unknown = replace(FUNCTION, properties={"LoggingConfig": {"LogGroup": Unresolved("x")}})

    assert "/shop/api" == _logs(named)["logs.of_functions[Api]"].params["group"]
    assert {} == _logs(unknown)
