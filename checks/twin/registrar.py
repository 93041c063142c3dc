"""The twin's registrar: which name servers the parent zone hands out for a domain, and whether it may be moved."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import dns.exception
import dns.name

from checks.twin.state import replace

_FILE = "registrar.json"
_OPEN = "transfers.json"
_ADDRESS_LIKE = re.compile(r"[0-9.:]+")


class BadDelegation(ValueError):
    """The domain or a name server is no name."""


def delegate(folder: Path, domain: str, name_servers: Sequence[str]) -> None:
    """Have the parent hand out these name servers for the domain from the next query on; none ends the delegation.

    Raises BadDelegation for anything that is no host name.
    """
    known = dict(delegations(folder))
    name = _name(domain)
    if "." not in name:
        raise BadDelegation(f"{domain!r}: a domain below a top-level one was expected, such as site.example")
    known.pop(name, None)
    if name_servers:
        known[name] = tuple(_name(each) for each in name_servers)
    replace(folder / _FILE, json.dumps(known, indent=1))


def delegations(folder: Path) -> Mapping[str, tuple[str, ...]]:
    """All delegations: domain to name servers, lower case, without final dots."""
    try:
        read = json.loads((folder / _FILE).read_text())
    except FileNotFoundError:
        return {}
    return {str(domain): tuple(str(each) for each in servers) for domain, servers in read.items()}


def lock(folder: Path, domain: str, *, locked: bool) -> None:
    """Lock the domain against transfers, as every domain is that was just delegated, or open it to them."""
    others = [each for each in _opened(folder) if each != _name(domain)]
    replace(folder / _OPEN, json.dumps(others if locked else [*others, _name(domain)]))


def is_locked(folder: Path, domain: str) -> bool:
    """Whether the domain is locked against transfers."""
    return _name(domain) not in _opened(folder)


def _opened(folder: Path) -> list[str]:
    try:
        return [str(each) for each in json.loads((folder / _OPEN).read_text())]
    except FileNotFoundError:
        return []


def watch(folder: Path) -> Callable[[], tuple[int, int]]:
    """A function whose value differs once the delegations have changed; cheap enough for each query."""
    path = folder / _FILE

    def now() -> tuple[int, int]:
        try:
            seen = path.stat()
        except FileNotFoundError:
            return (0, 0)
        return (seen.st_ino, seen.st_mtime_ns)

    return now


def _name(text: str) -> str:
    try:
        name = dns.name.from_text(text.strip()).to_text(omit_final_dot=True).lower()
    except dns.exception.DNSException as error:
        raise BadDelegation(f"{text!r} is no domain name: {error}") from error
    if _ADDRESS_LIKE.fullmatch(name):
        raise BadDelegation(f"{text!r} is an address; the parent hands out names")
    return name
