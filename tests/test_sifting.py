from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.sifting import SOMETHING, lets_through, of_alarm

BODY = of_alarm("Shop-Errors", "111122223333")


@pytest.mark.parametrize(
    ("policy", "body", "attributes"),
    (
        pytest.param("", True, True, id="no filter"),
        pytest.param({}, True, True, id="an empty one"),
        pytest.param({"NewStateValue": ["ALARM"]}, True, False, id="that it rings"),
        pytest.param({"NewStateValue": ["OK", "ALARM"]}, True, False, id="one of two states"),
        pytest.param({"NewStateValue": "ALARM"}, True, False, id="a value alone"),
        pytest.param({"NewStateValue": ["OK"]}, False, False, id="the other state"),
        pytest.param({"NewStateValue": []}, False, False, id="nothing at all"),
        pytest.param({"NewStateValue": [None]}, False, False, id="null"),
        pytest.param({"AlarmName": [{"prefix": "Shop-"}]}, True, False, id="how it begins"),
        pytest.param({"AlarmName": [{"prefix": "Mail-"}]}, False, False, id="how another begins"),
        pytest.param({"AlarmName": [{"suffix": "-Errors"}]}, True, False, id="how it ends"),
        pytest.param({"AlarmName": [{"suffix": "-Slow"}]}, False, False, id="how another ends"),
        pytest.param({"AlarmName": [{"equals-ignore-case": "shop-errors"}]}, True, False, id="in small letters"),
        pytest.param({"AlarmName": [{"equals-ignore-case": "shop"}]}, False, False, id="half of it in small letters"),
        pytest.param({"AlarmName": [{"wildcard": "S*-Err*"}]}, True, False, id="a pattern"),
        pytest.param({"AlarmName": [{"wildcard": "S.op*"}]}, False, False, id="a point is a point"),
        pytest.param({"AlarmName": [{"anything-but": ["Shop-Slow"]}]}, True, False, id="another is excepted"),
        pytest.param({"AlarmName": [{"anything-but": "Shop-Errors"}]}, False, False, id="it is excepted"),
        pytest.param({"AlarmName": [{"anything-but": {"prefix": "Shop"}}]}, False, False, id="its kind is excepted"),
        pytest.param({"AlarmName": [{"numeric": [">", 5]}]}, False, False, id="a number"),
        pytest.param({"AlarmName": [{"cidr": "10.0.0.0/8"}]}, False, False, id="an address"),
        pytest.param({"AlarmName": [{"brand-new": 1}]}, True, False, id="an operator that nobody knows here"),
        pytest.param({"AlarmName": [{}]}, False, False, id="an empty rule"),
        pytest.param({"AlarmName": [{"exists": True}]}, True, False, id="that it has a name"),
        pytest.param({"AlarmName": [{"exists": False}]}, False, False, id="that it has no name"),
        pytest.param({"kind": ["order"]}, False, False, id="a word of another message"),
        pytest.param({"kind": [{"anything-but": "order"}]}, False, False, id="what is absent is not another"),
        pytest.param({"kind": [{"exists": False}]}, True, False, id="without attributes there is no absent one"),
        pytest.param({"NewStateReason": ["whatever"]}, True, False, id="what nobody knows beforehand"),
        pytest.param({"NewStateReason": [{"exists": False}]}, False, False, id="what is surely there"),
        pytest.param({"Trigger": {"Namespace": ["AWS/Lambda"]}}, True, False, id="inside of what nobody knows"),
        pytest.param({"detail": {"state": ["ALARM"]}}, False, False, id="inside of what is not there"),
        pytest.param({"AlarmName": {"first": ["Shop"]}}, False, False, id="inside of a text"),
        pytest.param({"NewStateValue": ["ALARM"], "kind": ["order"]}, False, False, id="one of two is missing"),
        pytest.param({"$or": [{"kind": ["a"]}, {"NewStateValue": ["ALARM"]}]}, True, False, id="one or the other"),
        pytest.param({"$or": [{"kind": ["a"]}, {"kind": ["b"]}]}, False, False, id="neither"),
        pytest.param({"$or": [{"NewStateValue": ["ALARM"]}]}, False, False, id="one choice is a name"),
        pytest.param({"$or": [{"prefix": "A"}, {"AlarmName": ["x"]}]}, False, False, id="operators are no choice"),
    ),
)
def test_what_gets_past_a_filter(policy: object, body: bool, attributes: bool) -> None:  # noqa: FBT001 - a table of values
    """By the body, by the attributes: an alarm has none of these, so that a filter on them keeps it back."""
    text = policy if isinstance(policy, str) else json.dumps(policy)

    assert (body, attributes) == (
        lets_through(text, "MessageBody", BODY),
        lets_through(text, "MessageAttributes", BODY),
    )


@pytest.mark.parametrize("policy", ("[]", "no JSON", '"text"', "1", "[" * 100_000))
def test_what_is_no_filter_lets_nothing_through(policy: str) -> None:
    """Nobody guesses what was meant."""
    assert not lets_through(policy, "MessageBody", BODY)


NAMES = st.sampled_from((*BODY, "kind", "detail", "$or"))
VALUES = st.one_of(st.text(max_size=5), st.none(), st.booleans(), st.integers(), st.just("ALARM"))
RULES = st.recursive(
    VALUES | st.dictionaries(st.sampled_from(("prefix", "anything-but", "exists", "numeric", "new")), VALUES),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(NAMES, RULES, max_size=4))
def test_no_filter_makes_it_raise_and_less_is_never_stricter(policy: dict[str, object]) -> None:
    """Without one of its properties a filter lets through what it let through, and perhaps more."""
    whole = lets_through(json.dumps(policy), "MessageBody", BODY)

    fewer = [{key: each for key, each in policy.items() if key != gone} for gone in policy]
    assert not whole or all(lets_through(json.dumps(each), "MessageBody", BODY) for each in fewer)


def test_what_an_alarm_says_is_known_in_part() -> None:
    """Who, where and that it rings; the rest is said at the moment."""
    assert ("Shop-Errors", "111122223333", "ALARM", SOMETHING) == tuple(
        BODY[key] for key in ("AlarmName", "AWSAccountId", "NewStateValue", "StateChangeTime")
    )
