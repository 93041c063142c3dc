from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from checks.evidence import Response, Responses, Silence
from checks.promises import site
from tests.promises import worlds
from tests.promises.worlds import APEX, HOSTILE, NOW, WWW, planned, response, silence, target, world

HSTS = timedelta(days=180)
PAGE = '<!doctype html><html><head><title>Shop</title><script src="/assets/a1.js"></script></head></html>'
XML = '<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>'
BARE = "<!doctype html><title>T</title>"
HOME = response(200, PAGE, "text/html; charset=utf-8")


def _page(body: str = PAGE, status: int = 200, kind: str = "text/html", **more: Any) -> Response:  # noqa: ANN401
    return response(status, body, kind, **more)


def test_every_address_of_the_site_is_visited() -> None:
    """Hosts over HTTP, the home page, the alias, each page but the home page again, what is missing, the headers."""
    names = list(planned(site.checks(worlds.site(), hsts=HSTS)))

    pages = [f"cdn.page[{APEX}/jobs]", f"cdn.page[{APEX}/login]"]
    rest = [f"cdn.missing[{APEX}/assets/*.js]", f"cdn.headers[{APEX}]"]
    first = [f"cdn.https[{APEX}]", f"cdn.https[{WWW}]", f"cdn.home[{APEX}]", f"cdn.canonical[{WWW}]"]
    assert [*first, *pages, *rest] == names


def test_the_root_object_is_the_one_of_the_template() -> None:
    """A site without a distribution has none that is known."""
    config = worlds.distribution_config() | {"DefaultRootObject": "start.html"}
    known = target(worlds.distribution_resource(config), domain=APEX, aliases=(WWW,))

    roots = [
        planned(site.checks(each, hsts=HSTS))[f"cdn.canonical[{WWW}]"].params["root"]
        for each in (known, target(domain=APEX, aliases=(WWW,)))
    ]

    assert ["start.html", ""] == roots


def test_a_target_without_a_site_is_not_visited() -> None:
    """What does not apply is not planned."""
    assert {} == planned(site.checks(target(), hsts=HSTS))


def _to(location: str, status: int = 301) -> Response:
    return response(status, headers=(("location", location),) if location else ())


@pytest.mark.parametrize(
    ("seen", "status", "actual"),
    (
        pytest.param(_to(f"https://{APEX}/?kept=1"), "pass", f"301 to https://{APEX}/?kept=1", id="301"),
        pytest.param(_to(f"https://{APEX}/?kept=1", 308), "pass", f"308 to https://{APEX}/?kept=1", id="308"),
        pytest.param(_to(f"https://{APEX}:443/?kept=1"), "pass", f"301 to https://{APEX}:443/?kept=1", id="the port"),
        pytest.param(_to(f"https://{APEX}/?kept=1", 302), "fail", f"302 to https://{APEX}/?kept=1", id="for now"),
        pytest.param(_to(f"https://{APEX}/?kept=1", 200), "fail", f"200 to https://{APEX}/?kept=1", id="no redirect"),
        pytest.param(_to(f"https://{APEX}/"), "fail", f"301 to https://{APEX}/", id="the query is lost"),
        pytest.param(_to(f"https://{WWW}/?kept=1"), "fail", f"301 to https://{WWW}/?kept=1", id="another host"),
        pytest.param(_to(f"http://{APEX}/?kept=1"), "fail", f"301 to http://{APEX}/?kept=1", id="a loop"),
        pytest.param(_to(""), "fail", "301", id="to nowhere"),
        pytest.param(HOME, "fail", "200", id="the page itself"),
        pytest.param(silence(), "fail", "shop.test:443: connection refused", id="silence"),
    ),
)
def test_plain_http_is_sent_to_the_same_address(seen: Response | Silence, status: str, actual: str) -> None:
    """For good, and with nothing lost but the scheme; where to is told."""
    verdict = site.judge_https(seen, NOW, host=APEX)

    assert (status, actual) == (verdict.status, verdict.actual)


@pytest.mark.parametrize(
    ("seen", "status", "word"),
    (
        pytest.param(HOME, "pass", "Shop", id="a page"),
        pytest.param(
            _page("\ufeff <!-- x --> <!DOCTYPE HTML><title>Shop</title>"), "pass", "Shop", id="a comment first"
        ),
        pytest.param(_page("<!doctype html><title> </title>"), "fail", "no title", id="an empty title"),
        pytest.param(_page("<!doctype html><p>x"), "fail", "no title", id="no title"),
        pytest.param(_page(XML, 403, "application/xml"), "fail", "403", id="denied by the bucket"),
        pytest.param(_page(XML), "fail", "begin", id="XML that claims to be a page"),
        pytest.param(_page('{"message": "x"}', kind="application/json"), "fail", "application/json", id="JSON"),
        pytest.param(_page(kind=""), "fail", "missing", id="no content type"),
        pytest.param(_page(status=503), "fail", "503", id="an outage with a page"),
        pytest.param(_page("", status=200), "fail", "begin", id="an empty body"),
        pytest.param(_page("\x1f\x8b\x08\x00\x00", 200), "fail", "begin", id="compressed without saying so"),
        pytest.param(_page(complete=False), "fail", "cut off", id="cut off"),
        pytest.param(_page(HOSTILE, 500, HOSTILE), "fail", "500", id="hostile"),
        pytest.param(silence(), "fail", "refused", id="silence"),
    ),
)
def test_the_home_page_is_a_page(seen: Response | Silence, status: str, word: str) -> None:
    """A status of 200 alone is what an error page can have as well."""
    verdict = site.judge_home(seen, NOW)

    assert status == verdict.status
    assert word in verdict.actual


@pytest.mark.parametrize(
    ("front", "alias", "status"),
    (
        pytest.param(HOME, _to(f"https://{APEX}/"), "pass", id="sent to the apex"),
        pytest.param(HOME, _to(f"https://{APEX}"), "pass", id="without the slash"),
        pytest.param(HOME, _to(f"https://{APEX}/index.html"), "pass", id="by the root object's name"),
        pytest.param(HOME, _to(f"https://{APEX}/other.html"), "fail", id="to another page"),
        pytest.param(silence(), _to(f"https://{APEX}/", 308), "pass", id="the apex is another question"),
        pytest.param(HOME, HOME, "pass", id="the same page"),
        pytest.param(HOME, _to(f"https://{APEX}/", 302), "fail", id="for now"),
        pytest.param(HOME, _to("https://other.test/"), "fail", id="sent elsewhere"),
        pytest.param(HOME, _to(""), "fail", id="sent nowhere"),
        pytest.param(HOME, _page("<!doctype html><title>Parked</title>"), "fail", id="another page"),
        pytest.param(_page(XML, 403), _page(XML, 403), "fail", id="the same error"),
        pytest.param(silence(), HOME, "fail", id="nothing to compare with"),
        pytest.param(HOME, silence(), "fail", id="silence"),
    ),
)
def test_an_alias_is_the_site_or_leads_to_it(front: Response | Silence, alias: Response | Silence, status: str) -> None:
    """Two names, one site."""
    verdict = site.judge_canonical(Responses(responses=(front, alias)), NOW, host=WWW, apex=APEX, root="index.html")

    assert status == verdict.status


@pytest.mark.parametrize(
    ("front", "deep", "status", "word"),
    (
        pytest.param(HOME, HOME, "pass", "same", id="the same document"),
        pytest.param(HOME, _page(PAGE.replace("</html>", "<!-- 2 --></html>")), "pass", "same", id="but for a mark"),
        pytest.param(HOME, _page(PAGE.replace("a1.js", "b2.js")), "fail", "another page", id="another build"),
        pytest.param(
            _page("<!doctype html><title>T</title>a"), _page("<!doctype html><title>T</title>b"), "fail", "“T”", id="x"
        ),
        pytest.param(HOME, _page(XML, 403, "application/xml"), "fail", "403 application/xml", id="denied"),
        pytest.param(HOME, _page(PAGE, 404), "fail", "404", id="the page, as an error"),
        pytest.param(_page(XML, 403), _page(XML, 403), "fail", "403", id="the same error"),
        pytest.param(silence(), HOME, "fail", "not the same", id="nothing to compare with"),
        pytest.param(HOME, silence(), "fail", "refused", id="silence"),
    ),
)
def test_a_deep_link_is_the_application(
    front: Response | Silence, deep: Response | Silence, status: str, word: str
) -> None:
    """The very document of the home page, or one with the same title and parts."""
    verdict = site.judge_page(Responses(responses=(front, deep)), NOW)

    assert status == verdict.status
    assert word in verdict.actual


@pytest.mark.parametrize(
    ("seen", "status", "word"),
    (
        pytest.param(_page(XML, 404, "application/xml"), "pass", "404 application/xml for", id="404"),
        pytest.param(
            _page(XML, 403, "application/xml"),
            "pass",
            "403 application/xml for",
            id="403, which S3 says without permission to list",
        ),
        pytest.param(_page("", 410, ""), "pass", "410 no content type for", id="gone"),
        pytest.param(HOME, "fail", "200 text/html for", id="the application in its place"),
        pytest.param(_page(PAGE, 404), "fail", "404 text/html for", id="the application as an error"),
        pytest.param(
            _page(PAGE, 404, "text/javascript"),
            "fail",
            "404 text/javascript for",
            id="a page that claims to be a script",
        ),
        pytest.param(
            _page("x()", 200, "text/javascript"), "fail", "200 text/javascript for", id="a script that cannot be"
        ),
        pytest.param(_page(XML, 500, "application/xml"), "fail", "500 application/xml for", id="an outage"),
        pytest.param(silence(), "fail", "refused", id="silence"),
    ),
)
def test_a_missing_script_is_missing(seen: Response | Silence, status: str, word: str) -> None:
    """A page in place of a script breaks the application where no status shows it; its type is told."""
    verdict = site.judge_missing(seen, NOW)

    assert status == verdict.status
    assert word in verdict.actual


@pytest.mark.parametrize(
    ("seen", "status"),
    (
        (_page(BARE, 404), "pass"),
        (_page(BARE, 403), "pass"),
        (_page(XML, 404, "application/xml"), "pass"),
        (HOME, "fail"),
        (_page(BARE, 500), "fail"),
        (silence(), "fail"),
    ),
)
def test_a_page_for_what_is_missing_may_be_shown_as_an_error(seen: Response | Silence, status: str) -> None:
    """Where the template has one, the status alone tells browsers that no script came."""
    verdict = site.judge_missing(seen, NOW, paged=True)

    assert (status, "403 or 404") == (verdict.status, verdict.expected)
    assert "403 or 404, not HTML" == site.judge_missing(seen, NOW).expected


@pytest.mark.parametrize(
    ("page", "paged"),
    (
        ({"ErrorCode": 404, "ResponseCode": 404, "ResponsePagePath": "/missing.html"}, True),
        ({"ErrorCode": 403, "ResponseCode": 404, "ResponsePagePath": "/missing.html"}, True),
        ({"ErrorCode": 404, "ResponseCode": 200, "ResponsePagePath": "/index.html"}, False),
        ({"ErrorCode": 503, "ResponseCode": 404, "ResponsePagePath": "/missing.html"}, False),
        ({"ErrorCode": 404, "ErrorCachingMinTTL": 5}, False),
    ),
)
def test_a_template_says_whether_what_is_missing_has_a_page(page: dict[str, object], paged: bool) -> None:  # noqa: FBT001 - a column
    """One that hides the error, is for another one, or is only about how long it is kept, is none."""
    config = worlds.distribution_config() | {"CustomErrorResponses": [page]}
    one = target(worlds.distribution_resource(config), domain=APEX)

    check = planned(site.checks(one, hsts=HSTS))[f"cdn.missing[{APEX}/assets/*.js]"]
    assert paged is check.params.get("paged", False)


GOOD = {
    "strict-transport-security": "max-age=63072000; includeSubDomains",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "strict-origin-when-cross-origin",
    "content-security-policy": "default-src 'self'; script-src 'self'; frame-ancestors 'none'",
}


def _told(*more: tuple[str, str], **changes: str) -> Response:
    named = {key.replace("_", "-"): value for key, value in changes.items()}
    headers = tuple((key, value) for key, value in (GOOD | named).items() if value)
    return _page(headers=(*headers, *more))


CSP = "content-security-policy"


@pytest.mark.parametrize(
    ("seen", "status", "word"),
    (
        pytest.param(_told(), "pass", "all five", id="all of them"),
        pytest.param(_told(strict_transport_security="max-age=15552000"), "pass", "", id="HSTS of exactly the limit"),
        pytest.param(_told(strict_transport_security="max-age=15551999"), "fail", "HSTS of 179 d", id="a second short"),
        pytest.param(_told(strict_transport_security="max-age=0"), "fail", "HSTS of 0 s", id="HSTS off"),
        pytest.param(_told(strict_transport_security=""), "fail", "no HSTS", id="no HSTS"),
        pytest.param(_told(strict_transport_security=f"max-age={'9' * 5000}"), "fail", "no HSTS", id="absurd HSTS"),
        pytest.param(_told(x_content_type_options=""), "fail", "nosniff", id="no nosniff"),
        pytest.param(_told(x_frame_options=""), "pass", "", id="framing by policy alone"),
        pytest.param(_told(content_security_policy="default-src 'self'"), "pass", "", id="framing by header alone"),
        pytest.param(
            _told(x_frame_options="", content_security_policy="default-src 'self'"),
            "fail",
            "framing",
            id="framed by all",
        ),
        pytest.param(
            _told(content_security_policy="default-src 'self'; frame-ancestors *"), "fail", "framing", id="policy wins"
        ),
        pytest.param(_told(referrer_policy=""), "fail", "referrer policy missing", id="no referrer policy"),
        pytest.param(_told(referrer_policy="unsafe-url"), "fail", "unsafe-url", id="every referrer"),
        pytest.param(_told(referrer_policy="no-referrer, strict-origin"), "pass", "", id="two referrer policies"),
        pytest.param(_told(content_security_policy=""), "fail", "no content policy", id="no policy"),
        pytest.param(_told(content_security_policy="frame-ancestors 'none'"), "fail", "scripts from *", id="any"),
        pytest.param(_told(content_security_policy="script-src *"), "fail", "scripts from *", id="scripts from all"),
        pytest.param(_told(content_security_policy="default-src https:"), "fail", "https:", id="any host"),
        pytest.param(
            _told(content_security_policy="script-src 'self' 'unsafe-inline'"),
            "fail",
            "unsafe-inline",
            id="inline",
        ),
        pytest.param(
            _told(content_security_policy="script-src 'unsafe-inline' 'nonce-abc'"),
            "pass",
            "",
            id="with a nonce",
        ),
        pytest.param(
            _told(content_security_policy=";; script-src 'self'; script-src *"), "pass", "", id="the first one counts"
        ),
        pytest.param(_told((CSP, "default-src *")), "fail", f"{CSP} twice", id="two policies"),
        pytest.param(silence(), "fail", "refused", id="silence"),
    ),
)
def test_browsers_are_told_what_protects(seen: Response | Silence, status: str, word: str) -> None:
    """Each header by what it says, not by being there."""
    verdict = site.judge_headers(seen, NOW, hsts=HSTS)

    assert status == verdict.status
    assert word in verdict.actual


def test_the_looks_ask_for_what_the_names_say() -> None:
    """Each address as a visitor would type it; the missing one is another each time."""
    checks = planned(site.checks(worlds.site(), hsts=HSTS))
    here = world({("fetch",): lambda url: response(url=url)})

    def urls(name: str) -> list[str]:
        seen = checks[name].sight.look(here)
        return [each.url for each in (seen.responses if isinstance(seen, Responses) else (seen,))]  # type: ignore[attr-defined]

    missing = f"cdn.missing[{APEX}/assets/*.js]"
    assert [f"http://{WWW}/?kept=1"] == urls(f"cdn.https[{WWW}]")
    assert [f"https://{APEX}/", f"https://{WWW}/"] == urls(f"cdn.canonical[{WWW}]")
    assert [f"https://{APEX}/", f"https://{APEX}/jobs"] == urls(f"cdn.page[{APEX}/jobs]")
    assert urls(missing) != urls(missing)
    assert urls(missing)[0].startswith(f"https://{APEX}/assets/")
