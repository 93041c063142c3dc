"""What somebody does to a foreign stack by hand, each beside the one check that is about it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from tests.foreign.conftest import DOMAIN, REGION, Land

Break = Callable[[Land], object]
ACCOUNT = "000000000000"
WORK = f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/orders-work"
DEAD = f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/orders-dead"


OTHER_CODE = """
function handler(event) {
  if (event.request.uri.indexOf('.') < 0) { event.request.uri = '/index.html'; }
  return event.request;
}
"""


def publish_other_code(land: Land) -> None:
    """Another function at the edge under the same name, which happens to do the same."""
    cloudfront = land.aws("cloudfront")
    config = cloudfront.describe_function(Name="pretty", Stage="LIVE")["FunctionSummary"]["FunctionConfig"]
    code = OTHER_CODE.encode()
    cloudfront.update_function(Name="pretty", IfMatch=_drafted(land), FunctionConfig=config, FunctionCode=code)
    cloudfront.publish_function(Name="pretty", IfMatch=_drafted(land))


def _drafted(land: Land) -> str:
    return str(land.aws("cloudfront").describe_function(Name="pretty", Stage="DEVELOPMENT")["ETag"])


def frame_everywhere(land: Land) -> None:
    """Pages that may be shown inside of others."""
    cloudfront, which = land.aws("cloudfront"), land.resource("site", "Headers")
    now = cloudfront.get_response_headers_policy(Id=which)
    config = now["ResponseHeadersPolicy"]["ResponseHeadersPolicyConfig"]
    config["SecurityHeadersConfig"]["ReferrerPolicy"] = {"ReferrerPolicy": "unsafe-url", "Override": True}
    cloudfront.update_response_headers_policy(Id=which, IfMatch=now["ETag"], ResponseHeadersPolicyConfig=config)


def send_mail_from_elsewhere(land: Land) -> None:
    """Another value is written over the one text record."""
    _records(
        land, "UPSERT", {"Name": DOMAIN, "Type": "TXT", "TTL": 300, "ResourceRecords": [{"Value": '"v=spf1 mx ~all"'}]}
    )


def forget_ipv6(land: Land) -> None:
    """The alias has no address of the new kind any more."""
    route53, zone = land.aws("route53"), _zone(land)
    every = route53.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
    (gone,) = (each for each in every if each["Name"].startswith("www.") and each["Type"] == "AAAA")
    _records(land, "DELETE", gone)


def _zone(land: Land) -> str:
    zones = land.aws("route53").list_hosted_zones_by_name(DNSName=DOMAIN)["HostedZones"]
    return str(zones[0]["Id"]).rpartition("/")[2]


def _records(land: Land, action: str, record: Mapping[str, object]) -> None:
    batch = {"Changes": [{"Action": action, "ResourceRecordSet": record}]}
    land.aws("route53").change_resource_record_sets(HostedZoneId=_zone(land), ChangeBatch=batch)


def _pages(land: Land) -> str:
    return land.resource("site", "Pages")


def _items(land: Land) -> str:
    return land.resource("crud", "Items")


def let_anybody_make(land: Land) -> None:
    """A route loses its guard."""
    api = land.resource("crud", "Api")
    v2 = land.aws("apigatewayv2")
    (one,) = (each for each in v2.get_routes(ApiId=api)["Items"] if each["RouteKey"] == "POST /items")
    v2.update_route(ApiId=api, RouteId=one["RouteId"], AuthorizationType="NONE")


def shut_the_gateway_out(land: Land) -> None:
    """The function's policy loses its one statement."""
    function, functions = land.resource("crud", "Function"), land.aws("lambda")
    policy = json.loads(functions.get_policy(FunctionName=function)["Policy"])
    functions.remove_permission(FunctionName=function, StatementId=policy["Statement"][0]["Sid"])


def tell_another_stage(land: Land) -> None:
    """A variable has the value of somewhere else."""
    function, functions = land.resource("crud", "Function"), land.aws("lambda")
    now = functions.get_function_configuration(FunctionName=function)["Environment"]["Variables"]
    functions.update_function_configuration(FunctionName=function, Environment={"Variables": {**now, "STAGE": "test"}})


def _subscription(land: Land) -> str:
    return land.resource("pipeline", "ToWork")


def stop_at_once(land: Land) -> None:
    """The workflow is another one under the same name."""
    other = json.dumps({"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}})
    land.aws("stepfunctions").update_state_machine(
        stateMachineArn=land.resource("pipeline", "Closing"), definition=other
    )


def take_the_queue_away(land: Land) -> None:
    """The queue lets nobody in any more."""
    land.aws("sqs").set_queue_attributes(QueueUrl=WORK, Attributes={"Policy": ""})


def move_the_alias(land: Land) -> None:
    """Calls by name go to code that was published by hand."""
    functions = land.aws("lambda")
    functions.update_function_configuration(FunctionName="plain-live", Description="by hand")
    version = functions.publish_version(FunctionName="plain-live")["Version"]
    functions.update_alias(FunctionName="plain-live", Name="live", FunctionVersion=version)
    functions.update_function_configuration(FunctionName="plain-live", Description="")


def clear_the_board(land: Land) -> None:
    """Somebody saved an empty dashboard."""
    land.aws("cloudwatch").put_dashboard(DashboardName="plain", DashboardBody='{"widgets": []}')


def open_the_throttle(land: Land) -> None:
    """The stage lets everything through."""
    patch = [{"op": "replace", "path": "/*/*/throttling/rateLimit", "value": "5000"}]
    land.aws("apigateway").update_stage(
        restApiId=land.resource("plain", "Api"), stageName="prod", patchOperations=patch
    )


def trust_everybody(land: Land) -> None:
    """Whoever has an account may take the role on."""
    trust = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}],
    }
    land.aws("iam").update_assume_role_policy(RoleName=land.resource("plain", "Role"), PolicyDocument=json.dumps(trust))


# By stack: the check that must fail, and what makes it fail.
DEFECTS: Mapping[str, Mapping[str, Break]] = {
    "site": {
        "cdn.function[site/Pretty]": publish_other_code,
        "cdn.headers_policy[site/Headers]": frame_everywhere,
        "dns.record[site/Mail]": send_mail_from_elsewhere,
        f"dns.alias[www.{DOMAIN}]": forget_ipv6,
        "buckets.private[site/Pages]": lambda land: land.aws("s3").delete_public_access_block(Bucket=_pages(land)),
        "buckets.versioned[site/Pages]": lambda land: land.aws("s3").put_bucket_versioning(
            Bucket=_pages(land), VersioningConfiguration={"Status": "Suspended"}
        ),
    },
    "crud": {
        "tables.pitr[Items]": lambda land: land.aws("dynamodb").update_continuous_backups(
            TableName=_items(land), PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": False}
        ),
        "backups.notices[Nightly]": lambda land: land.aws("backup").delete_backup_vault_notifications(
            BackupVaultName="crud"
        ),
        "tables.protected[Items]": lambda land: land.aws("dynamodb").update_table(
            TableName=_items(land), DeletionProtectionEnabled=False
        ),
        "tables.lifetime[Items]": lambda land: land.aws("dynamodb").update_time_to_live(
            TableName=_items(land), TimeToLiveSpecification={"Enabled": False, "AttributeName": "until"}
        ),
        "httpapis.route[Make]": let_anybody_make,
        "functions.callable[Calls]": shut_the_gateway_out,
        "functions.environment[Function]": tell_another_stage,
        "alarms.armed[Errors]": lambda land: land.aws("cloudwatch").disable_alarm_actions(AlarmNames=["crud-errors"]),
    },
    "pipeline": {
        "mappings.enabled[Reads]": lambda land: land.aws("lambda").update_event_source_mapping(
            UUID=land.resource("pipeline", "Reads"), Enabled=False
        ),
        "workflows.ready[Closing]": stop_at_once,
        "topics.subscription[ToWork]": lambda land: land.aws("sns").set_subscription_attributes(
            SubscriptionArn=_subscription(land), AttributeName="FilterPolicy", AttributeValue='{"kind": ["nothing"]}'
        ),
        "topics.delivers[ToWork]": take_the_queue_away,
        "schedules.enabled[Daily]": lambda land: land.aws("events").disable_rule(Name="closing-daily"),
        "queues.settings[Work]": lambda land: land.aws("sqs").set_queue_attributes(
            QueueUrl=WORK, Attributes={"VisibilityTimeout": "1"}
        ),
        "queues.empty_dead_letters[Dead]": lambda land: land.aws("sqs").send_message(QueueUrl=DEAD, MessageBody="lost"),
    },
    "plain": {
        "keys.usable[Key]": lambda land: land.aws("kms").schedule_key_deletion(
            KeyId=land.resource("plain", "Key"), PendingWindowInDays=7
        ),
        "parameters.present[Setting]": lambda land: land.aws("ssm").put_parameter(
            Name="/plain/live/colour", Value="red", Overwrite=True
        ),
        "secrets.present[Password]": lambda land: land.aws("secretsmanager").delete_secret(
            SecretId="plain-live-password"
        ),
        "functions.alias[Live]": move_the_alias,
        "dashboards.shows[Board]": clear_the_board,
        "alarms.composite[Anything]": lambda land: land.aws("cloudwatch").disable_alarm_actions(
            AlarmNames=["plain-anything"]
        ),
        "api.stage[Prod]": open_the_throttle,
        "roles.trusted[Role]": trust_everybody,
        "logs.filter[Mistakes]": lambda land: land.aws("logs").delete_metric_filter(
            logGroupName="/aws/lambda/plain-live", filterName="mistakes"
        ),
        "functions.unasked[Patience]": lambda land: land.aws("lambda").put_function_event_invoke_config(
            FunctionName="plain-live", Qualifier="live", MaximumRetryAttempts=0, MaximumEventAgeInSeconds=60
        ),
    },
}
