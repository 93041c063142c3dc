"""What a REST API is made of: its stage and deployment, its methods and who guards them, its own refusals."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial

from checks import intent
from checks.evidence import Absent, Described
from checks.likeness import checks_of, joined, like, prop
from checks.model import Check, Place, Resource, Sight, Target, Verdict, promise
from checks.routes import Route, apis
from checks.spelling import document, spelt
from checks.wording import left_out, quote
from checks.world.ports import World

STAGE = "AWS::ApiGateway::Stage"
DEPLOYMENT = "AWS::ApiGateway::Deployment"
REFUSAL = "AWS::ApiGateway::GatewayResponse"
METHOD = "AWS::ApiGateway::Method"
MODEL = "AWS::ApiGateway::Model"
VALIDATOR = "AWS::ApiGateway::RequestValidator"
_READ = ("apigateway:GET",)
_LIMITS = ("ThrottlingRateLimit", "ThrottlingBurstLimit")


def _everywhere(stage: Resource, key: str) -> object:
    """A setting of every method of the stage; None where the template says nothing of all of them."""
    for each in intent.items(stage.properties, "MethodSettings"):
        if (intent.text(each, "HttpMethod"), intent.text(each, "ResourcePath")) == ("*", "/*"):
            return intent.part(each, key)
    return None


def apart(stage: Resource) -> object:
    """Rate and burst of the methods that have limits of their own; Unresolved where the settings are."""
    said = prop(stage, "MethodSettings")
    if intent.gaps(said):
        return said
    every = {_set(each): each for each in intent.items(stage.properties, "MethodSettings")}
    own = {
        name: [spelt(intent.part(each, key)) or "-" for key in _LIMITS]
        for name, each in every.items()
        if name != "* /*"
    }
    return {name: "/".join(limits) for name, limits in own.items()} or "none"


def _share(stage: Resource) -> object:
    """The percentage of all calls that the template sends to a canary's deployment; Unresolved where that is open."""
    said = prop(stage, "CanarySetting", "PercentTraffic")
    return said if intent.gaps(said) else float(str(said or 0))


def _set(setting: object) -> str:
    """``GET /jobs/{id}`` of a setting, whose path is written ``/~1jobs~1{id}``."""
    path = intent.text(setting, "ResourcePath").replace("~1", "/")
    return f"{intent.text(setting, 'HttpMethod')} /{path.lstrip('/')}"


def _stage(one: Resource, *, promoted: bool = False) -> Mapping[str, object]:
    """What the template says of a stage; where a deployment of it is *promoted* by a canary, that is its matter."""
    return {
        "deployment": prop(one, "DeploymentId"),
        "variables": prop(one, "Variables") or "none",
        "canary's share": None if promoted else _share(one),
        "canary": None if promoted else prop(one, "CanarySetting", "DeploymentId"),
        "limits apart": apart(one),
        "rate": _everywhere(one, "ThrottlingRateLimit"),
        "burst": _everywhere(one, "ThrottlingBurstLimit"),
        "logging": _everywhere(one, "LoggingLevel"),
        "tracing": prop(one, "TracingEnabled"),
        "access log": prop(one, "AccessLogSetting", "DestinationArn"),
    }


def _of_api(one: Resource) -> str:
    api = intent.text(one.properties, "RestApiId")
    return f"{api}/{one.physical_id.rpartition('|')[2]}" if api else ""


ROWS = (
    like(
        "api.stage",
        STAGE,
        says="the stage serves the newest deployment and no other, throttles, logs and traces as the template says",
        severity="critical",
        source="Pitfall 49: the API was changed and its stage still serves the deployment before. Pitfall 59. "
        "AWS (canary release): a share of all calls may be served by a deployment that no release knows.",
        noun="stage",
        actions=_READ,
        arn="arn:{partition}:apigateway:{region}::/restapis/{name}",
        remedy="deploy the stack again; if that changes nothing: aws apigateway update-stage to the newest deployment",
        asked=lambda one: joined(one, "RestApiId", "StageName"),
        wanted=_stage,
    ),
    like(
        "api.authorizer",
        "AWS::ApiGateway::Authorizer",
        says="the authorizer reads tokens from where the template says, of its user pools, and forgets as soon",
        severity="critical",
        source="AWS: an authorizer that trusts another pool lets its users in; one that remembers long lets in "
        "whom nobody trusts any more (authorizerResultTtlInSeconds).",
        noun="authorizer",
        actions=_READ,
        arn="arn:{partition}:apigateway:{region}::/restapis/*",
        asked=_of_api,
        wanted=lambda one: {
            "type": prop(one, "Type"),
            "pools": prop(one, "ProviderARNs"),
            "seconds": prop(one, "AuthorizerResultTtlInSeconds"),
            "reads": prop(one, "IdentitySource"),
        },
    ),
    like(
        "api.validator",
        VALIDATOR,
        says="what the gateway validates of a request is what the template says",
        severity="warning",
        source="AWS: a method whose validator asks for nothing hands every body on to its function "
        "(RequestValidator.validateRequestBody).",
        noun="request validator",
        actions=_READ,
        arn="arn:{partition}:apigateway:{region}::/restapis/*",
        asked=_of_api,
        wanted=lambda one: {
            "body": prop(one, "ValidateRequestBody") or False,
            "parameters": prop(one, "ValidateRequestParameters") or False,
        },
    ),
    like(
        "api.logging",
        "AWS::ApiGateway::Account",
        says="API Gateway has a role to write logs with, in this account and region",
        severity="warning",
        source="Pitfall 59: every setting says that it logs, and nothing is written.",
        noun="account of API Gateway",
        actions=_READ,
        arn="arn:{partition}:apigateway:{region}::/account",
        asked=lambda one: one.region,
        wanted=lambda one: {"role": prop(one, "CloudWatchRoleArn")},
    ),
)


@promise(
    "api.method",
    says="the method exists in the API, guarded and validated as the template says",
    severity="critical",
    instrument="aws",
    actions=_READ,
)
def method(*, region: str, api: str, route: str, guard: str, gaps: tuple[str, ...]) -> Sight:
    """Pitfall 49 (AWS: Method): a route whose guard was taken away answers everybody, and answers well."""
    judge = partial(judge_part, noun="method", name=route, wanted=guard, gaps=gaps)
    return Sight(look=partial(_look_part, kind=METHOD, region=region, api=api, part=route), judge=judge)


@promise(
    "api.refusal",
    says="what the gateway itself refuses is refused as the template says: its status, headers and body",
    severity="warning",
    instrument="aws",
    actions=_READ,
)
def refusal(*, region: str, api: str, kind: str, wanted: str, gaps: tuple[str, ...]) -> Sight:
    """Pitfall 51: without its headers a browser shows the gateway's own 4xx as an error of CORS."""
    judge = partial(judge_part, noun="gateway response", name=kind, wanted=wanted, gaps=gaps)
    return Sight(look=partial(_look_part, kind=REFUSAL, region=region, api=api, part=kind), judge=judge)


@promise(
    "api.model",
    says="the bodies that the gateway takes have the shape of the template",
    severity="warning",
    instrument="aws",
    actions=_READ,
)
def model(*, region: str, api: str, name: str, wanted: str, gaps: tuple[str, ...]) -> Sight:
    """AWS: a validator weighs a body by its method's model; one that was loosened lets everything in."""
    judge = partial(judge_part, noun="model", name=name, wanted=wanted, gaps=gaps)
    return Sight(look=partial(_look_part, kind=MODEL, region=region, api=api, part=name), judge=judge)


def judge_part(
    seen: Described | Absent, _now: datetime, *, noun: str, name: str, wanted: str, gaps: tuple[str, ...]
) -> Verdict:
    """There, and the same; where the template leaves a part open, that it is there."""
    expected = f"{noun} {quote(name)}{f' with {quote(wanted)}' if wanted else ''}{left_out(gaps)}"
    if isinstance(seen, Absent):
        remedy = "deploy the stack again, with a new deployment of the API"
        return Verdict.failed(expected=expected, actual=f"there is no {noun} {quote(name)}", remedy=remedy)
    there = dict(seen.words).get("is", "")
    if wanted in {"", there}:
        return Verdict.passed(expected=expected, actual=quote(there) or "there")
    remedy = "deploy the stack again; who changed it by hand is in CloudTrail (UpdateMethod, PutGatewayResponse …)"
    return Verdict.failed(expected=expected, actual=quote(there) or "nothing", remedy=remedy)


def checks(target: Target) -> Iterator[Check]:
    """Every stage, then every method, refusal and model of every API."""
    # A deployment may say itself that it comes as a canary; its stage's own words are then of before.
    growing = {
        intent.text(each.properties, "RestApiId")
        for each in target.of_type(DEPLOYMENT)
        if intent.part(each.properties, "DeploymentCanarySettings") is not None
    }
    for row in ROWS:
        for one in target.of_type(row.type):
            promoted = row.type == STAGE and intent.text(one.properties, "RestApiId") in growing
            bound = replace(row, wanted=partial(_stage, promoted=True)) if promoted else row
            yield from checks_of(target, (bound,), only=one)
    for api in apis(target):
        for route in api.routes:
            yield _method(target, api.resource, route)
    for one in target.of_type(REFUSAL):
        api_id, kind = (intent.text(one.properties, key) for key in ("RestApiId", "ResponseType"))
        if api_id and kind:
            gaps = intent.gaps(one.properties)
            wanted = "" if gaps else _refusal(one)
            place = one.place(f"arn:{target.partition}:apigateway:{one.region}::/restapis/{api_id}/gatewayresponses")
            yield refusal(place, region=one.region, api=api_id, kind=kind, wanted=wanted, gaps=gaps)
    for one in target.of_type(MODEL):
        if api_id := intent.text(one.properties, "RestApiId"):
            gaps = intent.gaps(one.properties, "Schema")
            place = one.place(f"arn:{target.partition}:apigateway:{one.region}::/restapis/{api_id}/models")
            wanted = "" if gaps else document(prop(one, "Schema"))
            yield model(place, region=one.region, api=api_id, name=one.physical_id, wanted=wanted, gaps=gaps)


def _method(target: Target, api: Resource, route: Route) -> Check:
    """The parts of its path are covered by it: they are nothing by themselves."""
    one, path = route.resource, set(_folders(target, route.resource))
    arn = f"arn:{target.partition}:apigateway:{api.region}::/restapis/{api.physical_id}/resources"
    place = Place(
        subject=one.subject,
        stack=one.stack,
        region=one.region,
        covers=(one.logical_id, *sorted(path)),
        resources=(arn,),
    )
    parts = [prop(one, key) for key in ("AuthorizationType", "AuthorizerId", "ApiKeyRequired", "RequestValidatorId")]
    behind = prop(one, "Integration", "Type")
    gaps = tuple(why for each in (*parts, behind) for why in intent.gaps(each))
    kind, authorizer, key, validator = parts
    said = (kind or "NONE", authorizer, key or False, behind, validator)
    guard = "" if gaps else " ".join(spelt(each) or "-" for each in said)
    name = f"{route.method} {route.path}"
    return method(place, region=one.region, api=api.physical_id, route=name, guard=guard, gaps=gaps)


def _folders(target: Target, one: Resource) -> Iterator[str]:
    """The logical ids of the resources on a method's path."""
    parents = {each.physical_id: each for each in target.of_type("AWS::ApiGateway::Resource")}
    at, left = intent.text(one.properties, "ResourceId"), len(parents)
    while at in parents and left >= 0:
        yield parents[at].logical_id
        at, left = intent.text(parents[at].properties, "ParentId"), left - 1


def _refusal(one: Resource) -> str:
    parts = {"status": "StatusCode", "headers": "ResponseParameters", "body": "ResponseTemplates"}
    said = {word: prop(one, key) for word, key in parts.items()}
    return spelt({word: value for word, value in said.items() if value})


def _look_part(world: World, *, kind: str, region: str, api: str, part: str) -> Described | Absent:
    """One part of what the whole API is asked for once."""
    found = world.aws.described(kind, region, api)
    if isinstance(found, Absent):
        return found
    there = dict(found.words)
    if part not in there:
        return Absent(what=f"{part} of API {api}")
    return Described(kind=kind, name=part, state=found.state, words=(("is", there[part]),))


PROMISES = (*(each.promise for each in ROWS), method, refusal, model)
