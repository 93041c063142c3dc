"""What a run by night relies on: a schedule in its own time, evidence that is locked, metrics in log lines."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from checks.twin.gaps.alarms import look_again
from checks.twin.gaps.patching import Function, Grounds, Untyped, replace, service, store, wrap_handler

_TYPE = "AWS::Scheduler::Schedule"
_KEPT = ("ScheduleExpressionTimezone", "StartDate", "EndDate", "KmsKeyArn")
_UNIVERSAL = frozenset({"", "UTC", "Etc/UTC"})
Props = dict[str, Any]


def keep_time_zones_of_schedules(_: Grounds) -> None:
    """A template's time zone, start, end and key of a schedule are the schedule's.

    MiniStack's CloudFormation reads over them, and keeps what a template no longer says.
    """
    schedules = store(service("services.scheduler"), "_schedules")

    def keep(name: str, props: Props) -> None:
        kept = schedules.get(f"{props.get('GroupName', 'default')}/{name}")
        if kept is not None:
            kept.update({key: props.get(key) for key in _KEPT})
            kept["ScheduleExpressionTimezone"] = props.get("ScheduleExpressionTimezone") or "UTC"
            kept["State"] = props.get("State", "ENABLED")

    def created(original: Function) -> Function:
        def create(logical_id: str, props: Props, stack_name: str) -> Untyped:
            name, attributes = original(logical_id, props, stack_name)
            keep(name, props)
            return name, attributes

        return create

    def updated(original: Function) -> Function:
        def update(physical_id: str, old: Props, new: Props, *args: Untyped, **kwargs: Untyped) -> Untyped:
            name, attributes = original(physical_id, old, new, *args, **kwargs)
            keep(name, new)
            return name, attributes

        return update

    wrap_handler(_TYPE, "create", created)
    wrap_handler(_TYPE, "update", updated)


def fire_schedules_in_their_time_zone(_: Grounds) -> None:
    """Expressions of a schedule mean the wall clock of its time zone.

    MiniStack takes every expression for UTC, so that three o'clock in Johannesburg would be five.
    """
    scheduler, rules = service("services.scheduler"), service("services.eventbridge")
    schedules, fired = store(scheduler, "_schedules"), store(scheduler, "_schedule_last_fired")
    next_fire, fields_of = store(rules, "_cron_next_fire"), store(rules, "_parse_cron_fields")

    def due(key: Untyped, kept: Props, now: datetime) -> bool:
        zone = ZoneInfo(kept["ScheduleExpressionTimezone"])
        fields = fields_of(kept["ScheduleExpression"])
        if fields is None:
            moment = _moment(kept["ScheduleExpression"], zone)
            return moment is not None and key not in fired and now >= moment
        if key not in fired:
            fired[key] = now.timestamp()
            return False
        last = datetime.fromtimestamp(fired[key], zone)
        coming = next_fire(fields, last)
        return coming is not None and now >= coming

    def in_its_zone(original: Function) -> Function:
        def tick() -> None:
            mine = {key: kept for key, kept in list(schedules._data.items()) if _is_local(kept)}  # noqa: SLF001
            now = datetime.now(UTC)
            for key, kept in mine.items():
                if _runs(kept, now) and due(key, kept, now):
                    fired[key] = now.timestamp()
                    _fire(scheduler, rules, key, kept, now)
            # The original must not fire them too.
            states = {key: kept.pop("State") for key, kept in mine.items()}
            try:
                original()
            finally:
                for key, state in states.items():
                    mine[key]["State"] = state

        return tick

    replace(scheduler, "_tick_schedules", (), in_its_zone)


def fill_in_what_a_schedule_knows(_: Grounds) -> None:
    """`<aws.scheduler.scheduled-time>` and its like in a schedule's input are filled in.

    MiniStack delivers them as they are written, so that every night would look like the same one.
    """
    rules = service("services.eventbridge")

    def filled(original: Function) -> Function:
        def invoke(target: Props, event: Props, rule: Props, view: Untyped = None) -> Untyped:
            if event.get("Source") == "aws.scheduler" and target.get("Input"):
                when = datetime.fromtimestamp(float(event["Time"]), UTC).replace(second=0, microsecond=0)
                known = {
                    "schedule-arn": str(rule.get("Arn", "")),
                    "scheduled-time": f"{when:%Y-%m-%dT%H:%M:%SZ}",
                    "execution-id": str(event["EventId"]),
                    "attempt-number": "1",
                }
                text = target["Input"]
                for name, value in known.items():
                    text = text.replace(f"<aws.scheduler.{name}>", value)
                target = {**target, "Input": text}
            return original(target, event, rule, view)

        return invoke

    replace(rules, "_invoke_target", ("target", "event", "rule", "view"), filled)


def count_what_rules_call(_: Grounds) -> None:
    """Each call of a rule's target is counted in AWS/Events under the rule's name.

    MiniStack counts none, so that a rule that fires would look like one that does not.
    """
    rules, cloudwatch = service("services.eventbridge"), service("services.cloudwatch")
    record = store(cloudwatch, "record_metric")

    def counted(original: Function) -> Function:
        def invoke(target: Props, event: Props, rule: Props, view: Untyped = None) -> Untyped:
            if event.get("Source") != "aws.scheduler":
                bus = str(rule.get("EventBusName") or "default").rpartition("/")[2]
                within = {} if bus == "default" else {"EventBusName": bus}
                record("AWS/Events", "Invocations", 1, "Count", {**within, "RuleName": str(rule.get("Name", ""))})
            return original(target, event, rule, view)

        return invoke

    replace(rules, "_invoke_target", ("target", "event", "rule", "view"), counted)


def read_metrics_from_log_lines(_: Grounds) -> None:
    """What a function prints in the embedded metric format becomes metrics.

    MiniStack keeps the line in the log and reads nothing from it.
    """
    functions, cloudwatch = service("services.lambda_svc"), service("services.cloudwatch")
    record = store(cloudwatch, "record_metric")

    def reading(original: Function) -> Function:
        def finish(
            func: Untyped, request_id: str, log_text: str, error: Untyped, duration_ms: int, **more: Untyped
        ) -> None:
            original(func, request_id, log_text, error, duration_ms, **more)
            found = list(embedded(log_text or ""))
            for namespace, name, value, unit, dimensions in found:
                record(namespace, name, value, unit, dimensions)
            if found:
                look_again(cloudwatch)

        return finish

    parameters = ("func", "request_id", "log_text", "error", "duration_ms", "log_source")
    replace(functions, "_emit_lambda_logs", parameters, reading)


def answer_pings_of_dynamodb(_: Grounds) -> None:
    """`GET /ping` at DynamoDB's endpoint is answered with 200 to anybody, as on AWS, where it is a well-known anchor.

    MiniStack takes it for an operation without a name, 400.
    """
    dynamodb = service("services.dynamodb")

    def answering(original: Function) -> Function:
        async def handle(method: str, path: str, headers: Untyped, body: bytes, query_params: Untyped) -> Untyped:
            if method == "GET" and path == "/ping":
                return 200, {"Content-Type": "text/plain"}, b"healthy: dynamodb\n"
            return await original(method, path, headers, body, query_params)

        return handle

    replace(dynamodb, "handle_request", ("method", "path", "headers", "body", "query_params"), answering)


def embedded(log: str) -> Iterator[tuple[str, str, float, str, dict[str, str]]]:
    """Namespace, name, value, unit and dimensions of every metric in the lines of *log* (EMF specification)."""
    for line in log.splitlines():
        start = line.find('{"_aws"')
        if start < 0:
            continue
        try:
            told = json.loads(line[start:])
        except ValueError:
            continue
        for directive in told["_aws"].get("CloudWatchMetrics", []):
            for names in directive.get("Dimensions", [[]]):
                dimensions = {name: str(told[name]) for name in names}
                for metric in directive.get("Metrics", []):
                    value = told.get(metric["Name"])
                    if isinstance(value, (int, float)):
                        unit = metric.get("Unit", "None")
                        yield directive["Namespace"], metric["Name"], float(value), unit, dimensions


def _is_local(kept: Mapping[str, Any]) -> bool:
    elsewhere = kept.get("ScheduleExpressionTimezone", "UTC") not in _UNIVERSAL
    return elsewhere and not str(kept.get("ScheduleExpression", "")).startswith("rate")


def _runs(kept: Mapping[str, Any], now: datetime) -> bool:
    starts, ends = (_epoch(kept.get(key)) for key in ("StartDate", "EndDate"))
    within = (starts is None or now.timestamp() >= starts) and (ends is None or now.timestamp() <= ends)
    return kept.get("State") == "ENABLED" and within


def _epoch(value: object) -> float | None:
    if value is None:
        return None
    if isinstance(value, (int, float)):
        return float(value)
    return datetime.fromisoformat(str(value)).timestamp()


def _moment(expression: str, zone: ZoneInfo) -> datetime | None:
    text = expression.strip().removeprefix("at(").removesuffix(")")
    try:
        return datetime.fromisoformat(text).replace(tzinfo=zone)
    except ValueError:
        return None


def _fire(scheduler: Untyped, rules: Untyped, key: Untyped, kept: Props, now: datetime) -> None:
    account, region, _ = key
    scheduler.set_request_account_id(account)
    scheduler.set_request_region(region)
    event = {
        "EventId": scheduler.new_uuid(),
        "Source": "aws.scheduler",
        "DetailType": "Scheduled Event",
        "Detail": "{}",
        "Time": now.timestamp(),
        "Resources": [kept.get("Arn", "")],
        "Account": account,
        "Region": region,
    }
    target = kept.get("Target") or {}
    if target.get("Arn"):
        rules._invoke_target(target, event, kept)  # noqa: SLF001
    once = str(kept.get("ScheduleExpression", "")).startswith("at(")
    if once and kept.get("ActionAfterCompletion") == "DELETE":
        scheduler._schedules._data.pop(key, None)  # noqa: SLF001


def _retention(rule: Mapping[str, Any]) -> dict[str, Untyped] | None:
    wished = rule.get("DefaultRetention")
    if not wished:
        return None
    spans = {key: int(wished[key]) for key in ("Days", "Years") if wished.get(key)}
    return {"Mode": wished["Mode"], **spans}
