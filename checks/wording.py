"""How a judge puts what it saw into words: hostile text harmless, lists short, durations readable."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

LONGEST = 160
MOST = 8


def quote(text: str, limit: int = LONGEST) -> str:
    """At most *limit* characters of *text* on one line, all that a terminal could obey written as an escape."""
    short = text[:limit]
    safe = "".join(each if each.isprintable() else f"\\u{ord(each):04x}" for each in short)
    return safe if len(text) <= limit else f"{safe}…"


def several(items: Iterable[str], limit: int = MOST) -> str:
    """``a, b``; ``a, b and 3 more`` beyond *limit* of them; ``none`` for nothing."""
    every = [quote(item) for item in items]
    shown = ", ".join(every[:limit]) or "none"
    return shown if len(every) <= limit else f"{shown} and {len(every) - limit} more"


def span(length: timedelta) -> str:
    """The two largest units of a duration: ``6 d 23 h``, ``15 min``, ``0 s``; the sign is left out."""
    whole = abs(length)
    seconds = whole.days * 86_400 + whole.seconds
    units = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))
    words = []
    for name, size in units:
        count, seconds = divmod(seconds, size)
        if count:
            words.append(f"{count} {name}")
    return " ".join(words[:2]) or "0 s"


def left_out(gaps: Iterable[str]) -> str:
    """What a comparison had to leave out, to be put behind what it expects; empty when nothing was."""
    every = tuple(gaps)
    return f" (not compared: {several(every, 3)})" if every else ""
