"""Up, down, and what lies between: idempotence, recovery, and leaving nothing behind."""

from __future__ import annotations

import errno
import http.client
import os
import shlex
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from pathlib import Path

import dns.rcode
import pytest

from checks import twin as twins
from checks.twin import Twin, life, loopback, processes, state
from checks.twin.state import CannotStart, Process, TwinIsDown
from tests.twin.conftest import ACTIONS, Site
from tests.twin.template import DOMAIN

ROOT = Path(__file__).resolve().parents[2]


def kill(process: Process) -> None:
    """End a process without a word and wait until it is gone."""
    os.kill(process.pid, signal.SIGKILL)
    limit = time.monotonic() + 5
    while processes.alive(process):
        assert time.monotonic() < limit
        time.sleep(0.005)


@pytest.mark.twin
def test_a_second_up_changes_nothing(twin: Twin, home: Path) -> None:
    """The same processes, the same ports, and it is not fresh."""
    again = twins.up(home=home, harness_actions=ACTIONS)
    assert (twin.pids, twin.endpoint, twin.generation) == (again.pids, again.endpoint, again.generation)
    assert not again.fresh
    assert twins.read(home=home) == again


@pytest.mark.twin
@pytest.mark.parametrize("part", (life.EDGE, life.NAMESERVER))
def test_a_part_that_died_comes_back_where_it_was(site: Site, home: Path, part: str) -> None:
    """What a shell was told before still holds, and AWS has lost nothing."""
    twin = site.twin
    kill(twin.pids[part])
    with pytest.raises(TwinIsDown, match=part):
        twins.read(home=home, whole=True)
    assert twin.endpoint == twins.read(home=home).endpoint
    again = twins.up(home=home, harness_actions=ACTIONS)
    assert (False, twin.generation) == (again.fresh, again.generation)
    assert (twin.edge, twin.edge_http, twin.dns) == (again.edge, again.edge_http, again.dns)
    assert (200, 8) == (site.get("/").status, len(site.ask(DOMAIN, "AAAA").answer[0]))


@pytest.mark.twin
def test_without_the_emulator_the_edge_says_502_at_once_and_a_revived_one_is_empty(site: Site, home: Path) -> None:
    """Handshake and DNS go on as on the day AWS's APIs are away; `up` gives an empty AWS and says so."""
    twin = site.twin
    # Whoever was never asked since the deployment has nothing to go on with.
    assert site.ask(DOMAIN).answer
    kill(twin.pids[life.EMULATOR])
    began = time.monotonic()
    refused = site.get("/")
    assert (502, "Error from cloudfront") == (refused.status, refused.headers["X-Cache"])
    told = site.ask(DOMAIN)
    assert ("NOERROR", 1) == (dns.rcode.to_text(told.rcode()), len(told.answer))
    assert time.monotonic() - began < 2
    again = twins.up(home=home, harness_actions=ACTIONS)
    assert again.fresh
    assert twin.generation != again.generation
    assert (twin.endpoint, twin.access_key_id) == (again.endpoint, again.access_key_id)
    with pytest.raises(OSError, match=r"(?i)handshake.failure"):
        site.connect(DOMAIN)
    assert not site.ask(DOMAIN).answer


@pytest.mark.twin
def test_down_leaves_no_process_no_port_and_no_file(site: Site, home: Path) -> None:
    """Functions and the interpreters of CloudFront's functions included; a second down has nothing to do."""
    twin = site.twin
    assert 200 == site.get("/api/things").status
    twins.down(home=home)
    assert not [process for process in twin.pids.values() if processes.alive(process)]
    assert not twin.home.exists()
    assert not _carrying(twin.home)
    for host, port in (twin.edge, twin.edge_http, twin.dns):
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((host, port), timeout=1)
    twins.down(home=home)
    with pytest.raises(TwinIsDown, match="start it with"):
        twins.read(home=home)


def _carrying(folder: Path) -> list[str]:
    """Processes that were started for the twin of this folder."""
    found = []
    for seen in Path("/proc").glob("[0-9]*/environ"):
        try:
            if str(folder).encode() in seen.read_bytes():
                found.append(seen.parent.name)
        except OSError:
            continue
    return found


@pytest.mark.twin
def test_what_an_interrupted_up_left_is_cleared(twin: Twin, home: Path) -> None:
    """Parts run and nothing is written down: they are ended, and a whole twin comes up."""
    (twin.home / "state.json").unlink()
    again = twins.up(home=home, harness_actions=ACTIONS)
    assert again.fresh
    assert not [process for process in twin.pids.values() if processes.alive(process)]
    assert twins.status(home=home).up


@pytest.mark.twin
def test_a_pid_that_belongs_to_somebody_else_now_is_left_alone(twin: Twin, home: Path) -> None:
    """A process of the same number and another start time is not ours, neither for status nor for down."""
    with subprocess.Popen(["sleep", "60"], start_new_session=True) as stranger:
        try:
            reused = Process(pid=stranger.pid, born="another time")
            assert not processes.alive(reused)
            processes.stop(reused)
            assert stranger.poll() is None
        finally:
            stranger.kill()


@pytest.mark.twin
def test_nothing_of_a_hostile_environment_gets_in(
    twin: Twin, home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Profile, endpoints, proxies, files and keys of the caller are not seen by anything that is run for the twin."""
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "credentials").write_text(
        "[default]\naws_access_key_id=AKIAREAL\naws_secret_access_key=real\n"
    )
    hostile = {
        "HOME": str(tmp_path), "AWS_PROFILE": "production", "AWS_ENDPOINT_URL_S3": "https://s3.amazonaws.com",
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true", "HTTPS_PROXY": "http://192.0.2.99:3128",
        "AWS_SESSION_TOKEN": "token-of-a-real-account", "AWS_ACCESS_KEY_ID": "AKIAREAL",
        "AWS_SECRET_ACCESS_KEY": "real", "AWS_CA_BUNDLE": "/nowhere", "REQUESTS_CA_BUNDLE": "/nowhere",
        "PYTHONPATH": "/nowhere", "NODE_OPTIONS": "--bad",
    }  # fmt: skip
    for variable, value in hostile.items():
        monkeypatch.setenv(variable, value)
    # Everything is started anew under the hostile environment.
    for process in twin.pids.values():
        kill(process)
    with pytest.raises(TwinIsDown, match="these are dead"):
        twins.read(home=home)
    twin = twins.up(home=home, harness_actions=ACTIONS)
    for process in twin.pids.values():
        seen = Path(f"/proc/{process.pid}/environ").read_text()
        assert not [variable for variable, value in hostile.items() if f"\0{variable}={value}\0" in f"\0{seen}"]
    inside = twins.environment(twin)
    leaked = {name: value for name, value in inside.items() if hostile.get(name) == value}
    assert {} == leaked
    assert not {"AWS_PROFILE", "AWS_ENDPOINT_URL_S3", "HTTPS_PROXY", "AWS_SESSION_TOKEN"} & inside.keys()
    assert (os.devnull, os.devnull) == (inside["AWS_CONFIG_FILE"], inside["AWS_SHARED_CREDENTIALS_FILE"])
    script = "import boto3; s3, sts = boto3.client('s3'), boto3.client('sts'); "
    script += "print(sts.get_caller_identity()['Account'], s3.meta.endpoint_url, s3.list_buckets()['Buckets'])"
    told = subprocess.run([sys.executable, "-c", script], env=inside, capture_output=True, text=True, check=True)
    assert f"000000000000 {twin.endpoint} []" == told.stdout.strip()


@pytest.mark.twin
def test_a_shell_that_evaluates_env_reaches_the_twin_and_nothing_else(
    site: Site, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The exports name what is deployed, and what the shell had of AWS before is unset."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "https://s3.amazonaws.com")
    lines = twins.env_lines(site.twin).splitlines()
    exports = dict(line.removeprefix("export ").split("=", 1) for line in lines if line.startswith("export "))
    assert ("Site", DOMAIN) == (exports["TWIN_STACK"], exports["TWIN_DOMAIN"])
    assert {"unset AWS_PROFILE", "unset AWS_SESSION_TOKEN", "unset AWS_ENDPOINT_URL_S3"} <= set(lines)
    host, port = shlex.split(exports["TWIN_EDGE"])[0].split(":")
    assert site.twin.edge == (host, int(port))
    curl = (
        'curl -sS --fail --cacert "$TWIN_CA_BUNDLE" --connect-to "$TWIN_DOMAIN:443:$TWIN_EDGE" "https://$TWIN_DOMAIN/"'
    )
    script = f"eval {shlex.quote(twins.env_lines(site.twin))}; {curl}"
    page = subprocess.run(["/bin/sh", "-c", script], capture_output=True, text=True, check=True).stdout
    assert "<html>hello</html>" == page


@pytest.mark.twin
def test_the_command_line_says_what_is_wrong_in_one_line(twin: Twin, home: Path, tmp_path: Path) -> None:
    """69 for a twin that is not there or a place that is not ours, the command's own code for `run`."""

    def run(*words: str, where: Path = home) -> subprocess.CompletedProcess[str]:
        surroundings = {"PATH": os.environ["PATH"], "TWIN_HOME": str(where)}
        return subprocess.run(
            [sys.executable, "-m", "checks.twin", *words],
            cwd=ROOT,
            env=surroundings,
            capture_output=True,
            text=True,
            check=False,
        )

    assert (0, 3) == (run("status").returncode, run("run", "--", "sh", "-c", "exit 3").returncode)
    (tmp_path / "local").mkdir()
    (tmp_path / "local" / "mine").touch()
    for words in (("env",), ("up",), ("--name", "../x", "up")):
        refused = run(*words, where=tmp_path)
        assert (69, 1) == (refused.returncode, len(refused.stderr.splitlines()))
    assert 64 == run("delegate", "nope", "ns.example").returncode


def test_a_folder_that_is_somebody_elses_is_neither_used_nor_removed(tmp_path: Path) -> None:
    """Only a folder with the marker is ours."""
    (tmp_path / "local").mkdir()
    (tmp_path / "local" / "mine").write_text("kept")
    for act in (twins.up, twins.down):
        with pytest.raises(CannotStart):
            act(home=tmp_path)
    assert "kept" == (tmp_path / "local" / "mine").read_text()


def test_whoever_waits_for_the_lock_says_for_whom_and_then_proceeds(tmp_path: Path) -> None:
    """The message names the holder's pid; the lock is gone from the disk when the folder is."""
    said: list[str] = []
    inside, done = threading.Event(), threading.Event()

    def hold() -> None:
        with state.locked(tmp_path / "local", said.append):
            inside.set()
            done.wait(10)

    holder = threading.Thread(target=hold)
    holder.start()
    assert inside.wait(10)
    with state.locked(tmp_path / "local", said.append, pause=lambda _: done.set()):
        pass
    holder.join()
    assert [f"another process (pid {os.getpid()}) holds {tmp_path / 'local.lock'}; waiting for it"] == said
    assert not (tmp_path / "local.lock").exists()


def test_a_part_that_ends_or_stays_silent_cannot_be_started(tmp_path: Path) -> None:
    """One line with its last words; nothing is left running."""
    with pytest.raises(CannotStart, match=r"ended with 1: .*No module named"):
        processes.launch("no_such_part", folder=tmp_path, environment={}, arguments={}, patience=20)
    with pytest.raises(CannotStart, match="said nothing for 0 s"):
        processes.launch("edge", folder=tmp_path, environment={}, arguments={}, patience=0)
    assert not _carrying(tmp_path)


def test_only_loopback_is_listened_on() -> None:
    """Neither all interfaces nor a public one."""
    for host in ("0.0.0.0", "192.0.2.1"):
        with pytest.raises(CannotStart, match="not a loopback address"):
            loopback.listen(host, 0)


def test_a_port_that_is_taken_gives_way_to_a_free_one_and_none_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """A wish is a wish; only when nothing is free the twin cannot start."""
    with loopback.listen("127.0.0.1", 0) as first, loopback.listen("127.0.0.1", first.getsockname()[1]) as second:
        assert first.getsockname()[1] != second.getsockname()[1]

    def full(_self: socket.socket, _where: object) -> None:
        raise OSError(errno.EADDRINUSE, "Address already in use")

    monkeypatch.setattr(socket.socket, "bind", full)
    with pytest.raises(CannotStart, match=r"no free port on 127\.0\.0\.1: Address already in use"):
        loopback.listen("127.0.0.1", 0)


@pytest.mark.twin
def test_the_emulator_listens_on_loopback_alone(twin: Twin) -> None:
    """No socket of the twin is bound to another address."""
    wide = [line.split()[1] for line in Path("/proc/net/tcp").read_text().splitlines()[1:] if line.split()[3] == "0A"]
    ports = {int(twin.endpoint.rpartition(":")[2]), twin.edge[1], twin.edge_http[1], twin.dns[1]}
    ours = [where for where in wide if int(where.partition(":")[2], 16) in ports]
    assert ours
    assert all(where.partition(":")[0].endswith("7F") for where in ours)


@pytest.mark.twin
def test_an_unsigned_request_is_refused(twin: Twin) -> None:
    """Who names nobody is nobody."""
    port = int(twin.endpoint.rpartition(":")[2])
    context = ssl.create_default_context(cafile=twin.ca_bundle)
    connection = http.client.HTTPSConnection("127.0.0.1", port, context=context, timeout=10)
    connection.request("POST", "/", body=b"{}", headers={"X-Amz-Target": "DynamoDB_20120810.ListTables"})
    answer = connection.getresponse()
    assert (400, True) == (answer.status, b"MissingAuthenticationToken" in answer.read())
    connection.close()


@pytest.mark.twin
def test_a_part_that_an_interrupted_revival_left_is_ended_and_the_living_are_spared(site: Site, home: Path) -> None:
    """Started for this twin, known to nobody: it goes. The emulator and its function's worker stay."""
    twin = site.twin
    assert 200 == site.get("/api/things").status
    left = subprocess.Popen(
        ["sleep", "60"], env={"TWIN_PART_OF": str(twin.home), "PATH": os.environ["PATH"]}, start_new_session=True
    )
    before = {each for each in _carrying(twin.home) if each != str(left.pid)}
    again = twins.up(home=home, harness_actions=ACTIONS)
    # `up` has waited for its end, and taken its exit code with it.
    assert 0 == left.wait(10) or -signal.SIGKILL == left.returncode
    assert twin.pids.keys() == again.pids.keys()
    assert before <= set(_carrying(twin.home))


@pytest.mark.twin
def test_down_ends_the_processes_of_a_folder_that_somebody_removed(twin: Twin, home: Path) -> None:
    """Without its folder a twin can no longer be read, and still be ended; its lock goes with it."""
    shutil.rmtree(twin.home)
    with pytest.raises(TwinIsDown):
        twins.read(home=home)
    twins.down(home=home)
    assert not [process for process in twin.pids.values() if processes.alive(process)]
    assert not _carrying(twin.home)
    assert not state.lock_of(twin.home).exists()


def test_a_down_that_waits_for_an_up_takes_away_what_that_has_made(tmp_path: Path) -> None:
    """There was no folder when it was called; there is one when its turn comes, and none afterwards."""
    folder, waits = tmp_path / "twins" / "local", threading.Event()
    waiter = threading.Thread(target=twins.down, kwargs={"home": folder.parent, "say": lambda _: waits.set()})

    with state.locked(folder, print):
        waiter.start()
        assert waits.wait(30)
        state.claim(folder)
    waiter.join(30)

    assert (False, False) == (waiter.is_alive(), folder.parent.exists())
