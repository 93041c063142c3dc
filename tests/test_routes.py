from __future__ import annotations

from typing import Any

import pytest

from checks.model import Resource, Unresolved
from checks.routes import Api, apis
from tests.promises.worlds import (
    ACCOUNT,
    APEX,
    API_HOST,
    REGION,
    api_resources,
    distribution_config,
    distribution_resource,
    resource,
    site,
    target,
)


def _only(*resources: Resource, **changes: Any) -> Api:  # noqa: ANN401
    (found,) = apis(target(*resources, **changes))
    return found


def _behind(pattern: str, **changes: object) -> Api:
    config = distribution_config() | changes
    config["CacheBehaviors"] = [{"PathPattern": pattern, "TargetOriginId": "api"}]
    return _only(distribution_resource(config), *api_resources(), domain=APEX)


def _method(**properties: object) -> Api:
    given = {"RestApiId": "api1", "HttpMethod": "GET", "ResourceId": "health"}
    folder = {"RestApiId": "api1", "PathPart": "health", "ParentId": "root"}
    return _only(
        resource("AWS::ApiGateway::RestApi", subject="Api", physical_id="api1"),
        resource("AWS::ApiGateway::Stage", {"RestApiId": "api1"}, physical_id="live"),
        resource("AWS::ApiGateway::Resource", folder, subject="Api/health", physical_id="health"),
        resource("AWS::ApiGateway::Method", given | properties, subject="Api/health/GET"),
    )


def test_paths_are_put_together_from_their_parts() -> None:
    """A parent that is none of the template's resources is the root, known or not."""
    (api,) = apis(site())

    paths = ["/health", "/health/deep", "/auth/me", "/auth/me", "/jobs", "/jobs", "/jobs/{id}", "/"]
    assert paths == [each.path for each in api.routes]
    assert ["/health", "/health/deep", "/auth/me", "/jobs"] == list(api.asked())


def test_a_circle_of_parents_comes_to_an_end() -> None:
    """A template that makes no sense is still read."""
    folder = {"RestApiId": "api1", "PathPart": "x", "ParentId": "health"}
    api = _only(
        resource("AWS::ApiGateway::RestApi", subject="Api", physical_id="api1"),
        resource("AWS::ApiGateway::Resource", folder, physical_id="health"),
        resource("AWS::ApiGateway::Method", {"RestApiId": "api1", "HttpMethod": "GET", "ResourceId": "health"}),
    )

    assert api.routes[0].path.startswith("/x/x")


@pytest.mark.parametrize(
    ("properties", "guarded"),
    (
        pytest.param({}, False, id="nothing said"),
        pytest.param({"AuthorizationType": "NONE"}, False, id="none"),
        pytest.param({"AuthorizationType": "COGNITO_USER_POOLS"}, True, id="a user pool"),
        pytest.param({"AuthorizationType": "AWS_IAM"}, True, id="a signature"),
        pytest.param({"ApiKeyRequired": True}, True, id="a key"),
        pytest.param({"ApiKeyRequired": "true"}, True, id="a key, as text"),
    ),
)
def test_a_guard_is_whatever_the_gateway_asks_for(properties: dict[str, object], *, guarded: bool) -> None:
    """A token, a signature or a key."""
    assert guarded == _method(**properties).routes[0].guarded


@pytest.mark.parametrize(
    ("wanted", "plain"),
    (
        pytest.param({}, True, id="none"),
        pytest.param({"method.request.querystring.page": False}, True, id="one that may be left out"),
        pytest.param({"method.request.querystring.id": True}, False, id="one that must be there"),
        pytest.param(Unresolved("Fn::If"), True, id="not known"),
    ),
)
def test_a_route_that_demands_parameters_cannot_be_asked_as_it_is(wanted: object, *, plain: bool) -> None:
    """It would answer 400 to a question that nobody should ask."""
    assert plain == _method(RequestParameters=wanted).routes[0].plain


@pytest.mark.parametrize(
    ("pattern", "subject"),
    (
        pytest.param("/api/*", f"{APEX}/api", id="a folder"),
        pytest.param("api/v1/*", f"{APEX}/api/v1", id="two, without the slash"),
        pytest.param("/*", APEX, id="everything"),
        pytest.param("/api", "Api", id="a single path leads to no folder"),
    ),
)
def test_an_api_is_met_where_the_distribution_hands_over(pattern: str, subject: str) -> None:
    """The pattern without its star, on the site's host; at the stage when no pattern leads there."""
    assert subject == _behind(pattern).subject


def test_an_api_that_is_the_default_is_met_at_the_host() -> None:
    """The whole host is the API's."""
    assert APEX == _behind("/x", DefaultCacheBehavior={"TargetOriginId": "api"}).subject


def test_a_path_that_begins_like_the_folder_is_not_given_it_twice() -> None:
    """An API whose own paths start with /api is met at /api/…, not at /api/api/…."""
    api = _behind("/health/*")
    shallow, deep = (api.routes[0], api.routes[1])

    assert f"https://{APEX}/health" == api.at(shallow)[1]
    assert f"https://{APEX}/health/deep" == api.at(deep)[1]
    assert f"{APEX}/health/jobs" == api.at(api.asked()["/jobs"])[0].subject


def test_the_stage_is_called_by_its_name_or_its_id() -> None:
    """And China has a suffix of its own."""
    assert f"https://{API_HOST}/live" == _method().direct
    here = target(*api_resources())
    there = type(here)(name="cn", account=ACCOUNT, stacks=here.stacks, partition="aws-cn")
    assert f"https://{API_HOST}.cn/prod" == next(iter(apis(there))).direct


@pytest.mark.parametrize(
    ("arns", "issuer"),
    (
        pytest.param(
            [f"arn:aws:cognito-idp:{REGION}:{ACCOUNT}:userpool/p1"],
            f"https://cognito-idp.{REGION}.amazonaws.com/p1",
            id="a pool",
        ),
        pytest.param([Unresolved("Fn::GetAtt")], "", id="not known"),
        pytest.param(["x"], "", id="no pool"),
        pytest.param([], "", id="none"),
    ),
)
def test_the_issuer_is_the_pool_of_the_authorizer(arns: list[object], issuer: str) -> None:
    """Empty where there is none that is known."""
    authorizer = resource("AWS::ApiGateway::Authorizer", {"RestApiId": "api1", "ProviderARNs": arns})

    assert issuer == _only(resource("AWS::ApiGateway::RestApi", physical_id="api1"), authorizer).issuer


def test_an_authorizer_of_another_api_is_none_of_ours() -> None:
    """Two APIs in a stack are kept apart."""
    pool = [f"arn:aws:cognito-idp:{REGION}:{ACCOUNT}:userpool/p1"]
    authorizer = resource("AWS::ApiGateway::Authorizer", {"RestApiId": "api2", "ProviderARNs": pool})

    assert "" == _only(resource("AWS::ApiGateway::RestApi", physical_id="api1"), authorizer).issuer


def test_methods_of_another_api_are_none_of_ours() -> None:
    """Their paths would be asked at the wrong address."""
    method = {"RestApiId": "api2", "HttpMethod": "GET"}
    one = resource("AWS::ApiGateway::RestApi", physical_id="api1")

    assert () == _only(one, resource("AWS::ApiGateway::Method", method)).routes


def test_a_preflight_is_answered_by_options_or_by_anything() -> None:
    """Only where one of the two methods exists."""
    (api,) = apis(site())

    assert [True, True, False] == [api.preflighted(path) for path in ("/auth/me", "/", "/jobs")]
