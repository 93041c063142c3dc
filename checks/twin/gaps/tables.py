"""What CloudFormation and DynamoDB promise about tables."""

from __future__ import annotations

import json
import time
from http import HTTPStatus
from typing import Any

from checks.twin.gaps.patching import Function, Grounds, Untyped, replace, service, store, wrap_handler

_TYPE = "AWS::DynamoDB::Table"
# DynamoDB developer guide, "Point-in-time recovery": the latest restorable time is typically five minutes ago.
_LAG_S = 300
Props = dict[str, Any]


def honour_declared_point_in_time_recovery(_: Grounds) -> None:
    """A table whose template declares point-in-time recovery has it after create and after update.

    MiniStack's provisioner ignores the property. What somebody switched by hand stays until the property changes, as
    on AWS, and a table of an old name does not inherit it.
    """
    dynamodb = service("services.dynamodb")
    settings = store(dynamodb, "_pitr_settings")

    def created(original: Function) -> Function:
        def create(logical_id: str, props: Props, stack_name: str) -> Untyped:
            name, attributes = original(logical_id, props, stack_name)
            settings[name] = _since(declared=_declares(props))
            return name, attributes

        return create

    def updated(original: Function) -> Function:
        def update(physical_id: str, old: Props, new: Props, *args: Untyped, **kwargs: Untyped) -> Untyped:
            name, attributes = original(physical_id, old, new, *args, **kwargs)
            if name != physical_id or _declares(old) != _declares(new):
                settings[name] = _since(declared=_declares(new))
            return name, attributes

        return update

    def deleted(original: Function) -> Function:
        def delete(physical_id: str, props: Props) -> None:
            original(physical_id, props)
            settings.pop(physical_id, None)

        return delete

    wrap_handler(_TYPE, "create", created)
    wrap_handler(_TYPE, "update", updated)
    wrap_handler(_TYPE, "delete", deleted)


def lag_behind_like_point_in_time_recovery(_: Grounds) -> None:
    """The earliest restorable moment is when recovery was enabled, the latest about five minutes ago.

    MiniStack says "now" for both, so that neither a stalled recovery point nor a window that was cut short by
    switching recovery off and on could be seen.
    """
    dynamodb = service("services.dynamodb")
    settings = store(dynamodb, "_pitr_settings")

    def dated(original: Function) -> Function:
        def update(data: Props) -> Untyped:
            name = data.get("TableName", "").rpartition("/")[2]
            before = settings.get(name, False)
            answer = original(data)
            if settings.get(name) is True:
                settings[name] = before or time.time()
            return answer

        return update

    def lagging(original: Function) -> Function:
        def describe(data: Props) -> Untyped:
            status, headers, body = original(data)
            document = json.loads(body)
            since = settings.get(data.get("TableName", "").rpartition("/")[2], False)
            if status == HTTPStatus.OK and since:
                told = document["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
                told["RecoveryPeriodInDays"] = 35
                told["EarliestRestorableDateTime"] = int(since)
                told["LatestRestorableDateTime"] = int(max(since, time.time() - _LAG_S))
            return status, headers, json.dumps(document).encode()

        return describe

    replace(dynamodb, "_update_continuous_backups", ("data",), dated)
    replace(dynamodb, "_describe_continuous_backups", ("data",), lagging)


def honour_deletion_protection_of_stacks(_: Grounds) -> None:
    """CloudFormation cannot delete a protected table.

    MiniStack's API refuses, its CloudFormation does not ask; so a stack could be removed here that AWS would keep.
    """
    tables = store(service("services.dynamodb"), "_tables")

    def unless_protected(original: Function) -> Function:
        def delete(physical_id: str, props: Props) -> None:
            if (tables.get(physical_id) or {}).get("DeletionProtectionEnabled"):
                raise ValueError(
                    f"Resource cannot be deleted as it is currently protected against deletion. Disable deletion "
                    f"protection first. (table {physical_id})"
                )
            original(physical_id, props)

        return delete

    wrap_handler(_TYPE, "delete", unless_protected)


def honour_declared_time_to_live(_: Grounds) -> None:
    """A table whose template declares a time to live has it after create and after update.

    MiniStack's provisioner ignores the property. What somebody switched by hand stays until the property changes.
    """
    settings = store(service("services.dynamodb"), "_ttl_settings")

    def created(original: Function) -> Function:
        def create(logical_id: str, props: Props, stack_name: str) -> Untyped:
            name, attributes = original(logical_id, props, stack_name)
            settings[name] = _lifetime(props)
            return name, attributes

        return create

    def updated(original: Function) -> Function:
        def update(physical_id: str, old: Props, new: Props, *args: Untyped, **kwargs: Untyped) -> Untyped:
            name, attributes = original(physical_id, old, new, *args, **kwargs)
            if name != physical_id or _lifetime(old) != _lifetime(new):
                settings[name] = _lifetime(new)
            return name, attributes

        return update

    wrap_handler(_TYPE, "create", created)
    wrap_handler(_TYPE, "update", updated)


def _lifetime(props: Props) -> Props:
    wished = props.get("TimeToLiveSpecification") or {}
    if str(wished.get("Enabled", False)).lower() != "true":
        return {"TimeToLiveStatus": "DISABLED"}
    return {"TimeToLiveStatus": "ENABLED", "AttributeName": wished.get("AttributeName", "")}


def _declares(props: Props) -> bool:
    wished = (props.get("PointInTimeRecoverySpecification") or {}).get("PointInTimeRecoveryEnabled", False)
    return str(wished).lower() == "true"


def _since(*, declared: bool) -> float | bool:
    return time.time() if declared else False
