"""The record of what went wrong names tests that there are, and that fail when it goes wrong again."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.api.relapses import RELAPSES, Relapse

ROOT = Path(__file__).parents[2]
RECORD = ROOT / "docs" / "incidents.md"
ROWS = re.findall(r"^\| ([A-F]\d\d) \| [^|]+ \| (.+) \|$", RECORD.read_text("utf-8"), re.MULTILINE)
# Two files may each have a test of the same name, and then both are meant.
TESTS = {
    (file, name)
    for file in (ROOT / "tests").rglob("test_*.py")
    for name in re.findall(r"^def (test_\w+)\(", file.read_text("utf-8"), re.MULTILINE)
}
NAMED = {record: re.findall(r"`(test_\w+)`", tests) for record, tests in ROWS}
# Those of the API, whose source can be made to do it again; what a template did again is another deployment.
OF_THE_API = {record: names for record, names in NAMED.items() if record[0] not in "AB"}


@pytest.mark.parametrize(("record", "tests"), ROWS, ids=[record for record, _ in ROWS])
def test_every_record_has_tests_that_exist(record: str, tests: str) -> None:
    """A test that was renamed away guards nothing."""
    assert f"`{NAMED[record][0]}`" in tests
    assert set() == set(NAMED[record]) - {name for _, name in TESTS}


def test_what_is_named_beside_the_tables_exists_too() -> None:
    """Of a record that is nothing of the API's, the text says who looks."""
    named = set(re.findall(r"`(test_\w+)`", RECORD.read_text("utf-8")))

    assert set() == named - {name for _, name in TESTS}


def test_every_record_of_handler_and_data_is_accounted_for() -> None:
    """With a test, or with the reason why this API has none and whose it is."""
    text = RECORD.read_text("utf-8")

    assert [] == [record for record in _all("C", 33) + _all("D", 13) if record not in text]


def test_every_record_has_its_relapse() -> None:
    """So that each row can be seen to be guarded, not only said to be."""
    assert sorted(OF_THE_API) == [relapse.record for relapse in RELAPSES]


@pytest.mark.parametrize("relapse", RELAPSES, ids=lambda relapse: relapse.record)
def test_every_relapse_still_fits_the_source(relapse: Relapse) -> None:
    """What it replaces is there, once, or it would break nothing."""
    source = (ROOT / "khaya_api" / relapse.file).read_text("utf-8")

    assert 1 == source.count(relapse.right)


@pytest.mark.long
@pytest.mark.parametrize("relapse", RELAPSES, ids=lambda relapse: relapse.record)
def test_the_named_tests_fail_when_it_happens_again(tmp_path: Path, relapse: Relapse) -> None:
    """In a copy that does what the marketplace before did, at least one of the row's tests fails."""
    _copy(tmp_path)
    file = tmp_path / "khaya_api" / relapse.file
    file.write_text(file.read_text("utf-8").replace(relapse.right, relapse.wrong), "utf-8")

    done = _run(tmp_path, NAMED[relapse.record])

    assert 1 == done.returncode, done.stdout[-3000:]
    assert " failed" in done.stdout
    assert "error" not in done.stdout.splitlines()[-1], done.stdout[-3000:]


@pytest.mark.long
def test_the_named_tests_hold_in_a_copy_that_is_as_it_was(tmp_path: Path) -> None:
    """Else they would fail for the copying."""
    _copy(tmp_path)

    done = _run(tmp_path, sorted({name for names in OF_THE_API.values() for name in names}))

    assert 0 == done.returncode, done.stdout[-3000:]


def _copy(place: Path) -> None:
    shutil.copytree(ROOT / "khaya_api", place / "khaya_api", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", place)
    # Copied, since who asks a file where it is must be told: here.
    shutil.copytree(ROOT / "tests" / "api", place / "tests" / "api", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "tests" / "__init__.py", place / "tests")
    for name in ("docs", "checks", "khaya_infra"):
        (place / name).symlink_to(ROOT / name)


def _run(place: Path, names: list[str]) -> subprocess.CompletedProcess[str]:
    nodes = [f"{file.relative_to(ROOT)}::{name}" for file, name in sorted(TESTS) if name in names]
    options = ["-q", "-x", "-p", "no:cacheprovider", "--no-showlocals", "--show-capture=no", "-m", ""]
    command = [sys.executable, "-B", "-m", "pytest", *options, *nodes]
    # What the other rooms' tests need takes longer to load than these tests to run.
    environ = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    return subprocess.run(command, cwd=place, capture_output=True, text=True, check=False, env=environ)


def test_every_record_of_infrastructure_and_deploys_has_tests() -> None:
    """All of them, since templates and scripts are here to be read."""
    assert [] == [record for record in _all("A", 43) + _all("B", 24) if record not in dict(ROWS)]


def _all(letter: str, last: int) -> list[str]:
    return [f"{letter}{number:02}" for number in range(1, last + 1)]
