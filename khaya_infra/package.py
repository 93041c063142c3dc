"""The functions' package: khaya_api and its locked dependencies in one zip, made without Docker, the same every time.

The name of the zip is a hash over everything that goes in, so an unchanged input costs one hash and no build. It says
whether there is byte code inside: `…-cpython-313-…`, or `…-uncompiled-…` where no such interpreter was at hand.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from khaya_infra.bytecode import CompileError, Compiler, compile_tree, find_compiler

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "khaya_api"
LOCK = ROOT / "requirements" / "lambda.txt"
BUILD = ROOT / ".build"

# Raised when the same input is to give another zip, because this file puts it together differently.
_EDITION = "2"
# The earliest moment that a zip can hold.
_EPOCH = (1980, 1, 1, 0, 0, 0)
# Scripts name the interpreter that installed them, and RECORD names the scripts: neither is the same twice, or used.
_LEFT_OUT = frozenset({"bin", "RECORD", "REQUESTED", "INSTALLER", "direct_url.json", ".lock"})
_UNCOMPILED = "uncompiled"


class PackageError(RuntimeError):
    """The package could not be made; the message says what pip said and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """Which machine the dependencies are for. No `tag` means the interpreter that is running now."""

    name: str
    tag: str | None = None
    python: str | None = None


LAMBDA = Platform(name="lambda", tag="manylinux2014_aarch64", python="3.13")


def host_platform() -> Platform:
    """The interpreter at hand: a local AWS without Docker runs functions in it."""
    return Platform(name=f"host-{sys.platform}-{os.uname().machine}")


def build_package(
    platform: Platform,
    *,
    source: Path = SOURCE,
    lock: Path = LOCK,
    build: Path = BUILD,
    find: Callable[[str | None], Compiler | None] = find_compiler,
) -> Path:
    """The zip for `platform`, built if it does not exist yet. `PackageError` when pip or a compiler cannot deliver."""
    compiler = find(platform.python)
    installed = build_dependencies(platform, lock, build, compiler)
    digest = digest_of(_EDITION, installed.name, *_fingerprints(source))
    tag = compiler.tag if compiler else _UNCOMPILED
    package = build / "package" / f"{platform.name}-{tag}-{digest}.zip"
    if not package.exists():
        package.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=package.parent) as scratch:
            made, code = Path(scratch) / package.name, Path(scratch) / source.name
            shutil.copytree(source, code, ignore=shutil.ignore_patterns("__pycache__"))
            _compile(compiler, code, below=source.name)
            write_zip(made, {source.name: code, "": installed})
            made.replace(package)
    return package


def lacks_byte_code(package: Path, platform: Platform) -> str | None:
    """Why a package was built without byte code, and what would change that; None for one that has it."""
    if f"-{_UNCOMPILED}-" not in package.name:
        return None
    return f"without byte code, and slower to start: there is no Python {platform.python} here to compile it"


def write_zip(package: Path, trees: dict[str, Path], *, keep: frozenset[str] = frozenset()) -> None:
    """Put the files of each tree below its prefix, in the order of their names, with one date and one mode.

    What is left out by its name otherwise, such as byte code, is put in where `keep` names it.
    """
    files = {
        f"{prefix}/{name}".lstrip("/"): path for prefix, tree in trees.items() for name, path in _files(tree, keep)
    }
    with zipfile.ZipFile(package, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, date_time=_EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            entry.create_system = 3
            archive.writestr(entry, files[name].read_bytes())


def build_dependencies(platform: Platform, lock: Path, build: Path, compiler: Compiler | None = None) -> Path:
    """A folder with what `lock` names, installed for `platform`, byte code beside it where there is a `compiler`.

    `PackageError` when pip or the compiler cannot deliver.
    """
    compiled = f"{compiler.tag} {compiler.version}" if compiler else _UNCOMPILED
    named = (platform.name, str(platform.tag), str(platform.python), sys.implementation.cache_tag)
    digest = digest_of(_EDITION, *named, compiled, lock.read_text("utf-8"))
    installed = build / "dependencies" / f"{platform.name}-{digest}"
    if not installed.exists():
        installed.parent.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(dir=installed.parent))
        try:
            _install(platform, lock, scratch)
            _compile(compiler, scratch)
            scratch.rename(installed)
        except OSError as error:
            # Somebody else finished the same work first; theirs is as good.
            if not installed.exists():
                raise PackageError(f"{installed}: {error}") from error
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
    return installed


def _install(platform: Platform, lock: Path, target: Path) -> None:
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
    command += ["--no-compile", "--only-binary=:all:", "--target", str(target), "--requirement", str(lock)]
    command += ["--root-user-action=ignore"]
    if platform.tag and platform.python:
        command += ["--platform", platform.tag, "--python-version", platform.python, "--implementation", "cp"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip() or "nothing").splitlines()[-1]
        raise PackageError(f"pip could not install {lock.name} for {platform.name}: {said}")


def _compile(compiler: Compiler | None, tree: Path, *, below: str = "") -> None:
    if compiler is None:
        return
    try:
        compile_tree(compiler, tree, below=below)
    except CompileError as error:
        raise PackageError(
            f"Python {compiler.version} could not compile {below or 'the dependencies'}: {error}"
        ) from error


def _files(tree: Path, keep: frozenset[str] = frozenset()) -> Iterator[tuple[str, Path]]:
    for path in sorted(tree.rglob("*")):
        inner = path.relative_to(tree)
        if path.is_file() and not (_LEFT_OUT - keep).intersection(inner.parts):
            yield inner.as_posix(), path


def _fingerprints(tree: Path) -> Iterator[str]:
    for name, path in _files(tree):
        if "__pycache__" in path.parts:
            continue
        yield f"{name} {hashlib.sha256(path.read_bytes()).hexdigest()}"


def digest_of(*parts: str) -> str:
    """A short name for exactly these texts."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def main(argv: Sequence[str] | None = None) -> int:
    """Build the package for AWS, or with `--host` for a local AWS, and print where it is."""
    parser = argparse.ArgumentParser(prog="python -m khaya_infra.package", description=main.__doc__)
    parser.add_argument("--host", action="store_true", help="for this machine's interpreter instead of Lambda's")
    arguments = parser.parse_args(argv)
    platform = host_platform() if arguments.host else LAMBDA
    try:
        package = build_package(platform)
        sys.stdout.write(f"{package}\n")
        if said := lacks_byte_code(package, platform):
            sys.stderr.write(f"package: {said}\n")
    except PackageError as error:
        sys.stderr.write(f"package: {error}\n")
        return 69
    return 0


if __name__ == "__main__":
    sys.exit(main())
