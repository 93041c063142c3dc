"""Waiting: for a signal that has a name, no longer than it may take, and seen by whoever watches."""

from __future__ import annotations

from datetime import timedelta
from itertools import count
from typing import Any

import pytest

from checks import catalogue
from checks.catalogue import SETTLING
from checks.model import Verdict
from checks.report.json import document
from checks.report.text import as_text
from checks.run import Progress, exit_code
from checks.settling import Settling, settling_of
from tests.runs import a_check, a_run, broken, kept, settling

SIGNAL = (Settling(check="tables.*", signal="TableStatus", within=timedelta(seconds=30)),)
LONG = timedelta(minutes=20)


def after(times: int, verdict: Any) -> Any:  # noqa: ANN401 - a judge
    """A judge that says not yet so many times, and *verdict* from then on."""
    looked = count()

    def judge(_seen: object, _now: object) -> Verdict:
        return settling() if next(looked) < times else verdict()

    return judge


def test_what_settles_in_time_passes() -> None:
    """And is not called recovered: nothing was wrong."""
    run = a_run(a_check(judge=after(3, kept)), wait=LONG, settling=SIGNAL)

    assert ("pass", False, 4) == (run.results[0].status, run.results[0].recovered, len(run.results[0].attempts))


def test_what_is_done_and_wrong_fails() -> None:
    """The signal is there and the behaviour is not."""
    assert "fail" == a_run(a_check(judge=after(3, broken)), wait=LONG, settling=SIGNAL).results[0].status


def test_nothing_is_waited_for_longer_than_it_may_take() -> None:
    """Half a minute of twenty: the run ends, undecided, and says for how long it waited."""
    run = a_run(a_check(judge=settling), wait=LONG, settling=SIGNAL)
    pending = run.results[0].pending

    assert ("not_yet", 2) == (run.results[0].status, exit_code(run))
    assert pending
    assert pending.late
    assert timedelta(seconds=30) <= pending.waited < timedelta(seconds=40)


def test_what_has_no_signal_of_its_own_is_waited_for_as_long_as_the_run() -> None:
    """Nobody said that it may not take that long."""
    run = a_run(a_check(judge=settling), wait=timedelta(minutes=2))
    pending = run.results[0].pending

    assert pending
    assert (None, False) == (pending.within, pending.late)
    assert timedelta(minutes=1) < pending.waited <= timedelta(minutes=2)


def test_one_that_is_late_does_not_end_the_waiting_of_others() -> None:
    """Each has its own time."""
    slow = a_check("cdn.deployed[E]", judge=after(20, kept))
    run = a_run(slow, a_check(judge=settling), wait=LONG, settling=SIGNAL)

    assert ["pass", "not_yet"] == [each.status for each in run.results]


def test_whoever_watches_is_told_what_is_waited_for_and_how_long() -> None:
    """The time grows from look to look."""
    told: list[Progress] = []
    a_run(a_check(judge=after(3, kept)), wait=LONG, settling=SIGNAL, watch=told.append)

    waits = [each.settling[0] for each in told if each.settling]
    assert {("tables.present[Users]", "TableStatus")} == {(each.check, each.signal) for each in waits}
    assert sorted(each.waited for each in waits) == [each.waited for each in waits]
    assert waits[-1].waited > waits[0].waited


def test_the_document_and_the_report_say_it() -> None:
    """Signal, time, and what it may take; nothing of it once it passed."""
    run = a_run(a_check(judge=settling), wait=LONG, settling=SIGNAL)
    told = document(run)["results"][0]["settling"]

    assert ("TableStatus", 30.0) == (told["signal"], told["within_s"])
    assert told["waited_s"] >= 30
    assert "which may take 30 s (TableStatus)" in as_text(run)
    assert document(a_run(a_check()))["results"][0]["settling"] is None


@pytest.mark.parametrize("each", SETTLING, ids=lambda each: each.check)
def test_a_signal_is_of_promises_that_exist(each: Settling) -> None:
    """A misspelt pattern would wait for nothing."""
    assert any(catalogue.fits(each.check, name) for name in catalogue.BY_NAME)
    assert each.within > timedelta(0)


def test_the_first_that_fits_counts() -> None:
    """The precise ones come before their family."""
    assert {"IndexStatus", "TableStatus"} == {
        found.signal for name in ("indexes", "keys") if (found := settling_of(f"tables.{name}[a]", SETTLING))
    }
    assert settling_of("queues.present[a]", SETTLING) is None
