"""Whom an identity pool trusts and what it hands out, in one spelling for a template and for Cognito's answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from checks import intent
from checks.evidence import digest_of

NOBODY = "nobody"
# Whom else a pool may trust, in the words that CloudFormation and Cognito share.
OTHERS = ("SupportedLoginProviders", "OpenIdConnectProviderARNs", "SamlProviderARNs", "DeveloperProviderName")


def clients_in(said: object) -> str:
    """``cognito-idp.r.amazonaws.com/pool client``, and whether the pool is asked about each token, of each client."""
    return "; ".join(sorted(_client(each) for each in intent.items(said))) or NOBODY


def others_in(pool: object) -> str:
    """Every provider beside user pools. What a social one calls the app may hold a secret: a digest is kept."""
    return "; ".join(sorted(_others(pool))) or NOBODY


def rules_in(said: object) -> Mapping[str, object]:
    """Who gets which role by what a token says, by provider; the first rule that fits counts, so their order does."""
    every = said.items() if isinstance(said, Mapping) else ()
    return {intent.text(one, "IdentityProvider") or str(name): _rules(one) for name, one in every}


def _client(one: object) -> str:
    asked = ", asked about each token" if intent.text(one, "ServerSideTokenCheck") == "true" else ""
    return f"{intent.text(one, 'ProviderName')} {intent.text(one, 'ClientId')}{asked}"


def _others(pool: object) -> Iterator[str]:
    social, *lists, own = OTHERS
    apps = intent.part(pool, social)
    for name in apps if isinstance(apps, Mapping) else ():
        yield f"{name} as {digest_of(intent.text(apps, str(name)))}"
    for each in lists:
        yield from intent.texts(pool, each)
    if intent.text(pool, own):
        yield f"developers as {intent.text(pool, own)}"


def _rules(one: object) -> Mapping[str, object]:
    rules = intent.items(one, "RulesConfiguration", "Rules")
    return {
        "by": intent.text(one, "Type"),
        "else": intent.text(one, "AmbiguousRoleResolution"),
        "rules": {str(number): rule for number, rule in enumerate(rules)},
    }
