"""The pytest door, in pytest runs of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from checks import twin
from checks.doors import assembly, outcomes, plugin, sharing
from checks.target import Settings
from tests.doors import scene

ROOT = Path(__file__).parents[2]
EVERYTHING = len(scene.CHECKS) + len(scene.CONTROLS) + 1
# Promises of tables that are warnings alone.
MILD = ("tables.billing", "tables.encrypted")
Pytest = Callable[..., pytest.RunResult]

pytestmark = pytest.mark.usefixtures("alone")
# Loaded here, so that the runs below, which forget what they imported, share them with this module.
_ = (outcomes, plugin, sharing)


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """The runs below load no other installed plugin: some take seconds to load, and all would be loaded each time."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Pytest:
    """A run in this process, against one of the scenes."""
    scene.write_settings(pytester.path)
    pytester.makepyfile(test_other="def test_other():\n    raise SystemExit('not to be collected')\n")

    def inside(*words: str, which: str = "kept", target: str = "here.toml", more: str = "") -> pytest.RunResult:
        if more:
            scene.write_settings(pytester.path, more)
        scene.enter(monkeypatch, which)
        # The door was loaded by the run around this one, which pytest would warn of.
        warnings = ("-W", "error", "-W", "ignore::pytest.PytestAssertRewriteWarning")
        given = ("-p", "checks.doors.plugin", "-p", "no:cacheprovider", *warnings, "--target", target)
        return pytester.runpytest_inprocess(*given, *words, no_reraise_ctrlc=True)

    return inside


def _document(path: Path) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return read


def _last(result: pytest.RunResult) -> str:
    return next(line for line in reversed(result.outlines) if line)


def test_each_check_each_control_and_the_run_is_a_test(run: Pytest) -> None:
    """Named exactly as in the plan, in its order, and nothing else is collected."""
    result = run("--collect-only", "-q")

    items = [line.partition("::")[2] for line in result.outlines if "::" in line]
    assert [*scene.CHECKS, *(f"controls.{name}" for name in scene.CONTROLS), "run.valid"] == items
    assert 0 == result.ret
    assert "checks: exit" not in result.stdout.str()


@pytest.mark.parametrize(
    ("which", "ret", "outcomes", "line"),
    (
        ("kept", 0, {"passed": EVERYTHING}, "checks: exit 0 (kept)"),
        ("warned", 0, {"passed": EVERYTHING}, "checks: exit 0 (kept)"),
        ("unproven", 0, {"passed": EVERYTHING}, "checks: exit 0 (kept)"),
        ("broken", 1, {"passed": EVERYTHING - 2, "failed": 1, "errors": 1}, "checks: exit 1 (broken)"),
        ("blind", 1, {"passed": EVERYTHING - 6, "errors": 6}, "checks: exit 2 (unseen)"),
        ("settling", 1, {"passed": EVERYTHING - 1, "errors": 1}, "checks: exit 2 (unseen)"),
        ("void", 1, {"passed": EVERYTHING - 2, "failed": 2}, "checks: exit 3 (void)"),
        ("unread", 1, {"passed": 10, "errors": 3}, "checks: exit 2 (unseen)"),
    ),
)
def test_the_verdict_is_the_exit_status(run: Pytest, which: str, ret: int, outcomes: dict[str, int], line: str) -> None:
    """Any code that is not 0 makes pytest exit 1; the code itself is on the last line."""
    result = run(which=which)

    result.assert_outcomes(**outcomes)
    assert (ret, line) == (result.ret, _last(result))


def test_a_broken_promise_is_told_without_a_stack_trace(run: Pytest) -> None:
    """Expected, actual and what to do; where in our code it was raised helps nobody."""
    told = run(which="broken").stdout.str()

    assert "expected  point-in-time recovery of main-users is ENABLED" in told
    assert "actual    DISABLED" in told
    assert "do        aws dynamodb update-continuous-backups" in told
    assert "BLOCKED by tables.pitr[Users]: recovery is DISABLED" in told
    assert "Traceback" not in told
    assert ".py:" not in told


def test_a_warning_passes_and_is_read(run: Pytest) -> None:
    """It changes no verdict, even where pytest makes every warning an error; it is listed at the end."""
    result = run("-rP", which="warned")

    result.stdout.fnmatch_lines(
        ["*expected  main-users is billed PAY_PER_REQUEST", "warning: tables.billing*PROVISIONED"]
    )
    result.assert_outcomes(passed=EVERYTHING)
    assert (0, "checks: exit 0 (kept)") == (result.ret, _last(result))


def test_a_warning_fails_when_they_count(run: Pytest) -> None:
    """The failing twin."""
    result = run("--checks-strict", which="warned")

    result.assert_outcomes(passed=EVERYTHING - 1, failed=1)
    assert (1, "checks: exit 1 (broken)") == (result.ret, _last(result))


def test_a_waived_failure_passes_with_its_waiver(run: Pytest, pytester: pytest.Pytester) -> None:
    """Who decided it, until when and why stands in the report."""
    file = scene.write_settings(pytester.path)
    waiver = "\n[[waiver]]\ncheck = 'tables.pitr[*]'\nowner = 'platform'\nreason = 'moving'\nexpires = 2026-02-28\n"
    file.write_text(scene.SETTINGS + waiver, encoding="utf-8")

    result = run(which="broken")

    result.assert_outcomes(passed=EVERYTHING + 1)
    result.stdout.fnmatch_lines(["waived: tables.pitr*: platform, until 2026-02-28: moving"])
    assert 0 == result.ret


def test_a_control_that_could_not_be_seen_is_an_error_where_it_cost_the_verdict(
    run: Pytest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without AWS nothing of AWS is known: not one check of it passes, and its control does not either."""
    monkeypatch.setitem(scene.SCENES, "deaf", {scene.FORGED: scene.REFUSED})

    result = run("--checks-json", "run.json", which="deaf")

    result.stdout.fnmatch_lines(["ERROR here.toml::controls.aws.forged_key*"])
    assert 1 == result.ret


def test_some_checks_are_selected_by_word_and_by_weight(run: Pytest, pytester: pytest.Pytester) -> None:
    """What is left after -k and -m is what runs, and the document says so."""
    result = run("-k", "tables", "-m", "tables and critical", "--checks-json", "run.json", which="warned")

    document = _document(pytester.path / "run.json")
    names = [name for name in scene.CHECKS if name.startswith("tables.") and not name.startswith(MILD)]
    result.assert_outcomes(passed=6, deselected=EVERYTHING - 6)
    assert names == document["selection"] == [each["name"] for each in document["results"]]


@pytest.mark.parametrize("named", ("here.toml::tables.pitr[Users]", "tables.pitr[Users]"))
def test_one_check_is_selected_by_its_name(run: Pytest, pytester: pytest.Pytester, named: str) -> None:
    """As a node id, or as the name alone."""
    result = run(named, "--checks-json", "run.json", which="broken")

    result.assert_outcomes(failed=1)
    assert ["tables.pitr[Users]"] == _document(pytester.path / "run.json")["selection"]


def test_a_run_without_its_controls_among_the_tests_is_a_whole_run(run: Pytest, pytester: pytest.Pytester) -> None:
    """Controls are proven in every run; leaving their tests out takes nothing from it, not even its verdict."""
    result = run("-m", "not controls and not run", "--checks-json", "run.json", which="void")

    document = _document(pytester.path / "run.json")
    assert (None, "void", len(scene.CONTROLS)) == (
        document["selection"],
        document["verdict"],
        len(document["controls"]),
    )
    assert 1 == result.ret


@pytest.mark.parametrize("words", (("-k", "nothing_of_that_name"), ("-m", "controls")), ids=("nothing", "controls"))
def test_an_empty_selection_fails(run: Pytest, pytester: pytest.Pytester, words: tuple[str, ...]) -> None:
    """Nothing looked at proves nothing: it is void, in the document too."""
    result = run(*words, "--checks-json", "run.json")

    assert (1, "checks: exit 3 (void)") == (result.ret, _last(result))
    assert ([], "void") == (
        _document(pytester.path / "run.json")["selection"],
        _document(pytester.path / "run.json")["verdict"],
    )


def test_what_is_no_promise_of_the_target_is_refused(run: Pytest) -> None:
    """With --target promises alone are collected, and whoever names something else is told."""
    result = run("test_other.py")

    assert pytest.ExitCode.USAGE_ERROR == result.ret
    result.stderr.fnmatch_lines(
        ["ERROR: checks: exit 64: with --target only its promises are collected*test_other.py*"]
    )


def test_a_check_that_is_not_planned_is_not_found(run: Pytest) -> None:
    """Pytest says so itself, and nothing was verified."""
    result = run("here.toml::tables.pitr[Nobody]")

    assert pytest.ExitCode.USAGE_ERROR == result.ret
    assert "checks: exit" not in result.stdout.str()


@pytest.mark.parametrize(
    ("target", "more", "line"),
    (
        pytest.param("nowhere", "", "*exit 64: no target 'nowhere'*", id="no such target"),
        pytest.param("here.toml", "typo = 1", "*exit 64: *typo*", id="misspelt key"),
    ),
)
def test_odd_settings_are_a_usage_error(run: Pytest, target: str, more: str, line: str) -> None:
    """One clear line with our code, before anything is collected."""
    result = run(target=target, more=more)

    assert pytest.ExitCode.USAGE_ERROR == result.ret
    result.stderr.fnmatch_lines([line])


def test_a_stack_that_never_existed_is_a_usage_error(run: Pytest) -> None:
    """As on the command line."""
    result = run(which="gone")

    assert pytest.ExitCode.USAGE_ERROR == result.ret
    result.stderr.fnmatch_lines(["ERROR: checks: exit 64: *stack Main does not exist*"])


def _leads_nowhere(error: Exception) -> Callable[[Settings], assembly.Reach]:
    def connect(_: Settings, **_door: str) -> assembly.Reach:
        raise error

    return connect


def _against(pytester: pytest.Pytester, *words: str) -> pytest.RunResult:
    scene.write_settings(pytester.path)
    return pytester.runpytest_inprocess("-p", "checks.doors.plugin", "-p", "no:cacheprovider", *words)


def test_a_twin_that_does_not_run_is_a_usage_error(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the code of the command line."""
    monkeypatch.setattr(assembly, "connect", _leads_nowhere(twin.TwinIsDown("the twin is down")))

    result = _against(pytester, "--target", "here.toml")

    assert pytest.ExitCode.USAGE_ERROR == result.ret
    result.stderr.fnmatch_lines(["ERROR: checks: exit 69: the twin is down"])


def test_a_defect_of_ours_is_no_usage_error(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is pytest's internal error, with its trace."""
    monkeypatch.setattr(assembly, "connect", _leads_nowhere(ZeroDivisionError("ours")))

    result = _against(pytester, "--target", "here.toml")

    assert pytest.ExitCode.INTERNAL_ERROR == result.ret
    assert "ZeroDivisionError: ours" in result.stdout.str() + result.stderr.str()


def test_a_run_that_comes_to_nothing_is_an_error_of_every_test(run: Pytest, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is tried once, and every test says why nothing was looked at."""
    tried: list[int] = []

    def broken(*_: object) -> None:
        tried.append(1)
        raise twin.TwinIsDown("it went down meanwhile")

    monkeypatch.setattr(assembly, "run", broken)

    result = run("-m", "tables")

    result.assert_outcomes(errors=8, deselected=EVERYTHING - 8)
    assert ([1], "checks: exit 69 (TwinIsDown: it went down meanwhile)") == (tried, _last(result))


def test_an_interrupt_keeps_what_is_known(run: Pytest, pytester: pytest.Pytester) -> None:
    """Pytest stops as it always does, and the document is there."""
    result = run("--checks-json", "run.json", which="interrupted")

    assert (pytest.ExitCode.INTERRUPTED, "checks: exit 130 (unseen)") == (result.ret, _last(result))
    assert _document(pytester.path / "run.json")["interrupted"]


def test_a_document_that_cannot_be_written_is_told(run: Pytest, pytester: pytest.Pytester) -> None:
    """A green run whose document is lost is not green."""
    (pytester.path / "file").write_text("", encoding="utf-8")

    result = run("--checks-json", "file/run.json")

    assert (1, "checks: exit 3 (kept)") == (result.ret, _last(result))
    result.stdout.fnmatch_lines(["checks: file/run.json could not be written*"])


def test_junit_never_says_skipped(run: Pytest, pytester: pytest.Pytester) -> None:
    """In the XML of pytest itself a failure is a failure, what nobody saw is an error, a warning a property."""
    run("--junit-xml", "broken.xml", which="broken")
    run("--junit-xml", "warned.xml", which="warned")

    broken, warned = (ET.parse(pytester.path / f"{name}.xml").getroot() for name in ("broken", "warned"))
    assert {"testcase", "failure", "error"} <= {each.tag for each in broken.iter()}
    assert [] == [*broken.iter("skipped"), *warned.iter("skipped")]
    assert {"warning": "fail, PROVISIONED"} == {
        str(each.get("name")): str(each.get("value")) for each in warned.iter("property")
    }


def test_wait_and_release_are_passed_on(run: Pytest, pytester: pytest.Pytester) -> None:
    """They stand in the document."""
    run("--checks-wait", "1m", "--checks-release", "abc", "--checks-json", "run.json")

    document = _document(pytester.path / "run.json")
    assert (60.0, "abc", "pytest") == (document["wait_s"], document["release"], document["door"])


def test_a_wait_that_is_no_duration_is_refused(run: Pytest) -> None:
    """As on the command line."""
    assert pytest.ExitCode.USAGE_ERROR == run("--checks-wait", "soon").ret


def test_without_a_terminal_reporter_the_status_stands(run: Pytest) -> None:
    """Nobody reads a last line; the exit status is what counts."""
    assert 1 == run("-p", "no:terminal", which="broken").ret


def test_without_a_target_the_door_is_closed(pytester: pytest.Pytester) -> None:
    """Nothing of the library is loaded, no option is felt, other people's tests run as ever."""
    pytester.makepyfile(
        """
        import sys

        def test_nothing_is_loaded(pytestconfig):
            assert not pytestconfig.pluginmanager.has_plugin("checks-door")
            loaded = {name for name in sys.modules if name.startswith("checks.")}
            assert set() == {name for name in loaded if not name.startswith("checks.doors")}
            assert "checks.doors.assembly" not in loaded
            assert "boto3" not in sys.modules
        """
    )
    result = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "checks.doors.plugin", "-p", "no:cacheprovider"],
        cwd=pytester.path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )

    assert "1 passed" in result.stdout, result.stdout + result.stderr


def test_with_workers_the_target_is_read_once(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """One process freezes the plan and one runs it, however many there are; all of them say the same."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    scene.write_settings(pytester.path)
    pytester.makeconftest(
        """
        from pathlib import Path
        import pytest
        from tests.doors import scene

        pytest_plugins = ("checks.doors.plugin",)
        scene.enter(pytest.MonkeyPatch(), "broken", heard=Path(__file__).with_name("heard.txt"))
        """
    )

    result = pytester.runpytest_subprocess(
        "-p",
        "xdist",
        "-n",
        "2",
        "-p",
        "no:cacheprovider",
        "--target",
        "here.toml",
        "--checks-json",
        "run.json",
        timeout=120,
    )

    result.assert_outcomes(passed=EVERYTHING - 2, failed=1, errors=1)
    heard = Counter((pytester.path / "heard.txt").read_text(encoding="utf-8").split())
    assert (1, "checks: exit 1 (broken)") == (result.ret, _last(result))
    assert {1} == {
        heard[f"aws.{name}"] for name in ("table", "continuous_backups", "stack_template", "recovery_points")
    }
    document = _document(pytester.path / "run.json")
    assert ("live", None, len(scene.CHECKS)) == (
        document["plan"]["source"],
        document["selection"],
        len(document["results"]),
    )
