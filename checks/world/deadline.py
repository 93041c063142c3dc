"""Wall-clock limits. A time-out per read lets a server drip for ever; a deadline does not."""

from __future__ import annotations

from checks.frozen import dataclass
from checks.world.ports import Clock


@dataclass(frozen=True, slots=True)
class Deadline:
    """The moment (of the clock's monotonic time) at which a look is over, whatever the other side does."""

    clock: Clock
    at: float

    @classmethod
    def after(cls, clock: Clock, seconds: float) -> Deadline:
        """The deadline that is *seconds* away."""
        return cls(clock, clock.monotonic() + seconds)

    def left(self) -> float:
        """Seconds left, always more than 0. Raises TimeoutError when there are none."""
        left = self.at - self.clock.monotonic()
        if left <= 0:
            raise TimeoutError
        return left

    def share(self, ways: int) -> Deadline:
        """A nearer deadline: an equal part of what is left when *ways* tries are still to be made."""
        return Deadline(self.clock, self.clock.monotonic() + self.left() / ways)
