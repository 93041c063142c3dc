"""The edge of the twin: what CloudFront's points of presence do before a request reaches the distribution.

A process of its own with a TLS port and a plain one. Everything it knows comes from the CloudFront and ACM APIs and
is asked again when the twin's AWS has moved, before the next connection is served.
"""

from __future__ import annotations

import contextlib
import json
import logging
import signal
import socket
import ssl
import struct
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from checks.twin import authority, distributions, generation, hello, leaves, loopback, multiplexed, viewer
from checks.twin.asking import Access, TwinRefuses
from checks.twin.distributions import Distribution
from checks.twin.processes import report_ready

_PATIENCE = 30.0
_HELLO_PATIENCE = 10.0
_OWN_NAME = "cloudfront.net"
_HTTP_2 = "h2"
_LOG = logging.getLogger(__name__)

# CloudFront developer guide, "Supported protocols and ciphers between viewers and CloudFront": the floor of each
# policy. SSLv3 is beyond OpenSSL 3; its policy behaves as TLSv1 here.
_FLOORS = {
    "SSLv3": ssl.TLSVersion.TLSv1,
    "TLSv1": ssl.TLSVersion.TLSv1,
    "TLSv1_2016": ssl.TLSVersion.TLSv1,
    "TLSv1.1_2016": ssl.TLSVersion.TLSv1_1,
    "TLSv1.2_2018": ssl.TLSVersion.TLSv1_2,
    "TLSv1.2_2019": ssl.TLSVersion.TLSv1_2,
    "TLSv1.2_2021": ssl.TLSVersion.TLSv1_2,
    "TLSv1.2_2025": ssl.TLSVersion.TLSv1_2,
    "TLSv1.3_2025": ssl.TLSVersion.TLSv1_3,
}
_STRONG = "ECDHE+AESGCM:ECDHE+CHACHA20"
# From 2019 on the policies leave CBC out only step by step; 2021 and later have none.
_WITH_CBC = "ECDHE+AESGCM:ECDHE+CHACHA20:ECDHE+AES+SHA256:ECDHE+AES+SHA384:ECDHE+AES+SHA:AES+SHA:AES128-GCM-SHA256"


@dataclass(slots=True)
class Edge:
    """What the edge knows. *seen* is the count of changes that *known* is as of."""

    access: Access
    moved: Callable[[], int]
    leaves: Path
    authority: authority.Authority
    known: tuple[Distribution, ...] = ()
    seen: int = -1
    contexts: dict[tuple[str, int, str, bool], ssl.SSLContext] = field(default_factory=dict)
    turn: threading.Lock = field(default_factory=threading.Lock)

    def distributions(self) -> tuple[Distribution, ...]:
        """All distributions as they are now; as they were last when the API is gone, as an edge would go on."""
        if self.moved() != self.seen:
            with self.turn:
                now = self.moved()
                if now != self.seen:
                    try:
                        self.known, self.seen = distributions.load(self.access), now
                    except TwinRefuses as error:
                        _LOG.warning("distributions as of change %d are served on: %s", self.seen, error)
        return self.known


def main(arguments: dict[str, str]) -> None:
    """Serve until told to stop."""
    edge = Edge(
        access=Access(**json.loads(arguments["access"])),
        moved=generation.reader(Path(arguments["generation"])),
        leaves=Path(arguments["leaves"]),
        authority=authority.found(Path(arguments["authority"])),
    )
    _keep_own_certificate(edge)
    # What is known before the first connection is still known should the APIs be gone by then.
    edge.distributions()
    tls = loopback.listen("127.0.0.1", int(arguments["port"]))
    plain = loopback.listen("127.0.0.1", int(arguments["http_port"]))
    for listener, serve in ((tls, _serve_tls), (plain, _serve_plain)):
        threading.Thread(target=_accept, args=(edge, listener, serve), daemon=True).start()
    ports = {"port": tls.getsockname()[1], "http_port": plain.getsockname()[1]}
    report_ready(arguments["ready"], ports)
    signal.sigwait({signal.SIGTERM, signal.SIGINT})


def _accept(edge: Edge, listener: socket.socket, serve: Callable[[Edge, socket.socket], None]) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            continue
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=_guarded, args=(edge, connection, serve), daemon=True).start()


def _guarded(edge: Edge, connection: socket.socket, serve: Callable[[Edge, socket.socket], None]) -> None:
    with contextlib.suppress(OSError, hello.NotTls), connection:
        serve(edge, connection)


def _serve_plain(edge: Edge, connection: socket.socket) -> None:
    connection.settimeout(_PATIENCE)
    viewer.serve(connection, _counter(edge, "http", None))


def _serve_tls(edge: Edge, connection: socket.socket) -> None:
    name = hello.server_name(connection, patience=_HELLO_PATIENCE)
    served = edge.distributions()
    chosen = distributions.find(served, name) if name else None
    context = _context(edge, name, chosen)
    if context is None:
        _refuse(connection)
        return
    connection.settimeout(_PATIENCE)
    with context.wrap_socket(connection, server_side=True) as secured:
        serve = multiplexed.serve if secured.selected_alpn_protocol() == _HTTP_2 else viewer.serve
        serve(secured, _counter(edge, "https", chosen))


def _counter(edge: Edge, scheme: str, greeted: Distribution | None) -> viewer.Counter:
    return viewer.Counter(access=edge.access, scheme=scheme, choose=lambda host: _for_host(edge, host, greeted))


def _for_host(edge: Edge, host: str, greeted: Distribution | None) -> viewer.Choice:
    """The distribution for a Host header, given the one whose certificate was shown."""
    found = distributions.find(edge.distributions(), host)
    if found is None or not found.enabled:
        return viewer.Refused(403, "Bad request. We can't connect to the server for this app or website at this time.")
    # Fronting: a Host that belongs to another certificate than the one shown (developer guide, "421").
    if greeted is not None and found.certificate != greeted.certificate:
        return viewer.Refused(421, "Misdirected request: this host is served under another certificate.")
    return viewer.Served(found.domain)


def _context(edge: Edge, name: str | None, chosen: Distribution | None) -> ssl.SSLContext | None:
    """The TLS side of a distribution; None when the handshake is to be refused."""
    if chosen is None:
        # Without a name, and for names of its own, CloudFront shows its own certificate.
        if name is not None and not name.endswith(f".{_OWN_NAME}"):
            return None
        return _ready_context(edge, _own_leaf(edge), "TLSv1")
    if chosen.certificate is None or name == chosen.domain:
        return None if name in chosen.aliases else _ready_context(edge, _own_leaf(edge), "TLSv1")
    leaf = leaves.path_of(edge.leaves, chosen.certificate)
    return _ready_context(edge, leaf, chosen.minimum_protocol, http2=chosen.http2)


def _ready_context(edge: Edge, leaf: Path, policy: str, *, http2: bool = False) -> ssl.SSLContext | None:
    try:
        age = leaf.stat().st_mtime_ns
    except FileNotFoundError:
        return None
    key = (str(leaf), age, policy, http2)
    if key not in edge.contexts:
        edge.contexts[key] = _new_context(leaf, policy, http2=http2)
    return edge.contexts[key]


def _new_context(leaf: Path, policy: str, *, http2: bool) -> ssl.SSLContext:
    floor = _FLOORS.get(policy, ssl.TLSVersion.TLSv1_2)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = floor
    if floor < ssl.TLSVersion.TLSv1_2:
        # OpenSSL 3 signs TLS 1.0 and 1.1 handshakes (SHA-1) at security level 0 alone.
        context.set_ciphers(f"{_WITH_CBC}:@SECLEVEL=0")
    elif floor is ssl.TLSVersion.TLSv1_2:
        context.set_ciphers(_STRONG if policy >= "TLSv1.2_2021" else _WITH_CBC)
    context.set_alpn_protocols([*([_HTTP_2] if http2 else []), "http/1.1"])
    context.load_cert_chain(leaf)
    return context


def _own_leaf(edge: Edge) -> Path:
    return edge.leaves / f"{_OWN_NAME}.pem"


def _keep_own_certificate(edge: Edge) -> None:
    if not _own_leaf(edge).exists():
        edge.leaves.mkdir(parents=True, exist_ok=True)
        leaf = authority.mint(edge.authority, [_OWN_NAME, f"*.{_OWN_NAME}"])
        _own_leaf(edge).touch(mode=0o600)
        _own_leaf(edge).write_text(leaf.certificate + leaf.chain + leaf.key)


def _refuse(connection: socket.socket) -> None:
    connection.sendall(hello.REFUSAL)
    # The unread hello would turn the close into a reset, and the alert might be lost with it.
    connection.shutdown(socket.SHUT_WR)
    connection.settimeout(1)
    with contextlib.suppress(OSError):
        while connection.recv(65_536):
            pass
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 0, 0))


if __name__ == "__main__":
    # Before any thread is made: the signals wait for `sigwait` in the main one.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    main(json.loads(sys.argv[1]))
