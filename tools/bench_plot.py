"""A section of the benchmark as a picture: how much of what it may be each figure is.

SVG of its own, so that the page needs no library and no request; readable on light and dark ground alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from tools.bench import Row

NAMESPACE = "http://www.w3.org/2000/svg"
WIDTH, LEFT, RIGHT, LINE, TOP = 860, 460, 70, 24, 34
# A figure three times beyond its goal is told by its number, not by a longer bar.
MOST = 1.5
KEPT, MISSED, INK, MUTED = "#1a7f5a", "#c4442b", "#59636e", "#8b949e"


def share(row: Row) -> float | None:
    """How much of its goal *row* is: 1 is exactly the goal, less is better. None without a goal that has a size."""
    if row.ratio is None or not row.goal:
        return None
    return row.goal / row.ratio if row.least else row.ratio / row.goal


def as_svg(title: str, rows: Sequence[Row]) -> str:
    """The rows that have a goal as bars, in their order; a line where the goal is."""
    shown = [(row, part) for row in rows if (part := share(row)) is not None]
    height = TOP + LINE * len(shown) + 8
    goal = LEFT + _length(1.0)
    lines = [
        f'<svg xmlns="{NAMESPACE}" viewBox="0 0 {WIDTH} {height}" role="img" font-family="sans-serif" font-size="12">',
        f"<title>{escape(title)}: each figure as a share of what it may be</title>",
        f"<desc>{escape(told(rows))}</desc>",
        f'<text x="{goal}" y="14" fill="{INK}" text-anchor="middle">goal</text>',
        *(_bar(row, part, TOP + LINE * number) for number, (row, part) in enumerate(shown)),
        f'<line x1="{goal}" x2="{goal}" y1="20" y2="{height - 6}" stroke="{MUTED}" stroke-dasharray="3 3"/>',
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def told(rows: Sequence[Row]) -> str:
    """The same in words, for who does not see it."""
    parts = [(row.name, part) for row in rows if (part := share(row)) is not None]
    return "; ".join(f"{name}: {100 * part:.0f} % of the goal" for name, part in parts)


def _bar(row: Row, part: float, top: int) -> str:
    colour = MISSED if row.missed else KEPT
    length = _length(min(part, MOST))
    return (
        f'<text x="{LEFT - 10}" y="{top + 13}" fill="{INK}" text-anchor="end">{escape(_short(row.name))}</text>'
        f'<rect x="{LEFT}" y="{top + 2}" width="{length}" height="15" rx="2" fill="{colour}"/>'
        f'<text x="{LEFT + length + 6}" y="{top + 13}" fill="{INK}">{100 * part:.0f} %</text>'
    )


def _length(part: float) -> int:
    return round(part * (WIDTH - LEFT - RIGHT) / MOST)


def _short(name: str) -> str:
    plain = name.replace("`", "")
    return plain if len(plain) <= 72 else f"{plain[:71]}…"  # noqa: PLR2004 - what fits beside the bars
