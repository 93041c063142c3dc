"""The fleet's stack: its machine, who may do what, and nothing wider; and the gate of a stack as a resource of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App, Environment, Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_lambda as lambda_
from aws_cdk.assertions import Match, Template

from khaya_infra.fleet import FleetStack, definition
from khaya_infra.release_gate import HANDLER, ReleaseGate
from tests.infra.conftest import ROOT

WHERE = Environment(account="111122223333", region="eu-west-1")


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    """The stack, synthesised."""
    package = tmp_path_factory.mktemp("fleet") / "package.zip"
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("checks/__init__.py", "")
    made = FleetStack(App(), "ChecksFleet", package=package, runtime="3.13", role="Looks", env=WHERE)
    return Template.from_stack(made)


def granted(template: Template) -> dict[str, Any]:
    """Every action that any role is allowed, with what it is allowed on."""
    policies = template.find_resources("AWS::IAM::Policy").values()
    statements = [one for each in policies for one in each["Properties"]["PolicyDocument"]["Statement"]]
    return {
        action: one["Resource"]
        for one in statements
        for action in (one["Action"] if isinstance(one["Action"], list) else [one["Action"]])
    }


def test_the_machine_maps_over_accounts_and_then_over_their_targets(template: Template) -> None:
    """What is deployed is what is run on the twin: the same definition."""
    (machine,) = template.find_resources("AWS::StepFunctions::StateMachine").values()
    text = machine["Properties"]["DefinitionString"]
    joined = "".join(each if isinstance(each, str) else "FUNCTION" for each in text["Fn::Join"][1])

    assert definition("FUNCTION", "FUNCTION") == json.loads(joined)
    assert {"Enabled": True} == machine["Properties"]["TracingConfiguration"]


def test_it_looks_through_one_role_of_each_account_and_starts_itself_alone(template: Template) -> None:
    """No action on everything but what tracing asks for."""
    allowed = granted(template)

    assert {"Fn::Join": ["", ["arn:", {"Ref": "AWS::Partition"}, ":iam::*:role/Looks"]]} == allowed["sts:AssumeRole"]
    for action in ("states:StartExecution", "states:DescribeExecution", "states:StopExecution"):
        assert "ChecksFleet-Fleet" in json.dumps(allowed[action]), action
    assert not [action for action, each in allowed.items() if each == "*" and not action.startswith("xray:")]


def test_its_bucket_is_closed_and_its_functions_have_the_canarys_size(template: Template) -> None:
    """Answers name what is broken in a hundred accounts."""
    template.has_resource_properties(
        "AWS::S3::Bucket",
        {
            "PublicAccessBlockConfiguration": Match.object_like({"BlockPublicAcls": True}),
            "VersioningConfiguration": {"Status": "Enabled"},
        },
    )
    for handler in ("checks.doors.fleet.look", "checks.doors.fleet.report"):
        template.has_resource_properties("AWS::Lambda::Function", {"Handler": handler, "MemorySize": 1024})
    outputs = template.to_json()["Outputs"]
    assert {"BucketIs", "MachineIs", "LookRoleIs"} <= set(outputs)


def test_the_application_makes_the_stack_with_the_canarys_own_package(tmp_path: Path) -> None:
    """As `cdk deploy --app "python -m khaya_infra.fleet"` runs it."""
    environ = {**os.environ, "CDK_OUTDIR": str(tmp_path), "CDK_CONTEXT_JSON": json.dumps({"role": "Looks"})}
    subprocess.run([sys.executable, "-m", "khaya_infra.fleet"], env=environ, cwd=ROOT, check=True)

    text = (tmp_path / "ChecksFleet.template.json").read_text("utf-8")
    assert "role/Looks" in text
    assert [each for each in tmp_path.glob("asset.*.zip") if each.stat().st_size > 500_000]


def test_a_gate_stands_behind_what_a_release_changes() -> None:
    """CloudFormation creates it last, and asks it again for another release."""
    stack = Stack(App(), "Shop", env=WHERE)
    key = dynamodb.Attribute(name="id", type=dynamodb.AttributeType.STRING)
    table = dynamodb.Table(stack, "Orders", partition_key=key)
    function = lambda_.Function(
        stack,
        "Hook",
        runtime=lambda_.Runtime.PYTHON_3_13,
        handler=HANDLER,
        code=lambda_.Code.from_inline("def custom_resource(event, context): ..."),
    )
    gate = ReleaseGate(stack, "ReleaseGate", function=function, release="abc", behind=[table])
    (made,) = Template.from_stack(stack).find_resources("Custom::ReleaseGate").values()

    assert gate.resource.ref
    assert ("abc", "Delete") == (made["Properties"]["Release"], made["DeletionPolicy"])
    assert "Orders" in "".join(made["DependsOn"])
    assert "checks.doors.hooks.custom_resource" == HANDLER
