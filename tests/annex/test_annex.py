"""What the marketplace has none of is deployed, looked at and broken: the promises about it are seen to be kept."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from checks import twin as twins
from checks.twin.faults import others
from tests.annex.__main__ import HERE

pytestmark = pytest.mark.twin
ROOT = Path(__file__).parents[2]
TARGET = HERE / "annex.toml"
# An hour of patience is not needed, a busy machine's is.
SLOW = "4"
ALL = tuple(each.id for each in others.FAULTS)
# Of a name, a distribution, an API, a firewall and a table; those of all the others are for a whole run.
SPREAD = ("DNS-19", "CF-30", "API-28", "X-WAF-01", "DDB-24")


@pytest.fixture(scope="module")
def annex(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, str]]:
    """The surroundings of a command that sees the twin with the annex on it."""
    home = tmp_path_factory.mktemp("annex")
    environ = {**os.environ, "TWIN_HOME": str(home)}
    try:
        done = _python(environ, "-m", "tests.annex")
        assert 0 == done.returncode, done.stderr
        yield environ
    finally:
        twins.down(home=home)


def _python(environ: Mapping[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *words], env=environ, cwd=ROOT, capture_output=True, text=True, check=False, timeout=600
    )


def test_the_annex_is_whole(annex: Mapping[str, str], tmp_path: Path) -> None:
    """Every check passes; nothing is planned less than the faults of the annex are about."""
    out = tmp_path / "run.json"
    done = _python(annex, "-m", "checks", "verify", "--target", str(TARGET), "--json", str(out))
    told = json.loads(out.read_text(encoding="utf-8"))

    assert [] == [
        each["name"] for each in told["results"] if each["status"] != "pass" and each["severity"] == "critical"
    ]
    assert (0, "kept") == (done.returncode, told["verdict"])
    assert {each.promise for each in others.FAULTS} <= {each["name"].partition("[")[0] for each in told["results"]}


@pytest.mark.parametrize(
    "faults", (pytest.param(SPREAD, id="spread"), pytest.param(ALL, id="all", marks=pytest.mark.long))
)
def test_what_the_marketplace_has_none_of_is_caught_here(
    annex: Mapping[str, str], tmp_path: Path, faults: tuple[str, ...]
) -> None:
    """Each by the promise that is about it, with the right code, and by nothing else; and is green again."""
    out, only = tmp_path / "matrix.json", [word for each in faults for word in ("--only", each)]
    words = ("--target", str(TARGET), "--slow", SLOW, "--json", str(out))
    done = _python(annex, "-m", "checks", "mutate", *words, *only)
    rows = json.loads(out.read_text(encoding="utf-8"))["rows"]

    assert [] == [each for each in rows if not each["exact"]]
    assert (list(faults), 0) == ([each["id"] for each in rows], done.returncode)
