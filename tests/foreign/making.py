"""The same things made by the same calls, in whatever AWS is asked: what two of them say of these can be compared."""

from __future__ import annotations

import contextlib
import io
import json
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

REGION = "af-south-1"
ACCOUNT = "000000000000"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
READS = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}
LENDS = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "kms:*", "Resource": "*"}
    ],
}
MACHINE = {"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}}
BOARD: dict[str, list[object]] = {"widgets": []}
Client = Callable[[str], Any]


@dataclass(frozen=True, slots=True)
class Made:
    """A question of ``ports.Aws`` and its arguments, about something that was made for it."""

    question: str
    arguments: tuple[object, ...]


def _described(kind: str, name: str) -> Made:
    return Made("described", (kind, REGION, name))


def _role(client: Client) -> str:
    iam = client("iam")
    arn = iam.create_role(RoleName="worker", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
    iam.put_role_policy(RoleName="worker", PolicyName="reads", PolicyDocument=json.dumps(READS))
    return str(arn)


def _function(client: Client, role: str) -> str:
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr(
            zipfile.ZipInfo("index.py", (2026, 1, 1, 0, 0, 0)), "def handler(event, context):\n    return 1\n"
        )
    functions = client("lambda")
    functions.create_function(
        FunctionName="shop", Runtime="python3.13", Role=role, Handler="index.handler",
        Code={"ZipFile": code.getvalue()},
        Environment={"Variables": {"STAGE": "live"}}, Timeout=7, MemorySize=256,
    )  # fmt: skip
    functions.publish_version(FunctionName="shop")
    functions.create_alias(FunctionName="shop", Name="live", FunctionVersion="1")
    functions.put_function_event_invoke_config(FunctionName="shop", Qualifier="live", MaximumRetryAttempts=1)
    functions.add_permission(
        FunctionName="shop", StatementId="rule", Action="lambda:InvokeFunction", Principal="events.amazonaws.com"
    )
    return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:shop"


def _work(client: Client) -> Mapping[str, Made]:
    """Functions and what calls them."""
    role = _role(client)
    arn = _function(client, role)
    queue = client("sqs").create_queue(QueueName="work", Attributes={"VisibilityTimeout": "45"})["QueueUrl"]
    queue_arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{queue.rpartition('/')[2]}"
    mapping = client("lambda").create_event_source_mapping(FunctionName="shop", EventSourceArn=queue_arn, BatchSize=5)
    machine = client("stepfunctions").create_state_machine(name="m", definition=json.dumps(MACHINE), roleArn=role)
    return {
        "role": _described("AWS::IAM::Role", "worker"),
        "role policy": _described("AWS::IAM::Policy", "worker/reads"),
        "function": Made("function", (REGION, "shop")),
        "alias": _described("AWS::Lambda::Alias", f"{arn}:live"),
        "version": _described("AWS::Lambda::Version", f"{arn}:1"),
        "asynchronous calls": _described("AWS::Lambda::EventInvokeConfig", "shop:live"),
        "event source mapping": _described("AWS::Lambda::EventSourceMapping", mapping["UUID"]),
        "queue": Made("queue", (REGION, queue_arn)),
        "state machine": _described("AWS::StepFunctions::StateMachine", machine["stateMachineArn"]),
        "executions": _described("AWS::StepFunctions::Execution", machine["stateMachineArn"]),
    }


def _keeping(client: Client) -> Mapping[str, Made]:
    """What keeps things."""
    secret = client("secretsmanager").create_secret(Name="password", SecretString="hush")["ARN"]
    key = client("kms").create_key(Policy=json.dumps(LENDS))["KeyMetadata"]["KeyId"]
    client("kms").create_alias(AliasName="alias/shop", TargetKeyId=key)
    client("ssm").put_parameter(Name="/shop/colour", Value="blue", Type="String")
    client("backup").create_backup_vault(BackupVaultName="vault")
    tables = client("dynamodb")
    tables.create_table(
        TableName="jobs", BillingMode="PAY_PER_REQUEST", KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}], DeletionProtectionEnabled=True,
    )  # fmt: skip
    tables.update_time_to_live(TableName="jobs", TimeToLiveSpecification={"Enabled": True, "AttributeName": "until"})
    logs = client("logs")
    logs.create_log_group(logGroupName="/shop")
    logs.put_retention_policy(logGroupName="/shop", retentionInDays=7)
    counted = {"metricNamespace": "Shop", "metricName": "Errors", "metricValue": "1"}
    logs.put_metric_filter(
        logGroupName="/shop", filterName="errors", filterPattern="ERROR", metricTransformations=[counted]
    )
    client("events").create_event_bus(Name="orders")
    return {
        "secret": _described("AWS::SecretsManager::Secret", secret),
        "key": _described("AWS::KMS::Key", key),
        "key policy": Made("key", (REGION, "alias/shop")),
        "parameter": _described("AWS::SSM::Parameter", "/shop/colour"),
        "vault": _described("AWS::Backup::BackupVault", "vault"),
        "table": Made("table", (REGION, "jobs")),
        "table items": Made("items", (REGION, "jobs", 1)),
        "table policy": Made("table_policy", (REGION, f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/jobs")),
        "continuous backups": Made("continuous_backups", (REGION, "jobs")),
        "time to live": _described("AWS::DynamoDB::TimeToLive", "jobs"),
        "log group": Made("log_group", (REGION, "/shop")),
        "metric filter": _described("AWS::Logs::MetricFilter", "/shop errors"),
        "event bus": _described("AWS::Events::EventBus", "orders"),
    }


def _guarding(client: Client) -> Mapping[str, Made]:
    """What keeps requests out, and what it stands before."""
    waf = client("wafv2")
    seen = {"SampledRequestsEnabled": False, "CloudWatchMetricsEnabled": False, "MetricName": "wall"}
    limit = {"RateBasedStatement": {"Limit": 2000, "AggregateKeyType": "IP"}}
    rule = {"Name": "limit", "Priority": 0, "Action": {"Block": {}}, "Statement": limit, "VisibilityConfig": seen}
    wall = waf.create_web_acl(
        Name="wall", Scope="REGIONAL", DefaultAction={"Allow": {}}, Rules=[rule], VisibilityConfig=seen
    )["Summary"]
    return {
        "web ACL": _described("AWS::WAFv2::WebACL", f"wall|{wall['Id']}|REGIONAL"),
        "nothing before a stage": _described(
            "AWS::WAFv2::WebACLAssociation", f"arn:aws:apigateway:{REGION}::/restapis/a1/stages/prod"
        ),
    }


def _telling(client: Client) -> Mapping[str, Made]:
    """What tells people and machines."""
    sns = client("sns")
    topic = sns.create_topic(Name="told")["TopicArn"]
    there = f"arn:aws:sqs:{REGION}:{ACCOUNT}:inbox"
    client("sqs").create_queue(QueueName="inbox")
    heard = sns.subscribe(
        TopicArn=topic, Protocol="sqs", Endpoint=there, ReturnSubscriptionArn=True,
        Attributes={"RawMessageDelivery": "true", "FilterPolicy": '{"kind": ["new"]}'},
    )["SubscriptionArn"]  # fmt: skip
    cloudwatch = client("cloudwatch")
    cloudwatch.put_dashboard(DashboardName="board", DashboardBody=json.dumps(BOARD))
    cloudwatch.put_metric_alarm(
        AlarmName="errors", Namespace="AWS/Lambda", MetricName="Errors", Statistic="Sum",
        Period=60, EvaluationPeriods=1,
        Threshold=1, ComparisonOperator="GreaterThanThreshold", AlarmActions=[topic], TreatMissingData="notBreaching",
        Dimensions=[{"Name": "FunctionName", "Value": "shop"}],
    )  # fmt: skip
    # moto has no composite alarms; that it answers as if there were none is a difference like any other.
    with contextlib.suppress(NotImplementedError):
        cloudwatch.put_composite_alarm(AlarmName="any", AlarmRule="ALARM(errors)", AlarmActions=[topic])
    events = client("events")
    events.put_rule(Name="daily", ScheduleExpression="rate(1 day)", State="ENABLED")
    events.put_targets(Rule="daily", Targets=[{"Id": "1", "Arn": there}])
    client("scheduler").create_schedule(
        Name="hourly", ScheduleExpression="rate(1 hour)", ScheduleExpressionTimezone="Africa/Johannesburg",
        FlexibleTimeWindow={"Mode": "OFF"}, Target={"Arn": there, "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/worker"},
    )  # fmt: skip
    budget = {
        "BudgetName": "costs",
        "BudgetType": "COST",
        "TimeUnit": "MONTHLY",
        "BudgetLimit": {"Amount": "25", "Unit": "USD"},
    }
    notice = {
        "NotificationType": "ACTUAL",
        "ComparisonOperator": "GREATER_THAN",
        "Threshold": 80.0,
        "ThresholdType": "PERCENTAGE",
    }
    listens = [{"SubscriptionType": "EMAIL", "Address": "costs@shop.example"}]
    client("budgets").create_budget(
        AccountId=ACCOUNT,
        Budget=budget,
        NotificationsWithSubscribers=[{"Notification": notice, "Subscribers": listens}],
    )
    return {
        "topic": Made("topic", (REGION, topic)),
        "subscription": _described("AWS::SNS::Subscription", heard),
        "dashboard": _described("AWS::CloudWatch::Dashboard", "board"),
        "alarm": Made("alarm", (REGION, "errors")),
        "composite alarm": _described("AWS::CloudWatch::CompositeAlarm", "any"),
        "rule": Made("rule", (REGION, "default", "daily")),
        "schedule": Made("schedule", (REGION, "default", "hourly")),
        "budget": _described("AWS::Budgets::Budget", f"{ACCOUNT} costs"),
    }


def _serving(client: Client) -> Mapping[str, Made]:
    """What answers visitors. moto's API Gateway and Cognito need packages that the locks leave out."""
    buckets = client("s3")
    buckets.create_bucket(Bucket="shop-files", CreateBucketConfiguration={"LocationConstraint": REGION})
    buckets.put_bucket_versioning(Bucket="shop-files", VersioningConfiguration={"Status": "Enabled"})
    return {
        "bucket": Made("bucket", (REGION, "shop-files", ACCOUNT)),
        "bucket versions": Made("bucket_versions", (REGION, "shop-files", ACCOUNT)),
        "bucket encryption": Made("bucket_encryption", (REGION, "shop-files", ACCOUNT)),
        "bucket access": Made("bucket_access", (REGION, "shop-files", ACCOUNT)),
        "bucket policy": Made("bucket_policy", (REGION, "shop-files", ACCOUNT)),
        "bucket website": Made("bucket_website", (REGION, "shop-files", ACCOUNT)),
        "bucket rules": Made("bucket_cors", (REGION, "shop-files", ACCOUNT)),
        "bucket notifications": _described("AWS::S3::BucketNotification", "shop-files"),
        "bucket ownership": _described("AWS::S3::BucketOwnership", "shop-files"),
        "bucket lifecycle": Made("bucket_lifecycle", (REGION, "shop-files", ACCOUNT)),
    }


ROOMS = {"work": _work, "keeping": _keeping, "guarding": _guarding, "telling": _telling, "serving": _serving}
