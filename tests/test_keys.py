from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.evidence import Response
from checks.keys import address_of, keys_in, unvouched
from tests.keypairs import pair, signature, written
from tests.promises.worlds import REGION, response, silence

OLD, NEW = pair("old"), pair("new")


def _served(*keys: object) -> Response:
    return response(200, json.dumps({"keys": keys}), "application/json")


def _token(name: str = "old", algorithm: str = "RS256", by: Any = OLD) -> str:  # noqa: ANN401 - a pair of keys
    said = ({"alg": algorithm, "kid": name}, {"sub": "me"})
    text = ".".join(written(json.dumps(each).encode()) for each in said)
    return f"{text}.{signature(by[0], text)}"


@pytest.mark.parametrize(
    ("answer", "token", "why"),
    (
        pytest.param(_served(OLD[1]), _token(), "", id="the one key"),
        pytest.param(_served(NEW[1], OLD[1]), _token(), "", id="the old one beside a new one"),
        pytest.param(_served(NEW[1], OLD[1]), _token("new", by=NEW), "", id="the new one beside the old one"),
        pytest.param(_served(NEW[1]), _token(), "the key old is none of the 1", id="the old one alone is gone"),
        pytest.param(_served(), _token(), "none of the 0", id="no key at all"),
        pytest.param(_served(OLD[1], NEW[1]), _token("old", by=NEW), "did not sign it", id="signed by another"),
        pytest.param(_served(OLD[1]), _token(algorithm="none"), "signed with none", id="another algorithm"),
        pytest.param(_served(OLD[1]), _token()[:-1], "did not sign it", id="a signature cut short"),
        pytest.param(_served(OLD[1]), _token().rpartition(".")[0] + ".", "did not sign it", id="no signature"),
        pytest.param(_served(OLD[1]), "no token", "the key None", id="no token"),
        pytest.param(_served({**OLD[1], "use": "enc"}), _token(), "none of the 0", id="a key for something else"),
        pytest.param(_served({**OLD[1], "kty": "EC"}), _token(), "none of the 0", id="another kind of key"),
        pytest.param(_served({**OLD[1], "n": "!"}), _token(), "none of the 0", id="a key that is none"),
        pytest.param(response(503), _token(), "503", id="an error"),
        pytest.param(response(200, '{"keys": 1}', "application/json"), _token(), "no list of keys", id="no list"),
        pytest.param(silence(), _token(), "refused", id="silence"),
    ),
)
def test_a_token_is_judged_by_the_key_that_it_names(answer: Any, token: str, why: str) -> None:  # noqa: ANN401
    """RFC 7515, 4.1.4; RFC 8017, 8.2.2: a key beside it neither helps nor harms."""
    found = unvouched(answer, token)

    assert why in found
    assert bool(why) == bool(found)


def test_keys_are_served_by_cognito_in_the_pools_region() -> None:
    """The address that is the issuer of every token, and one more step."""
    assert f"https://cognito-idp.{REGION}.amazonaws.com/p/.well-known/jwks.json" == address_of(REGION, "p")
    assert "https://cognito-idp.cn-north-1.amazonaws.com.cn/p/.well-known/jwks.json" == address_of("cn-north-1", "p")


JUNK = st.recursive(st.none() | st.integers() | st.text(), st.lists, max_leaves=5)
NUMBER = st.sampled_from(["AQ", "AQAB", "_w", "A" * 400]) | st.text()


@given(JUNK, st.dictionaries(st.sampled_from(["kty", "kid", "n", "e", "use", "d"]), NUMBER), st.text(), NUMBER)
def test_any_answer_and_any_token_are_read(junk: object, odd: dict[str, str], token: str, number: str) -> None:
    """Whatever somebody serves; and no key that is none makes a token good."""
    served = _served(junk, {"kty": "RSA", "kid": "old", "n": number, "e": number, **odd})

    assert not isinstance(keys_in(served), str)
    assert unvouched(served, token)
    assert unvouched(_served({**OLD[1], "n": number}), _token())
