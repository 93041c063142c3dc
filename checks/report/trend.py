"""Nights in one page: a calendar, what comes and goes, what is slow, and how much is left of what runs out."""

from __future__ import annotations

import base64
import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from importlib.resources import files as resources

from checks.nights.record import Record
from checks.nights.silence import Recency
from checks.report.page.markup import Inside, Markup, element, single

# As grave as it gets: of several runs of a night the gravest is shown.
_GRAVITY = ("kept", "unseen", "partial", "void", "broken")
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MOST = 10
_MOST_RUNS = 60
_WIDE, _HIGH, _LEFT, _LOW = 420, 150, 44, 22
# The thresholds of the catalogue, as lines to compare with.
_CERTIFICATE_DAYS, _BACKUP_HOURS = 7, 26


def as_html(records: Sequence[Record], *, target: str, now: datetime, nights: int, recency: Recency) -> str:
    """The page of these *records*, the newest first; it asks nobody for anything."""
    whole = [each for each in records if not each.selected]
    told = (_calendar(whole, now.date(), nights), _margins(whole), _flaky(whole), _slow(whole), _runs(whole))
    body = element("body", _head(target, whole, recency), element("main", *told))
    return f"<!doctype html>\n{element('html', _title(target), body, lang='en').html}\n"


def word(kept: Record) -> str:
    """What a run counts as in the calendar: its verdict, or ``partial``."""
    return kept.verdict if kept.whole else "partial"


def flakiest(records: Sequence[Record]) -> list[tuple[str, int, int]]:
    """Names with how often they recovered and how often they were a root, those that come and go most first."""
    recovered = Counter(name for each in records for name in each.recovered)
    roots = Counter(name for each in records for name in each.roots)
    # What is broken in every run is broken, and no flake.
    going = {name: many for name, many in roots.items() if many < len(records)}
    names = sorted({*recovered, *going}, key=lambda name: (-recovered[name] - going.get(name, 0), name))
    return [(name, recovered[name], going.get(name, 0)) for name in names]


def slowest(records: Sequence[Record]) -> list[tuple[str, float, float]]:
    """Names with the mean and the most of their seconds, over the runs in which they were among the slowest."""
    seen: dict[str, list[float]] = defaultdict(list)
    for each in records:
        for name, seconds in each.slowest:
            seen[name].append(seconds)
    told = [(name, sum(each) / len(each), max(each)) for name, each in seen.items()]
    return sorted(told, key=lambda each: (-each[2], each[0]))


def _title(target: str) -> Markup:
    style = _style()
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    return element(
        "head",
        single("meta", charset="utf-8"),
        single("meta", http_equiv="Content-Security-Policy", content=policy),
        single("meta", name="viewport", content="width=device-width, initial-scale=1"),
        single("meta", name="color-scheme", content="light dark"),
        single("meta", name="referrer", content="no-referrer"),
        element("title", f"Nights of {target}"),
        Markup(f"<style>{style}</style>"),
    )


def _style() -> str:
    return (resources("checks.report") / "trend.css").read_text(encoding="utf-8")


def _head(target: str, records: Sequence[Record], recency: Recency) -> Markup:
    last = records[0] if records else None
    told = element("span", word(last), class_=f"word {word(last)}") if last else "no run yet"
    dead = "The dead man is content" if recency.holds else "The dead man is not content"
    return element(
        "header",
        element("p", f"nights of {target}", class_="soft"),
        element("h1", "Last run: ", told),
        element("p", f"{dead}: {recency.says}."),
    )


def _calendar(records: Sequence[Record], today: date, nights: int) -> Markup:
    by_day: dict[date, list[Record]] = defaultdict(list)
    for each in records:
        by_day[each.started.date()].append(each)
    first = today - timedelta(days=nights - 1)
    monday = first - timedelta(days=first.weekday())
    weeks = [monday + timedelta(weeks=number) for number in range((today - monday).days // 7 + 1)]
    head = element("tr", element("th", ""), *(element("th", _month(week, weeks), scope="col") for week in weeks))
    lines = [
        element(
            "tr",
            element("th", name, scope="row"),
            *(_day(week + timedelta(days=at), first, today, by_day) for week in weeks),
        )
        for at, name in enumerate(_DAYS)
    ]
    legend = [element("span", each, class_=each) for each in _GRAVITY] + [element("span", "no run", class_="none")]
    table = element("table", element("thead", head), element("tbody", *lines), class_="nights")
    return _section("Nights", element("p", *legend, class_="legend"), element("div", table, class_="scroll"))


def _month(week: date, weeks: Sequence[date]) -> str:
    return f"{week:%b}" if week == weeks[0] or week.day <= 7 else ""  # noqa: PLR2004 - the first week of a month


def _day(day: date, first: date, today: date, by_day: dict[date, list[Record]]) -> Markup:
    if not first <= day <= today:
        return element("td", "")
    runs = by_day.get(day, [])
    worst = max((word(each) for each in runs), key=_gravity, default="none")
    roots = sorted({name for each in runs for name in each.roots})
    said = f"{day}: {len(runs)} runs, {worst if runs else 'none'}" + (f"; {', '.join(roots[:5])}" if roots else "")
    return element("td", element("span", str(day.day), class_=f"night {worst}", title=said))


def _gravity(name: str) -> int:
    return _GRAVITY.index(name) if name in _GRAVITY else len(_GRAVITY)


def _margins(records: Sequence[Record]) -> Markup:
    charts = [
        _chart(records, "certificate_days", "Days left of the certificate that ends first", "d", _CERTIFICATE_DAYS),
        _chart(records, "backup_hours", "Hours since the oldest of the newest backups", "h", _BACKUP_HOURS),
        _course(records, lambda each: each.seconds, "Seconds of a run", "s"),
        _course(records, lambda each: float(each.aws_calls), "AWS calls of a run", ""),
    ]
    return _section("What is left, and what it took", element("div", *charts, class_="charts"))


def _chart(records: Sequence[Record], key: str, title: str, unit: str, limit: float) -> Markup:
    known = [each for each in records if key in each.margins]
    return _course(known, lambda each: each.margins[key], title, unit, limit=limit)


def _course(
    records: Sequence[Record], value: Callable[[Record], float], title: str, unit: str, *, limit: float | None = None
) -> Markup:
    """One line over time, from 0 to the most, with the limit where there is one."""
    told = [(each.started, value(each)) for each in reversed(records) if each.whole]
    if not told:
        return element("figure", element("figcaption", f"{title}: nothing was seen yet"))
    since, until = told[0][0], told[-1][0]
    most = max(*(each for _, each in told), limit or 0, 1e-9) * 1.1
    wide = max((until - since).total_seconds(), 1)

    def place(when: datetime, much: float) -> tuple[float, float]:
        across = (when - since).total_seconds() / wide if len(told) > 1 else 1.0
        return round(_LEFT + across * (_WIDE - _LEFT - 8), 1), round(
            _HIGH - _LOW - much / most * (_HIGH - _LOW - 12), 1
        )

    points = [place(when, much) for when, much in told]
    drawn: list[Inside] = [
        element("line", x1=_LEFT, y1=_HIGH - _LOW, x2=_WIDE, y2=_HIGH - _LOW, class_="axis"),
        element("text", f"{most / 1.1:.4g} {unit}", x=_LEFT - 4, y=16, text_anchor="end"),
        element("text", f"0 {unit}", x=_LEFT - 4, y=_HIGH - _LOW, text_anchor="end"),
        element("text", f"{since:%d %b}", x=_LEFT, y=_HIGH - 6),
        element("text", f"{until:%d %b}", x=_WIDE - 8, y=_HIGH - 6, text_anchor="end"),
        element("polyline", points=" ".join(f"{x},{y}" for x, y in points), class_="course"),
        *(element("circle", cx=str(x), cy=str(y), r=2, class_="point") for x, y in points),
    ]
    if limit is not None:
        _, y = place(since, limit)
        drawn.append(element("line", x1=_LEFT, y1=str(y), x2=_WIDE, y2=str(y), class_="limit"))
    last = f"{title}: {told[-1][1]:.4g} {unit}".strip()
    shown = element("svg", *drawn, viewBox=f"0 0 {_WIDE} {_HIGH}", role="img", aria_label=last)
    return element("figure", element("figcaption", last + (f" (limit {limit:g} {unit})" if limit else "")), shown)


def _flaky(records: Sequence[Record]) -> Markup:
    rows = [(name, str(back), str(root)) for name, back, root in flakiest(records)[:_MOST]]
    if not rows:
        return _section(
            "Comes and goes", element("p", "Nothing recovered, and nothing was broken for a part of the time.")
        )
    return _section("Comes and goes", _table(("Check", "Recovered in runs", "Root in runs"), rows, numbers=(1, 2)))


def _slow(records: Sequence[Record]) -> Markup:
    rows = [(name, f"{mean:.2f}", f"{most:.2f}") for name, mean, most in slowest(records)[:_MOST]]
    return _section("Slowest", _table(("Check", "Mean, s", "Most, s"), rows, numbers=(1, 2)))


def _runs(records: Sequence[Record]) -> Markup:
    rows = [
        (
            f"{each.started:%Y-%m-%d %H:%M}",
            element("span", word(each), class_=f"word {word(each)}"),
            each.release[:12],
            f"{each.counts.get('pass', 0)} of {each.planned}",
            f"{each.seconds:.1f}",
            str(each.aws_calls),
            f"{each.cost_usd:.6f}",
            ", ".join(each.roots[:3]) or each.void[:160],
        )
        for each in records[:_MOST_RUNS]
    ]
    columns = ("Started, UTC", "Verdict", "Release", "Passed", "Seconds", "AWS calls", "USD", "Roots")
    spent = f"{len(records)} runs, {sum(each.cost_usd for each in records):.4f} USD together."
    return _section("Runs", element("p", spent), _table(columns, rows, numbers=(3, 4, 5, 6)))


def _table(columns: Sequence[str], rows: Sequence[Sequence[Inside]], *, numbers: Sequence[int]) -> Markup:
    def kind(at: int) -> str:
        if at in numbers:
            return "number"
        # Times, words and releases are short, and look odd on two lines.
        return "when" if at < numbers[0] and len(columns) > len(numbers) + 1 else "text"

    head = element("tr", *(element("th", name, scope="col", class_=kind(at)) for at, name in enumerate(columns)))
    lines = [element("tr", *(element("td", each, class_=kind(at)) for at, each in enumerate(row))) for row in rows]
    return element(
        "div", element("table", element("thead", head), element("tbody", *lines), class_="rows"), class_="scroll"
    )


def _section(title: str, *inside: Inside) -> Markup:
    return element("section", element("h2", title), *inside)
