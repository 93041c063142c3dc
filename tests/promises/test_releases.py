from __future__ import annotations

import pytest

from checks.evidence import Absent, Described, FunctionSeen, Packages, Response, Responses, Silence, digest_of
from checks.model import Check, Resource
from checks.promises import releases
from tests.promises import worlds
from tests.promises.worlds import APEX, NOW, REGION, planned, resource, response, silence, target, world

SHA = "0123456789abcdef0123456789abcdef01234567"
OLD = "fedcba9876543210fedcba9876543210fedcba98"
URLS = (f"https://{APEX}/", f"https://{APEX}/version.json", f"https://{APEX}/api/health")


def _page(sha: str) -> Response:
    meta = f'<meta name="release" content="{sha}">' if sha else ""
    return response(200, f"<html><head>{meta}<title>Shop</title></head></html>", "text/html", url=URLS[0])


def _json(sha: str, url: str, status: int = 200) -> Response:
    return response(status, f'{{"status": "ok", "git_sha": "{sha}"}}', "application/json", url=url)


def _seen(page: str = SHA, file: str = SHA, api: str = SHA) -> Responses:
    return Responses(responses=(_page(page), _json(file, URLS[1]), _json(api, URLS[2])))


def _checks(*more: Resource, sha: str = "") -> dict[str, Check]:
    return planned(releases.checks(worlds.site(*more), release_sha=sha))


@pytest.mark.parametrize(
    ("seen", "status"),
    (
        (_seen(), "pass"),
        (_seen(api=SHA[:7]), "pass"),
        (_seen(page=OLD), "fail"),
        (_seen(file=OLD), "fail"),
        (_seen(api=OLD), "fail"),
        (_seen(api=SHA[:6]), "fail"),
        (_seen(page=""), "pass"),
        (Responses(responses=(_page(SHA), _json(OLD, URLS[1], 404), silence())), "pass"),
    ),
    ids=("one", "shortened", "old page", "old file", "old API", "too short", "a page that tells none", "not there"),
)
def test_all_that_tell_a_release_tell_the_same(seen: Responses, status: str) -> None:
    """Half of a release is no release."""
    check = _checks()[f"release.whole[{APEX}]"]
    answers = {("fetch", url): each for url, each in zip(URLS, seen.responses, strict=True)}

    assert URLS == check.params["urls"]
    assert status == check.sight.judge(check.sight.look(world(answers)), NOW).status


@pytest.mark.parametrize(
    ("seen", "status"),
    ((_seen(), "pass"), (_seen(page="", file=""), "fail"), (Responses(responses=(silence(),)), "fail")),
    ids=("all", "the API alone", "nobody"),
)
def test_somebody_must_tell(seen: Responses, status: str) -> None:
    """Where one alone tells there is nothing to compare."""
    assert status == releases.judge_told(seen, NOW).status


@pytest.mark.parametrize(
    ("seen", "status"),
    ((_seen(), "pass"), (_seen(page=OLD), "fail"), (_seen(page="", file=""), "fail")),
    ids=("this one", "the one before", "nobody tells"),
)
def test_the_site_is_the_release_that_was_deployed(seen: Responses, status: str) -> None:
    """Asked when a release is named."""
    assert f"release.site[{APEX}]" not in _checks()
    check = _checks(sha=SHA)[f"release.site[{APEX}]"]
    first = Responses(responses=seen.responses[:2])

    assert status == check.sight.judge(first, NOW).status


def _function(name: str, key: str = "a.zip", **variables: str) -> Resource:
    said = {"Code": {"S3Bucket": "assets", "S3Key": key}, "Environment": {"Variables": variables}}
    return resource("AWS::Lambda::Function", said, subject=name, physical_id=f"{name}-1")


def _live(name: str, code: str, **variables: str) -> FunctionSeen:
    kept = tuple((key, digest_of(value)) for key, value in variables.items())
    return FunctionSeen(
        name=name, arn=name, runtime="", architecture="", handler="", memory=128, timeout=3, state="Active",
        last_update="Successful", code_sha256=code, reserved_concurrency=None, environment=kept, role="",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("codes", "status"),
    ((("x", "x", "x"), "pass"), (("x", "y", "x"), "fail"), (("x", "x", "y"), "fail"), (("x", "x", ""), "fail")),
    ids=("one", "a function edited", "another version", "gone"),
)
def test_what_is_made_of_one_package_runs_one_code(codes: tuple[str, ...], status: str) -> None:
    """Two functions, and the version that was published of the first."""
    arn = f"arn:aws:lambda:{REGION}:1:function:Api-1:3"
    version = resource("AWS::Lambda::Version", {"FunctionName": "Api-1"}, subject="Live", physical_id=arn)
    (check,) = planned(releases.checks(target(_function("Api"), _function("Daily"), version), release_sha="")).values()
    published = (
        Described(kind="v", name=arn, state="Active", words=(("code", codes[2]),)) if codes[2] else Absent(what="v")
    )
    answers = {
        ("function", REGION, "Api-1"): _live("Api-1", codes[0]),
        ("function", REGION, "Daily-1"): _live("Daily-1", codes[1]),
        ("described", "AWS::Lambda::Version", REGION, arn): published,
    }
    found = check.sight.look(world(answers))

    assert isinstance(found, Packages)
    assert status == check.sight.judge(found, NOW).status
    assert {"Api", "Daily", "Live"} == set(check.place.covers)


def test_functions_of_different_packages_are_not_compared() -> None:
    """Nor is one alone."""
    assert {} == planned(releases.checks(target(_function("Api"), _function("Daily", "b.zip")), release_sha=""))


@pytest.mark.parametrize(
    ("seen", "status"),
    (
        (_live("Api-1", "x", GIT_SHA=SHA), "pass"),
        (_live("Api-1", "x", GIT_SHA=OLD), "fail"),
        (_live("Api-1", "x"), "fail"),
        (Absent(what="f"), "fail"),
    ),
    ids=("this one", "the one before", "not told", "gone"),
)
def test_a_function_is_told_the_release(seen: FunctionSeen | Absent, status: str) -> None:
    """By its digest: values are never kept."""
    checks = planned(releases.checks(target(_function("Api", GIT_SHA="whatever")), release_sha=SHA))
    check = checks["release.function[Api]"]

    assert status == check.sight.judge(check.sight.look(world({("function", REGION, "Api-1"): seen})), NOW).status


def test_silence_of_all_is_nothing_to_compare() -> None:
    """It is the matter of the rooms of page and API."""
    nothing = Responses(responses=(Silence(where="x", reason="refused"),))

    assert "pass" == releases.judge_whole(nothing, NOW).status
