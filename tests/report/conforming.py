"""As much of JSON Schema 2020-12 as the run document's schema says anything with; any other keyword is refused."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

Schema = Mapping[str, Any]
SILENT = frozenset({"$schema", "$defs", "title", "description"})
TYPES: Mapping[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
}


def faults(value: object, schema: Schema, root: Schema, where: str = "$") -> Iterator[str]:
    """Say where *value* is not what *schema* (a part of *root*) asks for. Raises KeyError for an unknown keyword."""
    for keyword in schema:
        if keyword not in SILENT:
            yield from _KEYWORDS[keyword](value, schema, root, where)


def _ref(value: object, schema: Schema, root: Schema, where: str) -> Iterator[str]:
    part = root
    for step in schema["$ref"].removeprefix("#/").split("/"):
        part = part[step]
    yield from faults(value, part, root, where)


def _type(value: object, schema: Schema, root: Schema, where: str) -> Iterator[str]:
    named = schema["type"]
    names = [named] if isinstance(named, str) else named
    fits = any(isinstance(value, TYPES[name]) and (name == "boolean" or not isinstance(value, bool)) for name in names)
    if not fits:
        yield f"{where}: expected {named}, found {type(value).__name__}"


def _const(value: object, schema: Schema, root: Schema, where: str) -> Iterator[str]:
    if value != schema["const"] or isinstance(value, bool):
        yield f"{where}: expected {schema['const']!r}, found {value!r}"


def _enum(value: object, schema: Schema, root: Schema, where: str) -> Iterator[str]:
    if value not in schema["enum"] or isinstance(value, bool):
        yield f"{where}: expected one of {schema['enum']}, found {value!r}"


def _any_of(value: object, schema: Schema, root: Schema, where: str) -> Iterator[str]:
    told = [list(faults(value, each, root, where)) for each in schema["anyOf"]]
    if all(told):
        yield f"{where}: none of several: {told}"


def _required(value: object, schema: Schema, root: Schema, where: str) -> Iterator[str]:
    if isinstance(value, dict):
        yield from (f"{where}: {key} is missing" for key in schema["required"] if key not in value)


def _properties(value: object, schema: Schema, root: Schema, where: str) -> Iterator[str]:
    if isinstance(value, dict):
        for key, part in schema["properties"].items():
            if key in value:
                yield from faults(value[key], part, root, f"{where}.{key}")


def _items(value: object, schema: Schema, root: Schema, where: str) -> Iterator[str]:
    if isinstance(value, list):
        for at, each in enumerate(value):
            yield from faults(each, schema["items"], root, f"{where}[{at}]")


def _pattern(value: object, schema: Schema, root: Schema, where: str) -> Iterator[str]:
    if isinstance(value, str) and not re.search(schema["pattern"], value):
        yield f"{where}: {value!r} does not fit {schema['pattern']}"


def _minimum(value: object, schema: Schema, root: Schema, where: str) -> Iterator[str]:
    if isinstance(value, (int, float)) and value < schema["minimum"]:
        yield f"{where}: {value} is less than {schema['minimum']}"


def _min_length(value: object, schema: Schema, root: Schema, where: str) -> Iterator[str]:
    if isinstance(value, str) and len(value) < schema["minLength"]:
        yield f"{where}: shorter than {schema['minLength']}"


_KEYWORDS: Mapping[str, Callable[[object, Schema, Schema, str], Iterator[str]]] = {
    "$ref": _ref,
    "type": _type,
    "const": _const,
    "enum": _enum,
    "anyOf": _any_of,
    "required": _required,
    "properties": _properties,
    "items": _items,
    "pattern": _pattern,
    "minimum": _minimum,
    "minLength": _min_length,
}
