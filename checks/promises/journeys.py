"""Journeys: what people do, done by people who are made for it, and nothing of it left behind.

These write, so they are planned only where somebody asked for it. Each carries a name of its own run, removes what it
made, proves that it is gone, and ``journeys.swept`` removes what a run that was cut off has left.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from functools import partial
from secrets import token_hex
from urllib.parse import urlsplit

from checks import intent
from checks.evidence import Leftovers, Response, Silence, Step, Walk
from checks.frozen import dataclass
from checks.journey import LEFTOVER, PREFIX, TRAVELLER, JourneyError, Script, filled
from checks.model import CannotLook, Check, Place, Resource, Sight, Target, Verdict, promise
from checks.routes import apis
from checks.tokens import aged, resigned, unsigned
from checks.wording import quote, several, span
from checks.world.ports import World

CLIENT = "AWS::Cognito::UserPoolClient"
_USERS = (
    *("cognito-idp:AdminCreateUser", "cognito-idp:AdminSetUserPassword", "cognito-idp:AdminAddUserToGroup"),
    *("cognito-idp:AdminInitiateAuth", "cognito-idp:AdminDeleteUser", "cognito-idp:AdminGetUser"),
)
_ROWS = ("dynamodb:DeleteItem", "dynamodb:GetItem")
_FILES = ("s3:ListBucketVersions", "s3:DeleteObject", "s3:DeleteObjectVersion")
_REFUSED = frozenset({401, 403})
_HIDDEN = frozenset({401, 403, 404})


@dataclass(frozen=True, slots=True, kw_only=True)
class Road:
    """Where a journey leads: the API's address, and the pool, client, table and bucket by their live names."""

    base: str
    region: str
    pool: str
    client: str
    table: str = ""
    bucket: str = ""
    account: str = ""


@promise(
    "journeys.signed_in",
    says="a person who is made for it signs in, is who they are, and signs in again by the refresh token",
    severity="critical",
    instrument="http",
    actions=_USERS,
    effect="write",
)
def signed_in(*, road: Road, script: Script) -> Sight:
    """Pitfall 61: every setting of the pool may be right, and nobody can sign in (AWS: AdminInitiateAuth)."""
    return Sight(look=partial(_walk, road=road, script=script, on=_sign_in), judge=judge_walk)


@promise(
    "journeys.written",
    says="what a person writes is read back as it was written, is listed, and is gone when it was removed",
    severity="critical",
    instrument="http",
    actions=(*_USERS, *_ROWS),
    effect="write",
)
def written(*, road: Road, script: Script) -> Sight:
    """Pitfall 53: health says ok while no write arrives. The nonce has letters that a wrong encoding breaks (AWS)."""
    return Sight(look=partial(_walk, road=road, script=script, on=_write), judge=judge_walk)


@promise(
    "journeys.isolated",
    says="nobody sees or changes what is another's",
    severity="critical",
    instrument="http",
    actions=(*_USERS, *_ROWS),
    effect="write",
)
def isolated(*, road: Road, script: Script) -> Sight:
    """Pitfall 5: two people at once, because one alone never meets the answer of another."""
    return Sight(look=partial(_walk, road=road, script=script, on=_isolate), judge=judge_walk)


@promise(
    "journeys.refused",
    says="a token that was changed, is signed by nobody or by another, or is over opens nothing",
    severity="critical",
    instrument="http",
    actions=_USERS,
    effect="write",
)
def refused(*, road: Road, script: Script) -> Sight:
    """RFC 8725, 2.1 and 3.1: the negative twin of signing in, with a real person's token made worse in one thing."""
    return Sight(look=partial(_walk, road=road, script=script, on=_refuse), judge=judge_walk)


@promise(
    "journeys.uploaded",
    says="a file that a person uploads lands in the bucket, and another one than was announced does not",
    severity="critical",
    instrument="http",
    actions=(*_USERS, *_FILES),
    effect="write",
)
def uploaded(*, road: Road, script: Script) -> Sight:
    """AWS: an address that was signed says nothing of whether its signer may put (presigned URLs)."""
    return Sight(look=partial(_walk, road=road, script=script, on=_upload), judge=judge_walk)


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


def judge_walk(seen: Walk, _now: datetime) -> Verdict:
    """Every step went well, and nothing is left."""
    expected = f"{several((each.name for each in seen.steps), 20)}; nothing left behind"
    lost = [f"{each.name}: {each.said}" for each in seen.steps if not each.well]
    if not lost and not seen.left and seen.steps:
        return Verdict.passed(expected=expected, actual=f"all {len(seen.steps)} steps")
    if lost:
        remedy = f"see the log of the function for the run {seen.run}, at the step that is named"
        left = f"; left behind: {several(seen.left)}" if seen.left else ""
        return Verdict.failed(expected=expected, actual=f"{several(lost)}{left}", remedy=remedy)
    remedy = f"remove what is named {seen.run} by hand; may this role delete users, rows and objects?"
    return Verdict.failed(expected=expected, actual=f"left behind: {several(seen.left) or 'no step'}", remedy=remedy)


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
    road, place = _road(target, script)
    yield signed_in(place, road=road, script=script)
    yield refused(place, road=road, script=script)
    if script.create:
        yield written(place, road=road, script=script)
        yield isolated(place, road=road, script=script)
    if script.upload:
        yield uploaded(place, road=road, script=script)
    yield swept(place, road=road)


def _road(target: Target, script: Script) -> tuple[Road, Place]:
    client = _named(target, "client", script.client, CLIENT)
    table = _named(target, "table", script.table, "AWS::DynamoDB::Table") if script.table else None
    bucket = _named(target, "bucket", script.bucket, "AWS::S3::Bucket") if script.bucket else None
    pool = intent.text(client.properties, "UserPoolId")
    bases = [each.url for each in apis(target) if each.url]
    if not pool or not bases:
        raise JourneyError("journeys: expected an API with an address and a client with a known pool in this target")
    road = Road(
        base=bases[0],
        region=client.region,
        pool=pool,
        client=client.physical_id,
        table=table.physical_id if table else "",
        bucket=bucket.physical_id if bucket else "",
        account=target.account,
    )
    arns = [target.arn("cognito-idp", client.region, f"userpool/{pool}")]
    arns += [target.arn("dynamodb", client.region, f"table/{road.table}")] if table else []
    arns += (
        [f"arn:{target.partition}:s3:::{road.bucket}", f"arn:{target.partition}:s3:::{road.bucket}/*"] if bucket else []
    )
    place = Place(
        subject=urlsplit(road.base).netloc + urlsplit(road.base).path,
        stack=client.stack,
        region=client.region,
        covers=(client.logical_id, *(each.logical_id for each in (table, bucket) if each)),
        resources=tuple(arns),
    )
    return road, place


def _named(target: Target, key: str, subject: str, kind: str) -> Resource:
    found = [each for each in target.of_type(kind) if each.subject == subject]
    if not found:
        known = sorted(each.subject for each in target.of_type(kind))
        raise JourneyError(f"journeys.{key}: no {kind} is called {subject!r}; there are {known}")
    return found[0]


# --- walking ----------------------------------------------------------------------------------


@dataclass(slots=True)
class _Journey:
    """One run: what it did so far, and what it has to take back."""

    world: World
    road: Road
    script: Script
    run: str
    steps: list[Step]
    undo: list[tuple[str, Callable[[], bool]]]

    def step(self, name: str, *, well: bool, said: str) -> bool:
        """Note a step; false ends the journey."""
        self.steps.append(Step(name=name, well=well, said=quote(said, 120)))
        return well

    def ask(self, request: str, token: str = "", body: str = "", **words: str) -> tuple[int, Mapping[str, object], str]:
        """One request to the API: the status (0 for silence), the object that came, and what to say of it."""
        method, _, path = filled(request, **words).partition(" ")
        headers = {"accept": "application/json", "user-agent": f"checks/{self.run}"}
        headers |= {"authorization": f"Bearer {token}"} if token else {}
        headers |= {"content-type": "application/json", "idempotency-key": f"{self.run}-{token_hex(4)}"} if body else {}
        sent = filled(body, **words).encode() if body else None
        # The same question has another answer after each step, so no answer is remembered.
        http = self.world.again().http
        return _read(http.fetch(f"{self.road.base}{path}", method=method, headers=headers, body=sent))


def _read(answer: Response | Silence) -> tuple[int, Mapping[str, object], str]:
    if isinstance(answer, Silence):
        return 0, {}, f"{answer.where}: {answer.reason}"
    document: object = None
    with suppress(ValueError, RecursionError):
        document = json.loads(answer.body)
    said = f"{answer.status}" if answer.status < 400 else f"{answer.status} {answer.body}"  # noqa: PLR2004 - errors
    return answer.status, document if isinstance(document, dict) else {"": document}, said


def _walk(world: World, *, road: Road, script: Script, on: Callable[[_Journey], None]) -> Walk:
    """Walk as far as it goes, then take back everything that was made, the last thing first."""
    run = f"{PREFIX}{world.clock.now():%Y%m%d%H%M%S}-{token_hex(4)}"
    journey = _Journey(world=world, road=road, script=script, run=run, steps=[], undo=[])
    left: list[str] = []
    try:
        on(journey)
    finally:
        for what, undo in reversed(journey.undo):
            left += _taken_back(what, undo)
    return Walk(run=run, steps=tuple(journey.steps), left=tuple(left))


def _taken_back(what: str, undo: Callable[[], bool]) -> list[str]:
    """Nothing when it is proven to be gone. That we could not see it is no proof."""
    try:
        return [] if undo() else [what]
    except CannotLook as reason:
        return [f"{what} ({reason})"]


def _person(journey: _Journey, which: str) -> tuple[str, str, str]:
    """Somebody new: their subject, their token, and their refresh token. Nobody when a step failed."""
    world, road = journey.world, journey.road
    name = filled(journey.script.username.replace("{name}", f"{journey.run}-{which}"))
    password = f"Aa1-{token_hex(16)}"
    groups = tuple(each.strip() for each in journey.script.groups.split(",") if each.strip())
    journey.undo.append((f"user {name}", lambda: world.aws.drop_user(road.region, road.pool, name)))
    subject = world.aws.make_user(road.region, road.pool, name, password, groups)
    tokens = world.aws.sign_in(road.region, road.pool, road.client, name, password)
    if not journey.step(f"{which} signs in", well=bool(tokens), said="no tokens" if not tokens else "tokens"):
        return "", "", ""
    return subject, tokens[journey.script.token], tokens["refresh"]


def _sign_in(journey: _Journey) -> None:
    subject, token, again = _person(journey, "somebody")
    if not token:
        return
    status, told, said = journey.ask(journey.script.me, token)
    mine = subject in told.values()
    if not journey.step("is who they are", well=status == 200 and mine, said=said):  # noqa: PLR2004 - OK
        return
    status, _, said = journey.ask(journey.script.me)
    journey.step("nobody without a token", well=status in _REFUSED, said=said)
    fresh = journey.world.aws.refresh(journey.road.region, journey.road.pool, journey.road.client, again)
    renewed = fresh.get(journey.script.token, "")
    if journey.step("refreshes", well=bool(renewed), said="no tokens"):
        status, _, said = journey.ask(journey.script.me, renewed)
        journey.step("is still who they are", well=status == 200, said=said)  # noqa: PLR2004 - OK


def _made(journey: _Journey, token: str) -> tuple[str, str]:
    """Something new: its id and its nonce; no id when a step failed."""
    nonce = f"{journey.run} {TRAVELLER}"
    status, told, said = journey.ask(journey.script.create, token, journey.script.body, nonce=nonce)
    made = str(told.get("id", ""))
    if made and journey.road.table:
        world, road = journey.world, journey.road
        key = tuple((name, str(told.get(name, ""))) for name in journey.script.key.split())
        journey.undo.append((f"row {made}", lambda: world.aws.remove_row(road.region, road.table, key)))
    journey.step("writes", well=status in {200, 201} and bool(made), said=said)
    return made, nonce


def _write(journey: _Journey) -> None:
    script = journey.script
    _, token, _ = _person(journey, "somebody")
    made, nonce = _made(journey, token) if token else ("", "")
    if not made:
        return
    status, told, said = journey.ask(script.read, token, id=made)
    same = told.get(script.field) == nonce
    journey.step("reads what was written", well=status == 200 and same, said=said)  # noqa: PLR2004 - OK
    status, told, said = journey.ask(script.list, token)
    journey.step("finds it in the list", well=status == 200 and _lists(told, made), said=said)  # noqa: PLR2004 - OK
    status, _, said = journey.ask(script.remove, token, "{}" if _sends(script.remove) else "", id=made)
    journey.step("removes it", well=status in {200, 202, 204}, said=said)
    status, told, said = journey.ask(script.read, token, id=made)
    word = script.removed.partition("=")[0]
    journey.step("it is gone", well=_is_removed(script.removed, status, told), said=f"{said} {told.get(word, '')}")


def _sends(request: str) -> bool:
    return request.startswith(("POST ", "PUT ", "PATCH "))


def _lists(told: Mapping[str, object], made: str) -> bool:
    """Whether a list, or any list within an object, has an entry of that id."""
    every = [each for value in told.values() if isinstance(value, list) for each in value]
    return any(isinstance(each, dict) and each.get("id") == made for each in every)


def _is_removed(removed: str, status: int, told: Mapping[str, object]) -> bool:
    name, _, value = removed.partition("=")
    return str(status) == removed if not value else status == 200 and str(told.get(name)) == value  # noqa: PLR2004 - OK


def _isolate(journey: _Journey) -> None:
    script = journey.script
    _, mine, _ = _person(journey, "somebody")
    _, theirs, _ = _person(journey, "another") if mine else ("", "", "")
    made, _ = _made(journey, mine) if theirs else ("", "")
    if not made:
        return
    status, told, said = journey.ask(script.list, theirs)
    journey.step("another does not find it", well=status == 200 and not _lists(told, made), said=said)  # noqa: PLR2004 - OK
    if script.change:
        status, _, said = journey.ask(script.change, theirs, script.change_body, id=made)
        journey.step("another cannot change it", well=status in _HIDDEN, said=said)
    status, _, said = journey.ask(script.remove, theirs, "{}" if _sends(script.remove) else "", id=made)
    journey.step("another cannot remove it", well=status in _HIDDEN, said=said)
    status, told, said = journey.ask(script.list, mine)
    journey.step("it is still there", well=status == 200 and _lists(told, made), said=said)  # noqa: PLR2004 - OK
    journey.ask(script.remove, mine, "{}" if _sends(script.remove) else "", id=made)


def _refuse(journey: _Journey) -> None:
    subject, token, _ = _person(journey, "somebody")
    if not token:
        return
    status, _, said = journey.ask(journey.script.me, token)
    if not journey.step("is let in as they are", well=status == 200, said=said):  # noqa: PLR2004 - OK
        return
    worse = {
        "not as another": resigned(token, sub=f"{subject}-other"),
        "not unsigned": unsigned(token),
        "not when it is over": aged(token),
        "not with half of it": token[: len(token) // 2],
    }
    for name, each in worse.items():
        status, _, said = journey.ask(journey.script.me, each)
        journey.step(name, well=status in _REFUSED, said=said)


def _upload(journey: _Journey) -> None:
    script, world, road = journey.script, journey.world, journey.road
    _, token, _ = _person(journey, "somebody")
    if not token:
        return
    status, told, said = journey.ask(script.upload, token, script.upload_body)
    url, where = str(told.get("url", "")), str(told.get(script.landed, ""))
    if not journey.step("is given an address", well=status in {200, 201} and bool(url), said=said):
        return
    if road.bucket and where:
        back = partial(world.aws.remove_object, road.region, road.bucket, where, road.account)
        journey.undo.append((f"object {where}", back))
    headers = told.get("headers")
    sent = {str(key): str(value) for key, value in headers.items()} if isinstance(headers, dict) else {}
    status, _, said = _read(world.http.fetch(url, method="PUT", headers=sent, body=script.file.encode() + b"more"))
    journey.step("not another file", well=400 <= status < 500, said=said)  # noqa: PLR2004 - refused by S3
    status, _, said = _read(world.http.fetch(url, method="PUT", headers=sent, body=script.file.encode()))
    journey.step("puts the file", well=status == 200, said=said)  # noqa: PLR2004 - OK


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


PROMISES = (signed_in, refused, written, isolated, uploaded, swept)
