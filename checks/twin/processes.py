"""Starts, recognises and stops the twin's processes; a pid counts as ours only with its start time."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from checks.twin.state import CannotStart, Process

# The folder that holds the `checks` package: the parts must find it from whatever directory they are started in.
_PACKAGE_ROOT = Path(__file__).resolve().parents[2]
_LOOK_AGAIN = 0.01
_SWEPT_WITHIN = 3.0
# In the environment of each part and of its children, and of nothing else.
_MARK = "TWIN_PART_OF"


def launch(
    part: str, *, folder: Path, environment: Mapping[str, str], arguments: Mapping[str, object], patience: float
) -> tuple[Process, dict[str, object]]:
    """Start `checks.twin.<part>` and wait until it has said where it listens.

    Gives the process and what it reported. Raises CannotStart with its last words when it ends or stays silent.
    """
    ready, log = folder / f"{part}.ready", folder / f"{part}.log"
    ready.unlink(missing_ok=True)
    command = [sys.executable, "-m", f"checks.twin.{part}", json.dumps({**arguments, "ready": str(ready)})]
    own = {"PYTHONPATH": str(_PACKAGE_ROOT), _MARK: str(folder)}
    with log.open("ab") as out:
        child = subprocess.Popen(
            command, env={**environment, **own}, cwd=folder, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
            start_new_session=True, close_fds=True,
        )  # fmt: skip
    process = Process(pid=child.pid, born=_born(child.pid) or "")
    try:
        silent = _wait(child, ready, patience)
    except BaseException:
        # Ctrl-C: what was started here and is known to nobody else must not stay.
        stop(process)
        raise
    finally:
        # The part outlives this process or is waited for by pid (`alive`); Popen would warn about either.
        child.returncode = child.returncode or 0
    if silent:
        stop(process)
        raise CannotStart(f"the twin's {part} {silent}: {_last_words(log)}")
    report = json.loads(ready.read_text())
    if not isinstance(report, dict):
        raise CannotStart(f"the twin's {part} reported {report!r}, an object was expected")
    return process, report


def _wait(child: subprocess.Popen[bytes], ready: Path, patience: float) -> str:
    """Nothing once the part has reported; what it did instead otherwise."""
    limit = time.monotonic() + patience
    while not ready.exists():
        if child.poll() is not None:
            return f"ended with {child.returncode}"
        if time.monotonic() > limit:
            return f"said nothing for {patience:.0f} s"
        time.sleep(_LOOK_AGAIN)
    return ""


def report_ready(path: str, report: Mapping[str, object]) -> None:
    """Said by a part when it listens: the file appears whole."""
    target = Path(path)
    beside = target.with_name(f".{target.name}")
    beside.write_text(json.dumps(report))
    beside.replace(target)


def alive(process: Process) -> bool:
    """The process runs and is the one that we started."""
    return bool(process.born) and _born(process.pid) == process.born


def stop(process: Process, *, patience: float = 3.0, pause: Callable[[float], None] = time.sleep) -> None:
    """End the process and its children (each part leads a group of its own), politely first."""
    for sign, seconds in ((signal.SIGTERM, patience), (signal.SIGKILL, patience)):
        if not alive(process):
            break
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, sign)
        limit = time.monotonic() + seconds
        while alive(process) and time.monotonic() < limit:
            pause(_LOOK_AGAIN)


def sweep(folder: Path, *, spare: Iterable[Process] = ()) -> None:
    """End whatever was started for the twin of this folder and is known to nobody any more.

    A part that an interrupted `up` did not write down, a function's worker whose emulator was killed: each carries the
    folder in its environment, so no foreign process can be meant. *spare* are parts that live on, with their children.
    Where the kernel does not show environments (outside Linux) nothing is swept.
    """
    sessions = {process.pid for process in spare}
    mark = f"{_MARK}={folder}".encode()
    ended = []
    for seen in Path("/proc").glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):
            pid = int(seen.parent.name)
            if mark in seen.read_bytes().split(b"\0") and os.getsid(pid) not in sessions:
                ended.append(Process(pid=pid, born=_born(pid) or ""))
                os.kill(pid, signal.SIGKILL)
    limit = time.monotonic() + _SWEPT_WITHIN
    while any(alive(each) for each in ended) and time.monotonic() < limit:
        time.sleep(_LOOK_AGAIN)


def _born(pid: int) -> str | None:
    """The start time of a running process in the kernel's own words; None when there is none, or only its corpse."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
    stat = Path(f"/proc/{pid}/stat")
    if Path("/proc/self/stat").exists():
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            return None
        state, started = fields[0], fields[19]
        return None if state in "ZX" else f"{_boot()}-{started}"
    shown = subprocess.run(
        ["/bin/ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
    ).stdout.strip()
    return None if not shown or shown.startswith("Z") else shown.partition(" ")[2].strip()


def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def _last_words(log: Path) -> str:
    lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
    return f"{lines[-1].strip()} (all of it: {log})" if lines else f"no output ({log})"
