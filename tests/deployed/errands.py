"""The whole work of each function, done by the deployed function with the role that it has there."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import requests

from khaya_api.rows import NO_SORT
from tests.api import events
from tests.api.events import Answer, Client, Event
from tests.api.walks import walk
from tests.deployed.conftest import House

Errand = Callable[[House], None]

PEOPLE = (events.BUYER, events.OTHER_BUYER, events.WORKER, events.OTHER_WORKER, events.SELLER, events.ADMIN)
LONG_AGO = datetime.now(UTC) - timedelta(days=40)


def function(house: House, name: str) -> str:
    """The physical name of a function, by its construct."""
    return house.resource("AWS::Lambda::Function", name)


def renew(house: House, name: str) -> None:
    """Make the next call start anew: what a function remembers of an earlier one needs no permission.

    Nobody here writes at the pace of a person, so the limit of writes by user is out of the way.
    """
    functions, called = house.aws("lambda"), function(house, name)
    told = functions.get_function_configuration(FunctionName=called)["Environment"]["Variables"]
    told |= {"WRITES_PER_MINUTE": "1000000", "RENEWED": uuid.uuid4().hex}
    functions.update_function_configuration(FunctionName=called, Environment={"Variables": told})


def call(house: House, name: str, event: object) -> Any:  # noqa: ANN401 - whatever it answers
    """Call a function, which must not fail."""
    answer = house.aws("lambda").invoke(FunctionName=function(house, name), Payload=json.dumps(event).encode())
    read = answer["Payload"].read().decode()
    assert "FunctionError" not in answer, read
    return json.loads(read)


def serve_every_operation(house: House) -> None:
    """Each operation of the API succeeds, by people whom nobody has heard of before; a signed address takes a file."""
    names = {str(each["sub"]): str(uuid.uuid4()) for each in PEOPLE}
    uploads: list[Mapping[str, Any]] = []

    def handle(event: object, _context: object) -> dict[str, Any]:
        text = json.dumps(event)
        for known, new in names.items():
            text = text.replace(known, new)
        answered: Event = call(house, "ApiFunction", json.loads(text))
        return answered

    def after(operation: str, answer: Answer) -> None:
        if operation == "POST /uploads":
            uploads.append(answer.json)

    walk(Client(handle), after)
    (upload,) = uploads
    ca = str(house.twin.ca_bundle)
    sent = requests.put(upload["url"], data=b"12345", headers=upload["headers"], verify=ca, timeout=30)
    assert 200 == sent.status_code, sent.text


def expire_a_job(house: House) -> None:
    """A job that has been open for too long expires, and the bid that waits on it is rejected."""
    _begin_anew(house, "expire-jobs")
    job, bid = _job(house, status="open", bidCount=1), uuid.uuid4().hex
    _put(house, "Bids", {"id": bid, "jobId": job, "workerId": "w", "amount": 1, "status": "pending", "createdAt": "x"})
    tally = call(house, "DailyFunction", {})

    assert tally["failed"] == 0
    assert "expired" == _get(house, "Jobs", {"id": job, "createdAt": _moment()})["status"]["S"]
    assert "rejected" == _get(house, "Bids", {"id": bid, "jobId": job})["status"]["S"]


def correct_a_score(house: House) -> None:
    """The score of a completed job's worker becomes what reviews say."""
    _begin_anew(house, "trust-scores")
    worker = uuid.uuid4().hex
    _job(house, status="completed", buyerId=worker, workerId=worker)
    _put(house, "Profiles", {"userId": worker, "location": "Observatory", "trustScore": 99, "completedJobs": 1})
    _put(house, "Reviews", {"id": uuid.uuid4().hex, "reviewedId": worker, "rating": 4, "createdAt": _moment()})
    tally = call(house, "TrustFunction", {})

    assert tally["failed"] == 0
    profile = _get(house, "Profiles", {"userId": worker})
    assert "4" == profile["ratingSum"]["N"]
    assert "99" != profile["trustScore"]["N"]


def keep_a_change(house: House) -> None:
    """A job that has moved on has its waiting bid rejected, and the change is in the trail."""
    job, bid, sequence = _job(house, status="cancelled"), uuid.uuid4().hex, str(uuid.uuid4().int)
    _put(house, "Bids", {"id": bid, "jobId": job, "workerId": "w", "amount": 1, "status": "pending", "createdAt": "x"})
    table = house.resource("AWS::DynamoDB::Table", "DataJobsTable")
    record = {
        "eventName": "MODIFY",
        "eventSourceARN": f"arn:aws:dynamodb:af-south-1:000000000000:table/{table}/stream/2026",
        "dynamodb": {
            "Keys": {"id": {"S": job}, "createdAt": {"S": _moment()}},
            "SequenceNumber": sequence,
            "ApproximateCreationDateTime": LONG_AGO.timestamp(),
            "OldImage": {"status": {"S": "open"}},
            "NewImage": {"status": {"S": "cancelled"}},
        },
    }

    assert {"batchItemFailures": []} == call(house, "AuditFunction", {"Records": [record]})
    assert "rejected" == _get(house, "Bids", {"id": bid, "jobId": job})["status"]["S"]
    day = LONG_AGO.strftime("%Y/%m/%d")
    house.aws("s3").head_object(Bucket=house.output("TrailBucket"), Key=f"changes/jobs/{day}/{sequence}-1.jsonl")


ERRANDS: Mapping[str, Errand] = {
    "ApiFunction": serve_every_operation,
    "DailyFunction": expire_a_job,
    "TrustFunction": correct_a_score,
    "AuditFunction": keep_a_change,
}


def _moment() -> str:
    return LONG_AGO.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _begin_anew(house: House, task: str) -> None:
    """Forget where an earlier run stopped: it may have been kept from its work by what it was not allowed."""
    key = {"id": {"S": f"checkpoint#{task}"}, "createdAt": {"S": NO_SORT}}
    house.aws("dynamodb").delete_item(TableName=_table(house, "Jobs"), Key=key)


def _job(house: House, **more: str | int) -> str:
    name = uuid.uuid4().hex
    _put(house, "Jobs", {"id": name, "createdAt": _moment(), "title": "t", "budget": 1, "buyerId": "b", **more})
    return name


def _table(house: House, noun: str) -> str:
    return house.resource("AWS::DynamoDB::Table", f"Data{noun}Table")


def _put(house: House, noun: str, row: Mapping[str, str | int]) -> None:
    item = {name: {"N": str(value)} if isinstance(value, int) else {"S": value} for name, value in row.items()}
    house.aws("dynamodb").put_item(TableName=_table(house, noun), Item=item)


def _get(house: House, noun: str, key: Mapping[str, str]) -> dict[str, Any]:
    named = {name: {"S": value} for name, value in key.items()}
    item: dict[str, Any] = house.aws("dynamodb").get_item(TableName=_table(house, noun), Key=named)["Item"]
    return item
