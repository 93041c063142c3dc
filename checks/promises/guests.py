"""Whom identity pools let in, and the roles that they hand out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from checks import intent
from checks.likeness import checks_of, like, prop
from checks.model import Check, Promise, Resource, Target
from checks.trusting import NOBODY, OTHERS, clients_in, others_in, rules_in

_ARN = "arn:{partition}:cognito-identity:{region}:{account}:identitypool/{name}"


def _clients(pool: Resource) -> object:
    said = prop(pool, "CognitoIdentityProviders")
    return said if intent.gaps(said) else clients_in(said)


def _others(pool: Resource) -> object:
    said = {each: prop(pool, each) for each in OTHERS}
    return said if intent.gaps(said) else others_in(said)


def _rules(attachment: Resource) -> object:
    said = prop(attachment, "RoleMappings")
    return said if intent.gaps(said) else rules_in(said)


ROWS = (
    like(
        "auth.guests",
        "AWS::Cognito::IdentityPool",
        says="the identity pool is there, lets guests in and trusts others as the template says, and nobody else",
        severity="warning",
        source="AWS: with AllowUnauthenticatedIdentities anybody who knows the pool's id, which every page tells, is "
        "handed credentials; with the classic flow these are not narrowed to what guests may do.",
        noun="identity pool",
        actions=("cognito-identity:DescribeIdentityPool",),
        arn=_ARN,
        wanted=lambda one: {
            # What AWS takes where a template is silent.
            "guests": prop(one, "AllowUnauthenticatedIdentities") or False,
            "classic flow": prop(one, "AllowClassicFlow") or False,
            "clients": _clients(one),
            "others": _others(one),
        },
    ),
    like(
        "auth.handed_roles",
        "AWS::Cognito::IdentityPoolRoleAttachment",
        says="the identity pool hands out the roles of the template, to people and to guests",
        severity="critical",
        source="AWS: whoever signs in is handed the role that the pool names, whatever that may do "
        "(GetIdentityPoolRoles); one for guests where there was none is handed to everybody.",
        noun="roles of identity pool",
        actions=("cognito-identity:GetIdentityPoolRoles",),
        arn=_ARN,
        asked=lambda one: intent.text(one.properties, "IdentityPoolId"),
        wanted=lambda one: {
            "authenticated": prop(one, "Roles", "authenticated") or NOBODY,
            "unauthenticated": prop(one, "Roles", "unauthenticated") or NOBODY,
            "rules": _rules(one),
        },
        documents=("rules",),
    ),
)


def checks(target: Target) -> Iterator[Check]:
    """Every identity pool, and what is attached to one."""
    yield from checks_of(target, ROWS)


PROMISES: tuple[Promise[Any], ...] = tuple(each.promise for each in ROWS)
