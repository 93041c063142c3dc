"""Event source mappings: between a stream or a queue and its function, switched on, working, and losing nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import partial

from checks import intent
from checks.evidence import Absent, Described
from checks.likeness import checks_of, like, prop
from checks.model import Check, Resource, Sight, Target, Verdict, promise
from checks.wording import quote
from checks.world.ports import World

MAPPING = "AWS::Lambda::EventSourceMapping"
_STREAMS = ("dynamodb", "kinesis")
_WAITING = ("Creating", "Enabling", "Updating")


def _function(mapping: Resource) -> object:
    """``name`` or ``name:alias``, however the template says it."""
    said = prop(mapping, "FunctionName")
    return said.split(":function:", 1)[1] if isinstance(said, str) and ":function:" in said else said


def _wanted(mapping: Resource) -> Mapping[str, object]:
    return {
        "function": _function(mapping),
        "source": prop(mapping, "EventSourceArn"),
        "batch": prop(mapping, "BatchSize"),
        "bisect": prop(mapping, "BisectBatchOnFunctionError"),
        "retries": prop(mapping, "MaximumRetryAttempts"),
        "age": prop(mapping, "MaximumRecordAgeInSeconds"),
        "failures": prop(mapping, "DestinationConfig", "OnFailure", "Destination"),
        "reports": prop(mapping, "FunctionResponseTypes"),
    }


def _is_on(mapping: Resource) -> bool:
    return intent.text(mapping.properties, "Enabled") != "false"


_READ = ("lambda:GetEventSourceMapping",)
_ARN = "arn:{partition}:lambda:{region}:{account}:event-source-mapping:{id}"

ROWS = (
    like(
        "mappings.enabled",
        MAPPING,
        says="the mapping is Enabled and hands the template's source to the template's function, in its batches",
        severity="critical",
        source="AWS: a mapping that is Disabled reads nothing, and its stream forgets after a day (State).",
        noun="event source mapping",
        actions=_READ,
        arn=_ARN,
        good=("Enabled",),
        pending=_WAITING,
        remedy="aws lambda update-event-source-mapping --enabled --uuid …, or deploy the stack again",
        asked=lambda one: one.physical_id if _is_on(one) else "",
        wanted=_wanted,
    ),
)


@promise(
    "mappings.working",
    says="the function took the last batch of the mapping",
    severity="critical",
    instrument="aws",
    actions=_READ,
)
def working(*, region: str, mapping: str) -> Sight:
    """AWS: a stream's mapping that has a PROBLEM repeats one batch and holds up the rest (LastProcessingResult)."""
    look = partial(_look, region=region, mapping=mapping)
    return Sight(look=look, judge=partial(judge_working, mapping=mapping))


@promise(
    "mappings.failures",
    says="what a stream's mapping gives up is kept somewhere, whatever the template says",
    severity="warning",
    instrument="aws",
    actions=_READ,
)
def failures(*, region: str, mapping: str) -> Sight:
    """AWS: without a destination on failure a record that was given up is gone for good ("Retaining discarded")."""
    look = partial(_look, region=region, mapping=mapping)
    return Sight(look=look, judge=partial(judge_failures, mapping=mapping))


@promise(
    "mappings.consumed",
    says="somebody reads the stream that the template gives the table",
    severity="warning",
    instrument="aws",
    actions=_READ,
)
def consumed(*, region: str, mappings: tuple[str, ...]) -> Sight:
    """Its own resources: a stream that nobody reads keeps each change for a day, for nobody (AWS: DynamoDB Streams)."""
    look = partial(_look_all, region=region, mappings=mappings)
    return Sight(look=look, judge=judge_consumed)


def judge_working(seen: Described | Absent, _now: datetime, *, mapping: str) -> Verdict:
    """Anything but a problem; a mapping that has read nothing yet says so itself."""
    expected = f"mapping {mapping} without a problem"
    if isinstance(seen, Absent):
        return _gone(expected)
    last = dict(seen.words).get("last", "")
    if last.upper().startswith("PROBLEM"):
        remedy = "see the log of the function for the batch that it refuses; then deploy a version that takes it"
        return Verdict.failed(expected=expected, actual=quote(last), remedy=remedy)
    return Verdict.passed(expected=expected, actual=quote(last) or "nothing was read yet")


def judge_failures(seen: Described | Absent, _now: datetime, *, mapping: str) -> Verdict:
    """A destination is set."""
    expected = f"mapping {mapping} with a destination on failure"
    if isinstance(seen, Absent):
        return _gone(expected)
    kept = dict(seen.words).get("failures", "")
    if kept:
        return Verdict.passed(expected=expected, actual=quote(kept))
    remedy = "give the mapping a queue or topic for what fails in the template (on_failure), then deploy"
    return Verdict.failed(expected=expected, actual="none: failed records are dropped", remedy=remedy)


def judge_consumed(seen: Described | Absent, _now: datetime) -> Verdict:
    """One mapping that is Enabled."""
    expected = "an enabled event source mapping on the stream"
    if isinstance(seen, Described) and seen.state in {"Enabled", *_WAITING}:
        return Verdict.passed(expected=expected, actual=quote(f"{seen.name} is {seen.state}"))
    actual = f"{seen.name} is {seen.state}" if isinstance(seen, Described) else "none in this target"
    remedy = "map a function to the stream in the template, or take the stream out of it; then deploy"
    return Verdict.failed(expected=expected, actual=quote(actual), remedy=remedy)


def checks(target: Target) -> Iterator[Check]:
    """Every mapping, then every stream of a table: is it read at all."""
    yield from checks_of(target, ROWS)
    for mapping in target.of_type(MAPPING):
        place = mapping.place(target.arn("lambda", mapping.region, f"event-source-mapping:{mapping.physical_id}"))
        if _is_on(mapping):
            yield working(place, region=mapping.region, mapping=mapping.physical_id)
            if _source(mapping).split(":")[2:3] in [[each] for each in _STREAMS] or _reads_a_stream(mapping):
                yield failures(place, region=mapping.region, mapping=mapping.physical_id)
    for table in target.of_type("AWS::DynamoDB::Table", "AWS::DynamoDB::GlobalTable"):
        if table.properties.get("StreamSpecification"):
            mine = [each for each in target.of_type(MAPPING) if _reads(each, table)]
            arns = [target.arn("lambda", each.region, f"event-source-mapping:{each.physical_id}") for each in mine]
            yield consumed(table.place(*arns), region=table.region, mappings=tuple(each.physical_id for each in mine))


def _source(mapping: Resource) -> str:
    return intent.text(mapping.properties, "EventSourceArn")


def _reads_a_stream(mapping: Resource) -> bool:
    """Only streams have a starting position; the ARN of a table's stream does not follow from the template."""
    return mapping.properties.get("StartingPosition") is not None


def _reads(mapping: Resource, table: Resource) -> bool:
    """By ARN where it is known, else by what the unresolved attribute names."""
    if source := _source(mapping):
        return f":table/{table.physical_id}/stream/" in source
    return any(f"{table.logical_id}." in why for why in intent.gaps(mapping.properties, "EventSourceArn"))


def _gone(expected: str) -> Verdict:
    return Verdict.failed(expected=expected, actual="there is no such mapping", remedy="deploy the stack again")


def _look(world: World, *, region: str, mapping: str) -> Described | Absent:
    return world.aws.described(MAPPING, region, mapping)


def _look_all(world: World, *, region: str, mappings: tuple[str, ...]) -> Described | Absent:
    """The first that is switched on, else the last there is."""
    found: Described | Absent = Absent(what="a mapping on this stream")
    for each in mappings:
        seen = _look(world, region=region, mapping=each)
        found = seen if isinstance(seen, Described) else found
        if isinstance(found, Described) and found.state == "Enabled":
            break
    return found


PROMISES = (*(each.promise for each in ROWS), working, failures, consumed)
