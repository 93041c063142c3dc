"""How far a daily task has got, so that a run that was cut off goes on there instead of beginning anew."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from khaya_api.kit import Kit
from khaya_api.rows import NO_SORT, Change, Position, Row

# A checkpoint older than this is another day's; beginning anew costs nothing but reads.
RESUMABLE = timedelta(hours=20)


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Where a run is: in which of its `walks` (by number), after which row, and how many have failed before."""

    walk: int = 0
    after: Position | None = None
    failed: int = 0


def resume(kit: Kit, task: str) -> Progress:
    """Where today's run stopped, or the beginning."""
    kept: Row = kit.store.get("jobs", _key(task)) or {}
    if not kept.get("unfinished") or int(kept["expiresAt"]) <= kit.clock().timestamp():
        return Progress()
    after: Mapping[str, str] | None = kept.get("after")
    return Progress(walk=int(kept["walk"]), after=after, failed=int(kept["failed"]))


def keep(kit: Kit, task: str, progress: Progress | None) -> None:
    """Remember where a run is; None when it has come to its end."""
    row: Row = {"unfinished": progress is not None, "expiresAt": int((kit.clock() + RESUMABLE).timestamp())}
    if progress is not None:
        after = {"after": dict(progress.after)} if progress.after else {}
        row |= {"walk": progress.walk, "failed": progress.failed, **after}
    kit.store.write([Change(noun="jobs", key=_key(task), put=row)])


def _key(task: str) -> dict[str, str]:
    return {"id": f"checkpoint#{task}", "createdAt": NO_SORT}
