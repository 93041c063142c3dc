"""The deployed functions called by hand, each by its construct, and the rows that they work on."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from khaya_api.rows import NO_SORT
from tests.deployed.conftest import House

# Before anything that the tasks look back on, and to the millisecond as the API writes it.
LONG_AGO = datetime.now(UTC) - timedelta(days=40)
# What CloudFormation named the things of a twin: nobody replaces its functions and tables, and asking takes long.
_named: dict[tuple[str, str, str], str] = {}


def function(house: House, name: str) -> str:
    """The physical name of a function, by its construct."""
    return _name(house, "AWS::Lambda::Function", name)


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


def moment(at: datetime = LONG_AGO) -> str:
    """A moment as it is kept in a row."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def table(house: House, noun: str) -> str:
    """The physical name of a table."""
    return _name(house, "AWS::DynamoDB::Table", f"Data{noun}Table")


def _name(house: House, kind: str, begins: str) -> str:
    key = (house.twin.generation, kind, begins)
    if key not in _named:
        _named[key] = house.resource(kind, begins)
    return _named[key]


def begin_anew(house: House, task: str) -> None:
    """Forget where an earlier run stopped: it may have been kept from its work by what it was not allowed."""
    key = {"id": {"S": f"checkpoint#{task}"}, "createdAt": {"S": NO_SORT}}
    house.aws("dynamodb").delete_item(TableName=table(house, "Jobs"), Key=key)


def add_job(house: House, **more: str | int) -> str:
    """A new job of long ago; its id."""
    name, then = uuid.uuid4().hex, moment()
    common: dict[str, str | int] = {
        "id": name,
        "createdAt": then,
        "updatedAt": then,
        "title": "t",
        "budget": 1,
        "buyerId": "b",
    }
    put(house, "Jobs", {**common, **more})
    return name


def add_bid(house: House, job: str) -> str:
    """A bid of long ago that waits on a job; its id."""
    name = uuid.uuid4().hex
    waiting: dict[str, str | int] = {"workerId": "w", "amount": 1, "status": "pending", "createdAt": moment()}
    put(house, "Bids", {"id": name, "jobId": job, **waiting})
    return name


def put(house: House, noun: str, row: Mapping[str, str | int]) -> None:
    """Write a row past the API."""
    item = {name: {"N": str(value)} if isinstance(value, int) else {"S": value} for name, value in row.items()}
    house.aws("dynamodb").put_item(TableName=table(house, noun), Item=item)


def get(house: House, noun: str, key: Mapping[str, str]) -> dict[str, Any]:
    """A row that must be there, in DynamoDB's own spelling."""
    named = {name: {"S": value} for name, value in key.items()}
    found = house.aws("dynamodb").get_item(TableName=table(house, noun), Key=named)
    assert "Item" in found, f"{noun} has no {key}"
    item: dict[str, Any] = found["Item"]
    return item
