"""A REST API that asks a user pool: whose token opens it, and what its function is told of the caller."""

from __future__ import annotations

import base64
import http.client
import json
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from checks.twin.gaps import lockouts
from tests.twin.conftest import Answer, Site

pytestmark = pytest.mark.twin

_PASSWORD = "correct-Horse-7-battery"


@dataclass(frozen=True)
class Somebody:
    """A user of a pool, and the tokens that its client gave."""

    pool: str
    sub: str
    id_token: str
    access_token: str


@pytest.fixture
def buyer(site: Site) -> Somebody:
    """A user of the site's pool, in two groups, signed in through the site's client."""
    return signed_in(site, site.outputs["PoolId"], site.outputs["ClientId"], groups=("buyer", "worker"))


def signed_in(site: Site, pool: str, client: str, *, groups: tuple[str, ...] = ()) -> Somebody:
    """A new user, made and signed in by the administrator."""
    cognito, name = site.client("cognito-idp"), f"user-{time.monotonic_ns()}"
    made = cognito.admin_create_user(UserPoolId=pool, Username=name, MessageAction="SUPPRESS")["User"]
    cognito.admin_set_user_password(UserPoolId=pool, Username=name, Password=_PASSWORD, Permanent=True)
    known = {each["GroupName"] for each in cognito.list_groups(UserPoolId=pool)["Groups"]}
    for group in groups:
        if group not in known:
            cognito.create_group(UserPoolId=pool, GroupName=group)
        cognito.admin_add_user_to_group(UserPoolId=pool, Username=name, GroupName=group)
    tokens = cognito.admin_initiate_auth(
        UserPoolId=pool, ClientId=client, AuthFlow="ADMIN_USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": name, "PASSWORD": _PASSWORD},
    )["AuthenticationResult"]  # fmt: skip
    [sub] = [each["Value"] for each in made["Attributes"] if each["Name"] == "sub"]
    return Somebody(pool, sub, tokens["IdToken"], tokens["AccessToken"])


def directly(site: Site, path: str, headers: dict[str, str]) -> Answer:
    """A request to the API's own address, round the edge."""
    where, port = site.twin.endpoint.removeprefix("https://").split(":")
    context = ssl.create_default_context(cafile=site.twin.ca_bundle)
    connection = http.client.HTTPSConnection(where, int(port), context=context, timeout=20)
    host = f"{site.outputs['ApiId']}.execute-api.af-south-1.amazonaws.com"
    connection.request("GET", f"/prod{path}", headers={"Host": host, **headers})
    response = connection.getresponse()
    answer = Answer(response.status, response.headers, response.read())
    connection.close()
    return answer


def statuses(site: Site, path: str, token: str) -> tuple[int, int]:
    """What a token gets, through the edge and directly."""
    headers = {"Authorization": f"Bearer {token}"}
    return site.get(path, headers=headers).status, directly(site, path, headers).status


def encoded(part: bytes) -> str:
    """The base64 of tokens: for URLs, without padding."""
    return base64.urlsafe_b64encode(part).rstrip(b"=").decode()


def parts(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """A token's header and claims."""
    header, claims = (json.loads(base64.urlsafe_b64decode(part + "==")) for part in token.split(".")[:2])
    return header, claims


def pool_key(site: Site, pool: str) -> rsa.RSAPrivateKey:
    """What a pool signs its identity tokens with, as the emulator keeps it in the twin's folder."""
    [path] = Path(site.twin.home).rglob(f"{pool}-id.pem")
    key = serialization.load_pem_private_key(path.read_bytes(), None)
    assert isinstance(key, rsa.RSAPrivateKey)
    return key


def forged(token: str, key: rsa.RSAPrivateKey | None, **changed: object) -> str:
    """The token with other claims, signed by this key; without one, with no signature and `alg` none."""
    header, claims = parts(token)
    header = header if key else {**header, "alg": "none"}
    signed = ".".join(encoded(json.dumps(part).encode()) for part in (header, {**claims, **changed}))
    return f"{signed}.{encoded(key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())) if key else ''}"


def test_a_pools_token_opens_the_api_and_its_claims_arrive(site: Site, buyer: Somebody) -> None:
    """Through the edge and directly; groups come as one string, as the authorizer flattens lists."""
    headers = {"Authorization": f"Bearer {buyer.id_token}"}
    for answer in (site.get("/api/any", headers=headers), directly(site, "/api/any", headers)):
        assert 200 == answer.status
        claims = json.loads(answer.body)["claims"]
        assert (buyer.sub, "id", site.outputs["ClientId"]) == (claims["sub"], claims["token_use"], claims["aud"])
        assert {"buyer", "worker"} == set(claims["cognito:groups"].strip("[]").replace(",", " ").split())


def test_the_pools_key_opens_and_no_other(site: Site, buyer: Somebody) -> None:
    """The same claims, signed once by the pool and once by somebody else under the pool's key id."""
    stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    assert (200, 200) == statuses(site, "/api/any", forged(buyer.id_token, pool_key(site, buyer.pool)))
    assert (401, 401) == statuses(site, "/api/any", forged(buyer.id_token, stranger))


def _expired(site: Site, buyer: Somebody) -> str:
    return forged(buyer.id_token, pool_key(site, buyer.pool), exp=int(time.time()) - 1)


def _unsigned(_site: Site, buyer: Somebody) -> str:
    return forged(buyer.id_token, None)


def _of_another_pool(site: Site, _buyer: Somebody) -> str:
    cognito = site.client("cognito-idp")
    pool = cognito.create_user_pool(PoolName="other")["UserPool"]["Id"]
    client = cognito.create_user_pool_client(
        UserPoolId=pool, ClientName="other", ExplicitAuthFlows=["ALLOW_ADMIN_USER_PASSWORD_AUTH"]
    )["UserPoolClient"]["ClientId"]
    return signed_in(site, pool, client).id_token


def _signed_by_another_pool(site: Site, buyer: Somebody) -> str:
    other = _of_another_pool(site, buyer)
    return forged(buyer.id_token, pool_key(site, parts(other)[1]["iss"].rpartition("/")[2]))


@pytest.mark.parametrize(
    "token",
    (
        pytest.param(_expired, id="expired"),
        pytest.param(_unsigned, id="alg none"),
        pytest.param(_of_another_pool, id="other pool"),
        pytest.param(_signed_by_another_pool, id="other pool's key"),
        pytest.param(lambda _, buyer: buyer.access_token, id="access token"),
        pytest.param(lambda _, buyer: buyer.id_token.rpartition(".")[0], id="no signature"),
        pytest.param(lambda *_: "nonsense", id="no token"),
        pytest.param(lambda *_: "", id="empty"),
    ),
)
def test_every_other_token_is_refused(site: Site, buyer: Somebody, token: Callable[[Site, Somebody], str]) -> None:
    """401, through the edge and directly."""
    assert (401, 401) == statuses(site, "/api/any", token(site, buyer))


def test_an_authorizer_with_an_expression_keeps_other_clients_out(site: Site, buyer: Somebody) -> None:
    """Without one every client of the pool gets in, which is how API Gateway is."""
    other = site.client("cognito-idp").create_user_pool_client(
        UserPoolId=buyer.pool, ClientName="other", ExplicitAuthFlows=["ALLOW_ADMIN_USER_PASSWORD_AUTH"]
    )["UserPoolClient"]["ClientId"]
    visitor = signed_in(site, buyer.pool, other)
    assert (200, 200) == statuses(site, "/api/any", visitor.id_token)
    assert (401, 401) == statuses(site, "/api/own", visitor.id_token)
    assert (200, 200) == statuses(site, "/api/own", buyer.id_token)


def test_whoever_guesses_passwords_waits(site: Site) -> None:
    """Five are looked at, then none for a while, not even the right one; then that opens, and all is forgotten."""
    cognito, name = site.client("cognito-idp"), f"user-{time.monotonic_ns()}"
    pool, client = site.outputs["PoolId"], site.outputs["ClientId"]
    cognito.admin_create_user(UserPoolId=pool, Username=name, MessageAction="SUPPRESS")
    cognito.admin_set_user_password(UserPoolId=pool, Username=name, Password=_PASSWORD, Permanent=True)

    def tried(password: str) -> str:
        words = {"USERNAME": name, "PASSWORD": password}
        about = {"UserPoolId": pool, "ClientId": client, "AuthFlow": "ADMIN_USER_PASSWORD_AUTH"}
        try:
            cognito.admin_initiate_auth(**about, AuthParameters=words)
        except cognito.exceptions.NotAuthorizedException as refused:
            return str(refused.response["Error"]["Message"])
        return "let in"

    first = [tried("Wrong-7-battery") for _ in range(5)]
    # A machine that is slower than the first lock meets the next one, which is twice as long.
    locked = next(said for said in (tried("Wrong-7-battery") for _ in range(9)) if said != first[0])
    assert (["Incorrect username or password."] * 5, "Password attempts exceeded") == (first, locked)

    ended = time.monotonic() + 300
    while (said := tried(_PASSWORD)) != "let in" and time.monotonic() < ended:
        assert "Password attempts exceeded" == said
        time.sleep(0.1)
    assert ["let in", first[0]] == [said, tried("Wrong-7-battery")]


@pytest.mark.parametrize(
    ("wrong", "seconds"), ((0, 0), (4, 0), (5, 1), (6, 2), (9, 16), (14, 512), (15, 900), (99, 900))
)
def test_each_wrong_password_doubles_the_pause(wrong: int, seconds: float) -> None:
    """From the fifth on, and never longer than a quarter of an hour."""
    assert seconds == lockouts.pause(wrong)


def test_whoever_guesses_by_proofs_waits_too(site: Site) -> None:
    """A password that is only proven (SRP) is counted like one that is sent."""
    cognito, name, pool = site.client("cognito-idp"), f"user-{time.monotonic_ns()}", site.outputs["PoolId"]
    flows = ["ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
    made = cognito.create_user_pool_client(UserPoolId=pool, ClientName="proofs", ExplicitAuthFlows=flows)
    client = made["UserPoolClient"]["ClientId"]
    cognito.admin_create_user(UserPoolId=pool, Username=name, MessageAction="SUPPRESS")
    cognito.admin_set_user_password(UserPoolId=pool, Username=name, Password=_PASSWORD, Permanent=True)
    challenge = cognito.initiate_auth(
        ClientId=client, AuthFlow="USER_SRP_AUTH", AuthParameters={"USERNAME": name, "SRP_A": "abcdef0123456789" * 8}
    )
    proof = {
        "USERNAME": name,
        "TIMESTAMP": "Mon Nov 23 08:00:00 UTC 2026",
        "PASSWORD_CLAIM_SIGNATURE": base64.b64encode(b"no proof").decode(),
        "PASSWORD_CLAIM_SECRET_BLOCK": challenge["ChallengeParameters"]["SECRET_BLOCK"],
    }

    def tried() -> str:
        with pytest.raises(cognito.exceptions.NotAuthorizedException) as refused:
            cognito.respond_to_auth_challenge(
                ClientId=client, ChallengeName="PASSWORD_VERIFIER", ChallengeResponses=proof
            )
        return str(refused.value.response["Error"]["Message"])

    first = [tried() for _ in range(5)]
    locked = next(said for said in (tried() for _ in range(9)) if said != first[0])
    cognito.delete_user_pool_client(UserPoolId=pool, ClientId=client)
    assert (["Incorrect username or password."] * 5, "Password attempts exceeded") == (first, locked)
