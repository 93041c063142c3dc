"""The twin as a value, and the folder it lives in.

A folder is the twin's only when it holds the marker file; nothing else is ever removed.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from checks.twin.asking import Access

ACCOUNT = "000000000000"
REGION = "af-south-1"
_MARKER = "THIS_IS_A_TWIN"
_STATE = "state.json"
_SCHEMA = 1

Address = tuple[str, int]
Say = Callable[[str], None]


class TwinIsDown(Exception):
    """There is no running twin of this name; the message says what is missing and how to start it."""


class CannotStart(Exception):
    """The twin or its tools could not be started; one line that names the cause and the cure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """A process of the twin; *born* is its start time by the kernel's clock, so that a reused pid is not ours."""

    pid: int
    born: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Twin:
    """Everything a client needs to reach the twin. *generation* differs after each loss of its contents."""

    name: str
    home: Path
    generation: str
    fresh: bool
    endpoint: str
    account: str
    region: str
    access_key_id: str
    secret_access_key: str = field(repr=False)
    ca_bundle: Path
    ca_spki: str
    edge: Address
    edge_http: Address
    dns: Address
    connect: Mapping[Address, Address]
    role_arn: str
    pids: Mapping[str, Process]

    @property
    def access(self) -> Access:
        """What is needed to ask this twin's AWS as its administrator."""
        return Access(
            endpoint=self.endpoint, region=self.region, access_key_id=self.access_key_id,
            secret_access_key=self.secret_access_key, ca_bundle=str(self.ca_bundle),
        )  # fmt: skip


def home_of(name: str, home: Path | None = None) -> Path:
    """The state folder of this twin: below *home*, else below TWIN_HOME, else `./.twin`.

    Raises CannotStart for a name that is no plain file name.
    """
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,40}", name):
        raise CannotStart(f"twin name {name!r}: letters, digits, '-' and '_' were expected, 41 at most")
    return (home or Path(os.environ.get("TWIN_HOME") or ".twin")).absolute() / name


def claim(folder: Path) -> None:
    """Make the folder ours.

    Raises CannotStart when it exists, is not empty, and holds no marker: it is somebody else's.
    """
    marker = folder / _MARKER
    if folder.exists() and not marker.exists() and any(folder.iterdir()):
        raise CannotStart(f"{folder} is not empty and holds no twin; choose another place with TWIN_HOME")
    folder.mkdir(parents=True, exist_ok=True)
    marker.write_text("Written by `twin up`, removed with everything beside it by `twin down`.\n")
    (folder / "home").mkdir(exist_ok=True)
    (folder / "tmp").mkdir(exist_ok=True)


def is_ours(folder: Path) -> bool:
    """The folder was made by `claim`."""
    return (folder / _MARKER).is_file()


def remove(folder: Path) -> None:
    """Remove the folder if it is ours, and the one above when that leaves it empty."""
    if is_ours(folder):
        shutil.rmtree(folder, ignore_errors=True)
        # A process that was still writing when the first pass went by.
        shutil.rmtree(folder, ignore_errors=True)
    with contextlib.suppress(OSError):
        folder.parent.rmdir()


def write(twin: Twin) -> None:
    """Keep the twin as `state.json`, whole or not at all."""
    document = {
        "schema": _SCHEMA, "name": twin.name, "generation": twin.generation, "endpoint": twin.endpoint,
        "account": twin.account, "region": twin.region, "access_key_id": twin.access_key_id,
        "secret_access_key": twin.secret_access_key, "ca_bundle": str(twin.ca_bundle), "ca_spki": twin.ca_spki,
        "edge": list(twin.edge), "edge_http": list(twin.edge_http), "dns": list(twin.dns),
        "connect": [[*outer, *inner] for outer, inner in twin.connect.items()], "role_arn": twin.role_arn,
        "pids": {part: {"pid": process.pid, "born": process.born} for part, process in twin.pids.items()},
    }  # fmt: skip
    replace(twin.home / _STATE, json.dumps(document, indent=1))


def read(folder: Path) -> Twin | None:
    """The twin that was last written here; None when there is none or the file is of another version."""
    try:
        document = json.loads((folder / _STATE).read_text())
        if document["schema"] != _SCHEMA:
            return None
        return Twin(
            name=document["name"], home=folder, generation=document["generation"], fresh=False,
            endpoint=document["endpoint"], account=document["account"], region=document["region"],
            access_key_id=document["access_key_id"], secret_access_key=document["secret_access_key"],
            ca_bundle=Path(document["ca_bundle"]), ca_spki=document["ca_spki"],
            edge=_address(document["edge"]), edge_http=_address(document["edge_http"]), dns=_address(document["dns"]),
            connect=MappingProxyType({(row[0], row[1]): (row[2], row[3]) for row in document["connect"]}),
            role_arn=document["role_arn"],
            pids={part: Process(pid=row["pid"], born=row["born"]) for part, row in document["pids"].items()},
        )  # fmt: skip
    except (OSError, ValueError, KeyError, TypeError, IndexError):
        return None


def replace(path: Path, text: str) -> None:
    """Write a file so that a reader sees the old text or the new one, readable by its owner alone."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.touch(mode=0o600)
    beside.write_text(text)
    beside.replace(path)


def lock_of(folder: Path) -> Path:
    """What lies beside the folder while there is a twin."""
    return folder.with_name(f"{folder.name}.lock")


@contextlib.contextmanager
def locked(folder: Path, say: Say, *, pause: Callable[[float], None] = time.sleep) -> Iterator[None]:
    """Only one `up` or `down` at a time for this folder; the others say whom they wait for, then proceed.

    The lock lies beside the folder and is taken away with it, so a taker makes sure that it still holds the file
    of that name.
    """
    path = lock_of(folder)
    told = False
    while True:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        except FileNotFoundError:
            # A `down` has just taken the folder above away.
            continue
        except FileExistsError:
            # mkdir saw it there and, a moment later, no folder any more: the same, unless a file is in its place.
            if path.parent.is_file():
                raise
            continue
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if not told:
                holder = os.read(file, 20).decode("ascii", "replace").strip() or "unknown"
                say(f"another process (pid {holder}) holds {path}; waiting for it")
                told = True
            os.close(file)
            pause(0.1)
            continue
        if _is_still(path, file):
            break
        os.close(file)
    os.ftruncate(file, 0)
    os.pwrite(file, f"{os.getpid()}\n".encode(), 0)
    try:
        yield
    finally:
        if not folder.exists():
            path.unlink(missing_ok=True)
            with contextlib.suppress(OSError):
                folder.parent.rmdir()
        os.close(file)


def _is_still(path: Path, file: int) -> bool:
    try:
        return path.stat().st_ino == os.fstat(file).st_ino
    except FileNotFoundError:
        return False


def _address(pair: list[object]) -> Address:
    host, port = pair
    return str(host), int(str(port))
