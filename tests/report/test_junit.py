"""The report for CI servers."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

from checks.model import CannotLook
from checks.report import junit
from checks.run import Run
from tests.report.conftest import BEHIND, ROOT
from tests.runs import a_check, a_control, a_run


def _read(run: Run) -> ET.Element:
    return ET.fromstring(junit.as_junit(run).encode("utf-8"))


def _case(root: ET.Element, name: str) -> ET.Element:
    return next(each for each in root.iter("testcase") if each.get("name") == name)


def _inside(case: ET.Element) -> list[str]:
    return [each.tag for each in case]


def test_what_is_broken_is_a_failure_and_what_nobody_decided_an_error(everything: Run) -> None:
    """Each of the five statuses in its own way; a pass is silent."""
    root = _read(everything)

    assert ["failure"] == _inside(_case(root, ROOT))
    assert ["error"] == _inside(_case(root, "functions.ready[Api]"))
    assert ["error"] == _inside(_case(root, "stack.status[Main]"))
    assert ["properties", "error"] == _inside(_case(root, BEHIND[0]))
    assert [] == _inside(_case(root, "tables.present[Users]"))


def test_an_error_names_what_it_is_behind(everything: Run) -> None:
    """The root is where to go."""
    error = _case(_read(everything), BEHIND[0]).find("error")

    assert error is not None
    assert f"blocked behind {ROOT}" == error.get("message")
    assert "expected: yes\nactual: no\ndo: mend it" == error.text


def test_a_failed_warning_is_a_property(everything: Run) -> None:
    """It fails no build, and is there for who looks."""
    case = _case(_read(everything), "dns.negative[shop.test]")

    assert ["properties", "system-out"] == _inside(case)
    assert [("warning", "no")] == [(each.get("name"), each.get("value")) for each in case.iter("property")]
    assert "fail\nexpected: yes\nactual: no\ndo: mend it" == case.findtext("system-out")


def test_recovered_and_waived_are_properties(everything: Run) -> None:
    """A pass that took two looks says so, a failure that somebody lives with says who."""
    root = _read(everything)
    told = {
        (each.get("name"), each.get("value"))
        for name in ("identity.caller[1]", "tls.expiry[shop.test]")
        for each in _case(root, name).iter("property")
    }

    assert {("recovered", "after 2 attempts"), ("waived", "platform, until 2026-02-01: moving")} == told
    assert ["properties", "system-out"] == _inside(_case(root, "tls.expiry[shop.test]"))


def test_nothing_is_ever_skipped(everything: Run, strange: Run) -> None:
    """A skip is a pass that nobody looked at."""
    assert [] == [each for run in (everything, strange, a_run()) for each in _read(run).iter("skipped")]


def test_the_counts_are_those_of_the_cases(everything: Run) -> None:
    """Each suite counts its own, the whole counts them all."""
    root = _read(everything)
    counted = {
        "tests": len(list(root.iter("testcase"))),
        "failures": len(list(root.iter("failure"))),
        "errors": len(list(root.iter("error"))),
    }

    assert {"tests": 17, "failures": 1, "errors": 10} == counted
    assert counted == {name: int(root.get(name, "")) for name in counted}
    assert counted == {name: sum(int(suite.get(name, "")) for suite in root) for name in counted}


def test_controls_and_the_run_itself_are_cases() -> None:
    """A wrong control fails, one that nobody saw is an error, and a run that proves nothing fails as such."""

    def unseen(_: object) -> tuple[bool, str]:
        raise CannotLook("no route")

    controls = (
        a_control("aws.held"),
        a_control("dns.wrong", look=lambda _: (False, "it resolved"), instrument="dns"),
        a_control("tls.unseen", look=unseen, instrument="tls"),
    )

    root = _read(a_run(a_check(), controls=controls))

    assert [[], ["failure"], ["error"], ["failure"]] == [
        _inside(_case(root, name)) for name in ("aws.held", "dns.wrong", "tls.unseen", "valid")
    ]
    assert [] == _inside(_case(_read(a_run(a_check())), "valid"))


def test_hostile_text_is_still_xml(strange: Run) -> None:
    """Every XML reader can read it, and reads what was said, without what XML cannot hold."""
    root = _read(strange)

    failure = _case(root, "valid").find("failure")
    assert failure is not None
    told = failure.text or ""
    assert "]]> <script>&amp;\"'" in told
    assert "\ufffd[31m" in told
    assert not {"\x00", "\x1b", "\ufffe"} & set(told)
    assert all(len(each.get("message", "")) <= 400 for each in root.iter())


def test_it_is_written_as_it_is_told(everything: Run, tmp_path: Path) -> None:
    """In UTF-8, whole, in a folder that need not be there yet."""
    file = tmp_path / "reports" / "run.xml"

    junit.write(everything, file)

    assert junit.as_junit(everything) == file.read_text(encoding="utf-8")
    assert ["run.xml"] == [each.name for each in file.parent.iterdir()]


def test_a_run_of_one_family_has_three_suites() -> None:
    """Its own, the controls, and the run."""
    assert ["tables", "controls", "run"] == [suite.get("name") for suite in _read(a_run(a_check()))]
