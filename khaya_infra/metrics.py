"""What the guide asks CloudWatch for by hand: how often functions and API were called, and what went wrong."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from khaya_infra import live

if TYPE_CHECKING:
    from khaya_infra.arrival import Place
    from khaya_infra.clients import Client

_FUNCTION_METRICS = ("Invocations", "Errors", "Throttles")
_API_METRICS = ("Count", "4XXError", "5XXError")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sum:
    """One metric of one subject, summed up; `value` is None where nothing was published."""

    subject: str
    metric: str
    value: float | None

    def line(self) -> str:
        """As it is shown."""
        shown = "nothing published" if self.value is None else f"{self.value:g}"
        return f"{self.subject:<60} {self.metric:<12} {shown}"


def sums(place: Place, *, since: timedelta) -> list[Sum]:
    """Each function's and the API's sums over the last `since`."""
    outputs, cloudwatch = place.outputs(), place.session.client("cloudwatch")
    functions = live.functions_of(place.session.client("cloudformation"), place.settings.main.name)
    wanted = [("AWS/Lambda", "FunctionName", name, metric) for name in functions for metric in _FUNCTION_METRICS]
    wanted += [("AWS/ApiGateway", "ApiName", outputs["ApiName"], metric) for metric in _API_METRICS]
    return [
        Sum(subject=subject, metric=metric, value=_sum(cloudwatch, space, metric, key, subject, since))
        for space, key, subject, metric in wanted
    ]


def _sum(cloudwatch: Client, space: str, metric: str, key: str, subject: str, since: timedelta) -> float | None:  # noqa: PLR0917 - what names a metric
    now = datetime.now(UTC)
    points = cloudwatch.get_metric_statistics(
        Namespace=space,
        MetricName=metric,
        Dimensions=[{"Name": key, "Value": subject}],
        StartTime=now - since,
        EndTime=now,
        # Whole minutes, no more than CloudWatch gives at once.
        Period=max(60, int(since.total_seconds() // 60)) // 60 * 60,
        Statistics=["Sum"],
    )["Datapoints"]
    return sum(point["Sum"] for point in points) if points else None
