"""Faults of name servers that answer, and still not as they should: over TCP, in mixed case, for how long."""

from __future__ import annotations

from collections.abc import Callable

import dns.flags
import dns.message
import dns.rcode
import dns.rrset

from checks.twin import addresses
from checks.twin.faults.bench import Bench
from checks.twin.faults.between.names import Answer, Onward, Question, Twist
from checks.twin.faults.staging import resolved
from checks.twin.faults.words import Fault

_FAMILY = "DNS / Route 53"
_DAY = 86_400


def at_authorities(says: Callable[[Question, Onward], Answer]) -> Callable[[Bench], Twist]:
    """The zone's own servers say something else."""
    return lambda _: lambda question, onward: onward() if question.authority is None else says(question, onward)


def _udp_alone(question: Question, onward: Onward) -> Answer:
    return onward() if question.udp else None


def _literal(question: Question, onward: Onward) -> Answer:
    """Upper and lower case are told apart, against RFC 4343."""
    asked = question.message.question[0].name.to_text()
    if asked == asked.lower():
        return onward()
    response = dns.message.make_response(question.message)
    response.set_rcode(dns.rcode.NXDOMAIN)
    return response


def _for_a_day(_question: Question, onward: Onward) -> Answer:
    response = onward()
    for each in response.answer:
        each.ttl = _DAY
    return response


def answered(kind: str, text: str) -> Callable[[Bench], Twist]:
    """Whoever asks for records of this *kind* of the apex is given one."""

    def made(bench: Bench) -> Twist:
        def twist(question: Question, onward: Onward) -> Answer:
            if (question.name, question.type) != (bench.apex, kind):
                return onward()
            response = dns.message.make_response(question.message)
            response.flags |= dns.flags.RA
            response.answer = [dns.rrset.from_text(question.message.question[0].name, 300, "IN", kind, text)]
            return response

        return twist

    return made


def unknown_to_another(_: Bench) -> Twist:
    """A resolver of other visitors asked before there was an answer, and remembers that."""

    def twist(question: Question, onward: Onward) -> Answer:
        if question.slot != addresses.SECOND:
            return onward()
        response = dns.message.make_response(question.message)
        response.flags |= dns.flags.RA
        response.set_rcode(dns.rcode.NXDOMAIN)
        return response

    return twist


FAULTS: tuple[Fault, ...] = (
    Fault(
        id="DNS-20",
        family=_FAMILY,
        breaks="the parent holds a key digest of a zone that is not signed",
        stage=resolved("dns.signed", answered("DS", f"12345 13 2 {'ab' * 32}")),
        promise="dns.signed",
    ),
    Fault(
        id="DNS-25",
        family=_FAMILY,
        breaks="name servers do not answer over TCP",
        stage=resolved("dns.tcp", at_authorities(_udp_alone)),
        promise="dns.tcp",
    ),
    Fault(
        id="DNS-27",
        family=_FAMILY,
        breaks="addresses are remembered for a day",
        stage=resolved("dns.lifetime", at_authorities(_for_a_day)),
        promise="dns.lifetime",
    ),
    Fault(
        id="DNS-35",
        family=_FAMILY,
        breaks="one public resolver of several does not know the name",
        stage=resolved("dns.resolvers", unknown_to_another, every=True),
        promise="dns.resolvers",
    ),
    Fault(
        id="DNS-36",
        family=_FAMILY,
        breaks="the apex is an alias",
        stage=resolved("dns.apex", answered("CNAME", "d111111abcdef8.cloudfront.net.")),
        promise="dns.apex",
    ),
    Fault(
        id="DNS-38",
        family=_FAMILY,
        breaks="name servers care for upper and lower case",
        stage=resolved("dns.case", at_authorities(_literal)),
        promise="dns.case",
    ),
)
