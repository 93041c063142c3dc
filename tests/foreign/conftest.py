"""Stacks that know nothing of this project, on a twin of their own, and the library as others install it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import time
import venv
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import pytest

from checks import catalogue, permissions
from checks import twin as twins
from checks.twin import Twin
from tests.installing import link_required

ROOT = Path(__file__).parents[2]
STACKS = Path(__file__).parent / "stacks"
REGION = "af-south-1"
DOMAIN = "pages.example"
HEAD = '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Pages</title>'
PAGE = f'{HEAD}<script src="/app.js" defer></script></head><body><h1>Pages</h1></body></html>'
# What somebody installs who verifies a twin, with templates in YAML: checks[twin,yaml], but for the emulator itself.
REQUIRED = ("boto3", "dnspython", "urllib3", "pyyaml", "cryptography")


@dataclass
class Land:
    """The twin with the foreign stacks, and the installed command."""

    home: Path
    python: Path
    folder: Path
    clients: dict[tuple[str, str], Any] = field(default_factory=dict)

    @property
    def twin(self) -> Twin:
        """The twin as it runs now."""
        return twins.read(home=self.home)

    def aws(self, service: str, region: str = REGION) -> Any:  # noqa: ANN401 - one method for all services
        """A client of the twin's administrator."""
        if (service, region) not in self.clients:
            twin = self.twin
            session: Any = boto3.Session(twin.access_key_id, twin.secret_access_key, region_name=region)
            made = session.client(service, endpoint_url=twin.endpoint, verify=str(twin.ca_bundle))
            self.clients[service, region] = made
        return self.clients[service, region]

    def resource(self, stack: str, logical_id: str) -> str:
        """The physical id of a resource."""
        told = self.aws("cloudformation").describe_stack_resource(StackName=stack, LogicalResourceId=logical_id)
        return str(told["StackResourceDetail"]["PhysicalResourceId"])

    def settings(self, stack: str) -> Path:
        """All that is said of a target: its stacks, its account, and its name where it has one."""
        path = self.folder / f"{stack}.toml"
        lines = ["schema = 1", "twin = true", '[account]\nid = "000000000000"']
        named = {stack: REGION, **({"certificate": "us-east-1"} if stack == "site" else {})}
        lines += [f'[[stack]]\nname = "{name}"\nregion = "{region}"' for name, region in named.items()]
        if stack == "site":
            lines.append(f'[site]\ndomain = "{DOMAIN}"\naliases = ["www.{DOMAIN}"]\nspa_paths = ["/about"]')
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path

    def verify(self, stack: str, *more: str) -> Verdicts:
        """One run of the installed command, outside of the checkout."""
        out = self.folder / f"{stack}.json"
        out.unlink(missing_ok=True)
        argv = [
            str(self.python),
            "-I",
            "-m",
            "checks",
            "verify",
            "--target",
            str(self.settings(stack)),
            "--json",
            str(out),
        ]
        done = subprocess.run(
            [*argv, *more],
            env=self.surroundings(),
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        assert out.exists(), f"{done.stdout}\n{done.stderr}"
        return Verdicts(code=done.returncode, document=json.loads(out.read_text(encoding="utf-8")), said=done.stdout)

    def surroundings(self) -> Mapping[str, str]:
        """Nothing but a path and where the twin lives."""
        return {"PATH": os.defpath, "TWIN_HOME": str(self.home), "HOME": str(self.folder)}


@dataclass(frozen=True)
class Verdicts:
    """What one run of the command said."""

    code: int
    document: Mapping[str, Any]
    said: str

    def broken(self) -> dict[str, str]:
        """What did not pass and is explained by nothing else, by name."""
        return {
            each["name"]: each["actual"]
            for each in self.document["results"]
            if each["status"] not in {"pass", "blocked"}
        }

    def families(self) -> set[str]:
        """Whose promises were planned."""
        return {str(each["family"]) for each in self.document["results"]}


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of a clean virtualenv that holds the built wheel and what it requires, outside of the checkout."""
    home = tmp_path_factory.mktemp("elsewhere")
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(home)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = home.glob("*.whl")
    venv.EnvBuilder(symlinks=True, with_pip=False).create(home / "venv")
    python = home / "venv" / "bin" / "python"
    site = Path(sysconfig.get_path("purelib", vars={"base": str(home / "venv")}))
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    link_required(REQUIRED, site)
    return python


@pytest.fixture(scope="session")
def land(installed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Land]:
    """The twin with all of the stacks deployed, each by CloudFormation alone."""
    home = tmp_path_factory.mktemp("foreign-twin")
    twin = twins.up(home=home, harness_actions=permissions.actions(catalogue.PROMISES))
    made = Land(home=home, python=installed, folder=tmp_path_factory.mktemp("anywhere"))
    try:
        _deploy_all(made, twin)
        yield made
    finally:
        twins.down(home=home)


def _deploy_all(made: Land, twin: Twin) -> None:
    route53 = made.aws("route53")
    zone = route53.create_hosted_zone(Name=DOMAIN, CallerReference=twin.generation)
    zone_id = zone["HostedZone"]["Id"].rpartition("/")[2]
    twins.delegate(twin, DOMAIN, zone["DelegationSet"]["NameServers"])
    names = {"Domain": DOMAIN, "ZoneId": zone_id}
    _deploy(made, "certificate", "us-east-1", names)
    certificate = _outputs(made, "certificate", "us-east-1")["Arn"]
    _deploy(made, "site", REGION, {**names, "CertificateArn": certificate})
    bucket = _outputs(made, "site", REGION)["Bucket"]
    put = made.aws("s3").put_object
    put(Bucket=bucket, Key="index.html", Body=PAGE.encode(), ContentType="text/html", CacheControl="no-cache")
    put(Bucket=bucket, Key="app.js", Body=b"'use strict';", ContentType="text/javascript", CacheControl="max-age=60")
    for stack in ("crud", "pipeline", "plain"):
        _deploy(made, stack, REGION, {})


def _deploy(made: Land, stack: str, region: str, parameters: Mapping[str, str]) -> None:
    stacks = made.aws("cloudformation", region)
    stacks.create_stack(
        StackName=stack,
        TemplateBody=(STACKS / f"{stack}.yaml").read_text(encoding="utf-8"),
        Capabilities=["CAPABILITY_NAMED_IAM"],
        EnableTerminationProtection=True,
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
    )
    limit = time.monotonic() + 60
    while (told := stacks.describe_stacks(StackName=stack)["Stacks"][0])["StackStatus"] == "CREATE_IN_PROGRESS":
        assert time.monotonic() < limit, told
        time.sleep(0.05)
    events = stacks.describe_stack_events(StackName=stack)["StackEvents"]
    why = [each for each in events if each["ResourceStatus"].endswith("FAILED")]
    assert "CREATE_COMPLETE" == told["StackStatus"], why


def _outputs(made: Land, stack: str, region: str) -> dict[str, str]:
    told = made.aws("cloudformation", region).describe_stacks(StackName=stack)["Stacks"][0]
    return {each["OutputKey"]: each["OutputValue"] for each in told.get("Outputs", [])}
