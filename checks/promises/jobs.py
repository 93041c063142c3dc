"""Backups as work that is done or not: the last job of each table."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import partial

from checks.evidence import Absent, Described
from checks.model import Check, Sight, Target, Verdict, promise
from checks.wording import quote
from checks.world.ports import World

JOB = "AWS::Backup::BackupJob"
_PLAN = "AWS::Backup::BackupPlan"
_GOOD = "COMPLETED"


@promise(
    "backups.jobs",
    says="the last backup of the table that came to an end was completed",
    severity="critical",
    instrument="aws",
    actions=("backup:ListBackupJobs",),
)
def jobs(*, region: str, arn: str) -> Sight:
    """Pitfall 72: FAILED, ABORTED, EXPIRED and PARTIAL jobs leave the newest good recovery point a little older."""
    return Sight(look=partial(_look, region=region, arn=arn), judge=partial(judge_jobs, region=region, arn=arn))


def judge_jobs(seen: Described | Absent, _now: datetime, *, region: str, arn: str) -> Verdict:
    """COMPLETED; that there was no job yet is backups.recent's matter."""
    expected = f"the last backup of {arn} {_GOOD}"
    if isinstance(seen, Absent):
        return Verdict.passed(expected=expected, actual="there was none yet")
    if seen.state == _GOOD:
        return Verdict.passed(expected=expected, actual=f"{_GOOD}, {quote(dict(seen.words).get('at', ''))}")
    why = dict(seen.words).get("why", "")
    actual = f"{quote(seen.state)}, {quote(dict(seen.words).get('at', ''))}{f': {quote(why)}' if why else ''}"
    remedy = f"aws backup list-backup-jobs --region {region} --by-resource-arn {arn}; repair it, then start-backup-job"
    return Verdict.failed(expected=expected, actual=actual, remedy=remedy)


def checks(target: Target) -> Iterator[Check]:
    """Every table, where anything is backed up at all; that each is has a promise of its own."""
    if not target.of_type(_PLAN):
        return
    for table in target.of_type("AWS::DynamoDB::Table"):
        arn = target.arn("dynamodb", table.region, f"table/{table.physical_id}")
        yield jobs(table.place(arn), region=table.region, arn=arn)


def _look(world: World, *, region: str, arn: str) -> Described | Absent:
    """The last of the region's jobs that is about *arn*; all of them are asked for once."""
    every = world.aws.described(JOB, region, "last of each")
    said = dict(every.words).get(arn, "") if isinstance(every, Described) else ""
    if not said:
        return Absent(what=f"backup job of {arn}")
    state, at, why = [*said.split("|", 2), "", ""][:3]
    return Described(kind=JOB, name=arn, state=state, words=(("at", at), ("why", why)))


PROMISES = (jobs,)
