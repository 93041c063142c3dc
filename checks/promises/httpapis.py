"""HTTP APIs of API Gateway: their routes, who guards them and what is behind them, and how they answer."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import partial

from checks import intent
from checks.documents import answered
from checks.evidence import Absent, Described, Response, Silence
from checks.likeness import checks_of, joined, like, prop
from checks.model import Check, Place, Resource, Sight, Target, Verdict, promise
from checks.routes import http_base, http_gets
from checks.spelling import spelt
from checks.wording import left_out, quote
from checks.world.ports import World

API = "AWS::ApiGatewayV2::Api"
ROUTE = "AWS::ApiGatewayV2::Route"
STAGE = "AWS::ApiGatewayV2::Stage"
_READ = ("apigateway:GET",)
_NOWHERE = "/no-such-route-8d1f3c"
_REFUSED = frozenset({401, 403})
_SERVER = 500
_MISSING = 404


def _part_of(one: Resource) -> str:
    """``api/part``; CloudFormation calls an integration or authorizer by its id, some put the API's in front."""
    api = intent.text(one.properties, "ApiId")
    return f"{api}/{one.physical_id.rpartition('/')[2].rpartition('|')[2]}" if api else ""


ROWS = (
    like(
        "httpapis.present",
        API,
        says="the HTTP API exists, open to the origins of the template and at the addresses that it says",
        severity="critical",
        source="AWS: CORS of an HTTP API is the gateway's, so a change of it needs no deployment and shows at once.",
        noun="HTTP API",
        actions=_READ,
        arn="arn:{partition}:apigateway:{region}::/apis/{id}",
        wanted=lambda one: {
            "protocol": prop(one, "ProtocolType"),
            "origins": prop(one, "CorsConfiguration", "AllowOrigins"),
            "methods": prop(one, "CorsConfiguration", "AllowMethods"),
            "closed at its own address": prop(one, "DisableExecuteApiEndpoint"),
        },
    ),
    like(
        "httpapis.stage",
        STAGE,
        says="the stage deploys itself, throttles and logs as the template says",
        severity="critical",
        source="Pitfall 49: a stage that does not deploy itself serves the routes of its last deployment.",
        noun="stage",
        actions=_READ,
        arn="arn:{partition}:apigateway:{region}::/apis/{name}",
        asked=lambda one: joined(one, "ApiId", "StageName"),
        wanted=lambda one: {
            "deploys itself": prop(one, "AutoDeploy"),
            "deployment": prop(one, "DeploymentId"),
            "rate": prop(one, "DefaultRouteSettings", "ThrottlingRateLimit"),
            "burst": prop(one, "DefaultRouteSettings", "ThrottlingBurstLimit"),
            "access log": prop(one, "AccessLogSettings", "DestinationArn"),
        },
    ),
    like(
        "httpapis.integration",
        "AWS::ApiGatewayV2::Integration",
        says="what is behind the API is what the template puts there",
        severity="critical",
        source="AWS: an integration that names a function of another stage answers well, with another stage's data.",
        noun="integration",
        actions=_READ,
        arn="arn:{partition}:apigateway:{region}::/apis/*",
        asked=_part_of,
        wanted=lambda one: {
            "type": prop(one, "IntegrationType"),
            "behind": prop(one, "IntegrationUri"),
            "payload": prop(one, "PayloadFormatVersion"),
        },
    ),
    like(
        "httpapis.authorizer",
        "AWS::ApiGatewayV2::Authorizer",
        says="tokens are taken of the issuer and for the audience of the template alone, and results kept as long",
        severity="critical",
        source="AWS: an authorizer for another audience lets in whoever signed in for something else.",
        noun="authorizer",
        actions=_READ,
        arn="arn:{partition}:apigateway:{region}::/apis/*",
        asked=_part_of,
        wanted=lambda one: {
            "type": prop(one, "AuthorizerType"),
            "issuer": prop(one, "JwtConfiguration", "Issuer"),
            "audience": prop(one, "JwtConfiguration", "Audience"),
            # Nothing kept is what AWS may say nothing of.
            "seconds": prop(one, "AuthorizerResultTtlInSeconds") or None,
        },
    ),
)


@promise(
    "httpapis.route",
    says="the route exists in the API, guarded as the template says, and leads where it says",
    severity="critical",
    instrument="aws",
    actions=_READ,
)
def route(*, region: str, api: str, key: str, wanted: str, gaps: tuple[str, ...]) -> Sight:
    """AWS: a route without an authorizer lets everybody through (Route.AuthorizationType)."""
    judge = partial(judge_route, key=key, wanted=wanted, gaps=gaps)
    return Sight(look=partial(_look_route, region=region, api=api, key=key), judge=judge)


@promise(
    "httpapis.answers", says="an open route is answered by what is behind it", severity="critical", instrument="http"
)
def answers(*, url: str) -> Sight:
    """AWS: an integration that may not be invoked answers 500 for every route, whatever the control plane says."""
    return Sight(look=partial(_fetch, url=url), judge=judge_answers)


@promise(
    "httpapis.guarded", says="a protected route refuses callers without a token", severity="critical", instrument="http"
)
def guarded(*, url: str) -> Sight:
    """The negative twin of an answer: whoever comes without a token is told so, and nothing else."""
    return Sight(look=partial(_fetch, url=url), judge=judge_guarded)


@promise("httpapis.unknown", says="a path that does not exist is a 404 in JSON", severity="critical", instrument="http")
def unknown(*, url: str) -> Sight:
    """The negative twin of every route: an API that answers everything proves nothing by answering."""
    return Sight(look=partial(_fetch, url=url), judge=judge_unknown)


def judge_route(seen: Described | Absent, _now: datetime, *, key: str, wanted: str, gaps: tuple[str, ...]) -> Verdict:
    """There, and the same where the template is known."""
    expected = f"route {quote(key)}{f' with {quote(wanted)}' if wanted else ''}{left_out(gaps)}"
    if isinstance(seen, Absent):
        return Verdict.failed(expected=expected, actual="there is no such route", remedy="deploy the stack again")
    there = dict(seen.words).get("is", "")
    if wanted in {"", there}:
        return Verdict.passed(expected=expected, actual=quote(there) or "there")
    remedy = "deploy the stack again; who changed it by hand is in CloudTrail (UpdateRoute)"
    return Verdict.failed(expected=expected, actual=quote(there) or "nothing", remedy=remedy)


def judge_answers(seen: Response | Silence, _now: datetime) -> Verdict:
    """Anything that the code behind it can have meant: no error of the gateway or of the server, no missing route."""
    expected = "an answer below 500 that is no 401, 403 or 404"
    remedy = "see the log of what is behind the route; may API Gateway invoke it (aws lambda get-policy)?"
    if isinstance(seen, Silence):
        return Verdict.failed(expected=expected, actual=quote(f"{seen.where}: {seen.reason}"), remedy=remedy)
    actual = f"{seen.status} {quote(seen.body, 60)}".strip()
    if seen.status >= _SERVER or seen.status in _REFUSED or seen.status == _MISSING:
        return Verdict.failed(expected=expected, actual=actual, remedy=remedy)
    return Verdict.passed(expected=expected, actual=f"{seen.status}")


def judge_guarded(seen: Response | Silence, _now: datetime) -> Verdict:
    """401 or 403."""
    expected = "401 or 403 without a token"
    remedy = "attach the authorizer to the route in the template, then deploy"
    if isinstance(seen, Silence):
        return Verdict.failed(expected=expected, actual=quote(f"{seen.where}: {seen.reason}"), remedy=remedy)
    verdict = Verdict.passed if seen.status in _REFUSED else None
    if verdict:
        return verdict(expected=expected, actual=f"{seen.status}")
    return Verdict.failed(expected=expected, actual=f"{seen.status} {quote(seen.body, 60)}".strip(), remedy=remedy)


def judge_unknown(seen: Response | Silence, _now: datetime) -> Verdict:
    """404, and JSON."""
    expected = "404 in JSON"
    remedy = "take the catch-all route out of the template, or let it answer 404 for what it does not know"
    report = answered(seen, _MISSING)
    if isinstance(report, str):
        return Verdict.failed(expected=expected, actual=quote(report), remedy=remedy)
    return Verdict.passed(expected=expected, actual="404")


def checks(target: Target) -> Iterator[Check]:
    """Every API and its parts; then, where its address is known, how it answers."""
    yield from checks_of(target, ROWS)
    for one in target.of_type(ROUTE):
        yield from _route(target, one)
    for api in target.of_type(API):
        yield from _behaviour(target, api)


def _route(target: Target, one: Resource) -> Iterator[Check]:
    api, key = (intent.text(one.properties, each) for each in ("ApiId", "RouteKey"))
    if not (api and key):
        return
    parts = [prop(one, each) for each in ("AuthorizationType", "AuthorizerId", "Target")]
    gaps = tuple(why for each in parts for why in intent.gaps(each))
    kind, authorizer, behind = parts
    wanted = "" if gaps else " ".join(spelt(each) or "-" for each in (kind or "NONE", authorizer, behind))
    place = one.place(f"arn:{target.partition}:apigateway:{one.region}::/apis/{api}/routes")
    yield route(place, region=one.region, api=api, key=key, wanted=wanted, gaps=gaps)


def _behaviour(target: Target, api: Resource) -> Iterator[Check]:
    base = http_base(target, api)
    if not base:
        return
    for url, one in http_gets(target, api).items():
        if not intent.gaps(one.properties, "AuthorizationType"):
            is_open = intent.text(one.properties, "AuthorizationType") in {"", "NONE"}
            where = f"{api.subject}{url.removeprefix(base)}"
            place = Place(subject=where, stack=one.stack, region=one.region, covers=(one.logical_id,))
            yield (answers if is_open else guarded)(place, url=url)
    mine = [each for each in target.of_type(ROUTE) if intent.text(each.properties, "ApiId") == api.physical_id]
    keys = {intent.text(each.properties, "RouteKey") for each in mine}
    if "$default" not in keys and not any("{proxy+}" in key and key.startswith(("ANY ", "GET ")) for key in keys):
        place = Place(subject=api.subject, stack=api.stack, region=api.region, covers=(api.logical_id,))
        yield unknown(place, url=f"{base}{_NOWHERE}")


def _look_route(world: World, *, region: str, api: str, key: str) -> Described | Absent:
    found = world.aws.described(ROUTE, region, api)
    if isinstance(found, Absent):
        return found
    there = dict(found.words)
    if key not in there:
        return Absent(what=f"{key} of API {api}")
    return Described(kind=ROUTE, name=key, state=found.state, words=(("is", there[key]),))


def _fetch(world: World, *, url: str) -> Response | Silence:
    return world.http.fetch(url)


PROMISES = (*(each.promise for each in ROWS), route, answers, guarded, unknown)
