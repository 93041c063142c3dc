"""Short ways to where a test begins: an open job, bids on it, a job in progress, a completed one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.api.events import BID, BUYER, WORKER, Answer, Client, claims, job

Person = Mapping[str, object]


def worker(number: int) -> dict[str, object]:
    """One of as many workers as there need to be."""
    return claims(f"w{number:07}-0000-4000-8000-000000000000", "worker")


def open_job(client: Client, buyer: Person = BUYER, **changes: object) -> str:
    """A new job's id."""
    return str(client.post("/jobs", job(**changes), claims=buyer).json["id"])


def bid(client: Client, job_id: str, who: Person = WORKER, **changes: object) -> Answer:
    """Bid for a job."""
    return client.post(f"/jobs/{job_id}/bids", {**BID, **changes}, claims=who)


def accept(client: Client, bid_id: str, who: Person = BUYER, **rest: Any) -> Answer:  # noqa: ANN401 - as `event` takes it
    """Accept a bid."""
    return client.act(f"/bids/{bid_id}/accept", claims=who, **rest)


def job_in_progress(client: Client, buyer: Person = BUYER, who: Person = WORKER) -> str:
    """The id of a job whose only bid is accepted."""
    job_id = open_job(client, buyer)
    made = bid(client, job_id, who).json
    assert 200 == accept(client, made["id"], buyer).status
    return job_id


def completed_job(client: Client, buyer: Person = BUYER, who: Person = WORKER) -> str:
    """The id of a job that is done."""
    job_id = job_in_progress(client, buyer, who)
    assert 200 == client.act(f"/jobs/{job_id}/complete", claims=buyer).status
    return job_id
