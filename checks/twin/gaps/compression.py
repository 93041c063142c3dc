"""What CloudFront does to a body on its way out."""

from __future__ import annotations

import contextvars
import gzip
import re

from checks.twin.gaps.patching import Function, Grounds, Untyped, replace, service, store
from checks.twin.gaps.viewers import VIEWER_REQUEST

# CloudFront developer guide, "Serving compressed files": the sizes between which a body is compressed.
_SMALLEST, _LARGEST = 1_000, 10_000_000
_STATUSES = (200, 403, 404)
# The same page, "File types that CloudFront compresses", as far as sites and APIs send them.
_TYPES = re.compile(
    r"text/(html|css|plain|javascript|js|xml|csv|markdown|richtext|cache-manifest|x-component|x-script|tab-separated-values"
    r"|vtt|x-java-source)|application/(json|javascript|x-javascript|xml|rss\+xml|xhtml\+xml|manifest\+json|ld\+json|wasm"
    r"|vnd\.api\+json|graphql|font|font-sfnt|x-font-ttf|x-font-otf|ecmascript|eot|opentype|otf|ttf|truetype"
    r"|vnd\.ms-fontobject)|image/(svg\+xml|bmp|vnd\.microsoft\.icon|x-icon)|font/(ttf|otf|eot|opentype)"
)

_behaviour: contextvars.ContextVar[dict[str, Untyped]] = contextvars.ContextVar("behaviour_at_hand")


def compress_as_the_behaviour_says(_: Grounds) -> None:
    """A behaviour with `Compress` sends gzip to viewers that take it, where its cache policy allows.

    MiniStack passes every body on as it is. Brotli, which CloudFront prefers, is not in Python's library; viewers
    that take both get gzip here.
    """
    cloudfront = service("services.cloudfront")
    find_text, params = store(cloudfront, "_text"), store(cloudfront, "cache_policy_params")

    def with_switch(original: Function) -> Function:
        def read(behavior_el: Untyped, path_pattern: str | None = None) -> dict[str, Untyped]:
            return {**original(behavior_el, path_pattern), "compress": find_text(behavior_el, "Compress") == "true"}

        return read

    def remembered(original: Function) -> Function:
        def predicates(behavior: dict[str, Untyped]) -> Untyped:
            _behaviour.set(behavior)
            return original(behavior)

        return predicates

    def compressed(original: Function) -> Function:
        async def handle(*args: Untyped) -> Untyped:
            _behaviour.set({})
            answer = await original(*args)
            behaviour = _behaviour.get()
            policy = params(behaviour.get("cache_policy_id")) or {}
            allowed = behaviour.get("compress") and policy.get("EnableAcceptEncodingGzip")
            return _compress(answer) if allowed and _takes_gzip(args[headers_at]) else answer

        return handle

    replace(cloudfront, "_dataplane_behavior", ("behavior_el", "path_pattern"), with_switch)
    replace(cloudfront, "_forwarding_predicates", ("behavior",), remembered)
    headers_at = VIEWER_REQUEST.index("headers")
    replace(cloudfront, "handle_viewer_request", VIEWER_REQUEST, compressed)


def _takes_gzip(headers: dict[str, str]) -> bool:
    for wish in headers.get("accept-encoding", "").lower().split(","):
        coding, _, weight = (part.strip() for part in wish.partition(";"))
        if coding in ("gzip", "*") and not re.fullmatch(r"q=0(\.0*)?", weight):
            return True
    return False


def _compress(answer: tuple[int, dict[str, Untyped], Untyped]) -> tuple[int, dict[str, Untyped], Untyped]:
    status, headers, body = answer
    told = {name.lower(): name for name in headers}
    kind = str(headers.get(told.get("content-type", ""), "")).partition(";")[0].strip().lower()
    whole = isinstance(body, bytes) and _SMALLEST <= len(body) <= _LARGEST and "content-encoding" not in told
    if status not in _STATUSES or not whole or not _TYPES.fullmatch(kind):
        return answer
    small = gzip.compress(body, mtime=0)
    kept = {name: value for name, value in headers.items() if name.lower() not in ("content-length", "accept-ranges")}
    kept |= {"Content-Encoding": "gzip", "Content-Length": str(len(small)), "Vary": "Accept-Encoding"}
    etag = told.get("etag")
    if etag and not str(headers[etag]).startswith("W/"):
        # The bytes are others than the origin's: the validator becomes a weak one.
        kept[etag] = f"W/{headers[etag]}"
    return status, kept, small
