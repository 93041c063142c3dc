"""An API asked by its own description: what it refuses it refuses at the edge too, and it offers nothing beside."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial

from checks.described import PLACES, base_of, questions, read_only
from checks.documents import answered, media_type
from checks.evidence import Response, Silence, Trial, Trials
from checks.model import Check, Place, Sight, Target, Verdict, promise
from checks.routes import Api, apis
from checks.together import together
from checks.whole import read_whole
from checks.wording import quote, several
from checks.world.ports import World

_OK = 200
_ERRORS = 400
_SERVER = 500
_NOT_IMPLEMENTED = 501
_THROTTLED = 429
_OUT_OF_BOUNDS = frozenset({400, 422})
_NONE_THERE = frozenset({404, 410})
# What no route offers that only reads, and what each would do to it.
_BEYOND = ("TRACE", "PUT", "DELETE")
_READING = frozenset({"GET", "HEAD", "OPTIONS"})
_MOST_ROUTES = 3


@promise(
    "api.query",
    says="what a caller asks for behind the question mark reaches the API through the edge as it was sent",
    severity="critical",
    instrument="http",
)
def query(*, url: str, described: str) -> Sight:
    """CloudFront forwards a query only where its policies say so; without it filters and pages are those of nobody.

    A value that the API's description does not allow is refused by the API, and by nobody on the way.
    """
    return Sight(look=partial(_ask, url=url, described=described), judge=judge_query)


@promise(
    "api.refuses",
    says="a route that only reads refuses the methods that nobody offers",
    severity="warning",
    instrument="http",
)
def refuses(*, url: str, described: str, paths: tuple[str, ...]) -> Sight:
    """RFC 9110, 9.1 and 15.5.6: what is not offered is 405; TRACE sends back whatever a proxy added (9.3.8).

    Asked without a token and without a body, of routes that nothing can be written to.
    """
    return Sight(look=partial(_try, url=url, described=described, paths=paths), judge=judge_refuses)


def judge_query(seen: Trials, _now: datetime) -> Verdict:
    """What is in bounds is answered, what is not is 400 or 422."""
    expected = "values in bounds answered, others 400 or 422"
    if seen.unread or any(isinstance(each, Silence) for each in seen.trials):
        return _unseen(seen, expected)
    amiss = [_told(each) for each in seen.trials if isinstance(each, Trial) and not _as_wanted(each)]
    if amiss:
        remedy = (
            "forward all query strings in the origin request policy of the API's behaviour (AllViewerExceptHostHeader) "
            "and leave them alone in its functions; if the API answers so at its own address, mend the API"
        )
        return Verdict.failed(expected=expected, actual=several(amiss), remedy=remedy)
    told = f"{len(seen.trials)} of {len(seen.trials)}"
    nothing = "no open operation of the description has bounds to ask beyond"
    return Verdict.passed(expected=expected, actual=told if seen.trials else nothing)


def judge_refuses(seen: Trials, _now: datetime) -> Verdict:
    """An error of the caller's, or 501; being throttled is no refusal of the method."""
    expected = f"{several(_BEYOND)} refused where nobody offers them"
    if seen.unread or any(isinstance(each, Silence) for each in seen.trials):
        return _unseen(seen, expected)
    amiss = [_told(each) for each in seen.trials if isinstance(each, Trial) and not _is_refused(each)]
    if amiss:
        remedy = "let the API answer 405 for what it does not know, and the edge's behaviour let through what it does"
        return Verdict.failed(expected=expected, actual=several(amiss), remedy=remedy)
    told = f"{len(seen.trials)} of {len(seen.trials)}"
    return Verdict.passed(expected=expected, actual=told if seen.trials else "no route of the API only reads")


def checks(target: Target) -> Iterator[Check]:
    """APIs that describe themselves; and what else a template says of routes that only read."""
    for api in apis(target):
        if not api.url:
            continue
        described = _described(api)
        place = Place(subject=f"{api.subject}/*", stack=api.resource.stack)
        if api.behind and described:
            yield query(place, url=api.url, described=described)
        paths = _only_reading(api)
        if described or paths:
            yield refuses(place, url=api.url, described=described, paths=paths)


def _described(api: Api) -> str:
    """Where the API describes itself; empty when it does not, or not to everybody."""
    asked = api.asked()
    return next((api.at(asked[each])[1] for each in PLACES if each in asked and not asked[each].guarded), "")


def _only_reading(api: Api) -> tuple[str, ...]:
    """The paths that the template itself offers to nobody but readers."""
    known: dict[str, set[str]] = {}
    for each in api.routes:
        known.setdefault(each.path, set()).add(each.method)
    asked = api.asked()
    found = [path for path, methods in known.items() if path in asked and methods <= _READING]
    return tuple(api.at(asked[path])[1] for path in _few(found))


def _few(every: Sequence[str]) -> tuple[str, ...]:
    """The first, the last and one in the middle."""
    if len(every) <= _MOST_ROUTES:
        return tuple(every)
    return every[0], every[len(every) // 2], every[-1]


def _read(world: World, described: str) -> Mapping[str, object] | str:
    """The description, or why it cannot be read."""
    read = answered(read_whole(world, described), _OK)
    return read if isinstance(read, Mapping | str) else "a JSON array, no description"


def _ask(world: World, *, url: str, described: str) -> Trials:
    document = _read(world, described)
    if isinstance(document, str):
        return Trials(unread=document, trials=())
    base = base_of(document, described, url)
    every = questions(document)
    urls = [f"{base}{each.path}{f'?{each.query}' if each.query else ''}" for each in every]
    answers = together(*(partial(world.http.fetch, each) for each in urls))
    return Trials(trials=tuple(_trial(one, each.wanted) for one, each in zip(answers, every, strict=True)))


def _try(world: World, *, url: str, described: str, paths: tuple[str, ...]) -> Trials:
    urls = paths
    if described:
        document = _read(world, described)
        if isinstance(document, str):
            return Trials(unread=document, trials=())
        base = base_of(document, described, url)
        urls = tuple(f"{base}{path}" for path in _few(read_only(document)))
    looks = (partial(world.http.fetch, each, method=method) for each in urls for method in _BEYOND)
    return Trials(trials=tuple(_trial(one, "refused") for one in together(*looks)))


def _trial(answer: Response | Silence, wanted: str) -> Trial | Silence:
    if isinstance(answer, Silence):
        return answer
    return Trial(
        asked=f"{answer.method} {answer.url}",
        wanted=wanted,
        status=answer.status,
        said=f"{media_type(answer)} {answer.body.strip()[:80]}".strip(),
    )


def _as_wanted(one: Trial) -> bool:
    """That there is nothing of the kind is an answer as well."""
    if one.wanted == "refused":
        return one.status in _OUT_OF_BOUNDS
    return _OK <= one.status < _OK + 100 or one.status in _NONE_THERE


def _is_refused(one: Trial) -> bool:
    return (_ERRORS <= one.status < _SERVER and one.status != _THROTTLED) or one.status == _NOT_IMPLEMENTED


def _told(one: Trial) -> str:
    return f"{quote(one.asked, 90)} is {one.status}, not {one.wanted}"


def _unseen(seen: Trials, expected: str) -> Verdict:
    silent = [f"{each.where}: {each.reason}" for each in seen.trials if isinstance(each, Silence)]
    remedy = "curl -v the same address; the description is what api.route looks at"
    actual = several(silent) if silent else f"the description: {quote(seen.unread)}"
    return Verdict.failed(expected=expected, actual=actual, remedy=remedy)


PROMISES = (query, refuses)
