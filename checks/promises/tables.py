"""DynamoDB tables: there, shaped as the template says, recoverable and hard to lose."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial

from checks import intent
from checks.evidence import Absent, ContinuousBackups, IndexSeen, TableSeen
from checks.model import Check, Place, Resource, Sight, Target, Unresolved, Verdict, promise
from checks.shapes import IndexShape, Keys, fits, indexes_of, keys_of, spelt, spelt_index
from checks.wording import left_out, quote, several, span
from checks.world.ports import World

# A table or an index that is being changed goes on answering (DynamoDB API reference, TableStatus and IndexStatus).
_IN_SERVICE = frozenset({"ACTIVE", "UPDATING"})


@promise(
    "tables.present",
    says="the table exists under exactly its name and is in service",
    severity="critical",
    instrument="aws",
    actions=("dynamodb:DescribeTable",),
)
def present(*, region: str, table: str, creating: timedelta) -> Sight:
    """A table that is CREATING for longer than *creating* is stuck (AWS: TableDescription.TableStatus)."""
    judge = partial(judge_present, region=region, table=table, creating=creating)
    return Sight(look=partial(_look_table, region=region, table=table), judge=judge)


@promise(
    "tables.keys",
    says="the table's key attributes, their roles and their types are those of the template",
    severity="critical",
    instrument="aws",
    actions=("dynamodb:DescribeTable",),
)
def keys(*, region: str, table: str, shape: Keys, gaps: tuple[str, ...]) -> Sight:
    """Pitfall 65: a table that was made anew with another key answers every call with an error."""
    judge = partial(judge_keys, table=table, shape=shape, gaps=gaps)
    return Sight(look=partial(_look_table, region=region, table=table), judge=judge)


@promise(
    "tables.indexes",
    says="every global secondary index of the template has its keys and projection and can be queried",
    severity="critical",
    instrument="aws",
    actions=("dynamodb:DescribeTable",),
)
def indexes(*, region: str, table: str, shapes: tuple[IndexShape, ...], gaps: tuple[str, ...]) -> Sight:
    """Pitfall 65: a table is ACTIVE while an index of it is missing, being created or backfilling."""
    judge = partial(judge_indexes, table=table, shapes=shapes, gaps=gaps)
    return Sight(look=partial(_look_table, region=region, table=table), judge=judge)


@promise(
    "tables.pitr",
    says="point-in-time recovery is on for every table, whatever the template says",
    severity="critical",
    instrument="aws",
    actions=("dynamodb:DescribeContinuousBackups",),
)
def pitr(*, region: str, table: str) -> Sight:
    """Pitfall 66: ContinuousBackupsStatus is ENABLED everywhere, only PointInTimeRecoveryStatus counts."""
    judge = partial(judge_pitr, region=region, table=table)
    return Sight(look=partial(_look_recovery, region=region, table=table), judge=judge)


@promise(
    "tables.protected",
    says="no table can be deleted by one call, whatever the template says",
    severity="critical",
    instrument="aws",
    actions=("dynamodb:DescribeTable",),
)
def protected(*, region: str, table: str) -> Sight:
    """Pitfall 65 (AWS: TableDescription.DeletionProtectionEnabled)."""
    judge = partial(judge_protected, region=region, table=table)
    return Sight(look=partial(_look_table, region=region, table=table), judge=judge)


@promise(
    "tables.stream",
    says="a table that the template gives a stream has it, with what its consumers expect in a record",
    severity="critical",
    instrument="aws",
    actions=("dynamodb:DescribeTable",),
)
def stream(*, region: str, table: str, view: str, gaps: tuple[str, ...]) -> Sight:
    """While a stream is off its consumers miss every change for good, hence critical (AWS: StreamSpecification)."""
    judge = partial(judge_stream, table=table, view=view, gaps=gaps)
    return Sight(look=partial(_look_table, region=region, table=table), judge=judge)


@promise(
    "tables.billing",
    says="the table is billed as the template says",
    severity="warning",
    instrument="aws",
    actions=("dynamodb:DescribeTable",),
)
def billing(*, region: str, table: str, mode: str) -> Sight:
    """PROVISIONED throttles where PAY_PER_REQUEST grows (AWS: BillingModeSummary)."""
    judge = partial(judge_billing, table=table, mode=mode)
    return Sight(look=partial(_look_table, region=region, table=table), judge=judge)


def judge_present(seen: TableSeen | Absent, now: datetime, *, region: str, table: str, creating: timedelta) -> Verdict:
    """UPDATING is in service; CREATING is not yet, until it lasts too long; everything else fails."""
    expected = f"table {table} in {region} is ACTIVE, or CREATING for {span(creating)} at most"
    match seen:
        case Absent():
            return _gone(expected, table)
        case TableSeen(status=status) if status in _IN_SERVICE:
            return Verdict.passed(expected=expected, actual=status)
        case TableSeen(status="CREATING", created=created) if now - created <= creating:
            remedy = f"wait: aws dynamodb wait table-exists --region {region} --table-name {table}"
            return Verdict.not_yet(expected=expected, actual=f"CREATING for {span(now - created)}", remedy=remedy)
        case TableSeen(status=status, created=created):
            actual = f"{quote(status)}, created {span(now - created)} ago"
            return Verdict.failed(expected=expected, actual=actual, remedy=_status_remedy(status, region, table))


def _status_remedy(status: str, region: str, table: str) -> str:
    if "ENCRYPTION" in status or status.startswith("ARCHIV"):
        return "enable the table's KMS key again (aws kms enable-key): 7 days without it and the table is archived"
    return f"see aws dynamodb describe-table --region {region} --table-name {table} and the events of its stack"


def judge_keys(seen: TableSeen | Absent, _now: datetime, *, table: str, shape: Keys, gaps: tuple[str, ...]) -> Verdict:
    """Every key in its place, with its role and its type."""
    expected = f"keys of {table}: {spelt(shape)}{left_out(gaps)}"
    match seen:
        case Absent():
            return _gone(expected, table)
        case TableSeen(keys=live) if fits(shape, live):
            return Verdict.passed(expected=expected, actual=spelt(live))
        case TableSeen(keys=live):
            remedy = "keys never change in place, so this table was made anew: restore the right one under this name"
            return Verdict.failed(expected=expected, actual=spelt(live), remedy=remedy)


def judge_indexes(
    seen: TableSeen | Absent, _now: datetime, *, table: str, shapes: tuple[IndexShape, ...], gaps: tuple[str, ...]
) -> Verdict:
    """What is missing or different comes before what is still being built; an extra index is only mentioned."""
    expected = f"indexes of {table}: {several(map(spelt_index, shapes))}{left_out(gaps)}"
    if isinstance(seen, Absent):
        return _gone(expected, table)
    live = {index.name: index for index in seen.indexes}
    wrong = [words for shape in shapes if (words := _amiss(shape, live.get(shape.name)))]
    if wrong:
        remedy = "deploy the stack again; DynamoDB adds or drops one index in each update of a table"
        return Verdict.failed(expected=expected, actual=several(wrong), remedy=remedy)
    building = [shape.name for shape in shapes if _is_building(live[shape.name])]
    if building:
        actual = f"being built over about {seen.items} items: {several(building)}"
        remedy = "wait until IndexStatus is ACTIVE; queries fail or miss items till then"
        return Verdict.not_yet(expected=expected, actual=actual, remedy=remedy)
    extra = sorted(set(live) - {shape.name for shape in shapes})
    actual = f"all {len(shapes)} can be queried" + (f"; not in the template: {several(extra)}" if extra else "")
    return Verdict.passed(expected=expected, actual=actual)


def _amiss(shape: IndexShape, live: IndexSeen | None) -> str:
    if live is None:
        return f"{shape.name} is missing"
    if shape.keys and not fits(shape.keys, live.keys):
        return f"{shape.name} has the keys {spelt(live.keys)}"
    if shape.projection not in {"", live.projection}:
        return f"{shape.name} projects {live.projection}"
    return "" if live.status in {*_IN_SERVICE, "CREATING"} else f"{shape.name} is {live.status}"


def _is_building(index: IndexSeen) -> bool:
    return index.status == "CREATING" or index.backfilling


def judge_pitr(seen: ContinuousBackups | Absent, _now: datetime, *, region: str, table: str) -> Verdict:
    """Any status but ENABLED fails."""
    expected = f"point-in-time recovery of {table} is ENABLED"
    match seen:
        case Absent():
            return _gone(expected, table)
        case ContinuousBackups(status="ENABLED", days=days):
            return Verdict.passed(expected=expected, actual="ENABLED" if days is None else f"ENABLED over {days} days")
        case ContinuousBackups(status=status):
            remedy = (
                f"aws dynamodb update-continuous-backups --region {region} --table-name {table} "
                "--point-in-time-recovery-specification PointInTimeRecoveryEnabled=true"
            )
            return Verdict.failed(expected=expected, actual=quote(status), remedy=remedy)


def judge_protected(seen: TableSeen | Absent, _now: datetime, *, region: str, table: str) -> Verdict:
    """Deletion protection is on."""
    expected = f"deletion protection of {table} is on"
    match seen:
        case Absent():
            return _gone(expected, table)
        case TableSeen(deletion_protection=True):
            return Verdict.passed(expected=expected, actual="on")
        case TableSeen():
            remedy = f"aws dynamodb update-table --region {region} --table-name {table} --deletion-protection-enabled"
            return Verdict.failed(expected=expected, actual="off", remedy=remedy)


def judge_stream(seen: TableSeen | Absent, _now: datetime, *, table: str, view: str, gaps: tuple[str, ...]) -> Verdict:
    """The declared view; any stream at all where the template leaves the view open."""
    expected = f"stream of {table}: {view or 'any view'}{left_out(gaps)}"
    match seen:
        case Absent():
            return _gone(expected, table)
        case TableSeen(stream=live) if live and view in {"", live}:
            return Verdict.passed(expected=expected, actual=quote(live))
        case TableSeen(stream=live):
            remedy = "deploy the stack again, then map its consumers to the new stream: it has another ARN"
            return Verdict.failed(expected=expected, actual=quote(live) or "no stream", remedy=remedy)


def judge_billing(seen: TableSeen | Absent, _now: datetime, *, table: str, mode: str) -> Verdict:
    """The same billing mode."""
    expected = f"{table} is billed {mode}"
    match seen:
        case Absent():
            return _gone(expected, table)
        case TableSeen(billing=live) if live == mode:
            return Verdict.passed(expected=expected, actual=live)
        case TableSeen(billing=live):
            remedy = "deploy the stack again; a table may change its mode only a few times a day"
            return Verdict.failed(expected=expected, actual=quote(live) or "not said", remedy=remedy)


def checks(target: Target, *, creating: timedelta) -> Iterator[Check]:
    """Every promise about every table and each of its replicas; a table may be CREATING for *creating*."""
    for table in target.of_type("AWS::DynamoDB::Table", "AWS::DynamoDB::GlobalTable"):
        for place in _places(target, table):
            yield from _about(place, table.physical_id, table, creating)


def _about(place: Place, name: str, table: Resource, creating: timedelta) -> Iterator[Check]:
    said = table.properties
    yield present(place, region=place.region, table=name, creating=creating)
    if shape := keys_of(said, said.get("KeySchema")):
        gaps = (*intent.gaps(said, "KeySchema"), *intent.gaps(said, "AttributeDefinitions"))
        yield keys(place, region=place.region, table=name, shape=shape, gaps=gaps)
    if shapes := indexes_of(said):
        gaps = intent.gaps(said, "GlobalSecondaryIndexes")
        yield indexes(place, region=place.region, table=name, shapes=shapes, gaps=gaps)
    yield pitr(place, region=place.region, table=name)
    yield protected(place, region=place.region, table=name)
    if said.get("StreamSpecification"):
        gaps = intent.gaps(said, "StreamSpecification")
        view = intent.text(said, "StreamSpecification", "StreamViewType")
        yield stream(place, region=place.region, table=name, view=view, gaps=gaps)
    if not isinstance(said.get("BillingMode"), Unresolved):
        yield billing(place, region=place.region, table=name, mode=intent.text(said, "BillingMode") or "PROVISIONED")


def _places(target: Target, table: Resource) -> Iterator[Place]:
    """Where its stack is, then its replicas in other regions as ``subject@region``."""
    yield table.place(target.arn("dynamodb", table.region, f"table/{table.physical_id}"))
    elsewhere = {intent.text(each, "Region") for each in intent.items(table.properties, "Replicas")}
    for region in sorted(elsewhere - {"", table.region}):
        yield Place(
            subject=f"{table.subject}@{region}",
            stack=table.stack,
            region=region,
            covers=(table.logical_id,),
            resources=(target.arn("dynamodb", region, f"table/{table.physical_id}"),),
        )


def _gone(expected: str, table: str) -> Verdict:
    remedy = (
        "bring it back with its data, which deploying does not: aws dynamodb restore-table-from-backup with its newest "
        f"recovery point, or with {table}$DeletedTableBackup, which DynamoDB keeps for 35 days"
    )
    return Verdict.failed(expected=expected, actual=f"there is no table {table}", remedy=remedy)


def _look_table(world: World, *, region: str, table: str) -> TableSeen | Absent:
    return world.aws.table(region, table)


def _look_recovery(world: World, *, region: str, table: str) -> ContinuousBackups | Absent:
    return world.aws.continuous_backups(region, table)


PROMISES = (present, keys, indexes, pitr, protected, stream, billing)
