"""Faults of functions, schedules and queues."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from checks.model import Check
from checks.twin.faults.bench import Bench
from checks.twin.faults.staging import Undo, broken, harmless, told
from checks.twin.faults.words import Fault, Stage, Unfit

_LAMBDA, _EVENTS, _QUEUES = "Lambda", "EventBridge schedules", "Queues"


def _function(bench: Bench, check: Check) -> tuple[Any, str]:
    return bench.aws("lambda", str(check.params["region"])), str(check.params["function"])


def _settle(functions: Any, name: str) -> None:  # noqa: ANN401 - a botocore client
    functions.get_waiter("function_updated_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 20})
    # Its first start after a change is our doing, not the harness's to wait for.
    functions.invoke(FunctionName=name, Payload=json.dumps({"httpMethod": "GET", "path": "/health"}).encode())


def configured(change_it: Callable[[dict[str, Any]], dict[str, Any]]) -> Callable[[Bench, Check], Undo]:
    """The function's configuration is another one; *change_it* gives what is set, from what there is."""

    def change(bench: Bench, check: Check) -> Undo:
        functions, name = _function(bench, check)
        seen = functions.get_function_configuration(FunctionName=name)
        other = change_it(seen)
        before = {key: seen[key] for key in other if key in seen}
        if other == before:
            raise Unfit("the function is so as it is")
        before = {
            key: {"Variables": value["Variables"]} if key == "Environment" else value for key, value in before.items()
        }

        def give(settings: dict[str, Any]) -> None:
            functions.update_function_configuration(FunctionName=name, **settings)
            _settle(functions, name)

        give(other)
        return lambda: give(before)

    return change


def _variables(seen: dict[str, Any]) -> dict[str, str]:
    return dict(seen.get("Environment", {}).get("Variables", {}))


def _table_of(variables: dict[str, str]) -> str:
    found = next((each for each in sorted(variables) if each.endswith("_TABLE")), None) or next(
        iter(sorted(variables)), None
    )
    if found is None:
        raise Unfit("the function has no variables")
    return found


def _one_less(seen: dict[str, Any]) -> dict[str, Any]:
    variables = _variables(seen)
    del variables[_table_of(variables)]
    return {"Environment": {"Variables": variables}}


def _one_other(seen: dict[str, Any]) -> dict[str, Any]:
    variables = _variables(seen)
    return {"Environment": {"Variables": {**variables, _table_of(variables): "dev-users"}}}


def _one_more(seen: dict[str, Any]) -> dict[str, Any]:
    return {"Environment": {"Variables": {**_variables(seen), "DEBUG": "1"}}}


def choked(bench: Bench, check: Check) -> Undo:
    """No call gets through."""
    functions, name = _function(bench, check)
    functions.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    return lambda: functions.delete_function_concurrency(FunctionName=name)


def in_state(**fields: str) -> Stage:
    """The function is described in another state."""

    def change(seen: Any) -> None:  # noqa: ANN401 - a document
        (seen.get("Configuration") or seen).update(fields)

    def tamper(_bench: Bench, check: Check) -> Any:  # noqa: ANN401 - a Tamper
        name = str(check.params["function"])

        def made(visit: Any, onward: Any) -> Any:  # noqa: ANN401 - as a Tamper
            reply = onward(visit)
            about = visit.service == "lambda" and visit.method == "GET" and f"/functions/{name}" in visit.path
            plain = about and not visit.path.rstrip("/").endswith(("policy", "concurrency", "url"))
            return reply.amended(change) if plain and reply.status == 200 else reply  # noqa: PLR2004 - success

        return made

    return told("functions.ready", tamper)


# Schedules.


def _rule(bench: Bench, check: Check) -> tuple[Any, str, dict[str, Any]]:
    if "rule" in check.params:
        region, name = str(check.params["rule"]).split(":")[3], str(check.params["rule"]).rpartition("/")[2]
    else:
        source: Any = check.params["source"]
        if source.scheduler:
            raise Unfit("the schedule is one of EventBridge Scheduler's")
        region, name = source.region, source.name
    events = bench.aws("events", region)
    return events, name, dict(events.describe_rule(Name=name))


def _again(events: Any, seen: dict[str, Any], **other: str) -> None:  # noqa: ANN401 - a botocore client
    kept = {
        key: seen[key] for key in ("Name", "ScheduleExpression", "State", "Description", "RoleArn") if seen.get(key)
    }
    events.put_rule(**{**kept, **other})


def put(**other: str) -> Callable[[Bench, Check], Undo]:
    """The rule is another one in these fields."""

    def change(bench: Bench, check: Check) -> Undo:
        events, _, seen = _rule(bench, check)
        _again(events, seen, **other)
        return lambda: _again(events, seen)

    return change


def _targets(events: Any, name: str) -> list[dict[str, Any]]:  # noqa: ANN401 - a botocore client
    return list(events.list_targets_by_rule(Rule=name)["Targets"])


def no_targets(bench: Bench, check: Check) -> Undo:
    """The rule calls nobody."""
    events, name, _ = _rule(bench, check)
    kept = _targets(events, name)
    events.remove_targets(Rule=name, Ids=[each["Id"] for each in kept])
    return lambda: events.put_targets(Rule=name, Targets=kept)


def rule_gone(bench: Bench, check: Check) -> Undo:
    """There is no such rule."""
    events, name, seen = _rule(bench, check)
    kept = _targets(events, name)
    events.remove_targets(Rule=name, Ids=[each["Id"] for each in kept])
    events.delete_rule(Name=name)

    def back() -> None:
        _again(events, seen)
        events.put_targets(Rule=name, Targets=kept)

    return back


def lets_go(bench: Bench, check: Check) -> Undo:
    """What cannot be delivered is dropped."""
    events, name, _ = _rule(bench, check)
    kept = _targets(events, name)
    events.put_targets(Rule=name, Targets=[{k: v for k, v in each.items() if k != "DeadLetterConfig"} for each in kept])
    return lambda: events.put_targets(Rule=name, Targets=kept)


def permitted(**condition: str) -> Callable[[Bench, Check], Undo]:
    """The function lets this rule in no more: without a permission, or under another condition."""

    def change(bench: Bench, check: Check) -> Undo:
        callees = check.params["callees"]
        arn = (
            next((each for each in callees if ":function:" in str(each)), None) if isinstance(callees, tuple) else None
        )
        if arn is None:
            raise Unfit("the rule calls no function")
        region, _, _, name, *alias = str(arn).split(":")[3:]
        functions, rule = bench.aws("lambda", region), str(check.params["rule"])
        which = {"FunctionName": name, **({"Qualifier": alias[0]} if alias else {})}
        policy = json.loads(functions.get_policy(**which)["Policy"])
        own = [each for each in policy["Statement"] if "events.amazonaws.com" in json.dumps(each["Principal"])]
        for each in own:
            functions.remove_permission(**which, StatementId=each["Sid"])
        usual = {**which, "Action": "lambda:InvokeFunction", "Principal": "events.amazonaws.com"}
        if condition:
            functions.add_permission(
                **usual, StatementId="Rehearsed", **{k: v.format(rule=rule) for k, v in condition.items()}
            )

        def back() -> None:
            if condition:
                functions.remove_permission(**which, StatementId="Rehearsed")
            for each in own:
                asked = each.get("Condition", {}).get("ArnLike", {}).get("AWS:SourceArn", rule)
                functions.add_permission(**usual, StatementId=each["Sid"], SourceArn=asked)

        return back

    return change


def managed_rule(bench: Bench, check: Check) -> Undo:
    """A further rule on the bus, as services of AWS make them."""
    events, _, _ = _rule(bench, check)
    events.put_rule(Name="made-by-a-service", EventPattern='{"source": ["aws.config"]}', State="ENABLED")
    return lambda: events.delete_rule(Name="made-by-a-service")


def twice(bench: Bench, check: Check) -> Undo:
    """What the rule calls is called twice with one and the same event."""
    events, name, _ = _rule(bench, check)
    arns = [str(each["Arn"]) for each in _targets(events, name) if ":function:" in str(each["Arn"])]
    if not arns:
        raise Unfit("the rule calls no function")
    event = json.dumps({"id": "one-and-the-same", "source": "aws.events", "detail-type": "Scheduled Event"}).encode()
    functions = bench.aws("lambda", arns[0].split(":")[3])
    for _ in range(2):
        functions.invoke(FunctionName=arns[0], Payload=event)
    return lambda: None


# Queues.


def _queue(bench: Bench, check: Check) -> tuple[Any, str]:
    arn = str(check.params["queue"])
    queues = bench.aws("sqs", arn.split(":")[3])
    return queues, str(queues.get_queue_url(QueueName=arn.rpartition(":")[2])["QueueUrl"])


def attributes(**other: str) -> Callable[[Bench, Check], Undo]:
    """The queue's attributes are others."""

    def change(bench: Bench, check: Check) -> Undo:
        queues, url = _queue(bench, check)
        seen = queues.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        queues.set_queue_attributes(QueueUrl=url, Attributes=other)
        return lambda: queues.set_queue_attributes(QueueUrl=url, Attributes={key: seen.get(key, "") for key in other})

    return change


def open_to_http(bench: Bench, _check: Check) -> Undo:
    """The queue's policy refuses plain HTTP no more; whom it lets in stays as it is."""
    queues, url = _queue(bench, bench.check("queues.tls_only"))
    kept = queues.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])["Attributes"]
    policy = json.loads(kept["Policy"])
    statements = [each for each in policy["Statement"] if each["Effect"] != "Deny"]
    queues.set_queue_attributes(
        QueueUrl=url, Attributes={"Policy": json.dumps({**policy, "Statement": statements}) if statements else ""}
    )
    return lambda: queues.set_queue_attributes(QueueUrl=url, Attributes=kept)


def left_over(bench: Bench, check: Check) -> Undo:
    """A failure lies in the queue."""
    queues, url = _queue(bench, check)
    queues.send_message(QueueUrl=url, MessageBody="a failure that nobody has read")
    return lambda: queues.purge_queue(QueueUrl=url)


_DOWN = ("api.*", "schedules.permitted[*]", "logs.*")

FAULTS: tuple[Fault, ...] = (
    Fault(
        id="LAM-02",
        family=_LAMBDA,
        breaks="a variable is missing",
        promise="functions.environment",
        stage=broken("functions.environment", configured(_one_less)),
        behind=_DOWN,
    ),
    Fault(
        id="LAM-03",
        family=_LAMBDA,
        breaks="a variable names another stage's table",
        promise="functions.environment",
        stage=broken("functions.environment", configured(_one_other)),
        behind=_DOWN,
    ),
    Fault(
        id="X-LAM-01",
        family=_LAMBDA,
        breaks="a variable that the template does not have",
        promise="functions.environment",
        stage=broken("functions.environment", configured(_one_more)),
        behind=_DOWN,
    ),
    Fault(
        id="X-LAM-02",
        family=_LAMBDA,
        breaks="the function has less memory",
        promise="functions.settings",
        stage=broken("functions.settings", configured(lambda _: {"MemorySize": 128})),
        behind=_DOWN,
    ),
    Fault(
        id="X-LAM-03",
        family=_LAMBDA,
        breaks="the function may run for a second",
        promise="functions.settings",
        stage=broken("functions.settings", configured(lambda _: {"Timeout": 1})),
        behind=_DOWN,
    ),
    Fault(
        id="X-LAM-04",
        family=_LAMBDA,
        breaks="no call of the function gets through",
        promise="functions.ready",
        stage=broken("functions.ready", choked),
        behind=_DOWN,
    ),
    Fault(
        id="LAM-09",
        family=_LAMBDA,
        breaks="the function's last update failed",
        promise="functions.ready",
        stage=in_state(LastUpdateStatus="Failed"),
        fidelity="patched",
        behind=_DOWN,
    ),
    Fault(
        id="X-LAM-05",
        family=_LAMBDA,
        breaks="the function has failed",
        promise="functions.ready",
        stage=in_state(State="Failed"),
        fidelity="patched",
        behind=_DOWN,
    ),
    Fault(
        id="EVT-01",
        family=_EVENTS,
        breaks="the rule is gone",
        promise="schedules.enabled",
        stage=broken("schedules.enabled", rule_gone),
        behind=("schedules.*",),
    ),
    Fault(
        id="EVT-02",
        family=_EVENTS,
        breaks="the rule is switched off",
        promise="schedules.enabled",
        stage=broken("schedules.enabled", put(State="DISABLED")),
        behind=("schedules.*",),
    ),
    Fault(
        id="EVT-03",
        family=_EVENTS,
        breaks="the rule fires once a month",
        promise="schedules.expression",
        stage=broken("schedules.expression", put(ScheduleExpression="rate(30 days)")),
    ),
    Fault(
        id="EVT-04",
        family=_EVENTS,
        breaks="the rule fires at an hour meant for another zone",
        promise="schedules.expression",
        stage=broken("schedules.expression", put(ScheduleExpression="cron(0 2 * * ? *)")),
    ),
    Fault(
        id="EVT-05",
        family=_EVENTS,
        breaks="the rule fires in 2020",
        promise="schedules.expression",
        stage=broken("schedules.expression", put(ScheduleExpression="cron(0 5 * * ? 2020)")),
    ),
    Fault(
        id="EVT-06",
        family=_EVENTS,
        breaks="the rule calls nobody",
        promise="schedules.targets",
        stage=broken("schedules.targets", no_targets),
        behind=("schedules.*",),
    ),
    Fault(
        id="X-EVT-01",
        family=_EVENTS,
        breaks="what cannot be delivered is dropped",
        promise="schedules.dead_letters",
        stage=broken("schedules.dead_letters", lets_go),
    ),
    Fault(
        id="X-EVT-02",
        family=_EVENTS,
        breaks="the function does not let the rule in",
        promise="schedules.permitted",
        stage=broken("schedules.permitted", permitted()),
    ),
    Fault(
        id="EVT-08",
        family=_EVENTS,
        breaks="the permission asks for a source account, which rules never name",
        promise="schedules.permitted",
        stage=broken("schedules.permitted", permitted(SourceArn="{rule}", SourceAccount="000000000001")),
    ),
    Fault(
        id="EVT-10",
        family=_EVENTS,
        breaks="the permission is for another rule",
        promise="schedules.permitted",
        stage=broken("schedules.permitted", permitted(SourceArn="{rule}-old")),
    ),
    Fault(
        id="X-SQS-01",
        family=_QUEUES,
        breaks="failures are kept for a minute",
        promise="queues.settings",
        stage=broken("queues.settings", attributes(MessageRetentionPeriod="60")),
    ),
    Fault(
        id="X-SQS-02",
        family=_QUEUES,
        breaks="the queue takes plain HTTP",
        promise="roles.resource_policy",
        stage=broken("roles.resource_policy", open_to_http, containing="Queue"),
        behind=("queues.tls_only[*]",),
    ),
    Fault(
        id="X-SQS-03",
        family=_QUEUES,
        breaks="a failure lies in the queue",
        promise="queues.empty_dead_letters",
        stage=broken("queues.empty_dead_letters", left_over),
    ),
    Fault(
        id="B-EVT-01",
        family=_EVENTS,
        kind="benign",
        breaks="the same event comes twice",
        stage=harmless("schedules.targets", twice),
    ),
    Fault(
        id="B-EVT-03",
        family=_EVENTS,
        kind="benign",
        breaks="AWS has a rule of its own on the bus",
        stage=harmless("schedules.enabled", managed_rule),
    ),
)
