"""Queues: there, as patient as the template says, and their dead letters seen by somebody."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import partial

from checks import intent
from checks.evidence import Absent, QueueSeen
from checks.model import Check, Resource, Sight, Target, Unresolved, Verdict, promise
from checks.policy import bars_plain_http
from checks.wording import left_out, quote, several
from checks.world.ports import World

QUEUE = "AWS::SQS::Queue"
_READ = ("sqs:GetQueueAttributes",)

# What SQS takes where a template is silent (CloudFormation reference, AWS::SQS::Queue).
_DEFAULTS: Mapping[str, str] = {
    "VisibilityTimeout": "30",
    "MessageRetentionPeriod": "345600",
    "DelaySeconds": "0",
    "ReceiveMessageWaitTimeSeconds": "0",
    "FifoQueue": "false",
}
_REDRIVE = ("deadLetterTargetArn", "maxReceiveCount")
# Where a template names the queue that failed work goes to, whatever fails.
_LEAVING = frozenset({"DeadLetterConfig", "OnFailure", "RedrivePolicy"})


@promise("queues.present", says="the queue exists", severity="critical", instrument="aws", actions=_READ)
def present(*, queue: str) -> Sight:
    """AWS: who sends to a queue that is not there gets an error; who polls it stops in silence. *queue* is its ARN."""
    return Sight(look=partial(_look, queue=queue), judge=partial(judge_present, queue=queue))


@promise(
    "queues.settings",
    says="the queue hides, keeps, delays and gives up messages as the template says",
    severity="critical",
    instrument="aws",
    actions=_READ,
)
def settings(*, queue: str, words: intent.Words, gaps: tuple[str, ...]) -> Sight:
    """AWS: hidden for less than the work takes, a message is worked on twice; without redrive, for ever."""
    judge = partial(judge_settings, queue=queue, words=words, gaps=gaps)
    return Sight(look=partial(_look, queue=queue), judge=judge)


@promise(
    "queues.tls_only",
    says="the queue refuses plain HTTP, for everybody and every action, whatever the template says",
    severity="warning",
    instrument="aws",
    actions=_READ,
)
def tls_only(*, queue: str) -> Sight:
    """AWS: SQS answers over HTTP too unless the queue's policy denies it ("SQS security best practices")."""
    return Sight(look=partial(_look, queue=queue), judge=partial(judge_tls_only, queue=queue))


@promise(
    "queues.empty_dead_letters",
    says="nothing lies in a queue that others leave their failures in",
    severity="warning",
    instrument="aws",
    actions=_READ,
)
def empty_dead_letters(*, queue: str) -> Sight:
    """Pitfall 84: what is in there failed for good, and is deleted unseen when its time is over."""
    return Sight(look=partial(_look, queue=queue), judge=partial(judge_empty, queue=queue))


def judge_present(seen: QueueSeen | Absent, _now: datetime, *, queue: str) -> Verdict:
    """There."""
    expected = f"queue {_name(queue)} exists"
    if isinstance(seen, Absent):
        return _gone(expected, queue)
    return Verdict.passed(expected=expected, actual="exists")


def judge_settings(
    seen: QueueSeen | Absent, _now: datetime, *, queue: str, words: intent.Words, gaps: tuple[str, ...]
) -> Verdict:
    """Every setting that the template fixes, by its name."""
    expected = f"queue {_name(queue)} with {several(f'{word} {value}' for word, value in words if value)}"
    expected += left_out(gaps)
    if isinstance(seen, Absent):
        return _gone(expected, queue)
    other = intent.differences(words, _live(seen))
    if not other:
        return Verdict.passed(expected=expected, actual=f"the same in all {len(words)}")
    remedy = "deploy the stack again; who changed it by hand is in CloudTrail (SetQueueAttributes)"
    return Verdict.failed(expected=expected, actual=several(other), remedy=remedy)


def judge_tls_only(seen: QueueSeen | Absent, _now: datetime, *, queue: str) -> Verdict:
    """Denied by its policy."""
    expected = f"the policy of queue {_name(queue)} denies everybody every action over plain HTTP"
    if isinstance(seen, Absent):
        return _gone(expected, queue)
    decision = bars_plain_http(seen.policy, service="sqs", resources=(queue,))
    if decision.allowed:
        return Verdict.passed(expected=expected, actual=quote(decision.why))
    remedy = "deny sqs:* to * on the queue where aws:SecureTransport is false (enforce_ssl), then deploy"
    actual = quote(decision.why) if seen.policy else "it has no policy"
    return Verdict.failed(expected=expected, actual=actual, remedy=remedy)


def judge_empty(seen: QueueSeen | Absent, _now: datetime, *, queue: str) -> Verdict:
    """Not one, whether it waits, is being read or is delayed."""
    expected = f"no message in {_name(queue)}"
    if isinstance(seen, Absent):
        return _gone(expected, queue)
    if seen.messages == 0:
        return Verdict.passed(expected=expected, actual="none")
    days = _days(dict(seen.settings).get("MessageRetentionPeriod", ""))
    remedy = f"read them before they are deleted{days}, cure the cause, then aws sqs start-message-move-task"
    return Verdict.failed(expected=expected, actual=f"about {seen.messages}", remedy=remedy)


def _days(seconds: str) -> str:
    known = seconds.isascii() and seconds.isdecimal() and len(seconds) < 8  # noqa: PLR2004 - a fortnight has seven digits
    return f" (each after {int(seconds) / 86_400:g} days)" if known else ""


def _live(seen: QueueSeen) -> Mapping[str, str]:
    said = dict(seen.settings)
    try:
        redrive = json.loads(said.get("RedrivePolicy", "{}"))
    except (ValueError, RecursionError):
        redrive = {}
    parts = {key: intent.text(redrive, key) for key in _REDRIVE}
    return {**_DEFAULTS, **said, **parts}


def checks(target: Target) -> Iterator[Check]:
    """Every promise about every queue; that it is empty only where something leaves its failures there."""
    left_with = frozenset(_left_with([each.properties for stack in target.stacks for each in stack.resources]))
    for queue in target.of_type(QUEUE):
        arn = target.arn("sqs", queue.region, queue.physical_id.rpartition("/")[2])
        place = queue.place(arn)
        yield present(place, queue=arn)
        words, gaps = intent.known(_wanted(queue))
        yield settings(place, queue=arn, words=words, gaps=gaps)
        yield tls_only(place, queue=arn)
        if arn in left_with:
            yield empty_dead_letters(place, queue=arn)


def _wanted(queue: Resource) -> Mapping[str, object]:
    said = queue.properties
    wanted = {key: _spelt(intent.part(said, key), default) for key, default in _DEFAULTS.items()}
    redrive = said.get("RedrivePolicy")
    return {**wanted, **{key: _spelt(intent.part(redrive, key), "") for key in _REDRIVE}}


def _spelt(value: object, default: str) -> object:
    if isinstance(value, Unresolved):
        return value
    return default if value is None else intent.text(value)


def _left_with(value: object, *, leaving: bool = False) -> Iterator[str]:
    """Every text below a key that says where failures go."""
    if isinstance(value, str):
        yield from (value,) if leaving else ()
    elif isinstance(value, Mapping):
        for key, each in value.items():
            yield from _left_with(each, leaving=leaving or key in _LEAVING)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _left_with(each, leaving=leaving)


def _name(arn: str) -> str:
    return arn.rpartition(":")[2]


def _gone(expected: str, queue: str) -> Verdict:
    remedy = "deploy the stack again; after a deletion by hand wait a minute and remove it from the template first"
    return Verdict.failed(expected=expected, actual=f"there is no queue {_name(queue)}", remedy=remedy)


def _look(world: World, *, queue: str) -> QueueSeen | Absent:
    return world.aws.queue(queue.split(":")[3], queue)


PROMISES = (present, settings, tls_only, empty_dead_letters)
