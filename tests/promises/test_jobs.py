from __future__ import annotations

import pytest

from checks.evidence import Absent, Described
from checks.model import Check
from checks.promises import jobs
from tests.promises.worlds import ACCOUNT, HOSTILE, NOW, REGION, planned, resource, target, world

ARN = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/jobs"


def _check() -> Check:
    table = resource("AWS::DynamoDB::Table", subject="Jobs", physical_id="jobs")
    (check,) = planned(jobs.checks(target(table, resource("AWS::Backup::BackupPlan", subject="Daily")))).values()
    return check


@pytest.mark.parametrize(
    ("said", "status"),
    (
        ("COMPLETED|2026-03-01 03:00 UTC|", "pass"),
        ("", "pass"),
        ("FAILED|2026-03-01 03:00 UTC|access denied", "fail"),
        ("ABORTED|2026-03-01 03:00 UTC|", "fail"),
        ("EXPIRED|2026-03-01 03:00 UTC|", "fail"),
        ("PARTIAL|2026-03-01 03:00 UTC|", "fail"),
        (HOSTILE, "fail"),
    ),
)
def test_the_last_backup_of_a_table_was_completed(said: str, status: str) -> None:
    """The jobs of a region are asked for once, for all of its tables."""
    words = (("arn:another", "FAILED|x|"), *([(ARN, said)] if said else []))
    every = Described(kind=jobs.JOB, name="last of each", state="there", words=words)
    check = _check()
    seen = check.sight.look(world({("described", jobs.JOB, REGION, "last of each"): every}))
    verdict = check.sight.judge(seen, NOW)

    assert status == verdict.status
    assert verdict.actual.isprintable()
    assert "access denied" not in said or "access denied" in verdict.actual


def test_a_region_without_jobs_has_none_yet() -> None:
    """That there should be one is another promise's matter."""
    check = _check()
    seen = check.sight.look(world({("described", jobs.JOB, REGION, "last of each"): Absent(what="jobs")}))

    assert "pass" == check.sight.judge(seen, NOW).status


def test_nothing_is_asked_where_nothing_is_backed_up() -> None:
    """Its tables have promises of their own for that."""
    assert {} == planned(jobs.checks(target(resource("AWS::DynamoDB::Table"))))
