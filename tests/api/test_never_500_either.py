"""Every operation with a body, given bodies near good ones; every operation, given anything for ids and parameters."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from khaya_api.access import OPERATIONS, PAGING, Operation
from tests.api.conftest import Stage
from tests.api.events import (
    ADMIN,
    BID,
    BUYER,
    LISTING,
    PROFILE,
    SELLER,
    STORY,
    WORKER,
    claims,
    event,
    job,
)
from tests.api.scenes import completed_job, open_job
from tests.api.test_never_500 import is_contract, json_values, many, texts

some = settings(many, max_examples=40)
few = settings(many, max_examples=10)
EVERYBODY = claims("everybody", "buyer", "worker", "seller", "admin")
WITH_BODY: tuple[tuple[str, str, dict[str, object], dict[str, Any]], ...] = (
    ("POST", "/jobs/<job>/bids", WORKER, BID),
    ("PATCH", "/jobs/<job>", BUYER, job(startDate="2026-12-01")),
    ("PUT", f"/profiles/{WORKER['sub']}", WORKER, PROFILE),
    ("POST", "/listings", SELLER, LISTING),
    ("PATCH", "/listings/<listing>", SELLER, {**LISTING, "available": False}),
    ("POST", "/reviews", BUYER, {"jobId": "<done>", "rating": 5, "comment": "Good."}),
    ("POST", "/stories", BUYER, STORY),
    ("POST", "/uploads", BUYER, {"purpose": "proofs", "contentType": "image/png", "size": 5}),
)


@pytest.mark.parametrize(("method", "path", "who", "good"), WITH_BODY, ids=[" ".join(row[:2]) for row in WITH_BODY])
@some
@given(data=st.data())
def test_a_body_near_a_good_one(
    stage: Stage, *, method: str, path: str, who: dict[str, object], good: dict[str, Any], data: st.DataObject
) -> None:
    """Whatever stands in whichever field: an answer of the contract that names the field, or a success."""
    real = _ids(stage)
    changes = data.draw(
        st.dictionaries(st.sampled_from([*good, "id", "surprise"]), json_values, min_size=1, max_size=2)
    )
    body = {name: real.get(value, value) if isinstance(value, str) else value for name, value in good.items()} | changes
    for name, made in real.items():
        path = path.replace(name, made)

    answer = stage.client.change(method, path, body, claims=who)

    assert answer.status in {200, 201, 400, 403, 404, 409}
    assert answer.status != 400 or answer.fields
    is_contract(answer)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: f"{operation.method} {operation.path}")
@few
@given(data=st.data())
def test_any_id_and_any_parameter(stage: Stage, operation: Operation, data: st.DataObject) -> None:
    """Of whoever may do everything."""
    path = operation.path
    while "<" in path:
        start, end = path.index("<"), path.index(">")
        path = path[:start] + data.draw(st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True)) + path[end + 1 :]
    known = sorted((operation.parameters or frozenset()) | PAGING)
    query = data.draw(st.dictionaries(st.sampled_from(known), texts, max_size=2))

    answer = stage.client.send(
        event(
            operation.method,
            path,
            query=query,
            claims=EVERYBODY,
            body=data.draw(st.sampled_from(["{}", "[]", "", "{"])),
            headers={"Content-Type": "application/json", "Idempotency-Key": data.draw(texts)},
        )
    )

    is_contract(answer)


def _ids(stage: Stage) -> dict[str, str]:
    """Real ids, made once for each test: jobs are few, and tried with many bodies."""
    if not stage.rows("listings"):
        stage.client.post("/listings", LISTING, claims=SELLER)
        open_job(stage.client)
        completed_job(stage.client)
        stage.client.act("/stories/none/approve", claims=ADMIN)
    jobs = {row["status"]: str(row["id"]) for row in stage.rows("jobs")}
    listing = next(str(row["id"]) for row in stage.rows("listings") if "title" in row)
    return {"<job>": jobs["open"], "<done>": jobs["completed"], "<listing>": listing}
