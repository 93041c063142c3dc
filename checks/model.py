"""The words everybody shares: verdicts, checks, results, and the one error a probe may raise.

Frozen values only. Nothing here looks at the outside, reads a clock or decides anything.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Generic, Literal, ParamSpec

from checks.frozen import dataclass
from checks.settling import Pending

if TYPE_CHECKING:
    from checks.world.ports import World

Severity = Literal["critical", "warning"]
Effect = Literal["read", "write"]
Instrument = Literal["dns", "tls", "http", "aws", "self"]
VerdictStatus = Literal["pass", "fail", "not_yet"]
Status = Literal["pass", "fail", "not_yet", "unknown", "blocked"]
ControlStatus = Literal["held", "wrong", "unseen"]

STATUSES: tuple[Status, ...] = ("pass", "fail", "not_yet", "unknown", "blocked")

P = ParamSpec("P")
# A plan binds the same few functions a thousand times.
_signature = functools.cache(inspect.signature)


class CannotLook(Exception):
    """Our own instrument could not look; says nothing about the target.

    *final* is true when asking again cannot help (AccessDenied, no credentials).
    """

    def __init__(self, reason: str, *, final: bool = False) -> None:
        super().__init__(reason)
        self.final = final


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a judge decided: what was promised, what was seen, and what a person should do."""

    status: VerdictStatus
    expected: str
    actual: str
    remedy: str = ""

    @classmethod
    def passed(cls, *, expected: str, actual: str) -> Verdict:
        """The promise is kept."""
        return cls(status="pass", expected=expected, actual=actual)

    @classmethod
    def failed(cls, *, expected: str, actual: str, remedy: str) -> Verdict:
        """The promise is broken; *remedy* is the next thing to do or to read."""
        return cls(status="fail", expected=expected, actual=actual, remedy=remedy)

    @classmethod
    def not_yet(cls, *, expected: str, actual: str, remedy: str) -> Verdict:
        """The service itself says that it is still converging."""
        return cls(status="not_yet", expected=expected, actual=actual, remedy=remedy)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a check belongs: the subject in its name, and the resources of a stack it speaks for.

    *covers* are logical ids; *resources* are the ARNs that its AWS calls touch.
    """

    subject: str
    stack: str = ""
    region: str = ""
    covers: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """How to look at one subject and how to judge what was seen there.

    One with *afterwards* looks at the other results of the run instead, when all of them are in.
    """

    look: Callable[[World], object]
    judge: Callable[[Any, datetime], Verdict]
    afterwards: Callable[[Sequence[Result]], object] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One promise bound to one subject."""

    name: str
    promise: Promise[Any]
    place: Place
    params: Mapping[str, object] = field(default_factory=dict)
    severity: Severity
    sight: Sight

    @property
    def family(self) -> str:
        """The room it lives in: the part of the name before the first dot."""
        return self.name.partition(".")[0]


@dataclass(frozen=True)
class Promise(Generic[P]):
    """A sentence that we want to be true of a target; called with a place and its parameters it gives a Check.

    *bind* returns the Sight for its keyword parameters; these are plain values (text, numbers,
    durations, tuples, frozen dataclasses of such), because a frozen plan stores them.
    *says* is the sentence. *actions* are the IAM actions its look needs.
    """

    name: str
    says: str
    severity: Severity
    instrument: Instrument
    bind: Callable[P, Sight]
    actions: frozenset[str] = frozenset()
    effect: Effect = "read"

    def __call__(self, place: Place, /, *args: P.args, **kwargs: P.kwargs) -> Check:
        """Bind the promise to *place*."""
        return Check(
            name=f"{self.name}[{place.subject}]",
            promise=self,
            place=place,
            params=dict(_signature(self.bind).bind(*args, **kwargs).arguments),
            severity=self.severity,
            sight=self.bind(*args, **kwargs),
        )


def promise(
    name: str,
    *,
    says: str,
    severity: Severity,
    instrument: Instrument,
    actions: tuple[str, ...] = (),
    effect: Effect = "read",
) -> Callable[[Callable[P, Sight]], Promise[P]]:
    """Turn a function from parameters to a Sight into a Promise. It registers nothing anywhere."""

    def made(bind: Callable[P, Sight]) -> Promise[P]:
        return Promise(
            name=name,
            says=says,
            severity=severity,
            instrument=instrument,
            bind=bind,
            actions=frozenset(actions),
            effect=effect,
        )

    return made


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One look of a check that took several, with what it led to."""

    status: Status
    actual: str
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver:
    """A decision to live without a promise for a while: who, why, until when (that day included)."""

    check: str
    owner: str
    reason: str
    expires: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What became of one planned check."""

    check: Check
    status: Status
    expected: str
    actual: str
    remedy: str
    evidence: object | None
    attempts: tuple[Attempt, ...]
    started: datetime
    seconds: float
    blocked_by: str | None = None
    own_verdict: Status | None = None
    waiver: Waiver | None = None
    harness_error: str | None = None
    pending: Pending | None = None

    @property
    def name(self) -> str:
        """The name of its check."""
        return self.check.name

    @property
    def recovered(self) -> bool:
        """It passes now, and an earlier look in this run did not (still settling does not count)."""
        return self.status == "pass" and any(seen.status in {"fail", "unknown"} for seen in self.attempts[:-1])

    def behind(self, root: str) -> Result:
        """The same result, explained by *root*; its own verdict is kept."""
        return replace(self, status="blocked", blocked_by=root, own_verdict=self.status)


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """A question whose right answer is known, to prove that an instrument works today.

    *known* says which side it proves: ``good`` must be seen as good, ``bad`` must be seen as bad.
    *look* returns ``(held, actual)`` and raises CannotLook when nothing could be seen. With *vantage* it measures that
    one capability of the place, and speaks only for the checks that need it.
    """

    name: str
    instrument: Instrument
    known: Literal["good", "bad"]
    expected: str
    look: Callable[[World], tuple[bool, str]]
    vantage: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlResult:
    """What became of one control."""

    name: str
    instrument: Instrument
    known: Literal["good", "bad"]
    status: ControlStatus
    expected: str
    actual: str
    vantage: str = ""


@dataclass(frozen=True, slots=True)
class Unresolved:
    """A part of a template that could not be resolved to a value; *why* names the intrinsic and the reason."""

    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One deployed resource: what its template says (intrinsics resolved) and what CloudFormation made of it.

    *subject* is its construct path without the stack and without a trailing ``Resource`` or ``Default``
    (the logical id where the template has no path), prefixed with the stack (and region) when there are several.
    """

    logical_id: str
    type: str
    physical_id: str
    subject: str
    stack: str
    region: str
    properties: Mapping[str, object] = field(default_factory=dict)

    def place(self, *arns: str) -> Place:
        """Where a check about this resource belongs; *arns* are what its AWS calls touch."""
        return Place(
            subject=self.subject,
            stack=self.stack,
            region=self.region,
            covers=(self.logical_id,),
            resources=arns,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """One CloudFormation stack, as the service described it when the target was resolved.

    *declared_outputs* are the output keys of the template; *outputs* what the service reports.
    *counts* are resource types in the live stack. *absent* is true when settings name it, an accepted
    plan knows it, and CloudFormation says that it does not exist. *disposable* is one that settings call so.
    """

    name: str
    region: str
    arn: str = ""
    outputs: Mapping[str, str] = field(default_factory=dict)
    declared_outputs: tuple[str, ...] = ()
    resources: tuple[Resource, ...] = ()
    absent: bool = False
    disposable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One deployment, resolved: what rooms plan their checks from."""

    name: str
    account: str
    stacks: tuple[Stack, ...]
    domain: str = ""
    aliases: tuple[str, ...] = ()
    spa_paths: tuple[str, ...] = ()
    partition: str = "aws"
    hidden: bool = False
    resolvers: tuple[str, ...] = ()

    @property
    def hosts(self) -> tuple[str, ...]:
        """The apex first, then its aliases; empty for a target without a site."""
        return (self.domain, *self.aliases) if self.domain else ()

    def of_type(self, *types: str) -> tuple[Resource, ...]:
        """The live resources of these CloudFormation types, in the order of the stacks."""
        return tuple(found for stack in self.stacks for found in stack.resources if found.type in types)

    def arn(self, service: str, region: str, rest: str) -> str:
        """An ARN of this target's account, for example ``arn("dynamodb", region, "table/Users")``."""
        return f"arn:{self.partition}:{service}:{region}:{self.account}:{rest}"
