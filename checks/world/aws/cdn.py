"""What CloudFront says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from checks import evidence as seen
from checks.world.aws.stacks import utc
from checks.world.aws.wire import Ask, Asking, shaped

DISTRIBUTION = Ask(
    service="cloudfront",
    operation="GetDistribution",
    needs=("Distribution",),
    gone=("NoSuchDistribution",),
)
CACHE_POLICY = Ask(
    service="cloudfront", operation="GetCachePolicy", needs=("CachePolicy",), gone=("NoSuchCachePolicy",)
)
ORIGIN_REQUEST_POLICY = Ask(
    service="cloudfront",
    operation="GetOriginRequestPolicy",
    needs=("OriginRequestPolicy",),
    gone=("NoSuchOriginRequestPolicy",),
)


def distribution(asking: Asking, region: str, distribution_id: str) -> seen.DistributionSeen | seen.Absent:
    """One distribution with its whole configuration."""
    answer = asking.call(DISTRIBUTION, region, Id=distribution_id)
    if answer is None:
        return seen.Absent(what=f"distribution {distribution_id}")
    return shaped(DISTRIBUTION, region, lambda: _distribution(answer["Distribution"]))


def cache_policy(asking: Asking, region: str, policy_id: str) -> seen.CachePolicySeen | seen.Absent:
    """One cache policy, managed ones included."""
    answer = asking.call(CACHE_POLICY, region, Id=policy_id)
    if answer is None:
        return seen.Absent(what=f"cache policy {policy_id}")
    return shaped(CACHE_POLICY, region, lambda: _cache_policy(answer["CachePolicy"]))


def origin_request_policy(asking: Asking, region: str, policy_id: str) -> seen.OriginRequestPolicySeen | seen.Absent:
    """One origin request policy, managed ones included."""
    answer = asking.call(ORIGIN_REQUEST_POLICY, region, Id=policy_id)
    if answer is None:
        return seen.Absent(what=f"origin request policy {policy_id}")
    return shaped(ORIGIN_REQUEST_POLICY, region, lambda: _origin_request_policy(answer["OriginRequestPolicy"]))


def _distribution(one: Mapping[str, Any]) -> seen.DistributionSeen:
    config = one["DistributionConfig"]
    viewer = config.get("ViewerCertificate", {})
    others = [_behaviour(other, other["PathPattern"]) for other in _items(config.get("CacheBehaviors"))]
    return seen.DistributionSeen(
        id=one["Id"],
        arn=one["ARN"],
        domain=one["DomainName"],
        status=one["Status"],
        enabled=config["Enabled"],
        aliases=tuple(sorted(_items(config.get("Aliases")))),
        root=config.get("DefaultRootObject", ""),
        certificate=viewer.get("ACMCertificateArn") or viewer.get("IAMCertificateId") or "",
        minimum_protocol=viewer.get("MinimumProtocolVersion", ""),
        http_version=config.get("HttpVersion", ""),
        ipv6=config.get("IsIPV6Enabled", False),
        price_class=config.get("PriceClass", ""),
        origins=tuple(_origin(origin) for origin in _items(config["Origins"])),
        behaviours=(*others, _behaviour(config["DefaultCacheBehavior"], "*")),
        errors=tuple(_error(error) for error in _items(config.get("CustomErrorResponses"))),
        modified=utc(one["LastModifiedTime"]) if one.get("LastModifiedTime") else None,
        attached=viewer.get("SSLSupportMethod", ""),
        firewall=config.get("WebACLId", ""),
    )


def _items(listed: Mapping[str, Any] | None) -> list[Any]:
    """CloudFront's lists: a quantity, and items only when there are some."""
    return list((listed or {}).get("Items") or ())


def _origin(one: Mapping[str, Any]) -> seen.Origin:
    custom = one.get("CustomOriginConfig", {})
    return seen.Origin(
        id=one["Id"],
        domain=one["DomainName"],
        path=one.get("OriginPath", ""),
        kind=_kind(one),
        access_control=one.get("OriginAccessControlId")
        or one.get("S3OriginConfig", {}).get("OriginAccessIdentity")
        or "",
        protocol=custom.get("OriginProtocolPolicy", ""),
        versions=tuple(sorted(_items(custom.get("OriginSslProtocols")))),
    )


def _kind(one: Mapping[str, Any]) -> Literal["s3", "s3-website", "custom"]:
    if "s3-website" in one["DomainName"]:
        return "s3-website"
    return "custom" if "CustomOriginConfig" in one else "s3"


def _behaviour(one: Mapping[str, Any], pattern: str) -> seen.Behaviour:
    lambdas = [
        (function["EventType"], function["LambdaFunctionARN"])
        for function in _items(one.get("LambdaFunctionAssociations"))
    ]
    functions = [
        (function["EventType"], function["FunctionARN"]) for function in _items(one.get("FunctionAssociations"))
    ]
    return seen.Behaviour(
        pattern=pattern,
        origin=one["TargetOriginId"],
        viewer=one["ViewerProtocolPolicy"],
        methods=tuple(sorted(_items(one.get("AllowedMethods")))),
        cache_policy=one.get("CachePolicyId", ""),
        origin_request_policy=one.get("OriginRequestPolicyId", ""),
        headers_policy=one.get("ResponseHeadersPolicyId", ""),
        compress=one.get("Compress", False),
        functions=tuple(sorted(functions + lambdas)),
        legacy_ttl="ForwardedValues" in one,
    )


def _error(one: Mapping[str, Any]) -> tuple[int, str, str, int]:
    return (
        int(one["ErrorCode"]),
        one.get("ResponsePagePath", ""),
        str(one.get("ResponseCode", "")),
        int(one.get("ErrorCachingMinTTL", 0)),
    )


def _cache_policy(one: Mapping[str, Any]) -> seen.CachePolicySeen:
    config = one["CachePolicyConfig"]
    key = config.get("ParametersInCacheKeyAndForwardedToOrigin", {})
    return seen.CachePolicySeen(
        id=one["Id"],
        name=config["Name"],
        minimum=int(config["MinTTL"]),
        # CloudFront API reference, CachePolicyConfig: the defaults of what may be left out.
        default=int(config.get("DefaultTTL", 86400)),
        maximum=int(config.get("MaxTTL", 31536000)),
        headers=tuple(sorted(_items(key.get("HeadersConfig", {}).get("Headers")))),
    )


def _origin_request_policy(one: Mapping[str, Any]) -> seen.OriginRequestPolicySeen:
    config = one["OriginRequestPolicyConfig"]
    headers = config["HeadersConfig"]
    return seen.OriginRequestPolicySeen(
        id=one["Id"],
        name=config["Name"],
        header_behaviour=headers["HeaderBehavior"],
        headers=tuple(sorted(_items(headers.get("Headers")))),
    )
