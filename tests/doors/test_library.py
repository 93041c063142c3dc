"""The way in for programs, and the page that tells of it."""

from __future__ import annotations

import ast
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

import checks
from checks.doors import cli
from checks.model import CannotLook, Check, Place, Sight, Target, Verdict
from checks.plan import PlanError
from checks.run import Progress
from tests.doors import scene

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "library.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
Enter = Callable[[str], None]


@pytest.mark.parametrize("code", EXAMPLES, ids=[f"example {at}" for at in range(1, len(EXAMPLES) + 1)])
def test_an_example_of_the_page_runs(here: Path, code: str) -> None:
    """Word for word, in a deployment where everything is right."""
    exec(compile(code, "docs/library.md", "exec"), {"__name__": "example"})  # noqa: S102 - the page is ours


@pytest.mark.parametrize("line", re.findall(r"^\$ python -m checks (.*)$", PAGE, re.MULTILINE))
def test_a_command_of_the_page_is_understood(line: str) -> None:
    """Each option exists."""
    assert line.startswith(cli._parser().parse_args(shlex.split(line)).command)


def test_every_argument_is_told_of() -> None:
    """And nothing that there is not."""
    told = re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE)

    assert list(checks.verify.__kwdefaults__ or ()) == told


def test_every_public_name_is_there_and_written_once() -> None:
    """The table, the list and what type checkers see are the same names."""
    tree = ast.parse((ROOT / "checks" / "__init__.py").read_text(encoding="utf-8"))
    seen = [
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.If)
        for line in node.body
        if isinstance(line, ast.ImportFrom)
        for alias in line.names
    ]

    assert sorted({*seen, "__version__"}) == sorted(checks.__all__)
    assert all(getattr(checks, name) is not None for name in checks.__all__)
    assert set(checks.__all__) <= set(dir(checks))


def test_no_public_name_is_a_modules() -> None:
    """``checks.name`` would be one thing before that module is loaded, and another afterwards."""
    modules = {path.stem for path in (ROOT / "checks").iterdir()}

    assert set() == modules & set(checks.__all__)


def test_a_name_that_is_not_public_is_refused_by_name() -> None:
    """With those that there are."""
    with pytest.raises(AttributeError, match=r"no public name 'verfy'; there are .*verify"):
        _ = checks.verfy  # type: ignore[attr-defined]  # misspelt on purpose


def _cpu(*words: str) -> float:
    """The least processor time of several starts: a busy machine takes longer, never less."""
    quiet = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
    spent = []
    for _ in range(8):
        process = os.posix_spawn(sys.executable, [sys.executable, *words], os.environ, file_actions=quiet)
        used = os.wait4(process, 0)[2]
        spent.append(used.ru_utime + used.ru_stime)
    return min(spent)


def test_help_is_nearly_as_fast_as_help_can_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At most 2.5 times the program that has a parser and nothing else."""
    monkeypatch.chdir(ROOT)
    hello = tmp_path / "hello.py"
    hello.write_text("import argparse\nargparse.ArgumentParser().parse_args()\n", encoding="utf-8")

    least, ours = _cpu(str(hello), "--help"), _cpu("-m", "checks", "--help")

    assert ours <= 2.5 * least, f"{ours:.3f} s of {least:.3f} s"


@pytest.mark.parametrize("words", (("--help",), ("verify", "--help"), ("explain", "tables.pitr")))
def test_help_and_explanations_load_no_client(words: tuple[str, ...]) -> None:
    """Neither boto3 nor anything else of somebody else's."""
    code = (
        "import sys, contextlib\n"
        "from checks.doors.cli import main\n"
        "main(sys.argv[1:])\n"
        "print([name for name in ('boto3', 'botocore', 'dns', 'urllib3', 'rich', 'pytest') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code, *words], cwd=ROOT, capture_output=True, text=True, check=True)

    assert "[]" == done.stdout.splitlines()[-1]


def test_a_broken_deployment_is_no_exception(here: Path, enter: Enter) -> None:
    """It is a run that says so."""
    enter("broken")

    assert 1 == checks.exit_code(checks.verify("here.toml"))


def test_a_run_can_be_narrowed_waited_for_and_watched(here: Path, enter: Enter) -> None:
    """As from the command line."""
    enter("settling")
    told: list[Progress] = []

    run = checks.verify(
        "here.toml", only=["tables"], severity="critical", wait=timedelta(seconds=20), watch=told.append, release="abc"
    )

    assert (("tables.*", "severity=critical"), "abc") == (run.terms.selection, run.terms.release)
    assert any(each.settling for each in told)


def test_what_cannot_be_read_is_not_nothing(here: Path, enter: Enter) -> None:
    """Neither coverage nor a policy is made up; the plan is what the settings alone tell."""
    enter("unread")

    for ask in (checks.covered, checks.needed):
        with pytest.raises(CannotLook):
            ask("here.toml")
    assert checks.planned("here.toml").checks


def test_a_name_that_is_taken_is_refused(here: Path) -> None:
    """One of two checks would otherwise hide the other."""

    @checks.promise("tables.pitr", says="mine", severity="warning", instrument="self")
    def mine() -> Sight:
        """Taken."""
        return Sight(look=lambda _: None, judge=lambda *_: Verdict.passed(expected="", actual=""))

    def more(target: Target) -> list[Check]:
        return [mine(Place(subject="Users", stack=target.stacks[0].name))]

    with pytest.raises(PlanError, match=r"two checks are called tables\.pitr\[Users\]"):
        checks.verify("here.toml", more=more)


def test_odd_settings_are_an_exception_with_all_that_is_odd(here: Path) -> None:
    """Programs read it as people do."""
    (here / "odd.toml").write_text(scene.SETTINGS + "\n[sight]\n", encoding="utf-8")

    with pytest.raises(checks.SettingsError, match="sight"):
        checks.verify("odd.toml")
