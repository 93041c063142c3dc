"""Signing up, and what happens around a sign-in: triggers that a pool calls, and what a client may write."""

from __future__ import annotations

import json
from http import HTTPStatus

from checks.twin.gaps.challenges import Answer, Event, call_trigger
from checks.twin.gaps.patching import Function, Grounds, Untyped, replace, service, store

_PRE_SIGN_UP = ("pool_id", "client_id", "username", "user_attrs", "trigger_source")
_FLAGS = ("autoConfirmUser", "autoVerifyEmail", "autoVerifyPhone")
# Every way to tokens but a refresh, which signs nobody in.
_SIGN_INS = (
    "_initiate_auth",
    "_admin_initiate_auth",
    "_respond_to_auth_challenge",
    "_admin_respond_to_auth_challenge",
)


def ask_before_a_sign_up(_: Grounds) -> None:
    """A function that refuses a sign-up is quoted by its message; one that the pool may not call lets nobody in.

    MiniStack answers with the function's whole stack trace, and asks no permission.
    """
    cognito = service("services.cognito")
    build, rejected = store(cognito, "_build_presignup_event"), store(cognito, "_PreSignUpRejected")

    def asking(_original: Function) -> Function:
        def apply(
            pool_id: str,
            client_id: str,
            username: str,
            user_attrs: Event,
            trigger_source: str = "PreSignUp_ExternalProvider",
        ) -> dict[str, bool]:
            about = {
                "pool_id": pool_id,
                "client_id": client_id,
                "username": username,
                "user_attrs": user_attrs,
                "trigger_source": trigger_source,
            }
            said, error = call_trigger(pool_id, "PreSignUp", lambda: build(**about))
            if error:
                raise rejected(json.loads(error[2])["message"])
            response = (said or {}).get("response") or {}
            return {flag: bool(response.get(flag)) for flag in _FLAGS}

        return apply

    replace(cognito, "_apply_presignup_trigger", _PRE_SIGN_UP, asking)


def tell_that_somebody_is_confirmed(_: Grounds) -> None:
    """PostConfirmation is called once a user is confirmed, by themselves or by an administrator.

    Its failure is told to who asked; the user stays confirmed (developer guide, "Post confirmation Lambda trigger").
    MiniStack never calls it.
    """
    cognito = service("services.cognito")

    def telling(original: Function) -> Function:
        def confirm(data: Event) -> Answer:
            answer: Answer = original(data)
            pool_id = _pool_of(cognito, data)
            if answer[0] != HTTPStatus.OK or pool_id is None:
                return answer
            user, _error = cognito._resolve_user(cognito._user_pools[pool_id], data.get("Username"))  # noqa: SLF001
            error = _tell("PostConfirmation_ConfirmSignUp", pool_id, user, data)
            return error or answer

        return confirm

    for name in ("_confirm_sign_up", "_admin_confirm_sign_up"):
        replace(cognito, name, ("data",), telling)


def tell_that_somebody_signed_in(_: Grounds) -> None:
    """PostAuthentication is called before tokens are given, whatever the flow; its failure keeps them back.

    MiniStack never calls it.
    """
    cognito = service("services.cognito")
    claims_of = store(cognito, "_token_claims")

    def telling(original: Function) -> Function:
        def sign_in(data: Event) -> Answer:
            answer: Answer = original(data)
            given = json.loads(answer[2]).get("AuthenticationResult") if answer[0] == HTTPStatus.OK else None
            pool_id = _pool_of(cognito, data)
            if not given or pool_id is None or str(data.get("AuthFlow", "")).startswith("REFRESH_TOKEN"):
                return answer
            name = claims_of(given["AccessToken"]).get("username")
            user, _error = cognito._resolve_user(cognito._user_pools[pool_id], name)  # noqa: SLF001
            return _tell("PostAuthentication_Authentication", pool_id, user, data) or answer

        return sign_in

    for name in _SIGN_INS:
        replace(cognito, name, ("data",), telling)


def keep_attributes_from_clients(_: Grounds) -> None:
    """Who signed in through a client writes what its WriteAttributes name, and gets NotAuthorizedException otherwise.

    MiniStack lets every client write everything, among it whether an address is verified.
    """
    cognito = service("services.cognito")
    pools, refuse = store(cognito, "_user_pools"), store(cognito, "error_response_json")
    claims_of = store(cognito, "_token_claims")

    def keeping(original: Function) -> Function:
        def write(data: Event) -> Answer:
            client = str(data.get("ClientId") or claims_of(data.get("AccessToken", "")).get("client_id"))
            clients = [pool["_clients"][client] for pool in pools.values() if client in pool["_clients"]]
            allowed = set(clients[0].get("WriteAttributes") or []) if clients else set()
            named = {str(each.get("Name")) for each in data.get("UserAttributes") or []}
            if allowed and named - allowed:
                return refuse("NotAuthorizedException", "A client attempted to write unauthorized attribute", 400)
            return original(data)

        return write

    for name in ("_sign_up", "_update_user_attributes"):
        replace(cognito, name, ("data",), keeping)


def _pool_of(cognito: Untyped, data: Event) -> str | None:
    client = data.get("ClientId")
    return data.get("UserPoolId") or next(
        (pool_id for pool_id, pool in cognito._user_pools.items() if client in pool["_clients"]),  # noqa: SLF001
        None,
    )


def _tell(source: str, pool_id: str, user: Event, data: Event) -> Answer | None:
    """Call a trigger that nothing is asked of; Cognito's error if it fails."""
    cognito = service("services.cognito")
    event = {
        "version": "1",
        "triggerSource": source,
        "region": cognito._pool_region(pool_id),  # noqa: SLF001
        "userPoolId": pool_id,
        "userName": user["Username"],
        "callerContext": {
            "awsSdkVersion": "aws-sdk-unknown-unknown",
            "clientId": data.get("ClientId") or "CLIENT_ID_NOT_APPLICABLE",
        },
        "request": {
            "userAttributes": {
                **cognito._attr_list_to_dict(user["Attributes"]),  # noqa: SLF001
                "cognito:user_status": user["UserStatus"],
            },
            "clientMetadata": data.get("ClientMetadata") or {},
        },
        "response": {},
    }
    _said, error = call_trigger(pool_id, source.partition("_")[0], lambda: event)
    return error
