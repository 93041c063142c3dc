"""Where a list goes on: a position that a caller carries, and cannot change or use on another list."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable

from khaya_api.errors import Detail, invalid
from khaya_api.rows import Position

LONGEST = 512
_MAC_BYTES = 16
_ALPHABET = re.compile(r"[A-Za-z0-9_-]+")


def seal(position: Position, *, scope: str, key: bytes) -> str:
    """A cursor for `position` within the list that `scope` names (`jobs?status=open`)."""
    payload = json.dumps(position, separators=(",", ":"), sort_keys=True).encode()
    return urlsafe_b64encode(_mac(payload, scope, key) + payload).rstrip(b"=").decode()


def unseal(cursor: str, *, scope: str, keys: Iterable[bytes]) -> dict[str, str | int] | None:
    """The position, or None unless one of `keys` has signed exactly this cursor for exactly this list."""
    sealed = _decode(cursor)
    if sealed is None:
        return None
    mac, payload = sealed[:_MAC_BYTES], sealed[_MAC_BYTES:]
    if not any(hmac.compare_digest(mac, _mac(payload, scope, key)) for key in keys):
        return None
    position: dict[str, str | int] = json.loads(payload)
    return position


def bad_cursor() -> Exception:
    """400: the cursor is not one of ours, or belongs to another list."""
    return invalid(Detail("cursor", "must be the nextCursor of an earlier page of this same list"))


def _decode(cursor: str) -> bytes | None:
    if len(cursor) > LONGEST or not _ALPHABET.fullmatch(cursor):
        return None
    try:
        sealed = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    except ValueError:
        return None
    # The last character has bits to spare; only one spelling of a cursor is the cursor.
    return sealed if urlsafe_b64encode(sealed).rstrip(b"=").decode() == cursor else None


def _mac(payload: bytes, scope: str, key: bytes) -> bytes:
    return hmac.digest(key, scope.encode() + b"\0" + payload, hashlib.sha256)[:_MAC_BYTES]
