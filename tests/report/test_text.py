"""The report for people."""

from __future__ import annotations

from datetime import timedelta

import pytest

from checks.model import CannotLook, Verdict
from checks.report.text import as_text, plain
from checks.run import Run
from checks.vantage import Beyond
from tests.report.conftest import BEHIND, ROOT, of_everything
from tests.runs import a_check, a_control, a_run, broken, settling


def test_roots_come_first_the_broken_before_the_doubtful_before_the_warnings(everything: Run) -> None:
    """What a person must act on stands at the top; what another explains has no story of its own."""
    lines = as_text(everything).splitlines()

    stories = [line for line in lines if line.startswith(("FAIL", "UNKNOWN", "NOT YET", "BLOCKED", "WARNING"))]
    assert [
        f"FAIL  {ROOT}",
        "UNKNOWN  functions.ready[Api]",
        "NOT YET  stack.status[Main]",
        "WARNING  dns.negative[shop.test]",
    ] == stories


def test_a_story_says_expected_actual_and_what_to_do(everything: Run) -> None:
    """And what it explains: the first few by name, the rest by number."""
    told = " ".join(as_text(everything).split())

    assert "expected yes actual no do mend it" in told
    assert f"explains 8 blocked: {', '.join(BEHIND[:6])} and 2 more" in told


def test_few_consequences_are_all_named() -> None:
    """The failing twin of "and 2 more"."""
    run = a_run(
        a_check(ROOT, judge=broken),
        a_check(BEHIND[0], judge=broken),
        dependencies=(of_everything().terms.dependencies[0],),
    )

    told = as_text(run)

    assert f"1 blocked: {BEHIND[0]}\n" in told
    assert "more" not in told


def test_each_room_has_one_line(everything: Run) -> None:
    """How many passed, and how many of everything else."""
    lines = as_text(everything).splitlines()

    assert "  tables       1 pass  1 fail" in lines
    assert "  backups      0 pass  8 blocked" in lines
    assert "  dns          0 pass  1 warning" in lines
    assert "  identity     0 pass  1 recovered" in lines


def test_a_waiver_is_told_once_with_its_reason(everything: Run) -> None:
    """Who decided to live without it, and until when."""
    assert "  waived   tls.expiry[shop.test]: moving (platform, until 2026-02-01)" in as_text(everything).splitlines()


def test_several_attempts_are_told() -> None:
    """What was looked at more than once says what each look came to."""
    waiting = a_run(a_check(judge=settling), wait=timedelta(seconds=4))

    assert "  attempts not_yet, not_yet" in as_text(waiting)
    assert "attempts" not in as_text(a_run(a_check(judge=broken)))


def test_the_verdict_is_the_last_line(everything: Run) -> None:
    """With its exit code."""
    assert "verdict   broken: a critical promise does not hold (exit 1)" == as_text(everything).splitlines()[-1]


@pytest.mark.parametrize(
    ("run", "told"),
    (
        pytest.param(a_run(a_check()), "kept: every critical promise was seen to hold (exit 0)", id="kept"),
        pytest.param(a_run(), "void: this run proves nothing (exit 3)", id="void"),
        pytest.param(
            a_run(a_check(judge=settling)), "unseen: a critical promise could not be decided (exit 2)", id="unseen"
        ),
    ),
)
def test_every_code_has_its_words(run: Run, told: str) -> None:
    """A number alone tells nobody what to do."""
    assert f"verdict   {told}" == as_text(run).splitlines()[-1]


def test_what_this_place_cannot_see_is_told() -> None:
    """By what it lacks, the first few by name: nobody takes it for seen."""
    hosts = [f"{letter}.test" for letter in "abcdefgh"]
    beyond = (
        Beyond(check="dns.tcp[shop.test]", needs="udp53"),
        *(Beyond(check=f"tls.addresses_v6[{host}]", needs="ipv6") for host in hosts),
    )

    lines = as_text(a_run(a_check(), beyond=beyond), width=500).splitlines()

    named = ", ".join(f"tls.addresses_v6[{host}]" for host in hosts[:6])
    assert ["not from here  without udp53: dns.tcp[shop.test]", f"not from here  without ipv6: {named} and 2 more"] == [
        line for line in lines if line.startswith("not from here")
    ]
    assert "not from here" not in as_text(a_run(a_check()))


def test_controls_that_did_not_hold_are_told() -> None:
    """Wrong and unseen are different things, and a run with a wrong one says why it is void."""

    def unseen(_: object) -> tuple[bool, str]:
        raise CannotLook("no route")

    controls = (
        a_control("aws.known-good"),
        a_control("dns.wrong", look=lambda _: (False, "it resolved"), instrument="dns", known="bad"),
        a_control("tls.unseen", look=unseen, instrument="tls"),
    )

    lines = as_text(a_run(a_check(), controls=controls)).splitlines()

    assert "controls  1 of 3 held" in lines
    assert "  wrong    dns.wrong: expected an answer; it resolved" in lines
    assert any(line.startswith("  unseen   tls.unseen: expected an answer; ") for line in lines)
    assert any(line.startswith("  void     control dns.wrong was wrong") for line in lines)


def test_the_heading_says_what_was_selected_and_noted() -> None:
    """A partial run must not be mistaken for a whole one."""
    told = as_text(a_run(a_check(), selection=("tables.*", "dns.*"), notes=("one thing",)))

    assert "(1 checks, live, only tables.* dns.*)" in told
    assert "note: one thing" in told


def test_colours_only_when_asked_for(everything: Run, strange: Run) -> None:
    """A log with escape codes is read by nobody."""
    assert "\x1b" not in as_text(everything)
    assert "\x1b[31;1mFAIL\x1b[0m" in as_text(everything, colour=True)
    assert "\x1b[31;1mwrong\x1b[0m" in as_text(strange, colour=True)
    assert "\x1b[32;1mkept" in as_text(a_run(a_check()), colour=True)


def test_hostile_text_is_harmless(strange: Run) -> None:
    """Nothing that a terminal would obey, nothing that turns text around, nothing that cannot be written."""
    told = as_text(strange)

    assert all(each.isprintable() or each == "\n" for each in told)
    assert told.encode("utf-8")
    assert max(len(line) for line in told.splitlines()) <= 110
    assert len(told.splitlines()) < 150
    assert "\\u001b[31m" in told


@pytest.mark.parametrize(
    ("text", "expected"),
    (
        ("a\x1b[2Jb", "a\\u001b[2Jb"),
        ("a\u202eb", "a\\u202eb"),
        ("a\x00b", "a\\u0000b"),
        ("a\nb\tc", "a b c"),
        ("Grüße, 世界", "Grüße, 世界"),
    ),
)
def test_only_what_prints_is_printed(text: str, expected: str) -> None:
    """Control characters are spelt; ordinary text of any language stays."""
    assert expected == plain(text)


@pytest.mark.parametrize(("length", "told"), ((800, "9\n"), (801, "9 … and 1 characters more in the run document\n")))
def test_a_long_text_is_shortened(length: int, told: str) -> None:
    """A screen is for reading; at the limit it is whole, beyond it says how much more there is."""

    def wordy(_seen: object, _now: object) -> Verdict:
        return Verdict.failed(expected="yes", actual="9" * length, remedy="mend it")

    story = "".join(line.strip() for line in as_text(a_run(a_check(judge=wordy)), width=900).splitlines(keepends=True))

    assert told.replace("\n", "") in story
    assert (length > 800) == ("characters more" in story)
