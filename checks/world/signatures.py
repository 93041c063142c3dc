"""Signed answers, read: who signed what and until when, and what is said to be absent (RFC 4034, 4035, 5155)."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset
from dns.exception import UnsupportedAlgorithm, ValidationFailure

from checks.evidence import Denial, Signature, SignedAnswer

# For private use (RFC 6895, 3.1): no name has records of it, so that what it does have must be told.
NOBODYS = "TYPE65280"
# What is asked of every name.
ASKED = ("A", "AAAA", NOBODYS)
_IN, _RRSIG, _DNSKEY = dns.rdataclass.IN, dns.rdatatype.RRSIG, dns.rdatatype.DNSKEY
_NSEC, _NSEC3, _SOA = dns.rdatatype.NSEC, dns.rdatatype.NSEC3, dns.rdatatype.SOA
# RFC 5155, 3.3 and RFC 4648, 7: the alphabet that keeps the order.
_HEX32 = bytes.maketrans(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", b"0123456789ABCDEFGHIJKLMNOPQRSTUV")
# RFC 9276, 3.2: who asks for more is not followed.
_MOST_ROUNDS = 500

Rdata = Any


def read_all(zone: str, server: str, answers: Iterable[dns.message.Message]) -> tuple[SignedAnswer, ...]:
    """The evidence in *answers*, of which the first is the one about the zone's keys."""
    told = list(answers)
    origin = dns.name.from_text(zone)
    keys = told[0].get_rrset(told[0].answer, origin, _IN, _DNSKEY) if told else None
    owners = {_owner(each) for each in told if _present(each)}
    return tuple(_read(each, server, keys, owners) for each in told)


def _read(
    answer: dns.message.Message, server: str, keys: dns.rrset.RRset | None, owners: set[dns.name.Name]
) -> SignedAnswer:
    asked = answer.question[0]
    present = _present(answer)
    signed = present or [each for each in answer.authority if each.rdtype == _SOA]
    section = answer.answer if present else answer.authority
    return SignedAnswer(
        name=_text(asked.name),
        type=dns.rdatatype.to_text(asked.rdtype),
        server=server,
        rcode=dns.rcode.to_text(answer.rcode()),
        owner=_text(_owner(answer)),
        present=tuple(sorted(dns.rdatatype.to_text(each.rdtype) for each in present)),
        signatures=tuple(found for each in signed for found in _signatures(each, section, keys)),
        denials=tuple(denial for each in answer.authority if (denial := _denial(each, owners))),
    )


def _present(answer: dns.message.Message) -> list[dns.rrset.RRset]:
    """The records of the very name that was asked for; what a CNAME leads to is another's."""
    name = answer.question[0].name
    return [each for each in answer.answer if each.name == name and each.rdtype != _RRSIG]


def _owner(answer: dns.message.Message) -> dns.name.Name:
    """RFC 4034, 3.1.3: a signature counts fewer labels than the name has where the answer comes from a wildcard."""
    name = answer.question[0].name
    signed = (each[0].labels for each in answer.answer if each.name == name and each.rdtype == _RRSIG)
    labels = min(signed, default=len(name) - 1)
    return name if labels >= len(name) - 1 else dns.name.Name((b"*", *name.labels[-labels - 1 :]))


def _signatures(
    records: dns.rrset.RRset, section: list[dns.rrset.RRset], keys: dns.rrset.RRset | None
) -> Iterator[Signature]:
    for each in section:
        if (each.name, each.rdtype, each.covers) == (records.name, _RRSIG, records.rdtype):
            for made in each:
                yield Signature(
                    type=dns.rdatatype.to_text(records.rdtype),
                    signer=_text(made.signer),
                    tag=made.key_tag,
                    algorithm=int(made.algorithm),
                    inception=datetime.fromtimestamp(made.inception, UTC),
                    expiration=datetime.fromtimestamp(made.expiration, UTC),
                    verified=_verified(records, made, keys),
                )


def _verified(records: dns.rrset.RRset, made: Rdata, keys: dns.rrset.RRset | None) -> bool | None:
    """Whether one of *keys* made it, whatever its dates; None where this Python cannot compute that."""
    if keys is None:
        return False
    try:
        # The canary's package is without it, and without cryptography.
        import dns.dnssec

        dns.dnssec.validate_rrsig(records, made, {keys.name: keys.to_rdataset()}, now=made.inception)
    except (ImportError, UnsupportedAlgorithm):
        return None
    except ValidationFailure:
        return False
    return True


def _denial(records: dns.rrset.RRset, owners: set[dns.name.Name]) -> Denial | None:
    if records.rdtype == _NSEC:
        return _plain(records, owners)
    return _hashed(records, owners) if records.rdtype == _NSEC3 else None


def _plain(records: dns.rrset.RRset, owners: set[dns.name.Name]) -> Denial:
    """RFC 4034, 4: nothing stands between a name and the next; the last one is followed by the zone's own."""
    here, following = records.name, records[0].next
    skipped = [each for each in owners if here < each and (each < following or following <= here)]
    return Denial(
        of=tuple(_text(each) for each in owners if each == here),
        types=tuple(records[0].to_text().split()[1:]),
        between=tuple(sorted(map(_text, skipped))),
    )


def _hashed(records: dns.rrset.RRset, owners: set[dns.name.Name]) -> Denial | None:
    """RFC 5155, 3: the same of the names' hashes."""
    made = records[0]
    if int(made.algorithm) != 1 or made.iterations > _MOST_ROUNDS:
        return None
    here, following = records.name.labels[0].upper(), _spelt(made.next)
    hashes = {each: _spelt(_hash(each, made.salt or b"", made.iterations)) for each in owners}
    skipped = [each for each, digest in hashes.items() if _lies_between(digest, here, following)]
    return Denial(
        of=tuple(sorted(_text(each) for each, digest in hashes.items() if digest == here)),
        types=tuple(made.to_text().split()[5:]),
        between=tuple(sorted(map(_text, skipped))),
    )


def _lies_between(digest: bytes, here: bytes, following: bytes) -> bool:
    return here < digest < following if here < following else digest > here or digest < following


def _hash(name: dns.name.Name, salt: bytes, rounds: int) -> bytes:
    wire = name.canonicalize().to_wire() or b""
    digest = hashlib.sha1(wire + salt, usedforsecurity=False).digest()
    for _ in range(rounds):
        digest = hashlib.sha1(digest + salt, usedforsecurity=False).digest()
    return digest


def _spelt(digest: bytes) -> bytes:
    return base64.b32encode(digest).rstrip(b"=").translate(_HEX32)


def _text(name: dns.name.Name) -> str:
    return name.to_text(omit_final_dot=True).lower()
