"""The kill matrix as one HTML page that asks nobody for anything."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from typing import Any

from checks.report.page.markup import Markup, element, joined, single

_STYLE = """
body{font:15px/1.45 system-ui,sans-serif;max-width:78rem;margin:2rem auto;padding:0 1rem;color:#1b1b1b;background:#fff}
table{border-collapse:collapse;width:100%;margin:1rem 0}
th,td{border:1px solid #c8c8c8;padding:.3rem .5rem;text-align:left;
vertical-align:top;overflow-wrap:anywhere}th{background:#f1f1f1}.no{background:#fde8e8}.unfit{color:#595959}
@media(prefers-color-scheme:dark){body{color:#eee;background:#161616}th{background:#2a2a2a}.no{background:#4a1d1d}
.unfit{color:#b0b0b0}td,th{border-color:#555}}
"""
_RATES = ("rate", "seen", "share", "95 % sure")
_ROWS = ("id", "kind", "fidelity", "what is changed", "who must notice", "outcome")
_ABSENT = ("id", "what is changed", "lacks", "why")


def as_html(seen: Mapping[str, Any]) -> str:
    """The page of a matrix document. Every word of the document is only ever a word."""
    digest = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    head = element(
        "head",
        single("meta", charset="utf-8"),
        Markup(f'<meta http-equiv="Content-Security-Policy" content="{policy}">'),
        single("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("title", "Kill matrix"),
        Markup(f"<style>{_STYLE}</style>"),
    )
    measured = f"Measured {seen['measured']} on {seen['target']}."
    body = element(
        "body",
        element("h1", "Kill matrix"),
        element("p", measured),
        element("h2", "Rates"),
        _table(_RATES, [_rate(name, each) for name, each in seen["rates"].items()]),
        element("h2", "Every fault"),
        _table(_ROWS, [_row(each) for each in seen["rows"]]),
        element("h2", "Not staged"),
        _table(_ABSENT, [_cells((each["id"], each["breaks"], each["lacks"], each["why"])) for each in seen["absent"]]),
    )
    return f'<!doctype html>\n<html lang="en">{head.html}{body.html}</html>\n'


def _table(names: tuple[str, ...], rows: list[Markup]) -> Markup:
    head = element("thead", element("tr", *(element("th", each, scope="col") for each in names)))
    return element("table", head, element("tbody", joined(*rows)))


def _cells(texts: tuple[str, ...], kind: str = "") -> Markup:
    cells = (element("td", each) for each in texts)
    return element("tr", *cells, class_=kind) if kind else element("tr", *cells)


def _rate(name: str, rate: Mapping[str, float]) -> Markup:
    bound = f"at most {rate['at_most']:.1%}" if "false alarm" in name else f"at least {rate['at_least']:.1%}"
    return _cells((name, f"{rate['hits']} of {rate['tries']}", f"{rate['share']:.1%}", bound))


def _row(row: Mapping[str, Any]) -> Markup:
    kind = "unfit" if row["outcome"] == "unfit" else "" if row["exact"] else "no"
    outcome = f"{row['outcome']}, on {row['on']}" if row["on"] else row["outcome"]
    told = outcome if row["exact"] else "; ".join([outcome, row["why"], *row["strays"]])
    named = ", ".join(row["named"]) or row["expected"]
    return _cells((row["id"], row["kind"], row["fidelity"], row["breaks"], named, told), kind)
