"""What IAM says of roles and their policies. Documents are kept as digests."""

from __future__ import annotations

from collections.abc import Mapping

from checks.spelling import document
from checks.world.aws.readers import NOT_FOUND, Found, Read, reading
from checks.world.aws.wire import Ask, Asking, shaped

ROLE = Ask(service="iam", operation="GetRole", needs=("Role",), gone=NOT_FOUND)
POLICY = Ask(service="iam", operation="GetRolePolicy", needs=("PolicyDocument",), gone=NOT_FOUND)
ATTACHED = Ask(
    service="iam", operation="ListAttachedRolePolicies", needs=("AttachedPolicies",), gone=NOT_FOUND, more="Marker"
)
INLINE = Ask(service="iam", operation="ListRolePolicies", needs=("PolicyNames",), gone=NOT_FOUND, more="Marker")


def _role(asking: Asking, region: str, name: str) -> Found | None:
    """Who may take the role on, and every policy that it has, whoever gave it."""
    answer = asking.call(ROLE, region, RoleName=name)
    if answer is None:
        return None
    trusts = shaped(ROLE, region, lambda: document(answer["Role"]["AssumeRolePolicyDocument"]))
    attached = [
        one["PolicyArn"] for page in asking.pages(ATTACHED, region, RoleName=name) for one in page["AttachedPolicies"]
    ]
    inline = [one for page in asking.pages(INLINE, region, RoleName=name) for one in page["PolicyNames"]]
    return "there", {"trust": trusts, "managed": sorted(attached) or "none", "inline": sorted(inline) or "none"}


def _named(name: str) -> Mapping[str, object]:
    role, _, policy = name.partition("/")
    return {"RoleName": role, "PolicyName": policy}


READERS: Mapping[str, Read] = {
    "AWS::IAM::Role": _role,
    "AWS::IAM::Policy": reading(POLICY, _named, lambda answer: {"document": document(answer["PolicyDocument"])}),
}
