"""Health says what is, and says which part it is that is not."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from khaya_api.health import deep_health
from khaya_api.settings import TABLES, table_variable
from tests.api.conftest import BUCKET, ENVIRON, REGION, Stage
from tests.api.events import BUYER, Client


def test_health_names_the_release_and_the_region(client: Client) -> None:
    """A08, C18: who reads it learns which build answers, and where."""
    answer = client.get("/health")

    assert 200 == answer.status
    assert {
        "status": "ok",
        "service": "khaya-api",
        "version": ENVIRON["VERSION"],
        "git_sha": ENVIRON["GIT_SHA"],
        "region": REGION,
        "stage": "test",
    } == answer.json
    assert "no-store" == answer.headers["Cache-Control"]


def test_health_is_the_same_behind_the_cdn_and_at_the_stage(client: Client) -> None:
    """A02: `/api` before the path changes nothing."""
    assert client.get("/health") == client.get("/api/health")


def test_health_asks_nobody(stage: Stage) -> None:
    """What costs nothing can be asked by anybody, as often as they like; also when everything else is down."""

    def nobody(service: str) -> Any:  # noqa: ANN401 - stands for a boto3 client
        raise AssertionError(f"health asked {service}")

    stage.connected_by(nobody)

    assert 200 == stage.client.get("/health").status


def test_health_ignores_what_a_probe_adds_against_caches(client: Client) -> None:
    """A random parameter is no reason to call the API unwell."""
    assert 200 == client.get("/health", query={"run": "8c1f"}).status
    assert 200 == client.get("/health/deep", query={"run": "8c1f"}).status


def test_the_root_says_where_health_is(client: Client) -> None:
    """A10: the bare address is answered by code."""
    answer = client.get("/")

    assert (200, {"service": "khaya-api", "version": "1.2.3", "health": "health"}) == (answer.status, answer.json)


def test_deep_health_touches_every_part(client: Client) -> None:
    """E49: nine tables, the bucket, the signing key, the origins; and apart from them what is borrowed."""
    answer = client.get("/health/deep")

    assert 200 == answer.status
    assert "ok" == answer.json["status"]
    assert {*TABLES, "storage", "signing", "origins"} == set(answer.json["own"])
    assert {"sign-in"} == set(answer.json["borrowed"])
    parts = {**answer.json["own"], **answer.json["borrowed"]}
    assert {"ok"} == {part["status"] for part in parts.values()}


@pytest.mark.parametrize("noun", TABLES)
def test_a_missing_variable_is_named_by_its_table(stage: Stage, noun: str) -> None:
    """C29, E29: no default stands in for a variable that was lost."""
    stage.with_environ(**{table_variable(noun): None})

    answer = stage.client.get("/health/deep")

    assert (503, "out") == (answer.status, answer.json["status"])
    assert {noun: "not configured"} == _out(answer.json)


@pytest.mark.parametrize("noun", TABLES)
def test_a_deleted_table_is_named(stage: Stage, noun: str) -> None:
    """One is gone, eight are there, and the answer says which is which."""
    stage.delete_table(noun)

    answer = stage.client.get("/health/deep")

    assert 503 == answer.status
    assert {noun: "missing"} == _out(answer.json)


@pytest.mark.parametrize(
    ("changes", "part"),
    (
        pytest.param({"STORAGE_BUCKET": None}, "storage", id="no bucket"),
        pytest.param({"SIGNING_KEY": None}, "signing", id="no key"),
        pytest.param({"SIGNING_KEY": "DEPLOYED_TO_AWS"}, "signing", id="placeholder for a key"),
        pytest.param({"ALLOWED_ORIGINS": None}, "origins", id="no origins"),
        pytest.param({"ALLOWED_ORIGINS": "*"}, "origins", id="every origin"),
        pytest.param({"USER_POOL_ID": None}, "sign-in", id="no pool"),
        pytest.param({"USER_POOL_CLIENT_ID": None}, "sign-in", id="no client"),
    ),
)
def test_what_is_not_configured_is_ours_to_repair(stage: Stage, changes: dict[str, str | None], part: str) -> None:
    """503, also where the service behind it is borrowed: rolling back does help."""
    stage.with_environ(**changes)

    answer = stage.client.get("/health/deep")

    assert (503, {part: "not configured"}) == (answer.status, _out(answer.json))


def test_a_deleted_bucket_is_named(stage: Stage) -> None:
    """The bucket is one of ours."""
    stage.kit.connect("s3").delete_bucket(Bucket=BUCKET)

    assert {"storage": "missing"} == _out(stage.client.get("/health/deep").json)


@pytest.mark.parametrize(
    ("error", "status", "word", "reason"),
    (
        pytest.param(EndpointConnectionError(endpoint_url="https://x"), 200, "degraded", "no answer", id="away"),
        pytest.param("TooManyRequestsException", 200, "degraded", "busy", id="busy"),
        pytest.param("InternalErrorException", 200, "degraded", "error", id="broken"),
        pytest.param("ResourceNotFoundException", 503, "out", "missing", id="we deleted it"),
        pytest.param("AccessDeniedException", 503, "out", "refused", id="we lack a permission"),
        pytest.param(RuntimeError("b@example.org"), 200, "degraded", "error", id="nobody knows"),
    ),
)
def test_a_borrowed_part_s_bad_day_is_told_from_our_own(
    stage: Stage, error: Exception | str, status: int, word: str, reason: str
) -> None:
    """Pitfall 55: somebody else's outage is reported and does not fail the gate."""
    stage.user_pools.error = _client_error(error) if isinstance(error, str) else error

    answer = stage.client.get("/health/deep")

    assert (status, word) == (answer.status, answer.json["status"])
    assert {"sign-in": reason} == _out(answer.json)


def test_deep_health_says_nothing_but_the_names_of_parts(stage: Stage) -> None:
    """No table's real name, no bucket, no account, no AWS error leaves the house."""
    stage.delete_table("jobs")
    stage.kit.connect("s3").delete_bucket(Bucket=BUCKET)

    text = stage.client.get("/health/deep").text

    for secret in ("Khaya-", BUCKET, "af-south-1_pool", "Exception", "404", "123456789012"):
        assert secret not in text


def test_a_part_that_hangs_is_out_at_the_deadline(stage: Stage) -> None:
    """Deep health does not hang with it, and the others are seen."""
    release = threading.Event()
    connect = stage.kit.connect
    stage.connected_by(lambda service: _Hanging(release) if service == "s3" else connect(service))

    began = time.monotonic()
    report = deep_health(stage.kit, deadline=0.5)
    took = time.monotonic() - began
    release.set()

    assert ("out", "no answer") == (report.own["storage"].status, report.own["storage"].reason)
    assert "ok" == report.own["stories"].status
    assert took < 5


def test_parts_are_looked_at_at_once(stage: Stage) -> None:
    """Twelve that wait for each other all arrive: none was kept waiting by another."""
    together = threading.Barrier(len(TABLES), timeout=5)
    stage.kit = replace(stage.kit, store=_Together(together))  # type: ignore[arg-type] # touch is all that is asked

    assert "ok" == deep_health(stage.kit).status


def test_deep_health_without_a_region_is_an_answer(stage: Stage) -> None:
    """Even a client that cannot be made is only one more part that is out."""

    def none(service: str) -> Any:  # noqa: ANN401 - stands for a boto3 client
        raise EndpointConnectionError(endpoint_url=service)

    stage.connected_by(none)
    answer = stage.client.get("/health/deep")

    assert 503 == answer.status
    assert {*TABLES, "storage", "sign-in"} == set(_out(answer.json))


def test_other_routes_say_only_that_something_went_wrong(stage: Stage) -> None:
    """E29 seen from outside: a lost variable is INTERNAL_ERROR, in the contract's form and without a name in it."""
    stage.with_environ(JOBS_TABLE=None)

    answers = [
        stage.client.get("/jobs"),
        stage.client.get("/jobs/unknown"),
        stage.client.post("/jobs", _JOB, claims=BUYER),
    ]

    assert [(500, "INTERNAL_ERROR")] * 3 == [(answer.status, answer.code) for answer in answers]
    assert all("JOBS" not in answer.text and "configured" not in answer.text for answer in answers)


_JOB = {"title": "Five!", "description": "d" * 20, "category": "c", "budget": 1, "location": "l"}


class _Hanging:
    def __init__(self, release: threading.Event) -> None:
        self._release = release

    def head_bucket(self, **_named: str) -> None:
        self._release.wait(10)


class _Together:
    def __init__(self, barrier: threading.Barrier) -> None:
        self._barrier = barrier

    def touch(self, _noun: str) -> None:
        self._barrier.wait()


def _client_error(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "secret"}}, "DescribeUserPoolClient")


def _out(report: Any) -> dict[str, str]:  # noqa: ANN401 - JSON
    parts = {**report["own"], **report["borrowed"]}
    return {name: part["reason"] for name, part in parts.items() if part["status"] == "out"}
