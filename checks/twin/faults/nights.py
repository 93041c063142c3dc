"""Trials of the canary's door: an invocation that is about to end, is made twice, or has very much to say."""

from __future__ import annotations

import contextlib
import io
import json
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from checks.doors import canary
from checks.nights.telling import Around, Incident, decide
from checks.target.settings import Maintenance
from checks.twin.faults import data
from checks.twin.faults.bench import Bench
from checks.twin.faults.words import Fault, Stage, View

_LAMBDA = "Meta: canary Lambda"
# One event of CloudWatch Logs takes no more.
_ONE_LINE = 256 * 1024
_W = 110.0
_HOUR = timedelta(hours=1)
_REASON = "the tables are looked after"


@dataclass(slots=True, kw_only=True)
class Invocation:
    """What Lambda tells of one: *until* is when it ends, on our monotonic clock."""

    until: float
    aws_request_id: str = "rehearsed"

    def get_remaining_time_in_millis(self) -> int:
        """How long until Lambda ends this invocation."""
        return max(0, int((self.until - time.monotonic()) * 1000))


def invoked(bench: Bench, seconds: float, **event: str) -> Mapping[str, Any]:
    """What the canary gives for an event about the bench's target, with *seconds* to go; it prints to nobody."""
    with contextlib.redirect_stdout(io.StringIO()):
        return canary.handler({"target": bench.source, **event}, Invocation(until=time.monotonic() + seconds))


def played(trial: Callable[[Bench], str]) -> Stage:
    """The trial takes the place of a run."""

    @contextmanager
    def stage(bench: Bench) -> Iterator[View]:
        yield View(trial=lambda: trial(bench))

    return stage


def in_a_hurry(bench: Bench) -> str:
    """What is left of the time is less than a run takes: an answer comes in it, and calls nothing well unseen."""
    seconds = canary.RESERVE.total_seconds() + 1
    began = time.monotonic()
    seen = invoked(bench, seconds)
    took = time.monotonic() - began
    told = len(seen.get("results", ())) or sum(seen["counts"].values())
    if took > seconds:
        return f"it took {took:.1f} s of {seconds:.0f} s"
    if not told:
        return "no result was kept"
    unseen = seen["counts"]["unknown"] + seen["counts"]["not_yet"]
    return "" if not unseen or seen["verdict"] != "kept" else "it calls well what it has not seen"


def tells_the_truth(bench: Bench) -> str:
    """What is broken is told as broken, whatever was told the night before."""
    with data.recovery_off(bench):
        seen = invoked(bench, 120)
    broken = [each["name"] for each in seen["results"] if (each["family"], each["status"]) == ("tables", "fail")]
    return "" if (seen["verdict"], bool(broken)) == ("broken", True) else f"it tells {seen['verdict']!r} of {broken}"


def called_twice(bench: Bench) -> str:
    """One event that is delivered twice is one run by its id."""
    ids = [invoked(bench, 120, id="one-and-the-same")["run_id"] for _ in range(2)]
    other = invoked(bench, 120, id="another")["run_id"]
    return "" if ids[0] == ids[1] != other else f"the same event is told as {ids}, another as {other}"


def fresh_each_time(bench: Bench) -> str:
    """A process that is used again looks again: the second run is of its own time, in every result."""
    first, second = (invoked(bench, 120, id=each) for each in ("one", "two"))
    stale = [each["name"] for each in second["results"] if each["started"] < first["finished"]]
    return f"{len(stale)} results are of the run before: {stale[:3]}" if stale else ""


@contextmanager
def _window(bench: Bench) -> Iterator[str]:
    """The path of the bench's settings with maintenance from an hour ago to in an hour."""
    now = datetime.now(UTC)
    lines = (f"starts = {now - _HOUR:%Y-%m-%dT%H:%M:%SZ}", f"ends = {now + _HOUR:%Y-%m-%dT%H:%M:%SZ}")
    written = "\n".join(("", "[maintenance]", *lines, f'reason = "{_REASON}"', 'owner = "rehearsal"', ""))
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "announced.toml"
        file.write_text(Path(bench.source).read_text(encoding="utf-8") + written, encoding="utf-8")
        yield str(file)


def announced(bench: Bench) -> str:
    """Something is broken while maintenance goes on: it is told as broken, marked, and nobody is called for it.

    The settings are the bench's with a window around now; an hour later the same would ring.
    """
    with _window(bench) as source, data.recovery_off(bench), contextlib.redirect_stdout(io.StringIO()):
        seen = canary.handler({"target": source}, Invocation(until=time.monotonic() + 120))
    now = datetime.now(UTC)
    quiet = Maintenance(starts=now - _HOUR, ends=now + _HOUR, reason=_REASON, owner="rehearsal")
    broken = {each["name"] for each in seen["results"] if (each["family"], each["status"]) == ("tables", "fail")}
    marked = set((seen["suppressed"] or {}).get("checks", ()))
    calls = [len(decide(Incident(), seen, when, Around(maintenance=quiet))[1]) for when in (now, now + 2 * _HOUR)]
    amiss = (
        ("nothing was broken", bool(broken)),
        (f"it tells {seen['verdict']!r} of {sorted(broken)}", seen["verdict"] == "broken"),
        (f"marked are {sorted(marked)}, and not {sorted(broken)}", broken <= marked),
        (f"{calls[0]} calls while it goes on, {calls[1]} after it", calls == [0, 1]),
    )
    return next((says for says, right in amiss if not right), "")


def nothing_written(bench: Bench) -> str:
    """Whatever the settings allow, the canary walks no journey, so that nothing is left behind when it dies."""
    seen = invoked(bench, 120)
    walked = [each["name"] for each in seen["results"] if each["effect"] != "read"]
    return f"it writes: {walked}" if walked else ""


def a_thousand_failures(bench: Bench) -> str:
    """What is said of a run fits into one line of a log, and names roots, however many there are."""
    seen = dict(invoked(bench, 120))
    failed = {"status": "fail", "severity": "critical", "waiver": None, "blocked_by": None, "actual": "x" * 5000}
    seen["results"] = [{**each, **failed} for each in seen["results"]] + [
        {**seen["results"][0], **failed, "name": f"made.up[{number}]"} for number in range(1000)
    ]
    short = canary.summary(seen)
    line = json.dumps(short, ensure_ascii=True)
    if len(line) > _ONE_LINE:
        return f"the line has {len(line)} bytes"
    return "" if short["roots"] and short["more_roots"] else "the roots are lost"


def _trial(id_: str, breaks: str, trial: Callable[[Bench], str]) -> Fault:
    return Fault(id=id_, family=_LAMBDA, kind="meta", breaks=breaks, stage=played(trial), within=_W)


FAULTS: tuple[Fault, ...] = (
    Fault(
        id="OBS-26",
        family="Alarms, logs, SNS",
        breaks="the watcher is shown something broken, and is to tell so",
        stage=played(tells_the_truth),
        promise="tables.pitr",
    ),
    Fault(
        id="B-RUN-05",
        family="Runner environment / time",
        kind="benign",
        breaks="maintenance is announced",
        stage=played(announced),
        note="what fails meanwhile fails, is marked, and calls nobody",
    ),
    _trial("M-LAM-01", "the watcher is about to run out of time", in_a_hurry),
    _trial("M-LAM-05", "the watcher is called twice", called_twice),
    _trial("M-LAM-06", "the watcher dies before it has tidied up", nothing_written),
    _trial("M-LAM-07", "the watcher remembers its last run", fresh_each_time),
    _trial("M-LAM-08", "the watcher's message is too long", a_thousand_failures),
)
