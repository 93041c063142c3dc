"""Inject, verify, assert, restore, green: one fault after the other, on one twin, resumable."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from checks.catalogue import DEPENDENCIES
from checks.model import Result
from checks.naming import fill, glob
from checks.run import Run, exit_code
from checks.twin.faults.bench import Bench
from checks.twin.faults.matrix import row_of
from checks.twin.faults.words import Fault, Row, Unfit, View
from checks.twin.state import replace as write_whole

# What follows from any breakage for reasons of its own: an alarm that rings because something is broken, or was a few
# minutes ago, is right, and a look that needs a second try on a busy machine says nothing about the fault.
AMBIENT = ("alarms.calm[*]", "stack.recovered[*]")
_HEALS_WITHIN = 20.0
_LOOK_AGAIN = 0.5


class Verify(Protocol):
    """One run of the harness that sees the twin through *view*; of these checks alone when *only* is given."""

    def __call__(self, view: View, *, only: tuple[str, ...] | None = None) -> Run:
        """Look, judge, settle."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Spare:
    """Another twin for one that is *worn* out; *renew* puts it in its place, with the same deployed to it."""

    worn: Callable[[Bench], bool]
    renew: Callable[[], tuple[Bench, Verify]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Told after each fault: *left* are still to come, and by what was measured they will take *seconds*."""

    row: Row
    done: int
    left: int
    seconds: float


@dataclass(slots=True, kw_only=True)
class Notebook:
    """What was measured so far, on disk, so that an interrupted measurement goes on where it was.

    *key* names the code and the plan that the rows are of, and is written into each; rows of another key are forgotten.
    *now* is the clock.
    """

    file: Path
    key: str
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    rows: dict[str, Row] = field(default_factory=dict)

    def load(self) -> Notebook:
        """Take up what an interrupted measurement has left."""
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            stored = json.loads(self.file.read_text(encoding="utf-8"))
            if stored["key"] == self.key:
                self.rows = {each["id"]: row_of(each) for each in stored["rows"]}
        return self

    def count(self, rows: Iterable[Row]) -> None:
        """Take what was measured elsewhere for measured, if it is of the same key and not less than what is known."""
        for each in rows:
            known = self.rows.get(each.id)
            if each.of == self.key and (known is None or known.runs < each.runs):
                self.rows[each.id] = each

    def keep(self, row: Row) -> None:
        """Write one more row down, with when it was measured and on what."""
        self.rows[row.id] = replace(row, measured=self.now().strftime("%Y-%m-%dT%H:%M:%SZ"), of=self.key)
        self._write()

    def forget(self, names: Iterable[str]) -> None:
        """The measurement of these is whole: the next one begins anew."""
        for each in names:
            self.rows.pop(each, None)
        if self.rows:
            self._write()
        else:
            self.file.unlink(missing_ok=True)

    def _write(self) -> None:
        write_whole(self.file, json.dumps({"key": self.key, "rows": [asdict(each) for each in self.rows.values()]}))


class NotGreen(Exception):
    """The twin was broken before anything was injected, or stayed so; the message names what."""


def measure(
    faults: Iterable[Fault],
    bench: Bench,
    verify: Verify,
    *,
    notebook: Notebook,
    watch: Callable[[Progress], None],
    rounds: int = 1,
    green: bool = True,
    spare: Spare | None = None,
) -> tuple[Row, ...]:
    """A row for each fault. Raises NotGreen when the twin is not whole before the first or after one of them.

    *rounds* is how often each benign change is measured; without *green* the caller has seen for itself that the twin
    is whole before and after. With *spare* a twin that is worn out, or stays broken, is replaced and the measurement
    goes on; the fault that it stayed broken after is not healed all the same.
    """
    wanted = list(faults)
    todo = [each for each in wanted if not _is_measured(notebook.rows.get(each.id), rounds)]
    if todo and green:
        require_green(bench, verify)
    spent: list[float] = []
    for number, fault in enumerate(todo):
        if spare and spare.worn(bench):
            bench, verify = _replaced(spare)
        row = _in_rounds(fault, bench, verify, rounds, notebook)
        notebook.keep(row)
        spent.append(row.seconds)
        left = len(todo) - number - 1
        watch(Progress(row=row, done=len(wanted) - left, left=left, seconds=left * sum(spent) / len(spent)))
        if row.healed:
            continue
        if spare is None:
            raise NotGreen(f"{fault.id} was taken back and the twin is still broken: {row.why}")
        bench, verify = _replaced(spare)
    if todo and green:
        require_green(bench, verify)
    return tuple(notebook.rows[each.id] for each in wanted)


def _is_measured(row: Row | None, rounds: int) -> bool:
    """Whether what was written down of a fault is what is asked for: a benign change in as many rounds."""
    return row is not None and (row.kind != "benign" or row.outcome == "unfit" or row.runs >= rounds)


def _replaced(spare: Spare) -> tuple[Bench, Verify]:
    """Another twin with the same on it. Raises NotGreen when that is not whole either."""
    bench, verify = spare.renew()
    require_green(bench, verify)
    return bench, verify


def require_green(bench: Bench, verify: Verify) -> None:
    """Raise NotGreen unless everything holds that is not a matter of the machine's own haste."""
    quieten(bench)
    # The first run after a rest wakes what sleeps; the second one counts.
    open_ends = _open(verify(View())) and _open(verify(View()))
    if open_ends:
        told = "; ".join(f"{each.name} is {each.status}: {each.actual}" for each in open_ends[:5])
        raise NotGreen(f"{len(open_ends)} checks do not pass on the twin as it is: {told}")


def quieten(bench: Bench) -> None:
    """Take back the alarms that rang for what was broken; by themselves they take five minutes to notice."""
    watching = bench.aws("cloudwatch")
    for each in watching.describe_alarms(StateValue="ALARM")["MetricAlarms"]:
        watching.set_alarm_state(AlarmName=each["AlarmName"], StateValue="OK", StateReason="repaired")


def _in_rounds(fault: Fault, bench: Bench, verify: Verify, rounds: int, notebook: Notebook) -> Row:
    """A benign change so many times over, since few runs say little about rare false alarms; anything else as usual.

    Each time is written down, and what was there already counts, so that an interrupted row goes on as well.
    """
    if fault.kind != "benign" or rounds == 1:
        return _twice_if_need_be(fault, bench, verify)
    row = notebook.rows.get(fault.id)
    while row is None or not _is_measured(row, rounds):
        now = _measured(fault, bench, verify)
        if row is not None and now.outcome == "unfit":
            # It could be staged before: whoever measures again goes on behind what is there.
            break
        row = now if row is None else _together(row, now)
        row = replace(row, alarms=row.alarms + int(_alarms(now)))
        notebook.keep(row)
        if not now.healed:
            break
    return row


def _together(before: Row, now: Row) -> Row:
    """One row for both; of an alarm and a calm run the alarm is told."""
    told = before if _alarms(before) and not _alarms(now) else now
    return replace(told, runs=before.runs + 1, alarms=before.alarms, seconds=before.seconds + now.seconds)


def _alarms(row: Row) -> bool:
    return row.outcome == "alarm" or not row.healed


def _twice_if_need_be(fault: Fault, bench: Bench, verify: Verify) -> Row:
    """A busy machine makes a look late; what is true of the fault is so the second time. Both runs are counted."""
    first = _measured(fault, bench, verify)
    if first.exact or first.outcome == "unfit" or not first.healed:
        return replace(first, alarms=int(first.outcome == "alarm"))
    second = _measured(fault, bench, verify)
    alarms = sum(each.outcome == "alarm" for each in (first, second))
    return replace(second, runs=2, alarms=alarms, seconds=first.seconds + second.seconds)


def _measured(fault: Fault, bench: Bench, verify: Verify) -> Row:
    began = time.monotonic()
    row = Row(
        id=fault.id, kind=fault.kind, family=fault.family, breaks=fault.breaks, fidelity=fault.fidelity,
        outcome="unfit", expected=f"{fault.promise}: {fault.status}" if fault.promise else "no alarm",
    )  # fmt: skip
    with contextlib.ExitStack() as staged:
        try:
            view = staged.enter_context(fault.stage(bench))
        except (Unfit, ClientError, BotoCoreError) as reason:
            # The deployment has no such thing, or the emulator refuses the change: neither caught nor missed.
            return replace(row, why=" ".join(str(reason).split()), seconds=time.monotonic() - began)
        if view.trial is not None:
            return _tried(fault, view.trial, row)
        run = verify(view)
    row = judged(fault, view, run, row)
    # What stood between is gone with its run, and nothing of the twin was touched: what were left of it would be a
    # stray of the next fault, and the whole ends with a green run.
    untouched = view.aws or view.edge or view.names
    left_over = [] if untouched else _healed(run, bench, verify, View(writes=view.writes))
    took = time.monotonic() - began
    if left_over:
        told = "; ".join(f"{each.name} is {each.status}: {each.actual}" for each in left_over[:5])
        return replace(row, healed=False, why=told, seconds=took)
    return replace(row, seconds=took)


def _tried(fault: Fault, trial: Callable[[], str], row: Row) -> Row:
    """What a command of its own comes to."""
    began = time.monotonic()
    wrong = trial()
    seconds = time.monotonic() - began
    late = fault.within is not None and seconds > fault.within
    good: Literal["calm", "caught"] = "calm" if fault.kind == "benign" else "caught"
    bad: Literal["alarm", "missed"] = "alarm" if fault.kind == "benign" else "missed"
    why = wrong or (f"it took {seconds:.0f} s" if late else "")
    return replace(row, outcome=bad if why else good, why=why, seconds=seconds)


def judged(fault: Fault, view: View, run: Run, row: Row) -> Row:
    """What a run with the fault in comes to."""
    named = view.named or ((f"{fault.promise}[*]",) if fault.promise else ())
    statuses = {pattern: _status(pattern, fault, run.results) for pattern in named}
    strays = tuple(f"{each.name}: {each.status}" for each in run.results if _is_stray(each, fault, named, run))
    loud = [each for each in run.results if each.status != "pass" and not _fits(each.name, AMBIENT)]
    wanted = _wanted_code(fault, named, run)
    late = fault.within is not None and (run.finished - run.started).total_seconds() > fault.within
    row = replace(row, named=statuses, code=exit_code(run), wanted_code=wanted, strays=strays)
    if late:
        took = (run.finished - run.started).total_seconds()
        row = replace(row, why=f"the run took {took:.1f} s, {fault.within:.0f} s were allowed")
    if fault.kind == "benign":
        return replace(row, outcome="alarm" if loud or row.code else "calm", why=_told(loud) or row.why)
    wrong = view.after(run)
    right = bool(statuses) and all(status == fault.status for status in statuses.values()) and not late and not wrong
    row = replace(row, why=wrong or row.why)
    outcome = "caught" if right else "by another" if loud or row.code else "missed"
    return replace(row, outcome=outcome, why=row.why or ("" if right else _told(loud)))  # type: ignore[arg-type]


def _status(pattern: str, fault: Fault, results: Iterable[Result]) -> str:
    """The fault's own status when a check of the pattern has it, else the worst that there is."""
    found = [each.status for each in results if glob(pattern, each.name)]
    if fault.status in found:
        return fault.status
    return next((each for each in ("fail", "unknown", "not_yet", "blocked", "pass") if each in found), "not planned")


def _is_stray(result: Result, fault: Fault, named: tuple[str, ...], run: Run) -> bool:
    if result.status == "pass" or _fits(result.name, (*named, *fault.behind, *AMBIENT)):
        return False
    root = result.blocked_by
    if root is not None:
        return not _fits(root, (*named, *fault.behind))
    return not _stands_on(result.name, (*named, *fault.behind), run)


def _stands_on(name: str, roots: tuple[str, ...], run: Run) -> bool:
    """Whether *name* depends on one of *roots* that is only a warning, and so blocks nothing."""
    on = [fill(each.on, name) for each in DEPENDENCIES if glob(each.check, name)]
    below = [each.name for each in run.results if each.status != "pass" and _fits(each.name, tuple(on))]
    return any(_fits(each, roots) for each in below)


def _wanted_code(fault: Fault, named: tuple[str, ...], run: Run) -> int:
    if fault.code is not None:
        return fault.code
    if fault.kind == "benign":
        return 0
    weights = {each.check.severity for each in run.results if _fits(each.name, named) and each.status == fault.status}
    if "critical" not in weights:
        return 0
    return 1 if fault.status == "fail" else 2


def _healed(run: Run, bench: Bench, verify: Verify, whole: View) -> list[Result]:
    """What of the run still does not pass after the repair; empty once everything does."""
    broken = tuple(each.name for each in run.results if each.status != "pass")
    limit = time.monotonic() + _HEALS_WITHIN
    if not broken:
        return []
    while True:
        quieten(bench)
        left = _open(verify(whole, only=broken))
        if not left or time.monotonic() > limit:
            return left
        time.sleep(_LOOK_AGAIN)


def _open(run: Run) -> list[Result]:
    return [each for each in run.results if each.status != "pass" and not _fits(each.name, AMBIENT)]


def _fits(name: str, patterns: tuple[str, ...]) -> bool:
    return any(glob(each, name) for each in patterns)


def _told(results: list[Result]) -> str:
    roots = [each for each in results if each.status != "blocked"]
    return "; ".join(f"{each.name} {each.status}: {each.actual}" for each in roots[:3])


def estimated(seconds: float) -> str:
    """A span for a person: ``40 s`` or ``12 min``."""
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"  # noqa: PLR2004 - a minute and a half
