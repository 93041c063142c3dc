"""The edge as the template makes it: distribution, bucket, headers, records, certificate. A-numbers: defects."""

from __future__ import annotations

import json

import pytest

from tests.infra.conftest import CERTIFICATE_ARN, ZONE, Assembly, Json, Template

pytestmark = pytest.mark.xdist_group("synthesis")

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


@pytest.mark.parametrize("path", ("Site/FrontendBucket", "Storage/Bucket"))
def test_no_bucket_is_public_or_forgetful(main: Template, path: str) -> None:
    """A06, A32, A34: all four blocks, versions, encryption, unfinished uploads swept, kept when the stack goes."""
    bucket = main.at(path)
    properties = bucket["Properties"]
    (rule,) = properties["LifecycleConfiguration"]["Rules"]

    assert {"BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"} == {
        name for name, on in properties["PublicAccessBlockConfiguration"].items() if on
    }
    assert "Enabled" == properties["VersioningConfiguration"]["Status"]
    assert "WebsiteConfiguration" not in properties
    assert rule["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"] <= 7
    assert ("Retain", "Retain") == (bucket["DeletionPolicy"], bucket["UpdateReplacePolicy"])


@pytest.mark.parametrize("path", ("Site/FrontendBucket/Policy", "Storage/Bucket/Policy"))
def test_buckets_speak_tls_only_and_trust_nobody_else(main: Template, path: str) -> None:
    """A06: plain HTTP is denied; what is allowed, is allowed to this distribution."""
    statements = main.at(path)["Properties"]["PolicyDocument"]["Statement"]
    denied = [statement for statement in statements if statement["Effect"] == "Deny"]
    allowed = [statement for statement in statements if statement["Effect"] == "Allow"]

    assert {"Bool": {"aws:SecureTransport": "false"}} in [statement["Condition"] for statement in denied]
    for statement in allowed:
        assert {"Service": "cloudfront.amazonaws.com"} == statement["Principal"]
        assert main.id_at("Site/Distribution") in json.dumps(statement["Condition"]["StringEquals"]["AWS:SourceArn"])


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
