"""One run of the canary over a ledger: once, whatever is delivered, and nothing lost, whenever it is killed."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from checks.doors.ledgers import records
from checks.doors.night import LONGEST, Journal, Night, keep_watch, partial_key, run_key
from checks.model import CannotLook
from checks.nights.record import Record
from checks.target import parse
from checks.target.settings import Maintenance
from checks.world.ledger import Folder
from checks.world.pretend import PretendClock
from tests.nights.made import NIGHT, document, result

SETTINGS = parse(
    'schema = 1\n[site]\ndomain = "shop.example"\n[owners]\ntables = "data@shop.example"\n',
    name="shop",
    source="shop.toml",
)
ROOT = Path(__file__).parents[2]


@dataclass
class Place:
    """A folder of nights, and what was printed."""

    folder: Folder
    clock: PretendClock = field(default_factory=lambda: PretendClock(NIGHT))
    said: list[Mapping[str, Any]] = field(default_factory=list)

    def night(self, run_id: str = "night-1", holder: str = "request-1") -> Night:
        """One delivery of a night's event."""
        return Night(
            settings=SETTINGS,
            run_id=run_id,
            holder=holder,
            ledger=self.folder,
            clock=self.clock,
            say=self.said.append,
        )

    def run(self, night: Night, *results: Mapping[str, Any], **more: Any) -> Mapping[str, Any]:  # noqa: ANN401 - any key of a document
        """Let the night look and see these."""
        at = self.clock.now()
        return keep_watch(night, lambda _: document(*results, at=at, run_id=night.run_id, **more))

    @property
    def rows(self) -> list[Record]:
        """What is indexed, the newest first."""
        return list(records(SETTINGS, self.folder.path))

    @property
    def rung(self) -> list[Mapping[str, Any]]:
        """The messages that went out."""
        file = self.folder.path / "rung.jsonl"
        return [json.loads(line) for line in file.read_text("utf-8").splitlines()] if file.exists() else []


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """An empty folder of nights."""
    return Place(Folder(tmp_path / "nights"))


def test_a_night_is_one_document_one_row_and_one_line_of_metrics(place: Place) -> None:
    """What history, dead man, gate and trend live on."""
    told = place.run(place.night())

    assert told == json.loads(place.folder.read(run_key(place.night())))
    assert [("night-1", "kept", True)] == [(each.run_id, each.verdict, each.valid) for each in place.rows]
    assert [1] == [each["ValidRuns"] for each in place.said if "_aws" in each]
    assert [] == place.rung


def test_delivered_twice_it_is_one_run_one_record_and_one_alert(place: Place) -> None:
    """Schedules deliver at least once."""
    first = place.run(place.night(), result(status="fail"))
    second = place.run(place.night(holder="request-2"), result())

    assert ("broken", "done") == (first["verdict"], second["repeated"])
    assert (1, 1, 1) == (len(place.rows), len(place.rung), sum("_aws" in each for each in place.said))
    assert "broken" == place.rows[0].verdict


def test_while_one_runs_another_delivery_waits_for_its_time_to_be_up(place: Place) -> None:
    """Nobody knows whether the other one is dead, so it gets its time."""
    place.folder.claim(_begun(place), holder="request-1", now=NIGHT)

    assert "busy" == place.run(place.night(holder="request-2"))["repeated"]
    place.clock.sleep(LONGEST.total_seconds() + 1)
    assert "kept" == place.run(place.night(holder="request-2"))["verdict"]


def test_whoever_is_tried_again_has_died_and_may_go_on_at_once(place: Place) -> None:
    """Lambda tries again under the same request id, and only after the first try ended."""
    place.folder.claim(_begun(place), holder="request-1", now=NIGHT)

    assert "kept" == place.run(place.night())["verdict"]


def test_a_run_that_was_killed_is_closed_by_the_next_and_keeps_what_it_knew(place: Place) -> None:
    """It stays visible as void, with the place where its middle is."""
    place.folder.claim(_begun(place, "killed"), holder="x", now=NIGHT)
    place.clock.sleep(timedelta(days=1).total_seconds())
    place.run(place.night("night-2"))

    assert [("night-2", "kept"), ("killed", "void")] == [(each.run_id, each.verdict) for each in place.rows]
    assert partial_key(place.night("killed")) == place.rows[1].document
    assert not place.rows[1].valid


def test_what_was_decided_and_not_said_is_said_by_the_next_delivery(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The topic was away: Lambda counts an error, tries again, and people hear it once."""
    with monkeypatch.context() as patch:
        patch.setattr(Folder, "ring", _refuse)
        with pytest.raises(CannotLook):
            place.run(place.night(), result(status="fail"))

    assert "done" == place.run(place.night())["repeated"]
    assert "done" == place.run(place.night())["repeated"]
    assert ["BROKEN shop: tables.pitr[Users]"] == [each["subject"] for each in place.rung]


def test_killed_between_the_record_and_the_decision_it_is_told_all_the_same(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second delivery finds the run recorded and nobody told."""
    with monkeypatch.context() as patch:
        patch.setattr(Folder, "told", _refuse)
        with pytest.raises(CannotLook):
            place.run(place.night(), result(status="fail"))
    place.run(place.night(holder="request-2"))

    assert 1 == len(place.rung)


def test_the_first_document_of_a_run_stays(place: Place) -> None:
    """Killed between document and row, the second try records what is kept, not what it saw itself."""
    place.folder.keep(run_key(place.night()), json.dumps(document(result(status="fail"), run_id="night-1")))

    assert "broken" == place.run(place.night(), result())["verdict"]
    assert "broken" == place.rows[0].verdict


def test_an_incident_over_several_nights(place: Place) -> None:
    """Broken, broken, mended: one alert and one recovery."""
    for number, status in enumerate(("pass", "fail", "fail", "pass", "pass")):
        place.run(place.night(f"night-{number}"), result(status=status))
        place.clock.sleep(86_400)

    assert ["BROKEN", "RECOVERED"] == [each["subject"].split()[0] for each in place.rung]
    assert "For data@shop.example:" in place.rung[0]["text"]


def test_in_maintenance_nobody_is_called_the_log_says_why_and_the_verdict_is_as_it_is(place: Place) -> None:
    """The window is a matter of who is woken; what is broken is on record as broken."""
    quiet = Maintenance(starts=NIGHT, ends=NIGHT + timedelta(hours=1), reason="moving house", owner="Ada")
    told = place.run(replace(place.night(), settings=replace(SETTINGS, maintenance=quiet)), result(status="fail"))

    assert ("broken", []) == (told["verdict"], place.rung)
    assert ["broken"] == [each.verdict for each in place.rows]
    (silenced,) = [each["silenced"] for each in place.said if "silenced" in each]
    assert "(Ada: moving house): nobody is called" in silenced


def test_outside_of_maintenance_nothing_is_silenced(place: Place) -> None:
    """The failing twin: over is over."""
    quiet = Maintenance(starts=NIGHT - timedelta(hours=1), ends=NIGHT, reason="moving house", owner="Ada")
    place.run(replace(place.night(), settings=replace(SETTINGS, maintenance=quiet)), result(status="fail"))

    assert (1, []) == (len(place.rung), [each for each in place.said if "silenced" in each])


def test_a_journal_line_leaves_before_the_next_result(place: Place) -> None:
    """Passes in few words; what is no pass with what was seen."""
    journal = Journal(place.night())
    assert [] == place.said
    assert {} == journal.judged


@pytest.mark.parametrize("seed", range(10))
def test_killed_at_a_random_moment_nothing_judged_is_lost_and_the_next_run_is_right(tmp_path: Path, seed: int) -> None:
    """SIGKILL, at a random one of the results that were announced: all of them are in the log and in the checkpoint."""
    moment = random.Random(seed).randrange(1, 40)
    command = [sys.executable, "-m", "tests.doors.dying", str(tmp_path / "nights"), "night-1"]
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=env) as dying:
        assert dying.stdout is not None
        announced = [json.loads(dying.stdout.readline()) for _ in range(moment)]
        os.kill(dying.pid, signal.SIGKILL)
        rest = dying.stdout.read()
    judged = [each["judged"] for each in announced]
    log = judged + [json.loads(line)["judged"] for line in rest.splitlines() if line.endswith("}")]
    place = Place(Folder(tmp_path / "nights"))
    kept = json.loads(place.folder.read(partial_key(place.night())))

    # The line comes before the checkpoint: at most the last result is in the log alone.
    assert len(log) - len(kept) in {0, 1}
    assert log[: len(kept)] == [each["name"] for each in kept]
    assert [("night-1", "running")] == [(each.run_id, each.verdict) for each in place.rows]

    place.clock.sleep(86_400)
    place.run(place.night("night-2"))
    assert [("night-2", "kept"), ("night-1", "void")] == [(each.run_id, each.verdict) for each in place.rows]


def _begun(place: Place, run_id: str = "night-1") -> Mapping[str, Any]:
    from checks.nights.record import to_row

    begun = Record(target="shop", run_id=run_id, door="canary", started=NIGHT, until=NIGHT + LONGEST)
    return to_row(replace(begun))


def _refuse(*_: object, **__: object) -> None:
    raise CannotLook("the topic does not answer")
