"""How anything is written: once for each idempotency key, so many times a minute for each user, all or nothing."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Header

from khaya_api.errors import Code, Detail, PartOut, Refusal, too_many
from khaya_api.kit import Kit
from khaya_api.rows import BOOKS, Change, Row

# As long as a client may go on repeating a request that it has not heard back from.
REMEMBERED = timedelta(hours=24)
# Seconds to wait after each look that was out of date by the time of the write.
_PAUSES = (0.0, 0.02, 0.05, 0.1, 0.2, 0.4, 0.4, 0.4)

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=255,
        pattern=r"^[\x21-\x7e]+$",
        description="Repeats with the same key within a day have one effect",
    ),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """Who wants what: `operation` is a method and a path with its ids, `body` what was sent, `key` makes it once."""

    sub: str
    operation: str
    body: Mapping[str, object] | None = None
    key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a wish comes to, as things are. `made` is the id of what comes of it.

    `refuse` is asked when conditions did not hold, with the rows that were there instead, by the place of the change:
    it answers why the wish cannot be granted, or None when things have moved and another look is due.
    """

    made: str
    changes: Sequence[Change]
    refuse: Callable[[Mapping[int, Row]], Refusal | None] = lambda _rows: None


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """The id of what was made, and whether that was at an earlier request with the same key."""

    made: str
    replayed: bool


def perform(kit: Kit, wish: Wish, look: Callable[[], Plan]) -> Done:
    """Look and write until a write meets what was seen. `Refusal` from the plan, 422 for a key's other request, 429."""
    part = BOOKS
    for pause in _PAUSES:
        try:
            plan = look()
            part = plan.changes[0].noun if plan.changes else part
            done = _write(kit, wish, plan)
        except Refusal:
            # What forbids the second time may be what the first time did, at the look or between it and the write.
            if earlier := _earlier(kit, wish):
                return earlier
            raise
        if done:
            return done
        time.sleep(pause)
    raise PartOut(part, "busy", "rows moved at every look")


def _write(kit: Kit, wish: Wish, plan: Plan) -> Done | None:
    now = kit.clock()
    before = [*_claim(wish, plan.made, now), _count(kit, wish.sub, now)]
    unmet = kit.store.write([*before, *plan.changes])
    if not unmet:
        return Done(made=plan.made, replayed=False)
    if wish.key and 0 in unmet:
        return _replay(wish, unmet[0])
    if len(before) - 1 in unmet:
        raise too_many("So many changes a minute are more than one person makes.", 60 - now.second)
    refusal = plan.refuse({place - len(before): row for place, row in unmet.items()})
    if refusal:
        raise refusal
    return None


def _count(kit: Kit, sub: str, now: datetime) -> Change:
    """One more write of this user in this minute, unless those are all taken."""
    return Change(
        noun=BOOKS,
        key={"id": f"limit#{sub}#{now:%Y%m%d%H%M}"},
        sets={"expiresAt": int((now + timedelta(minutes=2)).timestamp())},
        adds={"count": 1},
        below={"count": kit.settings.writes_per_minute},
    )


def _claim(wish: Wish, made: str, now: datetime) -> list[Change]:
    if wish.key is None:
        return []
    row = {"digest": _digest(wish), "made": made, "expiresAt": int((now + REMEMBERED).timestamp())}
    # Expired rows are removed within days, not at once.
    return [Change(noun=BOOKS, key=_claim_key(wish), put=row, new=True, or_before=int(now.timestamp()))]


def _earlier(kit: Kit, wish: Wish) -> Done | None:
    row = kit.store.get(BOOKS, _claim_key(wish)) if wish.key else None
    return _replay(wish, row) if row and int(row["expiresAt"]) >= kit.clock().timestamp() else None


def _replay(wish: Wish, row: Row) -> Done:
    if row["digest"] != _digest(wish):
        raise _another_request()
    return Done(made=str(row["made"]), replayed=True)


def _claim_key(wish: Wish) -> dict[str, str]:
    """Hashed with the user: no two people's keys meet, and no text of a client's becomes a row's key."""
    claim = f"{wish.sub}\0{wish.key}"
    return {"id": f"once#{hashlib.sha256(claim.encode()).hexdigest()}"}


def _digest(wish: Wish) -> str:
    asked = json.dumps([wish.operation, wish.body], sort_keys=True, default=str)
    return hashlib.sha256(asked.encode()).hexdigest()


def _another_request() -> Refusal:
    detail = Detail("Idempotency-Key", "was used for a different request; take a new key")
    message = "This key belongs to another request."
    return Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, Code.VALIDATION_ERROR, message, details=[detail])
