from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from checks.evidence import PageWord, Response, Silence, Welcome
from checks.promises import engines
from tests.promises.worlds import APEX, NOW, planned, response, silence, site, target, world

OPEN = response(200, "User-agent: *\nDisallow: /api/\n", "text/plain")
CLOSED = response(200, "User-agent: *\nDisallow: /\n", "text/plain")


def _page(*words: tuple[str, str], status: int = 200) -> PageWord:
    return PageWord(url=f"https://{APEX}/", status=status, words=words)


def _judged(robots: Response | Silence, *pages: PageWord | Silence, hidden: bool = False) -> Any:  # noqa: ANN401
    paths = tuple(f"/{at or ''}" for at in range(len(pages)))
    return engines.judge_engines(Welcome(robots=robots, pages=pages), NOW, paths=paths, hidden=hidden)


@pytest.mark.parametrize(
    ("robots", "page", "status"),
    (
        pytest.param(OPEN, _page(), "pass", id="nothing is said"),
        pytest.param(OPEN, _page(("*", "index"), ("*", "follow")), "pass", id="welcome"),
        pytest.param(OPEN, _page(("*", "nofollow"), ("*", "noarchive")), "pass", id="other words"),
        pytest.param(OPEN, _page(("otherbot", "noindex")), "pass", id="another engine"),
        pytest.param(OPEN, _page(("*", "noindex")), "fail", id="noindex"),
        pytest.param(OPEN, _page(("*", "none")), "fail", id="none is noindex as well"),
        pytest.param(OPEN, _page(("bingbot", "noindex")), "fail", id="one engine that matters"),
        pytest.param(OPEN, _page(status=403), "fail", id="a page that is not there"),
        pytest.param(OPEN, silence(), "fail", id="a page without an answer"),
        pytest.param(CLOSED, _page(), "fail", id="robots.txt"),
        pytest.param(response(200, "User-agent: bingbot\nDisallow: /"), _page(), "fail", id="robots.txt for one"),
        pytest.param(response(200, "User-agent: badbot\nDisallow: /"), _page(), "pass", id="robots.txt for another"),
        pytest.param(response(404, "User-agent: *\nDisallow: /"), _page(), "pass", id="no robots.txt"),
        pytest.param(response(403), _page(), "pass", id="a robots.txt that is refused"),
        pytest.param(response(301), _page(), "pass", id="a robots.txt elsewhere"),
        pytest.param(response(499), _page(), "pass", id="the last refusal of a robots.txt"),
        pytest.param(response(500), _page(), "fail", id="the first failure of a robots.txt"),
        pytest.param(response(503), _page(), "fail", id="a robots.txt that fails bars everybody"),
        pytest.param(response(429), _page(), "fail", id="a robots.txt that is throttled"),
        pytest.param(response(200, "<!doctype html><title>Shop</title>"), _page(), "pass", id="a page in its place"),
        pytest.param(silence(), _page(), "fail", id="robots.txt without an answer"),
    ),
)
def test_a_site_for_everybody_lets_engines_in(robots: Any, page: Any, status: str) -> None:  # noqa: ANN401
    """RFC 9309, 2.3.1, and the words of pages."""
    assert status == _judged(robots, page).status


@pytest.mark.parametrize(
    ("robots", "pages", "status"),
    (
        pytest.param(CLOSED, (_page(), _page()), "pass", id="by robots.txt"),
        pytest.param(OPEN, (_page(("*", "noindex")), _page(("*", "none"))), "pass", id="by every page"),
        pytest.param(OPEN, (_page(("*", "noindex")), _page()), "fail", id="by one page of two"),
        pytest.param(OPEN, (_page(), _page()), "fail", id="by nothing"),
        pytest.param(CLOSED, (silence(), _page()), "fail", id="silence hides nothing for good"),
        pytest.param(CLOSED, (), "fail", id="no page was asked"),
    ),
)
def test_a_hidden_site_keeps_them_out(robots: Any, pages: Any, status: str) -> None:  # noqa: ANN401
    """What a rehearsal says to people who search, its owner is asked about."""
    assert status == _judged(robots, *pages, hidden=True).status


@pytest.mark.parametrize(("hidden", "words"), ((False, "let into"), (True, "kept out of")))
def test_whether_engines_are_wanted_is_told(*, hidden: bool, words: str) -> None:
    """One and the same site is right or wrong by that alone."""
    assert f"search engines {words} /, /1" == _judged(OPEN, _page(), _page(), hidden=hidden).expected


def test_the_settings_say_whether_it_is_hidden() -> None:
    """One question about the site; none without one."""
    found = planned(engines.checks(site()))

    assert {"paths": ("/", "/jobs", "/login"), "hidden": False, "host": APEX} == dict(
        found[f"site.engines[{APEX}]"].params
    )
    assert planned(engines.checks(replace(site(), hidden=True)))[f"site.engines[{APEX}]"].params["hidden"]
    assert {} == planned(engines.checks(target()))


def test_headers_and_elements_are_looked_for() -> None:
    """Two headers of the name are two sayings."""
    headers = (("x-robots-tag", "otherbot: nofollow"), ("x-robots-tag", "noindex"))
    page = response(200, '<meta name="googlebot" content="none">', "text/html", headers=headers)
    answers = {("fetch",): lambda url: CLOSED if url.endswith("robots.txt") else page if "jobs" in url else silence()}
    look = planned(engines.checks(site()))[f"site.engines[{APEX}]"].sight.look
    seen = look(world(answers))

    assert isinstance(seen, Welcome)
    assert CLOSED == seen.robots
    assert (
        PageWord(
            url=f"https://{APEX}/",
            status=200,
            words=(("otherbot", "nofollow"), ("*", "noindex"), ("googlebot", "none")),
        )
        == seen.pages[1]
    )
    assert isinstance(seen.pages[0], Silence)
