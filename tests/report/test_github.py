"""What CI shows."""

from __future__ import annotations

import re
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from checks.report import github
from checks.report.json import document
from checks.report.text import plain
from checks.run import Run
from tests.report.conftest import HOSTILE, ROOT
from tests.runs import a_check, a_run, broken

COMMAND = re.compile(r"::(error|warning|notice) title=([^:,\r\n]*)::([^\r\n]*)")
INJECTION = "100%, done: a::b\r\n::error::pwned\n::set-output name=x::y##[error]z"


def _annotations(of: Run | dict[str, Any]) -> list[tuple[str, str, str]]:
    """Each command as GitHub takes it apart: level, title, message."""
    told = github.as_annotations(document(of) if isinstance(of, Run) else of)
    found = [COMMAND.fullmatch(line) for line in told.splitlines()]
    assert all(found)
    return [(each[1], _decoded(each[2]), _decoded(each[3])) for each in found if each]


def _decoded(text: str) -> str:
    for code, sign in (("%3A", ":"), ("%2C", ","), ("%0D", "\r"), ("%0A", "\n"), ("%25", "%")):
        text = text.replace(code, sign)
    return text


def _saying(text: str, **change: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """A document in which a failure says *text* wherever it can."""
    told = document(a_run(a_check(judge=broken)))
    told["results"][0].update(dict.fromkeys(("name", "expected", "actual", "remedy"), text), **change)
    return told | {"target": text, "notes": [text], "release": text, "selection": [text]}


def test_the_summary_begins_with_the_verdict(everything: Run) -> None:
    """Then where, how many, and the roots, the gravest first."""
    told = github.as_summary(document(everything))

    assert told.startswith("## Broken: a critical promise does not hold\n\n<p>target <code>here</code>")
    assert "<p>2 pass, 3 fail, 1 not yet, 1 unknown, 8 blocked, 1 recovered, 1 waived</p>" in told
    assert ["fail", "unknown", "not yet", "warning"] == re.findall(r"<tr><td><b>([a-z ]+)</b>", told)
    assert f"<td><code>{ROOT}</code></td><td><code>yes</code></td><td><code>no</code></td>" in told
    assert "<td>8 blocked</td>" in told
    assert "waived: tls.expiry[shop.test] by platform, until 2026-02-01: moving" in told
    assert "recovered: identity.caller[1] after 2 attempts" in told


def test_a_summary_of_nothing_to_act_on_has_no_table() -> None:
    """Only the verdict, where and how many."""
    told = github.as_summary(document(a_run(a_check())))

    assert told.startswith("## Kept: ")
    assert "1 pass</p>" in told
    assert "<table>" not in told
    assert "###" not in told


def test_a_void_run_says_why() -> None:
    """In the summary and as an error."""
    assert "<li><code>nothing was planned" in github.as_summary(document(a_run()))
    ((level, title, text),) = _annotations(a_run())
    assert ("error", "VOID") == (level, title)
    assert text.startswith("nothing was planned")


@pytest.mark.parametrize(
    "text",
    (
        HOSTILE,
        INJECTION,
        "| a | b |\n| - | - |\n\n# big\n\n[link](javascript:alert(1)) ![x](https://tracker.test/p.png) @all #1 :tada:",
        "</code></td></tr></table>\n\n<img src=https://tracker.test/p.png>",
        "``` ` <!-- ",
    ),
    ids=("strange", "commands", "markdown", "html", "fences"),
)
def test_hostile_text_stays_a_word_in_the_summary(text: str) -> None:
    """Always within code, in HTML that no empty line ends: neither Markdown nor GitHub makes anything of it."""

    class Tags(HTMLParser):
        def __init__(self) -> None:
            super().__init__()
            self.seen: set[str] = set()
            self.outside = ""
            self.open: list[str] = []

        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            assert [] == attrs
            self.seen.add(tag)
            self.open.append(tag)

        def handle_endtag(self, tag: str) -> None:
            assert tag == self.open.pop()

        def handle_data(self, data: str) -> None:
            self.outside += "" if "code" in self.open else data

    told = github.as_summary(_saying(text))
    reader = Tags()
    reader.feed(told)
    blocks = told.rstrip("\n").split("\n\n")

    assert reader.seen <= {"p", "table", "tr", "th", "td", "b", "code", "ul", "li"}
    assert [] == reader.open
    assert not re.search(r"pwned|tracker|@all|999|alert|tada|```", reader.outside)
    assert all(each.startswith(("## ", "### ", "<p>", "<table>", "<ul>")) for each in blocks)
    assert ["## Broken: a critical promise does not hold", "### What else there is to know"] == [
        each for each in blocks if each.startswith("#")
    ]
    assert all(each.isprintable() or each == "\n" for each in told)
    assert told.encode("utf-8")
    assert plain(text[:60]).rstrip() in unescape(told)


def test_a_summary_is_bounded() -> None:
    """Fifty roots and a part of what each says; GitHub refuses more than a mebibyte."""
    told = _saying("9" * 100_000)
    told["results"] *= 400

    summary = github.as_summary(told | {"notes": ["x"] * 400})

    assert len(summary.encode()) < 200_000
    assert "350 more are in the report" in summary
    assert "and 350 more" in summary


def test_it_is_added_to_what_is_there(everything: Run, tmp_path: Path) -> None:
    """Other steps have summaries too."""
    file = tmp_path / "made" / "summary.md"
    github.append(everything, file)
    once = file.read_text(encoding="utf-8")
    github.append(everything, file)

    assert f"\n{github.as_summary(document(everything))}" == once
    assert once * 2 == file.read_text(encoding="utf-8")


def test_each_root_is_annotated_with_its_weight(everything: Run) -> None:
    """Errors are what closes the gate, warnings what does not, notices what somebody decided or what recovered."""
    told = _annotations(everything)

    assert [
        ("error", f"FAIL {ROOT}"),
        ("error", "UNKNOWN functions.ready[Api]"),
        ("error", "NOT YET stack.status[Main]"),
        ("warning", "WARNING dns.negative[shop.test]"),
        ("notice", "note"),
        ("notice", "note"),
    ] == [each[:2] for each in told]
    assert "expected: yes\nactual: no\ndo: mend it\nexplains: 8 blocked" == told[0][2]


def test_strict_makes_an_error_of_a_warning() -> None:
    """As it makes it count."""
    warning = a_check(judge=broken, severity="warning")

    assert ["warning"] == [each[0] for each in _annotations(a_run(warning))]
    assert ["error"] == [each[0] for each in _annotations(a_run(warning, strict=True))]


def test_nothing_to_say_is_not_said() -> None:
    """A kept run without a remark has no annotations."""
    assert "" == github.as_annotations(document(a_run(a_check())))


@pytest.mark.parametrize("text", (INJECTION, HOSTILE), ids=("commands", "strange"))
def test_hostile_text_is_no_command(text: str) -> None:
    """Per cent signs, line breaks, colons and commas are escaped, so each line is the one command that we wrote."""
    raw = github.as_annotations(_saying(text))

    assert 2 == len(raw.splitlines())
    assert all(COMMAND.fullmatch(line) for line in raw.splitlines())
    assert all(each.isprintable() or each == "\n" for each in raw)


def test_what_is_escaped_is_read_back() -> None:
    """GitHub shows what was said."""
    ((_, title, text), _) = _annotations(_saying("100%, done: 5%0A"))

    assert "FAIL 100%, done: 5%0A" == title
    assert "expected: 100%, done: 5%0A\n" in text


@pytest.mark.parametrize(("length", "cut"), ((300, False), (301, True)))
def test_a_long_text_is_shortened(length: int, cut: bool) -> None:  # noqa: FBT001 - a column of the table
    """At the limit it is whole; line breaks of its own make no lines."""
    ((_, _, text), _) = _annotations(_saying("9\n" * (length // 2) + "9" * (length % 2)))

    assert cut == ("…" in text)
    assert ["expected", "actual", "do"] == [line.partition(":")[0] for line in text.split("\n")]


def test_no_more_than_github_shows() -> None:
    """Ten of a level: the tenth says how many are left."""
    run = a_run(*(a_check(f"tables.present[Users{at}]", judge=broken) for at in range(12)))

    told = _annotations(run)

    assert 10 == len(told)
    assert ("error", "3 more") == told[-1][:2]
    assert 10 == len(_annotations(a_run(*run.plan.checks[:10])))


def test_a_quoted_report_commands_nothing() -> None:
    """Between the two, a line that looks like a command is a line."""
    assert "::stop-commands::t0ken\n  ::error::pwned\n::t0ken::\n" == github.quoted("  ::error::pwned\n", token="t0ken")
