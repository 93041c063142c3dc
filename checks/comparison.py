"""What changed from one run document to another: what broke, what was mended, what came and what went."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Document = Mapping[str, Any]
_WORST_FIRST = ("fail", "unknown", "not_yet", "blocked", "pass")
# Below these a look is as slow as the machine was busy.
_SLOWER, _NOTICED = 2.0, 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One check whose result differs. *before* and *after* are statuses, empty where it was not planned."""

    name: str
    severity: str
    before: str
    after: str
    actual: str

    @property
    def worse(self) -> bool:
        """Whether something that was seen to hold is not seen to hold any more."""
        return self.before == "pass" and self.after != "pass"


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two runs beside each other. *slower* are names with the seconds of both."""

    changes: tuple[Change, ...]
    facts: tuple[tuple[str, str, str], ...]
    slower: tuple[tuple[str, float, float], ...]

    @property
    def worse(self) -> tuple[Change, ...]:
        """What held before and is not seen to hold now."""
        return tuple(each for each in self.changes if each.worse)

    @property
    def better(self) -> tuple[Change, ...]:
        """What did not hold before, or was not planned, and holds now."""
        return tuple(each for each in self.changes if each.after == "pass")

    @property
    def other(self) -> tuple[Change, ...]:
        """What did not hold before and does not now, in another way."""
        return tuple(each for each in self.changes if not each.worse and each.after != "pass")


def compare(before: Document, after: Document) -> Comparison:
    """The differences between two run documents of schema 1. Raises KeyError for anything else."""
    then = {each["name"]: each for each in before["results"]}
    now = {each["name"]: each for each in after["results"]}
    names = dict.fromkeys((*now, *then))
    changed = [_change(name, then.get(name), now.get(name)) for name in names if _differ(then.get(name), now.get(name))]
    changed.sort(key=lambda each: (each.severity != "critical", _rank(each.after)))
    slower = [
        (name, then[name]["seconds"], now[name]["seconds"])
        for name in now
        if name in then
        and now[name]["seconds"] - then[name]["seconds"] > _NOTICED
        and now[name]["seconds"] > _SLOWER * then[name]["seconds"]
    ]
    return Comparison(changes=tuple(changed), facts=tuple(_facts(before, after)), slower=tuple(slower))


def _differ(then: Document | None, now: Document | None) -> bool:
    if then is None or now is None:
        return True
    return bool(then["status"] != now["status"] or (now["status"] != "pass" and then["actual"] != now["actual"]))


def _change(name: str, then: Document | None, now: Document | None) -> Change:
    latest = now or then or {}
    return Change(
        name=name,
        severity=latest["severity"],
        before=then["status"] if then else "",
        after=now["status"] if now else "",
        actual=now["actual"] if now else "it is not planned any more",
    )


def _rank(status: str) -> int:
    return _WORST_FIRST.index(status) if status in _WORST_FIRST else -1


def _facts(before: Document, after: Document) -> list[tuple[str, str, str]]:
    pairs = {
        "target": (before["target"], after["target"]),
        "verdict": (before["verdict"], after["verdict"]),
        "release": (before["release"], after["release"]),
        "plan": (before["plan"]["digest"][:12], after["plan"]["digest"][:12]),
        "door": (before["door"], after["door"]),
        "tool": (before["tool"], after["tool"]),
        "selection": (" ".join(before["selection"] or ("all",)), " ".join(after["selection"] or ("all",))),
        "AWS calls": (str(before["aws_calls"]), str(after["aws_calls"])),
    }
    return [(name, then, now) for name, (then, now) in pairs.items() if then != now]
