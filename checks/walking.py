"""Walking: what every journey does, whatever it is about. People are made, requests sent, and all of it taken back."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from functools import partial
from secrets import token_hex
from urllib.parse import urlsplit

from checks import intent
from checks.evidence import Response, Silence, Step, Walk
from checks.frozen import dataclass
from checks.journey import PREFIX, TRAVELLER, JourneyError, Script, filled
from checks.model import CannotLook, Place, Resource, Target, Verdict
from checks.routes import apis
from checks.wording import quote, several
from checks.world.ports import World

CLIENT = "AWS::Cognito::UserPoolClient"
USERS = (
    *("cognito-idp:AdminCreateUser", "cognito-idp:AdminSetUserPassword", "cognito-idp:AdminAddUserToGroup"),
    *("cognito-idp:AdminInitiateAuth", "cognito-idp:AdminDeleteUser", "cognito-idp:AdminGetUser"),
)
ROWS = ("dynamodb:DeleteItem", "dynamodb:GetItem")
FILES = ("s3:ListBucketVersions", "s3:DeleteObject", "s3:DeleteObjectVersion")
OK = 200
REFUSED = frozenset({401, 403})
HIDDEN = frozenset({401, 403, 404})
Told = tuple[int, Mapping[str, object], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Road:
    """Where a journey leads: the API's address, the *site*'s own, and the rest by their live names."""

    base: str
    site: str
    region: str
    pool: str
    client: str
    table: str = ""
    bucket: str = ""
    account: str = ""


def road_of(target: Target, script: Script) -> tuple[Road, Place]:
    """Where the journeys of *script* lead, and what they are about. Raises JourneyError for what is not there."""
    client = _named(target, "client", script.client, CLIENT)
    table = _named(target, "table", script.table, "AWS::DynamoDB::Table") if script.table else None
    bucket = _named(target, "bucket", script.bucket, "AWS::S3::Bucket") if script.bucket else None
    pool = intent.text(client.properties, "UserPoolId")
    bases = [each.url for each in apis(target) if each.url]
    if not pool or not bases:
        raise JourneyError("journeys: expected an API with an address and a client with a known pool in this target")
    road = Road(
        base=bases[0],
        site=f"https://{target.domain or urlsplit(bases[0]).netloc}",
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


@dataclass(slots=True)
class Journey:
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

    def ask(self, request: str, token: str = "", body: str = "", **words: str) -> Told:
        """One request to the API: the status (0 for silence), the object that came, and what to say of it."""
        method, _, path = filled(request, **words).partition(" ")
        headers = {"accept": "application/json", "user-agent": f"checks/{self.run}"}
        headers |= {"authorization": f"Bearer {token}"} if token else {}
        headers |= {"content-type": "application/json", "idempotency-key": f"{self.run}-{token_hex(4)}"} if body else {}
        sent = filled(body, **words).encode() if body else None
        # The same question has another answer after each step, so no answer is remembered.
        http = self.world.again().http
        return read(http.fetch(f"{self.road.base}{path}", method=method, headers=headers, body=sent))


def read(answer: Response | Silence) -> Told:
    """The status (0 for silence), the object that came (else what came, under no name), and what to say of it."""
    if isinstance(answer, Silence):
        return 0, {}, f"{answer.where}: {answer.reason}"
    document: object = None
    with suppress(ValueError, RecursionError):
        document = json.loads(answer.body)
    said = f"{answer.status}" if answer.status < 400 else f"{answer.status} {answer.body}"  # noqa: PLR2004 - errors
    return answer.status, document if isinstance(document, dict) else {"": document}, said


def walk(world: World, *, road: Road, script: Script, on: Callable[[Journey], None]) -> Walk:
    """Walk as far as it goes, then take back everything that was made, the last thing first."""
    run = f"{PREFIX}{world.clock.now():%Y%m%d%H%M%S}-{token_hex(4)}"
    journey = Journey(world=world, road=road, script=script, run=run, steps=[], undo=[])
    left: list[str] = []
    try:
        on(journey)
    finally:
        for what, undo in reversed(journey.undo):
            left += _taken_back(what, undo)
    return Walk(run=run, steps=tuple(journey.steps), left=tuple(left))


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


def _taken_back(what: str, undo: Callable[[], bool]) -> list[str]:
    """Nothing when it is proven to be gone. That we could not see it is no proof."""
    try:
        return [] if undo() else [what]
    except CannotLook as reason:
        return [f"{what} ({reason})"]


def somebody(journey: Journey, which: str) -> tuple[str, str, str]:
    """Somebody new, in the groups of the script: their name, their password and their subject."""
    world, road = journey.world, journey.road
    name = filled(journey.script.username.replace("{name}", f"{journey.run}-{which}"))
    password = f"Aa1-{token_hex(16)}"
    groups = tuple(each.strip() for each in journey.script.groups.split(",") if each.strip())
    journey.undo.append((f"user {name}", lambda: world.aws.drop_user(road.region, road.pool, name)))
    return name, password, world.aws.make_user(road.region, road.pool, name, password, groups)


def person(journey: Journey, which: str) -> tuple[str, str, str]:
    """Somebody who signed in: their subject, their token, and their refresh token. Nobody when a step failed."""
    name, password, subject = somebody(journey, which)
    tokens = journey.world.aws.sign_in(journey.road.region, journey.road.pool, journey.road.client, name, password)
    if not journey.step(f"{which} signs in", well=bool(tokens), said="no tokens" if not tokens else "tokens"):
        return "", "", ""
    return subject, tokens[journey.script.token], tokens["refresh"]


def write_one(journey: Journey, token: str, name: str = "writes") -> tuple[str, str]:
    """Something new: its id and its nonce; no id when a step failed."""
    nonce = f"{journey.run} {TRAVELLER}"
    status, told, said = journey.ask(journey.script.create, token, journey.script.body, nonce=nonce)
    made = str(told.get("id", ""))
    if made and journey.road.table:
        world, road = journey.world, journey.road
        key = tuple((name, str(told.get(name, ""))) for name in journey.script.key.split())
        journey.undo.append((f"row {made}", lambda: world.aws.remove_row(road.region, road.table, key)))
    journey.step(name, well=status in {200, 201} and bool(made), said=said)
    return made, nonce


def remove_one(journey: Journey, token: str, made: str) -> Told:
    """What the API says to who takes one thing away."""
    return journey.ask(journey.script.remove, token, empty(journey.script.remove), id=made)


def empty(request: str) -> str:
    """The body of a request that has nothing to say: none, where its method brings none."""
    return "{}" if request.startswith(("POST ", "PUT ", "PATCH ")) else ""


def entries(told: Mapping[str, object]) -> Iterator[str]:
    """The ids of the entries of a list, or of any list within an object."""
    every = [each for value in told.values() if isinstance(value, list) for each in value]
    return (str(each["id"]) for each in every if isinstance(each, dict) and "id" in each)


def leave_to_put(journey: Journey, token: str, body: str, size: int) -> tuple[Told, str, Callable[[bytes], Told]]:
    """Leave to upload a file of *size* bytes: what was answered, the key it lands under, and what puts a file there.

    Whatever lands is taken back.
    """
    script, world, road = journey.script, journey.world, journey.road
    status, told, said = journey.ask(script.upload, token, body, size=str(size))
    url, where, headers = str(told.get("url", "")), str(told.get(script.landed, "")), told.get("headers")
    if road.bucket and where:
        back = partial(world.aws.remove_object, road.region, road.bucket, where, road.account)
        journey.undo.append((f"object {where}", back))
    sent = {str(key): str(value) for key, value in headers.items()} if isinstance(headers, dict) else {}

    def put(file: bytes) -> Told:
        return read(world.again().http.fetch(url, method="PUT", headers=sent, body=file))

    return (status if url or status not in {200, 201} else 0, told, said), where, put
