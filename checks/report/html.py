"""One page that holds everything a run saw: opened by hand, mailed or kept, it asks nobody for anything."""

from __future__ import annotations

import base64
import hashlib
from importlib.resources import files as resources
from pathlib import Path

from checks.report import files, story
from checks.report.json import document as document_of
from checks.report.page import around, coverage, hops, results, roots
from checks.report.page.markup import NOTHING, Markup, element, single
from checks.report.page.told import lay_out
from checks.report.story import Document
from checks.run import Run

_SECTIONS = (
    ("void", "Why it proves nothing", around.void),
    ("act", "To act on", roots.section),
    ("topology", "How it hangs together", hops.section),
    ("waived", "Waived", around.waivers),
    ("notes", "Notes", around.notes),
    ("results", "All results", results.section),
    ("controls", "Controls", around.controls),
    ("slowest", "Slowest", around.timings),
    ("coverage", "Coverage", coverage.section),
    ("run", "This run", around.itself),
)


def as_html(document: Document) -> str:
    """The page of a run document of schema 1, as it was written or as it was read back."""
    page = lay_out(document)
    told = [(where, title, made) for where, title, make in _SECTIONS if (made := make(page)) != NOTHING]
    ways = [element("li", element("a", title, href=f"#{where}")) for where, title, _ in told]
    body = element(
        "body",
        element("a", "To the verdict's reasons", href="#main", class_="skip"),
        around.banner(document),
        element("nav", element("ul", *ways), aria_label="Sections"),
        element("main", *(made for _, _, made in told), id="main", tabindex="-1"),
        element("footer", element("p", f"{document['tool']}, run {document['run_id']}")),
        Markup(f"<script>{_source('script.js')}</script>"),
    )
    return f"<!doctype html>\n{element('html', _head(document), body, lang='en').html}\n"


def write(run: Run, path: Path) -> None:
    """Write the page whole or not at all."""
    files.put(as_html(document_of(run)), path)


def _head(document: Document) -> Markup:
    word, _ = story.meaning(document)
    return element(
        "head",
        single("meta", charset="utf-8"),
        single("meta", http_equiv="Content-Security-Policy", content=_policy()),
        single("meta", name="viewport", content="width=device-width, initial-scale=1"),
        single("meta", name="color-scheme", content="light dark"),
        single("meta", name="referrer", content="no-referrer"),
        single("meta", name="robots", content="noindex"),
        single("meta", name="format-detection", content="telephone=no"),
        element("title", f"{word.capitalize()}: {document['target']}"),
        Markup(f"<style>{_source('style.css')}</style>"),
    )


def _policy() -> str:
    """Nothing but our own two inline parts, each by its hash: whatever else got in would not run or be fetched."""
    script, style = (_hash(_source(name)) for name in ("script.js", "style.css"))
    return f"default-src 'none'; script-src '{script}'; style-src '{style}'; base-uri 'none'; form-action 'none'"


def _hash(source: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()


def _source(name: str) -> str:
    return (resources("checks.report.page") / name).read_text(encoding="utf-8")
