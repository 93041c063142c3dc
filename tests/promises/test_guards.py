from __future__ import annotations

from datetime import timedelta

import pytest

from checks.evidence import Absent, Described
from checks.model import Unresolved
from checks.promises import guards
from tests.promises.worlds import NOW, REGION, api_resources, planned, resource, target, world

LONGEST = timedelta(seconds=300)


def _seen(kind: str = guards.REST, **words: str) -> Described:
    return Described(kind=kind, name="api1/a1", state="there", words=tuple(words.items()))


@pytest.mark.parametrize(
    ("seen", "status"),
    (
        pytest.param(_seen(seconds="0"), "pass", id="nothing is kept"),
        pytest.param(_seen(seconds="300"), "pass", id="exactly as long"),
        pytest.param(_seen(seconds="301"), "fail", id="a second longer"),
        pytest.param(_seen(seconds="3600"), "fail", id="an hour"),
        pytest.param(_seen(), "pass", id="a REST API that says nothing keeps for five minutes"),
        pytest.param(_seen(guards.HTTP), "pass", id="an HTTP API that says nothing keeps nothing"),
        pytest.param(_seen(guards.HTTP, seconds="3600"), "fail", id="an HTTP API, for an hour"),
        pytest.param(_seen(seconds="for ever"), "fail", id="no number"),
        pytest.param(_seen(seconds="9" * 5000), "fail", id="no number that anybody meant"),
        pytest.param(_seen("AWS::Other"), "fail", id="a kind whose silence nobody knows"),
        pytest.param(Absent(what="authorizer"), "fail", id="there is none"),
    ),
)
def test_what_was_decided_is_forgotten_soon(seen: Described | Absent, status: str) -> None:
    """AWS: a revoked token goes on working for as long."""
    assert status == guards.judge_forgets(seen, NOW, name="api1/a1", longest=LONGEST).status


def test_silence_is_judged_by_what_aws_does_then() -> None:
    """With a shorter limit the five minutes of a REST API are too long."""
    shorter = LONGEST - timedelta(seconds=1)

    assert "fail" == guards.judge_forgets(_seen(), NOW, name="api1/a1", longest=shorter).status


@pytest.mark.parametrize(
    ("said", "status", "actual"),
    (
        pytest.param("000000300", "pass", "5 min", id="nine digits"),
        pytest.param("0000000300", "fail", "kept for 0000000300", id="ten digits"),
        pytest.param("999999999", "fail", "11574 d 1 h", id="the longest number that is read"),
        pytest.param("1000000000", "fail", "kept for 1000000000", id="the shortest that is not"),
    ),
)
def test_a_number_that_nobody_meant_is_told_as_it_came(said: str, status: str, actual: str) -> None:
    """No more than nine digits are read; an hour has four."""
    verdict = guards.judge_forgets(_seen(seconds=said), NOW, name="api1/a1", longest=LONGEST)

    assert (status, actual) == (verdict.status, verdict.actual)


def test_every_authorizer_whose_api_is_known_is_asked_about() -> None:
    """By the name that it is described by anyway."""
    http = resource(guards.HTTP, {"ApiId": "api2"}, subject="Http", physical_id="auth2")
    unknown = resource(guards.REST, {"RestApiId": Unresolved("Ref Other")}, subject="Unknown")
    found = planned(guards.checks(target(*api_resources(), http, unknown), longest=LONGEST))

    assert {
        "api.forgets[Api/Authorizer]": (guards.REST, "api1/thing-1"),
        "api.forgets[Http]": (guards.HTTP, "api2/auth2"),
    } == {name: (each.params["kind"], each.params["name"]) for name, each in found.items()}
    seen = found["api.forgets[Http]"].sight.look(world({("described", guards.HTTP, REGION, "api2/auth2"): _seen()}))
    assert _seen() == seen
