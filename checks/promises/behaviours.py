"""Where the distribution sends which path: its origins and behaviours, beside those of its template."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from fnmatch import fnmatchcase
from functools import partial

from checks import intent
from checks.evidence import (
    Absent,
    Behaviour,
    CachePolicySeen,
    DistributionSeen,
    Origin,
    OriginRequestPolicySeen,
    Route,
)  # fmt: skip
from checks.intent import Words
from checks.model import Check, Place, Resource, Sight, Target, Verdict, promise
from checks.wording import quote, several
from checks.world.ports import World

_GET = ("cloudfront:GetDistribution",)
_POLICIES = ("cloudfront:GetCachePolicy", "cloudfront:GetOriginRequestPolicy")
_FUNCTIONS = (("FunctionAssociations", "FunctionARN"), ("LambdaFunctionAssociations", "LambdaFunctionARN"))
_NAMELESS = "an origin whose id is not known"
_API = ".execute-api."
# bucket.s3.af-south-1.amazonaws.com, dual-stack too; bucket.s3.amazonaws.com does not work in regions since 2019.
# What CloudFront can be told to speak to an origin that is still sound (RFC 8996 ends TLS 1.0 and 1.1).
_SOUND = frozenset({"TLSv1.2", "TLSv1.3"})
_REGIONAL_BUCKET = re.compile(r"[^/]+\.s3\.(dualstack\.)?[a-z]{2}(-[a-z]+)+-[0-9]+\.amazonaws\.com(\.cn)?")
_REDEPLOY = "deploy again; what was changed by hand in CloudFront is overwritten by the template"


@promise(
    "cdn.origins",
    says="the distribution fetches from the origins of its template, and from buckets privately",
    severity="critical",
    instrument="aws",
    actions=_GET,
)
def origins(*, distribution: str, wanted: tuple[tuple[str, Words], ...], left_out: tuple[str, ...]) -> Sight:
    """Pitfalls 15, 19, 20: a website endpoint is public and plain HTTP; access control keeps a bucket private."""
    judge = partial(judge_origins, wanted=wanted, left_out=left_out)
    return Sight(look=partial(_look, distribution=distribution), judge=judge)


@promise(
    "cdn.origin_tls",
    says="the distribution speaks to no origin in a version of TLS that is broken, whatever the template says",
    severity="warning",
    instrument="aws",
    actions=_GET,
)
def origin_tls(*, distribution: str) -> Sight:
    """RFC 8996 ends TLS 1.0 and 1.1; what is offered to an origin, somebody between can make it take."""
    return Sight(look=partial(_look, distribution=distribution), judge=judge_origin_tls)


@promise(
    "cdn.behaviour",
    says="requests of this path go where the template says, as it says",
    severity="critical",
    instrument="aws",
    actions=(*_GET, *_POLICIES),
)
def behaviour(*, distribution: str, pattern: str, wanted: Words, left_out: tuple[str, ...]) -> Sight:
    """Pitfalls 3 to 6, 17 and 18: order, methods, forwarded Host, and answers of an API kept for somebody else."""
    look = partial(_look_route, distribution=distribution, pattern=pattern)
    return Sight(look=look, judge=partial(judge_behaviour, wanted=wanted, left_out=left_out))


def judge_origins(
    seen: DistributionSeen | Absent,
    _now: datetime,
    *,
    wanted: tuple[tuple[str, Words], ...],
    left_out: tuple[str, ...],
) -> Verdict:
    """Each origin as the template says, none besides; buckets by their regional names, under access control."""
    expected = intent.without(
        f"origins {several(f'{name} ({intent.said(words)})' for name, words in wanted)}", left_out
    )
    if isinstance(seen, Absent):
        return _gone(seen, expected)
    there = {each.id: each for each in seen.origins}
    amiss = [f"no origin {name}" for name, _ in wanted if name not in there]
    foreign = [each.id for each in seen.origins if each.id not in dict(wanted)]
    amiss += [] if _NAMELESS in left_out else [f"{each} is not in the template" for each in foreign]
    for name, words in wanted:
        other = intent.differences(words, _of_origin(there[name])) if name in there else []
        amiss += [f"{name}: {each}" for each in other]
    amiss += [f"{each.id}: {why}" for each in seen.origins for why in _careless(each)]
    return _judged(amiss, expected, several(f"{each.id} at {each.domain}" for each in seen.origins))


def judge_origin_tls(seen: DistributionSeen | Absent, _now: datetime) -> Verdict:
    """TLS 1.2 or newer for every origin that is fetched from over HTTPS."""
    expected = "origins spoken to in TLS 1.2 or newer"
    if isinstance(seen, Absent):
        return _gone(seen, expected)
    secure = [each for each in seen.origins if each.protocol != "http-only"]
    amiss = [f"{each.id}: {old}" for each in secure for old in each.versions if old not in _SOUND]
    told = several(dict.fromkeys(version for each in secure for version in each.versions))
    return _judged(amiss, expected, told)


def judge_behaviour(seen: Route | Absent, _now: datetime, *, wanted: Words, left_out: tuple[str, ...]) -> Verdict:
    """It exists, is not shadowed, is as the template says; of an API nothing is kept and no Host is sent to it."""
    expected = intent.without(intent.said(wanted) or "a behaviour", left_out)
    if isinstance(seen, Absent):
        return _gone(seen, expected)
    found = next((each for each in seen.distribution.behaviours if each.pattern == seen.pattern), None)
    if not found:
        patterns = several(each.pattern for each in seen.distribution.behaviours)
        actual = f"no behaviour for {quote(seen.pattern)}, only {patterns}"
        return Verdict.failed(expected=expected, actual=actual, remedy=_REDEPLOY)
    amiss = [*intent.differences(wanted, _of_behaviour(found)), *_shadows(seen.distribution, found)]
    source = next((each for each in seen.distribution.origins if each.id == found.origin), None)
    amiss += [] if source else [f"origin {found.origin} does not exist"]
    amiss += _unsuited_to_an_api(seen, found) if source and _API in source.domain else []
    return _judged(amiss, expected, "as the template says")


def checks(target: Target) -> Iterator[Check]:
    """The origins of each distribution, then each of its behaviours in the order of the template."""
    for each in target.of_type(intent.DISTRIBUTION):
        config = intent.part(each.properties, "DistributionConfig")
        asked = {intent.text(origin, "Id"): _origin(origin) for origin in intent.items(config, "Origins")}
        wanted = tuple((name, words) for name, (words, _) in asked.items() if name)
        gaps = tuple(f"{name} {why}" for name, (_, whys) in asked.items() for why in whys)
        gaps += () if "" not in asked else (_NAMELESS,)
        place = each.place(_arn(target, each))
        yield origins(place, distribution=each.physical_id, wanted=wanted, left_out=gaps)
        if any(intent.part(origin, "CustomOriginConfig") is not None for origin in intent.items(config, "Origins")):
            yield origin_tls(place, distribution=each.physical_id)
        for one in intent.items(config, "CacheBehaviors"):
            yield from _about(target, each, intent.text(one, "PathPattern"), one)
        yield from _about(target, each, "*", intent.part(config, "DefaultCacheBehavior"))


def _about(target: Target, distribution: Resource, pattern: str, value: object) -> Iterator[Check]:
    if not pattern or value is None:
        return
    wanted, left_out = _behaviour(value)
    arns = [_arn(target, distribution)]
    for word, kind in (("cache policy", "cache-policy"), ("origin request policy", "origin-request-policy")):
        policy = dict(wanted).get(word)
        arns += [f"arn:{target.partition}:cloudfront::{target.account}:{kind}/{policy}"] if policy else []
    place = Place(subject=f"{distribution.subject} {pattern}", stack=distribution.stack, resources=tuple(arns))
    name = distribution.physical_id
    yield behaviour(place, distribution=name, pattern=pattern, wanted=wanted, left_out=left_out)


def _arn(target: Target, distribution: Resource) -> str:
    return f"arn:{target.partition}:cloudfront::{target.account}:distribution/{distribution.physical_id}"


def _behaviour(value: object) -> tuple[Words, tuple[str, ...]]:
    functions = [
        intent.part(each, key)
        for listed, arn in _FUNCTIONS
        for each in intent.items(value, listed)
        for key in ("EventType", arn)
    ]
    return intent.known(
        {
            "origin": intent.part(value, "TargetOriginId"),
            "viewer": intent.part(value, "ViewerProtocolPolicy"),
            "methods": intent.part(value, "AllowedMethods") or ("GET", "HEAD"),
            "cache policy": intent.part(value, "CachePolicyId"),
            "origin request policy": intent.part(value, "OriginRequestPolicyId"),
            "headers policy": intent.part(value, "ResponseHeadersPolicyId"),
            "functions": functions,
        }
    )


def _origin(value: object) -> tuple[Words, tuple[str, ...]]:
    control = intent.part(value, "OriginAccessControlId")
    return intent.known(
        {
            "domain": intent.part(value, "DomainName"),
            "path": intent.part(value, "OriginPath"),
            "access control": control or intent.part(value, "S3OriginConfig", "OriginAccessIdentity"),
            "protocol": intent.part(value, "CustomOriginConfig", "OriginProtocolPolicy"),
        }
    )


def _look(world: World, *, distribution: str) -> DistributionSeen | Absent:
    return world.aws.distribution(distribution)


def _look_route(world: World, *, distribution: str, pattern: str) -> Route | Absent:
    whole = world.aws.distribution(distribution)
    if isinstance(whole, Absent):
        return whole
    found = next((each for each in whole.behaviours if each.pattern == pattern), None)
    cache = world.aws.cache_policy(found.cache_policy) if found and found.cache_policy else None
    wanted = found.origin_request_policy if found else ""
    forwarding = world.aws.origin_request_policy(wanted) if wanted else None
    return Route(distribution=whole, pattern=pattern, cache=cache, forwarding=forwarding)


def _of_behaviour(found: Behaviour) -> dict[str, str]:
    return {
        "origin": found.origin,
        "viewer": found.viewer,
        "methods": intent.plain(found.methods),
        "cache policy": found.cache_policy,
        "origin request policy": found.origin_request_policy,
        "headers policy": found.headers_policy,
        "functions": intent.plain([part for each in found.functions for part in each]),
    }


def _of_origin(found: Origin) -> dict[str, str]:
    return {
        "domain": found.domain,
        "path": found.path,
        "access control": found.access_control,
        "protocol": found.protocol,
    }


def _careless(origin: Origin) -> Iterator[str]:
    if origin.kind == "s3-website":
        yield "a public website endpoint"
    if origin.kind == "s3":
        if not _REGIONAL_BUCKET.fullmatch(origin.domain):
            yield f"not the bucket's regional name: {origin.domain}"
        if not origin.access_control:
            yield "no origin access control"


def _shadows(distribution: DistributionSeen, found: Behaviour) -> Iterator[str]:
    """Patterns before this one that take its requests elsewhere: the first that matches wins."""
    sample = found.pattern.replace("*", "x").replace("?", "x")
    for earlier in distribution.behaviours[: distribution.behaviours.index(found)]:
        if earlier.origin != found.origin and fnmatchcase(sample, earlier.pattern):
            yield f"{earlier.pattern} comes first and goes to {earlier.origin}"


def _unsuited_to_an_api(route: Route, found: Behaviour) -> Iterator[str]:
    match route.cache:
        case CachePolicySeen(minimum=0, default=0, maximum=0):
            pass
        case CachePolicySeen(name=name, minimum=least, default=usual, maximum=most):
            yield f"answers are kept: {name} ({least}, {usual}, {most} s)"
        case Absent(what=what):
            yield f"absent: {what}"
        case None:
            yield "settings of the old kind (ForwardedValues)" if found.legacy_ttl else "no cache policy"
    if isinstance(route.forwarding, Absent):
        yield f"absent: {route.forwarding.what}"
    if _sends_host(route):
        yield "the viewer's Host header is sent, which API Gateway refuses"


def _sends_host(route: Route) -> bool:
    keyed = route.cache.headers if isinstance(route.cache, CachePolicySeen) else ()
    if "host" in {each.lower() for each in keyed}:
        return True
    match route.forwarding:
        case OriginRequestPolicySeen(header_behaviour="allExcept", headers=headers):
            return "host" not in {each.lower() for each in headers}
        case OriginRequestPolicySeen(header_behaviour="whitelist", headers=headers):
            return "host" in {each.lower() for each in headers}
        case OriginRequestPolicySeen(header_behaviour=word):
            return word.startswith("allViewer")
        case _:
            return False


def _judged(amiss: list[str], expected: str, actual: str) -> Verdict:
    if amiss:
        return Verdict.failed(expected=expected, actual=several(amiss), remedy=_REDEPLOY)
    return Verdict.passed(expected=expected, actual=actual)


def _gone(seen: Absent, expected: str) -> Verdict:
    return Verdict.failed(expected=expected, actual=f"absent: {quote(seen.what)}", remedy="deploy the stack again")


PROMISES = (origins, origin_tls, behaviour)
