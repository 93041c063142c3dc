from __future__ import annotations

import pytest

from checks.evidence import Absent, Described, Response, Silence
from checks.model import Check, Resource, Unresolved
from checks.promises import httpapis, stages
from checks.spelling import document
from checks.world.aws import gateway
from tests.promises import worlds
from tests.promises.worlds import NOW, REGION, planned, resource, response, silence, target, world

GUARD = "COGNITO_USER_POOLS - false - -"


def _rest(*more: Resource) -> dict[str, Check]:
    return planned(stages.checks(target(*worlds.api_resources(), *more)))


def _all(kind: str, **parts: str) -> Described:
    return Described(kind=kind, name="api1", state="there", words=tuple(sorted(parts.items())))


@pytest.mark.parametrize(
    ("routes", "status"),
    (
        ({"GET /auth/me": GUARD}, "pass"),
        ({"GET /auth/me": "NONE - false - -"}, "fail"),
        ({"GET /auth/me": "COGNITO_USER_POOLS other false - -"}, "fail"),
        ({"GET /auth/me": "COGNITO_USER_POOLS - true - -"}, "fail"),
        ({"GET /auth/me": "COGNITO_USER_POOLS - false - v1"}, "fail"),
        ({"GET /auth/you": GUARD}, "fail"),
    ),
    ids=("guarded", "open", "another authorizer", "a key besides", "a validator besides", "gone"),
)
def test_a_method_is_there_and_guarded(routes: dict[str, str], status: str) -> None:
    """All methods of an API are read at once; each check keeps its own."""
    check = _rest()["api.method[Api/auth/me/GET]"]
    seen = _all(stages.METHOD, **routes)
    found = check.sight.look(world({("described", stages.METHOD, REGION, "api1"): seen}))

    assert status == check.sight.judge(found, NOW).status
    assert f"with {GUARD}" in check.sight.judge(found, NOW).expected
    assert {"Apiauth", "Apime", "Apiauth/meGET".replace("/", "")} <= set(check.place.covers)


def test_an_api_that_is_gone_has_no_method() -> None:
    """Which is told of each."""
    check = _rest()["api.method[Api/auth/me/GET]"]
    found = check.sight.look(world({("described", stages.METHOD, REGION, "api1"): Absent(what="API")}))

    assert "fail" == check.sight.judge(found, NOW).status


def test_a_guard_that_is_not_known_is_left_out() -> None:
    """That the method is there is still asked."""
    said = {"RestApiId": "api1", "HttpMethod": "PUT", "ResourceId": "jobs", "AuthorizerId": Unresolved("Ref Other")}
    check = _rest(resource(stages.METHOD, said, subject="Api/jobs/PUT"))["api.method[Api/jobs/PUT]"]
    there = Described(kind="m", name="x", state="there", words=(("is", "whatever"),))

    assert "pass" == check.sight.judge(there, NOW).status
    assert "not compared" in check.sight.judge(there, NOW).expected
    assert "with" not in check.sight.judge(there, NOW).expected


@pytest.mark.parametrize(("status_code", "status"), (("401", "pass"), ("500", "fail")))
def test_what_the_gateway_refuses_itself_is_refused_as_the_template_says(status_code: str, status: str) -> None:
    """Its status, headers and body."""
    said = {"RestApiId": "api1", "ResponseType": "UNAUTHORIZED", "StatusCode": "401"}
    check = _rest(resource(stages.REFUSAL, said, subject="Api/Unauthorized"))["api.refusal[Api/Unauthorized]"]
    seen = _all(stages.REFUSAL, UNAUTHORIZED=f'{{"status":"{status_code}"}}')
    found = check.sight.look(world({("described", stages.REFUSAL, REGION, "api1"): seen}))

    assert status == check.sight.judge(found, NOW).status


SHAPE = {"type": "object", "required": ["title"]}


@pytest.mark.parametrize(
    ("models", "status"),
    (
        ({"Job": document(SHAPE)}, "pass"),
        ({"Job": document('{"required":["title"],"type":"object"}')}, "pass"),
        ({"Job": document({"type": "object"})}, "fail"),
        ({}, "fail"),
    ),
    ids=("the same", "written otherwise", "loosened", "gone"),
)
def test_a_model_has_the_shape_of_the_template(models: dict[str, str], status: str) -> None:
    """All models of an API are read at once; how its text is laid out does not count."""
    said = {"RestApiId": "api1", "Name": "Job", "Schema": SHAPE}
    check = _rest(resource(stages.MODEL, said, subject="Api/Job", physical_id="Job"))["api.model[Api/Job]"]
    found = check.sight.look(world({("described", stages.MODEL, REGION, "api1"): _all(stages.MODEL, **models)}))

    assert status == check.sight.judge(found, NOW).status


def test_a_model_with_an_open_part_is_still_asked_for() -> None:
    """Its shape is left out, and that is said."""
    said = {"RestApiId": "api1", "Schema": {"$ref": Unresolved("Ref Other")}}
    check = _rest(resource(stages.MODEL, said, subject="Api/Job", physical_id="Job"))["api.model[Api/Job]"]

    assert "" == check.params["wanted"]
    assert "not compared" in check.sight.judge(_all(stages.MODEL, **{"is": "x"}), NOW).expected


def test_limits_of_single_methods_are_spelt_alike_in_template_and_answer() -> None:
    """CloudFormation writes ``/~1jobs``, API Gateway ``~1jobs/POST``."""
    settings = [
        {"HttpMethod": "*", "ResourcePath": "/*", "ThrottlingRateLimit": 50},
        {"HttpMethod": "POST", "ResourcePath": "/~1jobs", "ThrottlingRateLimit": 5.0, "ThrottlingBurstLimit": 2},
        {"HttpMethod": "GET", "ResourcePath": "/", "ThrottlingRateLimit": 9},
    ]
    stage = resource("AWS::ApiGateway::Stage", {"MethodSettings": settings})
    live = {
        "*/*": {"throttlingRateLimit": 50.0},
        "~1jobs/POST": {"throttlingRateLimit": 5.0, "throttlingBurstLimit": 2},
        "~1/GET": {"throttlingRateLimit": 9.0},
    }

    assert {"POST /jobs": "5/2", "GET /": "9/-"} == stages.apart(stage)
    assert {"POST /jobs": "5/2", "GET /": "9/-"} == gateway.apart(live)


def _http(*keys: str, **said: object) -> dict[str, Check]:
    api = resource(httpapis.API, {"ProtocolType": "HTTP", **said}, subject="Http", physical_id="h1")
    stage = resource(httpapis.STAGE, {"ApiId": "h1", "StageName": "$default"}, subject="Http/Stage")
    routes = [
        resource(
            httpapis.ROUTE,
            {"ApiId": "h1", "RouteKey": key.lstrip("!"), "AuthorizationType": "JWT" if key[0] == "!" else "NONE"},
            subject=f"Http/{number}",
        )
        for number, key in enumerate(keys)
    ]
    return planned(httpapis.checks(target(api, stage, *routes)))


def test_an_http_api_is_asked_as_a_visitor_would() -> None:
    """Open routes answer, guarded ones refuse, and what is not there is missing."""
    checks = _http("GET /items", "!GET /me", "POST /items", "GET /items/{id}")

    asked = {name: check.params["url"] for name, check in checks.items() if check.promise.instrument == "http"}
    home = f"https://h1.execute-api.{REGION}.amazonaws.com"
    assert {
        "httpapis.answers[Http/items]": f"{home}/items",
        "httpapis.guarded[Http/me]": f"{home}/me",
        "httpapis.unknown[Http]": f"{home}/no-such-route-8d1f3c",
    } == asked


def test_a_catch_all_has_no_path_that_is_not_there() -> None:
    """The negative twin does not apply, and is not planned."""
    assert "httpapis.unknown[Http]" not in _http("$default")
    assert "httpapis.unknown[Http]" not in _http("ANY /{proxy+}")


def test_an_api_that_is_closed_at_its_own_address_is_not_asked_there() -> None:
    """Its address is its domain name's."""
    assert not [each for each in _http("GET /items", DisableExecuteApiEndpoint=True).values() if "url" in each.params]


@pytest.mark.parametrize(
    ("promise", "seen", "status"),
    (
        ("answers", response(200, "[]", "application/json"), "pass"),
        ("answers", response(400, "{}", "application/json"), "pass"),
        ("answers", response(500, '{"message":"Internal Server Error"}', "application/json"), "fail"),
        ("answers", response(404, '{"message":"Not Found"}', "application/json"), "fail"),
        ("answers", response(403), "fail"),
        ("answers", silence(), "fail"),
        ("guarded", response(401), "pass"),
        ("guarded", response(403), "pass"),
        ("guarded", response(200, "{}", "application/json"), "fail"),
        ("guarded", silence(), "fail"),
        ("unknown", response(404, '{"message":"Not Found"}', "application/json"), "pass"),
        ("unknown", response(404, "<html>", "text/html"), "fail"),
        ("unknown", response(200, "{}", "application/json"), "fail"),
        ("unknown", silence(), "fail"),
    ),
)
def test_how_an_http_api_answers(promise: str, seen: Response | Silence, status: str) -> None:
    """Both sides of each."""
    checks = _http("GET /items", "!GET /me")
    check = next(each for each in checks.values() if each.promise.name == f"httpapis.{promise}")
    found = check.sight.look(world({("fetch", check.params["url"]): seen}))

    assert status == check.sight.judge(found, NOW).status


@pytest.mark.parametrize(
    ("routes", "status"), (({"GET /items": "NONE - -"}, "pass"), ({"GET /items": "JWT a -"}, "fail"), ({}, "fail"))
)
def test_a_route_is_there_and_guarded(routes: dict[str, str], status: str) -> None:
    """All routes are read at once."""
    check = _http("GET /items")["httpapis.route[Http/0]"]
    seen = Described(kind="r", name="h1", state="there", words=tuple(routes.items()))
    found = check.sight.look(world({("described", httpapis.ROUTE, REGION, "h1"): seen}))
    verdict = check.sight.judge(found, NOW)

    assert (status, "route GET /items with NONE - -") == (verdict.status, verdict.expected)


def test_how_a_route_is_guarded_is_left_out_where_nobody_knows() -> None:
    """That the route is there is still asked, and what is not compared is said."""
    said = {"ApiId": "h1", "RouteKey": "GET /me", "AuthorizerId": Unresolved("Ref Other")}
    (check,) = planned(httpapis.checks(target(resource(httpapis.ROUTE, said, subject="Http/me")))).values()
    verdict = check.sight.judge(Described(kind="r", name="h1", state="there", words=(("is", "JWT a -"),)), NOW)

    assert ("pass", "JWT a -") == (verdict.status, verdict.actual)
    assert "route GET /me (not compared: Ref Other)" == verdict.expected


def _staged(said: object, *more: Resource) -> Check:
    stage = resource(
        stages.STAGE,
        {"RestApiId": "api1", "StageName": "prod", "DeploymentId": "d1", "CanarySetting": said},
        subject="Api/prod",
    )
    return planned(stages.checks(target(stage, *more)))["api.stage[Api/prod]"]


def _live(share: str, deployment: str) -> Described:
    words = (("canary", deployment), ("canary's share", share), ("deployment", "d1"), ("variables", "none"))
    return Described(kind=stages.STAGE, name="api1/prod", state="there", words=(*words, ("limits apart", "none")))


@pytest.mark.parametrize(
    ("said", "share", "deployment", "status"),
    (
        (None, "0", "", "pass"),
        (None, "0", "d0", "pass"),
        (None, "50", "d0", "fail"),
        (None, "0.5", "d0", "fail"),
        ({"PercentTraffic": 10, "DeploymentId": "d2"}, "10", "d2", "pass"),
        ({"PercentTraffic": "10.0"}, "10", "d2", "pass"),
        ({"PercentTraffic": 10, "DeploymentId": "d2"}, "50", "d2", "fail"),
        ({"PercentTraffic": 10, "DeploymentId": "d2"}, "10", "d0", "fail"),
        ({"PercentTraffic": 10, "DeploymentId": "d2"}, "0", "", "fail"),
        ({"PercentTraffic": 0}, "0", "", "pass"),
        ({"PercentTraffic": Unresolved("a parameter")}, "50", "d0", "pass"),
    ),
)
def test_a_stage_sends_no_more_elsewhere_than_the_template_says(
    said: object, share: str, deployment: str, status: str
) -> None:
    """Nothing where it is silent; to the canary that it names, that share. A canary that nobody is sent to is none."""
    assert status == _staged(said).sight.judge(_live(share, deployment), NOW).status


@pytest.mark.parametrize(("api", "status"), (("api1", "pass"), ("api2", "fail")))
def test_a_deployment_that_comes_as_a_canary_is_no_drift(api: str, status: str) -> None:
    """CloudFormation has two places for it; the stage's own words are then of before. Another API's is its own."""
    settings = {"PercentTraffic": 20.0}
    growing = resource(stages.DEPLOYMENT, {"RestApiId": api, "DeploymentCanarySettings": settings}, subject="Api/Next")

    assert status == _staged(None, growing).sight.judge(_live("20", "d2"), NOW).status
