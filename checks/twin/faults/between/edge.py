"""In front of the twin's edge: a listener that shakes hands as a fault wants, and changes what is said."""

from __future__ import annotations

import contextlib
import functools
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from checks.twin import addresses
from checks.twin.faults.between.http import Dress, Onward, Raw, Reply, Tamper, Upstream, Visit, between, untouched
from checks.twin.state import Address, Twin

_TLS, _PLAIN = 443, 80
# Names of AWS itself are met at its endpoint.
_REGIONAL = ".amazonaws.com"


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """*dress* makes the handshake (None: with *leaf*), *tamper* changes the talk; *at* are the addresses it is met at.

    *leaf* is a file with certificate, chain and key.
    """

    leaf: Path
    tamper: Tamper = untouched
    dress: Dress | None = None
    at: tuple[str, ...] = addresses.EDGE_V4


@functools.cache
def _server_side(leaf: Path, _age: int) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    context.load_cert_chain(leaf)
    return context


def as_served(leaf: Path) -> Dress:
    """The handshake that the twin's own edge would make with this file."""
    context = _server_side(leaf, leaf.stat().st_mtime_ns)
    return lambda plain: context.wrap_socket(plain, server_side=True)


@contextlib.contextmanager
def standing(edge: Edge, twin: Twin) -> Iterator[dict[Address, Address]]:
    """The edge as *edge* wants it, for a while; gives where its addresses lead meanwhile."""
    dress = edge.dress or as_served(edge.leaf)
    with (
        between(edge.tamper, _onward(twin, secure=True), dress=dress, secure=True) as tls,
        between(edge.tamper, _onward(twin, secure=False)) as plain,
    ):
        yield {
            **{(each, _TLS): tls for each in edge.at},
            **{(each, _PLAIN): plain for each in edge.at},
        }


def _onward(twin: Twin, *, secure: bool) -> Onward:
    trust = ssl.create_default_context(cafile=str(twin.ca_bundle)) if secure else None
    if trust:
        # Whoever stands in front of a broken certificate passes on what is behind it.
        trust.check_hostname, trust.verify_mode = False, ssl.CERT_NONE
    upstream = Upstream(address=twin.edge if secure else twin.edge_http, trust=trust, named=lambda visit: visit.host)
    parts = urlsplit(twin.endpoint)
    regional = Upstream(address=(parts.hostname or "", parts.port or _TLS), trust=trust, named=lambda visit: visit.host)

    def ask(visit: Visit) -> Reply:
        return (regional if secure and visit.host.endswith(_REGIONAL) else upstream).ask(visit)

    return ask


__all__ = ["Edge", "Raw", "as_served", "standing"]
