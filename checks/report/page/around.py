"""What stands around the results: the verdict, why a run proves nothing, decisions, controls, timings, the run."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from checks.nights.cost import in_words
from checks.report import story
from checks.report.page.markup import NOTHING, Inside, Markup, cut, element
from checks.report.page.told import STORY, Page, folded, link, moment, rows, waiver
from checks.report.story import Document, Told

_SLOWEST = 10
_MOST = 100


def banner(document: Document) -> Markup:
    """The verdict first, in words."""
    word, sentence = story.meaning(document)
    only = document["selection"]
    return element(
        "header",
        element("p", f"target {cut(document['target'], STORY.text)}, {moment(document['started'])}"),
        element("h1", element("span", word.capitalize(), class_=word), f": {sentence}"),
        element("p", ", ".join(story.tally(document["counts"])), class_="counts"),
        NOTHING if only is None else element("p", f"Not a whole run: only {cut(' '.join(only), STORY.text)}"),
    )


def void(page: Page) -> Markup:
    """Why this run proves nothing."""
    return _listed("Why this run proves nothing", "void", page.document["void"])


def notes(page: Page) -> Markup:
    """What somebody should know who reads this."""
    return _listed("Notes", "notes", page.document["notes"])


def waivers(page: Page) -> Markup:
    """What somebody decided to live without."""
    waived = [each for each in page.document["results"] if each["waiver"] is not None and each["blocked_by"] is None]
    lines = [(link(each["name"], page), cut(waiver(each), STORY.text)) for each in waived[:_MOST]]
    return _table(f"Waived ({len(waived)})", "waived", ("Check", "By whom, until when, why"), lines)


def controls(page: Page) -> Markup:
    """The proofs of the instruments."""
    told: Sequence[Told] = page.document["controls"]
    held = sum(each["status"] == "held" for each in told)
    lines = [
        (
            cut(each["name"], STORY.text),
            element("b", each["status"], class_={"held": "pass", "wrong": "fail"}.get(each["status"], "unknown")),
            str(each["known"]),
            cut(each["expected"], STORY.text),
            cut(each["actual"], STORY.text),
        )
        for each in told
    ]
    columns = ("Control", "Status", "Known", "Expected", "Actual")
    return _table(f"Controls ({held} of {len(told)} held)", "controls", columns, lines)


def timings(page: Page) -> Markup:
    """The slowest results, as plain bars."""
    slow = sorted(page.document["results"], key=lambda each: -each["seconds"])[:_SLOWEST]
    longest = max((each["seconds"] for each in slow), default=0) or 1
    lines = [
        (link(each["name"], page), f"{each['seconds']:.2f}", _bar(round(100 * each["seconds"] / longest)))
        for each in slow
    ]
    return _table("Slowest", "slowest", ("Check", "Seconds", "Compared"), lines)


def itself(page: Page) -> Markup:
    """What was run, where it stood, and by which plan."""
    told, plan = page.document, page.document["plan"]
    facts = {
        "run": told["run_id"],
        "target": told["target"],
        "account": told["account"],
        "regions": ", ".join(told["regions"]),
        "release": told["release"] or "not named",
        "plan": f"{plan['digest']} ({plan['source']})",
        "selection": "everything planned" if told["selection"] is None else " ".join(told["selection"]),
        "door": told["door"],
        "tool": told["tool"],
        "started": moment(told["started"]),
        "finished": moment(told["finished"]),
        "took": f"{_seconds(told):.1f} s, of which up to {told['wait_s']:g} s to let things settle",
        "AWS calls": str(told["aws_calls"]),
        "cost": in_words(told["cost"]) or "not known here",
        "strict": "warnings count as critical" if told["strict"] else "warnings change no verdict",
        "exit code": str(told["exit_code"]),
    }
    absent = folded(f"not from here ({len(told['not_from_here'])})", told["not_from_here"], STORY.evidence)
    shown = rows(
        *((label, cut(text, STORY.text)) for label, text in facts.items()),
        ("vantage", "everything planned can be seen from here" if absent == NOTHING else absent),
    )
    title = element("h2", "This run", id="run")
    return element("section", title, shown, folded("cost", told["cost"], STORY.evidence), aria_labelledby="run")


def _seconds(document: Document) -> float:
    started, finished = (datetime.fromisoformat(document[key]) for key in ("started", "finished"))
    return (finished - started).total_seconds()


def _listed(title: str, where: str, lines: Sequence[str]) -> Markup:
    if not lines:
        return NOTHING
    items = [element("li", cut(each, STORY.text)) for each in lines[:_MOST]]
    if len(lines) > _MOST:
        items.append(element("li", f"and {len(lines) - _MOST} more in the run document"))
    return element("section", element("h2", title, id=where), element("ul", *items), aria_labelledby=where)


def _table(title: str, where: str, columns: Sequence[str], lines: Sequence[Sequence[Inside]]) -> Markup:
    if not lines:
        return NOTHING
    head = element("tr", *(element("th", each, scope="col", role="columnheader") for each in columns), role="row")
    body = [
        element(
            "tr",
            element("th", line[0], scope="row", role="rowheader"),
            # A phone shows no heads of columns, and puts these before what they belong to.
            *(
                element("td", each, role="cell", data_label=label)
                for label, each in zip(columns[1:], line[1:], strict=True)
            ),
            role="row",
        )
        for line in lines
    ]
    table = element(
        "table",
        element("thead", head, role="rowgroup"),
        element("tbody", *body, role="rowgroup"),
        role="table",
        aria_labelledby=where,
    )
    return element("section", element("h2", title, id=where), table, aria_labelledby=where)


def _bar(percent: int) -> Markup:
    # An attribute of style is what the page's own policy forbids; a drawing has a width of its own.
    bar = element("rect", width=percent, height=8)
    return element("svg", bar, viewBox="0 0 100 8", preserveAspectRatio="none", aria_hidden="true")
