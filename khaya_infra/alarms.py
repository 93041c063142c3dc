"""What somebody is told about, and how loudly: one topic wakes people up, the other can wait for the morning."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aws_cdk import Aws, Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aws_cdk import aws_apigateway as apigateway
    from aws_cdk import aws_dynamodb as dynamodb
    from aws_cdk import aws_events as events
    from aws_cdk import aws_lambda as lambda_
    from aws_cdk import aws_sqs as sqs

FIVE_MINUTES = Duration.minutes(5)
QUIET = cloudwatch.TreatMissingData.NOT_BREACHING
DEAD = cloudwatch.TreatMissingData.BREACHING
ABOVE = cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD
BELOW = cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """The line an alarm watches: `periods` data points on the wrong side of `threshold` in a row."""

    threshold: float
    periods: int = 1
    comparison: cloudwatch.ComparisonOperator = ABOVE
    # Errors that do not happen send no data, and silence about them is good news.
    missing: cloudwatch.TreatMissingData = QUIET


class Alarms(Construct):
    """Topics `page` and `notice`, and the alarms that speak to them. Each `watch` covers one kind of resource."""

    def __init__(self, scope: Construct, construct_id: str, *, address: str) -> None:
        super().__init__(scope, construct_id)
        self.page = self._topic("Page", address)
        self.notice = self._topic("Notice", address)

    def watch_api(self, api: apigateway.RestApi) -> None:
        """Failure and slowness as callers see them. The average of a 0/1 count is its rate."""
        failing = api.deployment_stage.metric_server_error(statistic="Average", period=FIVE_MINUTES)
        refusing = api.deployment_stage.metric_client_error(statistic="Average", period=FIVE_MINUTES)
        slow = api.deployment_stage.metric_latency(statistic="p95", period=FIVE_MINUTES)
        self._alarm(
            "ApiFailing", "More than 1 % of API calls fail on our side", failing, Limit(threshold=0.01), self.page
        )
        self._alarm(
            "ApiRefusing",
            "More than 10 % of API calls are refused for 15 minutes",
            refusing,
            Limit(threshold=0.10, periods=3),
            self.notice,
        )
        self._alarm(
            "ApiSlow",
            "The slowest twentieth of API calls takes more than 3 s for 15 minutes",
            slow,
            Limit(threshold=3000, periods=3),
            self.notice,
        )

    def watch_function(self, name: str, function: lambda_.IFunction, *, failures: int, slow: Duration) -> None:
        """More than `failures` errors within five minutes, any throttling, and calls that last longer than `slow`."""
        failed = function.metric_errors(statistic="Sum", period=FIVE_MINUTES)
        throttled = function.metric_throttles(statistic="Sum", period=FIVE_MINUTES)
        lasting = function.metric_duration(statistic="Average", period=FIVE_MINUTES)
        self._alarm(
            f"{name}Errors",
            f"More than {failures} calls of {name} failed within 5 minutes",
            failed,
            Limit(threshold=failures),
            self.page,
        )
        self._alarm(f"{name}Throttled", f"{name} is refused for lack of room", throttled, Limit(threshold=0), self.page)
        self._alarm(
            f"{name}Slow",
            f"{name} takes more than {slow.to_seconds():g} s on average",
            lasting,
            Limit(threshold=slow.to_milliseconds()),
            self.notice,
        )

    def watch_sign_in(self) -> None:
        """Codes that nobody would carry, and steps that broke; a refusal of who typed a wrong code is neither.

        By the code's own counts: to Lambda, and in its Errors, every refusal is an error.
        """
        for name, metric, sentence in (
            ("CodesUndelivered", "CodesFailed", "Sign-in codes could not be sent by any way"),
            ("SignInBroken", "SignInErrors", "Steps of sign-in fail on our side"),
        ):
            counted = cloudwatch.Metric(
                namespace="Khaya",
                metric_name=metric,
                dimensions_map={"service": "khaya-sign-in"},
                statistic="Sum",
                period=FIVE_MINUTES,
            )
            self._alarm(name, sentence, counted, Limit(threshold=0), self.page)

    def watch_tables(self, tables: Mapping[str, dynamodb.Table]) -> None:
        """Any throttled read or write, table by table. One alarm over both would cost as much as these two."""
        for noun, table in tables.items():
            for kind in ("Read", "Write"):
                throttled = table.metric(f"{kind}ThrottleEvents", statistic="Sum", period=FIVE_MINUTES)
                sentence = f"{kind}s of {noun} are throttled"
                self._alarm(f"{noun}{kind}Throttled", sentence, throttled, Limit(threshold=0), self.page)

    def watch_dead_letters(self, queue: sqs.IQueue) -> None:
        """Anything at all in the queue of failed events."""
        waiting = queue.metric_approximate_number_of_messages_visible(statistic="Maximum", period=FIVE_MINUTES)
        self._alarm(
            "DeadLetters",
            "Scheduled work failed for good and is kept in the queue",
            waiting,
            Limit(threshold=0),
            self.page,
        )

    def watch_daily(self, rule: events.Rule, function: lambda_.IFunction) -> None:
        """26 hours without a run: a run that is a minute later than yesterday's must not fire it."""
        runs = function.metric_invocations(statistic="Sum", period=Duration.hours(1))
        failed = cloudwatch.Metric(
            namespace="AWS/Events",
            metric_name="FailedInvocations",
            dimensions_map={"RuleName": rule.rule_name},
            statistic="Sum",
            period=FIVE_MINUTES,
        )
        # No data is what a task that died looks like.
        silent = Limit(threshold=1, periods=26, comparison=BELOW, missing=DEAD)
        self._alarm("DailySilent", "The daily tasks have not run for 26 hours", runs, silent, self.page)
        self._alarm(
            "DailyUndelivered", "The daily event did not reach its function", failed, Limit(threshold=0), self.page
        )

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

    def _alarm(self, name: str, sentence: str, metric: cloudwatch.IMetric, limit: Limit, topic: sns.Topic) -> None:
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
