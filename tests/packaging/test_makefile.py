"""What a person types: every target is listed, and says its exit code last."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

TARGETS = ("verify", "deploy", "up", "down", "test", "eyes", "full", "lint", "format", "typecheck", "lock")


def make(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """GNU make in `directory`, as if no other make had started it."""
    command = ["make", "--no-print-directory", *arguments]
    env = {"PATH": os.environ["PATH"]}
    return subprocess.run(command, cwd=directory, env=env, capture_output=True, text=True, check=False)


@pytest.fixture
def desk(root: Path, tmp_path: Path) -> Path:
    """The Makefile with a Python of its own that exits with what the file `code` says."""
    shutil.copy(root / "Makefile", tmp_path)
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\necho "$@" >> asked\nexit "$(cat code)"\n')
    python.chmod(0o755)
    (tmp_path / "code").write_text("0")
    return tmp_path


def test_make_alone_is_a_list_of_all_targets(root: Path) -> None:
    """Whoever types `make` is told what there is, and nothing is started."""
    said = make(root).stdout
    phony = set(re.findall(r"^\.PHONY: (\S+)$", (root / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))

    assert phony == {line.split()[0] for line in said.splitlines()[1:]}
    assert set(TARGETS) < phony


@pytest.mark.parametrize("target", TARGETS)
def test_a_tool_chain_that_cannot_start_is_69(desk: Path, target: str) -> None:
    """Where .venv cannot be made nothing else is tried, and the last line says so."""
    (desk / "code").write_text("69")
    done = make(desk, target, "PYTHON=.venv/bin/python")

    assert (2, "exit 69") == (done.returncode, done.stdout.splitlines()[-1])
    assert [f"-m tools.bootstrap make {target}"] == (desk / "asked").read_text().splitlines()


@pytest.mark.parametrize("code", (0, 1, 2, 3, 64, 130))
def test_the_last_line_is_the_code(desk: Path, code: int) -> None:
    """Make turns every code but 0 into 2, so the code itself is printed."""
    (desk / "code").write_text(str(code))
    done = make(desk, "verify", "PYTHON=true")

    assert (2 if code else 0, f"exit {code}") == (done.returncode, done.stdout.splitlines()[-1])
    assert ["-m tools.deployment verify local"] == (desk / "asked").read_text().splitlines()


@pytest.mark.parametrize(
    ("target", "given", "words"),
    (
        pytest.param("preflight", (), "preflight local", id="nothing given"),
        pytest.param("rollback", ("TARGET=prod",), "rollback prod", id="a target"),
        pytest.param("rollback", ("TO=abc", "TEMPLATE=yes"), "rollback local --to abc --template", id="all given"),
        pytest.param("rollback", ("TEMPLATE=no",), "rollback local", id="a no"),
        pytest.param(
            "logs",
            ("FUNCTION=api", "FILTER=it's; touch x"),
            "logs local --function api --filter it's; touch x",
            id="odd words",
        ),
        pytest.param("destroy", ("YES=yes",), "destroy local --yes", id="a yes"),
        pytest.param("deploy", ("VERIFY=no",), "deploy local --no-verify", id="a deploy alone"),
        pytest.param("restore-rehearsal", ("PUT_BACK=yes",), "restore-rehearsal local --put-back", id="dashes"),
    ),
)
def test_what_is_given_to_make_reaches_the_command(desk: Path, target: str, given: tuple[str, ...], words: str) -> None:
    """Each as one word, whatever is in it; nothing of it is run."""
    make(desk, target, "PYTHON=true", *given)

    assert [f"-m tools.deployment {words}"] == (desk / "asked").read_text().splitlines()
    assert not (desk / "x").exists()


def test_coverage_is_asked_of_a_whole_run_alone(desk: Path) -> None:
    """Some of the tests cannot reach what all of them must."""
    make(desk, "test", "PYTHON=true")
    make(desk, "test", "PYTHON=true", "ARGS=-k tls")

    assert ["--cov" in line for line in (desk / "asked").read_text().splitlines()] == [True, False]


def test_clean_leaves_nothing_that_was_made_here(desk: Path) -> None:
    """The twin is stopped first, as removing .venv would leave nothing to stop it with."""
    (desk / ".build").mkdir()
    done = make(desk, "clean")

    assert "exit 0" == done.stdout.splitlines()[-1]
    assert ["-m checks twin down"] == (desk / "asked").read_text().splitlines()
    assert {"Makefile", "asked", "code"} == {file.name for file in desk.iterdir()}


def test_clean_keeps_what_it_needs_to_stop_a_twin_that_does_not_stop(desk: Path) -> None:
    """The failing twin: what is still running keeps the means to stop it."""
    (desk / "code").write_text("69")
    done = make(desk, "clean")

    assert "exit 69" == done.stdout.splitlines()[-1]
    assert (desk / ".venv").is_dir()
