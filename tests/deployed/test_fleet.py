"""A fleet on the twin: a hundred stacks, three broken, one out of reach, and one report that says exactly that."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from checks import catalogue, permissions
from checks import twin as twins
from checks.doors.provisions import travelling
from checks.nights.fleet import by_account
from checks.target import find, read
from checks.twin import Twin
from khaya_infra.canary_package import build_canary, runtime
from khaya_infra.fleet import definition

pytestmark = [pytest.mark.twin, pytest.mark.long]

MANY, ACCOUNT, REGION, HOME = 100, "000000000000", "af-south-1", "eu-west-1"
STRANGER = "111122223333"
TEMPLATE = {
    "Resources": {
        "Orders": {
            "Type": "AWS::DynamoDB::Table",
            "Properties": {
                "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
                "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
                "BillingMode": "PAY_PER_REQUEST",
                "DeletionProtectionEnabled": True,
                "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
            },
        }
    }
}
UNKEPT = {
    "check": "backups.covered[Orders]",
    "owner": "shops",
    "reason": "orders are kept elsewhere",
    "expires": "2099-12-31",
}
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}


@pytest.fixture(scope="module")
def twin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Twin]:
    """A twin with nothing on it."""
    home = tmp_path_factory.mktemp("fleet")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TWIN_HOME", str(home))
        yield twins.up(home=home)
        twins.down(home=home)


def client(twin: Twin, service: str, region: str = REGION) -> Any:  # noqa: ANN401 - one function for all services
    """A client of the twin's administrator."""
    session: Any = boto3.Session(twin.access_key_id, twin.secret_access_key, region_name=region)
    return session.client(service, endpoint_url=twin.endpoint, verify=str(twin.ca_bundle))


def targets(twin: Twin) -> list[dict[str, Any]]:
    """A hundred stacks of this account, and one of an account whose role nobody may assume."""
    network = travelling(read(find("local")))["network"]
    listed = []
    for number in range(MANY):
        stack = {"name": f"Shop{number}", "region": REGION}
        settings = {"schema": 1, "account": {"id": ACCOUNT}, "stack": [stack], "network": network, "waiver": [UNKEPT]}
        listed.append({"target": f"shop-{number}", "settings": settings})
    away = {"name": "Shop", "region": REGION, "role_arn": f"arn:aws:iam::{STRANGER}:role/nobody"}
    settings = {"schema": 1, "account": {"id": STRANGER}, "stack": [away], "network": network}
    assert twin.region == REGION
    return [*listed, {"target": "stranger", "settings": settings}]


def deploy_shops(twin: Twin) -> None:
    """A hundred stacks of one table."""
    stacks = client(twin, "cloudformation")
    for number in range(MANY):
        stacks.create_stack(StackName=f"Shop{number}", TemplateBody=json.dumps(TEMPLATE))
    limit = time.monotonic() + 120
    while True:
        pages = stacks.get_paginator("list_stacks").paginate(StackStatusFilter=["CREATE_COMPLETE"])
        if MANY == sum(len(page["StackSummaries"]) for page in pages):
            return
        assert time.monotonic() < limit
        time.sleep(0.5)


def break_three(twin: Twin) -> dict[str, str]:
    """Three shops, each in its own way; gives what is the root in each."""
    dynamodb, stacks = client(twin, "dynamodb"), client(twin, "cloudformation")

    def table(shop: int) -> str:
        listed = stacks.list_stack_resources(StackName=f"Shop{shop}")["StackResourceSummaries"]
        return str(listed[0]["PhysicalResourceId"])

    dynamodb.update_continuous_backups(
        TableName=table(11), PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": False}
    )
    dynamodb.update_table(TableName=table(23), DeletionProtectionEnabled=False)
    dynamodb.update_table(TableName=table(42), DeletionProtectionEnabled=False)
    dynamodb.delete_table(TableName=table(42))
    return {
        "shop-11": "tables.pitr[Orders]",
        "shop-23": "tables.protected[Orders]",
        "shop-42": "tables.present[Orders]",
    }


def functions(twin: Twin, folder: Path) -> tuple[str, str]:
    """The fleet's two functions, of the canary's own package, with a role that may look; their ARNs."""
    iam, functions = client(twin, "iam"), client(twin, "lambda", HOME)
    role = iam.create_role(RoleName="fleet", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
    needed = [*permissions.actions(catalogue.PROMISES), "s3:PutObject", "s3:GetObject", "s3:ListBucket"]
    allowed = {"Effect": "Allow", "Action": needed, "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    iam.put_role_policy(RoleName="fleet", PolicyName="look", PolicyDocument=document)
    code = {"ZipFile": build_canary(folder).read_bytes()}

    def made(name: str) -> str:
        created = functions.create_function(
            FunctionName=f"fleet-{name}",
            Runtime=f"python{runtime()}",
            Role=role,
            Handler=f"checks.doors.fleet.{name}",
            Code=code,
            Timeout=120,
            MemorySize=1024,
        )
        return str(created["FunctionArn"])

    return made("look"), made("report")


def test_one_report_of_a_hundred_targets(twin: Twin, tmp_path: Path) -> None:
    """Three broken in three ways, one out of reach, all others kept; nothing is lost."""
    deploy_shops(twin)
    expected = break_three(twin)
    (tmp_path / "plan.txt").write_text("")
    look, report = functions(twin, tmp_path)
    listed, s3 = targets(twin), client(twin, "s3", HOME)
    s3.create_bucket(Bucket="fleet", CreateBucketConfiguration={"LocationConstraint": HOME})
    s3.put_object(Bucket="fleet", Key="targets.json", Body=json.dumps(listed).encode())
    s3.put_object(Bucket="fleet", Key="accounts.json", Body=json.dumps(by_account(listed)).encode())
    machines = client(twin, "stepfunctions", HOME)
    role = "arn:aws:iam::000000000000:role/fleet"
    body = json.dumps(definition(look, report, accounts=2, per_account=2))
    machine = machines.create_state_machine(name="fleet", definition=body, roleArn=role)["stateMachineArn"]
    given = {"bucket": "fleet", "accounts": "accounts.json", "targets": "targets.json", "run_id": "night-1"}
    execution = machines.start_execution(stateMachineArn=machine, input=json.dumps(given))["executionArn"]
    limit = time.monotonic() + 540
    while (seen := machines.describe_execution(executionArn=execution))["status"] == "RUNNING":
        assert time.monotonic() < limit, seen
        time.sleep(1)
    assert "SUCCEEDED" == seen["status"], seen
    told = json.loads(seen["output"])

    assert told["counts"] == {
        "kept": MANY - 3, "broken": 3, "unseen": 0, "void": 0, "unreachable": 1, "lost": 0,
    }, told["text"]  # fmt: skip
    broken = {each["target"]: each["roots"] for each in told["targets"] if each["state"] == "broken"}
    assert expected == {
        name: next(root for root in roots if root in expected.values()) for name, roots in broken.items()
    }
    assert ["stranger"] == [each["target"] for each in told["targets"] if each["state"] == "unreachable"]
    assert told["aws_calls"] > MANY
