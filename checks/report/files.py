"""Puts a document where it was asked for, without harming what is there."""

from __future__ import annotations

from pathlib import Path


def put(text: str, path: Path) -> None:
    """Write *text* to *path* whole or not at all: a reader never meets half of it. Raises OSError.

    What is there and is no file (a pipe, a terminal, ``/dev/stdout``) is written to: a file in its place would take
    it away from everybody else on the machine.
    """
    there = path.resolve()
    if there.exists() and not there.is_file():
        there.write_text(text, encoding="utf-8")
        return
    there.parent.mkdir(parents=True, exist_ok=True)
    half = there.with_name(f".{there.name}.part")
    try:
        half.write_text(text, encoding="utf-8")
        half.replace(there)
    except BaseException:
        half.unlink(missing_ok=True)
        raise
