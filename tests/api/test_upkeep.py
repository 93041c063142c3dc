"""Trust scores that went wrong are put right; the streams are read to the last record."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from khaya_api import audit, upkeep
from khaya_api.errors import PartOut
from khaya_api.tasks import OutOfTime
from khaya_api.trust import trust_score
from tests.api.conftest import NOW, TRAIL, Stage
from tests.api.events import BUYER, WORKER
from tests.api.grants import called, granted
from tests.api.scenes import completed_job, job_in_progress, worker
from tests.api.walks import watch


@pytest.mark.parametrize(
    ("verified", "jobs", "stars", "count", "score"),
    (
        pytest.param(False, 0, 0, 0, 0, id="nothing"),
        pytest.param(True, 0, 0, 0, 20, id="verified"),
        pytest.param(False, 1, 0, 0, 1, id="one job"),
        pytest.param(False, 49, 0, 0, 29, id="not all jobs yet"),
        pytest.param(False, 50, 0, 0, 30, id="all that jobs give"),
        pytest.param(False, 5000, 0, 0, 30, id="and no more"),
        pytest.param(False, 0, 5, 1, 25, id="five stars"),
        pytest.param(False, 0, 9, 2, 23, id="half a point is given"),
        pytest.param(False, 0, 1, 1, 5, id="one star"),
        pytest.param(True, 50, 50, 10, 75, id="the most"),
    ),
)
def test_the_score(verified: bool, jobs: int, stars: int, count: int, score: int) -> None:  # noqa: FBT001
    """C31: verified, completed jobs and ratings, each for what it is."""
    seen = trust_score(verified=verified, completed_jobs=jobs, rating_sum=stars, rating_count=count)

    assert score == seen


def test_a_wrong_score_is_put_right(stage: Stage) -> None:
    """From the reviews there are, also those that the profile has not counted; and a second run finds nothing."""
    job_id = completed_job(stage.client)
    stage.client.post("/reviews", {"jobId": job_id, "rating": 4}, claims=BUYER)
    row = _profile(stage)
    right = row["trustScore"], row["ratingSum"], row["ratingCount"]
    stage.put("profiles", **{**row, "trustScore": 99, "ratingSum": 0, "ratingCount": 0})

    assert {"scanned": 2, "corrected": 1, "failed": 0} == upkeep.build(stage.kit)({}, None)

    row = _profile(stage)
    assert right == (row["trustScore"], row["ratingSum"], row["ratingCount"])
    assert {"scanned": 2, "corrected": 0, "failed": 0} == upkeep.build(stage.kit)({}, None)
    assert 1 == stage.counted[-1]["UpkeepSucceeded"]


def test_an_index_that_lags_takes_no_review_away(stage: Stage) -> None:
    """The profile knows of a review that the index does not show yet."""
    job_id = completed_job(stage.client)
    stage.client.post("/reviews", {"jobId": job_id, "rating": 4}, claims=BUYER)
    row = _profile(stage)
    stage.put("profiles", **{**row, "ratingSum": 9, "ratingCount": 2, "trustScore": 23})

    upkeep.build(stage.kit)({}, None)

    assert (9, 2) == (_profile(stage)["ratingSum"], _profile(stage)["ratingCount"])


def test_out_of_time_goes_on_where_it_stopped(stage: Stage) -> None:
    """C25: it raises, and the next run does the rest; another day's begins anew."""
    for number in range(3):
        completed_job(stage.client, BUYER, worker(number))
    left = iter([300.0, 300.0])

    with pytest.raises(OutOfTime):
        upkeep.build(stage.kit)({}, _Context(left))
    assert "UpkeepSucceeded" not in stage.counted[-1]
    assert 2 == upkeep.build(stage.kit)({}, None)["scanned"]

    left = iter([300.0])
    with pytest.raises(OutOfTime):
        upkeep.build(stage.kit)({}, _Context(left))
    stage.at(NOW + timedelta(hours=20))
    assert 4 == upkeep.build(stage.kit)({}, None)["scanned"]


def test_a_missing_table_is_not_green(stage: Stage) -> None:
    """C25, A38."""
    completed_job(stage.client)
    stage.delete_table("reviews")

    with pytest.raises(PartOut, match="reviews: missing"):
        upkeep.build(stage.kit)({}, None)


def test_the_trust_function_calls_what_its_table_grants(stage: Stage) -> None:
    """A38, A39."""
    completed_job(stage.client)
    stage.put("profiles", **{**_profile(stage), "trustScore": 99})
    seen = watch(stage)

    upkeep.build(stage.kit)({}, None)

    assert granted("trust function") == called(seen)


def test_every_change_is_a_line_without_values(stage: Stage) -> None:
    """A33: what, when, and which attributes; nobody's words, no bookkeeping."""
    event = {
        "Records": [
            _record("INSERT", after={"id": "j", "title": "Call +27821234567"}),
            _record("MODIFY", before={"id": "j", "budget": "1"}, after={"id": "j", "budget": "2"}),
            _record("INSERT", key="phone#+27821234567", after={"userId": "u"}),
        ]
    }

    assert {"batchItemFailures": []} == audit.build(stage.kit)(event, None)

    lines = [line for line in stage.lines if line["message"] == "audit"]
    assert [("jobs", "added", ["id", "title"]), ("jobs", "changed", ["budget"])] == [
        (line["noun"], line["kind"], line["attributes"]) for line in lines
    ]
    assert "1234567" not in stage.log.getvalue()


def test_every_change_is_kept_in_the_trail(stage: Stage) -> None:
    """A33: one object for the batch, named after its first change, a line for each; nobody's words in it either."""
    stage.delete_objects(TRAIL)
    added = _record("INSERT", after={"id": "j", "title": "Call +27821234567"}, sequence="41")
    event = {"Records": [added, _record("REMOVE", before={"id": "j"}, sequence="42")]}

    audit.build(stage.kit)(event, None)

    ((key, body),) = stage.objects(TRAIL).items()
    assert "changes/jobs/2026/11/22/41-2.jsonl" == key
    assert [("added", ["id", "title"], "41"), ("removed", ["id"], "42")] == [
        (line["kind"], line["attributes"], line["sequence"]) for line in map(json.loads, body.splitlines())
    ]
    assert "1234567" not in body


def test_a_change_that_cannot_be_kept_comes_again(stage: Stage) -> None:
    """The stream goes on from the first of them; the trail has a change twice rather than never."""
    stage.with_environ(TRAIL_BUCKET="khaya-elsewhere")
    records = [_record("INSERT", after={"id": "j"}, sequence="1"), _record("INSERT", after={"id": "k"}, sequence="2")]

    assert {"batchItemFailures": [{"itemIdentifier": "1"}]} == audit.build(stage.kit)({"Records": records}, None)


def test_without_a_bucket_nothing_is_taken_for_kept(stage: Stage) -> None:
    """Silence would look like a table that nobody changes."""
    stage.with_environ(TRAIL_BUCKET=None)
    event = {"Records": [_record("INSERT", after={"id": "j"}, sequence="1")]}

    assert {"batchItemFailures": [{"itemIdentifier": "1"}]} == audit.build(stage.kit)(event, None)
    assert "TRAIL_BUCKET" in stage.log.getvalue()


def test_bookkeeping_leaves_no_trail(stage: Stage) -> None:
    """A batch of nothing else makes no object."""
    stage.delete_objects(TRAIL)

    audit.build(stage.kit)({"Records": [_record("INSERT", key="phone#+27821234567", after={"userId": "u"})]}, None)

    assert {} == stage.objects(TRAIL)


@pytest.mark.parametrize(("after", "state"), (("in_progress", "rejected"), ("open", "pending")))
def test_a_bid_that_was_left_waiting_is_rejected_late(stage: Stage, after: str, state: str) -> None:
    """A job that has moved on settles its bids, whoever was interrupted; an open one does not."""
    job_id = job_in_progress(stage.client)
    like = stage.rows("bids")[0]
    stage.put("bids", **{**like, "id": "late", "workerId": "late", "status": "pending"})
    record = _record("MODIFY", key=job_id, before={"status": "open"}, after={"status": after})

    audit.build(stage.kit)({"Records": [record, record]}, None)

    assert {"accepted", state} == {row["status"] for row in stage.rows("bids")}


def test_a_record_that_failed_is_where_the_stream_goes_on(stage: Stage) -> None:
    """What came before it is done; it and what comes after come again."""
    stage.delete_table("bids")
    records = [
        _record("INSERT", after={"id": "j"}, sequence="1"),
        _record("MODIFY", before={"status": "open"}, after={"status": "cancelled"}, sequence="2"),
        _record("INSERT", after={"id": "k"}, sequence="3"),
    ]

    answer = audit.build(stage.kit)({"Records": records}, None)

    assert {"batchItemFailures": [{"itemIdentifier": "2"}]} == answer


def test_the_audit_function_calls_what_its_table_grants(stage: Stage) -> None:
    """A39."""
    job_id = job_in_progress(stage.client)
    stage.put("bids", **{**stage.rows("bids")[0], "id": "late", "status": "pending"})
    seen = watch(stage)

    audit.build(stage.kit)(
        {"Records": [_record("MODIFY", key=job_id, before={"status": "open"}, after={"status": "x"})]}, None
    )

    assert granted("audit function") == called(seen)


def _profile(stage: Stage) -> dict[str, Any]:
    return next(row for row in stage.rows("profiles") if row["userId"] == WORKER["sub"])


def _record(
    kind: str,
    *,
    key: str = "j",
    before: dict[str, str] | None = None,
    after: dict[str, str] | None = None,
    sequence: str = "7",
) -> dict[str, Any]:
    return {
        "eventName": kind,
        "eventSourceARN": "arn:aws:dynamodb:af-south-1:000000000000:table/Khaya-jobs/stream/2026-11-22T12:00:00.000",
        "dynamodb": {
            "Keys": {"id": {"S": key}, "createdAt": {"S": "2026-11-22T12:00:00.123Z"}},
            "SequenceNumber": sequence,
            "ApproximateCreationDateTime": NOW.timestamp(),
            **({"OldImage": _image(before)} if before else {}),
            **({"NewImage": _image(after)} if after else {}),
        },
    }


def _image(row: dict[str, str]) -> dict[str, Any]:
    return {name: {"S": value} for name, value in row.items()}


@dataclass(frozen=True, slots=True)
class _Context:
    left: Iterator[float]

    def get_remaining_time_in_millis(self) -> int:
        return int(next(self.left, 0.0) * 1000)
