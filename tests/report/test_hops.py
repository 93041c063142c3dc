"""The drawing of what leads to what, and the coverage beside it: the broken hop is marked, every row is named."""

from __future__ import annotations

from dataclasses import replace

import pytest

from checks.coverage import Coverage, Row
from checks.model import Waiver
from checks.report import html
from checks.report.json import document
from checks.run import Run
from tests.report.test_html import ATTACK, Part, Reader, read
from tests.runs import NOON, a_check, a_run, broken, settling

RULE = "schedules.targets[Main/Daily]"


def edge(source: str, goal: str, *checks: str, kind: str = "rule → target", types: tuple[str, str] = ("x", "y")) -> Row:
    """A hop that these checks would see cut."""
    return Row(
        kind="edge",
        name=f"{source} → {goal}",
        type=kind,
        stack="Main",
        state="verified" if checks else "unverified",
        checks=checks,
        source=source,
        source_type=types[0],
        goal=goal,
        goal_type=types[1],
    )


TYPES = ("AWS::Events::Rule", "AWS::Lambda::Function")
HOP = edge("Main/Daily", "Main/Work/Handler", RULE, types=TYPES)
OTHER = edge("Main/Hourly", "Main/Work/Handler", types=TYPES)
ALARMS = tuple(
    edge(f"Main/Alarm{at}", "Main/Told", kind="alarm → topic", types=("AWS::CloudWatch::Alarm", "AWS::SNS::Topic"))
    for at in range(12)
)


def page(run: Run) -> Reader:
    """The page of *run*, read."""
    return read(html.as_html(document(run)))


def of(*rows: Row, judge: object = None, **terms: object) -> Reader:
    """The page of a run of the rule's check, in a target with these rows."""
    made = a_check(RULE, judge=judge) if judge else a_check(RULE)  # type: ignore[arg-type]  # a judge
    return page(a_run(made, coverage=Coverage(rows=rows), **terms))  # type: ignore[arg-type]  # the rest of Terms


def within(reader: Reader, tag: str, word: str) -> list[Part]:
    """The elements of that kind with the class."""
    return [each for each in reader.of(tag) if word in each.attributes.get("class", "").split()]


@pytest.mark.parametrize(
    ("judge", "state", "marked"),
    (
        pytest.param(None, "pass", False, id="whole"),
        pytest.param(broken, "fail", True, id="cut"),
        pytest.param(settling, "not_yet", True, id="not there yet"),
    ),
)
def test_a_hop_is_as_well_as_the_checks_that_see_it(judge: object, state: str, *, marked: bool) -> None:
    """A broken one is crossed out, told first, and not by its colour alone."""
    reader = of(HOP, OTHER, judge=judge)

    assert 1 == len([each for each in within(reader, "g", "hop") if state in each.attributes["class"].split()])
    assert marked == bool(within(reader, "path", "cross"))
    assert marked == any("Broken here:" in each.text for each in reader.of("p"))


def test_a_hop_that_nothing_sees_is_no_pass() -> None:
    """It is drawn otherwise, and counted."""
    reader = of(HOP, OTHER)

    assert 1 == len(within(reader, "g", "unverified"))
    assert "Hops: 1 unverified, 1 pass." in [each.text for each in reader.of("p")]


def test_a_hop_that_this_run_did_not_look_at_says_so() -> None:
    """A selection leaves the rest of the target undrawn, not green."""
    assert 1 == len(within(of(edge("a", "b", "dns.alias[shop.test]")), "g", "not_looked_at"))


def test_a_waived_hop_is_not_broken() -> None:
    """Somebody decided to live without it."""
    waiver = Waiver(check="schedules.*", owner="platform", reason="moving", expires=NOON.replace(year=2030))
    reader = of(HOP, judge=broken, waivers=(waiver,))

    assert 1 == len(within(reader, "g", "waived"))
    assert not within(reader, "path", "cross")


def test_a_crowd_of_alarms_is_one_place() -> None:
    """Nobody reads a hundred boxes; each of them is a row of the coverage all the same."""
    reader = of(*ALARMS)

    words = [each.text for each in reader.of("text")]
    assert "12 alarms of Told" in words
    assert 1 == len(within(reader, "g", "hop"))
    assert all(any(row.name in each.text for each in reader.of("li")) for row in ALARMS)


def test_of_several_paths_the_broken_one_is_named() -> None:
    """Between the same two ends."""
    paths = [
        replace(edge("Edge", "Api", name, kind="path → origin"), name=f"Edge {path} → Api")
        for path, name in (("/api/*", RULE), ("/docs/*", "cdn.behaviour[Edge /docs/*]"))
    ]

    assert "fail Edge → Api (/api/*)" in [each.text for each in of(*paths, judge=broken).of("li")]


def test_more_broken_hops_than_anybody_reads_are_counted() -> None:
    """Four in words, all of them in the table."""
    rows = [edge("Main/Daily", f"Main/F{at}", RULE) for at in range(9)]

    assert "and 5 more" in [each.text for each in of(*rows, judge=broken).of("li")]


@pytest.mark.parametrize("coverage", (None, Coverage()), ids=("not read", "nothing there"))
def test_without_rows_there_is_neither_drawing_nor_coverage(coverage: Coverage | None) -> None:
    """Nothing is made up."""
    reader = page(a_run(a_check(), coverage=coverage))

    assert {"topology", "coverage"}.isdisjoint(each.attributes.get("id") for each in reader.of("h2"))


def test_coverage_names_what_is_open_with_its_reason() -> None:
    """And the share of what is proven stands in the heading."""
    strange = Row(
        kind="resource",
        name="Main/Strange",
        type="AWS::Made::Up",
        stack="Main",
        state="unverified",
        checks=(),
        why="no",
    )
    reader = of(HOP, strange)

    (title,) = (each.text for each in reader.of("h2") if each.attributes.get("id") == "coverage")
    assert "Coverage (50 % verified)" == title
    assert "unverified Main/Strange (AWS::Made::Up): no" in [each.text for each in reader.of("li")]
    assert "Not verified (1)" in [each.text for each in reader.of("summary")]


def test_names_that_attack_stay_words() -> None:
    """In the drawing, in the tables and in the coverage."""
    rows = (replace(edge(ATTACK, f"{ATTACK}/2", ATTACK), type=ATTACK, why=ATTACK), replace(HOP, source=ATTACK * 9))
    reader = of(*rows, judge=broken)

    assert 1 == len(reader.of("script")) == len(reader.of("style"))
    assert [] == reader.of("img")
