from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from checks.evidence import Absent, CertificateSeen, DnsAnswer, Silence, Validated
from checks.promises import certificates
from tests.promises.worlds import (
    ACCOUNT,
    APEX,
    CERTIFICATE_ARN,
    DAY,
    DISTRIBUTION_ARN,
    HOSTILE,
    NOW,
    REGION,
    WWW,
    answer,
    certificate_resource,
    certificate_seen,
    planned,
    silence,
    site,
    target,
    world,
)

LIMITS = {"expiry_critical": 7 * DAY, "expiry_warning": 30 * DAY}
SECOND = timedelta(seconds=1)
GONE = Absent(what="certificate")
PENDING = certificate_seen(
    status="PENDING_VALIDATION", not_before=None, not_after=None, validation=((APEX, "PENDING_VALIDATION"),)
)


def test_five_questions_about_each_certificate() -> None:
    """Issued, named, lasting, on time, renewable."""
    words = ("issued", "names", "expiry", "renewal", "validation")

    assert [f"tls.{word}[Edge/Certificate]" for word in words] == list(planned(certificates.checks(site(), **LIMITS)))


def test_a_certificate_validated_by_mail_has_no_records() -> None:
    """What does not apply is not planned."""
    names = planned(certificates.checks(target(certificate_resource(ValidationMethod="EMAIL")), **LIMITS))

    assert "tls.validation[Edge/Certificate]" not in names


def test_what_a_certificate_must_cover_follows_from_who_uses_it() -> None:
    """Attached, it covers what its distributions serve; unused, what its template asks for."""
    attached = planned(certificates.checks(site(aliases=(WWW, "shop.example")), **LIMITS))
    unused = planned(certificates.checks(target(certificate_resource(DomainName=f"*.{APEX}")), **LIMITS))

    assert (APEX, WWW, "shop.example") == attached["tls.names[Edge/Certificate]"].params["hosts"]
    assert (f"*.{APEX}", WWW) == unused["tls.names[Edge/Certificate]"].params["hosts"]
    assert (DISTRIBUTION_ARN,) == attached["tls.issued[Edge/Certificate]"].params["distributions"]
    assert () == unused["tls.issued[Edge/Certificate]"].params["distributions"]


def _arn(region: str) -> str:
    return f"arn:aws:acm:{region}:{ACCOUNT}:certificate/1"


@pytest.mark.parametrize(
    ("seen", "users", "status"),
    (
        pytest.param(certificate_seen(), (DISTRIBUTION_ARN,), "pass", id="issued and attached"),
        pytest.param(certificate_seen(in_use_by=("a load balancer",)), (), "pass", id="used by something else"),
        pytest.param(
            certificate_seen(arn=_arn(REGION), in_use_by=("x",)), (), "pass", id="any region without CloudFront"
        ),
        pytest.param(certificate_seen(status="EXPIRED"), (DISTRIBUTION_ARN,), "pass", id="expired is another question"),
        pytest.param(PENDING, (DISTRIBUTION_ARN,), "not_yet", id="being validated"),
        pytest.param(certificate_seen(status="VALIDATION_TIMED_OUT"), (DISTRIBUTION_ARN,), "fail", id="72 h are over"),
        pytest.param(certificate_seen(status="REVOKED"), (DISTRIBUTION_ARN,), "fail", id="revoked"),
        pytest.param(certificate_seen(status=HOSTILE), (DISTRIBUTION_ARN,), "fail", id="a status nobody knows"),
        pytest.param(certificate_seen(arn=_arn(REGION)), (DISTRIBUTION_ARN,), "fail", id="in the stack's region"),
        pytest.param(certificate_seen(in_use_by=()), (DISTRIBUTION_ARN,), "fail", id="not attached"),
        pytest.param(certificate_seen(in_use_by=()), (), "fail", id="used by nothing"),
        pytest.param(GONE, (), "fail", id="absent"),
    ),
)
def test_a_certificate_is_issued_where_it_can_be_used(
    seen: CertificateSeen | Absent, users: tuple[str, ...], status: str
) -> None:
    """Issued, in the one region that CloudFront reads, and attached: else it is not renewed."""
    verdict = certificates.judge_issued(seen, NOW, distributions=users)

    wanted = f"in us-east-1, used by {DISTRIBUTION_ARN}" if users else "in use"
    assert (status, f"ISSUED, {wanted}") == (verdict.status, verdict.expected)


@pytest.mark.parametrize(("users", "where"), (((DISTRIBUTION_ARN,), "us-east-1"), ((), "the region of what shows it")))
def test_a_certificate_is_requested_where_it_is_read(users: tuple[str, ...], where: str) -> None:
    """CloudFront reads those of one region, an API's own name those of its own."""
    verdict = certificates.judge_issued(certificate_seen(in_use_by=()), NOW, distributions=users)

    assert f"request it again in {where} with DNS validation, attach it, deploy" == verdict.remedy


def test_who_waits_for_a_certificate_is_told_for_which_names() -> None:
    """Those that are validated are done."""
    seen = replace(PENDING, validation=((APEX, "SUCCESS"), (WWW, "PENDING_VALIDATION")))

    assert f"PENDING_VALIDATION: {WWW}" == certificates.judge_issued(seen, NOW, distributions=()).actual


@pytest.mark.parametrize(
    ("name", "host", "covered"),
    (
        pytest.param(APEX, APEX, True, id="itself"),
        pytest.param(APEX.upper(), f"{APEX}.", True, id="but for case and dot"),
        pytest.param(f"*.{APEX}", WWW, True, id="one label"),
        pytest.param(f"*.{APEX}", APEX, False, id="the bare domain"),
        pytest.param(f"*.{APEX}", f"a.{WWW}", False, id="two labels"),
        pytest.param(f"*.{APEX}", f".{APEX}", False, id="an empty label"),
        pytest.param("*.test", APEX, True, id="one label, whichever"),
        pytest.param(WWW, APEX, False, id="another"),
        pytest.param(f"w*.{APEX}", WWW, False, id="a part of a label"),
    ),
)
def test_a_wildcard_stands_for_one_label(name: str, host: str, *, covered: bool) -> None:
    """RFC 6125 6.4.3."""
    assert covered == certificates.covers(name, host)


@pytest.mark.parametrize(
    ("seen", "status"),
    (
        pytest.param(certificate_seen(), "pass", id="both"),
        pytest.param(certificate_seen(names=(APEX, f"*.{APEX}")), "pass", id="by a wildcard"),
        pytest.param(certificate_seen(names=(APEX,)), "fail", id="one of two"),
        pytest.param(certificate_seen(names=()), "fail", id="none"),
        pytest.param(GONE, "fail", id="absent"),
    ),
)
def test_every_host_is_covered(seen: CertificateSeen | Absent, status: str) -> None:
    """A host without a name on the certificate is an outage of that host."""
    assert status == certificates.judge_names(seen, NOW, hosts=(APEX, WWW)).status


@pytest.mark.parametrize(
    ("seen", "status", "word"),
    (
        pytest.param(certificate_seen(not_after=NOW + 8 * DAY), "pass", "8 d left", id="more than enough"),
        pytest.param(certificate_seen(not_after=NOW + 7 * DAY + SECOND), "pass", "7 d 1 s left", id="a second more"),
        pytest.param(certificate_seen(not_after=NOW + 7 * DAY), "fail", "7 d left", id="exactly the limit"),
        pytest.param(certificate_seen(not_after=NOW + 3 * DAY), "fail", "3 d left", id="three days"),
        pytest.param(certificate_seen(not_after=NOW), "fail", "expired 0 s ago", id="this second"),
        pytest.param(certificate_seen(not_after=NOW - DAY), "fail", "expired 1 d ago", id="yesterday"),
        pytest.param(certificate_seen(not_before=NOW + SECOND), "fail", "not valid before", id="from the future"),
        pytest.param(certificate_seen(not_before=NOW), "pass", "200 d left", id="from this second"),
        pytest.param(certificate_seen(not_after=None), "fail", "no dates", id="without dates"),
        pytest.param(PENDING, "not_yet", "not issued", id="being validated"),
        pytest.param(GONE, "fail", "absent", id="absent"),
    ),
)
def test_the_last_days_of_a_certificate_are_a_failure(seen: CertificateSeen | Absent, status: str, word: str) -> None:
    """ACM renews 60 days ahead; seven days left mean that it has been failing for weeks."""
    verdict = certificates.judge_expiry(seen, NOW, least=7 * DAY)

    assert status == verdict.status
    assert word in verdict.actual
    assert "7 d" in verdict.expected


@pytest.mark.parametrize(
    ("seen", "status"),
    (
        pytest.param(certificate_seen(not_after=NOW + 31 * DAY), "pass", id="31 days"),
        pytest.param(certificate_seen(not_after=NOW + 30 * DAY), "fail", id="30 days"),
        pytest.param(certificate_seen(not_after=NOW + 20 * DAY), "fail", id="20 days"),
        pytest.param(certificate_seen(renewal="SUCCESS"), "pass", id="renewed"),
        pytest.param(certificate_seen(renewal="PENDING_AUTO_RENEWAL"), "pass", id="being renewed"),
        pytest.param(certificate_seen(renewal="PENDING_VALIDATION"), "fail", id="waiting for a record"),
        pytest.param(certificate_seen(renewal="FAILED"), "fail", id="failed"),
        pytest.param(certificate_seen(not_after=None), "fail", id="without dates"),
        pytest.param(GONE, "fail", id="absent"),
    ),
)
def test_a_late_renewal_is_told_early(seen: CertificateSeen | Absent, status: str) -> None:
    """A month before the end there is still time to look."""
    assert status == certificates.judge_renewal(seen, NOW, least=30 * DAY).status


def _cname(*values: str, **changes: str) -> DnsAnswer:
    return answer(*values, type="CNAME", **changes)


RECORD = f"_a.{APEX}."
OTHER = "_c.acm-validations.aws."


@pytest.mark.parametrize(
    ("seen", "answers", "status", "actual"),
    (
        pytest.param(certificate_seen(), (_cname("_b.acm-validations.aws."),), "pass", RECORD, id="there"),
        pytest.param(
            certificate_seen(), (_cname("_B.ACM-validations.aws"),), "pass", RECORD, id="but for case and dot"
        ),
        pytest.param(
            certificate_seen(), (_cname(rcode="NXDOMAIN"),), "fail", f"{RECORD}: missing (NXDOMAIN)", id="removed"
        ),
        pytest.param(certificate_seen(), (_cname(OTHER),), "fail", f"{RECORD} is {OTHER}", id="another value"),
        pytest.param(certificate_seen(), (silence(),), "fail", f"{RECORD}: connection refused", id="silence"),
        pytest.param(certificate_seen(), (), "fail", "fewer answers than records", id="never asked"),
        pytest.param(
            certificate_seen(validation_records=()),
            (),
            "fail",
            "ACM names no validation record",
            id="no records at all",
        ),
        pytest.param(GONE, (), "fail", "absent: certificate", id="absent"),
    ),
)
def test_the_validation_records_are_still_there(
    seen: CertificateSeen | Absent, answers: tuple[DnsAnswer | Silence, ...], status: str, actual: str
) -> None:
    """Without them everything is green until the renewal fails; each that is amiss is told by its name."""
    verdict = certificates.judge_validation(Validated(certificate=seen, answers=answers), NOW)

    assert (status, actual) == (verdict.status, verdict.actual)


def test_each_validation_record_is_asked_for_once_in_the_region_of_the_certificate() -> None:
    """Two names may share a record; a certificate that is gone has none."""
    record = (f"_a.{APEX}.", "_b.acm-validations.aws.")
    seen = certificate_seen(validation_records=(record, record))
    good = _cname("_b.acm-validations.aws.")
    check = planned(certificates.checks(site(), **LIMITS))["tls.validation[Edge/Certificate]"]
    question = ("certificate", "us-east-1", CERTIFICATE_ARN)

    looked = check.sight.look(world({question: seen, ("ask", f"_a.{APEX}", "CNAME"): good}))

    assert Validated(certificate=seen, answers=(good,)) == looked
    assert "pass" == check.sight.judge(looked, NOW).status
    assert Validated(certificate=GONE, answers=()) == check.sight.look(world({question: GONE}))
