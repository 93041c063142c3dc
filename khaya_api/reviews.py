"""Reviews: what the two parties of a completed job say of each other, once each."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from http import HTTPStatus
from typing import Annotated
from uuid import NAMESPACE_URL, uuid5

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from pydantic import AfterValidator, BaseModel, Field, StringConstraints

from khaya_api.access import Caller
from khaya_api.auth import caller
from khaya_api.errors import Refusal, conflict, forbidden
from khaya_api.jobs import Job, JobStatus, no_job
from khaya_api.kit import Kit
from khaya_api.lists import PAGE, Cursor, Limit, page_of, read, read_or
from khaya_api.models import ANSWER, GIVEN, Id, Page, described, lines
from khaya_api.outgoing import created
from khaya_api.profiles import recount
from khaya_api.rows import Change, Row, Slice, timestamp
from khaya_api.writing import IdempotencyKey, Plan, Wish, perform

Stars = Annotated[int, Field(strict=True, ge=1, le=5)]
Comment = Annotated[
    str,
    StringConstraints(strip_whitespace=True, max_length=2000),
    AfterValidator(lines),
    described(0, 2000, control=r"\n\r\t"),
]


class ReviewType(StrEnum):
    """As what the reviewed was part of the job."""

    WORKER = "worker"
    BUYER = "buyer"
    SELLER = "seller"


class NewReview(BaseModel):
    """What a party of a job says; of whom follows from who they are."""

    model_config = GIVEN

    jobId: Id  # noqa: N815 - the wire's spelling
    rating: Stars
    comment: Comment | None = None


class Review(BaseModel):
    """A review as anybody may see it; ids of people are opaque."""

    model_config = ANSWER

    id: str
    jobId: str | None = None  # noqa: N815 - the wire's spelling
    reviewedId: str  # noqa: N815 - the wire's spelling
    reviewerId: str  # noqa: N815 - the wire's spelling
    type: ReviewType
    rating: int = Field(description="1 to 5")
    comment: str | None = None
    createdAt: str  # noqa: N815 - the wire's spelling


def serve(app: APIGatewayRestResolver, kit: Kit) -> None:
    """Register the routes of reviews."""

    @app.post("/reviews", tags=["reviews"], summary="Review the other party", status_code=HTTPStatus.CREATED)
    def post(new: NewReview, idempotency_key: IdempotencyKey = None) -> Response[Review]:
        review, replayed = post_review(kit, caller(app), new, idempotency_key)
        return created(review, replayed=replayed)

    @app.get("/users/<user_id>/reviews", tags=["reviews"], summary="What others say of somebody, newest first")
    def browse(user_id: str, limit: Limit = PAGE, cursor: Cursor = None) -> Page[Review]:
        return page_of(kit, Review, Slice(noun="reviews", index="ReviewedIndex", of=user_id), limit, cursor)


def post_review(kit: Kit, reviewer: Caller, new: NewReview, key: str | None) -> tuple[Review, bool]:
    """Review the other party of a completed job, once: 404, 403 for strangers, 409 too early or a second time."""
    asked = new.model_dump(exclude_none=True)
    made: list[Row] = []

    def look() -> Plan:
        job = read_or(no_job, Job, "jobs", kit.store.find("jobs", new.jobId))
        reviewed, kind = _other_party(job, reviewer.sub)
        if job.status is not JobStatus.COMPLETED:
            raise conflict("A job is reviewed when it is completed.")
        profile = kit.store.get("profiles", {"userId": reviewed})
        moment = timestamp(kit.clock())
        row = {**asked, "id": review_id(job.id, reviewer.sub), "reviewedId": reviewed, "type": kind.value}
        made[:] = [{**row, "reviewerId": reviewer.sub, "createdAt": moment}]
        return _posting(made[0], recount(reviewed, profile, moment, stars=new.rating, ratings=1))

    done = perform(kit, Wish(sub=reviewer.sub, operation="POST /reviews", body=asked, key=key), look)
    if done.replayed:
        return read(Review, "reviews", kit.store.find("reviews", done.made) or {}), True
    kit.count({"ReviewsPosted": 1})
    return read(Review, "reviews", made[0]), False


def review_id(job_id: str, reviewer: str) -> str:
    """The id of the one review that somebody can write about a job."""
    return str(uuid5(NAMESPACE_URL, f"review:{job_id}:{reviewer}"))


def _posting(row: Row, counted: Change) -> Plan:
    key = {"id": row["id"], "reviewedId": row["reviewedId"]}

    def refuse(unmet: Mapping[int, Row]) -> Refusal | None:
        return conflict("You have reviewed this job before.") if 0 in unmet else None

    return Plan(made=row["id"], changes=[Change(noun="reviews", key=key, put=row, new=True), counted], refuse=refuse)


def _other_party(job: Job, reviewer: str) -> tuple[str, ReviewType]:
    if reviewer == job.buyerId and job.workerId:
        return job.workerId, ReviewType.WORKER
    if reviewer == job.workerId:
        return job.buyerId, ReviewType.BUYER
    raise forbidden("Only the two parties of a job may review it.")
