"""Who has something to do hears of it, once a day: the function, what it may do, and when it is called."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Duration
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from constructs import Construct

from khaya_infra.functions import ServiceFunction, Size
from khaya_infra.grants import Grant
from khaya_infra.signin import let_send, told

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aws_cdk import aws_cognito as cognito
    from aws_cdk import aws_dynamodb as dynamodb
    from aws_cdk import aws_lambda as lambda_
    from aws_cdk import aws_sqs as sqs

    from khaya_infra.grants import Grants
    from khaya_infra.settings import Carriers

# 09:30 in South Africa (UTC+2, no summer time): phones ring, so by daylight.
HOUR_UTC, MINUTE = "7", "30"
SIZE = Size(memory_mb=512, seconds=300)

TABLES: Grants = {
    "Jobs": Grant(actions=("GetItem", "PutItem"), indexes=("StatusIndex",)),
    "Bids": Grant(indexes=("JobIndex",)),
    "Reviews": Grant(actions=("GetItem",)),
    "Users": Grant(actions=("GetItem", "UpdateItem"), indexes=("EmailIndex",)),
    "Profiles": Grant(actions=("GetItem",)),
    "Referrals": Grant(actions=("GetItem", "PutItem")),
}


class Notices(Construct):
    """`function` tells people what waits for them; `rule` calls it. What fails for good is in the dead letters."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        code: lambda_.Code,
        environment: Mapping[str, str],
        tables: Mapping[str, dynamodb.Table],
        pool: cognito.UserPool,
        carriers: Carriers,
        dead_letters: sqs.IQueue,
    ) -> None:
        super().__init__(scope, construct_id)
        self.function = ServiceFunction(
            self,
            "NoticeFunction",
            purpose="Tells people what waits for them, once a day",
            handler="khaya_api.notices.handler",
            code=code,
            size=SIZE,
            environment={**environment, "USER_POOL_ID": pool.user_pool_id, **_ways(carriers)},
            dead_letters=dead_letters,
        )
        self.function.grant_tables(tables, TABLES)
        self.function.allow("cognito-idp:AdminListGroupsForUser", on=[pool.user_pool_arn])
        let_send(self.function, carriers)
        self.rule = self._rule(dead_letters)

    def _rule(self, dead_letters: sqs.IQueue) -> events.Rule:
        target = targets.LambdaFunction(
            self.function.live, dead_letter_queue=dead_letters, retry_attempts=2, max_event_age=Duration.hours(2)
        )
        schedule = events.Schedule.cron(minute=MINUTE, hour=HOUR_UTC)
        sentence = "Tells people what waits for them, once a day"
        return events.Rule(self, "Rule", description=sentence, schedule=schedule, targets=[target])


def _ways(carriers: Carriers) -> dict[str, str]:
    """As for codes, but for the text that carries one: notices have texts of their own."""
    return {name: value for name, value in told(carriers).items() if name != "WHATSAPP_TEMPLATE"}
