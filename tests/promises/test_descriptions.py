from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from checks.evidence import Response, Silence, Trial, Trials
from checks.model import Check, Resource
from checks.promises import descriptions
from tests.promises.worlds import (
    APEX,
    NOW,
    api_resources,
    planned,
    resource,
    response,
    silence,
    site,
    target,
    world,
)

URL = f"https://{APEX}/api"
DOCUMENT = {
    "servers": [{"url": "/api"}],
    "paths": {
        "/jobs": {
            "get": {
                "parameters": [
                    {"name": "status", "in": "query", "schema": {"enum": ["open", "closed"]}},
                    {"name": "limit", "in": "query", "schema": {"type": "integer", "minimum": 1, "maximum": 50}},
                ]
            },
            "post": {},
        },
        "/": {"get": {}},
        "/health": {"get": {}},
        "/me": {"get": {}},
        "/stories": {"get": {}},
    },
}


def _describing() -> tuple[Resource, ...]:
    folder = resource(
        "AWS::ApiGateway::Resource",
        {"RestApiId": "api1", "PathPart": "openapi.json", "ParentId": "root"},
        subject="Api/description",
        physical_id="description",
    )
    said = {"RestApiId": "api1", "HttpMethod": "GET", "ResourceId": "description", "AuthorizationType": "NONE"}
    return folder, resource("AWS::ApiGateway::Method", said, subject="Api/openapi.json/GET")


def _check(promise: str) -> Check:
    return planned(descriptions.checks(site(*_describing())))[f"api.{promise}[{APEX}/api/*]"]


def _api(query: str) -> int:
    """What an API that keeps its description answers."""
    said = parse_qs(query, keep_blank_values=True)
    status, limit = said.pop("status", ["open"]), said.pop("limit", ["1"])
    well = status in [["open"], ["closed"]] and len(limit) == 1 and limit[0].isdecimal() and 1 <= int(limit[0]) <= 50
    return 200 if well and not said else 400


def _edge(change: Callable[[str], str]) -> Any:  # noqa: ANN401
    def fetch(url: str, method: str = "GET", **_: object) -> Response | Silence:
        if url.endswith("openapi.json"):
            return response(200, json.dumps(DOCUMENT), "application/json", url=url)
        if method != "GET":
            return response(405, '{"error": 1}', "application/json", url=url, method=method)
        return response(_api(change(urlsplit(url).query)), "{}", "application/json", url=url)

    return world({("fetch",): fetch})


@pytest.mark.parametrize(
    ("change", "status"),
    (
        pytest.param(lambda query: query, "pass", id="as it was sent"),
        pytest.param(lambda query: "&".join(sorted(query.split("&"))), "pass", id="sorted"),
        pytest.param(lambda _: "", "fail", id="stripped"),
        pytest.param(lambda query: query.partition("&")[0], "fail", id="the first alone"),
        pytest.param(lambda query: query.rpartition("&")[2], "fail", id="the last alone"),
        pytest.param(lambda query: "" if "limit" in query else query, "fail", id="one of them dropped"),
        pytest.param(lambda query: query.replace("%26", "&"), "fail", id="decoded"),
        pytest.param(lambda query: query.replace("%", "%25"), "fail", id="encoded twice"),
        pytest.param(lambda query: query.replace("=", ""), "fail", id="values dropped"),
        pytest.param(lambda query: f"{query}&from=edge", "fail", id="something added"),
    ),
)
def test_a_query_arrives_as_it_was_sent(change: Callable[[str], str], status: str) -> None:
    """Each way to lose it is seen in an answer."""
    check = _check("query")
    seen = check.sight.look(_edge(change))

    assert status == descriptions.judge_query(seen, NOW).status  # type: ignore[arg-type]


def _trial(status: int, wanted: str = "refused") -> Trial:
    return Trial(asked="PUT https://shop.test/api/health", wanted=wanted, status=status, said="")


@pytest.mark.parametrize(
    ("trials", "query", "refuses"),
    (
        pytest.param((_trial(400),), "pass", "pass", id="400"),
        pytest.param((_trial(422),), "pass", "pass", id="422"),
        pytest.param((_trial(405),), "fail", "pass", id="405"),
        pytest.param((_trial(403),), "fail", "pass", id="403"),
        pytest.param((_trial(501),), "fail", "pass", id="501"),
        pytest.param((_trial(429),), "fail", "fail", id="throttled"),
        pytest.param((_trial(500),), "fail", "fail", id="500"),
        pytest.param((_trial(301),), "fail", "fail", id="301"),
        pytest.param((_trial(200),), "fail", "fail", id="200"),
        pytest.param((_trial(400), _trial(200)), "fail", "fail", id="one of two"),
        pytest.param((_trial(400), silence()), "fail", "fail", id="one without an answer"),
        pytest.param((), "pass", "pass", id="nothing to ask"),
    ),
)
def test_what_is_not_offered_is_refused(trials: tuple[Any, ...], query: str, refuses: str) -> None:
    """A value out of bounds with 400, a method that nobody offers in any way."""
    seen = Trials(trials=trials)

    assert (query, refuses) == (
        descriptions.judge_query(seen, NOW).status,
        descriptions.judge_refuses(seen, NOW).status,
    )


@pytest.mark.parametrize(
    ("status", "verdict"),
    (
        *((199, "fail"), (200, "pass"), (204, "pass"), (299, "pass"), (300, "fail")),
        *((404, "pass"), (410, "pass"), (400, "fail"), (403, "fail"), (500, "fail")),
    ),
)
def test_what_is_in_bounds_is_answered(status: int, verdict: str) -> None:
    """That there is nothing of the kind is an answer; a refusal is none."""
    assert verdict == descriptions.judge_query(Trials(trials=(_trial(status, "answered"),)), NOW).status


def test_a_description_that_cannot_be_read_proves_nothing() -> None:
    """And one that bounds nothing is told as such."""
    for judge in (descriptions.judge_query, descriptions.judge_refuses):
        verdict = judge(Trials(trials=(), unread="503"), NOW)
        assert ("fail", "the description: 503") == (verdict.status, verdict.actual)
        assert f"{APEX}:443: connection refused" == judge(Trials(trials=(_trial(400), silence())), NOW).actual
        assert "2 of 2" == judge(Trials(trials=(_trial(400), _trial(422))), NOW).actual
    assert "no open operation" in descriptions.judge_query(Trials(trials=()), NOW).actual
    assert "no route of the API only reads" == descriptions.judge_refuses(Trials(trials=()), NOW).actual
    for body in ("[]", "no JSON"):
        there = world({("fetch",): response(200, body, "application/json")})
        assert "" != _check("query").sight.look(there).unread  # type: ignore[attr-defined]
        assert "" != _check("refuses").sight.look(there).unread  # type: ignore[attr-defined]


def test_routes_that_only_read_are_tried_with_what_they_do_not_offer() -> None:
    """The first, the last and one in the middle; nothing that can be written to is touched."""
    seen = _check("refuses").sight.look(_edge(str))

    assert isinstance(seen, Trials)
    assert [f"{method} {URL}{path}" for path in ("/", "/me", "/stories") for method in ("TRACE", "PUT", "DELETE")] == [
        each.asked for each in seen.trials if isinstance(each, Trial)
    ]
    assert "pass" == descriptions.judge_refuses(seen, NOW).status


def test_without_a_description_the_template_says_what_only_reads() -> None:
    """Whoever offers ANY leaves that to the code behind it; and of a query nothing can be asked then."""
    found = planned(descriptions.checks(site()))

    assert [f"api.refuses[{APEX}/api/*]"] == list(found)
    assert (f"{URL}/health", f"{URL}/health/deep", f"{URL}/auth/me") == found[f"api.refuses[{APEX}/api/*]"].params[
        "paths"
    ]
    seen = found[f"api.refuses[{APEX}/api/*]"].sight.look(_edge(str))
    assert 9 == len(seen.trials)  # type: ignore[attr-defined]


def test_without_an_edge_no_query_passes_one() -> None:
    """An API without an address is asked nothing at all."""
    assert ["api.refuses[Api/*]"] == list(planned(descriptions.checks(target(*api_resources(), *_describing()))))
    assert {} == planned(descriptions.checks(target(api_resources()[0])))
