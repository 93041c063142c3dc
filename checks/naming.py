"""Names of checks and the patterns that match them."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable


@functools.cache
def _pattern(pattern: str) -> re.Pattern[str]:
    return re.compile(
        "".join(".*" if part == "*" else re.escape(part) for part in re.split(r"(\*)", pattern)), re.DOTALL
    )


def glob(pattern: str, name: str) -> bool:
    """Whether *name* fits *pattern*; ``*`` stands for anything, every other character (brackets too) for itself."""
    return pattern == name if "*" not in pattern else _pattern(pattern).fullmatch(name) is not None


def fits(patterns: Iterable[str]) -> Callable[[str], bool]:
    """Whether a name fits any of *patterns*.

    A plan is narrowed down by its own names, a hundred of them beside a thousand: these are looked up, not compared.
    """
    given = tuple(patterns)
    names = frozenset(given)
    wide = tuple(each for each in given if "*" in each)
    return lambda name: name in names or any(glob(each, name) for each in wide)


def subject_of(name: str) -> str:
    """The part of a check's name between its brackets."""
    return name.partition("[")[2].removesuffix("]")


def host_of(name: str) -> str:
    """The host of a check whose subject is a host or a host with a path."""
    return subject_of(name).partition("/")[0]


def fill(pattern: str, name: str) -> str:
    """A pattern whose ``{subject}`` and ``{host}`` are those of the check called *name*."""
    return pattern.replace("{subject}", subject_of(name)).replace("{host}", host_of(name))
