"""Who has something to do hears of it: in time, not too often, once, by the way that works, and nobody else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from khaya_api import notices, users
from khaya_api.errors import PartOut
from khaya_api.messengers import Message
from khaya_api.pending import AGAIN_AFTER, FIRST_AFTER, MOST, TOLERANCE, Kind, Pending, is_due, moment_of
from khaya_api.rows import Change, Row, timestamp
from khaya_api.settings import Carriers, read_carriers
from khaya_api.store import Store
from khaya_api.tasks import MARGIN_SECONDS, OutOfTime, TaskFailed
from tests.api.conftest import NOW, Stage
from tests.api.events import BUYER, PROFILE, WORKER, claims
from tests.api.grants import called, granted
from tests.api.providers import PHONE, Provider, Services, listening_provider
from tests.api.scenes import accept, bid, completed_job, open_job, worker
from tests.api.walks import watch

DAY = timedelta(days=1)
MOMENT = timedelta(milliseconds=1)
TITLE = "Paint two rooms"


@dataclass(frozen=True, slots=True)
class Rounds:
    """The notice function on a stage, with a provider that listens."""

    stage: Stage
    provider: Provider
    services: Services
    carriers: Carriers

    def run(self, after: timedelta = timedelta(), context: object = None) -> dict[str, int]:
        """One round, so long after noon."""
        self.stage.at(NOW + after)
        return notices.build(self.stage.kit, self.carriers)({}, context)

    @property
    def said(self) -> list[tuple[str, str]]:
        """What was said, and to which number, in order."""
        return [(sent["template"]["name"], sent["to"]) for _, sent in self.provider.requests]

    def know(self, who: dict[str, object], phone: str, **more: str) -> None:
        """Somebody has signed in before."""
        users.remember(self.stage.kit.store, str(who["sub"]), {"phone": phone, **more}, NOW)


@pytest.fixture
def rounds(stage: Stage) -> Iterator[Rounds]:
    """A buyer and a worker with phones, and all ways to reach them."""
    services, connect = Services(), stage.kit.connect
    with listening_provider() as provider:
        environ = {
            "WHATSAPP_URL": provider.url,
            "WHATSAPP_SECRET": "khaya/whatsapp",
            "SMS": "on",
            "EMAIL_SENDER": "no-reply@khaya.example",
        }
        stage.connected_by(lambda service: connect(service) if service == "dynamodb" else services)
        made = Rounds(stage, provider, services, read_carriers(environ))
        made.know(BUYER, PHONE, email="b@example.org")
        made.know(WORKER, "+27820000002")
        yield made


def test_a_buyer_hears_of_bids_that_wait(rounds: Rounds) -> None:
    """C26: the buyer alone, by phone, with the job's title and how many there are."""
    job_id = open_job(rounds.stage.client)
    for number in range(2):
        bid(rounds.stage.client, job_id, worker(number))

    assert {"scanned": 1, "sent": 1, "withheld": 0, "failed": 0} == rounds.run(DAY)

    assert [("khaya_bids_waiting", PHONE.removeprefix("+"))] == rounds.said
    ((_, sent),) = rounds.provider.requests
    assert [TITLE, "2"] == [word["text"] for word in sent["template"]["components"][0]["parameters"]]
    assert 1 == len(sent["template"]["components"])
    assert {"NoticesScanned": 1, "NoticesSent": 1, "NoticesWithheld": 0, "NoticesFailed": 0, "NoticesSucceeded": 1} == (
        rounds.stage.counted[-1]
    )


def test_a_bid_waits_a_day_before_anybody_hears_of_it(rounds: Rounds) -> None:
    """On both sides of the line."""
    bid(rounds.stage.client, open_job(rounds.stage.client))

    assert 0 == rounds.run(FIRST_AFTER - MOMENT)["sent"]
    assert 1 == rounds.run(FIRST_AFTER)["sent"]


@pytest.mark.parametrize("end", ("withdrawn", "accepted", "cancelled", "no bid"))
def test_what_waits_no_longer_is_not_spoken_of(rounds: Rounds, end: str) -> None:
    """Somebody has acted, or nobody has to."""
    client = rounds.stage.client
    job_id = open_job(client)
    made = bid(client, job_id).json["id"] if end != "no bid" else ""
    if end == "withdrawn":
        client.act(f"/bids/{made}/withdraw", claims=WORKER)
    if end == "accepted":
        accept(client, made)
    if end == "cancelled":
        client.act(f"/jobs/{job_id}/cancel", claims=BUYER)

    assert 0 == rounds.run(DAY * 2)["sent"]


def test_both_parties_hear_of_a_review_that_is_due_until_they_have_written_it(rounds: Rounds) -> None:
    """Each by themselves; who has said how it was is not asked again."""
    job_id = completed_job(rounds.stage.client)

    assert 2 == rounds.run(DAY)["sent"]
    assert {("khaya_review_due", PHONE.removeprefix("+")), ("khaya_review_due", "27820000002")} == set(rounds.said)

    rounds.stage.client.post("/reviews", {"jobId": job_id, "rating": 5}, claims=WORKER)
    assert 1 == rounds.run(DAY * 4)["sent"]
    assert ("khaya_review_due", PHONE.removeprefix("+")) == rounds.said[-1]


def test_three_times_and_no_more(rounds: Rounds) -> None:
    """One day after, and then three days after each other, twice: the code before enforced no end."""
    completed_job(rounds.stage.client)

    days = [day for day in range(30) if rounds.run(DAY * day)["sent"]]

    assert [1, 4, 7] == days
    assert MOST * 2 == len(rounds.said)


def test_a_second_run_says_nothing_twice(rounds: Rounds) -> None:
    """The schedule delivers at least once."""
    bid(rounds.stage.client, open_job(rounds.stage.client))
    rounds.run(DAY)

    assert {"scanned": 1, "sent": 0, "withheld": 0, "failed": 0} == rounds.run(DAY)
    assert 1 == len(rounds.said)


def test_two_runs_at_once_say_it_once(rounds: Rounds) -> None:
    """What waits is noted before it is said, on the condition that nobody else has."""
    bid(rounds.stage.client, open_job(rounds.stage.client))

    def other() -> None:
        rounds.run(DAY)

    _before_note(rounds, other)

    assert 0 == rounds.run(DAY)["sent"]
    assert 1 == len(rounds.said)


@pytest.mark.parametrize(
    ("role", "lacks"),
    (
        pytest.param("worker", "your name, a picture, a few words about yourself, where you work, what you do", id="w"),
        pytest.param("seller", "your name, a picture, a few words about yourself, where you work", id="s"),
        pytest.param("buyer", None, id="b"),
    ),
)
def test_a_newcomer_hears_what_their_profile_lacks(rounds: Rounds, role: str, lacks: str | None) -> None:
    """Who offers something is found by their profile; a buyer needs none."""
    users.remember(rounds.stage.kit.store, "new", {"phone": "+27820000009"}, NOW, role=role)

    assert (1 if lacks else 0) == rounds.run(DAY)["sent"]

    words = [sent["template"]["components"][0]["parameters"][0]["text"] for _, sent in rounds.provider.requests]
    assert ([lacks] if lacks else []) == words


def test_a_whole_profile_is_asked_for_nothing_and_not_looked_at_again(rounds: Rounds) -> None:
    """Off the list of newcomers, for good."""
    who = claims("new", "worker")
    users.remember(rounds.stage.kit.store, "new", {"phone": "+27820000009", "name": "Thandi"}, NOW, role="worker")
    rounds.stage.client.change("PUT", "/profiles/new", {**PROFILE, "photoUrl": "https://p.example/1.png"}, claims=who)

    assert {"scanned": 1, "sent": 0, "withheld": 0, "failed": 0} == rounds.run(DAY)
    assert 0 == rounds.run(DAY)["scanned"]


def test_who_never_fills_it_in_is_left_alone_at_last(rounds: Rounds) -> None:
    """Three times, and then off the list."""
    users.remember(rounds.stage.kit.store, "new", {"phone": "+27820000009"}, NOW, role="worker")

    sent = [day for day in range(30) if rounds.run(DAY * day)["sent"]]

    assert [1, 4, 7] == sent
    assert 0 == rounds.run(DAY * 30)["scanned"]


def test_signing_in_again_is_not_coming_anew(rounds: Rounds) -> None:
    """Else everybody would be a newcomer for ever."""
    for _ in range(2):
        users.remember(rounds.stage.kit.store, "new", {"name": "Thandi"}, NOW, role="worker")
    rounds.stage.kit.store.write([users.settled({"id": "newcomer#new"})])
    users.remember(rounds.stage.kit.store, "new", {"name": "Thandi"}, NOW, role="worker")

    assert 0 == rounds.run(DAY)["scanned"]


def test_what_nobody_took_is_tried_again_and_not_green(rounds: Rounds) -> None:
    """C25, C26, E08: it raises, is counted, is not taken for said, and the next run says it."""
    bid(rounds.stage.client, open_job(rounds.stage.client))
    rounds.provider.status = 500
    rounds.services.failing |= {"publish", "send_email"}

    with pytest.raises(TaskFailed, match="1 notices"):
        rounds.run(DAY)
    assert {"NoticesScanned": 1, "NoticesSent": 0, "NoticesWithheld": 0, "NoticesFailed": 1} == rounds.stage.counted[-1]

    rounds.provider.status = 200
    assert 1 == rounds.run(DAY)["sent"]


def test_a_failure_between_two_successes_forgets_neither(rounds: Rounds) -> None:
    """The note that is taken back is the one that was there: the third time is still the last."""
    bid(rounds.stage.client, open_job(rounds.stage.client))
    rounds.run(DAY)
    rounds.provider.status = 500
    rounds.services.failing |= {"publish", "send_email"}
    with pytest.raises(TaskFailed):
        rounds.run(DAY * 4)
    rounds.provider.status = 200

    assert [1, 0, 0, 1, 0] == [rounds.run(DAY * day)["sent"] for day in (5, 6, 7, 8, 11)]


def test_ways_are_tried_in_their_order(rounds: Rounds) -> None:
    """WhatsApp, else SMS, else e-mail, each with the same words."""
    for _ in range(3):
        bid(rounds.stage.client, open_job(rounds.stage.client))
    rounds.provider.status = 500
    rounds.run(DAY)
    calls = [named for name, named in rounds.services.asked if name == "publish"]
    assert [(PHONE, f"Bids that wait for your answer on “{TITLE}”: 1.")] * 3 == [
        (named["PhoneNumber"], named["Message"]) for named in calls
    ]

    rounds.services.failing.add("publish")
    rounds.run(DAY * 4)
    sent = [named for name, named in rounds.services.asked if name == "send_email"]
    assert ["b@example.org"] * 3 == [named["Destination"]["ToAddresses"][0] for named in sent]


def test_when_no_way_works_it_stops_asking(rounds: Rounds) -> None:
    """A thousand people would each wait for the same silence; none of those who were tried counts as told."""
    for _ in range(notices.MOST_REFUSED + 2):
        bid(rounds.stage.client, open_job(rounds.stage.client))
    rounds.provider.status = 500
    rounds.services.failing |= {"publish", "send_email"}

    with pytest.raises(PartOut, match="messengers: refused"):
        rounds.run(DAY)
    assert notices.MOST_REFUSED == rounds.stage.counted[-1]["NoticesFailed"]

    rounds.provider.status = 200
    assert notices.MOST_REFUSED + 2 == rounds.run(DAY)["sent"]


def test_a_probe_s_phone_never_rings(rounds: Rounds) -> None:
    """Synthetic users have numbers that may be somebody's."""
    rounds.services.groups = ["buyer", "synthetic"]
    bid(rounds.stage.client, open_job(rounds.stage.client))

    assert {"scanned": 1, "sent": 0, "withheld": 1, "failed": 0} == rounds.run(DAY)
    assert [] == rounds.said


def test_who_cannot_be_reached_is_no_failure(rounds: Rounds) -> None:
    """Nobody has signed in as them, or they left neither phone nor address."""
    bid(rounds.stage.client, open_job(rounds.stage.client, claims("nobody", "buyer")))

    assert {"scanned": 1, "sent": 0, "withheld": 1, "failed": 0} == rounds.run(DAY)


def test_without_a_way_it_is_not_green(stage: Stage) -> None:
    """C25, C26: saying nothing to anybody is not a success."""
    with pytest.raises(PartOut, match="messengers: not configured"):
        notices.build(stage.kit, read_carriers({}))({}, None)

    assert "NoticesSucceeded" not in stage.counted[-1]


def test_a_pool_that_is_not_named_is_not_green(rounds: Rounds) -> None:
    """Whether somebody is a probe must not be guessed."""
    bid(rounds.stage.client, open_job(rounds.stage.client))
    rounds.stage.connected_by(rounds.stage.kit.connect, USER_POOL_ID="")

    with pytest.raises(PartOut, match="sign-in: not configured"):
        rounds.run(DAY)
    assert [] == rounds.said


@pytest.mark.parametrize("noun", ("jobs", "bids", "reviews", "users", "profiles", "referrals"))
def test_a_missing_table_is_not_green(rounds: Rounds, noun: str) -> None:
    """A38, C25: no rows is not the same as no table."""
    bid(rounds.stage.client, open_job(rounds.stage.client))
    completed_job(rounds.stage.client)
    users.remember(rounds.stage.kit.store, "new", {"phone": "+27820000009"}, NOW, role="worker")
    rounds.stage.delete_table(noun)

    with pytest.raises(PartOut):
        rounds.run(DAY)

    assert "NoticesSucceeded" not in rounds.stage.counted[-1]


def test_one_odd_row_does_not_stop_the_others_and_is_not_green(rounds: Rounds) -> None:
    """C25: the rest is told, then it raises."""
    job_id = open_job(rounds.stage.client)
    bid(rounds.stage.client, job_id)
    rounds.stage.put("jobs", id="odd", status="completed", createdAt="a", updatedAt="yesterday", workerId="w")

    with pytest.raises(TaskFailed, match="1 notices"):
        rounds.run(DAY)

    assert {"NoticesScanned": 2, "NoticesSent": 1, "NoticesWithheld": 0, "NoticesFailed": 1} == rounds.stage.counted[-1]


@pytest.mark.parametrize("stop", range(1, 5))
def test_out_of_time_goes_on_where_it_stopped(rounds: Rounds, stop: int) -> None:
    """C25: it raises; the next run does the rest, in whichever of the walks that was, and each is told once."""
    for _ in range(2):
        bid(rounds.stage.client, open_job(rounds.stage.client))
    completed_job(rounds.stage.client)
    for number in range(2):
        users.remember(rounds.stage.kit.store, f"n{number}", {"phone": f"+2782000010{number}"}, NOW, role="worker")

    with pytest.raises(OutOfTime, match=f"{stop} rows"):
        rounds.run(DAY, _Context(iter([300.0] * stop)))
    assert "NoticesSucceeded" not in rounds.stage.counted[-1]

    assert 5 - stop == rounds.run(DAY)["scanned"]
    assert 6 == len(rounds.said) == len(set(_noted(rounds)))


def test_a_checkpoint_is_for_its_own_day(rounds: Rounds) -> None:
    """Going on from yesterday's place would pass over what failed there."""
    for _ in range(3):
        bid(rounds.stage.client, open_job(rounds.stage.client))
    with pytest.raises(OutOfTime):
        rounds.run(DAY, _Context(iter([300.0] * 2)))

    assert 3 == rounds.run(DAY + timedelta(hours=20))["scanned"]


def test_more_rows_than_a_page_are_all_looked_at(rounds: Rounds) -> None:
    """C13."""
    for number in range(250):
        users.remember(rounds.stage.kit.store, f"n{number}", {}, NOW, role="worker")

    assert {"scanned": 250, "sent": 0, "withheld": 250, "failed": 0} == rounds.run(DAY)


def test_the_log_names_no_person_and_no_words(rounds: Rounds) -> None:
    """Which kind, by which way, and how many: no number, no address, no title, no token."""
    bid(rounds.stage.client, open_job(rounds.stage.client))
    rounds.run(DAY)
    rounds.provider.status = 500
    rounds.services.failing |= {"publish", "send_email"}
    with pytest.raises(TaskFailed):
        rounds.run(DAY * 4)

    log = rounds.stage.log.getvalue()
    assert "whatsapp" in log
    assert [] == [word for word in (PHONE[1:], "b@example.org", TITLE, "tok-", str(BUYER["sub"])) if word in log]


def test_the_notice_function_calls_what_its_table_grants(rounds: Rounds) -> None:
    """A38, A39: every walk, by every way, to the end of the list of newcomers."""
    for _ in range(2):
        bid(rounds.stage.client, open_job(rounds.stage.client))
    completed_job(rounds.stage.client)
    users.remember(rounds.stage.kit.store, "new", {}, NOW, role="worker")
    seen = watch(rounds.stage)
    rounds.run(DAY)
    rounds.provider.status = 500
    rounds.services.failing.add("publish")
    with pytest.raises(TaskFailed):
        rounds.run(DAY * 4)
    rounds.run(DAY * 20)

    assert granted("notice function") == called(seen)


def test_newcomers_are_in_no_answer(rounds: Rounds) -> None:
    """The list shares an index with addresses; no address is spelt so, and nobody is found by it."""
    users.remember(rounds.stage.kit.store, "new", {}, NOW, role="worker")

    assert rounds.stage.kit.store.get("users", {"id": f"email#{users.NEWCOMERS}"}) is None


@given(
    waited=st.timedeltas(timedelta(), timedelta(days=40)),
    times=st.none() | st.integers(0, MOST + 1),
    ago=st.timedeltas(timedelta(), timedelta(days=10)),
)
def test_nobody_is_pressed(waited: timedelta, times: int | None, ago: timedelta) -> None:
    """However long something waits: never within a day, never twice in three days, never a fourth time."""
    message = Message(subject="s", text="t", template="x")
    pending = Pending(kind=Kind.REVIEW_DUE, user="u", about="j", since=NOW - waited, message=message)
    told: Row | None = None if times is None else {"times": times, "lastAt": timestamp(NOW - ago)}

    wanted = waited >= FIRST_AFTER if not times else times < MOST and ago >= AGAIN_AFTER - TOLERANCE - MOMENT

    seen = is_due(pending, told, NOW)
    assert wanted == seen or abs(ago - (AGAIN_AFTER - TOLERANCE)) <= MOMENT


@given(st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)))  # noqa: DTZ001 - Hypothesis wants them without
def test_a_moment_is_read_as_it_was_written(naive: datetime) -> None:
    """To the millisecond, always UTC."""
    moment = naive.replace(tzinfo=NOW.tzinfo)

    assert timedelta() <= moment - moment_of(timestamp(moment)) < MOMENT


@dataclass(frozen=True, slots=True)
class _Context:
    left: Iterator[float]

    def get_remaining_time_in_millis(self) -> int:
        return int(next(self.left, MARGIN_SECONDS - 1) * 1000)


def _noted(rounds: Rounds) -> list[str]:
    return [row["id"] for row in rounds.stage.rows("referrals") if row["id"].startswith("told#")]


def _before_note(rounds: Rounds, act: Any) -> None:  # noqa: ANN401 - any callable
    """Let `act` happen once, between a look and the note that follows it."""
    store, left = rounds.stage.kit.store, [act]
    real = store.write

    def write(changes: Sequence[Change]) -> dict[int, Row]:
        if left and str(changes[0].key["id"]).startswith("told#"):
            left.pop()()
        return real(changes)

    assert isinstance(store, Store)
    store.write = write  # type: ignore[method-assign] # this one store, for this one test
