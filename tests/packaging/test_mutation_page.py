"""The score of the mutated harness is kept by module, and a survivor is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools import mutants, mutation_page

SCORES = {
    "checks/b.py": {"digest": "2", "made": 3, "survivors": ["checks/b.py:1: a < b  ->  a <= b"]},
    "checks/a.py": {"digest": "1", "made": 1, "survivors": []},
}


EQUIVALENT = """
[[equivalent]]
file = "checks/b.py"
line = "return a < b"
mutant = "a < b  ->  a <= b"
why = "They are never equal."
"""


def test_the_share_is_of_all_mutants_together(tmp_path: Path) -> None:
    """Three of four; a module without mutants has none that survived."""
    assert 75.0 == mutation_page.share(tmp_path, SCORES.values())
    assert 100.0 == mutation_page.share(tmp_path, [])


def test_scores_are_read_back_as_they_were_kept(tmp_path: Path) -> None:
    """In the order of their modules, with a page beside them."""
    (tmp_path / "docs").mkdir()
    assert {} == mutation_page.read(tmp_path)

    mutation_page.write(tmp_path, SCORES)

    assert ["checks/a.py", "checks/b.py"] == list(mutation_page.read(tmp_path))
    assert SCORES == mutation_page.read(tmp_path)
    page = (tmp_path / "docs" / "mutation.md").read_text()
    assert "3 of 4 mutants of 2 modules were noticed: 75.0 %" in page
    assert "* `checks/b.py:1: a < b  ->  a <= b`" in page


@pytest.mark.parametrize(("source", "share"), (("return a < b\n", 100.0), ("return a < b + 1\n", 75.0)))
def test_what_nothing_can_tell_apart_does_not_count(tmp_path: Path, source: str, share: float) -> None:
    """As long as its line is as it was when the reason was given."""
    for folder in ("checks", "docs", "tools"):
        (tmp_path / folder).mkdir()
    (tmp_path / "checks" / "b.py").write_text(source)
    (tmp_path / "tools" / "equivalents.toml").write_text(EQUIVALENT)

    mutation_page.write(tmp_path, SCORES)

    assert share == mutation_page.share(tmp_path, SCORES.values())
    page = (tmp_path / "docs" / "mutation.md").read_text()
    assert (share == 100.0) == ("3 of 3 mutants of 2 modules were noticed: 100.0 %.\n1 more, 25.0 %" in page)
    assert (share == 100.0) == ("* `checks/b.py:1: a < b  ->  a <= b`: They are never equal." in page)


def test_no_more_are_excused_than_were_judged(tmp_path: Path) -> None:
    """A line that holds the same words three times, two of which are told apart by tests."""
    for folder in ("checks", "tools"):
        (tmp_path / folder).mkdir()
    (tmp_path / "checks" / "b.py").write_text("return a < b\n")
    (tmp_path / "tools" / "equivalents.toml").write_text(f"{EQUIVALENT}times = 2\n")
    survivor = "checks/b.py:1: a < b  ->  a <= b"

    alive, same = mutation_page.told_apart(tmp_path, {"made": 9, "survivors": [survivor] * 3})

    assert ([survivor], [(survivor, "They are never equal.")] * 2) == (alive, same)


def test_each_reason_is_of_a_mutant_that_there_is() -> None:
    """One whose line was written anew since is judged anew."""
    said = mutation_page.reasons(mutants.ROOT)
    modules = {mutants.ROOT / name for name, _, _ in said}
    made = {
        (str(file.relative_to(mutants.ROOT)), file.read_text("utf-8").splitlines()[each.line - 1].strip(), change)
        for file in modules
        for each in mutants.mutants(file)
        for change in [f"{each.was}  ->  {each.now}"]
    }

    assert set() == modules - set(mutants.every_module())
    assert set() == set(said) - made
    assert all(times > 0 and why for times, why in said.values())


def test_the_harness_is_held_to_its_score() -> None:
    """Every module that decides was played; 95 of 100 changes are noticed, and no more than 12 are excused."""
    kept = mutation_page.read(mutants.ROOT)

    same = sum(len(mutation_page.told_apart(mutants.ROOT, each)[1]) for each in kept.values())

    assert {str(file.relative_to(mutants.ROOT)) for file in mutants.every_module()} == set(kept)
    assert 95 <= mutation_page.share(mutants.ROOT, kept.values())
    assert same <= 0.12 * sum(each["made"] for each in kept.values())
