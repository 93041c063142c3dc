"""How far a run is: a display on a terminal, whole lines in a log, and no escape where nobody watches."""

from __future__ import annotations

import sys
from datetime import timedelta
from io import StringIO

import pytest

from checks.report.progress import watching
from checks.run import Progress
from checks.settling import Pending, Settling
from tests.report.conftest import HOSTILE, of_everything
from tests.runs import SmallWorld, a_check, a_run, settling


class Terminal(StringIO):
    """A place that somebody watches."""

    def isatty(self) -> bool:
        """Somebody does."""
        return True


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without rich."""
    for name in ("rich", "rich.console", "rich.live"):
        monkeypatch.setitem(sys.modules, name, None)


def pending(name: str, seconds: int, *, within: timedelta | None = None, signal: str = "") -> Pending:
    """Something that is waited for since so many seconds."""
    return Pending(check=name, signal=signal, waited=timedelta(seconds=seconds), within=within)


@pytest.mark.usefixtures("bare")
def test_without_rich_progress_is_one_line() -> None:
    """The line says how far it is and for whom it waits, and is taken away at the end."""
    out = Terminal()
    watch = watching(out, 3)
    results = of_everything().results
    watch(Progress(result=results[0], left=(f"tls.{HOSTILE}", "b")))
    watch(Progress(result=results[1], left=()))
    watch(Progress(result=None, left=("tls.expiry[x]",)))
    watch(Progress(result=None, left=(), settling=(pending("a.b[c]", 61), pending("d.e[f]", 4))))
    watch.done()

    drawn = out.getvalue().split("\r\x1b[K")
    assert drawn[1].startswith("1/3 looked at · waiting for tls.\\u001b")
    assert [
        "2/3 looked at · 1 fail",
        "2/3 looked at · 1 fail · waiting for tls.expiry[x]",
        "2/3 looked at · 1 fail · still settling: a.b[c], 1 min 1 s",
        "",
    ] == drawn[2:]
    assert max(map(len, drawn)) <= 100


def test_a_terminal_sees_everything_that_is_waited_for() -> None:
    """For how long, of how long, and for which signal; the longest first, and nothing that a terminal would obey."""
    out = Terminal()
    watch = watching(out, 12)
    told = tuple(pending(f"cdn.deployed[{at}]", at, within=timedelta(minutes=20), signal="Status") for at in range(12))
    watch(Progress(result=None, left=(), settling=(*told, pending(f"tls.{HOSTILE[:20]}", 90))))
    watch.done()

    shown = out.getvalue()
    assert "still settling: tls.\\u001b[31m" in shown
    assert "still settling: cdn.deployed[11], 11 s of 20 min (Status)" in shown
    assert "still settling: 5 more" in shown
    assert shown.index("deployed[11]") < shown.index("deployed[10]")
    assert "\x1b[31m" not in shown
    assert "\x1b]0;" not in shown


def test_into_a_pipe_go_whole_lines_and_no_escape() -> None:
    """When waiting begins, and then no more than two a minute."""
    out = StringIO()
    watch = watching(out, 2)
    for second in range(0, 61, 3):
        watch(Progress(result=None, left=("x",), settling=(pending("a.b[\x1b[31m]", second),)))
    watch.done()

    assert [
        "still settling: a.b[\\u001b[31m], 0 s",
        "still settling: a.b[\\u001b[31m], 30 s",
        "still settling: a.b[\\u001b[31m], 1 min",
    ] == out.getvalue().splitlines()


def test_a_run_that_waits_for_nothing_leaves_a_pipe_empty() -> None:
    """Its report is enough."""
    out = StringIO()
    watch = watching(out, 2)
    a_run(a_check("tables.a[x]"), a_check("tables.b[x]"), world=SmallWorld(), watch=watch)
    watch.done()

    assert "" == out.getvalue()


def test_more_than_a_log_wants_to_see_is_counted() -> None:
    """Eight by name."""
    out = StringIO()
    watch = watching(out, 20)
    watch(Progress(result=None, left=(), settling=tuple(pending(f"a.b[{at}]", at) for at in range(10))))

    assert 9 == len(out.getvalue().splitlines())
    assert out.getvalue().endswith("still settling: 2 more\n")


@pytest.mark.usefixtures("bare")
def test_progress_is_told_while_running() -> None:
    """Every result once, as it comes in."""
    out = Terminal()
    run = a_run(a_check("tables.a[x]"), a_check("tables.b[x]"), world=SmallWorld(), watch=watching(out, 2))

    assert 2 == len(run.results)
    assert "2/2 looked at" in out.getvalue()


def test_waiting_is_told_while_waiting() -> None:
    """From the run itself, with its own clock."""
    out = StringIO()
    signal = (Settling(check="tables.*", signal="TableStatus", within=timedelta(seconds=40)),)
    a_run(a_check(judge=settling), wait=timedelta(minutes=5), settling=signal, watch=watching(out, 1))

    lines = out.getvalue().splitlines()
    assert "still settling: tables.present[Users], 0 s of 40 s (TableStatus)" == lines[0]
    assert 2 == len(lines)
