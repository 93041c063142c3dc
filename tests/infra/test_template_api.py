"""The API as the template makes it: routes, authorizer, errors, limits, logs. A-numbers: defect register."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from khaya_api.access import ANYBODY, OPERATIONS
from khaya_infra.routes import GATEWAY_ERRORS, ROUTES
from khaya_infra.shapes import bodies, describe_api
from tests.infra.conftest import Json, Template

PATHS = {re.sub(r"<\w+>", "{id}", operation.path) for operation in OPERATIONS} - {"/"}


def methods(main: Template) -> dict[tuple[str, str], Json]:
    """Methods by HTTP verb and path."""
    root = main.id_at("Api/Rest")
    parts = {
        logical: resource["Properties"]
        for logical, resource in main.resources.items()
        if resource["Type"] == "AWS::ApiGateway::Resource"
    }

    def path(reference: Any) -> str:  # noqa: ANN401 - a reference of a template
        if {"Fn::GetAtt": [root, "RootResourceId"]} == reference:
            return ""
        part = parts[reference["Ref"]]
        return f"{path(part['ParentId'])}/{part['PathPart']}"

    return {
        (method["HttpMethod"], path(method["ResourceId"]) or "/"): method
        for method in main.of("AWS::ApiGateway::Method").values()
    }


def test_the_guides_routes_exist(main: Template) -> None:
    """A08: /health among them, which the original never wrote."""
    assert {"/health", "/auth/me", "/jobs", "/jobs/{id}/bids", "/stories/pending", "/uploads"} <= PATHS
    assert PATHS == {path for verb, path in methods(main) if verb != "ANY" and path != "/"}


def test_a_demanded_parameter_is_in_the_template_and_no_other(main: Template) -> None:
    """Who reads the template knows what can be asked for as it is; the refusal itself is the code's, in its words."""
    demanded = {key: each["RequestParameters"] for key, each in methods(main).items() if each.get("RequestParameters")}

    assert {("GET", "/profiles"): {"method.request.querystring.location": True}} == demanded
    assert not main.one("AWS::ApiGateway::RequestValidator").get("ValidateRequestParameters")


def test_a_body_of_another_shape_does_not_reach_the_code(main: Template) -> None:
    """A42: each operation that takes a body has the model of that body, and the validator that asks it."""
    models = {main.id_at(path): each for path, each in main.of("AWS::ApiGateway::Model").items()}
    validator = main.one("AWS::ApiGateway::RequestValidator")
    found = methods(main)
    asked = {key: each for key, each in found.items() if each.get("RequestModels")}
    named = {key: models[each["RequestModels"]["application/json"]["Ref"]]["Name"] for key, each in asked.items()}

    assert {(verb, re.sub(r"\{\w+\}", "{}", path)): name for (verb, path), name in named.items()} == {
        key: body.name for key, body in bodies(describe_api()).items()
    }
    assert {"NewBid", "NewJob", "ProfileEdit", "NewUpload"} <= set(named.values())
    assert validator["ValidateRequestBody"] is True
    assert {"Ref": main.id_at("Api/Rest/Bodies")} in [each["RequestValidatorId"] for each in asked.values()]
    assert [] == [key for key, each in found.items() if key not in asked and "RequestValidatorId" in each]


def test_a_shape_has_types_and_leaves_values_to_the_code(main: Template) -> None:
    """E26: what a person may get wrong is refused by name, and only the code can name it."""
    (bid,) = (each["Schema"] for each in main.of("AWS::ApiGateway::Model").values() if each["Name"] == "NewBid")

    assert {
        "$schema": "http://json-schema.org/draft-04/schema#",
        "title": "NewBid",
        "type": "object",
        "properties": {
            "amount": {"type": "integer"},
            "timeline": {"type": "integer"},
            "proposal": {"type": "string"},
        },
    } == bid


def test_one_permission_lets_the_whole_api_in(main: Template) -> None:
    """A function's policy holds 20 kB; with a statement for each method of the API it would not fit."""
    allowed = [
        path
        for path, each in main.of("AWS::Lambda::Permission").items()
        if each["Principal"] == "apigateway.amazonaws.com"
    ]

    assert 1 == len(allowed)


def test_a_place_of_a_path_has_one_parameter(main: Template) -> None:
    """The gateway refuses a second name for a parameter at the same place, in the middle of a deployment."""
    parameters: dict[str, list[str]] = {}
    for resource in main.of("AWS::ApiGateway::Resource").values():
        if resource["PathPart"].startswith("{"):
            parameters.setdefault(json.dumps(resource["ParentId"]), []).append(resource["PathPart"])

    assert len(parameters) > 1
    assert [] == [names for names in parameters.values() if len(names) > 1]


def test_protected_routes_ask_for_a_token_and_the_others_do_not(main: Template) -> None:
    """A09: the authorizer is on exactly the methods that need somebody."""
    authorizer = main.id_at("Api/Authorizer")
    found = methods(main)
    protected = {key for key, method in found.items() if method["AuthorizationType"] == "COGNITO_USER_POOLS"}

    assert {(route.method, route.path) for route in ROUTES if route.protected} == protected
    assert {("GET", "/auth/me"), ("POST", "/jobs"), ("POST", "/bids/{id}/accept"), ("POST", "/uploads")} <= protected
    assert not {("GET", "/health"), ("GET", "/jobs"), ("GET", "/referrals/{id}")} & protected
    assert all({"Ref": authorizer} == found[key]["AuthorizerId"] for key in protected)
    assert {"NONE"} == {method["AuthorizationType"] for key, method in found.items() if key not in protected}


def test_the_authorizer_believes_our_pool(main: Template) -> None:
    """A09: one pool, the stack's own."""
    authorizer = main.one("AWS::ApiGateway::Authorizer")

    assert [{"Fn::GetAtt": [main.id_at("Auth/Pool"), "Arn"]}] == authorizer["ProviderARNs"]
    assert ("COGNITO_USER_POOLS", "method.request.header.Authorization") == (
        authorizer["Type"],
        authorizer["IdentitySource"],
    )


def test_the_authorizer_takes_tokens_for_our_client_alone(main: Template) -> None:
    """Another client of the same pool has other rules; its tokens are not meant for this API."""
    authorizer = main.one("AWS::ApiGateway::Authorizer")

    assert {"Ref": main.id_at("Auth/Pool/Site")} == authorizer["IdentityValidationExpression"]


def test_every_path_known_or_not_reaches_the_code(main: Template) -> None:
    """A10: root and catch-all included; nothing is answered by a mock."""
    found = methods(main)

    assert {"AWS_PROXY"} == {method["Integration"]["Type"] for method in found.values()}
    assert PATHS | {"/", "/{proxy+}"} == {path for verb, path in found if verb == "ANY"}


def test_the_gateway_knows_each_operation_of_the_code() -> None:
    """A41: one that the gateway does not know would be reached without its authorizer."""
    in_code = {
        (operation.method, re.sub(r"<\w+>", "{id}", operation.path), operation.who is not ANYBODY)
        for operation in OPERATIONS
        if operation.path != "/"
    }

    assert {(route.method, route.path, route.protected) for route in ROUTES} == in_code


def test_the_stage_limits_logs_and_traces(main: Template) -> None:
    """A22, A40: 500 a second, bursts of 1000; JSON access log; X-Ray; no request bodies in logs."""
    stage = main.one("AWS::ApiGateway::Stage")
    (settings,) = stage["MethodSettings"]
    log = json.loads(stage["AccessLogSetting"]["Format"])

    assert ("prod", True) == (stage["StageName"], stage["TracingEnabled"])
    assert ("*", "/*", 500, 1000) == (
        settings["HttpMethod"],
        settings["ResourcePath"],
        settings["ThrottlingRateLimit"],
        settings["ThrottlingBurstLimit"],
    )
    assert (True, False, "ERROR") == (
        settings["MetricsEnabled"],
        settings["DataTraceEnabled"],
        settings["LoggingLevel"],
    )
    assert {"Fn::GetAtt": [main.id_at("Api/AccessLog"), "Arn"]} == stage["AccessLogSetting"]["DestinationArn"]
    assert {"requestId", "status", "path", "method"} <= log.keys()
    assert "authorization" not in json.dumps(log).lower().replace("authorizer", "")


def test_the_account_lets_the_gateway_write_logs(main: Template) -> None:
    """Pitfall 59: without this role logging is silently off; it outlives the stack, for other APIs' sake."""
    account = main.one("AWS::ApiGateway::Account")
    role = main.at("Api/Rest/CloudWatchRole")

    assert {"Fn::GetAtt": [main.id_at("Api/Rest/CloudWatchRole"), "Arn"]} == account["CloudWatchRoleArn"]
    assert (
        "apigateway.amazonaws.com"
        == role["Properties"]["AssumeRolePolicyDocument"]["Statement"][0]["Principal"]["Service"]
    )
    assert "Retain" == role["DeletionPolicy"]


@pytest.mark.parametrize(("kind", "status", "code"), [(kind, status, code) for kind, status, code, _ in GATEWAY_ERRORS])
def test_the_gateways_own_errors_speak_the_contract(main: Template, kind: str, status: str, code: str) -> None:
    """A18: JSON in the contract's shape, readable for our site, never stored by anybody."""
    (answer,) = (each for each in main.of("AWS::ApiGateway::GatewayResponse").values() if each["ResponseType"] == kind)
    headers = answer["ResponseParameters"]
    body = json.loads(answer["ResponseTemplates"]["application/json"])

    assert (status or None) == answer.get("StatusCode")
    assert {"code", "message", "details", "request_id"} == body["error"].keys()
    assert (code, "$context.requestId") == (body["error"]["code"], body["error"]["request_id"])
    assert "'https://khaya.example'" == headers["gatewayresponse.header.Access-Control-Allow-Origin"]
    assert "'no-store'" == headers["gatewayresponse.header.Cache-Control"]


def test_an_unknown_path_is_a_404_and_not_a_403_about_tokens(main: Template) -> None:
    """Pitfall 50."""
    answers = {each["ResponseType"]: each for each in main.of("AWS::ApiGateway::GatewayResponse").values()}

    assert "404" == answers["MISSING_AUTHENTICATION_TOKEN"]["StatusCode"]
    assert {"DEFAULT_4XX", "DEFAULT_5XX", "UNAUTHORIZED", "ACCESS_DENIED", "THROTTLED"} <= answers.keys()


def test_a_deployment_waits_for_all_routes_and_errors(main: Template) -> None:
    """A41: a deployment made before a method lacks that method until somebody deploys again."""
    (deployment,) = (each for each in main.resources.values() if each["Type"] == "AWS::ApiGateway::Deployment")
    kinds = {"AWS::ApiGateway::Method", "AWS::ApiGateway::GatewayResponse", "AWS::ApiGateway::Model"}
    wanted = {logical for logical, each in main.resources.items() if each["Type"] in kinds}

    assert wanted <= set(deployment["DependsOn"])


def test_the_api_can_be_told_apart_in_metrics(main: Template) -> None:
    """F02: the alarms' ApiName is the API's real name."""
    assert "Khaya Service API" == main.one("AWS::ApiGateway::RestApi")["Name"]
    assert ["REGIONAL"] == main.one("AWS::ApiGateway::RestApi")["EndpointConfiguration"]["Types"]
