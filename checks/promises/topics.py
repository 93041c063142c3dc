"""Topics: there, closed to strangers, and every subscription confirmed and let in where it delivers to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import partial
from typing import Any

from checks import intent
from checks.evidence import Absent, QueueSeen, ResourcePolicy, TopicSeen, digest_of
from checks.likeness import checks_of, like, prop
from checks.model import Check, Promise, Resource, Sight, Target, Unresolved, Verdict, promise
from checks.policy import Request, bars_plain_http, decide, opens_to_everybody
from checks.wording import quote, several
from checks.world.ports import World

TOPIC = "AWS::SNS::Topic"
SUBSCRIPTION = "AWS::SNS::Subscription"
_READ = ("sns:GetTopicAttributes", "sns:ListSubscriptionsByTopic")
_SERVICE = "sns.amazonaws.com"
_MACHINES = {"sqs": "sqs:SendMessage", "lambda": "lambda:InvokeFunction"}


def _wanted(one: Resource) -> Mapping[str, object]:
    endpoint = prop(one, "Endpoint")
    return {
        "protocol": prop(one, "Protocol"),
        "topic": prop(one, "TopicArn"),
        "endpoint": digest_of(endpoint) if isinstance(endpoint, str) else endpoint,
        "filter": prop(one, "FilterPolicy"),
        "scope": prop(one, "FilterPolicyScope"),
        "raw": prop(one, "RawMessageDelivery"),
        "dead letters": prop(one, "RedrivePolicy"),
    }


def _machine(one: Resource) -> str:
    """The subscription's ARN where a machine receives: a person confirms one by hand, and it gets another ARN."""
    known = (
        intent.text(one.properties, "Protocol") in _MACHINES or intent.text(one.properties, "Protocol") == "firehose"
    )
    return one.physical_id if known and one.physical_id.startswith("arn:") else ""


ROWS = (
    like(
        "topics.subscription",
        SUBSCRIPTION,
        says="the subscription is confirmed and delivers what the template says, to where it says",
        severity="critical",
        source="AWS: a filter policy that matches nothing makes a confirmed subscription deliver nothing. Pitfall 79.",
        noun="subscription",
        actions=("sns:GetSubscriptionAttributes",),
        arn="{id}",
        good=("confirmed",),
        asked=_machine,
        wanted=_wanted,
        documents=("filter", "dead letters"),
    ),
)


@promise("topics.present", says="the topic exists", severity="critical", instrument="aws", actions=_READ)
def present(*, region: str, topic: str) -> Sight:
    """AWS: who publishes to a topic that is gone gets an error, and who subscribed hears nothing ever again."""
    return Sight(look=partial(_look, region=region, topic=topic), judge=partial(judge_present, topic=topic))


@promise(
    "topics.private",
    says="nobody from outside may publish to the topic or subscribe to it, whatever the template says",
    severity="critical",
    instrument="aws",
    actions=_READ,
)
def private(*, region: str, topic: str, account: str) -> Sight:
    """AWS: a topic that everybody may subscribe to tells everybody what goes wrong here ("SNS access policies")."""
    judge = partial(judge_private, topic=topic, account=account)
    return Sight(look=partial(_look, region=region, topic=topic), judge=judge)


@promise(
    "topics.tls_only",
    says="the topic refuses to be published to over plain HTTP, whatever the template says",
    severity="warning",
    instrument="aws",
    actions=_READ,
)
def tls_only(*, region: str, topic: str) -> Sight:
    """AWS: SNS answers over HTTP too unless the topic's policy denies it ("SNS security best practices")."""
    return Sight(look=partial(_look, region=region, topic=topic), judge=partial(judge_tls_only, topic=topic))


@promise(
    "topics.confirmed",
    says="as many people and machines have confirmed their subscriptions as the template subscribes",
    severity="warning",
    instrument="aws",
    actions=_READ,
)
def confirmed(*, region: str, topic: str, protocols: tuple[str, ...]) -> Sight:
    """Pitfall 79: a subscription is PendingConfirmation until its receiver says yes, and is deleted after 3 days."""
    judge = partial(judge_confirmed, region=region, topic=topic, protocols=protocols)
    return Sight(look=partial(_look, region=region, topic=topic), judge=judge)


@promise(
    "topics.delivers",
    says="the queue or function that subscribed lets this very topic in",
    severity="critical",
    instrument="aws",
    actions=("sqs:GetQueueAttributes", "lambda:GetPolicy"),
)
def delivers(*, topic: str, endpoint: str, account: str) -> Sight:
    """AWS: SNS retries what a queue or function refuses, then drops it, and the publisher was told "sent"."""
    judge = partial(judge_delivers, topic=topic, endpoint=endpoint, account=account)
    return Sight(look=partial(_look_endpoint, endpoint=endpoint), judge=judge)


def judge_present(seen: TopicSeen | Absent, _now: datetime, *, topic: str) -> Verdict:
    """There."""
    expected = f"topic {_name(topic)} exists"
    return _gone(expected, topic) if isinstance(seen, Absent) else Verdict.passed(expected=expected, actual="exists")


def judge_private(seen: TopicSeen | Absent, _now: datetime, *, topic: str, account: str) -> Verdict:
    """No statement that anybody could use."""
    expected = f"no statement that lets everybody use {_name(topic)}"
    if isinstance(seen, Absent):
        return _gone(expected, topic)
    public = opens_to_everybody(seen.policy, account=account)
    if not public:
        return Verdict.passed(expected=expected, actual="none")
    remedy = "take the statement out of the topic's policy, or narrow it by aws:SourceAccount; then deploy"
    return Verdict.failed(expected=expected, actual=several(public), remedy=remedy)


def judge_tls_only(seen: TopicSeen | Absent, _now: datetime, *, topic: str) -> Verdict:
    """Publishing, at the least, is denied to everybody over plain HTTP."""
    expected = f"the policy of {_name(topic)} denies everybody to publish over plain HTTP"
    if isinstance(seen, Absent):
        return _gone(expected, topic)
    told = [
        bars_plain_http(seen.policy, service="sns", resources=(topic,), action=each) for each in ("", "sns:Publish")
    ]
    shut = next((each for each in told if each.allowed), None)
    if shut:
        return Verdict.passed(expected=expected, actual=quote(shut.why))
    remedy = "deny sns:Publish to * on the topic where aws:SecureTransport is false (enforce_ssl), then deploy"
    return Verdict.failed(expected=expected, actual=quote(told[-1].why), remedy=remedy)


def judge_confirmed(
    seen: TopicSeen | Absent, _now: datetime, *, region: str, topic: str, protocols: tuple[str, ...]
) -> Verdict:
    """At least as many confirmed ones of each protocol."""
    expected = f"confirmed subscriptions to {_name(topic)}: {several(protocols)}"
    if isinstance(seen, Absent):
        return _gone(expected, topic)
    live = [protocol for protocol, state in seen.subscriptions if state == "confirmed"]
    short = [each for each in dict.fromkeys(protocols) if live.count(each) < protocols.count(each)]
    pending = sum(state == "pending" for _, state in seen.subscriptions)
    actual = f"{several(sorted(live))}; {pending} pending"
    if not short:
        return Verdict.passed(expected=expected, actual=actual)
    remedy = (
        f"confirm it from the message that was sent; else aws sns subscribe --region {region} --topic-arn {topic} …"
    )
    return Verdict.failed(expected=expected, actual=actual, remedy=remedy)


def judge_delivers(
    seen: QueueSeen | ResourcePolicy | Absent, _now: datetime, *, topic: str, endpoint: str, account: str
) -> Verdict:
    """Surely allowed, for this topic's ARN."""
    service = endpoint.split(":")[2]
    expected = f"{endpoint} lets {_SERVICE} in for {topic}"
    remedy = f"allow {_MACHINES[service]} to {_SERVICE} where aws:SourceArn is {topic}, then deploy"
    if isinstance(seen, Absent):
        return Verdict.failed(expected=expected, actual="it has no policy, or is gone", remedy=remedy)
    text = seen.policy if isinstance(seen, QueueSeen) else seen.text
    context = {"aws:sourcearn": topic, "aws:sourceaccount": account, "aws:securetransport": "true"}
    request = Request(service=_SERVICE, action=_MACHINES[service], resource=endpoint, context=context)
    decision = decide(text, request)
    if decision.allowed:
        return Verdict.passed(expected=expected, actual=quote(decision.why))
    return Verdict.failed(expected=expected, actual=quote(decision.why), remedy=remedy)


def checks(target: Target) -> Iterator[Check]:
    """Every topic with all that is subscribed to it, then every subscription of a machine."""
    # Whether anybody hears of an alarm is asked where alarms are.
    rung = {arn for each in target.of_type("AWS::CloudWatch::Alarm") for arn in _rings(each)}
    for topic in target.of_type(TOPIC):
        place, arn = topic.place(topic.physical_id), topic.physical_id
        yield present(place, region=topic.region, topic=arn)
        yield private(place, region=topic.region, topic=arn, account=target.account)
        yield tls_only(place, region=topic.region, topic=arn)
        protocols = tuple(sorted(_protocols(target, topic)))
        if protocols and topic.physical_id not in rung:
            yield confirmed(place, region=topic.region, topic=arn, protocols=protocols)
    yield from checks_of(target, ROWS)
    for one in target.of_type(SUBSCRIPTION):
        to, endpoint = (intent.text(one.properties, key) for key in ("TopicArn", "Endpoint"))
        if to and endpoint.split(":")[2:3] in [[each] for each in _MACHINES]:
            yield delivers(one.place(endpoint), topic=to, endpoint=endpoint, account=target.account)


def _rings(alarm: Resource) -> tuple[str, ...]:
    return intent.texts(alarm.properties, "AlarmActions")


def _protocols(target: Target, topic: Resource) -> Iterator[str]:
    """What the template subscribes, in the topic itself and beside it."""
    inside = topic.properties.get("Subscription")
    if not isinstance(inside, Unresolved):
        yield from (intent.text(each, "Protocol") for each in intent.items(inside))
    for one in target.of_type(SUBSCRIPTION):
        if intent.text(one.properties, "TopicArn") == topic.physical_id:
            yield intent.text(one.properties, "Protocol")


def _name(arn: str) -> str:
    return arn.rpartition(":")[2]


def _gone(expected: str, topic: str) -> Verdict:
    remedy = "deploy the stack again to make the topic; its subscribers must confirm anew"
    return Verdict.failed(expected=expected, actual=f"there is no topic {_name(topic)}", remedy=remedy)


def _look(world: World, *, region: str, topic: str) -> TopicSeen | Absent:
    return world.aws.topic(region, topic)


def _look_endpoint(world: World, *, endpoint: str) -> QueueSeen | ResourcePolicy | Absent:
    service, region = endpoint.split(":")[2:4]
    return world.aws.queue(region, endpoint) if service == "sqs" else world.aws.function_policy(region, endpoint)


PROMISES: tuple[Promise[Any], ...] = (present, private, tls_only, confirmed, *(each.promise for each in ROWS), delivers)
