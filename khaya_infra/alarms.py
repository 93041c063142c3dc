"""What somebody is told about, and how loudly: one topic wakes people up, the other can wait for the morning."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aws_cdk import Aws, Duration, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aws_cdk import aws_apigateway as apigateway
    from aws_cdk import aws_backup as backup
    from aws_cdk import aws_dynamodb as dynamodb
    from aws_cdk import aws_lambda as lambda_
    from aws_cdk import aws_sqs as sqs

    from khaya_infra.functions import ServiceFunction

FIVE_MINUTES = Duration.minutes(5)
ABOVE = cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD
BELOW = cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD

# What silence means, by kind of metric.
# Counts of what should not happen (errors, throttles, refusals): nothing is sent while it does not.
SPARSE = cloudwatch.TreatMissingData.NOT_BREACHING
# Rates, latencies, ages and depths: there are none while nobody calls and nothing waits, and a quiet night is no fault.
IDLE = cloudwatch.TreatMissingData.NOT_BREACHING
# Signs of life: no data is what something that died looks like.
HEARTBEAT = cloudwatch.TreatMissingData.BREACHING


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """The line an alarm watches: `periods` data points on the wrong side of `threshold` in a row."""

    threshold: float
    missing: cloudwatch.TreatMissingData
    periods: int = 1
    comparison: cloudwatch.ComparisonOperator = ABOVE


@dataclass(frozen=True, slots=True, kw_only=True)
class Slowness:
    """Averages of a function's duration: above `stuck` people are called, above `slow` they read of it tomorrow."""

    slow: Duration
    stuck: Duration


class Alarms(Construct):
    """Topics `page` and `notice`, and the alarms that speak to them. Each `watch` covers one kind of resource."""

    def __init__(self, scope: Construct, construct_id: str, *, page: str, notice: str) -> None:
        super().__init__(scope, construct_id)
        self.page = self._topic("Page", page)
        self.notice = self._topic("Notice", notice)

    def watch_api(self, api: apigateway.RestApi) -> None:
        """Failure and slowness as callers see them. The average of a 0/1 count is its rate."""
        failing = api.deployment_stage.metric_server_error(statistic="Average", period=FIVE_MINUTES)
        refusing = api.deployment_stage.metric_client_error(statistic="Average", period=FIVE_MINUTES)
        slow = api.deployment_stage.metric_latency(statistic="p95", period=FIVE_MINUTES)
        sentence = "More than 1 % of API calls fail on our side"
        self.add("ApiFailing", sentence, failing, Limit(threshold=0.01, missing=IDLE), self.page)
        sentence = "More than 10 % of API calls are refused for 15 minutes"
        self.add("ApiRefusing", sentence, refusing, Limit(threshold=0.10, periods=3, missing=IDLE), self.notice)
        sentence = "The slowest twentieth of API calls takes more than 3 s for 15 minutes"
        self.add("ApiSlow", sentence, slow, Limit(threshold=3000, periods=3, missing=IDLE), self.notice)

    def watch_distribution(self, distribution_id: str) -> None:
        """Failure at the edge, in percent as CloudFront itself counts it, in the one region that it tells."""
        for name, metric, percent, periods, topic in (
            ("EdgeFailing", "5xxErrorRate", 1, 1, self.page),
            ("EdgeRefusing", "4xxErrorRate", 5, 3, self.notice),
        ):
            rate = cloudwatch.Metric(
                namespace="AWS/CloudFront",
                metric_name=metric,
                dimensions_map={"DistributionId": distribution_id, "Region": "Global"},
                statistic="Average",
                period=FIVE_MINUTES,
            )
            lasting = f"for {5 * periods} minutes"
            sentence = f"More than {percent} % of what the edge answers is {metric.removesuffix('ErrorRate')} {lasting}"
            self.add(name, sentence, rate, Limit(threshold=percent, periods=periods, missing=IDLE), topic)

    def watch_function(self, name: str, function: ServiceFunction, slowness: Slowness) -> None:
        """Failing and being refused, being slow, and being about to run out of memory."""
        live = function.function
        throttled = live.metric_throttles(statistic="Sum", period=FIVE_MINUTES)
        lasting = live.metric_duration(statistic="Average", period=FIVE_MINUTES)
        sentence = f"{name} is refused for lack of room"
        self.add(f"{name}Throttled", sentence, throttled, Limit(threshold=0, missing=SPARSE), self.page)
        for suffix, limit, topic in (("Slow", slowness.slow, self.notice), ("Stuck", slowness.stuck, self.page)):
            sentence = f"{name} takes more than {limit.to_seconds():g} s on average"
            line = Limit(threshold=limit.to_milliseconds(), missing=IDLE)
            self.add(f"{name}{suffix}", sentence, lasting, line, topic)
        sentence = f"{name} uses more than 80 % of its memory"
        nearly = Limit(threshold=0.8 * function.memory_mb, missing=IDLE)
        self.add(f"{name}Memory", sentence, function.metric_memory(FIVE_MINUTES), nearly, self.notice)

    def watch_failures(self, name: str, function: lambda_.IFunction, *, but_for: int) -> None:
        """More than 5 % of the calls; up to `but_for` failures within five minutes are no rate of anything."""
        failed = function.metric_errors(statistic="Sum", period=FIVE_MINUTES)
        calls = function.metric_invocations(statistic="Sum", period=FIVE_MINUTES)
        rate = cloudwatch.MathExpression(
            expression=f"IF(failed > {but_for}, 100 * failed / calls, 0)",
            using_metrics={"failed": failed, "calls": calls},
            label="Failures in percent",
            period=FIVE_MINUTES,
        )
        sentence = f"More than 5 % of the calls of {name}, and more than {but_for} of them, failed within 5 minutes"
        self.add(f"{name}Errors", sentence, rate, Limit(threshold=5, missing=SPARSE), self.page)

    def watch_any_failure(self, name: str, function: lambda_.IFunction) -> None:
        """One is enough, for what runs once a day: it is a day's work not done."""
        failed = function.metric_errors(statistic="Sum", period=FIVE_MINUTES)
        sentence = f"A run of {name} failed"
        self.add(f"{name}Errors", sentence, failed, Limit(threshold=0, missing=SPARSE), self.page)

    def watch_sign_in(self) -> None:
        """Codes that nobody would carry, and steps that broke; a refusal of who typed a wrong code is neither.

        By the code's own counts: to Lambda, and in its Errors, every refusal is an error.
        """
        for name, metric, sentence in (
            ("CodesUndelivered", "CodesFailed", "Sign-in codes could not be sent by any way"),
            ("SignInBroken", "SignInErrors", "Steps of sign-in fail on our side"),
        ):
            counted = cloudwatch.Metric(
                namespace=Stack.of(self).stack_name,
                metric_name=metric,
                dimensions_map={"service": "khaya-sign-in"},
                statistic="Sum",
                period=FIVE_MINUTES,
            )
            self.add(name, sentence, counted, Limit(threshold=0, missing=SPARSE), self.page)

    def watch_tables(self, tables: Mapping[str, dynamodb.Table]) -> None:
        """Any throttled read or write, table by table. One alarm over both would cost as much as these two."""
        for noun, table in tables.items():
            for kind in ("Read", "Write"):
                throttled = table.metric(f"{kind}ThrottleEvents", statistic="Sum", period=FIVE_MINUTES)
                sentence = f"{kind}s of {noun} are throttled"
                line = Limit(threshold=0, missing=SPARSE)
                self.add(f"{noun}{kind}Throttled", sentence, throttled, line, self.page)

    def watch_dead_letters(self, queue: sqs.IQueue) -> None:
        """Anything at all in the queue of failed events."""
        waiting = queue.metric_approximate_number_of_messages_visible(statistic="Maximum", period=FIVE_MINUTES)
        self.add(
            "DeadLetters",
            "Work that nobody waits for failed for good and is kept in the queue",
            waiting,
            Limit(threshold=0, missing=IDLE),
            self.page,
        )

    def watch_stream(self, name: str, function: lambda_.IFunction) -> None:
        """More than an hour behind: a record that a batch is stuck at is no error of the function's, only this."""
        behind = function.metric("IteratorAge", statistic="Maximum", period=FIVE_MINUTES)
        self.add(
            f"{name}Behind",
            f"{name} hears of changes more than an hour late",
            behind,
            Limit(threshold=Duration.hours(1).to_milliseconds(), missing=IDLE),
            self.page,
        )

    def watch_daily(self, name: str, what: str, rule: events.Rule, function: lambda_.IFunction) -> None:
        """26 hours without a run that succeeded: one that is a minute later than yesterday's must not fire it."""
        hour = Duration.hours(1)
        succeeded = cloudwatch.MathExpression(
            expression="runs - failures",
            using_metrics={
                "runs": function.metric_invocations(statistic="Sum", period=hour),
                "failures": function.metric_errors(statistic="Sum", period=hour),
            },
            label="Runs that succeeded",
            period=hour,
        )
        undelivered = cloudwatch.Metric(
            namespace="AWS/Events",
            metric_name="FailedInvocations",
            dimensions_map={"RuleName": rule.rule_name},
            statistic="Sum",
            period=FIVE_MINUTES,
        )
        silent = Limit(threshold=1, periods=26, comparison=BELOW, missing=HEARTBEAT)
        self.add(f"{name}Silent", f"{what} has not succeeded for 26 hours", succeeded, silent, self.page)
        sentence = f"The event that starts {what.lower()} did not reach its function"
        self.add(f"{name}Undelivered", sentence, undelivered, Limit(threshold=0, missing=SPARSE), self.page)

    def tell_of_backups(self, vault: backup.IBackupVault) -> None:
        """Backups into `vault` that failed, or were never whole: AWS Backup tells the bus of each, and nobody else.

        By the vault's own notices every good backup would be told as well, a dozen a night.
        """
        rule = events.Rule(
            self,
            "BackupsFailed",
            description="Backups that failed",
            event_pattern=events.EventPattern(
                source=["aws.backup"],
                detail_type=["Backup Job State Change"],
                detail={
                    "state": ["FAILED", "ABORTED", "EXPIRED", "PARTIAL"],
                    "backupVaultName": [vault.backup_vault_name],
                },
            ),
        )
        rule.add_target(targets.SnsTopic(self.notice))

    def _topic(self, name: str, address: str) -> sns.Topic:
        topic = sns.Topic(self, name, enforce_ssl=True)
        # Nothing is sent before somebody has followed the link in the message that asks for it.
        topic.add_subscription(subscriptions.EmailSubscription(address))
        # A topic with a policy of its own loses the default one, which is what lets alarms publish.
        topic.add_to_resource_policy(
            iam.PolicyStatement(
                sid="AlarmsOfThisAccount",
                actions=["sns:Publish"],
                principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
                resources=[topic.topic_arn],
                conditions={"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}},
            )
        )
        return topic

    def add(self, name: str, sentence: str, metric: cloudwatch.IMetric, limit: Limit, topic: sns.Topic) -> None:
        """One alarm that speaks to `topic` when it rings and when it is over."""
        alarm = cloudwatch.Alarm(
            self,
            f"{name}Alarm",
            alarm_description=sentence,
            metric=metric,
            threshold=limit.threshold,
            evaluation_periods=limit.periods,
            datapoints_to_alarm=limit.periods,
            comparison_operator=limit.comparison,
            treat_missing_data=limit.missing,
        )
        action = actions.SnsAction(topic)
        alarm.add_alarm_action(action)
        alarm.add_ok_action(action)
