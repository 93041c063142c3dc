"""Lambda functions: each with a role of its own that can do what its code does and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aws_cdk import Duration, RemovalPolicy, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aws_cdk import aws_dynamodb as dynamodb
    from aws_cdk import aws_sqs as sqs

    from khaya_infra.grants import Grants

LOG_RETENTION = logs.RetentionDays.ONE_MONTH
ASYNC_RETRIES = 2
# What everybody calls. Going back to an earlier release is one UpdateAlias call, since published versions are kept.
LIVE = "live"


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much of the machine one invocation may have, and for how many seconds."""

    memory_mb: int
    seconds: int


class ServiceFunction(Construct):
    """One function, its log group and its role. `grant_tables` and `allow` widen the role; `live` is what is called."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        purpose: str,
        handler: str,
        code: lambda_.Code,
        size: Size,
        environment: Mapping[str, str],
        dead_letters: sqs.IQueue | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        self.log_group = logs.LogGroup(
            self,
            "Logs",
            # A name that a person can type: `aws logs tail /KhayaStack/api`.
            log_group_name=f"/{Stack.of(self).stack_name}/{construct_id.lower()}",
            retention=LOG_RETENTION,
            removal_policy=RemovalPolicy.DESTROY,
        )
        self.role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
            description=f"Role of: {purpose}",
        )
        self.log_group.grant_write(self.role)
        self.memory_mb = size.memory_mb
        self.function = self._function(purpose, handler, code, size, environment)
        self.live = self.function.add_alias(LIVE, description=f"{purpose}, as it serves")
        if dead_letters is not None:
            self._keep_failed_events(dead_letters)

    def _function(
        self, purpose: str, handler: str, code: lambda_.Code, size: Size, environment: Mapping[str, str]
    ) -> lambda_.Function:
        return lambda_.Function(
            self,
            "Function",
            description=purpose,
            runtime=lambda_.Runtime.PYTHON_3_13,
            architecture=lambda_.Architecture.ARM_64,
            handler=handler,
            code=code,
            role=self.role,
            memory_size=size.memory_mb,
            timeout=Duration.seconds(size.seconds),
            # What its code counts is this stack's: alarms of two stages in one account hear each its own.
            environment={**environment, "POWERTOOLS_METRICS_NAMESPACE": Stack.of(self).stack_name},
            log_group=self.log_group,
            logging_format=lambda_.LoggingFormat.JSON,
            tracing=lambda_.Tracing.ACTIVE,
            current_version_options=lambda_.VersionOptions(removal_policy=RemovalPolicy.RETAIN),
        )

    def metric_memory(self, period: Duration) -> cloudwatch.Metric:
        """The most megabytes that one invocation used, by the report that Lambda writes into the log of each.

        In a namespace of this stack, since a metric made from a log cannot tell two functions of two stages apart.
        """
        stack, name = Stack.of(self).stack_name, f"{self.node.id}MemoryUsed"
        if self.node.try_find_child("MemoryUsed") is None:
            logs.MetricFilter(
                self,
                "MemoryUsed",
                log_group=self.log_group,
                metric_namespace=stack,
                metric_name=name,
                filter_pattern=logs.FilterPattern.string_value("$.type", "=", "platform.report"),
                metric_value="$.record.metrics.maxMemoryUsedMB",
                unit=cloudwatch.Unit.MEGABYTES,
            )
        return cloudwatch.Metric(namespace=stack, metric_name=name, statistic="Maximum", period=period)

    def _keep_failed_events(self, dead_letters: sqs.IQueue) -> None:
        self.allow("sqs:SendMessage", on=[dead_letters.queue_arn])
        config = lambda_.CfnEventInvokeConfig(
            self,
            "Asynchronous",
            function_name=self.function.function_name,
            qualifier=LIVE,
            maximum_retry_attempts=ASYNC_RETRIES,
            maximum_event_age_in_seconds=int(Duration.hours(2).to_seconds()),
            destination_config=lambda_.CfnEventInvokeConfig.DestinationConfigProperty(
                on_failure=lambda_.CfnEventInvokeConfig.OnFailureProperty(destination=dead_letters.queue_arn)
            ),
        )
        # By name alone CloudFormation would not know that the alias must be there first.
        config.node.add_dependency(self.live)

    def allow(self, *actions: str, on: Sequence[str]) -> None:
        """Allow `actions` on the resources `on`, ARNs."""
        self.role.add_to_principal_policy(iam.PolicyStatement(actions=list(actions), resources=list(on)))

    def grant_tables(self, tables: Mapping[str, dynamodb.Table], grants: Grants) -> None:
        """Allow what `grants` says by noun of `tables`: actions on the table itself, Query on the named indexes."""
        for noun, grant in grants.items():
            arn = tables[noun].table_arn
            if grant.actions:
                self.allow(*(f"dynamodb:{action}" for action in grant.actions), on=[arn])
            if grant.indexes:
                self.allow("dynamodb:Query", on=[f"{arn}/index/{index}" for index in grant.indexes])
