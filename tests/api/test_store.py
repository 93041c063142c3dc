"""What DynamoDB does on its bad days, in our words; and what never reaches a row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, ReadTimeoutError

from khaya_api.errors import PartOut
from khaya_api.rows import Slice
from khaya_api.tasks import expire_job
from tests.api.conftest import Stage
from tests.api.events import BUYER, job


@dataclass(slots=True)
class Failing:
    """A client one of whose calls fails for some times, before or after it did its work."""

    client: Any
    call: str
    error: Exception
    times: int = 1
    after: bool = False

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self.client, name)
        return self._failing(method) if name == self.call else method

    def _failing(self, method: Callable[..., Any]) -> Callable[..., Any]:
        def call(**named: object) -> Any:  # noqa: ANN401 - whatever it answers
            failing, self.times = self.times > 0, self.times - 1
            if failing and not self.after:
                raise self.error
            answer = method(**named)
            if failing:
                raise self.error
            return answer

        return call


@dataclass(frozen=True, slots=True)
class Real:
    """A client that notes its queries, and stops at their limit as DynamoDB does."""

    client: Any
    asked: list[dict[str, Any]]

    def query(self, **question: Any) -> dict[str, Any]:  # noqa: ANN401 - as boto3's
        """The local double's answer, with the key that DynamoDB would name."""
        self.asked.append(question)
        answer: dict[str, Any] = self.client.query(**question)
        if len(answer["Items"]) == question["Limit"]:
            last = answer["Items"][-1]
            answer["LastEvaluatedKey"] = {name: last[name] for name in ("id", "createdAt", "status")}
        return answer


@pytest.mark.parametrize(
    ("code", "status"),
    (
        ("ThrottlingException", 503),
        ("ProvisionedThroughputExceededException", 503),
        ("RequestLimitExceeded", 503),
        ("InternalServerError", 503),
        ("AccessDeniedException", 500),
        ("ResourceNotFoundException", 500),
        ("ValidationException", 500),
        ("NobodyKnowsThisException", 500),
    ),
)
def test_a_bad_day_is_an_answer(stage: Stage, code: str, status: int) -> None:
    """503 with Retry-After where another try may do, 500 else; never a word of AWS's."""
    _failing(stage, "query", _error(code), times=99)

    answer = stage.client.get("/jobs")

    assert (status, "INTERNAL_ERROR") == (answer.status, answer.code)
    assert (status == 503) == ("Retry-After" in answer.headers)
    assert code not in answer.text
    assert "arn:secret" not in answer.text
    assert code in stage.log.getvalue()
    assert "arn:secret" not in stage.log.getvalue()


@pytest.mark.parametrize("error", (ConnectTimeoutError(endpoint_url="x"), ReadTimeoutError(endpoint_url="x")))
def test_silence_is_a_503(stage: Stage, error: Exception) -> None:
    """Nobody answered: that may be different in a moment."""
    _failing(stage, "query", error)

    assert 503 == stage.client.get("/jobs/some-id").status


def test_a_job_just_posted_is_asked_for_as_it_is_now(stage: Stage) -> None:
    """C03: an eventually consistent read may not have heard of it yet."""
    asked = _watched(stage)

    stage.client.get("/jobs/some-id")

    assert [True] == [question.get("ConsistentRead") for question in asked]


@pytest.mark.parametrize(("limit", "pages"), ((1, 4), (2, 2), (3, 2), (4, 1), (5, 1)))
def test_the_last_page_is_not_empty(stage: Stage, limit: int, pages: int) -> None:
    """DynamoDB names a key to go on after whenever it stopped at the limit, also where nothing follows."""
    for number in range(4):
        moment = f"2026-11-0{number + 1}T00:00:00.000Z"
        stage.put("jobs", **job(), id=f"j{number}", buyerId="b", status="open", createdAt=moment, updatedAt=moment)
    _watched(stage)
    seen: list[list[str]] = []
    query: dict[str, str | list[str]] = {"limit": str(limit)}
    while cursor := _page(stage, query, seen):
        query["cursor"] = cursor

    assert pages == len(seen)
    assert ["j3", "j2", "j1", "j0"] == [job_id for page in seen for job_id in page]


def test_a_write_whose_answer_was_lost_is_repeated_by_its_key(stage: Stage) -> None:
    """The client hears 503, asks again with the same key, and gets the one job that there is."""
    headers = {"Idempotency-Key": "k"}
    _failing(stage, "transact_write_items", ReadTimeoutError(endpoint_url="x"), after=True)

    first = stage.client.post("/jobs", job(), claims=BUYER, headers=headers)
    again = stage.client.post("/jobs", job(), claims=BUYER, headers=headers)

    assert (503, 201) == (first.status, again.status)
    assert [again.json["id"]] == [row["id"] for row in stage.rows("jobs")]


@pytest.mark.parametrize("call", ("transact_write_items", "query"))
def test_a_refused_write_is_our_error(stage: Stage, call: str) -> None:
    """A39: a permission short is neither the caller's fault nor a success."""
    headers = {"Idempotency-Key": "k"}
    if call == "query":
        stage.client.post("/jobs", job(), claims=BUYER, headers=headers)
    _failing(stage, call, _error("AccessDeniedException"))

    answer = stage.client.post("/jobs", job(), claims=BUYER, headers=headers)

    assert (500, "INTERNAL_ERROR") == (answer.status, answer.code)


def test_a_refused_expiry_is_our_error(stage: Stage) -> None:
    """Only the condition that the job is open says that there is nothing to do."""
    _failing(stage, "update_item", _error("AccessDeniedException"))

    with pytest.raises(PartOut, match="jobs: refused"):
        expire_job(stage.kit, {"id": "j", "createdAt": "c"})


@pytest.mark.parametrize(("times", "status"), ((1, 201), (7, 201), (8, 503)))
def test_twins_that_meet_in_one_write_take_turns(stage: Stage, times: int, status: int) -> None:
    """A conflict is tried again, and given up before the caller is."""
    _failing(stage, "transact_write_items", _cancelled("TransactionConflict", "None"), times=times)

    answer = stage.client.post("/jobs", job(), claims=BUYER, headers={"Idempotency-Key": "k"})

    assert status == answer.status


def test_a_transaction_that_failed_for_another_reason_is_not_a_repeat(stage: Stage) -> None:
    """Only the claim's own condition says that somebody was first."""
    _failing(stage, "transact_write_items", _cancelled("None", "None", "ValidationError"))

    assert 500 == stage.client.post("/jobs", job(), claims=BUYER, headers={"Idempotency-Key": "k"}).status


def test_an_absent_field_is_absent(stage: Stage) -> None:
    """C05: null in a row would break the index that the attribute belongs to."""
    stage.client.post("/jobs", job(), claims=BUYER)

    assert {*job(), "id", "status", "buyerId", "bidCount", "createdAt", "updatedAt"} == set(stage.rows("jobs")[0])


@pytest.mark.parametrize("noun", ("jobs",))
def test_a_noun_without_a_table_is_named(stage: Stage, noun: str) -> None:
    """C29: no default name is ever used."""
    stage.with_environ(JOBS_TABLE=None)

    with pytest.raises(PartOut, match=f"{noun}: not configured"):
        stage.kit.store.page(Slice(noun="jobs", index="StatusIndex", of="open"), limit=1)


def test_an_old_row_can_still_be_read(stage: Stage) -> None:
    """Rules that came later do not make earlier jobs unreadable."""
    row = {**job(title="Tap", description="drips"), "id": "j", "buyerId": "b", "status": "open"}
    stage.put("jobs", **row, createdAt="2025-11-22T12:00:00.123Z", updatedAt="2025-11-22T12:00:00.123Z")

    assert "drips" == stage.client.get("/jobs/j").json["description"]


def _failing(stage: Stage, call: str, error: Exception, *, times: int = 1, after: bool = False) -> None:
    connect = stage.kit.connect
    failing = Failing(connect("dynamodb"), call, error, times, after)
    stage.connected_by(lambda service: failing if service == "dynamodb" else connect(service))


def _page(stage: Stage, query: dict[str, str | list[str]], seen: list[list[str]]) -> str | None:
    page = stage.client.get("/jobs", query=query).json
    seen.append([item["id"] for item in page["items"]])
    cursor: str | None = page["nextCursor"]
    return cursor


def _watched(stage: Stage) -> list[dict[str, Any]]:
    connect = stage.kit.connect
    asked: list[dict[str, Any]] = []
    stage.connected_by(lambda service: Real(connect(service), asked) if service == "dynamodb" else connect(service))
    return asked


def _error(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "arn:secret"}}, "Query")


def _cancelled(*reasons: str) -> ClientError:
    error: Any = {
        "Error": {"Code": "TransactionCanceledException", "Message": "cancelled"},
        "CancellationReasons": [{"Code": reason} for reason in reasons],
    }
    return ClientError(error, "TransactWriteItems")
