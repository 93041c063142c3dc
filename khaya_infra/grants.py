"""What each function may do with the tables and the bucket of uploads: neither more nor less than its code calls."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """Actions of DynamoDB on one table, without their prefix, and the indexes that may be queried beside it.

    A transaction needs the actions of its items and none of its own. A query of the table is not one of its indexes.
    """

    actions: tuple[str, ...] = ()
    indexes: tuple[str, ...] = ()


Grants = Mapping[str, Grant]

_READ = ("GetItem",)
_KEPT = (*_READ, "PutItem", "UpdateItem")

# Users are read by deep health alone: what the API knows of a caller, the token says.
API_TABLES: Grants = {
    "Users": Grant(actions=_READ),
    "Profiles": Grant(actions=(*_READ, "UpdateItem"), indexes=("LocationIndex",)),
    "Jobs": Grant(actions=(*_KEPT, "Query"), indexes=("StatusIndex", "BuyerIndex")),
    "Bids": Grant(actions=(*_KEPT, "Query"), indexes=("JobIndex", "WorkerIndex")),
    "Listings": Grant(actions=_KEPT, indexes=("CategoryIndex", "SellerIndex")),
    "Reviews": Grant(actions=(*_READ, "PutItem", "Query"), indexes=("ReviewedIndex",)),
    "Credits": Grant(actions=_KEPT, indexes=("UserIndex",)),
    "Referrals": Grant(actions=_KEPT, indexes=("CodeIndex", "ReferrerIndex")),
    "Stories": Grant(actions=(*_KEPT, "Query"), indexes=("PublicIndex", "UserIndex")),
}

DAILY_TABLES: Grants = {
    "Jobs": Grant(actions=_KEPT, indexes=("StatusIndex",)),
    "Bids": Grant(actions=("UpdateItem",), indexes=("JobIndex",)),
}

TRUST_TABLES: Grants = {
    "Jobs": Grant(actions=("GetItem", "PutItem"), indexes=("StatusIndex",)),
    "Reviews": Grant(indexes=("ReviewedIndex",)),
    "Profiles": Grant(actions=("GetItem", "UpdateItem")),
}

AUDIT_TABLES: Grants = {"Bids": Grant(actions=("UpdateItem",), indexes=("JobIndex",))}

# Folders of the bucket that a signed address may lead into, one for each purpose of an upload.
UPLOADS: tuple[str, ...] = ("profiles", "listings", "milestones", "messages", "proofs")
