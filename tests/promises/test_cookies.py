from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.evidence import Cookies
from checks.model import Resource
from checks.promises import cookies
from checks.routes import HTTP_API
from tests.promises.worlds import (
    APEX,
    HOSTILE,
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

GOOD = "sid=1; Path=/; Secure; HttpOnly; SameSite=Lax"


def _seen(*values: str) -> Cookies:
    answer = response(headers=tuple(("set-cookie", each) for each in values))
    return Cookies(answers=1, cookies=tuple(cookies.cookies_of(answer, NOW)))


@pytest.mark.parametrize(
    ("value", "amiss"),
    (
        pytest.param(GOOD, "", id="all three"),
        pytest.param("sid=1;secure;HTTPONLY;samesite=STRICT", "", id="in any case"),
        pytest.param("sid=1", "no Secure, no HttpOnly, no SameSite", id="none of the three"),
        pytest.param("sid=1; HttpOnly; SameSite=Lax", "no Secure", id="under HTTP as well"),
        pytest.param("sid=1; Secure; SameSite=Lax", "no HttpOnly", id="for scripts"),
        pytest.param("sid=1; Secure; HttpOnly", "no SameSite", id="says nothing of other sites"),
        pytest.param("sid=1; Secure; HttpOnly; SameSite=None", "SameSite=none", id="for every site"),
        pytest.param("sid=1; Secure; HttpOnly; SameSite=Lax; SameSite=None", "SameSite=none", id="the last counts"),
        pytest.param("sid=1; Secure; HttpOnly; SameSite=sometimes", "SameSite=sometimes", id="a word of nobody's"),
        pytest.param("sid=Secure; HttpOnly; SameSite=Lax", "no Secure", id="a value is no attribute"),
        pytest.param("XSRF-TOKEN=1; Secure; SameSite=Lax", "", id="for scripts to send back"),
        pytest.param("XSRF-TOKEN=1; SameSite=Lax", "no Secure", id="for scripts, and for listeners"),
        pytest.param("AWSALB=1; Path=/", "", id="a load balancer's"),
        pytest.param("NEXT_LOCALE=en; Path=/", "", id="a language"),
        pytest.param("__Host-sid=1; Path=/; Secure; HttpOnly; SameSite=Lax", "", id="of one host"),
        pytest.param(
            f"__Host-sid=1; Domain={APEX}; Path=/; Secure; HttpOnly; SameSite=Lax",
            "a __Host- cookie with a domain, or without Path=/",
            id="of one host with a domain",
        ),
        pytest.param(
            "__Host-sid=1; Secure; HttpOnly; SameSite=Lax",
            "a __Host- cookie with a domain, or without Path=/",
            id="of one host without a path",
        ),
    ),
)
def test_a_cookie_is_protected_in_all_three_ways(value: str, amiss: str) -> None:
    """RFC 6265bis, 4.1.2: each attribute keeps out somebody else."""
    verdict = cookies.judge_cookies(_seen(value), NOW)

    assert ("fail" if amiss else "pass") == verdict.status
    assert amiss in verdict.actual


@pytest.mark.parametrize(
    ("value", "status"),
    (
        pytest.param("sid=; Max-Age=0", "pass", id="ends at once"),
        pytest.param("sid=; Max-Age=-1", "pass", id="ended"),
        pytest.param("sid=; Expires=Thu, 01 Jan 1970 00:00:00 GMT", "pass", id="ended in 1970"),
        pytest.param("sid=1; Max-Age=1", "fail", id="for a second"),
        pytest.param("sid=1; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT", "fail", id="Max-Age goes before"),
        pytest.param("sid=1; Expires=Sun, 01 Mar 2026 12:00:01 GMT", "fail", id="a second from now"),
        pytest.param("sid=1; Expires=Sun, 01 Mar 2026 12:00:00 GMT", "pass", id="now"),
        pytest.param("sid=1; Expires=some day", "fail", id="no date"),
    ),
)
def test_a_cookie_that_is_taken_away_needs_no_protection(value: str, status: str) -> None:
    """Signing out sets a cookie that has ended."""
    assert status == cookies.judge_cookies(_seen(value), NOW).status


def test_each_of_several_cookies_is_judged() -> None:
    """A good one beside it makes none better, and no value is told."""
    verdict = cookies.judge_cookies(_seen(GOOD, "other=let-me-in"), NOW)

    assert "fail" == verdict.status
    assert "other of" in verdict.actual
    assert "let-me-in" not in verdict.actual


@pytest.mark.parametrize(
    ("values", "actual"),
    (
        pytest.param((), "none in 1 answers", id="none"),
        pytest.param((GOOD, GOOD), "sid in 1 answers", id="the same twice"),
        pytest.param((GOOD, "old=; Max-Age=0"), "sid in 1 answers", id="one is taken away"),
        pytest.param((GOOD.replace("sid", "n" * 40),), f"{'n' * 40} in 1 answers", id="a long name"),
        pytest.param((GOOD.replace("sid", "n" * 41),), f"{'n' * 40}… in 1 answers", id="a name too long to be told"),
    ),
)
def test_the_cookies_that_stay_are_told_by_their_names(values: tuple[str, ...], actual: str) -> None:
    """Each once, and no more of it than anybody reads."""
    assert actual == cookies.judge_cookies(_seen(*values), NOW).actual


def test_silence_is_not_a_pass() -> None:
    """Nobody who was asked, or one who did not answer, proves nothing."""
    assert "fail" == cookies.judge_cookies(Cookies(answers=0, cookies=()), NOW).status
    assert "fail" == cookies.judge_cookies(Cookies(answers=3, cookies=(), silent=(silence(),)), NOW).status


def test_what_is_asked_is_asked_anyway() -> None:
    """The pages, the redirects, and whatever of the API is open to a plain question."""
    found = planned(cookies.checks(site()))

    assert {
        f"cdn.cookies[{APEX}]": (
            f"http://{APEX}/?kept=1",
            f"https://{APEX}/",
            f"https://{APEX}/jobs",
            f"https://{APEX}/login",
        ),
        f"cdn.cookies[{WWW}]": (f"http://{WWW}/?kept=1", f"https://{WWW}/"),
        f"api.cookies[{APEX}/api/*]": (
            f"https://{APEX}/api/health",
            f"https://{APEX}/api/health/deep",
            f"https://{APEX}/api/auth/me",
            f"https://{APEX}/api/jobs",
        ),
    } == {name: each.params["urls"] for name, each in found.items()}
    assert ["api.cookies[Api/*]"] == list(planned(cookies.checks(target(*api_resources()))))
    assert {} == planned(cookies.checks(target()))


def test_an_http_api_is_asked_at_its_own_address() -> None:
    """Whatever can be fetched of it as it is; one that is closed there is not asked."""

    def api(**said: object) -> list[Resource]:
        route = {"ApiId": "h1", "AuthorizationType": "NONE"}
        return [
            resource(HTTP_API, {"ProtocolType": "HTTP", **said}, subject="Http", physical_id="h1"),
            resource("AWS::ApiGatewayV2::Stage", {"ApiId": "h1", "StageName": "$default"}, subject="Http/Stage"),
            *(
                resource("AWS::ApiGatewayV2::Route", {**route, "RouteKey": key}, subject=f"Http/{at}")
                for at, key in enumerate(("GET /jobs", "GET /jobs/{id}", "POST /jobs", "$default"))
            ),
        ]

    (check,) = planned(cookies.checks(target(*api()))).values()

    assert "api.cookies[Http/*]" == check.name
    assert (f"https://h1.execute-api.{REGION}.amazonaws.com/jobs",) == check.params["urls"]
    assert {} == planned(cookies.checks(target(*api(DisableExecuteApiEndpoint=True))))


def test_the_parts_of_the_page_are_looked_at_too() -> None:
    """A script of its own may set one; what others serve is theirs."""
    page = '<script src="/app.js"></script><script src="https://else.test/x.js"></script>'
    asked: list[str] = []

    def fetch(url: str) -> object:
        asked.append(url)
        headers = (("set-cookie", "sid=1"),) if url.endswith("app.js") else ()
        return silence(f"{APEX}:80") if url.startswith("http:") else response(body=page, url=url, headers=headers)

    look = planned(cookies.checks(site()))[f"cdn.cookies[{APEX}]"].sight.look
    seen = look(world({("fetch",): fetch}))

    assert isinstance(seen, Cookies)
    assert [f"https://{APEX}/app.js"] == [each.url for each in seen.cookies]
    assert () == seen.silent
    assert not any("else.test" in each for each in asked)


@given(st.text() | st.just(HOSTILE), st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=3650)))
def test_any_cookie_is_read(value: str, later: timedelta) -> None:
    """Whatever a server sends, one cookie comes of it, and a verdict."""
    answer = response(headers=(("set-cookie", value),))
    found = tuple(cookies.cookies_of(answer, NOW + later))

    assert 1 == len(found)
    assert cookies.judge_cookies(Cookies(answers=1, cookies=found), NOW).status in {"pass", "fail"}
