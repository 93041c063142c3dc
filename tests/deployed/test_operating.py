"""Operating the deployed stack as a person does: interrupted deploys, the way back, what comes back from backups."""

from __future__ import annotations

import json
import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from checks import catalogue, permissions
from checks import twin as twins
from checks.target import find, read
from tests.deployed.conftest import House, serving
from tests.deployed.desk import Desk, assert_green, at, without_canary

pytestmark = pytest.mark.twin

STEPS = ("preflight", "1/8", "2/8", "3/8", "4/8", "5/8", "6/8", "7/8", "8/8", "daily tasks", "canary", "record")


@pytest.fixture
def desk(house: House, tmp_path: Path) -> Iterator[Desk]:
    """Where commands are given from."""
    with without_canary(house, tmp_path) as made:
        yield made


@pytest.mark.long
@pytest.mark.parametrize("number", (signal.SIGINT, signal.SIGKILL), ids=("interrupted", "killed"))
def test_a_deploy_that_ends_within_the_stacks_is_gone_on_with(house: House, desk: Desk, number: signal.Signals) -> None:
    """The next one waits for what still runs, and ends with its own release live."""
    release = f"cafe{number:036x}"

    code = desk.end_within_the_stacks(release, number)
    again = desk.deploy(release)

    assert (130 if number == signal.SIGINT else -number) == code
    assert 0 == again[0], again[1]
    assert (release, release) == serving(house)


@pytest.mark.long
def test_a_deploy_that_is_killed_after_the_upload_is_gone_on_with(house: House, desk: Desk) -> None:
    """The edge is told what it was not told, and the release comes on record."""
    assert -signal.SIGKILL == desk.end_after("7/8", "beef" * 10, signal.SIGKILL)

    code, said = desk.deploy("beef" * 10)

    assert 0 == code, said
    assert "0 of 10 files sent" in said
    assert re.search(r"8/8 invalidation +(the edge is up to date|invalidation \w+ completed)", said)
    assert ("beef" * 10, "beef" * 10) == serving(house)
    assert "beef" in desk.operate("releases")[1].splitlines()[0]


@pytest.mark.long
@pytest.mark.parametrize("number", (signal.SIGINT, signal.SIGKILL), ids=("interrupted", "killed"))
def test_a_first_deploy_that_is_ended_after_each_step_ends_green(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    """On an empty account, ended after every step in turn and begun again: the last one is as good as a first."""
    monkeypatch.setenv("TWIN_HOME", str(tmp_path))
    twins.up(home=tmp_path, harness_actions=permissions.actions(catalogue.PROMISES))
    try:
        with at(tmp_path) as desk:
            for step in STEPS[:-1]:
                desk.end_after(step, "feed" * 10, number)
            code, said = desk.deploy("feed" * 10)
        assert 0 == code, said
        # The daily tasks too: they are run once by each deploy until one has come on record.
        assert all(re.search(rf"^{step}", said, re.MULTILINE) for step in STEPS), said
        # With the patience of every look here: ten deploys in a row keep this machine busy.
        assert_green(House(home=tmp_path, settings=read(find("local"))))
    finally:
        twins.down(home=tmp_path)


@pytest.mark.long
def test_a_rollback_brings_the_release_before_back_and_a_deploy_the_next(house: House, desk: Desk) -> None:
    """One command there; and the same release deployed again is live again, although its template did not change."""
    first, second = "a1" * 20, "b2" * 20
    assert 0 == desk.deploy(first)[0]
    assert 0 == desk.deploy(second)[0]
    assert (second, second) == serving(house)

    code, said = desk.operate("rollback")

    assert 0 == code, said
    assert (first, first) == serving(house)
    assert_green(house)
    again = desk.deploy(second)
    assert 0 == again[0], again[1]
    assert (second, second) == serving(house)


@pytest.mark.long
def test_the_site_alone_and_the_rest_alone(house: House, desk: Desk) -> None:
    """Each half of a deploy leaves the other as it is, and says so by its release."""
    assert 0 == desk.deploy("e5" * 20)[0]

    assert 0 == desk.deploy("f6" * 20, "--only", "frontend")[0]
    assert ("f6" * 20, "e5" * 20) == serving(house)
    assert 0 == desk.deploy("f7" * 20, "--only", "backend")[0]
    assert ("f6" * 20, "f7" * 20) == serving(house)


def test_a_rehearsal_brings_a_deleted_item_back(house: House, desk: Desk) -> None:
    """From the recovery point of AWS Backup, to a scratch table that is gone afterwards, and on record."""
    dynamodb, table = house.aws("dynamodb"), house.resource("AWS::DynamoDB::Table", "DataUsersTable")
    vault = house.resource("AWS::Backup::BackupVault", "BackupVault")
    arn = dynamodb.describe_table(TableName=table)["Table"]["TableArn"]
    made = {"createdAt": {"S": "2026-01-01T00:00:00Z"}}
    for name in ("kept", "lost"):
        dynamodb.put_item(TableName=table, Item={"id": {"S": name}, **made})
    role = f"arn:aws:iam::{house.aws('sts').get_caller_identity()['Account']}:role/backup"
    house.aws("backup").start_backup_job(BackupVaultName=vault, ResourceArn=arn, IamRoleArn=role)
    dynamodb.delete_item(TableName=table, Key={"id": {"S": "lost"}})
    # Others may have signed up meanwhile.
    live = dynamodb.scan(TableName=table, Select="COUNT")["Count"]
    try:
        code, said = desk.operate("restore-rehearsal", "--table", "Users", "--put-back")
        found = dynamodb.get_item(TableName=table, Key={"id": {"S": "lost"}})
        left = [name for name in dynamodb.list_tables()["TableNames"] if "rehearsal" in name]
        noted = json.loads(house.aws("ssm").get_parameter(Name="/KhayaStack/rehearsal")["Parameter"]["Value"])
    finally:
        for name in ("kept", "lost"):
            dynamodb.delete_item(TableName=table, Key={"id": {"S": name}})

    assert 0 == code, said
    assert "restoring Users from recovery point of" in said
    assert '1 in the copy alone: [{"S": "lost"}]' in said
    assert {"id": {"S": "lost"}, **made} == found["Item"]
    assert [] == left
    assert ("Users", live, 1, True) == (noted["table"], noted["live"], noted["deleted"], noted["good"])


def test_what_was_written_after_a_moment_is_not_in_a_restore_to_it(house: House) -> None:
    """The twin's tables come back as they were: the changed, the deleted and the new."""
    dynamodb, name = house.aws("dynamodb"), "as-it-was"
    key = {"AttributeName": "id", "AttributeType": "S"}
    dynamodb.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[key],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
    )
    for each in ("changed", "deleted", "still"):
        dynamodb.put_item(TableName=name, Item={"id": {"S": each}, "n": {"N": "1"}})
    time.sleep(0.01)
    moment = time.time()
    time.sleep(0.01)
    dynamodb.put_item(TableName=name, Item={"id": {"S": "changed"}, "n": {"N": "2"}})
    dynamodb.delete_item(TableName=name, Key={"id": {"S": "deleted"}})
    dynamodb.put_item(TableName=name, Item={"id": {"S": "new"}, "n": {"N": "1"}})
    try:
        dynamodb.restore_table_to_point_in_time(SourceTableName=name, TargetTableName="then", RestoreDateTime=moment)
        then = {each["id"]["S"]: each["n"]["N"] for each in dynamodb.scan(TableName="then")["Items"]}
        now = {each["id"]["S"]: each["n"]["N"] for each in dynamodb.scan(TableName=name)["Items"]}
    finally:
        for each in (name, "then"):
            dynamodb.delete_table(TableName=each)

    assert {"changed": "1", "deleted": "1", "still": "1"} == then
    assert {"changed": "2", "new": "1", "still": "1"} == now


@pytest.mark.long
def test_what_was_destroyed_is_gone_and_can_be_deployed_again(tmp_path: Path) -> None:
    """Nobody agreed: nothing happens. With a yes the stacks go, the zone stays, and the next deploy is a first one."""
    twins.up(home=tmp_path, harness_actions=permissions.actions(catalogue.PROMISES))
    try:
        with at(tmp_path) as desk:
            assert 0 == desk.deploy("11" * 20)[0]
            refused = desk.operate("destroy")
            gone = desk.operate("destroy", "--yes")
            nothing = desk.operate("releases")
            again = desk.deploy("12" * 20)
    finally:
        twins.down(home=tmp_path)

    assert (64, True) == (refused[0], "nobody agreed to destroy local" in refused[1])
    assert (0, True) == (gone[0], "KhayaStack is gone" in gone[1]), gone[1]
    assert (1, True) == (nothing[0], "local is not deployed" in nothing[1])
    assert (0, True) == (again[0], "daily tasks" in again[1]), again[1]
