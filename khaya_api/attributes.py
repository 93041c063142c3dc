"""DynamoDB's spelling of values: `{"S": "open"}` for `"open"`.

boto3 has the same among its resources. Taken from there it would be paid for at every cold start, with all of boto3's
transfers and resources that stand around it.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

Attribute = dict[str, Any]


def spelt(value: object) -> Attribute:
    """What a row can hold, as DynamoDB writes it. `TypeError` for anything else: it has no floats, for one."""
    match value:
        case None:
            return {"NULL": True}
        case bool():
            return {"BOOL": value}
        case str():
            return {"S": value}
        case int() | Decimal():
            return {"N": str(value)}
        case list() | tuple():
            return {"L": [spelt(each) for each in value]}
        case Mapping():
            return {"M": {name: spelt(each) for name, each in value.items()}}
    raise TypeError(f"a row holds texts, whole numbers, truths, lists and maps of them, and no {type(value).__name__}")


def read(attribute: Mapping[str, Any]) -> Any:  # noqa: ANN401 - what a row can hold
    """What DynamoDB wrote, as we hold it; numbers are `Decimal`. `TypeError` for bytes and sets, which no row has."""
    ((kind, value),) = attribute.items()
    match kind:
        case "S" | "BOOL":
            return value
        case "N":
            return Decimal(value)
        case "NULL":
            return None
        case "L":
            return [read(each) for each in value]
        case "M":
            return {name: read(each) for name, each in value.items()}
    raise TypeError(f"no row of ours has an attribute of type {kind}")
