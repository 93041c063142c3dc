"""Users: who has signed in, each phone and each e-mail address one user's."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import datetime

from khaya_api.access import Role
from khaya_api.errors import PartOut, conflict
from khaya_api.rows import Change, Row, timestamp
from khaya_api.store import Store

_PAUSES = (0.0, 0.02, 0.05, 0.1, 0.2)
_UNIQUE = ("phone", "email")
# Whoever offers something, until their profile says what: a list of its own in the index of e-mail addresses, where
# no address can be spelt so.
NEWCOMERS = "#newcomers"
_OFFERING = frozenset({Role.WORKER.value, Role.SELLER.value})


def remember(
    store: Store, user_id: str, known: Mapping[str, str | None], now: datetime, *, role: str | None = None
) -> None:
    """Make or renew a user at sign-in; `known` may have phone (E.164), email, name, loginMethod.

    `role` (buyer if None) and `createdAt` are set once, and never by a sign-in again. 409 when phone or e-mail is
    another user's.
    """
    given = {name: _clean(name, value) for name, value in known.items() if value}
    for pause in _PAUSES:
        row = store.get("users", {"id": user_id}) or {}
        unmet = store.write(_changes(user_id, row, given, role or Role.BUYER.value, timestamp(now)))
        if not unmet:
            return
        if any(was.get("userId") not in {None, user_id} for was in unmet.values()):
            raise conflict("This phone number or e-mail address belongs to another user.")
        time.sleep(pause)
    raise PartOut("users", "busy", "rows moved at every look")


def settled(mark: Row) -> Change:
    """Take a newcomer off the list of those."""
    return Change(noun="users", key={"id": str(mark["id"])}, drops=["email"], exists=True)


def _changes(user_id: str, row: Row, given: Mapping[str, str], role: str, moment: str) -> list[Change]:
    user = Change(
        noun="users",
        key={"id": user_id},
        # What is not known is absent: an index takes no null.
        sets={**given, "updatedAt": moment, "lastSignedIn": moment},
        firsts={"role": role, "createdAt": moment},
        adds={"version": 1},
        equal={"version": row.get("version")},
    )
    claims = [change for kind in _UNIQUE for change in _claims(user_id, kind, row.get(kind), given.get(kind))]
    return [user, *claims, *([] if row or role not in _OFFERING else [_newcomer(user_id, role, moment)])]


def _newcomer(user_id: str, role: str, moment: str) -> Change:
    mark = {"email": NEWCOMERS, "userId": user_id, "role": role, "createdAt": moment}
    return Change(noun="users", key={"id": f"newcomer#{user_id}"}, put=mark)


def _claims(user_id: str, kind: str, before: object, after: str | None) -> list[Change]:
    if after is None or after == before:
        return []
    mine = {"userId": user_id}
    taken = Change(noun="users", key=_marker(kind, after), put=mine, new=True, or_equal=mine, or_absent=["userId"])
    freed = Change(noun="users", key=_marker(kind, str(before)), drops=["userId"], equal=mine)
    return [taken, *([freed] if before else [])]


def _marker(kind: str, value: str) -> dict[str, str]:
    return {"id": f"{kind}#{value}"}


def _clean(name: str, value: str) -> str:
    return value.strip().lower() if name == "email" else value.strip()
