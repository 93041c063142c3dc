"""What follows from a completed job, in the same step: the worker's count and score, and what referrals have earned."""

from __future__ import annotations

from khaya_api import ledger
from khaya_api.kit import Kit
from khaya_api.profiles import recount
from khaya_api.referrals import referee_id, rewards
from khaya_api.rows import Change, Row, timestamp


def consequences(kit: Kit, job: Row) -> list[Change]:
    """The changes beside the job's own. Each is made only if nothing has moved since it was looked at."""
    moment = timestamp(kit.clock())
    worker = job.get("workerId")
    parties = [job["buyerId"], *([worker] if worker and worker != job["buyerId"] else [])]
    keys = [("referrals", {"id": referee_id(party)}) for party in parties]
    profiles = [("profiles", {"userId": worker})] if worker else []
    seen = kit.store.together([*profiles, *keys])
    counted = [recount(worker, seen[0], moment, jobs=1)] if worker else []
    return [*counted, *_paid(seen[len(profiles) :], moment)]


def _paid(referrals: list[Row | None], moment: str) -> list[Change]:
    due = [rewards(referral, moment) for referral in referrals if referral and referral["status"] == "pending"]
    # Booked together, since somebody can be on both sides of two referrals.
    return [*(change for change, _ in due), *ledger.book([entry for _, entries in due for entry in entries])]
