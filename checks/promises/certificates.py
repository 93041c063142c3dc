"""Certificates as ACM holds them: issued where CloudFront can use them, for our names, for long enough, renewable."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial

from checks import intent
from checks.evidence import Absent, CertificateSeen, DnsAnswer, Silence, Validated
from checks.intent import hostname
from checks.model import Check, Place, Resource, Sight, Target, Verdict, promise
from checks.wording import quote, several, span
from checks.world.ports import World

CERTIFICATE = "AWS::CertificateManager::Certificate"
_DESCRIBE = ("acm:DescribeCertificate",)
_PENDING = "PENDING_VALIDATION"
# How long it lasts is a promise of its own, so a certificate that has expired counts as issued here.
_ISSUED = frozenset({"ISSUED", "EXPIRED"})
_CANNOT_RENEW = frozenset({"FAILED", "PENDING_VALIDATION"})


@promise(
    "tls.issued",
    says="the certificate is issued, in the region that its user reads from, and in use",
    severity="critical",
    instrument="aws",
    actions=_DESCRIBE,
)
def issued(*, arn: str, distributions: tuple[str, ...]) -> Sight:
    """Pitfalls 34 to 36: CloudFront reads us-east-1 alone; only a certificate in use is renewed; 72 h to validate."""
    return Sight(look=partial(_look, arn=arn), judge=partial(judge_issued, distributions=distributions))


@promise(
    "tls.names",
    says="the certificate covers every host that it serves",
    severity="critical",
    instrument="aws",
    actions=_DESCRIBE,
)
def names(*, arn: str, hosts: tuple[str, ...]) -> Sight:
    """Pitfalls 29 and 41 (RFC 6125 6.4.3): a wildcard stands for one label, and not for the bare domain."""
    return Sight(look=partial(_look, arn=arn), judge=partial(judge_names, hosts=hosts))


@promise(
    "tls.expiry",
    says="the certificate is valid now and will be for days",
    severity="critical",
    instrument="aws",
    actions=_DESCRIBE,
)
def expiry(*, arn: str, critical: timedelta) -> Sight:
    """Pitfall 35: ACM renews 60 days ahead, so the last days mean that renewal has failed for weeks."""
    return Sight(look=partial(_look, arn=arn), judge=partial(judge_expiry, least=critical))


@promise(
    "tls.renewal",
    says="the certificate is not late for its renewal",
    severity="warning",
    instrument="aws",
    actions=_DESCRIBE,
)
def renewal(*, arn: str, warning: timedelta) -> Sight:
    """Pitfall 35 (ACM User Guide, managed renewal): notices start 45 days before expiry."""
    return Sight(look=partial(_look, arn=arn), judge=partial(judge_renewal, least=warning))


@promise(
    "tls.validation",
    says="every record by which ACM validates the certificate is in DNS",
    severity="warning",
    instrument="dns",
    actions=_DESCRIBE,
)
def validation(*, arn: str) -> Sight:
    """Pitfall 35: a record removed after the first issue makes the next renewal fail, and nothing shows it today."""
    return Sight(look=partial(_look_validation, arn=arn), judge=judge_validation)


def judge_issued(seen: CertificateSeen | Absent, _now: datetime, *, distributions: tuple[str, ...]) -> Verdict:
    """Status ISSUED; with *distributions* (ARNs), in us-east-1 and used by each; without, used by something."""
    expected = "ISSUED" + (f", in us-east-1, used by {several(distributions)}" if distributions else ", in use")
    match seen:
        case CertificateSeen(status=status) if status == _PENDING:
            waiting = [name for name, word in seen.validation if word != "SUCCESS"]
            remedy = "ACM waits for its validation records in DNS, at most 72 h; check the delegation of the zone"
            return Verdict.not_yet(expected=expected, actual=f"{status}: {several(waiting)}", remedy=remedy)
        case CertificateSeen(status=status, in_use_by=users):
            amiss = [] if status in _ISSUED else [f"status {status}"]
            amiss += [f"in {_region(seen.arn)}"] if distributions and _region(seen.arn) != "us-east-1" else []
            amiss += [f"not used by {each}" for each in distributions if each not in users]
            amiss += [] if users or distributions else ["used by nothing"]
            if not amiss:
                return Verdict.passed(expected=expected, actual=f"{status}, used by {several(users)}")
            where = "us-east-1" if distributions else "the region of what shows it"
            remedy = f"request it again in {where} with DNS validation, attach it, deploy"
            return Verdict.failed(expected=expected, actual=several(amiss), remedy=remedy)
        case Absent():
            return _gone(seen, expected)


def judge_names(seen: CertificateSeen | Absent, _now: datetime, *, hosts: tuple[str, ...]) -> Verdict:
    """Each host is among the names, itself or by a wildcard for its first label."""
    expected = f"names covering {several(hosts)}"
    if isinstance(seen, Absent):
        return _gone(seen, expected)
    bare = [host for host in hosts if not any(covers(name, host) for name in seen.names)]
    if not bare:
        return Verdict.passed(expected=expected, actual=several(seen.names))
    remedy = "request a certificate that names every host and alias, attach it to the distribution, deploy"
    return Verdict.failed(expected=expected, actual=f"{several(seen.names)}: not {several(bare)}", remedy=remedy)


def judge_expiry(seen: CertificateSeen | Absent, now: datetime, *, least: timedelta) -> Verdict:
    """Begun, and more than *least* left."""
    expected = f"valid for more than {span(least)}"
    remedy = "see why ACM did not renew (tls.validation, tls.issued), or import or request a new certificate today"
    match seen:
        case Absent():
            return _gone(seen, expected)
        case CertificateSeen(status=status) if status == _PENDING:
            remedy = "a certificate has dates once ACM has validated it; see tls.issued"
            return Verdict.not_yet(expected=expected, actual="not issued yet", remedy=remedy)
        case CertificateSeen(not_before=begin) if begin and begin > now:
            actual = f"not valid before {begin:%Y-%m-%d %H:%M} UTC"
            return Verdict.failed(expected=expected, actual=actual, remedy=remedy)
        case CertificateSeen(not_after=end, status=status):
            return _either(ok=_lasts(end, now, least), expected=expected, actual=_left(end, now, status), remedy=remedy)


def judge_renewal(seen: CertificateSeen | Absent, now: datetime, *, least: timedelta) -> Verdict:
    """More than *least* left, and no renewal that ACM says it cannot finish."""
    expected = f"renewed with more than {span(least)} left"
    remedy = "see tls.validation and dns.caa: a missing record or a CAA record stops renewal; then wait a day"
    match seen:
        case Absent():
            return _gone(seen, expected)
        case CertificateSeen(renewal=word) if word in _CANNOT_RENEW:
            return Verdict.failed(expected=expected, actual=f"renewal is {word}", remedy=remedy)
        case CertificateSeen(not_after=end, status=status):
            return _either(ok=_lasts(end, now, least), expected=expected, actual=_left(end, now, status), remedy=remedy)


def judge_validation(seen: Validated, _now: datetime) -> Verdict:
    """Each validation record resolves to the value that ACM gave."""
    expected = "every validation CNAME of the certificate"
    match seen.certificate:
        case Absent() as gone:
            return _gone(gone, expected)
        case CertificateSeen(validation_records=()):
            remedy = "ACM renews by itself only what it validated through DNS: request the certificate again that way"
            return Verdict.failed(expected=expected, actual="ACM names no validation record", remedy=remedy)
        case CertificateSeen(validation_records=records):
            pairs = zip(dict.fromkeys(records), seen.answers, strict=False)
            amiss = [trouble for record, answer in pairs if (trouble := _amiss(record, answer))]
            amiss += ["fewer answers than records"] if len(seen.answers) < len(set(records)) else []
            remedy = "create these records in the zone again, exactly as acm describe-certificate shows them"
            actual = several(amiss) if amiss else several(name for name, _ in dict.fromkeys(records))
            return _either(ok=not amiss, expected=expected, actual=actual, remedy=remedy)


def covers(name: str, host: str) -> bool:
    """Whether a name of a certificate stands for *host* (RFC 6125 6.4.3)."""
    name, host = hostname(name), hostname(host)
    if name.startswith("*."):
        first, _, rest = host.partition(".")
        return bool(first) and rest == name[2:]
    return name == host


def checks(target: Target, *, expiry_critical: timedelta, expiry_warning: timedelta) -> Iterator[Check]:
    """Five questions about each certificate of the target."""
    for each in target.of_type(CERTIFICATE):
        arn, place = each.physical_id, each.place(each.physical_id)
        users = [one for one in target.of_type(intent.DISTRIBUTION) if intent.attached(one) == arn]
        arns = tuple(
            f"arn:{target.partition}:cloudfront::{target.account}:distribution/{one.physical_id}" for one in users
        )
        yield issued(place, arn=arn, distributions=arns)
        yield names(place, arn=arn, hosts=_hosts(target, each, users))
        yield expiry(place, arn=arn, critical=expiry_critical)
        yield renewal(place, arn=arn, warning=expiry_warning)
        if intent.text(each.properties, "ValidationMethod") != "EMAIL":
            yield validation(Place(subject=each.subject, stack=each.stack, resources=(arn,)), arn=arn)


def _hosts(target: Target, certificate: Resource, users: list[Resource]) -> tuple[str, ...]:
    """The site's hosts and the aliases of its distributions; what the template asks for when nothing uses it."""
    served = [host for host in target.hosts if intent.serving(target, host) in users]
    asked = [intent.text(certificate.properties, "DomainName")]
    asked += intent.texts(certificate.properties, "SubjectAlternativeNames")
    wanted = [*served, *(alias for one in users for alias in intent.aliases(one))] if users else asked
    return tuple(dict.fromkeys(host for host in wanted if host))


def _look(world: World, *, arn: str) -> CertificateSeen | Absent:
    return world.aws.certificate(_region(arn), arn)


def _look_validation(world: World, *, arn: str) -> Validated:
    certificate = _look(world, arn=arn)
    records = certificate.validation_records if isinstance(certificate, CertificateSeen) else ()
    asked = [name for name, _ in dict.fromkeys(records)]
    return Validated(certificate=certificate, answers=tuple(world.dns.ask(hostname(name), "CNAME") for name in asked))


def _lasts(end: datetime | None, now: datetime, least: timedelta) -> bool:
    return end is not None and end - now > least


def _left(end: datetime | None, now: datetime, status: str) -> str:
    if end is None:
        return f"no dates, status {quote(status)}"
    day = f"{end:%Y-%m-%d %H:%M} UTC"
    return f"{span(end - now)} left, until {day}" if end > now else f"expired {span(now - end)} ago, on {day}"


def _amiss(record: tuple[str, str], answer: DnsAnswer | Silence) -> str:
    name, value = record
    if isinstance(answer, Silence):
        return f"{name}: {answer.reason}"
    if hostname(value) in {hostname(each) for each in (*answer.records, *answer.chain)}:
        return ""
    return f"{name} is {several(answer.records)}" if answer.records else f"{name}: missing ({answer.rcode})"


def _region(arn: str) -> str:
    return (arn.split(":") + [""] * 4)[3]


def _gone(seen: Absent, expected: str) -> Verdict:
    remedy = "deploy the certificate's stack again, then the stack that attaches it"
    return Verdict.failed(expected=expected, actual=f"absent: {quote(seen.what)}", remedy=remedy)


def _either(*, ok: bool, expected: str, actual: str, remedy: str) -> Verdict:
    if ok:
        return Verdict.passed(expected=expected, actual=actual)
    return Verdict.failed(expected=expected, actual=actual, remedy=remedy)


PROMISES = (issued, names, expiry, renewal, validation)
