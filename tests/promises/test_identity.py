from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.evidence import Absent, Caller, StackSeen
from checks.model import Target
from checks.promises import identity
from tests.promises.worlds import ACCOUNT, HOSTILE, NOW, REGION, planned, resource, target, world

OTHER = "999988887777"


def _stack(arn: str) -> StackSeen:
    return StackSeen(name="Main", arn=arn, status="CREATE_COMPLETE", reason="", updated=NOW, outputs=())


def _arn(region: str = REGION, account: str = ACCOUNT) -> str:
    return f"arn:aws:cloudformation:{region}:{account}:stack/Main/1"


def test_one_question_about_us_and_one_about_each_stack() -> None:
    """Two stacks in two regions are two questions; the account is asked about once."""
    both = target(resource("T"), resource("T", stack="Edge", region="us-east-1"))

    names = list(planned(identity.checks(both)))

    assert [f"identity.caller[{ACCOUNT}]", "identity.region[Main]", "identity.region[Edge]"] == names


@pytest.mark.parametrize(
    ("account", "status"),
    (
        pytest.param(ACCOUNT, "pass", id="ours"),
        pytest.param(OTHER, "fail", id="another's"),
        pytest.param("", "fail", id="none"),
    ),
)
def test_the_account_behind_the_credentials_is_compared(account: str, status: str) -> None:
    """Everything looks missing in the wrong account, so the account is asked for first."""
    verdict = identity.judge_caller(Caller(account=account, arn="arn:aws:iam::1:root"), NOW, account=ACCOUNT)

    assert status == verdict.status
    assert ACCOUNT in verdict.expected


@pytest.mark.parametrize(
    ("seen", "status"),
    (
        pytest.param(_stack(_arn()), "pass", id="where it should be"),
        pytest.param(_stack(_arn(region="us-east-1")), "fail", id="another region"),
        pytest.param(_stack(_arn(account=OTHER)), "fail", id="another account"),
        pytest.param(_stack(""), "fail", id="no ARN"),
        pytest.param(_stack("arn:aws"), "fail", id="a short ARN"),
        pytest.param(Absent(what="stack Main"), "fail", id="absent"),
    ),
)
def test_a_stack_is_where_the_settings_say(seen: StackSeen | Absent, status: str) -> None:
    """Region and account are read from the ARN that the service itself gave."""
    verdict = identity.judge_region(seen, NOW, region=REGION, account=ACCOUNT)

    assert status == verdict.status
    assert bool(verdict.remedy) == (status != "pass")


def test_a_target_without_stacks_has_nobody_to_ask_for() -> None:
    """No region, no question."""
    assert {} == planned(identity.checks(Target(name="none", account=ACCOUNT, stacks=())))


def test_the_looks_ask_the_region_of_the_stack() -> None:
    """A question is put to the region where the answer lives."""
    checks = planned(identity.checks(target(resource("T"))))
    who, where = Caller(account=ACCOUNT, arn="a"), _stack(_arn())
    here = world({("caller", REGION): who, ("stack", REGION, "Main"): where})

    assert [who, where] == [each.sight.look(here) for each in checks.values()]


def test_hostile_text_is_made_harmless() -> None:
    """What a service says is shown without control characters, and short."""
    verdict = identity.judge_region(_stack(HOSTILE), NOW, region=REGION, account=ACCOUNT)

    assert verdict.actual.isprintable()
    assert len(verdict.actual) < 400


@given(st.text(), st.builds(Absent, what=st.text()) | st.builds(_stack, st.text()))
def test_no_evidence_makes_a_judge_stumble(account: str, seen: StackSeen | Absent) -> None:
    """Whatever the service says, there is a verdict."""
    assert "fail" == identity.judge_region(seen, NOW + timedelta(1), region=REGION, account=ACCOUNT).status
    who = Caller(account=account, arn=account)

    assert identity.judge_caller(who, NOW, account=ACCOUNT).status in {"pass", "fail"}
