"""The life of a twin: up, down, and what is left of it in between.

`up` finds out what still runs and starts the rest. The emulator keeps its contents in memory, so one that died comes
back empty; `Twin.fresh` and a new `Twin.generation` say so to whoever deploys.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import socket
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import MappingProxyType
from urllib.parse import urlsplit

from checks.twin import addresses, authority, emulator, generation, processes, registrar, state, surroundings
from checks.twin.asking import Access, TwinRefuses
from checks.twin.emulator import Administrator
from checks.twin.processes import alive
from checks.twin.state import Address, CannotStart, Process, Say, Twin, TwinIsDown

EMULATOR, EDGE, NAMESERVER = "emulator_main", "edge", "nameserver"
_PATIENCE = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """What runs of a twin; *parts* maps each part to whether it does."""

    name: str
    home: Path
    exists: bool
    parts: Mapping[str, bool]

    @property
    def up(self) -> bool:
        """Every part runs."""
        return self.exists and all(self.parts.values())


def _silently(_: str) -> None:
    """Say nothing."""


def up(
    *, name: str = "local", home: Path | None = None, say: Say = _silently, harness_actions: Sequence[str] = ()
) -> Twin:
    """The running twin, started as far as it is not; the harness's role may do *harness_actions* afterwards.

    Raises CannotStart.
    """
    folder = state.home_of(name, home)
    with state.locked(folder, say):
        state.claim(folder)
        try:
            return _up(folder, name, say, harness_actions)
        except (OSError, TwinRefuses) as error:
            raise CannotStart(f"the twin cannot be started: {error}") from error


def down(*, name: str = "local", home: Path | None = None, say: Say = _silently) -> None:
    """Stop every process of the twin and remove its folder, whichever of the two is still there.

    Raises CannotStart when the folder is somebody else's.
    """
    folder = state.home_of(name, home)
    if folder.exists() and not state.is_ours(folder):
        raise CannotStart(f"{folder} was not made by `twin up`; it is left alone")
    if not folder.exists() and not state.lock_of(folder).exists():
        # Somebody removed both by hand: the processes carry the folder's name and are found without it.
        processes.sweep(folder)
        return
    with state.locked(folder, say):
        # Whoever had the turn before may have made the folder, or taken it away.
        _stop_all(folder, state.read(folder))
        state.remove(folder)


def status(*, name: str = "local", home: Path | None = None) -> Status:
    """What runs, without changing anything."""
    folder = state.home_of(name, home)
    twin = state.read(folder)
    pids = twin.pids if twin else {}
    parts = {part: part in pids and alive(pids[part]) for part in (EMULATOR, EDGE, NAMESERVER)}
    return Status(name=name, home=folder, exists=twin is not None, parts=MappingProxyType(parts))


def read(*, name: str = "local", home: Path | None = None, whole: bool = False) -> Twin:
    """The running twin, even when a part of it has died: looking at such a twin is how its death is seen.

    Raises TwinIsDown when there is none or nothing of it runs; with *whole*, for commands that would be lost on a
    part of a twin, also when any part is dead.
    """
    seen = status(name=name, home=home)
    twin = state.read(seen.home)
    if twin is None:
        raise TwinIsDown(f"no twin {name!r} in {seen.home}; start it with `twin up`")
    dead = [part for part, runs in seen.parts.items() if not runs]
    if len(dead) == len(seen.parts) or (whole and dead):
        raise TwinIsDown(f"of twin {name!r} in {seen.home} these are dead: {', '.join(dead)}; revive it with `twin up`")
    return twin


def delegate(twin: Twin, domain: str, name_servers: Sequence[str]) -> None:
    """Have the parent zone hand out these name servers for the domain, from the next query on.

    Raises BadDelegation for what is no name.
    """
    registrar.delegate(twin.home, domain, name_servers)


@dataclass(slots=True, kw_only=True)
class _Works:
    """A twin being put together: what is left of the last one, and what has been started since."""

    folder: Path
    old: Twin | None
    administrator: Administrator
    pids: dict[str, Process]
    endpoint: str = ""

    @property
    def access(self) -> Access:
        return Access(
            endpoint=self.endpoint, region=state.REGION, access_key_id=self.administrator.access_key_id,
            secret_access_key=self.administrator.secret_access_key,
            ca_bundle=str(self.folder / "authority" / "root.pem"),
        )  # fmt: skip

    @property
    def moved(self) -> bool:
        """AWS is not where it was: whoever asks it must be told."""
        return self.old is None or self.endpoint != self.old.endpoint


def _up(folder: Path, name: str, say: Say, harness_actions: Sequence[str]) -> Twin:
    generation.create(folder / "generation")
    old = state.read(folder)
    works = _Works(
        folder=folder, old=old, administrator=_administrator(folder, old), pids=dict(old.pids) if old else {}
    )
    # Whatever an interrupted `up` has started without writing it down.
    processes.sweep(folder, spare=[process for process in works.pids.values() if alive(process)])
    kept = old is not None and _runs_still(works.pids, old)
    if kept and old is not None:
        works.endpoint = old.endpoint
    else:
        say("starting the emulator")
        works.endpoint = _start_emulator(works)
    emulator.make_sure(works.access)
    edge, edge_http = _edge(works)
    servers = _nameserver(works)
    before = old.generation if kept and old is not None else secrets.token_hex(8)
    twin = _twin(works, name, generation=before, fresh=not kept, edges=(edge, edge_http), servers=servers)
    state.write(twin)
    twin = replace(twin, role_arn=emulator.allow_harness(works.access, harness_actions))
    state.write(twin)
    return twin


def _twin(
    works: _Works,
    name: str,
    *,
    generation: str,
    fresh: bool,
    edges: tuple[Address, Address],
    servers: dict[int, Address],
) -> Twin:
    there = urlsplit(works.endpoint)
    endpoint = (str(there.hostname), int(there.port or 0))
    return Twin(
        name=name, home=works.folder, fresh=fresh, generation=generation, endpoint=works.endpoint,
        account=state.ACCOUNT, region=state.REGION, access_key_id=works.administrator.access_key_id,
        secret_access_key=works.administrator.secret_access_key, ca_bundle=Path(works.access.ca_bundle),
        ca_spki=authority.spki(authority.found(works.folder / "authority")),
        edge=edges[0], edge_http=edges[1], dns=servers[addresses.RESOLVER],
        connect=MappingProxyType(
            addresses.connect(edge=edges[0], edge_http=edges[1], endpoint=endpoint, servers=servers)
        ),
        role_arn="", pids=MappingProxyType(works.pids),
    )  # fmt: skip


def _runs_still(pids: Mapping[str, Process], old: Twin) -> bool:
    return EMULATOR in pids and alive(pids[EMULATOR]) and emulator.answers(old.access)


def _start_emulator(works: _Works) -> str:
    if EMULATOR in works.pids:
        processes.stop(works.pids.pop(EMULATOR))
    for leaf in (works.folder / "leaves").glob("arn_*.pem"):
        leaf.unlink()
    wish = urlsplit(works.old.endpoint).port if works.old else 0
    works.pids[EMULATOR], port = emulator.start(works.folder, works.administrator, wish or 0)
    return f"https://127.0.0.1:{port}"


def _edge(works: _Works) -> tuple[Address, Address]:
    old = works.old
    if old and not works.moved and _listens(works.pids, EDGE, old.edge):
        return old.edge, old.edge_http
    wishes = {"port": old.edge[1] if old else 0, "http_port": old.edge_http[1] if old else 0}
    extra = {"leaves": str(works.folder / "leaves"), "authority": str(works.folder / "authority")}
    report = _restart(works, EDGE, {**wishes, **extra})
    return ("127.0.0.1", int(str(report["port"]))), ("127.0.0.1", int(str(report["http_port"])))


def _nameserver(works: _Works) -> dict[int, Address]:
    old = works.old
    if old and not works.moved and _listens(works.pids, NAMESERVER, old.dns):
        slots = {addresses.server_v4(slot): slot for slot in addresses.SLOTS}
        known = {slots[host]: there for (host, port), there in old.connect.items() if port == 53 and host in slots}  # noqa: PLR2004
        # A twin of an earlier version has fewer of them.
        if len(known) == len(slots):
            return known
    regional = json.dumps([name for name in emulator.SERVED_NAMES if name.endswith(".com")])
    extra = {"port": old.dns[1] if old else 0, "folder": str(works.folder), "regional": regional}
    servers = _restart(works, NAMESERVER, extra)["servers"]
    if not isinstance(servers, dict):
        raise CannotStart(f"the name servers reported {servers!r}, an object was expected")
    return {int(slot): (str(host), int(port)) for slot, (host, port) in servers.items()}


def _restart(works: _Works, part: str, extra: Mapping[str, object]) -> dict[str, object]:
    if part in works.pids:
        processes.stop(works.pids.pop(part))
    arguments = {"access": json.dumps(asdict(works.access)), "generation": str(works.folder / "generation"), **extra}
    works.pids[part], report = processes.launch(
        part, folder=works.folder, environment=surroundings.bare(works.folder), arguments=arguments, patience=_PATIENCE
    )
    return report


def _listens(pids: Mapping[str, Process], part: str, where: Address) -> bool:
    if part not in pids or not alive(pids[part]):
        return False
    with contextlib.suppress(OSError), socket.create_connection(where, timeout=2):
        return True
    return False


def _administrator(folder: Path, old: Twin | None) -> Administrator:
    if old:
        return Administrator(access_key_id=old.access_key_id, secret_access_key=old.secret_access_key)
    (folder / "leaves").mkdir(exist_ok=True)
    return emulator.new_administrator()


def _stop_all(folder: Path, twin: Twin | None) -> None:
    for process in (twin.pids if twin else {}).values():
        if alive(process):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, 15)
    for process in (twin.pids if twin else {}).values():
        processes.stop(process)
    processes.sweep(folder)
