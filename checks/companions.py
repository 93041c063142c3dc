"""Resources that are proven by way of another: a policy by what it lets through, a path by the methods below it.

Pure. Each type is one line of the table; a type without a line is proven only by checks about itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import field

from checks import intent
from checks.frozen import dataclass
from checks.model import Resource, Target
from checks.topology import Proof

_METHOD, _RESOURCE = "AWS::ApiGateway::Method", "AWS::ApiGateway::Resource"


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbours:
    """The resources of a target, found by what refers to them."""

    target: Target
    ids: Mapping[tuple[str, str], Resource] = field(default_factory=dict)
    methods: Mapping[tuple[str, str], tuple[Resource, ...]] = field(default_factory=dict)

    def of(self, resource: Resource, said: str) -> Resource | None:
        """What *resource* calls by the id *said*."""
        return self.ids.get((resource.region, said))


Proofs = Callable[[Resource, Neighbours], Iterator[Proof]]


def neighbours(target: Target) -> Neighbours:
    """Everything looked up once, so that a large target costs no more than its size."""
    every = [each for stack in target.stacks for each in stack.resources]
    ids = {(each.region, each.physical_id): each for each in every if each.physical_id}
    methods: dict[tuple[str, str], tuple[Resource, ...]] = {}
    for each in every:
        if each.type == _METHOD:
            for key in _belongings(each, ids):
                methods[each.stack, key] = (*methods.get((each.stack, key), ()), each)
    return Neighbours(target=target, ids=ids, methods=methods)


def proofs(resource: Resource, near: Neighbours) -> Iterator[Proof]:
    """What besides checks about *resource* itself would see it broken."""
    find = _FOUND.get(resource.type)
    if find is not None:
        yield from find(resource, near)


def _belongings(method: Resource, ids: Mapping[tuple[str, str], Resource]) -> Iterator[str]:
    """The ids of what a method stands on: its API, its authorizer, its path and every path above."""
    for key in ("RestApiId", "AuthorizerId"):
        yield intent.text(method.properties, key)
    above = intent.text(method.properties, "ResourceId")
    walked: set[str] = set()
    while above and above not in walked:
        yield above
        walked.add(above)
        parent = ids.get((method.region, above))
        above = intent.text(parent.properties, "ParentId") if parent and parent.type == _RESOURCE else ""


def _about(resource: Resource | None, *patterns: str) -> Iterator[Proof]:
    if resource is not None:
        for each in patterns:
            yield Proof(pattern=each, stack=resource.stack, logical_id=resource.logical_id)


def _named(key: str, *patterns: str) -> Proofs:
    """Proven by checks about what the property *key*, a text or a list, names."""

    def find(resource: Resource, near: Neighbours) -> Iterator[Proof]:
        said = (intent.text(resource.properties, key), *intent.texts(resource.properties, key))
        for each in filter(None, said):
            yield from _about(near.of(resource, each), *patterns)

    return find


def _path(resource: Resource, near: Neighbours) -> Iterator[Proof]:
    for method in near.methods.get((resource.stack, resource.physical_id), ()):
        yield from _about(method, "api.*")


def _authorizer(resource: Resource, near: Neighbours) -> Iterator[Proof]:
    for method in near.methods.get((resource.stack, resource.physical_id), ()):
        yield from _about(method, "api.guarded", "api.forged")


def _stage(resource: Resource, near: Neighbours) -> Iterator[Proof]:
    """An answer of one of its routes came through it."""
    for method in near.methods.get((resource.stack, intent.text(resource.properties, "RestApiId")), ()):
        yield from _about(method, "api.health", "api.route", "api.guarded")


def _permission(resource: Resource, near: Neighbours) -> Iterator[Proof]:
    """A rule's permission by the policy that is read for it; an API's by answers that came out of the function."""
    source = intent.text(resource.properties, "SourceArn")
    service = source.split(":")[2] if source.count(":") > 1 else ""
    if service == "events":
        rule = near.of(resource, source) or near.of(resource, source.rpartition("/")[2])
        yield from _about(rule, "schedules.permitted")
    if service == "execute-api":
        api = source.split(":")[5].partition("/")[0]
        for method in near.methods.get((resource.stack, api), ()):
            yield from _about(method, "api.health", "api.route")


def _access_control(resource: Resource, near: Neighbours) -> Iterator[Proof]:
    for each in near.target.of_type(intent.DISTRIBUTION):
        config = intent.part(each.properties, "DistributionConfig")
        used = {intent.text(one, "OriginAccessControlId") for one in intent.items(config, "Origins")}
        if resource.physical_id in used:
            yield from _about(each, "cdn.origins")


def _edge_function(resource: Resource, near: Neighbours) -> Iterator[Proof]:
    """The behaviours that call it are compared with the template, associations included."""
    for each, path, behaviour in _behaviours(near.target):
        called = intent.items(behaviour, "FunctionAssociations")
        if any(intent.text(one, "FunctionARN") == resource.physical_id for one in called):
            yield Proof(pattern=f"cdn.behaviour[{each.subject} {path}]")


def _headers(resource: Resource, near: Neighbours) -> Iterator[Proof]:
    """What a browser receives from the default behaviour."""
    for each, path, behaviour in _behaviours(near.target):
        if path == "*" and intent.text(behaviour, "ResponseHeadersPolicyId") == resource.physical_id:
            for host in (*near.target.hosts, *intent.aliases(each)):
                yield Proof(pattern=f"cdn.headers[{host}]")


def _behaviours(target: Target) -> Iterator[tuple[Resource, str, object]]:
    for each in target.of_type(intent.DISTRIBUTION):
        config = intent.part(each.properties, "DistributionConfig")
        for one in intent.items(config, "CacheBehaviors"):
            yield each, intent.text(one, "PathPattern"), one
        yield each, "*", intent.part(config, "DefaultCacheBehavior")


_FOUND: Mapping[str, Proofs] = {
    "AWS::S3::BucketPolicy": _named("Bucket", "buckets.tls_only"),
    "AWS::SQS::QueuePolicy": _named("Queues", "queues.tls_only"),
    "AWS::SNS::TopicPolicy": _named("Topics", "alarms.topic", "topics.*"),
    "AWS::SNS::Subscription": _named("TopicArn", "alarms.heard", "topics.*"),
    "AWS::Backup::BackupSelection": _named("BackupPlanId", "backups.selection"),
    "AWS::ApiGateway::Resource": _path,
    "AWS::ApiGateway::Authorizer": _authorizer,
    "AWS::ApiGateway::Stage": _stage,
    "AWS::Lambda::Permission": _permission,
    "AWS::CloudFront::OriginAccessControl": _access_control,
    "AWS::CloudFront::Function": _edge_function,
    "AWS::CloudFront::ResponseHeadersPolicy": _headers,
}
