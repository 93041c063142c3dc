"""Buckets: there and ours, closed to strangers, and keeping what is overwritten."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import partial

from checks import intent
from checks.evidence import Absent, BucketAccess, BucketEncryption, BucketSeen, BucketVersions, ResourcePolicy
from checks.model import Check, Place, Resource, Sight, Target, Verdict, promise
from checks.policy import bars_plain_http
from checks.wording import quote, several
from checks.world.ports import World

BUCKET = "AWS::S3::Bucket"
FLAGS = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")


@promise(
    "buckets.present",
    says="the bucket exists, in this account",
    severity="critical",
    instrument="aws",
    actions=("s3:ListBucket",),
)
def present(*, region: str, bucket: str, owner: str) -> Sight:
    """A name that was given up may be taken by anybody (AWS: "Verifying bucket ownership")."""
    look = partial(_look_bucket, region=region, bucket=bucket, owner=owner)
    return Sight(look=look, judge=partial(judge_present, bucket=bucket, owner=owner))


@promise(
    "buckets.private",
    says="nobody but this account's own reads or writes the bucket, whatever the template says",
    severity="critical",
    instrument="aws",
    actions=("s3:GetBucketPublicAccessBlock", "s3:GetBucketPolicyStatus"),
)
def private(*, region: str, bucket: str, owner: str) -> Sight:
    """Pitfall 20: a bucket behind a CDN that is open as well is a way around it, and around its rules."""
    look = partial(_look_access, region=region, bucket=bucket, owner=owner)
    return Sight(look=look, judge=partial(judge_private, bucket=bucket))


@promise(
    "buckets.tls_only",
    says="the bucket refuses plain HTTP, for everybody and every action, whatever the template says",
    severity="critical",
    instrument="aws",
    actions=("s3:GetBucketPolicy",),
)
def tls_only(*, region: str, bucket: str, owner: str, arn: str) -> Sight:
    """AWS: S3 answers over HTTP too unless the bucket's policy denies it (Security Hub, control S3.5)."""
    look = partial(_look_policy, region=region, bucket=bucket, owner=owner)
    return Sight(look=look, judge=partial(judge_tls_only, bucket=bucket, arn=arn))


@promise(
    "buckets.versioned",
    says="a bucket that the template versions keeps what is overwritten or deleted",
    severity="critical",
    instrument="aws",
    actions=("s3:GetBucketVersioning",),
)
def versioned(*, region: str, bucket: str, owner: str) -> Sight:
    """AWS: while versioning is suspended, an overwritten object is gone for good."""
    look = partial(_look_versions, region=region, bucket=bucket, owner=owner)
    return Sight(look=look, judge=partial(judge_versioned, bucket=bucket))


@promise(
    "buckets.encrypted",
    says="the bucket encrypts what is put into it, with the algorithm of the template",
    severity="warning",
    instrument="aws",
    actions=("s3:GetEncryptionConfiguration",),
)
def encrypted(*, region: str, bucket: str, owner: str, algorithm: str) -> Sight:
    """AWS encrypts with keys of its own at least; another algorithm of the template is another owner of the keys."""
    look = partial(_look_encryption, region=region, bucket=bucket, owner=owner)
    return Sight(look=look, judge=partial(judge_encrypted, bucket=bucket, algorithm=algorithm))


def judge_present(seen: BucketSeen | Absent, _now: datetime, *, bucket: str, owner: str) -> Verdict:
    """There, and not somebody else's."""
    expected = f"bucket {bucket} exists in account {owner}"
    match seen:
        case Absent():
            return _gone(expected, bucket)
        case BucketSeen(ours=False):
            remedy = "point nothing at this name any more: give the bucket another one in the template, then deploy"
            actual = "it belongs to another account, which gets whatever is put there"
            return Verdict.failed(expected=expected, actual=actual, remedy=remedy)
        case BucketSeen(region=region):
            return Verdict.passed(expected=expected, actual=quote(f"exists in {region}" if region else "exists"))


def judge_private(seen: BucketAccess | Absent, _now: datetime, *, bucket: str) -> Verdict:
    """All four flags, and a policy that S3 does not call public."""
    expected = f"bucket {bucket} with {several(FLAGS)}, and no public policy"
    if isinstance(seen, Absent):
        return _gone(expected, bucket)
    off = [flag for flag in FLAGS if flag not in seen.blocked]
    amiss = ([f"off: {several(off)}"] if off else []) + (["its policy is public"] if seen.public else [])
    if not amiss:
        return Verdict.passed(expected=expected, actual="all four are on, and the policy is not public")
    remedy = (
        f"aws s3api put-public-access-block --bucket {bucket} --public-access-block-configuration "
        f"{','.join(f'{flag}=true' for flag in FLAGS)}; serve the public through a distribution"
    )
    return Verdict.failed(expected=expected, actual="; ".join(amiss), remedy=remedy)


def judge_tls_only(seen: ResourcePolicy | Absent, _now: datetime, *, bucket: str, arn: str) -> Verdict:
    """The bucket itself, and everything in it."""
    expected = f"the policy of bucket {bucket} denies everybody every action over plain HTTP"
    if isinstance(seen, Absent):
        return _gone(expected, bucket)
    decision = bars_plain_http(seen.text, service="s3", resources=(arn, f"{arn}/"))
    if decision.allowed:
        return Verdict.passed(expected=expected, actual=quote(decision.why))
    remedy = (
        "deny s3:* to * on the bucket and its objects where aws:SecureTransport is false (enforce_ssl), then deploy"
    )
    actual = quote(decision.why) if seen.text else "it has no policy"
    return Verdict.failed(expected=expected, actual=actual, remedy=remedy)


def judge_versioned(seen: BucketVersions | Absent, _now: datetime, *, bucket: str) -> Verdict:
    """Enabled; suspended is not."""
    expected = f"versioning of bucket {bucket} is Enabled"
    match seen:
        case Absent():
            return _gone(expected, bucket)
        case BucketVersions(status="Enabled"):
            return Verdict.passed(expected=expected, actual="Enabled")
        case BucketVersions(status=status):
            remedy = f"aws s3api put-bucket-versioning --bucket {bucket} --versioning-configuration Status=Enabled"
            return Verdict.failed(expected=expected, actual=quote(status) or "never switched on", remedy=remedy)


def judge_encrypted(seen: BucketEncryption | Absent, _now: datetime, *, bucket: str, algorithm: str) -> Verdict:
    """Any algorithm where the template names none."""
    expected = f"bucket {bucket} encrypts with {algorithm or 'any algorithm'}"
    match seen:
        case Absent():
            return _gone(expected, bucket)
        case BucketEncryption(algorithm=live) if live and algorithm in {"", live}:
            return Verdict.passed(expected=expected, actual=quote(live))
        case BucketEncryption(algorithm=live):
            remedy = "deploy the stack again; what was put there meanwhile keeps its encryption until it is copied"
            return Verdict.failed(expected=expected, actual=quote(live) or "no default encryption", remedy=remedy)


def checks(target: Target) -> Iterator[Check]:
    """Every promise about who gets at a bucket and what it keeps, for every bucket."""
    for bucket in target.of_type(BUCKET):
        arn = f"arn:{target.partition}:s3:::{bucket.physical_id}"
        yield from _about(bucket.place(arn), bucket, target.account, arn)


def _about(place: Place, bucket: Resource, owner: str, arn: str) -> Iterator[Check]:
    region, name, said = bucket.region, bucket.physical_id, bucket.properties
    yield present(place, region=region, bucket=name, owner=owner)
    yield private(place, region=region, bucket=name, owner=owner)
    yield tls_only(place, region=region, bucket=name, owner=owner, arn=arn)
    if intent.text(said, "VersioningConfiguration", "Status") == "Enabled":
        yield versioned(place, region=region, bucket=name, owner=owner)
    rules = intent.items(said, "BucketEncryption", "ServerSideEncryptionConfiguration")
    wanted = intent.text(rules[0], "ServerSideEncryptionByDefault", "SSEAlgorithm") if rules else ""
    yield encrypted(place, region=region, bucket=name, owner=owner, algorithm=wanted)


def _gone(expected: str, bucket: str) -> Verdict:
    """The verdict on anything about a bucket that is not there."""
    remedy = "deploying does not make it again: remove it from the stack, deploy, add it and restore what was in it"
    return Verdict.failed(expected=expected, actual=f"there is no bucket {quote(bucket)}", remedy=remedy)


def _look_bucket(world: World, *, region: str, bucket: str, owner: str) -> BucketSeen | Absent:
    return world.aws.bucket(region, bucket, owner)


def _look_access(world: World, *, region: str, bucket: str, owner: str) -> BucketAccess | Absent:
    return world.aws.bucket_access(region, bucket, owner)


def _look_policy(world: World, *, region: str, bucket: str, owner: str) -> ResourcePolicy | Absent:
    return world.aws.bucket_policy(region, bucket, owner)


def _look_versions(world: World, *, region: str, bucket: str, owner: str) -> BucketVersions | Absent:
    return world.aws.bucket_versions(region, bucket, owner)


def _look_encryption(world: World, *, region: str, bucket: str, owner: str) -> BucketEncryption | Absent:
    return world.aws.bucket_encryption(region, bucket, owner)


PROMISES = (present, private, tls_only, versioned, encrypted)
