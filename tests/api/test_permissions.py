"""What the functions are allowed: exactly what they were seen to call, as the settings' own table says."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

import pytest

import khaya_api
from khaya_api import tasks
from tests.api.conftest import NOW, Stage
from tests.api.events import BID, BUYER, WORKER, job
from tests.api.grants import FUNCTIONS, called, granted
from tests.api.scenes import completed_job
from tests.api.walks import walk, watch

MODULES = sorted(Path(khaya_api.__file__).parent.glob("*.py"))


def test_the_api_calls_what_its_table_grants(stage: Stage) -> None:
    """A39: every route walked; nothing granted that is never called, nothing called that is not granted."""
    stage.kit.connect("secretsmanager").create_secret(
        Name="khaya/signing", SecretString="Zk3v9QmT7xWb2LrN8cYp5HdJ6sFgA4eU"
    )
    seen = watch(stage)
    stage.with_environ(SIGNING_SECRET="khaya/signing")
    walk(stage.client, lambda _operation, _answer: None)
    _go_on_a_page(stage)
    _repeat_a_review(stage)

    assert granted("API function") == called(seen)


def test_the_daily_function_calls_what_its_table_grants(stage: Stage) -> None:
    """A38: its own, smaller, table."""
    stage.client.post("/jobs", job(), claims=BUYER)
    made = stage.client.get("/jobs").json["items"][0]["id"]
    stage.client.post(f"/jobs/{made}/bids", BID, claims=WORKER)
    stage.at(NOW + timedelta(days=31))
    seen = watch(stage)

    tasks.build(stage.kit)({}, None)

    assert granted("daily function") == called(seen)


def test_no_grant_is_wide() -> None:
    """A39: no Scan, no Delete, no Batch, no star."""
    allowed = {grant for function in FUNCTIONS for grant in granted(function)}

    assert [] == [action for action, _ in allowed if re.search(r"Scan|Delete|Batch|\*", action)]


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.stem)
def test_only_the_store_knows_dynamodb(module: Path) -> None:
    """Clients come from one place, the tables' language is spoken in one place, and nothing starts all of boto3."""
    imported = set(_imports(module))

    assert "botocore.session" not in imported or module.stem == "aws"
    assert not [name for name in imported if name.partition(".")[0] == "boto3"]
    spoken = re.search(
        r"ExpressionAttribute|KeyCondition|\.(query|put_item|update_item|scan)\(", module.read_text("utf-8")
    )
    assert spoken is None or module.stem == "store"


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.stem)
def test_the_functions_carry_nothing_of_the_other_rooms(module: Path) -> None:
    """The package holds this directory and its two requirements alone."""
    roots = {name.partition(".")[0] for name in _imports(module)}

    assert {"checks", "khaya_infra", "aws_cdk", "requests", "moto"}.isdisjoint(roots)


def _go_on_a_page(stage: Stage) -> None:
    for _ in range(2):
        stage.client.post("/jobs", job(), claims=BUYER)
    assert stage.client.get("/jobs", query={"limit": "1"}).json["nextCursor"]


def _repeat_a_review(stage: Stage) -> None:
    done = {"jobId": completed_job(stage.client), "rating": 5}
    for _ in range(2):
        posted = stage.client.post("/reviews", done, claims=WORKER, headers={"Idempotency-Key": "k"})
        assert 201 == posted.status


def _imports(module: Path) -> Iterable[str]:
    for node in ast.walk(ast.parse(module.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
