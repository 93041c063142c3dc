"""The uploads bucket: photos and documents that users send straight to S3 with a presigned address."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_s3 as s3
from constructs import Construct

if TYPE_CHECKING:
    from collections.abc import Sequence

# The names a browser needs to see after an upload; everything else stays hidden from scripts.
_VISIBLE_HEADERS = ["ETag", "x-amz-request-id"]


class Storage(Construct):
    """A private, versioned bucket that speaks TLS only and answers browsers of our own origins only."""

    def __init__(self, scope: Construct, construct_id: str, *, origins: Sequence[str]) -> None:
        super().__init__(scope, construct_id)
        self.bucket = s3.Bucket(
            self,
            "Bucket",
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            encryption=s3.BucketEncryption.S3_MANAGED,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            versioned=True,
            removal_policy=RemovalPolicy.RETAIN,
            cors=[_cors(origins)],
            lifecycle_rules=[_lifecycle()],
        )


def _cors(origins: Sequence[str]) -> s3.CorsRule:
    return s3.CorsRule(
        allowed_origins=list(origins),
        allowed_methods=[s3.HttpMethods.GET, s3.HttpMethods.HEAD, s3.HttpMethods.PUT],
        allowed_headers=["content-type", "x-amz-*"],
        exposed_headers=_VISIBLE_HEADERS,
        max_age=3600,
    )


def _lifecycle() -> s3.LifecycleRule:
    return s3.LifecycleRule(
        id="SweepUnfinishedAndReplaced",
        abort_incomplete_multipart_upload_after=Duration.days(1),
        noncurrent_version_expiration=Duration.days(90),
    )
