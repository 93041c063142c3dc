"""The canary's door."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from checks.doors import assembly, canary
from checks.model import Check
from checks.plan import PlanError
from checks.run import Run
from checks.target import SettingsError
from tests.doors import scene
from tests.doors.conftest import Say

ROOT = Path(__file__).parents[2]


@dataclass
class Invocation:
    """What Lambda hands over; *left* milliseconds remain."""

    aws_request_id: str = "request-1"
    left: int = 60_000

    def get_remaining_time_in_millis(self) -> int:
        """As Lambda names it."""
        return self.left


@pytest.fixture
def lambda_(here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Any]:
    """Invokes the handler; gives what it answered and the lines that it printed."""
    monkeypatch.setenv("CHECKS_TARGET", "here.toml")

    def invoke(event: dict[str, Any] | None = None, context: Invocation | None = None) -> tuple[dict[str, Any], Any]:
        answer = canary.handler(event, context or Invocation())
        lines = capsys.readouterr().out.splitlines()
        assert 1 == len(lines)
        return answer, json.loads(lines[0])

    return invoke


@pytest.mark.parametrize(
    ("which", "verdict", "code"),
    (("kept", "kept", 0), ("broken", "broken", 1), ("blind", "unseen", 2), ("void", "void", 3)),
)
def test_the_verdict_is_an_answer(
    lambda_: Callable[..., Any], enter: Callable[[str], None], which: str, verdict: str, code: int
) -> None:
    """A broken promise is what a canary is for: it is handed back and printed, not raised."""
    enter(which)

    document, line = lambda_({})

    assert (verdict, code, "canary") == (document["verdict"], document["exit_code"], document["door"])
    assert (verdict, code) == (line["verdict"], line["exit_code"])
    assert len(scene.CHECKS) == len(document["results"])


def test_the_line_names_the_roots_and_not_what_they_explain(
    lambda_: Callable[..., Any], enter: Callable[[str], None]
) -> None:
    """Whoever is woken reads one line."""
    enter("broken")

    _, line = lambda_({})

    assert [("tables.pitr[Users]", "fail", "DISABLED")] == [
        (each["name"], each["status"], each["actual"]) for each in line["roots"]
    ]
    assert "results" not in line
    assert 1 == line["counts"]["fail"]


def test_the_same_event_is_the_same_run(lambda_: Callable[..., Any]) -> None:
    """EventBridge delivers at least once; a second delivery is no second run."""
    ids = [lambda_({"id": name})[0]["run_id"] for name in ("event-1", "event-1", "event-2")]

    assert ids[0] == ids[1]
    assert ids[0] != ids[2]


def test_without_an_event_id_the_request_tells_runs_apart(lambda_: Callable[..., Any]) -> None:
    """Lambda tries again under the same request id."""
    requests = ("request-1", "request-1", "request-2")
    ids = [lambda_(None, Invocation(aws_request_id=name))[0]["run_id"] for name in requests]

    assert ids[0] == ids[1]
    assert ids[0] != ids[2]


@pytest.mark.parametrize(
    ("left", "deadline"),
    (
        pytest.param(60_000, timedelta(seconds=50), id="a minute"),
        pytest.param(11_500, timedelta(seconds=1.5), id="just enough"),
        pytest.param(9_000, timedelta(seconds=1), id="less than the reserve"),
    ),
)
def test_looking_ends_before_lambda_ends_it(
    lambda_: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, left: int, deadline: timedelta
) -> None:
    """Results that were not handed back in time are results that nobody has."""
    told: list[assembly.Wishes] = []
    run = assembly.run

    def noted(ready: assembly.Ready, wishes: assembly.Wishes) -> Run:
        told.append(wishes)
        return run(ready, wishes)

    monkeypatch.setattr(assembly, "run", noted)

    lambda_({}, Invocation(left=left))

    assert [(deadline, timedelta(0))] == [(each.deadline, each.wait) for each in told]


def test_a_call_by_hand_names_its_own_target(
    lambda_: Callable[..., Any], here: Path, say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Target, accepted plan and release of the event go before those of the environment."""
    say("plan", "--target", "here.toml", "--accept", "--owner", "platform", "--reason", "first")
    (here / "here.plan.json").rename(here / "accepted.json")
    scene.write_settings(here, name="there")
    monkeypatch.setenv("CHECKS_TARGET", "nowhere")

    document, _ = lambda_({"target": "there", "plan": "accepted.json", "release": "abc"} | {"target": "there.toml"})

    assert ("there", "abc", []) == (document["target"], document["release"], document["notes"])
    assert "stack.plan_digest[there]" in {each["name"] for each in document["results"]}


def test_a_plan_that_is_not_the_accepted_one_is_told(
    lambda_: Callable[..., Any], say: Say, enter: Callable[[str], None], monkeypatch: pytest.MonkeyPatch, here: Path
) -> None:
    """A check that is lost between the release and the night is a failing check."""
    say("plan", "--target", "here.toml", "--accept", "--owner", "platform", "--reason", "first")
    monkeypatch.setenv("CHECKS_PLAN", str(here / "here.plan.json"))
    enter("silent")

    document, line = lambda_({})

    assert "broken" == document["verdict"]
    assert "stack.plan[stack.outputs[Main]]" in {each["name"] for each in line["roots"]}


def test_without_cloudformation_the_accepted_plan_is_run(
    lambda_: Callable[..., Any], say: Say, enter: Callable[[str], None]
) -> None:
    """What AWS would have to be asked is unknown; nothing is planned away."""
    say("plan", "--target", "here.toml", "--accept", "--owner", "platform", "--reason", "first")
    enter("unread")

    document, line = lambda_({})

    assert ("unseen", "accepted", len(scene.CHECKS)) == (
        document["verdict"],
        document["plan"]["source"],
        len(document["results"]),
    )
    assert "the stacks could not be read: AccessDenied" in line["notes"][0]


def test_a_canary_leaves_no_trace(lambda_: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """What writes is not for it, whatever the plan says."""
    prepare = assembly.prepare

    def with_a_writer(*given: Any, **named: Any) -> assembly.Ready:  # noqa: ANN401 - as prepare
        ready = prepare(*given, **named)
        return replace(ready, plan=replace(ready.plan, checks=(*ready.plan.checks, _writing(ready.plan.checks[0]))))

    monkeypatch.setattr(assembly, "prepare", with_a_writer)

    document, _ = lambda_({})

    assert len(scene.CHECKS) == len(document["results"])


def _writing(check: Check) -> Check:
    return replace(check, name="journeys.signs_up[Users]", promise=replace(check.promise, effect="write"))


def test_an_answer_that_lambda_would_refuse_is_the_summary(
    lambda_: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Just fitting is handed back whole; a byte more and it is the line that was printed."""
    size = len(json.dumps(lambda_({})[0]).encode())
    monkeypatch.setattr(canary, "MOST_BYTES", size + 20)  # times differ by a digit from run to run
    assert "results" in lambda_({})[0]
    monkeypatch.setattr(canary, "MOST_BYTES", size - 20)

    document, line = lambda_({})

    assert line == document
    assert "results" not in document


@pytest.mark.parametrize("many", (20, 21))
def test_a_line_stays_a_line(many: int) -> None:
    """However much is broken, the first twenty are named, the critical ones before the rest, and none at length."""
    results = [
        {"name": f"n{at}", "severity": "warning", "status": "fail", "actual": "x" * 10_000, "waiver": None}
        for at in range(many - 1)
    ]
    results.append({"name": "weighty", "severity": "critical", "status": "unknown", "actual": "", "waiver": None})

    line = canary.summary({"results": results, "controls": [], "void": ["v" * 10_000], "notes": []})

    assert ("weighty", 20, many - 20) == (line["roots"][0]["name"], len(line["roots"]), line["more_roots"])
    assert len(json.dumps(line)) < 20_000


@pytest.mark.parametrize(
    ("env", "error", "told"),
    (
        pytest.param({"CHECKS_TARGET": "nowhere"}, SettingsError, "no target 'nowhere'", id="no such target"),
        pytest.param({"CHECKS_TARGET": ""}, SettingsError, "CHECKS_TARGET is not set", id="no target"),
        pytest.param({"CHECKS_PLAN": "plan.json"}, PlanError, "plan --accept", id="a broken plan"),
    ),
)
def test_a_defect_of_ours_is_printed_and_then_raised(  # noqa: PLR0917 - pytest passes them by name
    here: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    env: dict[str, str],
    error: type[Exception],
    told: str,
) -> None:
    """Lambda counts an error, and the log has a line with the run id and the cause."""
    (here / "plan.json").write_text("{", encoding="utf-8")
    for name, value in {"CHECKS_TARGET": "here.toml", **env}.items():
        monkeypatch.setenv(name, value)

    with pytest.raises(error):
        canary.handler({"id": "event-1"}, Invocation())

    line = json.loads(capsys.readouterr().out)
    assert ("void", 3) == (line["verdict"], line["exit_code"])
    assert told in line["error"]
    assert line["run_id"].startswith("canary-")


def test_it_needs_neither_twin_nor_pytest() -> None:
    """The package in the Lambda has what a run needs, and nothing to develop with; AWS is not loaded before it runs."""
    code = (
        "import sys, checks.doors.canary; unwanted = ('pytest', 'checks.twin', 'ministack', 'cryptography', 'boto3');"
        "print([name for name in unwanted if name in sys.modules])"
    )

    told = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )

    assert "[]" == told.stdout.strip()
