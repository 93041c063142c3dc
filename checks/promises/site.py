"""The site as visitors meet it: the page, its other addresses, what is missing, and what browsers are told."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from itertools import chain

from checks import documents, intent
from checks.evidence import Response, Responses, Silence
from checks.model import Check, Place, Resource, Sight, Target, Verdict, promise
from checks.together import together
from checks.wording import quote, several, span
from checks.world.ports import World

Answer = Response | Silence

# Asked along, to see that a redirect loses nothing on the way.
_QUERY = "/?kept=1"
_PERMANENT = frozenset({301, 308})
_MISSING = frozenset({403, 404, 410})
_MAX_AGE = re.compile(r"max-age\s*=\s*\"?([0-9]{1,10})\b", re.IGNORECASE)
_REFERRERS = frozenset(
    {
        "no-referrer",
        "same-origin",
        "strict-origin",
        "strict-origin-when-cross-origin",
        "origin",
        "origin-when-cross-origin",
    }
)
_ONCE = ("strict-transport-security", "content-security-policy", "x-frame-options", "x-content-type-options")


@promise(
    "cdn.https",
    says="plain HTTP is sent to the same address under HTTPS, for good",
    severity="critical",
    instrument="http",
)
def https(*, host: str) -> Sight:
    """RFC 9110 15.4.2 and 15.4.9; a redirect to another host, to no path, or to itself is an outage of old links."""
    return Sight(look=partial(_fetch, url=f"http://{host}{_QUERY}"), judge=partial(judge_https, host=host))


@promise("cdn.home", says="the home page is a web page", severity="critical", instrument="http")
def home(*, host: str) -> Sight:
    """Pitfalls 13, 14 and 16: no default root object, a deleted index, or a bucket's XML in its place."""
    return Sight(look=partial(_fetch, url=f"https://{host}/"), judge=judge_home)


@promise(
    "cdn.canonical",
    says="the alias shows the same site, or sends visitors to it for good",
    severity="critical",
    instrument="http",
)
def canonical(*, host: str, apex: str, root: str) -> Sight:
    """Pitfall 29: one of two names works and the other does not."""
    look = partial(_fetch_both, urls=(f"https://{apex}/", f"https://{host}/"))
    return Sight(look=look, judge=partial(judge_canonical, host=host, apex=apex, root=root))


@promise(
    "cdn.page",
    says="a page opened by its own address is the application",
    severity="critical",
    instrument="http",
)
def page(*, host: str, path: str) -> Sight:
    """Pitfall 2: a deep link is an object that does not exist, so the edge has to answer with the application."""
    urls = (f"https://{host}/", f"https://{host}{path}")
    return Sight(look=partial(_fetch_both, urls=urls), judge=judge_page)


@promise(
    "cdn.missing",
    says="a script that does not exist is missing, and no page comes in its place",
    severity="critical",
    instrument="http",
)
def missing(*, host: str, folder: str, ending: str, paged: bool = False) -> Sight:
    """Pitfalls 1 and 11: HTML with 200 for a script breaks the application where no status code shows it.

    *paged* where the template gives what is missing a page that stays an error, as sites without an application do.
    """
    look = partial(_fetch_missing, host=host, folder=folder, ending=ending)
    return Sight(look=look, judge=partial(judge_missing, paged=paged))


@promise(
    "cdn.headers",
    says="browsers are told to stay on HTTPS and to run nothing foreign",
    severity="warning",
    instrument="http",
)
def headers(*, host: str, hsts: timedelta) -> Sight:
    """RFC 6797 (HSTS), CSP level 3, the Fetch standard (nosniff), RFC 7034 (framing), W3C Referrer Policy."""
    return Sight(look=partial(_fetch, url=f"https://{host}/"), judge=partial(judge_headers, hsts=hsts))


def judge_https(seen: Answer, _now: datetime, *, host: str) -> Verdict:
    """301 or 308, with nothing changed but the scheme."""
    there = f"https://{host}{_QUERY}"
    expected = f"301 or 308 to {there}"
    remedy = "set ViewerProtocolPolicy to redirect-to-https on every behaviour of the site"
    if isinstance(seen, Silence):
        return _silent(seen, expected)
    actual = f"{seen.status} to {quote(seen.header('location'))}" if seen.header("location") else str(seen.status)
    if seen.status in _PERMANENT and seen.header("location").replace(f"{host}:443", host) == there:
        return Verdict.passed(expected=expected, actual=actual)
    return Verdict.failed(expected=expected, actual=actual, remedy=remedy)


def judge_home(seen: Answer, _now: datetime) -> Verdict:
    """200, HTML by its type and by its beginning, whole, with a title."""
    expected = "200 text/html with a title"
    if isinstance(seen, Silence):
        return _silent(seen, expected)
    if why := _no_page(seen):
        remedy = "upload the site again and invalidate /index.html; see the bucket and the default root object"
        return Verdict.failed(expected=expected, actual=why, remedy=remedy)
    return Verdict.passed(expected=expected, actual=f"“{quote(documents.title(seen.body))}”")


def judge_canonical(seen: Responses, _now: datetime, *, host: str, apex: str, root: str) -> Verdict:
    """A permanent redirect to the apex's home, by its root object's name too, or the very same document."""
    expected = f"{host} sends visitors to https://{apex}/ for good, or is the same page"
    remedy = f"see the function on the default behaviour, and whether {host} is an alias of the distribution"
    match seen.responses:
        case (_, Response(status=status) as alias) if status in _PERMANENT:
            actual = f"{status} to {quote(alias.header('location')) or 'nowhere'}"
            if alias.header("location") in {f"https://{apex}", f"https://{apex}/", f"https://{apex}/{root}"}:
                return Verdict.passed(expected=expected, actual=actual)
            return Verdict.failed(expected=expected, actual=actual, remedy=remedy)
        case (Response() as front, Response() as alias) if not _no_page(alias) and _same(front, alias):
            return Verdict.passed(expected=expected, actual="the same page")
        case responses:
            return Verdict.failed(expected=expected, actual=_told(responses[-1:]), remedy=remedy)


def judge_page(seen: Responses, _now: datetime) -> Verdict:
    """The same document as the home page."""
    expected = "200 and the same document as the home page"
    remedy = "see the function on the default behaviour: it answers paths without an extension with /index.html"
    match seen.responses:
        case (Response() as front, Response() as deep) if not _no_page(deep) and _same(front, deep):
            return Verdict.passed(expected=expected, actual="the same document")
        case (Response(), Response() as deep) if not _no_page(deep):
            actual = f"another page, “{quote(documents.title(deep.body))}”"
            return Verdict.failed(expected=expected, actual=actual, remedy=remedy)
        case responses:
            return Verdict.failed(expected=expected, actual=_told(responses[-1:]), remedy=remedy)


def judge_missing(seen: Answer, _now: datetime, *, paged: bool = False) -> Verdict:
    """403, 404 or 410, and no page: without permission to list a bucket S3 says 403 for what is not there.

    Where it is *paged* the status is what tells scripts from pages, and alone decides.
    """
    expected = "403 or 404" if paged else "403 or 404, not HTML"
    if isinstance(seen, Silence):
        return _silent(seen, expected)
    kind = documents.media_type(seen) or "no content type"
    actual = f"{seen.status} {quote(kind)} for {quote(seen.url)}"
    if seen.status in _MISSING and (paged or not documents.is_page(seen)):
        return Verdict.passed(expected=expected, actual=actual)
    remedy = "no custom error responses; the function on the default behaviour must leave paths with an extension alone"
    return Verdict.failed(expected=expected, actual=actual, remedy=remedy)


def judge_headers(seen: Answer, _now: datetime, *, hsts: timedelta) -> Verdict:
    """Each of the five, once, and saying something that protects."""
    expected = f"HSTS of at least {span(hsts)}, nosniff, no framing by others, a referrer policy, a content policy"
    if isinstance(seen, Silence):
        return _silent(seen, expected)
    repeated = [name for name in _ONCE if sum(key == name for key, _ in seen.headers) > 1]
    amiss = [*(f"{name} twice" for name in repeated), *_transport(seen, hsts), *_content(seen)]
    if amiss:
        remedy = "see the response headers policy on the default behaviour of the distribution"
        return Verdict.failed(expected=expected, actual=several(amiss), remedy=remedy)
    return Verdict.passed(expected=expected, actual="all five")


def checks(target: Target, *, hsts: timedelta) -> Iterator[Check]:
    """Every host under HTTP, the home page, the aliases, the pages, what is missing, and the headers."""
    if not target.domain:
        return
    apex = target.domain
    for host in target.hosts:
        yield https(Place(subject=host), host=host)
    yield home(Place(subject=apex), host=apex)
    front = intent.serving(target, apex)
    root = intent.text(front.properties, "DistributionConfig", "DefaultRootObject") if front else ""
    for host in target.aliases:
        yield canonical(Place(subject=host), host=host, apex=apex, root=root)
    for path in dict.fromkeys(target.spa_paths):
        if path != "/":
            yield page(Place(subject=f"{apex}{path}"), host=apex, path=path)
    own = {"paged": True} if front and any(map(_stays_an_error, _error_pages(front))) else {}
    yield missing(Place(subject=f"{apex}/assets/*.js"), host=apex, folder="assets", ending="js", **own)
    yield headers(Place(subject=apex), host=apex, hsts=hsts)


def _error_pages(distribution: Resource) -> Iterator[object]:
    """What the template shows in the place of errors."""
    pages = intent.part(distribution.properties, "DistributionConfig", "CustomErrorResponses")
    return (each for each in intent.items(pages) if intent.text(each, "ResponsePagePath"))


def _stays_an_error(page: object) -> bool:
    codes = {intent.text(page, "ErrorCode"), intent.text(page, "ResponseCode")}
    return codes <= {str(each) for each in _MISSING}


def _fetch(world: World, *, url: str) -> Answer:
    return world.http.fetch(url)


def _fetch_both(world: World, *, urls: tuple[str, str]) -> Responses:
    return Responses(responses=together(*(partial(world.http.fetch, url) for url in urls)))


def _fetch_missing(world: World, *, host: str, folder: str, ending: str) -> Answer:
    """A name that no build can have made; it is kept in the evidence as part of the address."""
    return world.http.fetch(f"https://{host}/{folder}/nobody-made-this-{secrets.token_hex(6)}.{ending}")


def _no_page(seen: Response) -> str:
    """Why it is not the page that was asked for, with what it is instead."""
    if seen.status != 200:  # noqa: PLR2004 - OK
        return f"{seen.status} {quote(documents.media_type(seen))}: {quote(seen.body.strip(), 60)}"
    return quote(documents.read_page(seen))


def _same(one: Response, other: Response) -> bool:
    """The same text; or, where each answer carries something of its own, the same title and the same parts."""
    if one.body == other.body:
        return True
    first, second = ((documents.title(each.body), documents.parts(each.body)) for each in (one, other))
    return first == second and bool(first[1])


def _silent(seen: Silence, expected: str) -> Verdict:
    remedy = "see dns.address and tls.certificate of this host; then curl -v the same address"
    return Verdict.failed(expected=expected, actual=f"{quote(seen.where)}: {quote(seen.reason)}", remedy=remedy)


def _told(responses: tuple[Answer, ...]) -> str:
    """What the answers were, in few words."""
    return several(chain.from_iterable(_tell(each) for each in responses))


def _tell(answer: Answer) -> Iterator[str]:
    match answer:
        case Silence(where=where, reason=reason):
            yield f"{where}: {reason}"
        case Response() as response:
            yield _no_page(response) or f"{response.status}, a page that is not the same as the home page"


def _transport(seen: Response, least: timedelta) -> Iterator[str]:
    found = _MAX_AGE.search(seen.header("strict-transport-security"))
    if not found:
        yield "no HSTS"
    elif int(found[1]) < least.total_seconds():
        yield f"HSTS of {span(timedelta(seconds=int(found[1])))}"
    referrer = seen.header("referrer-policy").lower()
    if not _REFERRERS & {each.strip() for each in referrer.split(",")}:
        yield f"referrer policy {referrer or 'missing'}"


def _content(seen: Response) -> Iterator[str]:
    policy = _policy(seen.header("content-security-policy"))
    if seen.header("x-content-type-options").lower() != "nosniff":
        yield "no nosniff"
    # Where both are sent, browsers follow frame-ancestors (CSP 3, 6.4.2).
    ancestors = policy.get("frame-ancestors")
    by_header = seen.header("x-frame-options").upper() in {"DENY", "SAMEORIGIN"}
    if not (by_header if ancestors is None else "*" not in ancestors):
        yield "framing by anybody"
    if not policy:
        yield "no content policy"
    scripts = policy.get("script-src", policy.get("default-src", ["*"] if policy else []))
    vouched = any(each.startswith(("'nonce-", "'sha256-", "'sha384-", "'sha512-")) for each in scripts)
    if {"*", "http:", "https:"} & set(scripts) or ("'unsafe-inline'" in scripts and not vouched):
        yield f"scripts from {' '.join(scripts)}"


def _policy(text: str) -> dict[str, list[str]]:
    """A content security policy by directive; of a directive that comes twice the first counts (CSP 3, 2.2.1)."""
    directives: dict[str, list[str]] = {}
    for each in text.lower().split(";"):
        name, *sources = each.split() or [""]
        if name:
            directives.setdefault(name, sources)
    return directives


PROMISES = (https, home, canonical, page, missing, headers)
