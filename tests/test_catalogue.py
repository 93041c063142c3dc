"""The catalogue: every promise once, limits that are limits, dependencies that name something and never go round."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from checks import catalogue
from checks.blocking import Dependency
from checks.catalogue import BY_NAME, DEPENDENCIES, PROMISES, Thresholds, checks_for, fits, thresholds
from checks.model import Check, Place, Resource, Stack, Target, Waiver
from checks.plan import freeze
from checks.promises import stack
from checks.promises.functions import Ended
from checks.target.settings import Expectations, SettingsError

ROOT = Path(__file__).parents[1]
TABLE = Resource(
    logical_id="Users",
    type="AWS::DynamoDB::Table",
    physical_id="Users-1",
    subject="Data/Users",
    stack="S",
    region="af-south-1",
)
TARGET = Target(
    name="here",
    account="000000000000",
    stacks=(
        Stack(
            name="S",
            region="af-south-1",
            arn="arn:aws:cloudformation:af-south-1:000000000000:stack/S/1",
            resources=(TABLE,),
        ),
    ),
    domain="example.org",
    aliases=("www.example.org",),
    spa_paths=("/jobs",),
)


def _planned(target: Target = TARGET, expect: Expectations | None = None, **more: object) -> dict[str, Check]:
    checks = checks_for(target, limits=Thresholds(), expect=expect or Expectations(), **more)  # type: ignore[arg-type]  # a test's keywords
    return {each.name: each for each in checks}


def test_every_promise_has_a_name_of_its_own() -> None:
    """A name is written once, and finds one promise."""
    assert len(PROMISES) == len(BY_NAME)


@pytest.mark.parametrize("name", BY_NAME)
def test_a_promise_says_what_it_is_in_one_sentence(name: str) -> None:
    """Its name is family and word, its sentence is one line, its reason is told, its actions look like IAM's."""
    promise = BY_NAME[name]

    assert re.fullmatch(r"[a-z]+\.[a-z_0-9]+", name)
    assert promise.says
    assert "\n" not in promise.says
    assert promise.bind.__doc__
    assert all(re.fullmatch(r"[a-z0-9-]+:[A-Z][A-Za-z0-9]+", action) for action in promise.actions)
    assert promise.actions or promise.instrument != "aws"


@pytest.mark.parametrize("name", BY_NAME)
def test_every_promise_has_a_line_in_the_documentation(name: str) -> None:
    """``docs/checks.md`` holds its name, its severity and its sentence."""
    promise = BY_NAME[name]
    lines = (ROOT / "docs" / "checks.md").read_text(encoding="utf-8").splitlines()

    assert [f"| `{name}` | {promise.severity} | {promise.says} |"] == [line for line in lines if f"`{name}`" in line]


@pytest.mark.parametrize("dependency", DEPENDENCIES, ids=lambda each: f"{each.check} on {each.on}")
def test_a_dependency_names_promises_that_exist(dependency: Dependency) -> None:
    """A misspelt pattern would explain nothing and never be noticed."""
    assert any(fits(dependency.check, name) for name in BY_NAME)
    assert any(fits(dependency.on, name) and BY_NAME[name].severity == "critical" for name in BY_NAME)


def test_no_promise_stands_on_itself_in_a_circle() -> None:
    """A circle of failures would have no root, and nobody would be shown one."""
    under = {
        name: {on for each in DEPENDENCIES if fits(each.check, name) for on in BY_NAME if fits(each.on, on)} - {name}
        for name in BY_NAME
    }
    done: set[str] = set()
    while ready := [name for name, needs in under.items() if name not in done and needs <= done]:
        done.update(ready)

    assert set() == set(BY_NAME) - done


def test_the_limits_have_defaults_and_can_be_overridden_by_name() -> None:
    """What is not named keeps its default."""
    assert Thresholds() == thresholds({})
    assert 14 == thresholds({"certificate_critical_days": 14}).certificate_critical_days


@pytest.mark.parametrize(
    ("given", "told"),
    (
        ({"certificate_critcal_days": 14}, "unknown 'certificate_critcal_days'; known are"),
        ({"certificate_critical_days": 0}, "thresholds.certificate_critical_days: expected more than 0, found 0"),
    ),
)
def test_a_limit_that_is_none_is_refused_by_name(given: dict[str, float], told: str) -> None:
    """A misspelling must not leave the default in force unseen."""
    with pytest.raises(SettingsError) as caught:
        thresholds(given)

    assert told in str(caught.value)


def test_an_overridden_limit_reaches_the_check() -> None:
    """The value used is a parameter of the check, so it is stored with the plan."""
    checks = checks_for(TARGET, limits=thresholds({"restorable_critical_minutes": 90}), expect=Expectations())
    mine = next(each for each in checks if each.name == "backups.restorable[Data/Users]")

    assert timedelta(minutes=90) == mine.params["limit"]


@pytest.mark.parametrize("ended", catalogue.ENDED_RUNTIMES, ids=lambda each: each.runtime)
def test_the_last_day_of_a_runtime_is_a_day(ended: Ended) -> None:
    """A date that cannot be read would never come."""
    assert date(2020, 1, 1) < date.fromisoformat(ended.on) < date(2035, 1, 1)


def test_a_runtime_has_one_last_day() -> None:
    """Two dates for one runtime would make the first of them win in silence."""
    every = [each.runtime for each in catalogue.ENDED_RUNTIMES]

    assert sorted(set(every)) == sorted(every)


def test_the_rooms_come_in_the_order_a_person_would_ask() -> None:
    """Who are we, is it there, does the name lead there, then what it serves and keeps."""
    families = list(dict.fromkeys(each.family for each in _planned().values()))

    assert ["identity", "stack", "dns", "tls", "cdn", "site", "tables", "backups"] == families


def test_a_target_without_a_site_has_no_site_checks() -> None:
    """A promise that does not apply is not planned, which is no skip."""
    bare = Target(name="here", account="000000000000", stacks=TARGET.stacks)

    assert {"identity", "stack", "tables", "backups"} == {each.family for each in _planned(bare).values()}


def test_the_floor_is_planned_for_families_types_and_domain() -> None:
    """Each expectation is a check that says how many there are."""
    expect = Expectations(domain="example.org", families=("dns",), resources={"AWS::DynamoDB::Table": 2})
    planned = _planned(expect=expect)

    told = {
        name: planned[f"stack.floor[{name}]"].params["found"]
        for name in ("family:dns", "AWS::DynamoDB::Table", "domain:example.org")
    }
    assert {
        "family:dns": sum(each.family == "dns" for each in planned.values()),
        "AWS::DynamoDB::Table": 1,
        "domain:example.org": 1,
    } == told


def test_another_domain_than_expected_is_below_the_floor() -> None:
    """Verifying another site than the one that was meant must not be green."""
    planned = _planned(expect=Expectations(domain="example.com"))

    assert 0 == planned["stack.floor[domain:example.com]"].params["found"]


def test_a_table_that_is_to_hold_something_is_counted_or_missed() -> None:
    """By the name that reports give it; one that is not there, or is spelt otherwise, is below the floor."""
    planned = _planned(expect=Expectations(items={"Data/Users": 2, "Data/User": 1}))

    assert 2 == planned["tables.filled[Data/Users]"].params["least"]
    assert "tables.filled[Data/User]" not in planned
    assert (1, 0) == tuple(planned["stack.floor[table:Data/User]"].params[each] for each in ("least", "found"))
    assert "stack.floor[table:Data/Users]" not in planned


def test_a_waiver_is_planned_with_the_number_of_checks_it_matches() -> None:
    """One that matches nothing is found by its own check."""
    waivers = [
        Waiver(check=check, owner="platform", reason="why", expires=datetime(2027, 1, 1, tzinfo=UTC))
        for check in ("tables.*", "tabels.*")
    ]
    planned = _planned(waivers=waivers)

    assert (
        sum(each.family == "tables" for each in planned.values()) == planned["stack.waiver[tables.*]"].params["matches"]
    )
    assert 0 == planned["stack.waiver[tabels.*]"].params["matches"]


def test_a_plan_like_the_accepted_one_adds_only_its_digest() -> None:
    """Nothing was lost, so nothing about the plan is planned but the comparison itself."""
    accepted = freeze(_planned().values(), target="here", account="000000000000", regions=())

    about = {name for name in _planned(accepted=accepted) if name.startswith("stack.plan")}

    assert {"stack.plan_digest[here]"} == about


def test_a_check_that_was_accepted_and_is_gone_becomes_a_failing_check() -> None:
    """The plan may not shrink unseen."""
    accepted = freeze(_planned().values(), target="here", account="000000000000", regions=())
    smaller = Target(
        name="here", account="000000000000", stacks=TARGET.stacks, domain="example.org", spa_paths=("/jobs",)
    )

    planned = _planned(smaller, accepted=accepted)

    assert "stack.plan[dns.address[www.example.org]]" in planned
    assert stack.plan is planned["stack.plan[dns.address[www.example.org]]"].promise


def test_what_was_lost_is_not_part_of_what_is_accepted_next() -> None:
    """The digest speaks of the plan, not of the checks about it."""
    accepted = freeze(_planned().values(), target="here", account="000000000000", regions=())
    again = freeze(_planned(accepted=accepted).values(), target="here", account="000000000000", regions=())

    assert accepted.digest == again.digest


def test_a_place_is_enough_for_a_check() -> None:
    """Floors speak for no resource."""
    made = stack.floor(Place(subject="family:dns"), kind="family:dns", least=1, found=0)

    assert () == made.place.covers
