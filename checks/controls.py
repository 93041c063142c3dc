"""Questions whose right answers are known, asked in every run to prove that the instruments work today.

Known-good: something outside the target that must be seen as good. Known-bad: something wrong on purpose that the
same instrument must see as wrong. Nothing here knows how to look; it asks the world that the run asks.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterable
from datetime import UTC, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from checks.evidence import Accepted, DnsAnswer, Refused, Response, Silence
from checks.model import CannotLook, Control, ControlResult, ControlStatus, Target
from checks.world.loopback import greeting, presenting, saying, serving
from checks.world.ports import World

_LOOPBACK = "127.0.0.1"
# OpenSSL's verify codes, as X509_verify_cert_error_string(3) lists them.
_EXPIRED, _WRONG_NAME = 10, 62
_UNKNOWN_AUTHORITY = frozenset({18, 19, 20, 21})
_COULD_NOT_SAY = frozenset({"SERVFAIL", "REFUSED"})

# What AWS itself forgives in a signed request, and far less than any limit of ours.
_ASTRAY = timedelta(minutes=5)
_SECONDS = re.compile(r"[0-9]{1,9}")

Look = Callable[[World], tuple[bool, str]]
# Dual-stack since 2016, in every region ("Making requests to Amazon S3 over IPv6").
_DUAL_STACK = "s3.dualstack.{region}.amazonaws.com"


def controls(target: Target) -> tuple[Control, ...]:
    """All controls of a run against *target*, instrument by instrument, the known-good first."""
    region = target.stacks[0].region if target.stacks else "us-east-1"
    return (*_of_dns(target.domain), *_of_tls(), *_of_http(), *_of_aws(region), _clock(target.domain))


def measures(capabilities: Iterable[str], *, domain: str, region: str) -> tuple[Control, ...]:
    """A control for each of the declared *capabilities* of the place that the run looks from."""
    known = {
        "udp53": Control(
            name="vantage.udp53",
            instrument="dns",
            known="good",
            expected="a name server outside the target answers over port 53",
            look=lambda world: _authority(world, domain.partition(".")[2]),
            vantage="udp53",
        ),
        "ipv6": Control(
            name="vantage.ipv6",
            instrument="tls",
            known="good",
            expected="a server outside the target is reached over IPv6",
            look=lambda world: _over_ipv6(world, _DUAL_STACK.format(region=region)),
            vantage="ipv6",
        ),
        "tls10-client": Control(
            name="vantage.tls10_client",
            instrument="tls",
            known="bad",
            expected="a server that accepts TLS 1.0 is seen to accept it",
            look=_old_protocol,
            vantage="tls10-client",
        ),
    }
    return tuple(known[each] for each in dict.fromkeys(capabilities) if each in known)


def run_control(control: Control, world: World) -> ControlResult:
    """What became of *control*: held, wrong, or unseen when the world could not look."""
    status: ControlStatus
    try:
        held, actual = control.look(world)
        status = "held" if held else "wrong"
    except CannotLook as error:
        status, actual = "unseen", f"could not look: {error}"
    except Exception as error:  # noqa: BLE001 - an instrument that breaks over a known question is broken, whatever broke
        status, actual = "wrong", f"the control broke: {type(error).__name__}: {error}"
    return ControlResult(
        name=control.name,
        instrument=control.instrument,
        known=control.known,
        status=status,
        expected=control.expected,
        actual=actual,
        vantage=control.vantage,
    )


def _of_dns(domain: str) -> tuple[Control, ...]:
    parent = domain.partition(".")[2]
    return (
        Control(
            name="dns.zone_above",
            instrument="dns",
            known="good",
            expected=f"the SOA record of {parent or 'the root'}, or of a zone above it",
            look=lambda world: _zone_above(world, parent),
        ),
        Control(
            name="dns.invalid_name",
            instrument="dns",
            known="bad",
            expected="no address for a name under invalid. (RFC 6761)",
            look=_invalid_name,
        ),
    )


def _of_tls() -> tuple[Control, ...]:
    return (
        Control(
            name="tls.anchor",
            instrument="tls",
            known="good",
            expected="the anchor's certificate is accepted",
            look=_anchor_handshake,
        ),
        _bad_certificate("expired", frozenset({_EXPIRED}), "an expired certificate is refused for its date"),
        _bad_certificate("wrong-name", frozenset({_WRONG_NAME}), "another name's certificate is refused for its name"),
        _bad_certificate(
            "unknown-authority", _UNKNOWN_AUTHORITY, "an unknown authority's certificate is refused for that"
        ),
        Control(
            name="tls.old_protocol",
            instrument="tls",
            known="bad",
            expected="a server that accepts TLS 1.0 is seen to accept it",
            look=_old_protocol,
        ),
    )


def _of_http() -> tuple[Control, ...]:
    return (
        Control(
            name="http.anchor", instrument="http", known="good", expected="the anchor answers 200", look=_anchor_answer
        ),
        Control(
            name="http.error_status",
            instrument="http",
            known="bad",
            expected="a server that answers 503 is seen to answer 503",
            look=_error_status,
        ),
        Control(
            name="http.cut_off",
            instrument="http",
            known="bad",
            expected="a body that ends too early is seen as incomplete",
            look=_cut_off,
        ),
    )


def _clock(domain: str) -> Control:
    """Speaks for the checks that compare a date with now, whatever instrument they look with."""
    return Control(
        name="clock.dates",
        instrument="http",
        known="good",
        expected=f"our clock and the anchor's, or the site's, at most {_ASTRAY.total_seconds():.0f} s apart",
        look=lambda world: _dates(world, domain),
        vantage="clock",
    )


def _of_aws(region: str) -> tuple[Control, ...]:
    return (
        Control(
            name="aws.caller",
            instrument="aws",
            known="good",
            expected="STS says who we are",
            look=lambda world: _caller(world, region),
        ),
        Control(
            name="aws.forged_key",
            instrument="aws",
            known="bad",
            expected="AWS refuses an access key that nobody was given",
            look=lambda world: world.aws.refuses_forged_key(region),
        ),
    )


def _zone_above(world: World, parent: str) -> tuple[bool, str]:
    """Walks up, since not every name above a domain is a zone of its own."""
    zone, seen = parent, ""
    while True:
        answer = world.dns.ask(zone or ".", "SOA")
        if isinstance(answer, Silence) or answer.rcode in _COULD_NOT_SAY:
            raise CannotLook(f"SOA of {zone or 'the root'}: {_told(answer)}")
        seen = f"SOA of {zone or 'the root'}: {_told(answer)}"
        if answer.records or answer.rcode != "NOERROR" or not zone:
            return bool(answer.records), seen
        zone = zone.partition(".")[2]


def _authority(world: World, zone: str) -> tuple[bool, str]:
    """The first zone at or above *zone* that has name servers: one of them, asked itself."""
    while True:
        servers = world.dns.ask(zone or ".", "NS")
        if isinstance(servers, Silence) or servers.rcode in _COULD_NOT_SAY:
            raise CannotLook(f"NS of {zone or 'the root'}: {_told(servers)}")
        if servers.records:
            break
        if not zone:
            raise CannotLook("no zone above the target has name servers")
        zone = zone.partition(".")[2]
    answer = world.dns.ask(zone or ".", "SOA", server=servers.records[0].rstrip("."))
    if isinstance(answer, Silence):
        raise _unheard(answer)
    return bool(answer.records), f"SOA of {zone or 'the root'}: {_told(answer)}"


def _over_ipv6(world: World, host: str) -> tuple[bool, str]:
    answer = world.dns.ask(host, "AAAA")
    if isinstance(answer, Silence):
        raise _unheard(answer)
    if not answer.records:
        raise CannotLook(f"{host} has no IPv6 address here: {_told(answer)}")
    address = answer.records[-1]
    seen = world.tls.handshake(host, address=address)
    if isinstance(seen, Silence):
        raise _unheard(seen)
    return isinstance(seen, Accepted), f"{host} at {address}: {_shown(seen)}"


def _invalid_name(world: World) -> tuple[bool, str]:
    name = f"{secrets.token_hex(8)}.invalid"
    answer = world.dns.ask(name, "A")
    if isinstance(answer, Silence):
        raise CannotLook(f"{name}: {answer.reason}")
    return not answer.records, f"{name}: {_told(answer)}"


def _anchor_handshake(world: World) -> tuple[bool, str]:
    parts = urlsplit(world.anchor)
    if parts.scheme != "https" or not parts.hostname:
        raise CannotLook(f"the anchor {world.anchor!r} is no https URL", final=True)
    seen = world.tls.handshake(parts.hostname, port=parts.port or 443)
    if isinstance(seen, Silence):
        raise _unheard(seen)
    return isinstance(seen, Accepted), f"{parts.hostname}: {_shown(seen)}"


def _anchor_answer(world: World) -> tuple[bool, str]:
    seen = world.http.fetch(world.anchor)
    if isinstance(seen, Silence):
        raise _unheard(seen)
    return seen.status == 200, f"{world.anchor} answers {seen.status}"  # noqa: PLR2004 - said in the promise


def _dates(world: World, domain: str) -> tuple[bool, str]:
    """The nearest of the others' dates. Raises CannotLook when none is near: dates cannot be judged by such a clock.

    The site's may come out of a cache, as old as what is in it; so one that agrees is enough.
    """
    asked = (world.anchor, *([f"https://{domain}/"] if domain else []))
    apart = [each for url in asked if (each := _apart(world, url))]
    if not apart:
        raise CannotLook("nobody told the time: neither the anchor nor the site sent a date")
    least, whose = min(apart, key=lambda each: abs(each[0]))
    told = f"our clock is {abs(least.total_seconds()):.0f} s {'ahead of' if least > timedelta(0) else 'behind'} {whose}"
    if abs(least) > _ASTRAY:
        raise CannotLook(f"{told}; nothing about dates is known here", final=True)
    return True, told


def _apart(world: World, url: str) -> tuple[timedelta, str] | None:
    """By how much our clock is ahead of the date that *url* answers with (RFC 9110, 6.6.1), its age taken off.

    None for one that tells nothing, whyever: another may.
    """
    try:
        seen = world.http.fetch(url)
    except CannotLook:
        return None
    if not isinstance(seen, Response):
        return None
    try:
        dated = parsedate_to_datetime(seen.header("date"))
    except ValueError:
        return None
    age = seen.header("age").strip()
    held = timedelta(seconds=int(age)) if _SECONDS.fullmatch(age) else timedelta(0)
    ahead = world.clock.now() - (dated if dated.tzinfo else dated.replace(tzinfo=UTC)) - held
    return ahead, urlsplit(url).hostname or url


def _bad_certificate(name: str, codes: frozenset[int], expected: str) -> Control:
    host = f"{name}.control.invalid"

    def look(world: World) -> tuple[bool, str]:
        with serving(presenting(name)) as port:
            seen = world.tls.handshake(host, port=port, address=_LOOPBACK)
        if isinstance(seen, Silence):
            raise _unheard(seen)
        return isinstance(seen, Refused) and seen.code in codes, f"{host}: {_shown(seen)}"

    return Control(name=f"tls.{name.replace('-', '_')}", instrument="tls", known="bad", expected=expected, look=look)


def _old_protocol(world: World) -> tuple[bool, str]:
    with serving(greeting) as port:
        seen = world.tls.protocols(_LOOPBACK, port=port)
    if isinstance(seen, Silence) or "1.0" in seen.unclear:
        raise CannotLook(f"our own server on {_LOOPBACK}: {seen.reason if isinstance(seen, Silence) else 'unclear'}")
    return "1.0" in seen.accepted, f"accepted {', '.join(seen.accepted) or 'none'}"


def _error_status(world: World) -> tuple[bool, str]:
    with serving(
        saying(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 5\r\nConnection: close\r\n\r\nbroke")
    ) as port:
        seen = world.http.fetch(f"http://{_LOOPBACK}:{port}/")
    if isinstance(seen, Silence):
        raise _unheard(seen)
    return seen.status == 503, f"status {seen.status}"  # noqa: PLR2004 - said in the promise


def _cut_off(world: World) -> tuple[bool, str]:
    with serving(saying(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\nConnection: close\r\n\r\nthe beginning")) as port:
        seen = world.http.fetch(f"http://{_LOOPBACK}:{port}/")
    if isinstance(seen, Silence):
        raise _unheard(seen)
    return not seen.complete, f"a body that is {'complete' if seen.complete else 'cut off'}"


def _caller(world: World, region: str) -> tuple[bool, str]:
    caller = world.aws.caller(region)
    return bool(caller.account and caller.arn), caller.arn or "no ARN"


def _told(answer: DnsAnswer | Silence) -> str:
    if isinstance(answer, Silence):
        return answer.reason
    return f"{answer.server} answered {answer.rcode} with {', '.join(answer.records) or 'no such record'}"


def _unheard(seen: Silence) -> CannotLook:
    """A control cannot be judged by silence: neither the anchor nor our own server is the target."""
    return CannotLook(f"{seen.where}: {seen.reason}")


def _shown(seen: Accepted | Refused) -> str:
    return seen.reason if isinstance(seen, Refused) else f"accepted with {seen.version} and {seen.cipher}"
