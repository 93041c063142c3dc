"""A recorded run, judged again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from checks.blocking import Dependency
from checks.evidence import Stated
from checks.model import CannotLook, Check, Place, Promise, Sight, Verdict, Waiver, promise
from checks.plan import PlanError
from checks.pool import Pool
from checks.replay import Replay, recorded
from checks.report.json import document
from checks.run import Run, exit_code, run_all
from tests.runs import NOON, a_control, a_run

DEPENDENCIES = (Dependency("queues.drained[*]", "queues.present[{subject}]"),)


def _judge(seen: Stated, least: int) -> Verdict:
    if int(seen["found"]) >= least:
        return Verdict.passed(expected=f"{least}", actual=seen["found"])
    return Verdict.failed(expected=f"{least}", actual=seen["found"], remedy="mend it")


@promise("queues.present", says="it is there", severity="critical", instrument="aws")
def present(*, found: int, least: int) -> Sight:
    """As many as there must be; fewer than none cannot be looked at."""

    def look(_: object) -> Stated:
        if found < 0:
            raise CannotLook("AccessDenied", final=True)
        return Stated(facts=(("found", str(found)),))

    return Sight(look=look, judge=lambda seen, _: _judge(seen, least))


@promise("queues.drained", says="it is empty", severity="critical", instrument="aws")
def drained(*, within: timedelta) -> Sight:
    """Judged by the time of the look: what was recent then is recent in a replay."""
    fact = Stated(facts=(("found", "0"),))

    def judge(_: Stated, now: Any) -> Verdict:  # noqa: ANN401 - a datetime
        recent = abs(now - NOON) <= within
        return (
            Verdict.passed(expected="e", actual=f"{now:%H:%M}")
            if recent
            else Verdict.failed(expected="e", actual=f"{now:%H:%M}", remedy="mend it")
        )

    return Sight(look=lambda _: fact, judge=judge)


PROMISES: Mapping[str, Promise[Any]] = {"queues.present": present, "queues.drained": drained}


def _checks(found: int = 2, name: str = "Mail") -> tuple[Check, ...]:
    place = Place(subject=name, stack="S", region="af-south-1", covers=(name,))
    return present(place, found=found, least=2), drained(place, within=timedelta(minutes=1))


def _run(*checks: Check, **terms: Any) -> Run:  # noqa: ANN401 - Terms
    return a_run(*(checks or _checks()), dependencies=DEPENDENCIES, **terms)


def _stored(run: Run) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(json.dumps(document(run)))
    return read


def _replayed(stored: Mapping[str, Any]) -> Run:
    replay: Replay = recorded(stored, PROMISES, dependencies=DEPENDENCIES, deadline=timedelta(seconds=20))
    pool = Pool(4)
    try:
        return run_all(replay.plan, replay.world, pool=pool, terms=replay.terms)
    finally:
        pool.close()


def _statuses(run: Run) -> list[tuple[str, str, str | None, str]]:
    return [(each.name, each.status, each.blocked_by, each.actual) for each in run.results]


@pytest.mark.parametrize("found", (2, 1, -1), ids=("kept", "broken", "unseen"))
def test_the_same_evidence_gives_the_same_statuses(found: int) -> None:
    """Passing, failing or not to be seen: what was, is again, for the reason that it gave."""
    run = _run(*_checks(found))

    assert _statuses(run) == _statuses(_replayed(_stored(run)))


def test_evidence_is_judged_by_the_time_it_was_seen() -> None:
    """A replay a year later must not find everything too old."""
    stored = _stored(_run())

    assert ["pass", "pass"] == [each.status for each in _replayed(stored).results]
    for each in stored["results"]:
        each["started"] = "2026-01-31T13:00:00Z"
    assert ["pass", "fail"] == [each.status for each in _replayed(stored).results]


def test_another_limit_is_judged_anew() -> None:
    """It is the evidence that is kept, not the verdict: what a document claims does not count."""
    stored = _stored(_run())
    stored["results"][0]["params"]["least"] = 3

    again = _replayed(stored)

    assert [("queues.present[Mail]", "fail", None, "2")] == _statuses(again)[:1]


def test_what_belongs_to_the_run_comes_along() -> None:
    """Door, release, selection, strictness, source and digest of the plan; and a note that it is a replay."""
    run = _run(selection=("queues.*",), release="abc", strict=True, notes=("first",))

    again = _replayed(_stored(run))

    assert (("queues.*",), "abc", True, "cli") == (
        again.terms.selection,
        again.terms.release,
        again.terms.strict,
        again.terms.door,
    )
    assert (run.plan.digest, run.plan.source) == (again.plan.digest, again.plan.source)
    assert (f"replayed from run {run.run_id}",) == again.terms.notes


@pytest.mark.parametrize(
    ("look", "status"),
    (
        pytest.param(lambda _: (True, "seen"), "held", id="held"),
        pytest.param(lambda _: (False, "it was let in"), "wrong", id="wrong"),
        pytest.param(lambda _: _cannot(), "unseen", id="unseen"),
    ),
)
def test_controls_are_as_they_were(look: Any, status: str) -> None:  # noqa: ANN401 - a look
    """A run that proved nothing proves nothing in a replay either."""
    run = _run(controls=(a_control(look=look),))

    again = _replayed(_stored(run))

    assert [status] == [each.status for each in again.controls]
    assert run.controls == again.controls
    assert [each.status for each in run.results] == [each.status for each in again.results]


def _cannot() -> tuple[bool, str]:
    raise CannotLook("no route")


def test_a_waiver_stays_a_waiver() -> None:
    """It is applied by the time of the run."""
    waiver = Waiver(check="queues.*", owner="platform", reason="moving", expires=NOON + timedelta(days=1))
    run = _run(*_checks(1), waivers=(waiver,))

    again = _replayed(_stored(run))

    assert [each.waiver for each in run.results] == [each.waiver for each in again.results]
    assert waiver == again.results[0].waiver


def test_a_doubted_result_is_still_doubted() -> None:
    """What an unproven instrument saw did not count then, and does not now."""
    run = _run(controls=(a_control(look=lambda _: _cannot()),))

    assert ["unknown", "blocked"] == [each.status for each in run.results]
    assert ["unknown", "blocked"] == [each.status for each in _replayed(_stored(run)).results]


@pytest.mark.parametrize(
    ("change", "told"),
    (
        pytest.param({"schema": 2}, "expected schema 1, found 2", id="another schema"),
        pytest.param({"schema": None}, "expected schema 1, found None", id="no schema"),
        pytest.param({"started": None}, "cannot be read", id="no start"),
        pytest.param({"controls": [{}]}, "KeyError: 'name'", id="a control cut short"),
        pytest.param({"results": [{"name": "queues.present[Mail]"}]}, "KeyError", id="a result cut short"),
        pytest.param({"results": "many"}, "TypeError", id="no results"),
        pytest.param({"plan": None}, "TypeError", id="no plan"),
    ),
)
def test_a_document_that_is_not_whole_is_refused(change: dict[str, Any], told: str) -> None:
    """Rather no replay than one of half a run."""
    with pytest.raises(PlanError, match=f"run document: .*{told}"):
        _replayed({**_stored(_run()), **change})


def test_a_promise_that_is_gone_is_named() -> None:
    """A document of an older release may hold promises that this one does not have."""
    stored = _stored(_run())
    stored["results"][0]["name"] = "queues.gone[Mail]"

    with pytest.raises(PlanError, match=r"queues.gone\[Mail\] is of the promise 'queues.gone', which this release"):
        _replayed(stored)


def test_evidence_of_a_version_that_it_does_not_read_is_refused() -> None:
    """To judge it anyway would be to guess."""
    stored = _stored(_run())
    stored["results"][0]["evidence"]["v"] = 99

    with pytest.raises(PlanError, match="the version that this release reads"):
        _replayed(stored)


def test_two_results_of_one_name_are_refused() -> None:
    """Nobody could tell which of them counts."""
    stored = _stored(_run())
    stored["results"].append(stored["results"][0])

    with pytest.raises(PlanError, match="two checks are called"):
        _replayed(stored)


def test_a_defect_of_ours_is_still_one() -> None:
    """Nothing was seen then, and the replay proves as little: it is void as well."""
    check = _checks()[0]
    odd = replace(check, sight=replace(check.sight, look=lambda _: 1 / 0))
    run = _run(odd)

    again = _replayed(_stored(run))

    assert [each.status for each in run.results] == ["unknown"] == [each.status for each in again.results]
    assert "ZeroDivisionError" in again.results[0].actual
    assert (3, 3) == (exit_code(run), exit_code(again))
