"""What S3 says of buckets: of moto's, and in the words of its own reference."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import boto3
import pytest

from checks import evidence as seen
from checks.model import CannotLook
from checks.world.aws import RealAws
from tests.world.scripted_aws import Make, Reply, rest_xml, xml_error

REGION = "af-south-1"
OWNER = "123456789012"
GONE = seen.Absent(what="bucket files")
POLICY = json.dumps({"Version": "2012-10-17", "Statement": []})
BLOCK = {
    "BlockPublicAcls": True,
    "IgnorePublicAcls": True,
    "BlockPublicPolicy": True,
    "RestrictPublicBuckets": False,
}
QUESTIONS = (
    "bucket",
    "bucket_access",
    "bucket_policy",
    "bucket_versions",
    "bucket_encryption",
    "bucket_website",
    "bucket_cors",
    "bucket_lifecycle",
)


def ask(aws: RealAws, question: str) -> object:
    """One question about the bucket files."""
    put: Callable[..., object] = getattr(aws, question)
    return put(REGION, "files", OWNER)


def make() -> Any:  # noqa: ANN401 - boto3 makes its clients at run time
    """The bucket files, bare."""
    s3 = boto3.client("s3", region_name=REGION)
    s3.create_bucket(Bucket="files", CreateBucketConfiguration={"LocationConstraint": REGION})
    return s3


def test_a_bare_bucket_has_nothing(emulated: RealAws) -> None:
    """Each answer of "none of this" is an answer."""
    make()

    answers = {question: ask(emulated, question) for question in QUESTIONS}

    assert {
        "bucket": seen.BucketSeen(name="files", region=REGION, ours=True),
        "bucket_access": seen.BucketAccess(bucket="files", blocked=(), public=False),
        "bucket_policy": seen.ResourcePolicy(resource="files", text=""),
        "bucket_versions": seen.BucketVersions(bucket="files", status=""),
        "bucket_website": seen.BucketWebsite(bucket="files", serves=""),
        "bucket_cors": seen.BucketCors(bucket="files", rules=()),
        "bucket_lifecycle": seen.BucketLifecycle(bucket="files", rules=()),
    } == {question: answer for question, answer in answers.items() if question != "bucket_encryption"}
    assert isinstance(answers["bucket_encryption"], seen.BucketEncryption)


def test_each_setting_is_seen(emulated: RealAws) -> None:
    """As it was put there."""
    s3 = make()
    s3.put_public_access_block(Bucket="files", PublicAccessBlockConfiguration=BLOCK)
    s3.put_bucket_policy(Bucket="files", Policy=POLICY)
    s3.put_bucket_versioning(Bucket="files", VersioningConfiguration={"Status": "Enabled"})
    s3.put_bucket_encryption(
        Bucket="files",
        ServerSideEncryptionConfiguration={
            "Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "k"}}]
        },
    )
    s3.put_bucket_website(Bucket="files", WebsiteConfiguration={"IndexDocument": {"Suffix": "i.html"}})
    cors = {"AllowedOrigins": ["https://z", "https://a"], "AllowedMethods": ["PUT", "GET"], "MaxAgeSeconds": 60}
    s3.put_bucket_cors(Bucket="files", CORSConfiguration={"CORSRules": [cors]})
    rules = [
        {"ID": "old", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 9}},
        {"ID": "sweep", "Status": "Disabled", "Filter": {"Prefix": "x"}, "Transitions": []},
    ]
    s3.put_bucket_lifecycle_configuration(Bucket="files", LifecycleConfiguration={"Rules": rules})

    assert seen.BucketAccess(
        bucket="files", blocked=("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls"), public=False
    ) == ask(emulated, "bucket_access")
    assert seen.ResourcePolicy(resource="files", text=POLICY) == ask(emulated, "bucket_policy")
    assert seen.BucketVersions(bucket="files", status="Enabled") == ask(emulated, "bucket_versions")
    assert seen.BucketEncryption(bucket="files", algorithm="aws:kms", key="k") == ask(emulated, "bucket_encryption")
    assert seen.BucketWebsite(bucket="files", serves="i.html") == ask(emulated, "bucket_website")
    assert seen.BucketCors(
        bucket="files",
        rules=(seen.CorsRule(origins=("https://a", "https://z"), methods=("GET", "PUT"), seconds=60),),
    ) == ask(emulated, "bucket_cors")
    assert seen.BucketLifecycle(
        bucket="files",
        rules=(
            seen.LifecycleRule(id="old", status="Enabled", expires="9 days"),
            seen.LifecycleRule(id="sweep", status="Disabled", expires=""),
        ),
    ) == ask(emulated, "bucket_lifecycle")


def test_a_policy_for_everybody_is_public(emulated: RealAws) -> None:
    """S3 judges that itself."""
    s3 = make()
    everybody = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::files/*"}
    s3.put_bucket_policy(Bucket="files", Policy=json.dumps({"Version": "2012-10-17", "Statement": [everybody]}))

    assert seen.BucketAccess(bucket="files", blocked=(), public=True) == ask(emulated, "bucket_access")


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_bucket_that_is_not_there_is_absent(emulated: RealAws, question: str) -> None:
    """Whatever is asked of it."""
    assert GONE == ask(emulated, question)


def head(status: int) -> Reply:
    """How S3 answers HeadBucket: without a body."""
    return Reply(status=status, headers={"x-amz-request-id": "r-1"})


def test_a_bucket_of_somebody_else_is_not_ours(told: Make) -> None:
    """It is refused to the account that expects it, and open to anybody; the name was taken over."""
    asked, endpoint = told(head(403), head(200))

    assert seen.BucketSeen(name="files", region="", ours=False) == ask(asked, "bucket")
    assert [OWNER, None] == [each.headers["x-amz-expected-bucket-owner"] for each in endpoint.requests]
    assert ["/files", "/files"] == [each.path for each in endpoint.requests]


def test_a_bucket_that_is_refused_to_us_is_not_looked_at(told: Make) -> None:
    """Somebody else's, or a permission that we lack: nobody can tell, so nobody judges."""
    asked, _ = told(head(403))

    with pytest.raises(CannotLook, match=r"s3:ListBucket .*403"):
        ask(asked, "bucket")


@pytest.mark.parametrize(
    ("question", "action"),
    (
        ("bucket_access", "s3:GetBucketPublicAccessBlock"),
        ("bucket_policy", "s3:GetBucketPolicy"),
        ("bucket_versions", "s3:GetBucketVersioning"),
        ("bucket_encryption", "s3:GetEncryptionConfiguration"),
        ("bucket_website", "s3:GetBucketWebsite"),
        ("bucket_cors", "s3:GetBucketCORS"),
        ("bucket_lifecycle", "s3:GetLifecycleConfiguration"),
    ),
)
def test_a_refusal_names_the_action_as_iam_does(told: Make, question: str, action: str) -> None:
    """Which often is not what the operation is called."""
    asked, _ = told(xml_error("AccessDenied", status=403))

    with pytest.raises(CannotLook, match=f"allow {action} to the identity"):
        ask(asked, question)


# Asked at the same time as the status of the policy.
OPEN = replace(rest_xml("<PublicAccessBlockConfiguration/>"), about="publicAccessBlock")


def test_a_bucket_that_goes_between_two_questions_is_absent(told: Make) -> None:
    """The block was there, the policy's status was not."""
    asked, _ = told(OPEN, xml_error("NoSuchBucket", status=404))

    assert GONE == ask(asked, "bucket_access")


@pytest.mark.parametrize("body", ("<PolicyStatus/>", "<Other/>"))
def test_a_policy_of_which_s3_does_not_say_is_not_private(told: Make, body: str) -> None:
    """An answer without the one word that was asked for is no answer."""
    asked, _ = told(OPEN, rest_xml(body))

    with pytest.raises(CannotLook, match=r"GetBucketPolicyStatus .*does not look like AWS"):
        ask(asked, "bucket_access")


def test_a_bucket_without_default_encryption_has_none(told: Make) -> None:
    """As buckets had before 2023."""
    asked, _ = told(xml_error("ServerSideEncryptionConfigurationNotFoundError", status=404))

    assert seen.BucketEncryption(bucket="files", algorithm="", key="") == ask(asked, "bucket_encryption")


@pytest.mark.parametrize(
    ("inner", "serves"),
    (
        ("<RedirectAllRequestsTo><HostName>e.org</HostName></RedirectAllRequestsTo>", "e.org"),
        ("<ErrorDocument><Key>e.html</Key></ErrorDocument>", "pages"),
    ),
)
def test_any_website_is_one(told: Make, inner: str, serves: str) -> None:
    """A redirect, or an error page alone."""
    asked, _ = told(rest_xml(f"<WebsiteConfiguration>{inner}</WebsiteConfiguration>"))

    assert seen.BucketWebsite(bucket="files", serves=serves) == ask(asked, "bucket_website")


def test_a_rule_may_end_objects_on_a_day(told: Make) -> None:
    """Written as a date; a rule without an id has none."""
    rule = "<Rule><Status>Enabled</Status><Expiration><Date>2027-01-02T00:00:00Z</Date></Expiration></Rule>"
    asked, _ = told(rest_xml(f"<LifecycleConfiguration>{rule}</LifecycleConfiguration>"))

    rules = (seen.LifecycleRule(id="", status="Enabled", expires="2027-01-02"),)
    assert seen.BucketLifecycle(bucket="files", rules=rules) == ask(asked, "bucket_lifecycle")


def test_a_refusal_without_a_request_id_is_nobodys_answer(told: Make) -> None:
    """A portal may know S3's words."""
    body = b"<Error><Code>NoSuchWebsiteConfiguration</Code></Error>"
    asked, _ = told(Reply(status=404, body=body))

    with pytest.raises(CannotLook, match="does not look like AWS"):
        ask(asked, "bucket_website")


def test_whom_a_bucket_tells_and_who_owns_what_is_in_it(emulated: RealAws) -> None:
    """Nobody at first; and a bucket without controls is one from before they were usual."""
    s3 = make()

    assert (("tells", "nobody"),) == _words(emulated, "AWS::S3::BucketNotification")
    again = emulated.again()
    boto3.client("sqs", region_name=REGION).create_queue(QueueName="work")
    arn = f"arn:aws:sqs:{REGION}:{OWNER}:work"
    told = {"QueueArn": arn, "Events": ["s3:ObjectCreated:*"]}
    s3.put_bucket_notification_configuration(Bucket="files", NotificationConfiguration={"QueueConfigurations": [told]})
    s3.put_bucket_ownership_controls(
        Bucket="files", OwnershipControls={"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    )

    assert (("tells", f"{arn} of s3:ObjectCreated:*"),) == _words(again, "AWS::S3::BucketNotification")
    assert (("owner", "BucketOwnerEnforced"),) == _words(again, "AWS::S3::BucketOwnership")


def _words(aws: RealAws, kind: str) -> tuple[tuple[str, str], ...]:
    found = aws.described(kind, REGION, "files")
    assert isinstance(found, seen.Described)
    return found.words


@pytest.mark.parametrize("kind", ("AWS::S3::BucketNotification", "AWS::S3::BucketOwnership"))
def test_a_bucket_that_is_gone_tells_nobody_and_belongs_to_nobody(emulated: RealAws, kind: str) -> None:
    """Absent, and no error of ours."""
    assert isinstance(emulated.described(kind, REGION, "files"), seen.Absent)


def test_a_bucket_without_controls_belongs_to_its_writers(told: Make) -> None:
    """As buckets from before April 2023 do."""
    aws, _ = told(xml_error("OwnershipControlsNotFoundError", status=404))

    assert (("owner", "ObjectWriter"),) == _words(aws, "AWS::S3::BucketOwnership")
