"""What SQS says of queues, without taking a message."""

from __future__ import annotations

from collections.abc import Mapping

from checks import evidence as seen
from checks.world.aws.wire import Ask, Asking, shaped

ATTRIBUTES = Ask(
    service="sqs",
    operation="GetQueueAttributes",
    needs=("Attributes",),
    gone=("AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"),
)

_COUNTS = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)
_ELSEWHERE = frozenset({*_COUNTS, "QueueArn", "Policy", "CreatedTimestamp", "LastModifiedTimestamp"})


def queue(asking: Asking, region: str, arn: str) -> seen.QueueSeen | seen.Absent:
    """One queue. The counts are approximate, and settle a minute after the last message came or went."""
    answer = asking.call(ATTRIBUTES, region, QueueUrl=_url(arn), AttributeNames=["All"])
    if answer is None:
        return seen.Absent(what=f"queue {arn}")
    return shaped(ATTRIBUTES, region, lambda: _queue(answer["Attributes"]))


def _url(arn: str) -> str:
    """SQS finds the account and the name in it; where the request goes is the client's endpoint."""
    _, partition, _, region, account, name = arn.split(":", 5)
    domain = "amazonaws.com.cn" if partition == "aws-cn" else "amazonaws.com"
    return f"https://sqs.{region}.{domain}/{account}/{name}"


def _queue(attributes: Mapping[str, str]) -> seen.QueueSeen:
    return seen.QueueSeen(
        arn=attributes["QueueArn"],
        policy=attributes.get("Policy", ""),
        settings=tuple(sorted((name, value) for name, value in attributes.items() if name not in _ELSEWHERE)),
        messages=int(attributes[_COUNTS[0]]) + sum(int(attributes.get(name, "0")) for name in _COUNTS[1:]),
    )
