"""Where things are kept for later: the trail of changes, exports of tables, and who reached for any bucket."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_s3 as s3
from constructs import Construct

if TYPE_CHECKING:
    from collections.abc import Sequence

TRAIL_FOLDER = "changes"
TRAIL_LOCKED = Duration.days(365)
TRAIL_KEPT = Duration.days(730)
EXPORTS_KEPT = Duration.days(365)
ACCESS_KEPT = Duration.days(90)


def private_bucket(
    scope: Construct,
    construct_id: str,
    *,
    rules: Sequence[s3.LifecycleRule],
    access_logs: s3.IBucket | None,
    locked_for: Duration | None = None,
    cors: Sequence[s3.CorsRule] | None = None,
) -> s3.Bucket:
    """A bucket that nobody but this account reaches, over TLS 1.2, every version kept, left alone when the stack goes.

    `rules` are added to the one that sweeps up uploads that were never finished; `locked_for` is how long nobody at
    all, the account's owner included, can remove a version.
    """
    return s3.Bucket(
        scope,
        construct_id,
        block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
        object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
        encryption=s3.BucketEncryption.S3_MANAGED,
        enforce_ssl=True,
        minimum_tls_version=1.2,
        versioned=True,
        removal_policy=RemovalPolicy.RETAIN,
        object_lock_default_retention=s3.ObjectLockRetention.compliance(locked_for) if locked_for else None,
        server_access_logs_bucket=access_logs,
        server_access_logs_prefix=f"{construct_id.lower()}/" if access_logs else None,
        cors=list(cors) if cors else None,
        lifecycle_rules=[
            s3.LifecycleRule(id="SweepUnfinished", abort_incomplete_multipart_upload_after=Duration.days(1)),
            *rules,
        ],
    )


def forget_after(kept: Duration) -> s3.LifecycleRule:
    """The rule for objects of which nobody needs any version after `kept`."""
    return s3.LifecycleRule(id="Forget", expiration=kept, noncurrent_version_expiration=Duration.days(1))


def forget_replaced(kept: Duration) -> s3.LifecycleRule:
    """The rule for objects that live on while what they replaced is kept for `kept`."""
    return s3.LifecycleRule(id="ForgetReplaced", noncurrent_version_expiration=kept)


class Keeping(Construct):
    """Three buckets: `access_logs` (of the other buckets), `trail` (append-only) and `exports` (of tables)."""

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        # It logs nothing about itself: each entry would be a reason for another one.
        self.access_logs = private_bucket(self, "AccessLogs", rules=[forget_after(ACCESS_KEPT)], access_logs=None)
        self.trail = private_bucket(
            self, "Trail", rules=[forget_after(TRAIL_KEPT)], access_logs=self.access_logs, locked_for=TRAIL_LOCKED
        )
        self.exports = private_bucket(self, "Exports", rules=[forget_after(EXPORTS_KEPT)], access_logs=self.access_logs)
