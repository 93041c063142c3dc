"""Target files as the deployer reads them: what is missing or odd is refused by its key."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from khaya_infra.settings import Settings, SettingsError, StackPlace, read_settings, settings_from
from tests.infra.conftest import ROOT

Document = dict[str, Any]
GOOD: Document = {
    "schema": 1,
    "account": {"id": "123456789012"},
    "stack": [{"name": "ShopCertificate", "region": "us-east-1"}, {"name": "Shop", "region": "af-south-1"}],
    "owners": {"alarms": "alarms@shop.example", "tables": "data team"},
    "site": {"domain": "shop.example", "aliases": ["shop.example", "www.shop.example"], "spa_paths": ["/jobs"]},
}


def read(document: Document) -> Settings:
    """The settings of a document, called shop.toml in messages."""
    return settings_from(document, stage="shop", source="shop.toml")


def test_a_good_file_is_read_whole() -> None:
    """The apex among the aliases is not a further name."""
    assert Settings(
        stage="shop",
        twin=False,
        account="123456789012",
        certificate=StackPlace(name="ShopCertificate", region="us-east-1"),
        main=StackPlace(name="Shop", region="af-south-1"),
        edge=None,
        domain="shop.example",
        aliases=("www.shop.example",),
        spa_paths=("/jobs",),
        alarm_address="alarms@shop.example",
        notice_address="alarms@shop.example",
    ) == read(GOOD)


def test_what_is_not_asked_for_is_read_too() -> None:
    """A stack that watches the edge, who reads notices, and the countries that are served."""
    document = copy.deepcopy(GOOD)
    document["stack"].append({"name": "ShopEdge", "region": "us-east-1"})
    document["owners"]["notices"] = "post@shop.example"
    document["site"]["hidden"] = True
    document["deploy"] = {"command": ["make", "deploy"], "settings": {"countries": ["ZA", "NA"]}}
    settings = read(document)

    assert StackPlace(name="ShopEdge", region="us-east-1") == settings.edge
    assert ("alarms@shop.example", "post@shop.example") == (settings.alarm_address, settings.notice_address)
    assert ("ZA", "NA") == settings.countries
    assert (True, False) == (settings.hidden, read(GOOD).hidden)


def test_hosts_and_origins_begin_with_the_apex() -> None:
    """Who takes the first one takes the canonical one."""
    settings = read(GOOD)

    assert ("shop.example", "www.shop.example") == settings.hosts
    assert ("https://shop.example", "https://www.shop.example") == settings.origins


def _drop(*keys: str) -> Callable[[Document], None]:
    def change(document: Document) -> None:
        inner = document
        for key in keys[:-1]:
            inner = inner[key]
        del inner[keys[-1]]

    return change


def _put(value: object, *keys: str | int) -> Callable[[Document], None]:
    def change(document: Document) -> None:
        inner: Any = document
        for key in keys[:-1]:
            inner = inner[key]
        inner[keys[-1]] = value

    return change


@pytest.mark.parametrize(
    ("change", "key"),
    (
        pytest.param(_put(2, "schema"), "schema", id="another schema"),
        pytest.param(_put("nobody", "owners", "notices"), "owners.notices", id="notices to no address"),
        pytest.param(
            _put({"settings": {"countries": ["Namibia"]}}, "deploy"), "deploy.settings.countries", id="a name"
        ),
        pytest.param(_put({"settings": {"countries": "ZA"}}, "deploy"), "deploy.settings.countries", id="a text"),
        pytest.param(_put({"setings": {}}, "deploy"), "[deploy]:", id="misspelt"),
        pytest.param(_drop("schema"), "schema", id="no schema"),
        pytest.param(_put("yes", "twin"), "twin", id="twin is a text"),
        pytest.param(_drop("account"), "account", id="no account"),
        pytest.param(_drop("account", "id"), "account.id", id="no account id"),
        pytest.param(_put("1234", "account", "id"), "account.id", id="short account id"),
        pytest.param(_put(123456789012, "account", "id"), "account.id", id="account id as a number"),
        pytest.param(_drop("site"), "site", id="no site"),
        pytest.param(_drop("site", "domain"), "site.domain", id="no domain"),
        pytest.param(_put("https://shop.example", "site", "domain"), "site.domain", id="domain is a URL"),
        pytest.param(_put("www.shop.example", "site", "aliases"), "site.aliases", id="aliases are a text"),
        pytest.param(_put("yes", "site", "hidden"), "site.hidden", id="hidden in words"),
        pytest.param(_put(["jobs"], "site", "spa_paths"), "site.spa_paths", id="path without a slash"),
        pytest.param(_drop("owners"), "owners", id="no owners"),
        pytest.param(_put("Ada", "owners", "alarms"), "owners.alarms", id="alarms go to no address"),
        pytest.param(_put([], "stack"), "stack", id="no stacks"),
        pytest.param(_put("Shop", "stack", 1), "stack", id="stack is a text"),
        pytest.param(_drop("stack"), "stack", id="no list of stacks"),
        pytest.param(_put("9Shop", "stack", 1, "name"), "stack.name", id="stack name begins with a digit"),
        pytest.param(_put("Africa", "stack", 1, "region"), "stack.region", id="no such region"),
        pytest.param(_put("eu-west-1", "stack", 0, "region"), "stack.region", id="certificate elsewhere"),
        pytest.param(_put("ShopOther", "stack", 0, "name"), "stack", id="no certificate stack"),
        pytest.param(_put("Certificate", "stack", 1, "name"), "stack", id="two certificate stacks"),
    ),
)
def test_what_is_odd_is_refused_by_its_key(change: Callable[[Document], None], key: str) -> None:
    """One thing differs from a good file, and the message begins with the file and that thing's key."""
    document = copy.deepcopy(GOOD)
    change(document)

    with pytest.raises(SettingsError) as refused:
        read(document)

    assert ["shop.toml:", key] == str(refused.value).split()[:2]


@pytest.mark.parametrize(
    ("change", "words"),
    (
        pytest.param(_put({}, "sites"), "unknown ['sites']; known are ['account',", id="a table"),
        pytest.param(_put([], "site", "alaises"), "[site]: unknown ['alaises']; known are ['aliases',", id="a key"),
    ),
)
def test_what_is_misspelt_is_refused_rather_than_deployed_away(change: Callable[[Document], None], words: str) -> None:
    """Without its aliases a site would lose them at the next deploy; the message lists what there is."""
    document = copy.deepcopy(GOOD)
    change(document)

    with pytest.raises(SettingsError) as refused:
        read(document)

    assert str(refused.value).startswith(f"shop.toml: {words}")


def test_a_stack_for_the_canary_is_nobody_elses() -> None:
    """A third stack in another region does not make the main one ambiguous."""
    document = copy.deepcopy(GOOD)
    document["stack"].append({"name": "ShopCanary", "region": "eu-west-1"})

    assert "Shop" == read(document).main.name


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    """Rather than a traceback."""
    with pytest.raises(SettingsError, match=r"nowhere\.toml: no such target file"):
        read_settings(tmp_path / "nowhere.toml")


def test_a_file_that_is_no_toml_is_named(tmp_path: Path) -> None:
    """With what the parser says about it."""
    (tmp_path / "odd.toml").write_text("schema = ")

    with pytest.raises(SettingsError, match=r"odd\.toml: not readable as TOML"):
        read_settings(tmp_path / "odd.toml")


@pytest.mark.parametrize("name", ("local", "prod", "staging"))
def test_the_projects_own_targets_are_good(name: str) -> None:
    """And each stage's stacks have names of their own."""
    settings = read_settings(ROOT / "checks" / "targets" / f"{name}.toml")

    assert name == settings.stage
    assert (name == "local") is settings.twin
    assert "af-south-1" == settings.main.region
    assert (f"www.{settings.domain}",) == settings.aliases
