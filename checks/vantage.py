"""What a place can do, and which checks need it to."""

from __future__ import annotations

from collections.abc import Iterable

from checks.frozen import dataclass
from checks.naming import glob

# Every capability that settings may declare for a door. Each is measured by a control of its own.
CAPABILITIES = ("ipv6", "tls10-client", "udp53")

# What every place has to have: nobody declares it, and every run measures it.
ALWAYS = ("clock",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """Checks that fit *check* need *capability*; with *gains* they only look further where it is declared.

    A door that declares nothing is taken to be capable, unless the capability is too rare to be *assumed*.
    """

    check: str
    capability: str
    gains: bool = False
    assumed: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Beyond:
    """A check that is not planned here, and what this place would need for it."""

    check: str
    needs: str


def missing(check: str, able: Iterable[str] | None, needs: Iterable[Need]) -> str:
    """The capability that the check of that name lacks here; empty when it lacks none.

    *able* is what a door declares; None, no declaration, is a place that can do everything that is assumed.
    """
    wanted = (each for each in needs if not each.gains and glob(each.check, check))
    if able is None:
        return next((each.capability for each in wanted if not each.assumed), "")
    declared = frozenset(able)
    return next((each.capability for each in wanted if each.capability not in declared), "")


def relies_on(check: str, capability: str, needs: Iterable[Need]) -> bool:
    """Whether what that check sees depends on *capability*."""
    return any(each.capability == capability and glob(each.check, check) for each in needs)
