"""Faults of alarms, topics and logs, and of what CloudFormation says."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from checks.model import Check
from checks.twin.faults.bench import Bench
from checks.twin.faults.between.http import Onward, Raw, Reply, Tamper, Visit
from checks.twin.faults.staging import Undo, broken, harmless, told
from checks.twin.faults.words import Fault, Stage, Unfit, View

_OBS, _STACK = "Alarms, logs, SNS", "Account, IAM, stack"
_ALARM = (
    "AlarmName",
    "AlarmDescription",
    "ActionsEnabled",
    "OKActions",
    "AlarmActions",
    "InsufficientDataActions",
    "MetricName",
    "Namespace",
    "Statistic",
    "ExtendedStatistic",
    "Dimensions",
    "Period",
    "Unit",
    "EvaluationPeriods",
    "DatapointsToAlarm",
    "Threshold",
    "ComparisonOperator",
    "TreatMissingData",
    "Metrics",
)


def _alarm(bench: Bench, check: Check) -> tuple[Any, dict[str, Any]]:
    watching = bench.aws("cloudwatch", str(check.params["region"]))
    seen = watching.describe_alarms(AlarmNames=[str(check.params["alarm"])])["MetricAlarms"][0]
    kept = {key: seen[key] for key in _ALARM if seen.get(key) not in (None, "", [])}
    if kept.get("Metrics"):
        kept = {key: value for key, value in kept.items() if key not in {"Period", "Dimensions", "Statistic"}}
    return watching, kept


def alarm(change_it: Callable[[dict[str, Any]], object]) -> Callable[[Bench, Check], Undo]:
    """The alarm is another one."""

    def change(bench: Bench, check: Check) -> Undo:
        watching, before = _alarm(bench, check)
        other = json.loads(json.dumps(before))
        change_it(other)
        watching.put_metric_alarm(**other)
        return lambda: watching.put_metric_alarm(**before)

    return change


def disarmed(bench: Bench, check: Check) -> Undo:
    """The alarm may not act."""
    watching, before = _alarm(bench, check)
    watching.disable_alarm_actions(AlarmNames=[before["AlarmName"]])
    return lambda: watching.enable_alarm_actions(AlarmNames=[before["AlarmName"]])


def gone(bench: Bench, check: Check) -> Undo:
    """There is no such alarm."""
    watching, before = _alarm(bench, check)
    watching.delete_alarms(AlarmNames=[before["AlarmName"]])
    return lambda: watching.put_metric_alarm(**before)


def elsewhere(bench: Bench, check: Check) -> Undo:
    """The alarm is kept in a region where what it watches tells nothing."""
    watching, before = _alarm(bench, check)
    other = bench.aws("cloudwatch", "eu-west-1")
    other.put_metric_alarm(**{**before, "AlarmActions": []})
    watching.delete_alarms(AlarmNames=[before["AlarmName"]])

    def back() -> None:
        other.delete_alarms(AlarmNames=[before["AlarmName"]])
        watching.put_metric_alarm(**before)

    return back


def rings(*states: str) -> Callable[[Bench, Check], Undo]:
    """The alarm was in these states, one after the other."""

    def change(bench: Bench, check: Check) -> Undo:
        watching, before = _alarm(bench, check)

        def put(state: str) -> None:
            watching.set_alarm_state(AlarmName=before["AlarmName"], StateValue=state, StateReason="rehearsed")

        for each in states:
            put(each)
        return lambda: put("OK")

    return change


def _nowhere(settings: dict[str, Any]) -> None:
    settings["AlarmActions"] = [each.rpartition(":")[0] + ":deleted-long-ago" for each in settings["AlarmActions"]]


def _only_ok(settings: dict[str, Any]) -> None:
    settings["OKActions"] = settings.pop("AlarmActions")


def _old_subject(settings: dict[str, Any]) -> None:
    if not settings.get("Dimensions"):
        raise Unfit("the alarm has no dimensions")
    settings["Dimensions"][0]["Value"] += "-old"


def _missing_data(settings: dict[str, Any]) -> None:
    usual = settings.get("TreatMissingData", "missing")
    settings["TreatMissingData"] = "breaching" if usual != "breaching" else "notBreaching"


def _deaf(settings: dict[str, Any]) -> None:
    settings["Threshold"] = settings["Threshold"] * 1000 + 1000


def _topic(bench: Bench, check: Check) -> tuple[Any, str]:
    arn = str(check.params["topic"])
    return bench.aws("sns", arn.split(":")[3]), arn


def shut(bench: Bench, check: Check) -> Undo:
    """CloudWatch may not publish."""
    topics, arn = _topic(bench, check)
    before = topics.get_topic_attributes(TopicArn=arn)["Attributes"]["Policy"]
    account = arn.split(":")[4]
    owner = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
        "Action": "SNS:Publish",
        "Resource": arn,
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [owner]})
    topics.set_topic_attributes(TopicArn=arn, AttributeName="Policy", AttributeValue=policy)
    return lambda: topics.set_topic_attributes(TopicArn=arn, AttributeName="Policy", AttributeValue=before)


def sealed(bench: Bench, check: Check) -> Undo:
    """The topic is encrypted with a key that CloudWatch cannot use."""
    topics, arn = _topic(bench, check)

    def put(key: str) -> None:
        topics.set_topic_attributes(TopicArn=arn, AttributeName="KmsMasterKeyId", AttributeValue=key)

    put("alias/aws/sns")
    return lambda: put("")


def unheard(bench: Bench, check: Check) -> Undo:
    """Nobody has subscribed."""
    topics, arn = _topic(bench, check)
    kept = topics.list_subscriptions_by_topic(TopicArn=arn)["Subscriptions"]
    for each in kept:
        topics.unsubscribe(SubscriptionArn=each["SubscriptionArn"])

    def back() -> None:
        for each in kept:
            topics.subscribe(TopicArn=arn, Protocol=each["Protocol"], Endpoint=each["Endpoint"])

    return back


def one_more(bench: Bench, check: Check) -> Undo:
    """One more subscriber."""
    topics, arn = _topic(bench, check)
    made = topics.subscribe(TopicArn=arn, Protocol="email", Endpoint="second@example.org", ReturnSubscriptionArn=True)[
        "SubscriptionArn"
    ]
    return lambda: topics.unsubscribe(SubscriptionArn=made)


def sifted(policy: Callable[[Check], dict[str, object]], *, by: str) -> Callable[[Bench, Check], Undo]:
    """A subscription of the topic has another filter."""

    def change(bench: Bench, check: Check) -> Undo:
        topics, arn = _topic(bench, check)
        every = topics.list_subscriptions_by_topic(TopicArn=arn)["Subscriptions"]
        one = next((each["SubscriptionArn"] for each in every if each["SubscriptionArn"].startswith("arn:")), "")
        if not one:
            raise Unfit("nobody has confirmed a subscription")

        def put(name: str, value: str) -> None:
            topics.set_subscription_attributes(SubscriptionArn=one, AttributeName=name, AttributeValue=value)

        put("FilterPolicyScope", by)
        put("FilterPolicy", json.dumps(policy(check)))

        def back() -> None:
            put("FilterPolicy", "{}")
            put("FilterPolicyScope", "MessageAttributes")

        return back

    return change


def _all_that_ring(check: Check) -> dict[str, object]:
    alarms: Any = check.params["alarms"]
    return {"NewStateValue": ["ALARM"], "AlarmName": [{"anything-but": ["another"]}, *alarms]}


def _group(bench: Bench, check: Check) -> tuple[Any, str]:
    return bench.aws("logs", str(check.params["region"])), str(check.params["group"])


def kept_for(days: int | None) -> Callable[[Bench, Check], Undo]:
    """Events are kept for so long, or for ever."""

    def change(bench: Bench, check: Check) -> Undo:
        logs, name = _group(bench, check)
        found = logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"]
        before = next(each["retentionInDays"] for each in found if each["logGroupName"] == name)
        if days is None:
            logs.delete_retention_policy(logGroupName=name)
        else:
            logs.put_retention_policy(logGroupName=name, retentionInDays=days)
        return lambda: logs.put_retention_policy(logGroupName=name, retentionInDays=before)

    return change


def group_gone(bench: Bench, check: Check) -> Undo:
    """There is no such log group."""
    logs, name = _group(bench, check)
    found = logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    before = next(each["retentionInDays"] for each in found if each["logGroupName"] == name)
    logs.delete_log_group(logGroupName=name)

    def back() -> None:
        # Whoever writes to it makes it again.
        with contextlib.suppress(logs.exceptions.ResourceAlreadyExistsException):
            logs.create_log_group(logGroupName=name)
        logs.put_retention_policy(logGroupName=name, retentionInDays=before)

    return back


def stack_says(status: str) -> Callable[[Bench, Check], Tamper]:
    """CloudFormation tells another end of the last operation on the stack."""

    def made(_bench: Bench, check: Check) -> Tamper:
        name = str(check.params["stack"]).encode()

        def tamper(visit: Visit, onward: Onward) -> Reply | Raw:
            reply = onward(visit)
            about = visit.service == "cloudformation" and visit.operation == "DescribeStacks" and name in visit.body
            for old in (b"CREATE_COMPLETE", b"UPDATE_COMPLETE"):
                whole = b"<StackStatus>" + old + b"</StackStatus>"
                reply = reply.reworded(whole, f"<StackStatus>{status}</StackStatus>".encode()) if about else reply
            return reply

        return tamper

    return made


def misnamed(key: str, change_it: Callable[[str], str]) -> Stage:
    """The template of the edge's alarms misspells what one of them watches, and is deployed like that.

    So the alarm is as its template says, and watches what nobody tells.
    """

    @contextmanager
    def stage(bench: Bench) -> Iterator[View]:
        check = bench.check("alarms.watches", "Edge")
        stacks = bench.aws("cloudformation", check.place.region)
        written = stacks.get_template(StackName=check.place.stack, TemplateStage="Original")["TemplateBody"]
        before = written if isinstance(written, str) else json.dumps(written)
        other = json.loads(before)
        said = other["Resources"][check.place.covers[0]]["Properties"]
        said[key] = change_it(said[key])
        _redeploy(stacks, check.place.stack, json.dumps(other))
        try:
            yield View(named=(check.name.replace("alarms.watches", "alarms.data"),), replan=True)
        finally:
            _redeploy(stacks, check.place.stack, before)

    return stage


def _redeploy(stacks: Any, name: str, body: str) -> None:  # noqa: ANN401 - a botocore client
    told = stacks.describe_stacks(StackName=name)["Stacks"][0].get("Parameters", ())
    kept = [{"ParameterKey": each["ParameterKey"], "UsePreviousValue": True} for each in told]
    able = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"]
    stacks.update_stack(StackName=name, TemplateBody=body, Parameters=kept, Capabilities=able)
    stacks.get_waiter("stack_update_complete").wait(StackName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 90})


def at_hand(bench: Bench, check: Check) -> Undo:
    """One call deletes the stack."""
    stacks, name = bench.aws("cloudformation", str(check.params["region"])), str(check.params["stack"])

    def protect(*, on: bool) -> None:
        stacks.update_termination_protection(StackName=name, EnableTerminationProtection=on)

    protect(on=False)
    return lambda: protect(on=True)


_A = ("alarms.*",)

FAULTS: tuple[Fault, ...] = (
    Fault(
        id="X-OBS-01",
        family=_OBS,
        breaks="an alarm is gone",
        promise="alarms.armed",
        stage=broken("alarms.armed", gone),
        behind=_A,
    ),
    Fault(
        id="OBS-02",
        family=_OBS,
        breaks="an alarm may not act",
        promise="alarms.armed",
        stage=broken("alarms.armed", disarmed),
    ),
    Fault(
        id="OBS-04",
        family=_OBS,
        breaks="an alarm acts on a topic that is gone",
        promise="alarms.armed",
        stage=broken("alarms.armed", alarm(_nowhere)),
        behind=_A,
    ),
    Fault(
        id="OBS-05",
        family=_OBS,
        breaks="an alarm tells when all is well alone",
        promise="alarms.armed",
        stage=broken("alarms.armed", alarm(_only_ok)),
        behind=_A,
    ),
    Fault(
        id="OBS-06",
        family=_OBS,
        breaks="an alarm rings right after the deployment",
        promise="alarms.calm",
        stage=broken("alarms.calm", rings("ALARM")),
    ),
    Fault(
        id="OBS-07",
        family=_OBS,
        breaks="an alarm watches what does not exist",
        promise="alarms.watches",
        stage=broken("alarms.watches", alarm(_old_subject), containing="Throttled"),
        behind=_A,
    ),
    Fault(
        id="OBS-11",
        family=_OBS,
        breaks="missing data is taken otherwise",
        promise="alarms.watches",
        stage=broken("alarms.watches", alarm(_missing_data)),
        behind=_A,
    ),
    Fault(
        id="OBS-12",
        family=_OBS,
        breaks="missing data of an error count rings",
        promise="alarms.watches",
        stage=broken(
            "alarms.watches",
            alarm(lambda settings: settings.update(TreatMissingData="breaching")),
            containing="Failing",
        ),
        behind=_A,
    ),
    Fault(
        id="OBS-13",
        family=_OBS,
        breaks="an alarm about the distribution is in another region",
        promise="alarms.armed",
        stage=broken("alarms.armed", elsewhere, containing="Edge"),
        behind=_A,
    ),
    Fault(
        id="OBS-14",
        family=_OBS,
        breaks="missing data of a table rings",
        promise="alarms.watches",
        stage=broken(
            "alarms.watches",
            alarm(lambda settings: settings.update(TreatMissingData="breaching")),
            containing="Throttled",
        ),
        behind=_A,
    ),
    Fault(
        id="X-OBS-02",
        family=_OBS,
        breaks="an alarm needs a thousand times as much",
        promise="alarms.watches",
        stage=broken("alarms.watches", alarm(_deaf)),
    ),
    Fault(
        id="OBS-15",
        family=_OBS,
        breaks="nobody has subscribed",
        promise="alarms.heard",
        stage=broken("alarms.heard", unheard),
        # Failed backups are told to the same topic.
        behind=("backups.notices[*]",),
    ),
    Fault(
        id="OBS-17",
        family=_OBS,
        breaks="CloudWatch may not publish",
        promise="alarms.topic",
        stage=broken("alarms.topic", shut),
        behind=_A,
    ),
    Fault(
        id="OBS-18",
        family=_OBS,
        breaks="the topic is sealed with a key that CloudWatch cannot use",
        promise="alarms.topic",
        stage=broken("alarms.topic", sealed),
        behind=_A,
    ),
    Fault(
        id="X-OBS-09",
        family=_OBS,
        breaks="an alarm watches a metric that nobody tells",
        promise="alarms.data",
        stage=misnamed("MetricName", lambda name: name.replace("Error", "Eror")),
        behind=("stack.plan_digest[*]",),
    ),
    Fault(
        id="X-OBS-10",
        family=_OBS,
        breaks="an alarm watches a namespace that does not exist",
        promise="alarms.data",
        stage=misnamed("Namespace", lambda name: name.replace("Front", "Frnt")),
        behind=("stack.plan_digest[*]",),
    ),
    Fault(
        id="OBS-19",
        family=_OBS,
        breaks="a filter keeps every message back",
        promise="alarms.filters",
        stage=broken("alarms.filters", sifted(lambda _: {"kind": ["nothing"]}, by="MessageAttributes")),
    ),
    Fault(
        id="X-OBS-08",
        family=_OBS,
        breaks="a filter wants what no alarm says",
        promise="alarms.filters",
        stage=broken("alarms.filters", sifted(lambda _: {"NewStateValue": ["CRITICAL"]}, by="MessageBody")),
    ),
    Fault(
        id="X-B-OBS-01",
        family=_OBS,
        kind="benign",
        breaks="a filter lets through that alarms ring, and nothing else",
        stage=harmless("alarms.filters", sifted(_all_that_ring, by="MessageBody")),
    ),
    Fault(
        id="OBS-22",
        family=_OBS,
        breaks="logs are kept for a day",
        promise="logs.kept",
        stage=broken("logs.kept", kept_for(1)),
    ),
    Fault(
        id="X-OBS-03",
        family=_OBS,
        breaks="logs are kept for ever",
        promise="logs.kept",
        stage=broken("logs.kept", kept_for(None)),
        behind=("logs.of_functions[*]",),
    ),
    Fault(
        id="LAM-20",
        family="Lambda",
        breaks="a log group is gone",
        promise="logs.kept",
        stage=broken("logs.kept", group_gone),
        behind=("logs.*",),
    ),
    Fault(
        id="INF-03",
        family=_STACK,
        breaks="the last operation was rolled back and failed",
        promise="stack.status",
        stage=told("stack.status", stack_says("UPDATE_ROLLBACK_FAILED")),
        fidelity="patched",
        behind=("stack.*", "identity.region[*]"),
    ),
    Fault(
        id="X-INF-01",
        family=_STACK,
        breaks="the stack was never made",
        promise="stack.status",
        stage=told("stack.status", stack_says("ROLLBACK_COMPLETE")),
        fidelity="patched",
        behind=("stack.*", "identity.region[*]"),
    ),
    Fault(
        id="INF-09",
        family=_STACK,
        breaks="the stack can be deleted by one call",
        promise="stack.protected",
        stage=broken("stack.protected", at_hand),
    ),
    Fault(
        id="B-OBS-01",
        family=_OBS,
        kind="benign",
        breaks="an alarm has no data yet",
        stage=harmless("alarms.calm", rings("INSUFFICIENT_DATA")),
    ),
    Fault(
        id="B-OBS-03",
        family=_OBS,
        kind="benign",
        breaks="an alarm rang during the deployment and is well again",
        stage=harmless("alarms.calm", rings("ALARM", "OK")),
    ),
    Fault(
        id="B-OBS-05",
        family=_OBS,
        kind="benign",
        breaks="one more subscriber",
        stage=harmless("alarms.heard", one_more),
    ),
)
