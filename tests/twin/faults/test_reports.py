"""How every report is read back: what is wrong with one is said, and what is right is not."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from checks.report import github, html, junit, text
from checks.report import json as as_json
from checks.twin.faults import reports
from tests.runs import a_check, a_run, broken

RUN = a_run(a_check("api.health[x]", judge=broken), a_check("a.b[c]"))


def test_reports_that_are_whole_have_no_flaw() -> None:
    """Each is read as those read it who are given it."""
    assert "" == reports.flaws(RUN)


@pytest.mark.parametrize(
    ("module", "name", "said", "flaw"),
    (
        pytest.param(github, "as_annotations", "::error::boo\n", "annotations obey", id="another's command"),
        pytest.param(github, "as_annotations", "boo\n", "annotations obey", id="a line of no command"),
        pytest.param(text, "as_text", "a\x1b[2Jb", "control characters", id="a terminal's command"),
        pytest.param(html, "as_html", "<img src='https://x'>", "HTML runs or fetches", id="a picture"),
        pytest.param(html, "as_html", "<p onclick='x'>", "HTML runs or fetches", id="a script"),
        pytest.param(junit, "as_junit", "<testsuites/>", "JUnit lost results", id="no cases"),
        pytest.param(as_json, "document", {"results": []}, "JSON lost results", id="no results"),
    ),
)
def test_what_is_wrong_with_a_report_is_said(
    monkeypatch: pytest.MonkeyPatch, module: ModuleType, name: str, said: object, flaw: str
) -> None:
    """One wrong report at a time."""
    really: Callable[..., Any] = getattr(module, name)

    def wrong(*given: Any, **more: Any) -> Any:  # noqa: ANN401 - whatever the report takes and gives
        return {**really(*given, **more), **said} if isinstance(said, dict) else said

    monkeypatch.setattr(module, name, wrong)

    assert flaw in reports.flaws(RUN)


def test_words_of_a_stranger_are_no_command() -> None:
    """They may stand within a line of ours."""
    assert reports._OURS.match("::error title=FAIL api.health[x]::expected: ok%0Aactual: ::error::boo")
    assert not reports._OURS.match(" ::error::boo")
