"""The scores of the mutated harness: docs/mutation.json, and the page that is made from it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

Scores = dict[str, dict[str, Any]]
_PAGE = """\
# Mutation of the harness

Each judge and the hall are changed in one small thing after the other: a comparison, a condition, a number, a verdict.
A test of the same room must fail then. `python -m tools.mutants` plays what has changed since and writes this page;
what is changed, and why by a tool of our own, is told in [decision 46](decisions/0046-mutants-of-decisions-alone.md).

{noticed} of {made} mutants of {modules} modules were noticed: {share:.1f} %.

| module | mutants | noticed | score |
| --- | --- | --- | --- |
{rows}

## Survivors

{survivors}
"""


def read(root: Path) -> Scores:
    """What was kept, by module; nothing where nothing was played yet."""
    try:
        return dict(json.loads((root / "docs" / "mutation.json").read_text(encoding="utf-8")))
    except FileNotFoundError:
        return {}


def write(root: Path, scores: Scores) -> None:
    """Keep *scores*, in the order of their modules, and the page."""
    ordered = dict(sorted(scores.items()))
    (root / "docs" / "mutation.json").write_text(json.dumps(ordered, indent=1) + "\n", encoding="utf-8")
    (root / "docs" / "mutation.md").write_text(page(ordered), encoding="utf-8")


def page(scores: Mapping[str, Mapping[str, Any]]) -> str:
    """The page of these scores."""
    made = sum(each["made"] for each in scores.values())
    survivors = [f"* `{each}`" for score in scores.values() for each in score["survivors"]]
    return _PAGE.format(
        noticed=made - len(survivors),
        made=made,
        modules=len(scores),
        share=share(scores.values()),
        rows="\n".join(_row(name, score) for name, score in scores.items()),
        survivors="\n".join(survivors) or "None.",
    )


def share(scores: Iterable[Mapping[str, Any]]) -> float:
    """How many of a hundred mutants were noticed; a hundred where there are none."""
    each = list(scores)
    made, alive = sum(one["made"] for one in each), sum(len(one["survivors"]) for one in each)
    return 100 * (made - alive) / made if made else 100.0


def _row(name: str, score: Mapping[str, Any]) -> str:
    noticed = score["made"] - len(score["survivors"])
    return f"| `{name}` | {score['made']} | {noticed} | {share([score]):.1f} % |"
