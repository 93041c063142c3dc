"""A small site of its own, as CloudFormation templates: what the twin's tests look at."""

from __future__ import annotations

import json
from typing import Any

DOMAIN = "site.example"
BUCKET = "site-example-frontend"
TABLES = ("Plain", "Protected")
LOG_GROUP = "site-access"
ACCESS_LOG = {
    "id": "requestId",
    "method": "httpMethod",
    "path": "path",
    "resource": "resourcePath",
    "status": "status",
    "bytes": "responseLength",
    "latency": "responseLatency",
    "error": "error.responseType",
    "subject": "authorizer.claims.sub",
    "unknown": "no.such.thing",
}
CODE = """
import json, os
def handler(event, context):
    body = {"path": event["path"], "method": event["httpMethod"], "host": event["headers"].get("Host", "")}
    if event["path"].endswith("/echo"):
        body["length"] = len(event.get("body") or "")
    body["request_id"] = event["requestContext"]["requestId"]
    if event["path"].endswith("/broken"):
        raise RuntimeError("broken on request")
    claims = (event["requestContext"].get("authorizer") or {}).get("claims")
    if claims:
        body["claims"] = claims
    status = 404 if event["path"].endswith("/nope") else 200
    return {"statusCode": status, "headers": {"content-type": "application/json"}, "body": json.dumps(body)}
"""
REWRITE = """
function handler(event) {
  var request = event.request;
  if (request.headers.host.value === 'www.site.example') {
    var there = 'https://site.example' + request.uri;
    return {statusCode: 301, statusDescription: 'Moved', headers: {location: {value: there}}};
  }
  if (!request.uri.includes('.')) { request.uri = '/index.html'; }
  return request;
}
"""


def certificate(zone_id: str) -> dict[str, Any]:
    """The certificate's stack, for us-east-1."""
    options = [{"DomainName": name, "HostedZoneId": zone_id} for name in (DOMAIN, f"www.{DOMAIN}")]
    return {
        "Resources": {
            "Certificate": {
                "Type": "AWS::CertificateManager::Certificate",
                "Properties": {
                    "DomainName": DOMAIN,
                    "SubjectAlternativeNames": [f"www.{DOMAIN}"],
                    "ValidationMethod": "DNS",
                    "DomainValidationOptions": options,
                },
            }
        },
        "Outputs": {"Arn": {"Value": {"Ref": "Certificate"}}},
    }


def site(zone_id: str, certificate_arn: str) -> dict[str, Any]:
    """The site's stack, for the twin's region."""
    return {
        "Resources": {
            **_bucket(),
            **_api(),
            **_guards(),
            **_distribution(certificate_arn),
            **_records(zone_id),
            **_tables(),
            **_backups(),
            **_watchers(),
            **_secret(),
            "Alarm": {
                "Type": "AWS::CloudWatch::Alarm",
                "Properties": {
                    "AlarmName": "site-errors",
                    "Namespace": "AWS/Lambda",
                    "MetricName": "Errors",
                    "Statistic": "Sum",
                    "Period": 60,
                    "EvaluationPeriods": 1,
                    "Threshold": 1,
                    "ComparisonOperator": "GreaterThanOrEqualToThreshold",
                    "ActionsEnabled": False,
                    "AlarmActions": [{"Ref": "Topic"}],
                },
                "Metadata": {"aws:cdk:path": "Site/Errors/Resource"},
            },
            "Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "site-alarms"}},
        },
        "Outputs": {
            "DistributionId": {"Value": {"Ref": "Distribution"}, "Description": "For invalidations"},
            "DistributionDomain": {"Value": {"Fn::GetAtt": ["Distribution", "DomainName"]}},
            "SecretRef": {"Value": {"Ref": "Secret"}},
            "ProviderArn": {"Value": {"Ref": "Provider"}},
            "PlanId": {"Value": {"Ref": "Plan"}},
            "ApiId": {"Value": {"Ref": "Api"}},
            "FunctionName": {"Value": {"Ref": "Function"}},
            "PoolId": {"Value": {"Ref": "Pool"}},
            "ClientId": {"Value": {"Ref": "Client"}},
        },
    }


def _bucket() -> dict[str, Any]:
    arn = f"arn:aws:s3:::{BUCKET}"
    condition = {
        "StringEquals": {
            "AWS:SourceArn": {"Fn::Sub": "arn:aws:cloudfront::${AWS::AccountId}:distribution/${Distribution}"}
        }
    }
    statements = [
        {
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [arn, f"{arn}/*"],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        },
        {
            "Effect": "Allow",
            "Principal": {"Service": "cloudfront.amazonaws.com"},
            "Action": "s3:GetObject",
            "Resource": f"{arn}/*",
            "Condition": condition,
        },
    ]
    return {
        "Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": BUCKET}},
        "BucketPolicy": {
            "Type": "AWS::S3::BucketPolicy",
            "Properties": {
                "Bucket": {"Ref": "Bucket"},
                "PolicyDocument": {"Version": "2012-10-17", "Statement": statements},
            },
        },
        "AccessControl": {
            "Type": "AWS::CloudFront::OriginAccessControl",
            "Properties": {
                "OriginAccessControlConfig": {
                    "Name": "site",
                    "OriginAccessControlOriginType": "s3",
                    "SigningBehavior": "always",
                    "SigningProtocol": "sigv4",
                }
            },
        },
    }


def _api() -> dict[str, Any]:
    trust = {
        "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]
    }
    method = {**_method(), "AuthorizationType": "NONE"}
    return {
        "Role": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": trust}},
        "Function": {
            "Type": "AWS::Lambda::Function",
            "Properties": {
                "Runtime": "python3.11",
                "Handler": "index.handler",
                "Code": {"ZipFile": CODE},
                "Role": {"Fn::GetAtt": ["Role", "Arn"]},
            },
        },
        "Permission": {
            "Type": "AWS::Lambda::Permission",
            "Properties": {
                "FunctionName": {"Ref": "Function"},
                "Action": "lambda:InvokeFunction",
                "Principal": "apigateway.amazonaws.com",
            },
        },
        "Api": {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Name": "site"}},
        "Proxy": {
            "Type": "AWS::ApiGateway::Resource",
            "Properties": {
                "RestApiId": {"Ref": "Api"},
                "ParentId": {"Fn::GetAtt": ["Api", "RootResourceId"]},
                "PathPart": "{proxy+}",
            },
        },
        "Method": {"Type": "AWS::ApiGateway::Method", "Properties": {**method, "ResourceId": {"Ref": "Proxy"}}},
        "Deployment": {
            "Type": "AWS::ApiGateway::Deployment",
            "Properties": {"RestApiId": {"Ref": "Api"}},
            "DependsOn": ["Method", "AnyMethod", "OwnMethod"],
        },
        "Stage": {
            "Type": "AWS::ApiGateway::Stage",
            "Properties": {
                "RestApiId": {"Ref": "Api"},
                "DeploymentId": {"Ref": "Deployment"},
                "StageName": "prod",
                "AccessLogSetting": {
                    "DestinationArn": {"Fn::GetAtt": ["AccessLog", "Arn"]},
                    "Format": json.dumps({name: f"$context.{variable}" for name, variable in ACCESS_LOG.items()}),
                },
            },
        },
        "AccessLog": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": LOG_GROUP}},
    }


def _method() -> dict[str, Any]:
    invocations = "arn:aws:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${Function.Arn}/invocations"
    integration = {"Type": "AWS_PROXY", "IntegrationHttpMethod": "POST", "Uri": {"Fn::Sub": invocations}}
    return {"RestApiId": {"Ref": "Api"}, "HttpMethod": "ANY", "Integration": integration}


def _guards() -> dict[str, Any]:
    """Two paths that ask a user pool: /api/any lets all its clients in, /api/own the one that is named."""
    flows = ["ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
    node = {"RestApiId": {"Ref": "Api"}, "ParentId": {"Fn::GetAtt": ["Api", "RootResourceId"]}, "PathPart": "api"}
    return {
        "Pool": {"Type": "AWS::Cognito::UserPool", "Properties": {"UserPoolName": "site"}},
        "Client": {
            "Type": "AWS::Cognito::UserPoolClient",
            "Properties": {"UserPoolId": {"Ref": "Pool"}, "ClientName": "site", "ExplicitAuthFlows": flows},
        },
        "ApiNode": {"Type": "AWS::ApiGateway::Resource", "Properties": node},
        **_guard("any", {}),
        **_guard("own", {"IdentityValidationExpression": {"Ref": "Client"}}),
    }


def _guard(name: str, expression: dict[str, Any]) -> dict[str, Any]:
    api, title = {"RestApiId": {"Ref": "Api"}}, name.capitalize()
    asked = {
        "Name": name,
        "Type": "COGNITO_USER_POOLS",
        "ProviderARNs": [{"Fn::GetAtt": ["Pool", "Arn"]}],
        "IdentitySource": "method.request.header.Authorization",
    }
    guarded = {
        "AuthorizationType": "COGNITO_USER_POOLS",
        "AuthorizerId": {"Ref": f"{title}Authorizer"},
        "ResourceId": {"Ref": f"{title}Node"},
    }
    return {
        f"{title}Authorizer": {"Type": "AWS::ApiGateway::Authorizer", "Properties": {**api, **asked, **expression}},
        f"{title}Node": {
            "Type": "AWS::ApiGateway::Resource",
            "Properties": {**api, "ParentId": {"Ref": "ApiNode"}, "PathPart": name},
        },
        f"{title}Method": {"Type": "AWS::ApiGateway::Method", "Properties": {**_method(), **guarded}},
    }


def _distribution(certificate_arn: str) -> dict[str, Any]:
    caching_optimised = "658327ea-f89d-4fab-a63d-7e88639e58f6"
    caching_disabled, all_but_host = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad", "b689b0a8-53d0-40ab-baf2-68738e2966ac"
    function = {"EventType": "viewer-request", "FunctionARN": {"Fn::GetAtt": ["Rewrite", "FunctionARN"]}}
    config = {
        "Enabled": True,
        "Aliases": [DOMAIN, f"www.{DOMAIN}"],
        "IPV6Enabled": True,
        "HttpVersion": "http2",
        "DefaultRootObject": "index.html",
        "ViewerCertificate": {
            "AcmCertificateArn": certificate_arn,
            "SslSupportMethod": "sni-only",
            "MinimumProtocolVersion": "TLSv1.2_2021",
        },
        "Origins": [
            {
                "Id": "files",
                "DomainName": {"Fn::GetAtt": ["Bucket", "RegionalDomainName"]},
                "OriginAccessControlId": {"Ref": "AccessControl"},
                "S3OriginConfig": {"OriginAccessIdentity": ""},
            },
            {
                "Id": "api",
                "DomainName": {"Fn::Sub": "${Api}.execute-api.${AWS::Region}.amazonaws.com"},
                "OriginPath": "/prod",
                "CustomOriginConfig": {"OriginProtocolPolicy": "https-only", "OriginSSLProtocols": ["TLSv1.2"]},
            },
        ],
        "DefaultCacheBehavior": {
            "TargetOriginId": "files",
            "ViewerProtocolPolicy": "redirect-to-https",
            "Compress": True,
            "CachePolicyId": caching_optimised,
            "FunctionAssociations": [function],
        },
        "CacheBehaviors": [
            {
                "PathPattern": "/api/*",
                "TargetOriginId": "api",
                "ViewerProtocolPolicy": "https-only",
                "CachePolicyId": caching_disabled,
                "OriginRequestPolicyId": all_but_host,
                "AllowedMethods": ["GET", "HEAD", "OPTIONS", "PUT", "PATCH", "POST", "DELETE"],
            },
        ],
    }
    return {
        "Rewrite": {
            "Type": "AWS::CloudFront::Function",
            "Properties": {
                "Name": "site-rewrite",
                "AutoPublish": True,
                "FunctionCode": REWRITE,
                "FunctionConfig": {"Comment": "routes", "Runtime": "cloudfront-js-2.0"},
            },
        },
        "Distribution": {
            "Type": "AWS::CloudFront::Distribution",
            "Properties": {"DistributionConfig": config},
            "Metadata": {"aws:cdk:path": "Site/Distribution/Resource"},
        },
    }


def _records(zone_id: str) -> dict[str, Any]:
    alias = {"DNSName": {"Fn::GetAtt": ["Distribution", "DomainName"]}, "HostedZoneId": "Z2FDTNDATAQYW2"}
    return {
        f"Record{host or 'Apex'}{kind}": {
            "Type": "AWS::Route53::RecordSet",
            "Properties": {
                "HostedZoneId": zone_id,
                "Name": f"{host}{'.' if host else ''}{DOMAIN}.",
                "Type": kind,
                "AliasTarget": alias,
            },
        }
        for host in ("", "www")
        for kind in ("A", "AAAA")
    }


def _tables() -> dict[str, Any]:
    key = {
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "BillingMode": "PAY_PER_REQUEST",
    }
    recovery = {"PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True}}
    return {
        "Plain": {"Type": "AWS::DynamoDB::Table", "Properties": {"TableName": "site-plain", **key}},
        "Protected": {
            "Type": "AWS::DynamoDB::Table",
            "Properties": {"TableName": "site-protected", **key, **recovery, "DeletionProtectionEnabled": True},
        },
    }


def _secret() -> dict[str, Any]:
    """A secret that is referred to by `Ref`, an index, and an alarm on a percentile."""
    indexed = {
        "TableName": "site-indexed",
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": name, "AttributeType": "S"} for name in ("id", "state")],
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "GlobalSecondaryIndexes": [
            {
                "IndexName": "ByState",
                "KeySchema": [{"AttributeName": "state", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
    }
    return {
        "Secret": {"Type": "AWS::SecretsManager::Secret", "Properties": {"Name": "site", "SecretString": "hush"}},
        "Indexed": {"Type": "AWS::DynamoDB::Table", "Properties": indexed},
        "Rate": {
            "Type": "AWS::CloudWatch::Alarm",
            "Properties": {
                "AlarmName": "site-rate",
                "Metrics": [
                    {"Id": "rate", "Expression": "100 * FILL(failed, 0) / asked", "Label": "failed calls, %"},
                    _query("failed", "Errors"),
                    _query("asked", "Invocations"),
                ],
                "EvaluationPeriods": 1,
                "Threshold": 0,
                "ComparisonOperator": "GreaterThanThreshold",
                "TreatMissingData": "notBreaching",
            },
        },
        "Slow": {
            "Type": "AWS::CloudWatch::Alarm",
            "Properties": {
                "AlarmName": "site-slow",
                "Namespace": "AWS/ApiGateway",
                "MetricName": "Latency",
                "ExtendedStatistic": "p95",
                "Period": 300,
                "EvaluationPeriods": 1,
                "Threshold": 1000,
                "ComparisonOperator": "GreaterThanThreshold",
            },
        },
    }


def _query(name: str, metric: str) -> dict[str, Any]:
    """A metric of the site's function, for an expression."""
    dimensions = [{"Name": "FunctionName", "Value": {"Ref": "Function"}}]
    watched = {"Namespace": "AWS/Lambda", "MetricName": metric, "Dimensions": dimensions}
    return {"Id": name, "ReturnData": False, "MetricStat": {"Metric": watched, "Period": 300, "Stat": "Sum"}}


def _watchers() -> dict[str, Any]:
    """What MiniStack's CloudFormation does not know by itself."""
    notification = {"NotificationType": "ACTUAL", "ComparisonOperator": "GREATER_THAN", "Threshold": 80}
    subscriber = {"SubscriptionType": "EMAIL", "Address": "owner@site.example"}
    return {
        "Worst": {
            "Type": "AWS::CloudWatch::CompositeAlarm",
            "Properties": {
                "AlarmName": "site-worst",
                "AlarmRule": {"Fn::Sub": 'ALARM("${Alarm}")'},
                "ActionsSuppressor": {"Ref": "Slow"},
                "ActionsSuppressorWaitPeriod": 60,
                "ActionsSuppressorExtensionPeriod": 60,
            },
        },
        "Budget": {
            "Type": "AWS::Budgets::Budget",
            "Properties": {
                "Budget": {
                    "BudgetName": "site-monthly",
                    "BudgetType": "COST",
                    "TimeUnit": "MONTHLY",
                    "BudgetLimit": {"Amount": 50, "Unit": "USD"},
                },
                "NotificationsWithSubscribers": [{"Notification": notification, "Subscribers": [subscriber]}],
            },
        },
        "Provider": {
            "Type": "AWS::IAM::OIDCProvider",
            "Properties": {"Url": "https://token.site.example", "ClientIdList": ["sts.amazonaws.com"]},
        },
    }


def _backups() -> dict[str, Any]:
    rule = {"RuleName": "daily", "TargetBackupVault": {"Ref": "Vault"}, "ScheduleExpression": "cron(0 3 * * ? *)"}
    return {
        "Vault": {"Type": "AWS::Backup::BackupVault", "Properties": {"BackupVaultName": "site"}},
        "Plan": {
            "Type": "AWS::Backup::BackupPlan",
            "Properties": {"BackupPlan": {"BackupPlanName": "site", "BackupPlanRule": [rule]}},
        },
        "Selection": {
            "Type": "AWS::Backup::BackupSelection",
            "Properties": {
                "BackupPlanId": {"Ref": "Plan"},
                "BackupSelection": {
                    "SelectionName": "tables",
                    "IamRoleArn": {"Fn::GetAtt": ["Role", "Arn"]},
                    "Resources": [{"Fn::GetAtt": ["Protected", "Arn"]}],
                },
            },
        },
    }
