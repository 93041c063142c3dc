"""Lambda functions: ready for a call, with the environment and settings of the template."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from functools import partial

from checks import intent
from checks.evidence import Absent, FunctionSeen, digest_of
from checks.frozen import dataclass
from checks.model import Check, Resource, Sight, Target, Unresolved, Verdict, promise
from checks.wording import left_out, quote, several
from checks.world.ports import World

Pairs = tuple[tuple[str, str], ...]

# What Lambda takes where a template is silent (CloudFormation reference, AWS::Lambda::Function).
_DEFAULTS: Mapping[str, str] = {"MemorySize": "128", "Timeout": "3"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A runtime and the day (``2026-04-30``) from which AWS no longer patches it."""

    runtime: str
    on: str


@promise(
    "functions.ready",
    says="the function can be called: active, its last update through, and not throttled to nothing",
    severity="critical",
    instrument="aws",
    actions=("lambda:GetFunctionConfiguration", "lambda:GetFunctionConcurrency"),
)
def ready(*, region: str, function: str) -> Sight:
    """Pitfall 57. The first call of an Inactive function fails, so that is no better than Failed (AWS: State)."""
    judge = partial(judge_ready, region=region, function=function)
    return Sight(look=partial(_look_function, region=region, function=function), judge=judge)


@promise(
    "functions.environment",
    says="the function has exactly the environment variables of the template, with their values",
    severity="critical",
    instrument="aws",
    actions=("lambda:GetFunctionConfiguration", "lambda:GetFunctionConcurrency"),
)
def environment(*, region: str, function: str, variables: Pairs, gaps: tuple[str, ...]) -> Sight:
    """A lost variable shows only on the path that reads it; another stage's value works on the wrong data.

    *variables* are ``(name, digest of the value)``, the digest empty where the template leaves the value open. Values
    themselves are in no plan, evidence or verdict.
    """
    judge = partial(judge_environment, function=function, variables=variables, gaps=gaps)
    return Sight(look=partial(_look_function, region=region, function=function), judge=judge)


@promise(
    "functions.settings",
    says="the function has the runtime, handler, memory, time limit and architecture of the template, and AWS still "
    "patches its runtime",
    severity="critical",
    instrument="aws",
    actions=("lambda:GetFunctionConfiguration", "lambda:GetFunctionConcurrency"),
)
def settings(*, region: str, function: str, wanted: Pairs, ended: tuple[Ended, ...], gaps: tuple[str, ...]) -> Sight:
    """Pitfall 57 (AWS: Lambda runtimes). *wanted* are ``(setting, value)``; *ended* is about its runtime."""
    judge = partial(judge_settings, function=function, wanted=wanted, ended=ended, gaps=gaps)
    return Sight(look=partial(_look_function, region=region, function=function), judge=judge)


def judge_ready(seen: FunctionSeen | Absent, _now: datetime, *, region: str, function: str) -> Verdict:
    """Active, with a successful last update and room for at least one call; Pending and InProgress are not yet."""
    expected = f"{function} is Active, its last update Successful, reserved concurrency not 0"
    remedy = f"see aws lambda get-function-configuration --region {region} --function-name {function} for the reason"
    match seen:
        case Absent():
            return _gone(expected, function)
        case FunctionSeen(reserved_concurrency=0):
            remedy = f"aws lambda delete-function-concurrency --region {region} --function-name {function}"
            return Verdict.failed(
                expected=expected, actual="reserved concurrency 0: every call is refused", remedy=remedy
            )
        case FunctionSeen(state="Active", last_update="Successful"):
            return Verdict.passed(expected=expected, actual="Active, Successful")
        case FunctionSeen(state="Pending" | "Active" as state, last_update="InProgress" | "Successful" as update):
            remedy = f"aws lambda wait function-updated --region {region} --function-name {function}"
            return Verdict.not_yet(expected=expected, actual=f"{state}, {update}", remedy=remedy)
        case FunctionSeen(state="Inactive"):
            remedy = f"aws lambda invoke --region {region} --function-name {function} …, which wakes it"
            return Verdict.failed(expected=expected, actual="Inactive: its next call fails", remedy=remedy)
        case FunctionSeen(state=state, last_update=update):
            actual = f"{quote(state) or 'no state'}, {quote(update) or 'no update status'}"
            return Verdict.failed(expected=expected, actual=actual, remedy=remedy)


def judge_environment(
    seen: FunctionSeen | Absent, _now: datetime, *, function: str, variables: Pairs, gaps: tuple[str, ...]
) -> Verdict:
    """The same names, and the same digest wherever the template's value is known. Names alone are told."""
    open_values = [name for name, digest in variables if not digest]
    expected = f"{function} with {several(name for name, _ in variables)}{left_out([*open_values, *gaps])}"
    if isinstance(seen, Absent):
        return _gone(expected, function)
    live, wanted = dict(seen.environment), dict(variables)
    found = {
        "missing": sorted(set(wanted) - set(live)),
        "not in the template": sorted(set(live) - set(wanted)),
        "another value": sorted(name for name, digest in wanted.items() if digest and live.get(name, digest) != digest),
    }
    amiss = [f"{words}: {several(names)}" for words, names in found.items() if names]
    if amiss:
        remedy = "deploy the stack again; who changed it by hand is in CloudTrail (UpdateFunctionConfiguration)"
        return Verdict.failed(expected=expected, actual="; ".join(amiss), remedy=remedy)
    return Verdict.passed(expected=expected, actual=f"{len(live)} variables, as the template says")


def judge_settings(
    seen: FunctionSeen | Absent, now: datetime, *, function: str, wanted: Pairs, ended: tuple[Ended, ...],
    gaps: tuple[str, ...],
) -> Verdict:  # fmt: skip
    """Every setting of the template, and a runtime whose last day of patches has not come."""
    expected = f"{function} with {several(f'{name} {value}' for name, value in wanted)} on a supported runtime"
    expected += left_out(gaps)
    if isinstance(seen, Absent):
        return _gone(expected, function)
    live = _settings_of(seen)
    other = [f"{name} {live[name] or 'none'}" for name, value in wanted if live[name] != value]
    if other:
        remedy = "deploy the stack again; who changed it by hand is in CloudTrail (UpdateFunctionConfiguration)"
        return Verdict.failed(expected=expected, actual=several(other), remedy=remedy)
    last = next((each.on for each in ended if each.runtime == seen.runtime), None)
    if last is not None and date.fromisoformat(last) <= now.date():
        remedy = (
            "set a runtime in the template that is still supported, test, deploy; AWS blocks updates of this one soon"
        )
        return Verdict.failed(expected=expected, actual=f"{seen.runtime} ended on {last}", remedy=remedy)
    until = f"; {seen.runtime} is supported until {last}" if last else ""
    return Verdict.passed(expected=expected, actual=f"as the template says{until}")


def _settings_of(seen: FunctionSeen) -> Mapping[str, str]:
    return {
        "Runtime": seen.runtime,
        "Handler": seen.handler,
        "MemorySize": str(seen.memory),
        "Timeout": str(seen.timeout),
        "Architectures": seen.architecture,
    }


def checks(target: Target, *, ended: tuple[Ended, ...]) -> Iterator[Check]:
    """Every promise about every function; *ended* are the runtimes whose last day is known."""
    for function in target.of_type("AWS::Lambda::Function"):
        region, name = function.region, function.physical_id
        place = function.place(target.arn("lambda", region, f"function:{name}"))
        yield ready(place, region=region, function=name)
        if not isinstance(intent.part(function.properties, "Environment", "Variables"), Unresolved):
            variables = _variables(function)
            gaps = intent.gaps(function.properties, "Environment")
            yield environment(place, region=region, function=name, variables=variables, gaps=gaps)
        wanted = tuple(_wanted(function))
        is_open = bool(intent.gaps(function.properties, "Runtime"))
        mine = tuple(each for each in ended if is_open or ("Runtime", each.runtime) in wanted)
        gaps = tuple(why for key in _KEYS for why in intent.gaps(function.properties, key))
        yield settings(place, region=region, function=name, wanted=wanted, ended=mine, gaps=gaps)


_KEYS = ("Runtime", "Handler", "MemorySize", "Timeout", "Architectures")


def _wanted(function: Resource) -> Iterator[tuple[str, str]]:
    """What the template fixes. A function from a container image has neither runtime nor handler."""
    said = function.properties
    for key in _KEYS[:-1]:
        value = intent.text(said, key) or ("" if intent.gaps(said, key) else _DEFAULTS.get(key, ""))
        if value:
            yield key, value
    if not intent.gaps(said, "Architectures"):
        yield "Architectures", next(iter(intent.texts(said, "Architectures")), "x86_64")


def _variables(function: Resource) -> Pairs:
    said = intent.part(function.properties, "Environment", "Variables")
    names = sorted(said) if isinstance(said, Mapping) else []
    return tuple((str(name), _digest(intent.part(said, name))) for name in names)


def _digest(value: object) -> str:
    """As evidence keeps it; CloudFormation hands numbers and booleans to Lambda as text."""
    if isinstance(value, Unresolved):
        return ""
    return digest_of(intent.text(value))


def _gone(expected: str, function: str) -> Verdict:
    remedy = (
        "deploy the stack again; after a deletion by hand first remove the function from the stack, or delete the stack"
    )
    return Verdict.failed(expected=expected, actual=f"there is no function {function}", remedy=remedy)


def _look_function(world: World, *, region: str, function: str) -> FunctionSeen | Absent:
    return world.aws.function(region, function)


PROMISES = (ready, environment, settings)
