"""What CloudFront's viewers are told, and its configuration's readers."""

from __future__ import annotations

import contextvars
import functools

from checks.twin.gaps.patching import Function, Grounds, Untyped, replace, service

VIEWER_REQUEST = (
    "dist", "method", "path", "raw_uri", "raw_query_string", "headers", "body", "query_params", "client_ip",
)  # fmt: skip
_VIEWER_HOST = "x-twin-viewer-host"
# What CloudFront fills in (CloudFormation reference of AWS::CloudFront::Distribution, "Default").
_BEHAVIOUR = {
    "AllowedMethods": ["GET", "HEAD"],
    "CachedMethods": ["GET", "HEAD"],
    "Compress": False,
    "SmoothStreaming": False,
}
_CUSTOM_ORIGIN = {"HTTPPort": 80, "HTTPSPort": 443, "OriginReadTimeout": 30, "OriginKeepaliveTimeout": 5}


def believe_the_edge_about_the_viewer(_: Grounds) -> None:
    """A distribution sees the host name that the viewer asked for.

    MiniStack finds a distribution by its own domain alone; the edge therefore calls it by that and names the viewer's
    host beside, which functions, redirects and forwarding policies must see.
    """
    cloudfront = service("services.cloudfront")

    def as_the_viewer_said(original: Function) -> Function:
        async def handle(*args: Untyped) -> Untyped:
            told = dict(args[headers_at])
            told["host"] = told.pop(_VIEWER_HOST, told.get("host", ""))
            return await original(*args[:headers_at], told, *args[headers_at + 1 :])

        return handle

    headers_at = VIEWER_REQUEST.index("headers")
    replace(cloudfront, "handle_viewer_request", VIEWER_REQUEST, as_the_viewer_said)


def allow_reading_methods_by_default(_: Grounds) -> None:
    """A behaviour that lists no methods allows GET and HEAD.

    That is CloudFront's default; MiniStack enforces nothing then, so that a POST would pass here and not on AWS.
    """
    cloudfront = service("services.cloudfront")

    def defaulting(original: Function) -> Function:
        def check(behavior: dict[str, Untyped], method: str) -> Untyped:
            return original({**behavior, "allowed_methods": behavior.get("allowed_methods") or ["GET", "HEAD"]}, method)

        return check

    replace(cloudfront, "_check_allowed_methods", ("behavior", "method"), defaulting)


def show_functions_the_root_as_it_was_asked(_: Grounds) -> None:
    """A viewer-request function sees `/`; the default root object is put in its place on the way to the origin.

    MiniStack puts it there before the function runs, and a redirect that a function makes of the path then leads to
    `/index.html`.
    """
    cloudfront = service("services.cloudfront")
    root_object: contextvars.ContextVar[str] = contextvars.ContextVar("root_object", default="")

    def postponed(_original: Function) -> Function:
        def apply(default_root_object: str, request_uri: str) -> str:
            root_object.set(default_root_object)
            return request_uri

        return apply

    def applied(original: Function) -> Function:
        async def fetch(origin: Untyped, method: str, uri: str, *args: Untyped) -> Untyped:
            wanted = f"/{root_object.get()}" if uri == "/" and root_object.get() else uri
            return await original(origin, method, wanted, *args)

        return fetch

    parameters = (
        "origin", "method", "uri", "query_string", "headers", "body", "viewer_is_https", "client_ip", "viewer_xff",
        "dist_arn",
    )  # fmt: skip
    replace(cloudfront, "_apply_default_root_object", ("default_root_object", "request_uri"), postponed)
    replace(cloudfront, "_fetch_from_origin", parameters, applied)


def read_configurations_once(_: Grounds) -> None:
    """A distribution's configuration is read when it is another, not at each request.

    MiniStack parses all of its XML for each page that a viewer asks for, a tenth of what a busy twin does. Nobody
    writes to what was read.
    """
    cloudfront = service("services.cloudfront")

    def once(original: Function) -> Function:
        @functools.lru_cache(maxsize=64)
        def read(config_xml: Untyped) -> Untyped:
            return original({"config_xml": config_xml})

        return lambda dist: read(dist.get("config_xml"))

    replace(cloudfront, "parse_distribution_dataplane_config", ("dist",), once)


def tell_a_redirect_from_an_error(_: Grounds) -> None:
    """A redirect to HTTPS is marked `Redirect from cloudfront`.

    MiniStack marks it as an error, and whoever counts errors by that header would count every plain visitor.
    """
    cloudfront = service("services.cloudfront")

    def marked(original: Function) -> Function:
        def check(*args: Untyped) -> Untyped:
            response = original(*args)
            if response is not None and "Location" in response[1]:
                response[1]["X-Cache"] = "Redirect from cloudfront"
            return response

        return check

    parameters = ("behavior", "method", "viewer_is_https", "request_uri", "query_string", "headers")
    replace(cloudfront, "_check_viewer_protocol_policy", parameters, marked)


def complete_configurations_of_stacks(_: Grounds) -> None:
    """A distribution that CloudFormation made has every member that the API requires, with CloudFront's defaults.

    MiniStack keeps only what the template says, and an SDK then refuses to send back what it has just read.
    """
    cloudfront = service("services.cloudfront")

    def completed(original: Function) -> Function:
        def config_xml(config: dict[str, Untyped]) -> Untyped:
            return original(_completed(config))

        return config_xml

    replace(cloudfront, "_distribution_config_xml", ("config",), completed)


def _completed(config: dict[str, Untyped]) -> dict[str, Untyped]:
    whole = {"Comment": "", "PriceClass": "PriceClass_All", "HttpVersion": "http1.1", **config}
    whole["Origins"] = [_completed_origin(origin) for origin in config.get("Origins") or []]
    for name in ("DefaultCacheBehavior", "CacheBehaviors"):
        if isinstance(config.get(name), dict):
            whole[name] = {**_BEHAVIOUR, **config[name]}
        elif config.get(name):
            whole[name] = [{**_BEHAVIOUR, **behaviour} for behaviour in config[name]]
    return whole


def _completed_origin(origin: dict[str, Untyped]) -> dict[str, Untyped]:
    whole = {"OriginPath": "", "ConnectionAttempts": 3, "ConnectionTimeout": 10, **origin}
    if "CustomOriginConfig" in origin:
        whole["CustomOriginConfig"] = {**_CUSTOM_ORIGIN, **origin["CustomOriginConfig"]}
    return whole
