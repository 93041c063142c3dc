"""Byte code for a package: made by an interpreter of the very version that will run it, or not at all.

Another version's byte code is never read, and a wrong one cannot be noticed before the function starts slowly.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# Where Lambda unpacks a function's code, and therefore what its tracebacks say.
_TASK = "/var/task"
_WHO = "import sys, platform; print(sys.implementation.cache_tag, platform.python_version())"
_HOMES = (".pyenv/versions/{0}.*", ".local/share/uv/python/cpython-{0}.*")


class CompileError(RuntimeError):
    """A file could not be compiled; the message is the interpreter's own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiler:
    """An interpreter: `tag` ends the names of its byte code (`cpython-313`), `version` is the whole of it."""

    path: Path
    tag: str
    version: str


def find_compiler(python: str | None, environ: Mapping[str, str] | None = None) -> Compiler | None:
    """An interpreter of `python`, `3.13`, as it says itself; the running one for None. None when there is none here."""
    if python is None:
        return _asked(Path(sys.executable))
    tag = f"cpython-{python.replace('.', '')}"
    seen = (_asked(path) for path in _candidates(python, os.environ if environ is None else environ))
    return next((found for found in seen if found and found.tag == tag), None)


def compile_tree(compiler: Compiler, tree: Path, *, below: str = "") -> None:
    """Put byte code beside each source of `tree`, which is to be at `below` in the package.

    It is not compared with its source when it is used: the two are packed together, and a look at the source of each
    module is what a cold start pays for. The same input gives the same bytes. `CompileError` says what would not do.
    """
    command = [str(compiler.path), "-m", "compileall", "-q", "-f", "-j", "1"]
    command += [
        "--invalidation-mode",
        "unchecked-hash",
        "-s",
        str(tree),
        "-p",
        f"{_TASK}/{below}".rstrip("/"),
        str(tree),
    ]
    # The order of a set in the byte code is that of its hashes, which are drawn anew for each process otherwise.
    environ = {"PYTHONHASHSEED": "0", "PATH": ""}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environ, cwd=tree)
    if done.returncode:
        raise CompileError((done.stdout.strip() or done.stderr.strip() or "it said nothing").splitlines()[-1])


def _candidates(python: str, environ: Mapping[str, str]) -> Iterator[Path]:
    yield Path(sys.executable)
    if on_path := shutil.which(f"python{python}", path=environ.get("PATH", "")):
        yield Path(on_path)
    home = Path(environ.get("HOME", "/nonexistent"))
    for pattern in _HOMES:
        for folder in sorted(home.glob(pattern.format(python)), reverse=True):
            yield folder / "bin" / f"python{python}"


def _asked(path: Path) -> Compiler | None:
    """What an interpreter says of itself: a name may be a link to another version, or a shim without one behind it."""
    try:
        done = subprocess.run([str(path), "-I", "-c", _WHO], capture_output=True, text=True, check=False, timeout=30)
    except OSError:
        return None
    if done.returncode:
        return None
    tag, version = done.stdout.split()
    return Compiler(path=path, tag=tag, version=version)
