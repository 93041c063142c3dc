"""How one result, whichever section it stands in, is put into words: its status, its rows, what was seen."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from checks.report import story
from checks.report.page.markup import NOTHING, Inside, Markup, cut, element, joined, preformatted
from checks.report.story import Document, Told

# Beyond these a page is no longer one that a phone opens at once.
_MOST_STORIES = 30
_ROOM_FOR_TEXT, _ROOM_FOR_EVIDENCE, _LEAST_TEXT = 60_000, 150_000, 100
_TIME = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.\d+)?Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How many characters of each text, and of the evidence, a result is told with."""

    text: int
    evidence: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A document, with the places in the page at which its results are told.

    *stories* and *rows* map the names of results to the ids of elements; *bounds* are those of a row.
    """

    document: Document
    roots: Sequence[Told]
    stories: Mapping[str, str]
    rows: Mapping[str, str]
    bounds: Bounds


STORY = Bounds(text=800, evidence=3000)


def lay_out(document: Document) -> Page:
    """Decide what is told where: the gravest roots in a story of their own, each result in one row."""
    results, roots = document["results"], story.roots(document)
    stories = {each["name"]: f"root-{at}" for at, each in enumerate(roots[:_MOST_STORIES])}
    return Page(
        document=document,
        roots=roots,
        stories=stories,
        rows={each["name"]: f"r{at}" for at, each in enumerate(results)},
        bounds=_bounds(len(results), len(stories)),
    )


def mark(result: Told) -> Markup:
    """The status as a word. Its class is one of ours whatever the document says."""
    kind = story.kind(result)
    return element("b", kind.replace("_", " "), class_=kind if kind in story.KINDS else "unknown")


def link(name: str, page: Page) -> Inside:
    """A way to where the result called *name* is told; its bare name when the document has none."""
    where = page.stories.get(name) or page.rows.get(name)
    return element("a", cut(name, STORY.text), href=f"#{where}") if where else cut(name, STORY.text)


def rows(*pairs: tuple[str, Inside]) -> Markup:
    """A list of labels with what belongs to each; a label with nothing is left out."""
    told = [(label, inside) for label, inside in pairs if inside not in {"", NOTHING}]
    return element("dl", *(joined(element("dt", label), element("dd", inside)) for label, inside in told))


def attempts(result: Told, bounds: Bounds) -> Markup:
    """Each look, when there was more than one."""
    log = result["attempts_log"]
    if len(log) <= 1:
        return NOTHING
    looks = [f"{each['status'].replace('_', ' ')} after {each['seconds']:.2f} s: {each['actual']}" for each in log]
    return element("ol", *(element("li", cut(each, bounds.text)) for each in looks))


def settling(result: Told) -> str:
    """What was waited for, how long, and how long it may take."""
    told = result.get("settling")
    if told is None:
        return ""
    limit = f", which may take {told['within_s']:g} s" if told["within_s"] is not None else ""
    return f"for {told['waited_s']:g} s{limit}" + (f" ({told['signal']})" if told["signal"] else "")


def waiver(result: Told) -> str:
    """Who lives without it, until when and why."""
    told = result["waiver"]
    return "" if told is None else f"{told['owner']}, until {told['expires'][:10]}: {told['reason']}"


def folded(title: str, value: Any, most: int) -> Markup:  # noqa: ANN401 - any JSON value
    """A value as JSON behind a click; nothing for nothing. The longer part of a large one is left to the document."""
    if value in (None, {}, []):
        return NOTHING
    text = value if isinstance(value, str) else _pretty(value)
    return element("details", element("summary", title), preformatted(cut(text, most)))


def moment(text: str) -> str:
    """A time of the document as a person reads it."""
    found = _TIME.fullmatch(text)
    return f"{found[1]} {found[2]} UTC" if found else text


def _bounds(many: int, stories: int) -> Bounds:
    """What is left for each of *many* rows when the stories have taken theirs."""
    text = (_ROOM_FOR_TEXT - stories * STORY.text) // max(many, 1)
    evidence = (_ROOM_FOR_EVIDENCE - stories * STORY.evidence) // max(many, 1)
    return Bounds(text=min(STORY.text, max(_LEAST_TEXT, text)), evidence=min(STORY.evidence, evidence))


def _pretty(value: Any) -> str:  # noqa: ANN401 - any JSON value
    # One line for each part: what is seen at one look is compared by eye, and brackets on lines of their own hide it.
    if not isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False, indent=1)
    parts = [f" {json.dumps(key, ensure_ascii=False)}: {_part(part)}" for key, part in value.items()]
    return "{\n" + ",\n".join(parts) + "\n}"


def _part(value: Any) -> str:  # noqa: ANN401 - any JSON value
    flat = json.dumps(value, ensure_ascii=False)
    fits = len(flat) <= 100 or isinstance(value, str)  # noqa: PLR2004 - a line
    return flat if fits else json.dumps(value, ensure_ascii=False, indent=1).replace("\n", "\n ")
