"""How long things take to settle: what says that one still does, and how long it may."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from checks.frozen import dataclass
from checks.naming import glob


@dataclass(frozen=True, slots=True, kw_only=True)
class Settling:
    """Checks that fit *check* wait for *signal*, the service's own word, and for no longer than *within*."""

    check: str
    signal: str
    within: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """A check that is waiting, or that stopped waiting: for what, since how long, and how long it may.

    *within* is None where nothing but the run's own patience ends the waiting.
    """

    check: str
    signal: str
    waited: timedelta
    within: timedelta | None = None

    @property
    def late(self) -> bool:
        """Whether it has had the time that it may have."""
        return self.within is not None and self.waited >= self.within


def settling_of(check: str, known: Iterable[Settling]) -> Settling | None:
    """The first entry for the check of that name."""
    return next((each for each in known if glob(each.check, check)), None)
