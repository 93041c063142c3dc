from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.timetable import flaw

TODAY = date(2026, 3, 1)  # a Sunday


@pytest.mark.parametrize(
    "expression",
    (
        "cron(30 23 * * ? *)",
        "cron(0 10 ? * MON-FRI *)",
        "cron(0/10 * ? * MON-FRI *)",
        "cron(0/5 8-17 ? * mon-fri *)",
        "cron(0 18 ? * FRI-MON *)",
        "cron(0 8 1 * ? *)",
        "cron(0,30 0-2 ? * SAT,SUN *)",
        "cron(59 23 31 12 ? 2199)",
        "cron(0 0 L * ? *)",
        "cron(0 0 LW * ? *)",
        "cron(0 0 15W * ? *)",
        "cron(0 0 31W * ? *)",
        "cron(0 0 ? * 3#2 *)",
        "cron(0 0 ? * SUN#5 *)",
        "cron(0 0 ? * 6L *)",
        "cron(0 0 ? * L *)",
        "cron(0 0 29 2 ? *)",
        "cron(0 0 1 JAN-DEC/3 ? 2026-2030)",
        "cron( 0  0 1 1 ? 2027 )",
        "cron(0 0 1 3 ? 2026)",
        "rate(1 minute)",
        "rate(5 minutes)",
        "rate(1 day)",
    ),
)
@pytest.mark.parametrize("scheduler", (True, False))
def test_what_the_guide_allows_will_fire(expression: str, scheduler: bool) -> None:  # noqa: FBT001 - a column
    """Ranges, lists, steps, names, last days, nearest working days, the second Tuesday."""
    assert not flaw(expression, TODAY, scheduler=scheduler)


@pytest.mark.parametrize(
    ("expression", "told"),
    (
        ("cron(61 25 * * ? *)", "minutes: 61 is not within 0 to 59"),
        ("cron(60 0 * * ? *)", "minutes: 60"),
        ("cron(0 24 * * ? *)", "hours: 24"),
        ("cron(0 0 0 * ? *)", "day of month: 0"),
        ("cron(0 0 32 * ? *)", "day of month: 32"),
        ("cron(0 0 32W * ? *)", "day of month: 32"),
        ("cron(0 0 * 13 ? *)", "month: 13"),
        ("cron(0 0 * JANUARY ? *)", "month: JANUARY"),
        ("cron(0 0 ? * 8 *)", "day of week: 8"),
        ("cron(0 0 ? * 8L *)", "day of week: 8"),
        ("cron(0 0 ? * 3#6 *)", "occurrence: 6 is not within 1 to 5"),
        ("cron(0 0 ? * 3#1,6#3 *)", "occurrence: 1,6#3"),
        ("cron(0 0 * * ? 1969)", "year: 1969"),
        ("cron(0 0 * * ? 2200)", "year: 2200"),
        ("cron(0 0 * * * *)", "exactly one of day of month and day of week must be ?"),
        ("cron(0 0 ? * ? *)", "exactly one of"),
        ("cron(0 0 1 * MON *)", "exactly one of"),
        ("cron(0 0 * * *)", "cron takes 6 fields"),
        ("cron(? 0 * * ? *)", "minutes: ? is not"),
        ("cron(0/0 0 * * ? *)", "minutes: /0 is no step"),
        ("cron(0/x 0 * * ? *)", "minutes: /X is no step"),
        ("cron(, 0 * * ? *)", "minutes: nothing"),
        ("cron(٣ 0 * * ? *)", "minutes: ٣"),
        ("cron(0 0 * * ? 2025)", "no day is left"),
        ("cron(0 0 28 2 ? 2026)", "no day is left"),
        ("cron(0 0 30 2 ? *)", "no day is left"),
        ("cron(0 0 31W 2 ? *)", "no day is left"),
        ("cron(0 0 ? 2 1#5 2026)", "no day is left"),
        ("rate(0 minutes)", "a rate of 0"),
        ("rate(1 minutes)", "1 takes minute"),
        ("rate(2 day)", "2 takes days"),
        ("rate(5 weeks)", "it is neither"),
        ("rate(-1 days)", "it is neither"),
        ("", "it is neither cron(…) nor rate(…)"),
        ("cron(0 0 * * ? *", "it is neither"),
        ("at(2027-01-01T00:00:00)", "it is neither"),
        ("30 23 * * *", "it is neither"),
    ),
)
def test_what_will_not_fire_says_why(expression: str, told: str) -> None:
    """A range left, a question mark too many or too few, a year that is over, the thirtieth of February."""
    assert told in flaw(expression, TODAY, scheduler=False)


def test_a_scheduler_knows_moments_and_minds_no_plural() -> None:
    """EventBridge's rules do."""
    assert not flaw("at(2020-01-01T00:00:00)", TODAY, scheduler=True)
    assert not flaw("rate(1 hours)", TODAY, scheduler=True)
    assert "no such moment" in flaw("at(2026-02-30T00:00:00)", TODAY, scheduler=True)
    assert "nor at(…)" in flaw("at(tomorrow)", TODAY, scheduler=True)


@pytest.mark.parametrize(
    ("expression", "last"),
    (
        ("cron(0 0 8 3 ? 2026)", date(2026, 3, 8)),
        ("cron(0 0 ? 3 1#2 2026)", date(2026, 3, 8)),
        ("cron(0 0 ? 3 SUN 2026)", date(2026, 3, 29)),
        ("cron(0 0 ? 3 1L 2026)", date(2026, 3, 29)),
        ("cron(0 0 ? 3 L 2026)", date(2026, 3, 28)),
        ("cron(0 0 L 3 ? 2026)", date(2026, 3, 31)),
        ("cron(0 0 LW 2 ? 2026)", date(2026, 2, 27)),
        ("cron(0 0 1W 3 ? 2026)", date(2026, 3, 2)),
        ("cron(0 0 1W 8 ? 2026)", date(2026, 8, 3)),
        ("cron(0 0 7W 3 ? 2026)", date(2026, 3, 6)),
        ("cron(0 0 31W 5 ? 2026)", date(2026, 5, 29)),
        ("cron(0 0 4W 3 ? 2026)", date(2026, 3, 4)),
        ("cron(0 0 ? 3 FRI-SUN 2026)", date(2026, 3, 29)),
    ),
)
def test_the_last_day_counts_and_the_one_after_it_does_not(expression: str, last: date) -> None:
    """Each kind of day falls where a calendar has it."""
    assert not flaw(expression, last, scheduler=False)
    assert "no day is left on which it fires" == flaw(
        expression, date.fromordinal(last.toordinal() + 1), scheduler=False
    )


FIELDS = st.lists(st.text("0123456789*?/-,LW#MONJAN ", max_size=5), min_size=4, max_size=7).map(" ".join)


@given(st.text(max_size=30) | FIELDS.map("cron({})".format), st.dates())
def test_no_expression_makes_it_raise(expression: str, today: date) -> None:
    """A stranger's schedule is only a text."""
    assert isinstance(flaw(expression, today, scheduler=True), str)
