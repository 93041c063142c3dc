from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest

from checks.evidence import Asset, Assets, Reference, Response, Silence
from checks.model import Check
from checks.promises import assets
from checks.references import icons, references
from tests.promises.worlds import APEX, HOSTILE, NOW, planned, response, silence, site, world

HOME = f"https://{APEX}/"
SCRIPT, STYLE = f"{HOME}assets/app.263dc860466b.js", f"{HOME}assets/look.6ac6fa0aedbd.css"
PAGE = f"""<!doctype html><html><head><title>Shop</title>
<!-- <script src="/assets/old.js"></script> -->
<link rel="icon" href="/favicon.svg"><link rel="manifest" href='/manifest.json'>
<link rel="stylesheet" href="{STYLE}"><link rel="canonical" href="https://elsewhere.test/">
<script type=module src=/assets/app.263dc860466b.js></script><script>let inline = 1</script></head>
<body><img src="/favicon.svg" alt=""><img src="data:image/png;base64,AAAA"></body></html>"""
MANIFEST = '{"name": "Shop", "icons": [{"src": "/icon.png"}, {"src": 5}, 7]}'
KEPT = (("cache-control", "public, max-age=31536000, immutable"),)
SITE: Mapping[str, Response] = {
    HOME: response(200, PAGE, "text/html; charset=utf-8", url=HOME, headers=(("cache-control", "no-cache"),)),
    SCRIPT: response(200, 'navigator.serviceWorker.register("/sw.js")', "text/javascript", url=SCRIPT, headers=KEPT),
    STYLE: response(200, "a{}", "text/css", url=STYLE, headers=KEPT),
    f"{HOME}favicon.svg": response(200, "<svg/>", "image/svg+xml", url=f"{HOME}favicon.svg"),
    f"{HOME}manifest.json": response(200, MANIFEST, "application/manifest+json", url=f"{HOME}manifest.json"),
    f"{HOME}icon.png": response(200, "x", "image/png", url=f"{HOME}icon.png"),
    f"{HOME}sw.js": response(
        200, "x", "application/javascript", url=f"{HOME}sw.js", headers=(("cache-control", "max-age=0"),)
    ),
}


def _checks() -> dict[str, Check]:
    return planned(assets.checks(site(), page=timedelta(minutes=10), asset=timedelta(days=1)))


def _judged(promise: str, changed: Mapping[str, Response | Silence] | None = None) -> str:
    answers = {("fetch", url): answer for url, answer in {**SITE, **(changed or {})}.items()}
    check = _checks()[f"site.{promise}[{APEX}]"]
    return check.sight.judge(check.sight.look(world(answers)), NOW).status


def test_a_page_names_each_thing_once_and_by_its_full_address() -> None:
    """Comments, data and links that bring nothing are left out."""
    assert [("icon", "favicon.svg"), ("manifest", "manifest.json")] == [
        (each.kind, each.url.removeprefix(HOME)) for each in references(HOME, PAGE)[:2]
    ]
    assert {SCRIPT, STYLE, f"{HOME}favicon.svg", f"{HOME}manifest.json"} == {
        each.url for each in references(HOME, PAGE)
    }


@pytest.mark.parametrize(
    "body",
    (
        "<script", "<script src=", "<!--", "<link rel=icon>", "<link href=/x>", '<img src="http://[">',
        '<script src="  "></script>', '<script src="ftp://e.org/x"></script>', "<" * 100_000, "<script " * 20_000,
    ),
)  # fmt: skip
def test_no_text_names_what_it_does_not(body: str) -> None:
    """Whatever is half a tag, half an address or a flood of either."""
    assert () == references(HOME, body)


@pytest.mark.parametrize(
    "body",
    (
        '<video><source src="/film.mp4" type="video/mp4"></video>',
        '<script>const row = `<img src="${each.url}">`</script>',
        """<script>document.write('<script src="/old.js"><\\/script>')</script>""",
        '<img data-src="/later.png">',
        '<!-- <script>navigator.serviceWorker.register("/old.js")</script> -->',
    ),
    ids=("a film", "a template", "a tag that is written", "what is loaded later", "a comment"),
)
def test_what_is_no_part_of_the_page_is_not_asked_for(body: str) -> None:
    """A text inside of a script is no tag, a film no picture, and no other attribute is the address."""
    after = '<script src="/real.js"></script>'

    assert [f"{HOME}real.js"] == [each.url for each in references(HOME, body + after)]


def test_the_address_of_a_picture_is_its_own_whatever_else_is_said() -> None:
    """Pages that load late say both."""
    assert [f"{HOME}now.png"] == [each.url for each in references(HOME, '<img src="/now.png" data-src="/later.png">')]


@pytest.mark.parametrize("body", ("", "{", "[]", '{"icons": 1}', '{"icons": [{}]}', "[" * 100_000))
def test_a_manifest_of_nonsense_has_no_icons(body: str) -> None:
    """Never an error of ours."""
    assert [] == list(icons(HOME, body))


@pytest.mark.parametrize("promise", ("assets", "cache", "foreign"))
def test_everything_passes_where_everything_is_right(promise: str) -> None:
    """The page, what it names, the manifest's icons and the worker that a script registers."""
    assert "pass" == _judged(promise)


@pytest.mark.parametrize("gone", [url for url in SITE if url != HOME])
@pytest.mark.parametrize(
    "instead",
    (
        response(404, "", "application/xml"),
        response(200, "<!doctype html><title>Shop</title>", "text/html"),
        response(200, "x", ""),
        response(200, "x", "application/octet-stream"),
        silence(),
    ),
    ids=("missing", "a page", "no type", "another type", "silence"),
)
def test_each_part_that_is_not_what_it_should_be_fails(gone: str, instead: Response | Silence) -> None:
    """Icons of the manifest and the worker too."""
    assert "fail" == _judged("assets", {gone: instead})


def test_a_part_that_is_cut_off_fails() -> None:
    """Half a script is a broken one."""
    assert "fail" == _judged("assets", {STYLE: response(200, "a{", "text/css", complete=False)})


def test_of_a_page_that_names_very_much_the_code_comes_first_and_the_rest_is_told() -> None:
    """Sixty-one pictures before the only script: it is asked for, and what is not is not called well."""
    pictures = [f"{HOME}{at}.png" for at in range(61)]
    tags = "".join(f'<img src="{each}">' for each in pictures)
    home = response(200, f"<!doctype html><body>{tags}<script src=/late.js></script>", "text/html", url=HOME)
    answers = {each: response(200, "x", "image/png", url=each) for each in pictures[:59]}
    late = {f"{HOME}late.js": response(200, "x", "text/javascript", url=f"{HOME}late.js")}
    check = _checks()[f"site.assets[{APEX}]"]
    script = {("fetch", url): each for url, each in {HOME: home, **answers, **late}.items()}
    seen = check.sight.look(world(script))
    verdict = check.sight.judge(seen, NOW)

    assert ("pass", "60 of 60") == (verdict.status, verdict.actual)
    assert "(not compared: 2 of what it names)" in verdict.expected


@pytest.mark.parametrize(("count", "left"), ((60, ""), (61, " (not compared: 1 of what it names)")))
def test_of_a_manifest_that_names_very_many_icons_the_rest_is_told(count: int, left: str) -> None:
    """Sixty are asked for beside what the page itself names."""
    pictures = [f"{HOME}{at}.png" for at in range(count)]
    manifest = json.dumps({"icons": [{"src": each} for each in pictures]})
    answers = {
        HOME: response(200, '<!doctype html><link rel="manifest" href="/m.json">', "text/html", url=HOME),
        f"{HOME}m.json": response(200, manifest, "application/json", url=f"{HOME}m.json"),
        **{each: response(200, "x", "image/png", url=each) for each in pictures[:60]},
    }
    check = _checks()[f"site.assets[{APEX}]"]
    verdict = check.sight.judge(check.sight.look(world({("fetch", url): each for url, each in answers.items()})), NOW)

    assert ("pass", "61 of 61") == (verdict.status, verdict.actual)
    assert f"each 200 with its own type{left}" == verdict.expected


@pytest.mark.parametrize("promise", ("assets", "cache", "foreign"))
def test_a_page_that_was_not_read_to_its_end_says_so(promise: str) -> None:
    """What it names further down is not seen; what was seen is judged all the same."""
    answers = {**SITE, HOME: replace(SITE[HOME], capped=True)}
    check = _checks()[f"site.{promise}[{APEX}]"]
    verdict = check.sight.judge(check.sight.look(world({("fetch", url): each for url, each in answers.items()})), NOW)

    assert "pass" == verdict.status
    assert "further down than it was read" in verdict.expected


@pytest.mark.parametrize("promise", ("assets", "cache", "foreign"))
@pytest.mark.parametrize(
    "instead",
    (silence(), response(503, "", "text/html", url=HOME), response(200, "{}", "application/json", url=HOME)),
    ids=("silence", "an error", "no page"),
)
def test_without_a_page_nothing_of_it_is_right(promise: str, instead: Response | Silence) -> None:
    """An empty list of parts is no pass."""
    assert "fail" == _judged(promise, {HOME: instead})


def _with(url: str, rule: str) -> Mapping[str, Response]:
    was = SITE[url]
    kind = next(value for name, value in was.headers if name == "content-type")
    headers = (("cache-control", rule),) if rule else ()
    return {url: response(200, was.body, kind, url=url, headers=headers)}


@pytest.mark.parametrize(
    ("url", "rule", "status"),
    (
        (HOME, "max-age=600", "pass"),
        (HOME, "max-age=601", "fail"),
        (HOME, "", "fail"),
        (HOME, "no-store", "pass"),
        (SCRIPT, "max-age=86400", "pass"),
        (SCRIPT, "max-age=86399", "fail"),
        (SCRIPT, "no-cache", "fail"),
        (SCRIPT, "", "fail"),
        (f"{HOME}sw.js", "max-age=86400", "pass"),
        (f"{HOME}sw.js", "max-age=86401", "fail"),
        (f"{HOME}sw.js", "", "fail"),
        (f"{HOME}favicon.svg", "max-age=31536000", "pass"),
    ),
)
def test_each_is_kept_as_long_as_it_should_be(url: str, rule: str, status: str) -> None:
    """The page for minutes, what is named after its content for long, code that keeps its name for a day at most."""
    assert status == _judged("cache", _with(url, rule))


@pytest.mark.parametrize(
    ("rule", "as_page", "as_asset"),
    (
        ("no-cache", "pass", "fail"),
        ("no-store", "pass", "fail"),
        ("max-age=0", "pass", "fail"),
        ("max-age=1", "fail", "pass"),
    ),
)
def test_what_must_be_asked_for_anew_is_kept_for_no_second(rule: str, as_page: str, as_asset: str) -> None:
    """Good enough for a page that may not be kept at all, too little for what is to be kept for a second."""
    page = Asset(url=HOME, status=200, type="text/html", cache=rule, complete=True, page=True, listing=False)
    part = replace(page, url=SCRIPT, type="text/javascript", page=False)
    script = Reference(kind="script", url=SCRIPT)
    alone = Assets(page=page, references=(), parts=())
    within = Assets(page=replace(page, cache="no-cache"), references=(script,), parts=(part,))
    limits = {"page": timedelta(0), "asset": timedelta(seconds=1)}

    assert as_page == assets.judge_cache(alone, NOW, **limits).status
    assert as_asset == assets.judge_cache(within, NOW, **limits).status


def test_what_was_named_and_nobody_asked_for_is_no_pass() -> None:
    """Each that is named has its answer, if only that nobody was asked; fewer are no evidence."""
    page = Asset(url=HOME, status=200, type="text/html", cache="no-cache", complete=True, page=True, listing=False)
    script = Asset(url=SCRIPT, status=404, type="text/html", cache="", complete=True, page=True, listing=False)
    named = tuple(Reference(kind="script", url=url) for url in (SCRIPT, f"{HOME}late.js"))
    seen, whole = (Assets(page=page, references=named, parts=parts) for parts in ((script,), (script, None)))
    limits = {"page": timedelta(minutes=10), "asset": timedelta(days=1)}

    for verdict in (
        assets.judge_assets(seen, NOW),
        assets.judge_cache(seen, NOW, **limits),
        assets.judge_foreign(seen, NOW, host=APEX),
        assets.judge_hidden(seen, NOW),
    ):
        assert ("fail", "1 answers for 2 that are named") == (verdict.status, verdict.actual)
    assert "none of 2" == assets.judge_hidden(whole, NOW).actual


@pytest.mark.parametrize(
    ("promise", "changed", "told"),
    (
        ("cache", _with(SCRIPT, ""), "assets/app.263dc860466b.js: no Cache-Control"),
        ("cache", _with(SCRIPT, "no-cache"), "assets/app.263dc860466b.js: no-cache"),
        ("assets", {STYLE: response(404, "", "application/xml")}, "assets/look.6ac6fa0aedbd.css: 404"),
        ("assets", {STYLE: response(200, PAGE, "text/html")}, "assets/look.6ac6fa0aedbd.css: text/html, a page"),
        ("assets", {STYLE: response(200, "x", "text/plain")}, "assets/look.6ac6fa0aedbd.css: text/plain"),
        ("assets", {HOME: response(503, PAGE, "text/html", url=HOME)}, f"{HOME} is 503"),
        ("assets", {HOME: response(200, "{}", "application/json", url=HOME)}, f"{HOME} is 200 and no page"),
    ),
)
def test_what_is_amiss_is_named(promise: str, changed: Mapping[str, Response], told: str) -> None:
    """By its path, with what was seen of it."""
    check = _checks()[f"site.{promise}[{APEX}]"]
    script = {("fetch", url): each for url, each in {**SITE, **changed}.items()}

    assert told == check.sight.judge(check.sight.look(world(script)), NOW).actual


@pytest.mark.parametrize(
    ("name", "rule", "status"),
    (
        ("index-BcDeFgHi.js", "max-age=31536000", "pass"),
        ("index-BcDeFgHi.js", "no-cache", "pass"),
        ("index-D-3kx_aZ.js", "max-age=31536000", "pass"),
        ("index-DiwrgTda3.js", "max-age=31536000", "pass"),
        ("index-DiwrgTda3.js", "no-cache", "fail"),
        ("shop-overview.js", "max-age=31536000", "fail"),
        ("shop-overview.js", "no-cache", "pass"),
        ("app.js", "max-age=31536000", "fail"),
    ),
)
def test_a_name_that_may_be_drawn_from_the_content_is_kept_either_way(name: str, rule: str, status: str) -> None:
    """Bundlers draw names without a figure, and with a dash; only what is surely the one or the other is judged."""
    url = f"{HOME}{name}"
    page = PAGE.replace("<body>", f'<body><script src="/{name}"></script>')
    home = response(200, page, "text/html", url=HOME, headers=(("cache-control", "no-cache"),))
    script = response(200, "", "text/javascript", url=url, headers=(("cache-control", rule),))

    assert status == _judged("cache", {HOME: home, url: script})


@pytest.mark.parametrize(
    "tag",
    (
        '<script src="https://cdn.test/x.js"></script>',
        '<img src="//cdn.test/x.png">',
        f'<img src="http://{APEX}/x.png">',
    ),
)
def test_what_comes_from_elsewhere_or_over_http_is_foreign(tag: str) -> None:
    """And is not asked for: somebody else's server is no target of ours."""
    page = response(200, PAGE.replace("<body>", f"<body>{tag}"), "text/html", url=HOME)

    assert "fail" == _judged("foreign", {HOME: page})
    assert "pass" == _judged("assets", {HOME: page})


NONE = {url: response(404, "", "application/xml", url=url) for url in (
    f"{HOME}.env", f"{HOME}.git/HEAD", f"{HOME}.git/config", f"{SCRIPT}.map")}  # fmt: skip


@pytest.mark.parametrize(
    ("url", "instead", "status"),
    (
        (f"{HOME}.env", NONE[f"{HOME}.env"], "pass"),
        (f"{HOME}.git/HEAD", response(200, PAGE, "text/html"), "pass"),
        (f"{HOME}.env", response(200, "KEY=1", "text/plain"), "fail"),
        (f"{HOME}.git/HEAD", response(200, "ref: refs/heads/main", "binary/octet-stream"), "fail"),
        (f"{SCRIPT}.map", response(200, "{}", "application/json"), "fail"),
        (f"{HOME}.env", response(200, "KEY=1", "text/html"), "fail"),
        (f"{HOME}.env", silence(), "fail"),
        (HOME, silence(), "fail"),
        (HOME, response(503, "", "text/html", url=HOME), "fail"),
    ),
)
def test_nothing_hidden_is_served(url: str, instead: Response | Silence, status: str) -> None:
    """An error or the application's own page is as good as nothing; without a page nobody knows what to ask for."""
    assert status == _judged("hidden", {**NONE, url: instead})


def test_silence_hides_nothing() -> None:
    """Neither of all of them nor of one: what was not answered may be there."""
    assert "fail" == _judged("hidden", dict.fromkeys(NONE, silence()))


def test_what_a_hidden_file_says_is_not_kept() -> None:
    """Evidence is stored and sent on; a secret in it would be one more copy."""
    shown = {**NONE, f"{HOME}.env": response(200, "PASSWORD=hush", "text/plain", url=f"{HOME}.env")}
    check = _checks()[f"site.hidden[{APEX}]"]
    seen = check.sight.look(world({("fetch", url): each for url, each in {**SITE, **shown}.items()}))

    assert "hush" not in repr(seen)


LISTED = '<?xml version="1.0"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>files</Name>'


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    (
        (PAGE, "text/html", "pass"),
        (LISTED, "application/xml", "fail"),
        ("<Error/>", "application/xml", "pass"),
        ("<ListBucketResult".rjust(2000), "application/xml", "fail"),
        ("<ListBucketResult".rjust(2001), "application/xml", "pass"),
    ),
)
def test_nobody_is_shown_a_list_of_files(body: str, kind: str, status: str) -> None:
    """By either of the questions that S3 understands; a list says at its beginning what it is."""
    first, second = f"{HOME}?list-type=2", f"{HOME}?prefix=&delimiter=/"
    page = response(200, PAGE, "text/html")

    assert status == _judged("listing", {first: response(200, body, kind), second: page})
    assert status == _judged("listing", {first: page, second: response(200, body, kind)})


def test_a_silent_site_lists_nothing_and_proves_nothing() -> None:
    """Silence is a failure of the target."""
    urls = (f"{HOME}?list-type=2", f"{HOME}?prefix=&delimiter=/")

    assert "fail" == _judged("listing", dict.fromkeys(urls, silence()))


def test_nothing_that_a_server_says_reaches_a_terminal() -> None:
    """Hostile text is one harmless line."""
    asset = Asset(
        url=f"https://e.org/{HOSTILE}", status=200, type=HOSTILE, cache=HOSTILE, complete=True, page=False, listing=True
    )
    page = Asset(url=HOME, status=200, type="text/html", cache=HOSTILE, complete=True, page=True, listing=False)
    seen = Assets(page=page, references=(Reference(kind="style", url=f"https://e.org/{HOSTILE}"),), parts=(asset,))

    for name, check in _checks().items():
        assert check.sight.judge(seen, NOW).actual.isprintable(), name
