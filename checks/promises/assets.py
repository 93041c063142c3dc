"""What the page is made of: all of it there, as what it is, from here, kept as long as it should be; no more."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial

from checks import documents
from checks.evidence import Asset, Assets, Reference, Response, Silence
from checks.model import Check, Place, Sight, Target, Verdict, promise
from checks.references import host_of, icons, references, workers
from checks.together import together
from checks.wording import left_out, quote, several, span
from checks.world.ports import World

# What browsers take for each (WHATWG: "JavaScript MIME type", MIME Sniffing; W3C: manifests).
_TYPES = {
    "script": re.compile(r"(text|application)/(x-)?(javascript|ecmascript)"),
    "worker": re.compile(r"(text|application)/(x-)?(javascript|ecmascript)"),
    "style": re.compile(r"text/css"),
    "image": re.compile(r"image/[a-z0-9.+-]+"),
    "icon": re.compile(r"image/[a-z0-9.+-]+"),
    "manifest": re.compile(r"application/(manifest\+)?json"),
}
_AGE = re.compile(r"\b(?:max-age)\s*=\s*\"?([0-9]{1,10})\b", re.IGNORECASE)
# A name that a build drew from the content: eight signs or more, a figure among them.
_DRAWN = re.compile(r"[.-](?=[A-Za-z0-9_]*[0-9])[A-Za-z0-9_]{8,64}\.[A-Za-z0-9.]{1,9}$")
# One that may be: base64 has dashes in it, and of eight letters one time in four no figure.
_PERHAPS_DRAWN = re.compile(r"[.-](?=[A-Za-z0-9_-]*[A-Z0-9])[A-Za-z0-9_-]{8,64}\.[A-Za-z0-9.]{1,9}$")
# What is often uploaded by mistake, beside the sources of each script.
_PRIVATE = ("/.env", "/.git/HEAD", "/.git/config")
_LISTINGS = ("/?list-type=2", "/?prefix=&delimiter=/")
_LISTED = re.compile(r"<(?:ListBucketResult|ListVersionsResult|EnumerationResults)\b")
# What breaks a page when it is of yesterday; an icon of yesterday breaks nothing.
_CODE = frozenset({"script", "style", "worker"})
_OK = 200
# Of what the page names, and of what that names in turn: a browser would fetch more, a look is not to be a flood.
_MOST = 60


@promise(
    "site.assets",
    says="every script, style, picture and manifest that the page names is there, as what it is",
    severity="critical",
    instrument="http",
)
def assets(*, host: str) -> Sight:
    """Pitfalls 10 and 11: a page whose scripts are gone is white, and every status of it is 200."""
    return Sight(look=partial(_look, host=host), judge=judge_assets)


@promise(
    "site.cache",
    says="the page is asked for anew soon, and what is named after its content is kept",
    severity="warning",
    instrument="http",
)
def cache(*, host: str, page: timedelta, asset: timedelta) -> Sight:
    """Pitfalls 6 and 9 (RFC 9111, 5.2.2): no browser is invalidated; a page that it keeps names yesterday's scripts."""
    return Sight(look=partial(_look, host=host), judge=partial(judge_cache, page=page, asset=asset))


@promise(
    "site.foreign",
    says="the page takes its scripts, styles and pictures from its own host, over HTTPS",
    severity="warning",
    instrument="http",
)
def foreign(*, host: str) -> Sight:
    """W3C Mixed Content, 5: what is named over HTTP is not loaded; what others serve is as good as they are."""
    return Sight(look=partial(_look, host=host), judge=partial(judge_foreign, host=host))


@promise(
    "site.hidden",
    says="no environment file, repository or source map is served",
    severity="critical",
    instrument="http",
)
def hidden(*, host: str) -> Sight:
    """CWE-538: a folder that was uploaded whole takes its hidden files with it. A page in their place is none."""
    return Sight(look=partial(_look_hidden, host=host), judge=judge_hidden)


@promise("site.listing", says="nobody is shown a list of the files", severity="critical", instrument="http")
def listing(*, host: str) -> Sight:
    """CWE-548: a query that reaches S3 turns the home page into the bucket's table of contents."""
    return Sight(look=partial(_look_listing, host=host), judge=judge_listing)


def judge_assets(seen: Assets, _now: datetime) -> Verdict:
    """200, whole, of its own type, and no page in its place."""
    expected = f"each 200 with its own type{left_out(seen.unasked)}"
    if silent := _unseen(seen, expected):
        return silent
    ours = [(each, part) for each, part in zip(seen.references, seen.parts, strict=False) if part is not None]
    amiss = [f"{_path(each)}: {why}" for each, part in ours if (why := _amiss(each.kind, part))]
    if amiss:
        remedy = "upload the site again, assets before the page, with their content types; then invalidate the page"
        return Verdict.failed(expected=expected, actual=several(amiss), remedy=remedy)
    return Verdict.passed(expected=expected, actual=f"{len(ours)} of {len(ours)}")


def judge_cache(seen: Assets, _now: datetime, *, page: timedelta, asset: timedelta) -> Verdict:
    """The page for at most *page*; what is named after its content for at least *asset*, other code for no longer."""
    expected = f"the page kept for {span(page)} at most, what is named after its content for {span(asset)} at least"
    expected += left_out(seen.unasked)
    if silent := _unseen(seen, expected):
        return silent
    amiss = [] if isinstance(seen.page, Asset) and _fresh(seen.page.cache, page) else [f"page: {_kept(seen.page)}"]
    for each, part in zip(seen.references, seen.parts, strict=False):
        if isinstance(part, Asset) and part.status == _OK and not _well_kept(each, part, asset):
            amiss.append(f"{_path(each)}: {_kept(part)}")
    if amiss:
        remedy = "upload with Cache-Control: no-cache for what keeps its name, max-age=31536000, immutable for the rest"
        return Verdict.failed(expected=expected, actual=several(amiss), remedy=remedy)
    return Verdict.passed(expected=expected, actual=f"page: {_kept(seen.page)}")


def judge_foreign(seen: Assets, _now: datetime, *, host: str) -> Verdict:
    """Every address is of this host, under HTTPS."""
    expected = f"everything from https://{host}{left_out(seen.unasked)}"
    if silent := _unseen(seen, expected):
        return silent
    others = sorted({f"{each.kind} from {host_of(each.url)}" for each in seen.references if not _own(each, host)})
    if others:
        remedy = "serve it from the site itself; its content policy should not need other hosts"
        return Verdict.failed(expected=expected, actual=several(others), remedy=remedy)
    return Verdict.passed(expected=expected, actual=f"{len(seen.references)} of {len(seen.references)}")


def judge_hidden(seen: Assets, _now: datetime) -> Verdict:
    """None is answered with anything but an error or a page; and there was a page to say whose sources to ask for."""
    expected = "neither hidden files nor source maps"
    shown = [_path(each) for each, part in zip(seen.references, seen.parts, strict=False) if _is_served(part)]
    if shown:
        remedy = "delete it from the bucket with all its versions, invalidate it, and change every secret in it"
        return Verdict.failed(expected=expected, actual=f"served: {several(shown)}", remedy=remedy)
    for each in seen.parts:
        if isinstance(each, Silence):
            return _silent(each, expected)
    return _unseen(seen, expected) or Verdict.passed(expected=expected, actual=f"none of {len(seen.parts)}")


def judge_listing(seen: Assets, _now: datetime) -> Verdict:
    """No answer is a bucket's list, whatever else it is."""
    expected = "no list of files"
    for each in seen.parts:
        if isinstance(each, Silence):
            return _silent(each, expected)
        if isinstance(each, Asset) and each.listing:
            remedy = "take s3:ListBucket from the distribution's grant, and send no query strings to the bucket"
            return Verdict.failed(expected=expected, actual=f"{quote(each.url)} lists them", remedy=remedy)
    return Verdict.passed(expected=expected, actual=f"none for {len(seen.parts)} questions")


def checks(target: Target, *, page: timedelta, asset: timedelta) -> Iterator[Check]:
    """Five questions about the site. A target without one has no page."""
    if host := target.domain:
        place = Place(subject=host)
        yield assets(place, host=host)
        yield cache(place, host=host, page=page, asset=asset)
        yield foreign(place, host=host)
        yield hidden(place, host=host)
        yield listing(place, host=host)


def _look(world: World, *, host: str) -> Assets:
    """The page, what it names, and what that names in turn: a manifest its icons, a script its worker."""
    home = world.http.fetch(f"https://{host}/")
    if isinstance(home, Silence):
        return Assets(page=home, references=(), parts=())
    # What a page cannot do without comes first, since not all of it may be asked for.
    every = sorted(references(home.url, home.body), key=lambda each: each.kind not in _CODE)
    named = tuple(every[:_MOST])
    first = _fetched(world, named, host)
    further = dict.fromkeys(more for each, part in zip(named, first, strict=True) for more in _further(each, part))
    added = [each for each in further if each not in every]
    new = tuple(added[:_MOST])
    parts = (*first, *_fetched(world, new, host))
    return Assets(
        page=asset_of(home),
        references=(*named, *new),
        parts=tuple(None if each is None else _slim(each) for each in parts),
        unasked=tuple(_unasked(home, len(every) - len(named) + len(added) - len(new))),
    )


def _unasked(home: Response, more: int) -> Iterator[str]:
    if home.capped:
        yield "what the page names further down than it was read"
    if more:
        yield f"{more} of what it names"


def _further(one: Reference, part: Response | Silence | None) -> Iterator[Reference]:
    if isinstance(part, Response) and one.kind == "manifest":
        yield from icons(one.url, part.body)
    if isinstance(part, Response) and one.kind == "script":
        yield from workers(one.url, part.body)


def _fetched(world: World, named: tuple[Reference, ...], host: str) -> tuple[Response | Silence | None, ...]:
    """Each that is our own; nobody else's server is asked."""
    ours = tuple(each for each in named if _own(each, host))
    answers = dict(zip(ours, together(*(partial(world.http.fetch, each.url) for each in ours)), strict=True))
    return tuple(answers.get(each) for each in named)


def _look_hidden(world: World, *, host: str) -> Assets:
    """What nobody should have uploaded, and the sources of each script that the page names."""
    home = world.http.fetch(f"https://{host}/")
    named = references(home.url, home.body) if isinstance(home, Response) else ()
    maps = (f"{each.url.partition('?')[0]}.map" for each in named if each.kind == "script" and _own(each, host))
    return _asked(world, home, [*(f"https://{host}{path}" for path in _PRIVATE), *maps])


def _look_listing(world: World, *, host: str) -> Assets:
    home = world.http.fetch(f"https://{host}/")
    return _asked(world, home, [f"https://{host}{path}" for path in _LISTINGS])


def _asked(world: World, home: Response | Silence, urls: Sequence[str]) -> Assets:
    answers = together(*(partial(world.http.fetch, url) for url in urls))
    named = tuple(Reference(kind="hidden", url=url) for url in urls)
    return Assets(page=_slim(home), references=named, parts=tuple(map(_slim, answers)))


def asset_of(answer: Response) -> Asset:
    """What is kept of an answer: all about it, and nothing of what it says, which may be somebody's secret."""
    return Asset(
        url=answer.url,
        status=answer.status,
        type=documents.media_type(answer),
        cache=answer.header("cache-control"),
        complete=answer.complete,
        page=documents.begins_like_page(answer.body),
        listing=_LISTED.search(answer.body[:2_000]) is not None,
    )


def _slim(answer: Response | Silence) -> Asset | Silence:
    return asset_of(answer) if isinstance(answer, Response) else answer


def _own(one: Reference, host: str) -> bool:
    return host_of(one.url) in {f"https://{host}", f"https://{host}:443"}


def _amiss(kind: str, part: Asset | Silence | None) -> str:
    match part:
        case Silence(where=where, reason=reason):
            return f"{where}: {reason}"
        case Asset(status=status) if status != _OK:
            return str(status)
        case Asset(complete=False):
            return "cut off"
        case Asset(type=type_, page=page) if page or not (kind in _TYPES and _TYPES[kind].fullmatch(type_)):
            return f"{type_ or 'no content type'}{', a page' if page else ''}"
        case _:
            return ""


def _is_served(part: Asset | Silence | None) -> bool:
    return isinstance(part, Asset) and part.status == _OK and not part.page


def _well_kept(each: Reference, part: Asset, asset: timedelta) -> bool:
    if _DRAWN.search(each.url):
        return _lasting(part.cache, asset)
    return each.kind not in _CODE or _PERHAPS_DRAWN.search(each.url) is not None or _fresh(part.cache, asset)


def _age(cache: str) -> float | None:
    """For how many seconds it may be used unasked; None when nothing is said."""
    words = cache.lower()
    if "no-store" in words or "no-cache" in words:
        return 0
    found = _AGE.search(words)
    return int(found[1]) if found else None


def _fresh(cache: str, longest: timedelta) -> bool:
    age = _age(cache)
    return age is not None and age <= longest.total_seconds()


def _lasting(cache: str, least: timedelta) -> bool:
    age = _age(cache)
    return age is not None and age >= least.total_seconds()


def _kept(part: Asset | Silence | None) -> str:
    return (part.cache if isinstance(part, Asset) else "") or "no Cache-Control"


def _path(one: Reference) -> str:
    return one.url.partition("://")[2].partition("/")[2] or one.url


def _unseen(seen: Assets, expected: str) -> Verdict | None:
    match seen.page:
        case Silence():
            return _silent(seen.page, expected)
        case Asset(status=status, page=page, url=url) if status != _OK or not page:
            actual = f"{quote(url)} is {status} and no page" if not page else f"{quote(url)} is {status}"
            return Verdict.failed(expected=expected, actual=actual, remedy="see cdn.home of this host")
        case _ if len(seen.parts) != len(seen.references):
            actual = f"{len(seen.parts)} answers for {len(seen.references)} that are named"
            return Verdict.failed(expected=expected, actual=actual, remedy="look again; half an answer is no evidence")
        case _:
            return None


def _silent(seen: Silence, expected: str) -> Verdict:
    remedy = "see dns.address and tls.certificate of this host; then curl -v the same address"
    return Verdict.failed(expected=expected, actual=f"{quote(seen.where)}: {quote(seen.reason)}", remedy=remedy)


PROMISES = (assets, cache, foreign, hidden, listing)
