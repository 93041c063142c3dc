"""What an alarm watches, aspect by aspect, in a template and in life; and which resources its dimensions name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from checks import intent
from checks.evidence import AlarmSeen
from checks.model import Resource, Target

Pairs = tuple[tuple[str, str], ...]


def aspects_of(seen: AlarmSeen) -> Pairs:
    """Everything that decides when a live alarm fires, as ``(aspect, value)``."""
    said = [
        ("metric", f"{seen.namespace}/{seen.metric}" if seen.metric else ""),
        ("dimensions", _spelt(seen.dimensions) if seen.metric else ""),
        ("statistic", seen.statistic),
        ("period", "" if seen.period is None else str(seen.period)),
        ("comparison", seen.comparison),
        ("threshold", "" if seen.threshold is None else _number(seen.threshold)),
        ("breaching", f"{seen.datapoints or seen.evaluation_periods} of {seen.evaluation_periods}"),
        ("missing data", seen.missing_data or "missing"),
    ]
    said += [(f"query {name}", text) for name, text in seen.queries]
    return tuple((aspect, value) for aspect, value in said if value)


def intended(alarm: Resource) -> tuple[Pairs, tuple[str, ...]]:
    """The same aspects as far as the template fixes them, and why others are not known."""
    said = alarm.properties
    fixed = [*_simple(said), *_breaching(said), *_missing(said)]
    for each in intent.items(said, "Metrics"):
        fixed += _query(each)
    gaps = tuple(why for key, value in said.items() if key in _ASPECTS for why in intent.gaps(value))
    return tuple((aspect, value) for aspect, value in fixed if value), tuple(dict.fromkeys(gaps))


_ASPECTS = frozenset(
    {
        "ComparisonOperator",
        "DatapointsToAlarm",
        "Dimensions",
        "EvaluationPeriods",
        "ExtendedStatistic",
        "MetricName",
        "Metrics",
        "Namespace",
        "Period",
        "Statistic",
        "Threshold",
        "TreatMissingData",
    }
)


def _simple(said: object) -> Iterator[tuple[str, str]]:
    namespace, metric = intent.text(said, "Namespace"), intent.text(said, "MetricName")
    yield "metric", f"{namespace}/{metric}" if namespace and metric else ""
    if metric and not intent.gaps(said, "Dimensions"):
        yield "dimensions", _spelt(_dimensions(said))
    yield "statistic", intent.text(said, "Statistic") or intent.text(said, "ExtendedStatistic")
    yield "period", intent.text(said, "Period")
    yield "comparison", intent.text(said, "ComparisonOperator")
    yield "threshold", _number(intent.text(said, "Threshold"))


def _breaching(said: object) -> Iterator[tuple[str, str]]:
    periods, points = intent.text(said, "EvaluationPeriods"), intent.text(said, "DatapointsToAlarm")
    if periods and not intent.gaps(said, "DatapointsToAlarm"):
        yield "breaching", f"{points or periods} of {periods}"


def _missing(said: object) -> Iterator[tuple[str, str]]:
    if not intent.gaps(said, "TreatMissingData"):
        yield "missing data", intent.text(said, "TreatMissingData") or "missing"


def _query(said: object) -> Iterator[tuple[str, str]]:
    name, expression = intent.text(said, "Id"), intent.text(said, "Expression")
    metric = intent.part(said, "MetricStat", "Metric")
    named = (intent.text(metric, "Namespace"), intent.text(metric, "MetricName"))
    taken = (intent.text(said, "MetricStat", "Stat"), intent.text(said, "MetricStat", "Period"))
    if name and expression:
        yield f"query {name}", expression
    elif name and all((*named, *taken)) and not intent.gaps(said, "MetricStat"):
        dimensions = "".join(f" {key}={value}" for key, value in _dimensions(metric))
        yield f"query {name}", f"{'/'.join(named)} {'/'.join(taken)}{dimensions}"


def _dimensions(said: object) -> Pairs:
    found = ((intent.text(each, "Name"), intent.text(each, "Value")) for each in intent.items(said, "Dimensions"))
    return tuple(sorted(found))


def _spelt(dimensions: Pairs) -> str:
    return ", ".join(f"{name}={value}" for name, value in sorted(dimensions)) or "none"


def _number(value: float | str) -> str:
    """A number in one spelling, whether it came as 5, 5.0 or "5"; empty for what is none."""
    try:
        return repr(float(value))
    except ValueError:
        return ""


def _api_name(api: Resource) -> str:
    return intent.text(api.properties, "Name") or intent.text(api.properties, "Body", "info", "title")


_NAMES: Mapping[str, tuple[tuple[str, ...], Callable[[Resource], str]]] = {
    "ApiId": (("AWS::ApiGatewayV2::Api",), lambda api: api.physical_id),
    "ApiName": (("AWS::ApiGateway::RestApi",), _api_name),
    "BucketName": (("AWS::S3::Bucket",), lambda bucket: bucket.physical_id),
    "DistributionId": (("AWS::CloudFront::Distribution",), lambda distribution: distribution.physical_id),
    "FunctionName": (("AWS::Lambda::Function", "AWS::Serverless::Function"), lambda function: function.physical_id),
    "HealthCheckId": (("AWS::Route53::HealthCheck",), lambda check: check.physical_id),
    "LogGroupName": (("AWS::Logs::LogGroup",), lambda group: group.physical_id),
    "QueueName": (("AWS::SQS::Queue",), lambda queue: queue.physical_id.rpartition("/")[2]),
    # A rule on a bus of its own is called bus|rule by CloudFormation and rule by the metric.
    "RuleName": (("AWS::Events::Rule",), lambda rule: rule.physical_id.rpartition("|")[2]),
    "TableName": (("AWS::DynamoDB::Table", "AWS::DynamoDB::GlobalTable"), lambda table: table.physical_id),
    "TopicName": (("AWS::SNS::Topic",), lambda topic: topic.physical_id.rpartition(":")[2]),
}
"""Which dimension names resources of which types, and how a metric calls one (CloudWatch's pages per service)."""

# Their metrics exist in us-east-1 alone, wherever the stack is that made them.
GLOBAL = frozenset({"DistributionId", "HealthCheckId"})


def live_subjects(seen: AlarmSeen) -> Pairs:
    """The dimensions of a live alarm whose names stand for resources."""
    every = (*seen.dimensions, *(pair for _, _, dimensions in seen.metrics for pair in dimensions))
    return tuple(sorted({(name, value) for name, value in every if name in _NAMES}))


def known_subjects(target: Target, alarm: Resource) -> tuple[Pairs, tuple[str, ...]] | None:
    """Of the resources that the template's dimensions name: those that live, and the dimensions it leaves open.

    None when no dimension of the template names a resource.
    """
    queries = intent.items(alarm.properties, "Metrics")
    blocks = (alarm.properties, *(intent.part(each, "MetricStat", "Metric") for each in queries))
    declared = {pair for block in blocks for pair in _dimensions(block) if pair[0] in _NAMES}
    if not declared:
        return None
    living = {name: _living(target, name, alarm.region) for name, _ in declared}
    # A value that could not be resolved, or a resource whose name could not, is not held against the alarm.
    unknown = {name for name, value in declared if not value or "" in living[name]}
    known = {(name, value) for name, value in declared if name not in unknown and value in living[name]}
    return tuple(sorted(known)), tuple(sorted(unknown))


def _living(target: Target, dimension: str, region: str) -> frozenset[str]:
    types, called = _NAMES[dimension]
    anywhere = dimension in GLOBAL
    return frozenset(called(each) for each in target.of_type(*types) if anywhere or each.region == region)
