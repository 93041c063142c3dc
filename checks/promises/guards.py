"""Who guards an API forgets: whoever is no longer trusted is not let in for long by what was decided before."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial

from checks import intent
from checks.evidence import Absent, Described
from checks.model import Check, Resource, Sight, Target, Verdict, promise
from checks.wording import quote, span
from checks.world.ports import World

REST = "AWS::ApiGateway::Authorizer"
HTTP = "AWS::ApiGatewayV2::Authorizer"
# How long an authorizer keeps a result where nothing is said (API Gateway API reference, CreateAuthorizer: five minutes
# for a REST API; nothing is kept for an HTTP API).
_SILENT = {REST: timedelta(seconds=300), HTTP: timedelta(0)}


@promise(
    "api.forgets",
    says="what an authorizer decided is forgotten soon, whatever the template says",
    severity="warning",
    instrument="aws",
    actions=("apigateway:GET",),
)
def forgets(*, kind: str, region: str, name: str, longest: timedelta) -> Sight:
    """AWS: a token that was revoked keeps working for authorizerResultTtlInSeconds, an hour at most."""
    look = partial(_look, kind=kind, region=region, name=name)
    return Sight(look=look, judge=partial(judge_forgets, name=name, longest=longest))


def judge_forgets(seen: Described | Absent, _now: datetime, *, name: str, longest: timedelta) -> Verdict:
    """Not longer than *longest*; where AWS does not say, as long as it keeps it by default."""
    expected = f"results kept for {span(longest)} at most"
    if isinstance(seen, Absent):
        remedy = "deploy the stack again; see api.authorizer"
        return Verdict.failed(expected=expected, actual=f"there is no authorizer {quote(name)}", remedy=remedy)
    said = dict(seen.words).get("seconds", "")
    kept = timedelta(seconds=int(said)) if said.isdecimal() and len(said) < len("1000000000") else _silent(seen, said)
    if kept is not None and kept <= longest:
        return Verdict.passed(expected=expected, actual=span(kept))
    remedy = "set AuthorizerResultTtlInSeconds in the template to what a revoked token may go on for, and deploy"
    actual = f"kept for {quote(said, 40)}" if kept is None else span(kept)
    return Verdict.failed(expected=expected, actual=actual, remedy=remedy)


def checks(target: Target, *, longest: timedelta) -> Iterator[Check]:
    """One question about each authorizer whose API is known; AWS is asked for it anyway."""
    for kind, owner in ((REST, "RestApiId"), (HTTP, "ApiId")):
        for one in target.of_type(kind):
            api = intent.text(one.properties, owner)
            if api:
                folder = "restapis" if kind == REST else "apis"
                place = one.place(f"arn:{target.partition}:apigateway:{one.region}::/{folder}/*")
                yield forgets(place, kind=kind, region=one.region, name=f"{api}/{_own(one)}", longest=longest)


def _own(one: Resource) -> str:
    """CloudFormation calls an authorizer by its id; some put the API's in front."""
    return one.physical_id.rpartition("/")[2].rpartition("|")[2]


def _silent(seen: Described, said: str) -> timedelta | None:
    return None if said else _SILENT.get(seen.kind)


def _look(world: World, *, kind: str, region: str, name: str) -> Described | Absent:
    return world.aws.described(kind, region, name)


PROMISES = (forgets,)
