"""What a deploy would change, before it does: the CDK's own comparison, in a few lines."""

from __future__ import annotations

import os
import re
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from khaya_infra import __version__
from khaya_infra.arrival import workroom
from khaya_infra.package import LAMBDA, build_package, host_platform
from khaya_infra.toolchain import environment, find_tools, run_cdk

if TYPE_CHECKING:
    from pathlib import Path

    from khaya_infra.arrival import Place

_STACK = re.compile(r"Stack (\S+)(?: \(\S+\))?")
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_CHANGE = re.compile(r"\[([-+~])\] (AWS::\S+|Custom::\S+) (\S+) (\S+)(?: (.*))?")
_WORDS = {"+": "add", "~": "change", "-": "remove"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One resource that would be added, changed or removed; `fate` is the CDK's warning, such as `replace`."""

    stack: str
    what: str
    kind: str
    path: str
    fate: str = ""

    @property
    def is_dangerous(self) -> bool:
        """Whether something that exists would be taken away."""
        if "replace" in self.fate or "destroy" in self.fate:
            return True
        # What is orphaned leaves the stack and stays in the account, as published versions do by design.
        return self.what == "remove" and "orphan" not in self.fate


def compare(place: Place, *, release: str) -> tuple[Path, tuple[Change, ...]]:
    """Synthesise `release` and compare it with what is deployed; the CLI's whole output, and the changes in it."""
    outputs, settings = place.outputs(), place.settings
    folder = workroom(settings, os.environ)
    log = folder / "cdk-diff.log"
    context = {
        "settings": str(place.target.resolve()),
        "hostedZoneId": outputs["HostedZoneId"],
        "certificateArn": outputs["CertificateArn"],
        "distributionId": outputs["DistributionId"],
        "release": release,
        "version": __version__,
        "package": str(build_package(host_platform() if settings.twin else LAMBDA)),
    }
    arguments = ["diff", "--app", f'"{sys.executable}" -m khaya_infra.app', "--no-notices"]
    # Without a change set: making one would need rights to change, and leaves one behind when interrupted.
    arguments += ["--output", str(folder / "cdk.diff"), "--no-version-reporting", "--no-change-set"]
    for name, value in context.items():
        arguments += ["--context", f"{name}={value}"]
    tools = find_tools()
    run_cdk(tools, arguments, log=log, environ=environment(tools, os.environ))
    return log, changes_in(log.read_text("utf-8", "replace"))


def changes_in(said: str) -> tuple[Change, ...]:
    """The resources in the output of `cdk diff`."""
    found, stack = [], ""
    for line in _COLOUR.sub("", said).splitlines():
        if heading := _STACK.fullmatch(line.strip()):
            stack = heading[1]
        elif change := _CHANGE.fullmatch(line.strip()):
            sign, kind, path, _, fate = change.groups(default="")
            found.append(Change(stack=stack, what=_WORDS[sign], kind=kind, path=path, fate=fate))
    return tuple(found)


def summary(changes: tuple[Change, ...]) -> list[str]:
    """A line per stack with counts, a line for everything that would be lost, and one that says how it stands."""
    told = []
    for stack in dict.fromkeys(each.stack for each in changes):
        mine = [each for each in changes if each.stack == stack]
        counts = ", ".join(f"{sum(each.what == word for each in mine)} to {word}" for word in _WORDS.values())
        told.append(f"{stack}: {counts}")
        told += [f"  {each.what:<7} {each.kind} {each.path} {each.fate}".rstrip() for each in mine]
    lost = [each for each in changes if each.is_dangerous]
    told += [f"LOSES  {each.kind} {each.path} ({each.fate or each.what})" for each in lost]
    return told or ["nothing would change"]
