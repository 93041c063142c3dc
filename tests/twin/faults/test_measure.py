"""How a run with a fault in it is judged: the right check, the right code, no stray, green again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest

from checks.blocking import Dependency
from checks.run import Run
from checks.twin.faults import measure
from checks.twin.faults.bench import Bench
from checks.twin.faults.measure import Notebook, NotGreen, judged, require_green
from checks.twin.faults.words import Fault, Row, Unfit, View
from tests.runs import a_check, a_run, broken

NAMED = "tables.pitr[Users]"
ROW = Row(
    id="F-1", kind="fault", family="tables", breaks="recovery is off", fidelity="live", outcome="unfit", expected=""
)


@contextmanager
def nothing(_bench: Bench) -> Iterator[View]:
    """A stage on which nothing happens."""
    yield View(named=(NAMED,))


def a_fault(**fields: Any) -> Fault:  # noqa: ANN401 - the fields of a fault
    """A fault about recovery, with other *fields*."""
    usual: dict[str, Any] = {
        "id": "F-1", "family": "tables", "breaks": "recovery is off", "stage": nothing, "promise": "tables.pitr",
    }  # fmt: skip
    return Fault(**{**usual, **fields})


def of(run: Run, *, view: View | None = None, **fields: Any) -> Row:  # noqa: ANN401 - the fields of a fault
    """What a run comes to."""
    return judged(a_fault(**fields), view or View(named=(NAMED,)), run, ROW)


def test_the_right_check_alone_is_exact() -> None:
    """It failed, the code is that of a broken promise, and nothing else did."""
    row = of(a_run(a_check(NAMED, judge=broken), a_check("tables.keys[Users]")))

    assert ("caught", 1, 1, ()) == (row.outcome, row.code, row.wanted_code, row.strays)
    assert row.exact


def test_a_warning_is_caught_with_code_0() -> None:
    """The exit code follows from the severity of the check that noticed."""
    row = of(a_run(a_check(NAMED, judge=broken, severity="warning"), a_check("tables.keys[Users]")))

    assert ("caught", 0, True) == (row.outcome, row.code, row.exact)


def test_what_fails_beside_it_is_a_stray() -> None:
    """Outside the declared reach of a fault nothing may fail; within it, it may."""
    run = a_run(a_check(NAMED, judge=broken), a_check("tables.keys[Users]", judge=broken))

    assert ("tables.keys[Users]: fail",) == of(run).strays
    assert not of(run).exact
    assert of(run, behind=("tables.*",)).exact


def test_what_is_explained_by_the_right_check_is_no_stray() -> None:
    """A consequence stands behind its root; one of another root is a stray."""
    behind = (Dependency("backups.lag[*]", "tables.pitr[*]"),)
    run = a_run(a_check(NAMED, judge=broken), a_check("backups.lag[Users]", judge=broken), dependencies=behind)

    assert of(run).exact


def test_another_check_does_not_count_as_the_right_one() -> None:
    """Caught by accident is told apart from caught."""
    row = of(a_run(a_check(NAMED), a_check("tables.keys[Users]", judge=broken)))

    assert "by another" == row.outcome
    assert "tables.keys[Users]" in row.why


def test_a_fault_that_nobody_notices_is_missed() -> None:
    """All green with a fault in is the worst there is."""
    row = of(a_run(a_check(NAMED), a_check("tables.keys[Users]")))

    assert ("missed", False) == (row.outcome, row.exact)


def test_the_wrong_code_is_not_exact() -> None:
    """A release gate reads the code alone."""
    row = of(a_run(a_check(NAMED, judge=broken), a_check("a.b[c]")), code=2)

    assert ("caught", 1, 2, False) == (row.outcome, row.code, row.wanted_code, row.exact)


def test_an_alarm_that_rings_is_ambient_unless_it_is_what_was_to_be_seen() -> None:
    """It rings since something is broken; named, it counts."""
    ringing = a_check("alarms.calm[Errors]", judge=broken, severity="warning")

    assert of(a_run(a_check(NAMED, judge=broken), ringing)).exact
    assert "caught" == of(a_run(ringing), view=View(named=("alarms.calm[Errors]",))).outcome


@pytest.mark.parametrize(("name", "outcome"), (("tables.keys[Users]", "alarm"), ("alarms.calm[Errors]", "calm")))
def test_a_benign_change_must_raise_no_alarm(name: str, outcome: str) -> None:
    """Whatever does not pass is one, warnings too."""
    run = a_run(a_check(NAMED), a_check(name, judge=broken, severity="warning"))

    assert outcome == of(run, kind="benign", promise="", view=View()).outcome


def test_a_run_that_takes_too_long_is_not_caught() -> None:
    """A meta-fault is about time as well."""
    run = a_run(a_check(NAMED, judge=broken))
    late = replace(run, finished=run.started.replace(year=run.started.year + 1))

    assert "caught" == of(run, kind="meta", within=10.0).outcome
    assert "by another" == of(late, kind="meta", within=10.0).outcome


def test_what_is_wrong_with_the_reports_is_a_miss() -> None:
    """The right status is not enough where a report was broken."""
    view = View(named=(NAMED,), after=lambda _: "HTML runs a script")
    row = of(a_run(a_check(NAMED, judge=broken)), view=view)

    assert ("by another", "HTML runs a script") == (row.outcome, row.why)


class Harness:
    """Plays runs one after the other, the last one for ever."""

    def __init__(self, *runs: Run) -> None:
        self.runs = list(runs)
        self.asked: list[tuple[str, ...] | None] = []

    def __call__(self, view: View, *, only: tuple[str, ...] | None = None) -> Run:
        """The next run."""
        del view
        self.asked.append(only)
        return self.runs.pop(0) if len(self.runs) > 1 else self.runs[0]


GREEN, RED = a_run(a_check(NAMED)), a_run(a_check(NAMED, judge=broken))


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Bench:
    """A bench without a twin: nothing is asked of it here."""
    monkeypatch.setattr(measure, "quieten", lambda _: None)
    monkeypatch.setattr(measure, "_HEALS_WITHIN", 0.0)
    return cast("Bench", None)


def _measured(bench: Bench, harness: Harness, book: Notebook, *faults: Fault) -> tuple[Row, ...]:
    return measure.measure(faults, bench, harness, notebook=book, watch=lambda _: None)


def test_a_twin_that_is_not_green_is_not_measured_on(bench: Bench) -> None:
    """What fails before anything is injected would be taken for a catch."""
    with pytest.raises(NotGreen, match=r"tables\.pitr\[Users\] is fail"):
        require_green(bench, Harness(RED))


def test_a_fault_is_injected_caught_and_taken_back(bench: Bench, tmp_path: Path) -> None:
    """Green, red, and only what was red is asked again."""
    harness = Harness(GREEN, RED, GREEN)

    (row,) = _measured(bench, harness, Notebook(file=tmp_path / "book.json", key="k"), a_fault())

    assert ("caught", True, 1) == (row.outcome, row.exact, row.runs)
    assert [None, None, (NAMED,), None] == harness.asked


def test_a_repair_that_does_not_help_ends_the_measurement(bench: Bench, tmp_path: Path) -> None:
    """Everything after it would be measured on a broken twin."""
    with pytest.raises(NotGreen, match="F-1 was taken back and the twin is still broken"):
        _measured(bench, Harness(GREEN, RED), Notebook(file=tmp_path / "book.json", key="k"), a_fault())


def test_a_twin_that_stays_broken_is_replaced_where_there_is_a_spare(bench: Bench, tmp_path: Path) -> None:
    """The row is not healed, and the next fault is measured on the other twin."""
    first, second = Harness(GREEN, RED), Harness(GREEN, RED, GREEN)
    spare = measure.Spare(worn=lambda _: False, renew=lambda: (bench, second))
    book = Notebook(file=tmp_path / "book.json", key="k")

    rows = measure.measure(
        [a_fault(), a_fault(id="F-2")], bench, first, notebook=book, watch=lambda _: None, spare=spare
    )

    assert [("F-1", False), ("F-2", True)] == [(each.id, each.healed) for each in rows]


def test_a_worn_twin_is_replaced_before_the_next_fault(bench: Bench, tmp_path: Path) -> None:
    """Its rows are as good as any: nothing was broken."""
    first, second = Harness(GREEN), Harness(GREEN, RED, GREEN)
    spare = measure.Spare(worn=lambda _: not second.asked, renew=lambda: (bench, second))
    book = Notebook(file=tmp_path / "book.json", key="k")

    (row,) = measure.measure([a_fault()], bench, first, notebook=book, watch=lambda _: None, spare=spare)

    assert ("caught", True) == (row.outcome, row.exact)
    assert [None] == first.asked


def test_a_row_says_when_it_was_measured_and_on_what(bench: Bench, tmp_path: Path) -> None:
    """So that a matrix can be made of rows of several days."""
    moment = datetime(2026, 1, 31, 12, tzinfo=UTC)
    book = Notebook(file=tmp_path / "book.json", key="abc", now=lambda: moment)

    (row,) = _measured(bench, Harness(GREEN, RED, GREEN), book, a_fault())

    assert ("2026-01-31T12:00:00Z", "abc") == (row.measured, row.of)


def test_what_is_not_exact_is_measured_once_more_and_both_are_counted(bench: Bench, tmp_path: Path) -> None:
    """A false alarm that does not come back is still one of two runs."""
    calm = a_fault(kind="benign", promise="")
    harness = Harness(GREEN, RED, GREEN, GREEN)

    (row,) = _measured(bench, harness, Notebook(file=tmp_path / "book.json", key="k"), calm)

    assert ("calm", 2, 1) == (row.outcome, row.runs, row.alarms)


def test_a_fault_without_a_subject_is_unfit(bench: Bench, tmp_path: Path) -> None:
    """It is told, and counts neither as caught nor as missed."""

    def stage(_bench: Bench) -> AbstractContextManager[View]:
        raise Unfit("the plan has no check tables.stream")

    (row,) = _measured(bench, Harness(GREEN), Notebook(file=tmp_path / "b", key="k"), a_fault(stage=stage))

    assert ("unfit", "the plan has no check tables.stream") == (row.outcome, row.why)


def test_an_interrupted_measurement_goes_on_where_it_was(bench: Bench, tmp_path: Path) -> None:
    """Rows of the same code and twin are kept; of another they are forgotten."""
    file = tmp_path / "book.json"
    rows = _measured(bench, Harness(GREEN, RED, GREEN), Notebook(file=file, key="k"), a_fault())
    silent = Harness(RED)

    assert rows == _measured(bench, silent, Notebook(file=file, key="k").load(), a_fault())
    assert [] == silent.asked
    assert {} == Notebook(file=file, key="another").load().rows


def test_what_was_measured_elsewhere_counts_if_it_is_of_the_same_and_not_less(tmp_path: Path) -> None:
    """Another machine's rows, or those of a matrix that was published before the measurement was whole."""
    book = Notebook(file=tmp_path / "book.json", key="k")
    row = Row(
        id="B-1", kind="benign", family="tables", breaks="a tag", fidelity="live", outcome="calm", expected="no alarm",
        of="k", runs=5,
    )  # fmt: skip
    book.rows = {"B-2": replace(row, id="B-2"), "B-3": replace(row, id="B-3")}

    book.count(
        [row, replace(row, id="B-2", runs=4), replace(row, id="B-3", runs=6), replace(row, id="B-4", of="another")]
    )

    assert {"B-1": 5, "B-2": 5, "B-3": 6} == {name: each.runs for name, each in book.rows.items()}


def test_a_benign_change_that_was_measured_less_often_is_measured_again(bench: Bench, tmp_path: Path) -> None:
    """Sixty rounds are not had by one; more than are asked for are."""
    calm, book = a_fault(kind="benign", promise=""), Notebook(file=tmp_path / "book.json", key="k")

    counts = [
        measure.measure([calm], bench, Harness(GREEN), notebook=book, watch=lambda _: None, rounds=rounds)[0].runs
        for rounds in (1, 3, 2)
    ]

    assert [1, 3, 3] == counts


def test_rounds_go_on_where_they_were_interrupted(bench: Bench, tmp_path: Path) -> None:
    """Each run is written down; what alarmed before the interrupt is not forgotten behind it."""
    calm, file = a_fault(kind="benign", promise=""), tmp_path / "book.json"

    class Interrupted(Harness):
        def __call__(self, view: View, *, only: tuple[str, ...] | None = None) -> Run:
            if len(self.runs) == 1:
                raise KeyboardInterrupt
            return super().__call__(view, only=only)

    with pytest.raises(KeyboardInterrupt):
        # Green before, one calm run, one with an alarm that is healed, and the interrupt.
        measure.measure(
            [calm], bench, Interrupted(GREEN, GREEN, RED, GREEN, GREEN), notebook=Notebook(file=file, key="k"),
            watch=lambda _: None, rounds=4,
        )  # fmt: skip
    half = Notebook(file=file, key="k").load()
    known = half.rows["F-1"]
    (row,) = measure.measure([calm], bench, Harness(GREEN), notebook=half, watch=lambda _: None, rounds=4)

    assert ("alarm", 2, 1) == (known.outcome, known.runs, known.alarms)
    assert ("alarm", 4, 1) == (row.outcome, row.runs, row.alarms)


def test_a_change_that_can_no_longer_be_staged_keeps_what_was_measured(bench: Bench, tmp_path: Path) -> None:
    """It is not counted, and the row stays short of its rounds."""
    staged = iter([nothing, nothing])

    def stage(given: Bench) -> AbstractContextManager[View]:
        try:
            return next(staged)(given)
        except StopIteration:
            raise Unfit("AWS is busy") from None

    calm, book = a_fault(kind="benign", promise="", stage=stage), Notebook(file=tmp_path / "book.json", key="k")

    (row,) = measure.measure([calm], bench, Harness(GREEN), notebook=book, watch=lambda _: None, rounds=60)

    assert ("calm", 2, 0) == (row.outcome, row.runs, row.alarms)


def test_what_was_measured_to_the_end_is_measured_anew_the_next_time(bench: Bench, tmp_path: Path) -> None:
    """What is still open is kept for whoever goes on."""
    file = tmp_path / "book.json"
    book = Notebook(file=file, key="k")
    _measured(bench, Harness(GREEN), book, a_fault(), a_fault(id="F-2"))

    book.forget(["F-1", "F-3"])
    left = Notebook(file=file, key="k").load().rows
    book.forget(["F-2"])

    assert ["F-2"] == list(left)
    assert not file.exists()


@pytest.mark.parametrize(("wrong", "outcome"), (("", "caught"), ("exit 1", "missed")))
def test_a_trial_of_the_command_says_what_was_wrong(bench: Bench, tmp_path: Path, wrong: str, outcome: str) -> None:
    """Nothing is right."""

    @contextmanager
    def stage(_bench: Bench) -> Iterator[View]:
        yield View(trial=lambda: wrong)

    fault = a_fault(kind="meta", promise="", stage=stage, within=5.0)
    (row,) = _measured(bench, Harness(GREEN), Notebook(file=tmp_path / "b", key="k"), fault)

    assert (outcome, wrong) == (row.outcome, row.why)
