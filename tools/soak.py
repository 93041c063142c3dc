"""Verifies a deployed twin over and over while its AWS is in a bad mood, and tells what came of it.

    python -m tools.soak --seconds 3600
    make soak SECONDS=300

Of all calls to AWS one in a hundred is throttled, one in a hundred is never answered, and all take up to 60 ms longer
(30 ms on average, drawn from an exponential). Nothing is broken, so every check has to pass, if need be at a second
try. Told are the runs, what did not pass although it should, and the memory of this process and of the emulator at both
ends: the first run's end and the last one's.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path

from checks.doors import mutate
from checks.naming import glob
from checks.run import Run
from checks.target import find, read
from checks.twin.faults.between.http import Onward, Raw, Reply, Tamper, Visit, answer
from checks.twin.faults.measure import AMBIENT, NotGreen, quieten, require_green
from checks.twin.faults.words import View
from checks.twin.life import EMULATOR
from checks.twin.memory import resident

_MIB = 1 << 20
_VOID = 3
_WORDS = "ThrottlingException"
_THROTTLED = {
    "json": answer(400, json.dumps({"__type": _WORDS, "message": "Rate exceeded"}), x_amzn_requestid="rehearsed"),
    "xml": answer(
        400,
        "<ErrorResponse><Error><Type>Sender</Type><Code>Throttling</Code><Message>Rate exceeded</Message></Error>"
        "<RequestId>rehearsed</RequestId></ErrorResponse>",
        "text/xml",
    ),
    "rest": answer(429, json.dumps({"message": "Rate exceeded"}), x_amzn_errortype="TooManyRequestsException"),
    "s3": answer(
        503, "<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>", "text/xml"
    ),
}
_XML = frozenset({"iam", "sts", "sns", "cloudformation", "cloudfront", "route53", "monitoring"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Mood:
    """How bad AWS's day is: the shares of calls that are throttled and never answered, and the mean delay in s."""

    throttled: float = 0.01
    silent: float = 0.01
    delay: float = 0.03


@dataclass(slots=True, kw_only=True)
class Told:
    """What came of all runs. *false* counts what did not pass, by name and status; memory is in MiB."""

    runs: int = 0
    kept: int = 0
    recovered: int = 0
    seconds: float = 0.0
    longest: float = 0.0
    false: Counter[str] = field(default_factory=Counter)
    harness: list[float] = field(default_factory=list)
    emulator: list[float] = field(default_factory=list)


def moody(mood: Mood, seed: int) -> Tamper:
    """AWS in this *mood*; the same *seed* draws the same numbers, which busy threads then share out by chance."""
    drawn, turn = random.Random(seed), threading.Lock()  # noqa: S311 - chance that can be repeated

    def tamper(visit: Visit, onward: Onward) -> Reply | Raw:
        with turn:
            lot, wait = drawn.random(), drawn.expovariate(1 / mood.delay) if mood.delay else 0.0
        time.sleep(min(wait, 10 * mood.delay))
        if lot < mood.throttled:
            return _THROTTLED[_spoken(visit)]
        return Raw(hold=True) if lot < mood.throttled + mood.silent else onward(visit)

    return tamper


def _spoken(visit: Visit) -> str:
    if visit.service == "s3":
        return "s3"
    if visit.header("x-amz-target") or "/operation/" in visit.target:
        return "json"
    return "xml" if visit.service in _XML else "rest"


def soak(harness: mutate.Harness, mood: Mood, seconds: float) -> Told:
    """Run after run until *seconds* are over."""
    told, began = Told(), time.monotonic()
    while not told.runs or time.monotonic() - began <= seconds:
        run = harness(View(aws=moody(mood, told.runs)))
        _note(told, run, harness)
        sys.stderr.write(
            f"{told.runs:>4} {told.seconds:6.0f} s  {run.void or 'whole'}  {sum(told.false.values())} false\n"
        )
    return told


def _note(told: Told, run: Run, harness: mutate.Harness) -> None:
    took = (run.finished - run.started).total_seconds()
    # Alarms that ring for run after run, and that many checks were recovered, are true of a bad day.
    wrong = [each for each in run.results if each.status != "pass" and not any(glob(one, each.name) for one in AMBIENT)]
    told.runs, told.seconds, told.longest = told.runs + 1, told.seconds + took, max(told.longest, took)
    told.kept += not wrong and not run.void
    told.recovered += sum(each.recovered for each in run.results)
    told.false.update(f"{each.name}: {each.status}" for each in wrong)
    told.false.update(run.void)
    told.harness.append(resident() / _MIB)
    told.emulator.append(resident(harness.twin.pids[EMULATOR].pid) / _MIB)


def main(words: Sequence[str]) -> int:
    """Soak, and tell; 1 when anything was said that is not true, 3 when the twin is not whole to begin with."""
    parser = argparse.ArgumentParser(prog="python -m tools.soak", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--target", default="local", metavar="T", help="a target that is a twin (default: local)")
    parser.add_argument("--seconds", type=float, default=3600, metavar="N", help="for how long (default: an hour)")
    parser.add_argument("--slow", type=float, default=1.0, metavar="N", help="give looks N times as long")
    parser.add_argument("--json", type=Path, metavar="F", help="write the figures there")
    asked = parser.parse_args(words)
    harness, bench = mutate.open_bench(read(find(asked.target)), slow=asked.slow)
    try:
        require_green(bench, harness)
    except NotGreen as reason:
        sys.stderr.write(f"soak: {reason}\n")
        return _VOID
    told = soak(harness, Mood(), asked.seconds)
    quieten(bench)
    print(_said(told))
    if asked.json:
        asked.json.write_text(
            json.dumps({each.name: getattr(told, each.name) for each in fields(told)}, indent=1) + "\n",
            encoding="utf-8",
        )
    return 1 if told.false else 0


def _said(told: Told) -> str:
    lines = [
        f"{told.runs} runs in {told.seconds:.0f} s, the longest {told.longest:.1f} s; {told.kept} were whole and right",
        f"{told.recovered} checks passed at a second try, {sum(told.false.values())} said what is not true",
        f"after the first run the harness held {told.harness[0]:.0f} MiB and the emulator {told.emulator[0]:.0f}",
        f"after the last run the harness held {told.harness[-1]:.0f} MiB and the emulator {told.emulator[-1]:.0f}",
        *(f"  {count:>4} × {what}" for what, count in told.false.most_common(20)),
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
