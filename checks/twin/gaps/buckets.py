"""What S3 says of a bucket, and what a template tells it."""

from __future__ import annotations

from http import HTTPStatus
from xml.sax.saxutils import escape

from checks.twin.gaps.patching import Function, Grounds, Untyped, replace, service, store

_XML = '<?xml version="1.0" encoding="UTF-8"?>'
_NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
# Parts of a rule that are the same in a template and in the API; a template that uses others is refused by name.
_EXPIRES = "ExpirationInDays"
_SAME = frozenset({"Id", "Status", "AbortIncompleteMultipartUpload", "NoncurrentVersionExpiration", "Prefix", _EXPIRES})


def tell_whether_a_bucket_is_public(_: Grounds) -> None:
    """GetBucketPolicyStatus says whether the bucket's policy lets everybody in, by S3's own "meaning of public".

    MiniStack does not know the question and answers with a listing of the bucket.
    """
    s3 = service("services.s3")
    policies, is_public, refusal, name_of = (
        store(s3, name) for name in ("_bucket_policies", "_policy_is_public", "_error", "_parse_bucket_key")
    )

    def answering(original: Function) -> Function:
        async def handle(
            method: str,
            path: str,
            headers: Untyped,
            body: bytes,
            query_params: Untyped,
            *more: Untyped,
            **named: Untyped,
        ) -> Untyped:
            answer = await original(method, path, headers, body, query_params, *more, **named)
            if method != "GET" or "policyStatus" not in query_params or answer[0] != HTTPStatus.OK:
                return answer
            bucket, _ = name_of(path, headers)
            policy = policies.get(bucket)
            if not policy:
                return refusal("NoSuchBucketPolicy", "The bucket policy does not exist", 404, f"/{bucket}")
            word = str(bool(is_public(policy))).lower()
            text = f'{_XML}<PolicyStatus xmlns="{_NAMESPACE}"><IsPublic>{word}</IsPublic></PolicyStatus>'
            return 200, {"Content-Type": "application/xml"}, text.encode()

        return handle

    parameters = (
        *("method", "path", "headers", "body", "query_params", "signed_path", "enforce_bucket_region", "internal"),
        *("access_point_region", "access_point"),
    )
    replace(s3, "handle_request", parameters, answering)


def keep_lifecycles_of_stacks(_: Grounds) -> None:
    """A template's lifecycle rules become the bucket's, and go with it.

    MiniStack's CloudFormation reads over `LifecycleConfiguration`.
    """
    rules_of = store(service("services.s3"), "_bucket_lifecycle")

    def applying(original: Function) -> Function:
        def apply(name: str, props: dict[str, Untyped], old_props: dict[str, Untyped] | None = None) -> None:
            original(name, props, old_props)
            wished = (props.get("LifecycleConfiguration") or {}).get("Rules") or []
            if wished:
                rules_of[name] = [_rule(each) for each in wished]
            elif old_props and "LifecycleConfiguration" in old_props:
                rules_of.pop(name, None)

        return apply

    module = service("services.cloudformation.provisioners")
    replace(module, "_s3_apply_configurations", ("name", "props", "old_props"), applying)


def _rule(said: dict[str, Untyped]) -> dict[str, Untyped]:
    strange = sorted(set(said) - _SAME)
    if strange:
        raise ValueError(f"lifecycle rule {said.get('Id', '')}: the twin does not know {', '.join(strange)}")
    same = {key: value for key, value in said.items() if key not in {"Id", "Prefix", _EXPIRES}}
    ends = {"Expiration": {"Days": int(said[_EXPIRES])}} if _EXPIRES in said else {}
    return {"ID": str(said.get("Id", "")), "Filter": {"Prefix": str(said.get("Prefix", ""))}, **same, **ends}


def keep_locks_and_logging_of_stacks(_: Grounds) -> None:
    """A template's object lock and access logging become the bucket's: a locked version can then not be removed.

    MiniStack's CloudFormation reads over `ObjectLockEnabled`, `ObjectLockConfiguration` and `LoggingConfiguration`. No
    access is written into a log, as with those set through the API.
    """
    s3 = service("services.s3")
    locks, logging = store(s3, "_bucket_object_lock"), store(s3, "_bucket_logging_config")

    def applying(original: Function) -> Function:
        def apply(name: str, props: dict[str, Untyped], old_props: dict[str, Untyped] | None = None) -> None:
            original(name, props, old_props)
            if props.get("ObjectLockEnabled"):
                rule = (props.get("ObjectLockConfiguration") or {}).get("Rule") or {}
                locks[name] = {"enabled": True, "default_retention": _retention(rule.get("DefaultRetention") or {})}
            if wished := props.get("LoggingConfiguration"):
                logging[name] = _logging(wished)
            elif old_props and "LoggingConfiguration" in old_props:
                logging.pop(name, None)

        return apply

    module = service("services.cloudformation.provisioners")
    replace(module, "_s3_apply_configurations", ("name", "props", "old_props"), applying)


def _retention(said: dict[str, Untyped]) -> dict[str, Untyped] | None:
    if not said:
        return None
    return {"Mode": str(said["Mode"])} | {key: int(said[key]) for key in ("Days", "Years") if key in said}


def _logging(said: dict[str, Untyped]) -> str:
    bucket, prefix = (escape(str(said.get(key, ""))) for key in ("DestinationBucketName", "LogFilePrefix"))
    where = f"<TargetBucket>{bucket}</TargetBucket><TargetPrefix>{prefix}</TargetPrefix>"
    inner = f"<LoggingEnabled>{where}</LoggingEnabled>"
    return f'{_XML}<BucketLoggingStatus xmlns="{_NAMESPACE}">{inner}</BucketLoggingStatus>'
