"""What S3 says of a bucket on the twin."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.twin.conftest import Site, deploy

pytestmark = pytest.mark.twin

EVERYBODY: dict[str, Any] = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject"}
ACCOUNT: dict[str, Any] = {**EVERYBODY, "Principal": {"AWS": "arn:aws:iam::000000000000:root"}}


@pytest.mark.parametrize(("statement", "public"), ((EVERYBODY, True), (ACCOUNT, False)), ids=("everybody", "account"))
def test_a_bucket_is_public_when_its_policy_lets_everybody_in(
    site: Site,
    statement: dict[str, Any],
    public: bool,  # noqa: FBT001 - a column of the table
) -> None:
    """Without a policy there is no such status, as on AWS."""
    s3, name = site.client("s3"), f"asked-{str(public).lower()}"
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "af-south-1"})
    s3.delete_public_access_block(Bucket=name)
    with pytest.raises(ClientError, match="NoSuchBucketPolicy"):
        s3.get_bucket_policy_status(Bucket=name)
    policy = {"Version": "2012-10-17", "Statement": [{**statement, "Resource": f"arn:aws:s3:::{name}/*"}]}
    s3.put_bucket_policy(Bucket=name, Policy=json.dumps(policy))

    assert public == s3.get_bucket_policy_status(Bucket=name)["PolicyStatus"]["IsPublic"]
    assert [] == s3.list_objects_v2(Bucket=name).get("Contents", [])


def _template(**more: object) -> dict[str, Any]:
    return {"Resources": {"Swept": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "swept", **more}}}}


def test_a_templates_lifecycle_is_the_buckets(site: Site) -> None:
    """It comes with the template and goes with it."""
    rule = {"Id": "Sweep", "Status": "Enabled", "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1}}
    s3 = site.client("s3")

    assert "CREATE_COMPLETE" == deploy(
        site.twin, "Swept", _template(LifecycleConfiguration={"Rules": [rule]}), "af-south-1"
    )
    (kept,) = s3.get_bucket_lifecycle_configuration(Bucket="swept")["Rules"]
    assert "UPDATE_COMPLETE" == deploy(site.twin, "Swept", _template(), "af-south-1", update=True)

    assert ("Sweep", "Enabled", 1) == (
        kept["ID"],
        kept["Status"],
        kept["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"],
    )
    with pytest.raises(ClientError, match="NoSuchLifecycleConfiguration"):
        s3.get_bucket_lifecycle_configuration(Bucket="swept")
