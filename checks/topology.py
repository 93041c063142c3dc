"""What leads to what in a target, as its templates wire it: each hop, and the checks that would see it break.

Pure. A hop is named for people; what proves it is a pattern for names of promises, and the resource that such a check
must be about.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from checks import intent
from checks.frozen import dataclass
from checks.model import Resource, Target
from checks.routes import apis

_RULE, _SCHEDULE = "AWS::Events::Rule", "AWS::Scheduler::Schedule"
_FUNCTION, _TABLE, _QUEUE = "AWS::Lambda::Function", "AWS::DynamoDB::Table", "AWS::SQS::Queue"
_TOPIC, _BUCKET, _MACHINE = "AWS::SNS::Topic", "AWS::S3::Bucket", "AWS::StepFunctions::StateMachine"
_API = "AWS::ApiGateway::RestApi"
# What CloudFormation's ``Ref`` gives as an ARN's last part, by the service in the ARN.
_SERVICES: Mapping[str, str] = {
    "lambda": _FUNCTION,
    "dynamodb": _TABLE,
    "sqs": _QUEUE,
    "sns": _TOPIC,
    "s3": _BUCKET,
    "states": _MACHINE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One end of a hop: a resource of the target, or something outside of it that has only a name."""

    name: str
    type: str
    stack: str = ""
    logical_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """Checks whose names fit *pattern*, about the resource *logical_id* of *stack* where one is named."""

    pattern: str
    stack: str = ""
    logical_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hop:
    """*source* leads to *goal*; *by* tells several hops between the same ends apart (a path, a method)."""

    kind: str
    source: Node
    goal: Node
    proofs: tuple[Proof, ...]
    by: str = ""

    @property
    def name(self) -> str:
        """``Work/Daily → Work/Tasks``, with what tells it apart in between."""
        return (
            f"{self.source.name} {self.by} → {self.goal.name}" if self.by else f"{self.source.name} → {self.goal.name}"
        )


def hops(target: Target) -> tuple[Hop, ...]:
    """Every hop of *target*, from the visitor inwards, each once."""
    names = _names(target)
    found = (
        *_of_hosts(target),
        *_of_api_names(target, names),
        *_of_paths(target),
        *_of_methods(target, names),
        *_of_routes(target, names),
        *_of_functions(target, names),
        *_of_schedules(target, names),
        *_of_streams(target, names),
        *_of_buckets(target, names),
        *_of_queues(target, names),
        *_of_machines(target, names),
        *_of_alarms(target, names),
        *_of_topics(target, names),
    )
    return tuple({(each.kind, each.name): each for each in found}.values())


def node(resource: Resource) -> Node:
    """A resource as an end of hops."""
    return Node(name=resource.subject, type=resource.type, stack=resource.stack, logical_id=resource.logical_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Names:
    """The resources of a target by their ids, and by type and the name that an ARN gives them."""

    ids: Mapping[str, Resource]
    owns: Mapping[tuple[str, str], Resource]

    def find(self, said: str) -> Resource | None:
        """The resource that an ARN, a URL, a name or an id stands for; None when it is none of the target's."""
        if said in self.ids:
            return self.ids[said]
        parts = said.split(":")
        if parts[0] != "arn" or len(parts) < 6:  # noqa: PLR2004 - an ARN has six parts
            return None
        # An ARN may name a part of it: an alias, a stream, an index, an object.
        words = ":".join(parts[5:]).replace(":", "/").split("/")[:2]
        found = (self.owns.get((_SERVICES.get(parts[2], ""), word)) for word in words)
        return next((each for each in found if each and parts[3] in {"", each.region}), None)

    def end(self, said: str) -> Node:
        """The same as an end of a hop; what is not the target's has only its name."""
        found = self.find(said)
        if found is not None:
            return node(found)
        service = said.split(":")[2] if said.startswith("arn:") and said.count(":") > 1 else ""
        return Node(name=said or "unresolved", type=service or "elsewhere")


def _names(target: Target) -> _Names:
    every = [each for stack in target.stacks for each in stack.resources if each.physical_id]
    owns = {(each.type, each.physical_id.rpartition("/")[2].rpartition(":")[2]): each for each in every}
    return _Names(ids={each.physical_id: each for each in every}, owns=owns)


def _proofs(resource: Resource, *patterns: str) -> tuple[Proof, ...]:
    return tuple(Proof(pattern=each, stack=resource.stack, logical_id=resource.logical_id) for each in patterns)


def _of_hosts(target: Target) -> Iterator[Hop]:
    for host in target.hosts:
        found = intent.serving(target, host)
        if found is not None:
            proofs = tuple(Proof(pattern=f"{each}[{host}]") for each in ("dns.alias", "tls.served", "cdn.https"))
            yield Hop(kind="host → edge", source=Node(name=host, type="host"), goal=node(found), proofs=proofs)


def _of_paths(target: Target) -> Iterator[Hop]:
    for each in target.of_type(intent.DISTRIBUTION):
        config = intent.part(each.properties, "DistributionConfig")
        origins = {intent.text(one, "Id"): intent.text(one, "DomainName") for one in intent.items(config, "Origins")}
        default = intent.part(config, "DefaultCacheBehavior")
        behaviours = [("*", default)] if default is not None else []
        behaviours += [(intent.text(one, "PathPattern"), one) for one in intent.items(config, "CacheBehaviors")]
        for path, behaviour in behaviours:
            domain = origins.get(intent.text(behaviour, "TargetOriginId"), "")
            yield Hop(
                kind="path → origin",
                source=node(each),
                goal=_origin(target, domain),
                by=path if path.startswith("/") else f"/{path}",
                proofs=(Proof(pattern=f"cdn.behaviour[{each.subject} {path}]"),),
            )


def _origin(target: Target, domain: str) -> Node:
    first = domain.partition(".")[0]
    for each in target.of_type(_API, "AWS::ApiGatewayV2::Api", _BUCKET):
        if (first and each.physical_id == first) or domain.startswith(f"{each.physical_id}.s3"):
            return node(each)
    return Node(name=domain or "unresolved", type="origin")


def _of_api_names(target: Target, names: _Names) -> Iterator[Hop]:
    """The paths below the names that APIs have of their own."""
    kinds = {
        "AWS::ApiGateway::BasePathMapping": ("RestApiId", "BasePath"),
        "AWS::ApiGatewayV2::ApiMapping": ("ApiId", "ApiMappingKey"),
    }
    for each in target.of_type(*kinds):
        api, path = kinds[each.type]
        yield Hop(
            kind="name → API",
            source=names.end(intent.text(each.properties, "DomainName")),
            goal=names.end(intent.text(each.properties, api)),
            by=f"/{intent.text(each.properties, path).removeprefix('(none)')}",
            proofs=_proofs(each, "api.mapping"),
        )


def _of_methods(target: Target, names: _Names) -> Iterator[Hop]:
    for api in apis(target):
        for route in api.routes:
            uri = intent.text(route.resource.properties, "Integration", "Uri")
            callee = uri.partition("/functions/")[2].removesuffix("/invocations")
            if callee:
                yield Hop(
                    kind="route → function",
                    source=node(api.resource),
                    goal=names.end(callee),
                    by=f"{route.method} {route.path}",
                    proofs=_proofs(route.resource, "api.*"),
                )


def _of_routes(target: Target, names: _Names) -> Iterator[Hop]:
    """The routes of HTTP and WebSocket APIs, each through its integration."""
    plugs = {each.physical_id: each for each in target.of_type("AWS::ApiGatewayV2::Integration")}
    for each in target.of_type("AWS::ApiGatewayV2::Route"):
        plug = plugs.get(intent.text(each.properties, "Target").removeprefix("integrations/"))
        uri = intent.text(plug.properties, "IntegrationUri") if plug else ""
        callee = uri.partition("/functions/")[2].removesuffix("/invocations") or uri
        api = names.find(intent.text(each.properties, "ApiId"))
        if api is not None and callee:
            yield Hop(
                kind="route → function",
                source=node(api),
                goal=names.end(callee),
                by=intent.text(each.properties, "RouteKey"),
                proofs=_proofs(each, "api.*"),
            )


def _of_functions(target: Target, names: _Names) -> Iterator[Hop]:
    """What a function is told to use: each of its settings that names a table, a queue, a topic, a bucket."""
    for each in target.of_type(_FUNCTION):
        told = intent.part(each.properties, "Environment", "Variables")
        for value in told.values() if isinstance(told, Mapping) else ():
            found = names.find(value) if isinstance(value, str) else None
            if found is not None and found.type in {*_SERVICES.values(), "AWS::Cognito::UserPool"} - {_FUNCTION}:
                proofs = _proofs(each, "functions.environment", "functions.uses")
                yield Hop(kind="function → store", source=node(each), goal=node(found), proofs=proofs)


def _of_schedules(target: Target, names: _Names) -> Iterator[Hop]:
    for each in target.of_type(_RULE, _SCHEDULE):
        said = each.properties
        aims = intent.items(said, "Targets") if each.type == _RULE else (intent.part(said, "Target"),)
        for aim in aims:
            proofs = _proofs(each, "schedules.targets", "schedules.permitted", "backups.notices")
            yield Hop(kind="rule → target", source=node(each), goal=names.end(intent.text(aim, "Arn")), proofs=proofs)
            letters = intent.text(aim, "DeadLetterConfig", "Arn")
            if letters:
                kept = _proofs(each, "schedules.dead_letters")
                yield Hop(kind="rule → dead letters", source=node(each), goal=names.end(letters), proofs=kept)


def _of_streams(target: Target, names: _Names) -> Iterator[Hop]:
    for each in target.of_type("AWS::Lambda::EventSourceMapping"):
        source = names.end(intent.text(each.properties, "EventSourceArn"))
        goal = names.end(intent.text(each.properties, "FunctionName"))
        yield Hop(kind="stream → consumer", source=source, goal=goal, proofs=_proofs(each, "*"))
    for each in target.of_type("AWS::Pipes::Pipe"):
        ends = (names.end(intent.text(each.properties, key)) for key in ("Source", "Target"))
        source, goal = ends
        yield Hop(kind="stream → consumer", source=source, goal=goal, proofs=_proofs(each, "*"))


def _of_buckets(target: Target, names: _Names) -> Iterator[Hop]:
    kinds = {
        "LambdaConfigurations": "Function",
        "QueueConfigurations": "Queue",
        "TopicConfigurations": "Topic",
    }
    for each in target.of_type(_BUCKET):
        for key, word in kinds.items():
            for one in intent.items(each.properties, "NotificationConfiguration", key):
                yield Hop(
                    kind="bucket → listener",
                    source=node(each),
                    goal=names.end(intent.text(one, word)),
                    by=intent.text(one, "Event"),
                    proofs=_proofs(each, "buckets.notif*", "buckets.events"),
                )


def _of_queues(target: Target, names: _Names) -> Iterator[Hop]:
    for each in target.of_type(_QUEUE):
        letters = intent.text(each.properties, "RedrivePolicy", "deadLetterTargetArn")
        if letters:
            proofs = _proofs(each, "queues.settings")
            yield Hop(kind="queue → dead letters", source=node(each), goal=names.end(letters), proofs=proofs)


def _of_machines(target: Target, names: _Names) -> Iterator[Hop]:
    """What a workflow calls, by the ARNs in its definition."""
    for each in target.of_type(_MACHINE):
        written = intent.text(each.properties, "DefinitionString") or str(
            intent.part(each.properties, "Definition") or ""
        )
        words = dict.fromkeys(written.replace("'", '"').split('"'))
        for found in filter(None, (names.find(word) for word in words)):
            if found is not each:
                yield Hop(
                    kind="workflow → step", source=node(each), goal=node(found), proofs=_proofs(each, "workflows.*")
                )


def _of_alarms(target: Target, names: _Names) -> Iterator[Hop]:
    for each in target.of_type("AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm"):
        for arn in intent.texts(each.properties, "AlarmActions"):
            proofs = _proofs(each, "alarms.reaches")
            yield Hop(kind="alarm → topic", source=node(each), goal=names.end(arn), proofs=proofs)


def _of_topics(target: Target, names: _Names) -> Iterator[Hop]:
    for topic in target.of_type(_TOPIC):
        for number, said in enumerate(intent.items(topic.properties, "Subscription"), start=1):
            yield _subscribed(names, node(topic), said, number, (topic,))
    told: Counter[str] = Counter()
    for each in target.of_type("AWS::SNS::Subscription"):
        arn = intent.text(each.properties, "TopicArn")
        told[arn] += 1
        found = names.find(arn)
        yield _subscribed(names, names.end(arn), each.properties, told[arn], (each, found) if found else (each,))


def _subscribed(names: _Names, source: Node, said: object, number: int, about: tuple[Resource, ...]) -> Hop:
    found = names.find(intent.text(said, "Endpoint"))
    # An address is a person's: a report says how somebody is told, not where.
    protocol = intent.text(said, "Protocol") or "unresolved"
    goal = node(found) if found else Node(name=f"{protocol} subscriber {number}", type=protocol)
    proofs = tuple(proof for each in about for proof in _proofs(each, "alarms.heard", "topics.*"))
    return Hop(kind="topic → subscriber", source=source, goal=goal, proofs=proofs)
