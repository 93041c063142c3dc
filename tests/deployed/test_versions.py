"""A release is a published version behind an alias: going back is one call, and what served before serves again."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from typing import Any

import pytest

from checks import twin as twins
from tests.deployed.conftest import ROOT, House

pytestmark = [pytest.mark.twin, pytest.mark.long]

OTHER = "89abcdef89abcdef89abcdef89abcdef89abcdef"


def served(house: House) -> str:
    """The release that the API's alias answers with."""
    name = house.output("ApiFunctionName")
    event = {"httpMethod": "GET", "path": "/health", "requestContext": {}}
    answer = house.aws("lambda").invoke(FunctionName=f"{name}:live", Payload=json.dumps(event).encode())
    body: dict[str, Any] = json.loads(json.loads(answer["Payload"].read())["body"])
    return str(body["git_sha"])


def deploy(house: House, release: str) -> None:
    """Deploy a release as a person would."""
    command = [sys.executable, "-m", "khaya_infra.deploy", "--target", "local", "--release", release]
    environ = twins.environment(house.twin)
    done = subprocess.run(command, env=environ, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"


def test_going_back_is_one_call(house: House) -> None:
    """B24: the version before is still there after the deploy that replaced it."""
    functions, name, first = house.aws("lambda"), house.output("ApiFunctionName"), served(house)
    before = functions.get_alias(FunctionName=name, Name="live")["FunctionVersion"]
    deploy(house, OTHER)
    after = functions.get_alias(FunctionName=name, Name="live")["FunctionVersion"]
    assert (OTHER, True) == (served(house), before != after)

    started = time.monotonic()
    functions.update_alias(FunctionName=name, Name="live", FunctionVersion=before)
    took = time.monotonic() - started

    assert first == served(house)
    assert took < 10
    functions.update_alias(FunctionName=name, Name="live", FunctionVersion=after)
    deploy(house, first)
    assert first == served(house)
