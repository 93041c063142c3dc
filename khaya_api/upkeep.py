"""Trust scores, once a day: `khaya_api.upkeep.handler` makes every score what reviews and completed jobs say.

Reviews and completions set the score themselves. This finds what came about in another way: rows restored from a
backup, put by hand, or scored by an older formula. Metrics (namespace `Khaya`, dimension `service=khaya-upkeep`):
`ScoresScanned`, `ScoresCorrected`, `ScoresFailed`, and `UpkeepSucceeded` = 1 of each run that was whole.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from khaya_api.errors import PartOut, describe
from khaya_api.kit import Kit, kit_from
from khaya_api.models import timestamp
from khaya_api.profiles import recount
from khaya_api.rows import NO_SORT, Change, Row, Slice
from khaya_api.tasks import MARGIN_SECONDS, PAGE, OutOfTime, SecondsLeft, TaskFailed, seconds_left_of

SERVICE = "khaya-upkeep"
RESUMABLE = timedelta(hours=20)
_CHECKPOINT = {"id": "checkpoint#trust-scores", "createdAt": NO_SORT}
_COMPLETED = Slice(noun="jobs", index="StatusIndex", of="completed", descending=False)
_HOPELESS = frozenset({"not configured", "missing", "refused"})


@dataclass(slots=True)
class Tally:
    """What one invocation did; filled in as it goes."""

    scanned: int = 0
    corrected: int = 0
    failed: int = 0


def correct_scores(kit: Kit, tally: Tally, seconds_left: SecondsLeft) -> None:
    """Look at the parties of every completed job. Can be repeated at will; raises unless all of it was done."""
    after, failed = _begin(kit)
    done: set[str] = set()
    while True:
        page = kit.store.page(_COMPLETED, limit=PAGE, after=after)
        for job in page.rows:
            if seconds_left() < MARGIN_SECONDS:
                _keep(kit, after, failed)
                raise OutOfTime(f"stopped after {tally.scanned} people; the next run goes on from there")
            for user in {str(job[name]) for name in ("buyerId", "workerId") if job.get(name)} - done:
                failed += not _correct_one(kit, user, tally)
                done.add(user)
            after = {"id": str(job["id"]), "createdAt": str(job["createdAt"])}
        _keep(kit, page.after and after, failed)
        if page.after is None:
            break
    if failed:
        raise TaskFailed(f"{failed} scores could not be looked at; see the log for each")


def correct(kit: Kit, user: str) -> bool:
    """Make one person's score what it should be; whether it was anything else."""
    profile = kit.store.get("profiles", {"userId": user})
    if profile is None:
        return False
    reviews = kit.store.every(Slice(noun="reviews", index="ReviewedIndex", of=user))
    # The index may lag behind the profile, never the other way round: reviews only grow.
    new = max(0, len(reviews) - int(profile.get("ratingCount", 0)))
    stars = sum(int(review["rating"]) for review in reviews) - int(profile.get("ratingSum", 0)) if new else 0
    change = recount(user, profile, timestamp(kit.clock()), stars=stars, ratings=new)
    if not new and change.sets["trustScore"] == profile.get("trustScore"):
        return False
    # Unmet, the profile has moved, and whoever moved it has set its score.
    return not kit.store.write([change])


def _correct_one(kit: Kit, user: str, tally: Tally) -> bool:
    tally.scanned += 1
    try:
        tally.corrected += correct(kit, user)
    except PartOut as out:
        if out.reason in _HOPELESS:
            raise
        tally.failed += 1
        kit.log.error("score not looked at", extra=describe(out))  # noqa: TRY400 - `describe` has the way it came
        return False
    return True


def _begin(kit: Kit) -> tuple[Mapping[str, str] | None, int]:
    kept: Row = kit.store.get("jobs", _CHECKPOINT) or {}
    if not kept.get("after") or int(kept["expiresAt"]) <= kit.clock().timestamp():
        return None, 0
    return kept["after"], int(kept["failed"])


def _keep(kit: Kit, after: Mapping[str, str | int] | None, failed: int) -> None:
    until = int((kit.clock() + RESUMABLE).timestamp())
    row = {"expiresAt": until, "failed": failed, **({"after": dict(after)} if after else {})}
    kit.store.write([Change(noun="jobs", key=_CHECKPOINT, put=row)])


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
