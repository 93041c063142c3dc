"""Every path and method has one documented answer, and every answer the same manners."""

from __future__ import annotations

import re
from http import HTTPStatus
from pathlib import Path

import pytest

import khaya_api
from khaya_api.access import OPERATIONS, Operation
from khaya_api.handler import router
from khaya_api.incoming import ROUTED_HEADERS
from tests.api.conftest import Stage
from tests.api.events import BUYER, REQUEST_ID, SITE, WWW, Client, event, job

ORIGINS = (SITE, WWW)
STRANGERS = (
    "https://evil.example",
    "http://khaya.example",
    "https://khaya.example.evil.example",
    "https://khaya.example:8443",
    "https://KHAYA.example",
    "https://sub.khaya.example",
    "null",
    "*",
    "",
)


@pytest.mark.parametrize(
    "path",
    ("/nope", "/api/nope", "/api/api/jobs", "/health/deeper", "/jobs/a/b", "//jobs", "/jobs/%20", "/Jobs", "/trpc/x"),
)
def test_an_unknown_path_is_a_json_404(client: Client, path: str) -> None:
    """A04, C18: nonsense is never 2xx, never HTML, and says what it is in the contract's form."""
    answer = client.get(path)

    assert (404, "application/json") == (answer.status, answer.headers["Content-Type"])
    assert {
        "error": {
            "code": "NOT_FOUND",
            "message": "There is nothing at this path.",
            "details": [],
            "request_id": REQUEST_ID,
        }
    } == answer.json


@pytest.mark.parametrize("path", ("/jobs", "/jobs/", "/api/jobs", "/api/jobs/"))
def test_the_same_list_at_each_spelling_of_its_path(client: Client, path: str) -> None:
    """A02: with or without the CDN's prefix, with or without a slash behind."""
    assert (200, {"items": [], "nextCursor": None}) == (client.get(path).status, client.get(path).json)


@pytest.mark.parametrize("path", ("/api", "/api/", "/"))
def test_the_root_is_the_root_behind_the_cdn_too(client: Client, path: str) -> None:
    """`/api` itself is not a path of its own."""
    assert 200 == client.get(path).status


def test_a_path_that_only_begins_like_the_prefix_keeps_it(client: Client) -> None:
    """`/apis` is not `/api` and an `s`."""
    assert 404 == client.get("/apihealth").status


@pytest.mark.parametrize(
    ("path", "allowed"),
    (
        ("/", "GET, HEAD, OPTIONS"),
        ("/health", "GET, HEAD, OPTIONS"),
        ("/jobs", "GET, HEAD, OPTIONS, POST"),
        ("/jobs/some-id", "GET, HEAD, OPTIONS, PATCH"),
        ("/jobs/some-id/bids", "GET, HEAD, OPTIONS, POST"),
        ("/bids/some-id/accept", "OPTIONS, POST"),
        ("/profiles/some-id", "GET, HEAD, OPTIONS, PUT"),
    ),
)
@pytest.mark.parametrize("method", ("DELETE", "CONNECT", "TRACE", "FROB"))
def test_an_unknown_method_names_the_known_ones(client: Client, method: str, path: str, allowed: str) -> None:
    """405 with Allow, and the contract's form."""
    answer = client.send(event(method, path))

    assert (405, allowed, "NOT_FOUND") == (answer.status, answer.headers["Allow"], answer.code)


def test_head_is_get_without_its_body(client: Client) -> None:
    """RFC 9110, 9.3.2."""
    head, get = client.send(event("HEAD", "/health")), client.get("/health")

    assert (200, "", get.headers) == (head.status, head.text, head.headers)


def test_the_table_of_operations_is_what_is_routed(stage: Stage) -> None:
    """Nothing is served that the table does not name, nothing is named that is not served."""
    app = router(stage.kit)
    routed = {(route.method, route.path) for route in app._static_routes + app._dynamic_routes}

    assert {(operation.method, operation.path) for operation in OPERATIONS} == routed


def test_every_header_that_a_route_asks_for_reaches_it(stage: Stage) -> None:
    """The router is handed no other: what is asked for and not handed on would be missing, and nobody would know."""
    app = router(stage.kit)
    routes = app._static_routes + app._dynamic_routes
    asked = {field.alias.lower() for route in routes for field in route.dependant.header_params}

    assert asked == set(ROUTED_HEADERS)
    assert [] == [route.path for route in routes if route.dependant.cookie_params]


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: f"{operation.method} {operation.path}")
def test_every_operation_is_described(stage: Stage, operation: Operation) -> None:
    """The description generated from the code knows every operation, with a summary and a tag."""
    document = router(stage.kit).get_openapi_schema(title="Khaya", version="1").model_dump(by_alias=True)
    method, path = operation.method.lower(), re.sub(r"<(\w+)>", r"{\1}", operation.path)

    described = document["paths"][path][method]

    assert described["summary"]
    assert described["tags"]


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: f"{operation.method} {operation.path}")
def test_every_operation_has_a_line_in_the_documentation(operation: Operation) -> None:
    """A route nobody can read about is found by nobody but attackers."""
    text = (Path(khaya_api.__file__).parents[1] / "docs" / "api.md").read_text("utf-8")

    assert f"| `{operation.method} {operation.path}` |" in text


@pytest.mark.parametrize("origin", ORIGINS)
def test_the_site_s_own_scripts_may_read_answers(client: Client, origin: str) -> None:
    """A16, E04: apex and www alike, each named exactly; errors too, else they look like network failures."""
    for path, status in (("/health", 200), ("/nope", 404), ("/auth/me", 401)):
        answer = client.get(path, headers={"Origin": origin})

        assert (status, origin) == (answer.status, answer.headers["Access-Control-Allow-Origin"])
        assert "X-Request-Id" in answer.headers["Access-Control-Expose-Headers"]
        assert "Access-Control-Allow-Credentials" not in answer.headers


@pytest.mark.parametrize("origin", STRANGERS)
def test_other_sites_scripts_may_not(client: Client, origin: str) -> None:
    """A16, A17: no wildcard, no likeness, no echo."""
    for sent in (
        event("GET", "/health", headers={"Origin": origin}),
        event("OPTIONS", "/jobs", headers={"Origin": origin}),
    ):
        answer = client.send(sent)

        assert not [name for name in answer.headers if name.startswith("Access-Control-")]


@pytest.mark.parametrize("origin", (SITE, "https://evil.example", None))
def test_every_answer_varies_by_origin(client: Client, origin: str | None) -> None:
    """D10: a cache never hands one origin's answer to another, also where none was named."""
    answer = client.get("/jobs", headers={"Origin": origin} if origin else {})

    assert "Origin" == answer.headers["Vary"]


@pytest.mark.parametrize("name", ("Origin", "origin", "ORIGIN"))
def test_header_names_have_no_case(client: Client, name: str) -> None:
    """E15: HTTP/2 and the CDN write them small."""
    assert SITE == client.get("/health", headers={name: SITE}).headers["Access-Control-Allow-Origin"]


@pytest.mark.parametrize(
    ("path", "methods"), (("/jobs", "GET, HEAD, OPTIONS, POST"), ("/auth/me", "GET, HEAD, OPTIONS"))
)
def test_a_preflight_says_what_may_be_sent(client: Client, path: str, methods: str) -> None:
    """What the gateway's own preflight says, for those that get past it."""
    answer = client.send(event("OPTIONS", path, headers={"Origin": SITE, "Access-Control-Request-Method": "POST"}))

    assert (204, "", SITE) == (answer.status, answer.text, answer.headers["Access-Control-Allow-Origin"])
    assert methods == answer.headers["Access-Control-Allow-Methods"]
    assert {"Authorization", "Content-Type", "Idempotency-Key"} <= set(
        answer.headers["Access-Control-Allow-Headers"].split(", ")
    )


def test_a_preflight_of_an_unknown_path_is_a_404(client: Client) -> None:
    """There is nothing to ask permission for."""
    assert 404 == client.send(event("OPTIONS", "/nope", headers={"Origin": SITE})).status


@pytest.mark.parametrize("path", ("/", "/health", "/jobs", "/nope", "/auth/me"))
def test_every_answer_carries_the_security_headers(client: Client, path: str) -> None:
    """By name and value, on errors as on successes."""
    headers = client.get(path).headers

    assert "no-store" == headers["Cache-Control"]
    assert "nosniff" == headers["X-Content-Type-Options"]
    assert "DENY" == headers["X-Frame-Options"]
    assert "no-referrer" == headers["Referrer-Policy"]
    assert headers["Strict-Transport-Security"].startswith("max-age=63072000")
    assert headers["Content-Security-Policy"].startswith("default-src 'none'")


def test_the_gateway_s_request_id_is_in_every_answer(client: Client) -> None:
    """What a person reads out on the phone is what stands in the log."""
    assert REQUEST_ID == client.get("/health").headers["X-Request-Id"]
    refused = client.get("/nope")
    assert (REQUEST_ID, REQUEST_ID) == (refused.headers["X-Request-Id"], refused.json["error"]["request_id"])


@pytest.mark.parametrize("given", (None, "", "a\r\nSet-Cookie: x=1", "x" * 65, 7, ["a"]))
def test_an_odd_request_id_is_replaced(client: Client, given: object) -> None:
    """Nothing that came in becomes a header unseen."""
    sent = event("GET", "/nope")
    sent["requestContext"]["requestId"] = given

    answer = client.send(sent)

    assert re.fullmatch(r"[0-9a-f-]{36}", answer.headers["X-Request-Id"])
    assert answer.headers["X-Request-Id"] == answer.json["error"]["request_id"]


@pytest.mark.parametrize("name", ("stauts", "x" * 300, "Status"))
def test_a_misspelt_parameter_is_refused_by_name(client: Client, name: str) -> None:
    """Ignoring it would answer another question than the one asked."""
    answer = client.get("/jobs", query={name: "open"})

    assert (400, "VALIDATION_ERROR", [name[:100]]) == (answer.status, answer.code, answer.fields)


def test_an_error_nobody_thought_of_says_nothing(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """C16: code and request id; not the message, not the type, not the way it came."""

    def break_down(*_given: object, **_named: object) -> None:
        raise RuntimeError("+27821234567 in /var/task/secret.py")

    monkeypatch.setattr("khaya_api.jobs.browse_jobs", break_down)
    # Switches on answers with stack traces, unless that was refused when the router was made.
    monkeypatch.setenv("POWERTOOLS_DEV", "true")

    answer = stage.client.get("/jobs")

    assert HTTPStatus.INTERNAL_SERVER_ERROR == answer.status
    assert {
        "error": {
            "code": "INTERNAL_ERROR",
            "message": "Something went wrong on our side.",
            "details": [],
            "request_id": REQUEST_ID,
        }
    } == answer.json


def test_an_error_before_the_router_says_as_little(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """The wall stands around everything, not only around routes."""
    monkeypatch.setattr("khaya_api.handler.find", lambda _request: 1 / 0)

    assert (500, "INTERNAL_ERROR") == (stage.client.get("/jobs").status, stage.client.get("/jobs").code)


def test_a_posted_job_is_found_behind_either_address(client: Client) -> None:
    """The Location is relative: resolved against /api/jobs or /prod/jobs it leads to the job."""
    for prefix in ("", "/api"):
        posted = client.post(f"{prefix}/jobs", job(), claims=BUYER)

        assert 200 == client.get(f"{prefix}/{posted.headers['Location']}").status
