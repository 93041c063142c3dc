"""The dead man: when the lack of a run is news. Pure; moments are aware, in UTC."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from checks.nights.record import RUNNING, Record, newest_first

# A nightly run may come 24 h and some minutes after the one before; after 26 h one is missing.
LIMIT = timedelta(hours=26)
# How old a release lets the last nightly run be: one night may be missed while the alarm for it rings.
RECENT = timedelta(hours=36)

Why = Literal["recent", "missing", "void", "partial", "old"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recency:
    """What became of the last nightly run: ``recent``, or the one thing that is wrong with it, in words."""

    why: Why
    says: str
    run_id: str = ""

    @property
    def holds(self) -> bool:
        """Whether a release may rely on it."""
        return self.why == "recent"


def silent(arrivals: Iterable[datetime], now: datetime, *, limit: timedelta = LIMIT) -> bool:
    """Whether no valid run arrived within *limit* before *now*. A run of the future proves nothing about the past."""
    return not any(now - limit < each <= now for each in arrivals)


def judge(records: Iterable[Record], now: datetime, *, limit: timedelta = RECENT) -> Recency:
    """Whether the last nightly run is there, whole, not void, and younger than *limit*.

    One that still runs within its time is passed over; one whose time is up was killed, and is partial.
    """
    nights = [each for each in newest_first(records) if each.door == "canary" and not each.selected]
    ended = [each for each in nights if each.verdict != RUNNING or each.until is None or each.until <= now]
    if not ended:
        return Recency(why="missing", says="no nightly run was ever recorded")
    last = ended[0]
    who = f"the last nightly run, {last.run_id} of {last.started:%Y-%m-%d %H:%M} UTC,"
    if last.verdict == RUNNING or not last.whole:
        return Recency(why="partial", says=f"{who} {_part(last)}", run_id=last.run_id)
    if last.verdict == "void":
        return Recency(why="void", says=f"{who} proves nothing: {last.void or 'it is void'}", run_id=last.run_id)
    age = now - (last.finished or last.started)
    if age > limit:
        told = f"{who} is {span(age)} old; at most {span(limit)} is allowed"
        return Recency(why="old", says=told, run_id=last.run_id)
    return Recency(why="recent", says=f"{who} is {span(age)} old and was {last.verdict}", run_id=last.run_id)


def span(much: timedelta) -> str:
    """As ``26 h 05 min``."""
    minutes = int(much.total_seconds() // 60)
    return f"{minutes // 60} h {minutes % 60:02d} min"


def _part(last: Record) -> str:
    if last.verdict == RUNNING:
        return "ended before it could say how"
    return "was interrupted" if last.interrupted else f"did not get to {last.late} of {last.planned} checks in time"
