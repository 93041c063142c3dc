"""Which group a server exchanges keys in: the part of a handshake that comes after the hello, read and not answered.

RFC 5246, 7.4.3: with ephemeral Diffie-Hellman over finite fields, the ServerKeyExchange begins with the prime.
"""

from __future__ import annotations

from collections.abc import Iterator

from checks.world.hello import Word, word_of
from checks.world.wire import Unanswered, Wire

# Ephemeral Diffie-Hellman over finite fields and nothing else, with RSA and with DSS, the good ones first.
FINITE = (
    0x009E, 0x009F, 0xCCAA, 0xC09E, 0xC09F, 0x0067, 0x006B, 0x0033, 0x0039, 0x0045, 0x0088, 0x0016,
    0x00A2, 0x00A3, 0x0040, 0x006A, 0x0032, 0x0038, 0x0044, 0x0087, 0x0013,
)  # fmt: skip
_ALERT, _HANDSHAKE = 21, 22
_SERVER_HELLO, _KEY_EXCHANGE, _DONE = 2, 12, 14
_HEAD = 4
_MAX_RECORD = 16_384 + 2_048
# A chain of certificates comes before it; nobody sends one as long as this.
_LONGEST = 262_144


def group_size(wire: Wire) -> int | Word | None:
    """The bits of the prime that the server offers; ``refused`` when it will not have it so, None when it is unclear.

    To hang up over the offer is to refuse it, to hang up in the middle is not. Raises OSError when nothing comes.
    """
    agreed = False
    try:
        for kind, content in _messages(wire):
            if kind == -_ALERT:
                return None if agreed else word_of(content)
            if kind == _SERVER_HELLO:
                agreed = _chosen(content) in FINITE
            if kind == _KEY_EXCHANGE and agreed:
                return _prime(content)
            if not agreed or kind == _DONE:
                return None
    except (ConnectionError, Unanswered):
        return None if agreed else "refused"
    return None


def _messages(wire: Wire) -> Iterator[tuple[int, bytes]]:
    """The messages of the handshake, whole, in however many records they come; an alert as its negative kind."""
    rest, heard = b"", 0
    while heard < _LONGEST:
        header = wire.exactly(5)
        length = int.from_bytes(header[3:5], "big")
        if header[0] not in (_ALERT, _HANDSHAKE) or length > _MAX_RECORD:
            return
        content = wire.exactly(length)
        heard += 5 + length
        if header[0] == _ALERT:
            # A warning decides nothing.
            if word_of(content) is not None or content[:1] == b"\x02":
                yield -_ALERT, content
            continue
        rest += content
        while end := _end(rest):
            yield rest[0], rest[_HEAD:end]
            rest = rest[end:]


def _end(messages: bytes) -> int:
    """Where the first of *messages* ends; 0 as long as it is not whole."""
    end = _HEAD + int.from_bytes(messages[1:_HEAD], "big")
    return end if len(messages) >= max(end, _HEAD) else 0


def _chosen(hello: bytes) -> int:
    """The suite of a ServerHello; 0, which is none, where it is too short to have one."""
    fixed = 34
    at = fixed + 1 + hello[fixed] if len(hello) > fixed else len(hello)
    return int.from_bytes(hello[at : at + 2], "big")


def _prime(exchange: bytes) -> int:
    """How many bits the prime has. Raises Unanswered when there is none."""
    length = int.from_bytes(exchange[:2], "big")
    prime = exchange[2 : 2 + length]
    if not length or len(prime) < length:
        raise Unanswered("a key exchange without a prime")
    return int.from_bytes(prime, "big").bit_length()
