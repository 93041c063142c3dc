"""One page that shows how the marketplace is doing, for whoever was woken up or is about to deploy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Duration, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aws_cdk import aws_apigateway as apigateway
    from aws_cdk import aws_dynamodb as dynamodb
    from aws_cdk import aws_lambda as lambda_
    from aws_cdk import aws_sqs as sqs

PERIOD = Duration.minutes(5)
DAY = Duration.days(1)
# CloudFront tells its metrics there, wherever its origins are.
EDGE_REGION = "us-east-1"
_FULL = 24
# What each kind of run says of itself (namespace Khaya): service, then its counts.
WORK: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("khaya-tasks", ("JobsScanned", "JobsExpired", "JobsFailed", "DailyTasksSucceeded")),
    ("khaya-upkeep", ("ScoresScanned", "ScoresCorrected", "ScoresFailed", "UpkeepSucceeded")),
    ("khaya-audit", ("ChangesAudited", "ChangesFailed", "BidsSettledLate")),
)


class Board(Construct):
    """A dashboard under the stack's own name; each `show` adds one row."""

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        self.name = Stack.of(self).stack_name
        self._board = cloudwatch.Dashboard(self, "Dashboard", dashboard_name=self.name, default_interval=DAY)

    def show_api(self, api: apigateway.RestApi) -> None:
        """Calls, the share that fails or is refused, and how long they take."""
        stage = api.deployment_stage
        self._row(
            ("API: calls", [stage.metric_count(statistic="Sum", period=PERIOD)]),
            (
                "API: share that fails (5xx) and is refused (4xx)",
                [
                    stage.metric_server_error(statistic="Average", period=PERIOD),
                    stage.metric_client_error(statistic="Average", period=PERIOD),
                ],
            ),
            ("API: latency", [stage.metric_latency(statistic=each, period=PERIOD) for each in ("p50", "p95", "p99")]),
        )

    def show_edge(self, distribution_id: str) -> None:
        """What visitors meet: requests, errors in percent."""
        names = (("Requests", "Sum"), ("5xxErrorRate", "Average"), ("4xxErrorRate", "Average"))
        requests, *errors = (
            cloudwatch.Metric(
                namespace="AWS/CloudFront",
                metric_name=name,
                dimensions_map={"DistributionId": distribution_id, "Region": "Global"},
                statistic=statistic,
                period=PERIOD,
                region=EDGE_REGION,
            )
            for name, statistic in names
        )
        self._row(("Edge: requests", [requests]), ("Edge: errors in percent", errors))

    def show_functions(self, functions: Mapping[str, lambda_.IFunction]) -> None:
        """Calls, failures and durations, a line for each function."""
        kinds = (("Invocations", "Sum"), ("Errors", "Sum"), ("Duration", "p95"))
        self._row(
            *(
                (
                    f"Functions: {kind.lower()}",
                    [each.metric(kind, statistic=how, period=PERIOD, label=name) for name, each in functions.items()],
                )
                for kind, how in kinds
            )
        )

    def show_tables(self, tables: Mapping[str, dynamodb.Table]) -> None:
        """What each table reads and writes, and what it refused."""
        for_kinds = ("ConsumedReadCapacityUnits", "ConsumedWriteCapacityUnits", "ReadThrottleEvents")
        self._row(
            *(
                (
                    f"Tables: {kind}",
                    [each.metric(kind, statistic="Sum", period=PERIOD, label=noun) for noun, each in tables.items()],
                )
                for kind in for_kinds
            )
        )

    def show_work(self, dead_letters: sqs.IQueue) -> None:
        """What the runs that nobody asks for did, day by day, and what of it failed for good."""
        counts = [
            (
                f"Work: {service}",
                [
                    cloudwatch.Metric(
                        namespace=Stack.of(self).stack_name,
                        metric_name=name,
                        dimensions_map={"service": service},
                        statistic="Sum",
                        period=DAY,
                    )
                    for name in names
                ],
            )
            for service, names in WORK
        ]
        waiting = dead_letters.metric_approximate_number_of_messages_visible(statistic="Maximum", period=PERIOD)
        self._row(*counts, ("Work: dead letters", [waiting]))

    def _row(self, *graphs: tuple[str, Sequence[cloudwatch.IMetric]]) -> None:
        width = _FULL // len(graphs)
        self._board.add_widgets(
            *(cloudwatch.GraphWidget(title=title, left=list(metrics), width=width) for title, metrics in graphs)
        )
