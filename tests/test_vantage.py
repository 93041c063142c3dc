"""What a place can do: declared, measured, and what is beyond it listed instead of planned."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest

from checks import catalogue
from checks.catalogue import NEEDS
from checks.controls import measures
from checks.doors import assembly
from checks.model import CannotLook
from checks.report.json import document
from checks.run import Door
from checks.target import parse
from checks.vantage import ALWAYS, CAPABILITIES, Need, missing, relies_on
from tests.runs import a_check, a_control, a_plan, a_run

SITE = "schema = 1\n[site]\ndomain = 'shop.test'\n"
NAMES = ("dns.authorities[shop.test]", "dns.address[shop.test]", "tls.addresses[shop.test]", "tls.floor[shop.test]")


def of_door(door: Door, declared: str) -> tuple[list[str], dict[str, str]]:
    """What is left of a plan of NAMES from there, and what each of the others would need."""
    settings = parse(SITE + declared, name="s", source="s.toml")
    plan, beyond = assembly.from_here(a_plan(*map(a_check, NAMES)), settings, door)
    return [each.name for each in plan.checks], {each.check: each.needs for each in beyond}


def test_a_door_without_a_declaration_plans_everything() -> None:
    """Nobody said that this place cannot."""
    assert (list(NAMES), {}) == of_door("cli", "[vantage]\ncanary = []\n")


V6 = "tls.addresses_v6[shop.test]"


@pytest.mark.parametrize(
    ("declared", "lacks"),
    (
        pytest.param("", True, id="nothing said"),
        pytest.param("[vantage]\ncanary = ['ipv6']\n", True, id="another door"),
        pytest.param("[vantage]\ncli = []\n", True, id="not here"),
        pytest.param("[vantage]\ncli = ['ipv6']\n", False, id="here"),
    ),
)
def test_ipv6_is_looked_at_from_where_somebody_says_that_it_is(declared: str, lacks: bool) -> None:  # noqa: FBT001 - a column of the table
    """Functions and hosted runners have none; what they cannot see is told, and neither green nor unknown."""
    settings = parse(SITE + declared, name="s", source="s.toml")
    plan, beyond = assembly.from_here(a_plan(a_check(V6)), settings, "cli")

    assert ([] if lacks else [V6], [V6] if lacks else []) == (
        [each.name for each in plan.checks],
        [each.check for each in beyond],
    )


def test_a_twin_has_ipv6_wherever_it_is() -> None:
    """Its addresses lead to loopback, whatever the machine's own network can do."""
    settings = parse(f"twin = true\n{SITE}", name="s", source="s.toml")

    assert () == assembly.from_here(a_plan(a_check(V6)), settings, "cli")[1]


@pytest.mark.parametrize(("leads", "lacks"), (("[2001:db8::1]:443", ()), ("192.0.2.1:443", (V6,))))
def test_ipv6_that_leads_elsewhere_needs_no_network_of_ours(leads: str, lacks: tuple[str, ...]) -> None:
    """A twin's canary knows nothing of a twin: its settings say where each address is found."""
    settings = parse(f"{SITE}[network]\nconnect = {{ '{leads}' = '127.0.0.1:1' }}\n", name="s", source="s.toml")

    assert lacks == tuple(each.check for each in assembly.from_here(a_plan(a_check(V6)), settings, "canary")[1])


def test_what_a_declared_place_lacks_is_not_planned_and_listed() -> None:
    """A check that only looks further with a capability stays."""
    left, beyond = of_door("canary", "[vantage]\ncanary = ['tls10-client']\n")

    assert ["dns.address[shop.test]", "tls.addresses[shop.test]", "tls.floor[shop.test]"] == left
    assert {"dns.authorities[shop.test]": "udp53"} == beyond


def test_the_digest_stays_that_of_the_whole_plan() -> None:
    """Otherwise each place would miss what another one accepted."""
    settings = parse(SITE + "[vantage]\ncli = []\n", name="s", source="s.toml")
    whole = a_plan(*map(a_check, NAMES))

    assert whole.digest == assembly.from_here(whole, settings, "cli")[0].digest


def test_what_is_beyond_is_in_the_document() -> None:
    """With what it would take."""
    settings = parse(SITE + "[vantage]\ncli = []\n", name="s", source="s.toml")
    _, beyond = assembly.from_here(a_plan(*map(a_check, NAMES)), settings, "cli")

    told = document(a_run(a_check(), beyond=beyond))["not_from_here"]
    assert [{"name": NAMES[0], "needs": "udp53"}, {"name": NAMES[3], "needs": "tls10-client"}] == told


@pytest.mark.parametrize("need", NEEDS, ids=lambda each: f"{each.check} {each.capability}")
def test_a_need_names_promises_and_a_capability_that_exist(need: Need) -> None:
    """A misspelt pattern would plan what cannot be seen."""
    assert need.capability in {*CAPABILITIES, *ALWAYS}
    assert any(catalogue.fits(need.check, name) for name in catalogue.BY_NAME)


def test_every_capability_is_needed_and_measured() -> None:
    """A word that changes nothing would only comfort."""
    assert {*CAPABILITIES, *ALWAYS} == {each.capability for each in NEEDS}
    assert list(CAPABILITIES) == [each.vantage for each in measures(CAPABILITIES, domain="shop.test", region="r")]


# They say for how long something has been so, and judge nothing by it.
TELLING = {"alarms.calm", "stack.status"}


def _asked_the_time() -> Iterator[str]:
    """The promises whose judges read the moment that they are given."""
    for file in (Path(catalogue.__file__).parent / "promises").glob("*.py"):
        functions = [each for each in ast.parse(file.read_text("utf-8")).body if isinstance(each, ast.FunctionDef)]
        timely = {each.name for each in functions if any(word.arg == "now" for word in each.args.args)}
        for each in functions:
            if timely & {node.id for node in ast.walk(each) if isinstance(node, ast.Name)}:
                named = (call.args[0] for call in each.decorator_list if isinstance(call, ast.Call))
                yield from (str(name.value) for name in named if isinstance(name, ast.Constant))


def test_whoever_compares_a_date_with_now_needs_a_clock_that_was_compared() -> None:
    """By a clock that is a year behind, everything still lasts."""
    asked = sorted(_asked_the_time())

    assert "tls.expiry" in asked
    assert TELLING == {name for name in asked if not relies_on(f"{name}[x]", "clock", NEEDS)}


def test_an_unknown_capability_is_refused_by_the_settings() -> None:
    """Naming those that there are."""
    with pytest.raises(ValueError, match="ipv6, tls10-client, udp53"):
        parse(SITE + "[vantage]\ncli = ['ipv7']\n", name="s", source="s.toml")


def nowhere(_: object) -> tuple[bool, str]:
    """A look that gets nobody's answer."""
    raise CannotLook("timed out")


@pytest.mark.parametrize(("name", "status"), (("dns.authorities[a]", "unknown"), ("dns.address[a]", "pass")))
def test_a_capability_that_is_not_there_today_costs_only_what_needs_it(name: str, status: str) -> None:
    """Declared and not measured: what relies on it is unknown, all else stands."""
    (measure,) = measures(["udp53"], domain="shop.test", region="eu-west-1")
    unseen = replace(measure, look=nowhere)

    run = a_run(a_check(name, instrument="dns"), controls=(unseen, a_control(instrument="dns")), needs=NEEDS)

    assert status == run.results[0].status


def test_who_relies_on_what() -> None:
    """Those that only gain from a capability rely on it as well, once it is declared."""
    assert relies_on("tls.addresses[a]", "ipv6", NEEDS)
    assert not relies_on("tls.floor[a]", "ipv6", NEEDS)
    assert "" == missing("tls.addresses[a]", (), NEEDS)
    assert {"cli", "pytest", "canary", "gate"} == set(get_args(Door))
