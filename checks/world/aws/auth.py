"""What Cognito says of user pools and identity pools. Of users themselves nothing is asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from checks import evidence as seen
from checks.spelling import document
from checks.trusting import NOBODY, clients_in, others_in, rules_in
from checks.world.aws.readers import NOT_FOUND, Found, Read, inside, reading
from checks.world.aws.wire import Answer, Ask, Asking, shaped

POOL = Ask(
    service="cognito-idp", operation="DescribeUserPool", needs=("UserPool",), gone=("ResourceNotFoundException",)
)
CLIENT = Ask(
    service="cognito-idp",
    operation="DescribeUserPoolClient",
    needs=("UserPoolClient",),
    gone=("ResourceNotFoundException",),
)
GROUPS = Ask(service="cognito-idp", operation="ListGroups", needs=("Groups",), gone=("ResourceNotFoundException",))

DOMAIN = Ask(service="cognito-idp", operation="DescribeUserPoolDomain", needs=("DomainDescription",))

IDENTITIES = Ask(
    service="cognito-identity",
    operation="DescribeIdentityPool",
    needs=("IdentityPoolId", "AllowUnauthenticatedIdentities"),
    gone=NOT_FOUND,
)
HANDED = Ask(service="cognito-identity", operation="GetIdentityPoolRoles", needs=("IdentityPoolId",), gone=NOT_FOUND)

MOST_GROUPS = 60  # Cognito API reference, ListGroups: Limit is at most 60

_SECONDS: Mapping[str, int] = {"seconds": 1, "minutes": 60, "hours": 3_600, "days": 86_400}
# Cognito API reference, CreateUserPoolClient: an hour, an hour and thirty days where nothing was said.
_LIVES: Mapping[str, tuple[str, int]] = {
    "AccessToken": ("hours", 1),
    "IdToken": ("hours", 1),
    "RefreshToken": ("days", 30),
}


def _domain(asking: Asking, region: str, name: str) -> Found | None:
    """One address of a pool; Cognito describes one that is not there by nothing."""
    said = asking.demand(DOMAIN, region, Domain=name)["DomainDescription"]
    if not said.get("UserPoolId"):
        return None
    certificate = inside(said, "CustomDomainConfig", "CertificateArn")
    return str(said.get("Status", "")), {"pool": said["UserPoolId"], "certificate": certificate}


def _identities(answer: Answer) -> Mapping[str, object]:
    return {
        "guests": answer["AllowUnauthenticatedIdentities"],
        "classic flow": bool(answer.get("AllowClassicFlow")),
        "clients": clients_in(answer.get("CognitoIdentityProviders")),
        "others": others_in(answer),
    }


def _handed(answer: Answer) -> Mapping[str, object]:
    """Of the rules a digest: they hold values of people's tokens."""
    return {
        "authenticated": inside(answer, "Roles", "authenticated") or NOBODY,
        "unauthenticated": inside(answer, "Roles", "unauthenticated") or NOBODY,
        "rules": document(rules_in(answer.get("RoleMappings"))),
    }


READERS: Mapping[str, Read] = {
    "AWS::Cognito::UserPoolDomain": _domain,
    "AWS::Cognito::IdentityPool": reading(IDENTITIES, lambda name: {"IdentityPoolId": name}, _identities),
    "AWS::Cognito::IdentityPoolRoleAttachment": reading(HANDED, lambda name: {"IdentityPoolId": name}, _handed),
}


def user_pool(asking: Asking, region: str, pool: str) -> seen.PoolSeen | seen.Absent:
    """One pool."""
    answer = asking.call(POOL, region, UserPoolId=pool)
    if answer is None:
        return _absent(pool, region)
    return shaped(POOL, region, lambda: _pool(answer["UserPool"]))


def user_pool_client(asking: Asking, region: str, pool: str, client: str) -> seen.ClientSeen | seen.Absent:
    """One app client, without its secret."""
    answer = asking.call(CLIENT, region, UserPoolId=pool, ClientId=client)
    if answer is None:
        return seen.Absent(what=f"client {client} of user pool {pool} in {region}")
    return shaped(CLIENT, region, lambda: _client(answer["UserPoolClient"]))


def user_pool_groups(asking: Asking, region: str, pool: str) -> seen.PoolGroups | seen.Absent:
    """The names of all its groups."""
    pages = list(asking.pages(GROUPS, region, UserPoolId=pool, Limit=MOST_GROUPS))
    if not pages:
        return _absent(pool, region)
    listed = [one for page in pages for one in page["Groups"]]
    names = shaped(GROUPS, region, lambda: sorted(str(one["GroupName"]) for one in listed))
    return seen.PoolGroups(pool=pool, groups=tuple(names))


def _absent(pool: str, region: str) -> seen.Absent:
    return seen.Absent(what=f"user pool {pool} in {region}")


def _pool(one: Mapping[str, Any]) -> seen.PoolSeen:
    password = one.get("Policies", {}).get("PasswordPolicy", {})
    schema = one.get("SchemaAttributes", ())
    mails = one.get("EmailConfiguration") or {}
    return seen.PoolSeen(
        id=one["Id"],
        arn=one["Arn"],
        deletion_protection=one.get("DeletionProtection", "INACTIVE"),
        aliases=tuple(sorted(one.get("AliasAttributes", ()))),
        usernames=tuple(sorted(one.get("UsernameAttributes", ()))),
        triggers=_triggers(one.get("LambdaConfig", {})),
        custom=tuple(sorted(each["Name"] for each in schema if ":" in each["Name"] and each.get("Mutable", True))),
        mfa=one.get("MfaConfiguration", "OFF"),
        admin_only=one.get("AdminCreateUserConfig", {}).get("AllowAdminCreateUserOnly", False),
        password=tuple(sorted((name, _plain(value)) for name, value in password.items())),
        mails=tuple(sorted((name, seen.veiled(str(value))) for name, value in mails.items() if value)),
        mails_fail=one.get("EmailConfigurationFailure") or "",
    )


def _triggers(config: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Newer triggers carry a version beside the function's ARN; a key is no trigger."""
    found = (
        (name, value["LambdaArn"] if isinstance(value, Mapping) else value)
        for name, value in config.items()
        if name != "KMSKeyID"
    )
    return tuple(sorted(found))


def _plain(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _client(one: Mapping[str, Any]) -> seen.ClientSeen:
    writable = one.get("WriteAttributes")
    return seen.ClientSeen(
        id=one["ClientId"],
        signs_in=one.get("AllowedOAuthFlowsUserPoolClient", False),
        grants=tuple(sorted(one.get("AllowedOAuthFlows", ()))),
        callbacks=tuple(sorted(one.get("CallbackURLs", ()))),
        logouts=tuple(sorted(one.get("LogoutURLs", ()))),
        flows=tuple(sorted(one.get("ExplicitAuthFlows", ()))),
        writable=tuple(sorted(writable)) if writable else None,
        # Cognito API reference: LEGACY where nothing was said.
        hides_users=one.get("PreventUserExistenceErrors", "LEGACY"),
        access=_life(one, "AccessToken"),
        identity=_life(one, "IdToken"),
        refresh=_life(one, "RefreshToken"),
    )


def _life(one: Mapping[str, Any], token: str) -> int:
    unit, length = _LIVES[token]
    unit = one.get("TokenValidityUnits", {}).get(token, unit)
    said = one.get(f"{token}Validity")
    return int(said) * _SECONDS[unit] if said else length * _SECONDS[_LIVES[token][0]]
