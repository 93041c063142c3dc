"""The marketplace as a person would tell it: a few dictionaries, and rules that know nothing of tables or requests.

Each `may_…` answers with the status that the API must give; each verb after it makes it so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

REWARD = 5000
FORGETS_AFTER = 30


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with one role; `key` is what a transport needs to speak as them."""

    sub: str
    role: str
    key: Any = field(compare=False, hash=False)


@dataclass(slots=True)
class Job:
    """`age` in days."""

    buyer: str
    budget: int
    status: str = "open"
    worker: str | None = None
    age: int = 0


@dataclass(slots=True)
class Bid:
    """One worker's offer for one job."""

    job: str
    worker: str
    amount: int
    status: str = "pending"


@dataclass(slots=True)
class Listing:
    """In lists while it is available."""

    seller: str
    kind: str
    price: int
    available: bool = True


@dataclass(slots=True)
class Story:
    """`state` is waiting, shown or hidden."""

    author: str
    state: str = "waiting"
    likes: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Profile:
    """What somebody said of themselves, and what others did."""

    said: dict[str, Any] = field(default_factory=dict)
    verified: bool = False
    done: int = 0
    stars: list[int] = field(default_factory=list)

    @property
    def score(self) -> int:
        """Twenty for verified, 0.6 for a job up to thirty, five for each star of the mean; half a point is given."""
        mean = sum(self.stars) / len(self.stars) if self.stars else 0
        return int(20 * self.verified + min(self.done * 0.6, 30) + mean * 5 + 0.5)


@dataclass(slots=True)
class Model:
    """All there is; dictionaries keep the order in which things came about."""

    jobs: dict[str, Job] = field(default_factory=dict)
    bids: dict[str, Bid] = field(default_factory=dict)
    listings: dict[str, Listing] = field(default_factory=dict)
    stories: dict[str, Story] = field(default_factory=dict)
    profiles: dict[str, Profile] = field(default_factory=dict)
    reviews: dict[tuple[str, str], int] = field(default_factory=dict)
    codes: dict[str, str] = field(default_factory=dict)
    referees: dict[str, tuple[str, str]] = field(default_factory=dict)
    credits: Counter[str] = field(default_factory=Counter)

    def may_own_job(self, who: Person, job_id: str, *states: str) -> int:
        """To edit, complete or cancel."""
        job = self.jobs[job_id]
        return 403 if who.sub != job.buyer else 200 if job.status in states else 409

    def may_bid(self, who: Person, job_id: str) -> int:
        """Workers, once, while it is open."""
        twice = any(bid.job == job_id and bid.worker == who.sub for bid in self.bids.values())
        return 403 if who.role != "worker" else 409 if twice or self.jobs[job_id].status != "open" else 201

    def may_accept(self, who: Person, bid_id: str) -> int:
        """The job's buyer, a bid that waits."""
        bid = self.bids[bid_id]
        return 403 if who.sub != self.jobs[bid.job].buyer else 200 if bid.status == "pending" else 409

    def accept(self, bid_id: str) -> None:
        """One is accepted, the others are not, and the job is on its way."""
        bid = self.bids[bid_id]
        self.reject_waiting(bid.job)
        bid.status = "accepted"
        self.jobs[bid.job].status, self.jobs[bid.job].worker = "in_progress", bid.worker

    def may_withdraw(self, who: Person, bid_id: str) -> int:
        """Whose it is, while it waits."""
        bid = self.bids[bid_id]
        return 403 if who.sub != bid.worker else 200 if bid.status == "pending" else 409

    def complete(self, job_id: str) -> None:
        """The worker has one more, and whoever was brought by somebody earns for both, once."""
        job = self.jobs[job_id]
        job.status = "completed"
        self.profile(str(job.worker)).done += 1
        for party in (job.buyer, str(job.worker)):
            referrer, state = self.referees.get(party, ("", ""))
            if state == "pending":
                self.referees[party] = (referrer, "rewarded")
                self.credits.update({party: REWARD})
                self.credits.update({referrer: REWARD})

    def cancel(self, job_id: str) -> None:
        """Nobody waits for it any more."""
        self.jobs[job_id].status = "cancelled"
        self.reject_waiting(job_id)

    def reject_waiting(self, job_id: str) -> None:
        """Whoever still waited for this job."""
        for bid in self.bids.values():
            if bid.job == job_id and bid.status == "pending":
                bid.status = "rejected"

    def days_pass(self, days: int) -> int:
        """And the daily work is done: how many jobs have expired."""
        expired = 0
        for job_id, job in self.jobs.items():
            job.age += days
            if job.status == "open" and job.age > FORGETS_AFTER:
                job.status = "expired"
                self.reject_waiting(job_id)
                expired += 1
        return expired

    def may_review(self, who: Person, job_id: str) -> int:
        """The two parties of a completed job, once each."""
        job = self.jobs[job_id]
        if job.worker is None or who.sub not in {job.buyer, job.worker}:
            return 403
        return 201 if job.status == "completed" and (job_id, who.sub) not in self.reviews else 409

    def review(self, who: Person, job_id: str, stars: int) -> None:
        """Of the other party."""
        self.reviews[job_id, who.sub] = stars
        self.profile(self.other(job_id, who.sub)).stars.append(stars)

    def other(self, job_id: str, author: str) -> str:
        """The other party of a job."""
        job = self.jobs[job_id]
        return str(job.worker if author == job.buyer else job.buyer)

    def may_apply(self, who: Person, owner: str) -> int:
        """Somebody else's code, once ever."""
        return 409 if owner == who.sub or who.sub in self.referees else 201

    def profile(self, sub: str) -> Profile:
        """Somebody's, made when it is first needed."""
        return self.profiles.setdefault(sub, Profile())

    def listed(self, kind: str | None) -> list[str]:
        """What is available, of a kind or of all, newest first."""
        found = [key for key, each in self.listings.items() if each.available and kind in {None, each.kind}]
        return found[::-1]

    def states(self) -> Counter[str]:
        """How much there is of everything, by its state."""
        found = Counter(f"job {each.status}" for each in self.jobs.values())
        found.update(f"bid {each.status}" for each in self.bids.values())
        found.update(f"story {each.state}" for each in self.stories.values())
        found.update(f"referral {state}" for _, state in self.referees.values())
        found.update(f"listing {'shown' if each.available else 'hidden'}" for each in self.listings.values())
        found.update({"review": len(self.reviews), "like": sum(len(each.likes) for each in self.stories.values())})
        found.update({"verified": sum(each.verified for each in self.profiles.values())})
        return +found


def pick(things: Mapping[Any, Any], at: int) -> Any:  # noqa: ANN401 - whatever the keys are
    """One of what there is."""
    return list(things)[at % len(things)]
