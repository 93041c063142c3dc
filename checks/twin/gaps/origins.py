"""Where CloudFront fetches from."""

from __future__ import annotations

import functools
import os
import re
from http import HTTPStatus

from checks.twin.gaps.patching import Function, Grounds, Untyped, replace, service, store

_FETCH = ("bucket_name", "key", "method", "headers", "source_arn", "oai_id")


def route_api_origins_to_this_emulator(_: Grounds) -> None:
    """An `execute-api` origin is dialled at this emulator, which is what answers for it here.

    MiniStack refuses every AWS-owned origin host, its own APIs included, so that no request can reach the real AWS.
    Other AWS hosts stay refused.
    """
    cloudfront = service("services.cloudfront")
    host = _host_of_api()

    def here(original: Function) -> Function:
        def connect_target(origin: dict[str, Untyped], viewer_is_https: bool) -> tuple[str, int, bool]:  # noqa: FBT001
            name, port, use_https = original(origin, viewer_is_https)
            if host.fullmatch(name.rstrip(".").lower()):
                return "127.0.0.1", int(os.environ["GATEWAY_PORT"]), True
            return name, port, use_https

        return connect_target

    replace(cloudfront, "_origin_connect_target", ("origin", "viewer_is_https"), here)


def fetch_from_buckets_over_tls(_: Grounds) -> None:
    """A bucket policy sees a CloudFront fetch as made over TLS, as CloudFront makes it under origin access control.

    MiniStack fetches in process and leaves `aws:SecureTransport` as the viewer's hop left it, false for plain HTTP,
    so that a bucket that enforces TLS would refuse its own distribution.
    """
    s3, evaluator = service("services.s3"), service("core.iam_evaluator")
    request_origin = store(evaluator, "_request_origin")

    def over_tls(original: Function) -> Function:
        def fetch(*args: Untyped, **kwargs: Untyped) -> Untyped:
            before = request_origin.set((request_origin.get()[0], True))
            try:
                return original(*args, **kwargs)
            finally:
                request_origin.reset(before)

        return fetch

    replace(s3, "serve_cloudfront_origin_fetch", _FETCH, over_tls)


def tell_a_missing_key_to_those_who_may_list(_: Grounds) -> None:
    """A key that is not there is 404 for a distribution that may list the bucket, and 403 for one that may not.

    S3 tells only those who could find out by themselves (API reference, GetObject). MiniStack answers 403 always, so
    that a site whose policy grants the listing would show the wrong page for a missing file.
    """
    s3, evaluator = service("services.s3"), service("core.iam_evaluator")
    policies, may_read = store(s3, "_bucket_policies"), store(s3, "_cloudfront_origin_allows")

    def may_list(owner: str, bucket: str, distribution: str) -> bool:
        context = evaluator.EvalContext(
            principal_arn="*", principal_type="Service", principal_account="", action="s3:ListBucket",
            resource_arn=f"arn:aws:s3:::{bucket}", region=s3.get_region(),
            service_context={"aws:sourcearn": distribution},
        )  # fmt: skip
        policy = policies.get_scoped(owner, None, bucket)
        asked = evaluator.evaluate_resource_policy(policy, context, service="cloudfront.amazonaws.com")
        return bool(distribution and asked.decision == "Allow")

    def missing(bucket: str, key: str, distribution: str) -> bool:
        owner = s3._bucket_owner_account(bucket) or s3.get_account_id()  # noqa: SLF001
        there = key in s3._ensure_bucket(bucket)["objects"]  # noqa: SLF001
        return not there and may_read(owner, bucket, key, distribution, "") and may_list(owner, bucket, distribution)

    def telling(original: Function) -> Function:
        def fetch(bucket_name: str, key: str, method: str, headers: Untyped, **who: str) -> Untyped:
            answer = original(bucket_name, key, method, headers, **who)
            if answer[0] == HTTPStatus.FORBIDDEN and missing(bucket_name, key, who.get("source_arn", "")):
                read = s3._head_object if method == "HEAD" else s3._get_object  # noqa: SLF001
                status, told, body = read(bucket_name, key, headers, {})
                return status, told, b"" if method == "HEAD" else body
            return answer

        return fetch

    replace(s3, "serve_cloudfront_origin_fetch", _FETCH, telling)


def refuse_a_foreign_host_at_api_origins(_: Grounds) -> None:
    """An API's endpoint answers 403 to a Host that is not its own.

    API Gateway does when a distribution forwards the viewer's Host; MiniStack would take the request for one to
    another service.
    """
    cloudfront = service("services.cloudfront")
    host_of_api = _host_of_api()

    def forbidding(original: Function) -> Function:
        def forward(origin: dict[str, Untyped], *args: Untyped) -> Untyped:
            name = origin["domain_name"].lower()
            host = args[headers_at - 1].get("host", name)
            if host_of_api.fullmatch(name) and host.lower() != name:
                told = [("content-type", "application/json"), ("x-amzn-errortype", "ForbiddenException")]
                return 403, "Forbidden", told, b'{"message":"Forbidden"}'
            return original(origin, *args)

        return forward

    parameters = (
        "origin", "method", "uri", "query_string", "headers", "body", "viewer_is_https", "client_ip",
        "viewer_x_forwarded_for",
    )  # fmt: skip
    headers_at = parameters.index("headers")
    replace(cloudfront, "_forward_to_origin", parameters, forbidding)


def read_authorities_once(_: Grounds) -> None:
    """Whom the edge trusts is read when it first fetches from an origin over TLS, not at each fetch.

    MiniStack reads all of the system's authorities for each of them, a twelfth of what a busy twin does.
    """
    replace(service("services.cloudfront"), "_origin_ssl_context", (), functools.cache)


def _host_of_api() -> re.Pattern[str]:
    return re.compile(rf"[a-z0-9]+\.execute-api\.{re.escape(os.environ['MINISTACK_HOST'])}")
