"""Bids: what workers offer for a job; one of them is accepted, and the others with the same stroke rejected."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from http import HTTPStatus
from typing import Annotated
from uuid import NAMESPACE_URL, uuid5

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from pydantic import AfterValidator, BaseModel, Field, StringConstraints

from khaya_api import settling
from khaya_api.access import Caller, Role
from khaya_api.auth import caller
from khaya_api.errors import Refusal, conflict, forbidden, not_found
from khaya_api.jobs import Job, JobStatus, closed, no_job
from khaya_api.kit import Kit
from khaya_api.lists import PAGE, Cursor, Limit, page_of, read, read_or
from khaya_api.models import ANSWER, GIVEN, Cents, Days, Page, described, lines
from khaya_api.outgoing import created
from khaya_api.rows import Change, Row, Slice, changed, timestamp
from khaya_api.writing import IdempotencyKey, Plan, Wish, perform

Proposal = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=50, max_length=2000),
    AfterValidator(lines),
    described(50, 2000, control=r"\n\r\t"),
]


class BidStatus(StrEnum):
    """pending → accepted, rejected or withdrawn, each of them for good."""

    PENDING = "pending"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


class NewBid(BaseModel):
    """What a worker offers; which job and who offers is not theirs to say here."""

    model_config = GIVEN

    amount: Cents
    timeline: Days
    proposal: Proposal


class Bid(BaseModel):
    """A bid as the job's buyer and workers may see it; `workerId` is an opaque identifier."""

    model_config = ANSWER

    id: str
    jobId: str  # noqa: N815 - the wire's spelling
    workerId: str  # noqa: N815 - the wire's spelling
    amount: int = Field(description="South African cents")
    timeline: int = Field(description="Days")
    proposal: str
    status: BidStatus
    createdAt: str  # noqa: N815 - the wire's spelling
    updatedAt: str  # noqa: N815 - the wire's spelling


def serve(app: APIGatewayRestResolver, kit: Kit) -> None:
    """Register the routes of bids."""

    @app.get("/jobs/<job_id>/bids", tags=["bids"], summary="A job's bids, cheapest first")
    def browse(job_id: str, limit: Limit = PAGE, cursor: Cursor = None) -> Page[Bid]:
        return browse_bids(kit, caller(app), job_id, limit, cursor)

    @app.post("/jobs/<job_id>/bids", tags=["bids"], summary="Bid for a job", status_code=HTTPStatus.CREATED)
    def post(job_id: str, new: NewBid, idempotency_key: IdempotencyKey = None) -> Response[Bid]:
        bid, replayed = place_bid(kit, caller(app), job_id, new, idempotency_key)
        return created(bid, replayed=replayed)

    @app.get("/me/bids", tags=["bids"], summary="The caller's own bids, newest first")
    def own(limit: Limit = PAGE, cursor: Cursor = None) -> Page[Bid]:
        mine = Slice(noun="bids", index="WorkerIndex", of=caller(app).sub)
        return page_of(kit, Bid, mine, limit, cursor)

    @app.post("/bids/<bid_id>/accept", tags=["bids"], summary="Accept a bid, and reject the others")
    def accept(bid_id: str, idempotency_key: IdempotencyKey = None) -> Bid:
        return accept_bid(kit, caller(app), bid_id, idempotency_key)

    @app.post("/bids/<bid_id>/withdraw", tags=["bids"], summary="Take a bid back")
    def withdraw(bid_id: str, idempotency_key: IdempotencyKey = None) -> Bid:
        return withdraw_bid(kit, caller(app), bid_id, idempotency_key)


def browse_bids(kit: Kit, reader: Caller, job_id: str, limit: int, cursor: str | None) -> Page[Bid]:
    """One page, for the job's own buyer, any worker and admins; 403 for other buyers."""
    job = read_or(no_job, Job, "jobs", kit.store.find("jobs", job_id))
    if job.buyerId != reader.sub and not reader.roles & {Role.WORKER, Role.ADMIN}:
        raise forbidden("Only the job's buyer and workers may see its bids.")
    part = Slice(noun="bids", index="JobIndex", of=job_id, descending=False)
    page = page_of(kit, Bid, part, limit, cursor)
    if job.status is JobStatus.OPEN:
        return page
    return Page(items=[_decided(bid) for bid in page.items], nextCursor=page.nextCursor)


def place_bid(kit: Kit, worker: Caller, job_id: str, new: NewBid, key: str | None) -> tuple[Bid, bool]:
    """Bid once for an open job of somebody else's. 404, 403 for one's own, 409 when it is not open or bid for."""
    asked = new.model_dump()
    moment = timestamp(kit.clock())
    bid = {**asked, "id": bid_id_of(job_id, worker.sub), "jobId": job_id, "workerId": worker.sub}
    bid |= {"status": "pending", "createdAt": moment, "updatedAt": moment}

    def look() -> Plan:
        row = kit.store.find("jobs", job_id)
        job = read_or(no_job, Job, "jobs", row)
        if job.buyerId == worker.sub:
            raise forbidden("Nobody bids for a job of their own.")
        if job.status is not JobStatus.OPEN:
            raise closed(job.status)
        return _placing({**bid, "buyerId": job.buyerId, "jobCreatedAt": job.createdAt})

    done = perform(kit, Wish(sub=worker.sub, operation=f"POST /jobs/{job_id}/bids", body=asked, key=key), look)
    if done.replayed:
        return show_bid(kit, done.made), True
    kit.count({"BidsPlaced": 1})
    return Bid.model_validate(bid), False


def accept_bid(kit: Kit, buyer: Caller, bid_id: str, key: str | None) -> Bid:
    """Accept one bid, reject the others, move the job to in progress: all or nothing, and once. 409 after that."""
    left: list[Change] = []
    after: Row = {}

    def look() -> Plan:
        row = _row(kit, bid_id)
        if row["buyerId"] != buyer.sub:
            raise forbidden("Only the buyer whose job it is may accept a bid.")
        if row["status"] != BidStatus.PENDING:
            raise _past(row)
        bids = settling.bids_of(kit.store, row["jobId"])
        plan, left[:] = _accepting(row, bids, timestamp(kit.clock()))
        after.update(changed(row, plan.changes[1]))
        return plan

    done = perform(kit, Wish(sub=buyer.sub, operation=f"POST /bids/{bid_id}/accept", key=key), look)
    if done.replayed:
        return show_bid(kit, bid_id)
    settling.finish(kit, left)
    kit.count({"BidsAccepted": 1})
    return read(Bid, "bids", after)


def withdraw_bid(kit: Kit, worker: Caller, bid_id: str, key: str | None) -> Bid:
    """Take back a bid that still waits; the worker cannot bid for this job again."""
    after: Row = {}

    def look() -> Plan:
        row = _row(kit, bid_id)
        if row["workerId"] != worker.sub:
            raise forbidden("Only the worker whose bid it is may withdraw it.")
        if row["status"] != BidStatus.PENDING:
            raise _past(row)
        sets = {"status": "withdrawn", "updatedAt": timestamp(kit.clock())}
        change = Change(noun="bids", key=_key(row), sets=sets, equal={"status": "pending"})
        after.update(changed(row, change))
        return Plan(made=bid_id, changes=[change])

    done = perform(kit, Wish(sub=worker.sub, operation=f"POST /bids/{bid_id}/withdraw", key=key), look)
    return show_bid(kit, bid_id) if done.replayed else read(Bid, "bids", after)


def show_bid(kit: Kit, bid_id: str) -> Bid:
    """The bid; 404 when there is none."""
    return read(Bid, "bids", _row(kit, bid_id))


def bid_id_of(job_id: str, worker: str) -> str:
    """The id of the one bid that a worker can have on a job: a second one would be the same row."""
    return str(uuid5(NAMESPACE_URL, f"bid:{job_id}:{worker}"))


def _placing(bid: Row) -> Plan:
    job = Change(
        noun="jobs",
        key={"id": bid["jobId"], "createdAt": bid["jobCreatedAt"]},
        adds={"bidCount": 1},
        equal={"status": "open"},
    )
    made = Change(noun="bids", key=_key(bid), put=bid, new=True)

    def refuse(unmet: Mapping[int, Row]) -> Refusal | None:
        # With only the job moved, another look says where to.
        return conflict("You have bid for this job before.") if 0 in unmet else None

    return Plan(made=bid["id"], changes=[made, job], refuse=refuse)


def _accepting(bid: Row, bids: list[Row], moment: str) -> tuple[Plan, list[Change]]:
    job = Change(
        noun="jobs",
        key={"id": bid["jobId"], "createdAt": bid["jobCreatedAt"]},
        sets={"status": "in_progress", "selectedBidId": bid["id"], "workerId": bid["workerId"], "updatedAt": moment},
        adds={"version": 1},
        equal={"status": "open", **settling.all_seen({}, bids)},
    )
    chosen = Change(
        noun="bids", key=_key(bid), sets={"status": "accepted", "updatedAt": moment}, equal={"status": "pending"}
    )
    others = [settling.rejection(other, moment) for other in bids if _waits(other, bid)]
    at_once, left = others[: settling.AT_ONCE], others[settling.AT_ONCE :]

    def refuse(unmet: Mapping[int, Row]) -> Refusal | None:
        was = unmet.get(0)
        return closed(was["status"]) if was and was["status"] != "open" else None

    return Plan(made=bid["id"], changes=[job, chosen, *at_once], refuse=refuse), left


def _waits(other: Row, bid: Row) -> bool:
    return bool(other["id"] != bid["id"] and other["status"] == "pending")


def _decided(bid: Bid) -> Bid:
    """A bid that its job's end has passed over, in the moment before its own row says so."""
    waits = bid.status is BidStatus.PENDING
    return bid.model_copy(update={"status": BidStatus.REJECTED}) if waits else bid


def _row(kit: Kit, bid_id: str) -> Row:
    row = kit.store.find("bids", bid_id)
    read_or(lambda: not_found("There is no such bid."), Bid, "bids", row)
    return row or {}


def _past(row: Row) -> Refusal:
    return conflict(f"This bid is {row['status']}.")


def _key(bid: Row) -> dict[str, str]:
    return {"id": bid["id"], "jobId": bid["jobId"]}
