"""What the gateway knows of a body: its shape, taken from the API's own description when the stack is made.

The description is asked of the API's code in a process of its own, as a caller would ask the API: this package knows
that code by its answers alone. A shape says which type each field has. Lengths, ranges, choices and what must be there
stay with the code, whose refusal names the field; the gateway's own cannot (docs/decisions/0021).
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

Schema = dict[str, Any]

# What API Gateway reads (developer guide, "Data models for REST APIs").
DRAFT = "http://json-schema.org/draft-04/schema#"
_ROOT = Path(__file__).resolve().parent.parent
_PARAMETER = re.compile(r"\{\w+\}")
# As the last line, since the code may log while it is loaded.
_ASK = """
import json
from khaya_api.handler import router
from khaya_api.kit import kit_from
from khaya_api.openapi import describe
print()
print(json.dumps(describe(router(kit_from({}, service="description")), "")))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """The name that the API's description gives a body, and its shape."""

    name: str
    shape: Schema


def describe_api() -> Mapping[str, Any]:
    """The API's OpenAPI document; `CalledProcessError` when its code cannot be loaded."""
    done = subprocess.run([sys.executable, "-c", _ASK], stdout=subprocess.PIPE, check=True, cwd=_ROOT)
    document: Mapping[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return document


def bodies(document: Mapping[str, Any]) -> Mapping[tuple[str, str], Body]:
    """Bodies by method and path, a path's parameters without their names: `("POST", "/jobs/{}/bids")`."""
    found = {}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if "requestBody" in operation:
                schema = operation["requestBody"]["content"]["application/json"]["schema"]
                name = str(schema["$ref"]).rpartition("/")[2]
                shape = {"$schema": DRAFT, "title": name, **shape_of(schema, document)}
                found[method.upper(), nameless(path)] = Body(name=name, shape=shape)
    return found


def nameless(path: str) -> str:
    """The path with its parameters' names left out: the gateway has one name for all, the code one for each."""
    return _PARAMETER.sub("{}", path)


def shape_of(schema: Mapping[str, Any], document: Mapping[str, Any]) -> Schema:
    """The types of a schema and of what is in it, and nothing else: whatever the schema takes, its shape takes."""
    if "$ref" in schema:
        return shape_of(document["components"]["schemas"][str(schema["$ref"]).rpartition("/")[2]], document)
    if "anyOf" in schema:
        return _either([shape_of(each, document) for each in schema["anyOf"]])
    shape: Schema = {"type": schema["type"]} if "type" in schema else {}
    if "properties" in schema:
        shape["properties"] = {name: shape_of(each, document) for name, each in schema["properties"].items()}
    if "items" in schema:
        shape["items"] = shape_of(schema["items"], document)
    return shape


def _either(shapes: list[Schema]) -> Schema:
    """One of several: a list of types where types are all there is, as the older draft reads it too."""
    if all(shape.keys() == {"type"} and isinstance(shape["type"], str) for shape in shapes):
        return {"type": [shape["type"] for shape in shapes]}
    return {"anyOf": shapes}
