"""Signed answers, from servers that really sign."""

from __future__ import annotations

import builtins
from datetime import UTC, datetime
from typing import Any

import dns.dnssec
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rrset
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from checks.evidence import Denial, SignedAnswer, Silence
from checks.world.signatures import read_all
from tests.world.servers import HOST, closed_port, dns_server, record
from tests.world.worlds import world_of

SITE = "site.example"
ZONE = dns.name.from_text(SITE)
BEGINS, ENDS = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)
MAKERS: dict[str, Any] = {
    "ECDSAP256SHA256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "ED25519": ed25519.Ed25519PrivateKey.generate,
    "RSASHA256": lambda: rsa.generate_private_key(65537, 2048),
}


class Signed:
    """A zone of a few records, signed as it is asked."""

    def __init__(self, *records: str, algorithm: str = "ECDSAP256SHA256") -> None:
        self.key = MAKERS[algorithm]()
        self.public = dns.dnssec.make_dnskey(self.key.public_key(), algorithm, flags=257)
        self.records = [record(each) for each in records]
        self.records.append(dns.rrset.from_rdata(ZONE, 60, self.public))

    def sign(self, records: dns.rrset.RRset, owner: str = "") -> dns.rrset.RRset:
        """The signature; of the wildcard *owner* for what was made from it."""
        signed = dns.rrset.from_rdata_list(dns.name.from_text(owner), records.ttl, list(records)) if owner else records
        made = dns.dnssec.sign(signed, self.key, ZONE, self.public, inception=BEGINS, expiration=ENDS)
        return dns.rrset.from_rdata(records.name, records.ttl, made)

    def answer(self, name: str, kind: str, *authority: str, owner: str = "") -> dns.message.Message:
        """What its server says: the records of that name and kind, else *authority*; with signatures."""
        query = dns.message.make_query(f"{name}.", kind, want_dnssec=True)
        answer = dns.message.make_response(query)
        answer.flags |= dns.flags.AA
        asked = query.question[0]
        for each in self.records:
            if (each.name, each.rdtype) == (asked.name, asked.rdtype):
                answer.answer = [each, self.sign(each, owner)]
        for line in authority:
            proof = record(line)
            answer.authority += [proof, self.sign(proof)]
        return dns.message.from_wire(answer.to_wire(max_size=65_535))

    def reply(self, query: dns.message.Message, _transport: str) -> dns.message.Message:
        """The same as a server."""
        asked = query.question[0]
        kind = dns.rdatatype.to_text(asked.rdtype)
        soa = () if any((each.name, each.rdtype) == (asked.name, asked.rdtype) for each in self.records) else (SOA,)
        answer = self.answer(asked.name.to_text(omit_final_dot=True), kind, *soa)
        answer.id, answer.question = query.id, query.question
        return answer


SOA = f"{SITE}. 60 IN SOA ns.{SITE}. host.{SITE}. 1 2 3 4 5"
A = f"{SITE}. 60 IN A 192.0.2.1"


def _read(*answers: dns.message.Message) -> list[SignedAnswer]:
    return list(read_all(SITE, "ns1", answers))


@pytest.mark.parametrize("algorithm", MAKERS)
def test_a_signature_is_read_and_verified(algorithm: str) -> None:
    """By the key that the zone itself hands out, whatever its dates: those are for the judge."""
    zone = Signed(A, algorithm=algorithm)
    keys, address = _read(zone.answer(SITE, "DNSKEY"), zone.answer(SITE, "A"))
    (made,) = address.signatures

    assert (("DNSKEY",), ("A",)) == (keys.present, address.present)
    assert ("A", SITE, dns.dnssec.key_id(zone.public), True) == (made.type, made.signer, made.tag, made.verified)
    assert (BEGINS, ENDS) == (made.inception, made.expiration)
    assert keys.signatures[0].verified


def test_a_stranger_signature_is_told() -> None:
    """The same tag is not the same key; without keys nothing is confirmed."""
    zone, stranger = Signed(A), Signed(A)
    stranger.public = zone.public

    assert [True, False] == [
        each.signatures[0].verified for each in _read(zone.answer(SITE, "DNSKEY"), stranger.answer(SITE, "A"))
    ]
    assert False is _read(zone.answer(SITE, "A"))[0].signatures[0].verified


def test_what_cannot_be_computed_here_is_neither(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without cryptography, or with an algorithm that nobody here knows, the dates are all there is."""
    zone, find = Signed(A), builtins.__import__
    answers = zone.answer(SITE, "DNSKEY"), zone.answer(SITE, "A")

    def without(name: str, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - any module
        if name == "dns.dnssec":
            raise ImportError(name)
        return find(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)

    assert [None, None] == [each.signatures[0].verified for each in _read(*answers)]


def test_an_absence_is_signed_with_the_zones_soa() -> None:
    """And proven: of that name these types, and nothing up to the next."""
    zone = Signed(A)
    nothing = zone.answer(SITE, "TYPE65280", SOA, f"{SITE}. 60 IN NSEC www.{SITE}. A SOA")
    _, _, told = _read(zone.answer(SITE, "DNSKEY"), zone.answer(SITE, "A"), nothing)

    assert (("SOA", True), ()) == ((told.signatures[0].type, told.signatures[0].verified), told.present)
    assert (Denial(of=(SITE,), types=("A", "SOA")),) == told.denials


@pytest.mark.parametrize(
    ("record", "between"),
    (
        pytest.param(f"{SITE}. 60 IN NSEC z.{SITE}. A", (f"www.{SITE}",), id="from the apex on"),
        pytest.param(f"a.{SITE}. 60 IN NSEC www.{SITE}. A", (), id="up to it"),
        pytest.param(f"b.{SITE}. 60 IN NSEC {SITE}. A", (f"www.{SITE}",), id="to the end of the zone"),
        pytest.param(f"x.{SITE}. 60 IN NSEC {SITE}. A", (), id="behind it"),
    ),
)
def test_what_a_proof_leaves_out_is_told(record: str, between: tuple[str, ...]) -> None:
    """Of what is there: the rest may well be absent."""
    zone = Signed(A, f"www.{SITE}. 60 IN A 192.0.2.2")
    told = _read(zone.answer(SITE, "DNSKEY"), zone.answer(f"www.{SITE}", "A"), zone.answer(SITE, "AAAA", SOA, record))

    assert between == told[-1].denials[0].between


def _hashed(name: str) -> str:
    return str(dns.dnssec.nsec3_hash(name, "AABB", 3, "SHA1")).lower()


def test_hashed_names_are_recognised() -> None:
    """RFC 5155: what is there is hashed as the record says, and sought among hashes."""
    zone = Signed(A, f"www.{SITE}. 60 IN A 192.0.2.2")
    here, www = _hashed(SITE), _hashed(f"www.{SITE}")
    own = f"{here}.{SITE}. 60 IN NSEC3 1 0 3 AABB {here} A SOA"
    tight = f"{www}.{SITE}. 60 IN NSEC3 1 0 3 AABB {www[:-1]}{'v' if www[-1] != 'v' else 'u'} A"
    told = _read(
        zone.answer(SITE, "DNSKEY"),
        zone.answer(f"www.{SITE}", "A"),
        zone.answer(SITE, "AAAA", SOA, own, tight),
    )

    assert Denial(of=(SITE,), types=("A", "SOA"), between=(f"www.{SITE}",)) == told[-1].denials[0]
    assert (f"www.{SITE}",) == told[-1].denials[1].of


def test_unknown_hashes_deny_nothing_here() -> None:
    """Nobody follows so many rounds (RFC 9276)."""
    zone = Signed(A)
    many = f"{_hashed(SITE)}.{SITE}. 60 IN NSEC3 1 0 2500 AABB {_hashed(SITE)} A"

    assert () == _read(zone.answer(SITE, "DNSKEY"), zone.answer(SITE, "AAAA", SOA, many))[1].denials


def test_the_answer_of_a_wildcard_is_its_own() -> None:
    """The signature counts fewer labels than the name has."""
    zone = Signed(f"www.{SITE}. 60 IN A 192.0.2.2")
    told = _read(zone.answer(SITE, "DNSKEY"), zone.answer(f"www.{SITE}", "A", owner=f"*.{SITE}."))

    assert (f"*.{SITE}", True) == (told[1].owner, told[1].signatures[0].verified)


def test_a_server_is_asked_for_keys_and_for_each_name() -> None:
    """The keys first, then addresses and what nobody has, without recursion."""
    zone = Signed(A)
    with dns_server(zone.reply) as server:
        world = world_of(connect={("192.0.2.53", 53): (HOST, server.port)})
        told = world.dns.signed(SITE, (SITE,), server="192.0.2.53")
        again = world.dns.signed(SITE, (SITE,), server="192.0.2.53")

    assert again is told
    assert [("DNSKEY", False), ("A", False), ("AAAA", False), ("TYPE65280", False)] == [
        each[1:3] for each in server.questions
    ]
    assert [("DNSKEY",), ("A",), (), ()] == [each.present for each in told if isinstance(each, SignedAnswer)]
    assert all(made.verified for each in told if isinstance(each, SignedAnswer) for made in each.signatures)


def test_a_referral_is_left_to_those_it_leads_to() -> None:
    """Another zone signs there."""
    zone = Signed(A)

    def reply(query: dns.message.Message, transport: str) -> dns.message.Message:
        if query.question[0].name == ZONE:
            return zone.reply(query, transport)
        answer = dns.message.make_response(query)
        answer.authority = [dns.rrset.from_text(f"www.{SITE}.", 60, "IN", "NS", "ns.elsewhere.example.")]
        return answer

    with dns_server(reply) as server:
        world = world_of(connect={("192.0.2.53", 53): (HOST, server.port)})
        told = world.dns.signed(SITE, (f"www.{SITE}",), server="192.0.2.53")

    assert ["DNSKEY"] == [each.type for each in told if isinstance(each, SignedAnswer)]


def test_silence_ends_the_questioning() -> None:
    """A server that is dead costs one time-out."""
    dead = world_of(connect={("192.0.2.53", 53): (HOST, closed_port())}, seconds=2.0)
    (told,) = dead.dns.signed(SITE, (SITE,), server="192.0.2.53")

    assert isinstance(told, Silence)
    assert f"{SITE} DNSKEY, with signatures: " in told.reason
    with dns_server(lambda query, _: dns.message.make_response(query)) as nobody:
        assert isinstance(world_of(resolver=nobody.resolver).dns.signed(SITE, (), server="ns.gone.example")[0], Silence)
