"""Kinds that are compared with their template word by word: each of them passes, and fails for each of its words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from checks import plan
from checks.catalogue import BY_NAME
from checks.evidence import Absent, Described
from checks.likeness import Row, checks_of, judge_likeness
from checks.model import Check, Resource, Unresolved, Verdict
from checks.promises import (
    boards,
    callers,
    edges,
    firewalls,
    guests,
    httpapis,
    keepings,
    mappings,
    roles,
    signins,
    stages,
    topics,
    workflows,
)
from tests.promises.worlds import ACCOUNT, HOSTILE, NOW, REGION, planned, resource, target, world

ROOMS = (
    *(signins, guests, boards, callers, edges, firewalls),
    *(httpapis, keepings, mappings, roles, stages, topics, workflows),
)
ROWS: tuple[Row, ...] = (*(row for room in ROOMS for row in room.ROWS), roles.TRUST)
FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:shop"
QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:dead"
POLICY = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": "*"}]}
MACHINE = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}})
KEPT = {"DestinationConfig": {"OnFailure": {"Destination": QUEUE}}, "MaximumRetryAttempts": 2}

# What a template says of one resource of each kind, beside the name by which AWS is asked for it.
SAMPLES: Mapping[str, tuple[Mapping[str, object], str]] = {
    "AWS::Cognito::UserPoolDomain": ({"Domain": "shop", "UserPoolId": "p1"}, "shop"),
    "AWS::Cognito::IdentityPool": (
        {
            "AllowUnauthenticatedIdentities": False,
            "CognitoIdentityProviders": [{"ProviderName": "cognito-idp/p1", "ClientId": "c1"}],
            "SamlProviderARNs": ["arn:saml"],
        },
        "thing-1",
    ),
    "AWS::Cognito::IdentityPoolRoleAttachment": (
        {
            "IdentityPoolId": "r:1",
            "Roles": {"authenticated": "arn:r1"},
            "RoleMappings": {"cognito-idp/p1:c1": {"Type": "Token", "AmbiguousRoleResolution": "Deny"}},
        },
        "r:1",
    ),
    "AWS::CloudWatch::CompositeAlarm": (
        {
            "AlarmRule": "ALARM(a)\n OR ALARM(b)",
            "AlarmActions": ["arn:t"],
            "ActionsSuppressor": "arn:a:alarm:Deploying",
        },
        "thing-1",
    ),
    "AWS::CloudWatch::Dashboard": ({"DashboardBody": '{"widgets": []}'}, "thing-1"),
    "AWS::Lambda::Alias": ({"FunctionName": "shop", "Name": "live", "FunctionVersion": "7"}, "thing-1"),
    "AWS::Lambda::Version": ({"FunctionName": "shop"}, "thing-1"),
    "AWS::Lambda::EventInvokeConfig": ({"FunctionName": FUNCTION, "Qualifier": "live", **KEPT}, "shop:live"),
    "AWS::Lambda::Url": ({"TargetFunctionArn": FUNCTION, "AuthType": "AWS_IAM"}, "shop"),
    "AWS::Lambda::EventSourceMapping": (
        {"FunctionName": FUNCTION, "EventSourceArn": QUEUE, "BatchSize": 10.0, "StartingPosition": "LATEST", **KEPT},
        "thing-1",
    ),
    "AWS::CloudFront::Function": (
        {"FunctionCode": "function handler(e) { return e }", "FunctionConfig": {"Runtime": "cloudfront-js-2.0"}},
        "thing-1",
    ),
    "AWS::CloudFront::ResponseHeadersPolicy": (
        {"ResponseHeadersPolicyConfig": {"SecurityHeadersConfig": {"FrameOptions": {"FrameOption": "DENY"}}}},
        "thing-1",
    ),
    "AWS::CloudFront::OriginAccessControl": (
        {"OriginAccessControlConfig": {"SigningBehavior": "always", "SigningProtocol": "sigv4"}},
        "thing-1",
    ),
    "AWS::ApiGatewayV2::Api": (
        {"ProtocolType": "HTTP", "CorsConfiguration": {"AllowOrigins": ["https://shop.test"]}},
        "thing-1",
    ),
    "AWS::ApiGatewayV2::Stage": ({"ApiId": "a1", "StageName": "$default", "AutoDeploy": True}, "a1/$default"),
    "AWS::ApiGatewayV2::Integration": (
        {"ApiId": "a1", "IntegrationType": "AWS_PROXY", "IntegrationUri": FUNCTION},
        "a1/thing-1",
    ),
    "AWS::ApiGatewayV2::Authorizer": (
        {"ApiId": "a1", "AuthorizerType": "JWT", "JwtConfiguration": {"Issuer": "https://i.test", "Audience": ["c"]}},
        "a1/thing-1",
    ),
    "AWS::SecretsManager::Secret": ({"KmsKeyId": "k"}, "thing-1"),
    "AWS::SecretsManager::RotationSchedule": (
        {"SecretId": "s1", "RotationRules": {"AutomaticallyAfterDays": 30}},
        "s1",
    ),
    "AWS::KMS::Key": ({"EnableKeyRotation": True}, "thing-1"),
    "AWS::SSM::Parameter": ({"Type": "String", "Value": "blue"}, "thing-1"),
    "AWS::Backup::BackupVault": ({"LockConfiguration": {"MinRetentionDays": 7}}, "thing-1"),
    "AWS::DynamoDB::Table": ({"TimeToLiveSpecification": {"Enabled": True, "AttributeName": "until"}}, "thing-1"),
    "AWS::Events::EventBus": ({"Name": "orders"}, "thing-1"),
    "AWS::Logs::MetricFilter": (
        {
            "LogGroupName": "/shop",
            "FilterPattern": "ERROR",
            "MetricTransformations": [{"MetricNamespace": "Shop", "MetricName": "Errors", "MetricValue": "1"}],
        },
        "/shop thing-1",
    ),
    "AWS::IAM::Policy": ({"PolicyName": "reads", "Roles": ["worker"], "PolicyDocument": POLICY}, "worker/reads"),
    "AWS::IAM::Role": ({"AssumeRolePolicyDocument": POLICY}, "thing-1"),
    "AWS::ApiGateway::Stage": (
        {
            "RestApiId": "a1",
            "StageName": "prod",
            "DeploymentId": "d1",
            "MethodSettings": [{"HttpMethod": "*", "ResourcePath": "/*", "ThrottlingRateLimit": 500.0}],
        },
        "a1/prod",
    ),
    "AWS::ApiGateway::RequestValidator": ({"RestApiId": "a1", "ValidateRequestBody": True}, "a1/thing-1"),
    "AWS::ApiGateway::Authorizer": ({"RestApiId": "a1", "Type": "COGNITO_USER_POOLS"}, "a1/thing-1"),
    "AWS::ApiGateway::Account": ({"CloudWatchRoleArn": "arn:r"}, REGION),
    "AWS::SNS::Subscription": (
        {"TopicArn": "arn:t", "Protocol": "sqs", "Endpoint": QUEUE, "FilterPolicy": {"kind": ["new"]}},
        "arn:s",
    ),
    "AWS::WAFv2::WebACLAssociation": ({"ResourceArn": "arn:stage", "WebACLArn": "arn:wall"}, "arn:stage"),
    "AWS::StepFunctions::StateMachine": ({"DefinitionString": MACHINE, "RoleArn": "arn:r"}, "thing-1"),
}
EACH = pytest.mark.parametrize("row", ROWS, ids=lambda row: str(row.promise.name))


def _one(row: Row, properties: Mapping[str, object] | None = None) -> Resource:
    said = SAMPLES[row.type][0] if properties is None else properties
    physical_id = "arn:s" if row.type == "AWS::SNS::Subscription" else "thing-1"
    return resource(row.type, said, physical_id=physical_id)


def _check(row: Row) -> Check:
    (check,) = planned(checks_of(target(_one(row)), (row,))).values()
    return check


def _good(row: Row) -> str:
    """The state that is good: the only one of which the judge does not complain."""
    words: Any = _check(row).params["words"]
    judged = {each: _judged(row, Described(kind=row.type, name="x", state=each, words=words)) for each in _STATES}
    return next(state for state, verdict in judged.items() if verdict.status == "pass")


_STATES = ("there", "ACTIVE", "Enabled", "ENABLED", "Active", "OK", "confirmed")


def _judged(row: Row, seen: Described | Absent) -> Verdict:
    return _check(row).sight.judge(seen, NOW)


def _right(row: Row) -> Described:
    words = _check(row).params["words"]
    assert isinstance(words, tuple)
    return Described(kind=row.type, name="x", state=_good(row), words=tuple(sorted(words)))


@EACH
def test_every_kind_is_asked_for_by_its_name(row: Row) -> None:
    """The name follows from the template, and the ARN that IAM weighs from that."""
    check = _check(row)

    assert SAMPLES[row.type][1] == check.params["name"]
    assert all("{" not in arn for arn in check.place.resources)
    assert check.promise is BY_NAME[check.promise.name]


@EACH
def test_what_is_as_the_template_says_passes(row: Row) -> None:
    """Every word of it, in a good state."""
    assert "pass" == _judged(row, _right(row)).status


@EACH
def test_each_word_that_differs_fails_by_its_name(row: Row) -> None:
    """One at a time, and one that is missing."""
    right = _right(row)
    for word, value in right.words:
        for other in ("another", ""):
            changed = tuple((name, other if name == word else text) for name, text in right.words)
            verdict = _judged(row, Described(kind=row.type, name="x", state=right.state, words=changed))
            assert "fail" == verdict.status, (word, value)
            assert word in verdict.actual
            assert verdict.remedy


@EACH
@pytest.mark.parametrize("state", ("DELETING", "to be deleted", "Disabled", "PendingDeletion", "FAILED", ""))
def test_a_state_that_nobody_wants_fails(row: Row, state: str) -> None:
    """Whatever else is right."""
    right = _right(row)

    assert "fail" == _judged(row, Described(kind=row.type, name="x", state=state, words=right.words)).status


@EACH
def test_what_is_not_there_fails(row: Row) -> None:
    """With what to do about it."""
    verdict = _judged(row, Absent(what="x"))

    assert "fail" == verdict.status
    assert "there is no" in verdict.actual
    assert verdict.remedy


@EACH
def test_what_the_template_leaves_open_is_left_out_and_said(row: Row) -> None:
    """A value that cannot be known is no value to compare with."""
    said = {key: Unresolved(f"{key} of another stack") for key in SAMPLES[row.type][0]}
    made = list(checks_of(target(_one(row, said)), (row,)))

    for check in made:
        told = check.sight.judge(Described(kind=row.type, name="x", state=_good(row)), NOW)
        assert not check.params["gaps"] or "not compared" in told.expected


@EACH
def test_nothing_that_aws_says_reaches_a_terminal(row: Row) -> None:
    """Hostile text is one harmless line."""
    right = _right(row)
    words = tuple((word, HOSTILE) for word, _ in right.words)

    assert _judged(row, Described(kind=row.type, name="x", state=HOSTILE, words=words)).actual.isprintable()


def test_what_is_on_its_way_is_not_yet() -> None:
    """A good state comes of it; a bad word is looked at when it has come."""
    verdict = judge_likeness(
        Described(kind="k", name="n", state="Creating"), NOW, noun="thing", name="n", words=(("a", "b"),), gaps=(),
        good=("Enabled",), pending=("Creating",), remedy="repair it",
    )  # fmt: skip

    assert ("not_yet", "Creating") == (verdict.status, verdict.actual)


def test_a_stored_plan_of_all_kinds_is_read_back() -> None:
    """Parameters are plain values."""
    checks = [_check(row) for row in ROWS if row.type != "AWS::SNS::Subscription"]
    made = plan.freeze(checks, target="t", account=ACCOUNT, regions=(REGION,))

    read = plan.from_json(json.loads(json.dumps(plan.to_json(made))), BY_NAME)

    assert [(each.name, each.params) for each in made.checks] == [(each.name, each.params) for each in read.checks]


def test_the_world_is_asked_for_the_kind_of_the_row() -> None:
    """A rotation is read of its secret, a time to live of its table."""
    asked = {
        "AWS::SecretsManager::RotationSchedule": "AWS::SecretsManager::Secret",
        "AWS::DynamoDB::Table": "AWS::DynamoDB::TimeToLive",
    }
    for row in ROWS:
        seen = _right(row)
        kind = asked.get(row.type, row.type)
        told = _check(row).sight.look(world({("described", kind, REGION, SAMPLES[row.type][1]): seen}))
        assert seen == told
