"""The canary's door: a Lambda handler that looks at what is live, keeps and says the verdict, and hands it back."""

# ruff: noqa: E402 - the collector rests before anything is imported

from __future__ import annotations

import gc

# As in `resting`: a cold start pays for each time that the modules it just made are looked through for garbage.
gc.disable()

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

from checks.doors import assembly
from checks.doors.night import Night, keep_watch
from checks.nights import cost
from checks.plan import Plan
from checks.report.json import document
from checks.run import Door, Progress, Run
from checks.target import Settings, SettingsError, find, read
from checks.target.settings import from_plain
from checks.vantage import Beyond
from checks.world.ledger import Ledger
from checks.world.real import RealClock

# What it takes to settle, print and hand back thousands of results, with room for a slow minute of the machine.
RESERVE = timedelta(seconds=10)
LEAST = timedelta(seconds=1)
# Lambda refuses a larger synchronous answer (AWS: Lambda quotas, invocation payload); with some room for the envelope.
MOST_BYTES = 6 * 1024 * 1024 - 4096
# One event of CloudWatch Logs holds 256 KB; a canary's line is read by people as well.
_MOST_ROOTS = 20
_LONGEST = 400


class Context(Protocol):
    """What Lambda tells of an invocation."""

    aws_request_id: str

    def get_remaining_time_in_millis(self) -> int:
        """How long until Lambda ends this invocation."""
        ...


@dataclass(slots=True)
class _Meter:
    """Since when this invocation is paid for: the first of an environment pays for its start as well."""

    since: float


_METER = _Meter(RealClock().monotonic())


def handler(event: Mapping[str, Any] | None, context: Context) -> dict[str, Any]:
    """Look at the target that the environment (or the event, for a call by hand) names, and give the run document.

    ``CHECKS_TARGET`` is a settings file or a name, ``CHECKS_PLAN`` the accepted plan; in an event they are ``target``
    and ``plan``, with ``release`` beside them. With ``CHECKS_EVIDENCE`` (the bucket) and ``CHECKS_INDEX`` (the table)
    each run is kept, and told to the topics ``CHECKS_PAGE`` and ``CHECKS_NOTICE``. JSON lines are printed, the last
    one a summary, whatever happens. A broken promise is an answer; what is raised is a defect of our own, so that
    Lambda counts an error.
    """
    told = event or {}
    run_id = _run_id(told, context)
    try:
        answer = _answer(told, context, run_id)
        short = summary(answer) if "results" in answer else dict(answer)
    except Exception as error:
        _say({"run_id": run_id, "verdict": "void", "exit_code": 3, "error": f"{type(error).__name__}: {error}"})
        raise
    finally:
        _METER.since = 0.0
    _say(short)
    return answer if len(json.dumps(answer).encode()) <= MOST_BYTES else short


def _answer(told: Mapping[str, Any], context: Context, run_id: str) -> dict[str, Any]:
    clock = RealClock()
    started = _METER.since or clock.monotonic()
    settings = settings_of(told)
    memory = int(os.environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE") or 0)

    def look(watch: Callable[[Progress], None]) -> dict[str, Any]:
        run = replace(look_through(settings, told, context, watch=watch), run_id=run_id)
        # Two rows, a claim and what people were told; the document, and about a checkpoint a second.
        seconds = clock.monotonic() - started
        puts, writes = 1 + int(seconds), 8
        price = cost.of_run(seconds=seconds, memory_mb=memory, puts=puts, writes=writes) if memory else {}
        return document(replace(run, cost=price))

    ledger = ledger_here()
    if ledger is None:
        return look(lambda _: None)
    night = Night(settings=settings, run_id=run_id, holder=context.aws_request_id, ledger=ledger, clock=clock, say=_say)
    return dict(keep_watch(night, look))


def summary(told: Mapping[str, Any]) -> dict[str, Any]:
    """The run in one line: everything of the document but the single results, and of these the roots by name."""
    roots = [each for each in told["results"] if each["status"] not in {"pass", "blocked"} and not each["waiver"]]
    roots.sort(key=lambda each: each["severity"])
    kept = {key: value for key, value in told.items() if key not in {"results", "controls", "void", "notes"}}
    return {
        **kept,
        "void": [each[:_LONGEST] for each in told["void"][:_MOST_ROOTS]],
        "notes": [each[:_LONGEST] for each in told["notes"][:_MOST_ROOTS]],
        "controls_not_held": [each["name"] for each in told["controls"] if each["status"] != "held"],
        "roots": [
            {key: each[key][:_LONGEST] for key in ("name", "severity", "status", "actual")}
            for each in roots[:_MOST_ROOTS]
        ],
        "more_roots": max(0, len(roots) - _MOST_ROOTS),
    }


def settings_of(told: Mapping[str, Any]) -> Settings:
    """The settings that an event carries, or names, or that the environment names."""
    carried = told.get("settings")
    if isinstance(carried, Mapping):
        called = str(told.get("target") or "target")
        return from_plain(carried, name=called, source=f"the event's settings of {called}")
    name = told.get("target") or os.environ.get("CHECKS_TARGET")
    if not name:
        raise SettingsError("CHECKS_TARGET is not set; name the settings file of the package there")
    return read(find(name, home=_home()))


def _home() -> Path:
    """Where the function's package lies."""
    return Path(os.environ.get("LAMBDA_TASK_ROOT", ""))


def ledger_here() -> Ledger | None:
    """The ledger that the environment names, if it does."""
    bucket, table = os.environ.get("CHECKS_EVIDENCE"), os.environ.get("CHECKS_INDEX")
    if not bucket or not table:
        return None
    from checks.world.aws.ledger import AwsLedger, Shelf
    from checks.world.aws.session import Access

    shelf = Shelf(
        bucket=bucket,
        table=table,
        page=os.environ.get("CHECKS_PAGE", ""),
        notice=os.environ.get("CHECKS_NOTICE", ""),
    )
    return AwsLedger(Access(), shelf, region=os.environ["AWS_REGION"])


def look_through(
    settings: Settings,
    told: Mapping[str, Any],
    context: Context,
    *,
    door: Door = "canary",
    watch: Callable[[Progress], None] = lambda _: None,
    beyond: Callable[[Plan], tuple[Beyond, ...]] = lambda _: (),
) -> Run:
    """One run over what is live, as an event *told*, that ends before the invocation does.

    *beyond* names what of the plan cannot be seen from where the function is called.
    """
    plan = told.get("plan") or os.environ.get("CHECKS_PLAN")
    release = str(told.get("release") or "")
    reach = assembly.connect(settings, door=door)
    ready = assembly.prepare(settings, reach, release=release, plan_file=_home() / plan if plan else None)
    wishes = assembly.Wishes(
        door=door,
        release=release,
        # Nobody waits beside a canary: what still settles is said to settle, and looked at again the next night.
        wait=timedelta(0),
        deadline=_deadline(context),
        watch=watch,
        beyond=beyond(ready.plan),
    )
    return assembly.run(replace(ready, plan=_reading(ready.plan)), wishes)


def _reading(plan: Plan) -> Plan:
    """The plan without what writes: a canary looks and leaves no trace."""
    return replace(plan, checks=tuple(each for each in plan.checks if each.promise.effect == "read"))


def _deadline(context: Context) -> timedelta:
    return max(LEAST, timedelta(milliseconds=context.get_remaining_time_in_millis()) - RESERVE)


def _run_id(told: Mapping[str, Any], context: Context) -> str:
    """The same for the same event: schedules deliver at least once, and Lambda tries again.

    What a schedule delivers twice has two ids and one time that it was meant for.
    """
    scheduled, schedule = str(told.get("scheduled") or ""), str(told.get("schedule") or "")
    cause = f"{schedule} {scheduled}" if scheduled else str(told.get("id") or context.aws_request_id)
    told_apart = hashlib.sha256(f"{told.get('target') or ''} {cause}".encode()).hexdigest()
    when = f"{datetime.fromisoformat(scheduled):%Y%m%dT%H%M%S}-" if scheduled else ""
    return f"{when}canary-{told_apart[:16]}"


def _say(line: Mapping[str, Any]) -> None:
    print(json.dumps(line, ensure_ascii=True, allow_nan=False), flush=True)


# What is there by now stays: the collector need never look at it again.
gc.freeze()
gc.enable()
