"""The page of benchmarks: what is measured replaces what was, and a goal that is missed is said."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
import types
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from tools import bench
from tools.bench import Row, placed, table
from tools.bench_plot import KEPT, LEFT, MISSED, MOST, NAMESPACE, RIGHT, WIDTH, as_svg, told

PAGE = "# Performance\n\nWords.\n"


def test_a_table_takes_the_place_of_the_one_before() -> None:
    """Measured twice, the page has one table of it; another section stays as it is."""
    once = placed(placed(PAGE, "Ours", "| 1 |\n"), "Theirs", "| 2 |\n")
    twice = placed(once, "Ours", "| 3 |\n")

    assert ("| 1 |" in once, "| 1 |" in twice, "| 3 |" in twice, "| 2 |" in twice) == (True, False, True, True)
    assert (1, 1) == (twice.count("## Ours"), twice.count("## Theirs"))


@pytest.mark.parametrize(
    ("ratio", "goal", "missed"), ((1.15, 1.15, False), (1.151, 1.15, True), (None, None, False), (9.0, None, False))
)
def test_a_goal_is_missed_above_it(ratio: float | None, goal: float | None, missed: bool) -> None:  # noqa: FBT001 - a parameter
    """Exactly the goal is kept; what has none cannot be missed."""
    row = Row(name="x", figure="y", ratio=ratio, goal=goal)

    assert missed == row.missed
    assert missed == ("missed" in table([row]))


@pytest.mark.parametrize(("ratio", "code"), ((1.0, 0), (2.0, 1)))
def test_a_missed_goal_is_the_exit_code(
    ratio: float, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """And named on the standard error; the page has the figure either way."""
    page = tmp_path / "performance.md"
    page.write_text(PAGE)
    measured = [Row(name="thing", figure="1 µs", ratio=ratio, goal=1.5)]
    module = types.SimpleNamespace(SECTION="Ours", measure=lambda: measured)
    monkeypatch.setattr(bench, "PAGE", page)
    monkeypatch.setattr("tools.bench.importlib.import_module", lambda _name: module)
    monkeypatch.delenv("BENCH", raising=False)

    assert code == bench.main(["ours"])
    assert (f"{ratio:.2f}" in page.read_text(), bool(code)) == (True, "thing" in capsys.readouterr().err)


def test_a_short_run_is_shown_and_neither_kept_nor_judged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It says that the benchmark works; its figures are of too little to stand on the page or to fail."""
    page = tmp_path / "performance.md"
    page.write_text(PAGE)
    measured = [Row(name="thing", figure="1 µs", ratio=2.0, goal=1.5)]
    module = types.SimpleNamespace(SECTION="Ours", measure=lambda: measured)
    monkeypatch.setattr(bench, "PAGE", page)
    monkeypatch.setattr("tools.bench.importlib.import_module", lambda _name: module)
    monkeypatch.setenv("BENCH", "short")

    assert 0 == bench.main(["ours"])
    assert (PAGE, True) == (page.read_text(), "2.00" in capsys.readouterr().out)


def test_a_bar_is_as_long_as_the_share_of_its_goal() -> None:
    """The goal has one place, what is beyond it another colour, and a figure far beyond it a bar that ends."""
    rows = (
        Row(name="half", figure="", ratio=1.0, goal=2.0),
        Row(name="twice as good", figure="", ratio=20.0, goal=10.0, least=True),
        Row(name="missed", figure="", ratio=100.0, goal=1.0),
        Row(name="no goal", figure="", ratio=1.0),
        Row(name="none allowed", figure="", ratio=0.0, goal=0.0),
    )
    drawn = ET.fromstring(as_svg("A <section>", rows))
    bars = [(float(each.attrib["width"]), each.attrib["fill"]) for each in drawn.iter(f"{{{NAMESPACE}}}rect")]
    goal = float(next(drawn.iter(f"{{{NAMESPACE}}}line")).attrib["x1"]) - LEFT

    assert [(goal / 2, KEPT), (goal / 2, KEPT), (goal * MOST, MISSED)] == bars
    assert "half: 50 % of the goal; twice as good: 50 % of the goal; missed: 10000 % of the goal" == told(rows)
    assert "A <section>: each figure as a share of what it may be" == drawn[0].text


def test_a_picture_stays_inside_its_frame() -> None:
    """The number beside the longest bar is not cut off, nor is a long name."""
    rows = [Row(name="x" * 200, figure="", ratio=10.0, goal=1.0)]

    assert LEFT + (WIDTH - LEFT - RIGHT) + 40 <= WIDTH
    assert "x" * 71 + "…" in as_svg("t", rows)


def test_the_page_shows_the_picture_of_what_was_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is written beside the page, under the section's name."""
    page = tmp_path / "performance.md"
    page.write_text(PAGE)
    monkeypatch.setattr(bench, "PAGE", page)

    bench.keep("A verify", [Row(name="thing", figure="1 µs", ratio=1.0, goal=1.5)], "| 1 |\n")

    assert "(images/bench-a-verify.svg)" in page.read_text()
    assert (tmp_path / "images" / "bench-a-verify.svg").read_text().startswith("<svg")


_STAGE = """
import multiprocessing, pathlib, sys, time, trustme
from tools import bench_network, bench_replay
leaf = pathlib.Path(sys.argv[1]) / "leaf.pem"
trustme.CA().issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(leaf)
with bench_replay.replaying(bench_replay.Scene(bench_replay.Tape(), leaf, {})) as replayed:
    with bench_network.delayed(tcp=(replayed.port,), udp=(), round_trip_s=0.01):
        print(*(each.pid for each in multiprocessing.active_children()), flush=True)
        time.sleep(60)
"""


def test_what_a_benchmark_serves_ends_with_it_however_it_ends(tmp_path: Path) -> None:
    """Nobody is left to end the servers of one that was killed."""
    with subprocess.Popen(
        [sys.executable, "-c", _STAGE, str(tmp_path)], stdout=subprocess.PIPE, text=True, cwd=bench.PAGE.parents[1]
    ) as stage:
        assert stage.stdout is not None
        serving = [int(each) for each in stage.stdout.readline().split()]
        seen = [each for each in serving if _runs(each)]
        stage.send_signal(signal.SIGKILL)

    assert (2, serving) == (len(serving), seen)
    limit = time.monotonic() + 20
    while any(_runs(each) for each in serving) and time.monotonic() < limit:
        time.sleep(0.02)
    assert [] == [each for each in serving if _runs(each)]


def _runs(pid: int) -> bool:
    """Whether that process is there and not a corpse that nobody has buried."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text("ascii")
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"
