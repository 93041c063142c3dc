"""What is shown while something takes long: one line per step, and on a terminal what it is at."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

_WIDTH = 19
_GLANCE_S = 0.5
_LONGEST = 90
_CLEAR = "\r\x1b[2K"


@contextmanager
def step(name: str, *, log: Path | None = None) -> Iterator[Callable[[str], None]]:
    """One line on screen per step: its name, what came of it, and how long it took.

    On a terminal the name is there from the start, with the newest line of `log` beside it. A step that fails has no
    line: what went wrong is told by whoever catches it.
    """
    started = time.monotonic()
    said: list[str] = []
    done = threading.Event()
    watcher = threading.Thread(target=_watch, args=(name, log, started, done), daemon=True)
    shown = sys.stdout.isatty()
    if shown:
        watcher.start()
    try:
        yield said.append
    finally:
        done.set()
        if shown:
            watcher.join()
            sys.stdout.write(_CLEAR)
    sys.stdout.write(f"{name:<{_WIDTH}}{' '.join(said)}  ({time.monotonic() - started:.1f} s)\n")
    sys.stdout.flush()


def _watch(name: str, log: Path | None, started: float, done: threading.Event) -> None:
    while not done.wait(_GLANCE_S):
        newest = _newest_line(log) if log else ""
        line = f"{name:<{_WIDTH}}{time.monotonic() - started:4.0f} s  {newest}"
        sys.stdout.write(f"{_CLEAR}{line[:_LONGEST]}")
        sys.stdout.flush()


def _newest_line(log: Path) -> str:
    try:
        lines = log.read_text("utf-8", "replace").splitlines()
    except OSError:
        return ""
    return next((line.strip() for line in reversed(lines) if line.strip()), "")
