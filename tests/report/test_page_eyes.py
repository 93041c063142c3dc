"""The page in a browser: axe finds nothing, nothing is asked of anybody, and it can be used without a mouse."""

from __future__ import annotations

import html as markup
import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from checks.coverage import Coverage, coverage
from checks.report import html
from checks.report.json import document
from checks.run import Run
from tests.report.conftest import of_everything
from tests.runs import a_check, a_control, a_run, broken
from tests.stacks import arn, resource, target

pytestmark = pytest.mark.eyes

ROOT = Path(__file__).parents[2]
AXE = ROOT / ".venv" / "node_modules" / "axe-core" / "axe.min.js"
WIDTHS = (375, 1400)
# What the page says by itself once everything has run, as JSON in an element that no page has.
PROBE = """
(async () => {
  const told = {};
  const axe = await window.axe.run(document, { resultTypes: ["violations", "incomplete"] });
  told.violations = axe.violations.map((each) => [each.id, each.help, each.nodes.map((node) => node.html)]);
  told.rules = axe.passes.length;
  told.overflow = document.documentElement.scrollWidth - document.documentElement.clientWidth;
  told.resources = performance.getEntriesByType("resource").map((each) => each.name);
  const stops = [...document.querySelectorAll("a[href], summary, input, select, [tabindex='0']")];
  const shown = stops.filter((each) => each.checkVisibility());
  told.stops = shown.length;
  const refuses = (each) => { each.focus(); return document.activeElement !== each; };
  told.unreached = shown.filter(refuses).map((each) => each.outerHTML);
  told.drawing = [...document.querySelectorAll("svg.topology text")].filter((each) => each.checkVisibility()).length;
  const found = document.createElement("output");
  found.id = "told";
  found.textContent = JSON.stringify(told);
  document.body.append(found);
})();
"""


def proven() -> Coverage:
    """Some of each: verified, waived, not verified; a hop that holds and one that does not."""
    function = resource("Lambda::Function", "Main/Work/Handler", "handler-1")
    handler = arn("lambda", "function:handler-1")
    resources = (
        function,
        resource("DynamoDB::Table", "Users", "users-1"),
        resource(
            "Events::Rule", "Main/Daily", Targets=[{"Arn": handler, "DeadLetterConfig": {"Arn": arn("sqs", "q")}}]
        ),
        resource("SNS::Topic", "Main/Told", arn("sns", "told-1")),
        *(resource("CloudWatch::Alarm", f"Main/Alarm{at}", AlarmActions=[arn("sns", "told-1")]) for at in range(9)),
        resource("Made::Up", "Main/Strange"),
    )
    checks = [a_check(), a_check("schedules.targets[Main/Daily]")]
    about = {"tables.present[Users]": "Users", "schedules.targets[Main/Daily]": "MainDaily"}
    return coverage([_covering(each, about[each.name]) for each in checks], target(*resources))


def _covering(check: Any, logical_id: str) -> Any:  # noqa: ANN401 - a check, and the same one
    from dataclasses import replace

    return replace(check, place=replace(check.place, stack="", covers=(logical_id,)))


RUNS: dict[str, Callable[[], Run]] = {
    "kept": lambda: a_run(a_check(), coverage=proven()),
    "of everything": lambda: of_everything(
        a_check("schedules.targets[Main/Daily]", judge=broken),
        controls=(a_control(), a_control("tls.anchor", instrument="tls", look=lambda _: (False, "refused"))),
        coverage=proven(),
        notes=("no plan was accepted yet",),
    ),
    "void": a_run,
}


def chromium() -> str:
    """The browser; without it nothing was seen, which is no pass."""
    found = next((each for each in ("chromium", "chromium-browser", "google-chrome") if shutil.which(each)), None)
    if found is None:
        pytest.fail("chromium is missing: apt-get install -y chromium", pytrace=False)
    return found


def opened(page: str, folder: Path, *, width: int, dark: bool = False) -> dict[str, Any]:
    """What the page says of itself in a browser of that width, with axe and the probe beside its own script."""
    if not AXE.exists():
        pytest.fail(f"{AXE} is missing: make clean, then make eyes", pytrace=False)
    # The page's own policy would let no script of ours run, which another test is glad of.
    with_probe = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", page)
    scripts = f"<script>{AXE.read_text(encoding='utf-8')}</script><script>{PROBE}</script>"
    (folder / "page.html").write_text(with_probe.replace("</body>", f"{scripts}</body>"), encoding="utf-8")
    dom = _dumped(folder, "page.html", width=width, dark=dark)
    found = re.search(r'<output id="told">(.*?)</output>', dom, re.DOTALL)
    assert found, dom[-2000:]
    told: dict[str, Any] = json.loads(markup.unescape(found[1]))
    return told


def _dumped(folder: Path, name: str, *, width: int, dark: bool = False, more: tuple[str, ...] = ("--dump-dom",)) -> str:
    rootly = ["--no-sandbox"] if os.geteuid() == 0 else []
    command = [
        chromium(),
        "--headless",
        "--disable-gpu",
        "--no-first-run",
        "--disable-background-networking",
        "--host-resolver-rules=MAP * ~NOTFOUND",
        f"--user-data-dir={folder / 'profile'}",
        f"--window-size={width},900",
        "--hide-scrollbars",
        "--virtual-time-budget=20000",
        *(("--blink-settings=preferredColorScheme=0",) if dark else ()),
        *rootly,
        *more,
        (folder / name).as_uri(),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert 0 == done.returncode, done.stderr
    return done.stdout


@pytest.mark.parametrize(
    ("name", "width"), (("of everything", 375), ("of everything", 1400), ("kept", 1400), ("void", 375))
)
def test_axe_finds_nothing(name: str, width: int, tmp_path: Path) -> None:
    """Names, roles, contrasts and order, for a phone and for a desk."""
    told = opened(html.as_html(document(RUNS[name]())), tmp_path, width=width)

    assert [] == told["violations"]
    assert told["rules"] > 15


def test_axe_finds_nothing_in_the_dark(tmp_path: Path) -> None:
    """The other set of colours has contrasts of its own."""
    assert [] == opened(html.as_html(document(RUNS["of everything"]())), tmp_path, width=1400, dark=True)["violations"]


def test_axe_would_find_something(tmp_path: Path) -> None:
    """The failing twin: a page with a defect of each kind is not passed."""
    page = html.as_html(document(RUNS["kept"]())).replace(' lang="en"', "").replace("<h1>", '<img src="data:,"><h1>')

    assert {"html-has-lang", "image-alt"} <= {each[0] for each in opened(page, tmp_path, width=1400)["violations"]}


@pytest.mark.parametrize("width", WIDTHS)
def test_everything_is_reached_by_keyboard_and_nothing_sticks_out(width: int, tmp_path: Path) -> None:
    """Each stop takes the focus, no line is wider than the window, and nobody is asked for anything."""
    told = opened(html.as_html(document(RUNS["of everything"]())), tmp_path, width=width)

    assert [] == told["unreached"]
    assert told["stops"] > 10
    assert told["overflow"] <= 0
    assert [] == told["resources"]


def test_the_drawing_is_for_wide_windows(tmp_path: Path) -> None:
    """A phone is told the same in words."""
    page = html.as_html(document(RUNS["of everything"]()))

    wide, narrow = (opened(page, tmp_path, width=width)["drawing"] for width in (1400, 375))
    assert (True, 0) == (wide > 5, narrow)


@pytest.mark.parametrize("width", WIDTHS)
def test_a_picture_of_the_page_can_be_taken(width: int, tmp_path: Path) -> None:
    """As it is, under its own policy: a PNG of that width."""
    html.write(RUNS["of everything"](), tmp_path / "page.html")
    picture = tmp_path / "page.png"
    _dumped(tmp_path, "page.html", width=width, more=(f"--screenshot={picture}",))

    head = picture.read_bytes()[:24]
    assert (b"\x89PNG\r\n\x1a\n", width) == (head[:8], int.from_bytes(head[16:20], "big"))
