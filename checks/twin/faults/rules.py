"""Faults of rules about data: windows of recovery, policies of tables, jobs of backups, whom a bucket tells."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from checks.model import Check
from checks.twin.faults.bench import Bench
from checks.twin.faults.between.http import Onward, Raw, Reply, Tamper, Visit
from checks.twin.faults.data import described_as
from checks.twin.faults.staging import Undo, broken, said, told
from checks.twin.faults.words import Fault, Stage, View

_TABLES, _BACKUP, _S3, _STACK = "DynamoDB", "Backup and recovery", "S3 buckets", "Account, IAM, stack"
_SUCCESS = 200


def _table(bench: Bench, check: Check) -> tuple[Any, str]:
    return bench.aws("dynamodb", str(check.params["region"])), str(check.params["table"])


def a_day_back(_bench: Bench, check: Check) -> Tamper:
    """The table can be restored to the last day alone; the emulator keeps no period."""

    def shorter(seen: dict[str, Any]) -> None:
        seen["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]["RecoveryPeriodInDays"] = 1

    return said("dynamodb", "DescribeContinuousBackups", shorter, about=str(check.params["table"]))


def begun_anew(_bench: Bench, check: Check) -> Tamper:
    """The table is old, and can be restored to the last hour alone."""
    name = str(check.params["table"])
    now = datetime.now(UTC)

    def older(seen: dict[str, Any]) -> None:
        seen["Table"]["CreationDateTime"] = (now - timedelta(days=400)).timestamp()

    def younger(seen: dict[str, Any]) -> None:
        recovery = seen["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
        recovery["EarliestRestorableDateTime"] = (now - timedelta(hours=1)).timestamp()

    changes = {"DescribeTable": older, "DescribeContinuousBackups": younger}

    def tamper(visit: Visit, onward: Onward) -> Reply | Raw:
        reply = onward(visit)
        about = visit.service == "dynamodb" and visit.operation in changes and name.encode() in visit.body
        return reply.amended(changes[visit.operation]) if about and reply.status == _SUCCESS else reply

    return tamper


def shared(bench: Bench, check: Check) -> Undo:
    """The table's own policy lets another account read."""
    tables, name = _table(bench, check)
    arn = tables.describe_table(TableName=name)["Table"]["TableArn"]
    principal = {"AWS": "arn:aws:iam::111122223333:root"}
    statement = {"Effect": "Allow", "Principal": principal, "Action": "dynamodb:GetItem", "Resource": arn}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    tables.put_resource_policy(ResourceArn=arn, Policy=policy)
    return lambda: tables.delete_resource_policy(ResourceArn=arn)


def _other_key(table: dict[str, Any]) -> None:
    arn = f"{table['TableArn'].replace(':dynamodb:', ':kms:').partition(':table/')[0]}:key/another"
    table["SSEDescription"] = {"Status": "ENABLED", "SSEType": "KMS", "KMSMasterKeyArn": arn}


def jobs(*states: str) -> Callable[[Bench, Check], Tamper]:
    """The backups of one table ended so, the newest last."""

    def made(_bench: Bench, check: Check) -> Tamper:
        arn, now = str(check.params["arn"]), datetime.now(UTC)
        of_table = [
            {
                "BackupJobId": f"rehearsed-{number}",
                "ResourceArn": arn,
                "ResourceType": "DynamoDB",
                "State": state,
                "StatusMessage": "rehearsed",
                "CreationDate": (now - timedelta(hours=len(states) - number)).timestamp(),
                **({} if state == "RUNNING" else {"CompletionDate": (now - timedelta(minutes=30)).timestamp()}),
            }
            for number, state in enumerate(states)
        ]

        def tamper(visit: Visit, onward: Onward) -> Reply | Raw:
            reply = onward(visit)
            about = visit.service == "backup" and visit.path.rstrip("/").endswith("backup-jobs")
            if not about or reply.status != _SUCCESS:
                return reply
            return reply.amended(lambda seen: seen.update(BackupJobs=[*of_table, *seen.get("BackupJobs", [])]))

        return tamper

    return made


def calm_jobs(*states: str) -> Stage:
    """The backups of one table ended so, and nobody is to notice."""

    @contextmanager
    def stage(bench: Bench) -> Iterator[View]:
        yield View(aws=jobs(*states)(bench, bench.check("backups.jobs")))

    return stage


def _bucket(bench: Bench, check: Check) -> tuple[Any, str]:
    return bench.aws("s3", str(check.params["region"])), str(check.params["bucket"])


def telling_others(bench: Bench, check: Check) -> Undo:
    """The bucket tells of its objects whom the template does not know."""
    files, name = _bucket(bench, check)
    before = files.get_bucket_notification_configuration(Bucket=name)
    kept = {key: value for key, value in before.items() if key != "ResponseMetadata"}
    files.put_bucket_notification_configuration(
        Bucket=name, NotificationConfiguration={**kept, "EventBridgeConfiguration": {}}
    )
    return lambda: files.put_bucket_notification_configuration(Bucket=name, NotificationConfiguration=kept)


def anybodys(bench: Bench, check: Check) -> Undo:
    """Single objects may be opened by whoever puts them."""
    files, name = _bucket(bench, check)
    before = files.get_bucket_ownership_controls(Bucket=name)["OwnershipControls"]
    files.put_bucket_ownership_controls(Bucket=name, OwnershipControls={"Rules": [{"ObjectOwnership": "ObjectWriter"}]})
    return lambda: files.put_bucket_ownership_controls(Bucket=name, OwnershipControls=before)


def stack_told(old: bytes, new: bytes) -> Callable[[Bench, Check], Tamper]:
    """CloudFormation describes the stack in other words: *new* for whatever fits *old*."""

    def made(_bench: Bench, check: Check) -> Tamper:
        name = str(check.params["stack"]).encode()

        def tamper(visit: Visit, onward: Onward) -> Reply | Raw:
            reply = onward(visit)
            about = visit.service == "cloudformation" and visit.operation == "DescribeStacks" and name in visit.body
            return replace(reply, body=re.sub(old, new, reply.body)) if about else reply

        return tamper

    return made


_PASSWORD = b"<member><OutputKey>AdminPassword</OutputKey><OutputValue>Xk7#vQ2!pL9@zR4%tB1</OutputValue></member>"
_DRIFT, _DRIFTED = rb"<StackDriftStatus>\w+<", b"<StackDriftStatus>DRIFTED<"

FAULTS: tuple[Fault, ...] = (
    Fault(
        id="DDB-13",
        family=_TABLES,
        breaks="recovery was switched off and on again",
        promise="tables.window",
        stage=told("tables.window", begun_anew),
        fidelity="patched",
        # So old a table has recovery points, or nobody makes any.
        behind=("backups.recent[*]",),
        code=1,
    ),
    Fault(
        id="DDB-14",
        family=_TABLES,
        breaks="recovery reaches back a day",
        promise="tables.window",
        stage=told("tables.window", a_day_back),
        fidelity="patched",
    ),
    Fault(
        id="DDB-20",
        family=_TABLES,
        breaks="another key encrypts the table",
        promise="tables.encrypted",
        stage=described_as("tables.encrypted", _other_key),
        fidelity="patched",
    ),
    Fault(
        id="DDB-21",
        family=_TABLES,
        breaks="the table's own policy lets another account in",
        promise="tables.private",
        stage=broken("tables.private", shared),
    ),
    Fault(
        id="BKP-06",
        family=_BACKUP,
        breaks="backup jobs never start",
        promise="backups.jobs",
        stage=told("backups.jobs", jobs("COMPLETED", "EXPIRED")),
        fidelity="patched",
    ),
    Fault(
        id="BKP-07",
        family=_BACKUP,
        breaks="backup jobs end half done",
        promise="backups.jobs",
        stage=told("backups.jobs", jobs("PARTIAL")),
        fidelity="patched",
    ),
    Fault(
        id="S3-15",
        family=_S3,
        breaks="the bucket tells others of uploads than the template says",
        promise="buckets.notifications",
        stage=broken("buckets.notifications", telling_others),
    ),
    Fault(
        id="S3-21",
        family=_S3,
        breaks="single objects may be public",
        promise="buckets.owned",
        stage=broken("buckets.owned", anybodys),
    ),
    Fault(
        id="INF-04",
        family=_STACK,
        breaks="something was changed by hand",
        promise="stack.drift",
        stage=told("stack.drift", stack_told(_DRIFT, _DRIFTED)),
        fidelity="patched",
    ),
    Fault(
        id="INF-08",
        family=_STACK,
        breaks="an output tells a secret",
        promise="stack.discreet",
        stage=told("stack.discreet", stack_told(b"<Outputs>", b"<Outputs>" + _PASSWORD)),
        fidelity="patched",
        behind=("stack.outputs[*]",),
    ),
    Fault(
        id="B-BKP-02",
        family=_BACKUP,
        kind="benign",
        breaks="a backup is being made and the one before is fresh",
        stage=calm_jobs("COMPLETED", "RUNNING"),
        fidelity="patched",
    ),
    Fault(
        id="B-BKP-04",
        family=_BACKUP,
        kind="benign",
        breaks="a backup failed and the next one did not",
        stage=calm_jobs("FAILED", "COMPLETED"),
        fidelity="patched",
    ),
)
