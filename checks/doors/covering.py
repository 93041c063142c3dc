"""``coverage``: what of a target the plan proves, every resource and every hop by name."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from checks.doors.options import Commands, add_target, command, percentage

if TYPE_CHECKING:
    from checks.coverage import Coverage, Row

_BROKEN, _UNSEEN, _VOID = 1, 2, 3
_SHOWN = 3


def add(commands: Commands) -> None:
    """Teach the command line the words."""
    parser = command(
        commands,
        "coverage",
        "what of the target the plan proves: every resource and every hop, verified, waived or unverified",
        "coverage --target local",
        "coverage --target prod --fail-under 95 --json coverage.json",
    )
    add_target(parser)
    parser.add_argument(
        "--fail-under",
        type=percentage,
        metavar="N",
        help="exit with 1 when less than N per cent of the rows are verified",
    )
    parser.add_argument("--json", type=Path, metavar="F", help="write the rows there")


def tell(asked: argparse.Namespace, out: TextIO, err: TextIO) -> int:
    """Print the rows, what is open first; 1 below the line that was drawn, 2 when the stacks could not be read."""
    from checks.doors import assembly
    from checks.target import find, read

    settings = read(find(asked.target))
    ready = assembly.prepare(settings, assembly.connect(settings))
    ready.pool.close()
    if ready.coverage is None:
        err.write(f"checks: {ready.notes[0]}; what is covered follows from the stacks\n")
        return _UNSEEN
    if asked.json and (error := _kept(ready.coverage, asked.json)):
        err.write(f"checks: {asked.json} could not be written ({error}); name a place that can be\n")
        return _VOID
    out.write(as_text(ready.coverage))
    share = ready.coverage.share("verified")
    if asked.fail_under is not None and share < asked.fail_under:
        err.write(
            f"checks: {share:.1f} % of the rows are verified, expected at least {asked.fail_under:g} %; "
            "give the unverified rows above checks, or waive them\n"
        )
        return _BROKEN
    return 0


def as_text(known: Coverage) -> str:
    """A line for each row: resources first, then hops; within both what is open first."""
    from checks.coverage import STATES

    lines = []
    for kind, title in (("resource", "resources"), ("edge", "hops")):
        for state in reversed(STATES):
            lines += [_line(each) for each in known.of(state, kind)]
        counted = ", ".join(f"{len(known.of(state, kind))} {state}" for state in STATES)
        lines += [f"{title}: {counted}", ""]
    shares = ", ".join(f"{known.share(state):.1f} % {state}" for state in STATES)
    return "\n".join([*lines, f"{len(known.rows)} rows: {shares}", ""])


def _line(row: Row) -> str:
    from checks.report.text import plain

    names = [each.partition("[")[0] for each in row.checks]
    several = list(dict.fromkeys(names))
    shown = ", ".join(several[:_SHOWN]) + (f" and {len(several) - _SHOWN} more" if len(several) > _SHOWN else "")
    return plain(f"{row.state:<10}  {row.type:<36}  {row.name}  ({row.why or shown})")


def _kept(known: Coverage, path: Path) -> OSError | None:
    import json

    from checks.coverage import to_json
    from checks.report import files

    try:
        files.put(json.dumps(to_json(known), indent=1) + "\n", path)
    except OSError as error:
        return error
    return None
