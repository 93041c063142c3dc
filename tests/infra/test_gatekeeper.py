"""A release at the gate: what is taken back, to which, by which way, and what is left alone."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from khaya_infra import arrival, operate, releases, rollback
from khaya_infra.arrival import Place
from khaya_infra.gatekeeper import Hearing, action_of, keep_gate, release_before
from khaya_infra.releases import Release
from khaya_infra.settings import read_settings
from khaya_infra.stop import Stop
from tests.infra.conftest import ROOT

TARGET = ROOT / "checks" / "targets" / "local.toml"
GOOD = Release(sha="aaaa1111", version="1", template="t1.json", number=1)
BAD = replace(GOOD, sha="bbbb2222", template="t2.json", number=2)


class Session:
    """Whose client nobody asks anything."""

    def client(self, _: str) -> None:
        """As boto3 names it."""


@dataclass
class Scene:
    """A harness that answers as it is told: the gate's code and action, then the code of the look afterwards."""

    folder: Path
    gate: tuple[int, str]
    looks: list[int] = field(default_factory=list)
    known: tuple[Release, ...] = (BAD, GOOD)
    asked: list[Sequence[str]] = field(default_factory=list)
    ways: list[tuple[str, bool]] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    def run(self, command: Sequence[str], **_: object) -> subprocess.CompletedProcess[bytes]:
        """As the real harness: it leaves its document, if it comes so far."""
        self.asked.append(command[3:])
        code, action = self.gate if command[3] == "gate" else (self.looks.pop(0), "")
        document: Mapping[str, Any] = {"gate": {"action": action} if action else None}
        if code != 64:
            Path(command[command.index("--json") + 1]).write_text(json.dumps(document))
        return subprocess.CompletedProcess(list(command), code)

    def roll_back(self, _: Place, *, to: str, whole_template: bool, say: object) -> None:
        """Note which way was taken."""
        assert callable(say)
        self.ways.append((to, whole_template))

    def judge(self, *words: str) -> int:
        """The gate's keeper at work."""
        place = Place(target=TARGET, settings=read_settings(TARGET), session=Session())
        hearing = Hearing(release=BAD.sha, folder=self.folder, wait="20m", words=words, told=("--annotate",))
        return keep_gate(place, hearing, say=self.said.append)


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scene:
    """A release that the gate refuses, and after which all is well."""
    made = Scene(folder=tmp_path / "gate", gate=(1, "roll_back"), looks=[0])
    monkeypatch.setenv("TWIN_HOME", str(tmp_path))
    monkeypatch.setenv("TWIN_NAME", "local")
    monkeypatch.setattr(subprocess, "run", made.run)
    monkeypatch.setattr(rollback, "roll_back", made.roll_back)
    monkeypatch.setattr(releases, "history", lambda *_: made.known)
    return made


def test_what_is_refused_goes_back_to_the_release_before_and_is_looked_at_again(scene: Scene) -> None:
    """The code is the gate's: whatever became of it, this release was refused."""
    assert 1 == scene.judge("--keep")

    assert [(GOOD.sha, False), (GOOD.sha, True)] == scene.ways
    gate, again = scene.asked
    assert ["gate", "verify"] == [gate[0], again[0]]
    assert (BAD.sha, GOOD.sha) == tuple(each[each.index("--release") + 1] for each in (gate, again))
    assert ("--keep" in gate, "--keep" in again) == (True, False)
    assert all(each[each.index("--wait") + 1] == "20m" and "--annotate" in each for each in (gate, again))
    assert ["release bbbb2222 was refused and taken back; aaaa1111 is live, and all is well"] == scene.said


def test_what_no_release_brings_back_is_said(scene: Scene) -> None:
    """A certificate, an alarm that somebody disarmed: the release before is live, and the rest is for people."""
    scene.looks = [1]

    assert 1 == scene.judge()
    assert f"what is left is in {scene.folder / 'rollback.html'}" in scene.said[-1]


@pytest.mark.parametrize(("code", "action"), ((0, "open"), (0, "warn"), (2, "hold"), (3, "hold"), (64, "")), ids=str)
def test_nothing_else_is_taken_back(scene: Scene, code: int, action: str) -> None:
    """Neither what is open, nor what could not be decided, nor what was never judged."""
    scene.gate = (code, action)

    assert code == scene.judge()
    assert ([], 1) == (scene.ways, len(scene.asked))


def test_the_word_of_an_earlier_run_counts_for_nothing(scene: Scene) -> None:
    """A harness that cannot start leaves no document, and the one of yesterday is not its word."""
    scene.folder.mkdir()
    (scene.folder / "gate.json").write_text('{"gate": {"action": "roll_back"}}')
    scene.gate = (64, "")

    assert 64 == scene.judge()
    assert ("", []) == (action_of(scene.folder), scene.ways)


def test_a_release_that_was_deployed_twice_does_not_go_back_to_itself() -> None:
    """The newest of another commit, however the refused one is written."""
    known = (replace(BAD, number=4), replace(BAD, number=3), replace(GOOD, number=2), GOOD)

    assert 2 == release_before(known, "bbbb").number


def test_a_first_release_cannot_be_taken_back() -> None:
    """It is said, and left to people."""
    with pytest.raises(Stop, match="refused, and there is none before it"):
        release_before((BAD,), BAD.sha)
    with pytest.raises(Stop):
        release_before((), BAD.sha)


def test_the_words_of_the_command_reach_the_gate(scene: Scene, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Owner and reason together, the documents where they are wanted, and the run kept where there is a canary."""
    place = Place(target=TARGET, settings=read_settings(TARGET), session=Session())
    monkeypatch.setattr(arrival, "arrive", lambda _: place)
    scene.gate = (0, "open")
    code = operate.main(
        [
            *("gate", "--target", "local", "--release", "abc", "--wait", "5m", "--folder", str(tmp_path / "here")),
            *("--owner", "platform", "--reason", "the first night", "--summary", "s.md"),
        ]
    )

    assert 0 == code
    (words,) = scene.asked
    told = {name: words[words.index(name) + 1] for name in ("--release", "--owner", "--reason", "--wait", "--summary")}
    assert {
        "--release": "abc", "--owner": "platform", "--reason": "the first night", "--wait": "5m", "--summary": "s.md"
    } == told  # fmt: skip
    assert "--keep" in words
    assert (tmp_path / "here" / "gate.json").is_file()


def test_what_is_not_given_is_the_checked_out_commit_and_the_deployers_folder(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a person types it: `make gate`."""
    place = Place(target=TARGET, settings=read_settings(TARGET), session=Session())
    monkeypatch.setattr(arrival, "arrive", lambda _: place)
    monkeypatch.setattr(arrival, "checked_out_release", lambda: "cafe")
    scene.gate = (2, "hold")

    assert 2 == operate.main(["gate", "--target", "local"])
    (words,) = scene.asked
    assert "cafe" == words[words.index("--release") + 1]
    assert "deploy/local/gate/gate.json" in words[words.index("--json") + 1]
