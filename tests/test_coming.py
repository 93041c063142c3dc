"""When a schedule fires next, by the clock of its place."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checks.timetable import coming, due
from khaya_infra.canary import NIGHTLY, TIME_ZONE

JOHANNESBURG, LONDON = ZoneInfo(TIME_ZONE), ZoneInfo("Europe/London")


def test_the_next_ten_nights_are_at_three_in_johannesburg() -> None:
    """One o'clock in UTC, every day, over the end of a leap February: South Africa has no summer time."""
    nights = coming(NIGHTLY, JOHANNESBURG, datetime(2028, 2, 25, 12, 0, tzinfo=UTC), 10)

    assert [datetime(2028, 2, 26, 1, 0, tzinfo=UTC) + timedelta(days=number) for number in range(10)] == list(nights)
    assert {(3, 0)} == {(each.astimezone(JOHANNESBURG).hour, each.minute) for each in nights}


def test_summer_time_moves_the_moment_and_not_the_wall_clock() -> None:
    """In London three o'clock is one hour earlier by UTC from the last Sunday of March."""
    nights = coming(NIGHTLY, LONDON, datetime(2026, 3, 28, 12, 0, tzinfo=UTC), 2)

    assert [datetime(2026, 3, 29, 2, 0, tzinfo=UTC), datetime(2026, 3, 30, 2, 0, tzinfo=UTC)] == list(nights)


def test_an_hour_that_the_clock_leaps_over_is_no_moment() -> None:
    """Half past one does not exist on that Sunday."""
    nights = coming("cron(30 1 * * ? *)", LONDON, datetime(2026, 3, 28, 12, 0, tzinfo=UTC), 1)

    assert (datetime(2026, 3, 30, 0, 30, tzinfo=UTC),) == nights


@pytest.mark.parametrize(
    ("expression", "day"),
    (("cron(0 3 L * ? *)", 31), ("cron(0 3 ? * 2#1 *)", 3), ("cron(0 3 15W * ? *)", 14)),
)
def test_days_of_a_month_are_counted_as_eventbridge_does(expression: str, day: int) -> None:
    """The last, the first Monday, the working day nearest to the 15th, in August 2026."""
    assert day == coming(expression, JOHANNESBURG, datetime(2026, 8, 1, tzinfo=UTC), 1)[0].day


@pytest.mark.parametrize("expression", ("rate(1 day)", "cron(0 25 * * ? *)", "cron(0 3 * * ? 2020)", "soon"))
def test_what_has_no_timetable_is_refused(expression: str) -> None:
    """With the reason."""
    with pytest.raises(ValueError, match=r"\(|soon"):
        coming(expression, JOHANNESBURG, datetime(2026, 8, 1, tzinfo=UTC), 1)


NOON = datetime(2026, 8, 15, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("expression", "expected"),
    (
        pytest.param("cron(0 3 * * ? *)", datetime(2026, 8, 15, 1, 0, tzinfo=UTC), id="this morning"),
        pytest.param("cron(0 14 * * ? *)", NOON, id="this very moment"),
        pytest.param("cron(1 14 * * ? *)", datetime(2026, 8, 14, 12, 1, tzinfo=UTC), id="yesterday"),
        pytest.param("cron(0,30 1-3 * * ? *)", datetime(2026, 8, 15, 1, 30, tzinfo=UTC), id="the latest of several"),
        pytest.param("cron(0 3 29 2 ? *)", datetime(2024, 2, 29, 1, 0, tzinfo=UTC), id="the last leap day"),
        pytest.param("cron(0 3 L * ? 2019)", datetime(2019, 12, 31, 1, 0, tzinfo=UTC), id="years that are over"),
        pytest.param("cron(0 3 * * ? 2030)", None, id="years that are to come"),
        pytest.param("rate(6 hours)", NOON - timedelta(hours=6), id="a rate, whose phase nobody knows"),
        pytest.param("rate(1 minute)", NOON - timedelta(minutes=1), id="every minute"),
        pytest.param("at(2026-08-15T14:00:00)", NOON, id="once, now"),
        pytest.param("at(2026-08-15T14:00:01)", None, id="once, a second later"),
    ),
)
def test_what_was_due_last(expression: str, expected: datetime | None) -> None:
    """By the clock of the place; None when there was nothing yet."""
    assert expected == due(expression, JOHANNESBURG, NOON)


@pytest.mark.parametrize("expression", ("rate(0 days)", "cron(0 25 * * ? *)", "cron(0 3)", "at(noon)", "whenever", ""))
def test_what_means_nothing_is_never_due(expression: str) -> None:
    """And nobody guesses."""
    with pytest.raises(ValueError, match=r"rate|cron|hours|such"):
        due(expression, JOHANNESBURG, NOON)


@settings(deadline=None)
@given(st.timedeltas(timedelta(0), timedelta(days=1_500)))
def test_what_is_coming_was_due_once_it_has_come(later: timedelta) -> None:
    """The two ways along the same timetable agree, over leap days and summer times."""
    moment = datetime(2025, 1, 1, tzinfo=UTC) + later
    for expression in ("cron(15 2 * * ? *)", "cron(0 3 ? * 2#1 *)", "cron(0/20 8-9 L * ? *)", "cron(30 1 * * ? *)"):
        (following,) = coming(expression, LONDON, moment, 1)
        last = due(expression, LONDON, following - timedelta(microseconds=1))

        assert following == due(expression, LONDON, following)
        assert last is None or last <= moment < following
