"""A plan in, results out, inside a deadline: look, judge, settle, block, remember."""

from __future__ import annotations

import secrets
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, wait
from dataclasses import field, replace
from datetime import datetime, timedelta
from queue import SimpleQueue
from typing import Literal

from checks import codec
from checks.blocking import Dependency, block
from checks.controls import run_control
from checks.coverage import Coverage
from checks.frozen import dataclass
from checks.model import (
    Attempt,
    CannotLook,
    Check,
    Control,
    ControlResult,
    Instrument,
    Result,
    Status,
    Waiver,
)
from checks.naming import glob
from checks.plan import Plan, is_severity
from checks.pool import Pool, arrived
from checks.settling import Pending, Settling, settling_of
from checks.vantage import Beyond, Need, relies_on
from checks.world.ports import Clock, World

Door = Literal["cli", "pytest", "canary", "gate"]

# What is read over the public network may fail once and hold the next moment; a setting read from AWS does not.
_WORTH_A_SECOND_LOOK: frozenset[Instrument] = frozenset({"dns", "tls", "http"})
_PAUSES = (0.2, 0.8, 2.0)
_SETTLE_PAUSE = 3.0
_TICK = 0.5
LATE = "it did not finish before the deadline"


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """How long a run may take and how often it may look.

    *deadline* bounds the looking itself, *wait* how long things that still settle are given on top of it.
    """

    deadline: timedelta
    wait: timedelta
    retries: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Told to whoever watches: *result* just came in, the *left* ones are still out, *settling* ones are waited for."""

    result: Result | None
    left: tuple[str, ...]
    settling: tuple[Pending, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """The terms of a run: through which door, with which proofs, how patient, and what somebody decided beforehand.

    *calls* tells how many AWS calls were made; *watch* is told of each result as it comes in. *settling* names what
    is waited for and how long at most, *needs* what checks need of a place, *beyond* what is not planned because this
    place lacks it. *coverage* is what the plan proves of the target, None where the target could not be read; *owners*
    are people by family, or by pattern for names of checks. *quiet* is the announced maintenance that goes on, as a
    sentence: what is broken meanwhile is marked with it, and as broken as ever. *prepare* makes ready whoever answers
    for AWS, while the public surface is looked at already.
    """

    door: Door
    budget: Budget
    controls: tuple[Control, ...]
    dependencies: tuple[Dependency, ...]
    waivers: tuple[Waiver, ...] = ()
    selection: tuple[str, ...] | None = None
    release: str = ""
    strict: bool = False
    notes: tuple[str, ...] = ()
    quiet: str = ""
    calls: Callable[[], int] = lambda: 0
    watch: Callable[[Progress], None] = lambda _: None
    settling: tuple[Settling, ...] = ()
    needs: tuple[Need, ...] = ()
    beyond: tuple[Beyond, ...] = ()
    coverage: Coverage | None = None
    owners: Mapping[str, str] = field(default_factory=dict)
    prepare: Callable[[], None] = lambda: None


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Everything that one run saw and decided."""

    run_id: str
    terms: Terms
    plan: Plan
    started: datetime
    finished: datetime
    results: tuple[Result, ...]
    controls: tuple[ControlResult, ...]
    void: tuple[str, ...]
    aws_calls: int = 0
    interrupted: bool = False
    cost: Mapping[str, float] = field(default_factory=dict)
    gate: Mapping[str, object] | None = None


@dataclass(slots=True)
class _Ledger:
    """What is known so far about each check of a run."""

    latest: dict[str, Result] = field(default_factory=dict)
    attempts: dict[str, list[Attempt]] = field(default_factory=dict)
    controls: dict[str, ControlResult] = field(default_factory=dict)
    final: set[str] = field(default_factory=set)
    pending: dict[str, float] = field(default_factory=dict)

    def enter(self, result: Result, *, final: bool) -> Result:
        """Write one look down; the result carries every attempt made so far."""
        seen = self.attempts.setdefault(result.name, [])
        seen.append(Attempt(status=result.status, actual=result.actual, seconds=result.seconds))
        entered = replace(result, attempts=tuple(seen))
        self.latest[result.name] = entered
        if final:
            self.final.add(result.name)
        return entered


@dataclass(frozen=True, slots=True, kw_only=True)
class _Course:
    """What stays the same from one round of a run to the next. *patience* is when waiting for settling ends."""

    terms: Terms
    pool: Pool
    clock: Clock
    ledger: _Ledger
    patience: float


def run_all(plan: Plan, world: World, *, pool: Pool, terms: Terms) -> Run:
    """Look at everything in *plan* at once, look again where that is fair, and settle what became of it.

    Never raises for what happens inside a check. A KeyboardInterrupt ends the looking: what is known by then is
    kept, the rest is unknown, and the run is marked interrupted.
    """
    started = world.clock.now()
    chosen = plan.only(terms.selection) if terms.selection is not None else plan
    in_time = [each for each in chosen.checks if each.sight.afterwards is None]
    patience = world.clock.monotonic() + terms.budget.wait.total_seconds()
    course = _Course(terms=terms, pool=pool, clock=world.clock, ledger=_Ledger(), patience=patience)
    try:
        _look_until_settled(in_time, world, course)
        interrupted = False
    except KeyboardInterrupt:
        interrupted = True
    reason = "the run was interrupted before it was looked at" if interrupted else LATE
    ledger = course.ledger
    looked = [ledger.latest.get(each.name) or _unseen(each, reason, started) for each in in_time]
    looked += [_look_back(each, looked, world, ledger) for each in chosen.checks if each.sight.afterwards is not None]
    by_name = {each.name: each for each in looked}
    results = [by_name[each.name] for each in chosen.checks]
    seen = tuple(ledger.controls.get(each.name) or _unseen_control(each, reason) for each in terms.controls)
    settled = settle(results, controls=seen, terms=terms, now=started)
    return Run(
        run_id=f"{started:%Y%m%dT%H%M%S}-{secrets.token_hex(4)}",
        terms=terms,
        plan=plan,
        started=started,
        finished=world.clock.now(),
        results=settled,
        controls=seen,
        void=void_reasons(chosen, settled, seen, selection=terms.selection or ()),
        aws_calls=terms.calls(),
        interrupted=interrupted,
    )


def look(check: Check, world: World) -> tuple[Result, bool]:
    """One look and its judgement; the flag says that looking again cannot help."""
    clock = world.clock
    started, since = clock.now(), clock.monotonic()
    try:
        evidence = codec.scrub(check.sight.look(world))
        verdict = check.sight.judge(evidence, clock.now())
    except CannotLook as reason:
        return _unseen(check, str(reason), started, clock.monotonic() - since), reason.final
    except Exception as error:  # noqa: BLE001 - a defect of ours must cost this check alone, and void the run
        told = traceback.format_exc()
        seen = _unseen(check, f"harness error: {type(error).__name__}: {error}", started, clock.monotonic() - since)
        return replace(seen, harness_error=codec.redact(told)), True
    result = Result(
        check=check,
        status=verdict.status,
        expected=codec.redact(verdict.expected),
        actual=codec.redact(verdict.actual),
        remedy=codec.redact(verdict.remedy),
        evidence=evidence,
        attempts=(),
        started=started,
        seconds=clock.monotonic() - since,
    )
    return result, False


def _look_back(check: Check, results: Sequence[Result], world: World, ledger: _Ledger) -> Result:
    """The result of a check that looks at the others."""

    def back(_: World) -> object:
        return None if check.sight.afterwards is None else check.sight.afterwards(results)

    seen, final = look(replace(check, sight=replace(check.sight, look=back)), world)
    return replace(ledger.enter(seen, final=final), check=check)


def settle(
    results: Iterable[Result], *, controls: Sequence[ControlResult], terms: Terms, now: datetime
) -> tuple[Result, ...]:
    """From what was seen to what it means: doubt what an unproven instrument saw, name the roots, apply waivers."""
    doubted = [_doubt(each, _speaking_for(each, controls, terms.needs)) for each in results]
    blocked = block(doubted, terms.dependencies)
    waived = {each.name: _waive(each, terms.waivers, now) for each in blocked}
    # A decision to live without the root is a decision to live with its consequences.
    return tuple(
        replace(each, waiver=waived[each.blocked_by].waiver)
        if each.blocked_by in waived and each.waiver is None and waived[each.blocked_by].waiver
        else each
        for each in waived.values()
    )


def void_reasons(
    chosen: Plan, results: Sequence[Result], controls: Sequence[ControlResult], *, selection: Sequence[str] = ()
) -> tuple[str, ...]:
    """Why this run proves nothing; empty when it does."""
    reasons = []
    if not chosen.checks:
        reasons.append("nothing was planned: no check fits the selection and the target")
    expected = [check.name for check in chosen.checks]
    # A misspelt pattern among others would look at less than was asked for, and nobody would notice.
    fitting = [each for each in selection if not is_severity(each)] if expected else []
    known = frozenset(expected)
    reasons += [
        f"nothing of the plan fits {each!r}, which was asked for"
        for each in fitting
        if each not in known and not any(glob(each, name) for name in expected)
    ]
    if sorted(expected) != sorted(result.name for result in results):
        reasons.append("the results are not exactly one for each planned check")
    reasons += [
        f"control {each.name} was wrong: expected {each.expected}, but {each.actual}"
        for each in controls
        if each.status == "wrong"
    ]
    reasons += [f"harness error in {each.name}: {each.actual}" for each in results if each.harness_error]
    return tuple(reasons)


def exit_code(run: Run) -> int:
    """130 interrupted; then the first that holds: 3 void, 1 a critical failure, 2 a critical doubt, 0."""
    if run.interrupted:
        return 130
    if run.void:
        return 3
    weighty = {
        each.status
        for each in run.results
        if each.waiver is None and (run.terms.strict or each.check.severity == "critical")
    }
    if "fail" in weighty:
        return 1
    return 2 if weighty & {"unknown", "not_yet", "blocked"} else 0


def _look_until_settled(checks: Sequence[Check], world: World, course: _Course) -> None:
    clock, budget, ledger = course.clock, course.terms.budget, course.ledger
    ends = clock.monotonic() + budget.deadline.total_seconds()
    todo, proofs, number = list(checks), list(course.terms.controls), 0
    while todo or proofs:
        _one_round(todo, proofs, world, course, ends=ends)
        todo = [each for each in checks if _deserves_another(each, number, course)]
        proofs = [each for each in proofs if _unproven(each, number, course)]
        pause = _pause(todo, ledger, number)
        course.terms.watch(Progress(result=None, left=(), settling=_waiting(todo, course)))
        if clock.monotonic() + pause > max(ends, course.patience):
            return
        if todo or proofs:
            clock.sleep(pause)
        if clock.monotonic() < course.patience:
            ends = clock.monotonic() + budget.deadline.total_seconds()
        world, number = world.again(), number + 1


def _one_round(
    checks: Sequence[Check], controls: Sequence[Control], world: World, course: _Course, *, ends: float
) -> None:
    pool, clock, ledger, watch = course.pool, course.clock, course.ledger, course.terms.watch
    waited = _waiting(checks, course)
    proofs: dict[Future[ControlResult], Control] = {}
    looks: dict[Future[tuple[Result, bool]], Check] = {}
    for asks_aws in (False, True):
        if asks_aws:
            # Making clients costs as much as many looks, and these wait for the network meanwhile.
            course.terms.prepare()
        proving = [each for each in controls if (each.instrument == "aws") is asks_aws]
        looking = [each for each in checks if (each.promise.instrument == "aws") is asks_aws]
        proofs |= {pool.submit(_proving(each, world)): each for each in proving}
        looks |= {pool.submit(_looking(each, world)): each for each in looking}
    for late in _collect(looks, course, waited=waited, ends=ends):
        watch(Progress(result=_cut_off(late, course), left=()))
    wait(proofs, timeout=max(0.0, ends - clock.monotonic()))
    for proof, control in proofs.items():
        known = ledger.controls.get(control.name) or _unseen_control(control, LATE)
        ledger.controls[control.name] = proof.result() if proof.done() else known


def _collect(
    looks: Mapping[Future[tuple[Result, bool]], Check], course: _Course, *, waited: tuple[Pending, ...], ends: float
) -> list[Check]:
    """Enter what comes of *looks* until the run *ends*; the checks of those that nothing came of."""
    clock, watch = course.clock, course.terms.watch
    ready: SimpleQueue[Future[tuple[Result, bool]]] = SimpleQueue()
    for each in looks:
        each.add_done_callback(ready.put)
    out = {each: check.name for each, check in looks.items()}
    while out and (left := ends - clock.monotonic()) > 0:
        done = arrived(ready, within=min(left, _TICK))
        for each in done:
            del out[each]
        names = tuple(out.values())
        for each in done:
            result, final = each.result()
            watch(Progress(result=_entered(result, final=final, course=course), left=names, settling=waited))
        if not done:
            watch(Progress(result=None, left=names, settling=waited))
    return [looks[each] for each in out]


def _cut_off(check: Check, course: _Course) -> Result:
    """What an earlier look has seen stands: that there was no time for another one takes nothing of it away."""
    ledger = course.ledger
    before = ledger.latest.get(check.name)
    late = ledger.enter(_unseen(check, LATE, course.clock.now()), final=True)
    if before is None:
        return late
    ledger.latest[check.name] = replace(before, attempts=late.attempts)
    return ledger.latest[check.name]


def _looking(check: Check, world: World) -> Callable[[], tuple[Result, bool]]:
    return lambda: look(check, world)


def _proving(control: Control, world: World) -> Callable[[], ControlResult]:
    def prove() -> ControlResult:
        proven = run_control(control, world)
        return replace(proven, actual=codec.redact(proven.actual))

    return prove


def _deserves_another(check: Check, number: int, course: _Course) -> bool:
    """Whether looking again is fair: still settling within the wait, or a passing trouble within the retries."""
    result = course.ledger.latest.get(check.name)
    if result is None or result.status == "pass" or check.name in course.ledger.final:
        return False
    if result.status == "not_yet":
        late = result.pending is not None and result.pending.late
        return course.clock.monotonic() < course.patience and not late
    passing = result.status == "unknown" or check.promise.instrument in _WORTH_A_SECOND_LOOK
    return passing and number < course.terms.budget.retries


def _entered(result: Result, *, final: bool, course: _Course) -> Result:
    """The result as it is written down; one that is pending says for what, and since when."""
    if result.status != "not_yet":
        return course.ledger.enter(result, final=final)
    now = course.clock.monotonic()
    since = course.ledger.pending.setdefault(result.name, now)
    known = settling_of(result.name, course.terms.settling)
    pending = Pending(
        check=result.name,
        signal=known.signal if known else "",
        waited=timedelta(seconds=now - since),
        within=known.within if known else None,
    )
    return course.ledger.enter(replace(result, pending=pending), final=final)


def _waiting(checks: Sequence[Check], course: _Course) -> tuple[Pending, ...]:
    """What of *checks* is waited for, with the time up to this moment."""
    now, ledger = course.clock.monotonic(), course.ledger
    seen = (ledger.latest[each.name].pending for each in checks if each.name in ledger.latest)
    return tuple(
        replace(each, waited=timedelta(seconds=now - ledger.pending[each.check])) for each in seen if each is not None
    )


def _unproven(control: Control, number: int, course: _Course) -> bool:
    seen = course.ledger.controls[control.name]
    return seen.status == "unseen" and number < course.terms.budget.retries


def _pause(again: Sequence[Check], ledger: _Ledger, number: int) -> float:
    if again and all(ledger.latest[each.name].status == "not_yet" for each in again):
        return _SETTLE_PAUSE
    return _PAUSES[min(number, len(_PAUSES) - 1)]


def _unseen(check: Check, reason: str, started: datetime, seconds: float = 0.0) -> Result:
    return Result(
        check=check,
        status="unknown",
        expected=check.promise.says,
        actual=f"could not look: {codec.redact(reason)}",
        remedy="Give the harness what it needs to look, then run it again; nothing is known about the target here.",
        evidence=None,
        attempts=(),
        started=started,
        seconds=seconds,
    )


def _unseen_control(control: Control, reason: str) -> ControlResult:
    return ControlResult(
        name=control.name,
        instrument=control.instrument,
        known=control.known,
        status="unseen",
        expected=control.expected,
        actual=reason,
        vantage=control.vantage,
    )


def _speaking_for(result: Result, controls: Sequence[ControlResult], needs: Sequence[Need]) -> Sequence[ControlResult]:
    """The controls of its instrument; of those that measure the place only what its check relies on."""
    return [
        each
        for each in controls
        if (each.instrument == result.check.promise.instrument and not each.vantage)
        or (each.vantage and relies_on(result.name, each.vantage, needs))
    ]


def _doubt(result: Result, controls: Sequence[ControlResult]) -> Result:
    """Nothing that an instrument saw counts in a run in which it was not proven."""
    unproven = [each.name for each in controls if each.status == "unseen"]
    if not unproven or result.status == "unknown":
        return result
    told = (
        f"seen with an instrument that was not proven today ({', '.join(unproven)}): {result.status}, {result.actual}"
    )
    return replace(
        result,
        status="unknown",
        actual=told,
        own_verdict=result.status,
        remedy="Find out why the control could not be seen (network, resolver, credentials), then run it again.",
    )


def _waive(result: Result, waivers: Sequence[Waiver], now: datetime) -> Result:
    if result.status == "pass":
        return result
    live = [each for each in waivers if each.expires >= now and glob(each.check, result.name)]
    return replace(result, waiver=live[0]) if live else result


def suppressed(run: Run) -> tuple[Result, ...]:
    """What nobody is called for while maintenance goes on: all that is no pass and that nobody waived."""
    return tuple(each for each in run.results if run.terms.quiet and each.status != "pass" and each.waiver is None)


def counts(results: Sequence[Result]) -> Mapping[str, int]:
    """How many results have each status, and how many recovered or are waived."""
    statuses: tuple[Status, ...] = ("pass", "fail", "not_yet", "unknown", "blocked")
    return {
        **{status: sum(each.status == status for each in results) for status in statuses},
        "recovered": sum(each.recovered for each in results),
        "waived": sum(each.waiver is not None for each in results),
    }
