"""What an API says of itself (OpenAPI 3, Swagger 2): its routes, and questions that its answers can be told by.

Never raises for any document: what cannot be read of it is not asked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Literal
from urllib.parse import quote, urljoin, urlsplit

from checks.frozen import dataclass

Json = Mapping[str, object]

# Where frameworks serve it.
PLACES = ("/openapi.json", "/openapi", "/swagger.json", "/docs/openapi.json", "/v3/api-docs")
_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_READING = frozenset({"get", "head", "options", "trace"})
_NONSENSE = "nobody-made-this"
_DEEPEST = 16
_LONGEST = 1_000
_MOST_ONES = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One request to an operation that reads; *wanted* is what an API does with it that keeps its description."""

    path: str
    query: str
    wanted: Literal["answered", "refused"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bounded:
    """A parameter with a value that its description does not allow, and one that it does where one can be known.

    *closed* when no text with anything behind a good value is allowed: one of several words, or a number.
    """

    name: str
    good: str | None
    bad: str
    closed: bool


def base_of(document: Json, url: str, default: str) -> str:
    """Where the paths of a description that was found at *url* begin; *default* where it does not say, or elsewhere."""
    servers = document.get("servers")
    first = servers[0] if isinstance(servers, list) and servers else None
    said = first.get("url") if isinstance(first, Mapping) else document.get("basePath")
    if not isinstance(said, str) or not said or "{" in said:
        return default
    try:
        base = urljoin(url, said)
        return base.rstrip("/") if urlsplit(base).netloc == urlsplit(url).netloc else default
    except ValueError:
        return default


def read_only(document: Json) -> tuple[str, ...]:
    """The paths without parameters that nothing can be written to, those that are open to everybody first."""
    found = [(path, dict(_operations(item))) for path, item in _paths(document) if "{" not in path]
    reading = [(path, every) for path, every in found if "get" in every and set(every) <= _READING]
    return tuple(path for path, every in sorted(reading, key=lambda each: not _is_open(document, each[1]["get"])))


def questions(document: Json) -> tuple[Question, ...]:
    """Questions to one open operation, by which what becomes of a query on its way can be told.

    The operation with the most parameters that are bounded; nothing where there is none with any.
    """
    best: tuple[str, str, tuple[_Bounded, ...]] = ("", "", ())
    for path, item in _paths(document):
        operation = dict(_operations(item)).get("get")
        if operation is not None and "{" not in path and _is_open(document, operation):
            fixed, bounded = _asked(document, item, operation)
            if fixed is not None and len(bounded) > len(best[2]):
                best = (path, fixed, bounded)
    path, fixed, bounded = best
    return tuple(_questions(path, fixed, bounded[:_MOST_ONES])) if bounded else ()


def _questions(path: str, fixed: str, bounded: tuple[_Bounded, ...]) -> Iterator[Question]:
    def question(wanted: Literal["answered", "refused"], *parts: str) -> Question:
        return Question(path=path, query="&".join(each for each in (fixed, *parts) if each), wanted=wanted)

    yield question("answered")
    # Each by itself: who lets only some parameters through drops the others.
    yield from (question("refused", _pair(each.name, each.bad)) for each in bounded)
    known = [(each, each.good) for each in sorted(bounded, key=lambda one: not one.closed) if each.good is not None]
    for first, good in known[:1]:
        # Spelt with percent signs it is the same; spelt so twice it is not.
        yield question("answered", f"{quote(first.name, safe='')}={_spelt_out(good)}")
        # In both orders: the first or the last alone is not the query.
        for other in [each for each in bounded if each is not first][:1]:
            yield question("refused", _pair(first.name, good), _pair(other.name, other.bad))
            yield question("refused", _pair(other.name, other.bad), _pair(first.name, good))
        # One value with a sign in it that parts parameters when somebody reads it on the way.
        for other, fine in known[1:2] if first.closed else ():
            yield question("refused", f"{_pair(first.name, good)}%26{_pair(other.name, fine)}")


def _asked(document: Json, item: Json, operation: Json) -> tuple[str | None, tuple[_Bounded, ...]]:
    """What has to be in every question, None when it is not known; and the parameters that are free and bounded."""
    fixed: list[str] = []
    bounded: list[_Bounded] = []
    for one in _parameters(document, item, operation):
        schema = _schema(document, one)
        name, good, bad = str(one.get("name", "")), _good(schema), _bad(schema)
        if one.get("required") is True and one.get("in") != "query":
            return None, ()
        if one.get("in") != "query":
            continue
        if one.get("required") is True and good is None:
            return None, ()
        if one.get("required") is True and good is not None:
            fixed.append(_pair(name, good))
        elif bad is not None:
            bounded.append(_Bounded(name=name, good=good, bad=bad, closed="maxLength" not in schema))
    return "&".join(fixed), tuple(bounded)


def _good(schema: Json) -> str | None:
    """A value that the schema surely allows."""
    said = schema.get("enum")
    if isinstance(said, list) and said:
        return _text(said[0])
    if _is_number(schema):
        edges = (_number(schema.get(key)) for key in ("default", "minimum", "maximum"))
        exact = [each for each in edges if each is not None and each == int(each)]
        open_ended = not any(key.startswith("exclusive") or key == "multipleOf" for key in schema)
        return str(int(exact[0])) if exact and open_ended else None
    # Text: which one means something is not said, and one that does not may be refused.
    return _text(schema.get("default", schema.get("example")))


def _bad(schema: Json) -> str | None:
    """A value that the schema surely does not allow."""
    said = schema.get("enum")
    if isinstance(said, list) and said:
        return _NONSENSE
    if _is_number(schema):
        highest, lowest = _number(schema.get("maximum")), _number(schema.get("minimum"))
        if highest is not None:
            return str(int(highest) + 1)
        return str(int(lowest) - 1) if lowest is not None else _NONSENSE
    longest = schema.get("maxLength")
    if isinstance(longest, int) and 0 < longest <= _LONGEST:
        return "a" * (longest + 1)
    return None


def _is_number(schema: Json) -> bool:
    """By its type, which may be beside null (OpenAPI 3.1)."""
    said = schema.get("type")
    kinds = [each for each in said if each != "null"] if isinstance(said, list) else [said]
    return kinds in (["integer"], ["number"])


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if abs(value) < 1e15 else None  # noqa: PLR2004 - what a float holds exactly


def _text(value: object) -> str | None:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, str | int) and value != "" else None


def _pair(name: str, value: str) -> str:
    return f"{quote(name, safe='')}={quote(value, safe='')}"


def _spelt_out(value: str) -> str:
    return "".join(f"%{each:02X}" for each in value.encode())


def _is_open(document: Json, operation: Json) -> bool:
    """Whether nobody is asked who they are; an empty alternative lets everybody in."""
    asked = operation.get("security", document.get("security"))
    return not asked or (isinstance(asked, list) and {} in asked)


def _paths(document: Json) -> Iterator[tuple[str, Json]]:
    paths = document.get("paths")
    for path, item in paths.items() if isinstance(paths, Mapping) else ():
        if isinstance(item, Mapping) and isinstance(path, str) and path.startswith("/"):
            yield path, item


def _operations(item: Json) -> Iterator[tuple[str, Json]]:
    for method in _METHODS:
        operation = item.get(method)
        if isinstance(operation, Mapping):
            yield method, operation


def _parameters(document: Json, item: Json, operation: Json) -> Iterator[Json]:
    """The operation's own, then those of its path."""
    for level, index in product((operation, item), range(64)):
        every = level.get("parameters")
        if isinstance(every, list) and index < len(every):
            yield _followed(document, every[index])


def _schema(document: Json, parameter: Json) -> Json:
    """A parameter's schema; of one that may be null the other half. Swagger has it in the parameter itself."""
    schema = _followed(document, parameter.get("schema", parameter))
    halves = schema.get("anyOf")
    if isinstance(halves, list):
        real = [each for each in (_followed(document, half) for half in halves) if each.get("type") != "null"]
        return real[0] if len(real) == 1 else {}
    return schema


def _followed(document: Json, part: object) -> Json:
    """Where a ``$ref`` leads within the document, with what stands beside it; empty where it leads nowhere."""
    beside: dict[str, object] = {}
    for _ in range(_DEEPEST):
        if not isinstance(part, Mapping):
            return {}
        reference = part.get("$ref")
        if not isinstance(reference, str):
            return {**part, **beside}
        beside = {**{key: value for key, value in part.items() if key != "$ref"}, **beside}
        part = document
        for step in reference.removeprefix("#/").split("/"):
            part = part.get(step.replace("~1", "/").replace("~0", "~")) if isinstance(part, Mapping) else None
    return {}
