from __future__ import annotations

from datetime import timedelta

import pytest

from checks.evidence import Absent, DistributionSeen
from checks.model import Unresolved
from checks.promises import cdn
from tests.promises.worlds import (
    APEX,
    CERTIFICATE_ARN,
    DISTRIBUTION_ARN,
    HOSTILE,
    NOW,
    WWW,
    distribution_config,
    distribution_resource,
    distribution_seen,
    planned,
    site,
    target,
    world,
)

GONE = Absent(what="distribution D1")
NAME = "Site/Distribution"
HALF_AN_HOUR = timedelta(minutes=30)
FIVE_MINUTES = timedelta(minutes=5)
LIMITS = {"deploying": HALF_AN_HOUR, "errors_kept": FIVE_MINUTES}


def test_six_questions_about_each_distribution() -> None:
    """On, named, certified, by name, honest, forgetful of errors; each touches the distribution alone."""
    checks = planned(cdn.checks(site(), **LIMITS))

    words = ("deployed", "aliases", "viewer_certificate", "sni", "errors", "error_lifetime")
    assert [f"cdn.{word}[{NAME}]" for word in words] == list(checks)
    assert {(DISTRIBUTION_ARN,)} == {each.place.resources for each in checks.values()}


def test_a_distribution_without_names_shows_the_certificate_of_cloudfront() -> None:
    """What does not apply is not planned; a certificate that is not known does apply."""
    bare = distribution_resource({"ViewerCertificate": {"CloudFrontDefaultCertificate": True}})
    unsure = distribution_resource({"ViewerCertificate": {"AcmCertificateArn": Unresolved("Ref")}})

    assert f"cdn.viewer_certificate[{NAME}]" not in planned(cdn.checks(target(bare), **LIMITS))
    assert f"cdn.viewer_certificate[{NAME}]" in planned(cdn.checks(target(unsure), **LIMITS))


def test_the_hosts_of_the_settings_are_wanted_even_if_the_template_forgot_them() -> None:
    """A deployment that was not told its domain is complete in its own eyes."""
    checks = planned(cdn.checks(target(distribution_resource({}), domain=APEX, aliases=(WWW,)), **LIMITS))

    assert (APEX, WWW) == checks[f"cdn.aliases[{NAME}]"].params["wanted"]


def test_names_that_could_not_be_resolved_are_left_out_and_said() -> None:
    """The rest is compared."""
    config = distribution_config() | {"Aliases": [APEX, Unresolved("Fn::ImportValue X")]}
    check = planned(cdn.checks(target(distribution_resource(config)), **LIMITS))[f"cdn.aliases[{NAME}]"]

    verdict = check.sight.judge(distribution_seen(aliases=(APEX, "other.test")), NOW)

    assert "pass" == verdict.status
    assert "not compared: Fn::ImportValue X" in verdict.expected
    assert "fail" == check.sight.judge(distribution_seen(aliases=("other.test",)), NOW).status


@pytest.mark.parametrize(
    ("seen", "status"),
    (
        pytest.param(distribution_seen(), "pass", id="deployed"),
        pytest.param(distribution_seen(status="InProgress"), "not_yet", id="in progress"),
        pytest.param(
            distribution_seen(status="InProgress", modified=NOW - HALF_AN_HOUR), "not_yet", id="for half an hour"
        ),
        pytest.param(
            distribution_seen(status="InProgress", modified=NOW - HALF_AN_HOUR - timedelta(seconds=1)),
            "fail",
            id="for longer than that",
        ),
        pytest.param(distribution_seen(modified=NOW - timedelta(days=300)), "pass", id="deployed long ago"),
        pytest.param(distribution_seen(enabled=False), "fail", id="disabled"),
        pytest.param(distribution_seen(enabled=False, status="InProgress"), "fail", id="being disabled"),
        pytest.param(GONE, "fail", id="absent"),
    ),
)
def test_the_distribution_is_on_and_everywhere(seen: DistributionSeen | Absent, status: str) -> None:
    """While it is in progress the service itself says that it is not done."""
    assert status == cdn.judge_deployed(seen, NOW, within=HALF_AN_HOUR).status


@pytest.mark.parametrize(
    ("seen", "status", "word"),
    (
        pytest.param(distribution_seen(), "pass", WWW, id="both"),
        pytest.param(distribution_seen(aliases=(WWW.upper(), APEX)), "pass", WWW.upper(), id="in any order and case"),
        pytest.param(distribution_seen(aliases=(APEX,)), "fail", f"{WWW} is missing", id="one is missing"),
        pytest.param(distribution_seen(aliases=()), "fail", "is missing", id="none"),
        pytest.param(
            distribution_seen(aliases=(APEX, WWW, "old.test")), "fail", "old.test is not ours", id="one too many"
        ),
        pytest.param(GONE, "fail", "absent", id="absent"),
    ),
)
def test_the_distribution_has_our_names_and_no_others(seen: DistributionSeen | Absent, status: str, word: str) -> None:
    """An alias too few is an outage, one too many a name that somebody forgot."""
    verdict = cdn.judge_aliases(seen, NOW, wanted=(APEX, WWW), left_out=())

    assert status == verdict.status
    assert word in verdict.actual


@pytest.mark.parametrize(
    ("seen", "policy", "status"),
    (
        pytest.param(distribution_seen(), "TLSv1.2_2021", "pass", id="as the template says"),
        pytest.param(distribution_seen(minimum_protocol="TLSv1.3_2025"), "TLSv1.2_2021", "pass", id="newer"),
        pytest.param(distribution_seen(minimum_protocol="TLSv1.2_2019"), "TLSv1.2_2021", "fail", id="lowered a little"),
        pytest.param(distribution_seen(minimum_protocol="TLSv1.2_2019"), "", "pass", id="exactly the floor"),
        pytest.param(distribution_seen(minimum_protocol="TLSv1.2_2018"), "", "fail", id="a year below the floor"),
        pytest.param(distribution_seen(minimum_protocol="TLSv1"), "TLSv1", "fail", id="old, as the template says"),
        pytest.param(distribution_seen(minimum_protocol="TLSv1_2016"), "", "fail", id="TLS 1.0"),
        pytest.param(distribution_seen(minimum_protocol="SSLv3"), "", "fail", id="SSL"),
        pytest.param(distribution_seen(minimum_protocol=HOSTILE), "", "fail", id="a policy nobody knows"),
        pytest.param(distribution_seen(certificate=""), "", "fail", id="the default certificate"),
        pytest.param(distribution_seen(certificate=f"{CERTIFICATE_ARN}0"), "", "fail", id="another certificate"),
        pytest.param(distribution_seen(minimum_protocol="TLSv2"), "TLSv2.0", "pass", id="no second number is nought"),
        pytest.param(distribution_seen(minimum_protocol="TLSv2"), "TLSv2.1", "fail", id="which is below one"),
        pytest.param(distribution_seen(minimum_protocol="TLSv1.3_0000"), "TLSv1.3", "pass", id="no year is nought"),
        pytest.param(distribution_seen(minimum_protocol="TLSv1.3"), "TLSv1.3_0001", "fail", id="and before the first"),
        pytest.param(GONE, "", "fail", id="absent"),
    ),
)
def test_the_distribution_shows_our_certificate_and_nothing_old(
    seen: DistributionSeen | Absent, policy: str, status: str
) -> None:
    """The floor holds whatever the template says, and the template's own where it is higher."""
    verdict = cdn.judge_viewer_certificate(seen, NOW, certificate=CERTIFICATE_ARN, policy=policy)

    assert status == verdict.status


@pytest.mark.parametrize(
    ("policy", "least"),
    (
        pytest.param("", "TLSv1.2_2019", id="nothing is said"),
        pytest.param("TLSv1_2016", "TLSv1.2_2019", id="something old"),
        pytest.param("TLSv1.2_2018", "TLSv1.2_2019", id="a year below the floor"),
        pytest.param("TLSv1.2_2019", "TLSv1.2_2019", id="the floor itself"),
        pytest.param("TLSv1.2_2021", "TLSv1.2_2021", id="something newer"),
    ),
)
def test_the_policy_that_is_expected_is_the_stricter_of_two(policy: str, least: str) -> None:
    """Who reads the verdict is told the one that it was judged by."""
    verdict = cdn.judge_viewer_certificate(distribution_seen(), NOW, certificate=CERTIFICATE_ARN, policy=policy)

    assert f"certificate {CERTIFICATE_ARN}, {least} or newer" == verdict.expected


@pytest.mark.parametrize(
    ("certificate", "status"),
    (
        pytest.param(CERTIFICATE_ARN, "pass", id="in us-east-1"),
        pytest.param(CERTIFICATE_ARN.replace("us-east-1", "af-south-1"), "fail", id="elsewhere"),
        pytest.param("arn:aws:acm:af-south-1:123456789012:us-east-1:1", "fail", id="elsewhere, with a name like it"),
        pytest.param("arn", "fail", id="no region"),
        pytest.param("", "fail", id="none"),
    ),
)
def test_a_certificate_that_is_not_known_is_at_least_our_own(certificate: str, status: str) -> None:
    """Where the template does not tell which, one from ACM in us-east-1 is wanted."""
    seen = distribution_seen(certificate=certificate)

    assert status == cdn.judge_viewer_certificate(seen, NOW, certificate="", policy="").status


@pytest.mark.parametrize(
    ("errors", "status"),
    (
        pytest.param((), "pass", id="none"),
        pytest.param(((404, "/404.html", "404", 10),), "pass", id="a page that stays an error"),
        pytest.param(((503, "", "", 10),), "pass", id="only a lifetime"),
        pytest.param(((404, "/index.html", "200", 300),), "fail", id="an error as a success"),
        pytest.param(((503, "/sorry.html", "200", 10),), "fail", id="an outage as a success"),
        pytest.param(((404, "/", "302", 10),), "fail", id="an error as a redirect"),
    ),
)
def test_an_error_stays_an_error(errors: tuple[tuple[int, str, str, int], ...], status: str) -> None:
    """The mapping would be for everything, the API and scripts included."""
    assert status == cdn.judge_errors(distribution_seen(errors=errors), NOW).status


@pytest.mark.parametrize(
    ("attached", "wanted", "status", "actual"),
    (
        pytest.param("sni-only", "", "pass", "sni-only", id="by the name that is asked for"),
        pytest.param(
            "",
            "",
            "pass",
            "a certificate of CloudFront's own",
            id="by none: without a certificate of ours there is nothing to say",
        ),
        pytest.param("vip", "", "fail", "attached vip", id="on addresses of its own"),
        pytest.param("static-ip", "sni-only", "fail", "attached static-ip", id="on others' addresses"),
        pytest.param("vip", "vip", "pass", "vip", id="as the template wants it"),
    ),
)
def test_addresses_of_its_own_cost_what_nobody_ordered(attached: str, wanted: str, status: str, actual: str) -> None:
    """What makes a bill of hundreds of dollars is said by the template, or is a mistake."""
    verdict = cdn.judge_sni(distribution_seen(attached=attached), NOW, attached=wanted)

    assert (status, actual) == (verdict.status, verdict.actual)
    assert "fail" == cdn.judge_sni(GONE, NOW, attached=wanted).status


def test_how_a_certificate_is_attached_comes_from_the_template() -> None:
    """The template's own word is what the distribution is compared with."""
    config = distribution_config()
    config["ViewerCertificate"]["SslSupportMethod"] = "vip"
    name = f"cdn.sni[{NAME}]"

    assert "vip" == planned(cdn.checks(target(distribution_resource(config)), **LIMITS))[name].params["attached"]
    assert "" == planned(cdn.checks(site(), **LIMITS))[name].params["attached"]


@pytest.mark.parametrize(
    ("errors", "status", "actual"),
    (
        pytest.param((), "pass", "10 s", id="CloudFront's own ten seconds"),
        pytest.param(((503, "", "", 0), (404, "/404.html", "404", 300)), "pass", "5 min", id="exactly the most"),
        pytest.param(((503, "", "", 301),), "fail", "503 for 5 min 1 s", id="a second more"),
        pytest.param(((404, "", "", 10), (502, "", "", 86_400)), "fail", "502 for 1 d", id="one of two for a day"),
    ),
)
def test_an_error_is_soon_forgotten(errors: tuple[tuple[int, str, str, int], ...], status: str, actual: str) -> None:
    """A repair that the edges keep from everybody is none."""
    verdict = cdn.judge_error_lifetime(distribution_seen(errors=errors), NOW, most=FIVE_MINUTES)

    assert (status, actual) == (verdict.status, verdict.actual)


def test_an_absent_distribution_is_honest_about_nothing() -> None:
    """Absent is a failure of every promise about it."""
    assert "fail" == cdn.judge_errors(GONE, NOW).status
    assert "fail" == cdn.judge_error_lifetime(GONE, NOW, most=FIVE_MINUTES).status


def test_the_distribution_is_asked_for_by_its_id() -> None:
    """The physical id of the template's resource."""
    here = world({("distribution", "D1"): distribution_seen()})

    assert {distribution_seen()} == {each.sight.look(here) for each in planned(cdn.checks(site(), **LIMITS)).values()}
