"""A run as CloudWatch metrics, in the embedded metric format: one log line, and no call that could fail.

Source: CloudWatch User Guide, "Specification: Embedded metric format".
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from checks.codec import decode

NAMESPACE = "Checks"
_METRICS: tuple[tuple[str, str], ...] = (
    ("ValidRuns", "Count"),
    ("BrokenRuns", "Count"),
    ("Passed", "Count"),
    ("Failed", "Count"),
    ("Undecided", "Count"),
    ("Recovered", "Count"),
    ("Seconds", "Seconds"),
    ("AwsCalls", "Count"),
)


def as_emf(document: Mapping[str, Any], *, valid: bool) -> dict[str, Any]:
    """The metrics of a run, by target. ``ValidRuns`` is what the dead man listens to."""
    finished = decode(datetime, document["finished"], where="finished")
    started = decode(datetime, document["started"], where="started")
    counts = document["counts"]
    return {
        "_aws": {
            "Timestamp": int(finished.timestamp() * 1000),
            "CloudWatchMetrics": [
                {
                    "Namespace": NAMESPACE,
                    "Dimensions": [["Target"]],
                    "Metrics": [{"Name": name, "Unit": unit} for name, unit in _METRICS],
                }
            ],
        },
        "Target": document["target"],
        "RunId": document["run_id"],
        "ValidRuns": int(valid),
        "BrokenRuns": int(document["verdict"] == "broken"),
        "Passed": counts["pass"],
        "Failed": counts["fail"],
        "Undecided": counts["unknown"] + counts["not_yet"] + counts["blocked"],
        "Recovered": counts["recovered"],
        "Seconds": round((finished - started).total_seconds(), 3),
        "AwsCalls": document["aws_calls"],
    }
