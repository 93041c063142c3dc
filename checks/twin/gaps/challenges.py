"""Signing in by challenges of one's own (CUSTOM_AUTH): who is asked, by what name, how often, and what is said."""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Mapping

from checks.twin.gaps.patching import Function, Grounds, Untyped, replace, service, store

Event = dict[str, Untyped]
# Status, headers and body, as MiniStack hands them on.
Answer = Untyped

_DEFINE = ("pool_id", "client_id", "username", "user_attrs", "session", "client_metadata")
_VERIFY = ("pool_id", "client_id", "username", "user_attrs", "session", "challenge_answer", "client_metadata")
# MiniStack's word for a step, Cognito's name of the trigger, and the parameters.
_STEPS = (
    ("define_auth_challenge", "DefineAuthChallenge", _DEFINE),
    ("create_auth_challenge", "CreateAuthChallenge", _DEFINE),
    ("verify_auth_challenge", "VerifyAuthChallengeResponse", _VERIFY),
)
_BEGINNINGS = ("_initiate_auth", "_admin_initiate_auth")
_RESPONSES = ("_respond_to_auth_challenge", "_admin_respond_to_auth_challenge")
_UNKNOWN = "nobody_has_this_name"


def call_triggers_as_a_service(_: Grounds) -> None:
    """A pool calls a function that lets it, and passes on the message that the function failed with.

    Without a permission for `cognito-idp.amazonaws.com` from this pool it cannot (UnexpectedLambdaException); a failure
    is UserLambdaValidationException with the function's own message (developer guide, "Customizing user pool
    workflows with Lambda triggers"). MiniStack asks no permission and answers with the function's whole stack trace.
    """
    cognito = service("services.cognito")
    for word, trigger, parameters in _STEPS:
        build = store(cognito, f"_build_{word}_event")

        def calling(_original: Function, trigger: str = trigger, build: Function = build) -> Function:
            def invoke(pool_id: str, *rest: Untyped) -> tuple[Untyped, Untyped]:
                return call_trigger(pool_id, trigger, lambda: build(pool_id, *rest))

            return invoke

        replace(cognito, f"_invoke_{word}_trigger", parameters, calling)


def call_people_by_their_own_name(_: Grounds) -> None:
    """A trigger is told a user's own name, whatever they signed in with; of nobody, that there is nobody.

    So a code for somebody is theirs by phone and by e-mail alike (developer guide, "Custom authentication challenge
    Lambda triggers"). MiniStack hands on what was typed, and says `userNotFound: false` always.
    """
    cognito = service("services.cognito")
    pools, resolve = store(cognito, "_user_pools"), store(cognito, "_resolve_user")

    def named(original: Function) -> Function:
        def build(pool_id: str, client_id: str, username: str, *rest: Untyped, **more: Untyped) -> Event:
            event: Event = original(pool_id, client_id, username, *rest, **more)
            user, _error = resolve(pools.get(pool_id) or {"_users": {}}, username)
            event["userName"] = user["Username"] if user else username
            event["request"]["userNotFound"] = user is None
            return event

        return build

    for word, _trigger, parameters in _STEPS:
        replace(cognito, f"_build_{word}_event", parameters, named)


def ask_nobody_like_anybody(_: Grounds) -> None:
    """Who does not exist is asked a challenge too, where the client prevents that this be told; and never let in.

    AWS: with PreventUserExistenceErrors the triggers decide, told `userNotFound` (developer guide, "Managing user
    existence error responses"). MiniStack says UserNotFoundException.
    """
    cognito = service("services.cognito")
    sessions = store(cognito, "_challenge_sessions")

    def beginning(original: Function) -> Function:
        def begin(data: Event) -> Answer:
            place = _hidden_place(cognito, data)
            if place is None:
                return original(data)
            token, session = cognito._create_challenge_session(*place, str(data["AuthParameters"]["USERNAME"]))  # noqa: SLF001
            session[_UNKNOWN] = True
            return _go_on(cognito, token, session, data)

        return begin

    def responding(original: Function) -> Function:
        def respond(data: Event) -> Answer:
            token = str(data.get("Session"))
            session = sessions.get(token)
            if data.get("ChallengeName") != "CUSTOM_CHALLENGE" or not session or _UNKNOWN not in session:
                return original(data)
            said = data.get("ChallengeResponses", {}).get("ANSWER", "")
            about: tuple[Untyped, ...] = (session["pool_id"], session["client_id"], session["username"], {}, session)
            _, error = cognito._invoke_verify_auth_challenge_trigger(*about, said, data.get("ClientMetadata", {}))  # noqa: SLF001
            if error:
                return error
            cognito._update_pending_challenge_result(session, False)  # noqa: FBT003, SLF001 - nobody is never right
            return _go_on(cognito, token, session, data)

        return respond

    for name in _BEGINNINGS:
        replace(cognito, name, ("data",), beginning)
    for name in _RESPONSES:
        replace(cognito, name, ("data",), responding)


def let_a_session_answer_once(_: Grounds) -> None:
    """Each answer to a challenge needs the newest session and gets another; an old one is NotAuthorizedException.

    MiniStack gives one session for the whole sign-in, which can then be answered from two sides at once.
    """
    cognito = service("services.cognito")
    sessions, refuse = store(cognito, "_challenge_sessions"), store(cognito, "error_response_json")

    def once(original: Function) -> Function:
        def respond(data: Event) -> Answer:
            if data.get("ChallengeName") != "CUSTOM_CHALLENGE":
                return original(data)
            held, fresh = str(data.get("Session")), base64.b64encode(secrets.token_bytes(32)).decode()
            session = sessions.pop(held, None)
            if session is None:
                return refuse("NotAuthorizedException", "Invalid session for the user.", 400)
            sessions[fresh] = session
            return original({**data, "Session": fresh})

        return respond

    for name in _RESPONSES:
        replace(cognito, name, ("data",), once)


def call_trigger(pool_id: str, trigger: str, build: Function) -> tuple[Event | None, Answer | None]:
    """What a pool's trigger answers to the event that `build` makes, or Cognito's error; neither without a trigger."""
    cognito, functions = service("services.cognito"), service("services.lambda_svc")
    arn = ((cognito._user_pools.get(pool_id) or {}).get("LambdaConfig") or {}).get(trigger)  # noqa: SLF001
    if not arn:
        return None, None
    record, config, name = functions._get_func_record_for_ref(arn)  # noqa: SLF001
    # Of an alias too, statements are kept with the function; each names what it is about.
    policy = (functions._functions.get(name) or {}).get("policy") or {}  # noqa: SLF001
    if record is None or not _may_call(policy, cognito._pool_arn(pool_id), arn):  # noqa: SLF001
        reason = "ResourceNotFoundException" if record is None else "AccessDeniedException"
        said = f"{trigger} invocation failed due to error {reason}."
        return None, cognito.error_response_json("UnexpectedLambdaException", said, 400)
    chosen = functions._execution_record_for_config(record, config)  # noqa: SLF001
    result = functions._execute_function_with_config_scope(chosen, build())  # noqa: SLF001
    body = _read(result.get("body"))
    if result.get("error"):
        why = body.get("errorMessage") if isinstance(body, Mapping) else body
        said = f"{trigger} failed with error {why}."
        return None, cognito.error_response_json("UserLambdaValidationException", said, 400)
    if not isinstance(body, dict):
        said = f"Unrecognizable lambda output from {trigger}"
        return None, cognito.error_response_json("InvalidLambdaResponseException", said, 400)
    return body, None


def _may_call(policy: Mapping[str, Untyped], pool_arn: str, called: str) -> bool:
    return any(
        (each.get("Effect"), each.get("Resource")) == ("Allow", called)
        and (each.get("Principal") or {}).get("Service") == "cognito-idp.amazonaws.com"
        and _sources(each.get("Condition") or {}) in ([], [pool_arn])
        for each in policy.get("Statement", [])
    )


def _sources(condition: Mapping[str, Untyped]) -> list[str]:
    named = [value for test in condition.values() for key, value in test.items() if key.lower() == "aws:sourcearn"]
    return [str(each) for each in named]


def _read(body: Untyped) -> Untyped:
    if not isinstance(body, (str, bytes)):
        return body
    try:
        return json.loads(body)
    except ValueError:
        return body


def _hidden_place(cognito: Untyped, data: Event) -> tuple[str, str] | None:
    """Pool and client of a sign-in by challenges as somebody unknown, where that is not told; else nothing."""
    client, name = str(data.get("ClientId")), (data.get("AuthParameters") or {}).get("USERNAME")
    for pool_id, pool in cognito._user_pools.items():  # noqa: SLF001
        if client in pool["_clients"] and data.get("AuthFlow") == "CUSTOM_AUTH" and name:
            allowed = "ALLOW_CUSTOM_AUTH" in (pool["_clients"][client].get("ExplicitAuthFlows") or [])
            hidden = allowed and cognito._hides_user_existence(pool, client)  # noqa: SLF001
            return (pool_id, client) if hidden and cognito._resolve_user(pool, name)[0] is None else None  # noqa: SLF001
    return None


def _go_on(cognito: Untyped, token: str, session: Event, data: Event) -> Answer:
    metadata = data.get("ClientMetadata", {})
    about: tuple[Untyped, ...] = (session["pool_id"], session["client_id"], session["username"], {}, session)
    decided, error = cognito._invoke_define_auth_challenge_trigger(*about, metadata)  # noqa: SLF001
    if error:
        return error
    if decided is not None and decided.get("response", {}).get("issueTokens"):
        decided["response"].update(issueTokens=False, failAuthentication=True)
    return cognito._continue_custom_auth_after_define(token, session, {}, {}, metadata, decided)  # noqa: SLF001
