"""The functions' package: the same input gives the same bytes, and what is inside can be imported."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from khaya_infra.bytecode import find_compiler
from khaya_infra.package import (
    LAMBDA,
    LOCK,
    PackageError,
    Platform,
    build_package,
    host_platform,
    lacks_byte_code,
    write_zip,
)

NOTHING = "# no dependencies\n"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A small package of code, with the leavings of an earlier run."""
    folder = tmp_path / "code"
    (folder / "__pycache__").mkdir(parents=True)
    (folder / "__pycache__" / "handler.cpython-311.pyc").write_bytes(b"stale")
    (folder / "handler.py").write_text("ANSWER = 42\n")
    (folder / "data.json").write_text("{}\n")
    return folder


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    """A lock that asks for nothing, so that no index is needed."""
    path = tmp_path / "lock.txt"
    path.write_text(NOTHING)
    return path


def names(package: Path) -> list[str]:
    """What is in a zip, in its order."""
    with zipfile.ZipFile(package) as archive:
        return archive.namelist()


def test_the_same_input_gives_the_same_bytes(tmp_path: Path, source: Path, lock: Path) -> None:
    """In another folder, at another time, with other permissions."""
    first = build_package(host_platform(), source=source, lock=lock, build=tmp_path / "one")
    os.utime(source / "handler.py", (0, 0))
    (source / "handler.py").chmod(0o600)
    second = build_package(host_platform(), source=source, lock=lock, build=tmp_path / "two")

    assert first.name == second.name
    assert first.read_bytes() == second.read_bytes()


def test_another_input_gives_another_name(tmp_path: Path, source: Path, lock: Path) -> None:
    """One character of code, one of the lock, or another machine."""
    host = host_platform()

    def name(platform: Platform = host) -> str:
        return build_package(platform, source=source, lock=lock, build=tmp_path).name

    seen = [name(), name(Platform(name="elsewhere"))]
    (source / "handler.py").write_text("ANSWER = 43\n")
    seen.append(name())
    lock.write_text(NOTHING * 2)
    seen.append(name())

    assert len(set(seen)) == len(seen)


def test_only_what_runs_is_packed(tmp_path: Path, source: Path, lock: Path) -> None:
    """Below the package's own name, sorted; no byte code of some other interpreter."""
    package = build_package(host_platform(), source=source, lock=lock, build=tmp_path / "build")

    compiled = f"code/__pycache__/handler.{sys.implementation.cache_tag}.pyc"
    assert [compiled, "code/data.json", "code/handler.py"] == names(package)
    assert b"stale" != _read(package, compiled)


def test_entries_have_one_date_and_one_mode(tmp_path: Path, source: Path) -> None:
    """Lambda must be able to read them, and nobody learns when they were written."""
    write_zip(tmp_path / "made.zip", {"code": source})
    with zipfile.ZipFile(tmp_path / "made.zip") as archive:
        seen = {(entry.date_time, entry.external_attr >> 16) for entry in archive.infolist()}

    assert {((1980, 1, 1, 0, 0, 0), 0o644)} == seen


def test_an_unchanged_input_is_not_built_again(tmp_path: Path, source: Path, lock: Path) -> None:
    """The zip that is there is the one that is given."""
    first = build_package(host_platform(), source=source, lock=lock, build=tmp_path / "build")
    moment = first.stat().st_mtime_ns

    assert (
        moment == build_package(host_platform(), source=source, lock=lock, build=tmp_path / "build").stat().st_mtime_ns
    )


def test_a_package_that_pip_cannot_find_is_named(tmp_path: Path, source: Path, lock: Path) -> None:
    """And no half-filled folder is taken for a finished one afterwards."""
    lock.write_text("a-package-that-nobody-has-made==1.0 --hash=sha256:" + "0" * 64 + "\n")
    nowhere = f"--no-index\n{lock.read_text()}"
    lock.write_text(nowhere)

    for _ in range(2):
        with pytest.raises(PackageError, match=r"lock\.txt for host-"):
            build_package(host_platform(), source=source, lock=lock, build=tmp_path / "build")

    assert [] == list((tmp_path / "build" / "dependencies").iterdir())


def test_dependencies_are_locked_with_hashes() -> None:
    """Pip refuses whatever differs from what was locked."""
    text = LOCK.read_text("utf-8")

    assert text.count("==") == sum("==" in line and line.rstrip().endswith("\\") for line in text.splitlines())
    assert "--hash=sha256:" in text


def test_byte_code_is_the_runtimes_own_or_there_is_none(tmp_path: Path, source: Path, lock: Path) -> None:
    """Another version's is never read: the package goes without, its name and a sentence say so."""
    other = Platform(name="elsewhere", python="2.9")
    package = build_package(other, source=source, lock=lock, build=tmp_path)

    assert ["code/data.json", "code/handler.py"] == names(package)
    assert "-uncompiled-" in package.name
    assert "no Python 2.9 here" in str(lacks_byte_code(package, other))
    here = host_platform()
    assert lacks_byte_code(build_package(here, source=source, lock=lock, build=tmp_path), here) is None


def test_a_compiler_is_what_it_says_and_not_what_it_is_called(tmp_path: Path) -> None:
    """A link of the right name to another version, and a shim without one behind it, are both passed over."""
    (tmp_path / "python3.99").symlink_to(sys.executable)
    (tmp_path / "python3.98").write_text("#!/bin/sh\nexit 127\n")
    (tmp_path / "python3.98").chmod(0o700)
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    environ = {"PATH": str(tmp_path), "HOME": str(tmp_path)}

    assert [None, None] == [find_compiler(each, environ) for each in ("3.99", "3.98")]
    found = find_compiler(version, environ)
    assert found is not None
    assert sys.implementation.cache_tag == found.tag


def test_a_source_that_cannot_be_compiled_stops_the_build(tmp_path: Path, source: Path, lock: Path) -> None:
    """Found here, and not at the first call after a deploy."""
    (source / "handler.py").write_text("ANSWER =\n")

    with pytest.raises(PackageError, match="could not compile code"):
        build_package(host_platform(), source=source, lock=lock, build=tmp_path)


def test_byte_code_is_what_runs(tmp_path: Path) -> None:
    """The real package, each of its sources replaced by one that raises: it starts; without byte code it does not."""
    with zipfile.ZipFile(build_package(host_platform())) as archive:
        archive.extractall(tmp_path)
    for path in tmp_path.rglob("*.py"):
        path.write_text("raise RuntimeError('this source was compiled')\n")
    modules = "import khaya_api.handler, khaya_api.tasks, khaya_api.triggers, pydantic, aws_lambda_powertools"
    assert (0, "") == _run(modules, tmp_path)

    for path in tmp_path.rglob("*.pyc"):
        path.unlink()
    code, said = _run(modules, tmp_path)
    assert (1, True) == (code, "this source was compiled" in said)


@pytest.mark.long
@pytest.mark.parametrize(
    ("requirement", "there"), ((None, True), ("pydantic-core==2.0.1", False)), ids=("the lock", "an older one")
)
def test_every_locked_wheel_is_there_for_the_runtime(tmp_path: Path, requirement: str | None, there: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """Asked of the index: wheels alone, for manylinux on aarch64 and the runtime's Python; an older one has none."""
    wanted = LOCK
    if requirement:
        wanted = tmp_path / "wanted.txt"
        wanted.write_text(f"{requirement}\n")
    command = [str(Path(sys.executable).parent / "uv"), "pip", "compile", "--quiet", "--no-config", "--no-header"]
    command += ["--no-annotate", "--no-deps", "--only-binary", ":all:", "--python-platform", "aarch64-manylinux2014"]
    command += ["--python-version", str(LAMBDA.python), "--output-file", str(tmp_path / "resolved.txt"), str(wanted)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert there == (done.returncode == 0), done.stderr
    if there:
        resolved = (tmp_path / "resolved.txt").read_text()
        assert re.findall(r"^\S+==\S+", LOCK.read_text("utf-8"), re.MULTILINE) == re.findall(
            r"^\S+==\S+", resolved, re.MULTILINE
        )


def _read(package: Path, name: str) -> bytes:
    with zipfile.ZipFile(package) as archive:
        return archive.read(name)


def _run(program: str, folder: Path) -> tuple[int, str]:
    """The code of a process that finds modules in *folder* first, and what it complains of."""
    environ = {"PYTHONPATH": str(folder), "PATH": "", "AWS_REGION": "af-south-1", "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=folder, env=environ
    )
    return done.returncode, done.stderr


def test_lambdas_platform_is_the_functions_own() -> None:
    """Wheels for the architecture and the Python that the template asks for."""
    assert ("manylinux2014_aarch64", "3.13") == (LAMBDA.tag, LAMBDA.python)


def test_the_real_package_can_be_imported_from_its_zip_alone(tmp_path: Path) -> None:
    """B05: nothing but the zip and what the runtime brings along (boto3, from this interpreter)."""
    package = build_package(host_platform())
    with zipfile.ZipFile(package) as archive:
        archive.extractall(tmp_path)
    modules = "aws_lambda_powertools", "pydantic", "khaya_api.tasks"
    program = f"import {', '.join(modules)}, sys; print(*(sys.modules[name].__file__ for name in {modules!r}))"
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path), "PATH": "", "AWS_DEFAULT_REGION": "af-south-1"},
    )

    assert 0 == done.returncode, done.stderr
    assert all(place.startswith(str(tmp_path)) for place in done.stdout.split())
