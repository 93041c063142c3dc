"""What S3 says of buckets: their settings, never their objects."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from checks import evidence as seen
from checks.notices import spelt_lines, told_by
from checks.together import together
from checks.world.aws.readers import Found, Read
from checks.world.aws.wire import Answer, Ask, Asking, shaped

# S3 answers HeadBucket without a body, so that the code is the status.
_NONE = ("NoSuchBucket", "404")
_NOT_FOR_US = ("AccessDenied", "403")

EXPECTED = Ask(service="s3", operation="HeadBucket", gone=(*_NONE, *_NOT_FOR_US), iam="s3:ListBucket")
ANYBODYS = Ask(service="s3", operation="HeadBucket", gone=_NONE, iam="s3:ListBucket")
BLOCK = Ask(
    service="s3",
    operation="GetPublicAccessBlock",
    needs=("PublicAccessBlockConfiguration",),
    gone=_NONE,
    bare=("NoSuchPublicAccessBlockConfiguration",),
    iam="s3:GetBucketPublicAccessBlock",
)
STATUS = Ask(
    service="s3", operation="GetBucketPolicyStatus", needs=("PolicyStatus",), gone=_NONE, bare=("NoSuchBucketPolicy",)
)
POLICY = Ask(service="s3", operation="GetBucketPolicy", needs=("Policy",), gone=_NONE, bare=("NoSuchBucketPolicy",))
# A bucket that never had versions is answered without a status.
VERSIONS = Ask(service="s3", operation="GetBucketVersioning", gone=_NONE)
ENCRYPTION = Ask(
    service="s3",
    operation="GetBucketEncryption",
    needs=("ServerSideEncryptionConfiguration",),
    gone=_NONE,
    bare=("ServerSideEncryptionConfigurationNotFoundError",),
    iam="s3:GetEncryptionConfiguration",
)
WEBSITE = Ask(service="s3", operation="GetBucketWebsite", gone=_NONE, bare=("NoSuchWebsiteConfiguration",))
CORS = Ask(
    service="s3",
    operation="GetBucketCors",
    needs=("CORSRules",),
    gone=_NONE,
    bare=("NoSuchCORSConfiguration",),
    iam="s3:GetBucketCORS",
)
LIFECYCLE = Ask(
    service="s3",
    operation="GetBucketLifecycleConfiguration",
    needs=("Rules",),
    gone=_NONE,
    bare=("NoSuchLifecycleConfiguration",),
    iam="s3:GetLifecycleConfiguration",
)


NOTICES = Ask(service="s3", operation="GetBucketNotificationConfiguration", gone=_NONE, iam="s3:GetBucketNotification")
OWNERSHIP = Ask(
    service="s3",
    operation="GetBucketOwnershipControls",
    needs=("OwnershipControls",),
    gone=_NONE,
    bare=("OwnershipControlsNotFoundError",),
)
# A bucket without controls is from before April 2023: whoever puts an object there owns it (S3, "Object Ownership").
_WRITERS = "ObjectWriter"


def bucket(asking: Asking, region: str, name: str, owner: str) -> seen.BucketSeen | seen.Absent:
    """Whether it is there, and ours. Names are the world's: somebody else may have taken it after a deletion."""
    ours = asking.call(EXPECTED, region, Bucket=name, ExpectedBucketOwner=owner)
    answer = ours if ours is not None else asking.call(ANYBODYS, region, Bucket=name)
    if answer is None:
        return _absent(name)
    return seen.BucketSeen(name=name, region=str(answer.get("BucketRegion", "")), ours=ours is not None)


def bucket_access(asking: Asking, region: str, name: str, owner: str) -> seen.BucketAccess | seen.Absent:
    """The bucket's own block (an account's is not read) and S3's own judgement of its policy."""
    block, status = together(
        partial(asking.call, BLOCK, region, Bucket=name, ExpectedBucketOwner=owner),
        partial(asking.beside().call, STATUS, region, Bucket=name, ExpectedBucketOwner=owner),
    )
    if block is None or status is None:
        return _absent(name)
    flags: Mapping[str, bool] = block.get("PublicAccessBlockConfiguration", {})
    return seen.BucketAccess(
        bucket=name,
        blocked=tuple(sorted(flag for flag, on in flags.items() if on)),
        # S3 says TRUE or FALSE of every policy; one that says neither was not understood.
        public=bool(status) and shaped(STATUS, region, lambda: bool(status["PolicyStatus"]["IsPublic"])),
    )


def bucket_policy(asking: Asking, region: str, name: str, owner: str) -> seen.ResourcePolicy | seen.Absent:
    """Its policy."""
    answer = asking.call(POLICY, region, Bucket=name, ExpectedBucketOwner=owner)
    if answer is None:
        return _absent(name)
    return seen.ResourcePolicy(resource=name, text=str(answer.get("Policy", "")))


def bucket_versions(asking: Asking, region: str, name: str, owner: str) -> seen.BucketVersions | seen.Absent:
    """Whether overwriting keeps what was there."""
    answer = asking.call(VERSIONS, region, Bucket=name, ExpectedBucketOwner=owner)
    return _absent(name) if answer is None else seen.BucketVersions(bucket=name, status=answer.get("Status", ""))


def bucket_encryption(asking: Asking, region: str, name: str, owner: str) -> seen.BucketEncryption | seen.Absent:
    """The default of new objects; a bucket has one rule at most."""
    answer = asking.call(ENCRYPTION, region, Bucket=name, ExpectedBucketOwner=owner)
    if answer is None:
        return _absent(name)
    return shaped(ENCRYPTION, region, lambda: _encryption(name, answer))


def bucket_website(asking: Asking, region: str, name: str, owner: str) -> seen.BucketWebsite | seen.Absent:
    """What it serves to everybody over plain HTTP."""
    answer = asking.call(WEBSITE, region, Bucket=name, ExpectedBucketOwner=owner)
    if answer is None:
        return _absent(name)
    return shaped(WEBSITE, region, lambda: seen.BucketWebsite(bucket=name, serves=_serves(answer)))


def bucket_cors(asking: Asking, region: str, name: str, owner: str) -> seen.BucketCors | seen.Absent:
    """Which pages of other sites may use it."""
    answer = asking.call(CORS, region, Bucket=name, ExpectedBucketOwner=owner)
    if answer is None:
        return _absent(name)
    rules = shaped(CORS, region, lambda: tuple(_cors(one) for one in answer.get("CORSRules", ())))
    return seen.BucketCors(bucket=name, rules=rules)


def bucket_lifecycle(asking: Asking, region: str, name: str, owner: str) -> seen.BucketLifecycle | seen.Absent:
    """What it deletes by itself."""
    answer = asking.call(LIFECYCLE, region, Bucket=name, ExpectedBucketOwner=owner)
    if answer is None:
        return _absent(name)
    rules = shaped(LIFECYCLE, region, lambda: tuple(_rule(one) for one in answer.get("Rules", ())))
    return seen.BucketLifecycle(bucket=name, rules=rules)


def _notices(asking: Asking, region: str, name: str) -> Found | None:
    """Whom the bucket tells of what."""
    answer = asking.call(NOTICES, region, Bucket=name)
    if answer is None:
        return None
    return "there", {"tells": shaped(NOTICES, region, lambda: spelt_lines(told_by(answer)))}


def _ownership(asking: Asking, region: str, name: str) -> Found | None:
    """Who owns what is put into it."""
    answer = asking.call(OWNERSHIP, region, Bucket=name)
    if answer is None:
        return None
    rules = shaped(OWNERSHIP, region, lambda: answer["OwnershipControls"]["Rules"] if answer else ())
    return "there", {"owner": rules[0]["ObjectOwnership"] if rules else _WRITERS}


READERS: Mapping[str, Read] = {"AWS::S3::BucketNotification": _notices, "AWS::S3::BucketOwnership": _ownership}


def _absent(name: str) -> seen.Absent:
    return seen.Absent(what=f"bucket {name}")


def _encryption(name: str, answer: Answer) -> seen.BucketEncryption:
    rules = answer["ServerSideEncryptionConfiguration"]["Rules"] if answer else ()
    default = rules[0]["ApplyServerSideEncryptionByDefault"] if rules else {}
    algorithm, key = default.get("SSEAlgorithm", ""), default.get("KMSMasterKeyID", "")
    return seen.BucketEncryption(bucket=name, algorithm=algorithm, key=key)


def _serves(answer: Answer) -> str:
    index = answer.get("IndexDocument", {}).get("Suffix", "")
    host = answer.get("RedirectAllRequestsTo", {}).get("HostName", "")
    return str(index or host or ("pages" if "ErrorDocument" in answer or "RoutingRules" in answer else ""))


def _cors(one: Mapping[str, Any]) -> seen.CorsRule:
    return seen.CorsRule(
        origins=tuple(sorted(one["AllowedOrigins"])),
        methods=tuple(sorted(one["AllowedMethods"])),
        headers=tuple(sorted(one.get("AllowedHeaders", ()))),
        exposed=tuple(sorted(one.get("ExposeHeaders", ()))),
        seconds=one.get("MaxAgeSeconds", 0),
    )


def _rule(one: Mapping[str, Any]) -> seen.LifecycleRule:
    expiration = one.get("Expiration", {})
    date = expiration.get("Date")
    days = expiration.get("Days")
    expires = date.date().isoformat() if date else f"{days} days" if days else ""
    return seen.LifecycleRule(id=one.get("ID", ""), status=one["Status"], expires=expires)
