"""A number that moves whenever the twin's AWS is changed, read for nothing by everybody else.

The emulator adds one after each change; the edge and the name servers compare before each answer and ask the APIs
again only when it moved. Eight bytes of a shared file mapping: no socket, no poll, no wait.
"""

from __future__ import annotations

import mmap
import struct
import threading
from collections.abc import Callable
from pathlib import Path

_NUMBER = struct.Struct("<Q")


def create(path: Path) -> None:
    """Lay down the number at zero, unless it exists: readers may hold the old mapping."""
    if not path.exists() or path.stat().st_size < _NUMBER.size:
        path.write_bytes(_NUMBER.pack(0))


def reader(path: Path) -> Callable[[], int]:
    """A function that gives the number as it is now."""
    with path.open("rb") as file:
        view = mmap.mmap(file.fileno(), _NUMBER.size, access=mmap.ACCESS_READ)

    def now() -> int:
        number: int = _NUMBER.unpack_from(view)[0]
        return number

    return now


def writer(path: Path) -> Callable[[], None]:
    """A function that moves the number on. One process writes; its threads take turns."""
    with path.open("r+b") as file:
        view = mmap.mmap(file.fileno(), _NUMBER.size)
    turn = threading.Lock()

    def move() -> None:
        with turn:
            _NUMBER.pack_into(view, 0, _NUMBER.unpack_from(view)[0] + 1)

    return move
