"""What CloudWatch says about its alarms."""

from __future__ import annotations

import operator
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from itertools import takewhile

from checks.twin.gaps import maths
from checks.twin.gaps.patching import Function, Grounds, Untyped, replace, service, store

# How long a state that was set by hand stays; CloudWatch evaluates again within a minute.
_HELD_S = 20.0
_PAUSE_S = 0.5
# More points than the tests of a deployment make; a site that is asked for hours has thousands in a quarter of an hour.
_MANY, _SPARED_S = 500, 1.0
_EVICTED_EVERY_S = 60.0
# Of the emulator's time no more than one part in so many goes into looking at alarms that nobody has asked about.
_SHARE = 20
# By region, when its alarms are looked at again.
_looked: dict[str, float] = {}
_ASKED = ("params", "cbor_data", "is_cbor", "is_json")
_SILENCING = ("ActionsSuppressor", "ActionsSuppressorWaitPeriod", "ActionsSuppressorExtensionPeriod")
_RECORD = ("namespace", "metric_name", "value", "unit", "dimensions")
_DATUM = ("namespace", "name", "dims", "ts", "unit", "value", "values", "counts", "stat_values")
_COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "GreaterThanOrEqualToThreshold": operator.ge,
    "GreaterThanThreshold": operator.gt,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}
Alarm = dict[str, Untyped]


def keep_metric_maths_of_alarms(_: Grounds) -> None:
    """An alarm on an expression keeps its queries, made through the API or by CloudFormation.

    MiniStack's API forgets them and its CloudFormation refuses the template. An expression that is not understood
    here is refused by name rather than never evaluated.
    """
    cloudwatch, provisioners = service("services.cloudwatch"), service("services.cloudformation.provisioners")
    alarms = store(cloudwatch, "_alarms")

    def through_the_api(original: Function) -> Function:
        def put(params: Untyped, cbor_data: Alarm, is_cbor: Untyped, is_json: Untyped = False) -> Untyped:  # noqa: FBT002
            try:
                maths.check(cbor_data.get("Metrics") or [])
            except ValueError as error:
                return cloudwatch._error("ValidationError", str(error), 400, use_json=is_json, use_cbor=is_cbor)  # noqa: SLF001
            answer = original(params, cbor_data, is_cbor, is_json)
            if answer[0] == HTTPStatus.OK and cbor_data.get("Metrics"):
                _watch_queries(alarms[cbor_data["AlarmName"]], cbor_data["Metrics"])
            return answer

        return put

    def by_cloudformation(original: Function) -> Function:
        def record(name: str, props: Alarm) -> Untyped:
            if not props.get("Metrics"):
                return original(name, props)
            maths.check(props["Metrics"])
            made = original(name, {**props, "Metrics": None, "MetricName": "-", "Namespace": "-"})
            _watch_queries(made, props["Metrics"])
            return made

        return record

    replace(cloudwatch, "_put_metric_alarm", _ASKED, through_the_api)
    replace(provisioners, "_cw_metric_alarm_record", ("name", "props"), by_cloudformation)


def silence_alarms_by_alarms(_: Grounds) -> None:
    """An alarm over alarms does nothing while the one that it is silenced by is in ALARM; both are told.

    MiniStack forgets `ActionsSuppressor`. Waiting and extension periods are kept, and taken for zero.
    """
    cloudwatch = service("services.cloudwatch")
    plain, over = store(cloudwatch, "_alarms"), store(cloudwatch, "_composite_alarms")

    def keep(original: Function) -> Function:
        def put(params: Untyped, cbor_data: Alarm, is_cbor: Untyped, is_json: Untyped = False) -> Untyped:  # noqa: FBT002
            answer = original(params, cbor_data, is_cbor, is_json)
            if answer[0] == HTTPStatus.OK:
                kept = {key: cbor_data[key] for key in _SILENCING if cbor_data.get(key)}
                over[cbor_data["AlarmName"]].update(kept)
            return answer

        return put

    def unless_silenced(original: Function) -> Function:
        def act(alarm: Alarm, old_state: str, new_state: str, reason: str) -> None:
            name = str(alarm.get("ActionsSuppressor", "")).rpartition(":alarm:")[2]
            silencer = plain.get(name) or over.get(name) or {}
            if silencer.get("StateValue") == "ALARM":
                alarm["ActionsSuppressedBy"] = "Alarm"
                return
            alarm.pop("ActionsSuppressedBy", None)
            original(alarm, old_state, new_state, reason)

        return act

    replace(cloudwatch, "_put_composite_alarm", _ASKED, keep)
    replace(cloudwatch, "_dispatch_alarm_actions", ("alarm", "old_state", "new_state", "reason"), unless_silenced)


def keep_metrics_in_order(_: Grounds) -> None:
    """The points of a metric stay in the order of their time, however late one of them is told.

    MiniStack keeps them as they come, so that whoever wants the newest goes through all; and it copies all of them at
    every question, to drop what is older than two weeks. Within hours a twin would be busy with nothing else. What it
    counts itself is one point for each value of a second, which is finer than the minute that AWS's own metrics keep.
    """
    cloudwatch = service("services.cloudwatch")
    bucket, moment = store(cloudwatch, "_metric_bucket"), operator.itemgetter("Timestamp")
    evicted, turn = 0.0, threading.Lock()

    def counted(original: Function) -> Function:
        def record(
            namespace: str, metric_name: str, value: float, unit: str = "None", dimensions: Untyped = None
        ) -> None:
            # Functions end in threads of their own.
            with turn:
                original(namespace, metric_name, value, unit, dimensions)
                count_alike(bucket((namespace, metric_name, cloudwatch._dims_key(dimensions or {}))))  # noqa: SLF001

        return record

    def ordered(original: Function) -> Function:
        def keep(namespace: str, name: str, dims: Untyped, *told: Untyped) -> None:
            original(namespace, name, dims, *told)
            points = bucket((namespace, name, cloudwatch._dims_key(dims)))  # noqa: SLF001
            # Those of one call have one moment; `sort` holds the interpreter, so nobody sees it half done.
            points.sort(key=moment)

        return keep

    def rarely(original: Function) -> Function:
        def evict() -> None:
            nonlocal evicted
            if time.monotonic() - evicted >= _EVICTED_EVERY_S:
                evicted = time.monotonic()
                original()

        return evict

    replace(cloudwatch, "record_metric", _RECORD, counted)
    replace(cloudwatch, "_store_datum", _DATUM, ordered)
    replace(cloudwatch, "_evict_old_metrics", (), rarely)


def count_alike(points: list[Alarm]) -> None:
    """Put the last of *points* in its place, which is the end unless one of the future was told.

    Where the one before it has the same value in the same second, that is counted once more instead.
    """
    if len(points) < 2:  # noqa: PLR2004 - the last and the one before it; there is none where none could be counted
        return
    before, last = points[-2:]
    if before["Timestamp"] > last["Timestamp"]:
        points.sort(key=operator.itemgetter("Timestamp"))
    elif _alike(before) == _alike(last):
        before["Count"] = before.get("Count", 1.0) + last.get("Count", 1.0)
        points.pop()


def _alike(point: Alarm) -> tuple[object, ...]:
    # A statistic set, which is a value of its own, is like no other.
    told = id(point) if "_stat" in point else 0
    return int(point["Timestamp"]), point["Value"], point["Unit"], told


def evaluate_alarms_as_declared(_: Grounds) -> None:
    """An alarm watches its own dimensions, period by period, M of N, and treats missing data as it was told.

    MiniStack mixes all dimensions and all periods, looks only when somebody sends a metric, and leaves an alarm without
    data as it was. Here it is looked at when it is asked about, and after each call of a function or an API. A state
    that was set by hand is left alone for a while, as it is between two evaluations on AWS, and for a second so is one
    that took a long look.
    """
    cloudwatch = service("services.cloudwatch")
    alarms, held, turn = store(cloudwatch, "_alarms"), dict[str, tuple[float, Alarm]](), threading.Lock()

    def evaluate(alarm: Alarm) -> None:
        until, which = held.get(alarm["AlarmArn"], (0.0, alarm))
        # One that was put again since then is another.
        if which is alarm and time.time() < until:
            return
        points, values = _values(cloudwatch, alarm, time.time())
        # A state that was set by hand meanwhile stays for longer.
        ours = (time.time() + rest(points), alarm)
        held[alarm["AlarmArn"]] = max(held.get(alarm["AlarmArn"], ours), ours, key=operator.itemgetter(0))
        state, reason = judged(alarm, values)
        # Functions end in threads of their own, and a change is told once.
        with turn:
            before = alarm["StateValue"]
            if state in ("", before):
                return
            alarm.update(StateValue=state, StateReason=reason, StateUpdatedTimestamp=int(time.time()))
        cloudwatch._record_history(alarm["AlarmName"], before, state, reason)  # noqa: SLF001
        cloudwatch._dispatch_alarm_actions(alarm, before, state, reason)  # noqa: SLF001
        cloudwatch._evaluate_parent_alarms(alarm)  # noqa: SLF001

    def looked_at(original: Function) -> Function:
        def describe(*args: Untyped) -> Untyped:
            cloudwatch._evaluate_all_alarms()  # noqa: SLF001
            return original(*args)

        return describe

    def holding(original: Function) -> Function:
        def set_state(params: Untyped, cbor_data: Alarm, *rest: Untyped) -> Untyped:
            name = cbor_data.get("AlarmName") or cloudwatch._p(params, "AlarmName")  # noqa: SLF001
            if name in alarms:
                held[alarms[name]["AlarmArn"]] = (time.time() + _HELD_S, alarms[name])
            return original(params, cbor_data, *rest)

        return set_state

    replace(cloudwatch, "_evaluate_alarm", ("alarm",), lambda _: evaluate)
    for name in ("_describe_alarms", "_describe_alarms_for_metric", "_describe_alarm_history"):
        replace(cloudwatch, name, _ASKED, looked_at)
    replace(cloudwatch, "_set_alarm_state", _ASKED, holding)


def rest(points: int) -> float:
    """For how many seconds an alarm is left alone after a look at so many points."""
    return _SPARED_S if points > _MANY else 0.0


def look_again(cloudwatch: Untyped) -> None:
    """Evaluate the alarms of this region, if that was not done a moment ago: a burst of calls is one occasion.

    A moment is longer where there is much to look through.
    """
    region, began = cloudwatch.get_region(), time.monotonic()
    if began >= _looked.get(region, 0.0):
        _looked[region] = began + _PAUSE_S
        cloudwatch._evaluate_all_alarms()  # noqa: SLF001
        took = time.monotonic() - began
        _looked[region] = began + max(_PAUSE_S, took * _SHARE)


def judged(alarm: Alarm, values: Sequence[float | None]) -> tuple[str, str]:
    """State and reason of an alarm over its periods' values, the latest first; "" when it stays as it is.

    CloudWatch user guide, "Configuring how CloudWatch alarms treat missing data".
    """
    threshold, compare = alarm.get("Threshold", 0.0), _COMPARISONS.get(alarm.get("ComparisonOperator", ""))
    if compare is None:
        return "", ""
    there = [value for value in values if value is not None]
    policy = alarm.get("TreatMissingData") or "missing"
    filled = len(values) - len(there)
    if not there and policy in ("missing", "ignore"):
        return ("INSUFFICIENT_DATA", "Insufficient data") if policy == "missing" else ("", "")
    breaching = sum(compare(value, threshold) for value in there) + (filled if policy == "breaching" else 0)
    needed = alarm.get("DatapointsToAlarm") or len(values)
    if policy in ("missing", "ignore"):
        # With fewer data points than it takes, all of them breaching is enough.
        needed = min(needed, len(there))
    reason = f"Threshold Crossed: {breaching} of {len(values)} datapoints {there} were breaching ({threshold})"
    return ("ALARM" if breaching >= needed else "OK"), reason


def _watch_queries(alarm: Alarm, queries: Sequence[Alarm]) -> None:
    for single in ("MetricName", "Namespace", "Statistic", "ExtendedStatistic", "Period", "Unit"):
        alarm[single] = None
    alarm["Dimensions"] = []
    alarm["Metrics"] = [{"ReturnData": True, **each} for each in queries]


def _values(cloudwatch: Untyped, alarm: Alarm, now: float) -> tuple[int, list[float | None]]:
    """How many points were looked at, and the value of each period, the latest first.

    Periods end now, not at the full minute.
    """
    queries = alarm.get("Metrics") or [_single(alarm)]
    period = max(int((each.get("MetricStat") or each).get("Period") or 60) for each in queries)
    stats = {each["Id"]: each["MetricStat"] for each in queries if each.get("MetricStat")}
    times = range(int(alarm.get("EvaluationPeriods") or 1))
    since = now - period * len(times)
    periods = {name: _by_period(_points(cloudwatch, stat, since), period, now) for name, stat in stats.items()}

    def value(name: str, ago: int) -> float | None:
        points = periods[name][ago]
        known = cloudwatch._calc_stats(points)  # noqa: SLF001
        return cloudwatch._stat_value(known, stats[name]["Stat"], points) if known else None  # noqa: SLF001

    many = sum(len(points) for each in periods.values() for points in each.values())
    return many, [maths.result(queries, {name: value(name, ago) for name in stats}) for ago in times]


def _by_period(points: Sequence[Alarm], period: int, now: float) -> dict[int, list[Alarm]]:
    periods: dict[int, list[Alarm]] = defaultdict(list)
    for point in points:
        periods[int((now - point["Timestamp"]) // period)].append(point)
    return periods


def _single(alarm: Alarm) -> Alarm:
    metric = {name: alarm.get(name) for name in ("Namespace", "MetricName", "Dimensions")}
    stat = alarm.get("ExtendedStatistic") or alarm.get("Statistic") or "Average"
    return {"Id": "m", "MetricStat": {"Metric": metric, "Period": alarm.get("Period"), "Stat": stat}}


def _points(cloudwatch: Untyped, stat: Alarm, since: float) -> list[Alarm]:
    metric = stat["Metric"]
    dimensions = cloudwatch._dims_key(cloudwatch._dims_from_list(metric.get("Dimensions") or []))  # noqa: SLF001
    kept = cloudwatch._metrics.get((metric["Namespace"], metric["MetricName"], dimensions)) or []  # noqa: SLF001
    return list(takewhile(lambda each: each["Timestamp"] > since, reversed(kept)))
