"""What AWS Backup has kept."""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from urllib.parse import unquote

from checks.twin.gaps.patching import Function, Grounds, Untyped, replace, service, store, wrap_handler

_DAILY = re.compile(r"cron\((\d{1,2}) (\d{1,2}) \* \* \? \*\)")
_ASKED = re.compile(r"/resources/(.+)/recovery-points/?")
_KEPT = "Notifications"
_NOTICES = re.compile(r"/backup-vaults/([^/]+)/notification-configuration/?")
_LOCK = ("MinRetentionDays", "MaxRetentionDays")
# A job of an empty table is done within minutes of its start.
_TAKES = timedelta(minutes=5)


def keep_what_was_backed_up(_: Grounds) -> None:
    """A resource has a recovery point for each backup job, and for each day on which a daily plan selected it.

    MiniStack completes jobs that leave nothing behind, and no plan ever runs, so that a table on a twin of yesterday
    would look as if nobody had kept it. Plans on other than daily schedules do not run here either.
    """
    backup = service("services.backup")
    page, kept = store(backup, "_paginate"), kept_by(backup)

    def answering(original: Function) -> Function:
        async def handle(method: str, path: str, headers: Untyped, body_bytes: bytes, query_params: Untyped) -> Untyped:
            asked = _ASKED.fullmatch(path) if method == "GET" else None
            if asked is None:
                return await original(method, path, headers, body_bytes, query_params)
            query = {key: value[0] if isinstance(value, list) else value for key, value in query_params.items()}
            return page(kept(unquote(asked[1])), query, "RecoveryPoints")

        return handle

    replace(backup, "handle_request", ("method", "path", "headers", "body_bytes", "query_params"), answering)


def kept_by(backup: Untyped) -> Callable[[str], list[dict[str, Untyped]]]:
    """What MiniStack's AWS Backup has kept of a resource, by its ARN; the newest recovery point first."""
    jobs, plans, selections = (store(backup, name) for name in ("_jobs", "_plans", "_selections"))

    def kept(arn: str) -> list[dict[str, Untyped]]:
        made = [
            _point(job["RecoveryPointArn"], job["CompletionDate"], job["BackupVaultName"])
            for job in jobs.values()
            if job["ResourceArn"] == arn and job["RecoveryPointArn"]
        ]
        for each in selections.values():
            plan = plans.get(each["BackupPlanId"])
            if plan is not None and _selects(each, arn):
                since = max(each["CreationDate"], plan["CreationDate"])
                made += _of_plan(arn, plan["BackupPlan"], since=since, now=datetime.fromtimestamp(time.time(), UTC))
        return sorted(made, key=lambda point: float(point["CreationDate"]), reverse=True)

    return kept


def _selects(selection: dict[str, Untyped], arn: str) -> bool:
    def named(patterns: list[str]) -> bool:
        return any(fnmatchcase(arn, pattern) for pattern in patterns)

    return named(selection["Resources"]) and not named(selection["NotResources"])


def _of_plan(arn: str, plan: dict[str, Untyped], *, since: float, now: datetime) -> Iterator[dict[str, Untyped]]:
    rules = plan.get("Rules") or plan.get("BackupPlanRule") or []
    for rule in rules:
        vault = str(rule.get("TargetBackupVaultName") or rule.get("TargetBackupVault") or "")
        keeps = (rule.get("Lifecycle") or {}).get("DeleteAfterDays")
        for moment in _runs(str(rule.get("ScheduleExpression", "")), since=since, keeps=keeps, now=now):
            mark = hashlib.sha256(f"{arn} {vault} {moment.isoformat()}".encode()).hexdigest()[:32]
            yield _point(f"{arn.rsplit(':', 1)[0]}:recovery-point:{mark}", (moment + _TAKES).timestamp(), vault)


def _runs(schedule: str, *, since: float, keeps: float | None, now: datetime) -> Iterator[datetime]:
    """The starts of a daily schedule that are done by *now* and still within their life."""
    daily = _DAILY.fullmatch(schedule)
    if daily is None:
        return
    begins = datetime.fromtimestamp(since, UTC)
    oldest = begins if keeps is None else max(begins, now - timedelta(days=float(keeps)))
    moment = oldest.replace(hour=int(daily[2]), minute=int(daily[1]), second=0, microsecond=0)
    while moment + _TAKES <= now:
        if moment >= oldest:
            yield moment
        moment += timedelta(days=1)


def _point(arn: str, created: float, vault: str) -> dict[str, Untyped]:
    """A recovery point; nobody here knows how large a table was at that time, and its size is not told."""
    return {
        "RecoveryPointArn": arn,
        "CreationDate": created,
        "Status": "COMPLETED",
        "BackupVaultName": vault,
        "IsParent": False,
    }


def keep_locks_of_vaults(_: Grounds) -> None:
    """A template's `LockConfiguration` is the vault's: DescribeBackupVault tells it, and it follows an update.

    MiniStack reads over it. Nothing of the emulator's shortens a life that the lock would protect.
    """
    vaults = store(service("services.backup"), "_vaults")

    def keep(name: str, props: dict[str, Untyped]) -> None:
        said = props.get("LockConfiguration") or {}
        told = {"Locked": bool(said)} | {key: int(said[key]) for key in _LOCK if key in said}
        vault = vaults[name]
        for key in ("Locked", *_LOCK):
            vault.pop(key, None)
        vault.update(told)

    _follow(keep)


def _follow(keep: Callable[[str, dict[str, Untyped]], None]) -> None:
    """*keep* what a template says of a vault, whenever it is made or changed."""

    def created(original: Function) -> Function:
        def create(logical_id: str, props: dict[str, Untyped], stack_name: str) -> Untyped:
            name, attributes = original(logical_id, props, stack_name)
            keep(name, props)
            return name, attributes

        return create

    def updated(original: Function) -> Function:
        def update(
            physical_id: str,
            old: dict[str, Untyped],
            new: dict[str, Untyped],
            stack_name: str,
            logical_id: str | None = None,
        ) -> Untyped:
            name, attributes = original(physical_id, old, new, stack_name, logical_id)
            keep(name, new)
            return name, attributes

        return update

    wrap_handler("AWS::Backup::BackupVault", "create", created)
    wrap_handler("AWS::Backup::BackupVault", "update", updated)


def keep_notices_of_vaults(_: Grounds) -> None:
    """Whom a vault tells of what is kept, told and forgotten, whether a template or a call says it.

    MiniStack answers that nobody is told, whatever was said. Nothing here is ever sent: no job of the emulator's fails.
    """
    backup = service("services.backup")
    vaults, answered, unknown = store(backup, "_vaults"), store(backup, "_ok"), store(backup, "_not_found")

    def answering(original: Function) -> Function:
        async def handle(method: str, path: str, headers: Untyped, body_bytes: bytes, query_params: Untyped) -> Untyped:
            asked = _NOTICES.fullmatch(path)
            vault = vaults.get(unquote(asked[1])) if asked else None
            if vault is None:
                return await original(method, path, headers, body_bytes, query_params)
            if method == "PUT":
                vault[_KEPT] = {key: json.loads(body_bytes)[key] for key in ("SNSTopicArn", "BackupVaultEvents")}
            elif method == "DELETE":
                vault.pop(_KEPT, None)
            elif _KEPT not in vault:
                return unknown(
                    f"Failed reading notifications from database for Backup vault {asked[1] if asked else ''}"
                )
            else:
                named = {"BackupVaultName": vault["BackupVaultName"], "BackupVaultArn": vault["BackupVaultArn"]}
                return answered({**named, **vault[_KEPT]})
            return answered({})

        return handle

    def keep(name: str, props: dict[str, Untyped]) -> None:
        vaults[name].pop(_KEPT, None)
        vaults[name].update({_KEPT: props["Notifications"]} if props.get("Notifications") else {})

    replace(backup, "handle_request", ("method", "path", "headers", "body_bytes", "query_params"), answering)
    _follow(keep)
