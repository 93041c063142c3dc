"""Whom a bucket tells, and who owns what is in it."""

from __future__ import annotations

import pytest

from checks.evidence import Absent, Described
from checks.model import Check, Resource, Unresolved
from checks.notices import spelt_lines, told_by
from checks.promises import bucket_rules
from tests.promises.worlds import ACCOUNT, HOSTILE, NOW, REGION, planned, resource, target, world

FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:shop"
QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:work"
OURS = {
    "LambdaConfigurations": [
        {
            "Function": FUNCTION,
            "Event": "s3:ObjectCreated:*",
            "Filter": {"S3Key": {"Rules": [{"Name": "prefix", "Value": "in/"}, {"Name": "suffix", "Value": ".png"}]}},
        }
    ],
    "QueueConfigurations": [{"Queue": QUEUE, "Event": "s3:ObjectRemoved:*"}],
}
THEIRS = {
    "QueueConfigurations": [{"Id": "a", "QueueArn": QUEUE, "Events": ["s3:ObjectRemoved:*"]}],
    "LambdaFunctionConfigurations": [
        {
            "Id": "b",
            "LambdaFunctionArn": FUNCTION,
            "Events": ["s3:ObjectCreated:*"],
            "Filter": {
                "Key": {"FilterRules": [{"Name": "Suffix", "Value": ".png"}, {"Name": "Prefix", "Value": "in/"}]}
            },
        }
    ],
}


def _checks(*more: Resource, **properties: object) -> dict[str, Check]:
    bucket = resource("AWS::S3::Bucket", properties, subject="Files", physical_id="files-1")
    return planned(bucket_rules.checks(target(bucket, *more)))


def _told(*lines: str) -> Described:
    kind = "AWS::S3::BucketNotification"
    return Described(kind=kind, name="files-1", state="there", words=(("tells", spelt_lines(lines)),))


def _status(check: Check, seen: object) -> str:
    return check.sight.judge(seen, NOW).status


def test_template_and_answer_are_spelt_alike() -> None:
    """Whatever they call the same thing, and in whatever order."""
    assert told_by(OURS) == told_by(THEIRS)
    assert f"{FUNCTION} of s3:ObjectCreated:* below in/ ending .png" in told_by(OURS)
    assert [] == told_by({})


def test_the_event_bus_is_told_by_an_empty_object_or_a_flag() -> None:
    """The one is S3's own, the other CloudFormation's."""
    assert told_by({"EventBridgeConfiguration": {}}) == told_by(
        {"EventBridgeConfiguration": {"EventBridgeEnabled": True}}
    )
    assert [] == told_by({"EventBridgeConfiguration": {"EventBridgeEnabled": False}})


def test_a_bucket_tells_whom_the_template_says() -> None:
    """One that is lost, and one more, are both amiss."""
    check = _checks(NotificationConfiguration=OURS)["buckets.notifications[Files]"]
    right = _told(*told_by(THEIRS))

    assert right == check.sight.look(world({("described", right.kind, REGION, "files-1"): right}))
    assert "pass" == _status(check, right)
    assert "fail" == _status(check, _told(told_by(THEIRS)[0]))
    assert "fail" == _status(check, _told(*told_by(THEIRS), "somebody of s3:ObjectCreated:*"))
    assert "fail" == _status(check, Absent(what="bucket"))


def test_a_bucket_that_should_tell_nobody_tells_nobody() -> None:
    """A listener that was added by hand copies everything that is put there."""
    check = _checks()["buckets.notifications[Files]"]

    assert "pass" == _status(check, _told())
    assert "fail" == _status(check, _told("somebody of s3:ObjectCreated:*"))


def test_what_cdk_writes_beside_the_bucket_is_of_the_bucket() -> None:
    """Its notifications are a resource of their own; one of another bucket does not count."""
    beside = resource(
        "Custom::S3BucketNotifications",
        {"BucketName": "files-1", "NotificationConfiguration": THEIRS},
        subject="Files/Notifications",
    )
    other = resource(
        "Custom::S3BucketNotifications",
        {"BucketName": "others", "NotificationConfiguration": {"EventBridgeConfiguration": {}}},
        subject="Others/Notifications",
    )
    check = _checks(beside, other)["buckets.notifications[Files]"]

    assert "pass" == _status(check, _told(*told_by(THEIRS)))
    assert "fail" == _status(check, _told())


@pytest.mark.parametrize(
    "unknown",
    (
        {"BucketName": Unresolved("Ref"), "NotificationConfiguration": THEIRS},
        {"BucketName": "files-1", "NotificationConfiguration": Unresolved("Fn::If")},
    ),
)
def test_what_is_not_known_is_not_compared(unknown: dict[str, object]) -> None:
    """And that is said."""
    beside = resource("Custom::S3BucketNotifications", unknown, subject="Files/Notifications")
    check = _checks(beside)["buckets.notifications[Files]"]

    assert "pass" == _status(check, _told("anybody"))
    assert "not compared" in check.sight.judge(_told(), NOW).expected


@pytest.mark.parametrize(
    ("wanted", "live", "status"),
    (
        (None, "BucketOwnerEnforced", "pass"),
        (None, "ObjectWriter", "fail"),
        (None, "BucketOwnerPreferred", "fail"),
        ("BucketOwnerPreferred", "BucketOwnerPreferred", "pass"),
        ("BucketOwnerPreferred", "ObjectWriter", "fail"),
    ),
)
def test_objects_belong_to_the_owner_of_the_bucket(wanted: str | None, live: str, status: str) -> None:
    """Unless the template says otherwise, as it must for buckets that take CloudFront's older logs."""
    said = {"OwnershipControls": {"Rules": [{"ObjectOwnership": wanted}]}} if wanted else {}
    check = _checks(**said)["buckets.owned[Files]"]
    seen = Described(kind="AWS::S3::BucketOwnership", name="files-1", state="there", words=(("owner", live),))

    assert seen == check.sight.look(world({("described", seen.kind, REGION, "files-1"): seen}))
    assert status == _status(check, seen)
    assert "fail" == _status(check, Absent(what="bucket"))
    hostile = Described(kind="k", name="n", state="there", words=(("owner", HOSTILE),))
    assert check.sight.judge(hostile, NOW).actual.isprintable()
