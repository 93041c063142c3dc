"""Mutants of the harness itself: what decides is changed, words for people are not, and survivors are told."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tools import mutants
from tools.mutants import Mutant

JUDGE = '''\
def judge_age(seen, now, *, least):
    """At least *least*."""
    expected = f"more than {least + 1}"
    if seen.age >= least and not seen.old:
        return Verdict.passed(expected=expected, actual="5")
    return Verdict.failed(expected=expected, actual=words(seen), remedy="wait 3 days")


def words(seen):
    return seen.name == "x"


def untouched(seen):
    return seen.age > 5
'''


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A room with one judge."""
    monkeypatch.setattr(mutants, "ROOT", tmp_path)
    (tmp_path / "promises").mkdir()
    file = tmp_path / "promises" / "age.py"
    file.write_text(JUDGE)
    return file


def test_what_decides_is_changed_once_each(room: Path) -> None:
    """The comparison, the conditions, the verdicts, and what a judge calls; nothing else of the module."""
    made = [(each.line, each.was, each.now) for each in mutants.mutants(room)]

    assert (4, "seen.age >= least", "seen.age > least") in made
    assert (4, "Verdict.passed", "Verdict.failed") not in made
    assert (5, "Verdict.passed", "Verdict.failed") in made
    assert not [each for each in made if each[0] >= 13]
    assert len(made) == len(set(made))


def test_words_for_people_are_left_alone(room: Path) -> None:
    """No number inside a text, an expectation or a remedy is changed."""
    assert not [each for each in mutants.mutants(room) if "least + " in each.was or "3 days" in each.was]


def test_every_mutant_differs_from_the_module_in_its_one_place(room: Path) -> None:
    """And it is code."""
    whole = ast.unparse(ast.parse(JUDGE)).splitlines()
    for each in mutants.mutants(room):
        lines = ast.unparse(each.tree).splitlines()
        assert 1 == sum(was != now for was, now in zip(whole, lines, strict=True)), each
        compile(each.tree, "age.py", "exec")


def test_a_mutant_that_a_test_notices_does_not_survive(room: Path) -> None:
    """In a process of its own, so that nothing of it is left here; the module as it is survives."""
    test = room.parent / "test_age.py"
    test.write_text(
        "from promises.age import words\n\ndef test_it():\n    assert words(type('S', (), {'name': 'x'}))\n"
    )
    (room.parent.parent / "pytest.ini").write_text(f"[pytest]\npythonpath = {room.parent.parent}\n")
    turned = next(each for each in mutants.mutants(room) if each.line == 10)
    same = Mutant(room, 0, "", "", ast.parse(JUDGE))
    tests = ["-c", str(room.parent.parent / "pytest.ini"), str(test)]

    assert (pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.OK) == tuple(
        mutants.played(each, tests) for each in (turned, same)
    )
    assert (False, True) == tuple(mutants.survives(each, tests) for each in (turned, same))


def test_the_modules_of_this_project_are_played_as_they_are_configured() -> None:
    """Unchanged, a module passes its own tests under the options of pyproject.toml."""
    file = mutants.ROOT / "checks" / "blocking.py"
    same = Mutant(file, 0, "", "", ast.parse(file.read_text(encoding="utf-8")))

    assert pytest.ExitCode.OK == mutants.played(same, mutants.tests_of(file))


def test_every_module_that_decides_has_its_tests() -> None:
    """One that is played against a file that does not exist would end the whole round."""
    lost = {
        f"{file.name}: {test}"
        for file in mutants.every_module()
        if any(mutants.mutants(file))
        for test in mutants.tests_of(file)
        if not (mutants.ROOT / test).is_file()
    }

    assert set() == lost


def test_a_room_of_rows_alone_is_not_played(room: Path) -> None:
    """It decides nothing, and has no tests of its own."""
    room.write_text("ROWS = (1, 2)\n")

    assert {"made": 0, "survivors": []} == mutants.play(room)
