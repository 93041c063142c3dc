from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from checks.evidence import Response, Responses, Silence
from checks.model import Check
from checks.promises import manners
from tests.promises.worlds import (
    ACCOUNT,
    APEX,
    API_HOST,
    NOW,
    REGION,
    api_resources,
    planned,
    response,
    silence,
    site,
    target,
    world,
)

KEPT = ("strict-transport-security", "max-age=63072000; includeSubDomains")
PLAIN = ("x-content-type-options", "nosniff")
WELL = response(200, '{"status": "ok"}', "application/json", headers=(KEPT, PLAIN))
UNKNOWN = response(404, '{"error": {"code": "NOT_FOUND"}}', "application/json", headers=(KEPT, PLAIN))


def _urls(check: Check) -> tuple[str, ...]:
    urls = check.params["urls"]
    assert isinstance(urls, tuple)
    return urls


def _addresses(seen: object) -> set[str]:
    assert isinstance(seen, Responses)
    return {each.url for each in seen.responses if isinstance(each, Response)}


def test_the_site_is_asked_once_and_each_api_once() -> None:
    """What is missing of both; and the health of the API, where it is open."""
    found = planned(manners.checks(site()))

    assert {
        f"api.discreet[{APEX}/api/*]": (f"https://{APEX}/api/nobody-made-this",),
        f"cdn.protected[{APEX}/*]": (
            f"https://{APEX}/assets/nobody-made-this.js",
            f"https://{APEX}/api/nobody-made-this",
        ),
    } == {name: tuple(url for url in _urls(each) if "health" not in url) for name, each in found.items()}
    assert f"https://{APEX}/api/health" in _urls(found[f"api.discreet[{APEX}/api/*]"])


def test_without_a_site_an_api_has_manners_of_its_own() -> None:
    """Headers are the edge's; where there is none, nobody promised them."""
    found = planned(manners.checks(target(*api_resources())))

    assert ["api.discreet[Api/*]"] == list(found)
    assert all(urlsplit(url).hostname == API_HOST for url in _urls(found["api.discreet[Api/*]"]))


def test_an_api_without_an_address_is_not_asked() -> None:
    """Nothing is planned that has nowhere to go."""
    assert {} == planned(manners.checks(target(api_resources()[0])))


def test_a_name_that_nobody_made_is_made_anew_each_time() -> None:
    """A cache may have yesterday's."""
    check = planned(manners.checks(site()))[f"cdn.protected[{APEX}/*]"]
    answering = world({("fetch",): lambda url, **_: response(404, url=url)})
    looks = [check.sight.look(answering) for _ in range(2)]
    first, second = (_addresses(each) for each in looks)

    assert set() == first & second


@pytest.mark.parametrize(
    ("seen", "status"),
    (
        pytest.param((UNKNOWN, WELL), "pass", id="both in all"),
        pytest.param((response(404, "", headers=(KEPT,)), WELL), "fail", id="one may be sniffed"),
        pytest.param((UNKNOWN, response(200, "", headers=(PLAIN,))), "fail", id="one without HSTS"),
        pytest.param(
            (response(404, "", headers=(PLAIN, (KEPT[0], "max-age=0"))),), "fail", id="HSTS that ends at once"
        ),
        pytest.param((response(404, "", headers=(PLAIN, (KEPT[0], "max-age=1"))),), "pass", id="HSTS for a second"),
        pytest.param((UNKNOWN, silence()), "fail", id="one is silent"),
        pytest.param((), "fail", id="nobody was asked"),
    ),
)
def test_every_answer_is_protected(seen: tuple[Response | Silence, ...], status: str) -> None:
    """An error is an answer as well."""
    assert status == manners.judge_protected(Responses(responses=seen), NOW).status


@pytest.mark.parametrize(
    ("body", "word"),
    (
        ('{"status": "ok", "region": "af-south-1", "git_sha": "0123abc"}', ""),
        ('{"env": {"AWS_SECRET_ACCESS_KEY": "x"}}', "credentials by name"),
        ('{"key": "[access key]"}', "a credential"),
        (f'{{"key": "AKIA{"A" * 16}"}}', "a credential"),
        ('{"LAMBDA_TASK_ROOT": "/var/task"}', "its environment"),
        ('{"error": "Traceback (most recent call last):\\n File"}', "a stack trace"),
        ('{"error": "at handler (/var/task/index.js:1)"}', "a stack trace"),
        (f'{{"error": "not authorized on arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/Users"}}', "an account's number"),
    ),
)
def test_no_answer_tells_of_the_inside(body: str, word: str) -> None:
    """Everybody may ask."""
    verdict = manners.judge_discreet(Responses(responses=(WELL, response(200, body, "application/json"))), NOW)

    assert ("fail" if word else "pass") == verdict.status
    assert word in verdict.actual


@pytest.mark.parametrize("seen", ((), (WELL, silence())))
def test_what_was_not_heard_is_not_discreet(seen: tuple[Response | Silence, ...]) -> None:
    """Silence tells nothing, which proves nothing."""
    assert "fail" == manners.judge_discreet(Responses(responses=seen), NOW).status
