"""Faults of what a REST API is made of: its stage and deployment, its methods and their guard, its own refusals."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

from checks.model import Check
from checks.twin.faults.bench import Bench
from checks.twin.faults.between.http import Onward, Raw, Reply, Tamper, Visit, answer
from checks.twin.faults.staging import Undo, broken, calls, told, unnoticed, visited
from checks.twin.faults.words import Fault, Unfit

_API, _CDN = "API Gateway", "CloudFront configuration and routing"
_SUCCESS = 200


def stage_of(bench: Bench) -> tuple[Any, str, str]:
    """API Gateway, and the API and stage of the plan's direct address. Raises Unfit."""
    url = bench.param("api.direct", "stage")
    host, _, path = url.removeprefix("https://").partition("/")
    return bench.aws("apigateway", host.split(".")[2]), host.split(".")[0], path.partition("/")[0]


def stage_gone(bench: Bench, _check: Check) -> Undo:
    """The API's stage is deleted."""
    apis, api, name = stage_of(bench)
    before = apis.get_stage(restApiId=api, stageName=name)
    apis.delete_stage(restApiId=api, stageName=name)
    kept = {key: before[key] for key in ("variables", "description", "tracingEnabled", "tags") if before.get(key)}
    settings = list(_as_patches(before.get("methodSettings", {})))
    logged = before.get("accessLogSettings", {})
    settings += [_patch(f"/accessLogSettings/{key}", value) for key, value in logged.items()]

    def back() -> None:
        apis.create_stage(restApiId=api, stageName=name, deploymentId=before["deploymentId"], **kept)
        apis.update_stage(restApiId=api, stageName=name, patchOperations=settings)

    return back


def _patch(path: str, value: object) -> dict[str, str]:
    said = str(value).lower() if isinstance(value, bool) else str(value)
    return {"op": "replace", "path": path, "value": said}


# What a stage says of its methods, and where that is set.
_METHOD_SETTINGS = {
    "metricsEnabled": "metrics/enabled",
    "loggingLevel": "logging/loglevel",
    "dataTraceEnabled": "logging/dataTrace",
    "throttlingBurstLimit": "throttling/burstLimit",
    "throttlingRateLimit": "throttling/rateLimit",
}


def _as_patches(settings: dict[str, dict[str, object]]) -> list[dict[str, str]]:
    return [
        _patch(f"/{methods}/{_METHOD_SETTINGS[key]}", value)
        for methods, each in settings.items()
        for key, value in each.items()
        if key in _METHOD_SETTINGS
    ]


def stage_set(path: str, value: object) -> Callable[[Bench, Check], Undo]:
    """One setting of the stage, for all of its methods, is another."""

    def change(bench: Bench, _check: Check) -> Undo:
        apis, api, name = stage_of(bench)
        before = _as_patches(apis.get_stage(restApiId=api, stageName=name).get("methodSettings", {}))
        apis.update_stage(restApiId=api, stageName=name, patchOperations=[_patch(path, value)])
        return lambda: apis.update_stage(restApiId=api, stageName=name, patchOperations=before)

    return change


def _serving(apis: Any, api: str, name: str, deployment: str) -> None:  # noqa: ANN401 - a botocore client
    apis.update_stage(restApiId=api, stageName=name, patchOperations=[_patch("/deploymentId", deployment)])


def never_deployed(bench: Bench, _check: Check) -> Undo:
    """The stage serves another deployment than the template's."""
    apis, api, name = stage_of(bench)
    before = apis.get_stage(restApiId=api, stageName=name)["deploymentId"]
    other = apis.create_deployment(restApiId=api, description="as it was before")["id"]
    _serving(apis, api, name, other)

    def back() -> None:
        _serving(apis, api, name, before)
        apis.delete_deployment(restApiId=api, deploymentId=other)

    return back


def half_elsewhere(bench: Bench, _check: Check) -> Undo:
    """The stage's canary sends half of all calls to a deployment that nobody released."""
    apis, api, name = stage_of(bench)
    other = apis.create_deployment(restApiId=api, description="as it was before")["id"]
    settings = [_patch("/canarySettings/deploymentId", other), _patch("/canarySettings/percentTraffic", 50.0)]
    apis.update_stage(restApiId=api, stageName=name, patchOperations=settings)

    def back() -> None:
        gone = [{"op": "remove", "path": "/canarySettings"}]
        apis.update_stage(restApiId=api, stageName=name, patchOperations=gone)
        apis.delete_deployment(restApiId=api, deploymentId=other)

    return back


def _resource(apis: Any, api: str, path: str) -> str:  # noqa: ANN401 - a botocore client
    items = apis.get_resources(restApiId=api, limit=500)["items"]
    found = next((each for each in items if each.get("path", "") == path), None)
    if found is None:
        raise Unfit(f"the API has no resource {path}")
    return str(found["id"])


def unguarded(bench: Bench, check: Check) -> Undo:
    """A protected method loses its authorizer."""
    verb, _, path = str(check.params["route"]).partition(" ")
    apis, api = bench.aws("apigateway", str(check.params["region"])), str(check.params["api"])
    where = {"restApiId": api, "resourceId": _resource(apis, api, path), "httpMethod": verb}
    guard = apis.get_method(**where)["authorizationType"]
    if guard == "NONE":
        raise Unfit(f"{verb} {path} is open to everybody anyway")
    apis.update_method(**where, patchOperations=[_patch("/authorizationType", "NONE")])
    return lambda: apis.update_method(**where, patchOperations=[_patch("/authorizationType", guard)])


def leads_nowhere(bench: Bench, check: Check) -> Undo:
    """An open route calls a function that is gone."""
    path = "/" + str(check.params["url"]).partition("/api/")[2]
    apis, api, _ = stage_of(bench)
    where = {"restApiId": api, "resourceId": _resource(apis, api, path), "httpMethod": "GET"}
    before = apis.get_method(**where)["methodIntegration"]["uri"]
    gone = before.partition(":function:")[0] + ":function:nobody-made-this/invocations"

    def lead(uri: str) -> None:
        apis.update_integration(**where, patchOperations=[_patch("/uri", uri)])

    lead(gone)
    return lambda: lead(before)


def of_another_pool(_bench: Bench, check: Check) -> Tamper:
    """The authorizer is said to ask another pool."""
    wanted = f"/authorizers/{str(check.params['name']).partition('/')[2]}"

    def turn(seen: dict[str, Any]) -> None:
        seen["providerARNs"] = [f"{each.rpartition('/')[0]}/af-south-1_SomeOther" for each in seen["providerARNs"]]

    def tamper(visit: Visit, onward: Onward) -> Reply | Raw:
        reply = onward(visit)
        about = visit.service == "apigateway" and visit.path.endswith(wanted) and reply.status == _SUCCESS
        return reply.amended(turn) if about else reply

    return tamper


def long_memory(bench: Bench, check: Check) -> Undo:
    """What the authorizer decided is good for an hour."""
    apis = bench.aws("apigateway", str(check.params["region"]))
    api, _, own = str(check.params["name"]).partition("/")
    before = apis.get_authorizer(restApiId=api, authorizerId=own).get("authorizerResultTtlInSeconds", 300)

    def keep(seconds: int) -> None:
        change = _patch("/authorizerResultTtlInSeconds", seconds)
        apis.update_authorizer(restApiId=api, authorizerId=own, patchOperations=[change])

    keep(3600)
    return lambda: keep(before)


def silent_refusals(bench: Bench, check: Check) -> Undo:
    """What the gateway refuses comes without the headers that let other origins read it."""
    apis = bench.aws("apigateway", str(check.params["region"]))
    where = {"restApiId": str(check.params["api"]), "responseType": str(check.params["kind"])}
    before = apis.get_gateway_response(**where)
    kept = {key: before[key] for key in ("statusCode", "responseParameters", "responseTemplates") if before.get(key)}
    if "responseParameters" not in kept:
        raise Unfit("it has no headers of its own")
    less = {key: value for key, value in kept.items() if key != "responseParameters"}
    apis.put_gateway_response(**where, **less)
    return lambda: apis.put_gateway_response(**where, **kept)


def _obliging(visit: Visit, onward: Onward) -> Reply | Raw:
    """What nobody offers is answered with a page all the same."""
    beyond = visit.method in {"TRACE", "PUT", "DELETE"} and "nobody-made-this" not in visit.path
    return answer(200, '{"status": "ok"}') if calls(visit) and beyond else onward(visit)


def queried(change: Callable[[str], str]) -> Tamper:
    """What stands behind the question mark is *change*d on its way to the API."""

    def tamper(visit: Visit, onward: Onward) -> Reply | Raw:
        path, mark, query = visit.target.partition("?")
        if not calls(visit) or not mark:
            return onward(visit)
        left = change(query)
        return onward(replace(visit, target=f"{path}?{left}" if left else path))

    return tamper


def _less(name: str) -> Callable[[str], str]:
    return lambda query: "&".join(each for each in query.split("&") if not each.startswith(f"{name}="))


_ALL = ("api.*",)

FAULTS: tuple[Fault, ...] = (
    Fault(
        id="API-01",
        family=_API,
        breaks="the stage is gone",
        promise="api.stage",
        stage=broken("api.stage", stage_gone),
        behind=(*_ALL, "alarms.subject[*]", "release.*"),
    ),
    Fault(
        id="API-02",
        family=_API,
        breaks="routes were changed and never deployed",
        promise="api.stage",
        stage=broken("api.stage", never_deployed),
    ),
    Fault(
        id="API-26",
        family=_API,
        breaks="half of all calls go to another deployment",
        promise="api.stage",
        stage=broken("api.stage", half_elsewhere),
    ),
    Fault(
        id="API-04",
        family=_API,
        breaks="a route calls a function that is gone",
        promise="api.route",
        stage=broken("api.route", leads_nowhere),
        behind=("api.cors[*]", "api.foreign[*]"),
    ),
    Fault(
        id="API-08",
        family=_API,
        breaks="calls are throttled a thousand times later",
        promise="api.stage",
        stage=broken("api.stage", stage_set("/*/*/throttling/rateLimit", 100_000.0)),
    ),
    Fault(
        id="API-10",
        family=_API,
        breaks="a protected route lost its authorizer",
        promise="api.method",
        stage=broken("api.method", unguarded, containing="/auth/me/GET"),
        behind=("api.guarded[*]", "api.forged[*]"),
    ),
    Fault(
        id="API-11",
        family=_API,
        breaks="the authorizer asks another user pool",
        promise="api.authorizer",
        stage=told("api.authorizer", of_another_pool),
        fidelity="patched",
    ),
    Fault(
        id="API-13",
        family=_API,
        breaks="the authorizer remembers for an hour",
        promise="api.forgets",
        stage=broken("api.forgets", long_memory),
    ),
    Fault(
        id="API-34",
        family=_API,
        breaks="methods that nobody offers are answered",
        promise="api.refuses",
        stage=visited("api.refuses", _obliging),
    ),
    Fault(
        id="CF-19",
        family=_CDN,
        breaks="the edge takes the query out of requests",
        promise="api.query",
        stage=visited("api.query", queried(lambda _: "")),
    ),
    Fault(
        id="X-CF-11",
        family=_CDN,
        breaks="the edge lets some parameters through and drops the others",
        promise="api.query",
        stage=visited("api.query", queried(_less("limit"))),
    ),
    Fault(
        id="X-CF-12",
        family=_CDN,
        breaks="the edge keeps the first parameter alone",
        promise="api.query",
        stage=visited("api.query", queried(lambda query: query.partition("&")[0])),
    ),
    Fault(
        id="X-CF-13",
        family=_CDN,
        breaks="the edge reads the query and writes it again without its percent signs",
        promise="api.query",
        stage=visited("api.query", queried(unquote)),
    ),
    Fault(
        id="X-CF-14",
        family=_CDN,
        breaks="the edge writes percent signs twice",
        promise="api.query",
        stage=visited("api.query", queried(lambda query: query.replace("%", "%25"))),
    ),
    Fault(
        id="X-B-CF-01",
        kind="benign",
        family=_CDN,
        breaks="the edge sorts the parameters, and nothing else",
        stage=unnoticed(queried(lambda query: "&".join(sorted(query.split("&"))))),
    ),
    Fault(
        id="API-16",
        family=_API,
        breaks="errors come without the headers for other origins",
        promise="api.refusal",
        stage=broken("api.refusal", silent_refusals),
    ),
)
