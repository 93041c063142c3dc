"""How much memory a process holds."""

from __future__ import annotations

import os
import sys

from checks.twin.memory import resident


def test_our_own_memory_is_that_of_our_own_process() -> None:
    """Asked for by number or not, it is more than an interpreter needs at the very least; elsewhere nobody tells."""
    told = sys.platform == "linux"

    assert told == (resident() > 5_000_000)
    assert told == (resident(os.getpid()) > 5_000_000)


def test_nobodys_memory_is_nothing() -> None:
    """A process that is gone holds none."""
    assert 0 == resident(2**22 + 1)
