"""The stacks themselves, and what keeps the plan honest: floors, the accepted plan, waivers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from functools import partial

from checks.evidence import Absent, StackSeen, Stated
from checks.model import Check, Place, Result, Sight, Target, Verdict, promise
from checks.recoveries import OFTEN, RUNS
from checks.wording import quote, several, span
from checks.world.ports import World

# IMPORT_COMPLETE: resources were taken into the stack. Every other *_COMPLETE is an end that nobody wanted.
_GOOD = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE"})
_BAD = ("ROLLBACK", "FAILED", "DELETE")
# What scripts write into an output when there was nothing to write.
_NOTHING = frozenset({"", "null", "none", "undefined", "nan"})
_ACCEPT = "python -m checks plan --target {target} --accept --owner … --reason …"


@promise(
    "stack.status",
    says="the last operation on the stack succeeded",
    severity="critical",
    instrument="aws",
    actions=("cloudformation:DescribeStacks",),
)
def status(*, region: str, stack: str) -> Sight:
    """Pitfall 87: UPDATE_ROLLBACK_COMPLETE ends in COMPLETE as well."""
    judge = partial(judge_status, region=region, stack=stack)
    return Sight(look=partial(_look_stack, region=region, stack=stack), judge=judge)


@promise(
    "stack.outputs",
    says="every output that the template declares has a value",
    severity="critical",
    instrument="aws",
    actions=("cloudformation:DescribeStacks",),
)
def outputs(*, region: str, stack: str, declared: tuple[str, ...]) -> Sight:
    """A missing output reaches scripts as the text null, and they upload to a bucket of that name."""
    judge = partial(judge_outputs, stack=stack, declared=declared)
    return Sight(look=partial(_look_stack, region=region, stack=stack), judge=judge)


@promise(
    "stack.protected",
    says="no single call deletes the stack, unless the settings say that it is there to be thrown away",
    severity="warning",
    instrument="aws",
    actions=("cloudformation:DescribeStacks",),
)
def protected(*, region: str, stack: str) -> Sight:
    """AWS: "Protect CloudFormation stacks from being deleted": off unless asked for, and no part of any template.

    What a deletion policy keeps outlives its stack and serves nobody then.
    """
    judge = partial(judge_protected, region=region, stack=stack)
    return Sight(look=partial(_look_stack, region=region, stack=stack), judge=judge)


@promise(
    "stack.floor",
    says="the target has at least as much of a kind as its settings expect",
    severity="critical",
    instrument="self",
)
def floor(*, kind: str, least: int, found: int) -> Sight:
    """Nothing deployed or nothing planned must not be green.

    *kind* is a resource type, ``family:<name>`` for the checks of a family, ``table:<name>`` for a table that is to
    hold something, or ``domain:<name>`` for the domain itself.
    """
    return Sight(
        look=partial(_state, kind=kind, found=str(found)),
        judge=partial(judge_floor, kind=kind, least=least, found=found),
    )


@promise(
    "stack.plan",
    says="every check of the accepted plan is still planned, and as strictly",
    severity="critical",
    instrument="self",
)
def plan(*, target: str, check: str, change: str, owner: str, reason: str) -> Sight:
    """Planned for a check that is gone or weaker only. *change* says how; *owner* and *reason* accepted it last."""
    judge = partial(judge_plan, target=target, check=check, change=change, owner=owner, reason=reason)
    return Sight(look=partial(_state, check=check, change=change), judge=judge)


@promise(
    "stack.plan_digest",
    says="the plan is the one that somebody accepted",
    severity="warning",
    instrument="self",
)
def plan_digest(*, target: str, accepted: str, live: str, added: tuple[str, ...], changed: tuple[str, ...]) -> Sight:
    """New checks are good news, and still news. What is gone or weaker is stack.plan's matter."""
    judge = partial(judge_plan_digest, target=target, accepted=accepted, live=live, added=added, changed=changed)
    return Sight(look=partial(_state, accepted=accepted, live=live), judge=judge)


@promise(
    "stack.recovered",
    says="hardly any check needed a second look",
    severity="warning",
    instrument="self",
)
def recovered(*, allowed: float, past: tuple[tuple[str, int], ...] = ()) -> Sight:
    """Retries that always help hide a fault that comes and goes. *allowed* is a share of the checks, 0 to 1.

    *past* says of checks in how many of the runs before this one they recovered.
    """
    judge = partial(judge_recovered, allowed=allowed)
    return Sight(look=_state, judge=judge, afterwards=partial(_recoveries, past=past))


@promise(
    "stack.waiver",
    says="the waiver is still in force and waives something",
    severity="critical",
    instrument="self",
)
def waiver(*, check: str, owner: str, reason: str, expires: str, matches: int) -> Sight:
    """Pitfall 100: waivers that never end. *expires* is a day or a moment in ISO 8601; its day in UTC is included."""
    judge = partial(judge_waiver, check=check, owner=owner, reason=reason, expires=expires, matches=matches)
    return Sight(look=partial(_state, check=check, expires=expires, matches=str(matches)), judge=judge)


def judge_status(seen: StackSeen | Absent, now: datetime, *, region: str, stack: str) -> Verdict:
    """Three good ends; going back, failing and deleting are bad, finished or not; the rest is still on its way."""
    expected = f"stack {stack} in {region} is {', '.join(sorted(_GOOD))}"
    remedy = (
        f"aws cloudformation describe-stack-events --region {region} --stack-name {stack} shows what went wrong first"
    )
    match seen:
        case Absent():
            remedy = f"deploy it, or correct [[stack]] in the settings: there is none in {region}"
            return Verdict.failed(expected=expected, actual=f"there is no stack {stack}", remedy=remedy)
        case StackSeen(status=word) if word in _GOOD:
            return Verdict.passed(expected=expected, actual=f"{word}, {span(now - seen.updated)} ago")
        case StackSeen(status=word) if word.endswith("_IN_PROGRESS") and not any(bad in word for bad in _BAD):
            remedy = "wait for the deployment to end; REVIEW_IN_PROGRESS waits for somebody to execute a change set"
            return Verdict.not_yet(expected=expected, actual=word, remedy=remedy)
        case StackSeen(status=word, reason=reason):
            why = f": {quote(reason)}" if reason else ""
            return Verdict.failed(expected=expected, actual=f"{quote(word) or 'no status'}{why}", remedy=remedy)


def judge_outputs(seen: StackSeen | Absent, _now: datetime, *, stack: str, declared: tuple[str, ...]) -> Verdict:
    """Each declared output is there and says something."""
    expected = f"outputs of {stack} with values: {several(declared)}"
    if isinstance(seen, Absent):
        return Verdict.failed(expected=expected, actual=f"there is no stack {stack}", remedy="deploy it")
    live = dict(seen.outputs)
    missing = [f"{key} is missing" for key in declared if key not in live]
    hollow = [f"{key} is {live[key]!r}" for key in declared if key in live and live[key].strip().lower() in _NOTHING]
    if missing or hollow:
        remedy = "deploy the stack again; if it stays so, what the output refers to has no such attribute"
        return Verdict.failed(expected=expected, actual=several([*missing, *hollow]), remedy=remedy)
    return Verdict.passed(expected=expected, actual=f"all {len(declared)} have values")


def judge_protected(seen: StackSeen | Absent, _now: datetime, *, region: str, stack: str) -> Verdict:
    """Termination protection is on; a nested stack has that of its root."""
    expected = f"termination protection of stack {stack}"
    if isinstance(seen, Absent):
        return Verdict.failed(expected=expected, actual=f"there is no stack {stack}", remedy="deploy it")
    if seen.protected:
        return Verdict.passed(expected=expected, actual="it is on")
    remedy = (
        f"aws cloudformation update-termination-protection --region {region} --stack-name {stack} "
        "--enable-termination-protection; or say disposable = true under its [[stack]] in the settings"
    )
    return Verdict.failed(expected=expected, actual="off: one call deletes the stack", remedy=remedy)


def judge_floor(_seen: Stated, _now: datetime, *, kind: str, least: int, found: int) -> Verdict:
    """As many or more."""
    what, _, name = kind.partition(":")
    counted = {"family": f"checks of the family {name}", "domain": f"target of the domain {name}"}
    expected, actual = f"at least {least} {counted.get(what, f'resources of the type {kind}')}", f"{found}"
    if found >= least:
        return Verdict.passed(expected=expected, actual=actual)
    remedy = "put back what the template lost and deploy, or lower [expect] in the settings and say why in the commit"
    return Verdict.failed(expected=expected, actual=actual, remedy=remedy)


def judge_plan(
    _seen: Stated, _now: datetime, *, target: str, check: str, change: str, owner: str, reason: str
) -> Verdict:
    """Always a failure: it is planned because something was lost."""
    accepted = f", as {quote(owner)} accepted ({quote(reason)})" if owner else ""
    remedy = f"put back what it was about and deploy, or accept the loss: {_ACCEPT.format(target=quote(target))}"
    return Verdict.failed(expected=f"{quote(check)} is planned{accepted}", actual=quote(change), remedy=remedy)


def judge_plan_digest(
    _seen: Stated,
    _now: datetime,
    *,
    target: str,
    accepted: str,
    live: str,
    added: tuple[str, ...],
    changed: tuple[str, ...],
) -> Verdict:
    """The same digest; otherwise what came and what changed."""
    expected = f"plan {accepted[:12]}" if accepted else "a plan that somebody accepted"
    if accepted and live == accepted:
        return Verdict.passed(expected=expected, actual=f"plan {live[:12]}")
    news = f"; added: {several(added)}; changed: {several(changed)}" if accepted else ", and none was ever accepted"
    remedy = f"read the list, then {_ACCEPT.format(target=quote(target))}"
    return Verdict.failed(expected=expected, actual=f"plan {live[:12]}{news}", remedy=remedy)


def judge_recovered(seen: Stated, _now: datetime, *, allowed: float) -> Verdict:
    """At most the allowed share of the checks passed only on a later look, and none of them again and again."""
    many, every, often = int(seen["recovered"]), int(seen["looked"]), dict(seen.facts).get("often", "")
    expected = f"at most {allowed:.1%} of {every} checks recovered, none in {OFTEN} of its last {RUNS} runs"
    actual = f"{many} recovered" + (f": {quote(seen['names'])}" if many else "")
    actual += f"; again and again: {quote(often)}" if often else ""
    if many <= allowed * every and not often:
        return Verdict.passed(expected=expected, actual=actual)
    remedy = "see attempts_log of these checks in the run document: what comes and goes for us does so for visitors"
    return Verdict.failed(expected=expected, actual=actual, remedy=remedy)


def judge_waiver(
    _seen: Stated, now: datetime, *, check: str, owner: str, reason: str, expires: str, matches: int
) -> Verdict:
    """In force to the end of its last day in UTC, and about at least one planned check."""
    expected = (
        f"the waiver of {quote(check)} by {quote(owner)} ({quote(reason)}) is in force and matches a planned check"
    )
    last = _day(expires)
    if last is None:
        remedy = "write its expiry as a day, such as 2026-12-31"
        return Verdict.failed(expected=expected, actual=f"its expiry is {quote(expires)!r}", remedy=remedy)
    remedy = "keep the promise again, or decide anew: owner, reason and a later day under [[waiver]] in the settings"
    if now.astimezone(UTC).date() > last:
        return Verdict.failed(expected=expected, actual=f"it ended on {last}", remedy=remedy)
    if matches == 0:
        remedy = "correct its pattern, or remove it from [[waiver]]: what it waived is no longer planned"
        return Verdict.failed(expected=expected, actual="it matches no planned check", remedy=remedy)
    return Verdict.passed(expected=expected, actual=f"until {last}, for {matches} planned checks")


def _day(text: str) -> date | None:
    try:
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC).date() if moment.tzinfo else moment.date()
    except (ValueError, OverflowError):  # the second: a moment of the year 1 that was in the year 0 in UTC
        return None


def checks(target: Target) -> Iterator[Check]:
    """The questions about each stack; the others of this room are bound by whoever makes the plan."""
    for stack in target.stacks:
        arns = (stack.arn,) if stack.arn else ()
        place = Place(subject=stack.name, stack=stack.name, region=stack.region, resources=arns)
        yield status(place, region=stack.region, stack=stack.name)
        if stack.declared_outputs:
            yield outputs(place, region=stack.region, stack=stack.name, declared=stack.declared_outputs)
        if not stack.disposable:
            yield protected(place, region=stack.region, stack=stack.name)


def _look_stack(world: World, *, region: str, stack: str) -> StackSeen | Absent:
    return world.aws.stack(region, stack)


def _recoveries(results: Sequence[Result], *, past: tuple[tuple[str, int], ...]) -> Stated:
    names = [each.name for each in results if each.recovered]
    before = dict(past)
    often = [name for name in names if before.get(name, 0) + 1 >= OFTEN]
    facts = {"looked": str(len(results)), "names": ", ".join(names), "recovered": str(len(names))}
    facts |= {"often": ", ".join(often)} if often else {}
    return Stated(facts=tuple(sorted(facts.items())))


def _state(_world: World, **facts: str) -> Stated:
    return Stated(facts=tuple(sorted(facts.items())))


PROMISES = (status, outputs, protected, floor, plan, plan_digest, waiver, recovered)
