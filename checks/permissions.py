"""From a plan to the least privilege that it needs."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

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
        "backup:ListBackupJobs",
        "backup:ListRecoveryPointsByResource",
        "backup:ListRestoreJobs",
        "cloudfront:ListDistributions",
        "cloudwatch:GetMetricStatistics",
        "cloudwatch:ListMetrics",
        "cognito-idp:DescribeUserPoolDomain",
        "events:ListRuleNamesByTarget",
        "logs:DescribeLogGroups",
        "route53:ListHostedZonesByName",
        "route53domains:GetDomainDetail",
        "sns:GetSubscriptionAttributes",
        "sts:GetCallerIdentity",
    }
)

# Actions that ask for several at once, and are authorised on all of the region's, whatever names they are given.
LISTING: frozenset[str] = frozenset({"cloudwatch:DescribeAlarms"})

# Actions that are weighed on a thing of another service too, the one that theirs stands before
# (AWS WAF developer guide, "Permissions for GetWebACLForResource").
BESIDE: frozenset[str] = frozenset({"wafv2:GetWebACLForResource"})

# A managed policy holds 6,144 characters, white space not counted (IAM and STS quotas).
LONGEST = 6_144


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
            wanted[action].update(_granted(action, each) for each in _own(action, narrow) or ("*",))
    for action in RESOLVING:
        wanted[action].update(_granted(action, each) for each in tuple(stacks) or ("*",))
    together: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for action, resources in sorted(wanted.items()):
        together[("*",) if "*" in resources else tuple(sorted(resources))].append(action)
    statements = [
        {"Effect": "Allow", "Action": granted, "Resource": list(resources)}
        for resources, granted in sorted(together.items())
    ]
    return {"Version": "2012-10-17", "Statement": statements}


def parts(document: Mapping[str, Any], *, most: int = LONGEST) -> tuple[dict[str, Any], ...]:
    """The same policy as several that are each at most *most* characters long, as IAM counts them.

    A statement that is longer alone is taken apart by its resources. Raises ValueError when one resource is too long.
    """
    made: list[list[dict[str, Any]]] = [[]]
    for statement in _small_enough(document["Statement"], most):
        if made[-1] and _length([*made[-1], statement]) > most:
            made.append([])
        made[-1].append(statement)
    return tuple({"Version": document["Version"], "Statement": each} for each in made if each)


def _small_enough(statements: Iterable[dict[str, Any]], most: int) -> Iterable[dict[str, Any]]:
    for each in statements:
        resources = each["Resource"]
        if _length([each]) <= most:
            yield each
        elif len(resources) == 1:
            raise ValueError(f"one statement about {resources[0]} takes more than {most} characters")
        else:
            half = len(resources) // 2
            halves = ({**each, "Resource": some} for some in (resources[:half], resources[half:]))
            yield from _small_enough(halves, most)


def _length(statements: Sequence[dict[str, Any]]) -> int:
    return len(json.dumps({"Version": "2012-10-17", "Statement": statements}, separators=(",", ":")))


def _granted(action: str, arn: str) -> str:
    """The ARN as a policy must have it: a stack is asked for by its name, and made anew it has another id."""
    if action in LISTING and arn != "*":
        return f"{arn.rpartition(':')[0]}:*"
    named = re.fullmatch(r"(arn:[\w-]+:cloudformation:[^:]*:\d*:stack/[^/]+)/[^/]+", arn)
    return f"{named[1]}/*" if named else arn


def _own(action: str, resources: Sequence[str]) -> Sequence[str]:
    """Of the ARNs that a check touches those of the action's own service; all of them when there is none."""
    if action in BESIDE:
        return resources
    service = action.partition(":")[0]
    return [each for each in resources if each.split(":")[2:3] == [service]] or resources
