"""The record of what went wrong names tests that there are."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

RECORD = Path(__file__).parents[2] / "docs" / "incidents.md"
ROWS = re.findall(r"^\| ([A-F]\d\d) \| [^|]+ \| (.+) \|$", RECORD.read_text("utf-8"), re.MULTILINE)
TESTS = {
    name
    for file in Path(__file__).parents[1].rglob("test_*.py")
    for name in re.findall(r"^def (test_\w+)\(", file.read_text("utf-8"), re.MULTILINE)
}


@pytest.mark.parametrize(("record", "tests"), ROWS, ids=[record for record, _ in ROWS])
def test_every_record_has_tests_that_exist(record: str, tests: str) -> None:
    """A test that was renamed away guards nothing."""
    named = set(re.findall(r"`(test_\w+)`", tests))

    assert named
    assert set() == named - TESTS


def test_every_record_of_handler_and_data_is_accounted_for() -> None:
    """With a test, or with the reason why this API has none."""
    text = RECORD.read_text("utf-8")

    assert [] == [record for record in _all("C", 33) + _all("D", 13) if record not in text]


def test_every_record_of_infrastructure_and_deploys_has_tests() -> None:
    """All of them, since templates and scripts are here to be read."""
    assert [] == [record for record in _all("A", 43) + _all("B", 24) if record not in dict(ROWS)]


def _all(letter: str, last: int) -> list[str]:
    return [f"{letter}{number:02}" for number in range(1, last + 1)]
