"""Signed zones: whoever validates believes them today and for a while, and believes no absence of what is there."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import partial

from checks.authorities import zone_of
from checks.evidence import Denial, DnsAnswer, Signature, SignedAnswer, SignedZone, Silence
from checks.model import Check, Place, Sight, Target, Verdict, promise
from checks.together import together
from checks.wording import quote, several, span
from checks.world.ports import World

# The first few hosts tell how the zone is signed.
_HOSTS = 6
# Whoever signs renews long before: with less than this share of its span left, a signature was not renewed. Route 53
# signs for hours, others for weeks, so that no number of days would suit both.
_SPARE = 10
_MAY_BE_ABSENT = frozenset({"NOERROR", "NXDOMAIN"})


@promise(
    "dns.signatures",
    says="where the zone is signed, every answer carries a signature of its keys that is valid now and for a while",
    severity="critical",
    instrument="dns",
)
def signatures(*, domain: str, hosts: tuple[str, ...]) -> Sight:
    """RFC 4035, 5.3: after the last second of a signature, every resolver that validates answers SERVFAIL."""
    return Sight(look=partial(_look, domain=domain, hosts=hosts), judge=judge_signatures)


@promise(
    "dns.denials",
    says="no proof of absence denies what is there",
    severity="warning",
    instrument="dns",
)
def denials(*, domain: str, hosts: tuple[str, ...]) -> Sight:
    """RFC 8198: a resolver takes a proof that it has seen for an answer to what it is asked next."""
    return Sight(look=partial(_look, domain=domain, hosts=hosts), judge=judge_denials)


def judge_signatures(seen: SignedZone, now: datetime) -> Verdict:
    """No DS at all; else of each answer of each server one signature that holds, and of the keys by a key of the DS."""
    expected = "no DS record, or signatures that hold now and will for a while"
    if (early := _unsigned(seen, expected)) is not None:
        return early
    anchors = {(_number(each, 0), _number(each, 1)) for each in _records(seen.above)}
    amiss = [word for each in seen.answers for word in _trouble(each, seen.zone, anchors, now)]
    made = [signature for each in seen.answers if isinstance(each, SignedAnswer) for signature in each.signatures]
    if amiss or not made:
        remedy = "have the zone signed again, or take the DS record out at the registrar until it is (delv +vtrace)"
        return Verdict.failed(
            expected=expected, actual=several(dict.fromkeys(amiss)) or "nothing is signed", remedy=remedy
        )
    least = span(min(each.expiration for each in made if each.expiration > now) - now)
    unproven = "" if any(each.verified for each in made) else "; their dates alone, nothing here can verify them"
    return Verdict.passed(expected=expected, actual=f"{len(made)} signatures, the first ends in {least}{unproven}")


def judge_denials(seen: SignedZone, _now: datetime) -> Verdict:
    """No server's proof speaks against an answer of any server."""
    expected = "no proof of absence of what is there"
    if (early := _unsigned(seen, expected)) is not None:
        return early
    told = [each for each in seen.answers if isinstance(each, SignedAnswer)]
    there = sorted({(each.owner, kind) for each in told for kind in each.present})
    amiss = [f"{each.server}: {word}" for each in told for denial in each.denials for word in _denied(denial, there)]
    if amiss:
        remedy = "sign the zone again; who has seen such a proof goes on denying until its TTL is over"
        return Verdict.failed(expected=expected, actual=several(dict.fromkeys(amiss)), remedy=remedy)
    silent = [f"{each.where}: {each.reason}" for each in seen.answers if isinstance(each, Silence)]
    if silent or not there:
        remedy = "see dns.authorities: which server keeps silent"
        return Verdict.failed(expected=expected, actual=several(silent) or "nothing is there", remedy=remedy)
    many = sum(len(each.denials) for each in told)
    return Verdict.passed(expected=expected, actual=f"{many} proofs, none of what is there")


def _unsigned(seen: SignedZone, expected: str) -> Verdict | None:
    """What there is to say where no DS record leads below; None where one does."""
    if isinstance(seen.above, Silence) or seen.above.rcode not in _MAY_BE_ABSENT:
        why = seen.above.reason if isinstance(seen.above, Silence) else seen.above.rcode
        return Verdict.failed(
            expected=expected, actual=f"DS of {quote(seen.zone)}: {quote(why)}", remedy="see dns.signed"
        )
    if not seen.above.records:
        return Verdict.passed(expected=expected, actual="not signed, and nobody says that it is")
    return None


def _trouble(answer: SignedAnswer | Silence, zone: str, anchors: set[tuple[int, int]], now: datetime) -> Iterator[str]:
    """What is wrong with the signatures of one answer, each kind of record by itself."""
    if isinstance(answer, Silence):
        yield f"{answer.where}: {answer.reason}"
        return
    if answer.rcode not in _MAY_BE_ABSENT:
        yield f"{answer.server}: {answer.name} {answer.type}: {answer.rcode}"
        return
    if answer.type == "DNSKEY" and not answer.present:
        yield f"{answer.server}: {answer.name}: no keys"
        return
    for kind in answer.present or ("SOA",):
        found = [each for each in answer.signatures if each.type == kind and each.signer == zone]
        if kind == "DNSKEY":
            found = [each for each in found if (each.tag, each.algorithm) in anchors]
        if not any(not _flaw(each, now) for each in found):
            flaws = [_flaw(each, now) for each in found] or ["not signed by the zone's own key"]
            yield f"{answer.server}: {answer.name} {kind}: {several(dict.fromkeys(flaws))}"


def _flaw(signature: Signature, now: datetime) -> str:
    """Why nobody believes a signature, or soon will not; empty for a good one."""
    if signature.expiration <= now:
        return f"expired {span(now - signature.expiration)} ago"
    if signature.inception > now:
        return f"valid in {span(signature.inception - now)} only"
    if signature.verified is False:
        return f"not confirmed by key {signature.tag}"
    late = signature.expiration - now < (signature.expiration - signature.inception) / _SPARE
    return f"{span(signature.expiration - now)} left, and not renewed" if late else ""


def _denied(denial: Denial, there: list[tuple[str, str]]) -> Iterator[str]:
    for owner, kind in there:
        if owner in denial.between:
            yield f"a proof that there is no {quote(owner)}, which has {kind}"
        elif owner in denial.of and kind not in denial.types:
            yield f"a proof that {quote(owner)} has no {kind}, which it has"


def _records(above: DnsAnswer | Silence) -> tuple[str, ...]:
    return () if isinstance(above, Silence) else above.records


def _number(record: str, at: int) -> int:
    """A number of a DS record; 0, which is none, where there is no such."""
    words = record.split()
    return int(words[at]) if len(words) > at and words[at].isdecimal() and len(words[at]) < 6 else 0  # noqa: PLR2004 - 65535


def checks(target: Target) -> Iterator[Check]:
    """Two questions about the zone that the domain is in. A target without a site has none."""
    if domain := target.domain:
        place, hosts = Place(subject=domain), target.hosts[:_HOSTS]
        yield signatures(place, domain=domain, hosts=hosts)
        yield denials(place, domain=domain, hosts=hosts)


def _look(world: World, *, domain: str, hosts: tuple[str, ...]) -> SignedZone:
    """The DS records of the domain's zone; where there are some, what each of its servers says with signatures."""
    zone, servers = zone_of(world, domain)
    above = world.dns.ask(zone, "DS")
    if isinstance(above, Silence) or not above.records:
        return SignedZone(zone=zone, above=above)
    mine = tuple(each for each in hosts if each == zone or each.endswith(f".{zone}"))
    asked = together(*(partial(world.dns.signed, zone, mine, server=each) for each in servers))
    return SignedZone(zone=zone, above=above, answers=tuple(each for answers in asked for each in answers))


PROMISES = (signatures, denials)
