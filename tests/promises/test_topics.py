from __future__ import annotations

import json
from dataclasses import replace
from typing import Literal

import pytest

from checks.evidence import Absent, QueueSeen, ResourcePolicy, TopicSeen
from checks.model import Check, Resource
from checks.promises import topics
from tests.promises.worlds import ACCOUNT, NOW, REGION, planned, resource, target, world

TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:orders"
QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:work"
FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:work"
SEAL = {
    "Sid": "Seal",
    "Effect": "Deny",
    "Principal": "*",
    "Action": "sns:Publish",
    "Resource": TOPIC,
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}
OPEN = {"Sid": "Open", "Effect": "Allow", "Principal": "*", "Action": "sns:*", "Resource": TOPIC}
LETS_IN = {
    "Effect": "Allow",
    "Principal": {"Service": "sns.amazonaws.com"},
    "Action": "sqs:SendMessage",
    "Resource": QUEUE,
    "Condition": {"ArnEquals": {"aws:SourceArn": TOPIC}},
}


def _text(*statements: object) -> str:
    return json.dumps({"Statement": statements})


GOOD = TopicSeen(arn=TOPIC, policy=_text(SEAL), subscriptions=(("email", "confirmed"), ("sqs", "confirmed")))
GONE = Absent(what="topic")


def _subscription(protocol: str, endpoint: str) -> Resource:
    said = {"TopicArn": TOPIC, "Protocol": protocol, "Endpoint": endpoint}
    return resource(topics.SUBSCRIPTION, said, subject=f"To/{protocol}", physical_id=f"{TOPIC}:{protocol}")


def _checks(*more: Resource) -> dict[str, Check]:
    one = resource(topics.TOPIC, subject="Orders", physical_id=TOPIC)
    people = resource(
        topics.SUBSCRIPTION,
        {"TopicArn": TOPIC, "Protocol": "email", "Endpoint": "a@shop.test"},
        subject="To/email",
        physical_id="pending confirmation",
    )
    return planned(topics.checks(target(one, people, _subscription("sqs", QUEUE), *more)))


@pytest.mark.parametrize(
    ("promise", "seen", "status"),
    (
        ("present", GOOD, "pass"),
        ("present", GONE, "fail"),
        ("private", GOOD, "pass"),
        ("private", replace(GOOD, policy=_text(SEAL, OPEN)), "fail"),
        ("private", GONE, "fail"),
        ("tls_only", GOOD, "pass"),
        ("tls_only", replace(GOOD, policy=_text({**SEAL, "Action": "sns:*"})), "pass"),
        ("tls_only", replace(GOOD, policy=""), "fail"),
        ("tls_only", GONE, "fail"),
        ("confirmed", GOOD, "pass"),
        ("confirmed", replace(GOOD, subscriptions=(("email", "pending"), ("sqs", "confirmed"))), "fail"),
        ("confirmed", replace(GOOD, subscriptions=(("sqs", "confirmed"), ("sqs", "confirmed"))), "fail"),
        ("confirmed", GONE, "fail"),
    ),
)
def test_what_is_promised_of_a_topic(promise: str, seen: TopicSeen | Absent, status: str) -> None:
    """Both sides of each."""
    check = _checks()[f"topics.{promise}[Orders]"]
    found = check.sight.look(world({("topic", REGION, TOPIC): seen}))
    verdict = check.sight.judge(found, NOW)

    assert status == verdict.status
    assert bool(verdict.remedy) == (status != "pass")


@pytest.mark.parametrize(
    ("second", "third", "actual"),
    (
        ("confirmed", "confirmed", "email, email, sqs; 0 pending"),
        ("confirmed", "pending", "email, email; 1 pending"),
        ("pending", "pending", "email; 2 pending"),
    ),
)
def test_who_has_not_confirmed_yet_is_counted_apart(
    second: Literal["confirmed", "pending"], third: Literal["confirmed", "pending"], actual: str
) -> None:
    """Those who have are told by their protocols."""
    seen = replace(GOOD, subscriptions=(("email", "confirmed"), ("email", second), ("sqs", third)))

    assert actual == _checks()["topics.confirmed[Orders]"].sight.judge(seen, NOW).actual


@pytest.mark.parametrize(
    ("seen", "status"),
    (
        (_text(LETS_IN), "pass"),
        (_text({**LETS_IN, "Condition": {"ArnEquals": {"aws:SourceArn": f"{TOPIC}-old"}}}), "fail"),
        (_text(), "fail"),
        ("", "fail"),
    ),
    ids=("let in", "another topic", "no statement", "no policy"),
)
def test_a_queue_lets_in_the_topic_that_it_subscribed_to(seen: str, status: str) -> None:
    """By its policy; the publisher is told "sent" either way."""
    check = _checks()["topics.delivers[To/sqs]"]
    queue = QueueSeen(arn=QUEUE, policy=seen, settings=(), messages=0)
    found = check.sight.look(world({("queue", REGION, QUEUE): queue}))

    assert status == check.sight.judge(found, NOW).status
    assert "fail" == check.sight.judge(Absent(what="queue"), NOW).status


def test_a_function_lets_in_the_topic_that_it_subscribed_to() -> None:
    """By the policy that Lambda keeps for it."""
    check = _checks(_subscription("lambda", FUNCTION))["topics.delivers[To/lambda]"]
    statement = {**LETS_IN, "Action": "lambda:InvokeFunction", "Resource": FUNCTION}
    policy = ResourcePolicy(resource=FUNCTION, text=_text(statement))

    assert (
        "pass"
        == check.sight.judge(check.sight.look(world({("function_policy", REGION, FUNCTION): policy})), NOW).status
    )


def test_a_person_is_asked_for_by_counting() -> None:
    """Whoever confirms gets an ARN that the template cannot know; where it leads is nobody's business."""
    checks = _checks()

    assert "topics.subscription[To/email]" not in checks
    assert ("email", "sqs") == checks["topics.confirmed[Orders]"].params["protocols"]
    assert "shop.test" not in repr(checks)


def test_who_hears_of_alarms_is_asked_where_alarms_are() -> None:
    """One question is asked once."""
    alarm = resource("AWS::CloudWatch::Alarm", {"AlarmActions": [TOPIC]}, subject="Alarm")

    assert "topics.confirmed[Orders]" not in _checks(alarm)
