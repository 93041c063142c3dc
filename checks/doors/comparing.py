"""``diff``: what changed between two runs."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from checks.doors.options import Commands, command

if TYPE_CHECKING:
    from checks.comparison import Change, Comparison

_BROKEN, _VOID = 1, 3


def add(commands: Commands) -> None:
    """Teach the command line the words."""
    parser = command(
        commands,
        "diff",
        "what changed from one run document to another; exits with 1 when something that held does not any more",
        "diff yesterday.json today.json",
        "diff before.json after.json --json difference.json",
    )
    parser.add_argument("before", type=Path, metavar="A.json")
    parser.add_argument("after", type=Path, metavar="B.json")
    parser.add_argument("--json", type=Path, metavar="F", help="write the differences there")


def tell(asked: argparse.Namespace, out: TextIO, err: TextIO) -> int:
    """Print the differences. Raises PlanError for what is no run document."""
    import json

    from checks.comparison import compare
    from checks.plan import PlanError
    from checks.report import files

    documents = [document_at(each) for each in (asked.before, asked.after)]
    try:
        found = compare(*documents)
    except (KeyError, TypeError, AttributeError) as error:
        raise PlanError(
            f"{asked.before}, {asked.after}: not two run documents ({type(error).__name__}: {error})"
        ) from error
    if asked.json:
        try:
            files.put(json.dumps(_plain(found), indent=1) + "\n", asked.json)
        except OSError as error:
            err.write(f"checks: {asked.json} could not be written ({error}); name a place that can be\n")
            return _VOID
    out.write(as_text(found))
    return _BROKEN if found.worse else 0


def document_at(path: Path) -> dict[str, Any]:
    """The run document at *path*. Raises PlanError when it cannot be read, or is of another schema."""
    import json

    from checks.plan import PlanError

    try:
        read = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise PlanError(f"{path}: cannot be read as a run document ({error})") from error
    if not isinstance(read, dict) or read.get("schema") != 1:
        found = read.get("schema") if isinstance(read, dict) else type(read).__name__
        raise PlanError(f"{path}: expected a run document of schema 1, found {found!r}")
    return read


def as_text(found: Comparison) -> str:
    """What got worse first, then what got better, what is otherwise broken, and what else differs."""
    from checks.report.text import plain

    lines = []
    for title, changes in (("worse", found.worse), ("better", found.better), ("otherwise", found.other)):
        lines += [f"{title} ({len(changes)})", *(_line(each) for each in changes), ""] if changes else []
    lines += [f"{name}: {then or 'none'} → {now or 'none'}" for name, then, now in found.facts]
    lines += [f"slower: {name}, {then:.2f} s → {now:.2f} s" for name, then, now in found.slower]
    return "".join(f"{plain(each)}\n" for each in lines or ["nothing changed"])


def _line(change: Change) -> str:
    before, after = change.before or "not planned", change.after or "not planned"
    told = "" if change.after == "pass" else f": {change.actual}"
    return f"  {before} → {after}  {change.name} ({change.severity}){told}"


def _plain(found: Comparison) -> dict[str, Any]:
    from dataclasses import asdict

    return asdict(found) | {key: [each.name for each in getattr(found, key)] for key in ("worse", "better", "other")}
