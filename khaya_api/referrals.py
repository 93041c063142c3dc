"""Referrals: everybody has one code to give away, takes at most one, and both sides earn by it once."""

from __future__ import annotations

import secrets
import string
from collections.abc import Mapping
from enum import StrEnum
from http import HTTPStatus
from uuid import NAMESPACE_URL, uuid5

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from pydantic import BaseModel, Field

from khaya_api import errors
from khaya_api.access import Caller
from khaya_api.auth import caller
from khaya_api.errors import Refusal, conflict, not_found
from khaya_api.kit import Kit
from khaya_api.lists import PAGE, Cursor, Limit, page_of, read
from khaya_api.models import ANSWER, Page
from khaya_api.outgoing import created
from khaya_api.rows import Change, Row, Slice, timestamp
from khaya_api.writing import IdempotencyKey, Plan, Wish, perform

# R50 to each side.
REWARD = 5000
_DRAWN = 6
_ALPHABET = string.digits + string.ascii_uppercase
_NAME_LETTERS = 3


class ReferralStatus(StrEnum):
    """pending → completed → rewarded; the last two happen in one step."""

    PENDING = "pending"
    COMPLETED = "completed"
    REWARDED = "rewarded"


class Referral(BaseModel):
    """A code of one's own (`referralCode`), or somebody who took it (`referredId`, an opaque identifier)."""

    model_config = ANSWER

    id: str
    referralCode: str | None = None  # noqa: N815 - the wire's spelling
    referredId: str | None = None  # noqa: N815 - the wire's spelling
    status: ReferralStatus
    rewardAmount: int = Field(description="South African cents, to each side")  # noqa: N815 - the wire's spelling
    createdAt: str  # noqa: N815 - the wire's spelling
    completedAt: str | None = None  # noqa: N815 - the wire's spelling


class Offer(BaseModel):
    """What anybody may know of a code: that it is one, and what it is worth."""

    model_config = ANSWER

    referralCode: str  # noqa: N815 - the wire's spelling
    rewardAmount: int = Field(description="South African cents, to each side")  # noqa: N815 - the wire's spelling


def serve(app: APIGatewayRestResolver, kit: Kit) -> None:
    """Register the routes of referrals."""

    @app.get("/referrals", tags=["referrals"], summary="The caller's code, and who took it, newest first")
    def own(limit: Limit = PAGE, cursor: Cursor = None) -> Page[Referral]:
        mine = Slice(noun="referrals", index="ReferrerIndex", of=caller(app).sub)
        return page_of(kit, Referral, mine, limit, cursor)

    @app.post("/referrals", tags=["referrals"], summary="Get a code to give away", status_code=HTTPStatus.CREATED)
    def draw(idempotency_key: IdempotencyKey = None) -> Response[Referral]:
        referral, before = get_code(kit, caller(app), idempotency_key)
        return created(referral, replayed=before)

    @app.get("/referrals/<code>", tags=["referrals"], summary="Whether a code is one, and what it is worth")
    def look_up(code: str) -> Offer:
        row = _find(kit, code)
        return Offer(referralCode=row["referralCode"], rewardAmount=REWARD)

    @app.post("/referrals/<code>/apply", tags=["referrals"], summary="Take a code", status_code=HTTPStatus.CREATED)
    def apply(code: str, idempotency_key: IdempotencyKey = None) -> Response[Referral]:
        referral, replayed = apply_code(kit, caller(app), code, idempotency_key)
        return created(referral, replayed=replayed)


def get_code(kit: Kit, somebody: Caller, key: str | None) -> tuple[Referral, bool]:
    """The caller's code, drawn if they have none yet, and whether they had."""
    key_of_row = {"id": _code_id(somebody.sub)}

    def look() -> Plan:
        if kit.store.get("referrals", key_of_row):
            raise _HasOne
        return _drawing(somebody, timestamp(kit.clock()))

    try:
        done = perform(kit, Wish(sub=somebody.sub, operation="POST /referrals", key=key), look)
    except _HasOne:
        replayed = True
    else:
        replayed = done.replayed
    return read(Referral, "referrals", kit.store.get("referrals", key_of_row) or {}), replayed


def apply_code(kit: Kit, referee: Caller, code: str, key: str | None) -> tuple[Referral, bool]:
    """Take somebody else's code, once and for ever: 404 for none, 409 for one's own or a second one.

    Besides the referral, whether it was taken by an earlier request with the same key.
    """
    made = referee_id(referee.sub)

    def look() -> Plan:
        owner = _find(kit, code)["referrerId"]
        if owner == referee.sub:
            raise conflict("Nobody takes a code of their own.")
        moment = timestamp(kit.clock())
        row = {"referrerId": owner, "referredId": referee.sub, "status": "pending", "rewardAmount": REWARD}
        put = Change(noun="referrals", key={"id": made}, put={**row, "createdAt": moment}, new=True)
        return Plan(made=made, changes=[put], refuse=lambda _unmet: conflict("You have taken a code before."))

    done = perform(kit, Wish(sub=referee.sub, operation=f"POST /referrals/{code.upper()}/apply", key=key), look)
    return read(Referral, "referrals", kit.store.get("referrals", {"id": made}) or {}), done.replayed


def referee_id(user_id: str) -> str:
    """The id of the one referral that somebody can be the referee of."""
    return str(uuid5(NAMESPACE_URL, f"referee:{user_id}"))


def rewards(referral: Row, moment: str) -> tuple[Change, list[Row]]:
    """What a referee's first completed job comes to: the referral is rewarded, and two entries, one to each side."""
    change = Change(
        noun="referrals",
        key={"id": referral["id"]},
        sets={"status": "rewarded", "completedAt": moment},
        equal={"status": "pending"},
    )
    sides = {"referral": referral["referrerId"], "bonus": referral["referredId"]}
    entries = [
        {
            "id": str(uuid5(NAMESPACE_URL, f"{kind}:{referral['id']}")),
            "userId": user,
            "amount": int(referral["rewardAmount"]),
            "type": kind,
            "relatedReferralId": referral["id"],
            "createdAt": moment,
        }
        for kind, user in sides.items()
    ]
    return change, entries


class _HasOne(Refusal):
    """Somebody has drawn their code before, or a moment ago at another door."""

    def __init__(self) -> None:
        super().__init__(HTTPStatus.CONFLICT, errors.Code.VALIDATION_ERROR, "You have a code.")


def _drawing(somebody: Caller, moment: str) -> Plan:
    code = _prefix(somebody) + "".join(secrets.choice(_ALPHABET) for _ in range(_DRAWN))
    made = _code_id(somebody.sub)
    row = {"referrerId": somebody.sub, "referralCode": code, "status": "pending", "rewardAmount": REWARD}

    def refuse(unmet: Mapping[int, Row]) -> Refusal | None:
        # With only the code taken, another one is drawn.
        return _HasOne() if 0 in unmet else None

    own = Change(noun="referrals", key={"id": made}, put={**row, "createdAt": moment}, new=True)
    # An index cannot keep a code unique; this row can, and is the code as it is now when the index lags behind.
    taken = Change(noun="referrals", key={"id": f"code#{code}"}, put={"made": made}, new=True)
    return Plan(made=made, changes=[own, taken], refuse=refuse)


def _find(kit: Kit, code: str) -> Row:
    """The row of a code, in whatever case it was typed. 404 when there is none."""
    spelt = code.upper()
    found = kit.store.page(Slice(noun="referrals", index="CodeIndex", of=spelt), limit=1).rows
    if found:
        return found[0]
    marker = kit.store.get("referrals", {"id": f"code#{spelt}"})
    row = kit.store.get("referrals", {"id": marker["made"]}) if marker else None
    if row is None:
        raise not_found("There is no such code.")
    return row


def _prefix(somebody: Caller) -> str:
    name = somebody.claims.get("name")
    letters = "".join(letter for letter in str(name or "").upper() if letter in string.ascii_uppercase)[:_NAME_LETTERS]
    return letters if len(letters) == _NAME_LETTERS else "REF"


def _code_id(user_id: str) -> str:
    return str(uuid5(NAMESPACE_URL, f"code:{user_id}"))
