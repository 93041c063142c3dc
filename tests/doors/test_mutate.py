"""What the command that breaks a twin says of its measurement, and by which code it ends."""

from __future__ import annotations

import io
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from checks.doors import mutate
from checks.twin.faults import catalogue
from checks.twin.faults.measure import Notebook, NotGreen
from checks.twin.faults.words import Row

FIRST, SECOND = [each for each in catalogue.FAULTS if each.kind == "fault" and each.within is None][:2]


def _row(fault: Any, **changes: Any) -> Row:  # noqa: ANN401 - a fault, and fields of Row
    given = {"outcome": "caught", "fidelity": "live", "expected": f"{fault.promise}: fail", **changes}
    return Row(id=fault.id, kind=fault.kind, family=fault.family, breaks=fault.breaks, **given)


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:  # noqa: ANN401 - a function
    """Runs the command on two faults; *rows* come of them, before *ends* ends it."""
    plan = SimpleNamespace(digest="d", checks=())
    harness = SimpleNamespace(
        settings=SimpleNamespace(name="local"),
        ready=SimpleNamespace(plan=plan),
        twin=SimpleNamespace(home=tmp_path / "t"),
    )
    monkeypatch.setattr(mutate, "open_bench", lambda *_, **__: (harness, None))

    def run(*rows: Row, ends: BaseException | None = None) -> tuple[int, str, Path]:
        def measure(*_: object, notebook: Notebook, **__: object) -> tuple[Row, ...]:
            for each in rows:
                notebook.keep(each)
            if ends is not None:
                raise ends
            return rows

        monkeypatch.setattr(mutate, "measure", measure)
        out, err, file = io.StringIO(), io.StringIO(), tmp_path / "matrix.json"
        words = ["--only", FIRST.id, "--only", SECOND.id, "--json", str(file)]
        return mutate.main(words, out, err), out.getvalue() + err.getvalue(), file

    return run


@pytest.mark.parametrize(
    ("rows", "code"),
    (
        ((_row(FIRST), _row(SECOND)), 0),
        ((_row(FIRST), _row(SECOND, outcome="unfit")), 0),
        ((_row(FIRST), _row(SECOND, outcome="missed")), 1),
        ((_row(FIRST), _row(SECOND, strays=("tls.floor[x]: fail",))), 1),
        ((_row(FIRST, outcome="unfit"), _row(SECOND, outcome="unfit")), 3),
    ),
    ids=("all caught", "one not planned here", "one missed", "a stray", "nothing could be staged"),
)
def test_the_code_says_whether_every_fault_was_caught(measured: Any, rows: tuple[Row, ...], code: int) -> None:  # noqa: ANN401 - see there
    """A measurement of nothing proves nothing."""
    assert code == measured(*rows)[0]


@pytest.mark.parametrize(
    ("ends", "code", "told"),
    ((NotGreen("tables.pitr[x] is fail"), 3, "tables.pitr[x] is fail"), (KeyboardInterrupt(), 130, "interrupted")),
)
def test_what_was_measured_before_the_end_is_kept(
    measured: Any,  # noqa: ANN401 - see there
    ends: BaseException,
    code: int,
    told: str,
) -> None:
    """The next run goes on behind it, and the document names what is missing."""
    ended, said, file = measured(_row(FIRST), ends=ends)
    kept = json.loads(file.read_text())

    assert (code, True) == (ended, told in said)
    assert [FIRST.id] == [each["id"] for each in kept["rows"]]
    assert SECOND.id in kept["unmeasured"]


def test_a_fault_that_nobody_knows_is_bad_usage() -> None:
    """64, and how to find one."""
    err = io.StringIO()

    assert 64 == mutate.main(["--only", "no-such-fault"], io.StringIO(), err)
    assert "--list" in err.getvalue()
