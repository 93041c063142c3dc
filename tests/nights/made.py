"""Run documents and records, made up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from checks.nights.record import Record

NIGHT = datetime(2026, 3, 1, 1, 0, tzinfo=UTC)
_STATUSES = ("pass", "fail", "not_yet", "unknown", "blocked")


def result(name: str = "tables.pitr[Users]", status: str = "pass", **more: Any) -> dict[str, Any]:  # noqa: ANN401 - any key of a result
    """One result of a run document."""
    return {
        "name": name,
        "family": name.partition(".")[0],
        "promise": "it holds",
        "severity": "critical",
        "status": status,
        "expected": "ENABLED",
        "actual": "ENABLED" if status == "pass" else "DISABLED",
        "remedy": "" if status == "pass" else "enable it",
        "evidence": None,
        "recovered": False,
        "attempts": 1,
        "seconds": 0.5,
        "blocked_by": None,
        "waiver": None,
        **more,
    }


def document(*results: Mapping[str, Any], at: datetime = NIGHT, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - any key of a document
    """A run document of schema 1 with these results."""
    told: Sequence[Mapping[str, Any]] = results or (result(),)
    counts = {status: sum(each["status"] == status for each in told) for status in _STATUSES}
    critical = {each["status"] for each in told if each["severity"] == "critical" and not each["waiver"]}
    code = 1 if "fail" in critical else 2 if critical & {"unknown", "not_yet", "blocked"} else 0
    code = 3 if more.get("void") else code
    return {
        "schema": 1,
        "run_id": f"run-{at:%Y%m%dT%H%M}",
        "tool": "checks",
        "door": "canary",
        "target": "shop",
        "release": "abc",
        "plan": {"digest": "d", "source": "live"},
        "selection": None,
        "strict": False,
        "started": at.isoformat().replace("+00:00", "Z"),
        "finished": (at + timedelta(seconds=4)).isoformat().replace("+00:00", "Z"),
        "verdict": {0: "kept", 1: "broken", 2: "unseen", 3: "void"}[code],
        "exit_code": code,
        "interrupted": False,
        "void": [],
        "notes": [],
        "aws_calls": 7,
        "cost": {},
        "counts": {**counts, "recovered": 0, "waived": 0},
        "results": list(told),
        "controls": [],
        **more,
    }


def record(at: datetime = NIGHT, **more: Any) -> Record:  # noqa: ANN401 - any field of a record
    """A whole run of the canary that kept its promises."""
    given: dict[str, Any] = {
        "target": "shop",
        "run_id": f"run-{at:%Y%m%dT%H%M}",
        "door": "canary",
        "started": at,
        "finished": at + timedelta(seconds=4),
        "verdict": "kept",
        "exit_code": 0,
        "planned": 1,
        **more,
    }
    return Record(**given)
