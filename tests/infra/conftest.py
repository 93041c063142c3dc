"""One synthesis for all template tests: the real application, run as the CDK CLI runs it, its validation on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from khaya_infra.toolchain import find_tools

ROOT = Path(__file__).resolve().parents[2]
CERTIFICATE_ARN = "arn:aws:acm:us-east-1:000000000000:certificate/0f0e0d0c-0b0a-4908-8706-050403020100"
DISTRIBUTION = "E1ABCDEFGHIJKL"
ZONE = "Z0123456789ABCDEFGHIJ"
RELEASE = "0123456789abcdef0123456789abcdef01234567"

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Template:
    """A synthesised template, asked by type and by construct path, never by generated ids."""

    document: Json

    @property
    def resources(self) -> dict[str, Json]:
        """All resources by logical id."""
        found: dict[str, Json] = self.document["Resources"]
        return found

    @property
    def outputs(self) -> dict[str, Json]:
        """All outputs by name."""
        found: dict[str, Json] = self.document["Outputs"]
        return found

    def of(self, kind: str) -> dict[str, Json]:
        """Properties of all resources of a type, by construct path without the stack."""
        return {
            path_of(resource): resource.get("Properties", {})
            for resource in self.resources.values()
            if resource["Type"] == kind
        }

    def one(self, kind: str) -> Json:
        """Properties of the only resource of a type."""
        (found,) = self.of(kind).values()
        return found

    def at(self, path: str) -> Json:
        """The whole resource at a construct path, `Data/JobsTable`."""
        (found,) = (resource for resource in self.resources.values() if path_of(resource) == path)
        return found

    def id_at(self, path: str) -> str:
        """The logical id of what is at a construct path."""
        (found,) = (name for name, resource in self.resources.items() if path_of(resource) == path)
        return found


@dataclass(frozen=True, slots=True)
class Assembly:
    """What the CDK CLI is handed: the templates and the manifest."""

    certificate: Template
    main: Template
    edge: Template
    manifest: Json
    folder: Path


def path_of(resource: Json) -> str:
    """Construct path without stack and without the trailing `Resource`."""
    path: str = resource.get("Metadata", {}).get("aws:cdk:path", "")
    return path.partition("/")[2].removesuffix("/Resource")


def context(package: Path, **changes: str | None) -> dict[str, str]:
    """The context that the deployer gives; a change to `None` takes a key away."""
    given: dict[str, str | None] = {
        "settings": str(ROOT / "checks" / "targets" / "local.toml"),
        "hostedZoneId": ZONE,
        "certificateArn": CERTIFICATE_ARN,
        "release": RELEASE,
        "version": "9.8.7",
        "distributionId": DISTRIBUTION,
        "package": str(package),
        **changes,
    }
    return {key: value for key, value in given.items() if value is not None}


def run_app(folder: Path, given: Mapping[str, object], *, validate: bool = False) -> subprocess.CompletedProcess[str]:
    """Run `khaya_infra.app` as the CLI does: context and output folder come through the environment."""
    tools = find_tools()
    environ = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "JSII_NODE": str(tools.node),
        "CDK_OUTDIR": str(folder),
        "CDK_VALIDATION": str(validate).lower(),
        "CDK_CONTEXT_JSON": json.dumps(given),
    }
    command = [sys.executable, "-m", "khaya_infra.app"]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, env=environ)


@pytest.fixture(scope="session")
def assembly(tmp_path_factory: pytest.TempPathFactory) -> Assembly:
    """Both stacks, synthesised once; an error that the CDK's own validation finds fails it."""
    folder = tmp_path_factory.mktemp("assembly")
    package = folder / "package.zip"
    package.write_bytes(b"the bytes of a package")
    strict = {"@aws-cdk/core:validateAgainstDefaultRules": True}
    done = run_app(folder / "cdk.out", {**context(package), **strict}, validate=True)
    assert (0, "") == (done.returncode, done.stdout), done.stderr
    read = {
        path.name: json.loads(path.read_text("utf-8"))
        for path in (folder / "cdk.out").glob("*.json")
        if path.name.endswith(".template.json") or path.name == "manifest.json"
    }
    return Assembly(
        certificate=Template(read["KhayaCertificate.template.json"]),
        main=Template(read["KhayaStack.template.json"]),
        edge=Template(read["KhayaEdge.template.json"]),
        manifest=read["manifest.json"],
        folder=folder / "cdk.out",
    )


@pytest.fixture(scope="session")
def main(assembly: Assembly) -> Template:
    """The template of the main stack."""
    return assembly.main


@pytest.fixture(scope="session")
def edge(assembly: Assembly) -> Template:
    """The template of the stack that watches the edge."""
    return assembly.edge
