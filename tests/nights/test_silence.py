"""The dead man, over virtual nights."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from checks.nights.record import RUNNING
from checks.nights.silence import LIMIT, Recency, judge, silent
from tests.nights.made import NIGHT, record

# 400 nights from before a leap day: 2028 has one.
FIRST = datetime(2027, 11, 1, 1, 0, tzinfo=UTC)
NIGHTS = 400
HOUR = timedelta(hours=1)


def nights(*, missed: int | None = None, seed: int = 7) -> list[datetime]:
    """Moments at which a run arrived: up to 90 minutes late, some delivered twice, one night perhaps not at all."""
    luck = random.Random(seed)
    arrivals = []
    for number in range(NIGHTS):
        if number == missed:
            continue
        arrived = FIRST + timedelta(days=number, seconds=luck.randrange(0, 90 * 60))
        arrivals.append(arrived)
        if luck.random() < 0.1:
            arrivals.append(arrived + timedelta(seconds=luck.randrange(1, 120)))
    return arrivals


def rung(arrivals: list[datetime]) -> list[datetime]:
    """Every full hour, from the second night on, at which the dead man rings."""
    moments = [FIRST + number * HOUR for number in range(24, (NIGHTS - 1) * 24)]
    return [each for each in moments if silent(arrivals, each)]


def test_four_hundred_nights_with_late_and_doubled_runs_never_ring() -> None:
    """Runs 24 h 01 m apart, or 25 h 30 m, are nights as any other; so is the 29th of February."""
    arrivals = nights()

    assert any(each.month == 2 and each.day == 29 for each in arrivals)
    assert [] == rung(arrivals)


@pytest.mark.parametrize("missed", (3, 120, 121, 200, 396))
def test_a_missed_night_rings_and_the_next_run_ends_it(missed: int) -> None:
    """It rings from 26 h after the run before until the run after, and at no other time."""
    arrivals = nights(missed=missed)
    before = max(each for each in arrivals if each < FIRST + timedelta(days=missed))
    after = min(each for each in arrivals if each >= FIRST + timedelta(days=missed))
    ringing = rung(arrivals)

    assert ringing
    assert all(before + LIMIT <= each < after for each in ringing)
    assert ringing[0] - (before + LIMIT) <= HOUR


@pytest.mark.parametrize(
    ("age", "rings"),
    (
        pytest.param(timedelta(hours=24, minutes=1), False, id="a minute later than yesterday"),
        pytest.param(LIMIT - timedelta(seconds=1), False, id="a second left"),
        pytest.param(LIMIT, True, id="exactly the limit"),
        pytest.param(timedelta(days=3), True, id="days"),
        pytest.param(timedelta(0), False, id="just now"),
        pytest.param(-timedelta(hours=1), True, id="a run of the future proves nothing"),
    ),
)
def test_both_sides_of_the_limit(age: timedelta, rings: bool) -> None:  # noqa: FBT001 - a table's column
    """26 hours without a run are silence."""
    assert rings is silent([NIGHT - age], NIGHT)


def test_no_run_at_all_is_silence() -> None:
    """Missing data breaches."""
    assert silent([], NIGHT)


def why(told: Recency) -> str:
    """The reason, which the words must go with."""
    assert told.says
    return told.why


def test_a_recent_whole_night_lets_a_release_through() -> None:
    """Whatever it found: a broken night is the policy's business, not the dead man's."""
    for verdict in ("kept", "broken", "unseen"):
        assert judge([record(verdict=verdict)], NIGHT + 3 * HOUR).holds


@pytest.mark.parametrize(
    ("more", "reason"),
    (
        pytest.param({"verdict": "void", "void": "a control was wrong"}, "void", id="void"),
        pytest.param({"interrupted": True}, "partial", id="interrupted"),
        pytest.param({"late": 3}, "partial", id="cut off by its deadline"),
        pytest.param({"verdict": RUNNING, "finished": None, "until": NIGHT + HOUR}, "partial", id="killed"),
        pytest.param({"selected": True}, "missing", id="a selection is no night"),
        pytest.param({"door": "cli"}, "missing", id="a person's run is no night"),
    ),
)
def test_a_night_that_is_not_whole_does_not(more: dict[str, Any], reason: str) -> None:
    """The gate refuses, and says which it was."""
    assert reason == why(judge([record(**more)], NIGHT + 3 * HOUR))


def test_the_last_night_counts_and_no_earlier_one() -> None:
    """A void night after a good one is a void night."""
    rows = [record(), record(NIGHT + timedelta(days=1), verdict="void")]

    assert "void" == why(judge(rows, NIGHT + timedelta(days=1, hours=1)))


def test_a_night_that_still_runs_is_passed_over() -> None:
    """Its time is not up, so the one before is the last."""
    running = record(
        NIGHT + timedelta(days=1), verdict=RUNNING, finished=None, until=NIGHT + timedelta(days=1, hours=1)
    )

    assert judge([record(), running], NIGHT + timedelta(days=1, minutes=5)).holds


@pytest.mark.parametrize(("age", "reason"), ((timedelta(hours=36), "recent"), (timedelta(hours=36, seconds=1), "old")))
def test_a_night_grows_old(age: timedelta, reason: str) -> None:
    """36 hours by default: one night may be missed while its alarm rings."""
    assert reason == why(judge([record(finished=NIGHT)], NIGHT + age))


def test_no_night_is_missing() -> None:
    """Nothing was ever recorded."""
    assert "missing" == why(judge([], NIGHT))
