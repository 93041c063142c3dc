"""One run in a process of its own, from a frozen plan, as a canary makes it: `python -m tools.bench_run SETTINGS PLAN`.

Prints one JSON line: the seconds of the run itself, those from when AWS's clients were there to the last answer of AWS,
what became of it, how often an authority was loaded, memory.
"""

from __future__ import annotations

import json
import ssl
import sys
import time
from collections.abc import Collection
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from checks.doors.resting import at_rest

if TYPE_CHECKING:
    from checks.doors.assembly import Reach
    from checks.run import Progress


def main(settings_file: str, plan_file: str, *names: str) -> int:
    """Exit code of the run, 3 included."""
    with at_rest(for_good=True):
        from checks.doors import assembly
        from checks.target import read

    loads = counting_loads()
    settings = read(Path(settings_file))
    plan = assembly.read_plan(Path(plan_file))
    if plan is None:
        raise SystemExit(f"{plan_file}: there is no plan")
    moments = {"prepared": 0.0, "answered": 0.0}
    reach = _timed(assembly.connect(settings), moments)
    ready = assembly.resume(settings, reach, plan, unread="", notes=())
    began = time.perf_counter()
    run = assembly.run(
        ready,
        assembly.Wishes(
            door="cli",
            selection=names or None,
            deadline=timedelta(seconds=60),
            watch=lambda progress: _note(progress, moments),
        ),
    )
    seconds = time.perf_counter() - began
    statuses: dict[str, int] = {}
    for each in run.results:
        statuses[each.status] = statuses.get(each.status, 0) + 1
    print(
        json.dumps(
            {
                "seconds": seconds,
                "asking": moments["answered"] - moments["prepared"],
                "statuses": statuses,
                "void": list(run.void),
                "calls": run.aws_calls,
                "authorities_loaded": loads[0],
                "peak_mib": peak_mib(),
                "amiss": [f"{each.name}: {each.actual}" for each in run.results if each.status != "pass"][:3],
            }
        )
    )
    return 0


def _timed(reach: Reach, moments: dict[str, float]) -> Reach:
    def prepare(services: Collection[str] | None) -> None:
        reach.prepare(services)
        # A second round of looks prepares as well, and has nothing to make.
        moments["prepared"] = moments["prepared"] or time.perf_counter()

    return replace(reach, prepare=prepare)


def _note(progress: Progress, moments: dict[str, float]) -> None:
    if progress.result is not None and progress.result.check.promise.instrument == "aws":
        moments["answered"] = time.perf_counter()


def peak_mib() -> float:
    """The most that this process held in memory.

    Not `ru_maxrss`: Linux hands that of whoever started a process on to it (getrusage(2), exec keeps it).
    """
    for line in Path("/proc/self/status").read_text("ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise SystemExit("/proc/self/status does not say VmHWM; the benchmark needs Linux")


def counting_loads() -> list[int]:
    """Counts the loading of authorities, which is what makes the usual connection dear."""
    count = [0]
    load = ssl.SSLContext.load_verify_locations

    def counting(context: ssl.SSLContext, *args: object, **named: object) -> None:
        count[0] += 1
        load(context, *args, **named)  # type: ignore[arg-type] # handed on as it came

    ssl.SSLContext.load_verify_locations = counting  # type: ignore[method-assign,assignment] # what everybody's contexts inherit
    return count


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
