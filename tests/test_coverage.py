"""Coverage: verified means a check beyond existence, every row is named, and waivers are decisions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from checks.catalogue import Thresholds, checks_for
from checks.coverage import Coverage, Row, coverage, from_json, named, to_json
from checks.model import Check, Resource, Waiver
from checks.target.settings import Expectations
from tests.stacks import arn, check, integrated, resource, target

NOW = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
TABLE = resource("DynamoDB::Table", "Data/Orders", "orders-1")


def row(known: Coverage, name: str) -> Row:
    """The one row of that name."""
    (found,) = (each for each in known.rows if each.name == name)
    return found


def of(*resources: Resource, checks: tuple[Check, ...] = (), waivers: tuple[Waiver, ...] = ()) -> Coverage:
    """The coverage of these resources by these checks, today."""
    return coverage(checks, target(*resources), waivers=waivers, now=NOW)


def waiver(pattern: str, *, days: int = 1) -> Waiver:
    """A decision that holds for so many days from now."""
    return Waiver(check=pattern, owner="platform", reason="being moved", expires=NOW + timedelta(days=days))


def test_a_check_beyond_existence_verifies() -> None:
    """The row names it."""
    found = row(of(TABLE, checks=(check("tables.pitr[Data/Orders]", "DataOrders"),)), "Data/Orders")

    assert ("verified", ("tables.pitr[Data/Orders]",), "") == (found.state, found.checks, found.why)


@pytest.mark.parametrize("name", ("tables.present[Data/Orders]", "stack.floor[X]", "identity.region[Main]"))
def test_that_it_is_there_verifies_nothing(name: str) -> None:
    """Nor does a check about the plan or about us."""
    found = row(of(TABLE, checks=(check(name, "DataOrders"),)), "Data/Orders")

    assert ("unverified", ()) == (found.state, found.checks)
    assert found.why


def test_a_type_without_a_room_is_unverified_and_never_absent() -> None:
    """Nobody knows it, and it is a row all the same."""
    assert ("unverified", "AWS::Made::Up") == (
        row(of(resource("Made::Up", "Strange")), "Strange").state,
        row(of(resource("Made::Up", "Strange")), "Strange").type,
    )


def test_a_check_of_another_stack_verifies_nothing_here() -> None:
    """Two stacks may have the same logical id."""
    assert (
        "unverified"
        == row(of(TABLE, checks=(check("tables.pitr[x]", "DataOrders", stack="Other"),)), TABLE.subject).state
    )


def test_a_check_without_a_stack_counts_by_its_logical_id() -> None:
    """Checks about the site belong to no stack."""
    record = resource("Route53::RecordSet", "Dns/Caa")

    assert "verified" == row(of(record, checks=(check("dns.caa[shop.test]", "DnsCaa", stack=""),)), "Dns/Caa").state


def test_what_is_only_waived_is_waived() -> None:
    """With who decided it, until when, and why."""
    found = row(
        of(TABLE, checks=(check("tables.pitr[a]", "DataOrders"),), waivers=(waiver("tables.*"),)), "Data/Orders"
    )

    assert ("waived", "platform, until 2026-02-01: being moved") == (found.state, found.why)


def test_one_check_that_is_not_waived_verifies() -> None:
    """A decision about one promise is none about the others."""
    both = (check("tables.pitr[a]", "DataOrders"), check("tables.keys[a]", "DataOrders"))

    assert "verified" == row(of(TABLE, checks=both, waivers=(waiver("tables.pitr*"),)), "Data/Orders").state


def test_an_unverified_row_can_be_waived_by_its_name() -> None:
    """Until the waiver ends."""
    live, ended = (of(TABLE, waivers=(waiver("coverage[Data/*]", days=days),)) for days in (1, -1))

    assert ["waived", "unverified"] == [row(each, "Data/Orders").state for each in (live, ended)]
    assert "coverage[Data/Orders]" == named(row(live, "Data/Orders"))


def test_what_cannot_break_is_waived_by_nature() -> None:
    """The CDK's record of its own use."""
    assert "waived" == row(of(resource("CDK::Metadata", "CDKMetadata")), "CDKMetadata").state


def test_shares_are_of_all_rows_and_nothing_is_not_wholly_verified() -> None:
    """No resources, no proof."""
    half = of(TABLE, resource("Made::Up", "Strange"), checks=(check("tables.pitr[a]", "DataOrders"),))

    assert [50.0, 0.0, 50.0] == [half.share("verified"), half.share("waived"), half.share("unverified")]
    assert [0.0, 100.0] == [Coverage().share("verified"), Coverage().share("unverified")]


def test_a_hop_is_verified_by_checks_about_what_makes_it() -> None:
    """The rule's targets are looked at, its dead letters are not."""
    rule = resource(
        "Events::Rule",
        "Daily",
        Targets=[{"Arn": arn("lambda", "function:f"), "DeadLetterConfig": {"Arn": arn("sqs", "left")}}],
    )
    known = of(rule, checks=(check("schedules.targets[Daily]", "Daily"),))

    states = {each.goal: each.state for each in known.rows if each.kind == "edge"}
    assert {arn("lambda", "function:f"): "verified", arn("sqs", "left"): "unverified"} == states


POLICY = resource("S3::BucketPolicy", "Files/Policy", Bucket="files-1")
BUCKET = resource("S3::Bucket", "Files", "files-1")
API = resource("ApiGateway::RestApi", "Api", "api1")
FOLDER = resource("ApiGateway::Resource", "Api/a", "r0", RestApiId="api1", ParentId="root", PathPart="a")
PATH = resource("ApiGateway::Resource", "Api/a/b", "r1", RestApiId="api1", ParentId="r0", PathPart="b")
AUTHORIZER = resource("ApiGateway::Authorizer", "Api/Auth", "auth1", RestApiId="api1")
STAGE = resource("ApiGateway::Stage", "Api/Stage", "prod", RestApiId="api1")
METHOD = resource(
    "ApiGateway::Method",
    "Api/a/b/GET",
    RestApiId="api1",
    ResourceId="r1",
    HttpMethod="GET",
    AuthorizerId="auth1",
    Integration=integrated("f"),
)
GATEWAY = (API, FOLDER, PATH, AUTHORIZER, STAGE, METHOD)
GUARDED = check("api.guarded[x]", "ApiabGET")


@pytest.mark.parametrize(
    ("resources", "proof", "name"),
    (
        pytest.param((POLICY, BUCKET), check("buckets.tls_only[Files]", "Files"), "Files/Policy", id="bucket policy"),
        pytest.param(GATEWAY, GUARDED, "Api/a/b", id="path"),
        pytest.param(GATEWAY, GUARDED, "Api/a", id="path above"),
        pytest.param(GATEWAY, GUARDED, "Api/Auth", id="authorizer"),
        pytest.param(GATEWAY, GUARDED, "Api/Stage", id="stage"),
        pytest.param(
            (
                resource("SNS::Topic", "Told", arn("sns", "told")),
                resource("SNS::TopicPolicy", "Told/Policy", Topics=[arn("sns", "told")]),
            ),
            check("alarms.topic[Told]", "Told"),
            "Told/Policy",
            id="topic policy",
        ),
        pytest.param(
            (
                resource("Backup::BackupPlan", "Plan", "plan-1"),
                resource("Backup::BackupSelection", "Plan/All", BackupPlanId="plan-1"),
            ),
            check("backups.selection[Plan]", "Plan"),
            "Plan/All",
            id="backup selection",
        ),
        pytest.param(
            (
                resource("Events::Rule", "Daily", "daily-1"),
                resource("Lambda::Permission", "Daily/Allow", SourceArn=arn("events", "rule/daily-1")),
            ),
            check("schedules.permitted[Daily]", "Daily"),
            "Daily/Allow",
            id="permission of a rule",
        ),
        pytest.param(
            (
                *GATEWAY,
                resource("Lambda::Permission", "Api/Allow", SourceArn=arn("execute-api", "api1/*/GET/a/b")),
            ),
            check("api.route[x]", "ApiabGET"),
            "Api/Allow",
            id="permission of an API",
        ),
        pytest.param(
            (
                resource(
                    "CloudFront::Distribution",
                    "Edge",
                    DistributionConfig={"Origins": [{"Id": "o", "OriginAccessControlId": "oac1"}]},
                ),
                resource("CloudFront::OriginAccessControl", "Edge/Oac", "oac1"),
            ),
            check("cdn.origins[Edge]", "Edge"),
            "Edge/Oac",
            id="origin access control",
        ),
        pytest.param(
            (
                resource(
                    "CloudFront::Distribution",
                    "Edge",
                    DistributionConfig={"DefaultCacheBehavior": {"FunctionAssociations": [{"FunctionARN": "fn1"}]}},
                ),
                resource("CloudFront::Function", "Edge/Rewrite", "fn1"),
            ),
            check("cdn.behaviour[Edge *]"),
            "Edge/Rewrite",
            id="edge function",
        ),
        pytest.param(
            (
                resource(
                    "CloudFront::Distribution",
                    "Edge",
                    DistributionConfig={
                        "Aliases": ["shop.test"],
                        "DefaultCacheBehavior": {"ResponseHeadersPolicyId": "h1"},
                    },
                ),
                resource("CloudFront::ResponseHeadersPolicy", "Edge/Headers", "h1"),
            ),
            check("cdn.headers[shop.test]"),
            "Edge/Headers",
            id="headers policy",
        ),
    ),
)
def test_some_resources_are_proven_by_way_of_another(resources: tuple[Resource, ...], proof: Check, name: str) -> None:
    """With that check verified, and without it not."""
    assert ["verified", "unverified"] == [row(of(*resources, checks=each), name).state for each in ((proof,), ())]


def test_another_buckets_policy_proves_nothing() -> None:
    """The failing twin: the policy names another bucket."""
    other = resource("S3::BucketPolicy", "Other/Policy", Bucket="other-1")

    assert (
        "unverified"
        == row(of(other, BUCKET, checks=(check("buckets.tls_only[Files]", "Files"),)), "Other/Policy").state
    )


def test_paths_that_stand_on_each_other_in_a_circle_end() -> None:
    """A template cannot make one, an emulator can."""
    ring = [
        resource("ApiGateway::Resource", f"Api/{at}", f"r{at}", RestApiId="api1", ParentId=f"r{1 - at}", PathPart="x")
        for at in range(2)
    ]
    method = resource("ApiGateway::Method", "Api/GET", RestApiId="api1", ResourceId="r0", HttpMethod="GET")

    assert "verified" == row(of(API, *ring, method, checks=(check("api.route[x]", "ApiGET"),)), "Api/1").state


def test_addresses_of_people_are_not_rows() -> None:
    """A construct path may hold one."""
    names = [each.name for each in of(resource("SNS::Subscription", "Told/anna@shop.test", Protocol="email")).rows]

    assert not any("anna@shop.test" in name for name in names)


def test_it_is_written_and_read_back_unchanged() -> None:
    """As plain JSON values; nothing known stays nothing known."""
    known = of(TABLE, resource("Events::Rule", "Daily", Targets=[{"Arn": "x"}]))

    assert known == from_json(to_json(known))
    assert from_json(to_json(None)) is None
    stored = to_json(known) or {}
    assert {"verified": 0, "waived": 0, "unverified": 3} == {key: stored[key] for key in stored if key != "rows"}


@pytest.mark.parametrize(("pattern", "matches"), (("coverage[Strange]", 1), ("coverage[Data/Orders]", 0)))
def test_a_waiver_of_a_row_counts_only_where_nothing_verifies_it(pattern: str, matches: int) -> None:
    """One for what is verified by now is as stale as one that matches no check."""
    planned = checks_for(
        target(TABLE, resource("Made::Up", "Strange")),
        limits=Thresholds(),
        expect=Expectations(),
        waivers=(waiver(pattern),),
    )
    (mine,) = (each for each in planned if each.name == f"stack.waiver[{pattern}]")

    assert matches == mine.params["matches"]


def test_its_cost_follows_the_size_of_the_target() -> None:
    """Each resource is looked up, never searched for: ten times the tables are about ten times the rows."""
    many = [resource("DynamoDB::Table", f"T{at}", f"t-{at}") for at in range(400)]
    uses = {"Variables": {f"T{at}": f"t-{at}" for at in range(400)}}
    known = of(*many, resource("Lambda::Function", "Work", "work-1", Environment=uses))

    assert 801 == len(known.rows)
