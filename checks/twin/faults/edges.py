"""Faults of the distribution, of what it serves, and of the headers it sends."""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from checks.model import Check
from checks.twin.faults.bench import Bench
from checks.twin.faults.between.http import Onward, Raw, Reply, Tamper, Visit, answer
from checks.twin.faults.staging import Undo, at_path, broken, calls, instead, pages, told, unnoticed, visited
from checks.twin.faults.words import Fault, Unfit, View

_CDN, _SPA, _HEADERS, _NET = (
    "CloudFront configuration and routing",
    "SPA / PWA content",
    "Response security headers",
    "Network / HTTP client",
)
_GLOBAL = "us-east-1"
Config = dict[str, Any]


def configured(change: Callable[[Config], object]) -> Callable[[Bench, Check], Undo]:
    """The distribution has another configuration."""

    def make(bench: Bench, _check: Check) -> Undo:
        edges, name = bench.aws("cloudfront", _GLOBAL), bench.param("cdn.deployed", "distribution")
        before = edges.get_distribution_config(Id=name)
        other = json.loads(json.dumps(before["DistributionConfig"]))
        change(other)
        if other == before["DistributionConfig"]:
            raise Unfit("the distribution is so as it is")
        etag = edges.update_distribution(Id=name, IfMatch=before["ETag"], DistributionConfig=other)["ETag"]
        return lambda: edges.update_distribution(Id=name, IfMatch=etag, DistributionConfig=before["DistributionConfig"])

    return make


def _behaviours(config: Config, items: list[Config]) -> None:
    config["CacheBehaviors"] = {"Quantity": len(items), "Items": items}


def _of_api(config: Config) -> Config:
    found = next((each for each in config["CacheBehaviors"].get("Items", []) if "api" in each["PathPattern"]), None)
    if found is None:
        raise Unfit("the distribution has no behaviour for an API")
    return dict(found)


def _misspelt(config: Config) -> None:
    items = config["CacheBehaviors"]["Items"]
    for each in items:
        if each["PathPattern"] == _of_api(config)["PathPattern"]:
            each["PathPattern"] = "/api/v1/*"
            break


def _shadowed(config: Config) -> None:
    """A pattern for everything comes before those of the API."""
    api = _of_api(config)
    first = {**api, "PathPattern": "*", "TargetOriginId": config["DefaultCacheBehavior"]["TargetOriginId"]}
    _behaviours(config, [first, *config["CacheBehaviors"]["Items"]])


def _none_of_api(config: Config) -> None:
    _behaviours(config, [each for each in config["CacheBehaviors"]["Items"] if "api" not in each["PathPattern"]])


def _origin(config: Config, *, custom: bool) -> Config:
    for each in config["Origins"]["Items"]:
        if bool(each.get("CustomOriginConfig")) is custom:
            return dict(each) if not isinstance(each, dict) else each
    raise Unfit("the distribution has no such origin")


def _other_stage(config: Config) -> None:
    _origin(config, custom=True)["OriginPath"] = "/dev"


def _plain_origin(config: Config) -> None:
    _origin(config, custom=True)["CustomOriginConfig"]["OriginProtocolPolicy"] = "http-only"


def _errors_hidden(config: Config) -> None:
    item = {"ErrorCode": 503, "ResponsePagePath": "/index.html", "ResponseCode": "200", "ErrorCachingMinTTL": 10}
    config["CustomErrorResponses"] = {"Quantity": 1, "Items": [item]}


def _viewer(**fields: object) -> Callable[[Config], None]:
    return lambda config: config["ViewerCertificate"].update(fields)


def _allow_all(config: Config) -> None:
    config["DefaultCacheBehavior"]["ViewerProtocolPolicy"] = "allow-all"


def _read_only_api(config: Config) -> None:
    found = _of_api(config)["PathPattern"]
    for each in config["CacheBehaviors"]["Items"]:
        if each["PathPattern"] == found:
            each["AllowedMethods"] = {
                "Quantity": 2, "Items": ["GET", "HEAD"], "CachedMethods": {"Quantity": 2, "Items": ["GET", "HEAD"]},
            }  # fmt: skip


def _without_headers_policy(config: Config) -> None:
    config["DefaultCacheBehavior"].pop("ResponseHeadersPolicyId", None)


def _without_function(config: Config) -> None:
    if not config["DefaultCacheBehavior"].get("FunctionAssociations", {}).get("Quantity"):
        raise Unfit("no function is asked")
    config["DefaultCacheBehavior"]["FunctionAssociations"] = {"Quantity": 0}


def _foreign_alias(config: Config) -> None:
    config["Aliases"]["Items"].append("elsewhere.example")
    config["Aliases"]["Quantity"] += 1


def _one_alias_less(config: Config) -> None:
    config["Aliases"]["Items"] = config["Aliases"]["Items"][:1]
    config["Aliases"]["Quantity"] = 1


def object_gone(key: str) -> Callable[[Bench, Check], Undo]:
    """The site's bucket has lost an object."""

    def make(bench: Bench, _check: Check) -> Undo:
        edges, name = bench.aws("cloudfront", _GLOBAL), bench.param("cdn.deployed", "distribution")
        origin = _origin(edges.get_distribution_config(Id=name)["DistributionConfig"], custom=False)
        bucket = origin["DomainName"].partition(".s3.")[0]
        files = bench.aws("s3")
        kept = files.get_object(Bucket=bucket, Key=key)
        body, meta = kept["Body"].read(), {k: kept[k] for k in ("ContentType", "CacheControl") if k in kept}
        files.delete_object(Bucket=bucket, Key=key)
        return lambda: files.put_object(Bucket=bucket, Key=key, Body=body, **meta)

    return make


def stuck(bench: Bench, _check: Check) -> Tamper:
    """GetDistribution says InProgress."""
    name = bench.param("cdn.deployed", "distribution").encode()

    def tamper(visit: Visit, onward: Onward) -> Reply | Raw:
        reply = onward(visit)
        about = visit.service == "cloudfront" and name.decode() in visit.path
        return reply.reworded(b"<Status>Deployed</Status>", b"<Status>InProgress</Status>") if about else reply

    return tamper


# What visitors meet.


def _redirect(visit: Visit, to: str, status: int = 301) -> Reply:
    return answer(status, "", "text/html", location=to.format(host=visit.host, target=visit.target))


def redirected(to: str, status: int = 301) -> Tamper:
    """Plain HTTP is sent on to *to*."""
    return lambda visit, onward: onward(visit) if visit.secure else _redirect(visit, to, status)


def looped(visit: Visit, onward: Onward) -> Reply | Raw:
    """HTTPS leads to HTTP, which leads to HTTPS."""
    return _redirect(visit, "http://{host}{target}") if pages(visit) else onward(visit)


def header_gone(*names: str) -> Tamper:
    """Pages come without these headers."""
    return at_path(pages, lambda reply: reply.without(*names))


def header_set(**fields: str) -> Tamper:
    """Pages come with these headers."""
    return at_path(pages, lambda reply: reply.saying(**fields))


def _deep(visit: Visit) -> bool:
    """A page by its own address."""
    return pages(visit) and visit.path.strip("/") != "" and "." not in visit.path


def front_everywhere(visit: Visit, onward: Onward) -> Reply | Raw:
    """Whatever is missing is the front page."""
    reply = onward(visit)
    if pages(visit) and reply.status in {403, 404}:
        return onward(replace(visit, target="/"))
    return reply


def encoded(reply: Reply) -> Reply:
    """Compressed, without a word about it."""
    return replace(reply, body=gzip.compress(reply.body))


def delayed(seconds: float) -> Tamper:
    """Every answer takes *seconds* longer."""

    def tamper(visit: Visit, onward: Onward) -> Reply | Raw:
        time.sleep(seconds)
        return onward(visit)

    return tamper


def _cosmetic(reply: Reply) -> Reply:
    turned = tuple((name.title(), value) for name, value in reversed(reply.headers))
    return replace(reply, headers=turned)


def _cached(reply: Reply) -> Reply:
    return reply.saying(X_Cache="Hit from cloudfront", Age="30", X_Amz_Cf_Pop="CPT52-P1")


def _chunked(visit: Visit, onward: Onward) -> Reply | Raw:
    """Without a length, in chunks."""
    reply = onward(visit)
    if not pages(visit) or visit.method == "HEAD" or reply.status != 200:  # noqa: PLR2004 - a whole page
        return reply
    kept = [(name, value) for name, value in reply.headers if name.lower() not in {"content-length", "connection"}]
    head = "".join(f"{name}: {value}\r\n" for name, value in kept)
    body = reply.body
    cut = [body[at : at + 1000] for at in range(0, len(body), 1000)]
    chunks = b"".join(f"{len(each):x}\r\n".encode() + each + b"\r\n" for each in cut)
    text = f"HTTP/1.1 200 OK\r\n{head}Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n".encode("latin-1")
    return Raw(pieces=(text + chunks + b"0\r\n\r\n",))


def _hinting(visit: Visit, onward: Onward) -> Reply | Raw:
    """Early hints before the answer."""
    reply = onward(visit)
    if visit.method == "HEAD":
        return reply
    head = "".join(f"{n}: {v}\r\n" for n, v in reply.headers if n.lower() not in {"content-length", "connection"})
    hints = b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n" * 5
    said = f"HTTP/1.1 {reply.status} Said\r\n{head}Content-Length: {len(reply.body)}\r\nConnection: close\r\n\r\n"
    return Raw(pieces=(hints + said.encode("latin-1") + reply.body,))


def _new_build(reply: Reply) -> Reply:
    squeezed = b"\n".join(line.strip() for line in reply.body.splitlines())
    return replace(reply, body=squeezed).saying(Etag='"another"')


def _html(reply: Reply) -> bool:
    return "text/html" in reply.header("content-type")


@contextmanager
def edge_gone(bench: Bench) -> Iterator[View]:
    """Visitors are sent away with 503."""
    from checks.twin.faults.staging import edge_of

    tamper = instead(lambda visit: visit.secure, answer(503, "<html>capacity</html>", "text/html"))
    yield View(named=(bench.check("cdn.home").name,), edge=edge_of(bench, tamper))


_FRONT = ("cdn.*", "site.*", "release.*", "api.*", "tls.*")
_PAGES = ("cdn.*", "site.*", "release.*")

FAULTS: tuple[Fault, ...] = (
    Fault(
        id="CF-01",
        family=_CDN,
        breaks="the distribution is disabled",
        promise="cdn.deployed",
        stage=broken("cdn.deployed", configured(lambda config: config.update(Enabled=False))),
        behind=("dns.*",),
    ),
    Fault(
        id="CF-02",
        family=_CDN,
        breaks="the distribution is still being rolled out",
        promise="cdn.deployed",
        status="not_yet",
        stage=told("cdn.deployed", stuck),
        behind=("tls.*",),
        fidelity="patched",
    ),
    Fault(
        id="CF-06",
        family=_CDN,
        breaks="plain HTTP is answered with pages",
        promise="cdn.behaviour",
        stage=broken("cdn.behaviour", configured(_allow_all), containing=" *]"),
        behind=("cdn.https[*]",),
    ),
    Fault(
        id="CF-07",
        family=_CDN,
        breaks="HTTPS leads to HTTP and back",
        promise="cdn.home",
        stage=visited("cdn.home", looped),
        behind=_PAGES,
    ),
    Fault(
        id="CF-08",
        family=_CDN,
        breaks="plain HTTP is sent to another host",
        promise="cdn.https",
        stage=visited("cdn.https", redirected("https://other.example/"), every=True),
    ),
    Fault(
        id="X-CF-01",
        family=_CDN,
        breaks="plain HTTP loses its query on the way",
        promise="cdn.https",
        stage=visited("cdn.https", redirected("https://{host}/"), every=True),
    ),
    Fault(
        id="X-CF-02",
        family=_CDN,
        breaks="plain HTTP is sent on for now alone",
        promise="cdn.https",
        stage=visited("cdn.https", redirected("https://{host}{target}", 302), every=True),
    ),
    Fault(
        id="CF-09",
        family=_CDN,
        breaks="TLS 1.0 is allowed again",
        promise="cdn.viewer_certificate",
        stage=broken("cdn.viewer_certificate", configured(_viewer(MinimumProtocolVersion="TLSv1"))),
        behind=("tls.floor[*]",),
    ),
    Fault(
        id="X-CF-03",
        family=_CDN,
        breaks="a name of somebody else is an alias",
        promise="cdn.aliases",
        stage=broken("cdn.aliases", configured(_foreign_alias)),
    ),
    Fault(
        id="X-CF-04",
        family=_CDN,
        breaks="an alias is missing",
        promise="cdn.aliases",
        stage=broken("cdn.aliases", configured(_one_alias_less)),
        behind=_FRONT,
    ),
    Fault(
        id="CF-15",
        family=_CDN,
        breaks="the API's pattern is misspelt",
        promise="cdn.behaviour",
        stage=broken("cdn.behaviour", configured(_misspelt), containing="/api"),
        behind=("api.*",),
    ),
    Fault(
        id="X-CF-05",
        family=_CDN,
        breaks="a pattern for everything comes before the API's",
        promise="cdn.behaviour",
        stage=broken("cdn.behaviour", configured(_shadowed), containing="/api"),
        behind=("api.*", "cdn.*"),
    ),
    Fault(
        id="X-CF-06",
        family=_CDN,
        breaks="the API has no behaviour",
        promise="cdn.behaviour",
        stage=broken("cdn.behaviour", configured(_none_of_api), containing="/api"),
        behind=("api.*", "cdn.*"),
    ),
    Fault(
        id="CF-16",
        family=_CDN,
        breaks="the API's origin is another stage",
        promise="cdn.origins",
        stage=broken("cdn.origins", configured(_other_stage)),
        behind=("api.*",),
    ),
    Fault(
        id="CF-22",
        family=_CDN,
        breaks="the API may only be read",
        promise="cdn.behaviour",
        stage=broken("cdn.behaviour", configured(_read_only_api), containing="/api"),
        behind=("api.*",),
    ),
    Fault(
        id="CF-24",
        family=_CDN,
        breaks="an outage is shown as a success",
        promise="cdn.errors",
        stage=broken("cdn.errors", configured(_errors_hidden)),
        behind=("api.*",),
    ),
    Fault(
        id="CF-34",
        family=_CDN,
        breaks="the API is fetched over plain HTTP",
        promise="cdn.origins",
        stage=broken("cdn.origins", configured(_plain_origin)),
        behind=("api.*",),
    ),
    Fault(
        id="X-CF-07",
        family=_CDN,
        breaks="pages go without the headers policy",
        promise="cdn.behaviour",
        stage=broken("cdn.behaviour", configured(_without_headers_policy), containing=" *]"),
        behind=("cdn.headers[*]",),
    ),
    Fault(
        id="X-CF-08",
        family=_CDN,
        breaks="nothing turns addresses of pages into the application",
        promise="cdn.behaviour",
        stage=broken("cdn.behaviour", configured(_without_function), containing=" *]"),
        behind=("cdn.*",),
    ),
    Fault(
        id="CF-17",
        family=_CDN,
        breaks="the API refuses every request that comes through the edge",
        promise="api.health",
        stage=visited("api.health", instead(calls, answer(403, '{"message":"Forbidden"}'))),
        behind=("api.*",),
    ),
    Fault(
        id="CF-20",
        family=_CDN,
        breaks="the edge keeps answers of the API",
        promise="api.health",
        stage=visited(
            "api.health", at_path(calls, lambda reply: reply.saying(X_Cache="Hit from cloudfront", Age="41"))
        ),
        behind=("api.*",),
    ),
    Fault(
        id="CF-29",
        family=_CDN,
        breaks="the edge answers 503",
        promise="cdn.home",
        stage=edge_gone,
        behind=("cdn.*", "api.*"),
    ),
    Fault(
        id="CF-31",
        family=_CDN,
        breaks="a firewall rule sends visitors away",
        promise="cdn.home",
        stage=visited("cdn.home", instead(pages, answer(403, "<html>Request blocked</html>", "text/html"))),
        behind=_PAGES,
    ),
    Fault(
        id="CF-32",
        family=_CDN,
        breaks="visitors of our own country are locked out",
        promise="cdn.home",
        stage=visited("cdn.home", instead(pages, answer(403, "<html>blocked in your country</html>", "text/html"))),
        behind=("cdn.*", "release.*"),
        note="seen by whoever looks from the country that is locked out",
    ),
    Fault(
        id="CF-11",
        family=_CDN,
        breaks="the bucket behind the site is gone",
        promise="cdn.home",
        stage=visited(
            "cdn.home", instead(pages, answer(404, "<Error><Code>NoSuchBucket</Code></Error>", "application/xml"))
        ),
        behind=_PAGES,
        note="deleting the real bucket would lose the deployed site; visitors meet what it would come to",
    ),
    Fault(
        id="CF-04",
        family=_CDN,
        breaks="another site is served under our name",
        promise="cdn.canonical",
        stage=visited(
            "cdn.canonical",
            instead(
                lambda v: pages(v) and v.host.startswith("www."),
                answer(
                    200, "<!doctype html><html><head><title>Another</title></head><body>site</body></html>", "text/html"
                ),
            ),
        ),
        behind=("cdn.*",),
    ),
    Fault(
        id="X-SPA-01",
        family=_SPA,
        breaks="the front page is gone",
        promise="cdn.home",
        stage=broken("cdn.home", object_gone("index.html")),
        behind=_PAGES,
    ),
    Fault(
        id="SPA-05",
        family=_SPA,
        breaks="a page cannot be opened by its address",
        promise="cdn.page",
        stage=visited(
            "cdn.page",
            instead(_deep, answer(403, "<Error><Code>AccessDenied</Code></Error>", "application/xml")),
            every=True,
        ),
    ),
    Fault(
        id="X-SPA-02",
        family=_SPA,
        breaks="the front page stands in for a script that is missing",
        promise="cdn.missing",
        stage=visited("cdn.missing", front_everywhere),
    ),
    Fault(
        id="SPA-11",
        family=_SPA,
        breaks="pages are compressed and do not say so",
        promise="cdn.home",
        stage=visited("cdn.home", at_path(pages, encoded)),
        behind=_PAGES,
    ),
    Fault(
        id="X-SPA-03",
        family=_SPA,
        breaks="the front page ends in the middle",
        promise="cdn.home",
        stage=visited(
            "cdn.home",
            lambda visit, onward: (
                Raw(pieces=(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 90000\r\n\r\n<title>x",))
                if pages(visit)
                else onward(visit)
            ),
        ),
        behind=("cdn.*", "tls.*"),
    ),
    Fault(
        id="HDR-01",
        family=_HEADERS,
        breaks="no HSTS",
        promise="cdn.headers",
        stage=visited("cdn.headers", header_gone("strict-transport-security")),
        behind=("cdn.protected[*]",),
    ),
    Fault(
        id="HDR-02",
        family=_HEADERS,
        breaks="HSTS for five minutes",
        promise="cdn.headers",
        stage=visited("cdn.headers", header_set(Strict_Transport_Security="max-age=300")),
    ),
    Fault(
        id="X-HDR-01",
        family=_HEADERS,
        breaks="HSTS for 179 days (the limit is 180)",
        promise="cdn.headers",
        stage=visited("cdn.headers", header_set(Strict_Transport_Security=f"max-age={179 * 86400}; includeSubDomains")),
    ),
    Fault(
        id="HDR-03",
        family=_HEADERS,
        breaks="no content policy",
        promise="cdn.headers",
        stage=visited("cdn.headers", header_gone("content-security-policy")),
    ),
    Fault(
        id="X-HDR-02",
        family=_HEADERS,
        breaks="a content policy that allows everything",
        promise="cdn.headers",
        stage=visited("cdn.headers", header_set(Content_Security_Policy="default-src * 'unsafe-inline' 'unsafe-eval'")),
    ),
    Fault(
        id="HDR-04",
        family=_HEADERS,
        breaks="types may be guessed",
        promise="cdn.headers",
        stage=visited("cdn.headers", header_gone("x-content-type-options")),
        behind=("cdn.protected[*]",),
    ),
    Fault(
        id="HDR-05",
        family=_HEADERS,
        breaks="anybody may frame the site",
        promise="cdn.headers",
        stage=visited(
            "cdn.headers",
            at_path(
                pages,
                lambda reply: reply.without("x-frame-options").saying(Content_Security_Policy="default-src 'self'"),
            ),
        ),
    ),
    Fault(
        id="HDR-09",
        family=_HEADERS,
        breaks="two content policies",
        promise="cdn.headers",
        stage=visited(
            "cdn.headers", at_path(pages, lambda reply: reply.also("Content-Security-Policy", "default-src *"))
        ),
    ),
    Fault(
        id="X-B-HDR-01",
        family=_HEADERS,
        kind="benign",
        breaks="HSTS for 181 days",
        stage=unnoticed(header_set(Strict_Transport_Security=f"max-age={181 * 86400}; includeSubDomains")),
    ),
    Fault(
        id="B-NET-02",
        family=_NET,
        kind="benign",
        breaks="answers are slow, within the budget",
        stage=unnoticed(delayed(1.0)),
    ),
    Fault(
        id="B-NET-03",
        family=_NET,
        kind="benign",
        breaks="headers in another case and order",
        stage=unnoticed(at_path(lambda _: True, _cosmetic)),
    ),
    Fault(
        id="B-NET-04",
        family=_NET,
        kind="benign",
        breaks="static files come out of the cache",
        stage=unnoticed(at_path(pages, _cached)),
    ),
    Fault(id="B-NET-05", family=_NET, kind="benign", breaks="pages come in chunks", stage=unnoticed(_chunked)),
    Fault(
        id="B-NET-06",
        family=_NET,
        kind="benign",
        breaks="plain HTTP is sent on with 308",
        stage=unnoticed(redirected("https://{host}{target}", 308)),
    ),
    Fault(
        id="B-NET-08",
        family=_NET,
        kind="benign",
        breaks="early hints come before the answer",
        stage=unnoticed(_hinting),
    ),
    Fault(
        id="B-NET-11",
        family=_NET,
        kind="benign",
        breaks="a new build of the pages",
        stage=unnoticed(
            lambda visit, onward: _new_build(reply) if pages(visit) and _html(reply := onward(visit)) else onward(visit)
        ),
    ),
)
