"""One-time codes: six digits, ten minutes, one use, three tries, three sends; kept only as a keyed digest."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import datetime, timedelta

from khaya_api.rows import BOOKS, Change
from khaya_api.store import Store

DIGITS = 6
VALID_FOR = timedelta(minutes=10)
MOST_TRIES = 3
MOST_SENDS = 3


def draw() -> str:
    """A code that nobody can foretell."""
    return f"{secrets.randbelow(10**DIGITS):0{DIGITS}}"


def issue(store: Store, user: str, code: str, *, key: bytes, now: datetime) -> bool:
    """Keep `code` as the user's only one; False, and the earlier one stays, when three were sent in ten minutes.

    Of three sends within ten minutes, each takes one of three places; a place is free again ten minutes later.
    """
    epoch, until = int(now.timestamp()), int((now + VALID_FOR).timestamp())
    kept = {"digest": _digest(user, code, key), "tries": 0, "until": until, "expiresAt": until}
    for place in range(MOST_SENDS):
        sent = {"id": f"sent#{_hidden(user, key)}#{place}"}
        unmet = store.write(
            [
                Change(noun=BOOKS, key=sent, put={"expiresAt": until}, new=True, or_before=epoch + 1),
                Change(noun=BOOKS, key=_key(user, key), put=kept),
            ]
        )
        if not unmet:
            return True
    return False


def redeem(store: Store, user: str, code: str, *, key: bytes, now: datetime) -> bool:
    """Whether this is the user's code: not too late, not after three tries, not a second time.

    The try is counted before the code is looked at, so that many guesses at once are still three.
    """
    row = store.get(BOOKS, _key(user, key))
    if row is None or int(row["until"]) <= now.timestamp():
        return False
    tried = Change(
        noun=BOOKS,
        key=_key(user, key),
        adds={"tries": 1},
        equal={"digest": row["digest"]},
        below={"tries": MOST_TRIES},
        exists=True,
    )
    if store.write([tried]):
        return False
    if not hmac.compare_digest(str(row["digest"]), _digest(user, code, key)):
        return False
    used = Change(noun=BOOKS, key=_key(user, key), sets={"digest": "used"}, equal={"digest": row["digest"]})
    return not store.write([used])


def _digest(user: str, code: str, key: bytes) -> str:
    """Keyed: a million codes are tried in a second by whoever reads the table, but not without the key."""
    return hmac.new(key, f"code\0{user}\0{code}".encode(), hashlib.sha256).hexdigest()


def _hidden(user: str, key: bytes) -> str:
    return hmac.new(key, f"user\0{user}".encode(), hashlib.sha256).hexdigest()


def _key(user: str, key: bytes) -> dict[str, str]:
    return {"id": f"code-of#{_hidden(user, key)}"}
