"""Profiles: one's own to change, anybody's to read, and nothing by which to reach somebody."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.conftest import Stage
from tests.api.events import ADMIN, BUYER, PROFILE, WORKER, Answer, Client, claims
from tests.api.scenes import worker

ME = str(WORKER["sub"])
PLACE = str(PROFILE["location"])


def test_a_new_profile_is_found_at_its_place(client: Client) -> None:
    """C06: with a score from the first moment, else no list would have it."""
    made = _put(client, PROFILE)

    assert (200, 0, False, "available") == (
        made.status,
        made.json["trustScore"],
        made.json["verified"],
        made.json["availabilityStatus"],
    )
    assert made.json == client.get(f"/profiles/{ME}").json
    assert [made.json] == client.get("/profiles", query={"location": PLACE}).json["items"]


def test_an_edit_leaves_what_it_does_not_name(client: Client) -> None:
    """C07: a bio saved does not take the score, the trades or the place away; null takes away what it names."""
    _put(client, {**PROFILE, "yearsExperience": 3})
    client.act(f"/profiles/{ME}/verify", claims=ADMIN)

    edited = _put(client, {"bio": "Pipes and drains.", "yearsExperience": None}).json

    assert ("Pipes and drains.", None, PROFILE["trades"], PLACE, True, 20) == (
        edited["bio"],
        edited["yearsExperience"],
        edited["trades"],
        edited["location"],
        edited["verified"],
        edited["trustScore"],
    )
    assert edited == client.get(f"/profiles/{ME}").json


@pytest.mark.parametrize(
    "name", ("userId", "trustScore", "verified", "completedJobs", "ratingSum", "ratingCount", "version", "createdAt")
)
def test_what_is_ours_to_say_is_refused_by_name(client: Client, name: str) -> None:
    """C08: nobody verifies or scores themselves, or becomes somebody else."""
    answer = _put(client, {**PROFILE, name: 100})

    assert (400, [name]) == (answer.status, answer.fields)
    assert 404 == client.get(f"/profiles/{ME}").status


def test_nobody_changes_another_s_profile(client: Client) -> None:
    """C08: not even an admin by this way."""
    for who in (BUYER, ADMIN):
        assert 403 == client.change("PUT", f"/profiles/{ME}", PROFILE, claims=who).status
    assert 401 == client.change("PUT", f"/profiles/{ME}", PROFILE).status


def test_a_first_edit_needs_a_place(client: Client) -> None:
    """Without it nobody could find the profile."""
    answer = _put(client, {"bio": "x"})

    assert (400, ["location"]) == (answer.status, answer.fields)


@pytest.mark.parametrize(
    ("name", "value", "fits"),
    (
        ("location", "", False),
        ("location", "x" * 200, True),
        ("location", "x" * 201, False),
        ("location", None, False),
        ("bio", "x" * 2000, True),
        ("bio", "x" * 2001, False),
        ("trades", ["Plumber", "Tiler"], True),
        ("trades", [], True),
        ("trades", ["Plumber", "Plumber"], False),
        ("trades", ["plumber"], False),
        ("trades", "Plumber", False),
        ("yearsExperience", 0, True),
        ("yearsExperience", 80, True),
        ("yearsExperience", 81, False),
        ("yearsExperience", -1, False),
        ("yearsExperience", "3", False),
        ("availabilityStatus", "busy", True),
        ("availabilityStatus", "asleep", False),
        ("photoUrl", "https://khaya.example/a.png", True),
        ("photoUrl", "http://khaya.example/a.png", False),
        ("photoUrl", "javascript:alert(1)", False),
        ("photoUrl", "https://" + "x" * 493, False),
        ("photoUrl", "https://khaya.example:8443?size=2#top", True),
        ("photoUrl", "https://[", False),
        ("photoUrl", "https://", False),
        ("photoUrl", "https://somebody@khaya.example/a.png", False),
        ("photoUrl", "https://khaya.example/a b.png", False),
        ("certifications", ["https://a.example/x"] * 20, True),
        ("certifications", ["https://a.example/x"] * 21, False),
    ),
)
def test_a_profile_on_both_sides_of_the_line(client: Client, name: str, value: object, fits: bool) -> None:  # noqa: FBT001
    """What does not fit is a 400 that names the field."""
    answer = _put(client, {**PROFILE, name: value})

    assert (200 if fits else 400) == answer.status
    assert fits or name == answer.fields[0].split(".")[0]


def test_two_trades_are_two(client: Client) -> None:
    """E45: saved, read, and found by either."""
    _put(client, PROFILE)

    for trade in ("Plumber", "Tiler"):
        assert 1 == len(client.get("/profiles", query={"location": PLACE, "trade": trade}).json["items"])
    assert [] == client.get("/profiles", query={"location": PLACE, "trade": "Painter"}).json["items"]


def test_the_most_trusted_come_first(stage: Stage) -> None:
    """By score as a number, at this place alone."""
    for number, score in enumerate([5, 70, 9]):
        _row(stage, number, trustScore=score)
    _row(stage, 3, location="Elsewhere", trustScore=75)

    assert [70, 9, 5] == [item["trustScore"] for item in _walk(stage.client, 2)]


@pytest.mark.parametrize(("every", "limit"), ((2, 50), (7, 20), (100, 2), (1000, 5)))
def test_a_trade_is_found_however_rare(stage: Stage, every: int, limit: int) -> None:
    """C12: kept before they are counted: however many others stand between, each is found once."""
    for number in range(450):
        _row(stage, number, trustScore=number % 70, trades=["Welder" if number % every == 0 else "Painter"])

    found = [item["userId"] for item in _walk(stage.client, limit, trade="Welder")]

    assert sorted({f"u{number:03}" for number in range(0, 450, every)}) == sorted(found)


@pytest.mark.parametrize(
    "query", ({}, {"location": ""}, {"location": PLACE, "trade": "x"}, {"location": PLACE, "role": "worker"})
)
def test_a_list_needs_a_place(client: Client, query: dict[str, str]) -> None:
    """There is no list of everybody."""
    assert 400 == client.get("/profiles", query=query).status


def test_what_is_not_public_stays_in_the_table(stage: Stage) -> None:
    """D11: no phone, no e-mail, no id number, whatever the row holds."""
    _row(stage, 1, phone="+27821234567", email="a@example.org", idNumber="8001015009087")

    for answer in (stage.client.get("/profiles/u001"), stage.client.get("/profiles", query={"location": PLACE})):
        assert 200 == answer.status
        assert not [value for value in ("1234567", "@", "8001015", "version") if value in answer.text]


def test_only_an_admin_verifies(client: Client) -> None:
    """And only what there is."""
    _put(client, PROFILE)

    assert [403, 401] == [
        client.act(f"/profiles/{ME}/verify", claims=WORKER).status,
        client.act(f"/profiles/{ME}/verify").status,
    ]
    assert 404 == client.act("/profiles/nobody/verify", claims=ADMIN).status
    assert (True, 20) == _verdict(client.act(f"/profiles/{ME}/verify", claims=ADMIN))
    assert (True, 20) == _verdict(client.act(f"/profiles/{ME}/verify", claims=ADMIN))


def test_an_unknown_profile_is_a_404(client: Client) -> None:
    """C14."""
    assert 404 == client.get(f"/profiles/{worker(3)['sub']}").status


def _put(client: Client, body: object, who: dict[str, object] = WORKER) -> Answer:
    return client.change("PUT", f"/profiles/{ME}", body, claims=who)


def _row(stage: Stage, number: int, **more: Any) -> None:  # noqa: ANN401 - attributes of a row
    moment = "2026-11-01T00:00:00.000Z"
    row = {"userId": f"u{number:03}", "location": PLACE, "trustScore": 0, "createdAt": moment, "updatedAt": moment}
    stage.put("profiles", **{**row, "version": 1, **more})


def _walk(client: Client, limit: int, **query: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    asked = {"location": PLACE, "limit": str(limit), **query}
    while True:
        page = client.get("/profiles", query=asked).json
        assert len(page["items"]) <= limit
        items += page["items"]
        if page["nextCursor"] is None:
            return items
        asked["cursor"] = page["nextCursor"]


def _verdict(answer: Answer) -> tuple[bool, int]:
    return answer.json["verified"], answer.json["trustScore"]


def test_somebody_else_s_cursor_leads_nowhere(client: Client) -> None:
    """A cursor of one's own bids does not open another's."""
    mine = claims("u-1", "buyer")
    for _ in range(2):
        client.post("/jobs", {**_job()}, claims=mine)
    cursor = client.get("/me/jobs", claims=mine, query={"limit": "1"}).json["nextCursor"]

    assert 200 == client.get("/me/jobs", claims=mine, query={"cursor": cursor}).status
    assert 400 == client.get("/me/jobs", claims=BUYER, query={"cursor": cursor}).status


def _job() -> dict[str, Any]:
    from tests.api.events import job

    return job()


def test_a_place_is_asked_for_as_it_is_given(client: Client) -> None:
    """In the API's description too, or whoever goes by it is refused for what it allows."""
    document = client.get("/openapi.json").json
    asked = {each["name"]: each["schema"] for each in document["paths"]["/profiles"]["get"]["parameters"]}
    given = document["components"]["schemas"]["ProfileEdit"]["properties"]

    assert given["location"]["pattern"] == asked["location"]["pattern"]
    assert "maxLength" not in asked["location"]
