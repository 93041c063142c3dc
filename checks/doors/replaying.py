"""The way in for runs that were recorded."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

from checks import catalogue
from checks.plan import PlanError
from checks.pool import Pool
from checks.replay import recorded
from checks.run import Run, run_all


def rerun(path: Path) -> Run:
    """Judge the run document at *path* again. Raises PlanError when it cannot be read."""
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise PlanError(f"{path}: cannot be read as a run document ({error})") from error
    replay = recorded(stored, catalogue.BY_NAME, dependencies=catalogue.DEPENDENCIES, deadline=timedelta(seconds=60))
    pool = Pool(8)
    try:
        return run_all(replay.plan, replay.world, pool=pool, terms=replay.terms)
    finally:
        pool.close()
