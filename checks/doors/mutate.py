"""``python -m checks mutate``: break a twin on purpose, one fault at a time, and see which promise notices."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TextIO

from checks import catalogue as promises
from checks import permissions
from checks import twin as twins
from checks.doors import assembly
from checks.naming import glob
from checks.plan import Plan
from checks.pool import Pool
from checks.run import Run
from checks.target import Settings, SettingsError, find, read
from checks.twin.faults import catalogue, matrix, shares
from checks.twin.faults.bench import Bench, NotATwin, refuse_unless_twin
from checks.twin.faults.between import Stuck, seen_through
from checks.twin.faults.measure import Notebook, NotGreen, Progress, Spare, estimated, measure
from checks.twin.faults.words import Fault, Row, View
from checks.twin.life import EMULATOR
from checks.twin.memory import resident
from checks.twin.state import Twin
from checks.world.real import RealClock

OFFERED = ("fault", "benign", "meta")
_BROKEN, _VOID, _USAGE, _INTERRUPTED = 1, 3, 64, 130
# The emulator forgets nothing; what it holds then, in bytes, a small machine can still spare.
_WORN_AT = 1_000_000_000
_DEPLOYED_WITHIN = 900.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Harness:
    """The harness under test: its settings, the twin, and the plan as it was frozen while everything was whole."""

    settings: Settings
    twin: Twin
    ready: assembly.Ready
    slow: float = 1.0

    def __call__(self, view: View, *, only: tuple[str, ...] | None = None) -> Run:
        """One run, of the frozen plan, or of a new one where the fault changes what is planned.

        Raises KeyboardInterrupt for a run that was interrupted: the hall keeps what it saw, but that is no measurement.
        """
        try:
            run = self._through(view, only)
        except Stuck:
            # A fork beside a thread may be born with a lock that nobody gives back.
            run = self._through(view, only)
        if run.interrupted:
            raise KeyboardInterrupt
        return run

    def _through(self, view: View, only: tuple[str, ...] | None) -> Run:
        with seen_through(view, self.twin) as here:
            return self._run(view, here, only)

    def _run(self, view: View, here: Twin, only: tuple[str, ...] | None) -> Run:
        rehearsal = assembly.Rehearsal(here=here, ahead=view.later, slow=self.slow)
        reach = assembly.connect(self.settings, rehearsal=rehearsal)
        wishes = assembly.Wishes(door="cli", selection=only, wait=view.wait, deadline=assembly.DEADLINE * self.slow)
        if view.replan or view.writes:
            # Nobody has accepted a plan with journeys, so with them it is compared with none.
            accepted = here.home / "nobody-accepted.json" if view.writes else None
            ready = assembly.prepare(self.settings, reach, writes=view.writes, plan_file=accepted)
            return assembly.run(ready, wishes)
        reach.prepare(None)
        ready = replace(self.ready, reach=reach, pool=Pool(assembly.THREADS))
        return assembly.run(ready, wishes)


def main(words: Sequence[str], out: TextIO, err: TextIO) -> int:
    """Measure, tell, write what was asked for; 0 when every fault was caught by the right check and nothing else.

    Faults that cannot be staged here are left out of that; where none can be, nothing was measured, and that is void.
    """
    try:
        asked = _parser().parse_args(words)
    except SystemExit as leaving:
        return _USAGE if leaving.code else 0
    chosen = _chosen(asked)
    if not chosen:
        err.write("checks: mutate: no fault fits; see `python -m checks mutate --list`\n")
        return _USAGE
    if asked.list:
        out.writelines(f"{each.id:<10} {each.kind:<7} {each.family}: {each.breaks}\n" for each in chosen)
        return 0
    settings = read(find(asked.target))
    if asked.twins > 1 and not settings.deploy:
        raise SettingsError(f"mutate: --twins {asked.twins}: {settings.source} has no [deploy] command to fill them")
    harness, bench = open_bench(settings, slow=asked.slow)
    several = min(asked.twins, len(chosen)) > 1
    rows, broken, ended = (
        _shared(chosen, harness, asked, err) if several else _alone(chosen, harness, bench, asked, err)
    )
    _publish(rows, harness, asked, out)
    if broken:
        err.write(f"checks: mutate: {broken}\n")
        return ended
    if all(each.outcome == "unfit" for each in rows):
        err.write("checks: mutate: none of them could be staged here, so nothing was measured\n")
        return _VOID
    return 0 if all(each.exact or each.outcome == "unfit" for each in rows) else _BROKEN


def _alone(
    chosen: Sequence[Fault], harness: Harness, bench: Bench, asked: argparse.Namespace, err: TextIO
) -> tuple[Sequence[Row], str, int]:
    """The rows on the twin that there is; what ended it too early, and the code for that."""
    notebook = _notebook(harness, asked)
    try:
        rows = measure(
            chosen,
            bench,
            harness,
            notebook=notebook,
            watch=lambda each: _tell(each, err),
            rounds=asked.rounds,
            spare=_spare(harness, err),
        )
    except (NotGreen, KeyboardInterrupt) as reason:
        # What was measured is told and written all the same; the next run goes on behind it.
        known = tuple(notebook.rows[each.id] for each in chosen if each.id in notebook.rows)
        return known, *((str(reason), _VOID) if isinstance(reason, NotGreen) else ("interrupted", _INTERRUPTED))
    notebook.forget(each.id for each in chosen)
    return rows, "", 0


def _shared(
    chosen: Sequence[Fault], harness: Harness, asked: argparse.Namespace, err: TextIO
) -> tuple[Sequence[Row], str, int]:
    """The rows of several twins, all but the first of which live no longer than this; and as with one alone."""
    own = harness.twin.home.parent
    seen = shares.measure(
        chosen,
        homes=[own, *(own / f"mutate-{number}" for number in range(2, min(asked.twins, len(chosen)) + 1))],
        put_up=lambda home: _put_up(harness.settings, home, err),
        put_down=lambda home: twins.down(home=home),
        command=[sys.executable, "-m", "checks", "mutate", *_words(asked)],
        err=err,
    )
    place = {each.id: number for number, each in enumerate(chosen)}
    rows = sorted(seen.rows, key=lambda each: place[each.id])
    if _INTERRUPTED in seen.broken.values():
        return rows, "interrupted", _INTERRUPTED
    told = "; ".join(f"share {which} ended with {code}, see above" for which, code in seen.broken.items())
    return rows, told, _VOID


def _words(asked: argparse.Namespace) -> list[str]:
    """What each share is asked for, beside which share it is."""
    words = ["--target", asked.target, "--slow", str(asked.slow), "--rounds", str(asked.rounds)]
    words += [word for each in asked.only or () for word in ("--only", each)]
    words += ["--family", asked.family] if asked.family else []
    words += ["--resume", str(asked.resume)] if asked.resume else []
    return [*words, "--kind", asked.kind] if asked.kind else words


def _put_up(settings: Settings, home: Path, err: TextIO) -> None:
    """A twin below *home* with what ``[deploy] command`` deploys. Raises NotGreen when that fails."""
    err.write(f"a twin is put up in {home}\n")
    twins.up(home=home, harness_actions=permissions.actions(promises.PROMISES))
    environ = {**os.environ, "TWIN_HOME": str(home)}
    done = subprocess.run(
        settings.deploy, env=environ, capture_output=True, text=True, check=False, timeout=_DEPLOYED_WITHIN
    )
    if done.returncode:
        raise NotGreen(f"{' '.join(settings.deploy)} ended with {done.returncode}: {done.stderr[-500:]}")


def _publish(rows: Sequence[Row], harness: Harness, asked: argparse.Namespace, out: TextIO) -> None:
    """Tell what is not exact and the rates; write what was asked for, beside the rows that were kept from earlier."""
    out.writelines(_line(each) for each in rows if not each.exact)
    order = [each.id for each in catalogue.FAULTS]
    every = matrix.joined(rows, matrix.read(asked.json) if asked.json else (), order)
    others: dict[str, str] = {}
    for name, plan, elsewhere in asked.beside or ():
        others[name], every = plan, matrix.beside(every, elsewhere, on=name)
    every = tuple(each for each in every if not each.on or each.on in others)
    measured = {each.id for each in every}
    seen = matrix.document(
        every,
        catalogue.ABSENT,
        now=RealClock().now(),
        target=harness.settings.name,
        plan=harness.ready.plan.digest,
        others=others,
        unasked=_unasked(harness.ready.plan),
        unmeasured=[name for name in order if name not in measured],
    )
    out.writelines(
        f"{each['hits']:>4} of {each['tries']:<4} {name}\n" for name, each in seen["rates"].items() if each["tries"]
    )
    for path, write in ((asked.json, matrix.write), (asked.page, _write_page), (asked.html, _write_html)):
        if path is not None:
            write(seen, path)


def open_bench(settings: Settings, *, slow: float = 1.0) -> tuple[Harness, Bench]:
    """The harness and the bench of a deployed twin. Raises NotATwin for any other target, TwinIsDown."""
    if not settings.twin:
        raise NotATwin(f"{settings.source} is no twin (twin = true is missing); faults are injected into nothing else")
    here = twins.read(whole=True)
    refuse_unless_twin(here)
    rehearsal = assembly.Rehearsal(here=here, slow=slow)
    ready = assembly.prepare(settings, assembly.connect(settings, rehearsal=rehearsal))
    ready.pool.close()
    harness = Harness(settings=settings, twin=here, ready=ready, slow=slow)
    walks = bool(settings.journeys)
    return harness, Bench(twin=here, plan=ready.plan, domain=settings.domain, source=settings.source, walks=walks)


def _unasked(plan: Plan) -> list[str]:
    """The planned promises that no fault is about."""
    asked = {each.promise for each in catalogue.FAULTS}
    return sorted({each.promise.name for each in plan.checks} - asked)


def _spare(old: Harness, err: TextIO) -> Spare:
    """A twin for one that is worn out or broken for good, with what ``[deploy] command`` deploys."""
    settings, home = old.settings, old.twin.home.parent

    def renew() -> tuple[Bench, Harness]:
        twins.down(home=home)
        _put_up(settings, home, err)
        harness, bench = open_bench(settings, slow=old.slow)
        return bench, harness

    def worn(bench: Bench) -> bool:
        return bool(settings.deploy) and resident(bench.twin.pids[EMULATOR].pid) > _WORN_AT

    return Spare(worn=worn, renew=renew)


def _count(said: str) -> int:
    """A number of twins or of rounds. Raises ArgumentTypeError."""
    if said.isdecimal() and int(said) > 0:
        return int(said)
    raise argparse.ArgumentTypeError(f"{said!r} was given, and a whole number from 1 on was expected")


def _there(said: str) -> Path:
    """A file that is there. Raises ArgumentTypeError."""
    if Path(said).is_file():
        return Path(said)
    raise argparse.ArgumentTypeError(f"there is no file {said}")


def _elsewhere(said: str) -> tuple[str, str, tuple[Row, ...]]:
    """The kill matrix of another deployment. Raises ArgumentTypeError."""
    try:
        return matrix.measured_elsewhere(Path(said))
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _chosen(asked: argparse.Namespace) -> list[Fault]:
    wanted = [
        each if each.within is None else replace(each, within=each.within * asked.slow)
        for each in catalogue.FAULTS
        if (not asked.only or any(glob(one, each.id) for one in asked.only))
        and (not asked.family or asked.family.lower() in each.family.lower())
        and (not asked.kind or each.kind == asked.kind)
    ]
    return asked.share.among(wanted)  # type: ignore[no-any-return]  # a Namespace knows no types


def _notebook(harness: Harness, asked: argparse.Namespace) -> Notebook:
    # Beside the twin: another one takes its place when it is worn out.
    book = Notebook(file=harness.twin.home.parent / "mutate.json", key=matrix.sources(harness.ready.plan.digest)).load()
    # Who names a fault wants to see it; whole families go on where they were interrupted.
    for each in _chosen(asked) if asked.only else ():
        book.rows.pop(each.id, None)
    if asked.resume:
        wanted = {each.id for each in _chosen(asked)}
        book.count(each for each in matrix.read(asked.resume) if each.id in wanted)
    return book


def _tell(progress: Progress, err: TextIO) -> None:
    left = f", {progress.left} to come, about {estimated(progress.seconds)}" if progress.left else ""
    err.write(f"{_line(progress.row).rstrip()} ({progress.row.seconds:.1f} s{left})\n")


def _write_page(seen: Mapping[str, Any], path: Path) -> None:
    path.write_text(matrix.page(seen), encoding="utf-8")


def _write_html(seen: Mapping[str, Any], path: Path) -> None:
    from checks.twin.faults.leaf import as_html

    path.write_text(as_html(seen), encoding="utf-8")


def _line(row: Row) -> str:
    sign = "+" if row.exact else "." if row.outcome == "unfit" else "-"
    code = "" if row.code == row.wanted_code else f"; exit {row.code}, expected {row.wanted_code}"
    strays = f"; strays: {', '.join(row.strays[:4])}" if row.strays else ""
    said = f"{row.breaks} [{row.expected}]{code}{strays}{row.why and '; '}{row.why}"
    return f"{sign} {row.id:<10} {row.outcome:<10} {said}\n"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m checks mutate", description="Break a twin on purpose and see which promise notices."
    )
    parser.add_argument("--target", default="local", metavar="T", help="a target that is a twin (default: local)")
    parser.add_argument("--only", action="append", metavar="FAULT", help="these alone (* stands for anything)")
    parser.add_argument("--family", default="", metavar="F", help="those whose family's name contains this")
    parser.add_argument("--kind", choices=OFFERED, help="faults, benign changes, or faults of our own surroundings")
    parser.add_argument("--list", action="store_true", help="say which there are, and stop")
    parser.add_argument(
        "--slow", type=float, default=1.0, metavar="N", help="give looks N times as long: a busy machine"
    )
    parser.add_argument("--rounds", type=_count, default=1, metavar="N", help="measure each benign change N times")
    parser.add_argument(
        "--resume",
        type=_there,
        metavar="F",
        help="count the rows of the kill matrix F that are of this very code and plan",
    )
    parser.add_argument(
        "--beside",
        type=_elsewhere,
        action="append",
        metavar="F",
        help="what has nothing of its kind here is told as the kill matrix F of another deployment has it",
    )
    spread = parser.add_mutually_exclusive_group()
    spread.add_argument(
        "--twins", type=_count, default=1, metavar="N", help="measure on N twins at once; all but one are put up for it"
    )
    spread.add_argument(
        "--share", type=shares.share, default=shares.WHOLE, metavar="K/N",
        help="every N'th of them from the K'th on, for machines that share the work",
    )  # fmt: skip
    parser.add_argument("--json", type=Path, metavar="F", help="write the kill matrix there")
    parser.add_argument("--page", type=Path, metavar="F", help="write it there as Markdown")
    parser.add_argument("--html", type=Path, metavar="F", help="write it there as a page for people")
    return parser
