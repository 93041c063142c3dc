"""The words of deliberate breakage: a fault, what it leads the harness to see, and what must come of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Literal

from checks.model import Status

if TYPE_CHECKING:
    from checks.run import Run
    from checks.twin.faults.bench import Bench
    from checks.twin.faults.between.edge import Edge
    from checks.twin.faults.between.http import Tamper
    from checks.twin.faults.between.names import Twist

Kind = Literal["fault", "benign", "meta"]
# live: AWS's interface holds it, or whoever connects meets it. patched: an answer of AWS is rewritten on its way.
Fidelity = Literal["live", "patched"]


class Unfit(Exception):
    """The deployment has nothing that this fault could break, or its plan promises nothing about it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """How a run sees the twin while a fault is in.

    *named* are patterns: a check of each must have the fault's status. The rest stands between the harness and the
    twin: *aws* answers for the control plane, *edge* for the points of presence, *names* for the DNS, *later* moves
    the harness's clock, *wait* is how long things that settle are given. *replan* says that the plan follows from what
    was changed, *writes* that the journeys are planned as well. *after* says what else is wrong with the run, and a
    *trial* takes the place of the run: it gives what was wrong, or nothing.
    """

    named: tuple[str, ...] = ()
    aws: Tamper | None = None
    edge: Edge | None = None
    names: Twist | None = None
    later: timedelta = timedelta(0)
    wait: timedelta = timedelta(0)
    replan: bool = False
    writes: bool = False
    after: Callable[[Run], str] = lambda _: ""
    trial: Callable[[], str] | None = None


Stage = Callable[["Bench"], AbstractContextManager[View]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One deliberate change of a twin: entering *stage* injects it, leaving restores what was.

    *promise* must be the one that is broken, with *status*; what else may not pass then is *behind* it (patterns).
    *code* is the exit code, None when it follows from the severity of the named check. A benign change has no promise:
    everything must pass. *within* bounds the run of a meta-fault, in seconds.
    """

    id: str
    family: str
    breaks: str
    stage: Stage
    kind: Kind = "fault"
    promise: str = ""
    status: Status = "fail"
    behind: tuple[str, ...] = ()
    code: int | None = None
    fidelity: Fidelity = "live"
    within: float | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Absent:
    """A row of the catalogue of faults that is not staged. *why* says what the twin, or the plan, lacks for it.

    *lacks* is ``twin`` when it cannot be represented here and ``promise`` when nothing promises the opposite.
    """

    id: str
    family: str
    breaks: str
    lacks: Literal["twin", "promise"]
    why: str
    kind: Kind = "fault"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What came of one fault. *named* maps each named check to the status it had; *strays* are outside its reach.

    *runs* counts how often it was measured: a row that is not exact is measured once more, and *alarms* counts in how
    many of the runs of a benign change there was one. It was *measured* at that moment (UTC), and is *of* the sources
    with that digest. *on* is the other deployment that it was measured on, where this one has nothing of the kind.
    """

    id: str
    kind: Kind
    family: str
    breaks: str
    fidelity: Fidelity
    outcome: Literal["caught", "by another", "missed", "calm", "alarm", "unfit"]
    expected: str
    named: Mapping[str, str] = field(default_factory=dict)
    code: int = 0
    wanted_code: int = 0
    strays: tuple[str, ...] = ()
    healed: bool = True
    seconds: float = 0.0
    why: str = ""
    runs: int = 1
    alarms: int = 0
    measured: str = ""
    of: str = ""
    on: str = ""

    @property
    def exact(self) -> bool:
        """Nothing is left to be desired: the right check, the right code, no stray, and green again."""
        return self.outcome in {"caught", "calm"} and self.code == self.wanted_code and not self.strays and self.healed
