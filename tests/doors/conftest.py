from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import pytest

from checks.doors import cli
from checks.world.ports import World
from tests.doors import scene


@dataclass(frozen=True)
class Said:
    """What a command came to."""

    code: int
    out: str
    err: str


Say = Callable[..., Said]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty directory to stand in, with the settings of the small deployment."""
    monkeypatch.chdir(tmp_path)
    scene.write_settings(tmp_path)
    scene.enter(monkeypatch)
    return tmp_path


@pytest.fixture
def enter(monkeypatch: pytest.MonkeyPatch) -> Callable[[str | World], None]:
    """Lets the doors of this process lead to another scene."""
    return lambda which: scene.enter(monkeypatch, which)


@pytest.fixture
def say(here: Path) -> Say:
    """Runs the command line in *here*."""

    def run(*words: str) -> Said:
        out, err = StringIO(), StringIO()
        code = cli.main(words, out=out, err=err)
        return Said(code=code, out=out.getvalue(), err=err.getvalue())

    return run
