"""One run in a process of its own, from a frozen plan, as a canary makes it: `python -m tools.bench_run SETTINGS PLAN`.

Prints one JSON line: the seconds of the run itself, what became of it, how often an authority was loaded, memory.
"""

from __future__ import annotations

import gc
import json
import resource
import ssl
import sys
import time
from datetime import timedelta
from pathlib import Path


def main(settings_file: str, plan_file: str, *names: str) -> int:
    """Exit code of the run, 3 included."""
    from checks.doors import assembly
    from checks.target import read

    loads = _counting_loads()
    gc.disable()
    settings = read(Path(settings_file))
    plan = assembly.read_plan(Path(plan_file))
    if plan is None:
        raise SystemExit(f"{plan_file}: there is no plan")
    ready = assembly.resume(settings, assembly.connect(settings), plan, unread="", notes=())
    began = time.perf_counter()
    run = assembly.run(ready, assembly.Wishes(door="cli", selection=names or None, deadline=timedelta(seconds=60)))
    seconds = time.perf_counter() - began
    statuses: dict[str, int] = {}
    for each in run.results:
        statuses[each.status] = statuses.get(each.status, 0) + 1
    print(
        json.dumps(
            {
                "seconds": seconds,
                "statuses": statuses,
                "void": list(run.void),
                "calls": run.aws_calls,
                "authorities_loaded": loads[0],
                "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
                "amiss": [f"{each.name}: {each.actual}" for each in run.results if each.status != "pass"][:3],
            }
        )
    )
    return 0


def _counting_loads() -> list[int]:
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
