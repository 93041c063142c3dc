"""Releases at the gate of the deployed stack: a good one goes out, each bad one is refused for its own reason."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from checks.doors import cli, ledgers
from checks.nights.record import Record
from checks.target import find
from tests.deployed.conftest import House

pytestmark = [pytest.mark.twin, pytest.mark.long, pytest.mark.usefixtures("quiet")]

Breakage = Callable[[House], AbstractContextManager[None]]


def gate(folder: Path, *words: str) -> tuple[int, dict[str, Any], str]:
    """The exit code, the decision and the report."""
    out, err, file = StringIO(), StringIO(), folder / "run.json"
    code = cli.main(["gate", "--target", "local", "--json", str(file), *words], out=out, err=err)
    return code, json.loads(file.read_text("utf-8"))["gate"], out.getvalue() + err.getvalue()


def live(house: House) -> str:
    """The release that is deployed, as its canary was told."""
    return next(each.release for each in ledgers.records(house.settings) if each.release)


def _function(house: House, begins: str) -> str:
    return house.resource("AWS::Lambda::Function", begins)


@contextmanager
def table_variable_missing(house: House) -> Iterator[None]:
    """The function does not know its table."""
    functions, name = house.aws("lambda"), _function(house, "ApiFunction")
    known = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    less = {key: value for key, value in known.items() if key != next(one for one in known if "JOBS" in one.upper())}
    functions.update_function_configuration(FunctionName=name, Environment={"Variables": less})
    try:
        yield
    finally:
        functions.update_function_configuration(FunctionName=name, Environment={"Variables": known})


@contextmanager
def alarm_disarmed(house: House) -> Iterator[None]:
    """Left from an incident."""
    cloudwatch = house.aws("cloudwatch")
    name = next(
        each["AlarmName"] for each in cloudwatch.describe_alarms()["MetricAlarms"] if "ApiFailing" in each["AlarmName"]
    )
    cloudwatch.disable_alarm_actions(AlarmNames=[name])
    try:
        yield
    finally:
        cloudwatch.enable_alarm_actions(AlarmNames=[name])


@contextmanager
def recovery_off(house: House) -> Iterator[None]:
    """A table that cannot be restored."""
    dynamodb, table = house.aws("dynamodb"), house.resource("AWS::DynamoDB::Table", "DataJobsTable")

    def protect(*, on: bool) -> None:
        dynamodb.update_table(TableName=table, DeletionProtectionEnabled=on)

    protect(on=False)
    try:
        yield
    finally:
        protect(on=True)


@contextmanager
def schedule_off(house: House) -> Iterator[None]:
    """The daily tasks do not run."""
    events, rule = house.aws("events"), house.resource("AWS::Events::Rule", "SchedulesDaily")
    events.disable_rule(Name=rule)
    try:
        yield
    finally:
        events.enable_rule(Name=rule)


@contextmanager
def page_missing(house: House) -> Iterator[None]:
    """The home page was not published."""
    s3, bucket = house.aws("s3"), house.output("FrontendBucket")
    page = s3.get_object(Bucket=bucket, Key="index.html")
    body, kind = page["Body"].read(), page["ContentType"]
    s3.delete_object(Bucket=bucket, Key="index.html")
    try:
        yield
    finally:
        s3.put_object(Bucket=bucket, Key="index.html", Body=body, ContentType=kind)


@contextmanager
def plan_shrunken(_: House) -> Iterator[None]:
    """The accepted plan holds a check that is not planned any more."""
    from checks.doors import assembly
    from checks.plan import as_text, freeze

    file = find("local").with_suffix(".plan.json")
    before = file.read_text("utf-8")
    plan = assembly.read_plan(file)
    assert plan is not None
    first = next(each for each in plan.checks if each.promise.name == "tables.pitr")
    lost = replace(first, name="tables.pitr[Gone]", place=replace(first.place, subject="Gone"))
    file.write_text(as_text(freeze([*plan.checks, lost], target="local", account=plan.account, regions=plan.regions)))
    try:
        yield
    finally:
        file.write_text(before)


def test_a_good_release_goes_out(house: House, tmp_path: Path) -> None:
    """Live, whole, and with a recent night behind it."""
    code, said, told = gate(tmp_path, "--release", live(house), "--why")

    assert (0, "recent") == (code, said["nightly"]["why"]), told
    assert said["action"] in {"open", "warn"}


def test_an_old_version_at_the_edge_is_refused(house: House, tmp_path: Path) -> None:
    """The release that is asked for is not the one that answers."""
    assert "0" * 40 != live(house)
    code, said, told = gate(tmp_path, "--release", "0" * 40)

    assert (1, "roll_back") == (code, said["action"]), told
    assert said["reasons"][0]["what"].startswith("api.release")


@pytest.mark.parametrize(
    ("breakage", "named"),
    (
        pytest.param(table_variable_missing, "functions.environment", id="table variable missing"),
        pytest.param(alarm_disarmed, "alarms.armed", id="alarm disarmed"),
        pytest.param(recovery_off, "tables.protected", id="table unprotected"),
        pytest.param(schedule_off, "schedules.enabled", id="schedule off"),
        pytest.param(page_missing, "cdn.", id="page missing"),
        pytest.param(plan_shrunken, "stack.plan", id="plan shrunken"),
    ),
)
def test_a_bad_release_is_refused_and_named(house: House, tmp_path: Path, breakage: Breakage, named: str) -> None:
    """And is let through again once it is repaired."""
    release = live(house)
    with breakage(house):
        code, said, told = gate(tmp_path, "--release", release)
    assert (1, "roll_back") == (code, said["action"]), told
    assert any(each["what"].startswith(named) for each in said["reasons"] if each["action"] == "roll_back"), told


@pytest.mark.parametrize("refusal", (("before", "block", 1), ("after", "hold", 2)))
def test_a_dead_canary_keeps_the_gate_shut(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refusal: tuple[str, str, int]
) -> None:
    """Unless somebody decides otherwise, and is written down."""
    from checks.doors import gate as door

    def none(*_: object) -> list[Record]:
        return []

    monkeypatch.setattr(door, "records", none)
    phase, action, code = refusal
    release = live(house)
    refused = gate(tmp_path, "--release", release, "--phase", phase)
    allowed = gate(
        tmp_path, "--release", release, "--phase", phase, "--owner", "platform", "--reason", "the first night"
    )

    assert (code, action, "missing") == (refused[0], refused[1]["action"], refused[1]["nightly"]["why"]), refused[2]
    assert (0, {"owner": "platform", "reason": "the first night"}) == (allowed[0], allowed[1]["override"]), allowed[2]


def test_the_evidence_of_the_nights_is_still_there(house: House) -> None:
    """Whatever was refused meanwhile."""
    kept = [each for each in ledgers.records(house.settings) if each.document]
    read = [json.loads(ledgers.open_ledger(house.settings).read(each.document)) for each in kept]

    assert [each.run_id for each in kept] == [each["run_id"] for each in read]
    assert kept
