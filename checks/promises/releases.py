"""One release: the page, the file that names the version, the API and the code of the functions are of one build."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import partial

from checks import intent
from checks.documents import NotJson, read_json
from checks.evidence import Absent, FunctionSeen, Packages, Response, Responses, Silence, digest_of
from checks.model import Check, Place, Resource, Sight, Target, Unresolved, Verdict, promise
from checks.routes import apis
from checks.wording import quote, several
from checks.world.ports import World

FUNCTION = "AWS::Lambda::Function"
_READ = ("lambda:GetFunctionConfiguration", "lambda:GetFunctionConcurrency")
_OK = 200
_COMMIT = ("git_sha", "sha", "commit", "revision", "release")
# <meta name="release" content="…">, in either order; every repetition has an end, because the text is a stranger's.
_META = re.compile(
    r"""<meta\s[^>]{0,200}?name=["']?(?:release|revision|commit|git[_-]sha)["']?[^>]{0,200}?content=["']([^"'>]{7,64})""",
    re.IGNORECASE,
)
# What functions are told their release by.
_VARIABLES = ("GIT_SHA", "COMMIT_SHA", "COMMIT", "REVISION", "RELEASE", "GIT_COMMIT")
_SHORTEST = 7


@promise(
    "release.whole",
    says="the page, its version file and the API that tell a release tell the same one",
    severity="critical",
    instrument="http",
)
def whole(*, urls: tuple[str, ...]) -> Sight:
    """Pitfalls 9 and 54: a page of yesterday calls an API of today; each of them is well by itself."""
    return Sight(look=partial(_fetch, urls=urls), judge=judge_whole)


@promise(
    "release.told",
    says="the site and the API tell which release they are",
    severity="warning",
    instrument="http",
)
def told(*, urls: tuple[str, ...]) -> Sight:
    """Pitfall 54: where nobody tells, nobody can see that half of a release was deployed."""
    return Sight(look=partial(_fetch, urls=urls), judge=judge_told)


@promise(
    "release.site",
    says="the site that is served is the release that was deployed",
    severity="critical",
    instrument="http",
)
def site(*, urls: tuple[str, ...], sha: str) -> Sight:
    """Pitfall 9: files were sent and the edge, or the bucket, still has those before."""
    return Sight(look=partial(_fetch, urls=urls), judge=partial(judge_site, sha=sha))


@promise(
    "release.code",
    says="functions and published versions that the template makes of one package run one code",
    severity="critical",
    instrument="aws",
    actions=_READ,
)
def code(*, region: str, functions: tuple[str, ...]) -> Sight:
    """AWS: code that was edited in the console keeps every setting of the template (CodeSha256 alone tells)."""
    return Sight(look=partial(_look_code, region=region, functions=functions), judge=judge_code)


@promise(
    "release.function",
    says="the function is told the release that was deployed",
    severity="critical",
    instrument="aws",
    actions=_READ,
)
def function(*, region: str, function: str, variable: str, sha: str) -> Sight:
    """Pitfall 54: a function that was left out of a deployment answers with the code of the one before."""
    judge = partial(judge_function, function=function, variable=variable, sha=digest_of(sha), shown=sha)
    return Sight(look=partial(_look_function, region=region, function=function), judge=judge)


def judge_whole(seen: Responses, _now: datetime) -> Verdict:
    """Those that tell, tell the same; one that cannot be fetched is the matter of its own room."""
    expected = "one commit, wherever one is told"
    found = dict(_told(seen))
    actual = several(f"{url}: {commit}" for url, commit in found.items())
    commits = list(found.values())
    if all(_same(commits[0], each) for each in commits[1:]):
        return Verdict.passed(expected=expected, actual=actual)
    remedy = "deploy again, all of it; then wait for the invalidation of the distribution to be completed"
    return Verdict.failed(expected=expected, actual=actual, remedy=remedy)


def judge_told(seen: Responses, _now: datetime) -> Verdict:
    """Two of them at least: a page with a meta element, a version.json, a health document."""
    expected = "a commit from two at least of page, version.json and health"
    found = dict(_told(seen))
    if len(found) > 1:
        return Verdict.passed(expected=expected, actual=several(found))
    remedy = 'write the commit into /version.json and <meta name="release"> when building, and into the health document'
    return Verdict.failed(expected=expected, actual=several(found) if found else "nobody tells", remedy=remedy)


def judge_site(seen: Responses, _now: datetime, *, sha: str) -> Verdict:
    """Every part that tells a commit tells this one, and one at least does."""
    expected = f"commit {sha}"
    remedy = "deploy again; then wait for the invalidation of the distribution to be completed"
    found = dict(_told(seen))
    other = {url: commit for url, commit in found.items() if not _same(commit, sha)}
    if found and not other:
        return Verdict.passed(expected=expected, actual=several(found))
    actual = several(f"{url}: {commit}" for url, commit in other.items()) if other else "nobody tells a commit"
    return Verdict.failed(expected=expected, actual=actual, remedy=remedy)


def judge_code(seen: Packages, _now: datetime) -> Verdict:
    """One digest of the code, of all that are there."""
    expected = f"one code for {several(name for name, _ in seen.codes)}"
    codes = {digest for _, digest in seen.codes if digest}
    gone = [name for name, digest in seen.codes if not digest]
    if len(codes) == 1 and not gone:
        return Verdict.passed(expected=expected, actual=f"one code ({min(codes)[:12]})")
    actual = (
        several([f"{name} is gone" for name in gone])
        if gone
        else several(f"{name} {digest[:12]}" for name, digest in seen.codes)
    )
    remedy = "deploy the stack again; who changed the code by hand is in CloudTrail (UpdateFunctionCode)"
    return Verdict.failed(expected=expected, actual=actual or "nothing", remedy=remedy)


def judge_function(
    seen: FunctionSeen | Absent, _now: datetime, *, function: str, variable: str, sha: str, shown: str
) -> Verdict:
    """The digest of its variable is that of the commit: values themselves are never kept."""
    expected = f"{function} with {variable} {shown}"
    remedy = "deploy the stack again with this release"
    if isinstance(seen, Absent):
        return Verdict.failed(expected=expected, actual=f"there is no function {function}", remedy=remedy)
    live = dict(seen.environment).get(variable)
    if live == sha:
        return Verdict.passed(expected=expected, actual="the same")
    actual = "another value" if live else f"no {variable}"
    return Verdict.failed(expected=expected, actual=actual, remedy=remedy)


def checks(target: Target, *, release_sha: str) -> Iterator[Check]:
    """The whole where a site has an API behind it; the code wherever a package is shared; the rest for a release."""
    health = [f"{api.url}/health" for api in apis(target) if api.behind and "/health" in api.asked()]
    urls = (f"https://{target.domain}/", f"https://{target.domain}/version.json")
    place = Place(subject=target.domain)
    if target.domain and health:
        yield whole(place, urls=(*urls, *health))
        yield told(place, urls=(*urls, *health))
        if release_sha:
            yield site(place, urls=urls, sha=release_sha)
    yield from _code(target)
    for each in target.of_type(FUNCTION) if release_sha else ():
        said = intent.part(each.properties, "Environment", "Variables")
        named = next((key for key in _VARIABLES if isinstance(said, Mapping) and key in said), "")
        if named:
            here = each.place(target.arn("lambda", each.region, f"function:{each.physical_id}"))
            yield function(here, region=each.region, function=each.physical_id, variable=named, sha=release_sha)


def _code(target: Target) -> Iterator[Check]:
    """A group of functions for each package, with the versions that were published of them."""
    groups: dict[tuple[str, str], list[Resource]] = {}
    for each in target.of_type(FUNCTION):
        key = intent.text(each.properties, "Code", "S3Key")
        if key and not isinstance(intent.part(each.properties, "Code"), Unresolved):
            groups.setdefault((each.region, key), []).append(each)
    for (region, _), members in groups.items():
        names = {each.physical_id for each in members}
        versions = [
            each
            for each in target.of_type("AWS::Lambda::Version")
            if intent.text(each.properties, "FunctionName").rpartition(":")[2] in names
        ]
        asked = (*(each.physical_id for each in members), *(each.physical_id for each in versions))
        if len(asked) > 1:
            first = members[0]
            place = Place(
                subject=first.subject,
                stack=first.stack,
                region=region,
                covers=tuple(each.logical_id for each in (*members, *versions)),
                resources=tuple(_arn(target, region, name) for name in asked),
            )
            yield code(place, region=region, functions=asked)


def _arn(target: Target, region: str, name: str) -> str:
    return name if name.startswith("arn:") else target.arn("lambda", region, f"function:{name}")


def _told(seen: Responses) -> Iterator[tuple[str, str]]:
    for each in seen.responses:
        if isinstance(each, Response) and each.status == _OK and (commit := _commit(each)):
            yield each.url, quote(commit, 64)


def _commit(response: Response) -> str:
    """The commit that a document names: a JSON object by one of several keys, a page by its meta element."""
    read = read_json(response)
    if isinstance(read, Mapping):
        named = (read.get(key) for key in _COMMIT)
        return next((each for each in named if isinstance(each, str) and each), "")
    found = _META.search(response.body) if isinstance(read, NotJson) else None
    return found[1] if found else ""


def _same(one: str, other: str) -> bool:
    shorter, longer = sorted((one, other), key=len)
    return one == other or (len(shorter) >= _SHORTEST and longer.startswith(shorter))


def _fetch(world: World, *, urls: tuple[str, ...]) -> Responses:
    answers: list[Response | Silence] = [world.http.fetch(url) for url in urls]
    return Responses(responses=tuple(answers))


def _look_code(world: World, *, region: str, functions: tuple[str, ...]) -> Packages:
    return Packages(codes=tuple((each, _code_of(world, region, each)) for each in functions))


def _code_of(world: World, region: str, name: str) -> str:
    if name.startswith("arn:"):
        version = world.aws.described("AWS::Lambda::Version", region, name)
        return "" if isinstance(version, Absent) else dict(version.words).get("code", "")
    found = world.aws.function(region, name)
    return "" if isinstance(found, Absent) else found.code_sha256


def _look_function(world: World, *, region: str, function: str) -> FunctionSeen | Absent:
    return world.aws.function(region, function)


PROMISES = (whole, told, site, code, function)
