"""Faults of who may sign in, and how."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from checks.model import Check
from checks.twin.faults.bench import Bench
from checks.twin.faults.between.http import Tamper, Visit, answer
from checks.twin.faults.staging import Undo, broken, harmless, instead, said, told, where_said
from checks.twin.faults.words import Fault, Unfit

_FAMILY = "Cognito / authentication"
_UPDATABLE = (
    "Policies",
    "DeletionProtection",
    "LambdaConfig",
    "AutoVerifiedAttributes",
    "SmsVerificationMessage",
    "EmailVerificationMessage",
    "VerificationMessageTemplate",
    "UserAttributeUpdateSettings",
    "MfaConfiguration",
    "DeviceConfiguration",
    "EmailConfiguration",
    "AdminCreateUserConfig",
    "UserPoolAddOns",
    "AccountRecoverySetting",
)
_OF_CLIENT = (
    "ClientName",
    "RefreshTokenValidity",
    "AccessTokenValidity",
    "IdTokenValidity",
    "TokenValidityUnits",
    "ReadAttributes",
    "WriteAttributes",
    "ExplicitAuthFlows",
    "SupportedIdentityProviders",
    "CallbackURLs",
    "LogoutURLs",
    "DefaultRedirectURI",
    "AllowedOAuthFlows",
    "AllowedOAuthScopes",
    "AllowedOAuthFlowsUserPoolClient",
    "PreventUserExistenceErrors",
    "EnableTokenRevocation",
    "AuthSessionValidity",
)


_UNSAID: tuple[object, ...] = (None, "", [], {})
# Cognito API reference, CreateUserPoolClient: how long tokens live where nothing was said.
_LIVES: dict[str, Any] = {
    "AccessTokenValidity": 1,
    "IdTokenValidity": 1,
    "RefreshTokenValidity": 30,
    "TokenValidityUnits": {"AccessToken": "hours", "IdToken": "hours", "RefreshToken": "days"},
}


def _cognito(bench: Bench, check: Check) -> tuple[Any, str]:
    return bench.aws("cognito-idp", str(check.params["region"])), str(check.params["pool"])


def pool(change_it: Callable[[dict[str, Any]], object]) -> Callable[[Bench, Check], Undo]:
    """The user pool has other settings."""

    def change(bench: Bench, check: Check) -> Undo:
        users, name = _cognito(bench, check)
        seen = users.describe_user_pool(UserPoolId=name)["UserPool"]
        # What was never set is told as empty, and refused as empty.
        before = {key: seen[key] for key in _UPDATABLE if seen.get(key) not in _UNSAID}
        before["AdminCreateUserConfig"] = {
            key: value for key, value in before.get("AdminCreateUserConfig", {}).items() if "Unused" not in key
        }
        other = {**before}
        change_it(other)
        # What was not there before is taken back by saying that there is none.
        none = {key: type(value)() for key, value in other.items() if key not in before}
        users.update_user_pool(UserPoolId=name, **other)
        return lambda: users.update_user_pool(UserPoolId=name, **before, **none)

    return change


def client(change_it: Callable[[dict[str, Any]], object]) -> Callable[[Bench, Check], Undo]:
    """The app client has other settings."""

    def change(bench: Bench, check: Check) -> Undo:
        users, name = _cognito(bench, check)
        own = str(check.params["client"])
        seen = users.describe_user_pool_client(UserPoolId=name, ClientId=own)["UserPoolClient"]
        before = {key: seen[key] for key in _OF_CLIENT if seen.get(key) not in _UNSAID}
        before = before if "TokenValidityUnits" in before else {**_LIVES, **before}
        other = {**before}
        change_it(other)
        users.update_user_pool_client(UserPoolId=name, ClientId=own, **other)
        return lambda: users.update_user_pool_client(UserPoolId=name, ClientId=own, **before)

    return change


def client_gone(_bench: Bench, check: Check) -> Tamper:
    """Cognito knows the client no more."""
    body = json.dumps({"__type": "ResourceNotFoundException", "message": "User pool client does not exist."})
    gone = answer(400, body, "application/x-amz-json-1.1", x_amzn_requestid="rehearsed")
    own = str(check.params["client"]).encode()

    def about(visit: Visit) -> bool:
        return visit.service == "cognito-idp" and visit.operation == "DescribeUserPoolClient" and own in visit.body

    return instead(about, gone)


def second_factor(bench: Bench, check: Check) -> Undo:
    """The second factor is asked for where the template does not, or not where it does."""
    users, name = _cognito(bench, check)
    before = users.get_user_pool_mfa_config(UserPoolId=name).get("MfaConfiguration", "OFF")
    totp = {"SoftwareTokenMfaConfiguration": {"Enabled": True}} if before == "OFF" else {}
    users.set_user_pool_mfa_config(UserPoolId=name, MfaConfiguration="OPTIONAL" if before == "OFF" else "OFF", **totp)
    return lambda: users.set_user_pool_mfa_config(UserPoolId=name, MfaConfiguration=before)


def group_gone(bench: Bench, check: Check) -> Undo:
    """A group of the template does not exist."""
    users, name = _cognito(bench, check)
    groups = check.params["names"]
    if not isinstance(groups, tuple) or not groups:
        raise Unfit("the pool has no groups")
    seen = users.get_group(UserPoolId=name, GroupName=groups[0])["Group"]
    users.delete_group(UserPoolId=name, GroupName=groups[0])
    kept = {key: seen[key] for key in ("Description", "RoleArn", "Precedence") if seen.get(key)}
    return lambda: users.create_group(UserPoolId=name, GroupName=groups[0], **kept)


def more_of_all(bench: Bench, check: Check) -> Undo:
    """One more client and one more group."""
    users, name = _cognito(bench, check)
    users.create_group(UserPoolId=name, GroupName="visitors")
    made = users.create_user_pool_client(UserPoolId=name, ClientName="another")["UserPoolClient"]["ClientId"]

    def back() -> None:
        users.delete_group(UserPoolId=name, GroupName="visitors")
        users.delete_user_pool_client(UserPoolId=name, ClientId=made)

    return back


def _weak(settings: dict[str, Any]) -> None:
    policy = settings["Policies"]["PasswordPolicy"]
    settings["Policies"] = {**settings["Policies"], "PasswordPolicy": {**policy, "MinimumLength": 6}}


def _other_door(settings: dict[str, Any]) -> None:
    invited = settings["AdminCreateUserConfig"].get("AllowAdminCreateUserOnly", False)
    settings["AdminCreateUserConfig"] = {**settings["AdminCreateUserConfig"], "AllowAdminCreateUserOnly": not invited}


def _broken_trigger(settings: dict[str, Any]) -> None:
    arn = "arn:aws:lambda:af-south-1:000000000000:function:nobody-made-this"
    settings["LambdaConfig"] = {**settings.get("LambdaConfig", {}), "PreSignUp": arn}


def _abroad(settings: dict[str, Any]) -> None:
    """Back to another site, as after a move."""
    settings.update(
        CallbackURLs=["https://elsewhere.example/"], AllowedOAuthFlows=["code"], AllowedOAuthScopes=["openid"],
        AllowedOAuthFlowsUserPoolClient=True, SupportedIdentityProviders=["COGNITO"],
    )  # fmt: skip
    settings.pop("DefaultRedirectURI", None)


def _unknown_sender(settings: dict[str, Any]) -> None:
    """Mails go out by an address that SES does not know."""
    arn = "arn:aws:ses:af-south-1:000000000000:identity/nobody.example"
    settings["EmailConfiguration"] = {"EmailSendingAccount": "DEVELOPER", "SourceArn": arn}


def _cannot_send(_bench: Bench, _check: Check) -> Tamper:
    def change(seen: dict[str, Any]) -> None:
        # Of its clients it is asked by an operation whose name begins the same.
        if "UserPool" in seen:
            seen["UserPool"]["EmailConfigurationFailure"] = "Email address is not verified."

    return said("cognito-idp", "DescribeUserPool", change)


def _no_flow(settings: dict[str, Any]) -> None:
    settings["ExplicitAuthFlows"] = ["ALLOW_REFRESH_TOKEN_AUTH"]


def _long_lived(settings: dict[str, Any]) -> None:
    settings.update(AccessTokenValidity=24, RefreshTokenValidity=3650)
    settings["TokenValidityUnits"] = {"AccessToken": "hours", "IdToken": "hours", "RefreshToken": "days"}
    settings["IdTokenValidity"] = 1


_C = ("api.*",)

FAULTS: tuple[Fault, ...] = (
    Fault(
        id="AUTH-02",
        family=_FAMILY,
        breaks="the app client is gone",
        promise="auth.client",
        stage=told("auth.client", client_gone),
        fidelity="patched",
        note="made again it would have another id",
    ),
    Fault(
        id="AUTH-03",
        family=_FAMILY,
        breaks="the way people sign in is switched off",
        promise="auth.client",
        stage=broken("auth.client", client(_no_flow)),
    ),
    Fault(
        id="AUTH-05",
        family=_FAMILY,
        breaks="people are sent to another site when they signed in",
        promise="auth.client",
        stage=broken("auth.client", client(_abroad)),
    ),
    Fault(
        id="AUTH-08",
        family=_FAMILY,
        breaks="the second factor is not what the template says",
        promise="auth.settings",
        stage=broken("auth.settings", second_factor),
    ),
    Fault(
        id="AUTH-09",
        family=_FAMILY,
        breaks="six letters are a password",
        promise="auth.settings",
        stage=broken("auth.settings", where_said("MinimumLength", pool(_weak))),
    ),
    Fault(
        id="AUTH-10",
        family=_FAMILY,
        breaks="one call deletes every account",
        promise="auth.pool",
        stage=broken("auth.pool", pool(lambda settings: settings.update(DeletionProtection="INACTIVE"))),
    ),
    Fault(
        id="AUTH-11",
        family=_FAMILY,
        breaks="who may sign up is not what the template says",
        promise="auth.settings",
        stage=broken("auth.settings", pool(_other_door)),
    ),
    Fault(
        id="AUTH-12",
        family=_FAMILY,
        breaks="strangers learn who has an account",
        promise="auth.client",
        stage=broken("auth.client", client(lambda settings: settings.update(PreventUserExistenceErrors="LEGACY"))),
    ),
    Fault(
        id="AUTH-14",
        family=_FAMILY,
        breaks="tokens live for a day and for ten years",
        promise="auth.client",
        stage=broken("auth.client", client(_long_lived)),
    ),
    Fault(
        id="AUTH-16",
        family=_FAMILY,
        breaks="signing up calls a function that does not exist",
        promise="auth.pool",
        stage=broken("auth.pool", pool(_broken_trigger)),
    ),
    Fault(
        id="AUTH-24",
        family=_FAMILY,
        breaks="mails of the sign-up go out by a sender that nobody verified",
        promise="auth.mails",
        stage=broken("auth.mails", pool(_unknown_sender)),
        note="the default sender is what the template of this deployment names; it is told with its quota",
    ),
    Fault(
        id="X-AUTH-02",
        family=_FAMILY,
        breaks="Cognito says that it cannot send mails",
        promise="auth.mails",
        stage=told("auth.mails", _cannot_send),
        fidelity="patched",
    ),
    Fault(
        id="X-AUTH-01",
        family=_FAMILY,
        breaks="a group is gone",
        promise="auth.groups",
        stage=broken("auth.groups", group_gone),
    ),
    Fault(
        id="B-AUTH-01",
        family=_FAMILY,
        kind="benign",
        breaks="one more client and one more group",
        stage=harmless("auth.groups", more_of_all),
    ),
)
