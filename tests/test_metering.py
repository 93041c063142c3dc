from __future__ import annotations

import pytest

from checks.metering import is_published, meant_by, nearest


@pytest.mark.parametrize(
    ("namespace", "metric", "published"),
    (
        ("AWS/Lambda", "Errors", True),
        ("AWS/Lambda", "errors", False),
        ("AWS/Lambda", "Error", False),
        ("AWS/Lambda", "ProvisionedConcurrencyUtilization", True),
        ("AWS/DynamoDB", "ReadThrottleEvents", True),
        ("AWS/DynamoDB", "WriteKeyRangeThroughputThrottleEvents", True),
        ("AWS/DynamoDB", "ReadThrottles", False),
        ("AWS/ApiGateway", "5XXError", True),
        ("AWS/ApiGateway", "5xx", True),
        ("AWS/CloudFront", "5XXErrorRate", False),
        ("AWS/CloudFront", "5xxErrorRate", True),
        ("AWS/SQS", "ApproximateNumberOfMessagesVisible", True),
        ("AWS/SNS", "NumberOfNotificationsFilteredOut-InvalidAttributes", True),
        ("AWS/Events", "FailedInvocations", True),
        ("AWS/Kinesis", "Whatever", None),
        ("Shop", "Errors", None),
    ),
)
def test_what_services_publish_is_known(namespace: str, metric: str, published: bool | None) -> None:  # noqa: FBT001 - a table of values
    """To the letter; of a service that is not written down here nothing is said."""
    assert published is is_published(namespace, metric)


@pytest.mark.parametrize(
    ("namespace", "meant"),
    (
        ("AWS/Lambda", ""),
        ("AWS/Kinesis", ""),
        ("AWS/Lamda", "AWS/Lambda"),
        ("AWS/lambda", "AWS/Lambda"),
        ("AWS/DynamoDb", "AWS/DynamoDB"),
        ("AWS/SomethingNew", ""),
        ("AWS/EC2Spot", ""),
    ),
)
def test_a_namespace_that_is_nearly_one_is_a_slip(namespace: str, meant: str) -> None:
    """One that is like no other may be new."""
    assert meant == meant_by(namespace)


@pytest.mark.parametrize(
    ("name", "others", "near"),
    (
        ("SignInError", ("SignInErrors", "CodesSent"), "SignInErrors"),
        ("SignInErrors", ("SignInErrors",), ""),
        ("Errors4xx", ("Errors5xx",), ""),
        ("CodesFailed", ("CodesSent", "SignInErrors"), ""),
        ("ReadErrors", ("WriteErrors",), ""),
        ("Anything", (), ""),
    ),
)
def test_the_name_that_somebody_may_have_meant(name: str, others: tuple[str, ...], near: str) -> None:
    """Nearly the same letters; another number is another metric."""
    assert near == nearest(name, others)
