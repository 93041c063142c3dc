from __future__ import annotations

import json

import pytest

from checks import codec
from checks.evidence import Absent, Described, Filter, Filters, TopicSeen
from checks.model import CannotLook, Check, Resource, Unresolved
from checks.promises import filters
from tests.promises.worlds import ACCOUNT, HOSTILE, NOW, REGION, planned, resource, target, world

PAGE = f"arn:aws:sns:{REGION}:{ACCOUNT}:Page"
FAR = f"arn:aws:sns:eu-west-1:{ACCOUNT}:Page"
ARNS = (f"{PAGE}:1", f"{PAGE}:2")
TOPIC = TopicSeen(arn=PAGE, policy="", subscriptions=(("email", "confirmed"),) * 2, confirmed=ARNS)
ORDERS = json.dumps({"kind": ["order"]})
NAME = "alarms.filters[Alarms/Page]"


def _alarm(name: str, *actions: object, kind: str = "AWS::CloudWatch::Alarm") -> Resource:
    return resource(kind, {"AlarmActions": list(actions)}, subject=f"Alarms/{name}", physical_id=name)


def _subscription(policy: object, topic: object = PAGE) -> Resource:
    given = {"TopicArn": topic, "Protocol": "sqs", **({"FilterPolicy": policy} if policy else {})}
    return resource("AWS::SNS::Subscription", given, subject="Orders", physical_id=ARNS[0])


SNS = resource("AWS::SNS::Topic", subject="Alarms/Page", physical_id=PAGE)
TWO = (_alarm("Errors", PAGE), _alarm("Any", PAGE, kind="AWS::CloudWatch::CompositeAlarm"), SNS)


def _check(*more: Resource) -> Check:
    return planned(filters.checks(target(*TWO, *more)))[NAME]


def _seen(*every: tuple[str, str]) -> Filters:
    return Filters(topic=PAGE, filters=tuple(Filter(protocol="email", policy=one, scope=scope) for one, scope in every))


def test_each_topic_is_asked_once_for_all_its_alarms() -> None:
    """Composite ones too; a topic of another region cannot be acted on, and an open action names none."""
    more = (_alarm("Far", FAR), _alarm("Open", Unresolved("Ref Topic")))
    check = planned(filters.checks(target(*TWO, *more)))

    assert [NAME] == list(check)
    assert ("Any", "Errors") == check[NAME].params["alarms"]
    assert {} == planned(filters.checks(target(SNS)))


BODY, ATTRIBUTES = "MessageBody", "MessageAttributes"
ERRORS, ANY = json.dumps({"AlarmName": ["Errors"]}), json.dumps({"AlarmName": ["Any"]})


@pytest.mark.parametrize(
    ("seen", "status", "told"),
    (
        pytest.param(_seen(), "pass", "0 confirmed", id="nobody has subscribed: another's matter"),
        pytest.param(_seen(("", ATTRIBUTES)), "pass", "1 confirmed, 0 with a filter", id="no filter"),
        pytest.param(_seen(("{}", ATTRIBUTES)), "pass", "1 with a filter", id="an empty filter"),
        pytest.param(_seen((ORDERS, ATTRIBUTES)), "fail", "email is told of none", id="a filter on attributes"),
        pytest.param(_seen((ORDERS, BODY)), "fail", "nobody is told of Any, Errors", id="a filter on other bodies"),
        pytest.param(_seen(("", ATTRIBUTES), (ORDERS, BODY)), "fail", "told of none", id="one of two is deaf"),
        pytest.param(_seen((ERRORS, BODY)), "fail", "nobody is told of Any", id="one alarm of two"),
        pytest.param(_seen((ERRORS, ATTRIBUTES)), "fail", "told of none", id="in the wrong place"),
        pytest.param(_seen((ERRORS, BODY), (ANY, BODY)), "pass", "2 with a filter", id="each hears of one"),
        pytest.param(_seen((f"{HOSTILE}", BODY)), "fail", "told of none", id="no filter that anybody could read"),
        pytest.param(Absent(what="topic"), "fail", "does not exist", id="no topic"),
    ),
)
def test_what_alarms_say_gets_past_somebodys_filter(seen: Filters | Absent, status: str, told: str) -> None:
    """Every alarm past that of one at the least, and nobody who subscribed is deaf."""
    verdict = _check().sight.judge(seen, NOW)

    assert (status, status != "pass") == (verdict.status, bool(verdict.remedy))
    assert told in verdict.actual
    assert verdict.actual.isprintable()


@pytest.mark.parametrize(
    ("filter_of_template", "status"),
    (
        pytest.param({"kind": ["order"]}, "pass", id="this filter"),
        pytest.param({"kind": "order"}, "pass", id="the same in other words"),
        pytest.param({"kind": ["mail"]}, "fail", id="another filter"),
        pytest.param(None, "fail", id="none"),
        pytest.param(Unresolved("Ref Kinds"), "pass", id="one that cannot be resolved"),
    ),
)
def test_who_is_meant_for_something_else_is_not_deaf(filter_of_template: object, status: str) -> None:
    """By the template; while somebody else is told of every alarm."""
    check = _check(_subscription(filter_of_template))
    verdict = check.sight.judge(_seen(("", ATTRIBUTES), (ORDERS, ATTRIBUTES)), NOW)

    assert status == verdict.status
    assert "fail" == check.sight.judge(_seen((ORDERS, ATTRIBUTES)), NOW).status


def test_a_filter_for_another_topic_says_nothing_about_this_one() -> None:
    """Its template means only what it names."""
    verdict = _check(_subscription({"kind": ["order"]}, FAR)).sight.judge(
        _seen(("", ATTRIBUTES), (ORDERS, ATTRIBUTES)), NOW
    )

    assert "fail" == verdict.status


def _described(number: int, *words: tuple[str, str]) -> dict[object, object]:
    kind = "AWS::SNS::Subscription"
    return {("described", kind, REGION, ARNS[number]): Described(kind=kind, name="", state="confirmed", words=words)}


def test_every_confirmed_subscription_is_read() -> None:
    """One that was cancelled meanwhile filters nothing; without a scope it is the attributes'."""
    known: dict[object, object] = {("topic", REGION, PAGE): TOPIC}
    kept = _described(0, ("lets through", ORDERS), ("protocol", "sqs"))
    scoped = _described(1, ("lets through", ORDERS), ("protocol", "email"), ("scope", BODY))
    gone = {("described", "AWS::SNS::Subscription", REGION, ARNS[1]): Absent(what="gone")}
    first = Filter(protocol="sqs", policy=ORDERS, scope=ATTRIBUTES)

    look = _check().sight.look
    assert Filters(topic=PAGE, filters=(first,)) == look(world({**known, **kept, **gone}))
    assert (BODY, "email") == _second(look(world({**known, **kept, **scoped})))
    assert Absent(what="t") == look(world({("topic", REGION, PAGE): Absent(what="t")}))


def _second(found: object) -> tuple[str, str]:
    assert isinstance(found, Filters)
    return found.filters[1].scope, found.filters[1].protocol


def test_what_may_not_be_read_is_not_well() -> None:
    """A refusal at one subscription is no answer about the topic."""
    with pytest.raises(CannotLook):
        _check().sight.look(world({("topic", REGION, PAGE): TOPIC, **_described(0)}))


def test_the_question_can_be_stored_with_the_plan() -> None:
    """And read back."""
    check = _check(_subscription({"kind": ["order"]}), _subscription(Unresolved("Ref Kinds"), Unresolved("Ref T")))

    assert check.params == codec.decode_params(check.promise.bind, codec.encode(check.params))
    assert ("critical", 1) == (check.promise.severity, len(filters.PROMISES))
