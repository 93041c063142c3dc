"""The page for everybody."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from checks.coverage import coverage
from checks.evidence import Stated
from checks.model import Waiver
from checks.report import html, story
from checks.report.json import document
from checks.run import Run
from tests.report.conftest import BEHIND, HOSTILE, ROOT, hostile
from tests.runs import NOON, a_check, a_control, a_run, broken, settling
from tests.stacks import check as covering
from tests.stacks import resource, target

VOID = frozenset({"meta", "input"})
ATTRIBUTES = frozenset(
    (
        *(
            "aria-hidden",
            "aria-label",
            "aria-labelledby",
            "autocomplete",
            "charset",
            "class",
            "content",
            "d",
            "data-kind",
            "data-label",
        ),
        *("height", "hidden", "href", "http-equiv", "id", "lang", "name", "preserveaspectratio", "role", "rx", "scope"),
        *("tabindex", "type", "value", "viewbox", "width", "x", "y"),
    )
)
ATTACK = "</title></style></script></pre><script>alert(1)</script><img src=x onerror=alert(2)>\" ' javascript:alert(3)"


@dataclass
class Part:
    """An element, with the text directly and indirectly in it."""

    tag: str
    attributes: dict[str, str]
    path: tuple[str, ...]
    text: str = ""


@dataclass
class Reader(HTMLParser):
    """Reads a page as a browser would and refuses what is not nested well."""

    parts: list[Part] = field(default_factory=list)
    within: list[Part] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """One more element, inside of those that are open."""
        assert len(attrs) == len(dict(attrs))
        path = tuple(each.tag for each in self.within)
        part = Part(tag=tag, attributes={name: value or "" for name, value in attrs}, path=path)
        self.parts.append(part)
        if tag not in VOID:
            self.within.append(part)

    def handle_endtag(self, tag: str) -> None:
        """The innermost that is open must be the one that ends."""
        assert tag == self.within.pop().tag

    def handle_data(self, data: str) -> None:
        """Text belongs to everything around it."""
        for part in self.within:
            part.text += data

    def of(self, tag: str) -> list[Part]:
        """All elements of that name."""
        return [each for each in self.parts if each.tag == tag]


def read(page: str) -> Reader:
    """The page as it is understood."""
    reader = Reader()
    reader.feed(page)
    reader.close()
    assert [] == reader.within
    return reader


def of_run(run: Run) -> Reader:
    """The page of *run*, read."""
    return read(html.as_html(document(run)))


def hostile_run() -> Run:
    """Every text that can come from outside attacks the page, evidence included."""
    check = a_check(f"tables.pitr[{ATTACK}]", judge=hostile, look=lambda _: Stated(facts=((ATTACK, ATTACK),)))
    return a_run(
        replace(check, promise=replace(check.promise, says=ATTACK)),
        a_check(f"dns.{ATTACK}[{ATTACK}]", judge=broken),
        a_check("backups.lag[a]", look=lambda _: 1 / 0),
        a_check("tls.expiry[a]", judge=broken),
        controls=(a_control(ATTACK, look=lambda _: (False, ATTACK)),),
        waivers=(Waiver(check="tls.*", owner=ATTACK, reason=ATTACK, expires=NOON),),
        notes=(ATTACK, HOSTILE),
        selection=("*", ATTACK),
        release=ATTACK,
    )


COVERED = coverage(
    [covering("schedules.targets[Main/Daily]", "MainDaily")],
    target(
        resource("Events::Rule", "Main/Daily", Targets=[{"Arn": ATTACK}]),
        resource("Made::Up", f"Main/{ATTACK}"),
    ),
)
RUNS: dict[str, Callable[[], Run]] = {
    "kept": lambda: a_run(a_check()),
    "broken": lambda: a_run(a_check(judge=broken)),
    "unseen": lambda: a_run(a_check(judge=settling)),
    "void": a_run,
    "covered": lambda: a_run(a_check("schedules.targets[Main/Daily]", judge=broken), coverage=COVERED),
    "hostile": hostile_run,
}


@pytest.fixture(params=["everything", "strange", *RUNS])
def any_page(request: pytest.FixtureRequest) -> Reader:
    """The pages of very different runs."""
    make = RUNS.get(request.param)
    run: Run = make() if make else request.getfixturevalue(request.param)
    return of_run(run)


def test_every_page_is_well_formed(any_page: Reader) -> None:
    """Nested well, each id once, every link within the page to something that is there."""
    ids = [each.attributes["id"] for each in any_page.parts if "id" in each.attributes]
    links = [each.attributes["href"] for each in any_page.of("a")]

    assert len(set(ids)) == len(ids)
    assert {each.removeprefix("#") for each in links} <= set(ids)
    assert all(each.startswith("#") for each in links)
    labels = {each.attributes["aria-labelledby"] for each in any_page.parts if "aria-labelledby" in each.attributes}
    assert labels <= set(ids)


def test_no_page_asks_anybody_for_anything(any_page: Reader) -> None:
    """No address but those of its own sections, nothing that loads, and no attribute that could."""
    assert set() == {"img", "link", "iframe", "object", "base", "embed"} & {each.tag for each in any_page.parts}
    assert {name for each in any_page.parts for name in each.attributes} <= ATTRIBUTES
    (script,), (style,) = any_page.of("script"), any_page.of("style")
    assert {} == script.attributes
    assert not re.search(r"url\(|@import|https?:", style.text + script.text)
    assert not re.search(r"\beval\b|innerHTML|Function\(|fetch\(", script.text)


def test_only_our_own_script_and_style_may_run(any_page: Reader) -> None:
    """The policy names both by their hash, and forbids everything else."""
    (policy,) = [
        each.attributes["content"]
        for each in any_page.of("meta")
        if each.attributes.get("http-equiv") == "Content-Security-Policy"
    ]
    hashes = [
        base64.b64encode(hashlib.sha256(any_page.of(tag)[0].text.encode()).digest()).decode()
        for tag in ("script", "style")
    ]

    assert (
        f"default-src 'none'; script-src 'sha256-{hashes[0]}'; style-src 'sha256-{hashes[1]}'; "
        "base-uri 'none'; form-action 'none'"
    ) == policy


def test_headings_are_in_order(any_page: Reader) -> None:
    """One first, and none that skips a level: a screen reader goes from one to the next."""
    levels = [int(each.tag[1]) for each in any_page.parts if re.fullmatch(r"h[1-6]", each.tag)]

    assert 1 == levels[0]
    assert 1 == levels.count(1)
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_landmarks_and_tables_are_named(any_page: Reader) -> None:
    """One banner, one main, a named navigation, its language; each table has heads for columns and rows."""
    assert [1, 1, 1, 1] == [len(any_page.of(tag)) for tag in ("header", "main", "nav", "footer")]
    assert "en" == any_page.of("html")[0].attributes["lang"]
    heads = [each.attributes.get("scope") for each in any_page.of("th")]
    assert set(heads) <= {"col", "row"}
    rows = [each for each in any_page.of("tr") if "tbody" in each.path]
    assert len(rows) == heads.count("row")
    assert all("aria-labelledby" in each.attributes for each in any_page.of("table"))


@pytest.mark.parametrize("word", ("kept", "broken", "unseen", "void"))
def test_the_verdict_comes_first_and_in_words(word: str) -> None:
    """In the title as well, where a row of tabs shows it."""
    page = of_run(RUNS[word]())

    assert page.of("h1")[0].text.startswith(f"{word.capitalize()}: ")
    assert f"{word.capitalize()}: here" == page.of("title")[0].text


def test_an_interrupted_run_says_so() -> None:
    """What was not looked at by then is told as unknown, under its own heading word."""
    told = document(a_run(a_check())) | {"interrupted": True, "exit_code": 130, "verdict": "unseen"}

    assert read(html.as_html(told)).of("h1")[0].text.startswith("Interrupted: ")


def test_every_root_has_a_story(everything: Run) -> None:
    """The gravest first, with what it expected, saw, advises and explains; what another explains has none."""
    page = of_run(everything)
    stories = page.of("article")

    assert [
        f"fail {ROOT}",
        "unknown functions.ready[Api]",
        "not yet stack.status[Main]",
        "warning dns.negative[shop.test]",
    ] == [each.text for each in page.of("h3") if "article" in each.path]
    for word in ("promisetables.pitr holds", "expectedyes", "actualno", "domend it", "explains8 blocked", *BEHIND):
        assert word in stories[0].text
    assert '"answer"' in stories[0].text
    assert "changes the verdict" in stories[0].text
    assert "changes no verdict" in stories[3].text


def test_several_looks_are_listed() -> None:
    """What was looked at more than once says what each look came to."""
    waiting = a_run(a_check(judge=settling), wait=timedelta(seconds=4))
    looks = len(waiting.results[0].attempts)

    assert looks > 1
    assert ["not yet after 0.00 s: nearly"] * looks == [
        each.text for each in of_run(waiting).of("li") if "ol" in each.path
    ]
    assert [] == of_run(a_run(a_check(judge=broken))).of("ol")


def test_every_result_has_a_row_of_its_kind(everything: Run) -> None:
    """In the table of its family, whatever became of it."""
    page = of_run(everything)
    rows = [each for each in page.of("tr") if "data-kind" in each.attributes]
    results = document(everything)["results"]

    told = {each.attributes["id"]: each.attributes["data-kind"] for each in rows}
    assert {f"r{at}": story.kind(each) for at, each in enumerate(results)} == told
    assert set(story.KINDS) == set(told.values())
    names = {f"r{at}": each["name"] for at, each in enumerate(results)}
    assert all(each.text.startswith(names[each.attributes["id"]]) for each in rows)
    waived = next(each for each in rows if "tls.expiry" in each.text)
    assert "platform, until 2026-02-01: moving" in waived.text
    blocked = next(each for each in rows if BEHIND[0] in each.text)
    assert f"behind{ROOT}" in blocked.text
    assert "own verdictfail" in blocked.text


def test_nothing_to_act_on_is_said() -> None:
    """Unless the run proves nothing: then the reasons stand there instead."""
    assert "Nothing to act on" in of_run(RUNS["kept"]()).of("main")[0].text
    void = of_run(RUNS["void"]()).of("main")[0].text
    assert "Nothing to act on" not in void
    assert "nothing was planned" in void


def test_the_run_and_its_proofs_are_told(everything: Run) -> None:
    """Plan, release, door, vantage; each control; the slowest with a bar."""
    told = document(everything) | {
        "not_from_here": [{"name": "dns.aaaa[shop.test]", "needs": "ipv6"}],
        "cost": {"usd": 1},
    }
    page = read(html.as_html(told))
    text = page.of("main")[0].text

    for word in (told["plan"]["digest"], "doorcli", "releasenot named", "not from here (1)", "ipv6", "1 of 1 held"):
        assert word in text
    assert 10 == len(page.of("rect"))
    assert all(0 <= int(each.attributes["width"]) <= 100 for each in page.of("rect"))
    assert "everything planned can be seen from here" in of_run(everything).of("main")[0].text


def test_hostile_text_is_text(strange: Run) -> None:
    """It is shown, spelt where it would turn text around, and never becomes an element, an attribute or a script."""
    for run in (hostile_run(), strange):
        page = of_run(run)

        assert 1 == len(page.of("script")) == len(page.of("title")) == len(page.of("style"))
        values = [value for each in page.parts for value in each.attributes.values()]
        assert not [each for each in values if re.search(r"alert|javascript|pwned|999", each)]
        assert all(each.isprintable() or each == "\n" for each in page.parts[0].text)
        assert html.as_html(document(run)).encode("utf-8")
    assert ATTACK in of_run(hostile_run()).of("article")[0].text


def test_our_own_defect_shows_its_trace() -> None:
    """Folded, with its lines kept."""
    page = of_run(a_run(a_check(look=lambda _: 1 / 0)))

    (trace,) = [each for each in page.of("pre") if "ZeroDivisionError" in each.text]
    assert len(trace.text.splitlines()) > 3


def test_a_status_of_another_release_is_shown() -> None:
    """A document may be newer than we are: the word is shown, and no class is made of it."""
    told: dict[str, Any] = document(a_run(a_check()))
    told["results"][0]["status"] = 'odd" onload='
    page = read(html.as_html(told))

    (row,) = [each for each in page.of("tr") if "data-kind" in each.attributes]
    assert "unknown" == row.attributes["data-kind"]
    assert 'odd" onload=' in row.text


def _many(number: int, says: str, **change: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """A document of that many results, each with so much to say."""
    told = document(a_run(a_check()))
    result = told["results"][0] | {"evidence": {"type": "Stated", "v": 1, "facts": [["body", says]]}} | change
    told["results"] = [result | {"name": f"tables.present[Users{at}]"} for at in range(number)]
    return told


@pytest.mark.parametrize(
    ("told", "most"),
    (
        pytest.param(_many(400, "9" * 1000, expected="9" * 100, actual="9" * 60), 420_000, id="as they are"),
        pytest.param(
            _many(400, "9" * 99_000, status="fail", expected="9" * 9000, actual="9" * 9000), 520_000, id="wordy"
        ),
        pytest.param(_many(5000, ""), 2_400_000, id="many"),
    ),
)
def test_a_page_is_small_enough_for_a_phone(told: dict[str, Any], most: int) -> None:
    """Evidence is cut short beyond a bound, and says how much more there is."""
    page = html.as_html(told)

    assert len(page.encode()) < most
    assert len(told["results"]) == page.count("<tr id=")
    assert ("more characters in the run document" in page) == ("9" in page and "999" in page)


def test_a_short_run_is_told_in_full() -> None:
    """The failing twin of cutting short."""
    assert "more characters" not in html.as_html(_many(20, "9" * 1500, status="fail"))


def test_more_roots_than_anybody_reads_are_left_to_the_tables() -> None:
    """The first thirty have stories; how many more there are is said, and each has its row."""
    page = read(html.as_html(_many(33, "", status="fail")))

    assert 30 == len(page.of("article"))
    assert "3 more are in the tables" in page.of("main")[0].text


def test_a_root_of_many_names_some_of_them() -> None:
    """And says how many more it explains."""
    told = _many(150, "")
    for each in told["results"][1:]:
        each.update(status="blocked", blocked_by=told["results"][0]["name"])
    told["results"][0].update(status="fail")

    (only,) = read(html.as_html(told)).of("article")
    assert "149 blocked" in only.text
    assert "and 49 more" in only.text


def test_more_notes_than_anybody_reads_are_left_to_the_document() -> None:
    """The first hundred are told, and how many more there are."""
    told = document(a_run(a_check())) | {"notes": ["one thing"] * 101}

    assert 100 == html.as_html(told).count("<li>one thing</li>")
    assert "and 1 more in the run document" in html.as_html(told)


def test_it_is_written_as_it_is_told(everything: Run, tmp_path: Path) -> None:
    """In UTF-8, whole, in a folder that need not be there yet."""
    file = tmp_path / "reports" / "run.html"

    html.write(everything, file)

    assert html.as_html(document(everything)) == file.read_text(encoding="utf-8")
    assert ["run.html"] == [each.name for each in file.parent.iterdir()]
