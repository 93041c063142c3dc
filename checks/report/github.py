"""For CI: a summary that stands on the run's own page, and annotations. A stranger's words are never commands there."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path

from checks.report import story
from checks.report.json import document as document_of
from checks.report.story import Document, Told
from checks.report.text import plain
from checks.run import Run

# A cell is for reading; the other reports hold the rest. GitHub keeps 1 MiB of summary, and shows ten of each level.
_LONGEST, _MOST_ROWS, _MOST_OF_A_LEVEL = 300, 50, 10
_LEVELS = ("error", "warning", "notice")


def as_summary(document: Document) -> str:
    """The verdict, why a run is void, the counts, a table of the roots, and what else changes no verdict.

    Headings are Markdown and hold no word of the document. All the rest is HTML without an empty line, in which
    Markdown has no say: a table cell cannot end early, and nothing becomes a link, an image or a mention.
    """
    word, sentence = story.meaning(document)
    roots = story.roots(document)
    where = f"target {_code(document['target'])}, plan {_code(document['plan']['digest'][:12])}"
    released = f", release {_code(document['release'])}" if document["release"] else ""
    only = document["selection"]
    selected = "" if only is None else f", only {_code(' '.join(only))}"
    parts = [
        f"## {word.capitalize()}: {sentence}",
        f"<p>{where}{released}{selected}</p>",
        f"<p>{', '.join(map(_safe, story.tally(document['counts'])))}</p>",
        _list("Why it proves nothing", document["void"]),
        _table(roots, document),
        _list("What else there is to know", _remarks(document)),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def append(run: Run, path: Path) -> None:
    """Add the summary to what other steps wrote to *path*. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as summary:
        summary.write("\n" + as_summary(document_of(run)))


def as_annotations(document: Document) -> str:
    """One workflow command for each reason to be void, each root, waived root and unseen control; a line each."""
    told = [("error", "VOID", _line(reason)) for reason in document["void"]]
    told += [_of_root(root, document) for root in story.roots(document)]
    told += [("notice", "note", _line(remark)) for remark in _remarks(document)]
    shown = [each for level in _LEVELS for each in _first(level, told)]
    return "".join(f"::{level} title={_property(title)}::{_data(text)}\n" for level, title, text in shown)


def quoted(report: str, *, token: str) -> str:
    """The report, between two commands that let nothing in it be taken for a command.

    *token* ends the quotation, so nobody may have known it before the run ended.
    """
    return f"::stop-commands::{token}\n{report}::{token}::\n"


def _of_root(root: Told, document: Document) -> tuple[str, str, str]:
    level = "error" if story.weighs(root, document) else "warning"
    behind = story.behind(document, root)
    explains = f"\nexplains: {len(behind)} blocked" if behind else ""
    expected, actual, remedy = (_line(root[key]) for key in ("expected", "actual", "remedy"))
    title = f"{story.kind(root).replace('_', ' ').upper()} {_line(root['name'])}"
    return level, title, f"expected: {expected}\nactual: {actual}\ndo: {remedy}{explains}"


def _first(level: str, told: Sequence[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
    """As many of one level as GitHub shows; the last place says how many it does not."""
    those = [each for each in told if each[0] == level]
    if len(those) <= _MOST_OF_A_LEVEL:
        return those
    shown = those[: _MOST_OF_A_LEVEL - 1]
    return [*shown, (level, f"{len(those) - len(shown)} more", "The summary and the report hold the rest.")]


def _remarks(document: Document) -> list[str]:
    """What changes no verdict by itself and that somebody should know all the same."""
    remarks = list(document["notes"])
    for each in document["results"]:
        waiver = each["waiver"]
        if waiver is not None and each["blocked_by"] is None:
            told = f"{each['name']} by {waiver['owner']}, until {waiver['expires'][:10]}: {waiver['reason']}"
            remarks.append(f"waived: {told}")
        if each["recovered"]:
            remarks.append(f"recovered: {each['name']} after {each['attempts']} attempts")
    remarks += [
        f"unseen: {each['name']}: {each['actual']}" for each in document["controls"] if each["status"] == "unseen"
    ]
    return remarks


def _table(roots: Sequence[Told], document: Document) -> str:
    if not roots:
        return ""
    heads = "".join(f"<th>{each}</th>" for each in ("Status", "Check", "Expected", "Actual", "Do", "Explains"))
    rows = [_row(each, document) for each in roots[:_MOST_ROWS]]
    more = len(roots) - len(rows)
    rest = f"\n\n<p>{more} more are in the report.</p>" if more else ""
    return "\n".join(("<table>", f"<tr>{heads}</tr>", *rows, "</table>")) + rest


def _row(root: Told, document: Document) -> str:
    behind = len(story.behind(document, root))
    cells = [
        f"<b>{_safe(story.kind(root).replace('_', ' '))}</b>",
        *(_code(root[key]) for key in ("name", "expected", "actual", "remedy")),
        f"{behind} blocked" if behind else "",
    ]
    return f"<tr>{''.join(f'<td>{each}</td>' for each in cells)}</tr>"


def _list(title: str, lines: Sequence[str]) -> str:
    if not lines:
        return ""
    items = [f"<li>{_code(each)}</li>" for each in lines[:_MOST_ROWS]]
    if len(lines) > _MOST_ROWS:
        items.append(f"<li>and {len(lines) - _MOST_ROWS} more</li>")
    return f"### {title}\n\n" + "\n".join(("<ul>", *items, "</ul>"))


def _code(text: str) -> str:
    # GitHub turns @names, #numbers, :emoji: and addresses of ordinary text into something else, and leaves code alone.
    return f"<code>{_safe(text)}</code>" if text else ""


def _safe(text: str) -> str:
    return escape(_line(text))


def _line(text: str) -> str:
    """One line of it, without what a log or a terminal would obey."""
    return plain(text if len(text) <= _LONGEST else f"{text[:_LONGEST]} …")


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
