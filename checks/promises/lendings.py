"""The keys of queues and topics: whatever service writes into one may use the key that it is encrypted with."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import partial

from checks import intent
from checks.evidence import Absent, KmsKeySeen, QueueSeen, Sealed, TopicSeen, Unsealed
from checks.likeness import prop
from checks.model import Check, Resource, Sight, Target, Unresolved, Verdict, promise
from checks.senders import Senders, may_use, senders_of
from checks.wording import quote, several
from checks.world.ports import World

QUEUE, TOPIC = "AWS::SQS::Queue", "AWS::SNS::Topic"


@promise(
    "keys.lends",
    says="the key that a queue or topic is encrypted with lets in each service that writes into it",
    severity="critical",
    instrument="aws",
    actions=(
        *("sqs:GetQueueAttributes", "sns:GetTopicAttributes", "sns:ListSubscriptionsByTopic"),
        *("kms:DescribeKey", "kms:GetKeyPolicy"),
    ),
)
def lends(*, holder: str, account: str, senders: Senders) -> Sight:
    """AWS: what may not use the key is told that it sent, and what it sent is lost: an alarm, an event, a notice.

    Critical as the policies of queues and topics are, since it loses the same. *holder* is the ARN of the queue or
    topic; the key that is asked is the one that it has now, which need not be that of the template.
    """
    judge = partial(judge_lends, holder=holder, account=account, senders=senders)
    return Sight(look=partial(_look, holder=holder), judge=judge)


def judge_lends(
    seen: Sealed | Unsealed | Absent, _now: datetime, *, holder: str, account: str, senders: Senders
) -> Verdict:
    """Its policy surely lets every one of them; whoever has no key of KMS keeps nobody out."""
    name = quote(holder.rpartition(":")[2])
    services = several(dict.fromkeys(service for service, _ in senders))
    expected = f"the key of {name} lets {services} use it"
    if isinstance(seen, Absent):
        remedy = "deploy the stack again"
        return Verdict.failed(expected=expected, actual=f"there is no {name}", remedy=remedy)
    if isinstance(seen, Unsealed):
        return Verdict.passed(expected=expected, actual="it has no key of KMS, which keeps nobody out")
    key = seen.key
    if isinstance(key, Absent) or not key.owned or key.state != "Enabled":
        actual, remedy = _useless(seen.named, key)
        return Verdict.failed(expected=expected, actual=actual, remedy=remedy)
    made = [(one, may_use(key.arn, key.policy, sender=one, holder=holder, account=account)) for one in senders]
    barred = [(one, decision.why) for one, decision in made if not decision.allowed]
    if not barred:
        actual = several(dict.fromkeys(f"{service}: {decision.why}" for (service, _), decision in made))
        return Verdict.passed(expected=expected, actual=actual)
    remedy = (
        "allow kms:GenerateDataKey* and kms:Decrypt to the service in the policy of the key, then deploy; for "
        "EventBridge and a topic without aws:SourceArn and aws:SourceAccount, of which KMS is told nothing there"
    )
    return Verdict.failed(expected=expected, actual=several(_told(barred)), remedy=remedy)


def _useless(named: str, key: KmsKeySeen | Absent) -> tuple[str, str]:
    """Why a key can let nobody in whatever its policy says, and what to do about it."""
    if isinstance(key, Absent):
        return f"there is no key {quote(named)}", "encrypt it with a key that there is: deploy the stack again"
    if not key.owned:
        remedy = "encrypt it with a key of your own, whose policy can let services in, then deploy"
        return f"{quote(named)} is AWS's own key, which lets no other service in", remedy
    remedy = "aws kms cancel-key-deletion, then aws kms enable-key, before its waiting period is over"
    return f"key {quote(named)} is {quote(key.state) or 'in no state'}", remedy


def _told(barred: Iterable[tuple[tuple[str, str], str]]) -> Iterator[str]:
    """One line for all that a service sends for and that is barred alike."""
    found: dict[tuple[str, str], list[str]] = {}
    for (service, source), why in barred:
        found.setdefault((service, why), []).append(source.rpartition(":")[2])
    return (f"{service} for {several(sources, 3)}: {why}" for (service, why), sources in found.items())


def checks(target: Target) -> Iterator[Check]:
    """Each queue and topic that its template gives a key, and that a service writes into by itself."""
    writing = senders_of(target)
    for one in target.of_type(QUEUE, TOPIC):
        arn = one.physical_id
        if one.type == QUEUE:
            arn = target.arn("sqs", one.region, one.physical_id.rpartition("/")[2])
        if arn in writing and _sealed(one, target.account):
            # Any key of the account may have taken the place of the template's.
            place = one.place(arn, target.arn("kms", one.region, "key/*"))
            yield lends(place, holder=arn, account=target.account, senders=writing[arn])


def _sealed(one: Resource, account: str) -> bool:
    """A key of another account shows its policy to nobody here (KMS API reference, GetKeyPolicy)."""
    said = prop(one, "KmsMasterKeyId")
    key = intent.text(said)
    foreign = key.startswith("arn:") and f":{account}:" not in key
    return isinstance(said, Unresolved) or (bool(key) and not foreign)


def _look(world: World, *, holder: str) -> Sealed | Unsealed | Absent:
    service, region = holder.split(":")[2:4]
    found = world.aws.queue(region, holder) if service == "sqs" else world.aws.topic(region, holder)
    if isinstance(found, Absent):
        return found
    named = _key_of(found)
    return Sealed(holder=holder, named=named, key=world.aws.key(region, named)) if named else Unsealed(holder=holder)


def _key_of(found: QueueSeen | TopicSeen) -> str:
    return found.key if isinstance(found, TopicSeen) else dict(found.settings).get("KmsMasterKeyId", "")


PROMISES = (lends,)
