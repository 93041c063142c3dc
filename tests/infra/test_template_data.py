"""Tables, backups and sign-in as the template makes them. A-numbers: defect register."""

from __future__ import annotations

import json

import pytest

from khaya_api.trail import FOLDER
from tests.infra.conftest import Json, Template

# Noun: partition key, sort key, {index: (partition key, sort key)}, streamed.
KEYS: dict[str, tuple[str, str | None, dict[str, tuple[str, str | None]], bool]] = {
    "Users": ("id", None, {"EmailIndex": ("email", None), "PhoneIndex": ("phone", None)}, True),
    "Profiles": ("userId", None, {"LocationIndex": ("location", "trustScore")}, True),
    "Jobs": ("id", "createdAt", {"StatusIndex": ("status", "createdAt"), "BuyerIndex": ("buyerId", "createdAt")}, True),
    "Bids": ("id", "jobId", {"JobIndex": ("jobId", "amount"), "WorkerIndex": ("workerId", "createdAt")}, True),
    "Listings": (
        "id",
        None,
        {"CategoryIndex": ("category", "createdAt"), "SellerIndex": ("sellerId", "createdAt")},
        False,
    ),
    "Reviews": ("id", "reviewedId", {"ReviewedIndex": ("reviewedId", "createdAt")}, False),
    "Credits": ("id", "userId", {"UserIndex": ("userId", "createdAt")}, True),
    "Referrals": (
        "id",
        None,
        {"CodeIndex": ("referralCode", None), "ReferrerIndex": ("referrerId", "createdAt")},
        False,
    ),
    "Stories": (
        "id",
        "createdAt",
        {"PublicIndex": ("publicState", "createdAt"), "UserIndex": ("userId", "createdAt")},
        False,
    ),
}
NUMBERS = {"trustScore", "amount"}


def table(main: Template, noun: str) -> Json:
    """The table of a noun, with its policies."""
    return main.at(f"Data/{noun}Table")


def schema(keys: list[dict[str, str]]) -> tuple[str, str | None]:
    """Partition and sort key of a key schema."""
    by_kind = {key["KeyType"]: key["AttributeName"] for key in keys}
    return by_kind["HASH"], by_kind.get("RANGE")


def test_there_are_nine_tables(main: Template) -> None:
    """One per noun of the domain, and none that nobody knows of."""
    assert {f"Data/{noun}Table" for noun in KEYS} == main.of("AWS::DynamoDB::Table").keys()


@pytest.mark.parametrize("noun", KEYS)
def test_each_table_has_the_keys_and_indexes_of_the_domain(main: Template, noun: str) -> None:
    """Keys cannot be changed later without a new, empty table."""
    properties = table(main, noun)["Properties"]
    partition, sort, indexes, _ = KEYS[noun]
    attributes = {each["AttributeName"]: each["AttributeType"] for each in properties["AttributeDefinitions"]}

    assert (partition, sort) == schema(properties["KeySchema"])
    assert indexes == {each["IndexName"]: schema(each["KeySchema"]) for each in properties["GlobalSecondaryIndexes"]}
    assert {"ALL"} == {each["Projection"]["ProjectionType"] for each in properties["GlobalSecondaryIndexes"]}
    assert {name: "N" if name in NUMBERS else "S" for name in attributes} == attributes


@pytest.mark.parametrize("noun", KEYS)
def test_no_table_can_lose_what_is_in_it(main: Template, noun: str) -> None:
    """A14, A15, A34: 35 days of recovery, no deletion by one call, kept when the stack goes."""
    found = table(main, noun)
    recovery = found["Properties"]["PointInTimeRecoverySpecification"]

    assert {"PointInTimeRecoveryEnabled": True, "RecoveryPeriodInDays": 35} == recovery
    assert found["Properties"]["DeletionProtectionEnabled"] is True
    assert ("Retain", "Retain") == (found["DeletionPolicy"], found["UpdateReplacePolicy"])


@pytest.mark.parametrize("noun", KEYS)
def test_tables_are_paid_by_request_and_forget_what_expires(main: Template, noun: str) -> None:
    """No capacity to run out of; what a verification writes carries its own end."""
    properties = table(main, noun)["Properties"]

    assert "PAY_PER_REQUEST" == properties["BillingMode"]
    assert {"AttributeName": "expiresAt", "Enabled": True} == properties["TimeToLiveSpecification"]


@pytest.mark.parametrize("noun", KEYS)
def test_what_must_be_audited_is_streamed(main: Template, noun: str) -> None:
    """Both images of users, profiles, jobs, bids and credits; the others stream nothing."""
    stream = table(main, noun)["Properties"].get("StreamSpecification")

    assert ({"StreamViewType": "NEW_AND_OLD_IMAGES"} if KEYS[noun][3] else None) == stream


def test_the_backup_plan_names_every_table_and_bucket(main: Template) -> None:
    """Pitfall 71: a selection by tag can match nothing and stay green."""
    selections = [each["BackupSelection"] for each in main.of("AWS::Backup::BackupSelection").values()]
    kept = ("Storage/Bucket", "Site/FrontendBucket", "Keeping/Trail", "Keeping/Exports")
    wanted = [{"Fn::GetAtt": [main.id_at(path), "Arn"]} for path in (*(f"Data/{noun}Table" for noun in KEYS), *kept)]
    others = {path for path in main.of("AWS::S3::Bucket") if path not in kept}

    assert sorted(map(str, wanted)) == sorted(str(each) for found in selections for each in found["Resources"])
    assert [] == [each for each in selections if "ListOfTags" in each or "Conditions" in each]
    # Who reached for a bucket three months ago is nothing to restore.
    assert {"Keeping/AccessLogs"} == others


def test_backups_are_made_daily_for_35_days_and_monthly_for_a_year(main: Template) -> None:
    """Into a vault that outlives the stack and that nobody empties by the way: in governance mode."""
    rules = {each["RuleName"]: each for each in main.one("AWS::Backup::BackupPlan")["BackupPlan"]["BackupPlanRule"]}
    vault = main.at("Backup/Vault")

    assert {"Daily": ("cron(0 1 * * ? *)", 35), "Monthly": ("cron(0 3 1 * ? *)", 365)} == {
        name: (each["ScheduleExpression"], each["Lifecycle"]["DeleteAfterDays"]) for name, each in rules.items()
    }
    assert all(
        {"Fn::GetAtt": [main.id_at("Backup/Vault"), "BackupVaultName"]} == each["TargetBackupVault"]
        for each in rules.values()
    )
    assert "Retain" == vault["DeletionPolicy"]
    assert {"MinRetentionDays": 35, "MaxRetentionDays": 365} == vault["Properties"]["LockConfiguration"]


def test_backups_may_be_made_of_tables_and_of_buckets(main: Template) -> None:
    """Pitfall 70: without the policies for S3 each job of a bucket fails, and the plan looks well."""
    policies = json.dumps(main.at("Backup/Role")["Properties"]["ManagedPolicyArns"])

    for name in (
        "service-role/AWSBackupServiceRolePolicyForBackup",
        "service-role/AWSBackupServiceRolePolicyForRestores",
        "AWSBackupServiceRolePolicyForS3Backup",
        "AWSBackupServiceRolePolicyForS3Restore",
    ):
        assert f":iam::aws:policy/{name}" in policies
    for each in main.of("AWS::Backup::BackupSelection").values():
        assert {"Fn::GetAtt": [main.id_at("Backup/Role"), "Arn"]} == each["BackupSelection"]["IamRoleArn"]


def test_the_trail_of_changes_is_append_only(main: Template) -> None:
    """A33: every version is locked for a year, for its owner too; who writes can do nothing else there."""
    trail = main.at("Keeping/Trail")["Properties"]
    statements = main.at("AuditFunction/Role/DefaultPolicy")["Properties"]["PolicyDocument"]["Statement"]
    about = [each for each in statements if main.id_at("Keeping/Trail") in json.dumps(each["Resource"])]

    assert ("Enabled", True) == (trail["VersioningConfiguration"]["Status"], trail["ObjectLockEnabled"])
    assert {"Mode": "COMPLIANCE", "Days": 365} == trail["ObjectLockConfiguration"]["Rule"]["DefaultRetention"]
    assert ["s3:PutObject"] == [each["Action"] for each in about]
    assert f"/{FOLDER}/*" in json.dumps(about[0]["Resource"])
    variables = main.at("AuditFunction/Function")["Properties"]["Environment"]["Variables"]
    assert {"Ref": main.id_at("Keeping/Trail")} == variables["TRAIL_BUCKET"]


def test_people_sign_in_by_phone_or_e_mail(main: Template) -> None:
    """A37: cannot be changed once the pool has users."""
    pool = main.at("Auth/Pool")
    properties = pool["Properties"]

    assert {"phone_number", "email"} == set(properties["UsernameAttributes"])
    assert {"phone_number", "email"} == set(properties["AutoVerifiedAttributes"])
    assert ("ACTIVE", "Retain") == (properties["DeletionProtection"], pool["DeletionPolicy"])


def test_text_messages_have_a_role_to_be_sent_with(main: Template) -> None:
    """A36: without it phone sign-up is silently dead."""
    sms = main.at("Auth/Pool")["Properties"]["SmsConfiguration"]

    assert {"Fn::GetAtt": [main.id_at("Auth/Pool/smsRole"), "Arn"]} == sms["SnsCallerArn"]
    assert sms["ExternalId"]


def test_nobody_makes_themselves_an_admin(main: Template) -> None:
    """A11: roles are groups, and the client can write name, phone and e-mail alone."""
    client = main.one("AWS::Cognito::UserPoolClient")
    groups = main.of("AWS::Cognito::UserPoolGroup").values()

    assert {"buyer", "worker", "seller", "admin", "synthetic"} == {group["GroupName"] for group in groups}
    assert [] == [group["GroupName"] for group in groups if "RoleArn" in group]
    assert {"email", "phone_number", "name"} == set(client["WriteAttributes"])
    schema_names = {attribute["Name"] for attribute in main.one("AWS::Cognito::UserPool")["Schema"]}
    assert {"phone_number", "email"} == schema_names


def test_the_client_has_no_hosted_flow_and_gives_nobody_away(main: Template) -> None:
    """A12, A13: no implicit flow because no OAuth at all; an unknown user and a wrong password look alike."""
    client = main.one("AWS::Cognito::UserPoolClient")

    assert client["AllowedOAuthFlowsUserPoolClient"] is False
    assert not {"AllowedOAuthFlows", "CallbackURLs"} & client.keys()
    assert ("ENABLED", True) == (client["PreventUserExistenceErrors"], client["EnableTokenRevocation"])
    assert "ALLOW_USER_PASSWORD_AUTH" not in client["ExplicitAuthFlows"]
    assert client["GenerateSecret"] is False
