"""Each function's role on the twin, which enforces it: its work is whole with all statements and broken without one."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.deployed.calling import function, renew
from tests.deployed.conftest import ROOT, House
from tests.deployed.errands import ERRANDS, keep_a_night, keep_its_middle

pytestmark = pytest.mark.twin

# What Lambda does itself in a function's name and not the function by a call of its own: MiniStack writes logs, keeps
# failed events and reads streams without asking the role. The authorization reference proves that these are written
# rightly.
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
# The canary looks, by a policy that follows from its plan: `test_permissions` takes each action of that away.
LOOKS = "KhayaCanary-CanaryLooks"
STACKS = (("KhayaStack", "af-south-1"), ("KhayaCertificate", "us-east-1"), ("KhayaEdge", "us-east-1"))
CANARY = ("KhayaCanary", "eu-west-1")
Json = dict[str, Any]
# The statements of a role, by the policy that they are in.
Policies = Mapping[str, list[Json]]


@pytest.fixture(scope="module", autouse=True)
def silence(house: House) -> Iterator[None]:
    """What fails here on purpose rings; nobody after this is to hear of it."""
    yield
    house.quieten()


def policies(house: House, name: str) -> Policies:
    """Everything that a function's role says."""
    return written(house, house.resource("AWS::IAM::Role", f"{name}Role"))


def written(house: House, role: str) -> Policies:
    """The statements of a role that are its own, by policy."""
    iam = house.aws("iam")
    names = iam.list_role_policies(RoleName=role)["PolicyNames"]
    documents = {each: iam.get_role_policy(RoleName=role, PolicyName=each)["PolicyDocument"] for each in names}
    return {each: list(document["Statement"]) for each, document in documents.items()}


@contextlib.contextmanager
def only(house: House, name: str, said: Policies) -> Iterator[None]:
    """The role with these statements alone, and a function that remembers nothing; put back afterwards."""
    role, whole = house.resource("AWS::IAM::Role", f"{name}Role"), policies(house, name)
    write(house, role, said)
    try:
        renew(house, name)
        yield
    finally:
        write(house, role, whole)


def write(house: House, role: str, said: Policies) -> None:
    """Make policies of a role say this; one that says nothing is none."""
    iam = house.aws("iam")
    for name, statements in said.items():
        if statements:
            document = json.dumps({"Version": "2012-10-17", "Statement": statements})
            iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=document)
        else:
            with contextlib.suppress(iam.exceptions.NoSuchEntityException):
                iam.delete_role_policy(RoleName=role, PolicyName=name)


def listed(value: Any) -> list[str]:  # noqa: ANN401 - a part of a policy
    """One or several."""
    return [value] if isinstance(value, str) else list(value)


def parts(statement: Json) -> list[Json]:
    """A statement as several, each of one action on one resource."""
    on = [{"Resource": each} for each in listed(statement.get("Resource", []))] or [{}]
    return [{**statement, "Action": action, **resource} for action in listed(statement["Action"]) for resource in on]


def lesser(said: Policies) -> Iterator[tuple[Json, Policies]]:
    """What can be taken away, one action on one resource after another, each with the policies that are left then."""
    for name, statements in said.items():
        for at, statement in enumerate(statements):
            every = parts(statement)
            for part in every:
                left = [*statements[:at], *(each for each in every if each != part), *statements[at + 1 :]]
                yield part, {**said, name: left}


def works(house: House, name: str) -> bool:
    """Whether the function's whole work gets done."""
    try:
        ERRANDS[name](house)
    except (AssertionError, ClientError):
        return False
    return True


@pytest.mark.parametrize("name", ERRANDS)
def test_with_its_role_a_function_does_its_whole_work(house: House, name: str) -> None:
    """Neither a permission nor a variable is missing; what Lambda does itself is not asked of the role on the twin.

    Were it asked for, this would say so, and it could be proven like all else.
    """
    asked = {each: [one for one in said if not unasked(one)] for each, said in policies(house, name).items()}
    with only(house, name, asked):
        ERRANDS[name](house)


# Each part of a role costs a function's whole work: minutes for the API. One role of each kind is tried in CI.
SOON = {"SignInPostConfirmation", "DailyFunction"}


@pytest.mark.parametrize(
    "name", [name if name in SOON else pytest.param(name, marks=pytest.mark.long) for name in ERRANDS]
)
def test_without_any_part_of_its_role_something_fails(house: House, name: str) -> None:
    """A39: what could be taken away unnoticed has no business there, but for what Lambda itself does."""
    needless = []
    for part, left in lesser(policies(house, name)):
        if not unasked(part):
            with only(house, name, left):
                needless += [part] if works(house, name) else []

    assert [] == needless
    renew(house, name)
    assert works(house, name)


def unasked(statement: Json) -> bool:
    """Whether all that a statement of a function's role allows is done by Lambda itself."""
    return set(listed(statement["Action"])) <= BY_LAMBDA


@pytest.mark.long
def test_without_any_statement_of_its_own_the_canary_fails(house: House) -> None:
    """What it writes a night with, beside what it looks with: the document, its row, and the call to people."""
    (role,) = [each for each in of_kind(house, "AWS::IAM::Role", *CANARY).items() if each[0].startswith("CanaryRole")]
    whole, needless = written(house, role[1]), []
    keep_a_night(house)
    try:
        for name, statements in whole.items():
            for each in statements:
                if not unasked(each):
                    write(house, role[1], {name: [other for other in statements if other != each]})
                    with contextlib.suppress(AssertionError, ClientError):
                        keep_a_night(house)
                        # Its middle alone may be lost in silence: the run is worth more than the record of it.
                        keep_its_middle(house)
                        needless.append(each)
    finally:
        write(house, role[1], whole)

    assert [] == needless
    keep_a_night(house)
    keep_its_middle(house)


def test_every_function_has_an_errand(house: House) -> None:
    """A function that nobody sends on its errand has a role that nobody has proven."""
    every = of_kind(house, "AWS::Lambda::Function", *STACKS[0]).values()

    assert sorted(every) == sorted(function(house, name) for name in ERRANDS)


def test_what_is_asked_of_no_role_is_listed(house: House) -> None:
    """Every action of every role is either taken away above or named on the twin's page with who does it."""
    seen = {
        (role, action)
        for stack in (*STACKS, CANARY)
        for role, actions in unproven(house, *stack).items()
        for action in actions
    }

    assert seen == set(shown_as_unasked())
    assert {action for role, action in seen if role.removesuffix("Role") in ERRANDS} == BY_LAMBDA


def unproven(house: House, stack: str, region: str) -> dict[str, set[str]]:
    """By role of a stack, the actions and AWS's own policies that no test takes away."""
    found: dict[str, set[str]] = {}
    for logical, role in of_kind(house, "AWS::IAM::Role", stack, region).items():
        # CDK ends a logical id in eight digits of its path.
        name = logical[:-8]
        actions = {one for said in written(house, role).values() for each in said for one in listed(each["Action"])}
        attached = house.aws("iam").list_attached_role_policies(RoleName=role)["AttachedPolicies"]
        managed = {each["PolicyName"] for each in attached if not each["PolicyName"].startswith(LOOKS)}
        proven = name.removesuffix("Role") in {*ERRANDS, "Canary"}
        found[name] = (actions & BY_LAMBDA if proven else actions) | managed
    return found


def of_kind(house: House, kind: str, stack: str, region: str) -> dict[str, str]:
    """The resources of a type in a stack: their names by logical id."""
    pages = house.aws("cloudformation", region).get_paginator("list_stack_resources").paginate(StackName=stack)
    every = [each for page in pages for each in page["StackResourceSummaries"] if each["ResourceType"] == kind]
    return {each["LogicalResourceId"]: each["PhysicalResourceId"] for each in every}


def shown_as_unasked() -> Iterator[tuple[str, str]]:
    """The roles and actions of the table on the twin's page."""
    page = (ROOT / "docs" / "twin.md").read_text("utf-8").partition("**Asked of no role.**")[2]
    rows = [line for line in page.partition("**Kept and without effect.**")[0].splitlines() if line.startswith("| `")]
    for row in rows:
        roles, actions, _ = row.strip("| ").split(" | ")
        for role in re.findall(r"`(\w+)`", roles):
            yield from ((role, action) for action in re.findall(r"`([\w:-]+)`", actions))
