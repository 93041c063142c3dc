"""What is done once, and by whom: no rule beside the template's calls what a schedule calls."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import partial

from checks import intent
from checks.errands import aim_of
from checks.evidence import Absent, Described
from checks.model import Check, Resource, Sight, Target, Verdict, promise
from checks.wording import quote, several
from checks.world.ports import World

RULE = "AWS::Events::Rule"
# Not a type of CloudFormation: which rules of the default bus call one ARN.
CALLERS = "rules that call"


@promise(
    "schedules.alone",
    says="no rule beside those of the templates calls what the schedule calls",
    severity="warning",
    instrument="aws",
    actions=("events:ListRuleNamesByTarget",),
)
def alone(*, region: str, callee: str, rules: tuple[str, ...]) -> Sight:
    """AWS: rules know nothing of each other. One that was left behind does the daily work twice, or at another hour."""
    look = partial(_look, region=region, callee=callee)
    return Sight(look=look, judge=partial(judge_alone, callee=callee, rules=rules))


def judge_alone(seen: Described | Absent, _now: datetime, *, callee: str, rules: tuple[str, ...]) -> Verdict:
    """Only *rules*; that each of them does call it is promised by schedules.targets."""
    expected = f"{quote(callee)} called by no rule but {several(rules)}"
    there = () if isinstance(seen, Absent) else tuple(name for name, _ in seen.words)
    others = [name for name in there if name not in rules]
    if others:
        remedy = "see who made it (CloudTrail, PutRule); then aws events remove-targets and aws events delete-rule"
        return Verdict.failed(expected=expected, actual=f"by {several(others)} as well", remedy=remedy)
    return Verdict.passed(expected=expected, actual=several(there))


def checks(target: Target) -> Iterator[Check]:
    """One question for each thing that a rule of the default bus calls on a schedule.

    None where it is not known what some rule calls: that one would be taken for a stranger.
    """
    rules = [each for each in target.of_type(RULE) if not intent.text(each.properties, "EventBusName")]
    if any(intent.gaps(each.properties, "Targets") for each in rules):
        return
    asked = set()
    for rule in rules:
        for callee in _callees(rule) if intent.text(rule.properties, "ScheduleExpression") else ():
            if (rule.region, callee) not in asked:
                asked.add((rule.region, callee))
                ours = [each for each in rules if each.region == rule.region and callee in _callees(each)]
                place = rule.place(target.arn("events", rule.region, "rule/*"))
                names = tuple(sorted(each.physical_id.rpartition("|")[2] for each in ours))
                yield alone(place, region=rule.region, callee=callee, rules=names)


def _callees(rule: Resource) -> tuple[str, ...]:
    return tuple(dict.fromkeys(aim_of(each).arn for each in intent.items(rule.properties, "Targets")))


def _look(world: World, *, region: str, callee: str) -> Described | Absent:
    return world.aws.described(CALLERS, region, callee)


PROMISES = (alone,)
