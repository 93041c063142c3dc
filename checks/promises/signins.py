"""Where people sign in: the addresses of user pools."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from checks import intent
from checks.likeness import checks_of, like, prop
from checks.model import Check, Promise, Target

ROWS = (
    like(
        "auth.domain",
        "AWS::Cognito::UserPoolDomain",
        says="the address where people sign in is there, of its pool and with its certificate",
        severity="critical",
        source="Pitfall 62: a domain that is gone takes the sign-in page and every callback with it.",
        noun="domain of a user pool",
        actions=("cognito-idp:DescribeUserPoolDomain",),
        arn="",
        good=("ACTIVE",),
        pending=("CREATING", "UPDATING"),
        asked=lambda one: intent.text(one.properties, "Domain"),
        wanted=lambda one: {
            "pool": prop(one, "UserPoolId"),
            "certificate": prop(one, "CustomDomainConfig", "CertificateArn"),
        },
    ),
)


def checks(target: Target) -> Iterator[Check]:
    """Every address of every user pool."""
    yield from checks_of(target, ROWS)


PROMISES: tuple[Promise[Any], ...] = tuple(each.promise for each in ROWS)
