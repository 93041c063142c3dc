"""The distribution itself: on, everywhere, under our names, with our certificate, honest about errors."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial

from checks import intent
from checks.evidence import Absent, DistributionSeen
from checks.model import Check, Sight, Target, Verdict, promise
from checks.wording import quote, several, span
from checks.world.ports import World

_GET = ("cloudfront:GetDistribution",)
# CloudFront's security policies by version and year (CloudFront guide, "Supported protocols and ciphers").
_POLICY = re.compile(r"TLSv([0-9])(?:\.([0-9]))?(?:_([0-9]{4}))?")
_FLOOR = (1, 2, 2019)
# The ways to attach a certificate that take addresses of their own.
_DEAR = frozenset({"vip", "static-ip"})
_REDEPLOY = "deploy again; what was changed by hand in CloudFront is overwritten by the template"


@promise(
    "cdn.deployed",
    says="the distribution is enabled and every edge has its configuration",
    severity="critical",
    instrument="aws",
    actions=_GET,
)
def deployed(*, distribution: str, within: timedelta = timedelta.max) -> Sight:
    """Pitfalls 8 and 21: while it is InProgress, some edges still work by the old one. After *within* it is stuck.

    A plan that was stored before there was such a limit has none.
    """
    return Sight(look=partial(_look, distribution=distribution), judge=partial(judge_deployed, within=within))


@promise(
    "cdn.aliases",
    says="the distribution answers to exactly the names that it should",
    severity="critical",
    instrument="aws",
    actions=_GET,
)
def aliases(*, distribution: str, wanted: tuple[str, ...], left_out: tuple[str, ...]) -> Sight:
    """Pitfall 21: an alias that is missing, or that was left to a forgotten name."""
    judge = partial(judge_aliases, wanted=wanted, left_out=left_out)
    return Sight(look=partial(_look, distribution=distribution), judge=judge)


@promise(
    "cdn.viewer_certificate",
    says="the distribution shows our certificate and speaks nothing older than TLS 1.2",
    severity="critical",
    instrument="aws",
    actions=_GET,
)
def viewer_certificate(*, distribution: str, certificate: str, policy: str) -> Sight:
    """Pitfalls 34 and 39: on the default certificate the lowest version is TLS 1.0, whatever the template says."""
    judge = partial(judge_viewer_certificate, certificate=certificate, policy=policy)
    return Sight(look=partial(_look, distribution=distribution), judge=judge)


@promise(
    "cdn.sni",
    says="the certificate is shown to who names the host, on no addresses of its own unless the template wants them",
    severity="warning",
    instrument="aws",
    actions=_GET,
)
def sni(*, distribution: str, attached: str) -> Sight:
    """AWS: addresses of its own (``vip``) cost $600 a month ("Dedicated IP custom SSL"); what browsers lack is SNI."""
    return Sight(look=partial(_look, distribution=distribution), judge=partial(judge_sni, attached=attached))


@promise(
    "cdn.errors",
    says="no error is turned into a success for the whole distribution",
    severity="critical",
    instrument="aws",
    actions=_GET,
)
def errors(*, distribution: str) -> Sight:
    """Pitfalls 1, 11 and 22: a mapping of 403 or 404 to a page with 200 applies to the API and to scripts as well."""
    return Sight(look=partial(_look, distribution=distribution), judge=judge_errors)


@promise(
    "cdn.error_lifetime",
    says="no error is kept at the edge for much longer than what caused it",
    severity="warning",
    instrument="aws",
    actions=_GET,
)
def error_lifetime(*, distribution: str, most: timedelta) -> Sight:
    """AWS's "error caching minimum TTL": until it ends the edges answer with a failure that may be repaired."""
    return Sight(look=partial(_look, distribution=distribution), judge=partial(judge_error_lifetime, most=most))


def judge_deployed(seen: DistributionSeen | Absent, now: datetime, *, within: timedelta) -> Verdict:
    """Enabled, and Deployed; InProgress is not yet, until it lasts for longer than *within*."""
    expected = "enabled and Deployed"
    match seen:
        case Absent():
            return _gone(seen, expected)
        case DistributionSeen(enabled=False, status=status):
            return Verdict.failed(expected=expected, actual=f"disabled, {quote(status)}", remedy=_REDEPLOY)
        case DistributionSeen(status="Deployed"):
            return Verdict.passed(expected=expected, actual="enabled and Deployed")
        case DistributionSeen(status=status, modified=datetime() as since) if now - since > within:
            remedy = "see whether it is changed again and again; then open a case with AWS: no edge takes that long"
            actual = f"{quote(status)} for {span(now - since)}"
            return Verdict.failed(expected=f"{expected} within {span(within)}", actual=actual, remedy=remedy)
        case DistributionSeen(status=status):
            remedy = "wait: aws cloudfront wait distribution-deployed --id <id>; minutes are usual, 15 are many"
            return Verdict.not_yet(expected=expected, actual=quote(status), remedy=remedy)


def judge_aliases(
    seen: DistributionSeen | Absent, _now: datetime, *, wanted: tuple[str, ...], left_out: tuple[str, ...]
) -> Verdict:
    """The wanted names; with some that could not be resolved, at least the wanted ones."""
    expected = intent.without(f"aliases {several(wanted)}", left_out)
    if isinstance(seen, Absent):
        return _gone(seen, expected)
    there = {each.lower() for each in seen.aliases}
    amiss = [f"{each} is missing" for each in wanted if each not in there]
    amiss += [] if left_out else [f"{each} is not ours" for each in sorted(there - set(wanted))]
    return _judged(amiss, expected, several(seen.aliases))


def judge_viewer_certificate(
    seen: DistributionSeen | Absent, _now: datetime, *, certificate: str, policy: str
) -> Verdict:
    """The template's certificate (any of us-east-1 when it is not known), and a security policy that is new enough."""
    least = max(_FLOOR, _rank(policy))
    name = policy if _rank(policy) > _FLOOR else "TLSv1.2_2019"
    expected = f"certificate {certificate or 'of our own in us-east-1'}, {name} or newer"
    if isinstance(seen, Absent):
        return _gone(seen, expected)
    amiss = (
        []
        if _attached(seen.certificate, certificate)
        else [f"certificate {seen.certificate or 'of CloudFront itself'}"]
    )
    amiss += [] if _rank(seen.minimum_protocol) >= least else [f"minimum {seen.minimum_protocol or 'unknown'}"]
    return _judged(amiss, expected, f"{quote(seen.certificate)}, {quote(seen.minimum_protocol)}")


def judge_sni(seen: DistributionSeen | Absent, _now: datetime, *, attached: str) -> Verdict:
    """By SNI, or as the template itself wants it *attached*."""
    expected = f"attached {attached or 'sni-only'}"
    if isinstance(seen, Absent):
        return _gone(seen, expected)
    amiss = [f"attached {seen.attached}"] if seen.attached in _DEAR - {attached} else []
    return _judged(amiss, expected, seen.attached or "a certificate of CloudFront's own")


def judge_errors(seen: DistributionSeen | Absent, _now: datetime) -> Verdict:
    """No custom error response answers an error with a success or a redirect."""
    expected = "no error response answered as anything but an error"
    if isinstance(seen, Absent):
        return _gone(seen, expected)
    amiss = [f"{code} becomes {how}: {page}" for code, page, how, _ in seen.errors if how[:1] in {"1", "2", "3"}]
    return _judged(amiss, expected, several(f"{code} with {page}" for code, page, _, _ in seen.errors))


def judge_error_lifetime(seen: DistributionSeen | Absent, _now: datetime, *, most: timedelta) -> Verdict:
    """No custom error response is kept for longer than *most*; without one CloudFront keeps errors for ten seconds."""
    expected = f"errors kept for at most {span(most)}"
    if isinstance(seen, Absent):
        return _gone(seen, expected)
    amiss = [
        f"{code} for {span(timedelta(seconds=kept))}" for code, _, _, kept in seen.errors if kept > most.total_seconds()
    ]
    longest = max((kept for *_, kept in seen.errors), default=10)
    return _judged(amiss, expected, span(timedelta(seconds=longest)))


def checks(target: Target, *, deploying: timedelta, errors_kept: timedelta) -> Iterator[Check]:
    """Four to six questions about each distribution.

    Its edges have *deploying* to take a change, and may keep an error for *errors_kept*.
    """
    for each in target.of_type(intent.DISTRIBUTION):
        config = intent.part(each.properties, "DistributionConfig")
        arn = f"arn:{target.partition}:cloudfront::{target.account}:distribution/{each.physical_id}"
        name, place = each.physical_id, each.place(arn)
        ours = [host for host in target.hosts if intent.serving(target, host) is each]
        wanted = tuple(dict.fromkeys([*intent.aliases(each), *ours]))
        yield deployed(place, distribution=name, within=deploying)
        yield aliases(place, distribution=name, wanted=wanted, left_out=intent.gaps(config, "Aliases"))
        # Without names of its own it is reached by CloudFront's, and shows CloudFront's certificate.
        if wanted or intent.gaps(config, "ViewerCertificate"):
            policy = intent.text(config, "ViewerCertificate", "MinimumProtocolVersion")
            yield viewer_certificate(place, distribution=name, certificate=intent.attached(each), policy=policy)
            yield sni(place, distribution=name, attached=intent.text(config, "ViewerCertificate", "SslSupportMethod"))
        yield errors(place, distribution=name)
        yield error_lifetime(place, distribution=name, most=errors_kept)


def _look(world: World, *, distribution: str) -> DistributionSeen | Absent:
    return world.aws.distribution(distribution)


def _attached(live: str, wanted: str) -> bool:
    # arn:partition:service:region:account:resource; CloudFront takes certificates of this one region.
    words = live.split(":")
    return live == wanted if wanted else words[0] == "arn" and words[3:4] == ["us-east-1"]


def _rank(policy: str) -> tuple[int, int, int]:
    """``TLSv1.2_2021`` as (1, 2, 2021); what is not known ranks lowest."""
    found = _POLICY.fullmatch(policy)
    return (int(found[1]), int(found[2] or 0), int(found[3] or 0)) if found else (0, 0, 0)


def _judged(amiss: list[str], expected: str, actual: str) -> Verdict:
    if amiss:
        return Verdict.failed(expected=expected, actual=several(amiss), remedy=_REDEPLOY)
    return Verdict.passed(expected=expected, actual=actual)


def _gone(seen: Absent, expected: str) -> Verdict:
    return Verdict.failed(expected=expected, actual=f"absent: {quote(seen.what)}", remedy="deploy the stack again")


PROMISES = (deployed, aliases, viewer_certificate, sni, errors, error_lifetime)
