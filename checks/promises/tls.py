"""Handshakes: what a browser meets at each host of the site."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial

from checks import intent
from checks.evidence import (
    Absent,
    Accepted,
    DistributionSeen,
    DnsAnswer,
    Handshakes,
    Leaf,
    Protocols,
    Refused,
    Served,
    Silence,
)
from checks.model import CannotLook, Check, Place, Sight, Target, Verdict, promise
from checks.together import together
from checks.wording import quote, several, span
from checks.world.ports import World

Handshake = Accepted | Refused | Silence

_OLD = ("1.0", "1.1")
_MODERN = ("1.2", "1.3")
# More addresses than CloudFront gives out; an answer with hundreds must not become hundreds of handshakes.
_ADDRESSES = 16
# OpenSSL's verify codes (x509_vfy.h) by what a person should do about them.
_REMEDIES = {
    9: "the certificate is from the future: check its dates, and the clock here",
    10: "renew or replace the certificate; tls.expiry says what ACM holds",
    62: "attach a certificate that names this host; the distribution's own default names none of yours",
    **dict.fromkeys((18, 19, 20, 21), "serve the whole chain of a public authority, as ACM does"),
}
_REMEDY = "openssl s_client -connect {host}:443 -servername {host}"


@promise(
    "tls.certificate",
    says="a browser accepts the host's certificate and data goes both ways",
    severity="critical",
    instrument="tls",
)
def certificate(*, host: str) -> Sight:
    """Pitfalls 38 and 39 (RFC 6125). With data: in TLS 1.3 a demand for a client certificate shows only then."""
    return Sight(look=partial(_look, host=host), judge=partial(judge_certificate, host=host))


@promise(
    "tls.addresses",
    says="every address of the host serves a certificate that a browser accepts",
    severity="critical",
    instrument="tls",
)
def addresses(*, host: str) -> Sight:
    """Pitfall 8: one edge of several with an old certificate fails a share of visitors."""
    return Sight(look=partial(_look_everywhere, host=host, kind="A"), judge=partial(judge_addresses, host=host))


@promise(
    "tls.addresses_v6",
    says="every IPv6 address that the host has serves a certificate that a browser accepts",
    severity="critical",
    instrument="tls",
)
def addresses_v6(*, host: str) -> Sight:
    """Pitfall 28: who has IPv6 tries it first (RFC 8305), and meets what nobody with IPv4 alone would see."""
    look = partial(_look_everywhere, host=host, kind="AAAA")
    return Sight(look=look, judge=partial(judge_addresses, host=host, optional=True))


@promise(
    "tls.served",
    says="the edge serves the certificate that ACM holds",
    severity="critical",
    instrument="tls",
    actions=("acm:DescribeCertificate", "cloudfront:GetDistribution"),
)
def served(*, host: str, arn: str, distribution: str) -> Sight:
    """Pitfall 37: ACM says renewed while the edge still shows the old one."""
    look = partial(_look_served, host=host, arn=arn, distribution=distribution)
    return Sight(look=look, judge=judge_served)


@promise(
    "tls.lifetime",
    says="the certificate that visitors see will be valid for days",
    severity="critical",
    instrument="tls",
)
def lifetime(*, host: str, critical: timedelta) -> Sight:
    """Pitfall 38: read from the live handshake, also when a browser would refuse it."""
    return Sight(look=partial(_look, host=host), judge=partial(judge_lifetime, host=host, least=critical))


@promise(
    "tls.lifetime_warning",
    says="the certificate that visitors see is not late for its renewal",
    severity="warning",
    instrument="tls",
)
def lifetime_warning(*, host: str, warning: timedelta) -> Sight:
    """For hosts whose certificate is not one of the target's own resources; those have tls.renewal."""
    return Sight(look=partial(_look, host=host), judge=partial(judge_lifetime, host=host, least=warning))


@promise(
    "tls.floor", says="TLS 1.0 and 1.1 are refused, and a newer version works", severity="critical", instrument="tls"
)
def floor(*, host: str) -> Sight:
    """Pitfall 39 (RFC 8996): a distribution on the default certificate speaks TLS 1.0. TLS 1.3 alone is good too."""
    return Sight(look=partial(_look_protocols, host=host, decisive=_OLD), judge=judge_floor)


@promise("tls.modern", says="TLS 1.3 is offered", severity="warning", instrument="tls")
def modern(*, host: str) -> Sight:
    """RFC 8446: one round trip less, and no cipher left to choose badly."""
    return Sight(look=partial(_look_protocols, host=host, decisive=("1.3",)), judge=judge_modern)


def judge_certificate(seen: Handshake, now: datetime, *, host: str) -> Verdict:
    """A handshake that a browser accepts, with data exchanged after it."""
    expected = f"a certificate for {host} that a browser accepts"
    match seen:
        case Accepted(version=version, leaf=leaf):
            actual = f"{quote(version)}, {several(leaf.names, 4)}, {_left(leaf.not_after, now)}"
            return Verdict.passed(expected=expected, actual=actual)
        case Refused(reason=reason, code=code, leaf=leaf):
            shown = f"; it names {several(leaf.names, 4)}, {_left(leaf.not_after, now)}" if leaf else ""
            remedy = _REMEDIES.get(code or 0, _REMEDY.format(host=host))
            return Verdict.failed(expected=expected, actual=f"{quote(reason)}{shown}", remedy=remedy)
        case Silence():
            return _unanswered(seen, expected, host)


def judge_addresses(seen: Handshakes, _now: datetime, *, host: str, optional: bool = False) -> Verdict:
    """Each of the addresses that the name gave is accepted; their certificates may differ.

    Of *optional* addresses there may be none, where a server says so; that there ought to be some is said elsewhere.
    """
    expected = f"the same welcome at every {'IPv6 ' if optional else ''}address of {host}"
    bad = [_why(each) for each in seen.handshakes if not isinstance(each, Accepted)]
    if isinstance(seen.addresses, Silence):
        return _unanswered(seen.addresses, expected, host)
    if seen.handshakes and not bad:
        return Verdict.passed(expected=expected, actual=f"{len(seen.handshakes)} addresses, all accepted")
    if optional and not bad and seen.addresses.rcode in {"NOERROR", "NXDOMAIN"}:
        return Verdict.passed(expected=expected, actual="it has none, so nobody comes that way")
    actual = (
        f"{len(bad)} of {len(seen.handshakes)}: {several(bad)}"
        if bad
        else f"no address ({quote(seen.addresses.rcode)})"
    )
    remedy = "wait until the distribution is Deployed; else ask that address with curl --connect-to"
    return Verdict.failed(expected=expected, actual=actual, remedy=remedy)


def judge_served(seen: Served, _now: datetime) -> Verdict:
    """Equal serial numbers; while the distribution is being deployed another one is still converging."""
    match seen.handshake:
        case Accepted(leaf=leaf) | Refused(leaf=Leaf() as leaf):
            return _compared(seen, leaf)
        case Refused() | Silence() as trouble:
            remedy = "see tls.certificate of this host"
            return Verdict.failed(expected="the certificate that ACM holds", actual=_why(trouble), remedy=remedy)


def judge_lifetime(seen: Handshake, now: datetime, *, host: str, least: timedelta) -> Verdict:
    """More than *least* left of the certificate that was shown, refused or not."""
    expected = f"valid for more than {span(least)}"
    match seen:
        case Accepted(leaf=leaf) | Refused(leaf=Leaf() as leaf):
            actual = _left(leaf.not_after, now)
            if leaf.not_after - now > least:
                return Verdict.passed(expected=expected, actual=actual)
            remedy = "see why it was not renewed (tls.expiry, tls.validation), and replace it"
            return Verdict.failed(expected=expected, actual=actual, remedy=remedy)
        case Silence():
            return _unanswered(seen, expected, host)
        case Refused():
            actual = f"no certificate: {_why(seen)}"
            return Verdict.failed(expected=expected, actual=actual, remedy=_REMEDY.format(host=host))


def judge_floor(seen: Protocols | Silence, _now: datetime) -> Verdict:
    """Both old versions seen to be refused, one new version seen to be accepted; not to have seen is no pass."""
    expected = "TLS 1.0 and 1.1 refused, 1.2 or 1.3 accepted"
    if isinstance(seen, Silence):
        return _unanswered(seen, expected, seen.where.partition(":")[0])
    amiss = [f"{each} {_word(seen, each)}" for each in _OLD if each not in seen.refused or each in seen.accepted]
    amiss += [] if set(_MODERN) & set(seen.accepted) else ["neither 1.2 nor 1.3 accepted"]
    if not amiss:
        return Verdict.passed(expected=expected, actual=f"accepted {several(seen.accepted)}")
    remedy = "set MinimumProtocolVersion of the distribution to TLSv1.2_2021 and attach your own certificate"
    return Verdict.failed(expected=expected, actual=several(amiss), remedy=remedy)


def judge_modern(seen: Protocols | Silence, _now: datetime) -> Verdict:
    """TLS 1.3 was accepted."""
    expected = "TLS 1.3 accepted"
    if isinstance(seen, Silence):
        return _unanswered(seen, expected, seen.where.partition(":")[0])
    if "1.3" in seen.accepted:
        return Verdict.passed(expected=expected, actual=f"accepted {several(seen.accepted)}")
    remedy = "CloudFront offers it with every security policy: see what stands before it"
    return Verdict.failed(expected=expected, actual=f"1.3 {_word(seen, '1.3')}", remedy=remedy)


def checks(target: Target, *, expiry_critical: timedelta, expiry_warning: timedelta) -> Iterator[Check]:
    """Seven or eight questions about each host."""
    certificates = {each.physical_id for each in target.of_type("AWS::CertificateManager::Certificate")}
    for host in target.hosts:
        place = Place(subject=host)
        distribution = intent.serving(target, host)
        arn = intent.attached(distribution) if distribution else ""
        yield certificate(place, host=host)
        yield addresses(place, host=host)
        yield addresses_v6(place, host=host)
        if distribution and arn:
            edge = f"arn:{target.partition}:cloudfront::{target.account}:distribution/{distribution.physical_id}"
            both = Place(subject=host, stack=distribution.stack, resources=(arn, edge))
            yield served(both, host=host, arn=arn, distribution=distribution.physical_id)
        yield lifetime(place, host=host, critical=expiry_critical)
        if arn not in certificates:
            yield lifetime_warning(place, host=host, warning=expiry_warning)
        yield floor(place, host=host)
        yield modern(place, host=host)


def _look(world: World, *, host: str) -> Handshake:
    return world.tls.handshake(host)


def _look_everywhere(world: World, *, host: str, kind: str) -> Handshakes:
    """Each address at the same time: those that nobody answers at cost one time-out and not their sum."""
    answer = world.dns.ask(host, kind)
    found = answer.records[:_ADDRESSES] if isinstance(answer, DnsAnswer) else ()
    shaken = together(*(partial(world.tls.handshake, host, address=each) for each in found))
    return Handshakes(addresses=answer, handshakes=shaken)


def _look_served(world: World, *, host: str, arn: str, distribution: str) -> Served:
    return Served(
        certificate=world.aws.certificate(arn.split(":")[3] if arn.count(":") > 3 else "us-east-1", arn),  # noqa: PLR2004
        handshake=world.tls.handshake(host),
        distribution=world.aws.distribution(distribution),
    )


def _look_protocols(world: World, *, host: str, decisive: tuple[str, ...]) -> Protocols | Silence:
    """Which versions are spoken. Raises CannotLook when only an unclear one of *decisive* stands between the verdicts.

    A reset before any alert may come from a middlebox on our side as well as from the server, so it is neither.
    """
    seen = world.tls.protocols(host)
    if isinstance(seen, Protocols):
        unclear = [each for each in decisive if each in seen.unclear]
        settled = set(_OLD) & set(seen.accepted) or not set(_MODERN) & {*seen.accepted, *seen.unclear}
        if unclear and not settled:
            msg = (
                f"{host}: the connection broke off before it was clear whether TLS {' and '.join(unclear)} is accepted"
            )
            raise CannotLook(msg)
    return seen


def _word(seen: Protocols, version: str) -> str:
    if version in seen.accepted:
        return "accepted"
    return "refused" if version in seen.refused else "unclear"


def _same(ours: str, theirs: str) -> bool:
    return _serial(ours) == _serial(theirs)


def _serial(text: str) -> str:
    return text.replace(":", "").lower().lstrip("0")


def _left(end: datetime, now: datetime) -> str:
    return f"{span(end - now)} left" if end > now else f"expired {span(now - end)} ago"


def _compared(seen: Served, leaf: Leaf) -> Verdict:
    expected = "the certificate that ACM holds"
    if isinstance(seen.certificate, Absent):
        remedy = "deploy the certificate's stack again, then the stack that attaches it"
        actual = f"absent: {quote(seen.certificate.what)}"
        return Verdict.failed(expected=expected, actual=actual, remedy=remedy)
    serial = seen.certificate.serial
    expected = f"{expected}, serial {quote(serial, 48)}"
    actual = f"serial {quote(leaf.serial, 48)} from {quote(leaf.issuer)}"
    remedy = "wait for the edge; when it stays, see which certificate the distribution has attached"
    if serial and _same(serial, leaf.serial):
        return Verdict.passed(expected=expected, actual=actual)
    if isinstance(seen.distribution, DistributionSeen) and seen.distribution.status == "InProgress":
        return Verdict.not_yet(expected=expected, actual=f"{actual}, distribution InProgress", remedy=remedy)
    return Verdict.failed(expected=expected, actual=actual, remedy=remedy)


def _why(seen: Refused | Silence) -> str:
    match seen:
        case Silence(where=where, reason=reason):
            return f"{quote(where)}: {quote(reason)}"
        case Refused(address=address, reason=reason):
            return f"{quote(address)}: {quote(reason)}"


def _unanswered(seen: Silence, expected: str, host: str) -> Verdict:
    return Verdict.failed(expected=expected, actual=_why(seen), remedy=_REMEDY.format(host=quote(host)))


PROMISES = (certificate, addresses, addresses_v6, served, lifetime, lifetime_warning, floor, modern)
