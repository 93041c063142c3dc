"""What the command that breaks a twin says of its measurement, and by which code it ends."""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from checks import twin as twins
from checks.doors import mutate
from checks.target import SettingsError
from checks.twin.faults import catalogue, matrix, shares
from checks.twin.faults.between import Stuck
from checks.twin.faults.measure import Notebook, NotGreen
from checks.twin.faults.shares import Share, Shared
from checks.twin.faults.words import Row, View

FIRST, SECOND = [each for each in catalogue.FAULTS if each.kind == "fault" and each.within is None][:2]


def _row(fault: Any, **changes: Any) -> Row:  # noqa: ANN401 - a fault, and fields of Row
    given = {"outcome": "caught", "fidelity": "live", "expected": f"{fault.promise}: fail", **changes}
    return Row(id=fault.id, kind=fault.kind, family=fault.family, breaks=fault.breaks, **given)


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:  # noqa: ANN401 - a function
    """Runs the command on two faults; *rows* come of them, before *ends* ends it."""
    plan = SimpleNamespace(digest="d", checks=())
    harness = SimpleNamespace(
        settings=SimpleNamespace(name="local", deploy=("true",)),
        ready=SimpleNamespace(plan=plan),
        twin=SimpleNamespace(home=tmp_path / "t"),
    )
    monkeypatch.setattr(mutate, "open_bench", lambda *_, **__: (harness, None))

    def run(*rows: Row, ends: BaseException | None = None, words: tuple[str, ...] = ()) -> tuple[int, str, Path]:
        def measure(*_: object, notebook: Notebook, **__: object) -> tuple[Row, ...]:
            for each in rows:
                notebook.keep(each)
            if ends is not None:
                raise ends
            return rows

        monkeypatch.setattr(mutate, "measure", measure)
        out, err, file = io.StringIO(), io.StringIO(), tmp_path / "matrix.json"
        only = ["--only", FIRST.id, "--only", SECOND.id, "--json", str(file)]
        return mutate.main([*only, *words], out, err), out.getvalue() + err.getvalue(), file

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


@pytest.mark.parametrize(
    ("broken", "code", "told"),
    (
        pytest.param({}, 0, "", id="whole"),
        pytest.param({Share(1, 2): 70}, 3, "share 1/2 ended with 70", id="one died"),
        pytest.param({Share(1, 2): 70, Share(2, 2): 130}, 130, "interrupted", id="interrupted"),
    ),
)
def test_several_twins_share_the_faults(
    measured: Any,  # noqa: ANN401 - see there
    monkeypatch: pytest.MonkeyPatch,
    broken: dict[Share, int],
    code: int,
    told: str,
) -> None:
    """Each on a twin below the one that there is, all asked for the same; the rows are in the usual order."""
    asked: dict[str, Any] = {}

    def shared(faults: Any, **more: Any) -> Shared:  # noqa: ANN401 - what is handed on
        asked.update(more, faults=faults)
        return Shared(rows=(_row(SECOND), _row(FIRST)), broken=broken)

    monkeypatch.setattr(shares, "measure", shared)

    ended, said, file = measured(_row(FIRST), words=("--twins", "7", "--slow", "2", "--rounds", "3"))

    own = file.parent
    words = ["--target", "local", "--slow", "2.0", "--rounds", "3", "--only", FIRST.id, "--only", SECOND.id]
    assert (code, True) == (ended, told in said)
    assert ([FIRST, SECOND], [own, own / "mutate-2"]) == (asked["faults"], asked["homes"])
    assert words == asked["command"][asked["command"].index("mutate") + 1 :]
    assert [FIRST.id, SECOND.id] == [each["id"] for each in json.loads(file.read_text())["rows"]]


def test_what_a_matrix_holds_of_the_same_code_and_plan_counts(measured: Any, tmp_path: Path) -> None:  # noqa: ANN401 - see there
    """The rows that are asked for, if they are not of another code or plan; each twin is told the file."""
    same = matrix.sources("d")
    rows = (_row(FIRST, of=same, runs=7), _row(SECOND, of=matrix.sources("another plan")))
    file = tmp_path / "published.json"
    seen = matrix.document(rows, (), now=datetime(2026, 1, 31, tzinfo=UTC), target="local", plan="d")
    matrix.write(seen, file)
    asked = mutate._parser().parse_args(["--only", FIRST.id, "--only", SECOND.id, "--resume", str(file)])
    plan = SimpleNamespace(digest="d")
    harness: Any = SimpleNamespace(ready=SimpleNamespace(plan=plan), twin=SimpleNamespace(home=tmp_path / "t"))

    assert {FIRST.id: 7} == {each.id: each.runs for each in mutate._notebook(harness, asked).rows.values()}
    assert ["--resume", str(file)] == mutate._words(asked)[-2:]


def test_another_twin_has_the_same_deployed_to_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """By the settings' own command, below its own home; one that fails is told with what it complained of."""
    homes: list[Path | None] = []
    monkeypatch.setattr(twins, "up", lambda *, home, harness_actions: homes.append(home if harness_actions else None))
    told = tmp_path / "home"
    right: Any = SimpleNamespace(deploy=("sh", "-c", f'printf %s "$TWIN_HOME" > {told}'))
    wrong: Any = SimpleNamespace(deploy=("sh", "-c", "echo no room >&2; exit 4"))

    mutate._put_up(right, tmp_path / "a", io.StringIO())
    with pytest.raises(NotGreen, match=r"ended with 4: no room"):
        mutate._put_up(wrong, tmp_path / "b", io.StringIO())

    assert [tmp_path / "a", tmp_path / "b"] == homes
    assert str(tmp_path / "a") == told.read_text()


def test_more_twins_than_one_need_a_command_that_fills_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the file and what is missing there."""
    monkeypatch.setattr(mutate, "read", lambda _: SimpleNamespace(deploy=(), source="mine.toml"))

    with pytest.raises(SettingsError, match=r"--twins 2: mine\.toml has no \[deploy\] command"):
        mutate.main(["--twins", "2"], io.StringIO(), io.StringIO())


@pytest.mark.parametrize(
    "words",
    (
        ("--twins", "2", "--share", "1/2"),
        ("--share", "3/2"),
        ("--twins", "0"),
        ("--rounds", "0"),
        ("--rounds", "x"),
        ("--resume", "nowhere.json"),
    ),
)
def test_what_cannot_be_asked_for_is_bad_usage(words: tuple[str, ...]) -> None:
    """64, before anything is looked at."""
    assert 64 == mutate.main([*words, "--list"], io.StringIO(), io.StringIO())


def test_a_share_is_listed_alone() -> None:
    """Together the shares are everything."""
    every, first, second = io.StringIO(), io.StringIO(), io.StringIO()
    for words, out in (([], every), (["--share", "1/2"], first), (["--share", "2/2"], second)):
        assert 0 == mutate.main([*words, "--list"], out, io.StringIO())

    told = [out.getvalue().splitlines() for out in (every, first, second)]
    assert (told[0][::2], told[0][1::2]) == (told[1], told[2])


@pytest.mark.parametrize("times", (0, 1, 2))
def test_a_run_through_what_hung_is_made_once_more(monkeypatch: pytest.MonkeyPatch, times: int) -> None:
    """Nothing that was seen through it is believed; who hangs twice is told."""
    stuck = iter([True] * times)
    runs: list[Any] = []

    @contextlib.contextmanager
    def seen_through(*_: object) -> Iterator[None]:
        yield
        if next(stuck, False):
            raise Stuck("it hung")

    def run(*_: object) -> Any:  # noqa: ANN401 - stands for a run
        runs.append(SimpleNamespace(interrupted=False))
        return runs[-1]

    monkeypatch.setattr(mutate, "seen_through", seen_through)
    monkeypatch.setattr(mutate.Harness, "_run", run)
    nothing: Any = None
    harness = mutate.Harness(settings=nothing, twin=nothing, ready=nothing)

    with pytest.raises(Stuck) if times > 1 else contextlib.nullcontext() as ended:
        seen = harness(View())

    assert min(times + 1, 2) == len(runs)
    assert ended or seen is runs[-1]


def test_a_fault_that_nobody_knows_is_bad_usage() -> None:
    """64, and how to find one."""
    err = io.StringIO()

    assert 64 == mutate.main(["--only", "no-such-fault"], io.StringIO(), err)
    assert "--list" in err.getvalue()


def test_what_has_nothing_of_its_kind_here_is_told_as_elsewhere(measured: Any, tmp_path: Path) -> None:  # noqa: ANN401 - see there
    """With the name of that deployment and the digest of its plan; without the other matrix nobody claims it."""
    other = tmp_path / "other.json"
    there = matrix.document((_row(SECOND),), (), now=datetime(2026, 1, 31, tzinfo=UTC), target="annex", plan="q")
    matrix.write(there, other)
    rows = (_row(FIRST), _row(SECOND, outcome="unfit"))

    code, _, file = measured(*rows, words=("--beside", str(other)))
    told = json.loads(file.read_text())
    measured(_row(FIRST))
    alone = json.loads(file.read_text())

    assert (0, ["", "annex"], "q") == (code, [each["on"] for each in told["rows"]], told["others"]["annex"]["plan"])
    assert ([FIRST.id], {}) == ([each["id"] for each in alone["rows"]], alone["others"])


def test_the_matrix_of_another_deployment_is_read_before_anything_is_broken(measured: Any, tmp_path: Path) -> None:  # noqa: ANN401 - see there
    """A file that is none is a wrong question, not a lost measurement."""
    (tmp_path / "odd.json").write_text("[]")

    code, _, file = measured(_row(FIRST), words=("--beside", str(tmp_path / "odd.json")))

    assert (64, False) == (code, file.exists())
