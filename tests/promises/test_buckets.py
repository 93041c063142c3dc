from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from checks import codec, intent
from checks.evidence import (
    Absent,
    BucketAccess,
    BucketCors,
    BucketEncryption,
    BucketLifecycle,
    BucketSeen,
    BucketVersions,
    BucketWebsite,
    CorsRule,
    Described,
    LifecycleRule,
    ResourcePolicy,
)
from checks.model import CannotLook, Check, Unresolved, Verdict
from checks.promises import bucket_rules, buckets
from tests.promises.worlds import ACCOUNT, NOW, REGION, planned, resource, target, world

ARN = "arn:aws:s3:::files-1"
GONE = Absent(what="bucket files-1")
SEAL = {
    "Effect": "Deny",
    "Principal": {"AWS": "*"},
    "Action": "s3:*",
    "Resource": [ARN, f"{ARN}/*"],
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}
CORS = {
    "AllowedOrigins": ["https://www.shop.test", "https://shop.test"],
    "AllowedMethods": ["PUT", "GET"],
    "AllowedHeaders": ["content-type"],
    "ExposedHeaders": ["ETag"],
    "MaxAge": 3600,
}
PROPERTIES: dict[str, object] = {
    "VersioningConfiguration": {"Status": "Enabled"},
    "BucketEncryption": {
        "ServerSideEncryptionConfiguration": [{"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
    },
    "CorsConfiguration": {"CorsRules": [CORS]},
    "LifecycleConfiguration": {
        "Rules": [
            {"Id": "Sweep", "Status": "Enabled", "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1}},
            {"Id": "Old", "Status": "Enabled", "ExpirationInDays": 400},
        ]
    },
}
RULE = CorsRule(
    origins=("https://shop.test", "https://www.shop.test"),
    methods=("GET", "PUT"),
    headers=("content-type",),
    exposed=("ETag",),
    seconds=3600,
)
SWEEP = LifecycleRule(id="Sweep", status="Enabled", expires="")
OLD = LifecycleRule(id="Old", status="Enabled", expires="400 days")
GOOD: Mapping[str, object] = {
    "bucket": BucketSeen(name="files-1", region=REGION, ours=True),
    "bucket_access": BucketAccess(bucket="files-1", blocked=buckets.FLAGS, public=False),
    "bucket_policy": ResourcePolicy(resource="files-1", text=json.dumps({"Statement": [SEAL]})),
    "bucket_versions": BucketVersions(bucket="files-1", status="Enabled"),
    "bucket_encryption": BucketEncryption(bucket="files-1", algorithm="AES256", key=""),
    "bucket_website": BucketWebsite(bucket="files-1", serves=""),
    "bucket_cors": BucketCors(bucket="files-1", rules=(RULE,)),
    "bucket_lifecycle": BucketLifecycle(bucket="files-1", rules=(SWEEP, OLD)),
}
DESCRIBED = {
    ("described", kind, REGION, "files-1"): Described(kind=kind, name="files-1", state="there", words=(words,))
    for kind, words in (
        ("AWS::S3::BucketNotification", ("tells", "nobody")),
        ("AWS::S3::BucketOwnership", ("owner", "BucketOwnerEnforced")),
    )
}
QUESTIONS = {
    "present": "bucket",
    "private": "bucket_access",
    "tls_only": "bucket_policy",
    "versioned": "bucket_versions",
    "encrypted": "bucket_encryption",
    "website": "bucket_website",
    "cors": "bucket_cors",
    "lifecycle": "bucket_lifecycle",
}


def _checks(**changes: object) -> dict[str, Check]:
    properties = {key: value for key, value in {**PROPERTIES, **changes}.items() if value is not None}
    found = target(resource("AWS::S3::Bucket", properties, subject="Files", physical_id="files-1"))
    return planned([*buckets.checks(found), *bucket_rules.checks(found)])


def _verdict(promise: str, seen: object, **changes: object) -> Verdict:
    return _checks(**changes)[f"buckets.{promise}[Files]"].sight.judge(seen, NOW)


def test_there_and_closed_first_then_what_it_does() -> None:
    """The order in which a person would ask."""
    described = [f"buckets.{name}[Files]" for name in ("notifications", "owned")]

    assert [*(f"buckets.{name}[Files]" for name in QUESTIONS), *described] == list(_checks())


def test_everything_passes_where_everything_is_right() -> None:
    """Planned from the template, looked at through the world as this account, judged."""
    seen = world({(question, REGION, "files-1", ACCOUNT): answer for question, answer in GOOD.items()} | DESCRIBED)

    verdicts = {name: check.sight.judge(check.sight.look(seen), NOW) for name, check in _checks().items()}

    assert {} == {name: verdict for name, verdict in verdicts.items() if verdict.status != "pass"}


@pytest.mark.parametrize("promise", QUESTIONS)
def test_a_missing_bucket_fails_every_promise(promise: str) -> None:
    """With a remedy."""
    verdict = _verdict(promise, GONE)

    assert ("fail", True) == (verdict.status, bool(verdict.remedy))


def test_what_cannot_be_looked_at_is_not_judged() -> None:
    """No look of these rooms swallows CannotLook."""
    for check in _checks().values():
        with pytest.raises(CannotLook):
            check.sight.look(world({}))


def test_params_survive_being_stored_and_name_the_bucket_alone() -> None:
    """A frozen plan is read back into the same parameters; IAM is asked for this bucket."""
    for check in _checks().values():
        assert check.params == codec.decode_params(check.promise.bind, codec.encode(check.params))
        assert (ARN,) == check.place.resources


def test_a_bucket_of_somebody_else_is_not_there() -> None:
    """Whoever took the name gets the uploads."""
    verdict = _verdict("present", BucketSeen(name="files-1", region="", ours=False))

    assert ("fail", True) == (verdict.status, "another account" in verdict.actual)
    assert "exists" == _verdict("present", BucketSeen(name="files-1", region="", ours=True)).actual


@pytest.mark.parametrize("flag", buckets.FLAGS)
def test_each_flag_counts(flag: str) -> None:
    """Three of four are open."""
    blocked = tuple(each for each in buckets.FLAGS if each != flag)
    verdict = _verdict("private", BucketAccess(bucket="files-1", blocked=blocked, public=False))

    assert ("fail", f"off: {flag}") == (verdict.status, verdict.actual)


def test_a_public_policy_is_open_behind_any_flag() -> None:
    """The flags may be taken away first."""
    verdict = _verdict("private", BucketAccess(bucket="files-1", blocked=buckets.FLAGS, public=True))

    assert ("fail", "its policy is public") == (verdict.status, verdict.actual)


@pytest.mark.parametrize(
    ("policy", "status", "told"),
    (
        pytest.param(json.dumps({"Statement": SEAL}), "pass", "is denied", id="sealed"),
        pytest.param(json.dumps({"Statement": {**SEAL, "Resource": [ARN]}}), "fail", f"{ARN}/", id="objects left out"),
        pytest.param(
            json.dumps({"Statement": {**SEAL, "Action": "s3:GetObject"}}), "fail", "not denied", id="reading alone"
        ),
        pytest.param(
            json.dumps({"Statement": {**SEAL, "Resource": ["arn:aws:s3:::b/*"]}}),
            "fail",
            "not denied",
            id="another bucket",
        ),
        pytest.param("", "fail", "it has no policy", id="no policy"),
    ),
)
def test_plain_http_is_refused_by_the_policy(policy: str, status: str, told: str) -> None:
    """For the bucket and everything in it."""
    verdict = _verdict("tls_only", ResourcePolicy(resource="files-1", text=policy))

    assert (status, True) == (verdict.status, told in verdict.actual)


@pytest.mark.parametrize(("status", "expected"), (("Enabled", "pass"), ("Suspended", "fail"), ("", "fail")))
def test_versions_are_kept_while_versioning_is_enabled(status: str, expected: str) -> None:
    """Suspended keeps nothing new."""
    assert expected == _verdict("versioned", BucketVersions(bucket="files-1", status=status)).status


@pytest.mark.parametrize("said", (None, {"Status": "Suspended"}, Unresolved("Fn::If")), ids=str)
def test_a_bucket_that_the_template_does_not_version_is_not_asked(said: object) -> None:
    """Nothing was promised."""
    assert "buckets.versioned[Files]" not in _checks(VersioningConfiguration=said)


@pytest.mark.parametrize(
    ("algorithm", "said", "expected"),
    (
        ("AES256", PROPERTIES["BucketEncryption"], "pass"),
        ("aws:kms", PROPERTIES["BucketEncryption"], "fail"),
        ("", PROPERTIES["BucketEncryption"], "fail"),
        ("aws:kms", None, "pass"),
        ("", None, "fail"),
        ("aws:kms", Unresolved("Ref"), "pass"),
    ),
)
def test_it_encrypts_as_the_template_says(algorithm: str, said: object, expected: str) -> None:
    """Or with anything where the template is silent."""
    seen = BucketEncryption(bucket="files-1", algorithm=algorithm, key="")

    assert expected == _verdict("encrypted", seen, BucketEncryption=said).status


def test_a_website_is_open_to_everybody() -> None:
    """Whatever it serves."""
    verdict = _verdict("website", BucketWebsite(bucket="files-1", serves="index.html"))

    assert ("fail", "it serves index.html") == (verdict.status, verdict.actual)


def _cors(*rules: CorsRule) -> BucketCors:
    return BucketCors(bucket="files-1", rules=rules)


WIDE = CorsRule(origins=("*",), methods=("GET", "PUT"))
READ = CorsRule(origins=("*",), methods=("GET", "HEAD"))


@pytest.mark.parametrize(
    ("live", "words"),
    (
        pytest.param(_cors(), "missing: GET PUT from https://shop.test", id="lost"),
        pytest.param(_cors(CorsRule(origins=("https://old.test",), methods=("PUT",))), "missing", id="an old origin"),
        pytest.param(_cors(RULE, READ), "not in the template: GET HEAD from *", id="one more"),
        pytest.param(_cors(RULE, WIDE), "lets everybody write: GET PUT from *", id="everybody writes"),
    ),
)
def test_other_pages_may_do_what_the_template_says(live: BucketCors, words: str) -> None:
    """Nothing less and nothing more; where the template itself may be too wide, deploying it again is no remedy."""
    verdict = _verdict("cors", live)
    remedy = "name the site's own origins" if WIDE in live.rules else "deploy the stack again"

    assert ("fail", True) == (verdict.status, words in verdict.actual)
    assert verdict.remedy.startswith(remedy)


@pytest.mark.parametrize(
    ("rule", "status"),
    (
        (READ, "pass"),
        (WIDE, "fail"),
        (CorsRule(origins=("https://*",), methods=("DELETE",)), "fail"),
        (CorsRule(origins=("*", "https://shop.test"), methods=("PUT",)), "fail"),
        (CorsRule(origins=("https://shop.test",), methods=("POST",)), "pass"),
    ),
)
def test_writing_from_everywhere_is_wrong_even_in_a_template(rule: CorsRule, status: str) -> None:
    """Reading from everywhere may be meant."""
    said = {"CorsRules": [{"AllowedOrigins": list(rule.origins), "AllowedMethods": list(rule.methods)}]}

    assert status == _verdict("cors", _cors(rule), CorsConfiguration=said).status


def test_a_template_without_cors_expects_none() -> None:
    """A rule added by hand is seen."""
    assert "pass" == _verdict("cors", _cors(), CorsConfiguration=None).status
    assert "fail" == _verdict("cors", _cors(READ), CorsConfiguration=None).status


def test_rules_that_are_open_are_not_compared_and_still_not_for_everybody() -> None:
    """What could not be resolved is said."""
    said = {"CorsRules": [{**CORS, "AllowedOrigins": [Unresolved("Ref Site")]}]}

    verdict = _verdict("cors", _cors(READ), CorsConfiguration=said)

    assert ("pass", True) == (verdict.status, "not compared: Ref Site" in verdict.expected)
    assert "fail" == _verdict("cors", _cors(WIDE), CorsConfiguration=said).status


def _rules(*rules: LifecycleRule) -> BucketLifecycle:
    return BucketLifecycle(bucket="files-1", rules=rules)


HASTY = LifecycleRule(id="Hasty", status="Enabled", expires="1 days")


@pytest.mark.parametrize(
    ("live", "words"),
    (
        pytest.param(_rules(SWEEP), "Old is missing", id="lost"),
        pytest.param(
            _rules(SWEEP, LifecycleRule(id="Old", status="Disabled", expires="400 days")), "Disabled", id="off"
        ),
        pytest.param(
            _rules(SWEEP, LifecycleRule(id="Old", status="Enabled", expires="1 days")), "after 1 days", id="hastier"
        ),
        pytest.param(_rules(SWEEP, OLD, HASTY), "not in the template: Hasty", id="one more"),
    ),
)
def test_it_deletes_by_the_rules_of_the_template(live: BucketLifecycle, words: str) -> None:
    """And by no others."""
    verdict = _verdict("lifecycle", live)

    assert ("fail", True) == (verdict.status, words in verdict.actual)


@pytest.mark.parametrize(
    ("live", "status"), ((_rules(HASTY), "pass"), (_rules(), "fail"), (_rules(HASTY, OLD), "fail"))
)
def test_rules_without_an_id_are_counted(live: BucketLifecycle, status: str) -> None:
    """CloudFormation makes an id up for them."""
    said = {"Rules": [{"Status": "Enabled", "ExpirationDate": "2027-01-02T00:00:00Z"}]}

    verdict = _verdict("lifecycle", live, LifecycleConfiguration=said)

    assert status == verdict.status
    assert "after 2027-01-02" in verdict.expected


def test_an_open_rule_is_not_compared() -> None:
    """The others are."""
    said = {"Rules": [{"Id": "Old", "Status": "Enabled", "ExpirationInDays": 400}, {"Id": Unresolved("why")}]}

    verdict = _verdict("lifecycle", _rules(OLD, HASTY), LifecycleConfiguration=said)

    assert ("pass", True) == (verdict.status, "not compared: why" in verdict.expected)
    assert "fail" == _verdict("lifecycle", _rules(HASTY), LifecycleConfiguration=said).status
    assert intent.gaps(said)
