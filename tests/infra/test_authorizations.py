"""Every action of every policy exists in the Service Authorization Reference, on a resource of a kind that it has.

The reference is policy-sentry's, of the version in the lock. An action that AWS does not know, or that is allowed on a
resource that it is never asked about, is allowed to nobody: only AWS itself would show it, on the day of the deploy.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from policy_sentry.querying.actions import get_action_data
from policy_sentry.querying.arns import get_raw_arns_for_service

from tests.infra.conftest import Assembly, Json, Template

# What a reference to a resource's ARN looks like once AWS has resolved it, by type; ${…} stands for whatever is there.
ARNS = {
    "AWS::Cognito::UserPool": "arn:${Partition}:cognito-idp:${Region}:${Account}:userpool/x",
    "AWS::DynamoDB::Table": "arn:${Partition}:dynamodb:${Region}:${Account}:table/x",
    "AWS::DynamoDB::Table StreamArn": "arn:${Partition}:dynamodb:${Region}:${Account}:table/x/stream/x",
    "AWS::Lambda::Function": "arn:${Partition}:lambda:${Region}:${Account}:function:x",
    "AWS::Logs::LogGroup": "arn:${Partition}:logs:${Region}:${Account}:log-group:x:*",
    "AWS::S3::Bucket": "arn:${Partition}:s3:::x",
    "AWS::SNS::Topic": "arn:${Partition}:sns:${Region}:${Account}:x",
    "AWS::SQS::Queue": "arn:${Partition}:sqs:${Region}:${Account}:x",
    "AWS::SecretsManager::Secret": "arn:${Partition}:secretsmanager:${Region}:${Account}:secret:x",
}
STARRED = {
    "dynamodb:ListStreams": "Lambda asks for it before it reads a stream",
    "sns:Publish": "a text message has no resource, though topics have",
    "xray:PutTelemetryRecords": "tracing",
    "xray:PutTraceSegments": "tracing",
}


def statements(template: Template) -> Iterator[tuple[str, Json]]:
    """Every statement that allows something, with the construct path of its policy."""
    for resource in template.resources.values():
        said = resource.get("Properties", {})
        inline = said.get("Policies", ()) if resource["Type"] == "AWS::IAM::Role" else ()
        for document in (said.get("PolicyDocument"), *(each["PolicyDocument"] for each in inline)):
            where = str(resource["Metadata"]["aws:cdk:path"])
            yield from ((where, each) for each in (document or {}).get("Statement", ()) if each["Effect"] == "Allow")


def listed(value: Any) -> list[Any]:  # noqa: ANN401 - a part of a template
    """One or several."""
    return value if isinstance(value, list) else [value]


def allowed(assembly: Assembly) -> Iterator[tuple[str, list[str], list[str]]]:
    """The path, the actions and the resources of every statement, as AWS would see them."""
    for template in (assembly.certificate, assembly.main, assembly.edge):
        for path, statement in statements(template):
            arns = [spelt(resource, template) for resource in listed(statement.get("Resource", "*"))]
            yield path, listed(statement["Action"]), arns


def granted(assembly: Assembly) -> set[tuple[str, str]]:
    """Every action with each resource of its statement."""
    return {(action, arn) for _, actions, arns in allowed(assembly) for action in actions for arn in arns}


def asked(action: str, arn: str) -> bool:
    """Whether AWS ever asks about this action on a resource of this kind."""
    return arn == "*" or any(fits(arn, written) for written in formats(action) if written != "*")


def spelt(resource: Any, template: Template) -> str:  # noqa: ANN401 - a part of a template
    """A reference as the ARN that it becomes."""
    if isinstance(resource, str):
        return resource
    if "Ref" in resource:
        name = str(resource["Ref"])
        return ARNS[template.resources[name]["Type"]] if name in template.resources else f"${{{name}}}"
    if "Fn::GetAtt" in resource:
        name, attribute = resource["Fn::GetAtt"]
        kind = template.resources[name]["Type"]
        return ARNS.get(f"{kind} {attribute}") or ARNS[kind]
    return "".join(spelt(each, template) for each in resource["Fn::Join"][1])


@cache
def formats(action: str) -> tuple[str, ...]:
    """The ARNs that an action is asked about, as the reference writes them; `*` for none; nothing for no action."""
    service, name = action.split(":")
    found = get_action_data(service, name)
    return tuple(each["resource_arn_format"] for each in found[service]) if found else ()


def fits(arn: str, written: str) -> bool:
    """Whether an ARN is of a kind: each variable of the kind is whatever stands at its place."""
    pattern = "".join(".+" if part.startswith("${") else re.escape(part) for part in re.split(r"(\$\{\w+\})", written))
    # A log group's streams are below it, and a policy names them all by the star of the group.
    return re.fullmatch(pattern, arn) is not None or (written.count(":") > arn.count(":") and arn.endswith("*"))


def test_every_action_is_known_to_aws(assembly: Assembly) -> None:
    """A misspelt one is silently allowed to nobody."""
    assert [] == sorted({action for action, _ in granted(assembly) if not formats(action)})


def test_every_action_is_allowed_on_what_it_is_asked_about(assembly: Assembly) -> None:
    """A table's ARN for a question about its stream, say, would be refused by AWS and by nothing before it."""
    astray = [
        (path, words)
        for path, actions, arns in allowed(assembly)
        for words in (
            *(action for action in actions if not any(asked(action, arn) for arn in arns)),
            *(arn for arn in arns if not any(asked(action, arn) for action in actions)),
        )
    ]

    assert [] == astray


def test_a_bare_star_is_for_what_has_no_resource(assembly: Assembly) -> None:
    """A39: generated from the reference, the one exception named with its reason."""
    bare = {action for action, arn in granted(assembly) if arn == "*"}
    without = {action for action in bare if set(formats(action)) == {"*"}}

    assert {"sns:Publish"} == bare - without
    assert set(STARRED) == bare


def test_no_statement_names_actions_by_a_star(assembly: Assembly) -> None:
    """What AWS invents next year is not allowed today."""
    assert [] == [(action, arn) for action, arn in sorted(granted(assembly)) if "*" in action]


@pytest.mark.parametrize(
    ("action", "arn", "known"),
    (
        ("dynamodb:GetItem", ARNS["AWS::DynamoDB::Table"], True),
        ("dynamodb:Query", f"{ARNS['AWS::DynamoDB::Table']}/index/StatusIndex", True),
        ("dynamodb:GetRecords", ARNS["AWS::DynamoDB::Table"], False),
        ("dynamodb:GetRecords", ARNS["AWS::DynamoDB::Table StreamArn"], True),
        ("s3:PutObject", ARNS["AWS::S3::Bucket"], False),
        ("s3:PutObject", f"{ARNS['AWS::S3::Bucket']}/proofs/*", True),
        ("sqs:SendMessage", ARNS["AWS::SNS::Topic"], False),
        ("dynamodb:FetchItem", ARNS["AWS::DynamoDB::Table"], False),
    ),
)
def test_the_reference_tells_the_right_kind_from_the_wrong_one(action: str, arn: str, known: bool) -> None:  # noqa: FBT001
    """Both sides of what the tests above rely on."""
    assert known == asked(action, arn)


def test_the_arns_that_references_become_are_of_their_services() -> None:
    """The table above, held against the reference's own list of kinds."""
    for kind, arn in ARNS.items():
        service = arn.split(":")[2]
        assert any(fits(arn, written) for written in get_raw_arns_for_service(service)), kind
