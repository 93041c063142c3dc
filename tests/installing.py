"""What an installer would put beside a wheel, taken from this machine."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib.metadata import Distribution, distribution
from pathlib import Path

from packaging.requirements import Requirement


def link_required(names: Iterable[str], site: Path) -> None:
    """Links in *site* to the distributions of *names*, and to all that they need on this machine."""
    for each in _closure(names):
        for top in {file.parts[0] for file in each.files or () if file.parts[0] not in {"..", "__pycache__"}}:
            (site / top).symlink_to(Path(str(each.locate_file(top))))


def _closure(names: Iterable[str]) -> Iterator[Distribution]:
    seen, waiting = set[str](), sorted(names)
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            found = distribution(name)
            yield found
            needed = (Requirement(line) for line in found.requires or ())
            waiting += [need.name for need in needed if need.marker is None or need.marker.evaluate({"extra": ""})]
