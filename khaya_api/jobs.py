"""Jobs: what a buyer wants done."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from http import HTTPStatus
from typing import Annotated
from uuid import uuid4

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response, content_types
from aws_lambda_powertools.event_handler.openapi.params import Header, Query

from khaya_api import cursors
from khaya_api.access import Caller
from khaya_api.auth import caller
from khaya_api.errors import Code, Detail, Refusal, not_found
from khaya_api.keyring import KeyRing
from khaya_api.kit import Kit
from khaya_api.models import Job, JobPage, JobStatus, NewJob, timestamp
from khaya_api.store import Once

PAGE = 20
LARGEST_PAGE = 50
# As long as a client may go on repeating a request that it has not heard back from.
REMEMBERED = timedelta(hours=24)

Status = Annotated[JobStatus, Query(description="Jobs of this status alone")]
Limit = Annotated[int, Query(ge=1, le=LARGEST_PAGE, description="How many, at most")]
Cursor = Annotated[str | None, Query(max_length=cursors.LONGEST, description="The nextCursor of the page before")]
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=255,
        pattern=r"^[\x21-\x7e]+$",
        description="Repeats with the same key within a day have one effect",
    ),
]


def serve(app: APIGatewayRestResolver, kit: Kit) -> None:
    """Register the routes of jobs."""

    @app.get("/jobs", tags=["jobs"], summary="Jobs of one status, newest first")
    def browse(status: Status = JobStatus.OPEN, limit: Limit = PAGE, cursor: Cursor = None) -> JobPage:
        return browse_jobs(kit, status=status, limit=limit, cursor=cursor)

    @app.post("/jobs", tags=["jobs"], summary="Post a job", status_code=HTTPStatus.CREATED)
    def post(new: NewJob, idempotency_key: IdempotencyKey = None) -> Response[Job]:
        job, replayed = post_job(kit, caller(app), new, idempotency_key)
        # Relative to the address that was asked, so that it holds behind the CDN and at the stage alike.
        headers = {"Location": f"jobs/{job.id}"} | ({"Idempotency-Replayed": "true"} if replayed else {})
        return Response(HTTPStatus.CREATED, content_types.APPLICATION_JSON, job, headers)

    @app.get("/jobs/<job_id>", tags=["jobs"], summary="One job")
    def show(job_id: str) -> Job:
        return show_job(kit, job_id)


def browse_jobs(kit: Kit, *, status: JobStatus, limit: int, cursor: str | None) -> JobPage:
    """One page. A cursor belongs to its status: with another one it is refused."""
    scope = f"jobs?status={status.value}"
    after = _position(kit.keys, cursor, scope) if cursor is not None else None
    rows = kit.store.jobs_by_status(status, limit=limit, after=after)
    if rows.unreadable:
        kit.log.error("jobs left out: rows lack what makes them a job", count=rows.unreadable)
    following = cursors.seal(rows.after, scope=scope, key=kit.keys.keys()[0]) if rows.after else None
    return JobPage(items=rows.jobs, nextCursor=following)


def post_job(kit: Kit, buyer: Caller, new: NewJob, key: str | None) -> tuple[Job, bool]:
    """Post a job once for each key: the job, and whether it had been posted before."""
    now = kit.clock()
    moment = timestamp(now)
    job = Job(
        **new.model_dump(),
        id=str(uuid4()),
        status=JobStatus.OPEN,
        buyerId=buyer.sub,
        createdAt=moment,
        updatedAt=moment,
    )
    once = Once(claim=_claim(buyer, key), digest=_digest(new), until=now + REMEMBERED) if key else None
    earlier = kit.store.add_job(job, once)
    if once is None or earlier is None:
        kit.count({"JobsPosted": 1})
        return job, False
    if earlier.digest != once.digest:
        raise _another_request()
    return show_job(kit, earlier.job_id), True


def show_job(kit: Kit, job_id: str) -> Job:
    """The job; `Refusal` 404 when there is none."""
    job = kit.store.job(job_id)
    if job is None:
        raise not_found("There is no such job.")
    return job


def _position(keys: KeyRing, cursor: str, scope: str) -> dict[str, str]:
    position = cursors.unseal(cursor, scope=scope, keys=keys.keys())
    if position is None:
        # Another instance may already sign with a newer key.
        position = cursors.unseal(cursor, scope=scope, keys=keys.keys(doubtful=True))
    if position is None:
        raise cursors.bad_cursor()
    return position


def _claim(buyer: Caller, key: str) -> str:
    """Hashed with the buyer: no two people's keys meet, and no text of a client's becomes a row's key."""
    return hashlib.sha256(f"POST /jobs\0{buyer.sub}\0{key}".encode()).hexdigest()


def _digest(new: NewJob) -> str:
    return hashlib.sha256(json.dumps(new.model_dump(mode="json"), sort_keys=True).encode()).hexdigest()


def _another_request() -> Refusal:
    detail = Detail("Idempotency-Key", "was used for a different request; take a new key")
    message = "This key belongs to another request."
    return Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, Code.VALIDATION_ERROR, message, details=[detail])
