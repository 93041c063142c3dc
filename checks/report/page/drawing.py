"""A drawing of places in columns and lines between them, in SVG that a strict policy allows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from checks.report.page.markup import NOTHING, Markup, element

_WIDE, _HIGH, _GAP_X, _GAP_Y, _TOP = 190, 30, 60, 12, 34
# Characters that fit a place's width in its letters.
_FITS = 26


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A box in *column*. *words* are written in it, *kind* is what is wrong with it; empty for nothing."""

    name: str
    words: str
    column: int
    kind: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line from one place to another, drawn as its *kind* is; *words* stand beside it."""

    source: str
    goal: str
    kind: str
    words: str = ""


def drawing(places: Sequence[Place], lines: Sequence[Line], columns: Sequence[str]) -> Markup:
    """The places from left to right, the broken lines above all others. For eyes alone: it says nothing aloud."""
    at = _laid_out(places)
    rows = max((sum(each.column == column for each in places) for column in range(len(columns))), default=0)
    width = len(columns) * (_WIDE + _GAP_X) - _GAP_X
    height = _TOP + rows * (_HIGH + _GAP_Y)
    heads = [
        element("text", title, x=column * (_WIDE + _GAP_X), y=18, class_="column")
        for column, title in enumerate(columns)
    ]
    well, ill = ([each for each in lines if (each.kind in _ILL) == wrong] for wrong in (False, True))
    drawn = [_drawn(each, at) for each in (*well, *ill)]
    boxes = [_box(each, *at[each.name]) for each in places]
    return element(
        "svg", *heads, *drawn, *boxes, viewBox=f"0 0 {width} {height}", aria_hidden="true", class_="topology"
    )


_ILL = frozenset({"fail", "unknown", "not_yet"})


def _laid_out(places: Sequence[Place]) -> Mapping[str, tuple[int, int]]:
    filled: dict[int, int] = {}
    at = {}
    for each in places:
        row = filled.get(each.column, 0)
        filled[each.column] = row + 1
        at[each.name] = (each.column * (_WIDE + _GAP_X), _TOP + row * (_HIGH + _GAP_Y))
    return at


def _box(place: Place, x: int, y: int) -> Markup:
    words = place.words if len(place.words) <= _FITS else f"…{place.words[1 - _FITS :]}"
    return element(
        "g",
        element("rect", x=x, y=y, width=_WIDE, height=_HIGH, rx=4),
        element("text", words, x=x + 8, y=y + 20),
        class_=f"place {place.kind}".strip(),
    )


def _drawn(line: Line, at: Mapping[str, tuple[int, int]]) -> Markup:
    (x1, y1), (x2, y2) = at[line.source], at[line.goal]
    forward = x2 > x1
    start, end = (x1 + _WIDE, x2) if forward else (x1 + _WIDE, x2 + _WIDE)
    bend = _GAP_X // 2
    high, low = y1 + _HIGH // 2, y2 + _HIGH // 2
    path = f"M{start} {high} C{start + bend} {high} {end - bend if forward else end + bend} {low} {end} {low}"
    middle = ((start + end) // 2, (high + low) // 2)
    cross = _cross(*middle) if line.kind in _ILL else NOTHING
    words = element("text", line.words, x=middle[0], y=middle[1] - 4, class_="many") if line.words else NOTHING
    return element("g", element("path", d=path), cross, words, class_=f"hop {line.kind}")


def _cross(x: int, y: int) -> Markup:
    """What marks a broken line for those who do not see its colour."""
    path = f"M{x - 6} {y - 6} L{x + 6} {y + 6} M{x + 6} {y - 6} L{x - 6} {y + 6}"
    return element("path", d=path, class_="cross")
