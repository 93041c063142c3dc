"""Logs: there when somebody needs them, and gone when nobody does."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import partial

from checks import intent
from checks.evidence import Absent, LogGroupSeen
from checks.model import Check, Resource, Sight, Target, Verdict, promise
from checks.wording import left_out, quote
from checks.world.ports import World


@promise(
    "logs.kept",
    says="the log group exists and keeps its events as long as the template says, and never for ever",
    severity="warning",
    instrument="aws",
    actions=("logs:DescribeLogGroups",),
)
def kept(*, region: str, group: str, days: str, gaps: tuple[str, ...]) -> Sight:
    """AWS: a group without retention keeps, and bills, every event there ever was, personal data among them."""
    judge = partial(judge_kept, region=region, group=group, days=days, gaps=gaps)
    return Sight(look=partial(_look, region=region, group=group), judge=judge)


@promise(
    "logs.of_functions",
    says="the function has a log group, with an end to how long its events are kept",
    severity="warning",
    instrument="aws",
    actions=("logs:DescribeLogGroups",),
)
def of_functions(*, region: str, group: str) -> Sight:
    """AWS: a function makes its group itself when it first runs, if it may, and that one keeps everything for ever."""
    judge = partial(judge_kept, region=region, group=group, days="", gaps=())
    return Sight(look=partial(_look, region=region, group=group), judge=judge)


def judge_kept(
    seen: LogGroupSeen | Absent, _now: datetime, *, region: str, group: str, days: str, gaps: tuple[str, ...]
) -> Verdict:
    """The days of the template, or any number where it says none."""
    expected = (
        f"log group {group} keeps events {f'{days} days' if days else 'for a while, not for ever'}{left_out(gaps)}"
    )
    match seen:
        case Absent():
            remedy = "deploy the stack again; if it is not in the template, add it with a retention"
            return Verdict.failed(expected=expected, actual=f"there is no log group {quote(group)}", remedy=remedy)
        case LogGroupSeen(days=live) if live is not None and days in {"", str(live)}:
            return Verdict.passed(expected=expected, actual=f"{live} days")
        case LogGroupSeen(days=live):
            wanted = f"--log-group-name '{group}' --retention-in-days {days or 30}"
            remedy = f"aws logs put-retention-policy --region {region} {wanted}, and the same in the template"
            return Verdict.failed(
                expected=expected, actual="for ever" if live is None else f"{live} days", remedy=remedy
            )


def checks(target: Target) -> Iterator[Check]:
    """Every log group, then the one of every function."""
    for group in target.of_type("AWS::Logs::LogGroup"):
        said = group.properties
        yield kept(
            group.place(_everything(target, group)),
            region=group.region,
            group=group.physical_id,
            days=intent.text(said, "RetentionInDays"),
            gaps=intent.gaps(said, "RetentionInDays"),
        )
    for function in target.of_type("AWS::Lambda::Function"):
        named = intent.part(function.properties, "LoggingConfig", "LogGroup")
        if not intent.gaps(named):
            group_name = intent.text(named) or f"/aws/lambda/{function.physical_id}"
            yield of_functions(function.place(_everything(target, function)), region=function.region, group=group_name)


def _everything(target: Target, near: Resource) -> str:
    """Groups can only be listed, and IAM weighs that against all of a region's (Service Authorization Reference)."""
    return target.arn("logs", near.region, "log-group:*")


def _look(world: World, *, region: str, group: str) -> LogGroupSeen | Absent:
    return world.aws.log_group(region, group)


PROMISES = (kept, of_functions)
