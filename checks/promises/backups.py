"""Backups: what could be restored now, and whether a plan that really selects the data keeps making copies."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial

from checks import intent
from checks.evidence import (
    Absent,
    BackupPlanSeen,
    BackupSelections,
    ContinuousBackups,
    RecoveryPoints,
    Safekeeping,
    TableSeen,
)
from checks.model import Check, Place, Resource, Sight, Target, Verdict, promise
from checks.safekeeping import (
    PLAN,
    TABLES,
    Kept,
    RuleShape,
    agrees,
    completion,
    kept,
    meant,
    of_this_one,
    rules_of,
    selects,
    spelt,
)
from checks.wording import left_out, quote, several, span
from checks.world.ports import World

_POINTS = "aws backup list-recovery-points-by-resource --region {region} --resource-arn {arn}"


@promise(
    "backups.restorable",
    says="the table can be restored to a moment that is not long ago",
    severity="critical",
    instrument="aws",
    actions=("dynamodb:DescribeContinuousBackups",),
)
def restorable(*, region: str, table: str, limit: timedelta) -> Sight:
    """Pitfall 67: recovery may be ENABLED while LatestRestorableDateTime stands still; five minutes are usual."""
    judge = partial(judge_lag, region=region, table=table, limit=limit)
    return Sight(look=partial(_look_recovery, region=region, table=table), judge=judge)


@promise(
    "backups.lag",
    says="the latest restorable moment keeps up with the table",
    severity="warning",
    instrument="aws",
    actions=("dynamodb:DescribeContinuousBackups",),
)
def lag(*, region: str, table: str, limit: timedelta) -> Sight:
    """The early warning of backups.restorable. Pitfall 67."""
    judge = partial(judge_lag, region=region, table=table, limit=limit)
    return Sight(look=partial(_look_recovery, region=region, table=table), judge=judge)


@promise(
    "backups.plan",
    says="the backup plan exists with the schedule, vault and lifecycle of every rule in the template",
    severity="critical",
    instrument="aws",
    actions=("backup:GetBackupPlan",),
)
def plan(*, region: str, plan_id: str, rules: tuple[RuleShape, ...], gaps: tuple[str, ...]) -> Sight:
    """A plan that runs monthly, keeps for a week or fills another vault looks healthy (AWS: BackupRule)."""
    judge = partial(judge_plan, region=region, plan_id=plan_id, rules=rules, gaps=gaps)
    return Sight(look=partial(_look_plan, region=region, plan_id=plan_id), judge=judge)


@promise(
    "backups.selection",
    says="the plan's selections really match everything that the template means them to",
    severity="critical",
    instrument="aws",
    actions=("backup:ListBackupSelections", "backup:GetBackupSelection"),
)
def selection(*, region: str, plan_id: str, wanted: tuple[Kept, ...], gaps: tuple[str, ...]) -> Sight:
    """Pitfall 71: a plan whose selection matches nothing runs green every night."""
    judge = partial(judge_selection, region=region, plan_id=plan_id, wanted=wanted, gaps=gaps)
    return Sight(look=partial(_look_selections, region=region, plan_id=plan_id), judge=judge)


@promise(
    "backups.covered",
    says="every table is selected by some backup plan, whatever the template says",
    severity="critical",
    instrument="aws",
    actions=("backup:ListBackupSelections", "backup:GetBackupSelection"),
)
def covered(*, region: str, table: Kept, plans: tuple[str, ...]) -> Sight:
    """Pitfall 68: point-in-time recovery dies with its table, so it is no backup by itself."""
    look = partial(_look_safekeeping, region=region, resource=table.arn, plans=plans)
    return Sight(look=look, judge=partial(judge_covered, table=table))


@promise(
    "backups.recent",
    says="the newest complete recovery point of the table is recent",
    severity="critical",
    instrument="aws",
    actions=("backup:ListRecoveryPointsByResource", "dynamodb:DescribeTable"),
)
def recent(*, region: str, table: str, arn: str, limit: timedelta) -> Sight:
    """Pitfalls 69, 72 and 73: asked of AWS Backup, whole points alone count, from their completion."""
    judge = partial(judge_recent, region=region, arn=arn, limit=limit)
    return Sight(look=partial(_look_points, region=region, table=table, arn=arn), judge=judge)


def judge_lag(seen: ContinuousBackups | Absent, now: datetime, *, region: str, table: str, limit: timedelta) -> Verdict:
    """The distance to the latest restorable moment; a moment as far in the future is as wrong."""
    expected = f"{table} restorable to a moment at most {span(limit)} ago"
    remedy = f"see aws dynamodb describe-continuous-backups --region {region} --table-name {table}"
    match seen:
        case Absent():
            return Verdict.failed(expected=expected, actual=f"there is no table {table}", remedy=remedy)
        case ContinuousBackups(status=status) if status != "ENABLED":
            return Verdict.failed(expected=expected, actual=f"recovery is {quote(status)}", remedy=remedy)
        case ContinuousBackups(latest=datetime() as latest):
            actual = _distance(latest, now)
            if abs(now - latest) <= limit:
                return Verdict.passed(expected=expected, actual=actual)
            return Verdict.failed(
                expected=expected, actual=actual, remedy=f"{remedy}; open a case with AWS if it stands still"
            )
        case ContinuousBackups():
            actual = "recovery is ENABLED and names no restorable moment yet"
            return Verdict.not_yet(expected=expected, actual=actual, remedy=f"ask again in five minutes; {remedy}")


def judge_plan(
    seen: BackupPlanSeen | Absent, _now: datetime, *, region: str, plan_id: str, rules: tuple[RuleShape, ...],
    gaps: tuple[str, ...],
) -> Verdict:  # fmt: skip
    """Every rule of the template is there, unchanged in what the template says about it."""
    expected = f"backup plan {plan_id} with {several(map(spelt, rules))}{left_out(gaps)}"
    remedy = f"deploy the stack again; what there is: aws backup list-backup-plans --region {region}"
    if isinstance(seen, Absent):
        return Verdict.failed(expected=expected, actual=f"there is no plan {plan_id}", remedy=remedy)
    live = {rule.name: rule for rule in seen.rules}
    missing = [f"{rule.name} is missing" for rule in rules if rule.name not in live]
    changed = [f"now {spelt(live[r.name])}" for r in rules if r.name in live and not agrees(r, live[r.name])]
    if missing or changed or not live:
        actual = several([*missing, *changed]) if live else "the plan has no rules"
        return Verdict.failed(expected=expected, actual=actual, remedy=remedy)
    return Verdict.passed(expected=expected, actual=several(map(spelt, seen.rules)))


def judge_selection(
    seen: BackupSelections | Absent, _now: datetime, *, region: str, plan_id: str, wanted: tuple[Kept, ...],
    gaps: tuple[str, ...],
) -> Verdict:  # fmt: skip
    """Something is meant to be selected, and all of it is."""
    expected = f"backup plan {plan_id} selects {several(one.arn for one in wanted)}{left_out(gaps)}"
    listing = f"aws backup list-backup-selections --region {region} --backup-plan-id {plan_id}"
    if isinstance(seen, Absent):
        remedy = "deploy the stack again: a selection goes with its plan"
        return Verdict.failed(expected=expected, actual=f"there is no plan {plan_id}", remedy=remedy)
    if not wanted:
        actual = "the template selects nothing of this target" if seen.selections else "the plan has no selection"
        remedy = "name the ARNs of tables and buckets in the selection, or give them the tag that it asks for"
        return Verdict.failed(expected="a backup plan that selects something", actual=actual, remedy=remedy)
    lost = [one.arn for one in wanted if not selects(seen.selections, one)]
    if lost:
        actual = f"{len(lost)} of {len(wanted)} not selected: {several(lost)}"
        return Verdict.failed(expected=expected, actual=actual, remedy=f"deploy the stack again, then see {listing}")
    names = several(one.name for one in seen.selections)
    return Verdict.passed(expected=expected, actual=f"all {len(wanted)} selected by {names}")


def judge_covered(seen: Safekeeping, _now: datetime, *, table: Kept) -> Verdict:
    """One plan whose selections match the table is enough; no plan at all is as bad as one that matches nothing."""
    expected = f"some backup plan selects {table.arn}"
    found = [plan for plan in seen.plans if isinstance(plan, BackupSelections)]
    keepers = [plan.plan for plan in found if selects(plan.selections, table)]
    if keepers:
        return Verdict.passed(expected=expected, actual=f"selected by {several(keepers)}")
    there = f"{len(found)} of {len(seen.plans)} backup plans there, and none selects it"
    actual = there if seen.plans else "no backup plan"
    remedy = "add the table to a selection of a backup plan in the template and deploy"
    return Verdict.failed(expected=expected, actual=actual, remedy=remedy)


def judge_recent(seen: RecoveryPoints | Absent, now: datetime, *, region: str, arn: str, limit: timedelta) -> Verdict:
    """The newest whole point by completion; a table younger than the limit may still have none.

    DynamoDB keeps the last backup of a table that was deleted, and AWS Backup all of them: those are of another one,
    whatever its name.
    """
    expected = f"a complete recovery point of {arn} at most {span(limit)} old"
    remedy = f"see {_POINTS.format(region=region, arn=arn)} and aws backup list-backup-jobs --region {region}"
    if isinstance(seen, Absent):
        return Verdict.failed(expected=expected, actual=f"there is no {quote(seen.what)}", remedy=remedy)
    mine = of_this_one(seen)
    completed = [when for point in mine if (when := completion(point)) is not None]
    if completed and abs(now - max(completed)) <= limit:
        return Verdict.passed(expected=expected, actual=_distance(max(completed), now))
    if completed:
        return Verdict.failed(expected=expected, actual=_distance(max(completed), now), remedy=remedy)
    useless = f"; {several(sorted({point.status for point in mine}))} do not count" if mine else ""
    useless += (
        f"; {len(seen.points) - len(mine)} of a table before it do not count" if len(seen.points) > len(mine) else ""
    )
    if seen.made is not None and timedelta(0) <= now - seen.made <= limit:
        due = f"{seen.made + limit:%Y-%m-%d %H:%M} UTC"
        return Verdict.passed(expected=expected, actual=f"none yet, the first is due by {due}{useless}")
    return Verdict.failed(expected=expected, actual=f"no complete recovery point{useless}", remedy=remedy)


def _distance(moment: datetime, now: datetime) -> str:
    return f"{span(now - moment)} {'ago' if moment <= now else 'in the future'}, {moment:%Y-%m-%d %H:%M:%S} UTC"


def checks(
    target: Target, *, restorable_within: timedelta, lag_within: timedelta, newest_within: timedelta
) -> Iterator[Check]:
    """Recovery of each table and its replicas; each plan; and for each table where its copies come from."""
    for table in target.of_type(*TABLES):
        for place in _places(target, table):
            yield restorable(place, region=place.region, table=table.physical_id, limit=restorable_within)
            yield lag(place, region=place.region, table=table.physical_id, limit=lag_within)
    for each in target.of_type(PLAN):
        yield from _about_plan(target, each)
    for table in target.of_type(*TABLES):
        mine = kept(target, table)
        plans = tuple(each.physical_id for each in target.of_type(PLAN) if each.region == table.region)
        arns = tuple(target.arn("backup", table.region, f"backup-plan:{plan_id}") for plan_id in plans)
        yield covered(table.place(*arns), region=table.region, table=mine, plans=plans)
        place = table.place(mine.arn)
        yield recent(place, region=table.region, table=table.physical_id, arn=mine.arn, limit=newest_within)


def _about_plan(target: Target, each: Resource) -> Iterator[Check]:
    place = each.place(target.arn("backup", each.region, f"backup-plan:{each.physical_id}"))
    rules, gaps = rules_of(each)
    yield plan(place, region=each.region, plan_id=each.physical_id, rules=rules, gaps=gaps)
    wanted, unknown = meant(target, each)
    yield selection(place, region=each.region, plan_id=each.physical_id, wanted=wanted, gaps=unknown)


def _places(target: Target, table: Resource) -> Iterator[Place]:
    """Where its stack is, then its replicas in other regions as ``subject@region``."""
    yield table.place(target.arn("dynamodb", table.region, f"table/{table.physical_id}"))
    elsewhere = {intent.text(each, "Region") for each in intent.items(table.properties, "Replicas")}
    for region in sorted(elsewhere - {"", table.region}):
        arn = target.arn("dynamodb", region, f"table/{table.physical_id}")
        name, covers = f"{table.subject}@{region}", (table.logical_id,)
        yield Place(subject=name, stack=table.stack, region=region, covers=covers, resources=(arn,))


def _look_recovery(world: World, *, region: str, table: str) -> ContinuousBackups | Absent:
    return world.aws.continuous_backups(region, table)


def _look_plan(world: World, *, region: str, plan_id: str) -> BackupPlanSeen | Absent:
    return world.aws.backup_plan(region, plan_id)


def _look_selections(world: World, *, region: str, plan_id: str) -> BackupSelections | Absent:
    return world.aws.backup_selections(region, plan_id)


def _look_safekeeping(world: World, *, region: str, resource: str, plans: tuple[str, ...]) -> Safekeeping:
    found = tuple(world.aws.backup_selections(region, plan_id) for plan_id in plans)
    return Safekeeping(resource=resource, plans=found)


def _look_points(world: World, *, region: str, table: str, arn: str) -> RecoveryPoints | Absent:
    match world.aws.table(region, table):
        case Absent() as absent:
            return absent
        case TableSeen(created=created):
            points = tuple(world.aws.recovery_points(region, arn))
            return RecoveryPoints(resource=arn, made=created, points=points)


PROMISES = (restorable, lag, plan, selection, covered, recent)
