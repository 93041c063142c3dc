"""What MiniStack is taught, seen through the APIs that a stack and a harness use."""

from __future__ import annotations

import copy
import http.client
import json
import re
import ssl
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, cast

import botocore.exceptions
import pytest

from checks.twin.gaps import GAPS, READ_FROM, Grounds, origins, patching, running_version, viewers
from checks.twin.gaps.patching import service
from checks.twin.gaps.zones import name_servers
from tests.twin import conftest, template
from tests.twin.conftest import Site

pytestmark = pytest.mark.twin


def recovery(site: Site, table: str) -> dict[str, Any]:
    """What DescribeContinuousBackups says of point-in-time recovery."""
    told = site.client("dynamodb").describe_continuous_backups(TableName=table)["ContinuousBackupsDescription"]
    return dict(told["PointInTimeRecoveryDescription"])


@pytest.fixture
def body(site: Site) -> Iterator[dict[str, Any]]:
    """The site's template, to be changed; the stack is put back afterwards."""
    original = template.site(site.zone_id, site.certificate)
    yield copy.deepcopy(original)
    try:
        status = site.deploy(original)
    except botocore.exceptions.ClientError as error:
        assert "No updates" in str(error)  # noqa: PT017 - nothing was changed, so there is nothing to put back
    else:
        assert "UPDATE_COMPLETE" == status


def test_every_gap_gives_its_reason() -> None:
    """A gap is one function with a sentence and a reason, and no two have the same name."""
    assert len(GAPS) == len({each.__name__ for each in GAPS})
    assert all(len((each.__doc__ or "").strip().splitlines()) > 1 for each in GAPS)


def test_a_gap_that_does_not_fit_names_place_and_version() -> None:
    """A function that is gone, or that takes other parameters, is refused in words that say what to do."""
    module = ModuleType("ministack.somewhere")
    module.there = lambda one: one  # type: ignore[attr-defined]
    for name, why in (("gone", "it is gone"), ("there", "it takes ('one',), ('two',) was expected")):
        with pytest.raises(patching.GapDoesNotFit) as refused:
            patching.replace(module, name, ("two",), lambda original: original)
        for part in (f"ministack {running_version()}", f"ministack.somewhere.{name}", why, READ_FROM):
            assert part in str(refused.value)


def test_a_type_that_cloudformation_has_learnt_is_not_taught_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Our own handler must not hide a better one of a newer MiniStack."""
    monkeypatch.setattr(patching, "service", lambda _: SimpleNamespace(_RESOURCE_HANDLERS={"AWS::New::Type": {}}))
    with pytest.raises(patching.GapDoesNotFit, match="remove our own"):
        patching.add_handlers("AWS::New::Type", {})


@pytest.mark.parametrize(
    ("table", "status"), (("site-protected", "ENABLED"), ("site-plain", "DISABLED")), ids=("declared", "not declared")
)
def test_point_in_time_recovery_is_as_declared(site: Site, table: str, status: str) -> None:
    """The template's property counts, and its absence too."""
    assert status == recovery(site, table)["PointInTimeRecoveryStatus"]


def test_point_in_time_recovery_follows_an_update(site: Site, body: dict[str, Any]) -> None:
    """Declared later, it is on later; the template's word is what an update applies."""
    body["Resources"]["Plain"]["Properties"]["PointInTimeRecoverySpecification"] = {"PointInTimeRecoveryEnabled": True}
    body["Resources"]["Protected"]["Properties"].pop("PointInTimeRecoverySpecification")
    assert "UPDATE_COMPLETE" == site.deploy(body)
    assert "ENABLED" == recovery(site, "site-plain")["PointInTimeRecoveryStatus"]
    assert "DISABLED" == recovery(site, "site-protected")["PointInTimeRecoveryStatus"]


def test_what_was_switched_off_by_hand_stays_off(site: Site, body: dict[str, Any]) -> None:
    """A deploy that does not touch the property does not repair it, on AWS neither."""
    switch = site.client("dynamodb").update_continuous_backups
    name = "site-protected"
    switch(TableName=name, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": False})
    body["Resources"]["Alarm"]["Properties"]["Threshold"] = 2
    assert "UPDATE_COMPLETE" == site.deploy(body)
    assert "DISABLED" == recovery(site, name)["PointInTimeRecoveryStatus"]
    switch(TableName=name, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True})
    again = recovery(site, name)
    assert "ENABLED" == again["PointInTimeRecoveryStatus"]
    assert datetime.now(UTC) - again["EarliestRestorableDateTime"] < timedelta(seconds=30)


def test_the_recovery_window_begins_when_it_was_enabled_and_never_ends_in_the_future(site: Site) -> None:
    """Earliest is at most latest, and latest is at most now."""
    seen = recovery(site, "site-protected")
    earliest, latest = seen["EarliestRestorableDateTime"], seen["LatestRestorableDateTime"]
    assert earliest <= latest <= datetime.now(UTC)
    assert earliest == recovery(site, "site-protected")["EarliestRestorableDateTime"]


def test_a_backup_selection_is_real(site: Site, body: dict[str, Any]) -> None:
    """It can be listed and read, names its resources, and goes with its resource."""
    backup, plan = site.client("backup"), site.outputs["PlanId"]
    [listed] = backup.list_backup_selections(BackupPlanId=plan)["BackupSelectionsList"]
    read = backup.get_backup_selection(BackupPlanId=plan, SelectionId=listed["SelectionId"])["BackupSelection"]
    table = site.client("dynamodb").describe_table(TableName="site-protected")["Table"]["TableArn"]
    assert ("tables", [table]) == (read["SelectionName"], read["Resources"])
    body["Resources"].pop("Selection")
    assert "UPDATE_COMPLETE" == site.deploy(body)
    assert [] == backup.list_backup_selections(BackupPlanId=plan)["BackupSelectionsList"]


def test_an_apis_own_name_says_its_state(site: Site) -> None:
    """Made by a stack or by hand; one that is gone is not found."""
    name, made = "api.site.example", site.client("apigateway")
    certificate = {"DomainName": name, "RegionalCertificateArn": site.certificate}
    body = {"Resources": {"Name": {"Type": "AWS::ApiGateway::DomainName", "Properties": certificate}}}
    assert "CREATE_COMPLETE" == conftest.deploy(site.twin, "Names", body, "af-south-1")
    seen = made.get_domain_name(domainName=name)
    assert ("AVAILABLE", site.certificate) == (seen["domainNameStatus"], seen["regionalCertificateArn"])
    made.delete_domain_name(domainName=name)
    with pytest.raises(botocore.exceptions.ClientError, match="NotFoundException"):
        made.get_domain_name(domainName=name)
    site.client("cloudformation").delete_stack(StackName="Names")


def test_a_protected_table_cannot_be_deleted(site: Site) -> None:
    """The API refuses, and so does CloudFormation."""
    with pytest.raises(botocore.exceptions.ClientError, match="deletion protection"):
        site.client("dynamodb").delete_table(TableName="site-protected")
    stacks = site.client("cloudformation")
    alone = {"Resources": {"Kept": {**template._tables()["Protected"]}}}
    alone["Resources"]["Kept"]["Properties"]["TableName"] = "site-kept"
    assert "CREATE_COMPLETE" == conftest.deploy(site.twin, "Kept", alone, "af-south-1")
    stacks.delete_stack(StackName="Kept")
    assert "DELETE_FAILED" == conftest.settled(stacks, "Kept")
    alone["Resources"]["Kept"]["Properties"]["DeletionProtectionEnabled"] = False
    site.client("dynamodb").update_table(TableName="site-kept", DeletionProtectionEnabled=False)
    stacks.delete_stack(StackName="Kept")
    with pytest.raises(botocore.exceptions.ClientError, match="does not exist"):
        conftest.settled(stacks, "Kept")
    assert "site-kept" not in site.client("dynamodb").list_tables()["TableNames"]


def test_a_resource_that_leaves_the_template_leaves_aws(site: Site, body: dict[str, Any]) -> None:
    """Record, table and alarm are gone after the update that drops them, at the APIs and in DNS."""
    for gone in ("RecordwwwA", "Plain", "Worst", "Alarm", "Slow", "Rate"):
        body["Resources"].pop(gone)
    assert site.ask(f"www.{template.DOMAIN}").answer
    assert "UPDATE_COMPLETE" == site.deploy(body)
    assert not site.ask(f"www.{template.DOMAIN}").answer
    assert "site-plain" not in site.client("dynamodb").list_tables()["TableNames"]
    assert [] == site.client("cloudwatch").describe_alarms()["MetricAlarms"]


def test_a_distribution_follows_its_template(site: Site, body: dict[str, Any]) -> None:
    """A behaviour that leaves the template no longer routes; the domain name stays."""
    assert 200 == site.get("/api/things").status
    config = body["Resources"]["Distribution"]["Properties"]["DistributionConfig"]
    config["CacheBehaviors"] = []
    assert "UPDATE_COMPLETE" == site.deploy(body)
    page = site.get("/api/things")
    assert (200, "text/html") == (page.status, page.headers["Content-Type"])
    assert site.outputs["DistributionDomain"] == conftest.outputs(site.twin, "Site", "af-south-1")["DistributionDomain"]


def test_composite_alarms_budgets_and_identity_providers_are_real(site: Site, body: dict[str, Any]) -> None:
    """Each can be read at its own API, follows an update, and goes with its resource."""
    alarms, budgets, iam = site.client("cloudwatch"), site.client("budgets"), site.client("iam")

    def composite() -> list[str]:
        told = alarms.describe_alarms(AlarmTypes=["CompositeAlarm"])["CompositeAlarms"]
        return [each["AlarmRule"] for each in told]

    def limits() -> list[str]:
        told = budgets.describe_budgets(AccountId="000000000000").get("Budgets", [])
        return [each["BudgetLimit"]["Amount"] for each in told]

    arn = site.outputs["ProviderArn"]
    assert (['ALARM("site-errors")'], ["50"]) == (composite(), limits())
    assert ["sts.amazonaws.com"] == iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)["ClientIDList"]
    body["Resources"]["Budget"]["Properties"]["Budget"]["BudgetLimit"]["Amount"] = 60
    body["Resources"]["Worst"]["Properties"]["AlarmRule"] = {"Fn::Sub": 'NOT ALARM("${Alarm}")'}
    body["Resources"]["Provider"]["Properties"]["ClientIdList"] = ["other"]
    assert "UPDATE_COMPLETE" == site.deploy(body)
    assert (['NOT ALARM("site-errors")'], ["60"]) == (composite(), limits())
    assert ["other"] == iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)["ClientIDList"]
    for gone in ("Worst", "Budget", "Provider"):
        body["Resources"].pop(gone)
    body["Outputs"].pop("ProviderArn")
    assert "UPDATE_COMPLETE" == site.deploy(body)
    assert ([], [], []) == (composite(), limits(), iam.list_open_id_connect_providers()["OpenIDConnectProviderList"])


def test_a_firewall_stands_before_a_resource_and_goes_with_its_association(site: Site) -> None:
    """`Ref` is what CloudFormation gives, another web ACL takes the place of the first, a removed one leaves none."""
    stage = "arn:aws:apigateway:af-south-1::/restapis/a1/stages/prod"
    waf, stacks = site.client("wafv2"), site.client("cloudformation")
    seen = {"SampledRequestsEnabled": False, "CloudWatchMetricsEnabled": False, "MetricName": "wall"}
    wall = {"Scope": "REGIONAL", "DefaultAction": {"Allow": {}}, "Rules": [], "VisibilityConfig": seen}
    resources: dict[str, Any] = {
        name: {"Type": "AWS::WAFv2::WebACL", "Properties": {"Name": name, **wall}} for name in ("First", "Second")
    }
    before = {"ResourceArn": stage, "WebACLArn": {"Fn::GetAtt": ["First", "Arn"]}}
    resources["Before"] = {"Type": "AWS::WAFv2::WebACLAssociation", "Properties": before}
    outputs = {"Before": {"Value": {"Ref": "Before"}}}

    def standing() -> str:
        return str(waf.get_web_acl_for_resource(ResourceArn=stage)["WebACL"]["ARN"])

    assert "CREATE_COMPLETE" == conftest.deploy(
        site.twin, "Walls", {"Resources": resources, "Outputs": outputs}, "af-south-1"
    )
    first = standing()
    assert ":regional/webacl/First/" in first
    assert f"{stage}|{first}" == conftest.outputs(site.twin, "Walls", "af-south-1")["Before"]
    before["WebACLArn"] = {"Fn::GetAtt": ["Second", "Arn"]}
    assert "UPDATE_COMPLETE" == site.deploy({"Resources": resources, "Outputs": outputs}, name="Walls")
    assert ":regional/webacl/Second/" in standing()
    before["ResourceArn"] = f"{stage}2"
    assert "UPDATE_COMPLETE" == site.deploy({"Resources": resources, "Outputs": outputs}, name="Walls")
    with pytest.raises(waf.exceptions.WAFNonexistentItemException):
        standing()
    resources.pop("Before")
    assert "UPDATE_COMPLETE" == site.deploy({"Resources": resources}, name="Walls")
    with pytest.raises(waf.exceptions.WAFNonexistentItemException):
        waf.get_web_acl_for_resource(ResourceArn=f"{stage}2")
    stacks.delete_stack(StackName="Walls")
    with pytest.raises(botocore.exceptions.ClientError, match="does not exist"):
        conftest.settled(stacks, "Walls")


def test_an_association_with_a_firewall_that_is_not_there_is_refused(site: Site) -> None:
    """WAF's own words, and the stack goes back."""
    before = {
        "ResourceArn": "arn:aws:apigateway:af-south-1::/restapis/a1/stages/prod",
        "WebACLArn": "arn:aws:wafv2:af-south-1:000000000000:regional/webacl/nobody/0",
    }
    resources = {"Before": {"Type": "AWS::WAFv2::WebACLAssociation", "Properties": before}}

    assert "ROLLBACK_COMPLETE" == conftest.deploy(site.twin, "NoWall", {"Resources": resources}, "af-south-1")
    site.client("cloudformation").delete_stack(StackName="NoWall")


def test_a_firewall_before_a_distribution_is_kept(site: Site, body: dict[str, Any]) -> None:
    """By CloudFormation and by the API, and gone when the template or somebody takes it away."""
    cloudfront, which = site.client("cloudfront"), site.outputs["DistributionId"]
    wall = "arn:aws:wafv2:us-east-1:000000000000:global/webacl/wall/1"

    def kept() -> str:
        return str(cloudfront.get_distribution(Id=which)["Distribution"]["DistributionConfig"].get("WebACLId", ""))

    assert "" == kept()
    body["Resources"]["Distribution"]["Properties"]["DistributionConfig"]["WebACLId"] = wall
    assert "UPDATE_COMPLETE" == site.deploy(body)
    assert wall == kept()
    told = cloudfront.get_distribution_config(Id=which)
    cloudfront.update_distribution(
        Id=which, IfMatch=told["ETag"], DistributionConfig={**told["DistributionConfig"], "WebACLId": ""}
    )
    assert "" == kept()


def test_who_may_read_one_firewall_reads_no_other(site: Site) -> None:
    """A web ACL by its own ARN, and what stands before a resource by that of the resource."""
    iam, waf = site.client("iam"), site.client("wafv2")
    stage = "arn:aws:apigateway:af-south-1::/restapis/a1/stages"
    seen = {"SampledRequestsEnabled": False, "CloudWatchMetricsEnabled": False, "MetricName": "wall"}
    walls = {
        name: waf.create_web_acl(
            Name=name, Scope="REGIONAL", DefaultAction={"Allow": {}}, Rules=[], VisibilityConfig=seen
        )["Summary"]
        for name in ("ours", "theirs")
    }
    waf.associate_web_acl(WebACLArn=walls["ours"]["ARN"], ResourceArn=f"{stage}/ours")
    statements = [
        {"Effect": "Allow", "Action": "wafv2:GetWebACL", "Resource": walls["ours"]["ARN"]},
        {"Effect": "Allow", "Action": "wafv2:GetWebACLForResource", "Resource": f"{stage}/ours"},
    ]
    trust = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    made = iam.create_role(
        RoleName="one-wall", AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    )
    document = json.dumps({"Version": "2012-10-17", "Statement": statements})
    iam.put_role_policy(RoleName="one-wall", PolicyName="one", PolicyDocument=document)
    got = site.client("sts").assume_role(RoleArn=made["Role"]["Arn"], RoleSessionName="test")["Credentials"]
    keys = {"key": got["AccessKeyId"], "secret": got["SecretAccessKey"], "token": got["SessionToken"]}
    reader = conftest.client(site.twin, "wafv2", **keys)

    assert "ours" == reader.get_web_acl(Name="ours", Scope="REGIONAL", Id=walls["ours"]["Id"])["WebACL"]["Name"]
    assert "ours" == reader.get_web_acl_for_resource(ResourceArn=f"{stage}/ours")["WebACL"]["Name"]
    with pytest.raises(botocore.exceptions.ClientError, match="AccessDenied"):
        reader.get_web_acl(Name="theirs", Scope="REGIONAL", Id=walls["theirs"]["Id"])
    with pytest.raises(botocore.exceptions.ClientError, match="AccessDenied"):
        reader.get_web_acl_for_resource(ResourceArn=f"{stage}/theirs")
    with pytest.raises(botocore.exceptions.ClientError, match="AccessDenied"):
        reader.list_web_acls(Scope="REGIONAL")


def test_a_secret_is_referred_to_by_its_arn(site: Site, body: dict[str, Any]) -> None:
    """Ref is the ARN; a new value is a new version of the same secret; it goes with its resource."""
    secrets = site.client("secretsmanager")
    seen = secrets.get_secret_value(SecretId="site")
    assert (site.outputs["SecretRef"], "hush") == (seen["ARN"], seen["SecretString"])
    body["Resources"]["Secret"]["Properties"]["SecretString"] = "hush again"
    assert "UPDATE_COMPLETE" == site.deploy(body)
    again = secrets.get_secret_value(SecretId=seen["ARN"])
    assert (seen["ARN"], "hush again") == (again["ARN"], again["SecretString"])
    body["Resources"].pop("Secret")
    body["Outputs"].pop("SecretRef")
    assert "UPDATE_COMPLETE" == site.deploy(body)
    with pytest.raises(secrets.exceptions.ResourceNotFoundException):
        secrets.get_secret_value(SecretId="site")
    assert "UPDATE_COMPLETE" == site.deploy(template.site(site.zone_id, site.certificate))
    # The secret is another one now: whoever asks the outputs later must see that.
    site.outputs["SecretRef"] = conftest.outputs(site.twin, "Site", "af-south-1")["SecretRef"]


def test_an_index_of_a_stacks_table_is_whole(site: Site, body: dict[str, Any]) -> None:
    """Status, ARN and sizes are there; an index that the template drops is gone."""
    dynamodb = site.client("dynamodb")
    [index] = dynamodb.describe_table(TableName="site-indexed")["Table"]["GlobalSecondaryIndexes"]
    assert ("ACTIVE", 0, True) == (
        index["IndexStatus"], index["ItemCount"], index["IndexArn"].endswith(":table/site-indexed/index/ByState"),
    )  # fmt: skip
    properties = body["Resources"]["Indexed"]["Properties"]
    properties.pop("GlobalSecondaryIndexes")
    properties["AttributeDefinitions"].pop()
    assert "UPDATE_COMPLETE" == site.deploy(body)
    assert not dynamodb.describe_table(TableName="site-indexed")["Table"].get("GlobalSecondaryIndexes")


def test_an_alarm_on_a_percentile_has_no_other_statistic(site: Site) -> None:
    """As PutMetricAlarm would have it: one or the other."""
    [alarm] = site.client("cloudwatch").describe_alarms(AlarmNames=["site-slow"])["MetricAlarms"]
    assert ("p95", None) == (alarm["ExtendedStatistic"], alarm.get("Statistic"))


def test_an_alarm_keeps_its_switch(site: Site) -> None:
    """ActionsEnabled is as declared, and can be turned by the API."""
    alarms = site.client("cloudwatch")
    [alarm] = alarms.describe_alarms(AlarmNames=["site-errors"])["MetricAlarms"]
    assert (False, "INSUFFICIENT_DATA") == (alarm["ActionsEnabled"], alarm["StateValue"])
    alarms.enable_alarm_actions(AlarmNames=["site-errors"])
    assert alarms.describe_alarms(AlarmNames=["site-errors"])["MetricAlarms"][0]["ActionsEnabled"]
    alarms.disable_alarm_actions(AlarmNames=["site-errors"])


def test_cloudformation_tells_what_it_was_told(site: Site) -> None:
    """Template, resources, metadata and outputs of a stack can be read back."""
    stacks = site.client("cloudformation")
    told = template.site(site.zone_id, site.certificate)
    for stage in ("Original", "Processed"):
        seen = stacks.get_template(StackName="Site", TemplateStage=stage)["TemplateBody"]
        assert told == (json.loads(seen) if isinstance(seen, str) else json.loads(json.dumps(seen)))
    listed = stacks.get_paginator("list_stack_resources").paginate(StackName="Site").build_full_result()
    assert told["Resources"].keys() == {each["LogicalResourceId"] for each in listed["StackResourceSummaries"]}
    detail = stacks.describe_stack_resource(StackName="Site", LogicalResourceId="Alarm")["StackResourceDetail"]
    assert {"aws:cdk:path": "Site/Errors/Resource"} == json.loads(detail["Metadata"])
    [output] = [
        each
        for each in stacks.describe_stacks(StackName="Site")["Stacks"][0]["Outputs"]
        if each["OutputKey"] == "DistributionId"
    ]
    assert "For invalidations" == output["Description"]


def test_the_validation_records_of_a_certificate_are_in_the_zone(site: Site) -> None:
    """CloudFormation writes them, one for each name, and they can be resolved."""
    told = site.client("acm", "us-east-1").describe_certificate(CertificateArn=site.certificate)["Certificate"]
    for option in told["DomainValidationOptions"]:
        wanted = option["ResourceRecord"]
        [answer] = site.ask(wanted["Name"], wanted["Type"]).answer
        assert wanted["Value"] == answer[0].target.to_text()


def test_a_certificate_in_use_cannot_be_deleted(site: Site) -> None:
    """ACM refuses as long as a distribution shows it; one that nobody uses goes."""
    acm = site.client("acm", "us-east-1")
    with pytest.raises(acm.exceptions.ResourceInUseException):
        acm.delete_certificate(CertificateArn=site.certificate)
    unused = acm.request_certificate(DomainName="unused.example")["CertificateArn"]
    assert [] == acm.describe_certificate(CertificateArn=unused)["Certificate"]["InUseBy"]
    acm.delete_certificate(CertificateArn=unused)


def test_the_name_of_an_api_uses_its_certificate(site: Site) -> None:
    """As long as it is there; the certificate is of the name's own region."""
    acm, apis = site.client("acm"), site.client("apigateway")
    arn = acm.request_certificate(DomainName="api.own.example")["CertificateArn"]
    apis.create_domain_name(
        domainName="api.own.example", regionalCertificateArn=arn, endpointConfiguration={"types": ["REGIONAL"]}
    )
    with pytest.raises(acm.exceptions.ResourceInUseException):
        acm.delete_certificate(CertificateArn=arn)
    users = acm.describe_certificate(CertificateArn=arn)["Certificate"]["InUseBy"]
    assert ["arn:aws:apigateway:af-south-1::/domainnames/api.own.example"] == users
    apis.delete_domain_name(domainName="api.own.example")
    acm.delete_certificate(CertificateArn=arn)


def test_what_is_no_certificate_is_not_imported(site: Site) -> None:
    """ACM reads what it is given."""
    acm = site.client("acm", "us-east-1")
    with pytest.raises(botocore.exceptions.ClientError, match="Could not validate"):
        acm.import_certificate(Certificate=b"no certificate", PrivateKey=b"no key")


def test_delegation_sets_look_like_route_53s_and_never_meet() -> None:
    """Four names in four top-level domains, the same for the same zone."""
    sets = [name_servers(f"Z{number:013d}") for number in range(20)]
    assert sets == [name_servers(f"Z{number:013d}") for number in range(20)]
    for each in sets:
        assert ["com", "net", "org", "co.uk"] == [name.split(".", 2)[2] for name in each]


def test_the_role_may_do_what_it_was_given_and_nothing_else(site: Site) -> None:
    """The harness's role lists tables and describes stacks; reading an item, writing, and IAM are refused."""
    sts = site.client("sts")
    got = sts.assume_role(RoleArn=site.twin.role_arn, RoleSessionName="test")["Credentials"]
    keys = {"key": got["AccessKeyId"], "secret": got["SecretAccessKey"], "token": got["SessionToken"]}

    def harness(service: str) -> Any:  # noqa: ANN401
        return conftest.client(site.twin, service, **keys)

    assert "site-plain" in harness("dynamodb").list_tables()["TableNames"]
    assert harness("cloudformation").describe_stacks()["Stacks"]
    [function] = site.client("lambda").list_functions()["Functions"]
    assert harness("lambda").get_function_concurrency(FunctionName=function["FunctionName"])
    refused: tuple[Callable[[], object], ...] = (
        lambda: harness("dynamodb").describe_table(TableName="site-plain"),
        lambda: harness("dynamodb").put_item(TableName="site-plain", Item={"id": {"S": "1"}}),
        lambda: harness("cloudwatch").describe_alarms(),
        lambda: harness("s3").list_objects_v2(Bucket=template.BUCKET),
        lambda: harness("iam").list_roles(),
        lambda: harness("cloudformation").delete_stack(StackName="Site"),
    )
    for each in refused:
        with pytest.raises(botocore.exceptions.ClientError, match="AccessDenied") as denied:
            each()
        assert denied.value.response["ResponseMetadata"]["RequestId"]


def test_who_may_read_one_dashboard_budget_or_policy_reads_no_other(site: Site) -> None:
    """Two are of no region, the third is told by its ARN in the request (Service Authorization Reference)."""
    iam, account = site.client("iam"), "000000000000"
    tables_are = f"arn:aws:dynamodb:af-south-1:{account}:table/"
    for name in ("ours", "theirs"):
        limit = {"BudgetLimit": {"Amount": "1", "Unit": "USD"}, "TimeUnit": "MONTHLY", "BudgetType": "COST"}
        site.client("budgets").create_budget(AccountId=account, Budget={"BudgetName": name, **limit})
        site.client("cloudwatch").put_dashboard(DashboardName=name, DashboardBody='{"widgets": []}')
    allowed = {
        "cloudwatch:GetDashboard": f"arn:aws:cloudwatch::{account}:dashboard/ours",
        "budgets:ViewBudget": f"arn:aws:budgets::{account}:budget/ours",
        "dynamodb:GetResourcePolicy": f"{tables_are}site-plain",
    }
    statements = [{"Effect": "Allow", "Action": action, "Resource": arn} for action, arn in allowed.items()]
    trust = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    made = iam.create_role(
        RoleName="one-of-each",
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
    )
    document = json.dumps({"Version": "2012-10-17", "Statement": statements})
    iam.put_role_policy(RoleName="one-of-each", PolicyName="one", PolicyDocument=document)
    got = site.client("sts").assume_role(RoleArn=made["Role"]["Arn"], RoleSessionName="test")["Credentials"]
    keys = {"key": got["AccessKeyId"], "secret": got["SecretAccessKey"], "token": got["SessionToken"]}
    boards, budgets, tables = (
        conftest.client(site.twin, each, **keys) for each in ("cloudwatch", "budgets", "dynamodb")
    )

    assert "ours" == boards.get_dashboard(DashboardName="ours")["DashboardName"]
    assert "ours" == budgets.describe_budget(AccountId=account, BudgetName="ours")["Budget"]["BudgetName"]
    with pytest.raises(botocore.exceptions.ClientError, match="PolicyNotFound"):
        tables.get_resource_policy(ResourceArn=f"{tables_are}site-plain")
    with pytest.raises(botocore.exceptions.ClientError, match="AccessDenied"):
        tables.get_resource_policy(ResourceArn=f"{tables_are}another")
    with pytest.raises(botocore.exceptions.ClientError, match="AccessDenied"):
        boards.get_dashboard(DashboardName="theirs")
    with pytest.raises(botocore.exceptions.ClientError, match="AccessDenied"):
        budgets.describe_budget(AccountId=account, BudgetName="theirs")


@pytest.mark.parametrize(
    ("key", "secret", "code"),
    (
        pytest.param(None, "wrong", "InvalidSignatureException", id="wrong secret"),
        pytest.param("test", "test", "UnrecognizedClientException", id="the emulator's usual key"),
        pytest.param("000000000000", "any", "UnrecognizedClientException", id="the account number"),
        pytest.param("AKIAIOSFODNN7EXAMPLE", "any", "UnrecognizedClientException", id="unknown key"),
    ),
)
def test_wrong_credentials_are_refused(site: Site, key: str | None, secret: str, code: str) -> None:
    """Nobody is root by habit."""
    table = conftest.client(site.twin, "dynamodb", key=key or site.twin.access_key_id, secret=secret)
    with pytest.raises(botocore.exceptions.ClientError, match=code):
        table.list_tables()


def unsigned(site: Site, path: str, host: str) -> tuple[int, bytes]:
    """A request to the emulator that names nobody."""
    where, port = site.twin.endpoint.removeprefix("https://").split(":")
    context = ssl.create_default_context(cafile=site.twin.ca_bundle)
    connection = http.client.HTTPSConnection(where, int(port), context=context, timeout=10)
    connection.request("GET", path, headers={"Host": host})
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, body


@pytest.mark.parametrize(
    ("path", "status", "says"),
    (
        pytest.param("/prod/api/things", 200, b"/api/things", id="a route"),
        pytest.param("/prod", 403, b"Missing Authentication Token", id="no such route"),
        pytest.param("/nostage/x", 403, b"Forbidden", id="no such stage"),
    ),
)
def test_an_api_answers_its_visitors_itself(site: Site, path: str, status: int, says: bytes) -> None:
    """Whoever goes round the distribution meets the API, which needs no key, and its own refusals (pitfall 50)."""
    seen = unsigned(site, path, f"{site.outputs['ApiId']}.execute-api.af-south-1.amazonaws.com")
    assert (status, True) == (seen[0], says in seen[1])


def test_a_private_bucket_is_closed_to_strangers_and_a_public_one_is_not(site: Site) -> None:
    """The bucket's own policy decides about those who name nobody."""
    s3, bucket = site.client("s3"), "site-example-other"
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "af-south-1"})
    s3.put_object(Bucket=bucket, Key="page", Body=b"seen")
    host = f"{bucket}.s3.af-south-1.amazonaws.com"
    assert 403 == unsigned(site, "/page", host)[0]
    s3.delete_public_access_block(Bucket=bucket)
    statement = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket}/*"}
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    assert (200, b"seen") == unsigned(site, "/page", host)
    s3.delete_object(Bucket=bucket, Key="page")
    s3.delete_bucket(Bucket=bucket)


def test_a_distributions_configuration_is_read_when_it_is_another(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not at each request; what is read is what MiniStack reads."""
    cloudfront = service("services.cloudfront")
    real, parsed = cloudfront.parse_distribution_dataplane_config, cloudfront._dist_config_el
    read: list[str] = []
    monkeypatch.setattr(cloudfront, "parse_distribution_dataplane_config", real)

    def reading(dist: dict[str, str]) -> Any:  # noqa: ANN401 - an element of MiniStack's parser
        read.append(dist["config_xml"])
        return parsed(dist)

    monkeypatch.setattr(cloudfront, "_dist_config_el", reading)
    viewers.read_configurations_once(cast("Grounds", None))
    first, second = (
        {"config_xml": f"<DistributionConfig><DefaultRootObject>{name}</DefaultRootObject></DistributionConfig>"}
        for name in ("a.html", "b.html")
    )

    told = [cloudfront.parse_distribution_dataplane_config(each) for each in (first, {**first}, second, first)]

    assert ["a.html", "a.html", "b.html", "a.html"] == [each["default_root_object"] for each in told]
    assert [first["config_xml"], second["config_xml"]] == read
    assert real(second) == told[2]


def test_the_authorities_an_edge_trusts_are_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each fetch over TLS has the same context, which still trusts somebody and looks at names."""
    cloudfront = service("services.cloudfront")
    monkeypatch.setattr(cloudfront, "_origin_ssl_context", cloudfront._origin_ssl_context)

    origins.read_authorities_once(cast("Grounds", None))
    first, second = cloudfront._origin_ssl_context(), cloudfront._origin_ssl_context()

    assert first is second
    assert (True, ssl.CERT_REQUIRED) == (first.check_hostname, first.verify_mode)


def test_every_closed_gap_is_in_the_documentation() -> None:
    """The table names each function once, and none that is not there."""
    page = (Path(__file__).parents[2] / "docs" / "twin.md").read_text(encoding="utf-8")
    table = page.partition("## Gaps that are closed")[2].partition("## Differences")[0]
    assert [each.__name__ for each in GAPS] == re.findall(r"^\| `(\w+)`", table, flags=re.MULTILINE)
    assert f"MiniStack {READ_FROM}" in page


@pytest.mark.parametrize("bus", ("default", "orders"))
def test_what_a_rule_calls_is_counted_under_its_name(site: Site, bus: str) -> None:
    """As AWS/Events does, so that a rule that fires is told from one that does not."""
    events, queues = site.client("events"), site.client("sqs")
    if bus != "default":
        events.create_event_bus(Name=bus)
    where = queues.create_queue(QueueName=f"counted-{bus}")["QueueUrl"]
    arn = queues.get_queue_attributes(QueueUrl=where, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    events.put_rule(Name=f"counted-{bus}", EventBusName=bus, EventPattern='{"source": ["counted"]}')
    events.put_targets(Rule=f"counted-{bus}", EventBusName=bus, Targets=[{"Id": "1", "Arn": arn}])

    events.put_events(Entries=[{"Source": "counted", "DetailType": "t", "Detail": "{}", "EventBusName": bus}] * 3)

    within = [] if bus == "default" else [{"Name": "EventBusName", "Value": bus}]
    now = datetime.now(UTC)
    seen = site.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/Events",
        MetricName="Invocations",
        Dimensions=[*within, {"Name": "RuleName", "Value": f"counted-{bus}"}],
        StartTime=now - timedelta(hours=1),
        EndTime=now + timedelta(minutes=1),
        Period=3600,
        Statistics=["Sum"],
    )
    assert 3.0 == sum(each["Sum"] for each in seen["Datapoints"])


def test_a_delegated_domain_is_registered_and_can_be_locked(site: Site) -> None:
    """By AWS's own interface; a domain that nobody delegated is somebody else's."""
    registrar, domain = site.client("route53domains", "us-east-1"), template.DOMAIN

    def statuses() -> list[str]:
        return list(registrar.get_domain_detail(DomainName=domain)["StatusList"])

    seen = [statuses()]
    for change in (registrar.disable_domain_transfer_lock, registrar.enable_domain_transfer_lock):
        assert change(DomainName=domain)["OperationId"]
        seen.append(statuses())

    assert [["clientTransferProhibited"], ["ok"], ["clientTransferProhibited"]] == seen
    with pytest.raises(registrar.exceptions.InvalidInput, match="not found"):
        registrar.get_domain_detail(DomainName="elsewhere.example")
    with pytest.raises(registrar.exceptions.InvalidInput, match="does not do that"):
        registrar.list_tags_for_domain(DomainName=domain)
