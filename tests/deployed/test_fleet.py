"""A hundred targets on the twin, three of them broken, one account out of reach: one report that says exactly that.

What runs is what is deployed: the fleet's own stack, by the CDK's own CLI, with lists that `checks fleet` wrote, and a
role in the account that is looked at, which trusts the fleet's function alone.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import boto3
import pytest

from checks import catalogue, permissions
from checks import twin as twins
from checks.doors.provisions import travelling
from checks.target import find, read
from checks.twin import Twin
from khaya_infra.toolchain import environment, find_tools, run_cdk
from tests.deployed.conftest import ROOT

pytestmark = [pytest.mark.twin, pytest.mark.long]

MANY, ACCOUNT, HOME = 100, "000000000000", "eu-west-1"
REGIONS = ("af-south-1", "eu-west-1")
STRANGER = "111122223333"
ROLE = "ChecksFleet"
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
SETTINGS = """\
schema = 1
twin = true

[account]
id = "{account}"

[[stack]]
name = "{stack}"
region = "{region}"
role_arn = "arn:aws:iam::{account}:role/{role}"

[[waiver]]
check = "backups.covered[Orders]"
owner = "shops"
reason = "orders are kept elsewhere"
expires = 2099-12-31
"""


@pytest.fixture(scope="module")
def twin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Twin]:
    """A twin with nothing on it."""
    home = tmp_path_factory.mktemp("fleet")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TWIN_HOME", str(home))
        yield twins.up(home=home)
        twins.down(home=home)


def client(twin: Twin, service: str, region: str = HOME) -> Any:  # noqa: ANN401 - one function for all services
    """A client of the twin's administrator."""
    session: Any = boto3.Session(twin.access_key_id, twin.secret_access_key, region_name=region)
    return session.client(service, endpoint_url=twin.endpoint, verify=str(twin.ca_bundle))


def region_of(shop: int) -> str:
    """Shops lie in turn in one region and in the other."""
    return REGIONS[shop % len(REGIONS)]


def deploy_fleet(twin: Twin, folder: Path) -> Mapping[str, str]:
    """The fleet's own stack, as a person deploys it; its outputs."""
    tools, outputs = find_tools(), folder / "outputs.json"
    environ = environment(tools, {**twins.environment(twin), "AWS_REGION": HOME, "AWS_DEFAULT_REGION": HOME})
    run_cdk(tools, ["bootstrap", f"aws://{ACCOUNT}/{HOME}"], log=folder / "bootstrap.log", environ=environ)
    words = ["deploy", "--app", f'"{sys.executable}" -m khaya_infra.fleet', "--context", f"role={ROLE}"]
    words += ["--output", str(folder / "cdk.out"), "--outputs-file", str(outputs), "--require-approval", "never"]
    run_cdk(tools, words, log=folder / "deploy.log", environ=environ)
    return dict(json.loads(outputs.read_text("utf-8"))["ChecksFleet"])


def let_look(twin: Twin, trusted: str) -> None:
    """The role of the account that is looked at."""
    iam = client(twin, "iam")
    trust = {"Effect": "Allow", "Principal": {"AWS": trusted}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    iam.create_role(RoleName=ROLE, AssumeRolePolicyDocument=document)
    may = {"Effect": "Allow", "Action": list(permissions.actions(catalogue.PROMISES)), "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [may]})
    iam.put_role_policy(RoleName=ROLE, PolicyName="look", PolicyDocument=document)


def deploy_shops(twin: Twin) -> None:
    """A hundred stacks of one table."""
    stacks = {region: client(twin, "cloudformation", region) for region in REGIONS}
    for number in range(MANY):
        stacks[region_of(number)].create_stack(StackName=f"Shop{number}", TemplateBody=json.dumps(TEMPLATE))
    limit = time.monotonic() + 120
    while sum(map(_made, stacks.values())) < MANY:
        assert time.monotonic() < limit
        time.sleep(0.5)


def _made(stacks: Any) -> int:  # noqa: ANN401 - a client of CloudFormation
    pages = stacks.get_paginator("list_stacks").paginate(StackStatusFilter=["CREATE_COMPLETE"])
    return sum(each["StackName"].startswith("Shop") for page in pages for each in page["StackSummaries"])


def break_three(twin: Twin) -> dict[str, str]:
    """Three shops, each in its own way; gives what is the root in each."""

    def table(shop: int) -> str:
        stacks = client(twin, "cloudformation", region_of(shop))
        listed = stacks.list_stack_resources(StackName=f"Shop{shop}")["StackResourceSummaries"]
        return str(listed[0]["PhysicalResourceId"])

    def dynamodb(shop: int) -> Any:  # noqa: ANN401 - a client
        return client(twin, "dynamodb", region_of(shop))

    dynamodb(11).update_continuous_backups(
        TableName=table(11), PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": False}
    )
    dynamodb(23).update_table(TableName=table(23), DeletionProtectionEnabled=False)
    dynamodb(42).update_table(TableName=table(42), DeletionProtectionEnabled=False)
    dynamodb(42).delete_table(TableName=table(42))
    return {
        "shop-11": "tables.pitr[Orders]",
        "shop-23": "tables.protected[Orders]",
        "shop-42": "tables.present[Orders]",
    }


def way_out() -> str:
    """The network section that settings of the twin stand for."""
    network = travelling(read(find("local")))["network"]
    connect = "".join(f'"{there}" = "{here}"\n' for there, here in network["connect"].items())
    return (
        f'\n[network]\nresolver = "{network["resolver"]}"\nca_bundle = "{network["ca_bundle"]}"\n'
        f"\n[network.connect]\n{connect}"
    )


def list_targets(twin: Twin, folder: Path, bucket: str) -> None:
    """Settings files of a hundred shops and of a stranger, made into lists by the command that people type."""
    for number in range(MANY):
        text = SETTINGS.format(account=ACCOUNT, stack=f"Shop{number}", region=region_of(number), role=ROLE)
        (folder / f"shop-{number}.toml").write_text(text, "utf-8")
    text = SETTINGS.format(account=STRANGER, stack="Shop", region=HOME, role=ROLE)
    # The twin is no other account: a stranger's settings say only by which way names and addresses are reached.
    (folder / "stranger.toml").write_text(text.replace("twin = true\n", "") + way_out(), "utf-8")
    files = sorted(map(str, folder.glob("*.toml")))
    words = [sys.executable, "-m", "checks", "fleet", "--folder", str(folder / "lists"), *files]
    done = subprocess.run(words, env=twins.environment(twin), cwd=ROOT, capture_output=True, text=True, check=False)
    assert (0, True) == (done.returncode, "101 targets in 2 accounts" in done.stdout), done.stdout + done.stderr
    for each in (folder / "lists").iterdir():
        client(twin, "s3").put_object(Bucket=bucket, Key=each.name, Body=each.read_bytes())


def look_at_all(twin: Twin, told: Mapping[str, str]) -> dict[str, Any]:
    """One night of the fleet; what its report hands back."""
    machines = client(twin, "stepfunctions")
    given = {
        "bucket": told["BucketIs"], "accounts": "accounts.json", "targets": "targets.json", "run_id": "night-1",
    }  # fmt: skip
    execution = machines.start_execution(stateMachineArn=told["MachineIs"], input=json.dumps(given))["executionArn"]
    limit = time.monotonic() + 540
    while (seen := machines.describe_execution(executionArn=execution))["status"] == "RUNNING":
        assert time.monotonic() < limit, seen
        time.sleep(1)
    assert "SUCCEEDED" == seen["status"], seen
    return dict(json.loads(seen["output"]))


def test_one_report_of_a_hundred_targets(twin: Twin, tmp_path: Path) -> None:
    """Three broken in three ways, one out of reach, all others kept; nothing is lost."""
    fleet = deploy_fleet(twin, tmp_path)
    let_look(twin, fleet["LookRoleIs"])
    deploy_shops(twin)
    expected = break_three(twin)
    list_targets(twin, tmp_path, fleet["BucketIs"])

    told = look_at_all(twin, fleet)

    assert told["counts"] == {
        "kept": MANY - 3, "broken": 3, "unseen": 0, "void": 0, "unreachable": 1, "lost": 0,
    }, told["text"]  # fmt: skip
    broken = {each["target"]: each["roots"] for each in told["targets"] if each["state"] == "broken"}
    assert expected == {
        name: next(root for root in roots if root in expected.values()) for name, roots in broken.items()
    }
    (away,) = [each for each in told["targets"] if each["state"] == "unreachable"]
    assert ("stranger", STRANGER) == (away["target"], away["account"])
    assert re.search("AccessDenied.*AssumeRole", away["says"]), away
    assert 1 == told["exit_code"]
    assert told["aws_calls"] > MANY
    body = client(twin, "s3").get_object(Bucket=fleet["BucketIs"], Key="fleet/night-1.json")["Body"].read()
    assert MANY + 1 == len(json.loads(body)["targets"])
