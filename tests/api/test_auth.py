"""Who may: the one table of operations, walked with everybody there is."""

from __future__ import annotations

import re

import pytest

from khaya_api.access import OPERATIONS, SIGNED_IN, Operation, Role, caller_of
from tests.api.events import (
    ADMIN,
    BUYER,
    NO_GROUP,
    OTHER_BUYER,
    SELLER,
    WORKER,
    Client,
    claims,
    event,
)

EVERYBODY = {
    "nobody": None,
    "buyer": BUYER,
    "other buyer": OTHER_BUYER,
    "worker": WORKER,
    "seller": SELLER,
    "admin": ADMIN,
    "no group": NO_GROUP,
}


def _expected(operation: Operation, somebody: dict[str, object] | None) -> int | None:
    if operation.who is None:
        return None
    if somebody is None:
        return 401
    roles = {role for role in Role if role.value in str(somebody.get("cognito:groups", ""))}
    return None if operation.who is SIGNED_IN or roles & operation.who else 403


@pytest.mark.parametrize("name", EVERYBODY)
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: f"{operation.method} {operation.path}")
def test_the_role_matrix(client: Client, operation: Operation, name: str) -> None:
    """Who may not is told so before anything else about the request is looked at; who may is not."""
    somebody = EVERYBODY[name]

    path = re.sub(r"<\w+>", "some-id", operation.path)

    answer = client.send(event(operation.method, path, claims=somebody))

    expected = _expected(operation, somebody)
    if expected is None:
        assert answer.status not in {401, 403}
    else:
        assert (expected, {401: "AUTH_ERROR", 403: "PERMISSION_DENIED"}[expected]) == (answer.status, answer.code)


def test_me_is_who_the_token_says(client: Client) -> None:
    """A09, C19: the claims of a REST authorizer, found where that gateway puts them."""
    me = claims("u1", "buyer", "worker", email="u@example.org", phone_number="+27821112233", name="Thandi")

    assert {
        "sub": "u1",
        "username": "u1",
        "roles": ["buyer", "worker"],
        "email": "u@example.org",
        "phone": "+27821112233",
        "name": "Thandi",
    } == client.get("/auth/me", claims=me).json


def test_me_without_a_token_is_a_401_that_says_how(client: Client) -> None:
    """E49: a 401 proves the gateway alone; it is JSON, and names the scheme."""
    answer = client.get("/auth/me")

    assert (401, "AUTH_ERROR", "Bearer") == (answer.status, answer.code, answer.headers["WWW-Authenticate"])


@pytest.mark.parametrize(
    "authorizer",
    (
        None,
        {},
        {"claims": None},
        {"claims": {}},
        {"claims": {"sub": ""}},
        {"claims": {"sub": None}},
        {"claims": {"sub": ["u1"]}},
        {"claims": "sub"},
        {"jwt": {"claims": {"sub": "u1"}}},
        {"principalId": "u1"},
    ),
)
def test_what_is_no_claim_is_nobody(client: Client, authorizer: object) -> None:
    """C19: only the form that this gateway's authorizer gives counts; another's, or a broken one, is nobody."""
    sent = event("GET", "/auth/me")
    sent["requestContext"]["authorizer"] = authorizer

    assert 401 == client.send(sent).status


def test_a_token_in_a_header_is_not_a_claim(client: Client) -> None:
    """The function believes the authorizer alone: an unverified token opens nothing."""
    token = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ1MSJ9."

    assert 401 == client.get("/auth/me", headers={"Authorization": f"Bearer {token}"}).status


@pytest.mark.parametrize(
    ("groups", "roles"),
    (
        pytest.param("buyer", {Role.BUYER}, id="one"),
        pytest.param("buyer,worker", {Role.BUYER, Role.WORKER}, id="commas"),
        pytest.param("[buyer worker]", {Role.BUYER, Role.WORKER}, id="brackets"),
        pytest.param("[buyer, worker]", {Role.BUYER, Role.WORKER}, id="brackets and commas"),
        pytest.param(["buyer", "worker"], {Role.BUYER, Role.WORKER}, id="a real list"),
        pytest.param("Buyer", {Role.BUYER}, id="capital"),
        pytest.param("buyers", set(), id="more than a role's name"),
        pytest.param("abuyer", set(), id="a role's name within"),
        pytest.param("af-south-1_x_Google", set(), id="a provider's group"),
        pytest.param("", set(), id="none"),
        pytest.param(None, set(), id="absent"),
        pytest.param([1, None], set(), id="no texts"),
    ),
)
def test_roles_are_groups(groups: object, roles: set[Role]) -> None:
    """However the gateway has flattened the list; a group that is no role gives none."""
    assert roles == caller_of({"sub": "u1", "cognito:groups": groups}).roles


def test_a_role_one_could_write_oneself_is_not_believed(client: Client) -> None:
    """A11: `custom:role` counts for nothing."""
    answer = client.post("/jobs", {}, claims=claims("u1", **{"custom:role": "buyer"}))

    assert 403 == answer.status
