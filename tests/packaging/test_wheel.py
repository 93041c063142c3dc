"""What somebody gets who installs the library alone."""

import subprocess
import sys
import zipfile
from email.message import Message
from email.parser import Parser
from importlib.metadata import Distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.installing import link_required

RUNTIME = {"boto3", "dnspython", "urllib3"}
# What needs an extra: the twin is made of the emulator, the plugin is loaded by pytest alone, YAML is read by PyYAML.
NEEDS_AN_EXTRA = ("checks.twin", "checks.doors.mutate", "checks.doors.plugin", "checks.template.short_forms")


def names_in(wheel: Path) -> list[str]:
    """Every file of the wheel but its metadata."""
    with zipfile.ZipFile(wheel) as archive:
        return [name for name in archive.namelist() if ".dist-info/" not in name]


def metadata_of(unpacked: Path) -> Message:
    """The METADATA that an installer reads."""
    (file,) = unpacked.glob("*.dist-info/METADATA")
    return Parser().parsestr(file.read_text(encoding="utf-8"))


def requirements_of(unpacked: Path) -> list[Requirement]:
    """Every requirement, those of extras included."""
    return [Requirement(line) for line in metadata_of(unpacked).get_all("Requires-Dist", [])]


@pytest.fixture(scope="session")
def alone(unpacked: Path, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """A Python that sees the standard library, the wheel, and what the wheel requires; nothing else."""
    site = tmp_path_factory.mktemp("site")
    link_required(RUNTIME, site)
    start = f"import sys, runpy; sys.path += {[str(unpacked), str(site)]}; exec(sys.argv.pop(1))"
    return [sys.executable, "-I", "-S", "-c", start]


def say(python: list[str], code: str, *argv: str) -> str:
    """What `code` prints when run by that Python; a failing test with its stderr if it fails."""
    done = subprocess.run([*python, code, *argv], capture_output=True, text=True, check=False, cwd="/")
    assert done.returncode == 0, done.stderr
    return done.stdout


def modules_in(unpacked: Path) -> list[str]:
    """Every module of the library."""
    files = sorted((unpacked / "checks").rglob("*.py"))
    dotted = [".".join(file.relative_to(unpacked).with_suffix("").parts) for file in files]
    return [name.removesuffix(".__init__") for name in dotted if not name.endswith("__main__")]


def test_the_wheel_contains_checks_alone(wheel: Path) -> None:
    """Neither of the other packages, nor tests or tools, get installed with the library."""
    assert {"checks"} == {name.split("/")[0] for name in names_in(wheel)}


def test_the_wheel_is_typed(wheel: Path) -> None:
    """The marker of PEP 561 is there, so that a user's mypy reads our annotations."""
    assert "checks/py.typed" in names_in(wheel)


def test_our_own_targets_stay_at_home(wheel: Path) -> None:
    """The settings of this project's deployments are of no use to anybody else."""
    assert [] == [name for name in names_in(wheel) if name.startswith("checks/targets")]


def test_every_module_is_in_the_wheel(root: Path, wheel: Path) -> None:
    """Nothing that the checkout can import is forgotten when the library is packed."""
    modules = {str(file.relative_to(root)) for file in (root / "checks").rglob("*.py")}

    assert modules == {name for name in names_in(wheel) if name.endswith(".py")}


def test_what_modules_read_is_in_the_wheel(root: Path, wheel: Path) -> None:
    """The page's style and script, the document's schema, and whatever else stands beside a report's modules."""
    read = {str(file.relative_to(root)) for file in (root / "checks" / "report").rglob("*.*") if file.suffix != ".pyc"}

    assert {".css", ".js", ".json", ".py"} <= {Path(name).suffix for name in read}
    assert read <= set(names_in(wheel))


def test_few_things_come_along(unpacked: Path) -> None:
    """Who verifies a deployment does not want to install a CDK, an emulator or a test runner."""
    always = [need for need in requirements_of(unpacked) if need.marker is None]

    assert sorted(RUNTIME) == sorted(need.name for need in always)


def test_the_extras_are_those_that_are_told_of(unpacked: Path) -> None:
    """Everything beyond looking is asked for by name."""
    assert ["infra", "terminal", "test", "twin", "yaml"] == sorted(metadata_of(unpacked).get_all("Provides-Extra", []))


def test_licence_and_oldest_python_are_stated(unpacked: Path) -> None:
    """An installer and a lawyer find what they look for."""
    metadata = metadata_of(unpacked)

    assert ("MIT", ">=3.11") == (metadata["License-Expression"], metadata["Requires-Python"])


def test_importing_the_library_loads_nobody_elses_code(alone: list[str]) -> None:
    """`import checks` is instant, and works wherever Python does."""
    code = "before = set(sys.modules); import checks; print(*sorted(m for m in set(sys.modules) - before))"
    loaded = {name.split(".")[0] for name in say(alone, code).split()}

    assert {"checks"} == loaded - sys.stdlib_module_names


def test_every_module_can_be_imported_without_an_extra(alone: list[str], unpacked: Path) -> None:
    """Without CDK, MiniStack or pytest the whole library is there, but for the twin and the pytest door."""
    modules = [name for name in modules_in(unpacked) if not name.startswith(NEEDS_AN_EXTRA)]
    code = "import importlib; [importlib.import_module(name) for name in sys.argv[1:]]; print(len(sys.argv) - 1)"

    assert str(len(modules)) == say(alone, code, *modules).strip()


def test_the_command_answers_without_an_extra(alone: list[str]) -> None:
    """`python -m checks --help` needs the wheel and its few requirements alone, and loads none of them."""
    code = (
        "import contextlib\n"
        "with contextlib.suppress(SystemExit):\n"
        "    runpy.run_module('checks', run_name='__main__', alter_sys=True)\n"
        "print('boto3' in sys.modules)"
    )
    said = say(alone, code, "--help")

    assert "verify" in said
    assert "False" == said.splitlines()[-1]


@pytest.mark.parametrize("group", ("console_scripts", "pytest11"))
def test_what_is_entered_is_there(unpacked: Path, group: str) -> None:
    """An entry point that cannot be loaded would break every pytest run of those who install us."""
    (file,) = unpacked.glob("*.dist-info")
    entries = [entry for entry in Distribution.at(file).entry_points if entry.group == group]

    assert ["checks"] == [entry.name for entry in entries]
    assert all(callable(entry.load()) or entry.load().__name__ == entry.value for entry in entries)
