"""What a benchmark found: one thing measured beside another, in the same run."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """One ratio: what was measured, beside what, and the goal it has to meet (none: reported alone)."""

    what: str
    ours: float
    beside: float
    unit: str
    goal: float | None
    at_least: bool = False

    @property
    def ratio(self) -> float:
        """The one divided by the other."""
        return self.ours / self.beside if not self.at_least else self.beside / self.ours

    @property
    def met(self) -> bool:
        """Whether the goal is met; what has none is."""
        if self.goal is None:
            return True
        return self.ratio >= self.goal if self.at_least else self.ratio <= self.goal
