"""What API Gateway says of a stage and of the names of APIs, in the words of its own reference."""

from __future__ import annotations

from typing import Any

import pytest

from checks.evidence import Absent, Described
from checks.model import CannotLook
from tests.world.scripted_aws import Make, error, json_reply

STAGE = {"stageName": "prod", "deploymentId": "d1"}


@pytest.mark.parametrize(
    ("canary", "share", "leads"),
    (
        (None, "0", ""),
        ({"percentTraffic": 0.0, "deploymentId": "d0"}, "0", "d0"),
        ({"percentTraffic": 50.0, "deploymentId": "d0", "useStageCache": False}, "50", "d0"),
        ({"percentTraffic": 2.5}, "2.5", ""),
    ),
)
def test_a_stage_is_seen_with_its_canary(told: Make, canary: Any, share: str, leads: str) -> None:  # noqa: ANN401 - JSON
    """How much of all calls it serves, and from which deployment."""
    asked, _ = told(json_reply({**STAGE, **({"canarySettings": canary} if canary else {})}))
    seen = asked.described("AWS::ApiGateway::Stage", "af-south-1", "api1/prod")

    assert isinstance(seen, Described)
    words = dict(seen.words)
    assert (share, leads) == (words["canary's share"], words.get("canary", ""))


REGION = "af-south-1"
DOMAIN = "api.shop.test"
NAME = {"domainName": DOMAIN, "domainNameStatus": "AVAILABLE", "securityPolicy": "TLS_1_2"}
CONFIGURATION = {"DomainNameStatus": "AVAILABLE", "CertificateArn": "arn:c", "SecurityPolicy": "TLS_1_2"}


def _camel(words: dict[str, Any]) -> dict[str, Any]:
    return {key[0].lower() + key[1:]: value for key, value in words.items()}


@pytest.mark.parametrize(
    ("more", "state", "certificate", "trusts"),
    (
        ({"regionalCertificateArn": "arn:r"}, "AVAILABLE", "arn:r", "(none)"),
        ({"certificateArn": "arn:e"}, "AVAILABLE", "arn:e", "(none)"),
        ({"regionalCertificateArn": "arn:r", "certificateArn": "arn:e"}, "AVAILABLE", "arn:e arn:r", "(none)"),
        ({"domainNameStatus": "UPDATING"}, "UPDATING", None, "(none)"),
        ({"domainNameStatus": None}, "", None, "(none)"),
        ({"mutualTlsAuthentication": {"truststoreUri": "s3://t/a.pem"}}, "AVAILABLE", None, "s3://t/a.pem"),
    ),
)
def test_a_name_is_seen_with_its_state_and_certificate(
    told: Make, more: dict[str, Any], state: str, certificate: str | None, trusts: str
) -> None:
    """That of the region, that at the edge, or both while it moves."""
    reply = {key: value for key, value in {**NAME, **more}.items() if value is not None}
    asked, endpoint = told(json_reply(reply))
    seen = asked.described("AWS::ApiGateway::DomainName", REGION, DOMAIN)

    assert isinstance(seen, Described)
    words = dict(seen.words)
    assert (state, certificate, trusts, "TLS_1_2") == (
        seen.state,
        words.get("certificate"),
        words["client certificates"],
        words["policies"],
    )
    assert f"/domainnames/{DOMAIN}" == endpoint.requests[0].path


@pytest.mark.parametrize(
    ("configurations", "state", "certificate", "policies"),
    (
        ([CONFIGURATION], "AVAILABLE", "arn:c", "TLS_1_2"),
        (
            [CONFIGURATION, {**CONFIGURATION, "DomainNameStatus": "UPDATING", "CertificateArn": "arn:b"}],
            "UPDATING",
            "arn:b arn:c",
            "TLS_1_2 TLS_1_2",
        ),
        (
            [CONFIGURATION, {**CONFIGURATION, "SecurityPolicy": "TLS_1_0"}],
            "AVAILABLE",
            "arn:c arn:c",
            "TLS_1_0 TLS_1_2",
        ),
        ([{"DomainNameStatus": "AVAILABLE"}], "AVAILABLE", None, None),
        ([{}], "", None, None),
        ([], "", None, None),
    ),
)
def test_a_name_of_an_http_api_is_seen_with_each_of_its_configurations(
    told: Make, configurations: list[dict[str, Any]], state: str, certificate: str | None, policies: str | None
) -> None:
    """Ready when all of them are; nothing about it is nothing good."""
    asked, endpoint = told(
        json_reply({"domainName": DOMAIN, "domainNameConfigurations": [_camel(each) for each in configurations]})
    )
    seen = asked.described("AWS::ApiGatewayV2::DomainName", REGION, DOMAIN)

    assert isinstance(seen, Described)
    words = dict(seen.words)
    assert (state, certificate, policies) == (seen.state, words.get("certificate"), words.get("policies"))
    assert "(none)" == words["client certificates"]
    assert f"/v2/domainnames/{DOMAIN}" == endpoint.requests[0].path


def test_a_name_of_an_http_api_that_asks_for_certificates_says_whom_it_trusts(told: Make) -> None:
    """The list of those who may come."""
    trusts = {"truststoreUri": "s3://t/a.pem"}
    asked, _ = told(
        json_reply({"domainName": DOMAIN, "domainNameConfigurations": [], "mutualTlsAuthentication": trusts})
    )
    seen = asked.described("AWS::ApiGatewayV2::DomainName", REGION, DOMAIN)

    assert isinstance(seen, Described)
    assert "s3://t/a.pem" == dict(seen.words)["client certificates"]


@pytest.mark.parametrize(
    ("kind", "one", "reply", "path", "words"),
    (
        (
            "AWS::ApiGateway::BasePathMapping",
            "v1",
            {"basePath": "v1", "restApiId": "a1", "stage": "prod"},
            f"/domainnames/{DOMAIN}/basepathmappings/v1",
            {"api": "a1", "stage": "prod"},
        ),
        (
            "AWS::ApiGateway::BasePathMapping",
            "(none)",
            {"basePath": "(none)", "restApiId": "a1"},
            f"/domainnames/{DOMAIN}/basepathmappings/%28none%29",
            {"api": "a1", "stage": "(none)"},
        ),
        (
            "AWS::ApiGatewayV2::ApiMapping",
            "m1",
            {"apiId": "h1", "stage": "$default", "apiMappingKey": "v1/orders", "apiMappingId": "m1"},
            f"/v2/domainnames/{DOMAIN}/apimappings/m1",
            {"api": "h1", "path": "v1/orders", "stage": "$default"},
        ),
        (
            "AWS::ApiGatewayV2::ApiMapping",
            "m1",
            {"apiId": "h1", "stage": "$default", "apiMappingId": "m1"},
            f"/v2/domainnames/{DOMAIN}/apimappings/m1",
            {"api": "h1", "path": "(none)", "stage": "$default"},
        ),
    ),
)
def test_a_path_is_seen_with_where_it_leads(  # noqa: PLR0917 - pytest passes them by name
    told: Make, kind: str, one: str, reply: dict[str, str], path: str, words: dict[str, str]
) -> None:
    """It is asked for by the name and itself."""
    asked, endpoint = told(json_reply(reply))
    name = f"{DOMAIN}/{one}"

    assert Described(kind=kind, name=name, state="there", words=tuple(words.items())) == asked.described(
        kind, REGION, name
    )
    assert path == endpoint.requests[0].path


@pytest.mark.parametrize(
    "kind",
    (
        "AWS::ApiGateway::DomainName",
        "AWS::ApiGateway::BasePathMapping",
        "AWS::ApiGatewayV2::DomainName",
        "AWS::ApiGatewayV2::ApiMapping",
    ),
)
def test_a_name_or_a_path_that_is_not_there_is_absent(told: Make, kind: str) -> None:
    """By the one code for it, and by nothing else."""
    asked, _ = told(error("NotFoundException", status=404))
    assert isinstance(asked.described(kind, REGION, f"{DOMAIN}/m1"), Absent)

    refused, _ = told(error("AccessDeniedException", status=403))
    with pytest.raises(CannotLook):
        refused.described(kind, REGION, f"{DOMAIN}/m1")


@pytest.mark.parametrize(
    ("kind", "reply"),
    (
        ("AWS::ApiGateway::DomainName", {}),
        ("AWS::ApiGateway::BasePathMapping", {"basePath": "v1"}),
        ("AWS::ApiGatewayV2::DomainName", {"domainName": DOMAIN}),
        ("AWS::ApiGatewayV2::ApiMapping", {"apiId": "h1"}),
    ),
)
def test_what_api_gateway_always_says_is_missed(told: Make, kind: str, reply: dict[str, str]) -> None:
    """Nobody judges half an answer."""
    asked, _ = told(json_reply(reply))

    with pytest.raises(CannotLook, match="does not look like AWS"):
        asked.described(kind, REGION, f"{DOMAIN}/m1")
