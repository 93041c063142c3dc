"""A release at the gate: it is judged, what the gate refuses is taken back, and what is then live is verified.

It goes back in two steps. Files and functions take seconds, and people are served again; then the template, with which
the stack says again what serves, and everything else of the release goes back too.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from khaya_infra import arrival, deploy, releases, rollback
from khaya_infra.stop import BROKEN, Stop
from khaya_infra.toolchain import ROOT

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from khaya_infra.arrival import Place
    from khaya_infra.releases import Release

# The names of the documents in the folder: what the gate saw, and what was seen of what it went back to.
JUDGED, BACK = "gate", "rollback"
_KINDS = (("json", "json"), ("junit", "xml"), ("html", "html"))

OPTIONS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("--release", {"metavar": "SHA", "help": "the commit; by default the one that is checked out"}),
    ("--wait", {"default": "20m", "metavar": "SPAN", "help": "how long things that still settle are given"}),
    ("--folder", {"metavar": "D", "help": "for the documents; by default beside the deployer's output"}),
    ("--require-recent", {"metavar": "SPAN", "help": "how old the last nightly run may be (0: nobody asks)"}),
    ("--owner", {"help": "who decides to release without a recent nightly run"}),
    ("--reason", {"help": "why"}),
    ("--summary", {"metavar": "F", "help": "add a summary there"}),
    ("--annotate", {"action": "store_true", "help": "print annotations for GitHub"}),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hearing:
    """Which release is judged, and how. `folder` gets documents, `words` are for the gate, `told` for every look."""

    release: str
    folder: Path
    wait: str
    words: tuple[str, ...] = ()
    told: tuple[str, ...] = ()


def hear(place: Place, asked: argparse.Namespace) -> Hearing:
    """The hearing that `OPTIONS` ask for; the run is kept beside the nights where there are any."""
    given = {"--require-recent": asked.require_recent, "--owner": asked.owner, "--reason": asked.reason}
    words = [word for name, value in given.items() if value for word in (name, value)]
    return Hearing(
        release=asked.release or arrival.checked_out_release(),
        folder=Path(asked.folder) if asked.folder else arrival.workroom(place.settings, os.environ) / "gate",
        wait=asked.wait,
        words=(*(["--keep"] if place.settings.canary else []), *words),
        told=(*(["--summary", asked.summary] if asked.summary else []), *(["--annotate"] if asked.annotate else [])),
    )


def keep_gate(place: Place, hearing: Hearing, *, say: Callable[[str], None]) -> int:
    """Judge a release that is deployed, and take it back if the gate says so; the gate's own exit code.

    A release that is held stays: it could not be decided, and nobody takes a good one back for that. `Stop` when what
    was refused cannot be taken back.
    """
    code = _look(place, hearing, "gate", JUDGED, "--release", hearing.release, "--why", *hearing.words)
    if action_of(hearing.folder) != "roll_back":
        return code
    with deploy.one_at_a_time(place.settings, f"a rollback of {place.settings.stage}"):
        say(_take_back(place, hearing, say))
    return code


def action_of(folder: Path) -> str:
    """What the gate decided, as its document says; empty when it came to no decision."""
    document = folder / f"{JUDGED}.json"
    if not document.is_file():
        return ""
    return str((json.loads(document.read_text("utf-8")).get("gate") or {}).get("action", ""))


def release_before(known: tuple[Release, ...], refused: str) -> Release:
    """The newest on record that is of another commit. `Stop` when there is none: then it is for people to repair."""
    for each in known:
        if not each.sha.startswith(refused):
            return each
    raise Stop(
        f"release {refused[:12]} is refused, and there is none before it on record",
        "Repair what the report names and deploy again",
        code=BROKEN,
    )


def _take_back(place: Place, hearing: Hearing, say: Callable[[str], None]) -> str:
    stack = place.settings.main.name
    to = release_before(releases.history(place.session.client("ssm"), stack), hearing.release).sha
    for whole_template in (False, True):
        rollback.roll_back(place, to=to, whole_template=whole_template, say=say)
    said = f"release {hearing.release[:12]} was refused and taken back; {to[:12]} is live"
    if _look(place, hearing, "verify", BACK, "--release", to) == 0:
        return f"{said}, and all is well"
    return f"{said}, what is left is in {hearing.folder / f'{BACK}.html'}"


def _look(place: Place, hearing: Hearing, verb: str, name: str, *words: str) -> int:
    """One run of the harness, its documents in the folder under *name*; its exit code."""
    hearing.folder.mkdir(parents=True, exist_ok=True)
    files = {kind: hearing.folder / f"{name}.{suffix}" for kind, suffix in _KINDS}
    # What an earlier run left there would be read as the word of this one.
    for each in files.values():
        each.unlink(missing_ok=True)
    told = [word for kind, file in files.items() for word in (f"--{kind}", str(file.resolve()))]
    command = [sys.executable, "-m", "checks", verb, "--target", str(place.target.resolve()), "--wait", hearing.wait]
    sys.stdout.flush()
    done = subprocess.run([*command, *told, *words, *hearing.told], check=False, cwd=ROOT)
    return done.returncode
