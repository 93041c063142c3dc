"""Faults of what the API answers: health, contract, permissions, calls from other origins."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from checks.twin.faults.between.http import Onward, Raw, Reply, Tamper, Visit, answer
from checks.twin.faults.staging import at_path, calls, health, instead, unnoticed, visited
from checks.twin.faults.words import Fault

_API, _HEALTH, _AUTH, _NET = "API Gateway", "Health endpoint", "Cognito / authentication", "Network / HTTP client"


def _deep(visit: Visit) -> bool:
    return calls(visit) and visit.path.rstrip("/").endswith("/health/deep")


def _token(visit: Visit) -> bool:
    return calls(visit) and bool(visit.header("authorization"))


def _bare_and_shut(visit: Visit) -> bool:
    return calls(visit) and not visit.header("authorization")


def _open_doors(visit: Visit, onward: Onward) -> Reply | Raw:
    """Who was refused for want of a token is let in."""
    reply = onward(visit)
    shut = calls(visit) and reply.status in {401, 403} and visit.method == "GET"
    return answer(200, '{"items": []}') if shut else reply


def _trusting(visit: Visit, onward: Onward) -> Reply | Raw:
    """Any token opens."""
    reply = onward(visit)
    return answer(200, '{"items": []}') if _token(visit) and reply.status in {401, 403} else reply


def _preflight(visit: Visit) -> bool:
    return calls(visit) and visit.method == "OPTIONS"


def _echoing(visit: Visit, onward: Onward) -> Reply | Raw:
    reply = onward(visit)
    origin = visit.header("origin")
    return reply.saying(Access_Control_Allow_Origin=origin) if calls(visit) and origin else reply


def _unknown(visit: Visit) -> bool:
    return calls(visit) and "nobody-made-this" in visit.path


def amended(fits: Callable[[Visit], bool], change: Callable[[Any], object]) -> Tamper:
    """The JSON of the answers where *fits* is changed."""

    def of(reply: Reply) -> Reply:
        return reply.amended(change) if reply.status == 200 else reply  # noqa: PLR2004 - success

    return at_path(fits, of)


def _is_refusal(reply: Reply) -> bool:
    return reply.status // 100 == 4  # noqa: PLR2004 - the class of the client's errors


def _shut(reply: Reply) -> Reply:
    return answer(401, '{"message": "Unauthorized"}') if reply.status == 200 else reply  # noqa: PLR2004 - success


def _embellish(reply: Reply) -> Reply:
    if reply.status != 200 or "json" not in reply.header("content-type"):  # noqa: PLR2004 - success
        return reply
    seen = json.loads(reply.body)
    if not isinstance(seen, dict):
        return reply
    turned = {"something new": [1, 2, 3], **dict(reversed(seen.items()))}
    return replace(reply, body=json.dumps(turned, indent=3).encode())


_ALL = ("api.*",)
_JSON = "application/json"

FAULTS: tuple[Fault, ...] = (
    Fault(
        id="API-03",
        family=_API,
        breaks="the gateway may not call the function",
        promise="api.health",
        stage=visited("api.health", instead(calls, answer(500, '{"message": "Internal server error"}'))),
        behind=_ALL,
    ),
    Fault(
        id="API-05",
        family=_API,
        breaks="the function's answers are malformed",
        promise="api.health",
        stage=visited("api.health", instead(calls, answer(502, '{"message": "Internal server error"}'))),
        behind=_ALL,
    ),
    Fault(
        id="API-06",
        family=_API,
        breaks="the function takes longer than the gateway waits",
        promise="api.health",
        stage=visited("api.health", instead(calls, answer(504, '{"message": "Endpoint request timed out"}'))),
        behind=_ALL,
    ),
    Fault(
        id="API-07",
        family=_API,
        breaks="normal use is throttled",
        promise="api.health",
        stage=visited("api.health", instead(calls, answer(429, '{"message": "Too Many Requests"}'))),
        behind=_ALL,
    ),
    Fault(
        id="API-18",
        family=_API,
        breaks="any origin is sent back",
        promise="api.foreign",
        stage=visited("api.foreign", _echoing),
        behind=("api.cors[*]", "api.foreign[*]"),
    ),
    Fault(
        id="API-19",
        family=_API,
        breaks="preflights do not let the token through",
        promise="api.cors",
        stage=visited(
            "api.cors", at_path(_preflight, lambda reply: reply.saying(Access_Control_Allow_Headers="content-type"))
        ),
        behind=("api.cors[*]",),
    ),
    Fault(
        id="API-20",
        family=_API,
        breaks="the allowed origin is named twice",
        promise="api.cors",
        stage=visited(
            "api.cors",
            at_path(
                lambda v: calls(v) and bool(v.header("origin")),
                lambda reply: reply.also("Access-Control-Allow-Origin", "https://other.example"),
            ),
        ),
        behind=("api.cors[*]", "api.foreign[*]"),
    ),
    Fault(
        id="API-23",
        family=_API,
        breaks="errors of the gateway are told as 200",
        promise="api.guarded",
        stage=visited(
            "api.guarded",
            at_path(calls, lambda reply: replace(reply, status=200) if _is_refusal(reply) else reply),
        ),
        behind=_ALL,
    ),
    Fault(
        id="API-25",
        family=_API,
        breaks="an API key is asked for",
        promise="api.health",
        stage=visited("api.health", instead(calls, answer(403, '{"message": "Forbidden"}'))),
        behind=_ALL,
    ),
    Fault(
        id="API-32",
        family=_API,
        breaks="JSON comes as base64",
        promise="api.health",
        stage=visited("api.health", at_path(calls, lambda reply: replace(reply, body=base64.b64encode(reply.body)))),
        behind=_ALL,
    ),
    Fault(
        id="API-31",
        family=_API,
        breaks="the site's API is another one than the stack's",
        promise="api.direct",
        stage=visited(
            "api.direct",
            amended(
                health, lambda seen: seen.update(commit="0000000", git_sha="0000000", version="another", sha="0000000")
            ),
        ),
        behind=("api.release[*]", "release.whole[*]"),
    ),
    Fault(
        id="X-API-01",
        family=_API,
        breaks="an unknown path is the front page",
        promise="api.unknown",
        stage=visited(
            "api.unknown", instead(_unknown, answer(200, "<!doctype html><title>front</title>", "text/html"))
        ),
        behind=("api.methods[*]", "cdn.protected[*]"),
    ),
    Fault(
        id="X-API-02",
        family=_API,
        breaks="a public route asks for a token",
        promise="api.route",
        stage=visited(
            "api.route",
            at_path(
                lambda v: _bare_and_shut(v) and not health(v) and not _deep(v),
                _shut,
            ),
        ),
        behind=_ALL,
    ),
    Fault(
        id="HLT-02",
        family=_HEALTH,
        breaks="the API says 503 on every try",
        promise="api.health",
        stage=visited("api.health", instead(health, answer(503, '{"status": "down"}'))),
        behind=_ALL,
    ),
    Fault(
        id="HLT-03",
        family=_HEALTH,
        breaks="the health route is gone",
        promise="api.health",
        stage=visited("api.health", instead(health, answer(403, '{"message": "Missing Authentication Token"}'))),
        behind=_ALL,
    ),
    Fault(
        id="HLT-04",
        family=_HEALTH,
        breaks="200, and a part is down",
        promise="api.deep",
        stage=visited(
            "api.deep", amended(_deep, lambda seen: seen.update(status="degraded", own={"store": {"status": "down"}}))
        ),
        behind=("api.*",),
    ),
    Fault(
        id="X-HLT-01",
        family=_HEALTH,
        breaks="200, and the status is degraded",
        promise="api.health",
        stage=visited("api.health", amended(health, lambda seen: seen.update(status="degraded"))),
        behind=_ALL,
    ),
    Fault(
        id="HLT-05",
        family=_HEALTH,
        breaks="200 without a body",
        promise="api.health",
        stage=visited("api.health", instead(health, answer(200, ""))),
        behind=_ALL,
    ),
    Fault(
        id="HLT-06",
        family=_HEALTH,
        breaks="200 with a page",
        promise="api.health",
        stage=visited("api.health", instead(health, answer(200, "<!doctype html><title>front</title>", "text/html"))),
        behind=_ALL,
    ),
    Fault(
        id="HLT-07",
        family=_HEALTH,
        breaks="200 with JSON that is cut off",
        promise="api.health",
        stage=visited("api.health", instead(health, answer(200, '{"status": "ok"'))),
        behind=_ALL,
    ),
    Fault(
        id="HLT-09",
        family=_HEALTH,
        breaks="two words for one status",
        promise="api.health",
        stage=visited("api.health", instead(health, answer(200, '{"status": "ok", "status": "bad"}'))),
        behind=_ALL,
    ),
    Fault(
        id="HLT-24",
        family=_HEALTH,
        breaks="500 with a healthy body",
        promise="api.health",
        stage=visited("api.health", instead(health, answer(500, '{"status": "ok"}'))),
        behind=_ALL,
    ),
    Fault(
        id="AUTH-17",
        family=_AUTH,
        breaks="protected routes take nobody's token",
        promise="api.guarded",
        stage=visited("api.guarded", _open_doors),
        behind=("api.*",),
    ),
    Fault(
        id="AUTH-20",
        family=_AUTH,
        breaks="an unsigned token opens",
        promise="api.forged",
        stage=visited("api.forged", _trusting),
        behind=("api.forged[*]",),
    ),
    Fault(
        id="B-NET-07",
        family=_NET,
        kind="benign",
        breaks="more JSON than before, in another order",
        stage=unnoticed(at_path(calls, _embellish)),
    ),
)
