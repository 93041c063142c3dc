"""A token made worse in one thing, for whoever should refuse it. Nobody here has a key to sign one anew."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping

_LONG_AGO = 1_000_000_000


def resigned(token: str, **claims: object) -> str:
    """The token with other claims under its old signature."""
    header, said, signature = _parts(token)
    return f"{_written(header)}.{_written({**said, **claims})}.{signature}"


def unsigned(token: str) -> str:
    """The token without a signature, saying so (RFC 8725, 2.1: ``alg`` none)."""
    header, said, _ = _parts(token)
    return f"{_written({**header, 'alg': 'none'})}.{_written(said)}."


def aged(token: str) -> str:
    """The token as it would be years after its end, under its old signature."""
    return resigned(token, exp=_LONG_AGO, iat=_LONG_AGO - 3600)


def _parts(token: str) -> tuple[Mapping[str, object], Mapping[str, object], str]:
    header, said, signature = token.split(".")
    return _read(header), _read(said), signature


def _read(part: str) -> Mapping[str, object]:
    found = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return found if isinstance(found, dict) else {}


def _written(part: Mapping[str, object]) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()
