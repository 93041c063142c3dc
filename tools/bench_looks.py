"""What a look costs beside the bare library calls that it is made of: `python tools/bench_looks.py [rounds]`.

Both are made in turns against the same server on loopback, which runs in a process of its own; only ratios mean
anything. Goals: TLS at most 1.15 times ssl and socket, HTTPS at most 1.25 times http.client, DNS at most 1.3 times
dnspython, and no authority loaded by any of them.
"""

from __future__ import annotations

import contextlib
import http.client
import multiprocessing
import socket
import ssl
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

import dns.message
import dns.query

from checks.world.pretend import pretend_world
from checks.world.real import RealWorld, real_world, trusting
from tests.world.authorities import Issuer, issuer_in
from tests.world.servers import HOST, dns_server, says, tcp_server, under_tls, zone

HOST_NAME = "localhost"
BODY = b'{"status": "ok", "version": "1.2.3", "region": "af-south-1"}'
HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nCache-Control: no-store\r\nX-Request-Id: 7\r\n"
    b"Strict-Transport-Security: max-age=63072000\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n"
    b"Content-Length: %d\r\n\r\n" % len(BODY)
)
GOALS = {"tls": 1.15, "https": 1.25, "dns": 1.3}


def main() -> int:
    """Print a line for each kind of look; 1 when one misses its goal."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 400
    with tempfile.TemporaryDirectory() as folder, _served(Path(folder)) as (bundle, tls_port, dns_port):
        aws = pretend_world().aws
        world = real_world(
            aws=type("NoAws", (), {"again": lambda self: self, "asked": aws})(),
            anchor="",
            resolver=f"{HOST}:{dns_port}",
            trust=trusting(bundle),
            loopback_only=True,
        )
        pairs = _pairs(world, bundle, tls_port, dns_port)
        missed = [name for name, (bare, ours) in pairs.items() if not _compare(name, bare, ours, rounds)]
    return 1 if missed else 0


def _pairs(
    world: RealWorld, bundle: Path, tls_port: int, dns_port: int
) -> dict[str, tuple[Callable[[], object], Callable[[], object]]]:
    context = ssl.create_default_context(cafile=bundle)
    return {
        "tls": (
            lambda: _bare_tls(context, tls_port),
            lambda: world.again().tls.handshake(HOST_NAME, port=tls_port),
        ),
        "https": (
            lambda: _bare_https(context, tls_port),
            lambda: world.again().http.fetch(f"https://{HOST_NAME}:{tls_port}/"),
        ),
        "dns": (
            lambda: dns.query.udp(
                dns.message.make_query("site.example", "A", use_edns=0), HOST, port=dns_port, timeout=5
            ),
            lambda: world.again().dns.ask("site.example", "A"),
        ),
    }


def _bare_tls(context: ssl.SSLContext, port: int) -> object:
    """The same work without us: a verified handshake, a HEAD request, the first bytes of its answer, the facts."""
    with (
        socket.create_connection((HOST, port), timeout=5) as plain,
        context.wrap_socket(plain, server_hostname=HOST_NAME) as secured,
    ):
        secured.sendall(b"HEAD / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        return secured.recv(16_384), secured.getpeercert(), secured.version(), secured.cipher()


def _bare_https(context: ssl.SSLContext, port: int) -> object:
    connection = http.client.HTTPSConnection(HOST_NAME, port, timeout=5, context=context)
    with contextlib.closing(connection):
        connection.request("GET", "/")
        answer = connection.getresponse()
        return answer.status, answer.getheaders(), answer.read()


def _compare(name: str, bare: Callable[[], object], ours: Callable[[], object], rounds: int) -> bool:
    spent: dict[str, list[float]] = {"bare": [], "ours": []}
    for _ in range(20):
        bare(), ours()
    for _ in range(rounds):
        for kind, call in (("bare", bare), ("ours", ours)):
            began = time.perf_counter()
            call()
            spent[kind].append(time.perf_counter() - began)
    middle = {kind: statistics.median(each) * 1000 for kind, each in spent.items()}
    ratio = middle["ours"] / middle["bare"]
    print(
        f"{name:6} bare {middle['bare']:.3f} ms   ours {middle['ours']:.3f} ms   ratio {ratio:.2f}   goal {GOALS[name]}"
    )
    return ratio <= GOALS[name]


@contextlib.contextmanager
def _served(folder: Path) -> Iterator[tuple[Path, int, int]]:
    """The bundle to trust and the ports of the TLS and the DNS server."""
    issuer = issuer_in(folder, "Bench")
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("fork").Process(target=_serve, args=(issuer, there), daemon=True)
    process.start()
    try:
        tls_port, dns_port = here.recv()
        yield issuer.bundle, tls_port, dns_port
    finally:
        here.send("over")
        process.join(timeout=10)


def _serve(issuer: Issuer, told: Connection) -> None:
    answer = under_tls(issuer.server(HOST_NAME), says(HEAD + BODY), goodbye=False)
    with tcp_server(answer) as tls_port, dns_server(zone("site.example. 60 IN A 192.0.2.1")) as names:
        told.send((tls_port, names.port))
        told.recv()


if __name__ == "__main__":
    raise SystemExit(main())
