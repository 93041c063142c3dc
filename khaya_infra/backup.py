"""Backups beside point-in-time recovery: copies of every table and bucket, in a vault that does not let go of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_backup as backup
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from constructs import Construct

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aws_cdk import aws_dynamodb as dynamodb
    from aws_cdk import aws_s3 as s3

DAILY_KEPT = Duration.days(35)
MONTHLY_KEPT = Duration.days(365)
# AWS keeps these up to date with what its service calls (AWS Backup developer guide, "Managed policies").
_POLICIES = (
    "service-role/AWSBackupServiceRolePolicyForBackup",
    "service-role/AWSBackupServiceRolePolicyForRestores",
    "AWSBackupServiceRolePolicyForS3Backup",
    "AWSBackupServiceRolePolicyForS3Restore",
)


class Backup(Construct):
    """One plan, one vault, and selections that name each table and bucket: what nobody tagged cannot fall out.

    The lock is in governance mode: nobody shortens a copy's life by the way, and who has the right to may lift it.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        tables: Mapping[str, dynamodb.Table],
        buckets: Mapping[str, s3.Bucket],
    ) -> None:
        super().__init__(scope, construct_id)
        self.vault = backup.BackupVault(
            self,
            "Vault",
            removal_policy=RemovalPolicy.RETAIN,
            lock_configuration=backup.LockConfiguration(min_retention=DAILY_KEPT, max_retention=MONTHLY_KEPT),
        )
        self.role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal("backup.amazonaws.com"),
            description="Role of: AWS Backup, for the marketplace's tables and buckets",
            managed_policies=[iam.ManagedPolicy.from_aws_managed_policy_name(name) for name in _POLICIES],
        )
        self.plan = backup.BackupPlan(self, "Plan", backup_vault=self.vault)
        self._rule("Daily", events.Schedule.cron(hour="1", minute="0"), DAILY_KEPT)
        self._rule("Monthly", events.Schedule.cron(day="1", hour="3", minute="0"), MONTHLY_KEPT)
        tables_named = [backup.BackupResource.from_dynamo_db_table(table) for table in tables.values()]
        self._select("Tables", "EveryTable", tables_named)
        buckets_named = [backup.BackupResource.from_arn(bucket.bucket_arn) for bucket in buckets.values()]
        self._select("Buckets", "EveryBucket", buckets_named)

    def _rule(self, name: str, schedule: events.Schedule, kept: Duration) -> None:
        self.plan.add_rule(
            backup.BackupPlanRule(
                rule_name=name,
                schedule_expression=schedule,
                start_window=Duration.hours(1),
                completion_window=Duration.hours(6),
                delete_after=kept,
            )
        )

    def _select(self, construct_id: str, name: str, resources: list[backup.BackupResource]) -> None:
        self.plan.add_selection(construct_id, backup_selection_name=name, resources=resources, role=self.role)
