"""Listings: what sellers have in stock, listed while it is available."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated
from uuid import uuid4

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from aws_lambda_powertools.event_handler.openapi.params import Query
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from khaya_api.access import Caller
from khaya_api.auth import caller
from khaya_api.errors import Refusal, conflict, forbidden, not_found
from khaya_api.kit import Kit
from khaya_api.lists import PAGE, Cursor, Limit, page_of, page_rows, read, read_or, readable
from khaya_api.models import (
    ANSWER,
    EDIT,
    GIVEN,
    Category,
    Cents,
    Count,
    Page,
    Place,
    Prose,
    Title,
    Url,
    described,
    one_line,
)
from khaya_api.outgoing import created
from khaya_api.rows import Change, Row, Slice, timestamp
from khaya_api.writing import IdempotencyKey, Plan, Wish, perform

MOST_ACTIVE = 20
# The one partition in which everything available is, beside its category's; no category can be called so.
_EVERYTHING = "#everything"


def _no_mark(text: str) -> str:
    if text.startswith("#"):
        raise ValueError("must not begin with #")
    return text


Kind = Annotated[Category, AfterValidator(_no_mark)]
Unit = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=50),
    AfterValidator(one_line),
    described(1, 50),
]
Flag = Annotated[bool, Field(strict=True)]


class NewListing(BaseModel):
    """What a seller offers."""

    model_config = GIVEN

    title: Title
    description: Prose
    category: Kind
    price: Cents
    unit: Unit
    stock: Count
    location: Place
    photoUrl: Url | None = None  # noqa: N815 - the wire's spelling
    available: Flag = True


class ListingEdit(BaseModel):
    """What the seller changes: the fields named; null takes the photo away."""

    model_config = EDIT

    title: Title = ""
    description: Prose = ""
    category: Kind = ""
    price: Cents = 0
    unit: Unit = ""
    stock: Count = 0
    location: Place = ""
    photoUrl: Url | None = None  # noqa: N815 - the wire's spelling
    available: Flag = True


class Listing(BaseModel):
    """A listing as anybody may see it; `sellerId` is an opaque identifier."""

    model_config = ConfigDict(**ANSWER, validate_by_name=True, validate_by_alias=True)

    id: str
    title: str
    description: str
    # In the row, `category` is there only while the listing is available: that is what keeps it in the index.
    category: str = Field(validation_alias="kind")
    price: int = Field(description="South African cents")
    unit: str
    stock: int
    location: str
    photoUrl: str | None = None  # noqa: N815 - the wire's spelling
    available: bool
    sellerId: str  # noqa: N815 - the wire's spelling
    createdAt: str  # noqa: N815 - the wire's spelling
    updatedAt: str  # noqa: N815 - the wire's spelling


Which = Annotated[Kind | None, Query(description="Listings of this category alone")]


def serve(app: APIGatewayRestResolver, kit: Kit) -> None:
    """Register the routes of listings."""

    @app.get("/listings", tags=["listings"], summary="What is available, newest first")
    def browse(category: Which = None, limit: Limit = PAGE, cursor: Cursor = None) -> Page[Listing]:
        return browse_listings(kit, category, limit, cursor)

    @app.get("/me/listings", tags=["listings"], summary="The caller's own listings, newest first")
    def own(limit: Limit = PAGE, cursor: Cursor = None) -> Page[Listing]:
        return page_of(kit, Listing, Slice(noun="listings", index="SellerIndex", of=caller(app).sub), limit, cursor)

    @app.post("/listings", tags=["listings"], summary="List something", status_code=HTTPStatus.CREATED)
    def post(new: NewListing, idempotency_key: IdempotencyKey = None) -> Response[Listing]:
        listing, replayed = post_listing(kit, caller(app), new, idempotency_key)
        return created(listing, replayed=replayed, at=f"listings/{listing.id}")

    @app.get("/listings/<listing_id>", tags=["listings"], summary="One listing")
    def show(listing_id: str) -> Listing:
        return show_listing(kit, listing_id)

    @app.patch("/listings/<listing_id>", tags=["listings"], summary="Change a listing")
    def edit(listing_id: str, changes: ListingEdit) -> Listing:
        return edit_listing(kit, caller(app), listing_id, changes)


def browse_listings(kit: Kit, category: str | None, limit: int, cursor: str | None) -> Page[Listing]:
    """One page of a category, or of everything."""
    if category is not None:
        return page_of(kit, Listing, Slice(noun="listings", index="CategoryIndex", of=category), limit, cursor)
    everything = Slice(noun="listings", index="CategoryIndex", of=_EVERYTHING)
    marks, following = page_rows(kit, everything, limit, cursor)
    rows = kit.store.together([("listings", {"id": mark["listingId"]}) for mark in marks])
    items = readable(kit, Listing, "listings", [row for row in rows if row])
    return Page(items=items, nextCursor=following)


def post_listing(kit: Kit, seller: Caller, new: NewListing, key: str | None) -> tuple[Listing, bool]:
    """List something once for each key. 409 when the seller has as many available listings as one may have."""
    asked = new.model_dump(exclude_none=True)
    moment = timestamp(kit.clock())
    ours = {"id": str(uuid4()), "sellerId": seller.sub, "createdAt": moment, "updatedAt": moment}
    row = {**asked, **ours, "kind": new.category}
    done = perform(
        kit,
        Wish(sub=seller.sub, operation="POST /listings", body=asked, key=key),
        lambda: Plan(made=row["id"], changes=_posting(row), refuse=lambda _unmet: _enough()),
    )
    if done.replayed:
        return show_listing(kit, done.made), True
    kit.count({"ListingsPosted": 1})
    return Listing.model_validate({**row, "category": row["kind"]}), False


def show_listing(kit: Kit, listing_id: str) -> Listing:
    """The listing; 404 when there is none."""
    return read_or(_no_listing, Listing, "listings", kit.store.get("listings", {"id": listing_id}))


def edit_listing(kit: Kit, seller: Caller, listing_id: str, changes: ListingEdit) -> Listing:
    """The listing with the named fields changed, in lists or out of them by its `available`."""
    given = changes.model_dump(exclude_unset=True)
    merged: Row = {}

    def look() -> Plan:
        row = kit.store.get("listings", {"id": listing_id})
        read_or(_no_listing, Listing, "listings", row)
        if row is None or row["sellerId"] != seller.sub:
            raise forbidden("Only the seller whose listing it is may change it.")
        named = {("kind" if name == "category" else name): value for name, value in given.items()}
        merged.clear()
        merged.update({**row, **named, "updatedAt": timestamp(kit.clock())})
        return Plan(made=listing_id, changes=_editing(row, merged), refuse=_full_or_moved)

    perform(kit, Wish(sub=seller.sub, operation=f"PATCH /listings/{listing_id}"), look)
    return read(Listing, "listings", merged)


def _posting(row: Row) -> list[Change]:
    shown = bool(row["available"])
    hidden = {} if shown else {"category": None}
    kept = {name: value for name, value in {**row, **hidden}.items() if value is not None}
    put = Change(noun="listings", key={"id": row["id"]}, put=kept, new=True)
    mark = {"listingId": row["id"], "createdAt": row["createdAt"], **({"category": _EVERYTHING} if shown else {})}
    marked = Change(noun="listings", key={"id": f"everything#{row['id']}"}, put=mark, new=True)
    return [put, marked, *([_active(row["sellerId"], 1)] if shown else [])]


def _editing(row: Row, merged: Row) -> list[Change]:
    shown = bool(merged["available"])
    gone = [] if shown else ["category"]
    sets = {name: value for name, value in merged.items() if name not in {"id", "category", "version"}}
    indexed = {"category": merged["kind"]} if shown else {}
    change = Change(
        noun="listings",
        key={"id": row["id"]},
        sets={name: value for name, value in {**sets, **indexed}.items() if value is not None},
        drops=[*gone, *(name for name, value in sets.items() if value is None)],
        adds={"version": 1},
        equal={"version": row.get("version")},
    )
    if shown == bool(row["available"]):
        return [change]
    mark = Change(
        noun="listings",
        key={"id": f"everything#{row['id']}"},
        sets={"category": _EVERYTHING} if shown else {},
        drops=gone,
    )
    return [change, mark, _active(row["sellerId"], 1 if shown else -1)]


def _active(seller: str, step: int) -> Change:
    """One more, or one less, of a seller's available listings; no more than there may be."""
    bound = {"count": MOST_ACTIVE} if step > 0 else {}
    return Change(noun="listings", key={"id": f"active#{seller}"}, adds={"count": step}, below=bound)


def _full_or_moved(unmet: Mapping[int, Row]) -> Refusal | None:
    # With the listing itself changed meanwhile, another look says what of.
    return None if 0 in unmet else _enough()


def _enough() -> Refusal:
    return conflict(f"A seller has at most {MOST_ACTIVE} available listings; make another one unavailable first.")


def _no_listing() -> Refusal:
    return not_found("There is no such listing.")
