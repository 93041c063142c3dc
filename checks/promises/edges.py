"""What a distribution is made of besides its behaviours: functions at the edge, headers, and the way into buckets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from checks.evidence import digest_of
from checks.likeness import checks_of, like, prop
from checks.model import Check, Promise, Resource, Target

_SECURITY = ("ResponseHeadersPolicyConfig", "SecurityHeadersConfig")


def _code(one: Resource) -> object:
    said = prop(one, "FunctionCode")
    return digest_of(said) if isinstance(said, str) else said


def _headers(one: Resource) -> Mapping[str, object]:
    return {
        "hsts": prop(one, *_SECURITY, "StrictTransportSecurity", "AccessControlMaxAgeSec"),
        "csp": prop(one, *_SECURITY, "ContentSecurityPolicy", "ContentSecurityPolicy"),
        "frames": prop(one, *_SECURITY, "FrameOptions", "FrameOption"),
        "referrer": prop(one, *_SECURITY, "ReferrerPolicy", "ReferrerPolicy"),
        "nosniff": True if prop(one, *_SECURITY, "ContentTypeOptions") is not None else None,
    }


def _access(one: Resource) -> Mapping[str, object]:
    keys = {"signs": "SigningBehavior", "protocol": "SigningProtocol", "origin": "OriginAccessControlOriginType"}
    return {word: prop(one, "OriginAccessControlConfig", key) for word, key in keys.items()}


ROWS = (
    like(
        "cdn.function",
        "AWS::CloudFront::Function",
        says="the function at the edge runs the code of the template, live",
        severity="critical",
        source="AWS: a function has a stage that is developed and one that is LIVE; visitors meet the second alone.",
        noun="live function",
        actions=("cloudfront:DescribeFunction", "cloudfront:GetFunction"),
        arn="{id}",
        remedy="aws cloudfront publish-function, or deploy the stack again",
        wanted=lambda one: {"code": _code(one), "runtime": prop(one, "FunctionConfig", "Runtime")},
    ),
    like(
        "cdn.headers_policy",
        "AWS::CloudFront::ResponseHeadersPolicy",
        says="the policy adds the headers of the template",
        severity="critical",
        source="AWS: one change of the policy changes what browsers are told on every path that uses it.",
        noun="response headers policy",
        actions=("cloudfront:GetResponseHeadersPolicy",),
        arn="arn:{partition}:cloudfront::{account}:response-headers-policy/{id}",
        wanted=_headers,
    ),
    like(
        "cdn.access_control",
        "AWS::CloudFront::OriginAccessControl",
        says="requests to the bucket are signed as the template says",
        severity="critical",
        source="Pitfall 20 (AWS: SigningBehavior never leaves every request unsigned, and a private bucket closed).",
        noun="origin access control",
        actions=("cloudfront:GetOriginAccessControl",),
        arn="arn:{partition}:cloudfront::{account}:origin-access-control/{id}",
        wanted=_access,
    ),
)


def checks(target: Target) -> Iterator[Check]:
    """Each of them that the target has."""
    yield from checks_of(target, ROWS)


PROMISES: tuple[Promise[Any], ...] = tuple(each.promise for each in ROWS)
