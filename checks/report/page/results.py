"""Every result, a table for each family; the filter above them is shown by the script that makes it work."""

from __future__ import annotations

from collections import Counter

from checks.report import story
from checks.report.page.markup import NOTHING, Inside, Markup, cut, element, joined, single
from checks.report.page.told import Page, attempts, folded, link, mark, rows, waiver
from checks.report.story import Told

_COLUMNS = ("Check", "Status", "What was seen", "Seconds")


def section(page: Page) -> Markup:
    """All results of the document, in its own order."""
    families: dict[str, list[tuple[int, Told]]] = {}
    for at, each in enumerate(page.document["results"]):
        families.setdefault(each["family"], []).append((at, each))
    tables = [_family(number, name, told, page) for number, (name, told) in enumerate(families.items())]
    title = element("h2", f"All results ({len(page.document['results'])})", id="results")
    return element("section", title, _filter(page) if tables else NOTHING, *tables, aria_labelledby="results")


def _filter(page: Page) -> Markup:
    present = {story.kind(each) for each in page.document["results"]}
    kinds = [element("option", each.replace("_", " "), value=each) for each in story.KINDS if each in present]
    return element(
        "form",
        element("label", "Containing ", single("input", type="search", name="words", autocomplete="off")),
        element("label", "Status ", element("select", element("option", "any", value=""), *kinds, name="kind")),
        element("p", id="shown", role="status"),
        id="filter",
        role="search",
        aria_label="Results",
        hidden="",
    )


def _family(number: int, name: str, told: list[tuple[int, Told]], page: Page) -> Markup:
    where = f"family-{number}"
    counted = ", ".join(story.tally(Counter(story.kind(each) for _, each in told)))
    heads = [element("th", each, scope="col", role="columnheader") for each in _COLUMNS]
    head = element("thead", element("tr", *heads, role="row"), role="rowgroup")
    body = element("tbody", *(_row(at, each, page) for at, each in told), role="rowgroup")
    return element(
        "section",
        element("h3", name, " ", element("small", counted), id=where),
        # A phone shows each row as a block, which would cost the table its meaning without these roles.
        element("table", head, body, role="table", aria_labelledby=where),
        class_="family",
        aria_labelledby=where,
    )


def _row(at: int, result: Told, page: Page) -> Markup:
    kind = story.kind(result)
    return element(
        "tr",
        element("th", cut(result["name"], page.bounds.text), scope="row", role="rowheader"),
        element("td", mark(result), _aside(result), role="cell"),
        element("td", *_seen(result, page), role="cell"),
        element("td", f"{result['seconds']:.2f}", role="cell"),
        id=f"r{at}",
        data_kind=kind if kind in story.KINDS else "unknown",
        role="row",
    )


def _aside(result: Told) -> Inside:
    return element("small", " waived") if result["waiver"] is not None else NOTHING


def _seen(result: Told, page: Page) -> tuple[Inside, ...]:
    where, most = page.stories.get(result["name"]), page.bounds.text
    if where:
        return cut(result["actual"], most), " ", element("a", "told above", href=f"#{where}")
    more = rows(
        ("promise", cut(result["promise"], most)),
        ("expected", cut(result["expected"], most)),
        ("do", cut(result["remedy"], most)),
        ("behind", link(result["blocked_by"], page) if result["blocked_by"] else ""),
        ("own verdict", (result["own_verdict"] or "").replace("_", " ")),
        ("waived by", cut(waiver(result), most)),
        ("attempts", attempts(result, page.bounds)),
    )
    kept = joined(
        folded("evidence", result["evidence"], page.bounds.evidence),
        folded("trace of our own defect", result["harness_error"], page.bounds.evidence),
    )
    return (element("details", element("summary", cut(result["actual"], most) or "nothing"), more, kept),)
