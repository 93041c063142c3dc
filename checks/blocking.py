"""The root is reported once: what did not pass because of something else says so, and keeps its own verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from checks.frozen import dataclass
from checks.model import Result
from checks.naming import fill, glob


@dataclass(frozen=True, slots=True)
class Dependency:
    """Checks that fit *check* stand on those that fit *on*.

    In *on*, ``{subject}`` and ``{host}`` are the subject, and its part before the first slash, of the former.
    """

    check: str
    on: str


def block(results: Sequence[Result], dependencies: Sequence[Dependency]) -> tuple[Result, ...]:
    """Name the root behind each result that did not pass and stands, transitively, on another that did not.

    Only a critical result can be a root. One that is merely unknown explains only what is unknown too: a failure
    that was seen stands on its own evidence.
    """
    poor = {each.name: each for each in results if each.status != "pass"}
    below = {name: _stands_on(each, poor, dependencies) for name, each in poor.items()}
    roots = {name: _root(name, below, frozenset()) for name in poor}
    return tuple(
        each if roots.get(each.name, each.name) == each.name else each.behind(roots[each.name]) for each in results
    )


def _stands_on(result: Result, poor: Mapping[str, Result], dependencies: Sequence[Dependency]) -> tuple[str, ...]:
    wanted = [fill(each.on, result.name) for each in dependencies if glob(each.check, result.name)]
    return tuple(
        name
        for name, other in poor.items()
        if name != result.name and _explains(other, result) and any(glob(pattern, name) for pattern in wanted)
    )


def _explains(root: Result, result: Result) -> bool:
    return root.check.severity == "critical" and (root.status != "unknown" or result.status == "unknown")


def _root(name: str, below: Mapping[str, tuple[str, ...]], walked: frozenset[str]) -> str:
    """The deepest result that *name* stands on; the first in plan order where there are several."""
    for under in below[name]:
        if under not in walked:
            return _root(under, below, walked | {name})
    return name
