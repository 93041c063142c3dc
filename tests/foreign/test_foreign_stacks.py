"""Stacks of others: a sensible plan without a line of code, and each defect caught by the check that is about it."""

from __future__ import annotations

import pytest

from tests.foreign.conftest import Land

pytestmark = [pytest.mark.twin, pytest.mark.xdist_group("foreign")]


@pytest.mark.parametrize("stack", ("site", "crud", "pipeline", "plain"))
def test_a_foreign_stack_is_kept(land: Land, stack: str) -> None:
    """No critical promise is broken or in doubt."""
    run = land.verify(stack)

    print(run.said)
    assert 0 == run.code
