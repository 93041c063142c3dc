"""What becomes of the bids that still wait when their job stops being open: they are rejected, each of them, once."""

from __future__ import annotations

from khaya_api.errors import PartOut, describe
from khaya_api.kit import Kit
from khaya_api.rows import MOST_CHANGES, Change, Row, Slice, timestamp
from khaya_api.store import Store

# As many as fit into the transaction that moves the job, beside the job, the accepted bid, claim and counter.
AT_ONCE = MOST_CHANGES - 4


def bids_of(store: Store, job_id: str) -> list[Row]:
    """Every bid on a job, as the index knows them: it may lag behind by a moment."""
    return store.every(Slice(noun="bids", index="JobIndex", of=job_id, descending=False))


def all_seen(job: Row, bids: list[Row]) -> dict[str, object]:
    """The condition on a job that these are all its bids: the index may not have heard of the latest one yet.

    A job that was written before bids were counted, and has none, has no count.
    """
    return {"bidCount": len(bids) if bids or "bidCount" in job else None}


def rejections(bids: list[Row], moment: str) -> list[Change]:
    """The changes that reject those of the bids that still wait."""
    return [rejection(bid, moment) for bid in bids if bid["status"] == "pending"]


def rejection(bid: Row, moment: str) -> Change:
    """Reject a bid, if it still waits."""
    return Change(
        noun="bids",
        key={"id": bid["id"], "jobId": bid["jobId"]},
        sets={"status": "rejected", "updatedAt": moment},
        equal={"status": "pending"},
    )


def settle(kit: Kit, job_id: str) -> int:
    """Reject what still waits on a job that is no longer open; how many there were. Can be repeated at will."""
    left = rejections(bids_of(kit.store, job_id), timestamp(kit.clock()))
    _write(kit.store, left)
    return len(left)


def finish(kit: Kit, left: list[Change]) -> None:
    """Write the rejections that found no room in the transaction; the stream's consumer does it if this fails."""
    try:
        _write(kit.store, left)
    except PartOut as out:
        # `describe` has the way it came; a traceback beside it would say it twice.
        kit.log.error("bids left waiting", extra=describe(out))  # noqa: TRY400


def _write(store: Store, left: list[Change]) -> None:
    for start in range(0, len(left), MOST_CHANGES):
        batch = left[start : start + MOST_CHANGES]
        while batch:
            # Withdrawn or rejected meanwhile: nothing to do for those, and the others once more.
            unmet = store.write(batch)
            if not unmet:
                break
            batch = [change for place, change in enumerate(batch) if place not in unmet]
