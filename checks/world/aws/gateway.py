"""What API Gateway says of REST and of HTTP APIs, route by route, and of their names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from checks.spelling import document, spelt
from checks.world.aws.readers import NOT_FOUND, Found, Read, inside, reading
from checks.world.aws.wire import Answer, Ask, Asking, shaped

_REST = "apigateway:GET"
STAGE = Ask(service="apigateway", operation="GetStage", needs=("stageName", "deploymentId"), gone=NOT_FOUND, iam=_REST)
RESOURCES = Ask(
    service="apigateway", operation="GetResources", needs=("items",), gone=NOT_FOUND, more="position", iam=_REST
)
REFUSALS = Ask(service="apigateway", operation="GetGatewayResponses", needs=("items",), gone=NOT_FOUND, iam=_REST)
AUTHORIZER = Ask(service="apigateway", operation="GetAuthorizer", needs=("id", "type"), gone=NOT_FOUND, iam=_REST)
MODELS = Ask(service="apigateway", operation="GetModels", needs=("items",), gone=NOT_FOUND, more="position", iam=_REST)
VALIDATOR = Ask(service="apigateway", operation="GetRequestValidator", needs=("id",), gone=NOT_FOUND, iam=_REST)
ACCOUNT = Ask(service="apigateway", operation="GetAccount", iam=_REST)
NAME = Ask(service="apigateway", operation="GetDomainName", needs=("domainName",), gone=NOT_FOUND, iam=_REST)
PATH = Ask(service="apigateway", operation="GetBasePathMapping", gone=NOT_FOUND, iam=_REST)
API_V2 = Ask(service="apigatewayv2", operation="GetApi", needs=("ApiId", "ProtocolType"), gone=NOT_FOUND, iam=_REST)
STAGE_V2 = Ask(service="apigatewayv2", operation="GetStage", needs=("StageName",), gone=NOT_FOUND, iam=_REST)
ROUTES_V2 = Ask(service="apigatewayv2", operation="GetRoutes", needs=("Items",), gone=NOT_FOUND, iam=_REST)
INTEGRATION_V2 = Ask(
    service="apigatewayv2", operation="GetIntegration", needs=("IntegrationType",), gone=NOT_FOUND, iam=_REST
)
AUTHORIZER_V2 = Ask(
    service="apigatewayv2", operation="GetAuthorizer", needs=("AuthorizerType",), gone=NOT_FOUND, iam=_REST
)
NAME_V2 = Ask(
    service="apigatewayv2",
    operation="GetDomainName",
    needs=("DomainName", "DomainNameConfigurations"),
    gone=NOT_FOUND,
    iam=_REST,
)
PATH_V2 = Ask(service="apigatewayv2", operation="GetApiMapping", needs=("ApiId", "Stage"), gone=NOT_FOUND, iam=_REST)
_A_PAGE = 500
_NONE = "(none)"


def _pair(first: str, second: str) -> Any:  # noqa: ANN401 - a function from a name to parameters
    def which(name: str) -> Mapping[str, object]:
        api, _, one = name.partition("/")
        return {first: api, second: one}

    return which


def _stage(answer: Answer) -> Mapping[str, object]:
    everywhere = inside(answer, "methodSettings", "*/*") or {}
    return {
        "deployment": answer["deploymentId"],
        "variables": answer.get("variables") or "none",
        "canary's share": float(inside(answer, "canarySettings", "percentTraffic") or 0),
        "canary": inside(answer, "canarySettings", "deploymentId"),
        "limits apart": apart(answer.get("methodSettings") or {}) or "none",
        "rate": everywhere.get("throttlingRateLimit"),
        "burst": everywhere.get("throttlingBurstLimit"),
        "logging": everywhere.get("loggingLevel") or "OFF",
        "tracing": bool(answer.get("tracingEnabled")),
        "access log": inside(answer, "accessLogSettings", "destinationArn"),
    }


def apart(settings: Mapping[str, Mapping[str, Any]]) -> Mapping[str, str]:
    """``GET /jobs`` with its own rate and burst, of keys such as ``~1jobs/GET``."""
    own: dict[str, str] = {}
    for key, said in settings.items():
        path, _, method = key.rpartition("/")
        if key != "*/*":
            limits = [spelt(said.get(each)) or "-" for each in ("throttlingRateLimit", "throttlingBurstLimit")]
            own[f"{method} /{path.replace('~1', '/').lstrip('/')}"] = "/".join(limits)
    return own


def _methods(asking: Asking, region: str, name: str) -> Found | None:
    """Every method of a REST API by ``GET /path``, with who is let in and what is behind it."""
    pages = list(asking.pages(RESOURCES, region, restApiId=name, limit=_A_PAGE, embed=["methods"]))
    if not pages:
        return None
    every = [one for page in pages for one in page["items"]]
    return "there", shaped(RESOURCES, region, lambda: dict(_routes(every)))


def _routes(resources: list[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    for one in resources:
        for method, said in (one.get("resourceMethods") or {}).items():
            guard = said.get("authorizationType", "NONE"), said.get("authorizerId"), said.get("apiKeyRequired", False)
            behind = inside(said, "methodIntegration", "type"), said.get("requestValidatorId")
            yield f"{method} {one['path']}", " ".join(spelt(each) or "-" for each in (*guard, *behind))


def _refusals(asking: Asking, region: str, name: str) -> Found | None:
    """The answers that the gateway makes itself, by their types."""
    answer = asking.call(REFUSALS, region, restApiId=name, limit=_A_PAGE)
    if answer is None:
        return None
    made = shaped(REFUSALS, region, lambda: {str(each["responseType"]): _refusal(each) for each in answer["items"]})
    return "there", made


def _refusal(one: Mapping[str, Any]) -> str:
    said = {
        "status": one.get("statusCode"),
        "headers": one.get("responseParameters"),
        "body": one.get("responseTemplates"),
    }
    return spelt({key: value for key, value in said.items() if value})


def _models(asking: Asking, region: str, name: str) -> Found | None:
    """The shapes of bodies that an API knows, by their names."""
    pages = list(asking.pages(MODELS, region, restApiId=name, limit=_A_PAGE))
    if not pages:
        return None
    every = [one for page in pages for one in page["items"]]
    return "there", shaped(MODELS, region, lambda: {str(one["name"]): document(one.get("schema")) for one in every})


def _authorizer(answer: Answer) -> Mapping[str, object]:
    return {
        "type": answer["type"],
        "pools": answer.get("providerARNs") or None,
        "seconds": answer.get("authorizerResultTtlInSeconds"),
        "reads": answer.get("identitySource"),
    }


def _validator(answer: Answer) -> Mapping[str, object]:
    return {
        "body": bool(answer.get("validateRequestBody")),
        "parameters": bool(answer.get("validateRequestParameters")),
    }


def _stage_v2(answer: Answer) -> Mapping[str, object]:
    return {
        "deploys itself": bool(answer.get("AutoDeploy")),
        "deployment": answer.get("DeploymentId"),
        "rate": inside(answer, "DefaultRouteSettings", "ThrottlingRateLimit"),
        "burst": inside(answer, "DefaultRouteSettings", "ThrottlingBurstLimit"),
        "access log": inside(answer, "AccessLogSettings", "DestinationArn"),
    }


def _routes_v2(asking: Asking, region: str, name: str) -> Found | None:
    """Every route of an HTTP API by its key, with who is let in and what is behind it."""
    pages = list(asking.pages(ROUTES_V2, region, ApiId=name, MaxResults=str(_A_PAGE)))
    if not pages:
        return None
    every = [one for page in pages for one in page["Items"]]
    return "there", shaped(ROUTES_V2, region, lambda: {str(one["RouteKey"]): _route_v2(one) for one in every})


def _route_v2(one: Mapping[str, Any]) -> str:
    parts = one.get("AuthorizationType") or "NONE", one.get("AuthorizerId"), one.get("Target")
    return " ".join(spelt(each) or "-" for each in parts)


def _api_v2(answer: Answer) -> Mapping[str, object]:
    cors = answer.get("CorsConfiguration") or {}
    return {
        "protocol": answer["ProtocolType"],
        "origins": cors.get("AllowOrigins") or None,
        "methods": cors.get("AllowMethods") or None,
        "closed at its own address": bool(answer.get("DisableExecuteApiEndpoint")),
    }


def _integration_v2(answer: Answer) -> Mapping[str, object]:
    return {
        "type": answer["IntegrationType"],
        "behind": answer.get("IntegrationUri"),
        "payload": answer.get("PayloadFormatVersion"),
    }


def _authorizer_v2(answer: Answer) -> Mapping[str, object]:
    return {
        "type": answer["AuthorizerType"],
        "issuer": inside(answer, "JwtConfiguration", "Issuer"),
        "audience": inside(answer, "JwtConfiguration", "Audience"),
        "seconds": answer.get("AuthorizerResultTtlInSeconds"),
    }


def _joined(names: Iterable[str | None]) -> str:
    return " ".join(sorted(filter(None, names)))


def _name(answer: Answer) -> Mapping[str, object]:
    return {
        "certificate": _joined(answer.get(key) for key in ("certificateArn", "regionalCertificateArn")),
        "policies": answer.get("securityPolicy"),
        "client certificates": inside(answer, "mutualTlsAuthentication", "truststoreUri") or _NONE,
    }


def _name_v2(answer: Answer) -> Mapping[str, object]:
    """A name that moves from the edge to a region, or back, has two configurations for a while."""
    every = answer["DomainNameConfigurations"]
    return {
        "certificate": _joined(one.get("CertificateArn") for one in every),
        "policies": " ".join(sorted(one.get("SecurityPolicy") or "" for one in every)),
        "client certificates": inside(answer, "MutualTlsAuthentication", "TruststoreUri") or _NONE,
    }


def _state_v2(answer: Answer) -> str:
    """Ready when each of its configurations is; otherwise the first that is not."""
    states = [str(one.get("DomainNameStatus", "")) for one in answer["DomainNameConfigurations"]]
    return next((each for each in states if each != "AVAILABLE"), "AVAILABLE" if states else "")


READERS: Mapping[str, Read] = {
    "AWS::ApiGateway::DomainName": reading(
        NAME, lambda name: {"domainName": name}, _name, state=lambda answer: str(answer.get("domainNameStatus", ""))
    ),
    "AWS::ApiGateway::BasePathMapping": reading(
        PATH,
        _pair("domainName", "basePath"),
        lambda answer: {"api": answer["restApiId"], "stage": answer.get("stage") or _NONE},
    ),
    "AWS::ApiGatewayV2::DomainName": reading(NAME_V2, lambda name: {"DomainName": name}, _name_v2, state=_state_v2),
    "AWS::ApiGatewayV2::ApiMapping": reading(
        PATH_V2,
        _pair("DomainName", "ApiMappingId"),
        lambda answer: {
            "api": answer["ApiId"],
            "stage": answer["Stage"],
            "path": answer.get("ApiMappingKey") or _NONE,
        },
    ),
    "AWS::ApiGateway::Stage": reading(STAGE, _pair("restApiId", "stageName"), _stage),
    "AWS::ApiGateway::Method": _methods,
    "AWS::ApiGateway::GatewayResponse": _refusals,
    "AWS::ApiGateway::Model": _models,
    "AWS::ApiGateway::RequestValidator": reading(VALIDATOR, _pair("restApiId", "requestValidatorId"), _validator),
    "AWS::ApiGateway::Authorizer": reading(AUTHORIZER, _pair("restApiId", "authorizerId"), _authorizer),
    "AWS::ApiGateway::Account": reading(
        ACCOUNT, lambda _: {}, lambda answer: {"role": answer.get("cloudwatchRoleArn")}
    ),
    "AWS::ApiGatewayV2::Api": reading(API_V2, lambda name: {"ApiId": name}, _api_v2),
    "AWS::ApiGatewayV2::Stage": reading(STAGE_V2, _pair("ApiId", "StageName"), _stage_v2),
    "AWS::ApiGatewayV2::Route": _routes_v2,
    "AWS::ApiGatewayV2::Integration": reading(INTEGRATION_V2, _pair("ApiId", "IntegrationId"), _integration_v2),
    "AWS::ApiGatewayV2::Authorizer": reading(AUTHORIZER_V2, _pair("ApiId", "AuthorizerId"), _authorizer_v2),
}
