"""All doors lead to the same hall: the same evidence gives the same document, whoever opened the door."""

from __future__ import annotations

import json
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from checks.doors import canary, cli
from checks.world.ports import World
from checks.world.pretend import PretendClock, pretend_world, recording
from tests.doors import scene
from tests.doors.test_canary import Invocation

# What may differ: whose run it was, through which door, and when.
_OF_RUN = frozenset({"run_id", "door", "started", "finished"})
_OF_RESULT = frozenset({"started", "seconds"})


@pytest.fixture
def recorded(here: Path, enter: Callable[[str | World], None]) -> Callable[[str], Callable[[], None]]:
    """Records a scene once, through the command line; gives what opens each door onto the recording."""

    def record(which: str) -> Callable[[], None]:
        listening = recording(scene.world(which))
        enter(listening)
        assert cli.main(["verify", "--target", "here.toml"], out=StringIO(), err=StringIO()) in {0, 1, 2, 3}

        def play() -> None:
            enter(pretend_world(listening.heard, clock=PretendClock(scene.NOON), anchor=scene.ANCHOR))

        return play

    return record


def _compared(document: dict[str, Any]) -> dict[str, Any]:
    results = [
        {
            **{key: value for key, value in each.items() if key not in _OF_RESULT},
            "attempts_log": [
                {key: value for key, value in attempt.items() if key != "seconds"} for attempt in each["attempts_log"]
            ],
        }
        for each in document["results"]
    ]
    return {key: value for key, value in document.items() if key not in _OF_RUN} | {"results": results}


@pytest.mark.parametrize("accepted", (False, True), ids=("never accepted", "accepted"))
@pytest.mark.parametrize("which", ("kept", "broken", "warned", "blind", "settling", "void", "unproven", "unread"))
def test_three_doors_give_the_same_document(  # noqa: PLR0917 - pytest passes them by name
    which: str,
    accepted: bool,  # noqa: FBT001 - a column of the table
    recorded: Callable[[str], Callable[[], None]],
    here: Path,
    pytester: pytest.Pytester,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Only run id, door and times tell them apart."""
    monkeypatch.chdir(here)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    if accepted:
        cli.main(
            ["plan", "--target", "here.toml", "--accept", "--owner", "o", "--reason", "r"],
            out=StringIO(),
            err=StringIO(),
        )
    play = recorded(which)

    play()
    cli.main(["verify", "--target", "here.toml", "--json", "cli.json"], out=StringIO(), err=StringIO())
    by_cli = json.loads((here / "cli.json").read_text(encoding="utf-8"))
    play()
    given = ("-p", "checks.doors.plugin", "-p", "no:cacheprovider", "--rootdir", str(here), "-c", "/dev/null")
    pytester.runpytest_inprocess(
        *given, "--target", str(here / "here.toml"), "--checks-json", str(here / "pytest.json")
    )
    by_pytest = json.loads((here / "pytest.json").read_text(encoding="utf-8"))
    play()
    by_canary = canary.handler({"target": str(here / "here.toml")}, Invocation())
    capsys.readouterr()

    assert ["cli", "pytest", "canary"] == [each["door"] for each in (by_cli, by_pytest, by_canary)]
    assert _compared(by_cli) == _compared(by_pytest)
    assert _compared(by_cli) == _compared(json.loads(json.dumps(by_canary)))
    assert 3 == len({each["run_id"] for each in (by_cli, by_pytest, by_canary)})


def test_other_evidence_is_seen(recorded: Callable[[str], Callable[[], None]], here: Path) -> None:
    """The failing twin: the comparison does notice a difference in what was seen."""
    documents = []
    for which in ("kept", "broken"):
        recorded(which)()
        cli.main(["verify", "--target", "here.toml", "--json", "run.json"], out=StringIO(), err=StringIO())
        documents.append(_compared(json.loads((here / "run.json").read_text(encoding="utf-8"))))

    assert documents[0] != documents[1]
