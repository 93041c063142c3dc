"""What a person does with an API, described by settings alone: sign in, write, read, list, change, remove, upload."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields
from datetime import timedelta

from checks.frozen import dataclass

# Whatever a journey makes is called so, and what still is after this long was left by a run that was cut off.
PREFIX = "probe-"
LEFTOVER = timedelta(hours=1)
# The letters of a nonce that travels: accents, a script from right to left, an emoji of two code points, a quote.
TRAVELLER = "é ñ ש 👩‍🔧 “x”"

Scalar = bool | int | float | str


class JourneyError(ValueError):
    """A journey that cannot be walked: names the key of the settings and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """One journey. A request is ``METHOD /path``; ``{nonce}``, ``{id}`` and ``{size}`` in it and in bodies are filled.

    *client* is the subject of the app client to sign in with, *username* the form of a name (``{name}``), *groups* what
    its users are put into, *token* is ``id`` or ``access``. *field* is where the nonce comes back, *removed* what
    reading gives afterwards: a status (``404``) or a field and its value (``status=cancelled``). *table* and *key* (one
    name or two, of text) tell which row of it stays, to be removed there; *bucket* where an upload lands, *landed* the
    field of its key.

    *pages* are lists that what was created is in, so limited that a page holds one or two; *next* is the field of the
    cursor of the following page, *cursor* the query parameter that brings it back. *closed* are requests that nobody of
    these *groups* may make: they get the id of nothing, and each must be one that does no harm when it is let in.
    *upload_page* asks for leave to upload a page; *served* are paths of the site where an upload (``{id}`` is its key,
    ``{nonce}`` a new name) would be met. Several are separated by commas.
    """

    client: str
    me: str = "GET /auth/me"
    username: str = "{name}"
    groups: str = ""
    token: str = "id"  # noqa: S105 - the kind of token
    create: str = ""
    body: str = ""
    field: str = "title"
    read: str = ""
    list: str = ""
    change: str = ""
    change_body: str = "{}"
    remove: str = ""
    removed: str = "404"
    table: str = ""
    key: str = "id"
    pages: str = ""
    next: str = "nextCursor"
    cursor: str = "cursor"
    closed: str = ""
    upload: str = ""
    upload_body: str = ""
    upload_page: str = ""
    served: str = "/{id}, /uploads/{id}, /uploads/{nonce}.html"
    file: str = ""
    bucket: str = ""
    landed: str = "key"


def script_of(settings: Mapping[str, Scalar]) -> Script | None:
    """The journey of ``[journeys]``; None where there is none. Raises JourneyError for a key that is odd or missing."""
    said = {key: value for key, value in settings.items() if key != "always"}
    if not said:
        return None
    known = {each.name for each in fields(Script)}
    odd = sorted(set(said) - known)
    if odd:
        raise JourneyError(f"journeys: unknown {odd}; known are {sorted({*known, 'always'})}")
    wrong = sorted(key for key, value in said.items() if not isinstance(value, str))
    if wrong:
        raise JourneyError(f"journeys.{wrong[0]}: expected a text in quotes")
    if "client" not in said:
        raise JourneyError("journeys.client: missing; name the app client to sign in with, by its subject")
    script = Script(**{key: str(value) for key, value in said.items()})
    _refuse_half(script)
    return script


def _refuse_half(script: Script) -> None:
    needs: Iterable[tuple[str, str]] = (
        *(("create", other) for other in ("body", "read", "list", "remove")),
        ("change", "create"),
        ("upload", "upload_body"),
        ("upload", "file"),
        ("pages", "create"),
        ("upload_page", "upload"),
        ("upload_page", "served"),
    )
    for key, other in needs:
        if getattr(script, key) and not getattr(script, other):
            raise JourneyError(f"journeys.{other}: missing; journeys.{key} needs it")
    for key in ("me", "create", "read", "list", "change", "remove", "upload", "pages", "closed"):
        for request in requests(getattr(script, key)):
            method, _, path = request.partition(" ")
            if not (method.isupper() and path.startswith("/")):
                raise JourneyError(
                    f'journeys.{key}: expected a method and a path such as "GET /items", found {request!r}'
                )
    if script.upload_page and not ("{size}" in script.upload_body and "{size}" in script.upload_page):
        raise JourneyError("journeys.upload_page: say {size} where it and journeys.upload_body name a size")


def requests(text: str) -> tuple[str, ...]:
    """What is separated by commas, each by itself."""
    return tuple(each.strip() for each in text.split(",") if each.strip())


def filled(text: str, *, nonce: str = "", id: str = "", size: str = "") -> str:  # noqa: A002 - the settings' word
    """*text* with its nonce, id and size; all are plain enough for JSON, but for the quotes of a traveller."""
    return text.replace("{nonce}", nonce).replace("{id}", id).replace("{size}", size)
