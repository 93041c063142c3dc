"""The edge as the template makes it: distribution, bucket, headers, records, certificate. A-numbers: defects."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from khaya_infra.edge_stack import MONTHLY_RAND, RAND_PER_DOLLAR
from tests.infra.conftest import (
    CERTIFICATE_ARN,
    DISTRIBUTION,
    ROOT,
    ZONE,
    Assembly,
    Json,
    Template,
    context,
    run_app,
)

HOSTS = ["khaya.example", "www.khaya.example"]
# Ids of managed policies, the same in every account.
ALL_VIEWER_EXCEPT_HOST = "b689b0a8-53d0-40ab-baf2-68738e2966ac"
CACHING_DISABLED = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"


@pytest.fixture
def distribution(main: Template) -> Json:
    """The configuration of the only distribution."""
    config: Json = main.one("AWS::CloudFront::Distribution")["DistributionConfig"]
    return config


@pytest.fixture
def api_behaviours(distribution: Json) -> list[Json]:
    """Behaviours that lead to the API."""
    found: list[Json] = distribution["CacheBehaviors"]
    return found


def test_the_certificate_is_made_where_cloudfront_reads_it(assembly: Assembly) -> None:
    """A01: us-east-1, apex and www, validated by records in the hosted zone."""
    artifact = assembly.manifest["artifacts"]["KhayaCertificate"]
    certificate = assembly.certificate.one("AWS::CertificateManager::Certificate")

    assert "aws://000000000000/us-east-1" == artifact["environment"]
    assert HOSTS == [certificate["DomainName"], *certificate["SubjectAlternativeNames"]]
    assert "DNS" == certificate["ValidationMethod"]
    assert {ZONE} == {option["HostedZoneId"] for option in certificate["DomainValidationOptions"]}


def test_the_distribution_serves_with_that_certificate_and_refuses_old_tls(distribution: Json) -> None:
    """A01: the ARN comes from us-east-1; a name of our own makes the TLS floor count."""
    assert {
        "AcmCertificateArn": CERTIFICATE_ARN,
        "MinimumProtocolVersion": "TLSv1.2_2021",
        "SslSupportMethod": "sni-only",
    } == distribution["ViewerCertificate"]


def test_every_host_is_an_alias_with_both_kinds_of_address(main: Template, distribution: Json) -> None:
    """A27, A28: apex and www, A and AAAA, all leading to this distribution."""
    target = {"Fn::GetAtt": [main.id_at("Site/Distribution"), "DomainName"]}
    records = main.of("AWS::Route53::RecordSet").values()
    aliases = [record for record in records if "AliasTarget" in record]

    assert HOSTS == distribution["Aliases"]
    assert {(f"{host}.", kind) for host in HOSTS for kind in ("A", "AAAA")} == {
        (record["Name"], record["Type"]) for record in aliases
    }
    assert all(target == record["AliasTarget"]["DNSName"] for record in aliases)
    assert {ZONE} == {record["HostedZoneId"] for record in records}
    assert distribution["IPV6Enabled"] is True


def test_only_amazon_may_certify_the_names(main: Template) -> None:
    """Pitfall 30: a CAA record for another authority would stop the renewal months later."""
    (caa,) = (record for record in main.of("AWS::Route53::RecordSet").values() if record["Type"] == "CAA")

    assert ("khaya.example.", ['0 issue "amazon.com"']) == (caa["Name"], caa["ResourceRecords"])


def test_no_error_of_the_api_can_turn_into_the_site(distribution: Json) -> None:
    """A04, A05: error mapping is distribution-wide, so there is none, and no error is cached on purpose."""
    assert "CustomErrorResponses" not in distribution


def test_the_api_is_reached_without_cache_and_without_the_viewers_host(api_behaviours: list[Json]) -> None:
    """A03: API Gateway answers 403 to a Host that is not its own; a cached answer may be somebody else's."""
    assert ["/api", "/api/*"] == [behaviour["PathPattern"] for behaviour in api_behaviours]
    assert {(CACHING_DISABLED, ALL_VIEWER_EXCEPT_HOST, "https-only")} == {
        (each["CachePolicyId"], each["OriginRequestPolicyId"], each["ViewerProtocolPolicy"]) for each in api_behaviours
    }
    assert all({"GET", "POST", "PATCH", "DELETE", "OPTIONS"} <= set(each["AllowedMethods"]) for each in api_behaviours)


def test_each_behaviour_has_the_request_function_of_its_own(
    main: Template, distribution: Json, api_behaviours: list[Json]
) -> None:
    """A02: the API's takes /api away; the site's is on the default behaviour alone."""

    def function(behaviour: Json) -> str:
        (association,) = behaviour["FunctionAssociations"]
        assert "viewer-request" == association["EventType"]
        name: str = association["FunctionARN"]["Fn::GetAtt"][0]
        return name

    assert main.id_at("Site/SiteRequest") == function(distribution["DefaultCacheBehavior"])
    assert {main.id_at("Site/ApiRequest")} == {function(behaviour) for behaviour in api_behaviours}


def test_the_api_origin_is_the_stage_over_tls(main: Template, distribution: Json, api_behaviours: list[Json]) -> None:
    """The origin path is the stage, once; a doubled stage is "Missing Authentication Token"."""
    origins = {origin["Id"]: origin for origin in distribution["Origins"]}
    origin = origins[api_behaviours[0]["TargetOriginId"]]

    assert "https-only" == origin["CustomOriginConfig"]["OriginProtocolPolicy"]
    assert {"Fn::Join": ["", ["/", {"Ref": main.id_at("Api/Rest/DeploymentStage.prod")}]]} == origin["OriginPath"]
    assert {"Ref": main.id_at("Api/Rest")} == origin["DomainName"]["Fn::Join"][1][0]


def test_the_site_comes_from_the_private_bucket_by_access_control(main: Template, distribution: Json) -> None:
    """A06, A07: the regional REST endpoint with OAC; never the website endpoint, which is plain HTTP and public."""
    (origin,) = (origin for origin in distribution["Origins"] if "S3OriginConfig" in origin)
    control = main.one("AWS::CloudFront::OriginAccessControl")["OriginAccessControlConfig"]

    assert {"Fn::GetAtt": [main.id_at("Site/FrontendBucket"), "RegionalDomainName"]} == origin["DomainName"]
    assert {"Fn::GetAtt": [main.id_at("Site/Distribution/Origin1/S3OriginAccessControl"), "Id"]} == origin[
        "OriginAccessControlId"
    ]
    assert ("s3", "always", "sigv4") == (
        control["OriginAccessControlOriginType"],
        control["SigningBehavior"],
        control["SigningProtocol"],
    )


BUCKETS = ("Site/FrontendBucket", "Storage/Bucket", "Keeping/Trail", "Keeping/Exports", "Keeping/AccessLogs")


def test_no_other_bucket_is_made(assembly: Assembly) -> None:
    """What follows speaks of all of them."""
    assert set(BUCKETS) == assembly.main.of("AWS::S3::Bucket").keys()
    assert {"Visits/Bucket"} == assembly.edge.of("AWS::S3::Bucket").keys()
    assert {} == assembly.certificate.of("AWS::S3::Bucket")


@pytest.mark.parametrize("path", (*BUCKETS, "Visits/Bucket"))
def test_no_bucket_is_public_or_forgetful(assembly: Assembly, path: str) -> None:
    """A06, A32, A34: all four blocks, versions, encryption, unfinished uploads swept, kept when the stack goes."""
    bucket = (assembly.edge if path.startswith("Visits") else assembly.main).at(path)
    properties = bucket["Properties"]
    rule, *others = properties["LifecycleConfiguration"]["Rules"]

    assert {"BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"} == {
        name for name, on in properties["PublicAccessBlockConfiguration"].items() if on
    }
    assert "Enabled" == properties["VersioningConfiguration"]["Status"]
    assert "WebsiteConfiguration" not in properties
    assert rule["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"] <= 7
    assert all("NoncurrentVersionExpiration" in each for each in others)
    assert others
    assert ("Retain", "Retain") == (bucket["DeletionPolicy"], bucket["UpdateReplacePolicy"])


# Who is let in from outside of the account's own roles, and by which condition only for us.
GUESTS = {
    "Site/FrontendBucket": ("cloudfront.amazonaws.com", "AWS:SourceArn"),
    "Keeping/AccessLogs": ("logging.s3.amazonaws.com", "aws:SourceAccount"),
    "Visits/Bucket": ("delivery.logs.amazonaws.com", "aws:SourceAccount"),
}


@pytest.mark.parametrize("path", (*BUCKETS, "Visits/Bucket"))
def test_buckets_speak_tls_only_and_trust_nobody_else(assembly: Assembly, path: str) -> None:
    """A06: plain HTTP is denied; what is allowed, is allowed to one service that acts for this account alone."""
    template = assembly.edge if path.startswith("Visits") else assembly.main
    statements = template.at(f"{path}/Policy")["Properties"]["PolicyDocument"]["Statement"]
    denied = [statement for statement in statements if statement["Effect"] == "Deny"]
    allowed = [statement for statement in statements if statement["Effect"] == "Allow"]

    assert {"Bool": {"aws:SecureTransport": "false"}} in [statement["Condition"] for statement in denied]
    assert (path in GUESTS) == bool(allowed)
    for statement in allowed:
        service, condition = GUESTS[path]
        assert {"Service": service} == statement["Principal"]
        assert condition in statement["Condition"]["StringEquals"]


def test_every_bucket_notes_who_reaches_for_it(main: Template) -> None:
    """A31: in one bucket for all, but for that bucket itself."""
    buckets = main.of("AWS::S3::Bucket")
    noted = {path: each.get("LoggingConfiguration", {}).get("DestinationBucketName") for path, each in buckets.items()}

    wanted = json.dumps({"Ref": main.id_at("Keeping/AccessLogs")})

    assert {path: "null" if path == "Keeping/AccessLogs" else wanted for path in BUCKETS} == {
        path: json.dumps(where) for path, where in noted.items()
    }


def test_the_site_s_bucket_is_for_this_distribution(main: Template) -> None:
    """A06: another distribution, of another account even, signs its requests as well."""
    statements = main.at("Site/FrontendBucket/Policy")["Properties"]["PolicyDocument"]["Statement"]
    (allowed,) = (each for each in statements if each["Effect"] == "Allow")

    assert main.id_at("Site/Distribution") in json.dumps(allowed["Condition"]["StringEquals"]["AWS:SourceArn"])


def test_visits_are_logged_where_the_edge_can_write(assembly: Assembly) -> None:
    """A31: from this distribution, into a bucket of the edge's own region, which lets this one source in."""
    edge = assembly.edge
    source, destination = edge.one("AWS::Logs::DeliverySource"), edge.one("AWS::Logs::DeliveryDestination")
    delivery = edge.one("AWS::Logs::Delivery")

    assert "aws://000000000000/us-east-1" == assembly.manifest["artifacts"]["KhayaEdge"]["environment"]
    assert ("ACCESS_LOGS", True) == (source["LogType"], DISTRIBUTION in json.dumps(source["ResourceArn"]))
    assert {"Fn::GetAtt": [edge.id_at("Visits/Bucket"), "Arn"]} == destination["DestinationResourceArn"]
    assert source["Name"] == delivery["DeliverySourceName"]
    assert {"Fn::GetAtt": [edge.id_at("Visits/Destination"), "Arn"]} == delivery["DeliveryDestinationArn"]


def test_the_edge_is_watched_after_it_was_made(assembly: Assembly) -> None:
    """Certificate, main stack, edge: each knows what came before it, and no reference crosses a region."""
    artifacts = assembly.manifest["artifacts"]

    assert "KhayaCertificate" in artifacts["KhayaStack"]["dependencies"]
    assert "KhayaStack" in artifacts["KhayaEdge"]["dependencies"]


@pytest.mark.parametrize(
    ("name", "metric", "limit", "topic"),
    (("EdgeFailing", "5xxErrorRate", (1, 1), "Page"), ("EdgeRefusing", "4xxErrorRate", (5, 3), "Notice")),
)
def test_errors_at_the_edge_are_noticed_where_they_are_told(
    edge: Template, name: str, metric: str, limit: tuple[int, int], topic: str
) -> None:
    """F06, pitfall 45: CloudFront's metrics, and so their alarms, are in one region; over 1 % of 5xx wakes people."""
    alarm = edge.at(f"Alarms/{name}Alarm")["Properties"]

    assert ("AWS/CloudFront", metric, "Average") == (alarm["Namespace"], alarm["MetricName"], alarm["Statistic"])
    assert [("DistributionId", DISTRIBUTION), ("Region", "Global")] == [
        (each["Name"], each["Value"]) for each in alarm["Dimensions"]
    ]
    assert (*limit, "notBreaching") == (
        alarm["Threshold"],
        alarm["EvaluationPeriods"],
        alarm["TreatMissingData"],
    )
    assert [{"Ref": edge.id_at(f"Alarms/{topic}")}] == alarm["AlarmActions"] == alarm["OKActions"]


def test_the_bill_is_watched(edge: Template) -> None:
    """F09: R500 a month, rather early than late, told to a person as it comes near and when it is met."""
    budget = edge.one("AWS::Budgets::Budget")
    told = budget["NotificationsWithSubscribers"]

    assert ("COST", "MONTHLY") == (budget["Budget"]["BudgetType"], budget["Budget"]["TimeUnit"])
    assert {"Amount": MONTHLY_RAND / RAND_PER_DOLLAR, "Unit": "USD"} == budget["Budget"]["BudgetLimit"]
    assert 500 == MONTHLY_RAND
    assert [("ACTUAL", 80), ("ACTUAL", 100), ("FORECASTED", 100)] == [
        (each["Notification"]["NotificationType"], each["Notification"]["Threshold"]) for each in told
    ]
    assert {"alarms@khaya.example"} == {who["Address"] for each in told for who in each["Subscribers"]}


def test_everybody_is_served_unless_settings_name_countries(distribution: Json, tmp_path: Path) -> None:
    """Guide: a restriction by country is to be had, and off."""
    assert "Restrictions" not in distribution
    document = (ROOT / "checks" / "targets" / "local.toml").read_text("utf-8")
    settings = tmp_path / "local.toml"
    settings.write_text(f'{document}\n[deploy.settings]\ncountries = ["ZA", "NA"]\n', "utf-8")
    package = tmp_path / "package.zip"
    package.write_bytes(b"x")
    done = run_app(tmp_path / "cdk.out", context(package, settings=str(settings)))

    assert 0 == done.returncode, done.stderr
    made = Template(json.loads((tmp_path / "cdk.out" / "KhayaStack.template.json").read_text("utf-8")))
    restrictions = made.one("AWS::CloudFront::Distribution")["DistributionConfig"]["Restrictions"]
    assert {"GeoRestriction": {"RestrictionType": "whitelist", "Locations": ["ZA", "NA"]}} == restrictions


def test_a_missing_file_is_a_404(main: Template) -> None:
    """B02: without leave to list, S3 answers 403 to what does not exist, and denial and absence look alike."""
    statements = main.at("Site/FrontendBucket/Policy")["Properties"]["PolicyDocument"]["Statement"]
    (allowed,) = (statement for statement in statements if statement["Effect"] == "Allow")

    assert {"s3:GetObject", "s3:ListBucket"} == set(allowed["Action"])


def test_uploads_are_for_browsers_of_our_own_origins(main: Template) -> None:
    """A16, A32: no star."""
    (rule,) = main.at("Storage/Bucket")["Properties"]["CorsConfiguration"]["CorsRules"]

    assert [f"https://{host}" for host in HOSTS] == rule["AllowedOrigins"]
    assert {"GET", "HEAD", "PUT"} == set(rule["AllowedMethods"])


def test_africa_is_served_from_africa(distribution: Json) -> None:
    """A23: the cheapest price class has no edge in South Africa."""
    assert distribution["PriceClass"] in {"PriceClass_200", "PriceClass_All"}


def test_visitors_are_redirected_to_https_and_may_use_http_2_and_3(distribution: Json) -> None:
    """Plain HTTP is redirected; the root is index.html (pitfall 14); answers are compressed."""
    default = distribution["DefaultCacheBehavior"]

    assert ("redirect-to-https", True) == (default["ViewerProtocolPolicy"], default["Compress"])
    assert ("http2and3", "index.html", True) == (
        distribution["HttpVersion"],
        distribution["DefaultRootObject"],
        distribution["Enabled"],
    )


@pytest.mark.parametrize("path", ("Site/SiteHeaders", "Site/ApiHeaders"))
def test_security_headers_are_set_and_override_the_origins(main: Template, path: str) -> None:
    """A30: HSTS for at least a year, nosniff, no frames, a referrer policy and a content policy."""
    config = main.at(path)["Properties"]["ResponseHeadersPolicyConfig"]["SecurityHeadersConfig"]

    assert config["StrictTransportSecurity"]["AccessControlMaxAgeSec"] >= 31_536_000
    assert config["StrictTransportSecurity"]["IncludeSubdomains"] is True
    assert "DENY" == config["FrameOptions"]["FrameOption"]
    assert "strict-origin-when-cross-origin" == config["ReferrerPolicy"]["ReferrerPolicy"]
    assert "frame-ancestors 'none'" in config["ContentSecurityPolicy"]["ContentSecurityPolicy"]
    assert "unsafe" not in config["ContentSecurityPolicy"]["ContentSecurityPolicy"]
    assert all(part["Override"] for part in config.values())
    assert "ContentTypeOptions" in config


def test_the_edge_answers_both_origins_and_no_other(main: Template) -> None:
    """A16, A17, A18: exactly apex and www, never with credentials, on errors of the gateway too."""
    cors = main.at("Site/ApiHeaders")["Properties"]["ResponseHeadersPolicyConfig"]["CorsConfig"]

    assert [f"https://{host}" for host in HOSTS] == cors["AccessControlAllowOrigins"]["Items"]
    assert cors["AccessControlAllowCredentials"] is False
    assert cors["OriginOverride"] is True
    assert "*" not in cors["AccessControlAllowHeaders"]["Items"]
