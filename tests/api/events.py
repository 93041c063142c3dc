"""REST proxy events as API Gateway makes them, and a client that sends them to a handler as a browser would."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

REQUEST_ID = "3f0c7a52-5d0a-4c8e-9f39-000000000001"
SITE = "https://khaya.example"
WWW = "https://www.khaya.example"

Event = dict[str, Any]


def event(
    method: str,
    path: str,
    *,
    body: str | None = None,
    headers: Mapping[str, str] | None = None,
    query: Mapping[str, str | list[str]] | None = None,
    claims: Mapping[str, object] | None = None,
    base64: bool = False,
) -> Event:
    """An event of payload format 1.0, with each header and parameter in both of its forms."""
    lists = {name: [value] if isinstance(value, str) else value for name, value in (query or {}).items()}
    sent = {"Host": "khaya.example", **(headers or {})}
    return {
        "resource": "/{proxy+}",
        "path": path,
        "httpMethod": method,
        "headers": sent,
        "multiValueHeaders": {name: [value] for name, value in sent.items()},
        "queryStringParameters": {name: values[-1] for name, values in lists.items() if values} or None,
        "multiValueQueryStringParameters": lists or None,
        "pathParameters": None,
        "stageVariables": None,
        "requestContext": {
            "requestId": REQUEST_ID,
            "stage": "prod",
            "path": f"/prod{path}",
            "httpMethod": method,
            "identity": {"sourceIp": "192.0.2.1", "userAgent": "test"},
            **({"authorizer": {"claims": dict(claims)}} if claims is not None else {}),
        },
        "body": body,
        "isBase64Encoded": base64,
    }


def claims(sub: str, *groups: str, **more: str) -> dict[str, object]:
    """Claims as a REST authorizer hands them on: every value a text, the groups in one."""
    return {
        "sub": sub,
        "cognito:username": sub,
        "token_use": "id",
        **({"cognito:groups": ",".join(groups)} if groups else {}),
        **more,
    }


BUYER = claims("b1111111-1111-4111-8111-111111111111", "buyer", email="b@example.org", phone_number="+27820000001")
OTHER_BUYER = claims("b2222222-2222-4222-8222-222222222222", "buyer")
OTHER_WORKER = claims("w2222222-2222-4222-8222-222222222222", "worker")
WORKER = claims("w1111111-1111-4111-8111-111111111111", "worker")
SELLER = claims("s1111111-1111-4111-8111-111111111111", "seller")
ADMIN = claims("a1111111-1111-4111-8111-111111111111", "admin")
NO_GROUP = claims("n1111111-1111-4111-8111-111111111111")


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, read as a client would."""

    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def json(self) -> Any:  # noqa: ANN401 - JSON is anything
        """The body, which must be JSON."""
        return json.loads(self.text)

    @property
    def code(self) -> str:
        """The contract's code of an error."""
        return str(self.json["error"]["code"])

    @property
    def fields(self) -> list[str]:
        """The names that the details of an error give."""
        return [detail["field"] for detail in self.json["error"]["details"]]


@dataclass(frozen=True, slots=True)
class Client:
    """Sends to a handler; every answer has to be one that a gateway could pass on."""

    handler: Callable[[object, object], dict[str, Any]]

    def send(self, sent: object) -> Answer:
        """Send an event as it is."""
        answer = self.handler(sent, None)
        assert {"statusCode", "headers", "body", "isBase64Encoded"} == set(answer)
        assert all(isinstance(value, str) for value in answer["headers"].values())
        json.dumps(answer)
        return Answer(answer["statusCode"], answer["headers"], answer["body"])

    def get(self, path: str, **rest: Any) -> Answer:  # noqa: ANN401 - as `event` takes it
        """GET a path."""
        return self.send(event("GET", path, **rest))

    def post(self, path: str, body: object, *, headers: Mapping[str, str] | None = None, **rest: Any) -> Answer:  # noqa: ANN401
        """POST something as JSON."""
        return self.change("POST", path, body, headers=headers, **rest)

    def change(
        self,
        method: str,
        path: str,
        body: object,
        *,
        headers: Mapping[str, str] | None = None,
        **rest: Any,  # noqa: ANN401 - as `event` takes it
    ) -> Answer:
        """Send something as JSON."""
        sent = {"Content-Type": "application/json", **(headers or {})}
        return self.send(event(method, path, body=json.dumps(body), headers=sent, **rest))

    def act(self, path: str, **rest: Any) -> Answer:  # noqa: ANN401 - as `event` takes it
        """POST without a body."""
        return self.send(event("POST", path, **rest))


JOB: dict[str, Any] = {
    "title": "Paint two rooms",
    "description": "Two bedrooms of twelve square metres each, white.",
    "category": "Painting",
    "budget": 450_000,
    "location": "Observatory, Cape Town",
}


def job(**changes: object) -> dict[str, Any]:
    """A job that a buyer may post, with some fields changed; None takes a field away."""
    return {name: value for name, value in {**JOB, **changes}.items() if value is not None}


BID: dict[str, Any] = {
    "amount": 400_000,
    "timeline": 4,
    "proposal": "Two coats, the ceiling as well, and I bring my own ladder and sheets.",
}
PROFILE: dict[str, Any] = {"location": "Observatory, Cape Town", "bio": "Pipes.", "trades": ["Plumber", "Tiler"]}
LISTING: dict[str, Any] = {
    "title": "Clay bricks",
    "description": "Stock bricks, fired hard, delivered on pallets.",
    "category": "bricks",
    "price": 350,
    "unit": "piece",
    "stock": 5000,
    "location": "Epping, Cape Town",
}
STORY: dict[str, Any] = {
    "title": "My first roof",
    "content": "It rained the whole week, and still it was done on the Friday.",
    "type": "success",
}
