"""The daily work: all of it, once, and never green when it was not done."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from khaya_api.errors import PartOut
from khaya_api.rows import Change, Row, timestamp
from khaya_api.store import Store
from khaya_api.tasks import MARGIN_SECONDS, PAGE, OutOfTime, TaskFailed, build
from tests.api.conftest import NOW, Stage
from tests.api.events import job

AGE = timedelta(days=30)
SECOND = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Context:
    """Lambda's context, as far as the daily work asks it."""

    seconds: Callable[[], float]

    def get_remaining_time_in_millis(self) -> int:
        """What is left."""
        return int(self.seconds() * 1000)


class Broken(Store):
    """A store that fails to expire some jobs; `fails` says with what."""

    def __init__(self, inner: Store, fails: Callable[[str], Exception | None]) -> None:
        self._inner, self._fails = inner, fails

    def __getattribute__(self, name: str) -> Any:  # noqa: ANN401 - whatever the store has
        if name in {"_inner", "_fails", "write"}:
            return object.__getattribute__(self, name)
        return getattr(self._inner, name)

    def write(self, changes: Sequence[Change]) -> dict[int, Row]:
        """Fail where a job is to expire, or do it."""
        error = self._fails(changes[0].key["id"]) if "status" in changes[0].sets else None
        if error:
            raise error
        return self._inner.write(changes)


def test_an_old_open_job_expires(stage: Stage) -> None:
    """C24: the row changes, and the counts say so."""
    _put(stage, "old", age=AGE + SECOND)

    tally = _run(stage)

    assert {"scanned": 1, "expired": 1, "skipped": 0, "failed": 0} == tally
    assert {"old": ("expired", timestamp(NOW))} == _states(stage)
    assert {"JobsScanned": 1, "JobsExpired": 1, "JobsSkipped": 0, "JobsFailed": 0, "DailyTasksSucceeded": 1} == (
        stage.counted[-1]
    )


@pytest.mark.parametrize(
    ("age", "status"),
    (
        pytest.param(AGE - SECOND, "open", id="not yet 30 days"),
        pytest.param(AGE, "open", id="30 days exactly"),
        pytest.param(AGE + SECOND, "expired", id="a moment more"),
    ),
)
def test_thirty_days_on_both_sides_of_the_line(stage: Stage, age: timedelta, status: str) -> None:
    """Older than 30 days, and not 30 days old."""
    _put(stage, "job", age=age)

    _run(stage)

    assert status == _states(stage)["job"][0]


@pytest.mark.parametrize("status", ("in_progress", "completed", "cancelled", "expired"))
def test_only_open_jobs_expire(stage: Stage, status: str) -> None:
    """Whatever is no longer open stays as it is."""
    _put(stage, "job", age=AGE * 2, status=status)

    assert 0 == _run(stage)["scanned"]
    assert status == _states(stage)["job"][0]


def test_a_second_run_changes_nothing(stage: Stage) -> None:
    """The schedule delivers at least once."""
    _put(stage, "old", age=AGE * 2)
    _run(stage)
    before = _states(stage)
    stage.at(NOW + timedelta(minutes=5))

    assert {"scanned": 0, "expired": 0, "skipped": 0, "failed": 0} == _run(stage)
    assert before == _states(stage)


def test_all_pages_are_done(stage: Stage) -> None:
    """C13: not one page, however many there are."""
    for number in range(PAGE * 2 + 1):
        _put(stage, f"j{number:04}", age=AGE * 2, later=number)

    assert PAGE * 2 + 1 == _run(stage)["expired"]
    assert {"expired"} == {status for status, _ in _states(stage).values()}


def test_a_job_that_was_taken_meanwhile_is_left_alone(stage: Stage) -> None:
    """Between looking and writing somebody accepts a bid: the condition holds the write back."""
    _put(stage, "taken", age=AGE * 2)

    def take(job_id: str) -> None:
        _put(stage, job_id, age=AGE * 2, status="in_progress")

    stage.kit = _with_store(stage, take)

    assert {"scanned": 1, "expired": 0, "skipped": 1, "failed": 0} == _run(stage)
    assert "in_progress" == _states(stage)["taken"][0]


def test_a_job_that_went_away_meanwhile_does_not_come_back(stage: Stage) -> None:
    """An update of nothing would make a row of nothing but a status."""
    _put(stage, "gone", age=AGE * 2)
    name = stage.kit.settings.tables["jobs"]

    def remove(job_id: str) -> None:
        key = {"id": {"S": job_id}, "createdAt": {"S": timestamp(NOW - AGE * 2)}}
        stage.kit.connect("dynamodb").delete_item(TableName=name, Key=key)

    stage.kit = _with_store(stage, remove)

    assert 1 == _run(stage)["skipped"]
    assert {} == _states(stage)


def test_one_failure_does_not_stop_the_others_and_is_not_green(stage: Stage) -> None:
    """C25: the rest is done, then it raises; the next run does what was left."""
    for number in range(3):
        _put(stage, f"j{number}", age=AGE * 2, later=number)
    stage.kit = _with_store(stage, lambda job_id: PartOut("jobs", "busy") if job_id == "j1" else None)

    with pytest.raises(TaskFailed, match="1 jobs"):
        _run(stage)

    assert ["expired", "open", "expired"] == [status for status, _ in _states(stage).values()]
    assert {"JobsScanned": 3, "JobsExpired": 2, "JobsSkipped": 0, "JobsFailed": 1} == stage.counted[-1]

    stage.with_environ()
    assert {"scanned": 1, "expired": 1, "skipped": 0, "failed": 0} == _run(stage)


@pytest.mark.parametrize("reason", ("not configured", "missing", "refused"))
def test_what_cannot_get_better_stops_at_once(stage: Stage, reason: str) -> None:
    """C25: without permission a thousand tries are as good as one."""
    for number in range(3):
        _put(stage, f"j{number}", age=AGE * 2, later=number)
    stage.kit = _with_store(stage, lambda _job_id: PartOut("jobs", reason))

    with pytest.raises(PartOut):
        _run(stage)

    assert 1 == stage.counted[-1]["JobsScanned"]
    assert "DailyTasksSucceeded" not in stage.counted[-1]


def test_a_missing_table_is_not_green(stage: Stage) -> None:
    """A38, C25: no rows is not the same as no table."""
    stage.delete_table("jobs")

    with pytest.raises(PartOut, match="jobs: missing"):
        _run(stage)

    assert "DailyTasksSucceeded" not in stage.counted[-1]


def test_out_of_time_raises_and_the_next_run_goes_on(stage: Stage) -> None:
    """Lambda's own retry finishes what a time-out cut off, and counts only what it did itself."""
    for number in range(5):
        _put(stage, f"j{number}", age=AGE * 2, later=number)

    with pytest.raises(OutOfTime, match="2 jobs"):
        _run(stage, seconds=_time_for(2))
    assert ["expired"] * 2 + ["open"] * 3 == [status for status, _ in _states(stage).values()]
    assert "DailyTasksSucceeded" not in stage.counted[-1]

    assert 3 == _run(stage)["expired"]


def test_a_resumed_run_does_not_look_again_at_what_failed(stage: Stage) -> None:
    """But remembers that something did: finished is not the same as all done."""
    for number in range(3):
        _put(stage, f"j{number}", age=AGE * 2, later=number)
    stage.kit = _with_store(stage, lambda job_id: PartOut("jobs", "busy") if job_id == "j0" else None)
    with pytest.raises(OutOfTime):
        _run(stage, seconds=_time_for(1))

    with pytest.raises(TaskFailed, match="1 jobs"):
        _run(stage)

    assert 2 == stage.counted[-1]["JobsScanned"]
    stage.with_environ()
    assert 1 == _run(stage)["expired"]


@pytest.mark.parametrize(
    ("later", "scanned"),
    (
        pytest.param(timedelta(hours=20), 2, id="the same day's"),
        pytest.param(timedelta(hours=20) + SECOND, 3, id="another day's"),
        pytest.param(-SECOND, 3, id="from the future"),
    ),
)
def test_a_checkpoint_is_for_its_own_day(stage: Stage, later: timedelta, scanned: int) -> None:
    """Going on from yesterday's place would pass over what failed there."""
    for number in range(3):
        _put(stage, f"j{number}", age=AGE * 3, later=number)
    stage.kit = _with_store(stage, lambda job_id: PartOut("jobs", "busy") if job_id == "j0" else None)
    with pytest.raises(OutOfTime):
        _run(stage, seconds=_time_for(1))
    stage.with_environ()
    stage.at(NOW + later)

    if scanned == 3:
        _run(stage)
    else:
        with pytest.raises(TaskFailed):
            _run(stage)

    assert scanned == stage.counted[-1]["JobsScanned"]


def test_a_checkpoint_is_no_job_and_forgets_itself(stage: Stage) -> None:
    """It shares the table, is in no index, and carries the time at which DynamoDB removes it."""
    _put(stage, "old", age=AGE * 2)
    _run(stage)

    kept = [row for row in stage.rows("jobs") if "#" in row["id"]]

    assert ["checkpoint#expire-jobs"] == [row["id"] for row in kept]
    assert int(kept[0]["expiresAt"]) > NOW.timestamp()
    assert not {"status", "buyerId"} & set(kept[0])


def test_the_daily_log_names_no_person(stage: Stage) -> None:
    """Ids and reasons; titles, places and texts are not its business."""
    _put(stage, "j0", age=AGE * 2)
    stage.kit = _with_store(stage, lambda _job_id: PartOut("jobs", "busy", "ThrottlingException"))

    with pytest.raises(TaskFailed):
        _run(stage)

    assert "ThrottlingException" in stage.log.getvalue()
    assert "Observatory" not in stage.log.getvalue()


def test_any_other_error_is_not_green(stage: Stage) -> None:
    """What nobody thought of raises as well."""
    _put(stage, "j0", age=AGE * 2)
    error = ClientError({"Error": {"Code": "X", "Message": ""}}, "UpdateItem")
    stage.kit = _with_store(stage, lambda _job_id: error)

    with pytest.raises(ClientError):
        _run(stage)


def test_metrics_are_one_line_that_cloudwatch_reads(capsys: pytest.CaptureFixture[str]) -> None:
    """Embedded metric format: namespace, dimension and values, without a call to anybody."""
    import json

    from khaya_api.kit import kit_from

    kit_from({**os.environ, "AWS_REGION": "af-south-1"}, service="khaya-tasks").count({"JobsExpired": 3})
    line = json.loads(capsys.readouterr().out)

    assert "Khaya" == line["_aws"]["CloudWatchMetrics"][0]["Namespace"]
    assert [["service"]] == line["_aws"]["CloudWatchMetrics"][0]["Dimensions"]
    assert ("khaya-tasks", [3.0]) == (line["service"], line["JobsExpired"])


def _put(stage: Stage, job_id: str, *, age: timedelta, status: str = "open", later: int = 0) -> None:
    moment = timestamp(NOW - age + timedelta(seconds=later))
    stage.put(
        "jobs", **{**job(), "id": job_id, "buyerId": "b", "status": status, "createdAt": moment, "updatedAt": moment}
    )


def _states(stage: Stage) -> dict[str, tuple[str, str]]:
    return {row["id"]: (row["status"], row["updatedAt"]) for row in stage.rows("jobs") if "#" not in row["id"]}


def _run(stage: Stage, *, seconds: Callable[[], float] = lambda: 300.0) -> dict[str, int]:
    return build(stage.kit)({}, Context(seconds))


def _time_for(jobs: int) -> Callable[[], float]:
    """Enough time for so many jobs: it is asked once before each."""
    asked = iter([MARGIN_SECONDS] * jobs)
    return lambda: next(asked, MARGIN_SECONDS - 1)


def _with_store(stage: Stage, fails: Callable[[str], Exception | None]) -> Any:  # noqa: ANN401 - a kit
    from dataclasses import replace

    return replace(stage.kit, store=Broken(stage.kit.store, fails))
