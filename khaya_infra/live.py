"""What serves at this moment: the version behind each function's alias, and of each file of the site."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from khaya_infra.publish import is_hashed
from khaya_infra.releases import UNPUBLISHED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from khaya_infra.clients import Client

ALIAS = "live"
_SHORT = 12


def functions_of(cloudformation: Client, stack: str) -> tuple[str, ...]:
    """Names of the functions of a stack."""
    return tuple(
        sorted(
            each["PhysicalResourceId"]
            for each in resources_of(cloudformation, stack)
            if each["ResourceType"] == "AWS::Lambda::Function" and each.get("PhysicalResourceId")
        )
    )


def standing(functions: Client, names: tuple[str, ...]) -> dict[str, str]:
    """For each function the version that its alias stands on; without an alias, the commit that it runs."""
    return {name: _version(functions, name) for name in names}


def _version(functions: Client, name: str) -> str:
    try:
        return str(functions.get_alias(FunctionName=name, Name=ALIAS)["FunctionVersion"])
    except functions.exceptions.ResourceNotFoundException:
        seen = functions.get_function_configuration(FunctionName=name)
        commit = seen.get("Environment", {}).get("Variables", {}).get("GIT_SHA", seen["CodeSha256"])
        return f"{UNPUBLISHED}{commit[:_SHORT]}"


def move(functions: Client, versions: Mapping[str, str]) -> list[str]:
    """Let each function's alias stand on the version given for it, wholly; those that were moved."""
    moved = []
    for name, version in versions.items():
        found = functions.get_alias(FunctionName=name, Name=ALIAS)
        if found["FunctionVersion"] != version or found.get("RoutingConfig", {}).get("AdditionalVersionWeights"):
            functions.update_alias(
                FunctionName=name, Name=ALIAS, FunctionVersion=version, RoutingConfig={"AdditionalVersionWeights": {}}
            )
            moved.append(f"{name} to {version}")
    return moved


def declared(cloudformation: Client, stack: str) -> dict[str, str]:
    """For each function with an alias, the version that the stack's own template wants it on.

    CloudFormation sets an alias when its template changes and at no other time: where somebody moved one, the same
    template deployed again leaves it there.
    """
    physical = _physical(cloudformation, stack)
    return {
        physical[_logical(each["FunctionName"])]: _number(each["FunctionVersion"], physical)
        for each in _aliases(template_of(cloudformation, stack))
    }


def redeclared(cloudformation: Client, stack: str, versions: Mapping[str, str]) -> dict[str, Any]:
    """The stack's own template with each alias wanted on the version that is given for its function."""
    template, physical = template_of(cloudformation, stack), _physical(cloudformation, stack)
    for each in _aliases(template):
        each["FunctionVersion"] = versions.get(physical[_logical(each["FunctionName"])], each["FunctionVersion"])
    return template


def template_of(cloudformation: Client, stack: str) -> dict[str, Any]:
    """A stack's template as it was submitted."""
    body = cloudformation.get_template(StackName=stack, TemplateStage="Original")["TemplateBody"]
    return dict(json.loads(body) if isinstance(body, str) else body)


def _aliases(template: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        each["Properties"]
        for each in template["Resources"].values()
        if each["Type"] == "AWS::Lambda::Alias" and each["Properties"].get("Name") == ALIAS
    ]


def _physical(cloudformation: Client, stack: str) -> dict[str, str]:
    return {each["LogicalResourceId"]: each["PhysicalResourceId"] for each in resources_of(cloudformation, stack)}


def _number(version: object, physical: Mapping[str, str]) -> str:
    # A version's id is the function's ARN and the number.
    return version if isinstance(version, str) else physical[_logical(version)].rpartition(":")[2]


def _logical(reference: Any) -> str:  # noqa: ANN401 - a template's JSON
    if "Ref" in reference:
        return str(reference["Ref"])
    target = reference["Fn::GetAtt"]
    return str(target[0] if isinstance(target, list) else target.partition(".")[0])


def resources_of(cloudformation: Client, stack: str) -> list[dict[str, Any]]:
    """Every resource of a stack, as CloudFormation lists them."""
    pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack)
    return [each for page in pages for each in page["StackResourceSummaries"]]


def pages_standing(s3: Client, bucket: str) -> dict[str, str]:
    """The version of each file of the site whose name stays the same from release to release."""
    pages = s3.get_paginator("list_object_versions").paginate(Bucket=bucket)
    return {
        each["Key"]: str(each["VersionId"])
        for page in pages
        for each in page.get("Versions", [])
        if each["IsLatest"] and not is_hashed(each["Key"])
    }
