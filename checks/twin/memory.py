"""How much memory a process holds, in the kernel's own words."""

from __future__ import annotations

import os
from pathlib import Path


def resident(pid: int | None = None) -> int:
    """The bytes that the process, ours without *pid*, has in memory; 0 where no kernel tells (outside Linux)."""
    try:
        pages = Path(f"/proc/{pid or 'self'}/statm").read_text().split()[1]
    except (OSError, IndexError):
        return 0
    return int(pages) * os.sysconf("SC_PAGE_SIZE")
