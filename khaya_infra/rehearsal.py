"""A restore that is tried before it is needed: brought back to a scratch table, compared, removed, and recorded."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING

from khaya_infra import restore, tables

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from khaya_infra.arrival import Place
    from khaya_infra.clients import Client
    from khaya_infra.restore import Source
    from khaya_infra.tables import Item

SAMPLE = 100
# When an item was made and last changed, in ISO 8601 with Z: texts that sort as moments do.
_MADE, _CHANGED = "createdAt", "updatedAt"
_EXPIRES = "expiresAt"


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """The restored table beside the live one; keys are lists of attribute values as texts.

    `lost` are live items that the copy should hold, since they are older than it, and does not. `deleted` are items of
    the copy that are live no more. `changed` counts items of the sample that are other than live although nothing says
    that they were changed since.
    """

    live: int
    copy: int
    lost: tuple[str, ...]
    deleted: tuple[str, ...]
    sampled: int
    changed: tuple[str, ...]
    same_shape: bool

    @property
    def good(self) -> bool:
        """Whether everything that had to come back came back."""
        return self.same_shape and not self.lost and not self.changed


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """One rehearsal, as it is recorded."""

    table: str
    source: str
    started: str
    seconds: float
    live: int
    copy: int
    lost: int
    deleted: int
    sampled: int
    changed: int
    good: bool


def rehearse(place: Place, word: str, *, wanted: str, put_back: bool, say: Callable[[str], None]) -> bool:
    """Restore a table to a scratch one and compare; whether it was good. `put_back` returns what was deleted."""
    dynamodb, (noun, table) = place.session.client("dynamodb"), tables.table_named(place, word)
    scratch = f"{place.settings.main.name}-rehearsal-{noun}-{datetime.now(UTC):%Y%m%d%H%M%S}"
    _sweep(dynamodb, f"{place.settings.main.name}-rehearsal-", say)
    source = restore.find_source(place, table, wanted)
    say(f"restoring {noun} from {source}")
    began, clock = datetime.now(UTC), time.monotonic()
    try:
        restore.restore(place, table, source, name=scratch)
        took = time.monotonic() - clock
        seen = compare(dynamodb, table, scratch, source)
        _tell(seen, say)
        if put_back:
            say(f"{_put_back(dynamodb, table, scratch, seen)} items put back into {noun}")
    finally:
        if _exists(dynamodb, scratch):
            tables.drop(dynamodb, scratch)
    say(f"scratch table {scratch} removed; the restore took {took:.0f} s")
    _record(place, noun, source, seen, began=began, took=took)
    return seen.good


def compare(dynamodb: Client, table: str, scratch: str, source: Source) -> Comparison:
    """Both tables read whole: every key of both, and a sample of the items that are in both."""
    names = tables.keys_of(dynamodb, table)
    live, copied = _by_key(dynamodb, table, names), _by_key(dynamodb, scratch, names)
    at = f"{source.at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}"
    both = sorted(live.keys() & copied.keys())
    untouched = [key for key in both if _moment(live[key], _CHANGED, _MADE) < at]
    sample = list(islice(untouched, SAMPLE))
    return Comparison(
        live=len(live),
        copy=len(copied),
        lost=tuple(key for key in sorted(live.keys() - copied.keys()) if _moment(live[key], _MADE, _CHANGED) < at),
        deleted=tuple(sorted(copied.keys() - live.keys())),
        sampled=len(sample),
        changed=tuple(key for key in sample if live[key] != copied[key]),
        same_shape=_shape(dynamodb, table) == _shape(dynamodb, scratch),
    )


def _by_key(dynamodb: Client, name: str, names: Iterable[str]) -> dict[str, Item]:
    return {_key(item, names): item for item in tables.scan(dynamodb, name)}


def _key(item: Item, names: Iterable[str]) -> str:
    return json.dumps([item[name] for name in names], sort_keys=True, default=str)


def _moment(item: Item, *names: str) -> str:
    """When it was made or changed; an item that does not say counts as just made, and is not expected in a copy."""
    return next((str(item[name]["S"]) for name in names if "S" in item.get(name, {})), "9999")


def _shape(dynamodb: Client, name: str) -> object:
    described = dynamodb.describe_table(TableName=name)["Table"]
    indexes = described.get("GlobalSecondaryIndexes", [])
    return described["KeySchema"], sorted((each["IndexName"], str(each["KeySchema"])) for each in indexes)


def _tell(seen: Comparison, say: Callable[[str], None]) -> None:
    say(
        f"items: {seen.live} live, {seen.copy} in the copy; {seen.sampled} compared, {len(seen.changed)} of them differ"
    )
    say("keys and indexes: " + ("the same" if seen.same_shape else "NOT the same"))
    for what, keys in (("lost, though older than the copy", seen.lost), ("in the copy alone", seen.deleted)):
        if keys:
            more = f" and {len(keys) - SAMPLE} more" if len(keys) > SAMPLE else ""
            say(f"{len(keys)} {what}: {', '.join(keys[:SAMPLE])}{more}")


def _put_back(dynamodb: Client, table: str, scratch: str, seen: Comparison) -> int:
    """Write what the copy alone has, and nobody has written again meanwhile; what would have expired stays away."""
    names, now = tables.keys_of(dynamodb, table), time.time()
    copied = _by_key(dynamodb, scratch, names)
    wanted = [copied[key] for key in seen.deleted if float(copied[key].get(_EXPIRES, {}).get("N", now + 1)) > now]
    return sum(_put(dynamodb, table, item, names[0]) for item in wanted)


def _put(dynamodb: Client, table: str, item: Mapping[str, object], partition: str) -> bool:
    condition = {"ConditionExpression": "attribute_not_exists(#key)", "ExpressionAttributeNames": {"#key": partition}}
    try:
        dynamodb.put_item(TableName=table, Item=item, **condition)
    except dynamodb.exceptions.ConditionalCheckFailedException:
        return False
    return True


def _exists(dynamodb: Client, name: str) -> bool:
    try:
        dynamodb.describe_table(TableName=name)
    except dynamodb.exceptions.ResourceNotFoundException:
        return False
    return True


def _sweep(dynamodb: Client, prefix: str, say: Callable[[str], None]) -> None:
    """Remove what a rehearsal that was killed left behind."""
    pages = dynamodb.get_paginator("list_tables").paginate()
    for name in [each for page in pages for each in page["TableNames"] if each.startswith(prefix)]:
        tables.drop(dynamodb, name)
        say(f"scratch table {name} of an earlier rehearsal removed")


def parameter_of(stack: str) -> str:
    """Where the newest rehearsal of a stack is on record; the parameter's history has those before."""
    return f"/{stack}/rehearsal"


def _record(place: Place, noun: str, source: Source, seen: Comparison, *, began: datetime, took: float) -> None:
    done = Rehearsal(
        table=noun,
        source=str(source),
        started=f"{began:%Y-%m-%dT%H:%M:%SZ}",
        seconds=round(took, 1),
        live=seen.live,
        copy=seen.copy,
        lost=len(seen.lost),
        deleted=len(seen.deleted),
        sampled=seen.sampled,
        changed=len(seen.changed),
        good=seen.good,
    )
    place.session.client("ssm").put_parameter(
        Name=parameter_of(place.settings.main.name),
        Value=json.dumps(asdict(done)),
        Type="String",
        Overwrite=True,
        Description="The newest rehearsal of a restore",
    )
