"""The certificates that the edge serves, one file per ACM ARN: leaf, chain and key together, as TLS loads them."""

from __future__ import annotations

import re
from pathlib import Path

from checks.twin.authority import Leaf
from checks.twin.state import replace


def path_of(folder: Path, arn: str) -> Path:
    """The file of this certificate; it exists once ACM holds it."""
    return folder / (re.sub(r"[^A-Za-z0-9-]", "_", arn) + ".pem")


def keep(folder: Path, arn: str, leaf: Leaf) -> None:
    """Write the certificate for the edge, whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    parts = (leaf.certificate, leaf.chain, leaf.key)
    replace(path_of(folder, arn), "".join(f"{part.strip()}\n" for part in parts if part.strip()))
