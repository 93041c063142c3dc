from __future__ import annotations

import re
from typing import Any

import pytest

from checks.evidence import Response, Responses, Silence
from checks.model import Check, Unresolved, Verdict
from checks.promises import error_pages
from tests.promises.worlds import (
    APEX,
    HOSTILE,
    NOW,
    WWW,
    distribution_config,
    distribution_resource,
    planned,
    resource,
    response,
    silence,
    target,
    world,
)

PAGE = "<!doctype html><html><title>Not here</title></html>"
HOME = "<!doctype html><html><title>Shop</title></html>"
HTML = "text/html; charset=utf-8"
THERE = response(body=PAGE, kind=HTML)
MISSING = response(404, "<Error/>", "application/xml")


def _entry(path: object = "/404.html", code: object = 404, **more: object) -> dict[str, object]:
    return {"ErrorCode": 404, "ResponsePagePath": path, "ResponseCode": code, **more}


def _planned(*entries: object, **config: object) -> dict[str, Check]:
    said = distribution_config() | {"CustomErrorResponses": list(entries), **config}
    return planned(error_pages.checks(target(distribution_resource(said), domain=APEX, aliases=(WWW,))))


def _judged(*answers: Response | Silence, path: str = "/404.html") -> Verdict:
    return error_pages.judge_error_page(Responses(responses=answers), NOW, path=path)


# --- what is asked ----------------------------------------------------------------------------


def test_a_page_is_asked_for_once_however_many_errors_show_it() -> None:
    """At the first of our hosts; a response without a page has none that could be missing."""
    shown = (
        _entry(),
        _entry(ErrorCode=403),
        _entry("/errors/500.html", 500),
        {"ErrorCode": 503},
        _entry(Unresolved("x")),
    )

    assert [f"cdn.error_page[{APEX}{path}]" for path in ("/404.html", "/errors/500.html")] == list(_planned(*shown))


def test_the_host_is_one_that_the_distribution_serves() -> None:
    """Another distribution may serve the first of them; without a host of ours nothing can be asked."""
    entry = _entry()
    other = resource("AWS::CloudFront::Distribution", {"DistributionConfig": {"Aliases": [APEX]}}, physical_id="D2")
    ours = distribution_resource({"Aliases": [WWW], "CustomErrorResponses": [entry]})

    both = planned(error_pages.checks(target(other, ours, domain=APEX, aliases=(WWW,))))
    assert [f"cdn.error_page[{WWW}/404.html]"] == list(both)
    assert {} == planned(error_pages.checks(target(ours)))
    assert {} == planned(error_pages.checks(target(distribution_resource(), domain=APEX)))


@pytest.mark.parametrize(
    ("config", "asked"),
    (
        pytest.param({}, True, id="open to everybody"),
        pytest.param({"DefaultCacheBehavior": {"TrustedKeyGroups": ["g"]}}, False, id="signed"),
        pytest.param({"DefaultCacheBehavior": {"TrustedSigners": ["self"]}}, False, id="signed the old way"),
        pytest.param({"DefaultCacheBehavior": {"TrustedKeyGroups": []}}, True, id="by nobody in particular"),
        pytest.param(
            {
                "DefaultCacheBehavior": {"TrustedKeyGroups": ["g"]},
                "CacheBehaviors": [{"PathPattern": "/api/*"}, {"PathPattern": "4*.html"}],
            },
            True,
            id="the pages alone open",
        ),
        pytest.param(
            {"CacheBehaviors": [{"PathPattern": "/404.html", "TrustedKeyGroups": ["g"]}, {"PathPattern": "/4*"}]},
            False,
            id="the first that fits counts",
        ),
    ),
)
def test_a_page_for_signed_requests_alone_is_not_asked_for(config: dict[str, Any], asked: bool) -> None:  # noqa: FBT001 - a column
    """Ours are not signed, and would be refused."""
    assert asked == bool(_planned(_entry(), **config))


@pytest.mark.parametrize(
    ("entries", "told_apart"),
    (
        pytest.param((_entry(),), True, id="a page of its own"),
        pytest.param((_entry("/"),), False, id="the home page"),
        pytest.param((_entry("/index.html"),), False, id="by its usual name"),
        pytest.param((_entry("/start.html"),), False, id="by the name of the root object"),
        pytest.param((_entry(code=200),), False, id="a success"),
        pytest.param((_entry(), _entry(code="200")), False, id="a success for another error"),
        pytest.param((_entry(code=Unresolved("Ref")),), False, id="perhaps a success"),
        pytest.param((_entry(), _entry("/other.html", 200)), True, id="another page is"),
        pytest.param((_entry(code=503),), True, id="another error"),
    ),
)
def test_a_page_that_answers_for_missing_names_by_design_is_not_told_apart(
    entries: tuple[object, ...],
    told_apart: bool,  # noqa: FBT001 - a column
) -> None:
    """The comparison would say of the right answer that it is the wrong one."""
    first, *_ = _planned(*entries, DefaultRootObject="start.html").values()

    assert told_apart == first.params["told_apart"]


@pytest.mark.parametrize(
    ("path", "nobodys"),
    (
        ("/404.html", r"/nobody-made-this-[0-9a-f]{12}\.html"),
        ("/errors/v1.2/gone", r"/errors/v1\.2/nobody-made-this-[0-9a-f]{12}"),
        ("/errors/404.json", r"/errors/nobody-made-this-[0-9a-f]{12}\.json"),
    ),
)
def test_beside_the_page_a_name_is_asked_for_that_nobody_made(path: str, nobodys: str) -> None:
    """In the same folder, with the same ending; the page itself comes first."""
    asked: list[str] = []

    def fetch(url: str) -> Response:
        asked.append(url)
        return THERE if url == f"https://{APEX}{path}" else MISSING

    (check,) = _planned(_entry(path)).values()
    seen = check.sight.look(world({("fetch",): fetch}))

    assert Responses(responses=(THERE, MISSING)) == seen
    assert re.fullmatch(rf"https://{re.escape(APEX)}{nobodys}", next(each for each in asked if "nobody" in each))
    assert "pass" == check.sight.judge(seen, NOW).status or not path.endswith((".html", "gone"))


def test_a_page_that_is_not_told_apart_is_asked_for_alone() -> None:
    """One question is enough."""
    (check,) = _planned(_entry("/index.html")).values()

    assert Responses(responses=(THERE,)) == check.sight.look(world({("fetch", f"https://{APEX}/index.html"): THERE}))


# --- what is said -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("page", "beside", "status", "actual"),
    (
        pytest.param(THERE, MISSING, "pass", "200 text/html", id="there"),
        pytest.param(MISSING, MISSING, "fail", "404 application/xml: <Error/>", id="missing"),
        pytest.param(response(403, "", HTML), MISSING, "fail", "403 text/html: ", id="refused"),
        pytest.param(
            response(body="{}", kind="application/json"), MISSING, "fail", "200 application/json: {}", id="no page"
        ),
        pytest.param(response(body=PAGE), MISSING, "fail", f"200 no content type: {PAGE}", id="of no type"),
        pytest.param(
            response(body=PAGE, kind=HTML, complete=False),
            MISSING,
            "fail",
            "200 text/html, and the body was cut off",
            id="cut off",
        ),
        pytest.param(response(body=" \n", kind=HTML), MISSING, "fail", "200 text/html, and nothing in it", id="empty"),
        pytest.param(
            response(body=HOME, kind=HTML),
            response(body=HOME, kind=HTML),
            "fail",
            "200 text/html, the same as for a name that nobody made",
            id="the application in its place",
        ),
        pytest.param(THERE, response(body=HOME, kind=HTML), "pass", "200 text/html", id="told apart from it"),
        pytest.param(THERE, response(404, PAGE, HTML), "pass", "200 text/html", id="shown for the missing name"),
        pytest.param(THERE, silence(), "pass", "200 text/html", id="nothing beside it"),
        pytest.param(
            silence("shop.test:443", "refused"), MISSING, "fail", "shop.test:443: refused", id="nobody at home"
        ),
    ),
)
def test_the_page_is_there_of_its_own(
    page: Response | Silence, beside: Response | Silence, status: str, actual: str
) -> None:
    """200, whole, of its type, and not what is answered to any name."""
    verdict = _judged(page, beside)

    assert (status, actual) == (verdict.status, verdict.actual)
    assert bool(verdict.remedy) == (status == "fail")


def test_a_page_without_a_comparison_only_has_to_be_there() -> None:
    """And where nothing at all was asked, nothing is there."""
    assert "pass" == _judged(THERE).status
    assert "fail" == _judged().status


@pytest.mark.parametrize(
    ("path", "kind", "status"),
    (
        ("/404.HTML", "application/xhtml+xml", "pass"),
        ("/gone", "text/html", "pass"),
        ("/v1.2/gone", "text/plain", "fail"),
        ("/gone.json", "application/problem+json", "pass"),
        ("/gone.json", "text/html", "fail"),
        ("/gone.txt", "text/plain", "pass"),
        ("/gone.xml", "text/xml", "pass"),
        ("/gone.svg", "image/svg+xml", "pass"),
        ("/gone.png", "text/html", "pass"),
    ),
)
def test_a_page_is_of_the_type_that_its_name_says(path: str, kind: str, status: str) -> None:
    """A browser keeps what it is told; a name that says nothing is a page, one that is not known may be anything."""
    assert status == _judged(response(body="x", kind=kind), MISSING, path=path).status


def test_nothing_that_a_page_says_reaches_a_terminal() -> None:
    """Hostile text is one harmless line."""
    assert _judged(response(500, HOSTILE, HOSTILE)).actual.isprintable()
    assert _judged(silence(HOSTILE, HOSTILE)).actual.isprintable()
