"""What leads to what, and where that is broken: a drawing for the eye, and the same in words for everybody."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from checks.report import story
from checks.report.page.drawing import Line, Place, drawing
from checks.report.page.markup import NOTHING, Inside, Markup, cut, element, joined
from checks.report.page.told import STORY, Page, link
from checks.report.story import Told

# The gravest first: a hop is as well as the worst of its checks.
_GRAVITY = (
    "fail",
    "unknown",
    "not_yet",
    "warning",
    "blocked",
    "unverified",
    "not_looked_at",
    "waived",
    "recovered",
    "pass",
)
_BROKEN = frozenset({"fail", "unknown", "not_yet"})
_MOST, _MOST_CHECKS = 120, 4
# From left to right, as a visitor's request travels; what is kept and who is told come last.
COLUMNS = ("Names", "Edge", "Ways in", "Work", "Kept and told")
_LAYERS: Mapping[str, int] = {
    "host": 0,
    "AWS::CloudFront::Distribution": 1,
    "origin": 2,
    "AWS::ApiGateway::RestApi": 2,
    "AWS::ApiGatewayV2::Api": 2,
    "AWS::Events::Rule": 2,
    "AWS::Scheduler::Schedule": 2,
    "AWS::CloudWatch::Alarm": 2,
    "AWS::CloudWatch::CompositeAlarm": 2,
    "AWS::Lambda::Function": 3,
    "AWS::StepFunctions::StateMachine": 3,
    "AWS::SNS::Topic": 3,
}
_LAST = len(COLUMNS) - 1
_CROWDS: Mapping[str, str] = {"AWS::CloudWatch::Alarm": "alarms", "AWS::CloudWatch::CompositeAlarm": "alarms"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Hop:
    """All hops between the same two ends: how many, the worst that became of them, and the checks that say so."""

    source: str
    goal: str
    kind: str
    many: int
    by: str
    state: str
    states: tuple[str, ...]
    checks: tuple[str, ...]


def section(page: Page) -> Markup:
    """The whole way in, nothing where no hop is known."""
    known = page.document.get("coverage")
    edges = [each for each in known["rows"] if each["kind"] == "edge"] if known else []
    if not edges:
        return NOTHING
    hops = gathered(edges, page)
    return element(
        "section",
        element("h2", "How it hangs together", id="topology"),
        _summary(hops),
        element(
            "div",
            drawing(_places(edges, hops), tuple(_line(each) for each in hops), COLUMNS),
            class_="map",
            role="region",
            aria_label="Drawing of the hops; the same is in the table below",
            tabindex=0,
        ),
        element("details", element("summary", f"Every hop ({len(hops)})"), _table(hops, page), class_="every"),
        aria_labelledby="topology",
    )


def gathered(edges: Sequence[Told], page: Page) -> list[Hop]:
    """Hops between the same ends taken together, the broken ones first."""
    results = {each["name"]: each for each in page.document["results"]}
    groups: dict[tuple[str, str, str], list[Told]] = {}
    for each in edges:
        groups.setdefault((_end(each, "source", edges), each["goal"], each["type"]), []).append(each)
    hops = [_hop(ends, rows, results) for ends, rows in groups.items()]
    return sorted(hops, key=lambda each: each.state not in _BROKEN)


def _end(edge: Told, side: str, edges: Sequence[Told]) -> str:
    """The name of an end; what comes in crowds is one end for each thing that it leads to."""
    crowd = _CROWDS.get(edge[f"{side}_type"])
    if crowd is None:
        return str(edge[side])
    many = sum(each["goal"] == edge["goal"] and each["source_type"] in _CROWDS for each in edges)
    return f"{many} {crowd} of {edge['goal'].rpartition('/')[2]}" if many > 1 else str(edge[side])


def _hop(ends: tuple[str, str, str], rows: Sequence[Told], results: Mapping[str, Told]) -> Hop:
    checks = dict.fromkeys(name for each in rows for name in each["checks"])
    graver = sorted(checks, key=lambda name: _GRAVITY.index(_state(results.get(name))))
    states = [_of_row(each, results) for each in rows]
    ill = [row for row, state in zip(rows, states, strict=True) if state in _BROKEN] or rows
    crowd = f"{len(rows)} × {ends[2].partition(' ')[0]} ({_tally(states)})"
    named = ", ".join(map(_between, ill)) if len(ill) <= _MOST_CHECKS else crowd
    return Hop(
        source=ends[0],
        goal=ends[1],
        kind=ends[2],
        many=len(rows),
        by=named,
        state=min(states, key=_GRAVITY.index),
        states=tuple(states),
        checks=tuple(graver),
    )


def _between(row: Told) -> str:
    """What tells a hop apart from others between the same ends, such as its path."""
    return str(row["name"]).removeprefix(row["source"]).removesuffix(f"→ {row['goal']}").strip()


def _of_row(row: Told, results: Mapping[str, Told]) -> str:
    seen = [_state(results[name]) for name in row["checks"] if name in results]
    if row["state"] != "verified":
        return str(row["state"])
    return min(seen, key=_GRAVITY.index) if seen else "not_looked_at"


def _state(result: Told | None) -> str:
    if result is None:
        return "not_looked_at"
    state = "waived" if result["waiver"] is not None else story.kind(result)
    return state if state in _GRAVITY else "unknown"


def _summary(hops: Sequence[Hop]) -> Markup:
    broken = [each for each in hops if each.state in _BROKEN]
    if not broken:
        every = [state for each in hops for state in each.states]
        return element("p", f"Hops: {_tally(every)}.", class_="hops")
    items = [
        element("li", element("b", each.state.replace("_", " "), class_=each.state), f" {_words(each)}")
        for each in broken[:_MOST_CHECKS]
    ]
    more = len(broken) - len(items)
    rest = element("li", f"and {more} more") if more > 0 else NOTHING
    return joined(element("p", "Broken here:", class_="hops"), element("ul", *items, rest))


def _words(hop: Hop) -> str:
    by = f" ({hop.by})" if hop.by else ""
    return cut(f"{hop.source} → {hop.goal}{by}", STORY.text)


def _tally(states: Sequence[str]) -> str:
    many = Counter(states)
    return ", ".join(f"{many[each]} {each.replace('_', ' ')}" for each in _GRAVITY if many[each])


def _places(edges: Sequence[Told], hops: Sequence[Hop]) -> tuple[Place, ...]:
    """Every end once, in the column of its type; a bucket that a path leads to is a way in."""
    origins = {each["goal"] for each in edges if each["type"] == "path → origin"}
    types = {_end(each, side, edges): each[f"{side}_type"] for each in edges for side in ("source", "goal")}
    worst: dict[str, str] = {}
    for hop in hops:
        if hop.state in _BROKEN:
            worst.setdefault(hop.goal, hop.state)
    return tuple(
        Place(
            name=name,
            words=_short(name),
            column=2 if name in origins else _LAYERS.get(kind, _LAST),
            kind=worst.get(name, ""),
        )
        for name, kind in types.items()
    )


def _short(name: str) -> str:
    """The end of a construct path: what people call it."""
    parts = [each for each in name.split("/") if each not in {"Resource", "Default", "Function", "Queue"}]
    return parts[-1] if len(parts) < 3 else "/".join(parts[-2:])  # noqa: PLR2004 - stack, purpose, thing


def _line(hop: Hop) -> Line:
    return Line(source=hop.source, goal=hop.goal, kind=hop.state, words=str(hop.many) if hop.many > 1 else "")


def _table(hops: Sequence[Hop], page: Page) -> Markup:
    heads = ("From", "To", "By", "State", "Seen by")
    head = element("tr", *(element("th", each, scope="col", role="columnheader") for each in heads), role="row")
    rows = [_row(each, page) for each in hops[:_MOST]]
    return joined(
        element(
            "table",
            element("thead", head, role="rowgroup"),
            element("tbody", *rows, role="rowgroup"),
            role="table",
            aria_labelledby="topology",
        ),
        element("p", f"{len(hops) - _MOST} more are in the run document.") if len(hops) > _MOST else NOTHING,
    )


def _row(hop: Hop, page: Page) -> Markup:
    known = hop.state if hop.state in _GRAVITY else "unknown"
    cells: tuple[tuple[str, Inside], ...] = (
        ("To", cut(hop.goal, STORY.text)),
        ("By", cut(hop.by, STORY.text)),
        ("State", element("b", hop.state.replace("_", " "), class_=known)),
        ("Seen by", _seen_by(hop, page)),
    )
    return element(
        "tr",
        element("th", cut(hop.source, STORY.text), scope="row", role="rowheader"),
        *(element("td", inside, role="cell", data_label=label) for label, inside in cells),
        role="row",
    )


def _seen_by(hop: Hop, page: Page) -> Inside:
    if not hop.checks:
        return "nothing"
    shown = [link(each, page) for each in hop.checks[:_MOST_CHECKS]]
    parts: list[Inside] = [part for each in shown for part in (each, ", ")][:-1]
    more = len(hop.checks) - len(shown)
    return joined(*parts, f" and {more} more" if more else "")
