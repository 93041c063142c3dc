"""Whatever comes in, what goes out is an answer of the contract, and not our error."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.api.conftest import Stage
from tests.api.events import BUYER, JOB, Answer, event

# The stage is shared by the examples of one test; what one of them posts does not disturb the next.
many = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
names = st.sampled_from([*JOB, "startDate", "completionDate", "id", "buyerId", "surprise"])
near_jobs = st.dictionaries(names, json_values, max_size=3).map(lambda changes: {**JOB, **changes})
paths = st.sampled_from(["/", "/health", "/auth/me", "/jobs", "/jobs/x", "/api/jobs", "/nope"]) | st.text(max_size=30)
methods = st.sampled_from(["GET", "POST", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE"]) | st.text(max_size=8)
texts = st.text(max_size=40)


@many
@given(body=near_jobs)
def test_a_body_near_a_job(stage: Stage, body: dict[str, Any]) -> None:
    """201, or 400 that names a field; and what was accepted is what is stored."""
    answer = stage.client.post("/jobs", body, claims=BUYER)

    assert answer.status in {201, 400}
    if answer.status == 201:
        assert answer.json == stage.client.get(f"/jobs/{answer.json['id']}").json
    else:
        assert answer.fields
        is_contract(answer)


@many
@given(body=st.text(st.characters(codec=None)) | json_values.map(json.dumps), base64=st.booleans())
def test_any_body(stage: Stage, body: str, base64: bool) -> None:  # noqa: FBT001 - drawn
    """Texts, JSON and half of it, said to be base64 or not."""
    sent = event("POST", "/jobs", body=body, base64=base64, headers={"Content-Type": "application/json"}, claims=BUYER)

    is_contract(stage.client.send(sent))


@many
@given(name=st.sampled_from(["status", "limit", "cursor"]) | texts, values=st.lists(texts, max_size=2))
def test_any_parameter(stage: Stage, name: str, values: list[str]) -> None:
    """Known or unknown, once, twice or not at all."""
    is_contract(stage.client.get("/jobs", query={name: values}))


@many
@given(
    name=st.sampled_from(["Content-Type", "Origin", "Idempotency-Key", "Authorization", "Accept"]),
    value=texts,
    method=methods,
    path=paths,
)
def test_any_header(stage: Stage, name: str, value: str, method: str, path: str) -> None:
    """On any method of any path."""
    sent = event(method, path, headers={name: value}, body="{}", claims=BUYER)

    is_contract(stage.client.send(sent))


@many
@given(
    changes=st.dictionaries(
        st.sampled_from(
            [
                "path",
                "httpMethod",
                "headers",
                "multiValueHeaders",
                "queryStringParameters",
                "multiValueQueryStringParameters",
                "requestContext",
                "body",
                "isBase64Encoded",
            ]
        ),
        json_values,
        min_size=1,
    ),
    path=st.sampled_from(["/jobs", "/auth/me", "/jobs/x"]),
    method=st.sampled_from(["GET", "POST"]),
)
def test_any_event(stage: Stage, changes: dict[str, Any], path: str, method: str) -> None:
    """A proxy event some of whose parts are anything at all."""
    whole = event(method, path, body="{}", headers={"Content-Type": "application/json"}, claims=BUYER)

    is_contract(stage.client.send({**whole, **changes}))


@many
@given(authorizer=json_values | st.fixed_dictionaries({"claims": st.dictionaries(st.just("sub") | texts, json_values)}))
def test_any_authorizer(stage: Stage, authorizer: object) -> None:
    """Whatever the gateway says of somebody, it is that somebody or nobody."""
    sent = event("GET", "/auth/me")
    sent["requestContext"]["authorizer"] = authorizer

    answer = stage.client.send(sent)

    assert answer.status in {200, 401}
    is_contract(answer)


@pytest.mark.parametrize("sent", (None, [], "text", 7, {}, {"httpMethod": "GET"}, {"source": "aws.events"}))
def test_what_is_no_request_at_all(stage: Stage, sent: object) -> None:
    """Called by hand, by a schedule, by a test in the console."""
    answer = stage.client.send(sent)

    assert 400 <= answer.status < 500 or sent == {"httpMethod": "GET"}
    is_contract(answer)


def is_contract(answer: Answer) -> None:
    """No 5xx, and an error in the contract's form."""
    assert answer.status < 500
    if answer.status >= 400 and answer.text:
        error = answer.json["error"]
        assert {"code", "message", "details", "request_id"} == set(error)
        assert answer.headers["X-Request-Id"] == error["request_id"]
        assert all({"field", "problem"} == set(detail) for detail in error["details"])
        assert "Traceback" not in answer.text
