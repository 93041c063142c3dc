"""The canary's door: a Lambda handler that looks at what is live, says the verdict, and hands back the document."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol

from checks.doors import assembly
from checks.plan import Plan
from checks.report.json import document
from checks.run import Run
from checks.target import SettingsError, find, read

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


def handler(event: Mapping[str, Any] | None, context: Context) -> dict[str, Any]:
    """Look at the target that the environment (or the event, for a call by hand) names, and give the run document.

    ``CHECKS_TARGET`` is a settings file or a name, ``CHECKS_PLAN`` the accepted plan; in an event they are ``target``
    and ``plan``, with ``release`` beside them. One JSON line is printed, whatever happens. A broken promise is an
    answer; what is raised is a defect of our own, so that Lambda counts an error.
    """
    told = event or {}
    run_id = _run_id(told, context)
    try:
        run = replace(_look(told, context), run_id=run_id)
        told_all = document(run)
        short = summary(told_all)
    except Exception as error:
        _say({"run_id": run_id, "verdict": "void", "exit_code": 3, "error": f"{type(error).__name__}: {error}"})
        raise
    _say(short)
    return told_all if len(json.dumps(told_all).encode()) <= MOST_BYTES else short


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


def _look(told: Mapping[str, Any], context: Context) -> Run:
    name = told.get("target") or os.environ.get("CHECKS_TARGET")
    if not name:
        raise SettingsError("CHECKS_TARGET is not set; name the settings file of the package there")
    settings = read(find(name))
    plan = told.get("plan") or os.environ.get("CHECKS_PLAN")
    release = str(told.get("release") or "")
    reach = assembly.connect(settings)
    ready = assembly.prepare(settings, reach, release=release, plan_file=Path(plan) if plan else None)
    wishes = assembly.Wishes(
        door="canary",
        release=release,
        # Nobody waits beside a canary: what still settles is said to settle, and looked at again the next night.
        wait=timedelta(0),
        deadline=_deadline(context),
    )
    return assembly.run(replace(ready, plan=_reading(ready.plan)), wishes)


def _reading(plan: Plan) -> Plan:
    """The plan without what writes: a canary looks and leaves no trace."""
    return replace(plan, checks=tuple(each for each in plan.checks if each.promise.effect == "read"))


def _deadline(context: Context) -> timedelta:
    return max(LEAST, timedelta(milliseconds=context.get_remaining_time_in_millis()) - RESERVE)


def _run_id(told: Mapping[str, Any], context: Context) -> str:
    """The same for the same event: EventBridge delivers at least once, and Lambda tries again."""
    cause = str(told.get("id") or context.aws_request_id)
    return f"canary-{hashlib.sha256(cause.encode()).hexdigest()[:16]}"


def _say(line: Mapping[str, Any]) -> None:
    print(json.dumps(line, ensure_ascii=True, allow_nan=False), flush=True)
