"""What AWS WAF says: which web ACL stands before a resource, and what its rules do."""

from __future__ import annotations

from collections.abc import Mapping

from checks import screening
from checks.world.aws.readers import Found, Read, inside, reading
from checks.world.aws.wire import Ask, Asking

_GONE = ("WAFNonexistentItemException",)

BEFORE = Ask(service="wafv2", operation="GetWebACLForResource", gone=_GONE)
ACL = Ask(service="wafv2", operation="GetWebACL", needs=("WebACL",), gone=_GONE)


def _before(asking: Asking, region: str, resource: str) -> Found | None:
    """The web ACL before *resource*; AWS answers without one where there is none."""
    arn = inside(asking.call(BEFORE, region, ResourceArn=resource), "WebACL", "ARN")
    return ("there", {"web ACL": arn}) if arn else None


def _which(name: str) -> Mapping[str, object]:
    """CloudFormation calls it ``name|id|scope``."""
    called, _, rest = name.partition("|")
    key, _, scope = rest.partition("|")
    return {"Name": called, "Id": key, "Scope": scope}


READERS: Mapping[str, Read] = {
    "AWS::WAFv2::WebACLAssociation": _before,
    "AWS::WAFv2::WebACL": reading(ACL, _which, lambda answer: screening.words(answer["WebACL"])),
}
