"""Whom a bucket tells of its objects, in one spelling for a template, for CDK's custom resource and for S3's answer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from checks import intent
from checks.model import Resource, Target

# CDK writes the notifications of a bucket into a resource of its own, in the words of S3's API.
_CUSTOM = "Custom::S3BucketNotifications"
_LISTS = (
    "LambdaConfigurations", "LambdaFunctionConfigurations",
    "QueueConfigurations", "TopicConfigurations",
)  # fmt: skip
_ARNS = ("Function", "LambdaFunctionArn", "Queue", "QueueArn", "Topic", "TopicArn")
_BUS = "EventBridgeConfiguration"


def notices_of(target: Target, bucket: Resource) -> object:
    """What the template wants the bucket to tell; Unresolved where a part of it is."""
    said = _said(target, bucket)
    if gaps := [each for each in said if intent.gaps(each)]:
        return gaps[0]
    return spelt_lines(line for each in said for line in told_by(each))


def listeners_of(target: Target, bucket: Resource) -> tuple[str, ...]:
    """The ARNs of those whom the template wants the bucket to tell, as far as they are known."""
    every = (one for each in _said(target, bucket) for key in _LISTS for one in intent.items(each, key))
    return tuple(dict.fromkeys(whom for one in every if (whom := _whom(one))))


def spelt_lines(lines: Iterable[str]) -> str:
    """Lines as the one text that is compared; ``nobody`` for none."""
    return "; ".join(sorted(lines)) or "nobody"


def told_by(configuration: object) -> list[str]:
    """``arn of s3:ObjectCreated:* below uploads/ ending .png``, a line for each event; sorted."""
    lines = [line for key in _LISTS for one in intent.items(configuration, key) for line in _lines(one)]
    bus = intent.part(configuration, _BUS)
    if isinstance(bus, Mapping) and intent.text(bus, "EventBridgeEnabled") != "false":
        lines.append("the event bus of everything")
    return sorted(lines)


def _said(target: Target, bucket: Resource) -> list[object]:
    """What the bucket's own template says, and what is written beside it."""
    beside = [
        each
        for each in target.of_type(_CUSTOM)
        if intent.text(each.properties, "BucketName") in {"", bucket.physical_id} and each.stack == bucket.stack
    ]
    said = [intent.part(bucket.properties, "NotificationConfiguration")]
    for each in beside:
        named = intent.part(each.properties, "BucketName")
        said.append(named if intent.gaps(named) else intent.part(each.properties, "NotificationConfiguration"))
    return said


def _whom(one: object) -> str:
    return next((intent.text(one, key) for key in _ARNS if intent.text(one, key)), "")


def _lines(one: object) -> Iterator[str]:
    whom = _whom(one) or "nobody"
    events = intent.texts(one, "Events") or (intent.text(one, "Event"),)
    rules = (*intent.items(one, "Filter", "S3Key", "Rules"), *intent.items(one, "Filter", "Key", "FilterRules"))
    words = {intent.text(each, "Name").lower(): intent.text(each, "Value") for each in rules}
    narrowed = f" below {words['prefix']}" if words.get("prefix") else ""
    narrowed += f" ending {words['suffix']}" if words.get("suffix") else ""
    yield from (f"{whom} of {event}{narrowed}" for event in events)
