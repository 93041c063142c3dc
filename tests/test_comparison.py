"""Two runs beside each other."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from checks.comparison import compare
from checks.model import Check
from checks.report.json import document
from tests.runs import a_check, a_run, broken, kept, settling


def of(*checks: Check, **terms: Any) -> dict[str, Any]:  # noqa: ANN401 - the rest of Terms
    """The document of a run of these checks."""
    return document(a_run(*checks, **terms))


KEPT, BROKEN, PENDING = (a_check("tables.pitr[a]", judge=each) for each in (kept, broken, settling))


@pytest.mark.parametrize(
    ("before", "after", "worse", "better", "other"),
    (
        pytest.param((KEPT,), (KEPT,), 0, 0, 0, id="the same"),
        pytest.param((BROKEN,), (BROKEN,), 0, 0, 0, id="as broken as before"),
        pytest.param((KEPT,), (BROKEN,), 1, 0, 0, id="broken"),
        pytest.param((BROKEN,), (KEPT,), 0, 1, 0, id="mended"),
        pytest.param((BROKEN,), (PENDING,), 0, 0, 1, id="otherwise"),
        pytest.param((KEPT,), (a_check(),), 1, 1, 0, id="one lost, one new"),
        pytest.param((a_check(),), (a_check(), BROKEN), 0, 0, 1, id="new and broken"),
    ),
)
def test_a_change_is_worse_better_or_other(
    before: tuple[Check, ...], after: tuple[Check, ...], worse: int, better: int, other: int
) -> None:
    """A check that is lost was seen to hold and is not any more."""
    found = compare(of(*before), of(*after))

    assert (worse, better, other) == (len(found.worse), len(found.better), len(found.other))


def test_what_is_critical_comes_first() -> None:
    """Then what is graver."""
    names = ("a.b[1]", "a.b[2]", "a.b[3]")
    weights: tuple[Any, ...] = ("warning", "critical", "critical")
    judges = (broken, settling, broken)
    before = of(*(a_check(name, severity=weight) for name, weight in zip(names, weights, strict=True)))
    after = of(
        *(
            a_check(name, severity=weight, judge=judge)
            for name, weight, judge in zip(names, weights, judges, strict=True)
        )
    )

    assert ["a.b[3]", "a.b[2]", "a.b[1]"] == [each.name for each in compare(before, after).changes]


def test_other_reasons_for_the_same_failure_are_a_change() -> None:
    """What is broken otherwise needs another cure."""
    before = of(BROKEN)
    after = of(BROKEN)
    after["results"][0]["actual"] = "something else"

    assert 1 == len(compare(before, after).other)


def test_facts_about_the_runs_are_compared() -> None:
    """Release and verdict among them; what is the same is not told."""
    found = compare(of(KEPT, release="a"), of(BROKEN, release="b"))

    assert {("release", "a", "b"), ("verdict", "kept", "broken")} <= set(found.facts)
    assert "target" not in {name for name, _, _ in found.facts}


@pytest.mark.parametrize(("now", "told"), ((1.2, 1), (0.7, 0), (0.3, 0)))
def test_what_became_slow_is_told(now: float, told: int) -> None:
    """Twice as long, and long enough to be noticed."""
    before, after = of(KEPT), of(KEPT)
    before["results"][0]["seconds"], after["results"][0]["seconds"] = 0.4, now

    assert told == len(compare(before, after).slower)


def test_the_wait_changes_nothing() -> None:
    """How patient a run was is no difference of the target."""
    assert () == compare(of(KEPT), of(KEPT, wait=timedelta(seconds=60))).changes
