"""The canary's package: `checks` without the twin and what only people use, dnspython, and what it was told.

AWS's SDK is the runtime's own. Byte code is shipped in the place of the source, made by the very minor version that
will run it and checked against nothing: without it the function would compile everything anew at each cold start.
"""

from __future__ import annotations

import os
import py_compile
import re
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from khaya_infra.canary_models import MODELS, edition, write_models
from khaya_infra.package import BUILD, ROOT, PackageError, Platform, build_dependencies, digest_of, write_zip

if TYPE_CHECKING:
    from collections.abc import Iterable

SOURCE = ROOT / "checks"
LOCK = ROOT / "requirements" / "dev.txt"
NEEDED = ("dnspython",)
# Not for a function: the local AWS, this project's targets, and the doors that people open.
LEFT_OUT = (
    *("twin", "targets", "__main__.py", "doors/cli.py", "doors/plugin.py", "doors/provisions.py", "doors/sharing.py"),
    *("doors/comparing.py", "doors/completing.py", "doors/covering.py", "doors/explaining.py", "doors/library.py"),
    *("doors/gate.py", "doors/history.py", "doors/mutate.py", "doors/nights.py", "doors/options.py"),
    *("doors/outcomes.py", "doors/replaying.py", "report/progress.py", "report/metrics.py", "comparison.py"),
    *("report/html.py", "report/page", "report/junit.py", "report/github.py", "report/trend.py", "report/trend.css"),
)
# Types of records that Route 53 does not keep: those of a foreign server are read as bytes, as RFC 3597 has it.
_SELDOM = (
    "AFSDB AMTRELAY AVC BRID CERT CSYNC DLV DSYNC EUI48 EUI64 GPOS HHIT HINFO HIP ISDN KEY L32 L64 LOC LP NID NINFO "
    "OPENPGPKEY RESINFO RP RT SIG SMIMEA TKEY URI WALLET X25 ZONEMD"
)
# Of dnspython: zones, transfers, validation, and the transports that we do not use. What we do use asks for none of it.
PRUNED = (
    *("quic", "dnssecalgs", "dnssec.py", "_asyncio_backend.py", "_trio_backend.py", "_asyncbackend.py"),
    *("asyncbackend.py", "asyncquery.py", "asyncresolver.py", "query.py", "resolver.py", "nameserver.py", "_ddr.py"),
    *("zone.py", "zonefile.py", "versioned.py", "btree.py", "btreezone.py", "update.py", "win32util.py"),
    *("namedict.py", "e164.py", "hash.py", "_no_ssl.py"),
    *(f"rdtypes/ANY/{each}.py" for each in _SELDOM.split()),
    *(f"rdtypes/IN/{each}.py" for each in ("APL", "DHCID", "IPSECKEY", "KX", "NSAP", "NSAP_PTR", "PX", "WKS")),
    *("rdtypes/CH", "rdtypes/euibase.py"),
)
# Runtimes of Lambda that a package may be for: that of the interpreter which compiles it.
RUNTIMES = ("3.11", "3.12", "3.13", "3.14")
_EDITION = "2"


def runtime() -> str:
    """The minor version that the function runs: this interpreter's. `PackageError` when Lambda has none such."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    if version not in RUNTIMES:
        raise PackageError(f"Lambda has no runtime for Python {version}; deploy with one of {', '.join(RUNTIMES)}")
    return version


def build_canary(told: Path, *, build: Path = BUILD) -> Path:
    """The zip with the files of the folder `told` at its root; the same input gives the same bytes."""
    platform = Platform(name="canary", tag="any", python=runtime())
    with tempfile.TemporaryDirectory() as scratch:
        lock = Path(scratch) / "canary.txt"
        lock.write_text(locked(LOCK.read_text("utf-8"), NEEDED), encoding="utf-8")
        installed = build_dependencies(platform, lock, build)
        # Named by what goes in, so that what is there already is not compiled again to be told apart.
        name = digest_of(_EDITION, edition(), sys.version, installed.name, *PRUNED, *_seen(SOURCE), *_seen(told))
        package = build / "package" / f"canary-{name}.zip"
        if not package.exists():
            tree = Path(scratch) / "tree"
            _lay_out(tree, installed, told)
            package.parent.mkdir(parents=True, exist_ok=True)
            half = package.with_suffix(f".{os.getpid()}.part")
            write_zip(half, {"": tree})
            half.replace(package)
    return package


def _seen(folder: Path) -> list[str]:
    """The files of *folder* that a package is made from, each with its content."""
    left_out = {SOURCE / each for each in LEFT_OUT}
    files = [
        each for each in sorted(folder.rglob("*")) if each.is_file() and left_out.isdisjoint((each, *each.parents))
    ]
    kept = [
        each
        for each in files
        if not any(part == "__pycache__" or part[0] == "." for part in each.relative_to(folder).parts)
    ]
    return [f"{each.relative_to(folder)} {_content(each)}" for each in kept]


def locked(lock: str, names: Iterable[str]) -> str:
    """The entries of `names` in a lock with hashes. `PackageError` names one that is not there."""
    found = {}
    for entry in re.split(r"\n(?=\S)", lock):
        name = re.match(r"[A-Za-z0-9._-]+", entry)
        if name:
            found[name[0].lower()] = entry
    lacking = sorted(set(names) - found.keys())
    if lacking:
        raise PackageError(f"the lock has no entry for {', '.join(lacking)}; run `make lock`")
    return "".join(f"{found[name].rstrip()}\n" for name in names)


def _lay_out(tree: Path, installed: Path, told: Path) -> None:
    shutil.copytree(installed, tree, ignore=shutil.ignore_patterns("*.dist-info", "__pycache__", "bin"))
    for each in PRUNED:
        _remove(tree / "dns" / each)
    left_out = {(SOURCE / each) for each in LEFT_OUT}

    def ignore(folder: str, names: list[str]) -> set[str]:
        # Whatever tools leave behind begins with a dot.
        return {name for name in names if name == "__pycache__" or name[0] == "." or Path(folder) / name in left_out}

    shutil.copytree(SOURCE, tree / "checks", ignore=ignore)
    write_models(tree / MODELS)
    for file in sorted(told.iterdir()):
        if file.is_file():
            shutil.copyfile(file, tree / file.name)
    _compile(tree)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _compile(tree: Path) -> None:
    """Byte code in the place of every source: two of each would be too large, and one of them would never be read."""
    unchecked = py_compile.PycInvalidationMode.UNCHECKED_HASH
    for source in sorted(tree.rglob("*.py")):
        # Tracebacks name the file below the function's root, whatever folder it was compiled in.
        name, made = source.relative_to(tree).as_posix(), str(source.with_suffix(".pyc"))
        # Docstrings are a third of the byte code, and nobody reads them there.
        py_compile.compile(str(source), made, dfile=name, doraise=True, invalidation_mode=unchecked, optimize=2)
        source.unlink()


def _content(file: Path) -> str:
    return digest_of(file.read_bytes().hex())
