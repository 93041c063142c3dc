"""The keys that a user pool serves, and whether a token is signed by one of them (RFC 7517, RFC 7518 3.3, RFC 8017)."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping

from checks.documents import answered
from checks.evidence import Response, Silence
from checks.frozen import dataclass

_OK = 200
# RFC 8017, 9.2: what stands before a SHA-256 in a signature.
_SHA_256 = bytes.fromhex("3031300d060960864801650304020105000420")
# RFC 7518, 6.3.2: the parts of a key that nobody else may have.
_PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_LONGEST = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One public key for signatures, by its id; *secret* when it was served with its private part."""

    id: str
    modulus: int
    exponent: int
    algorithm: str
    secret: bool


def address_of(region: str, pool: str) -> str:
    """Where a user pool serves its keys (Cognito developer guide, "Verifying JSON web tokens")."""
    suffix = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
    return f"https://cognito-idp.{region}.{suffix}/{pool}/.well-known/jwks.json"


def keys_in(answer: Response | Silence) -> tuple[Key, ...] | str:
    """The keys for signatures in an answer, what else is in it left aside; or why there are none to read."""
    read = answered(answer, _OK)
    if isinstance(read, str):
        return read
    listed = read.get("keys") if isinstance(read, Mapping) else None
    return tuple(_keys(listed)) if isinstance(listed, list) else "no list of keys"


def unvouched(answer: Response | Silence, token: str) -> str:
    """Why no key that was served vouches for *token*; empty when the one that it names does."""
    keys = keys_in(answer)
    if isinstance(keys, str):
        return keys
    header, dot, signature = token.rpartition(".")
    said = _read(header.partition(".")[0]) if dot else {}
    named = [each for each in keys if each.id == said.get("kid")]
    if not named:
        return f"the key {said.get('kid')} is none of the {len(keys)} that are served"
    if said.get("alg") != "RS256":
        return f"signed with {said.get('alg')}"
    return "" if _signed(named[0], header, signature) else f"the key {named[0].id} did not sign it"


def _keys(listed: list[object]) -> Iterator[Key]:
    for each in listed:
        if isinstance(each, Mapping) and each.get("kty") == "RSA" and each.get("use", "sig") == "sig":
            modulus, exponent = _number(each.get("n")), _number(each.get("e"))
            if isinstance(each.get("kid"), str) and modulus and exponent:
                yield Key(
                    id=str(each["kid"]),
                    modulus=modulus,
                    exponent=exponent,
                    algorithm=str(each.get("alg", "RS256")),
                    secret=bool(_PRIVATE & each.keys()),
                )


def _signed(key: Key, header: str, signature: str) -> bool:
    """RSASSA-PKCS1-v1_5 with SHA-256."""
    size = (key.modulus.bit_length() + 7) // 8
    made = _number(signature)
    digest = _SHA_256 + hashlib.sha256(header.encode()).digest()
    wanted = b"\x00\x01" + b"\xff" * (size - len(digest) - 3) + b"\x00" + digest
    return 0 < made < key.modulus and pow(made, key.exponent, key.modulus) == int.from_bytes(wanted, "big")


def _number(text: object) -> int:
    """A number in base64url; 0 for anything else, and for one that is longer than any key."""
    if not isinstance(text, str) or len(text) > _LONGEST:
        return 0
    return int.from_bytes(_decoded(text), "big")


def _read(part: str) -> Mapping[str, object]:
    try:
        found = json.loads(_decoded(part))
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except ValueError:
        return b""
