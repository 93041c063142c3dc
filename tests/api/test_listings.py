"""Listings: in lists while they are available, their seller's to change."""

from __future__ import annotations

from typing import Any

import pytest

from khaya_api.listings import MOST_ACTIVE
from tests.api.conftest import NOW, Stage
from tests.api.events import BUYER, LISTING, SELLER, Answer, Client, claims


def test_a_listing_is_in_its_category_and_in_everything(client: Client) -> None:
    """E22: visitors browse both."""
    made = _post(client)

    assert 201 == made.status
    assert {**LISTING, "photoUrl": None, "available": True, "sellerId": SELLER["sub"]} == {
        name: value for name, value in made.json.items() if name not in {"id", "createdAt", "updatedAt"}
    }
    for query in ({}, {"category": "bricks"}):
        assert [made.json] == client.get("/listings", query=query).json["items"]
    assert [] == client.get("/listings", query={"category": "cement"}).json["items"]
    assert made.json == client.get(f"/listings/{made.json['id']}").json
    assert made.json == client.get("/me/listings", claims=SELLER).json["items"][0]


def test_what_is_not_available_is_in_no_list_but_one_s_own(client: Client) -> None:
    """Out and in again, and with another category."""
    made = _post(client).json["id"]

    hidden = _patch(client, made, {"available": False})
    assert (200, False, "bricks") == (hidden.status, hidden.json["available"], hidden.json["category"])
    assert (
        []
        == client.get("/listings").json["items"]
        == client.get("/listings", query={"category": "bricks"}).json["items"]
    )
    assert (
        hidden.json
        == client.get(f"/listings/{made}").json
        == client.get("/me/listings", claims=SELLER).json["items"][0]
    )

    shown = _patch(client, made, {"available": True, "category": "tools"}).json
    assert (
        [shown]
        == client.get("/listings", query={"category": "tools"}).json["items"]
        == client.get("/listings").json["items"]
    )
    assert [] == client.get("/listings", query={"category": "bricks"}).json["items"]


def test_one_that_begins_hidden_is_hidden(client: Client) -> None:
    """And counts for nothing until it is shown."""
    made = _post(client, available=False)

    assert (201, []) == (made.status, client.get("/listings").json["items"])


def test_an_edit_leaves_what_it_does_not_name(client: Client) -> None:
    """C07."""
    made = _post(client, photoUrl="https://khaya.example/a.png").json

    edited = _patch(client, made["id"], {"price": 400, "photoUrl": None}).json

    assert {**made, "price": 400, "photoUrl": None} == edited
    assert edited == client.get(f"/listings/{made['id']}").json


def test_only_the_seller_changes_a_listing(client: Client) -> None:
    """C32."""
    made = _post(client).json["id"]

    assert 403 == client.change("PATCH", f"/listings/{made}", {"price": 1}, claims=claims("s2", "seller")).status
    assert 404 == _patch(client, "nope", {"price": 1}).status
    assert 403 == client.post("/listings", LISTING, claims=BUYER).status


def test_twenty_available_ones_and_no_more(client: Client) -> None:
    """Hidden ones do not count; making one hidden makes room, and two edits do not make room for two."""
    ids = [_post(client).json["id"] for _ in range(MOST_ACTIVE)]
    assert 409 == _post(client).status
    spare = _post(client, available=False).json["id"]
    assert 409 == _patch(client, spare, {"available": True}).status
    for _ in range(2):
        assert 200 == _patch(client, ids[0], {"available": False}).status

    assert [200, 409] == [_patch(client, spare, {"available": True}).status, _post(client).status]


@pytest.mark.parametrize(
    ("name", "value", "fits"),
    (
        ("stock", 0, True),
        ("stock", -1, False),
        ("stock", 1_000_000, True),
        ("stock", 1_000_001, False),
        ("stock", "5", False),
        ("price", 0, False),
        ("price", 1, True),
        ("unit", "", False),
        ("unit", "x" * 50, True),
        ("unit", "x" * 51, False),
        ("category", "#everything", False),
        ("category", "bricks #2", True),
        ("available", "yes", False),
        ("available", 1, False),
        ("sellerId", "x", False),
        ("id", "x", False),
        ("kind", "x", False),
    ),
)
def test_a_listing_on_both_sides_of_the_line(client: Client, name: str, value: object, fits: bool) -> None:  # noqa: FBT001
    """What does not fit is a 400 that names the field."""
    answer = client.post("/listings", {**LISTING, name: value}, claims=SELLER)

    assert (201 if fits else 400) == answer.status
    assert fits or [name] == answer.fields


@pytest.mark.parametrize("query", ({}, {"category": "bricks"}))
@pytest.mark.parametrize("limit", (2, 5))
def test_walking_the_pages_sees_everything_once(stage: Stage, query: dict[str, str], limit: int) -> None:
    """C13, newest first."""
    ids = []
    for number in range(5):
        stage.at(NOW.replace(second=number))
        ids.append(_post(stage.client).json["id"])
    seen: list[str] = []
    asked = {**query, "limit": str(limit)}
    while True:
        page = stage.client.get("/listings", query=asked).json
        seen += [item["id"] for item in page["items"]]
        if page["nextCursor"] is None:
            break
        asked["cursor"] = page["nextCursor"]

    assert ids[::-1] == seen


def test_the_partition_of_everything_cannot_be_asked_for(client: Client) -> None:
    """It is not a category."""
    assert 400 == client.get("/listings", query={"category": "#everything"}).status


def _post(client: Client, **changes: Any) -> Answer:  # noqa: ANN401 - fields
    return client.post("/listings", {**LISTING, **changes}, claims=SELLER)


def _patch(client: Client, listing_id: str, changes: object) -> Answer:
    return client.change("PATCH", f"/listings/{listing_id}", changes, claims=SELLER)
