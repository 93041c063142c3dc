"""A job's states: which lead to which, and who leads it there."""

from __future__ import annotations

from datetime import timedelta

import pytest

from khaya_api.tasks import TaskFailed, build
from tests.api.conftest import NOW, Stage
from tests.api.events import BUYER, JOB, OTHER_BUYER, WORKER, Client
from tests.api.scenes import bid, completed_job, job_in_progress, open_job, worker


def _at(stage: Stage, status: str) -> str:
    stage.at(NOW)
    if status == "in_progress":
        return job_in_progress(stage.client)
    if status == "completed":
        return completed_job(stage.client)
    job_id = open_job(stage.client)
    if status == "cancelled":
        stage.client.act(f"/jobs/{job_id}/cancel", claims=BUYER)
    if status == "expired":
        stage.at(NOW + timedelta(days=31))
        build(stage.kit)({}, None)
    return job_id


@pytest.mark.parametrize(
    ("status", "edit", "complete", "cancel"),
    (
        ("open", 200, 409, 200),
        ("in_progress", 409, 200, 200),
        ("completed", 409, 409, 409),
        ("cancelled", 409, 409, 409),
        ("expired", 409, 409, 409),
    ),
)
def test_which_states_lead_to_which(stage: Stage, status: str, edit: int, complete: int, cancel: int) -> None:
    """The whole table of states, each way tried from each."""
    for verb, expected in (("edit", edit), ("complete", complete), ("cancel", cancel)):
        job_id = _at(stage, status)
        assert status == stage.client.get(f"/jobs/{job_id}").json["status"]
        if verb == "edit":
            answer = stage.client.change("PATCH", f"/jobs/{job_id}", {"budget": 5}, claims=BUYER)
        else:
            answer = stage.client.act(f"/jobs/{job_id}/{verb}", claims=BUYER)

        assert expected == answer.status
        if expected == 200 and verb != "edit":
            assert {"complete": "completed", "cancel": "cancelled"}[verb] == answer.json["status"]
        assert answer.status != 200 or answer.json == stage.client.get(f"/jobs/{job_id}").json


@pytest.mark.parametrize("verb", ("edit", "complete", "cancel"))
def test_only_the_owner_leads_a_job(stage: Stage, verb: str) -> None:
    """C32: 403 for another buyer, 404 for no job."""
    job_id = job_in_progress(stage.client)
    for path, expected in ((job_id, 403), ("nope", 404)):
        if verb == "edit":
            answer = stage.client.change("PATCH", f"/jobs/{path}", {"budget": 5}, claims=OTHER_BUYER)
        else:
            answer = stage.client.act(f"/jobs/{path}/{verb}", claims=OTHER_BUYER)
        assert expected == answer.status


def test_an_edit_leaves_what_it_does_not_name(client: Client) -> None:
    """C04, C07: the named fields change, null takes a day away, the rest stays; the list knows it too."""
    job_id = open_job(client, startDate="2026-12-01", completionDate="2026-12-05")

    edited = client.change("PATCH", f"/jobs/{job_id}", {"title": "Paint it all", "startDate": None}, claims=BUYER)

    assert (200, "Paint it all", None, "2026-12-05") == (
        edited.status,
        edited.json["title"],
        edited.json["startDate"],
        edited.json["completionDate"],
    )
    assert JOB["description"] == edited.json["description"]
    assert edited.json == client.get(f"/jobs/{job_id}").json == client.get("/jobs").json["items"][0]


@pytest.mark.parametrize(
    ("changes", "fields"),
    (
        ({"completionDate": "2026-11-30"}, ["completionDate"]),
        ({"startDate": "2026-12-06"}, ["completionDate"]),
        ({"title": None}, ["title"]),
        ({"budget": "5"}, ["budget"]),
        ({"status": "completed"}, ["status"]),
        ({"buyerId": "x"}, ["buyerId"]),
        ({"id": "x", "selectedBidId": "y"}, ["id", "selectedBidId"]),
    ),
)
def test_an_edit_that_breaks_a_rule_names_it(client: Client, changes: dict[str, object], fields: list[str]) -> None:
    """C09: also the rule that two fields share, one of them from before."""
    job_id = open_job(client, startDate="2026-12-01", completionDate="2026-12-05")

    answer = client.change("PATCH", f"/jobs/{job_id}", changes, claims=BUYER)

    assert (400, fields) == (answer.status, answer.fields)
    assert "Paint two rooms" == client.get(f"/jobs/{job_id}").json["title"]


def test_cancelling_rejects_the_bids_that_wait(client: Client) -> None:
    """And leaves those alone that do not."""
    job_id = open_job(client)
    bid(client, job_id)
    gone = bid(client, job_id, worker(1)).json["id"]
    client.act(f"/bids/{gone}/withdraw", claims=worker(1))

    client.act(f"/jobs/{job_id}/cancel", claims=BUYER)

    assert "rejected" == client.get("/me/bids", claims=WORKER).json["items"][0]["status"]
    assert "withdrawn" == client.get("/me/bids", claims=worker(1)).json["items"][0]["status"]


@pytest.mark.parametrize("bids", (1, 99, 130))
def test_expiring_rejects_the_bids_that_wait(stage: Stage, bids: int) -> None:
    """C24: nobody waits for a job that nobody can give any more."""
    bid(stage.client, open_job(stage.client))
    like = stage.rows("bids")[0]
    for number in range(bids - 1):
        stage.put("bids", **{**like, "id": f"b{number}", "workerId": f"w{number}"})
    stage.put("jobs", **{**stage.rows("jobs")[0], "bidCount": bids})
    stage.at(NOW + timedelta(days=31))

    assert 1 == build(stage.kit)({}, None)["expired"]

    assert ["rejected"] * bids == [row["status"] for row in stage.rows("bids")]


@pytest.mark.parametrize("verb", ("cancel", "expire"))
def test_a_bid_that_the_index_has_not_heard_of_holds_the_end_back(stage: Stage, verb: str) -> None:
    """Else it would wait for ever: cancelling asks to try again, expiring fails and is tried again."""
    job_id = open_job(stage.client)
    stage.put("jobs", **{**stage.rows("jobs")[0], "bidCount": 1})

    if verb == "cancel":
        assert 503 == stage.client.act(f"/jobs/{job_id}/cancel", claims=BUYER).status
    else:
        stage.at(NOW + timedelta(days=31))
        with pytest.raises(TaskFailed):
            build(stage.kit)({}, None)
    assert "open" == stage.client.get(f"/jobs/{job_id}").json["status"]


def test_a_job_from_before_bids_were_counted_ends_too(stage: Stage) -> None:
    """Rows of an earlier release have no count."""
    jobs = [open_job(stage.client) for _ in range(2)]
    for row in stage.rows("jobs"):
        stage.put("jobs", **{name: value for name, value in row.items() if name != "bidCount"})

    assert 200 == stage.client.act(f"/jobs/{jobs[0]}/cancel", claims=BUYER).status
    stage.at(NOW + timedelta(days=31))
    assert 1 == build(stage.kit)({}, None)["expired"]


def test_a_completed_job_counts_for_its_worker(stage: Stage) -> None:
    """Without a profile too: the count is there when the profile comes."""
    completed_job(stage.client)
    completed_job(stage.client)

    profile = stage.client.get(f"/profiles/{WORKER['sub']}").json

    assert (2, 1) == (profile["completedJobs"], profile["trustScore"])


def test_repeated_completion_with_a_key_counts_once(stage: Stage) -> None:
    """One effect, the same answer."""
    job_id = job_in_progress(stage.client)
    first, again = (
        stage.client.act(f"/jobs/{job_id}/complete", claims=BUYER, headers={"Idempotency-Key": "k"}) for _ in range(2)
    )

    assert (200, first.json) == (again.status, again.json)
    assert 1 == stage.client.get(f"/profiles/{WORKER['sub']}").json["completedJobs"]


def test_own_jobs_are_listed_whatever_their_state(client: Client) -> None:
    """By their buyer, newest first, nobody else's."""
    mine = {open_job(client), completed_job(client)}
    open_job(client, OTHER_BUYER)

    assert mine == {item["id"] for item in client.get("/me/jobs", claims=BUYER).json["items"]}
