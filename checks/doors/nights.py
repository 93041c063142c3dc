"""The command line about runs over time: canary, fleet, history, gate. Light, since --help reads it."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, TextIO

from checks.doors.options import command

Command = Callable[[argparse.Namespace, TextIO, TextIO], int]
Add = Callable[[argparse.ArgumentParser], None]


def add_to(commands: Any, *, target: Add, documents: Add, span: Callable[[str], timedelta]) -> None:  # noqa: ANN401 - argparse's own type is private
    """Add the four commands. *target* and *documents* add the words that they share with others."""
    canary = command(
        commands,
        "canary",
        "write what a nightly canary takes along: settings, plan, policy",
        "canary --target prod --folder build/canary",
    )
    target(canary)
    canary.add_argument("--folder", type=Path, required=True, metavar="D", help="write it there")
    fleet = command(
        commands,
        "fleet",
        "write the lists of targets that a fleet looks at",
        "fleet --folder build/fleet targets/*.toml",
    )
    fleet.add_argument("targets", nargs="+", metavar="T", help="a settings file, or the name of one")
    fleet.add_argument(
        "--folder", type=Path, required=True, metavar="D", help="write targets.json and accounts.json there"
    )
    history = command(
        commands,
        "history",
        "the runs that were kept, night by night",
        "history --target prod",
        "history --target prod --nights 90 --html trend.html",
    )
    target(history)
    _add_from(history)
    history.add_argument("--nights", type=int, default=30, metavar="N", help="how far back (30)")
    history.add_argument("--html", type=Path, metavar="F", help="write the trend page there")
    history.add_argument("--json", type=Path, metavar="F", help="write the rows there")
    gate = command(
        commands,
        "gate",
        "verify a release, and say whether it may go on",
        "gate --target prod --release 4f2a91c --wait 20m",
        "gate --target prod --release 4f2a91c --why",
        "gate --target prod --simulate",
    )
    target(gate)
    _add_from(gate)
    _add_gate(gate, documents, span)


def _add_from(parser: argparse.ArgumentParser) -> None:
    where = "a folder of run documents, instead of what the canary's stack kept"
    parser.add_argument("--from", dest="folder", type=Path, metavar="D", help=where)


def _add_gate(gate: argparse.ArgumentParser, documents: Add, span: Callable[[str], timedelta]) -> None:
    documents(gate)
    gate.add_argument("--release", default="", metavar="SHA", help="the release that must be live")
    gate.add_argument("--wait", type=span, metavar="20m", help="how long things that still settle are given")
    gate.add_argument(
        "--phase", choices=("before", "after"), default="after", help="before users see the release, or after (after)"
    )
    gate.add_argument(
        "--require-recent", type=span, metavar="36h", help="how old the last nightly run may be (0: nobody asks)"
    )
    gate.add_argument("--owner", default="", help="who decides to release without a recent nightly run")
    gate.add_argument("--reason", default="", help="why")
    gate.add_argument("--keep", action="store_true", help="keep the run where the nights are kept, as evidence")
    gate.add_argument("--why", action="store_true", help="everything that led to the decision, and the policy")
    gate.add_argument(
        "--simulate", action="store_true", help="what the gate would have said of the runs that were kept"
    )
    gate.set_defaults(only=None, strict=False)


def _canary(asked: argparse.Namespace, out: TextIO, _: TextIO) -> int:
    from checks.doors.provisions import provide
    from checks.target import find, read

    plan = provide(read(find(asked.target)), asked.folder)
    out.write(f"{len(plan.checks)} checks, digest {plan.digest}, with settings and policy in {asked.folder}\n")
    return 0


def _fleet(asked: argparse.Namespace, out: TextIO, _: TextIO) -> int:
    from checks.doors.provisions import muster
    from checks.target import find, read

    accounts = muster([read(find(each)) for each in asked.targets], asked.folder)
    out.write(f"{len(asked.targets)} targets in {accounts} accounts, in {asked.folder}\n")
    return 0


def _history(asked: argparse.Namespace, out: TextIO, err: TextIO) -> int:
    from checks.doors.history import tell

    return tell(asked, out, err)


def _gate(asked: argparse.Namespace, out: TextIO, err: TextIO) -> int:
    from checks.doors import gate

    return gate.simulate(asked, out) if asked.simulate else gate.decide(asked, out, err)


COMMANDS: Mapping[str, Command] = {"canary": _canary, "fleet": _fleet, "history": _history, "gate": _gate}
