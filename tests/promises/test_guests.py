from __future__ import annotations

import pytest

from checks.model import Check, Unresolved
from checks.promises import guests
from checks.spelling import document
from checks.trusting import clients_in, others_in, rules_in
from tests.promises.worlds import planned, resource, target

POOL, ATTACHMENT = "AWS::Cognito::IdentityPool", "AWS::Cognito::IdentityPoolRoleAttachment"
PROVIDER = "cognito-idp.af-south-1.amazonaws.com/p1"


def _check(kind: str, **said: object) -> Check:
    (check,) = planned(guests.checks(target(resource(kind, said, physical_id="r:1")))).values()
    return check


def _words(kind: str, **said: object) -> dict[str, str]:
    words = _check(kind, **said).params["words"]
    assert isinstance(words, tuple)
    return dict(words)


def test_what_a_template_is_silent_about_is_off() -> None:
    """No guests, no classic flow, and nobody who is trusted: whoever is let in all the same is one too many."""
    expected = {"guests": "false", "classic flow": "false", "clients": "nobody", "others": "nobody"}

    assert expected == _words(POOL)
    assert {"authenticated": "nobody", "unauthenticated": "nobody", "rules": ""} == _words(
        ATTACHMENT, IdentityPoolId="r:1"
    )


def test_what_it_says_is_what_is_wanted() -> None:
    """Word by word."""
    client = {"ProviderName": PROVIDER, "ClientId": "c1", "ServerSideTokenCheck": True}
    said = {"AllowUnauthenticatedIdentities": True, "AllowClassicFlow": "true", "CognitoIdentityProviders": [client]}

    assert {
        "guests": "true",
        "classic flow": "true",
        "clients": f"{PROVIDER} c1, asked about each token",
        "others": "nobody",
    } == _words(POOL, **said)


@pytest.mark.parametrize(
    ("kind", "said"),
    (
        (POOL, {"CognitoIdentityProviders": [{"ProviderName": Unresolved("other stack"), "ClientId": "c1"}]}),
        (POOL, {"SupportedLoginProviders": Unresolved("other stack")}),
        (POOL, {"OpenIdConnectProviderARNs": ["arn:a", Unresolved("other stack")]}),
        (ATTACHMENT, {"IdentityPoolId": "r:1", "Roles": Unresolved("other stack")}),
        (ATTACHMENT, {"IdentityPoolId": "r:1", "RoleMappings": {"a": {"Type": Unresolved("other stack")}}}),
    ),
)
def test_what_cannot_be_known_is_left_out_and_said(kind: str, said: dict[str, object]) -> None:
    """Never compared with a part of itself."""
    gaps = _check(kind, **said).params["gaps"]

    assert isinstance(gaps, tuple)
    assert gaps
    assert all("other stack" in str(each) for each in gaps)


def test_roles_of_a_pool_that_is_not_known_are_asked_of_nobody() -> None:
    """Its id is what Cognito is asked by."""
    assert {} == planned(guests.checks(target(resource(ATTACHMENT, {"IdentityPoolId": Unresolved("Ref P")}))))


def test_clients_are_spelt_in_one_order_with_what_is_asked_of_the_pool() -> None:
    """A token of somebody who was signed out everywhere is good for an hour where the pool is not asked."""
    one = {"ProviderName": PROVIDER, "ClientId": "b", "ServerSideTokenCheck": "true"}
    other = {"ProviderName": PROVIDER, "ClientId": "a", "ServerSideTokenCheck": False}
    told = f"{PROVIDER} a; {PROVIDER} b, asked about each token"

    assert told == clients_in([one, other])
    assert told == clients_in([{key: value for key, value in other.items() if key[0] != "S"}, one])


def test_others_are_told_without_what_may_be_secret() -> None:
    """Some social providers call an app by its key and its secret."""
    said = {
        "SupportedLoginProviders": {"api.twitter.com": "key;hush"},
        "OpenIdConnectProviderARNs": ["arn:oidc"],
        "SamlProviderARNs": ["arn:saml"],
        "DeveloperProviderName": "login.shop.test",
    }
    told = others_in(said)

    assert "hush" not in told
    assert ["api.twitter.com as", "arn:oidc", "arn:saml", "developers as login.shop.test"] == [
        each.rpartition(" ")[0] if "twitter" in each else each for each in told.split("; ")
    ]
    assert told != others_in({**said, "SupportedLoginProviders": {"api.twitter.com": "key;other"}})
    assert "nobody" == others_in({"SupportedLoginProviders": {}, "DeveloperProviderName": ""})


def _rules(*claims: str, **more: object) -> dict[str, object]:
    rules = [{"Claim": each, "MatchType": "Equals", "Value": "yes", "RoleARN": "arn:r"} for each in claims]
    return {"Type": "Rules", "AmbiguousRoleResolution": "Deny", "RulesConfiguration": {"Rules": rules}, **more}


def test_rules_are_of_the_provider_that_they_name() -> None:
    """A template may call one as it likes, and name the provider inside; Cognito has the provider alone."""
    assert rules_in({PROVIDER: _rules("admin")}) == rules_in({"users": _rules("admin", IdentityProvider=PROVIDER)})
    assert {} == rules_in(None)


@pytest.mark.parametrize(
    "other",
    (
        _rules("seller", "admin"),
        _rules("admin"),
        {**_rules("admin", "seller"), "Type": "Token"},
        {**_rules("admin", "seller"), "AmbiguousRoleResolution": "AuthenticatedRole"},
    ),
    ids=("another order", "one less", "another way", "somebody else gets in"),
)
def test_rules_that_give_somebody_another_role_differ(other: dict[str, object]) -> None:
    """The first that fits counts."""
    mine = document(rules_in({PROVIDER: _rules("admin", "seller")}))

    assert mine != document(rules_in({PROVIDER: other}))
