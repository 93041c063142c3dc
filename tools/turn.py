"""One at a time: a lock between processes that says whom it waits for."""

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

_LOOKS, _A_MOMENT_S = 200, 0.01


@contextmanager
def turn(lock: Path, *, who: str, say: Callable[[str], None]) -> Iterator[int]:
    """Hold `lock` within the block; while another process holds it, say once which one, and wait.

    The block gets the lock's descriptor: a child that inherits it holds the lock too.

    The kernel holds the lock, so that a killed holder leaves nothing behind but the file's text.
    The file itself stays: two processes would hold two locks if one of them removed it.
    """
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("a+", encoding="utf-8") as file:
        _await_turn(file, say)
        file.truncate(0)
        file.write(f"{who}, process {os.getpid()}")
        file.flush()
        try:
            yield file.fileno()
        finally:
            # The next holder is not to be taken for this one before it has written its own name.
            file.truncate(0)


def _await_turn(file: TextIO, say: Callable[[str], None]) -> None:
    name = ""
    for _ in range(_LOOKS):
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            if name := file.read():
                break
            # Whoever holds it has yet to write who that is.
            time.sleep(_A_MOMENT_S)
        else:
            return
    say(f"waiting for {name or 'another process'} to finish")
    fcntl.flock(file, fcntl.LOCK_EX)
