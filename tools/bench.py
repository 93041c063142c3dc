"""`make bench`: what each part costs beside what it stands on, and the page that says so.

Machines differ and are busy, so a goal is a ratio of two things measured in turns in the same run. Each module has a
`SECTION`, which is its heading on the page, and `measure()`, its rows. Exit code 1 when a goal is missed. With
`BENCH=short` in the environment less is measured, and only shown: it proves that the benchmark works, and nothing else.
"""

from __future__ import annotations

import importlib
import os
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from tools.bench_plot import as_svg

# First the one that needs a program of Debian's, so that its absence is said at once.
MODULES: tuple[str, ...] = (
    "tools.bench_looks",
    "tools.bench_api",
    "tools.bench_verify",
    "tools.bench_canary",
)
PAGE = Path(__file__).parent.parent / "docs" / "performance.md"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One thing measured: `figure` as it is read, and where there is a goal, `ratio` and the most it may be.

    With `least` the goal is the least that it may be.
    """

    name: str
    figure: str
    ratio: float | None = None
    goal: float | None = None
    least: bool = False

    @property
    def missed(self) -> bool:
        """Whether it is on the wrong side of its goal."""
        if self.ratio is None or self.goal is None:
            return False
        return self.ratio < self.goal if self.least else self.ratio > self.goal


def main(argv: Sequence[str] | None = None) -> int:
    """Measure every module, or those whose names are given, print the tables and put them into the page."""
    chosen = tuple(sys.argv[1:] if argv is None else argv) or MODULES
    short = os.environ.get("BENCH") == "short"
    missed: list[str] = []
    for name in chosen:
        module = importlib.import_module(name)
        rows: Sequence[Row] = tuple(module.measure())
        written = table(rows)
        sys.stdout.write(f"{module.SECTION}\n\n{written}\n")
        if not short:
            keep(module.SECTION, rows, written)
        missed += [f"{row.name}: {row.ratio:.2f}, goal {row.goal}" for row in rows if row.missed]
    for sentence in missed:
        sys.stderr.write(f"missed: {sentence}\n")
    return 1 if missed and not short else 0


def keep(section: str, rows: Sequence[Row], written: str) -> None:
    """Put the table and its picture into the page."""
    name = f"bench-{re.sub('[^a-z]+', '-', section.lower()).strip('-')}.svg"
    picture = PAGE.parent / "images" / name
    picture.parent.mkdir(exist_ok=True)
    picture.write_text(as_svg(section, rows), encoding="utf-8")
    shown = f"{written}\n![{section}: each figure as a share of its goal](images/{name})\n"
    PAGE.write_text(placed(PAGE.read_text("utf-8"), section, shown), encoding="utf-8")


def table(rows: Sequence[Row]) -> str:
    """The rows in Markdown."""
    lines = ["| what | measured | ratio | goal |", "| --- | --- | --- | --- |"]
    for row in rows:
        ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
        side = "≥" if row.least else "≤"
        goal = "" if row.goal is None else f"{side} {row.goal:g}{', missed' if row.missed else ''}"
        lines.append(f"| {row.name} | {row.figure} | {ratio} | {goal} |".replace("  ", " "))
    return "\n".join(lines) + "\n"


def placed(page: str, section: str, written: str) -> str:
    """The page with this table under its heading, in the place of the one before; at the end if there was none."""
    begin, end = f"<!-- {section} -->", f"<!-- end of {section} -->"
    block = f"{begin}\n{written}{end}"
    old = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    return old.sub(lambda _: block, page) if old.search(page) else f"{page.rstrip()}\n\n## {section}\n\n{block}\n"


if __name__ == "__main__":
    sys.exit(main())
