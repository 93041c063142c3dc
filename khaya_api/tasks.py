"""The daily work: `khaya_api.tasks.handler`, called once a day by a schedule.

Metrics (the stack's namespace, dimension `service=khaya-tasks`): `JobsScanned`, `JobsExpired`, `JobsSkipped`,
`JobsFailed` of each invocation, and `DailyTasksSucceeded` = 1 of each that finished with nothing failed.
Anything else raises, so that Lambda counts an error, tries again, and at last hands the event to the
dead-letter queue.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta

from khaya_api.errors import PartOut, describe
from khaya_api.kit import Kit, kit_from
from khaya_api.rows import NO_SORT, Change, Row, Slice, timestamp
from khaya_api.settling import AT_ONCE, all_seen, bids_of, finish, rejections
from khaya_api.store import Store

SERVICE = "khaya-tasks"
EXPIRE_JOBS = "expire-jobs"
OPEN_FOR = timedelta(days=30)
# A checkpoint older than this is another day's; beginning anew costs nothing but reads.
RESUMABLE = timedelta(hours=20)
PAGE = 100
# One update with its second try takes at most 6 s, and the checkpoint must still be written after it.
MARGIN_SECONDS = 15.0
# Seconds to wait after each look at a job's bids that was out of date by the time of the write.
_PAUSES = (0.0, 0.05, 0.1, 0.2, 0.4)
# With these, the next job would fare no better.
HOPELESS = frozenset({"not configured", "missing", "refused"})

SecondsLeft = Callable[[], float]


class TaskFailed(Exception):
    """Some of the work could not be done; the next run begins anew and does only what is left."""


class OutOfTime(Exception):
    """The work was not finished in time; the next run goes on where this one stopped."""


@dataclass(slots=True)
class Tally:
    """What one invocation did; filled in as it goes, so that it is true whenever it ends."""

    scanned: int = 0
    expired: int = 0
    skipped: int = 0
    failed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """How far a run has got over all its invocations: jobs created before `cutoff`, from `after` on."""

    cutoff: str
    after: Mapping[str, str] | None = None
    failed: int = 0


def expire_jobs(kit: Kit, tally: Tally, seconds_left: SecondsLeft) -> None:
    """Expire every open job older than 30 days. Can be repeated at will; raises unless all of it was done."""
    now = kit.clock()
    run = resume(kit.store.get("jobs", _checkpoint(EXPIRE_JOBS)), now) or Run(cutoff=timestamp(now - OPEN_FOR))
    finished = False
    while not finished:
        run, finished = _expire_page(kit, run, tally, seconds_left)
        _keep(kit.store, run, finished=finished, now=now)
        if not finished and seconds_left() < MARGIN_SECONDS:
            raise OutOfTime(f"stopped after {tally.scanned} jobs; the next run goes on from there")
    if run.failed:
        raise TaskFailed(f"{run.failed} jobs could not be expired; see the log for each")


def resume(kept: Row | None, now: datetime) -> Run | None:
    """The run that a checkpoint speaks of, unless it finished or is another day's."""
    if not kept or kept.get("finished") or not kept.get("after"):
        return None
    cutoff = str(kept["cutoff"])
    oldest, newest = timestamp(now - OPEN_FOR - RESUMABLE), timestamp(now - OPEN_FOR)
    if not oldest <= cutoff <= newest:
        return None
    return Run(cutoff=cutoff, after=kept["after"], failed=int(kept.get("failed", 0)))


def _expire_page(kit: Kit, run: Run, tally: Tally, seconds_left: SecondsLeft) -> tuple[Run, bool]:
    """One page, or as much of it as there is time for, and whether that was the last."""
    part = Slice(noun="jobs", index="StatusIndex", of="open", descending=False, before=run.cutoff)
    found = kit.store.page(part, limit=PAGE, after=run.after)
    for row in found.rows:
        if seconds_left() < MARGIN_SECONDS:
            return run, False
        done = _expire_one(kit, row, tally)
        run = replace(run, after=_key(row), failed=run.failed + (not done))
    return run, found.after is None


def _expire_one(kit: Kit, row: Row, tally: Tally) -> bool:
    tally.scanned += 1
    try:
        if expire_job(kit, row):
            tally.expired += 1
        else:
            tally.skipped += 1
    except PartOut as out:
        if out.reason in HOPELESS:
            raise
        tally.failed += 1
        # `describe` has the way it came; a traceback beside it would say it twice.
        kit.log.error("job not expired", job_id=str(row["id"]), extra=describe(out))  # noqa: TRY400
        return False
    return True


def expire_job(kit: Kit, row: Row) -> bool:
    """Move an open job to expired and reject the bids that wait; False when it is no longer open: no error."""
    moment = timestamp(kit.clock())
    for pause in _PAUSES:
        bids = bids_of(kit.store, str(row["id"]))
        waiting = rejections(bids, moment)
        unmet = kit.store.write([_expiry(row, bids, moment), *waiting[:AT_ONCE]])
        if not unmet:
            finish(kit, waiting[AT_ONCE:])
            return True
        if 0 in unmet and unmet[0].get("status") != "open":
            return False
        # A bid came or went between look and write, or the index has not heard of it yet.
        row = unmet.get(0, row)
        time.sleep(pause)
    raise PartOut("bids", "busy", "bids moved at every look")


def _expiry(row: Row, bids: list[Row], moment: str) -> Change:
    return Change(
        noun="jobs",
        key=_key(row),
        sets={"status": "expired", "updatedAt": moment},
        adds={"version": 1},
        equal={"status": "open", **all_seen(row, bids)},
    )


def _key(row: Row) -> dict[str, str]:
    return {"id": str(row["id"]), "createdAt": str(row["createdAt"])}


def _keep(store: Store, run: Run, *, finished: bool, now: datetime) -> None:
    after = {"after": dict(run.after)} if run.after else {}
    state = {"cutoff": run.cutoff, "failed": run.failed, "finished": finished, **after}
    row = {**state, "expiresAt": int((now + RESUMABLE).timestamp())}
    store.write([Change(noun="jobs", key=_checkpoint(EXPIRE_JOBS), put=row)])


def _checkpoint(task: str) -> dict[str, str]:
    return {"id": f"checkpoint#{task}", "createdAt": NO_SORT}


def build(kit: Kit) -> Callable[[object, object], dict[str, int]]:
    """The handler that stands on `kit`; returns the tally."""

    def daily(event: object, context: object) -> dict[str, int]:
        tally, succeeded = Tally(), False
        try:
            expire_jobs(kit, tally, seconds_left_of(context))
            succeeded = True
        finally:
            kit.count(_counts(tally, succeeded=succeeded))
            kit.log.info("daily tasks", extra={"succeeded": succeeded, **asdict(tally)})
        return asdict(tally)

    return daily


def seconds_left_of(context: object) -> SecondsLeft:
    """How long an invocation may still go on: Lambda's own word, else for ever."""
    remaining = getattr(context, "get_remaining_time_in_millis", None)
    return (lambda: remaining() / 1000) if remaining else (lambda: float("inf"))


def _counts(tally: Tally, *, succeeded: bool) -> dict[str, int]:
    counts = {f"Jobs{name.capitalize()}": count for name, count in asdict(tally).items()}
    return counts | ({"DailyTasksSucceeded": 1} if succeeded else {})


handler = build(kit_from(os.environ, service=SERVICE))
