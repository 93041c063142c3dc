"""What each operation costs: the documentation's table is what was seen."""

from __future__ import annotations

import re
from pathlib import Path

import khaya_api
from khaya_api.access import OPERATIONS
from tests.api.conftest import Stage
from tests.api.walks import walk, watch

DOCUMENTATION = Path(khaya_api.__file__).parents[1] / "docs" / "api.md"
# More reads than two, each with its reason.
MORE_READS = {
    "GET /health/deep": "one for each table",
}


def test_the_calls_of_every_operation_are_as_documented(stage: Stage) -> None:
    """Reads at most two and writes at most one, wherever nothing is said against it; nothing is left out."""
    counted = _counted(stage)

    assert {f"{operation.method} {operation.path}" for operation in OPERATIONS} == set(counted)
    assert _documented() == counted
    assert {} == {name: reads for name, (reads, _) in counted.items() if reads > 2 and name not in MORE_READS}
    assert {0, 1} == {writes for _, writes in counted.values()}


def _counted(stage: Stage) -> dict[str, tuple[int, int]]:
    seen, before = watch(stage), [0, 0]
    counted: dict[str, tuple[int, int]] = {}

    def note(operation: str, _answer: object) -> None:
        cost = (seen.reads - before[0], seen.writes - before[1])
        counted[operation] = max(cost, counted.get(operation, cost))
        before[:] = [seen.reads, seen.writes]

    walk(stage.client, note)
    return counted


def _documented() -> dict[str, tuple[int, int]]:
    rows = re.findall(
        r"^\| `((?:GET|POST|PUT|PATCH) [^`]+)` \| (\d+) \| (\d+) \|", DOCUMENTATION.read_text("utf-8"), re.MULTILINE
    )
    return {name: (int(reads), int(writes)) for name, reads, writes in rows}
