"""Each function's role on the twin, which enforces it: its work is whole with all statements and broken without one."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.deployed.conftest import House
from tests.deployed.errands import ERRANDS, renew

pytestmark = pytest.mark.twin

# What a function does through Lambda itself and not by a call of its own: MiniStack writes logs, delivers failed events
# and reads streams without asking the role. The authorization reference proves that these are written rightly.
BY_LAMBDA = {
    "logs:CreateLogStream",
    "logs:PutLogEvents",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
    "sqs:SendMessage",
    "dynamodb:DescribeStream",
    "dynamodb:GetRecords",
    "dynamodb:GetShardIterator",
    "dynamodb:ListStreams",
}
Json = dict[str, Any]


def policy(house: House, name: str) -> tuple[str, str, list[Json]]:
    """A function's role, the name of its one policy, and the statements in it."""
    iam, role = house.aws("iam"), house.resource("AWS::IAM::Role", f"{name}Role")
    (written,) = iam.list_role_policies(RoleName=role)["PolicyNames"]
    document = iam.get_role_policy(RoleName=role, PolicyName=written)["PolicyDocument"]
    return role, written, list(document["Statement"])


@contextlib.contextmanager
def only(house: House, name: str, statements: list[Json]) -> Iterator[None]:
    """The role with these statements alone, and a function that remembers nothing; put back afterwards."""
    iam = house.aws("iam")
    role, written, whole = policy(house, name)

    def put(them: list[Json]) -> None:
        document = json.dumps({"Version": "2012-10-17", "Statement": them})
        iam.put_role_policy(RoleName=role, PolicyName=written, PolicyDocument=document)

    put(statements)
    try:
        renew(house, name)
        yield
    finally:
        put(whole)


def actions(statement: Json) -> set[str]:
    """The actions of a statement."""
    written = statement["Action"]
    return {written} if isinstance(written, str) else set(written)


def works(house: House, name: str) -> bool:
    """Whether the function's whole work gets done."""
    try:
        ERRANDS[name](house)
    except (AssertionError, ClientError):
        return False
    return True


@pytest.mark.parametrize("name", ERRANDS)
def test_with_its_role_a_function_does_its_whole_work(house: House, name: str) -> None:
    """Neither a permission nor a variable is missing."""
    with only(house, name, policy(house, name)[2]):
        ERRANDS[name](house)


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.long] if name == "ApiFunction" else []) for name in ERRANDS]
)
def test_without_any_statement_of_its_role_something_fails(house: House, name: str) -> None:
    """A39: what could be taken away unnoticed has no business there, but for what Lambda itself does."""
    statements = policy(house, name)[2]
    needless = []
    for each in statements:
        if not actions(each) <= BY_LAMBDA:
            with only(house, name, [other for other in statements if other != each]):
                needless += [each] if works(house, name) else []

    assert [] == needless
    assert works(house, name)


def test_lambda_itself_is_not_asked_on_the_twin(house: House) -> None:
    """The other side: were these asked for, this test would say so, and they could be proven like all others."""
    with only(
        house, "DailyFunction", [each for each in policy(house, "DailyFunction")[2] if not actions(each) <= BY_LAMBDA]
    ):
        assert works(house, "DailyFunction")
