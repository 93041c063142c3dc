"""Faults of tables and of what brings them back."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from checks.twin.faults.bench import Bench
from checks.twin.faults.between.http import only
from checks.twin.faults.words import Fault, Stage, Unfit, View

_TABLES, _BACKUP = "DynamoDB", "Backup and recovery"


def _table(bench: Bench, promise: str, containing: str = "") -> tuple[Any, str, str]:
    """DynamoDB where the table of the first check of *promise* lives, the table, and the check's name."""
    check = bench.check(promise, containing)
    return bench.aws("dynamodb", str(check.params["region"])), str(check.params["table"]), check.name


def _recovery(*, on: bool, days: int = 35) -> dict[str, object]:
    return {"PointInTimeRecoveryEnabled": on, **({"RecoveryPeriodInDays": days} if on else {})}


@contextmanager
def recovery_off(bench: Bench) -> Iterator[View]:
    """No moment to go back to."""
    tables, name, check = _table(bench, "tables.pitr")
    before = tables.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    days = before["PointInTimeRecoveryDescription"].get("RecoveryPeriodInDays", 35)
    tables.update_continuous_backups(TableName=name, PointInTimeRecoverySpecification=_recovery(on=False))
    try:
        yield View(named=(check,))
    finally:
        tables.update_continuous_backups(TableName=name, PointInTimeRecoverySpecification=_recovery(on=True, days=days))


@contextmanager
def protection_off(bench: Bench) -> Iterator[View]:
    """One call deletes the table."""
    tables, name, check = _table(bench, "tables.protected")
    tables.update_table(TableName=name, DeletionProtectionEnabled=False)
    try:
        yield View(named=(check,))
    finally:
        tables.update_table(TableName=name, DeletionProtectionEnabled=True)


@contextmanager
def stream_off(bench: Bench) -> Iterator[View]:
    """Consumers miss every change."""
    tables, name, check = _table(bench, "tables.stream")
    view = tables.describe_table(TableName=name)["Table"]["StreamSpecification"]["StreamViewType"]
    tables.update_table(TableName=name, StreamSpecification={"StreamEnabled": False})
    try:
        yield View(named=(check,))
    finally:
        tables.update_table(TableName=name, StreamSpecification={"StreamEnabled": True, "StreamViewType": view})


def _shape(described: Mapping[str, Any]) -> dict[str, Any]:
    """What it takes to make the table again."""
    indexes = [
        {key: each[key] for key in ("IndexName", "KeySchema", "Projection")}
        for each in described.get("GlobalSecondaryIndexes", [])
    ]
    stream = described.get("StreamSpecification") or {}
    return {
        "TableName": described["TableName"],
        "KeySchema": described["KeySchema"],
        "AttributeDefinitions": described["AttributeDefinitions"],
        "BillingMode": "PAY_PER_REQUEST",
        "DeletionProtectionEnabled": True,
        **({"GlobalSecondaryIndexes": indexes} if indexes else {}),
        **({"StreamSpecification": stream} if stream.get("StreamEnabled") else {}),
    }


def _make(tables: Any, shape: Mapping[str, Any], *, lifetime: str, days: int = 35) -> None:  # noqa: ANN401 - a botocore client
    """The table with what is no part of its shape: recovery, and the attribute that items expire by, if any."""
    tables.create_table(**shape)
    name = shape["TableName"]
    if lifetime:
        wanted = {"Enabled": True, "AttributeName": lifetime}
        tables.update_time_to_live(TableName=name, TimeToLiveSpecification=wanted)
    tables.update_continuous_backups(TableName=name, PointInTimeRecoverySpecification=_recovery(on=True, days=days))


def _delete(tables: Any, name: str) -> None:  # noqa: ANN401 - a botocore client
    tables.update_table(TableName=name, DeletionProtectionEnabled=False)
    tables.delete_table(TableName=name)


def _rows(tables: Any, name: str) -> list[dict[str, Any]]:  # noqa: ANN401 - a botocore client
    return list(tables.scan(TableName=name)["Items"])


def remade(promise: str, change: Callable[[dict[str, Any]], str | None]) -> Stage:
    """The table of a check of *promise* made anew after *change*; not at all where that leaves no name.

    What *change* gives is the name of the table in its place.
    """

    @contextmanager
    def stage(bench: Bench) -> Iterator[View]:
        tables, name, check = _table(bench, promise)
        described = tables.describe_table(TableName=name)["Table"]
        before, kept = _shape(described), _rows(tables, name)
        lifetime = tables.describe_time_to_live(TableName=name)["TimeToLiveDescription"].get("AttributeName", "")
        other = copy.deepcopy(before)
        instead = change(other)
        _delete(tables, name)
        if instead:
            _make(tables, {**other, "TableName": instead}, lifetime=lifetime)
            if (instead, other["KeySchema"]) == (name, before["KeySchema"]):
                _fill(tables, name, kept)
        try:
            yield View(named=(check,))
        finally:
            if instead:
                _delete(tables, instead)
            _make(tables, before, lifetime=lifetime)
            _fill(tables, name, kept)

    return stage


def _fill(tables: Any, name: str, items: list[dict[str, Any]]) -> None:  # noqa: ANN401 - botocore makes its client classes at run time
    for each in items:
        tables.put_item(TableName=name, Item=each)


def _gone(_shape: dict[str, Any]) -> None:
    return None


def _near_name(shape: dict[str, Any]) -> str:
    return f"{shape['TableName']}-old"


def _other_key(shape: dict[str, Any]) -> str:
    """The partition key has another name, in the indexes too where they use it."""
    old = next(each["AttributeName"] for each in shape["KeySchema"] if each["KeyType"] == "HASH")
    shape["KeySchema"] = [
        {**each, "AttributeName": "pk" if each["AttributeName"] == old else each["AttributeName"]}
        for each in shape["KeySchema"]
    ]
    shape["AttributeDefinitions"] = [*shape["AttributeDefinitions"], {"AttributeName": "pk", "AttributeType": "S"}]
    used = {
        each["AttributeName"]
        for keys in (shape["KeySchema"], *(index["KeySchema"] for index in shape.get("GlobalSecondaryIndexes", [])))
        for each in keys
    }
    shape["AttributeDefinitions"] = [each for each in shape["AttributeDefinitions"] if each["AttributeName"] in used]
    return str(shape["TableName"])


def _narrow_index(shape: dict[str, Any]) -> str:
    if not shape.get("GlobalSecondaryIndexes"):
        raise Unfit("the table has no index")
    shape["GlobalSecondaryIndexes"][0]["Projection"] = {"ProjectionType": "KEYS_ONLY"}
    return str(shape["TableName"])


def _retyped_index(shape: dict[str, Any]) -> str:
    """An index key of another type, one that is not the table's own key."""
    own = {each["AttributeName"] for each in shape["KeySchema"]}
    indexed = (key["AttributeName"] for each in shape.get("GlobalSecondaryIndexes", []) for key in each["KeySchema"])
    turned = next((each for each in indexed if each not in own), None)
    if turned is None:
        raise Unfit("no index has a key of its own")
    for each in shape["AttributeDefinitions"]:
        if each["AttributeName"] == turned:
            each["AttributeType"] = "N" if each["AttributeType"] == "S" else "S"
    return str(shape["TableName"])


def _no_indexes(shape: dict[str, Any]) -> str:
    own = {each["AttributeName"] for each in shape["KeySchema"]}
    shape.pop("GlobalSecondaryIndexes", None)
    shape["AttributeDefinitions"] = [each for each in shape["AttributeDefinitions"] if each["AttributeName"] in own]
    return str(shape["TableName"])


def _provisioned(shape: dict[str, Any]) -> str:
    one = {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}
    shape["BillingMode"], shape["ProvisionedThroughput"] = "PROVISIONED", one
    for each in shape.get("GlobalSecondaryIndexes", []):
        each["ProvisionedThroughput"] = one
    return str(shape["TableName"])


def described_as(promise: str, change: Callable[[dict[str, Any]], object]) -> Stage:
    """DescribeTable answers for one table as *change* wants it."""

    @contextmanager
    def stage(bench: Bench) -> Iterator[View]:
        _, name, check = _table(bench, promise)

        def amend(document: dict[str, Any]) -> None:
            if document.get("Table", {}).get("TableName") == name:
                change(document["Table"])

        yield View(named=(check,), aws=only({"dynamodb": "DescribeTable"}, lambda said: said.amended(amend)))

    return stage


def status(word: str) -> Stage:
    """The table is in this state."""
    return described_as("tables.present", lambda table: table.update(TableStatus=word))


def _stuck(table: dict[str, Any]) -> None:
    table.update(TableStatus="CREATING", CreationDateTime=(datetime.now(UTC) - timedelta(hours=2)).timestamp())


def restorable_until(promise: str, ago: timedelta) -> Stage:
    """The latest restorable moment of one table was *ago*."""

    @contextmanager
    def stage(bench: Bench) -> Iterator[View]:
        _, name, check = _table(bench, promise)
        moment = (datetime.now(UTC) - ago).timestamp()

        def amend(document: dict[str, Any]) -> None:
            seen = document["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
            seen["LatestRestorableDateTime"] = moment

        def tamper(visit: Any, onward: Any) -> Any:  # noqa: ANN401 - as a Tamper
            said = onward(visit)
            asked = visit.operation == "DescribeContinuousBackups" and name.encode() in visit.body
            return said.amended(amend) if asked else said

        yield View(named=(check,), aws=tamper)

    return stage


FAULTS: tuple[Fault, ...] = (
    Fault(
        id="DDB-01",
        family=_TABLES,
        breaks="a table is gone",
        stage=remade("tables.present", _gone),
        promise="tables.present",
        behind=("api.*", "backups.*"),
    ),
    Fault(
        id="DDB-02",
        family=_TABLES,
        breaks="a table is there under a near name alone",
        stage=remade("tables.present", _near_name),
        promise="tables.present",
        behind=("api.*", "backups.*"),
    ),
    Fault(
        id="DDB-03",
        family=_TABLES,
        breaks="a table is CREATING for two hours",
        stage=described_as("tables.present", _stuck),
        promise="tables.present",
        fidelity="patched",
    ),
    Fault(
        id="DDB-04",
        family=_TABLES,
        breaks="a table's key cannot be used",
        stage=status("INACCESSIBLE_ENCRYPTION_CREDENTIALS"),
        promise="tables.present",
        fidelity="patched",
    ),
    Fault(
        id="DDB-05",
        family=_TABLES,
        breaks="a table was archived",
        stage=status("ARCHIVED"),
        promise="tables.present",
        fidelity="patched",
    ),
    Fault(
        id="DDB-06",
        family=_TABLES,
        breaks="a table was made anew with another partition key",
        stage=remade("tables.keys", _other_key),
        promise="tables.keys",
        behind=("api.*", "tables.filled[*]"),
    ),
    Fault(
        id="DDB-09",
        family=_TABLES,
        breaks="an index keeps keys alone",
        stage=remade("tables.indexes", _narrow_index),
        promise="tables.indexes",
        behind=("api.*",),
    ),
    Fault(
        id="DDB-10",
        family=_TABLES,
        breaks="an index key has another type",
        stage=remade("tables.indexes", _retyped_index),
        promise="tables.indexes",
        behind=("api.*",),
    ),
    Fault(
        id="DDB-12",
        family=_TABLES,
        breaks="point-in-time recovery is off",
        stage=recovery_off,
        promise="tables.pitr",
    ),
    Fault(
        id="DDB-16",
        family=_TABLES,
        breaks="a stream is off",
        stage=stream_off,
        promise="tables.stream",
    ),
    Fault(
        id="DDB-18",
        family=_TABLES,
        breaks="deletion protection is off",
        stage=protection_off,
        promise="tables.protected",
    ),
    Fault(
        id="X-DDB-01",
        family=_TABLES,
        breaks="a table lost its indexes",
        stage=remade("tables.indexes", _no_indexes),
        promise="tables.indexes",
        behind=("api.*",),
    ),
    Fault(
        id="X-DDB-02",
        family=_TABLES,
        breaks="a table has a fixed capacity",
        stage=remade("tables.billing", _provisioned),
        promise="tables.billing",
    ),
    Fault(
        id="X-BKP-01",
        family=_BACKUP,
        breaks="the latest restorable moment was two hours ago",
        stage=restorable_until("backups.restorable", timedelta(hours=2)),
        promise="backups.restorable",
        fidelity="patched",
    ),
    Fault(
        id="X-BKP-02",
        family=_BACKUP,
        breaks="the latest restorable moment was 16 minutes ago",
        stage=restorable_until("backups.lag", timedelta(minutes=16)),
        promise="backups.lag",
        fidelity="patched",
    ),
    Fault(
        id="X-BKP-03",
        family=_BACKUP,
        breaks="the latest restorable moment was 61 minutes ago",
        stage=restorable_until("backups.restorable", timedelta(minutes=61)),
        promise="backups.restorable",
        fidelity="patched",
    ),
    Fault(
        id="B-DDB-01",
        family=_TABLES,
        kind="benign",
        breaks="a table is UPDATING",
        stage=status("UPDATING"),
        fidelity="patched",
    ),
    Fault(
        id="B-DDB-02",
        family=_TABLES,
        kind="benign",
        breaks="the latest restorable moment was seven minutes ago",
        stage=restorable_until("backups.lag", timedelta(minutes=7)),
        fidelity="patched",
    ),
    Fault(
        id="X-B-BKP-01",
        family=_BACKUP,
        kind="benign",
        breaks="the latest restorable moment was 14 minutes ago",
        stage=restorable_until("backups.lag", timedelta(minutes=14)),
        fidelity="patched",
    ),
)
