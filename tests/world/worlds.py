"""Worlds for the tests: real ones that never leave this machine."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import cast

from checks.world.names import Address
from checks.world.network import Budget
from checks.world.pretend import pretend_world
from checks.world.real import ForgetfulAws, RealWorld, real_world, trusting
from tests.world.servers import HOST, closed_port


class SilentAws:
    """No control plane."""

    def __getattr__(self, question: str) -> object:
        return getattr(pretend_world().aws, question)

    def again(self) -> SilentAws:
        """Still none."""
        return self


def world_of(
    *,
    resolver: str = "",
    ca_bundle: Path | None = None,
    connect: Mapping[Address, Address] | None = None,
    seconds: float = 5.0,
    ipv6: bool = False,
    anchor: str = "https://anchor.invalid/",
) -> RealWorld:
    """A real world on loopback; without a *resolver* nothing answers for names."""
    return real_world(
        aws=cast("ForgetfulAws", SilentAws()),
        anchor=anchor,
        resolver=resolver or f"{HOST}:{closed_port()}",
        connect=connect,
        trust=trusting(ca_bundle),
        loopback_only=True,
        ipv6=ipv6,
        budget=Budget(look=seconds, name=seconds),
    )
