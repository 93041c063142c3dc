"""Who has something to do hears of it: `khaya_api.notices.handler`, called once a day, at an hour when people are up.

What waits is noted before it is said, so that nobody hears it twice, and the note is taken back where no way took
the message. Metrics (the stack's namespace, dimension `service=khaya-notices`): `NoticesScanned` (rows looked at),
`NoticesSent`, `NoticesWithheld` (nobody to be reached, or a probe), `NoticesFailed`, and `NoticesSucceeded` = 1 of
each run that was whole. Anything else raises, so that Lambda tries again, and the next try goes on from the checkpoint.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import timedelta

from khaya_api import checkpoints, messengers
from khaya_api.checkpoints import Progress
from khaya_api.errors import PartOut, describe
from khaya_api.kit import Kit, kit_from
from khaya_api.messengers import Messenger, Person
from khaya_api.pending import LATEST, Pending, bids_waiting, is_due, profile_incomplete, reviews_due
from khaya_api.rows import BOOKS, Change, Row, Slice, timestamp
from khaya_api.settings import Carriers, read_carriers
from khaya_api.tasks import HOPELESS, MARGIN_SECONDS, PAGE, OutOfTime, SecondsLeft, TaskFailed, seconds_left_of
from khaya_api.users import NEWCOMERS, settled

SERVICE = "khaya-notices"
TASK = "notices"
# When so many in a row are taken by no way, it is the ways and not the people.
MOST_REFUSED = 5
# Longer than anything waits, so that no note is gone while what it speaks of is there.
REMEMBERED = timedelta(days=60)

# Each of the walks: the rows to go through.
_WALKS: tuple[Slice, ...] = (
    Slice(noun="jobs", index="StatusIndex", of="open", descending=False),
    Slice(noun="jobs", index="StatusIndex", of="completed", descending=False),
    Slice(noun="users", index="EmailIndex", of=NEWCOMERS, descending=False),
)


@dataclass(slots=True)
class Tally:
    """What one invocation did; filled in as it goes."""

    scanned: int = 0
    sent: int = 0
    withheld: int = 0
    failed: int = 0


@dataclass(slots=True, kw_only=True)
class Round:
    """One invocation: what it stands on, what it did, and how many in a row nobody took."""

    kit: Kit
    ways: Sequence[Messenger]
    tally: Tally
    refused: int = 0


def tell_everybody(this: Round, seconds_left: SecondsLeft) -> None:
    """Go through all that may wait for somebody. Can be repeated at will; raises unless all of it was done."""
    progress = checkpoints.resume(this.kit, TASK)
    while progress.walk < len(_WALKS):
        page = this.kit.store.page(_WALKS[progress.walk], limit=PAGE, after=progress.after)
        for row, after in _with_positions(page.rows, _WALKS[progress.walk]):
            if seconds_left() < MARGIN_SECONDS:
                checkpoints.keep(this.kit, TASK, progress)
                raise OutOfTime(f"stopped after {this.tally.scanned} rows; the next run goes on from there")
            failed = _look_at(this, progress.walk, row)
            progress = replace(progress, after=after, failed=progress.failed + failed)
        if page.after is None:
            progress = Progress(walk=progress.walk + 1, failed=progress.failed)
        checkpoints.keep(this.kit, TASK, progress if progress.walk < len(_WALKS) else None)
    if progress.failed:
        raise TaskFailed(f"{progress.failed} notices were taken by nobody; see the log for each")


def _with_positions(rows: Sequence[Row], part: Slice) -> Iterator[tuple[Row, dict[str, str]]]:
    names = ("id", "createdAt") if part.noun == "jobs" else ("id",)
    return ((row, {name: str(row[name]) for name in names}) for row in rows)


def _look_at(this: Round, walk: int, row: Row) -> int:
    """Tell whoever is to be told because of one row; how many could not be."""
    this.tally.scanned += 1
    try:
        return sum(not tell(this, pending) for pending in _pending(this.kit, walk, row))
    except (PartOut, KeyError, ValueError) as out:
        if isinstance(out, PartOut) and out.reason in HOPELESS:
            raise
        this.tally.failed += 1
        # `describe` has the way it came; a traceback beside it would say it twice.
        this.kit.log.error("row not looked at", extra=describe(out))  # noqa: TRY400
        return 1


def _pending(kit: Kit, walk: int, row: Row) -> list[Pending]:
    if _WALKS[walk].of == "open":
        return bids_waiting(kit.store, row)
    if _WALKS[walk].of == "completed":
        return reviews_due(kit.store, row, kit.clock())
    found = profile_incomplete(kit.store, row)
    if found is None or kit.clock() - found.since > LATEST:
        # Whole, or told as often as anybody is: out of the list, for good.
        kit.store.write([settled(row)])
        return []
    return [found]


def tell(this: Round, pending: Pending) -> bool:
    """Tell somebody what waits for them, if it is time; False when no way took it."""
    store, now = this.kit.store, this.kit.clock()
    key = {"id": f"told#{pending.kind.value}#{pending.user}#{pending.about}"}
    told, user = store.together([(BOOKS, key), ("users", {"id": pending.user})])
    if not is_due(pending, told, now):
        return True
    person = Person(phone=(user or {}).get("phone"), email=(user or {}).get("email"))
    if not any(way.reaches(person) for way in this.ways) or _is_probe(this.kit, pending.user):
        this.tally.withheld += 1
        return True
    times = int(told["times"]) if told else 0
    note: Row = {"times": times + 1, "lastAt": timestamp(now), "expiresAt": int((now + REMEMBERED).timestamp())}
    seen = {"times": times} if told else {"times": None}
    if store.write([Change(noun=BOOKS, key=key, put=note, equal=seen)]):
        # Another run is telling them at this very moment.
        return True
    if _send(this, pending, person):
        return True
    taken_back = {**note, **(told or {}), "times": times}
    store.write([Change(noun=BOOKS, key=key, put=taken_back, equal={"times": times + 1})])
    if this.refused >= MOST_REFUSED:
        raise PartOut("messengers", "refused", f"the last {this.refused} notices were taken by nobody")
    return False


def _send(this: Round, pending: Pending, person: Person) -> bool:
    by, failures = messengers.deliver(this.ways, person, pending.message)
    for failure in failures:
        this.kit.log.error("notice not taken", kind=pending.kind.value, extra=describe(failure))
    if by is None:
        this.tally.failed += 1
        this.refused += 1
        return False
    this.tally.sent += 1
    this.refused = 0
    this.kit.log.info("notice sent", kind=pending.kind.value, by=by)
    return True


def _is_probe(kit: Kit, user: str) -> bool:
    if not kit.settings.user_pool:
        raise PartOut("sign-in", "not configured", "USER_POOL_ID is not set")
    return messengers.is_synthetic(kit.connect, kit.settings.user_pool, user)


def build(kit: Kit, carriers: Carriers) -> Callable[[object, object], dict[str, int]]:
    """The handler that stands on `kit` and sends by `carriers`; returns the tally."""
    ways = messengers.common(carriers, kit.connect)

    def daily(event: object, context: object) -> dict[str, int]:
        tally, succeeded = Tally(), False
        try:
            if not ways:
                raise PartOut("messengers", "not configured", "no way to carry a message is set")
            tell_everybody(Round(kit=kit, ways=ways, tally=tally), seconds_left_of(context))
            succeeded = True
        finally:
            kit.count(_counts(tally, succeeded=succeeded))
            kit.log.info("notices", extra={"succeeded": succeeded, **asdict(tally)})
        return asdict(tally)

    return daily


def _counts(tally: Tally, *, succeeded: bool) -> Mapping[str, int]:
    counts = {f"Notices{name.capitalize()}": count for name, count in asdict(tally).items()}
    return counts | ({"NoticesSucceeded": 1} if succeeded else {})


handler = build(kit_from(os.environ, service=SERVICE), read_carriers(os.environ))
