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


def test_what_a_template_forgets_the_bucket_forgets(site: Site) -> None:
    """A template counts days where the API has a date or days."""
    rule = {"Id": "Forget", "Status": "Enabled", "ExpirationInDays": 90}
    wished = {"BucketName": "forgetful", "LifecycleConfiguration": {"Rules": [rule]}}
    body = {"Resources": {"Forgetful": {"Type": "AWS::S3::Bucket", "Properties": wished}}}

    assert "CREATE_COMPLETE" == deploy(site.twin, "Forgetful", body, "af-south-1")
    (kept,) = site.client("s3").get_bucket_lifecycle_configuration(Bucket="forgetful")["Rules"]

    assert {"Days": 90} == kept["Expiration"]


def test_a_templates_lock_holds(site: Site) -> None:
    """What was put into the bucket cannot be removed version by version, by nobody; its log is where it was told."""
    s3 = site.client("s3")
    wished = {
        "BucketName": "locked",
        "ObjectLockEnabled": True,
        "ObjectLockConfiguration": {
            "ObjectLockEnabled": "Enabled",
            "Rule": {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 365}},
        },
        "VersioningConfiguration": {"Status": "Enabled"},
        "LoggingConfiguration": {"DestinationBucketName": "elsewhere", "LogFilePrefix": "locked/"},
    }
    body = {"Resources": {"Locked": {"Type": "AWS::S3::Bucket", "Properties": wished}}}

    assert "CREATE_COMPLETE" == deploy(site.twin, "Locked", body, "af-south-1")
    version = s3.put_object(Bucket="locked", Key="a", Body=b"1")["VersionId"]
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.delete_object(Bucket="locked", Key="a", VersionId=version)

    lock = s3.get_object_lock_configuration(Bucket="locked")["ObjectLockConfiguration"]
    assert {"Mode": "COMPLIANCE", "Days": 365} == lock["Rule"]["DefaultRetention"]
    log = s3.get_bucket_logging(Bucket="locked")["LoggingEnabled"]
    assert ("elsewhere", "locked/") == (log["TargetBucket"], log["TargetPrefix"])


def test_a_templates_deliveries_of_logs_are_real(site: Site) -> None:
    """Told by the API of the region; they follow an update, and go with the template."""
    logs = site.client("logs", "us-east-1")
    arn = f"arn:aws:cloudfront::000000000000:distribution/{site.outputs['DistributionId']}"
    source = {"Name": "visits", "LogType": "ACCESS_LOGS", "ResourceArn": arn}
    place = {"Name": "visits", "DestinationResourceArn": "arn:aws:s3:::visits", "OutputFormat": "json"}
    made: dict[str, Any] = {
        "Source": {"Type": "AWS::Logs::DeliverySource", "Properties": source},
        "Place": {"Type": "AWS::Logs::DeliveryDestination", "Properties": place},
        "Delivery": {
            "Type": "AWS::Logs::Delivery",
            "DependsOn": "Source",
            "Properties": {
                "DeliverySourceName": "visits",
                "DeliveryDestinationArn": {"Fn::GetAtt": ["Place", "Arn"]},
            },
        },
    }
    assert "CREATE_COMPLETE" == deploy(site.twin, "Visits", {"Resources": made}, "us-east-1")
    (delivery,) = logs.describe_deliveries()["deliveries"]
    assert ("visits", "S3") == (delivery["deliverySourceName"], delivery["deliveryDestinationType"])
    place["OutputFormat"] = "plain"
    assert "UPDATE_COMPLETE" == deploy(site.twin, "Visits", {"Resources": made}, "us-east-1", update=True)
    assert ["plain"] == [each["outputFormat"] for each in logs.describe_delivery_destinations()["deliveryDestinations"]]
    left = {"Place": made["Place"]}
    assert "UPDATE_COMPLETE" == deploy(site.twin, "Visits", {"Resources": left}, "us-east-1", update=True)
    assert ([], []) == (logs.describe_deliveries()["deliveries"], logs.describe_delivery_sources()["deliverySources"])
