"""Stories, uploads, limits and the description: shown when read, signed as asked, counted, and true."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from khaya_api.access import ANYBODY, OPERATIONS
from khaya_infra.routes import ROUTES
from tests.api.conftest import BUCKET, NOW, Stage
from tests.api.events import ADMIN, BUYER, STORY, WORKER, Client, claims, job


def test_a_story_is_shown_once_an_admin_has_read_it(client: Client) -> None:
    """Not before, and not after it was turned down; its author sees it all the time."""
    made = client.post("/stories", STORY, claims=WORKER)
    story = made.json["id"]
    assert (201, False, 0) == (made.status, made.json["approved"], made.json["likes"])
    assert ([], [story]) == (_ids(client, "/stories"), _ids(client, "/stories/pending", ADMIN))

    assert 200 == client.act(f"/stories/{story}/approve", claims=ADMIN).status
    assert ([story], []) == (_ids(client, "/stories"), _ids(client, "/stories/pending", ADMIN))

    assert 200 == client.act(f"/stories/{story}/reject", claims=ADMIN).status
    assert ([], []) == (_ids(client, "/stories"), _ids(client, "/stories/pending", ADMIN))
    assert [story] == _ids(client, "/me/stories", WORKER)


def test_only_admins_moderate(client: Client) -> None:
    """D05: every such door is shut to others; and a story that there is not is a 404."""
    story = client.post("/stories", STORY, claims=WORKER).json["id"]

    for verb in ("approve", "reject"):
        assert 403 == client.act(f"/stories/{story}/{verb}", claims=WORKER).status
        assert 404 == client.act(f"/stories/nope/{verb}", claims=ADMIN).status
    assert 403 == client.get("/stories/pending", claims=WORKER).status


def test_approved_stories_are_found_behind_others(stage: Stage) -> None:
    """C12: the index has approved ones alone, so none is lost behind those that wait."""
    client = stage.client
    for number in range(60):
        stage.at(NOW + timedelta(minutes=number))
        stage.client.post("/stories", STORY, claims=claims(f"u{number}"))
    first = stage.client.get("/stories/pending", claims=ADMIN, query={"limit": "1"}).json["items"][0]["id"]
    client.act(f"/stories/{first}/approve", claims=ADMIN)

    assert [first] == _ids(client, "/stories")


def test_a_reader_s_like_counts_once(client: Client) -> None:
    """C04: and only for what is shown."""
    story = client.post("/stories", STORY, claims=WORKER).json["id"]
    assert 404 == client.act(f"/stories/{story}/like", claims=BUYER).status
    client.act(f"/stories/{story}/approve", claims=ADMIN)

    likes = [client.act(f"/stories/{story}/like", claims=who).json["likes"] for who in (BUYER, BUYER, WORKER)]

    assert [1, 1, 2] == likes


@pytest.mark.parametrize(
    ("name", "value", "fits"),
    (
        ("title", "x" * 4, False),
        ("title", "x" * 5, True),
        ("content", "x" * 19, False),
        ("content", "x" * 5000, True),
        ("content", "x" * 5001, False),
        ("type", "tip", True),
        ("type", "advert", False),
        ("mediaUrl", "https://khaya.example/a.png", True),
        ("mediaUrl", "data:text/html,x", False),
        ("relatedJobId", "a#b", False),
        ("approved", True, False),
        ("featured", True, False),
        ("likes", 9, False),
        ("publicState", "approved", False),
        ("userId", "x", False),
    ),
)
def test_a_story_on_both_sides_of_the_line(client: Client, name: str, value: object, fits: bool) -> None:  # noqa: FBT001
    """What does not fit, or is ours to say, is a 400 that names the field."""
    answer = client.post("/stories", {**STORY, name: value}, claims=WORKER)

    assert (201 if fits else 400) == answer.status
    assert fits or [name] == answer.fields


# Uploads.


def test_an_upload_is_signed_for_its_type_its_size_and_its_owner(client: Client) -> None:
    """C28: S3 refuses any other, since both are in the signature; the key is the caller's own."""
    upload = client.post("/uploads", _upload(), claims=WORKER)

    assert 201 == upload.status
    address = urlsplit(upload.json["url"])
    query = parse_qs(address.query)
    assert ["content-length;content-type;host"] == query["X-Amz-SignedHeaders"]
    assert (["AWS4-HMAC-SHA256"], ["300"]) == (query["X-Amz-Algorithm"], query["X-Amz-Expires"])
    assert re.fullmatch(rf"proofs/{WORKER['sub']}/[0-9a-f-]{{36}}\.png", upload.json["key"])
    assert (f"/{upload.json['key']}", "https") == (address.path, address.scheme)
    assert str(address.hostname).startswith(f"{BUCKET}.s3.af-south-1.")
    assert {"Content-Type": "image/png", "Content-Length": "512"} == upload.json["headers"]


@pytest.mark.parametrize(
    ("name", "value", "fits"),
    (
        ("size", 0, False),
        ("size", 1, True),
        ("size", 5 * 1024 * 1024, True),
        ("size", 5 * 1024 * 1024 + 1, False),
        ("size", "5", False),
        ("contentType", "image/jpeg", True),
        ("contentType", "image/webp", True),
        ("contentType", "image/svg+xml", False),
        ("contentType", "text/html", False),
        ("purpose", "profiles", True),
        ("purpose", "../other", False),
        ("key", "profiles/somebody/x.png", False),
    ),
)
def test_an_upload_on_both_sides_of_the_line(client: Client, name: str, value: object, fits: bool) -> None:  # noqa: FBT001
    """C28: JPG, PNG and WebP of at most 5 MiB; nobody names a key."""
    answer = client.post("/uploads", {**_upload(), name: value}, claims=WORKER)

    assert (201 if fits else 400) == answer.status
    assert fits or [name] == answer.fields


def test_without_a_bucket_nothing_is_signed(stage: Stage) -> None:
    """C29: no default name is ever used."""
    stage.with_environ(STORAGE_BUCKET=None)

    assert 500 == stage.client.post("/uploads", _upload(), claims=WORKER).status


# Limits.


def test_writes_on_both_sides_of_the_line(stage: Stage) -> None:
    """Twenty in a minute and no more, whichever; reads, others' writes and the next minute are free."""
    stage.with_environ(WRITES_PER_MINUTE=None)
    for number in range(20):
        body = {**job()} if number % 2 else None
        sent = (
            stage.client.post("/jobs", body, claims=BUYER)
            if body
            else stage.client.post("/stories", STORY, claims=BUYER)
        )
        assert 201 == sent.status

    late = stage.client.post("/jobs", job(), claims=BUYER)

    assert (429, "RATE_LIMIT", "60") == (late.status, late.code, late.headers["Retry-After"])
    assert 200 == stage.client.get("/me/jobs", claims=BUYER).status
    assert 201 == stage.client.post("/stories", STORY, claims=WORKER).status
    stage.at(NOW + timedelta(seconds=59))
    assert ("429", "1") == _limited(stage.client)
    stage.at(NOW + timedelta(seconds=60))
    assert 201 == stage.client.post("/jobs", job(), claims=BUYER).status


def test_what_was_refused_or_repeated_does_not_count(stage: Stage) -> None:
    """A form filled in wrongly, or a request sent again, is no abuse."""
    stage.with_environ(WRITES_PER_MINUTE="2")
    for _ in range(4):
        stage.client.post("/jobs", {}, claims=BUYER)
        assert 201 == stage.client.post("/jobs", job(), claims=BUYER, headers={"Idempotency-Key": "k"}).status

    assert [201, 429] == [stage.client.post("/jobs", job(), claims=BUYER).status for _ in range(2)]


@pytest.mark.parametrize(("text", "limit"), (("7", 7), ("0", 20), ("", 20), ("-1", 20), ("x", 20), ("٣", 20)))
def test_an_odd_limit_is_the_usual_one(stage: Stage, text: str, limit: int) -> None:
    """A misspelt variable neither opens nor shuts the door."""
    stage.with_environ(WRITES_PER_MINUTE=text)

    assert limit == stage.kit.settings.writes_per_minute


# The description.


def test_the_description_is_openapi_3_1_of_every_operation(client: Client) -> None:
    """Who may, what goes in, what comes out, and the errors of the contract; nothing besides."""
    answer = client.get("/openapi.json")
    document = answer.json

    assert (200, "3.1.0", "Khaya") == (answer.status, document["openapi"], document["info"]["title"])
    described = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    assert {(operation.method, re.sub(r"<(\w+)>", r"{\1}", operation.path)) for operation in OPERATIONS} == described
    for operation in OPERATIONS:
        one = document["paths"][re.sub(r"<(\w+)>", r"{\1}", operation.path)][operation.method.lower()]
        assert ([] if operation.who is ANYBODY else [{"token": []}]) == one["security"]
        assert operation.has_body == ("requestBody" in one)
        assert ("401" in one["responses"]) == (operation.who is not ANYBODY)
        known = {given["name"] for given in one.get("parameters", []) if given["in"] == "query"}
        assert (operation.parameters or set()) == known
    names = [one["operationId"] for methods in document["paths"].values() for one in methods.values()]
    assert len(set(names)) == len(names)


def test_deep_health_says_the_same_things_when_it_is_unwell(client: Client) -> None:
    """Its 503 is a report, not an error of the contract."""
    answers = client.get("/openapi.json").json["paths"]["/health/deep"]["get"]["responses"]

    assert answers["200"]["content"] == answers["503"]["content"]


def test_every_reference_of_the_description_leads_somewhere(client: Client) -> None:
    """A reader of schemas can follow each of them."""
    text = client.get("/openapi.json").text
    document = json.loads(text)

    for kind, name in set(re.findall(r'"\$ref":"#/components/([a-z]+)/([^"]+)"', text)):
        assert name in document["components"][kind]


def test_the_description_stays_short_enough_to_be_read_whole(client: Client) -> None:
    """Whoever watches the API from outside reads 64 KiB of an answer: errors are described once, not at each path."""
    answer = client.get("/openapi.json")
    errors = answer.json["components"]["responses"]

    assert len(answer.text.encode()) < 64 * 1024
    assert {"$ref": "#/components/responses/Error409"} == answer.json["paths"]["/jobs"]["post"]["responses"]["409"]
    assert all(
        {"$ref": "#/components/schemas/Error"} == _schema(error) and error["description"] for error in errors.values()
    )


def test_the_gateway_demands_the_parameters_that_the_code_demands(client: Client) -> None:
    """Said in both places: without one of them the code refuses, however good the request is otherwise."""
    in_code = {
        (method.upper(), re.sub(r"{\w+}", "{id}", path)): names
        for path, methods in client.get("/openapi.json").json["paths"].items()
        for method, one in methods.items()
        if (names := tuple(each["name"] for each in one.get("parameters", []) if _demanded(each)))
    }

    assert {("GET", "/profiles"): ("location",)} == in_code
    assert in_code == {(route.method, route.path): route.demands for route in ROUTES if route.demands}


def test_bodies_are_described_with_their_limits(client: Client) -> None:
    """Required fields, bounds, and no others; the most is in the pattern, since spaces around a text do not count."""
    schema = client.get("/openapi.json").json["components"]["schemas"]["NewJob"]

    assert False is schema["additionalProperties"]
    assert {"title", "description", "category", "budget", "location"} == set(schema["required"])
    assert (5, False) == (schema["properties"]["title"]["minLength"], "maxLength" in schema["properties"]["title"])
    fits = re.compile(schema["properties"]["title"]["pattern"]).search
    assert [False, True, True, True, False] == [
        bool(fits(text)) for text in ("a" * 4, "a" * 5, f"  {'a' * 200}  ", "a" * 200, "a" * 201)
    ]


@pytest.mark.parametrize("name", ("JobEdit", "ProfileEdit", "ListingEdit"))
def test_an_edit_is_described_without_defaults(client: Client, name: str) -> None:
    """A field left out stays: a default would say that it becomes something, and something that does not even fit."""
    properties = client.get("/openapi.json").json["components"]["schemas"][name]["properties"]

    assert properties
    assert not [field for field, described in properties.items() if "default" in described]


def _schema(answer: dict[str, Any]) -> object:
    return answer["content"]["application/json"]["schema"]


def _demanded(parameter: dict[str, Any]) -> bool:
    return parameter["in"] == "query" and bool(parameter.get("required"))


def _upload() -> dict[str, object]:
    return {"purpose": "proofs", "contentType": "image/png", "size": 512}


def _limited(client: Client) -> tuple[str, str]:
    answer = client.post("/jobs", job(), claims=BUYER)
    return str(answer.status), answer.headers["Retry-After"]


def _ids(client: Client, path: str, who: dict[str, object] | None = None) -> list[str]:
    return [item["id"] for item in client.get(path, claims=who).json["items"]]
