"""Thirty-two at once: each call to a table is one step, as in DynamoDB, and between any two others come in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier

import pytest

from tests.api.conftest import Stage, one_at_a_time
from tests.api.events import BUYER, LISTING, SELLER, STORY, WORKER, Answer, Client, claims
from tests.api.scenes import accept, bid, completed_job, job_in_progress, open_job, worker

CLIENTS = 32
RUNS, IN_CI = 100, 5


@pytest.fixture
def racing(stage: Stage) -> Client:
    """The API, for threads."""
    stage.connected_by(one_at_a_time(stage.kit.connect))
    return stage.client


def test_one_worker_s_bids_are_one(racing: Client, stage: Stage) -> None:
    """One 201, the others 409, one row, and one counted."""
    job_id = open_job(racing)

    answers = _race(racing, [lambda: bid(racing, job_id)] * CLIENTS)

    assert {201: 1, 409: CLIENTS - 1} == _statuses(answers)
    assert 1 == len(stage.rows("bids")) == racing.get(f"/jobs/{job_id}").json["bidCount"]


def test_many_workers_bids_are_many(racing: Client, stage: Stage) -> None:
    """None of them is lost, and the job counts them all."""
    job_id = open_job(racing)

    answers = _race(racing, [partial(bid, racing, job_id, worker(number)) for number in range(CLIENTS)])

    assert {201: CLIENTS} == _statuses(answers)
    assert CLIENTS == len(stage.rows("bids")) == racing.get(f"/jobs/{job_id}").json["bidCount"]


@pytest.mark.parametrize("bids", (1, 4))
def test_one_accept_wins(racing: Client, stage: Stage, bids: int) -> None:
    """C21, C22: of the same bid or of several, one is accepted and all others are rejected."""
    job_id = open_job(racing)
    ids = [bid(racing, job_id, worker(number)).json["id"] for number in range(bids)]

    answers = _race(racing, [partial(accept, racing, ids[at % bids]) for at in range(CLIENTS)])

    assert {200: 1, 409: CLIENTS - 1} == _statuses(answers)
    states = Counter(row["status"] for row in stage.rows("bids"))
    assert (1, bids - 1) == (states["accepted"], states["rejected"])
    winner = next(answer.json["id"] for answer in answers if answer.status == 200)
    assert winner == racing.get(f"/jobs/{job_id}").json["selectedBidId"]


def test_bids_accept_withdraw_and_cancel_at_once_end_in_a_state_that_is_one(racing: Client, stage: Stage) -> None:
    """Whoever is first: nobody still waits for a job that is decided, and at most one has it."""
    job_id = open_job(racing)
    ids = [bid(racing, job_id, worker(number)).json["id"] for number in range(4)]
    moves: list[Callable[[], Answer]] = [
        *(partial(accept, racing, made) for made in ids),
        *(partial(racing.act, f"/bids/{ids[at]}/withdraw", claims=worker(at)) for at in range(2)),
        *(partial(bid, racing, job_id, worker(number)) for number in range(10, 18)),
    ]

    answers = _race(racing, moves)

    assert {200, 201, 409} >= set(_statuses(answers))
    job = racing.get(f"/jobs/{job_id}").json
    states = Counter(row["status"] for row in stage.rows("bids"))
    assert job["bidCount"] == len(stage.rows("bids"))
    assert "in_progress" == job["status"]
    assert (1, 0) == (states["accepted"], states["pending"])


def test_one_completion_pays_once(racing: Client, stage: Stage) -> None:
    """The job, the count and both sides' credits move together, once."""
    referrer = claims("referrer", name="Thandi")
    code = racing.act("/referrals", claims=referrer).json["referralCode"]
    racing.act(f"/referrals/{code}/apply", claims=WORKER)
    job_id = job_in_progress(racing)

    answers = _race(racing, [lambda: racing.act(f"/jobs/{job_id}/complete", claims=BUYER)] * CLIENTS)

    assert {200: 1, 409: CLIENTS - 1} == _statuses(answers)
    assert [5000, 5000] == [racing.get("/credits", claims=who).json["total"] for who in (referrer, WORKER)]
    assert 1 == racing.get(f"/profiles/{WORKER['sub']}").json["completedJobs"]


def test_one_code_is_taken(racing: Client, stage: Stage) -> None:
    """C23: of many applications of many codes by one person, one."""
    codes = [racing.act("/referrals", claims=claims(f"r{at}")).json["referralCode"] for at in range(4)]

    answers = _race(
        racing,
        [partial(racing.act, f"/referrals/{codes[at % 4]}/apply", claims=WORKER) for at in range(CLIENTS)],
    )

    assert {201: 1, 409: CLIENTS - 1} == _statuses(answers)


def test_one_code_is_drawn(racing: Client, stage: Stage) -> None:
    """However often somebody asks at once, they have one code."""
    answers = _race(racing, [lambda: racing.act("/referrals", claims=WORKER)] * CLIENTS)

    assert {201: CLIENTS} == _statuses(answers)
    assert 1 == len({answer.json["referralCode"] for answer in answers})
    assert 1 == len([row for row in stage.rows("referrals") if row["id"].startswith("code#")])


def test_reviews_of_one_person_all_count(racing: Client, stage: Stage) -> None:
    """Each changes the same profile; none of them is lost, and one's own second one is refused."""
    jobs = [completed_job(racing) for _ in range(8)]

    answers = _race(
        racing,
        [partial(racing.post, "/reviews", {"jobId": jobs[at % 8], "rating": 4}, claims=BUYER) for at in range(16)],
    )

    assert 8 == _statuses(answers)[201]
    assert 8 == racing.get(f"/profiles/{WORKER['sub']}").json["ratingCount"] == len(stage.rows("reviews"))


def test_likes_are_counted_one_by_one(racing: Client, stage: Stage) -> None:
    """C04: each reader once, however many at once."""
    made = racing.post("/stories", STORY, claims=WORKER).json["id"]
    racing.act(f"/stories/{made}/approve", claims=claims("a", "admin"))

    _race(
        racing,
        [partial(racing.act, f"/stories/{made}/like", claims=claims(f"u{at % 16}")) for at in range(CLIENTS)],
    )

    assert 16 == racing.get("/stories").json["items"][0]["likes"]


def test_no_seller_has_more_listings_than_may_be(racing: Client, stage: Stage) -> None:
    """Twenty, also when twenty-five are posted at the same time."""
    answers = _race(racing, [lambda: racing.post("/listings", LISTING, claims=SELLER)] * 25)

    assert {201: 20, 409: 5} == _statuses(answers)


def test_no_user_writes_more_than_may_be(stage: Stage) -> None:
    """The counter is one for all who serve the user."""
    stage.connected_by(one_at_a_time(stage.kit.connect), WRITES_PER_MINUTE="5")

    client = stage.client

    answers = _race(client, [lambda: client.post("/stories", STORY, claims=WORKER)] * 12)

    assert {201: 5, 429: 7} == _statuses(answers)


@pytest.mark.parametrize("run", [pytest.param(run, marks=[pytest.mark.long] * (run >= IN_CI)) for run in range(RUNS)])
def test_a_hundred_times_of_a_hundred(racing: Client, stage: Stage, run: int) -> None:
    """Bidding, accepting and taking a code, each by thirty-two at once: one effect each, every time."""
    assert run < RUNS
    job_id = open_job(racing)
    code = racing.act("/referrals", claims=SELLER).json["referralCode"]

    bids = _race(racing, [partial(bid, racing, job_id)] * CLIENTS)
    made = next(answer.json["id"] for answer in bids if answer.status == 201)
    accepts = _race(racing, [partial(accept, racing, made)] * CLIENTS)
    applies = _race(racing, [partial(racing.act, f"/referrals/{code}/apply", claims=WORKER)] * CLIENTS)

    assert {201: 1, 409: CLIENTS - 1} == _statuses(bids) == _statuses(applies)
    assert {200: 1, 409: CLIENTS - 1} == _statuses(accepts)
    assert ["accepted"] == [row["status"] for row in stage.rows("bids")]


def _race(client: Client, moves: Sequence[Callable[[], Answer]]) -> list[Answer]:
    """All moves at once, from the same line."""
    line = Barrier(len(moves))

    def run(move: Callable[[], Answer]) -> Answer:
        # A thread's first request makes its router, which is not what they race for.
        client.get("/health")
        line.wait()
        return move()

    with ThreadPoolExecutor(len(moves)) as pool:
        return [done.result() for done in [pool.submit(run, move) for move in moves]]


def _statuses(answers: Sequence[Answer]) -> Counter[int]:
    return Counter(answer.status for answer in answers)
