"""How several twins share a measurement: each fault once, what was seen kept, and no process and no twin left."""

from __future__ import annotations

import argparse
import io
import json
import os
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.twin.faults import matrix, shares
from checks.twin.faults.catalogue import FAULTS
from checks.twin.faults.shares import Share, Shared
from checks.twin.faults.words import Row

FIVE = FAULTS[:5]
# Stands for the command: writes the matrix that lies below TWIN_HOME, and ends as is said there.
PLAYER = """
import os, pathlib, signal, sys
home = pathlib.Path(os.environ["TWIN_HOME"])
share, file = sys.argv[sys.argv.index("--share") + 1], sys.argv[sys.argv.index("--json") + 1]
def write(code):
    if (home / "matrix.json").exists():
        pathlib.Path(file).write_text((home / "matrix.json").read_text())
    sys.exit(code)
print("of no interest")
if (home / "waits").exists():
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    print("waiting", file=sys.stderr, flush=True)
    signal.sigwait({signal.SIGTERM})
    write(130)
print(f"measured {share}", file=sys.stderr)
write(int((home / "code").read_text()))
"""


def a_row(name: str, outcome: str = "caught") -> Row:
    """What came of the fault of that name."""
    rest: dict[str, Any] = {"kind": "fault", "family": "f", "breaks": "b", "fidelity": "live", "expected": ""}
    return Row(id=name, outcome=outcome, **rest)  # type: ignore[arg-type]  # one of the outcomes


class Ground:
    """Three homes of twins, and who was put up and down there."""

    def __init__(self, folder: Path) -> None:
        self.homes = [folder / name for name in ("one", "two", "three")]
        self.heard: list[str] = []
        for number, home in enumerate(self.homes, start=1):
            home.mkdir()
            self.plays(number, *(each.id for each in Share(number, 3).among(FIVE)))

    def plays(self, number: int, *names: str, code: int = 0, outcome: str = "caught") -> None:
        """What the process of this home writes, and its exit code."""
        home = self.homes[number - 1]
        rows = [{**asdict(a_row(each, outcome)), "exact": True} for each in names]
        (home / "matrix.json").write_text(json.dumps({"schema": matrix.SCHEMA, "rows": rows}))
        (home / "code").write_text(str(code))

    def measure(self, *, err: io.StringIO | None = None) -> Shared:
        """All three at once."""
        return shares.measure(
            FIVE,
            homes=self.homes,
            put_up=lambda home: self.heard.append(f"up {home.name}"),
            put_down=lambda home: self.heard.append(f"down {home.name}"),
            command=[sys.executable, "-c", PLAYER],
            err=err or io.StringIO(),
        )


@pytest.fixture
def ground(tmp_path: Path) -> Ground:
    """Where three share the work."""
    return Ground(tmp_path)


@given(of=st.integers(1, 20), count=st.integers(0, len(FAULTS)))
def test_each_fault_is_in_one_share(of: int, count: int) -> None:
    """None is left out, none is measured twice, and no share has two more than another."""
    spread = [Share(number, of).among(FAULTS[:count]) for number in range(1, of + 1)]

    assert sorted(each.id for each in FAULTS[:count]) == sorted(each.id for share in spread for each in share)
    assert max(map(len, spread)) - min(map(len, spread)) <= 1


@pytest.mark.parametrize("said", ("1/1", "1/3", "3/3"))
def test_a_share_is_said_by_its_number_and_how_many_there_are(said: str) -> None:
    """As other tools say it."""
    assert said == str(shares.share(said))


@pytest.mark.parametrize("said", ("", "1", "1/", "/2", "0/2", "3/2", "-1/2", "1/2/3", "one/two", "1.5/2", "²/3"))
def test_what_is_no_share_is_named(said: str) -> None:
    """With what was expected."""
    with pytest.raises(argparse.ArgumentTypeError, match="expected K/N"):
        shares.share(said)


def test_the_rows_of_all_shares_come_together(ground: Ground) -> None:
    """The first twin is there already; the others are put up for it, and down again."""
    err = io.StringIO()

    seen = ground.measure(err=err)

    assert {each.id for each in FIVE} == {each.id for each in seen.rows}
    assert {} == seen.broken
    assert ["up two", "up three", "down three", "down two"] == ground.heard
    assert [f"[{n}/3] measured {n}/3" for n in (1, 2, 3)] == sorted(err.getvalue().splitlines())


@pytest.mark.parametrize(
    ("play", "code"),
    (
        pytest.param(lambda it: it.plays(2, FIVE[1].id, FIVE[4].id, code=70), 70, id="it died at the end"),
        pytest.param(lambda it: it.plays(2, FIVE[1].id, code=3), 3, id="it ended early"),
        pytest.param(lambda it: it.plays(2, FIVE[1].id, code=0), 0, id="it left one out"),
        pytest.param(lambda it: it.plays(2, FIVE[1].id, FIVE[0].id), 0, id="it measured another's"),
        pytest.param(lambda it: it.plays(2, FIVE[1].id, FIVE[4].id, code=3), 3, id="its twin was broken in the end"),
        pytest.param(lambda it: (it.homes[1] / "matrix.json").unlink(), 0, id="it wrote nothing"),
    ),
)
def test_a_share_that_is_not_whole_is_named_with_its_code(
    ground: Ground, play: Callable[[Ground], None], code: int
) -> None:
    """What the others have measured stands."""
    play(ground)

    seen = ground.measure()

    assert {Share(2, 3): code} == seen.broken
    assert {FIVE[0].id, FIVE[2].id, FIVE[3].id} <= {each.id for each in seen.rows}


@pytest.mark.parametrize(("code", "outcome"), ((0, "caught"), (1, "missed"), (3, "unfit")))
def test_a_share_is_whole_whatever_became_of_its_faults(ground: Ground, code: int, outcome: str) -> None:
    """Missed ones are a result, and so are those that could not be staged."""
    ground.plays(2, FIVE[1].id, FIVE[4].id, code=code, outcome=outcome)

    assert {} == ground.measure().broken


def test_what_an_earlier_measurement_wrote_is_not_taken_for_this_one(ground: Ground) -> None:
    """A process that writes nothing has measured nothing."""
    ground.measure()
    (ground.homes[0] / "matrix.json").unlink()

    seen = ground.measure()

    assert [Share(1, 3)] == list(seen.broken)


def test_a_twin_that_cannot_be_put_up_leaves_none_behind(ground: Ground) -> None:
    """What was put up before it goes down, and so does what is there of itself."""
    put_down: list[str] = []

    def put_up(home: Path) -> None:
        if home.name == "three":
            raise OSError("no room left")

    with pytest.raises(OSError, match="no room"):
        shares.measure(
            FIVE, homes=ground.homes, put_up=put_up, put_down=lambda home: put_down.append(home.name),
            command=[sys.executable, "-c", PLAYER], err=io.StringIO(),
        )  # fmt: skip

    assert ["three", "two"] == put_down


class Interrupting(io.StringIO):
    """Whoever waits for all is interrupted once the one that waits has said so."""

    def write(self, text: str, /) -> int:
        """Tell, then interrupt."""
        if "waiting" in text:
            os.kill(os.getpid(), signal.SIGUSR1)
        return super().write(text)


@pytest.fixture
def interruptible() -> Iterator[None]:
    """A signal that does what Ctrl-C does, to this process alone."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGUSR1, interrupt)
    yield
    signal.signal(signal.SIGUSR1, before)


@pytest.mark.usefixtures("interruptible")
def test_an_interrupt_is_passed_on_and_what_was_measured_is_kept(ground: Ground) -> None:
    """Each process writes what it has by then, and none outlives it."""
    (ground.homes[2] / "waits").touch()

    seen = ground.measure(err=Interrupting())

    assert 130 == seen.broken[Share(3, 3)]
    assert FIVE[2].id in {each.id for each in seen.rows}
    assert ["down three", "down two"] == ground.heard[2:]
