"""For CI servers: JUnit XML in which nothing is ever skipped, and which every XML reader can read."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path
from xml.etree import ElementTree as ET

from checks.model import ControlResult, Result
from checks.report import files
from checks.report.json import owner_of
from checks.run import Run

# What XML 1.0 cannot hold (section 2.2), escapes of it included.
_ILLEGAL = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ERRORS = frozenset({"unknown", "not_yet", "blocked"})


def as_junit(run: Run) -> str:
    """The run as one ``testsuites`` document: a suite for each family, one for the controls, one for the run itself."""
    root = ET.Element("testsuites", name=_legal(f"checks {run.plan.target}"))
    families: dict[str, list[Result]] = defaultdict(list)
    for result in run.results:
        families[result.check.family].append(result)
    for family, results in families.items():
        suite = ET.SubElement(root, "testsuite", name=family)
        for result in results:
            _case(suite, result, owner_of(result.name, run.terms.owners), run.terms.quiet)
    proofs = ET.SubElement(root, "testsuite", name="controls")
    for control in run.controls:
        _control(proofs, control)
    itself = ET.SubElement(ET.SubElement(root, "testsuite", name="run"), "testcase", classname="run", name="valid")
    if run.void:
        _told(itself, "failure", "void", "\n".join(run.void))
    _count(root)
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def write(run: Run, path: Path) -> None:
    """Write the document whole or not at all."""
    files.put(as_junit(run), path)


def _case(suite: ET.Element, result: Result, owner: str, quiet: str) -> None:
    check = result.check
    case = ET.SubElement(
        suite, "testcase", classname=_legal(check.promise.name), name=_legal(check.name), time=f"{result.seconds:.3f}"
    )
    told = f"expected: {result.expected}\nactual: {result.actual}\ndo: {result.remedy}"
    notes = _notes(result, quiet) | ({"owner": owner} if owner else {})
    if notes:
        properties = ET.SubElement(case, "properties")
        for name, value in notes.items():
            ET.SubElement(properties, "property", name=name, value=_legal(value))
    if result.status == "pass":
        return
    if result.waiver is not None or (result.status == "fail" and check.severity == "warning"):
        ET.SubElement(case, "system-out").text = _legal(f"{result.status}\n{told}")
    elif result.status in _ERRORS:
        behind = f" behind {result.blocked_by}" if result.blocked_by else ""
        _told(case, "error", f"{result.status}{behind}", told)
    else:
        _told(case, "failure", result.actual, told)


def _notes(result: Result, quiet: str) -> dict[str, str]:
    notes = {}
    if quiet and result.status != "pass" and result.waiver is None:
        notes["suppressed"] = quiet
    if result.status == "fail" and result.check.severity == "warning":
        notes["warning"] = result.actual
    if result.recovered:
        notes["recovered"] = f"after {len(result.attempts)} attempts"
    if result.waiver is not None:
        notes["waived"] = f"{result.waiver.owner}, until {result.waiver.expires:%Y-%m-%d}: {result.waiver.reason}"
    if result.own_verdict is not None:
        notes["own_verdict"] = result.own_verdict
    return notes


def _control(suite: ET.Element, control: ControlResult) -> None:
    case = ET.SubElement(suite, "testcase", classname=f"controls.{control.instrument}", name=_legal(control.name))
    if control.status != "held":
        kind = "failure" if control.status == "wrong" else "error"
        _told(case, kind, control.status, f"expected: {control.expected}\nactual: {control.actual}")


def _told(case: ET.Element, kind: str, message: str, text: str) -> None:
    ET.SubElement(case, kind, message=_legal(message)[:400], type=kind).text = _legal(text)


def _count(root: ET.Element) -> None:
    totals = {"tests": 0, "failures": 0, "errors": 0}
    for suite in root:
        numbers = {
            "tests": len(suite),
            "failures": sum(case.find("failure") is not None for case in suite),
            "errors": sum(case.find("error") is not None for case in suite),
        }
        for name, number in numbers.items():
            suite.set(name, str(number))
            totals[name] += number
    for name, number in totals.items():
        root.set(name, str(number))


def _legal(text: str) -> str:
    return _ILLEGAL.sub("\ufffd", text)
