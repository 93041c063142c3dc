"""What goes in and out: the fields of each noun and their rules. Limits are in characters after trimming."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Annotated, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

# A hundred million rand, in cents: far above any job, far below where numbers lose digits on the way.
LARGEST_AMOUNT = 10_000_000_000
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


class Role(StrEnum):
    """What a user is here for; the name of a group of the user pool."""

    BUYER = "buyer"
    WORKER = "worker"
    SELLER = "seller"
    ADMIN = "admin"


class JobStatus(StrEnum):
    """open → in_progress → completed; open or in_progress → cancelled; open → expired at 30 days."""

    OPEN = "open"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


def timestamp(moment: datetime) -> str:
    """`2026-11-22T14:20:07.123Z`: always UTC and always as long, so that the order of texts is the order of time."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _one_line(text: str) -> str:
    if any(unicodedata.category(character) == "Cc" for character in text):
        raise ValueError("must be one line without control characters")
    return text


def _lines(text: str) -> str:
    if any(unicodedata.category(character) == "Cc" and character not in "\n\r\t" for character in text):
        raise ValueError("must not contain control characters")
    return text


def _written_day(value: object) -> object:
    # Left alone, pydantic would also read 86400 as the second of January 1970.
    if value is None or (isinstance(value, str) and _DAY.fullmatch(value)):
        return value
    raise ValueError("must be a day written as YYYY-MM-DD")


Title = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=5, max_length=200), AfterValidator(_one_line)
]
Prose = Annotated[str, StringConstraints(strip_whitespace=True, min_length=20, max_length=2000), AfterValidator(_lines)]
Category = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100), AfterValidator(_one_line)
]
Place = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), AfterValidator(_one_line)
]
# Strict: "100", 100.0 and true are not amounts.
Cents = Annotated[int, Field(strict=True, gt=0, le=LARGEST_AMOUNT, description="South African cents")]
Day = Annotated[date, BeforeValidator(_written_day)]


class NewJob(BaseModel):
    """What a buyer says when posting a job; everything else about it is ours to say."""

    model_config = ConfigDict(extra="forbid")

    title: Title
    description: Prose
    category: Category
    budget: Cents
    location: Place
    startDate: Day | None = None  # noqa: N815 - the wire's spelling
    completionDate: Day | None = None  # noqa: N815 - the wire's spelling

    @model_validator(mode="after")
    def _ends_after_it_starts(self) -> Self:
        if self.startDate and self.completionDate and self.completionDate < self.startDate:
            raise ValueError("completionDate must not be before startDate")
        return self


class Job(BaseModel):
    """A job as anybody may see it: the one way out, so what is not listed here does not leave the table.

    `buyerId` is an opaque identifier; how to reach a buyer is never part of a job. Lengths are not checked
    here, so that a row written under older rules can still be read.
    """

    model_config = ConfigDict(extra="ignore")

    id: str
    title: str
    description: str
    category: str
    budget: int = Field(description="South African cents")
    location: str
    status: JobStatus
    buyerId: str  # noqa: N815 - the wire's spelling
    selectedBidId: str | None = None  # noqa: N815 - the wire's spelling
    startDate: date | None = None  # noqa: N815 - the wire's spelling
    completionDate: date | None = None  # noqa: N815 - the wire's spelling
    createdAt: str  # noqa: N815 - the wire's spelling
    updatedAt: str  # noqa: N815 - the wire's spelling


class JobPage(BaseModel):
    """Some jobs, newest first; `nextCursor` asks for those after them, and is null at the end."""

    items: list[Job]
    nextCursor: str | None = None  # noqa: N815 - the wire's spelling


class Me(BaseModel):
    """Who the caller is, by the token that the gateway has verified."""

    sub: str
    username: str
    roles: list[Role]
    email: str | None = None
    phone: str | None = None
    name: str | None = None


class Root(BaseModel):
    """What this is, for somebody who opened its address."""

    service: str
    version: str
    health: str


class Health(BaseModel):
    """The function runs, and which release and region it is."""

    status: str
    service: str
    version: str
    git_sha: str
    region: str
    stage: str


class Part(BaseModel):
    """One thing the API stands on: `ok`, or `out` with the reason."""

    status: str
    reason: str | None = None
    ms: int


class DeepHealth(BaseModel):
    """`out` when something of our own is out (503); `degraded` when only something borrowed is (200)."""

    status: str
    version: str
    git_sha: str
    own: dict[str, Part]
    borrowed: dict[str, Part]
