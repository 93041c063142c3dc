from __future__ import annotations

import json

import pytest

from checks.evidence import Absent, Described
from checks.model import Check, Unresolved
from checks.promises import workflows
from tests.promises.worlds import ACCOUNT, NOW, REGION, planned, resource, target, world

ARN = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:orders"
STATES = {
    "Price": {"Type": "Task", "Resource": "arn", "Next": "Enough?", "Catch": [{"Next": "Sorry"}]},
    "Enough?": {"Type": "Choice", "Choices": [{"Next": "Ship"}], "Default": "Sorry"},
    "Ship": {"Type": "Succeed"},
    "Sorry": {"Type": "Fail"},
}


def _machine(**properties: object) -> dict[str, Check]:
    said = {"DefinitionString": json.dumps({"StartAt": "Price", "States": STATES}), "RoleArn": "arn:r", **properties}
    one = resource(workflows.MACHINE, said, subject="Orders", physical_id=ARN)
    return planned(workflows.checks(target(one)))


def test_a_machine_is_asked_whether_it_is_ready_whole_and_working() -> None:
    """In that order."""
    assert ["workflows.ready[Orders]", "workflows.whole[Orders]", "workflows.works[Orders]"] == list(_machine())


def test_a_machine_that_keeps_no_executions_is_not_asked_for_them() -> None:
    """Those of an express workflow are in its log alone."""
    assert "workflows.works[Orders]" not in _machine(StateMachineType="EXPRESS")


@pytest.mark.parametrize("said", (None, Unresolved("Fn::GetAtt X.Arn")), ids=("in a bucket", "open"))
def test_a_definition_that_is_not_known_is_not_judged(said: object) -> None:
    """And the comparison says what it left out."""
    checks = _machine(DefinitionString=said)

    assert "workflows.whole[Orders]" not in checks
    assert checks["workflows.ready[Orders]"].params["gaps"]


def test_what_is_put_into_a_definition_is_put_in_before_it_is_compared() -> None:
    """As CloudFormation does."""
    text = '{"StartAt": "A", "States": {"A": {"Type": "Task", "Resource": "${Work}", "End": true}}}'
    filled = text.replace("${Work}", "arn:f")

    substituted = _machine(DefinitionString=text, DefinitionSubstitutions={"Work": "arn:f"})
    plain = _machine(DefinitionString=filled)

    assert plain["workflows.ready[Orders]"].params["words"] == substituted["workflows.ready[Orders]"].params["words"]


@pytest.mark.parametrize(
    ("definition", "told"),
    (
        ({"StartAt": "Price", "States": STATES}, []),
        ({"StartAt": "Prise", "States": STATES}, ["there is no state 'Prise'"]),
        ({"StartAt": "Price", "States": {**STATES, "Lost": {"Type": "Pass"}}}, ["nothing leads to 'Lost'"]),
        ({"StartAt": "Price", "States": {key: STATES[key] for key in ("Price", "Enough?", "Sorry")}}, ["'Ship'"]),
        ({"StartAt": "Price"}, ["it has no states"]),
        ("{", ["it is not JSON"]),
        (
            {"StartAt": "M", "States": {"M": {"Type": "Map", "ItemProcessor": {"StartAt": "X", "States": {}}}}},
            ["there is no state 'X'"],
        ),
        (
            {"StartAt": "P", "States": {"P": {"Type": "Parallel", "Branches": [{"StartAt": "X", "States": {}}]}}},
            ["there is no state 'X'"],
        ),
    ),
    ids=("whole", "no start", "left over", "leads nowhere", "empty", "not JSON", "inside a map", "inside a branch"),
)
def test_a_definition_is_whole_when_every_state_is_there_and_reached(definition: object, told: list[str]) -> None:
    """Inside of maps and branches too; nothing but a flaw is told."""
    flaws = list(workflows.flaws_of(json.dumps(definition) if isinstance(definition, dict) else definition))

    if told:
        assert any(told[0] in flaw for flaw in flaws)
    verdict = workflows.judge_whole(Described(kind="", name="", state=""), NOW, flaws=tuple(flaws))
    assert ("fail" if told else "pass") == verdict.status


@pytest.mark.parametrize(
    ("seen", "status", "actual"),
    (
        (
            Described(kind="k", name=ARN, state="SUCCEEDED", words=(("failed", "2"), ("succeeded", "1"))),
            "pass",
            "2 failed, 1 succeeded",
        ),
        (Described(kind="k", name=ARN, state="none"), "pass", "it never ran"),
        (Described(kind="k", name=ARN, state="FAILED", words=(("failed", "1"),)), "fail", "FAILED; 1 failed"),
        (
            Described(kind="k", name=ARN, state="TIMED_OUT", words=(("timed out", "1"),)),
            "fail",
            "TIMED_OUT; 1 timed out",
        ),
        (Described(kind="k", name=ARN, state="ABORTED", words=(("aborted", "1"),)), "fail", "ABORTED; 1 aborted"),
        (Absent(what="x"), "fail", "there is no such state machine"),
    ),
    ids=("the newest is well", "never ran", "failed", "timed out", "aborted", "gone"),
)
def test_the_newest_execution_tells(seen: Described | Absent, status: str, actual: str) -> None:
    """What failed before it is told, and judged no more."""
    check = _machine()["workflows.works[Orders]"]
    found = check.sight.look(world({("described", "AWS::StepFunctions::Execution", REGION, ARN): seen}))
    verdict = check.sight.judge(found, NOW)

    assert (status, actual) == (verdict.status, verdict.actual)
