"""Reviews, credits and referrals: said once, paid once, and summed up rightly."""

from __future__ import annotations

import re

import pytest

from tests.api.conftest import Stage
from tests.api.events import ADMIN, BUYER, OTHER_BUYER, OTHER_WORKER, WORKER, Answer, Client, claims
from tests.api.scenes import completed_job, job_in_progress, open_job, worker


def test_both_parties_review_each_other_once(client: Client) -> None:
    """One for each side of a completed job; a second is a 409."""
    job_id = completed_job(client)

    of_worker, of_buyer = _review(client, job_id, BUYER, 5), _review(client, job_id, WORKER, 2)

    assert [(201, WORKER["sub"], "worker"), (201, BUYER["sub"], "buyer")] == [
        (answer.status, answer.json["reviewedId"], answer.json["type"]) for answer in (of_worker, of_buyer)
    ]
    assert [409, 409] == [_review(client, job_id, BUYER, 1).status, _review(client, job_id, WORKER, 1).status]
    assert [of_worker.json] == client.get(f"/users/{WORKER['sub']}/reviews").json["items"]
    assert [of_buyer.json] == client.get(f"/users/{BUYER['sub']}/reviews").json["items"]


def test_a_review_moves_the_score(client: Client) -> None:
    """One job (0.6) and five stars (25) are 26; four more stars in the mean make 24 of it."""
    first, second = completed_job(client), completed_job(client)
    _review(client, first, BUYER, 5)
    assert 26 == client.get(f"/profiles/{WORKER['sub']}").json["trustScore"]

    _review(client, second, BUYER, 4)

    profile = client.get(f"/profiles/{WORKER['sub']}").json
    assert (24, 2, 2) == (profile["trustScore"], profile["ratingCount"], profile["completedJobs"])


@pytest.mark.parametrize("who", (OTHER_BUYER, OTHER_WORKER))
def test_strangers_do_not_review(client: Client, who: dict[str, object]) -> None:
    """Nor does anybody a job that nobody did."""
    assert 403 == _review(client, completed_job(client), who, 1).status


def test_only_a_completed_job_is_reviewed(client: Client) -> None:
    """409 before; 404 for none."""
    assert 409 == _review(client, job_in_progress(client), BUYER, 5).status
    assert 403 == _review(client, open_job(client), BUYER, 5).status
    assert 404 == _review(client, "nope", BUYER, 5).status


@pytest.mark.parametrize(
    ("name", "value", "fits"),
    (
        ("rating", 0, False),
        ("rating", 1, True),
        ("rating", 5, True),
        ("rating", 6, False),
        ("rating", "5", False),
        ("rating", 4.5, False),
        ("comment", "x" * 2000, True),
        ("comment", "x" * 2001, False),
        ("jobId", "a#b", False),
        ("reviewedId", "x", False),
        ("reviewerId", "x", False),
        ("type", "seller", False),
    ),
)
def test_a_review_on_both_sides_of_the_line(client: Client, name: str, value: object, fits: bool) -> None:  # noqa: FBT001
    """What does not fit is a 400 that names the field; of whom it is, is not the author's to say."""
    answer = client.post("/reviews", {"jobId": completed_job(client), "rating": 3, name: value}, claims=BUYER)

    assert (201 if fits else 400) == answer.status
    assert fits or [name] == answer.fields


def test_a_review_repeated_with_its_key_is_one(client: Client) -> None:
    """The same answer, one more star and not two."""
    done = {"jobId": completed_job(client), "rating": 3}
    first, again = (client.post("/reviews", done, claims=BUYER, headers={"Idempotency-Key": "k"}) for _ in range(2))

    assert (201, first.json) == (again.status, again.json)
    assert 1 == client.get(f"/profiles/{WORKER['sub']}").json["ratingCount"]


# Credits and referrals.


def test_nothing_is_a_total_of_nothing(client: Client) -> None:
    """C01: 200 and 0, not a 500."""
    answer = client.get("/credits", claims=BUYER)

    assert (200, {"total": 0, "items": [], "nextCursor": None}) == (answer.status, answer.json)


def test_a_code_is_read_back_and_is_one_s_only_one(client: Client) -> None:
    """C02: three letters of the name and six characters; the same again when asked again."""
    first = client.act("/referrals", claims=claims("t", name="Thandi M"))
    again = client.act("/referrals", claims=claims("t", name="Thandi M"))

    code = first.json["referralCode"]
    assert re.fullmatch(r"THA[0-9A-Z]{6}", code)
    assert (201, 201, code) == (first.status, again.status, again.json["referralCode"])
    for spelt in (code, code.lower()):
        assert {"referralCode": code, "rewardAmount": 5000} == client.get(f"/referrals/{spelt}").json


@pytest.mark.parametrize("name", ("", "Jo", "李小龍", "12"))
def test_a_name_without_three_letters_gives_ref(client: Client, name: str) -> None:
    """A code is typed off a screen."""
    assert client.act("/referrals", claims=claims("t", name=name)).json["referralCode"].startswith("REF")


def test_a_code_the_index_has_not_heard_of_is_found(stage: Stage) -> None:
    """The row that keeps it unique knows it at once."""
    code = stage.client.act("/referrals", claims=WORKER).json["referralCode"]
    row = next(row for row in stage.rows("referrals") if row.get("referralCode") == code)
    stage.put("referrals", **{name: value for name, value in row.items() if name != "referralCode"}, hidden=code)

    answer = stage.client.act(f"/referrals/{code}/apply", claims=BUYER)

    assert 201 == answer.status


def test_an_unknown_code_is_a_404(client: Client) -> None:
    """To look up, and to take."""
    assert [404, 404] == [
        client.get("/referrals/NOPE1234").status,
        client.act("/referrals/NOPE1234/apply", claims=BUYER).status,
    ]


def test_a_code_is_taken_once_and_never_one_s_own(client: Client) -> None:
    """C23: whoever's it is, the second is a 409."""
    mine = client.act("/referrals", claims=WORKER).json["referralCode"]
    other = client.act("/referrals", claims=OTHER_WORKER).json["referralCode"]

    assert 409 == _apply(client, mine, WORKER).status
    assert (201, "pending") == _told(_apply(client, mine, BUYER))
    assert [409, 409] == [_apply(client, mine, BUYER).status, _apply(client, other, BUYER).status]
    taken = client.get("/referrals", claims=WORKER).json["items"]
    assert {None, BUYER["sub"]} == {item["referredId"] for item in taken}


@pytest.mark.parametrize("referee", (BUYER, WORKER))
def test_the_first_completed_job_pays_both_sides_once(client: Client, referee: dict[str, object]) -> None:
    """C23: R50 to each, whichever side of the job the referee was on; nothing before, nothing again after."""
    friend = claims("friend")
    code = client.act("/referrals", claims=friend).json["referralCode"]
    _apply(client, code, referee)
    assert [0, 0] == [_total(client, who) for who in (friend, referee)]

    for _ in range(2):
        completed_job(client)

        assert [5000, 5000] == [_total(client, who) for who in (friend, referee)]
    (entry,) = client.get("/credits", claims=friend).json["items"]
    (own,) = client.get("/credits", claims=referee).json["items"]
    assert ("referral", "bonus") == (entry["type"], own["type"])
    assert "rewarded" in {item["status"] for item in client.get("/referrals", claims=friend).json["items"]}


def test_two_referrals_of_one_job_are_both_paid(client: Client) -> None:
    """Also when one party referred the other: nobody's balance is written twice in one step."""
    worker_s = client.act("/referrals", claims=WORKER).json["referralCode"]
    friend_s = client.act("/referrals", claims=claims("friend")).json["referralCode"]
    _apply(client, worker_s, BUYER)
    _apply(client, friend_s, WORKER)

    completed_job(client)

    assert [5000, 10_000, 5000] == [_total(client, who) for who in (BUYER, WORKER, claims("friend"))]


def test_a_cancelled_job_pays_nothing(client: Client) -> None:
    """Only what was done."""
    _apply(client, client.act("/referrals", claims=claims("friend")).json["referralCode"], WORKER)
    client.act(f"/jobs/{job_in_progress(client)}/cancel", claims=BUYER)

    assert 0 == _total(client, WORKER)


def test_credits_are_one_s_own(client: Client) -> None:
    """D11: nobody reads another's, whatever parameter they think of."""
    assert 401 == client.get("/credits").status
    assert 400 == client.get("/credits", claims=ADMIN, query={"userId": str(WORKER["sub"])}).status


def test_a_long_ledger_has_pages_and_one_total(client: Client) -> None:
    """The total is of all entries, on every page."""
    friend = claims("friend")
    code = client.act("/referrals", claims=friend).json["referralCode"]
    for number in range(5):
        _apply(client, code, worker(number))
        completed_job(client, BUYER, worker(number))
    seen, query = [], {"limit": "2"}
    while True:
        page = client.get("/credits", claims=friend, query=query).json
        seen += [item["id"] for item in page["items"]]
        assert 25_000 == page["total"]
        if not page["nextCursor"]:
            break
        query["cursor"] = page["nextCursor"]

    assert 5 == len(set(seen)) == len(seen)


def _review(client: Client, job_id: str, who: dict[str, object], rating: int) -> Answer:
    return client.post("/reviews", {"jobId": job_id, "rating": rating}, claims=who)


def _apply(client: Client, code: str, who: dict[str, object]) -> Answer:
    return client.act(f"/referrals/{code}/apply", claims=who)


def _total(client: Client, who: dict[str, object]) -> int:
    return int(client.get("/credits", claims=who).json["total"])


def _told(answer: Answer) -> tuple[int, str]:
    return answer.status, answer.json["status"]
