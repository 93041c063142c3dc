"""The figures that the first page tells are those that were measured."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tools import mutants, mutation_page

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("rate", "sentence"),
    (
        ("live: caught by the right check", "{} caught by the promise that is about it"),
        ("patched: caught by the right check", "rewritten on its way, since the emulator cannot hold it | {} |"),
        ("meta: the right status in bounded time", "{} ended in time with the right status"),
    ),
)
def test_what_was_caught_is_told_as_it_was_measured(rate: str, sentence: str) -> None:
    """By docs/kill-matrix.json."""
    seen = json.loads((ROOT / "docs" / "kill-matrix.json").read_text(encoding="utf-8"))["rates"][rate]

    assert sentence.format(f"{seen['hits']} of {seen['tries']}") in README


def test_what_was_noticed_of_the_mutants_is_told_as_it_was_played() -> None:
    """By docs/mutation.json, without those that nothing can tell apart."""
    made = noticed = 0
    for each in mutation_page.read(mutants.ROOT).values():
        alive, same = mutation_page.told_apart(mutants.ROOT, each)
        made += each["made"] - len(same)
        noticed += each["made"] - len(same) - len(alive)

    assert f"{noticed} of {made} noticed by a test" in README
