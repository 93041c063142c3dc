"""What DynamoDB says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from checks import evidence as seen
from checks.world.aws.stacks import utc
from checks.world.aws.wire import Ask, Asking, shaped

TABLE = Ask(service="dynamodb", operation="DescribeTable", needs=("Table",), gone=("ResourceNotFoundException",))
BACKUPS = Ask(
    service="dynamodb",
    operation="DescribeContinuousBackups",
    needs=("ContinuousBackupsDescription",),
    gone=("TableNotFoundException", "ResourceNotFoundException"),
)

POLICY = Ask(
    service="dynamodb",
    operation="GetResourcePolicy",
    needs=("Policy",),
    gone=("ResourceNotFoundException",),
    bare=("PolicyNotFoundException",),
)

COUNT = Ask(service="dynamodb", operation="Scan", needs=("Count",), gone=("ResourceNotFoundException",))

Keys = tuple[tuple[str, str, str], ...]


def table(asking: Asking, region: str, name: str) -> seen.TableSeen | seen.Absent:
    """One table with its indexes."""
    answer = asking.call(TABLE, region, TableName=name)
    if answer is None:
        return seen.Absent(what=f"table {name} in {region}")
    return shaped(TABLE, region, lambda: _table(answer["Table"]))


def continuous_backups(asking: Asking, region: str, name: str) -> seen.ContinuousBackups | seen.Absent:
    """Point-in-time recovery of one table."""
    answer = asking.call(BACKUPS, region, TableName=name)
    if answer is None:
        return seen.Absent(what=f"table {name} in {region}")
    return shaped(BACKUPS, region, lambda: _backups(name, answer["ContinuousBackupsDescription"]))


def table_policy(asking: Asking, region: str, arn: str) -> seen.ResourcePolicy | seen.Absent:
    """The policy of one table; an empty text without one."""
    answer = asking.call(POLICY, region, ResourceArn=arn)
    if answer is None:
        return seen.Absent(what=f"table {arn.rpartition('/')[2]} in {region}")
    return seen.ResourcePolicy(resource=arn, text=str(answer.get("Policy", "")))


def items(asking: Asking, region: str, name: str, most: int) -> seen.ItemsCounted | seen.Absent:
    """How many items there are, up to *most*; of what is in them nothing is asked (Select is COUNT)."""
    count = 0
    behind: Mapping[str, object] = {}
    while True:
        # A page ends at a megabyte, with at least one item on it.
        answer = asking.call(COUNT, region, TableName=name, Select="COUNT", Limit=most - count, **behind)
        if answer is None:
            return seen.Absent(what=f"table {name} in {region}")
        count += shaped(COUNT, region, lambda: int(answer["Count"]))  # noqa: B023 - called at once
        if count >= most or not answer.get("LastEvaluatedKey"):
            return seen.ItemsCounted(table=name, count=count)
        behind = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}


def _table(one: Mapping[str, Any]) -> seen.TableSeen:
    kinds = {kind["AttributeName"]: kind["AttributeType"] for kind in one["AttributeDefinitions"]}
    return seen.TableSeen(
        name=one["TableName"],
        arn=one["TableArn"],
        id=one["TableId"],
        status=one["TableStatus"],
        created=utc(one["CreationDateTime"]),
        keys=_keys(one["KeySchema"], kinds),
        indexes=tuple(_index(index, kinds) for index in one.get("GlobalSecondaryIndexes", ())),
        # DynamoDB leaves the summary out of tables that were never on demand.
        billing=one.get("BillingModeSummary", {}).get("BillingMode", "PROVISIONED"),
        stream=one.get("StreamSpecification", {}).get("StreamViewType", ""),
        deletion_protection=one.get("DeletionProtectionEnabled", False),
        items=one["ItemCount"],
        size=one.get("TableSizeBytes"),
        encryption=_encryption(one.get("SSEDescription") or {}),
        ceiling=_ceiling(one.get("OnDemandThroughput") or {}),
    )


def _ceiling(one: Mapping[str, int]) -> tuple[int, int]:
    """-1 is what AWS itself says of no ceiling."""
    return int(one.get("MaxReadRequestUnits", -1)), int(one.get("MaxWriteRequestUnits", -1))


def _encryption(one: Mapping[str, Any]) -> str:
    """Nothing for DynamoDB's own key, of which DescribeTable says nothing or that another one is DISABLED."""
    if one.get("Status", "DISABLED") in {"DISABLED", "DISABLING"}:
        return ""
    return f"{one.get('SSEType', 'KMS')} {one.get('KMSMasterKeyArn', '')}".strip()


def _index(one: Mapping[str, Any], kinds: Mapping[str, str]) -> seen.IndexSeen:
    return seen.IndexSeen(
        name=one["IndexName"],
        keys=_keys(one["KeySchema"], kinds),
        projection=_projection(one["Projection"]),
        status=one["IndexStatus"],
        backfilling=one.get("Backfilling", False),
    )


def _projection(one: Mapping[str, Any]) -> str:
    further = ",".join(sorted(one.get("NonKeyAttributes", ())))
    return f"INCLUDE {further}" if one["ProjectionType"] == "INCLUDE" else str(one["ProjectionType"])


def _keys(schema: Iterable[Mapping[str, str]], kinds: Mapping[str, str]) -> Keys:
    return tuple((key["AttributeName"], key["KeyType"], kinds[key["AttributeName"]]) for key in schema)


def _backups(table_name: str, one: Mapping[str, Any]) -> seen.ContinuousBackups:
    recovery = one.get("PointInTimeRecoveryDescription", {})
    earliest, latest = recovery.get("EarliestRestorableDateTime"), recovery.get("LatestRestorableDateTime")
    return seen.ContinuousBackups(
        table=table_name,
        status=recovery["PointInTimeRecoveryStatus"],
        days=recovery.get("RecoveryPeriodInDays"),
        earliest=utc(earliest) if earliest else None,
        latest=utc(latest) if latest else None,
    )
