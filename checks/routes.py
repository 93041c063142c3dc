"""The routes of an API as its template makes them, and the addresses where visitors meet them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase

from checks import intent
from checks.frozen import dataclass
from checks.model import Place, Resource, Target

API = "AWS::ApiGateway::RestApi"
_RESOURCE = "AWS::ApiGateway::Resource"
_METHOD = "AWS::ApiGateway::Method"
_STAGE = "AWS::ApiGateway::Stage"
_AUTHORIZER = "AWS::ApiGateway::Authorizer"
HTTP_API = "AWS::ApiGatewayV2::Api"
_HTTP_ROUTE = "AWS::ApiGatewayV2::Route"
_HTTP_STAGE = "AWS::ApiGatewayV2::Stage"
_DEEPEST = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One method of one path; *guarded* when the gateway asks for a token, a signature or a key."""

    method: str
    path: str
    guarded: bool
    demands: bool
    resource: Resource

    @property
    def plain(self) -> bool:
        """Whether it can be asked for as it is: no parameters in the path, and none demanded."""
        return "{" not in self.path and not self.demands


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """One REST API: where it is met from outside, where directly, and what it offers.

    *subject* and *url* begin every address; they are those of the site where a distribution leads to the API,
    and of the stage itself where none does. *direct* is empty when the stage is not known.
    """

    resource: Resource
    subject: str
    url: str
    direct: str
    behind: bool
    routes: tuple[Route, ...]
    issuer: str

    def asked(self) -> dict[str, Route]:
        """What can be fetched as it is, by path."""
        return {each.path: each for each in self.routes if each.method == "GET" and each.plain} if self.url else {}

    def at(self, route: Route) -> tuple[Place, str]:
        """Where *route* is met. A path that already begins like the edge's folder is not given it twice."""
        folder = "/" + self.subject.partition("/")[2] if self.behind else "/"
        doubled = folder != "/" and f"{route.path}/".startswith(f"{folder}/")
        path = route.path.removeprefix(folder) if doubled else route.path
        one = route.resource
        place = Place(subject=f"{self.subject}{path}", stack=one.stack, region=one.region, covers=(one.logical_id,))
        return place, f"{self.url}{path}"

    def preflighted(self, path: str) -> bool:
        """Whether the API answers the question that a browser asks before a call from another origin."""
        return any(each.path == path and each.method in {"OPTIONS", "ANY"} for each in self.routes)


def apis(target: Target) -> Iterator[Api]:
    """The REST APIs of the target, each with its routes in the order of the template."""
    for each in target.of_type(API):
        direct = _direct(target, each)
        edge = _behind(target, each)
        yield Api(
            resource=each,
            subject=edge or each.subject,
            url=f"https://{edge}" if edge else direct,
            direct=direct,
            behind=bool(edge),
            routes=tuple(_routes(target, each)),
            issuer=_issuer(target, each),
        )


def http_gets(target: Target, api: Resource) -> Mapping[str, Resource]:
    """What of an HTTP API can be fetched as it is, by its full address; nothing where that is not known.

    *api* is an ``AWS::ApiGatewayV2::Api``. Of routes that are guarded and of those that are open.
    """
    base = http_base(target, api)
    if not base:
        return {}
    mine = [each for each in target.of_type(_HTTP_ROUTE) if intent.text(each.properties, "ApiId") == api.physical_id]
    keyed = [(intent.text(each.properties, "RouteKey").partition(" "), each) for each in mine]
    return {f"{base}{path}": each for (verb, _, path), each in keyed if verb == "GET" and path and "{" not in path}


def http_base(target: Target, api: Resource) -> str:
    """The address of an HTTP API's first stage; empty without one, and where it is closed at its own address."""
    closed = intent.text(api.properties, "DisableExecuteApiEndpoint") == "true"
    stages = [each for each in target.of_type(_HTTP_STAGE) if intent.text(each.properties, "ApiId") == api.physical_id]
    if closed or not stages or intent.text(api.properties, "ProtocolType") != "HTTP":
        return ""
    suffix = "amazonaws.com.cn" if target.partition == "aws-cn" else "amazonaws.com"
    stage = intent.text(stages[0].properties, "StageName")
    base = f"https://{api.physical_id}.execute-api.{api.region}.{suffix}"
    return base if stage == "$default" else f"{base}/{stage}"


def _belongs(one: Resource, api: Resource) -> bool:
    return one.stack == api.stack and intent.text(one.properties, "RestApiId") == api.physical_id


def _direct(target: Target, api: Resource) -> str:
    stages = [each for each in target.of_type(_STAGE) if _belongs(each, api)]
    names = [intent.text(each.properties, "StageName") or each.physical_id for each in stages]
    suffix = "amazonaws.com.cn" if target.partition == "aws-cn" else "amazonaws.com"
    return f"https://{api.physical_id}.execute-api.{api.region}.{suffix}/{names[0]}" if names else ""


def _behind(target: Target, api: Resource) -> str:
    """Host and path where a distribution hands requests to the API: ``shop.test/api`` for the pattern ``/api/*``."""
    distribution = intent.serving(target, target.domain) if target.domain else None
    config = intent.part(distribution.properties, "DistributionConfig") if distribution else None
    origins = {
        intent.text(each, "Id")
        for each in intent.items(config, "Origins")
        if intent.text(each, "DomainName").startswith(f"{api.physical_id}.")
    }
    patterns = [
        intent.text(each, "PathPattern")
        for each in intent.items(config, "CacheBehaviors")
        if intent.text(each, "TargetOriginId") in origins
    ]
    folders = [each.removesuffix("/*") for each in patterns if each.endswith("/*")]
    if folders:
        return f"{target.domain}/{folders[0].strip('/')}".rstrip("/")
    whole = intent.text(config, "DefaultCacheBehavior", "TargetOriginId") in origins
    return target.domain if whole else ""


def _routes(target: Target, api: Resource) -> Iterator[Route]:
    parents = {each.physical_id: each for each in target.of_type(_RESOURCE) if _belongs(each, api)}
    for each in target.of_type(_METHOD):
        if _belongs(each, api):
            wanted = intent.part(each.properties, "RequestParameters")
            demanded = [key for key in wanted if intent.text(wanted, key) == "true"] if isinstance(wanted, dict) else []
            keyed = intent.text(each.properties, "ApiKeyRequired") == "true"
            yield Route(
                method=intent.text(each.properties, "HttpMethod"),
                path=_path(intent.text(each.properties, "ResourceId"), parents),
                guarded=keyed or intent.text(each.properties, "AuthorizationType") not in {"", "NONE"},
                demands=bool(demanded),
                resource=each,
            )


def _path(resource_id: str, parents: dict[str, Resource]) -> str:
    """The path of a resource; an id that is none of the template's resources is the root's."""
    parts: list[str] = []
    while resource_id in parents and len(parts) < _DEEPEST:
        parts.insert(0, intent.text(parents[resource_id].properties, "PathPart"))
        resource_id = intent.text(parents[resource_id].properties, "ParentId")
    return "/" + "/".join(parts)


def _issuer(target: Target, api: Resource) -> str:
    """Who issues the tokens that the API's authorizer takes; empty when that is not a user pool that is known."""
    for each in target.of_type(_AUTHORIZER):
        for arn in intent.texts(each.properties, "ProviderARNs") if _belongs(each, api) else ():
            parts = arn.split(":")
            if fnmatchcase(arn, "arn:*:cognito-idp:*:*:userpool/*"):
                return f"https://cognito-idp.{parts[3]}.amazonaws.com/{parts[-1].partition('/')[2]}"
    return ""
