"""Where a benchmark plays: a recorded AWS, a site and a DNS, all so far away, and processes that ask them."""

from __future__ import annotations

import contextlib
import json
import os
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

import boto3
import dns.message
import dns.rcode
import trustme

from checks import twin as twins
from checks.doors import assembly
from checks.plan import as_text
from checks.run import look
from checks.target import read, resolve
from checks.world.aws import Credentials, real_aws
from checks.world.aws.alarms import MOST_NAMES
from checks.world.real import RealClock, real_world
from tests.world.servers import dns_server, record
from tools import bench_replay as replay
from tools import bench_workload as workload
from tools.bench_network import delayed

SERVICE_S = replay.SERVICE_S
ROOT = Path(__file__).resolve().parent.parent
ANCHOR_HOST = f"dynamodb.{workload.REGION}.amazonaws.com"


@dataclass(frozen=True, slots=True)
class Bench:
    """What was recorded and planned, and where everything stands."""

    folder: Path
    tape: replay.Tape
    secret: str
    names: tuple[str, ...]
    certificate: Path
    bundle: Path

    @property
    def plan(self) -> Path:
        """The frozen plan."""
        return self.folder / "bench.plan.json"


@contextlib.contextmanager
def recorded(folder: Path, sizes: workload.Sizes, chosen: dict[str, int]) -> Iterator[Bench]:
    """Deploy the workload's stack to a twin of its own, put every question to it once, and freeze the plan."""
    authority = trustme.CA()
    bundle, certificate = folder / "authority.pem", folder / "leaf.pem"
    authority.cert_pem.write_to_path(bundle)
    authority.issue_cert(*workload.HOSTS, ANCHOR_HOST, "127.0.0.1").private_key_and_cert_chain_pem.write_to_path(
        certificate
    )
    twin = twins.up(home=folder / "twin")
    try:
        port = int(twin.endpoint.rpartition(":")[2])
        trust = ssl.create_default_context(cafile=twin.ca_bundle)
        source = replay.Source("127.0.0.1", port, trust, twin.access_key_id)
        workload.deploy(twin, sizes)
        with replay.recording(source) as (recorder, tape):
            names = _record(folder, bundle, twin, recorder, chosen)
            _record_alarms(twin, recorder, sizes)
            _record_naive(twin, recorder, names)
    finally:
        twins.down(home=folder / "twin")
    yield Bench(folder, tape, twin.secret_access_key, names, certificate, bundle)


def _record(folder: Path, bundle: Path, twin: twins.Twin, recorder: int, chosen: dict[str, int]) -> tuple[str, ...]:
    settings_file = folder / "bench.toml"
    settings_file.write_text(workload.settings_text(resolver=1, site=1, bundle=bundle))
    settings = read(settings_file)
    keys = Credentials(access_key_id=twin.access_key_id, secret_access_key=twin.secret_access_key)
    aws = real_aws(
        regions=(workload.REGION,), clock=RealClock(), endpoint=f"http://127.0.0.1:{recorder}", credentials=keys
    )
    world = real_world(aws=aws, anchor="https://nowhere.invalid/")
    with ThreadPoolExecutor(4) as pool:
        target = resolve(settings, world, pool=pool, accepted_names=())
    plan = assembly.live_plan(settings, target, accepted=None, release="")
    (folder / "bench.plan.json").write_text(as_text(plan))
    names = workload.chosen((each.name for each in plan.checks), chosen)
    # Each in an attempt of its own; the alarms together as well, as they are asked in a run (`recorded_answer`).
    for each in plan.checks:
        if each.name in names and each.promise.instrument == "aws":
            look(each, world)
    return names


def _record_alarms(twin: twins.Twin, recorder: int, sizes: workload.Sizes) -> None:
    client = boto3.client(
        "cloudwatch",
        region_name=workload.REGION,
        endpoint_url=f"http://127.0.0.1:{recorder}",
        aws_access_key_id=twin.access_key_id,
        aws_secret_access_key=twin.secret_access_key,
    )
    names = [f"bench-{number}" for number in range(sizes.alarms)]
    # On one page: the recording knows the first page of any company, and no other.
    client.describe_alarms(AlarmNames=names, AlarmTypes=["MetricAlarm"], MaxRecords=MOST_NAMES)


def _record_naive(twin: twins.Twin, recorder: int, names: tuple[str, ...]) -> None:
    environment = {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{recorder}",
        "AWS_ACCESS_KEY_ID": twin.access_key_id,
        "AWS_SECRET_ACCESS_KEY": twin.secret_access_key,
        "AWS_DEFAULT_REGION": workload.REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        "PATH": os.environ["PATH"],
        "BENCH_NAIVE": workload.naive(names),
    }
    naive(environment, "-k", "not address and not certificate and not page")


def naive(environment: dict[str, str], *arguments: str) -> float:
    """Seconds of the naive suite, from the start of its process to its end."""
    command = [sys.executable, "-m", "pytest", "-q", "-c", os.devnull, "-p", "no:cacheprovider", "-p", "no:xdist"]
    began = time.perf_counter()
    ended = subprocess.run(
        [*command, "--rootdir", str(ROOT / "tools"), "tools/bench_naive.py", *arguments],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    seconds = time.perf_counter() - began
    if ended.returncode:
        raise SystemExit(
            f"the naive suite failed, its time means nothing:\n{ended.stdout[-3000:]}{ended.stderr[-500:]}"
        )
    return seconds


@contextlib.contextmanager
def running(
    bench: Bench, round_trip_s: float, *, allowed: replay.Quota | None = None
) -> Iterator[tuple[dict[str, str], replay.Replayed]]:
    """The replayed AWS, the site and the DNS, so far away; the environment in which a run finds them.

    *allowed* is a quota that AWS enforces: an operation, how often a second, and how often at once.
    """
    site = dict.fromkeys((*workload.HOSTS, ANCHOR_HOST), workload.PAGE)
    with (
        replay.replaying(replay.Scene(bench.tape, bench.certificate, site, allowed)) as replayed,
        _names() as dns_port,
        delayed(tcp=(replayed.port, dns_port), udp=(dns_port,), round_trip_s=round_trip_s) as ((far, _), (far_dns,)),
    ):
        text = workload.settings_text(resolver=far_dns, site=far, bundle=bench.bundle)
        (bench.folder / "bench.toml").write_text(text)
        yield (
            {
                "PATH": os.environ["PATH"],
                "HOME": str(bench.folder),
                "AWS_ENDPOINT_URL": f"https://127.0.0.1:{far}",
                "AWS_ACCESS_KEY_ID": bench.tape.known_key,
                "AWS_SECRET_ACCESS_KEY": bench.secret,
                "AWS_DEFAULT_REGION": workload.REGION,
                "AWS_CA_BUNDLE": str(bench.bundle),
                "AWS_EC2_METADATA_DISABLED": "true",
                "AWS_CONFIG_FILE": os.devnull,
                "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
                "BENCH_SITE": str(far),
                "BENCH_DNS": str(far_dns),
            },
            replayed,
        )


@contextlib.contextmanager
def _names() -> Iterator[int]:
    here, there = get_context("spawn").Pipe()
    process = get_context("spawn").Process(target=_serve_names, args=(there,), daemon=True)
    process.start()
    try:
        yield here.recv()
    finally:
        process.terminate()
        process.join(timeout=10)


def _serve_names(told: Connection) -> None:
    addresses = [record(f"{host}. 60 IN A {workload.ADDRESS}") for host in (*workload.HOSTS, ANCHOR_HOST)]
    start = record("example. 60 IN SOA ns.example. ops.example. 1 2 3 4 5")

    def reply(query: dns.message.Message, _: str) -> dns.message.Message:
        answer = dns.message.make_response(query)
        asked = query.question[0]
        answer.answer = [each for each in (*addresses, start) if (each.name, each.rdtype) == (asked.name, asked.rdtype)]
        if not any(each.name == asked.name for each in (*addresses, start)):
            answer.set_rcode(dns.rcode.NXDOMAIN)
        return answer

    with dns_server(reply) as heard:
        told.send(heard.port)
        told.recv()


def told_by(environment: dict[str, str], module: str, *arguments: str) -> tuple[dict[str, object], float]:
    """What a process of ours printed, and its seconds from start to end."""
    began = time.perf_counter()
    ended = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    seconds = time.perf_counter() - began
    if ended.returncode:
        raise SystemExit(f"{module} failed:\n{ended.stdout[-2000:]}{ended.stderr[-3000:]}")
    told: dict[str, object] = json.loads(ended.stdout.splitlines()[-1])
    return told, seconds
