"""What a look costs beside the bare library calls that it is made of, and beside blackbox_exporter's probe.

`python -m tools.bench tools.bench_looks`. They take turns against the same server on loopback, which runs in a process
of its own; only ratios mean anything. blackbox_exporter is Debian's, asked as Prometheus asks it: `GET /probe` over a
connection that is kept, for the same handshake and the same exchange.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import multiprocessing
import os
import shutil
import socket
import ssl
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from multiprocessing.connection import Connection
from pathlib import Path

import dns.message
import dns.query

from checks.world.pretend import pretend_world
from checks.world.real import RealWorld, real_world, trusting
from tests.world.authorities import Issuer, issuer_in
from tests.world.servers import HOST, dns_server, says, tcp_server, under_tls, zone
from tools.bench import Row
from tools.bench_run import counting_loads

SECTION = "Single looks"

HOST_NAME = "localhost"
BODY = b'{"status": "ok", "version": "1.2.3", "region": "af-south-1"}'
HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nCache-Control: no-store\r\nX-Request-Id: 7\r\n"
    b"Strict-Transport-Security: max-age=63072000\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n"
    b"Content-Length: %d\r\n\r\n" % len(BODY)
)
EXPORTER = "prometheus-blackbox-exporter"
Look = Callable[[], object]
# Ours, what it stands beside, and how many times that it may take.
BESIDE = (
    ("tls", "ssl and socket", 1.15),
    ("tls", "blackbox_exporter", 1.0),
    ("https", "http.client", 1.25),
    ("dns", "dnspython", 1.3),
)


def measure() -> list[Row]:
    """Three looks beside the bare library, one beside blackbox_exporter, and the authorities that they loaded."""
    rounds = 60 if os.environ.get("BENCH") == "short" else 600
    with tempfile.TemporaryDirectory() as folder, _served(Path(folder)) as (bundle, tls_port, dns_port):
        aws = pretend_world().aws
        world = real_world(
            aws=type("NoAws", (), {"again": lambda self: self, "asked": aws})(),
            anchor="",
            resolver=f"{HOST}:{dns_port}",
            trust=trusting(bundle),
            loopback_only=True,
        )
        with _exporter(Path(folder), bundle, tls_port) as probe:
            looks = _looks(world, bundle, tls_port, dns_port, probe)
            _warm(looks)
            loads = counting_loads()
            spent = _in_turns(looks, rounds)
    return [*_rows(spent), _none_loaded(loads[0], rounds)]


def _looks(world: RealWorld, bundle: Path, tls_port: int, dns_port: int, probe: Look) -> dict[str, Look]:
    context = ssl.create_default_context(cafile=bundle)
    return {
        "ssl and socket": lambda: _bare_tls(context, tls_port),
        "tls": lambda: world.again().tls.handshake(HOST_NAME, port=tls_port),
        "blackbox_exporter": probe,
        "http.client": lambda: _bare_https(context, tls_port),
        "https": lambda: world.again().http.fetch(f"https://{HOST_NAME}:{tls_port}/"),
        "dnspython": lambda: dns.query.udp(
            dns.message.make_query("site.example", "A", use_edns=0), HOST, port=dns_port, timeout=5
        ),
        "dns": lambda: world.again().dns.ask("site.example", "A"),
    }


def _warm(looks: Mapping[str, Look]) -> None:
    for _ in range(20):
        for look in looks.values():
            look()


def _in_turns(looks: Mapping[str, Look], rounds: int) -> dict[str, float]:
    """The middle of the milliseconds of each."""
    spent: dict[str, list[float]] = {name: [] for name in looks}
    for _ in range(rounds):
        for name, look in looks.items():
            began = time.perf_counter()
            look()
            spent[name].append(time.perf_counter() - began)
    return {name: statistics.median(each) * 1000 for name, each in spent.items()}


def _rows(spent: Mapping[str, float]) -> Iterator[Row]:
    for ours, other, goal in BESIDE:
        yield Row(
            name=f"one {ours.upper()} look, beside {other}",
            figure=f"{spent[ours]:.2f} ms beside {spent[other]:.2f} ms",
            ratio=spent[ours] / spent[other],
            goal=goal,
        )


def _none_loaded(loads: int, rounds: int) -> Row:
    return Row(name=f"authorities loaded in {3 * rounds} looks", figure=str(loads), ratio=float(loads), goal=0)


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


@contextlib.contextmanager
def _exporter(folder: Path, bundle: Path, tls_port: int) -> Iterator[Look]:
    """A look by blackbox_exporter: what our TLS look does, through its `/probe`. It must succeed."""
    program = shutil.which(EXPORTER)
    if program is None:
        raise SystemExit(f"make bench needs blackbox_exporter to compare with: apt-get install {EXPORTER}")
    port = _free_port()
    config = folder / "blackbox.json"
    config.write_text(json.dumps(_module(bundle)))
    command = [program, f"--config.file={config}", f"--web.listen-address={HOST}:{port}"]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        with contextlib.closing(_listening(port)) as connection:
            yield lambda: _probed(connection, tls_port)
    finally:
        process.terminate()
        process.wait()


def _module(bundle: Path) -> dict[str, object]:
    """A YAML file may be JSON."""
    said = {"send": "HEAD / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"}
    tls = {"ca_file": str(bundle), "server_name": HOST_NAME}
    tcp = {"tls": True, "tls_config": tls, "query_response": [said, {"expect": "^HTTP/1.1 200"}]}
    return {"modules": {"tls": {"prober": "tcp", "timeout": "5s", "tcp": tcp}}}


def _free_port() -> int:
    with socket.create_server((HOST, 0)) as held:
        return int(held.getsockname()[1])


def _listening(port: int) -> http.client.HTTPConnection:
    """A connection to the exporter, as soon as it listens."""
    ends = time.monotonic() + 20
    while True:
        connection = http.client.HTTPConnection(HOST, port, timeout=5)
        try:
            connection.connect()
        except OSError:
            if time.monotonic() > ends:
                raise SystemExit(f"{EXPORTER} does not listen on {HOST}:{port}") from None
            time.sleep(0.05)
        else:
            return connection


def _probed(connection: http.client.HTTPConnection, tls_port: int) -> object:
    connection.request("GET", f"/probe?module=tls&target={HOST}:{tls_port}")
    told = connection.getresponse().read()
    if b"probe_success 1" not in told:
        raise SystemExit(f"{EXPORTER} did not see what we see, its time means nothing:\n{told.decode()[-800:]}")
    return told


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
