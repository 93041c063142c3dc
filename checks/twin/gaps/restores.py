"""What comes back when a table is restored: the table as it was, not as it is."""

from __future__ import annotations

import copy
import json
import re
import time
import uuid
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import unquote

from checks.twin.gaps import recovery
from checks.twin.gaps.patching import Function, Grounds, Untyped, replace, service, store

_POINT = re.compile(r"/backup-vaults/[^/]+/recovery-points/(.+?)(/restore-metadata)?/?")
_JOB = re.compile(r"/restore-jobs/([^/]+)/?")
_NO_SORT_KEY = "__no_sort__"


def restore_tables_as_they_were(_: Grounds) -> None:
    """A restore to a moment gives the items of that moment.

    MiniStack copies the items of now, so that nothing that was deleted ever came back. Every write is noted here, and
    a restore takes back what was written after the moment. What a table held before this process started is its
    beginning.
    """
    dynamodb = service("services.dynamodb")
    held, notes = store(dynamodb, "_tables"), defaultdict[str, list[tuple[float, Untyped, Untyped]]](list)
    key_of, recount = store(dynamodb, "_extract_key_val"), store(dynamodb, "_items_replaced")

    def noting(original: Function) -> Function:
        def emit(
            table_name: str,
            event_name: str,
            old_item: Untyped,
            new_item: Untyped,
            replicate: bool = True,  # noqa: FBT001, FBT002 - MiniStack's own parameters
        ) -> None:
            table = held.get(table_name)
            if table is not None:
                notes[table["TableArn"]].append((time.time(), copy.deepcopy(old_item), copy.deepcopy(new_item)))
            original(table_name, event_name, old_item, new_item, replicate)

        return emit

    def taking_back(original: Function) -> Function:
        def restore(data: Untyped) -> Untyped:
            answer = original(data)
            moment = data.get("RestoreDateTime")
            if answer[0] != HTTPStatus.OK or moment is None:
                return answer
            source = held[data.get("SourceTableName") or data["SourceTableArn"].rpartition("/")[2]]
            table = held[data["TargetTableName"]]
            for when, old, new in reversed(notes[source["TableArn"]]):
                if when > float(moment):
                    _take_back(table, old, new, key_of)
            recount(table)
            return answer

        return restore

    parameters = ("table_name", "event_name", "old_item", "new_item", "replicate")
    replace(dynamodb, "_emit_stream_event", parameters, noting)
    replace(dynamodb, "_restore_table_to_point_in_time", ("data",), taking_back)


def _take_back(table: Untyped, old: Untyped, new: Untyped, key_of: Function) -> None:
    written = old if new is None else new
    sort = table.get("sk_name")
    partition, rank = key_of(written[table["pk_name"]]), key_of(written[sort]) if sort else _NO_SORT_KEY
    if old is None:
        table["items"].get(partition, {}).pop(rank, None)
    else:
        table["items"][partition][rank] = copy.deepcopy(old)


def restore_what_was_backed_up(_: Grounds) -> None:
    """A recovery point of a table can be described and restored: the new table holds what the point was made of.

    MiniStack knows no restore job and no single recovery point. A job is done when it is asked for, and is listed.
    """
    backup = service("services.backup")
    answered, unknown = store(backup, "_ok"), store(backup, "_not_found")
    vaults = _Vaults(backup=backup, dynamodb=service("services.dynamodb"), kept=recovery.kept_by(backup))

    def answering(original: Function) -> Function:
        async def handle(method: str, path: str, headers: Untyped, body_bytes: bytes, query_params: Untyped) -> Untyped:
            asked = vaults.asked(method, unquote(path), body_bytes)
            if asked is None:
                answer = await original(method, path, headers, body_bytes, query_params)
                vaults.note(method, path, answer)
                return answer
            return answered(asked) if asked else unknown(f"{path} not found.")

        return handle

    replace(backup, "handle_request", ("method", "path", "headers", "body_bytes", "query_params"), answering)


@dataclass
class _Vaults:
    """MiniStack's recovery points, and the jobs that restored some of them."""

    backup: Untyped
    dynamodb: Untyped
    kept: Callable[[str], list[dict[str, Untyped]]]
    jobs: dict[str, dict[str, Untyped]] = field(default_factory=dict)
    moments: dict[str, float] = field(default_factory=dict)

    def note(self, method: str, path: str, answer: Untyped) -> None:
        """Remember when a backup job was done: the job itself says so in whole seconds."""
        if method == "PUT" and path.rstrip("/") == "/backup-jobs" and answer[0] == HTTPStatus.OK:
            self.moments[json.loads(answer[2])["RecoveryPointArn"]] = time.time()

    def asked(self, method: str, path: str, body: bytes) -> dict[str, Untyped] | None:
        """The answer to a question that is ours, empty where there is no such thing; None for any other question."""
        if path.rstrip("/") == "/restore-jobs":
            # One page holds more jobs than a twin lives to see.
            return self.start(json.loads(body)) if method == "PUT" else {"RestoreJobs": list(self.jobs.values())}
        job, point = (each.fullmatch(path) if method == "GET" else None for each in (_JOB, _POINT))
        if job is not None:
            return self.jobs.get(job[1], {})
        return self.describe(point[1], metadata=point[2] is not None) if point is not None else None

    def find(self, arn: str) -> tuple[str, dict[str, Untyped]] | None:
        """The ARN of the table that a recovery point is of, and the point."""
        tables = [each["TableArn"] for each in store(self.dynamodb, "_tables").values()]
        every = ((table, point) for table in tables for point in self.kept(table))
        return next(((table, point) for table, point in every if point["RecoveryPointArn"] == arn), None)

    def describe(self, arn: str, *, metadata: bool) -> dict[str, Untyped]:
        """A recovery point, or what a restore of it would be told."""
        found = self.find(arn)
        if found is None:
            return {}
        table, point = found
        if metadata:
            told = {"originalTableName": table.rpartition("/")[2], "encryptionType": "Default"}
            return {"RecoveryPointArn": arn, "RestoreMetadata": told}
        return {**point, "ResourceArn": table, "ResourceType": "DynamoDB", "IamRoleArn": _role(self.backup, arn)}

    def start(self, wish: Untyped) -> dict[str, Untyped]:
        """Restore, and remember the job."""
        found = self.find(wish["RecoveryPointArn"])
        if found is None:
            return {}
        table, point = found
        name = wish["Metadata"]["targetTableName"]
        at = self.moments.get(point["RecoveryPointArn"], point["CreationDate"])
        moment = {"SourceTableArn": table, "TargetTableName": name, "RestoreDateTime": at}
        status, _, body = store(self.dynamodb, "_restore_table_to_point_in_time")(moment)
        done, job = status == HTTPStatus.OK, str(uuid.uuid4())
        self.jobs[job] = {
            "RestoreJobId": job,
            "RecoveryPointArn": point["RecoveryPointArn"],
            "SourceResourceArn": table,
            "ResourceType": "DynamoDB",
            "Status": "COMPLETED" if done else "FAILED",
            "StatusMessage": "" if done else json.loads(body).get("message", ""),
            "CreatedResourceArn": f"{table.rpartition('/')[0]}/{name}",
            "CreationDate": time.time(),
            "CompletionDate": time.time(),
            "PercentDone": "100.00",
        }
        return {"RestoreJobId": job}


def _role(backup: Untyped, arn: str) -> str:
    """Whose role made the point: the job's, or the selection's that the plan ran for."""
    of_job = [each["IamRoleArn"] for each in store(backup, "_jobs").values() if each["RecoveryPointArn"] == arn]
    of_plan = [each.get("IamRoleArn", "") for each in store(backup, "_selections").values()]
    return str(next(iter([*of_job, *of_plan]), ""))
