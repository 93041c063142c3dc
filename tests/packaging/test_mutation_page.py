"""The score of the mutated harness is kept by module, and a survivor is named."""

from __future__ import annotations

from pathlib import Path

from tools import mutation_page

SCORES = {
    "checks/b.py": {"digest": "2", "made": 3, "survivors": ["checks/b.py:1: a < b  ->  a <= b"]},
    "checks/a.py": {"digest": "1", "made": 1, "survivors": []},
}


def test_the_share_is_of_all_mutants_together() -> None:
    """Three of four; a module without mutants has none that survived."""
    assert 75.0 == mutation_page.share(SCORES.values())
    assert 100.0 == mutation_page.share([])


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
