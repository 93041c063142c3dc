"""The shape of a table: its keys and its indexes, as a template declares them and as a person reads them."""

from __future__ import annotations

from checks import intent
from checks.frozen import dataclass

Keys = tuple[tuple[str, str, str], ...]
"""``(attribute, HASH or RANGE, S, N or B)`` in order. A part that a template leaves open is empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexShape:
    """A global secondary index as a template declares it; no keys and no projection where these are open."""

    name: str
    keys: Keys
    projection: str


def keys_of(table: object, schema: object) -> Keys:
    """The keys of *schema* (a KeySchema of *table* or of one of its indexes) with their types."""
    types = {intent.text(each, "AttributeName"): each for each in intent.items(table, "AttributeDefinitions")}
    named = ((intent.text(each, "AttributeName"), intent.text(each, "KeyType")) for each in intent.items(schema))
    return tuple((name, role, intent.text(types.get(name), "AttributeType")) for name, role in named)


def indexes_of(table: object) -> tuple[IndexShape, ...]:
    """The global secondary indexes of *table* whose names are known."""
    return tuple(
        IndexShape(name=name, keys=keys_of(table, intent.part(each, "KeySchema")), projection=_projection(each))
        for each in intent.items(table, "GlobalSecondaryIndexes")
        if (name := intent.text(each, "IndexName"))
    )


def _projection(index: object) -> str:
    kind = intent.text(index, "Projection", "ProjectionType")
    further = sorted(intent.texts(index, "Projection", "NonKeyAttributes"))
    return f"INCLUDE {','.join(further)}" if kind == "INCLUDE" else kind


def fits(shape: Keys, live: Keys) -> bool:
    """Whether *live* is *shape* in every part that *shape* knows."""
    return len(shape) == len(live) and all(
        want in {"", have}
        for wanted, found in zip(shape, live, strict=True)
        for want, have in zip(wanted, found, strict=True)
    )


def spelt(shape: Keys) -> str:
    """``id HASH S, createdAt RANGE S``, with a question mark for what is open."""
    return ", ".join(" ".join(part or "?" for part in key) for key in shape) or "none"


def spelt_index(shape: IndexShape) -> str:
    """One index in a few words."""
    return f"{shape.name} on {spelt(shape.keys)} with {shape.projection or '?'}"
