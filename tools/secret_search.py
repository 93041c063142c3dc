"""Searches the whole history for what must not be in it: ``python -m tools.secret_search``.

Every version of every file that a commit of this branch holds is read once, by the detectors of detect-secrets that
know a secret by its shape: keys of AWS and of some twenty other services, private keys, tokens. Those that guess by
entropy or by a name such as `password` are left out: they find thousands in tests and hashes, which nobody reads.

Exit codes: 0 nothing was found, 1 something was, 69 there is no history to search.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from detect_secrets.plugins.base import RegexBasedDetector

ROOT = Path(__file__).resolve().parents[1]
FOUND, NO_HISTORY = 1, 69
# Larger ones are pictures and archives.
_LARGEST = 2_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Harmless:
    """What looks like a secret and is none: where (a pattern of paths), what kind, and why nobody need worry."""

    path: str
    kind: str
    reason: str
    text: str = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class Find:
    """Something that looks like a secret: where it is, and the first digits of its digest, never itself."""

    path: str
    blob: str
    line: int
    kind: str
    text: str

    def told(self) -> str:
        """As it is shown."""
        mark = hashlib.sha256(self.text.encode()).hexdigest()[:12]
        return f"{self.path}:{self.line}  {self.kind}  (sha256 {mark}, git cat-file -p {self.blob[:12]})"


_AWS, _JWT, _KEY = "AWS Access Key", "JSON Web Token", "Private Key"
_BASIC = "Basic Auth Credentials"
HARMLESS: tuple[Harmless, ...] = (
    Harmless(
        path="*",
        kind=_AWS,
        text="AKIAIOSFODNN7EXAMPLE",
        reason="the key of AWS's own documentation, which opens nothing",
    ),
    Harmless(
        path="tests/*",
        kind=_AWS,
        text="wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        reason="the secret of the same documentation",
    ),
    Harmless(
        path="checks/world/throwaway/*.pem",
        kind=_KEY,
        reason="keys of the controls' servers on loopback; their authority is trusted by nobody else",
    ),
    Harmless(
        path="checks/targets/*.plan.json",
        kind="Telegram Bot Token",
        text="0*:*",
        reason="the twin's account and what follows it in an ARN",
    ),
    Harmless(path="tests/*", kind=_KEY, text="BEGIN*PRIVATE KEY", reason="the first line alone, shown to what redacts"),
    Harmless(
        path="checks/twin/faults/chains.py",
        kind=_KEY,
        text="BEGIN*PRIVATE KEY",
        reason="the line at which a file of the twin's own leaf is parted; the key is made anew with each twin",
    ),
    Harmless(path="tests/*", kind=_JWT, text="eyJhbGciOiJub25lIn0.*", reason="signed by nobody: its algorithm is none"),
    Harmless(path="tests/test_target.py", kind=_JWT, reason="a header and the number 1234 without a signature"),
    Harmless(path="tests/test_target.py", kind="GitHub Token", text="ghp", reason="letters in a row after the prefix"),
    Harmless(path="tests/test_target.py", kind="Slack Token", text="*/T0/B0/x", reason="an address of nobody's room"),
    Harmless(path="tests/*", kind=_BASIC, text="hunter2", reason="the password that settings refuse and promises find"),
    Harmless(
        path="tests/promises/test_auth.py", kind=_BASIC, text="x", reason="one letter in an address of an example"
    ),
    Harmless(path="tests/world/test_http.py", kind=_BASIC, text="secret", reason="a word that must not be shown"),
)


def main() -> int:
    """The exit code; each find on a line."""
    try:
        found = [each for each in search(ROOT) if not is_harmless(each)]
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"secrets: there is no history to search: {error}", file=sys.stderr)
        return NO_HISTORY
    # The same line stands in many versions of a file; it is told once.
    for each in {(each.path, each.kind, each.text): each for each in found}.values():
        print(each.told())
    print(f"{len(found)} found in {len(list(blobs(ROOT)))} versions of files")
    return FOUND if found else 0


def is_harmless(find: Find) -> bool:
    """Whether somebody has looked at it and said why."""
    return any(
        fnmatchcase(find.path, each.path) and fnmatchcase(find.text, each.text) and find.kind == each.kind
        for each in HARMLESS
    )


def search(root: Path) -> Iterator[Find]:
    """Everything in the history that looks like a secret, harmless or not."""
    detectors = _detectors()
    for blob, path, text in contents(root):
        for number, line in enumerate(text.splitlines(), start=1):
            for detector in detectors:
                for secret in detector.analyze_string(line):
                    yield Find(path=path, blob=blob, line=number, kind=detector.secret_type, text=str(secret))


def _detectors() -> list[RegexBasedDetector]:
    from detect_secrets.core.plugins.util import get_mapping_from_secret_type_to_class
    from detect_secrets.plugins.base import RegexBasedDetector as ByShape

    # An address such as 127.0.0.1 is no secret, and this detector finds every one.
    noise = {"Public IP (ipv4)"}
    known: dict[str, type] = get_mapping_from_secret_type_to_class()
    return [kind() for name, kind in sorted(known.items()) if issubclass(kind, ByShape) and name not in noise]


def blobs(root: Path) -> Iterator[tuple[str, str]]:
    """Id and path of each version of each file that the branch's history holds."""
    listed = _git(root, "rev-list", "--objects", "--filter=object:type=blob", "--filter-provided-objects", "HEAD")
    for line in listed.decode(errors="replace").splitlines():
        blob, _, path = line.partition(" ")
        if path:
            yield blob, path


def contents(root: Path) -> Iterator[tuple[str, str, str]]:
    """Id, path and text of each; what is no text is left out."""
    named = dict(blobs(root))
    command = ["git", "cat-file", "--batch", "--buffer"]
    asked = "".join(f"{blob}\n" for blob in named).encode()
    answer = memoryview(subprocess.run(command, cwd=root, input=asked, capture_output=True, check=True).stdout)
    at = 0
    while at < len(answer):
        end = bytes(answer[at : at + 200]).index(b"\n")
        blob, _, size = bytes(answer[at : at + end]).decode().split()
        start = at + end + 1
        at = start + int(size) + 1
        body = bytes(answer[start : start + int(size)])
        if int(size) <= _LARGEST and b"\0" not in body:
            yield blob, named[blob], body.decode("utf-8", "replace")


def _git(root: Path, *words: str) -> bytes:
    return subprocess.run(["git", *words], cwd=root, capture_output=True, check=True).stdout  # noqa: S607 - the git of whoever runs this


if __name__ == "__main__":
    sys.exit(main())
