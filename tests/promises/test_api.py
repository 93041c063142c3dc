from __future__ import annotations

import json
from typing import Any

import pytest

from checks.evidence import Response, Responses, Silence
from checks.promises import api
from tests.promises.worlds import (
    APEX,
    API_HOST,
    HOSTILE,
    NOW,
    api_resources,
    planned,
    response,
    silence,
    site,
    target,
    world,
)

SHA = "0123456789abcdef0123456789abcdef01234567"
WELL = {"status": "ok", "version": "1.2.3", "git_sha": SHA}
HEALTH = f"{APEX}/api/health"


def _json(document: object = WELL, status: int = 200, *headers: tuple[str, str], **more: Any) -> Response:  # noqa: ANN401
    body = document if isinstance(document, str) else json.dumps(document)
    return response(status, body, more.pop("kind", "application/json"), headers=headers, **more)


PAGE = response(200, "<!doctype html><title>Shop</title>", "text/html")


def test_health_is_asked_at_the_edge_and_at_the_stage() -> None:
    """Through the site, directly, twice in a row, and all the way down."""
    names = list(planned(api.checks(site())))

    shallow = [f"api.health[{HEALTH}]", "api.direct[Api/health]", f"api.fresh[{HEALTH}]"]
    assert [*shallow, f"api.deep[{HEALTH}/deep]", f"api.borrowed[{HEALTH}/deep]"] == names


def test_a_release_is_compared_when_one_is_named() -> None:
    """Without a release there is nothing to compare with."""
    checks = planned(api.checks(site(), release_sha=SHA))

    assert SHA == checks[f"api.release[{HEALTH}]"].params["sha"]


def test_an_api_without_an_edge_is_met_at_its_stage() -> None:
    """Its names are those of the resource, its address that of the stage; there is no second way in."""
    checks = planned(api.checks(target(*api_resources())))

    assert ["api.health[Api/health]", "api.fresh[Api/health]"] == list(checks)[:2]
    assert f"https://{API_HOST}/prod/health" == checks["api.health[Api/health]"].params["url"]


def test_an_api_without_a_stage_is_not_met_at_all() -> None:
    """Nothing is planned that has no address."""
    bare = [each for each in api_resources() if each.type != "AWS::ApiGateway::Stage"]

    assert {} == planned(api.checks(target(*bare)))


@pytest.mark.parametrize(
    ("seen", "status", "word"),
    (
        pytest.param(_json(), "pass", "1.2.3", id="ok"),
        pytest.param(_json({"status": "PASS"}), "pass", "ok", id="pass, and no version"),
        pytest.param(_json(WELL, kind="application/health+json; charset=utf-8"), "pass", "1.2.3", id="health+json"),
        pytest.param(_json(WELL, 200, ("x-cache", "Miss from cloudfront"), ("age", "0")), "pass", "", id="a miss"),
        pytest.param(_json(WELL, 200, ("x-cache", "Hit from cloudfront")), "fail", "Hit", id="a hit"),
        pytest.param(_json(WELL, 200, ("x-cache", "RefreshHit from cloudfront")), "fail", "Hit", id="a refreshed hit"),
        pytest.param(_json(WELL, 200, ("age", "1")), "fail", "Age: 1", id="a second old"),
        pytest.param(_json({"status": "degraded"}), "fail", "degraded", id="degraded"),
        pytest.param(_json({"status": True}), "fail", "True", id="a status that is no word"),
        pytest.param(_json({}), "fail", "None", id="no status"),
        pytest.param(_json({"status": HOSTILE}), "fail", "status", id="hostile"),
        pytest.param(_json(WELL, 500), "fail", "500", id="the right body with the wrong status"),
        pytest.param(_json(WELL, 503), "fail", "503", id="out of service"),
        pytest.param(_json({"message": "Missing Authentication Token"}, 403), "fail", "Missing", id="no such route"),
        pytest.param(PAGE, "fail", "text/html", id="a page"),
        pytest.param(_json(WELL, kind="text/html"), "fail", "text/html", id="JSON that claims to be a page"),
        pytest.param(_json(""), "fail", "empty body", id="an empty body"),
        pytest.param(_json('{"status": "ok"'), "fail", "not JSON", id="half of it"),
        pytest.param(_json('{"status": "ok", "status": "bad"}'), "fail", "twice", id="two statuses"),
        pytest.param(_json('{"status": "ok", "load": NaN}'), "fail", "NaN", id="NaN"),
        pytest.param(_json("[" * 100_000), "fail", "not JSON", id="a hundred thousand brackets"),
        pytest.param(_json('{"status": "ok", "n": %s}' % ("9" * 5000)), "fail", "not JSON", id="an absurd number"),
        pytest.param(_json(["ok"]), "fail", "array", id="an array"),
        pytest.param(_json('"ok"'), "fail", "neither", id="a text"),
        pytest.param(_json(complete=False), "fail", "cut off", id="cut off"),
        pytest.param(_json(capped=True), "fail", "cut off", id="endless"),
        pytest.param(silence(), "fail", "refused", id="silence"),
    ),
)
def test_an_api_is_well_when_it_says_so_in_json(seen: Response | Silence, status: str, word: str) -> None:
    """Status, type, body and freshness: each alone has been green during an outage."""
    verdict = api.judge_health(seen, NOW)

    assert status == verdict.status
    assert word in verdict.actual
    assert verdict.actual.isprintable()


@pytest.mark.parametrize(
    ("edge", "stage", "status"),
    (
        pytest.param(_json(), _json(), "pass", id="the same"),
        pytest.param(_json({"commit": SHA}), _json({"sha": SHA}), "pass", id="only the commit"),
        pytest.param(_json(), _json(WELL | {"git_sha": "f" * 40}), "fail", id="another commit"),
        pytest.param(_json(), _json(WELL | {"version": "1.2.2"}), "fail", id="another version"),
        pytest.param(_json({"status": "ok"}), _json({"status": "ok"}), "fail", id="neither is told"),
        pytest.param(PAGE, _json(), "fail", id="a page at the edge"),
        pytest.param(PAGE, PAGE, "fail", id="a page twice"),
        pytest.param(_json(), _json({}, 403), "fail", id="no such stage"),
        pytest.param(silence(), silence(), "fail", id="silence"),
        pytest.param(
            _json({"version": "1: lost"}), Silence(where="version 1", reason="lost"), "fail", id="silence by its name"
        ),
    ),
)
def test_both_ways_lead_to_the_same_release(edge: Response | Silence, stage: Response | Silence, status: str) -> None:
    """Two healthy answers of two releases are one mistake."""
    assert status == api.judge_direct(Responses(responses=(edge, stage)), NOW).status


@pytest.mark.parametrize("count", (0, 1))
def test_one_answer_cannot_be_compared(count: int) -> None:
    """It takes two to agree."""
    assert "fail" == api.judge_direct(Responses(responses=(_json(),) * count), NOW).status


@pytest.mark.parametrize(
    ("seen", "status"),
    (
        pytest.param(_json(), "pass", id="the very commit"),
        pytest.param(_json({"git_sha": SHA[:7]}), "pass", id="seven characters of it"),
        pytest.param(_json({"git_sha": SHA[:6]}), "fail", id="six are too few"),
        pytest.param(_json({"git_sha": "f" * 40}), "fail", id="another commit"),
        pytest.param(_json({"git_sha": "unknown"}), "fail", id="unknown"),
        pytest.param(_json({"git_sha": ""}), "fail", id="none"),
        pytest.param(_json({}), "fail", id="not told"),
        pytest.param(PAGE, "fail", id="a page"),
        pytest.param(silence(), "fail", id="silence"),
    ),
)
def test_the_release_that_answers_is_the_one_that_was_deployed(seen: Response | Silence, status: str) -> None:
    """A healthy old release is the failure that every health check misses."""
    assert status == api.judge_release(seen, NOW, sha=SHA).status


def _made(request_id: str, *headers: tuple[str, str]) -> Response:
    ids = (("x-amzn-requestid", request_id),) if request_id else ()
    return _json(WELL, 200, *ids, *headers)


@pytest.mark.parametrize(
    ("one", "other", "status"),
    (
        pytest.param(_made("a"), _made("b"), "pass", id="two requests"),
        pytest.param(_made("", ("x-amz-apigw-id", "a")), _made("", ("x-amz-apigw-id", "b")), "pass", id="another id"),
        pytest.param(_made("a"), _made("a"), "fail", id="one request"),
        pytest.param(_made("a"), _made("b", ("x-cache", "Hit from cloudfront")), "fail", id="a hit"),
        pytest.param(_made("a"), _made("b", ("age", "7")), "fail", id="an age"),
        pytest.param(_made(""), _made(""), "fail", id="nothing tells them apart"),
        pytest.param(_made("a"), _made(""), "fail", id="one of them unnamed"),
        pytest.param(_made("a"), silence(), "fail", id="silence"),
    ),
)
def test_each_answer_was_made_for_its_request(one: Response | Silence, other: Response | Silence, status: str) -> None:
    """What a cache keeps for one caller it gives to the next."""
    assert status == api.judge_fresh(Responses(responses=(one, other)), NOW).status


def test_no_answers_are_not_fresh() -> None:
    """Nothing seen is no pass."""
    assert "fail" == api.judge_fresh(Responses(responses=()), NOW).status


def _deep(status: str = "ok", own: object = "ok", borrowed: object = "ok") -> dict[str, object]:
    return {"status": status, "own": {"jobs": {"status": own, "ms": 3}}, "borrowed": {"sign-in": {"status": borrowed}}}


OUT = {"status": "out", "own": {"jobs": {"status": "out", "reason": "missing"}}, "borrowed": {}}


@pytest.mark.parametrize(
    ("seen", "status", "word"),
    (
        pytest.param(_json(_deep()), "pass", "1 parts", id="every part"),
        pytest.param(
            _json({"status": "ok", "checks": {"db": True, "queue": "up", "n": 3}}), "pass", "3 parts", id="plain parts"
        ),
        pytest.param(
            _json({"status": "ok", "own": {"jobs": {"ms": 3}}}), "pass", "1 parts", id="a part without a word"
        ),
        pytest.param(_json(_deep("degraded", borrowed="out")), "pass", "1 parts", id="only a borrowed part is out"),
        pytest.param(_json(OUT, 503), "fail", "jobs is out (missing)", id="a part is out"),
        pytest.param(_json(_deep(own="out")), "fail", "jobs is out", id="a part is out, and all is said to be well"),
        pytest.param(_json({"status": "ok", "checks": {"db": False}}), "fail", "db is False", id="a plain part is out"),
        pytest.param(_json(_deep("degraded")), "fail", "degraded", id="degraded for no reason"),
        pytest.param(_json(_deep("out", borrowed="out")), "fail", "sign-in is out", id="out for what is borrowed"),
        pytest.param(_json(_deep(), 503), "fail", "ok", id="well, and out of service"),
        pytest.param(_json({"own": {}}), "fail", "None", id="no status"),
        pytest.param(_json(["ok"]), "fail", "array", id="an array"),
        pytest.param(_json(_deep(), 500), "fail", "500", id="an error"),
        pytest.param(PAGE, "fail", "text/html", id="a page"),
        pytest.param(silence(), "fail", "refused", id="silence"),
    ),
)
def test_every_part_of_our_own_works(seen: Response | Silence, status: str, word: str) -> None:
    """The part that is out is named; what others run does not take a release back."""
    verdict = api.judge_deep(seen, NOW)

    assert status == verdict.status
    assert word in verdict.actual


@pytest.mark.parametrize(
    ("seen", "status"),
    (
        pytest.param(_json(_deep()), "pass", id="well"),
        pytest.param(_json({"status": "ok"}), "pass", id="nothing borrowed"),
        pytest.param(_json(OUT, 503), "pass", id="our own is another question"),
        pytest.param(_json(_deep(borrowed="out")), "fail", id="out"),
        pytest.param(PAGE, "fail", id="a page"),
        pytest.param(silence(), "fail", id="silence"),
    ),
)
def test_what_is_borrowed_is_reported_by_itself(seen: Response | Silence, status: str) -> None:
    """Somebody else's bad day is worth a warning."""
    assert status == api.judge_borrowed(seen, NOW).status


def test_the_two_requests_for_freshness_differ_in_what_no_cache_looks_at() -> None:
    """A world asks each question once, so the second must not be the first again."""
    sent: list[tuple[str, object]] = []

    def fetch(url: str, **request: object) -> Response:
        sent.append((url, request))
        return response(url=url)

    planned(api.checks(site()))[f"api.fresh[{HEALTH}]"].sight.look(world({("fetch",): fetch}))

    assert [(f"https://{HEALTH}", {}), (f"https://{HEALTH}", {"headers": {"x-asked": "again"}})] == sent


def test_the_looks_ask_at_the_addresses_of_the_plan() -> None:
    """Once for health, at both addresses for the comparison, twice at one for freshness."""
    checks = planned(api.checks(site()))
    here = world({("fetch",): lambda url, **_: response(url=url)})
    edge, stage = f"https://{HEALTH}", f"https://{API_HOST}/prod/health"

    assert response(url=edge) == checks[f"api.health[{HEALTH}]"].sight.look(here)
    for name, urls in (("api.direct[Api/health]", (edge, stage)), (f"api.fresh[{HEALTH}]", (edge, edge))):
        assert Responses(responses=tuple(response(url=url) for url in urls)) == checks[name].sight.look(here)
