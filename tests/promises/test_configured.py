from __future__ import annotations

from typing import Any

import pytest

from checks.evidence import Asset, Mention, Mentions, Response
from checks.identifiers import API, CLIENT, DOMAIN, IDENTITIES, POOL, REGION
from checks.promises import configured
from tests.promises.worlds import APEX, NOW, planned, resource, response, silence, site, target, world
from tests.promises.worlds import REGION as HOME

OWN_POOL = f"{HOME}_aB3dE6gH9"
OWN_CLIENT = "1h57kf5cpq17m0eml12example"
KNOWN = ((POOL, OWN_POOL), (CLIENT, OWN_CLIENT), (API, "api1"), (REGION, HOME))
PAGE = Asset(url=f"https://{APEX}/", status=200, type="text/html", cache="", complete=True, page=True, listing=False)


def _judged(*mentions: tuple[str, str], **changes: Any) -> Any:  # noqa: ANN401
    named = tuple(Mention(kind=kind, id=found, url=f"https://{APEX}/app.js") for kind, found in mentions)
    given: dict[str, Any] = {"page": PAGE, "read": 2, "mentions": named}
    seen = Mentions(**given | changes)
    return configured.judge_configured(seen, NOW, known=KNOWN)


@pytest.mark.parametrize(
    ("mentions", "status"),
    (
        pytest.param((), "pass", id="names nothing"),
        pytest.param(KNOWN, "pass", id="names its own"),
        pytest.param(((POOL, "eu-west-1_aB3dE6gH9"),), "fail", id="another pool"),
        pytest.param((*KNOWN, (CLIENT, "2h57kf5cpq17m0eml12example")), "fail", id="another client beside its own"),
        pytest.param(((API, "api2"),), "fail", id="another API"),
        pytest.param(((REGION, "eu-west-1"),), "fail", id="another region"),
        pytest.param(((DOMAIN, "shop"), (IDENTITIES, f"{HOME}:x")), "pass", id="kinds that the deployment has none of"),
    ),
)
def test_what_the_site_names_is_of_this_deployment(mentions: tuple[tuple[str, str], ...], status: str) -> None:
    """AWS: a token of another pool is refused everywhere; another stage's API works, with its data."""
    assert status == _judged(*mentions).status


def test_without_a_page_nothing_is_proven() -> None:
    """Silence, an error and a file in the page's place are no site."""
    pages = (silence(), Asset(**_plain(PAGE, status=403)), Asset(**_plain(PAGE, page=False)))
    verdicts = [_judged(page=each) for each in pages]

    assert ["fail"] * 3 == [each.status for each in verdicts]
    assert [
        f"{APEX}:443: connection refused",
        f"https://{APEX}/ is 403",
        f"https://{APEX}/ is 200 and no page",
    ] == [each.actual for each in verdicts]


def test_what_the_site_names_of_its_own_is_told() -> None:
    """Of other kinds nothing is known, so nothing is said."""
    assert f"API api1, region {HOME} in 2 documents" == _judged((REGION, HOME), (DOMAIN, "shop"), (API, "api1")).actual
    assert "none in 2 documents" == _judged((DOMAIN, "shop")).actual


def _plain(one: Asset, **changes: Any) -> dict[str, Any]:  # noqa: ANN401
    names = ("url", "status", "type", "cache", "complete", "page", "listing")
    return {name: getattr(one, name) for name in names} | changes


def test_what_was_not_read_is_told() -> None:
    """A script longer than a look reads may name anything further down."""
    verdict = _judged(unread=("the rest of app.js",))

    assert "pass" == verdict.status
    assert "the rest of app.js" in verdict.expected


def _known(*resources: Any, **changes: Any) -> Any:  # noqa: ANN401
    return planned(configured.checks(site(*resources, **changes)))[f"site.configured[{APEX}]"].params["known"]


def test_own_ids_are_those_of_resources_and_of_whatever_the_template_names() -> None:
    """A pool that was made elsewhere is named where it is trusted."""
    pool = resource("AWS::Cognito::UserPool", subject="Pool", physical_id=OWN_POOL)
    client = resource("AWS::Cognito::UserPoolClient", subject="Client", physical_id=OWN_CLIENT)
    trusting = resource(
        "AWS::ApiGatewayV2::Authorizer",
        {
            "JwtConfiguration": {
                "Audience": ["a" * 13 + "1" * 13],
                "Issuer": "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_eLsewhere",
            }
        },
        subject="Trusting",
    )

    assert {
        *KNOWN,
        (POOL, "eu-west-1_eLsewhere"),
        (CLIENT, "a" * 13 + "1" * 13),
    } == set(_known(pool, client, trusting))


def test_a_bucket_may_be_in_another_region() -> None:
    """Where a page puts files it is told of by a region as well."""
    pool = resource("AWS::Cognito::UserPool", subject="Pool", physical_id=OWN_POOL)
    bucket = resource("AWS::S3::Bucket", subject="Files", stack="Far", region="eu-west-1")

    assert {HOME, "eu-west-1"} == {found for kind, found in _known(pool, bucket) if kind == REGION}


def test_a_target_without_all_that_is_not_asked() -> None:
    """There is nothing that an id could be compared with, or nowhere that it could stand."""
    assert {} == planned(configured.checks(target(domain=APEX)))
    assert {} == planned(configured.checks(target(resource("AWS::Cognito::UserPool", physical_id=OWN_POOL))))


def _site_of(files: dict[str, Response]) -> Any:  # noqa: ANN401
    def fetch(url: str, headers: Any = None) -> object:  # noqa: ANN401
        path = url.removeprefix(f"https://{APEX}")
        return files.get(f"{path} {headers['range']}" if headers else path, response(403, "<Error/>", url=url))

    return world({("fetch",): fetch})


def _look(files: dict[str, Response]) -> Mentions:
    check = planned(configured.checks(site()))[f"site.configured[{APEX}]"]
    seen = check.sight.look(_site_of(files))
    assert isinstance(seen, Mentions)
    return seen


def _file(path: str, body: str, **more: Any) -> dict[str, Response]:  # noqa: ANN401
    return {path.partition(" ")[0] if "range" not in more else path: response(200, body, url=f"https://{APEX}{path}")}


HTML = '<!doctype html><script src="/app.js"></script><script src="https://else.test/x.js"></script>'


def test_the_page_its_scripts_and_what_they_fetch_are_read() -> None:
    """Not what others serve; and a usual place is looked into whether or not it is seen to be named."""
    seen = _look(
        _file("/", f"{HTML}<script>pool = '{OWN_POOL}'</script>")
        | _file("/app.js", 'fetch("./runtime-config.json"); fetch("https://else.test/config.json")')
        | _file("/runtime-config.json", '{"region": "eu-west-1"}')
        | _file("/config.json", f'{{"clientId": "{OWN_CLIENT}"}}')
    )

    assert 4 == seen.read
    assert {
        (POOL, OWN_POOL, "/"),
        (REGION, "eu-west-1", "/runtime-config.json"),
        (CLIENT, OWN_CLIENT, "/config.json"),
    } == {(each.kind, each.id, each.url.removeprefix(f"https://{APEX}")) for each in seen.mentions}


def test_a_long_script_is_read_to_its_end() -> None:
    """A bundle is longer than a look reads, so the rest is asked for in pieces that overlap."""
    long = response(
        200, "x" * 65_536, url=f"https://{APEX}/app.js", capped=True, headers=(("content-length", "100000"),)
    )
    rest = response(206, f'"{OWN_POOL}"')
    files = _file("/", HTML) | {"/app.js": long, "/app.js bytes=65280-130815": rest}

    assert [(POOL, OWN_POOL)] == [(each.kind, each.id) for each in _look(files).mentions]
    assert () == _look(files).unread
    files["/app.js bytes=65280-130815"] = long
    assert (f"the rest of https://{APEX}/app.js",) == _look(files).unread
    del files["/app.js bytes=65280-130815"]
    assert (f"the rest of https://{APEX}/app.js",) == _look(files).unread


def test_a_silent_site_is_told_as_silence() -> None:
    """And an error page names what it names, yet is no site."""
    check = planned(configured.checks(site()))[f"site.configured[{APEX}]"]

    assert silence() == check.sight.look(world({("fetch",): silence()})).page  # type: ignore[attr-defined]
