"""Whose servers answer for a name: the zone that it is in, as the target's resolver is told."""

from __future__ import annotations

from checks import intent
from checks.evidence import Silence
from checks.world.ports import World

# A zone may have thirteen; what the ninth does is no news.
MOST = 8


def zone_of(world: World, domain: str) -> tuple[str, tuple[str, ...]]:
    """The zone that *domain* is in and its name servers, as its resolver knows them; none where that is not answered.

    The servers at the other end of a CNAME are those of another zone.
    """
    for name in (domain, *intent.above(domain)):
        answer = world.dns.ask(name, "NS")
        if isinstance(answer, Silence) or answer.rcode not in {"NOERROR", "NXDOMAIN"}:
            return name, ()
        if answer.records and not answer.chain:
            return name, answer.records[:MOST]
    return domain, ()
