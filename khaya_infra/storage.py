"""The uploads bucket: photos and documents that users send straight to S3 with a presigned address."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Duration
from aws_cdk import aws_s3 as s3
from constructs import Construct

from khaya_infra.keeping import forget_replaced, private_bucket

if TYPE_CHECKING:
    from collections.abc import Sequence

# The names a browser needs to see after an upload; everything else stays hidden from scripts.
_VISIBLE_HEADERS = ["ETag", "x-amz-request-id"]
REPLACED_KEPT = Duration.days(90)


class Storage(Construct):
    """A private, versioned bucket that speaks TLS only and answers browsers of our own origins only."""

    def __init__(self, scope: Construct, construct_id: str, *, origins: Sequence[str], access_logs: s3.IBucket) -> None:
        super().__init__(scope, construct_id)
        self.bucket = private_bucket(
            self, "Bucket", rules=[forget_replaced(REPLACED_KEPT)], access_logs=access_logs, cors=[_cors(origins)]
        )


def _cors(origins: Sequence[str]) -> s3.CorsRule:
    return s3.CorsRule(
        allowed_origins=list(origins),
        allowed_methods=[s3.HttpMethods.GET, s3.HttpMethods.HEAD, s3.HttpMethods.PUT],
        allowed_headers=["content-type", "x-amz-*"],
        exposed_headers=_VISIBLE_HEADERS,
        max_age=3600,
    )
