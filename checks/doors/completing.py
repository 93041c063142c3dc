"""``completion``: what a shell needs to complete our commands, written from the parser itself."""

from __future__ import annotations

import argparse
from typing import TextIO

from checks.doors.options import Commands, command

_UNAVAILABLE = 69


def add(commands: Commands) -> None:
    """Teach the command line the words."""
    parser = command(
        commands,
        "completion",
        "print what lets a shell complete these commands",
        "completion bash > ~/.local/share/bash-completion/completions/checks",
        'completion zsh > "${fpath[1]}/_checks"',
    )
    parser.add_argument("shell", choices=("bash", "zsh"))


def tell(asked: argparse.Namespace, parser: argparse.ArgumentParser, out: TextIO, err: TextIO) -> int:
    """Print the script for the command that packages install, ``checks``."""
    try:
        import shtab
    except ImportError:
        err.write("checks: completion needs shtab, which is part of the extra `terminal`: pip install '…[terminal]'\n")
        return _UNAVAILABLE
    parser.prog = "checks"
    out.write(str(shtab.complete(parser, shell=asked.shell)))
    return 0
