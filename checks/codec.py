"""Values to JSON and back, guided by their types; and the redaction that evidence goes through when it is made."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import json
import math
import re
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, Union, get_args, get_origin

from checks.evidence import EVIDENCE

# Annotations of rooms may name these although the rooms import them for the type checker alone.
_LOCALS: dict[str, Any] = {
    "datetime": datetime,
    "timedelta": timedelta,
    "Mapping": Mapping,
    "Sequence": Sequence,
}

# Each with characters that such a secret cannot be without: looking for these alone is much faster.
_SECRETS: tuple[tuple[str, re.Pattern[str], str], ...] = (
    ("IA", re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"), "[access key]"),
    ("eyJ", re.compile(r"\beyJ[\w-]{8,}\.[\w-]{4,}\.[\w-]*"), "[token]"),
    ("", re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]{8,}"), r"\1 [credential]"),
    (
        "-----BEGIN ",
        re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL),
        "[private key]",
    ),
    (
        "=",
        re.compile(r"(?i)\b(x-amz-security-token|x-amz-signature|x-amz-credential)=[^&\s\"]+"),
        r"\1=[redacted]",
    ),
    ("@", re.compile(r"\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+\b"), "[e-mail]"),
    ("+", re.compile(r"(?<![\w+])\+\d{9,14}\b"), "[phone]"),
)
# Most of what is stored; a float may be no number, and what is derived from these may be an enumeration.
_WRITTEN_AS_IT_IS = frozenset({str, int, bool, type(None)})
_TAGS = frozenset({"type", "v"})
_SECRET_HEADERS = frozenset({"authorization", "cookie", "set-cookie", "x-api-key", "proxy-authorization"})


class NotReadable(ValueError):
    """A stored value does not fit the type that it claims; says which part, what was expected and what was found."""


def encode(value: object) -> Any:  # noqa: ANN401, PLR0911 - JSON has no narrower type; one line a kind of value
    """Give *value* as JSON types: records carry their type and version, times are UTC texts, durations are seconds."""
    if type(value) in _WRITTEN_AS_IT_IS:
        return value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        parts = {_key(each.name): encode(getattr(value, each.name)) for each in dataclasses.fields(value)}
        return {"type": type(value).__name__, "v": version(type(value)), **parts}
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, Mapping):
        return {str(key): encode(each) for key, each in value.items()}
    if isinstance(value, (set, frozenset)):
        return sorted(encode(each) for each in value)
    if isinstance(value, (list, tuple)):
        return [encode(each) for each in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, (int, float, str)):
        return value
    msg = f"cannot store a {type(value).__name__}: use text, numbers, durations, tuples or frozen records of these"
    raise TypeError(msg)


def version(record: type) -> int:
    """Which version of the stored form of *record* this code writes and reads."""
    return int(getattr(record, "VERSION", 1))


def decode(hint: Any, stored: Any, *, where: str = "value") -> Any:  # noqa: ANN401 - the hint is the type
    """Read *stored* (what ``encode`` gave) as a value of the type *hint*. Raises NotReadable, naming the part."""
    origin = get_origin(hint)
    if origin in {Union, types.UnionType}:
        return _decode_union(get_args(hint), stored, where)
    if origin is tuple:
        return _decode_tuple(get_args(hint), stored, where)
    if origin is Literal:
        return _expect(stored in get_args(hint), stored, where, f"one of {get_args(hint)}")
    if origin is not None and isinstance(origin, type) and issubclass(origin, Mapping):
        _expect(isinstance(stored, dict), stored, where, "an object")
        return {key: decode(get_args(hint)[1], each, where=f"{where}.{key}") for key, each in stored.items()}
    if dataclasses.is_dataclass(hint):
        return _decode_record(typing.cast("type", hint), stored, where)
    return _decode_scalar(hint, stored, where)


def decode_evidence(stored: Any) -> object:  # noqa: ANN401 - any stored evidence
    """Read stored evidence by the type that it names. None (nothing was seen) stays None."""
    return None if stored is None else _decode_union(EVIDENCE, stored, "evidence")


def decode_params(bind: Callable[..., object], stored: Mapping[str, Any]) -> dict[str, Any]:
    """Read the stored parameters of a promise by the annotations of its *bind* function."""
    hints = _hints(bind)
    unknown = sorted(set(stored) - set(hints))
    if unknown:
        msg = f"params: unknown {unknown}; known are {sorted(set(hints) - {'return'})}"
        raise NotReadable(msg)
    return {key: decode(hints[key], value, where=f"params.{key}") for key, value in stored.items()}


def digest(value: object) -> str:
    """A SHA-256 in hexadecimal over the canonical JSON of *value*."""
    text = json.dumps(encode(value), sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def redact(text: str) -> str:
    """Replace what looks like a credential, a token, a private key, an e-mail address or a phone number."""
    for mark, pattern, instead in _SECRETS:
        if mark in text:
            text = pattern.sub(instead, text)
    return text


def scrub(value: Any) -> Any:  # noqa: ANN401 - evidence of any type comes back as the same type
    """The same evidence with every text redacted, and with the values of credential headers removed."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, tuple):
        if len(value) == 2 and isinstance(value[0], str) and value[0].lower() in _SECRET_HEADERS:  # noqa: PLR2004 - a header pair
            return (value[0], "[redacted]")
        return tuple(scrub(each) for each in value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.replace(
            value, **{each.name: scrub(getattr(value, each.name)) for each in dataclasses.fields(value)}
        )
    return value


def _decode_union(options: Sequence[Any], stored: Any, where: str) -> Any:  # noqa: ANN401 - see decode
    if stored is None and type(None) in options:
        return None
    records: dict[str, Any] = {
        each.__name__: each for each in options if isinstance(each, type) and dataclasses.is_dataclass(each)
    }
    if isinstance(stored, dict) and "type" in stored and records:
        named = records.get(stored["type"])
        _expect(named is not None, stored["type"], f"{where}.type", f"one of {sorted(records)}")
        return _decode_record(typing.cast("type", named), stored, where)
    for each in (option for option in options if option not in records.values() and option is not type(None)):
        try:
            return decode(each, stored, where=where)
        except NotReadable:
            continue
    msg = f"{where}: {_short(stored)} is none of {[getattr(each, '__name__', str(each)) for each in options]}"
    raise NotReadable(msg)


def _decode_tuple(items: Sequence[Any], stored: Any, where: str) -> tuple[Any, ...]:  # noqa: ANN401 - see decode
    _expect(isinstance(stored, list), stored, where, "a list")
    if len(items) == 2 and items[1] is Ellipsis:  # noqa: PLR2004 - tuple[X, ...]
        return tuple(decode(items[0], each, where=f"{where}[{at}]") for at, each in enumerate(stored))
    _expect(len(stored) == len(items), stored, where, f"{len(items)} items")
    return tuple(
        decode(hint, each, where=f"{where}[{at}]") for at, (hint, each) in enumerate(zip(items, stored, strict=True))
    )


def _decode_record(record: type, stored: Any, where: str) -> Any:  # noqa: ANN401 - see decode
    _expect(isinstance(stored, dict), stored, where, "an object")
    _expect(stored.get("type") == record.__name__, stored.get("type"), f"{where}.type", record.__name__)
    _expect(
        stored.get("v") == version(record),
        stored.get("v"),
        f"{where}.v",
        f"{version(record)}, the version that this release reads",
    )
    hints = _hints(record)
    given = {key.removesuffix("_"): each for key, each in stored.items() if key not in _TAGS}
    unknown = sorted(set(given) - set(hints))
    _expect(not unknown, unknown, where, f"only {sorted(hints)}")
    try:
        return record(**{key: decode(hints[key], each, where=f"{where}.{key}") for key, each in given.items()})
    except TypeError as error:
        msg = f"{where}: not a complete {record.__name__}: {error}"
        raise NotReadable(msg) from error


def _key(name: str) -> str:
    """A field whose own name is that of a tag is stored with an underscore behind it."""
    return f"{name}_" if name in _TAGS else name


def _decode_scalar(hint: Any, stored: Any, where: str) -> Any:  # noqa: ANN401, PLR0911 - one line a kind of value
    if hint is Any or hint is object:
        return stored
    if hint is datetime:
        return _decode_time(stored, where)
    if hint is timedelta:
        _expect(isinstance(stored, (int, float)) and not isinstance(stored, bool), stored, where, "seconds")
        return timedelta(seconds=stored)
    if hint is float:
        _expect(isinstance(stored, (int, float)) and not isinstance(stored, bool), stored, where, "a number")
        return float(stored)
    if hint is int:
        return _expect(isinstance(stored, int) and not isinstance(stored, bool), stored, where, "a whole number")
    if hint is None or hint is type(None):
        return _expect(stored is None, stored, where, "null")
    return _expect(isinstance(stored, hint), stored, where, getattr(hint, "__name__", str(hint)))


def _decode_time(stored: Any, where: str) -> datetime:  # noqa: ANN401 - see decode
    _expect(isinstance(stored, str), stored, where, "a time such as 2026-01-31T12:00:00Z")
    try:
        read = datetime.fromisoformat(stored)
    except ValueError as error:
        msg = f"{where}: {_short(stored)} is not a time such as 2026-01-31T12:00:00Z"
        raise NotReadable(msg) from error
    _expect(read.tzinfo is not None, stored, where, "a time with its offset")
    return read.astimezone(UTC)


def _expect(holds: object, stored: Any, where: str, expected: str) -> Any:  # noqa: ANN401 - hands back what it checked
    if not holds:
        msg = f"{where}: expected {expected}, found {_short(stored)}"
        raise NotReadable(msg)
    return stored


def _short(stored: Any) -> str:  # noqa: ANN401 - shows anything
    text = repr(stored)
    return text if len(text) <= 80 else f"{text[:77]}..."  # noqa: PLR2004 - fits a line


@functools.cache
def _hints(of: Any) -> dict[str, Any]:  # noqa: ANN401 - a record type or a function
    return typing.get_type_hints(of, localns=_LOCALS)
