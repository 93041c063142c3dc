"""How a deploy ends early: one line that names the cause and the cure, and an exit code that says whose turn it is."""

from __future__ import annotations

BROKEN = 1
WAITING = 2
USAGE = 64
NO_TOOLS = 69
INTERRUPTED = 130


class Stop(Exception):
    """The deploy cannot go on. `code` is the process's exit code; what was done so far is kept and found again."""

    def __init__(self, cause: str, cure: str, *, code: int = BROKEN) -> None:
        super().__init__(f"{cause}. {cure}")
        self.cause = cause
        self.code = code
