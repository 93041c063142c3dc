"""Trials of the command itself: a machine in trouble, odd words and settings, odd surroundings of a process."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from checks.model import Check, Verdict
from checks.twin.faults import data
from checks.twin.faults.bench import Bench
from checks.twin.faults.words import Fault, Stage, View
from checks.twin.surroundings import bare

_HOST, _LOGIC, _TIME = (
    "Meta: process, files, time",
    "Meta: configuration and verdict logic",
    "Runner environment / time",
)
_PATIENCE = 120
# One family is enough to see whether the command lives: these trials are about the process, not about the target.
_FEW = ("--only", "tables.*")
_PACKAGE_ROOT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a command came to."""

    code: int
    out: str
    err: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Shell:
    """Runs ``python -m checks`` for the target of a bench, with a folder of its own."""

    bench: Bench
    folder: Path

    def environment(self, more: Mapping[str, str] | None = None) -> dict[str, str]:
        """What the command sees."""
        found = {"PYTHONPATH": str(_PACKAGE_ROOT), "TWIN_HOME": str(self.bench.twin.home.parent)}
        return {**bare(self.bench.twin.home), **found, **(more or {})}

    def words(self, *more: str) -> list[str]:
        """The command."""
        target = str(Path(self.bench.source).absolute())
        return [sys.executable, "-m", "checks", "verify", "--target", target, *more]

    def run(self, *more: str, env: Mapping[str, str] | None = None, prefix: tuple[str, ...] = ()) -> Said:
        """Run it to its end. Raises subprocess.TimeoutExpired when that does not come."""
        done = subprocess.run(
            [*prefix, *self.words(*more)], env=self.environment(env), cwd=self.folder, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, errors="replace", check=False, timeout=_PATIENCE,
        )  # fmt: skip
        return Said(code=done.returncode, out=done.stdout, err=done.stderr)


Trial = Callable[[Shell], str]


def tried(trial: Trial) -> Stage:
    """The trial takes the place of a run."""

    @contextmanager
    def stage(bench: Bench) -> Iterator[View]:
        def go() -> str:
            with tempfile.TemporaryDirectory(dir=bench.twin.home / "tmp") as folder:
                try:
                    return trial(Shell(bench=bench, folder=Path(folder)))
                except subprocess.TimeoutExpired:
                    return f"it did not end in {_PATIENCE} s"

        yield View(trial=go)

    return stage


def _unless(*, right: bool, said: Said) -> str:
    return "" if right else f"exit {said.code}: {(said.err or said.out)[-200:]!r}"


def disk_full(shell: Shell) -> str:
    """A document that cannot be written is said so, and is no success."""
    said = shell.run(*_FEW, "--json", "/dev/full")
    return _unless(right=said.code == 3 and "/dev/full" in said.err, said=said)  # noqa: PLR2004 - void


def nobody_reads(shell: Shell) -> str:
    """Whoever reads our output has gone away: the document is whole all the same."""
    file = shell.folder / "run.json"
    command = subprocess.Popen(
        shell.words(*_FEW, "--json", str(file)), env=shell.environment(), cwd=shell.folder, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    if command.stdout:
        command.stdout.close()
    command.wait(_PATIENCE)
    seen = json.loads(file.read_text(encoding="utf-8"))
    return "" if seen["exit_code"] == 0 and seen["results"] else f"the document says {seen['exit_code']}"


def few_files(shell: Shell) -> str:
    """Without file descriptors nothing is known, and nothing is blamed on the target."""
    said = shell.run(prefix=("/bin/sh", "-c", 'ulimit -n 24 && exec "$@"', "sh"))
    return _unless(right=said.code not in {0, 1}, said=said)


def ended_by(sign: signal.Signals) -> Trial:
    """A run that is ended in the middle keeps what it knows, or nothing at all, and never half a document."""

    def trial(shell: Shell) -> str:
        file = shell.folder / "run.json"
        command = subprocess.Popen(
            shell.words("--json", str(file)), env=shell.environment(), cwd=shell.folder, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        with contextlib.suppress(subprocess.TimeoutExpired):
            command.wait(1.5)
        command.send_signal(sign)
        _, err = command.communicate(timeout=_PATIENCE)
        whole = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
        code = 130 if sign is signal.SIGTERM else -sign
        if command.returncode not in {code, 0}:
            return f"exit {command.returncode} instead of {code}: {err[-200:]!r}"
        return "" if not whole or whole["results"] else "the document has lost its results"

    return trial


def coded(code: int, *more: str, env: Mapping[str, str] | None = None, says: str = "") -> Trial:
    """The command ends with this code and says so."""

    def trial(shell: Shell) -> str:
        said = shell.run(*more, env=env)
        return _unless(right=said.code == code and says in said.err + said.out, said=said)

    return trial


def without_expectations(shell: Shell) -> str:
    """A floor of nought is no floor."""
    text = Path(shell.bench.source).read_text(encoding="utf-8")
    file = shell.folder / "odd.toml"
    file.write_text(
        text + "\n[expect.resources.nothing]\n" if "[expect" not in text else text.replace("] = 1", "] = 0")
    )
    lines = [f"{line.rpartition('=')[0]}= 0" if line.startswith('"AWS::') else line for line in text.splitlines()]
    file.write_text("\n".join(lines), encoding="utf-8")
    words = [sys.executable, "-m", "checks", "verify", "--target", str(file)]
    done = subprocess.run(
        words, env=shell.environment(), cwd=shell.folder, capture_output=True, text=True, check=False, timeout=_PATIENCE
    )
    return _unless(right=done.returncode == 64, said=Said(code=done.returncode, out=done.stdout, err=done.stderr))  # noqa: PLR2004


def elsewhere(shell: Shell) -> str:
    """Stacks that are not where the settings say are no deployment, and nothing is said to be well."""
    text = Path(shell.bench.source).read_text(encoding="utf-8")
    file = shell.folder / "elsewhere.toml"
    file.write_text(text.replace(f'region = "{shell.bench.twin.region}"', 'region = "eu-central-1"'), encoding="utf-8")
    words = [sys.executable, "-m", "checks", "verify", "--target", str(file)]
    done = subprocess.run(
        words, env=shell.environment(), cwd=shell.folder, capture_output=True, text=True, check=False, timeout=_PATIENCE
    )
    said = Said(code=done.returncode, out=done.stdout, err=done.stderr)
    return _unless(right=said.code == 64 and "eu-central-1" in said.err + said.out, said=said)  # noqa: PLR2004 - usage


def without_teeth(shell: Shell) -> str:
    """A check whose judge says that all is well misses its fault: nothing else makes up for it, so it is needed."""
    from checks.doors import mutate
    from checks.target import read

    harness, bench = mutate.open_bench(read(Path(shell.bench.source)))
    plan = harness.ready.plan
    blunt = replace(plan, checks=tuple(map(_blunted, plan.checks)))
    with data.recovery_off(bench) as view:
        sharp, dull = harness(view), replace(harness, ready=replace(harness.ready, plan=blunt))(view)
    seen = [[each.status for each in run.results if each.name in view.named] for run in (sharp, dull)]
    return "" if seen == [["fail"], ["pass"]] else f"with its judge and without: {seen}"


def _blunted(check: Check) -> Check:
    if check.promise.name != "tables.pitr":
        return check
    return replace(check, sight=replace(check.sight, judge=lambda *_: Verdict.passed(expected="", actual="anything")))


def plain_output(shell: Shell) -> str:
    """No terminal, no colours, little room."""
    said = shell.run(*_FEW, env={"NO_COLOR": "1", "COLUMNS": "40", "TERM": "dumb"})
    return _unless(right=said.code == 0 and "\x1b" not in said.out + said.err, said=said)


def two_at_once(shell: Shell) -> str:
    """Two runs at the same time do not disturb each other."""
    both = [
        subprocess.Popen(
            shell.words(*_FEW), env=shell.environment(), cwd=shell.folder, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True,
        )
        for _ in range(2)
    ]  # fmt: skip
    told = [(each.communicate(timeout=_PATIENCE)[1], each.returncode) for each in both]
    return "; ".join(f"exit {code}: {err[-100:]!r}" for err, code in told if code)


_ELSEWHERE = {"TZ": "Pacific/Kiritimati", "LANG": "C", "LC_ALL": "C", "PYTHONUTF8": "0"}
_W = 90.0

FAULTS: tuple[Fault, ...] = (
    Fault(
        id="M-PROC-02",
        family=_HOST,
        kind="meta",
        breaks="the run is killed",
        stage=tried(ended_by(signal.SIGKILL)),
        within=_W,
    ),
    Fault(
        id="X-M-PROC-01",
        family=_HOST,
        kind="meta",
        breaks="the run is told to end (SIGTERM)",
        stage=tried(ended_by(signal.SIGTERM)),
        within=_W,
    ),
    Fault(id="M-PROC-03", family=_HOST, kind="meta", breaks="the disk is full", stage=tried(disk_full), within=_W),
    Fault(
        id="M-PROC-08",
        family=_HOST,
        kind="meta",
        breaks="whoever reads the output has gone away",
        stage=tried(nobody_reads),
        within=_W,
    ),
    Fault(
        id="M-PROC-09",
        family=_HOST,
        kind="meta",
        breaks="there are hardly any file descriptors",
        stage=tried(few_files),
        within=110.0,
    ),
    Fault(
        id="M-CFG-01",
        family=_LOGIC,
        kind="meta",
        breaks="the selection fits nothing",
        stage=tried(coded(3, "--only", "nosuch.*")),
        within=_W,
    ),
    Fault(
        id="M-CFG-02",
        family=_LOGIC,
        kind="meta",
        breaks="the settings expect nothing of anything",
        stage=tried(without_expectations),
        within=_W,
    ),
    Fault(
        id="M-CFG-09",
        family=_LOGIC,
        kind="meta",
        breaks="a check has lost its assertion",
        stage=tried(without_teeth),
        within=_W,
    ),
    Fault(
        id="M-CFG-04",
        family=_LOGIC,
        kind="meta",
        breaks="a variable that everything needs is not set",
        stage=tried(coded(69, env={"TWIN_HOME": os.devnull + "/nowhere"})),
        within=_W,
    ),
    Fault(
        id="INF-02",
        family="Account, IAM, stack",
        breaks="everything is in another region",
        promise="identity.region",
        stage=tried(elsewhere),
    ),
    Fault(
        id="B-RUN-02",
        family=_TIME,
        kind="benign",
        breaks="another time zone, and no language",
        stage=tried(coded(0, *_FEW, env=_ELSEWHERE)),
    ),
    Fault(
        id="B-RUN-03",
        family=_TIME,
        kind="benign",
        breaks="no terminal, no colours, a narrow line",
        stage=tried(plain_output),
    ),
    Fault(id="B-RUN-04", family=_TIME, kind="benign", breaks="two runs at the same time", stage=tried(two_at_once)),
)
