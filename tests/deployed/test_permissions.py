"""The plan's own policy, enforced: with exactly it everything is seen, and without one action nothing is made up."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest

from checks import catalogue
from checks.doors import assembly
from checks.model import Result
from checks.permissions import RESOLVING, actions, parts, policy
from checks.run import Run, exit_code
from tests.deployed.conftest import House, told

pytestmark = pytest.mark.twin

ROLE = "checks-exactly"
# Everything but resolving: who is not even told which stacks there are is tried by itself.
ACTIONS = [each for each in actions(catalogue.PROMISES) if each not in RESOLVING and each != "sts:GetCallerIdentity"]
# What is tried in CI; all the others take minutes.
SOON = {"dynamodb:DescribeTable", "lambda:GetPolicy", "cloudwatch:DescribeAlarms"}
# An action that a promise needs for some of its subjects alone: those that it does not ask for are seen without it.
FOR_SOME: Mapping[str, tuple[str, ...]] = {
    # Failed backups are told by a rule here, by no alarm and by no vault's own notices.
    "cloudwatch:DescribeAlarms": ("backups.notices",),
    "backup:GetBackupVaultNotifications": ("backups.notices",),
    # Nothing has been due since a deploy of a few minutes ago.
    "cloudwatch:GetMetricStatistics": ("schedules.ran",),
    # A behaviour without an origin request policy has none to read.
    "cloudfront:GetOriginRequestPolicy": ("cdn.behaviour",),
    # Rules are read from EventBridge, schedules from Scheduler, and this stack has rules.
    "scheduler:GetSchedule": (
        "schedules.enabled",
        "schedules.expression",
        "schedules.targets",
        "schedules.dead_letters",
    ),
}
Granted = Callable[[Mapping[str, Any]], Run]


@pytest.fixture(scope="module")
def granted(house: House) -> Iterator[Granted]:
    """Runs everything as a role that may do what a policy says, and nothing else."""
    iam = house.aws("iam", "us-east-1")
    anybody = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    trusting = json.dumps({"Version": "2012-10-17", "Statement": [anybody]})
    arn = iam.create_role(RoleName=ROLE, AssumeRolePolicyDocument=trusting)["Role"]["Arn"]
    stacks = tuple(replace(each, role_arn=arn) for each in house.settings.stacks)
    settings = replace(house.settings, stacks=stacks)

    def run(document: Mapping[str, Any]) -> Run:
        for name in iam.list_role_policies(RoleName=ROLE)["PolicyNames"]:
            iam.delete_role_policy(RoleName=ROLE, PolicyName=name)
        for number, part in enumerate(parts(document)):
            iam.put_role_policy(RoleName=ROLE, PolicyName=f"part-{number}", PolicyDocument=json.dumps(part))
        return house.verify(settings=settings)

    yield run
    for name in iam.list_role_policies(RoleName=ROLE)["PolicyNames"]:
        iam.delete_role_policy(RoleName=ROLE, PolicyName=name)
    iam.delete_role(RoleName=ROLE)


@pytest.fixture(scope="module")
def exact(house: House) -> dict[str, Any]:
    """The policy that follows from the plan."""
    ready = assembly.prepare(house.settings, assembly.connect(house.settings))
    ready.pool.close()
    return policy(ready.plan.checks, stacks=ready.stacks)


def without(document: Mapping[str, Any], action: str) -> dict[str, Any]:
    """The same policy less one action."""
    left = [{**each, "Action": [one for one in each["Action"] if one != action]} for each in document["Statement"]]
    return {**document, "Statement": [each for each in left if each["Action"]]}


def by_itself(result: Result) -> str:
    """What it came to before a root was named."""
    return result.own_verdict or result.status


def asking(run: Run) -> list[Result]:
    """What a role decides about: the site is looked at by anybody, and so is who one is."""
    return [each for each in run.results if each.check.promise.actions and each.check.promise.name != "identity.caller"]


def test_with_exactly_its_policy_the_plan_sees_everything(granted: Granted, exact: Mapping[str, Any]) -> None:
    """Nothing is unknown, and nothing is granted on everything but what AWS grants in no other way."""
    run = granted(exact)

    assert len(asking(run)) > 500
    # An alarm that rings for what an earlier test did was seen to ring.
    rings = {each.name for each in run.results if each.check.promise.name == "alarms.calm"}
    assert {"pass"} == {by_itself(each) for each in asking(run) if each.name not in rings}, told(run)
    assert [] == [each.name for each in run.results if by_itself(each) == "unknown"], told(run)


def test_without_any_permission_nothing_passes_that_asks_aws(granted: Granted) -> None:
    """The failing twin: the role is really asked. Who one is needs no permission; the site is looked at as before."""
    run = granted({"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": ["iam:*"], "Resource": ["*"]}]})

    assert {"unknown"} == {by_itself(each) for each in asking(run)}, told(run)
    assert exit_code(run) != 0, told(run)


@pytest.mark.parametrize(
    "action", [each if each in SOON else pytest.param(each, marks=pytest.mark.long) for each in ACTIONS]
)
def test_without_an_action_what_needs_it_is_unknown(granted: Granted, exact: Mapping[str, Any], action: str) -> None:
    """Never a pass, never a failure of the target; and nothing else is touched."""
    run = granted(without(exact, action))

    needing = [each for each in run.results if action in each.check.promise.actions]
    seen = {each.check.promise.name for each in needing if by_itself(each) != "unknown"}
    assert seen <= set(FOR_SOME.get(action, ())), told(run)
    others = [each.name for each in run.results if each not in needing and by_itself(each) == "unknown"]
    assert [] == others, told(run)
    assert not needing or action in FOR_SOME or exit_code(run) != 0 or _warns(needing), told(run)


def _warns(needing: list[Result]) -> bool:
    return all(each.check.severity == "warning" for each in needing)


@pytest.mark.long
@pytest.mark.parametrize("action", RESOLVING)
def test_without_reading_the_stacks_the_accepted_plan_is_unknown(
    granted: Granted, exact: Mapping[str, Any], action: str
) -> None:
    """What follows from the stacks is not passed from memory."""
    run = granted(without(exact, action))

    assert {"unknown"} == {by_itself(each) for each in asking(run)}, told(run)
    assert exit_code(run) != 0, told(run)
