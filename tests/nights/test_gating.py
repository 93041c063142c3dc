"""The policy table, cell by cell, and what it says of a run."""

from __future__ import annotations

from itertools import product
from typing import Any, get_args

import pytest

from checks.model import STATUSES, Severity
from checks.nights.gating import ACTIONS, POLICY, Action, Override, Phase, action_for, as_json, decide, in_words
from checks.nights.silence import Recency
from tests.nights.made import document, result

OLD = Recency(why="old", says="it is 50 h old", run_id="run-1")
FRESH = Recency(why="recent", says="it is 3 h old", run_id="run-1")


def test_the_table_answers_every_combination_once() -> None:
    """A combination without a line would be a release that nobody decided about."""
    expected = set(product(get_args(Severity), STATUSES))

    assert expected == {each[:2] for each in POLICY}
    assert len(expected) == len(POLICY)
    assert all({before, after} <= set(ACTIONS) for _, _, before, after in POLICY)


@pytest.mark.parametrize(
    ("severity", "status", "phase", "action", "code"),
    (
        ("critical", "fail", "before", "block", 1),
        ("critical", "fail", "after", "roll_back", 1),
        ("critical", "unknown", "before", "hold", 2),
        ("critical", "unknown", "after", "hold", 2),
        ("critical", "not_yet", "after", "hold", 2),
        ("critical", "pass", "after", "open", 0),
        ("warning", "fail", "before", "warn", 0),
        ("warning", "unknown", "after", "warn", 0),
    ),
)
def test_one_result_decides(severity: Severity, status: Any, phase: Phase, action: Action, code: int) -> None:  # noqa: ANN401 - a table's column
    """The gravest thing that any check asks for is what happens."""
    seen = decide(document(result("a.b[c]", status, severity=severity), result("d.e[f]")), phase=phase)

    assert action_for(severity, status, phase) == seen.action == action
    assert code == seen.exit_code


def test_the_gravest_wins_and_stands_first() -> None:
    """A hold beside a failure is a failure."""
    told = decide(document(result("a.b[c]", "unknown"), result("d.e[f]", "fail")), phase="after")

    assert ("roll_back", "d.e[f]") == (told.action, told.reasons[0].what)


def test_what_a_root_explains_and_what_is_waived_asks_for_nothing() -> None:
    """The root decides for what stands behind it; a waiver is a decision that was taken."""
    told = decide(
        document(
            result("a.b[c]", "blocked", blocked_by="d.e[f]"),
            result("d.e[f]", "fail", waiver={"check": "d.e[f]", "owner": "o", "reason": "r", "expires": "2030-01-01"}),
        ),
        phase="after",
    )

    assert ("open", ()) == (told.action, told.reasons)


@pytest.mark.parametrize(("phase", "action"), (("before", "block"), ("after", "hold")))
def test_a_void_run_opens_nothing_and_takes_nothing_back(phase: Phase, action: Action) -> None:
    """A broken instrument is no verdict about the release."""
    told = decide(document(void=["a control was wrong"]), phase=phase)

    assert (action, 3) == (told.action, told.exit_code)


@pytest.mark.parametrize("more", ({"selection": ["tls.*"]}, {"interrupted": True}))
def test_a_part_of_a_run_opens_nothing(more: dict[str, Any]) -> None:
    """Only a whole run opens the gate."""
    assert "hold" == decide(document(**more), phase="after").action


@pytest.mark.parametrize(("phase", "action", "code"), (("before", "block", 1), ("after", "hold", 2)))
def test_without_a_recent_night_the_gate_stays_shut(phase: Phase, action: Action, code: int) -> None:
    """The dead man, the other way round."""
    told = decide(document(), phase=phase, recency=OLD)

    assert (action, code, "nightly") == (told.action, told.exit_code, told.reasons[0].what)
    assert ("open", 0) == (decide(document(), phase=phase, recency=FRESH).action, 0)


def test_somebody_may_decide_otherwise_and_is_written_down() -> None:
    """An override has an owner and a reason, and stays visible as a warning."""
    told = decide(document(), phase="before", recency=OLD, override=Override(owner="platform", reason="region moved"))

    assert ("warn", 0) == (told.action, told.exit_code)
    assert {"owner": "platform", "reason": "region moved"} == as_json(told)["override"]
    assert "overridden by platform: region moved" in told.reasons[0].says


def test_an_override_is_about_the_night_alone() -> None:
    """Nobody can decide that a broken release is whole."""
    broken = document(result(status="fail"))

    assert "roll_back" == decide(broken, phase="after", recency=OLD, override=Override(owner="a", reason="b")).action


def test_why_shows_every_reason_and_the_table() -> None:
    """What led to it can be read without the source."""
    told = decide(document(result("a.b[c]", "fail"), result("d.e[f]", "fail", severity="warning")), phase="before")
    short, whole = "\n".join(in_words(told, why=False)), "\n".join(in_words(told, why=True))

    assert "a.b[c]" in short
    assert "d.e[f]" not in short
    assert "1 more with --why" in short
    assert "d.e[f]" in whole
    assert "critical  unknown  hold" in whole
