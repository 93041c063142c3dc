"""What SQS says of queues, KMS of keys, and CloudWatch Logs of log groups."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest

from checks import evidence as seen
from checks.model import CannotLook
from checks.world.aws import RealAws
from tests.world.scripted_aws import Make, Reply, error, json_reply

REGION = "af-south-1"
ACCOUNT = "123456789012"
ARN = f"arn:aws:sqs:{REGION}:{ACCOUNT}:jobs"
ATTRIBUTES = {"QueueArn": ARN, "ApproximateNumberOfMessages": "2", "VisibilityTimeout": "30", "CreatedTimestamp": "1"}


def client(service: str) -> Any:  # noqa: ANN401 - boto3 makes its clients at run time
    """Whoever makes the things that are looked at."""
    make: Any = boto3.client
    return make(service, region_name=REGION)


def test_a_queue_is_seen_with_its_settings_and_messages(emulated: RealAws) -> None:
    """Waiting ones are counted, and what changes by itself is no setting."""
    sqs = client("sqs")
    url = sqs.create_queue(QueueName="jobs", Attributes={"VisibilityTimeout": "45"})["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="one")
    sqs.send_message(QueueUrl=url, MessageBody="later", DelaySeconds=60)

    queue = emulated.queue(REGION, ARN)

    assert isinstance(queue, seen.QueueSeen)
    assert (ARN, "", 2) == (queue.arn, queue.policy, queue.messages)
    assert ("45", "345600") == (
        dict(queue.settings)["VisibilityTimeout"],
        dict(queue.settings)["MessageRetentionPeriod"],
    )
    assert not {"QueueArn", "CreatedTimestamp", "ApproximateNumberOfMessages"} & set(dict(queue.settings))


def test_a_queue_that_is_not_there_is_absent(emulated: RealAws) -> None:
    """By its ARN."""
    assert seen.Absent(what=f"queue {ARN}") == emulated.queue(REGION, ARN)


def test_the_new_name_of_that_answer_is_understood(told: Make) -> None:
    """SQS has two, one for each protocol."""
    asked, _ = told(error("QueueDoesNotExist"))

    assert seen.Absent(what=f"queue {ARN}") == asked.queue(REGION, ARN)


@pytest.mark.parametrize(
    ("arn", "url"),
    (
        (ARN, f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/jobs"),
        ("arn:aws-cn:sqs:cn-north-1:1:jobs", "https://sqs.cn-north-1.amazonaws.com.cn/1/jobs"),
    ),
)
def test_a_queue_is_asked_by_its_address(told: Make, arn: str, url: str) -> None:
    """Which follows from its ARN in every partition."""
    asked, endpoint = told(json_reply({"Attributes": ATTRIBUTES}))

    found = asked.queue(REGION, arn)

    assert seen.QueueSeen(arn=ARN, policy="", settings=(("VisibilityTimeout", "30"),), messages=2) == found
    assert url == json.loads(endpoint.requests[0].body)["QueueUrl"]


@pytest.mark.parametrize("key", ("QueueArn", "ApproximateNumberOfMessages"))
def test_a_queue_that_does_not_say_is_not_empty(told: Make, key: str) -> None:
    """A count that is missing is not nought."""
    asked, _ = told(json_reply({"Attributes": {name: value for name, value in ATTRIBUTES.items() if name != key}}))

    with pytest.raises(CannotLook, match="does not look like AWS"):
        asked.queue(REGION, ARN)


KEY = {"Arn": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/k1", "KeyId": "k1", "KeyState": "Enabled"}


def test_a_key_is_seen_with_its_policy(emulated: RealAws) -> None:
    """By its id, its ARN and its alias; once it is to be deleted it says so."""
    kms = client("kms")
    policy = json.dumps({"Version": "2012-10-17", "Statement": []})
    key = kms.create_key(Policy=policy)["KeyMetadata"]
    kms.create_alias(AliasName="alias/own", TargetKeyId=key["KeyId"])
    expected = seen.KmsKeySeen(arn=key["Arn"], state="Enabled", owned=True, policy=policy)

    assert [expected] * 3 == [emulated.key(REGION, each) for each in (key["KeyId"], key["Arn"], "alias/own")]
    kms.schedule_key_deletion(KeyId=key["KeyId"])
    later = emulated.again().key(REGION, "alias/own")
    assert isinstance(later, seen.KmsKeySeen)
    assert "PendingDeletion" == later.state


def test_a_policy_is_asked_for_by_the_arn_of_its_key(told: Make) -> None:
    """KMS API reference, GetKeyPolicy: an alias is no name for it. A key of AWS is told from one's own."""
    asked, endpoint = told(json_reply({"KeyMetadata": {**KEY, "KeyManager": "AWS"}}), json_reply({"Policy": "{}"}))

    assert seen.KmsKeySeen(arn=KEY["Arn"], state="Enabled", owned=False, policy="{}") == asked.key(REGION, "alias/a")
    assert [{"KeyId": "alias/a"}, {"KeyId": KEY["Arn"], "PolicyName": "default"}] == [
        json.loads(each.body) for each in endpoint.requests
    ]


@pytest.mark.parametrize("before", ((), (json_reply({"KeyMetadata": KEY}),)), ids=("never", "since a moment ago"))
def test_a_key_that_is_not_there_is_absent(told: Make, before: tuple[Reply, ...]) -> None:
    """By the name that it was asked by."""
    asked, _ = told(*before, error("NotFoundException"))

    assert seen.Absent(what="key alias/gone in af-south-1") == asked.key(REGION, "alias/gone")


@pytest.mark.parametrize(
    "replies",
    (
        (json_reply({}),),
        (json_reply({"KeyMetadata": {"Arn": "a"}}),),
        (json_reply({"KeyMetadata": KEY}), json_reply({})),
        (json_reply({"KeyMetadata": KEY}), error("AccessDeniedException")),
    ),
)
def test_a_key_that_cannot_be_seen_whole_is_not_judged(told: Make, replies: tuple[Reply, ...]) -> None:
    """Neither by half an answer, nor without its policy."""
    asked, _ = told(*replies)

    with pytest.raises(CannotLook):
        asked.key(REGION, "k1")


def test_a_log_group_is_the_one_of_exactly_that_name(emulated: RealAws) -> None:
    """Not one that begins like it; without retention it keeps everything for ever."""
    logs = client("logs")
    logs.create_log_group(logGroupName="/app/api-old")
    assert seen.Absent(what="log group /app/api in af-south-1") == emulated.log_group(REGION, "/app/api")

    logs.create_log_group(logGroupName="/app/api")
    logs.put_retention_policy(logGroupName="/app/api", retentionInDays=30)
    afresh = emulated.again()

    assert seen.LogGroupSeen(name="/app/api", days=30) == afresh.log_group(REGION, "/app/api")
    assert seen.LogGroupSeen(name="/app/api-old", days=None) == afresh.log_group(REGION, "/app/api-old")


def _page(*names: str, token: str = "") -> Reply:
    more = {"nextToken": token} if token else {}
    return json_reply({"logGroups": [{"logGroupName": name, "retentionInDays": 7} for name in names], **more})


def test_log_groups_are_read_until_it_is_found(told: Make) -> None:
    """No page more."""
    asked, endpoint = told(_page("a1", "a2", token="t"), _page("a", token="u"), _page())

    assert seen.LogGroupSeen(name="a", days=7) == asked.log_group(REGION, "a")
    assert 2 == len(endpoint.requests)


def test_a_log_group_that_no_page_has_is_absent(told: Make) -> None:
    """The last page must have been read for that."""
    asked, endpoint = told(_page("a1", token="t"), _page("a2"))

    assert seen.Absent(what="log group a in af-south-1") == asked.log_group(REGION, "a")
    assert 2 == len(endpoint.requests)


def test_a_log_group_without_a_name_is_none_of_aws(told: Make) -> None:
    """Whoever wrote it."""
    asked, _ = told(json_reply({"logGroups": [{"retentionInDays": 7}]}))

    with pytest.raises(CannotLook, match="does not look like AWS"):
        asked.log_group(REGION, "a")
