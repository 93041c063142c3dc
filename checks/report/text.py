"""For a person at a terminal or in a log: the verdict last, the roots with what to do, the rest in one line a room."""

from __future__ import annotations

import textwrap
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from checks import __version__
from checks.model import Result, Status
from checks.nights.cost import in_words
from checks.report.json import VERDICTS, owner_of
from checks.run import Run, counts, exit_code
from checks.wording import span

_MARKS: dict[str, str] = {"fail": "FAIL", "unknown": "UNKNOWN", "not_yet": "NOT YET", "blocked": "BLOCKED"}
_COLOURS: dict[str, str] = {
    "fail": "31;1",
    "warning": "33;1",
    "unknown": "35;1",
    "not_yet": "36;1",
    "ok": "32;1",
    "dim": "2",
}
_ORDER: tuple[Status, ...] = ("fail", "unknown", "not_yet")
MEANINGS = {
    0: "kept: every critical promise was seen to hold",
    1: "broken: a critical promise does not hold",
    2: "unseen: a critical promise could not be decided",
    3: "void: this run proves nothing",
    130: "interrupted: what was seen until then is above",
}
_MOST_NAMES = 6
# A screen is for reading; the run document holds the rest.
_LONGEST = 800


def as_text(run: Run, *, width: int = 100, colour: bool = False) -> str:
    """The whole report of a run, ending in a newline."""
    paint = _Painter(colour)
    parts = [_heading(run, width), _rooms(run.results, paint)]
    parts += [_story(each, run, width, paint) for each in _roots(run.results)]
    parts += [_waived(run.results, width), _controls(run, width, paint), _beyond(run, width)]
    parts += [_void(run, width, paint), _foot(run, paint)]
    return "\n".join(part for part in parts if part) + "\n"


def _heading(run: Run, width: int) -> str:
    plan = run.plan
    where = " · ".join(filter(None, (f"account {plan.account}" if plan.account else "", ", ".join(plan.regions))))
    selected = "" if run.terms.selection is None else f", only {' '.join(run.terms.selection)}"
    notes = "".join(f"\n{_wrapped('note: ', each, width)}" for each in run.terms.notes)
    return (
        f"checks {__version__} · target {plan.target} · {where}\n"
        f"plan {plan.digest[:12]} ({len(plan.checks)} checks, {plan.source}{plain(selected)}){notes}\n"
    )


def _rooms(results: Sequence[Result], paint: _Painter) -> str:
    rooms: dict[str, Counter[str]] = defaultdict(Counter)
    for each in results:
        rooms[each.check.family][_kind(each)] += 1
    wide = max((len(name) for name in rooms), default=0)
    lines = []
    for name, many in rooms.items():
        told = [f"{many['pass']:>3} pass"]
        told += [paint(f"{number} {kind.replace('_', ' ')}", kind) for kind, number in many.items() if kind != "pass"]
        lines.append(f"  {name:<{wide}}  {'  '.join(told)}")
    return "\n".join(lines) + "\n" if lines else ""


def _kind(result: Result) -> str:
    if result.recovered:
        return "recovered"
    return "warning" if result.status == "fail" and result.check.severity == "warning" else result.status


def _roots(results: Sequence[Result]) -> list[Result]:
    """What a person must read: everything that is not a pass, not explained by another, and not waived."""
    open_ = [each for each in results if each.status in _ORDER and each.waiver is None]
    return sorted(open_, key=lambda each: (each.check.severity != "critical", _ORDER.index(each.status)))


def _story(root: Result, run: Run, width: int, paint: _Painter) -> str:
    results, owner = run.results, owner_of(root.name, run.terms.owners)
    behind = [each for each in results if each.blocked_by == root.name]
    warning = root.status == "fail" and root.check.severity == "warning"
    mark = "WARNING" if warning else _MARKS[root.status]
    lines = [f"{paint(mark, 'warning' if warning else root.status)}  {plain(root.name)}"]
    rows = [
        ("promise", root.check.promise.says),
        ("expected", root.expected),
        ("actual", root.actual),
        ("do", root.remedy),
        ("attempts", _attempts(root)),
        ("settling", _settling(root)),
        ("owner", owner),
        ("silenced", run.terms.quiet),
        ("explains", _names(behind)),
    ]
    lines += [_row(label, text, width) for label, text in rows if text]
    return "\n".join(lines) + "\n"


def _attempts(result: Result) -> str:
    return "" if len(result.attempts) < 2 else ", ".join(each.status for each in result.attempts)  # noqa: PLR2004 - several


def _settling(result: Result) -> str:
    """What was waited for, and how long."""
    pending = result.pending
    if pending is None:
        return ""
    limit = f", which may take {span(pending.within)}" if pending.within else ""
    return f"for {span(pending.waited)}{limit}" + (f" ({pending.signal})" if pending.signal else "")


def _names(results: Sequence[Result]) -> str:
    if not results:
        return ""
    shown = ", ".join(each.name for each in results[:_MOST_NAMES])
    more = f" and {len(results) - _MOST_NAMES} more" if len(results) > _MOST_NAMES else ""
    return f"{len(results)} blocked: {shown}{more}"


def _row(label: str, text: str, width: int) -> str:
    return _wrapped(f"  {label:<9}", text, width)


def _wrapped(start: str, text: str, width: int) -> str:
    """*text* behind *start*, broken into lines of *width* that are indented as far."""
    # Names and commands are copied from here, so they are not broken at a hyphen.
    room = max(width - len(start), 20)
    lines = textwrap.wrap(_shortened(plain(text)), room, break_on_hyphens=False) or [""]
    return start + f"\n{' ' * len(start)}".join(lines)


def _shortened(text: str) -> str:
    more = len(text) - _LONGEST
    return text if more <= 0 else f"{text[:_LONGEST]} … and {more} characters more in the run document"


def _waived(results: Sequence[Result], width: int) -> str:
    lines = [
        _row(
            "waived",
            f"{each.name}: {each.waiver.reason} ({each.waiver.owner}, until {each.waiver.expires:%Y-%m-%d})",
            width,
        )
        for each in results
        if each.waiver is not None and each.blocked_by is None
    ]
    return "\n".join(lines) + "\n" if lines else ""


def _controls(run: Run, width: int, paint: _Painter) -> str:
    held = sum(each.status == "held" for each in run.controls)
    lines = [f"controls  {held} of {len(run.controls)} held"]
    for each in run.controls:
        if each.status != "held":
            kind = "fail" if each.status == "wrong" else "unknown"
            lines.append(_row(each.status, f"{each.name}: expected {each.expected}; {each.actual}", width))
            lines[-1] = lines[-1].replace(each.status, paint(each.status, kind), 1)
    return "\n".join(lines)


def _beyond(run: Run, width: int) -> str:
    """What the plan holds and this place cannot see, by what it lacks; the first few by name."""
    lacking: dict[str, list[str]] = defaultdict(list)
    for each in run.terms.beyond:
        lacking[each.needs].append(each.check)
    return "\n".join(_wrapped("not from here  ", _needing(needs, names), width) for needs, names in lacking.items())


def _needing(needs: str, names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return f"without {needs}: {', '.join(names[:_MOST_NAMES])}{more}"


def _void(run: Run, width: int, paint: _Painter) -> str:
    return "\n".join(paint(_row("void", each, width), "fail") for each in run.void)


def _foot(run: Run, paint: _Painter) -> str:
    many = counts(run.results)
    told = " · ".join(f"{number} {name.replace('_', ' ')}" for name, number in many.items())
    seconds = (run.finished - run.started).total_seconds()
    code = exit_code(run)
    verdict = paint(
        MEANINGS[code], "ok" if code == 0 else "fail" if VERDICTS[code] in {"broken", "void"} else "unknown"
    )
    took = ", ".join(filter(None, (f"{seconds:.1f} s", f"{run.aws_calls} AWS calls", in_words(run.cost))))
    return f"results   {told}\ntook      {took}\nverdict   {verdict} (exit {code})"


def plain(text: str) -> str:
    """The text without anything that a terminal would obey."""
    return "".join(each if each.isprintable() else " " if each in "\n\t" else f"\\u{ord(each):04x}" for each in text)


@dataclass(frozen=True, slots=True)
class _Painter:
    colour: bool

    def __call__(self, text: str, kind: str) -> str:
        code = _COLOURS.get(kind)
        return f"\x1b[{code}m{text}\x1b[0m" if self.colour and code else text
