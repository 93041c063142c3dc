"""Backups brought back to tables of their own: by a recovery point of AWS Backup, a backup, or a moment in time.

Nothing here writes over a table: a restore makes a new one.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal

from khaya_infra import tables
from khaya_infra.stop import USAGE, WAITING, Stop

if TYPE_CHECKING:
    from collections.abc import Callable

    from khaya_infra.arrival import Place
    from khaya_infra.clients import Client

NEWEST = "newest"
_DEADLINE = timedelta(hours=8)
_PAUSE_S = 2.0

Kind = Literal["recovery point", "backup", "moment"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What to restore from: a thing with an ARN that was complete at `at`, or the table as it was at `at`."""

    kind: Kind
    at: datetime
    arn: str = ""
    vault: str = ""

    def __str__(self) -> str:
        """As a person would call it."""
        named = f" {self.arn}" if self.arn else ""
        return f"{self.kind} of {self.at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}{named}"


def find_source(place: Place, table: str, wanted: str) -> Source:
    """`newest`, an ARN, or a moment such as 2026-01-31T06:00:00Z. `Stop` when there is no such thing."""
    if wanted == NEWEST:
        return _newest(place, table)
    if wanted.startswith("arn:"):
        named = [each for each in sources(place, table) if each.arn == wanted]
        if not named:
            raise Stop(f"{table} has no backup {wanted}", "`make backups TABLE=…` lists them", code=USAGE)
        return named[0]
    return _moment(place.session.client("dynamodb"), table, wanted)


def _newest(place: Place, table: str) -> Source:
    known = sources(place, table)
    if not known:
        raise Stop(
            f"{table} has no completed recovery point and no backup",
            "The plan makes one a day; `make backup TABLE=…` makes one now, FROM=2026-01-31T06:00:00Z needs none",
        )
    return known[0]


def sources(place: Place, table: str) -> list[Source]:
    """Recovery points and backups that are complete, the newest first."""
    dynamodb, backup = place.session.client("dynamodb"), place.session.client("backup")
    arn = dynamodb.describe_table(TableName=table)["Table"]["TableArn"]
    points = [
        Source(
            kind="recovery point", at=each["CreationDate"], arn=each["RecoveryPointArn"], vault=each["BackupVaultName"]
        )
        for page in backup.get_paginator("list_recovery_points_by_resource").paginate(ResourceArn=arn)
        for each in page["RecoveryPoints"]
        if each["Status"] == "COMPLETED"
    ]
    backups = [
        Source(kind="backup", at=each["BackupCreationDateTime"], arn=each["BackupArn"])
        for page in dynamodb.get_paginator("list_backups").paginate(TableName=table, BackupType="USER")
        for each in page["BackupSummaries"]
        if each["BackupStatus"] == "AVAILABLE"
    ]
    return sorted(points + backups, key=lambda each: each.at, reverse=True)


def _moment(dynamodb: Client, table: str, wanted: str) -> Source:
    try:
        at = datetime.fromisoformat(wanted)
    except ValueError as error:
        raise Stop(
            f"FROM={wanted} is neither {NEWEST!r}, nor an ARN, nor a moment",
            "Give a moment as 2026-01-31T06:00:00Z",
            code=USAGE,
        ) from error
    if at.tzinfo is None:
        raise Stop(f"FROM={wanted} has no time zone", "Add Z for UTC or +02:00 for South Africa", code=USAGE)
    described = dynamodb.describe_continuous_backups(TableName=table)["ContinuousBackupsDescription"]
    window = described["PointInTimeRecoveryDescription"]
    if window["PointInTimeRecoveryStatus"] != "ENABLED":
        raise Stop(f"{table} has no point-in-time recovery", "Restore from a recovery point: FROM=newest")
    first, last = window["EarliestRestorableDateTime"], window["LatestRestorableDateTime"]
    if not first <= at <= last:
        raise Stop(
            f"{table} can be restored to moments from {first.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ} to "
            f"{last.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}, not to {wanted}",
            "Choose one of these, or FROM=newest",
            code=USAGE,
        )
    return Source(kind="moment", at=at)


def restore(
    place: Place, table: str, source: Source, *, name: str, pause: Callable[[float], None] = time.sleep
) -> None:
    """Make the table `name` from `source` and wait until it can be read."""
    dynamodb = place.session.client("dynamodb")
    if source.kind == "moment":
        dynamodb.restore_table_to_point_in_time(SourceTableName=table, TargetTableName=name, RestoreDateTime=source.at)
    elif source.kind == "backup":
        dynamodb.restore_table_from_backup(TargetTableName=name, BackupArn=source.arn)
    else:
        _restore_point(place.session.client("backup"), source, name, pause)
    tables.await_table(dynamodb, name)


def _restore_point(backup: Client, source: Source, name: str, pause: Callable[[float], None]) -> None:
    where = {"BackupVaultName": source.vault, "RecoveryPointArn": source.arn}
    metadata = backup.get_recovery_point_restore_metadata(**where)
    # Who made it: the plan's role, which may restore as well.
    role = backup.describe_recovery_point(**where)["IamRoleArn"]
    job = backup.start_restore_job(
        RecoveryPointArn=source.arn,
        IamRoleArn=role,
        ResourceType="DynamoDB",
        Metadata={**metadata["RestoreMetadata"], "targetTableName": name},
    )["RestoreJobId"]
    limit = time.monotonic() + _DEADLINE.total_seconds()
    while (seen := backup.describe_restore_job(RestoreJobId=job))["Status"] in {"PENDING", "RUNNING"}:
        if time.monotonic() > limit:
            raise Stop(f"restore job {job} is still {seen['Status']}", "Look at it in AWS Backup", code=WAITING)
        pause(_PAUSE_S)
    if seen["Status"] != "COMPLETED":
        raise Stop(
            f"restore job {job} is {seen['Status']}: {seen.get('StatusMessage', 'no reason given')}",
            f"See that {role} may restore",
        )
