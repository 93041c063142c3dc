"""What CloudWatch Logs says of log groups. What is in them is not read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from checks import evidence as seen
from checks.world.aws.wire import Ask, Asking, shaped

GROUPS = Ask(service="logs", operation="DescribeLogGroups", needs=("logGroups",), more="nextToken")


def log_group(asking: Asking, region: str, name: str) -> seen.LogGroupSeen | seen.Absent:
    """The group of exactly this name.

    The list is sorted, so that a name comes before all that it begins: on AWS the first page is the last that is read
    of a group that is there.
    """
    for page in asking.pages(GROUPS, region, logGroupNamePrefix=name):
        days = shaped(GROUPS, region, lambda page=page: _days(page["logGroups"]))  # type: ignore[misc]
        if name in days:
            return seen.LogGroupSeen(name=name, days=days[name])
    return seen.Absent(what=f"log group {name} in {region}")


def _days(listed: Iterable[Mapping[str, Any]]) -> Mapping[str, int | None]:
    return {one["logGroupName"]: one.get("retentionInDays") for one in listed}
