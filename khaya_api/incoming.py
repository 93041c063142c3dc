"""What came in: a REST proxy event as a request whose every field is what it says, whatever the event was."""

from __future__ import annotations

import json
import re
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from khaya_api.errors import Detail, invalid, too_large, wrong_type

PREFIX = "/api"
# The longest job, each character written as \ud83d\ude00, is 30 kB; the gateway lets 10 MB through.
LARGEST_BODY = 32 * 1024
# All that a route asks for; each of a browser's thirty would be looked at several times by the router.
ROUTED_HEADERS = ("idempotency-key",)
_METHOD = re.compile(r"[A-Z]{1,20}")
_REQUEST_ID = re.compile(r"[A-Za-z0-9-]{1,64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Header names are in lower case; `path` has neither the `/api` before it nor a slash behind it."""

    id: str
    method: str
    path: str
    headers: Mapping[str, str]
    query: Mapping[str, list[str]]
    claims: Mapping[str, object] | None
    raw_body: str | None
    base64: bool


def read_request(event: object, fallback_id: object = None) -> Request:
    """Read an event; never raises. What is no proxy event at all has an empty method."""
    given: Mapping[str, Any] = event if isinstance(event, dict) else {}
    context = _mapping(given.get("requestContext"))
    body = given.get("body")
    return Request(
        id=_request_id(context.get("requestId"), fallback_id),
        method=_method(given.get("httpMethod")),
        path=_path(given.get("path")),
        headers=_headers(given),
        query=_query(given),
        claims=_claims(context),
        raw_body=body if isinstance(body, str) else None,
        base64=given.get("isBase64Encoded") is True,
    )


def proxy_event(request: Request, body: str | None) -> dict[str, Any]:
    """The event as the router reads it, made from nothing that we have not looked at."""
    headers = {name: request.headers[name] for name in ROUTED_HEADERS if name in request.headers}
    if body is not None:
        # The router knows JSON by this one spelling; ours, which knows them all, has looked already.
        headers["content-type"] = "application/json"
    return {
        "httpMethod": "GET" if request.method == "HEAD" else request.method,
        "path": request.path,
        "headers": headers,
        "multiValueHeaders": None,
        "queryStringParameters": None,
        "multiValueQueryStringParameters": {name: list(values) for name, values in request.query.items()},
        "requestContext": {"requestId": request.id, "authorizer": {"claims": request.claims}},
        "body": body,
        "isBase64Encoded": False,
    }


def body_text(request: Request) -> str:
    """The body as text. `Refusal` when it is no JSON by its own word, too long, or not decodable."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise wrong_type()
    text = request.raw_body or ""
    # Base64 makes four characters of three bytes; what is longer need not be decoded to be too long.
    if len(text) > LARGEST_BODY * 2:
        raise too_large(LARGEST_BODY)
    data = _decode(text) if request.base64 else _encode(text)
    if len(data) > LARGEST_BODY:
        raise too_large(LARGEST_BODY)
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise invalid(Detail("body", "must be UTF-8")) from error


def read_object(text: str | bytes) -> dict[str, Any]:
    """A JSON object. `Refusal` 400 for anything else, also for what only breaks the reader: depth, digits."""
    try:
        value = _JSON.decode(text if isinstance(text, str) else text.decode())
    except json.JSONDecodeError as error:
        where = f"must be JSON: it breaks off at line {error.lineno}, column {error.colno}"
        raise invalid(Detail("body", where)) from error
    except (ValueError, RecursionError) as error:
        raise invalid(Detail("body", "must be JSON of moderate depth and with moderate numbers")) from error
    if not isinstance(value, dict):
        raise invalid(Detail("body", "must be a JSON object"))
    return value


def _no_constant(name: str) -> None:
    raise ValueError(name)


# Made once: `json.loads` would make another for each body, since it is told what to do with constants.
_JSON = json.JSONDecoder(parse_constant=_no_constant)


def _decode(text: str) -> bytes:
    try:
        return b64decode(text, validate=True)
    except ValueError as error:
        raise invalid(Detail("body", "is said to be base64 and is not")) from error


def _encode(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise invalid(Detail("body", "must be UTF-8")) from error


def _request_id(*candidates: object) -> str:
    for candidate in candidates:
        if isinstance(candidate, str) and _REQUEST_ID.fullmatch(candidate):
            return candidate
    return str(uuid4())


def _method(value: object) -> str:
    method = value.upper() if isinstance(value, str) else ""
    return method if _METHOD.fullmatch(method) else ""


def _path(value: object) -> str:
    path = value if isinstance(value, str) else ""
    if path == PREFIX or path.startswith(f"{PREFIX}/"):
        path = path[len(PREFIX) :]
    return path.rstrip("/") or "/"


def _claims(context: Mapping[str, Any]) -> Mapping[str, object] | None:
    claims = _mapping(_mapping(context.get("authorizer")).get("claims"))
    subject = claims.get("sub")
    return claims if isinstance(subject, str) and subject else None


def _headers(event: Mapping[str, Any]) -> dict[str, str]:
    """Of a header that came twice, the last one, as the gateway itself chooses."""
    single = _mapping(event.get("headers"))
    headers = {name.lower(): value for name, value in single.items() if isinstance(value, str)}
    if headers:
        return headers
    return {name.lower(): values[-1] for name, values in _lists(event.get("multiValueHeaders")).items()}


def _query(event: Mapping[str, Any]) -> dict[str, list[str]]:
    if not event.get("queryStringParameters") and not event.get("multiValueQueryStringParameters"):
        return {}
    single = _mapping(event.get("queryStringParameters"))
    once = {name: [value] for name, value in single.items() if isinstance(value, str)}
    return {**once, **_lists(event.get("multiValueQueryStringParameters"))}


def _lists(value: object) -> dict[str, list[str]]:
    given = _mapping(value).items()
    lists = {
        name: [item for item in items if isinstance(item, str)] for name, items in given if isinstance(items, list)
    }
    return {name: items for name, items in lists.items() if items}


def _mapping(value: object) -> Mapping[str, Any]:
    """Events are JSON: what is a dictionary has texts for keys."""
    return value if isinstance(value, dict) else {}
