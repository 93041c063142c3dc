"""Reads every report of a run back, as the machines that are given them do."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

from checks.report import github, html, junit, text
from checks.report import json as as_json
from checks.run import Run

_OURS = re.compile(r"::(error|warning|notice) title=[^:,]+::")
_LINK = frozenset({"href", "src", "action", "srcset", "data"})


class _Page(HTMLParser):
    """Collects what a browser would run or fetch."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.scripts = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Every element that is really one."""
        self.scripts += tag == "script"
        for name, value in attrs:
            if name.startswith("on") or (name in _LINK and not (value or "").startswith(("#", "data:"))):
                self.found.append(f"<{tag} {name}={value!r}>")
        if tag in {"img", "iframe", "object", "embed"}:
            self.found.append(f"<{tag}>")


def flaws(run: Run) -> str:
    """What is wrong with the reports of *run*; empty when each is read back whole and says nothing it must not."""
    return "; ".join(_flaws(run))


def _flaws(run: Run) -> Iterator[str]:
    document = as_json.document(run)
    if len(json.loads(json.dumps(document))["results"]) != len(run.results):
        yield "JSON lost results"
    cases = ET.fromstring(junit.as_junit(run)).iter("testcase")  # noqa: S314 - our own report, read as CI reads it
    if sum(1 for _ in cases) < len(run.results):
        yield "JUnit lost results"
    page = _Page()
    page.feed(html.as_html(document))
    yield from (f"HTML runs or fetches {each}" for each in page.found)
    told = text.as_text(run, colour=False)
    if re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x9b]", told):
        yield "text carries control characters"
    # A workflow command is a line that begins with two colons: none begins with words of another.
    if not all(map(_OURS.match, github.as_annotations(document).splitlines())):
        yield "annotations obey a stranger"


def secrets(run: Run) -> str:
    """What of the tokens that were sent is told in the reports of *run*."""
    told = json.dumps(as_json.document(run)) + html.as_html(as_json.document(run)) + text.as_text(run, colour=False)
    found = re.search(r"eyJ[\w-]{8,}\.[\w-]{8,}", told)
    return f"a token is told: {found[0][:20]}…" if found else ""
