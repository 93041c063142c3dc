"""From a run document to what a test runner can say of one line of it: passed, failed, or in error."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from checks.report.text import plain

Document = Mapping[str, Any]

# What fits the line that a test runner gives each failure.
_LONGEST = 160


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one line. *text* is for people, *notes* go with it wherever it is reported."""

    kind: Literal["passed", "failed", "error"]
    text: str = ""
    notes: Mapping[str, str] = field(default_factory=dict)


Tell = Callable[[Document], Outcome]


def of_check(name: str) -> Tell:
    """Tell of the planned check called *name*."""
    return lambda document: _of_result(_named(document["results"], name), document)


def of_control(name: str) -> Tell:
    """Tell of the control called *name*: one that could not be seen counts as far as it cost the run its verdict."""

    def tell(document: Document) -> Outcome:
        control = _named(document["controls"], name)
        text = _rows(_heading(control), control, ("expected", "actual"))
        if control["status"] == "held":
            return Outcome(kind="passed")
        if control["status"] == "wrong":
            return Outcome(kind="failed", text=text)
        notes = {"unseen": plain(control["actual"])}
        return Outcome(kind="error" if document["exit_code"] else "passed", text=text, notes=notes)

    return tell


def of_run(document: Document) -> Outcome:
    """Tell whether the run proves anything at all."""
    if not document["void"]:
        return Outcome(kind="passed")
    return Outcome(kind="failed", text="VOID: this run proves nothing\n" + "\n".join(map(plain, document["void"])))


def remarks(document: Document) -> list[str]:
    """One line for everything that changes no verdict and that somebody should read all the same."""
    lines = [f"note: {plain(each)}" for each in document["notes"]]
    for result in document["results"]:
        lines += [f"{word}: {plain(result['name'])}: {text}" for word, text in _notes(result, document).items()]
    lines += [
        f"unseen: {plain(each['name'])}: {plain(each['actual'])}"
        for each in document["controls"]
        if each["status"] == "unseen"
    ]
    return lines + [f"void: {plain(each)}" for each in document["void"]]


def _of_result(result: Mapping[str, Any], document: Document) -> Outcome:
    notes, status = _notes(result, document), result["status"]
    if status == "pass":
        return Outcome(kind="passed", notes=notes)
    text = _rows(_heading(result), result, ("promise", "expected", "actual", "remedy", "harness_error"))
    if not _weighs(result, document):
        return Outcome(kind="passed", text=text, notes=notes)
    return Outcome(kind="failed" if status == "fail" else "error", text=text, notes=notes)


def _weighs(result: Mapping[str, Any], document: Document) -> bool:
    """Whether a result that is no pass changes the verdict."""
    return result["waiver"] is None and (document["strict"] or result["severity"] == "critical")


def _notes(result: Mapping[str, Any], document: Document) -> dict[str, str]:
    notes = {}
    if result["recovered"]:
        notes["recovered"] = f"after {result['attempts']} attempts"
    if result["waiver"] is not None:
        waiver = result["waiver"]
        notes["waived"] = plain(f"{waiver['owner']}, until {waiver['expires'][:10]}: {waiver['reason']}")
    elif result["status"] != "pass" and not _weighs(result, document):
        notes["warning"] = plain(f"{result['status']}, {result['actual']}")
    return notes


def _heading(of: Mapping[str, Any]) -> str:
    word = of["status"].replace("_", " ").upper()
    behind = f" by {plain(of['blocked_by'])}" if of.get("blocked_by") else ""
    return f"{word}{behind}: {plain(of['actual'])[:_LONGEST]}"


def _named(those: list[dict[str, Any]], name: str) -> dict[str, Any]:
    return next(each for each in those if each["name"] == name)


def _rows(heading: str, of: Mapping[str, Any], keys: tuple[str, ...]) -> str:
    labels = {"remedy": "do", "harness_error": "trace"}
    rows = [f"  {labels.get(key, key):<9} {_lines(of[key])}" for key in keys if of[key]]
    return "\n".join([heading, *rows])


def _lines(text: str) -> str:
    return f"\n{' ' * 12}".join(plain(line) for line in text.splitlines())
