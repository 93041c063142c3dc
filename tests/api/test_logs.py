"""The log: enough to find out, nothing that is anybody's own."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping

import pytest
from aws_lambda_powertools import Logger

from khaya_api.kit import kit_from
from tests.api.conftest import ENVIRON, Stage
from tests.api.events import REQUEST_ID, claims, event, job

MARKERS = ("tok-4711", "marker@example.org", "+27820004711", "Marker Street 4711", "key-4711", "cursor-4711", "id-4711")


def test_no_token_no_body_no_person_in_the_log(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """C17: after requests full of markers, on good ways and bad, none of them is in the log."""
    monkeypatch.setenv("POWERTOOLS_LOGGER_LOG_EVENT", "true")
    me = claims("sub-of-marker", "buyer", email="marker@example.org", phone_number="+27820004711")
    headers = {
        "Authorization": "Bearer tok-4711",
        "Idempotency-Key": "key-4711",
        "Content-Type": "application/json",
        "Cookie": "tok-4711",
    }
    body = job(location="Marker Street 4711", description="Call +27820004711 or marker@example.org, day or night.")
    client = stage.client
    client.post("/jobs", body, claims=me, headers=headers)
    client.post("/jobs", {**body, "budget": "+27820004711", "marker@example.org": 1}, claims=me, headers=headers)
    client.get("/auth/me", claims=me, headers=headers)
    client.get("/jobs", query={"cursor": "cursor-4711", "email": "marker@example.org"}, headers=headers)
    client.get("/jobs/id-4711", headers=headers)
    client.get("/marker@example.org/tok-4711", headers=headers)
    client.send(event("POST", "/jobs", body="{marker@example.org", headers=headers, claims=me))
    stage.delete_table("jobs")
    stage.client.post("/jobs", body, claims=me, headers=headers)

    log = stage.log.getvalue()
    assert 8 == sum(line["message"] == "answered" for line in stage.lines)
    assert [] == [marker for marker in (*MARKERS, "sub-of-marker") if marker in log]


def test_a_surprise_is_logged_without_its_message(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Messages quote what people sent; the type and the way there do not. Nor does the router log it by itself."""

    def break_down(*_given: object, **_named: object) -> None:
        raise ValueError("marker@example.org")

    monkeypatch.setattr("khaya_api.jobs.show_job", break_down)
    stage.client.get("/jobs/some-id")

    failed = next(line for line in stage.lines if line["message"] == "failed")
    assert ("ValueError", REQUEST_ID) == (failed["exception_name"], failed["request_id"])
    assert any("jobs.py" in step for step in failed["way"])
    assert "marker@example.org" not in stage.log.getvalue() + caplog.text


def test_every_request_is_one_line(stage: Stage) -> None:
    """What was asked by pattern, what became of it, how long it took; findable by the id in the answer."""
    stage.client.get("/jobs/some-id")

    line = stage.lines[-1]
    assert ("answered", REQUEST_ID, "GET", "/jobs/<job_id>", 404) == (
        line["message"],
        line["request_id"],
        line["method"],
        line["route"],
        line["status"],
    )
    assert line["ms"] >= 0


@pytest.mark.parametrize(
    ("level", "shown"),
    (("", True), ("DEBUG", True), ("nonsense", True), ("warning", False), ("ERROR", False)),
)
def test_the_log_never_goes_below_info(level: str, shown: bool) -> None:  # noqa: FBT001 - a column of the table
    """Libraries write out requests at DEBUG."""
    environ: Mapping[str, str] = {**ENVIRON, "LOG_LEVEL": level}
    log: Logger = kit_from(environ, service=f"level-{level}").log
    stream = io.StringIO()
    log.registered_handler.stream = stream  # type: ignore[attr-defined] # logging.Handler hides its stream

    log.debug("never")
    log.info("sometimes")

    assert ["sometimes"] * shown == [json.loads(line)["message"] for line in stream.getvalue().splitlines()]
