"""What is kept of a run in one row."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from checks.codec import NotReadable
from checks.nights import cost
from checks.nights.record import Record, from_row, newest_first, record, to_row
from checks.report.emf import as_emf
from tests.nights.made import NIGHT, document, result
from tests.nights.made import record as made

LEAF = {"not_after": "2026-03-31T01:00:00Z"}


def test_a_row_comes_back_as_it_was() -> None:
    """The index is read by another release on another machine."""
    kept = record(document(result("a.b[c]", "fail", recovered=False, seconds=2.5)), kept_as="runs/x.json")

    assert kept == from_row(to_row(kept))
    assert ("broken", ("a.b[c]",), (("a.b[c]", 2.5),)) == (kept.verdict, kept.roots, kept.slowest)


def test_a_row_of_a_later_release_is_still_read() -> None:
    """An additional key is no reason to lose a night."""
    assert made() == from_row({**to_row(made()), "news": 1})


@pytest.mark.parametrize("row", ({}, {**to_row(made()), "started": "never"}))
def test_a_row_that_is_none_is_refused(row: dict[str, object]) -> None:
    """Rather than a night that is made up."""
    with pytest.raises(NotReadable):
        from_row(row)


def test_the_margins_are_the_narrowest() -> None:
    """Of two certificates the one that ends first, of two tables the one whose newest backup is older."""
    seen = [
        result("tls.valid[a]", evidence={"type": "Accepted", "v": 1, "leaf": LEAF}),
        result("tls.valid[b]", evidence={"type": "Accepted", "v": 1, "leaf": {"not_after": "2027-01-01T00:00:00Z"}}),
        result("backups.recent[a]", evidence=_points("2026-02-28T23:00:00Z", "2026-02-27T23:00:00Z")),
        result("backups.recent[b]", evidence=_points("2026-02-28T19:00:00Z")),
        result("backups.recent[c]", evidence=_points()),
    ]

    assert {"certificate_days": 30.0, "backup_hours": 6.0} == record(document(*seen)).margins
    assert {} == record(document()).margins


def test_a_check_that_the_deadline_cut_off_is_counted() -> None:
    """So that nobody takes half a night for a whole one."""
    late = result("a.b[c]", "unknown", actual="could not look: it did not finish before the deadline")

    assert (1, False) == ((kept := record(document(late))).late, kept.whole)
    assert record(document(result("a.b[c]", "unknown"))).whole


@pytest.mark.parametrize(
    ("more", "valid"),
    (({}, True), ({"verdict": "void"}, False), ({"interrupted": True}, False), ({"selected": True}, False)),
)
def test_what_the_dead_man_hears(more: dict[str, Any], valid: bool) -> None:  # noqa: FBT001 - a table's column
    """A valid run is whole and proves something."""
    assert valid is made(**more).valid


def test_the_newest_is_first() -> None:
    """By the time at which it started."""
    rows = [made(NIGHT + timedelta(days=number)) for number in (2, 0, 1)]

    assert [2, 1, 0] == [(each.started - NIGHT).days for each in newest_first(rows)]


def test_what_a_run_costs_is_its_own_seconds_and_memory() -> None:
    """2 s at 1 GB are two GB-seconds of arm64 and one invocation."""
    price = cost.of_run(seconds=2.0, memory_mb=1024)

    assert 2.0 == price["gb_s"]
    assert pytest.approx(2 * cost.GB_SECOND + cost.INVOCATION, abs=1e-9) == price["compute_usd"]
    assert price["usd"] < cost.of_run(seconds=2.0, memory_mb=1024, puts=1, writes=1, logged=1000)["usd"]
    assert ("", "2.00 GB-s, $0.000027") == (cost.in_words({}), cost.in_words(price))


def test_metrics_are_in_the_embedded_format() -> None:
    """Every metric that is announced is there, and is a number."""
    line = as_emf(document(result(status="fail"), result("a.b[c]", "unknown")), valid=True)
    announced = line["_aws"]["CloudWatchMetrics"][0]

    assert all(isinstance(line[each["Name"]], (int, float)) for each in announced["Metrics"])
    assert [["Target"]] == announced["Dimensions"]
    assert (1, 1, 1, "shop") == (line["ValidRuns"], line["Failed"], line["Undecided"], line["Target"])
    assert NIGHT + timedelta(seconds=4) == datetime.fromtimestamp(line["_aws"]["Timestamp"] / 1000, UTC)


def _points(*completed: str) -> dict[str, object]:
    return {"type": "RecoveryPoints", "v": 1, "points": [{"completed": each} for each in completed]}


def test_a_record_says_running_until_it_ended() -> None:
    """A row without an end is no night."""
    begun = Record(target="shop", run_id="r", door="canary", started=NIGHT)

    assert ("running", False, False) == (begun.verdict, begun.whole, begun.valid)
