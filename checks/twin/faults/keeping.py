"""Faults of what others stand on: secrets, lifetimes, counters of logs, and what a role may do."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from checks.model import Check
from checks.twin.faults.bench import Bench
from checks.twin.faults.staging import Undo, broken
from checks.twin.faults.words import Fault, Unfit, View

_STACK, _TABLES, _OBS = "Account, IAM, stack", "DynamoDB", "Alarms, logs, SNS"
_GLOBAL = "us-east-1"


def secret_gone(bench: Bench, check: Check) -> Undo:
    """The secret is about to be deleted: nobody can read it any more."""
    secrets, name = bench.aws("secretsmanager", str(check.params["region"])), str(check.params["name"])
    secrets.delete_secret(SecretId=name, RecoveryWindowInDays=7)
    return lambda: secrets.restore_secret(SecretId=name)


def for_ever(bench: Bench, check: Check) -> Undo:
    """Items of the table are never removed."""
    tables, name = bench.aws("dynamodb", str(check.params["region"])), str(check.params["name"])
    attribute = tables.describe_time_to_live(TableName=name)["TimeToLiveDescription"]["AttributeName"]

    def expire(*, on: bool) -> None:
        wanted = {"Enabled": on, "AttributeName": attribute}
        tables.update_time_to_live(TableName=name, TimeToLiveSpecification=wanted)

    expire(on=False)
    return lambda: expire(on=True)


def misread(bench: Bench, check: Check) -> Undo:
    """The pattern that feeds a metric is misspelt: it fits nothing, and the metric stays silent."""
    logs = bench.aws("logs", str(check.params["region"]))
    group, _, name = str(check.params["name"]).partition(" ")
    seen = logs.describe_metric_filters(logGroupName=group, filterNamePrefix=name)["metricFilters"][0]
    kept = {"logGroupName": group, "filterName": name, "metricTransformations": seen["metricTransformations"]}
    logs.put_metric_filter(**kept, filterPattern='{ $.typo = "nothing" }')
    return lambda: logs.put_metric_filter(**kept, filterPattern=seen["filterPattern"])


def _policy_of(bench: Bench, check: Check) -> tuple[Any, str, str, dict[str, Any]]:
    """IAM, the role, the name of its policy and the document."""
    role, _, name = str(check.params["name"]).partition("/")
    people = bench.aws("iam", _GLOBAL)
    document = people.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
    return people, role, name, document if isinstance(document, dict) else json.loads(document)


def may(change_it: Callable[[dict[str, Any]], dict[str, Any]]) -> Callable[[Bench, Check], Undo]:
    """The role may do something else than the template says."""

    def change(bench: Bench, check: Check) -> Undo:
        people, role, name, before = _policy_of(bench, check)

        def put(document: dict[str, Any]) -> None:
            people.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(document))

        put(change_it(before))
        return lambda: put(before)

    return change


def _everything(document: dict[str, Any]) -> dict[str, Any]:
    return {**document, "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


def _reading(document: dict[str, Any]) -> dict[str, Any]:
    """Nothing may be written into tables any more."""
    denied = {
        "Effect": "Deny",
        "Action": ["dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:TransactWriteItems", "dynamodb:BatchWriteItem"],
        "Resource": "*",
    }
    return {**document, "Statement": [*document["Statement"], denied]}


def trusts_anybody(bench: Bench, check: Check) -> Undo:
    """Any account may take the role on."""
    people, role = bench.aws("iam", _GLOBAL), str(check.params["name"])
    before = people.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]
    usual = before if isinstance(before, dict) else json.loads(before)
    anybody = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}

    def put(document: dict[str, Any]) -> None:
        people.update_assume_role_policy(RoleName=role, PolicyDocument=json.dumps(document))

    put({**usual, "Statement": [*usual["Statement"], anybody]})
    return lambda: put(usual)


@contextmanager
def nothing_is_written(bench: Bench) -> Iterator[View]:
    """The API's function may read and not write: it says that it is well, and no job is ever posted."""
    if not bench.walks:
        raise Unfit("the settings describe no journey")
    check = bench.check("roles.policy", "/ApiFunction/Role")
    undo = may(_reading)(bench, check)
    try:
        yield View(named=("journeys.written[*]",), writes=True)
    finally:
        undo()


FAULTS: tuple[Fault, ...] = (
    Fault(
        id="INF-07",
        family=_STACK,
        breaks="a secret is about to be deleted",
        promise="secrets.present",
        stage=broken("secrets.present", secret_gone),
        behind=("api.*",),
    ),
    Fault(
        id="DDB-19",
        family=_TABLES,
        breaks="expiry of items is off",
        promise="tables.lifetime",
        stage=broken("tables.lifetime", for_ever),
    ),
    Fault(
        id="OBS-23",
        family=_OBS,
        breaks="a pattern that feeds an alarm is wrong",
        promise="logs.filter",
        stage=broken("logs.filter", misread),
    ),
    Fault(
        id="X-INF-02",
        family=_STACK,
        breaks="a role may do everything",
        promise="roles.policy",
        stage=broken("roles.policy", may(_everything)),
    ),
    Fault(
        id="X-INF-03",
        family=_STACK,
        breaks="any account may take a role on",
        promise="roles.trusted",
        stage=broken("roles.trusted", trusts_anybody),
    ),
    Fault(
        id="LAM-08",
        family="Lambda",
        breaks="the function may not write any more",
        promise="roles.policy",
        stage=broken("roles.policy", may(_reading), containing="/ApiFunction/Role"),
        behind=("api.deep[*]",),
    ),
    Fault(
        id="HLT-19",
        family="Health endpoint",
        breaks="writing fails while the API says that it is well",
        promise="journeys.written",
        stage=nothing_is_written,
        behind=("roles.policy[*]", "journeys.*", "api.deep[*]"),
    ),
)
