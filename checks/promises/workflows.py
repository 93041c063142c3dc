"""State machines of Step Functions: in service, with the definition that was deployed, and doing their work."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import partial
from string import Template

from checks import intent
from checks.evidence import Absent, Described
from checks.likeness import checks_of, like, prop
from checks.model import Check, Resource, Sight, Target, Unresolved, Verdict, promise
from checks.wording import quote, several
from checks.world.ports import World

MACHINE = "AWS::StepFunctions::StateMachine"
_BAD_ENDS = ("failed", "timed_out", "aborted")


def _definition(machine: Resource) -> object:
    """The definition as it reaches the service; Unresolved where a part of it is, or where it lies in a bucket."""
    text = prop(machine, "DefinitionString")
    written = text if text is not None else prop(machine, "Definition")
    if written is None:
        return Unresolved("the definition lies in a bucket")
    missing = intent.gaps(written)
    if missing:
        return Unresolved(missing[0])
    words = prop(machine, "DefinitionSubstitutions")
    if isinstance(words, Mapping):
        if intent.gaps(words):
            return Unresolved(intent.gaps(words)[0])
        shape = written if isinstance(written, str) else json.dumps(written)
        return Template(shape).safe_substitute({str(key): intent.text(words, str(key)) for key in words})
    return written


def _wanted(machine: Resource) -> Mapping[str, object]:
    return {
        "type": prop(machine, "StateMachineType") or "STANDARD",
        "role": prop(machine, "RoleArn"),
        "definition": _definition(machine),
        "logging": prop(machine, "LoggingConfiguration", "Level") or "OFF",
        "tracing": prop(machine, "TracingConfiguration", "Enabled") or False,
    }


ROWS = (
    like(
        "workflows.ready",
        MACHINE,
        says="the state machine is in service with the definition, role and logging of the template",
        severity="critical",
        source="AWS: an update of a definition is another machine under the same name; running ones keep the old one.",
        noun="state machine",
        actions=("states:DescribeStateMachine",),
        arn="{id}",
        good=("ACTIVE",),
        wanted=_wanted,
        documents=("definition",),
    ),
)


@promise(
    "workflows.whole",
    says="every state of the definition that is named exists and can be reached",
    severity="critical",
    instrument="self",
)
def whole(*, flaws: tuple[str, ...]) -> Sight:
    """AWS: the service checks a definition less strictly than it runs it ("Amazon States Language", States)."""
    return Sight(look=lambda _: Described(kind=MACHINE, name="", state="read"), judge=partial(judge_whole, flaws=flaws))


@promise(
    "workflows.works",
    says="the newest execution that ended did not fail",
    severity="warning",
    instrument="aws",
    actions=("states:ListExecutions",),
)
def works(*, region: str, machine: str) -> Sight:
    """AWS: a failed execution is kept for 90 days and tells nobody (ExecutionListItem.status)."""
    look = partial(_look, region=region, machine=machine)
    return Sight(look=look, judge=partial(judge_works, region=region, machine=machine))


def judge_whole(_seen: Described, _now: datetime, *, flaws: tuple[str, ...]) -> Verdict:
    """No name leads nowhere, none is left over."""
    expected = "a definition in which every next state exists, and every state can be reached"
    if not flaws:
        return Verdict.passed(expected=expected, actual="all of them")
    remedy = "correct the definition in the template, then deploy"
    return Verdict.failed(expected=expected, actual=several(flaws), remedy=remedy)


def judge_works(seen: Described | Absent, _now: datetime, *, region: str, machine: str) -> Verdict:
    """SUCCEEDED, or nothing has ended yet; how the newest ones ended is told."""
    expected = f"the newest execution of {machine.rpartition(':')[2]} that ended SUCCEEDED"
    if isinstance(seen, Absent):
        remedy = "deploy the stack again"
        return Verdict.failed(expected=expected, actual="there is no such state machine", remedy=remedy)
    told = several(f"{count} {end}" for end, count in seen.words) if seen.words else "it never ran"
    if seen.state.lower() in _BAD_ENDS:
        remedy = f"aws stepfunctions list-executions --region {region} --state-machine-arn {machine}; then redrive it"
        return Verdict.failed(expected=expected, actual=f"{quote(seen.state)}; {told}", remedy=remedy)
    return Verdict.passed(expected=expected, actual=told)


def checks(target: Target) -> Iterator[Check]:
    """Every state machine: in service, whole where its definition is known, and working where executions are listed."""
    yield from checks_of(target, ROWS)
    for machine in target.of_type(MACHINE):
        written = _definition(machine)
        if not isinstance(written, Unresolved):
            yield whole(machine.place(), flaws=tuple(flaws_of(written)))
        if intent.text(machine.properties, "StateMachineType") != "EXPRESS":
            # Express executions are not kept: their only traces are logs.
            place = machine.place(machine.physical_id)
            yield works(place, region=machine.region, machine=machine.physical_id)


def flaws_of(written: object) -> Iterator[str]:
    """What is wrong with a definition, and with each that is nested in it."""
    try:
        definition = json.loads(written) if isinstance(written, str) else written
    except (ValueError, RecursionError) as error:
        yield f"it is not JSON: {error}"
        return
    states = intent.part(definition, "States")
    if not isinstance(states, Mapping):
        yield "it has no states"
        return
    start = intent.text(definition, "StartAt")
    reached, todo = set[str](), [start]
    while todo:
        name = todo.pop()
        if name in reached:
            continue
        reached.add(name)
        if name not in states:
            yield f"there is no state {name!r}"
            continue
        todo += list(_next(states[name]))
    yield from (f"nothing leads to {name!r}" for name in states if name not in reached)
    for state in states.values():
        for inner in (
            *intent.items(state, "Branches"),
            intent.part(state, "ItemProcessor"),
            intent.part(state, "Iterator"),
        ):
            if isinstance(inner, Mapping):
                yield from flaws_of(inner)


def _next(state: object) -> Iterator[str]:
    """The names that a state can lead to."""
    for key in ("Next", "Default"):
        if name := intent.text(state, key):
            yield name
    for each in (*intent.items(state, "Choices"), *intent.items(state, "Catch")):
        if name := intent.text(each, "Next"):
            yield name


def _look(world: World, *, region: str, machine: str) -> Described | Absent:
    return world.aws.described("AWS::StepFunctions::Execution", region, machine)


PROMISES = (*(each.promise for each in ROWS), whole, works)
