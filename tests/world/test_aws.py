"""Every question to AWS, put to moto: what is there, and what is not."""
# ruff: noqa: ANN401 - boto3 makes its clients at run time

from __future__ import annotations

import io
import json
import zipfile
from datetime import UTC, datetime
from functools import partial
from typing import Any

import boto3
import pytest

from checks import evidence as seen
from checks.pool import Pool
from checks.world.aws import RealAws
from checks.world.aws.tables import _encryption

REGION = "af-south-1"
ACCOUNT = "123456789012"


@pytest.fixture
def aws(emulated: RealAws) -> RealAws:
    """Asks moto."""
    return emulated


def client(service: str, region: str = REGION) -> Any:
    """Whoever makes the things that are looked at."""
    make: Any = boto3.client
    return make(service, region_name=region)


def test_the_caller_is_who_sts_says(aws: RealAws) -> None:
    """Account and ARN."""
    assert seen.Caller(account=ACCOUNT, arn=f"arn:aws:sts::{ACCOUNT}:user/moto") == aws.caller(REGION)


def make_table() -> None:
    """A table."""
    client("dynamodb").create_table(
        TableName="jobs",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )


def put_jobs(count: int, *, large: str = "") -> None:
    """Items into the table, from the first one on."""
    for number in range(count):
        client("dynamodb").put_item(TableName="jobs", Item={"id": {"S": str(number)}, "text": {"S": f"-{large}"}})


@pytest.mark.parametrize(("there", "most", "count"), ((0, 1, 0), (2, 3, 2), (3, 3, 3), (4, 3, 3)))
def test_items_are_counted_no_further_than_asked(aws: RealAws, there: int, most: int, count: int) -> None:
    """What is more is of no interest; a table that is gone is absent."""
    make_table()
    put_jobs(there)

    assert seen.ItemsCounted(table="jobs", count=count) == aws.items(REGION, "jobs", most)
    assert isinstance(aws.items(REGION, "jobs2", most), seen.Absent)


def test_items_are_counted_over_pages(aws: RealAws) -> None:
    """A page ends at a megabyte: of items of 400 KB three take two of them."""
    make_table()
    put_jobs(4, large="x" * 390_000)

    assert seen.ItemsCounted(table="jobs", count=4) == aws.items(REGION, "jobs", 9)
    assert seen.ItemsCounted(table="jobs", count=3) == aws.items(REGION, "jobs", 3)


def test_continuous_backups_are_judged_by_their_own_status(aws: RealAws) -> None:
    """Off at first, on after somebody switched them on."""
    make_table()

    assert seen.ContinuousBackups(
        table="jobs", status="DISABLED", days=None, earliest=None, latest=None
    ) == aws.continuous_backups(REGION, "jobs")

    client("dynamodb").update_continuous_backups(
        TableName="jobs", PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
    )
    found = aws.again().continuous_backups(REGION, "jobs")

    assert isinstance(found, seen.ContinuousBackups)
    assert "ENABLED" == found.status
    assert found.earliest is not None
    assert found.latest is not None
    assert UTC == found.latest.tzinfo


def test_a_table_that_is_not_there_is_absent(aws: RealAws) -> None:
    """For both questions about it."""
    absent = seen.Absent(what="table jobs in af-south-1")

    assert absent == aws.table(REGION, "jobs")
    assert absent == aws.continuous_backups(REGION, "jobs")


def test_the_policy_of_a_table_is_told(aws: RealAws) -> None:
    """None at first; then its text. A table that is gone is absent."""
    make_table()
    arn = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/jobs"
    assert seen.ResourcePolicy(resource=arn, text="") == aws.table_policy(REGION, arn)

    client("dynamodb").put_resource_policy(ResourceArn=arn, Policy="{}")

    assert seen.ResourcePolicy(resource=arn, text="{}") == aws.again().table_policy(REGION, arn)
    assert isinstance(aws.table_policy(REGION, f"{arn}2"), seen.Absent)


@pytest.mark.parametrize(
    ("told", "key"),
    (
        ({}, ""),
        ({"Status": "DISABLED", "SSEType": "KMS", "KMSMasterKeyArn": "arn:k"}, ""),
        ({"Status": "ENABLED", "SSEType": "KMS", "KMSMasterKeyArn": "arn:k"}, "KMS arn:k"),
        ({"Status": "UPDATING", "SSEType": "KMS", "KMSMasterKeyArn": "arn:k"}, "KMS arn:k"),
        ({"Status": "ENABLED"}, "KMS"),
    ),
)
def test_a_table_has_dynamodbs_own_key_or_one_of_kms(told: dict[str, str], key: str) -> None:
    """DescribeTable says nothing of its own."""
    assert key == _encryption(told)


def test_a_backup_plan_is_seen_with_its_rules(aws: RealAws) -> None:
    """Schedule, vault and lifetime."""
    plan_id = client("backup").create_backup_plan(
        BackupPlan={
            "BackupPlanName": "nightly",
            "Rules": [
                {
                    "RuleName": "daily",
                    "TargetBackupVaultName": "vault",
                    "ScheduleExpression": "cron(0 1 * * ? *)",
                    "Lifecycle": {"DeleteAfterDays": 35},
                },
                {"RuleName": "hourly", "TargetBackupVaultName": "vault", "ScheduleExpression": "cron(0 * * * ? *)"},
            ],
        }
    )["BackupPlanId"]
    found = aws.backup_plan(REGION, plan_id)

    assert (
        seen.BackupPlanSeen(
            id=plan_id,
            name="nightly",
            made=getattr(found, "made", None),
            rules=(
                seen.BackupRule(name="daily", vault="vault", schedule="cron(0 1 * * ? *)", delete_after=35),
                seen.BackupRule(name="hourly", vault="vault", schedule="cron(0 * * * ? *)", delete_after=None),
            ),
        )
        == found
    )


def test_a_deleted_plan_is_absent_though_it_is_still_described(aws: RealAws) -> None:
    """AWS Backup answers with a deletion date; an unknown plan is absent as well."""
    backup = client("backup")
    rules = [{"RuleName": "daily", "TargetBackupVaultName": "vault"}]
    plan_id = backup.create_backup_plan(BackupPlan={"BackupPlanName": "nightly", "Rules": rules})["BackupPlanId"]
    backup.delete_backup_plan(BackupPlanId=plan_id)

    assert seen.Absent(what=f"backup plan {plan_id} in af-south-1") == aws.backup_plan(REGION, plan_id)
    assert isinstance(aws.backup_plan(REGION, "nobody"), seen.Absent)


def make_alarm(name: str = "errors", region: str = REGION, **more: Any) -> None:
    """An alarm on one metric."""
    client("cloudwatch", region).put_metric_alarm(
        **{
            "AlarmName": name,
            "MetricName": "Errors",
            "Namespace": "AWS/Lambda",
            "Dimensions": [{"Name": "Resource", "Value": "b"}, {"Name": "FunctionName", "Value": "a"}],
            "Statistic": "Sum",
            "Period": 60,
            "EvaluationPeriods": 2,
            "Threshold": 1.5,
            "ComparisonOperator": "GreaterThanThreshold",
            "AlarmActions": ["arn:aws:sns:af-south-1:1:page"],
            **more,
        }
    )


def test_an_alarm_is_seen_with_its_metric_and_its_actions(aws: RealAws) -> None:
    """Dimensions are sorted; what was not said of missing data is "missing"."""
    make_alarm()

    alarm = aws.alarm(REGION, "errors")

    assert isinstance(alarm, seen.AlarmSeen)
    assert ("AWS/Lambda", "Errors", "Sum", 60, 2, 1.5) == (
        alarm.namespace,
        alarm.metric,
        alarm.statistic,
        alarm.period,
        alarm.evaluation_periods,
        alarm.threshold,
    )
    assert (("FunctionName", "a"), ("Resource", "b")) == alarm.dimensions
    assert (True, ("arn:aws:sns:af-south-1:1:page",), "missing") == (
        alarm.actions_enabled,
        alarm.alarm_actions,
        alarm.missing_data,
    )
    assert "GreaterThanThreshold" == alarm.comparison
    assert alarm.state in {"OK", "INSUFFICIENT_DATA"}
    assert alarm.state_changed is not None


def test_an_alarm_over_metric_maths_keeps_its_metrics(aws: RealAws) -> None:
    """The slowest of its metrics gives its period."""
    stats = [
        {
            "Id": name,
            "ReturnData": False,
            "MetricStat": {
                "Metric": {
                    "Namespace": "AWS/Lambda",
                    "MetricName": metric,
                    "Dimensions": [{"Name": "F", "Value": "a"}],
                },
                "Period": period,
                "Stat": "Sum",
            },
        }
        for name, metric, period in (("e", "Errors", 60), ("i", "Invocations", 300))
    ]
    client("cloudwatch").put_metric_alarm(
        AlarmName="rate",
        Metrics=[{"Id": "r", "Expression": "e / i", "ReturnData": True}, *stats],
        EvaluationPeriods=1,
        Threshold=0.1,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="notBreaching",
    )

    alarm = aws.alarm(REGION, "rate")

    assert isinstance(alarm, seen.AlarmSeen)
    dimensions = (("F", "a"),)
    assert (("AWS/Lambda", "Errors", dimensions), ("AWS/Lambda", "Invocations", dimensions)) == alarm.metrics
    assert (("r", "e / i"), ("e", "AWS/Lambda/Errors Sum/60 F=a"), ("i", "AWS/Lambda/Invocations Sum/300 F=a")) == (
        alarm.queries
    )
    assert ("", "", "notBreaching", 300) == (alarm.metric, alarm.statistic, alarm.missing_data, alarm.period)


def test_many_alarms_are_asked_for_together(aws: RealAws) -> None:
    """A hundred names a call, whoever asks for them; each gets its own."""
    names = [f"alarm{number}" for number in range(105)]
    for name in names[100:103]:
        make_alarm(name)
    pool = Pool(len(names))

    found = [future.result() for future in [pool.submit(partial(aws.alarm, REGION, name)) for name in names]]

    assert names[100:103] == [alarm.name for alarm in found if isinstance(alarm, seen.AlarmSeen)]
    assert [seen.Absent] * 102 == [type(alarm) for alarm in (*found[:100], *found[103:])]
    # Two where all came in time; a slow machine may make a few batches of them, never a call for each.
    assert 2 <= aws.calls < 20


def test_an_alarm_that_is_not_there_is_absent(aws: RealAws) -> None:
    """In that region: one of the same name elsewhere is another alarm."""
    make_alarm(region="us-east-1")

    assert seen.Absent(what="alarm errors in af-south-1") == aws.alarm(REGION, "errors")
    assert isinstance(aws.alarm("us-east-1", "errors"), seen.AlarmSeen)


def test_a_topic_is_seen_without_the_endpoints_of_its_subscribers(aws: RealAws) -> None:
    """Who is told is personal; that somebody is told is evidence."""
    sns = client("sns")
    arn = sns.create_topic(Name="page")["TopicArn"]
    sns.subscribe(TopicArn=arn, Protocol="email", Endpoint="ada@example.org")

    topic = aws.topic(REGION, arn)

    assert isinstance(topic, seen.TopicSeen)
    assert (("email", "confirmed"),) == topic.subscriptions
    assert json.loads(topic.policy)["Statement"]
    assert "ada@example.org" not in repr(topic)


def test_a_topic_that_is_not_there_is_absent(aws: RealAws) -> None:
    """NotFound is AWS's own word for it."""
    assert isinstance(aws.topic(REGION, f"arn:aws:sns:{REGION}:{ACCOUNT}:nobody"), seen.Absent)


CONFIG: dict[str, Any] = {
    "CallerReference": "1",
    "Comment": "",
    "Enabled": True,
    "Aliases": {"Quantity": 2, "Items": ["www.shop.example", "shop.example"]},
    "DefaultRootObject": "index.html",
    "HttpVersion": "http2",
    "IsIPV6Enabled": True,
    "PriceClass": "PriceClass_All",
    "ViewerCertificate": {
        "ACMCertificateArn": "arn:aws:acm:us-east-1:1:certificate/c",
        "SSLSupportMethod": "sni-only",
        "MinimumProtocolVersion": "TLSv1.2_2021",
    },
    "Origins": {
        "Quantity": 2,
        "Items": [
            {
                "Id": "site",
                "DomainName": "b.s3.af-south-1.amazonaws.com",
                "OriginAccessControlId": "EOAC",
                "S3OriginConfig": {"OriginAccessIdentity": ""},
            },
            {
                "Id": "api",
                "DomainName": "x.execute-api.af-south-1.amazonaws.com",
                "OriginPath": "/prod",
                "CustomOriginConfig": {
                    "HTTPPort": 80,
                    "HTTPSPort": 443,
                    "OriginProtocolPolicy": "https-only",
                    "OriginSslProtocols": {"Quantity": 2, "Items": ["TLSv1.2", "TLSv1.1"]},
                },
            },
        ],
    },
    "DefaultCacheBehavior": {
        "TargetOriginId": "site",
        "ViewerProtocolPolicy": "redirect-to-https",
        "CachePolicyId": "658327ea-f89d-4fab-a63d-7e88639e58f6",
        "ResponseHeadersPolicyId": "headers",
        "Compress": True,
        "AllowedMethods": {"Quantity": 2, "Items": ["HEAD", "GET"]},
    },
    "CacheBehaviors": {
        "Quantity": 1,
        "Items": [
            {
                "PathPattern": "/api/*",
                "TargetOriginId": "api",
                "ViewerProtocolPolicy": "https-only",
                "ForwardedValues": {"QueryString": True, "Cookies": {"Forward": "none"}},
                "MinTTL": 0,
            }
        ],
    },
    "WebACLId": "arn:aws:wafv2:us-east-1:1:global/webacl/w/u",
    "CustomErrorResponses": {
        "Quantity": 1,
        "Items": [{"ErrorCode": 404, "ResponsePagePath": "/404.html", "ResponseCode": "404", "ErrorCachingMinTTL": 10}],
    },
}


def test_a_distribution_is_seen_as_it_serves(aws: RealAws) -> None:
    """Aliases, certificate, origins and behaviours, the default one last."""
    made = client("cloudfront").create_distribution(DistributionConfig=CONFIG)["Distribution"]

    found = aws.distribution(made["Id"])

    assert isinstance(found, seen.DistributionSeen)
    assert (made["Id"], made["ARN"], made["DomainName"], True) == (found.id, found.arn, found.domain, found.enabled)
    assert ("shop.example", "www.shop.example") == found.aliases
    assert ("index.html", "arn:aws:acm:us-east-1:1:certificate/c", "TLSv1.2_2021", "PriceClass_All") == (
        found.root,
        found.certificate,
        found.minimum_protocol,
        found.price_class,
    )
    assert ["s3", "custom"] == [origin.kind for origin in found.origins]
    assert [("", ""), ("/prod", "https-only")] == [(origin.path, origin.protocol) for origin in found.origins]
    assert [(), ("TLSv1.1", "TLSv1.2")] == [origin.versions for origin in found.origins]
    assert ("sni-only", ((404, "/404.html", "404", 10),)) == (found.attached, found.errors)
    assert "arn:aws:wafv2:us-east-1:1:global/webacl/w/u" == found.firewall
    assert ["/api/*", "*"] == [behaviour.pattern for behaviour in found.behaviours]
    api, site = found.behaviours
    assert ("api", "https-only", True) == (api.origin, api.viewer, api.legacy_ttl)
    assert ("site", "redirect-to-https", "658327ea-f89d-4fab-a63d-7e88639e58f6", True) == (
        site.origin,
        site.viewer,
        site.cache_policy,
        site.compress,
    )


def test_a_distribution_that_is_not_there_is_absent(aws: RealAws) -> None:
    """NoSuchDistribution is AWS's own word for it."""
    assert seen.Absent(what="distribution ENOBODY") == aws.distribution("ENOBODY")


def test_a_certificate_is_seen_with_its_names_and_its_validation(aws: RealAws) -> None:
    """While it is pending it has neither serial nor dates that count."""
    arn = client("acm").request_certificate(
        DomainName="shop.example", SubjectAlternativeNames=["www.shop.example"], ValidationMethod="DNS"
    )["CertificateArn"]

    found = aws.certificate(REGION, arn)

    assert isinstance(found, seen.CertificateSeen)
    assert (arn, ("shop.example", "www.shop.example")) == (found.arn, found.names)
    assert {"shop.example", "www.shop.example"} == {name for name, _ in found.validation}
    assert found.status in {"PENDING_VALIDATION", "ISSUED"}


def test_a_certificate_that_is_not_there_is_absent(aws: RealAws) -> None:
    """ResourceNotFoundException is AWS's own word for it."""
    arn = f"arn:aws:acm:{REGION}:{ACCOUNT}:certificate/00000000-0000-0000-0000-000000000000"

    assert seen.Absent(what=f"certificate {arn}") == aws.certificate(REGION, arn)


def test_a_domain_of_the_account_is_seen_with_its_locks(aws: RealAws) -> None:
    """One that it has not registered is absent, whatever may be odd about its name."""
    contact = {
        **dict.fromkeys(("FirstName", "LastName", "AddressLine1", "City"), "Shop"),
        "CountryCode": "ZA",
        "ZipCode": "6001",
        "PhoneNumber": "+27.410000000",
        "Email": "shop@shop.example",
    }
    contacts = {f"{role}Contact": contact for role in ("Admin", "Registrant", "Tech")}
    client("route53domains").register_domain(DomainName="shop.com", DurationInYears=2, AutoRenew=True, **contacts)

    found = aws.registration("shop.com")

    assert isinstance(found, seen.Registration)
    assert ("shop.com", True, True) == (found.domain, found.renews, found.expires is not None)
    assert seen.Absent(what="registration of other.com in this account") == aws.registration("other.com")


def make_zone(name: str, **more: Any) -> str:
    """A hosted zone; its id."""
    made = client("route53").create_hosted_zone(Name=name, CallerReference=str(datetime.now(UTC)), **more)
    return str(made["HostedZone"]["Id"].rpartition("/")[2])


def test_zones_are_the_public_ones_of_that_very_name(aws: RealAws) -> None:
    """Two of one name are both seen; a private one, a child and a sister are not."""
    mine = {make_zone("shop.example"), make_zone("shop.example.")}
    make_zone("a.shop.example")
    make_zone("zhop.example")
    make_zone("shop.example", VPC={"VPCRegion": "us-east-1", "VPCId": "vpc-1"}, HostedZoneConfig={"PrivateZone": True})

    found = aws.zones("Shop.Example.")

    assert ("shop.example", mine) == (found.name, {zone.id for zone in found.zones})
    assert {"shop.example"} == {zone.name for zone in found.zones}
    first = found.zones[0]
    assert first.nameservers == tuple(sorted(first.nameservers))
    assert first.nameservers
    assert 2 == first.records


def test_no_zone_of_a_name_is_no_zone(aws: RealAws) -> None:
    """An empty list that AWS signed."""
    assert seen.Zones(name="shop.example", zones=()) == aws.zones("shop.example")


def change(zone_id: str, *records: dict[str, Any]) -> None:
    """Put records into a zone."""
    changes = [{"Action": "UPSERT", "ResourceRecordSet": record} for record in records]
    client("route53").change_resource_record_sets(HostedZoneId=zone_id, ChangeBatch={"Changes": changes})


def test_records_are_those_of_one_name(aws: RealAws) -> None:
    """Plain ones with their values, aliases with their target; nothing of the neighbours."""
    zone_id = make_zone("shop.example")
    alias = {"HostedZoneId": "Z2FDTNDATAQYW2", "DNSName": "D1.CloudFront.net.", "EvaluateTargetHealth": False}
    change(
        zone_id,
        {"Name": "www.shop.example", "Type": "A", "AliasTarget": alias},
        {"Name": "www.shop.example", "Type": "TXT", "TTL": 60, "ResourceRecords": [{"Value": '"b"'}, {"Value": '"a"'}]},
        {"Name": "zzz.shop.example", "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": "192.0.2.1"}]},
        {"Name": "aaa.shop.example", "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": "192.0.2.1"}]},
    )

    found = aws.records(zone_id, "WWW.shop.example.")

    assert (
        seen.RecordSeen(
            name="www.shop.example", type="A", ttl=None, values=(), alias="d1.cloudfront.net", policy="simple"
        ),
        seen.RecordSeen(name="www.shop.example", type="TXT", ttl=60, values=('"a"', '"b"'), alias="", policy="simple"),
    ) == found.records
    assert (zone_id, "www.shop.example") == (found.zone, found.name)


@pytest.mark.parametrize("zone", ("mine", "ZNOBODY"))
def test_no_record_of_a_name_is_no_record(aws: RealAws, zone: str) -> None:
    """In a zone that has none, and in a zone that does not exist."""
    zone_id = make_zone("shop.example") if zone == "mine" else zone

    assert seen.Records(zone=zone_id, name="www.shop.example", records=()) == aws.records(zone_id, "www.shop.example")


def make_function(**more: Any) -> str:
    """A function; its role's ARN."""
    trust = {"Version": "2012-10-17", "Statement": []}
    role = client("iam").create_role(RoleName="fn", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("app.py", "def handler(event, context): ...")
    client("lambda").create_function(
        **{
            "FunctionName": "api",
            "Runtime": "python3.13",
            "Role": role,
            "Handler": "app.handler",
            "Code": {"ZipFile": code.getvalue()},
            "MemorySize": 256,
            "Timeout": 28,
            **more,
        }
    )
    return str(role)


def test_a_function_is_seen_without_the_values_of_its_environment(aws: RealAws) -> None:
    """A digest tells that a value changed, not what it is."""
    role = make_function(Environment={"Variables": {"TABLE": "jobs", "KEY": "hunter2"}}, Architectures=["arm64"])
    client("lambda").put_function_concurrency(FunctionName="api", ReservedConcurrentExecutions=5)

    found = aws.function(REGION, "api")

    assert isinstance(found, seen.FunctionSeen)
    assert (("KEY", seen.digest_of("hunter2")), ("TABLE", seen.digest_of("jobs"))) == found.environment
    assert "hunter2" not in repr(found)
    assert seen.digest_of("hunter2") != seen.digest_of("hunter3")
    assert ("python3.13", "arm64", "app.handler", 256, 28, 5, role) == (
        found.runtime,
        found.architecture,
        found.handler,
        found.memory,
        found.timeout,
        found.reserved_concurrency,
        found.role,
    )
    assert ("Active", "Successful") == (found.state, found.last_update)
    assert found.code_sha256


def test_a_function_without_reserved_concurrency_has_none(aws: RealAws) -> None:
    """An empty answer is AWS's way to say so."""
    make_function()

    found = aws.function(REGION, "api")

    assert isinstance(found, seen.FunctionSeen)
    assert (None, ()) == (found.reserved_concurrency, found.environment)


def test_a_function_that_is_not_there_is_absent(aws: RealAws) -> None:
    """ResourceNotFoundException is AWS's own word for it."""
    assert seen.Absent(what="function nobody in af-south-1") == aws.function(REGION, "nobody")
