"""Faults that somebody made in a console, in a hurry: a check switched off, a lock opened, a listener removed."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from checks.model import Check
from checks.twin.faults.bench import Bench
from checks.twin.faults.between.http import Tamper, Visit
from checks.twin.faults.staging import Undo, at_path, broken, calls, health, said, says, told, visited
from checks.twin.faults.words import Fault, Unfit

_API, _BACKUPS, _TOLD = "API Gateway", "Backup and recovery", "Alarms, logs, SNS"
_GLOBAL = "us-east-1"


def _here(bench: Bench, check: Check, service: str) -> tuple[Any, str]:
    return bench.aws(service, str(check.params["region"])), str(check.params["name"])


def _any_body(bench: Bench, check: Check) -> Undo:
    """The model takes every body."""
    apis, name = _here(bench, check, "apigateway")
    api = str(check.params["api"])
    kept = apis.get_model(restApiId=api, modelName=name)["schema"]

    def put(schema: str) -> None:
        change = {"op": "replace", "path": "/schema", "value": schema}
        apis.update_model(restApiId=api, modelName=name, patchOperations=[change])

    put('{"type": "object"}')
    return lambda: put(kept)


def _unvalidated(bench: Bench, check: Check) -> Undo:
    """Bodies are handed on as they come."""
    apis, name = _here(bench, check, "apigateway")
    api, _, validator = name.partition("/")

    def put(validates: str) -> None:
        change = {"op": "replace", "path": "/validateRequestBody", "value": validates}
        apis.update_request_validator(restApiId=api, requestValidatorId=validator, patchOperations=[change])

    put("false")
    return lambda: put("true")


def _failures_dropped(bench: Bench, check: Check) -> Undo:
    """What fails when nobody waits for it is kept nowhere."""
    functions, name = _here(bench, check, "lambda")
    which = dict(zip(("FunctionName", "Qualifier"), name.split(":"), strict=True))
    before = functions.get_function_event_invoke_config(**which)
    kept = {key: before[key] for key in ("MaximumRetryAttempts", "MaximumEventAgeInSeconds", "DestinationConfig")}
    functions.put_function_event_invoke_config(**which, MaximumRetryAttempts=0)
    return lambda: functions.put_function_event_invoke_config(**which, **kept)


def _unheard(bench: Bench, check: Check) -> Undo:
    """Nobody is told when the budget is spent."""
    budgets = bench.aws("budgets", str(check.params["region"]))
    which = {"AccountId": str(check.params["account"]), "BudgetName": str(check.params["budget"])}
    known = ("NotificationType", "ComparisonOperator", "Threshold", "ThresholdType")
    first = budgets.describe_notifications_for_budget(**which)["Notifications"][0]
    notice = {key: first[key] for key in known if key in first}
    heard = budgets.describe_subscribers_for_notification(**which, Notification=notice)["Subscribers"]
    if not heard:
        raise Unfit("nobody hears of the budget's first mark")
    budgets.delete_notification(**which, Notification=notice)
    return lambda: budgets.create_notification(**which, Notification=notice, Subscribers=heard)


def _unlocked(_bench: Bench, check: Check) -> Tamper:
    """The vault lets recovery points be deleted; the emulator locks, and unlocks never."""
    if not says(check, "locked"):
        raise Unfit("the template locks nothing")
    name = str(check.params["name"])
    return said("backup", f"GET /backup-vaults/{name}", lambda vault: vault.update(Locked=False))


def _unsigned(bench: Bench, check: Check) -> Undo:
    """The edge asks the bucket without saying who it is."""
    edges, name = bench.aws("cloudfront", _GLOBAL), str(check.params["name"])
    kept = edges.get_origin_access_control(Id=name)["OriginAccessControl"]["OriginAccessControlConfig"]

    def put(config: dict[str, Any]) -> None:
        etag = edges.get_origin_access_control(Id=name)["ETag"]
        edges.update_origin_access_control(Id=name, IfMatch=etag, OriginAccessControlConfig=config)

    put({**kept, "SigningBehavior": "never"})
    return lambda: put(kept)


def _one_statement_less(bench: Bench, check: Check) -> Undo:
    """A topic's policy has lost what refuses plain HTTP."""
    held = check.params["holders"]
    arn = str(held[0]) if isinstance(held, tuple) and held else ""
    topics = bench.aws("sns", arn.split(":")[3])
    kept = topics.get_topic_attributes(TopicArn=arn)["Attributes"]["Policy"]
    less = json.loads(kept)
    less["Statement"] = [each for each in less["Statement"] if each["Effect"] != "Deny"]

    def put(policy: str) -> None:
        topics.set_topic_attributes(TopicArn=arn, AttributeName="Policy", AttributeValue=policy)

    put(json.dumps(less))
    return lambda: put(kept)


def _deep(visit: Visit) -> bool:
    return calls(visit) and visit.path.rstrip("/").endswith("/health/deep")


def _version(visit: Visit) -> bool:
    return visit.secure and visit.path == "/version.json"


def _saying(**parts: object) -> Callable[[dict[str, object]], None]:
    return lambda report: report.update(parts)


FAULTS: tuple[Fault, ...] = (
    Fault(
        id="X-CF-10",
        family="CloudFront configuration and routing",
        breaks="the edge asks the bucket without a signature",
        promise="cdn.access_control",
        stage=broken("cdn.access_control", _unsigned),
        behind=("cdn.*", "site.*", "release.*"),
    ),
    Fault(
        id="X-API-04",
        family=_API,
        breaks="a model takes every body",
        promise="api.model",
        stage=broken("api.model", _any_body),
    ),
    Fault(
        id="X-API-05",
        family=_API,
        breaks="bodies are no longer validated",
        promise="api.validator",
        stage=broken("api.validator", _unvalidated),
    ),
    Fault(
        id="X-API-06",
        family=_API,
        breaks="two callers are given one answer, and nothing says that it was kept",
        promise="api.fresh",
        stage=visited("api.fresh", at_path(health, lambda reply: reply.saying(x_amzn_RequestId="one-for-all"))),
    ),
    Fault(
        id="X-HLT-02",
        family="Health endpoint",
        breaks="what somebody else runs for the API is down",
        promise="api.borrowed",
        stage=visited(
            "api.borrowed",
            at_path(_deep, lambda reply: reply.amended(_saying(borrowed={"messages": {"status": "down"}}))),
        ),
    ),
    Fault(
        id="X-REL-01",
        family="SPA / PWA content",
        breaks="the site says that it is of another release than the API",
        promise="release.whole",
        stage=visited(
            "release.whole", at_path(_version, lambda reply: reply.amended(_saying(git_sha="0" * 40, sha="0" * 40)))
        ),
        behind=("release.*",),
    ),
    Fault(
        id="X-LAM-08",
        family="Lambda",
        breaks="what fails unasked is kept nowhere",
        promise="functions.unasked",
        stage=broken("functions.unasked", _failures_dropped),
    ),
    Fault(
        id="BKP-14",
        family=_BACKUPS,
        breaks="recovery points may be deleted",
        promise="backups.vault",
        stage=told("backups.vault", _unlocked),
        fidelity="patched",
        note="the lock was taken off; who may delete by IAM alone is no promise",
    ),
    Fault(
        id="X-OBS-06",
        family=_TOLD,
        breaks="a topic's policy has lost a statement",
        promise="roles.resource_policy",
        stage=broken("roles.resource_policy", _one_statement_less, containing="Alarms/"),
        behind=("topics.*",),
    ),
    Fault(
        id="X-OBS-07",
        family=_TOLD,
        breaks="nobody is told when the budget is spent",
        promise="budgets.heard",
        stage=broken("budgets.heard", _unheard),
    ),
)
