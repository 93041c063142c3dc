"""What a run document tells first: its verdict in words, the roots, and what stands behind each of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from checks.report.text import MEANINGS

Document = Mapping[str, Any]
Told = Mapping[str, Any]

ORDER = ("fail", "unknown", "not_yet")
KINDS = ("pass", "recovered", "fail", "warning", "unknown", "not_yet", "blocked")


def meaning(document: Document) -> tuple[str, str]:
    """The verdict as one word, and as the sentence that explains it."""
    word, _, sentence = MEANINGS[document["exit_code"]].partition(": ")
    return word, sentence


def kind(result: Told) -> str:
    """The status, with two of its shades: a pass that recovered, and a failure that is only a warning."""
    if result["recovered"]:
        return "recovered"
    return "warning" if result["status"] == "fail" and result["severity"] == "warning" else str(result["status"])


def roots(document: Document) -> list[Told]:
    """What somebody must read, the gravest first: no pass, not explained by another, not waived."""
    open_ = [each for each in document["results"] if each["status"] in ORDER and each["waiver"] is None]
    return sorted(open_, key=lambda each: (each["severity"] != "critical", ORDER.index(each["status"])))


def behind(document: Document, root: Told) -> list[Told]:
    """The results that *root* explains."""
    return [each for each in document["results"] if each["blocked_by"] == root["name"]]


def weighs(result: Told, document: Document) -> bool:
    """Whether a result that is no pass changes the verdict."""
    return result["waiver"] is None and (document["strict"] or result["severity"] == "critical")


def tally(counts: Mapping[str, int]) -> Sequence[str]:
    """``12 pass``, ``1 not yet`` and so on: the passes always, of the rest what there is."""
    return [f"{many} {name.replace('_', ' ')}" for name, many in counts.items() if many or name == "pass"]
