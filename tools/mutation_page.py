"""The scores of the mutated harness: docs/mutation.json, and the page that is made from it.

A survivor that nothing can tell from the original is no defect of the tests. Those are listed in
tools/equivalents.toml, each by the text of its line and with its reason, and do not count.
"""

from __future__ import annotations

import functools
import json
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

Scores = dict[str, dict[str, Any]]
# By module, text of the line and change: how many of them there are, and why nothing can tell the two apart.
Reasons = dict[tuple[str, str, str], tuple[int, str]]
_PAGE = """\
# Mutation of the harness

Each judge and the hall are changed in one small thing after the other: a comparison, a condition, a number, a verdict.
A test of the same room must fail then. `python -m tools.mutants` plays what has changed since and writes this page;
what is changed, and why by a tool of our own, is told in [decision 46](decisions/0046-mutants-of-decisions-alone.md).

{noticed} of {counted} mutants of {modules} modules were noticed: {share:.1f} %.
{equivalent} more, {equivalents:.1f} % of all {made}, are the original in other words. They do not count, and are named
below with the reason.

| module | mutants | equivalent | noticed | score |
| --- | --- | --- | --- | --- |
{rows}

## Survivors

{survivors}

## Equivalents

{reasons}
"""


def read(root: Path) -> Scores:
    """What was kept, by module; nothing where nothing was played yet."""
    try:
        return dict(json.loads((root / "docs" / "mutation.json").read_text(encoding="utf-8")))
    except FileNotFoundError:
        return {}


def reasons(root: Path) -> Reasons:
    """What tools/equivalents.toml says."""
    try:
        said = tomllib.loads((root / "tools" / "equivalents.toml").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    return {
        (each["file"], each["line"], each["mutant"]): (each.get("times", 1), each["why"])
        for each in said.get("equivalent", ())
    }


def told_apart(root: Path, score: Mapping[str, Any]) -> tuple[list[str], list[tuple[str, str]]]:
    """The survivors of a module that a test could notice, and those that none can, each with its reason.

    One line may hold several of the same words: no more of them are excused than were judged.
    """
    known, alive, same = reasons(root), list[str](), list[tuple[str, str]]()
    for each in score["survivors"]:
        spot = _spot(root, each)
        left, why = known.get(spot, (0, ""))
        known[spot] = (left - 1, why)
        if left > 0:
            same.append((each, why))
        else:
            alive.append(each)
    return alive, same


def _spot(root: Path, survivor: str) -> tuple[str, str, str]:
    file, line, change = survivor.split(":", 2)
    lines = _lines(root / file)
    return file, lines[int(line) - 1].strip() if int(line) <= len(lines) else "", change.strip()


@functools.cache
def _lines(file: Path) -> tuple[str, ...]:
    return tuple(file.read_text(encoding="utf-8").splitlines()) if file.is_file() else ()


def write(root: Path, scores: Scores) -> None:
    """Keep *scores*, in the order of their modules, and the page."""
    ordered = dict(sorted(scores.items()))
    (root / "docs" / "mutation.json").write_text(json.dumps(ordered, indent=1) + "\n", encoding="utf-8")
    (root / "docs" / "mutation.md").write_text(page(root, ordered), encoding="utf-8")


def page(root: Path, scores: Mapping[str, Mapping[str, Any]]) -> str:
    """The page of these scores."""
    apart = {name: told_apart(root, each) for name, each in scores.items()}
    made = sum(each["made"] for each in scores.values())
    alive = [each for survivors, _ in apart.values() for each in survivors]
    same = [each for _, whys in apart.values() for each in whys]
    return _PAGE.format(
        noticed=made - len(same) - len(alive),
        counted=made - len(same),
        made=made,
        modules=len(scores),
        share=share(root, scores.values()),
        equivalent=len(same),
        equivalents=100 * len(same) / made if made else 0.0,
        rows="\n".join(_row(root, name, score) for name, score in scores.items()),
        survivors="\n".join(f"* `{each}`" for each in alive) or "None.",
        reasons="\n".join(f"* `{each}`: {why}" for each, why in same) or "None.",
    )


def share(root: Path, scores: Iterable[Mapping[str, Any]]) -> float:
    """How many of a hundred mutants that can be noticed were; a hundred where there are none."""
    made = noticed = 0
    for each in scores:
        alive, same = told_apart(root, each)
        made += each["made"] - len(same)
        noticed += each["made"] - len(same) - len(alive)
    return 100 * noticed / made if made else 100.0


def _row(root: Path, name: str, score: Mapping[str, Any]) -> str:
    alive, same = told_apart(root, score)
    noticed = score["made"] - len(same) - len(alive)
    return f"| `{name}` | {score['made']} | {len(same)} | {noticed} | {share(root, [score]):.1f} % |"
