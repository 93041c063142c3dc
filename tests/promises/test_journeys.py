"""Journeys through a small shop that lives in memory, whole and broken in one thing at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.evidence import Leftovers, Response, Step, Walk
from checks.journey import JourneyError, Script, filled, requests, script_of
from checks.model import CannotLook
from checks.promises import intruders, journeys
from checks.tokens import aged, resigned, unsigned
from checks.walking import judge_walk
from checks.world.ports import World
from tests.promises import worlds
from tests.promises.shops import PUBLIC, SETTINGS, Shop, checked, parts_of, token_of, walked
from tests.promises.worlds import APEX, NOW, planned

EVERY = (
    *("signed_in", "refused", "written", "isolated", "paged", "uploaded", "swept"),
    *("closed", "locked", "harmless"),
)


def test_nothing_is_written_unless_a_journey_is_described() -> None:
    """And each that is says that it writes."""
    assert {} == planned(journeys.checks(worlds.site(), script=None))
    assert {} == planned(intruders.checks(worlds.site(), script=None))
    every = checked()

    assert list(EVERY) == [name.partition(".")[2].partition("[")[0] for name in every]
    assert {"write"} == {each.promise.effect for each in every.values()}


@pytest.mark.parametrize("name", EVERY)
def test_a_shop_that_is_well_lets_people_do_what_they_came_for(name: str) -> None:
    """And nothing of it is left: no people, no rows, no files."""
    shop = Shop()

    verdict = walked(name, shop)

    assert ("pass", "") == (verdict.status, verdict.remedy)
    assert ({}, set(), {}) == (shop.people, shop.rows, shop.files)
    assert all(each["user-agent"].startswith("checks/probe-2026") for each in shop.asked if "user-agent" in each)


@pytest.mark.parametrize(
    ("name", "broken", "told"),
    (
        ("signed_in", "sign in", "somebody signs in"),
        ("signed_in", "me", "is who they are"),
        ("signed_in", "anybody", "is who they are"),
        ("signed_in", "keys", "is vouched for by a key of the pool"),
        ("signed_in", "refresh", "refreshes"),
        ("signed_in", "silent", "is who they are"),
        ("refused", "signatures", "not as another"),
        ("refused", "anybody", "not unsigned"),
        ("written", "write", "writes: 500"),
        ("written", "letters", "reads what was written"),
        ("written", "list", "finds it in the list"),
        ("written", "remove", "it is gone"),
        ("isolated", "leak", "another does not find it"),
        ("isolated", "PATCH", "another cannot change it"),
        ("isolated", "DELETE", "another cannot remove it"),
        ("uploaded", "no file", "puts the file"),
        ("uploaded", "any file", "not another file"),
        ("uploaded", "half a file", "it is there, whole and once: sizes: (6,)"),
        ("uploaded", "no leave", "is given an address"),
        ("paged", "write", "writes number 1"),
        ("paged", "cursor", "turns the pages of GET /me/jobs?limit=1: page 2 leads back"),
        ("paged", "circle", "page 3 leads back"),
        ("paged", "empty", "on none of 3 pages: job-1, job-2"),
        ("paged", "short", "on none of 2 pages: job-2"),
        ("paged", "limit", "all 3 on one page"),
        ("paged", "drip", "no end after 12 pages"),
        ("paged", "list", "on none of 1 pages: job-0"),
        ("closed", "open", "not GET /pending: 200"),
        ("closed", "known", "not POST /jobs/{id}/approve: 404"),
        ("closed", "wall", "not GET /pending: 403 <h1>"),
        ("closed", "sign in", "somebody signs in"),
        ("closed", "silent", "is let in as they are"),
        ("locked", "patient", "is made to wait: password number 12: wrong"),
        ("locked", "any password", "a wrong password is wrong: right"),
        ("harmless", "shown", "is shown as text/html"),
        ("harmless", "silent site", "is silent"),
        ("harmless", "no leave", "asks for leave to upload a page by another name: 500"),
        ("harmless", "bucket", "uploads a page by another name: 500"),
    ),
)
def test_a_shop_that_is_broken_in_one_thing_fails_there(name: str, broken: str, told: str) -> None:
    """The step is named, and what was made until then is taken back all the same."""
    shop = Shop(broken=broken)

    verdict = walked(name, shop)

    assert "fail" == verdict.status
    assert told in verdict.actual
    assert verdict.remedy
    assert ({}, set(), {}) == (shop.people, shop.rows, shop.files)


@pytest.mark.parametrize("broken", ("stays", "drop"))
def test_what_cannot_be_proven_gone_is_told(broken: str) -> None:
    """Although every step went well."""
    verdict = walked("signed_in", Shop(broken=broken))

    assert "fail" == verdict.status
    assert "left behind: user probe-" in verdict.actual


def test_a_harness_that_breaks_takes_back_what_it_made() -> None:
    """Whatever broke."""

    @dataclass
    class Odd(Shop):
        def fetch(self, *_: object, **__: object) -> Response:
            raise CannotLook("no network")

    shop = Odd()
    check = checked()[f"journeys.signed_in[{APEX}/api]"]

    with pytest.raises(CannotLook):
        check.sight.look(cast("World", shop))
    assert {} == shop.people


def test_those_of_a_run_that_was_cut_off_are_removed() -> None:
    """When they are older than a run can be; those of now may be somebody's beside us."""
    shop = Shop(
        people={"probe-old@x.test": NOW - timedelta(hours=2), "probe-new": NOW, "visitor": NOW - timedelta(days=9)}
    )

    verdict = walked("swept", shop)

    assert ("pass", "1 removed, 1 of now") == (verdict.status, verdict.actual)
    assert {"probe-new", "visitor"} == set(shop.people)


def test_leftovers_that_stay_are_told() -> None:
    """By name."""
    old = NOW - timedelta(hours=1, seconds=1)

    assert "fail" == journeys.judge_swept(Leftovers(people=(("probe-1", old),), removed=()), NOW).status
    assert (
        "pass"
        == journeys.judge_swept(Leftovers(people=(("probe-1", NOW - timedelta(hours=1)),), removed=()), NOW).status
    )


def test_a_journey_without_a_step_proves_nothing() -> None:
    """Nothing done, nothing proven."""
    assert "fail" == judge_walk(Walk(run="probe-1", steps=(), left=()), NOW).status
    step = Step(name="a", well=True, said="")
    assert "pass" == judge_walk(Walk(run="probe-1", steps=(step,), left=()), NOW).status


@pytest.mark.parametrize(
    ("changed", "told"),
    (
        ({"crate": "POST /jobs"}, r"unknown \['crate'\]; known are"),
        ({"client": ""}, "no AWS::Cognito::UserPoolClient is called ''"),
        ({"client": "Pool/Other"}, "there are \\['Pool/Site'\\]"),
        ({"table": "Nothing"}, "journeys.table"),
        ({"create": "/jobs"}, "journeys.create: expected a method and a path"),
        ({"remove": ""}, "journeys.remove: missing; journeys.create needs it"),
        ({"file": ""}, "journeys.file: missing; journeys.upload needs it"),
        ({"groups": 7}, "journeys.groups: expected a text"),
        ({"closed": "GET /pending, /other"}, "journeys.closed: expected a method and a path .*found .*other"),
        ({"upload_page": '{"size": 9}'}, "journeys.upload_page: say {size}"),
        ({"served": ""}, "journeys.served: missing; journeys.upload_page needs it"),
    ),
)
def test_a_journey_that_leads_nowhere_is_refused_by_its_key(changed: Mapping[str, Any], told: str) -> None:
    """Before anything is done."""
    with pytest.raises(JourneyError, match=told):
        checked({**SETTINGS, **changed})


def test_no_client_is_refused_and_no_journey_is_none() -> None:
    """A switch alone describes nothing."""
    with pytest.raises(JourneyError, match=r"journeys.client: missing"):
        script_of({"me": "GET /auth/me"})
    assert script_of({}) is script_of({"always": True}) is None
    assert isinstance(script_of(SETTINGS), Script)


def test_a_token_is_made_worse_in_one_thing() -> None:
    """Its signature stays as it was, or goes."""
    token = token_of("me")

    named, own = {"kid": PUBLIC["kid"]}, token.rpartition(".")[2]
    assert [{"alg": "RS256", **named}, {"sub": "you"}] == list(parts_of(resigned(token, sub="you")))
    assert [{"alg": "none", **named}, {"sub": "me"}] == list(parts_of(unsigned(token)))
    assert datetime.fromtimestamp(int(str(list(parts_of(aged(token)))[1]["exp"])), UTC) < NOW
    assert (own, "", own) == tuple(
        each.rpartition(".")[2] for each in (resigned(token, sub="you"), unsigned(token), aged(token))
    )


def test_what_is_filled_in_is_what_is_named() -> None:
    """And several requests are those between the commas."""
    assert "a 1 b 2 c 3" == filled("a {nonce} b {id} c {size}", nonce="1", id="2", size="3")
    assert ("GET /a", "GET /b") == requests(" GET /a,\n  GET /b, ")


@pytest.mark.parametrize("broken", ("pages", "shell"))
def test_a_page_that_is_nobodys_harm_is_none(broken: str) -> None:
    """An API that takes pages and a site that shows none of them; one that shows its own page everywhere."""
    assert "pass" == walked("harmless", Shop(broken=broken)).status


def test_passwords_are_tried_no_longer_than_need_be() -> None:
    """The pool of a shop that is well says so with the sixth; one that never does is left in peace after twelve."""
    well, patient = Shop(), Shop(broken="patient")
    walked("locked", well)
    walked("locked", patient)

    assert (6, intruders.TRIES) == (well.guesses, patient.guesses)


@pytest.mark.parametrize(
    ("status", "kind", "headers", "body", "why"),
    (
        (200, "text/html", (), "theirs", "is shown as text/html"),
        (404, "text/html", (), "<p>theirs</p>", "is shown as text/html"),
        (200, "Image/SVG+xml; charset=utf-8", (), "theirs", "is shown as image/svg+xml"),
        (200, "text/html", (), "somebody else's", "is shown as text/html"),
        (404, "text/html", (), "not here", ""),
        (302, "text/html", (("location", "https://files.test"),), "", ""),
        (200, "text/html", (), "home", ""),
        (200, "text/html", (("content-disposition", "attachment; filename=x"),), "theirs", ""),
        (200, "text/html", (("content-disposition", "inline"),), "theirs", "is shown as text/html"),
        (200, "image/png", (("x-content-type-options", "nosniff"),), "theirs", ""),
        (200, "image/png", (), "theirs", "comes as image/png, without nosniff"),
        (200, "", (), "theirs", "comes as nothing, without nosniff"),
        (200, "image/png", (), "a picture", ""),
    ),
)
def test_what_a_browser_takes_for_a_page_is_one(
    status: int, kind: str, headers: tuple[tuple[str, str], ...], body: str, why: str
) -> None:
    """By its type, what it may guess, and what it is told to do with it; the site's own page is the site's."""
    seen = worlds.response(status, body, kind, headers=headers)
    home = worlds.response(200, "home", "text/html")

    assert why == intruders.as_page(seen, home, b"theirs")


PAGES = st.lists(st.lists(st.integers(0, 30).map(str), max_size=4), min_size=2, max_size=6)


@given(PAGES)
def test_pages_are_well_when_each_row_is_on_one_of_them(pages: Sequence[Sequence[str]]) -> None:
    """Whatever their number and their lengths; a row twice is told, and a row that is nowhere."""
    turned = [one for page in pages for one in page]
    once = len(turned) == len(set(turned))

    assert once == (not journeys.misread(pages, turned))
    assert "nowhere" in journeys.misread(pages, [*turned, "nowhere"]) or not once
    assert journeys.misread([turned], turned)
