"""The floor plan is a test: facts flow one way, and only the edge touches the outside."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CHECKS = ROOT / "checks"

# From the ground up. A module may import its own storey and those below it.
STOREYS: tuple[tuple[str, ...], ...] = (
    (
        *(
            "checks",
            "evidence",
            "frozen",
            "model",
            "codec",
            "naming",
            "documents",
            "intent",
            "policy",
            "routes",
            "together",
            "whole",
            "wording",
            "world.ports",
        ),
        *(
            "authorities",
            "companions",
            "described",
            "errands",
            "identifiers",
            "journey",
            "keys",
            "likeness",
            "metering",
            "notices",
            "pool",
            "recoveries",
            "references",
            "robots",
            "safekeeping",
            "screening",
            "senders",
            "settling",
            "shapes",
            "sifting",
            "spelling",
            "telling",
            "timetable",
            "tokens",
            "topology",
            "trusting",
            "vantage",
            "walking",
            "watching",
        ),
    ),
    ("world", "promises", "template"),
    (
        "blocking",
        "comparison",
        "coverage",
        "plan",
        "permissions",
        "target",
        "catalogue",
        "controls",
        "run",
        "replay",
        "report",
        "nights",
        "referring",
    ),
    ("doors",),
)
OUTSIDE = frozenset(
    {"socket", "ssl", "http", "urllib", "urllib3", "requests", "boto3", "botocore", "dns", "asyncio", "select"}
)
CLOCKS = re.compile(r"\b(datetime\.(now|utcnow|today)|date\.today|time\.(time|monotonic|sleep|perf_counter))\b")


def _modules(*folders: str) -> list[Path]:
    found = [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]
    assert found
    return found


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module or ""
            yield from (f"{node.module}.{each.name}" for each in node.names)


def _inside(path: Path) -> str:
    """The dotted name below ``checks``."""
    return ".".join(path.relative_to(CHECKS).with_suffix("").parts).removesuffix(".__init__") or "checks"


def _storey(name: str) -> int | None:
    """The lowest storey with the most precise entry for *name*."""
    fits = [
        (len(entry), number)
        for number, storey in enumerate(STOREYS)
        for entry in storey
        if name == entry or name.startswith(f"{entry}.")
    ]
    return max(fits)[1] if fits else None


HOUSE = [path for path in _modules("checks") if _inside(path).partition(".")[0] not in {"twin", "__init__", "targets"}]


@pytest.mark.parametrize("path", HOUSE, ids=_inside)
def test_nothing_imports_from_a_floor_above_it(path: Path) -> None:
    """Words know no rooms, rooms no hall, the hall no doors."""
    mine = _storey(_inside(path))
    assert mine is not None or _inside(path) == "__main__", f"{_inside(path)} has no storey: add it to STOREYS"

    above = [
        name
        for name in _imports(path)
        if name.startswith("checks.") and mine is not None and (_storey(name.removeprefix("checks.")) or 0) > mine
    ]

    assert [] == above


@pytest.mark.parametrize("path", [path for path in HOUSE if not _inside(path).startswith("world")], ids=_inside)
def test_only_the_world_touches_the_outside(path: Path) -> None:
    """A socket, a client or a resolver anywhere else is a room with a hole in its wall."""
    allowed = {"controls"}  # its loopback servers are the known-bad that the world is shown
    # Taking a URL apart asks nobody.
    out = {name for name in _imports(path) if name.partition(".")[0] in OUTSIDE and "urllib.parse" not in name}

    assert set() == out or _inside(path).partition(".")[0] in allowed


@pytest.mark.parametrize("path", [path for path in HOUSE if _inside(path) != "world.real"], ids=_inside)
def test_only_the_real_world_reads_a_clock(path: Path) -> None:
    """Time is an argument."""
    assert [] == CLOCKS.findall(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", [path for path in HOUSE if _inside(path).startswith("promises.")], ids=_inside)
def test_rooms_are_strangers_to_each_other(path: Path) -> None:
    """What two rooms share is a word, and lives with the words."""
    others = [name for name in _imports(path) if name.startswith("checks.promises")]

    assert [] == others


@pytest.mark.parametrize("path", HOUSE, ids=_inside)
def test_the_library_speaks_of_no_deployment_of_ours(path: Path) -> None:
    """It verifies any stack; our own lives in its target files."""
    assert "khaya" not in path.read_text(encoding="utf-8").lower()


@pytest.mark.parametrize("path", _modules("checks"), ids=lambda path: str(path.relative_to(ROOT)))
def test_the_library_imports_neither_the_stack_nor_the_api(path: Path) -> None:
    """The wheel holds the library alone."""
    assert [] == [name for name in _imports(path) if name.partition(".")[0] in {"khaya_api", "khaya_infra", "tests"}]


@pytest.mark.parametrize("path", _modules("khaya_infra", "khaya_api"), ids=lambda path: str(path.relative_to(ROOT)))
def test_the_stack_asks_the_library_for_permissions_alone(path: Path) -> None:
    """One import between the three: the canary's policy."""
    allowed = {"checks.permissions"}
    asked = {".".join(name.split(".")[:2]) for name in _imports(path) if name.partition(".")[0] == "checks"}

    assert asked <= allowed


def test_importing_the_library_loads_no_client() -> None:
    """``--help`` must not wait for boto3."""
    code = (
        "import checks.catalogue, checks.run, checks.target, sys;"
        "print([n for n in ('boto3', 'botocore', 'dns', 'pytest') if n in sys.modules])"
    )

    told = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)

    assert "[]" == told.stdout.strip()
