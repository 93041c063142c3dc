"""The network as seen from here: frozen values that every look shares."""

from __future__ import annotations

from pathlib import Path

from checks.frozen import dataclass
from checks.model import CannotLook
from checks.world.names import Address, Routes, literal
from checks.world.ports import Clock

_DNS_PORT = 53
_SYSTEM_RESOLVERS = Path("/etc/resolv.conf")


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """Wall-clock seconds: *look* for one whole TLS or HTTP look once the name is known, *name* for one DNS question."""

    look: float = 5.0
    name: float = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """Where names are asked, where addresses lead, whether IPv6 is used, and how long a look may last."""

    clock: Clock
    routes: Routes
    resolvers: tuple[Address, ...]
    ipv6: bool = False
    budget: Budget = Budget()


def resolver_address(text: str) -> Address:
    """``host:port``, ``host`` or ``[v6]:port`` as an address; the port is 53 when none is given.

    Raises CannotLook for a host name: who resolves the resolver's name?
    """
    host, separator, port = text.rpartition(":")
    if literal(text) is not None or not separator:
        host, port = text, str(_DNS_PORT)
    address = "127.0.0.1" if host == "localhost" else literal(host.strip("[]"))
    if address is None or not port.isdigit():
        raise CannotLook(f"resolver {text!r} is not an address with a port, such as 127.0.0.1:5300", final=True)
    return address, int(port)


def system_resolvers(path: Path = _SYSTEM_RESOLVERS) -> tuple[Address, ...]:
    """The name servers that resolv.conf(5) lists, in its order; none when it cannot be read."""
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ()
    words = [line.split() for line in lines]
    listed = [each[1] for each in words if len(each) > 1 and each[0] == "nameserver"]
    return tuple((host, _DNS_PORT) for host in listed if literal(host.partition("%")[0]))
