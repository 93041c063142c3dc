"""Journeys: what people do, done by people who are made for it, and nothing of it left behind.

These write, so they are planned only where somebody asked for it. Each carries a name of its own run, removes what it
made, proves that it is gone, and ``journeys.swept`` removes what a run that was cut off has left.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from urllib.parse import urlencode

from checks.evidence import Leftovers
from checks.journey import LEFTOVER, PREFIX, Script, requests
from checks.keys import address_of, unvouched
from checks.model import Check, Sight, Target, Verdict, promise
from checks.tokens import aged, resigned, unsigned
from checks.walking import (
    FILES,
    HIDDEN,
    OK,
    REFUSED,
    ROWS,
    USERS,
    Journey,
    Road,
    entries,
    judge_walk,
    leave_to_put,
    person,
    remove_one,
    road_of,
    walk,
    write_one,
)
from checks.wording import several, span
from checks.world.ports import World

# So many rows take a page each and leave two turns between them.
WRITTEN = 3
# A list that is everybody's may be longer than is fair to read.
LONGEST = 12


@promise(
    "journeys.signed_in",
    says="a person who is made for it signs in, is who they are, and signs in again by the refresh token",
    severity="critical",
    instrument="http",
    actions=USERS,
    effect="write",
)
def signed_in(*, road: Road, script: Script) -> Sight:
    """Pitfall 61: every setting of the pool may be right, and nobody can sign in (AWS: AdminInitiateAuth)."""
    return Sight(look=partial(walk, road=road, script=script, on=_sign_in), judge=judge_walk)


@promise(
    "journeys.written",
    says="what a person writes is read back as it was written, is listed, and is gone when it was removed",
    severity="critical",
    instrument="http",
    actions=(*USERS, *ROWS),
    effect="write",
)
def written(*, road: Road, script: Script) -> Sight:
    """Pitfall 53: health says ok while no write arrives. The nonce has letters that a wrong encoding breaks (AWS)."""
    return Sight(look=partial(walk, road=road, script=script, on=_write), judge=judge_walk)


@promise(
    "journeys.isolated",
    says="nobody sees or changes what is another's",
    severity="critical",
    instrument="http",
    actions=(*USERS, *ROWS),
    effect="write",
)
def isolated(*, road: Road, script: Script) -> Sight:
    """Pitfall 5: two people at once, because one alone never meets the answer of another."""
    return Sight(look=partial(walk, road=road, script=script, on=_isolate), judge=judge_walk)


@promise(
    "journeys.refused",
    says="a token that was changed, is signed by nobody or by another, or is over opens nothing",
    severity="critical",
    instrument="http",
    actions=USERS,
    effect="write",
)
def refused(*, road: Road, script: Script) -> Sight:
    """RFC 8725, 2.1 and 3.1: the negative twin of signing in, with a real person's token made worse in one thing."""
    return Sight(look=partial(walk, road=road, script=script, on=_refuse), judge=judge_walk)


@promise(
    "journeys.paged",
    says="the pages of a list, each reached by the cursor of the one before, hold every row once and come to an end",
    severity="warning",
    instrument="http",
    actions=(*USERS, *ROWS),
    effect="write",
)
def paged(*, road: Road, script: Script) -> Sight:
    """AWS: a query that leaves LastEvaluatedKey out goes on where it began; nobody notices below a page of rows."""
    return Sight(look=partial(walk, road=road, script=script, on=_turn_pages), judge=judge_walk)


@promise(
    "journeys.uploaded",
    says="a file that a person uploads lands in the bucket, and another one than was announced does not",
    severity="critical",
    instrument="http",
    actions=(*USERS, *FILES),
    effect="write",
)
def uploaded(*, road: Road, script: Script) -> Sight:
    """AWS: an address that was signed says nothing of whether its signer may put (presigned URLs)."""
    return Sight(look=partial(walk, road=road, script=script, on=_upload), judge=judge_walk)


@promise(
    "journeys.swept",
    says="nothing is left of journeys that were cut off",
    severity="warning",
    instrument="aws",
    actions=("cognito-idp:ListUsers", "cognito-idp:AdminDeleteUser", "cognito-idp:AdminGetUser"),
    effect="write",
)
def swept(*, road: Road) -> Sight:
    """Pitfall 94: probes that are left behind count as people. Whoever is older than an hour is removed here."""
    return Sight(look=partial(_sweep, road=road), judge=judge_swept)


def judge_swept(seen: Leftovers, now: datetime) -> Verdict:
    """What is young may belong to a run beside this one; what is old must be gone."""
    expected = f"nobody called {PREFIX}… who is older than {span(LEFTOVER)}"
    old = [name for name, made in seen.people if now - made > LEFTOVER]
    stuck = [name for name in old if name not in seen.removed]
    if stuck:
        remedy = "aws cognito-idp admin-delete-user for each; may this role delete users?"
        return Verdict.failed(expected=expected, actual=several(stuck), remedy=remedy)
    return Verdict.passed(expected=expected, actual=f"{len(old)} removed, {len(seen.people) - len(old)} of now")


def checks(target: Target, *, script: Script | None) -> Iterator[Check]:
    """The journeys that the settings describe; none without them. Raises JourneyError for what is not in the target."""
    if script is None:
        return
    road, place = road_of(target, script)
    yield signed_in(place, road=road, script=script)
    yield refused(place, road=road, script=script)
    if script.create:
        yield written(place, road=road, script=script)
        yield isolated(place, road=road, script=script)
    if script.pages:
        yield paged(place, road=road, script=script)
    if script.upload:
        yield uploaded(place, road=road, script=script)
    yield swept(place, road=road)


def _sign_in(journey: Journey) -> None:
    subject, token, again = person(journey, "somebody")
    if not token:
        return
    status, told, said = journey.ask(journey.script.me, token)
    mine = subject in told.values()
    if not journey.step("is who they are", well=status == OK and mine, said=said):
        return
    served = journey.world.again().http.fetch(address_of(journey.road.region, journey.road.pool))
    why = unvouched(served, token)
    journey.step("is vouched for by a key of the pool", well=not why, said=why)
    status, _, said = journey.ask(journey.script.me)
    journey.step("nobody without a token", well=status in REFUSED, said=said)
    fresh = journey.world.aws.refresh(journey.road.region, journey.road.pool, journey.road.client, again)
    renewed = fresh.get(journey.script.token, "")
    if journey.step("refreshes", well=bool(renewed), said="no tokens"):
        status, _, said = journey.ask(journey.script.me, renewed)
        journey.step("is still who they are", well=status == OK, said=said)


def _write(journey: Journey) -> None:
    script = journey.script
    _, token, _ = person(journey, "somebody")
    made, nonce = write_one(journey, token) if token else ("", "")
    if not made:
        return
    status, told, said = journey.ask(script.read, token, id=made)
    same = told.get(script.field) == nonce
    journey.step("reads what was written", well=status == OK and same, said=said)
    status, told, said = journey.ask(script.list, token)
    journey.step("finds it in the list", well=status == OK and made in entries(told), said=said)
    status, _, said = remove_one(journey, token, made)
    journey.step("removes it", well=status in {200, 202, 204}, said=said)
    status, told, said = journey.ask(script.read, token, id=made)
    word = script.removed.partition("=")[0]
    journey.step("it is gone", well=_is_removed(script.removed, status, told), said=f"{said} {told.get(word, '')}")


def _is_removed(removed: str, status: int, told: Mapping[str, object]) -> bool:
    name, _, value = removed.partition("=")
    return str(status) == removed if not value else status == OK and str(told.get(name)) == value


def _isolate(journey: Journey) -> None:
    script = journey.script
    _, mine, _ = person(journey, "somebody")
    _, theirs, _ = person(journey, "another") if mine else ("", "", "")
    made, _ = write_one(journey, mine) if theirs else ("", "")
    if not made:
        return
    status, told, said = journey.ask(script.list, theirs)
    journey.step("another does not find it", well=status == OK and made not in entries(told), said=said)
    if script.change:
        status, _, said = journey.ask(script.change, theirs, script.change_body, id=made)
        journey.step("another cannot change it", well=status in HIDDEN, said=said)
    status, _, said = remove_one(journey, theirs, made)
    journey.step("another cannot remove it", well=status in HIDDEN, said=said)
    status, told, said = journey.ask(script.list, mine)
    journey.step("it is still there", well=status == OK and made in entries(told), said=said)
    remove_one(journey, mine, made)


def _turn_pages(journey: Journey) -> None:
    script = journey.script
    _, token, _ = person(journey, "somebody")
    mine: list[str] = []
    while token and len(mine) < WRITTEN:
        made, _ = write_one(journey, token, f"writes number {len(mine) + 1}")
        if not made:
            return
        mine.append(made)
    for request in requests(script.pages) if token else ():
        pages, why = _pages(journey, token, request)
        amiss = why or misread(pages, mine)
        journey.step(f"turns the pages of {request}", well=not amiss, said=amiss or f"{len(pages)} pages")
    for made in mine:
        remove_one(journey, token, made)


def _pages(journey: Journey, token: str, request: str) -> tuple[list[list[str]], str]:
    """The ids on each page, to the last one or to the longest that is fair; and why no further, if that is amiss."""
    pages: list[list[str]] = []
    cursors = [""]
    while len(pages) < LONGEST:
        at = f"{'&' if '?' in request else '?'}{urlencode({journey.script.cursor: cursors[-1]})}" if cursors[-1] else ""
        status, told, said = journey.ask(f"{request}{at}", token)
        if status != OK:
            return pages, f"page {len(pages) + 1}: {said}"
        pages.append(list(entries(told)))
        following = told.get(journey.script.next)
        if following in {None, ""}:
            return pages, ""
        if str(following) in cursors:
            return pages, f"page {len(pages)} leads back to where a page before it led"
        cursors.append(str(following))
    return pages, "" if pages[-1] else f"no end after {LONGEST} pages, of which the last is empty"


def misread(pages: Sequence[Sequence[str]], mine: Sequence[str]) -> str:
    """What is wrong with *pages* whose list has each of *mine*; empty when nothing is."""
    turned = [one for page in pages for one in page]
    twice = sorted({one for one in turned if turned.count(one) > 1})
    lost = [one for one in mine if one not in turned]
    if twice:
        return f"more than once: {several(twice)}"
    if lost:
        return f"on none of {len(pages)} pages: {several(lost)}"
    return "" if len(pages) > 1 else f"all {len(turned)} on one page, so that none was turned"


def _refuse(journey: Journey) -> None:
    subject, token, _ = person(journey, "somebody")
    if not token:
        return
    status, _, said = journey.ask(journey.script.me, token)
    if not journey.step("is let in as they are", well=status == OK, said=said):
        return
    worse = {
        "not as another": resigned(token, sub=f"{subject}-other"),
        "not unsigned": unsigned(token),
        "not when it is over": aged(token),
        "not with half of it": token[: len(token) // 2],
    }
    for name, each in worse.items():
        status, _, said = journey.ask(journey.script.me, each)
        journey.step(name, well=status in REFUSED, said=said)


def _upload(journey: Journey) -> None:
    world, road, file = journey.world, journey.road, journey.script.file.encode()
    _, token, _ = person(journey, "somebody")
    if not token:
        return
    (status, _, said), where, put = leave_to_put(journey, token, journey.script.upload_body, len(file))
    if not journey.step("is given an address", well=status in {200, 201}, said=said):
        return
    status, _, said = put(file + b"more")
    journey.step("not another file", well=400 <= status < 500, said=said)  # noqa: PLR2004 - refused by S3
    status, _, said = put(file)
    if journey.step("puts the file", well=status == OK, said=said) and road.bucket and where:
        sizes = world.aws.stored(road.region, road.bucket, where, road.account)
        journey.step("it is there, whole and once", well=sizes == (len(file),), said=f"sizes: {sizes}")


def _sweep(world: World, *, road: Road) -> Leftovers:
    people = tuple(world.aws.users(road.region, road.pool, PREFIX))
    now = world.clock.now()
    gone = [n for n, made in people if now - made > LEFTOVER and world.aws.drop_user(road.region, road.pool, n)]
    # Without the domain, because an address is redacted in evidence, and these would all be one.
    return Leftovers(
        people=tuple((_plain(name), made) for name, made in people), removed=tuple(_plain(name) for name in gone)
    )


def _plain(name: str) -> str:
    return name.partition("@")[0]


PROMISES = (signed_in, refused, written, isolated, paged, uploaded, swept)
