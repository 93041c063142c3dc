from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from checks import codec
from checks.evidence import Absent, AlarmSeen, Described, MetricSeen, Signals
from checks.model import CannotLook, Check, Resource, Unresolved
from checks.promises import signals
from tests.promises.test_alarms import GOOD
from tests.promises.worlds import ACCOUNT, DAY, NOW, REGION, planned, resource, target, world

NAME = "alarms.data[Alarms/Broken]"
LIMIT = 14 * DAY
DIMENSIONS = (("service", "sign-in"),)
FILTER = resource(
    "AWS::Logs::MetricFilter",
    {"MetricTransformations": [{"MetricNamespace": "Shop", "MetricName": "MemoryUsed"}]},
    subject="Filter",
)


def _alarm(**said: object) -> Resource:
    given = {"Namespace": "Shop", "MetricName": "Broken", **said}
    return resource("AWS::CloudWatch::Alarm", given, subject="Alarms/Broken", physical_id="Broken-1")


def _maths(*metrics: tuple[str, str], **more: object) -> Resource:
    stats = [{"Metric": {"Namespace": space, "MetricName": name}, "Stat": "Sum"} for space, name in metrics]
    return _alarm(
        Namespace=None,
        MetricName=None,
        Metrics=[{"Id": f"m{n}", "MetricStat": one, **more} for n, one in enumerate(stats)],
    )


def _checks(*resources: Resource) -> dict[str, Check]:
    return planned(signals.checks(target(*resources), silent=LIMIT))


@pytest.mark.parametrize(
    ("alarm", "asked"),
    (
        pytest.param(_alarm(), True, id="a metric of our own"),
        pytest.param(_alarm(TreatMissingData="breaching"), False, id="one that rings without data"),
        pytest.param(_alarm(Namespace="AWS/Lambda", MetricName="Errors"), False, id="what AWS publishes"),
        pytest.param(_alarm(Namespace="AWS/Lambda", MetricName="Error"), True, id="what AWS does not publish"),
        pytest.param(_alarm(Namespace="AWS/Lamda", MetricName="Errors"), True, id="a service that is misspelt"),
        pytest.param(_alarm(Namespace="AWS/Kinesis", MetricName="Any"), False, id="a service that is not known here"),
        pytest.param(_alarm(Namespace=Unresolved("Ref N")), False, id="a namespace that is open"),
        pytest.param(_maths(("AWS/Lambda", "Errors"), ("AWS/Lambda", "Invocations")), False, id="maths over AWS's own"),
        pytest.param(_maths(("AWS/Lambda", "Errors"), ("Shop", "Calls")), True, id="maths over both"),
        pytest.param(_maths(("Shop", "Calls"), AccountId="999988887777"), False, id="what another account tells"),
        pytest.param(_maths(("Shop", "Calls"), AccountId=ACCOUNT), True, id="what this account tells"),
    ),
)
def test_what_aws_surely_publishes_is_not_asked_for(alarm: Resource, asked: bool) -> None:  # noqa: FBT001 - a table of values
    """Errors and the like are told when there are some: that there are none is no fault."""
    assert ([NAME] if asked else []) == list(_checks(alarm))


def _metric(
    name: str = "Broken", namespace: str = "Shop", *, told: bool = False, names: tuple[str, ...] = ()
) -> MetricSeen:
    return MetricSeen(namespace=namespace, name=name, dimensions=DIMENSIONS, told=told, names=names)


def _seen(*metrics: MetricSeen, missing: str = "missing", days: float | None = 15) -> Signals:
    since = None if days is None else NOW - days * DAY
    return Signals(alarm="Broken-1", configured=since, missing=missing, metrics=metrics)


TOLD = _metric(told=True, names=("Broken",))
PEACE = "notBreaching"


@pytest.mark.parametrize(
    ("seen", "status", "says"),
    (
        pytest.param(_seen(TOLD), "pass", "1 of 1 told", id="told"),
        pytest.param(_seen(_metric()), "fail", "nobody told Shop/Broken of service=sign-in", id="never told"),
        pytest.param(_seen(_metric(), days=14), "pass", "not told yet", id="an alarm of two weeks"),
        pytest.param(_seen(_metric(), days=14.001), "fail", "nobody told", id="a little older"),
        pytest.param(_seen(_metric(), days=None), "pass", "not told yet", id="an alarm that tells no age"),
        pytest.param(_seen(_metric(names=("Broken",))), "fail", "nobody told", id="told of something else"),
        pytest.param(_seen(_metric(names=("Sold",))), "fail", "nobody told", id="others are told"),
        pytest.param(_seen(_metric(names=("Sold",)), missing=PEACE), "pass", "0 of 1", id="of what happens rarely"),
        pytest.param(_seen(_metric(), missing=PEACE), "fail", "nobody told", id="nothing of the whole namespace"),
        pytest.param(_seen(_metric(), missing=PEACE, days=1), "pass", "not told yet", id="yesterday's alarm"),
        pytest.param(_seen(_metric(), missing="breaching"), "pass", "0 of 1", id="it rings by itself"),
        pytest.param(_seen(_metric("Brokn", names=("Broken",)), days=1), "fail", "but Broken", id="misspelt"),
        pytest.param(_seen(_metric("MemoryUse"), days=1), "fail", "but MemoryUsed", id="not what the filter makes"),
        pytest.param(_seen(_metric("MemoryUsed")), "pass", "0 of 1", id="what the filter makes"),
        pytest.param(
            _seen(_metric("Error", "AWS/Lambda"), days=1), "fail", "publishes no Error", id="nothing of AWS's"
        ),
        pytest.param(
            _seen(_metric("Latest", "AWS/Lambda", names=("Latest",))), "pass", "0 of 1", id="what AWS publishes by now"
        ),
        pytest.param(_seen(_metric("Errors", "AWS/Lamda"), days=1), "fail", "but AWS/Lambda", id="no service of AWS's"),
        pytest.param(_seen(_metric("Errors", "AWS/Lamda", names=("Errors",))), "pass", "0 of 1", id="yet it is told"),
        pytest.param(_seen(_metric("Errors", "AWS/Lamda", names=("Other",))), "pass", "0 of 1", id="others of it are"),
        pytest.param(_seen(TOLD, _metric("Sold")), "fail", "Shop/Sold", id="one of two"),
        pytest.param(_seen(), "pass", "0 of 0", id="an alarm that watches AWS's own by now"),
        pytest.param(Absent(what="alarm"), "fail", "there is no alarm", id="no alarm"),
    ),
)
def test_somebody_tells_what_an_alarm_watches(seen: Signals | Absent, status: str, says: str) -> None:
    """What is surely wrong at once; silence only when somebody had to speak by now."""
    peaceful = isinstance(seen, Signals) and seen.missing == PEACE
    fed = () if peaceful else (FILTER,)
    verdict = _checks(_alarm(), *fed)[NAME].sight.judge(seen, NOW)

    assert (status, status == "fail") == (verdict.status, bool(verdict.remedy))
    assert says in verdict.actual


def test_a_filter_of_the_template_keeps_its_namespace_alive() -> None:
    """What counts lines tells nothing until there is one."""
    quiet = _seen(_metric(), missing=PEACE)

    assert "pass" == _checks(_alarm(), FILTER)[NAME].sight.judge(quiet, NOW).status
    far = replace(FILTER, region="eu-west-1")
    assert "fail" == _checks(_alarm(), far)[NAME].sight.judge(quiet, NOW).status


OURS = replace(GOOD, name="Broken-1", namespace="Shop", metric="Broken", dimensions=DIMENSIONS)


def _look(alarm: AlarmSeen | Absent, *words: tuple[str, str]) -> object:
    told = Described(kind="metrics told", name="Shop", state="there", words=words)
    answers = {("alarm", REGION, "Broken-1"): alarm, ("described", "metrics told", REGION, "Shop"): told}
    return _checks(_alarm())[NAME].sight.look(world(answers))


def test_a_metric_is_told_with_the_very_dimensions_of_the_alarm() -> None:
    """Neither of something else nor of everything together."""
    mine, others = "service=sign-in", "service=mail"
    for lines, told in ((mine, True), (f"{others}\n{mine}", True), (others, False), ("nothing", False), ("", False)):
        seen = _look(OURS, ("Broken", lines), ("Sold", others))
        assert isinstance(seen, Signals)
        assert (told, ("Broken", "Sold")) == (seen.metrics[0].told, seen.metrics[0].names)
        assert ("notBreaching", GOOD.configured) == (seen.missing, seen.configured)


def test_only_what_is_open_of_the_live_alarm_is_asked_for() -> None:
    """Its other metrics AWS publishes; an alarm without dimensions watches what is told without any."""
    metrics = (("AWS/Lambda", "Errors", DIMENSIONS), ("Shop", "Broken", ()))
    seen = _look(replace(OURS, namespace="", metric="", dimensions=(), metrics=metrics), ("Broken", "nothing"))

    assert isinstance(seen, Signals)
    assert [("Shop", "Broken", True)] == [(each.namespace, each.name, each.told) for each in seen.metrics]


def test_an_alarm_that_is_gone_and_a_question_that_is_refused() -> None:
    """The one is said as it is, the other is no silence."""
    assert Absent(what="a") == _look(Absent(what="a"))
    with pytest.raises(CannotLook):
        _checks(_alarm())[NAME].sight.look(world({("alarm", REGION, "Broken-1"): OURS}))


def test_the_question_can_be_stored_with_the_plan() -> None:
    """And read back; it is a warning."""
    check = _checks(_alarm(), FILTER)[NAME]

    assert check.params == codec.decode_params(check.promise.bind, codec.encode(check.params))
    assert ("warning", (("Shop", "MemoryUsed"),), timedelta(days=14)) == (
        check.promise.severity,
        check.params["fed"],
        check.params["limit"],
    )
