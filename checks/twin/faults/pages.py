"""Faults of what a page is made of, of how long it is kept, and of what is served beside it; and of an unsteady API."""

from __future__ import annotations

import itertools
import threading
from dataclasses import replace

from checks.twin.faults.between.http import Onward, Raw, Reply, Tamper, Visit, answer
from checks.twin.faults.staging import at_path, health, instead, pages, visited
from checks.twin.faults.words import Fault

_SPA, _HEALTH = "SPA / PWA content", "Health endpoint"
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
        id="HLT-16",
        family=_HEALTH,
        breaks="three calls of ten fail",
        promise="api.steady",
        stage=visited("api.steady", unsteady(3, 10)),
        behind=("api.*",),
        note="what is tried again passes; nine samples see 30 %, 29 see 10 %, 59 see 5 % with 95 % confidence",
    ),
)
