"""Faults that no visitor meets at once: what is offered to origins, kept after a repair, told beside, done twice."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from checks.model import Check
from checks.twin.faults.bench import Bench
from checks.twin.faults.between.http import Onward, Raw, Reply, Visit
from checks.twin.faults.edges import Config, configured
from checks.twin.faults.gateway import stage_of
from checks.twin.faults.staging import Undo, at_path, broken, calls, health, visited
from checks.twin.faults.words import Fault, Unfit

_CDN, _API, _HEADERS = "CloudFront configuration and routing", "API Gateway", "Response security headers"
_GLOBAL = "us-east-1"
_DAY_S = 86_400


def _errors_kept(config: Config) -> None:
    item = {"ErrorCode": 503, "ResponsePagePath": "", "ResponseCode": "", "ErrorCachingMinTTL": _DAY_S}
    config["CustomErrorResponses"] = {"Quantity": 1, "Items": [item]}


def _old_tls(config: Config) -> None:
    custom = [each["CustomOriginConfig"] for each in config["Origins"]["Items"] if each.get("CustomOriginConfig")]
    if not custom:
        raise Unfit("the distribution has no origin but buckets")
    for each in custom:
        each["OriginSslProtocols"] = {"Quantity": 2, "Items": ["TLSv1", "TLSv1.2"]}


def _addresses_of_its_own(config: Config) -> None:
    config["ViewerCertificate"]["SSLSupportMethod"] = "vip"


def _telling(reply: Reply) -> Reply:
    """What a handler answers that prints its environment to find out what is wrong."""
    inside = {"AWS_SECRET_ACCESS_KEY": "rehearsed", "LAMBDA_TASK_ROOT": "/var/task"}
    return reply.amended(lambda report: report.update(environment=inside))


def _beyond(visit: Visit) -> bool:
    """What is asked of the API, or is not there."""
    return calls(visit) or (visit.secure and "nobody-made-this" in visit.path)


def _nobody_made(visit: Visit, onward: Onward) -> Reply | Raw:
    """A read-only edge: what changes something is refused by a page before it comes to the API."""
    if calls(visit) and visit.method not in {"GET", "HEAD", "OPTIONS"}:
        page = b"<html><h1>403 ERROR</h1>This distribution does not allow the HTTP request method.</html>"
        return Reply(
            status=403, headers=(("Content-Type", "text/html"), ("X-Cache", "Error from cloudfront")), body=page
        )
    return onward(visit)


def _held(bench: Bench, check: Check) -> Undo:
    """The table may be read once a second."""
    tables = bench.aws("dynamodb", str(check.params["region"]))
    name = str(check.params["table"])

    def hold(units: int) -> None:
        tables.update_table(TableName=name, OnDemandThroughput={"MaxReadRequestUnits": units})

    hold(1)
    return lambda: hold(-1)


def _twice(bench: Bench, check: Check) -> Undo:
    """Somebody's own rule calls what the template's calls."""
    rules = bench.aws("events", str(check.params["region"]))
    rules.put_rule(Name="rehearsed-by-hand", ScheduleExpression="rate(1 day)", State="ENABLED")
    rules.put_targets(Rule="rehearsed-by-hand", Targets=[{"Id": "A", "Arn": str(check.params["callee"])}])

    def back() -> None:
        rules.remove_targets(Rule="rehearsed-by-hand", Ids=["A"])
        rules.delete_rule(Name="rehearsed-by-hand")

    return back


def _variable(bench: Bench, _check: Check) -> Undo:
    """The stage has a variable that leads its integrations elsewhere."""
    apis, api, name = stage_of(bench)

    def patch(operation: str, **value: str) -> None:
        change = {"op": operation, "path": "/variables/alias", **value}
        apis.update_stage(restApiId=api, stageName=name, patchOperations=[change])

    patch("replace", value="previous")
    return lambda: patch("remove")


def _functions_code(bench: Bench, check: Check) -> Undo:
    """A function of the edge was edited in the console and published."""
    edges, name = bench.aws("cloudfront", _GLOBAL), str(check.params["name"]).rpartition("/")[2]
    kept = edges.get_function(Name=name, Stage="LIVE")["FunctionCode"].read()
    config = edges.describe_function(Name=name, Stage="LIVE")["FunctionSummary"]["FunctionConfig"]

    def draft() -> str:
        return str(edges.describe_function(Name=name, Stage="DEVELOPMENT")["ETag"])

    def publish(code: bytes) -> None:
        edges.update_function(Name=name, IfMatch=draft(), FunctionConfig=config, FunctionCode=code)
        edges.publish_function(Name=name, IfMatch=draft())

    publish(kept + b"\n// tried out by hand\n")
    return lambda: publish(kept)


def _policy(change: Callable[[Config], object]) -> Callable[[Bench, Check], Undo]:
    """A response headers policy is another."""

    def make(bench: Bench, check: Check) -> Undo:
        edges, name = bench.aws("cloudfront", _GLOBAL), str(check.params["name"])
        before = edges.get_response_headers_policy(Id=name)
        kept = before["ResponseHeadersPolicy"]["ResponseHeadersPolicyConfig"]
        other = json.loads(json.dumps(kept))
        change(other)

        def put(config: Config) -> None:
            etag = edges.get_response_headers_policy(Id=name)["ETag"]
            edges.update_response_headers_policy(Id=name, IfMatch=etag, ResponseHeadersPolicyConfig=config)

        put(other)
        return lambda: put(kept)

    return make


def _short_hsts(config: Config) -> None:
    config["SecurityHeadersConfig"]["StrictTransportSecurity"]["AccessControlMaxAgeSec"] = 300


def _board(bench: Bench, check: Check) -> Undo:
    """Somebody saved the dashboard without most of it."""
    boards, name = bench.aws("cloudwatch", str(check.params["region"])), str(check.params["name"])
    kept = boards.get_dashboard(DashboardName=name)["DashboardBody"]
    boards.put_dashboard(DashboardName=name, DashboardBody=json.dumps({"widgets": []}))
    return lambda: boards.put_dashboard(DashboardName=name, DashboardBody=kept)


def _open_topic(bench: Bench, check: Check) -> Undo:
    """Everybody may subscribe to what we are told."""
    topics, arn = bench.aws("sns", str(check.params["region"])), str(check.params["topic"])
    kept = topics.get_topic_attributes(TopicArn=arn)["Attributes"]["Policy"]
    opened: dict[str, Any] = json.loads(kept)
    opened["Statement"].append(
        {"Sid": "Rehearsed", "Effect": "Allow", "Principal": "*", "Action": "sns:Subscribe", "Resource": arn}
    )

    def put(policy: str) -> None:
        topics.set_topic_attributes(TopicArn=arn, AttributeName="Policy", AttributeValue=policy)

    put(json.dumps(opened))
    return lambda: put(kept)


FAULTS: tuple[Fault, ...] = (
    Fault(
        id="CF-26",
        family=_CDN,
        breaks="errors are kept for a day",
        promise="cdn.error_lifetime",
        stage=broken("cdn.error_lifetime", configured(_errors_kept)),
    ),
    Fault(
        id="CF-35",
        family=_CDN,
        breaks="old TLS towards the origin",
        promise="cdn.origin_tls",
        stage=broken("cdn.origin_tls", configured(_old_tls)),
    ),
    Fault(
        id="CF-40",
        family=_CDN,
        breaks="an address of its own instead of SNI",
        promise="cdn.sni",
        stage=broken("cdn.sni", configured(_addresses_of_its_own)),
    ),
    Fault(
        id="X-CF-09",
        family=_CDN,
        breaks="a function of the edge was edited by hand",
        promise="cdn.function",
        stage=broken("cdn.function", _functions_code),
        behind=("cdn.*", "site.*", "api.*"),
    ),
    Fault(
        id="X-HDR-03",
        family=_HEADERS,
        breaks="the policy of headers lets HSTS end after five minutes",
        promise="cdn.headers_policy",
        stage=broken("cdn.headers_policy", _policy(_short_hsts)),
        behind=("cdn.headers[*]", "cdn.protected[*]"),
    ),
    Fault(
        id="HDR-08",
        family=_HEADERS,
        breaks="headers protect the front page alone",
        promise="cdn.protected",
        stage=visited(
            "cdn.protected",
            at_path(_beyond, lambda reply: reply.without("strict-transport-security", "x-content-type-options")),
        ),
    ),
    Fault(
        id="HLT-20",
        family="Health endpoint",
        breaks="the health answer tells the environment",
        promise="api.discreet",
        stage=visited("api.discreet", at_path(health, _telling)),
    ),
    Fault(
        id="X-API-03",
        family=_API,
        breaks="the edge lets nobody change anything",
        promise="api.methods",
        stage=visited("api.methods", _nobody_made),
        behind=("api.cors[*]", "api.foreign[*]"),
    ),
    Fault(
        id="API-30",
        family=_API,
        breaks="a stage variable is wrong",
        promise="api.stage",
        stage=broken("api.stage", _variable),
        behind=("api.*",),
    ),
    Fault(
        id="DDB-25",
        family="DynamoDB",
        breaks="the table's throughput is held to one",
        promise="tables.ceiling",
        stage=broken("tables.ceiling", _held),
    ),
    Fault(
        id="EVT-14",
        family="EventBridge schedules",
        breaks="two rules call the same",
        promise="schedules.alone",
        stage=broken("schedules.alone", _twice),
    ),
    Fault(
        id="X-OBS-04",
        family="Alarms, logs, SNS",
        breaks="everybody may subscribe to what we are told",
        promise="topics.private",
        stage=broken("topics.private", _open_topic),
        behind=("topics.tls_only[*]", "roles.resource_policy[*]"),
    ),
    Fault(
        id="X-OBS-05",
        family="Alarms, logs, SNS",
        breaks="the dashboard was saved without most of it",
        promise="dashboards.shows",
        stage=broken("dashboards.shows", _board),
    ),
)
