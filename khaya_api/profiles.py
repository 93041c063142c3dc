"""Profiles: what anybody may know of somebody who offers work, and nothing by which to reach them."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from aws_lambda_powertools.event_handler import APIGatewayRestResolver
from aws_lambda_powertools.event_handler.openapi.params import Query
from pydantic import AfterValidator, BaseModel, Field, StringConstraints

from khaya_api.access import Caller
from khaya_api.auth import caller
from khaya_api.errors import Detail, Refusal, forbidden, invalid, not_found
from khaya_api.kit import Kit
from khaya_api.lists import PAGE, Cursor, Limit, page_of, read, read_or
from khaya_api.models import ANSWER, EDIT, Page, Place, Url, described, lines, words
from khaya_api.rows import Change, Row, Slice, timestamp
from khaya_api.trust import trust_score
from khaya_api.writing import IdempotencyKey, Plan, Wish, perform


class Trade(StrEnum):
    """The thirteen trades that are offered when a worker signs up."""

    ELECTRICIAN = "Electrician"
    PLUMBER = "Plumber"
    BUILDER = "Builder"
    BRICKLAYER = "Bricklayer"
    TILER = "Tiler"
    CARPENTER = "Carpenter"
    PAINTER = "Painter"
    WELDER = "Welder"
    ROOFER = "Roofer"
    ARCHITECT = "Architect/Draughtsman"
    LAND_SURVEYOR = "Land Surveyor"
    SECURITY_INSTALLER = "Security Installer"
    GENERAL_HANDYMAN = "General Handyman"


class Availability(StrEnum):
    """Whether somebody takes work at present."""

    AVAILABLE = "available"
    BUSY = "busy"
    UNAVAILABLE = "unavailable"


def _each_once(values: list[Trade]) -> list[Trade]:
    if len(set(values)) < len(values):
        raise ValueError("must name each trade once")
    return values


Bio = Annotated[
    str,
    StringConstraints(strip_whitespace=True, max_length=2000),
    AfterValidator(lines),
    described(0, 2000, control=r"\n\r\t"),
]
Trades = Annotated[
    list[Trade],
    Field(max_length=len(Trade), json_schema_extra={"uniqueItems": True}),
    AfterValidator(_each_once),
]
Years = Annotated[int, Field(strict=True, ge=0, le=80)]


class ProfileEdit(BaseModel):
    """What somebody says of themselves: the fields named, the others stay; null takes one away.

    A profile's first edit must have a location. Score, verification and completed jobs are ours to say.
    """

    model_config = EDIT

    location: Place = ""
    bio: Bio | None = None
    trades: Trades = []
    photoUrl: Url | None = None  # noqa: N815 - the wire's spelling
    certifications: Annotated[list[Url], Field(max_length=20)] = []
    availabilityStatus: Availability = Availability.AVAILABLE  # noqa: N815 - the wire's spelling
    yearsExperience: Years | None = None  # noqa: N815 - the wire's spelling


class Profile(BaseModel):
    """A profile as anybody may see it; `userId` is an opaque identifier."""

    model_config = ANSWER

    userId: str  # noqa: N815 - the wire's spelling
    location: str | None = None
    bio: str | None = None
    trades: list[str] = []
    photoUrl: str | None = None  # noqa: N815 - the wire's spelling
    certifications: list[str] = []
    trustScore: int = Field(default=0, description="0 to 100")  # noqa: N815 - the wire's spelling
    verified: bool = False
    availabilityStatus: Availability = Availability.AVAILABLE  # noqa: N815 - the wire's spelling
    yearsExperience: int | None = None  # noqa: N815 - the wire's spelling
    completedJobs: int = 0  # noqa: N815 - the wire's spelling
    ratingCount: int = 0  # noqa: N815 - the wire's spelling
    createdAt: str  # noqa: N815 - the wire's spelling
    updatedAt: str  # noqa: N815 - the wire's spelling


Where = Annotated[
    Place,
    # Said again: of two descriptions of one text the parameter's own wins.
    Query(description="The place, as profiles spell it", json_schema_extra=words(1, 200)),
]
Which = Annotated[Trade | None, Query(description="Those of this trade alone")]


def serve(app: APIGatewayRestResolver, kit: Kit) -> None:
    """Register the routes of profiles."""

    @app.get("/profiles", tags=["profiles"], summary="Who offers work at a place, most trusted first")
    def browse(location: Where, trade: Which = None, limit: Limit = PAGE, cursor: Cursor = None) -> Page[Profile]:
        having = ("trades", trade.value) if trade else None
        there = Slice(noun="profiles", index="LocationIndex", of=location, having=having)
        return page_of(kit, Profile, there, limit, cursor)

    @app.get("/profiles/<user_id>", tags=["profiles"], summary="One profile")
    def show(user_id: str) -> Profile:
        return read_or(_no_profile, Profile, "profiles", kit.store.get("profiles", {"userId": user_id}))

    @app.put("/profiles/<user_id>", tags=["profiles"], summary="Change one's own profile")
    def edit(user_id: str, changes: ProfileEdit) -> Profile:
        return edit_profile(kit, caller(app), user_id, changes)

    @app.post("/profiles/<user_id>/verify", tags=["profiles"], summary="Say that somebody is who they say")
    def verify(user_id: str, idempotency_key: IdempotencyKey = None) -> Profile:
        return verify_profile(kit, caller(app), user_id, idempotency_key)


def edit_profile(kit: Kit, owner: Caller, user_id: str, changes: ProfileEdit) -> Profile:
    """The profile with the named fields changed, made if there was none. 403 for anybody else's."""
    if owner.sub != user_id:
        raise forbidden("Nobody changes another's profile.")
    given = changes.model_dump(mode="json", exclude_unset=True)
    merged: Row = {}

    def look() -> Plan:
        row = kit.store.get("profiles", {"userId": user_id}) or {}
        if not row.get("location") and "location" not in given:
            raise invalid(Detail("location", "is needed before a profile can be seen"))
        change = _editing(user_id, row, given, timestamp(kit.clock()))
        merged.clear()
        merged.update({**change.firsts, **row, **given, "userId": user_id, **change.sets})
        return Plan(made=user_id, changes=[change])

    perform(kit, Wish(sub=owner.sub, operation=f"PUT /profiles/{user_id}"), look)
    return read(Profile, "profiles", merged)


def verify_profile(kit: Kit, admin: Caller, user_id: str, key: str | None) -> Profile:
    """Mark a profile as verified, and count that in its score. 404 when there is none."""

    def look() -> Plan:
        row = kit.store.get("profiles", {"userId": user_id})
        if row is None:
            raise _no_profile()
        change = recount(user_id, {**row, "verified": True}, timestamp(kit.clock()))
        return Plan(made=user_id, changes=[change])

    perform(kit, Wish(sub=admin.sub, operation=f"POST /profiles/{user_id}/verify", key=key), look)
    return read_or(_no_profile, Profile, "profiles", kit.store.get("profiles", {"userId": user_id}))


def recount(user_id: str, row: Row | None, moment: str, *, jobs: int = 0, stars: int = 0, ratings: int = 0) -> Change:
    """The change that adds what happened to what `row` counts, and sets the score that follows from it."""
    seen = row or {}
    verified = bool(seen.get("verified"))
    score = trust_score(
        verified=verified,
        completed_jobs=int(seen.get("completedJobs", 0)) + jobs,
        rating_sum=int(seen.get("ratingSum", 0)) + stars,
        rating_count=int(seen.get("ratingCount", 0)) + ratings,
    )
    return Change(
        noun="profiles",
        key={"userId": user_id},
        sets={"trustScore": score, "verified": verified, "updatedAt": moment},
        firsts={"createdAt": moment, "availabilityStatus": "available"},
        adds={"completedJobs": jobs, "ratingSum": stars, "ratingCount": ratings, "version": 1},
        # The score is right for what was seen alone.
        equal={"version": seen.get("version")},
    )


def _editing(user_id: str, row: Row, given: Row, moment: str) -> Change:
    return Change(
        noun="profiles",
        key={"userId": user_id},
        sets={**{name: value for name, value in given.items() if value is not None}, "updatedAt": moment},
        # Without a score a profile would be in no list.
        firsts={
            "createdAt": moment,
            "trustScore": 0,
            "verified": False,
            "completedJobs": 0,
            **({} if "availabilityStatus" in given else {"availabilityStatus": "available"}),
        },
        drops=[name for name, value in given.items() if value is None],
        adds={"version": 1},
        equal={"version": row.get("version")},
    )


def _no_profile() -> Refusal:
    return not_found("There is no such profile.")
