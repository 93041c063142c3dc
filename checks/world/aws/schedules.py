"""What EventBridge says of rules, and EventBridge Scheduler of schedules."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from checks import evidence as seen
from checks.likeness import THERE
from checks.together import together
from checks.world.aws.readers import Found, Read
from checks.world.aws.stacks import utc
from checks.world.aws.wire import Answer, Ask, Asking, shaped

RULE = Ask(
    service="events", operation="DescribeRule", needs=("Name", "Arn", "State"), gone=("ResourceNotFoundException",)
)
TARGETS = Ask(service="events", operation="ListTargetsByRule", needs=("Targets",), gone=("ResourceNotFoundException",))
SCHEDULE = Ask(
    service="scheduler",
    operation="GetSchedule",
    needs=("Name", "Arn", "State", "ScheduleExpression", "Target"),
    gone=("ResourceNotFoundException",),
)
CALLERS = Ask(service="events", operation="ListRuleNamesByTarget", needs=("RuleNames",))


def rule(asking: Asking, region: str, bus: str, name: str) -> seen.ScheduleSeen | seen.Absent:
    """One rule and all its targets. Rules count in UTC."""
    absent = seen.Absent(what=f"rule {name} in {region}")
    answer, pages = together(
        partial(asking.call, RULE, region, Name=name, EventBusName=bus),
        lambda: list(asking.beside().pages(TARGETS, region, Rule=name, EventBusName=bus)),
    )
    if answer is None or not pages:
        return absent
    listed = [one for page in pages for one in page["Targets"]]
    targets = shaped(TARGETS, region, lambda: tuple(_target(one, one["Id"]) for one in listed))
    return seen.ScheduleSeen(
        name=answer["Name"],
        arn=answer["Arn"],
        state=answer["State"],
        expression=answer.get("ScheduleExpression", ""),
        timezone="UTC",
        ends=None,
        targets=tuple(sorted(targets, key=lambda one: one.id)),
        pattern=answer.get("EventPattern", ""),
    )


def schedule(asking: Asking, region: str, group: str, name: str) -> seen.ScheduleSeen | seen.Absent:
    """One schedule; it has one target."""
    answer = asking.call(SCHEDULE, region, GroupName=group, Name=name)
    if answer is None:
        return seen.Absent(what=f"schedule {group}/{name} in {region}")
    return shaped(SCHEDULE, region, lambda: _schedule(answer))


def _schedule(answer: Answer) -> seen.ScheduleSeen:
    ends = answer.get("EndDate")
    return seen.ScheduleSeen(
        name=answer["Name"],
        arn=answer["Arn"],
        state=answer["State"],
        expression=answer["ScheduleExpression"],
        timezone=answer.get("ScheduleExpressionTimezone", "UTC"),
        ends=utc(ends) if ends else None,
        targets=(_target(answer["Target"], ""),),
    )


def _target(one: Mapping[str, Any], name: str) -> seen.ScheduleTarget:
    policy = one.get("RetryPolicy", {})
    return seen.ScheduleTarget(
        id=name,
        arn=one["Arn"],
        role=one.get("RoleArn", ""),
        dead_letters=one.get("DeadLetterConfig", {}).get("Arn", ""),
        retries=policy.get("MaximumRetryAttempts"),
        age=policy.get("MaximumEventAgeInSeconds"),
    )


def _callers(asking: Asking, region: str, callee: str) -> Found | None:
    """The rules of the default bus that call *callee*; none is an answer as well."""
    pages = list(asking.pages(CALLERS, region, TargetArn=callee))
    return THERE, {name: "calls" for page in pages for name in page["RuleNames"]}


READERS: Mapping[str, Read] = {"rules that call": _callers}
