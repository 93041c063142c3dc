"""Name servers that sign: between the twin's own and whoever asks, with a key that the parent then has a DS of."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import dns.dnssec
import dns.flags
import dns.message
import dns.name
import dns.rdata
import dns.rdatatype
import dns.rrset
from cryptography.hazmat.primitives.asymmetric import ec
from dns.rdtypes.ANY.DNSKEY import DNSKEY

from checks.twin.faults.bench import Bench
from checks.twin.faults.between.names import Answer, Onward, Question, Twist
from checks.twin.faults.words import Fault, Stage, View

_FAMILY = "DNS / Route 53"
_TTL = 300
_KINDS = "A NS SOA AAAA CAA RRSIG NSEC DNSKEY"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ways:
    """How the zone is signed: *days* from now are the dates of its signatures, *denies* what its proofs leave out.

    With *foreign* they are made by a key that is none of the zone's, under the tag of the one that is.
    """

    days: tuple[float, float] = (-1, 13)
    denies: str = ""
    foreign: bool = False


@dataclass(frozen=True, slots=True)
class Signer:
    """The zone, its key, and the one that signs."""

    zone: dns.name.Name
    key: ec.EllipticCurvePrivateKey
    pen: ec.EllipticCurvePrivateKey
    ways: Ways

    @property
    def public(self) -> DNSKEY:
        """The DNSKEY record: flags of a key that signs keys (RFC 4034, 2.1.1)."""
        return dns.dnssec.make_dnskey(self.key.public_key(), "ECDSAP256SHA256", flags=257)

    def signed(self, records: dns.rrset.RRset) -> dns.rrset.RRset:
        """The signature of *records*."""
        begins, ends = (datetime.now(UTC) + timedelta(days=each) for each in self.ways.days)
        made = dns.dnssec.sign(records, self.pen, self.zone, self.public, inception=begins, expiration=ends)
        return dns.rrset.from_rdata(records.name, records.ttl, made)

    def proof(self, name: dns.name.Name) -> dns.rrset.RRset:
        """That *name* has these types and no others, and that nothing stands between it and what follows it at once."""
        kinds = " ".join(each for each in _KINDS.split() if each != self.ways.denies)
        following = dns.name.Name((b"\0", *name.labels)).to_text()
        return dns.rrset.from_text(name, _TTL, "IN", "NSEC", f"{following} {kinds}")


def signing(ways: Ways) -> Callable[[Bench], Twist]:
    """The zone's servers sign whatever they say to those who ask for it, and the parent has a DS of their key."""

    def made(bench: Bench) -> Twist:
        key = ec.generate_private_key(ec.SECP256R1())
        pen = ec.generate_private_key(ec.SECP256R1()) if ways.foreign else key
        signer = Signer(dns.name.from_text(bench.apex), key, pen, ways)

        def twist(question: Question, onward: Onward) -> Answer:
            if question.recursive and (question.name, question.type) == (bench.apex, "DS"):
                return _with(question, onward(), signer.zone, dns.dnssec.make_ds(signer.zone, signer.public, "SHA256"))
            return onward() if question.authority is None else _said(question, onward(), signer)

        return twist

    return made


def _with(
    question: Question, response: dns.message.Message, name: dns.name.Name, record: dns.rdata.Rdata
) -> dns.message.Message:
    if question.authority is not None:
        response.flags |= dns.flags.AA
    response.answer, response.authority = [dns.rrset.from_rdata(name, _TTL, record)], []
    return response


def _said(question: Question, response: dns.message.Message, signer: Signer) -> dns.message.Message:
    if (question.name, question.type) == (signer.zone.to_text(omit_final_dot=True), "DNSKEY"):
        response = _with(question, response, signer.zone, signer.public)
    if not question.message.ednsflags & dns.flags.DO:
        return response
    if not response.answer and response.rcode() == dns.rcode.NOERROR:
        response.authority.append(signer.proof(question.message.question[0].name))
    for section in (response.answer, response.authority):
        section.extend([signer.signed(each) for each in section if each.name.is_subdomain(signer.zone)])
    return response


def signed(promise: str, ways: Ways) -> Stage:
    """The zone is signed so, and *promise* is the one to notice, if any."""

    @contextmanager
    def stage(bench: Bench) -> Iterator[View]:
        named = (bench.check(promise).name,) if promise else ()
        yield View(named=named, names=signing(ways)(bench))

    return stage


FAULTS: tuple[Fault, ...] = (
    Fault(
        id="DNS-21",
        family=_FAMILY,
        breaks="signatures in the zone have expired",
        stage=signed("dns.signatures", Ways(days=(-15, -1))),
        promise="dns.signatures",
    ),
    Fault(
        id="X-DNS-07",
        family=_FAMILY,
        breaks="signatures in the zone were not renewed in time",
        stage=signed("dns.signatures", Ways(days=(-29, 1))),
        promise="dns.signatures",
    ),
    Fault(
        id="X-DNS-08",
        family=_FAMILY,
        breaks="signatures in the zone are of another key",
        stage=signed("dns.signatures", Ways(foreign=True)),
        promise="dns.signatures",
    ),
    Fault(
        id="DNS-23",
        family=_FAMILY,
        breaks="a proof of absence denies what is there",
        stage=signed("dns.denials", Ways(denies="A")),
        promise="dns.denials",
    ),
    Fault(
        id="X-B-DNS-01",
        family=_FAMILY,
        kind="benign",
        breaks="the zone is signed, and the parent has a DS of its key",
        stage=signed("", Ways()),
    ),
)
