"""The signing keys: read from Secrets Manager by name, kept for some minutes, changed without a deploy."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from khaya_api.aws import Connect, asking, code_of
from khaya_api.errors import PartOut
from khaya_api.settings import Settings

PART = "signing"
SHORTEST = 32
_KEPT_SECONDS = 300.0
# A cursor that no key fits may be signed by a newer one; asked this rarely, forgeries cost nothing.
_RETRY_SECONDS = 30.0
_FEWEST_CHARACTERS = 10
# Somebody else's bad day, and no word about the keys themselves.
_PASSING = frozenset({"busy", "no answer"})
# Seven letters at least: shorter words turn up in random texts by chance.
_PLACEHOLDER = re.compile(r"change.?me|placeholder|replace|deployed.?to|default|example|insecure", re.IGNORECASE)


class KeyRing:
    """Keys that verify, the first of which signs; `read` is asked again when they have grown old."""

    def __init__(self, read: Callable[[], tuple[bytes, ...]], clock: Callable[[], float] = time.monotonic) -> None:
        self._read = read
        self._clock = clock
        self._keys: tuple[bytes, ...] = ()
        self._read_at = 0.0

    def keys(self, *, doubtful: bool = False) -> tuple[bytes, ...]:
        """The keys; with `doubtful` they are read again sooner. `PartOut` when there are none to be had.

        Keys that are there are good for another while when whoever keeps them does not answer; when the answer is
        that they are gone, or a placeholder, they are not.
        """
        age = self._clock() - self._read_at
        if not self._keys or age > (_RETRY_SECONDS if doubtful else _KEPT_SECONDS):
            try:
                self._keys = self._read()
            except PartOut as out:
                if not self._keys or out.reason not in _PASSING:
                    self._keys = ()
                    raise
            self._read_at = self._clock()
        return self._keys


def key_ring(settings: Settings, connect: Connect) -> KeyRing:
    """The key ring that the settings name: a secret, else the key in the environment, else one that is out."""
    if settings.signing_secret:
        return KeyRing(lambda: _from_secret(connect("secretsmanager"), settings.signing_secret))
    return KeyRing(lambda: (usable(settings.signing_key),))


def usable(text: str) -> bytes:
    """The key that a configured text is. `PartOut` for none, a short one, or one that everybody knows."""
    if not text:
        raise PartOut(PART, "not configured", "neither SIGNING_SECRET nor SIGNING_KEY is set")
    if len(text) < SHORTEST or len(set(text)) < _FEWEST_CHARACTERS or _PLACEHOLDER.search(text):
        cause = f"the key must be {SHORTEST} or more random characters, and this one is short or a placeholder"
        raise PartOut(PART, "not configured", cause)
    return text.encode()


def _from_secret(client: Any, name: str) -> tuple[bytes, ...]:  # noqa: ANN401 - a boto3 client has no type
    with asking(PART):
        current = usable(client.get_secret_value(SecretId=name).get("SecretString", ""))
        previous = _previous(client, name)
    return (current, previous) if previous else (current,)


def _previous(client: Any, name: str) -> bytes | None:  # noqa: ANN401 - a boto3 client has no type
    """Yesterday's key still verifies, so that nobody's list breaks off at a rotation."""
    try:
        return usable(client.get_secret_value(SecretId=name, VersionStage="AWSPREVIOUS").get("SecretString", ""))
    except ClientError as error:
        if code_of(error) == "ResourceNotFoundException":
            return None
        raise
    except PartOut:
        # A placeholder was replaced by a real key: what the placeholder signed is not to be believed.
        return None
