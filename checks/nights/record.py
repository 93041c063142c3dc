"""What is kept of a run besides its document: one row of an index, enough for history, dead man, gate and trend."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

from checks.codec import NotReadable, decode, encode
from checks.report.story import roots
from checks.run import LATE

Document = Mapping[str, Any]

RUNNING = "running"
_SLOWEST = 10
_MOST_NAMES = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One run. *verdict* is that of the document, or ``running`` for one that has not said how it ended.

    *late* counts checks that the deadline cut off. *margins* are the least days of a certificate seen and the greatest
    age in hours of a newest recovery point; *slowest* are names with seconds.
    """

    target: str
    run_id: str
    door: str
    started: datetime
    finished: datetime | None = None
    release: str = ""
    verdict: str = RUNNING
    exit_code: int = 3
    selected: bool = False
    interrupted: bool = False
    planned: int = 0
    late: int = 0
    counts: Mapping[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    aws_calls: int = 0
    cost_usd: float = 0.0
    digest: str = ""
    document: str = ""
    roots: tuple[str, ...] = ()
    recovered: tuple[str, ...] = ()
    slowest: tuple[tuple[str, float], ...] = ()
    margins: Mapping[str, float] = field(default_factory=dict)
    void: str = ""
    until: datetime | None = None

    @property
    def whole(self) -> bool:
        """It ended by itself, was about the whole plan, and looked at all of it."""
        return self.finished is not None and not (self.selected or self.interrupted or self.late)

    @property
    def valid(self) -> bool:
        """It proves something, whatever that is."""
        return self.whole and self.verdict not in {"void", RUNNING}


def record(document: Document, *, kept_as: str = "") -> Record:
    """The row of a run document of schema 1, which is kept as *kept_as*."""
    started = decode(datetime, document["started"], where="started")
    finished = decode(datetime, document["finished"], where="finished")
    results: Sequence[Document] = document["results"]
    slow = sorted(results, key=lambda each: -each["seconds"])[:_SLOWEST]
    return Record(
        target=document["target"],
        run_id=document["run_id"],
        door=document["door"],
        started=started,
        finished=finished,
        release=document["release"],
        verdict=document["verdict"],
        exit_code=document["exit_code"],
        selected=document["selection"] is not None,
        interrupted=document["interrupted"],
        planned=len(results),
        late=sum(LATE in each["actual"] for each in results if each["status"] == "unknown"),
        counts=dict(document["counts"]),
        seconds=round((finished - started).total_seconds(), 3),
        aws_calls=document["aws_calls"],
        cost_usd=float(document["cost"].get("usd", 0.0)),
        digest=document["plan"]["digest"],
        document=kept_as,
        roots=tuple(each["name"] for each in roots(document))[:_MOST_NAMES],
        recovered=tuple(each["name"] for each in results if each["recovered"])[:_MOST_NAMES],
        slowest=tuple((each["name"], each["seconds"]) for each in slow),
        margins=margins(document),
        void=document["void"][0][:400] if document["void"] else "",
    )


def margins(document: Document) -> Mapping[str, float]:
    """How much is left, and how old the newest is: ``certificate_days`` and ``backup_hours``, where they were seen."""
    then = decode(datetime, document["started"], where="started")
    left = [_moment(each) - then for each in _found(document, "not_after")]
    ages = [then - max(moments) for each in document["results"] if (moments := _completed(each))]
    told = {}
    if left:
        told["certificate_days"] = round(min(left) / timedelta(days=1), 2)
    if ages:
        told["backup_hours"] = round(max(ages) / timedelta(hours=1), 2)
    return told


def to_row(kept: Record) -> dict[str, Any]:
    """As plain JSON values."""
    return {key: encode(value) for key, value in asdict(kept).items()}


def from_row(row: Mapping[str, Any]) -> Record:
    """Read what ``to_row`` gave; keys of a later release are left alone. Raises NotReadable."""
    known = Record.__dataclass_fields__
    try:
        given = {key: value for key, value in row.items() if key in known}
        for key in ("started", "finished", "until"):
            if given.get(key) is not None:
                given[key] = decode(datetime, given[key], where=key)
        for key in ("roots", "recovered"):
            given[key] = tuple(given.get(key) or ())
        given["slowest"] = tuple((str(name), float(seconds)) for name, seconds in given.get("slowest") or ())
        return Record(**given)
    except (TypeError, ValueError) as error:
        raise NotReadable(f"index: a row cannot be read ({error}): {sorted(row)}") from error


def newest_first(rows: Iterable[Record]) -> list[Record]:
    """The latest run first."""
    return sorted(rows, key=lambda each: (each.started, each.run_id), reverse=True)


def _found(document: Document, key: str) -> list[str]:
    """The leaves' *key* of all handshakes that were accepted."""
    seen = [each["evidence"] for each in document["results"] if isinstance(each["evidence"], Mapping)]
    return [each["leaf"][key] for each in seen if each.get("type") == "Accepted" and each.get("leaf")]


def _completed(result: Document) -> list[datetime]:
    seen = result["evidence"]
    if not isinstance(seen, Mapping) or seen.get("type") != "RecoveryPoints":
        return []
    return [_moment(each["completed"]) for each in seen["points"] if each.get("completed")]


def _moment(text: str) -> datetime:
    moment: datetime = decode(datetime, text, where="moment")
    return moment
