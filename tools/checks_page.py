"""Writes docs/checks.md: a line for each promise, from the catalogue. ``python tools/checks_page.py``."""

from __future__ import annotations

import sys
from itertools import groupby
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from checks import catalogue  # noqa: E402 - the checkout is not installed, so its path comes first
from checks.model import Promise  # noqa: E402 - see above

HEAD = """\
# Promises

What `checks` can promise about a deployment, in the order a person would ask. Each is planned for every subject that
it applies to: a table, a certificate, a host, a route. `python -m checks explain NAME` tells why it is there, what it
needs and what it stands on. A `critical` promise closes the gate, a `warning` is reported.

The page is written by `python tools/checks_page.py`; a test compares it with the catalogue.
"""

ABOUT = {
    "identity": "Are we where we think we are",
    "stack": "What CloudFormation says, and whether the plan is still whole",
    "dns": "Does the name lead here",
    "tls": "Is the certificate good, and is it the one",
    "cdn": "Does the edge do what the template says, and what a visitor needs",
    "firewalls": "Does what stands before edge and APIs keep out what it should",
    "site": "Is the page whole, and nothing served beside it",
    "api": "Does the API answer, to the right people",
    "httpapis": "Do HTTP APIs answer, to the right people",
    "auth": "Can people sign in, and nobody by a side door",
    "functions": "Can the functions run, with what they need",
    "mappings": "Does what streams and queues hold reach its function",
    "workflows": "Do state machines do what they were given to do",
    "tables": "Is the data there, in the right shape, and hard to lose",
    "backups": "Can it be brought back",
    "buckets": "Are files kept, and kept to ourselves",
    "schedules": "Does what should happen by itself happen",
    "queues": "Is work waiting where it should, and failure seen",
    "topics": "Does what is told reach those who subscribed, and nobody else",
    "alarms": "Would somebody be told",
    "dashboards": "Do people see what they should",
    "budgets": "Would somebody be told what it costs",
    "logs": "Could somebody find out what happened",
    "secrets": "Are secrets there for those who read them",
    "keys": "Can what was encrypted be read",
    "parameters": "Do those who start find what they read at their start",
    "journeys": "Can people do what they came for, and nobody what is another's (only where writing is allowed)",
    "release": "Is all of it of one release",
    "roles": "May everybody do what the template says, and nothing more",
}


def page() -> str:
    """The whole page."""
    parts = [HEAD]
    for family, promises in groupby(sorted(catalogue.PROMISES, key=_place), key=_family):
        parts.append(f"\n## {family}\n\n{ABOUT[family]}.\n\n| promise | severity | says |\n| --- | --- | --- |\n")
        parts += [f"| `{each.name}` | {each.severity} | {each.says} |\n" for each in promises]
    parts.append("\n## Limits\n\n| threshold | default |\n| --- | --- |\n")
    defaults = catalogue.Thresholds()
    parts += [f"| `{name}` | {getattr(defaults, name):g} |\n" for name in catalogue.Thresholds.__slots__]
    return "".join(parts)


def _family(promise: Promise[...]) -> str:
    return promise.name.partition(".")[0]


def _place(promise: Promise[...]) -> int:
    return list(ABOUT).index(_family(promise))


if __name__ == "__main__":
    (ROOT / "docs" / "checks.md").write_text(page(), encoding="utf-8")
