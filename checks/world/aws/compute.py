"""Aliases, versions, mappings and asynchronous calls of Lambda, and the workflows of Step Functions."""

from __future__ import annotations

from collections.abc import Mapping

from checks.spelling import document
from checks.world.aws.readers import NOT_FOUND, Found, Read, inside, reading
from checks.world.aws.wire import Answer, Ask, Asking, shaped

ALIAS = Ask(service="lambda", operation="GetAlias", needs=("Name", "FunctionVersion"), gone=NOT_FOUND)
VERSION = Ask(
    service="lambda", operation="GetFunctionConfiguration", needs=("FunctionName", "CodeSha256"), gone=NOT_FOUND
)
MAPPING = Ask(service="lambda", operation="GetEventSourceMapping", needs=("UUID", "State"), gone=NOT_FOUND)
UNASKED = Ask(service="lambda", operation="GetFunctionEventInvokeConfig", needs=("FunctionArn",), gone=NOT_FOUND)
URL = Ask(service="lambda", operation="GetFunctionUrlConfig", needs=("FunctionUrl", "AuthType"), gone=NOT_FOUND)
MACHINE = Ask(
    service="stepfunctions",
    operation="DescribeStateMachine",
    needs=("stateMachineArn", "status", "definition"),
    gone=("StateMachineDoesNotExist",),
    iam="states:DescribeStateMachine",
)
EXECUTIONS = Ask(
    service="stepfunctions",
    operation="ListExecutions",
    needs=("executions",),
    gone=("StateMachineDoesNotExist",),
    more="nextToken",
    iam="states:ListExecutions",
)
# How many of the newest executions tell how a workflow is doing.
_LATEST = 20


def function_of(arn: object) -> str:
    """``name`` or ``name:alias`` of a function, whether it is given as that or as an ARN."""
    text = str(arn or "")
    return text.split(":function:", 1)[1] if ":function:" in text else text


def _qualified(name: str) -> Mapping[str, object]:
    function, _, qualifier = function_of(name).rpartition(":")
    return {"FunctionName": function, "Qualifier": qualifier}


def _alias(name: str) -> Mapping[str, object]:
    function, _, alias = function_of(name).rpartition(":")
    return {"FunctionName": function, "Name": alias}


def _routing(answer: Answer) -> Mapping[str, object]:
    weights = inside(answer, "RoutingConfig", "AdditionalVersionWeights") or None
    return {"version": answer["FunctionVersion"], "weights": weights or "none"}


def _mapping(answer: Answer) -> Mapping[str, object]:
    return {
        "function": function_of(answer["FunctionArn"]),
        "source": answer.get("EventSourceArn"),
        "batch": answer.get("BatchSize"),
        "bisect": answer.get("BisectBatchOnFunctionError"),
        "retries": answer.get("MaximumRetryAttempts"),
        "age": answer.get("MaximumRecordAgeInSeconds"),
        "failures": inside(answer, "DestinationConfig", "OnFailure", "Destination"),
        "reports": answer.get("FunctionResponseTypes") or None,
        "last": answer.get("LastProcessingResult"),
    }


def _unasked(answer: Answer) -> Mapping[str, object]:
    return {
        "retries": answer.get("MaximumRetryAttempts"),
        "age": answer.get("MaximumEventAgeInSeconds"),
        "failures": inside(answer, "DestinationConfig", "OnFailure", "Destination"),
    }


def _machine(answer: Answer) -> Mapping[str, object]:
    return {
        "type": answer.get("type", "STANDARD"),
        "role": answer.get("roleArn"),
        "definition": document(answer["definition"]),
        "logging": inside(answer, "loggingConfiguration", "level") or "OFF",
        "tracing": bool(inside(answer, "tracingConfiguration", "enabled")),
    }


def _executions(asking: Asking, region: str, name: str) -> Found | None:
    """How many of the newest executions ended how, and how the newest that ended did."""
    answer = asking.call(EXECUTIONS, region, stateMachineArn=name, maxResults=_LATEST)
    if answer is None:
        return None
    ends = shaped(EXECUTIONS, region, lambda: [str(each["status"]) for each in answer["executions"]])
    over = [each for each in ends if each not in {"RUNNING", "PENDING_REDRIVE"}]
    counts = {each.lower(): ends.count(each) for each in sorted(set(ends))}
    return (over[0] if over else "none"), counts


READERS: Mapping[str, Read] = {
    "AWS::Lambda::Alias": reading(ALIAS, _alias, _routing),
    "AWS::Lambda::Version": reading(
        VERSION,
        lambda name: {"FunctionName": name},
        lambda answer: {"code": answer["CodeSha256"]},
        state=lambda answer: str(answer["State"]),
    ),
    "AWS::Lambda::EventSourceMapping": reading(
        MAPPING, lambda name: {"UUID": name}, _mapping, state=lambda answer: str(answer["State"])
    ),
    "AWS::Lambda::EventInvokeConfig": reading(UNASKED, _qualified, _unasked),
    "AWS::Lambda::Url": reading(URL, lambda name: {"FunctionName": name}, lambda answer: {"auth": answer["AuthType"]}),
    "AWS::StepFunctions::StateMachine": reading(
        MACHINE, lambda name: {"stateMachineArn": name}, _machine, state=lambda answer: str(answer["status"])
    ),
    "AWS::StepFunctions::Execution": _executions,
}
