"""`make deploy`, `make verify` and the rest of operating: the doors in the right order, one run per target at a time.

A deployment on the twin is rehearsed whole: the twin is started and deployed to before anybody looks.
A deployment on AWS is only ever changed by the verb that says so.
"""

import argparse
import re
import signal
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path

from tools.turn import turn

Command = tuple[str, ...]

TURNS = Path(".build/turns")
NO_VERIFY = "--no-verify"
# What an edge and its name servers are given to follow a deploy on AWS.
_PATIENCE = ("--wait", "20m")


def main(argv: Sequence[str] | None = None) -> int:
    """The exit code of the first command that fails, else 0."""
    parser = argparse.ArgumentParser(prog="python -m tools.deployment", description=__doc__)
    parser.add_argument("verb")
    parser.add_argument("target")
    asked, more = parser.parse_known_args(argv)
    lock = TURNS / re.sub(r"\W+", "-", asked.target)
    with turn(lock, who=f"make {asked.verb} TARGET={asked.target}", say=_say):
        return run(steps(asked.verb, asked.target, *more, on_twin=is_twin(asked.target)))


def steps(verb: str, target: str, *more: str, on_twin: bool) -> tuple[Command, ...]:
    """What has to be run, in this order; `more` are the words of the verb itself."""
    verify: Command = ("checks", "verify", "--target", target, *(() if on_twin else _PATIENCE))
    if verb == "verify" and not on_twin:
        return (verify[:4],)
    if verb not in {"deploy", "verify"}:
        return (_reached(_operation(verb, target, more), on_twin=on_twin),)
    deploy = _reached(("khaya_infra.deploy", "--target", target), on_twin=on_twin)
    rehearsed: tuple[Command, ...] = (("checks", "twin", "up"), deploy) if on_twin else (deploy,)
    return rehearsed if NO_VERIFY in more else (*rehearsed, verify)


def _operation(verb: str, target: str, more: Sequence[str]) -> Command:
    if verb.startswith("deploy-"):
        return ("khaya_infra.deploy", "--target", target, "--only", verb.removeprefix("deploy-"), *more)
    return ("khaya_infra.operate", verb, "--target", target, *more)


def _reached(command: Command, *, on_twin: bool) -> Command:
    """The command as it is run by `python -m`: within the twin's own environment where that is the target."""
    return ("checks", "twin", "run", "--", sys.executable, "-m", *command) if on_twin else command


def run(commands: Sequence[Command]) -> int:
    """Run each as `python -m` up to the first that fails; its code, or 128 + n where signal n ended it."""
    for command in commands:
        code = _call([sys.executable, "-m", *command])
        if code != 0:
            return code if code > 0 else 128 - code
    return 0


def _call(command: Sequence[str]) -> int:
    with subprocess.Popen(command) as process:
        # The command decides what an interrupt means and keeps what it has: a terminal sends it one as well,
        # and what is sent to us alone is passed on. We wait.
        previous = {
            signal.SIGINT: signal.signal(signal.SIGINT, lambda *_: None),
            signal.SIGTERM: signal.signal(signal.SIGTERM, lambda *_: process.terminate()),
        }
        try:
            return process.wait()
        finally:
            for number, handler in previous.items():
                signal.signal(number, handler)


def is_twin(target: str) -> bool:
    """Whether the target's settings say `twin = true`.

    Settings that are absent or unreadable are nobody's twin: the command that reads them next names what
    is wrong.
    """
    places = (Path(target), Path("targets", f"{target}.toml"), Path("checks", "targets", f"{target}.toml"))
    settings = next((place for place in places if place.is_file()), None)
    if settings is None:
        return False
    try:
        return tomllib.loads(settings.read_text(encoding="utf-8")).get("twin") is True
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        return False


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
