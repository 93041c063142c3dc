"""Ids of AWS by their shape, in any text: user pools, app clients, identity pools, APIs, sign-in domains, regions."""

from __future__ import annotations

import re
from collections.abc import Iterator

Id = tuple[str, str]

POOL, CLIENT, IDENTITIES, API, DOMAIN, REGION = (
    "user pool",
    "app client",
    "identity pool",
    "API",
    "sign-in domain",
    "region",
)
_REGION = r"[a-z]{2}(?:-gov|-iso[a-z]?)?-(?:north|south|east|west|central)(?:east|west)?-[1-9]"
_UUID = r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}"
# Cognito API reference: a pool's id is its region and nine letters or figures.
_SHAPES: tuple[tuple[str, re.Pattern[str]], ...] = (
    (POOL, re.compile(rf"(?<![\w-]){_REGION}_[0-9A-Za-z]{{9}}(?![0-9A-Za-z])")),
    (IDENTITIES, re.compile(rf"(?<![\w-]){_REGION}:{_UUID}(?![\w-])")),
    (API, re.compile(rf"(?<![\w-])([0-9a-z]{{6,12}})\.execute-api\.{_REGION}\.amazonaws\.com")),
    (DOMAIN, re.compile(rf"(?<![\w.-])([0-9a-z][0-9a-z-]{{0,62}})\.auth\.{_REGION}\.amazoncognito\.com")),
)
# Of letters and figures without more of a shape, so that only its name tells it: userPoolWebClientId:"…", client_id=….
_CLIENT = re.compile(r"""client_?id["']?\s{0,9}[:=]\s{0,9}["'`]?([0-9A-Za-z]{26})(?![0-9A-Za-z])""", re.IGNORECASE)
# In a document alone: a library for AWS has the name of every region in it.
_WHERE = re.compile(rf"""region["']\s{{0,9}}:\s{{0,9}}["']({_REGION})["']""", re.IGNORECASE)
_FEWEST = 3


def ids_in(text: str, *, document: bool = False) -> Iterator[Id]:
    """``(kind, id)`` of whatever has the shape of one; regions only where *text* is a whole JSON *document*."""
    for kind, shape in _SHAPES:
        yield from ((kind, each) for each in shape.findall(text) if not _is_placeholder(each))
    yield from ((CLIENT, each) for each in _CLIENT.findall(text) if not _is_placeholder(each))
    if document:
        yield from ((REGION, each) for each in _WHERE.findall(text))


def _is_placeholder(found: str) -> bool:
    """``us-east-1_XXXXXXXXX``: what an example writes instead of an id."""
    return len(set(found.rpartition("_")[2].lower())) < _FEWEST
