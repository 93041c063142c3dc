"""What AWS Backup is told by a template."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any

from checks.twin.gaps.patching import Grounds, add_handlers, service, store

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
