"""Search engines: let in where a site is for everybody, kept out where its settings say that it is hidden."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import partial

from checks.evidence import PageWord, Response, Silence, Welcome
from checks.model import Check, Place, Sight, Target, Verdict, promise
from checks.robots import EVERYBODY, groups_of, may_fetch, words_of_header, words_of_page
from checks.together import together
from checks.wording import quote, several
from checks.world.ports import World

# Those that most people come from; what is said to one of another name is no loss of visitors.
_ENGINES = ("googlebot", "bingbot")
_AWAY = frozenset({"noindex", "none"})
_OK = 200
_REDIRECT = 300
_SERVER = 500
_TOO_MANY = 429


@promise(
    "site.engines",
    says="search engines are let in, or kept out where the settings say that the site is hidden",
    severity="warning",
    instrument="http",
)
def engines(*, host: str, paths: tuple[str, ...], hidden: bool) -> Sight:
    """RFC 9309, and the robots element and header: what asks engines to stay away comes along from a rehearsal."""
    look = partial(_look, host=host, paths=paths)
    return Sight(look=look, judge=partial(judge_engines, paths=paths, hidden=hidden))


def judge_engines(seen: Welcome, _now: datetime, *, paths: tuple[str, ...], hidden: bool) -> Verdict:
    """No page is kept from an engine, by its own word or by robots.txt; of a hidden site every page is."""
    expected = f"search engines {'kept out of' if hidden else 'let into'} {several(paths)}"
    silent = next((each for each in (seen.robots, *seen.pages) if isinstance(each, Silence)), None)
    if silent:
        remedy = "see dns.address and tls.certificate of this host; then curl -v the same address"
        return Verdict.failed(expected=expected, actual=f"{quote(silent.where)}: {quote(silent.reason)}", remedy=remedy)
    kept = {path: tuple(_kept_out(seen, path, page)) for path, page in zip(paths, seen.pages, strict=False)}
    return _hidden(expected, kept) if hidden else _open(expected, kept)


def _open(expected: str, kept: dict[str, tuple[str, ...]]) -> Verdict:
    amiss = [f"{path}: {several(why)}" for path, why in kept.items() if why]
    if not amiss and kept:
        return Verdict.passed(expected=expected, actual=f"{len(kept)} of {len(kept)}")
    remedy = "take it out of robots.txt, the page or the edge's headers; or say [site] hidden = true in the settings"
    return Verdict.failed(expected=expected, actual=several(amiss or ["no page"]), remedy=remedy)


def _hidden(expected: str, kept: dict[str, tuple[str, ...]]) -> Verdict:
    shown = [path for path, why in kept.items() if not why]
    if not shown and kept:
        return Verdict.passed(expected=expected, actual=f"{len(kept)} of {len(kept)}")
    remedy = "send X-Robots-Tag: noindex from the edge; or take hidden out of [site] in the settings"
    return Verdict.failed(expected=expected, actual=f"let into {several(shown or ['nothing'])}", remedy=remedy)


def checks(target: Target) -> Iterator[Check]:
    """One question about the site's own pages."""
    if host := target.domain:
        paths = tuple(dict.fromkeys(("/", *target.spa_paths)))
        yield engines(Place(subject=host), host=host, paths=paths, hidden=target.hidden)


def _look(world: World, *, host: str, paths: tuple[str, ...]) -> Welcome:
    urls = (f"https://{host}/robots.txt", *(f"https://{host}{path}" for path in paths))
    robots, *pages = together(*(partial(world.http.fetch, each) for each in urls))
    return Welcome(robots=robots, pages=tuple(_word(each) for each in pages))


def _word(answer: Response | Silence) -> PageWord | Silence:
    if isinstance(answer, Silence):
        return answer
    # Several headers of the name are read one by one: an engine that is named in one is not in the next.
    headers = (value for key, value in answer.headers if key == "x-robots-tag")
    by_header = (pair for value in headers for pair in words_of_header(value))
    words = dict.fromkeys((*by_header, *words_of_page(answer.body, _ENGINES)))
    return PageWord(url=answer.url, status=answer.status, words=tuple(words))


def _kept_out(seen: Welcome, path: str, page: PageWord | Silence) -> Iterator[str]:
    """By what the page is kept from one of the engines."""
    if isinstance(page, PageWord):
        told = (EVERYBODY, *_ENGINES)
        yield from (f"{engine} {word}" for engine, word in page.words if word in _AWAY and engine in told)
        yield from [f"{page.status}"] if page.status != _OK else ()
    if isinstance(seen.robots, Response):
        yield from _by_robots(seen.robots, path)


def _by_robots(robots: Response, path: str) -> Iterator[str]:
    """What is missing keeps nobody out; what fails keeps out everybody (RFC 9309, 2.3.1)."""
    if robots.status >= _SERVER or robots.status == _TOO_MANY:
        yield f"robots.txt is answered {robots.status}, which engines take for a no"
    if _OK <= robots.status < _REDIRECT:
        groups = groups_of(robots.body)
        barred = [each for each in _ENGINES if not may_fetch(groups, each, path)]
        yield from [f"robots.txt bars {several(barred)}"] if barred else ()


PROMISES = (engines,)
