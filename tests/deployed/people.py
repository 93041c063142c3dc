"""Synthetic people of the deployed site: signed in by a code, as anybody is, and what they say through its edge."""

from __future__ import annotations

import base64
import contextlib
import http.client
import itertools
import json
import secrets
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from email.message import Message
from pathlib import Path
from typing import Any

import boto3
from botocore import UNSIGNED
from botocore.config import Config
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from tests.deployed.conftest import House

APEX = "khaya.example"
# From anywhere: another run may have left people on the same twin.
_numbers = itertools.count(secrets.randbelow(9_000_000))


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who is signed in: their id, and the tokens that the site's client was given for them."""

    sub: str
    phone: str
    id_token: str
    access_token: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; `json` is None when the body is none."""

    status: int
    headers: Message
    body: bytes

    @property
    def json(self) -> Any:  # noqa: ANN401 - whatever was said
        """The body, parsed."""
        with contextlib.suppress(ValueError):
            return json.loads(self.body)
        return None


@dataclass(slots=True)
class Visitor:
    """A browser's connections to the edge, one for each thread, kept open between requests."""

    place: tuple[str, int]
    context: ssl.SSLContext
    host: str = APEX
    _open: threading.local = field(default_factory=threading.local)
    _every: list[http.client.HTTPSConnection] = field(default_factory=list)

    def leave(self) -> None:
        """Close what was opened."""
        for connection in self._every:
            connection.close()

    def ask(
        self,
        method: str,
        path: str,
        *,
        token: str | None = None,
        body: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """A request below `/api`; a body that is not text goes as JSON."""
        sent = {"Host": self.host, **(headers or {})}
        if token is not None:
            sent["Authorization"] = f"Bearer {token}"
        data = body if body is None or isinstance(body, (str, bytes)) else json.dumps(body)
        if data is not None:
            sent.setdefault("Content-Type", "application/json")
        connection = self._connection()
        connection.request(method, f"/api{path}", body=data, headers=sent)
        response = connection.getresponse()
        return Answer(response.status, response.headers, response.read())

    def _connection(self) -> http.client.HTTPSConnection:
        if not hasattr(self._open, "connection"):
            self._open.connection = _Through(self.host, self.place, self.context)
            self._every.append(self._open.connection)
        connection: http.client.HTTPSConnection = self._open.connection
        return connection


class _Through(http.client.HTTPSConnection):
    """A connection to a host by its name, dialled at another place, as `curl --connect-to` does."""

    def __init__(self, host: str, place: tuple[str, int], context: ssl.SSLContext) -> None:
        super().__init__(host, context=context, timeout=30)
        self._place, self._tls = place, context

    def connect(self) -> None:
        dialled = socket.create_connection(self._place, timeout=30)
        # A request is several small packets, which would wait for one another.
        dialled.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock = self._tls.wrap_socket(dialled, server_hostname=self.host)


def visitor(house: House, *, host: str = APEX) -> Visitor:
    """Somebody in front of the site, who trusts the twin's authority."""
    return Visitor(house.twin.edge, ssl.create_default_context(cafile=house.twin.ca_bundle), host)


def public(house: House) -> Any:  # noqa: ANN401 - a boto3 client has no type
    """Cognito as a browser meets it: nobody's credentials."""
    twin = house.twin
    session: Any = boto3.Session(region_name="af-south-1")
    return session.client(
        "cognito-idp", endpoint_url=twin.endpoint, verify=str(twin.ca_bundle), config=Config(signature_version=UNSIGNED)
    )


def enrol(house: House, *groups: str) -> tuple[str, str]:
    """A new synthetic user in these groups, with a proven phone: their id and their phone number."""
    cognito, pool, phone = house.aws("cognito-idp"), house.output("UserPoolId"), f"+2760{next(_numbers):07}"
    proven = [{"Name": "phone_number", "Value": phone}, {"Name": "phone_number_verified", "Value": "true"}]
    made = cognito.admin_create_user(UserPoolId=pool, Username=phone, MessageAction="SUPPRESS", UserAttributes=proven)[
        "User"
    ]
    for group in (*groups, "synthetic"):
        cognito.admin_add_user_to_group(UserPoolId=pool, Username=made["Username"], GroupName=group)
    return str(made["Username"]), phone


def begin(house: House, phone: str) -> str:
    """Ask for a code; the session that waits for it."""
    asked = public(house).initiate_auth(
        ClientId=house.output("UserPoolClientId"), AuthFlow="CUSTOM_AUTH", AuthParameters={"USERNAME": phone}
    )
    assert "CUSTOM_CHALLENGE" == asked["ChallengeName"]
    return str(asked["Session"])


def code_of(house: House, sub: str) -> str:
    """The code that was put where the canary's role alone may read it."""
    name = f"{house.output('SyntheticPrefix')}/{sub}"
    return str(house.aws("ssm").get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"])


def answer(house: House, phone: str, session: str, code: str) -> dict[str, Any]:
    """Answer with a code: tokens, or the next challenge."""
    said = public(house).respond_to_auth_challenge(
        ClientId=house.output("UserPoolClientId"),
        ChallengeName="CUSTOM_CHALLENGE",
        Session=session,
        ChallengeResponses={"USERNAME": phone, "ANSWER": code},
    )
    return dict(said)


def sign_in(house: House, *groups: str) -> Person:
    """A new synthetic user in these groups, signed in by the code that was sent."""
    sub, phone = enrol(house, *groups)
    session = begin(house, phone)
    given = answer(house, phone, session, code_of(house, sub))["AuthenticationResult"]
    return Person(sub, phone, given["IdToken"], given["AccessToken"])


def parts(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """A token's header and claims."""
    header, claims = (json.loads(base64.urlsafe_b64decode(part + "==")) for part in token.split(".")[:2])
    return header, claims


def signed(header: Mapping[str, object], claims: Mapping[str, object], key: rsa.RSAPrivateKey) -> str:
    """A token that this key has signed."""
    said = unsigned(header, claims)
    return f"{said}{_encoded(key.sign(said[:-1].encode(), padding.PKCS1v15(), hashes.SHA256()))}"


def unsigned(header: Mapping[str, object], claims: Mapping[str, object]) -> str:
    """A token up to its signature, with the dot before it."""
    return "".join(f"{_encoded(json.dumps(part).encode())}." for part in (header, claims))


def pool_key(house: House) -> rsa.RSAPrivateKey:
    """What the pool signs identity tokens with, as the emulator keeps it: nobody has that of a pool on AWS."""
    [path] = Path(house.twin.home).rglob(f"{house.output('UserPoolId')}-id.pem")
    key = serialization.load_pem_private_key(path.read_bytes(), None)
    assert isinstance(key, rsa.RSAPrivateKey)
    return key


@contextlib.contextmanager
def another_pool(house: House) -> Iterator[str]:
    """An identity token of somebody's pool that the site knows nothing of."""
    cognito = house.aws("cognito-idp")
    pool = cognito.create_user_pool(PoolName="stranger")["UserPool"]["Id"]
    try:
        yield password_token(house, pool, client_of(house, pool))
    finally:
        cognito.delete_user_pool(UserPoolId=pool)


def client_of(house: House, pool: str) -> str:
    """A further client of a pool."""
    made = house.aws("cognito-idp").create_user_pool_client(
        UserPoolId=pool, ClientName="stranger", ExplicitAuthFlows=["ALLOW_ADMIN_USER_PASSWORD_AUTH"]
    )
    return str(made["UserPoolClient"]["ClientId"])


def password_token(house: House, pool: str, client: str) -> str:
    """The identity token of a new admin of a pool, whose operator signs them in with a password."""
    cognito, phone, secret = house.aws("cognito-idp"), f"+2761{next(_numbers):07}", "correct-Horse-7-battery"
    cognito.admin_create_user(
        UserPoolId=pool, Username=phone, MessageAction="SUPPRESS",
        UserAttributes=[{"Name": "phone_number", "Value": phone}],
    )  # fmt: skip
    cognito.admin_set_user_password(UserPoolId=pool, Username=phone, Password=secret, Permanent=True)
    if not any(each["GroupName"] == "admin" for each in cognito.list_groups(UserPoolId=pool)["Groups"]):
        cognito.create_group(UserPoolId=pool, GroupName="admin")
    cognito.admin_add_user_to_group(UserPoolId=pool, Username=phone, GroupName="admin")
    given = cognito.admin_initiate_auth(
        UserPoolId=pool, ClientId=client, AuthFlow="ADMIN_USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": phone, "PASSWORD": secret},
    )  # fmt: skip
    return str(given["AuthenticationResult"]["IdToken"])


def _encoded(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).rstrip(b"=").decode()
