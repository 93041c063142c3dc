"""Which attributes of a resource follow from its physical id alone (``Fn::GetAtt`` without asking anybody)."""

from __future__ import annotations

from collections.abc import Mapping

from checks import screening
from checks.model import Unresolved

_HERE = "{region}:{account}"

# Return values of Fn::GetAtt, from the resource type reference of CloudFormation. {id} is the physical id, {last} its
# last part behind a slash or a colon, {ending} how an ARN of AWS WAF ends. An attribute that is not here does not
# follow from the id, and is not guessed.
_ATTRIBUTES: Mapping[tuple[str, str], str] = {
    ("AWS::ApiGateway::DomainName", "DomainNameArn"): "arn:{partition}:apigateway:{region}::/domainnames/{id}",
    ("AWS::ApiGateway::RestApi", "RestApiId"): "{id}",
    ("AWS::ApiGatewayV2::Api", "ApiId"): "{id}",
    ("AWS::ApiGatewayV2::Api", "ApiEndpoint"): "https://{id}.execute-api.{region}.{suffix}",
    ("AWS::ApiGatewayV2::ApiMapping", "ApiMappingId"): "{id}",
    ("AWS::ApiGatewayV2::DomainName", "DomainNameArn"): "arn:{partition}:apigateway:{region}::/domainnames/{id}",
    ("AWS::Backup::BackupPlan", "BackupPlanArn"): "arn:{partition}:backup:" + _HERE + ":backup-plan:{id}",
    ("AWS::Backup::BackupPlan", "BackupPlanId"): "{id}",
    ("AWS::Backup::BackupVault", "BackupVaultArn"): "arn:{partition}:backup:" + _HERE + ":backup-vault:{id}",
    ("AWS::Backup::BackupVault", "BackupVaultName"): "{id}",
    ("AWS::CloudFront::CachePolicy", "Id"): "{id}",
    ("AWS::CloudFront::Distribution", "Id"): "{id}",
    ("AWS::CloudFront::Function", "FunctionARN"): "arn:{partition}:cloudfront::{account}:function/{last}",
    ("AWS::CloudFront::OriginAccessControl", "Id"): "{id}",
    ("AWS::CloudFront::OriginRequestPolicy", "Id"): "{id}",
    ("AWS::CloudFront::ResponseHeadersPolicy", "Id"): "{id}",
    ("AWS::CloudWatch::Alarm", "Arn"): "arn:{partition}:cloudwatch:" + _HERE + ":alarm:{id}",
    ("AWS::CloudWatch::CompositeAlarm", "Arn"): "arn:{partition}:cloudwatch:" + _HERE + ":alarm:{id}",
    ("AWS::Cognito::IdentityPool", "Id"): "{id}",
    ("AWS::Cognito::UserPool", "Arn"): "arn:{partition}:cognito-idp:" + _HERE + ":userpool/{id}",
    ("AWS::Cognito::UserPool", "ProviderName"): "cognito-idp.{region}.{suffix}/{id}",
    ("AWS::Cognito::UserPool", "ProviderURL"): "https://cognito-idp.{region}.{suffix}/{id}",
    ("AWS::Cognito::UserPool", "UserPoolId"): "{id}",
    ("AWS::Cognito::UserPoolClient", "ClientId"): "{id}",
    ("AWS::DynamoDB::GlobalTable", "Arn"): "arn:{partition}:dynamodb:" + _HERE + ":table/{id}",
    ("AWS::DynamoDB::Table", "Arn"): "arn:{partition}:dynamodb:" + _HERE + ":table/{id}",
    ("AWS::Events::EventBus", "Arn"): "arn:{partition}:events:" + _HERE + ":event-bus/{id}",
    ("AWS::Events::EventBus", "Name"): "{id}",
    # A rule on a bus of its own has the physical id "bus|rule".
    ("AWS::Events::Rule", "Arn"): "arn:{partition}:events:" + _HERE + ":rule/{slashed}",
    ("AWS::IAM::Role", "Arn"): "arn:{partition}:iam::{account}:role{path}{id}",
    ("AWS::IAM::User", "Arn"): "arn:{partition}:iam::{account}:user{path}{id}",
    ("AWS::KMS::Key", "Arn"): "arn:{partition}:kms:" + _HERE + ":key/{id}",
    ("AWS::KMS::Key", "KeyId"): "{id}",
    ("AWS::Kinesis::Stream", "Arn"): "arn:{partition}:kinesis:" + _HERE + ":stream/{id}",
    ("AWS::Lambda::Function", "Arn"): "arn:{partition}:lambda:" + _HERE + ":function:{id}",
    ("AWS::Lambda::Version", "FunctionArn"): "{id}",
    ("AWS::Lambda::Version", "Version"): "{last}",
    ("AWS::Logs::LogGroup", "Arn"): "arn:{partition}:logs:" + _HERE + ":log-group:{id}:*",
    ("AWS::Route53::HostedZone", "Id"): "{id}",
    ("AWS::S3::Bucket", "Arn"): "arn:{partition}:s3:::{id}",
    ("AWS::S3::Bucket", "DomainName"): "{id}.s3.{suffix}",
    ("AWS::S3::Bucket", "DualStackDomainName"): "{id}.s3.dualstack.{region}.{suffix}",
    ("AWS::S3::Bucket", "RegionalDomainName"): "{id}.s3.{region}.{suffix}",
    ("AWS::SecretsManager::Secret", "Id"): "{id}",
    ("AWS::SNS::Topic", "TopicArn"): "{id}",
    ("AWS::SNS::Topic", "TopicName"): "{last}",
    ("AWS::SQS::Queue", "Arn"): "arn:{partition}:sqs:" + _HERE + ":{last}",
    ("AWS::SQS::Queue", "QueueName"): "{last}",
    ("AWS::SQS::Queue", "QueueUrl"): "{id}",
    ("AWS::StepFunctions::StateMachine", "Arn"): "{id}",
    ("AWS::StepFunctions::StateMachine", "Name"): "{last}",
    ("AWS::WAFv2::IPSet", "Arn"): "arn:{partition}:wafv2:" + _HERE + ":{ending}",
    ("AWS::WAFv2::RegexPatternSet", "Arn"): "arn:{partition}:wafv2:" + _HERE + ":{ending}",
    ("AWS::WAFv2::RuleGroup", "Arn"): "arn:{partition}:wafv2:" + _HERE + ":{ending}",
    ("AWS::WAFv2::WebACL", "Arn"): "arn:{partition}:wafv2:" + _HERE + ":{ending}",
}


def url_suffix(partition: str) -> str:
    """The domain of a partition's endpoints."""
    return "amazonaws.com.cn" if partition == "aws-cn" else "amazonaws.com"


def attribute(
    *,
    type: str,  # noqa: A002 - CloudFormation's own word
    name: str,
    physical_id: str,
    path: str | Unresolved,
    partition: str,
    region: str,
    account: str,
) -> str | Unresolved:
    """Attribute *name* of a resource, or Unresolved; *path* is that of an IAM identity (``/`` where it has none)."""
    shape = _ATTRIBUTES.get((type, name))
    if shape is None:
        return Unresolved(f"{name} of a {type} does not follow from its physical id")
    if "{path}" in shape and isinstance(path, Unresolved):
        return path
    ending = screening.arn_end(type.rpartition(":")[2].lower(), physical_id)
    if "{ending}" in shape and not ending:
        return Unresolved(f"{name} of a {type} does not follow from the id {physical_id}")
    return shape.format(
        id=physical_id,
        last=physical_id.replace(":", "/").rpartition("/")[2],
        slashed=physical_id.replace("|", "/"),
        path=path,
        ending=ending,
        partition=partition,
        region=region,
        account=account,
        suffix=url_suffix(partition),
    )
