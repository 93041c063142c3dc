from __future__ import annotations

import pytest

from checks.evidence import Absent, Described
from checks.model import Check, Resource, Unresolved
from checks.promises import doubles
from tests.promises.worlds import ACCOUNT, HOSTILE, NOW, REGION, planned, resource, target, world

FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:daily"
OTHER = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:hourly"
DAILY = {"ScheduleExpression": "rate(1 day)"}


def _rule(name: str, *callees: object, **properties: object) -> Resource:
    targets = [{"Id": str(number), "Arn": callee} for number, callee in enumerate(callees)]
    return resource("AWS::Events::Rule", {**properties, "Targets": targets}, subject=name, physical_id=f"{name}-1")


def _planned(*rules: Resource) -> dict[str, Check]:
    return planned(doubles.checks(target(*rules)))


def _callers(*names: str) -> Described:
    return Described(kind=doubles.CALLERS, name=FUNCTION, state="there", words=tuple((each, "calls") for each in names))


def test_one_question_for_each_thing_that_is_called_on_a_schedule() -> None:
    """Rules that call the same are one question; it names them all, those without a schedule too."""
    found = _planned(
        _rule("Daily", FUNCTION, **DAILY), _rule("Again", FUNCTION, OTHER, **DAILY), _rule("OnEvent", FUNCTION)
    )

    assert {"schedules.alone[Daily]": ("Again-1", "Daily-1", "OnEvent-1"), "schedules.alone[Again]": ("Again-1",)} == {
        name: each.params["rules"] for name, each in found.items()
    }


@pytest.mark.parametrize(
    "rule",
    (
        pytest.param(_rule("OnEvent", FUNCTION), id="it waits for events"),
        pytest.param(_rule("Orders", FUNCTION, EventBusName="orders", **DAILY), id="on a bus of its own"),
        pytest.param(_rule("Open", FUNCTION, Unresolved("Ref"), **DAILY), id="what it calls is not known"),
    ),
)
def test_what_cannot_be_told_from_a_stranger_is_not_asked(rule: Resource) -> None:
    """A rule whose targets are unknown would be taken for somebody else's."""
    assert {} == _planned(rule)


@pytest.mark.parametrize(
    ("there", "status", "actual"),
    (
        pytest.param(("Daily-1",), "pass", "Daily-1", id="the template's alone"),
        pytest.param((), "pass", "none", id="nobody, which schedules.targets tells"),
        pytest.param(("Daily-1", "by-hand"), "fail", "by by-hand as well", id="one more"),
        pytest.param(("by-hand",), "fail", "by by-hand as well", id="another"),
    ),
)
def test_nobody_else_does_the_daily_work(there: tuple[str, ...], status: str, actual: str) -> None:
    """A rule that was left behind does it twice."""
    check = _planned(_rule("Daily", FUNCTION, **DAILY))["schedules.alone[Daily]"]
    seen = check.sight.look(world({("described", doubles.CALLERS, REGION, FUNCTION): _callers(*there)}))

    verdict = check.sight.judge(seen, NOW)

    assert (status, actual) == (verdict.status, verdict.actual)


def test_a_strangers_name_is_shown_as_what_it_is() -> None:
    """Names are whatever somebody typed."""
    check = _planned(_rule("Daily", FUNCTION, **DAILY))["schedules.alone[Daily]"]

    assert "\x1b" not in check.sight.judge(_callers(HOSTILE), NOW).actual


def test_what_does_not_exist_is_called_by_nobody() -> None:
    """That it exists is another promise."""
    check = _planned(_rule("Daily", FUNCTION, **DAILY))["schedules.alone[Daily]"]

    assert "pass" == check.sight.judge(Absent(what="rules"), NOW).status
