"""Which address stands for what: documentation addresses in answers, loopback behind them.

Names resolve to addresses that are nobody's (RFC 5737, RFC 3849), several each, as on AWS; `connect` says where each
of them is to be found on this machine. Nothing here depends on what is deployed, so the map never changes.
"""

from __future__ import annotations

from collections.abc import Mapping

from checks.twin.state import Address

# CloudFront's points of presence: four IPv4 and eight IPv6 addresses per answer.
EDGE_V4 = tuple(f"192.0.2.{number}" for number in range(11, 15))
EDGE_V6 = tuple(f"2001:db8:e::{number:x}" for number in range(1, 9))
# Regional endpoints: APIs, buckets, identity providers.
REGIONAL_V4 = "203.0.113.11"

RESOLVER = 1
PARENT = 2
# Another resolver, as other visitors have it: it knows the same, until a fault makes it differ.
SECOND = 3
RESOLVERS = (RESOLVER, SECOND)
_FIRST_SERVER = 11
# Four name servers for each of 24 hosted zones.
SERVERS = tuple(range(_FIRST_SERVER, _FIRST_SERVER + 4 * 24))
SLOTS = (*RESOLVERS, PARENT, *SERVERS)


def server_v4(slot: int) -> str:
    """The documentation address of a name server."""
    return f"198.51.100.{slot}"


def server_v6(slot: int) -> str:
    """The documentation address of a name server, IPv6."""
    return f"2001:db8:53::{slot:x}"


def connect(
    *, edge: Address, edge_http: Address, endpoint: Address, servers: Mapping[int, Address]
) -> dict[Address, Address]:
    """Where each documentation address and port is on loopback."""
    there: dict[Address, Address] = {}
    for address in (*EDGE_V4, *EDGE_V6):
        there[address, 443] = edge
        there[address, 80] = edge_http
    there[REGIONAL_V4, 443] = endpoint
    for slot, server in servers.items():
        there[server_v4(slot), 53] = server
        there[server_v6(slot), 53] = server
    return there
