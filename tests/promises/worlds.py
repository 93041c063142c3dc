"""Small worlds: builders of evidence and targets in which everything is right, to be changed in one thing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

from checks import evidence as seen
from checks.model import CannotLook, Check, Resource, Stack, Target, Unresolved
from checks.world.ports import World
from checks.world.pretend import PretendClock

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
ACCOUNT = "111122223333"
REGION = "af-south-1"
APEX = "shop.test"
WWW = "www.shop.test"
HOSTILE = "\x1b[31m\x00\u202e\ufffe<script>" + "9" * 5000


def resource(
    type: str,  # noqa: A002 - CloudFormation's own word
    properties: Mapping[str, object] | None = None,
    *,
    subject: str = "Thing",
    physical_id: str = "thing-1",
    logical_id: str = "",
    stack: str = "Main",
    region: str = REGION,
) -> Resource:
    """One deployed resource; its logical id follows from its subject unless given."""
    return Resource(
        logical_id=logical_id or subject.replace("/", ""),
        type=type,
        physical_id=physical_id,
        subject=subject,
        stack=stack,
        region=region,
        properties=properties or {},
    )


def target(
    *resources: Resource,
    domain: str = "",
    aliases: tuple[str, ...] = (),
    spa_paths: tuple[str, ...] = (),
    **stack: Any,  # noqa: ANN401 - fields of Stack
) -> Target:
    """A target of one stack called Main, or of as many as the resources name."""
    homes = dict.fromkeys((each.stack, each.region) for each in resources) or {("Main", REGION): None}
    stacks = tuple(
        Stack(
            name=name,
            region=region,
            arn=f"arn:aws:cloudformation:{region}:{ACCOUNT}:stack/{name}/1",
            resources=tuple(each for each in resources if (each.stack, each.region) == (name, region)),
            **stack,
        )
        for name, region in homes
    )
    return Target(name="test", account=ACCOUNT, stacks=stacks, domain=domain, aliases=aliases, spa_paths=spa_paths)


def planned(checks: Iterable[Check]) -> dict[str, Check]:
    """Checks by name; a name planned twice is an error."""
    every = list(checks)
    by_name = {each.name: each for each in every}
    assert len(every) == len(by_name), "a name was planned twice"
    return by_name


def response(status: int = 200, body: str = "", kind: str = "", **more: Any) -> seen.Response:  # noqa: ANN401 - fields of Response
    """One response; *kind* is its content type, *headers* in *more* are pairs."""
    headers = (*((("content-type", kind),) if kind else ()), *more.pop("headers", ()))
    given = {"url": f"https://{APEX}/", "method": "GET", "address": "192.0.2.1", **more}
    return seen.Response(status=status, headers=headers, body=body, **given)


def leaf(**changes: Any) -> seen.Leaf:  # noqa: ANN401 - fields of Leaf
    """A good certificate with 200 days left."""
    given: dict[str, Any] = {
        "names": (APEX, WWW),
        "issuer": "Amazon",
        "serial": "1f",
        "not_before": NOW - 100 * DAY,
        "not_after": NOW + 200 * DAY,
    }
    return seen.Leaf(**given | changes)


def accepted(**changes: Any) -> seen.Accepted:  # noqa: ANN401 - fields of Accepted
    """A good handshake with the apex."""
    given: dict[str, Any] = {
        "host": APEX,
        "address": "192.0.2.1",
        "version": "TLSv1.3",
        "cipher": "TLS_AES_128_GCM_SHA256",
        "leaf": leaf(),
    }
    return seen.Accepted(**given | changes)


def silence(where: str = f"{APEX}:443", reason: str = "connection refused") -> seen.Silence:
    """Nobody at home."""
    return seen.Silence(where=where, reason=reason)


def world(answers: Mapping[Any, object]) -> World:
    """A world that answers as it was told, by ``(question, *arguments)``; keyword arguments come last as pairs.

    An answer that is an exception is raised, one that is callable is called with the arguments; what it was not
    told cannot be looked up.
    """

    def question(word: str) -> Callable[..., object]:
        def ask(*arguments: object, **named: object) -> object:
            key = (word, *arguments, *sorted((name, _plain(value)) for name, value in named.items()))
            answer = answers.get(key, answers.get((word,), CannotLook(f"not in this world: {key}")))
            if isinstance(answer, Exception):
                raise answer
            return answer(*arguments, **named) if callable(answer) else answer

        return ask

    class Room:
        def __getattr__(self, word: str) -> Callable[..., object]:
            return question(word)

    rooms: dict[str, object] = dict.fromkeys(("dns", "tls", "http", "aws"), Room())
    return cast("World", SimpleNamespace(**rooms, clock=PretendClock(NOW), anchor="https://anchor.test/"))


def _plain(value: object) -> object:
    return tuple(sorted(value.items())) if isinstance(value, Mapping) else value


CERTIFICATE_ARN = f"arn:aws:acm:us-east-1:{ACCOUNT}:certificate/1"
DISTRIBUTION_ARN = f"arn:aws:cloudfront::{ACCOUNT}:distribution/D1"
BUCKET = f"site-bucket.s3.{REGION}.amazonaws.com"
API_HOST = f"api1.execute-api.{REGION}.amazonaws.com"
FUNCTION_ARN = f"arn:aws:cloudfront::{ACCOUNT}:function/strip"


def distribution_config() -> dict[str, Any]:
    """What the template of the distribution says: the site from a bucket, ``/api/*`` from an API."""
    return {
        "Aliases": [APEX, WWW],
        "ViewerCertificate": {"AcmCertificateArn": CERTIFICATE_ARN, "MinimumProtocolVersion": "TLSv1.2_2021"},
        "Origins": [
            {"Id": "bucket", "DomainName": BUCKET, "OriginAccessControlId": "oac1", "S3OriginConfig": {}},
            {
                "Id": "api",
                "DomainName": API_HOST,
                "OriginPath": "/prod",
                "CustomOriginConfig": {"OriginProtocolPolicy": "https-only"},
            },
        ],
        "CacheBehaviors": [
            {
                "PathPattern": "/api/*",
                "TargetOriginId": "api",
                "ViewerProtocolPolicy": "https-only",
                "AllowedMethods": ["GET", "HEAD", "POST"],
                "CachePolicyId": "none",
                "OriginRequestPolicyId": "no-host",
                "FunctionAssociations": [{"EventType": "viewer-request", "FunctionARN": FUNCTION_ARN}],
            }
        ],
        "DefaultCacheBehavior": {
            "TargetOriginId": "bucket",
            "ViewerProtocolPolicy": "redirect-to-https",
            "CachePolicyId": "long",
        },
    }


def distribution_resource(config: Mapping[str, object] | None = None) -> Resource:
    """The distribution as the template has it."""
    properties = {"DistributionConfig": distribution_config() if config is None else config}
    return resource("AWS::CloudFront::Distribution", properties, subject="Site/Distribution", physical_id="D1")


def certificate_resource(**properties: object) -> Resource:
    """The certificate as its template has it, in a stack of its own."""
    given = {"DomainName": APEX, "SubjectAlternativeNames": [WWW], "ValidationMethod": "DNS"}
    return resource(
        "AWS::CertificateManager::Certificate",
        given | properties,
        subject="Edge/Certificate",
        physical_id=CERTIFICATE_ARN,
        stack="Edge",
        region="us-east-1",
    )


def api_resources() -> tuple[Resource, ...]:
    """An API with an open list, a protected route, health, and one route that takes a parameter."""

    def method(word: str, path: str, resource_id: object, **properties: object) -> Resource:
        given = {"RestApiId": "api1", "HttpMethod": word, "ResourceId": resource_id, "AuthorizationType": "NONE"}
        return resource("AWS::ApiGateway::Method", given | properties, subject=f"Api{path}/{word}")

    def folder(name: str, part: str, parent: object) -> Resource:
        given = {"RestApiId": "api1", "PathPart": part, "ParentId": parent}
        return resource("AWS::ApiGateway::Resource", given, subject=f"Api/{name}", physical_id=name)

    root = Unresolved("Fn::GetAtt Api.RootResourceId")
    pool = f"arn:aws:cognito-idp:{REGION}:{ACCOUNT}:userpool/pool1"
    return (
        resource("AWS::ApiGateway::RestApi", subject="Api", physical_id="api1"),
        resource(
            "AWS::ApiGateway::Stage",
            {"RestApiId": "api1", "StageName": "prod"},
            subject="Api/Stage",
            physical_id="prod",
        ),
        resource(
            "AWS::ApiGateway::Authorizer", {"RestApiId": "api1", "ProviderARNs": [pool]}, subject="Api/Authorizer"
        ),
        folder("health", "health", root),
        folder("deep", "deep", "health"),
        folder("auth", "auth", root),
        folder("me", "me", "auth"),
        folder("jobs", "jobs", root),
        folder("job", "{id}", "jobs"),
        method("GET", "/health", "health"),
        method("GET", "/health/deep", "deep"),
        method("GET", "/auth/me", "me", AuthorizationType="COGNITO_USER_POOLS"),
        method("OPTIONS", "/auth/me", "me"),
        method("GET", "/jobs", "jobs"),
        method("POST", "/jobs", "jobs", AuthorizationType="COGNITO_USER_POOLS"),
        method("GET", "/jobs/{id}", "job"),
        method("ANY", "/", root),
    )


def site(*more: Resource, **changes: Any) -> Target:  # noqa: ANN401 - fields of Target
    """A site behind a distribution with certificate and API."""
    given: dict[str, Any] = {"domain": APEX, "aliases": (WWW,), "spa_paths": ("/", "/jobs", "/login")}
    resources = (distribution_resource(), certificate_resource(), *api_resources(), *more)
    return target(*resources, **given | changes)


def distribution_seen(**changes: Any) -> seen.DistributionSeen:  # noqa: ANN401 - fields of DistributionSeen
    """The distribution as CloudFront has it, all as the template says."""
    given: dict[str, Any] = {
        "id": "D1",
        "arn": DISTRIBUTION_ARN,
        "domain": "d1.cloudfront.net",
        "status": "Deployed",
        "enabled": True,
        "aliases": (APEX, WWW),
        "root": "index.html",
        "certificate": CERTIFICATE_ARN,
        "minimum_protocol": "TLSv1.2_2021",
        "http_version": "http2and3",
        "ipv6": True,
        "price_class": "PriceClass_200",
        "origins": (origin(), origin(id="api", domain=API_HOST, path="/prod", kind="custom", protocol="https-only")),
        "behaviours": (behaviour_seen(), behaviour_seen(pattern="*", **SITE_BEHAVIOUR)),
        "errors": (),
    }
    return seen.DistributionSeen(**given | changes)


SITE_BEHAVIOUR: dict[str, Any] = {
    "origin": "bucket",
    "viewer": "redirect-to-https",
    "methods": ("GET", "HEAD"),
    "cache_policy": "long",
    "origin_request_policy": "",
    "functions": (),
}


def origin(**changes: Any) -> seen.Origin:  # noqa: ANN401 - fields of Origin
    """The bucket as an origin."""
    given: dict[str, Any] = {"id": "bucket", "domain": BUCKET, "path": "", "kind": "s3", "protocol": ""}
    control = "oac1" if {**given, **changes}["kind"] == "s3" else ""
    return seen.Origin(**{"access_control": control} | given | changes)


def behaviour_seen(**changes: Any) -> seen.Behaviour:  # noqa: ANN401 - fields of Behaviour
    """The behaviour of the API."""
    given: dict[str, Any] = {
        "pattern": "/api/*",
        "origin": "api",
        "viewer": "https-only",
        "methods": ("GET", "HEAD", "POST"),
        "cache_policy": "none",
        "origin_request_policy": "no-host",
        "headers_policy": "",
        "compress": True,
        "functions": (("viewer-request", FUNCTION_ARN),),
        "legacy_ttl": False,
    }
    return seen.Behaviour(**given | changes)


def certificate_seen(**changes: Any) -> seen.CertificateSeen:  # noqa: ANN401 - fields of CertificateSeen
    """The certificate as ACM has it, with 200 days left."""
    given: dict[str, Any] = {
        "arn": CERTIFICATE_ARN,
        "status": "ISSUED",
        "names": (APEX, WWW),
        "serial": "1f",
        "not_before": NOW - 100 * DAY,
        "not_after": NOW + 200 * DAY,
        "in_use_by": (DISTRIBUTION_ARN,),
        "renewal": "",
        "validation": ((APEX, "SUCCESS"),),
        "validation_records": ((f"_a.{APEX}.", "_b.acm-validations.aws."),),
    }
    return seen.CertificateSeen(**given | changes)


def answer(*records: str, **changes: Any) -> seen.DnsAnswer:  # noqa: ANN401 - fields of DnsAnswer
    """A DNS answer about the apex."""
    given: dict[str, Any] = {"name": APEX, "type": "A", "server": "192.0.2.53", "rcode": "NOERROR"}
    return seen.DnsAnswer(records=records, **given | changes)
