"""The API against a model of it in plain Python: whatever people do in whatever order, both say the same."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.api.conftest import Stage, tidy
from tests.api.events import BID, claims, job

BUYERS = [claims(f"buyer-{number}", "buyer") for number in range(2)]
WORKERS = [claims(f"worker-{number}", "worker") for number in range(3)]
SEQUENCES, STEPS = 200, 10
MORE_SEQUENCES = 500

somebody = st.sampled_from([*BUYERS, *WORKERS])
buyers, workers = st.sampled_from(BUYERS), st.sampled_from(WORKERS)
picks = st.integers(0, 7)
amounts = st.integers(1, 5)


def machine_on(stage: Stage) -> type[RuleBasedStateMachine]:  # noqa: C901 - one class of many rules
    """The machine, playing on a stage whose tables each sequence empties."""
    client = stage.client

    class Marketplace(RuleBasedStateMachine):
        """Jobs, bids, reviews and credits: a few dictionaries, and the rules as a person would say them."""

        def __init__(self) -> None:
            super().__init__()
            tidy(stage.kit.connect)
            self.jobs: dict[str, dict[str, Any]] = {}
            self.bids: dict[str, dict[str, Any]] = {}
            self.reviews: dict[tuple[str, str], int] = {}
            self.done: Counter[str] = Counter()
            self.credits: Counter[str] = Counter()
            self.referred: dict[str, str] = {}
            self.code = ""

        @initialize()
        def there_is_a_code(self) -> None:
            self.code = client.act("/referrals", claims=BUYERS[0]).json["referralCode"]

        @rule(buyer=buyers)
        def post(self, buyer: dict[str, Any]) -> None:
            made = client.post("/jobs", job(), claims=buyer)
            assert made.status == 201
            self.jobs[made.json["id"]] = {"status": "open", "buyer": buyer["sub"], "worker": None}

        @precondition(lambda self: self.jobs)
        @rule(at=picks, who=somebody, amount=amounts)
        def bid(self, at: int, who: dict[str, Any], amount: int) -> None:
            job_id = _pick(self.jobs, at)
            twice = any(bid["job"] == job_id and bid["worker"] == who["sub"] for bid in self.bids.values())
            status = 403 if who in BUYERS else 201
            status = 409 if status == 201 and (twice or self.jobs[job_id]["status"] != "open") else status
            answer = client.post(f"/jobs/{job_id}/bids", {**BID, "amount": amount}, claims=who)
            assert status == answer.status
            if status == 201:
                self.bids[answer.json["id"]] = {
                    "job": job_id,
                    "worker": who["sub"],
                    "status": "pending",
                    "amount": amount,
                }

        @precondition(lambda self: self.bids)
        @rule(at=picks, who=somebody)
        def accept(self, at: int, who: dict[str, Any]) -> None:
            bid_id = _pick(self.bids, at)
            bid = self.bids[bid_id]
            job = self.jobs[bid["job"]]
            allowed = who["sub"] == job["buyer"]
            possible = bid["status"] == "pending" and job["status"] == "open"
            answer = client.act(f"/bids/{bid_id}/accept", claims=who)
            assert (200 if allowed and possible else 409 if allowed else 403) == answer.status
            if allowed and possible:
                self._reject(bid["job"])
                bid["status"] = "accepted"
                job.update(status="in_progress", worker=bid["worker"])

        @precondition(lambda self: self.bids)
        @rule(at=picks, who=workers)
        def withdraw(self, at: int, who: dict[str, Any]) -> None:
            bid_id = _pick(self.bids, at)
            bid = self.bids[bid_id]
            answer = client.act(f"/bids/{bid_id}/withdraw", claims=who)
            own = bid["worker"] == who["sub"]
            assert (403 if not own else 200 if bid["status"] == "pending" else 409) == answer.status
            if own and bid["status"] == "pending":
                bid["status"] = "withdrawn"

        @precondition(lambda self: self.jobs)
        @rule(at=picks, who=buyers)
        def complete(self, at: int, who: dict[str, Any]) -> None:
            job_id = _pick(self.jobs, at)
            job = self.jobs[job_id]
            possible = job["status"] == "in_progress"
            answer = client.act(f"/jobs/{job_id}/complete", claims=who)
            own = job["buyer"] == who["sub"]
            assert (403 if not own else 200 if possible else 409) == answer.status
            if own and possible:
                job["status"] = "completed"
                self.done[job["worker"]] += 1
                self._pay(job["buyer"], job["worker"])

        @precondition(lambda self: self.jobs)
        @rule(at=picks, who=buyers)
        def cancel(self, at: int, who: dict[str, Any]) -> None:
            job_id = _pick(self.jobs, at)
            job = self.jobs[job_id]
            possible = job["status"] in {"open", "in_progress"}
            answer = client.act(f"/jobs/{job_id}/cancel", claims=who)
            own = job["buyer"] == who["sub"]
            assert (403 if not own else 200 if possible else 409) == answer.status
            if own and possible:
                job["status"] = "cancelled"
                self._reject(job_id)

        @precondition(lambda self: self.jobs)
        @rule(at=picks, who=somebody, rating=st.integers(1, 5))
        def review(self, at: int, who: dict[str, Any], rating: int) -> None:
            job_id = _pick(self.jobs, at)
            job = self.jobs[job_id]
            party = who["sub"] in {job["buyer"], job["worker"]} and job["worker"] is not None
            possible = job["status"] == "completed" and (job_id, who["sub"]) not in self.reviews
            answer = client.post("/reviews", {"jobId": job_id, "rating": rating}, claims=who)
            assert (403 if not party else 201 if possible else 409) == answer.status
            if party and possible:
                self.reviews[job_id, str(who["sub"])] = rating

        @rule(who=somebody)
        def refer(self, who: dict[str, Any]) -> None:
            possible = who is not BUYERS[0] and who["sub"] not in self.referred
            answer = client.act(f"/referrals/{self.code}/apply", claims=who)
            assert (201 if possible else 409) == answer.status
            if possible:
                self.referred[str(who["sub"])] = "pending"

        def teardown(self) -> None:
            """What there is in the end, in the tables themselves: jobs, bids, credits, counts and ratings."""
            jobs = {row["id"]: row for row in stage.rows("jobs")}
            counted = Counter(bid["job"] for bid in self.bids.values())
            assert {job_id: (job["status"], job["worker"], counted[job_id]) for job_id, job in self.jobs.items()} == {
                job_id: (row["status"], row.get("workerId"), row["bidCount"]) for job_id, row in jobs.items()
            }
            assert {bid_id: bid["status"] for bid_id, bid in self.bids.items()} == {
                row["id"]: row["status"] for row in stage.rows("bids")
            }
            self._people_have_what_the_model_says()

        def _people_have_what_the_model_says(self) -> None:
            entries, balances = Counter[str](), Counter[str]()
            for row in stage.rows("credits"):
                if row["id"].startswith("balance#"):
                    balances[row["id"].removeprefix("balance#")] += int(row["balance"])
                else:
                    entries[row["userId"]] += int(row["amount"])
            assert self.credits == entries == balances
            profiles = {row["userId"]: row for row in stage.rows("profiles")}
            for sub in map(str, (who["sub"] for who in (*BUYERS, *WORKERS))):
                given = [
                    stars for (job_id, author), stars in self.reviews.items() if self._other(job_id, author) == sub
                ]
                row = profiles.get(sub, {"completedJobs": 0, "ratingCount": 0, "trustScore": 0})
                mean = sum(given) / len(given) if given else 0
                score = int(min(self.done[sub] * 0.6, 30) + mean * 5 + 0.5)
                seen = row["completedJobs"], row["ratingCount"], row["trustScore"]
                assert (self.done[sub], len(given), score) == seen

        def _reject(self, job_id: str) -> None:
            for bid in self.bids.values():
                if bid["job"] == job_id and bid["status"] == "pending":
                    bid["status"] = "rejected"

        def _pay(self, *parties: str) -> None:
            for party in parties:
                if self.referred.get(party) == "pending":
                    self.referred[party] = "rewarded"
                    self.credits[party] += 5000
                    self.credits[str(BUYERS[0]["sub"])] += 5000

        def _other(self, job_id: str, author: str) -> str:
            job = self.jobs[job_id]
            return str(job["worker"] if author == job["buyer"] else job["buyer"])

    return Marketplace


@pytest.mark.parametrize(
    "sequences", (SEQUENCES, pytest.param(MORE_SEQUENCES, marks=pytest.mark.long)), ids=("some", "many")
)
def test_the_api_is_its_model(stage: Stage, sequences: int) -> None:
    """No sequence of requests makes the two differ."""
    machine = machine_on(stage)
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=sequences,
            stateful_step_count=STEPS,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def _pick(things: dict[str, Any], at: int) -> str:
    return list(things)[at % len(things)]
