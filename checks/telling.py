"""Whom an alarm tells: the topics that it acts on, and whether these let it speak."""

from __future__ import annotations

from collections.abc import Mapping

from checks import intent
from checks.evidence import AlarmSeen, TopicSeen
from checks.model import Place, Resource, Target
from checks.policy import Decision, Request, decide

_SERVICE = "cloudwatch.amazonaws.com"
# SNS's own key admits no other service, and nobody can change its policy (AWS KMS Developer Guide, AWS managed keys).
_OWN_KEY = "alias/aws/sns"


def is_topic(arn: str) -> bool:
    """Whether *arn* is that of an SNS topic."""
    return arn.split(":")[2:3] == ["sns"]


def region_of(arn: str) -> str:
    """The region in an ARN; empty where it has none."""
    return (arn.split(":") + [""] * 4)[3]


def topics_of(alarm: AlarmSeen) -> tuple[str, ...]:
    """The topics that an alarm acts on."""
    return tuple(arn for arn in alarm.alarm_actions if is_topic(arn))


def heard_at(target: Target) -> Mapping[str, tuple[Resource, ...]]:
    """The topics that alarms of the template act on in their own region, each with these alarms, composite ones too."""
    found: dict[str, tuple[Resource, ...]] = {}
    for alarm in target.of_type("AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm"):
        for arn in intent.texts(alarm.properties, "AlarmActions"):
            if is_topic(arn) and region_of(arn) == alarm.region:
                found[arn] = (*found.get(arn, ()), alarm)
    return found


def place_of(target: Target, alarm: Resource, topic: str) -> Place:
    """The topic's own place, or beside its alarm under its name when it belongs to another stack."""
    for each in target.of_type("AWS::SNS::Topic"):
        if each.physical_id == topic:
            return each.place(topic)
    return Place(subject=topic.rpartition(":")[2], stack=alarm.stack, region=alarm.region, resources=(topic,))


def lets_publish(arn: str, topic: TopicSeen | None, *, alarm: str, region: str, account: str) -> Decision:
    """Whether CloudWatch may publish to *arn* for the ARN *alarm*; *topic* is None when there is no such topic.

    The policy of a key that encrypts the topic is not read here, and the sentence says so: ``keys.lends`` reads it.
    """
    name = arn.rpartition(":")[2]
    if region_of(arn) != region:
        return Decision(allowed=False, why=f"{name} is in {region_of(arn)}, and alarms act in their own region alone")
    if topic is None:
        return Decision(allowed=False, why=f"{name} does not exist")
    if _OWN_KEY in topic.key:
        return Decision(allowed=False, why=f"{name} is encrypted with {_OWN_KEY}, which CloudWatch may not use")
    context = {
        "aws:sourceaccount": account,
        "aws:sourceowner": account,
        "aws:sourcearn": alarm,
        "aws:securetransport": "true",
        "aws:principalisawsservice": "true",
        "aws:principalservicename": _SERVICE,
    }
    decision = decide(topic.policy, Request(service=_SERVICE, action="sns:Publish", resource=arn, context=context))
    unread = " (the policy of its key was not read)" if topic.key else ""
    return Decision(allowed=decision.allowed, why=f"{name}: {decision.why}{unread}")
