"""The real stack on a twin of its own, deployed once by the real deployer, broken and repaired by the tests."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import pytest
import requests

from checks import catalogue, permissions
from checks import twin as twins
from checks.doors import assembly
from checks.model import Result
from checks.run import Run, exit_code
from checks.target import Settings, find, read
from checks.twin import Twin

ROOT = Path(__file__).parents[2]
ACCOUNT = "000000000000"

# By how much a look may last longer than against AWS, where nobody tests on the same two cores.
PATIENCE = 4.0


@dataclass
class House:
    """The deployed stack, its twin, and the harness that looks at it; `said` is what its first deploy told."""

    home: Path
    settings: Settings
    clients: dict[tuple[str, str], Any] = field(default_factory=dict)
    said: str = ""

    @property
    def twin(self) -> Twin:
        """The twin as it is now; another one after each start."""
        return twins.read(home=self.home)

    def start(self) -> None:
        """Start what does not run, and deploy as a person would."""
        twin = twins.up(home=self.home, harness_actions=permissions.actions(catalogue.PROMISES))
        self.clients.clear()
        command = [sys.executable, "-m", "khaya_infra.deploy", "--target", "local"]
        done = subprocess.run(
            command, env=twins.environment(twin), cwd=ROOT, capture_output=True, text=True, check=False, timeout=300
        )
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
        self.said = self.said or done.stdout

    def aws(self, service: str, region: str = "af-south-1") -> Any:  # noqa: ANN401 - one method for all services
        """A client of the twin's administrator."""
        if (service, region) not in self.clients:
            twin = self.twin
            # A service named by a variable has no type of its own.
            session: Any = boto3.Session(twin.access_key_id, twin.secret_access_key, region_name=region)
            made = session.client(service, endpoint_url=twin.endpoint, verify=str(twin.ca_bundle))
            self.clients[service, region] = made
        return self.clients[service, region]

    def verify(self, *, settings: Settings | None = None) -> Run:
        """One whole run of the harness."""
        used = settings or self.settings
        # A busy machine that stands still for five seconds is not a target that answers late.
        ready = assembly.prepare(used, assembly.connect(used, rehearsal=assembly.Rehearsal(slow=PATIENCE)))
        return assembly.run(ready, assembly.Wishes(door="cli"))

    def quieten(self) -> None:
        """Take back the alarms that rang for what was broken; by themselves they take five minutes to notice."""
        cloudwatch = self.aws("cloudwatch")
        for each in cloudwatch.describe_alarms(StateValue="ALARM")["MetricAlarms"]:
            cloudwatch.set_alarm_state(AlarmName=each["AlarmName"], StateValue="OK", StateReason="repaired")

    def resource(self, kind: str, begins: str) -> str:
        """The physical id of the one resource of *kind* whose logical id begins so."""
        pages = self.aws("cloudformation").get_paginator("list_stack_resources").paginate(StackName="KhayaStack")
        every = [each for page in pages for each in page["StackResourceSummaries"] if each["ResourceType"] == kind]
        found = [each["PhysicalResourceId"] for each in every if each["LogicalResourceId"].startswith(begins)]
        assert 1 == len(found), f"{kind} {begins}: {every}"
        return str(found[0])

    def output(self, key: str, *, stack: str = "KhayaStack", region: str = "af-south-1") -> str:
        """An output of a stack."""
        described = self.aws("cloudformation", region).describe_stacks(StackName=stack)["Stacks"][0]
        return str({each["OutputKey"]: each["OutputValue"] for each in described["Outputs"]}[key])


def template_of(house: House) -> dict[str, Any]:
    """The main stack's template as it was submitted."""
    body = house.aws("cloudformation").get_template(StackName="KhayaStack", TemplateStage="Original")["TemplateBody"]
    return dict(body if isinstance(body, dict) else json.loads(body))


def leaves_of(template: Mapping[str, Any]) -> dict[str, str]:
    """The resources that nothing else in the template refers to, with their types: these can go alone."""
    resources = template["Resources"]
    return {
        name: each["Type"]
        for name, each in resources.items()
        if not any(f'"{name}"' in json.dumps(other) for key, other in resources.items() if key != name)
    }


@contextlib.contextmanager
def deployed_without(house: House, *names: str) -> Iterator[None]:
    """The main stack deployed from its template less these resources, and from the whole of it again afterwards."""
    whole = template_of(house)
    less = json.loads(json.dumps(whole))
    for name in names:
        del less["Resources"][name]
    less["Outputs"] = {
        key: each for key, each in less["Outputs"].items() if not any(f'"{name}"' in json.dumps(each) for name in names)
    }
    _update(house, less)
    try:
        yield
    finally:
        _update(house, whole)


def _update(house: House, template: Mapping[str, Any]) -> None:
    stacks, bucket = house.aws("cloudformation"), f"cdk-hnb659fds-assets-{ACCOUNT}-af-south-1"
    # CloudFormation takes no body of more than 51,200 bytes by itself.
    house.aws("s3").put_object(Bucket=bucket, Key="deletions.json", Body=json.dumps(template).encode())
    url = f"https://s3.af-south-1.amazonaws.com/{bucket}/deletions.json"
    named = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"]
    stacks.update_stack(StackName="KhayaStack", TemplateURL=url, Capabilities=named)
    limit = time.monotonic() + 60
    while (status := stacks.describe_stacks(StackName="KhayaStack")["Stacks"][0]["StackStatus"]) != "UPDATE_COMPLETE":
        assert status in {"UPDATE_IN_PROGRESS", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"}, status
        assert time.monotonic() < limit
        time.sleep(0.05)


def roots(run: Run) -> list[tuple[str, str]]:
    """What a person is shown as broken: name and status of each result that is not explained by another."""
    return [(each.name, each.status) for each in run.results if each.status not in {"pass", "blocked"}]


def behind(run: Run, root: str) -> list[Result]:
    """The results that name *root* as theirs."""
    return [each for each in run.results if each.blocked_by == root]


def told(run: Run) -> str:
    """Everything that is not a pass, for the message of a failed assertion."""
    lines = [f"{each.status:8} {each.name}: {each.actual}" for each in run.results if each.status != "pass"]
    return "\n".join([f"exit {exit_code(run)}", *run.void, *lines])


def serving(house: House, host: str = "khaya.example") -> tuple[str, str]:
    """The releases that the site of a host and its API say they are, through the edge."""
    twin = house.twin
    place, port = twin.edge
    session = requests.Session()
    adapter = requests.adapters.HTTPAdapter()
    session.mount("https://", adapter)
    adapter.poolmanager.connection_pool_kw |= {"server_hostname": host, "assert_hostname": host}
    answers = [
        session.get(f"https://{place}:{port}{path}", headers={"Host": host}, verify=str(twin.ca_bundle))
        for path in ("/version.json", "/api/health")
    ]
    return answers[0].json()["git_sha"], answers[1].json()["git_sha"]


@pytest.fixture
def quiet(house: House) -> None:
    """No alarm is left ringing by what another test broke."""
    house.quieten()


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The deployed stack; whoever breaks it repairs it."""
    home = tmp_path_factory.mktemp("deployed")
    before = os.environ.get("TWIN_HOME")
    os.environ["TWIN_HOME"] = str(home)
    made = House(home=home, settings=read(find("local")))
    try:
        made.start()
        yield made
    finally:
        twins.down(home=home)
        if before is None:
            del os.environ["TWIN_HOME"]
        else:
            os.environ["TWIN_HOME"] = before
