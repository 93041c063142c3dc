"""Jobs: what a buyer wants done, from open to its end."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from http import HTTPStatus
from typing import Annotated, Self
from uuid import uuid4

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from aws_lambda_powertools.event_handler.openapi.params import Query
from pydantic import BaseModel, Field, ValidationError, model_validator

from khaya_api import completion, settling
from khaya_api.access import Caller
from khaya_api.auth import caller
from khaya_api.errors import Refusal, conflict, forbidden, from_validation, not_found
from khaya_api.kit import Kit
from khaya_api.lists import PAGE, Cursor, Limit, page_of, read, read_or
from khaya_api.models import ANSWER, EDIT, GIVEN, Category, Cents, Day, Page, Place, Prose, Title
from khaya_api.outgoing import created
from khaya_api.rows import Change, Row, Slice, changed, timestamp
from khaya_api.writing import IdempotencyKey, Plan, Wish, perform


class JobStatus(StrEnum):
    """open → in_progress → completed; open or in_progress → cancelled; open → expired at 30 days."""

    OPEN = "open"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


class NewJob(BaseModel):
    """What a buyer says when posting a job; everything else about it is ours to say."""

    model_config = GIVEN

    title: Title
    description: Prose
    category: Category
    budget: Cents
    location: Place
    startDate: Day | None = None  # noqa: N815 - the wire's spelling
    completionDate: Day | None = None  # noqa: N815 - the wire's spelling

    @model_validator(mode="after")
    def _ends_after_it_starts(self) -> Self:
        if self.startDate and self.completionDate and self.completionDate < self.startDate:
            raise ValueError("completionDate must not be before startDate")
        return self


class JobEdit(BaseModel):
    """What the buyer changes of an open job: the fields named; null takes a date away."""

    model_config = EDIT

    title: Title = ""
    description: Prose = ""
    category: Category = ""
    budget: Cents = 0
    location: Place = ""
    startDate: Day | None = None  # noqa: N815 - the wire's spelling
    completionDate: Day | None = None  # noqa: N815 - the wire's spelling


class Job(BaseModel):
    """A job as anybody may see it: the one way out, so what is not listed here does not leave the table.

    `buyerId` and `workerId` are opaque identifiers; how to reach somebody is never part of a job. Lengths are not
    checked here, so that a row written under older rules can still be read.
    """

    model_config = ANSWER

    id: str
    title: str
    description: str
    category: str
    budget: int = Field(description="South African cents")
    location: str
    status: JobStatus
    buyerId: str  # noqa: N815 - the wire's spelling
    bidCount: int = Field(default=0, description="How many bids were ever placed")  # noqa: N815 - the wire's spelling
    selectedBidId: str | None = None  # noqa: N815 - the wire's spelling
    workerId: str | None = None  # noqa: N815 - the wire's spelling
    startDate: date | None = None  # noqa: N815 - the wire's spelling
    completionDate: date | None = None  # noqa: N815 - the wire's spelling
    createdAt: str  # noqa: N815 - the wire's spelling
    updatedAt: str  # noqa: N815 - the wire's spelling


Status = Annotated[JobStatus, Query(description="Jobs of this status alone")]


def serve(app: APIGatewayRestResolver, kit: Kit) -> None:
    """Register the routes of jobs."""

    @app.get("/jobs", tags=["jobs"], summary="Jobs of one status, newest first")
    def browse(status: Status = JobStatus.OPEN, limit: Limit = PAGE, cursor: Cursor = None) -> Page[Job]:
        return browse_jobs(kit, status=status, limit=limit, cursor=cursor)

    @app.get("/me/jobs", tags=["jobs"], summary="The caller's own jobs, newest first")
    def own(limit: Limit = PAGE, cursor: Cursor = None) -> Page[Job]:
        mine = Slice(noun="jobs", index="BuyerIndex", of=caller(app).sub)
        return page_of(kit, Job, mine, limit, cursor)

    @app.post("/jobs", tags=["jobs"], summary="Post a job", status_code=HTTPStatus.CREATED)
    def post(new: NewJob, idempotency_key: IdempotencyKey = None) -> Response[Job]:
        job, replayed = post_job(kit, caller(app), new, idempotency_key)
        return created(job, replayed=replayed, at=f"jobs/{job.id}")

    @app.get("/jobs/<job_id>", tags=["jobs"], summary="One job")
    def show(job_id: str) -> Job:
        return show_job(kit, job_id)

    @app.patch("/jobs/<job_id>", tags=["jobs"], summary="Change an open job")
    def edit(job_id: str, changes: JobEdit) -> Job:
        return edit_job(kit, caller(app), job_id, changes)

    @app.post("/jobs/<job_id>/complete", tags=["jobs"], summary="Say that a job is done")
    def complete(job_id: str, idempotency_key: IdempotencyKey = None) -> Job:
        return complete_job(kit, caller(app), job_id, idempotency_key)

    @app.post("/jobs/<job_id>/cancel", tags=["jobs"], summary="Call a job off")
    def cancel(job_id: str, idempotency_key: IdempotencyKey = None) -> Job:
        return cancel_job(kit, caller(app), job_id, idempotency_key)


def browse_jobs(kit: Kit, *, status: JobStatus, limit: int, cursor: str | None) -> Page[Job]:
    """One page. A cursor belongs to its status: with another one it is refused."""
    return page_of(kit, Job, Slice(noun="jobs", index="StatusIndex", of=status.value), limit, cursor)


def post_job(kit: Kit, buyer: Caller, new: NewJob, key: str | None) -> tuple[Job, bool]:
    """Post a job once for each key: the job, and whether it had been posted before."""
    moment = timestamp(kit.clock())
    asked = new.model_dump(mode="json", exclude_none=True)
    ours = {"status": "open", "buyerId": buyer.sub, "bidCount": 0, "createdAt": moment, "updatedAt": moment}
    row: Row = {**asked, **ours, "id": str(uuid4())}
    change = Change(noun="jobs", key={"id": row["id"], "createdAt": moment}, put=row, new=True)
    wish = Wish(sub=buyer.sub, operation="POST /jobs", body=asked, key=key)
    done = perform(kit, wish, lambda: Plan(made=row["id"], changes=[change]))
    if done.replayed:
        return show_job(kit, done.made), True
    kit.count({"JobsPosted": 1})
    return Job.model_validate(row), False


def show_job(kit: Kit, job_id: str) -> Job:
    """The job; `Refusal` 404 when there is none."""
    return read_or(no_job, Job, "jobs", kit.store.find("jobs", job_id))


def edit_job(kit: Kit, buyer: Caller, job_id: str, changes: JobEdit) -> Job:
    """The job with the named fields changed; 409 when it is no longer open."""
    given = changes.model_dump(mode="json", exclude_unset=True)
    merged: list[Row] = []

    def look() -> Plan:
        row = own_row(kit, buyer, job_id)
        _must_be(row, JobStatus.OPEN)
        merged[:] = [_merge(row, given, timestamp(kit.clock()))]
        sets = {name: value for name, value in given.items() if value is not None}
        change = Change(
            noun="jobs",
            key=key_of(row),
            sets={**sets, "updatedAt": merged[0]["updatedAt"]},
            drops=[name for name, value in given.items() if value is None],
            adds={"version": 1},
            # Two edits at once could each be right, and end before they start together.
            equal={"status": "open", "version": row.get("version")},
        )
        return Plan(made=job_id, changes=[change])

    perform(kit, Wish(sub=buyer.sub, operation=f"PATCH /jobs/{job_id}"), look)
    return read_or(no_job, Job, "jobs", merged[0])


def complete_job(kit: Kit, buyer: Caller, job_id: str, key: str | None) -> Job:
    """Move a job from in progress to completed, with all that follows from it, in one step."""
    after: Row = {}

    def look() -> Plan:
        row = own_row(kit, buyer, job_id)
        _must_be(row, JobStatus.IN_PROGRESS)
        moved = _move(row, JobStatus.COMPLETED, timestamp(kit.clock()))
        after.update(changed(row, moved))
        return Plan(made=job_id, changes=[moved, *completion.consequences(kit, row)])

    done = perform(kit, Wish(sub=buyer.sub, operation=f"POST /jobs/{job_id}/complete", key=key), look)
    if done.replayed:
        return show_job(kit, job_id)
    kit.count({"JobsCompleted": 1})
    return read(Job, "jobs", after)


def cancel_job(kit: Kit, buyer: Caller, job_id: str, key: str | None) -> Job:
    """Move a job from open or in progress to cancelled, and reject the bids that still wait."""
    left: list[Change] = []
    after: Row = {}

    def look() -> Plan:
        row = own_row(kit, buyer, job_id)
        _must_be(row, JobStatus.OPEN, JobStatus.IN_PROGRESS)
        moment = timestamp(kit.clock())
        bids = settling.bids_of(kit.store, job_id)
        moved = _move(row, JobStatus.CANCELLED, moment, **settling.all_seen(row, bids))
        rejected = settling.rejections(bids, moment)
        left[:] = rejected[settling.AT_ONCE :]
        after.update(changed(row, moved))
        return Plan(made=job_id, changes=[moved, *rejected[: settling.AT_ONCE]])

    done = perform(kit, Wish(sub=buyer.sub, operation=f"POST /jobs/{job_id}/cancel", key=key), look)
    settling.finish(kit, left)
    return show_job(kit, job_id) if done.replayed else read(Job, "jobs", after)


def own_row(kit: Kit, buyer: Caller, job_id: str) -> Row:
    """The row of a job that is this buyer's; 404 when there is none, 403 when it is somebody else's."""
    row = kit.store.find("jobs", job_id)
    read_or(no_job, Job, "jobs", row)
    if row is None or row["buyerId"] != buyer.sub:
        raise forbidden("Only the buyer whose job it is may do this.")
    return row


def key_of(row: Row) -> dict[str, str]:
    """The key of a job's row."""
    return {"id": str(row["id"]), "createdAt": str(row["createdAt"])}


def no_job() -> Refusal:
    """404."""
    return not_found("There is no such job.")


def closed(status: object) -> Refusal:
    """409: the job is past what was asked."""
    return conflict(f"This job is {str(status).replace('_', ' ')}.")


def _must_be(row: Row, *statuses: JobStatus) -> None:
    if row["status"] not in statuses:
        raise closed(row["status"])


def _move(row: Row, status: JobStatus, moment: str, **seen: object) -> Change:
    sets = {"status": status.value, "updatedAt": moment}
    equal = {"status": row["status"], **seen}
    return Change(noun="jobs", key=key_of(row), sets=sets, adds={"version": 1}, equal=equal)


def _merge(row: Row, given: Row, moment: str) -> Row:
    """The row as it will be. `Refusal` 400 when the fields no longer go together."""
    merged = {name: value for name, value in {**row, **given, "updatedAt": moment}.items() if value is not None}
    dates = {name: merged.get(name) for name in ("startDate", "completionDate")}
    try:
        NewJob.model_validate({**_ANY, **dates})
    except ValidationError as error:
        raise from_validation([{**found, "loc": ("body", "completionDate")} for found in error.errors()]) from None
    return merged


# A job with nothing against it, to try dates with.
_ANY = {"title": "." * 5, "description": "." * 20, "category": ".", "budget": 1, "location": "."}
