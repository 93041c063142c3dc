"""The fleet's two functions: one run of one target inside a map, and the report over all of them at its end.

What a run hands on goes through a bucket: a map carries 256 KiB from one state to the next, and a thousand answers are
more than that.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

from checks.doors import canary
from checks.doors.canary import Context
from checks.model import CannotLook
from checks.nights.fleet import Outcome, as_json, as_text, failed, merge, short
from checks.pool import Pool
from checks.world.aws.objects import Objects
from checks.world.aws.session import Access

_READERS = 32


def look(event: Mapping[str, Any], context: Context) -> dict[str, Any]:
    """Look at the target that *event* carries, and keep what came of it under the run's id.

    ``target`` and ``settings`` are the item, ``bucket`` and ``run_id`` the fleet's. One that cannot be looked at is
    an answer, and so is a defect of ours; one that ends without any is found lost by the report.
    """
    try:
        told = canary.handler(event, context)
        answer = short(event, canary.summary(told) if "results" in told else told)
    except CannotLook as reason:
        answer = failed(event, "unreachable", str(reason))
    except Exception as error:  # noqa: BLE001 - one target's trouble is not the fleet's
        answer = failed(event, "void", f"harness error: {type(error).__name__}: {error}")
    _objects(event).put(f"{_folder(event)}/{event['target']}.json", answer)
    return {key: answer[key] for key in ("target", "verdict")}


def report(event: Mapping[str, Any], _: Context) -> dict[str, Any]:
    """The report over the list of targets (``bucket``, ``targets``) and their answers; kept beside them and told.

    What is handed back names everything that is not kept, and the sums.
    """
    objects = _objects(event)
    listed = objects.get(str(event["targets"]))
    pool = Pool(_READERS)
    try:
        asked = [pool.submit(_reading(objects, key)) for key in objects.keys(f"{_folder(event)}/")]
        outcomes = merge(listed, [each.result() for each in asked])
    finally:
        pool.close()
    told = as_json(outcomes, run_id=str(event["run_id"]))
    objects.put(f"fleet/{event['run_id']}.json", {**told, "text": as_text(outcomes)})
    shown = {**told, "targets": [each for each in told["targets"] if each["state"] != "kept"]}
    print(json.dumps({key: value for key, value in told.items() if key != "targets"}), flush=True)
    return {**shown, "text": _short_text(outcomes)}


def _short_text(outcomes: tuple[Outcome, ...]) -> str:
    # The same limit as for a map: what is longer is in the bucket.
    return as_text(outcomes)[:100_000]


def _reading(objects: Objects, key: str) -> Any:  # noqa: ANN401 - any JSON value
    return lambda: objects.get(key)


def _folder(event: Mapping[str, Any]) -> str:
    return f"fleet/{event['run_id']}/answers"


def _objects(event: Mapping[str, Any]) -> Objects:
    return Objects(Access(), str(event["bucket"]), region=os.environ["AWS_REGION"])
