"""Who may do what, through the edge, with tokens that the user pool has given: every role at every operation."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from khaya_api.access import OPERATIONS, Operation, Role
from tests.deployed.conftest import House
from tests.deployed.people import (
    APEX,
    Answer,
    Person,
    Visitor,
    another_pool,
    client_of,
    parts,
    password_token,
    pool_key,
    sign_in,
    signed,
    unsigned,
    visitor,
)

# A job as a buyer posts it; white space after it is still the same JSON.
JOB = {
    "title": "Mend the roof", "description": "It lets the rain in.", "category": "plumbing", "budget": 100,
    "location": "Gqeberha",
}  # fmt: skip

pytestmark = pytest.mark.twin

NOBODY, ROLELESS = "nobody", "roleless"
CALLERS = (NOBODY, ROLELESS, *(role.value for role in Role))
# What an operation says to who may do it and brings an empty body, or the id of nothing; 200 unless named here.
ADMITTED: Mapping[str, int] = {
    "POST /jobs": 400,
    "GET /jobs/<job_id>": 404,
    "PATCH /jobs/<job_id>": 404,
    "POST /jobs/<job_id>/complete": 404,
    "POST /jobs/<job_id>/cancel": 404,
    "GET /jobs/<job_id>/bids": 404,
    "POST /jobs/<job_id>/bids": 400,
    "POST /bids/<bid_id>/accept": 404,
    "POST /bids/<bid_id>/withdraw": 404,
    "GET /profiles": 400,
    "GET /profiles/<user_id>": 404,
    "PUT /profiles/<user_id>": 400,
    "POST /profiles/<user_id>/verify": 404,
    "POST /listings": 400,
    "GET /listings/<listing_id>": 404,
    "PATCH /listings/<listing_id>": 404,
    "POST /reviews": 400,
    "POST /referrals": 201,
    "GET /referrals/<code>": 404,
    "POST /referrals/<code>/apply": 404,
    "POST /stories": 400,
    "POST /stories/<story_id>/like": 404,
    "POST /stories/<story_id>/approve": 404,
    "POST /stories/<story_id>/reject": 404,
    "POST /uploads": 400,
}
CODES = {401: "AUTH_ERROR", 403: "PERMISSION_DENIED"}
APEX_ORIGIN, WWW_ORIGIN = f"https://{APEX}", f"https://www.{APEX}"
STRANGERS = (
    "https://evil.example",
    "null",
    f"https://{APEX}.evil.example",
    f"https://evil{APEX}",
    f"http://{APEX}",
    f"https://{APEX}:8443",
    f"https://api.{APEX}",
)


@pytest.fixture(scope="module")
def site(house: House) -> Iterator[Visitor]:
    """Somebody in front of the site."""
    came = visitor(house)
    yield came
    came.leave()


@pytest.fixture(scope="module")
def people(house: House) -> dict[str, Person]:
    """One synthetic person of each role, and one of none."""
    return {ROLELESS: sign_in(house), **{role.value: sign_in(house, role.value) for role in Role}}


def asked(site: Visitor, operation: Operation, somebody: Person | None) -> Answer:
    """The operation, of nothing that there is, with an empty body if it takes one."""
    path = operation.path.replace("<user_id>", somebody.sub if somebody else "nobody")
    for name in ("<job_id>", "<bid_id>", "<listing_id>", "<story_id>", "<code>"):
        path = path.replace(name, "nothing-there")
    token = somebody.id_token if somebody else None
    return site.ask(operation.method, path, token=token, body="{}" if operation.has_body else None)


def expected(operation: Operation, caller: str) -> int:
    """What the one table of access says that a caller is told."""
    if operation.who is not None and caller == NOBODY:
        return 401
    if operation.who not in {None, frozenset(Role)} and caller not in operation.who:
        return 403
    return ADMITTED.get(f"{operation.method} {operation.path}", 200)


@pytest.mark.parametrize("caller", CALLERS)
def test_each_role_may_what_the_table_says_and_nothing_else(
    site: Visitor, people: dict[str, Person], caller: str
) -> None:
    """A09, D08: each operation of the API's own table, through edge, gateway and function."""
    wanted = {f"{each.method} {each.path}": expected(each, caller) for each in OPERATIONS}
    seen = {f"{each.method} {each.path}": asked(site, each, people.get(caller)) for each in OPERATIONS}

    assert wanted == {name: answer.status for name, answer in seen.items()}
    refused = {name: answer for name, answer in seen.items() if answer.status in CODES}
    assert {name: CODES[answer.status] for name, answer in refused.items()} == {
        name: answer.json["error"]["code"] for name, answer in refused.items()
    }


def test_every_refusal_and_every_admission_was_expected_of_somebody() -> None:
    """The walk has both sides of each line: what is let in is refused to another, but for what is anybody's."""
    for operation in OPERATIONS:
        codes = {expected(operation, caller) for caller in CALLERS}
        assert (operation.who is None) == codes.isdisjoint({401, 403}), operation
        assert codes - {401, 403}, operation
    assert ADMITTED.keys() <= {f"{each.method} {each.path}" for each in OPERATIONS}


def test_the_pool_says_who_somebody_is(site: Visitor, people: dict[str, Person]) -> None:
    """A09: the id is the token's; being synthetic is no role."""
    for caller, person in people.items():
        told = site.ask("GET", "/auth/me", token=person.id_token).json
        assert (person.sub, [] if caller == ROLELESS else [caller]) == (told["sub"], told["roles"])


def test_a_token_is_good_only_as_the_pool_gave_it(house: House, site: Visitor, people: dict[str, Person]) -> None:
    """E02, E03: expired, forged, of another pool, of another client, unsigned, of the other kind: 401 each, in JSON."""
    person = people["admin"]
    header, claims = parts(person.id_token)
    key, stranger = pool_key(house), rsa.generate_private_key(public_exponent=65537, key_size=2048)
    assert 200 == _me(site, person.id_token).status
    # The pool's own key makes a good token: so each of the others below is refused for the one thing that differs.
    assert 200 == _me(site, signed(header, claims, key)).status

    now = int(time.time())
    with another_pool(house) as foreign:
        bad = {
            "expired": signed(header, {**claims, "iat": now - 7200, "exp": now - 3600}, key),
            "forged": signed(header, claims, stranger),
            "altered": f"{unsigned(header, {**claims, 'cognito:groups': ['admin']})}{person.id_token.split('.')[2]}",
            "unsigned": unsigned({**header, "alg": "none"}, claims),
            "signature left out": unsigned(header, claims),
            "unknown key": signed({**header, "kid": "another"}, claims, key),
            "another pool": foreign,
            "another issuer": signed(header, {**claims, "iss": "https://evil.example/pool"}, key),
            "another client": password_token(
                house, house.output("UserPoolId"), client_of(house, house.output("UserPoolId"))
            ),
            "another audience": signed(header, {**claims, "aud": "another"}, key),
            "access token": person.access_token,
            "not a token": "x.y.z",
            "empty": "",
        }
        answers = {name: _me(site, token) for name, token in bad.items()}

    assert dict.fromkeys(bad, 401) == {name: answer.status for name, answer in answers.items()}
    assert {"AUTH_ERROR"} == {answer.json["error"]["code"] for answer in answers.values()}


def test_a_token_in_another_place_is_none(site: Visitor, people: dict[str, Person]) -> None:
    """E04: a header of claims, a cookie or a query is not what the authorizer reads."""
    token = people["admin"].id_token
    headers: tuple[dict[str, str], ...] = (
        {"X-Amzn-Claims": token},
        {"Cookie": f"Authorization={token}"},
        {"X-User-Id": people["admin"].sub, "X-Role": "admin"},
    )

    assert [401] * len(headers) == [site.ask("GET", "/stories/pending", headers=each).status for each in headers]
    assert 401 == site.ask("GET", f"/stories/pending?Authorization={token}").status
    assert 200 == site.ask("GET", "/stories/pending", token=token).status


def _me(site: Visitor, token: str) -> Answer:
    return site.ask("GET", "/auth/me", token=token)


def _kinds(people: dict[str, Person]) -> dict[str, tuple[int, dict[str, Any]]]:
    """Answers of every maker, each with its status: the code's, the gateway's own, a preflight."""
    buyer = people["buyer"].id_token
    return {
        "list": (200, {"method": "GET", "path": "/jobs"}),
        "own": (200, {"method": "GET", "path": "/auth/me", "token": buyer}),
        "refused by the code": (403, {"method": "GET", "path": "/stories/pending", "token": buyer}),
        "refused by the gateway": (401, {"method": "GET", "path": "/auth/me", "token": "x.y.z"}),
        "without a token": (401, {"method": "POST", "path": "/jobs", "body": {}}),
        "invalid": (400, {"method": "POST", "path": "/jobs", "token": buyer, "body": {}}),
        "no such path": (404, {"method": "GET", "path": "/nope"}),
        "no such method": (405, {"method": "DELETE", "path": "/jobs"}),
        # Of the shape that the gateway lets through, so that it is the function that finds it too long.
        "too large": (413, {"method": "POST", "path": "/jobs", "token": buyer, "body": json.dumps(JOB) + " " * 40_000}),
        "preflight": (204, {"method": "OPTIONS", "path": "/jobs"}),
        "preflight of a protected path": (204, {"method": "OPTIONS", "path": "/stories/pending"}),
        "preflight of nothing": (404, {"method": "OPTIONS", "path": "/nope"}),
    }


_PREFLIGHT = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization, content-type"}


@pytest.mark.parametrize("origin", (APEX_ORIGIN, WWW_ORIGIN))
def test_our_own_origins_may_read_every_answer(site: Visitor, people: dict[str, Person], origin: str) -> None:
    """A16, A18: errors of the code, of the gateway and preflights too; the origin itself, never a star."""
    for name, (status, request) in _kinds(people).items():
        sent = {"Origin": origin, **(_PREFLIGHT if request["method"] == "OPTIONS" else {})}
        answer = site.ask(**request, headers=sent)
        assert (name, status, [origin]) == (name, answer.status, answer.headers.get_all("Access-Control-Allow-Origin"))
        assert "origin" in _words(answer, "Vary"), name
        assert answer.headers["Access-Control-Allow-Credentials"] is None


@pytest.mark.parametrize("origin", STRANGERS)
def test_no_other_origin_may_read_any(site: Visitor, people: dict[str, Person], origin: str) -> None:
    """A16: neither an evil one, nor none, nor one that only begins or ends like ours; the answer is the same."""
    for name, (status, request) in _kinds(people).items():
        sent = {"Origin": origin, **(_PREFLIGHT if request["method"] == "OPTIONS" else {})}
        answer = site.ask(**request, headers=sent)
        assert (name, status) == (name, answer.status)
        assert answer.headers["Access-Control-Allow-Origin"] in {None, APEX_ORIGIN}, (name, origin)
        assert origin != answer.headers["Access-Control-Allow-Origin"]


def test_a_preflight_names_methods_and_headers_that_are_taken(site: Visitor) -> None:
    """A16: what the page is going to send, and nothing that the path does not take."""
    answer = site.ask("OPTIONS", "/jobs", headers={"Origin": APEX_ORIGIN, **_PREFLIGHT})

    assert {"get", "head", "options", "post"} <= _words(answer, "Access-Control-Allow-Methods")
    assert {"authorization", "content-type", "idempotency-key"} <= _words(answer, "Access-Control-Allow-Headers")
    assert int(answer.headers["Access-Control-Max-Age"]) > 0


def _words(answer: Answer, header: str) -> set[str]:
    return {word.strip().lower() for word in (answer.headers[header] or "").split(",")}
