"""Small worlds, checks and runs for tests of the hall."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, cast

from checks.blocking import Dependency
from checks.evidence import Stated
from checks.model import CannotLook, Check, Control, Instrument, Place, Severity, Sight, Verdict, Waiver, promise
from checks.plan import Plan, freeze
from checks.pool import Pool
from checks.run import Budget, Run, Terms, run_all
from checks.world.ports import World

NOON = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
SEEN = Stated(facts=(("answer", "yes"),))


@dataclass
class SetClock:
    """A clock that moves only when somebody sleeps."""

    moved: float = 0.0
    slept: list[float] = field(default_factory=list)

    def now(self) -> datetime:
        """Noon, and what was slept since."""
        return NOON + timedelta(seconds=self.moved)

    def monotonic(self) -> float:
        """Seconds slept so far."""
        return self.moved

    def sleep(self, seconds: float) -> None:
        """Move on at once."""
        self.slept.append(seconds)
        self.moved += seconds


@dataclass
class SmallWorld:
    """A world with a clock, that counts how often it was asked to forget."""

    clock: Any = field(default_factory=SetClock)
    generation: int = 0

    def again(self) -> SmallWorld:
        """The next attempt's world."""
        return SmallWorld(clock=self.clock, generation=self.generation + 1)


class Flaky:
    """A look that works the second time."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self, _: object) -> object:
        """Cannot at first."""
        self.times += 1
        if self.times == 1:
            raise CannotLook("throttled")
        return None


def kept(_seen: object = None, _now: object = None) -> Verdict:
    """A judge that is content."""
    return Verdict.passed(expected="yes", actual="yes")


def broken(_seen: object = None, _now: object = None) -> Verdict:
    """A judge that is not."""
    return Verdict.failed(expected="yes", actual="no", remedy="mend it")


def settling(_seen: object = None, _now: object = None) -> Verdict:
    """A judge of something that still settles."""
    return Verdict.not_yet(expected="yes", actual="nearly", remedy="wait")


def a_check(
    name: str = "tables.present[Users]",
    *,
    look: Callable[[Any], object] = lambda _: SEEN,
    judge: Callable[..., Verdict] = kept,
    severity: Severity = "critical",
    instrument: Instrument = "aws",
) -> Check:
    """A check of any name that looks and judges as it is told."""

    def bind() -> Sight:
        return Sight(look=look, judge=judge)

    family, _, subject = name.partition("[")
    made = promise(family, says=f"{family} holds", severity=severity, instrument=instrument)(bind)
    return made(Place(subject=subject.removesuffix("]"), stack="S", region="af-south-1", covers=("Users",)))


def a_control(
    name: str = "aws.known-good",
    *,
    look: Callable[[Any], tuple[bool, str]] = lambda _: (True, "seen"),
    instrument: Instrument = "aws",
    known: Literal["good", "bad"] = "good",
) -> Control:
    """A control that holds unless told otherwise."""
    return Control(name=name, instrument=instrument, known=known, expected="an answer", look=look)


def a_plan(*checks: Check) -> Plan:
    """A live plan of these checks."""
    return freeze(checks, target="here", account="000000000000", regions=("af-south-1",))


def a_run(
    *checks: Check,
    controls: Sequence[Control] = (),
    dependencies: Sequence[Dependency] = (),
    waivers: Sequence[Waiver] = (),
    world: SmallWorld | None = None,
    retries: int = 0,
    wait: timedelta = timedelta(0),
    deadline: timedelta = timedelta(seconds=20),
    **terms: Any,  # noqa: ANN401 - the rest of Terms
) -> Run:
    """What becomes of these checks."""
    return run_all(
        a_plan(*checks),
        cast("World", world or SmallWorld()),
        pool=Pool(8),
        terms=Terms(
            door="cli",
            budget=Budget(deadline=deadline, wait=wait, retries=retries),
            controls=tuple(controls),
            dependencies=tuple(dependencies),
            waivers=tuple(waivers),
            **terms,
        ),
    )
