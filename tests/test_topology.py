"""What leads to what: each kind of hop, by the names that people know its ends by."""

from __future__ import annotations

import pytest

from checks.model import Resource, Unresolved
from checks.topology import Hop, hops
from tests.stacks import arn, integrated, resource, target

FUNCTION = resource("Lambda::Function", "Work/Handler", "handler-1")
TABLE = resource("DynamoDB::Table", "Data/Orders", "orders-1")
QUEUE = resource("SQS::Queue", "Work/Left", "https://sqs.eu-west-1.amazonaws.com/111122223333/left-1")
TOPIC = resource("SNS::Topic", "Told", arn("sns", "told-1"))
BUCKET = resource("S3::Bucket", "Files", "files-1")
API = resource("ApiGateway::RestApi", "Api", "api1")
HANDLER = arn("lambda", "function:handler-1")


def found(*resources: Resource, domain: str = "", aliases: tuple[str, ...] = ()) -> dict[str, Hop]:
    """The hops by name."""
    return {each.name: each for each in hops(target(*resources, domain=domain, aliases=aliases))}


def proven_by(hop: Hop) -> list[str]:
    """The patterns of its proofs."""
    return [each.pattern for each in hop.proofs]


DISTRIBUTION = resource(
    "CloudFront::Distribution",
    "Edge",
    "E1",
    DistributionConfig={
        "Aliases": ["shop.test"],
        "Origins": [
            {"Id": "files", "DomainName": "files-1.s3.eu-west-1.amazonaws.com"},
            {"Id": "api", "DomainName": "api1.execute-api.eu-west-1.amazonaws.com"},
            {"Id": "far", "DomainName": "elsewhere.test"},
        ],
        "DefaultCacheBehavior": {"TargetOriginId": "files"},
        "CacheBehaviors": [
            {"PathPattern": "/api/*", "TargetOriginId": "api"},
            {"PathPattern": "/far/*", "TargetOriginId": "far"},
        ],
    },
)

HOPS: dict[str, tuple[tuple[Resource, ...], str, str]] = {
    "a host and its edge": ((DISTRIBUTION,), "shop.test → Edge", "dns.alias[shop.test]"),
    "the default path and its bucket": ((DISTRIBUTION, BUCKET), "Edge /* → Files", "cdn.behaviour[Edge *]"),
    "a path and its API": ((DISTRIBUTION, API), "Edge /api/* → Api", "cdn.behaviour[Edge /api/*]"),
    "a path that leaves the stacks": ((DISTRIBUTION,), "Edge /far/* → elsewhere.test", "cdn.behaviour[Edge /far/*]"),
    "an API's own name and the API": (
        (
            API,
            resource("ApiGateway::DomainName", "Name", "api.shop.test"),
            resource(
                "ApiGateway::BasePathMapping",
                "Name/Path",
                DomainName="api.shop.test",
                BasePath="(none)",
                RestApiId="api1",
            ),
        ),
        "Name / → Api",
        "api.mapping",
    ),
    "a path below an HTTP API's own name": (
        (
            resource("ApiGatewayV2::Api", "Http", "http1"),
            resource("ApiGatewayV2::DomainName", "Name", "api.shop.test"),
            resource(
                "ApiGatewayV2::ApiMapping",
                "Name/Path",
                DomainName="api.shop.test",
                ApiMappingKey="v1/orders",
                ApiId="http1",
            ),
        ),
        "Name /v1/orders → Http",
        "api.mapping",
    ),
    "a route and its function": (
        (
            API,
            FUNCTION,
            resource("ApiGateway::Resource", "Api/orders", "r1", RestApiId="api1", ParentId="root", PathPart="orders"),
            resource(
                "ApiGateway::Method",
                "Api/orders/GET",
                RestApiId="api1",
                ResourceId="r1",
                HttpMethod="GET",
                Integration=integrated("handler-1"),
            ),
        ),
        "Api GET /orders → Work/Handler",
        "api.*",
    ),
    "a route of an HTTP API and its function": (
        (
            resource("ApiGatewayV2::Api", "Http", "http1"),
            FUNCTION,
            resource("ApiGatewayV2::Integration", "Http/Plug", "p1", IntegrationUri=HANDLER),
            resource(
                "ApiGatewayV2::Route", "Http/Route", ApiId="http1", RouteKey="GET /orders", Target="integrations/p1"
            ),
        ),
        "Http GET /orders → Work/Handler",
        "api.*",
    ),
    "a function and the table it is told of": (
        (
            resource(
                "Lambda::Function", "Work/Writer", "writer-1", Environment={"Variables": {"TABLE": "orders-1", "N": 3}}
            ),
            TABLE,
        ),
        "Work/Writer → Data/Orders",
        "functions.environment",
    ),
    "a rule and what it calls": (
        (FUNCTION, resource("Events::Rule", "Daily", Targets=[{"Id": "1", "Arn": HANDLER}])),
        "Daily → Work/Handler",
        "schedules.targets",
    ),
    "a schedule and what it calls, by an alias": (
        (FUNCTION, resource("Scheduler::Schedule", "Hourly", Target={"Arn": f"{HANDLER}:live"})),
        "Hourly → Work/Handler",
        "schedules.targets",
    ),
    "a rule and its dead letters": (
        (
            QUEUE,
            resource("Events::Rule", "Daily", Targets=[{"DeadLetterConfig": {"Arn": arn("sqs", "left-1")}}]),
        ),
        "Daily → Work/Left",
        "schedules.dead_letters",
    ),
    "a stream and its consumer": (
        (
            TABLE,
            FUNCTION,
            resource(
                "Lambda::EventSourceMapping",
                "Work/Mapping",
                EventSourceArn=arn("dynamodb", "table/orders-1/stream/2026-01-01T00:00:00.000"),
                FunctionName="handler-1",
            ),
        ),
        "Data/Orders → Work/Handler",
        "*",
    ),
    "a pipe": (
        (QUEUE, FUNCTION, resource("Pipes::Pipe", "Pipe", Source=arn("sqs", "left-1"), Target=HANDLER)),
        "Work/Left → Work/Handler",
        "*",
    ),
    "a bucket and its listener": (
        (
            FUNCTION,
            resource(
                "S3::Bucket",
                "Uploads",
                NotificationConfiguration={
                    "LambdaConfigurations": [{"Event": "s3:ObjectCreated:*", "Function": HANDLER}]
                },
            ),
        ),
        "Uploads s3:ObjectCreated:* → Work/Handler",
        "buckets.notif*",
    ),
    "a queue and its dead letters": (
        (QUEUE, resource("SQS::Queue", "Jobs", RedrivePolicy={"deadLetterTargetArn": arn("sqs", "left-1")})),
        "Jobs → Work/Left",
        "queues.settings",
    ),
    "a workflow and its step": (
        (
            FUNCTION,
            resource("StepFunctions::StateMachine", "Flow", DefinitionString=f'{{"Resource": "{HANDLER}"}}'),
        ),
        "Flow → Work/Handler",
        "workflows.*",
    ),
    "an alarm and its topic": (
        (TOPIC, resource("CloudWatch::Alarm", "Errors", AlarmActions=[arn("sns", "told-1")])),
        "Errors → Told",
        "alarms.reaches",
    ),
    "a topic and a function that listens": (
        (
            TOPIC,
            FUNCTION,
            resource("SNS::Subscription", "Sub", TopicArn=arn("sns", "told-1"), Protocol="lambda", Endpoint=HANDLER),
        ),
        "Told → Work/Handler",
        "alarms.heard",
    ),
}


@pytest.mark.parametrize(("resources", "name", "proof"), HOPS.values(), ids=HOPS)
def test_a_hop_is_found_with_what_would_prove_it(resources: tuple[Resource, ...], name: str, proof: str) -> None:
    """Its ends are called as people call them."""
    hop = found(*resources, domain="shop.test")[name]

    assert proof in proven_by(hop)


def test_a_subscriber_is_told_apart_and_its_address_is_nobodys_business() -> None:
    """Two people are two hops, and neither address is written down."""
    mailed = [
        resource(
            "SNS::Subscription", f"Sub{at}", TopicArn=arn("sns", "told-1"), Protocol="email", Endpoint=f"{at}@x.test"
        )
        for at in range(2)
    ]
    names = list(found(TOPIC, *mailed))

    assert ["Told → email subscriber 1", "Told → email subscriber 2"] == names


def test_a_subscription_within_its_topic_counts() -> None:
    """The same words in another place of the template."""
    inline = resource(
        "SNS::Topic", "Inline", arn("sns", "inline"), Subscription=[{"Protocol": "email", "Endpoint": "a@x.test"}]
    )

    assert ["Inline → email subscriber 1"] == list(found(inline))


def test_what_could_not_be_resolved_leads_nowhere_that_is_known() -> None:
    """The hop is there, its other end is not guessed."""
    rule = resource("Events::Rule", "Daily", Targets=[{"Arn": Unresolved("Fn::ImportValue")}])

    assert ["Daily → unresolved"] == list(found(rule))


def test_another_regions_function_is_not_ours() -> None:
    """An ARN names its region."""
    far = HANDLER.replace("eu-west-1", "us-east-1")

    assert [f"Daily → {far}"] == list(found(FUNCTION, resource("Events::Rule", "Daily", Targets=[{"Arn": far}])))


def test_a_text_that_only_looks_like_an_arn_finds_nothing() -> None:
    """Three words are no ARN."""
    assert ["Daily → arn:aws:lambda"] == list(
        found(FUNCTION, resource("Events::Rule", "Daily", Targets=[{"Arn": "arn:aws:lambda"}]))
    )


def test_an_empty_target_has_no_hops() -> None:
    """And nothing is made up for it."""
    assert {} == found()
