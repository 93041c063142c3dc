"""What the functions are allowed: exactly what they were seen to call, as the settings' own table says."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import khaya_api
from khaya_api import settings, tasks
from khaya_api.aws import Connect
from tests.api.conftest import Stage
from tests.api.events import BUYER, job

ACTIONS = {
    "dynamodb.get_item": "dynamodb:GetItem",
    "dynamodb.put_item": "dynamodb:PutItem",
    "dynamodb.query": "dynamodb:Query",
    "dynamodb.update_item": "dynamodb:UpdateItem",
    # A transaction is allowed item by item.
    "dynamodb.transact_write_items": "dynamodb:PutItem",
    "s3.head_bucket": "s3:ListBucket",
    "cognito-idp.describe_user_pool_client": "cognito-idp:DescribeUserPoolClient",
    "secretsmanager.get_secret_value": "secretsmanager:GetSecretValue",
}
MODULES = sorted(Path(khaya_api.__file__).parent.glob("*.py"))


@dataclass(frozen=True, slots=True)
class Watched:
    """A client that notes what it is asked."""

    client: Any
    service: str
    seen: set[str]

    def __getattr__(self, name: str) -> Callable[..., Any]:
        self.seen.add(f"{self.service}.{name}")
        method: Callable[..., Any] = getattr(self.client, name)
        return method


def test_the_api_calls_what_its_table_grants(stage: Stage) -> None:
    """A39: every route walked; nothing granted that is never called, nothing called that is not granted."""
    stage.kit.connect("secretsmanager").create_secret(
        Name="khaya/signing", SecretString="Zk3v9QmT7xWb2LrN8cYp5HdJ6sFgA4eU"
    )
    seen = _watch(stage)
    stage.with_environ(SIGNING_SECRET="khaya/signing")
    client = stage.client
    for headers in ({}, {"Idempotency-Key": "k"}, {"Idempotency-Key": "k"}):
        client.post("/jobs", job(), claims=BUYER, headers=headers)
    client.get(f"/jobs/{client.get('/jobs', query={'limit': '1'}).json['items'][0]['id']}")
    client.get("/auth/me", claims=BUYER)
    client.get("/health/deep")

    assert _granted("API function") == {ACTIONS[call] for call in seen}


def test_the_daily_function_calls_what_its_table_grants(stage: Stage) -> None:
    """A38: its own, smaller, table."""
    old = "2025-01-01T00:00:00.000Z"
    stage.put("jobs", **job(), id="old", buyerId="b", status="open", createdAt=old, updatedAt=old)
    seen = _watch(stage)

    tasks.build(stage.kit)({}, None)

    assert _granted("daily function") == {ACTIONS[call] for call in seen}


def test_no_grant_is_wide() -> None:
    """A39: no Scan, no Delete, no Batch, no star."""
    granted = _granted("API function") | _granted("daily function")

    assert [] == [action for action in granted if re.search(r"Scan|Delete|Batch|\*", action)]


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.stem)
def test_only_the_store_knows_dynamodb(module: Path) -> None:
    """Clients come from one place, the tables' language is spoken in one place."""
    imported = set(_imports(module))

    assert "boto3" not in imported or module.stem == "aws"
    assert "boto3.dynamodb.types" not in imported or module.stem == "store"
    spoken = re.search(
        r"ExpressionAttribute|KeyCondition|\.(query|put_item|update_item|scan)\(", module.read_text("utf-8")
    )
    assert spoken is None or module.stem == "store"


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.stem)
def test_the_functions_carry_nothing_of_the_other_rooms(module: Path) -> None:
    """The package holds this directory and its two requirements alone."""
    roots = {name.partition(".")[0] for name in _imports(module)}

    assert {"checks", "khaya_infra", "aws_cdk", "requests", "moto"}.isdisjoint(roots)


def _watch(stage: Stage) -> set[str]:
    seen: set[str] = set()
    connect: Connect = stage.kit.connect
    stage.connected_by(lambda service: Watched(connect(service), service, seen))
    return seen


def _granted(function: str) -> set[str]:
    """The actions in the table of the settings' docstring that is about `function`."""
    text = str(settings.__doc__).split(f"Permissions of the {function}")[1].split("\n\n")[1]
    return set(re.findall(r"`([a-z0-9-]+:[A-Za-z]+)`", text))


def _imports(module: Path) -> Iterable[str]:
    for node in ast.walk(ast.parse(module.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
