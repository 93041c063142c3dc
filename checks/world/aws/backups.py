"""What AWS Backup says; DynamoDB's own ListBackups never shows what AWS Backup made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from checks import evidence as seen
from checks.world.aws.readers import Found, Read
from checks.world.aws.stacks import utc
from checks.world.aws.wire import Ask, Asking, shaped

PLAN = Ask(service="backup", operation="GetBackupPlan", needs=("BackupPlan",), gone=("ResourceNotFoundException",))
SELECTIONS = Ask(
    service="backup",
    operation="ListBackupSelections",
    needs=("BackupSelectionsList",),
    gone=("ResourceNotFoundException",),
)
SELECTION = Ask(
    service="backup",
    operation="GetBackupSelection",
    needs=("BackupSelection",),
    gone=("ResourceNotFoundException",),
)
POINTS = Ask(service="backup", operation="ListRecoveryPointsByResource", needs=("RecoveryPoints",))

MOST_POINTS = 100
JOBS = Ask(service="backup", operation="ListBackupJobs", needs=("BackupJobs",))
RESTORES = Ask(service="backup", operation="ListRestoreJobs", needs=("RestoreJobs",))
_DONE = "COMPLETED"
_IN_VAIN = frozenset({"FAILED", "TIMED_OUT"})
# What has not come to an end yet tells nothing.
_RUNNING = frozenset({"CREATED", "PENDING", "RUNNING", "ABORTING"})
_A_PAGE = 1_000


def last_jobs(asking: Asking, region: str, _: str) -> Found | None:
    """Of each resource the last job that came to an end: its state, when it was begun, and what was said about it."""
    every = [one for page in asking.pages(JOBS, region, MaxResults=_A_PAGE) for one in page["BackupJobs"]]
    return "there", shaped(JOBS, region, lambda: _last(every))


def _last(every: list[Mapping[str, Any]]) -> Mapping[str, object]:
    over = [one for one in every if one["State"] not in _RUNNING]
    newest = {str(one["ResourceArn"]): one for one in sorted(over, key=lambda one: utc(one["CreationDate"]))}
    return {arn: _told(one) for arn, one in newest.items()}


def _told(one: Mapping[str, Any]) -> str:
    return f"{one['State']}|{utc(one['CreationDate']):%Y-%m-%d %H:%M} UTC|{one.get('StatusMessage') or ''}"


def last_restores(asking: Asking, region: str, _: str) -> Found | None:
    """When each resource was last restored, and each kind of them; a job says by which of the two it is known.

    A restore whose result was looked at and found wanting has brought nothing back.
    """
    every = [
        one
        for page in asking.pages(RESTORES, region, ByStatus=_DONE, MaxResults=_A_PAGE)
        for one in page["RestoreJobs"]
    ]
    return "there", shaped(RESTORES, region, lambda: _restored(every))


def _restored(every: list[Mapping[str, Any]]) -> Mapping[str, object]:
    good = [one for one in every if one["Status"] == _DONE and one.get("ValidationStatus") not in _IN_VAIN]
    moments = sorted((utc(one.get("CompletionDate") or one["CreationDate"]), _name_of(one)) for one in good)
    return {name: moment.isoformat() for moment, name in moments if name}


def _name_of(job: Mapping[str, Any]) -> str:
    return str(job.get("SourceResourceArn") or job.get("ResourceType") or "")


READERS: Mapping[str, Read] = {
    "AWS::Backup::BackupJob": last_jobs,
    "AWS::Backup::RestoreJob": last_restores,
}


def backup_plan(asking: Asking, region: str, plan_id: str) -> seen.BackupPlanSeen | seen.Absent:
    """One plan; AWS Backup goes on describing a deleted one, with a deletion date."""
    answer = asking.call(PLAN, region, BackupPlanId=plan_id)
    if answer is None or answer.get("DeletionDate"):
        return seen.Absent(what=f"backup plan {plan_id} in {region}")
    made = answer.get("CreationDate")
    return shaped(PLAN, region, lambda: _plan(plan_id, answer["BackupPlan"], utc(made) if made else None))


def backup_selections(asking: Asking, region: str, plan_id: str) -> seen.BackupSelections | seen.Absent:
    """All selections of one plan, each read in full; one deleted between list and reading is left out."""
    pages = list(asking.pages(SELECTIONS, region, BackupPlanId=plan_id))
    if not pages:
        return seen.Absent(what=f"backup plan {plan_id} in {region}")
    listed = [one for page in pages for one in page["BackupSelectionsList"]]
    ids = shaped(SELECTIONS, region, lambda: sorted({str(one["SelectionId"]) for one in listed}))
    answers = [asking.call(SELECTION, region, BackupPlanId=plan_id, SelectionId=one) for one in ids]
    read = shaped(SELECTION, region, lambda: [_selection(one["BackupSelection"]) for one in answers if one])
    return seen.BackupSelections(plan=plan_id, selections=tuple(sorted(read, key=lambda one: one.name)))


def recovery_points(asking: Asking, region: str, resource_arn: str) -> Sequence[seen.RecoveryPoint]:
    """The newest recovery points of one resource. The list has no promised order, so it is read to its end."""
    listed = [one for page in asking.pages(POINTS, region, ResourceArn=resource_arn) for one in page["RecoveryPoints"]]
    points = shaped(POINTS, region, lambda: [_point(one) for one in listed])
    return tuple(sorted(points, key=lambda one: one.created, reverse=True)[:MOST_POINTS])


def _plan(plan_id: str, one: Mapping[str, Any], made: datetime | None) -> seen.BackupPlanSeen:
    rules = tuple(_rule(rule) for rule in one["Rules"])
    return seen.BackupPlanSeen(id=plan_id, name=one["BackupPlanName"], rules=rules, made=made)


def _rule(one: Mapping[str, Any]) -> seen.BackupRule:
    return seen.BackupRule(
        name=one["RuleName"],
        vault=one["TargetBackupVaultName"],
        schedule=one.get("ScheduleExpression", ""),
        delete_after=one.get("Lifecycle", {}).get("DeleteAfterDays"),
    )


def _selection(one: Mapping[str, Any]) -> seen.BackupSelection:
    conditions = one.get("Conditions") or {}
    return seen.BackupSelection(
        name=one["SelectionName"],
        role=one["IamRoleArn"],
        resources=tuple(one.get("Resources") or ()),
        excluded=tuple(one.get("NotResources") or ()),
        by_tag=bool(one.get("ListOfTags")) or any(conditions.values()),
        tags=tuple((tag["ConditionKey"], tag["ConditionValue"]) for tag in one.get("ListOfTags") or ()),
    )


def _point(one: Mapping[str, Any]) -> seen.RecoveryPoint:
    # The list has no completion date. Its creation date is the earlier of the two, so an age
    # measured from it is never too young; a point that is not COMPLETED has not been completed.
    created = utc(one["CreationDate"])
    return seen.RecoveryPoint(
        arn=one["RecoveryPointArn"],
        status=one["Status"],
        created=created,
        completed=created if one["Status"] == "COMPLETED" else None,
        size=one.get("BackupSizeBytes"),
    )
