"""From a plan to the least privilege that it needs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from checks.model import Check, Promise

# What it takes to resolve a target, whatever its plan: who we are needs no permission.
RESOLVING: tuple[str, ...] = (
    "cloudformation:DescribeStacks",
    "cloudformation:GetTemplate",
    "cloudformation:ListStackResources",
)

# Actions for which AWS defines no resource type, so that only "*" can grant them
# (Service Authorization Reference, pages of the services named).
WITHOUT_RESOURCE: frozenset[str] = frozenset(
    {
        "backup:ListRecoveryPointsByResource",
        "cloudfront:ListDistributions",
        "route53:ListHostedZonesByName",
        "sns:GetSubscriptionAttributes",
        "sts:GetCallerIdentity",
    }
)


def actions(promises: Iterable[Promise[...]]) -> tuple[str, ...]:
    """Every IAM action that these promises and the resolving of a target need, sorted."""
    needed = {action for each in promises for action in each.actions}
    return tuple(sorted(needed.union(RESOLVING)))


def policy(checks: Iterable[Check], *, stacks: Iterable[str] = ()) -> dict[str, object]:
    """The IAM policy document with which exactly these checks can run.

    An action is granted on the ARNs that its checks name, or on ``*`` where AWS defines no resource type for it
    or a check names none. *stacks* are the ARNs of the stacks that are read to resolve the target.
    """
    wanted: dict[str, set[str]] = defaultdict(set)
    for check in checks:
        for action in check.promise.actions:
            narrow = check.place.resources if action not in WITHOUT_RESOURCE else ()
            wanted[action].update(narrow or ("*",))
    for action in RESOLVING:
        wanted[action].update(tuple(stacks) or ("*",))
    together: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for action, resources in sorted(wanted.items()):
        together[("*",) if "*" in resources else tuple(sorted(resources))].append(action)
    statements = [
        {"Effect": "Allow", "Action": granted, "Resource": list(resources)}
        for resources, granted in sorted(together.items())
    ]
    return {"Version": "2012-10-17", "Statement": statements}
