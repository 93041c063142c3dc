"""Which services of AWS write into the queues and topics of a target by themselves, and whether a key lets them.

A service that calls as a role (Scheduler, Pipes, Step Functions, a function's own) needs nothing of a key's policy but
what the role may: it is none of these.

Source: SQS Developer Guide, "Configure KMS permissions for AWS services"; SNS Developer Guide, "Enable compatibility
between event sources from AWS services and encrypted topics"; EventBridge User Guide, "Troubleshooting".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from checks import intent
from checks.errands import SERVICE, arn_of_rule, callees_of
from checks.model import Resource, Target
from checks.notices import listeners_of
from checks.policy import Decision, Request, decide

# Services, each with the ARN of what it sends for.
Senders = tuple[tuple[str, str], ...]
# Whom a service writes to, the service, and what it writes for.
_Sent = Iterator[tuple[str, str, str]]

ACTIONS = ("kms:GenerateDataKey", "kms:Decrypt")
_ALARMS, _BACKUP, _BUDGETS = "cloudwatch.amazonaws.com", "backup.amazonaws.com", "budgets.amazonaws.com"
_BUCKETS, _TOPICS = "s3.amazonaws.com", "sns.amazonaws.com"
_CONTEXTS = {"sqs": "kms:encryptioncontext:aws:sqs:arn", "sns": "kms:encryptioncontext:aws:sns:topicarn"}


def senders_of(target: Target) -> Mapping[str, Senders]:
    """Who writes by the templates' own word into which queue or topic, by its ARN; what is not known is left out."""
    found: dict[str, dict[tuple[str, str], None]] = {}
    for arn, service, source in _sent(target):
        if arn and source:
            found.setdefault(arn, {})[service, source] = None
    return {arn: tuple(sorted(every)) for arn, every in found.items()}


def may_use(key: str, policy: str, *, sender: tuple[str, str], holder: str, account: str) -> Decision:
    """Whether *policy*, of the ARN *key*, surely lets *sender* encrypt what it sends into the ARN *holder*."""
    context = _context(sender, holder, account)
    asked = (Request(service=sender[0], action=each, resource=key, context=context) for each in ACTIONS)
    made = [(each.action, decide(policy, each)) for each in asked]
    barred = next(((action, decision) for action, decision in made if not decision.allowed), None)
    if barred is not None:
        return Decision(allowed=False, why=f"{barred[0]}: {barred[1].why}")
    return made[0][1]


def _context(sender: tuple[str, str], holder: str, account: str) -> Mapping[str, str]:
    """What KMS is told of the request. Of a backup it is told the account, and of a rule's word to a topic neither.

    Source: SNS Developer Guide, as above, for EventBridge: aws:SourceAccount and aws:SourceArn in the policy of the key
    of a topic are not supported.
    """
    service, source = sender
    kind = holder.split(":")[2]
    silent = service == SERVICE and kind == "sns"
    return {
        **({} if silent else {"aws:sourceaccount": account}),
        **({} if silent or service == _BACKUP else {"aws:sourcearn": source}),
        _CONTEXTS[kind]: holder,
        "aws:principalisawsservice": "true",
        "aws:principalservicename": service,
        "aws:securetransport": "true",
    }


def _sent(target: Target) -> _Sent:
    yield from _by_rules(target)
    yield from _by_topics(target)
    yield from _by_buckets(target)
    yield from _by_alarms(target)
    yield from _by_others(target)


def _by_rules(target: Target) -> _Sent:
    for rule in target.of_type("AWS::Events::Rule"):
        for arn in callees_of(intent.items(rule.properties, "Targets")):
            yield arn, SERVICE, arn_of_rule(target, rule)
    for bus in target.of_type("AWS::Events::EventBus"):
        letters = intent.text(bus.properties, "DeadLetterConfig", "Arn")
        yield letters, SERVICE, target.arn("events", bus.region, f"event-bus/{bus.physical_id}")


def _by_topics(target: Target) -> _Sent:
    """What a topic says to a queue, and where it leaves what nobody took."""
    for topic in target.of_type("AWS::SNS::Topic"):
        for each in intent.items(topic.properties, "Subscription"):
            yield _inbox(each), _TOPICS, topic.physical_id
    for one in target.of_type("AWS::SNS::Subscription"):
        topic_arn = intent.text(one.properties, "TopicArn")
        yield _inbox(one.properties), _TOPICS, topic_arn
        yield intent.text(one.properties, "RedrivePolicy", "deadLetterTargetArn"), _TOPICS, topic_arn


def _inbox(said: object) -> str:
    return intent.text(said, "Endpoint") if intent.text(said, "Protocol") == "sqs" else ""


def _by_buckets(target: Target) -> _Sent:
    for bucket in target.of_type("AWS::S3::Bucket"):
        for arn in listeners_of(target, bucket):
            yield arn, _BUCKETS, f"arn:{target.partition}:s3:::{bucket.physical_id}"


def _by_alarms(target: Target) -> _Sent:
    for alarm in target.of_type("AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm"):
        for key in ("AlarmActions", "OKActions", "InsufficientDataActions"):
            for arn in intent.texts(alarm.properties, key):
                yield arn, _ALARMS, target.arn("cloudwatch", alarm.region, f"alarm:{alarm.physical_id}")


def _by_others(target: Target) -> _Sent:
    for vault in target.of_type("AWS::Backup::BackupVault"):
        arn = intent.text(vault.properties, "Notifications", "SNSTopicArn")
        yield arn, _BACKUP, target.arn("backup", vault.region, f"backup-vault:{vault.physical_id}")
    for budget in target.of_type("AWS::Budgets::Budget"):
        for arn in _told_of(budget):
            yield arn, _BUDGETS, target.arn("budgets", "", f"budget/{budget.physical_id}")


def _told_of(budget: Resource) -> Iterator[str]:
    for notice in intent.items(budget.properties, "NotificationsWithSubscribers"):
        for each in intent.items(notice, "Subscribers"):
            if intent.text(each, "SubscriptionType") == "SNS":
                yield intent.text(each, "Address")
