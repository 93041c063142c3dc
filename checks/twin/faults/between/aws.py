"""In front of the twin's AWS: a TLS endpoint that passes questions on and lets a fault change the answers."""

from __future__ import annotations

import contextlib
import functools
import ssl
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from checks.twin import authority
from checks.twin.faults.between.http import Tamper, Upstream, between, dressing
from checks.twin.state import Twin


@contextlib.contextmanager
def standing(tamper: Tamper, twin: Twin) -> Iterator[str]:
    """The endpoint to ask for a while instead of the twin's."""
    there = urlsplit(twin.endpoint)
    trust = _trusting(str(twin.ca_bundle))
    upstream = Upstream(address=(there.hostname or "", there.port or 0), trust=trust)
    with between(tamper, upstream.ask, dress=dressing(_own(twin.home)), secure=True) as (host, port):
        yield f"https://{host}:{port}"


@functools.cache
def _trusting(ca_bundle: str) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=ca_bundle)


@functools.cache
def _own(home: Path) -> ssl.SSLContext:
    """Our side of a handshake; the certificate is the twin's authority's, as the emulator's own is."""
    leaf = authority.mint(authority.found(home / "authority"), ["127.0.0.1"])
    file = home / "tmp" / "between.pem"
    file.touch(mode=0o600)
    file.write_text(leaf.certificate + leaf.chain + leaf.key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(file)
    return context
