"""Reads the facts of a certificate from its DER bytes (RFC 5280).

The standard library decodes only certificates that it has verified, and the refused ones are those that must be
explained; a full parser would be larger than everything that ships with it. Five fields are read, nothing is
believed: a length that points outside its container ends the reading.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from datetime import UTC, datetime

from checks.evidence import Leaf

_INTEGER, _OID, _UTC_TIME, _GENERALIZED_TIME = 0x02, 0x06, 0x17, 0x18
_SEQUENCE, _SET, _VERSION, _EXTENSIONS = 0x30, 0x31, 0xA0, 0xA3
_DNS_NAME, _IP_ADDRESS = 0x82, 0x87
_SUBJECT_ALT_NAME = "2.5.29.17"
_SHORT = {
    "2.5.4.3": "CN", "2.5.4.6": "C", "2.5.4.7": "L", "2.5.4.8": "ST", "2.5.4.10": "O", "2.5.4.11": "OU",
    "0.9.2342.19200300.100.1.25": "DC",
}  # fmt: skip
_CODECS = {0x14: "latin-1", 0x1C: "utf-32-be", 0x1E: "utf-16-be"}
_CENTURY_TURN = 50
_LONGEST_LENGTH = 4

Part = tuple[int, bytes]


def leaf_of(der: bytes) -> Leaf:
    """The facts of a certificate. Raises ValueError when *der* is none."""
    try:
        return _leaf(der)
    except (IndexError, StopIteration, UnicodeDecodeError, OverflowError) as error:
        raise ValueError(f"not a certificate: {error}") from error


def link_of(der: bytes) -> tuple[str, str]:
    """Whose certificate it is, and whose word it is by. Raises ValueError when *der* is none."""
    try:
        fields = _fields(der)
        subject, issuer = (", ".join(_attributes(_inside(fields[at], _SEQUENCE))) for at in (4, 2))
    except (IndexError, StopIteration, UnicodeDecodeError, OverflowError) as error:
        raise ValueError(f"not a certificate: {error}") from error
    return subject, issuer


def _fields(der: bytes) -> list[Part]:
    """Serial, algorithm, issuer, validity, subject and what follows (RFC 5280, 4.1); the version is left out."""
    signed = _inside(next(_parts(der)), _SEQUENCE)
    fields = list(_parts(_inside(next(_parts(signed)), _SEQUENCE)))
    return fields[1:] if fields[0][0] == _VERSION else fields


def _leaf(der: bytes) -> Leaf:
    fields = _fields(der)
    serial, _, issuer, validity = fields[:4]
    starts, ends = _parts(_inside(validity, _SEQUENCE))
    return Leaf(
        names=tuple(_names(fields)),
        issuer=", ".join(_attributes(_inside(issuer, _SEQUENCE))),
        serial=format(int.from_bytes(_inside(serial, _INTEGER), "big"), "x"),
        not_before=_time(starts),
        not_after=_time(ends),
    )


def _parts(data: bytes) -> Iterator[Part]:
    """The (tag, content) pairs that *data* is made of."""
    at = 0
    while at < len(data):
        tag, length, at = data[at], data[at + 1], at + 2
        if length & 0x80:
            octets = length & 0x7F
            if not 0 < octets <= _LONGEST_LENGTH:
                raise ValueError(f"not a certificate: a length of {octets} octets")
            length, at = int.from_bytes(data[at : at + octets], "big"), at + octets
        if at + length > len(data):
            raise ValueError("not a certificate: a part is longer than what contains it")
        yield tag, data[at : at + length]
        at += length


def _inside(part: Part, tag: int) -> bytes:
    if part[0] != tag:
        raise ValueError(f"not a certificate: expected tag {tag:#04x}, found {part[0]:#04x}")
    return part[1]


def _names(fields: list[Part]) -> Iterator[str]:
    """The DNS names and addresses of the subject alternative name, in their order."""
    for tag, content in fields:
        if tag != _EXTENSIONS:
            continue
        for extension in _parts(_inside(next(_parts(content)), _SEQUENCE)):
            identifier, *_, value = _parts(_inside(extension, _SEQUENCE))
            if _dotted(_inside(identifier, _OID)) == _SUBJECT_ALT_NAME:
                yield from _general_names(value[1])


def _general_names(octets: bytes) -> Iterator[str]:
    for tag, content in _parts(_inside(next(_parts(octets)), _SEQUENCE)):
        if tag == _DNS_NAME:
            yield content.decode("ascii")
        elif tag == _IP_ADDRESS:
            yield ipaddress.ip_address(content).compressed


def _attributes(name: bytes) -> Iterator[str]:
    for relative in _parts(name):
        for attribute in _parts(_inside(relative, _SET)):
            identifier, (tag, text) = _parts(_inside(attribute, _SEQUENCE))
            dotted = _dotted(_inside(identifier, _OID))
            yield f"{_SHORT.get(dotted, dotted)}={text.decode(_CODECS.get(tag, 'utf-8'), 'replace')}"


def _dotted(octets: bytes) -> str:
    numbers, value = list[int](), 0
    for octet in octets:
        value = value << 7 | octet & 0x7F
        if not octet & 0x80:
            numbers.append(value)
            value = 0
    first = min(numbers[0] // 40, 2)
    return ".".join(str(each) for each in (first, numbers[0] - 40 * first, *numbers[1:]))


def _time(part: Part) -> datetime:
    """RFC 5280, 4.1.2.5: always with seconds, always in UTC."""
    tag, content = part
    text = content.decode("ascii")
    if tag == _UTC_TIME:
        text = ("19" if int(text[:2]) >= _CENTURY_TURN else "20") + text
    elif tag != _GENERALIZED_TIME:
        raise ValueError(f"not a certificate: expected a time, found tag {tag:#04x}")
    digits = text[:-1]
    if len(digits) != len("YYYYMMDDHHMMSS") or not digits.isdigit() or text[-1] != "Z":
        raise ValueError(f"not a certificate: {text!r} is no time in UTC")
    month, day, hour, minute, second = (int(digits[at : at + 2]) for at in range(4, 14, 2))
    return datetime(int(digits[:4]), month, day, hour, minute, second, tzinfo=UTC)
