"""One spelling for what a template says and what a service answers, so that the same is the same text."""

from __future__ import annotations

import json
from collections.abc import Mapping

from checks.evidence import digest_of


def spelt(value: object) -> str:
    """A value as text: nothing is empty, ``True`` is ``true``, ``5.0`` is ``5``, a list or an object is sorted JSON."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, Mapping | list | tuple):
        return _json(value)
    return "" if value is None else str(value)


def document(value: object) -> str:
    """What is kept of a document (a policy, a definition, a body): the digest of its sorted JSON, empty for nothing.

    IAM and others write a list of one as the one itself, and lists in an order of their own: neither counts.
    Text that is not JSON counts as it is.
    """
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return digest_of(str(value)) if value else ""
    return digest_of(_json(value)) if value not in (None, {}, []) else ""


def _json(value: object) -> str:
    return json.dumps(_even(value), sort_keys=True, ensure_ascii=True, separators=(",", ":"))


def _even(value: object) -> object:
    if isinstance(value, Mapping):
        return {str(key): _even(each) for key, each in value.items() if each is not None}
    if isinstance(value, list | tuple):
        every = sorted((_even(each) for each in value), key=lambda each: json.dumps(each, sort_keys=True))
        return every[0] if len(every) == 1 else every
    return spelt(value)
