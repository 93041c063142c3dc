"""`python -m checks.twin`: the twin by itself, for those who need nothing else of the harness."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Sequence

from checks import twin
from checks.twin import CannotStart, TwinIsDown

_UNAVAILABLE, _USAGE = 69, 64


def main(argv: Sequence[str], *, harness_actions: Sequence[str] = ()) -> int:
    """Do what the words say; gives the exit code. *harness_actions* is what the harness's role may do after `up`."""
    try:
        return _do(_parser().parse_args(argv), harness_actions)
    except SystemExit as leaving:
        return _USAGE if leaving.code else 0
    except (CannotStart, TwinIsDown) as error:
        print(f"twin: {error}", file=sys.stderr)  # noqa: T201 - a door
        return _UNAVAILABLE
    except twin.BadDelegation as error:
        print(f"twin: {error}", file=sys.stderr)  # noqa: T201 - a door
        return _USAGE


def _do(words: argparse.Namespace, harness_actions: Sequence[str]) -> int:
    if words.what == "up":
        _say(_summary(twin.up(name=words.name, say=_aside, harness_actions=harness_actions)))
    elif words.what == "down":
        twin.down(name=words.name, say=_aside)
    elif words.what == "status":
        return _tell_status(words.name)
    elif words.what == "env":
        sys.stdout.write(twin.env_lines(twin.read(name=words.name, whole=True)))
    elif words.what == "delegate":
        twin.delegate(twin.read(name=words.name, whole=True), words.domain, words.server)
    elif words.what == "run":
        running = twin.read(name=words.name, whole=True)
        return _run(words.command[1:] if words.command[:1] == ["--"] else words.command, running)
    return 0


def _run(command: Sequence[str], running: twin.Twin) -> int:
    if not command:
        _aside("run: a command was expected after --")
        return _USAGE
    try:
        return subprocess.run(command, env=twin.environment(running), check=False).returncode
    except OSError as error:
        _aside(f"{command[0]}: {error.strerror}")
        return _UNAVAILABLE


def _tell_status(name: str) -> int:
    seen = twin.status(name=name)
    for part, runs in seen.parts.items():
        _say(f"{part:14} {'running' if runs else 'dead' if seen.exists else 'absent'}")
    return 0 if seen.up else 1


def _summary(running: twin.Twin) -> str:
    edge, plain, names = ("{}:{}".format(*each) for each in (running.edge, running.edge_http, running.dns))
    age = "empty" if running.fresh else "as it was"
    return f"twin {running.name} is up ({age}): AWS {running.endpoint}, edge {edge} and {plain}, DNS {names}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="twin", description="A local AWS with an edge and a DNS.")
    parser.add_argument("--name", default=os.environ.get("TWIN_NAME") or "local")
    what = parser.add_subparsers(dest="what", required=True)
    for word in ("up", "down", "status", "env"):
        what.add_parser(word)
    run = what.add_parser("run")
    run.add_argument("command", nargs=argparse.REMAINDER)
    delegate = what.add_parser("delegate")
    delegate.add_argument("domain")
    delegate.add_argument("server", nargs="*")
    return parser


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - a door


def _aside(text: str) -> None:
    print(f"twin: {text}", file=sys.stderr, flush=True)  # noqa: T201 - a door


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
