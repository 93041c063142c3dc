"""What goes out: the headers that every answer carries, and who among browsers may read it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, TypeVar

from aws_lambda_powertools.event_handler import Response, content_types
from pydantic import BaseModel

from khaya_api import errors
from khaya_api.access import allowed_methods
from khaya_api.errors import Refusal
from khaya_api.incoming import Request

Answer = dict[str, Any]
Made = TypeVar("Made", bound=BaseModel)

_EVERY = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-site",
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=63072000; includeSubDomains",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Also where no origin was named: a cache must never hand one origin's answer to another.
    "Vary": "Origin",
}
# What scripts on the site may send, and may read of an answer beyond the body.
REQUEST_HEADERS = "Authorization, Content-Type, Idempotency-Key"
RESPONSE_HEADERS = "Idempotency-Replayed, Location, Retry-After, X-Request-Id"
PREFLIGHT_SECONDS = "600"


def created(made: Made, *, replayed: bool = False, at: str | None = None) -> Response[Made]:
    """201 with what was made, by this request or (`replayed`) by an earlier one with its key.

    `at` is its address, relative to the one that was asked, so that it holds behind the CDN and at the stage alike.
    """
    headers = {"Location": at} if at else {}
    headers |= {"Idempotency-Replayed": "true"} if replayed else {}
    return Response(HTTPStatus.CREATED, content_types.APPLICATION_JSON, made, headers)


def finish(answer: Mapping[str, Any], request: Request, origins: frozenset[str]) -> Answer:
    """The router's answer as the gateway gets it, our headers added; HEAD keeps them and loses the body."""
    given = {name: ", ".join(values) for name, values in (answer.get("multiValueHeaders") or {}).items()}
    return {
        "statusCode": int(answer["statusCode"]),
        "headers": {**_EVERY, **_cors(request, origins), **given, "X-Request-Id": request.id},
        "body": "" if request.method == "HEAD" else answer.get("body") or "",
        "isBase64Encoded": False,
    }


def refusal(refused: Refusal, request_id: str) -> Answer:
    """A refusal in the router's own form, for those that are spoken before or after it."""
    headers = {"Content-Type": "application/json", **refused.headers}
    return {
        "statusCode": int(refused.status),
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "body": json.dumps(errors.body(refused, request_id), separators=(",", ":")),
    }


def preflight(request: Request, origins: frozenset[str]) -> Answer:
    """204 with what a path allows, told to browsers of allowed origins; `Refusal` 404 for no path of ours."""
    allowed = allowed_methods(request.path)
    if not allowed:
        raise errors.not_found()
    headers = {"Allow": allowed}
    if request.headers.get("origin") in origins:
        headers |= {
            "Access-Control-Allow-Methods": allowed,
            "Access-Control-Allow-Headers": REQUEST_HEADERS,
            "Access-Control-Max-Age": PREFLIGHT_SECONDS,
        }
    return {
        "statusCode": 204,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "body": "",
    }


def _cors(request: Request, origins: frozenset[str]) -> dict[str, str]:
    """Never `*`, never credentials: tokens travel in a header that only the site's own scripts can set."""
    origin = request.headers.get("origin")
    if origin is None or origin not in origins:
        return {}
    return {"Access-Control-Allow-Origin": origin, "Access-Control-Expose-Headers": RESPONSE_HEADERS}
