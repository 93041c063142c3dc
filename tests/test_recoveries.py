"""What recovers again and again is a warning, however few recover in one run."""

from __future__ import annotations

from typing import Any

import pytest

from checks.evidence import Stated
from checks.model import Place
from checks.promises import stack
from checks.recoveries import recovered_before
from checks.report.json import document
from checks.run import Run
from tests.runs import NOON, Flaky, a_check, a_run


def night(number: int, *, recovered: bool = True, **other: object) -> dict[str, Any]:
    """The document of one night, in which one check recovered or did not."""
    look: Any = Flaky() if recovered else lambda _: None
    told = document(a_run(a_check("api.health[x]", look=look), retries=1))
    return {**told, "run_id": f"night-{number}", "finished": f"2026-01-{number:02}T02:00:00Z", **other}


def today(past: tuple[tuple[str, int], ...]) -> Run:
    """A run in which the check recovers once more, with ninety-nine that do not."""
    budget = stack.recovered(Place(subject="here"), allowed=0.02, past=past)
    calm = (a_check(f"tables.keys[{at}]") for at in range(99))
    return a_run(a_check("api.health[x]", look=Flaky()), *calm, budget, retries=1)


@pytest.mark.parametrize(("before", "status"), ((0, "pass"), (1, "pass"), (2, "fail"), (6, "fail")))
def test_the_third_time_of_seven_is_a_warning(before: int, status: str) -> None:
    """Twice is bad luck; the warning names the check."""
    result = today((("api.health[x]", before),)).results[-1]

    assert (status, "warning") == (result.status, result.check.severity)
    assert ("again and again: api.health[x]" in result.actual) == (status == "fail")


def test_what_recovered_before_and_holds_today_is_forgiven() -> None:
    """It is today that is judged."""
    assert "pass" == today((("tables.keys[1]", 6),)).results[-1].status


def test_the_last_six_whole_runs_of_the_target_count() -> None:
    """Neither older ones, nor parts, nor other targets; the same run once."""
    nights = [night(at) for at in range(1, 10)]
    others = [night(20, target="elsewhere"), night(21, selection=["api.*"]), nights[-1]]

    assert (("api.health[x]", 6),) == recovered_before([*nights, *others], "here")
    assert () == recovered_before(others[:2], "here")


def test_nights_without_a_recovery_count_as_such() -> None:
    """They push the others out of sight."""
    nights = [night(at, recovered=at < 5) for at in range(1, 10)]

    assert (("api.health[x]", 1),) == recovered_before(nights, "here")


def test_evidence_of_before_is_still_judged() -> None:
    """A document without the fact is of a release that did not know it."""
    facts = (("looked", "100"), ("names", ""), ("recovered", "0"))

    assert "pass" == stack.judge_recovered(Stated(facts=facts), NOON, allowed=0.02).status
