"""Functions, which run on this machine's cores instead of on a fleet."""

from __future__ import annotations

import io
import json
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any, cast

import pytest

from checks.twin.gaps import functions
from checks.twin.gaps.patching import GapDoesNotFit, Grounds, service
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


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Any:  # noqa: ANN401 - a module of MiniStack
    """MiniStack's engine of functions at the edge, with a pool of its own."""
    module = service("core.cloudfront_js")
    monkeypatch.setattr(module, "_pool", SimpleNamespace(max_idle=1))
    monkeypatch.setattr(module, "evaluate", module.evaluate)
    return module


def _evaluated(engine: Any, monkeypatch: pytest.MonkeyPatch, work: Callable[[str], str]) -> list[str]:  # noqa: ANN401 - see there
    def evaluate(code: bytes, event: str) -> str:
        assert b"code" == code
        return work(event)

    monkeypatch.setattr(engine, "evaluate", evaluate)
    functions.evaluate_at_the_edge_a_few_at_a_time(cast("Grounds", None))
    with ThreadPoolExecutor(_BURST) as pool:
        return list(pool.map(lambda number: engine.evaluate(b"code", str(number)), range(_BURST)))


def test_a_burst_of_viewers_shares_a_few_engines_that_stay(engine: Any, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ANN401 - see there
    """Never more at once than there are cores; each viewer gets its own answer, or its own error."""
    at_once: set[str] = set()
    most = 0

    def work(event: str) -> str:
        nonlocal most
        at_once.add(event)
        most = max(most, len(at_once))
        time.sleep(0.005)
        at_once.remove(event)
        return f"seen {event}"

    assert [f"seen {number}" for number in range(_BURST)] == _evaluated(engine, monkeypatch, work)
    assert functions.AT_ONCE == most
    assert functions.AT_ONCE == engine._pool.max_idle


def test_a_function_that_hangs_keeps_nobody_from_another_for_long(
    engine: Any,  # noqa: ANN401 - see there
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """All places are taken by some that hang; who comes then waits for a moment, and is served."""
    monkeypatch.setattr(functions, "_AT_THE_EDGE", 0.01)
    others = threading.Event()
    seen: list[str] = []

    def work(event: str) -> str:
        if int(event) < functions.AT_ONCE:
            assert others.wait(10)
            return "hung"
        seen.append(event)
        if len(seen) == _BURST - functions.AT_ONCE:
            others.set()
        return "served"

    told = _evaluated(engine, monkeypatch, work)

    assert ["hung"] * functions.AT_ONCE + ["served"] * (_BURST - functions.AT_ONCE) == told


def test_an_engine_without_a_pool_like_ours_is_refused(engine: Any, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ANN401 - see there
    """The message names what is gone."""
    monkeypatch.setattr(engine, "_pool", SimpleNamespace())

    with pytest.raises(GapDoesNotFit, match=r"SimpleNamespace\.max_idle: it is gone"):
        functions.evaluate_at_the_edge_a_few_at_a_time(cast("Grounds", None))
