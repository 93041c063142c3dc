"""What CloudWatch counts, when its alarms fire, and what API Gateway writes down."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import botocore.exceptions
import pytest

from checks.twin.gaps import alarms, apis, maths
from tests.twin import template
from tests.twin.conftest import Site

pytestmark = pytest.mark.twin

_API = {"ApiName": "site", "Stage": "prod"}
_HERE = [{"Name": "Where", "Value": "here"}]


def total(site: Site, namespace: str, metric: str, stat: str = "Sum", **dimensions: str) -> float:
    """The statistic of a metric over the last hour."""
    told = site.client("cloudwatch").get_metric_data(
        MetricDataQueries=[{"Id": "m", "MetricStat": {
            "Metric": {"Namespace": namespace, "MetricName": metric,
                       "Dimensions": [{"Name": name, "Value": value} for name, value in dimensions.items()]},
            "Period": 3600, "Stat": stat}}],
        StartTime=datetime.now(UTC) - timedelta(hours=2), EndTime=datetime.now(UTC) + timedelta(hours=1),
    )["MetricDataResults"][0]["Values"]  # fmt: skip
    return float(sum(told))


def lines(site: Site) -> list[dict[str, str]]:
    """What the access log holds."""
    events = site.client("logs").get_paginator("filter_log_events").paginate(logGroupName=template.LOG_GROUP)
    return [json.loads(each["message"]) for page in events for each in page["events"]]


def state(site: Site, name: str) -> str:
    """The state of an alarm."""
    [alarm] = site.client("cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"]
    return str(alarm["StateValue"])


@pytest.fixture
def growth(site: Site) -> Callable[[], dict[str, float]]:
    """How much each count has grown since the test began."""
    function = {"FunctionName": site.outputs["FunctionName"]}
    counts: dict[str, Callable[[], float]] = {
        name: lambda space=space, name=name, which=which: total(site, space, name, **which)  # type: ignore[misc]
        for space, which, names in (
            ("AWS/ApiGateway", _API, ("Count", "4XXError", "5XXError")),
            ("AWS/Lambda", function, ("Invocations", "Errors")),
        )
        for name in names
    }
    before = {name: count() for name, count in counts.items()}
    return lambda: {name: count() - before[name] for name, count in counts.items()}


@pytest.fixture
def watching(site: Site) -> Iterator[Callable[..., str]]:
    """Puts an alarm on a metric of our own, gives its name, and takes it away in the end."""
    client, made = site.client("cloudwatch"), list[str]()

    def put(**settings: Any) -> str:  # noqa: ANN401
        name = f"own-{len(made)}"
        made.append(name)
        known = {
            "EvaluationPeriods": 1, "Threshold": 1.0, "ComparisonOperator": "GreaterThanOrEqualToThreshold",
            **({} if "Metrics" in settings else {
                "Namespace": "Own", "MetricName": "Trouble", "Statistic": "Sum", "Period": 60,
                "Dimensions": _HERE,
            }),
        }  # fmt: skip
        client.put_metric_alarm(AlarmName=name, **{**known, **settings})
        return name

    yield put
    client.delete_alarms(AlarmNames=made)


@pytest.mark.parametrize(
    ("path", "status", "grown"),
    (
        ("/api/fine", 200, (1, 0, 0, 1, 0)),
        ("/api/nope", 404, (1, 1, 0, 1, 0)),
        ("/api/any", 401, (1, 1, 0, 0, 0)),
        ("/api/broken", 502, (1, 0, 1, 1, 1)),
    ),
    ids=("answered", "not found", "refused before the function", "failed"),
)
def test_apis_and_functions_are_counted(
    site: Site, growth: Callable[[], dict[str, float]], path: str, status: int, grown: Sequence[int]
) -> None:
    """One request is one data point of each metric, whatever became of it."""
    assert status == site.get(path).status
    names = ("Count", "4XXError", "5XXError", "Invocations", "Errors")
    assert dict(zip(names, grown, strict=True)) == growth()


def test_latencies_are_measured(site: Site) -> None:
    """In milliseconds, by API and stage; a function's duration is part of it."""
    site.get("/api/fine")
    whole = total(site, "AWS/ApiGateway", "Latency", "Maximum", **_API)
    within = total(site, "AWS/ApiGateway", "IntegrationLatency", "Maximum", **_API)
    assert 0 < within <= whole < 60_000


def test_a_call_through_lambdas_own_api_is_counted_once(site: Site, growth: Callable[[], dict[str, float]]) -> None:
    """As one that comes through the API."""
    event = {"path": "/fine", "httpMethod": "GET", "headers": {}, "requestContext": {"requestId": "own"}}
    site.client("lambda").invoke(FunctionName=site.outputs["FunctionName"], Payload=json.dumps(event))
    assert (1, 0) == (growth()["Invocations"], growth()["Errors"])


def test_the_access_log_has_a_line_for_each_request(site: Site) -> None:
    """JSON in the declared format, under the id that the function knows; what there is none of is a dash."""
    answer = site.get("/api/fine/'quoted'%22")
    refused = json.loads(json.dumps(dict(site.get("/api/any").headers)))
    fine, nobody = lines(site)[-2:]
    assert json.loads(answer.body)["request_id"] == fine.pop("id")
    assert int(fine.pop("latency")) >= 0
    expected = {
        "method": "GET", "path": "/prod/api/fine/'quoted'\"", "resource": "/{proxy+}", "status": "200",
        "bytes": str(len(answer.body)), "error": "-", "subject": "-", "unknown": "-",
    }  # fmt: skip
    assert expected.keys() == fine.keys()
    assert ("UNAUTHORIZED", "401", "/api/any") == (nobody["error"], nobody["status"], nobody["resource"])
    assert nobody["id"] in {value for name, value in refused.items() if name.lower() == "x-amzn-requestid"}
    assert {**expected, "path": fine["path"]} == fine


def test_a_stage_without_an_access_log_writes_none(site: Site) -> None:
    """An update of the template takes the log away, and gives it back."""
    body = template.site(site.zone_id, site.certificate)
    body["Resources"]["Stage"]["Properties"].pop("AccessLogSetting")
    assert "UPDATE_COMPLETE" == site.deploy(body)
    before = len(lines(site))
    site.get("/api/fine")
    assert before == len(lines(site))
    assert "UPDATE_COMPLETE" == site.deploy(template.site(site.zone_id, site.certificate))
    site.get("/api/fine")
    assert before + 1 == len(lines(site))


def test_a_viewer_cannot_break_a_line() -> None:
    """What a viewer sends stays within the string that the format puts it in."""
    seen = apis.filled('{"agent": "$context.identity.userAgent"}', {"identity.userAgent": 'a", "b": "c'})
    assert {"agent": 'a", "b": "c'} == json.loads(seen)


def test_an_alarm_watches_its_own_dimensions(site: Site, watching: Callable[..., str]) -> None:
    """Trouble elsewhere is not trouble here."""
    name, client = watching(), site.client("cloudwatch")
    for where, expected in (("there", "INSUFFICIENT_DATA"), ("here", "ALARM")):
        data = {"MetricName": "Trouble", "Value": 2.0, "Dimensions": [{"Name": "Where", "Value": where}]}
        client.put_metric_data(Namespace="Own", MetricData=[data])
        assert expected == state(site, name)


def test_what_is_told_late_does_not_hide_what_is_new(site: Site, watching: Callable[..., str]) -> None:
    """A point of two hours ago comes after that of now; the alarm sees the latter."""
    name, client = watching(MetricName="Late", EvaluationPeriods=2), site.client("cloudwatch")
    for value, ago in ((2.0, 0), (0.0, 2)):
        moment = datetime.now(UTC) - timedelta(hours=ago)
        data = {"MetricName": "Late", "Value": value, "Timestamp": moment, "Dimensions": _HERE}
        client.put_metric_data(Namespace="Own", MetricData=[data])

    assert "ALARM" == state(site, name)


@pytest.mark.parametrize(
    ("policy", "expected"),
    (
        ("missing", "INSUFFICIENT_DATA"),
        ("ignore", "INSUFFICIENT_DATA"),
        ("breaching", "ALARM"),
        ("notBreaching", "OK"),
    ),
)
def test_silence_means_what_the_alarm_was_told(
    site: Site, watching: Callable[..., str], policy: str, expected: str
) -> None:
    """No data at all: the alarm's policy decides."""
    assert expected == state(site, watching(MetricName="Never", TreatMissingData=policy))


def test_a_state_set_by_hand_is_seen(site: Site, watching: Callable[..., str]) -> None:
    """The next look must not undo it at once."""
    name = watching(MetricName="Never", TreatMissingData="notBreaching")
    assert "OK" == state(site, name)
    site.client("cloudwatch").set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="drill")
    assert "ALARM" == state(site, name)


def test_an_alarm_on_a_rate_is_kept_and_fires(site: Site) -> None:
    """Made by CloudFormation, read back whole; it stands on calls that came through the API."""
    [alarm] = site.client("cloudwatch").describe_alarms(AlarmNames=["site-rate"])["MetricAlarms"]
    rate, failed, asked = alarm["Metrics"]
    assert ("100 * FILL(failed, 0) / asked", True) == (rate["Expression"], rate["ReturnData"])
    assert ("Errors", False) == (failed["MetricStat"]["Metric"]["MetricName"], asked["ReturnData"])
    assert not {"MetricName", "Namespace", "Statistic", "Period"} & alarm.keys()
    site.get("/api/broken")
    assert "ALARM" == state(site, "site-rate")


def test_an_alarm_on_an_expression_through_the_api(site: Site, watching: Callable[..., str]) -> None:
    """It fires on the quotient; what is not understood is refused by name."""
    client = site.client("cloudwatch")

    def query(name: str) -> dict[str, Any]:
        metric = {"Namespace": "Own", "MetricName": name}
        return {"Id": name, "ReturnData": False, "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"}}

    values = [{"MetricName": "bad", "Value": 3.0}, {"MetricName": "all", "Value": 4.0}]
    client.put_metric_data(Namespace="Own", MetricData=values)
    queries = [query("bad"), query("all")]
    for limit, expected in ((0.7, "ALARM"), (0.8, "OK")):
        name = watching(Metrics=[*queries, {"Id": "rate", "Expression": "bad / all"}], Threshold=limit)
        assert expected == state(site, name)
    with pytest.raises(botocore.exceptions.ClientError, match="not understood by the twin"):
        watching(Metrics=[*queries, {"Id": "rate", "Expression": "ANOMALY_DETECTION_BAND(bad, 2)"}])


@pytest.mark.parametrize(
    ("expression", "values", "expected"),
    (
        ("a / b", {"a": 1.0, "b": 4.0}, 0.25),
        ("a / b", {"a": 1.0, "b": 0.0}, None),
        ("a / b", {"a": None, "b": 4.0}, None),
        ("100 * FILL(a, 0) / b", {"a": None, "b": 4.0}, 0.0),
        ("IF(b > 10, a / b, 0)", {"a": 1.0, "b": 4.0}, 0.0),
        ("IF(b > 3, a / b, 0)", {"a": 1.0, "b": 4.0}, 0.25),
        ("-(a - b) ^ 2", {"a": 1.0, "b": 4.0}, -9.0),
        ("ABS(a - b)", {"a": 1.0, "b": 4.0}, 3.0),
        ("CEIL(a / b)", {"a": 1.0, "b": 4.0}, 1.0),
    ),
)
def test_metric_maths(expression: str, values: Mapping[str, float | None], expected: float | None) -> None:
    """A missing value or a division by zero leaves no data point."""
    queries: list[dict[str, Any]] = [{"Id": name, "ReturnData": False} for name in values]
    queries.append({"Id": "r", "Expression": expression})
    assert expected == maths.result(queries, values)


@pytest.mark.parametrize("expression", ("a +", "SEARCH('x', 1)", "c", "a if a else a", "METRICS()", "__import__('os')"))
def test_an_expression_that_is_not_understood_is_refused(expression: str) -> None:
    """Never evaluated as something else, and never silently not at all."""
    with pytest.raises(ValueError, match="not understood by the twin"):
        maths.check([{"Id": "r", "Expression": expression}, {"Id": "a", "ReturnData": False}])


@pytest.mark.parametrize("returned", (0, 2))
def test_exactly_one_query_returns_data(returned: int) -> None:
    """An alarm has one value."""
    with pytest.raises(ValueError, match=f"{returned} do"):
        maths.check([{"Id": name, "ReturnData": at < returned} for at, name in enumerate("abc")])


def alarm(policy: str = "missing", needed: int | None = None) -> dict[str, Any]:
    """An alarm at 1 and above."""
    return {
        "Threshold": 1.0, "ComparisonOperator": "GreaterThanOrEqualToThreshold", "TreatMissingData": policy,
        "DatapointsToAlarm": needed,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("policy", "needed", "values", "expected"),
    (
        ("missing", None, (1.0, 1.0, 1.0), "ALARM"),
        ("missing", None, (1.0, 0.9, 1.0), "OK"),
        ("missing", 2, (1.0, 0.9, 1.0), "ALARM"),
        ("missing", 2, (0.0, 0.9, 1.0), "OK"),
        ("missing", None, (1.0, None, None), "ALARM"),
        ("missing", None, (0.0, None, None), "OK"),
        ("missing", None, (None, None, None), "INSUFFICIENT_DATA"),
        ("ignore", None, (None, None, None), ""),
        ("breaching", None, (1.0, None, None), "ALARM"),
        ("breaching", None, (0.0, None, None), "OK"),
        ("notBreaching", None, (1.0, None, None), "OK"),
        ("notBreaching", 1, (None, None, 1.0), "ALARM"),
    ),
)
def test_an_alarm_is_judged_over_its_periods(
    policy: str, needed: int | None, values: Sequence[float | None], expected: str
) -> None:
    """M of N, and missing data as declared."""
    assert expected == alarms.judged(alarm(policy, needed), values)[0]


def point(second: float, value: float = 1.0, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever MiniStack keeps
    """One of a metric's, as MiniStack keeps it."""
    return {"Timestamp": second, "Value": value, "Unit": "Count", **more}


@pytest.mark.parametrize(
    ("before", "last", "kept"),
    (
        pytest.param([], point(5.0), [point(5.0)], id="the first"),
        pytest.param([point(5.0)], point(5.9), [point(5.0, Count=2.0)], id="the same within a second"),
        pytest.param([point(5.0, Count=2.0)], point(5.9), [point(5.0, Count=3.0)], id="and once more"),
        pytest.param([point(5.9)], point(6.0), [point(5.9), point(6.0)], id="the same in the next second"),
        pytest.param([point(5.0)], point(5.1, 0.0), [point(5.0), point(5.1, 0.0)], id="another value"),
        pytest.param(
            [point(5.0)], point(5.1, Unit="None"), [point(5.0), point(5.1, Unit="None")], id="of another unit"
        ),
        pytest.param(
            [point(5.0, _stat={"SampleCount": 3})],
            point(5.1),
            [point(5.0, _stat={"SampleCount": 3}), point(5.1)],
            id="after a statistic set",
        ),
        pytest.param([point(9.0)], point(5.0), [point(5.0), point(9.0)], id="after one of the future"),
    ),
)
def test_what_is_counted_alike_within_a_second_is_one_point(
    before: list[dict[str, Any]], last: dict[str, Any], kept: list[dict[str, Any]]
) -> None:
    """No statistic can tell: each value has its count. All stay in the order of their time."""
    points = [*before, last]

    alarms.count_alike(points)

    assert kept == points


def test_what_could_not_be_counted_is_no_point() -> None:
    """MiniStack swallows a value that is no number, and leaves a metric without any."""
    points: list[dict[str, Any]] = []

    alarms.count_alike(points)

    assert [] == points


@pytest.mark.parametrize(("points", "seconds"), ((0, 0.0), (500, 0.0), (501, 1.0), (9000, 1.0)))
def test_an_alarm_over_many_points_is_looked_at_once_a_second(points: int, seconds: float) -> None:
    """A site that is asked for hours has thousands, and whoever deploys it asks for its alarms all the time."""
    assert seconds == alarms.rest(points)


def test_an_alarm_over_many_points_fires_all_the_same(site: Site, watching: Callable[..., str]) -> None:
    """It may take a second longer."""
    client, name = site.client("cloudwatch"), watching(MetricName="Crowd", Statistic="Maximum", Threshold=1000.0)
    crowd = [{"MetricName": "Crowd", "Dimensions": _HERE, "Value": float(each)} for each in range(501)]
    client.put_metric_data(Namespace="Own", MetricData=crowd)
    assert "OK" == state(site, name)

    client.put_metric_data(Namespace="Own", MetricData=[{**crowd[0], "Value": 1000.0}])

    limit = time.monotonic() + 30
    while "ALARM" != state(site, name) and time.monotonic() < limit:
        time.sleep(0.1)
    assert "ALARM" == state(site, name)


class Cloud:
    """A CloudWatch whose alarms take a while to look through."""

    def __init__(self, clock: list[float], takes: float) -> None:
        self.clock, self.takes, self.looks = clock, takes, 0

    def get_region(self) -> str:
        """One that no emulator of these tests has."""
        return f"nowhere-{self.takes}"

    def _evaluate_all_alarms(self) -> None:
        self.looks += 1
        self.clock[0] += self.takes


@pytest.mark.parametrize(("takes", "pause"), ((0.0, 0.5), (0.025, 0.5), (0.1, 2.0), (2.0, 40.0)))
def test_alarms_that_nobody_asks_about_take_a_twentieth_of_the_time(
    monkeypatch: pytest.MonkeyPatch, takes: float, pause: float
) -> None:
    """Half a second between two looks, or twenty times of what one takes."""
    clock = [1000.0]
    monkeypatch.setattr(alarms, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    cloud = Cloud(clock, takes)

    alarms.look_again(cloud)
    for moment, looks in ((999.9 + pause, 1), (1000.1 + pause, 2)):
        clock[0] = max(clock[0], moment)
        alarms.look_again(cloud)
        assert looks == cloud.looks


def test_an_alarm_over_alarms_is_silenced_by_another(site: Site, watching: Callable[..., str]) -> None:
    """While that one rings nobody is told, and the alarm says why; afterwards somebody is again."""
    cloudwatch, sns, sqs = site.client("cloudwatch"), site.client("sns"), site.client("sqs")
    anybody = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": "*"}
    policy = {"Policy": json.dumps({"Version": "2012-10-17", "Statement": [anybody]})}
    topic = sns.create_topic(Name="own")["TopicArn"]
    queue = sqs.create_queue(QueueName="own", Attributes=policy)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    # Of a metric that no other test has counted anything in: one that rings already would be told of, too.
    part, silencer = watching(MetricName="Silence"), watching(MetricName="Silence")
    cloudwatch.put_composite_alarm(
        AlarmName="own-over", AlarmRule=f'ALARM("{part}")', AlarmActions=[topic], OKActions=[topic],
        ActionsSuppressor=silencer, ActionsSuppressorWaitPeriod=60, ActionsSuppressorExtensionPeriod=60,
    )  # fmt: skip

    def told(*, silent: bool, state: str) -> tuple[str, str, int]:
        for name, to in ((silencer, "ALARM" if silent else "OK"), (part, state)):
            cloudwatch.set_alarm_state(AlarmName=name, StateValue=to, StateReason="by hand")
        [over] = cloudwatch.describe_alarms(AlarmNames=["own-over"], AlarmTypes=["CompositeAlarm"])["CompositeAlarms"]
        assert (silencer, 60) == (over["ActionsSuppressor"], over["ActionsSuppressorWaitPeriod"])
        wait = 0 if silent else 10
        heard = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=wait).get("Messages", [])
        return over["StateValue"], over.get("ActionsSuppressedBy", ""), len(heard)

    try:
        # It tells that it begins.
        assert ("OK", "", 1) == told(silent=False, state="OK")
        assert ("ALARM", "Alarm", 0) == told(silent=True, state="ALARM")
        assert ("OK", "", 1) == told(silent=False, state="OK")
        assert ("ALARM", "", 1) == told(silent=False, state="ALARM")
    finally:
        cloudwatch.delete_alarms(AlarmNames=["own-over"])
        sns.delete_topic(TopicArn=topic)
        sqs.delete_queue(QueueUrl=queue)
