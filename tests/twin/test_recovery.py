"""What a twin's AWS Backup has kept: of jobs, and of the days that a daily plan would have run."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from checks.twin.gaps import recovery
from tests.twin.conftest import Site, deploy

pytestmark = pytest.mark.twin

NOW = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)


def _starts(schedule: str, *, days: float, keeps: float | None = None) -> list[str]:
    since = (NOW - timedelta(days=days)).timestamp()
    return [f"{each:%d %H:%M}" for each in recovery._runs(schedule, since=since, keeps=keeps, now=NOW)]


@pytest.mark.parametrize(
    ("schedule", "days", "keeps", "starts"),
    (
        ("cron(0 1 * * ? *)", 0.4, None, []),
        ("cron(0 1 * * ? *)", 0.5, None, ["31 01:00"]),
        ("cron(0 1 * * ? *)", 2.5, None, ["29 01:00", "30 01:00", "31 01:00"]),
        ("cron(0 1 * * ? *)", 9.0, 2, ["30 01:00", "31 01:00"]),
        ("cron(55 11 * * ? *)", 1.0, None, ["31 11:55"]),
        ("cron(56 11 * * ? *)", 1.0, None, []),
        ("cron(0 1 ? * MON *)", 9.0, None, []),
    ),
    ids=("before the first", "the first", "three nights", "two are kept", "done by now", "not done yet", "not daily"),
)
def test_a_daily_plan_has_run_every_day_since(
    schedule: str, days: float, keeps: float | None, starts: list[str]
) -> None:
    """One start a day since it was made, once it is done, for as long as it is kept."""
    assert starts == _starts(schedule, days=days, keeps=keeps)


def test_a_job_leaves_a_recovery_point(site: Site) -> None:
    """What was backed up by hand is listed for its resource, and for no other."""
    backup = site.client("backup")
    arn, other = (f"arn:aws:dynamodb:af-south-1:000000000000:table/{name}" for name in ("kept", "not-kept"))
    backup.create_backup_vault(BackupVaultName="by-hand")
    job = backup.start_backup_job(
        BackupVaultName="by-hand", ResourceArn=arn, IamRoleArn="arn:aws:iam::000000000000:role/r"
    )

    (point,) = backup.list_recovery_points_by_resource(ResourceArn=arn)["RecoveryPoints"]

    assert (job["RecoveryPointArn"], "COMPLETED", "by-hand") == (
        point["RecoveryPointArn"],
        point["Status"],
        point["BackupVaultName"],
    )
    assert [] == backup.list_recovery_points_by_resource(ResourceArn=other)["RecoveryPoints"]


def test_a_vault_has_the_lock_of_its_template(site: Site) -> None:
    """Told like one that was locked by hand; without a lock it says so."""
    backup, lock = site.client("backup"), {"MinRetentionDays": 35, "MaxRetentionDays": 365}

    def vault(**more: object) -> dict[str, Any]:
        wished = {"BackupVaultName": "strong", **more}
        return {"Resources": {"Vault": {"Type": "AWS::Backup::BackupVault", "Properties": wished}}}

    assert "CREATE_COMPLETE" == deploy(site.twin, "Vault", vault(LockConfiguration=lock), "af-south-1")
    told = backup.describe_backup_vault(BackupVaultName="strong")
    assert (True, 35, 365) == (told["Locked"], told["MinRetentionDays"], told["MaxRetentionDays"])
    assert "UPDATE_COMPLETE" == deploy(site.twin, "Vault", vault(), "af-south-1", update=True)
    told = backup.describe_backup_vault(BackupVaultName="strong")
    assert (False, None) == (told["Locked"], told.get("MinRetentionDays"))


NOTIFIED = {
    "Resources": {
        "Vault": {
            "Type": "AWS::Backup::BackupVault",
            "Properties": {
                "BackupVaultName": "notified",
                "Notifications": {
                    "SNSTopicArn": "arn:aws:sns:af-south-1:000000000000:told",
                    "BackupVaultEvents": ["BACKUP_JOB_COMPLETED"],
                },
            },
        }
    }
}


def test_a_vault_tells_whom_it_was_told_to_tell(site: Site) -> None:
    """By its template or by a call; one that was never told to, or no longer, says so as AWS does."""
    backup = site.client("backup")
    assert "CREATE_COMPLETE" == deploy(site.twin, "Notified", NOTIFIED, "af-south-1")
    backup.create_backup_vault(BackupVaultName="silent")
    missing = backup.exceptions.ResourceNotFoundException

    told = backup.get_backup_vault_notifications(BackupVaultName="notified")
    assert ("notified", ["BACKUP_JOB_COMPLETED"]) == (told["BackupVaultName"], told["BackupVaultEvents"])
    with pytest.raises(missing):
        backup.get_backup_vault_notifications(BackupVaultName="silent")
    backup.put_backup_vault_notifications(
        BackupVaultName="silent", SNSTopicArn=told["SNSTopicArn"], BackupVaultEvents=["BACKUP_JOB_FAILED"]
    )
    assert told["SNSTopicArn"] == backup.get_backup_vault_notifications(BackupVaultName="silent")["SNSTopicArn"]
    backup.delete_backup_vault_notifications(BackupVaultName="notified")
    with pytest.raises(missing):
        backup.get_backup_vault_notifications(BackupVaultName="notified")


def test_a_restore_is_listed(site: Site) -> None:
    """With the table whose recovery point it brought back."""
    backup, tables = site.client("backup"), site.client("dynamodb")
    key = [{"AttributeName": "id", "AttributeType": "S"}]
    tables.create_table(
        TableName="lost",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=key,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
    )
    tables.update_continuous_backups(
        TableName="lost", PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
    )
    arn = tables.describe_table(TableName="lost")["Table"]["TableArn"]
    backup.create_backup_vault(BackupVaultName="restores")
    role = "arn:aws:iam::000000000000:role/r"
    point = backup.start_backup_job(BackupVaultName="restores", ResourceArn=arn, IamRoleArn=role)["RecoveryPointArn"]
    job = backup.start_restore_job(
        RecoveryPointArn=point, IamRoleArn=role, ResourceType="DynamoDB", Metadata={"targetTableName": "found"}
    )["RestoreJobId"]

    (listed,) = (each for each in backup.list_restore_jobs()["RestoreJobs"] if each["RestoreJobId"] == job)
    assert ("COMPLETED", arn, "DynamoDB") == (listed["Status"], listed["SourceResourceArn"], listed["ResourceType"])
