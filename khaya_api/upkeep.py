"""Trust scores, once a day: `khaya_api.upkeep.handler` makes every score what reviews and completed jobs say.

Reviews and completions set the score themselves. This finds what came about in another way: rows restored from a
backup, put by hand, or scored by an older formula. Metrics (the stack's namespace, dimension `service=khaya-upkeep`):
`ScoresScanned`, `ScoresCorrected`, `ScoresFailed`, and `UpkeepSucceeded` = 1 of each run that was whole.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace

from khaya_api import checkpoints
from khaya_api.errors import PartOut, describe
from khaya_api.kit import Kit, kit_from
from khaya_api.profiles import recount
from khaya_api.rows import Slice, timestamp
from khaya_api.tasks import HOPELESS, MARGIN_SECONDS, PAGE, OutOfTime, SecondsLeft, TaskFailed, seconds_left_of

SERVICE = "khaya-upkeep"
TASK = "trust-scores"
_COMPLETED = Slice(noun="jobs", index="StatusIndex", of="completed", descending=False)


@dataclass(slots=True)
class Tally:
    """What one invocation did; filled in as it goes."""

    scanned: int = 0
    corrected: int = 0
    failed: int = 0


def correct_scores(kit: Kit, tally: Tally, seconds_left: SecondsLeft) -> None:
    """Look at the parties of every completed job. Can be repeated at will; raises unless all of it was done."""
    progress = checkpoints.resume(kit, TASK)
    done: set[str] = set()
    while True:
        page = kit.store.page(_COMPLETED, limit=PAGE, after=progress.after)
        for job in page.rows:
            if seconds_left() < MARGIN_SECONDS:
                checkpoints.keep(kit, TASK, progress)
                raise OutOfTime(f"stopped after {tally.scanned} people; the next run goes on from there")
            for user in {str(job[name]) for name in ("buyerId", "workerId") if job.get(name)} - done:
                progress = replace(progress, failed=progress.failed + (not _correct_one(kit, user, tally)))
                done.add(user)
            progress = replace(progress, after={"id": str(job["id"]), "createdAt": str(job["createdAt"])})
        checkpoints.keep(kit, TASK, progress if page.after else None)
        if page.after is None:
            break
    if progress.failed:
        raise TaskFailed(f"{progress.failed} scores could not be looked at; see the log for each")


def correct(kit: Kit, user: str) -> bool:
    """Make one person's score what it should be; whether it was anything else."""
    profile = kit.store.get("profiles", {"userId": user})
    if profile is None:
        return False
    reviews = kit.store.every(Slice(noun="reviews", index="ReviewedIndex", of=user))
    new = len(reviews) - int(profile.get("ratingCount", 0))
    stars = sum(int(review["rating"]) for review in reviews) - int(profile.get("ratingSum", 0))
    if new < 0:
        # The index may lag behind the profile, never the other way round: reviews only grow.
        new = stars = 0
    change = recount(user, profile, timestamp(kit.clock()), stars=stars, ratings=new)
    if not new and not stars and change.sets["trustScore"] == profile.get("trustScore"):
        return False
    # Unmet, the profile has moved, and whoever moved it has set its score.
    return not kit.store.write([change])


def _correct_one(kit: Kit, user: str, tally: Tally) -> bool:
    tally.scanned += 1
    try:
        tally.corrected += correct(kit, user)
    except PartOut as out:
        if out.reason in HOPELESS:
            raise
        tally.failed += 1
        kit.log.error("score not looked at", extra=describe(out))  # noqa: TRY400 - `describe` has the way it came
        return False
    return True


def build(kit: Kit) -> Callable[[object, object], dict[str, int]]:
    """The handler that stands on `kit`; returns the tally."""

    def daily(event: object, context: object) -> dict[str, int]:
        tally, succeeded = Tally(), False
        try:
            correct_scores(kit, tally, seconds_left_of(context))
            succeeded = True
        finally:
            counts = {"ScoresScanned": tally.scanned, "ScoresCorrected": tally.corrected, "ScoresFailed": tally.failed}
            kit.count(counts | ({"UpkeepSucceeded": 1} if succeeded else {}))
        return {"scanned": tally.scanned, "corrected": tally.corrected, "failed": tally.failed}

    return daily


handler = build(kit_from(os.environ, service=SERVICE))
