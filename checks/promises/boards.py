"""What people look at and are told by: dashboards, budgets, and alarms over alarms."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from functools import partial

from checks import intent
from checks.evidence import Absent, AlarmSeen, Described, Silencer
from checks.likeness import checks_of, like, prop
from checks.model import Check, Resource, Sight, Target, Unresolved, Verdict, promise
from checks.spelling import spelt
from checks.wording import quote, span
from checks.world.ports import World

COMPOSITE = "AWS::CloudWatch::CompositeAlarm"
BUDGET = "AWS::Budgets::Budget"
_ALARMS = ("cloudwatch:DescribeAlarms",)


def _rule(one: Resource) -> object:
    said = prop(one, "AlarmRule")
    return " ".join(said.split()) if isinstance(said, str) else said


def _actions(one: Resource) -> object:
    said = prop(one, "AlarmActions")
    return list(intent.items(said)) or None if not isinstance(said, Unresolved) else said


def _silencer(one: Resource) -> object:
    """The name of the alarm that silences this one; nothing is as fixed as something: nobody is to add one by hand."""
    said = prop(one, "ActionsSuppressor")
    return said if isinstance(said, Unresolved) else str(said or "").rpartition(":alarm:")[2]


def _limit(one: Resource) -> object:
    said = intent.text(one.properties, "Budget", "BudgetLimit", "Amount")
    try:
        return spelt(float(said)) if said else prop(one, "Budget", "BudgetLimit", "Amount")
    except ValueError:
        return said


def _budget(one: Resource) -> Mapping[str, object]:
    return {
        "limit": _limit(one),
        "unit": prop(one, "Budget", "BudgetLimit", "Unit"),
        "every": prop(one, "Budget", "TimeUnit"),
        "notices": len(intent.items(one.properties, "NotificationsWithSubscribers")) or None,
    }


ROWS = (
    like(
        "alarms.composite",
        COMPOSITE,
        says="the alarm over alarms rings by the rule of the template, may act, and acts as it says",
        severity="critical",
        source="AWS: a composite alarm is often the only one with an action, so that one switch mutes them all. "
        "Pitfall 76.",
        noun="composite alarm",
        actions=_ALARMS,
        arn="arn:{partition}:cloudwatch:{region}:{account}:alarm:{id}",
        good=("OK", "ALARM", "INSUFFICIENT_DATA"),
        remedy="aws cloudwatch enable-alarm-actions --alarm-names …, or deploy the stack again",
        wanted=lambda one: {"rule": _rule(one), "armed": True, "actions": _actions(one), "silencer": _silencer(one)},
    ),
    like(
        "dashboards.shows",
        "AWS::CloudWatch::Dashboard",
        says="the dashboard shows what the template puts on it",
        severity="warning",
        source="AWS: a dashboard can be edited and saved by whoever looks at it, in the middle of an incident.",
        noun="dashboard",
        actions=("cloudwatch:GetDashboard",),
        arn="arn:{partition}:cloudwatch::{account}:dashboard/{id}",
        wanted=lambda one: {"body": prop(one, "DashboardBody")},
        documents=("body",),
    ),
)


@promise(
    "budgets.heard",
    says="the budget has the limit of the template, and somebody is told at each of its marks",
    severity="warning",
    instrument="aws",
    actions=("budgets:ViewBudget",),
)
def heard(*, region: str, account: str, budget: str, words: intent.Words, gaps: tuple[str, ...]) -> Sight:
    """AWS: a budget without a subscriber counts and tells nobody (DescribeSubscribersForNotification)."""
    judge = partial(judge_heard, budget=budget, words=words, gaps=gaps)
    return Sight(look=partial(_look_budget, region=region, account=account, budget=budget), judge=judge)


@promise(
    "alarms.composite_calm",
    says="the alarm over alarms is not in ALARM right now",
    severity="warning",
    instrument="aws",
    actions=_ALARMS,
)
def calm(*, region: str, alarm: str) -> Sight:
    """AWS: it rings when the parts that its rule names ring together (StateValue)."""
    return Sight(look=partial(_look_alarm, region=region, alarm=alarm), judge=partial(judge_calm, alarm=alarm))


@promise(
    "alarms.silenced",
    says="what silences the alarm over alarms has not done so for long",
    severity="warning",
    instrument="aws",
    actions=_ALARMS,
)
def silenced(*, region: str, alarm: str, limit: timedelta) -> Sight:
    """CloudWatch User Guide, "Alarm suppression": while the other alarm is in ALARM, this one tells nobody anything."""
    look = partial(_look_silencer, region=region, alarm=alarm)
    return Sight(look=look, judge=partial(judge_silenced, region=region, alarm=alarm, limit=limit))


def judge_heard(
    seen: Described | Absent, _now: datetime, *, budget: str, words: intent.Words, gaps: tuple[str, ...]
) -> Verdict:
    """As the template says, and each notice has a subscriber; a budget without any notice tells nobody."""
    expected = intent.without(f"budget {quote(budget)} with {intent.said(words)}, each notice heard", gaps)
    remedy = "give each notification of the budget a subscriber in the template (an address or a topic), then deploy"
    if isinstance(seen, Absent):
        return Verdict.failed(expected=expected, actual="there is no such budget", remedy="deploy the stack again")
    live = dict(seen.words)
    other = intent.differences(words, live)
    unheard = int(live.get("notices", "0")) - int(live.get("heard", "0"))
    if unheard > 0:
        other.append(f"{unheard} notices that nobody hears")
    if live.get("notices", "0") == "0":
        other.append("no notice at all")
    if other:
        return Verdict.failed(expected=expected, actual=quote("; ".join(other)), remedy=remedy)
    return Verdict.passed(expected=expected, actual=f"{live['notices']} notices, all heard")


def judge_calm(seen: Described | Absent, _now: datetime, *, alarm: str) -> Verdict:
    """Any state but ALARM."""
    expected = f"alarm {quote(alarm)} is not in ALARM"
    if isinstance(seen, Absent):
        return Verdict.failed(expected=expected, actual="there is no such alarm", remedy="deploy the stack again")
    if seen.state == "ALARM":
        remedy = "see which of the alarms in its rule ring: aws cloudwatch describe-alarms --state-value ALARM"
        return Verdict.failed(expected=expected, actual="ALARM", remedy=remedy)
    return Verdict.passed(expected=expected, actual=quote(seen.state) or "no state")


def judge_silenced(seen: Silencer | Absent, now: datetime, *, region: str, alarm: str, limit: timedelta) -> Verdict:
    """Not in ALARM, or not for longer than a deployment or a maintenance takes."""
    expected = f"alarm {quote(alarm)} is not silenced for more than {span(limit)}"
    if isinstance(seen, Absent):
        return Verdict.failed(expected=expected, actual="there is no such alarm", remedy="deploy the stack again")
    if seen.state != "ALARM":
        told = f"{quote(seen.name)} is {quote(seen.state) or 'not there'}" if seen.name else "nothing silences it"
        return Verdict.passed(expected=expected, actual=told)
    lasting = now - seen.since if seen.since else None
    actual = f"{quote(seen.name)} silences it{f' for {span(lasting)}' if lasting else ''}"
    if lasting is not None and lasting <= limit:
        return Verdict.passed(expected=expected, actual=actual)
    remedy = (
        f"end what {quote(seen.name)} stands for: aws cloudwatch describe-alarms --region {region} --state-value ALARM"
    )
    return Verdict.failed(expected=expected, actual=actual, remedy=remedy)


def checks(target: Target, *, silenced_within: timedelta) -> Iterator[Check]:
    """Every board and alarm over alarms, and every budget."""
    yield from checks_of(target, ROWS)
    for alarm in target.of_type(COMPOSITE):
        place = alarm.place(target.arn("cloudwatch", alarm.region, f"alarm:{alarm.physical_id}"))
        yield calm(place, region=alarm.region, alarm=alarm.physical_id)
        if prop(alarm, "ActionsSuppressor"):
            yield silenced(place, region=alarm.region, alarm=alarm.physical_id, limit=silenced_within)
    for each in target.of_type(BUDGET):
        words, gaps = _known(each)
        place = each.place(f"arn:{target.partition}:budgets::{target.account}:budget/{each.physical_id}")
        name = each.physical_id
        yield heard(place, region=each.region, account=target.account, budget=name, words=words, gaps=gaps)


def _known(one: Resource) -> tuple[intent.Words, tuple[str, ...]]:
    words, gaps = intent.known({key: value for key, value in _budget(one).items() if value is not None})
    return words, gaps


def _look_budget(world: World, *, region: str, account: str, budget: str) -> Described | Absent:
    return world.aws.described(BUDGET, region, f"{account} {budget}")


def _look_alarm(world: World, *, region: str, alarm: str) -> Described | Absent:
    return world.aws.described(COMPOSITE, region, alarm)


def _look_silencer(world: World, *, region: str, alarm: str) -> Silencer | Absent:
    """The live alarm that silences it, of either kind; one that is gone silences nothing."""
    found = world.aws.described(COMPOSITE, region, alarm)
    if isinstance(found, Absent):
        return found
    name = dict(found.words).get("silencer", "")
    if not name:
        return Silencer(alarm=alarm, name="", state="", since=None)
    plain = world.aws.alarm(region, name)
    if isinstance(plain, AlarmSeen):
        return Silencer(alarm=alarm, name=name, state=plain.state, since=plain.state_changed)
    over = world.aws.described(COMPOSITE, region, name)
    if isinstance(over, Absent):
        return Silencer(alarm=alarm, name=name, state="", since=None)
    since = dict(over.words).get("since", "")
    return Silencer(alarm=alarm, name=name, state=over.state, since=datetime.fromisoformat(since) if since else None)


PROMISES = (*(each.promise for each in ROWS), heard, calm, silenced)
