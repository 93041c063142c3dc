"""Two stages in one account, really deployed: both hold, and what is done to one is not done to the other."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from checks import catalogue, permissions
from checks import twin as twins
from checks.target import find, read
from tests.deployed.conftest import House, serving
from tests.deployed.desk import assert_green, at

# Two deployments from nothing and three looks at all of one: some four minutes.
pytestmark = [pytest.mark.twin, pytest.mark.long]

DOMAIN, SECOND = "khaya.example", "khaya-staging.example"


def second_stage(folder: Path) -> Path:
    """The settings of another stage on the same twin: as the first one's, with stacks and a domain of its own."""
    text = find("local").read_text("utf-8").replace(DOMAIN, SECOND).replace("KhayaStack", "KhayaStaging")
    path = folder / "staging.toml"
    path.write_text(re.sub(r"Khaya(Certificate|Edge|Canary)", r"KhayaStaging\1", text), "utf-8")
    return path


def test_two_stages_live_in_one_account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each has its own release, is whole with its canary, and outlives that the other is destroyed."""
    first, second = find("local"), second_stage(tmp_path)
    twins.up(home=tmp_path, harness_actions=permissions.actions(catalogue.PROMISES))
    monkeypatch.setenv("TWIN_HOME", str(tmp_path))
    house = House(home=tmp_path, settings=read(first))
    try:
        with at(tmp_path, str(first)) as desk:
            assert 0 == desk.deploy("1a" * 20)[0]
        with at(tmp_path, str(second)) as desk:
            code, said = desk.deploy("2b" * 20)
            assert 0 == code, said
            assert (("1a" * 20,) * 2, ("2b" * 20,) * 2) == (serving(house, DOMAIN), serving(house, SECOND))
            assert_green(house, read(first))
            assert_green(house, read(second))
            code, said = desk.operate("destroy", "--yes", target=str(second))
            assert (0, True) == (code, "KhayaStaging is gone" in said), said
        assert ("1a" * 20,) * 2 == serving(house, DOMAIN)
        assert_green(house, read(first))
    finally:
        twins.down(home=tmp_path)
