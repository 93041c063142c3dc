"""Names: one question to a resolver or an authoritative server, over TCP when the answer is too long for UDP."""

from __future__ import annotations

import socket
from collections.abc import Sequence

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset

from checks.evidence import DnsAnswer, SignedAnswer, Silence
from checks.frozen import dataclass
from checks.model import CannotLook
from checks.world.deadline import Deadline
from checks.world.memo import Memo
from checks.world.names import Address, Routes, addresses, ascii_name, literal
from checks.world.network import Network
from checks.world.signatures import ASKED, read_all
from checks.world.wire import Unanswered, Wire, dial, family_of, why

# The largest UDP answer that crosses every network unfragmented (DNS flag day 2020).
_PAYLOAD = 1232
_PORT = 53
_IN = dns.rdataclass.IN
_TRIES = 2
_LONGEST_CHAIN = 16
# Values that are a host name and nothing else; they are given in lower case, without the final dot.
_NAME_TYPES = frozenset({dns.rdatatype.NS, dns.rdatatype.CNAME, dns.rdatatype.PTR, dns.rdatatype.DNAME})
_AS_GIVEN = Routes()
_NO_EDNS = frozenset({dns.rcode.FORMERR, dns.rcode.NOTIMP})


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How a question is put: over TCP alone, with its name in mixed case, to a resolver of others."""

    tcp: bool = False
    mixed: bool = False
    recursive: bool = False


_PLAIN = Way()


@dataclass(frozen=True, slots=True)
class RealDns:
    """Answers ``checks.world.ports.Dns`` from the network."""

    network: Network
    memo: Memo

    def ask(
        self,
        name: str,
        type: str,  # noqa: A002 - the port's word
        *,
        server: str | None = None,
        tcp: bool = False,
        mixed: bool = False,
        recursive: bool = False,
    ) -> DnsAnswer | Silence:
        """One answer, shared within the attempt. Raises CannotLook when the resolver, our own instrument, is silent."""
        way = Way(tcp=tcp, mixed=mixed, recursive=recursive)
        question = (ascii_name(name), type.upper(), server)
        return self.memo.once(("dns", *question, way), lambda: self._ask(*question, way))

    def addresses(self, host: str) -> tuple[str, ...] | Silence:
        """The addresses of *host* as this network sees them."""
        return addresses(self.ask, host, ipv6=self.network.ipv6)

    def signed(self, zone: str, names: tuple[str, ...], *, server: str) -> tuple[SignedAnswer | Silence, ...]:
        """What *server* says and who signed it, shared within the attempt; silence ends its questioning."""
        question = (ascii_name(zone), tuple(map(ascii_name, names)), server)
        return self.memo.once(("signed", *question), lambda: self._signed(*question))

    def _signed(self, zone: str, names: tuple[str, ...], server: str) -> tuple[SignedAnswer | Silence, ...]:
        found = self.addresses(literal(server) or ascii_name(server))
        if isinstance(found, Silence):
            return (found,)
        places = [self.network.routes.to(address, _PORT) for address in found]
        heard: list[dns.message.Message] = []
        for name, kind in ((zone, "DNSKEY"), *((name, kind) for name in names for kind in ASKED)):
            try:
                answer = self._exchange(_query(name, kind, recursive=False, signed=True), places, _PLAIN)
            except Unanswered as error:
                unheard = Silence(where=f"{server}:{_PORT}", reason=f"{name} {kind}, with signatures: {error}")
                return (*read_all(zone, server, heard), unheard)
            # Who refers to others has nothing of its own to sign.
            heard += [] if _referral(answer) else [answer]
        return read_all(zone, server, heard)

    def _ask(self, name: str, type_: str, server: str | None, way: Way) -> DnsAnswer | Silence:
        query = _query(_mixed(name) if way.mixed else name, type_, recursive=way.recursive or server is None)
        if server is None:
            return self._ask_resolver(query, way)
        host = literal(server) or ascii_name(server)
        found = self.addresses(host)
        if isinstance(found, Silence):
            return found
        places = [self.network.routes.to(address, _PORT) for address in found]
        try:
            return _read(query, self._exchange(query, places, way), server)
        except Unanswered as error:
            return Silence(where=f"{server}:{_PORT}", reason=f"{name} {type_}: {error}")

    def _ask_resolver(self, query: dns.message.QueryMessage, way: Way) -> DnsAnswer:
        resolvers = self.network.resolvers
        if not resolvers:
            raise CannotLook("no resolver: none is configured and /etc/resolv.conf names none", final=True)
        named = ", ".join(f"{host}:{port}" for host, port in resolvers)
        try:
            answer = self._exchange(query, [self.network.routes.to(*each) for each in resolvers], way)
        except Unanswered as error:
            raise CannotLook(f"resolver {named} does not answer: {error}") from error
        return _read(query, answer, named)

    def _exchange(self, query: dns.message.QueryMessage, places: Sequence[Address], way: Way) -> dns.message.Message:
        """The first answer that is not SERVFAIL, else the last; each place is tried, a single one twice."""
        deadline = Deadline.after(self.network.clock, self.network.budget.name)
        tries = [places[turn % len(places)] for turn in range(max(_TRIES, len(places)))]
        failure: dns.message.Message | None = None
        troubles: list[OSError | Unanswered] = []
        for tried, place in enumerate(tries):
            try:
                answer = _ask_one(query, place, deadline.share(len(tries) - tried), way)
            except (OSError, Unanswered) as error:
                troubles.append(error)
                continue
            if answer.rcode() != dns.rcode.SERVFAIL:
                return answer
            failure = answer
        if failure is None:
            raise Unanswered(
                "; ".join(dict.fromkeys(str(each) if isinstance(each, Unanswered) else why(each) for each in troubles))
            )
        return failure


def _query(name: str, type_: str, *, recursive: bool, signed: bool = False) -> dns.message.QueryMessage:
    try:
        query = dns.message.make_query(f"{name}.", type_, use_edns=0, payload=_PAYLOAD, want_dnssec=signed)
    except (dns.exception.DNSException, ValueError) as error:
        raise CannotLook(f"{name} {type_} is no DNS question: {error}", final=True) from error
    if not recursive:
        query.flags &= ~dns.flags.RD
    return query


def _mixed(name: str) -> str:
    """Every other letter large: a spelling that no zone has."""
    return "".join(sign.upper() if at % 2 == 0 else sign for at, sign in enumerate(name))


def _ask_one(query: dns.message.Message, place: Address, deadline: Deadline, way: Way) -> dns.message.Message:
    answer = _asked(query, place, deadline, way)
    if answer.rcode() in _NO_EDNS:
        # RFC 6891, 7: a server older than EDNS says so in this way.
        plain = dns.message.make_query(query.question[0].name, query.question[0].rdtype, flags=query.flags)
        answer = _asked(plain, place, deadline, way)
    # A refusal may come without its question.
    spelt = str(answer.question[0].name) if answer.question else ""
    if way.mixed and spelt and spelt != str(query.question[0].name):
        raise Unanswered(f"it spells the question {spelt}")
    return answer


def _asked(query: dns.message.Message, place: Address, deadline: Deadline, way: Way) -> dns.message.Message:
    return (None if way.tcp else _over_udp(query, place, deadline)) or _over_tcp(query, place, deadline)


def _over_udp(query: dns.message.Message, place: Address, deadline: Deadline) -> dns.message.Message | None:
    """The answer, or None when it was too long for UDP. What is not an answer to *query* is passed over."""
    with socket.socket(family_of(place[0]), socket.SOCK_DGRAM) as datagrams:
        # Connected, so that the kernel drops strangers' packets and reports a closed port at once.
        datagrams.connect(place)
        datagrams.send(query.to_wire())
        while True:
            datagrams.settimeout(deadline.left())
            packet = datagrams.recv(65_535)
            try:
                answer = dns.message.from_wire(packet, raise_on_truncation=True)
            except dns.message.Truncated as cut:
                if query.is_response(cut.message()):  # type: ignore[no-untyped-call]
                    return None
            except dns.exception.DNSException:
                continue
            else:
                if query.is_response(answer):
                    return answer


def _over_tcp(query: dns.message.Message, place: Address, deadline: Deadline) -> dns.message.Message:
    wire, _ = dial((place[0],), place[1], routes=_AS_GIVEN, deadline=deadline)
    try:
        return _asked_over(wire, query)
    finally:
        wire.close()


def _asked_over(wire: Wire, query: dns.message.Message) -> dns.message.Message:
    packet = query.to_wire()
    wire.send(len(packet).to_bytes(2, "big") + packet)
    packet = wire.exactly(int.from_bytes(wire.exactly(2), "big"))
    try:
        answer = dns.message.from_wire(packet)
    except dns.exception.DNSException as error:
        raise Unanswered(f"not a DNS message over TCP: {error}") from error
    if not query.is_response(answer):
        raise Unanswered("the answer over TCP belongs to another question")
    return answer


def _read(query: dns.message.Message, answer: dns.message.Message, server: str) -> DnsAnswer:
    """The evidence in *answer*, its CNAMEs followed from the name that was asked."""
    question = query.question[0]
    owner, chain, lifetimes = question.name, list[str](), list[int]()
    found = answer.get_rrset(answer.answer, owner, _IN, question.rdtype)
    while found is None and len(chain) < _LONGEST_CHAIN:
        alias = answer.get_rrset(answer.answer, owner, _IN, dns.rdatatype.CNAME)
        if alias is None:
            break
        owner = alias[0].target
        chain.append(_text(owner))
        lifetimes.append(alias.ttl)
        found = answer.get_rrset(answer.answer, owner, _IN, question.rdtype)
    lifetimes += [found.ttl] if found is not None else []
    return DnsAnswer(
        name=_text(question.name),
        type=dns.rdatatype.to_text(question.rdtype),
        server=server,
        rcode=dns.rcode.to_text(answer.rcode()),
        records=() if found is None else _values(found),
        chain=tuple(chain),
        authoritative=bool(answer.flags & dns.flags.AA),
        ttl=min(lifetimes, default=None),
        referral=_referral(answer),
    )


def _values(records: dns.rrset.RRset) -> tuple[str, ...]:
    if records.rdtype in _NAME_TYPES:
        return tuple(sorted(_text(each.target) for each in records))
    return tuple(sorted(each.to_text() for each in records))


def _referral(answer: dns.message.Message) -> tuple[str, ...]:
    """The name servers that a parent refers to: RFC 1034, 4.3.2 (not authoritative, nothing in the answer section)."""
    if answer.answer or answer.flags & dns.flags.AA:
        return ()
    return tuple(
        sorted(value for each in answer.authority if each.rdtype == dns.rdatatype.NS for value in _values(each))
    )


def _text(name: dns.name.Name) -> str:
    return name.to_text(omit_final_dot=True).lower() if name != dns.name.root else "."
