"""A deployment that fails by itself: a resource that comes into being only while the gate is open."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import CustomResource
from constructs import Construct, IConstruct

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aws_cdk import aws_lambda as lambda_

HANDLER = "checks.doors.hooks.custom_resource"


class ReleaseGate(Construct):
    """Put behind everything that a release changes: when the gate is shut, CloudFormation rolls all of it back.

    `function` runs `HANDLER` of the canary's package, with the canary's role. Another `release` asks the gate again.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        function: lambda_.IFunction,
        release: str,
        behind: Sequence[IConstruct],
    ) -> None:
        super().__init__(scope, construct_id)
        self.resource = CustomResource(
            self,
            "Gate",
            service_token=function.function_arn,
            resource_type="Custom::ReleaseGate",
            properties={"Release": release},
        )
        for each in behind:
            self.resource.node.add_dependency(each)
