"""The options and the values that several commands share."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

_SPAN = re.compile(r"(\d+(?:\.\d+)?)([smh]?)")
_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600}

Commands = Any  # argparse keeps the type of what add_subparsers gives to itself


def span(text: str) -> timedelta:
    """A duration such as ``90``, ``90s``, ``20m`` or ``1.5h``."""
    found = _SPAN.fullmatch(text)
    if not found:
        raise argparse.ArgumentTypeError(f"{text!r} is not a duration such as 90s, 20m or 1h")
    return timedelta(seconds=float(found[1]) * _SECONDS[found[2]])


def percentage(text: str) -> float:
    """A number from 0 to 100."""
    try:
        number = float(text.removesuffix("%"))
    except ValueError:
        number = -1
    if not 0 <= number <= 100:  # noqa: PLR2004 - a percentage
        raise argparse.ArgumentTypeError(f"{text!r} is not a percentage such as 95")
    return number


def command(commands: Commands, name: str, does: str, *examples: str) -> argparse.ArgumentParser:
    """A sub-command whose help ends in *examples*, each as it is typed behind ``python -m checks``."""
    lines = "".join(f"  python -m checks {each}\n" for each in examples)
    made: argparse.ArgumentParser = commands.add_parser(
        name,
        help=does,
        description=f"{does[0].upper()}{does[1:]}.",
        epilog=f"examples:\n{lines}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    return made


def add_target(parser: argparse.ArgumentParser) -> None:
    """``--target``."""
    parser.add_argument(
        "--target", required=True, metavar="T", help="a settings file, or a name sought in targets/ and checks/targets/"
    )


def add_documents(parser: argparse.ArgumentParser) -> None:
    """The files that a run can be told in."""
    parser.add_argument("--json", type=Path, metavar="F", help="write the run document there")
    parser.add_argument("--junit", type=Path, metavar="F", help="write JUnit XML there")
    parser.add_argument("--html", type=Path, metavar="F", help="write one page for people there")
    parser.add_argument("--prometheus", type=Path, metavar="F", help="write metrics for a textfile collector there")
    parser.add_argument("--summary", type=Path, metavar="F", help='add a summary there, such as "$GITHUB_STEP_SUMMARY"')
    parser.add_argument("--annotate", action="store_true", help="print annotations for GitHub before the report")


def selection(only: Sequence[str] | None, severity: str | None) -> tuple[str, ...] | None:
    """What a run is narrowed to; None for a whole one.

    A word without brackets and stars is a promise or a family: ``tables.pitr`` is ``tables.pitr[*]``, ``tables`` is
    ``tables.*``.
    """
    patterns = [_whole(each) for each in only or ()]
    patterns += [f"severity={severity}"] if severity else []
    return tuple(patterns) or None


def _whole(pattern: str) -> str:
    if "*" in pattern or "[" in pattern:
        return pattern
    return f"{pattern}[*]" if "." in pattern else f"{pattern}.*"
