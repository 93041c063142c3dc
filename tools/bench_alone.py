"""How long each look takes when nothing else is looked at: `python -m tools.bench_alone SETTINGS PLAN NAME...`.

One check of each promise, alone, over connections of its own; prints the seconds of each as one JSON line.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from pathlib import Path

_TIMES = 3


def main(settings_file: str, plan_file: str, *names: str) -> int:
    """Exit code 0, or 1 when a look did not pass: its time would mean nothing."""
    from checks.doors import assembly
    from checks.run import look
    from checks.target import read

    settings = read(Path(settings_file))
    plan = assembly.read_plan(Path(plan_file))
    if plan is None:
        raise SystemExit(f"{plan_file}: there is no plan")
    first = {each.promise.name: each for each in reversed(plan.checks) if each.name in names}
    seconds: dict[str, list[float]] = {name: [] for name in first}
    for _ in range(_TIMES):
        reach = assembly.connect(settings)
        reach.prepare(None)
        for name, check in first.items():
            world = reach.world.again()
            began = time.perf_counter()
            result, _final = look(check, world)
            seconds[name].append(time.perf_counter() - began)
            if result.status != "pass":
                print(f"{check.name}: {result.actual}", file=sys.stderr)
                return 1
    print(json.dumps({name: statistics.median(each) for name, each in seconds.items()}))
    return 0


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
