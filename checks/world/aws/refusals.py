"""What botocore raised, in our words: who refused, what for, and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from checks.model import CannotLook

# Error codes are those of each service's API reference, section "Common errors" included.
DENIED = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "AuthorizationError",
        "AuthorizationErrorException",
        "UnauthorizedOperation",
        "NotAuthorized",
        "Forbidden",
    }
)
EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired"})
UNKNOWN_KEY = frozenset(
    {
        "InvalidClientTokenId",
        "InvalidClientTokenIdException",
        "UnrecognizedClientException",
        "InvalidAccessKeyId",
        "InvalidToken",
        "InvalidTokenException",
        "AuthFailure",
    }
)
SIGNATURE = frozenset(
    {
        "SignatureDoesNotMatch",
        "SignatureDoesNotMatchException",
        "InvalidSignatureException",
        "IncompleteSignature",
        "RequestExpired",
        "RequestTimeTooSkewed",
    }
)
UNSIGNED = frozenset({"MissingAuthenticationToken", "MissingAuthenticationTokenException"})
REGION_OFF = frozenset({"OptInRequired", "SubscriptionRequiredException", "RegionDisabledException"})
THROTTLED = frozenset(
    {
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "RequestThrottled",
        "RequestThrottledException",
        "RequestLimitExceeded",
        "TooManyRequestsException",
        "ProvisionedThroughputExceededException",
        "PriorRequestNotComplete",
        "LimitExceededException",
        "BandwidthLimitExceeded",
        "SlowDown",
    }
)
REFUSED_KEY = UNKNOWN_KEY | SIGNATURE | UNSIGNED | DENIED

_REMEDIES: tuple[tuple[frozenset[str], str, str], ...] = (
    (DENIED, "not allowed", "allow {action} to the identity that these checks run as"),
    (EXPIRED, "the credentials have expired", "sign in again, then repeat"),
    (
        UNKNOWN_KEY,
        "AWS does not know these credentials here",
        "check the access key, and that region {region} is enabled for the account",
    ),
    (SIGNATURE, "the signature was refused", "check the secret key and this machine's clock"),
    (UNSIGNED, "the request was not signed", "give credentials for the account"),
    (REGION_OFF, "not enabled for this account", "enable region {region} (or the service) in the account settings"),
)
_LONGEST_QUOTE = 300


def of_service(error: Any, action: str, region: str) -> CannotLook:  # noqa: ANN401 - a botocore ClientError, imported late
    """An error answer of AWS (botocore's ClientError) as CannotLook."""
    code, message = code_of(error), _message_of(error)
    status = _metadata_of(error).get("HTTPStatusCode", 0)
    if getattr(error, "operation_name", "") == "AssumeRole":
        action = "sts:AssumeRole"  # signing a question may need the role first; it is that which was refused
    said = f"{code}: {message}"[:_LONGEST_QUOTE]
    if not request_id_of(error.response):
        return unlike_aws(action, region, f"HTTP {status} without a request id")
    for codes, problem, remedy in _REMEDIES:
        if code in codes:
            cure = remedy.format(action=action, region=region)
            return CannotLook(f"{action} in {region}: {problem} ({said}); {cure}", final=True)
    if code in THROTTLED or status == 429:  # noqa: PLR2004 - Too Many Requests
        return CannotLook(f"{action} in {region}: throttled ({said}); ask less often, or later")
    if 400 <= status < 500 and status != 408:  # noqa: PLR2004 - client errors, but for Request Timeout
        return CannotLook(f"{action} in {region}: AWS refused the question ({said})", final=True)
    return CannotLook(f"{action} in {region}: AWS could not answer (HTTP {status}, {said})")


def of_client(error: Exception, action: str, region: str) -> CannotLook:
    """Anything that botocore itself raised (BotoCoreError and its parsers' error) as CannotLook."""
    from botocore import exceptions as raised

    credentials = (
        raised.NoCredentialsError,
        raised.PartialCredentialsError,
        raised.CredentialRetrievalError,
        raised.NoAuthTokenError,
        raised.TokenRetrievalError,
        raised.SSOError,
        raised.RefreshWithMFAUnsupportedError,
        raised.MetadataRetrievalError,
        raised.InvalidConfigError,
    )
    said = str(error)[:_LONGEST_QUOTE]
    if isinstance(error, credentials):
        cure = "give credentials for the account (aws sso login, AWS_PROFILE, or a role)"
        return CannotLook(f"{action} in {region}: no usable credentials ({said}); {cure}", final=True)
    settings = (raised.ProfileNotFound, raised.ConfigNotFound, raised.ConfigParseError)
    if isinstance(error, settings):
        return CannotLook(f"{action} in {region}: {said}; check AWS_PROFILE and the AWS config file", final=True)
    asked_wrongly = (
        raised.ParamValidationError,
        raised.NoRegionError,
        raised.InvalidRegionError,
        raised.UnknownServiceError,
    )
    if isinstance(error, asked_wrongly):
        return CannotLook(f"{action} in {region}: the question cannot be asked ({said})", final=True)
    if isinstance(error, raised.EndpointConnectionError):
        return CannotLook(f"{action} in {region}: {said}; check the network, and that the region exists")
    return CannotLook(f"{action} in {region}: {type(error).__name__}: {said}")


def unlike_aws(action: str, region: str, why: str) -> CannotLook:
    """An answer came and AWS did not write it: a captive portal, a proxy, a wrong endpoint, or a cut-off body."""
    return CannotLook(
        f"{action} in {region}: the answer does not look like AWS ({why}); check endpoint, proxy and network"
    )


def out_of_time(action: str, region: str, seconds: float) -> CannotLook:
    """Our own wall clock ran out, whatever the socket's time-outs say."""
    return CannotLook(f"{action} in {region}: no complete answer within {seconds:g} s")


def code_of(error: Any) -> str:  # noqa: ANN401 - a botocore ClientError, imported late
    """The error code of a ClientError; empty when the answer had none."""
    return str(error.response.get("Error", {}).get("Code", ""))


def request_id_of(answer: Mapping[str, Any]) -> str:
    """The request id that every answer of AWS carries; empty when there is none."""
    metadata = answer.get("ResponseMetadata", {})
    headers = metadata.get("HTTPHeaders", {})
    named = metadata.get("RequestId") or headers.get("x-amzn-requestid") or headers.get("x-amz-request-id")
    return str(named or "")


def _message_of(error: Any) -> str:  # noqa: ANN401 - a botocore ClientError, imported late
    return str(error.response.get("Error", {}).get("Message", ""))


def _metadata_of(error: Any) -> Mapping[str, Any]:  # noqa: ANN401 - a botocore ClientError, imported late
    metadata: Mapping[str, Any] = error.response.get("ResponseMetadata", {})
    return metadata
