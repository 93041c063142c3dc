"""The canary's stack: who looks at the marketplace every night, from another region, with evidence of its own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aws_cdk import Aws, CfnOutput, Duration, Environment, RemovalPolicy, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_scheduler as scheduler
from constructs import Construct

from checks.permissions import parts
from khaya_infra.alarms import BELOW, HEARTBEAT, SPARSE, Alarms, Limit
from khaya_infra.schedules import DeadLetters

if TYPE_CHECKING:
    from aws_cdk import aws_sqs as sqs

    from khaya_infra.settings import Settings

# After the daily tasks of 01:30, before anybody gets up.
NIGHTLY = "cron(0 3 * * ? *)"
TIME_ZONE = "Africa/Johannesburg"
# A whole CPU is 1,769 MB; at this size a run is as fast as its network, and costs the least.
MEMORY_MB = 1024
SECONDS = 120
LOCKED = Duration.days(90)
SILENT_HOURS = 26
_HANDLER = "checks.doors.canary.handler"
# EventBridge Scheduler fills these in. Of an event that is delivered twice the time is the same.
_EVENT = {"schedule": "<aws.scheduler.schedule-arn>", "scheduled": "<aws.scheduler.scheduled-time>"}


class CanaryStack(Stack):
    """Evidence, index, topics, function and schedule. `told` holds what `checks canary` wrote, `package` the code."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: Settings,
        told: Path,
        package: Path,
        runtime: str,
        env: Environment,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            env=env,
            description="Looks at the marketplace every night",
            termination_protection=True,
        )
        self.alarms = Alarms(self, "Alarms", page=settings.alarm_address, notice=settings.notice_address)
        self.evidence = Evidence(self, "Evidence")
        dead_letters = DeadLetters(self, "DeadLetters")
        canary = Canary(
            self,
            "Canary",
            stage=settings.stage,
            code=lambda_.Code.from_asset(str(package)),
            runtime=runtime,
            policy=json.loads((told / "policy.json").read_text("utf-8")),
        )
        canary.write_to(self.evidence, self.alarms)
        nightly = Nightly(self, "Nightly", function=canary.function, dead_letters=dead_letters.queue)
        self.alarms.watch_dead_letters(dead_letters.queue)
        watch(self.alarms, stage=settings.stage, function=canary.function)
        self._tell(canary, nightly)

    def _tell(self, canary: Canary, nightly: Nightly) -> None:
        told = {
            "EvidenceBucket": self.evidence.bucket.bucket_name,
            "IndexTable": self.evidence.index.table_name,
            "PageTopic": self.alarms.page.topic_arn,
            "NoticeTopic": self.alarms.notice.topic_arn,
            "CanaryFunction": canary.function.function_name,
            "NightlySchedule": nightly.schedule.ref,
        }
        for name, value in told.items():
            CfnOutput(self, name, value=value)


class Evidence(Construct):
    """Run documents that nobody can rewrite, and an index of them; both stay when the stack goes."""

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        self.bucket = s3.Bucket(
            self,
            "Bucket",
            versioned=True,
            object_lock_enabled=True,
            # Governance: whoever may lift it has to say so, and a rollback does not.
            object_lock_default_retention=s3.ObjectLockRetention.governance(LOCKED),
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            encryption=s3.BucketEncryption.S3_MANAGED,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            removal_policy=RemovalPolicy.RETAIN,
        )
        self.index = dynamodb.Table(
            self,
            "Index",
            partition_key=dynamodb.Attribute(name="pk", type=dynamodb.AttributeType.STRING),
            sort_key=dynamodb.Attribute(name="sk", type=dynamodb.AttributeType.STRING),
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            time_to_live_attribute="expires",
            deletion_protection=True,
            removal_policy=RemovalPolicy.RETAIN,
        )


class Canary(Construct):
    """The function with a role that may do what its plan needs, and write its evidence, and nothing else."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stage: str,
        code: lambda_.Code,
        runtime: str,
        policy: dict[str, Any],
    ) -> None:
        super().__init__(scope, construct_id)
        log_group = logs.LogGroup(
            self,
            "Logs",
            log_group_name=f"/{Stack.of(self).stack_name}/canary",
            retention=logs.RetentionDays.ONE_YEAR,
            removal_policy=RemovalPolicy.RETAIN,
        )
        self.role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
            description="Looks at what the plan names, and writes evidence",
        )
        log_group.grant_write(self.role)
        for number, part in enumerate(parts(policy), start=1):
            iam.ManagedPolicy(self, f"Looks{number}", document=iam.PolicyDocument.from_json(part), roles=[self.role])
        self.function = lambda_.Function(
            self,
            "Function",
            description=f"Looks at {stage} every night",
            runtime=lambda_.Runtime(f"python{runtime}", lambda_.RuntimeFamily.PYTHON),
            architecture=lambda_.Architecture.ARM_64,
            handler=_HANDLER,
            code=code,
            role=self.role,
            memory_size=MEMORY_MB,
            timeout=Duration.seconds(SECONDS),
            # Embedded metrics are read from plain lines alone.
            logging_format=lambda_.LoggingFormat.TEXT,
            log_group=log_group,
            environment={"CHECKS_TARGET": f"{stage}.json", "CHECKS_PLAN": "plan.json"},
        )

    def write_to(self, evidence: Evidence, alarms: Alarms) -> None:
        """Let the function keep its runs in `evidence` and call people through the topics of `alarms`."""
        told = {
            "CHECKS_EVIDENCE": evidence.bucket.bucket_name,
            "CHECKS_INDEX": evidence.index.table_name,
            "CHECKS_PAGE": alarms.page.topic_arn,
            "CHECKS_NOTICE": alarms.notice.topic_arn,
        }
        for name, value in told.items():
            self.function.add_environment(name, value)
        self._allow(("s3:PutObject", "s3:GetObject"), [evidence.bucket.arn_for_objects("runs/*")])
        # What a run leaves on its way is for people: it is never read again.
        self._allow(("s3:PutObject",), [evidence.bucket.arn_for_objects("partial/*")])
        self._allow(("dynamodb:PutItem", "dynamodb:GetItem", "dynamodb:Query"), [evidence.index.table_arn])
        self._allow(("sns:Publish",), [alarms.page.topic_arn, alarms.notice.topic_arn])

    def _allow(self, actions: tuple[str, ...], resources: list[str]) -> None:
        self.role.add_to_principal_policy(iam.PolicyStatement(actions=list(actions), resources=resources))


class Nightly(Construct):
    """The schedule, in the time of the place; what cannot be delivered within an hour goes to the dead letters."""

    def __init__(
        self, scope: Construct, construct_id: str, *, function: lambda_.IFunction, dead_letters: sqs.IQueue
    ) -> None:
        super().__init__(scope, construct_id)
        role = iam.Role(
            self,
            "Role",
            # Another account's schedule must not use this role (the confused deputy).
            assumed_by=iam.ServicePrincipal(
                "scheduler.amazonaws.com", conditions={"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}}
            ),
        )
        function.grant_invoke(role)
        dead_letters.grant_send_messages(role)
        self.schedule = scheduler.CfnSchedule(
            self,
            "Schedule",
            description="The canary, once a night",
            schedule_expression=NIGHTLY,
            schedule_expression_timezone=TIME_ZONE,
            flexible_time_window=scheduler.CfnSchedule.FlexibleTimeWindowProperty(mode="OFF"),
            target=scheduler.CfnSchedule.TargetProperty(
                arn=function.function_arn,
                role_arn=role.role_arn,
                input=json.dumps(_EVENT),
                retry_policy=scheduler.CfnSchedule.RetryPolicyProperty(
                    maximum_event_age_in_seconds=3600, maximum_retry_attempts=5
                ),
                dead_letter_config=scheduler.CfnSchedule.DeadLetterConfigProperty(arn=dead_letters.queue_arn),
            ),
        )


def watch(alarms: Alarms, *, stage: str, function: lambda_.IFunction) -> None:
    """The dead man, and a canary that fails by itself."""
    arrived = cloudwatch.Metric(
        namespace="Checks",
        metric_name="ValidRuns",
        dimensions_map={"Target": stage},
        statistic="Sum",
        period=Duration.hours(1),
    )
    # A run that is a minute later than yesterday's must not ring; no data is what a dead canary looks like.
    silent = Limit(threshold=1, periods=SILENT_HOURS, comparison=BELOW, missing=HEARTBEAT)
    alarms.add("Silent", f"No valid run of the canary for {SILENT_HOURS} hours", arrived, silent, alarms.page)
    failed = function.metric_errors(statistic="Sum", period=Duration.minutes(5))
    alarms.add("Failing", "The canary itself fails", failed, Limit(threshold=0, missing=SPARSE), alarms.notice)
