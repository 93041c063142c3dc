from __future__ import annotations

import json
from typing import Any

import pytest

from checks import codec
from checks.evidence import KeysSeen, digest_of
from checks.promises import signers
from tests.keypairs import pair
from tests.promises.worlds import NOW, REGION, planned, resource, response, silence, target, world

URL = f"https://cognito-idp.{REGION}.amazonaws.com/p/.well-known/jwks.json"
OLD, NEW = pair("old")[1], pair("new")[1]


def _judged(*keys: dict[str, str], answer: Any = None) -> Any:  # noqa: ANN401
    pool = resource("AWS::Cognito::UserPool", subject="Pool", physical_id="p")
    (check,) = planned(signers.checks(target(pool))).values()
    served = answer or response(200, json.dumps({"keys": keys}), "application/json")
    seen = check.sight.look(world({("fetch", URL): served}))
    return check.sight.judge(codec.scrub(seen), NOW)


@pytest.mark.parametrize(
    ("keys", "says"),
    (
        pytest.param((OLD,), "", id="one"),
        pytest.param((NEW, OLD), "", id="a new one beside it"),
        pytest.param(({**OLD, "kid": "AKIA" + "A" * 16}, {**NEW, "kid": "AKIA" + "B" * 16}), "", id="odd names"),
        pytest.param((), "no key", id="none"),
        pytest.param((pair("short", 1024)[1],), "has 1024 bits", id="a short one"),
        pytest.param(({**OLD, "alg": "RS512"},), "is for RS512", id="for something else"),
        pytest.param(({**OLD, "d": OLD["n"]},), "private part", id="a private one"),
        pytest.param((OLD, {**NEW, "kid": "old"}), "is there 2 times", id="two of one name"),
    ),
)
def test_keys_are_served_to_whoever_verifies(keys: tuple[dict[str, str], ...], says: str) -> None:
    """RFC 7517, 4.5 and 9.2; RFC 7518, 3.3."""
    verdict = _judged(*keys)

    assert ("fail" if says else "pass") == verdict.status
    assert says in verdict.actual


def test_what_is_no_list_of_keys_is_none() -> None:
    """Silence, an error, a page."""
    answers = (silence(), response(404), response(200, "<html>", "text/html"))

    assert ["fail"] * 3 == [_judged(answer=each).status for each in answers]


def test_no_pool_no_question() -> None:
    """And of a key the evidence has no more than a digest of its name."""
    assert {} == planned(signers.checks(target()))
    (name, *_) = KeysSeen(url=URL, keys=((digest_of("old"), 2048, "RS256", False),)).keys[0]
    assert "old" not in name
