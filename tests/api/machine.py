"""People doing whatever they like in whatever order, to the API and to its model; both must always say the same."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from tests.api.events import BID, LISTING, PROFILE, STORY, Answer, job
from tests.api.model import Bid, Job, Listing, Model, Person, Story, pick

ROLES = ("buyer", "buyer", "worker", "worker", "worker", "seller", "admin")
KINDS = ("bricks", "tools")
LISTS = (
    *(f"/jobs?status={status}" for status in ("open", "in_progress", "completed", "cancelled", "expired")),
    *("/listings", *(f"/listings?category={kind}" for kind in KINDS), "/stories"),
)
MOST_LISTINGS = 20

places = st.integers(0, 7)
anybody = st.integers(0, len(ROLES) - 1)
# Most of what is asked is asked by those who may (None: whoever that is), or little would ever happen.
buyers, workers = st.sampled_from((0, 1, 0, 1, 2, 5)), st.sampled_from((2, 3, 4, 2, 3, 4, 0))
sellers, admins = st.sampled_from((5, 5, 5, 0)), st.sampled_from((6, 6, 6, 2))
rightful = st.sampled_from((None, None, None, 0, 1, 2, 5))
asides = st.sampled_from(("nothing", "profile", "story", "listing", "withdrawal", "cancellation"))
openings = st.sampled_from(("nothing", "open", "bids", "bids", "in progress", "completed", "reviewed"))
small = st.integers(1, 5)
keyed = st.booleans()
limits = st.integers(1, 3)


class Transport(Protocol):
    """How the machine reaches an API: in this process, or through everything that stands before a deployed one."""

    def people(self, roles: Sequence[str]) -> list[Person]:
        """A cast that has done nothing yet, in a marketplace that has none of their things."""
        ...

    def send(self, method: str, path: str, who: Person | None, **rest: Any) -> Answer:  # noqa: ANN401
        """One request, with `body`, `query` and `headers` as needed."""
        ...

    @property
    def days_pass(self) -> Callable[[int], int] | None:
        """Let days go by with their daily work, and say how many jobs expired; None where time is nobody's to move."""
        ...

    @property
    def alone(self) -> bool:
        """Whether nobody else's things are in the lists that all share."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A request that had an effect under a key, and the id of what came of it."""

    method: str
    path: str
    who: Person
    body: Mapping[str, object] | None
    key: str
    status: int
    made: str | None


def machine_on(transport: Transport, reached: Counter[str]) -> type[RuleBasedStateMachine]:  # noqa: C901 - one class
    """The machine, playing over `transport`; `reached` counts what came about: who does nothing fails at nothing."""

    class Marketplace(RuleBasedStateMachine):
        """Every noun of the API, and every way in which one moves another."""

        def __init__(self) -> None:
            super().__init__()
            self.cast = transport.people(ROLES)
            self.model = Model()
            self.kept: list[Kept] = []

        @initialize(opening=openings, aside=asides)
        def begin(self, opening: str, aside: str) -> None:
            """Somewhere on the way of a first job, whose worker was brought by somebody; and what else there may be."""
            if aside == "profile":
                self.say_of_oneself(None, 2, 3)
                self.verify(6, 2, keyed=True)
            if aside == "story":
                self.tell(2, keyed=True)
                self.moderate(0, 6, "approve", keyed=True)
                self.like(0, 4)
            if aside == "listing":
                self.offer(5, KINDS[0], 3, keyed=True)
                self.edit_listing(0, 5, 3, available=False, kind=KINDS[1])
            steps: tuple[Callable[[], None], ...] = (
                lambda: self.draw_code(1),
                lambda: self.apply_code(0, 2, keyed=False),
                lambda: self.post_job(0, 3, keyed=False),
                lambda: self.bid(0, 2, 3, keyed=True),
                lambda: self.bid(0, 3, 2, keyed=False),
                lambda: self.accept(0, None, keyed=True),
                lambda: self.complete(0, None, keyed=True),
                lambda: self.review(0, None, True, 4, keyed=True),  # noqa: FBT003 - of the worker
            )
            ways = {"nothing": 0, "open": 3, "bids": 5, "in progress": 6, "completed": 7, "reviewed": 8}
            for step in steps[: ways[opening]]:
                step()
            if aside == "cancellation":
                self.post_job(1, 2, keyed=True)
                self.cancel(-1, None, keyed=True)
            if aside == "withdrawal":
                self.post_job(1, 1, keyed=False)
                self.bid(-1, 4, 1, keyed=True)
                self.withdraw(-1, None, keyed=True)

        # Jobs and bids.

        @rule(who=buyers, budget=small, keyed=keyed)
        def post_job(self, who: int, budget: int, keyed: bool) -> None:  # noqa: FBT001 - drawn
            person = self.cast[who]
            answer = self._ask("/jobs", person, _only(person, "buyer", 201), body=job(budget=budget), keyed=keyed)
            if answer.status == 201:
                self.model.jobs[answer.json["id"]] = Job(person.sub, budget)

        @precondition(lambda self: self.model.jobs)
        @rule(at=places, who=rightful, budget=small)
        def edit_job(self, at: int, who: int | None, budget: int) -> None:
            job_id = pick(self.model.jobs, at)
            person = self._speaker(who, self.model.jobs[job_id].buyer)
            expected = self.model.may_own_job(person, job_id, "open")
            answer = transport.send("PATCH", f"/jobs/{job_id}", person, body={"budget": budget})
            assert expected == answer.status, answer.text
            if expected == 200:
                self.model.jobs[job_id].budget = answer.json["budget"] = budget

        @precondition(lambda self: self.model.jobs)
        @rule(at=places, who=workers, amount=small, keyed=keyed)
        def bid(self, at: int, who: int, amount: int, keyed: bool) -> None:  # noqa: FBT001 - drawn
            person, job_id = self.cast[who], pick(self.model.jobs, at)
            expected = self.model.may_bid(person, job_id)
            answer = self._ask(f"/jobs/{job_id}/bids", person, expected, body={**BID, "amount": amount}, keyed=keyed)
            if expected == 201:
                self.model.bids[answer.json["id"]] = Bid(job_id, person.sub, amount)

        @precondition(lambda self: self.model.bids)
        @rule(at=places, who=rightful, keyed=keyed)
        def accept(self, at: int, who: int | None, keyed: bool) -> None:  # noqa: FBT001 - drawn
            bid_id = pick(self.model.bids, at)
            person = self._speaker(who, self.model.jobs[self.model.bids[bid_id].job].buyer)
            expected = self.model.may_accept(person, bid_id)
            answer = self._ask(f"/bids/{bid_id}/accept", person, expected, keyed=keyed, made=bid_id)
            if expected == 200:
                self.model.accept(bid_id)
                assert (bid_id, "accepted") == (answer.json["id"], answer.json["status"])

        @precondition(lambda self: self.model.bids)
        @rule(at=places, who=rightful, keyed=keyed)
        def withdraw(self, at: int, who: int | None, keyed: bool) -> None:  # noqa: FBT001 - drawn
            bid_id = pick(self.model.bids, at)
            person = self._speaker(who, self.model.bids[bid_id].worker)
            expected = self.model.may_withdraw(person, bid_id)
            self._ask(f"/bids/{bid_id}/withdraw", person, expected, keyed=keyed, made=bid_id)
            if expected == 200:
                self.model.bids[bid_id].status = "withdrawn"

        @precondition(lambda self: any(each.status == "in_progress" for each in self.model.jobs.values()))
        @rule(at=places, who=rightful, keyed=keyed)
        def complete(self, at: int, who: int | None, keyed: bool) -> None:  # noqa: FBT001 - drawn
            job_id = pick(self.model.jobs, at)
            person = self._speaker(who, self.model.jobs[job_id].buyer)
            expected = self.model.may_own_job(person, job_id, "in_progress")
            self._ask(f"/jobs/{job_id}/complete", person, expected, keyed=keyed, made=job_id)
            if expected == 200:
                self.model.complete(job_id)

        @precondition(lambda self: self.model.jobs)
        @rule(at=places, who=rightful, keyed=keyed)
        def cancel(self, at: int, who: int | None, keyed: bool) -> None:  # noqa: FBT001 - drawn
            job_id = pick(self.model.jobs, at)
            person = self._speaker(who, self.model.jobs[job_id].buyer)
            expected = self.model.may_own_job(person, job_id, "open", "in_progress")
            self._ask(f"/jobs/{job_id}/cancel", person, expected, keyed=keyed, made=job_id)
            if expected == 200:
                self.model.cancel(job_id)

        @precondition(lambda self: bool(self.model.jobs) and transport.days_pass is not None)
        @rule(days=st.sampled_from((1, 16, 31)))
        def days_pass(self, days: int) -> None:
            assert transport.days_pass
            assert self.model.days_pass(days) == transport.days_pass(days)
            # A key is remembered for a day.
            self.kept.clear()

        # Reviews, referrals, credits, profiles.

        @precondition(lambda self: any(each.worker for each in self.model.jobs.values()))
        @rule(at=places, who=rightful, of_worker=st.booleans(), stars=small, keyed=keyed)
        def review(self, at: int, who: int | None, of_worker: bool, stars: int, keyed: bool) -> None:  # noqa: FBT001
            if who == 5:
                who = 3
            job_id = pick({key: each for key, each in self.model.jobs.items() if each.worker}, at)
            job = self.model.jobs[job_id]
            person = self._speaker(who, job.buyer if of_worker else str(job.worker))
            expected = self.model.may_review(person, job_id)
            body = {"jobId": job_id, "rating": stars}
            self._ask("/reviews", person, expected, body=body, keyed=keyed)
            if expected == 201:
                self.model.review(person, job_id, stars)

        @rule(who=anybody)
        def draw_code(self, who: int) -> None:
            person = self.cast[who]
            code = self._ask("/referrals", person, 201).json["referralCode"]
            assert code == self.model.codes.setdefault(person.sub, code)

        @precondition(lambda self: self.model.codes)
        @rule(at=places, who=anybody, keyed=keyed)
        def apply_code(self, at: int, who: int, keyed: bool) -> None:  # noqa: FBT001 - drawn
            person, owner = self.cast[who], pick(self.model.codes, at)
            expected = self.model.may_apply(person, owner)
            self._ask(f"/referrals/{self.model.codes[owner]}/apply", person, expected, keyed=keyed)
            if expected == 201:
                self.model.referees[person.sub] = (owner, "pending")

        @rule(who=rightful, whose=anybody, years=st.none() | small)
        def say_of_oneself(self, who: int | None, whose: int, years: int | None) -> None:
            sub = self.cast[whose].sub
            person = self._speaker(who, sub)
            body = {"location": PROFILE["location"], "yearsExperience": years}
            answer = transport.send("PUT", f"/profiles/{sub}", person, body=body)
            assert (200 if person.sub == sub else 403) == answer.status, answer.text
            if person.sub == sub:
                self.model.profile(sub).said |= body

        @precondition(lambda self: bool(self.model.profiles))
        @rule(who=admins, whose=anybody, keyed=keyed)
        def verify(self, who: int, whose: int, keyed: bool) -> None:  # noqa: FBT001 - drawn
            person, sub = self.cast[who], self.cast[whose].sub
            expected = 403 if person.role != "admin" else 200 if sub in self.model.profiles else 404
            self._ask(f"/profiles/{sub}/verify", person, expected, keyed=keyed, made=sub)
            if expected == 200:
                self.model.profile(sub).verified = True

        # Listings and stories.

        @rule(who=sellers, kind=st.sampled_from(KINDS), price=small, keyed=keyed)
        def offer(self, who: int, kind: str, price: int, keyed: bool) -> None:  # noqa: FBT001 - drawn
            person = self.cast[who]
            full = sum(each.available and each.seller == person.sub for each in self.model.listings.values())
            expected = _only(person, "seller", 409 if full >= MOST_LISTINGS else 201)
            body = {**LISTING, "category": kind, "price": price}
            answer = self._ask("/listings", person, expected, body=body, keyed=keyed)
            if expected == 201:
                self.model.listings[answer.json["id"]] = Listing(person.sub, kind, price)

        @precondition(lambda self: self.model.listings)
        @rule(at=places, who=sellers, price=small, available=st.booleans(), kind=st.sampled_from(KINDS))
        def edit_listing(self, at: int, who: int, price: int, available: bool, kind: str) -> None:  # noqa: FBT001
            person, listing_id = self.cast[who], pick(self.model.listings, at)
            body = {"price": price, "available": available, "category": kind}
            expected = 200 if person.sub == self.model.listings[listing_id].seller else 403
            answer = transport.send("PATCH", f"/listings/{listing_id}", person, body=body)
            assert expected == answer.status, answer.text
            if expected == 200:
                self.model.listings[listing_id] = Listing(person.sub, kind, price, available)

        @rule(who=anybody, keyed=keyed)
        def tell(self, who: int, keyed: bool) -> None:  # noqa: FBT001 - drawn
            answer = self._ask("/stories", self.cast[who], 201, body=STORY, keyed=keyed)
            self.model.stories[answer.json["id"]] = Story(self.cast[who].sub)

        @precondition(lambda self: self.model.stories)
        @rule(at=places, who=admins, verb=st.sampled_from(("approve", "approve", "reject")), keyed=keyed)
        def moderate(self, at: int, who: int, verb: str, keyed: bool) -> None:  # noqa: FBT001 - drawn
            person, story_id = self.cast[who], pick(self.model.stories, at)
            expected = _only(person, "admin", 200)
            self._ask(f"/stories/{story_id}/{verb}", person, expected, keyed=keyed, made=story_id)
            if expected == 200:
                self.model.stories[story_id].state = "shown" if verb == "approve" else "hidden"

        @precondition(lambda self: self.model.stories)
        @rule(at=places, who=anybody)
        def like(self, at: int, who: int) -> None:
            person, story_id = self.cast[who], pick(self.model.stories, at)
            story = self.model.stories[story_id]
            expected = 200 if story.state == "shown" else 404
            answer = self._ask(f"/stories/{story_id}/like", person, expected)
            if expected == 200:
                story.likes.add(person.sub)
                assert len(story.likes) == answer.json["likes"]

        # Repeats.

        @precondition(lambda self: self.kept)
        @rule(at=places, same=st.booleans())
        def repeat(self, at: int, same: bool) -> None:  # noqa: FBT001 - drawn
            """One effect: the model is not told, and must still be right."""
            kept = self.kept[at % len(self.kept)]
            if not same:
                self._repeat_with_something_else(kept)
                return
            answer = self._again(kept, kept.path, kept.body)
            assert kept.status == answer.status, answer.text
            assert kept.made in {None, answer.json.get("id"), answer.json.get("userId")}
            assert (kept.status == 201) == (answer.headers.get("Idempotency-Replayed") == "true")

        def _repeat_with_something_else(self, kept: Kept) -> None:
            if kept.body is None:
                answer = self._again(kept, "/stories", STORY)
            else:
                other = _something_else(kept.body)
                answer = self._again(kept, kept.path, other)
            assert 422 == answer.status, answer.text

        # Looking.

        @precondition(lambda self: self.model.jobs)
        @rule(at=places, who=anybody)
        def look_at_bids(self, at: int, who: int) -> None:
            person, job_id = self.cast[who], pick(self.model.jobs, at)
            may = person.role in {"worker", "admin"} or person.sub == self.model.jobs[job_id].buyer
            answer = transport.send("GET", f"/jobs/{job_id}/bids", person)
            assert (200 if may else 403) == answer.status, answer.text
            assert not may or self._bids_of(job_id) == [
                (each["amount"], each["id"], each["status"]) for each in _by_amount(answer.json["items"])
            ]

        @rule(path=st.sampled_from(LISTS), limit=limits)
        def walk(self, path: str, limit: int) -> None:
            """A list that all share, page by page."""
            noun, _, which = path.partition("=")
            if noun == "/jobs?status":
                wanted = [key for key, each in self.model.jobs.items() if each.status == which][::-1]
            elif noun == "/stories":
                wanted = [key for key, each in self.model.stories.items() if each.state == "shown"][::-1]
            else:
                wanted = self.model.listed(which or None)
            self._same_list(wanted, path, limit)

        def teardown(self) -> None:
            """Everything, as each person sees it in the end."""
            reached.update(self.model.states())
            self._waiting_stories_are_the_model_s()
            # Of those who took no part the last one stands for all: an admin, who has nothing of anybody's.
            for person in self.cast:
                if person is self.cast[-1] or self._took_part(person.sub):
                    self._person_has_what_the_model_says(person)

        def _took_part(self, sub: str) -> bool:
            model = self.model
            things = (*model.jobs.values(), *model.bids.values(), *model.listings.values(), *model.stories.values())
            named = {getattr(each, name, None) for each in things for name in ("buyer", "worker", "seller", "author")}
            return sub in {*named, *model.profiles, *model.referees, *model.credits}

        def _waiting_stories_are_the_model_s(self) -> None:
            waiting = [key for key, each in self.model.stories.items() if each.state == "waiting"]
            self._same_list(waiting, "/stories/pending", 3, self.cast[-1])

        def _person_has_what_the_model_says(self, person: Person) -> None:
            ledger = transport.send("GET", "/credits", person).json
            due = self.model.credits[person.sub]
            assert (due, due) == (ledger["total"], sum(entry["amount"] for entry in ledger["items"]))
            answer = transport.send("GET", f"/profiles/{person.sub}", None)
            profile = self.model.profiles.get(person.sub)
            assert (404 if profile is None else 200) == answer.status
            if profile is not None:
                wanted = {**profile.said, "verified": profile.verified, "completedJobs": profile.done}
                wanted |= {"ratingCount": len(profile.stars), "trustScore": profile.score}
                assert wanted == {name: answer.json.get(name) for name in wanted}
            if profile is not None and profile.stars:
                reviews = transport.send("GET", f"/users/{person.sub}/reviews", None).json["items"]
                assert profile.stars[::-1] == [each["rating"] for each in reviews]
            self._own_lists_are_the_model_s(person)

        def _own_lists_are_the_model_s(self, person: Person) -> None:
            model, sub = self.model, person.sub
            jobs = [
                (key, each.status, each.worker, each.budget, len(self._bids_of(key)))
                for key, each in model.jobs.items()
                if each.buyer == sub
            ]
            bids = [(key, each.status, each.amount, each.job) for key, each in model.bids.items() if each.worker == sub]
            listings = [
                (key, each.available, each.price, each.kind)
                for key, each in model.listings.items()
                if each.seller == sub
            ]
            stories = [
                (key, each.state == "shown", len(each.likes))
                for key, each in model.stories.items()
                if each.author == sub
            ]
            for role, path, wanted, names in (
                ("buyer", "/me/jobs", jobs, ("id", "status", "workerId", "budget", "bidCount")),
                ("worker", "/me/bids", bids, ("id", "status", "amount", "jobId")),
                ("seller", "/me/listings", listings, ("id", "available", "price", "category")),
                (person.role if stories else "", "/me/stories", stories, ("id", "approved", "likes")),
            ):
                if role == person.role:
                    seen = self._items(path, 50, person)
                    assert wanted[::-1] == [tuple(item.get(name) for name in names) for item in seen]

        def _speaker(self, who: int | None, rightful: str) -> Person:
            if who is not None:
                return self.cast[who]
            return next(person for person in self.cast if person.sub == rightful)

        def _bids_of(self, job_id: str) -> list[tuple[int, str, str]]:
            return sorted((bid.amount, key, bid.status) for key, bid in self.model.bids.items() if bid.job == job_id)

        def _ask(
            self,
            path: str,
            who: Person,
            expected: int,
            *,
            body: Mapping[str, object] | None = None,
            keyed: bool = False,
            made: str | None = None,
        ) -> Answer:
            key = f"{who.sub}-{len(self.kept)}-{path}"[:255]
            answer = transport.send("POST", path, who, body=body, headers={"Idempotency-Key": key} if keyed else {})
            assert expected == answer.status, answer.text
            if keyed and answer.status < 300:
                body = copy.deepcopy(body)
                made = made or answer.json.get("id")
                kept = Kept(method="POST", path=path, who=who, body=body, key=key, status=expected, made=made)
                self.kept.append(kept)
            return answer

        def _again(self, kept: Kept, path: str, body: Mapping[str, object] | None) -> Answer:
            return transport.send(kept.method, path, kept.who, body=body, headers={"Idempotency-Key": kept.key})

        def _same_list(self, wanted: list[str], path: str, limit: int, who: Person | None = None) -> None:
            seen = [item["id"] for item in self._items(path, limit if transport.alone else 50, who)]
            if not transport.alone:
                ours = {*self.model.jobs, *self.model.listings, *self.model.stories}
                seen = [key for key in seen if key in ours]
            assert wanted == seen

        def _items(self, path: str, limit: int, who: Person | None) -> list[dict[str, Any]]:
            """A whole list, page by page."""
            where, _, question = path.partition("?")
            named = dict([question.split("=")]) if question else {}
            items: list[dict[str, Any]] = []
            cursor: str | None = ""
            while cursor is not None:
                query = {**named, "limit": str(limit), **({"cursor": cursor} if cursor else {})}
                page = transport.send("GET", where, who, query=query).json
                items += page["items"]
                cursor = page["nextCursor"]
            return items

    return Marketplace


def _only(person: Person, role: str, status: int) -> int:
    return status if person.role == role else 403


def _something_else(body: Mapping[str, object]) -> dict[str, object]:
    """Another request of the same kind, as valid as the first."""
    if "rating" in body:
        return {**body, "rating": 6 - int(str(body["rating"])), "comment": "On second thoughts."}
    return {
        **body,
        "description" if "description" in body else _text_of(body): "Something else, and quite as long. " * 2,
    }


def _text_of(body: Mapping[str, object]) -> str:
    return "proposal" if "proposal" in body else "content"


def _by_amount(bids: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Cheapest first already, which is asserted; equal ones in an order that both know."""
    amounts = [bid["amount"] for bid in bids]
    assert sorted(amounts) == amounts
    return sorted(bids, key=lambda bid: (bid["amount"], bid["id"]))
