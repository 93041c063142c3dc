"""A shop of one table, and a gate behind it in the same stack: `python -m tests.deployed.gated_shop` for the CDK CLI.

Its context: `release`, `recovery` (yes or no), and once there is a plan `told`, the folder that `checks canary` wrote.
Without it the shop stands alone, since a policy follows from what is deployed.
"""

from __future__ import annotations

import json
from pathlib import Path

from aws_cdk import App, CfnOutput, Duration, Environment, RemovalPolicy, Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_

from checks.permissions import parts
from khaya_infra.canary_package import build_canary, runtime
from khaya_infra.release_gate import HANDLER, ReleaseGate

WHERE = Environment(account="000000000000", region="eu-west-1")


class Keeper(Stack):
    """The function that is asked, of the canary's package, with the role that its plan needs."""

    def __init__(self, app: App, *, told: Path) -> None:
        super().__init__(app, "ShopGate", env=WHERE)
        self.function = lambda_.Function(
            self,
            "Gate",
            runtime=lambda_.Runtime(f"python{runtime()}", lambda_.RuntimeFamily.PYTHON),
            handler=HANDLER,
            code=lambda_.Code.from_asset(str(build_canary(told))),
            memory_size=1024,
            timeout=Duration.seconds(120),
            environment={"CHECKS_TARGET": "shop.json", "CHECKS_PLAN": "plan.json"},
        )
        assert self.function.role is not None
        policy = json.loads((told / "policy.json").read_text("utf-8"))
        for number, part in enumerate(parts(policy), start=1):
            document = iam.PolicyDocument.from_json(part)
            iam.ManagedPolicy(self, f"Looks{number}", document=document, roles=[self.function.role])


class Shop(Stack):
    """One table; behind it the gate, where there is one."""

    def __init__(self, app: App, *, release: str, recovery: bool, keeper: Keeper | None) -> None:
        super().__init__(app, "Shop", env=WHERE)
        orders = dynamodb.Table(
            self,
            "Orders",
            partition_key=dynamodb.Attribute(name="id", type=dynamodb.AttributeType.STRING),
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            deletion_protection=True,
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=recovery
            ),
            removal_policy=RemovalPolicy.RETAIN,
        )
        CfnOutput(self, "Release", value=release)
        if keeper is not None:
            ReleaseGate(self, "ReleaseGate", function=keeper.function, release=release, behind=[orders])


def main() -> None:
    """Synthesise what the context asks for."""
    app = App()
    told = app.node.try_get_context("told")
    keeper = Keeper(app, told=Path(told)) if told else None
    recovery = app.node.try_get_context("recovery") != "no"
    Shop(app, release=app.node.try_get_context("release"), recovery=recovery, keeper=keeper)
    app.synth()


if __name__ == "__main__":
    main()
