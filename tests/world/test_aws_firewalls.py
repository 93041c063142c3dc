"""What AWS WAF says, in moto's words and in those of its own reference."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest

from checks.evidence import Absent, Described
from checks.world.aws import RealAws
from tests.world.scripted_aws import Make, error, json_reply

REGION = "af-south-1"
STAGE = f"arn:aws:apigateway:{REGION}::/restapis/a1/stages/prod"
SEEN = {"SampledRequestsEnabled": False, "CloudWatchMetricsEnabled": False, "MetricName": "m"}
RULE: dict[str, Any] = {
    "Name": "limit",
    "Priority": 3,
    "Action": {"Block": {}},
    "Statement": {"RateBasedStatement": {"Limit": 2000, "AggregateKeyType": "IP"}},
    "VisibilityConfig": SEEN,
}
ACL = {"Name": "wall", "Id": "u-1", "ARN": "arn:wall", "DefaultAction": {"Allow": {}}, "VisibilityConfig": SEEN}


@pytest.mark.parametrize("scope", ("REGIONAL", "CLOUDFRONT"))
def test_a_web_acl_is_seen_with_its_rules(emulated: RealAws, scope: str) -> None:
    """By the id that CloudFormation gives it, in the region that it lives in."""
    region = "us-east-1" if scope == "CLOUDFRONT" else REGION
    waf: Any = boto3.client("wafv2", region_name=region, aws_access_key_id="AKID", aws_secret_access_key="hush")
    made = waf.create_web_acl(
        Name="wall", Scope=scope, DefaultAction={"Allow": {}}, Rules=[RULE], VisibilityConfig=SEEN
    )["Summary"]

    found = emulated.described("AWS::WAFv2::WebACL", region, f"wall|{made['Id']}|{scope}")

    assert isinstance(found, Described)
    words = {
        "limit action": "Block",
        "limit means": "RateBasedStatement 2000",
        "limit priority": "3",
        "otherwise": "Allow",
    }
    assert ("there", words) == (found.state, dict(found.words))
    assert isinstance(emulated.described("AWS::WAFv2::WebACL", region, f"wall|{'0' * 8}|{scope}"), Absent)


def test_a_web_acl_is_asked_for_by_name_id_and_scope(told: Make) -> None:
    """All three are asked for by AWS; what Firewall Manager puts around the rules is none of them."""
    around = {"PreProcessFirewallManagerRuleGroups": [{"Name": "FMS", "Priority": 0}]}
    asked, endpoint = told(json_reply({"WebACL": {**ACL, **around}, "LockToken": "t"}))

    found = asked.described("AWS::WAFv2::WebACL", REGION, "wall|u-1|REGIONAL")

    assert isinstance(found, Described)
    assert (("otherwise", "Allow"),) == found.words
    assert {"Name": "wall", "Id": "u-1", "Scope": "REGIONAL"} == json.loads(endpoint.requests[0].body)


def test_what_stands_before_a_resource_is_told_by_its_arn(told: Make) -> None:
    """By that of the resource."""
    asked, endpoint = told(json_reply({"WebACL": ACL}))

    found = asked.described("AWS::WAFv2::WebACLAssociation", REGION, STAGE)

    assert isinstance(found, Described)
    assert ("there", (("web ACL", "arn:wall"),)) == (found.state, found.words)
    assert {"ResourceArn": STAGE} == json.loads(endpoint.requests[0].body)


@pytest.mark.parametrize(
    "reply",
    (
        pytest.param(json_reply({}), id="nothing"),
        pytest.param(json_reply({"WebACL": {}}), id="nothing in it"),
        pytest.param(error("WAFNonexistentItemException"), id="no such item"),
    ),
)
def test_a_resource_that_nothing_stands_before_has_none(told: Make, reply: Any) -> None:  # noqa: ANN401 - a reply
    """AWS answers without a web ACL, or that there is no such item."""
    asked, _ = told(reply)

    assert isinstance(asked.described("AWS::WAFv2::WebACLAssociation", REGION, STAGE), Absent)
