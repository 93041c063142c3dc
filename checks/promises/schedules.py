"""Schedules: switched on, at the hour that was meant, calling what they should, and let in there."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from checks import intent
from checks.errands import (
    SERVICE,
    Aim,
    Source,
    aim_of,
    arn_of_rule,
    bus_and_name,
    called,
    callees_of,
    calls,
    is_same,
    keeping,
    lets_in,
    listed,
    loses,
)
from checks.evidence import Absent, Permissions, QueueSeen, ResourcePolicy, RunsSeen, ScheduleSeen, TopicSeen
from checks.model import Check, Place, Resource, Sight, Target, Verdict, promise
from checks.timetable import due, flaw
from checks.together import together
from checks.wording import left_out, quote, several
from checks.world.ports import World

RULE = "AWS::Events::Rule"
SCHEDULE = "AWS::Scheduler::Schedule"
# CloudWatch has a service's counts some minutes later.
_COUNTED_WITHIN = timedelta(minutes=15)
_COUNTS = ("Invocations", "FailedInvocations")
_READ = ("events:DescribeRule", "events:ListTargetsByRule", "scheduler:GetSchedule")


@promise(
    "schedules.enabled",
    says="the schedule exists, is switched on and has not ended",
    severity="critical",
    instrument="aws",
    actions=_READ,
)
def enabled(*, source: Source, gaps: tuple[str, ...]) -> Sight:
    """Pitfall 84: a rule that was switched off for an hour of maintenance stays off."""
    judge = partial(judge_enabled, source=source, gaps=gaps)
    return Sight(look=partial(_look, source=source), judge=judge)


@promise(
    "schedules.expression",
    says="the schedule has the expression and time zone of the template, and will fire again",
    severity="critical",
    instrument="aws",
    actions=_READ,
)
def expression(*, source: Source, words: intent.Words, gaps: tuple[str, ...]) -> Sight:
    """Pitfall 85 (AWS: "Setting a schedule pattern"): an expression may be well-formed and never fire again."""
    judge = partial(judge_expression, source=source, words=words, gaps=gaps)
    return Sight(look=partial(_look, source=source), judge=judge)


@promise(
    "schedules.targets",
    says="the schedule calls every target of the template",
    severity="critical",
    instrument="aws",
    actions=_READ,
)
def targets(*, source: Source, aims: tuple[Aim, ...], gaps: tuple[str, ...]) -> Sight:
    """Pitfall 84: a rule without its target fires into nothing, and no metric of the target tells."""
    judge = partial(judge_targets, source=source, aims=aims, gaps=gaps)
    return Sight(look=partial(_look, source=source), judge=judge)


@promise(
    "schedules.permitted",
    says="every function, queue and topic that the rule calls, or leaves failed events with, lets this very rule in",
    severity="critical",
    instrument="aws",
    actions=("lambda:GetPolicy", "sqs:GetQueueAttributes", "sns:GetTopicAttributes", "sns:ListSubscriptionsByTopic"),
)
def permitted(*, rule: str, account: str, callees: tuple[str, ...]) -> Sight:
    """Pitfall 84. *rule* is its ARN. Lambda is sent no source account, so a condition on one shuts the rule out."""
    judge = partial(judge_permitted, rule=rule, account=account, callees=callees)
    return Sight(look=partial(_look_policies, callees=callees), judge=judge)


@promise(
    "schedules.dead_letters",
    says="what the schedule fails to deliver is retried and kept as the template says, and not just dropped",
    severity="warning",
    instrument="aws",
    actions=_READ,
)
def dead_letters(*, source: Source, aims: tuple[Aim, ...], gaps: tuple[str, ...]) -> Sight:
    """Pitfall 84: without dead letters an event that could not be delivered is gone, and nobody has seen it."""
    judge = partial(judge_dead_letters, source=source, aims=aims, gaps=gaps)
    return Sight(look=partial(_look, source=source), judge=judge)


@promise(
    "schedules.ran",
    says="the rule did what was due since its stack was last deployed, and not all of that failed",
    severity="warning",
    instrument="aws",
    actions=("events:DescribeRule", "events:ListTargetsByRule", "cloudwatch:GetMetricStatistics"),
)
def ran(*, source: Source, stack: str) -> Sight:
    """Pitfall 84: AWS/Events counts what each rule calls. A warning, since no release can undo a night that is over.

    Source: EventBridge User Guide, "Monitoring Amazon EventBridge": a count of none is not reported.
    """
    look = partial(_look_runs, source=source, stack=stack)
    return Sight(look=look, judge=partial(judge_ran, source=source))


def judge_enabled(seen: ScheduleSeen | Absent, now: datetime, *, source: Source, gaps: tuple[str, ...]) -> Verdict:
    """Any state that begins with ENABLED; where the template leaves the state open, that it exists."""
    expected = f"{called(source)} is ENABLED and has not ended{left_out(gaps)}"
    if isinstance(seen, Absent):
        return _gone(expected, source)
    if seen.ends is not None and seen.ends <= now:
        remedy = "give the schedule a later end in the template, or none, then deploy"
        return Verdict.failed(expected=expected, actual=f"it ended on {seen.ends:%Y-%m-%d %H:%M} UTC", remedy=remedy)
    if gaps or seen.state.startswith("ENABLED"):
        return Verdict.passed(expected=expected, actual=quote(seen.state) or "no state")
    remedy = (
        f"aws events enable-rule --region {source.region} --name '{source.name}' --event-bus-name '{source.within}'"
    )
    if source.scheduler:
        remedy = "deploy the stack again; a schedule is switched on by an update of all that it is"
    return Verdict.failed(expected=expected, actual=quote(seen.state) or "no state", remedy=remedy)


def judge_expression(
    seen: ScheduleSeen | Absent, now: datetime, *, source: Source, words: intent.Words, gaps: tuple[str, ...]
) -> Verdict:
    """What the template says, and an expression that means something; that the template's own is odd is told too."""
    expected = f"{called(source)} with {intent.said(words) or 'an expression'}, which will fire again{left_out(gaps)}"
    if isinstance(seen, Absent):
        return _gone(expected, source)
    other = intent.differences(words, {"expression": seen.expression, "time zone": seen.timezone})
    if other:
        return Verdict.failed(expected=expected, actual=several(other), remedy="deploy the stack again to set it back")
    odd = flaw(seen.expression, now.date(), scheduler=source.scheduler)
    actual = f"{quote(seen.expression) or 'no expression'} in {quote(seen.timezone)}"
    if odd:
        remedy = "correct the expression in the template, then deploy"
        return Verdict.failed(expected=expected, actual=f"{actual}: {quote(odd)}", remedy=remedy)
    return Verdict.passed(expected=expected, actual=actual)


def judge_targets(
    seen: ScheduleSeen | Absent, _now: datetime, *, source: Source, aims: tuple[Aim, ...], gaps: tuple[str, ...]
) -> Verdict:
    """At least one, and each of the template's; a further one is only mentioned."""
    expected = f"{called(source)} calls {several(each.arn or each.id for each in aims)}{left_out(gaps)}"
    if isinstance(seen, Absent):
        return _gone(expected, source)
    lost = [each for each in aims if not calls(each, seen)]
    actual = several(each.arn for each in seen.targets)
    if lost or not seen.targets:
        remedy = "deploy the stack again; if the template has no target, give the rule one"
        return Verdict.failed(expected=expected, actual=f"it calls {actual}", remedy=remedy)
    return Verdict.passed(expected=expected, actual=f"it calls {actual}")


def judge_permitted(seen: Permissions, _now: datetime, *, rule: str, account: str, callees: tuple[str, ...]) -> Verdict:
    """Each policy surely allows the one action that it takes, for this rule's ARN."""
    expected = f"{several(callees)} let {SERVICE} in for {rule}"
    texts = {each.resource: each.text for each in seen.policies if isinstance(each, ResourcePolicy)}
    judged = {arn: lets_in(arn, texts.get(arn), rule=rule, account=account) for arn in callees}
    shut = [f"{arn}: {decision.why}" for arn, decision in judged.items() if not decision.allowed]
    if not shut:
        return Verdict.passed(expected=expected, actual=several(each.why for each in judged.values()))
    remedy = f"allow {SERVICE} in its policy, with aws:SourceArn {rule} and no source account, then deploy"
    return Verdict.failed(expected=expected, actual=several(shut), remedy=remedy)


def judge_dead_letters(
    seen: ScheduleSeen | Absent, _now: datetime, *, source: Source, aims: tuple[Aim, ...], gaps: tuple[str, ...]
) -> Verdict:
    """As the template says; where it says nothing, a queue or a retry policy that was set since."""
    expected = f"{called(source)} keeps what fails: {several(map(keeping, aims))}{left_out(gaps)}"
    if isinstance(seen, Absent):
        return _gone(expected, source)
    live = {aim: next((each for each in seen.targets if is_same(aim, each)), None) for aim in aims}
    amiss = [f"{aim.arn or aim.id} is not called" for aim, found in live.items() if found is None]
    amiss += [words for aim, found in live.items() if found is not None and (words := loses(aim, found))]
    if not amiss:
        return Verdict.passed(expected=expected, actual=f"as the template says, of {len(aims)}")
    remedy = "give the target a dead-letter queue and a retry policy in the template, then deploy"
    return Verdict.failed(expected=expected, actual=several(amiss), remedy=remedy)


def judge_ran(seen: RunsSeen | Absent, _now: datetime, *, source: Source) -> Verdict:
    """One call that was begun and did not fail for good is enough; what was never due has not been missed."""
    expected = f"{called(source)} did what was due"
    if isinstance(seen, Absent):
        return _gone(expected, source)
    if seen.due is None or seen.due <= seen.changed:
        actual = f"nothing was due since {seen.changed:%Y-%m-%d %H:%M} UTC, when its stack was deployed"
        return Verdict.passed(expected=expected, actual=actual)
    since = f"since {seen.due:%Y-%m-%d %H:%M} UTC"
    if seen.begun > seen.failed:
        return Verdict.passed(expected=expected, actual=f"{seen.begun - seen.failed} calls {since}")
    if seen.begun:
        remedy = "see why what it calls refused them: its policy, its errors, the rule's dead letters"
        return Verdict.failed(expected=expected, actual=f"all of {seen.begun} calls failed {since}", remedy=remedy)
    remedy = (
        "see who switched the rule off meanwhile (CloudTrail: DisableRule, PutRule), and do by hand what was not done"
    )
    return Verdict.failed(expected=expected, actual=f"no call {since}", remedy=remedy)


def checks(target: Target) -> Iterator[Check]:
    """Every promise about every rule with a schedule, then about every schedule of Scheduler."""
    for rule in target.of_type(RULE):
        if rule.properties.get("ScheduleExpression") is not None:
            yield from _of_rule(target, rule)
    for schedule in target.of_type(SCHEDULE):
        yield from _of_schedule(target, schedule)


def _of_rule(target: Target, rule: Resource) -> Iterator[Check]:
    bus, name = bus_and_name(rule)
    source = Source(region=rule.region, within=bus, name=name, scheduler=False)
    arn = arn_of_rule(target, rule)
    said = intent.items(rule.properties, "Targets")
    yield from _about(rule.place(arn), source, rule, tuple(aim_of(each) for each in said), ("Targets",))
    if not intent.text(rule.properties, "State").startswith("DISABLED"):
        yield ran(rule.place(arn), source=source, stack=rule.stack)
    callees = tuple(dict.fromkeys(callees_of(said)))
    if callees:
        yield permitted(rule.place(*callees), rule=arn, account=target.account, callees=callees)


def _of_schedule(target: Target, schedule: Resource) -> Iterator[Check]:
    """A schedule calls as a role, so no policy of what it calls is asked. Without its group it cannot be found."""
    said = schedule.properties
    if intent.gaps(said, "GroupName"):
        return
    group = intent.text(said, "GroupName") or "default"
    source = Source(region=schedule.region, within=group, name=schedule.physical_id, scheduler=True)
    arn = target.arn("scheduler", schedule.region, f"schedule/{group}/{schedule.physical_id}")
    yield from _about(schedule.place(arn), source, schedule, (aim_of(intent.part(said, "Target")),), ("Target",))


def _about(
    place: Place, source: Source, resource: Resource, aims: tuple[Aim, ...], path: tuple[str, ...]
) -> Iterator[Check]:
    said = resource.properties
    if not intent.text(said, "State").startswith("DISABLED"):
        yield enabled(place, source=source, gaps=intent.gaps(said, "State"))
    wanted = {"expression": intent.part(said, "ScheduleExpression")}
    wanted["time zone"] = intent.part(said, "ScheduleExpressionTimezone") or "UTC"
    words, gaps = intent.known(wanted)
    yield expression(place, source=source, words=words, gaps=gaps)
    open_aims = tuple(why for each in listed(said, path) for why in intent.gaps(each, "Arn"))
    yield targets(place, source=source, aims=aims, gaps=open_aims)
    if aims:
        kept = ("DeadLetterConfig", "RetryPolicy")
        open_keeping = tuple(why for each in listed(said, path) for key in kept for why in intent.gaps(each, key))
        yield dead_letters(place, source=source, aims=aims, gaps=open_keeping)


def _gone(expected: str, source: Source) -> Verdict:
    actual = f"there is no {called(source)} in {source.region}"
    remedy = "deploy the stack again; after a deletion by hand first remove it from the template, then deploy it anew"
    return Verdict.failed(expected=expected, actual=actual, remedy=remedy)


def _look(world: World, *, source: Source) -> ScheduleSeen | Absent:
    ask = world.aws.schedule if source.scheduler else world.aws.rule
    return ask(source.region, source.within, source.name)


def _look_runs(world: World, *, source: Source, stack: str) -> RunsSeen | Absent:
    """What was due too lately may not be counted yet; what was due before the last deploy was another template's."""
    rule, holder = _look(world, source=source), world.aws.stack(source.region, stack)
    if isinstance(rule, Absent):
        return rule
    if isinstance(holder, Absent):
        return holder
    when = _due(rule, world.clock.now() - _COUNTED_WITHIN)
    if when is None or when <= holder.updated:
        return RunsSeen(schedule=rule, changed=holder.updated, due=when)
    bus = () if source.within == "default" else (("EventBusName", source.within),)
    dimensions = (*bus, ("RuleName", source.name))
    begun, failed = together(
        *(partial(world.aws.counted, source.region, ("AWS/Events", each), dimensions, when) for each in _COUNTS)
    )
    return RunsSeen(schedule=rule, changed=holder.updated, due=when, begun=begun, failed=failed)


def _due(rule: ScheduleSeen, before: datetime) -> datetime | None:
    """An expression that means nothing is never due: schedules.expression says so."""
    try:
        return due(rule.expression, ZoneInfo(rule.timezone), before)
    except ValueError:
        return None


def _look_policies(world: World, *, callees: tuple[str, ...]) -> Permissions:
    return Permissions(policies=tuple(_policy(world, arn) for arn in callees))


def _policy(world: World, arn: str) -> ResourcePolicy | Absent:
    service, region = arn.split(":")[2:4]
    if service == "lambda":
        return world.aws.function_policy(region, arn)
    found = world.aws.queue(region, arn) if service == "sqs" else world.aws.topic(region, arn)
    match found:
        case QueueSeen(policy=text) | TopicSeen(policy=text):
            return ResourcePolicy(resource=arn, text=text)
        case Absent():
            return found


PROMISES = (enabled, expression, targets, permitted, dead_letters, ran)
