"""The modules as Lambda loads them: in a process of their own, with what the environment happens to hold."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.api.conftest import ENVIRON

ROOT = Path(__file__).parents[2]
ASK = """
import json, sys
from khaya_api.handler import handler
for path in sys.argv[1:]:
    event = {"httpMethod": "GET", "path": path, "requestContext": {"requestId": "cold"}}
    print("ANSWER", json.dumps(handler(event, None)))
print("LOADED", *sys.modules)
"""
HEAVY = {"requests", "moto", "aws_cdk", "checks", "khaya_infra", "jsonschema", "email_validator", "boto3"}


def test_it_starts_with_everything() -> None:
    """Health answers with what the environment says; what is imported is paid for at every cold start."""
    (health,), loaded = _ask("/health", environ=ENVIRON)

    assert (200, ENVIRON["GIT_SHA"]) == (health["statusCode"], json.loads(health["body"])["git_sha"])
    assert HEAVY.isdisjoint(loaded)


@pytest.mark.parametrize("module", ("triggers", "tasks", "audit"), ids=lambda word: word)
def test_who_checks_no_shapes_does_not_pay_for_it(module: str) -> None:
    """Somebody waits for a code while the sign-in function starts."""
    script = f"import sys, khaya_api.{module}; print('LOADED', *sys.modules)"
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, env=_bare(ENVIRON), capture_output=True, text=True, cwd=ROOT, check=True)
    loaded = done.stdout.rpartition("LOADED")[2].split()

    assert "botocore.session" in loaded
    assert {"pydantic", "asyncio", *HEAVY}.isdisjoint(loaded)


def test_the_collector_rests_no_longer_than_the_start() -> None:
    """Else a function that lives for hours would grow."""
    script = "import gc, khaya_api.handler; print(gc.isenabled(), gc.get_freeze_count() > 100_000)"
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, env=_bare(ENVIRON), capture_output=True, text=True, cwd=ROOT, check=True)

    assert "True True" == done.stdout.strip().splitlines()[-1]


def test_it_starts_with_nothing() -> None:
    """E42, C29: no variable is needed to start; health answers, and deep health says what is missing."""
    (health, deep, jobs), _ = _ask("/health", "/health/deep", "/jobs", environ={})

    assert (200, 503, 500) == (health["statusCode"], deep["statusCode"], jobs["statusCode"])
    assert "unknown" == json.loads(health["body"])["git_sha"]
    own = json.loads(deep["body"])["own"]
    assert {"not configured"} == {part["reason"] for part in own.values()}


@pytest.mark.parametrize(
    ("module", "lacks"), (("tasks", "jobs"), ("upkeep", "jobs"), ("notices", "messengers")), ids=lambda word: word
)
def test_a_daily_function_starts_with_nothing_and_fails_when_called(module: str, lacks: str) -> None:
    """C25: an import error would be one failure in a log; this one is counted, retried and kept."""
    script = f"from khaya_api.{module} import handler; handler({{}}, None)"
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, env=_bare({}), capture_output=True, text=True, cwd=ROOT, check=False)

    assert 1 == done.returncode
    assert f"{lacks}: not configured" in done.stderr


def _ask(*paths: str, environ: Mapping[str, str]) -> tuple[list[dict[str, Any]], list[str]]:
    """The answers to GETs of one cold process, and the modules that it has loaded by then."""
    command = [sys.executable, "-W", "error", "-c", ASK, *paths]
    done = subprocess.run(command, env=_bare(environ), capture_output=True, text=True, cwd=ROOT, check=True)
    lines = [line.partition(" ") for line in done.stdout.splitlines()]
    answers = [json.loads(rest) for word, _, rest in lines if word == "ANSWER"]
    return answers, next(rest.split() for word, _, rest in lines if word == "LOADED")


def _bare(environ: Mapping[str, str]) -> dict[str, str]:
    """Nothing of the person's own: no profile, no credentials, no metadata service."""
    own = {"PATH": os.environ["PATH"], "AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": os.devnull}
    return {**own, "AWS_SHARED_CREDENTIALS_FILE": os.devnull, **environ}
