"""What the gateway is told of a body: types, and whatever else its schema says left out."""

from __future__ import annotations

from typing import Any

import pytest

from khaya_infra.shapes import bodies, describe_api, nameless, shape_of

KINDS = {"components": {"schemas": {"Colour": {"type": "string", "enum": ["red"]}}}}


@pytest.mark.parametrize(
    ("schema", "shape"),
    (
        ({"type": "integer", "exclusiveMinimum": 0, "title": "Amount"}, {"type": "integer"}),
        ({"anyOf": [{"type": "string", "maxLength": 5}, {"type": "null"}]}, {"type": ["string", "null"]}),
        ({"$ref": "#/components/schemas/Colour"}, {"type": "string"}),
        (
            {"type": "array", "maxItems": 3, "items": {"$ref": "#/components/schemas/Colour"}},
            {"type": "array", "items": {"type": "string"}},
        ),
        (
            {"type": "object", "required": ["a"], "additionalProperties": False, "properties": {"a": {"type": "null"}}},
            {"type": "object", "properties": {"a": {"type": "null"}}},
        ),
        (
            {"anyOf": [{"type": "array", "items": {}}, {"type": "null"}]},
            {"anyOf": [{"type": "array", "items": {}}, {"type": "null"}]},
        ),
        ({"const": "x"}, {}),
    ),
    ids=("number", "or null", "named", "list", "object", "list or null", "anything"),
)
def test_a_shape_is_the_types_of_a_schema(schema: dict[str, Any], shape: dict[str, Any]) -> None:
    """So whatever the code takes, the gateway lets through."""
    assert shape == shape_of(schema, KINDS)


def test_the_names_of_parameters_are_left_out() -> None:
    """The code calls it `job_id`, the gateway `id`."""
    assert "/jobs/{}/bids/{}" == nameless("/jobs/{job_id}/bids/{id}")


def test_the_api_describes_its_bodies_itself() -> None:
    """Asked of the code, whatever it logs meanwhile."""
    found = bodies(describe_api())

    assert "NewBid" == found["POST", "/jobs/{}/bids"].name
    assert ("NewBid", "object") == (
        found["POST", "/jobs/{}/bids"].shape["title"],
        found["POST", "/jobs/{}/bids"].shape["type"],
    )
    assert not [key for key in found if key[0] in {"GET", "DELETE"}]
