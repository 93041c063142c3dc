"""How far a run is, for whoever watches: a display that redraws itself on a terminal, plain lines in a log."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TextIO

from checks.model import Status
from checks.report.text import plain
from checks.run import Progress
from checks.settling import Pending
from checks.wording import span

if TYPE_CHECKING:
    from rich.console import RenderableType

_TOLD: tuple[Status, ...] = ("fail", "unknown", "not_yet")
# A log needs no line a second; whoever reads it later wants to see that something went on.
_BETWEEN_LINES = timedelta(seconds=30)
_MOST = 8


@dataclass(slots=True)
class Watch:
    """Takes note of a run's progress and shows it with *show*, which is called once more, with None, at its end."""

    total: int
    show: Callable[[Watch | None], None]
    seen: dict[str, Status] = field(default_factory=dict)
    left: tuple[str, ...] = ()
    settling: tuple[Pending, ...] = ()

    def __call__(self, progress: Progress) -> None:
        """Take note of *progress*, and show it."""
        if progress.result is not None:
            self.seen[progress.result.name] = progress.result.status
        self.left, self.settling = progress.left, progress.settling
        self.show(self)

    def done(self) -> None:
        """Take away what was shown."""
        self.show(None)


def watching(out: TextIO, total: int) -> Watch:
    """What shows a run of *total* checks on *out*: with rich where it is installed and *out* is a terminal.

    Into a pipe or a file only what is waited for is written, in whole lines and without any escape.
    """
    if not out.isatty():
        return Watch(total=total, show=_Lines(out))
    try:
        return Watch(total=total, show=_Display(out))
    except ImportError:
        return Watch(total=total, show=_OneLine(out))


def counted(watch: Watch) -> str:
    """``120/449 looked at · 1 fail · waiting for …``."""
    many = Counter(watch.seen.values())
    words = [f"{len(watch.seen)}/{watch.total} looked at"]
    words += [f"{many[status]} {status.replace('_', ' ')}" for status in _TOLD if many[status]]
    if watch.left:
        words.append(f"waiting for {watch.left[0]}")
    return plain(" · ".join(words))


def waited(pending: Pending) -> str:
    """``cdn.deployed[E1], 2 min of 20 min (Distribution.Status)``."""
    limit = f" of {span(pending.within)}" if pending.within else ""
    signal = f" ({pending.signal})" if pending.signal else ""
    return plain(f"{pending.check}, {span(pending.waited)}{limit}{signal}")


def _longest(settling: Sequence[Pending]) -> list[Pending]:
    return sorted(settling, key=lambda each: -each.waited)


@dataclass(slots=True)
class _Lines:
    """A line when waiting begins, and then now and again."""

    out: TextIO
    next: timedelta = timedelta(0)

    def __call__(self, watch: Watch | None) -> None:
        if watch is None or not watch.settling:
            return
        longest = _longest(watch.settling)
        if longest[0].waited < self.next:
            return
        self.next = longest[0].waited + _BETWEEN_LINES
        self.out.writelines(f"still settling: {waited(each)}\n" for each in longest[:_MOST])
        more = len(longest) - _MOST
        if more > 0:
            self.out.write(f"still settling: {more} more\n")
        self.out.flush()


@dataclass(slots=True)
class _OneLine:
    """One line of a terminal, drawn anew each time."""

    out: TextIO

    def __call__(self, watch: Watch | None) -> None:
        line = ""
        if watch is not None:
            longest = _longest(watch.settling)
            line = f"{counted(watch)} · still settling: {waited(longest[0])}" if longest else counted(watch)
        self.out.write(f"\r\x1b[K{line[:100]}")
        self.out.flush()


class _Display:
    """Several lines of a terminal: a bar, what came of it so far, and everything that is waited for."""

    def __init__(self, out: TextIO) -> None:
        from rich.console import Console
        from rich.live import Live

        console = Console(file=out, highlight=False, markup=False, emoji=False)
        self.live = Live(
            console=console, transient=True, refresh_per_second=8, redirect_stdout=False, redirect_stderr=False
        )
        self.live.start()

    def __call__(self, watch: Watch | None) -> None:
        if watch is None:
            self.live.stop()
        else:
            self.live.update(_drawn(watch))


def _drawn(watch: Watch) -> RenderableType:
    from rich.console import Group
    from rich.progress_bar import ProgressBar
    from rich.text import Text

    parts: list[Any] = [
        ProgressBar(total=max(watch.total, 1), completed=len(watch.seen), width=40),
        Text(counted(watch)),
    ]
    longest = _longest(watch.settling)
    parts += [Text(f"  still settling: {waited(each)}", style="cyan") for each in longest[:_MOST]]
    if len(longest) > _MOST:
        parts.append(Text(f"  still settling: {len(longest) - _MOST} more", style="cyan"))
    return Group(*parts)
