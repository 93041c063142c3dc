"""What CloudFront says of its parts, SNS of subscriptions, and CloudWatch of boards and of alarms over alarms."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC
from functools import partial

from checks.evidence import digest_of
from checks.spelling import document
from checks.together import together
from checks.world.aws.readers import Found, Read, inside, reading
from checks.world.aws.wire import Answer, Ask, Asking, shaped

FUNCTION = Ask(
    service="cloudfront", operation="DescribeFunction", needs=("FunctionSummary",), gone=("NoSuchFunctionExists",)
)
CODE = Ask(service="cloudfront", operation="GetFunction", needs=("FunctionCode",), gone=("NoSuchFunctionExists",))
HEADERS = Ask(
    service="cloudfront",
    operation="GetResponseHeadersPolicy",
    needs=("ResponseHeadersPolicy",),
    gone=("NoSuchResponseHeadersPolicy",),
)
ACCESS = Ask(
    service="cloudfront",
    operation="GetOriginAccessControl",
    needs=("OriginAccessControl",),
    gone=("NoSuchOriginAccessControl",),
)
SUBSCRIPTION = Ask(
    service="sns", operation="GetSubscriptionAttributes", needs=("Attributes",), gone=("NotFound", "NotFoundException")
)
BOARD = Ask(
    service="cloudwatch",
    operation="GetDashboard",
    needs=("DashboardName", "DashboardBody"),
    gone=("ResourceNotFound", "DashboardNotFoundError", "ResourceNotFoundException"),
)
COMPOSITE = Ask(service="cloudwatch", operation="DescribeAlarms")


def _live_function(asking: Asking, region: str, name: str) -> Found | None:
    """A function as visitors meet it: its LIVE stage."""
    which = {"Name": name.rpartition("/")[2], "Stage": "LIVE"}
    about, answer = together(
        partial(asking.call, FUNCTION, region, **which),
        partial(asking.beside().call, CODE, region, **which),
    )
    if about is None or answer is None:
        return None
    runtime = inside(about, "FunctionSummary", "FunctionConfig", "Runtime")
    body = shaped(CODE, region, lambda: answer["FunctionCode"].read().decode(errors="replace"))
    return "there", {"code": digest_of(body), "runtime": runtime}


def _headers(answer: Answer) -> Mapping[str, object]:
    config = answer["ResponseHeadersPolicy"]["ResponseHeadersPolicyConfig"]
    security = config.get("SecurityHeadersConfig") or {}
    return {
        "hsts": inside(security, "StrictTransportSecurity", "AccessControlMaxAgeSec"),
        "csp": inside(security, "ContentSecurityPolicy", "ContentSecurityPolicy"),
        "frames": inside(security, "FrameOptions", "FrameOption"),
        "referrer": inside(security, "ReferrerPolicy", "ReferrerPolicy"),
        "nosniff": bool(security.get("ContentTypeOptions")),
    }


def _access(answer: Answer) -> Mapping[str, object]:
    config = answer["OriginAccessControl"]["OriginAccessControlConfig"]
    return {
        "signs": config.get("SigningBehavior"),
        "protocol": config.get("SigningProtocol"),
        "origin": config.get("OriginAccessControlOriginType"),
    }


def _subscription_state(answer: Answer) -> str:
    return "pending" if str(answer["Attributes"].get("PendingConfirmation", "")).lower() == "true" else "confirmed"


def _subscription(answer: Answer) -> Mapping[str, object]:
    """Its endpoint may be somebody's address: the digest alone is kept."""
    said = answer["Attributes"]
    return {
        "protocol": said.get("Protocol"),
        "topic": said["TopicArn"],
        "endpoint": digest_of(str(said.get("Endpoint", ""))),
        "filter": document(said.get("FilterPolicy")),
        # A filter names kinds of messages and nobody: it is kept as it is, for whoever asks what gets past it.
        "lets through": said.get("FilterPolicy"),
        # SNS Developer Guide, "Filter policy scope": of a filter without one.
        "scope": said.get("FilterPolicyScope") or ("MessageAttributes" if said.get("FilterPolicy") else None),
        "raw": str(said.get("RawMessageDelivery", "false")).lower(),
        "dead letters": document(said.get("RedrivePolicy")),
    }


def _composite(asking: Asking, region: str, name: str) -> Found | None:
    """One alarm over alarms, with who is told and the rule by which it rings."""
    answer = asking.demand(COMPOSITE, region, AlarmNames=[name], AlarmTypes=["CompositeAlarm"])
    found = answer.get("CompositeAlarms") or []
    if not found:
        return None
    one = found[0]
    read = shaped(COMPOSITE, region, lambda: (one["StateValue"], one["AlarmRule"]))
    words = {
        "rule": " ".join(str(read[1]).split()),
        "armed": bool(one.get("ActionsEnabled", True)),
        "actions": sorted(one.get("AlarmActions") or []) or None,
        "silencer": str(one.get("ActionsSuppressor") or "").rpartition(":alarm:")[2],
        "since": changed.astimezone(UTC).isoformat() if (changed := one.get("StateTransitionedTimestamp")) else None,
    }
    return str(read[0]), words


READERS: Mapping[str, Read] = {
    "AWS::CloudFront::Function": _live_function,
    "AWS::CloudFront::ResponseHeadersPolicy": reading(HEADERS, lambda name: {"Id": name}, _headers),
    "AWS::CloudFront::OriginAccessControl": reading(ACCESS, lambda name: {"Id": name}, _access),
    "AWS::SNS::Subscription": reading(
        SUBSCRIPTION, lambda name: {"SubscriptionArn": name}, _subscription, state=_subscription_state
    ),
    "AWS::CloudWatch::Dashboard": reading(
        BOARD, lambda name: {"DashboardName": name}, lambda answer: {"body": document(answer["DashboardBody"])}
    ),
    "AWS::CloudWatch::CompositeAlarm": _composite,
}
