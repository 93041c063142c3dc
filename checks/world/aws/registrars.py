"""What AWS says as a registrar."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from checks import evidence as seen
from checks.world.aws.stacks import utc
from checks.world.aws.wire import Ask, Asking, shaped

# The API reference's own example of an item that is not acceptable is a domain that is not the account's.
REGISTRATION = Ask(
    service="route53domains",
    operation="GetDomainDetail",
    needs=("DomainName",),
    gone=("InvalidInput", "UnsupportedTLD"),
)


def registration(asking: Asking, region: str, domain: str) -> seen.Registration | seen.Absent:
    """One domain, if this account has registered it."""
    answer = asking.call(REGISTRATION, region, DomainName=domain)
    if answer is None:
        return seen.Absent(what=f"registration of {domain} in this account")
    return shaped(REGISTRATION, region, lambda: _registration(answer))


def _registration(one: Mapping[str, Any]) -> seen.Registration:
    expires = one.get("ExpirationDate")
    return seen.Registration(
        domain=one["DomainName"].lower(),
        statuses=tuple(sorted(one.get("StatusList", ()))),
        renews=bool(one.get("AutoRenew", False)),
        expires=utc(expires) if expires else None,
    )
