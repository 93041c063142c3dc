"""South African mobile numbers: as people write them, and as they are kept."""

from __future__ import annotations

import re

_MOBILE = re.compile(r"(?:\+27|27|0)([6-8]\d{8})")
_BETWEEN = re.compile(r"[\s().-]+")


def e164(text: str) -> str | None:
    """`+27821234567` for `+27…`, `27…` or `0…`, spaced in whatever way; None for what is no mobile number.

    The country code is never put before itself, and never taken off: what comes out goes back in unchanged.
    """
    if not text.isascii():
        return None
    found = _MOBILE.fullmatch(_BETWEEN.sub("", text))
    return f"+27{found[1]}" if found else None
