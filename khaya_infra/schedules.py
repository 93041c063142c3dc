"""Work that nobody asks for: the daily tasks, and the queue that keeps what could not be done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Duration
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_sqs as sqs
from constructs import Construct

if TYPE_CHECKING:
    from aws_cdk import aws_lambda as lambda_

# 01:30 in South Africa (UTC+2, no summer time); rules know UTC only.
DAILY_HOUR_UTC = "23"
DAILY_MINUTE = "30"
# An hour later, when the daily tasks have long ended: both read all jobs of one status.
TRUST_HOUR_UTC = "0"


class DeadLetters(Construct):
    """A queue that keeps failed events for a fortnight, long enough for somebody to come back from leave."""

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        self.queue = sqs.Queue(
            self,
            "Queue",
            retention_period=Duration.days(14),
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
        )


class Schedules(Construct):
    """Two rules, each once a day. Delivery is tried for two hours, then the event goes to the dead letters."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        daily: lambda_.IFunction,
        trust: lambda_.IFunction,
        dead_letters: sqs.IQueue,
    ) -> None:
        super().__init__(scope, construct_id)
        self._dead_letters = dead_letters
        self.daily = self._rule("Daily", "Expires old jobs and tidies up, once a day", DAILY_HOUR_UTC, daily)
        self.trust = self._rule("Trust", "Corrects trust scores, once a day", TRUST_HOUR_UTC, trust)

    def _rule(self, name: str, sentence: str, hour: str, function: lambda_.IFunction) -> events.Rule:
        return events.Rule(
            self,
            name,
            description=sentence,
            schedule=events.Schedule.cron(minute=DAILY_MINUTE, hour=hour),
            targets=[
                targets.LambdaFunction(
                    function, dead_letter_queue=self._dead_letters, retry_attempts=2, max_event_age=Duration.hours(2)
                )
            ],
        )
