from __future__ import annotations

import json
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks import plan
from checks.catalogue import BY_NAME
from checks.evidence import Absent, Described
from checks.model import Check, Resource, Unresolved, Verdict
from checks.promises import api_names
from checks.promises.api_names import HTTP, HTTP_PATH, REST, REST_PATH
from tests.promises.worlds import ACCOUNT, HOSTILE, NOW, REGION, planned, resource, target, world

DOMAIN = "api.shop.test"
CERTIFICATE = "arn:aws:acm:af-south-1:1:certificate/1"
RIGHT = {"certificate": CERTIFICATE, "client certificates": "(none)", "policies": "TLS_1_2"}


def _name(kind: str = REST, /, **said: object) -> Resource:
    given = {"DomainName": DOMAIN, "RegionalCertificateArn": CERTIFICATE}
    if kind == HTTP:
        given = {"DomainName": DOMAIN, "DomainNameConfigurations": [{"CertificateArn": CERTIFICATE}]}  # type: ignore[dict-item]
    return resource(kind, {**given, **said}, subject="Name", physical_id=DOMAIN)


def _path(kind: str, **said: object) -> Resource:
    return resource(kind, {"DomainName": DOMAIN, "Stage": "prod", **said}, subject="Path", physical_id="map-1")


def _checks(*resources: Resource) -> dict[str, Check]:
    return planned(api_names.checks(target(*resources)))


def _seen(state: str = "AVAILABLE", kind: str = REST, **changed: str) -> Described:
    words = {**RIGHT, **{key.replace("_", " "): value for key, value in changed.items()}}
    return Described(kind=kind, name=DOMAIN, state=state, words=tuple(sorted(words.items())))


def _judged(seen: Described | Absent) -> Verdict:
    return _checks(_name())["api.name[Name]"].sight.judge(seen, NOW)


@pytest.mark.parametrize(
    ("seen", "status", "told"),
    (
        pytest.param(_seen(), "pass", "AVAILABLE, TLS_1_2", id="as it should be"),
        pytest.param(
            _seen(policies="SecurityPolicy_TLS13_1_3_2025_09"),
            "pass",
            "AVAILABLE, SecurityPolicy_TLS13_1_3_2025_09",
            id="newer",
        ),
        pytest.param(
            _seen(policies="SecurityPolicy_TLS12_2018_EDGE TLS_1_2"),
            "pass",
            "AVAILABLE, SecurityPolicy_TLS12_2018_EDGE, TLS_1_2",
            id="two configurations",
        ),
        pytest.param(_seen(policies="TLS_1_0"), "fail", "TLS_1_0", id="old TLS"),
        pytest.param(_seen(policies="TLS_1_0 TLS_1_2"), "fail", "TLS_1_0", id="old TLS in one of two"),
        pytest.param(_seen(policies=""), "fail", "no security policy", id="nobody says which TLS"),
        pytest.param(_seen("UPDATING"), "not_yet", "UPDATING", id="being changed"),
        pytest.param(_seen("PENDING"), "not_yet", "PENDING", id="being made"),
        pytest.param(_seen("UPDATING", policies="TLS_1_0"), "not_yet", "UPDATING", id="being changed from old TLS"),
        pytest.param(
            _seen("PENDING_CERTIFICATE_REIMPORT"), "fail", "PENDING_CERTIFICATE_REIMPORT", id="waits for somebody"
        ),
        pytest.param(_seen("FAILED"), "fail", "FAILED", id="failed"),
        pytest.param(_seen(""), "fail", "in no state", id="says nothing of itself"),
        pytest.param(_seen(certificate="arn:other"), "fail", "certificate arn:other", id="another certificate"),
        pytest.param(
            _seen(client_certificates="s3://trust/all.pem"),
            "fail",
            "client certificates s3://trust/all.pem",
            id="asks visitors for certificates",
        ),
        pytest.param(
            _seen(certificate="arn:other", policies="TLS_1_0"),
            "fail",
            "certificate arn:other, TLS_1_0",
            id="both at once",
        ),
        pytest.param(Absent(what="x"), "fail", f"API Gateway has no {DOMAIN}", id="gone"),
    ),
)
def test_a_name_is_ready_with_its_certificate_and_no_old_tls(seen: Described | Absent, status: str, told: str) -> None:
    """Whatever is wrong is told; what is on its way is not yet."""
    verdict = _judged(seen)

    assert (status, told) == (verdict.status, verdict.actual.strip())
    assert (status != "pass") == bool(verdict.remedy)


def test_what_is_expected_is_what_the_template_says_and_no_old_tls() -> None:
    """Nothing but the last where the template says nothing that can be known."""
    unknown = {"RegionalCertificateArn": Unresolved("a"), "MutualTlsAuthentication": Unresolved("b")}
    bare = _checks(_name(**unknown))["api.name[Name]"].sight.judge(_seen(), NOW)

    assert (
        f"{DOMAIN} AVAILABLE with certificate {CERTIFICATE}, client certificates (none), TLS 1.2 or newer"
        == _judged(_seen()).expected
    )
    assert bare.expected.startswith(f"{DOMAIN} AVAILABLE, TLS 1.2 or newer (not compared: ")


def test_the_way_out_is_told_by_what_is_wrong() -> None:
    """Old TLS is the template's matter, everything else API Gateway's."""
    old, other = _judged(_seen(policies="TLS_1_0")), _judged(_seen("FAILED", policies="TLS_1_0"))

    assert "SecurityPolicy" in old.remedy
    assert "get-domain-name" in other.remedy


@pytest.mark.parametrize(
    ("said", "wanted"),
    (
        ({}, CERTIFICATE),
        ({"RegionalCertificateArn": None, "CertificateArn": "arn:edge"}, "arn:edge"),
        ({"CertificateArn": "arn:edge"}, f"{CERTIFICATE} arn:edge"),
        ({"RegionalCertificateArn": None}, None),
        ({"RegionalCertificateArn": Unresolved("other stack")}, None),
    ),
    ids=("of the region", "at the edge", "of both", "none", "unknown"),
)
def test_a_rest_apis_name_has_the_certificate_of_its_kind(said: dict[str, object], wanted: str | None) -> None:
    """One at the edge, one in the region, or both while it moves."""
    check = _checks(_name(**said))["api.name[Name]"]
    words = check.params["words"]
    assert isinstance(words, tuple)

    assert wanted == dict(words).get("certificate")
    assert ("other stack" in str(said)) == bool(check.params["gaps"])


@pytest.mark.parametrize(
    ("said", "wanted", "open_one"),
    (
        ([{"CertificateArn": CERTIFICATE}], CERTIFICATE, False),
        ([{"CertificateArn": "arn:b"}, {"CertificateArn": "arn:a"}], "arn:a arn:b", False),
        ([{"CertificateArn": CERTIFICATE, "SecurityPolicy": Unresolved("x")}], CERTIFICATE, False),
        ([{"CertificateArn": Unresolved("x")}], None, True),
        ([{}], None, False),
        (None, None, False),
        (Unresolved("x"), None, True),
    ),
)
def test_an_http_apis_name_has_the_certificates_of_its_configurations(
    said: object, wanted: str | None, open_one: object
) -> None:
    """As far as they are known."""
    check = _checks(_name(HTTP, DomainNameConfigurations=said))["api.name[Name]"]
    words = check.params["words"]
    assert isinstance(words, tuple)

    assert (wanted, open_one) == (
        dict(words).get("certificate"),
        bool(check.params["gaps"]),
    )


@pytest.mark.parametrize(
    ("one", "asked", "wanted"),
    (
        (_path(REST_PATH, RestApiId="api1"), f"{DOMAIN}/(none)", {"api": "api1", "stage": "prod"}),
        (_path(REST_PATH, RestApiId="api1", BasePath=""), f"{DOMAIN}/(none)", {"api": "api1", "stage": "prod"}),
        (
            _path(REST_PATH, RestApiId="api1", BasePath="v1", Stage=None),
            f"{DOMAIN}/v1",
            {"api": "api1", "stage": "(none)"},
        ),
        (_path(HTTP_PATH, ApiId="http1"), f"{DOMAIN}/map-1", {"api": "http1", "stage": "prod", "path": "(none)"}),
        (
            _path(HTTP_PATH, ApiId="http1", ApiMappingKey="v1/orders"),
            f"{DOMAIN}/map-1",
            {"api": "http1", "stage": "prod", "path": "v1/orders"},
        ),
    ),
    ids=("at the top", "an empty path", "below v1, of no stage", "HTTP", "HTTP, two folders down"),
)
def test_a_path_leads_to_its_api_and_stage(one: Resource, asked: str, wanted: dict[str, str]) -> None:
    """It passes as it is, and fails for each of its words."""
    check = _checks(one)["api.mapping[Path]"]
    right = Described(kind=one.type, name=asked, state="there", words=tuple(sorted(wanted.items())))
    look = check.sight.look(world({("described", one.type, REGION, asked): right}))

    assert (wanted, right) == (dict(check.params["words"]), look)  # type: ignore[call-overload]
    assert "pass" == check.sight.judge(right, NOW).status
    for word in wanted:
        words = tuple((each, "other" if each == word else value) for each, value in right.words)
        verdict = check.sight.judge(Described(kind="k", name=asked, state="there", words=words), NOW)
        assert ("fail", f"{word} other") == (verdict.status, verdict.actual)
        assert verdict.remedy
    assert "fail" == check.sight.judge(Absent(what="x"), NOW).status


@pytest.mark.parametrize(
    "one",
    (
        _path(REST_PATH, DomainName=Unresolved("other stack")),
        _path(REST_PATH, BasePath=Unresolved("other stack")),
        _path(HTTP_PATH, DomainName=Unresolved("other stack")),
    ),
    ids=("of an unknown name", "of an unknown path", "HTTP, of an unknown name"),
)
def test_a_path_that_nobody_could_ask_for_is_not_planned(one: Resource) -> None:
    """It is asked for by its name and itself."""
    assert {} == _checks(one)


def test_each_is_read_by_an_arn_of_its_own() -> None:
    """API Gateway's paths are what IAM weighs."""
    root = f"arn:aws:apigateway:{REGION}::/domainnames/{DOMAIN}"
    found = _checks(_name(), _path(REST_PATH, RestApiId="api1"))
    other = _checks(_name(HTTP), _path(HTTP_PATH, ApiId="http1"))

    assert [(root,), (f"{root}/basepathmappings/*",)] == [each.place.resources for each in found.values()]
    assert [(root,), (f"{root}/apimappings/*",)] == [each.place.resources for each in other.values()]
    look = other["api.name[Name]"].sight.look(world({("described", HTTP, REGION, DOMAIN): _seen(kind=HTTP)}))
    assert _seen(kind=HTTP) == look


def test_a_plan_of_names_is_stored_and_read_back() -> None:
    """Parameters are plain values."""
    checks = [*_checks(_name(), _path(REST_PATH, RestApiId="api1")).values()]
    made = plan.freeze(checks, target="t", account=ACCOUNT, regions=(REGION,))

    read = plan.from_json(json.loads(json.dumps(plan.to_json(made))), BY_NAME)

    assert [(each.name, each.params) for each in made.checks] == [(each.name, each.params) for each in read.checks]


@given(state=st.text(max_size=20), words=st.dictionaries(st.sampled_from(sorted(RIGHT)), st.text(max_size=20)))
def test_whatever_aws_says_is_judged(state: str, words: dict[str, str]) -> None:
    """With words that a terminal can show."""
    judge = partial(api_names.judge_name, domain=DOMAIN, words=(("certificate", CERTIFICATE),), gaps=("x",))
    seen = Described(kind=REST, name=DOMAIN, state=state, words=tuple(words.items()))

    verdict = judge(seen, NOW)

    assert verdict.status in {"pass", "fail", "not_yet"}
    assert verdict.actual.isprintable()


def test_nothing_that_aws_says_reaches_a_terminal() -> None:
    """Hostile text is one harmless line."""
    assert _judged(_seen(HOSTILE, certificate=HOSTILE, policies=HOSTILE)).actual.isprintable()
