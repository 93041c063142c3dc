"""The fleet's two functions: one run of one target inside a map, and the report over all of them at its end."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from checks.doors import canary
from checks.doors.canary import Context
from checks.nights.fleet import as_json, as_text, merge, short


def look(event: Mapping[str, Any], context: Context) -> dict[str, Any]:
    """Look at the target that *event* carries (``target``, ``settings``), and give the little that a map hands on.

    Raises what the canary raises; the map catches it, and that target alone is unreachable.
    """
    told = canary.handler(event, context)
    return short(event, canary.summary(told) if "results" in told else told)


def report(event: Mapping[str, Any], _: Context) -> dict[str, Any]:
    """The report over ``targets`` (as listed) and ``answers`` (as the maps gave them, one list for each account)."""
    outcomes = merge(event["targets"], _flat(event["answers"]))
    told = as_json(outcomes, run_id=str(event.get("run_id", "")))
    print(json.dumps({key: value for key, value in told.items() if key != "targets"}), flush=True)
    return {**told, "text": as_text(outcomes)}


def _flat(answers: Iterable[Any]) -> Iterable[Mapping[str, Any]]:
    for each in answers:
        if isinstance(each, Mapping):
            yield each
        else:
            yield from _flat(each)
