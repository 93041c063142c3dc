"""What functions and the API have logged, under the names that the stack publishes for their log groups."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from khaya_infra.stop import USAGE, Stop

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from khaya_infra.arrival import Place

_SUFFIX = "LogGroup"
_SPAN = re.compile(r"(\d+)([smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_PAUSE_S = 2.0


def groups_of(outputs: Mapping[str, str]) -> dict[str, str]:
    """Log groups by a word to type: `api`, `apiaccess`, `daily`."""
    return {key.removesuffix(_SUFFIX).lower(): value for key, value in outputs.items() if key.endswith(_SUFFIX)}


def group_named(outputs: Mapping[str, str], word: str) -> str:
    """The log group of a word; `Stop` (64) lists the words there are."""
    known = groups_of(outputs)
    found = known.get(re.sub(r"[^a-z]", "", word.lower()).removesuffix("function"))
    if found is None:
        raise Stop(f"nothing logs as {word!r}", f"Known are {', '.join(sorted(known))}", code=USAGE)
    return found


def span(text: str) -> timedelta:
    """A duration such as 90s, 10m, 2h or 3d; `Stop` (64) for anything else."""
    found = _SPAN.fullmatch(text)
    if found is None:
        raise Stop(f"{text!r} is not a duration", "Give one such as 90s, 10m, 2h or 3d", code=USAGE)
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


def lines(
    place: Place, word: str, *, since: timedelta, pattern: str = "", now: datetime | None = None
) -> Iterator[str]:
    """The lines of the last `since`, in order, each with its moment; `pattern` is CloudWatch's filter syntax."""
    group = group_named(place.outputs(), word)
    begin = (now or datetime.now(UTC)) - since
    for event in _events(place, group, int(begin.timestamp() * 1000), pattern):
        yield _line(event)


def follow(place: Place, word: str, *, since: timedelta, pattern: str, say: Callable[[str], None]) -> None:
    """The same, and what is logged from then on, until interrupted."""
    group = group_named(place.outputs(), word)
    begin, seen = int((datetime.now(UTC) - since).timestamp() * 1000), set[str]()
    while True:
        for event in _events(place, group, begin, pattern):
            if event["eventId"] not in seen:
                seen.add(event["eventId"])
                say(_line(event))
        time.sleep(_PAUSE_S)


def _events(place: Place, group: str, begin: int, pattern: str) -> Iterator[dict[str, Any]]:
    wish: dict[str, Any] = {"logGroupName": group, "startTime": begin}
    if pattern:
        wish["filterPattern"] = pattern
    for page in place.session.client("logs").get_paginator("filter_log_events").paginate(**wish):
        yield from page["events"]


def _line(event: Mapping[str, Any]) -> str:
    moment = datetime.fromtimestamp(event["timestamp"] / 1000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}  {str(event['message']).rstrip()}"
