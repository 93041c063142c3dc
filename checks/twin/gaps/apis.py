"""What API Gateway writes down about each request."""

from __future__ import annotations

import contextvars
import json
import re
import time
from collections.abc import Mapping
from datetime import UTC, datetime

from checks.twin.gaps.alarms import look_again
from checks.twin.gaps.patching import Function, Grounds, Untyped, replace, service, store, wrap_handler

_STAGE = "AWS::ApiGateway::Stage"
_METHOD = "AWS::ApiGateway::Method"
_VALIDATOR = "AWS::ApiGateway::RequestValidator"
_VALIDATED = ("ValidateRequestBody", "ValidateRequestParameters")
_VARIABLE = re.compile(r"\$context\.([A-Za-z0-9_:.-]*[A-Za-z0-9_])")
_HANDLED = (
    "api_id", "stage_name", "method", "path", "headers", "body", "query_params", "owner_account_id", "owner_region",
)  # fmt: skip
_EVENT = (
    "api_id", "stage_name", "stage", "resource", "request_path", "method", "headers", "body", "query_params",
    "path_params", "binary_media_types", "authorizer_context", "caller_identity",
)  # fmt: skip
Noted = dict[str, Untyped]

_noted: contextvars.ContextVar[Noted] = contextvars.ContextVar("what_is_noted_of_the_request")


def keep_access_log_settings_of_stacks(_: Grounds) -> None:
    """A stage has the access log that its template declares.

    MiniStack's CloudFormation ignores the property.
    """
    stages = store(service("services.apigateway_v1"), "_stages_v1")

    def with_log(original: Function) -> Function:
        def handle(first: Untyped, *rest: Untyped, **named: Untyped) -> Untyped:
            name, attributes = original(first, *rest, **named)
            # The latest properties are the last dictionary of create(id, props, …) and of update(id, old, new, …).
            props = [each for each in rest if isinstance(each, dict)][-1]
            declared = props.get("AccessLogSetting") or {}
            stages[props["RestApiId"]][name]["accessLogSettings"] = {
                key: declared[word]
                for key, word in (("destinationArn", "DestinationArn"), ("format", "Format"))
                if word in declared
            }
            return name, attributes

        return handle

    wrap_handler(_STAGE, "create", with_log)
    wrap_handler(_STAGE, "update", with_log)


def keep_request_validators_of_stacks(_: Grounds) -> None:
    """A request validator of a stack can be read, and a method of a stack has the one that its template gives it.

    MiniStack's CloudFormation makes up an id for a validator that no API has, and gives methods none.
    """
    apis = service("services.apigateway_v1")
    validators, resources = store(apis, "_request_validators"), store(apis, "_resources")

    def kept(original: Function) -> Function:
        def handle(first: Untyped, *rest: Untyped, **named: Untyped) -> Untyped:
            validator_id, attributes = original(first, *rest, **named)
            props = [each for each in rest if isinstance(each, dict)][-1]
            validators.setdefault(props["RestApiId"], {})[validator_id] = {
                "id": validator_id,
                "name": props.get("Name", ""),
                **{key[0].lower() + key[1:]: str(props.get(key, False)).lower() == "true" for key in _VALIDATED},
            }
            return validator_id, attributes

        return handle

    def given(original: Function) -> Function:
        def handle(first: Untyped, *rest: Untyped, **named: Untyped) -> Untyped:
            made = original(first, *rest, **named)
            props = [each for each in rest if isinstance(each, dict)][-1]
            methods = resources[props["RestApiId"]][props["ResourceId"]]["resourceMethods"]
            methods[props.get("HttpMethod", "ANY")]["requestValidatorId"] = props.get("RequestValidatorId")
            return made

        return handle

    for kind, make in ((_VALIDATOR, kept), (_METHOD, given)):
        wrap_handler(kind, "create", make)
        wrap_handler(kind, "update", make)


def tell_the_state_of_api_names(_: Grounds) -> None:
    """A name that a REST API has of its own says that it is AVAILABLE, from the moment it is made.

    MiniStack leaves its state out, so that it looks like a name that nobody can reach yet.
    """
    apis = service("services.apigateway_v1")
    names = store(apis, "_domain_names")

    def stated(original: Function) -> Function:
        def get(domain_name: str) -> Untyped:
            if domain_name in names:
                names[domain_name].setdefault("domainNameStatus", "AVAILABLE")
            return original(domain_name)

        return get

    replace(apis, "_get_domain_name", ("domain_name",), stated)


def give_a_request_one_id(_: Grounds) -> None:
    """The function, the error bodies and the access log know a request by the same id.

    MiniStack draws another for the function, so that no line of its log leads to the request. What is noted on the
    way is what the access log is written from.
    """
    api = service("services.apigateway_v1")

    def noting(original: Function) -> Function:
        async def execute(request: Noted, *args: Untyped) -> Untyped:
            noted = _noted.get({})
            noted["request"] = request
            response = await original(request, *args)
            noted["error"] = getattr(response, "response_type", None)
            return response

        return execute

    def same(original: Function) -> Function:
        def build(*args: Untyped, **named: Untyped) -> Untyped:
            event, noted = original(*args, **named), _noted.get({})
            if "request" in noted:
                event["requestContext"]["requestId"] = noted["request"]["request_id"]
            noted["context"], noted["integrated"] = event["requestContext"], time.monotonic()
            return event

        return build

    replace(api, "_execute_in_scope", ("request", *_HANDLED), noting)
    replace(api, "_build_lambda_event_v1", _EVENT, same)


def measure_apis(_: Grounds) -> None:
    """AWS/ApiGateway has Count, 4XXError, 5XXError, Latency and IntegrationLatency, by API and by stage.

    MiniStack publishes none, so that an alarm on an API's errors or slowness could never be seen to fire.
    """
    cloudwatch, api = service("services.cloudwatch"), service("services.apigateway_v1")
    apis, record = store(api, "_rest_apis"), store(cloudwatch, "record_metric")

    def measure(api_id: str, stage: str, noted: Noted) -> None:
        counts = {"Count": 1, "4XXError": noted["status"] // 100 == 4, "5XXError": noted["status"] // 100 == 5}  # noqa: PLR2004
        latencies = {"Latency": noted["latency"], "IntegrationLatency": noted.get("integration")}
        for dimensions in ({"ApiName": apis[api_id]["name"]}, {"ApiName": apis[api_id]["name"], "Stage": stage}):
            for name, count in counts.items():
                record("AWS/ApiGateway", name, int(count), "Count", dimensions)
            for name, latency in latencies.items():
                if latency is not None:
                    record("AWS/ApiGateway", name, latency, "Milliseconds", dimensions)
        look_again(cloudwatch)

    _after_each_request(measure)


def write_access_logs(_: Grounds) -> None:
    """Each request of a stage with an access log is one line there, in the declared format.

    MiniStack writes none. Only a group that exists is written to, as on AWS.
    """
    logs, api = service("services.cloudwatch_logs"), service("services.apigateway_v1")
    groups, stages = store(logs, "_log_groups"), store(api, "_stages_v1")

    def write(api_id: str, stage: str, noted: Noted) -> None:
        wished = stages[api_id][stage].get("accessLogSettings") or {}
        _, _, named = str(wished.get("destinationArn") or "").partition(":log-group:")
        group = named.removesuffix(":*")
        if group not in groups or not wished.get("format"):
            return
        stream = f"{api_id}-{stage}"
        logs._create_log_stream({"logGroupName": group, "logStreamName": stream})  # noqa: SLF001
        line = {"timestamp": int(time.time() * 1000), "message": filled(wished["format"], _variables(noted))}
        logs._put_log_events({"logGroupName": group, "logStreamName": stream, "logEvents": [line]})  # noqa: SLF001

    _after_each_request(write)


def filled(line: str, variables: Mapping[str, object]) -> str:
    """An access log's line: every `$context.…` by its value, "-" for what there is none of."""

    def value(match: re.Match[str]) -> str:
        found = variables.get(match[1])
        # Whatever a viewer puts into a path must not end the string that the format puts it in.
        return "-" if found in (None, "") else json.dumps(str(found))[1:-1]

    return _VARIABLE.sub(value, line)


def _after_each_request(then: Function) -> None:
    api = service("services.apigateway_v1")
    apis, stages = store(api, "_rest_apis"), store(api, "_stages_v1")

    def noting(original: Function) -> Function:
        async def handle(api_id: str, stage_name: str, *args: Untyped) -> Untyped:
            began, noted = time.monotonic(), _noted.get(None)
            # One note for both who wait for the request's end.
            noted = {} if noted is None else noted
            before = _noted.set(noted)
            try:
                answer = await original(api_id, stage_name, *args)
                # A request to what does not exist belongs to nobody.
                if api_id in apis and stage_name in stages.get(api_id, {}):
                    then(api_id, stage_name, _summed_up(noted, answer, began, args))
                return answer
            finally:
                _noted.reset(before)

        return handle

    replace(api, "_handle_execute_in_scope", _HANDLED, noting)


def _summed_up(noted: Noted, answer: Untyped, began: float, args: Untyped) -> Noted:
    now = time.monotonic()
    noted.setdefault("latency", round((now - began) * 1000))
    if "integrated" in noted:
        noted.setdefault("integration", round((now - noted["integrated"]) * 1000))
    noted.update(
        status=int(answer[0]), length=len(answer[2] or b""), method=args[0], path=args[1], headers=args[2] or {}
    )
    return noted


def _variables(noted: Noted) -> dict[str, object]:
    request, now = noted["request"], datetime.now(UTC)
    claims = (noted.get("context", {}).get("authorizer") or {}).get("claims") or {}
    sender = str(noted["headers"].get("x-forwarded-for") or "127.0.0.1").partition(",")[0].strip()
    return {
        "requestId": request["request_id"],
        "extendedRequestId": noted.get("context", {}).get("extendedRequestId", request["request_id"]),
        "apiId": request["api_id"],
        "stage": request["stage_name"],
        "requestTime": f"{now:%d/%b/%Y:%H:%M:%S +0000}",
        "requestTimeEpoch": int(now.timestamp() * 1000),
        "identity.sourceIp": sender,
        "identity.userAgent": noted["headers"].get("user-agent"),
        "httpMethod": noted["method"],
        "path": f"/{request['stage_name']}{noted['path']}",
        "resourcePath": request["resource_path"],
        "protocol": "HTTP/1.1",
        "status": noted["status"],
        "responseLength": noted["length"],
        "responseLatency": noted["latency"],
        "integrationLatency": noted.get("integration"),
        "error.responseType": noted.get("error"),
        **{f"authorizer.claims.{name}": claim for name, claim in claims.items()},
    }
