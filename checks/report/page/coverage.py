"""What the plan proves of the target: a line for each type, the open rows by name, and all of them behind a click."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from checks.coverage import STATES
from checks.report.page.markup import NOTHING, Inside, Markup, cut, element, joined
from checks.report.page.told import STORY, Page, link
from checks.report.story import Told

_MOST_OPEN, _MOST_ROWS = 200, 1500


def section(page: Page) -> Markup:
    """The shares, by type, and every row; nothing where the target was not read."""
    known = page.document.get("coverage")
    if not known or not known["rows"]:
        return NOTHING
    rows = known["rows"]
    shares = ", ".join(f"{100 * known[state] / len(rows):.1f} % {state}" for state in STATES)
    open_ = [each for each in rows if each["state"] != "verified"]
    return element(
        "section",
        element("h2", f"Coverage ({100 * known['verified'] / len(rows):.0f} % verified)", id="coverage"),
        element("p", f"{len(rows)} resources and hops: {shares}. Verified means a check beyond existence."),
        _by_type(rows),
        _listed(f"Not verified ({len(open_)})", open_[:_MOST_OPEN], page) if open_ else NOTHING,
        _listed(f"Every row ({len(rows)})", rows[:_MOST_ROWS], page),
        aria_labelledby="coverage",
    )


def _by_type(rows: Sequence[Told]) -> Markup:
    many: dict[tuple[str, str], Counter[str]] = {}
    for each in rows:
        many.setdefault((each["kind"], each["type"]), Counter())[each["state"]] += 1
    ordered = sorted(many.items(), key=lambda each: (-each[1]["unverified"], each[0]))
    lines = [
        element(
            "tr",
            element("th", cut(kind, STORY.text), scope="row", role="rowheader"),
            *(element("td", str(counts[state]), role="cell", data_label=state.capitalize()) for state in STATES),
            role="row",
        )
        for (_, kind), counts in ordered
    ]
    heads = ("Type of resource or hop", *(each.capitalize() for each in STATES))
    head = element("tr", *(element("th", each, scope="col", role="columnheader") for each in heads), role="row")
    return element(
        "table",
        element("thead", head, role="rowgroup"),
        element("tbody", *lines, role="rowgroup"),
        role="table",
        aria_labelledby="coverage",
    )


def _listed(title: str, rows: Sequence[Told], page: Page) -> Markup:
    items = [element("li", *_row(each, page)) for each in rows]
    return element("details", element("summary", title), element("ul", *items, class_="rows"))


def _row(row: Told, page: Page) -> tuple[Inside, ...]:
    state = row["state"] if row["state"] in STATES else "unverified"
    name = cut(f"{row['name']} ({row['type']})", STORY.text)
    first: Inside = link(row["checks"][0], page) if row["checks"] else ""
    more = len(row["checks"]) - 1
    by = joined(": ", first, f" and {more} more" if more > 0 else "") if row["checks"] else NOTHING
    why = f": {cut(row['why'], STORY.text)}" if row["why"] else ""
    return element("b", state, class_=state), f" {name}", by, why
