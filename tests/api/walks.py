"""Every operation there is, walked once on its good way, with what each of them asked of AWS."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from khaya_api.aws import Connect
from khaya_api.settings import TABLES
from tests.api.conftest import Stage
from tests.api.events import (
    ADMIN,
    BID,
    BUYER,
    LISTING,
    OTHER_WORKER,
    PROFILE,
    SELLER,
    STORY,
    WORKER,
    Answer,
    Client,
    event,
    job,
)

Grant = tuple[str, str]


@dataclass(slots=True)
class Seen:
    """What was asked: grants as (action, table or index), and how many reads and writes DynamoDB had to answer."""

    grants: set[Grant] = field(default_factory=set)
    reads: int = 0
    writes: int = 0

    def note(self, service: str, call: str, asked: dict[str, Any]) -> None:
        """Note one call."""
        if service != "dynamodb":
            self.grants.add((f"{service}.{call}", ""))
            return
        wrote = call in {"put_item", "update_item", "transact_write_items"}
        self.writes += wrote
        self.reads += not wrote
        self.grants |= set(_grants(call, asked))


@dataclass(frozen=True, slots=True)
class Watched:
    """A client that notes what it is asked."""

    client: Any
    service: str
    seen: Seen

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self.client, name)

        def call(*given: Any, **asked: Any) -> Any:  # noqa: ANN401 - as boto3's
            self.seen.note(self.service, name, asked)
            return method(*given, **asked)

        return call


def watch(stage: Stage) -> Seen:
    """Note from now on what a stage's kit asks."""
    seen = Seen()
    connect: Connect = stage.kit.connect
    stage.connected_by(lambda service: Watched(connect(service), service, seen))
    return seen


def walk(client: Client, after: Callable[[str, Answer], None]) -> None:
    """Call every operation so that it succeeds; `after` is told the operation as the table names it, and the answer."""

    def tell(operation: str, answer: Answer) -> Any:  # noqa: ANN401 - JSON is anything
        assert 200 <= answer.status < 300, (operation, answer.text)
        after(operation, answer)
        return answer.json

    def go(operation: str, who: dict[str, object] | None = None, body: object = None, **rest: Any) -> Any:  # noqa: ANN401
        method, path = operation.split(" ")
        ids, query = {key: value for key, value in rest.items() if key != "query"}, rest.get("query")
        real = path
        for name, value in ids.items():
            real = real.replace(f"<{name}>", value)
        if body is None:
            return tell(operation, client.send(event(method, real, claims=who, query=query)))
        return tell(operation, client.change(method, real, body, claims=who))

    for path in ("/", "/health", "/health/deep", "/openapi.json"):
        go(f"GET {path}")
    go("GET /auth/me", BUYER)
    _walk_jobs(go)
    _walk_profiles(go)
    _walk_listings(go)
    _walk_stories(go)
    go("POST /uploads", WORKER, {"purpose": "proofs", "contentType": "image/png", "size": 5})


def _walk_jobs(go: Callable[..., Any]) -> None:
    code = go("POST /referrals", OTHER_WORKER)["referralCode"]
    go("GET /referrals", OTHER_WORKER)
    go("GET /referrals/<code>", None, code=code)
    go("POST /referrals/<code>/apply", WORKER, code=code)
    first = go("POST /jobs", BUYER, job())["id"]
    go("GET /jobs")
    go("GET /me/jobs", BUYER)
    go("GET /jobs/<job_id>", job_id=first)
    go("PATCH /jobs/<job_id>", BUYER, {"budget": 5}, job_id=first)
    bid = go("POST /jobs/<job_id>/bids", WORKER, BID, job_id=first)["id"]
    other = go("POST /jobs/<job_id>/bids", OTHER_WORKER, BID, job_id=first)["id"]
    go("GET /jobs/<job_id>/bids", BUYER, job_id=first)
    go("GET /me/bids", WORKER)
    go("POST /bids/<bid_id>/withdraw", OTHER_WORKER, bid_id=other)
    go("POST /bids/<bid_id>/accept", BUYER, bid_id=bid)
    go("POST /jobs/<job_id>/complete", BUYER, job_id=first)
    go("POST /reviews", BUYER, {"jobId": first, "rating": 5})
    go("GET /users/<user_id>/reviews", user_id=str(WORKER["sub"]))
    go("GET /credits", WORKER)
    go("POST /jobs/<job_id>/cancel", BUYER, job_id=go("POST /jobs", BUYER, job())["id"])


def _walk_profiles(go: Callable[..., Any]) -> None:
    me = str(WORKER["sub"])
    go("PUT /profiles/<user_id>", WORKER, PROFILE, user_id=me)
    go("GET /profiles/<user_id>", user_id=me)
    go("GET /profiles", query={"location": PROFILE["location"], "trade": "Plumber"})
    go("POST /profiles/<user_id>/verify", ADMIN, user_id=me)


def _walk_listings(go: Callable[..., Any]) -> None:
    made = go("POST /listings", SELLER, LISTING)["id"]
    go("GET /listings/<listing_id>", listing_id=made)
    go("GET /listings", query={"category": "bricks"})
    go("GET /listings")
    go("GET /me/listings", SELLER)
    go("PATCH /listings/<listing_id>", SELLER, {"available": False}, listing_id=made)


def _walk_stories(go: Callable[..., Any]) -> None:
    made = go("POST /stories", WORKER, STORY)["id"]
    go("GET /stories/pending", ADMIN)
    go("POST /stories/<story_id>/approve", ADMIN, story_id=made)
    go("GET /stories")
    go("GET /me/stories", WORKER)
    go("POST /stories/<story_id>/like", BUYER, story_id=made)
    go("POST /stories/<story_id>/reject", ADMIN, story_id=made)


def _grants(call: str, asked: dict[str, Any]) -> list[Grant]:
    if call.startswith("transact"):
        kinds = {"Put": "PutItem", "Update": "UpdateItem", "Get": "GetItem"}
        items = [pair for item in asked["TransactItems"] for pair in item.items()]
        return [(f"dynamodb:{kinds[kind]}", _noun(item)) for kind, item in items]
    action = "".join(word.capitalize() for word in call.split("_"))
    index = f"/{asked['IndexName']}" if "IndexName" in asked else ""
    return [(f"dynamodb:{action}", _noun(asked) + index)]


def _noun(asked: dict[str, Any]) -> str:
    return next(noun for noun in TABLES if asked["TableName"] == f"Khaya-{noun}")
