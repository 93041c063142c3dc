"""What can go wrong, in the contract's words: `{"error": {"code", "message", "details", "request_id"}}`."""

from __future__ import annotations

import traceback
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from http import HTTPStatus
from pathlib import PurePath

# A field's name can be anything that a caller put into a body; nobody needs more of it than this.
_LONGEST_FIELD = 100
_FRAMES = 12


class Code(StrEnum):
    """The contract's codes; the status says the rest."""

    VALIDATION_ERROR = "VALIDATION_ERROR"
    AUTH_ERROR = "AUTH_ERROR"
    NOT_FOUND = "NOT_FOUND"
    PERMISSION_DENIED = "PERMISSION_DENIED"
    RATE_LIMIT = "RATE_LIMIT"
    INTERNAL_ERROR = "INTERNAL_ERROR"


@dataclass(frozen=True, slots=True)
class Detail:
    """One thing that is amiss, by the name of its field, parameter or header; never by its value."""

    field: str
    problem: str


class Refusal(Exception):
    """An answer that is not the one asked for; everything in it may be shown to anybody."""

    def __init__(
        self,
        status: HTTPStatus,
        code: Code,
        message: str,
        *,
        details: Sequence[Detail] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.details = tuple(details)
        self.headers = dict(headers or {})


class PartOut(Exception):
    """A part that this API stands on did not do its work.

    `cause` is for logs. `reason` is one of: `not configured`, `missing` (no such table, bucket, key), `refused` (no
    permission), `busy` (throttled), `no answer` (unreachable, timed out), `unreadable` (answered with what cannot
    be right), `error`.
    """

    def __init__(self, part: str, reason: str, cause: str = "") -> None:
        super().__init__(f"{part}: {reason} {cause}".rstrip())
        self.part = part
        self.reason = reason
        self.cause = cause


def body(refusal: Refusal, request_id: str) -> dict[str, object]:
    """The contract's error body."""
    return {
        "error": {
            "code": refusal.code.value,
            "message": refusal.message,
            "details": [asdict(detail) for detail in refusal.details],
            "request_id": request_id,
        }
    }


def invalid(*details: Detail, message: str = "The request is not valid.") -> Refusal:
    """400: something in the request breaks a rule, and the details name it."""
    return Refusal(HTTPStatus.BAD_REQUEST, Code.VALIDATION_ERROR, message, details=details)


def unauthenticated() -> Refusal:
    """401: this needs somebody who is signed in."""
    headers = {"WWW-Authenticate": "Bearer"}
    return Refusal(HTTPStatus.UNAUTHORIZED, Code.AUTH_ERROR, "Sign in to do this.", headers=headers)


def forbidden(message: str) -> Refusal:
    """403: somebody is signed in who may not do this."""
    return Refusal(HTTPStatus.FORBIDDEN, Code.PERMISSION_DENIED, message)


def not_found(message: str = "There is nothing at this path.") -> Refusal:
    """404."""
    return Refusal(HTTPStatus.NOT_FOUND, Code.NOT_FOUND, message)


def conflict(message: str) -> Refusal:
    """409: what is asked for does not go together with how things are; details would have no field to name."""
    return Refusal(HTTPStatus.CONFLICT, Code.VALIDATION_ERROR, message)


def too_many(message: str, seconds: int) -> Refusal:
    """429: a limit is reached, which `seconds` from now it will not be."""
    headers = {"Retry-After": str(max(1, seconds))}
    return Refusal(HTTPStatus.TOO_MANY_REQUESTS, Code.RATE_LIMIT, message, headers=headers)


def no_such_method(allowed: str) -> Refusal:
    """405: the path exists, this method of it does not; `allowed` becomes the Allow header."""
    message = f"This path answers {allowed}."
    return Refusal(HTTPStatus.METHOD_NOT_ALLOWED, Code.NOT_FOUND, message, headers={"Allow": allowed})


def too_large(limit: int) -> Refusal:
    """413: the body is longer than `limit` bytes."""
    detail = Detail("body", f"must not be longer than {limit} bytes")
    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    return Refusal(status, Code.VALIDATION_ERROR, "The request is too large.", details=[detail])


def wrong_type() -> Refusal:
    """415: the body is not JSON, or does not say so."""
    detail = Detail("Content-Type", "must be application/json")
    status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE
    return Refusal(status, Code.VALIDATION_ERROR, "The request is not JSON.", details=[detail])


def internal() -> Refusal:
    """500: our fault; the request id leads to the log, and the answer says nothing else."""
    message = "Something went wrong on our side."
    return Refusal(HTTPStatus.INTERNAL_SERVER_ERROR, Code.INTERNAL_ERROR, message)


def from_validation(errors: Sequence[Mapping[str, object]]) -> Refusal:
    """400 from what pydantic found: places and rules, never the values (they may be personal)."""
    return invalid(*(Detail(_place(error), str(error.get("msg", "is not valid"))) for error in errors))


def from_part(out: PartOut) -> Refusal:
    """500, or 503 with Retry-After where trying again may help; which part it was is for the log alone."""
    if out.reason not in {"busy", "no answer"}:
        return internal()
    message = "We cannot do this right now. Try again in a moment."
    headers = {"Retry-After": "1"}
    return Refusal(HTTPStatus.SERVICE_UNAVAILABLE, Code.INTERNAL_ERROR, message, headers=headers)


def describe(error: BaseException) -> dict[str, object]:
    """An exception for the log: its type and the way to it.

    Its message is left out unless it is our own: pydantic, botocore and KeyError quote what people sent.
    """
    frames = traceback.extract_tb(error.__traceback__)[-_FRAMES:]
    way = [f"{PurePath(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames]
    own = {"part": error.part, "reason": error.reason, "cause": error.cause} if isinstance(error, PartOut) else {}
    return {"exception_name": type(error).__name__, "way": way, **own}


def _place(error: Mapping[str, object]) -> str:
    """`budget` for `("body", "budget")`; the first word says only which part of the request it was."""
    loc = error.get("loc")
    words = [str(word) for word in loc] if isinstance(loc, tuple | list) else []
    if words[:1] == ["header"]:
        words = [word.title() for word in words]
    return ".".join(words[1:] or words or ["body"])[:_LONGEST_FIELD]
