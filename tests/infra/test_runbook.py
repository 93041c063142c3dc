"""The runbook: what it names exists, and every check leads to a section of it."""

from __future__ import annotations

import re
import tomllib
from fnmatch import fnmatchcase

from checks import catalogue
from checks.target import find, read
from tests.infra.conftest import ROOT

PAGE = (ROOT / "docs" / "runbook.md").read_text("utf-8")
TARGETS = ("local", "staging", "prod")


def sections() -> dict[str, str]:
    """The text of each section by the anchor that its heading has."""
    parts = re.split(r"^## (.+)$", PAGE, flags=re.MULTILINE)[1:]
    return {anchor(title): text for title, text in zip(parts[::2], parts[1::2], strict=True)}


def anchor(title: str) -> str:
    """As a page of Markdown names its headings."""
    return re.sub(r"[^a-z0-9 -]", "", title.lower()).replace(" ", "-")


def test_every_section_is_symptom_check_fix() -> None:
    """In this order."""
    for name, text in sections().items():
        assert ["Seen", "Check", "Fix"] == re.findall(r"^- \*\*(\w+)\.", text, re.MULTILINE), name


def test_every_check_that_is_named_exists() -> None:
    """A promise that was renamed is renamed here."""
    families = {name.partition(".")[0] for name in catalogue.BY_NAME}
    named = {each for each in re.findall(r"`([a-z]+\.[a-z_0-9]+)`", PAGE) if each.partition(".")[0] in families}

    assert len(named) > 40
    assert set() == named - set(catalogue.BY_NAME)


def test_every_make_target_that_is_named_exists() -> None:
    """So is a command."""
    known = set(re.findall(r"^\.PHONY: (\S+)$", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))

    assert set() == set(re.findall(r"`make ([a-z-]+)", PAGE)) - known


def test_every_check_leads_to_a_section_and_every_section_is_led_to() -> None:
    """By the settings of the target, alike for all of them."""
    books = [read(find(target)).runbook for target in TARGETS]
    places = {place.partition("#") for place in books[0].values()}

    assert [books[0]] * len(TARGETS) == books
    assert {"docs/runbook.md"} == {page for page, _, _ in places}
    assert set(sections()) == {name for _, _, name in places}


def test_each_section_names_a_check_that_leads_to_it() -> None:
    """The settings and the page say the same."""
    book = read(find("local")).runbook

    def section_of(name: str) -> str:
        return next(there for pattern, there in book.items() if fnmatchcase(name, pattern)).partition("#")[2]

    for name, text in sections().items():
        named = re.findall(r"`([a-z]+\.[a-z_0-9]+)`", text.split("**Fix.**")[0])
        assert name in {section_of(each) for each in named if each in catalogue.BY_NAME}, name


def test_the_deployer_takes_the_same_files() -> None:
    """It reads over the table that is the harness's."""
    document = tomllib.loads((ROOT / "checks" / "targets" / "local.toml").read_text("utf-8"))

    assert "runbook" in document
