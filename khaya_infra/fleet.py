"""A thousand targets in one night: a map over accounts in S3, within each a map over its targets, and one report."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from aws_cdk import Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

if TYPE_CHECKING:
    from aws_cdk import aws_s3 as s3

# How many accounts side by side, and how many targets of one account: the quotas are an account's own.
ACCOUNTS = 100
PER_ACCOUNT = 4
LOOK, REPORT = "checks.doors.fleet.look", "checks.doors.fleet.report"


class Fleet(Construct):
    """The state machine over `look` and `report`; `listed` is where the lists of targets are."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        look: lambda_.IFunction,
        report: lambda_.IFunction,
        listed: s3.IBucket,
        accounts: int = ACCOUNTS,
        per_account: int = PER_ACCOUNT,
    ) -> None:
        super().__init__(scope, construct_id)
        body = definition(look.function_arn, report.function_arn, accounts=accounts, per_account=per_account)
        self.machine = sfn.StateMachine(
            self,
            "Machine",
            definition_body=sfn.DefinitionBody.from_string(json.dumps(body)),
            timeout=Duration.hours(6),
            tracing_enabled=True,
        )
        for function in (look, report):
            function.grant_invoke(self.machine)
        listed.grant_read(self.machine)
        listed.grant_read_write(look)
        listed.grant_read_write(report)
        # A distributed map starts and follows executions of its own machine.
        self.machine.add_to_role_policy(
            iam.PolicyStatement(actions=["states:StartExecution"], resources=["arn:*:states:*:*:stateMachine:*"])
        )


def definition(look: str, report: str, *, accounts: int = ACCOUNTS, per_account: int = PER_ACCOUNT) -> dict[str, Any]:
    """The machine in Amazon States Language. Its input: `bucket`, `accounts` and `targets` (keys), `run_id`.

    One target that cannot be reached is an answer, not the end; one whose function dies is lost, and reported as that.
    """
    return {
        "StartAt": "Accounts",
        "States": {
            "Accounts": {
                "Type": "Map",
                "MaxConcurrency": accounts,
                # Accounts that fail altogether are told by the report; the night goes on without them.
                "ToleratedFailurePercentage": 100,
                "ItemReader": _reader("$.accounts"),
                "ItemSelector": {
                    "bucket.$": "$.bucket",
                    "run_id.$": "$.run_id",
                    "targets.$": "$$.Map.Item.Value.targets",
                },
                "ItemProcessor": {
                    "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
                    **_account(look, per_account),
                },
                # The answers are in the bucket; what a map carries would not hold them.
                "ResultPath": None,
                "Next": "Report",
            },
            "Report": {
                "Type": "Task",
                "Resource": report,
                "Parameters": {"bucket.$": "$.bucket", "targets.$": "$.targets", "run_id.$": "$.run_id"},
                "End": True,
            },
        },
    }


def _reader(key: str) -> dict[str, Any]:
    return {
        "Resource": "arn:aws:states:::s3:getObject",
        "ReaderConfig": {"InputType": "JSON"},
        "Parameters": {"Bucket.$": "$.bucket", "Key.$": key},
    }


def _account(look: str, per_account: int) -> dict[str, Any]:
    """One account: its targets, a few at a time."""
    retry = {
        "ErrorEquals": ["Lambda.TooManyRequestsException", "Lambda.ServiceException"],
        "IntervalSeconds": 2,
        "MaxAttempts": 4,
        "BackoffRate": 2,
    }
    target = {
        "Type": "Task",
        "Resource": look,
        "Retry": [retry],
        # A function that dies leaves no answer, and the report says so.
        "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": None, "Next": "Lost"}],
        "End": True,
    }
    lost = {"Type": "Pass", "End": True}
    inner = {
        "Type": "Map",
        "ItemsPath": "$.targets",
        "MaxConcurrency": per_account,
        "ItemSelector": {
            "bucket.$": "$.bucket",
            "run_id.$": "$.run_id",
            "target.$": "$$.Map.Item.Value.target",
            "settings.$": "$$.Map.Item.Value.settings",
        },
        "ResultPath": None,
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "INLINE"},
            "StartAt": "Look",
            "States": {"Look": target, "Lost": lost},
        },
        "End": True,
    }
    return {"StartAt": "Targets", "States": {"Targets": inner}}
