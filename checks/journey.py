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
    """One journey. A request is ``METHOD /path``; ``{nonce}`` and ``{id}`` in it and in bodies are filled in.

    *client* is the subject of the app client to sign in with, *username* the form of a name (``{name}``), *groups* what
    its users are put into, *token* is ``id`` or ``access``. *field* is where the nonce comes back, *removed* what
    reading gives afterwards: a status (``404``) or a field and its value (``status=cancelled``). *table* and *key* (one
    name or two, of text) tell which row of it stays, to be removed there; *bucket* where an upload lands, *landed* the
    field of its key.
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
    upload: str = ""
    upload_body: str = ""
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
    )
    for key, other in needs:
        if getattr(script, key) and not getattr(script, other):
            raise JourneyError(f"journeys.{other}: missing; journeys.{key} needs it")
    for key in ("me", "create", "read", "list", "change", "remove", "upload"):
        method, _, path = getattr(script, key).partition(" ")
        if getattr(script, key) and not (method.isupper() and path.startswith("/")):
            raise JourneyError(f'journeys.{key}: expected a method and a path such as "GET /items", found {method!r}')


def filled(text: str, *, nonce: str = "", id: str = "") -> str:  # noqa: A002 - the word of the settings
    """*text* with its nonce and its id; both are plain enough to stand in JSON, but for the quotes of a traveller."""
    return text.replace("{nonce}", nonce).replace("{id}", id)
