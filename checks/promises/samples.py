"""An API asked more than once, and in more than one way: does it always answer, and to every method."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from datetime import datetime
from functools import partial

from checks.documents import answered
from checks.evidence import Response, Responses, Silence
from checks.model import Check, Place, Sight, Target, Verdict, promise
from checks.routes import apis
from checks.together import together
from checks.wording import quote, several
from checks.world.ports import World

# Of nine samples a fault that hits three visitors in ten is missed one time in twenty-five (0.7 ** 9).
SAMPLES = 9
_OK = 200
_REFUSALS = (400, 401, 403, 404, 405, 415)
_CHANGING = ("POST", "PUT", "PATCH", "DELETE")
_MADE_BY_API = ("x-amzn-requestid", "x-amz-apigw-id", "apigw-requestid")


@promise("api.steady", says="the API answers every time that it is asked", severity="critical", instrument="http")
def steady(*, url: str, samples: int) -> Sight:
    """Pitfalls 8 and 54: one of several instances, edges or versions is bad, and a single look meets a good one."""
    return Sight(look=partial(_sample, url=url, samples=samples), judge=partial(judge_steady, samples=samples))


@promise(
    "api.methods",
    says="the methods that change something reach the API through the edge",
    severity="critical",
    instrument="http",
)
def methods(*, url: str, methods: tuple[str, ...]) -> Sight:
    """Pitfall 17: a behaviour that lets only GET through answers 403 itself, with a page, and nobody can post.

    They are tried on a path that nobody made, so that nothing can be changed whatever is broken.
    """
    return Sight(look=partial(_try, url=url, methods=methods), judge=partial(judge_methods, methods=methods))


def judge_steady(seen: Responses, _now: datetime, *, samples: int) -> Verdict:
    """200 and JSON, each of them."""
    expected = f"{samples} of {samples} answers 200 with JSON"
    bad = [why for each in seen.responses if isinstance(why := answered(each, _OK), str)]
    good = len(seen.responses) - len(bad)
    if not bad and good == samples:
        return Verdict.passed(expected=expected, actual=f"{good} of {samples}")
    remedy = "compare the good with the bad: the version in the answer, the request's log, the alias's weights"
    actual = f"{good} of {samples}; otherwise {several(sorted(set(bad)))}"
    return Verdict.failed(expected=expected, actual=actual, remedy=remedy)


def judge_methods(seen: Responses, _now: datetime, *, methods: tuple[str, ...]) -> Verdict:
    """Refused in JSON, with the request id that an API gives: the edge's own 403 is a page."""
    expected = f"{several(methods)} refused by the API, in JSON"
    amiss = [f"{method} {why}" for method, each in zip(methods, seen.responses, strict=False) if (why := _amiss(each))]
    if not amiss and len(seen.responses) == len(methods):
        return Verdict.passed(expected=expected, actual=f"{len(methods)} of {len(methods)}")
    remedy = "let all methods through in the behaviour of the API (AllowedMethods); no custom error responses"
    return Verdict.failed(expected=expected, actual=several(amiss or ["no answer"]), remedy=remedy)


def checks(target: Target) -> Iterator[Check]:
    """Each API with an open health route is sampled; one behind an edge is tried with the methods that it has."""
    for api in apis(target):
        health = api.asked().get("/health")
        if health and not health.guarded:
            place, url = api.at(health)
            yield steady(Place(subject=place.subject, stack=place.stack), url=url, samples=SAMPLES)
        known = {each.method for each in api.routes}
        tried = tuple(each for each in _CHANGING if {each, "ANY"} & known)
        if api.behind and tried:
            place = Place(subject=f"{api.subject}/*", stack=api.resource.stack)
            yield methods(place, url=api.url, methods=tried)


def _sample(world: World, *, url: str, samples: int) -> Responses:
    """The header makes each another request to the world, which asks the same only once."""
    asked = (partial(world.http.fetch, url, headers={"x-asked": f"sample {at}"}) for at in range(samples))
    return Responses(responses=together(*asked))


def _try(world: World, *, url: str, methods: tuple[str, ...]) -> Responses:
    """A path that no release can have, so that there is nothing to change."""
    nowhere = f"{url}/nobody-made-this-{secrets.token_hex(6)}"
    return Responses(responses=together(*(partial(world.http.fetch, nowhere, method=each) for each in methods)))


def _amiss(seen: Response | Silence) -> str:
    read = answered(seen, *_REFUSALS)
    if isinstance(read, str):
        return f"is answered {read}"
    made = isinstance(seen, Response) and any(seen.header(each) for each in _MADE_BY_API)
    return "" if made else f"is refused by something before the API: {quote(str(read), 60)}"


PROMISES = (steady, methods)
