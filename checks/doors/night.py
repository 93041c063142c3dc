"""One run of the canary over a ledger: begun once, kept as it goes, recorded and told once, delivered ever so often."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from checks.model import CannotLook
from checks.nights.record import RUNNING, Record, from_row, record, to_row
from checks.nights.telling import Around, Incident, Message, decide
from checks.report.emf import as_emf
from checks.report.json import told as told_result
from checks.run import Progress
from checks.target.settings import Settings
from checks.world.ledger import Ledger
from checks.world.ports import Clock

Say = Callable[[Mapping[str, Any]], None]
Document = Mapping[str, Any]

# Short beside a run, long beside a write of what is known so far.
CHECKPOINT = timedelta(seconds=1)
# Lambda's own limit is the longest that a run can take; what has not ended by then never will.
LONGEST = timedelta(minutes=15)
_TRIES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Night:
    """Whose run it is: the target, the run's one id, and who holds it. *say* prints one line."""

    settings: Settings
    run_id: str
    holder: str
    ledger: Ledger
    clock: Clock
    say: Say


@dataclass(slots=True)
class Journal:
    """Everything judged so far. A line for each result leaves the process at once, and outlives it."""

    night: Night
    judged: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    kept: float = 0.0

    def __call__(self, progress: Progress) -> None:
        """Take note of one result; now and then keep all of them."""
        now = self.night.clock.monotonic()
        if progress.result is not None:
            known = told_result(progress.result)
            self.judged[known["name"]] = known
            line = {"run_id": self.night.run_id, "judged": known["name"], "status": known["status"]}
            self.night.say(line if known["status"] == "pass" else {**line, "actual": known["actual"][:400]})
        self.kept = self.kept or now
        if self.judged and now - self.kept >= CHECKPOINT.total_seconds():
            self.kept = now
            # The run is worth more than the record of its middle.
            with suppress(CannotLook):
                self.night.ledger.checkpoint(partial_key(self.night), json.dumps(list(self.judged.values())))


def run_key(night: Night) -> str:
    """Where the document of a run is kept."""
    return f"runs/{night.settings.name}/{night.run_id}.json"


def partial_key(night: Night) -> str:
    """Where what a run knows is kept while it goes on."""
    return f"partial/{night.settings.name}/{night.run_id}.json"


def keep_watch(night: Night, look: Callable[[Journal], Document]) -> Document:
    """Look unless this run is done or another is at it, and keep what came of it.

    Gives the run document, or of a run that was not made here ``{"run_id", "verdict", "repeated"}``. Raises what *look*
    raises, and CannotLook when the ledger cannot be reached: then nothing is recorded, and Lambda counts an error.
    """
    now = night.clock.now()
    begun = _begun(night, now)
    claim = night.ledger.claim(to_row(begun), holder=night.holder, now=now)
    if claim == "done":
        _tell_of(night)
    if claim != "ours":
        return {"run_id": night.run_id, "target": night.settings.name, "verdict": RUNNING, "repeated": claim}
    _close_what_was_killed(night, now)
    return keep(night, look(Journal(night)))


def keep(night: Night, document: Document) -> Document:
    """Keep the document, its row and its metrics, and tell whoever should know. Gives the document that is kept."""
    key = run_key(night)
    link = night.ledger.keep(key, json.dumps(document, ensure_ascii=True, allow_nan=False))
    kept = json.loads(night.ledger.read(key))
    row = record(kept, kept_as=key)
    if night.ledger.enter(to_row(row)):
        night.say(as_emf(kept, valid=row.valid))
    _tell(night, kept, link)
    return dict(kept)


def _begun(night: Night, now: datetime) -> Record:
    return Record(
        target=night.settings.name, run_id=night.run_id, door="canary", started=now, until=now + LONGEST,
    )  # fmt: skip


def _close_what_was_killed(night: Night, now: datetime) -> None:
    """Runs whose time is up and that never said how they ended become void ones; their middle stays where it is."""
    for row in map(from_row, night.ledger.rows(night.settings.name)):
        if row.verdict != RUNNING or row.run_id == night.run_id or (row.until and row.until > now):
            continue
        where = partial_key(replace(night, run_id=row.run_id))
        says = f"it ended before it could say how; what it had judged is in {where} and in the log"
        ended = replace(row, verdict="void", void=says, interrupted=True, finished=row.until or now, document=where)
        night.ledger.enter(to_row(ended))


def _tell_of(night: Night) -> None:
    """Say what a run that has ended did not come to say."""
    key = run_key(night)
    text = night.ledger.read(key)
    _tell(night, json.loads(text), night.ledger.keep(key, text))


def _tell(night: Night, document: Document, link: str) -> None:
    """Decide what is said, write that down, and say it; whoever finds it written and unsaid says it."""
    owners, quiet = night.settings.owners, night.settings.maintenance
    for _ in range(_TRIES):
        state, edition = night.ledger.told(night.settings.name)
        if document["started"] <= state.get("started", ""):
            break
        before = _incident(state.get("incident", {}))
        after, messages = decide(
            before, document, night.clock.now(), Around(owners=owners, link=link, maintenance=quiet)
        )
        waiting = [*state.get("waiting", []), *map(asdict, messages)]
        told = {"incident": _plain(after), "waiting": waiting, "started": document["started"]}
        if night.ledger.tell(night.settings.name, told, edition=edition):
            break
    if quiet is not None and quiet.holds(night.clock.now()):
        night.say({"run_id": night.run_id, "silenced": quiet.says})
    _ring_what_waits(night)


def _ring_what_waits(night: Night) -> None:
    state, edition = night.ledger.told(night.settings.name)
    waiting = [Message(**each) for each in state.get("waiting", [])]
    if not waiting:
        return
    for each in waiting:
        night.ledger.ring(each.topic, each.subject, each.text)
    night.ledger.tell(night.settings.name, {**state, "waiting": []}, edition=edition)


def _incident(stored: Mapping[str, Any]) -> Incident:
    return Incident(**{**stored, "told": tuple(stored.get("told", ()))})


def _plain(incident: Incident) -> dict[str, Any]:
    return {**asdict(incident), "open": dict(incident.open), "told": list(incident.told)}
