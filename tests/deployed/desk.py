"""Commands that a person gives at a twin: started, ended half-way, and read to their end."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from checks import twin as twins
from checks.run import exit_code
from checks.target import Settings, find
from tests.deployed.conftest import ROOT, House, told

PATIENCE_S = 240


@dataclass
class Desk:
    """Where commands are given from: in the twin's own environment, none of which may outlive its test.

    `target` is what is deployed.
    """

    environ: dict[str, str]
    home: Path
    target: str
    running: list[subprocess.Popen[str]] = field(default_factory=list)

    def start(self, *words: str) -> subprocess.Popen[str]:
        """Start Python with these words, as the leader of a group."""
        command = subprocess.Popen(
            [sys.executable, *words],
            env=self.environ,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            process_group=0,
        )
        self.running.append(command)
        return command

    def deployer(self, release: str) -> tuple[str, ...]:
        """The words that deploy a release."""
        return "-m", "khaya_infra.deploy", "--target", self.target, "--release", release

    def deploy(self, release: str, *more: str) -> tuple[int, str]:
        """Deploy a release to the end; its code, and all that it said."""
        command = self.start(*self.deployer(release), *more)
        out, err = command.communicate(timeout=PATIENCE_S)
        return command.returncode, out + err

    def operate(self, verb: str, *more: str, target: str = "local") -> tuple[int, str]:
        """One verb to the end; its code, and all that it said."""
        command = self.start("-m", "khaya_infra.operate", verb, "--target", target, *more)
        out, err = command.communicate(timeout=PATIENCE_S)
        return command.returncode, out + err

    def end_after(self, step: str, release: str, number: signal.Signals) -> int:
        """Deploy, and send a signal as soon as a step is done; the code."""
        command = self.start(*self.deployer(release))
        assert command.stdout is not None
        seen = []
        for line in command.stdout:
            seen.append(line)
            if line.startswith(step):
                break
        else:
            pytest.fail(f"{step} never came: {seen} {command.communicate()[1]}")
        command.send_signal(number)
        command.communicate(timeout=PATIENCE_S)
        return command.returncode

    def end_within_the_stacks(self, release: str, number: signal.Signals) -> int:
        """Deploy, and send a signal while the CLI is at the stacks; the code."""
        log = self.home / "deploy" / "local" / "cdk-deploy.log"
        log.unlink(missing_ok=True)
        command = self.start(*self.deployer(release))
        limit = time.monotonic() + PATIENCE_S
        while not (log.exists() and "KhayaStack" in log.read_text(errors="replace")):
            assert time.monotonic() < limit, "the CLI never came to the stacks"
            assert command.poll() is None, command.communicate()
            time.sleep(0.01)
        command.send_signal(number)
        command.communicate(timeout=PATIENCE_S)
        return command.returncode


@contextlib.contextmanager
def at(home: Path, target: str = "local") -> Iterator[Desk]:
    """A desk at a twin; what is still running at the end is ended."""
    twin = twins.read(home=home)
    made = Desk(environ=twins.environment(twin), home=twin.home, target=target)
    yield made
    for command in made.running:
        if command.poll() is None:
            os.killpg(command.pid, signal.SIGKILL)
            command.communicate()


@contextlib.contextmanager
def without_canary(house: House, folder: Path) -> Iterator[Desk]:
    """A desk at the deployed twin, of whose canary these commands say nothing: it is left as it is."""
    text = find("local").read_text("utf-8")
    target = folder / "local.toml"
    target.write_text(re.sub(r"^\[canary\]\n(?:\w.*\n)*", "", text, flags=re.MULTILINE), "utf-8")
    with at(house.home, str(target)) as made:
        yield made


def assert_green(house: House, settings: Settings | None = None) -> None:
    """Every critical promise of the house, or of another stage on its twin, holds."""
    house.clients.clear()
    run = house.verify(settings=settings)
    assert 0 == exit_code(run), told(run)
