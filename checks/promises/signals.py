"""What alarms wait for: whether anybody ever tells the metric that one watches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from functools import partial

from checks import intent
from checks.evidence import Absent, Described, MetricSeen, Signals
from checks.metering import AWS, is_published, meant_by, nearest
from checks.model import Check, Resource, Sight, Target, Verdict, promise
from checks.together import together
from checks.watching import Pairs
from checks.wording import quote, several
from checks.world.ports import World

TOLD = "metrics told"
ALARM, FILTER = "AWS::CloudWatch::Alarm", "AWS::Logs::MetricFilter"
_RINGS = "breaching"
_AT_PEACE = "notBreaching"


@promise(
    "alarms.data",
    says="somebody tells the metric that the alarm watches, or will when there is something to tell",
    severity="warning",
    instrument="aws",
    actions=("cloudwatch:DescribeAlarms", "cloudwatch:ListMetrics"),
)
def data(*, region: str, alarm: str, fed: Pairs, limit: timedelta) -> Sight:
    """Pitfall 77: CloudWatch takes an alarm on a metric that does not exist, and it is silent for ever.

    *fed* are the metrics, as ``(namespace, name)``, that metric filters of the template make. Source: CloudWatch API
    reference, ListMetrics: what had a value within the last two weeks.
    """
    judge = partial(judge_data, alarm=alarm, fed=fed, limit=limit)
    return Sight(look=partial(_look, region=region, alarm=alarm), judge=judge)


def judge_data(seen: Signals | Absent, now: datetime, *, alarm: str, fed: Pairs, limit: timedelta) -> Verdict:
    """What is surely misspelt, and what was not told although it had to be; of a new alarm nothing is expected yet.

    An alarm that rings without data says so itself. Where missing data is peace to it, its metric may be one that is
    told when something happens: then its namespace has to be alive.
    """
    expected = f"somebody tells what alarm {alarm} watches"
    if isinstance(seen, Absent):
        remedy = "deploy the stack again to make the alarm"
        return Verdict.failed(expected=expected, actual=f"there is no alarm {quote(alarm)}", remedy=remedy)
    wrong = list(filter(None, (_slip(each, fed) for each in seen.metrics)))
    lost = [] if seen.missing == _RINGS else [each for each in seen.metrics if _is_lost(each, seen.missing, fed)]
    young = seen.configured is None or now - seen.configured <= limit
    if lost and not young:
        wrong += [f"nobody told {_called(each)} within two weeks" for each in lost]
    if not wrong:
        yet = f"; not told yet: {several(_called(each) for each in lost)}" if lost else ""
        told = sum(each.told for each in seen.metrics)
        return Verdict.passed(expected=expected, actual=f"{told} of {len(seen.metrics)} told within two weeks{yet}")
    remedy = (
        "correct namespace, name and dimensions in the template, and let the code that tells it run once: "
        f"aws cloudwatch list-metrics --namespace '{seen.metrics[0].namespace}' shows what is told"
    )
    return Verdict.failed(expected=expected, actual=several(dict.fromkeys(wrong)), remedy=remedy)


def checks(target: Target, *, silent: timedelta) -> Iterator[Check]:
    """Each alarm that watches more than what AWS is known to publish, and that does not ring without data."""
    for alarm in target.of_type(ALARM):
        said = alarm.properties
        if intent.text(said, "TreatMissingData") != _RINGS and any(
            _is_open(*each) for each in _metrics_of(target, said)
        ):
            arn = target.arn("cloudwatch", alarm.region, f"alarm:{alarm.physical_id}")
            fed = tuple(sorted({each for one in target.of_type(FILTER) for each in _fed_by(one, alarm)}))
            yield data(alarm.place(arn), region=alarm.region, alarm=alarm.physical_id, fed=fed, limit=silent)


def _is_open(namespace: str, metric: str) -> bool:
    known = is_published(namespace, metric)
    slip = namespace.startswith(AWS) and known is None and not meant_by(namespace)
    return not known and not slip


def _metrics_of(target: Target, said: object) -> Iterator[tuple[str, str]]:
    """Namespace and name of each metric; none of those that another account tells."""
    queries = [each for each in intent.items(said, "Metrics") if _is_ours(target, each)]
    for each in (said, *(intent.part(one, "MetricStat", "Metric") for one in queries)):
        namespace, metric = intent.text(each, "Namespace"), intent.text(each, "MetricName")
        if namespace and metric:
            yield namespace, metric


def _is_ours(target: Target, query: object) -> bool:
    return intent.part(query, "AccountId") in {None, target.account}


def _fed_by(one: Resource, alarm: Resource) -> Iterator[tuple[str, str]]:
    if one.region == alarm.region:
        for made in intent.items(one.properties, "MetricTransformations"):
            yield intent.text(made, "MetricNamespace"), intent.text(made, "MetricName")


def _slip(metric: MetricSeen, fed: Pairs) -> str:
    """Why its name is surely wrong; empty for one that was told, that a filter makes, or that may be right."""
    if metric.name in metric.names or (metric.namespace, metric.name) in fed:
        return ""
    if metric.namespace.startswith(AWS):
        known = is_published(metric.namespace, metric.name)
        meant = meant_by(metric.namespace) if known is None and not metric.names else ""
        if known is False:
            return f"{metric.namespace} publishes no {quote(metric.name)}"
        return f"there is no namespace {quote(metric.namespace)}, but {meant}" if meant else ""
    near = nearest(metric.name, (*metric.names, *(name for space, name in fed if space == metric.namespace)))
    return f"nobody tells {_called(metric)}, but {quote(near)}" if near else ""


def _is_lost(metric: MetricSeen, missing: str, fed: Pairs) -> bool:
    """Whether it had to be told by now: itself, or anything at all beside it."""
    if metric.namespace.startswith(AWS) or metric.told or (metric.namespace, metric.name) in fed:
        return False
    alive = bool(metric.names) or metric.namespace in {space for space, _ in fed}
    return missing != _AT_PEACE or not alive


def _called(metric: MetricSeen) -> str:
    along = ", ".join(f"{name}={value}" for name, value in metric.dimensions)
    return quote(f"{metric.namespace}/{metric.name}" + (f" of {along}" if along else ""))


def _look(world: World, *, region: str, alarm: str) -> Signals | Absent:
    """The live alarm, and what its namespaces told lately; what AWS is known to publish is not asked for."""
    found = world.aws.alarm(region, alarm)
    if isinstance(found, Absent):
        return found
    watched = [(found.namespace, found.metric, found.dimensions)] if found.metric else list(found.metrics)
    asked = tuple(dict.fromkeys(space for space, name, _ in watched if _is_open(space, name)))
    answers = together(*(partial(world.aws.described, TOLD, region, each) for each in asked))
    told = {each: dict(one.words) for each, one in zip(asked, answers, strict=True) if isinstance(one, Described)}
    metrics = (_metric(each, told.get(each[0], {})) for each in watched if each[0] in asked)
    return Signals(alarm=alarm, configured=found.configured, missing=found.missing_data, metrics=tuple(metrics))


def _metric(watched: tuple[str, str, Pairs], told: Mapping[str, str]) -> MetricSeen:
    namespace, name, dimensions = watched
    exact = ", ".join(f"{key}={value}" for key, value in sorted(dimensions)) or "nothing"
    return MetricSeen(
        namespace=namespace,
        name=name,
        dimensions=dimensions,
        told=exact in told.get(name, "").split("\n"),
        names=tuple(sorted(told)),
    )


PROMISES = (data,)
