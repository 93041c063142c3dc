"""What the copies are worth: whether there is something in the newest one, and whether any was ever brought back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial

from checks.evidence import Absent, Described, RecoveryPoint, RecoveryPoints, Restores, TableSeen
from checks.model import Check, Resource, Sight, Target, Verdict, promise
from checks.safekeeping import PLAN, TABLES, completion, kept, kinds_of, meant, of_this_one
from checks.wording import several, span
from checks.world.ports import World

RESTORE = "AWS::Backup::RestoreJob"
# What a table may well have been filled with since the copy was made, where no copy ever held anything.
_A_BEGINNING = 1_048_576


@promise(
    "backups.size",
    says="the newest recovery point of the table is not empty, nor far smaller than the one before and the table",
    severity="critical",
    instrument="aws",
    actions=("backup:ListRecoveryPointsByResource", "dynamodb:DescribeTable"),
)
def size(*, region: str, table: str, arn: str, least: float) -> Sight:
    """A backup that runs every night and holds nothing is recent and complete. *least* is a share, 0 to 1.

    Source: DynamoDB Developer Guide: a backup is as large as its table, and DescribeTable knows the table's size of
    the last six hours.
    """
    judge = partial(judge_size, region=region, arn=arn, least=least)
    return Sight(look=partial(_look_points, region=region, table=table, arn=arn), judge=judge)


@promise(
    "backups.tried",
    says="something that the backup plan keeps was brought back lately",
    severity="warning",
    instrument="aws",
    actions=("backup:GetBackupPlan", "backup:ListRestoreJobs"),
)
def tried(*, region: str, plan_id: str, wanted: tuple[str, ...], limit: timedelta) -> Sight:
    """A copy that nobody ever restored is a hope. Restore jobs count, and AWS Backup's own restore tests.

    *wanted* are ARNs of what the plan is meant to keep. What DynamoDB restores by itself is no job of AWS Backup's.
    Source: AWS Backup Developer Guide, "Restore testing".
    """
    judge = partial(judge_tried, region=region, plan_id=plan_id, limit=limit)
    return Sight(look=partial(_look_restores, region=region, plan_id=plan_id, wanted=wanted), judge=judge)


def judge_size(seen: RecoveryPoints | Absent, _now: datetime, *, region: str, arn: str, least: float) -> Verdict:
    """Of this very table's whole points, weighed against the one before and the table.

    A table that shrank has small copies by right, and one that was begun after the copy an empty one.
    """
    expected = f"the newest recovery point of {arn} is no smaller than {least:.0%} of the one before and of the table"
    if isinstance(seen, Absent):
        remedy = "see tables.present: a table that is gone is restored, not deployed again"
        return Verdict.failed(expected=expected, actual=f"there is no {seen.what}", remedy=remedy)
    weighed = [each.size for each in _whole(seen) if each.size is not None]
    if not weighed or seen.held is None:
        return Verdict.passed(expected=expected, actual="no complete recovery point tells its size yet")
    newest, before, held = weighed[0], next(iter(weighed[1:]), 0), seen.held
    actual = f"{newest:,} bytes, the one before {before:,}, the table {held:,}"
    lost = newest < least * before and newest < least * held
    hollow = newest == before == 0 and held >= _A_BEGINNING
    if not lost and not hollow:
        return Verdict.passed(expected=expected, actual=actual)
    remedy = (
        f"restore it to a scratch table and look; aws backup start-backup-job --region {region} makes another: keep "
        "the one before until that is whole"
    )
    return Verdict.failed(expected=expected, actual=actual, remedy=remedy)


def judge_tried(seen: Restores | Absent, now: datetime, *, region: str, plan_id: str, limit: timedelta) -> Verdict:
    """One completed restore within the limit; a plan that is younger than that has its first one before it."""
    expected = f"something of backup plan {plan_id} was restored within {span(limit)}"
    remedy = (
        f"restore a recovery point to a scratch table and compare, or let AWS Backup test restores: "
        f"aws backup create-restore-testing-plan --region {region}"
    )
    if isinstance(seen, Absent):
        remedy = "deploy the stack again to make the plan"
        return Verdict.failed(expected=expected, actual=f"there is no plan {plan_id}", remedy=remedy)
    if seen.newest is not None and now - seen.newest <= limit:
        return Verdict.passed(expected=expected, actual=f"{several(seen.what)}, {span(now - seen.newest)} ago")
    actual = f"the last one was {span(now - seen.newest)} ago" if seen.newest else "AWS Backup knows of none"
    if seen.newest is None and seen.made is not None and now - seen.made <= limit:
        due = f"{seen.made + limit:%Y-%m-%d}"
        return Verdict.passed(expected=expected, actual=f"none yet, the first is due by {due}")
    return Verdict.failed(expected=expected, actual=actual, remedy=remedy)


def checks(target: Target, *, least: float, tried_within: timedelta) -> Iterator[Check]:
    """Each table that is backed up at all, then each plan."""
    plans = target.of_type(PLAN)
    for table in target.of_type(*TABLES) if plans else ():
        arn = kept(target, table).arn
        yield size(table.place(arn), region=table.region, table=table.physical_id, arn=arn, least=least)
    for each in plans:
        yield _of_plan(target, each, tried_within)


def _of_plan(target: Target, each: Resource, limit: timedelta) -> Check:
    wanted = tuple(one.arn for one in meant(target, each)[0])
    place = each.place(target.arn("backup", each.region, f"backup-plan:{each.physical_id}"))
    return tried(place, region=each.region, plan_id=each.physical_id, wanted=wanted, limit=limit)


def _whole(seen: RecoveryPoints) -> list[RecoveryPoint]:
    """Complete points of the table that is there now, the newest first."""
    done = [(when, each) for each in of_this_one(seen) if (when := completion(each)) is not None]
    return [each for _, each in sorted(done, key=lambda one: one[0], reverse=True)]


def _look_points(world: World, *, region: str, table: str, arn: str) -> RecoveryPoints | Absent:
    match world.aws.table(region, table):
        case Absent() as absent:
            return absent
        case TableSeen(created=created, size=held):
            points = tuple(world.aws.recovery_points(region, arn))
            return RecoveryPoints(resource=arn, made=created, points=points, held=held)


def _look_restores(world: World, *, region: str, plan_id: str, wanted: tuple[str, ...]) -> Restores | Absent:
    """The newest restore of what the plan keeps; a job that does not say of what counts by its kind."""
    plan = world.aws.backup_plan(region, plan_id)
    if isinstance(plan, Absent):
        return plan
    jobs = world.aws.described(RESTORE, region, "last of each")
    said: Mapping[str, str] = dict(jobs.words) if isinstance(jobs, Described) else {}
    names = (*wanted, *kinds_of(wanted)) or tuple(said)
    found = {name: _moment(said[name]) for name in names if name in said}
    newest = max(found.values(), default=None)
    what = tuple(sorted(name for name, moment in found.items() if moment == newest))
    return Restores(plan=plan_id, made=plan.made, newest=newest, what=what)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


PROMISES = (size, tried)
