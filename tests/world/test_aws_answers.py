"""Answers that no emulator gives in full, in the words of AWS's own references."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest

from checks import evidence as seen
from checks.model import CannotLook
from checks.pool import Pool
from checks.world.aws import Credentials, RealAws
from checks.world.aws.batch import Batch
from checks.world.aws.certificates import _serial
from checks.world.aws.pace import PACES, Bucket, Pace, Pacing
from checks.world.aws.questions import global_region
from checks.world.aws.zones import plain
from checks.world.pretend import PretendClock
from tests.world.scripted_aws import Make, Reply, error, json_reply, meeting, rest_xml, xml_error, xml_reply

REGION = "af-south-1"
KEY = Credentials(access_key_id="AKIDEXAMPLE", secret_access_key="hush")
MADE = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)


@pytest.fixture
def aws(told: Make) -> Make:
    """Makes an AWS that gives these replies in turn, and somebody who asks it."""
    return told


# --- CloudFormation ---------------------------------------------------------------------------


def stacks(inner: str) -> Reply:
    """What DescribeStacks answers."""
    return xml_reply("DescribeStacks", f"<DescribeStacksResult><Stacks>{inner}</Stacks></DescribeStacksResult>")


STACK = """<member><StackName>Shop</StackName><StackId>arn:stack</StackId>
<CreationTime>2026-11-01T00:00:00Z</CreationTime>
<LastUpdatedTime>2026-11-22T01:00:00Z</LastUpdatedTime><StackStatus>UPDATE_ROLLBACK_COMPLETE</StackStatus>
<StackStatusReason>why</StackStatusReason>
<Outputs><member><OutputKey>Z</OutputKey><OutputValue>1</OutputValue></member>
<member><OutputKey>A</OutputKey><OutputValue>2</OutputValue></member></Outputs>
<Parameters><member><ParameterKey>Version</ParameterKey><ParameterValue>/cdk/v</ParameterValue>
<ResolvedValue>21</ResolvedValue></member>
<member><ParameterKey>Stage</ParameterKey><ParameterValue>prod</ParameterValue></member></Parameters></member>"""


def test_a_stack_is_seen_with_outputs_and_live_parameters(aws: Make) -> None:
    """Sorted by key; of an SSM parameter the value that it was resolved to."""
    asked, _ = aws(stacks(STACK))

    assert seen.StackSeen(
        name="Shop",
        arn="arn:stack",
        status="UPDATE_ROLLBACK_COMPLETE",
        reason="why",
        updated=MADE,
        outputs=(("A", "2"), ("Z", "1")),
        parameters=(("Stage", "prod"), ("Version", "21")),
    ) == asked.stack(REGION, "Shop")


@pytest.mark.parametrize(("word", "protected"), (("true", True), ("false", False), ("", False)))
def test_a_stack_tells_whether_one_call_deletes_it(aws: Make, word: str, protected: bool) -> None:  # noqa: FBT001 - a table of values
    """Silence is no protection."""
    told = f"<EnableTerminationProtection>{word}</EnableTerminationProtection>" if word else ""
    asked, _ = aws(stacks(STACK.replace("</StackName>", f"</StackName>{told}")))

    assert protected is getattr(asked.stack(REGION, "Shop"), "protected", None)


@pytest.mark.parametrize(
    "reply",
    (
        xml_error("ValidationError", message="Stack with id Shop does not exist"),
        stacks(STACK.replace("UPDATE_ROLLBACK_COMPLETE", "DELETE_COMPLETE")),
    ),
)
def test_a_stack_that_is_not_there_is_absent(aws: Make, reply: Reply) -> None:
    """CloudFormation has no code of its own for it, and describes a deleted one for weeks."""
    asked, _ = aws(reply)

    assert seen.Absent(what="stack Shop in af-south-1") == asked.stack(REGION, "Shop")


@pytest.mark.parametrize(
    ("reply", "says"),
    (
        (xml_error("ValidationError", message="1 validation error detected"), "AWS refused the question"),
        (stacks(""), "describes no stack"),
        (stacks(STACK.replace("StackStatus>", "Status>")), "KeyError: 'StackStatus'"),
    ),
)
def test_another_validation_error_is_no_absence(aws: Make, reply: Reply, says: str) -> None:
    """The same code means many things; the words decide."""
    asked, _ = aws(reply)

    with pytest.raises(CannotLook, match=says):
        asked.stack(REGION, "Shop")


def summaries(*names: str, token: str = "", status: str = "CREATE_COMPLETE") -> Reply:
    """A page of ListStackResources."""
    inner = "".join(
        f"<member><LogicalResourceId>{name}</LogicalResourceId><ResourceType>A::B</ResourceType>"
        f"<PhysicalResourceId>p-{name}</PhysicalResourceId><ResourceStatus>{status}</ResourceStatus></member>"
        for name in names
    )
    more = f"<NextToken>{token}</NextToken>" if token else ""
    return xml_reply(
        "ListStackResources",
        _tags("ListStackResourcesResult", _tags("StackResourceSummaries", inner), more),
    )


def test_resources_of_a_stack_are_read_to_the_last_page(aws: Make) -> None:
    """And deleted ones are not live."""
    asked, endpoint = aws(
        summaries("A", "B", token="t1"), summaries("C", token="t2", status="DELETE_COMPLETE"), summaries("D")
    )

    assert (("A", "A::B", "p-A"), ("B", "A::B", "p-B"), ("D", "A::B", "p-D")) == asked.stack_resources(REGION, "Shop")
    assert [False, True, True] == [b"NextToken=t" in request.body for request in endpoint.requests]


@pytest.mark.parametrize(
    ("body", "means"),
    (
        ('{"Resources": {"A": {"Type": "A::B"}}}', {"Resources": {"A": {"Type": "A::B"}}}),
        ("Resources:\n  A: {Type: 'A::B'}", None),
    ),
)
def test_a_template_is_read_as_it_was_submitted(aws: Make, body: str, means: object) -> None:
    """JSON with the same meaning, anything else to the letter."""
    asked, endpoint = aws(
        xml_reply("GetTemplate", f"<GetTemplateResult><TemplateBody>{body}</TemplateBody></GetTemplateResult>")
    )

    text = asked.stack_template(REGION, "Shop")

    assert (means or body) == (json.loads(text) if means else text)
    assert b"TemplateStage=Original" in endpoint.requests[0].body


# --- DynamoDB ---------------------------------------------------------------------------------

TABLE: dict[str, Any] = {
    "TableName": "jobs",
    "TableArn": "arn:table",
    "TableId": "id-1",
    "TableStatus": "ACTIVE",
    "CreationDateTime": MADE.timestamp(),
    "ItemCount": 7,
    "AttributeDefinitions": [
        {"AttributeName": "id", "AttributeType": "S"},
        {"AttributeName": "made", "AttributeType": "N"},
    ],
    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}, {"AttributeName": "made", "KeyType": "RANGE"}],
    "GlobalSecondaryIndexes": [
        {
            "IndexName": "byMade",
            "KeySchema": [{"AttributeName": "made", "KeyType": "HASH"}],
            "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["b", "a"]},
            "IndexStatus": "CREATING",
            "Backfilling": True,
        }
    ],
    "BillingModeSummary": {"BillingMode": "PAY_PER_REQUEST"},
    "StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
    "DeletionProtectionEnabled": True,
}


def test_a_table_is_seen_with_its_keys_and_indexes(aws: Make) -> None:
    """Types of the attributes included; an index that is being filled says so."""
    asked, _ = aws(json_reply({"Table": TABLE}))

    assert seen.TableSeen(
        name="jobs",
        arn="arn:table",
        id="id-1",
        status="ACTIVE",
        created=MADE,
        keys=(("id", "HASH", "S"), ("made", "RANGE", "N")),
        indexes=(
            seen.IndexSeen(
                name="byMade",
                keys=(("made", "HASH", "N"),),
                projection="INCLUDE a,b",
                status="CREATING",
                backfilling=True,
            ),
        ),
        billing="PAY_PER_REQUEST",
        stream="NEW_IMAGE",
        deletion_protection=True,
        items=7,
    ) == asked.table(REGION, "jobs")


def test_what_dynamodb_leaves_out_of_a_plain_table_is_off(aws: Make) -> None:
    """No summary of billing, no stream, no protection, no index."""
    optional = {"GlobalSecondaryIndexes", "BillingModeSummary", "StreamSpecification", "DeletionProtectionEnabled"}
    asked, _ = aws(json_reply({"Table": {key: value for key, value in TABLE.items() if key not in optional}}))

    table = asked.table(REGION, "jobs")

    assert isinstance(table, seen.TableSeen)
    assert ((), "PROVISIONED", "", False) == (table.indexes, table.billing, table.stream, table.deletion_protection)


@pytest.mark.parametrize("key", ("TableStatus", "TableId", "KeySchema", "CreationDateTime"))
def test_what_dynamodb_always_says_is_missed(aws: Make, key: str) -> None:
    """A field that is not there is never taken for a good one."""
    asked, _ = aws(json_reply({"Table": {name: value for name, value in TABLE.items() if name != key}}))

    with pytest.raises(CannotLook, match=f"does not look like AWS .*{key}"):
        asked.table(REGION, "jobs")


# --- AWS Backup -------------------------------------------------------------------------------


def selection(name: str, **more: object) -> Reply:
    """What GetBackupSelection answers."""
    body = {"SelectionName": name, "IamRoleArn": "arn:role", **more}
    return json_reply({"BackupSelection": body, "SelectionId": name, "BackupPlanId": "p"})


def test_the_selections_of_a_plan_are_read_in_full(aws: Make) -> None:
    """All pages, each selection; a tag is told from an ARN, and one that has just gone is left out."""
    asked, _ = aws(
        json_reply({"BackupSelectionsList": [{"SelectionId": "1"}, {"SelectionId": "2"}], "NextToken": "t"}),
        json_reply({"BackupSelectionsList": [{"SelectionId": "3"}, {"SelectionId": "4"}]}),
        selection("b", Resources=["arn:a", "arn:b"], NotResources=["arn:c"]),
        selection("a", ListOfTags=[{"ConditionType": "STRINGEQUALS", "ConditionKey": "k", "ConditionValue": "v"}]),
        error("ResourceNotFoundException"),
        selection("c", Resources=[], Conditions={"StringLike": [{"ConditionKey": "k", "ConditionValue": "v"}]}),
    )

    found = asked.backup_selections(REGION, "p")

    assert isinstance(found, seen.BackupSelections)
    assert [("a", (), (), True), ("b", ("arn:a", "arn:b"), ("arn:c",), False), ("c", (), (), True)] == [
        (one.name, one.resources, one.excluded, one.by_tag) for one in found.selections
    ]
    assert [("k", "v")] == list(found.selections[0].tags)


def test_selections_of_a_plan_that_is_not_there_are_absent(aws: Make) -> None:
    """ResourceNotFoundException is AWS's own word for it."""
    asked, _ = aws(error("ResourceNotFoundException"))

    assert seen.Absent(what="backup plan p in af-south-1") == asked.backup_selections(REGION, "p")


def test_a_plan_that_goes_between_two_pages_is_not_half_a_plan(aws: Make) -> None:
    """What was read of it until then is no answer."""
    asked, _ = aws(
        json_reply({"BackupSelectionsList": [], "NextToken": "t"}),
        error("ResourceNotFoundException"),
    )

    with pytest.raises(CannotLook, match="there is no such thing"):
        asked.backup_selections(REGION, "p")


def point(name: str, hour: int, status: str = "COMPLETED") -> Mapping[str, object]:
    """An entry of ListRecoveryPointsByResource."""
    return {"RecoveryPointArn": name, "Status": status, "CreationDate": MADE.replace(hour=hour).timestamp()}


def test_recovery_points_come_newest_first(aws: Make) -> None:
    """Whatever the order of the pages; one that is not COMPLETED has not been completed."""
    asked, _ = aws(
        json_reply({"RecoveryPoints": [point("a", 1), point("b", 3)], "NextToken": "t"}),
        json_reply({"RecoveryPoints": [point("c", 2, "PARTIAL")]}),
    )

    found = asked.recovery_points(REGION, "arn:x")

    assert [("b", True), ("c", False), ("a", True)] == [(one.arn, one.completed is not None) for one in found]
    assert MADE.replace(hour=3) == found[0].created


def test_a_recovery_point_tells_its_size(aws: Make) -> None:
    """In bytes; one that does not has none, which is another thing than nothing in it."""
    asked, _ = aws(json_reply({"RecoveryPoints": [{**point("a", 1), "BackupSizeBytes": 0}, point("b", 0)]}))

    assert [0, None] == [one.size for one in asked.recovery_points(REGION, "arn:x")]


def job(hour: int, **more: object) -> Mapping[str, object]:
    """An entry of ListRestoreJobs."""
    moments = {each: MADE.replace(hour=hour).timestamp() for each in ("CreationDate", "CompletionDate")}
    return {"RestoreJobId": "j", "Status": "COMPLETED", **moments, **more}


def test_the_last_restore_of_each_is_kept(aws: Make) -> None:
    """By its resource, or by the kind of it; what was not completed, or proved worthless, was no restore."""
    mine = {"SourceResourceArn": "arn:t", "ResourceType": "DynamoDB"}
    asked, endpoint = aws(
        json_reply({"RestoreJobs": [job(3, **mine), job(1, **mine)], "NextToken": "t"}),
        json_reply(
            {
                "RestoreJobs": [
                    job(2, ResourceType="DynamoDB"),
                    job(4, **mine, ValidationStatus="FAILED"),
                    job(5, **mine, Status="ABORTED"),
                    job(6),
                    {**job(1, ResourceType="S3", ValidationStatus="SUCCESSFUL"), "CompletionDate": None},
                ]
            }
        ),
    )

    found = asked.described("AWS::Backup::RestoreJob", REGION, "last of each")

    assert isinstance(found, seen.Described)
    hours = {"arn:t": 3, "DynamoDB": 2, "S3": 1}
    assert {name: MADE.replace(hour=hour).isoformat() for name, hour in hours.items()} == dict(found.words)
    assert "status=COMPLETED" in endpoint.requests[0].path


def test_a_backup_plan_tells_when_it_was_made(aws: Make) -> None:
    """Or does not."""
    plan = {"BackupPlan": {"BackupPlanName": "p", "Rules": []}}
    asked, _ = aws(json_reply({**plan, "CreationDate": MADE.timestamp()}))
    silent, _ = aws(json_reply(plan))

    assert [MADE, None] == [getattr(each.backup_plan(REGION, "p"), "made", 0) for each in (asked, silent)]


def test_no_recovery_points_are_none(aws: Make) -> None:
    """An empty list that AWS signed."""
    asked, _ = aws(json_reply({"RecoveryPoints": []}))

    assert () == asked.recovery_points(REGION, "arn:x")


def test_at_most_a_hundred_recovery_points_are_kept(aws: Make) -> None:
    """The newest."""
    listed = [{**point("p", 1), "CreationDate": MADE.timestamp() + number} for number in range(150)]
    asked, _ = aws(json_reply({"RecoveryPoints": listed}))

    found = asked.recovery_points(REGION, "arn:x")

    assert (100, MADE.timestamp() + 149) == (len(found), found[0].created.timestamp())


def _tags(name: str, *inner: str) -> str:
    return f"<{name}>{''.join(inner)}</{name}>"


def _items(*inner: str) -> str:
    return f"<Quantity>{len(inner)}</Quantity>{_tags('Items', *inner)}"


def policy_headers(behaviour: str, *names: str) -> str:
    """The headers of a policy of CloudFront."""
    listed = _tags("Headers", _items(*(_tags("Name", name) for name in names)))
    return _tags("HeadersConfig", _tags("HeaderBehavior", behaviour), listed)


# --- SNS, CloudFront, Route 53, Lambda --------------------------------------------------------


def test_a_subscription_that_nobody_confirmed_is_pending(aws: Make) -> None:
    """SNS says so in the place of its ARN; one that was removed is no subscription."""
    members = "".join(
        _tags("member", _tags("SubscriptionArn", arn), _tags("Protocol", protocol), "<Endpoint>x</Endpoint>")
        for arn, protocol in (("PendingConfirmation", "email"), ("arn:aws:sns:x", "https"), ("Deleted", "sms"))
    )
    attributes = _tags("Attributes", "<entry><key>KmsMasterKeyId</key><value>alias/k</value></entry>")
    asked, _ = aws(
        replace(
            xml_reply("GetTopicAttributes", _tags("GetTopicAttributesResult", attributes)), about="GetTopicAttributes"
        ),
        xml_reply(
            "ListSubscriptionsByTopic",
            f"<ListSubscriptionsByTopicResult><Subscriptions>{members}</Subscriptions></ListSubscriptionsByTopicResult>",
        ),
    )

    assert seen.TopicSeen(
        arn="arn:t",
        policy="",
        subscriptions=(("email", "pending"), ("https", "confirmed")),
        key="alias/k",
        confirmed=("arn:aws:sns:x",),
    ) == asked.topic(REGION, "arn:t")


TOPIC = replace(
    xml_reply("GetTopicAttributes", "<GetTopicAttributesResult><Attributes/></GetTopicAttributesResult>"),
    about="GetTopicAttributes",
)


def test_a_topic_that_goes_between_two_questions_is_absent(aws: Make) -> None:
    """The second answer counts as much as the first."""
    asked, _ = aws(
        TOPIC,
        xml_error("NotFound", status=404),
    )

    assert seen.Absent(what="topic arn:t") == asked.topic(REGION, "arn:t")


RUNTIME = "<Runtime>cloudfront-js-2.0</Runtime>"
NOBODY = "<ListSubscriptionsByTopicResult><Subscriptions/></ListSubscriptionsByTopicResult>"
BLOCK = replace(rest_xml("<PublicAccessBlockConfiguration/>"), about="publicAccessBlock")
STATUS = rest_xml("<PolicyStatus><IsPublic>FALSE</IsPublic></PolicyStatus>")
RULE = replace(json_reply({"Name": "r", "Arn": "arn:r", "State": "ENABLED"}), about="DescribeRule")


@pytest.mark.parametrize(
    ("replies", "ask", "expected"),
    (
        pytest.param(
            (TOPIC, xml_reply("ListSubscriptionsByTopic", NOBODY)),
            lambda asked: asked.topic(REGION, "arn:t"),
            seen.TopicSeen(arn="arn:t", policy="", subscriptions=(), key=""),
            id="a topic and its subscriptions",
        ),
        pytest.param(
            (BLOCK, STATUS),
            lambda asked: asked.bucket_access(REGION, "files", "1"),
            seen.BucketAccess(bucket="files", blocked=(), public=False),
            id="a bucket's block and the status of its policy",
        ),
        pytest.param(
            (RULE, json_reply({"Targets": []})),
            lambda asked: asked.rule(REGION, "default", "r"),
            seen.ScheduleSeen(
                name="r", arn="arn:r", state="ENABLED", expression="", timezone="UTC", ends=None, targets=()
            ),
            id="a rule and its targets",
        ),
        pytest.param(
            (
                replace(rest_xml(_tags("FunctionSummary", _tags("FunctionConfig", RUNTIME))), about="/describe"),
                Reply(body=b"code", request_id="r-1"),
            ),
            lambda asked: asked.described("AWS::CloudFront::Function", REGION, "spa"),
            seen.Described(
                kind="AWS::CloudFront::Function",
                name="spa",
                state="there",
                words=(("code", seen.digest_of("code")), ("runtime", "cloudfront-js-2.0")),
            ),
            id="a function at the edge and its code",
        ),
    ),
)
def test_what_does_not_wait_for_another_answer_is_asked_beside_it(
    aws: Make, replies: tuple[Reply, Reply], ask: Callable[[RealAws], object], expected: object
) -> None:
    """Neither is answered before both were asked: far away, one after the other would be a round trip more."""
    both = threading.Barrier(2)
    asked, _ = aws(*(meeting(each, both) for each in replies))

    assert expected == ask(asked)


def test_a_cache_policy_is_seen_with_its_lifetimes(aws: Make) -> None:
    """And with the headers of its key; what was left out has CloudFront's default."""
    key = _tags("ParametersInCacheKeyAndForwardedToOrigin", policy_headers("whitelist", "b", "a"))
    lifetimes = "<DefaultTTL>60</DefaultTTL><MaxTTL>90</MaxTTL>"

    def answer(more: str) -> Reply:
        config = _tags("CachePolicyConfig", "<Name>n</Name><MinTTL>1</MinTTL>", more)
        return rest_xml(_tags("CachePolicy", "<Id>P</Id>", config))

    asked, _ = aws(answer(lifetimes + key))
    assert seen.CachePolicySeen(id="P", name="n", minimum=1, default=60, maximum=90, headers=("a", "b")) == (
        asked.cache_policy("P")
    )

    asked, _ = aws(answer(""))
    plain_one = asked.cache_policy("P")
    assert isinstance(plain_one, seen.CachePolicySeen)
    assert (86400, 31536000, ()) == (plain_one.default, plain_one.maximum, plain_one.headers)


def test_an_origin_request_policy_is_seen_with_its_headers(aws: Make) -> None:
    """The word for its behaviour, and the names."""
    config = _tags("OriginRequestPolicyConfig", "<Name>n</Name>", policy_headers("allExcept", "host"))
    asked, _ = aws(rest_xml(_tags("OriginRequestPolicy", "<Id>P</Id>", config)))

    assert seen.OriginRequestPolicySeen(id="P", name="n", header_behaviour="allExcept", headers=("host",)) == (
        asked.origin_request_policy("P")
    )


@pytest.mark.parametrize(
    ("code", "ask", "what"),
    (
        ("NoSuchCachePolicy", lambda one: one.cache_policy("P"), "cache policy P"),
        ("NoSuchOriginRequestPolicy", lambda one: one.origin_request_policy("P"), "origin request policy P"),
    ),
)
def test_a_policy_that_is_not_there_is_absent(
    aws: Make, code: str, ask: Callable[[RealAws], object], what: str
) -> None:
    """Each has a code of its own."""
    asked, _ = aws(xml_error(code, status=404))

    assert seen.Absent(what=what) == ask(asked)


def test_a_portal_in_front_of_cloudfront_is_not_read_as_a_distribution(aws: Make) -> None:
    """A page is well-formed XML now and then."""
    asked, _ = aws(Reply(body=b"<html><body>login</body></html>"))

    with pytest.raises(CannotLook, match="does not look like AWS"):
        asked.distribution("E1")


WEBSITE = """<Origin><Id>old</Id><DomainName>b.s3-website-eu-west-1.amazonaws.com</DomainName><CustomOriginConfig>
<HTTPPort>80</HTTPPort><HTTPSPort>443</HTTPSPort><OriginProtocolPolicy>http-only</OriginProtocolPolicy>
</CustomOriginConfig></Origin>"""
BUCKET = """<Origin><Id>site</Id><DomainName>b.s3.amazonaws.com</DomainName>
<OriginAccessControlId>EOAC</OriginAccessControlId><S3OriginConfig><OriginAccessIdentity/></S3OriginConfig></Origin>"""
FUNCTIONS = """<FunctionAssociations><Quantity>1</Quantity><Items><FunctionAssociation><FunctionARN>arn:f</FunctionARN>
<EventType>viewer-request</EventType></FunctionAssociation></Items></FunctionAssociations>
<LambdaFunctionAssociations><Quantity>1</Quantity><Items><LambdaFunctionAssociation><LambdaFunctionARN>arn:l</LambdaFunctionARN>
<EventType>origin-response</EventType></LambdaFunctionAssociation></Items></LambdaFunctionAssociations>"""
ERROR = """<CustomErrorResponse><ErrorCode>403</ErrorCode><ResponsePagePath>/index.html</ResponsePagePath>
<ResponseCode>200</ResponseCode><ErrorCachingMinTTL>10</ErrorCachingMinTTL></CustomErrorResponse>"""
DISTRIBUTION = _tags(
    "Distribution",
    "<Id>E1</Id><ARN>arn:d</ARN><Status>InProgress</Status><DomainName>d1.cloudfront.net</DomainName>",
    _tags(
        "DistributionConfig",
        "<CallerReference>1</CallerReference><Comment/><Enabled>false</Enabled>",
        _tags("Origins", _items(WEBSITE, BUCKET)),
        _tags(
            "DefaultCacheBehavior",
            "<TargetOriginId>site</TargetOriginId><ViewerProtocolPolicy>allow-all</ViewerProtocolPolicy>",
            FUNCTIONS,
        ),
        _tags("CustomErrorResponses", _items(ERROR)),
    ),
)


def test_a_bare_distribution_is_seen_with_its_functions_and_error_pages(aws: Make) -> None:
    """No alias, no certificate of its own, no root; everything that was left out is off."""
    asked, _ = aws(rest_xml(DISTRIBUTION))

    found = asked.distribution("E1")

    assert isinstance(found, seen.DistributionSeen)
    assert ("InProgress", False, (), "", "", False) == (
        found.status,
        found.enabled,
        found.aliases,
        found.root,
        found.certificate,
        found.ipv6,
    )
    assert ["s3-website", "s3"] == [origin.kind for origin in found.origins]
    assert ["", "EOAC"] == [origin.access_control for origin in found.origins]
    assert (("origin-response", "arn:l"), ("viewer-request", "arn:f")) == found.behaviours[0].functions
    assert ((403, "/index.html", "200", 10),) == found.errors


NEXT = "<NextRecordName>www.shop.example.</NextRecordName><NextRecordType>A</NextRecordType>"


def records(*sets: str, more: str = "") -> Reply:
    """A page of ListResourceRecordSets."""
    flags = f"<IsTruncated>true</IsTruncated>{more}" if more else "<IsTruncated>false</IsTruncated>"
    return rest_xml(
        f"<ListResourceRecordSetsResponse><ResourceRecordSets>{''.join(sets)}</ResourceRecordSets>{flags}"
        "<MaxItems>300</MaxItems></ListResourceRecordSetsResponse>"
    )


def record(name: str, **more: str) -> str:
    """A record set."""
    inner = "".join(f"<{key}>{value}</{key}>" for key, value in more.items())
    values = "<ResourceRecords><ResourceRecord><Value>192.0.2.1</Value></ResourceRecord></ResourceRecords>"
    return f"<ResourceRecordSet><Name>{name}</Name><Type>A</Type><TTL>60</TTL>{inner}{values}</ResourceRecordSet>"


def test_records_of_one_name_may_fill_several_pages(aws: Make) -> None:
    """Weighted ones continue behind an identifier; the next name ends the list."""
    following = f"{NEXT}<NextRecordIdentifier>b</NextRecordIdentifier>"
    asked, endpoint = aws(
        records(record("www.shop.example.", SetIdentifier="a", Weight="1"), more=following),
        records(record("www.shop.example.", SetIdentifier="b", Weight="1"), record("zzz.shop.example.")),
    )

    found = asked.records("Z1", "www.shop.example")

    assert ["weighted", "weighted"] == [one.policy for one in found.records]
    assert "identifier=b" in endpoint.requests[1].path


def test_pages_of_records_that_go_round_are_not_followed_for_ever(aws: Make) -> None:
    """The same place twice is no list."""
    asked, _ = aws(records(record("www.shop.example."), more=NEXT))

    with pytest.raises(CannotLook, match="go round in a circle"):
        asked.records("Z1", "www.shop.example")


def zone_page(*zones: tuple[str, str], more: str = "") -> Reply:
    """A page of ListHostedZonesByName."""
    listed = "".join(
        f"<HostedZone><Id>/hostedzone/{zone_id}</Id><Name>{name}</Name><CallerReference>1</CallerReference>"
        "<Config><PrivateZone>false</PrivateZone></Config></HostedZone>"
        for zone_id, name in zones
    )
    flags = f"<IsTruncated>true</IsTruncated>{more}" if more else "<IsTruncated>false</IsTruncated>"
    return rest_xml(
        _tags("ListHostedZonesByNameResponse", _tags("HostedZones", listed), flags, "<MaxItems>100</MaxItems>")
    )


def test_zones_of_one_name_may_fill_several_pages(aws: Make) -> None:
    """One that is deleted between list and reading is left out."""
    following = "<NextDNSName>shop.example.</NextDNSName><NextHostedZoneId>Z2</NextHostedZoneId>"
    servers = _tags("NameServers", *(_tags("NameServer", name) for name in ("NS-2.example.", "ns-1.example")))
    facts = "<Id>/hostedzone/Z1</Id><Name>shop.example.</Name><ResourceRecordSetCount>2</ResourceRecordSetCount>"
    zone = _tags("GetHostedZoneResponse", _tags("HostedZone", facts), _tags("DelegationSet", servers))
    asked, _ = aws(
        zone_page(("Z1", "shop.example."), more=following),
        zone_page(("Z2", "shop.example."), ("Z3", "zhop.example.")),
        rest_xml(zone),
        xml_error("NoSuchHostedZone", status=404),
    )

    assert seen.Zones(
        name="shop.example",
        zones=(seen.ZoneSeen(id="Z1", name="shop.example", nameservers=("ns-1.example", "ns-2.example"), records=2),),
    ) == asked.zones("shop.example")


@pytest.mark.parametrize(
    ("written", "read"),
    (("Shop.Example.", "shop.example"), ("\\052.shop.example.", "*.shop.example"), ("shop.example", "shop.example")),
)
def test_a_name_is_read_as_people_write_it(written: str, read: str) -> None:
    """Route 53 writes an asterisk in octal."""
    assert read == plain(written)


FUNCTION = {
    "FunctionName": "api",
    "FunctionArn": "arn:f",
    "Runtime": "python3.13",
    "Role": "arn:r",
    "Handler": "a.b",
    "MemorySize": 128,
    "Timeout": 3,
    "CodeSha256": "x",
    "State": "Active",
    "LastUpdateStatus": "Successful",
}


def test_an_environment_that_lambda_may_not_decrypt_is_not_an_empty_one(aws: Make) -> None:
    """The variables are there; we may not see their names."""
    hidden = {**FUNCTION, "Environment": {"Error": {"ErrorCode": "AccessDeniedException", "Message": "no"}}}
    asked, _ = aws(json_reply(hidden), replace(json_reply({}), about="/concurrency"))

    with pytest.raises(CannotLook, match="allow kms:Decrypt"):
        asked.function(REGION, "api")


def test_an_empty_answer_about_concurrency_must_be_signed(aws: Make) -> None:
    """An empty object means that none is reserved, and anybody else might say it as well."""
    asked, _ = aws(json_reply(FUNCTION), replace(json_reply({}, request_id=""), about="/concurrency"))

    with pytest.raises(CannotLook, match="no request id"):
        asked.function(REGION, "api")


def test_a_truncated_answer_about_concurrency_is_not_none_reserved(aws: Make) -> None:
    """It has a request id and no key that could be missed."""
    asked, _ = aws(json_reply(FUNCTION), Reply(body=b'{"ReservedConc', request_id="r", about="/concurrency"))

    with pytest.raises(CannotLook, match="not JSON"):
        asked.function(REGION, "api")


def test_a_function_that_goes_between_two_questions_is_absent(aws: Make) -> None:
    """The second answer counts as much as the first."""
    asked, _ = aws(json_reply(FUNCTION), replace(error("ResourceNotFoundException", status=404), about="/concurrency"))

    assert isinstance(asked.function(REGION, "api"), seen.Absent)


@pytest.mark.parametrize(
    ("written", "read"), (("0a:1B:2c", "a1b2c"), ("00:c0:ff:ee", "c0ffee"), ("", ""), ("10", "10"))
)
def test_a_serial_is_written_as_a_handshake_shows_it(written: str, read: str) -> None:
    """So that the two can be compared."""
    assert read == _serial(written)


# --- pace and batches -------------------------------------------------------------------------


def test_a_bucket_lets_a_burst_through_and_then_keeps_its_rate() -> None:
    """Four at once, then one each tenth of a second."""
    clock = PretendClock()
    bucket = Bucket(Pace(rate=10, burst=4), clock)

    waits = [bucket.take() for _ in range(8)]

    assert [0, 0, 0, 0] == waits[:4]
    assert [0.1] * 4 == [round(wait, 6) for wait in waits[4:]]
    assert 0.4 == round(clock.monotonic(), 6)


def test_a_bucket_that_was_left_alone_is_full_again() -> None:
    """And no fuller than full."""
    clock = PretendClock()
    bucket = Bucket(Pace(rate=10, burst=2), clock)
    for _ in range(2):
        bucket.take()
    clock.sleep(60)

    assert [0, 0] == [round(bucket.take(), 6), round(bucket.take(), 6)]
    assert bucket.take() > 0.05


def test_each_region_and_each_quota_has_a_bucket_of_its_own() -> None:
    """What is spent in one place is not missing in another."""
    clock = PretendClock()
    pacing = Pacing({("dynamodb", "Slow"): Pace(rate=1, burst=1), ("acm", "*"): Pace(rate=1, burst=1)}, clock)

    assert [0, 0, 0, 0] == [
        pacing.wait("dynamodb", "Slow", "a"),
        pacing.wait("dynamodb", "Slow", "b"),
        pacing.wait("dynamodb", "Fast", "a"),
        pacing.wait("acm", "One", "a"),
    ]
    assert pacing.wait("acm", "Two", "a") > 0


def test_every_pace_is_one() -> None:
    """A rate and a burst above nothing, or nobody would ever have a turn."""
    assert [] == [name for name, pace in PACES.items() if pace.rate <= 0 or pace.burst < 1]


def _gathered(ask: Callable[[Sequence[str]], Mapping[str, int]], names: Sequence[str]) -> list[object]:
    """What each of *names* gets when all of them come in time for one batch."""
    all_are_in = threading.Semaphore(0)

    class Door(dict[str, Future[int]]):
        """Counts who comes in, those with the same name too."""

        def setdefault(self, name: str, default: Future[int]) -> Future[int]:
            all_are_in.release()
            return super().setdefault(name, default)

    def until_all_are_in() -> None:
        for _ in names:
            all_are_in.acquire(timeout=30)

    batch = Batch(ask, until_all_are_in)
    batch._waiting = Door()
    pool = Pool(len(names))
    futures = [pool.submit(partial(batch.get, name)) for name in names]
    return [future.exception() or future.result() for future in futures]


def test_names_that_come_together_are_asked_together() -> None:
    """One question for all; whoever asks for the same name gets the same answer."""
    asked: list[set[str]] = []

    def ask(names: Sequence[str]) -> Mapping[str, int]:
        asked.append(set(names))
        return {name: len(name) for name in names}

    assert [1, 2, 3, 3] == _gathered(ask, ["a", "bb", "ccc", "ccc"])
    assert [{"a", "bb", "ccc"}] == asked


def test_a_batch_that_fails_fails_for_all_who_were_in_it() -> None:
    """And for nobody after them."""
    failure = CannotLook("throttled")

    def ask(_: Sequence[str]) -> Mapping[str, int]:
        raise failure

    assert [failure, failure] == _gathered(ask, ["a", "b"])


def test_a_batch_is_followed_by_another() -> None:
    """Who comes later is asked for later."""
    asked: list[tuple[str, ...]] = []

    def ask(names: Sequence[str]) -> Mapping[str, int]:
        asked.append(tuple(names))
        return dict.fromkeys(names, 1)

    batch = Batch(ask, lambda: None)

    assert [1, 1] == [batch.get("a"), batch.get("b")]
    assert [("a",), ("b",)] == asked


@pytest.mark.parametrize(
    ("regions", "home"),
    (
        ([REGION], "us-east-1"),
        ([], "us-east-1"),
        (["cn-north-1"], "cn-northwest-1"),
        (["us-gov-east-1"], "us-gov-west-1"),
    ),
)
def test_global_services_have_a_home_in_each_partition(regions: Sequence[str], home: str) -> None:
    """CloudFront and Route 53 are asked there."""
    assert home == global_region(regions)


def test_importing_the_edge_imports_no_sdk() -> None:
    """Whoever only wants help does not wait for botocore."""
    code = (
        "import sys, checks.world.aws, checks.target, checks.template; "
        "print(sorted({'boto3', 'botocore', 'urllib3', 'yaml'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert "[]" == done.stdout.strip()
