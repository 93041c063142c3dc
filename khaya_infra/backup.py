"""Backups beside point-in-time recovery: a daily copy of every table, in a vault of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_backup as backup
from aws_cdk import aws_events as events
from constructs import Construct

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aws_cdk import aws_dynamodb as dynamodb

KEPT_DAYS = 35


class Backup(Construct):
    """One plan, one vault, and a selection that names each table: a table nobody tagged cannot fall out of it."""

    def __init__(self, scope: Construct, construct_id: str, *, tables: Mapping[str, dynamodb.Table]) -> None:
        super().__init__(scope, construct_id)
        self.vault = backup.BackupVault(self, "Vault", removal_policy=RemovalPolicy.RETAIN)
        self.plan = backup.BackupPlan(self, "Plan", backup_vault=self.vault)
        self.plan.add_rule(
            backup.BackupPlanRule(
                rule_name="Daily",
                schedule_expression=events.Schedule.cron(hour="1", minute="0"),
                start_window=Duration.hours(1),
                completion_window=Duration.hours(6),
                delete_after=Duration.days(KEPT_DAYS),
            )
        )
        self.plan.add_selection(
            "Tables",
            backup_selection_name="EveryTable",
            resources=[backup.BackupResource.from_dynamo_db_table(table) for table in tables.values()],
        )
