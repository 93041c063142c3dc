"""Stacks of others: a sensible plan without a line of code, and each defect caught by the check that is about it."""

from __future__ import annotations

import pytest

from tests.foreign.conftest import Land
from tests.foreign.defects import DEFECTS

pytestmark = pytest.mark.twin

# Whose promises a person would expect for such a stack, by its template alone.
EXPECTED = {
    "site": {"identity", "stack", "dns", "tls", "cdn", "site", "buckets", "roles"},
    "crud": {
        *("identity", "stack", "api", "httpapis", "auth", "functions", "tables"),
        *("backups", "topics", "alarms", "logs", "roles"),
    },
    "pipeline": {
        *("identity", "stack", "functions", "mappings", "workflows", "schedules", "queues", "topics", "logs", "roles"),
    },
    "plain": {
        *("identity", "stack", "api", "functions", "schedules", "topics", "alarms", "dashboards"),
        *("budgets", "logs", "secrets", "keys", "parameters", "roles"),
    },
}


@pytest.mark.parametrize("stack", tuple(EXPECTED))
def test_a_foreign_stack_is_verified_by_its_template_alone(land: Land, stack: str) -> None:
    """Every promise that applies is planned, and on a stack that is well every one of them is kept."""
    run = land.verify(stack)

    assert EXPECTED[stack] == run.families()
    assert {} == run.broken()
    assert (0, "kept") == (run.code, run.document["verdict"])


@pytest.mark.parametrize("stack", tuple(DEFECTS))
def test_each_defect_is_caught_by_the_check_that_is_about_it(land: Land, stack: str) -> None:
    """All at once: none hides another, what follows from one stands behind it, and nothing else is complained of."""
    for inject in DEFECTS[stack].values():
        inject(land)

    run = land.verify(stack)

    assert len(DEFECTS[stack]) >= 5
    assert set(DEFECTS[stack]) == set(run.broken()), run.broken()
    assert (1, "broken") == (run.code, run.document["verdict"])
