"""What an API promises its callers: JSON on every path, no entry without a token, no favours to foreign sites."""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Iterator
from datetime import datetime
from functools import partial

from checks.documents import answered
from checks.evidence import Response, Responses, Silence
from checks.model import Check, Place, Sight, Target, Verdict, promise
from checks.routes import Api, Route, apis
from checks.together import together
from checks.whole import read_whole
from checks.wording import several
from checks.world.ports import World

Answer = Response | Silence

_OK = 200
_REFUSALS = (401, 403)
_NOT_FOUND = 404
_STRANGER = "https://evil.invalid"
# The year 2100: the token must be refused for its missing signature, not for its age.
_FAR = 4102444800
_HEALTH = frozenset({"/health", "/health/deep"})
_LOGS = "see the function's log for this request, and the gateway's access log"


@promise(
    "api.route", says="a route that is open to everybody answers with JSON", severity="critical", instrument="http"
)
def route(*, url: str) -> Sight:
    """Pitfalls 1, 17, 18 and 49; a public list that suddenly asks for a token is an outage as well."""
    return Sight(look=partial(read_whole, url=url), judge=judge_route)


@promise(
    "api.guarded", says="a protected route refuses callers without a token", severity="critical", instrument="http"
)
def guarded(*, url: str) -> Sight:
    """The negative twin of every call with a token; the refusal is JSON, so not a page of the site (pitfall 1)."""
    return Sight(look=partial(_fetch, url=url), judge=judge_refused)


@promise(
    "api.forged", says="a protected route refuses a token that nobody signed", severity="critical", instrument="http"
)
def forged(*, url: str, issuer: str) -> Sight:
    """RFC 8725 2.1 and 3.1: a token with the algorithm "none" carries any name its bearer likes."""
    return Sight(look=partial(_fetch_forged, url=url, issuer=issuer), judge=judge_refused)


@promise("api.unknown", says="a path that does not exist is a 404 in JSON", severity="critical", instrument="http")
def unknown(*, url: str) -> Sight:
    """Pitfalls 1 and 50: an unknown path must be neither the site's home page nor a 403 about tokens."""
    return Sight(look=partial(_fetch_unknown, url=url), judge=judge_unknown)


@promise(
    "api.cors", says="a browser on each of the site's hosts may call the API", severity="warning", instrument="http"
)
def cors(*, url: str, origins: tuple[str, ...], guarded: bool) -> Sight:
    """Pitfalls 51 and 52 (Fetch standard, CORS): a warning, since a site that calls its own host never asks."""
    look = partial(_fetch_preflights, url=url, origins=origins)
    return Sight(look=look, judge=partial(judge_cors, origins=origins, guarded=guarded))


@promise("api.foreign", says="a browser on a foreign site may not use the API", severity="critical", instrument="http")
def foreign(*, url: str, guarded: bool) -> Sight:
    """The negative twin of api.cors: the caller's origin sent back to anybody opens the API to every site there is."""
    return Sight(look=partial(_fetch_as_stranger, url=url), judge=partial(judge_foreign, guarded=guarded))


def judge_route(seen: Answer, _now: datetime) -> Verdict:
    """200 and one strict JSON object or array."""
    expected = "200 JSON"
    read = answered(seen, _OK)
    if isinstance(read, str):
        return Verdict.failed(expected=expected, actual=read, remedy=_LOGS)
    return Verdict.passed(expected=expected, actual=f"200, {len(read)} entries")


def judge_refused(seen: Answer, _now: datetime) -> Verdict:
    """401 or 403, in JSON."""
    expected = "401 or 403 in JSON"
    read = answered(seen, *_REFUSALS)
    if isinstance(read, str):
        remedy = "give the method its authorizer in the template and deploy; a page instead of JSON comes from the edge"
        return Verdict.failed(expected=expected, actual=read, remedy=remedy)
    return Verdict.passed(expected=expected, actual="refused in JSON")


def judge_unknown(seen: Answer, _now: datetime) -> Verdict:
    """404, in JSON."""
    expected = "404 in JSON"
    read = answered(seen, _NOT_FOUND)
    if isinstance(read, str):
        remedy = "no custom error responses at the edge; a catch-all or a gateway response for unknown paths in the API"
        return Verdict.failed(expected=expected, actual=read, remedy=remedy)
    return Verdict.passed(expected=expected, actual="404 in JSON")


def judge_cors(seen: Responses, _now: datetime, *, origins: tuple[str, ...], guarded: bool) -> Verdict:
    """Each origin's preflight succeeds and names that origin once; a guarded route lets the token's header through."""
    expected = f"preflights allowed from {several(origins)}"
    amiss = [] if len(seen.responses) == len(origins) else ["an origin without an answer"]
    for origin, answer in zip(origins, seen.responses, strict=False):
        amiss += [f"{origin}: {why}" for why in _barred(answer, origin, guarded=guarded)]
    if amiss:
        remedy = (
            "let OPTIONS through without an authorizer, and answer it with this origin and the headers that are sent"
        )
        return Verdict.failed(expected=expected, actual=several(amiss), remedy=remedy)
    return Verdict.passed(expected=expected, actual=f"{len(origins)} origins allowed")


def judge_foreign(seen: Responses, _now: datetime, *, guarded: bool) -> Verdict:
    """Neither the preflight nor the call names the stranger; nor everybody, with credentials or on a guarded route."""
    expected = f"nothing allowed for {_STRANGER}"
    amiss = [why for answer in seen.responses for why in _favours(answer, guarded=guarded)]
    if amiss or not seen.responses:
        remedy = "list the site's own origins in the API and in the edge's headers policy; never send the caller's back"
        return Verdict.failed(expected=expected, actual=several(amiss or ["no answer"]), remedy=remedy)
    return Verdict.passed(expected=expected, actual="not allowed")


def checks(target: Target) -> Iterator[Check]:
    """Each route that can be asked as it is, calls from other origins, and a path that does not exist."""
    origins = tuple(f"https://{host}" for host in target.hosts)
    for api in apis(target):
        asked = {path: each for path, each in api.asked().items() if path not in _HEALTH}
        for each in asked.values():
            yield from _route(api, each)
        for path, each in asked.items():
            if origins and api.preflighted(path):
                where, url = api.at(each)
                covers = tuple(
                    one.resource.logical_id for one in api.routes if (one.path, one.method) == (path, "OPTIONS")
                )
                place = Place(subject=where.subject, stack=where.stack, covers=covers)
                yield cors(place, url=url, origins=origins, guarded=each.guarded)
                yield foreign(place, url=url, guarded=each.guarded)
        if api.url:
            catching = tuple(each.resource.logical_id for each in api.routes if each.method == "ANY")
            covers = (api.resource.logical_id, *catching)
            place = Place(subject=f"{api.subject}/*", stack=api.resource.stack, covers=covers)
            yield unknown(place, url=api.url)


def _route(api: Api, found: Route) -> Iterator[Check]:
    place, url = api.at(found)
    if found.guarded:
        yield guarded(place, url=url)
        yield forged(place, url=url, issuer=api.issuer)
    else:
        yield route(place, url=url)


def _fetch(world: World, *, url: str) -> Answer:
    return world.http.fetch(url)


def _fetch_unknown(world: World, *, url: str) -> Answer:
    """A path that no release can have; it is kept in the evidence as part of the address."""
    return world.http.fetch(f"{url}/nobody-made-this-{secrets.token_hex(6)}")


def _fetch_forged(world: World, *, url: str, issuer: str) -> Answer:
    return world.http.fetch(url, headers={"authorization": f"Bearer {unsigned(issuer)}"})


def _fetch_preflights(world: World, *, url: str, origins: tuple[str, ...]) -> Responses:
    return Responses(
        responses=together(*(partial(world.http.fetch, url, method="OPTIONS", headers=_ask(one)) for one in origins))
    )


def _fetch_as_stranger(world: World, *, url: str) -> Responses:
    return Responses(
        responses=together(
            partial(world.http.fetch, url, method="OPTIONS", headers=_ask(_STRANGER)),
            partial(world.http.fetch, url, headers={"origin": _STRANGER}),
        )
    )


def _ask(origin: str) -> dict[str, str]:
    wanted = {"access-control-request-method": "GET", "access-control-request-headers": "authorization"}
    return {"origin": origin, **wanted}


def unsigned(issuer: str) -> str:
    """A token for nobody, with all that an authorizer might compare except a signature (RFC 7519 6)."""
    claims = {"iss": issuer, "sub": "nobody", "aud": "nobody", "token_use": "id", "exp": _FAR}
    parts = (json.dumps(each).encode() for each in ({"alg": "none", "typ": "JWT"}, claims))
    return ".".join(base64.urlsafe_b64encode(each).decode().rstrip("=") for each in parts) + "."


def _barred(answer: Answer, origin: str, *, guarded: bool) -> Iterator[str]:
    if isinstance(answer, Silence):
        yield answer.reason
    elif not _OK <= answer.status < _OK + 100:
        yield f"preflight {answer.status}"
    elif answer.header("access-control-allow-origin") not in {origin, "*"}:
        yield f"allowed origin {answer.header('access-control-allow-origin') or 'none'}"
    elif guarded and "authorization" not in _words(answer.header("access-control-allow-headers")):
        yield "the Authorization header is not allowed"


def _favours(answer: Answer, *, guarded: bool) -> Iterator[str]:
    if isinstance(answer, Silence):
        yield f"{answer.where}: {answer.reason}"
        return
    allowed = _words(answer.header("access-control-allow-origin"))
    generous = guarded or answer.header("access-control-allow-credentials").strip().lower() == "true"
    if allowed & {_STRANGER, "null"} or ("*" in allowed and generous):
        yield f"{answer.method} allows {' '.join(sorted(allowed))}"


def _words(text: str) -> set[str]:
    return {each.strip().lower() for each in text.split(",")} - {""}


PROMISES = (route, guarded, forged, cors, foreign, unknown)
