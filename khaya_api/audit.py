"""Who reads the tables' streams: `khaya_api.audit.handler` says what changed, and finishes what was left half done.

One line for each change, in the log and in the trail (`khaya_api.trail`): table, key, kind, the names of the
attributes that changed, the moment; no values, since those are people's. A job that is no longer open has its waiting
bids rejected, in case nobody could at the time. Answers with the first record that failed, so that the stream goes on
from there.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from khaya_api import trail
from khaya_api.errors import PartOut, describe
from khaya_api.kit import Kit, kit_from
from khaya_api.rows import timestamp
from khaya_api.settling import settle

SERVICE = "khaya-audit"
_KINDS = {"INSERT": "added", "MODIFY": "changed", "REMOVE": "removed"}

Answer = dict[str, list[dict[str, str]]]


def build(kit: Kit) -> Callable[[Mapping[str, Any], object], Answer]:
    """The handler that stands on `kit`."""

    def consume(event: Mapping[str, Any], context: object) -> Answer:
        entries: list[trail.Entry] = []
        failed: list[str] = []
        for record in event["Records"]:
            try:
                entries += _take(kit, record)
            except Exception as error:  # noqa: BLE001 - whatever it is, the stream must not pass over it
                kit.log.error("record not taken", extra=describe(error))  # noqa: TRY400 - messages quote rows
                failed.append(_sequence(record))
                break
        try:
            trail.keep(kit, entries)
        except PartOut as out:
            kit.log.error("changes not kept", extra=describe(out))  # noqa: TRY400 - likewise
            failed = [_sequence(event["Records"][0])]
            entries = []
        kit.count({"ChangesAudited": len(entries), "ChangesFailed": len(failed)})
        return {"batchItemFailures": [{"itemIdentifier": each} for each in failed]}

    return consume


def _take(kit: Kit, record: Mapping[str, Any]) -> list[trail.Entry]:
    """What there is to say of a change, after everything that follows from it; nothing about our own bookkeeping."""
    seen = record["dynamodb"]
    key = {name: str(next(iter(value.values()))) for name, value in seen["Keys"].items()}
    if any("#" in part for part in key.values()):
        # Its keys may be made of phone numbers.
        return []
    before, after = seen.get("OldImage", {}), seen.get("NewImage", {})
    noun = _noun(kit, str(record["eventSourceARN"]))
    entry = {
        "noun": noun,
        "key": key,
        "kind": _KINDS[record["eventName"]],
        "attributes": sorted(name for name in {*before, *after} if before.get(name) != after.get(name)),
        "at": timestamp(_moment(seen)),
        "sequence": _sequence(record),
    }
    kit.log.info("audit", extra=entry)
    if noun == "jobs" and _text(before, "status") == "open" != _text(after, "status") and after:
        kit.count({"BidsSettledLate": settle(kit, key["id"])})
    return [entry]


def _sequence(record: Mapping[str, Any]) -> str:
    return str(record["dynamodb"]["SequenceNumber"])


def _noun(kit: Kit, arn: str) -> str:
    """`arn:aws:dynamodb:<region>:<account>:table/<name>/stream/<moment>`: our word for the table, else its name."""
    name = arn.split("/")[1]
    return next((noun for noun, table in kit.settings.tables.items() if table == name), name)


def _moment(seen: Mapping[str, Any]) -> datetime:
    given = seen["ApproximateCreationDateTime"]
    return given if isinstance(given, datetime) else datetime.fromtimestamp(float(given), UTC)


def _text(image: Mapping[str, Any], name: str) -> str | None:
    value: str | None = image.get(name, {}).get("S")
    return value


handler = build(kit_from(os.environ, service=SERVICE))
