"""Functions, which run on this machine's cores instead of on a fleet."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from checks.twin.gaps import functions
from tests.twin.conftest import Site

pytestmark = pytest.mark.twin

_NAME, _BURST = "site-cold", max(12, 2 * functions.AT_ONCE)
_CODE = """
import os, time
calls = 0
def handler(event, context):
    global calls
    calls += 1
    time.sleep(0.02)
    return {"pid": os.getpid(), "calls": calls, "answer": event["question"]}
"""


@pytest.fixture
def cold(site: Site) -> Iterator[str]:
    """A function that nobody has called yet."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as writing:
        writing.writestr("index.py", _CODE)
    [known] = site.client("lambda").list_functions()["Functions"]
    site.client("lambda").create_function(
        FunctionName=_NAME, Runtime="python3.11", Handler="index.handler", Role=known["Role"],
        Code={"ZipFile": archive.getvalue()},
    )  # fmt: skip
    yield _NAME
    site.client("lambda").delete_function(FunctionName=_NAME)


def test_a_burst_is_answered_by_a_few_environments(site: Site, cold: str) -> None:
    """A dozen calls at once, at most as many environments as there are cores; each call gets its own answer."""
    calls = site.client("lambda")

    def ask(question: int) -> dict[str, int]:
        answer = calls.invoke(FunctionName=cold, Payload=json.dumps({"question": question}))
        assert "FunctionError" not in answer
        return dict(json.loads(answer["Payload"].read()))

    with ThreadPoolExecutor(_BURST) as pool:
        answers = list(pool.map(ask, range(_BURST)))
    assert list(range(_BURST)) == [each["answer"] for each in answers]
    environments = {each["pid"] for each in answers}
    assert len(environments) <= functions.AT_ONCE
    # What was not started has waited: somebody took more than one call.
    assert _BURST - len(environments) == sum(each["calls"] > 1 for each in answers)
