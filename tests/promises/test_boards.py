from __future__ import annotations

import json
from dataclasses import replace

import pytest

from checks.evidence import Absent, Described, Permissions, QueueSeen, ResourcePolicy, Silencer, TopicSeen
from checks.model import Check, Unresolved
from checks.promises import boards, roles
from tests.promises.test_alarms import GOOD as ALARM
from tests.promises.worlds import ACCOUNT, DAY, NOW, REGION, distribution_resource, planned, resource, target, world

BUDGET = {
    "Budget": {"BudgetLimit": {"Amount": 500.0, "Unit": "USD"}, "TimeUnit": "MONTHLY"},
    "NotificationsWithSubscribers": [{}, {}],
}
RIGHT = {"limit": "500", "unit": "USD", "every": "MONTHLY", "notices": "2", "heard": "2"}


def _budget() -> Check:
    one = resource(boards.BUDGET, BUDGET, subject="Costs", physical_id="costs-1")
    return planned(boards.checks(target(one), silenced_within=DAY))["budgets.heard[Costs]"]


@pytest.mark.parametrize(
    ("changed", "status"),
    (
        ({}, "pass"),
        ({"limit": "5000"}, "fail"),
        ({"every": "DAILY"}, "fail"),
        ({"heard": "1"}, "fail"),
        ({"notices": "0", "heard": "0"}, "fail"),
        ({"notices": "1", "heard": "1"}, "fail"),
    ),
    ids=("as it should be", "another limit", "another time", "one unheard", "none", "one lost"),
)
def test_a_budget_tells_somebody(changed: dict[str, str], status: str) -> None:
    """At each of its marks."""
    check = _budget()
    seen = Described(kind=boards.BUDGET, name="x", state="there", words=tuple(sorted({**RIGHT, **changed}.items())))
    asked = {("described", boards.BUDGET, REGION, f"{ACCOUNT} costs-1"): seen}

    assert status == check.sight.judge(check.sight.look(world(asked)), NOW).status
    assert "fail" == check.sight.judge(Absent(what="x"), NOW).status


@pytest.mark.parametrize(("state", "status"), (("OK", "pass"), ("INSUFFICIENT_DATA", "pass"), ("ALARM", "fail")))
def test_an_alarm_over_alarms_that_rings_is_told(state: str, status: str) -> None:
    """As every alarm is."""
    one = resource(boards.COMPOSITE, {"AlarmRule": "ALARM(a)"}, subject="All", physical_id="all-1")
    check = planned(boards.checks(target(one), silenced_within=DAY))["alarms.composite_calm[All]"]
    asked = {("described", boards.COMPOSITE, REGION, "all-1"): Described(kind="c", name="all-1", state=state)}

    assert status == check.sight.judge(check.sight.look(world(asked)), NOW).status
    assert "fail" == check.sight.judge(Absent(what="x"), NOW).status


def _over(**said: object) -> dict[str, Check]:
    given = {"AlarmRule": "ALARM(a)", **said}
    one = resource(boards.COMPOSITE, given, subject="All", physical_id="all-1")
    return planned(boards.checks(target(one), silenced_within=DAY))


SILENCED = "alarms.silenced[All]"
BY = f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:Deploying"


def _silencer(state: str, hours: float | None, name: str = "Deploying") -> Silencer:
    return Silencer(alarm="all-1", name=name, state=state, since=None if hours is None else NOW - hours * DAY / 24)


@pytest.mark.parametrize(
    ("seen", "status", "told"),
    (
        pytest.param(_silencer("OK", 900), "pass", "Deploying is OK", id="it is well"),
        pytest.param(
            _silencer("INSUFFICIENT_DATA", None), "pass", "Deploying is INSUFFICIENT_DATA", id="it knows nothing"
        ),
        pytest.param(_silencer("", None), "pass", "Deploying is not there", id="it is gone"),
        pytest.param(_silencer("", None, ""), "pass", "nothing silences it", id="there is none"),
        pytest.param(_silencer("ALARM", 24), "pass", "Deploying silences it for 1 d", id="for a day"),
        pytest.param(_silencer("ALARM", 24.01), "fail", "Deploying silences it for 1 d 36 s", id="for longer"),
        pytest.param(_silencer("ALARM", None), "fail", "Deploying silences it", id="nobody knows for how long"),
        pytest.param(Absent(what="all-1"), "fail", "there is no such alarm", id="no such alarm"),
    ),
)
def test_an_alarm_over_alarms_is_not_silenced_for_long(seen: Silencer | Absent, status: str, told: str) -> None:
    """A deployment may, weeks may not."""
    verdict = _over(ActionsSuppressor=BY)[SILENCED].sight.judge(seen, NOW)

    assert (status, status == "fail") == (verdict.status, bool(verdict.remedy))
    assert told == verdict.actual


def _composite(name: str, state: str = "OK", **words: str) -> dict[object, object]:
    seen = Described(kind=boards.COMPOSITE, name=name, state=state, words=tuple(words.items()))
    return {("described", boards.COMPOSITE, REGION, name): seen}


def test_what_silences_is_looked_up_whatever_its_kind() -> None:
    """A plain alarm, one over alarms, one that is gone, or none."""
    look = _over(ActionsSuppressor=BY)[SILENCED].sight.look
    mine, plain = _composite("all-1", silencer="Deploying"), ("alarm", REGION, "Deploying")
    gone = {plain: Absent(what="a")}
    ringing = replace(ALARM, state="ALARM", state_changed=NOW)
    none = {("described", boards.COMPOSITE, REGION, "Deploying"): Absent(what="a")}
    over = _composite("Deploying", "ALARM", since=NOW.isoformat())

    assert _silencer("ALARM", 0) == look(world({**mine, plain: ringing}))
    assert _silencer("ALARM", 0) == look(world({**mine, **gone, **over}))
    assert _silencer("ALARM", None) == look(world({**mine, **gone, **_composite("Deploying", "ALARM")}))
    assert _silencer("", None) == look(world({**mine, **gone, **none}))
    assert _silencer("", None, "") == look(world(_composite("all-1")))
    absent = Absent(what="all-1")
    assert absent == look(world({("described", boards.COMPOSITE, REGION, "all-1"): absent}))


@pytest.mark.parametrize(
    ("said", "live", "status"),
    (
        ({}, {}, "pass"),
        ({}, {"silencer": "Deploying"}, "fail"),
        ({"ActionsSuppressor": BY}, {"silencer": "Deploying"}, "pass"),
        ({"ActionsSuppressor": "Deploying"}, {"silencer": "Deploying"}, "pass"),
        ({"ActionsSuppressor": BY}, {}, "fail"),
        ({"ActionsSuppressor": BY}, {"silencer": "Other"}, "fail"),
        ({"ActionsSuppressor": Unresolved("Ref A")}, {"silencer": "Other"}, "pass"),
    ),
)
def test_nobody_silences_it_but_whom_the_template_names(
    said: dict[str, object], live: dict[str, str], status: str
) -> None:
    """By name or by ARN; nobody at all, where the template names nobody."""
    every = _over(**said)
    seen = Described(
        kind="c", name="all-1", state="OK", words=tuple({"rule": "ALARM(a)", "armed": "true", **live}.items())
    )

    assert status == every["alarms.composite[All]"].sight.judge(seen, NOW).status
    assert bool(said) == (SILENCED in every)


READS = {"Effect": "Allow", "Principal": {"Service": "s.test"}, "Action": ["s3:GetObject"], "Resource": "arn:b/*"}
SEALS = {"Sid": "Seal", "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": ["arn:b/*", "arn:b"]}


NO_HTTP = {
    "Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": "arn:b/*",
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}  # fmt: skip
OWN_READER = {
    "Effect": "Allow", "Principal": {"Service": "cloudfront.amazonaws.com"}, "Action": "s3:GetObject",
    "Resource": "arn:b/more/*",
    "Condition": {"StringEquals": {"AWS:SourceArn": f"arn:aws:cloudfront::{ACCOUNT}:distribution/D1"}},
}  # fmt: skip
FOREIGN_READER = {
    **OWN_READER, "Condition": {"StringEquals": {"AWS:SourceArn": f"arn:aws:cloudfront::{ACCOUNT}:distribution/D2"}},
}  # fmt: skip


def _holder(kind: str, key: str, named: object, statements: object = (READS, SEALS)) -> Check:
    document = {"Version": "2012-10-17", "Statement": list(statements) if isinstance(statements, tuple) else statements}
    one = resource(kind, {key: named, "PolicyDocument": document}, subject="Policy")
    return planned(roles.checks(target(one, distribution_resource())))["roles.resource_policy[Policy]"]


def _text(*statements: object) -> str:
    return json.dumps({"Statement": statements})


@pytest.mark.parametrize(
    ("text", "status", "told"),
    (
        (_text(READS, SEALS), "pass", "as the template says"),
        (
            _text({**SEALS, "Resource": ["arn:b", "arn:b/*"], "Sid": "other"}, {**READS, "Action": "s3:GetObject"}),
            "pass",
            "as the template says",
        ),
        (_text(READS), "fail", "1 missing"),
        (_text(READS, SEALS, {**READS, "Principal": "*"}), "fail", "statement 3 is not in the template"),
        (_text(READS, SEALS, {**SEALS, "Sid": "Mine", "Action": "*"}), "fail", "Mine is not in the template"),
        (_text({**READS, "Principal": "*"}, SEALS), "fail", "1 missing, statement 1 is not in the template"),
        (_text(READS, SEALS, NO_HTTP, OWN_READER), "pass", "as the template says"),
        (_text(SEALS, NO_HTTP, OWN_READER), "fail", "1 missing"),
        (_text(READS, SEALS, {**OWN_READER, "Principal": "*"}), "fail", "statement 3 is not in the template"),
        (_text(READS, SEALS, FOREIGN_READER), "fail", "statement 3 is not in the template"),
        (_text(READS, SEALS, "odd"), "fail", "statement 3 is not in the template"),
        ("", "fail", "2 missing"),
        ("{", "fail", "2 missing, a policy that cannot be read is not in the template"),
    ),
    ids=(
        "the same",
        "spelt otherwise",
        "one less",
        "one more",
        "one more by name",
        "another",
        "harmless ones more",
        "harmless ones instead",
        "a harmless one for all",
        "a distribution that nobody judges",
        "no statement",
        "none",
        "broken",
    ),
)
def test_a_policy_is_the_templates_statement_by_statement(text: str, status: str, told: str) -> None:
    """Names of statements, the order of lists and lists of one do not count; one too many is told by name or place.

    One more that opens nothing is none too many, and stands for none of the template.
    """
    check = _holder("AWS::S3::BucketPolicy", "Bucket", "b")
    asked = {("bucket_policy", REGION, "b", ACCOUNT): ResourcePolicy(resource="arn:aws:s3:::b", text=text)}

    verdict = check.sight.judge(check.sight.look(world(asked)), NOW)

    assert (status, told) == (verdict.status, verdict.actual)


def test_a_policy_for_several_is_asked_of_each() -> None:
    """One of them without it is one too many."""
    arns = [f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}" for name in ("a", "b")]
    urls = [f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{name}" for name in ("a", "b")]
    check = _holder("AWS::SQS::QueuePolicy", "Queues", urls)
    queues = [
        QueueSeen(arn=arn, policy=text, settings=(), messages=0)
        for arn, text in zip(arns, (_text(READS, SEALS), ""), strict=True)
    ]
    asked = {("queue", REGION, arn): queue for arn, queue in zip(arns, queues, strict=True)}

    verdict = check.sight.judge(check.sight.look(world(asked)), NOW)

    assert ("fail", "2 missing") == (verdict.status, verdict.actual)


def test_a_topics_policy_is_read_of_the_topic() -> None:
    """And a topic that is gone has none."""
    arn = f"arn:aws:sns:{REGION}:{ACCOUNT}:t"
    check = _holder("AWS::SNS::TopicPolicy", "Topics", [arn])
    topic = TopicSeen(arn=arn, policy=_text(SEALS, READS), subscriptions=())

    assert "pass" == check.sight.judge(check.sight.look(world({("topic", REGION, arn): topic})), NOW).status
    assert "fail" == check.sight.judge(Permissions(policies=(Absent(what="t"),)), NOW).status


def test_a_statement_that_is_open_leaves_the_rest_to_compare() -> None:
    """What is more than the template cannot be told then, and what is less can."""
    check = _holder("AWS::S3::BucketPolicy", "Bucket", "b", (READS, {**SEALS, "Resource": Unresolved("Ref X")}))

    both = Permissions(policies=(ResourcePolicy(resource="b", text=_text(READS, SEALS)),))
    one = Permissions(policies=(ResourcePolicy(resource="b", text=_text(SEALS)),))
    assert "pass" == check.sight.judge(both, NOW).status
    assert "not compared" in check.sight.judge(both, NOW).expected
    assert "fail" == check.sight.judge(one, NOW).status


def test_a_role_has_the_policies_of_the_template_and_no_others() -> None:
    """Those in it, those beside it, and those of AWS."""
    role = resource(
        roles.ROLE,
        {"AssumeRolePolicyDocument": {}, "Policies": [{"PolicyName": "inside"}], "ManagedPolicyArns": ["arn:m"]},
        subject="Worker",
        physical_id="worker",
    )
    beside = resource(roles.POLICY, {"PolicyName": "beside", "Roles": ["worker"], "PolicyDocument": {}}, subject="More")
    words = dict(planned(roles.checks(target(role, beside)))["roles.trusted[Worker]"].params["words"])  # type: ignore[call-overload]

    assert ('["beside","inside"]', "arn:m") == (words["inline"], words["managed"].strip('"'))
