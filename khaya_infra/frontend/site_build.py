"""Builds the site: scripts and styles get names that change with their content, and the build says which release it is.

`src/assets/*` becomes `assets/<name>.<hash>.<ending>`; every mention of `/assets/<name>.<ending>` in HTML follows.
Everything else keeps its name. `version.json` is `src/version.json` with its placeholders filled in.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from pathlib import Path
from string import Template

SOURCE = Path(__file__).parent / "src"
# The version of the API that the site's scripts speak; they must never be ahead of the API itself.
API_CONTRACT = 1
_HASH_LENGTH = 12
_HIDDEN = '<meta name="robots" content="noindex, nofollow">'


def build_site(*, release: str, version: str, build: Path, hidden: bool = False, source: Path = SOURCE) -> Path:
    """The folder that holds the built site, named after its content; built again only if that content is new.

    The pages of a *hidden* one ask search engines to stay away.
    `FileNotFoundError` when a page mentions an asset that is not there.
    """
    files = _plain_files(source) | _assets(source)
    names = _hashed_names(source)
    page = files["index.html"].decode().replace("$git_sha", release)
    # Not by robots.txt: an engine that may not read a page never learns that it is not to be listed.
    page = page.replace("</title>", f"</title>\n    {_HIDDEN}", 1) if hidden else page
    files["index.html"] = _with_hashed_names(page, names).encode()
    files["version.json"] = _version(files["version.json"].decode(), release, version).encode()
    folder = build / "site" / _digest(files)
    if not folder.exists():
        _write(files, folder)
    return folder


def _plain_files(source: Path) -> dict[str, bytes]:
    return {
        path.relative_to(source).as_posix(): path.read_bytes()
        for path in sorted(source.rglob("*"))
        if path.is_file() and path.parent.name != "assets"
    }


def _assets(source: Path) -> dict[str, bytes]:
    names = _hashed_names(source)
    return {names[path.name]: path.read_bytes() for path in _asset_paths(source)}


def _asset_paths(source: Path) -> list[Path]:
    return sorted(path for path in (source / "assets").iterdir() if path.is_file())


def _hashed_names(source: Path) -> dict[str, str]:
    return {path.name: f"assets/{path.stem}.{_hash(path)}{path.suffix}" for path in _asset_paths(source)}


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:_HASH_LENGTH]


def _with_hashed_names(page: str, names: dict[str, str]) -> str:
    for name, hashed in names.items():
        page = page.replace(f'"/assets/{name}"', f'"/{hashed}"')
    rest = page.replace('"/assets/', "\0").split("\0")[1:]
    missing = [mention.split('"')[0] for mention in rest if f"assets/{mention.split(chr(34))[0]}" not in names.values()]
    if missing:
        raise FileNotFoundError(f"index.html mentions {', '.join(missing)}, which src/assets does not have")
    return page


def _version(template: str, release: str, version: str) -> str:
    return Template(template).substitute(git_sha=release, version=version, api_contract=API_CONTRACT)


def _digest(files: dict[str, bytes]) -> str:
    lines = [f"{name} {hashlib.sha256(files[name]).hexdigest()}" for name in sorted(files)]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def _write(files: dict[str, bytes], folder: Path) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(dir=folder.parent))
    try:
        for name, content in files.items():
            path = scratch / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        scratch.rename(folder)
    except OSError:
        # Another build of the same content was quicker, and is as good.
        if not folder.exists():
            raise
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
