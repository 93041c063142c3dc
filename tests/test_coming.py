"""When a schedule fires next, by the clock of its place."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from checks.timetable import coming
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
