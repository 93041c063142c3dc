from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from checks.evidence import Absent, CachePolicySeen, DistributionSeen, OriginRequestPolicySeen, Route
from checks.model import Check, Unresolved
from checks.promises import behaviours
from tests.promises.worlds import (
    ACCOUNT,
    API_HOST,
    BUCKET,
    FUNCTION_ARN,
    NOW,
    SITE_BEHAVIOUR,
    behaviour_seen,
    distribution_config,
    distribution_resource,
    distribution_seen,
    origin,
    planned,
    site,
    target,
    world,
)

GONE = Absent(what="distribution D1")
NAME = "Site/Distribution"
NO_CACHE = CachePolicySeen(id="none", name="Disabled", minimum=0, default=0, maximum=0, headers=())
NO_HOST = OriginRequestPolicySeen(id="no-host", name="ExceptHost", header_behaviour="allExcept", headers=("Host",))
API = origin(id="api", domain=API_HOST, path="/prod", kind="custom", protocol="https-only")


def _plan(config: dict[str, Any] | None = None) -> dict[str, Check]:
    return planned(behaviours.checks(target(distribution_resource(config))))


def _route(behaviour: dict[str, Any] | None = None, **changes: Any) -> Route:  # noqa: ANN401
    whole = distribution_seen(
        behaviours=(behaviour_seen(**behaviour or {}), behaviour_seen(pattern="*", **SITE_BEHAVIOUR))
    )
    given: dict[str, Any] = {"distribution": whole, "pattern": "/api/*", "cache": NO_CACHE, "forwarding": NO_HOST}
    return Route(**given | changes)


def test_origins_first_then_each_behaviour() -> None:
    """The default one is called by the pattern that CloudFront gives it."""
    about = (f"origins[{NAME}]", f"origin_tls[{NAME}]", f"behaviour[{NAME} /api/*]", f"behaviour[{NAME} *]")
    expected = [f"cdn.{each}" for each in about]

    assert expected == list(planned(behaviours.checks(site())))


def test_a_behaviour_that_is_not_known_is_not_planned() -> None:
    """Neither one without a pattern nor a default that is not there."""
    config = {"CacheBehaviors": [{"PathPattern": Unresolved("Ref")}], "Origins": []}

    assert [f"cdn.origins[{NAME}]"] == list(_plan(config))


def test_permissions_name_the_policies_of_the_behaviour() -> None:
    """The distribution and both policies, by ARN."""
    arns = _plan()[f"cdn.behaviour[{NAME} /api/*]"].place.resources

    assert f"arn:aws:cloudfront::{ACCOUNT}:cache-policy/none" in arns
    assert f"arn:aws:cloudfront::{ACCOUNT}:origin-request-policy/no-host" in arns


@pytest.mark.parametrize(
    ("origins", "status", "word"),
    (
        pytest.param((origin(), API), "pass", BUCKET, id="as the template says"),
        pytest.param((origin(),), "fail", "no origin api", id="one is missing"),
        pytest.param((origin(), API, origin(id="x")), "fail", "x is not in the template", id="one too many"),
        pytest.param((origin(domain="o.s3.af-south-1.amazonaws.com"), API), "fail", "domain", id="another bucket"),
        pytest.param((origin(access_control=""), API), "fail", "no origin access control", id="an open bucket"),
        pytest.param((origin(access_control="oac9"), API), "fail", "access control oac9", id="another control"),
        pytest.param(
            (origin(domain="b.s3-website.af-south-1.amazonaws.com", kind="s3-website"), API),
            "fail",
            "website",
            id="a website",
        ),
        pytest.param((origin(domain="b.s3.amazonaws.com"), API), "fail", "regional", id="a global name"),
        pytest.param(
            (origin(), origin(id="api", domain=API_HOST, path="/dev", kind="custom")), "fail", "path /dev", id="stage"
        ),
        pytest.param(
            (origin(), origin(id="api", domain=API_HOST, path="/prod", kind="custom", protocol="http-only")),
            "fail",
            "protocol http-only",
            id="plain HTTP",
        ),
    ),
)
def test_the_origins_are_those_of_the_template(origins: tuple[Any, ...], status: str, word: str) -> None:
    """And a bucket is private whatever the template says."""
    verdict = _plan()[f"cdn.origins[{NAME}]"].sight.judge(distribution_seen(origins=origins), NOW)

    assert status == verdict.status
    assert word in verdict.actual


@pytest.mark.parametrize(
    ("versions", "protocol", "status", "actual"),
    (
        pytest.param(("TLSv1.2",), "https-only", "pass", "TLSv1.2", id="sound alone"),
        pytest.param(("TLSv1.1", "TLSv1.2"), "https-only", "fail", "api: TLSv1.1", id="an old one too"),
        pytest.param(("SSLv3",), "match-viewer", "fail", "api: SSLv3", id="as the viewer came"),
        pytest.param(("TLSv1",), "http-only", "pass", "none", id="never in TLS"),
    ),
)
def test_no_origin_is_spoken_to_in_broken_tls(
    versions: tuple[str, ...], protocol: str, status: str, actual: str
) -> None:
    """Whatever the template says."""
    seen = distribution_seen(origins=(origin(), replace(API, versions=versions, protocol=protocol)))

    verdict = _plan()[f"cdn.origin_tls[{NAME}]"].sight.judge(seen, NOW)

    assert (status, actual) == (verdict.status, verdict.actual)


def test_a_bucket_alone_is_asked_nothing_about_tls() -> None:
    """CloudFront speaks to buckets as it likes."""
    config = distribution_config()
    del config["Origins"][1]

    assert f"cdn.origin_tls[{NAME}]" not in _plan(config)


def test_an_absent_distribution_has_no_origins_and_no_behaviours() -> None:
    """Absent is a failure."""
    for check in _plan().values():
        assert GONE == check.sight.look(world({("distribution", "D1"): GONE}))
        assert "fail" == check.sight.judge(GONE, NOW).status


@pytest.mark.parametrize(
    ("origins", "status"),
    (
        pytest.param((origin(), API), "pass", id="the rest fits"),
        pytest.param(
            (origin(), origin(id="api", domain="x.test", path="/dev", kind="custom")), "fail", id="it does not"
        ),
        pytest.param((origin(), API, origin(id="x")), "pass", id="the extra one may be the nameless"),
    ),
)
def test_what_could_not_be_resolved_is_left_out_and_said(origins: tuple[Any, ...], status: str) -> None:
    """An origin whose address or id is not known is compared by what is known of it."""
    config = distribution_config()
    config["Origins"][1] |= {"DomainName": Unresolved("Fn::GetAtt")}
    config["Origins"].append({"Id": Unresolved("Ref"), "DomainName": "y.test"})

    verdict = _plan(config)[f"cdn.origins[{NAME}]"].sight.judge(distribution_seen(origins=origins), NOW)

    assert status == verdict.status
    assert "api domain: Fn::GetAtt" in verdict.expected


@pytest.mark.parametrize(
    ("behaviour", "word"),
    (
        pytest.param({"origin": "bucket"}, "origin bucket", id="another origin"),
        pytest.param({"viewer": "allow-all"}, "viewer allow-all", id="plain HTTP allowed"),
        pytest.param({"methods": ("GET", "HEAD")}, "methods GET HEAD", id="no POST"),
        pytest.param({"cache_policy": "long"}, "cache policy long", id="another cache policy"),
        pytest.param({"origin_request_policy": ""}, "origin request policy none", id="nothing forwarded"),
        pytest.param({"headers_policy": "x"}, "headers policy x", id="other headers"),
        pytest.param({"functions": ()}, "functions none", id="no function"),
        pytest.param({"functions": (("viewer-response", FUNCTION_ARN),)}, "viewer-response", id="at another moment"),
        pytest.param({"origin": "nobody"}, "origin nobody does not exist", id="an origin that is not there"),
        pytest.param({"pattern": "/api*"}, "no behaviour for /api/*, only /api*, *", id="misspelt"),
    ),
)
def test_a_behaviour_is_as_the_template_says(behaviour: dict[str, Any], word: str) -> None:
    """Each word of it by itself; without the change it passes."""
    judge = _plan()[f"cdn.behaviour[{NAME} /api/*]"].sight.judge

    assert "pass" == judge(_route(), NOW).status
    assert "fail" == judge(_route(behaviour), NOW).status
    assert word in judge(_route(behaviour), NOW).actual


@pytest.mark.parametrize(
    ("pattern", "to", "status"),
    (
        pytest.param("/a*", "bucket", "fail", id="a wider pattern first"),
        pytest.param("*", "bucket", "fail", id="everything first"),
        pytest.param("/a*", "api", "pass", id="a wider pattern to the same place"),
        pytest.param("/api", "bucket", "pass", id="a narrower pattern"),
        pytest.param("/b*", "bucket", "pass", id="another pattern"),
    ),
)
def test_the_first_pattern_that_matches_wins(pattern: str, to: str, status: str) -> None:
    """A right behaviour behind a wider one is never reached."""
    first = behaviour_seen(pattern=pattern, origin=to)
    whole = distribution_seen(behaviours=(first, behaviour_seen(), behaviour_seen(pattern="*", **SITE_BEHAVIOUR)))

    verdict = _plan()[f"cdn.behaviour[{NAME} /api/*]"].sight.judge(_route(distribution=whole), NOW)

    assert status == verdict.status


def _forwarding(word: str, *headers: str) -> OriginRequestPolicySeen:
    return OriginRequestPolicySeen(id="no-host", name="P", header_behaviour=word, headers=headers)


@pytest.mark.parametrize(
    ("changes", "status"),
    (
        pytest.param({}, "pass", id="nothing kept, all but Host sent"),
        pytest.param({"forwarding": None}, "pass", id="nothing sent"),
        pytest.param({"forwarding": _forwarding("none")}, "pass", id="no headers sent"),
        pytest.param({"forwarding": _forwarding("whitelist", "Accept")}, "pass", id="some, not Host"),
        pytest.param({"forwarding": _forwarding("whitelist", "HOST")}, "fail", id="some, Host among them"),
        pytest.param({"forwarding": _forwarding("allViewer")}, "fail", id="all of them"),
        pytest.param({"forwarding": _forwarding("allViewerAndWhitelistCloudFront")}, "fail", id="all and more"),
        pytest.param({"forwarding": _forwarding("allExcept", "Cookie")}, "fail", id="all but another one"),
        pytest.param({"forwarding": Absent(what="policy")}, "fail", id="an absent policy"),
        pytest.param({"cache": Absent(what="policy")}, "fail", id="an absent cache policy"),
        pytest.param({"cache": None}, "fail", id="no cache policy"),
        pytest.param(
            {"cache": CachePolicySeen(id="c", name="P", minimum=0, default=0, maximum=1, headers=())},
            "fail",
            id="a second",
        ),
        pytest.param(
            {"cache": CachePolicySeen(id="c", name="P", minimum=0, default=0, maximum=0, headers=("host",))},
            "fail",
            id="Host in the key",
        ),
    ),
)
def test_nothing_of_an_api_is_kept_and_no_host_is_sent(changes: dict[str, Any], status: str) -> None:
    """One caller's answer must not be another's, and API Gateway knows itself by another name."""
    judge = _plan()[f"cdn.behaviour[{NAME} /api/*]"].sight.judge

    assert status == judge(_route(**changes), NOW).status


def test_settings_of_the_old_kind_say_so() -> None:
    """ForwardedValues has lifetimes of its own."""
    judge = _plan()[f"cdn.behaviour[{NAME} /api/*]"].sight.judge

    assert "ForwardedValues" in judge(_route({"cache_policy": "", "legacy_ttl": True}, cache=None), NOW).actual


def test_the_site_may_be_kept() -> None:
    """Only an API must not be."""
    long = CachePolicySeen(id="long", name="Optimized", minimum=1, default=86400, maximum=31536000, headers=())
    seen = Route(distribution=distribution_seen(), pattern="*", cache=long, forwarding=None)

    assert "pass" == _plan()[f"cdn.behaviour[{NAME} *]"].sight.judge(seen, NOW).status


def test_words_that_could_not_be_resolved_are_not_compared() -> None:
    """The rest is, and the verdict says what is left out."""
    config = distribution_config()
    config["CacheBehaviors"][0] |= {"CachePolicyId": Unresolved("Fn::ImportValue"), "AllowedMethods": None}
    judge = _plan(config)[f"cdn.behaviour[{NAME} /api/*]"].sight.judge

    verdict = judge(_route({"cache_policy": "other", "methods": ("HEAD", "GET")}), NOW)

    assert "pass" == verdict.status
    assert "not compared: cache policy: Fn::ImportValue" in verdict.expected


@pytest.mark.parametrize(
    ("whole", "expected"),
    (
        pytest.param(distribution_seen(), _route(), id="with both policies"),
        pytest.param(
            distribution_seen(behaviours=()),
            Route(distribution=distribution_seen(behaviours=()), pattern="/api/*", cache=None, forwarding=None),
            id="without the behaviour",
        ),
    ),
)
def test_a_route_is_everything_that_decides_where_a_request_goes(whole: DistributionSeen, expected: Route) -> None:
    """The policies are those of the live behaviour."""
    asked = {
        ("distribution", "D1"): whole,
        ("cache_policy", "none"): NO_CACHE,
        ("origin_request_policy", "no-host"): NO_HOST,
    }

    assert expected == _plan()[f"cdn.behaviour[{NAME} /api/*]"].sight.look(world(asked))
