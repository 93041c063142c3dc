"""Journeys of those who want what they must not have: others' routes, a stranger's password, a page on the site.

Each is walked by somebody who is made for it, does no harm where it is let in, and takes back what it made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from secrets import token_hex

from checks.evidence import Response, Silence
from checks.journey import Script, filled, requests
from checks.model import Check, Sight, Target, promise
from checks.together import together
from checks.walking import (
    FILES,
    OK,
    USERS,
    Journey,
    Road,
    Told,
    empty,
    judge_walk,
    leave_to_put,
    person,
    road_of,
    somebody,
    walk,
)
from checks.wording import several

# Cognito's first lock comes with the fifth wrong password and lasts a second, each further one twice as long as the
# one before: even tries that are ten seconds apart have met one by the tenth.
TRIES = 12
_FORBIDDEN = 403
_CLIENT_ERRORS = range(400, 500)
# What a browser runs the scripts of (HTML standard, "Document lifecycle"; SVG 2, "Processing modes").
_PAGES = frozenset({"text/html", "application/xhtml+xml", "image/svg+xml", "text/xml", "application/xml"})


@promise(
    "journeys.closed",
    says="a route that is kept for a group refuses whoever is signed in and not in that group",
    severity="critical",
    instrument="http",
    actions=USERS,
    effect="write",
)
def closed(*, road: Road, script: Script) -> Sight:
    """OWASP API5:2023: a token opens the gateway to everybody, and behind it nobody asks what its bearer may."""
    return Sight(look=partial(walk, road=road, script=script, on=_trespass), judge=judge_walk)


@promise(
    "journeys.locked",
    says="whoever tries passwords is made to wait before they have tried many",
    severity="warning",
    instrument="aws",
    actions=USERS,
    effect="write",
)
def locked(*, road: Road, script: Script) -> Sight:
    """AWS (Cognito, "Lockout behavior for failed sign-in attempts"): five wrong ones, then a pause that doubles."""
    return Sight(look=partial(walk, road=road, script=script, on=_guess), judge=judge_walk)


@promise(
    "journeys.harmless",
    says="what a person uploads never comes back as a page of the site",
    severity="warning",
    instrument="http",
    actions=(*USERS, *FILES),
    effect="write",
)
def harmless(*, road: Road, script: Script) -> Sight:
    """OWASP, File Upload: a page that somebody uploaded runs its scripts as the site itself, for whoever opens it."""
    return Sight(look=partial(walk, road=road, script=script, on=_smuggle), judge=judge_walk)


def checks(target: Target, *, script: Script | None) -> Iterator[Check]:
    """What the settings describe of it; passwords are tried wherever somebody signs in."""
    if script is None:
        return
    road, place = road_of(target, script)
    if script.closed:
        yield closed(place, road=road, script=script)
    yield locked(place, road=road, script=script)
    if script.upload_page:
        yield harmless(place, road=road, script=script)


def _trespass(journey: Journey) -> None:
    script = journey.script
    _, token, _ = person(journey, "somebody")
    if not token:
        return
    status, _, said = journey.ask(script.me, token)
    if not journey.step("is let in as they are", well=status == OK, said=said):
        return
    wanted = requests(script.closed)
    answers = together(*(_knock(journey, each, token) for each in wanted))
    for request, (status, told, said) in zip(wanted, answers, strict=True):
        # A page that says 403 is no word of the API: somebody else stood in the way, today.
        journey.step(f"not {request}", well=status == _FORBIDDEN and "" not in told, said=said)


def _knock(journey: Journey, request: str, token: str) -> Callable[[], Told]:
    return lambda: journey.ask(request, token, empty(request), id=journey.run)


def _guess(journey: Journey) -> None:
    world, road = journey.world, journey.road
    name, _, _ = somebody(journey, "somebody")
    said = "wrong"
    for tried in range(1, TRIES + 1):
        said = world.aws.guess(road.region, road.pool, road.client, name, f"Aa1-{token_hex(16)}")
        if tried == 1 and not journey.step("a wrong password is wrong", well=said == "wrong", said=said):
            return
        if said != "wrong":
            break
    journey.step("is made to wait", well=said == "locked", said=f"password number {tried}: {said}")


def _smuggle(journey: Journey) -> None:
    script = journey.script
    _, token, _ = person(journey, "somebody")
    if not token:
        return
    file = f"<!doctype html><title>{journey.run}</title><script>document.title = 0</script>".encode()
    keys = [_left(journey, token, script.upload_page, file, "a page", may_not=_CLIENT_ERRORS)]
    keys.append(_left(journey, token, script.upload_body, file, "a page by another name"))
    if not all(each.well for each in journey.steps):
        return
    paths = _paths(script, [each for each in keys if each], journey.run)
    http, site = journey.world.again().http, journey.road.site
    home, *met = together(*(partial(http.fetch, f"{site}{path}") for path in ("/", *paths)))
    amiss = [f"{path} {why}" for path, each in zip(paths, met, strict=True) if (why := as_page(each, home, file))]
    journey.step("meets no page of theirs on the site", well=not amiss, said=several(amiss) or "none")


def _left(journey: Journey, token: str, body: str, file: bytes, what: str, *, may_not: Sequence[int] = ()) -> str:
    """The key under which *file* was left, if it was; refusals of the API that are in *may_not* are well."""
    (status, _, said), where, put = leave_to_put(journey, token, body, len(file))
    allowed = status in {200, 201}
    if (
        not journey.step(f"asks for leave to upload {what}", well=allowed or status in may_not, said=said)
        or not allowed
    ):
        return ""
    status, _, said = put(file)
    # That a bucket looks into what it is sent is as good.
    journey.step(f"uploads {what}", well=status == OK or status in _CLIENT_ERRORS, said=said)
    return where if status == OK else ""


def _paths(script: Script, keys: Sequence[str], run: str) -> tuple[str, ...]:
    paths = (filled(path, id=key, nonce=run) for key in keys for path in requests(script.served))
    return tuple(dict.fromkeys(paths))


def as_page(seen: Response | Silence, home: Response | Silence, file: bytes) -> str:
    """Why a visitor's browser would take this for a page of *file*'s writer; empty when it would not.

    The site's own home page is nobody else's, whatever path it is given for.
    """
    if isinstance(seen, Silence):
        return f"is silent: {seen.reason}"
    theirs = file.decode() in seen.body
    own = isinstance(home, Response) and seen.body == home.body
    if own or not (theirs or seen.status == OK) or seen.header("content-disposition").startswith("attachment"):
        return ""
    kind = seen.header("content-type").partition(";")[0].strip().lower()
    if kind in _PAGES:
        return f"is shown as {kind}"
    sure = seen.header("x-content-type-options").strip().lower() == "nosniff"
    return f"comes as {kind or 'nothing'}, without nosniff" if theirs and not sure else ""


PROMISES = (closed, locked, harmless)
