"""The real outside, put together from frozen values. The only place that reads a clock."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

from checks.frozen import dataclass
from checks.world.dns import RealDns
from checks.world.http import RealHttp
from checks.world.memo import Memo
from checks.world.names import Address, Routes
from checks.world.network import Budget, Network, resolver_address, system_resolvers
from checks.world.ports import Aws
from checks.world.tls import RealTls
from checks.world.trust import Trust


class ForgetfulAws(Aws, Protocol):
    """A control plane that can forget what it was told."""

    def again(self) -> ForgetfulAws:
        """The same control plane with nothing remembered."""
        ...


@dataclass(frozen=True, slots=True)
class RealClock:
    """The machine's clock; *ahead* is by how much it is made to be wrong, in rehearsals."""

    ahead: timedelta = timedelta(0)

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
        return datetime.now(UTC) + self.ahead

    def monotonic(self) -> float:
        """Seconds from an arbitrary start, never going back."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class RealWorld:
    """Answers ``checks.world.ports.World``; *afresh* makes the same world with nothing remembered."""

    dns: RealDns
    tls: RealTls
    http: RealHttp
    aws: Aws
    clock: RealClock
    anchor: str
    afresh: Callable[[], RealWorld]

    def again(self) -> RealWorld:
        """The same world with nothing remembered."""
        return self.afresh()


def real_world(  # noqa: PLR0913 - each is one fact of the surroundings, all named
    *,
    aws: ForgetfulAws,
    anchor: str,
    resolver: str = "",
    connect: Mapping[Address, Address] | None = None,
    trust: Trust | None = None,
    loopback_only: bool = False,
    ipv6: bool = False,
    budget: Budget | None = None,
    clock: RealClock | None = None,
) -> RealWorld:
    """The outside as one target sees it.

    *resolver* is ``host:port``; empty means the system's. *connect* maps (address, port) to where it is really
    dialled. *trust* is made once and may be shared with AWS clients; without it the system's authorities are trusted.
    Raises CannotLook for a resolver that is not an address.
    """
    clock = clock or RealClock()
    network = Network(
        clock=clock,
        routes=Routes(connect=dict(connect or {}), loopback_only=loopback_only),
        resolvers=(resolver_address(resolver),) if resolver else system_resolvers(),
        ipv6=ipv6,
        budget=budget or Budget(),
    )
    believed = trust or Trust()
    return _attempt(network, believed, aws, anchor, clock)


def trusting(ca_bundle: str | Path | None) -> Trust:
    """The trust in exactly *ca_bundle*, or in the system's authorities when there is none."""
    return Trust(Path(ca_bundle)) if ca_bundle else Trust()


def _attempt(network: Network, trust: Trust, aws: ForgetfulAws, anchor: str, clock: RealClock) -> RealWorld:
    memo = Memo()
    names = RealDns(network, memo)
    return RealWorld(
        dns=names,
        tls=RealTls(network=network, trust=trust, addresses=names.addresses, memo=memo),
        http=RealHttp(network=network, trust=trust, addresses=names.addresses, memo=memo),
        aws=aws,
        clock=clock,
        anchor=anchor,
        afresh=lambda: _attempt(network, trust, aws.again(), anchor, clock),
    )
