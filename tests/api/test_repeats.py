"""Every POST, repeated with its key: one effect, however many at once; and never another request's."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest

from khaya_api.access import OPERATIONS
from khaya_api.settings import TABLES
from tests.api.conftest import Stage, one_at_a_time
from tests.api.events import (
    ADMIN,
    BID,
    BUYER,
    LISTING,
    NO_GROUP,
    OTHER_WORKER,
    PROFILE,
    SELLER,
    STORY,
    WORKER,
    Answer,
    Client,
    job,
)
from tests.api.scenes import bid, completed_job, job_in_progress, open_job

AT_ONCE = 8
# An address to upload to is nothing yet, and asking for two does no harm.
MAKES_NOTHING = {"POST /uploads"}
KEY = {"Idempotency-Key": "one"}
Person = dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Something to POST, who by, and another one of theirs that is as valid."""

    who: Person
    path: str
    body: dict[str, Any] | None = None
    other_path: str | None = None
    other_body: dict[str, Any] | None = None


def _of_job(client: Client) -> Request:
    return Request(who=BUYER, path="/jobs", body=job(), other_body=job(budget=1))


def _of_completion(client: Client) -> Request:
    code = client.act("/referrals", claims=NO_GROUP).json["referralCode"]
    client.act(f"/referrals/{code}/apply", claims=WORKER)
    made, other = job_in_progress(client), job_in_progress(client)
    return Request(who=BUYER, path=f"/jobs/{made}/complete", other_path=f"/jobs/{other}/complete")


def _of_cancellation(client: Client) -> Request:
    made, other = open_job(client), open_job(client)
    bid(client, made)
    return Request(who=BUYER, path=f"/jobs/{made}/cancel", other_path=f"/jobs/{other}/cancel")


def _of_bid(client: Client) -> Request:
    path = f"/jobs/{open_job(client)}/bids"
    return Request(who=WORKER, path=path, body=BID, other_body={**BID, "amount": 1})


def _of_acceptance(client: Client) -> Request:
    job_id = open_job(client)
    made, other = (bid(client, job_id, who).json["id"] for who in (WORKER, OTHER_WORKER))
    return Request(who=BUYER, path=f"/bids/{made}/accept", other_path=f"/bids/{other}/accept")


def _of_withdrawal(client: Client) -> Request:
    made, other = (bid(client, open_job(client)).json["id"] for _ in range(2))
    return Request(who=WORKER, path=f"/bids/{made}/withdraw", other_path=f"/bids/{other}/withdraw")


def _of_verification(client: Client) -> Request:
    for who in (WORKER, SELLER):
        client.change("PUT", f"/profiles/{who['sub']}", PROFILE, claims=who)
    made, other = (f"/profiles/{who['sub']}/verify" for who in (WORKER, SELLER))
    return Request(who=ADMIN, path=made, other_path=other)


def _of_listing(client: Client) -> Request:
    return Request(who=SELLER, path="/listings", body=LISTING, other_body={**LISTING, "price": 1})


def _of_review(client: Client) -> Request:
    body = {"jobId": completed_job(client), "rating": 4}
    return Request(who=BUYER, path="/reviews", body=body, other_body={**body, "rating": 5})


def _of_code(client: Client) -> Request:
    return Request(who=WORKER, path="/referrals", other_path="/stories", other_body=STORY)


def _of_application(client: Client) -> Request:
    codes = (client.act("/referrals", claims=who).json["referralCode"] for who in (BUYER, SELLER))
    made, other = (f"/referrals/{code}/apply" for code in codes)
    return Request(who=WORKER, path=made, other_path=other)


def _of_story(client: Client) -> Request:
    return Request(who=WORKER, path="/stories", body=STORY, other_body={**STORY, "type": "tip"})


def _of_like(client: Client) -> Request:
    made, other = (client.post("/stories", STORY, claims=WORKER).json["id"] for _ in range(2))
    for story in (made, other):
        client.act(f"/stories/{story}/approve", claims=ADMIN)
    return Request(who=BUYER, path=f"/stories/{made}/like", other_path=f"/stories/{other}/like")


def _of_approval(client: Client) -> Request:
    made = client.post("/stories", STORY, claims=WORKER).json["id"]
    return Request(who=ADMIN, path=f"/stories/{made}/approve", other_path=f"/stories/{made}/reject")


def _of_rejection(client: Client) -> Request:
    made = client.post("/stories", STORY, claims=WORKER).json["id"]
    return Request(who=ADMIN, path=f"/stories/{made}/reject", other_path=f"/stories/{made}/approve")


SCENES: dict[str, Callable[[Client], Request]] = {
    "POST /jobs": _of_job,
    "POST /jobs/<job_id>/complete": _of_completion,
    "POST /jobs/<job_id>/cancel": _of_cancellation,
    "POST /jobs/<job_id>/bids": _of_bid,
    "POST /bids/<bid_id>/accept": _of_acceptance,
    "POST /bids/<bid_id>/withdraw": _of_withdrawal,
    "POST /profiles/<user_id>/verify": _of_verification,
    "POST /listings": _of_listing,
    "POST /reviews": _of_review,
    "POST /referrals": _of_code,
    "POST /referrals/<code>/apply": _of_application,
    "POST /stories": _of_story,
    "POST /stories/<story_id>/like": _of_like,
    "POST /stories/<story_id>/approve": _of_approval,
    "POST /stories/<story_id>/reject": _of_rejection,
}


def test_every_post_is_here() -> None:
    """A new one cannot be forgotten."""
    posts = {f"{each.method} {each.path}" for each in OPERATIONS if each.method == "POST"}

    assert posts == {*SCENES, *MAKES_NOTHING}


@pytest.mark.parametrize("operation", SCENES)
def test_repeats_at_once_have_the_effect_of_one(stage: Stage, operation: str) -> None:
    """The tables hold what one request leaves in them, the count of writes as well; and all answers are the first's."""
    stage.connected_by(one_at_a_time(stage.kit.connect))
    client = stage.client
    request = SCENES[operation](client)
    once = _send(client, request)
    left = _shape(stage)

    def again(_number: int) -> Answer:
        return _send(client, request)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = list(pool.map(again, range(AT_ONCE)))

    assert [(once.status, once.json)] * AT_ONCE == [(answer.status, answer.json) for answer in answers]
    replayed = {answer.headers.get("Idempotency-Replayed") for answer in answers}
    assert replayed == ({"true"} if once.status == 201 else {None})
    assert left == _shape(stage)


@pytest.mark.parametrize("operation", SCENES)
def test_first_requests_at_once_have_the_effect_of_one(stage: Stage, operation: str) -> None:
    """Nobody was first when they set out: one is, and the others are its repeats."""
    stage.connected_by(one_at_a_time(stage.kit.connect))
    client = stage.client
    request = SCENES[operation](client)
    before = _shape(stage)

    def go(_number: int) -> Answer:
        return _send(client, request)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = list(pool.map(go, range(AT_ONCE)))

    assert 1 == len({(answer.status, answer.text) for answer in answers})
    assert answers[0].status < 300
    written = _shape(stage)["referrals"][1]["count"] - before["referrals"][1].get("count", 0)
    assert 1 == written


@pytest.mark.parametrize("operation", SCENES)
def test_the_same_key_with_another_request_is_refused(stage: Stage, operation: str) -> None:
    """422, and nothing comes of it."""
    client = stage.client
    request = SCENES[operation](client)
    _send(client, request)
    left = _shape(stage)
    path, body = request.other_path or request.path, request.other_body

    answer = _post(client, path, body, request.who)

    assert (422, ["Idempotency-Key"]) == (answer.status, answer.fields)
    assert left == _shape(stage)


def _send(client: Client, request: Request) -> Answer:
    return _post(client, request.path, request.body, request.who)


def _post(client: Client, path: str, body: dict[str, Any] | None, who: Person) -> Answer:
    if body is None:
        return client.act(path, claims=who, headers=KEY)
    return client.post(path, body, claims=who, headers=KEY)


def _shape(stage: Stage) -> dict[str, tuple[int, dict[str, Decimal]]]:
    """How many rows each table has, and what each number in them adds up to."""
    shape: dict[str, tuple[int, dict[str, Decimal]]] = {}
    for noun in TABLES:
        rows, sums = stage.rows(noun), defaultdict[str, Decimal](Decimal)
        for row in rows:
            for name, value in row.items():
                sums[name] += value if isinstance(value, Decimal) else 0
        shape[noun] = (len(rows), dict(sums))
    return shape
