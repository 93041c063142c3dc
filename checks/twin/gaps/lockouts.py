"""Passwords that are tried: how many a pool looks at, and how long it then looks at none."""

from __future__ import annotations

import json
import time
from http import HTTPStatus

from checks.twin.gaps.challenges import Answer, Event
from checks.twin.gaps.patching import Function, Grounds, Untyped, replace, service, store

_FREE = 5
_LONGEST_S = 900.0
_BY_PASSWORD = frozenset({"USER_PASSWORD_AUTH", "ADMIN_USER_PASSWORD_AUTH", "ADMIN_NO_SRP_AUTH"})
# Kept with the user, so that whoever is deleted takes it along.
_WRONG, _LAST, _UNTIL = "wrong_passwords", "last_wrong_password", "no_password_before"


def make_guessers_wait(_: Grounds) -> None:
    """After five wrong passwords a user's are looked at no more for a second, then two, four … up to 15 minutes.

    Meanwhile every password, the right one too, is NotAuthorizedException "Password attempts exceeded", and counts for
    nothing (developer guide, "Lockout behavior for failed sign-in attempts"). MiniStack looks at any number of them.
    """
    cognito = service("services.cognito")
    sessions = store(cognito, "_challenge_sessions")

    def by_password(original: Function) -> Function:
        def sign_in(data: Event) -> Answer:
            asked = data.get("AuthFlow") in _BY_PASSWORD
            name = (data.get("AuthParameters") or {}).get("USERNAME") if asked else None
            return _counted(_user(cognito, str(data.get("ClientId")), name), lambda: original(data))

        return sign_in

    def by_proof(original: Function) -> Function:
        def verify(data: Event, cid: str) -> Answer:
            block = (data.get("ChallengeResponses") or {}).get("PASSWORD_CLAIM_SECRET_BLOCK")
            session = sessions.get(data.get("Session")) or sessions.get(block) or {}
            return _counted(_user(cognito, cid, session.get("username")), lambda: original(data, cid))

        return verify

    for name in ("_initiate_auth", "_admin_initiate_auth"):
        replace(cognito, name, ("data",), by_password)
    replace(cognito, "_respond_to_password_verifier", ("data", "cid"), by_proof)


def pause(wrong: int) -> float:
    """For how many seconds nothing is looked at after so many wrong passwords."""
    return 0.0 if wrong < _FREE else min(2.0 ** (wrong - _FREE), _LONGEST_S)


def _user(cognito: Untyped, client: str, name: Untyped) -> Event | None:
    pool = next((pool for pool in cognito._user_pools.values() if client in pool["_clients"]), None)  # noqa: SLF001
    found: Event | None = cognito._resolve_user(pool, name)[0] if pool and name else None  # noqa: SLF001
    return found


def _counted(user: Event | None, ask: Function) -> Answer:
    if user is None:
        return ask()
    now = time.time()
    if now < user.get(_UNTIL, 0.0):
        refuse = service("services.cognito").error_response_json
        return refuse("NotAuthorizedException", "Password attempts exceeded", 400)
    answer: Answer = ask()
    if answer[0] == HTTPStatus.OK:
        for word in (_WRONG, _LAST, _UNTIL):
            user.pop(word, None)
    elif "Incorrect username or password" in str(json.loads(answer[2]).get("message")):
        forgotten = now - user.get(_LAST, now) > _LONGEST_S
        user[_WRONG] = 1 if forgotten else user.get(_WRONG, 0) + 1
        user[_LAST], user[_UNTIL] = now, now + pause(user[_WRONG])
    return answer
