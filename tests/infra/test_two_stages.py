"""Staging and production in one account: neither takes a name that the other has, or may touch what is the other's."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER  # type: ignore[import-untyped] # it ships no types

from khaya_infra.settings import read_settings
from khaya_infra.toolchain import find_tools
from tests.infra.conftest import ROOT, context

STAGES = ("prod", "staging")
Name = tuple[str, str, str]
# Names that an account has once although the type's identity is an id (CloudFront API: AlreadyExists errors).
ALSO_NAMED = {
    "AWS::CloudFront::CachePolicy": ("CachePolicyConfig/Name",),
    "AWS::CloudFront::Distribution": ("DistributionConfig/Aliases",),
    "AWS::CloudFront::Function": ("Name",),
    "AWS::CloudFront::OriginAccessControl": ("OriginAccessControlConfig/Name",),
    "AWS::CloudFront::ResponseHeadersPolicy": ("ResponseHeadersPolicyConfig/Name",),
    "AWS::Budgets::Budget": ("Budget/BudgetName",),
    "AWS::Events::Rule": ("Name",),
    "AWS::SNS::Topic": ("TopicName",),
    "AWS::SQS::Queue": ("QueueName",),
    "AWS::SecretsManager::Secret": ("Name",),
}
# One jsii for both: starting it takes longer than a synthesis.
SYNTHESISE = """
import json, sys
from aws_cdk import App
from khaya_infra.app import FLAGS, build
for folder, given in json.loads(sys.argv[1]).items():
    build(App(outdir=folder, context={**FLAGS, **given})).synth()
"""


@pytest.fixture(scope="module")
def stages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """The templates of each stage by the names of their stacks, with everything that a stack knows of itself filled in.

    The certificate and the hosted zone are each stage's own, as they are when deployed.
    """
    folder = tmp_path_factory.mktemp("stages")
    package = folder / "package.zip"
    package.write_bytes(b"x")
    given = {
        str(folder / stage): context(
            package,
            settings=str(ROOT / "checks" / "targets" / f"{stage}.toml"),
            hostedZoneId=f"Z{number}123456789ABCDEFGHIJ",
            certificateArn=f"arn:aws:acm:us-east-1:123456789012:certificate/{number}",
            distributionId=f"E{number}ABCDEFGHIJKL",
        )
        for number, stage in enumerate(STAGES)
    }
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "JSII_NODE": str(find_tools().node)}
    command = [sys.executable, "-c", SYNTHESISE, json.dumps(given)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environ, cwd=ROOT)
    assert 0 == done.returncode, done.stderr
    return {stage: dict(_templates(folder / stage)) for stage in STAGES}


def _templates(folder: Path) -> Iterator[tuple[str, Any]]:
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    for name, each in manifest["artifacts"].items():
        if each["type"] == "aws:cloudformation:stack":
            template = json.loads((folder / each["properties"]["templateFile"]).read_text("utf-8"))
            yield name, _resolved(template, name, each["environment"].rpartition("/")[2])


def _resolved(said: Any, stack: str, region: str) -> Any:  # noqa: ANN401 - a template's JSON
    """What a stack knows of itself filled in; what it only knows once deployed becomes a text that names the stack."""
    if isinstance(said, list):
        return [_resolved(each, stack, region) for each in said]
    if not isinstance(said, dict):
        return said
    if said.keys() == {"Ref"}:
        known = {"AWS::StackName": stack, "AWS::Region": region, "AWS::AccountId": "1", "AWS::Partition": "aws"}
        return known.get(said["Ref"], f"<{stack} {said['Ref']}>")
    if said.keys() == {"Fn::Join"}:
        between, parts = said["Fn::Join"]
        return between.join(str(_resolved(each, stack, region)) for each in parts)
    if len(said) == 1 and next(iter(said)).startswith("Fn::"):
        return f"<{stack} {json.dumps(said)}>"
    return {key: _resolved(each, stack, region) for key, each in said.items()}


def names(templates: Mapping[str, Any]) -> set[Name]:
    """Type, property and value of every name that an account, a region or the world has once.

    An identity of several parts, such as a group in a user pool, is one name: its parent makes it the stage's own.
    """
    found = set[Name]()
    for template in templates.values():
        for each in template["Resources"].values():
            properties = each.get("Properties", {})
            schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", each["Type"]).schema
            identity = [part.removeprefix("/properties/") for part in schema["primaryIdentifier"]]
            for path in ("+".join(identity), *ALSO_NAMED.get(each["Type"], ())):
                values = [_at(properties, part) for part in path.split("+")]
                # What is not said is given by AWS, or made of the stack's name.
                if None not in values:
                    found.add((each["Type"], path, json.dumps(values)))
    return found


def _at(properties: Any, path: str) -> Any:  # noqa: ANN401 - a template's JSON
    for part in path.split("/"):
        properties = properties.get(part) if isinstance(properties, dict) else None
    return properties


def reach(templates: Mapping[str, Any]) -> set[str]:
    """Every ARN that a role of these templates may do something to."""
    policies = [
        each["Properties"]["PolicyDocument"]["Statement"]
        for template in templates.values()
        for each in template["Resources"].values()
        if each["Type"] == "AWS::IAM::Policy"
    ]
    written = [statement.get("Resource", "*") for statements in policies for statement in statements]
    return {arn for each in written for arn in (each if isinstance(each, list) else [each])}


def test_no_name_of_one_stage_is_one_of_the_others(stages: Mapping[str, Any]) -> None:
    """A35: a second stage is deployed beside the first, and neither replaces what is the other's."""
    first, second = (names(stages[stage]) for stage in STAGES)

    assert len(first) > 100
    assert set() == first & second


def test_a_stage_deployed_twice_would_be_noticed(stages: Mapping[str, Any]) -> None:
    """The failing twin: under one name for both, log groups and boards collide."""
    renamed = json.loads(json.dumps(stages["staging"]).replace("KhayaStaging", "KhayaStack"))
    shared = {kind for kind, _, _ in names(stages["prod"]) & names(renamed)}

    assert {"AWS::Logs::LogGroup", "AWS::CloudWatch::Dashboard"} <= shared


def test_no_role_of_one_stage_reaches_what_is_the_others(stages: Mapping[str, Any]) -> None:
    """But for what has no resource: a role of staging reads, writes and calls nothing of production."""
    first, second = (reach(stages[stage]) for stage in STAGES)

    assert len(first) > 20
    assert {"*"} == first & second


def test_no_stage_exports_or_imports(stages: Mapping[str, Any]) -> None:
    """A35: an export's name is unique in its account and region, and what is imported cannot be changed."""
    text = json.dumps(stages)

    assert "Fn::ImportValue" not in text
    assert [] == [
        name
        for stage in STAGES
        for template in stages[stage].values()
        for name, each in template.get("Outputs", {}).items()
        if "Export" in each
    ]


def test_two_stages_share_no_stack_and_no_host() -> None:
    """By the settings alone: every stack, the canary's too, and every name of the site."""
    first, second = (read_settings(ROOT / "checks" / "targets" / f"{stage}.toml") for stage in STAGES)

    assert set() == {place.name for place in first.places} & {place.name for place in second.places}
    assert set() == set(first.hosts) & set(second.hosts)
