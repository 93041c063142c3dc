"""Faults of buckets and of backups: who may read, what is kept, and how it would come back."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from checks.model import Check
from checks.twin.faults.bench import Bench
from checks.twin.faults.between.http import Onward, Raw, Reply, Tamper, Visit, answer
from checks.twin.faults.staging import Undo, broken, harmless, told
from checks.twin.faults.words import Fault, Stage, Unfit, View

_S3, _BACKUP = "S3 buckets", "Backup and recovery"
_OPEN = dict.fromkeys(("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), False)
_SHUT = dict.fromkeys(_OPEN, True)


def _bucket(bench: Bench, check: Check) -> tuple[Any, str]:
    return bench.aws("s3", str(check.params["region"])), str(check.params["bucket"])


def unblocked(bench: Bench, check: Check) -> Undo:
    """The block of public access is gone."""
    files, name = _bucket(bench, check)
    files.delete_public_access_block(Bucket=name)
    return lambda: files.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=_SHUT)


def public_to(action: str) -> Callable[[Bench, Check], Undo]:
    """The policy lets everybody do *action*."""

    def change(bench: Bench, check: Check) -> Undo:
        files, name = _bucket(bench, check)
        before = files.get_bucket_policy(Bucket=name)["Policy"]
        policy = json.loads(before)
        everybody = {"Effect": "Allow", "Principal": "*", "Action": action, "Resource": f"arn:aws:s3:::{name}/*"}
        policy["Statement"].append(everybody)
        files.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=_OPEN)
        files.put_bucket_policy(Bucket=name, Policy=json.dumps(policy))

        def back() -> None:
            files.put_bucket_policy(Bucket=name, Policy=before)
            files.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=_SHUT)

        return back

    return change


def _policy(change_it: Callable[[dict[str, Any], str], object]) -> Callable[[Bench, Check], Undo]:
    def change(bench: Bench, check: Check) -> Undo:
        files, name = _bucket(bench, check)
        before = files.get_bucket_policy(Bucket=name)["Policy"]
        policy = json.loads(before)
        change_it(policy, name)
        files.put_bucket_policy(Bucket=name, Policy=json.dumps(policy))
        return lambda: files.put_bucket_policy(Bucket=name, Policy=before)

    return change


def _no_denial(policy: dict[str, Any], _name: str) -> None:
    kept = [each for each in policy["Statement"] if "aws:SecureTransport" not in json.dumps(each)]
    filler = {"Effect": "Deny", "Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{_name}/nothing"}
    policy["Statement"] = kept or [filler]


def _read_by(who: Callable[[tuple[str, ...]], str]) -> Callable[[Bench, Check], Undo]:
    """One more distribution may read a folder: *who* is chosen with the target's own at hand, by their ARNs."""

    def change(bench: Bench, check: Check) -> Undo:
        holders, readers = check.params["holders"], check.params["readers"]
        if not isinstance(holders, tuple) or not isinstance(readers, tuple) or not readers:
            raise Unfit("there is no distribution")
        files, name = bench.aws("s3", str(check.params["region"])), str(holders[0]).rpartition(":")[2]
        before = files.get_bucket_policy(Bucket=name)["Policy"]
        policy = json.loads(before)
        policy["Statement"].append(
            {
                "Effect": "Allow", "Principal": {"Service": "cloudfront.amazonaws.com"}, "Action": "s3:GetObject",
                "Resource": f"arn:aws:s3:::{name}/further/*",
                "Condition": {"StringEquals": {"AWS:SourceArn": who(readers)}},
            }
        )  # fmt: skip
        files.put_bucket_policy(Bucket=name, Policy=json.dumps(policy))
        return lambda: files.put_bucket_policy(Bucket=name, Policy=before)

    return change


def _own(readers: tuple[str, ...]) -> str:
    return readers[0]


def _foreign(readers: tuple[str, ...]) -> str:
    """Of the same account, and none of the target's."""
    return f"{readers[0].rpartition('/')[0]}/EXAMPLE"


def _further_denial(policy: dict[str, Any], name: str) -> None:
    policy["Statement"].append(
        {
            "Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{name}/*",
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
    )  # fmt: skip


def suspended(bench: Bench, check: Check) -> Undo:
    """What is overwritten is lost."""
    files, name = _bucket(bench, check)

    def put(status: str) -> None:
        files.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": status})

    put("Suspended")
    return lambda: put("Enabled")


def cors(*rules: dict[str, Any]) -> Callable[[Bench, Check], Undo]:
    """Pages of other origins may do something else with the bucket."""

    def change(bench: Bench, check: Check) -> Undo:
        files, name = _bucket(bench, check)
        try:
            before = files.get_bucket_cors(Bucket=name)["CORSRules"]
        except files.exceptions.ClientError:
            before = []
        if rules:
            files.put_bucket_cors(Bucket=name, CORSConfiguration={"CORSRules": list(rules)})
        elif not before:
            raise Unfit("the bucket has no rules for other origins")
        else:
            files.delete_bucket_cors(Bucket=name)

        def back() -> None:
            if before:
                files.put_bucket_cors(Bucket=name, CORSConfiguration={"CORSRules": before})
            else:
                files.delete_bucket_cors(Bucket=name)

        return back

    return change


def expiring(bench: Bench, check: Check) -> Undo:
    """A rule deletes everything after a day."""
    files, name = _bucket(bench, check)
    before = files.get_bucket_lifecycle_configuration(Bucket=name)["Rules"]
    rule = {"ID": "a day", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 1}}

    def put(rules: list[Any]) -> None:
        files.put_bucket_lifecycle_configuration(Bucket=name, LifecycleConfiguration={"Rules": rules})

    put([*before, rule])
    return lambda: put(before)


def website(bench: Bench, check: Check) -> Undo:
    """The bucket is a website of its own."""
    files, name = _bucket(bench, check)
    files.put_bucket_website(Bucket=name, WebsiteConfiguration={"IndexDocument": {"Suffix": "index.html"}})
    return lambda: files.delete_bucket_website(Bucket=name)


def of_another(bench: Bench, check: Check) -> Tamper:
    """Whoever expects our account as the owner is refused."""
    _, name = _bucket(bench, check)
    refusal = answer(403, "<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>", "application/xml",
                     x_amz_request_id="0000000000000000")  # fmt: skip

    def tamper(visit: Visit, onward: Onward) -> Reply | Raw:
        about = visit.service == "s3" and name in visit.path and visit.header("x-amz-expected-bucket-owner")
        return refusal if about else onward(visit)

    return tamper


# Backups.


def _plan(bench: Bench, check: Check) -> tuple[Any, str, dict[str, Any]]:
    backups, name = bench.aws("backup", str(check.params["region"])), str(check.params["plan_id"])
    return backups, name, dict(backups.get_backup_plan(BackupPlanId=name)["BackupPlan"])


def planned(change_it: Callable[[dict[str, Any]], object]) -> Callable[[Bench, Check], Undo]:
    """The first rule of the plan is another one."""

    def change(bench: Bench, check: Check) -> Undo:
        backups, name, before = _plan(bench, check)
        other = json.loads(json.dumps(before))
        change_it(other["Rules"][0])
        backups.update_backup_plan(BackupPlanId=name, BackupPlan=other)
        return lambda: backups.update_backup_plan(BackupPlanId=name, BackupPlan=before)

    return change


def unselected(bench: Bench, check: Check) -> Undo:
    """The plan selects nothing."""
    backups, name, _ = _plan(bench, check)
    listed = backups.list_backup_selections(BackupPlanId=name)["BackupSelectionsList"]
    kept = [
        backups.get_backup_selection(BackupPlanId=name, SelectionId=each["SelectionId"])["BackupSelection"]
        for each in listed
    ]
    for each in listed:
        backups.delete_backup_selection(BackupPlanId=name, SelectionId=each["SelectionId"])

    def back() -> None:
        for each in kept:
            backups.create_backup_selection(BackupPlanId=name, BackupSelection=each)

    return back


def newest(hours: float, status: str = "COMPLETED", **fields: object) -> Callable[[Bench, Check], Tamper]:
    """The only recovery point of the table is as old as this, in this state."""

    def made(_bench: Bench, check: Check) -> Tamper:
        arn = str(check.params["arn"])
        moment = (datetime.now(UTC) - timedelta(hours=hours)).timestamp()
        point = {
            "RecoveryPointArn": f"{arn}/backup/rehearsed", "CreationDate": moment, "Status": status,
            "BackupSizeBytes": 4096, "BackupVaultName": "rehearsed", **fields,
        }  # fmt: skip

        # Older than its points: a table that was made a minute ago may be without one. It can be restored since then.
        made_then, restorable_then = {"CreationDateTime": moment - 3600}, {"EarliestRestorableDateTime": moment - 3600}
        name = arn.rpartition("/")[2].encode()

        def since_then(seen: dict[str, Any]) -> None:
            recovery = seen["ContinuousBackupsDescription"].get("PointInTimeRecoveryDescription", {})
            recovery.update(restorable_then if recovery.get("PointInTimeRecoveryStatus") == "ENABLED" else {})

        def tamper(visit: Visit, onward: Onward) -> Reply | Raw:
            reply = onward(visit)
            if visit.service == "backup" and "recovery-points" in visit.path and _about(visit, arn):
                return reply.amended(lambda seen: seen.update(RecoveryPoints=[point]))
            if visit.operation == "DescribeTable" and name in visit.body:
                return reply.amended(lambda seen: seen["Table"].update(made_then))
            if visit.operation == "DescribeContinuousBackups" and name in visit.body:
                return reply.amended(since_then)
            return reply

        return tamper

    return made


def _about(visit: Visit, arn: str) -> bool:
    from urllib.parse import unquote

    return arn.rpartition("/")[2] in unquote(visit.target)


def calm_with(tamper: Callable[[Bench, Check], Tamper]) -> Stage:
    """The same, where it is no reason for an alarm."""

    @contextmanager
    def stage(bench: Bench) -> Iterator[View]:
        yield View(aws=tamper(bench, bench.check("backups.recent")))

    return stage


_ANY_PUT = {"AllowedOrigins": ["*"], "AllowedMethods": ["PUT"], "AllowedHeaders": ["*"]}
_OLD_PUT = {"AllowedOrigins": ["https://old.example"], "AllowedMethods": ["PUT"], "AllowedHeaders": ["*"]}
_B = ("backups.*",)

FAULTS: tuple[Fault, ...] = (
    Fault(
        id="S3-02",
        family=_S3,
        breaks="the block of public access is gone",
        promise="buckets.private",
        stage=broken("buckets.private", unblocked),
    ),
    Fault(
        id="S3-04",
        family=_S3,
        breaks="everybody may read",
        promise="buckets.private",
        stage=broken("buckets.private", public_to("s3:GetObject")),
    ),
    Fault(
        id="S3-05",
        family=_S3,
        breaks="everybody may write and delete",
        promise="buckets.private",
        stage=broken("buckets.private", public_to("s3:PutObject")),
    ),
    Fault(
        id="S3-08",
        family=_S3,
        breaks="versioning is suspended",
        promise="buckets.versioned",
        stage=broken("buckets.versioned", suspended),
    ),
    Fault(
        id="S3-10",
        family=_S3,
        breaks="plain HTTP is not denied",
        promise="buckets.tls_only",
        stage=broken("buckets.tls_only", _policy(_no_denial)),
    ),
    Fault(
        id="S3-11",
        family=_S3,
        breaks="uploads are allowed for the old origin alone",
        promise="buckets.cors",
        stage=broken("buckets.cors", cors(_OLD_PUT)),
    ),
    Fault(
        id="S3-12",
        family=_S3,
        breaks="every origin may write",
        promise="buckets.cors",
        stage=broken("buckets.cors", cors(_ANY_PUT)),
    ),
    Fault(
        id="S3-13",
        family=_S3,
        breaks="files are deleted after a day",
        promise="buckets.lifecycle",
        stage=broken("buckets.lifecycle", expiring),
    ),
    Fault(
        id="X-S3-01",
        family=_S3,
        breaks="the bucket is a website of its own",
        promise="buckets.website",
        stage=broken("buckets.website", website),
    ),
    Fault(
        id="S3-20",
        family=_S3,
        breaks="the bucket's name belongs to another account",
        promise="buckets.present",
        stage=told("buckets.present", of_another),
        behind=("buckets.*", "cdn.*"),
        fidelity="patched",
    ),
    Fault(
        id="BKP-04",
        family=_BACKUP,
        breaks="the newest recovery point is 30 hours old",
        promise="backups.recent",
        stage=told("backups.recent", newest(30)),
        fidelity="patched",
    ),
    Fault(
        id="X-BKP-04",
        family=_BACKUP,
        breaks="the newest recovery point is 26 hours and a minute old",
        promise="backups.recent",
        stage=told("backups.recent", newest(26 + 1 / 60)),
        fidelity="patched",
    ),
    Fault(
        id="BKP-08",
        family=_BACKUP,
        breaks="the newest recovery point is still being made",
        promise="backups.recent",
        stage=told("backups.recent", newest(30, "CREATING")),
        fidelity="patched",
        status="fail",
    ),
    Fault(
        id="BKP-10",
        family=_BACKUP,
        breaks="backups are kept for a week",
        promise="backups.plan",
        stage=broken("backups.plan", planned(lambda rule: rule.update(Lifecycle={"DeleteAfterDays": 7}))),
        behind=_B,
    ),
    Fault(
        id="BKP-11",
        family=_BACKUP,
        breaks="backups are made once a month",
        promise="backups.plan",
        stage=broken("backups.plan", planned(lambda rule: rule.update(ScheduleExpression="cron(0 1 1 * ? *)"))),
        behind=_B,
    ),
    Fault(
        id="BKP-12",
        family=_BACKUP,
        breaks="backups go to a vault that does not exist",
        promise="backups.plan",
        stage=broken("backups.plan", planned(lambda rule: rule.update(TargetBackupVaultName="nowhere"))),
        behind=_B,
    ),
    Fault(
        id="X-BKP-05",
        family=_BACKUP,
        breaks="the plan selects nothing",
        promise="backups.selection",
        stage=broken("backups.selection", unselected),
        behind=_B,
    ),
    Fault(
        id="B-BKP-01",
        family=_BACKUP,
        kind="benign",
        breaks="the newest recovery point is 23 h 50 min old",
        stage=calm_with(newest(23 + 5 / 6)),
        fidelity="patched",
    ),
    Fault(
        id="X-B-BKP-02",
        family=_BACKUP,
        kind="benign",
        breaks="the newest recovery point is 25 h 59 min old",
        stage=calm_with(newest(26 - 1 / 60)),
        fidelity="patched",
    ),
    Fault(
        id="B-S3-02",
        family=_S3,
        kind="benign",
        breaks="the site's distribution may read a folder of another bucket",
        stage=harmless("roles.resource_policy", _read_by(_own), containing="AccessLogs"),
    ),
    Fault(
        id="X-S3-03",
        family=_S3,
        breaks="a distribution that is not the site's may read a folder",
        promise="roles.resource_policy",
        stage=broken("roles.resource_policy", _read_by(_foreign), containing="AccessLogs"),
    ),
    Fault(
        id="B-S3-03",
        family=_S3,
        kind="benign",
        breaks="one more denial for everybody",
        stage=harmless("buckets.private", _policy(_further_denial)),
    ),
)
