"""The page of nights."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from checks.nights.silence import judge
from checks.report.trend import as_html, flakiest, slowest, word
from tests.nights.made import NIGHT, record
from tests.nights.season import MISSED, NIGHTS, SPECIAL, page, season


class Reader(HTMLParser):
    """The classes of all elements, and the text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.classes: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, _: str, attrs: list[tuple[str, str | None]]) -> None:
        """As the parser names it."""
        self.classes += [value for name, value in attrs if name == "class" and value]

    def handle_data(self, data: str) -> None:
        """As the parser names it."""
        self.text += data


def test_every_night_is_a_day_of_the_calendar() -> None:
    """Coloured by the gravest run of that day; a day without one is shown as that."""
    read = Reader(page())
    nights = [each.removeprefix("night ") for each in read.classes if each.startswith("night ")]

    assert NIGHTS == len(nights)
    assert 1 == nights.count("none")
    assert NIGHTS - 1 - len(SPECIAL) == nights.count("kept")
    assert (3, 1, 1, 1) == tuple(nights.count(each) for each in ("broken", "void", "unseen", "partial"))
    assert MISSED


def test_what_is_always_broken_is_no_flake() -> None:
    """What comes and goes is, those that do so most first."""
    rows = [record(roots=("a.b[c]",), recovered=("d.e[f]",)), record(roots=("a.b[c]", "g.h[i]"), recovered=("d.e[f]",))]

    assert [("d.e[f]", 2, 0), ("g.h[i]", 0, 1)] == flakiest(rows)


def test_the_slowest_are_told_by_mean_and_most() -> None:
    """Over the runs in which they were slow."""
    rows = [record(slowest=(("a.b[c]", 1.0), ("d.e[f]", 5.0))), record(slowest=(("a.b[c]", 3.0),))]

    assert [("d.e[f]", 5.0, 5.0), ("a.b[c]", 2.0, 3.0)] == slowest(rows)


def test_a_part_of_a_night_is_no_night() -> None:
    """Whatever its verdict says."""
    assert ["kept", "partial", "partial"] == [word(record()), word(record(late=1)), word(record(interrupted=True))]


def test_no_night_at_all_is_a_page_too() -> None:
    """The day before the first one."""
    text = as_html([], target="shop", now=NIGHT, nights=30, recency=judge([], NIGHT))

    assert "no run yet" in text
    assert "no nightly run was ever recorded" in text


def test_a_strangers_words_stay_words() -> None:
    """Names of checks come from targets; the page allows its own style and nothing else."""
    night = record(roots=("a.b[<script>alert(1)</script>]",), recovered=('"><img src=x>',))
    text = as_html([night], target="<b>shop</b>", now=NIGHT, nights=3, recency=judge([night], NIGHT))

    assert not re.search(r"<(script|img|b)\b", text)
    assert "default-src &#x27;none&#x27;" in text


def test_the_page_says_how_the_last_night_was_and_what_all_cost() -> None:
    """Without a click."""
    text = Reader(page()).text

    assert "Last run: kept" in text
    assert f"{len(season())} runs," in text
    assert "Days left of the certificate" in text
