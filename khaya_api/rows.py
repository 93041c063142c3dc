"""What a row is, how it is found, and what may become of it, in our own words; how DynamoDB says it is the store's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

KEYS: Mapping[str, tuple[str, ...]] = {
    "users": ("id",),
    "profiles": ("userId",),
    "jobs": ("id", "createdAt"),
    "bids": ("id", "jobId"),
    "listings": ("id",),
    "reviews": ("id", "reviewedId"),
    "credits": ("id", "userId"),
    "referrals": ("id",),
    "stories": ("id", "createdAt"),
}
# Partition and sort key of each index.
INDEXES: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "users": {"EmailIndex": ("email",), "PhoneIndex": ("phone",)},
    "profiles": {"LocationIndex": ("location", "trustScore")},
    "jobs": {"StatusIndex": ("status", "createdAt"), "BuyerIndex": ("buyerId", "createdAt")},
    "bids": {"JobIndex": ("jobId", "amount"), "WorkerIndex": ("workerId", "createdAt")},
    "listings": {"CategoryIndex": ("category", "createdAt"), "SellerIndex": ("sellerId", "createdAt")},
    "reviews": {"ReviewedIndex": ("reviewedId", "createdAt")},
    "credits": {"UserIndex": ("userId", "createdAt")},
    "referrals": {"CodeIndex": ("referralCode",), "ReferrerIndex": ("referrerId", "createdAt")},
    "stories": {"PublicIndex": ("publicState", "createdAt"), "UserIndex": ("userId", "createdAt")},
}

# Rows of our own bookkeeping share the tables. They have a `#` in their id, which no noun's id has, and lack some
# attribute of every index, so that no list ever meets them (but for the list of all listings, which is made of them).
# Claims and counters are in this noun's table: it has no
# stream, so that counting is not auditing.
BOOKS = "referrals"
# The sort key of bookkeeping, in tables that have one.
NO_SORT = "-"

# What one transaction takes.
MOST_CHANGES = 100

Row = dict[str, Any]
Key = Mapping[str, str]
Position = Mapping[str, str | int]


def timestamp(moment: datetime) -> str:
    """`2026-11-22T14:20:07.123Z`: always UTC and always as long, so that the order of texts is the order of time."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What is to become of one row, and what must hold for it.

    `put` makes the whole row; `sets`, `firsts` (only where absent), `adds` (to a number or to nothing) and `drops`
    change parts of it. Conditions, all of which must hold: `new` (no such row, or one that equals
    `or_equal`, lacks one of `or_absent`, or whose `expiresAt` is before `or_before`), `exists`, `equal` (None:
    absent), `below` (absent, or less).
    """

    noun: str
    key: Key
    put: Mapping[str, object] | None = None
    sets: Mapping[str, object] = field(default_factory=dict)
    firsts: Mapping[str, object] = field(default_factory=dict)
    adds: Mapping[str, int] = field(default_factory=dict)
    drops: Sequence[str] = ()
    new: bool = False
    or_equal: Mapping[str, object] = field(default_factory=dict)
    or_absent: Sequence[str] = ()
    or_before: int | None = None
    exists: bool = False
    equal: Mapping[str, object] = field(default_factory=dict)
    below: Mapping[str, int] = field(default_factory=dict)


def changed(row: Row, change: Change) -> Row:
    """The row as a change leaves it."""
    added = {name: row.get(name, 0) + step for name, step in change.adds.items()}
    kept = {name: value for name, value in {**row, **change.sets, **added}.items() if name not in change.drops}
    return {**change.firsts, **kept, **change.key}


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """The rows of one index's partition, in the order of its sort key; of those, with `having`, only some.

    `having` is an attribute that is a list, and what the list must contain; `before` bounds the sort key from above.
    """

    noun: str
    index: str
    of: str
    descending: bool = True
    having: tuple[str, str] | None = None
    before: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Some rows, and the position to go on after, or None at the end."""

    rows: list[Row]
    after: dict[str, str | int] | None
