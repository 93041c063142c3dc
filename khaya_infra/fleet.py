"""A thousand targets in one night: a map over accounts in S3, within each a map over its targets, and one report.

As a CDK application of its own: `cdk deploy --app "python -m khaya_infra.fleet"`, with `--context role=NAME` for the
role that each target's account has for it (`ChecksFleet`).
"""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

from aws_cdk import App, Aws, CfnOutput, Duration, Environment, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from khaya_infra.canary import MEMORY_MB, SECONDS
from khaya_infra.canary_package import build_canary, runtime

# How many accounts side by side, and how many targets of one account: the quotas are an account's own.
ACCOUNTS = 100
PER_ACCOUNT = 4
ROLE = "ChecksFleet"
_HANDLERS = (("Look", "checks.doors.fleet.look"), ("Report", "checks.doors.fleet.report"))


class FleetStack(Stack):
    """A bucket for lists and answers, the two functions, and the machine. Who is looked at trusts `LookRole`.

    `package` is the canary's; a target's own account has a role called `role` with the policy that its plan needs.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, package: Path, runtime: str, role: str, env: Environment
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            env=env,
            description="Looks at many targets in one night",
            termination_protection=True,
        )
        bucket = s3.Bucket(
            self,
            "Bucket",
            versioned=True,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            encryption=s3.BucketEncryption.S3_MANAGED,
            enforce_ssl=True,
            removal_policy=RemovalPolicy.RETAIN,
        )
        code = lambda_.Code.from_asset(str(package))
        look, report = (self._function(name, handler, code, runtime) for name, handler in _HANDLERS)
        anywhere = f"arn:{Aws.PARTITION}:iam::*:role/{role}"
        look.add_to_role_policy(iam.PolicyStatement(actions=["sts:AssumeRole"], resources=[anywhere]))
        fleet = Fleet(self, "Fleet", look=look, report=report, listed=bucket)
        told = {"Bucket": bucket.bucket_name, "Machine": fleet.machine.state_machine_arn}
        for name, value in {**told, "LookRole": str(look.role and look.role.role_arn)}.items():
            CfnOutput(self, f"{name}Told", value=value).override_logical_id(f"{name}Is")

    def _function(self, name: str, handler: str, code: lambda_.Code, runtime: str) -> lambda_.Function:
        return lambda_.Function(
            self,
            name,
            runtime=lambda_.Runtime(f"python{runtime}", lambda_.RuntimeFamily.PYTHON),
            architecture=lambda_.Architecture.ARM_64,
            handler=handler,
            code=code,
            memory_size=MEMORY_MB,
            timeout=Duration.seconds(SECONDS),
            logging_format=lambda_.LoggingFormat.TEXT,
        )


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
        # By name, since a machine that names itself in its own policy waits for itself.
        name = f"{Stack.of(self).stack_name}-{construct_id}"
        self.machine = sfn.StateMachine(
            self,
            "Machine",
            state_machine_name=name,
            definition_body=sfn.DefinitionBody.from_string(json.dumps(body)),
            timeout=Duration.hours(6),
            tracing_enabled=True,
        )
        for function in (look, report):
            function.grant_invoke(self.machine)
            listed.grant_read_write(function)
        listed.grant_read(self.machine)
        # A distributed map starts, follows and stops executions of its own machine (Step Functions Developer Guide).
        states = f"arn:{Aws.PARTITION}:states:{Aws.REGION}:{Aws.ACCOUNT_ID}"
        for actions, resource in (
            (["states:StartExecution"], f"{states}:stateMachine:{name}"),
            (["states:DescribeExecution", "states:StopExecution"], f"{states}:execution:{name}/*"),
        ):
            self.machine.add_to_role_policy(iam.PolicyStatement(actions=actions, resources=[resource]))


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


def main() -> None:
    """Synthesise the fleet's stack for the CDK CLI."""
    app = App()
    # Settings come with each target, so the package takes nothing along.
    with tempfile.TemporaryDirectory() as nothing:
        package = build_canary(Path(nothing))
    FleetStack(
        app,
        "ChecksFleet",
        package=package,
        runtime=runtime(),
        role=str(app.node.try_get_context("role") or ROLE),
        env=Environment(account=os.environ.get("CDK_DEFAULT_ACCOUNT"), region=os.environ.get("CDK_DEFAULT_REGION")),
    )
    app.synth()


if __name__ == "__main__":
    main()
