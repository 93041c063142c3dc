"""Reads a CloudFormation template and says what its resources are called and what their properties really are.

Pure: the template's text comes in, live values come in, nothing is looked up. What cannot be known is ``Unresolved``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from checks.frozen import dataclass
from checks.model import Unresolved
from checks.template import intrinsics
from checks.template.intrinsics import Scope, Surroundings

__all__ = ["Resolved", "Surroundings", "TemplateError", "parse", "resolve", "subjects"]


class TemplateError(ValueError):
    """A text that is no CloudFormation template; the message says why and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """A template over live values: the properties of each logical id, each condition, and the keys of its outputs."""

    properties: Mapping[str, Mapping[str, object]]
    conditions: Mapping[str, bool | Unresolved]
    outputs: tuple[str, ...]


# What a deployment replaces by design gets a new logical id each time, so it is named by what it belongs to:
# the property that refers to its owner, and the last part of its name.
_OWNED: Mapping[str, tuple[str, str]] = {
    "AWS::ApiGateway::Deployment": ("RestApiId", "Deployment"),
    "AWS::ApiGatewayV2::Deployment": ("ApiId", "Deployment"),
    "AWS::AppSync::ApiKey": ("ApiId", "ApiKey"),
    "AWS::Lambda::Version": ("FunctionName", "Version"),
}
_HIDDEN_TAILS = ("Resource", "Default")


def parse(text: str) -> Mapping[str, Any]:
    """The template of *text*, JSON or YAML with CloudFormation's short forms; YAML needs PyYAML.

    Raises TemplateError when it is neither, or has no resources.
    """
    template = _from_json(text) if text.lstrip().startswith("{") else _from_yaml(text)
    if not isinstance(template, dict) or not isinstance(template.get("Resources"), dict):
        raise TemplateError("expected a template with a table of Resources; this text has none")
    odd = [name for name, one in template["Resources"].items() if not _is_resource(one)]
    if odd:
        raise TemplateError(f"expected a Type for every resource; {', '.join(map(str, odd))} has none")
    return template


def resolve(template: Mapping[str, Any], surroundings: Surroundings) -> Resolved:
    """All properties with their intrinsics resolved over *surroundings*.

    A part that cannot be known is Unresolved in its place; a text with such a part is Unresolved as a whole.
    Raises TemplateError only for a template nested too deeply to be walked.
    """
    scope = Scope(template=template, surroundings=surroundings)
    try:
        return Resolved(
            properties={name: _properties(scope, one) for name, one in template["Resources"].items()},
            conditions={name: intrinsics.condition(scope, name) for name in intrinsics.table(template, "Conditions")},
            outputs=tuple(
                name for name, one in intrinsics.table(template, "Outputs").items() if intrinsics.wanted(scope, one)
            ),
        )
    except RecursionError as error:
        raise TemplateError("expected a template that a person could read; this one is nested too deeply") from error


def subjects(template: Mapping[str, Any], stack: str) -> Mapping[str, str]:
    """The name of each resource: its construct path without the stack and a trailing ``Resource`` or ``Default``.

    The logical id where there is no path. Kinds that are replaced by design are named by their owner, as long as
    the owner has one of the kind.
    """
    resources = template["Resources"]
    own = {name: _own_subject(name, one, stack) for name, one in resources.items()}
    owned = {name: _owned_subject(one, own) for name, one in resources.items()}
    taken = [*own.values(), *owned.values()]
    return {
        name: owned[name] if owned[name] and taken.count(owned[name]) - (own[name] == owned[name]) == 1 else own[name]
        for name in resources
    }


def _properties(scope: Scope, one: Mapping[str, Any]) -> Mapping[str, object]:
    written = one.get("Properties", {})
    found = intrinsics.value(scope, written)
    if isinstance(found, dict) or not isinstance(written, dict):
        return found if isinstance(found, dict) else {}
    # All properties come out of one function that nobody can compute here: unknown, which is not the same as unset.
    return dict.fromkeys(written, found)


def _own_subject(logical_id: str, one: Mapping[str, Any], stack: str) -> str:
    metadata = one.get("Metadata")
    path = metadata.get("aws:cdk:path") if isinstance(metadata, dict) else None
    if not isinstance(path, str):
        return logical_id
    inner = _inside_stack(path.split("/"), stack)
    if len(inner) > 1 and inner[-1] in _HIDDEN_TAILS:
        inner = inner[:-1]
    return "/".join(inner) or logical_id


def _inside_stack(parts: list[str], stack: str) -> list[str]:
    """Without the stack's own part of the path; a stack within a stage is called by both, joined with a dash."""
    for depth in range(1, len(parts)):
        if "-".join(parts[:depth]) == stack:
            return parts[depth:]
    return parts[1:]


def _owned_subject(one: Mapping[str, Any], own: Mapping[str, str]) -> str:
    if one["Type"] not in _OWNED:
        return ""
    key, tail = _OWNED[one["Type"]]
    properties = one.get("Properties")
    reference = properties.get(key) if isinstance(properties, dict) else None
    owner = reference.get("Ref") if isinstance(reference, dict) else None
    return f"{own[owner]}/{tail}" if isinstance(owner, str) and owner in own else ""


def _is_resource(one: object) -> bool:
    return isinstance(one, dict) and isinstance(one.get("Type"), str)


def _from_json(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise TemplateError(f"expected a template in JSON: {error}") from error


def _from_yaml(text: str) -> object:
    # PyYAML and its tags are looked up only for a template that is not JSON: the CDK writes JSON.
    try:
        from checks.template import short_forms
    except ImportError as error:
        raise TemplateError(
            "the template is not JSON, and YAML needs PyYAML: pip install pyyaml, or the extra yaml"
        ) from error
    try:
        return short_forms.load(text)
    except ValueError as error:
        raise TemplateError(f"expected a template in JSON or YAML: {error}") from error
