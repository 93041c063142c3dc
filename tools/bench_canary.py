"""The canary's budget: how large its package is, how fast it starts, what it holds in memory, and what a run costs.

`python -m tools.bench tools.bench_canary`. Ratios are taken in the same run, since absolute times belong to a machine.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from checks.nights.cost import of_run
from khaya_infra.canary_package import build_canary
from tools.bench import Row

SECTION = "The canary"

ROUNDS = 5
SITE = next(each for each in sys.path if each.endswith("site-packages"))
# What a start is compared with: the SDK and one client, which no function on AWS does without.
ANCHOR = """
import time; since = time.process_time()
import boto3; boto3.client("dynamodb", region_name="eu-west-1")
"""
START = """
import time; since = time.process_time()
import checks.doors.canary
from checks.world.aws import real_aws
from checks.doors.resting import at_rest
from checks.world.real import RealClock
with at_rest():
    real_aws(regions=("af-south-1",), clock=RealClock()).prepare()
"""
# Not `ru_maxrss`, which begins with what the benchmark's own process holds.
TELL = """
spent = time.process_time() - since
import json
held = [line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM:")]
print(json.dumps([spent, int(held[0]) / 1024]))
"""


def measure() -> list[Row]:
    """The four figures; all but the start are shares of what they may be."""
    with tempfile.TemporaryDirectory() as scratch:
        told = Path(scratch) / "told"
        told.mkdir()
        package = build_canary(told)
        with zipfile.ZipFile(package) as archive:
            archive.extractall(Path(scratch) / "task")
        pairs = [(_run(ANCHOR, scratch), _run(START, scratch)) for _ in range(ROUNDS)]
    # The least of each: what else the machine does can only add.
    ratio = min(start[0] for _, start in pairs) / min(anchor[0] for anchor, _ in pairs)
    memory = statistics.median(start[1] for _, start in pairs)
    size, price = package.stat().st_size / 1e6, of_run(seconds=2, memory_mb=1024)["compute_usd"]
    return [
        Row(name="package beside 1.5 MB", figure=f"{size:.2f} MB zipped", ratio=size / 1.5, goal=1),
        Row(name="start with every client beside boto3 and one", figure=f"{ratio:.2f} times", ratio=ratio, goal=1.95),
        Row(name="memory after the start beside 100 MiB", figure=f"{memory:.0f} MiB", ratio=memory / 100, goal=1),
        Row(
            name="2 s at 1 GB beside $0.00005", figure=f"${price:.6f}, by AWS's price list", ratio=price / 5e-5, goal=1
        ),
    ]


def _run(code: str, scratch: str) -> tuple[float, float]:
    task = str(Path(scratch) / "task")
    path = f"import sys; sys.path[:0] = [{task!r}]; sys.path.append({SITE!r})\n"
    env = {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "AWS_EC2_METADATA_DISABLED": "true", "HOME": scratch}
    command = [sys.executable, "-S", "-c", path + code + TELL]
    done = subprocess.run(command, cwd=task, env=env, capture_output=True, text=True, check=True)
    seconds, memory = json.loads(done.stdout)
    return float(seconds), float(memory)
