"""The workload of the benchmark: 140 checks of one made-up deployment, 60 of AWS, 40 of pages, 20 of TLS, 20 of DNS.

The checks are the library's own, planned from a template that the twin's emulator deployed; only their number is
chosen here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from checks.twin import Twin

REGION, ACCOUNT, STACK = "af-south-1", "000000000000", "Bench"
DOMAIN = "bench.example"
ALIASES = tuple(f"h{number}.{DOMAIN}" for number in range(1, 20))
HOSTS = (DOMAIN, *ALIASES)
PATHS = tuple(f"/p{number}" for number in range(40))
ADDRESS = "192.0.2.1"
PAGE = b"<!doctype html><html lang=en><head><title>Bench</title></head><body>here</body></html>"
# How many checks of each promise: every AWS check asks a question of its own, so there are 60 of them too.
CHOSEN = {
    "identity.caller": 1,
    "stack.status": 1,
    "tables.present": 10,
    "tables.pitr": 10,
    "buckets.encrypted": 10,
    "buckets.private": 10,
    "functions.ready": 8,
    "alarms.armed": 5,
    "logs.kept": 3,
    "queues.present": 2,
    "dns.address": 20,
    "tls.certificate": 20,
    "cdn.page": 40,
}


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many resources of each kind the stack has."""

    tables: int = 10
    buckets: int = 10
    functions: int = 8
    alarms: int = 5
    logs: int = 3
    topics: int = 1
    queues: int = 2


def template(sizes: Sizes) -> dict[str, Any]:
    """A CloudFormation template with so many resources."""
    resources: dict[str, Any] = {}
    for number in range(sizes.tables):
        resources[f"Table{number}"] = _table(number)
    for number in range(sizes.buckets):
        resources[f"Bucket{number}"] = _bucket(number)
    resources["Role"] = {
        "Type": "AWS::IAM::Role",
        "Properties": {"AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": []}},
    }
    for number in range(sizes.functions):
        resources[f"Function{number}"] = _function(number)
    for number in range(sizes.topics):
        resources[f"Topic{number}"] = {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": f"bench-{number}"}}
    for number in range(sizes.alarms):
        resources[f"Alarm{number}"] = _alarm(number)
    for number in range(sizes.logs):
        resources[f"Log{number}"] = {
            "Type": "AWS::Logs::LogGroup",
            "Properties": {"LogGroupName": f"/bench/{number}", "RetentionInDays": 30},
        }
    for number in range(sizes.queues):
        resources[f"Queue{number}"] = {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": f"bench-{number}"}}
    return {"Resources": resources}


def _table(number: int) -> dict[str, Any]:
    return {
        "Type": "AWS::DynamoDB::Table",
        "Properties": {
            "TableName": f"bench-{number}",
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
            "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
        },
    }


def _bucket(number: int) -> dict[str, Any]:
    closed = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")
    encrypted = [{"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
    return {
        "Type": "AWS::S3::Bucket",
        "Properties": {
            "BucketName": f"bench-{number}",
            "PublicAccessBlockConfiguration": dict.fromkeys(closed, True),
            "BucketEncryption": {"ServerSideEncryptionConfiguration": encrypted},
        },
    }


def _function(number: int) -> dict[str, Any]:
    return {
        "Type": "AWS::Lambda::Function",
        "Properties": {
            "FunctionName": f"bench-{number}",
            "Runtime": "python3.13",
            "Handler": "index.handler",
            "Role": {"Fn::GetAtt": ["Role", "Arn"]},
            "Code": {"ZipFile": "def handler(event, context): return {}"},
        },
    }


def _alarm(number: int) -> dict[str, Any]:
    return {
        "Type": "AWS::CloudWatch::Alarm",
        "Properties": {
            "AlarmName": f"bench-{number}",
            "Namespace": "AWS/Lambda",
            "MetricName": "Errors",
            "Dimensions": [{"Name": "FunctionName", "Value": {"Ref": "Function0"}}],
            "Statistic": "Sum",
            "Period": 60,
            "EvaluationPeriods": 1,
            "Threshold": 1,
            "ComparisonOperator": "GreaterThanOrEqualToThreshold",
            "AlarmActions": [{"Ref": "Topic0"}],
        },
    }


def deploy(twin: Twin, sizes: Sizes) -> None:
    """Create the stack on the twin, from a bucket: a hundred of each kind are more than a request may hold."""
    shelf = f"bench-templates-{ACCOUNT}"
    s3 = _client(twin, "s3")
    s3.create_bucket(Bucket=shelf, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket=shelf, Key="bench.json", Body=json.dumps(template(sizes)).encode())
    url = f"https://s3.{REGION}.amazonaws.com/{shelf}/bench.json"
    client = _client(twin, "cloudformation")
    client.create_stack(StackName=STACK, TemplateURL=url, Capabilities=["CAPABILITY_IAM"])
    client.get_waiter("stack_create_complete").wait(StackName=STACK, WaiterConfig={"Delay": 1, "MaxAttempts": 120})


def _client(twin: Twin, service: str) -> Any:  # noqa: ANN401 - boto3 makes its client classes at run time
    return boto3.client(
        service,  # type: ignore[call-overload] # named by whoever asks
        region_name=REGION,
        endpoint_url=twin.endpoint,
        verify=str(twin.ca_bundle),
        aws_access_key_id=twin.access_key_id,
        aws_secret_access_key=twin.secret_access_key,
        config=Config(proxies={}, s3={"addressing_style": "path"}),
    )


def settings_text(*, resolver: int, site: int, bundle: Path) -> str:
    """The target's settings file, for a resolver and a site at these ports of this machine."""
    quoted = ", ".join(f'"{each}"' for each in ALIASES)
    paths = ", ".join(f'"{each}"' for each in PATHS)
    return f"""schema = 1

[account]
id = "{ACCOUNT}"

[[stack]]
name = "{STACK}"
region = "{REGION}"

[site]
domain = "{DOMAIN}"
aliases = [{quoted}]
spa_paths = [{paths}]

[network]
resolver = "127.0.0.1:{resolver}"
ca_bundle = "{bundle}"

[network.connect]
"{ADDRESS}:443" = "127.0.0.1:{site}"
"""


def chosen(names: Iterator[str], sizes: dict[str, int]) -> tuple[str, ...]:
    """The first so many names of each promise, in their order."""
    left = dict(sizes)
    taken = []
    for name in names:
        promise = name.partition("[")[0]
        if left.get(promise, 0) > 0:
            left[promise] -= 1
            taken.append(name)
    lacking = {promise: count for promise, count in left.items() if count}
    if lacking:
        raise ValueError(f"the plan has too few checks for the workload: {lacking} are missing")
    return tuple(taken)


def naive(names: tuple[str, ...]) -> str:
    """The same workload for the suite that was written by hand: physical names by promise, as JSON."""
    told: dict[str, object] = {"account": ACCOUNT}
    for promise in CHOSEN:
        subjects = [each.partition("[")[2].removesuffix("]") for each in names if each.startswith(f"{promise}[")]
        told[promise] = [_physical(each) for each in subjects]
    return json.dumps(told)


def _physical(subject: str) -> str:
    kind = subject.rstrip("0123456789")
    number = subject[len(kind) :]
    if kind in {"Table", "Bucket", "Function", "Alarm"}:
        return f"bench-{number}"
    if kind == "Log":
        return f"/bench/{number}"
    return subject[subject.index("/") :] if "/" in subject else subject
