from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from checks.evidence import Response, Responses, Silence
from checks.promises import contract
from tests.promises.worlds import (
    APEX,
    API_HOST,
    NOW,
    REGION,
    WWW,
    api_resources,
    planned,
    resource,
    response,
    silence,
    site,
    target,
    world,
)

ORIGIN = f"https://{APEX}"
EVIL = "https://evil.invalid"
ERROR = '{"error": {"code": "AUTH_ERROR"}}'
PAGE = response(200, "<!doctype html><title>Shop</title>", "text/html")


def _json(body: str = ERROR, status: int = 200) -> Response:
    return response(status, body, "application/json")


def test_every_route_that_can_be_asked_as_it_is() -> None:
    """Open ones, protected ones with no token and a forged one, foreign callers, and a path that is not there."""
    me, jobs = f"{APEX}/api/auth/me", f"{APEX}/api/jobs"

    expected = [
        f"api.guarded[{me}]",
        f"api.forged[{me}]",
        f"api.route[{jobs}]",
        f"api.cors[{me}]",
        f"api.foreign[{me}]",
    ]
    assert [*expected, f"api.unknown[{APEX}/api/*]"] == list(planned(contract.checks(site())))


def test_without_a_site_nobody_calls_from_one() -> None:
    """No hosts, no origins; the rest is asked at the stage."""
    checks = planned(contract.checks(target(*api_resources())))

    assert "api.cors[Api/auth/me]" not in checks
    assert f"https://{API_HOST}/prod" == checks["api.unknown[Api/*]"].params["url"]


def test_an_api_without_an_address_is_not_asked() -> None:
    """Nothing is planned that has nowhere to go."""
    assert {} == planned(contract.checks(target(resource("AWS::ApiGateway::RestApi", physical_id="api1"))))


def test_each_check_speaks_for_its_resources() -> None:
    """Methods by their own routes, catch-alls and the API itself by the path that does not exist."""
    checks = planned(contract.checks(site()))

    assert ("Apiauth/meGET".replace("/", ""),) == checks[f"api.guarded[{APEX}/api/auth/me]"].place.covers
    assert ("Apiauth/meOPTIONS".replace("/", ""),) == checks[f"api.cors[{APEX}/api/auth/me]"].place.covers
    assert ("Api", "ApiANY") == checks[f"api.unknown[{APEX}/api/*]"].place.covers


@pytest.mark.parametrize(
    ("seen", "status"),
    (
        pytest.param(_json('{"jobs": []}'), "pass", id="an object"),
        pytest.param(_json("[]"), "pass", id="an array"),
        pytest.param(_json(ERROR, 401), "fail", id="a token is asked for"),
        pytest.param(_json(ERROR, 500), "fail", id="an error"),
        pytest.param(_json(ERROR, 429), "fail", id="throttled"),
        pytest.param(PAGE, "fail", id="a page"),
        pytest.param(silence(), "fail", id="silence"),
    ),
)
def test_an_open_route_answers_with_json(seen: Response | Silence, status: str) -> None:
    """The site's home page with 200 is not the answer."""
    assert status == contract.judge_route(seen, NOW).status


@pytest.mark.parametrize(
    ("seen", "status"),
    (
        pytest.param(_json(ERROR, 401), "pass", id="401"),
        pytest.param(_json('{"message": "Forbidden"}', 403), "pass", id="403"),
        pytest.param(_json('{"id": "u1"}', 200), "fail", id="let in"),
        pytest.param(_json(ERROR, 500), "fail", id="an error"),
        pytest.param(response(403, "<html><title>x</title>", "text/html"), "fail", id="refused by the edge"),
        pytest.param(PAGE, "fail", id="a page"),
        pytest.param(silence(), "fail", id="silence"),
    ),
)
def test_a_protected_route_refuses_in_json(seen: Response | Silence, status: str) -> None:
    """Let in is a breach, and a page is no refusal."""
    assert status == contract.judge_refused(seen, NOW).status


@pytest.mark.parametrize(
    ("seen", "status"),
    (
        pytest.param(_json(ERROR, 404), "pass", id="404 in JSON"),
        pytest.param(_json('{"message": "Missing Authentication Token"}', 403), "fail", id="403 about tokens"),
        pytest.param(_json(ERROR, 200), "fail", id="200 in JSON"),
        pytest.param(PAGE, "fail", id="the home page"),
        pytest.param(response(404, "<html>", "text/html"), "fail", id="a page with 404"),
        pytest.param(silence(), "fail", id="silence"),
    ),
)
def test_an_unknown_path_is_a_404_in_json(seen: Response | Silence, status: str) -> None:
    """Neither a success nor a page nor a riddle."""
    assert status == contract.judge_unknown(seen, NOW).status


def _allow(origin: str = ORIGIN, status: int = 204, **more: str) -> Response:
    named = {"access-control-allow-origin": origin, **{key.replace("_", "-"): value for key, value in more.items()}}
    return response(status, headers=tuple((key, value) for key, value in named.items() if value))


TOKEN: dict[str, Any] = {"access_control_allow_headers": "Content-Type, Authorization"}


@pytest.mark.parametrize(
    ("seen", "guarded", "status"),
    (
        pytest.param(_allow(**TOKEN), True, "pass", id="the origin and the token"),
        pytest.param(_allow("*", 200, **TOKEN), True, "pass", id="everybody"),
        pytest.param(_allow(), False, "pass", id="no token needed"),
        pytest.param(_allow(), True, "fail", id="the token's header is not allowed"),
        pytest.param(_allow(access_control_allow_headers="*"), True, "fail", id="a star does not cover it"),
        pytest.param(_allow(""), False, "fail", id="no origin"),
        pytest.param(_allow(f"https://{WWW}"), False, "fail", id="another origin"),
        pytest.param(_allow(f"{ORIGIN}, {ORIGIN}"), False, "fail", id="the origin twice"),
        pytest.param(_allow(status=401, **TOKEN), True, "fail", id="the authorizer stands before it"),
        pytest.param(_allow(status=299, **TOKEN), True, "pass", id="the last success"),
        pytest.param(_allow(status=300, **TOKEN), True, "fail", id="the first after it"),
        pytest.param(_allow(status=302, **TOKEN), True, "fail", id="a redirect"),
        pytest.param(silence(), False, "fail", id="silence"),
    ),
)
def test_a_browser_on_our_site_may_call(seen: Response | Silence, *, guarded: bool, status: str) -> None:
    """The preflight succeeds, names this origin once, and lets the token through."""
    verdict = contract.judge_cors(Responses(responses=(seen,)), NOW, origins=(ORIGIN,), guarded=guarded)

    assert status == verdict.status


def test_an_origin_without_an_answer_is_a_failure() -> None:
    """Every origin has to be seen."""
    seen = Responses(responses=(_allow(),))

    assert "fail" == contract.judge_cors(seen, NOW, origins=(ORIGIN, f"https://{WWW}"), guarded=False).status


CREDENTIALS: dict[str, Any] = {"access_control_allow_credentials": "true"}


@pytest.mark.parametrize(
    ("seen", "guarded", "status"),
    (
        pytest.param(_allow(""), True, "pass", id="nobody"),
        pytest.param(_allow(ORIGIN), True, "pass", id="our own origin"),
        pytest.param(_allow("*"), False, "pass", id="everybody, where everybody may"),
        pytest.param(_allow("*", **CREDENTIALS), False, "fail", id="everybody with credentials"),
        pytest.param(_allow("*"), True, "fail", id="everybody, where a token is needed"),
        pytest.param(_allow(EVIL), False, "fail", id="the stranger"),
        pytest.param(_allow(f"{ORIGIN}, {EVIL}"), False, "fail", id="the stranger too"),
        pytest.param(_allow("null"), False, "fail", id="pages without an origin"),
        pytest.param(silence(), False, "fail", id="silence"),
    ),
)
def test_a_browser_on_a_foreign_site_may_not(seen: Response | Silence, *, guarded: bool, status: str) -> None:
    """Neither the preflight nor the call itself."""
    for pair in ((seen, _allow("")), (_allow(""), seen)):
        assert status == contract.judge_foreign(Responses(responses=pair), NOW, guarded=guarded).status


def test_no_answers_allow_nothing_and_prove_nothing() -> None:
    """Nothing seen is no pass."""
    assert "fail" == contract.judge_foreign(Responses(responses=()), NOW, guarded=False).status


def test_the_forged_token_lacks_nothing_but_its_signature() -> None:
    """The right issuer, far from its end, for an algorithm that is none."""
    head, claims, signature = contract.unsigned("https://issuer.test").split(".")
    read = [json.loads(base64.urlsafe_b64decode(each + "==")) for each in (head, claims)]

    assert "none" == read[0]["alg"]
    assert "https://issuer.test" == read[1]["iss"]
    assert read[1]["exp"] > NOW.timestamp()
    assert "" == signature


def test_the_looks_send_what_the_names_say() -> None:
    """A token only to be refused, origins only to be answered, a path that no release has."""
    checks = planned(contract.checks(site()))
    sent: list[dict[str, Any]] = []

    def fetch(url: str, **request: Any) -> Response:  # noqa: ANN401
        sent.append({"url": url, **request})
        return response(url=url)

    me = f"{APEX}/api/auth/me"

    def asked(name: str) -> list[dict[str, Any]]:
        """What one look sent; what it sent at the same time in the order of its origins, preflights first."""
        sent.clear()
        checks[name].sight.look(world({("fetch",): fetch}))
        return sorted(sent, key=lambda one: (one.get("method", "~"), one.get("headers", {}).get("origin", "")))

    issuer = f"https://cognito-idp.{REGION}.amazonaws.com/pool1"
    assert [{"url": f"https://{me}"}] == asked(f"api.guarded[{me}]")
    (forged,) = asked(f"api.forged[{me}]")
    assert f"Bearer {contract.unsigned(issuer)}" == forged["headers"]["authorization"]
    ours = asked(f"api.cors[{me}]")
    assert sorted([ORIGIN, f"https://{WWW}"]) == [each["headers"]["origin"] for each in ours]
    evil, called = asked(f"api.foreign[{me}]")
    assert {"OPTIONS"} == {each["method"] for each in (*ours, evil)}
    assert (EVIL, {"origin": EVIL}) == (evil["headers"]["origin"], called["headers"])
    (nowhere,) = asked(f"api.unknown[{APEX}/api/*]")
    assert nowhere["url"].startswith(f"https://{APEX}/api/nobody-made-this-")
