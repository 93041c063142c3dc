"""Are we where we think we are: the account behind our credentials, the region and account of each stack."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import partial

from checks.evidence import Absent, Caller, StackSeen
from checks.model import Check, Place, Sight, Target, Verdict, promise
from checks.wording import quote
from checks.world.ports import World

_ARN_PARTS = 6


@promise(
    "identity.caller",
    says="our credentials belong to the account that the settings name",
    severity="critical",
    instrument="aws",
    actions=("sts:GetCallerIdentity",),
)
def caller(*, region: str, account: str) -> Sight:
    """Pitfall 46: in the wrong account everything is "missing". Pitfall 42: asked of the region's endpoint."""
    return Sight(look=partial(_look_caller, region=region), judge=partial(judge_caller, account=account))


@promise(
    "identity.region",
    says="the stack lives in the region and account that the settings name",
    severity="critical",
    instrument="aws",
    actions=("cloudformation:DescribeStacks",),
)
def region(*, region: str, stack: str, account: str) -> Sight:
    """A deployment to a default region or another profile's account looks healthy there (AWS: ARN of a stack)."""
    return Sight(
        look=partial(_look_stack, region=region, stack=stack),
        judge=partial(judge_region, region=region, account=account),
    )


def judge_caller(seen: Caller, _now: datetime, *, account: str) -> Verdict:
    """The account that STS reports is the expected one."""
    expected = f"credentials of account {account}"
    actual = f"account {quote(seen.account)} as {quote(seen.arn)}"
    if seen.account == account:
        return Verdict.passed(expected=expected, actual=actual)
    remedy = f"use a profile or role of account {account}, or correct [account] id in the settings"
    return Verdict.failed(expected=expected, actual=actual, remedy=remedy)


def judge_region(seen: StackSeen | Absent, _now: datetime, *, region: str, account: str) -> Verdict:
    """The stack's own ARN names the expected region and account."""
    expected = f"a stack in {region}, account {account}"
    remedy = f"deploy to {region} with credentials of {account}, or correct [[stack]] region in the settings"
    match seen:
        case Absent(what=what):
            return Verdict.failed(expected=expected, actual=f"no such stack: {quote(what)}", remedy=remedy)
        case StackSeen(arn=arn):
            parts = arn.split(":")
            if len(parts) >= _ARN_PARTS and (parts[3], parts[4]) == (region, account):
                return Verdict.passed(expected=expected, actual=quote(arn))
            return Verdict.failed(expected=expected, actual=quote(arn) or "no ARN", remedy=remedy)


def checks(target: Target) -> Iterator[Check]:
    """One question about us, one about each stack."""
    if target.stacks:
        home = target.stacks[0].region
        yield caller(Place(subject=target.account, region=home), region=home, account=target.account)
    for stack in target.stacks:
        arns = (stack.arn,) if stack.arn else ()
        place = Place(subject=stack.name, stack=stack.name, region=stack.region, resources=arns)
        yield region(place, region=stack.region, stack=stack.name, account=target.account)


def _look_caller(world: World, *, region: str) -> Caller:
    return world.aws.caller(region)


def _look_stack(world: World, *, region: str, stack: str) -> StackSeen | Absent:
    return world.aws.stack(region, stack)


PROMISES = (caller, region)
