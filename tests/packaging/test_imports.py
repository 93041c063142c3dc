"""Whatever is imported is asked for in pyproject.toml, so that nothing works by accident."""

import ast
import sys
from pathlib import Path

import pytest

# Names to import by, of what pyproject.toml asks for.
RUNTIME = {"boto3", "botocore", "dns", "urllib3"}
ALLOWED = {
    "checks/twin/": RUNTIME | {"ministack", "cryptography", "hypercorn", "h11", "h2", "yaml"},
    "checks/doors/completing.py": RUNTIME | {"shtab"},
    "checks/doors/plugin.py": RUNTIME | {"pytest"},
    "checks/report/progress.py": RUNTIME | {"rich"},
    "checks/": RUNTIME,
}


def imported_by(file: Path) -> set[str]:
    """The top-level names of everything that a file imports, at its top or late."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names.add(node.module.split(".")[0])
    return names


def allowed_in(path: str) -> set[str]:
    """What the file at `path` may import besides the standard library and its own package."""
    return next(names for start, names in ALLOWED.items() if path.startswith(start))


def test_the_library_imports_what_it_asks_for(root: Path) -> None:
    """An import that only works because an extra is installed breaks at the first user."""
    files = sorted((root / "checks").rglob("*.py"))
    paths = {str(file.relative_to(root)): file for file in files}
    own = {"checks", *sys.stdlib_module_names}
    strange = {path: imported_by(file) - own - allowed_in(path) for path, file in paths.items()}

    assert files
    assert {} == {path: names for path, names in strange.items() if names}


@pytest.mark.parametrize(
    "line",
    (
        pytest.param("import requests", id="at the top"),
        pytest.param("def f() -> None:\n    from requests import get", id="late"),
        pytest.param("import os, requests.adapters", id="in company"),
    ),
)
def test_a_strange_import_is_seen(tmp_path: Path, line: str) -> None:
    """The failing twin: however it is written, the import is found."""
    file = tmp_path / "module.py"
    file.write_text(line)

    assert {"requests"} == imported_by(file) - allowed_in("checks/run.py") - sys.stdlib_module_names
