from __future__ import annotations

import pytest

from checks.evidence import Response, Responses, Silence
from checks.model import Check
from checks.promises import samples
from tests.promises.worlds import (
    APEX,
    HOSTILE,
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

GOOD = response(200, '{"status": "ok"}', "application/json")
BAD = response(502, "{}", "application/json")
HEALTH = f"api.steady[{APEX}/api/health]"
METHODS = f"api.methods[{APEX}/api/*]"


def _checks() -> dict[str, Check]:
    return planned(samples.checks(site()))


def _refusal(status: int = 403, kind: str = "application/json", **headers: str) -> Response:
    given = {"x-amzn-requestid": "r-1"} | headers
    body = '{"message":"Missing Authentication Token"}' if "json" in kind else "<html>"
    return response(status, body, kind, headers=tuple(given.items()))


def test_an_api_is_sampled_nine_times_and_tried_with_the_methods_that_it_has() -> None:
    """Those of the template; a path with any method has all of them."""
    checks = _checks()

    assert (9, f"https://{APEX}/api/health") == (checks[HEALTH].params["samples"], checks[HEALTH].params["url"])
    assert ("POST", "PUT", "PATCH", "DELETE") == checks[METHODS].params["methods"]


def test_an_api_without_an_edge_is_not_tried() -> None:
    """Nothing stands between it and its callers."""
    assert not [name for name in planned(samples.checks(target(*api_resources()))) if name.startswith("api.methods")]


def test_only_methods_of_the_template_are_tried() -> None:
    """An edge may well keep the others away."""
    resources = [each for each in api_resources() if each.properties.get("HttpMethod") != "ANY"]
    front = next(each for each in site().of_type("AWS::CloudFront::Distribution"))
    checks = planned(samples.checks(target(front, *resources, domain=APEX)))

    assert ("POST",) == checks[METHODS].params["methods"]
    assert HEALTH in checks


@pytest.mark.parametrize(
    ("answers", "status", "told"),
    (
        ((GOOD,) * 9, "pass", "9 of 9"),
        ((GOOD,) * 8, "fail", "8 of 9"),
        ((*(GOOD,) * 8, BAD), "fail", "8 of 9"),
        ((*(GOOD,) * 6, BAD, silence(), BAD), "fail", "6 of 9"),
        ((response(200, "<html>", "text/html"),) * 9, "fail", "0 of 9"),
        ((), "fail", "0 of 9"),
    ),
)
def test_every_sample_is_good(answers: tuple[Response | Silence, ...], status: str, told: str) -> None:
    """How many of how many is said either way."""
    verdict = _checks()[HEALTH].sight.judge(Responses(responses=answers), NOW)

    assert status == verdict.status
    assert verdict.actual.startswith(told)


def test_each_sample_is_a_request_of_its_own() -> None:
    """The world answers the same question only once."""
    heard: list[object] = []

    def fetch(_url: str, *, headers: dict[str, str]) -> Response:
        heard.append(headers["x-asked"])
        return GOOD

    seen = _checks()[HEALTH].sight.look(world({("fetch",): fetch}))

    assert isinstance(seen, Responses)
    assert (9, 9) == (len(seen.responses), len(set(heard)))


@pytest.mark.parametrize(
    ("answer", "status"),
    (
        (_refusal(), "pass"),
        (_refusal(404), "pass"),
        (_refusal(403, "text/html"), "fail"),
        (response(403, "{}", "application/json"), "fail"),
        (_refusal(200), "fail"),
        (_refusal(502), "fail"),
        (silence(), "fail"),
    ),
    ids=("refused", "not found", "the edge's page", "somebody else's JSON", "let in", "broken", "silent"),
)
def test_each_method_reaches_the_api(answer: Response | Silence, status: str) -> None:
    """One that does not is enough."""
    check = _checks()[METHODS]

    def fetch(url: str, *, method: str) -> Response | Silence:
        assert "/nobody-made-this-" in url
        return answer if method == "PATCH" else _refusal()

    assert status == check.sight.judge(check.sight.look(world({("fetch",): fetch})), NOW).status


def test_an_answer_too_few_is_no_pass() -> None:
    """Nor is none at all."""
    assert "fail" == _checks()[METHODS].sight.judge(Responses(responses=(_refusal(),)), NOW).status
    assert "fail" == _checks()[METHODS].sight.judge(Responses(responses=()), NOW).status


def test_nothing_that_a_server_says_reaches_a_terminal() -> None:
    """Hostile text is one harmless line."""
    hostile = response(500, HOSTILE, HOSTILE)
    for check in (*_checks().values(), planned(samples.checks(site(resource("X"))))[HEALTH]):
        assert check.sight.judge(Responses(responses=(hostile,) * 9), NOW).actual.isprintable()
