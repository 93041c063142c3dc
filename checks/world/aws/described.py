"""What services say of things that are compared with their template word by word, kind by kind."""

from __future__ import annotations

from collections.abc import Mapping

from checks import evidence as seen
from checks.model import CannotLook
from checks.world.aws import (
    alarms,
    auth,
    backups,
    buckets,
    compute,
    delivery,
    firewalls,
    gateway,
    keeping,
    readers,
    roles,
    schedules,
)
from checks.world.aws.readers import Read
from checks.world.aws.wire import Asking

READERS: Mapping[str, Read] = {
    **alarms.READERS,
    **auth.READERS,
    **backups.READERS,
    **buckets.READERS,
    **compute.READERS,
    **gateway.READERS,
    **delivery.READERS,
    **firewalls.READERS,
    **keeping.READERS,
    **roles.READERS,
    **schedules.READERS,
}
# Kinds that live in the partition's one region for such things, wherever their stack is.
_AT_HOME = ("AWS::CloudFront::", "AWS::IAM::", "AWS::Budgets::")


def described(asking: Asking, region: str, kind: str, name: str) -> seen.Described | seen.Absent:
    """The one thing of *kind* that is called *name*. Raises CannotLook for a kind that nobody here can read."""
    read = READERS.get(kind)
    if read is None:
        raise CannotLook(f"{kind} cannot be described; known are {', '.join(sorted(READERS))}", final=True)
    found = read(asking, region, name)
    if found is None:
        return seen.Absent(what=f"{kind} {name} in {region}")
    return readers.as_evidence(kind, name, found)


def home_of(kind: str, region: str, home: str) -> str:
    """The region to ask about *kind*: *home* for the services that have only one."""
    return home if kind.startswith(_AT_HOME) else region
