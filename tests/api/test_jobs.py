"""Jobs: what goes in comes out, what must not go in does not, and lists end."""

from __future__ import annotations

import json
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from khaya_api.access import caller_of
from khaya_api.jobs import NewJob, post_job
from khaya_api.models import LARGEST_AMOUNT
from tests.api.conftest import NOW, Stage, one_at_a_time
from tests.api.events import BUYER, OTHER_BUYER, Answer, Client, event, job

DAY = "2026-12-01"


def test_a_posted_job_is_the_job_one_reads(client: Client) -> None:
    """C03: POST, then GET of that id, and both are equal."""
    posted = client.post("/jobs", job(startDate=DAY, completionDate="2026-12-24"), claims=BUYER)

    assert 201 == posted.status
    assert posted.json == client.get(f"/jobs/{posted.json['id']}").json
    assert [posted.json] == client.get("/jobs").json["items"]


def test_what_we_say_about_a_new_job(client: Client) -> None:
    """Id, owner, state and times are ours; everything else is the buyer's, trimmed."""
    posted = client.post("/jobs", job(title="  Paint two rooms\t"), claims=BUYER).json

    assert {
        **job(),
        "id": posted["id"],
        "status": "open",
        "buyerId": BUYER["sub"],
        "bidCount": 0,
        "selectedBidId": None,
        "workerId": None,
        "startDate": None,
        "completionDate": None,
        "createdAt": "2026-11-22T12:00:00.123Z",
        "updatedAt": "2026-11-22T12:00:00.123Z",
    } == posted
    assert 4 == UUID(posted["id"]).version


@pytest.mark.parametrize("name", ("id", "createdAt", "updatedAt", "buyerId", "status", "selectedBidId", "phone", ""))
def test_what_is_ours_to_say_is_refused_by_name(stage: Stage, name: str) -> None:
    """C09: nobody takes over another's job by naming its id, or posts one in another's name."""
    answer = stage.client.post("/jobs", {**job(), name: "x"}, claims=BUYER)

    assert (400, "VALIDATION_ERROR", [name]) == (answer.status, answer.code, answer.fields)
    assert [] == stage.rows("jobs")


@pytest.mark.parametrize("name", ("title", "description", "category", "budget", "location"))
def test_what_is_missing_is_named(client: Client, name: str) -> None:
    """E26: a refusal says what to correct."""
    answer = client.post("/jobs", job(**{name: None}), claims=BUYER)

    assert (400, [name]) == (answer.status, answer.fields)


@pytest.mark.parametrize(
    ("name", "shortest", "longest"),
    (("title", 5, 200), ("description", 20, 2000), ("category", 1, 100), ("location", 1, 200)),
)
@pytest.mark.parametrize("character", ("a", "é", "家", "\U0001f3e0"))
def test_lengths_on_both_sides_of_the_line(
    client: Client, name: str, shortest: int, longest: int, character: str
) -> None:
    """Counted in characters, whatever their bytes; what is only space counts for nothing."""
    for length, fits in ((shortest - 1, False), (shortest, True), (longest, True), (longest + 1, False)):
        answer = client.post("/jobs", job(**{name: character * length}), claims=BUYER)

        assert (201 if fits else 400) == answer.status
        assert fits or [name] == answer.fields
    assert 400 == client.post("/jobs", job(**{name: " " * longest}), claims=BUYER).status


@pytest.mark.parametrize(
    ("budget", "fits"),
    (
        pytest.param(-1, False, id="less than nothing"),
        pytest.param(0, False, id="nothing"),
        pytest.param(1, True, id="one cent"),
        pytest.param(LARGEST_AMOUNT, True, id="the largest"),
        pytest.param(LARGEST_AMOUNT + 1, False, id="a cent more"),
        pytest.param(10**40, False, id="more than the table can hold"),
        pytest.param("100", False, id="a text"),
        pytest.param(100.0, False, id="a fraction's type"),
        pytest.param(99.5, False, id="a fraction"),
        pytest.param(True, False, id="a truth"),
        pytest.param([100], False, id="a list"),
        pytest.param({}, False, id="an object"),
    ),
)
def test_a_budget_is_a_whole_number_of_cents(client: Client, budget: object, fits: bool) -> None:  # noqa: FBT001
    """C20: what an index could not hold is a 400 that names it, not a 500."""
    answer = client.post("/jobs", {**job(), "budget": budget}, claims=BUYER)

    assert (201 if fits else 400) == answer.status
    assert fits or ["budget"] == answer.fields


@pytest.mark.parametrize("value", (None, 5, True, [], {}, "x\x00y" * 10, "x\x1b[31m" * 10))
@pytest.mark.parametrize("name", ("title", "description", "category", "location"))
def test_a_text_is_a_text(client: Client, name: str, value: object) -> None:
    """No numbers, no lists, no control characters."""
    answer = client.post("/jobs", {**job(), name: value}, claims=BUYER)

    assert (400, [name]) == (answer.status, answer.fields)


def test_a_description_may_have_lines_and_a_title_may_not(client: Client) -> None:
    """Paragraphs are content; a second line in a title is a mistake or an attack on whoever lists titles."""
    assert 201 == client.post("/jobs", job(description="Two rooms,\r\n\tboth white.\n"), claims=BUYER).status
    assert ["title"] == client.post("/jobs", job(title="Paint\ntwo rooms"), claims=BUYER).fields


@pytest.mark.parametrize("value", ("2026-02-30", "2026-12-01T00:00:00Z", "1-12-2026", "", 86400, 1.5, True, []))
@pytest.mark.parametrize("name", ("startDate", "completionDate"))
def test_a_day_is_written_as_a_day(client: Client, name: str, value: object) -> None:
    """YYYY-MM-DD that the calendar has; not a moment, not a number of seconds."""
    answer = client.post("/jobs", {**job(), name: value}, claims=BUYER)

    assert (400, [name]) == (answer.status, answer.fields)


@pytest.mark.parametrize(
    ("start", "end", "status"),
    (
        pytest.param(DAY, "2026-11-30", 400, id="ends the day before"),
        pytest.param(DAY, DAY, 201, id="same day"),
        pytest.param(DAY, "2026-12-02", 201, id="next day"),
        pytest.param(None, DAY, 201, id="only an end"),
        pytest.param(DAY, None, 201, id="only a start"),
    ),
)
def test_a_job_does_not_end_before_it_starts(client: Client, start: str | None, end: str | None, status: int) -> None:
    """The one rule that two fields share."""
    assert status == client.post("/jobs", job(startDate=start, completionDate=end), claims=BUYER).status


def test_all_mistakes_are_named_at_once(client: Client) -> None:
    """One round trip for a form, not one for each field."""
    answer = client.post("/jobs", {"title": "no", "budget": "100", "surprise": 1}, claims=BUYER)

    assert ["title", "description", "category", "budget", "location", "surprise"] == answer.fields


def test_errors_do_not_repeat_what_was_sent(client: Client) -> None:
    """D11: what a person typed into the wrong field is not in answers that get logged and screenshotted."""
    answer = client.post("/jobs", job(budget="+27821234567", startDate="call +27821234567"), claims=BUYER)

    assert 400 == answer.status
    assert "1234567" not in answer.text


@pytest.mark.parametrize("job_id", ("unknown", "00000000-0000-4000-8000-000000000000", "x" * 64, "_-"))
def test_an_unknown_job_is_a_404(client: Client, job_id: str) -> None:
    """C14: not 200 and an empty object."""
    answer = client.get(f"/jobs/{job_id}")

    assert (404, "NOT_FOUND") == (answer.status, answer.code)


@pytest.mark.parametrize("job_id", ("once#x", "checkpoint#expire-jobs", "x" * 65, "a.b", "é", "%2e%2e", "a b", "\n"))
def test_what_cannot_be_an_id_is_a_404_without_asking(stage: Stage, job_id: str) -> None:
    """Our own bookkeeping in the same table cannot be asked for."""
    stage.put("jobs", id=job_id, createdAt="-", secret="digest")

    assert 404 == stage.client.get(f"/jobs/{job_id}").status


def test_anybody_may_browse(client: Client) -> None:
    """E22: visitors see open jobs without signing in."""
    client.post("/jobs", job(), claims=BUYER)

    assert 1 == len(client.get("/jobs").json["items"])


def test_what_is_not_public_stays_in_the_table(stage: Stage) -> None:
    """D11: a row may hold more than a job; only what a job has comes out, by id and in lists."""
    secrets = {"phone": "+27821234567", "email": "b@example.org", "idNumber": "8001015009087", "expiresAt": 5}
    stage.put("jobs", **{**_row("j1"), **secrets})

    for answer in (
        stage.client.get("/jobs/j1"),
        stage.client.get("/jobs"),
        stage.client.get("/jobs", claims=OTHER_BUYER),
    ):
        assert 200 == answer.status
        assert not [value for value in ("1234567", "@", "8001015", "expiresAt") if value in answer.text]


def test_a_new_job_answer_has_nothing_of_the_token(client: Client) -> None:
    """The buyer's own e-mail and phone are in the claims, and nowhere in the job."""
    text = client.post("/jobs", job(), claims=BUYER).text

    assert str(BUYER["email"]) not in text
    assert str(BUYER["phone_number"]) not in text


# Lists.


def test_a_list_is_newest_first_and_of_one_status(stage: Stage) -> None:
    """Without a status it is the open ones."""
    for number, status in enumerate(["open", "expired", "open", "completed"]):
        stage.put("jobs", **_row(f"j{number}", status=status, created=number))

    assert ["j2", "j0"] == _ids(stage.client.get("/jobs"))
    assert ["j2", "j0"] == _ids(stage.client.get("/jobs", query={"status": "open"}))
    assert ["j3"] == _ids(stage.client.get("/jobs", query={"status": "completed"}))
    assert [] == _ids(stage.client.get("/jobs", query={"status": "cancelled"}))


@pytest.mark.parametrize("count", (0, 1, 2, 3, 4, 5, 9))
@pytest.mark.parametrize("limit", (1, 2, 4))
def test_walking_the_pages_sees_everything_once(stage: Stage, count: int, limit: int) -> None:
    """C12, C13: nothing lost at a page's end, nothing twice, no empty page at the end."""
    for number in range(count):
        stage.put("jobs", **_row(f"j{number}", created=number // 2))
        stage.put("jobs", **_row(f"x{number}", created=number, status="expired"))

    pages = _walk(stage.client, limit=limit)

    assert sorted(f"j{number}" for number in range(count)) == sorted(job_id for page in pages for job_id in page)
    assert max(1, -(-count // limit)) == len(pages)
    assert all(len(page) == limit for page in pages[:-1])


def test_a_list_longer_than_one_answer_of_the_table_is_walked_to_its_end(stage: Stage) -> None:
    """C13: DynamoDB stops at 1 MB; a page may be short then, and the next one goes on."""
    for number in range(30):
        stage.put("jobs", **_row(f"j{number:02}", created=number), blob="x" * 50_000)

    pages = _walk(stage.client, limit=50)

    assert len(pages) > 1
    assert [f"j{number:02}" for number in range(29, -1, -1)] == [job_id for page in pages for job_id in page]


def test_a_row_that_is_no_job_is_left_out_and_said_in_the_log(stage: Stage) -> None:
    """One broken row does not take the list away from everybody; asked for by itself it is our error."""
    stage.put("jobs", **_row("good"))
    stage.put("jobs", id="bad", status="open", createdAt="2026-11-01T00:00:00.000Z", title="+27821234567")

    assert ["good"] == _ids(stage.client.get("/jobs"))
    assert (500, "INTERNAL_ERROR") == (stage.client.get("/jobs/bad").status, stage.client.get("/jobs/bad").code)
    assert "rows left out" in stage.log.getvalue()
    assert "1234567" not in stage.log.getvalue()


@pytest.mark.parametrize(
    ("limit", "status"),
    (
        ("0", 400),
        ("1", 200),
        ("50", 200),
        ("51", 400),
        ("-1", 400),
        ("x", 400),
        ("", 400),
        ("1.5", 400),
        ("9" * 5000, 400),
    ),
)
def test_a_limit_on_both_sides_of_the_line(client: Client, limit: str, status: int) -> None:
    """1 to 50, and nothing that is not a number."""
    answer = client.get("/jobs", query={"limit": limit})

    assert status == answer.status
    assert 200 == status or ["limit"] == answer.fields


@pytest.mark.parametrize("value", ("OPEN", "opened", "", "open,expired"))
def test_an_unknown_status_is_refused(client: Client, value: str) -> None:
    """A misspelt status is not an empty list."""
    answer = client.get("/jobs", query={"status": value})

    assert (400, ["status"]) == (answer.status, answer.fields)


@pytest.mark.parametrize("name", ("status", "limit", "cursor"))
def test_a_parameter_given_twice_is_refused(client: Client, name: str) -> None:
    """Nobody could say which of the two is meant."""
    value = {"status": "open", "limit": "5", "cursor": "abc"}[name]

    answer = client.get("/jobs", query={name: [value, value]})

    assert (400, {name}) == (answer.status, {field.split(".")[0] for field in answer.fields})


@pytest.mark.parametrize("cursor", ("", "x", "=", "é", "AAAA", "A" * 512, "A" * 513, "../../etc", "null", "e30"))
def test_what_is_no_cursor_is_refused(client: Client, cursor: str) -> None:
    """400 that names the parameter, whatever it holds."""
    answer = client.get("/jobs", query={"cursor": cursor})

    assert (400, ["cursor"]) == (answer.status, answer.fields)


def test_a_cursor_belongs_to_its_list(stage: Stage) -> None:
    """Carried over to another status it would show nobody knows what."""
    for number in range(2):
        stage.put("jobs", **_row(f"j{number}", created=number))
    cursor = stage.client.get("/jobs", query={"limit": "1"}).json["nextCursor"]

    assert 200 == stage.client.get("/jobs", query={"cursor": cursor}).status
    assert ["cursor"] == stage.client.get("/jobs", query={"cursor": cursor, "status": "expired"}).fields


def test_a_cursor_of_another_deployment_is_refused(stage: Stage) -> None:
    """D07: signed by another key, it is as good as forged."""
    for number in range(2):
        stage.put("jobs", **_row(f"j{number}", created=number))
    cursor = stage.client.get("/jobs", query={"limit": "1"}).json["nextCursor"]
    stage.with_environ(SIGNING_KEY="another-random-key-0123456789-ABCDEF")

    assert ["cursor"] == stage.client.get("/jobs", query={"cursor": cursor}).fields


@pytest.mark.parametrize("key", (None, "", "changeme", "x" * 64))
def test_without_a_real_key_nothing_is_done(stage: Stage, key: str | None) -> None:
    """D07, E28: with a placeholder the API does not start to work: it says that it is unwell, and nothing else."""
    stage.put("jobs", **_row("j0"))
    stage.with_environ(SIGNING_KEY=key)
    client = stage.client

    for answer in (client.get("/jobs"), client.get("/jobs/j0"), client.post("/jobs", job(), claims=BUYER)):
        assert (500, "INTERNAL_ERROR") == _told(answer)
    assert ["j0"] == [row["id"] for row in stage.rows("jobs")]
    assert [200, 200, 200] == [client.get(path).status for path in ("/", "/health", "/openapi.json")]
    assert (503, "out") == (
        client.get("/health/deep").status,
        client.get("/health/deep").json["own"]["signing"]["status"],
    )
    assert "placeholder" in stage.log.getvalue() or key in {None, ""}


def test_who_may_not_is_told_so_also_without_a_key(stage: Stage) -> None:
    """Nobody learns from a refusal how the API is."""
    stage.with_environ(SIGNING_KEY=None)

    assert [401, 404] == [stage.client.post("/jobs", job()).status, stage.client.get("/nope").status]


# Idempotency.


def test_a_repeat_with_the_same_key_has_one_effect(stage: Stage) -> None:
    """The same answer, said to be a repeat, and one row."""
    first = stage.client.post("/jobs", job(), claims=BUYER, headers={"Idempotency-Key": "k-1"})
    again = stage.client.post("/jobs", job(), claims=BUYER, headers={"idempotency-key": "k-1"})

    assert (201, first.json) == (again.status, again.json)
    assert "Idempotency-Replayed" not in first.headers
    assert "true" == again.headers["Idempotency-Replayed"]
    assert 1 == len(_jobs(stage))
    assert [{"JobsPosted": 1}] == stage.counted


def test_without_a_key_each_request_is_a_job(stage: Stage) -> None:
    """Two equal jobs are two jobs, unless the client says otherwise."""
    for _ in range(2):
        stage.client.post("/jobs", job(), claims=BUYER)

    assert 2 == len(_jobs(stage))


def test_a_key_is_its_user_s_own(stage: Stage) -> None:
    """Nobody learns another's job by guessing a key."""
    first = stage.client.post("/jobs", job(), claims=BUYER, headers={"Idempotency-Key": "k-1"})
    other = stage.client.post("/jobs", job(), claims=OTHER_BUYER, headers={"Idempotency-Key": "k-1"})

    assert first.json["id"] != other.json["id"]
    assert OTHER_BUYER["sub"] == other.json["buyerId"]


def test_a_key_for_another_request_is_refused(stage: Stage) -> None:
    """Neither the old answer nor a second job would be what was asked for."""
    stage.client.post("/jobs", job(), claims=BUYER, headers={"Idempotency-Key": "k-1"})

    answer = stage.client.post("/jobs", job(budget=1), claims=BUYER, headers={"Idempotency-Key": "k-1"})

    assert (422, "VALIDATION_ERROR", ["Idempotency-Key"]) == (answer.status, answer.code, answer.fields)
    assert 1 == len(_jobs(stage))


@pytest.mark.parametrize(
    ("later", "jobs"),
    (
        pytest.param(timedelta(hours=24), 1, id="exactly a day"),
        pytest.param(timedelta(hours=24, seconds=1), 2, id="a second more"),
    ),
)
def test_a_key_is_remembered_for_a_day(stage: Stage, later: timedelta, jobs: int) -> None:
    """Also while the table has not yet removed what expired."""
    stage.client.post("/jobs", job(), claims=BUYER, headers={"Idempotency-Key": "k-1"})
    stage.at(NOW + later)
    stage.client.post("/jobs", job(), claims=BUYER, headers={"Idempotency-Key": "k-1"})

    assert jobs == len(_jobs(stage))


@pytest.mark.parametrize("key", ("", "a b", "é", "x" * 256, "a\tb", "\x7f"))
def test_an_odd_key_is_refused(stage: Stage, key: str) -> None:
    """A key that does not survive the way would make a repeat a second job."""
    answer = stage.client.post("/jobs", job(), claims=BUYER, headers={"Idempotency-Key": key})

    assert (400, ["Idempotency-Key"]) == (answer.status, answer.fields)
    assert [] == stage.rows("jobs")


@pytest.mark.parametrize("key", ("k", "x" * 255, "a,b", "~!#[]{}"))
def test_any_visible_key_is_taken(stage: Stage, key: str) -> None:
    """The other side of the line."""
    for _ in range(2):
        assert 201 == stage.client.post("/jobs", job(), claims=BUYER, headers={"Idempotency-Key": key}).status
    assert 1 == len(_jobs(stage))


def test_repeats_at_the_same_time_have_one_effect(stage: Stage) -> None:
    """Sixteen at once: one job, and the same job for all."""
    # Each call is one step, as in DynamoDB; the local double would otherwise let threads see half of one.
    stage.connected_by(one_at_a_time(stage.kit.connect))
    buyer, new = caller_of(BUYER), NewJob(**job())
    with ThreadPoolExecutor(16) as pool:
        made = [done.result() for done in [pool.submit(post_job, stage.kit, buyer, new, "k-1") for _ in range(16)]]

    assert 1 == len({posted.id for posted, _ in made})
    assert 1 == sum(not replayed for _, replayed in made)
    assert 1 == len(_jobs(stage))


def test_bookkeeping_is_in_no_list(stage: Stage) -> None:
    """The row that remembers a key is found by its key alone, and goes by itself."""
    stage.client.post("/jobs", job(), claims=BUYER, headers={"Idempotency-Key": "k-1"})

    assert 1 == len(_ids(stage.client.get("/jobs")))
    kept = [row for row in stage.rows("referrals") if row["id"].startswith("once#")]
    assert [int((NOW + timedelta(hours=24)).timestamp())] == [int(row["expiresAt"]) for row in kept]
    assert not {"referralCode", "referrerId"} & set(kept[0])


# Bodies that are no jobs.


@pytest.mark.parametrize(
    ("body", "field"),
    (
        pytest.param(None, "body", id="none"),
        pytest.param("", "body", id="empty"),
        pytest.param("{", "body", id="breaks off"),
        pytest.param("{'title': 1}", "body", id="not JSON"),
        pytest.param("null", "body", id="null"),
        pytest.param("[]", "body", id="list"),
        pytest.param(json.dumps([job()]), "body", id="list of a job"),
        pytest.param('"text"', "body", id="text"),
        pytest.param('{"budget": NaN}', "body", id="NaN"),
        pytest.param('{"budget": -Infinity}', "body", id="infinity"),
        pytest.param('{"budget": ' + "9" * 5000 + "}", "body", id="more digits than Python reads"),
        pytest.param("[" * 20_000, "body", id="deep"),
        pytest.param('{"a":' * 6_000, "body", id="deep objects"),
        pytest.param("\ufeff{}", "body", id="byte order mark"),
    ),
)
def test_a_broken_body_is_a_400(client: Client, body: str | None, field: str) -> None:
    """C15: not swallowed as an empty object, not a 500."""
    answer = client.send(event("POST", "/jobs", body=body, headers={"Content-Type": "application/json"}, claims=BUYER))

    assert (400, "VALIDATION_ERROR", [field]) == (answer.status, answer.code, answer.fields)


@pytest.mark.parametrize("body", ("\ud800", '{"title": "\\ud800 lone half"}', '{"\\ud800": 1}'))
def test_half_a_character_is_refused(client: Client, body: str) -> None:
    """JSON can spell what no text can hold."""
    answer = client.send(event("POST", "/jobs", body=body, headers={"Content-Type": "application/json"}, claims=BUYER))

    assert 400 == answer.status


@pytest.mark.parametrize(("size", "status"), ((32 * 1024, 201), (32 * 1024 + 1, 413), (10_000_000, 413)))
@pytest.mark.parametrize("base64", (False, True))
def test_a_body_on_both_sides_of_the_line(client: Client, size: int, status: int, base64: bool) -> None:  # noqa: FBT001
    """Counted in bytes as sent."""
    text = json.dumps(job())
    text += " " * (size - len(text))
    sent = b64encode(text.encode()).decode() if base64 else text

    answer = client.send(
        event("POST", "/jobs", body=sent, base64=base64, headers={"Content-Type": "application/json"}, claims=BUYER)
    )

    assert status == answer.status


def test_the_longest_job_there_can_be_fits(client: Client) -> None:
    """Every field full, every character as long as JSON can spell it."""
    house = "\U0001f3e0"
    longest = job(title=house * 200, description=house * 2000, category=house * 100, location=house * 200)

    assert 201 == client.post("/jobs", longest, claims=BUYER).status


def test_a_base64_body_is_read(client: Client) -> None:
    """C15: as the gateway sends it where binary types are switched on."""
    body = b64encode(json.dumps(job(title="Façade cleaning")).encode()).decode()
    answer = client.send(
        event("POST", "/jobs", body=body, base64=True, headers={"Content-Type": "application/json"}, claims=BUYER)
    )

    assert (201, "Façade cleaning") == (answer.status, answer.json["title"])


@pytest.mark.parametrize("body", ("%%%", "YWJj", "/w==", "a", "é"))
def test_bad_base64_is_a_400(client: Client, body: str) -> None:
    """Not base64, or base64 of what is not UTF-8 or not JSON."""
    answer = client.send(
        event("POST", "/jobs", body=body, base64=True, headers={"Content-Type": "application/json"}, claims=BUYER)
    )

    assert (400, ["body"]) == (answer.status, answer.fields)


@pytest.mark.parametrize(
    ("content_type", "status"),
    (
        ("application/json", 201),
        ("application/json; charset=utf-8", 201),
        ("APPLICATION/JSON", 201),
        ("application/jsonp", 415),
        ("text/plain", 415),
        ("application/x-www-form-urlencoded", 415),
        ("multipart/form-data; boundary=x", 415),
        ("", 415),
        (None, 415),
    ),
)
def test_only_json_is_json(client: Client, content_type: str | None, status: int) -> None:
    """What a foreign page's form can send without asking is not taken."""
    headers = {} if content_type is None else {"content-type": content_type}

    answer = client.send(event("POST", "/jobs", body=json.dumps(job()), headers=headers, claims=BUYER))

    assert status == answer.status
    assert 201 == status or ["Content-Type"] == answer.fields


def _row(job_id: str, *, status: str = "open", created: int = 0) -> dict[str, Any]:
    moment = f"2026-11-{1 + created // 24:02}T{created % 24:02}:00:00.000Z"
    return {**job(), "id": job_id, "buyerId": "b", "status": status, "createdAt": moment, "updatedAt": moment}


def _jobs(stage: Stage) -> list[dict[str, Any]]:
    return [row for row in stage.rows("jobs") if "title" in row]


def _ids(answer: Answer) -> list[str]:
    return [item["id"] for item in answer.json["items"]]


def _told(answer: Answer) -> tuple[int, str]:
    return answer.status, answer.code


def _walk(client: Client, *, limit: int) -> list[list[str]]:
    pages: list[list[str]] = []
    query = {"limit": str(limit)}
    while True:
        answer = client.get("/jobs", query=query)
        assert 200 == answer.status
        pages.append(_ids(answer))
        if answer.json["nextCursor"] is None:
            return pages
        query = {"limit": str(limit), "cursor": answer.json["nextCursor"]}
