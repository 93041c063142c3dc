"""What backup plans promise and what their selections select, in a template and in life.

Source: AWS Backup Developer Guide, "Assigning resources": the ARN patterns of Resources and the tags of ListOfTags each
select, NotResources takes away again, and Conditions narrow what Resources name.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from checks import intent
from checks.evidence import BackupRule, BackupSelection, RecoveryPoint, RecoveryPoints
from checks.frozen import dataclass
from checks.model import Resource, Target
from checks.policy import like

PLAN = "AWS::Backup::BackupPlan"
TABLES = ("AWS::DynamoDB::Table", "AWS::DynamoDB::GlobalTable")
_BUCKET = "AWS::S3::Bucket"
_SELECTING = ("Resources", "NotResources", "ListOfTags", "Conditions")
# What can be restored from; continuous backups are AVAILABLE (AWS Backup API reference, RecoveryPoint.Status).
_RESTORABLE = frozenset({"COMPLETED", "AVAILABLE"})
_KINDS = {"dynamodb": "DynamoDB", "s3": "S3"}
_COMPARED = ("RuleName", "TargetBackupVault", "ScheduleExpression", "Lifecycle")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A resource that backups are meant to keep, with the tags by which it may be selected."""

    arn: str
    tags: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleShape:
    """One rule as a template declares it. An empty part is open; *days* is 0 where copies are kept for ever."""

    name: str
    vault: str
    schedule: str
    days: int | None


def completion(point: RecoveryPoint) -> datetime | None:
    """When *point* was complete; None for one that nothing can be restored from."""
    return point.completed if point.status in _RESTORABLE else None


def of_this_one(seen: RecoveryPoints) -> tuple[RecoveryPoint, ...]:
    """The points of the resource that is there now. Older ones are of one of the same name that was deleted."""
    return tuple(each for each in seen.points if seen.made is None or each.created >= seen.made)


def kinds_of(arns: Iterable[str]) -> tuple[str, ...]:
    """What AWS Backup calls the kinds of these resources (API reference, ResourceType)."""
    services = {(arn.split(":") + [""] * 3)[2] for arn in arns}
    return tuple(sorted(_KINDS[each] for each in services & _KINDS.keys()))


def rules_of(plan: Resource) -> tuple[tuple[RuleShape, ...], tuple[str, ...]]:
    """The rules of a plan whose names are known, and why parts of them are not."""
    declared = intent.items(plan.properties, "BackupPlan", "BackupPlanRule")
    gaps = (why for each in declared for key in _COMPARED for why in intent.gaps(each, key))
    rules = (
        RuleShape(
            name=name,
            vault=intent.text(each, "TargetBackupVault"),
            schedule=intent.text(each, "ScheduleExpression"),
            days=_days(each),
        )
        for each in declared
        if (name := intent.text(each, "RuleName"))
    )
    return tuple(rules), tuple(dict.fromkeys(gaps))


def _days(rule: object) -> int | None:
    if intent.gaps(rule, "Lifecycle"):
        return None
    days = intent.text(rule, "Lifecycle", "DeleteAfterDays")
    return int(days) if days.isdecimal() else 0


def agrees(shape: RuleShape, live: BackupRule) -> bool:
    """Whether *live* is *shape* in every part that *shape* knows."""
    return (
        shape.vault in {"", live.vault}
        and shape.schedule in {"", live.schedule}
        and shape.days in {None, live.delete_after or 0}
    )


def spelt(rule: RuleShape | BackupRule) -> str:
    """One rule in a few words."""
    days = rule.days if isinstance(rule, RuleShape) else rule.delete_after or 0
    lasting = "?" if days is None else f"{days} days" if days else "for ever"
    return f"{rule.name}: {rule.schedule or '?'} into {rule.vault or '?'}, kept {lasting}"


def kept(target: Target, resource: Resource) -> Kept:
    """A table or a bucket as selections see it."""
    bucket = resource.type == _BUCKET
    arn = (
        f"arn:{target.partition}:s3:::{resource.physical_id}"
        if bucket
        else target.arn("dynamodb", resource.region, f"table/{resource.physical_id}")
    )
    tags = ((intent.text(each, "Key"), intent.text(each, "Value")) for each in _tags(resource))
    return Kept(arn=arn, tags=tuple(sorted(tags)))


def _tags(resource: Resource) -> tuple[object, ...]:
    here = (
        one for one in intent.items(resource.properties, "Replicas") if intent.text(one, "Region") == resource.region
    )
    return (*intent.items(resource.properties, "Tags"), *(tag for one in here for tag in intent.items(one, "Tags")))


def selects(selections: Iterable[BackupSelection], one: Kept) -> bool:
    """Whether any of *selections* surely selects *one*. What only Conditions decide is not sure."""
    return any(_selects(each, one) for each in selections)


def _selects(selection: BackupSelection, one: Kept) -> bool:
    if any(like(pattern, one.arn) for pattern in selection.excluded):
        return False
    tagged = any(tag in one.tags for tag in selection.tags)
    narrowed = selection.by_tag and not selection.tags
    return tagged or (not narrowed and any(like(pattern, one.arn) for pattern in selection.resources))


def meant(target: Target, plan: Resource) -> tuple[tuple[Kept, ...], tuple[str, ...]]:
    """What the template's selections of *plan* are meant to select, and why parts of that are not known.

    Patterns are spelt out over the tables and buckets of the target; an ARN in full, or a pattern of another
    service, stands for itself.
    """
    declared = [each for each in target.of_type("AWS::Backup::BackupSelection") if _belongs(each, plan)]
    here = [kept(target, each) for each in target.of_type(*TABLES, _BUCKET) if each.region == plan.region]
    wanted: dict[str, Kept] = {}
    for each in declared:
        said = _read(each)
        literal = (Kept(arn=arn) for arn in said.resources if _stands_for_itself(arn))
        for one in (*(one for one in here if selects((said,), one)), *literal):
            if not said.by_tag or said.tags:
                wanted.setdefault(one.arn, one)
    gaps = (
        why for each in declared for key in _SELECTING for why in intent.gaps(each.properties, "BackupSelection", key)
    )
    return tuple(wanted.values()), tuple(dict.fromkeys(gaps))


def _belongs(selection: Resource, plan: Resource) -> bool:
    same_place = (selection.stack, selection.region) == (plan.stack, plan.region)
    return same_place and intent.text(selection.properties, "BackupPlanId") == plan.physical_id


def _read(selection: Resource) -> BackupSelection:
    said = intent.part(selection.properties, "BackupSelection")
    tags = tuple(
        (intent.text(each, "ConditionKey").removeprefix("aws:ResourceTag/"), intent.text(each, "ConditionValue"))
        for each in intent.items(said, "ListOfTags")
    )
    return BackupSelection(
        name=intent.text(said, "SelectionName"),
        role=intent.text(said, "IamRoleArn"),
        resources=intent.texts(said, "Resources"),
        excluded=intent.texts(said, "NotResources"),
        by_tag=bool(tags or intent.part(said, "Conditions")),
        tags=tags,
    )


def _stands_for_itself(arn: str) -> bool:
    service = (arn.split(":") + [""] * 3)[2]
    return "*" not in arn or service not in {"dynamodb", "s3", "*", ""}
