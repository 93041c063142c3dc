"""The whole work of each function, done by the deployed function with the role that it has there."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping
from typing import Any

import requests

from checks.doors.provisions import travelling
from khaya_infra.grants import UPLOADS
from tests.api import events
from tests.api.events import Answer, Client, Event
from tests.api.walks import walk
from tests.deployed import messages
from tests.deployed.calling import LONG_AGO, add_bid, add_job, begin_anew, call, get, moment, put, table
from tests.deployed.conftest import House

Errand = Callable[[House], None]

# Where the canary lives.
CANARYS = "eu-west-1"
PEOPLE = (events.BUYER, events.OTHER_BUYER, events.WORKER, events.OTHER_WORKER, events.SELLER, events.ADMIN)


def serve_every_operation(house: House) -> None:
    """Each operation of the API succeeds, by people whom nobody has heard of before; signed addresses take files.

    A review is posted twice under one idempotency key, as by somebody whose connection broke.
    """
    names = {str(each["sub"]): str(uuid.uuid4()) for each in PEOPLE}

    def handle(event: object, _context: object) -> dict[str, Any]:
        text = json.dumps(event)
        for known, new in names.items():
            text = text.replace(known, new)
        asked: Event = json.loads(text)
        asked["headers"]["Idempotency-Key"] = key = uuid.uuid4().hex
        asked["multiValueHeaders"]["Idempotency-Key"] = [key]
        answered: Event = call(house, "ApiFunction", asked)
        if (asked["httpMethod"], asked["path"]) != ("POST", "/reviews"):
            return answered
        repeated: Event = call(house, "ApiFunction", asked)
        assert json.loads(answered["body"]) == json.loads(repeated["body"])
        return repeated

    client = Client(handle)
    walk(client, lambda _operation, _answer: None)
    for purpose in UPLOADS:
        wanted = {"purpose": purpose, "contentType": "image/png", "size": 5}
        _send_file(house, client.change("POST", "/uploads", wanted, claims=events.WORKER))


def _send_file(house: House, upload: Answer) -> None:
    assert 200 <= upload.status < 300, upload.text
    ca, sent = str(house.twin.ca_bundle), upload.json
    answer = requests.put(sent["url"], data=b"12345", headers=sent["headers"], verify=ca, timeout=30)
    assert 200 == answer.status_code, answer.text


def expire_a_job(house: House) -> None:
    """A job that has been open for too long expires, and the bid that waits on it is rejected."""
    begin_anew(house, "expire-jobs")
    job = add_job(house, status="open", bidCount=1)
    bid = add_bid(house, job)
    tally = call(house, "DailyFunction", {})

    assert tally["failed"] == 0
    assert "expired" == get(house, "Jobs", {"id": job, "createdAt": moment()})["status"]["S"]
    assert "rejected" == get(house, "Bids", {"id": bid, "jobId": job})["status"]["S"]


def correct_a_score(house: House) -> None:
    """The score of a completed job's worker becomes what reviews say."""
    begin_anew(house, "trust-scores")
    worker = uuid.uuid4().hex
    add_job(house, status="completed", buyerId=worker, workerId=worker)
    put(house, "Profiles", {"userId": worker, "location": "Observatory", "trustScore": 99, "completedJobs": 1})
    put(house, "Reviews", {"id": uuid.uuid4().hex, "reviewedId": worker, "rating": 4, "createdAt": moment()})
    tally = call(house, "TrustFunction", {})

    assert tally["failed"] == 0
    profile = get(house, "Profiles", {"userId": worker})
    assert "4" == profile["ratingSum"]["N"]
    assert "99" != profile["trustScore"]["N"]


def keep_a_change(house: House) -> None:
    """A job that has moved on has its waiting bid rejected, and the change is in the trail."""
    job, sequence = add_job(house, status="cancelled"), str(uuid.uuid4().int)
    bid = add_bid(house, job)
    record = {
        "eventName": "MODIFY",
        "eventSourceARN": f"arn:aws:dynamodb:af-south-1:000000000000:table/{table(house, 'Jobs')}/stream/2026",
        "dynamodb": {
            "Keys": {"id": {"S": job}, "createdAt": {"S": moment()}},
            "SequenceNumber": sequence,
            "ApproximateCreationDateTime": LONG_AGO.timestamp(),
            "OldImage": {"status": {"S": "open"}},
            "NewImage": {"status": {"S": "cancelled"}},
        },
    }

    assert {"batchItemFailures": []} == call(house, "AuditFunction", {"Records": [record]})
    assert "rejected" == get(house, "Bids", {"id": bid, "jobId": job})["status"]["S"]
    day = LONG_AGO.strftime("%Y/%m/%d")
    house.aws("s3").head_object(Bucket=house.output("TrailBucket"), Key=f"changes/jobs/{day}/{sequence}-1.jsonl")


def keep_a_night(house: House) -> None:
    """The canary keeps a run, enters it, and calls people, since what it looks at is not what it has accepted.

    It is told to look at one small stack: how long a night takes is another question.
    """
    read, kept = _night(house, "KhayaCertificate")
    assert "broken" == read["verdict"]
    _expect_kept(house, f"runs/{kept}")


def keep_its_middle(house: House) -> None:
    """A night over the main stack takes seconds: what it has judged by then is kept on its way."""
    _, kept = _night(house, "KhayaStack")
    _expect_kept(house, f"partial/{kept}")


def _night(house: House, stack: str) -> tuple[dict[str, Any], str]:
    """What the canary answers that looks at one stack, and what its documents are called."""
    called = f"errand-{uuid.uuid4().hex}"
    told = travelling(house.settings)
    stacks = [each for each in told["stack"] if each["name"] == stack]
    settings = {"schema": 1, "account": told["account"], "network": told["network"], "stack": stacks}
    event = json.dumps({"target": called, "settings": settings}).encode()
    name = house.output("CanaryFunction", stack="KhayaCanary", region=CANARYS)
    answer = house.aws("lambda", CANARYS).invoke(FunctionName=name, Payload=event)
    read = json.loads(answer["Payload"].read())
    assert "FunctionError" not in answer, read
    return read, f"{called}/{read['run_id']}.json"


def _expect_kept(house: House, key: str) -> None:
    bucket = house.output("EvidenceBucket", stack="KhayaCanary", region=CANARYS)
    house.aws("s3", CANARYS).head_object(Bucket=bucket, Key=key)


ERRANDS: Mapping[str, Errand] = {
    "ApiFunction": serve_every_operation,
    "DailyFunction": expire_a_job,
    "TrustFunction": correct_a_score,
    "AuditFunction": keep_a_change,
    "NoticesNoticeFunction": messages.tell_who_has_something_to_do,
    "SignInPreSignUp": messages.take_one_spelling,
    "SignInPostConfirmation": messages.welcome_a_worker,
    "SignInDefineAuthChallenge": messages.ask_for_a_code,
    "SignInCreateAuthChallenge": messages.send_a_code,
    "SignInVerifyAuthChallenge": messages.know_a_code,
    "SignInPostAuthentication": messages.note_a_sign_in,
}
