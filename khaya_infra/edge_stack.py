"""The edge's own stack: what CloudFront reports in one region alone, wherever its origins are.

It knows the distribution by id, so it is made after the main stack; what costs money is watched from here as well,
because the service that does so is at home in this region.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import ArnFormat, Aws, CfnOutput, Duration, Environment, Stack
from aws_cdk import aws_budgets as budgets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from constructs import Construct

from khaya_infra.alarms import Alarms
from khaya_infra.keeping import forget_after, private_bucket

if TYPE_CHECKING:
    from aws_cdk import aws_s3 as s3

    from khaya_infra.settings import Settings

VISITS_KEPT = Duration.days(90)
MONTHLY_RAND = 500
# Budgets are kept in the currency of the bill. Rounded up, so that the limit is rather met early than late.
RAND_PER_DOLLAR = 20
# In percent of the limit: kind of figure, share.
_WARNINGS: tuple[tuple[str, int], ...] = (("ACTUAL", 80), ("ACTUAL", 100), ("FORECASTED", 100))


class EdgeStack(Stack):
    """Alarms on the distribution, the log of its visits, and the budget."""

    def __init__(
        self, scope: Construct, construct_id: str, *, settings: Settings, distribution_id: str, env: Environment
    ) -> None:
        super().__init__(scope, construct_id, env=env, termination_protection=True)
        alarms = Alarms(self, "Alarms", page=settings.alarm_address, notice=settings.notice_address)
        alarms.watch_distribution(distribution_id)
        self.visits = Visits(self, "Visits", distribution_id=distribution_id)
        self._budget(settings.notice_address)
        CfnOutput(self, "VisitsBucket", value=self.visits.bucket.bucket_name)

    def _budget(self, address: str) -> None:
        budget = budgets.CfnBudget
        subscriber = budget.SubscriberProperty(address=address, subscription_type="EMAIL")
        budget(
            self,
            "Budget",
            # Of the whole account: a cost that no tag claims is paid all the same.
            budget=budget.BudgetDataProperty(
                budget_type="COST",
                time_unit="MONTHLY",
                budget_limit=budget.SpendProperty(amount=MONTHLY_RAND / RAND_PER_DOLLAR, unit="USD"),
            ),
            notifications_with_subscribers=[
                budget.NotificationWithSubscribersProperty(
                    notification=budget.NotificationProperty(
                        comparison_operator="GREATER_THAN",
                        notification_type=kind,
                        threshold=percent,
                        threshold_type="PERCENTAGE",
                    ),
                    subscribers=[subscriber],
                )
                for kind, percent in _WARNINGS
            ],
        )


class Visits(Construct):
    """The distribution's access log, as JSON, in a bucket of this region.

    The older way of logging does not deliver into buckets of regions that are opted into, such as the main stack's.
    """

    def __init__(self, scope: Construct, construct_id: str, *, distribution_id: str) -> None:
        super().__init__(scope, construct_id)
        stack = Stack.of(self)
        self.bucket = private_bucket(self, "Bucket", rules=[forget_after(VISITS_KEPT)], access_logs=None)
        source = logs.CfnDeliverySource(
            self,
            "Source",
            name=f"{stack.stack_name}-visits",
            log_type="ACCESS_LOGS",
            resource_arn=stack.format_arn(
                service="cloudfront", region="", resource="distribution", resource_name=distribution_id
            ),
        )
        destination = logs.CfnDeliveryDestination(
            self,
            "Destination",
            name=f"{stack.stack_name}-visits",
            destination_resource_arn=self.bucket.bucket_arn,
            output_format="json",
        )
        delivery = logs.CfnDelivery(
            self, "Delivery", delivery_source_name=source.name, delivery_destination_arn=destination.attr_arn
        )
        delivery.node.add_dependency(source)
        self._let_in(stack, self.bucket)

    def _let_in(self, stack: Stack, bucket: s3.Bucket) -> None:
        """AWS: CloudFront developer guide, "Standard logging (v2)": without these the delivery is refused when made."""
        sources = stack.format_arn(
            service="logs",
            resource="delivery-source",
            resource_name=f"{stack.stack_name}-visits",
            arn_format=ArnFormat.COLON_RESOURCE_NAME,
        )
        bucket.add_to_resource_policy(
            iam.PolicyStatement(
                sid="TheEdgeWritesItsLog",
                principals=[iam.ServicePrincipal("delivery.logs.amazonaws.com")],
                actions=["s3:PutObject"],
                resources=[bucket.arn_for_objects(f"AWSLogs/{Aws.ACCOUNT_ID}/*")],
                conditions={
                    "StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID, "s3:x-amz-acl": "bucket-owner-full-control"},
                    "ArnLike": {"aws:SourceArn": sources},
                },
            )
        )
