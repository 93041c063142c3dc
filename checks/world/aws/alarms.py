"""What CloudWatch says of alarms, and SNS of the topics that they speak to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Literal

from checks import evidence as seen
from checks.likeness import THERE
from checks.together import together
from checks.world.aws.readers import Found, Read
from checks.world.aws.stacks import utc
from checks.world.aws.wire import Ask, Asking, shaped

ALARMS = Ask(service="cloudwatch", operation="DescribeAlarms", needs=("MetricAlarms",))
TOPIC = Ask(
    service="sns",
    operation="GetTopicAttributes",
    needs=("Attributes",),
    gone=("NotFound", "NotFoundException"),
)
SUBSCRIPTIONS = Ask(
    service="sns",
    operation="ListSubscriptionsByTopic",
    needs=("Subscriptions",),
    gone=("NotFound", "NotFoundException"),
)

# Where nothing was counted there is a label and no point.
COUNTED = Ask(service="cloudwatch", operation="GetMetricStatistics", needs=("Label",))

LISTED = Ask(service="cloudwatch", operation="ListMetrics", needs=("Metrics",))

MOST_NAMES = 100  # CloudWatch API reference, DescribeAlarms: AlarmNames has at most 100 items

_PERIODS = (
    (60, timedelta(hours=23)),
    (3_600, timedelta(days=59)),
    (86_400, timedelta.max),
)

Dimensions = tuple[tuple[str, str], ...]


def alarms(asking: Asking, region: str, names: Sequence[str]) -> Mapping[str, seen.AlarmSeen | seen.Absent]:
    """The metric alarms of these names, a hundred names a call."""
    found: dict[str, seen.AlarmSeen | seen.Absent] = {
        name: seen.Absent(what=f"alarm {name} in {region}") for name in names
    }
    for start in range(0, len(names), MOST_NAMES):
        asked = list(names[start : start + MOST_NAMES])
        for page in asking.pages(ALARMS, region, AlarmNames=asked, AlarmTypes=["MetricAlarm"]):
            for alarm in shaped(ALARMS, region, lambda page=page: [_alarm(one) for one in page["MetricAlarms"]]):  # type: ignore[misc]
                found[alarm.name] = alarm
    return found


def counted(
    asking: Asking, region: str, metric: tuple[str, str], dimensions: Dimensions, span: tuple[datetime, datetime]
) -> int:
    """The sum of a metric over *span*. A service reports nothing where it counted none."""
    since, until = span
    answer = asking.demand(
        COUNTED,
        region,
        Namespace=metric[0],
        MetricName=metric[1],
        Dimensions=[{"Name": name, "Value": value} for name, value in dimensions],
        StartTime=since,
        EndTime=until,
        Period=_period(until - since),
        Statistics=["Sum"],
    )
    return int(shaped(COUNTED, region, lambda: sum(float(one["Sum"]) for one in answer.get("Datapoints", ()))))


def _told(asking: Asking, region: str, namespace: str) -> Found | None:
    """Every metric of *namespace* that had a value lately, by its name: a line for each set of dimensions."""
    pages = asking.pages(LISTED, region, Namespace=namespace)
    listed = [one for page in pages for one in page["Metrics"]]
    found: dict[str, set[str]] = {}
    for name, along in shaped(LISTED, region, lambda: [(one["MetricName"], _along(one)) for one in listed]):
        found.setdefault(name, set()).add(along)
    return THERE, {name: "\n".join(sorted(lines)) for name, lines in found.items()}


def _along(metric: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={value}" for name, value in _dimensions(metric.get("Dimensions", ()))) or "nothing"


READERS: Mapping[str, Read] = {"metrics told": _told}


def _period(span: timedelta) -> int:
    """Seconds of one point, so that AWS still has points that small and gives all of them at once.

    CloudWatch API reference, GetMetricStatistics: 1,440 points at most; those of a minute are kept for fifteen days,
    those of five minutes for sixty-three.
    """
    return next(each for each, most in _PERIODS if span <= most)


def topic(asking: Asking, region: str, arn: str) -> seen.TopicSeen | seen.Absent:
    """One topic and its subscriptions, without their endpoints."""
    absent = seen.Absent(what=f"topic {arn}")
    answer, pages = together(
        partial(asking.call, TOPIC, region, TopicArn=arn),
        lambda: list(asking.beside().pages(SUBSCRIPTIONS, region, TopicArn=arn)),
    )
    if answer is None or not pages:
        return absent
    listed = [one for page in pages for one in page["Subscriptions"]]
    subscriptions = shaped(SUBSCRIPTIONS, region, lambda: _subscriptions(listed))
    policy = str(answer["Attributes"].get("Policy", ""))
    key = str(answer["Attributes"].get("KmsMasterKeyId", ""))
    confirmed = tuple(sorted(one["SubscriptionArn"] for one in listed if one["SubscriptionArn"].startswith("arn:")))
    return seen.TopicSeen(arn=arn, policy=policy, subscriptions=subscriptions, key=key, confirmed=confirmed)


def _alarm(one: Mapping[str, Any]) -> seen.AlarmSeen:
    changed = one.get("StateTransitionedTimestamp") or one.get("StateUpdatedTimestamp")
    configured = one.get("AlarmConfigurationUpdatedTimestamp")
    stats = [query["MetricStat"] for query in one.get("Metrics", ()) if "MetricStat" in query]
    return seen.AlarmSeen(
        name=one["AlarmName"],
        arn=one["AlarmArn"],
        state=one["StateValue"],
        state_changed=utc(changed) if changed else None,
        configured=utc(configured) if configured else None,
        actions_enabled=one["ActionsEnabled"],
        alarm_actions=tuple(one.get("AlarmActions", ())),
        namespace=one.get("Namespace", ""),
        metric=one.get("MetricName", ""),
        dimensions=_dimensions(one.get("Dimensions", ())),
        metrics=tuple(_metric(stat["Metric"]) for stat in stats),
        statistic=one.get("Statistic") or one.get("ExtendedStatistic") or "",
        comparison=one["ComparisonOperator"],
        threshold=one.get("Threshold"),
        # Metric maths has a period for each metric; the slowest decides how often the alarm can change.
        period=one.get("Period") or max((stat["Period"] for stat in stats), default=None),
        evaluation_periods=one["EvaluationPeriods"],
        # CloudWatch API reference, PutMetricAlarm: "missing" where nothing was said.
        missing_data=one.get("TreatMissingData") or "missing",
        datapoints=one.get("DatapointsToAlarm"),
        queries=tuple(_query(query) for query in one.get("Metrics", ())),
    )


def _metric(one: Mapping[str, Any]) -> tuple[str, str, Dimensions]:
    return one.get("Namespace", ""), one["MetricName"], _dimensions(one.get("Dimensions", ()))


def _query(one: Mapping[str, Any]) -> tuple[str, str]:
    if "MetricStat" not in one:
        return one["Id"], one.get("Expression", "")
    stat = one["MetricStat"]
    namespace, metric, dimensions = _metric(stat["Metric"])
    named = "".join(f" {name}={value}" for name, value in dimensions)
    return one["Id"], f"{namespace}/{metric} {stat['Stat']}/{stat['Period']}{named}"


def _dimensions(listed: Iterable[Mapping[str, str]]) -> Dimensions:
    return tuple(sorted((one["Name"], one["Value"]) for one in listed))


def _subscriptions(
    listed: Iterable[Mapping[str, str]],
) -> tuple[tuple[str, Literal["confirmed", "pending"]], ...]:
    found: list[tuple[str, Literal["confirmed", "pending"]]] = []
    for one in listed:
        arn = one["SubscriptionArn"]
        if arn == "Deleted":
            continue  # SNS lists a subscription for some days after it was removed
        found.append((one["Protocol"], "confirmed" if arn.startswith("arn:") else "pending"))
    return tuple(sorted(found))
