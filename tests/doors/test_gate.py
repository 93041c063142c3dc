"""The gate and the history at the command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.doors.conftest import Say
from tests.doors.scene import write_settings
from tests.nights.made import document, result

ROOT = Path(__file__).parents[2]
NO_NIGHT = ("--require-recent", "0")


@pytest.fixture
def nights(tmp_path: Path) -> Path:
    """Two run documents of the target, the last one an hour ago and broken."""
    folder = tmp_path / "nights"
    folder.mkdir()
    now = datetime.now(UTC)
    for number, status in ((2, "pass"), (1, "fail")):
        at = now - timedelta(hours=1 if number == 1 else 25)
        told = document(result("a.b[c]", status), at=at, run_id=f"night-{number}", target="here")
        (folder / f"{number}.json").write_text(json.dumps(told))
    (folder / "other.json").write_text(json.dumps(document(target="other")))
    (folder / "note.json").write_text("[]")
    return folder


@pytest.mark.parametrize(
    ("scene", "action", "code"),
    (("kept", "open", 0), ("broken", "roll back", 1), ("blind", "hold", 2), ("void", "hold", 3), ("warned", "warn", 0)),
)
def test_the_gate_says_what_is_to_happen(
    say: Say, enter: Callable[[str], None], scene: str, action: str, code: int
) -> None:
    """The report first, the decision last, and the exit code of the decision."""
    enter(scene)
    said = say("gate", "--target", "here.toml", *NO_NIGHT, "--json", "run.json")

    assert code == said.code, said
    assert f"gate: {action}: " in said.out
    assert action.replace(" ", "_") == json.loads(Path("run.json").read_text("utf-8"))["gate"]["action"]


def test_without_a_night_the_gate_stays_shut(say: Say, enter: Callable[[str], None], nights: Path) -> None:
    """No canary is named, so nothing could be read; a folder of documents is as good as one."""
    enter("kept")

    shut = say("gate", "--target", "here.toml", "--phase", "before")
    assert (1, True) == (shut.code, "no canary is named" in shut.out)
    assert 0 == say("gate", "--target", "here.toml", "--from", str(nights)).code
    old = say("gate", "--target", "here.toml", "--from", str(nights), "--require-recent", "30m")
    assert (2, True) == (old.code, "at most 0 h 30 min is allowed" in old.out)


def test_an_override_needs_an_owner_and_a_reason(say: Say, enter: Callable[[str], None]) -> None:
    """Half of it is a mistake; the whole of it stays visible."""
    enter("kept")

    assert 64 == say("gate", "--target", "here.toml", "--owner", "platform").code
    told = say("gate", "--target", "here.toml", "--owner", "platform", "--reason", "first night", "--why")
    assert (0, True) == (told.code, "overridden by platform: first night" in told.out)


def test_simulate_says_what_it_would_have_said(say: Say, nights: Path) -> None:
    """Of every whole run, in both phases, and in sum."""
    said = say("gate", "--target", "here.toml", "--simulate", "--from", str(nights))

    assert 0 == said.code
    assert "1 after open, 1 after roll_back, 1 before block, 1 before open" == said.out.splitlines()[-1]


def test_history_is_a_line_for_each_run_and_a_page(say: Say, nights: Path, tmp_path: Path) -> None:
    """The newest last, with what was broken; rows and page where they were asked for."""
    page, rows = tmp_path / "trend.html", tmp_path / "rows.json"
    said = say("history", "--target", "here.toml", "--from", str(nights), "--html", str(page), "--json", str(rows))

    assert 0 == said.code
    assert ["night-2", "night-1"] == [
        next(w for w in line.split() if "night-" in w) for line in said.out.splitlines()[:2]
    ]
    assert "a.b[c]" in said.out.splitlines()[1]
    assert "2 runs in 30 days; recent:" in said.out
    assert "Last run: " in page.read_text("utf-8")
    assert ["night-1", "night-2"] == [each["run_id"] for each in json.loads(rows.read_text("utf-8"))]


def test_history_that_cannot_be_written_is_said(say: Say, nights: Path) -> None:
    """Rather than a page that nobody finds."""
    said = say("history", "--target", "here.toml", "--from", str(nights), "--html", "/dev/null/page.html")

    assert (3, True) == (said.code, "could not be written" in said.err)


def test_the_composite_action_tells_github_what_came_of_it(tmp_path: Path) -> None:
    """Its own script, with a target that is not there: the code is the gate's, and the outputs say so."""
    told = {name: tmp_path / name for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
    inputs = {
        "TARGET": "nowhere; echo hacked",
        "RELEASE": "abc",
        "PHASE": "after",
        "WAIT": "0",
        "RECENT": "",
        "OWNER": "",
    }
    env = {**inputs, "REASON": "", "PYTHON": sys.executable, "PATH": os.environ["PATH"], "RUNNER_TEMP": str(tmp_path)}
    env |= {name: str(path) for name, path in told.items()} | {"PYTHONPATH": str(ROOT)}
    script = ROOT / ".github" / "actions" / "gate" / "gate.sh"
    done = subprocess.run(["bash", str(script)], env=env, cwd=tmp_path, capture_output=True, text=True, check=False)
    outputs = dict(line.split("=", 1) for line in told["GITHUB_OUTPUT"].read_text("utf-8").splitlines())

    assert (64, "64", "") == (done.returncode, outputs["exit-code"], outputs["action"])
    assert "no target 'nowhere; echo hacked'" in done.stderr
    assert "hacked\n" not in done.stdout


@pytest.mark.parametrize(("until", "said_so"), (("2999-01-01T00:00:00Z", 1), ("2001-01-01T00:00:00Z", 0)))
def test_maintenance_is_said_and_changes_no_verdict(
    say: Say, enter: Callable[[str], None], here: Path, until: str, said_so: int
) -> None:
    """In the report and in the document of every door; the exit code is that of any other day."""
    window = f'[maintenance]\nstarts = 2000-01-01T00:00:00Z\nends = {until}\nreason = "moving house"\nowner = "Ada"\n'
    file = write_settings(here, name="moving")
    file.write_text(f"{file.read_text('utf-8')}\n{window}", encoding="utf-8")
    enter("broken")
    told = say("verify", "--target", "moving.toml", "--json", "run.json")

    notes = json.loads(Path("run.json").read_text("utf-8"))["notes"]
    assert (1, said_so, said_so) == (
        told.code,
        sum("(Ada: moving house)" in each for each in notes),
        told.out.count("note: maintenance until"),
    )


def test_a_run_is_kept_beside_the_nights_where_that_is_wished(
    say: Say, enter: Callable[[str], None], nights: Path
) -> None:
    """As evidence of its own, which is no night; the failing twin is a place that cannot be written to."""
    enter("broken")
    words = ("gate", "--target", "here.toml", "--from", str(nights), "--json", "run.json")
    assert 1 == say(*words).code
    assert [] == list(nights.rglob("runs/**/*.json"))

    assert 1 == say(*words, "--keep").code
    (file,) = nights.rglob("runs/here/*.json")
    assert json.loads(Path("run.json").read_text("utf-8")) == json.loads(file.read_text("utf-8"))
    (row,) = nights.rglob("index/here/*.json")
    assert ("gate", "broken") == tuple(json.loads(row.read_text("utf-8"))[key] for key in ("door", "verdict"))


def test_a_run_that_could_not_be_kept_opens_nothing(say: Say, enter: Callable[[str], None]) -> None:
    """Nobody named a canary, so there is no place for it; evidence that was asked for and is lost is no proof."""
    enter("kept")
    told = say("gate", "--target", "here.toml", *NO_NIGHT, "--keep")

    assert (3, True) == (told.code, "could not be kept" in told.err)


def test_the_lists_of_a_fleet_are_written_from_target_files(say: Say, here: Path) -> None:
    """Each target with its settings, and once more by account: what the machine reads."""
    for name in ("one", "two"):
        write_settings(here, name=name)
    told = say("fleet", "one.toml", "two.toml", "--folder", "fleet")

    listed, accounts = (
        json.loads(Path("fleet", f"{name}.json").read_text("utf-8")) for name in ("targets", "accounts")
    )
    assert (0, ["one", "two"]) == (told.code, [each["target"] for each in listed])
    assert [listed] == [each["targets"] for each in accounts]
    assert 1 == listed[0]["settings"]["schema"]


def test_two_targets_of_one_name_are_no_fleet(say: Say, here: Path) -> None:
    """An answer would be about either; both are named, and nothing is written."""
    (here / "elsewhere").mkdir()
    write_settings(here / "elsewhere", name="here")
    told = say("fleet", "here.toml", "elsewhere/here.toml", "--folder", "fleet")

    assert (64, True, False) == (told.code, "here is listed twice" in told.err, Path("fleet").exists())
