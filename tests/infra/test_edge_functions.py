"""The functions that run at the edge, executed by Node on the very source that is deployed."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest

from khaya_infra.edge import api_function_source, site_function_source
from khaya_infra.toolchain import find_tools

# CloudFront's limit for the code of one function, in bytes.
LARGEST = 10 * 1024

PAGES = ("/", "/jobs", "/jobs/", "/jobs/3f2b", "/how-it-works", "/jobs/a.b/", "/apis", "/a%20b")
FILES = (
    "/index.html", "/version.json", "/assets/app.0123456789ab.js", "/favicon.ico", "/jobs/photo.png",
    "/assets/nope", "/assets/", "/assets", "/icons/x", "/.well-known/security", "/api", "/api/", "/api/health",
)  # fmt: skip


def run_all(source: str, requests: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What the function makes of each request; one Node for all of them."""
    call = "(request) => handler({ version: '1.0', context: { eventType: 'viewer-request' }, request })"
    program = f"{source}\nprocess.stdout.write(JSON.stringify({json.dumps(requests)}.map({call})));"
    done = subprocess.run([find_tools().node, "-e", program], capture_output=True, text=True, check=True)
    answers: list[dict[str, Any]] = json.loads(done.stdout)
    return answers


def request(uri: str, *, host: str = "khaya.example", query: dict[str, Any] | None = None) -> dict[str, Any]:
    """A viewer's request as CloudFront hands it to a function."""
    return {
        "method": "GET",
        "uri": uri,
        "querystring": query or {},
        "headers": {"host": {"value": host}},
        "cookies": {},
    }


@pytest.fixture(scope="module")
def site() -> str:
    """Source of the site's function for the test domain."""
    return site_function_source("khaya.example")


def test_pages_become_the_application_and_files_stay_files(site: str) -> None:
    """A04, pitfall 11, 18: only what has no ending, and is neither API nor asset, is a page."""
    answers = run_all(site, [request(uri) for uri in (*PAGES, *FILES)])

    assert dict.fromkeys(PAGES, "/index.html") | {uri: uri for uri in FILES} == {
        uri: answer["uri"] for uri, answer in zip((*PAGES, *FILES), answers, strict=True)
    }


def test_the_rest_of_a_request_is_left_alone(site: str) -> None:
    """Headers and query reach the origin as they came."""
    asked = request("/jobs", query={"page": {"value": "2"}})
    (answer,) = run_all(site, [asked])

    assert {**asked, "uri": "/index.html"} == answer


@pytest.mark.parametrize(
    ("uri", "query", "location"),
    (
        ("/", {}, "https://khaya.example/"),
        ("/jobs/3f2b", {}, "https://khaya.example/jobs/3f2b"),
        ("/jobs", {"page": {"value": "2"}}, "https://khaya.example/jobs?page=2"),
        ("/jobs", {"a": {"value": "1", "multiValue": [{"value": "1"}, {"value": "2"}]}}, "https://khaya.example/jobs?a=1&a=2"),
        ("/jobs", {"flag": {"value": ""}}, "https://khaya.example/jobs?flag"),
        ("/jobs", {"q": {"value": "a%26b"}}, "https://khaya.example/jobs?q=a%26b"),
    ),
)  # fmt: skip
def test_www_leads_to_the_apex_for_good(site: str, uri: str, query: dict[str, Any], location: str) -> None:
    """A29: path and query come along."""
    (answer,) = run_all(site, [request(uri, host="www.khaya.example", query=query)])

    assert (301, location) == (answer["statusCode"], answer["headers"]["location"]["value"])


@pytest.mark.parametrize(
    "host", ("khaya.example", "KHAYA.EXAMPLE", "d111111abcdef8.cloudfront.net", "notkhaya.example")
)
def test_other_hosts_are_not_redirected(site: str, host: str) -> None:
    """The apex itself, the distribution's own name, and a name that only ends alike."""
    (answer,) = run_all(site, [request("/jobs", host=host)])

    assert "/index.html" == answer["uri"]


def test_a_redirect_never_leaves_the_domain(site: str) -> None:
    """A path that begins with two slashes is still a path of ours."""
    (answer,) = run_all(site, [request("//evil.example/", host="www.khaya.example")])

    assert "https://khaya.example//evil.example/" == answer["headers"]["location"]["value"]


def test_the_api_never_sees_its_prefix() -> None:
    """A02: /api goes once, and only as a whole word; the root keeps it, since a bare / is the site's first page."""
    uris = {
        "/api": "/api",
        "/api/": "/api/",
        "/api/health": "/health",
        "/api/jobs/3f2b": "/jobs/3f2b",
        "/api/api/x": "/api/x",
        "/apis": "/apis",
        "/x/api/y": "/x/api/y",
    }
    answers = run_all(api_function_source(), [request(uri) for uri in uris])

    assert list(uris.values()) == [answer["uri"] for answer in answers]


@pytest.mark.parametrize(
    "source", (site_function_source("projectkhaya.co.za"), api_function_source()), ids=["site", "api"]
)
def test_functions_fit_into_the_edge(source: str) -> None:
    """CloudFront refuses more than 10 KB, and knows neither modules nor the network."""
    assert len(source.encode()) < LARGEST
    assert not {"require(", "import ", "fetch("} & {
        word for word in ("require(", "import ", "fetch(") if word in source
    }
