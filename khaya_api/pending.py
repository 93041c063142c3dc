"""What waits for somebody: bids on their job, a review of a job that is done, a profile that says too little.

Nothing here sends anything or remembers anything: it looks, and says what waits, for whom, and since when.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from khaya_api.messengers import Message
from khaya_api.reviews import review_id
from khaya_api.rows import Row
from khaya_api.settling import bids_of
from khaya_api.store import Store
from khaya_api.users import NEWCOMERS

# First a day after, then three days after each other, and not for ever: what was said three times is known.
FIRST_AFTER = timedelta(hours=24)
AGAIN_AFTER = timedelta(days=3)
MOST = 3
# A daily run is never exactly a day after another one.
TOLERANCE = timedelta(hours=1)
# Of what happened longer ago, nobody is told for a first time any more.
LATEST = FIRST_AFTER + MOST * AGAIN_AFTER
# Whoever offers something is found by their profile; a buyer needs none.
_SHOWN = {"worker": ("photoUrl", "bio", "location", "trades"), "seller": ("photoUrl", "bio", "location")}
_SPOKEN = {
    "name": "your name",
    "photoUrl": "a picture",
    "bio": "a few words about yourself",
    "location": "where you work",
    "trades": "what you do",
}
_LONGEST_TITLE = 60


class Kind(StrEnum):
    """What it is that waits; the name of the approved text that says so."""

    BIDS_WAITING = "khaya_bids_waiting"
    REVIEW_DUE = "khaya_review_due"
    PROFILE_INCOMPLETE = "khaya_profile_incomplete"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """One thing that waits for one person; `about` is the id of what it is about."""

    kind: Kind
    user: str
    about: str
    since: datetime
    message: Message


def bids_waiting(store: Store, job: Row) -> list[Pending]:
    """For the buyer of an open job: that somebody's bid waits for an answer."""
    if not int(job.get("bidCount", 0)):
        return []
    waiting = [bid for bid in bids_of(store, job["id"]) if bid["status"] == "pending"]
    if not waiting:
        return []
    title = _short(job["title"])
    message = _message(
        Kind.BIDS_WAITING,
        "Bids wait for you",
        f"Bids that wait for your answer on “{title}”: {len(waiting)}.",
        (title, str(len(waiting))),
    )
    since = min(moment_of(bid["createdAt"]) for bid in waiting)
    return [Pending(kind=Kind.BIDS_WAITING, user=job["buyerId"], about=job["id"], since=since, message=message)]


def reviews_due(store: Store, job: Row, now: datetime) -> list[Pending]:
    """For each party of a job that was completed some days ago: that they have not said how it was."""
    # Nothing changes a completed job, so its last change was its completion.
    done = moment_of(job["updatedAt"])
    if not job.get("workerId") or not FIRST_AFTER <= now - done <= LATEST:
        return []
    parties = {job["buyerId"]: job["workerId"], job["workerId"]: job["buyerId"]}
    keys = [{"id": review_id(job["id"], party), "reviewedId": other} for party, other in parties.items()]
    said = store.together([("reviews", key) for key in keys])
    title = _short(job["title"])
    message = _message(
        Kind.REVIEW_DUE,
        "How was it?",
        f"“{title}” is done. Say how it was: others rely on what you say.",
        (title,),
    )
    return [
        Pending(kind=Kind.REVIEW_DUE, user=party, about=job["id"], since=done, message=message)
        for party, review in zip(parties, said, strict=True)
        if review is None
    ]


def profile_incomplete(store: Store, mark: Row) -> Pending | None:
    """For a newcomer who offers something: what their profile still lacks. None when it lacks nothing."""
    user = str(mark["userId"])
    row, profile = store.together([("users", {"id": user}), ("profiles", {"userId": user})])
    known = {**(profile or {}), **{name: value for name, value in (row or {}).items() if name == "name"}}
    wanted = ("name", *_SHOWN.get(str(mark["role"]), ()))
    lacking = ", ".join(_SPOKEN[name] for name in wanted if not known.get(name))
    if not lacking:
        return None
    message = _message(
        Kind.PROFILE_INCOMPLETE,
        "Your profile is almost there",
        f"People choose by profiles. Yours still lacks: {lacking}.",
        (lacking,),
    )
    since = moment_of(mark["createdAt"])
    return Pending(kind=Kind.PROFILE_INCOMPLETE, user=user, about=NEWCOMERS, since=since, message=message)


def is_due(pending: Pending, told: Row | None, now: datetime) -> bool:
    """Whether it is time to tell, or tell again; `told` is what was noted when they were told before."""
    times = int(told["times"]) if told else 0
    if told is None or not times:
        return now - pending.since >= FIRST_AFTER
    return times < MOST and now - moment_of(told["lastAt"]) >= AGAIN_AFTER - TOLERANCE


def moment_of(text: str) -> datetime:
    """The moment that `timestamp` wrote."""
    return datetime.fromisoformat(text)


def _message(kind: Kind, subject: str, text: str, words: tuple[str, ...]) -> Message:
    return Message(subject=subject, text=text, template=kind.value, words=words)


def _short(title: str) -> str:
    return title if len(title) <= _LONGEST_TITLE else f"{title[: _LONGEST_TITLE - 1].rstrip()}…"
