"""What Cognito says of user pools and identity pools, in the words of its own reference."""

from __future__ import annotations

import json
from typing import Any

import pytest

from checks import evidence as seen
from checks.model import CannotLook
from checks.spelling import document
from checks.trusting import rules_in
from checks.world.aws import RealAws
from tests.world.scripted_aws import Make, error, json_reply

REGION = "af-south-1"
POOL: dict[str, Any] = {
    "Id": "p",
    "Arn": "arn:pool",
    "DeletionProtection": "ACTIVE",
    "AliasAttributes": ["preferred_username"],
    "UsernameAttributes": ["phone_number", "email"],
    "LambdaConfig": {
        "PreSignUp": "arn:f",
        "KMSKeyID": "arn:k",
        "CustomSMSSender": {"LambdaVersion": "V1_0", "LambdaArn": "arn:s"},
    },
    "SchemaAttributes": [
        {"Name": "email", "Mutable": True},
        {"Name": "custom:role", "Mutable": True},
        {"Name": "custom:fixed", "Mutable": False},
    ],
    "MfaConfiguration": "OPTIONAL",
    "AdminCreateUserConfig": {"AllowAdminCreateUserOnly": True},
    "Policies": {"PasswordPolicy": {"MinimumLength": 10, "RequireNumbers": True}},
    "EmailConfiguration": {"EmailSendingAccount": "DEVELOPER", "From": "hello@e.org", "ConfigurationSet": ""},
    "EmailConfigurationFailure": "Email address is not verified.",
}
CLIENT: dict[str, Any] = {
    "ClientId": "c",
    "ClientSecret": "hush-hush",
    "AllowedOAuthFlowsUserPoolClient": True,
    "AllowedOAuthFlows": ["implicit", "code"],
    "CallbackURLs": ["https://e.org/"],
    "LogoutURLs": ["https://e.org/out"],
    "ExplicitAuthFlows": ["ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
    "WriteAttributes": ["name", "email"],
    "PreventUserExistenceErrors": "ENABLED",
    "AccessTokenValidity": 30,
    "IdTokenValidity": 2,
    "RefreshTokenValidity": 7,
    "TokenValidityUnits": {"AccessToken": "minutes", "IdToken": "hours", "RefreshToken": "days"},
}


def test_a_pool_is_seen_with_what_an_update_can_lose(told: Make) -> None:
    """Protection, names, triggers, its own attributes, second factor, sign-up and passwords."""
    asked, _ = told(json_reply({"UserPool": POOL}))

    assert seen.PoolSeen(
        id="p",
        arn="arn:pool",
        deletion_protection="ACTIVE",
        aliases=("preferred_username",),
        usernames=("email", "phone_number"),
        triggers=(("CustomSMSSender", "arn:s"), ("PreSignUp", "arn:f")),
        custom=("custom:role",),
        mfa="OPTIONAL",
        admin_only=True,
        password=(("MinimumLength", "10"), ("RequireNumbers", "true")),
        mails=(("EmailSendingAccount", "DEVELOPER"), ("From", seen.veiled("hello@e.org"))),
        mails_fail="Email address is not verified.",
    ) == asked.user_pool(REGION, "p")


def test_a_bare_pool_has_none_of_it(told: Make) -> None:
    """What Cognito does not say is off."""
    asked, _ = told(json_reply({"UserPool": {"Id": "p", "Arn": "arn:pool"}}))

    assert seen.PoolSeen(
        id="p",
        arn="arn:pool",
        deletion_protection="INACTIVE",
        aliases=(),
        usernames=(),
        triggers=(),
        custom=(),
        mfa="OFF",
        admin_only=False,
        password=(),
    ) == asked.user_pool(REGION, "p")


def test_a_client_is_seen_without_its_secret(told: Make) -> None:
    """Lives in seconds."""
    asked, _ = told(json_reply({"UserPoolClient": CLIENT}))

    found = asked.user_pool_client(REGION, "p", "c")

    assert found == seen.ClientSeen(
        id="c",
        signs_in=True,
        grants=("code", "implicit"),
        callbacks=("https://e.org/",),
        logouts=("https://e.org/out",),
        flows=("ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_USER_SRP_AUTH"),
        writable=("email", "name"),
        hides_users="ENABLED",
        access=1800,
        identity=7200,
        refresh=604_800,
    )
    assert "hush-hush" not in repr(found)


@pytest.mark.parametrize(
    "more",
    ({}, {"AccessTokenValidity": 0, "IdTokenValidity": 0, "TokenValidityUnits": {"AccessToken": "minutes"}}),
    ids=("nothing said", "nought said"),
)
def test_a_bare_client_has_the_defaults(told: Make, more: dict[str, Any]) -> None:
    """An hour, an hour, thirty days; all attributes writable, and users told apart."""
    asked, _ = told(json_reply({"UserPoolClient": {"ClientId": "c", **more}}))

    found = asked.user_pool_client(REGION, "p", "c")

    assert isinstance(found, seen.ClientSeen)
    assert (3600, 3600, 2_592_000) == (found.access, found.identity, found.refresh)
    assert (None, "LEGACY", False) == (found.writable, found.hides_users, found.signs_in)


def test_groups_are_read_to_the_last_page(told: Make) -> None:
    """Sixty at a time, sorted."""
    asked, endpoint = told(
        json_reply({"Groups": [{"GroupName": "seller"}], "NextToken": "t"}),
        json_reply({"Groups": [{"GroupName": "admin"}]}),
    )

    assert seen.PoolGroups(pool="p", groups=("admin", "seller")) == asked.user_pool_groups(REGION, "p")
    assert [60, 60] == [json.loads(each.body)["Limit"] for each in endpoint.requests]


@pytest.mark.parametrize("question", ("user_pool", "user_pool_client", "user_pool_groups"))
def test_what_is_not_there_is_absent(told: Make, question: str) -> None:
    """Cognito has one code for it."""
    asked, _ = told(error("ResourceNotFoundException"))

    assert isinstance(_ask(asked, question), seen.Absent)


@pytest.mark.parametrize(
    ("question", "answer"),
    (
        ("user_pool", {"UserPool": {"Id": "p"}}),
        ("user_pool_client", {"UserPoolClient": {}}),
        ("user_pool_client", {"UserPoolClient": {**CLIENT, "TokenValidityUnits": {"IdToken": "weeks"}}}),
        ("user_pool_groups", {"Groups": [{}]}),
    ),
)
def test_what_cognito_always_says_is_missed(told: Make, question: str, answer: dict[str, Any]) -> None:
    """Nobody judges half an answer."""
    asked, _ = told(json_reply(answer))

    with pytest.raises(CannotLook, match="does not look like AWS"):
        _ask(asked, question)


def _ask(asked: RealAws, question: str) -> object:
    if question == "user_pool":
        return asked.user_pool(REGION, "p")
    return asked.user_pool_client(REGION, "p", "c") if "client" in question else asked.user_pool_groups(REGION, "p")


IDENTITIES = "AWS::Cognito::IdentityPool"
HANDED = "AWS::Cognito::IdentityPoolRoleAttachment"


@pytest.mark.parametrize(
    ("more", "words"),
    (
        ({}, {"guests": "false", "classic flow": "false", "clients": "nobody", "others": "nobody"}),
        (
            {
                "AllowUnauthenticatedIdentities": True,
                "AllowClassicFlow": True,
                "CognitoIdentityProviders": [
                    {"ProviderName": "idp/p1", "ClientId": "c1", "ServerSideTokenCheck": False}
                ],
                "SamlProviderARNs": ["arn:saml"],
            },
            {"guests": "true", "classic flow": "true", "clients": "idp/p1 c1", "others": "arn:saml"},
        ),
    ),
    ids=("nothing said", "all of it"),
)
def test_an_identity_pool_is_seen_with_whom_it_lets_in(told: Make, more: dict[str, Any], words: dict[str, str]) -> None:
    """Guests, the classic flow, clients of user pools, and others."""
    reply = {"IdentityPoolId": "r:1", "IdentityPoolName": "n", "AllowUnauthenticatedIdentities": False, **more}
    asked, endpoint = told(json_reply(reply))

    assert seen.Described(
        kind=IDENTITIES, name="r:1", state="there", words=tuple(sorted(words.items()))
    ) == asked.described(IDENTITIES, REGION, "r:1")
    assert {"IdentityPoolId": "r:1"} == json.loads(endpoint.requests[0].body)


@pytest.mark.parametrize(
    ("more", "words"),
    (
        ({}, {"authenticated": "nobody", "unauthenticated": "nobody"}),
        ({"Roles": {"authenticated": "arn:r1"}}, {"authenticated": "arn:r1", "unauthenticated": "nobody"}),
        (
            {
                "Roles": {"authenticated": "arn:r1", "unauthenticated": "arn:r2"},
                "RoleMappings": {"idp/p1:c1": {"Type": "Token", "AmbiguousRoleResolution": "Deny"}},
            },
            {
                "authenticated": "arn:r1",
                "rules": document(rules_in({"idp/p1:c1": {"Type": "Token", "AmbiguousRoleResolution": "Deny"}})),
                "unauthenticated": "arn:r2",
            },
        ),
    ),
    ids=("none", "to people", "to guests, and by rules"),
)
def test_an_identity_pool_is_seen_with_the_roles_that_it_hands_out(
    told: Make, more: dict[str, Any], words: dict[str, str]
) -> None:
    """Of rules a digest."""
    asked, _ = told(json_reply({"IdentityPoolId": "r:1", **more}))

    assert seen.Described(kind=HANDED, name="r:1", state="there", words=tuple(words.items())) == asked.described(
        HANDED, REGION, "r:1"
    )


@pytest.mark.parametrize("kind", (IDENTITIES, HANDED))
def test_an_identity_pool_that_is_not_there_is_absent(told: Make, kind: str) -> None:
    """And one that does not say what each says is none of AWS."""
    asked, _ = told(error("ResourceNotFoundException"))
    assert isinstance(asked.described(kind, REGION, "r:1"), seen.Absent)

    odd, _ = told(json_reply({"IdentityPoolName": "n"}))
    with pytest.raises(CannotLook, match="does not look like AWS"):
        odd.described(kind, REGION, "r:1")
