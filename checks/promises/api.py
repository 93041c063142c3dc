"""The health of an API: well, all the way down, of this release, the same at every address, never out of a cache."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import partial

from checks.documents import answered
from checks.evidence import Response, Responses, Silence
from checks.model import Check, Place, Sight, Target, Verdict, promise
from checks.routes import Api, Route, apis
from checks.together import together
from checks.whole import read_whole
from checks.wording import quote, several
from checks.world.ports import World

Answer = Response | Silence
Report = Mapping[str, object]

_OK = 200
_UNAVAILABLE = 503
# "ok" and "pass" (draft-inadarei-api-health-check), and what frameworks say instead.
_WELL = frozenset({"ok", "pass", "up", "healthy"})
_SHA = ("git_sha", "sha", "commit", "revision")
# Parts that somebody else runs: their bad day is not repaired by taking a release back.
_BORROWED = "borrowed"
_SHORTEST_SHA = 7
_REQUEST_IDS = ("x-amzn-requestid", "x-amz-apigw-id")
_LOGS = "see the function's log for this request, and the gateway's access log"


@promise("api.health", says="the API says that it is well", severity="critical", instrument="http")
def health(*, url: str) -> Sight:
    """Pitfalls 1, 3, 18, 49, 50 and 53: a status alone proves nothing behind an edge that can answer with a page."""
    return Sight(look=partial(read_whole, url=url), judge=judge_health)


@promise(
    "api.direct",
    says="the API gives the same answer at its own address as through the edge",
    severity="critical",
    instrument="http",
)
def direct(*, edge: str, stage: str) -> Sight:
    """Pitfalls 18 and 54: the edge leads to another stage or an old one, and both are healthy."""
    return Sight(look=partial(_fetch_all, urls=(edge, stage)), judge=judge_direct)


@promise(
    "api.release", says="the API that answers is the release that was deployed", severity="critical", instrument="http"
)
def release(*, url: str, sha: str) -> Sight:
    """Pitfalls 49 and 54: a stage still on its old deployment answers every health check well."""
    return Sight(look=partial(read_whole, url=url), judge=partial(judge_release, sha=sha))


@promise("api.fresh", says="no answer of the API comes out of a cache", severity="critical", instrument="http")
def fresh(*, url: str) -> Sight:
    """Pitfall 5: with a cache in between, one caller is given the answer of another."""
    return Sight(look=partial(_fetch_twice, url=url), judge=judge_fresh)


@promise("api.deep", says="everything that the API stands on works", severity="critical", instrument="http")
def deep(*, url: str) -> Sight:
    """Pitfalls 53 and 55: every part of our own; a group called ``borrowed`` has a promise of its own."""
    return Sight(look=partial(read_whole, url=url), judge=judge_deep)


@promise("api.borrowed", says="what others run for the API works", severity="warning", instrument="http")
def borrowed(*, url: str) -> Sight:
    """Pitfall 55: somebody else's outage is reported, and no release is taken back for it."""
    return Sight(look=partial(read_whole, url=url), judge=judge_borrowed)


def judge_health(seen: Answer, _now: datetime) -> Verdict:
    """200, one strict JSON object, a status that says well, not out of a cache."""
    expected = '200 JSON with "status": "ok", not out of a cache'
    report = _report(seen)
    if isinstance(report, str):
        return Verdict.failed(expected=expected, actual=report, remedy=_LOGS)
    status = report.get("status")
    amiss = [] if isinstance(status, str) and _is_well(status) else [f"status {status!r}"]
    amiss += _cached(seen)
    if amiss:
        return Verdict.failed(expected=expected, actual=several(amiss), remedy=_LOGS)
    return Verdict.passed(expected=expected, actual=_identity(report) or "ok")


def judge_direct(seen: Responses, _now: datetime) -> Verdict:
    """Version and commit are the same both ways, and at least one of them is said."""
    expected = "the same version and commit through the edge and at the stage"
    remedy = "see the origin path of the behaviour, and deploy the stage again"
    reports = [_report(each) for each in seen.responses]
    told = [_identity(each) if isinstance(each, Mapping) else each for each in reports]
    actual = f"edge: {told[0]}; stage: {told[-1]}" if told else "no answers"
    both = len(told) > 1 and all(isinstance(each, Mapping) for each in reports)
    if both and told[0] and len(set(told)) == 1:
        return Verdict.passed(expected=expected, actual=told[0])
    return Verdict.failed(expected=expected, actual=actual, remedy=remedy)


def judge_release(seen: Answer, _now: datetime, *, sha: str) -> Verdict:
    """The commit that the running code reports is *sha*; either may be shortened to seven characters."""
    expected = f"commit {sha}"
    remedy = (
        "the stage or the edge still leads to an older deployment: deploy again, then see the stage's deployment id"
    )
    report = _report(seen)
    if isinstance(report, str):
        return Verdict.failed(expected=expected, actual=report, remedy=_LOGS)
    there = _sha(report)
    shorter, longer = sorted((there, sha), key=len)
    if there == sha or (len(shorter) >= _SHORTEST_SHA and longer.startswith(shorter)):
        return Verdict.passed(expected=expected, actual=f"commit {quote(there)}")
    return Verdict.failed(expected=expected, actual=f"commit {quote(there) or 'not told'}", remedy=remedy)


def judge_fresh(seen: Responses, _now: datetime) -> Verdict:
    """Neither answer is a hit or has an age, and the gateway gave each a request id of its own."""
    expected = "two answers, each made for its request"
    remedy = "set the cache policy of the API's behaviour to CachingDisabled, then invalidate its paths"
    amiss = [word for each in seen.responses for word in _cached(each)]
    ids = [_request_id(each) for each in seen.responses]
    amiss += ["no request id"] if not all(ids) else []
    amiss += ["one request id for both"] if len(ids) != len(set(ids)) and all(ids) else []
    if amiss or not ids:
        return Verdict.failed(expected=expected, actual=several(dict.fromkeys(amiss)), remedy=remedy)
    return Verdict.passed(expected=expected, actual=several(ids))


def judge_deep(seen: Answer, _now: datetime) -> Verdict:
    """200 and every part well, those of the group ``borrowed`` left aside; what is not, by name."""
    expected = "200 and every part of our own well"
    report = _report(seen, _OK, _UNAVAILABLE)
    if isinstance(report, str):
        return Verdict.failed(expected=expected, actual=report, remedy=_LOGS)
    own, lent = _shared_out(report)
    out = _unwell(own)
    # A report that is unwell for what it borrows alone says so with 200 and names it; that has its own promise.
    at_all = _is_well(report.get("status")) or (_unwell(lent) and report.get("status") == "degraded")
    well = isinstance(seen, Response) and seen.status == _OK and "status" in report and at_all
    if well and not out:
        return Verdict.passed(expected=expected, actual=f"{len(list(_parts(own)))} parts well")
    actual = several([*out, *_unwell(lent), f"status {report.get('status')!r}"])
    remedy = "see the part that is named: does it exist, may the function use it, does its environment name it"
    return Verdict.failed(expected=expected, actual=actual, remedy=remedy)


def judge_borrowed(seen: Answer, _now: datetime) -> Verdict:
    """Every part of the group ``borrowed`` is well; a report without that group borrows nothing."""
    expected = "every borrowed part well"
    report = _report(seen, _OK, _UNAVAILABLE)
    if isinstance(report, str):
        return Verdict.failed(expected=expected, actual=report, remedy=_LOGS)
    lent = _shared_out(report)[1]
    out = _unwell(lent)
    if out:
        remedy = "see the status page of whoever runs it; nothing of ours needs to be taken back"
        return Verdict.failed(expected=expected, actual=several(out), remedy=remedy)
    return Verdict.passed(expected=expected, actual=f"{len(list(_parts(lent)))} parts well")


def checks(target: Target, *, release_sha: str = "") -> Iterator[Check]:
    """What ``GET /health`` and ``GET /health/deep`` of each API are asked, where it has them and they are open."""
    for api in apis(target):
        asked = {path: each for path, each in api.asked().items() if not each.guarded}
        if shallow := asked.get("/health"):
            yield from _shallow(api, shallow, release_sha)
        if whole := asked.get("/health/deep"):
            place, url = api.at(whole)
            yield deep(place, url=url)
            yield borrowed(Place(subject=place.subject, stack=place.stack), url=url)


def _shallow(api: Api, found: Route, sha: str) -> Iterator[Check]:
    place, url = api.at(found)
    yield health(place, url=url)
    if api.behind and api.direct:
        there = Place(subject=f"{api.resource.subject}{found.path}", stack=api.resource.stack)
        yield direct(there, edge=url, stage=f"{api.direct}{found.path}")
    if sha:
        yield release(place, url=url, sha=sha)
    yield fresh(place, url=url)


def _fetch_all(world: World, *, urls: tuple[str, ...]) -> Responses:
    return Responses(responses=together(*(partial(world.http.fetch, url) for url in urls)))


def _fetch_twice(world: World, *, url: str) -> Responses:
    """The same question two times. The header makes it another request to the world, which asks each only once."""
    # One after the other: the second would come out of a cache that the first one filled.
    return Responses(responses=(world.http.fetch(url), world.http.fetch(url, headers={"x-asked": "again"})))


def _report(seen: Answer, *statuses: int) -> Report | str:
    """The report of an answer with one of *statuses* (200 unless given), or what was seen instead."""
    read = answered(seen, *(statuses or (_OK,)))
    return read if isinstance(read, Mapping | str) else "a JSON array, not a report"


def _is_well(part: object) -> bool:
    match part:
        case str():
            return part.lower() in _WELL
        case bool():
            return part
        case Mapping():
            return _is_well(part.get("status", True))
        case _:
            return True


def _parts(groups: Report) -> Iterator[tuple[str, object]]:
    """The parts of a report by name: the members of its groups (``{"own": {"jobs": {"status": "ok"}}}``)."""
    for group in groups.values():
        if isinstance(group, Mapping):
            yield from group.items()


def _shared_out(report: Report) -> tuple[Report, Report]:
    """What is ours of a report, and what is borrowed."""
    lent = {key: value for key, value in report.items() if key == _BORROWED}
    return {key: value for key, value in report.items() if key not in lent}, lent


def _unwell(groups: Report) -> list[str]:
    return [f"{name} is {_state(part)}" for name, part in _parts(groups) if not _is_well(part)]


def _state(part: object) -> str:
    if isinstance(part, Mapping):
        why = f" ({part['reason']})" if part.get("reason") else ""
        return f"{part.get('status')}{why}"
    return str(part)


def _identity(report: Report) -> str:
    words = {"version": report.get("version"), "commit": _sha(report)}
    return ", ".join(f"{name} {quote(str(value), 48)}" for name, value in words.items() if value)


def _sha(report: Report) -> str:
    return next((str(report[name]) for name in _SHA if report.get(name)), "")


def _cached(seen: Answer) -> list[str]:
    if isinstance(seen, Silence):
        return [f"{seen.where}: {seen.reason}"]
    hit = seen.header("x-cache").lower().startswith(("hit", "refreshhit"))
    old = seen.header("age").strip() not in {"", "0"}
    return [*([f"X-Cache: {seen.header('x-cache')}"] if hit else []), *([f"Age: {seen.header('age')}"] if old else [])]


def _request_id(seen: Answer) -> str:
    if isinstance(seen, Silence):
        return ""
    return next((seen.header(name) for name in _REQUEST_IDS if seen.header(name)), "")


PROMISES = (health, direct, release, fresh, deep, borrowed)
