from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks import codec
from checks.evidence import Absent, AlarmPath, AlarmSeen, TopicSeen
from checks.model import CannotLook, Check, Resource, Unresolved
from checks.promises import alarms
from checks.watching import aspects_of
from tests.promises.worlds import ACCOUNT, NOW, REGION, planned, resource, target, world

PAGE = f"arn:aws:sns:{REGION}:{ACCOUNT}:Page"
FAR = f"arn:aws:sns:eu-west-1:{ACCOUNT}:Page"
ELSEWHERE = f"arn:aws:sns:{REGION}:{ACCOUNT}:Others"
SCALING = f"arn:aws:autoscaling:{REGION}:{ACCOUNT}:scalingPolicy:1"
ALARM_ARN = f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:Errors-1"
OPEN = json.dumps(
    {
        "Statement": {
            "Sid": "Alarms",
            "Effect": "Allow",
            "Principal": {"Service": "cloudwatch.amazonaws.com"},
            "Action": "sns:Publish",
            "Resource": "*",
            "Condition": {"StringEquals": {"aws:SourceAccount": ACCOUNT}},
        }
    }
)
TOPIC = TopicSeen(arn=PAGE, policy=OPEN, subscriptions=(("email", "confirmed"),))
GOOD = AlarmSeen(
    name="Errors-1",
    arn=ALARM_ARN,
    state="OK",
    state_changed=NOW - timedelta(hours=1),
    configured=NOW - timedelta(days=9),
    actions_enabled=True,
    alarm_actions=(PAGE,),
    namespace="AWS/Lambda",
    metric="Errors",
    dimensions=(("FunctionName", "api-1"),),
    metrics=(),
    statistic="Sum",
    comparison="GreaterThanThreshold",
    threshold=5.0,
    period=300,
    evaluation_periods=1,
    missing_data="notBreaching",
)
GONE = Absent(what="alarm Errors-1")
PROPERTIES: dict[str, object] = {
    "AlarmActions": [PAGE],
    "Namespace": "AWS/Lambda",
    "MetricName": "Errors",
    "Dimensions": [{"Name": "FunctionName", "Value": "api-1"}],
    "Statistic": "Sum",
    "ComparisonOperator": "GreaterThanThreshold",
    "Threshold": 5,
    "Period": 300,
    "EvaluationPeriods": 1,
    "TreatMissingData": "notBreaching",
}
FUNCTION = resource("AWS::Lambda::Function", subject="Api", physical_id="api-1")
SNS = resource("AWS::SNS::Topic", subject="Alarms/Page", physical_id=PAGE)
SHARE: dict[str, object] = {
    "AlarmActions": [PAGE],
    "ComparisonOperator": "GreaterThanThreshold",
    "Threshold": "5.0",
    "EvaluationPeriods": 3,
    "DatapointsToAlarm": 2,
    "Metrics": [
        {"Id": "share", "Expression": "100 * errors / calls", "ReturnData": True},
        {
            "Id": "errors",
            "MetricStat": {
                "Metric": {
                    "Namespace": "AWS/Lambda",
                    "MetricName": "Errors",
                    "Dimensions": [{"Name": "FunctionName", "Value": "api-1"}],
                },
                "Period": 300,
                "Stat": "Sum",
            },
        },
    ],
}
MATHS = replace(
    GOOD,
    namespace="",
    metric="",
    dimensions=(),
    statistic="",
    evaluation_periods=3,
    datapoints=2,
    missing_data="missing",
    metrics=(("AWS/Lambda", "Errors", (("FunctionName", "api-1"),)),),
    queries=(("share", "100 * errors / calls"), ("errors", "AWS/Lambda/Errors Sum/300 FunctionName=api-1")),
)


def _alarm(properties: dict[str, object], *, region: str = REGION, **changes: object) -> Resource:
    given = {key: value for key, value in {**properties, **changes}.items() if value is not None}
    return resource("AWS::CloudWatch::Alarm", given, subject="Alarms/Errors", physical_id="Errors-1", region=region)


def _checks(*resources: Resource) -> dict[str, Check]:
    return planned(alarms.checks(target(*resources)))


def _verdict(name: str, seen: object, *resources: Resource) -> str:
    return _checks(*resources)[name].sight.judge(seen, NOW).status


def test_an_alarm_is_asked_about_in_the_order_a_person_would() -> None:
    """Armed, watching, heard, calm; each topic once, however many alarms act on it."""
    second = replace(_alarm(PROPERTIES), subject="Alarms/More", physical_id="More-1", logical_id="More")

    names = list(_checks(_alarm(PROPERTIES), second, FUNCTION, SNS))

    assert [
        "alarms.armed[Alarms/Errors]",
        "alarms.watches[Alarms/Errors]",
        "alarms.subject[Alarms/Errors]",
        "alarms.reaches[Alarms/Errors]",
        "alarms.calm[Alarms/Errors]",
    ] == names[:5]
    assert ["alarms.heard[Alarms/Page]"] == [name for name in names if "heard" in name]


@pytest.mark.parametrize(
    ("properties", "seen"), (pytest.param(PROPERTIES, GOOD, id="a metric"), pytest.param(SHARE, MATHS, id="maths"))
)
def test_everything_passes_where_everything_is_right(properties: dict[str, object], seen: AlarmSeen) -> None:
    """Planned from the template, looked at through the world, judged."""
    answers: dict[tuple[object, ...], object] = {
        ("alarm", REGION, "Errors-1"): seen,
        ("topic", REGION, PAGE): TOPIC,
    }
    checks = _checks(_alarm(properties), FUNCTION, SNS)

    verdicts = {name: each.sight.judge(each.sight.look(world(answers)), NOW) for name, each in checks.items()}

    assert dict.fromkeys(verdicts, "pass") == {name: verdict.status for name, verdict in verdicts.items()}


def test_a_missing_alarm_fails_every_promise_about_it() -> None:
    """And the looks hand its absence on."""
    answers: dict[tuple[object, ...], object] = {("alarm", REGION, "Errors-1"): GONE}

    for name, check in _checks(_alarm(PROPERTIES), FUNCTION).items():
        if "Page]" not in name:
            verdict = check.sight.judge(check.sight.look(world(answers)), NOW)
            assert ("fail", True) == (verdict.status, bool(verdict.remedy)), name


def test_what_cannot_be_looked_at_is_not_judged() -> None:
    """A topic that we may not read is not a missing topic."""
    answers: dict[tuple[object, ...], object] = {("alarm", REGION, "Errors-1"): GOOD}

    with pytest.raises(CannotLook):
        _checks(_alarm(PROPERTIES))["alarms.reaches[Alarms/Errors]"].sight.look(world(answers))


def test_params_survive_being_stored() -> None:
    """A frozen plan is read back into the same parameters."""
    for check in _checks(_alarm(SHARE), FUNCTION, SNS).values():
        assert check.params == codec.decode_params(check.promise.bind, codec.encode(check.params))


@pytest.mark.parametrize(
    ("seen", "expected", "word"),
    (
        pytest.param(GOOD, "pass", "enabled", id="armed"),
        pytest.param(replace(GOOD, alarm_actions=(ELSEWHERE, PAGE)), "pass", "enabled", id="one more"),
        pytest.param(replace(GOOD, actions_enabled=False), "fail", "disabled", id="disabled"),
        pytest.param(replace(GOOD, alarm_actions=()), "fail", "no action", id="none for ALARM"),
        pytest.param(replace(GOOD, alarm_actions=(ELSEWHERE,)), "fail", "Others", id="another topic"),
    ),
)
def test_an_alarm_is_armed_with_the_actions_of_the_template(seen: AlarmSeen, expected: str, word: str) -> None:
    """Enabled, and every action of the template attached to the state ALARM."""
    verdict = _checks(_alarm(PROPERTIES))["alarms.armed[Alarms/Errors]"].sight.judge(seen, NOW)

    assert expected == verdict.status
    assert word in verdict.actual


def test_an_alarm_without_actions_in_the_template_is_not_armed_by_that() -> None:
    """At least one action is a policy; any will do where the template names none that can be read, and is said."""
    bare, unknown = _alarm(PROPERTIES, AlarmActions=None), _alarm(PROPERTIES, AlarmActions=[Unresolved("Ref Topic")])
    none = replace(GOOD, alarm_actions=())

    assert "fail" == _verdict("alarms.armed[Alarms/Errors]", none, bare)
    assert "pass" == _verdict("alarms.armed[Alarms/Errors]", GOOD, bare)
    assert "pass" == _verdict("alarms.armed[Alarms/Errors]", GOOD, unknown)
    for alarm, acting in ((bare, "acting on any topic or function"), (_alarm(PROPERTIES), f"acting on {PAGE}")):
        assert acting in _checks(alarm)["alarms.armed[Alarms/Errors]"].sight.judge(GOOD, NOW).expected


@pytest.mark.parametrize(
    "changes",
    (
        pytest.param({"namespace": "AWS/Lambada"}, id="namespace"),
        pytest.param({"metric": "Throttles"}, id="metric"),
        pytest.param({"dimensions": (("FunctionName", "old"),)}, id="dimension"),
        pytest.param({"dimensions": ()}, id="no dimension"),
        pytest.param({"dimensions": (*GOOD.dimensions, ("Resource", "api-1:live"))}, id="one dimension more"),
        pytest.param({"statistic": "Average"}, id="statistic"),
        pytest.param({"comparison": "LessThanThreshold"}, id="comparison"),
        pytest.param({"threshold": 5.5}, id="threshold"),
        pytest.param({"threshold": None}, id="no threshold"),
        pytest.param({"period": 60}, id="period"),
        pytest.param({"period": None}, id="no period"),
        pytest.param({"evaluation_periods": 2}, id="evaluation periods"),
        pytest.param({"evaluation_periods": 3, "datapoints": 1}, id="data points"),
        pytest.param({"missing_data": "breaching"}, id="missing data"),
    ),
)
def test_each_aspect_of_an_alarm_is_compared(changes: dict[str, object]) -> None:
    """One difference is enough."""
    changed = replace(GOOD, **changes)  # type: ignore[arg-type]

    assert "fail" == _verdict("alarms.watches[Alarms/Errors]", changed, _alarm(PROPERTIES))


@pytest.mark.parametrize(
    "queries",
    (
        pytest.param((("share", "errors / calls"), MATHS.queries[1]), id="another expression"),
        pytest.param((MATHS.queries[0], ("errors", "AWS/Lambda/Errors Sum/60 FunctionName=api-1")), id="period"),
        pytest.param((MATHS.queries[0], ("errors", "AWS/Lambda/Errors Sum/300 FunctionName=old")), id="dimension"),
        pytest.param((MATHS.queries[0],), id="a line lost"),
    ),
)
def test_each_line_of_metric_maths_is_compared(queries: tuple[tuple[str, str], ...]) -> None:
    """Expression, metric, statistic, period and dimensions."""
    assert "fail" == _verdict("alarms.watches[Alarms/Errors]", replace(MATHS, queries=queries), _alarm(SHARE))


@pytest.mark.parametrize(
    ("changes", "seen"),
    (
        pytest.param({"Threshold": Unresolved("x")}, replace(GOOD, threshold=9.0), id="threshold"),
        pytest.param({"MetricName": Unresolved("x")}, replace(GOOD, metric="Other"), id="metric"),
        pytest.param({"Dimensions": [{"Name": "A", "Value": Unresolved("x")}]}, GOOD, id="a dimension's value"),
        pytest.param({"Dimensions": Unresolved("x")}, GOOD, id="all dimensions"),
        pytest.param({"TreatMissingData": Unresolved("x")}, replace(GOOD, missing_data="ignore"), id="missing data"),
        pytest.param({"EvaluationPeriods": Unresolved("x")}, replace(GOOD, evaluation_periods=9), id="periods"),
        pytest.param({"DatapointsToAlarm": Unresolved("x")}, replace(GOOD, datapoints=9), id="data points"),
    ),
)
def test_what_the_template_leaves_open_is_not_compared_and_said(changes: dict[str, object], seen: AlarmSeen) -> None:
    """The rest is."""
    check = _checks(_alarm({**PROPERTIES, **changes}))["alarms.watches[Alarms/Errors]"]

    verdict = check.sight.judge(seen, NOW)

    assert ("pass", True) == (verdict.status, "not compared: x" in verdict.expected)
    assert "fail" == check.sight.judge(replace(seen, comparison="LessThanThreshold"), NOW).status


def test_an_open_line_of_metric_maths_is_not_compared() -> None:
    """Its dimension could not be resolved; the expression still is compared."""
    stat = {"Metric": {"Namespace": "N", "MetricName": "M", "Dimensions": Unresolved("y")}, "Period": 60, "Stat": "Sum"}
    queries = [{"Id": "e", "MetricStat": stat}, {"Id": "share", "Expression": "e"}, {"Id": Unresolved("z")}]
    check = _checks(_alarm(SHARE, Metrics=queries))["alarms.watches[Alarms/Errors]"]
    seen = replace(MATHS, queries=(("e", "anything"), ("share", "e")))

    assert "pass" == check.sight.judge(seen, NOW).status
    assert "fail" == check.sight.judge(replace(seen, queries=(("share", "e * 2"),)), NOW).status


@pytest.mark.parametrize("value", (5, 5.0, "5", "5.0"), ids=repr)
def test_a_threshold_has_one_spelling(value: object) -> None:
    """Templates write numbers in several ways; what is no number is not compared."""
    assert "pass" == _verdict("alarms.watches[Alarms/Errors]", GOOD, _alarm(PROPERTIES, Threshold=value))
    assert "pass" == _verdict("alarms.watches[Alarms/Errors]", GOOD, _alarm(PROPERTIES, Threshold="five"))


def test_extended_statistics_and_defaults_are_known() -> None:
    """A percentile stands in another property; missing data is missing unless something was said."""
    changed = _alarm(PROPERTIES, Statistic=None, ExtendedStatistic="p95", TreatMissingData=None)

    assert "pass" == _verdict(
        "alarms.watches[Alarms/Errors]", replace(GOOD, statistic="p95", missing_data="missing"), changed
    )


@pytest.mark.parametrize(
    ("dimension", "found"),
    (
        ("FunctionName", resource("AWS::Lambda::Function", physical_id="right")),
        ("TableName", resource("AWS::DynamoDB::Table", physical_id="right")),
        ("TableName", resource("AWS::DynamoDB::GlobalTable", physical_id="right")),
        ("ApiName", resource("AWS::ApiGateway::RestApi", {"Name": "right"}, physical_id="abc")),
        ("ApiName", resource("AWS::ApiGateway::RestApi", {"Body": {"info": {"title": "right"}}}, physical_id="abc")),
        ("ApiId", resource("AWS::ApiGatewayV2::Api", physical_id="right")),
        ("QueueName", resource("AWS::SQS::Queue", physical_id="https://sqs.test/1/right")),
        ("TopicName", resource("AWS::SNS::Topic", physical_id=f"arn:aws:sns:{REGION}:1:right")),
        ("BucketName", resource("AWS::S3::Bucket", physical_id="right")),
        ("RuleName", resource("AWS::Events::Rule", physical_id="right")),
        ("RuleName", resource("AWS::Events::Rule", physical_id="bus|right")),
        ("LogGroupName", resource("AWS::Logs::LogGroup", physical_id="right")),
    ),
)
def test_each_well_known_dimension_names_a_live_resource(dimension: str, found: Resource) -> None:
    """The right one passes; one that nothing here is called fails by name, although alarm and template agree."""
    told = (("pass", f"{dimension}=right"), ("fail", f"nothing here is {dimension}=wrong"))
    for value, expected in zip(("right", "wrong"), told, strict=True):
        alarm = _alarm(PROPERTIES, Dimensions=[{"Name": dimension, "Value": value}])
        seen = replace(GOOD, dimensions=((dimension, value),))
        verdict = _checks(alarm, found)["alarms.subject[Alarms/Errors]"].sight.judge(seen, NOW)
        assert expected == (verdict.status, verdict.actual)


def test_a_resource_of_another_region_has_no_metrics_here() -> None:
    """A function of the same name elsewhere does not count."""
    far = resource("AWS::Lambda::Function", physical_id="api-1", region="eu-west-1", stack="Other")

    assert "fail" == _verdict("alarms.subject[Alarms/Errors]", GOOD, _alarm(PROPERTIES), far)


@pytest.mark.parametrize(("region", "expected"), (("us-east-1", "pass"), (REGION, "fail")))
def test_a_distribution_is_watched_in_one_region_only(region: str, expected: str) -> None:
    """CloudFront's metrics exist in us-east-1, wherever the distribution was declared."""
    alarm = _alarm(PROPERTIES, region=region, Dimensions=[{"Name": "DistributionId", "Value": "E1"}])
    site = resource("AWS::CloudFront::Distribution", physical_id="E1", subject="Site", region=REGION, stack="Other")
    seen = replace(GOOD, dimensions=(("DistributionId", "E1"), ("Region", "Global")))

    found = {name: check for name, check in _checks(alarm, site).items() if "subject" in name}

    assert [expected] == [check.sight.judge(seen, NOW).status for check in found.values()]


def test_dimensions_inside_metric_maths_count() -> None:
    """A share of errors of a function that does not exist is no share."""
    assert "pass" == _verdict("alarms.subject[Alarms/Errors]", MATHS, _alarm(SHARE), FUNCTION)
    assert "fail" == _verdict("alarms.subject[Alarms/Errors]", MATHS, _alarm(SHARE))


@pytest.mark.parametrize(
    ("value", "found"),
    (
        pytest.param(Unresolved("Ref Fn"), FUNCTION, id="an open value"),
        pytest.param("Shop", resource("AWS::ApiGateway::RestApi", {"Name": Unresolved("Sub")}), id="an open name"),
    ),
)
def test_a_dimension_that_the_template_leaves_open_is_said(value: object, found: Resource) -> None:
    """It is not held against the alarm."""
    name = "FunctionName" if found is FUNCTION else "ApiName"
    alarm = _alarm(PROPERTIES, Dimensions=[{"Name": name, "Value": value}])
    check = _checks(alarm, found)["alarms.subject[Alarms/Errors]"]

    verdict = check.sight.judge(replace(GOOD, dimensions=((name, "whatever"),)), NOW)

    assert ("pass", True) == (verdict.status, f"not compared: {name}" in verdict.expected)


def test_an_alarm_that_lost_its_subject_fails() -> None:
    """The template names a function, the live alarm none."""
    check = _checks(_alarm(PROPERTIES), FUNCTION)["alarms.subject[Alarms/Errors]"]
    verdict = check.sight.judge(replace(GOOD, dimensions=()), NOW)

    assert ("fail", "no dimension names a resource") == (verdict.status, verdict.actual)


def test_an_alarm_about_no_resource_is_not_asked_for_one() -> None:
    """A metric of our own has dimensions of its own."""
    alarm = _alarm(PROPERTIES, Dimensions=[{"Name": "Tenant", "Value": "a"}])

    assert "alarms.subject[Alarms/Errors]" not in _checks(alarm)


CLOSED = OPEN.replace("cloudwatch", "events")


@pytest.mark.parametrize(
    ("alarm", "topics", "expected", "word"),
    (
        pytest.param(GOOD, (TOPIC,), "pass", "allowed by statement Alarms", id="open"),
        pytest.param(GOOD, (replace(TOPIC, policy=CLOSED),), "fail", "no statement", id="closed"),
        pytest.param(GOOD, (replace(TOPIC, policy=""),), "fail", "no statement", id="no policy"),
        pytest.param(GOOD, (replace(TOPIC, policy=OPEN.replace(ACCOUNT, "9")),), "fail", "no statement", id="theirs"),
        pytest.param(GOOD, (Absent(what=PAGE),), "fail", "does not exist", id="deleted"),
        pytest.param(GOOD, (replace(TOPIC, key="alias/aws/sns"),), "fail", "alias/aws/sns", id="SNS's own key"),
        pytest.param(GOOD, (replace(TOPIC, key="alias/ours"),), "pass", "was not read", id="a key of ours"),
        pytest.param(replace(GOOD, alarm_actions=(FAR,)), (), "fail", "eu-west-1", id="another region"),
        pytest.param(replace(GOOD, alarm_actions=(SCALING,)), (), "fail", "no topic", id="no topic"),
        pytest.param(replace(GOOD, alarm_actions=()), (), "fail", "no topic", id="no action"),
        pytest.param(replace(GOOD, alarm_actions=(SCALING, PAGE)), (TOPIC,), "pass", "Page", id="a topic among others"),
        pytest.param(
            replace(GOOD, alarm_actions=(PAGE, ELSEWHERE)), (TOPIC, Absent(what="t")), "fail", "Others", id="one of two"
        ),
    ),
)
def test_every_topic_of_an_alarm_lets_it_publish(
    alarm: AlarmSeen, topics: tuple[TopicSeen | Absent, ...], expected: str, word: str
) -> None:
    """In the same region, existing, open to CloudWatch for our account, and with a key that it may use."""
    seen = AlarmPath(alarm=alarm, topics=topics)

    verdict = alarms.judge_reaches(seen, NOW, region=REGION, account=ACCOUNT)

    assert expected == verdict.status
    assert word in verdict.actual


def test_the_topics_of_the_live_alarm_are_asked_not_those_of_the_template() -> None:
    """CloudWatch accepts an action on a topic that is gone; one of another region is not asked at all."""
    answers: dict[tuple[object, ...], object] = {
        ("alarm", REGION, "Errors-1"): replace(GOOD, alarm_actions=(FAR, ELSEWHERE)),
        ("topic", REGION, ELSEWHERE): Absent(what=ELSEWHERE),
    }
    check = _checks(_alarm(PROPERTIES))["alarms.reaches[Alarms/Errors]"]

    seen = check.sight.look(world(answers))

    assert AlarmPath(alarm=replace(GOOD, alarm_actions=(FAR, ELSEWHERE)), topics=(Absent(what=ELSEWHERE),)) == seen
    assert "fail" == check.sight.judge(seen, NOW).status


def test_an_alarm_that_is_meant_for_no_topic_is_not_asked_for_one() -> None:
    """It scales something; an open action might be a topic."""
    assert "alarms.reaches[Alarms/Errors]" not in _checks(_alarm(PROPERTIES, AlarmActions=[SCALING]))
    assert "alarms.reaches[Alarms/Errors]" in _checks(_alarm(PROPERTIES, AlarmActions=Unresolved("Ref")))


@pytest.mark.parametrize(
    ("seen", "expected", "remedy"),
    (
        pytest.param(TOPIC, "pass", "", id="open"),
        pytest.param(replace(TOPIC, policy=CLOSED), "fail", "allow sns:Publish", id="closed"),
        pytest.param(replace(TOPIC, key="alias/aws/sns"), "fail", "its KMS key", id="sealed"),
        pytest.param(Absent(what=PAGE), "fail", "must confirm anew", id="gone"),
    ),
)
def test_a_mute_topic_is_one_cause_for_all_its_alarms(seen: TopicSeen | Absent, expected: str, remedy: str) -> None:
    """It is asked about once, by itself; one that is gone is made anew, one that is shut is opened."""
    check = _checks(_alarm(PROPERTIES), SNS)["alarms.topic[Alarms/Page]"]

    verdict = check.sight.judge(seen, NOW)

    assert (expected, expected == "fail") == (verdict.status, bool(verdict.remedy))
    assert remedy in verdict.remedy


@pytest.mark.parametrize(
    ("seen", "expected", "told"),
    (
        pytest.param(TOPIC, "pass", "1 confirmed (email), 0 pending", id="confirmed"),
        pytest.param(
            replace(TOPIC, subscriptions=(("email", "pending"), ("sms", "confirmed"))),
            "pass",
            "1 confirmed (sms), 1 pending",
            id="one of two",
        ),
        pytest.param(
            replace(TOPIC, subscriptions=(("email", "pending"),)), "fail", "0 confirmed (none), 1 pending", id="pending"
        ),
        pytest.param(replace(TOPIC, subscriptions=()), "fail", "0 confirmed (none), 0 pending", id="nobody"),
        pytest.param(Absent(what=PAGE), "fail", "the topic does not exist", id="gone"),
    ),
)
def test_somebody_hears(seen: TopicSeen | Absent, expected: str, told: str) -> None:
    """One confirmed subscription is enough; a pending one gets nothing, and is counted."""
    verdict = alarms.judge_heard(seen, NOW, region=REGION, topic=PAGE)

    assert (expected, expected == "fail") == (verdict.status, bool(verdict.remedy))
    assert told == verdict.actual


def test_a_topic_of_another_stack_is_called_by_its_name() -> None:
    """It is asked about beside the alarm that acts on it; one of another region is the alarm's own fault."""
    assert "alarms.heard[Others]" in _checks(_alarm(PROPERTIES, AlarmActions=[ELSEWHERE]), SNS)
    assert not [name for name in _checks(_alarm(PROPERTIES, AlarmActions=[FAR])) if "heard" in name]


@pytest.mark.parametrize(
    ("state", "expected"), (("OK", "pass"), ("INSUFFICIENT_DATA", "pass"), ("ALARM", "fail"), ("", "pass"))
)
def test_an_alarm_that_fires_is_reported(state: str, expected: str) -> None:
    """As a warning; a new alarm without data is calm."""
    for changed in (GOOD.state_changed, None):
        seen = replace(GOOD, state=state, state_changed=changed)
        assert expected == alarms.judge_calm(seen, NOW, region=REGION, alarm="A").status
    assert "warning" == alarms.calm.severity


AWARE = st.datetimes(timezones=st.just(UTC)) | st.none()
WORDS = st.sampled_from(("", "ALARM", "FunctionName", "DistributionId", PAGE, FAR, "arn:::::"))
PAIRS = st.lists(st.tuples(WORDS, WORDS), max_size=2).map(tuple)
ANY_ALARM = st.builds(
    AlarmSeen,
    state=WORDS,
    state_changed=AWARE,
    configured=AWARE,
    alarm_actions=st.lists(WORDS | st.text(), max_size=2).map(tuple),
    dimensions=PAIRS,
    metrics=st.lists(st.tuples(WORDS, WORDS, PAIRS), max_size=2).map(tuple),
    queries=PAIRS,
)
SUBSCRIBED = st.tuples(WORDS, st.sampled_from(("confirmed", "pending")))
ANY_TOPIC = st.builds(
    TopicSeen, arn=WORDS, policy=st.sampled_from((OPEN, CLOSED, "", "{")) | st.text(), key=WORDS,
    subscriptions=st.lists(SUBSCRIBED, max_size=2).map(tuple),
) | st.builds(Absent)  # fmt: skip


@given(ANY_ALARM, st.lists(ANY_TOPIC, max_size=2).map(tuple))
def test_no_evidence_makes_a_judge_raise(seen: AlarmSeen, topics: tuple[TopicSeen | Absent, ...]) -> None:
    """Whatever AWS says, there is a verdict with a remedy unless it passes."""
    path = AlarmPath(alarm=replace(seen, alarm_actions=(*seen.alarm_actions, PAGE)), topics=topics)
    verdicts = [
        alarms.judge_armed(seen, NOW, region=REGION, alarm="A", actions=(PAGE,), gaps=()),
        alarms.judge_watches(seen, NOW, alarm="A", aspects=(("period", "300"),), gaps=()),
        alarms.judge_subject(seen, NOW, region=REGION, known=(), unknown=()),
        alarms.judge_reaches(path, NOW, region=REGION, account=ACCOUNT),
        alarms.judge_calm(seen, NOW, region=REGION, alarm="A"),
        *(alarms.judge_heard(topic, NOW, region=REGION, topic=PAGE) for topic in topics),
        *(
            alarms.judge_topic(topic, NOW, region=REGION, topic=PAGE, alarm=ALARM_ARN, account=ACCOUNT)
            for topic in topics
        ),
    ]

    assert all(verdict.remedy or verdict.status == "pass" for verdict in verdicts)
    assert dict(aspects_of(seen))["breaching"]
