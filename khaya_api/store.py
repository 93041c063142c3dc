"""Where things are kept: the only module that knows DynamoDB.

Every read is keyed, every write of a noun conditional, nothing scans. What goes wrong leaves here as `PartOut`,
named after the table's noun.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.exceptions import ClientError
from pydantic import ValidationError

from khaya_api.aws import Connect, asking, cancellations, code_of
from khaya_api.errors import PartOut
from khaya_api.models import Job, JobStatus, timestamp

KEYS: Mapping[str, tuple[str, ...]] = {
    "users": ("id",),
    "profiles": ("userId",),
    "jobs": ("id", "createdAt"),
    "bids": ("id", "jobId"),
    "listings": ("id",),
    "reviews": ("id", "reviewedId"),
    "credits": ("id", "userId"),
    "referrals": ("id",),
    "stories": ("id", "createdAt"),
}

# Rows of our own bookkeeping share the tables. They have a `#` in their id, which no noun's id has, and none of
# the attributes that indexes are made of, so that no list ever meets them.
_ONCE = "once#"
_CHECKPOINT = "checkpoint#"
_BOOKKEEPING_SORT = "-"

# Seconds to wait after each try of a transaction that met its twin.
_PAUSES = (0.05, 0.1, 0.2, 0.0)

_CONDITION_FAILED = "ConditionalCheckFailedException"
_TRANSACTION_CANCELLED = "TransactionCanceledException"

_serialize = TypeSerializer().serialize
_deserialize = TypeDeserializer().deserialize

Row = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Some jobs, those that could not be read as such, and the key to go on after, or None at the end."""

    jobs: list[Job]
    unreadable: int
    after: dict[str, str] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Once:
    """What makes a repeated request the same: whose key it is (`claim`), and what it asked for (`digest`)."""

    claim: str
    digest: str
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """An earlier request with the same key: what it asked for, and the job that came of it."""

    digest: str
    job_id: str


class Store:
    """The nine tables. `tables` maps nouns to names; one that is not among them is `PartOut`, not configured."""

    def __init__(self, tables: Mapping[str, str], connect: Connect) -> None:
        self._tables = tables
        self._connect = connect

    def touch(self, noun: str) -> None:
        """Read a key that never exists: it proves the name, the keys, the permission and the service at once."""
        with asking(noun):
            key = {name: {"S": "health#probe"} for name in KEYS[noun]}
            names = {"#key": KEYS[noun][0]}
            self._client(noun).get_item(
                TableName=self._name(noun),
                Key=key,
                ProjectionExpression="#key",
                ExpressionAttributeNames=names,
            )

    def job(self, job_id: str) -> Job | None:
        """The job with this id; reads what was written a moment ago."""
        rows = self._query(
            "jobs",
            KeyConditionExpression="id = :id",
            ExpressionAttributeValues={":id": {"S": job_id}},
            ConsistentRead=True,
            Limit=1,
        )["Items"]
        if not rows:
            return None
        job = _as_job(_plain(rows[0]))
        if job is None:
            raise PartOut("jobs", "unreadable", "a row lacks what makes it a job")
        return job

    def jobs_by_status(self, status: JobStatus, *, limit: int, after: Mapping[str, str] | None = None) -> Rows:
        """Up to `limit` jobs of one status, newest first, from the row after `after` on."""
        position = {"ExclusiveStartKey": _row({"status": status.value, **after})} if after else {}
        # One more than asked for tells whether there is a next page, so that no page is ever empty.
        answer = self._query(
            "jobs",
            IndexName="StatusIndex",
            KeyConditionExpression="#status = :status",
            ExpressionAttributeNames={"#status": "status"},
            ExpressionAttributeValues={":status": {"S": status.value}},
            ScanIndexForward=False,
            Limit=limit + 1,
            **position,
        )
        rows = [_plain(item) for item in answer["Items"]]
        last = rows[limit - 1] if len(rows) > limit else _plain(answer.get("LastEvaluatedKey") or {})
        jobs = [job for row in rows[:limit] if (job := _as_job(row))]
        return Rows(
            jobs=jobs,
            unreadable=len(rows[:limit]) - len(jobs),
            after={name: str(last[name]) for name in KEYS["jobs"]} if last else None,
        )

    def add_job(self, job: Job, once: Once | None = None) -> Claimed | None:
        """Write a new job; with `once`, in one step with its claim. None when written, else who was first."""
        row = _row(job.model_dump(mode="json", exclude_none=True))
        put = {
            "TableName": self._name("jobs"),
            "Item": row,
            "ConditionExpression": "attribute_not_exists(id)",
        }
        with asking("jobs"):
            if once is not None:
                return self._add_once([{"Put": self._claim(once, job)}, {"Put": put}], once)
            try:
                self._client("jobs").put_item(**put)
            except ClientError as error:
                # The id was drawn a moment ago: a row with it is this one, by a try we did not hear from.
                if code_of(error) != _CONDITION_FAILED:
                    raise
        return None

    def expire(self, key: Mapping[str, str], *, now: datetime) -> bool:
        """Move an open job to expired; False when it is no longer open, which is not an error."""
        with asking("jobs"):
            try:
                self._client("jobs").update_item(
                    TableName=self._name("jobs"),
                    Key=_row(key),
                    UpdateExpression="SET #status = :expired, updatedAt = :now",
                    ConditionExpression="#status = :open",
                    ExpressionAttributeNames={"#status": "status"},
                    ExpressionAttributeValues=_row({":expired": "expired", ":open": "open", ":now": timestamp(now)}),
                )
            except ClientError as error:
                if code_of(error) == _CONDITION_FAILED:
                    return False
                raise
        return True

    def open_jobs_before(
        self, cutoff: str, *, limit: int, after: Mapping[str, str] | None = None
    ) -> tuple[list[dict[str, str]], dict[str, str] | None]:
        """Keys of open jobs created before `cutoff`, oldest first, and the key to go on after."""
        position = {"ExclusiveStartKey": _row({"status": "open", **after})} if after else {}
        answer = self._query(
            "jobs",
            IndexName="StatusIndex",
            KeyConditionExpression="#status = :open AND createdAt < :cutoff",
            ProjectionExpression="id, createdAt",
            ExpressionAttributeNames={"#status": "status"},
            ExpressionAttributeValues=_row({":open": "open", ":cutoff": cutoff}),
            Limit=limit,
            **position,
        )
        last = _plain(answer.get("LastEvaluatedKey") or {})
        keys = [{name: str(row[name]) for name in KEYS["jobs"]} for row in map(_plain, answer["Items"])]
        return keys, {name: str(last[name]) for name in KEYS["jobs"]} if last else None

    def checkpoint(self, task: str) -> Row | None:
        """Where a task's earlier run got to, as it was kept."""
        with asking("jobs"):
            answer = self._client("jobs").get_item(
                TableName=self._name("jobs"), Key=_bookkeeping(_CHECKPOINT + task), ConsistentRead=True
            )
        row = _plain(answer.get("Item") or {})
        return row or None

    def keep_checkpoint(self, task: str, state: Mapping[str, object], *, until: datetime) -> None:
        """Keep where a task has got to; DynamoDB forgets it by itself after `until`."""
        with asking("jobs"):
            row = {**state, "expiresAt": int(until.timestamp())}
            self._client("jobs").put_item(
                TableName=self._name("jobs"), Item={**_row(row), **_bookkeeping(_CHECKPOINT + task)}
            )

    def _add_once(self, items: list[Row], once: Once) -> Claimed | None:
        for pause in _PAUSES:
            try:
                self._client("jobs").transact_write_items(TransactItems=items)
                return None
            except ClientError as error:
                if _claimed_before(error):
                    return self._earlier(once)
                if "TransactionConflict" not in cancellations(error):
                    raise
            # Its twin is being written at this very moment; the next look sees who was first.
            time.sleep(pause)
        raise PartOut("jobs", "busy", "TransactionConflict")

    def _claim(self, once: Once, job: Job) -> Row:
        row = {"digest": once.digest, "jobId": job.id, "expiresAt": int(once.until.timestamp())}
        return {
            "TableName": self._name("jobs"),
            "Item": {**_row(row), **_bookkeeping(_ONCE + once.claim)},
            # Expired rows are removed within days, not at once.
            "ConditionExpression": "attribute_not_exists(id) OR expiresAt < :now",
            "ExpressionAttributeValues": {":now": {"N": str(_epoch(job.createdAt))}},
        }

    def _earlier(self, once: Once) -> Claimed:
        answer = self._client("jobs").get_item(
            TableName=self._name("jobs"), Key=_bookkeeping(_ONCE + once.claim), ConsistentRead=True
        )
        row = _plain(answer.get("Item") or {})
        if not row:
            raise PartOut("jobs", "busy", "the claim went away between two looks")
        return Claimed(digest=str(row["digest"]), job_id=str(row["jobId"]))

    def _query(self, noun: str, **question: Any) -> Row:  # noqa: ANN401 - DynamoDB's own parameters
        with asking(noun):
            answer: Row = self._client(noun).query(TableName=self._name(noun), **question)
            return answer

    def _client(self, noun: str) -> Any:  # noqa: ANN401 - a boto3 client has no type
        # Asked first, so that a lost variable is called that also where nothing else is configured.
        self._name(noun)
        return self._connect("dynamodb")

    def _name(self, noun: str) -> str:
        try:
            return self._tables[noun]
        except KeyError as error:
            raise PartOut(noun, "not configured") from error


def _claimed_before(error: ClientError) -> bool:
    """Whether it was the first item of the transaction, the claim, whose condition did not hold."""
    return code_of(error) == _TRANSACTION_CANCELLED and cancellations(error)[:1] == ["ConditionalCheckFailed"]


def _as_job(row: Row) -> Job | None:
    try:
        return Job.model_validate(row)
    except ValidationError:
        return None


def _bookkeeping(name: str) -> Row:
    return {"id": {"S": name}, "createdAt": {"S": _BOOKKEEPING_SORT}}


def _epoch(moment: str) -> int:
    return int(datetime.fromisoformat(moment).timestamp())


def _row(values: Mapping[str, Any]) -> Row:
    return {name: _serialize(value) for name, value in values.items()}


def _plain(item: Mapping[str, Any]) -> Row:
    return {name: _deserialize(value) for name, value in item.items()}
