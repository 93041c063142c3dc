"""Lists: pages of an index's rows, each with a cursor to the next one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, TypeVar

from aws_lambda_powertools.event_handler.openapi.params import Query
from pydantic import BaseModel, ValidationError

from khaya_api import cursors
from khaya_api.errors import PartOut
from khaya_api.keyring import KeyRing
from khaya_api.kit import Kit
from khaya_api.models import Page
from khaya_api.rows import Position, Row, Slice

PAGE = 20
LARGEST_PAGE = 50

Limit = Annotated[int, Query(ge=1, le=LARGEST_PAGE, description="How many, at most")]
Cursor = Annotated[str | None, Query(max_length=cursors.LONGEST, description="The nextCursor of the page before")]

Item = TypeVar("Item", bound=BaseModel)


def page_of(kit: Kit, model: type[Item], part: Slice, limit: int, cursor: str | None) -> Page[Item]:
    """One page. A cursor belongs to its part: with another one it is refused."""
    rows, following = page_rows(kit, part, limit, cursor)
    return Page(items=readable(kit, model, part.noun, rows), nextCursor=following)


def page_rows(kit: Kit, part: Slice, limit: int, cursor: str | None) -> tuple[list[Row], str | None]:
    """The rows of one page, and the cursor of the next."""
    scope = "\0".join([part.noun, part.index, part.of, *(part.having or ())])
    after = _position(kit.keys, cursor, scope) if cursor is not None else None
    found = kit.store.page(part, limit=limit, after=after)
    following = cursors.seal(found.after, scope=scope, key=kit.keys.keys()[0]) if found.after else None
    return found.rows, following


def readable(kit: Kit, model: type[Item], noun: str, rows: list[Row]) -> list[Item]:
    """What the rows say. One that lacks what it should have is left out, and said in the log."""
    items = [item for row in rows if (item := _read(model, row))]
    if len(items) < len(rows):
        kit.log.error("rows left out: they lack what makes them one of their noun", noun=noun)
    return items


def read(model: type[Item], noun: str, row: Row) -> Item:
    """What one row says; `PartOut`, unreadable, when it is not what it should be."""
    item = _read(model, row)
    if item is None:
        raise PartOut(noun, "unreadable", "a row lacks what makes it one of its noun")
    return item


def read_or(missing: Callable[[], Exception], model: type[Item], noun: str, row: Row | None) -> Item:
    """What one row says, or else raise what `missing` makes."""
    if row is None:
        raise missing()
    return read(model, noun, row)


def _read(model: type[Item], row: Row) -> Item | None:
    try:
        return model.model_validate(row)
    except ValidationError:
        return None


def _position(keys: KeyRing, cursor: str, scope: str) -> Position:
    position = cursors.unseal(cursor, scope=scope, keys=keys.keys())
    if position is None:
        # Another instance may already sign with a newer key.
        position = cursors.unseal(cursor, scope=scope, keys=keys.keys(doubtful=True))
    if position is None:
        raise cursors.bad_cursor()
    return position
