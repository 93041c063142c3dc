"""Whether a schedule expression is one, and whether it will ever fire again.

Neither emulators nor templates check that; EventBridge refuses some of it, and a year that is over not at all.

Source: EventBridge User Guide, "Setting a schedule pattern", and EventBridge Scheduler User Guide, "Schedule types".
"""

from __future__ import annotations

import calendar
import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import field
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from checks.frozen import dataclass

_RATE = re.compile(r"rate\(\s*(\d{1,9})\s+(minute|hour|day)(s?)\s*\)", re.ASCII)
_CRON = re.compile(r"cron\((.*)\)")
_AT = re.compile(r"at\((\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\)", re.ASCII)
_NEAREST = re.compile(r"(\d{1,2})W", re.ASCII)
_UNITS = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1), "day": timedelta(days=1)}
_OVER = "no day is left on which it fires"
_SUNDAY = 6  # as Python counts the days of a week, from Monday
_WEEK = 7


class _OddError(ValueError):
    """A part of an expression that means nothing; says which, and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Field:
    name: str
    low: int
    high: int
    words: Mapping[str, int] = field(default_factory=dict)


def _numbered(words: str) -> Mapping[str, int]:
    return {word: number for number, word in enumerate(words.split(), start=1)}


_MINUTES = _Field(name="minutes", low=0, high=59)
_HOURS = _Field(name="hours", low=0, high=23)
_DAY = _Field(name="day of month", low=1, high=31)
_MONTH = _Field(name="month", low=1, high=12, words=_numbered("JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC"))
_WEEKDAY = _Field(name="day of week", low=1, high=7, words=_numbered("SUN MON TUE WED THU FRI SAT"))
_YEAR = _Field(name="year", low=1970, high=2199)
_ORDER = ("minutes", "hours", "day of month", "month", "day of week", "year")

# The days of a month on which something happens, given the year and the month.
_Days = Callable[[int, int], Iterable[int]]


def flaw(expression: str, today: date, *, scheduler: bool) -> str:
    """What is wrong with *expression* from *today* on; empty when it will fire, the time of day left out.

    A *scheduler* knows ``at(…)`` as well, and does not mind ``rate(1 hours)``. A moment that has passed is no flaw of
    ``at``: it was kept.
    """
    if (rate := _RATE.fullmatch(expression)) is not None:
        return _flaw_of_rate(int(rate[1]), rate[2], plural=bool(rate[3]), scheduler=scheduler)
    if scheduler and (moment := _AT.fullmatch(expression)) is not None:
        return _flaw_of_moment(moment[1])
    if (cron := _CRON.fullmatch(expression)) is not None:
        try:
            return _flaw_of_cron(cron[1].split(), today)
        except _OddError as error:
            return str(error)
    return "it is neither cron(…) nor rate(…)" + (" nor at(…)" if scheduler else "")


def coming(expression: str, zone: ZoneInfo, after: datetime, many: int) -> tuple[datetime, ...]:
    """The next *many* moments after *after*, in UTC, at which a ``cron(…)`` fires by the wall clock of *zone*.

    An hour that the clock leaps over is no moment, one that comes twice is its first (EventBridge Scheduler User Guide,
    "Daylight saving time"). Raises ValueError for what is no cron, or means nothing.
    """
    found = _CRON.fullmatch(expression)
    if found is None or flaw(expression, after.date(), scheduler=True):
        raise ValueError(
            f"{expression}: {flaw(expression, after.date(), scheduler=True) or 'only cron has a timetable'}"
        )
    year = after.astimezone(zone).year
    moments = _moments(found[1], zone, lambda each: each >= year)
    return tuple(itertools.islice((each for each in moments if each > after), many))


def due(expression: str, zone: ZoneInfo, before: datetime) -> datetime | None:
    """The newest moment until *before*, in UTC, since when it has to have fired once; None when it never had to.

    Of a ``rate(…)`` nobody knows the phase, so that is one period earlier. Raises ValueError for what means nothing.
    """
    odd = flaw(expression, before.date(), scheduler=True)
    if (rate := _RATE.fullmatch(expression)) is not None and not odd:
        return before - int(rate[1]) * _UNITS[rate[2]]
    if (moment := _AT.fullmatch(expression)) is not None and not odd:
        once = datetime.fromisoformat(moment[1]).replace(tzinfo=zone).astimezone(UTC)
        return once if once <= before else None
    found = _CRON.fullmatch(expression)
    if found is None or (odd and odd != _OVER):
        raise ValueError(f"{expression}: {odd or 'neither cron(…) nor rate(…) nor at(…)'}")
    year = before.astimezone(zone).year
    passed = (each for each in _moments(found[1], zone, lambda each: each <= year, latest=True) if each <= before)
    return next(passed, None)


def _moments(fields: str, zone: ZoneInfo, within: Callable[[int], bool], *, latest: bool = False) -> Iterator[datetime]:
    """Every moment of a cron in the years *within*, in UTC, the *latest* or the earliest first."""
    minutes, hours, day, month, weekday, year = (part.upper() for part in fields.split())
    days = _by_weekday(weekday) if day == "?" else _by_day(day)
    times = [(hour, minute) for hour in _values(hours, _HOURS) for minute in _values(minutes, _MINUTES)]
    return (
        moment.astimezone(UTC)
        for each_year in sorted((one for one in _values(year, _YEAR) if within(one)), reverse=latest)
        for each_month in sorted(_values(month, _MONTH), reverse=latest)
        for each_day in sorted(days(each_year, each_month), reverse=latest)
        for hour, minute in sorted(times, reverse=latest)
        if _exists(moment := datetime(each_year, each_month, each_day, hour, minute, tzinfo=zone))
    )


def _exists(moment: datetime) -> bool:
    """Whether a wall clock ever shows it."""
    return moment.astimezone(UTC).astimezone(moment.tzinfo).replace(fold=0) == moment


def _flaw_of_rate(value: int, unit: str, *, plural: bool, scheduler: bool) -> str:
    if value == 0:
        return "a rate of 0"
    if plural != (value > 1) and not scheduler:
        return f"{value} takes {unit}{'s' if value > 1 else ''}"
    return ""


def _flaw_of_moment(text: str) -> str:
    try:
        datetime.fromisoformat(text)
    except ValueError as error:
        return f"no such moment: {error}"
    return ""


def _flaw_of_cron(parts: list[str], today: date) -> str:
    if len(parts) != len(_ORDER):
        return f"cron takes {len(_ORDER)} fields ({', '.join(_ORDER)}), not {len(parts)}"
    minutes, hours, day, month, weekday, year = (part.upper() for part in parts)
    _values(minutes, _MINUTES)
    _values(hours, _HOURS)
    months, years = _values(month, _MONTH), _values(year, _YEAR)
    if (day == "?") == (weekday == "?"):
        return "exactly one of day of month and day of week must be ?"
    days = _by_weekday(weekday) if day == "?" else _by_day(day)
    return "" if _fires(days, months, years, today) else _OVER


def _fires(days: _Days, months: Iterable[int], years: Iterable[int], today: date) -> bool:
    return any(
        (year, month, day) >= (today.year, today.month, today.day)
        for year in sorted(years)
        if year >= today.year
        for month in sorted(months)
        for day in days(year, month)
    )


def _values(text: str, of: _Field) -> frozenset[int]:
    """All values of one field. Raises _OddError for what is outside its range or not a number at all."""
    return frozenset(value for part in text.split(",") for value in _part(part, of))


def _part(part: str, of: _Field) -> Iterable[int]:
    span, slash, every = part.partition("/")
    step = _step(every, of) if slash else 1
    if span == "*":
        return range(of.low, of.high + 1, step)
    start, dash, end = span.partition("-")
    first = _number(start, of)
    last = _number(end, of) if dash else (of.high if slash else first)
    if first <= last:
        return range(first, last + 1, step)
    # From Friday to Monday: once round.
    return [*range(first, of.high + 1), *range(of.low, last + 1)][::step]


def _step(text: str, of: _Field) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 5 and int(text)):  # noqa: PLR2004 - four digits hold a year
        raise _OddError(f"{of.name}: /{text} is no step")
    return int(text)


def _number(text: str, of: _Field) -> int:
    if text in of.words:
        return of.words[text]
    if not (text.isascii() and text.isdecimal() and len(text) < 5 and of.low <= int(text) <= of.high):  # noqa: PLR2004 - as above
        raise _OddError(f"{of.name}: {text or 'nothing'} is not within {of.low} to {of.high}")
    return int(text)


def _by_day(text: str) -> _Days:
    if text == "L":
        return lambda year, month: (_length(year, month),)
    if text == "LW":
        return lambda year, month: (_near(year, month, _length(year, month)),)
    if (near := _NEAREST.fullmatch(text)) is not None:
        day = _number(near[1], _DAY)
        return lambda year, month: (_near(year, month, day),) if day <= _length(year, month) else ()
    wanted = _values(text, _DAY)
    return lambda year, month: (day for day in wanted if day <= _length(year, month))


def _by_weekday(text: str) -> _Days:
    name, hash_sign, count = text.partition("#")
    if hash_sign:
        weekday, which = _number(name, _WEEKDAY), _number(count, _Field(name="occurrence", low=1, high=5))
        return lambda year, month: _on(weekday, year, month)[which - 1 : which]
    if text.endswith("L") and text != "L":
        last = _number(text.removesuffix("L"), _WEEKDAY)
        return lambda year, month: _on(last, year, month)[-1:]
    wanted = frozenset({_WEEK}) if text == "L" else _values(text, _WEEKDAY)
    return lambda year, month: (day for weekday in wanted for day in _on(weekday, year, month))


def _length(year: int, month: int) -> int:
    return calendar.monthrange(year, month)[1]


def _on(weekday: int, year: int, month: int) -> list[int]:
    """The days of a month that are such a weekday; EventBridge counts from Sunday, which is 1."""
    first = (weekday - 1 + _SUNDAY - date(year, month, 1).weekday()) % _WEEK + 1
    return list(range(first, _length(year, month) + 1, _WEEK))


def _near(year: int, month: int, day: int) -> int:
    """The working day nearest to *day*, within the month."""
    weekday = date(year, month, day).weekday()
    if weekday < _SUNDAY - 1:
        return day
    if weekday == _SUNDAY:
        return day + 1 if day < _length(year, month) else day - 2
    return day - 1 if day > 1 else day + 2
