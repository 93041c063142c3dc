"""The functions' package: khaya_api and its locked dependencies in one zip, made without Docker, the same every time.

The name of the zip is a hash over everything that goes in, so an unchanged input costs one hash and no build.
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

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "khaya_api"
LOCK = ROOT / "requirements" / "lambda.txt"
BUILD = ROOT / ".build"

# Raised when the same input is to give another zip, because this file puts it together differently.
_EDITION = "1"
# The earliest moment that a zip can hold.
_EPOCH = (1980, 1, 1, 0, 0, 0)
# Scripts name the interpreter that installed them, and RECORD names the scripts: neither is the same twice, or used.
_LEFT_OUT = frozenset({"__pycache__", "bin", "RECORD", "REQUESTED", "INSTALLER", "direct_url.json", ".lock"})


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
    return Platform(name=f"host-{sys.implementation.cache_tag}-{sys.platform}-{os.uname().machine}")


def build_package(platform: Platform, *, source: Path = SOURCE, lock: Path = LOCK, build: Path = BUILD) -> Path:
    """The zip for `platform`, built if it does not exist yet. `PackageError` when pip cannot deliver."""
    installed = build_dependencies(platform, lock, build)
    digest = digest_of(_EDITION, installed.name, *_fingerprints(source))
    package = build / "package" / f"{platform.name}-{digest}.zip"
    if not package.exists():
        package.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=package.parent) as scratch:
            made = Path(scratch) / package.name
            write_zip(made, {source.name: source, "": installed})
            made.replace(package)
    return package


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


def build_dependencies(platform: Platform, lock: Path, build: Path) -> Path:
    """A folder with what `lock` names, installed for `platform`. `PackageError` when pip cannot deliver."""
    digest = digest_of(_EDITION, platform.name, str(platform.tag), str(platform.python), lock.read_text("utf-8"))
    installed = build / "dependencies" / f"{platform.name}-{digest}"
    if not installed.exists():
        installed.parent.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(dir=installed.parent))
        try:
            _install(platform, lock, scratch)
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


def _files(tree: Path, keep: frozenset[str] = frozenset()) -> Iterator[tuple[str, Path]]:
    for path in sorted(tree.rglob("*")):
        inner = path.relative_to(tree)
        if path.is_file() and not (_LEFT_OUT - keep).intersection(inner.parts):
            yield inner.as_posix(), path


def _fingerprints(tree: Path) -> Iterator[str]:
    for name, path in _files(tree):
        yield f"{name} {hashlib.sha256(path.read_bytes()).hexdigest()}"


def digest_of(*parts: str) -> str:
    """A short name for exactly these texts."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def main(argv: Sequence[str] | None = None) -> int:
    """Build the package for AWS, or with `--host` for a local AWS, and print where it is."""
    parser = argparse.ArgumentParser(prog="python -m khaya_infra.package", description=main.__doc__)
    parser.add_argument("--host", action="store_true", help="for this machine's interpreter instead of Lambda's")
    arguments = parser.parse_args(argv)
    try:
        sys.stdout.write(f"{build_package(host_platform() if arguments.host else LAMBDA)}\n")
    except PackageError as error:
        sys.stderr.write(f"package: {error}\n")
        return 69
    return 0


if __name__ == "__main__":
    sys.exit(main())
