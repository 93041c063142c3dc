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
    ("seen", "status", "told"),
    (
        (_seen(), "pass", ", ".join(URLS)),
        (_seen(page=""), "pass", ", ".join(URLS[1:])),
        (_seen(page="", file=""), "fail", URLS[2]),
        (Responses(responses=(silence(),)), "fail", "nobody tells"),
    ),
    ids=("all", "two", "the API alone", "nobody"),
)
def test_somebody_must_tell(seen: Responses, status: str, told: str) -> None:
    """Where one alone tells there is nothing to compare."""
    verdict = releases.judge_told(seen, NOW)

    assert (status, told) == (verdict.status, verdict.actual)


@pytest.mark.parametrize(
    ("body", "told"),
    (
        (f'{{"git_sha": "", "commit": "{SHA}"}}', SHA),
        (f'{{"git_sha": 7, "commit": "{SHA}"}}', SHA),
        ('{"git_sha": 7}', "none"),
        (f'{{"git_sha": "{"a" * 64}"}}', "a" * 64),
        (f'{{"git_sha": "{"a" * 65}"}}', f"{'a' * 64}…"),
    ),
    ids=("an empty one first", "a number first", "a number", "as long as any", "longer than any"),
)
def test_a_commit_is_a_text_of_some_length(body: str, told: str) -> None:
    """The first text of the known names; of one that is longer than any hash only the beginning is shown."""
    seen = Responses(responses=(response(200, body, "application/json", url=URLS[1]),))

    assert (told if told == "none" else f"{URLS[1]}: {told}") == releases.judge_whole(seen, NOW).actual


@pytest.mark.parametrize(
    ("seen", "status", "told"),
    (
        (_seen(), "pass", ", ".join(URLS[:2])),
        (_seen(page=OLD), "fail", f"{URLS[0]}: {OLD}"),
        (_seen(page="", file=""), "fail", "nobody tells a commit"),
    ),
    ids=("this one", "the one before", "nobody tells"),
)
def test_the_site_is_the_release_that_was_deployed(seen: Responses, status: str, told: str) -> None:
    """Asked when a release is named."""
    assert f"release.site[{APEX}]" not in _checks()
    check = _checks(sha=SHA)[f"release.site[{APEX}]"]
    first = Responses(responses=seen.responses[:2])

    verdict = check.sight.judge(first, NOW)

    assert (status, told) == (verdict.status, verdict.actual)


def _function(name: str, key: str = "a.zip", **variables: str) -> Resource:
    said = {"Code": {"S3Bucket": "assets", "S3Key": key}, "Environment": {"Variables": variables}}
    return resource("AWS::Lambda::Function", said, subject=name, physical_id=f"{name}-1")


LIVE = f"arn:aws:lambda:{REGION}:1:function:Api-1:3"


def _live(name: str, code: str, **variables: str) -> FunctionSeen:
    kept = tuple((key, digest_of(value)) for key, value in variables.items())
    return FunctionSeen(
        name=name, arn=name, runtime="", architecture="", handler="", memory=128, timeout=3, state="Active",
        last_update="Successful", code_sha256=code, reserved_concurrency=None, environment=kept, role="",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("codes", "status", "told"),
    (
        (("x", "x", "x"), "pass", "one code (x)"),
        (("x", "y", "x"), "fail", f"Api-1 x, Daily-1 y, {LIVE} x"),
        (("x", "x", "y"), "fail", f"Api-1 x, Daily-1 x, {LIVE} y"),
        (("x", "x", ""), "fail", f"{LIVE} is gone"),
    ),
    ids=("one", "a function edited", "another version", "gone"),
)
def test_what_is_made_of_one_package_runs_one_code(codes: tuple[str, ...], status: str, told: str) -> None:
    """Two functions, and the version that was published of the first."""
    version = resource("AWS::Lambda::Version", {"FunctionName": "Api-1"}, subject="Live", physical_id=LIVE)
    (check,) = planned(releases.checks(target(_function("Api"), _function("Daily"), version), release_sha="")).values()
    published = (
        Described(kind="v", name=LIVE, state="Active", words=(("code", codes[2]),)) if codes[2] else Absent(what="v")
    )
    answers = {
        ("function", REGION, "Api-1"): _live("Api-1", codes[0]),
        ("function", REGION, "Daily-1"): _live("Daily-1", codes[1]),
        ("described", "AWS::Lambda::Version", REGION, LIVE): published,
    }
    found = check.sight.look(world(answers))
    verdict = check.sight.judge(found, NOW)

    assert isinstance(found, Packages)
    assert (status, told) == (verdict.status, verdict.actual)
    assert {"Api", "Daily", "Live"} == set(check.place.covers)


def test_functions_of_different_packages_are_not_compared() -> None:
    """Nor is one alone."""
    assert {} == planned(releases.checks(target(_function("Api"), _function("Daily", "b.zip")), release_sha=""))


@pytest.mark.parametrize(
    ("seen", "status", "told"),
    (
        (_live("Api-1", "x", GIT_SHA=SHA), "pass", "the same"),
        (_live("Api-1", "x", GIT_SHA=OLD), "fail", "another value"),
        (_live("Api-1", "x"), "fail", "no GIT_SHA"),
        (Absent(what="f"), "fail", "there is no function Api-1"),
    ),
    ids=("this one", "the one before", "not told", "gone"),
)
def test_a_function_is_told_the_release(seen: FunctionSeen | Absent, status: str, told: str) -> None:
    """By its digest: values are never kept."""
    checks = planned(releases.checks(target(_function("Api", GIT_SHA="whatever")), release_sha=SHA))
    check = checks["release.function[Api]"]

    verdict = check.sight.judge(check.sight.look(world({("function", REGION, "Api-1"): seen})), NOW)

    assert (status, told) == (verdict.status, verdict.actual)


def test_silence_of_all_is_nothing_to_compare() -> None:
    """It is the matter of the rooms of page and API."""
    nothing = Responses(responses=(Silence(where="x", reason="refused"),))

    assert "pass" == releases.judge_whole(nothing, NOW).status
