"""What else is said in a handshake: the certificates in their order, and what is not agreed to."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import datetime
from functools import partial

from checks.evidence import Accepted, Group, Multiplexed, Refused, Silence, Suites
from checks.model import CannotLook, Check, Place, Sight, Target, Verdict, promise
from checks.wording import quote, several
from checks.world.ports import World

Handshake = Accepted | Refused | Silence

# RFC 9325, 4.4: at least so many; who has the means computes most of the work for a shorter one in advance.
_BITS = 2048


@promise(
    "tls.chain",
    says="the certificates are sent in order, each followed by the one that vouches for it",
    severity="warning",
    instrument="tls",
)
def chain(*, host: str) -> Sight:
    """RFC 5246, 7.4.2: clients that do not sort what they are sent refuse a chain in another order."""
    return Sight(look=partial(_look, host=host), judge=partial(judge_chain, host=host))


@promise(
    "tls.suites",
    says="suites that encrypt nothing, prove nobody or are broken are refused, and so are those without secrecy later",
    severity="critical",
    instrument="tls",
)
def suites(*, host: str) -> Sight:
    """RFC 9325, 4.1: NULL, anonymous, RC4, 3DES and static RSA; CloudFront drops the last of them in TLSv1.2_2019."""
    return Sight(look=partial(_look_suites, host=host), judge=partial(judge_suites, host=host))


@promise(
    "tls.group",
    says="keys are exchanged in no group that is too small",
    severity="warning",
    instrument="tls",
)
def group(*, host: str) -> Sight:
    """RFC 9325, 4.4: groups of 1024 bits are within reach of some. CloudFront agrees to none of this kind."""
    return Sight(look=partial(_look_group, host=host), judge=partial(judge_group, host=host))


@promise(
    "tls.http2",
    says="where HTTP/2 is agreed on, it works",
    severity="critical",
    instrument="tls",
)
def http2(*, host: str) -> Sight:
    """RFC 9113, 3: a browser is given no second choice; whoever looks by HTTP/1.1 alone never meets what it meets."""
    return Sight(look=partial(_look_http2, host=host), judge=partial(judge_http2, host=host))


def judge_chain(seen: Handshake, _now: datetime, *, host: str) -> Verdict:
    """Each certificate of the path is followed by its issuer; what comes behind the path is of no use and no harm."""
    expected = f"the certificates of {host} in order"
    remedy = f"openssl s_client -showcerts -connect {host}:443 -servername {host}; import leaf and chain again"
    if not isinstance(seen, Accepted):
        return Verdict.failed(expected=expected, actual=_why(seen), remedy="see tls.certificate of this host")
    breaks = list(_misplaced(seen.chain))
    if breaks:
        return Verdict.failed(expected=expected, actual=several(breaks), remedy=remedy)
    return Verdict.passed(expected=expected, actual=f"{len(seen.chain)}: {several(each[0] for each in seen.chain)}")


def _misplaced(chain: tuple[tuple[str, str], ...]) -> Iterator[str]:
    """The first place where another certificate comes than the issuer, which is sent later."""
    for at, (one, other) in enumerate(itertools.pairwise(chain)):
        if one[1] == other[0]:
            continue
        if any(one[1] == later[0] for later in chain[at + 2 :]):
            yield f"after {quote(one[0], 60)} by {quote(one[1], 60)} comes {quote(other[0], 60)}"
        return


def judge_suites(seen: Suites | Silence, _now: datetime, *, host: str) -> Verdict:
    """None of them was accepted."""
    expected = f"{host} refuses every weak suite"
    if isinstance(seen, Silence):
        return Verdict.failed(expected=expected, actual=_why(seen), remedy="see tls.certificate of this host")
    if seen.accepted:
        remedy = "set MinimumProtocolVersion of the distribution to TLSv1.2_2021; before a load balancer, its policy"
        return Verdict.failed(expected=expected, actual=f"accepted: {several(seen.accepted)}", remedy=remedy)
    return Verdict.passed(expected=expected, actual=f"refused: {several(seen.refused)}")


def judge_group(seen: Group | Silence, _now: datetime, *, host: str) -> Verdict:
    """No agreement, or a prime that is long enough."""
    expected = f"{host} exchanges keys in groups of {_BITS} bits and more"
    if isinstance(seen, Silence):
        return Verdict.failed(expected=expected, actual=_why(seen), remedy="see tls.certificate of this host")
    if seen.bits is None:
        return Verdict.passed(expected=expected, actual="it agrees to elliptic curves alone")
    if seen.bits >= _BITS:
        return Verdict.passed(expected=expected, actual=f"{seen.bits} bits")
    remedy = "offer ECDHE alone, or make a group of 2048 bits (openssl dhparam); before a load balancer, its policy"
    return Verdict.failed(expected=expected, actual=f"{seen.bits} bits", remedy=remedy)


def judge_http2(seen: Multiplexed | Refused | Silence, _now: datetime, *, host: str) -> Verdict:
    """Another protocol was agreed on, or a request was answered."""
    expected = f"{host} answers a request by HTTP/2, if it agrees to that"
    if not isinstance(seen, Multiplexed):
        return Verdict.failed(expected=expected, actual=_why(seen), remedy="see tls.certificate of this host")
    if seen.trouble:
        remedy = f"curl --http2 -I https://{host}/; take HTTP/2 out of what is offered until it works"
        return Verdict.failed(expected=expected, actual=quote(f"{seen.address}: {seen.trouble}"), remedy=remedy)
    told = "answered by HTTP/2" if seen.agreed == "h2" else f"agreed on {quote(seen.agreed or 'nothing')}"
    return Verdict.passed(expected=expected, actual=told)


def checks(target: Target) -> Iterator[Check]:
    """Four questions about each host."""
    for host in target.hosts:
        place = Place(subject=host)
        yield chain(place, host=host)
        yield suites(place, host=host)
        yield group(place, host=host)
        yield http2(place, host=host)


def _look(world: World, *, host: str) -> Handshake:
    """The handshake that others ask for as well. Raises CannotLook where this Python does not show what was sent."""
    seen = world.tls.handshake(host)
    if isinstance(seen, Accepted) and not seen.chain:
        raise CannotLook(f"{host}: the certificates that were sent cannot be read here", final=True)
    return seen


def _look_suites(world: World, *, host: str) -> Suites | Silence:
    """Raises CannotLook when a kind was left without an answer and no other was accepted."""
    seen = world.tls.suites(host)
    if isinstance(seen, Suites) and seen.unclear and not seen.accepted:
        raise CannotLook(f"{host}: no answer in time to an offer of {' and '.join(seen.unclear)} alone")
    return seen


def _look_group(world: World, *, host: str) -> Group | Silence:
    """Raises CannotLook when the server neither agreed nor refused."""
    seen = world.tls.group(host)
    if isinstance(seen, Group) and seen.unclear:
        raise CannotLook(f"{host}: no clear answer to an offer of Diffie-Hellman over finite fields alone")
    return seen


def _look_http2(world: World, *, host: str) -> Multiplexed | Refused | Silence:
    return world.tls.http2(host)


def _why(seen: Refused | Silence) -> str:
    where = seen.where if isinstance(seen, Silence) else seen.address
    return quote(f"{where}: {seen.reason}")


PROMISES = (chain, suites, group, http2)
