"""What goes in and out: the fields of each noun and their rules. Limits are in characters after trimming."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from datetime import date
from typing import Annotated, Any, Generic, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
)

from khaya_api.access import Role

# A hundred million rand, in cents: far above any job, far below where numbers lose digits on the way.
LARGEST_AMOUNT = 10_000_000_000
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def one_line(text: str) -> str:
    """The text, if it is one line of printable characters; else `ValueError`."""
    if any(unicodedata.category(character) == "Cc" for character in text):
        raise ValueError("must be one line without control characters")
    return text


def lines(text: str) -> str:
    """The text, if nothing but lines and tabs controls it; else `ValueError`."""
    if any(unicodedata.category(character) == "Cc" and character not in "\n\r\t" for character in text):
        raise ValueError("must not contain control characters")
    return text


def _written_day(value: object) -> object:
    # Left alone, pydantic would also read 86400 as the second of January 1970.
    if value is None or (isinstance(value, str) and _DAY.fullmatch(value)):
        return value
    raise ValueError("must be a day written as YYYY-MM-DD")


def described(least: int, most: int, *, control: str = "") -> Any:  # noqa: ANN401 - as pydantic's own Field
    """A field that is described so."""
    return Field(json_schema_extra=words(least, most, control=control))


def words(least: int, most: int, *, control: str = "") -> Callable[[dict[str, Any]], None]:
    """For the API's description: `least` to `most` characters between spaces, of those that control only `control`.

    What trimming and the rules above come to, in the one way that a description can say it: as a pattern. Its own
    limits of length would count the spaces.
    """
    inner = rf"(?:[^\u0000-\u001f\u007f-\u009f]{f'|[{control}]' if control else ''})"
    edge = r"[^\s\u0000-\u001f\u007f-\u009f]"
    long = rf"{edge}{inner}{{{least - 2},{most - 2}}}{edge}"
    text = {0: rf"{inner}{{0,{most}}}", 1: rf"{edge}(?:{inner}{{0,{most - 2}}}{edge})?"}.get(least, long)

    def say(schema: dict[str, Any]) -> None:
        schema.pop("maxLength", None)
        schema["pattern"] = rf"^\s*{text}\s*$"

    return say


Title = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=5, max_length=200),
    AfterValidator(one_line),
    described(5, 200),
]
Prose = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=20, max_length=2000),
    AfterValidator(lines),
    described(20, 2000, control=r"\n\r\t"),
]
Category = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=100),
    AfterValidator(one_line),
    described(1, 100),
]
Place = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=200),
    AfterValidator(one_line),
    described(1, 200),
]
# Strict: "100", 100.0 and true are not amounts.
Cents = Annotated[int, Field(strict=True, gt=0, le=LARGEST_AMOUNT, description="South African cents")]
Days = Annotated[int, Field(strict=True, gt=0, le=3650, description="Days")]
Count = Annotated[int, Field(strict=True, ge=0, le=1_000_000)]
# With the name of a host: `https://[` is none that anybody could open, and not every reader of it survives it.
Url = Annotated[str, StringConstraints(max_length=500, pattern=r"^https://[A-Za-z0-9.-]+(:[0-9]{1,5})?([/?#][!-~]*)?$")]
Id = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
Day = Annotated[date, BeforeValidator(_written_day)]


def without_defaults(schema: dict[str, Any]) -> None:
    """In an edit a field that is not named stays as it is: the value it has in the model is nobody's default."""
    for described in schema.get("properties", {}).values():
        described.pop("default", None)


# Models are made ready by the first request that needs them, one or two: a cold start would make all thirty.
# Of what is sent to us:
GIVEN = ConfigDict(extra="forbid", defer_build=True)
# Of that, what says which fields are to change:
EDIT = ConfigDict(**GIVEN, json_schema_extra=without_defaults)
# Of what we answer; a row may hold more:
ANSWER = ConfigDict(extra="ignore", defer_build=True)

Item = TypeVar("Item")


class Page(BaseModel, Generic[Item]):
    """Some of a list; `nextCursor` asks for those after them, and is null at the end."""

    model_config = ANSWER

    items: list[Item]
    nextCursor: str | None = None  # noqa: N815 - the wire's spelling


class Me(BaseModel):
    """Who the caller is, by the token that the gateway has verified."""

    model_config = ANSWER

    sub: str
    username: str
    roles: list[Role]
    email: str | None = None
    phone: str | None = None
    name: str | None = None


class Root(BaseModel):
    """What this is, for somebody who opened its address."""

    model_config = ANSWER

    service: str
    version: str
    health: str


class Health(BaseModel):
    """The function runs, and which release and region it is."""

    model_config = ANSWER

    status: str
    service: str
    version: str
    git_sha: str
    region: str
    stage: str


class Part(BaseModel):
    """One thing the API stands on: `ok`, or `out` with the reason."""

    model_config = ANSWER

    status: str
    reason: str | None = None
    ms: int


class DeepHealth(BaseModel):
    """`out` when something of our own is out (503); `degraded` when only something borrowed is (200)."""

    model_config = ANSWER

    status: str
    version: str
    git_sha: str
    own: dict[str, Part]
    borrowed: dict[str, Part]
