"""Alarms: armed, watching the right thing, and heard by somebody."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import partial

from checks import intent
from checks.evidence import Absent, AlarmPath, AlarmSeen, TopicSeen
from checks.model import Check, Place, Resource, Sight, Target, Verdict, promise
from checks.telling import is_topic, lets_publish, place_of, region_of, topics_of
from checks.watching import GLOBAL, Pairs, aspects_of, intended, known_subjects, live_subjects
from checks.wording import left_out, quote, several, span
from checks.world.ports import World

_GLOBAL_REGION = "us-east-1"
_OPEN_IT = (
    "allow sns:Publish to the service cloudwatch.amazonaws.com under the condition aws:SourceAccount in the "
    "topic's policy (and in that of its KMS key); aws cloudwatch set-alarm-state --state-value ALARM tries it"
)


@promise(
    "alarms.armed",
    says="the alarm exists, may act, and acts as the template says",
    severity="critical",
    instrument="aws",
    actions=("cloudwatch:DescribeAlarms",),
)
def armed(*, region: str, alarm: str, actions: tuple[str, ...], gaps: tuple[str, ...]) -> Sight:
    """Pitfalls 76 and 79: actions left disabled after an incident, none at all, or none in the state ALARM."""
    judge = partial(judge_armed, region=region, alarm=alarm, actions=actions, gaps=gaps)
    return Sight(look=partial(_look_alarm, region=region, alarm=alarm), judge=judge)


@promise(
    "alarms.watches",
    says="the alarm watches the metric, threshold and missing data as the template says",
    severity="critical",
    instrument="aws",
    actions=("cloudwatch:DescribeAlarms",),
)
def watches(*, region: str, alarm: str, aspects: Pairs, gaps: tuple[str, ...]) -> Sight:
    """Pitfalls 77 and 78: another namespace, dimension or missing-data policy makes an alarm that never fires."""
    judge = partial(judge_watches, alarm=alarm, aspects=aspects, gaps=gaps)
    return Sight(look=partial(_look_alarm, region=region, alarm=alarm), judge=judge)


@promise(
    "alarms.subject",
    says="every dimension of the alarm that names a resource names one of this target, in the region of its metric",
    severity="critical",
    instrument="aws",
    actions=("cloudwatch:DescribeAlarms",),
)
def subject(*, region: str, alarm: str, known: Pairs, unknown: tuple[str, ...]) -> Sight:
    """Pitfalls 45 and 77: a dimension that names nothing leaves the alarm in INSUFFICIENT_DATA for ever."""
    judge = partial(judge_subject, region=region, known=known, unknown=unknown)
    return Sight(look=partial(_look_alarm, region=region, alarm=alarm), judge=judge)


@promise(
    "alarms.reaches",
    says="every topic that the alarm acts on exists and lets CloudWatch publish",
    severity="critical",
    instrument="aws",
    actions=("cloudwatch:DescribeAlarms", "sns:GetTopicAttributes", "sns:ListSubscriptionsByTopic"),
)
def reaches(*, region: str, alarm: str, account: str) -> Sight:
    """Pitfall 79: CloudWatch never tests its actions; a topic may be gone, elsewhere, closed or encrypted."""
    judge = partial(judge_reaches, region=region, account=account)
    return Sight(look=partial(_look_path, region=region, alarm=alarm), judge=judge)


@promise(
    "alarms.topic",
    says="the topic that alarms act on exists and lets CloudWatch publish",
    severity="critical",
    instrument="aws",
    actions=("sns:GetTopicAttributes", "sns:ListSubscriptionsByTopic"),
)
def topic(*, region: str, topic: str, alarm: str, account: str) -> Sight:
    """One cause for all the alarms that it makes mute. *alarm* is the ARN of one of them. Pitfall 79."""
    judge = partial(judge_topic, region=region, topic=topic, alarm=alarm, account=account)
    return Sight(look=partial(_look_topic, region=region, topic=topic), judge=judge)


@promise(
    "alarms.heard",
    says="somebody has confirmed a subscription to the topic that alarms act on",
    severity="warning",
    instrument="aws",
    actions=("sns:GetTopicAttributes", "sns:ListSubscriptionsByTopic"),
)
def heard(*, region: str, topic: str) -> Sight:
    """Pitfall 79: a subscription is PendingConfirmation until its receiver says yes, and gets nothing till then."""
    judge = partial(judge_heard, region=region, topic=topic)
    return Sight(look=partial(_look_topic, region=region, topic=topic), judge=judge)


@promise(
    "alarms.calm",
    says="the alarm is not in ALARM right now",
    severity="warning",
    instrument="aws",
    actions=("cloudwatch:DescribeAlarms",),
)
def calm(*, region: str, alarm: str) -> Sight:
    """An alarm that fires says itself what is wrong. INSUFFICIENT_DATA is not judged: a new alarm is in it."""
    judge = partial(judge_calm, region=region, alarm=alarm)
    return Sight(look=partial(_look_alarm, region=region, alarm=alarm), judge=judge)


def judge_armed(
    seen: AlarmSeen | Absent,
    _now: datetime,
    *,
    region: str,
    alarm: str,
    actions: tuple[str, ...],
    gaps: tuple[str, ...],
) -> Verdict:
    """Actions enabled, at least one, and every one of the template among them."""
    wanted = several(actions) if actions else "any topic or function"
    expected = f"alarm {alarm} with actions enabled, acting on {wanted}{left_out(gaps)}"
    if isinstance(seen, Absent):
        return _gone(expected, alarm)
    missing = [arn for arn in actions if arn not in seen.alarm_actions]
    if not seen.actions_enabled:
        remedy = f"aws cloudwatch enable-alarm-actions --region {region} --alarm-names '{alarm}'"
        return Verdict.failed(expected=expected, actual="its actions are disabled", remedy=remedy)
    if not seen.alarm_actions:
        remedy = "give the alarm an action in the template (add_alarm_action) and deploy"
        return Verdict.failed(expected=expected, actual="it has no action for the state ALARM", remedy=remedy)
    actual = f"enabled, acting on {several(seen.alarm_actions)}"
    if missing:
        return Verdict.failed(expected=expected, actual=actual, remedy="deploy the stack again to attach its actions")
    return Verdict.passed(expected=expected, actual=actual)


def judge_watches(
    seen: AlarmSeen | Absent, _now: datetime, *, alarm: str, aspects: Pairs, gaps: tuple[str, ...]
) -> Verdict:
    """Every aspect that the template fixes is the same in the live alarm."""
    expected = f"{'; '.join(f'{name} {value}' for name, value in aspects)}{left_out(gaps)}"
    if isinstance(seen, Absent):
        return _gone(expected, alarm)
    live = dict(aspects_of(seen))
    other = [f"{name} {live.get(name, 'missing')}" for name, value in aspects if live.get(name) != value]
    if other:
        remedy = "deploy the stack again to set the alarm back"
        return Verdict.failed(expected=expected, actual=several(other), remedy=remedy)
    return Verdict.passed(expected=expected, actual=f"the same in all {len(aspects)} aspects")


def judge_subject(
    seen: AlarmSeen | Absent, _now: datetime, *, region: str, known: Pairs, unknown: tuple[str, ...]
) -> Verdict:
    """Each dimension that stands for a resource is a *known* pair of name and value; *unknown* ones are left out."""
    expected = f"dimensions that name live resources in the region of their metric{left_out(unknown)}"
    if isinstance(seen, Absent):
        return _gone(expected, seen.what)
    named = live_subjects(seen)
    far = [name for name, _ in named if name in GLOBAL and region != _GLOBAL_REGION]
    if far:
        actual = f"{several(far)} has metrics in {_GLOBAL_REGION} alone, and the alarm is in {region}"
        remedy = f"define the alarm in a stack in {_GLOBAL_REGION}"
        return Verdict.failed(expected=expected, actual=actual, remedy=remedy)
    lost = [f"{name}={value}" for name, value in named if name not in unknown and (name, value) not in known]
    if lost or not named:
        actual = f"nothing here is {several(lost)}" if lost else "no dimension names a resource"
        remedy = "let the dimension refer to the resource itself in the template, then deploy"
        return Verdict.failed(expected=expected, actual=actual, remedy=remedy)
    return Verdict.passed(expected=expected, actual=several(f"{name}={value}" for name, value in named))


def judge_reaches(seen: AlarmPath | Absent, _now: datetime, *, region: str, account: str) -> Verdict:
    """Every topic is in the alarm's region, exists, is open to CloudWatch for this account, and not sealed."""
    expected = f"topics in {region} that let CloudWatch publish for account {account}"
    if isinstance(seen, Absent):
        return _gone(expected, seen.what)
    arns = topics_of(seen.alarm)
    if not arns:
        remedy = "attach a topic to the alarm in the template and deploy"
        return Verdict.failed(expected=expected, actual="the alarm acts on no topic", remedy=remedy)
    found = {each.arn: each for each in seen.topics if isinstance(each, TopicSeen)}
    judged = [lets_publish(arn, found.get(arn), alarm=seen.alarm.arn, region=region, account=account) for arn in arns]
    actual = several(decision.why for decision in judged)
    if all(decision.allowed for decision in judged):
        return Verdict.passed(expected=expected, actual=actual)
    return Verdict.failed(expected=expected, actual=actual, remedy=_OPEN_IT)


def judge_topic(
    seen: TopicSeen | Absent, _now: datetime, *, region: str, topic: str, alarm: str, account: str
) -> Verdict:
    """It is there, and open to CloudWatch for this account."""
    expected = f"topic {topic} lets CloudWatch publish for account {account}"
    found = None if isinstance(seen, Absent) else seen
    decision = lets_publish(topic, found, alarm=alarm, region=region, account=account)
    if decision.allowed:
        return Verdict.passed(expected=expected, actual=decision.why)
    remedy = _OPEN_IT if found else "deploy the stack again to make the topic; its subscribers must confirm anew"
    return Verdict.failed(expected=expected, actual=decision.why, remedy=remedy)


def judge_heard(seen: TopicSeen | Absent, _now: datetime, *, region: str, topic: str) -> Verdict:
    """One confirmed subscription is enough; pending ones are only mentioned."""
    expected = f"a confirmed subscription to {topic}"
    remedy = f"aws sns subscribe --region {region} --topic-arn {topic} …, then confirm it from the message that arrives"
    if isinstance(seen, Absent):
        return Verdict.failed(expected=expected, actual="the topic does not exist", remedy="deploy the stack again")
    confirmed = [protocol for protocol, state in seen.subscriptions if state == "confirmed"]
    pending = len(seen.subscriptions) - len(confirmed)
    actual = f"{len(confirmed)} confirmed ({several(sorted(set(confirmed)))}), {pending} pending"
    if confirmed:
        return Verdict.passed(expected=expected, actual=actual)
    return Verdict.failed(expected=expected, actual=actual, remedy=remedy)


def judge_calm(seen: AlarmSeen | Absent, now: datetime, *, region: str, alarm: str) -> Verdict:
    """Any state but ALARM."""
    expected = f"alarm {alarm} is not in ALARM"
    match seen:
        case Absent():
            return _gone(expected, alarm)
        case AlarmSeen(state="ALARM", state_changed=since):
            remedy = (
                f"aws cloudwatch describe-alarm-history --region {region} --alarm-name '{alarm}' says what happened"
            )
            actual = f"ALARM for {span(now - since)}" if since else "ALARM"
            return Verdict.failed(expected=expected, actual=actual, remedy=remedy)
        case AlarmSeen(state=state):
            return Verdict.passed(expected=expected, actual=quote(state))


def checks(target: Target) -> Iterator[Check]:
    """Every promise about every metric alarm, then about each topic that one of them acts on."""
    topics: dict[str, tuple[Place, str]] = {}
    for alarm in target.of_type("AWS::CloudWatch::Alarm"):
        acted_on = intent.texts(alarm.properties, "AlarmActions")
        sns = tuple(arn for arn in acted_on if is_topic(arn))
        yield from _about(target, alarm, acted_on, sns)
        for arn in sns:
            if region_of(arn) == alarm.region:
                arn_of_alarm = target.arn("cloudwatch", alarm.region, f"alarm:{alarm.physical_id}")
                topics.setdefault(arn, (place_of(target, alarm, arn), arn_of_alarm))
    for arn, (place, example) in topics.items():
        yield topic(place, region=place.region, topic=arn, alarm=example, account=target.account)
        yield heard(place, region=place.region, topic=arn)


def _about(target: Target, alarm: Resource, acted_on: tuple[str, ...], sns: tuple[str, ...]) -> Iterator[Check]:
    region, name = alarm.region, alarm.physical_id
    arn = target.arn("cloudwatch", region, f"alarm:{name}")
    place = alarm.place(arn)
    open_actions = intent.gaps(alarm.properties, "AlarmActions")
    yield armed(place, region=region, alarm=name, actions=acted_on, gaps=open_actions)
    fixed, gaps = intended(alarm)
    yield watches(place, region=region, alarm=name, aspects=fixed, gaps=gaps)
    if (named := known_subjects(target, alarm)) is not None:
        yield subject(place, region=region, alarm=name, known=named[0], unknown=named[1])
    if sns or open_actions:
        yield reaches(alarm.place(arn, *sns), region=region, alarm=name, account=target.account)
    yield calm(place, region=region, alarm=name)


def _gone(expected: str, alarm: str) -> Verdict:
    return Verdict.failed(
        expected=expected, actual=f"there is no alarm {quote(alarm)}", remedy="deploy the stack again to make the alarm"
    )


def _look_alarm(world: World, *, region: str, alarm: str) -> AlarmSeen | Absent:
    return world.aws.alarm(region, alarm)


def _look_topic(world: World, *, region: str, topic: str) -> TopicSeen | Absent:
    return world.aws.topic(region, topic)


def _look_path(world: World, *, region: str, alarm: str) -> AlarmPath | Absent:
    match world.aws.alarm(region, alarm):
        case Absent() as absent:
            return absent
        case AlarmSeen() as found:
            # A topic of another region cannot be acted on whatever it says, so it is not asked.
            near = (arn for arn in topics_of(found) if region_of(arn) == region)
            return AlarmPath(alarm=found, topics=tuple(world.aws.topic(region, arn) for arn in near))


PROMISES = (armed, watches, subject, reaches, topic, heard, calm)
