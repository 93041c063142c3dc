"""Bids: one for each worker and job, and one that is accepted while all others are not."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.api.conftest import Stage
from tests.api.events import ADMIN, BID, BUYER, OTHER_BUYER, OTHER_WORKER, SELLER, WORKER, Client, claims
from tests.api.scenes import accept, bid, completed_job, job_in_progress, open_job, worker


def test_a_bid_is_what_was_offered(client: Client) -> None:
    """Id, job, worker, state and times are ours; the rest is the worker's."""
    job_id = open_job(client)

    placed = bid(client, job_id)

    assert 201 == placed.status
    moment = "2026-11-22T12:00:00.123Z"
    assert {
        **BID,
        "id": placed.json["id"],
        "jobId": job_id,
        "workerId": WORKER["sub"],
        "status": "pending",
        "createdAt": moment,
        "updatedAt": moment,
    } == placed.json
    assert [placed.json] == client.get(f"/jobs/{job_id}/bids", claims=BUYER).json["items"]
    assert [placed.json] == client.get("/me/bids", claims=WORKER).json["items"]
    assert 1 == client.get(f"/jobs/{job_id}").json["bidCount"]


def test_a_worker_bids_once_for_a_job(client: Client) -> None:
    """409 for the second one, whatever it offers; another worker's is a bid of its own."""
    job_id = open_job(client)

    assert [201, 409, 201] == [
        bid(client, job_id).status,
        bid(client, job_id, amount=1).status,
        bid(client, job_id, OTHER_WORKER).status,
    ]
    assert 2 == client.get(f"/jobs/{job_id}").json["bidCount"]


def test_nobody_bids_for_a_job_of_their_own(client: Client) -> None:
    """Somebody who is buyer and worker could otherwise praise themselves."""
    both = claims("both", "buyer", "worker")
    job_id = open_job(client, both)

    assert 403 == bid(client, job_id, both).status
    assert 201 == bid(client, job_id, WORKER).status


def test_only_open_jobs_are_bid_for(stage: Stage) -> None:
    """404 where there is none, 409 where it is past."""
    client = stage.client
    cancelled = open_job(client)
    client.act(f"/jobs/{cancelled}/cancel", claims=BUYER)

    assert 404 == bid(client, "nope").status
    for job_id in (cancelled, job_in_progress(client), completed_job(client)):
        assert 409 == bid(client, job_id, OTHER_WORKER).status


@pytest.mark.parametrize(
    ("name", "value", "fits"),
    (
        ("amount", 0, False),
        ("amount", 1, True),
        ("amount", "100", False),
        ("amount", 1.0, False),
        ("amount", 10_000_000_000, True),
        ("amount", 10_000_000_001, False),
        ("timeline", 0, False),
        ("timeline", 1, True),
        ("timeline", 3650, True),
        ("timeline", 3651, False),
        ("timeline", True, False),
        ("proposal", "x" * 49, False),
        ("proposal", "x" * 50, True),
        ("proposal", "x" * 2000, True),
        ("proposal", "x" * 2001, False),
        ("proposal", " " * 60, False),
        ("status", "accepted", False),
        ("workerId", "somebody", False),
        ("id", "x", False),
    ),
)
def test_a_bid_on_both_sides_of_the_line(client: Client, name: str, value: Any, fits: bool) -> None:  # noqa: ANN401, FBT001
    """C20, E26: what does not fit is a 400 that names the field."""
    answer = bid(client, open_job(client), **{name: value})

    assert (201 if fits else 400) == answer.status
    assert fits or [name] == answer.fields


def test_bids_are_cheapest_first_page_by_page(client: Client) -> None:
    """By amount as a number, and each of them once."""
    job_id = open_job(client)
    for number, amount in enumerate([900, 1000, 90, 1, 500]):
        bid(client, job_id, worker(number), amount=amount)

    seen: list[int] = []
    query = {"limit": "2"}
    while True:
        page = client.get(f"/jobs/{job_id}/bids", claims=BUYER, query=query).json
        seen += [item["amount"] for item in page["items"]]
        if not page["nextCursor"]:
            break
        query["cursor"] = page["nextCursor"]

    assert [1, 90, 500, 900, 1000] == seen


@pytest.mark.parametrize(
    ("reader", "status"),
    ((BUYER, 200), (WORKER, 200), (OTHER_WORKER, 200), (ADMIN, 200), (OTHER_BUYER, 403), (SELLER, 403), (None, 401)),
)
def test_who_may_read_a_job_s_bids(client: Client, reader: dict[str, object] | None, status: int) -> None:
    """E27: its buyer and any worker; other buyers and visitors not."""
    job_id = open_job(client)
    bid(client, job_id)

    assert status == client.get(f"/jobs/{job_id}/bids", claims=reader).status


def test_bids_of_no_job_are_a_404(client: Client) -> None:
    """Not an empty list."""
    assert 404 == client.get("/jobs/nope/bids", claims=BUYER).status


def test_accepting_one_rejects_the_rest_and_moves_the_job(client: Client) -> None:
    """C21: all in one; a second accept finds it done."""
    job_id = open_job(client)
    ids = [bid(client, job_id, worker(number)).json["id"] for number in range(3)]

    taken = accept(client, ids[1])

    assert (200, "accepted") == (taken.status, taken.json["status"])
    states = {item["id"]: item["status"] for item in client.get(f"/jobs/{job_id}/bids", claims=BUYER).json["items"]}
    assert {ids[0]: "rejected", ids[1]: "accepted", ids[2]: "rejected"} == states
    shown = client.get(f"/jobs/{job_id}").json
    assert ("in_progress", ids[1], worker(1)["sub"]) == (shown["status"], shown["selectedBidId"], shown["workerId"])
    assert [409, 409] == [accept(client, ids[1]).status, accept(client, ids[0]).status]
    assert "rejected" == client.get("/me/bids", claims=worker(0)).json["items"][0]["status"]


@pytest.mark.parametrize("others", (0, 96, 97, pytest.param(250, marks=pytest.mark.long)))
def test_more_bids_than_one_transaction_takes(stage: Stage, others: int) -> None:
    """However many lose, all of them are told so; the table itself says it, not only the answer."""
    job_id = open_job(stage.client)
    chosen = bid(stage.client, job_id).json["id"]
    like = next(row for row in stage.rows("bids") if row["id"] == chosen)
    for number in range(others):
        stage.put("bids", **{**like, "id": f"b{number}", "workerId": f"w{number}"})
    jobs = stage.rows("jobs")[0]
    stage.put("jobs", **{**jobs, "bidCount": others + 1})

    assert 200 == accept(stage.client, chosen).status

    states = [row["status"] for row in stage.rows("bids")]
    assert (1, others) == (states.count("accepted"), states.count("rejected"))


def test_a_bid_that_the_index_has_not_heard_of_is_waited_for(stage: Stage) -> None:
    """An index lags behind: with fewer bids in it than the job counts, nothing is decided yet."""
    job_id = open_job(stage.client)
    chosen = bid(stage.client, job_id).json["id"]
    row = stage.rows("jobs")[0]
    stage.put("jobs", **{**row, "bidCount": 2})

    assert 503 == accept(stage.client, chosen).status
    assert "pending" == stage.rows("bids")[0]["status"]

    late = next(iter(stage.rows("bids")))
    stage.put("bids", **{**late, "id": "late", "workerId": "late"})
    assert 200 == accept(stage.client, chosen).status
    assert {"accepted", "rejected"} == {bid["status"] for bid in stage.rows("bids")}


def test_only_the_job_s_buyer_accepts(client: Client) -> None:
    """C32: neither another buyer nor the worker."""
    made = bid(client, open_job(client)).json["id"]

    assert [403, 403, 401] == [
        accept(client, made, OTHER_BUYER).status,
        accept(client, made, WORKER).status,
        client.act(f"/bids/{made}/accept").status,
    ]
    assert 404 == accept(client, "nope").status


def test_a_withdrawn_bid_is_withdrawn_for_good(client: Client) -> None:
    """It cannot be accepted, withdrawn again, or replaced; and it stays withdrawn when another is accepted."""
    job_id = open_job(client)
    made = bid(client, job_id).json["id"]
    other = bid(client, job_id, OTHER_WORKER).json["id"]

    assert 403 == client.act(f"/bids/{made}/withdraw", claims=OTHER_WORKER).status
    assert (200, "withdrawn") == _told(client.act(f"/bids/{made}/withdraw", claims=WORKER))
    assert 409 == client.act(f"/bids/{made}/withdraw", claims=WORKER).status
    assert 409 == accept(client, made).status
    assert 409 == bid(client, job_id).status
    assert 200 == accept(client, other).status
    assert "withdrawn" == client.get("/me/bids", claims=WORKER).json["items"][0]["status"]
    assert 409 == client.act(f"/bids/{other}/withdraw", claims=OTHER_WORKER).status


def test_a_bid_in_the_moment_before_its_own_rejection_is_shown_as_rejected(stage: Stage) -> None:
    """Between the job's transaction and the last of many rejections nobody is told to wait."""
    job_id = job_in_progress(stage.client)
    like = stage.rows("bids")[0]
    stage.put("bids", **{**like, "id": "late", "workerId": "late", "status": "pending"})

    states = {row["id"]: row["status"] for row in _items(stage.client, job_id)}

    assert "rejected" == states["late"]


def test_what_a_failure_left_waiting_is_said_and_settled_later(stage: Stage) -> None:
    """The accept itself holds; the log says that some losers still wait."""
    job_id = open_job(stage.client)
    chosen = bid(stage.client, job_id).json["id"]
    like = stage.rows("bids")[0]
    for number in range(100):
        stage.put("bids", **{**like, "id": f"b{number}", "workerId": f"w{number}"})
    stage.put("jobs", **{**stage.rows("jobs")[0], "bidCount": 101})
    _second_transaction_fails(stage)

    assert 200 == accept(stage.client, chosen).status

    assert "bids left waiting" in stage.log.getvalue()
    assert 4 == [row["status"] for row in stage.rows("bids")].count("pending")


def test_a_repeated_bid_and_accept_with_keys_have_one_effect(client: Client) -> None:
    """The same answers again, although a second one without a key would be refused."""
    job_id = open_job(client)
    headers = {"Idempotency-Key": "bid-1"}
    first = client.post(f"/jobs/{job_id}/bids", BID, claims=WORKER, headers=headers)
    again = client.post(f"/jobs/{job_id}/bids", BID, claims=WORKER, headers=headers)
    taken = [accept(client, first.json["id"], headers={"Idempotency-Key": "accept-1"}) for _ in range(2)]

    assert (201, first.json, "true") == (again.status, again.json, again.headers["Idempotency-Replayed"])
    assert [200, 200] == [answer.status for answer in taken]
    late = client.post(f"/jobs/{job_id}/bids", BID, claims=WORKER, headers=headers)
    assert (201, "accepted") == _told(late)
    other = client.post(f"/jobs/{job_id}/bids", {**BID, "amount": 1}, claims=WORKER, headers=headers)
    assert 422 == other.status


def test_an_answer_about_a_bid_has_nothing_of_the_token(client: Client) -> None:
    """D11: workers know each other's offers, not how to reach each other."""
    me = claims("w-9", "worker", email="w9@example.org", phone_number="+27820009999")
    text = bid(client, open_job(client), me).text

    assert not [secret for secret in ("w9@example.org", "0009999", "buyerId", "jobCreatedAt") if secret in text]


def _items(client: Client, job_id: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = client.get(f"/jobs/{job_id}/bids", claims=BUYER).json["items"]
    return items


def _told(answer: Any) -> tuple[int, str]:  # noqa: ANN401 - an answer
    return answer.status, answer.json["status"]


def _second_transaction_fails(stage: Stage) -> None:
    connect = stage.kit.connect
    client, calls = connect("dynamodb"), iter(range(9))

    class Failing:
        def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the client has
            method = getattr(client, name)

            def once(**asked: object) -> Any:  # noqa: ANN401 - whatever it answers
                if next(calls):
                    raise ClientError({"Error": {"Code": "ThrottlingException", "Message": ""}}, name)
                return method(**asked)

            return once if name == "transact_write_items" else method

    failing = Failing()
    stage.connected_by(lambda service: failing if service == "dynamodb" else connect(service))
