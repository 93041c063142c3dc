"""Who writes into queues and topics by itself, and whom a key lets in for it."""

from __future__ import annotations

import json

import pytest

from checks.model import Resource, Unresolved
from checks.senders import may_use, senders_of
from tests.stacks import arn, resource, target

QUEUE, TOPIC = arn("sqs", "left-1"), arn("sns", "told-1")
ACCOUNT, REGION = QUEUE.split(":")[4], QUEUE.split(":")[3]
KEY = arn("kms", "key/k1")
EVENTS, TOPICS, BUCKETS = "events.amazonaws.com", "sns.amazonaws.com", "s3.amazonaws.com"
ALARMS, BACKUP, BUDGETS = "cloudwatch.amazonaws.com", "backup.amazonaws.com", "budgets.amazonaws.com"
RULE = arn("events", "rule/daily")

WRITING: dict[str, tuple[Resource, str, tuple[str, str]]] = {
    "a rule": (resource("Events::Rule", "Daily", "daily", Targets=[{"Arn": QUEUE}]), QUEUE, (EVENTS, RULE)),
    "a rule on a bus of its own": (
        resource("Events::Rule", "Daily", "orders|daily", Targets=[{"Arn": TOPIC}]),
        TOPIC,
        (EVENTS, arn("events", "rule/orders/daily")),
    ),
    "a rule's dead letters": (
        resource(
            "Events::Rule", "Daily", "daily", Targets=[{"Arn": "x", "RoleArn": "r", "DeadLetterConfig": {"Arn": QUEUE}}]
        ),
        QUEUE,
        (EVENTS, RULE),
    ),
    "a bus's dead letters": (
        resource("Events::EventBus", "Orders", "orders", DeadLetterConfig={"Arn": QUEUE}),
        QUEUE,
        (EVENTS, arn("events", "event-bus/orders")),
    ),
    "a subscription": (
        resource("SNS::Subscription", "Sub", Protocol="sqs", TopicArn=TOPIC, Endpoint=QUEUE),
        QUEUE,
        (TOPICS, TOPIC),
    ),
    "a subscription within its topic": (
        resource("SNS::Topic", "Told", TOPIC, Subscription=[{"Protocol": "sqs", "Endpoint": QUEUE}]),
        QUEUE,
        (TOPICS, TOPIC),
    ),
    "a subscription's dead letters": (
        resource(
            "SNS::Subscription",
            "Sub",
            Protocol="lambda",
            TopicArn=TOPIC,
            Endpoint="arn:f",
            RedrivePolicy={"deadLetterTargetArn": QUEUE},
        ),
        QUEUE,
        (TOPICS, TOPIC),
    ),
    "a bucket and a queue": (
        resource(
            "S3::Bucket",
            "Files",
            "files-1",
            NotificationConfiguration={"QueueConfigurations": [{"Event": "s3:ObjectCreated:*", "Queue": QUEUE}]},
        ),
        QUEUE,
        (BUCKETS, "arn:aws:s3:::files-1"),
    ),
    "a bucket and a topic": (
        resource(
            "S3::Bucket",
            "Files",
            "files-1",
            NotificationConfiguration={"TopicConfigurations": [{"Event": "s3:ObjectCreated:*", "Topic": TOPIC}]},
        ),
        TOPIC,
        (BUCKETS, "arn:aws:s3:::files-1"),
    ),
    "an alarm": (
        resource("CloudWatch::Alarm", "Errors", "errors", AlarmActions=[TOPIC]),
        TOPIC,
        (ALARMS, arn("cloudwatch", "alarm:errors")),
    ),
    "an alarm that is over": (
        resource("CloudWatch::Alarm", "Errors", "errors", OKActions=[TOPIC]),
        TOPIC,
        (ALARMS, arn("cloudwatch", "alarm:errors")),
    ),
    "an alarm without data": (
        resource("CloudWatch::Alarm", "Errors", "errors", InsufficientDataActions=[TOPIC]),
        TOPIC,
        (ALARMS, arn("cloudwatch", "alarm:errors")),
    ),
    "an alarm over alarms": (
        resource("CloudWatch::CompositeAlarm", "All", "all", AlarmActions=[TOPIC]),
        TOPIC,
        (ALARMS, arn("cloudwatch", "alarm:all")),
    ),
    "a vault": (
        resource("Backup::BackupVault", "Vault", "vault-1", Notifications={"SNSTopicArn": TOPIC}),
        TOPIC,
        (BACKUP, arn("backup", "backup-vault:vault-1")),
    ),
    "a budget": (
        resource(
            "Budgets::Budget",
            "Costs",
            "costs-1",
            NotificationsWithSubscribers=[
                {
                    "Subscribers": [
                        {"SubscriptionType": "EMAIL", "Address": "a@shop.test"},
                        {"SubscriptionType": "SNS", "Address": TOPIC},
                    ]
                }
            ],
        ),
        TOPIC,
        (BUDGETS, f"arn:aws:budgets::{ACCOUNT}:budget/costs-1"),
    ),
}


@pytest.mark.parametrize("name", WRITING)
def test_whoever_writes_by_itself_is_found(name: str) -> None:
    """With the service that it is, and the ARN of what it writes for."""
    one, holder, sender = WRITING[name]

    assert {holder: (sender,)} == dict(senders_of(target(one)))


def test_all_who_write_into_one_are_told_each_once() -> None:
    """In one order, whichever stands first in a template."""
    twice = resource("Events::Rule", "Daily", "daily", Targets=[{"Arn": QUEUE}, {"Arn": QUEUE}])
    other = resource("Events::Rule", "Aged", "aged", Targets=[{"Arn": QUEUE}])

    assert {QUEUE: ((EVENTS, arn("events", "rule/aged")), (EVENTS, RULE))} == dict(senders_of(target(twice, other)))


@pytest.mark.parametrize(
    "one",
    (
        resource("Events::Rule", "Daily", "daily", Targets=[{"Arn": QUEUE, "RoleArn": "arn:r"}]),
        resource("Events::Rule", "Daily", "daily", Targets=[{"Arn": Unresolved("other stack")}]),
        resource("Scheduler::Schedule", "Daily", Target={"Arn": QUEUE, "RoleArn": "arn:r"}),
        resource("SNS::Subscription", "Sub", Protocol="email", TopicArn=TOPIC, Endpoint="a@shop.test"),
        resource("SNS::Subscription", "Sub", Protocol="sqs", TopicArn=Unresolved("other stack"), Endpoint=QUEUE),
        resource("S3::Bucket", "Files", "files-1"),
        resource("Backup::BackupVault", "Vault", "vault-1"),
        resource("Budgets::Budget", "Costs", "costs-1"),
    ),
    ids=(
        "as a role",
        "into what is not known",
        "a schedule, as its role",
        "to a person",
        "from what is not known",
        "a bucket that tells nobody",
        "a vault that tells nobody",
        "a budget that tells nobody",
    ),
)
def test_who_writes_as_a_role_or_from_nowhere_known_is_left_out(one: Resource) -> None:
    """What cannot be compared proves nothing."""
    assert {} == dict(senders_of(target(one)))


def _policy(**more: object) -> str:
    given = {"Sid": "Lend", "Effect": "Allow", "Principal": {"AWS": "*"}, "Resource": "*"}
    return json.dumps({"Statement": {**given, "Action": ["kms:Decrypt", "kms:GenerateDataKey*"], **more}})


@pytest.mark.parametrize(
    ("sender", "holder", "condition", "allowed"),
    (
        ((EVENTS, RULE), QUEUE, {"StringEquals": {"aws:SourceAccount": ACCOUNT}}, True),
        ((EVENTS, RULE), QUEUE, {"ArnEquals": {"aws:SourceArn": RULE}}, True),
        ((EVENTS, RULE), QUEUE, {"ArnEquals": {"aws:SourceArn": f"{RULE}2"}}, False),
        ((EVENTS, RULE), TOPIC, {"StringEquals": {"aws:SourceAccount": ACCOUNT}}, False),
        ((EVENTS, RULE), TOPIC, {"ArnEquals": {"aws:SourceArn": RULE}}, False),
        ((EVENTS, RULE), TOPIC, None, True),
        ((ALARMS, "arn:alarm"), TOPIC, {"ArnLike": {"aws:SourceArn": "arn:al*"}}, True),
        ((ALARMS, "arn:alarm"), TOPIC, {"StringEquals": {"aws:SourceAccount": "444455556666"}}, False),
        ((BACKUP, "arn:vault"), TOPIC, {"StringEquals": {"aws:SourceAccount": ACCOUNT}}, True),
        ((BACKUP, "arn:vault"), TOPIC, {"ArnEquals": {"aws:SourceArn": "arn:vault"}}, False),
        ((TOPICS, TOPIC), QUEUE, {"StringEquals": {"kms:EncryptionContext:aws:sqs:arn": QUEUE}}, True),
        ((TOPICS, TOPIC), QUEUE, {"StringEquals": {"kms:EncryptionContext:aws:sqs:arn": TOPIC}}, False),
        ((ALARMS, "arn:alarm"), TOPIC, {"StringEquals": {"kms:EncryptionContext:aws:sns:topicArn": TOPIC}}, True),
        ((ALARMS, "arn:alarm"), TOPIC, {"StringEquals": {"kms:ViaService": f"sns.{REGION}.amazonaws.com"}}, False),
        ((ALARMS, "arn:alarm"), TOPIC, {"Bool": {"aws:PrincipalIsAWSService": "true"}}, True),
        ((ALARMS, "arn:alarm"), TOPIC, {"StringEquals": {"aws:PrincipalServiceName": ALARMS}}, True),
        ((ALARMS, "arn:alarm"), TOPIC, {"Bool": {"aws:SecureTransport": "true"}}, True),
    ),
)
def test_a_key_lends_under_conditions_that_the_service_fulfils(
    sender: tuple[str, str],
    holder: str,
    condition: object,
    allowed: bool,  # noqa: FBT001 - a column of the table
) -> None:
    """AWS: KMS is told neither account nor rule where EventBridge writes into a topic; what is not seen proves nothing.

    Of a backup it is told the account alone, and what KMS is told by way of which service it is asked is not known.
    """
    policy = _policy(Condition=condition) if condition else _policy()

    assert allowed == may_use(KEY, policy, sender=sender, holder=holder, account=ACCOUNT).allowed


@pytest.mark.parametrize(
    ("actions", "why"),
    (
        (["kms:*"], "allowed by statement Lend"),
        (["kms:GenerateDataKey"], "kms:Decrypt: no statement allows it"),
        (["kms:Decrypt", "kms:Encrypt"], "kms:GenerateDataKey: no statement allows it"),
        ([], "kms:GenerateDataKey: no statement allows it"),
    ),
)
def test_both_actions_are_needed(actions: list[str], why: str) -> None:
    """One to encrypt with, and one to verify it (SQS and SNS Developer Guides)."""
    decision = may_use(KEY, _policy(Action=actions), sender=(TOPICS, TOPIC), holder=QUEUE, account=ACCOUNT)

    assert ("Lend" in why, why) == (decision.allowed, decision.why)


@pytest.mark.parametrize(("resource_said", "allowed"), (("*", True), (KEY, True), (f"{KEY}2", False)))
def test_the_statement_is_about_this_key(resource_said: str, allowed: bool) -> None:  # noqa: FBT001 - a column
    """By its ARN, or about every key that carries it."""
    policy = _policy(Resource=resource_said)

    assert allowed == may_use(KEY, policy, sender=(TOPICS, TOPIC), holder=QUEUE, account=ACCOUNT).allowed


@pytest.mark.parametrize(("named", "allowed"), ((TOPICS, True), (EVENTS, False)))
def test_the_statement_is_for_this_service(named: str, allowed: bool) -> None:  # noqa: FBT001 - a column
    """Another service's leave is none."""
    policy = _policy(Principal={"Service": named})

    assert allowed == may_use(KEY, policy, sender=(TOPICS, TOPIC), holder=QUEUE, account=ACCOUNT).allowed
