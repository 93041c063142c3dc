"""Keys that sign, for tests of whoever verifies."""

from __future__ import annotations

import base64
import functools

from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256


@functools.cache
def pair(name: str, bits: int = 2048) -> tuple[rsa.RSAPrivateKey, dict[str, str]]:
    """A private key, and the public one as a user pool serves it under *name*; made once for each name."""
    key = rsa.generate_private_key(65537, bits)
    public = key.public_key().public_numbers()
    return key, {
        "kty": "RSA",
        "use": "sig",
        "alg": "RS256",
        "kid": name,
        "n": written(public.n.to_bytes(bits // 8, "big")),
        "e": written(public.e.to_bytes(3, "big")),
    }


def signature(key: rsa.RSAPrivateKey, text: str) -> str:
    """RS256 over *text*, as it stands in a token."""
    return written(key.sign(text.encode(), padding.PKCS1v15(), SHA256()))


def written(part: bytes) -> str:
    """Base64url without its padding (RFC 7515, 2)."""
    return base64.urlsafe_b64encode(part).rstrip(b"=").decode()
