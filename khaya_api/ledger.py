"""Credits: a ledger that only ever grows, and what its entries come to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from enum import StrEnum

from aws_lambda_powertools.event_handler import APIGatewayRestResolver
from pydantic import BaseModel, Field

from khaya_api.auth import caller
from khaya_api.kit import Kit
from khaya_api.lists import PAGE, Cursor, Limit, page_rows, readable
from khaya_api.models import ANSWER
from khaya_api.rows import NO_SORT, Change, Row, Slice


class CreditType(StrEnum):
    """What an entry is for; a deduction has a negative amount."""

    REFERRAL = "referral"
    REWARD = "reward"
    BONUS = "bonus"
    DEDUCTION = "deduction"


class Credit(BaseModel):
    """One entry."""

    model_config = ANSWER

    id: str
    amount: int = Field(description="South African cents")
    type: CreditType
    description: str | None = None
    relatedReferralId: str | None = None  # noqa: N815 - the wire's spelling
    createdAt: str  # noqa: N815 - the wire's spelling


class Ledger(BaseModel):
    """Some entries, newest first, and what all of them come to."""

    model_config = ANSWER

    total: int = Field(description="South African cents")
    items: list[Credit]
    nextCursor: str | None = None  # noqa: N815 - the wire's spelling


def serve(app: APIGatewayRestResolver, kit: Kit) -> None:
    """Register the routes of credits."""

    @app.get("/credits", tags=["credits"], summary="The caller's own credits, newest first, and their sum")
    def ledger(limit: Limit = PAGE, cursor: Cursor = None) -> Ledger:
        return read_ledger(kit, caller(app).sub, limit, cursor)


def read_ledger(kit: Kit, user_id: str, limit: int, cursor: str | None) -> Ledger:
    """One page of somebody's ledger, and their balance."""
    rows, following = page_rows(kit, Slice(noun="credits", index="UserIndex", of=user_id), limit, cursor)
    balance = kit.store.get("credits", _balance_key(user_id)) or {}
    items = readable(kit, Credit, "credits", rows)
    return Ledger(total=int(balance.get("balance", 0)), items=items, nextCursor=following)


def book(entries: Sequence[Row]) -> list[Change]:
    """The changes that write new entries, each once by its id, and move each user's balance by as much."""
    puts = [
        Change(noun="credits", key={"id": entry["id"], "userId": entry["userId"]}, put=entry, new=True)
        for entry in entries
    ]
    sums: Counter[str] = Counter()
    for entry in entries:
        sums[entry["userId"]] += entry["amount"]
    # The sum of a ledger of any length, kept in the transaction that writes it; no row is changed twice in one.
    moves = [Change(noun="credits", key=_balance_key(user), adds={"balance": amount}) for user, amount in sums.items()]
    return [*puts, *moves]


def _balance_key(user_id: str) -> dict[str, str]:
    return {"id": f"balance#{user_id}", "userId": NO_SORT}
