"""What a stack carries along: what was changed past it, and what it tells everybody who may read it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from functools import partial

from checks.evidence import Absent, StackSeen
from checks.model import Check, Place, Sight, Target, Verdict, promise
from checks.wording import quote, several
from checks.world.ports import World

_READ = ("cloudformation:DescribeStacks",)
_SECRET = re.compile(r"(?i)(secret|passw|private_?key|api_?key|access_?key|credential|token)")
# What names a secret, or leads to where it is kept, is none: an ARN, a path of parameters, a plain name, or an
# address that carries nothing along (what stood before its host was redacted as an e-mail address).
_NAME = re.compile(r"arn:.*|https?://[^?@\[]*|/[\w./-]+|[A-Za-z][A-Za-z-]{0,63}|\*+", re.DOTALL)
# What evidence has in the place of a credential that was recognised when it was made.
_REDACTED = re.compile(r"\[(access key|token|credential|private key|redacted)\]")


@promise(
    "stack.drift",
    says="no drift detection found the stack changed by hand; one that never ran is told",
    severity="warning",
    instrument="aws",
    actions=_READ,
)
def drift(*, region: str, stack: str) -> Sight:
    """Pitfall 89: NOT_CHECKED looks like IN_SYNC. The last detection is read: to detect takes rights to read all."""
    judge = partial(judge_drift, region=region, stack=stack)
    return Sight(look=partial(_look, region=region, stack=stack), judge=judge)


@promise(
    "stack.discreet",
    says="no output of the stack tells a secret",
    severity="critical",
    instrument="aws",
    actions=_READ,
)
def discreet(*, region: str, stack: str) -> Sight:
    """AWS: everybody who may describe the stack reads its outputs, and so do the logs of whoever deploys it."""
    return Sight(look=partial(_look, region=region, stack=stack), judge=partial(judge_discreet, stack=stack))


def judge_drift(seen: StackSeen | Absent, _now: datetime, *, region: str, stack: str) -> Verdict:
    """Anything but DRIFTED; what nobody looked for is said to be that."""
    expected = f"stack {stack} not DRIFTED"
    if isinstance(seen, Absent):
        return Verdict.failed(expected=expected, actual=f"there is no stack {stack}", remedy="deploy it")
    if seen.drift == "DRIFTED":
        remedy = f"aws cloudformation describe-stack-resource-drifts --region {region} --stack-name {stack}"
        return Verdict.failed(expected=expected, actual="DRIFTED", remedy=remedy)
    told = "IN_SYNC" if seen.drift == "IN_SYNC" else f"{quote(seen.drift) or 'NOT_CHECKED'}: nobody looked for it"
    return Verdict.passed(expected=expected, actual=told)


def judge_discreet(seen: StackSeen | Absent, _now: datetime, *, stack: str) -> Verdict:
    """Neither a value that is a credential by its form, nor one that is called a secret and is more than a name."""
    expected = f"no secret among the outputs of {stack}"
    if isinstance(seen, Absent):
        return Verdict.failed(expected=expected, actual=f"there is no stack {stack}", remedy="deploy it")
    told = [key for key, value in seen.outputs if _REDACTED.search(value) or _tells(key, value)]
    if told:
        remedy = "take it out of the outputs, deploy, change the secret, and have it read where it is kept"
        return Verdict.failed(expected=expected, actual=several(told), remedy=remedy)
    return Verdict.passed(expected=expected, actual=f"none of {len(seen.outputs)}")


def checks(target: Target) -> Iterator[Check]:
    """Both questions about each stack."""
    for stack in target.stacks:
        place = Place(
            subject=stack.name,
            stack=stack.name,
            region=stack.region,
            resources=(stack.arn,) if stack.arn else (),
        )
        yield drift(place, region=stack.region, stack=stack.name)
        yield discreet(place, region=stack.region, stack=stack.name)


def _tells(key: str, value: str) -> bool:
    return bool(_SECRET.search(key)) and bool(value) and _NAME.fullmatch(value) is None


def _look(world: World, *, region: str, stack: str) -> StackSeen | Absent:
    return world.aws.stack(region, stack)


PROMISES = (drift, discreet)
