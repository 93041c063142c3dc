"""The run document: what other people's scripts rely on. Adding a key keeps the schema; taking one away raises it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.resources import files as resources
from pathlib import Path
from typing import Any

from checks import __version__, codec, coverage
from checks.model import Result
from checks.naming import glob
from checks.report import files
from checks.run import Run, counts, exit_code, suppressed

SCHEMA = 1
VERDICTS = {0: "kept", 1: "broken", 2: "unseen", 3: "void", 130: "unseen"}


def document(run: Run) -> dict[str, Any]:
    """The run as plain JSON values, schema 1."""
    code = exit_code(run)
    return {
        "schema": SCHEMA,
        "run_id": run.run_id,
        "tool": f"checks {__version__}",
        "door": run.terms.door,
        "target": run.plan.target,
        "account": run.plan.account,
        "regions": list(run.plan.regions),
        "release": run.terms.release,
        "plan": {"digest": run.plan.digest, "source": run.plan.source},
        "selection": None if run.terms.selection is None else list(run.terms.selection),
        "wait_s": run.terms.budget.wait.total_seconds(),
        "strict": run.terms.strict,
        "started": codec.encode(run.started),
        "finished": codec.encode(run.finished),
        "verdict": VERDICTS[code],
        "exit_code": code,
        "interrupted": run.interrupted,
        "void": list(run.void),
        "notes": list(run.terms.notes),
        "suppressed": {"why": run.terms.quiet, "checks": [each.name for each in suppressed(run)]}
        if run.terms.quiet
        else None,
        "aws_calls": run.aws_calls,
        "cost": dict(run.cost),
        "gate": None if run.gate is None else dict(run.gate),
        "counts": dict(counts(run.results)),
        "results": [told(each, owner_of(each.name, run.terms.owners)) for each in run.results],
        "not_from_here": [{"name": each.check, "needs": each.needs} for each in run.terms.beyond],
        "controls": [
            {
                "name": each.name,
                "instrument": each.instrument,
                "known": each.known,
                "status": each.status,
                "expected": each.expected,
                "actual": each.actual,
            }
            for each in run.controls
        ],
        "coverage": coverage.to_json(run.terms.coverage),
    }


def schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of the run document."""
    read: dict[str, Any] = json.loads((resources("checks.report") / "schema.json").read_text(encoding="utf-8"))
    return read


def write(run: Run, path: Path) -> None:
    """Write the document whole or not at all: a reader never meets half of it."""
    files.put(json.dumps(document(run), indent=1, ensure_ascii=True, allow_nan=False) + "\n", path)


def owner_of(check: str, owners: Mapping[str, str]) -> str:
    """Who looks after the check: by the longest pattern that fits its name, else by its family; empty for nobody."""
    fitting = [each for each in owners if glob(each, check)]
    found = owners[max(fitting, key=len)] if fitting else owners.get(check.partition(".")[0], "")
    return codec.redact(found)


def told(result: Result, owner: str = "") -> dict[str, Any]:
    """One result as plain JSON values."""
    check = result.check
    return {
        "name": check.name,
        "family": check.family,
        "promise": check.promise.says,
        "subject": check.place.subject,
        "stack": check.place.stack,
        "region": check.place.region,
        "severity": check.severity,
        "effect": check.promise.effect,
        "instrument": check.promise.instrument,
        "status": result.status,
        "expected": result.expected,
        "actual": result.actual,
        "remedy": result.remedy,
        "params": codec.encode(check.params),
        "evidence": codec.encode(result.evidence),
        "attempts": len(result.attempts),
        "attempts_log": [
            {"status": each.status, "actual": each.actual, "seconds": round(each.seconds, 4)}
            for each in result.attempts
        ],
        "recovered": result.recovered,
        "started": codec.encode(result.started),
        "seconds": round(result.seconds, 4),
        "covers": list(check.place.covers),
        "blocked_by": result.blocked_by,
        "own_verdict": result.own_verdict,
        "waiver": None
        if result.waiver is None
        else {
            "check": result.waiver.check,
            "owner": result.waiver.owner,
            "reason": result.waiver.reason,
            "expires": codec.encode(result.waiver.expires),
        },
        "harness_error": result.harness_error,
        "owner": owner,
        "settling": _pending(result),
    }


def _pending(result: Result) -> dict[str, Any] | None:
    pending = result.pending
    if pending is None or result.status != "not_yet":
        return None
    within = None if pending.within is None else pending.within.total_seconds()
    return {"signal": pending.signal, "waited_s": round(pending.waited.total_seconds(), 3), "within_s": within}
