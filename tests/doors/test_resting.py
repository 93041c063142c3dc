"""When the garbage collector rests, and that it works again."""

from __future__ import annotations

import gc
import subprocess
import sys
from pathlib import Path

import pytest

from checks.doors.resting import at_rest

ROOT = Path(__file__).parents[2]


def test_the_collector_rests_inside_and_works_afterwards() -> None:
    """Also nested, and after an error."""
    with at_rest():
        with at_rest():
            assert not gc.isenabled()
        assert not gc.isenabled()
    with pytest.raises(ValueError, match="inside"), at_rest():
        raise ValueError("inside")
    assert gc.isenabled()


def test_who_does_without_a_collector_still_does() -> None:
    """Whoever switched it off decides when it works again."""
    gc.disable()
    try:
        with at_rest():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()


@pytest.mark.parametrize(("for_good", "kept"), ((True, True), (False, False)))
def test_what_is_made_for_good_is_never_looked_through(for_good: bool, kept: bool) -> None:  # noqa: FBT001 - a table of truths
    """In a process of its own, whose objects these are."""
    code = f"""
import gc
from checks.doors.resting import at_rest
with at_rest(for_good={for_good}):
    made = [[] for _ in range(1000)]
print(gc.get_freeze_count() > 1000)
"""
    told = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert str(kept) == told.stdout.strip()


def test_a_canary_starts_without_it_and_runs_with_it() -> None:
    """Importing its door leaves the collector at work, with what was imported out of its sight."""
    code = "import gc; import checks.doors.canary; print(gc.isenabled() and gc.get_freeze_count() > 1000)"
    told = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "True" == told.stdout.strip()
