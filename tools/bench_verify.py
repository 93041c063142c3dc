"""How long a verify takes beside what it cannot be faster than, and beside what people write by hand.

`python -m tools.bench tools.bench_verify`. Every figure is a ratio of two things that were measured in this one run:
machines differ, and this one is busy. The network is loopback with a latency of its own, AWS is a recording.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path

from checks.evidence import Absent
from checks.model import Check, Place, Sight, Verdict, promise
from checks.plan import Plan, freeze
from checks.pool import Pool
from checks.run import Budget, Terms, run_all
from checks.world.ports import World
from checks.world.pretend import pretend_world
from tools import bench_workload as workload
from tools.bench import Row
from tools.bench_replay import SERVICE_S
from tools.bench_stage import ROOT, Bench, naive, recorded, running, told_by

SECTION = "A verify"
# What a person who asks for help must not wait for.
HEAVY = ("boto3", "botocore", "dns", "requests", "httpx", "pydantic", "rich", "pytest")


def measure() -> list[Row]:
    """Every figure, measured now; `BENCH=short` in the environment leaves out the far network and the large stacks."""
    short = os.environ.get("BENCH") == "short"
    with tempfile.TemporaryDirectory(prefix="bench-") as place:
        folder = Path(place)
        with recorded(folder, workload.Sizes(), workload.CHOSEN) as bench:
            found = [
                each
                for round_trip in ((0.03,) if short else (0.03, 0.18))
                for each in _verify(bench, round_trip, short)
            ]
    found += _hall()
    found += _command_line()
    if not short:
        found += _growth()
        found += _throttled()
    return found


def _verify(bench: Bench, round_trip: float, short: bool) -> Iterator[Row]:  # noqa: FBT001 - a private switch
    settings = str(bench.folder / "bench.toml")
    away = f"{round_trip * 1000:.0f} ms away"
    floor = 3 * round_trip + SERVICE_S
    far = round_trip > 0.1  # noqa: PLR2004 - between the two that are measured
    with running(bench, round_trip) as (environment, replayed):
        environment["BENCH_NAIVE"] = workload.naive(bench.names)
        alone, _ = told_by(environment, "tools.bench_alone", settings, str(bench.plan), *bench.names)
        slowest = max(float(str(each)) for each in alone.values())
        frozen, told = _runs(environment, settings, bench, bench.names, 3 if short else 7)
        resolving = statistics.median(_verified(environment, settings, bench.names) for _ in range(1 if short else 3))
        aws = tuple(each for each in bench.names if each.partition(".")[0] not in {"dns", "tls", "cdn"})
        asked_aws = _runs(environment, settings, bench, aws, 3 if short else 7)[1]
        engine, started = (_middle(asked_aws, each) for each in ("asking", "seconds"))
        by_hand = naive(environment)
        replayed.counted()
        _runs(environment, settings, bench, bench.names, 1)
        asked = replayed.counted()
    yield _beside(f"140 checks from a frozen plan, {away}", frozen, slowest, "slowest look alone", 2.2 if far else None)
    yield _beside(
        f"140 checks, stacks resolved first, {away}", resolving, slowest, "slowest look alone", 3.2 if far else None
    )
    yield _beside(
        f"140 checks from a frozen plan, {away}",
        frozen,
        by_hand,
        "pytest and boto3, one by one",
        30 if far else 10,
        at_least=True,
    )
    unit = "three round trips and the service"
    yield _beside(f"60 AWS checks over clients that are there, {away}", engine, floor, unit, 1.4 if far else 3.3)
    yield _beside(f"the same with the SDK imported, clients made and all controls, {away}", started, floor, unit, None)
    yield _beside("questions to AWS that were asked twice", _twice(asked), 1.0, "none", 0)
    yield _beside(
        "authorities loaded in a run",
        max(float(str(each["authorities_loaded"])) for each in told),
        2.0,
        "one for the site, one for AWS",
        1.0,
    )
    yield _beside("MiB of a run at its peak", max(float(str(each["peak_mib"])) for each in told), 100.0, "100 MiB", 1.0)


def _middle(told: list[dict[str, object]], what: str) -> float:
    return statistics.median(float(str(each[what])) for each in told)


def _twice(asked: dict[str, int]) -> float:
    return float(sum(times - 1 for times in asked.values()))


def _runs(
    environment: dict[str, str], settings: str, bench: Bench, names: tuple[str, ...], times: int
) -> tuple[float, list[dict[str, object]]]:
    """The middle of the seconds of so many runs, and what each told; every check has to pass."""
    seconds, told = [], []
    for _ in range(times):
        one, spent = told_by(environment, "tools.bench_run", settings, str(bench.plan), *names)
        if one["statuses"] != {"pass": len(names)} or one["void"]:
            raise SystemExit(f"a run of the benchmark was not green, its time means nothing: {one}")
        seconds.append(spent)
        told.append(one)
    return statistics.median(seconds), told


def _verified(environment: dict[str, str], settings: str, names: tuple[str, ...]) -> float:
    only = [word for name in names for word in ("--only", name)]
    began = time.perf_counter()
    ended = subprocess.run(
        [sys.executable, "-m", "checks", "verify", "--target", settings, *only],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode:
        raise SystemExit(f"verify failed, its time means nothing:\n{ended.stdout[-2000:]}{ended.stderr[-1000:]}")
    return time.perf_counter() - began


def _hall() -> Iterator[Row]:
    """What the hall adds to looks that cost nothing."""
    count = 2000
    plan, world = trivial(count)
    terms = Terms(
        door="cli",
        budget=Budget(deadline=timedelta(seconds=60), wait=timedelta(0), retries=0),
        controls=(),
        dependencies=(),
    )
    ours, bare = [], []
    for _ in range(5):
        pool = Pool(64)
        began = time.perf_counter()
        run = run_all(plan, world, pool=pool, terms=terms)
        ours.append(time.perf_counter() - began)
        pool.close()
        if len(run.results) != count:
            raise SystemExit("the hall lost a result")
        with ThreadPoolExecutor(64) as executor:
            began = time.perf_counter()
            list(executor.map(_bare(world, run.started), plan.checks))
            bare.append(time.perf_counter() - began)
    yield _beside(f"the hall with {count} checks", min(ours), min(bare), "ThreadPoolExecutor.map", 5.0)


def _bare(world: World, now: datetime) -> Callable[[Check], Verdict]:
    """What a check is made of, without the hall."""
    return lambda check: check.sight.judge(check.sight.look(world), now)


def _command_line() -> Iterator[Row]:
    hello = "import argparse; p = argparse.ArgumentParser(); p.add_argument('--name'); p.parse_args(['--help'])"
    seconds: dict[str, list[float]] = {"ours": [], "bare": []}
    commands = {"ours": ["-m", "checks", "--help"], "bare": ["-c", hello]}
    for _ in range(9):
        for name, arguments in commands.items():
            began = time.perf_counter()
            subprocess.run([sys.executable, *arguments], cwd=ROOT, capture_output=True, check=True)
            seconds[name].append(time.perf_counter() - began)
    yield _beside("`python -m checks --help`", min(seconds["ours"]), min(seconds["bare"]), "an argparse hello", 2.5)
    loaded = _loaded_by("--help")
    yield Row(
        name="libraries that `--help` imports, of " + ", ".join(HEAVY),
        figure=", ".join(loaded) or "none",
        ratio=float(len(loaded)),
        goal=0,
    )


def _loaded_by(word: str) -> list[str]:
    code = (
        "import contextlib, io, json, sys\nfrom checks.doors.cli import main\n"
        "with contextlib.suppress(SystemExit), contextlib.redirect_stdout(io.StringIO()):\n"
        f"    main([{word!r}])\n"
        f"print(json.dumps([each for each in {HEAVY!r} if each in sys.modules]))"
    )
    told = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    found: list[str] = json.loads(told.splitlines()[-1])
    return found


def _growth() -> Iterator[Row]:
    """Ten times the stack is at most ten times the time: 10 and then 100 of each kind."""
    spent = {}
    for size in (1, 10, 100):
        sizes = workload.Sizes(tables=size, buckets=size, functions=1, alarms=size, logs=1, topics=1, queues=1)
        chosen = {"tables.present": size, "buckets.encrypted": size, "alarms.armed": size}
        with tempfile.TemporaryDirectory(prefix="bench-") as place, recorded(Path(place), sizes, chosen) as bench:
            settings = str(bench.folder / "bench.toml")
            with running(bench, 0.03) as (environment, _):
                told = _runs(environment, settings, bench, bench.names, 3)[1]
                spent[size] = statistics.median(float(str(each["seconds"])) for each in told)
    yield _beside("10 tables, alarms and buckets", spent[10], spent[1], "1 of each", 10)
    yield _beside("100 tables, alarms and buckets", spent[100], spent[10], "10 of each", 10)


def _throttled() -> Iterator[Row]:
    """The reads that DynamoDB allows ten times a second, in a bucket that really is that small."""
    count = 60
    sizes = workload.Sizes(tables=count, buckets=1, functions=1, alarms=1, logs=1, topics=1, queues=1)
    chosen = {"tables.pitr": count}
    with tempfile.TemporaryDirectory(prefix="bench-") as place, recorded(Path(place), sizes, chosen) as bench:
        settings = str(bench.folder / "bench.toml")
        with running(bench, 0.03, allowed=("DescribeContinuousBackups", 10.0, 10)) as (environment, _):
            told = _runs(environment, settings, bench, bench.names, 1)[1]
    yield _beside(
        f"{count} reads through a quota of 10 a second",
        float(str(told[0]["seconds"])),
        (count - 10) / 10,
        "the quota itself",
        1.15,
    )
    # A run with anything but passes would have ended the benchmark.
    statuses = told[0]["statuses"]
    lost = count - (statuses.get("pass", 0) if isinstance(statuses, dict) else 0)
    yield Row(name="checks lost to that quota", figure=f"{lost} of {count}", ratio=float(lost), goal=0)


def trivial(count: int) -> tuple[Plan, World]:
    """A plan of so many checks that look at nothing."""

    @promise("bench.nothing", says="nothing is looked at", severity="critical", instrument="self")
    def nothing() -> Sight:
        """A look that costs nothing, so that what remains is the hall."""
        return Sight(
            look=lambda _: Absent(what="nothing"), judge=lambda _seen, _now: Verdict.passed(expected="", actual="")
        )

    checks = tuple(nothing(Place(subject=str(number))) for number in range(count))
    return freeze(checks, target="bench", account=workload.ACCOUNT, regions=()), pretend_world()


def _beside(what: str, ours: float, other: float, unit: str, goal: float | None, *, at_least: bool = False) -> Row:
    """One figure beside another, or how many times another is as long (*at_least*)."""
    ratio = other / ours if at_least else ours / other
    told = f"{ours:.3g} beside {other:.3g}"
    return Row(name=f"{what}, beside {unit}", figure=told, ratio=ratio, goal=goal, least=at_least)
