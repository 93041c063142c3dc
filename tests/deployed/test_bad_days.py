"""Bad input and bad days on the deployed stack, each as a person meets it: the code, the one line, nothing left."""

from __future__ import annotations

import contextlib
import fcntl
import http.client
import http.server
import json
import os
import pty
import re
import shlex
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from checks import twin as twins
from checks.run import exit_code
from checks.twin import Twin, authority, processes
from checks.twin.addresses import REGIONAL_V4
from checks.twin.asking import ask_query
from checks.twin.emulator import SERVED_NAMES
from tests.deployed.conftest import ACCOUNT, ROOT, House, roots, told
from tools.deployment import TURNS

pytestmark = pytest.mark.twin

PYTHON = sys.executable
LOCAL = ROOT / "checks" / "targets" / "local.toml"
DEPLOY = ("-m", "khaya_infra.deploy", "--target")
CALLER = f"identity.caller[{ACCOUNT}]"


@dataclass(frozen=True)
class Said:
    """What a command came to."""

    code: int
    out: str
    err: str


@dataclass
class Shell:
    """A person's shell: an environment of its own, and commands of which nothing may be left when they have ended."""

    environ: dict[str, str]
    running: list[subprocess.Popen[str]] = field(default_factory=list)

    def start(self, *words: str, stderr: int = subprocess.PIPE, cwd: Path = ROOT) -> subprocess.Popen[str]:
        """Start Python with these words, as the leader of a session."""
        command = subprocess.Popen(
            [PYTHON, *words],
            env=self.environ,
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            start_new_session=True,
        )
        self.running.append(command)
        return command

    def end(self, command: subprocess.Popen[str], *, patience: float = 300) -> Said:
        """What it came to; its whole session must be gone with it."""
        out, err = command.communicate(timeout=patience)
        await_that(lambda: not session_of(command.pid), "nothing of the command runs any more")
        return Said(code=command.returncode, out=out, err=err or "")

    def run(self, *words: str, cwd: Path = ROOT) -> Said:
        """Run Python with these words to the end."""
        return self.end(self.start(*words, cwd=cwd))

    def verify(self, target: Path | str, *more: str, cwd: Path = ROOT) -> Said:
        """`python -m checks verify`."""
        return self.run("-m", "checks", "verify", "--target", str(target), *more, cwd=cwd)

    def accept(self, target: Path, *, cwd: Path = ROOT) -> Said:
        """`python -m checks plan --accept`."""
        who = ("--owner", "platform", "--reason", "first")
        return self.run("-m", "checks", "plan", "--target", str(target), "--accept", *who, cwd=cwd)

    def deploy(self, target: Path | str = "local") -> Said:
        """The deployer, within the twin's own environment."""
        return self.run(*inside(target))


def inside(target: Path | str) -> tuple[str, ...]:
    """The words that run the deployer as `make deploy` does."""
    return "-m", "checks", "twin", "run", "--", PYTHON, *DEPLOY, str(target)


def session_of(leader: int) -> list[int]:
    """The living processes of a session."""
    found = []
    for seen in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, _, _, session = seen.read_text().rpartition(")")[2].split()[:4]
            if int(session) == leader and state not in "ZX":
                found.append(int(seen.parent.name))
    return found


def await_that(holds: Callable[[], object], what: str, *, patience: float = 30) -> None:
    """Until it holds; a moment that does not come is a failure."""
    limit = time.monotonic() + patience
    while not holds():
        assert time.monotonic() < limit, f"never came: {what}"
        time.sleep(0.01)


@pytest.fixture
def shell(house: House, tmp_path: Path) -> Iterator[Shell]:
    """A shell with a home of its own that knows where the twin is, and nothing else."""
    made = Shell({"PATH": os.environ["PATH"], "HOME": str(tmp_path), "TWIN_HOME": str(house.home), "LANG": "C.UTF-8"})
    yield made
    for command in made.running:
        if command.poll() is None:
            os.killpg(command.pid, signal.SIGKILL)
            command.communicate()


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    """A copy of the twin's settings, with the plan that was accepted for them."""
    plan = LOCAL.with_suffix(".plan.json")
    shutil.copy(plan, tmp_path / plan.name)
    return Path(shutil.copy(LOCAL, tmp_path / LOCAL.name))


def reword(file: Path, old: str, new: str) -> Path:
    """The file with one thing said otherwise."""
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")
    return file


def line_of(said: Said) -> str:
    """The one line that was complained in."""
    lines = said.err.splitlines()
    assert 1 == len(lines), said
    return lines[0]


def document_of(file: Path) -> dict[str, Any]:
    """A run document, whole: the five statuses sum up to the results."""
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    counts = found["counts"]
    assert len(found["results"]) == sum(counts[each] for each in ("pass", "fail", "not_yet", "unknown", "blocked"))
    assert [file.name] == [each.name for each in file.parent.glob(f"*{file.name}*")]
    return found


def open_ends(document: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Name and status of each result that is neither kept nor explained by another."""
    return [(r["name"], r["status"]) for r in document["results"] if r["status"] not in {"pass", "blocked"}]


# Bad input


@pytest.mark.parametrize("door", ("verify", "deploy"))
def test_a_misspelt_key_is_64_at_every_door(shell: Shell, settings: Path, door: str) -> None:
    """File, key and the keys there are; a deployer that overlooked it would deploy the paths away."""
    reword(settings, "spa_paths", "spa_pahts")

    said = shell.verify(settings) if door == "verify" else shell.deploy(settings)

    assert (64, "") == (said.code, said.out)
    assert (
        "local.toml: [site]: unknown ['spa_pahts']; known are ['aliases', 'domain', 'hidden', 'spa_paths']"
        in line_of(said)
    )


def test_a_stack_that_never_existed_is_64(shell: Shell, settings: Path) -> None:
    """The line says where it was sought, and what to do."""
    reword(settings, '"KhayaStack"', '"KhayaStick"')

    said = shell.verify(settings)

    assert (64, "") == (said.code, said.out)
    assert "local.toml: stack KhayaStick does not exist in af-south-1 of account 000000000000" in line_of(said)
    assert "deploy it, or correct [[stack]] name and region" in line_of(said)


def test_a_stack_that_was_accepted_and_is_gone_is_1_and_the_one_root(
    house: House, shell: Shell, tmp_path: Path
) -> None:
    """It was there, somebody accepted it, and now it is not: what else is missing stands behind that."""
    target = tmp_path / "passing.toml"
    stack = '[[stack]]\nname = "Passing"\nregion = "af-south-1"\n'
    target.write_text(f'schema = 1\ntwin = true\n[account]\nid = "{ACCOUNT}"\n{stack}', encoding="utf-8")
    stacks = house.aws("cloudformation")
    table = {
        "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
    }
    body = json.dumps({"Resources": {"Notes": {"Type": "AWS::DynamoDB::Table", "Properties": table}}})
    stacks.create_stack(StackName="Passing", TemplateBody=body)
    try:
        stacks.get_waiter("stack_create_complete").wait(StackName="Passing", WaiterConfig={"Delay": 1})
        accepted = shell.accept(target)
        assert 0 == accepted.code, accepted
    finally:
        stacks.delete_stack(StackName="Passing")
    stacks.get_waiter("stack_delete_complete").wait(StackName="Passing", WaiterConfig={"Delay": 1})

    said = shell.verify(target, "--json", str(tmp_path / "run.json"))

    document = document_of(tmp_path / "run.json")
    assert (1, "") == (said.code, said.err)
    assert [("stack.status[Passing]", "fail")] == open_ends(document), said.out
    assert document["counts"]["blocked"] > 0
    assert "there is no stack Passing" in said.out


# No way in


@pytest.fixture
def regional(house: House, tmp_path: Path) -> Iterator[int]:
    """The port of AWS's regional endpoints, seen from outside: the twin's, and the health of DynamoDB's."""
    twin = house.twin
    trust = ssl.create_default_context(cafile=twin.ca_bundle)
    port = int(twin.endpoint.rpartition(":")[2])

    class Endpoint(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            """Healthy, or what the twin says."""
            if (self.headers["Host"].partition(".")[0], self.path) == ("dynamodb", "/ping"):
                self._answer(200, b"healthy")
                return
            behind = http.client.HTTPSConnection("127.0.0.1", port, context=trust)
            behind.request(self.command, self.path, headers=dict(self.headers))
            answer = behind.getresponse()
            self._answer(answer.status, answer.read(), answer.headers["Content-Type"] or "")
            behind.close()

        def _answer(self, status: int, body: bytes, kind: str = "text/plain") -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    leaf = authority.mint(authority.found(twin.home / "authority"), SERVED_NAMES)
    pem = tmp_path / "endpoint.pem"
    pem.write_text(leaf.key + leaf.certificate + leaf.chain)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Endpoint) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


@pytest.fixture
def account(house: House, shell: Shell, settings: Path, regional: int) -> Path:
    """The same deployment as an account on AWS: reached by the shell's own credentials, with a plan accepted."""
    twin = house.twin
    connect = {**twin.connect, (REGIONAL_V4, 443): ("127.0.0.1", regional)}
    rows = [f'"{_place(*there)}" = "{_place(*here)}"' for there, here in connect.items()]
    network = [f'resolver = "{_place(*twin.dns)}"', f'ca_bundle = "{twin.ca_bundle}"', "[network.connect]", *rows]
    target = settings.rename(settings.with_name("account.toml"))
    reword(target, "twin = true\n", "")
    target.write_text(target.read_text(encoding="utf-8") + "\n".join(["[network]", *network, ""]), encoding="utf-8")
    shell.environ |= {
        "AWS_ENDPOINT_URL": twin.endpoint,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "PYTHONPATH": str(ROOT),
    }
    accepted = Shell({**shell.environ, **administrator(twin)}).accept(target, cwd=target.parent)
    assert 0 == accepted.code, accepted
    return target


def _place(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def administrator(twin: Twin) -> dict[str, str]:
    """Who may ask."""
    return {"AWS_ACCESS_KEY_ID": twin.access_key_id, "AWS_SECRET_ACCESS_KEY": twin.secret_access_key}


def nobody(_: Twin) -> dict[str, str]:
    """No credentials at all."""
    return {}


def wrong_key(twin: Twin) -> dict[str, str]:
    """A secret that is not the key's."""
    return {**administrator(twin), "AWS_SECRET_ACCESS_KEY": "not-the-secret-of-this-key"}


def expired(twin: Twin) -> dict[str, str]:
    """A session that has ended, as after a long lunch."""
    asked = {"RoleArn": twin.role_arn, "RoleSessionName": "lunch", "DurationSeconds": "0"}
    given = ask_query(twin.access, "sts", "AssumeRole", "2011-06-15", **asked).find(".//Credentials")
    assert given is not None
    names = {"AWS_ACCESS_KEY_ID": "AccessKeyId", "AWS_SECRET_ACCESS_KEY": "SecretAccessKey"}
    names["AWS_SESSION_TOKEN"] = "SessionToken"
    return {variable: given.findtext(name) or "" for variable, name in names.items()}


def test_with_valid_credentials_an_account_is_seen_whole(house: House, shell: Shell, account: Path) -> None:
    """The failing twin of those below: they differ in their credentials alone."""
    shell.environ |= administrator(house.twin)

    said = shell.verify(account, cwd=account.parent)

    assert (0, "") == (said.code, said.err), said.out


@pytest.mark.parametrize(
    ("credentials", "said_of_it"),
    (
        pytest.param(nobody, ("no usable credentials", "give credentials for the account"), id="none"),
        pytest.param(wrong_key, ("the signature was refused", "check the secret key"), id="wrong"),
        pytest.param(expired, ("the credentials have expired", "sign in again"), id="expired"),
    ),
)
def test_without_valid_credentials_the_site_is_judged_still(
    house: House,
    shell: Shell,
    account: Path,
    credentials: Callable[[Twin], dict[str, str]],
    said_of_it: tuple[str, str],
) -> None:
    """2: who we are is the one root, everything of AWS stands behind it, and the public site is looked at as ever."""
    shell.environ |= credentials(house.twin)

    said = shell.verify(account, "--json", str(account.with_name("run.json")), cwd=account.parent)

    document = document_of(account.with_name("run.json"))
    assert (2, "") == (said.code, said.err), said.out
    assert [(CALLER, "unknown")] == open_ends(document)
    root = next(each for each in document["results"] if each["name"] == CALLER)
    assert [] == [words for words in said_of_it if words not in root["actual"]], root["actual"]
    judged = {each["family"] for each in document["results"] if each["status"] == "pass"}
    assert {"dns", "tls", "cdn", "api"} <= judged
    assert document["counts"]["pass"] >= 30


def test_a_twin_whose_key_is_wrong_is_2_as_well(house: House, shell: Shell, settings: Path, tmp_path: Path) -> None:
    """The twin's own settings with a secret that its AWS does not know."""
    copy = tmp_path / "home" / "local"
    copy.mkdir(parents=True)
    state = json.loads((house.twin.home / "state.json").read_text(encoding="utf-8"))
    (copy / "state.json").write_text(json.dumps({**state, "secret_access_key": "another"}), encoding="utf-8")
    assert (
        0
        == shell.run(
            "-m", "checks", "plan", "--target", str(settings), *("--accept", "--owner", "o"), *("--reason", "r")
        ).code
    )
    shell.environ["TWIN_HOME"] = str(copy.parent)

    said = shell.verify(settings, "--json", str(tmp_path / "run.json"))

    document = document_of(tmp_path / "run.json")
    assert (2, "") == (said.code, said.err), said.out
    assert [(CALLER, "unknown")] == open_ends(document)
    assert document["counts"]["pass"] >= 30


# Bad days


@pytest.mark.parametrize("number", (signal.SIGINT, signal.SIGTERM), ids=("interrupted", "terminated"))
def test_what_is_known_is_kept_when_a_verify_is_ended(
    house: House, shell: Shell, settings: Path, tmp_path: Path, number: signal.Signals
) -> None:
    """130 at once, in the midst of looking: the document is whole, has what was seen, and says unknown of the rest."""
    edge = house.twin.pids["edge"].pid
    terminal, theirs = pty.openpty()
    # What is looked at through the edge stays out for as long as the edge holds still.
    os.kill(edge, signal.SIGSTOP)
    try:
        words = ("-m", "checks", "verify", "--target", str(settings), "--json", str(tmp_path / "run.json"))
        command = shell.start(*words, stderr=theirs)
        os.close(theirs)
        read_until(terminal, rb"[1-9]\d\d/\d+ looked at")
        sent = time.monotonic()
        os.kill(command.pid, number)
        said = shell.end(command)
        took = time.monotonic() - sent
    finally:
        os.kill(edge, signal.SIGCONT)
        os.close(terminal)

    document = document_of(tmp_path / "run.json")
    assert (130, True, 130) == (said.code, document["interrupted"], document["exit_code"])
    assert document["counts"]["pass"] > 0
    out = [each for each in document["results"] if "the run was interrupted" in each["actual"]]
    assert out
    assert {each["status"] for each in out} <= {"unknown", "blocked"}
    assert "(exit 130)" in said.out.splitlines()[-1]
    # What is out would go on for twenty seconds, with its repeats; a busy machine takes a few to start an end.
    assert took < 10


def read_until(terminal: int, pattern: bytes) -> None:
    """Read what is shown on the terminal up to the first match."""
    seen = bytearray()
    fcntl.fcntl(terminal, fcntl.F_SETFL, os.O_NONBLOCK)

    def shown() -> bool:
        with contextlib.suppress(BlockingIOError):
            seen.extend(os.read(terminal, 4096))
        return re.search(pattern, seen) is not None

    await_that(shown, f"{pattern!r} on the terminal")


@pytest.mark.parametrize("where", ("a full disk", "no folder"))
def test_a_lost_document_is_3_and_the_results_are_shown(
    house: House, shell: Shell, settings: Path, tmp_path: Path, where: str
) -> None:
    """Whoever waits for the document must not go on without it, and whoever reads the screen has lost nothing."""
    (tmp_path / "full").symlink_to("/dev/full")
    (tmp_path / "file").touch()
    path = tmp_path / "full" if where == "a full disk" else tmp_path / "file" / "run.json"

    said = shell.verify(settings, "--json", str(path))

    assert 3 == said.code
    assert "(exit 0)" in said.out.splitlines()[-1]
    assert f"{path} could not be written" in line_of(said)
    assert (True, True) == ((tmp_path / "full").is_symlink(), Path("/dev/full").is_char_device())


@pytest.mark.long  # a minute and a half: both stacks are deployed twice
def test_an_aws_killed_half_way_through_a_deploy_is_69_and_the_next_one_recovers(house: House, shell: Shell) -> None:
    """The deployer ends with a line, nothing of it runs on, and up, deploy, verify are green as on the first day.

    Meanwhile whoever verifies is told the one root: we could not ask. That is 2, and nothing that the target did.
    """
    house.clients.clear()
    emulator = house.twin.pids["emulator_main"]
    log = house.twin.home / "deploy" / "local" / "cdk-deploy.log"
    log.unlink()
    command = shell.start(*inside("local"))
    await_that(
        lambda: log.exists() and "KhayaStack" in log.read_text(errors="replace"),
        "the CLI is at the stacks",
        patience=120,
    )
    os.kill(emulator.pid, signal.SIGKILL)
    said = shell.end(command)

    gone = f"deploy: the twin's AWS at {house.twin.endpoint} is gone. Start it again with `make up`, and deploy again"
    assert (69, gone) == (said.code, line_of(said))

    with contextlib.ExitStack() as repair:
        repair.callback(house.start)
        blind = house.verify()
        assert (2, [(CALLER, "unknown")]) == (exit_code(blind), roots(blind)), told(blind)
        up = shell.run("-m", "checks", "twin", "up")
        assert (0, True) == (up.code, "is up (empty)" in up.out), up
        again = shell.deploy()
        assert (0, True) == (again.code, "made in us-east-1, af-south-1" in again.out), again
        assert 0 == shell.verify("local").code
        repair.pop_all()


@pytest.mark.long
def test_several_at_once_take_turns_and_say_whom_they_wait_for(house: House, shell: Shell, settings: Path) -> None:
    """Two `make verify` and a deployer by itself: one at a time at the stacks, and each of them is green."""
    verify = ("-m", "tools.deployment", "verify", str(settings))

    try:
        commands = [shell.start(*words) for words in (verify, verify, inside(settings))]
        said = [shell.end(each) for each in commands]
    finally:
        # Named after settings that are gone with this test.
        (ROOT / TURNS / re.sub(r"\W+", "-", str(settings))).unlink(missing_ok=True)

    assert [0, 0, 0] == [each.code for each in said], said
    waits = [line for each in said for line in each.err.splitlines() if "waiting for" in line]
    patterns = (
        rf"waiting for make verify TARGET={re.escape(str(settings))}, process \d+ to finish",
        r"deploy: waiting for a deploy of local, process \d+ to finish",
    )
    assert [True, True] == [any(re.fullmatch(each, line) for line in waits) for each in patterns], waits
    assert 2 == sum("(exit 0)" in each.out for each in said)


def test_two_ups_at_once_make_one_twin_and_down_leaves_nothing(tmp_path: Path) -> None:
    """The second says whose turn it is and finds everything done; afterwards no process, no port, no file, no news."""
    shell = Shell({"PATH": os.environ["PATH"], "HOME": str(tmp_path), "LANG": "C.UTF-8"})
    name = f"t{os.getpid()}"
    before = git_status()
    twin = ("-m", "checks", "twin", "--name", name)
    folder = ROOT / ".twin" / name
    try:
        first, lock = shell.start(*twin, "up"), folder.with_name(f"{name}.lock")
        await_that(lambda: lock.exists() and lock.read_text(), "the first has its turn")
        said = [shell.end(each) for each in (shell.start(*twin, "up"), first)]

        assert [0, 0] == [each.code for each in said], said
        assert ["(as it was)", "(empty)"] == [word for each in said for word in re.findall(r"\([a-z ]+\)", each.out)]
        assert f"twin: another process (pid {first.pid}) holds {lock}; waiting for it" == line_of(said[0])
        parts = twins.read(name=name, home=folder.parent).pids.values()
        listening = sockets_of([pid for part in parts for pid in session_of(part.pid)])
        assert len(listening) >= 4
    finally:
        down = shell.run(*twin, "down")

    assert (0, "") == (down.code, down.err)
    assert not [part for part in parts if processes.alive(part) or session_of(part.pid)]
    assert set() == listening & listeners().keys()
    assert (False, False) == (folder.exists(), lock.exists())
    assert before == git_status()


def git_status() -> set[str]:
    """What git would tell of this checkout; nothing where it is none."""
    told = subprocess.run(["git", "status", "--porcelain"], cwd=ROOT, capture_output=True, text=True, check=False)
    return set(told.stdout.splitlines())


def listeners() -> dict[str, str]:
    """Where TCP is listened on this machine, with the inode of each socket."""
    rows = [row.split() for row in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return {row[1]: row[9] for row in rows if row[3] == "0A"}


def sockets_of(pids: list[int]) -> set[str]:
    """Where these processes listen."""
    mine = set()
    for pid in pids:
        for descriptor in Path(f"/proc/{pid}/fd").iterdir():
            with contextlib.suppress(OSError):
                mine.add(str(descriptor.readlink()))
    return {where for where, inode in listeners().items() if f"socket:[{inode}]" in mine}


# A hostile environment


@dataclass
class Trap:
    """Whatever connects to it was led astray."""

    port: int
    caught: list[str] = field(default_factory=list)


@pytest.fixture
def trap() -> Iterator[Trap]:
    """A listener that stands for every proxy and every endpoint that must not be reached."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        made, ended = Trap(port=server.getsockname()[1]), threading.Event()

        def listen() -> None:
            while True:
                connection, _ = server.accept()
                with connection:
                    if ended.is_set():
                        return
                    connection.settimeout(5)
                    with contextlib.suppress(OSError):
                        made.caught.append(connection.recv(200).decode("latin-1").partition("\r\n")[0])

        thread = threading.Thread(target=listen)
        thread.start()
        yield made
        ended.set()
        socket.create_connection(("127.0.0.1", made.port)).close()
        thread.join()


@pytest.fixture
def hostile(house: House, trap: Trap, tmp_path: Path) -> Shell:
    """The shell of somebody who works on a real account, behind a proxy; using its keys would leave a mark."""
    (tmp_path / ".aws").mkdir()
    real = f"credential_process = {shlex.quote(PYTHON)} -c \"open('{tmp_path}/used', 'w')\"\nregion = eu-west-1\n"
    (tmp_path / ".aws" / "config").write_text(f"[default]\n{real}[profile production]\n{real}")
    there = f"http://127.0.0.1:{trap.port}"
    proxies = {name: there for each in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY") for name in (each, each.lower())}
    endpoints = {f"AWS_ENDPOINT_URL{service}": there for service in ("", "_S3", "_STS", "_CLOUDFORMATION", "_IAM")}
    # Where Python says whom it speaks to.
    (tmp_path / "sitecustomize.py").write_text(
        "import sys\n"
        "def note(event, told):\n"
        "    if event in ('socket.connect', 'socket.sendto', 'socket.getaddrinfo'):\n"
        "        where = told[0] if event.endswith('getaddrinfo') else told[-1]\n"
        f"        open({str(tmp_path / 'spoken')!r}, 'a').write(f'{{where}}\\n')\n"
        "sys.addaudithook(note)\n"
    )
    return Shell(
        {
            **proxies,
            **endpoints,
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "LANG": "C.UTF-8",
            "TWIN_HOME": str(house.home),
            "PYTHONPATH": str(tmp_path),
            "AWS_PROFILE": "production",
            "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true",
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": there,
            "AWS_EC2_METADATA_SERVICE_ENDPOINT": there,
            "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            "AWS_SESSION_TOKEN": "of-a-real-account",
            "AWS_REGION": "eu-west-1",
            "AWS_CA_BUNDLE": "/nowhere",
            "AWS_MAX_ATTEMPTS": "1",
        }
    )


ASK = "import boto3; print(boto3.client('sts').get_caller_identity()['Account'], boto3.client('s3').list_buckets())"


def test_a_hostile_environment_leads_nothing_past_the_twin(
    house: House, hostile: Shell, trap: Trap, tmp_path: Path
) -> None:
    """`twin up`, verify, deploy and `twin run` speak to the twin alone; nobody's keys, profile or proxy are used."""
    up = hostile.run("-m", "checks", "twin", "up")
    verified = hostile.verify("local")
    deployed = hostile.deploy()
    asked = hostile.run("-m", "checks", "twin", "run", "--", PYTHON, "-c", ASK)

    assert [0, 0, 0, 0] == [each.code for each in (up, verified, deployed, asked)], (up, verified, deployed, asked)
    assert "(as it was)" in up.out
    assert asked.out.startswith(f"{ACCOUNT} ")
    assert [] == trap.caught
    assert not (tmp_path / "used").exists()
    spoken = set((tmp_path / "spoken").read_text().splitlines())
    assert any(str(house.twin.edge[1]) in each for each in spoken)
    assert [] == [each for each in spoken if "127.0.0." not in each]


def test_the_trap_catches_who_falls_into_it(hostile: Shell, trap: Trap, tmp_path: Path) -> None:
    """The failing twin: the same question, asked without the twin's environment, is led astray."""
    hostile.environ = {key: value for key, value in hostile.environ.items() if key != "AWS_CA_BUNDLE"}

    assert 1 == hostile.run("-c", ASK).code
    assert trap.caught

    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        del hostile.environ[name]

    assert 1 == hostile.run("-c", ASK).code
    assert (tmp_path / "used").exists()


def test_a_deployer_refuses_a_shell_that_leads_past_the_twin(house: House, shell: Shell, trap: Trap) -> None:
    """Even within the twin's environment one service of another place is enough; nothing is asked before that."""
    shell.environ = {**twins.environment(house.twin), "AWS_ENDPOINT_URL_S3": f"http://127.0.0.1:{trap.port}"}

    said = shell.run(*DEPLOY, "local")

    assert (64, "", []) == (said.code, said.out, trap.caught)
    assert "AWS_ENDPOINT_URL_S3 leads past it. Run it as `python -m checks twin run --" in line_of(said)
