"""What of a target is proven: every resource and every hop, and the checks that would see it broken.

Pure: a plan and the target that it was made from. *Verified* means a check beyond existence.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any, Literal

from checks import codec, companions, topology
from checks.frozen import dataclass
from checks.model import Check, Resource, Target, Waiver
from checks.naming import glob
from checks.topology import Hop, Proof

State = Literal["verified", "waived", "unverified"]
STATES: tuple[State, ...] = ("verified", "waived", "unverified")

# What says of a thing only that it is there, or speaks of the plan instead of the thing.
_EXISTENCE = ("*.present[*", "*.exists[*", "stack.*", "identity.*")
# Nothing in it can break: a record of the CDK's own use, and a handle that CloudFormation throws away.
_INERT = frozenset({"AWS::CDK::Metadata", "AWS::CloudFormation::WaitConditionHandle"})
_PREFIX = "coverage"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One resource, or one hop from *source* to *goal*. *checks* are what proves it, *why* what is to be said of it."""

    kind: Literal["resource", "edge"]
    name: str
    type: str
    stack: str
    state: State
    checks: tuple[str, ...]
    why: str = ""
    source: str = ""
    source_type: str = ""
    goal: str = ""
    goal_type: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """Every row, resources in the order of the stacks, then hops from the visitor inwards."""

    rows: tuple[Row, ...] = ()

    def of(self, state: State, kind: str = "") -> tuple[Row, ...]:
        """The rows in *state*, of one *kind* or of both."""
        return tuple(each for each in self.rows if each.state == state and kind in {"", each.kind})

    def share(self, state: State) -> float:
        """How many per cent of all rows are in *state*; nothing is wholly unverified."""
        if not self.rows:
            return 100.0 if state == "unverified" else 0.0
        return 100 * len(self.of(state)) / len(self.rows)


def coverage(
    checks: Iterable[Check], target: Target, *, waivers: Sequence[Waiver] = (), now: datetime | None = None
) -> Coverage:
    """How far *checks*, the plan of *target*, prove it. Without *now* every waiver counts as live.

    A waiver of ``coverage[NAME]`` waives a row that nothing verifies; a row whose checks are all waived is waived too.
    """
    live = tuple(each for each in waivers if now is None or each.expires >= now)
    known = _Known.of(tuple(checks), live)
    near = companions.neighbours(target)
    resources = (_of_resource(each, known, near) for stack in target.stacks for each in stack.resources)
    edges = (_of_hop(each, known) for each in topology.hops(target))
    return Coverage(rows=(*resources, *edges))


def to_json(known: Coverage | None) -> dict[str, Any] | None:
    """Plain values: how many rows are in each state, and every row; None where nothing is known."""
    if known is None:
        return None
    counts: dict[str, Any] = {state: len(known.of(state)) for state in STATES}
    return {**counts, "rows": [{**asdict(each), "checks": list(each.checks)} for each in known.rows]}


def from_json(stored: Mapping[str, Any] | None) -> Coverage | None:
    """What to_json gave. Raises KeyError and TypeError for anything else."""
    if stored is None:
        return None
    return Coverage(rows=tuple(Row(**{**each, "checks": tuple(each["checks"])}) for each in stored["rows"]))


def named(row: Row) -> str:
    """What a waiver calls *row*."""
    return f"{_PREFIX}[{row.name}]"


def is_about_coverage(pattern: str) -> bool:
    """Whether the pattern of a waiver speaks of rows instead of checks."""
    return pattern.startswith(f"{_PREFIX}[")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """The checks that count, by the resources that they are about, and the waivers that are in force."""

    checks: tuple[Check, ...]
    about: Mapping[str, tuple[Check, ...]]
    by_name: Mapping[str, Check]
    waivers: tuple[Waiver, ...]

    @classmethod
    def of(cls, checks: tuple[Check, ...], waivers: tuple[Waiver, ...]) -> _Known:
        """Sorted once."""
        telling = tuple(each for each in checks if not any(glob(pattern, each.name) for pattern in _EXISTENCE))
        about: defaultdict[str, tuple[Check, ...]] = defaultdict(tuple)
        for check in telling:
            for logical_id in check.place.covers:
                about[logical_id] += (check,)
        return cls(checks=telling, about=about, by_name={each.name: each for each in telling}, waivers=waivers)

    def proving(self, proof: Proof) -> Iterator[Check]:
        """The checks that *proof* speaks of."""
        if not proof.logical_id:
            found = self.by_name.get(proof.pattern)
            if found is not None:
                yield found
            return
        for each in self.about.get(proof.logical_id, ()):
            if each.place.stack in {"", proof.stack} and glob(proof.pattern, each.promise.name):
                yield each

    def waiver(self, name: str) -> Waiver | None:
        """The live waiver of that name."""
        return next((each for each in self.waivers if glob(each.check, name)), None)


def _of_resource(resource: Resource, known: _Known, near: companions.Neighbours) -> Row:
    own = Proof(pattern="*", stack=resource.stack, logical_id=resource.logical_id)
    name = codec.redact(resource.subject)
    state, checks, why = _state(name, (own, *companions.proofs(resource, near)), known)
    if resource.type in _INERT and not checks:
        state, why = "waived", "nothing in it can break"
    if state == "unverified" and not why:
        why = "no check looks at it beyond its existence"
    return Row(
        kind="resource", name=name, type=resource.type, stack=resource.stack, state=state, checks=checks, why=why
    )


def _of_hop(hop: Hop, known: _Known) -> Row:
    name = codec.redact(hop.name)
    state, checks, why = _state(name, hop.proofs, known)
    return Row(
        kind="edge",
        name=name,
        type=hop.kind,
        stack=hop.source.stack,
        state=state,
        checks=checks,
        why=why or ("no check would see it cut" if state == "unverified" else ""),
        source=codec.redact(hop.source.name),
        source_type=hop.source.type,
        goal=codec.redact(hop.goal.name),
        goal_type=hop.goal.type,
    )


def _state(name: str, proofs: Iterable[Proof], known: _Known) -> tuple[State, tuple[str, ...], str]:
    checks = tuple(dict.fromkeys(each.name for proof in proofs for each in known.proving(proof)))
    waived = {each: found for each in checks if (found := known.waiver(each))}
    if len(waived) < len(checks):
        return "verified", checks, ""
    lived_without = next(iter(waived.values()), None) or known.waiver(f"{_PREFIX}[{name}]")
    if lived_without is None:
        return "unverified", (), ""
    told = f"{lived_without.owner}, until {lived_without.expires:%Y-%m-%d}: {lived_without.reason}"
    return "waived", checks, codec.redact(told)
