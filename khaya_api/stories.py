"""Stories: what people tell of their work, shown to everybody once an admin has read them."""

from __future__ import annotations

from enum import StrEnum
from http import HTTPStatus
from typing import Annotated
from uuid import uuid4

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from pydantic import AfterValidator, BaseModel, StringConstraints

from khaya_api.access import Caller
from khaya_api.auth import caller
from khaya_api.errors import Refusal, conflict, not_found
from khaya_api.kit import Kit
from khaya_api.lists import PAGE, Cursor, Limit, page_of, read, read_or
from khaya_api.models import ANSWER, GIVEN, Id, Page, Title, Url, described, lines
from khaya_api.outgoing import created
from khaya_api.rows import NO_SORT, Change, Row, Slice, timestamp
from khaya_api.writing import IdempotencyKey, Plan, Wish, perform

Content = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=20, max_length=5000),
    AfterValidator(lines),
    described(20, 5000, control=r"\n\r\t"),
]
# The only states of a story that are in the index. What an admin has turned down is in neither.
WAITING, SHOWN = "pending", "approved"


class StoryType(StrEnum):
    """What kind of story it is."""

    SUCCESS = "success"
    TESTIMONIAL = "testimonial"
    TIP = "tip"
    EXPERIENCE = "experience"


class NewStory(BaseModel):
    """What somebody tells."""

    model_config = GIVEN

    title: Title
    content: Content
    type: StoryType
    relatedJobId: Id | None = None  # noqa: N815 - the wire's spelling
    relatedWorkerId: Id | None = None  # noqa: N815 - the wire's spelling
    mediaUrl: Url | None = None  # noqa: N815 - the wire's spelling


class Story(BaseModel):
    """A story; `userId` is an opaque identifier."""

    model_config = ANSWER

    id: str
    userId: str  # noqa: N815 - the wire's spelling
    title: str
    content: str
    type: StoryType
    approved: bool = False
    featured: bool = False
    likes: int = 0
    relatedJobId: str | None = None  # noqa: N815 - the wire's spelling
    relatedWorkerId: str | None = None  # noqa: N815 - the wire's spelling
    mediaUrl: str | None = None  # noqa: N815 - the wire's spelling
    createdAt: str  # noqa: N815 - the wire's spelling


def serve(app: APIGatewayRestResolver, kit: Kit) -> None:
    """Register the routes of stories."""

    @app.get("/stories", tags=["stories"], summary="Approved stories, newest first")
    def browse(limit: Limit = PAGE, cursor: Cursor = None) -> Page[Story]:
        return page_of(kit, Story, Slice(noun="stories", index="PublicIndex", of=SHOWN), limit, cursor)

    @app.get("/stories/pending", tags=["stories"], summary="Stories that wait for an admin, oldest first")
    def waiting(limit: Limit = PAGE, cursor: Cursor = None) -> Page[Story]:
        queue = Slice(noun="stories", index="PublicIndex", of=WAITING, descending=False)
        return page_of(kit, Story, queue, limit, cursor)

    @app.get("/me/stories", tags=["stories"], summary="The caller's own stories, newest first")
    def own(limit: Limit = PAGE, cursor: Cursor = None) -> Page[Story]:
        return page_of(kit, Story, Slice(noun="stories", index="UserIndex", of=caller(app).sub), limit, cursor)

    @app.post("/stories", tags=["stories"], summary="Tell a story", status_code=HTTPStatus.CREATED)
    def post(new: NewStory, idempotency_key: IdempotencyKey = None) -> Response[Story]:
        story, replayed = post_story(kit, caller(app), new, idempotency_key)
        return created(story, replayed=replayed)

    @app.post("/stories/<story_id>/like", tags=["stories"], summary="Like a story")
    def like(story_id: str, idempotency_key: IdempotencyKey = None) -> Story:
        return like_story(kit, caller(app), story_id, idempotency_key)

    @app.post("/stories/<story_id>/approve", tags=["stories"], summary="Show a story to everybody")
    def approve(story_id: str, idempotency_key: IdempotencyKey = None) -> Story:
        return moderate(kit, caller(app), story_id, approved=True, key=idempotency_key)

    @app.post("/stories/<story_id>/reject", tags=["stories"], summary="Keep a story from being shown")
    def reject(story_id: str, idempotency_key: IdempotencyKey = None) -> Story:
        return moderate(kit, caller(app), story_id, approved=False, key=idempotency_key)


def post_story(kit: Kit, author: Caller, new: NewStory, key: str | None) -> tuple[Story, bool]:
    """Keep a story until an admin has read it."""
    asked = new.model_dump(mode="json", exclude_none=True)
    moment = timestamp(kit.clock())
    ours = {"userId": author.sub, "approved": False, "featured": False, "likes": 0, "publicState": WAITING}
    row: Row = {**asked, **ours, "id": str(uuid4()), "createdAt": moment}
    change = Change(noun="stories", key=_key(row), put=row, new=True)
    wish = Wish(sub=author.sub, operation="POST /stories", body=asked, key=key)
    done = perform(kit, wish, lambda: Plan(made=row["id"], changes=[change]))
    return (_story(kit, done.made), True) if done.replayed else (read(Story, "stories", row), False)


def like_story(kit: Kit, reader: Caller, story_id: str, key: str | None) -> Story:
    """One like more; the same reader's second one changes nothing. 404 for what is not shown."""

    def look() -> Plan:
        row = _row(kit, story_id)
        if row.get("publicState") != SHOWN:
            raise _no_story()
        mark = {"id": f"like#{story_id}#{reader.sub}", "createdAt": NO_SORT}
        liked = Change(noun="stories", key=mark, put={}, new=True)
        more = Change(noun="stories", key=_key(row), adds={"likes": 1}, equal={"publicState": SHOWN})
        return Plan(made=story_id, changes=[liked, more], refuse=lambda unmet: _Liked() if 0 in unmet else None)

    try:
        perform(kit, Wish(sub=reader.sub, operation=f"POST /stories/{story_id}/like", key=key), look)
    except _Liked:
        kit.log.info("liked before")
    return _story(kit, story_id)


def moderate(kit: Kit, admin: Caller, story_id: str, *, approved: bool, key: str | None) -> Story:
    """Show a story, or keep it from being shown, whatever it was before."""

    def look() -> Plan:
        row = _row(kit, story_id)
        index = {"publicState": SHOWN} if approved else {}
        change = Change(
            noun="stories",
            key=_key(row),
            sets={"approved": approved, "moderatedAt": timestamp(kit.clock()), "moderatedBy": admin.sub, **index},
            drops=[] if approved else ["publicState"],
            exists=True,
        )
        return Plan(made=story_id, changes=[change])

    verb = "approve" if approved else "reject"
    perform(kit, Wish(sub=admin.sub, operation=f"POST /stories/{story_id}/{verb}", key=key), look)
    return _story(kit, story_id)


class _Liked(Refusal):
    """The reader has liked it before: nothing to do, and nothing to complain of."""

    def __init__(self) -> None:
        refused = conflict("You like this story already.")
        super().__init__(refused.status, refused.code, refused.message)


def _story(kit: Kit, story_id: str) -> Story:
    return read(Story, "stories", _row(kit, story_id))


def _row(kit: Kit, story_id: str) -> Row:
    row = kit.store.find("stories", story_id)
    read_or(_no_story, Story, "stories", row)
    return row or {}


def _no_story() -> Refusal:
    return not_found("There is no such story.")


def _key(row: Row) -> dict[str, str]:
    return {"id": str(row["id"]), "createdAt": str(row["createdAt"])}
