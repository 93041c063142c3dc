"""One measurement of faults over several twins: each is put up, deployed to and broken by a process of its own.

A share is every so many'th fault, as in ``--share 2/3``: no two twins see the same one, and what is slow is spread over
all of them, since the faults of a family stand together. Another machine can take a share just as well.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import IO, TextIO

from checks.twin.faults import matrix
from checks.twin.faults.words import Fault, Row

_TICK = 0.2
_MEASURED, _VOID, _INTERRUPTED = (0, 1), 3, 130


@dataclass(frozen=True, slots=True)
class Share:
    """The *number*'th, from one, of so many shares; ``1/1`` is all."""

    number: int
    of: int

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"

    def among(self, faults: Sequence[Fault]) -> list[Fault]:
        """What of *faults* is in this share."""
        return list(faults[self.number - 1 :: self.of])


WHOLE = Share(1, 1)


def share(said: str) -> Share:
    """What ``--share`` says. Raises ArgumentTypeError."""
    number, _, of = said.partition("/")
    if number.isdecimal() and of.isdecimal() and 1 <= int(number) <= int(of):
        return Share(int(number), int(of))
    raise argparse.ArgumentTypeError(f"{said!r} is no share; expected K/N with 1 <= K <= N, such as 1/2")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """*rows* that were measured, in no order, and of each share that is not whole the code that it ended with."""

    rows: tuple[Row, ...]
    broken: dict[Share, int]


def measure(
    faults: Sequence[Fault],
    *,
    homes: Sequence[Path],
    put_up: Callable[[Path], None],
    put_down: Callable[[Path], None],
    command: Sequence[str],
    err: TextIO,
) -> Shared:
    """Measure a share of *faults* below each of *homes*, the first of which holds a deployed twin already.

    The others are put up before, one after the other, and down again whatever happens. *command* measures what
    ``--share K/N`` says on the twin below TWIN_HOME and writes the matrix to ``--json``; what it complains of goes to
    *err*. An interrupt is passed on, so that each process keeps what it has.
    """
    ended: dict[Share, int] = {}
    with contextlib.ExitStack() as there:
        for home in homes[1:]:
            there.callback(put_down, home)
            put_up(home)
        with contextlib.suppress(KeyboardInterrupt), contextlib.ExitStack() as working:
            started = [
                working.enter_context(_working(Share(number, len(homes)), home, command, ended, err))
                for number, home in enumerate(homes, start=1)
            ]
            # Not waited for without an end: a signal that comes just before the wait begins would be heard after it.
            while any(each.poll() is None for each in started):
                time.sleep(_TICK)
    return _gathered(faults, homes, ended)


@contextlib.contextmanager
def _working(
    mine: Share, home: Path, command: Sequence[str], ended: dict[Share, int], err: TextIO
) -> Iterator[subprocess.Popen[str]]:
    """A process that is gone afterwards, told how it *ended*; what it tells stands behind its share's number."""
    file = _file(home)
    file.unlink(missing_ok=True)
    # A session of its own: an interrupt of the terminal would reach it twice, and cut off what it writes at the first.
    with subprocess.Popen(
        [*command, "--share", str(mine), "--json", str(file)],
        env={**os.environ, "TWIN_HOME": str(home)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        listening = Thread(target=_pass_on, args=(process.stderr, f"[{mine}] ", err), daemon=True)
        try:
            listening.start()
            yield process
        finally:
            if process.poll() is None:
                # Not SIGINT, which whoever is started in the background is deaf to.
                process.terminate()
            ended[mine] = process.wait()
            listening.join()


def _pass_on(lines: IO[str] | None, before: str, err: TextIO) -> None:
    err.writelines(f"{before}{line}" for line in lines or ())


def _gathered(faults: Sequence[Fault], homes: Sequence[Path], ended: dict[Share, int]) -> Shared:
    rows: list[Row] = []
    broken: dict[Share, int] = {}
    for number, home in enumerate(homes, start=1):
        mine = Share(number, len(homes))
        wanted = {each.id for each in mine.among(faults)}
        measured = [each for each in matrix.read(_file(home)) if each.id in wanted]
        rows += measured
        code = ended.get(mine, _INTERRUPTED)
        # A share of which nothing could be staged is void by itself, and whole.
        unfit = code == _VOID and all(each.outcome == "unfit" for each in measured)
        if len(measured) < len(wanted) or not (unfit or code in _MEASURED):
            broken[mine] = code
    return Shared(rows=tuple(rows), broken=broken)


def _file(home: Path) -> Path:
    return home / "share.json"
