"""Exact where it must be, with a reason; locked by hash; and the locks agree."""

import json
import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

LOCKS = ("requirements/dev.txt", "requirements/installer.txt", "requirements/lambda.txt")
PIN = re.compile(r"^(?P<name>[a-z0-9-]+)==(?P<version>\S+)", re.MULTILINE)
HASH = re.compile(r"^    --hash=sha256:[0-9a-f]{64}", re.MULTILINE)


def entries_of(lock: str) -> list[str]:
    """Each requirement of a lock with the lines that belong to it."""
    text = "\n".join(line for line in lock.splitlines() if not line.lstrip().startswith("#"))
    return [entry for entry in re.split(r"\n(?=\S)", text.strip()) if entry]


def pins_of(lock: Path) -> dict[str, str]:
    """Name → version of everything that a lock installs."""
    return {match["name"]: match["version"] for match in PIN.finditer(lock.read_text(encoding="utf-8"))}


def test_every_pin_says_why(root: Path) -> None:
    """Who raises a pinned version must know what it was pinned for."""
    lines = (root / "pyproject.toml").read_text(encoding="utf-8").splitlines()
    pinned = [
        (before, line) for before, line in zip(["", *lines], lines, strict=False) if re.search(r'"[a-z-]+==\S+"', line)
    ]

    assert len(pinned) >= 5
    assert [] == [line for before, line in pinned if "# " not in line and not before.lstrip().startswith("# ")]


def test_every_exception_from_a_rule_says_why(root: Path) -> None:
    """A rule that is switched off without a reason is never switched on again."""
    text = (root / "pyproject.toml").read_text(encoding="utf-8")
    rules = [line for line in text.splitlines() if re.match(r'\s+"[A-Z]+[0-9]*",', line)]

    assert len(rules) >= 20
    assert [] == [line for line in rules if not re.search(r"# \S+ \S+", line)]


@pytest.mark.parametrize("name", LOCKS)
def test_every_line_of_a_lock_has_its_hash(root: Path, name: str) -> None:
    """What is installed is what was locked, or nothing."""
    entries = entries_of((root / name).read_text(encoding="utf-8"))

    assert entries
    assert [] == [entry for entry in entries if not (PIN.match(entry) and HASH.search(entry))]


def test_a_line_without_a_hash_is_seen() -> None:
    """The failing twin: the same test refuses a requirement that anybody could replace."""
    entries = entries_of("six==1.17.0 \\\n    --hash=sha256:" + "0" * 64 + "\n    # via x\nevil==6.6.6\n")

    assert ["evil==6.6.6"] == [entry for entry in entries if not HASH.search(entry)]


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_names_no_index(root: Path, name: str) -> None:
    """Where packages come from is the business of the machine that installs them."""
    text = (root / name).read_text(encoding="utf-8")

    assert [] == re.findall(r"https?://|file:|--(?:extra-)?index-url|--find-links|--trusted-host", text)


def test_the_lock_satisfies_what_the_project_asks_for(root: Path) -> None:
    """A version changed in pyproject.toml without `make lock` is seen here."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = [
        *project["dependencies"],
        *(need for extra in project["optional-dependencies"].values() for need in extra),
    ]
    locked = pins_of(root / "requirements/dev.txt")

    assert [] == [need for need in map(Requirement, asked) if not need.specifier.contains(locked.get(need.name, "0"))]


def test_the_installer_is_locked_as_asked(root: Path) -> None:
    """The installer itself comes by hash, in the version that pyproject.toml names."""
    groups = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["dependency-groups"]

    assert groups["installer"] == [f"uv=={pins_of(root / 'requirements/installer.txt')['uv']}"]


def test_functions_run_with_what_they_were_tested_with(root: Path) -> None:
    """A package that is in both locks has the same version in both."""
    developed, deployed = pins_of(root / "requirements/dev.txt"), pins_of(root / "requirements/lambda.txt")

    assert deployed == {name: developed[name] for name in deployed if name in developed}


def test_the_functions_lock_is_what_they_ask_for(root: Path) -> None:
    """A version changed in khaya_api/requirements.txt without `make lock` is seen here."""
    lines = (root / "khaya_api/requirements.txt").read_text(encoding="utf-8").splitlines()
    asked = [Requirement(line.split("#")[0]) for line in lines if line.split("#")[0].strip()]
    locked = pins_of(root / "requirements/lambda.txt")

    assert asked
    assert [] == [need for need in asked if not need.specifier.contains(locked.get(need.name, "0"))]


def test_the_cdk_is_locked(root: Path) -> None:
    """The CDK CLI is one exact version, checked against its digest, from wherever npm is told to ask."""
    wanted = json.loads((root / "tools/cdk/package.json").read_text(encoding="utf-8"))["dependencies"]
    packages = json.loads((root / "tools/cdk/package-lock.json").read_text(encoding="utf-8"))["packages"]
    installed = {name.removeprefix("node_modules/"): lock for name, lock in packages.items() if name}

    assert wanted == {name: installed[name]["version"] for name in wanted}
    assert all(lock["integrity"].startswith("sha512-") for lock in installed.values())
    assert [] == [name for name, lock in installed.items() if "resolved" in lock]
