"""Faults of what a page is made of, of how long it is kept, and of what is served beside it; and of an unsteady API."""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from checks.twin.faults.bench import Bench
from checks.twin.faults.between.http import Onward, Raw, Reply, Tamper, Visit, answer
from checks.twin.faults.staging import (
    at_path,
    calls,
    edge_of,
    everything,
    health,
    instead,
    pages,
    unnoticed,
    visited,
)
from checks.twin.faults.words import Fault, View

_SPA, _HEALTH, _HEADERS = "SPA / PWA content", "Health endpoint", "Response security headers"
_SITE = ("site.*", "cdn.headers[*]")


def _script(visit: Visit) -> bool:
    return pages(visit) and visit.path.endswith((".js", ".mjs"))


def _missing(reply: Reply) -> Reply:
    """What is there is not; what nobody has ever made is refused as before."""
    return answer(404, "<html>missing</html>", "text/html") if reply.status == 200 else reply  # noqa: PLR2004 - OK


def _page(reply: Reply) -> bool:
    return "text/html" in reply.header("content-type")


def _for_a_year(reply: Reply) -> Reply:
    return reply.saying(Cache_Control="public, max-age=31536000, immutable") if _page(reply) else reply


def _from_elsewhere(reply: Reply) -> Reply:
    named = b'<script src="http://cdn.elsewhere.example/metrics.js"></script></head>'
    return replace(reply, body=reply.body.replace(b"</head>", named)) if _page(reply) else reply


def _setting(cookie: str) -> Callable[[Reply], Reply]:
    return lambda reply: reply.also("Set-Cookie", cookie)


def _unlisted(reply: Reply) -> Reply:
    named = b'<meta name="robots" content="noindex, nofollow"></head>'
    return replace(reply, body=reply.body.replace(b"</head>", named)) if _page(reply) else reply


def _of_another_api(reply: Reply) -> Reply:
    """A script that was built for another stage."""
    named = b'\nconst elsewhere = "https://a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com/prod";\n'
    return replace(reply, body=reply.body + named) if reply.status == 200 else reply  # noqa: PLR2004 - OK


def _asked_for(path: str) -> Callable[[Visit], bool]:
    return lambda visit: pages(visit) and visit.path == path


def _config(pool: str) -> Reply:
    return answer(200, json.dumps({"userPoolId": pool, "apiUrl": "/api"}))


@contextmanager
def _own_config(bench: Bench) -> Iterator[View]:
    """The site says at run time which pool it was built with, and it is the right one."""
    config = _config(bench.param("auth.pool", "pool"))
    yield View(edge=edge_of(bench, instead(_asked_for("/config.json"), config)))


def unsteady(bad: int, of: int) -> Tamper:
    """Of so many answers to the question how the API is, *bad* are 503, spread evenly."""
    count, turn = itertools.count(), threading.Lock()

    def tamper(visit: Visit, onward: Onward) -> Reply | Raw:
        if not health(visit):
            return onward(visit)
        with turn:
            number = next(count)
        return answer(503, '{"status": "busy"}') if number * bad % of < bad else onward(visit)

    return tamper


_LIST = '<?xml version="1.0"?><ListBucketResult><Name>site</Name><Key>index.html</Key></ListBucketResult>'

FAULTS: tuple[Fault, ...] = (
    Fault(
        id="SPA-02",
        family=_SPA,
        breaks="the front page is kept for a year",
        promise="site.cache",
        stage=visited("site.cache", at_path(pages, _for_a_year)),
        behind=_SITE,
    ),
    Fault(
        id="SPA-03",
        family=_SPA,
        breaks="a script that the page names is missing",
        promise="site.assets",
        stage=visited("site.assets", at_path(_script, _missing)),
        behind=_SITE,
    ),
    Fault(
        id="SPA-13",
        family=_SPA,
        breaks="the page fetches over plain HTTP",
        promise="site.foreign",
        stage=visited("site.foreign", at_path(pages, _from_elsewhere)),
        behind=_SITE,
    ),
    Fault(
        id="SPA-15",
        family=_SPA,
        breaks="files of development are served",
        promise="site.hidden",
        stage=visited(
            "site.hidden",
            instead(lambda visit: visit.path == "/.env", answer(200, "PASSWORD=let-me-in", "application/octet-stream")),
        ),
        behind=_SITE,
    ),
    Fault(
        id="SPA-16",
        family=_SPA,
        breaks="the bucket lists its objects",
        promise="site.listing",
        stage=visited(
            "site.listing",
            instead(lambda visit: pages(visit) and "list-type" in visit.target, answer(200, _LIST, "application/xml")),
        ),
        behind=_SITE,
    ),
    Fault(
        id="SPA-10",
        family=_SPA,
        breaks="the built site names another user pool",
        promise="site.configured",
        stage=visited("site.configured", instead(_asked_for("/config.json"), _config("eu-west-1_Elsewhere"))),
        behind=_SITE,
    ),
    Fault(
        id="X-SPA-04",
        family=_SPA,
        breaks="the built site calls the API of another stage",
        promise="site.configured",
        stage=visited("site.configured", at_path(_script, _of_another_api)),
        behind=_SITE,
    ),
    Fault(
        id="X-B-SPA-01",
        kind="benign",
        family=_SPA,
        breaks="the site is told at run time which user pool is its own",
        stage=_own_config,
    ),
    Fault(
        id="SPA-14",
        family=_SPA,
        breaks="the page asks search engines to stay away",
        promise="site.engines",
        stage=visited(
            "site.engines",
            instead(_asked_for("/robots.txt"), answer(200, "User-agent: *\nDisallow: /\n", "text/plain")),
        ),
    ),
    Fault(
        id="X-SPA-05",
        family=_SPA,
        breaks="a header asks search engines to stay away",
        promise="site.engines",
        stage=visited("site.engines", at_path(pages, lambda reply: reply.saying(X_Robots_Tag="noindex"))),
    ),
    Fault(
        id="X-SPA-06",
        family=_SPA,
        breaks="an element of the page asks search engines to stay away",
        promise="site.engines",
        stage=visited("site.engines", at_path(pages, _unlisted)),
    ),
    Fault(
        id="HDR-06",
        family=_HEADERS,
        breaks="cookies without protection",
        promise="cdn.cookies",
        stage=visited("cdn.cookies", at_path(pages, _setting("sid=1")), every=True),
    ),
    Fault(
        id="X-HDR-04",
        family=_HEADERS,
        breaks="a cookie of the API goes to every site that embeds it",
        promise="api.cookies",
        stage=visited("api.cookies", at_path(calls, _setting("sid=1; Path=/; Secure; HttpOnly; SameSite=None"))),
    ),
    Fault(
        id="X-B-HDR-02",
        kind="benign",
        family=_HEADERS,
        breaks="a session that is kept as it should be",
        stage=unnoticed(at_path(everything, _setting("__Host-sid=1; Path=/; Secure; HttpOnly; SameSite=Lax"))),
    ),
    Fault(
        id="HLT-16",
        family=_HEALTH,
        breaks="three calls of ten fail",
        promise="api.steady",
        stage=visited("api.steady", unsteady(3, 10)),
        behind=("api.*",),
        note="what is tried again passes; nine samples see 30 %, 29 see 10 %, 59 see 5 % with 95 % confidence",
    ),
)
