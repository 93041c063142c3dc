"""What AWS Backup is told by a template."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any

from checks.twin.gaps.patching import Function, Grounds, add_handlers, service, store, wrap_handler

Props = dict[str, Any]


def create_backup_selections(_: Grounds) -> None:
    """A template's backup selection becomes a real one, readable by the API and gone with its resource.

    MiniStack refuses the type AWS::Backup::BackupSelection, and with it every stack that has a backup plan worth
    having. `Ref` gives the selection's id; every change replaces it, as on AWS.
    """
    backup = service("services.backup")
    selections = store(backup, "_selections")

    def create(logical_id: str, props: Props, _stack_name: str) -> tuple[str, Props]:
        plan = str(props.get("BackupPlanId", ""))
        wished = {"SelectionName": logical_id, **(props.get("BackupSelection") or {})}
        status, _, body = backup._create_selection(plan, {"BackupSelection": wished})  # noqa: SLF001
        answer = json.loads(body)
        if status >= HTTPStatus.BAD_REQUEST:
            raise ValueError(f"AWS::Backup::BackupSelection {logical_id}: {answer.get('message', answer)}")
        selection = answer["SelectionId"]
        return selection, {"Id": selection, "SelectionId": selection, "BackupPlanId": plan}

    def update(physical_id: str, _old: Props, new: Props, stack_name: str, logical_id: str) -> tuple[str, Props]:
        created = create(logical_id, new, stack_name)
        delete(physical_id, {})
        return created

    def delete(physical_id: str, _props: Props) -> None:
        selections.pop(physical_id, None)

    add_handlers(
        "AWS::Backup::BackupSelection",
        {"create": create, "update": update, "update_with_logical_id": True, "delete": delete},
    )


def lock_vaults_of_stacks(_: Grounds) -> None:
    """A template's vault lock is the vault's: locked, with the least and the most days that it allows.

    MiniStack's CloudFormation leaves `LockConfiguration` out. Without `ChangeableForDays` the lock is one of governance
    and has no date. That a locked vault refuses a shorter life is not enforced.
    """
    vaults = store(service("services.backup"), "_vaults")

    def lock(name: str, props: Props) -> None:
        wished = props.get("LockConfiguration") or {}
        lived = {key: int(wished[key]) for key in ("MinRetentionDays", "MaxRetentionDays") if key in wished}
        if name in vaults:
            for key in ("MinRetentionDays", "MaxRetentionDays"):
                vaults[name].pop(key, None)
            vaults[name].update(lived, Locked=bool(wished))

    def created(original: Function) -> Function:
        def create(logical_id: str, props: Props, stack_name: str) -> Any:  # noqa: ANN401 - MiniStack's own shape
            found = original(logical_id, props, stack_name)
            lock(found[0], props)
            return found

        return create

    def updated(original: Function) -> Function:
        def update(physical_id: str, old: Props, new: Props, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - likewise
            found = original(physical_id, old, new, *args, **kwargs)
            lock(found[0], new)
            return found

        return update

    wrap_handler("AWS::Backup::BackupVault", "create", created)
    wrap_handler("AWS::Backup::BackupVault", "update", updated)
