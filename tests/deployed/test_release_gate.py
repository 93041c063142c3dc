"""The gate as a resource of the stack that it judges: CloudFormation itself takes back what it refuses."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest

from checks import catalogue, permissions
from checks import twin as twins
from checks.twin import Twin
from khaya_infra.stop import Stop
from khaya_infra.toolchain import environment, find_tools, run_cdk
from tests.deployed.conftest import ROOT
from tests.deployed.gated_shop import WHERE

pytestmark = [pytest.mark.twin, pytest.mark.long]

SETTINGS = f"""\
schema = 1
twin = true

[account]
id = "{WHERE.account}"

[[stack]]
name = "Shop"
region = "{WHERE.region}"

[[waiver]]
check = "backups.covered[Orders]"
owner = "shops"
reason = "orders are kept elsewhere"
expires = 2099-12-31
"""


@dataclass
class Shop:
    """The shop on its twin, and how it is deployed; `folder` holds its settings and what the CLI leaves."""

    twin: Twin
    folder: Path

    def client(self, service: str) -> Any:  # noqa: ANN401 - one method for all services
        """A client of the twin's administrator."""
        session: Any = boto3.Session(
            self.twin.access_key_id, self.twin.secret_access_key, region_name=str(WHERE.region)
        )
        return session.client(service, endpoint_url=self.twin.endpoint, verify=str(self.twin.ca_bundle))

    def cdk(self, *words: str) -> None:
        """One command of the CDK's CLI; `Stop` quotes what it failed of."""
        tools = find_tools()
        region = {"AWS_REGION": str(WHERE.region), "AWS_DEFAULT_REGION": str(WHERE.region)}
        environ = environment(tools, {**twins.environment(self.twin), **region})
        run_cdk(tools, words, log=self.folder / f"{words[0]}.log", environ=environ)

    def deploy(self, release: str, **context: str) -> None:
        """Everything that the context asks for."""
        words = ["deploy", "--all", "--app", f'"{sys.executable}" -m tests.deployed.gated_shop']
        words += ["--require-approval", "never", "--output", str(self.folder / "cdk.out")]
        for name, value in {"release": release, **context}.items():
            words += ["--context", f"{name}={value}"]
        self.cdk(*words)

    def provide(self) -> Path:
        """What the function takes along, by the command that makes it for any canary."""
        target, told = self.folder / "shop.toml", self.folder / "told"
        target.write_text(SETTINGS, "utf-8")
        words = [sys.executable, "-m", "checks", "canary", "--target", str(target), "--folder", str(told)]
        environ = twins.environment(self.twin)
        done = subprocess.run(words, env=environ, cwd=ROOT, capture_output=True, text=True, check=False)
        assert 0 == done.returncode, done.stderr
        return told

    def reasons(self) -> list[str]:
        """Why CloudFormation says that something became as it is, the newest first."""
        events = self.client("cloudformation").describe_stack_events(StackName="Shop")["StackEvents"]
        return [each.get("ResourceStatusReason", "") for each in events]

    def stands(self) -> tuple[str, str, str]:
        """The stack's status, the release that it tells of, and whether its table can be brought back."""
        stack = self.client("cloudformation").describe_stacks(StackName="Shop")["Stacks"][0]
        (release,) = [each["OutputValue"] for each in stack["Outputs"] if each["OutputKey"] == "Release"]
        resources = self.client("cloudformation").list_stack_resources(StackName="Shop")["StackResourceSummaries"]
        table = next(each for each in resources if each["ResourceType"] == "AWS::DynamoDB::Table")
        seen = self.client("dynamodb").describe_continuous_backups(TableName=table["PhysicalResourceId"])
        recovery = seen["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
        return stack["StackStatus"], release, recovery["PointInTimeRecoveryStatus"]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A shop without a gate, on a twin with nothing else."""
    home = tmp_path_factory.mktemp("gate")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TWIN_HOME", str(home))
        try:
            twin = twins.up(home=home, harness_actions=permissions.actions(catalogue.PROMISES))
            made = Shop(twin=twin, folder=tmp_path_factory.mktemp("shop"))
            made.cdk("bootstrap", f"aws://{WHERE.account}/{WHERE.region}")
            made.deploy("none")
            yield made
        finally:
            twins.down(home=home)


def test_a_stack_takes_itself_back_when_its_gate_is_shut(shop: Shop) -> None:
    """Good: it goes through. Bad: CloudFormation undoes all of it, and the next good one goes through again."""
    told = str(shop.provide())

    shop.deploy("one", told=told)
    assert ("UPDATE_COMPLETE", "one", "ENABLED") == shop.stands()
    with pytest.raises(Stop, match=r"failed to update: \[ReleaseGate"):
        shop.deploy("two", told=told, recovery="no")
    assert any(each.startswith("gate: roll_back: tables.pitr[Orders]") for each in shop.reasons())
    assert ("UPDATE_ROLLBACK_COMPLETE", "one", "ENABLED") == shop.stands()
    shop.deploy("three", told=told)
    assert ("UPDATE_COMPLETE", "three", "ENABLED") == shop.stands()
