"""`make deploy` and `make verify` open the doors in the right order and pass on what those say."""

import os
import signal
import sys
from pathlib import Path

import pytest

from tools.deployment import is_twin, main, run, steps


def test_the_twin_is_started_and_deployed_to_before_it_is_verified() -> None:
    """`make verify` alone proves a real deployment: the deploy is never skipped on a guess."""
    up, deploy, verify = steps("verify", "local", on_twin=True)

    assert ("checks", "twin", "up") == up
    assert (
        "checks",
        "twin",
        "run",
        "--",
        sys.executable,
        "-m",
        "khaya_infra.deploy",
        "--target",
        "local",
    ) == deploy
    assert ("checks", "verify", "--target", "local") == verify


def test_verifying_aws_changes_nothing_there() -> None:
    """With a target on AWS, `make verify` looks and does nothing else."""
    assert (("checks", "verify", "--target", "prod"),) == steps("verify", "prod", on_twin=False)


def test_deploying_to_aws_starts_no_twin_and_ends_in_a_verify() -> None:
    """With a target on AWS, `make deploy` is the deployer, and a look that gives the edge its time."""
    assert (
        ("khaya_infra.deploy", "--target", "prod"),
        ("checks", "verify", "--target", "prod", "--wait", "20m"),
    ) == steps("deploy", "prod", on_twin=False)


def test_who_verifies_in_a_way_of_their_own_deploys_alone() -> None:
    """A workflow that writes documents calls the harness itself."""
    assert (("khaya_infra.deploy", "--target", "prod"),) == steps("deploy", "prod", "--no-verify", on_twin=False)
    assert 2 == len(steps("deploy", "local", "--no-verify", on_twin=True))


def test_deploying_to_the_twin_is_verifying_it() -> None:
    """Both rehearse the whole."""
    assert steps("verify", "local", on_twin=True) == steps("deploy", "local", on_twin=True)


def test_half_a_deploy_is_the_deployer_with_that_half() -> None:
    """Neither starts a twin: what is not deployed whole has no half."""
    assert (("khaya_infra.deploy", "--target", "prod", "--only", "frontend"),) == steps(
        "deploy-frontend", "prod", on_twin=False
    )


def test_the_words_of_a_verb_are_passed_on() -> None:
    """As they were given, spaces and all; within the twin's environment where that is the target."""
    words = ("--function", "api", "--filter", "a 'b' c")
    plain = ("khaya_infra.operate", "logs", "--target", "prod", *words)

    assert (plain,) == steps("logs", "prod", *words, on_twin=False)
    inside = ("checks", "twin", "run", "--", sys.executable, "-m", "khaya_infra.operate", "logs", "--target", "local")
    assert ((*inside, *words),) == steps("logs", "local", *words, on_twin=True)


@pytest.mark.parametrize(
    ("settings", "expected"),
    (
        pytest.param("schema = 1\ntwin = true\n", True, id="said"),
        pytest.param("schema = 1\ntwin = false\n", False, id="denied"),
        pytest.param("schema = 1\n", False, id="not said"),
        pytest.param("schema = 1\n# twin = true\n", False, id="in a comment"),
        pytest.param('twin = "true"\n', False, id="as a string"),
        pytest.param("twin = \n", False, id="broken"),
        pytest.param(None, False, id="absent"),
    ),
)
def test_a_target_is_a_twin_when_its_settings_say_so(
    tmp_path: Path,
    settings: str | None,
    expected: object,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whatever else is wrong with the settings is for the command to name that reads them next."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "targets").mkdir()
    if settings is not None:
        (tmp_path / "targets" / "mine.toml").write_text(settings)

    assert expected is is_twin("mine")
    assert expected is is_twin("targets/mine.toml")


@pytest.fixture
def doors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with commands to run as `python -m`: `fine`, `refuse` and `die`."""
    (tmp_path / "fine.py").write_text("")
    (tmp_path / "refuse.py").write_text("raise SystemExit(69)")
    (tmp_path / "die.py").write_text("import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("commands", "expected"),
    (
        pytest.param(("fine", "fine"), 0, id="all well"),
        pytest.param(("fine", "refuse", "die"), 69, id="the first failure's code"),
        pytest.param(("die", "fine"), 128 + signal.SIGKILL, id="a signal as a shell would say it"),
    ),
)
@pytest.mark.usefixtures("doors")
def test_the_exit_code_survives(commands: tuple[str, ...], expected: int) -> None:
    """What a door says is what make is told."""
    assert expected == run([(command,) for command in commands])


def test_one_run_per_target_at_a_time(doors: Path) -> None:
    """Who holds a target's turn is written where the next one reads it."""
    (doors / "checks").mkdir()
    (doors / "checks" / "__main__.py").write_text(
        "import pathlib; pathlib.Path('seen').write_text(pathlib.Path('.build/turns/prod').read_text())"
    )

    assert 0 == main(["verify", "prod"])
    assert f"make verify TARGET=prod, process {os.getpid()}" == (doors / "seen").read_text()
