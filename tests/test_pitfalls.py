"""The numbers that promises name stand in the documentation."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
NAMED = re.compile(r"[Pp]itfalls? (\d+(?:(?:, | and )\d+)*)")


def test_every_pitfall_that_is_named_is_explained() -> None:
    """``Pitfall 66`` in a docstring can be looked up."""
    explained = set(
        re.findall(r"^\| (\d+) \|", (ROOT / "docs" / "pitfalls.md").read_text(encoding="utf-8"), re.MULTILINE)
    )
    named = {
        number
        for path in sorted((ROOT / "checks").rglob("*.py"))
        for found in NAMED.findall(path.read_text(encoding="utf-8"))
        for number in re.findall(r"\d+", found)
    }

    assert named
    assert set() == named - explained
