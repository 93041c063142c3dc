"""The API's own description: OpenAPI 3.1, made from the routes and the table of operations."""

from __future__ import annotations

import json
import re
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response, content_types

from khaya_api.access import ANYBODY, OPERATIONS, SIGNED_IN, Operation
from khaya_api.kit import Kit

Document = dict[str, Any]

_ERROR: Document = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message", "details", "request_id"],
            "properties": {
                "code": {"type": "string"},
                "message": {"type": "string"},
                "details": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "required": ["field", "problem"],
                        "properties": {"field": {"type": "string"}, "problem": {"type": "string"}},
                    },
                },
                "request_id": {"type": "string"},
            },
        }
    },
}
_ANY_ANSWER = {429: "A limit is reached", 500: "Our fault", 503: "Our fault; Retry-After says when to try again"}
_PROTECTED = {401: "Nobody is signed in", 403: "Somebody is signed in who may not"}
_WITH_BODY = {413: "The body is too large", 415: "The body is not JSON"}
# Where an answer leads: the operations that take an id, and where in the body of the answer it is.
_LINKS: tuple[tuple[str, int, str, str, tuple[str, ...]], ...] = (
    (
        "POST /jobs",
        201,
        "job_id",
        "/id",
        (
            "GET /jobs/<job_id>",
            "PATCH /jobs/<job_id>",
            "POST /jobs/<job_id>/bids",
            "GET /jobs/<job_id>/bids",
            "POST /jobs/<job_id>/complete",
            "POST /jobs/<job_id>/cancel",
        ),
    ),
    ("POST /jobs/<job_id>/bids", 201, "bid_id", "/id", ("POST /bids/<bid_id>/accept", "POST /bids/<bid_id>/withdraw")),
    ("POST /bids/<bid_id>/accept", 200, "job_id", "/jobId", ("POST /jobs/<job_id>/complete",)),
    ("POST /listings", 201, "listing_id", "/id", ("GET /listings/<listing_id>", "PATCH /listings/<listing_id>")),
    ("POST /referrals", 201, "code", "/referralCode", ("GET /referrals/<code>", "POST /referrals/<code>/apply")),
    (
        "POST /stories",
        201,
        "story_id",
        "/id",
        ("POST /stories/<story_id>/like", "POST /stories/<story_id>/approve", "POST /stories/<story_id>/reject"),
    ),
    (
        "GET /auth/me",
        200,
        "user_id",
        "/sub",
        (
            "GET /profiles/<user_id>",
            "PUT /profiles/<user_id>",
            "POST /profiles/<user_id>/verify",
            "GET /users/<user_id>/reviews",
        ),
    ),
)
# Below the site, where a browser finds the API; the gateway's own address is nobody's door.
_SERVERS = [{"url": "/api"}]
_WRITING = {409: "It does not go together with how things are", 422: "The key belongs to another request"}


def serve(app: APIGatewayRestResolver, kit: Kit) -> None:
    """Register the description; it is made when it is first asked for, so that no cold start waits for it."""
    made: list[str] = []

    @app.get("/openapi.json", tags=["health"], summary="What this API takes and answers")
    def document() -> Response[str]:
        if not made:
            made.append(json.dumps(describe(app, kit.settings.version), separators=(",", ":")))
        return Response(200, content_types.APPLICATION_JSON, made[0])


def describe(app: APIGatewayRestResolver, version: str) -> Document:
    """The document: the router's own, with who may call what and the errors of the contract."""
    text = app.get_openapi_json_schema(title="Khaya", version=version, openapi_version="3.1.0")
    document: Document = json.loads(text)
    for operation in OPERATIONS:
        path = re.sub(r"<(\w+)>", r"{\1}", operation.path)
        _complete(document["paths"][path][operation.method.lower()], operation)
    document["servers"] = _SERVERS
    for part in (document["paths"], document.get("components", {})):
        _untitled(part)
    _link(document)
    components = document.setdefault("components", {})
    components.setdefault("schemas", {})["Error"] = _ERROR
    # Said once: at each operation again, they would be more than half of the document.
    components["responses"] = {
        _error_name(status): _error(reason) for each in OPERATIONS for status, reason in sorted(_errors(each).items())
    }
    _keep_what_is_used(document)
    components["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}}
    return document


def _complete(described: Document, operation: Operation) -> None:
    described["operationId"] = _name(operation)
    for parameter in described.get("parameters", ()):
        # Beside the parameter's own, which is the same.
        parameter["schema"].pop("description", None)
    described["security"] = [] if operation.who is ANYBODY else [{"token": []}]
    if operation.who not in {ANYBODY, SIGNED_IN}:
        described["description"] = f"For: {', '.join(sorted(operation.who or ()))}."
    for status in _errors(operation):
        described["responses"][str(status)] = {"$ref": f"#/components/responses/{_error_name(status)}"}
    if operation.path == "/health/deep":
        described["responses"]["503"] = {**described["responses"]["200"], "description": "Something of ours is out"}
    # The router promises 422 for what is a 400 here; where there is a key to repeat, 422 is what is left of it.
    if operation.method == "GET":
        described["responses"].pop("422", None)


def _untitled(part: Any) -> None:  # noqa: ANN401 - any part of the document
    """Take off the titles that repeat a field's own name; a field that is called `title` is a mapping, not a text."""
    if isinstance(part, dict) and isinstance(part.get("title"), str):
        del part["title"]
    for inner in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        _untitled(inner)


def _keep_what_is_used(document: Document) -> None:
    """Take out the schemas that nothing refers to: the router's own errors, which nobody here ever gets."""
    schemas = document["components"]["schemas"]
    while unused := [name for name in schemas if f'"#/components/schemas/{name}"' not in json.dumps(document)]:
        for name in unused:
            del schemas[name]


def _link(document: Document) -> None:
    names = {f"{operation.method} {operation.path}": _name(operation) for operation in OPERATIONS}
    for source, status, parameter, pointer, targets in _LINKS:
        method, path = source.split(" ")
        answer = document["paths"][re.sub(r"<(\w+)>", r"{\1}", path)][method.lower()]["responses"][str(status)]
        links = answer.setdefault("links", {})
        for target in targets:
            given = {parameter: f"$response.body#{pointer}"}
            links[names[target]] = {"operationId": names[target], "parameters": given}


def _errors(operation: Operation) -> dict[int, str]:
    errors = {400: "Something in the request breaks a rule", **_ANY_ANSWER}
    errors |= {} if operation.who is ANYBODY else _PROTECTED
    errors |= _WITH_BODY if operation.has_body else {}
    errors |= {} if operation.method == "GET" else _WRITING
    # A review names its job in the body.
    names = "<" in operation.path or (operation.method, operation.path) == ("POST", "/reviews")
    return errors | ({404: "There is no such thing"} if names else {})


def _error(reason: str) -> Document:
    return {
        "description": reason,
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
    }


def _error_name(status: int) -> str:
    return f"Error{status}"


def _name(operation: Operation) -> str:
    words = re.findall(r"\w+", operation.path) or ["root"]
    return "_".join([operation.method.lower(), *words])
